"""The one way in which an appointment and its place in the queue change their status.

Each step is a conditional update on the status it leaves; zero rows is `IllegalStep`. Each is noted for the journal.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from clinicctl import errors
from clinicctl.rules.steps import Step
from clinicctl.statuses import AppointmentStatus
from clinicctl.store import engine
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import appointments, queue_entries
from clinicctl.store.sql import bindparam, select, update

_ADVANCE = update(appointments).where(
    appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")
)
_ADVANCE_QUEUE = update(queue_entries).where(
    queue_entries.c.id == bindparam("row"), queue_entries.c.status == bindparam("leaving")
)
_STATUS = select(appointments.c.status).where(appointments.c.id == bindparam("row"))
_QUEUE_STATUS = select(queue_entries.c.status).where(queue_entries.c.id == bindparam("row"))


def booked(tx: Tx, *, appointment_id: Any, slot: int) -> None:
    """Note the first step of an appointment, which its insertion has just taken."""
    tx.steps.append(engine.Step(appointment_id, None, AppointmentStatus.BOOKED, None, None, slot, None, "{}"))


def take(
    tx: Tx,
    step: Step,
    appointment: Row[Any],
    *,
    position: int | None = None,
    entry: Row[Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    queue_changes: Mapping[str, Any] | None = None,
) -> None:
    """Take one step of an appointment, and of its queue entry where there is one.

    Refuses with `IllegalStep`, which says what the status is now, when either is not one that the step may leave.
    """
    if entry is not None:
        subject = f"Position {entry.position}"
        _refuse_illegal(step, subject, entry.status, step.queue_leaves)
        advance_queue(tx, step, entry, {"status": step.queue_reaches, **(queue_changes or {})})
        position = (queue_changes or {}).get("position", entry.position)
    refuse_illegal(step, appointment)
    values = {"status": step.reaches, "updated_at": tx.now, **(changes or {})}
    if not tx.run(_ADVANCE, row=appointment.id, leaving=appointment.status, **values):
        raise _illegal(step, f"A{appointment.number}", tx.one(_STATUS, row=appointment.id))
    note(
        tx,
        appointment,
        to_status=step.reaches,
        entry=entry,
        queue_to=step.queue_reaches,
        position=position,
        before={
            "appointment": _before(appointment, (changes or {}).keys() - {"cancel_reason"}),
            "queue": _before(entry, (queue_changes or {}).keys()) if entry is not None else {},
        },
    )


def advance_queue(tx: Tx, step: Step, entry: Row[Any], values: Mapping[str, Any]) -> None:
    """Change a queue entry, if it is still in the status in which it was read."""
    if not tx.run(_ADVANCE_QUEUE, row=entry.id, leaving=entry.status, **values):
        raise _illegal(step, f"Position {entry.position}", tx.one(_QUEUE_STATUS, row=entry.id))


def note(
    tx: Tx,
    appointment: Row[Any],
    *,
    to_status: str,
    entry: Row[Any] | None = None,
    queue_to: str | None = None,
    position: int | None = None,
    before: Mapping[str, Any] | None = None,
) -> None:
    """Note a step for the journal, with what the changed columns held before it."""
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


def _before(row: Row[Any], columns: Iterable[str]) -> dict[str, Any]:
    return {column: _kept(getattr(row, column)) for column in sorted(columns)}


def _kept(value: Any) -> Any:
    """A column's value as JSON, to the microsecond."""
    return value if value is None or isinstance(value, int | str) else str(value)


def refuse_illegal(step: Step, appointment: Row[Any]) -> None:
    """Refuse a step that the appointment's status may not take."""
    _refuse_illegal(step, f"A{appointment.number}", appointment.status, step.leaves)


def _refuse_illegal(step: Step, subject: str, status: str, leaves: Iterable[str]) -> None:
    if status not in leaves:
        raise errors.IllegalStep(subject=subject, status=status, step=step.name, needs=step.needs)


def _illegal(step: Step, subject: str, now: Row[Any] | None) -> errors.IllegalStep:
    status = now.status if now is not None else "gone"
    return errors.IllegalStep(subject=subject, status=status, step=step.name, needs=step.needs)
