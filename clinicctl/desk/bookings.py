"""Book, cancel and move appointments, and list them."""

from collections.abc import Iterable
from datetime import date, time
from typing import NamedTuple
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import (
    candidates,
    days,
    lookup,
    new_times,
    operations,
    slot_choice,
    transitions,
    visit_lookup,
    visit_times,
    visit_types,
)
from clinicctl.desk.dates import date_of
from clinicctl.desk.slot_choice import Asked, Visitor
from clinicctl.desk.transitions import AppointmentChanges
from clinicctl.results.appointments import Appointment, Booked
from clinicctl.results.base import fields_of
from clinicctl.results.people import ToCall
from clinicctl.rules import references
from clinicctl.rules.days import DayWord
from clinicctl.rules.hours import Within
from clinicctl.rules.references import BookedRef, DoctorRef, PatientRef
from clinicctl.rules.slots import lowest_free
from clinicctl.rules.transitions import CANCEL, MOVE, NO_SHOW
from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store import counters
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import doctors as stored_doctors
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import waitlist as stored_waitlist
from clinicctl.store.engine import Tx, VisitChange

NEW_SERIES = 0
"""The series of the first appointment of a series, before it has a number."""


class Details(NamedTuple):
    """What a booking records beside its slots."""

    reason: str | None = None
    note: str | None = None
    visit_type: rows.VisitTypeRow | None = None
    series: int | None = None
    promoted: bool = False
    """Whether it is booked from the waitlist, for messages."""


