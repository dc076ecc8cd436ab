"""Queries for the journal: writes, steps, and changes of doctors' days."""

from sqlalchemy import bindparam, insert, select

from clinicctl.store.models import (
    IS_ACTIVE,
    appointments,
    availabilities,
    doctors,
    journal,
    journal_days,
    journal_merges,
    journal_steps,
)
from clinicctl.store.queries import among, as_stored, change_each, every, one, stream

_OUTCOMES = select(journal.c.number, journal.c.hash, journal.c.outcome)
_undoing = journal.alias("undoing")

BY_KEY = one(select(journal).where(journal.c.key == bindparam("key")), "WriteRow")
BY_NUMBER = one(select(journal).where(journal.c.number == bindparam("number")), "WriteRow")
SINCE = every(_OUTCOMES.where(journal.c.number >= bindparam("number")).order_by(journal.c.number), "OutcomeRow")
LAST_REQUESTED = one(
    _OUTCOMES.where(among(journal.c.said, "requests")).order_by(journal.c.number.desc()).limit(1), "OutcomeRow"
)
CLOSINGS = every(
    _OUTCOMES.where(
        journal.c.command == "close",
        journal.c.at >= bindparam("since"),
        ~select(_undoing.c.number).where(_undoing.c.undoes == journal.c.number).exists(),
    ),
    "OutcomeRow",
)
ACTIVE_ON = one(select(appointments.c.number).where(appointments.c.date == bindparam("on"), IS_ACTIVE).limit(1))
NOTE = one(
    select(availabilities.c.note)
    .join(doctors, doctors.c.id == availabilities.c.doctor_id)
    .where(doctors.c.code == bindparam("doctor"), availabilities.c.date == bindparam("on"))
)
STORED_WRITES = stream(select(*as_stored(journal)).order_by(journal.c.number), "StoredWriteRow")
STORED_STEPS = stream(
    select(*as_stored(journal_steps)).order_by(journal_steps.c.journal_number, journal_steps.c.nth), "StoredStepRow"
)
INSERT = change_each(insert(journal), row="WriteRow")
INSERT_STEPS = change_each(insert(journal_steps), row="StepRow")
INSERT_DAYS = change_each(insert(journal_days), row="BeforeRow")
INSERT_MERGES = change_each(insert(journal_merges), row="BeforeRow")
