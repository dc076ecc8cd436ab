"""Undo the steps of a write: restore the appointments, their slots, and their queue entries."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import (
    days,
    lookup,
    new_times,
    placement,
    queue_lookup,
    records,
    replay,
    transitions,
    waitlist,
)
from clinicctl.rules.transitions import ACTIVE, IN_QUEUE
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import undo as stored
from clinicctl.store.engine import Tx

_APPOINTMENT_COLUMNS: Mapping[str, Callable[[Any], Any]] = {
    "cancelled_by": CancelledBy,
    "moved_to": int,
    "time": time.fromisoformat,
    "slot": int,
    "slots": int,
    "minutes": int,
    "after_midnight": bool,
    "overbooked": bool,
}
_QUEUE_COLUMNS: Mapping[str, Callable[[Any], Any]] = {
    "doctor_id": UUID,
    "position": int,
    "priority": int,
    "recalled": int,
    "moved_up": bool,
    "checked_in_at": datetime.fromisoformat,
    "called_at": datetime.fromisoformat,
    "started_at": datetime.fromisoformat,
    "ended_at": datetime.fromisoformat,
}
"""The columns that the `before` of a step may have, each with its type."""


def placed(tx: Tx, write: rows.WriteRow, steps: Sequence[rows.StepRow]) -> dict[UUID, dict[str, Any]]:
    """Return the earlier places of appointments that a write gave other slots, by id."""
    return {
        step.appointment_id: _columns(
            tx,
            replay.read(tx, step.before, of=write.number).get("appointment", {}),
            _APPOINTMENT_COLUMNS,
            of=write.number,
        )
        for step in steps
        if step.from_status == step.to_status
    }


def undo_step(tx: Tx, write: rows.WriteRow, step: rows.StepRow) -> None:
    """Undo one step: restore the appointment, its slot, and its queue entry."""
    row = lookup.appointment_by_id(tx, step.appointment_id)
    entry = stored_queue.of_appointment(tx, appointment=step.appointment_id)
    before = replay.read(tx, step.before, of=write.number)
    columns = _columns(tx, before.get("appointment", {}), _APPOINTMENT_COLUMNS, of=write.number)
    queued = _columns(tx, before.get("queue", {}), _QUEUE_COLUMNS, of=write.number)
    queued_with: UUID | None = queued.get("doctor_id", entry.doctor_id if entry is not None else None)
    if step.from_status in ACTIVE:
        records.refuse_archived(tx, row, queue_doctor_id=queued_with if step.queue_from else None)
    if step.queue_from in IN_QUEUE and (step.queue_to not in IN_QUEUE or "doctor_id" in queued):
        assert queued_with is not None, "a queue step without a queue"
        queue_lookup.refuse_second_position(tx, row, lookup.doctor_by_id(tx, queued_with))
    if step.from_status is None:
        cancelled = row._replace(status=AppointmentStatus.CANCELLED, cancelled_by=CancelledBy.CLINIC, moved_from=None)
        _restore(tx, row, cancelled)
        days.return_slots(tx, row)
        if waitlist.reopen(tx, appointment_id=row.id):
            records.refuse_archived(tx, row)
        transitions.note(tx, row, to_status=AppointmentStatus.CANCELLED, after=cancelled)
        return
    if step.from_status in ACTIVE and step.to_status not in ACTIVE:
        _refuse_time_taken(tx, write, row)
    if step.to_status == AppointmentStatus.CANCELLED:
        columns = {"cancel_reason": None} | columns | _retake_slots(tx, write, row)
    right = row._replace(status=AppointmentStatus(step.from_status), **columns)
    if step.to_status != AppointmentStatus.CANCELLED and (taken := new_times.set_slots(tx, row, right)) is not None:
        raise built_upon(write, f"slot {right.slot}", f"of A{taken}")
    _restore(tx, row, right)
    _restore_in_queue(tx, step, entry, queued)
    transitions.note(
        tx,
        row._replace(slot=right.slot),
        to_status=step.from_status,
        entry=entry,
        queue_to=step.queue_from,
        position=queued.get("position", step.position) if step.queue_from else None,
        after=right,
    )


def _retake_slots(tx: Tx, write: rows.WriteRow, row: rows.AppointmentRow) -> dict[str, int]:
    """Take the freed slots again, and return their columns.

    The hours may have changed since then. A later appointment in one of them depends on the cancellation.
    """
    place = placement.find_place(tx, row)
    right = row._replace(slot=place.slot, slots=place.slots)
    taken = days.holder(tx, right)
    if taken is not None:
        raise built_upon(write, f"slot {right.slot}", f"of A{taken}")
    days.retake_slots(tx, right)
    return place._asdict()


def _refuse_time_taken(tx: Tx, write: rows.WriteRow, row: rows.AppointmentRow) -> None:
    """Refuse a time that a later booking has taken.

    An older one at the same time was accepted before.
    """
    if row.time is None:
        return
    for other in appointments.at_time(tx, patient=row.patient_id, doctor=row.doctor_id, on=row.date, at=row.time):
        booked_by = stored.booked_by(tx, appointment=other.id)
        if booked_by is not None and booked_by > write.number:
            raise errors.TimeTaken(
                subject=f"P{row.patient_number}" if other.patient_id == row.patient_id else row.doctor_code,
                appointment=f"A{other.number}",
                date=row.date.isoformat(),
                time=f"{row.time:%H:%M}",
                flag=None,
                hint=f"Cancel or move A{other.number} first.",
            )


def _restore(tx: Tx, row: rows.AppointmentRow, right: rows.AppointmentRow) -> None:
    changed = stored.put_back(
        tx,
        row=row.id,
        leaving=row.status,
        status=right.status,
        cancelled_by=right.cancelled_by,
        cancel_reason=right.cancel_reason,
        moved_to=right.moved_to,
        moved_from=right.moved_from,
        time=right.time,
        slot=right.slot,
        slots=right.slots,
        minutes=right.minutes,
        after_midnight=right.after_midnight,
        overbooked=right.overbooked,
        updated_at=tx.now,
    )
    if not changed:
        raise errors.IllegalStep(subject=f"A{row.number}", status="changed", step="undo", needs=row.status)


def _restore_in_queue(tx: Tx, step: rows.StepRow, entry: rows.QueueRow | None, values: Mapping[str, Any]) -> None:
    """Restore the queue entry that a step changed, or delete the one that it created."""
    if not step.queue_to:
        return
    if not step.queue_from:
        stored.leave_queue(tx, appointment=step.appointment_id)
    elif entry is not None:
        if step.queue_from == QueueStatus.SERVING:
            queue_lookup.refuse_elsewhere(tx, entry)
        right = entry._replace(status=QueueStatus(step.queue_from), **values)
        stored_queue.advance(
            tx,
            row=entry.id,
            leaving=QueueStatus(step.queue_to),
            doctor_id=right.doctor_id,
            position=right.position,
            status=right.status,
            priority=right.priority,
            recalled=right.recalled,
            moved_up=right.moved_up,
            checked_in_at=right.checked_in_at,
            called_at=right.called_at,
            started_at=right.started_at,
            ended_at=right.ended_at,
        )


def _columns(
    tx: Tx, columns: Mapping[str, Any], known: Mapping[str, Callable[[Any], Any]], *, of: int
) -> dict[str, Any]:
    """Return the columns of a step's `before` with their types.

    Refuses anything else with `Damaged`.
    """
    try:
        return {column: None if value is None else known[column](value) for column, value in columns.items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        raise errors.Damaged(path=tx.place, reason=f"the record of the state before write {of} is unreadable") from None


def built_upon(write: rows.WriteRow, subject: str, later: int | str) -> errors.BuiltUpon:
    return errors.BuiltUpon(number=write.number, command=write.command, subject=subject, later=later)
