"""Queries for possible duplicates, and for merging and erasing patients."""

from sqlalchemy import Integer, String, and_, bindparam, case, cast, delete, func, insert, or_, select, update

from clinicctl.statuses import AppointmentStatus
from clinicctl.store.models import (
    appointments,
    distinct_patients,
    patient_keys,
    patient_phones,
    patient_words,
    patients,
)
from clinicctl.store.queries import among, change, every, one, stream

_ON_FILE = patients.c.archived_at.is_(None)
_CAME = (
    AppointmentStatus.CHECKED_IN,
    AppointmentStatus.IN_CONSULTATION,
    AppointmentStatus.COMPLETED,
    AppointmentStatus.LEFT,
)
_IS_PAST_BOOKING = and_(appointments.c.status == AppointmentStatus.BOOKED, appointments.c.date < bindparam("today"))
_OF_PATIENT = appointments.c.patient_id == bindparam("patient")


_SHARED = patients.alias("shared")
_NAME_KEYS = (
    select(_SHARED.c.name_key)
    .where(_SHARED.c.archived_at.is_(None))
    .group_by(_SHARED.c.name_key)
    .having(func.count() > 1)
)
COMPARED = stream(
    select(
        patients.c.number,
        patients.c.name,
        patients.c.phone,
        patients.c.born,
        patients.c.born_year,
        patients.c.sex,
        patients.c.created_at,
    ).where(_ON_FILE),
    "ComparedRow",
)
FURTHER_PHONES = stream(
    select(patients.c.number, patient_phones.c.ending)
    .join(patient_phones, patient_phones.c.patient_id == patients.c.id)
    .where(_ON_FILE, patient_phones.c.position > 1),
    "NumberedPhoneRow",
)
SHARING_NAME_KEY = stream(
    select(patients.c.name_key, patients.c.number)
    .where(_ON_FILE, patients.c.name_key.in_(_NAME_KEYS))
    .order_by(patients.c.name_key, patients.c.number),
    "NamedRow",
)
SHARING_KEY = stream(
    select(
        patient_keys.c.key,
        func.aggregate_strings(cast(patient_keys.c.patient, String), ",").label("patients"),
    )
    .group_by(patient_keys.c.key)
    .having(func.count().between(2, bindparam("most", type_=Integer)))
    .order_by(patient_keys.c.key),
    "SharedKeyRow",
)
WORD_COUNTS = stream(
    select(patient_words.c.word, func.count().label("patients")).group_by(patient_words.c.word), "WordCountRow"
)
CROWDED_PHONES = every(
    select(patient_phones.c.ending)
    .join(patients, patients.c.id == patient_phones.c.patient_id)
    .where(patients.c.merged_into.is_(None))
    .group_by(patient_phones.c.ending)
    .having(func.count() > bindparam("most", type_=Integer))
)
LAST_VISITS = every(
    select(
        appointments.c.patient_id,
        func.max(case((appointments.c.status.in_(_CAME), appointments.c.date))).label("came"),
        func.max(case((_IS_PAST_BOOKING, appointments.c.date))).label("booked"),
    )
    .where(among(appointments.c.patient_id, "patients"), appointments.c.date <= bindparam("today"))
    .group_by(appointments.c.patient_id),
    "LastVisitRow",
)
_PAIR = and_(distinct_patients.c.one_id == bindparam("one"), distinct_patients.c.other_id == bindparam("other"))
_ONE, _OTHER = patients.alias("one"), patients.alias("other")
DISTINCT = every(
    select(_ONE.c.number.label("one"), _OTHER.c.number.label("other"))
    .select_from(distinct_patients)
    .join(_ONE, _ONE.c.id == distinct_patients.c.one_id)
    .join(_OTHER, _OTHER.c.id == distinct_patients.c.other_id),
    "DistinctNumbersRow",
)
DISTINCT_FROM = every(
    select(distinct_patients).where(
        or_(distinct_patients.c.one_id == bindparam("patient"), distinct_patients.c.other_id == bindparam("patient"))
    ),
    "DistinctRow",
)
IS_DISTINCT = one(select(distinct_patients).where(_PAIR), "DistinctRow")
INSERT_DISTINCT = change(insert(distinct_patients))
DELETE_DISTINCT = change(delete(distinct_patients).where(_PAIR))
COUNT_APPOINTMENTS = one(select(func.count()).where(_OF_PATIENT))
MOVE_APPOINTMENTS = change(update(appointments).where(_OF_PATIENT), "patient_id", "updated_at")
MOVE_MERGED = change(update(patients).where(patients.c.merged_into == bindparam("old")), "merged_into", "updated_at")
CLEAR_REASONS = change(update(appointments).where(_OF_PATIENT).values(reason=None, cancel_reason=None, note=None))
