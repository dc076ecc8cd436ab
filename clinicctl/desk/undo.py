"""Undo: takes back the last write of booking, queue or days, step by step, if nothing was built on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import (
    bookings,
    day_history,
    days,
    lookup,
    operations,
    queue,
    records,
    replay,
    transitions,
    waitlist,
)
from clinicctl.results import JournalStep, Undoing, Undone
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.transitions import ACTIVE, IN_QUEUE
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import undo as stored
from clinicctl.store.engine import Tx

RECENT = timedelta(minutes=5)
"""An older write is undone only after a question."""

_APPOINTMENT_COLUMNS: Mapping[str, Callable[[Any], Any]] = {"cancelled_by": CancelledBy, "moved_to": int}
_QUEUE_COLUMNS: Mapping[str, Callable[[Any], Any]] = {
    "doctor_id": UUID,
    "position": int,
    "priority": int,
    "recalled": int,
    "checked_in_at": datetime.fromisoformat,
    "called_at": datetime.fromisoformat,
    "started_at": datetime.fromisoformat,
    "ended_at": datetime.fromisoformat,
}
"""The columns that a step's `before` may have, and how each value is read."""


@dataclass(frozen=True, slots=True)
class Asked(Digested):
    """The write that was previewed before the lock was taken, and confirmed if that was necessary.

    `before` has the days as they were: it can be large and is read outside the lock. It is not part of the request.
    """

    number: int
    before: day_history.Before | None

    def digest_value(self, today: date) -> Any:  # noqa: ARG002 - the same on every day
        return None


@operations.UNDO
def undo(tx: Tx, *, number: int | None = None, asked: Asked | None = None) -> Undone:
    """Take back a write: the last of this actor, or the one with a number of the journal.

    A booking taken back is cancelled by the clinic; a check-in taken back leaves its position unused. A change of days
    is taken back as one: the days as they stood, and the appointments that it cancelled. Refuses a write that another
    was built on, saying which, one that is not of booking, queue or days, one undone already, another one than was
    `asked` about, and one that would leave something open of an archived patient or doctor, or a patient at two places
    of a queue.
    """
    act = _act(tx, number)
    if asked is not None and act.number != asked.number:
        raise errors.OtherThanAsked(found=act.number, asked=asked.number)
    taken, before = _undoable(tx, act, asked.before if asked is not None else None)
    if before is not None:
        day_history.put_back(tx, before)
        day_history.refuse_lost(tx, act, before, [_appointment(tx, step.appointment_id) for step in taken])
    for step in taken:
        _take_back(tx, act, step)
    return Undone(**_told(tx, act, taken, before))


def preview(tx: Tx, *, number: int | None = None, key: str | None = None) -> tuple[Undoing, Asked] | None:
    """Return what `undo` would do, changing nothing; None where a key stands for a write already. Refuses as `undo`."""
    if key is not None and stored_journal.by_key(tx, key=key) is not None:
        return None
    act = _act(tx, number)
    taken, before = _undoable(tx, act)
    return Undoing(**_told(tx, act, taken, before), ask=_why_ask(tx, act)), Asked(act.number, before)


def _why_ask(tx: Tx, act: rows.WriteRow) -> str | None:
    """Return why to ask before a write is undone, or None for the actor's last write if it is recent."""
    if stored.newest(tx, actor=tx.actor) != act.number:
        return "not your last write"
    return "older than 5 minutes" if tx.now - act.at > RECENT else None


def _undoable(
    tx: Tx, act: rows.WriteRow, known: day_history.Before | None = None
) -> tuple[list[rows.StepRow], day_history.Before | None]:
    """Return the steps of a write, the last one first, and what stood of the days that it changed.

    Refuses a write that cannot be taken back, or on which another was built.
    """
    done = operations.named(replay.read(tx, act.outcome, of=act.number).get("operation"))
    by = done.undo if done is not None else None
    before = known or (day_history.find(tx, act.number) if by is operations.Undo.DAYS else None)
    if by is not operations.Undo.STEPS and before is None:
        raise errors.NotUndoable(number=act.number, command=act.command)
    if before is not None:
        day_history.refuse_changed(tx, act, before)
    taken = stored.steps(tx, number=act.number)
    for step in taken:
        _refuse_built_upon(tx, act, step)
        if before is None:
            # Refuse before a question is asked.
            lookup.not_erased(lookup.patient_by_id(tx, _appointment(tx, step.appointment_id).patient_id))
    return taken, before


