"""Find the slots that doctors offered on each day of a span."""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple, TypeVar
from uuid import UUID

from clinicctl.desk import days
from clinicctl.rules import hours
from clinicctl.rules.day_plans import DayPlan, Given, plan
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import reports as stored_reports
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

K = TypeVar("K")
V = TypeVar("V")

_Planned = tuple[Given | None, Given | None, int, bool, date | None]


class Offered(NamedTuple):
    """A doctor's day: whether the doctor was there, and the slots."""

    doctor: UUID
    date: date
    present: bool
    slots: int


def list_offered(
    tx: Tx, staff: Mapping[UUID, rows.DoctorRow], booked: Mapping[UUID, Container[date]], *, first: date, last: date
) -> Iterator[Offered]:
    """Yield the days of each doctor.

    They begin on the date the doctor was added, and end before the date of archiving. The days on which the doctor is
    `booked` are always there. A day with a ledger has its capacity, any other day what is planned for it now.
    """
    ids = sorted(staff)
    found = stored_days.settings_of_doctors(tx, doctors=ids, first=first, last=last)
    settings = _by_doctor((row.doctor_id, row.date, days.given(row)) for row in found)
    ledgers = _by_doctor(stored_reports.capacities(tx, doctors=ids, first=first, last=last))
    patterns = stored_days.weekdays_of_doctors(tx, doctors=ids)
    weekdays = _by_doctor((row.doctor_id, row.weekday, days.given(row)) for row in patterns)
    closed = days.holidays(tx, first, last)
    # On a date on which the clock changes the hours may have fewer slots.
    span = [
        (on, on.weekday(), on if hours.changes_clock(on, tx.zone) else None)
        for on in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    planned = dict[_Planned, DayPlan]()
    for doctor in staff.values():
        own, ledger, default = booked.get(doctor.id, ()), ledgers[doctor.id], days.default_capacity(tx, doctor)
        of_dates, of_weekdays = settings[doctor.id], weekdays[doctor.id]
        added = tx.local(doctor.created_at).date()
        archived = tx.local(doctor.archived_at).date() if doctor.archived_at else date.max
        for on, weekday, change in span:
            if not (added <= on < archived or on in own):
                continue
            about = (of_dates.get(on), of_weekdays.get(weekday), default, on in closed, change)
            if (day := planned.get(about)) is None:
                setting, pattern, _, holiday, _ = about
                day = planned[about] = plan(setting, pattern, default=default, holiday=holiday, on=on, zone=tx.zone)
            yield Offered(doctor.id, on, day.present, ledger.get(on, day.capacity))


def _by_doctor(found: Iterable[tuple[UUID, K, V]]) -> defaultdict[UUID, dict[K, V]]:
    """Return what each doctor has by another key."""
    grouped = defaultdict[UUID, dict[K, V]](dict)
    for doctor, key, value in found:
        grouped[doctor][key] = value
    return grouped
