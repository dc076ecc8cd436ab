"""Generated from queries/day_history.py by `python -m clinicctl.store.compile`. Do not edit."""

from datetime import date as Date
from uuid import UUID

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_date, from_uuid

_SAVED = """
SELECT journal_days."before"
FROM journal_days
WHERE journal_days.journal_number = ?
"""


def saved(tx: Tx, *, number: int) -> str | None:
    return tx.fetch_one(_SAVED, (number,), lambda row: row[0])


_NEXT_SAVED = """
SELECT journal_days.journal_number, journal_days."before"
FROM journal_days
WHERE journal_days.journal_number > ? AND (journal_days.journal_number NOT IN (SELECT journal.undoes
FROM journal
WHERE journal.undoes IS NOT NULL)) ORDER BY journal_days.journal_number
LIMIT 1 OFFSET ?
"""


def next_saved(tx: Tx, *, number: int) -> rows.BeforeRow | None:
    return tx.fetch_one(_NEXT_SAVED, (number, 0), rows.before_row)


_ACTIVE_VISITS = """
SELECT appointments.number, appointments.visit, appointments.created_at
FROM appointments
WHERE appointments.patient_id = ? AND appointments.doctor_id = ? AND appointments.date = ? AND status IN
('booked', 'checked_in', 'in_consultation') ORDER BY appointments.visit
"""


def active_visits(tx: Tx, *, patient: UUID, doctor: UUID, on: Date) -> list[rows.ActiveVisitRow]:
    return tx.fetch_all(_ACTIVE_VISITS, (from_uuid(patient), from_uuid(doctor), from_date(on)), rows.active_visit_row)
