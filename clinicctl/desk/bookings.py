"""Bookings: a patient's place on a doctor's day."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date, time
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import candidates, days, lookup, operations, transitions
from clinicctl.desk.transitions import AppointmentChanges
from clinicctl.results.appointments import Appointment, Booked, CancelledAppointment, StepTaken
from clinicctl.results.people import DoctorBrief, PatientBrief, ToCall
from clinicctl.rules import references
from clinicctl.rules.days import DaysWord, DayWord, day, lowest_free
from clinicctl.rules.days import days as dates_of
from clinicctl.rules.references import AppointmentRef, ArrivalRef, DoctorRef, PatientRef
from clinicctl.rules.transitions import CANCEL, MOVE, NO_SHOW
from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store import counters
from clinicctl.store.compiled import appointments, rows
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
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Booked:
    """Book the lowest free slot of a doctor's day.

    Refuses a full day (naming the next free ones), an absent doctor, a past day, an archived patient or doctor, and a
    second active appointment of this patient with this doctor on this day unless `again`. `overbook` may pass the
    capacity up to the clinic's limit. Refuses a time at which the patient has an appointment unless `again`, at which
    the doctor has one unless `overbook`, and one of today that is past unless `past`.

    `past` is None, not False, where it is not given: only what is given counts for a key, also for older ones.
    """
    who, whom = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    return place(
        tx,
        who,
        whom,
        on=day(on, today=tx.today),
        at=at,
        reason=reason,
        again=again,
        overbook=overbook,
        past=bool(past),
    )


def place(
    tx: Tx,
    who: rows.PatientRow,
    whom: rows.DoctorRow,
    *,
    on: date,
    at: time | None = None,
    reason: str | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool = False,
    instead_of: rows.AppointmentRow | None = None,
) -> Booked:
    """Put a patient into the lowest free slot of a day; refuses what `book` refuses.

    Closes the waitlist entry with which the patient waits for that doctor and day. `instead_of` is the appointment that
    is being moved: it does not count as one that the patient has already.
    """
    days.refuse_past(tx, on)
    (facts,) = days.list_states(tx, whom, [on])
    days.refuse_absent(tx, whom, facts)
    visits = appointments.visits(tx, patient=who.id, doctor=whom.id, on=on)
    others = [row for row in visits if instead_of is None or row.number != instead_of.number]
    if others and not again:
        raise errors.AlreadyBooked(
            patient=f"P{who.number}", doctor=whom.code, date=on.isoformat(), appointment=f"A{others[0].number}"
        )
    if at is not None:
        if not past:
            _refuse_past_time(tx, on, at)
        _refuse_time_taken(tx, who, whom, on=on, at=at, again=again, overbook=overbook, instead_of=instead_of)
    above = days.take_place(tx, facts, overbook=overbook)
    slot = lowest_free(appointments.held_slots(tx, doctor=whom.id, on=on))
    identity, number = uuid4(), counters.next_one(tx, "appointments")
    appointments.insert(
        tx,
        id=identity,
        number=number,
        patient_id=who.id,
        doctor_id=whom.id,
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
    )
    transitions.booked(tx, appointment_id=identity, slot=slot)
    waits = stored_waitlist.wishes_for_day(tx, patient=who.id, doctor=whom.id, on=on)
    for entry in waits:
        stored_waitlist.promote(tx, row=entry.id, appointment_id=identity, updated_at=tx.now)
    now = tx.local(tx.now)
    return Booked(
        id=identity,
        number=f"A{number}",
        patient=lookup.patient_brief(who),
        doctor=lookup.doctor_brief(whom),
        date=on,
        slot=slot,
        time=at,
        status=AppointmentStatus.BOOKED,
        reason=reason,
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
    tx: Tx, *, appointment: AppointmentRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Appointment:
    """Cancel an appointment that is still booked; its slot comes back once. Refuses any other status."""
    cancel_row(tx, lookup.find_appointment(tx, appointment), by=by, reason=reason)
    return show(tx, appointment=appointment)


def cancel_row(
    tx: Tx, row: rows.AppointmentRow, *, by: CancelledBy, reason: str | None, moved_to: int | None = None
) -> None:
    """Cancel the appointment of a row, and give its place back."""
    changes: AppointmentChanges = {"cancelled_by": by, "cancel_reason": reason}
    if moved_to is not None:
        changes["moved_to"] = moved_to
    transitions.take(tx, CANCEL if moved_to is None else MOVE, row, changes=changes)
    days.give_back(tx, doctor_id=row.doctor_id, on=row.date)


@operations.MOVE
def move(
    tx: Tx,
    *,
    appointment: AppointmentRef,
    on: DayWord | None = None,
    doctor: DoctorRef | None = None,
    at: time | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Booked:
    """Book the new place first, then cancel the old one, linked both ways; refused, everything stays as it was.

    Refuses an appointment that is not booked any more, the place where it is already, and what `book` refuses.
    """
    row = lookup.find_appointment(tx, appointment)
    transitions.refuse_illegal(MOVE, row)
    who = lookup.active_patient(lookup.patient_by_id(tx, row.patient_id))
    whom = lookup.active_doctor(lookup.find_doctor(tx, doctor) if doctor else lookup.doctor_by_id(tx, row.doctor_id))
    date_ = day(on, today=tx.today) if on else row.date
    if (whom.id, date_) == (row.doctor_id, row.date):
        raise errors.SamePlace(subject=f"A{row.number}", doctor=whom.code, date=date_.isoformat())
    placed = place(
        tx,
        who,
        whom,
        on=date_,
        at=at or row.time,
        reason=row.reason,
        again=again,
        overbook=overbook,
        past=bool(past),
        instead_of=row,
    )
    number = references.appointment_number(placed.number)
    cancel_row(tx, row, by=CancelledBy.PATIENT, reason=None, moved_to=number)
    return placed


@operations.NO_SHOW
def no_show(tx: Tx, *, appointment: AppointmentRef) -> Appointment:
    """Note that the patient did not come; the slot stays taken. Refuses a day to come, and any status but booked."""
    row = lookup.find_appointment(tx, appointment)
    if row.date > tx.today:
        raise errors.WrongDay(appointment=f"A{row.number}", date=row.date.isoformat(), today=tx.today.isoformat())
    transitions.take(tx, NO_SHOW, row)
    return show(tx, appointment=appointment)


def show(tx: Tx, *, appointment: AppointmentRef) -> Appointment:
    """Return one appointment. Refuses an unknown one."""
    return describe(tx, lookup.find_appointment(tx, appointment))


def list_matching(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    on: DaysWord | None = None,
    status: Sequence[AppointmentStatus] = (),
    cancelled_by: CancelledBy | None = None,
    limit: int | None = None,
) -> list[Appointment]:
    """Return appointments by date, doctor and slot. Refuses an unknown doctor or patient; none found is no error.

    With `cancelled_by` each one has the patient's phone. A booking that was undone is not one of them: nobody has to be
    called about it.
    """
    conditions = list[Condition]()
    if doctor:
        conditions.append(appointments.with_doctor(doctor=lookup.find_doctor(tx, doctor).id))
    if patient:
        conditions.append(appointments.with_patient(patient=lookup.find_patient(tx, patient).id))
    if on:
        conditions.append(appointments.on_dates(dates=dates_of(on, today=tx.today)))
    if status:
        conditions.append(appointments.in_statuses(statuses=status))
    if cancelled_by is not None:
        conditions += [appointments.cancelled_by(by=cancelled_by), appointments.not_undone()]
    found = appointments.matching(tx, conditions, limit=-1 if limit is None else limit)
    if cancelled_by is None:
        return [describe(tx, row) for row in found]
    return [_with_phone(describe(tx, row), row.patient_phone) for row in found]


def history(tx: Tx, *, appointment: AppointmentRef) -> list[StepTaken]:
    """Return every step of an appointment, the first one first: who took it, when, by which command, and why."""
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
            reason=_why(row, each),
        )
        for each in appointments.history(tx, appointment=row.id)
    ]


def get_many(tx: Tx, ids: Iterable[UUID]) -> dict[UUID, rows.AppointmentRow]:
    """Return the rows with these ids, by id: one statement, however many there are."""
    return {row.id: row for row in appointments.among(tx, ids=ids)}


def list_active(tx: Tx, *, patient_id: UUID | None = None, doctor_id: UUID | None = None) -> list[rows.AppointmentRow]:
    """Return the rows of a patient or of a doctor that are not over, on any day.

    Those of a doctor are also those transferred to the doctor's queue.
    """
    found = dict[UUID, rows.AppointmentRow]()
    if patient_id is not None:
        found |= {row.id: row for row in appointments.active_of_patient(tx, patient=patient_id)}
    if doctor_id is not None:
        found |= {row.id: row for row in appointments.active_of_doctor(tx, doctor=doctor_id)}
        found |= {row.id: row for row in appointments.active_in_queue(tx, doctor=doctor_id)}
    return sorted(found.values(), key=lambda row: (row.date, row.slot, row.number))


def list_of_day(tx: Tx, *, on: date, doctor_id: UUID | None = None) -> list[rows.AppointmentRow]:
    """Return the rows of a day, but for cancelled ones, by doctor and slot."""
    if doctor_id is None:
        return appointments.of_day(tx, on=on)
    return appointments.of_doctors_day(tx, doctor=doctor_id, on=on)


def list_of_patient(tx: Tx, *, patient_id: UUID, on: date) -> list[rows.AppointmentRow]:
    """Return the rows of a patient's day, with every doctor, in every status."""
    return appointments.of_patient_on(tx, patient=patient_id, on=on)


