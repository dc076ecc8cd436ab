"""Queries for what a merge of two patients moves, and for its undo."""

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, or_, select, type_coerce, update

from clinicctl.store.models import (
    appointments,
    journal,
    journal_merges,
    journal_steps,
    patient_phones,
    patients,
    waitlist_days,
    waitlist_entries,
)
from clinicctl.store.queries import AsStored, among, as_stored, change, every, one, stream

_DERIVED = ("name_key", "updated_at")
"""Columns that a write and its undo may leave different, or that a repair computes again."""

_UNDONE = select(journal.c.undoes).where(journal.c.undoes.is_not(None))
_NUMBERED = {each.name: among(each.c.number, "numbers") for each in (appointments, patients, waitlist_entries)}


def _state(table: Table) -> list[ColumnElement[Any]]:
    return [each for each in as_stored(table) if each.name not in _DERIVED]


SAVED = one(select(journal_merges.c.before).where(journal_merges.c.journal_number == bindparam("number")))

APPOINTMENTS = every(
    select(appointments.c.number)
    .where(appointments.c.patient_id == bindparam("patient"))
    .order_by(appointments.c.number)
)
ENTRIES = every(
    select(waitlist_entries.c.number)
    .where(waitlist_entries.c.patient_id == bindparam("patient"))
    .order_by(waitlist_entries.c.number)
)
RECORDS = every(
    select(patients.c.number).where(patients.c.merged_into == bindparam("patient")).order_by(patients.c.number)
)
LAST_APPOINTMENT = one(select(func.max(appointments.c.number)))

STATE_OF_PATIENTS = stream(
    select(*_state(patients))
    .where(or_(patients.c.id == bindparam("one"), patients.c.id == bindparam("other")))
    .order_by(patients.c.number),
    "PatientStateRow",
)
STATE_OF_PHONES = stream(
    select(*_state(patient_phones))
    .where(or_(patient_phones.c.patient_id == bindparam("one"), patient_phones.c.patient_id == bindparam("other")))
    .order_by(patient_phones.c.patient_id, patient_phones.c.position),
    "PhoneStateRow",
)
STATE_OF_APPOINTMENTS = stream(
    select(*_state(appointments))
    .where(appointments.c.patient_id == bindparam("patient"), appointments.c.number <= bindparam("last"))
    .order_by(appointments.c.number),
    "AppointmentStateRow",
)
STATE_OF_ENTRIES = stream(
    select(*_state(waitlist_entries), type_coerce(waitlist_days.c.date, AsStored).label("date"))
    .join(waitlist_days, waitlist_days.c.entry_id == waitlist_entries.c.id)
    .where(waitlist_entries.c.patient_id == bindparam("patient"))
    .order_by(waitlist_entries.c.number, waitlist_days.c.date),
    "WaitlistStateRow",
)
LATER_STEP = one(
    select(journal_steps.c.journal_number, appointments.c.number)
    .join(appointments, appointments.c.id == journal_steps.c.appointment_id)
    .join(journal, journal.c.number == journal_steps.c.journal_number)
    .where(
        appointments.c.patient_id == bindparam("patient"),
        journal_steps.c.journal_number > bindparam("number"),
        and_(journal.c.undoes.is_(None), journal.c.number.not_in(_UNDONE)),
    )
    .order_by(journal_steps.c.journal_number, appointments.c.number)
    .limit(1),
    "LaterStepRow",
)

RETURN_APPOINTMENTS = change(
    update(appointments).where(appointments.c.patient_id == bindparam("old"), _NUMBERED["appointments"]),
    "patient_id",
    "updated_at",
)
RETURN_ENTRIES = change(
    update(waitlist_entries).where(waitlist_entries.c.patient_id == bindparam("old"), _NUMBERED["waitlist_entries"]),
    "patient_id",
)
RETURN_RECORDS = change(
    update(patients).where(patients.c.merged_into == bindparam("old"), _NUMBERED["patients"]),
    "merged_into",
    "updated_at",
)
