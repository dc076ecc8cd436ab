"""Queries for doctors' days: settings of dates and weekdays, holidays, and ledgers."""

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    union_all,
    update,
)

from clinicctl.store.models import availabilities, capacities, holidays, weekly_patterns
from clinicctl.store.queries import among, change, change_each, every, one

_SETTINGS = select(availabilities).where(availabilities.c.date.between(bindparam("first"), bindparam("last")))
_OF_DOCTOR = _SETTINGS.where(availabilities.c.doctor_id == bindparam("doctor"))
_IN_SPAN = capacities.c.date.between(bindparam("first"), bindparam("last"))
_LEDGERS = select(capacities).where(_IN_SPAN)
_HERE = and_(capacities.c.doctor_id == bindparam("doctor"), capacities.c.date == bindparam("on"))
_CAPACITY = bindparam("new_capacity", type_=Integer)
_COUNT = bindparam("count", type_=Integer)


def _of_row(table: Table) -> ColumnElement[bool]:
    return and_(table.c.doctor_id == bindparam("doctor_id"), table.c.date == bindparam("date"))


SETTINGS = every(_OF_DOCTOR, "DaySettingRow")
SETTINGS_WITH_LEDGER = every(
    _OF_DOCTOR.join(
        capacities,
        and_(capacities.c.doctor_id == availabilities.c.doctor_id, capacities.c.date == availabilities.c.date),
    ),
    "DaySettingRow",
)
SETTINGS_OF_DOCTORS = every(_SETTINGS.where(among(availabilities.c.doctor_id, "doctors")), "DaySettingRow")
LEDGERS = every(_LEDGERS.where(capacities.c.doctor_id == bindparam("doctor")).order_by(capacities.c.date), "LedgerRow")
LEDGERS_OF_DOCTORS = every(_LEDGERS.where(among(capacities.c.doctor_id, "doctors")), "LedgerRow")
DOCTORS_WITH_LEDGER = every(select(capacities.c.doctor_id).where(_IN_SPAN).distinct())
_STORED_DATES = union_all(
    *(
        select(choose(each.c.date).label("date"))
        for each in (availabilities, capacities)
        for choose in (func.min, func.max)
    )
).subquery("stored_dates")
BOUNDS = one(
    select(func.min(_STORED_DATES.c.date).label("first"), func.max(_STORED_DATES.c.date).label("last")), "BoundsRow"
)
WEEKDAYS = every(select(weekly_patterns).where(weekly_patterns.c.doctor_id == bindparam("doctor")), "WeekdayRow")
WEEKDAYS_OF_DOCTORS = every(select(weekly_patterns).where(among(weekly_patterns.c.doctor_id, "doctors")), "WeekdayRow")
HOLIDAYS = every(
    select(holidays).where(holidays.c.date.between(bindparam("first"), bindparam("last"))).order_by(holidays.c.date),
    "HolidayRow",
)
INSERT_HOLIDAYS = change_each(insert(holidays), row="HolidayRow")
DELETE_HOLIDAYS = change(delete(holidays).where(among(holidays.c.date, "dates")))
INSERT_SETTINGS = change_each(insert(availabilities), row="DaySettingRow")
UPDATE_SETTINGS = change_each(
    update(availabilities).where(_of_row(availabilities)),
    "present",
    "capacity",
    "note",
    "sessions",
    "every",
    "updated_by",
    "updated_at",
    row="DayWriteRow",
)
DELETE_SETTINGS = change_each(delete(availabilities).where(_of_row(availabilities)), row="DayKeyRow")
INSERT_WEEKDAYS = change_each(insert(weekly_patterns), row="WeekdayRow")
DELETE_WEEKDAYS = change(
    delete(weekly_patterns).where(
        weekly_patterns.c.doctor_id == bindparam("doctor"), among(weekly_patterns.c.weekday, "weekdays")
    )
)
OPEN_LEDGER = change(insert(capacities))
SET_CAPACITIES = change_each(
    update(capacities)
    .where(_of_row(capacities))
    .values(
        capacity=_CAPACITY, remaining=case((capacities.c.booked < _CAPACITY, _CAPACITY - capacities.c.booked), else_=0)
    ),
    row="CapacityRow",
)
TAKE_SLOT = change(
    update(capacities)
    .where(_HERE, capacities.c.remaining >= _COUNT)
    .values(booked=capacities.c.booked + _COUNT, remaining=capacities.c.remaining - _COUNT)
)
TAKE_SLOT_ABOVE = change(
    update(capacities)
    .where(_HERE, capacities.c.remaining == 0, capacities.c.booked < capacities.c.capacity + bindparam("limit"))
    .values(booked=capacities.c.booked + 1)
)
RETAKE_SLOT = change(
    update(capacities)
    .where(_HERE)
    .values(
        booked=capacities.c.booked + _COUNT,
        remaining=case(
            (
                capacities.c.booked + _COUNT < capacities.c.capacity,
                capacities.c.capacity - capacities.c.booked - _COUNT,
            ),
            else_=0,
        ),
    )
)
RELEASE_SLOT = change(
    update(capacities)
    .where(_HERE, capacities.c.booked >= _COUNT)
    .values(
        booked=capacities.c.booked - _COUNT,
        remaining=case(
            (
                capacities.c.booked - _COUNT < capacities.c.capacity,
                capacities.c.capacity - capacities.c.booked + _COUNT,
            ),
            else_=0,
        ),
    )
)
NEXT_RECALL = one(
    update(capacities).where(_HERE).values(last_recall=capacities.c.last_recall + 1).returning(capacities.c.last_recall)
)
NEXT_POSITION = one(
    update(capacities)
    .where(_HERE)
    .values(last_position=capacities.c.last_position + 1)
    .returning(capacities.c.last_position)
)