def who_arrives(tx: Tx, arrival: ArrivalRef) -> rows.PatientRow | None:
    """Return the patient that a reference means at a check-in, or None.

    Of several who match, the one with an appointment today is meant. Refuses more than one with the appointments that
    may be meant, and several without any as `patients.get` does.
    """
    matching = {row.id: row for row in lookup.list_patients(tx, PatientRef(arrival))}
    if len(matching) > 1:
        todays = [row for row in list_of_day(tx, on=tx.today) if row.patient_id in matching]
        coming = [row for row in todays if row.status != AppointmentStatus.COMPLETED] or todays
        if len({row.patient_id for row in coming}) > 1:
            raise several_arrive(tx, coming)
        if coming:
            return matching[coming[0].patient_id]
    return lookup.get_patient(tx, PatientRef(arrival))


def several_arrive(tx: Tx, found: Sequence[rows.AppointmentRow]) -> errors.Ambiguous:
    """Return the refusal of a check-in that may mean several appointments, each with the number to type."""
    ordered = sorted(found, key=lambda row: (row.time is None, row.time, row.doctor_code, row.slot))
    listed = ordered[: errors.LISTED]
    return errors.Ambiguous(
        count=len(found),
        what="appointments",
        candidates=[
            each
            | {
                "time": row.time.isoformat("minutes") if row.time else None,
                "status": row.status,
                "position": row.position,
                "choose": f"A{row.number}",
            }
            for each, row in zip(candidates.of_appointments(tx, listed), listed, strict=True)
        ],
        hint=f"Name the appointment, for example `clinicctl checkin A{ordered[0].number}`.",
    )


