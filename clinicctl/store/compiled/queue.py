"""Generated from queries/queue.py by `python -m clinicctl.store.compile`. Do not edit."""

from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.values import from_uuid

_OF_APPOINTMENT = """
SELECT queue_entries.id, queue_entries.appointment_id, queue_entries.doctor_id, queue_entries.date,
queue_entries.position, queue_entries.status, queue_entries.priority, queue_entries.recalled,
queue_entries.checked_in_at, queue_entries.called_at, queue_entries.started_at, queue_entries.ended_at,
doctors.code AS doctor_code, doctors.name AS doctor_name, doctors.archived_at AS doctor_archived_at
FROM queue_entries JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.appointment_id = ?
"""


def of_appointment(tx: Tx, *, appointment: UUID) -> rows.QueueRow | None:
    return tx.fetch_one(_OF_APPOINTMENT, (from_uuid(appointment),), rows.queue_row)
