"""Doctors' days: the settings of dates and weekdays, and the ledgers."""

from sqlalchemy import and_, bindparam, case, insert, select, update

from clinicctl.store.models import availabilities, capacities, weekly_patterns
from clinicctl.store.queries import among, change, every, one

_SETTINGS = select(availabilities).where(availabilities.c.date.between(bindparam("first"), bindparam("last")))
_LEDGERS = select(capacities).where(capacities.c.date.between(bindparam("first"), bindparam("last")))
_HERE = and_(capacities.c.doctor_id == bindparam("doctor"), capacities.c.date == bindparam("on"))

SETTINGS = every(_SETTINGS.where(availabilities.c.doctor_id == bindparam("doctor")), "DaySettingRow")
SETTINGS_OF_DOCTORS = every(_SETTINGS.where(among(availabilities.c.doctor_id, "doctors")), "DaySettingRow")
LEDGERS = every(_LEDGERS.where(capacities.c.doctor_id == bindparam("doctor")), "LedgerRow")
LEDGERS_OF_DOCTORS = every(_LEDGERS.where(among(capacities.c.doctor_id, "doctors")), "LedgerRow")
WEEKDAYS = every(select(weekly_patterns).where(weekly_patterns.c.doctor_id == bindparam("doctor")), "WeekdayRow")
WEEKDAYS_OF_DOCTORS = every(select(weekly_patterns).where(among(weekly_patterns.c.doctor_id, "doctors")), "WeekdayRow")
OPEN_LEDGER = change(insert(capacities))
TAKE_PLACE = change(
    update(capacities)
    .where(_HERE, capacities.c.remaining > 0)
    .values(booked=capacities.c.booked + 1, remaining=capacities.c.remaining - 1)
)
TAKE_PLACE_ABOVE = change(
    update(capacities)
    .where(_HERE, capacities.c.remaining == 0, capacities.c.booked < capacities.c.capacity + bindparam("limit"))
    .values(booked=capacities.c.booked + 1)
)
RETAKE_PLACE = change(
    update(capacities)
    .where(_HERE)
    .values(
        booked=capacities.c.booked + 1,
        remaining=case(
            (capacities.c.booked + 1 < capacities.c.capacity, capacities.c.capacity - capacities.c.booked - 1), else_=0
        ),
    )
)
GIVE_PLACE_BACK = change(
    update(capacities)
    .where(_HERE, capacities.c.booked > 0)
    .values(
        booked=capacities.c.booked - 1,
        remaining=case(
            (capacities.c.booked - 1 < capacities.c.capacity, capacities.c.capacity - capacities.c.booked + 1), else_=0
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
