"""Which charts a report has, and what is in them. How they are drawn is up to others."""

from collections.abc import Sequence
from dataclasses import dataclass

from clinicctl.render import reports
from clinicctl.results.reports import LoadReport, Report
from clinicctl.rules.days import WEEKDAYS

NO_GROUP = "none"
"""The name of the group without one: of doctors who have no specialty."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """The values of one field, one for each name of a chart. A missing value is unknown."""

    field: str
    label: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chart:
    """Bars beside each other or stacked. With `is_grid` the series are the columns of a grid of counts."""

    title: str
    names: Sequence[str]
    series: Sequence[Series]
    stacked: bool = False
    is_grid: bool = False

    def text(self, series: Series, nth: int) -> str:
        """Return a value for people."""
        return reports.cell(series.field, series.values[nth])


_CHARTS: dict[str, Sequence[tuple[str, bool, Sequence[str]]]] = {
    "day": (
        ("What became of the appointments", True, ("seen", "no_shows", "left", "open")),
        ("Waits", False, ("wait_median", "wait_p90")),
    ),
    "utilisation": (("Utilisation", False, ("utilisation", "attended")),),
    "waits": (("Waits", False, ("wait_median", "wait_p90")),),
    "no-shows": (("No-shows and patients who left", False, ("no_show_rate", "left_rate")),),
    "lead-time": (("Days from booking to visit", False, ("lead_median", "lead_p90")),),
    "doctors": (
        ("Utilisation and no-shows", False, ("utilisation", "no_show_rate")),
        ("Waits and consultations", False, ("wait_median", "visit_median")),
    ),
    "reminders": (
        ("What became of the messages", True, ("sent", "failed", "dropped", "unsent")),
        ("No-show rates with a reminder and without", False, ("reminded_no_show_rate", "other_no_show_rate")),
    ),
    "changes": (("Cancelled and moved", True, ("cancelled_by_patient", "cancelled_by_clinic", "moved")),),
}
"""The charts of each report: the title, whether bars are stacked, and the fields."""


def charts(report: Report) -> list[Chart]:
    """Return the charts of a report."""
    if isinstance(report, LoadReport):
        return _load(report)
    found = reports.data(report)
    names = [NO_GROUP if row.group is None else str(row.group) for row in found]
    return [
        Chart(
            title,
            names,
            [Series(each, reports.heading(each, None), [getattr(row, each) for row in found]) for each in fields],
            stacked=stacked,
        )
        for title, stacked, fields in _CHARTS[report.report]
    ]


def _load(report: LoadReport) -> list[Chart]:
    """Return the grid of hours and weekdays, of all groups together."""
    hours = sorted({row.hour for row in report.rows if row.hour is not None})
    hours = list(range(hours[0], hours[-1] + 1)) if hours else []
    columns = [
        Series(day, reports.heading(day, None), [_arrived(report, day, hour) for hour in hours]) for day in WEEKDAYS
    ]
    return [Chart("Arrivals by hour and weekday", [f"{hour:02}:00" for hour in hours], columns, is_grid=True)]


def _arrived(report: LoadReport, day: str, hour: int) -> int:
    return sum(getattr(row, day) for row in report.rows if row.hour == hour)
