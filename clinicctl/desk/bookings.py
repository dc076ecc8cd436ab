"""Book, cancel and move appointments, and list them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import candidates, days, lookup, operations, transitions, visit_lookup, visit_times
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.desk.transitions import AppointmentChanges
from clinicctl.results.appointments import Appointment, Booked, CancelledAppointment, StepTaken
from clinicctl.results.base import fields_of
from clinicctl.results.people import ToCall
from clinicctl.rules import references
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import AppointmentRef, BookedRef, DoctorRef, PatientRef
from clinicctl.rules.slots import lowest_free
from clinicctl.rules.transitions import CANCEL, MOVE, NO_SHOW
from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store import counters
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import waitlist as stored_waitlist
from clinicctl.store.engine import Condition, Tx


@operations.BOOK
def book(
    tx: Tx,
    *,
    patient: PatientRef,
    doctor: DoctorRef,
    on: DayWord,
    at: time | None = None,
    reason: str | None = None,
    note: str | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Booked:
    """Book the lowest free slot of a doctor's day.

    Refuses a full day (with the next free days), an absent doctor, a past day, an archived patient or doctor, and a
    second active appointment of the patient with the doctor on the day unless `again`. `overbook` may exceed the
    capacity up to the clinic's limit. Refuses a time that the patient has already unless `again`, one that the doctor
    has already unless `overbook`, and a past time of today unless `past`.

    `past` is None, not False, by default, because keys of older versions do not contain it.
    """
    patient_row, doctor_row = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    return place(
        tx,
        patient_row,
        doctor_row,
        on=date_of(tx, on),
        at=at,
        reason=reason,
        note=note,
        again=again,
        overbook=overbook,
        past=bool(past),
    )


def place(
    tx: Tx,
    patient: rows.PatientRow,
    doctor: rows.DoctorRow,
    *,
    on: date,
    at: time | None = None,
    reason: str | None = None,
    note: str | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool = False,
    instead_of: rows.AppointmentRow | None = None,
) -> Booked:
    """Book the lowest free slot of a day for a patient. Refuses what `book` refuses.

    Closes the patient's waitlist entry for that doctor and day. `instead_of` is the appointment to move: it does not
    count as another one of the patient.
    """
    days.refuse_past(tx, on)
    (state,) = days.list_states(tx, doctor, [on])
    days.refuse_absent(tx, doctor, state)
    visits = appointments.visits(tx, patient=patient.id, doctor=doctor.id, on=on)
    others = [row for row in visits if instead_of is None or row.number != instead_of.number]
    if others and not again:
        raise errors.AlreadyBooked(
            patient=f"P{patient.number}", doctor=doctor.code, date=on.isoformat(), appointment=f"A{others[0].number}"
        )
    if at is not None:
        if not past:
            visit_times.refuse_past(tx, on, at)
        visit_times.refuse_taken(tx, patient, doctor, on=on, at=at, again=again, overbook=overbook, but=instead_of)
    above = days.take_slot(tx, state, overbook=overbook)
    slot = lowest_free(appointments.held_slots(tx, doctor=doctor.id, on=on))
    identity, number = uuid4(), counters.next_one(tx, "appointments")
    appointments.insert(
        tx,
        id=identity,
        number=number,
        patient_id=patient.id,
        doctor_id=doctor.id,
        date=on,
        slot=slot,
        visit=lowest_free(row.visit for row in visits),
        time=at,
        status=AppointmentStatus.BOOKED,
        reason=reason,
        overbooked=above,
        cancelled_by=None,
        cancel_reason=None,
        moved_to=None,
        moved_from=instead_of.number if instead_of is not None else None,
        key=tx.key,
        created_at=tx.now,
        updated_at=tx.now,
        note=note,
    )
    transitions.booked(tx, appointment_id=identity, slot=slot)
    waits = stored_waitlist.wishes_for_day(tx, patient=patient.id, doctor=doctor.id, on=on)
    for entry in waits:
        stored_waitlist.promote(tx, row=entry.id, appointment_id=identity, updated_at=tx.now)
    now = tx.local(tx.now)
    return Booked(
        id=identity,
        number=f"A{number}",
        patient=lookup.patient_brief(patient),
        doctor=lookup.doctor_brief(doctor),
        date=on,
        slot=slot,
        time=at,
        status=AppointmentStatus.BOOKED,
        reason=reason,
        note=note,
        position=None,
        moved_to=None,
        moved_from=f"A{instead_of.number}" if instead_of is not None else None,
        key=tx.key,
        overbooked=above,
        cancelled_by=None,
        cancel_reason=None,
        created_at=now,
        updated_at=now,
        waitlist_closed=tuple(f"W{number}" for number in sorted(entry.number for entry in waits)),
    )


@operations.CANCEL
def cancel(
    tx: Tx, *, appointment: BookedRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Appointment:
    """Cancel a booked appointment; its slot becomes free. Refuses any other status."""
    row = visit_lookup.find_booked(tx, appointment)
    cancel_row(tx, row, by=by, reason=reason)
    return describe(tx, lookup.appointment_by_id(tx, row.id))


def preview_cancel(tx: Tx, *, appointment: BookedRef, key: str | None = None) -> Appointment | None:
    """Return the appointment that `cancel` would cancel if a patient is given.

    Return None for the appointment itself, and if the key already belongs to a write.
    """
    if visit_lookup.get_named(tx, appointment) or (key is not None and stored_journal.by_key(tx, key=key) is not None):
        return None
    return describe(tx, visit_lookup.find_booked(tx, appointment))


def cancel_row(
    tx: Tx, row: rows.AppointmentRow, *, by: CancelledBy, reason: str | None, moved_to: int | None = None
) -> None:
    """Cancel an appointment, and return its slot."""
    changes: AppointmentChanges = {"cancelled_by": by, "cancel_reason": reason}
    if moved_to is not None:
        changes["moved_to"] = moved_to
    transitions.take(tx, CANCEL if moved_to is None else MOVE, row, changes=changes)
    days.return_slot(tx, doctor_id=row.doctor_id, on=row.date)


@operations.MOVE
def move(
    tx: Tx,
    *,
    appointment: BookedRef,
    on: DayWord | None = None,
    doctor: DoctorRef | None = None,
    at: time | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Booked:
    """Move an appointment: book the new slot, then cancel the old appointment.

    The two are linked both ways. On the same day with the same doctor only the time changes. Refuses an appointment
    that is no longer booked, the same doctor, day and time, and what `book` refuses.
    """
    row = visit_lookup.find_booked(tx, appointment)
    transitions.refuse_illegal(MOVE, row)
    patient_row = lookup.active_patient(lookup.patient_by_id(tx, row.patient_id))
    doctor_row = lookup.active_doctor(
        lookup.find_doctor(tx, doctor) if doctor else lookup.doctor_by_id(tx, row.doctor_id)
    )
    date_ = date_of(tx, on) if on else row.date
    if (doctor_row.id, date_) == (row.doctor_id, row.date):
        if at is not None and at != row.time:
            visit_times.change(tx, row, doctor_row, at=at, again=again, overbook=overbook, past=bool(past))
            return Booked(**fields_of(describe(tx, lookup.appointment_by_id(tx, row.id))))
        raise errors.SamePlace(subject=f"A{row.number}", doctor=doctor_row.code, date=date_.isoformat())
    placed = place(
        tx,
        patient_row,
        doctor_row,
        on=date_,
        at=at or row.time,
        reason=row.reason,
        note=row.note,
        again=again,
        overbook=overbook,
        past=bool(past),
        instead_of=row,
    )
    number = references.appointment_number(placed.number)
    cancel_row(tx, row, by=CancelledBy.PATIENT, reason=None, moved_to=number)
    return placed


@operations.NO_SHOW
def no_show(tx: Tx, *, appointment: BookedRef) -> Appointment:
    """Record a no-show; the slot stays taken.

    Of a patient, it is the appointment booked today or earlier. Refuses a future day, and any status but booked.
    """
    row = visit_lookup.find_booked(tx, appointment, until=tx.today)
    if row.date > tx.today:
        raise errors.WrongDay(appointment=f"A{row.number}", date=row.date.isoformat(), today=tx.today.isoformat())
    transitions.take(tx, NO_SHOW, row)
    return describe(tx, lookup.appointment_by_id(tx, row.id))


def show(tx: Tx, *, appointment: AppointmentRef) -> Appointment:
    """Return one appointment. Refuses an unknown one."""
    return describe(tx, lookup.find_appointment(tx, appointment))


def iter_matching(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    on: DaysWord | None = None,
    status: Sequence[AppointmentStatus] = (),
    cancelled_by: CancelledBy | None = None,
    limit: int | None = None,
) -> Iterator[Appointment]:
    """Yield appointments by date, doctor and slot.

    Refuses an unknown doctor or patient. With `cancelled_by` each has the patient's phone. Undone bookings are left
    out, because nobody has to be called about them.
    """
    conditions = list[Condition]()
    if doctor:
        conditions.append(appointments.with_doctor(doctor=lookup.find_doctor(tx, doctor).id))
    if patient:
        conditions.append(appointments.with_patient(patient=lookup.find_patient(tx, patient).id))
    if on:
        conditions.append(appointments.on_dates(dates=dates_of(tx, on)))
    if status:
        conditions.append(appointments.in_statuses(statuses=status))
    if cancelled_by is not None:
        conditions += [appointments.cancelled_by(by=cancelled_by), appointments.not_undone()]
    found = appointments.matching(tx, conditions, limit=-1 if limit is None else limit)
    for row in found:
        yield describe(tx, row) if cancelled_by is None else _with_phone(describe(tx, row), row.patient_phone)


def history(tx: Tx, *, appointment: AppointmentRef) -> list[StepTaken]:
    """Return the steps of an appointment, the oldest first."""
    row = lookup.find_appointment(tx, appointment)
    return [
        StepTaken(
            at=tx.local(each.at),
            actor=each.actor,
            command=each.command,
            journal=each.number,
            from_status=each.from_status,
            to_status=each.to_status,
            queue_from=each.queue_from,
            queue_to=each.queue_to,
            slot=each.slot,
            position=each.position,
            reason=_reason(row, each),
        )
        for each in appointments.history(tx, appointment=row.id)
    ]


def get_many(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, rows.AppointmentRow]:
    """Return the rows with these ids, by id: one statement, however many there are."""
    return {row.id: row for row in appointments.among(tx, ids=ids)}


def list_active(tx: Tx, *, patient_id: UUID | None = None, doctor_id: UUID | None = None) -> list[rows.AppointmentRow]:
    """Return the open appointments of a patient or of a doctor, on any day.

    Those of a doctor include patients transferred to the doctor's queue.
    """
    found = dict[UUID, rows.AppointmentRow]()
    if patient_id is not None:
        found |= {row.id: row for row in appointments.active_of_patient(tx, patient=patient_id)}
    if doctor_id is not None:
        found |= {row.id: row for row in appointments.active_of_doctor(tx, doctor=doctor_id)}
        found |= {row.id: row for row in appointments.active_in_queue(tx, doctor=doctor_id)}
    return sorted(found.values(), key=lambda row: (row.date, row.slot, row.number))


def list_of_day(tx: Tx, *, on: date, doctor_id: UUID | None = None) -> list[rows.AppointmentRow]:
    """Return the appointments of a day, without cancelled ones, by doctor and slot."""
    if doctor_id is None:
        return appointments.of_day(tx, on=on)
    return appointments.of_doctors_day(tx, doctor=doctor_id, on=on)


def list_of_patient(tx: Tx, *, patient_id: UUID, on: date) -> list[rows.AppointmentRow]:
    """Return the rows of a patient's day, with every doctor, in every status."""
    return appointments.of_patient_on(tx, patient=patient_id, on=on)


