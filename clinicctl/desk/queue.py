"""The queue of a doctor's day: arriving, being called, being seen."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, lookup, operations, transitions
from clinicctl.desk.transitions import QueueChanges
from clinicctl.results import Appointment, Board, Called, CheckedIn, PassedOver, QueueEntry
from clinicctl.rules import references
from clinicctl.rules import transitions as step_rules
from clinicctl.rules.days import DayWord, day
from clinicctl.rules.references import AppointmentRef, ArrivalRef, DoctorRef, PatientRef
from clinicctl.rules.transitions import (
    ACTIVE,
    CALL,
    CHECK_IN,
    DONE,
    HOLD,
    IN_QUEUE,
    LEAVE,
    RECALL,
    RESUME,
    RETURN,
    SKIP,
    START,
    TRANSFER,
    Step,
)
from clinicctl.statuses import AppointmentStatus, QueueStatus
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Tx

_STATES = {
    QueueStatus.WAITING: "waiting",
    QueueStatus.CALLED: "called",
    QueueStatus.SERVING: "with the doctor",
    QueueStatus.SKIPPED: "called and skipped",
    QueueStatus.HELD: "on hold",
}
_BACK = {QueueStatus.SKIPPED: RECALL, QueueStatus.HELD: RESUME}
"""The steps after which a patient who is still in the queue waits again."""


@operations.CHECK_IN
def check_in(tx: Tx, *, arrival: ArrivalRef, patient: PatientRef | None = None, again: bool | None = None) -> CheckedIn:
    """Give the next position of the doctor's queue to an appointment of today, or to a patient with one today.

    A patient who left and comes back gets the next position of the queue that they left. Refuses another day, an
    appointment of somebody other than `patient`, a second check-in (with the position), an appointment that is
    neither booked nor a no-show nor left, and, unless `again`, a patient who is still in an earlier queue of the
    doctor.
    """
    row = _arriving(tx, arrival)
    if patient is not None and (given := lookup.find_patient(tx, patient)).id != row.patient_id:
        raise errors.WrongPatient(
            appointment=f"A{row.number}", patient=f"P{row.patient_number}", given=f"P{given.number}"
        )
    entry = get_entry(tx, row.id) if row.position is not None else None
    if entry is not None and entry.status in (IN_QUEUE if row.date != tx.today else {*IN_QUEUE, QueueStatus.DONE}):
        raise _already_checked_in(tx, row, entry)
    if row.date != tx.today:
        raise errors.WrongDay(appointment=f"A{row.number}", date=row.date.isoformat(), today=tx.today.isoformat())
    _refuse_archived(row, entry)
    _refuse_booked_anew(tx, row)
    transitions.refuse_illegal(CHECK_IN if entry is None else RETURN, row)
    doctor_id = row.doctor_id if entry is None else entry.doctor_id
    if not again:
        _refuse_still_here(tx, patient_id=row.patient_id, doctor_id=doctor_id)
    refuse_second_place(tx, row, lookup.doctor_by_id(tx, row.doctor_id if entry is None else entry.doctor_id))
    position = days.next_position(tx, doctor_id=doctor_id, on=row.date)
    if entry is None:
        _enter(tx, row, position)
    else:
        _come_back(tx, row, entry, position)
    entries = [
        *stored_queue.earlier_of_doctor(tx, doctor=doctor_id, today=tx.today),
        *stored_queue.of_doctor(tx, doctor=doctor_id, on=row.date),
    ]
    own = next(each for each in entries if (each.date, each.position) == (row.date, position))
    return CheckedIn(
        position=position,
        people_ahead=step_rules.people_ahead(own, entries),
        checked_in_at=tx.local(tx.now),
        appointment=_appointment(tx, row.id),
    )


def _enter(tx: Tx, row: rows.AppointmentRow, position: int) -> None:
    """Put an appointment into the queue of its doctor."""
    transitions.take(tx, CHECK_IN, row, position=position)
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
    )


def _come_back(tx: Tx, row: rows.AppointmentRow, entry: rows.QueueRow, position: int) -> None:
    """Put a patient who had left behind those waiting. The old position is not given again."""
    changes: QueueChanges = {
        # Kept in the journal, although it stays: the position was given by the queue of this doctor.
        "doctor_id": entry.doctor_id,
        "position": position,
        "priority": 0,
        "recalled": 0,
        "checked_in_at": tx.now,
        "called_at": None,
        "ended_at": None,
    }
    transitions.take(tx, RETURN, row, entry=entry, queue_changes=changes)


@operations.WALK_IN
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
    who, whom = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    if not again:
        _refuse_still_here(tx, patient_id=who.id, doctor_id=whom.id)
    try:
        booked = bookings.place(tx, who, whom, on=tx.today, reason=reason, again=again, overbook=overbook)
    except errors.AlreadyBooked as refused:
        other = lookup.find_appointment(tx, AppointmentRef(refused.details["appointment"]))
        raise errors.AlreadyBooked(**refused.details, hint=_instead(tx, other)) from None
    here = check_in(tx, arrival=ArrivalRef(booked.number), again=again)
    return replace(here, waitlist_closed=booked.waitlist_closed)


def show(tx: Tx, *, on: DayWord | None = None, doctor: DoctorRef | None = None) -> list[QueueEntry]:
    """Return a doctor's queue, or every doctor's, in calling order; those who are done or gone come last.

    Without a day: today's, and before it those of earlier days that are still open.
    """
    whom = lookup.find_doctor(tx, doctor) if doctor is not None else None
    shown = _current(tx, whom) if on is None else _of_day(tx, whom, day(on, today=tx.today))
    consultations, earlier = _consultations(tx), _earlier(tx, whom)
    booked = bookings.get_many(tx, [each.appointment_id for each in shown])
    found = list[QueueEntry]()
    for code in sorted({each.doctor_code for each in shown}):
        own = [each for each in shown if each.doctor_code == code]
        ahead = _ahead(own, [each for each in earlier if each.doctor_code == code])
        for each in step_rules.calling_order(own):
            found.append(_describe(tx, each, booked[each.appointment_id], ahead, consultations))
    return found


@operations.CALL
def call(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> Called:
    """Call the next waiting patient, or the one at `position`. Two callers never get the same patient.

    Without a position, passes over those who are with another doctor now; with one, refuses them.
    """
    whom = lookup.find_doctor(tx, doctor)
    if position is None:
        entry, passed_over = _next_to_call(tx, whom, on)
    else:
        entry, passed_over = _at(tx, CALL, whom, position, on), ()
        refuse_elsewhere(tx, entry)
    called = _take(tx, CALL, entry, {"called_at": tx.now})
    return Called(**{each.name: getattr(called, each.name) for each in fields(called)}, passed_over=passed_over)


@operations.START
def start(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> QueueEntry:
    """Start the consultation of a called patient. Refuses one who was not called, or who is with another doctor now."""
    entry = _meant(tx, START, lookup.find_doctor(tx, doctor), position, on)
    refuse_elsewhere(tx, entry)
    return _take(tx, START, entry, {"started_at": tx.now})


@operations.DONE
def done(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> QueueEntry:
    """End the consultation of the one with the doctor. Refuses one whose consultation has not begun."""
    return _take(tx, DONE, _meant(tx, DONE, lookup.find_doctor(tx, doctor), position, on), {"ended_at": tx.now})


@operations.SKIP
def skip(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> QueueEntry:
    """Put a called patient who did not come aside; `recall` brings them back."""
    return _take(tx, SKIP, _meant(tx, SKIP, lookup.find_doctor(tx, doctor), position, on))


@operations.RECALL
def recall(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Let one who was skipped wait again, behind those waiting of the same priority."""
    entry = _at(tx, RECALL, lookup.find_doctor(tx, doctor), position, on)
    turn = days.next_recall(tx, doctor_id=entry.doctor_id, on=entry.date)
    return _take(tx, RECALL, entry, {"recalled": turn})


