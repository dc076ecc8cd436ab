"""The commands for reports."""

import os
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperOption

from clinicctl import desk, errors, render
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import LongReading, group
from clinicctl.cli.context import Ctx
from clinicctl.results.reports import Drawn
from clinicctl.rules import days, periods
from clinicctl.rules.days import DayWord
from clinicctl.rules.report_words import REPORTS, SPAN
from clinicctl.statuses import RemindersBy, ReportBy, ReportFormat
from clinicctl.store import paths

report = group(
    "report",
    "Reports: day, utilisation, waits, no-shows, lead time, load, doctors, changes, reminders.",
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


Plot = Annotated[bool, typer.Option("--plot", help="Draw the figures below the table, in the terminal.")]
Html = Annotated[
    str | None,
    typer.Option("--html", metavar="FILE", help="Write a page with charts, for a browser or paper."),
]
Png = Annotated[str | None, typer.Option("--png", metavar="FILE", help="Write a picture of the charts.")]
Xlsx = Annotated[
    str | None, typer.Option("--xlsx", metavar="FILE", help="Write a workbook. -o xlsx writes it to stdout.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]


def _formats(incomplete: str) -> list[str]:
    return [each for each in ReportFormat if each.startswith(incomplete)]


Output = Annotated[
    ReportFormat | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FORMAT",
        parser=parsers.one_of("--output", ReportFormat),
        autocompletion=_formats,
        help="Output format: table, json, jsonl, csv, tsv or xlsx.",
    ),
]


class _Reporting(LongReading):
    """A command that reports, with an --output of its own."""

    def options(self) -> list[TyperOption]:
        return [each for each in super().options() if each.name != "output"]


class Form(NamedTuple):
    """What becomes of a report: the files by their kinds, or what is printed."""

    files: Mapping[str, str]
    plot: bool
    force: bool


def _form(ctx: Ctx, output: ReportFormat | None, *, plot: bool, force: bool, **named: str | None) -> Form:
    """Return what becomes of a report. Refuses what does not go together."""
    files = {kind: path for kind, path in named.items() if path is not None}
    if output is ReportFormat.XLSX:
        if "xlsx" in files:
            raise errors.Usage(problem="-o xlsx and --xlsx FILE cannot be combined.")
        files["xlsx"] = "-"
    elif output is not None:
        ctx.obj.flags["output"] = output.value
    if force and not {*files.values()} - {"-"}:
        raise errors.Usage(problem="--force needs --html, --png or --xlsx with a file.")
    if plot and (files or ctx.obj.settings.output not in (None, "table")):
        raise errors.Usage(problem="--plot draws below a table. It cannot be combined with another output or a file.")
    if files:
        _refuse_files(ctx, files)
    return Form(files, plot, force)


def _refuse_files(ctx: Ctx, files: Mapping[str, str]) -> None:
    """Refuse files that cannot be written, before the report is made."""
    ctx.obj.store.require_standalone()
    places = [os.path.abspath(path) if path != "-" else path for path in files.values()]
    if len(set(places)) < len(places):
        raise errors.Usage(problem="Two files have the same name.")
    if any(path == "-" and kind != "html" for kind, path in files.items()) and render.default_format() == "table":
        raise errors.Usage(problem="This format is not text: name a file, or redirect the output.")
    for path in files.values():
        paths.refuse_own(path)


def _deliver(ctx: Ctx, found: Any, form: Form) -> None:
    """Print a report, or write its files."""
    if form.plot:
        ctx.obj.show(Drawn(found))
    elif not form.files:
        ctx.obj.show(found)
    else:
        render.write_report(found, form.files, replace=form.force)
        for path in form.files.values():
            if path != "-":
                ctx.obj.note(f"Wrote {path}.")


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
        output: Output = None,
        plot: Plot = False,
        html: Html = None,
        png: Png = None,
        xlsx: Xlsx = None,
        force: Force = False,
    ) -> None:
        form = _form(ctx, output, plot=plot, force=force, html=html, png=png, xlsx=xlsx)
        asked = {"start": start, "end": end, "period": period} | ({"by": by} if by else {})
        _deliver(ctx, ctx.obj.read(operation, **asked), form)

    command.__doc__ = _help(name)
    _register(name, command, *(f"clinicctl report {name}{each}" for each in examples))


def _register(name: str, command: Callable[..., None], *examples: str) -> None:
    report.command(name, cls=_Reporting, epilog="\n".join(examples))(command)


def day(
    ctx: Ctx,
    day: params.Day = DayWord("today"),
    by: By = None,
    output: Output = None,
    plot: Plot = False,
    html: Html = None,
    png: Png = None,
    xlsx: Xlsx = None,
    force: Force = False,
) -> None:
    form = _form(ctx, output, plot=plot, force=force, html=html, png=png, xlsx=xlsx)
    _deliver(ctx, ctx.obj.read(desk.reports.day, on=day, **({"by": by} if by else {})), form)


day.__doc__ = _help("day")
_register("day", day, "clinicctl report day", "clinicctl report day yesterday --by specialty")
_add("utilisation", desk.reports.utilisation, " --period month", " --period year --by month --html year.html")
_add("waits", desk.reports.waits, " --by weekday --plot", " --from -7d")
_add("no-shows", desk.reports.no_shows, "", " --period last-quarter --by month")
_add("lead-time", desk.reports.lead_time, " --period 2026-11", " --by specialty --png lead-time.png")
_add("load", desk.reports.load, " --period last-month --plot", " --by doctor -o csv")
_add("doctors", desk.reports.doctors, "", " --period year --xlsx doctors.xlsx")
_add("changes", desk.reports.changes, " --period last-month", " --by month --from 2026-01-01")


def reminders(
    ctx: Ctx,
    start: From = None,
    end: To = None,
    period: Period = None,
    by: Annotated[
        RemindersBy, params.choice("--by", RemindersBy, help="What the rows are about.  [default: kind]")
    ] = RemindersBy.KIND,
    output: Output = None,
    plot: Plot = False,
    html: Html = None,
    png: Png = None,
    xlsx: Xlsx = None,
    force: Force = False,
) -> None:
    form = _form(ctx, output, plot=plot, force=force, html=html, png=png, xlsx=xlsx)
    _deliver(ctx, ctx.obj.read(desk.reports.reminders, start=start, end=end, period=period, by=by), form)


reminders.__doc__ = _help("reminders")
_register(
    "reminders",
    reminders,
    "clinicctl report reminders --period last-month",
    "clinicctl report reminders --by channel --period year --plot",
)
