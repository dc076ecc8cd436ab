"""Queries for possible duplicates, and for merging and erasing patients."""

from sqlalchemy import ColumnElement, Integer, and_, bindparam, case, delete, func, insert, or_, select, update

from clinicctl.statuses import AppointmentStatus
from clinicctl.store.models import appointments, distinct_patients, patient_phones, patients
from clinicctl.store.queries import Query, among, change, every, one

_ON_FILE = patients.c.archived_at.is_(None)
_CAME = (
    AppointmentStatus.CHECKED_IN,
    AppointmentStatus.IN_CONSULTATION,
    AppointmentStatus.COMPLETED,
    AppointmentStatus.LEFT,
)
_IS_PAST_BOOKING = and_(appointments.c.status == AppointmentStatus.BOOKED, appointments.c.date < bindparam("today"))
_OF_PATIENT = appointments.c.patient_id == bindparam("patient")


def _sharing(column: ColumnElement[str]) -> Query:
    shared = select(column).where(_ON_FILE, column.is_not(None)).group_by(column).having(func.count() > 1)
    return every(select(patients).where(_ON_FILE, column.in_(shared)).order_by(patients.c.number), "PatientRow")


_ENDINGS = (
    select(patient_phones.c.ending)
    .join(patients, patients.c.id == patient_phones.c.patient_id)
    .where(_ON_FILE)
    .group_by(patient_phones.c.ending)
    .having(func.count() > 1)
)
SHARING_PHONE = every(
    select(patients, patient_phones.c.ending)
    .join(patient_phones, patient_phones.c.patient_id == patients.c.id)
    .where(_ON_FILE, patient_phones.c.ending.in_(_ENDINGS.correlate(None)))
    .order_by(patients.c.number),
    "PatientOnPhoneRow",
)
SHARING_NAME_KEY = _sharing(patients.c.name_key)
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
DISTINCT = every(select(distinct_patients), "DistinctRow")
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
