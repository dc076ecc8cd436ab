"""Queries for the waitlist and its days."""

from sqlalchemy import and_, bindparam, delete, func, insert, literal_column, select, update

from clinicctl.statuses import WaitlistStatus
from clinicctl.store.models import (
    IS_ACTIVE,
    IS_WAITING,
    appointments,
    doctors,
    patients,
    waitlist_days,
    waitlist_entries,
)
from clinicctl.store.queries import FILTERS, among, change, change_each, condition, every, filtered, one

_ALL = (
    select(
        waitlist_entries,
        patients.c.number.label("patient_number"),
        patients.c.name.label("patient_name"),
        doctors.c.code.label("doctor_code"),
        doctors.c.name.label("doctor_name"),
        appointments.c.number.label("appointment_number"),
    )
    .join(patients, patients.c.id == waitlist_entries.c.patient_id)
    .join(doctors, doctors.c.id == waitlist_entries.c.doctor_id)
    .outerjoin(appointments, appointments.c.id == waitlist_entries.c.appointment_id)
    .order_by(waitlist_entries.c.number)
)
_IS_WAITING = waitlist_entries.c.status == WaitlistStatus.WAITING
_OF_DOCTOR = waitlist_entries.c.doctor_id == bindparam("doctor")
_OF_PATIENT = waitlist_entries.c.patient_id == bindparam("patient")
_ENTRY = waitlist_entries.c.id == bindparam("row")

BY_NUMBER = one(_ALL.where(waitlist_entries.c.number == bindparam("number")), "WaitlistRow")
LISTED = filtered(_ALL.where(FILTERS), "WaitlistRow", streamed=True)
DAYS_OF_ENTRIES = every(
    select(waitlist_days)
    .where(among(waitlist_days.c.entry_id, "entries"))
    .order_by(waitlist_days.c.entry_id, waitlist_days.c.date),
    "WaitlistDayRow",
)
WAITING = condition(_IS_WAITING)
OF_DOCTOR = condition(_OF_DOCTOR)
OF_PATIENT = condition(_OF_PATIENT)
FOR_SPAN = condition(
    select(waitlist_days.c.date)
    .where(
        waitlist_days.c.entry_id == literal_column("waitlist_entries.id"),
        waitlist_days.c.date.between(bindparam("first"), bindparam("last")),
    )
    .exists()
)

_NUMBERS = select(waitlist_entries.c.number).where(_IS_WAITING).order_by(waitlist_entries.c.number)
NUMBERS_OF_PATIENT = every(_NUMBERS.where(_OF_PATIENT))
NUMBERS_OF_DOCTOR = every(_NUMBERS.where(_OF_DOCTOR))
NUMBERS_CLOSED_BY = every(
    select(waitlist_entries.c.number).where(waitlist_entries.c.appointment_id == bindparam("appointment"))
)
DAYS_OF_ENTRY = every(
    select(waitlist_days.c.date).where(waitlist_days.c.entry_id == bindparam("entry")).order_by(waitlist_days.c.date)
)

