"""Generated from queries/patients.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date as Date
from datetime import datetime
from uuid import UUID

from clinicctl.statuses import Notify, Sex
from clinicctl.store.compiled import rows
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid

_BY_ID = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id = ?
"""


def by_id(tx: Tx, *, id: UUID) -> rows.PatientRow | None:
    return tx.fetch_one(_BY_ID, (from_uuid(id),), rows.patient_row)


_BY_NUMBER = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number = ?
"""


def by_number(tx: Tx, *, number: int) -> rows.PatientRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.patient_row)


_ON_FILE = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.archived_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def on_file(tx: Tx, *, limit: int) -> Iterator[rows.PatientRow]:
    return tx.iterate(_ON_FILE, (limit, 0), rows.patient_row)


_NOT_ERASED = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.erased_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def not_erased(tx: Tx, *, limit: int) -> Iterator[rows.PatientRow]:
    return tx.iterate(_NOT_ERASED, (limit, 0), rows.patient_row)


_COUNT = """
SELECT count(*) AS count_1
FROM patients
WHERE patients.archived_at IS NULL
"""


def count(tx: Tx) -> int | None:
    return tx.fetch_one(_COUNT, (), lambda row: row[0])


_FIND = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND {conditions} ORDER BY
patients.number
LIMIT ? OFFSET ?
"""


def find(tx: Tx, conditions: Sequence[Condition], *, limit: int) -> list[rows.PatientRow]:
    sql, values = tx.filtered(_FIND, conditions)
    return tx.fetch_all(sql, (*values, limit, 0), rows.patient_row)


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


_WITH_PHONE = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ?) ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def with_phone(tx: Tx, *, ending: str, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_PHONE, (ending, limit, 0), rows.patient_row)


_WITH_PHONES = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language, patient_phones.ending
FROM patients JOIN patient_phones ON patient_phones.patient_id = patients.id
WHERE patient_phones.ending IN (SELECT endings_listed.value
FROM json_each(?) AS endings_listed) ORDER BY patients.number
"""


def with_phones(tx: Tx, *, endings: Iterable[str]) -> Iterator[rows.PatientOnPhoneRow]:
    return tx.iterate(_WITH_PHONES, (from_list(endings),), rows.patient_on_phone_row)


_WITH_PHONE_ENDING = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending BETWEEN ? AND ?) AND (patients.archived_at IS NULL OR patients.merged_into IS NOT
NULL) ORDER BY patients.number
"""


def with_phone_ending(tx: Tx, *, first: str, last: str) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_PHONE_ENDING, (first, last), rows.patient_row)


_ON_PHONE = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending = ?) AND patients.archived_at IS NULL ORDER BY patients.number
LIMIT ? OFFSET ?
"""


def on_phone(tx: Tx, *, ending: str, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_ON_PHONE, (ending, limit, 0), rows.patient_row)


_COUNT_OTHERS_ON_PHONES = """
SELECT count(*) AS count_1
FROM patients
WHERE patients.id IN (SELECT patient_phones.patient_id
FROM patient_phones
WHERE patient_phones.ending IN (SELECT endings_listed.value
FROM json_each(?) AS endings_listed)) AND patients.id != ? AND patients.archived_at IS NULL
"""


def count_others_on_phones(tx: Tx, *, endings: Iterable[str], but: UUID) -> int | None:
    return tx.fetch_one(_COUNT_OTHERS_ON_PHONES, (from_list(endings), from_uuid(but)), lambda row: row[0])


_PHONES_OF = """
SELECT patient_phones.ending, patient_phones.patient_id, patient_phones.position
FROM patient_phones
WHERE patient_phones.patient_id = ? ORDER BY patient_phones.position
"""


def phones_of(tx: Tx, *, patient: UUID) -> list[rows.PatientPhoneRow]:
    return tx.fetch_all(_PHONES_OF, (from_uuid(patient),), rows.patient_phone_row)


_FURTHER_PHONES = """
SELECT patient_phones.ending, patient_phones.patient_id, patient_phones.position
FROM patient_phones
WHERE patient_phones.position > 1 ORDER BY patient_phones.patient_id, patient_phones.position
"""


def further_phones(tx: Tx) -> Iterator[rows.PatientPhoneRow]:
    return tx.iterate(_FURTHER_PHONES, (), rows.patient_phone_row)


_PHONES_SINCE = """
SELECT patient_phones.ending, patient_phones.patient_id, patient_phones.position
FROM patient_phones JOIN patients ON patients.id = patient_phones.patient_id
WHERE patients.number > ?
"""


def phones_since(tx: Tx, *, number: int) -> Iterator[rows.PatientPhoneRow]:
    return tx.iterate(_PHONES_SINCE, (number,), rows.patient_phone_row)


_WITH_NAME_KEY = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL)
LIMIT ? OFFSET ?
"""


