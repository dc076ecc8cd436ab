"""The queue of a doctor's day: arriving, being called, being seen."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, patients, staff, steps
from clinicctl.results import Appointment, Board, CheckedIn, QueueEntry
from clinicctl.rules import references
from clinicctl.rules import steps as step_rules
from clinicctl.rules.days import DayWord, day
from clinicctl.rules.references import ArrivalRef, DoctorRef, PatientRef
from clinicctl.rules.steps import (
    ACTIVE,
    CALL,
    CHECK_IN,
    DONE,
    HOLD,
    LEAVE,
    RECALL,
    RESUME,
    SKIP,
    START,
    TRANSFER,
    Step,
)
from clinicctl.statuses import AppointmentStatus, QueueStatus
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import doctors, queue_entries
from clinicctl.store.sql import bindparam, insert, select

_ALL = select(queue_entries, doctors.c.code.label("doctor_code")).join(
    doctors, doctors.c.id == queue_entries.c.doctor_id
)
_OF_DOCTOR = _ALL.where(queue_entries.c.doctor_id == bindparam("doctor"), queue_entries.c.date == bindparam("on"))
_OF_DAY = _ALL.where(queue_entries.c.date == bindparam("on"))
_OF_APPOINTMENT = _ALL.where(queue_entries.c.appointment_id == bindparam("appointment"))
_INSERT = insert(queue_entries)


def check_in(tx: Tx, *, arrival: ArrivalRef, patient: PatientRef | None = None) -> CheckedIn:
    """Give the next position of the doctor's queue to an appointment of today, or to a patient with one today.

    Refuses another day, an appointment of somebody other than `patient`, a second check-in (telling the position), and
    an appointment that is neither booked nor a no-show.
    """
    row = _arriving(tx, arrival)
    if patient is not None and (given := patients.find(tx, patient)).id != row.patient_id:
        raise errors.WrongPatient(
            appointment=f"A{row.number}", patient=f"P{row.patient_number}", given=f"P{given.number}"
        )
    if row.date != tx.today:
        raise errors.WrongDay(appointment=f"A{row.number}", date=row.date.isoformat(), today=tx.today.isoformat())
    if row.position is not None:
        raise errors.AlreadyCheckedIn(
            appointment=f"A{row.number}", position=row.position, doctor=row.doctor_code, date=row.date.isoformat()
        )
    _refuse_archived(row)
    _refuse_booked_anew(tx, row)
    position = days.next_position(tx, doctor_id=row.doctor_id, on=row.date)
    steps.take(tx, CHECK_IN, row, position=position)
    tx.run(
        _INSERT,
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
    )
    entries = tx.all(_OF_DOCTOR, doctor=row.doctor_id, on=row.date)
    own = next(each for each in entries if each.position == position)
    return CheckedIn(
        position=position,
        people_ahead=step_rules.people_ahead(own, entries),
        checked_in_at=tx.local(tx.now),
        appointment=_appointment(tx, row.id),
    )


def walk_in(
    tx: Tx,
    *,
    patient: PatientRef,
    doctor: DoctorRef,
    reason: str | None = None,
    again: bool = False,
    overbook: bool = False,
) -> CheckedIn:
    """Book today and check in, in one transaction. Refuses what either refuses."""
    booked = bookings.book(
        tx, patient=patient, doctor=doctor, on=DayWord("today"), reason=reason, again=again, overbook=overbook
    )
    return replace(check_in(tx, arrival=ArrivalRef(booked.number)), waitlist_closed=booked.waitlist_closed)


def show(tx: Tx, *, on: DayWord, doctor: DoctorRef | None = None) -> list[QueueEntry]:
    """Return a doctor's queue, or every doctor's, in calling order; those who are done or gone come last."""
    date_ = day(on, today=tx.today)
    if doctor is not None:
        return _described(tx, tx.all(_OF_DOCTOR, doctor=staff.find(tx, doctor).id, on=date_))
    entries = tx.all(_OF_DAY, on=date_)
    codes = sorted({each.doctor_code for each in entries})
    return [entry for code in codes for entry in _described(tx, [each for each in entries if each.doctor_code == code])]


def call(tx: Tx, *, doctor: DoctorRef, position: int | None = None) -> QueueEntry:
    """Call the next who waits, or the one at `position`. Two callers never get the same patient."""
    return _advance(tx, CALL, doctor, position, queue_changes={"called_at": tx.now})


def start(tx: Tx, *, doctor: DoctorRef, position: int | None = None) -> QueueEntry:
    """Begin the consultation of the one called. Refuses one who has not been called."""
    return _advance(tx, START, doctor, position, queue_changes={"started_at": tx.now})


def done(tx: Tx, *, doctor: DoctorRef, position: int | None = None) -> QueueEntry:
    """End the consultation of the one with the doctor. Refuses one whose consultation has not begun."""
    return _advance(tx, DONE, doctor, position, queue_changes={"ended_at": tx.now})


def skip(tx: Tx, *, doctor: DoctorRef, position: int | None = None) -> QueueEntry:
    """Put the one called aside, who did not come; `recall` brings him back."""
    return _advance(tx, SKIP, doctor, position)


def recall(tx: Tx, *, doctor: DoctorRef, position: int) -> QueueEntry:
    """Let one who was skipped wait again, behind those waiting of the same priority."""
    whom = staff.find(tx, doctor)
    _at(whom, tx.today, tx.all(_OF_DOCTOR, doctor=whom.id, on=tx.today), position)
    turn = days.next_recall(tx, doctor_id=whom.id, on=tx.today)
    return _advance(tx, RECALL, doctor, position, queue_changes={"recalled": turn})


def hold(tx: Tx, *, doctor: DoctorRef, position: int) -> QueueEntry:
    """Keep the place of one who waits, for an X-ray say, without calling him; `resume` ends it."""
    return _advance(tx, HOLD, doctor, position)


def resume(tx: Tx, *, doctor: DoctorRef, position: int) -> QueueEntry:
    """Let one on hold wait again, at his old position."""
    return _advance(tx, RESUME, doctor, position)


def left(tx: Tx, *, doctor: DoctorRef, position: int) -> QueueEntry:
    """Note that somebody went before being seen. Refuses one with the doctor, or done."""
    return _advance(tx, LEAVE, doctor, position, queue_changes={"ended_at": tx.now})


def transfer(tx: Tx, *, doctor: DoctorRef, position: int, to: DoctorRef) -> QueueEntry:
    """Let somebody wait for another doctor, at the next position there; the old position is not given again.

    The appointment keeps its slot with the first doctor. Refuses an absent or archived doctor, and the same one.
    """
    target = staff.find_active(tx, to)
    (there,) = days.facts(tx, target, [tx.today])
    days.refuse_absent(tx, target, there)
    if staff.find(tx, doctor).id == target.id:
        raise errors.SamePlace(subject=f"Position {position}", doctor=target.code, date=tx.today.isoformat())
    days.open_ledger(tx, there)
    changes = {
        "doctor_id": target.id,
        "position": days.next_position(tx, doctor_id=target.id, on=tx.today),
        "recalled": 0,
        "called_at": None,
    }
    return _advance(tx, TRANSFER, doctor, position, queue_changes=changes, seen_by=target)


def prioritise(tx: Tx, *, doctor: DoctorRef, position: int, level: int) -> QueueEntry:
    """Give one in the queue a priority, 0 (as everybody) to 9 (first). Refuses one who is done or gone."""
    whom = staff.find(tx, doctor)
    entry = _at(whom, tx.today, tx.all(_OF_DOCTOR, doctor=whom.id, on=tx.today), position)
    if entry.status not in LEAVE.queue_leaves:
        raise errors.IllegalStep(
            subject=f"Position {position}", status=entry.status, step="priority", needs=LEAVE.needs
        )
    steps.advance_queue(tx, LEAVE, entry, {"priority": level})
    row = _appointment_row(tx, entry.appointment_id)
    steps.note(
        tx,
        row,
        to_status=row.status,
        entry=entry,
        queue_to=entry.status,
        position=entry.position,
        before={"appointment": {}, "queue": {"priority": entry.priority}},
    )
    return _one(tx, whom, entry.position)


def board(tx: Tx) -> list[Board]:
    """Return today's queues for the waiting room: positions only, in calling order, no names of patients."""
    entries = step_rules.calling_order(tx.all(_OF_DAY, on=tx.today))
    codes = sorted({each.doctor_code for each in entries})

    def positions(code: str, status: QueueStatus) -> tuple[int, ...]:
        return tuple(each.position for each in entries if each.doctor_code == code and each.status == status)

    return [
        Board(
            doctor=code,
            name=staff.find(tx, DoctorRef(code)).name,
            serving=positions(code, QueueStatus.SERVING),
            called=positions(code, QueueStatus.CALLED),
            waiting=positions(code, QueueStatus.WAITING),
        )
        for code in codes
    ]


