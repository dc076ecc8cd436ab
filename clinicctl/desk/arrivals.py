"""Arrivals: check in a patient with an appointment, or a walk-in without one."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import (
    bookings,
    days,
    expected,
    lookup,
    operations,
    queue_lookup,
    transitions,
    visit_lookup,
    visit_times,
    visit_types,
)
from clinicctl.desk.bookings import Details
from clinicctl.desk.slot_choice import Asked, Visitor
from clinicctl.desk.transitions import QueueChanges
from clinicctl.results.appointments import CheckedIn, WalkedIn
from clinicctl.results.base import fields_of
from clinicctl.rules.dates import AgeWord, BirthWord
from clinicctl.rules.references import AppointmentRef, ArrivalRef, DoctorRef, PatientRef
from clinicctl.rules.transitions import ACTIVE, CHECK_IN, IN_QUEUE, RECALL, RESUME, RETURN
from clinicctl.statuses import AppointmentStatus, QueueStatus, Sex
from clinicctl.store.compiled import appointments, doctors, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Tx

_BACK = {QueueStatus.SKIPPED: RECALL, QueueStatus.HELD: RESUME}
"""The steps after which a patient who is still in the queue waits again."""


@operations.CHECK_IN
def check_in(tx: Tx, *, arrival: ArrivalRef, patient: PatientRef | None = None, again: bool | None = None) -> CheckedIn:
    """Check in an appointment of today, or a patient with one.

    The patient gets the next position of the doctor's queue. A patient who left and comes back gets the next position
    of the same queue. Refuses another day, an appointment of anybody but `patient`, a second check-in (with the
    position), an appointment that is neither booked nor a no-show nor left, and, unless `again`, a patient who is still
    in an earlier queue of the doctor.
    """
    row = visit_lookup.find_arriving(tx, arrival)
    if patient is not None and (given := lookup.find_patient(tx, patient)).id != row.patient_id:
        raise errors.WrongPatient(
            appointment=f"A{row.number}", patient=f"P{row.patient_number}", given=f"P{given.number}"
        )
    tx.prefetch(
        lambda tx: queue_lookup.get_entry(tx, row.id),
        lambda tx: stored_queue.of_patient(tx, patient=row.patient_id),
        lambda tx: doctors.by_id(tx, id=row.doctor_id),
        lambda tx: stored_queue.open_entries(tx, patient=row.patient_id, doctor=row.doctor_id, on=row.date),
    )
    entry = queue_lookup.get_entry(tx, row.id) if row.position is not None else None
    if entry is not None and entry.status in (IN_QUEUE if row.date != tx.today else {*IN_QUEUE, QueueStatus.DONE}):
        raise _already_checked_in(tx, row, entry)
    if row.date != tx.today and not visit_times.is_tonight(tx, row):
        raise errors.WrongDay(appointment=f"A{row.number}", date=row.date.isoformat(), today=tx.today.isoformat())
    _refuse_archived(row, entry)
    _refuse_booked_anew(tx, row)
    transitions.refuse_illegal(CHECK_IN if entry is None else RETURN, row)
    doctor_id = row.doctor_id if entry is None else entry.doctor_id
    if not again:
        _refuse_still_here(tx, patient_id=row.patient_id, doctor_id=doctor_id)
    queue_lookup.refuse_second_position(tx, row, lookup.doctor_by_id(tx, doctor_id))
    position = days.next_position(tx, doctor_id=doctor_id, on=row.date)
    tx.prefetch(
        lambda tx: queue_lookup.get_entry(tx, row.id),
        lambda tx: appointments.by_id(tx, id=row.id),
        lambda tx: stored_queue.people_ahead(
            tx, doctor=doctor_id, on=row.date, priority=0, moved_up=False, recalled=0, position=position
        ),
        *expected.queries_of(tx, doctor_id),
    )
    if entry is None:
        _enter(tx, row, position)
    else:
        _come_back(tx, row, entry, position)
    own = queue_lookup.get_entry(tx, row.id)
    assert own is not None, "a check-in without a queue entry"
    ahead = queue_lookup.people_ahead(tx, own)
    estimate = expected.of_one(tx, own, ahead=ahead)
    return CheckedIn(
        position=position,
        people_ahead=ahead,
        checked_in_at=tx.local(tx.now),
        appointment=bookings.describe(tx, lookup.appointment_by_id(tx, row.id)),
        expected_start=estimate.start,
        expected_basis=estimate.basis,
    )


@operations.WALK_IN
def walk_in(
    tx: Tx,
    *,
    patient: PatientRef,
    doctor: DoctorRef,
    reason: str | None = None,
    visit_type: str | None = None,
    again: bool = False,
    overbook: bool = False,
) -> CheckedIn:
    """Book a patient for today and check them in. Refuses what either refuses.

    On a day with hours, a free slot that has begun will do if no later one is free.
    """
    patient_row, doctor_row = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    if not again:
        _refuse_still_here(tx, patient_id=patient_row.id, doctor_id=doctor_row.id)
    try:
        kind = visit_types.find(tx, visit_type) if visit_type is not None else None
        asked = Asked(minutes=kind.minutes if kind else None, again=again, overbook=overbook, arrived=True)
        booked = bookings.place(tx, Visitor(patient_row, doctor_row), asked, Details(reason, None, kind), on=tx.today)
    except errors.AlreadyBooked as refused:
        other = lookup.find_appointment(tx, AppointmentRef(refused.details["appointment"]))
        raise errors.AlreadyBooked(**refused.details, hint=_instead(tx, other)) from None
    checked_in = check_in(tx, arrival=ArrivalRef(booked.number), again=again)
    return replace(checked_in, waitlist_closed=booked.waitlist_closed)


@operations.WALK_IN_NEW
def walk_in_new(
    tx: Tx,
    *,
    doctor: DoctorRef,
    name: str,
    phone: str,
    more_phones: Sequence[str] | None = None,
    born: BirthWord | None = None,
    age: int | AgeWord | None = None,
    sex: Sex | None = None,
    email: str | None = None,
    patient_note: str | None = None,
    unverified_phone: bool | None = None,
    new: bool | None = None,
    same_as: PatientRef | None = None,
    reason: str | None = None,
    visit_type: str | None = None,
    again: bool = False,
    overbook: bool = False,
) -> WalkedIn:
    """Register a patient, book them for today, and check them in.

    A patient on file is used as in a registration. Refuses what the three refuse. Undo takes back the check-in and the
    booking; the patient remains registered.
    """
    # Deferred: a check-in compares no names.
    from clinicctl.desk import registration

    registered = registration.add(
        tx,
        name=name,
        phone=phone,
        more_phones=more_phones,
        born=born,
        age=age,
        sex=sex,
        email=email,
        note=patient_note,
        new=bool(new),
        same_as=same_as,
        unverified_phone=unverified_phone,
    )
    patient = PatientRef(registered.number)
    arrived = walk_in(
        tx, patient=patient, doctor=doctor, reason=reason, visit_type=visit_type, again=again, overbook=overbook
    )
    return WalkedIn(**fields_of(arrived), registered=registered)


def _enter(tx: Tx, row: rows.AppointmentRow, position: int) -> None:
    """Put an appointment into the queue of its doctor."""
    stored_queue.insert(
        tx,
        id=uuid4(),
        appointment_id=row.id,
        doctor_id=row.doctor_id,
        date=row.date,
        position=position,
        status=QueueStatus.WAITING,
        priority=0,
        recalled=0,
        checked_in_at=tx.now,
        called_at=None,
        started_at=None,
        ended_at=None,
        moved_up=False,
    )
    transitions.take(tx, CHECK_IN, row, position=position)


def _come_back(tx: Tx, row: rows.AppointmentRow, entry: rows.QueueRow, position: int) -> None:
    """Put a patient who left and came back behind those waiting.

    The old position is not reused.
    """
    changes: QueueChanges = {
        # Not changed, but recorded for undo: the old position belongs to this doctor's queue.
        "doctor_id": entry.doctor_id,
        "position": position,
        "priority": 0,
        "recalled": 0,
        "moved_up": False,
        "checked_in_at": tx.now,
        "called_at": None,
        "ended_at": None,
    }
    transitions.take(tx, RETURN, row, entry=entry, queue_changes=changes)


def _already_checked_in(
    tx: Tx, row: rows.AppointmentRow, entry: rows.QueueRow, *, hint: str | None = None
) -> errors.AlreadyCheckedIn:
    """Return the refusal of a second check-in, with the position of the patient."""
    place = f"position {entry.position} of {entry.doctor_code}"
    place += f" on {entry.date.isoformat()}" if entry.date != tx.today else ""
    if entry.status == QueueStatus.DONE:
        problem = f"is completed; it had {place}."
        hint = f"For another visit: `clinicctl walkin P{row.patient_number} {entry.doctor_code}`."
    else:
        problem = f"is already checked in at {place}: {queue_lookup.IN_WORDS[entry.status]}."
    if hint is None and (step := _BACK.get(entry.status)):
        command = (
            f"clinicctl queue {step.name} {entry.doctor_code} {entry.position}{queue_lookup.day_option(tx, entry)}"
        )
        hint = f"To let the patient wait again: `{command}`."
    return errors.AlreadyCheckedIn(
        appointment=f"A{row.number}",
        position=entry.position,
        doctor=entry.doctor_code,
        date=entry.date.isoformat(),
        status=entry.status,
        problem=problem,
        hint=hint,
    )


def _refuse_still_here(tx: Tx, *, patient_id: UUID, doctor_id: UUID) -> None:
    """Refuse a patient who is still in the doctor's queue of an earlier day."""
    for entry in stored_queue.of_patient(tx, patient=patient_id):
        if entry.date < tx.today and entry.doctor_id == doctor_id:
            row = lookup.appointment_by_id(tx, entry.appointment_id)
            raise _already_checked_in(tx, row, entry, hint="Add --again to check in for today's queue as well.")