def with_name_key(tx: Tx, *, name_key: str, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_NAME_KEY, (name_key, limit, 0), rows.patient_row)


_WITH_NAME_KEY_BORN = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key = ? AND (patients.archived_at IS NULL OR patients.merged_into IS NOT NULL) AND
patients.born = ?
LIMIT ? OFFSET ?
"""


def with_name_key_born(tx: Tx, *, name_key: str, born: Date, limit: int) -> list[rows.PatientRow]:
    return tx.fetch_all(_WITH_NAME_KEY_BORN, (name_key, from_date(born), limit, 0), rows.patient_row)


_WITH_NAME_KEYS = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.name_key IN (SELECT name_keys_listed.value
FROM json_each(?) AS name_keys_listed) ORDER BY patients.number
"""


def with_name_keys(tx: Tx, *, name_keys: Iterable[str]) -> Iterator[rows.PatientRow]:
    return tx.iterate(_WITH_NAME_KEYS, (from_list(name_keys),), rows.patient_row)


_AFTER = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number > ? ORDER BY patients.number
"""


def after(tx: Tx, *, number: int) -> Iterator[rows.PatientRow]:
    return tx.iterate(_AFTER, (number,), rows.patient_row)


_MERGED = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.merged_into IS NOT NULL ORDER BY patients.number
"""


def merged(tx: Tx) -> list[rows.PatientRow]:
    return tx.fetch_all(_MERGED, (), rows.patient_row)


_MERGED_UNDER = """
WITH RECURSIVE merged_under(id) AS
(SELECT patients.id AS id
FROM patients
WHERE patients.merged_into = ? UNION SELECT patients.id AS id
FROM patients JOIN merged_under ON patients.merged_into = merged_under.id)
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.id IN (SELECT merged_under.id
FROM merged_under) ORDER BY patients.number
"""


def merged_under(tx: Tx, *, survivor: UUID) -> list[rows.PatientRow]:
    return tx.fetch_all(_MERGED_UNDER, (from_uuid(survivor),), rows.patient_row)


_INSERT = """
INSERT INTO patients (id, number, name, name_key, phone, born, born_year, sex, email, note, created_at,
updated_at, archived_at, merged_into, erased_at, born_month, notify, language) VALUES (?, ?, ?, ?, ?, ?, ?, ?,
?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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
                each.born_month,
                None if each.notify is None else each.notify.value,
                each.language,
            )
            for each in every
        ),
    )


_UPDATE = """
UPDATE patients SET name=?, name_key=?, phone=?, born=?, born_year=?, sex=?, email=?, note=?, updated_at=?,
archived_at=?, merged_into=?, erased_at=?, born_month=?, notify=?, language=? WHERE patients.id = ?
"""


def update(
    tx: Tx,
    *,
    name: str,
    name_key: str,
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
    born_month: int | None,
    notify: Notify | None,
    language: str | None,
    id: UUID,
) -> int:
    return tx.execute(
        _UPDATE,
        (
            name,
            name_key,
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
            born_month,
            None if notify is None else notify.value,
            language,
            from_uuid(id),
        ),
    )


_FILL = """
UPDATE patients SET born=?, born_year=?, sex=?, email=?, note=?, updated_at=?, born_month=?, notify=?,
language=? WHERE patients.id = ?
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
                each.born_month,
                None if each.notify is None else each.notify.value,
                each.language,
                from_uuid(each.id),
            )
            for each in every
        ),
    )