@operations.BOOK
def book(
    tx: Tx,
    *,
    patient: PatientRef,
    doctor: DoctorRef,
    on: DayWord,
    at: time | None = None,
    within: Within | None = None,
    reason: str | None = None,
    note: str | None = None,
    visit_type: str | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Booked:
    """Book a slot of a doctor's day.

    It is the one at a time, or the lowest that is free and has not begun. On a day with hours, `at` is the start of a
    slot, `within` a part of the day, and a `visit_type` that is longer than a slot takes several. On any other day,
    `at` is a note. Refuses a full day (with the next free days), an absent doctor, a past day, an archived patient or
    doctor, and a second active appointment of the patient with the doctor on the day unless `again`. `overbook` may
    exceed the capacity up to the clinic's limit. Refuses a time that the patient has already unless `again`, one that
    the doctor has already unless `overbook`, and a past time of today unless `past`.

    What older versions did not know is None, not False, by default, because their keys do not contain it.
    """
    patient_row, doctor_row = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    kind = visit_types.find(tx, visit_type) if visit_type is not None else None
    return place(
        tx,
        Visitor(patient_row, doctor_row),
        Asked(at, within, kind.minutes if kind else None, again=again, overbook=overbook, past=bool(past)),
        Details(reason, note, kind),
        on=date_of(tx, on),
    )


def place(tx: Tx, visitor: Visitor, asked: Asked, details: Details, *, on: date) -> Booked:
    """Book a slot of a day for a patient. Refuses what `book` refuses.

    Closes the patient's waitlist entry for that doctor and day. The appointment that it replaces does not count as
    another one of the patient.
    """
    patient, doctor, instead_of = visitor
    days.refuse_past(tx, on)
    tx.prefetch(
        *days.queries_of(doctor.id, on, on),
        lambda tx: appointments.visits(tx, patient=patient.id, doctor=doctor.id, on=on),
        lambda tx: appointments.held_slots(tx, doctor=doctor.id, on=on),
        *slot_choice.queries_of(visitor, asked, on),
        lambda tx: stored_waitlist.wishes_for_day(tx, patient=patient.id, doctor=doctor.id, on=on),
    )
    (state,) = days.list_states(tx, doctor, [on])
    days.refuse_absent(tx, doctor, state)
    visits = appointments.visits(tx, patient=patient.id, doctor=doctor.id, on=on)
    others = [row for row in visits if instead_of is None or row.number != instead_of.number]
    if others and not asked.again:
        raise errors.AlreadyBooked(
            patient=f"P{patient.number}", doctor=doctor.code, date=on.isoformat(), appointment=f"A{others[0].number}"
        )
    chosen = slot_choice.take(tx, state, visitor, asked)
    identity, number = uuid4(), counters.next_one(tx, "appointments")
    # The first appointment of a series gives it its number.
    series = number if details.series == NEW_SERIES else details.series
    appointments.insert(
        tx,
        id=identity,
        number=number,
        patient_id=patient.id,
        doctor_id=doctor.id,
        date=on,
        slot=chosen.slot,
        visit=lowest_free(row.visit for row in visits),
        time=chosen.time,
        status=AppointmentStatus.BOOKED,
        reason=details.reason,
        overbooked=chosen.above,
        cancelled_by=None,
        cancel_reason=None,
        moved_to=None,
        moved_from=instead_of.number if instead_of is not None else None,
        key=tx.key,
        created_at=tx.now,
        updated_at=tx.now,
        note=details.note,
        slots=chosen.slots,
        minutes=chosen.minutes,
        after_midnight=chosen.after_midnight,
        visit_type=details.visit_type.name if details.visit_type is not None else None,
        series=series,
    )
    days.hold_slots(tx, doctor_id=doctor.id, on=on, slot=chosen.slot, count=chosen.slots, appointment=number)
    change = VisitChange(
        number=number,
        before=None,
        status=AppointmentStatus.BOOKED,
        date=on,
        time=chosen.time,
        after_midnight=chosen.after_midnight,
        moved_from=instead_of.number if instead_of is not None else None,
        promoted=details.promoted,
    )
    transitions.booked(tx, appointment_id=identity, slot=chosen.slot, change=change)
    waits = stored_waitlist.wishes_for_day(tx, patient=patient.id, doctor=doctor.id, on=on)
    for entry in waits:
        stored_waitlist.promote(tx, row=entry.id, appointment_id=identity, updated_at=tx.now)
    now = tx.local(tx.now)
    end, starts_at, ends_at = visit_times.extent(tx, on, chosen.time, chosen.minutes, chosen.after_midnight)
    return Booked(
        id=identity,
        number=f"A{number}",
        patient=lookup.patient_brief(patient),
        doctor=lookup.doctor_brief(doctor),
        date=on,
        slot=chosen.slot,
        time=chosen.time,
        status=AppointmentStatus.BOOKED,
        reason=details.reason,
        note=details.note,
        position=None,
        moved_to=None,
        moved_from=f"A{instead_of.number}" if instead_of is not None else None,
        key=tx.key,
        overbooked=chosen.above,
        cancelled_by=None,
        cancel_reason=None,
        created_at=now,
        updated_at=now,
        waitlist_closed=tuple(f"W{number}" for number in sorted(entry.number for entry in waits)),
        end=end,
        starts_at=starts_at,
        ends_at=ends_at,
        slots=chosen.slots,
        visit_type=details.visit_type.name if details.visit_type is not None else None,
        series=f"A{series}" if series is not None else None,
    )


@operations.CANCEL
def cancel(
    tx: Tx, *, appointment: BookedRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Appointment:
    """Cancel a booked appointment; its slot becomes free. Refuses any other status."""
    row = visit_lookup.find_booked(tx, appointment)
    tx.prefetch(lambda tx: appointments.by_id(tx, id=row.id))
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
    days.return_slots(tx, row)


@operations.MOVE
def move(
    tx: Tx,
    *,
    appointment: BookedRef,
    on: DayWord | None = None,
    doctor: DoctorRef | None = None,
    at: time | None = None,
    within: Within | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Booked:
    """Move an appointment: book the new slot, then cancel the old appointment.

    The two are linked both ways. On the same day with the same doctor only the time changes. Without a time or a part
    of the day it keeps its time. Refuses an appointment that is no longer booked, the same doctor, day and time, and
    what `book` refuses.
    """
    row = visit_lookup.find_booked(tx, appointment)
    transitions.refuse_illegal(MOVE, row)
    tx.prefetch(
        lambda tx: stored_patients.by_id(tx, id=row.patient_id),
        lambda tx: stored_doctors.by_id(tx, id=row.doctor_id),
    )
    patient_row = lookup.active_patient(lookup.patient_by_id(tx, row.patient_id))
    doctor_row = lookup.active_doctor(
        lookup.find_doctor(tx, doctor) if doctor else lookup.doctor_by_id(tx, row.doctor_id)
    )
    date_ = date_of(tx, on) if on else row.date
    kind = visit_types.of_appointment(tx, row)
    asked = Asked(at, within, kind.minutes if kind else None, again=again, overbook=overbook, past=bool(past))
    if (doctor_row.id, date_) == (row.doctor_id, row.date):
        if within is not None or (at is not None and at != row.time):
            new_times.change(tx, row, asked)
            return Booked(**fields_of(describe(tx, lookup.appointment_by_id(tx, row.id))))
        raise errors.SamePlace(subject=f"A{row.number}", doctor=doctor_row.code, date=date_.isoformat())
    placed = place(
        tx,
        Visitor(patient_row, doctor_row, row),
        asked if within is not None else asked._replace(at=at or row.time),
        Details(row.reason, row.note, kind, row.series),
        on=date_,
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
    tx.prefetch(lambda tx: appointments.by_id(tx, id=row.id))
    transitions.take(tx, NO_SHOW, row)
    return describe(tx, lookup.appointment_by_id(tx, row.id))


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
    end, starts_at, ends_at = visit_times.extent(tx, row.date, row.time, row.minutes, row.after_midnight)
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
        end=end,
        starts_at=starts_at,
        ends_at=ends_at,
        slots=row.slots,
        visit_type=row.visit_type,
        series=f"A{row.series}" if row.series is not None else None,
    )


def to_call(row: candidates.AffectedRow) -> ToCall:
    """Return a patient to call, with the whole phone."""
    return ToCall(
        appointment=f"A{row.number}",
        number=f"P{row.patient_number}",
        name=row.patient_name,
        phone=row.patient_phone,
    )
