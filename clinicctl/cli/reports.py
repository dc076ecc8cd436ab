"""The commands for reports."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from clinicctl import desk
from clinicctl.cli import params
from clinicctl.cli.commands import group, reads_long
from clinicctl.cli.context import Ctx
from clinicctl.rules import days, periods
from clinicctl.rules.days import DayWord
from clinicctl.rules.report_words import REPORTS, SPAN
from clinicctl.statuses import ReportBy

report = group(
    "report",
    "Reports: day, utilisation, waits, no-shows, lead time, load, doctors, changes.",
    "clinicctl report day",
    "clinicctl report no-shows --period last-month --by weekday",
)
GROUPS = {"report": report}

From = Annotated[
    DayWord | None,
    typer.Option(
        "--from", metavar="DAY", parser=days.parse_day, autocompletion=params.day_words, help="The first day."
    ),
]
To = Annotated[
    DayWord | None,
    typer.Option(
        "--to",
        metavar="DAY",
        parser=days.parse_day,
        autocompletion=params.day_words,
        help="The last day.  [default: today]",
    ),
]


def _periods(incomplete: str) -> list[str]:
    return [each for each in periods.NAMES if each.startswith(incomplete.lower())]


Period = Annotated[
    periods.PeriodWord | None,
    typer.Option(
        "--period",
        metavar="PERIOD",
        parser=periods.parse_period,
        autocompletion=_periods,
        help="week, month, quarter, year, last-month and so on, 2026, 2026-Q4, 2026-11, 2026-W48.",
    ),
]
By = Annotated[
    ReportBy | None,
    params.choice("--by", ReportBy, help="What the rows are about."),
]


def _help(name: str) -> str:
    """Return the help of a report: its purpose, its definitions and its days."""
    words = REPORTS[name]
    return "\n\n".join([words.purpose, " ".join(words.definitions), *([] if name == "day" else [SPAN])])


def _add(name: str, operation: Callable[..., Any], *examples: str) -> None:
    """Register a report over a span of days."""

    def command(
        ctx: Ctx,
        start: From = None,
        end: To = None,
        period: Period = None,
        by: By = None,
    ) -> None:
        asked = {"start": start, "end": end, "period": period} | ({"by": by} if by else {})
        ctx.obj.show(ctx.obj.read(operation, **asked))

    command.__doc__ = _help(name)
    reads_long(report, name, *(f"clinicctl report {name}{each}" for each in examples))(command)


def day(ctx: Ctx, day: params.Day = DayWord("today"), by: By = None) -> None:
    ctx.obj.show(ctx.obj.read(desk.reports.day, on=day, **({"by": by} if by else {})))


day.__doc__ = _help("day")
reads_long(report, "day", "clinicctl report day", "clinicctl report day yesterday --by specialty")(day)
_add("utilisation", desk.reports.utilisation, " --period month", " --period year --by month")
_add("waits", desk.reports.waits, " --by weekday", " --from -7d")
_add("no-shows", desk.reports.no_shows, "", " --period last-quarter --by month")
_add("lead-time", desk.reports.lead_time, " --period 2026-11", " --by specialty")
_add("load", desk.reports.load, " --period last-month", " --by doctor -o csv")
_add("doctors", desk.reports.doctors, "", " --period year --json")
_add("changes", desk.reports.changes, " --period last-month", " --by month --from 2026-01-01")
