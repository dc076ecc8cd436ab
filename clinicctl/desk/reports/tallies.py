"""Count what the rows of reports are made from."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from clinicctl.desk.reports.groups import Groups
from clinicctl.desk.reports.offered import list_offered
from clinicctl.rules import distributions, zones
from clinicctl.store.compiled import reports as stored
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_DAY_SECONDS = 86_400
_WEEK_HOURS, _DAY_HOURS, _THURSDAY = 168, 24, 3
_NEAR = 2


@dataclass(slots=True, eq=False, repr=False)
class Spread:
    """How often each value occurs."""

    counts: Counter[int] = field(default_factory=Counter)

    @property
    def number(self) -> int:
        return self.counts.total()

    @property
    def mean(self) -> float | None:
        return distributions.mean(self.counts)

    @property
    def median(self) -> float | None:
        return distributions.median(self.counts)

    @property
    def p90(self) -> int | None:
        return distributions.percentile(self.counts, 90)

    @property
    def longest(self) -> int | None:
        return max(self.counts, default=None)

    def add(self, value: int | None, number: int) -> None:
        """Add a value. A clock that was set back makes none of them negative."""
        self.counts[max(0, value or 0)] += number


@dataclass(slots=True, eq=False, repr=False)
class Tally:
    """The figures of a group. `booked` and `used` are slots, and so are `slots`, `free` and `over`."""

    days: int = 0
    days_off: int = 0
    slots: int = 0
    free: int = 0
    over: int = 0
    booked: int = 0
    used: int = 0
    on_days_off: int = 0
    appointments: int = 0
    completed: int = 0
    no_shows: int = 0
    left: int = 0
    by_patient: int = 0
    by_clinic: int = 0
    moved_by_patient: int = 0
    moved_by_clinic: int = 0
    due: int = 0
    """The appointments of days up to today that were not cancelled."""
    waits: Spread = field(default_factory=Spread)
    visits: Spread = field(default_factory=Spread)
    leads: Spread = field(default_factory=Spread)
    arrivals: Counter[tuple[int, int]] = field(default_factory=Counter)
    """By weekday, 0 for Monday, and hour."""

    @property
    def cancelled(self) -> int:
        return self.by_patient + self.by_clinic

    @property
    def moved(self) -> int:
        return self.moved_by_patient + self.moved_by_clinic


def count_outcomes(
    tx: Tx, groups: Groups[Tally], staff: Mapping[UUID, rows.DoctorRow], *, first: date, last: date
) -> None:
    """Count what became of appointments, and the slots of the days."""
    undone = {(row.doctor_id, row.date): row.number for row in stored.undone(tx, first=first, last=last)}
    found = stored.outcomes(tx, first=first, last=last)
    today = tx.today
    for row in found:
        mistakes = undone.get((row.doctor_id, row.date), 0)
        for tally in (groups.total, groups.of_day(row.doctor_id, row.date)):
            tally.appointments += row.number - mistakes
            tally.completed += row.completed
            tally.no_shows += row.no_shows
            tally.left += row.left_unseen
            tally.by_patient += row.by_patient
            tally.by_clinic += row.by_clinic - mistakes
            tally.moved_by_patient += row.moved_by_patient
            tally.moved_by_clinic += row.moved_by_clinic
            if row.date <= today:
                tally.due += row.number - row.by_patient - row.by_clinic - row.moved_by_patient - row.moved_by_clinic
    _count_slots(tx, groups, staff, found, first=first, last=last)


def count_slots(
    tx: Tx, groups: Groups[Tally], staff: Mapping[UUID, rows.DoctorRow], *, first: date, last: date
) -> None:
    """Count the slots of the days."""
    _count_slots(tx, groups, staff, stored.slots(tx, first=first, last=last), first=first, last=last)


def _count_slots(
    tx: Tx,
    groups: Groups[Tally],
    staff: Mapping[UUID, rows.DoctorRow],
    found: Sequence[rows.DayOutcomesRow | rows.DaySlotsRow],
    *,
    first: date,
    last: date,
) -> None:
    slots = dict[UUID, dict[date, tuple[int, int]]]()
    for row in found:
        if row.booked:
            slots.setdefault(row.doctor_id, {})[row.date] = row.booked, row.used or 0
    for day in list_offered(tx, staff, slots, first=first, last=last):
        booked, used = slots.get(day.doctor, {}).get(day.date, (0, 0))
        for tally in (groups.total, groups.of_day(day.doctor, day.date)):
            if day.present:
                tally.days += 1
                tally.slots += day.slots
                tally.booked += booked
                tally.used += used
                tally.free += max(0, day.slots - booked)
                tally.over += max(0, booked - day.slots)
            else:
                tally.days_off += 1
                tally.on_days_off += booked


def count_no_shows(tx: Tx, groups: Groups[Tally], *, first: date, last: date) -> None:
    """Count no-shows and those who left, of the days up to today."""
    asked = stored.no_shows_of_doctors if groups.by_doctor else stored.no_shows_of_dates
    for row in asked(tx, first=first, last=min(last, tx.today)):
        for tally in (groups.total, groups.of(row[0])):
            tally.due += row.number
            tally.no_shows += row.no_shows
            tally.left += row.left_unseen


def count_changes(tx: Tx, groups: Groups[Tally], *, first: date, last: date) -> None:
    """Count what was cancelled and moved. Bookings that were undone are left out."""
    asked = stored.changes_of_doctors if groups.by_doctor else stored.changes_of_dates
    for row in asked(tx, first=first, last=last):
        for tally in (groups.total, groups.of(row[0])):
            tally.appointments += row.number
            tally.by_patient += row.by_patient
            tally.by_clinic += row.by_clinic
            tally.moved_by_patient += row.moved_by_patient
            tally.moved_by_clinic += row.moved_by_clinic
    for mistake in stored.undone(tx, first=first, last=last):
        for tally in (groups.total, groups.of_day(mistake.doctor_id, mistake.date)):
            tally.appointments -= mistake.number
            tally.by_clinic -= mistake.number


def count_waits(tx: Tx, groups: Groups[Tally], *, first: date, last: date) -> None:
    """Count the minutes from check-in to call."""
    asked = stored.waits_of_doctors if groups.by_doctor else stored.waits_of_dates
    for row in asked(tx, first=first, last=last):
        for tally in (groups.total, groups.of(row[0])):
            tally.waits.add(row.minutes, row.number)


def count_visits(tx: Tx, groups: Groups[Tally], *, first: date, last: date) -> None:
    """Count the minutes of consultations."""
    asked = stored.consultations_of_doctors if groups.by_doctor else stored.consultations_of_dates
    for row in asked(tx, first=first, last=last):
        for tally in (groups.total, groups.of(row[0])):
            tally.visits.add(row.minutes, row.number)


def count_leads(tx: Tx, groups: Groups[Tally], *, first: date, last: date) -> None:
    """Count the days from the date of booking to the date of the visit.

    The store computes the date of booking at the smallest offset that the clinic has had. Where it may be the next date
    at another one, the store returns the minute.
    """
    least, most = zones.extremes(tx.zone, tx.now)
    late, night = _part_of_day(-most, -least)
    asked = stored.leads_of_doctors if groups.by_doctor else stored.leads_of_dates
    for row in asked(tx, offset=least, late=late, night=night, wraps=int(late > night), first=first, last=last):
        days = row.days or 0
        if row.minute is not None:
            days -= _later_date(tx, datetime.fromisoformat(f"{row.minute}+00:00"), least)
        for tally in (groups.total, groups.of(row[0])):
            tally.leads.add(days, row.number)


def _part_of_day(start: int, end: int) -> tuple[str, str]:
    """Return the times of two seconds of a day, or of the days beside it."""
    if end - start >= _DAY_SECONDS:
        return "00:00:00", "24:00:00"
    whole = (each % _DAY_SECONDS for each in (start, end))
    late, night = (f"{each // 3_600:02}:{each // 60 % 60:02}:{each % 60:02}" for each in whole)
    return late, night


def _later_date(tx: Tx, at: datetime, offset: int) -> int:
    """Return how many dates later an instant is for the clinic than at an offset."""
    return (at.astimezone(tx.zone).date() - (at + timedelta(seconds=offset)).date()).days


def count_arrivals(tx: Tx, groups: Groups[Tally], *, first: date, last: date) -> None:
    """Count the check-ins by weekday and hour of the clinic's clock."""
    for start, end, offset in zones.stretches(tx.zone, first, last):
        # A check-in is on the day of its visit, or in the night after it.
        early, late = start.date() - timedelta(days=_NEAR), end.date() + timedelta(days=_NEAR)
        for key, hour, number in _arrivals(
            tx, groups, offset=offset, start=start, end=end, first=max(first, early), last=min(last, late)
        ):
            weekday, of_day = divmod(((hour or 0) + _THURSDAY * _DAY_HOURS) % _WEEK_HOURS, _DAY_HOURS)
            for tally in (groups.total, groups.of(key)):
                tally.arrivals[weekday, of_day] += number


def _arrivals(tx: Tx, groups: Groups[Tally], **span: Any) -> Iterable[tuple[UUID | date | None, int | None, int]]:
    """Return the number of check-ins by the key of their group and by hour.

    Without groups there is no key.
    """
    if not groups.has_kind:
        return [(None, *row) for row in stored.arrivals(tx, **span)]
    return stored.arrivals_of_doctors(tx, **span) if groups.by_doctor else stored.arrivals_of_dates(tx, **span)
