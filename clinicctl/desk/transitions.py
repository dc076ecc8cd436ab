"""Change the status of appointments and queue entries. Nothing else may change it.

Each step is a conditional update on the current status; zero rows is `IllegalStep`. Each step goes into the journal.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
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


def booked(tx: Tx, *, appointment_id: UUID, slot: int) -> None:
    """Record the first step of a new appointment."""
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
    if entry is not None:
        subject = f"Position {entry.position}"
        _refuse_illegal(step, subject, entry.status, step.queue_leaves)
        assert step.queue_reaches is not None, step.name
        advance_queue(tx, step, entry, queue_changes, reaches=step.queue_reaches)
        position = queue_changes.get("position", entry.position)
    refuse_illegal(step, appointment)
    after = appointment._replace(**changes)
    if not appointments.advance(
        tx,
        row=appointment.id,
        leaving=appointment.status,
        status=step.reaches,
        cancelled_by=after.cancelled_by,
        cancel_reason=after.cancel_reason,
        moved_to=after.moved_to,
        updated_at=tx.now,
    ):
        raise _illegal(step, f"A{appointment.number}", appointments.status(tx, id=appointment.id))
    note(
        tx,
        appointment,
        to_status=step.reaches,
        entry=entry,
        queue_to=step.queue_reaches,
        position=position,
        before={
            "appointment": _before(appointment._asdict(), changes.keys() - {"cancel_reason"}),
            "queue": _before(entry._asdict(), queue_changes.keys()) if entry is not None else {},
        },
    )


def advance_queue(tx: Tx, step: Step, entry: rows.QueueRow, changes: QueueChanges, *, reaches: QueueStatus) -> None:
    """Change a queue entry if its status has not changed since it was read."""
    after = entry._replace(**changes)
    if not stored_queue.advance(
        tx,
        row=entry.id,
        leaving=entry.status,
        doctor_id=after.doctor_id,
        position=after.position,
        status=reaches,
        priority=after.priority,
        recalled=after.recalled,
        moved_up=after.moved_up,
        checked_in_at=after.checked_in_at,
        called_at=after.called_at,
        started_at=after.started_at,
        ended_at=after.ended_at,
    ):
        raise _illegal(step, f"Position {entry.position}", stored_queue.status(tx, id=entry.id))


def note(
    tx: Tx,
    appointment: rows.AppointmentRow,
    *,
    to_status: str,
    entry: rows.QueueRow | None = None,
    queue_to: str | None = None,
    position: int | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Record a step for the journal, with the changed columns before it."""
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