def get_entry(tx: Tx, appointment_id: UUID) -> Row[Any] | None:
    """Return the row of an appointment's place in the queue, or None."""
    return tx.one(_OF_APPOINTMENT, appointment=appointment_id)


def list_entries(tx: Tx, *, on: date) -> list[Row[Any]]:
    """Return the rows of every queue of a day, by doctor and position."""
    return sorted(tx.all(_OF_DAY, on=on), key=lambda each: (each.doctor_code, each.position))


def end(tx: Tx, step: Step, entry: Row[Any]) -> Row[Any]:
    """Take the last step of a queue entry, when the day is closed; return its appointment as it was."""
    row = _appointment_row(tx, entry.appointment_id)
    steps.take(tx, step, row, entry=entry, queue_changes={"ended_at": tx.now})
    return row


def _advance(
    tx: Tx,
    step: Step,
    doctor: DoctorRef,
    position: int | None,
    *,
    queue_changes: Mapping[str, Any] | None = None,
    seen_by: Row[Any] | None = None,
) -> QueueEntry:
    whom = staff.find(tx, doctor)
    entries = tx.all(_OF_DOCTOR, doctor=whom.id, on=tx.today)
    entry = _at(whom, tx.today, entries, position) if position is not None else _next(tx, whom, step, entries)
    steps.take(tx, step, _appointment_row(tx, entry.appointment_id), entry=entry, queue_changes=queue_changes)
    return _one(tx, seen_by or whom, int((queue_changes or {}).get("position", entry.position)))


