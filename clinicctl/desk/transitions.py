"""Change the status of appointments and queue entries. Nothing else may change it.

Each step is a conditional update on the current status; zero rows is `IllegalStep`. Each step goes into the journal.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, TypedDict
from uuid import UUID

from clinicctl import errors
from clinicctl.rules.transitions import Step
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus
from clinicctl.store import engine
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Tx


class AppointmentChanges(TypedDict, total=False):
    """The columns of an appointment that a step may change besides the status."""

    cancelled_by: CancelledBy | None
    cancel_reason: str | None
    moved_to: int | None


class QueueChanges(TypedDict, total=False):
    """The columns of a queue entry that a step may change besides the status."""

    doctor_id: UUID
    position: int
    priority: int
    recalled: int
    moved_up: bool
    checked_in_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


def booked(tx: Tx, *, appointment_id: UUID, slot: int, change: engine.VisitChange) -> None:
    """Record the first step of a new appointment."""
    if tx.clinic.notify == "on":
        tx.changes.append(change)
    tx.steps.append(engine.Step(appointment_id, None, AppointmentStatus.BOOKED, None, None, slot, None, "{}"))


def take(
    tx: Tx,
    step: Step,
    appointment: rows.AppointmentRow,
    *,
    position: int | None = None,
    entry: rows.QueueRow | None = None,
    changes: AppointmentChanges | None = None,
    queue_changes: QueueChanges | None = None,
) -> None:
    """Take one step of an appointment, and of its queue entry if there is one.

    Refuses with `IllegalStep`, which has the current status, if the step does not start from it.
    """
    changes, queue_changes = changes or {}, queue_changes or {}
    steps: list[Callable[[Tx], int]] = [partial(_advance, step=step, row=appointment, changes=changes, at=tx.now)]
    if entry is not None:
        _refuse_illegal(step, f"Position {entry.position}", entry.status, step.queue_leaves)
        assert step.queue_reaches is not None, step.name
        changed = after(step, entry, queue_changes)
        steps.insert(0, partial(_advance_queue, entry=entry, changed=changed))
        position = changed.position
    refuse_illegal(step, appointment)
    *advanced_queue, advanced = tx.together(*steps)
    if entry is not None and advanced_queue == [0]:
        raise _no_longer(tx, step, entry)
    if not advanced:
        raise _illegal(step, f"A{appointment.number}", appointments.status(tx, id=appointment.id))
    note(
        tx,
        appointment,
        to_status=step.reaches,
        entry=entry,
        queue_to=step.queue_reaches,
        position=position,
        after=appointment._replace(status=step.reaches, **changes),
        before={
            "appointment": _before(appointment._asdict(), changes.keys() - {"cancel_reason"}),
            "queue": _before(entry._asdict(), queue_changes.keys()) if entry is not None else {},
        },
    )


def after(step: Step, entry: rows.QueueRow, changes: QueueChanges | None) -> rows.QueueRow:
    """Return a queue entry as a step and its changes leave it."""
    return entry._replace(status=step.queue_reaches or entry.status, **(changes or {}))


def change_queue(tx: Tx, step: Step, entry: rows.QueueRow, changed: rows.QueueRow) -> None:
    """Change a queue entry if its status has not changed since it was read."""
    if not _advance_queue(tx, entry=entry, changed=changed):
        raise _no_longer(tx, step, entry)


def _advance(tx: Tx, *, step: Step, row: rows.AppointmentRow, changes: AppointmentChanges, at: datetime) -> int:
    changed = row._replace(**changes)
    return appointments.advance(
        tx,
        row=row.id,
        leaving=row.status,
        status=step.reaches,
        cancelled_by=changed.cancelled_by,
        cancel_reason=changed.cancel_reason,
        moved_to=changed.moved_to,
        updated_at=at,
    )


def _advance_queue(tx: Tx, *, entry: rows.QueueRow, changed: rows.QueueRow) -> int:
    return stored_queue.advance(
        tx,
        row=entry.id,
        leaving=entry.status,
        doctor_id=changed.doctor_id,
        position=changed.position,
        status=changed.status,
        priority=changed.priority,
        recalled=changed.recalled,
        moved_up=changed.moved_up,
        checked_in_at=changed.checked_in_at,
        called_at=changed.called_at,
        started_at=changed.started_at,
        ended_at=changed.ended_at,
    )


def _no_longer(tx: Tx, step: Step, entry: rows.QueueRow) -> errors.IllegalStep:
    return _illegal(step, f"Position {entry.position}", stored_queue.status(tx, id=entry.id))


def note(
    tx: Tx,
    appointment: rows.AppointmentRow,
    *,
    to_status: str,
    entry: rows.QueueRow | None = None,
    queue_to: str | None = None,
    position: int | None = None,
    before: Mapping[str, Any] | None = None,
    was: rows.AppointmentRow | None = None,
    after: rows.AppointmentRow | None = None,
) -> None:
    """Record a step for the journal, with the changed columns before it.

    `was` and `after` are the appointment before and after the change, if they differ from `appointment`.
    """
    note_change(tx, was or appointment, after or appointment, to_status, entry)
    tx.steps.append(
        engine.Step(
            appointment_id=appointment.id,
            from_status=appointment.status,
            to_status=to_status,
            queue_from=entry.status if entry is not None else None,
            queue_to=queue_to,
            slot=appointment.slot,
            position=position,
            before=json.dumps(before or {}, sort_keys=True),
        )
    )


def note_change(
    tx: Tx, row: rows.AppointmentRow, after: rows.AppointmentRow, status: str, entry: rows.QueueRow | None = None
) -> None:
    """Record what has changed, in a clinic that sends messages.

    What was linked before counts, too.
    """
    if tx.clinic.notify != "on":
        return
    left = entry is not None and entry.status == QueueStatus.WAITING
    tx.changes.append(
        engine.VisitChange(
            number=row.number,
            before=row.status,
            status=status,
            date=after.date,
            time=after.time,
            after_midnight=after.after_midnight,
            moved_from=after.moved_from or row.moved_from,
            moved_to=after.moved_to or row.moved_to,
            cancelled_by=after.cancelled_by,
            retimed=(row.time, row.after_midnight) != (after.time, after.after_midnight),
            queue=(entry.doctor_id, entry.date) if entry is not None and left else None,
        )
    )


def _before(values: Mapping[str, Any], columns: Iterable[str]) -> dict[str, Any]:
    return {column: _as_json(values[column]) for column in sorted(columns)}


def _as_json(value: Any) -> Any:
    """Return a column's value as JSON, instants to the microsecond."""
    return value if value is None or isinstance(value, int | str) else str(value)


def refuse_illegal(step: Step, appointment: rows.AppointmentRow) -> None:
    """Refuse a step that does not start from the appointment's status."""
    _refuse_illegal(step, f"A{appointment.number}", appointment.status, step.leaves)


def _refuse_illegal(step: Step, subject: str, status: str, leaves: Iterable[str]) -> None:
    if status not in leaves:
        raise errors.IllegalStep(subject=subject, status=status, step=step.name, needs=step.needs)


def _illegal(step: Step, subject: str, now: str | None) -> errors.IllegalStep:
    return errors.IllegalStep(subject=subject, status=now or "gone", step=step.name, needs=step.needs)
