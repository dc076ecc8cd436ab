"""The one way in which an appointment and its place in the queue change their status.

Each step is a conditional update on the status it leaves; zero rows is `IllegalStep`. Each is noted for the journal.
"""

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
    tx.steps.append(engine.Step(appointment_id, None, AppointmentStatus.BOOKED, None, None, slot, None))


def take(
    tx: Tx,
    step: Step,
    appointment: Row[Any],
    *,
    position: int | None = None,
    entry: Row[Any] | None = None,
    changes: dict[str, Any] | None = None,
    queue_changes: dict[str, Any] | None = None,
) -> None:
    """Take one step of an appointment, and of its queue entry where there is one.

    Refuses with `IllegalStep`, which says what the status is now, when either is not one that the step may leave.
    """
    if entry is not None:
        subject = f"Position {entry.position}"
        _refuse_illegal(step, subject, entry.status, step.queue_leaves)
        values = {"status": step.queue_reaches, **(queue_changes or {})}
        if not tx.run(_ADVANCE_QUEUE, row=entry.id, leaving=entry.status, **values):
            raise _illegal(step, subject, tx.one(_QUEUE_STATUS, row=entry.id))
        position = entry.position
    subject = f"A{appointment.number}"
    _refuse_illegal(step, subject, appointment.status, step.leaves)
    values = {"status": step.reaches, "updated_at": tx.now, **(changes or {})}
    if not tx.run(_ADVANCE, row=appointment.id, leaving=appointment.status, **values):
        raise _illegal(step, subject, tx.one(_STATUS, row=appointment.id))
    tx.steps.append(
        engine.Step(
            appointment.id,
            appointment.status,
            step.reaches,
            entry.status if entry is not None else None,
            step.queue_reaches,
            appointment.slot,
            position,
        )
    )


def _refuse_illegal(step: Step, subject: str, status: str, leaves: Any) -> None:
    if status not in leaves:
        raise errors.IllegalStep(subject=subject, status=status, step=step.name, needs=step.needs)


def _illegal(step: Step, subject: str, now: Row[Any] | None) -> errors.IllegalStep:
    status = now.status if now is not None else "gone"
    return errors.IllegalStep(subject=subject, status=status, step=step.name, needs=step.needs)