def describe(tx: Tx, row: rows.AppointmentRow) -> Appointment:
    """Return a row as a result."""
    return Appointment(
        id=row.id,
        number=f"A{row.number}",
        patient=PatientBrief(id=row.patient_id, number=f"P{row.patient_number}", name=row.patient_name),
        doctor=DoctorBrief(id=row.doctor_id, code=row.doctor_code, name=row.doctor_name),
        date=row.date,
        slot=row.slot,
        time=row.time,
        status=AppointmentStatus(row.status),
        reason=row.reason,
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


def at_time(tx: Tx, *, patient_id: UUID, doctor_id: UUID, on: date, at: time) -> list[rows.AtTimeRow]:
    """Return the active appointments at a time: those of the patient with any doctor, and those of the doctor."""
    return appointments.at_time(tx, patient=patient_id, doctor=doctor_id, on=on, at=at)


def to_call(row: candidates.AffectedRow) -> ToCall:
    """Return whom the clinic has to call, with the whole phone."""
    return ToCall(
        appointment=f"A{row.number}",
        number=f"P{row.patient_number}",
        name=row.patient_name,
        phone=row.patient_phone,
    )


def _refuse_past_time(tx: Tx, on: date, at: time) -> None:
    """Refuse a time of today that is past, by the clinic's clock to the minute."""
    now = tx.local(tx.now).time().replace(second=0, microsecond=0)
    if on == tx.today and at < now:
        raise errors.PastTime(time=f"{at:%H:%M}", now=f"{now:%H:%M}", date=on.isoformat())


def _refuse_time_taken(
    tx: Tx,
    who: rows.PatientRow,
    whom: rows.DoctorRow,
    *,
    on: date,
    at: time,
    again: bool,
    overbook: bool,
    instead_of: rows.AppointmentRow | None,
) -> None:
    """Refuse a time at which the patient is with any doctor unless `again`, or the doctor with anybody unless
    `overbook`."""
    for row in at_time(tx, patient_id=who.id, doctor_id=whom.id, on=on, at=at):
        if instead_of is not None and row.id == instead_of.id:
            continue
        taken = {"appointment": f"A{row.number}", "date": on.isoformat(), "time": f"{at:%H:%M}"}
        if row.patient_id == who.id and not again:
            raise errors.TimeTaken(subject=f"P{who.number}", flag="--again", **taken)
        if row.doctor_id == whom.id and not overbook:
            raise errors.TimeTaken(subject=whom.code, flag="--overbook", **taken)


def _with_phone(each: Appointment, phone: str | None) -> CancelledAppointment:
    return CancelledAppointment(**{one.name: getattr(each, one.name) for one in fields(each)}, phone=phone)


def _why(row: rows.AppointmentRow, step: rows.HistoryRow) -> str | None:
    if step.from_status is None:
        return str(row.reason) if row.reason else None
    if step.to_status == AppointmentStatus.CANCELLED:
        return str(row.cancel_reason) if row.cancel_reason else None
    return None
