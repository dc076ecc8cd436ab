"""Make the rows of each report from tallies."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

from clinicctl import errors
from clinicctl.desk.dates import date_of
from clinicctl.desk.reports import tallies
from clinicctl.desk.reports.groups import Groups
from clinicctl.desk.reports.tallies import Tally
from clinicctl.results.reports import (
    ChangesReport,
    ChangesRow,
    DayReport,
    DayRow,
    DoctorsReport,
    DoctorsRow,
    JournalHead,
    LeadTimeReport,
    LeadTimeRow,
    LoadReport,
    LoadRow,
    NoShowsReport,
    NoShowsRow,
    UtilisationReport,
    UtilisationRow,
    WaitsReport,
    WaitsRow,
)
from clinicctl.rules import periods
from clinicctl.rules.days import DayWord
from clinicctl.rules.distributions import rate
from clinicctl.rules.periods import PeriodWord
from clinicctl.statuses import ReportBy
from clinicctl.store.compiled import doctors as stored_doctors
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

R = TypeVar("R", bound=tuple[Any, ...])
Staff = Mapping[UUID, rows.DoctorRow]


def day(tx: Tx, *, on: DayWord, by: ReportBy = ReportBy.DOCTOR) -> DayReport:
    """Return what became of a day, with the head of the journal."""
    date_ = date_of(tx, on)
    if by not in (ReportBy.DOCTOR, ReportBy.SPECIALTY):
        raise errors.BadValue(problem="--by: a day is reported by doctor or by specialty.")
    staff, groups = _begin(tx, by, date_, date_)
    tallies.count_outcomes(tx, groups, staff, first=date_, last=date_)
    tallies.count_waits(tx, groups, first=date_, last=date_)

    def row(group: str | None, of: Tally) -> DayRow:
        seen = of.completed
        return DayRow(
            group,
            of.slots,
            of.booked + of.on_days_off,
            seen,
            of.no_shows,
            of.left,
            of.appointments - of.cancelled - of.moved - seen - of.no_shows - of.left,
            of.cancelled,
            of.moved,
            of.waits.median,
            of.waits.p90,
            of.waits.longest,
        )

    number, hash_ = tx.head()
    return DayReport(journal=JournalHead(number, hash_), **about(tx, "day", by, date_, date_), **_rows(groups, row))


def utilisation(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy = ReportBy.DOCTOR,
) -> UtilisationReport:
    """Return how much of the slots was booked and used."""
    first, last = span(tx, start, end, period)
    staff, groups = _begin(tx, by, first, last)
    tallies.count_slots(tx, groups, staff, first=first, last=last)

    def row(group: str | None, of: Tally) -> UtilisationRow:
        return UtilisationRow(
            group,
            of.days,
            of.days_off,
            of.slots,
            of.booked,
            of.free,
            of.over,
            of.used,
            rate(of.booked, of.slots),
            rate(of.used, of.slots),
            of.on_days_off,
        )

    return UtilisationReport(**about(tx, "utilisation", by, first, last), **_rows(groups, row))


def waits(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy = ReportBy.DOCTOR,
) -> WaitsReport:
    """Return how long patients waited from check-in to call."""
    first, last = span(tx, start, end, period)
    _, groups = _begin(tx, by, first, last)
    tallies.count_waits(tx, groups, first=first, last=last)
    threshold = tx.clinic.wait_threshold

    def row(group: str | None, of: Tally) -> WaitsRow:
        found = of.waits
        long = sum(number for minutes, number in found.counts.items() if minutes >= threshold)
        number = found.number
        return WaitsRow(group, number, found.mean, found.median, found.p90, found.longest, long, rate(long, number))

    return WaitsReport(**about(tx, "waits", by, first, last), **_rows(groups, row))


def no_shows(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy = ReportBy.DOCTOR,
) -> NoShowsReport:
    """Return how many did not come, and how many left."""
    first, last = span(tx, start, end, period)
    _, groups = _begin(tx, by, first, last)
    tallies.count_no_shows(tx, groups, first=first, last=last)

    def row(group: str | None, of: Tally) -> NoShowsRow:
        return NoShowsRow(group, of.due, of.no_shows, rate(of.no_shows, of.due), of.left, rate(of.left, of.due))

    return NoShowsReport(**about(tx, "no-shows", by, first, last), **_rows(groups, row))


def lead_time(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy = ReportBy.DOCTOR,
) -> LeadTimeReport:
    """Return how many days ahead visits were booked."""
    first, last = span(tx, start, end, period)
    _, groups = _begin(tx, by, first, last)
    tallies.count_leads(tx, groups, first=first, last=last)

    def row(group: str | None, of: Tally) -> LeadTimeRow:
        found, same = of.leads, of.leads.counts[0]
        number = found.number
        return LeadTimeRow(group, number, same, rate(same, number), found.mean, found.median, found.p90, found.longest)

    return LeadTimeReport(**about(tx, "lead-time", by, first, last), **_rows(groups, row))


def load(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy | None = None,
) -> LoadReport:
    """Return how many patients arrived in each hour of the week."""
    first, last = span(tx, start, end, period)
    _, groups = _begin(tx, by, first, last)
    tallies.count_arrivals(tx, groups, first=first, last=last)

    def row(group: str | None, hour: int | None, of: Tally) -> LoadRow:
        mon, tue, wed, thu, fri, sat, sun = (
            sum(number for (day_, at), number in of.arrivals.items() if day_ == weekday and hour in (None, at))
            for weekday in range(7)
        )
        return LoadRow(group, hour, mon, tue, wed, thu, fri, sat, sun, mon + tue + wed + thu + fri + sat + sun)

    listed = groups.each() if by is not None else [(None, groups.total)]
    return LoadReport(
        **about(tx, "load", by, first, last),
        rows=tuple(row(group, hour, of) for group, of in listed for hour in _hours(of)),
        total=row(None, None, groups.total)._asdict(),
    )


def doctors(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy = ReportBy.DOCTOR,
) -> DoctorsReport:
    """Return the main figures of each doctor."""
    first, last = span(tx, start, end, period)
    staff, groups = _begin(tx, by, first, last)
    tallies.count_outcomes(tx, groups, staff, first=first, last=last)
    tallies.count_waits(tx, groups, first=first, last=last)
    tallies.count_visits(tx, groups, first=first, last=last)

    def row(group: str | None, of: Tally) -> DoctorsRow:
        return DoctorsRow(
            group,
            of.days,
            of.slots,
            of.booked,
            rate(of.booked, of.slots),
            of.completed,
            of.no_shows,
            rate(of.no_shows, of.due),
            of.left,
            of.cancelled,
            of.waits.median,
            of.waits.p90,
            of.visits.median,
        )

    return DoctorsReport(**about(tx, "doctors", by, first, last), **_rows(groups, row))


def changes(
    tx: Tx,
    *,
    start: DayWord | None = None,
    end: DayWord | None = None,
    period: PeriodWord | None = None,
    by: ReportBy = ReportBy.DOCTOR,
) -> ChangesReport:
    """Return how many visits were cancelled and moved, and by whom."""
    first, last = span(tx, start, end, period)
    _, groups = _begin(tx, by, first, last)
    tallies.count_changes(tx, groups, first=first, last=last)

    def row(group: str | None, of: Tally) -> ChangesRow:
        return ChangesRow(
            group,
            of.appointments,
            of.cancelled,
            of.by_patient,
            of.by_clinic,
            rate(of.cancelled, of.appointments),
            of.moved,
            of.moved_by_patient,
            of.moved_by_clinic,
            rate(of.moved, of.appointments),
        )

    return ChangesReport(**about(tx, "changes", by, first, last), **_rows(groups, row))


def span(tx: Tx, start: DayWord | None, end: DayWord | None, period: PeriodWord | None) -> tuple[date, date]:
    """Return the first and the last date of a report.

    Without any it is of the last 30 days.
    """
    if period is not None:
        if start is not None or end is not None:
            raise errors.Usage(problem="--period cannot be combined with --from and --to.")
        return periods.period(period, today=tx.today)
    last = date_of(tx, end) if end is not None else tx.today
    first = date_of(tx, start) if start is not None else last - timedelta(days=periods.DAYS - 1)
    if first > last:
        raise errors.BadValue(
            problem=f"--from {first} is after --to {last}.",
            hint="Without --to a report ends today." if end is None else None,
        )
    if (last - first).days >= periods.MOST:
        raise errors.BadValue(problem="A report covers at most 100 years.")
    return first, last


def _begin(tx: Tx, by: ReportBy | None, first: date, last: date) -> tuple[Staff, Groups[Tally]]:
    """Return the doctors, also archived ones, and the groups.

    Doctors on staff have a group without figures, too.
    """
    staff = {row.id: row for row in stored_doctors.everybody(tx)}
    groups = Groups(Tally, by, staff, first=first, last=last)
    groups.add_staff(row for row in staff.values() if row.archived_at is None)
    return staff, groups


def about(tx: Tx, name: str, by: ReportBy | None, first: date, last: date) -> dict[str, Any]:
    return {
        "report": name,
        "clinic": tx.clinic.name,
        "first": first,
        "last": last,
        "by": by.value if by is not None else None,
        "made_at": tx.local(tx.now),
    }


def _rows(groups: Groups[Tally], row: Callable[[str | None, Tally], R]) -> dict[str, Any]:
    """Return the rows of all groups, and the total."""
    total: Any = row(None, groups.total)
    return {"rows": tuple(row(group, of) for group, of in groups.each()), "total": total._asdict()}


def _hours(of: Tally) -> range:
    """Return the hours from the first arrival to the last one."""
    found = [hour for (_, hour), number in of.arrivals.items() if number]
    return range(min(found), max(found) + 1) if found else range(0)