def _told(
    tx: Tx, act: rows.WriteRow, taken: Sequence[rows.StepRow], before: day_history.Before | None
) -> dict[str, Any]:
    """Return the fields of an undo's answer: the write, and the result for each appointment that it touched."""
    touched = {step.appointment_id: _appointment(tx, step.appointment_id) for step in reversed(taken)}
    first = {step.appointment_id: step for step in taken}
    last = {step.appointment_id: step for step in reversed(taken)}
    return {
        "undoes": act.number,
        "command": act.command,
        "actor": act.actor,
        "at": tx.local(act.at),
        "appointments": tuple(bookings.describe(tx, each) for each in touched.values()),
        "steps": tuple(
            JournalStep(
                appointment=f"A{row.number}",
                from_status=last[identity].to_status,
                to_status=first[identity].from_status or AppointmentStatus.CANCELLED,
                queue_from=last[identity].queue_to,
                queue_to=first[identity].queue_from,
            )
            for identity, row in touched.items()
        ),
        "days": before.count if before is not None else 0,
        "doctors": day_history.codes(tx, before) if before is not None else (),
    }


def _act(tx: Tx, number: int | None) -> rows.WriteRow:
    if number is None:
        act = stored.last_undoable(tx, actor=tx.actor)
        if act is None:
            raise errors.NothingToUndo(actor=tx.actor)
        return act
    act = stored_journal.by_number(tx, number=number)
    if act is None:
        raise errors.NoSuchWrite(number=number)
    if stored.undone_by(tx, number=number) is not None:
        raise errors.UndoneAlready()
    return act


def _refuse_built_upon(tx: Tx, act: rows.WriteRow, step: rows.StepRow) -> None:
    later = stored.later_step(tx, appointment=step.appointment_id, number=act.number)
    if later is not None:
        row = _appointment(tx, step.appointment_id)
        raise _built_upon(act, f"A{row.number}", later)


def _take_back(tx: Tx, act: rows.WriteRow, step: rows.StepRow) -> None:
    """Put back what one step changed: its appointment, its place on the day, its place in the queue."""
    row, entry = _appointment(tx, step.appointment_id), stored_queue.of_appointment(tx, appointment=step.appointment_id)
    before = replay.read(tx, step.before, of=act.number)
    kept = _columns(tx, before.get("appointment", {}), _APPOINTMENT_COLUMNS, of=act.number)
    queued = _columns(tx, before.get("queue", {}), _QUEUE_COLUMNS, of=act.number)
    queued_with: UUID | None = queued.get("doctor_id", entry.doctor_id if entry is not None else None)
    if step.from_status in ACTIVE:
        records.refuse_archived(tx, row, queue_doctor_id=queued_with if step.queue_from else None)
    if step.queue_from in IN_QUEUE and (step.queue_to not in IN_QUEUE or "doctor_id" in queued):
        assert queued_with is not None, "a step of a queue that the patient is not in"
        queue.refuse_second_place(tx, row, lookup.doctor_by_id(tx, queued_with))
    if step.from_status is None:
        cancelled = row._replace(status=AppointmentStatus.CANCELLED, cancelled_by=CancelledBy.CLINIC, moved_from=None)
        _put_back(tx, row, cancelled)
        days.give_back(tx, doctor_id=row.doctor_id, on=row.date)
        if waitlist.give_back(tx, appointment_id=row.id):
            records.refuse_archived(tx, row)
        transitions.note(tx, row, to_status=AppointmentStatus.CANCELLED)
        return
    if step.from_status in ACTIVE and step.to_status not in ACTIVE:
        _refuse_time_taken(tx, act, row)
    if step.to_status == AppointmentStatus.CANCELLED:
        _retake(tx, act, row)
        kept = {"cancel_reason": None} | kept
    _put_back(tx, row, row._replace(status=AppointmentStatus(step.from_status), **kept))
    _put_back_in_queue(tx, step, entry, queued)
    transitions.note(
        tx,
        row,
        to_status=step.from_status,
        entry=entry,
        queue_to=step.queue_from,
        position=queued.get("position", step.position) if step.queue_from else None,
    )


