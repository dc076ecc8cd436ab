"""Reports: counts and rates of a span of days. Nothing in them is about a person but doctors' codes.

A rate is a share from 0 to 1, or None of nothing. Waits and consultations are in minutes. `group` is what `--by` names,
or None: of a total, and of doctors without a specialty.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple

from clinicctl.results.base import result


class DayRow(NamedTuple):
    group: str | None
    slots: int
    booked: int
    seen: int
    no_shows: int
    left: int
    open: int
    cancelled: int
    moved: int
    wait_median: float | None
    wait_p90: int | None
    wait_longest: int | None


class UtilisationRow(NamedTuple):
    group: str | None
    days: int
    days_off: int
    slots: int
    booked: int
    free: int
    over: int
    used: int
    utilisation: float | None
    attended: float | None
    booked_on_days_off: int


class WaitsRow(NamedTuple):
    group: str | None
    patients: int
    wait_mean: float | None
    wait_median: float | None
    wait_p90: int | None
    wait_longest: int | None
    long_waits: int
    long_wait_rate: float | None


class NoShowsRow(NamedTuple):
    group: str | None
    appointments: int
    no_shows: int
    no_show_rate: float | None
    left: int
    left_rate: float | None


class LeadTimeRow(NamedTuple):
    group: str | None
    appointments: int
    same_day: int
    same_day_rate: float | None
    lead_mean: float | None
    lead_median: float | None
    lead_p90: int | None
    lead_longest: int | None


class LoadRow(NamedTuple):
    group: str | None
    hour: int | None
    mon: int
    tue: int
    wed: int
    thu: int
    fri: int
    sat: int
    sun: int
    arrivals: int


class DoctorsRow(NamedTuple):
    group: str | None
    days: int
    slots: int
    booked: int
    utilisation: float | None
    seen: int
    no_shows: int
    no_show_rate: float | None
    left: int
    cancelled: int
    wait_median: float | None
    wait_p90: int | None
    visit_median: float | None


class ChangesRow(NamedTuple):
    group: str | None
    appointments: int
    cancelled: int
    cancelled_by_patient: int
    cancelled_by_clinic: int
    cancel_rate: float | None
    moved: int
    moved_by_patient: int
    moved_by_clinic: int
    move_rate: float | None


class RemindersRow(NamedTuple):
    group: str | None
    messages: int
    sent: int
    failed: int
    dropped: int
    unsent: int
    reminded: int
    reminded_no_shows: int
    reminded_no_show_rate: float | None
    others: int
    other_no_shows: int
    other_no_show_rate: float | None


@result
class JournalHead:
    """The last write of the journal, to compare with `audit verify --anchor`."""

    number: int
    hash: str


@result
class Report:
    """A report of the days from `first` to `last`: a row for each group, and the total of all."""

    is_report: ClassVar[bool] = True
    report: str
    clinic: str
    first: date
    last: date
    by: str | None
    made_at: datetime
    total: Mapping[str, Any]


@result
class DayReport(Report):
    """What became of a day."""

    journal: JournalHead
    rows: tuple[DayRow, ...]


@result
class UtilisationReport(Report):
    """How much of the slots was booked and used."""

    rows: tuple[UtilisationRow, ...]


@result
class WaitsReport(Report):
    """How long patients waited."""

    rows: tuple[WaitsRow, ...]


@result
class NoShowsReport(Report):
    """How many did not come, or left."""

    rows: tuple[NoShowsRow, ...]


@result
class LeadTimeReport(Report):
    """How far ahead visits were booked."""

    rows: tuple[LeadTimeRow, ...]


@result
class LoadReport(Report):
    """When patients arrived."""

    rows: tuple[LoadRow, ...]


@result
class DoctorsReport(Report):
    """The figures of doctors beside each other."""

    rows: tuple[DoctorsRow, ...]


@result
class ChangesReport(Report):
    """How many visits were cancelled and moved."""

    rows: tuple[ChangesRow, ...]


@result
class RemindersReport(Report):
    """What became of messages, and the no-shows of those reminded and of the others."""

    rows: tuple[RemindersRow, ...]


@result
class Drawn:
    """A report that is drawn below its table."""

    is_report: ClassVar[bool] = True
    report: Report
