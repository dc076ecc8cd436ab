"""Queries for `undo`."""

from sqlalchemy import and_, bindparam, delete, func, or_, select, update

from clinicctl.store.models import appointments, journal, journal_steps, queue_entries
from clinicctl.store.queries import REFUSED, change, every, one

_undoing = journal.alias("undoing")
# `coalesce` keeps SQLite from reading every write that is no undo, by the index of `undoes`.
_NOT_UNDONE = and_(
    func.coalesce(journal.c.undoes, 0) == 0,
    ~select(_undoing.c.number).where(_undoing.c.undoes == journal.c.number).exists(),
)
# A refused attempt has written nothing.
_BY_ACTOR = and_(journal.c.actor == bindparam("actor"), journal.c.command != REFUSED)
_STEPS = select(journal_steps.c.journal_number).where(journal_steps.c.appointment_id == bindparam("appointment"))

LAST_UNDOABLE_OR_UNDO = one(
    select(journal)
    .where(_BY_ACTOR, journal.c.number <= bindparam("until"), or_(_NOT_UNDONE, journal.c.said == bindparam("undo")))
    .order_by(journal.c.number.desc())
    .limit(1),
    "WriteRow",
)
NEWEST = one(select(journal.c.number).where(_BY_ACTOR).order_by(journal.c.number.desc()).limit(1))
UNDONE_BY = one(select(journal.c.number).where(journal.c.undoes == bindparam("number")))
STEPS = every(
    select(journal_steps)
    .where(journal_steps.c.journal_number == bindparam("number"))
    .order_by(journal_steps.c.nth.desc()),
    "StepRow",
)
LATER_STEP = one(
    _STEPS.join(journal, journal.c.number == journal_steps.c.journal_number)
    .where(journal_steps.c.journal_number > bindparam("number"), _NOT_UNDONE)
    .order_by(journal_steps.c.journal_number)
    .limit(1)
)
BOOKED_BY = one(_STEPS.where(journal_steps.c.from_status.is_(None)))
PUT_BACK = change(
    update(appointments).where(appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")),
    "status",
    "cancelled_by",
    "cancel_reason",
    "moved_to",
    "moved_from",
    "time",
    "slot",
    "slots",
    "minutes",
    "after_midnight",
    "overbooked",
    "updated_at",
)
LEAVE_QUEUE = change(delete(queue_entries).where(queue_entries.c.appointment_id == bindparam("appointment")))
