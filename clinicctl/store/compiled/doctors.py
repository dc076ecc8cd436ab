"""Generated from queries/doctors.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_instant, from_list, from_uuid

_BY_ID = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.id = ?
"""


def by_id(tx: Tx, *, id: UUID) -> rows.DoctorRow | None:
    return tx.fetch_one(_BY_ID, (from_uuid(id),), rows.doctor_row)


_BY_CODE = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.code = ?
"""


def by_code(tx: Tx, *, code: str) -> rows.DoctorRow | None:
    return tx.fetch_one(_BY_CODE, (code,), rows.doctor_row)


_EVERYBODY = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors ORDER BY doctors.code
"""


def everybody(tx: Tx) -> list[rows.DoctorRow]:
    return tx.fetch_all(_EVERYBODY, (), rows.doctor_row)


_ON_STAFF = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.archived_at IS NULL ORDER BY doctors.code
"""


def on_staff(tx: Tx) -> list[rows.DoctorRow]:
    return tx.fetch_all(_ON_STAFF, (), rows.doctor_row)


_ON_STAFF_OR_AMONG = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.archived_at IS NULL OR doctors.id IN (SELECT doctors_listed.value
FROM json_each(?) AS doctors_listed) ORDER BY doctors.code
"""


def on_staff_or_among(tx: Tx, *, doctors: Iterable[UUID]) -> list[rows.DoctorRow]:
    return tx.fetch_all(_ON_STAFF_OR_AMONG, (from_list(doctors, from_uuid),), rows.doctor_row)


_INSERT = """
INSERT INTO doctors (id, code, name, specialty, capacity, created_at, updated_at, archived_at) VALUES (?, ?,
?, ?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    id: UUID,
    code: str,
    name: str,
    specialty: str | None,
    capacity: int | None,
    created_at: datetime,
    updated_at: datetime,
    archived_at: datetime | None,
) -> int:
    return tx.execute(
        _INSERT,
        (
            from_uuid(id),
            code,
            name,
            specialty,
            capacity,
            from_instant(created_at),
            from_instant(updated_at),
            None if archived_at is None else from_instant(archived_at),
        ),
    )


_UPDATE = """
UPDATE doctors SET name=?, specialty=?, capacity=?, updated_at=?, archived_at=? WHERE doctors.id = ?
"""


def update(
    tx: Tx,
    *,
    name: str,
    specialty: str | None,
    capacity: int | None,
    updated_at: datetime,
    archived_at: datetime | None,
    id: UUID,
) -> int:
    return tx.execute(
        _UPDATE,
        (
            name,
            specialty,
            capacity,
            from_instant(updated_at),
            None if archived_at is None else from_instant(archived_at),
            from_uuid(id),
        ),
    )
