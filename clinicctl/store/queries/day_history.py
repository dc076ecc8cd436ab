"""Queries for undoing changes of days."""

from sqlalchemy import bindparam, select

from clinicctl.store.models import IS_ACTIVE, appointments, journal, journal_days
from clinicctl.store.queries import every, one

_UNDONE = select(journal.c.undoes).where(journal.c.undoes.is_not(None))
_ON_DAY = (appointments.c.doctor_id == bindparam("doctor"), appointments.c.date == bindparam("on"))

SAVED = one(select(journal_days.c.before).where(journal_days.c.journal_number == bindparam("number")))
NEXT_SAVED = one(
    select(journal_days)
    .where(journal_days.c.journal_number > bindparam("number"), journal_days.c.journal_number.not_in(_UNDONE))
    .order_by(journal_days.c.journal_number)
    .limit(1),
    "BeforeRow",
)
ACTIVE_VISITS = every(
    select(appointments.c.number, appointments.c.visit, appointments.c.created_at)
    .where(appointments.c.patient_id == bindparam("patient"), *_ON_DAY, IS_ACTIVE)
    .order_by(appointments.c.visit),
    "ActiveVisitRow",
)
