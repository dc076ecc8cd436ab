"""Generated from queries/patients.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.statuses import Sex
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx, joined
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid

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


_ON_FILE = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.archived_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def on_file(tx: Tx, *, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_ON_FILE, (limit, 0), rows.patient_row)


_NOT_ERASED = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.erased_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def not_erased(tx: Tx, *, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_NOT_ERASED, (limit, 0), rows.patient_row)


_COUNT = """
SELECT count(*) AS count_1
FROM patients
WHERE patients.archived_at IS NULL
"""


def count(tx: Tx) -> int | None:
    return tx.fetch_one(_COUNT, (), lambda row: row[0])


_FIND = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND {conditions} ORDER BY
patients.number
LIMIT ? OFFSET ?
"""


def find(tx: Tx, conditions: Sequence[Condition], *, limit: int) -> list[rows.PatientRow]:
    where, values = joined(conditions)
    return tx.fetch_all(_FIND.format(conditions=where), (*values, limit, 0), rows.patient_row)


_HAS_WORD = """
patients.id IN (SELECT patient_words.patient_id
FROM patient_words
WHERE patient_words.word BETWEEN ? AND ?)
"""


def has_word(*, first: str, last: str) -> Condition:
    return Condition(_HAS_WORD, (first, last))


_HAS_ONE_OF = """
patients.id IN (SELECT patient_words.patient_id
FROM patient_words
WHERE patient_words.word IN (SELECT words_listed.value
FROM json_each(?) AS words_listed))
"""


def has_one_of(*, words: Iterable[str]) -> Condition:
    return Condition(_HAS_ONE_OF, (from_list(words),))


_WORDS_BETWEEN = """
WITH RECURSIVE found(word) AS
(SELECT min(patient_words.word) AS word
FROM patient_words
WHERE patient_words.word BETWEEN ? AND ? UNION ALL SELECT (SELECT min(patient_words.word) AS min_1
FROM patient_words
WHERE patient_words.word > found.word AND patient_words.word <= ?) AS anon_1
FROM found
WHERE found.word IS NOT NULL)
SELECT found.word
FROM found
WHERE found.word IS NOT NULL
LIMIT ? OFFSET ?
"""


def words_between(tx: Tx, *, first: str, last: str, limit: int) -> list[str | None]:
    return tx.fetch_all(_WORDS_BETWEEN, (first, last, last, limit, 0), lambda row: row[0])


_WITH_PHONE_ENDING = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.phone LIKE ('%' || ?) ORDER BY patients.number
"""


def with_phone_ending(tx: Tx, *, ending: str) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_PHONE_ENDING, (ending,), rows.patient_row)


_WITH_PHONE = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.phone = ? ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def with_phone(tx: Tx, *, phone: str, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_PHONE, (phone, limit, 0), rows.patient_row)


_WITH_PHONES = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.phone IN (SELECT phones_listed.value
FROM json_each(?) AS phones_listed) ORDER BY patients.number
"""


def with_phones(tx: Tx, *, phones: Iterable[str]) -> Iterator[rows.PatientRow]:
    return tx.iterate(_WITH_PHONES, (from_list(phones),), rows.patient_row)


_ON_PHONE = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.phone = ? AND patients.archived_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def on_phone(tx: Tx, *, phone: str, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_ON_PHONE, (phone, limit, 0), rows.patient_row)


_COUNT_OTHERS_ON_PHONE = """
SELECT count(*) AS count_1
FROM patients
WHERE patients.phone = ? AND patients.id != ? AND patients.archived_at IS NULL
"""


def count_others_on_phone(tx: Tx, *, phone: str, but: UUID) -> int | None:
    return tx.fetch_one(_COUNT_OTHERS_ON_PHONE, (phone, from_uuid(but)), lambda row: row[0])


_WITH_NAME_KEY = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) ORDER BY
patients.number
"""


def with_name_key(tx: Tx, *, name_key: str) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_NAME_KEY, (name_key,), rows.patient_row)


_WITH_NAME_KEYS = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.name_key IN (SELECT name_keys_listed.value
FROM json_each(?) AS name_keys_listed) ORDER BY patients.number
"""


