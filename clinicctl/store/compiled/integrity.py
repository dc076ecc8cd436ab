"""Generated from queries/integrity.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterator
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_uuid

_PATIENTS = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients ORDER BY patients.id
"""


def patients(tx: Tx) -> Iterator[rows.PatientRow]:
    return tx.iterate(_PATIENTS, (), rows.patient_row)


_WORDS = """
SELECT patient_words.word, patient_words.patient_id
FROM patient_words ORDER BY patient_words.patient_id
"""


def words(tx: Tx) -> Iterator[rows.PatientWordRow]:
    return tx.iterate(_WORDS, (), rows.patient_word_row)


_KEYS = """
SELECT patient_keys."key", patient_keys.patient
FROM patient_keys ORDER BY patient_keys.patient, patient_keys."key"
"""


def keys(tx: Tx) -> Iterator[rows.PatientKeyRow]:
    return tx.iterate(_KEYS, (), rows.patient_key_row)


_LEDGERS = """
SELECT doctor_daily_capacities.id, doctor_daily_capacities.doctor_id, doctor_daily_capacities.date,
doctor_daily_capacities.capacity, doctor_daily_capacities.booked, doctor_daily_capacities.remaining,
doctor_daily_capacities.last_position, doctor_daily_capacities.last_recall
FROM doctor_daily_capacities
WHERE doctor_daily_capacities.doctor_id = ? ORDER BY doctor_daily_capacities.date
"""


def ledgers(tx: Tx, *, doctor: UUID) -> list[rows.LedgerRow]:
    return tx.fetch_all(_LEDGERS, (from_uuid(doctor),), rows.ledger_row)


_HELD = """
SELECT appointments.date, CAST(coalesce(sum(appointments.slots) FILTER (WHERE appointments.status !=
'cancelled'), 0) AS INTEGER) AS slots
FROM appointments
WHERE appointments.doctor_id = ? GROUP BY appointments.date
"""


def held(tx: Tx, *, doctor: UUID) -> list[rows.HeldRow]:
    return tx.fetch_all(_HELD, (from_uuid(doctor),), rows.held_row)


_RELEASE_ALL = """
DELETE FROM held_slots
"""


def release_all(tx: Tx) -> int:
    return tx.execute(_RELEASE_ALL, ())


_HOLDERS = """
SELECT appointments.doctor_id, appointments.date, appointments.number, appointments.slot, appointments.slots
FROM appointments
WHERE appointments.status != 'cancelled' ORDER BY appointments.doctor_id, appointments.date,
appointments.number
"""


def holders(tx: Tx) -> Iterator[rows.HolderRow]:
    return tx.iterate(_HOLDERS, (), rows.holder_row)


_SET_LEDGER = """
UPDATE doctor_daily_capacities SET capacity=?, booked=?, remaining=?, last_position=? WHERE
doctor_daily_capacities.id = ?
"""


def set_ledger(tx: Tx, *, capacity: int, booked: int, remaining: int, last_position: int, row: UUID) -> int:
    return tx.execute(_SET_LEDGER, (capacity, booked, remaining, last_position, from_uuid(row)))


_COUNTERS = """
SELECT counters.name, counters.value
FROM counters
"""


def counters(tx: Tx) -> list[rows.CounterRow]:
    return tx.fetch_all(_COUNTERS, (), rows.counter_row)


_LAST_PATIENT = """
SELECT max(patients.number) AS number
FROM patients
"""


def last_patient(tx: Tx) -> int | None:
    return tx.fetch_one(_LAST_PATIENT, (), lambda row: row[0])


_LAST_APPOINTMENT = """
SELECT max(appointments.number) AS number
FROM appointments
"""


def last_appointment(tx: Tx) -> int | None:
    return tx.fetch_one(_LAST_APPOINTMENT, (), lambda row: row[0])


_LAST_WAITLIST_ENTRY = """
SELECT max(waitlist_entries.number) AS number
FROM waitlist_entries
"""


def last_waitlist_entry(tx: Tx) -> int | None:
    return tx.fetch_one(_LAST_WAITLIST_ENTRY, (), lambda row: row[0])


_INSERT_COUNTER = """
INSERT INTO counters (name, value) VALUES (?, ?)
"""


def insert_counter(tx: Tx, *, name: str, value: int) -> int:
    return tx.execute(_INSERT_COUNTER, (name, value))


_SET_COUNTER = """
UPDATE counters SET value=? WHERE counters.name = ?
"""


def set_counter(tx: Tx, *, value: int, kind: str) -> int:
    return tx.execute(_SET_COUNTER, (value, kind))


_SET_KEYS = """
UPDATE patients SET name_key=? WHERE patients.id = ?
"""


def set_keys(tx: Tx, *, name_key: str, row: UUID) -> int:
    return tx.execute(_SET_KEYS, (name_key, from_uuid(row)))
