"""Reports for people: the names and the form of every figure, and the table on a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from clinicctl.render import phrases
from clinicctl.render.layout import GAP, Console, Heading, Text, cells, wrapped
from clinicctl.render.safe_text import visible
from clinicctl.results.reports import DayReport, Drawn, Report
from clinicctl.rules.report_words import REPORTS

COUNT, RATE, MINUTES, DAYS, HOUR, NAME = "count", "rate", "minutes", "days", "hour", "name"

_UNITS = {MINUTES: (" min", "m"), DAYS: (" days", "d")}

FIELDS: dict[str, tuple[str, str]] = {
    "used": ("Used", COUNT),
    "group": ("", NAME),
    "days": ("Days", COUNT),
    "days_off": ("Off", COUNT),
    "slots": ("Slots", COUNT),
    "booked": ("Booked", COUNT),
    "free": ("Free", COUNT),
    "over": ("Above", COUNT),
    "seen": ("Seen", COUNT),
    "utilisation": ("Utilisation", RATE),
    "attended": ("Attended", RATE),
    "booked_on_days_off": ("On days off", COUNT),
    "patients": ("Patients", COUNT),
    "wait_mean": ("Mean wait", MINUTES),
    "wait_median": ("Median wait", MINUTES),
    "wait_p90": ("90% within", MINUTES),
    "wait_longest": ("Longest wait", MINUTES),
    "long_waits": ("Long waits", COUNT),
    "long_wait_rate": ("Long", RATE),
    "appointments": ("Appointments", COUNT),
    "no_shows": ("No-shows", COUNT),
    "no_show_rate": ("No-show rate", RATE),
    "left": ("Left", COUNT),
    "left_rate": ("Left rate", RATE),
    "open": ("Open", COUNT),
    "cancelled": ("Cancelled", COUNT),
    "cancelled_by_patient": ("Cancelled by patient", COUNT),
    "cancelled_by_clinic": ("Cancelled by clinic", COUNT),
    "cancel_rate": ("Cancelled rate", RATE),
    "moved": ("Moved", COUNT),
    "moved_by_patient": ("Moved by patient", COUNT),
    "moved_by_clinic": ("Moved by clinic", COUNT),
    "move_rate": ("Moved rate", RATE),
    "same_day": ("Same day", COUNT),
    "same_day_rate": ("Same day rate", RATE),
    "lead_mean": ("Mean", DAYS),
    "lead_median": ("Median", DAYS),
    "lead_p90": ("90% within", DAYS),
    "lead_longest": ("Longest", DAYS),
    "hour": ("Hour", HOUR),
    **{name: (name.capitalize(), COUNT) for name in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
    "arrivals": ("Arrivals", COUNT),
    "visit_median": ("Median visit", MINUTES),
    "messages": ("Messages", COUNT),
    "sent": ("Sent", COUNT),
    "failed": ("Failed", COUNT),
    "dropped": ("Dropped", COUNT),
    "unsent": ("Not yet", COUNT),
    "reminded": ("Reminded", COUNT),
    "reminded_no_shows": ("No-shows reminded", COUNT),
    "reminded_no_show_rate": ("Reminded %", RATE),
    "others": ("Others", COUNT),
    "other_no_shows": ("No-shows of others", COUNT),
    "other_no_show_rate": ("Others %", RATE),
}
"""The title and the form of each field of a report."""

_SHORT = {
    "utilisation": "Util.",
    "appointments": "Appts.",
    "cancelled": "Canc.",
    "cancelled_by_patient": "by patient",
    "cancelled_by_clinic": "by clinic",
    "cancel_rate": "Canc. rate",
    "moved_by_patient": "by patient",
    "moved_by_clinic": "by clinic",
    "wait_p90": "90% wait",
    "wait_longest": "Max. wait",
}
"""Shorter titles for a terminal, where they are beside the title that they belong to."""


def title(report: Report) -> str:
    """Return the title of a report, with its clinic and its days."""
    by = f", by {report.by}" if report.by else ""
    return f"{REPORTS[report.report].title}, {span(report)}{by}"


def span(report: Report) -> str:
    """Return the days of a report."""
    if report.first == report.last:
        return phrases.day(report.first)
    return f"{report.first} to {report.last}"


def head(report: Report) -> str:
    """Return the last write of the journal, of a report that has it."""
    if not isinstance(report, DayReport):
        return ""
    return f"Journal: write {report.journal.number}, {report.journal.hash}"


def columns(report: Report) -> list[str]:
    """Return the fields of the rows, without a group where there is none."""
    return [each for each in report.total if each != "group" or report.by is not None]


def heading(name: str, by: str | None, *, short: bool = False) -> str:
    """Return the title of a column."""
    if name == "group":
        return (by or "").capitalize()
    return _SHORT.get(name, FIELDS[name][0]) if short else FIELDS[name][0]


def cell(name: str, value: Any, *, short: bool = False) -> str:
    """Return a figure for people."""
    form = FIELDS[name][1]
    if value is None:
        return "–"
    if form == RATE:
        return f"{value:.1%}"
    if form == HOUR:
        return f"{value:02}:00"
    if form in (MINUTES, DAYS):
        return f"{value:,.1f}".removesuffix(".0") + _UNITS[form][short]
    return f"{value:,}" if form == COUNT else visible(str(value))


def rows(report: Report, *, short: bool = False) -> list[list[str]]:
    """Return the cells of the rows of a report, and of the total at the end."""
    names = columns(report)
    found = [[cell(name, getattr(row, name), short=short) for name in names] for row in data(report)]
    last = [cell(name, report.total[name], short=short) for name in names]
    last[0] = "Total"
    return [*found, last]


def data(report: Report) -> Sequence[Any]:
    """Return the rows of a report."""
    found: Sequence[Any] = report.rows  # type: ignore[attr-defined]  # every report has rows of its own class
    return found


def shown(value: Report | Drawn, *, width: int, coloured: bool, positioned: bool) -> str:
    """Return a report as a table, and drawn if that was asked for."""
    if isinstance(value, Report):
        return table(value, width=width, coloured=coloured, positioned=positioned)
    from clinicctl.render import report_plot  # Deferred: it needs this module, and few reports are drawn.

    found = value.report
    drawn = report_plot.plot(found, width=width, coloured=coloured, positioned=positioned)
    return table(found, width=width, coloured=coloured, positioned=positioned) + drawn


def table(report: Report, *, width: int, coloured: bool, positioned: bool) -> str:
    """Return a report as a table.

    Columns that do not fit follow below, beside the names of the rows again.
    """
    console = Console(width=width, coloured=coloured, positioned=positioned)
    console.print(Text(visible(title(report)), "bold"), soft_wrap=True)
    titles = [heading(name, report.by, short=True) for name in columns(report)]
    found = [
        _Column(title, [row[nth] for row in cells_], right=nth > 0)
        for cells_ in [rows(report, short=True)]
        for nth, title in enumerate(titles)
    ]
    for nth, some in enumerate(_parts(found, width)):
        if nth:
            console.print("")
        _print_part(console, some)
    if line := head(report):
        console.print(Text(line, "dim"), soft_wrap=True)
    return console.text()


class _Column:
    """A column, as wide as its longest cell or the longest word of its title."""

    def __init__(self, title: str, shown: Sequence[str], *, right: bool) -> None:
        self.cells, self.right = shown, right
        self.width = max(map(cells, [*shown, *title.split(" ")]))
        self.title = wrapped(title, self.width)


def _parts(columns_: Sequence[_Column], width: int) -> Iterator[Sequence[_Column]]:
    """Yield columns that fit beside each other. The first column is in each part."""
    first, *rest = columns_
    part, used = [first], first.width
    for each in rest:
        if len(part) > 1 and used + GAP + each.width > width:
            yield part
            part, used = [first], first.width
        part.append(each)
        used += GAP + each.width
    yield part


def _print_part(console: Console, part: Sequence[_Column]) -> None:
    height = max(len(each.title) for each in part)
    titles = [[*[""] * (height - len(each.title)), *each.title] for each in part]
    lines = [[Text(each[nth], "bold") for each in titles] for nth in range(height)]
    *figures, total = zip(*(each.cells for each in part), strict=True)
    lines += [[Text(each) for each in row] for row in figures]
    lines.append([Text(each, "bold") for each in total])
    console.table([Heading(right=each.right, wraps=False) for each in part], lines)