def _one(tx: Tx, doctor: Row[Any], position: int) -> QueueEntry:
    entries = tx.all(_OF_DOCTOR, doctor=doctor.id, on=tx.today)
    return _describe(tx, _at(doctor, tx.today, entries, position), entries)


def _at(doctor: Row[Any], on: date, entries: Sequence[Row[Any]], position: int) -> Row[Any]:
    for each in entries:
        if each.position == position:
            return each
    raise errors.NoSuchQueueEntry(doctor=doctor.code, date=on.isoformat(), position=position)


def _next(tx: Tx, doctor: Row[Any], step: Step, entries: Sequence[Row[Any]]) -> Row[Any]:
    """The one meant by a step without a position: of those who can take it the first for a call, else the only."""
    able = [each for each in step_rules.calling_order(entries) if each.status in step.queue_leaves]
    if not able:
        raise errors.NobodyThere(doctor=doctor.code, date=tx.today.isoformat(), status=step.needs)
    if len(able) > 1 and step is not CALL:
        raise errors.Ambiguous(
            count=len(able),
            what=f"are {step.needs}; they",
            candidates=[_candidate(tx, each) for each in able],
            hint="Name the position.",
        )
    return able[0]


def _arriving(tx: Tx, arrival: ArrivalRef) -> Row[Any]:
    """The appointment that arrives: the one named, or the one of today of the patient named."""
    named = bookings.get(tx, arrival)
    if named is not None:
        return named
    if references.appointment_number(arrival) is not None:
        raise errors.NoSuchAppointment()
    who = patients.get(tx, PatientRef(arrival))
    if who is None:
        raise errors.NoSuchAppointment() if references.uuid(arrival) else errors.NoSuchPatient()
    todays = bookings.list_of_patient(tx, patient_id=who.id, on=tx.today)
    coming = [row for row in todays if row.status in CHECK_IN.leaves]
    found = coming or [row for row in todays if row.position is not None]
    if not found:
        raise errors.NoAppointmentToday(patient=f"P{who.number}", date=tx.today.isoformat())
    if len(found) > 1:
        raise errors.Ambiguous(
            count=len(found),
            what="appointments",
            candidates=[bookings.affected(tx, row) for row in found],
        )
    return found[0]


def _refuse_archived(row: Row[Any]) -> None:
    if row.patient_archived_at is not None:
        raise errors.Archived(subject=f"P{row.patient_number}")


def _refuse_booked_anew(tx: Tx, row: Row[Any]) -> None:
    """Refuse a no-show who comes after all, but has been booked once more: that appointment is the one to check in.

    A further visit of the same day (`book --again`) stands beside it, and not in its place.
    """
    if row.status == AppointmentStatus.NO_SHOW:
        for other in bookings.list_of_patient(tx, patient_id=row.patient_id, on=row.date):
            if (other.doctor_id, other.visit) == (row.doctor_id, row.visit) and other.status in ACTIVE:
                raise errors.AlreadyBooked(
                    patient=f"P{row.patient_number}",
                    doctor=row.doctor_code,
                    date=row.date.isoformat(),
                    appointment=f"A{other.number}",
                    hint=f"Check in A{other.number}.",
                )


def _described(tx: Tx, entries: Sequence[Row[Any]]) -> list[QueueEntry]:
    return [_describe(tx, each, entries) for each in step_rules.calling_order(entries)]


def _describe(tx: Tx, entry: Row[Any], entries: Sequence[Row[Any]]) -> QueueEntry:
    appointment = _appointment(tx, entry.appointment_id)
    until = entry.called_at or entry.ended_at or tx.now
    waited = max(0, int((until - entry.checked_in_at).total_seconds() // 60))
    return QueueEntry(
        doctor=entry.doctor_code,
        date=entry.date,
        position=entry.position,
        status=QueueStatus(entry.status),
        priority=entry.priority,
        appointment=appointment,
        patient=appointment.patient,
        checked_in_at=tx.local(entry.checked_in_at),
        called_at=tx.local(entry.called_at),
        started_at=tx.local(entry.started_at),
        ended_at=tx.local(entry.ended_at),
        waited_minutes=waited,
        people_ahead=step_rules.people_ahead(entry, entries),
        long_wait=entry.status == QueueStatus.WAITING and waited >= tx.clinic.wait_threshold,
    )


def _appointment(tx: Tx, identity: Any) -> Appointment:
    return bookings.describe(tx, _appointment_row(tx, identity))


def _appointment_row(tx: Tx, identity: Any) -> Row[Any]:
    row = bookings.get_by_id(tx, identity)
    assert row is not None, "a queue entry without its appointment"
    return row


def _candidate(tx: Tx, entry: Row[Any]) -> dict[str, Any]:
    row = _appointment_row(tx, entry.appointment_id)
    return bookings.affected(tx, row) | {"position": entry.position}
