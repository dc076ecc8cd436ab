"""Queries for patients and the words of their names."""

from typing import Any

from sqlalchemy import CTE, Integer, Select, String, bindparam, delete, func, insert, or_, select, update

from clinicctl.store.models import patient_keys, patient_phones, patient_words, patients
from clinicctl.store.queries import (
    FILTERS,
    LIMIT,
    among,
    change,
    change_each,
    condition,
    every,
    filtered,
    listed,
    one,
    stream,
)

_ALL = select(patients).order_by(patients.c.number)
_ON_FILE = patients.c.archived_at.is_(None)
_FOUND = or_(_ON_FILE, patients.c.merged_into.is_not(None))
"""A search by name finds patients on file, and merged records, which lead to their survivor."""

_PHONES_OF = select(patient_phones.c.patient_id)
_PHONE = patients.c.id.in_(_PHONES_OF.where(patient_phones.c.ending == bindparam("ending")))
_ENDINGS = patients.c.id.in_(_PHONES_OF.where(among(patient_phones.c.ending, "endings")))
_ENDING = patients.c.id.in_(_PHONES_OF.where(patient_phones.c.ending.between(bindparam("first"), bindparam("last"))))


def _distinct_words() -> CTE:
    """Return the different words of a range.

    Each takes one look into the index, however many patients have it.
    """
    first, last = bindparam("first", type_=String), bindparam("last", type_=String)
    word = patient_words.c.word
    found = select(func.min(word).label("word")).where(word.between(first, last)).cte("found", recursive=True)
    after = select(func.min(word)).where(word > found.c.word, word <= last).scalar_subquery()
    return found.union_all(select(after).where(found.c.word.is_not(None)))


_WORDS = _distinct_words()


def _merged_under() -> CTE:
    """Return the records merged into a patient, also through other records."""
    into = patients.c.merged_into
    found = select(patients.c.id).where(into == bindparam("survivor")).cte("merged_under", recursive=True)
    return found.union(select(patients.c.id).join(found, into == found.c.id))


_UNDER = _merged_under()


def _with_keys() -> Select[Any]:
    """Return the records with one of the keys.

    A key that more than `most` have is left out.
    """
    each, other = listed(patient_keys.c.key, "keys"), patient_keys.alias("other")
    beyond = select(other.c.key).where(other.c.key == each.c.value).limit(1).offset(bindparam("most", type_=Integer))
    return (
        select(patient_keys)
        .select_from(each.join(patient_keys, patient_keys.c.key == each.c.value))
        .where(beyond.scalar_subquery().is_(None))
    )


