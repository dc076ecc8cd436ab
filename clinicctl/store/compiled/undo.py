"""Generated from queries/undo.py by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import datetime
from datetime import time as Time
from uuid import UUID

from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_bool, from_instant, from_time, from_uuid

_LAST_UNDOABLE_OR_UNDO = """
SELECT journal.number, journal.at, journal.actor, journal.command, journal."key", journal.undoes,
journal.said, journal.fingerprint, journal.outcome, journal.previous, journal.hash
FROM journal
WHERE journal.actor = ? AND journal.command != 'refused' AND journal.number <= ? AND (coalesce(journal.undoes,
0) = 0 AND NOT (EXISTS (SELECT undoing.number
FROM journal AS undoing
WHERE undoing.undoes = journal.number)) OR journal.said = ?) ORDER BY journal.number DESC
LIMIT 1 OFFSET ?
"""


def last_undoable_or_undo(tx: Tx, *, actor: str, until: int, undo: str) -> rows.WriteRow | None:
    return tx.fetch_one(_LAST_UNDOABLE_OR_UNDO, (actor, until, undo, 0), rows.write_row)


_NEWEST = """
SELECT journal.number
FROM journal
WHERE journal.actor = ? AND journal.command != 'refused' ORDER BY journal.number DESC
LIMIT 1 OFFSET ?
"""


def newest(tx: Tx, *, actor: str) -> int | None:
    return tx.fetch_one(_NEWEST, (actor, 0), lambda row: row[0])


_UNDONE_BY = """
SELECT journal.number
FROM journal
WHERE journal.undoes = ?
"""


def undone_by(tx: Tx, *, number: int) -> int | None:
    return tx.fetch_one(_UNDONE_BY, (number,), lambda row: row[0])


_STEPS = """
SELECT journal_steps.journal_number, journal_steps.nth, journal_steps.appointment_id,
journal_steps.from_status, journal_steps.to_status, journal_steps.queue_from, journal_steps.queue_to,
journal_steps.slot, journal_steps.position, journal_steps."before"
FROM journal_steps
WHERE journal_steps.journal_number = ? ORDER BY journal_steps.nth DESC
"""


def steps(tx: Tx, *, number: int) -> list[rows.StepRow]:
    return tx.fetch_all(_STEPS, (number,), rows.step_row)


_LATER_STEP = """
SELECT journal_steps.journal_number
FROM journal_steps JOIN journal ON journal.number = journal_steps.journal_number
WHERE journal_steps.appointment_id = ? AND journal_steps.journal_number > ? AND coalesce(journal.undoes, 0) =
0 AND NOT (EXISTS (SELECT undoing.number
FROM journal AS undoing
WHERE undoing.undoes = journal.number)) ORDER BY journal_steps.journal_number
LIMIT 1 OFFSET ?
"""


def later_step(tx: Tx, *, appointment: UUID, number: int) -> int | None:
    return tx.fetch_one(_LATER_STEP, (from_uuid(appointment), number, 0), lambda row: row[0])


_BOOKED_BY = """
SELECT journal_steps.journal_number
FROM journal_steps
WHERE journal_steps.appointment_id = ? AND journal_steps.from_status IS NULL
"""


def booked_by(tx: Tx, *, appointment: UUID) -> int | None:
    return tx.fetch_one(_BOOKED_BY, (from_uuid(appointment),), lambda row: row[0])


_PUT_BACK = """
UPDATE appointments SET slot=?, time=?, status=?, overbooked=?, cancelled_by=?, cancel_reason=?, moved_to=?,
moved_from=?, updated_at=?, slots=?, minutes=?, after_midnight=? WHERE appointments.id = ? AND
appointments.status = ?
"""


def put_back(
    tx: Tx,
    *,
    slot: int,
    time: Time | None,
    status: AppointmentStatus,
    overbooked: bool,
    cancelled_by: CancelledBy | None,
    cancel_reason: str | None,
    moved_to: int | None,
    moved_from: int | None,
    updated_at: datetime,
    slots: int,
    minutes: int | None,
    after_midnight: bool,
    row: UUID,
    leaving: AppointmentStatus,
) -> int:
    return tx.execute(
        _PUT_BACK,
        (
            slot,
            None if time is None else from_time(time),
            status.value,
            from_bool(overbooked),
            None if cancelled_by is None else cancelled_by.value,
            cancel_reason,
            moved_to,
            moved_from,
            from_instant(updated_at),
            slots,
            minutes,
            from_bool(after_midnight),
            from_uuid(row),
            leaving.value,
        ),
    )


_LEAVE_QUEUE = """
DELETE FROM queue_entries WHERE queue_entries.appointment_id = ?
"""


def leave_queue(tx: Tx, *, appointment: UUID) -> int:
    return tx.execute(_LEAVE_QUEUE, (from_uuid(appointment),))
