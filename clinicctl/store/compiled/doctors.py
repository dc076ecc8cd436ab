"""Generated from queries/doctors.py by `python -m clinicctl.store.compile`. Do not edit."""

from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.values import from_uuid

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