_INSERT_PHONES = """
INSERT INTO patient_phones (ending, patient_id, position) VALUES (?, ?, ?)
"""


def insert_phones(tx: Tx, every: Iterable[rows.PatientPhoneRow]) -> int:
    return tx.execute_many(
        _INSERT_PHONES,
        ((each.ending, from_uuid(each.patient_id), each.position) for each in every),
    )


_DELETE_PHONES = """
DELETE FROM patient_phones WHERE patient_phones.patient_id = ?
"""


def delete_phones(tx: Tx, *, patient: UUID) -> int:
    return tx.execute(_DELETE_PHONES, (from_uuid(patient),))


_WITH_NUMBERS = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed) ORDER BY patients.number
"""


def with_numbers(tx: Tx, *, numbers: Iterable[int]) -> Iterator[rows.PatientRow]:
    return tx.iterate(_WITH_NUMBERS, (from_list(numbers),), rows.patient_row)


_MERGED_WITH_NUMBERS = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.email, patients.note, patients.created_at, patients.updated_at,
patients.archived_at, patients.merged_into, patients.erased_at, patients.born_month, patients.notify,
patients.language
FROM patients
WHERE patients.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed) AND patients.merged_into IS NOT NULL ORDER BY patients.number
"""


def merged_with_numbers(tx: Tx, *, numbers: Iterable[int]) -> list[rows.PatientRow]:
    return tx.fetch_all(_MERGED_WITH_NUMBERS, (from_list(numbers),), rows.patient_row)


_ON_FILE_WITH_NUMBERS = """
SELECT patients.id, patients.number, patients.name, patients.name_key, patients.phone, patients.born,
patients.born_year, patients.sex, patients.created_at, patients.archived_at
FROM patients
WHERE patients.number IN (SELECT numbers_listed.value
FROM json_each(?) AS numbers_listed) AND patients.archived_at IS NULL
"""


def on_file_with_numbers(tx: Tx, *, numbers: Iterable[int]) -> Iterator[rows.KnownRow]:
    return tx.iterate(_ON_FILE_WITH_NUMBERS, (from_list(numbers),), rows.known_row)


_WITH_KEYS = """
SELECT patient_keys."key", patient_keys.patient
FROM json_each(?) AS keys_listed JOIN patient_keys ON patient_keys."key" = keys_listed.value
WHERE (SELECT other."key"
FROM patient_keys AS other
WHERE other."key" = keys_listed.value
LIMIT 1 OFFSET ?) IS NULL
"""


def with_keys(tx: Tx, *, keys: Iterable[int], most: int) -> list[rows.PatientKeyRow]:
    return tx.fetch_all(_WITH_KEYS, (from_list(keys), most), rows.patient_key_row)


_INSERT_KEYS = """
INSERT INTO patient_keys ("key", patient) VALUES (?, ?)
"""


def insert_keys(tx: Tx, every: Iterable[rows.PatientKeyRow]) -> int:
    return tx.execute_many(
        _INSERT_KEYS,
        ((each.key, each.patient) for each in every),
    )


_DELETE_KEYS = """
DELETE FROM patient_keys WHERE patient_keys."key" IN (SELECT keys_listed.value
FROM json_each(?) AS keys_listed) AND patient_keys.patient = ?
"""


def delete_keys(tx: Tx, *, keys: Iterable[int], patient: int) -> int:
    return tx.execute(_DELETE_KEYS, (from_list(keys), patient))


_COUNT_WORD = """
SELECT count(*) AS count_1
FROM (SELECT patient_words.word AS word
FROM patient_words
WHERE patient_words.word = ?
LIMIT ? OFFSET ?) AS anon_1
"""


def count_word(tx: Tx, *, word: str, limit: int) -> int | None:
    return tx.fetch_one(_COUNT_WORD, (word, limit, 0), lambda row: row[0])


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