BY_ID = one(select(patients).where(patients.c.id == bindparam("id")), "PatientRow")
BY_NUMBER = one(select(patients).where(patients.c.number == bindparam("number")), "PatientRow")
ON_FILE = stream(_ALL.where(_ON_FILE).limit(LIMIT), "PatientRow")
NOT_ERASED = stream(_ALL.where(patients.c.erased_at.is_(None)).limit(LIMIT), "PatientRow")
COUNT = one(select(func.count()).select_from(patients).where(_ON_FILE))
FIND = filtered(_ALL.where(_FOUND, FILTERS).limit(LIMIT), "PatientRow")
HAS_WORD = condition(
    patients.c.id.in_(
        select(patient_words.c.patient_id).where(patient_words.c.word.between(bindparam("first"), bindparam("last")))
    )
)
HAS_ONE_OF = condition(
    patients.c.id.in_(select(patient_words.c.patient_id).where(among(patient_words.c.word, "words")))
)
WORDS_BETWEEN = every(select(_WORDS.c.word).where(_WORDS.c.word.is_not(None)).limit(LIMIT))
WITH_PHONE = every(_ALL.where(_PHONE).limit(LIMIT), "PatientRow")
WITH_PHONES = stream(
    select(patients, patient_phones.c.ending)
    .join(patient_phones, patient_phones.c.patient_id == patients.c.id)
    .where(among(patient_phones.c.ending, "endings"))
    .order_by(patients.c.number),
    "PatientOnPhoneRow",
)
WITH_PHONE_ENDING = every(_ALL.where(_ENDING, _FOUND), "PatientRow")
ON_PHONE = every(_ALL.where(_PHONE, _ON_FILE).limit(LIMIT), "PatientRow")
COUNT_OTHERS_ON_PHONES = one(select(func.count()).where(_ENDINGS, patients.c.id != bindparam("but"), _ON_FILE))
PHONES_OF = every(
    select(patient_phones)
    .where(patient_phones.c.patient_id == bindparam("patient"))
    .order_by(patient_phones.c.position),
    "PatientPhoneRow",
)
FURTHER_PHONES = stream(
    select(patient_phones)
    .where(patient_phones.c.position > 1)
    .order_by(patient_phones.c.patient_id, patient_phones.c.position),
    "PatientPhoneRow",
)
PHONES_SINCE = stream(
    select(patient_phones)
    .join(patients, patients.c.id == patient_phones.c.patient_id)
    .where(patients.c.number > bindparam("number")),
    "PatientPhoneRow",
)
_WITH_NAME_KEY = _ALL.where(patients.c.name_key == bindparam("name_key"), _FOUND)
WITH_NAME_KEY = every(_WITH_NAME_KEY.order_by(None).limit(LIMIT), "PatientRow")
WITH_NAME_KEY_BORN = every(
    _WITH_NAME_KEY.where(patients.c.born == bindparam("born")).order_by(None).limit(LIMIT), "PatientRow"
)
WITH_NAME_KEYS = stream(_ALL.where(among(patients.c.name_key, "name_keys")), "PatientRow")
AFTER = stream(_ALL.where(patients.c.number > bindparam("number")), "PatientRow")
MERGED = every(_ALL.where(patients.c.merged_into.is_not(None)), "PatientRow")
MERGED_UNDER = every(_ALL.where(patients.c.id.in_(select(_UNDER.c.id))), "PatientRow")
INSERT = change_each(insert(patients), row="PatientRow")
UPDATE = change(
    update(patients).where(patients.c.id == bindparam("id")),
    "name",
    "name_key",
    "phone",
    "born",
    "born_year",
    "born_month",
    "sex",
    "email",
    "note",
    "updated_at",
    "archived_at",
    "merged_into",
    "erased_at",
    "notify",
    "language",
)
FILL = change_each(
    update(patients).where(patients.c.id == bindparam("id")),
    "born",
    "born_year",
    "born_month",
    "sex",
    "email",
    "note",
    "updated_at",
    "notify",
    "language",
    row="PatientDetailsRow",
)
INSERT_PHONES = change_each(insert(patient_phones), row="PatientPhoneRow")
DELETE_PHONES = change(delete(patient_phones).where(patient_phones.c.patient_id == bindparam("patient")))
_WITH_NUMBERS = among(patients.c.number, "numbers")
WITH_NUMBERS = stream(_ALL.where(_WITH_NUMBERS), "PatientRow")
MERGED_WITH_NUMBERS = every(_ALL.where(_WITH_NUMBERS, patients.c.merged_into.is_not(None)), "PatientRow")
ON_FILE_WITH_NUMBERS = stream(
    select(
        patients.c.id,
        patients.c.number,
        patients.c.name,
        patients.c.name_key,
        patients.c.phone,
        patients.c.born,
        patients.c.born_year,
        patients.c.sex,
        patients.c.created_at,
        patients.c.archived_at,
    ).where(_WITH_NUMBERS, _ON_FILE),
    "KnownRow",
)
WITH_KEYS = every(_with_keys(), "PatientKeyRow")
INSERT_KEYS = change_each(insert(patient_keys), row="PatientKeyRow")
DELETE_KEYS = change(
    delete(patient_keys).where(among(patient_keys.c.key, "keys"), patient_keys.c.patient == bindparam("patient"))
)
COUNT_WORD = one(
    select(func.count()).select_from(
        select(patient_words.c.word).where(patient_words.c.word == bindparam("word")).limit(LIMIT).subquery()
    )
)
INSERT_WORDS = change_each(insert(patient_words), row="PatientWordRow")
DELETE_WORDS = change(delete(patient_words).where(patient_words.c.patient_id == bindparam("patient")))
