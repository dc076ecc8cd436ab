"""Generated from queries/patients.py by `python -m clinicctl.store.compile`. Do not edit."""

from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.values import from_uuid

_BY_ID = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.id = ?
"""


def by_id(tx: Tx, *, id: UUID) -> rows.PatientRow | None:
    return tx.fetch_one(_BY_ID, (from_uuid(id),), rows.patient_row)


_BY_NUMBER = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.number = ?
"""


def by_number(tx: Tx, *, number: int) -> rows.PatientRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.patient_row)
