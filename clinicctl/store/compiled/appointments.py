"""Generated from queries/appointments.py by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from uuid import UUID

from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.values import from_bool, from_date, from_instant, from_time, from_uuid

_BY_ID = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, patients.number AS patient_number, patients.name AS patient_name, patients.phone AS
patient_phone, patients.born AS patient_born, patients.born_year AS patient_born_year, patients.sex AS
patient_sex, patients.archived_at AS patient_archived_at, doctors.code AS doctor_code, doctors.name AS
doctor_name, doctors.archived_at AS doctor_archived_at, queue_entries.position AS position, queue_doctors.code
AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.id = ?
"""


def by_id(tx: Tx, *, id: UUID) -> rows.AppointmentRow | None:
    return tx.fetch_one(_BY_ID, (from_uuid(id),), rows.appointment_row)


_BY_NUMBER = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, patients.number AS patient_number, patients.name AS patient_name, patients.phone AS
patient_phone, patients.born AS patient_born, patients.born_year AS patient_born_year, patients.sex AS
patient_sex, patients.archived_at AS patient_archived_at, doctors.code AS doctor_code, doctors.name AS
doctor_name, doctors.archived_at AS doctor_archived_at, queue_entries.position AS position, queue_doctors.code
AS queue_doctor_code
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN doctors ON doctors.id =
appointments.doctor_id LEFT OUTER JOIN queue_entries ON queue_entries.appointment_id = appointments.id LEFT
OUTER JOIN doctors AS queue_doctors ON queue_doctors.id = queue_entries.doctor_id
WHERE appointments.number = ?
"""


def by_number(tx: Tx, *, number: int) -> rows.AppointmentRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.appointment_row)


_ARRIVED = """
SELECT appointments.id, appointments.number, appointments.patient_id, appointments.doctor_id,
appointments.date, appointments.slot, appointments.visit, appointments.time, appointments.status,
appointments.reason, appointments.overbooked, appointments.cancelled_by, appointments.cancel_reason,
appointments.moved_to, appointments.moved_from, appointments."key", appointments.created_at,
appointments.updated_at, patients.number AS patient_number, patients.name AS patient_name, patients.phone AS
patient_phone, patients.born AS patient_born, patients.born_year AS patient_born_year, patients.sex AS
patient_sex, doctors.code AS doctor_code, queue_entries.position AS position, queue_entries.status AS
queue_status
FROM appointments JOIN patients ON patients.id = appointments.patient_id JOIN queue_entries ON
queue_entries.appointment_id = appointments.id JOIN doctors ON doctors.id = queue_entries.doctor_id
WHERE queue_entries.doctor_id = ? AND queue_entries.date = ? AND queue_entries.status IN ('waiting', 'called',
'serving', 'skipped', 'held') ORDER BY queue_entries.position
"""


def arrived(tx: Tx, *, doctor: UUID, on: Date) -> list[rows.ArrivedRow]:
    return tx.fetch_all(_ARRIVED, (from_uuid(doctor), from_date(on)), rows.arrived_row)


_INSERT = """
INSERT INTO appointments (id, number, patient_id, doctor_id, date, slot, visit, time, status, reason,
overbooked, cancelled_by, cancel_reason, moved_to, moved_from, "key", created_at, updated_at) VALUES (?, ?, ?,
?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    id: UUID,
    number: int,
    patient_id: UUID,
    doctor_id: UUID,
    date: Date,
    slot: int,
    visit: int,
    time: Time | None,
    status: AppointmentStatus,
    reason: str | None,
    overbooked: bool,
    cancelled_by: CancelledBy | None,
    cancel_reason: str | None,
    moved_to: int | None,
    moved_from: int | None,
    key: str | None,
    created_at: datetime,
    updated_at: datetime,
) -> int:
    return tx.execute(
        _INSERT,
        (
            from_uuid(id),
            number,
            from_uuid(patient_id),
            from_uuid(doctor_id),
            from_date(date),
            slot,
            visit,
            None if time is None else from_time(time),
            status.value,
            reason,
            from_bool(overbooked),
            None if cancelled_by is None else cancelled_by.value,
            cancel_reason,
            moved_to,
            moved_from,
            key,
            from_instant(created_at),
            from_instant(updated_at),
        ),
    )


_ADVANCE = """
UPDATE appointments SET status=?, cancelled_by=?, cancel_reason=?, moved_to=?, updated_at=? WHERE
appointments.id = ? AND appointments.status = ?
"""


def advance(
    tx: Tx,
    *,
    status: AppointmentStatus,
    cancelled_by: CancelledBy | None,
    cancel_reason: str | None,
    moved_to: int | None,
    updated_at: datetime,
    row: UUID,
    leaving: AppointmentStatus,
) -> int:
    return tx.execute(
        _ADVANCE,
        (
            status.value,
            None if cancelled_by is None else cancelled_by.value,
            cancel_reason,
            moved_to,
            from_instant(updated_at),
            from_uuid(row),
            leaving.value,
        ),
    )