def describe(tx: Tx, row: rows.AppointmentRow) -> Appointment:
    """Return a row as a result."""
    patient, doctor = lookup.booked_briefs(row)
    return Appointment(
        id=row.id,
        number=f"A{row.number}",
        patient=patient,
        doctor=doctor,
        date=row.date,
        slot=row.slot,
        time=row.time,
        status=AppointmentStatus(row.status),
        reason=row.reason,
        note=row.note,
        position=row.position,
        moved_to=f"A{row.moved_to}" if row.moved_to else None,
        moved_from=f"A{row.moved_from}" if row.moved_from else None,
        key=row.key,
        overbooked=row.overbooked,
        cancelled_by=CancelledBy(row.cancelled_by) if row.cancelled_by else None,
        cancel_reason=row.cancel_reason,
        created_at=tx.local(row.created_at),
        updated_at=tx.local(row.updated_at),
        queue_doctor=row.queue_doctor_code if row.queue_doctor_code != row.doctor_code else None,
    )


def to_call(row: candidates.AffectedRow) -> ToCall:
    """Return a patient to call, with the whole phone."""
    return ToCall(
        appointment=f"A{row.number}",
        number=f"P{row.patient_number}",
        name=row.patient_name,
        phone=row.patient_phone,
    )


def _with_phone(each: Appointment, phone: str | None) -> CancelledAppointment:
    return CancelledAppointment(**fields_of(each), phone=phone)


def _reason(row: rows.AppointmentRow, step: rows.HistoryRow) -> str | None:
    if step.from_status is None:
        return str(row.reason) if row.reason else None
    if step.to_status == AppointmentStatus.CANCELLED:
        return str(row.cancel_reason) if row.cancel_reason else None
    return None