@operations.HOLD
def hold(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Keep the place of a waiting patient without calling them, for example during an X-ray; `resume` ends it."""
    return _take(tx, HOLD, _at(tx, HOLD, lookup.find_doctor(tx, doctor), position, on))


@operations.RESUME
def resume(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Let a patient on hold wait again, at the old position."""
    return _take(tx, RESUME, _at(tx, RESUME, lookup.find_doctor(tx, doctor), position, on))


@operations.LEFT
def left(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Note that somebody went before being seen. Refuses one with the doctor, or done."""
    return _take(tx, LEAVE, _at(tx, LEAVE, lookup.find_doctor(tx, doctor), position, on), {"ended_at": tx.now})


@operations.TRANSFER
def transfer(tx: Tx, *, doctor: DoctorRef, position: int, to: DoctorRef, on: DayWord | None = None) -> QueueEntry:
    """Let a patient wait for another doctor, at the next position there; the old position is not given again.

    The queue there is of the same day, and the appointment keeps its slot with the first doctor. Refuses an absent or
    archived doctor, and the same one.
    """
    whom, target = lookup.find_doctor(tx, doctor), lookup.find_active_doctor(tx, to)
    if whom.id == target.id:
        date_ = day(on, today=tx.today) if on else tx.today
        raise errors.SamePlace(subject=f"Position {position}", doctor=target.code, date=date_.isoformat())
    entry = _at(tx, TRANSFER, whom, position, on, rest=f" --to {target.code}")
    (there,) = days.facts(tx, target, [entry.date])
    days.refuse_absent(tx, target, there)
    refuse_second_place(tx, _appointment_row(tx, entry.appointment_id), target)
    days.open_ledger(tx, there)
    changes: QueueChanges = {
        "doctor_id": target.id,
        "position": days.next_position(tx, doctor_id=target.id, on=entry.date),
        "recalled": 0,
        "called_at": None,
    }
    return _take(tx, TRANSFER, entry, changes)


@operations.PRIORITISE
def prioritise(tx: Tx, *, doctor: DoctorRef, position: int, level: int, on: DayWord | None = None) -> QueueEntry:
    """Give one in the queue a priority, 0 (as everybody) to 9 (first). Refuses one who is done or gone."""
    entry = _at(tx, LEAVE, lookup.find_doctor(tx, doctor), position, on, command="priority", rest=f" {level}")
    transitions.advance_queue(tx, LEAVE, entry, {"priority": level}, reaches=entry.status)
    row = _appointment_row(tx, entry.appointment_id)
    transitions.note(
        tx,
        row,
        to_status=row.status,
        entry=entry,
        queue_to=entry.status,
        position=entry.position,
        before={"appointment": {}, "queue": {"priority": entry.priority}},
    )
    return _one(tx, entry.appointment_id)


def board(tx: Tx) -> list[Board]:
    """Return the queues that are open for the waiting room: positions only, in calling order, no names of patients."""
    entries = step_rules.calling_order(_current(tx, None))
    queues = sorted({(each.doctor_code, each.date) for each in entries})

    def positions(queue: tuple[str, date], status: QueueStatus) -> tuple[int, ...]:
        return tuple(
            each.position for each in entries if (each.doctor_code, each.date) == queue and each.status == status
        )

    return [
        Board(
            doctor=queue[0],
            name=next(each.doctor_name for each in entries if each.doctor_code == queue[0]),
            serving=positions(queue, QueueStatus.SERVING),
            called=positions(queue, QueueStatus.CALLED),
            waiting=positions(queue, QueueStatus.WAITING),
            date=queue[1],
        )
        for queue in queues
    ]


def get_entry(tx: Tx, appointment_id: UUID) -> rows.QueueRow | None:
    """Return the row of an appointment's place in the queue, or None."""
    return stored_queue.of_appointment(tx, appointment=appointment_id)


def list_current(tx: Tx) -> list[rows.QueueRow]:
    """Return the rows of today's queues, and of those of earlier days that are still open."""
    return _current(tx, None)


def list_entries(tx: Tx, *, on: date) -> list[rows.QueueRow]:
    """Return the rows of every queue of a day, by doctor and position."""
    return sorted(stored_queue.of_day(tx, on=on), key=lambda each: (each.doctor_code, each.position))


def refuse_second_place(tx: Tx, appointment: rows.AppointmentRow, doctor: rows.DoctorRow) -> None:
    """Refuse a patient who has an open place in the doctor's queue of that day with another appointment."""
    for place in stored_queue.open_places(tx, patient=appointment.patient_id, doctor=doctor.id, on=appointment.date):
        if place.number != appointment.number:
            raise errors.SecondPlace(
                patient=f"P{place.patient_number}",
                doctor=doctor.code,
                position=place.position,
                appointment=f"A{place.number}",
            )


def end(tx: Tx, step: Step, entry: rows.QueueRow) -> rows.AppointmentRow:
    """Take the last step of a queue entry, when the day is closed; return its appointment as it was."""
    row = _appointment_row(tx, entry.appointment_id)
    transitions.take(tx, step, row, entry=entry, queue_changes={"ended_at": tx.now})
    return row


def refuse_elsewhere(tx: Tx, entry: rows.QueueRow) -> None:
    """Refuse a patient who is in consultation with another doctor now."""
    row = _appointment_row(tx, entry.appointment_id)
    other = _elsewhere(entry, row.patient_id, _consultations(tx))
    if other is not None:
        raise errors.WithAnotherDoctor(
            patient=f"P{row.patient_number}",
            with_doctor=other.doctor_code,
            doctor=entry.doctor_code,
            date=entry.date.isoformat(),
            position=entry.position,
            hint=_end_first(tx, other),
        )


def _end_first(tx: Tx, other: rows.ConsultationRow) -> str:
    command = f"clinicctl queue done {other.doctor_code} {other.position}{_day_option(tx, other)}"
    return f"End that consultation first: `{command}`."


def _consultations(tx: Tx) -> list[rows.ConsultationRow]:
    """Return the current consultations of all doctors: about as many as there are doctors."""
    return stored_queue.consultations(tx)


def _elsewhere(
    entry: rows.QueueRow, patient_id: UUID, consultations: Iterable[rows.ConsultationRow]
) -> rows.ConsultationRow | None:
    """Return the consultation of the entry's patient with another doctor, or None."""
    return next(
        (each for each in consultations if each.patient_id == patient_id and each.doctor_id != entry.doctor_id), None
    )


def _of_day(tx: Tx, whom: rows.DoctorRow | None, on: date) -> Sequence[rows.QueueRow]:
    if whom is None:
        return stored_queue.of_day(tx, on=on)
    return stored_queue.of_doctor(tx, doctor=whom.id, on=on)


def _earlier(tx: Tx, whom: rows.DoctorRow | None) -> Sequence[rows.QueueRow]:
    """Return the open entries of earlier days, of one doctor or of all."""
    if whom is None:
        return stored_queue.earlier(tx, today=tx.today)
    return stored_queue.earlier_of_doctor(tx, doctor=whom.id, today=tx.today)


def _current(tx: Tx, whom: rows.DoctorRow | None) -> list[rows.QueueRow]:
    """Return the entries of today's queues and of earlier ones that are still open, of one doctor or of all."""
    if whom is None:
        earlier = stored_queue.of_earlier_queues(tx, today=tx.today)
    else:
        earlier = stored_queue.of_earlier_queues_of_doctor(tx, doctor=whom.id, today=tx.today)
    return [*earlier, *_of_day(tx, whom, tx.today)]


def _ahead(queue: Sequence[rows.QueueRow], earlier: Sequence[rows.QueueRow]) -> list[rows.QueueRow]:
    """Return the entries among which the people ahead are counted: the queue, and those waiting in earlier ones."""
    known = {each.id for each in queue}
    return [*(each for each in earlier if each.id not in known), *queue]


def _open_to_steps(tx: Tx, whom: rows.DoctorRow, on: DayWord | None) -> list[rows.QueueRow]:
    """Return the entries that a step without a day may mean, those of earlier days first."""
    if on is not None:
        return list(_of_day(tx, whom, day(on, today=tx.today)))
    earlier = sorted(_earlier(tx, whom), key=lambda each: each.date)
    return [*earlier, *_of_day(tx, whom, tx.today)]


def _take(tx: Tx, step: Step, entry: rows.QueueRow, changes: QueueChanges | None = None) -> QueueEntry:
    transitions.take(tx, step, _appointment_row(tx, entry.appointment_id), entry=entry, queue_changes=changes)
    return _one(tx, entry.appointment_id)


def _one(tx: Tx, appointment_id: UUID) -> QueueEntry:
    """Return the current entry of an appointment."""
    entry = get_entry(tx, appointment_id)
    assert entry is not None, "a step of an appointment that is in no queue"
    ahead: Sequence[rows.QueueRow] = [entry]
    if entry.status == QueueStatus.WAITING:
        queue = stored_queue.of_doctor(tx, doctor=entry.doctor_id, on=entry.date)
        ahead = _ahead(queue, stored_queue.earlier_of_doctor(tx, doctor=entry.doctor_id, today=tx.today))
    return _describe(tx, entry, _appointment_row(tx, appointment_id), ahead, _consultations(tx))


def _meant(tx: Tx, step: Step, whom: rows.DoctorRow, position: int | None, on: DayWord | None) -> rows.QueueRow:
    """Return the patient at a position; without a position, the only one who can take the step."""
    if position is not None:
        return _at(tx, step, whom, position, on)
    able = _able(tx, step, whom, on)
    if len(able) > 1:
        raise _ambiguous(tx, whom, able, what=f"patients of {whom.code} are {step.needs}", command=step.name)
    return able[0]


def _next_to_call(tx: Tx, whom: rows.DoctorRow, on: DayWord | None) -> tuple[rows.QueueRow, tuple[PassedOver, ...]]:
    """Return the first waiting patient who is not with another doctor now, and those passed over."""
    consultations, busy, passed_over = _consultations(tx), list[rows.ConsultationRow](), list[PassedOver]()
    for entry in _able(tx, CALL, whom, on):
        row = _appointment_row(tx, entry.appointment_id)
        other = _elsewhere(entry, row.patient_id, consultations)
        if other is None:
            return entry, tuple(passed_over)
        busy.append(other)
        passed_over.append(
            PassedOver(
                position=entry.position,
                date=entry.date,
                appointment=f"A{row.number}",
                patient=f"P{row.patient_number}",
                with_doctor=other.doctor_code,
            )
        )
    raise errors.NobodyFree(
        doctor=whom.code, count=len(passed_over), passed_over=passed_over, hint=_end_first(tx, busy[0])
    )


def _able(tx: Tx, step: Step, whom: rows.DoctorRow, on: DayWord | None) -> list[rows.QueueRow]:
    """Return the patients who can take a step, in calling order. Refuses if there are none."""
    able = [each for each in _open_to_steps(tx, whom, on) if each.status in step.queue_leaves]
    if not able:
        raise errors.NobodyThere(doctor=whom.code, date=_iso(tx, on), status=step.needs)
    return step_rules.calling_order(able)


def _at(
    tx: Tx,
    step: Step,
    whom: rows.DoctorRow,
    position: int,
    on: DayWord | None,
    *,
    command: str | None = None,
    rest: str = "",
) -> rows.QueueRow:
    """Return the patient at a position; if several days have it, the one who can take the step.

    Refuses a position that nobody has, one that can take the step on several days, and one that cannot take it.
    """
    found = [each for each in _open_to_steps(tx, whom, on) if each.position == position]
    if not found:
        raise errors.NoSuchQueueEntry(doctor=whom.code, date=_iso(tx, on), position=position)
    able = [each for each in found if each.status in step.queue_leaves]
    if len(able) > 1:
        raise _ambiguous(
            tx,
            whom,
            able,
            what=f"queues of {whom.code} have somebody at position {position}",
            command=command or step.name,
            rest=rest,
        )
    if not able:
        entry = found[-1]
        raise errors.IllegalStep(
            subject=f"Position {position}{f' of {entry.date.isoformat()}' if entry.date != tx.today else ''}",
            status=entry.status,
            step=command or step.name,
            needs=step.needs,
            hint=_come_back_hint(tx, entry),
        )
    return able[0]


def _come_back_hint(tx: Tx, entry: rows.QueueRow) -> str | None:
    if entry.status != QueueStatus.LEFT or entry.date != tx.today:
        return None
    row = _appointment_row(tx, entry.appointment_id)
    return f"A patient who comes back checks in again: `clinicctl checkin A{row.number}`."


def _ambiguous(
    tx: Tx, whom: rows.DoctorRow, able: Sequence[rows.QueueRow], *, what: str, command: str, rest: str = ""
) -> errors.Ambiguous:
    """Return the refusal that lists the patients who may be meant, each with what to type."""
    several = len({each.date for each in able}) > 1
    candidates = _candidates(tx, able[: errors.LISTED], with_day=several)
    option = f" --day {able[0].date.isoformat()}" if several else ""
    typed = f"clinicctl queue {command} {whom.code} {able[0].position}{rest}{option}"
    return errors.SeveralInQueue(
        count=len(able),
        what=what,
        candidates=candidates,
        hint=f"Name the {'position and the day' if several else 'position'}, for example `{typed}`.",
    )


def _iso(tx: Tx, on: DayWord | None) -> str:
    return (day(on, today=tx.today) if on else tx.today).isoformat()


def _day_option(tx: Tx, entry: rows.QueueRow | rows.ConsultationRow) -> str:
    """Return the options that a command about an entry needs beside the position."""
    return f" --day {entry.date.isoformat()}" if entry.date != tx.today else ""


def _arriving(tx: Tx, arrival: ArrivalRef) -> rows.AppointmentRow:
    """Return the appointment that arrives: the one named, or today's of the patient named.

    Of several of one patient, a booked one comes before a no-show or one who left, and these before one who is here
    already. A patient with none today may still be in the queue of an earlier day.
    """
    named = lookup.get_appointment(tx, arrival)
    if named is not None:
        return named
    if references.appointment_number(arrival) is not None:
        raise errors.NoSuchAppointment()
    who = bookings.who_arrives(tx, arrival)
    if who is None:
        raise errors.NoSuchAppointment() if references.uuid(arrival) else errors.NoSuchPatient()
    todays = bookings.list_of_patient(tx, patient_id=who.id, on=tx.today)
    for statuses in (
        {AppointmentStatus.BOOKED},
        {AppointmentStatus.NO_SHOW, AppointmentStatus.LEFT},
        {AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_CONSULTATION},
        {AppointmentStatus.COMPLETED},
    ):
        found = [row for row in todays if row.status in statuses]
        if len(found) > 1:
            raise bookings.several_arrive(tx, found)
        if found:
            return found[0]
    for entry in stored_queue.of_patient(tx, patient=who.id):
        if entry.date < tx.today:
            return _appointment_row(tx, entry.appointment_id)
    raise errors.NoAppointmentToday(patient=f"P{who.number}", date=tx.today.isoformat())


def _already_checked_in(
    tx: Tx, row: rows.AppointmentRow, entry: rows.QueueRow, *, hint: str | None = None
) -> errors.AlreadyCheckedIn:
    """Return the refusal that says where a patient is who is already checked in."""
    place = f"position {entry.position} of {entry.doctor_code}"
    place += f" on {entry.date.isoformat()}" if entry.date != tx.today else ""
    if entry.status == QueueStatus.DONE:
        problem = f"is completed; it was at {place}."
        hint = f"For another visit: `clinicctl walkin P{row.patient_number} {entry.doctor_code}`."
    else:
        problem = f"is checked in already, at {place}: {_STATES[entry.status]}."
    if hint is None and (step := _BACK.get(entry.status)):
        command = f"clinicctl queue {step.name} {entry.doctor_code} {entry.position}{_day_option(tx, entry)}"
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
            row = _appointment_row(tx, entry.appointment_id)
            raise _already_checked_in(tx, row, entry, hint="Add --again for a place in today's queue as well.")


def _refuse_archived(row: rows.AppointmentRow, entry: rows.QueueRow | None) -> None:
    if row.patient_archived_at is not None:
        raise lookup.patient_archived(row.patient_number)
    queue = row if entry is None else entry
    if queue.doctor_archived_at is not None:
        raise lookup.doctor_archived(queue.doctor_code)


def _refuse_booked_anew(tx: Tx, row: rows.AppointmentRow) -> None:
    """Refuse a no-show, or a patient who left, with a newer booking: that appointment is the one to check in.

    A second visit on the same day (`book --again`) does not replace it.
    """
    if row.status in (AppointmentStatus.NO_SHOW, AppointmentStatus.LEFT):
        for other in bookings.list_of_patient(tx, patient_id=row.patient_id, on=row.date):
            if (other.doctor_id, other.visit) == (row.doctor_id, row.visit) and other.status in ACTIVE:
                raise errors.AlreadyBooked(
                    patient=f"P{row.patient_number}",
                    doctor=row.doctor_code,
                    date=row.date.isoformat(),
                    appointment=f"A{other.number}",
                    hint=_instead(tx, other),
                )


def _instead(tx: Tx, booked: rows.AppointmentRow) -> str:
    """Return what to do with an appointment that prevents another arrival."""
    entry = get_entry(tx, booked.id)
    return (
        f"Check in with `clinicctl checkin A{booked.number}`."
        if entry is None
        else str(_already_checked_in(tx, booked, entry))
    )


def _describe(
    tx: Tx,
    entry: rows.QueueRow,
    row: rows.AppointmentRow,
    entries: Sequence[rows.QueueRow],
    consultations: Sequence[rows.ConsultationRow],
) -> QueueEntry:
    appointment = bookings.describe(tx, row)
    until = entry.called_at or entry.ended_at or tx.now
    waited = max(0, int((until - entry.checked_in_at).total_seconds() // 60))
    other = _elsewhere(entry, row.patient_id, consultations) if entry.status in IN_QUEUE else None
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
        with_doctor=other.doctor_code if other is not None else None,
        earlier=entry.date < tx.today,
    )


def _appointment(tx: Tx, identity: UUID) -> Appointment:
    return bookings.describe(tx, _appointment_row(tx, identity))


def _appointment_row(tx: Tx, identity: UUID) -> rows.AppointmentRow:
    row = appointments.by_id(tx, id=identity)
    assert row is not None, "a queue entry without its appointment"
    return row


def _candidates(tx: Tx, entries: Sequence[rows.QueueRow], *, with_day: bool) -> list[dict[str, Any]]:
    people = bookings.list_affected(tx, [_appointment_row(tx, each.appointment_id) for each in entries])
    return [
        each
        | {
            "position": entry.position,
            "status": entry.status,
            "choose": f"{entry.position}{f' --day {entry.date.isoformat()}' if with_day else ''}",
        }
        for each, entry in zip(people, entries, strict=True)
    ]
