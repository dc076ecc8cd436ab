"""The queue of a doctor's day: call patients, start and end their consultations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import partial
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import bookings, days, expected, lookup, operations, queue_lookup, queue_queries, transitions
from clinicctl.desk.dates import date_of
from clinicctl.desk.queue_lookup import find_at, find_one
from clinicctl.desk.transitions import QueueChanges
from clinicctl.results.appointments import Called, NextPatient, QueueEntry
from clinicctl.results.base import fields_of
from clinicctl.results.days import Board, WaitingRoom
from clinicctl.rules import transitions as step_rules
from clinicctl.rules.days import DayWord
from clinicctl.rules.estimates import Outlook
from clinicctl.rules.references import DoctorRef
from clinicctl.rules.transitions import CALL, DONE, HOLD, LEAVE, RECALL, RESUME, SKIP, START, TRANSFER, Step
from clinicctl.statuses import QueueStatus
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


def show(tx: Tx, *, on: DayWord | None = None, doctor: DoctorRef | None = None) -> list[QueueEntry]:
    """Return the queue of one doctor or of all, in calling order.

    Completed patients and those who left come last. Without a day, earlier queues that are still open come before
    today's.
    """
    doctor_row = lookup.find_doctor(tx, doctor) if doctor is not None else None
    date_ = date_of(tx, on) if on is not None else None
    tx.prefetch(*queue_queries.of_lists(tx, doctor_row, date_))
    shown = (
        queue_lookup.list_current_of(tx, doctor_row)
        if date_ is None
        else queue_lookup.list_of_day(tx, doctor_row, date_)
    )
    consultations = queue_lookup.consultations_by_patient(tx)
    # An open entry of an earlier queue may be in both lists.
    known = {each.id: each for each in (*queue_lookup.list_earlier(tx, doctor_row), *shown)}.values()
    tx.prefetch(partial(queue_queries.ask_about, tx=tx, shown=shown, known=known))
    queues, counted, outlooks = _by_doctor(shown), _by_doctor(known), expected.of_queues(tx, known)
    booked = bookings.get_many(tx, [each.appointment_id for each in shown])
    found = list[QueueEntry]()
    for code in sorted(queues):
        before = step_rules.people_ahead(counted[code])
        for each in step_rules.calling_order(queues[code]):
            row = booked[each.appointment_id]
            ahead = before.get((each.date, each.position), 0)
            found.append(
                queue_lookup.describe(
                    tx,
                    each,
                    row,
                    ahead=ahead,
                    expected=expected.of_entry(tx, each, outlooks.get(each.doctor_id), ahead=ahead),
                    consultations=consultations.get(row.patient_id, ()),
                )
            )
    return found


@operations.CALL
def call(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> Called:
    """Call the next waiting patient, or the one at `position`.

    Two callers never get the same patient. A patient who is with another doctor is passed over, or refused at
    `position`.
    """
    doctor_row = lookup.find_doctor(tx, doctor)
    if position is None:
        day = date_of(tx, on) if on else tx.today
        tx.prefetch(
            *queue_queries.of_able(tx, (CALL,), doctor_row, on),
            partial(queue_lookup.list_called, doctor=doctor_row, on=day),
        )
        entry, passed_over = queue_lookup.find_next(tx, doctor_row, on)
    else:
        entry, passed_over = find_at(tx, CALL, doctor_row, position, on), ()
        queue_lookup.refuse_elsewhere(tx, entry)
    others = queue_lookup.list_called(tx, doctor_row, entry.date)
    called = _take(tx, CALL, entry, {"called_at": tx.now})
    return Called(
        **fields_of(called),
        passed_over=passed_over[: errors.LISTED],
        passed_over_count=len(passed_over),
        also_called=tuple(each.position for each in others[: errors.LISTED]),
        also_called_count=len(others),
    )


@operations.NEXT
def call_next(tx: Tx, *, doctor: DoctorRef, start: bool | None = None, on: DayWord | None = None) -> NextPatient:
    """Finish the patient with the doctor, and call the next one.

    With `start`, also start that consultation. A patient who has been called already is the next one. Refuses if there
    is nobody to finish or to call, and a called patient who has not come, unless `start`.
    """
    doctor_row = lookup.find_doctor(tx, doctor)
    tx.prefetch(*queue_queries.of_able(tx, (DONE, START, CALL), doctor_row, on))
    serving = queue_lookup.get_one(tx, DONE, doctor_row, on)
    called = queue_lookup.get_one(tx, START, doctor_row, on)
    if serving is None and called is not None and not start:
        raise queue_lookup.not_started(tx, called)
    finished = _take(tx, DONE, serving, {"ended_at": tx.now}) if serving is not None else None
    if called is None:
        try:
            entry, passed_over = queue_lookup.find_next(tx, doctor_row, on)
        except errors.NotFound:
            if finished is None:
                raise
            return NextPatient(finished=finished, next=None)
        following = _take(tx, CALL, entry, {"called_at": tx.now})
    else:
        entry, passed_over = called, ()
        following = _one(tx, called.appointment_id)
    if start:
        current = queue_lookup.get_entry(tx, entry.appointment_id)
        assert current is not None, "a called patient is in a queue"
        queue_lookup.refuse_elsewhere(tx, current)
        following = _take(tx, START, current, {"started_at": tx.now})
    return NextPatient(
        finished=finished,
        next=following,
        passed_over=passed_over[: errors.LISTED],
        passed_over_count=len(passed_over),
    )


@operations.START
def start(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> QueueEntry:
    """Start the consultation of a called patient.

    Refuses a patient who is not called, or is with another doctor.
    """
    entry = find_one(tx, START, lookup.find_doctor(tx, doctor), position, on)
    queue_lookup.refuse_elsewhere(tx, entry)
    return _take(tx, START, entry, {"started_at": tx.now})


@operations.DONE
def done(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> QueueEntry:
    """End a consultation. Refuses a patient who is not in consultation."""
    return _take(tx, DONE, find_one(tx, DONE, lookup.find_doctor(tx, doctor), position, on), {"ended_at": tx.now})


@operations.SKIP
def skip(tx: Tx, *, doctor: DoctorRef, position: int | None = None, on: DayWord | None = None) -> QueueEntry:
    """Skip a called patient who did not come. After `recall` they wait again."""
    return _take(tx, SKIP, find_one(tx, SKIP, lookup.find_doctor(tx, doctor), position, on))


@operations.RECALL
def recall(
    tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None, move_up: bool | None = None
) -> QueueEntry:
    """Let a skipped patient wait again, behind others of the same priority.

    With `move_up` they wait before the others, behind those who were moved up earlier.
    """
    entry = find_at(tx, RECALL, lookup.find_doctor(tx, doctor), position, on)
    turn = days.next_recall(tx, doctor_id=entry.doctor_id, on=entry.date)
    return _take(tx, RECALL, entry, {"recalled": turn, "moved_up": bool(move_up)})


@operations.HOLD
def hold(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Put a waiting patient on hold, for example during an X-ray.

    They keep their position.
    """
    return _take(tx, HOLD, find_at(tx, HOLD, lookup.find_doctor(tx, doctor), position, on))


