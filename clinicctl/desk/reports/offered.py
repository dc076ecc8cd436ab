"""Find the slots that doctors offered on each day of a span."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

from clinicctl.desk import days
from clinicctl.rules import hours
from clinicctl.rules.day_plans import DayPlan, Given, plan
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import reports as stored_reports
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_Planned = tuple[Given | None, Given | None, int, bool, date | None]


class Offered(NamedTuple):
    """A doctor's day: whether the doctor was there, and the slots."""

    doctor: UUID
    date: date
    present: bool
    slots: int


def list_offered(
    tx: Tx, staff: Mapping[UUID, rows.DoctorRow], booked: Mapping[UUID, set[date]], *, first: date, last: date
) -> Iterator[Offered]:
    """Yield the days of each doctor.

    They begin on the date the doctor was added, and end before the date of archiving. The days on which the doctor has
    appointments (`booked`) are always there. A day with a ledger has its capacity, any other day what is planned for it
    now.
    """
    ids = sorted(staff)
    found = stored_days.settings_of_doctors(tx, doctors=ids, first=first, last=last)
    settings = {(row.doctor_id, row.date): days.given(row) for row in found}
    ledgers = {
        (row.doctor_id, row.date): row.capacity
        for row in stored_reports.capacities(tx, doctors=ids, first=first, last=last)
    }
    weekdays = {
        (row.doctor_id, row.weekday): days.given(row) for row in stored_days.weekdays_of_doctors(tx, doctors=ids)
    }
    closed = days.holidays(tx, first, last)
    # On a date on which the clock changes the hours may have fewer slots.
    span = [
        (on, on.weekday(), on if hours.changes_clock(on, tx.zone) else None)
        for on in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    planned = dict[_Planned, DayPlan]()
    for doctor in staff.values():
        own, default = booked.get(doctor.id, set()), days.default_capacity(tx, doctor)
        added = tx.local(doctor.created_at).date()
        archived = tx.local(doctor.archived_at).date() if doctor.archived_at else date.max
        for on, weekday, change in span:
            if not (added <= on < archived or on in own):
                continue
            setting, pattern, holiday = settings.get((doctor.id, on)), weekdays.get((doctor.id, weekday)), on in closed
            about = (setting, pattern, default, holiday, change)
            if (day := planned.get(about)) is None:
                day = plan(setting, pattern, default=default, holiday=holiday, on=on, zone=tx.zone)
                planned[about] = day
            yield Offered(doctor.id, on, day.present, ledgers.get((doctor.id, on), day.capacity))