def _refuse_archived(row: rows.AppointmentRow, entry: rows.QueueRow | None) -> None:
    if row.patient_archived_at is not None:
        raise lookup.patient_archived(row.patient_number)
    queue = row if entry is None else entry
    if queue.doctor_archived_at is not None:
        raise lookup.doctor_archived(queue.doctor_code)


def _refuse_booked_anew(tx: Tx, row: rows.AppointmentRow) -> None:
    """Refuse a no-show, or a patient who left, with a newer booking.

    The newer booking is the one to check in. A second visit on the same day (`book --again`) is no newer booking.
    """
    if row.status in (AppointmentStatus.NO_SHOW, AppointmentStatus.LEFT):
        for other in appointments.of_patient_on(tx, patient=row.patient_id, on=row.date):
            if (other.doctor_id, other.visit) == (row.doctor_id, row.visit) and other.status in ACTIVE:
                raise errors.AlreadyBooked(
                    patient=f"P{row.patient_number}",
                    doctor=row.doctor_code,
                    date=row.date.isoformat(),
                    appointment=f"A{other.number}",
                    hint=_instead(tx, other),
                )


def _instead(tx: Tx, booked: rows.AppointmentRow) -> str:
    """Return the hint for an appointment that prevents another arrival."""
    entry = queue_lookup.get_entry(tx, booked.id)
    return (
        f"Check in with `clinicctl checkin A{booked.number}`."
        if entry is None
        else str(_already_checked_in(tx, booked, entry))
    )