@operations.RESUME
def resume(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Let a patient on hold wait again at their position."""
    return _take(tx, RESUME, find_at(tx, RESUME, lookup.find_doctor(tx, doctor), position, on))


@operations.LEFT
def left(tx: Tx, *, doctor: DoctorRef, position: int, on: DayWord | None = None) -> QueueEntry:
    """Record that a patient left before the consultation.

    Refuses a patient in consultation or completed.
    """
    return _take(tx, LEAVE, find_at(tx, LEAVE, lookup.find_doctor(tx, doctor), position, on), {"ended_at": tx.now})


@operations.TRANSFER
def transfer(tx: Tx, *, doctor: DoctorRef, position: int, to: DoctorRef, on: DayWord | None = None) -> QueueEntry:
    """Move a patient to the queue of another doctor on the same day.

    The patient gets its next position. The old position is not reused, and the appointment keeps its slot with the
    first doctor. Refuses an absent or archived doctor, and the same doctor.
    """
    doctor_row, target = lookup.find_doctor(tx, doctor), lookup.find_active_doctor(tx, to)
    if doctor_row.id == target.id:
        date_ = date_of(tx, on) if on else tx.today
        raise errors.SamePlace(subject=f"Position {position}", doctor=target.code, date=date_.isoformat())
    entry = find_at(tx, TRANSFER, doctor_row, position, on, rest=f" --to {target.code}")
    (state,) = days.list_states(tx, target, [entry.date])
    days.refuse_absent(tx, target, state)
    queue_lookup.refuse_second_position(tx, lookup.appointment_by_id(tx, entry.appointment_id), target)
    days.open_ledger(tx, state)
    changes: QueueChanges = {
        "doctor_id": target.id,
        "position": days.next_position(tx, doctor_id=target.id, on=entry.date),
        "recalled": 0,
        "moved_up": False,
        "called_at": None,
    }
    return _take(tx, TRANSFER, entry, changes)


@operations.PRIORITISE
def prioritise(tx: Tx, *, doctor: DoctorRef, position: int, level: int, on: DayWord | None = None) -> QueueEntry:
    """Set a patient's priority in the queue, 0 (normal) to 9 (first).

    Refuses a completed patient, or one who left.
    """
    entry = find_at(tx, LEAVE, lookup.find_doctor(tx, doctor), position, on, command="priority", rest=f" {level}")
    row, changed = lookup.appointment_by_id(tx, entry.appointment_id), entry._replace(priority=level)
    tx.prefetch(*queue_queries.of_entry(tx, changed, patient_id=row.patient_id))
    transitions.change_queue(tx, LEAVE, entry, changed)
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


def board(tx: Tx, *, doctors: Sequence[DoctorRef] = ()) -> list[Board]:
    """Return the open queues for the waiting room: positions, without names.

    They are those of all doctors, or of some.
    """
    wanted = {lookup.find_doctor(tx, each).id for each in doctors}
    tx.prefetch(*queue_queries.of_lists(tx, None, None))
    listed = queue_lookup.list_current_of(tx, None)
    entries = step_rules.calling_order([each for each in listed if not wanted or each.doctor_id in wanted])
    tx.prefetch(partial(expected.ask_about, tx=tx, entries=entries))
    queues: dict[tuple[str, date], list[rows.QueueRow]] = {}
    for each in entries:
        queues.setdefault((each.doctor_code, each.date), []).append(each)
    outlooks = expected.of_queues(tx, entries)
    ahead = {code: step_rules.people_ahead(queue) for code, queue in _by_doctor(entries).items()}
    return [_board(tx, queues[code, on], outlooks, ahead[code]) for code, on in sorted(queues)]


def waiting_room(tx: Tx, *, doctors: Sequence[DoctorRef] = ()) -> WaitingRoom:
    """Return the board with the clinic's name and the time."""
    return WaitingRoom(clinic=tx.clinic.name, at=tx.local(tx.now), queues=tuple(board(tx, doctors=doctors)))


def _board(
    tx: Tx,
    queue: Sequence[rows.QueueRow],
    outlooks: Mapping[UUID, Outlook],
    ahead: Mapping[tuple[date, int], int],
) -> Board:
    """Return the line of the board for a doctor's queue of a day."""
    first = queue[0]
    found = [
        expected.of_entry(tx, each, outlooks.get(each.doctor_id), ahead=ahead[each.date, each.position])
        for each in queue
        if each.status == QueueStatus.WAITING
    ]
    return Board(
        doctor=first.doctor_code,
        name=first.doctor_name,
        serving=_positions(queue, QueueStatus.SERVING),
        called=_positions(queue, QueueStatus.CALLED),
        waiting=_positions(queue, QueueStatus.WAITING),
        date=first.date,
        expected_starts=tuple(each.start for each in found if each.start is not None),
        expected_basis=found[0].basis if found else None,
        called_at=tuple(
            tx.local(each.called_at) for each in queue if each.status == QueueStatus.CALLED and each.called_at
        ),
    )


def end(tx: Tx, step: Step, entry: rows.QueueRow) -> rows.AppointmentRow:
    """Take the last step of a queue entry when the day is closed.

    Return its appointment as it was before.
    """
    row = lookup.appointment_by_id(tx, entry.appointment_id)
    transitions.take(tx, step, row, entry=entry, queue_changes={"ended_at": tx.now})
    return row


def _by_doctor(entries: Iterable[rows.QueueRow]) -> dict[str, list[rows.QueueRow]]:
    found: dict[str, list[rows.QueueRow]] = {}
    for each in entries:
        found.setdefault(each.doctor_code, []).append(each)
    return found


def _positions(queue: Iterable[rows.QueueRow], status: QueueStatus) -> tuple[int, ...]:
    return tuple(each.position for each in queue if each.status == status)


def _take(tx: Tx, step: Step, entry: rows.QueueRow, changes: QueueChanges | None = None) -> QueueEntry:
    row = lookup.appointment_by_id(tx, entry.appointment_id)
    tx.prefetch(*queue_queries.of_entry(tx, transitions.after(step, entry, changes), patient_id=row.patient_id))
    transitions.take(tx, step, row, entry=entry, queue_changes=changes)
    return _one(tx, entry.appointment_id)


def _one(tx: Tx, appointment_id: UUID) -> QueueEntry:
    """Return the current entry of an appointment."""
    entry = queue_lookup.get_entry(tx, appointment_id)
    assert entry is not None, "a step of an appointment that is in no queue"
    row = lookup.appointment_by_id(tx, appointment_id)
    ahead = queue_lookup.people_ahead(tx, entry)
    return queue_lookup.describe(
        tx,
        entry,
        row,
        ahead=ahead,
        expected=expected.of_one(tx, entry, ahead=ahead),
        consultations=stored_queue.consultations_of_patient(tx, patient=row.patient_id),
    )