def _retake(tx: Tx, act: rows.WriteRow, row: rows.AppointmentRow) -> None:
    """Take the freed slot again; somebody who stands in it now was built on the cancellation."""
    taken = stored.at_slot(tx, doctor=row.doctor_id, on=row.date, slot=row.slot)
    if taken is not None:
        raise _built_upon(act, f"slot {row.slot}", f"of A{taken}")
    days.retake(tx, doctor_id=row.doctor_id, on=row.date)


def _refuse_time_taken(tx: Tx, act: rows.WriteRow, row: rows.AppointmentRow) -> None:
    """Refuse a time that was given to another appointment since. An older one at that time was accepted before."""
    if row.time is None:
        return
    for other in bookings.at_time(tx, patient_id=row.patient_id, doctor_id=row.doctor_id, on=row.date, at=row.time):
        booked_by = stored.booked_by(tx, appointment=other.id)
        if booked_by is not None and booked_by > act.number:
            raise errors.TimeTaken(
                subject=f"P{row.patient_number}" if other.patient_id == row.patient_id else row.doctor_code,
                appointment=f"A{other.number}",
                date=row.date.isoformat(),
                time=f"{row.time:%H:%M}",
                flag=None,
                hint=f"Cancel or move A{other.number} first.",
            )


def _put_back(tx: Tx, row: rows.AppointmentRow, right: rows.AppointmentRow) -> None:
    changed = stored.put_back(
        tx,
        row=row.id,
        leaving=row.status,
        status=right.status,
        cancelled_by=right.cancelled_by,
        cancel_reason=right.cancel_reason,
        moved_to=right.moved_to,
        moved_from=right.moved_from,
        updated_at=tx.now,
    )
    if not changed:
        raise errors.IllegalStep(subject=f"A{row.number}", status="changed", step="undo", needs=row.status)


def _put_back_in_queue(tx: Tx, step: rows.StepRow, entry: rows.QueueRow | None, values: Mapping[str, Any]) -> None:
    """Put back the place in the queue that a step changed, or take it away if the step has made it."""
    if not step.queue_to:
        return
    if not step.queue_from:
        stored.leave_queue(tx, appointment=step.appointment_id)
    elif entry is not None:
        if step.queue_from == QueueStatus.SERVING:
            queue.refuse_elsewhere(tx, entry)
        right = entry._replace(status=QueueStatus(step.queue_from), **values)
        stored.put_back_in_queue(
            tx,
            row=entry.id,
            leaving=QueueStatus(step.queue_to),
            doctor_id=right.doctor_id,
            position=right.position,
            status=right.status,
            priority=right.priority,
            recalled=right.recalled,
            checked_in_at=right.checked_in_at,
            called_at=right.called_at,
            started_at=right.started_at,
            ended_at=right.ended_at,
        )


def _columns(tx: Tx, kept: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]], *, of: int) -> dict[str, Any]:
    """Return the columns of a step's `before` as their types. Refuses others, and other values, with `Damaged`."""
    try:
        return {column: None if value is None else known[column](value) for column, value in kept.items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        raise errors.Damaged(path=tx.path, reason=f"what stood before write {of} cannot be read") from None


def _built_upon(act: rows.WriteRow, subject: str, later: int | str) -> errors.BuiltUpon:
    return errors.BuiltUpon(number=act.number, command=act.command, subject=subject, later=later)


def _appointment(tx: Tx, identity: UUID) -> rows.AppointmentRow:
    row = appointments.by_id(tx, id=identity)
    assert row is not None, "a step without its appointment"
    return row
