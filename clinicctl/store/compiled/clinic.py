"""Generated from queries/clinic.py by `python -m clinicctl.store.compile`. Do not edit."""

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx

_VALUE = """
SELECT settings.value
FROM settings
WHERE settings.name = ?
"""


def value(tx: Tx, *, name: str) -> str | None:
    return tx.fetch_one(_VALUE, (name,), lambda row: row[0])


_DELETE = """
DELETE FROM settings WHERE settings.name = ?
"""


def delete(tx: Tx, *, name: str) -> int:
    return tx.execute(_DELETE, (name,))


_INSERT = """
INSERT INTO settings (name, value) VALUES (?, ?)
"""


def insert(tx: Tx, *, name: str, value: str) -> int:
    return tx.execute(_INSERT, (name, value))


_TEMPLATES = """
SELECT settings.name, settings.value
FROM settings
WHERE settings.name > 'template.' AND settings.name < 'template/'
"""


def templates(tx: Tx) -> list[rows.SettingRow]:
    return tx.fetch_all(_TEMPLATES, (), rows.setting_row)


_VISIT_TYPES = """
SELECT visit_types.name, visit_types.minutes
FROM visit_types ORDER BY visit_types.name
"""


def visit_types(tx: Tx) -> list[rows.VisitTypeRow]:
    return tx.fetch_all(_VISIT_TYPES, (), rows.visit_type_row)


_INSERT_VISIT_TYPE = """
INSERT INTO visit_types (name, minutes) VALUES (?, ?)
"""


def insert_visit_type(tx: Tx, *, name: str, minutes: int) -> int:
    return tx.execute(_INSERT_VISIT_TYPE, (name, minutes))


_UPDATE_VISIT_TYPE = """
UPDATE visit_types SET minutes=? WHERE visit_types.name = ?
"""


def update_visit_type(tx: Tx, *, minutes: int, kind: str) -> int:
    return tx.execute(_UPDATE_VISIT_TYPE, (minutes, kind))


_DELETE_VISIT_TYPE = """
DELETE FROM visit_types WHERE visit_types.name = ?
"""


def delete_visit_type(tx: Tx, *, kind: str) -> int:
    return tx.execute(_DELETE_VISIT_TYPE, (kind,))


_DOCTORS_WITHOUT_CAPACITY = """
SELECT doctors.id, doctors.code, doctors.name, doctors.specialty, doctors.capacity, doctors.created_at,
doctors.updated_at, doctors.archived_at
FROM doctors
WHERE doctors.capacity IS NULL
"""


def doctors_without_capacity(tx: Tx) -> list[rows.DoctorRow]:
    return tx.fetch_all(_DOCTORS_WITHOUT_CAPACITY, (), rows.doctor_row)
