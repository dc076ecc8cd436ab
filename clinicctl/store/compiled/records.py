"""Generated from queries/records.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid

_COMPARED = """
SELECT patients.number, patients.name, patients.phone, patients.born, patients.born_year, patients.sex,
patients.created_at
FROM patients
WHERE patients.archived_at IS NULL
"""


def compared(tx: Tx) -> Iterator[rows.ComparedRow]:
    return tx.iterate(_COMPARED, (), rows.compared_row)


_FURTHER_PHONES = """
SELECT patients.number, patient_phones.ending
FROM patients JOIN patient_phones ON patient_phones.patient_id = patients.id
WHERE patients.archived_at IS NULL AND patient_phones.position > 1
"""


def further_phones(tx: Tx) -> Iterator[rows.NumberedPhoneRow]:
    return tx.iterate(_FURTHER_PHONES, (), rows.numbered_phone_row)


_SHARING_NAME_KEY = """
SELECT patients.name_key, patients.number
FROM patients
WHERE patients.archived_at IS NULL AND patients.name_key IN (SELECT shared.name_key
FROM patients AS shared
WHERE shared.archived_at IS NULL GROUP BY shared.name_key
HAVING count(*) > 1) ORDER BY patients.name_key, patients.number
"""


def sharing_name_key(tx: Tx) -> Iterator[rows.NamedRow]:
    return tx.iterate(_SHARING_NAME_KEY, (), rows.named_row)


_SHARING_KEY = """
SELECT patient_keys."key", group_concat(CAST(patient_keys.patient AS VARCHAR), ',') AS patients
FROM patient_keys GROUP BY patient_keys."key"
HAVING count(*) BETWEEN 2 AND ? ORDER BY patient_keys."key"
"""


def sharing_key(tx: Tx, *, most: int) -> Iterator[rows.SharedKeyRow]:
    return tx.iterate(_SHARING_KEY, (most,), rows.shared_key_row)


_WORD_COUNTS = """
SELECT patient_words.word, count(*) AS patients
FROM patient_words GROUP BY patient_words.word
"""


def word_counts(tx: Tx) -> Iterator[rows.WordCountRow]:
    return tx.iterate(_WORD_COUNTS, (), rows.word_count_row)


_CROWDED_PHONES = """
SELECT patient_phones.ending
FROM patient_phones JOIN patients ON patients.id = patient_phones.patient_id
WHERE patients.merged_into IS NULL GROUP BY patient_phones.ending
HAVING count(*) > ?
"""


def crowded_phones(tx: Tx, *, most: int) -> list[str]:
    return tx.fetch_all(_CROWDED_PHONES, (most,), lambda row: row[0])


_LAST_VISITS = """
SELECT appointments.patient_id, max(CASE WHEN (appointments.status IN ('checked_in', 'in_consultation',
'completed', 'left')) THEN appointments.date END) AS came, max(CASE WHEN (appointments.status = 'booked' AND
appointments.date < ?) THEN appointments.date END) AS booked
FROM appointments
WHERE appointments.patient_id IN (SELECT patients_listed.value
FROM json_each(?) AS patients_listed) AND appointments.date <= ? GROUP BY appointments.patient_id
"""


def last_visits(tx: Tx, *, today: Date, patients: Iterable[UUID]) -> list[rows.LastVisitRow]:
    return tx.fetch_all(
        _LAST_VISITS,
        (from_date(today), from_list(patients, from_uuid), from_date(today)),
        rows.last_visit_row,
    )


_DISTINCT = """
SELECT one.number AS one, other.number AS other
FROM distinct_patients JOIN patients AS one ON one.id = distinct_patients.one_id JOIN patients AS other ON
other.id = distinct_patients.other_id
"""


def distinct(tx: Tx) -> list[rows.DistinctNumbersRow]:
    return tx.fetch_all(_DISTINCT, (), rows.distinct_numbers_row)


_DISTINCT_FROM = """
SELECT distinct_patients.one_id, distinct_patients.other_id
FROM distinct_patients
WHERE distinct_patients.one_id = ? OR distinct_patients.other_id = ?
"""


def distinct_from(tx: Tx, *, patient: UUID) -> list[rows.DistinctRow]:
    return tx.fetch_all(_DISTINCT_FROM, (from_uuid(patient), from_uuid(patient)), rows.distinct_row)


_IS_DISTINCT = """
SELECT distinct_patients.one_id, distinct_patients.other_id
FROM distinct_patients
WHERE distinct_patients.one_id = ? AND distinct_patients.other_id = ?
"""


def is_distinct(tx: Tx, *, one: UUID, other: UUID) -> rows.DistinctRow | None:
    return tx.fetch_one(_IS_DISTINCT, (from_uuid(one), from_uuid(other)), rows.distinct_row)


_INSERT_DISTINCT = """
INSERT INTO distinct_patients (one_id, other_id) VALUES (?, ?)
"""


def insert_distinct(tx: Tx, *, one_id: UUID, other_id: UUID) -> int:
    return tx.execute(_INSERT_DISTINCT, (from_uuid(one_id), from_uuid(other_id)))


_DELETE_DISTINCT = """
DELETE FROM distinct_patients WHERE distinct_patients.one_id = ? AND distinct_patients.other_id = ?
"""


def delete_distinct(tx: Tx, *, one: UUID, other: UUID) -> int:
    return tx.execute(_DELETE_DISTINCT, (from_uuid(one), from_uuid(other)))


_COUNT_APPOINTMENTS = """
SELECT count(*) AS count_1
FROM appointments
WHERE appointments.patient_id = ?
"""


def count_appointments(tx: Tx, *, patient: UUID) -> int | None:
    return tx.fetch_one(_COUNT_APPOINTMENTS, (from_uuid(patient),), lambda row: row[0])


_MOVE_APPOINTMENTS = """
UPDATE appointments SET patient_id=?, updated_at=? WHERE appointments.patient_id = ?
"""


def move_appointments(tx: Tx, *, patient_id: UUID, updated_at: datetime, patient: UUID) -> int:
    return tx.execute(_MOVE_APPOINTMENTS, (from_uuid(patient_id), from_instant(updated_at), from_uuid(patient)))


_MOVE_MERGED = """
UPDATE patients SET updated_at=?, merged_into=? WHERE patients.merged_into = ?
"""


def move_merged(tx: Tx, *, updated_at: datetime, merged_into: UUID | None, old: UUID) -> int:
    return tx.execute(
        _MOVE_MERGED,
        (from_instant(updated_at), None if merged_into is None else from_uuid(merged_into), from_uuid(old)),
    )


_CLEAR_REASONS = """
UPDATE appointments SET reason=NULL, cancel_reason=NULL, note=NULL WHERE appointments.patient_id = ?
"""


def clear_reasons(tx: Tx, *, patient: UUID) -> int:
    return tx.execute(_CLEAR_REASONS, (from_uuid(patient),))
