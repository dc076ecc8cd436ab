"""The journal: writes, their steps, and what they changed of doctors' days."""

from sqlalchemy import bindparam, insert, select

from clinicctl.store.models import journal, journal_days, journal_steps
from clinicctl.store.queries import change, change_each, one

BY_KEY = one(select(journal).where(journal.c.key == bindparam("key")), "WriteRow")
INSERT = change(insert(journal))
INSERT_STEPS = change_each(insert(journal_steps), row="StepRow")
INSERT_DAYS = change_each(insert(journal_days), row="DaysBeforeRow")
