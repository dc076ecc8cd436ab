"""Queries for the days of all doctors together."""

from sqlalchemy import bindparam, func, select

from clinicctl.store.models import IS_ACTIVE, appointments
from clinicctl.store.queries import every

OPEN_DAYS = every(
    select(appointments.c.date, func.count().label("open"))
    .where(appointments.c.date < bindparam("today"), IS_ACTIVE)
    .group_by(appointments.c.date)
    .order_by(appointments.c.date),
    "OpenDayRow",
)