_WISH = (
    waitlist_entries.c.id,
    waitlist_entries.c.number,
    waitlist_entries.c.patient_id,
    waitlist_entries.c.doctor_id,
    waitlist_days.c.date,
)
_WISHES = select(*_WISH).join(waitlist_days, waitlist_days.c.entry_id == waitlist_entries.c.id)
WISHES_OF_PATIENT = every(_WISHES.where(_OF_PATIENT, _IS_WAITING), "WishRow")
# SQLite reads only this patient's entries because of the condition on the first day and the missing ordering.
WISHES_WITH_DOCTOR = every(
    _WISHES.where(_OF_PATIENT, IS_WAITING, _OF_DOCTOR, waitlist_entries.c.first_date <= bindparam("last")), "WishRow"
)
WISHES_FOR_DAY = every(
    _WISHES.where(
        *(_OF_PATIENT, _OF_DOCTOR, IS_WAITING),
        waitlist_entries.c.first_date <= bindparam("on"),
        waitlist_days.c.date == bindparam("on"),
    ).with_only_columns(waitlist_entries.c.id, waitlist_entries.c.number),
    "WaitingRow",
)
_WISHED_DAYS = (
    select(waitlist_entries.c.doctor_id, waitlist_days.c.date)
    .join(waitlist_days, waitlist_days.c.entry_id == waitlist_entries.c.id)
    .where(_IS_WAITING, waitlist_days.c.date >= bindparam("first"))
    .distinct()
)
WISHED_DAYS = every(_WISHED_DAYS, "DayKeyRow")
WISHED_DAYS_OF_DOCTOR = every(_WISHED_DAYS.where(_OF_DOCTOR), "DayKeyRow")
_is_bookable = and_(
    among(waitlist_days.c.date, "dates"),
    ~select(appointments.c.id)
    .where(
        appointments.c.patient_id == waitlist_entries.c.patient_id,
        appointments.c.doctor_id == waitlist_entries.c.doctor_id,
        appointments.c.date == waitlist_days.c.date,
        IS_ACTIVE,
    )
    .correlate(waitlist_entries, waitlist_days)
    .exists(),
)
# An archived patient is passed over once, not for each day. The sum keeps SQLite from the index of numbers, which has
# the entries of every doctor.
FIRST_BOOKABLE = one(
    select(waitlist_entries.c.id, waitlist_entries.c.patient_id)
    .join(patients, patients.c.id == waitlist_entries.c.patient_id)
    .where(
        _OF_DOCTOR,
        _IS_WAITING,
        patients.c.archived_at.is_(None),
        select(waitlist_days.c.date)
        .where(waitlist_days.c.entry_id == waitlist_entries.c.id, _is_bookable)
        .correlate(waitlist_entries)
        .exists(),
    )
    .order_by(waitlist_entries.c.number + 0)
    .limit(1),
    "BookableRow",
)
BOOKABLE_DAYS = every(
    select(waitlist_days.c.date)
    .join(waitlist_entries, waitlist_entries.c.id == waitlist_days.c.entry_id)
    .where(waitlist_entries.c.id == bindparam("entry"), _is_bookable)
    .order_by(waitlist_days.c.date)
)
DOCTORS = every(
    select(doctors)
    .where(
        doctors.c.archived_at.is_(None),
        doctors.c.id.in_(select(waitlist_entries.c.doctor_id).where(_IS_WAITING)),
    )
    .order_by(doctors.c.code),
    "DoctorRow",
)

INSERT = change(insert(waitlist_entries))
INSERT_DAYS = change_each(insert(waitlist_days), row="WaitlistDayRow")
PROMOTE = change(
    update(waitlist_entries).where(_ENTRY).values(status=WaitlistStatus.PROMOTED), "appointment_id", "updated_at"
)
REMOVE = change(update(waitlist_entries).where(_ENTRY, _IS_WAITING).values(status=WaitlistStatus.REMOVED), "updated_at")
REOPEN = change(
    update(waitlist_entries)
    .where(waitlist_entries.c.appointment_id == bindparam("appointment"))
    .values(status=WaitlistStatus.WAITING, appointment_id=None),
    "updated_at",
)
GIVE_TO = change(update(waitlist_entries).where(waitlist_entries.c.patient_id == bindparam("old")), "patient_id")
REMOVE_ENTRIES = change(
    update(waitlist_entries)
    .where(among(waitlist_entries.c.number, "numbers"), _IS_WAITING)
    .values(status=WaitlistStatus.REMOVED),
    "updated_at",
)
WAIT_AGAIN = change(
    update(waitlist_entries)
    .where(among(waitlist_entries.c.number, "numbers"), waitlist_entries.c.status == WaitlistStatus.REMOVED)
    .values(status=WaitlistStatus.WAITING),
    "updated_at",
)
WITH_NUMBERS = every(
    select(waitlist_entries.c.id, waitlist_entries.c.number).where(among(waitlist_entries.c.number, "numbers")),
    "WaitingRow",
)
_DATES = select(waitlist_days.c.date).where(waitlist_days.c.entry_id == waitlist_entries.c.id)
SET_RANGES = change(
    update(waitlist_entries)
    .where(among(waitlist_entries.c.number, "numbers"))
    .values(
        first_date=_DATES.with_only_columns(func.min(waitlist_days.c.date)).scalar_subquery(),
        last_date=_DATES.with_only_columns(func.max(waitlist_days.c.date)).scalar_subquery(),
    ),
    "updated_at",
)
DELETE_DAYS = change_each(
    delete(waitlist_days).where(
        waitlist_days.c.entry_id == bindparam("entry_id"), waitlist_days.c.date == bindparam("date")
    ),
    row="WaitlistDayRow",
)