def with_name_keys(tx: Tx, *, name_keys: Iterable[str]) -> Iterator[rows.PatientRow]:
    return tx.iterate(_WITH_NAME_KEYS, (from_list(name_keys),), rows.patient_row)


_AFTER = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.number > ? ORDER BY patients.number
"""


def after(tx: Tx, *, number: int) -> Iterator[rows.PatientRow]:
    return tx.iterate(_AFTER, (number,), rows.patient_row)


_MERGED = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.merged_into IS NOT NULL ORDER BY patients.number
"""


def merged(tx: Tx) -> list[rows.PatientRow]:
    return tx.fetch_all(_MERGED, (), rows.patient_row)


_MERGED_INTO = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.sound_key, patients.phone,
patients.born, patients.born_year, patients.sex, patients.email, patients.note, patients.created_at,
patients.updated_at, patients.archived_at, patients.merged_into, patients.erased_at
FROM patients
WHERE patients.merged_into = ? ORDER BY patients.number
"""


def merged_into(tx: Tx, *, survivor: UUID) -> list[rows.PatientRow]:
    return tx.fetch_all(_MERGED_INTO, (from_uuid(survivor),), rows.patient_row)


_INSERT = """
INSERT INTO patients (id, number, name, name_key, sound_key, phone, born, born_year, sex, email, note,
created_at, updated_at, archived_at, merged_into, erased_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
?, ?)
"""


def insert(tx: Tx, every: Iterable[rows.PatientRow]) -> int:
    return tx.execute_many(
        _INSERT,
        (
            (
                from_uuid(each.id),
                each.number,
                each.name,
                each.name_key,
                each.sound_key,
                each.phone,
                None if each.born is None else from_date(each.born),
                each.born_year,
                each.sex.value,
                each.email,
                each.note,
                from_instant(each.created_at),
                from_instant(each.updated_at),
                None if each.archived_at is None else from_instant(each.archived_at),
                None if each.merged_into is None else from_uuid(each.merged_into),
                None if each.erased_at is None else from_instant(each.erased_at),
            )
            for each in every
        ),
    )


_UPDATE = """
UPDATE patients SET name=?, name_key=?, sound_key=?, phone=?, born=?, born_year=?, sex=?, email=?, note=?,
updated_at=?, archived_at=?, merged_into=?, erased_at=? WHERE patients.id = ?
"""


def update(
    tx: Tx,
    *,
    name: str,
    name_key: str,
    sound_key: str,
    phone: str | None,
    born: Date | None,
    born_year: int | None,
    sex: Sex,
    email: str | None,
    note: str | None,
    updated_at: datetime,
    archived_at: datetime | None,
    merged_into: UUID | None,
    erased_at: datetime | None,
    id: UUID,
) -> int:
    return tx.execute(
        _UPDATE,
        (
            name,
            name_key,
            sound_key,
            phone,
            None if born is None else from_date(born),
            born_year,
            sex.value,
            email,
            note,
            from_instant(updated_at),
            None if archived_at is None else from_instant(archived_at),
            None if merged_into is None else from_uuid(merged_into),
            None if erased_at is None else from_instant(erased_at),
            from_uuid(id),
        ),
    )


_FILL = """
UPDATE patients SET born=?, born_year=?, sex=?, email=?, note=?, updated_at=? WHERE patients.id = ?
"""


def fill(tx: Tx, every: Iterable[rows.PatientDetailsRow]) -> int:
    return tx.execute_many(
        _FILL,
        (
            (
                None if each.born is None else from_date(each.born),
                each.born_year,
                each.sex.value,
                each.email,
                each.note,
                from_instant(each.updated_at),
                from_uuid(each.id),
            )
            for each in every
        ),
    )


_INSERT_WORDS = """
INSERT INTO patient_words (word, patient_id) VALUES (?, ?)
"""


def insert_words(tx: Tx, every: Iterable[rows.PatientWordRow]) -> int:
    return tx.execute_many(
        _INSERT_WORDS,
        ((each.word, from_uuid(each.patient_id)) for each in every),
    )


_DELETE_WORDS = """
DELETE FROM patient_words WHERE patient_words.patient_id = ?
"""


def delete_words(tx: Tx, *, patient: UUID) -> int:
    return tx.execute(_DELETE_WORDS, (from_uuid(patient),))
