"""Commands for a whole day, the waitlist, and undo."""

from typing import Annotated, Any

import typer

from clinicctl import desk, errors, render
from clinicctl.cli import paper, params, parsers
from clinicctl.cli.commands import group, reads_long, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules.days import DaysWord, DayWord, parse_day, parse_days
from clinicctl.rules.references import DoctorRef

app = typer.Typer()
waitlist = group(
    "waitlist",
    "The waitlist for free slots: add, list, remove, promote.",
    "clinicctl waitlist add P17 MEHTA today..+2w",
    "clinicctl waitlist promote MEHTA",
)
GROUPS = {"waitlist": waitlist}


@reads_long(
    app,
    "day",
    "clinicctl day",
    "clinicctl day mon..wed --doctor MEHTA",
    "clinicctl day MEHTA tomorrow",
    "clinicctl day --week",
    "clinicctl day tomorrow --width 80mm",
    "clinicctl day tomorrow --pdf tomorrow.pdf",
)
def day(
    ctx: Ctx,
    first: Annotated[
        Any,
        typer.Argument(
            metavar="[DAYS|DOCTOR]",
            parser=parsers.days_or_doctor,
            autocompletion=params.day_words,
            help="A day, a range A..B, a list, or a doctor.",
        ),
    ] = DaysWord("today"),
    second: Annotated[
        DaysWord | None,
        typer.Argument(metavar="[DAYS]", parser=parse_days, autocompletion=params.day_words, help="The doctor's days."),
    ] = None,
    doctor: params.DoctorOption = None,
    week: Annotated[bool, typer.Option("--week", help="Show a week, with the taken slots of each doctor.")] = False,
    print_: paper.Print = False,
    pdf: paper.Pdf = None,
    force: paper.Force = False,
    width: paper.Width = None,
) -> None:
    """Show the day sheet: every slot of every doctor.

    `--print` uses `lp`, or the command in `config print_command`.
    """
    named = first if isinstance(first, DoctorRef) else None
    if (named and doctor) or (not named and second):
        raise errors.Usage(problem="Give the days once, and at most one doctor.")
    on = (second or DaysWord("today")) if named else first
    asked: dict[str, Any] = {"on": on, "doctor": named or doctor}
    if print_ or pdf is not None or width is not None:
        if week:
            raise errors.Usage(problem="--week cannot be combined with --print, --pdf and --width.")
        paper.give_sheet(ctx.obj, printed=print_, pdf=pdf, force=force, width=width, **asked)
        return
    found: Any = ctx.obj.read(desk.daybook.week, **asked) if week else ctx.obj.read_list(desk.daybook.sheet, **asked)
    ctx.obj.show(found)
    if week and found:
        on = DaysWord(f"{found[0].days[0].date}..{found[0].days[-1].date}")
    _note_holidays(ctx, on)


@reads_long(
    app,
    "free",
    "clinicctl free MEHTA --days 5",
    "clinicctl free MEHTA mon --times",
    "clinicctl free tomorrow --specialty cardiology --evening",
)
def free(
    ctx: Ctx,
    first: Annotated[
        Any,
        typer.Argument(
            metavar="[DOCTOR|DAYS]",
            parser=parsers.days_or_doctor,
            autocompletion=params.codes,
            help="A doctor, or days.  [default: all doctors]",
        ),
    ] = None,
    second: Annotated[
        DaysWord | None,
        typer.Argument(metavar="[DAYS]", parser=parse_days, autocompletion=params.day_words, help="The days."),
    ] = None,
    specialty: params.Specialty = None,
    start: Annotated[
        DayWord, typer.Option("--from", metavar="DAY", parser=parse_day, help="First day to look at.")
    ] = DayWord("today"),
    days: Annotated[int, params.count("--days", 1, 366, help="How many days to look at.")] = 14,
    times: Annotated[bool, typer.Option("--times", help="List the free times of days with hours.")] = False,
    between: params.Between = None,
    morning: params.Morning = False,
    afternoon: params.Afternoon = False,
    evening: params.Evening = False,
    visit_type: params.VisitType = None,
) -> None:
    """List the next days with a free slot, for a doctor or a specialty.

    A day with hours has its first free time.
    """
    doctor = first if isinstance(first, DoctorRef) else None
    if first is not None and doctor is None and second is not None:
        raise errors.Usage(problem="Give the days once, and at most one doctor.")
    asked: dict[str, Any] = {
        "doctor": doctor,
        "specialty": specialty,
        "start": start,
        "count": days,
        "on": second if doctor or first is None else first,
        "within": params.part_of_day(between, morning, afternoon, evening),
        "visit_type": visit_type,
    }
    if times:
        ctx.obj.show(ctx.obj.read_list(desk.free_times.iter_times, **asked))
        return
    found = ctx.obj.read_list(desk.free_times.iter_days, **asked)
    if not found and (later := ctx.obj.read(desk.free_times.list_next, **asked)):
        found = later
        ctx.obj.note("No free slot in the days asked for. This is the next day with one.")
    ctx.obj.show(found)
    _note_holidays(ctx, start, count=days)


def _note_holidays(ctx: Ctx, on: DaysWord | DayWord, *, count: int = 1) -> None:
    """Note the holidays among days below a table, whose rows do not have them."""
    if (ctx.obj.settings.output or render.default_format()) != "table" or ctx.obj.settings.quiet:
        return
    if listed := ctx.obj.read(desk.holidays.list_on, on=on, count=count):
        from clinicctl.render import messages  # Deferred: most days have no holiday.

        ctx.obj.note(messages.holidays(listed))


@reads_long(app, "status", "clinicctl status")
def status(ctx: Ctx) -> None:
    """List open problems, each with the command that fixes it."""
    ctx.obj.show(ctx.obj.read(desk.daybook.to_do))


@writes(app, "close", "clinicctl close --dry-run", "clinicctl close yesterday --yes")
def close(ctx: Ctx, day: params.Day = DayWord("today")) -> None:
    """Close a day: booked becomes no-show, waiting left, in consultation completed."""
    count = ctx.obj.read(desk.daybook.preview_close, on=day)
    if count:
        ctx.obj.confirm(f"{count} appointments are still open. Close the day?")
    ctx.obj.limit(count)
    ctx.obj.write(desk.daybook.close, on=day)


@writes(app, "undo", "clinicctl undo --yes", "clinicctl undo 123 --yes")
def undo(
    ctx: Ctx,
    number: Annotated[
        int | None,
        typer.Argument(
            metavar="[JOURNAL-NUMBER]",
            parser=parsers.whole("JOURNAL-NUMBER", 1, parsers.MOST),
            help="Number of the write.  [default: your last write]",
        ),
    ] = None,
) -> None:
    """Undo the last change of a booking, a queue, a doctor's days, or a merge.

    Refused if a later write depends on it. Asks first if the write is not your last one, or is older than 5 minutes.
    """
    seen = ctx.obj.read(desk.undo.preview, number=number, key=ctx.obj.settings.key)
    if seen is not None and (found := seen[0]).ask:
        from clinicctl.render import messages  # Deferred: only a question needs it.

        ctx.obj.confirm(messages.undo_question(found), hint=f"{messages.undo_question(found, names=False)} Add --yes.")
    ctx.obj.write(desk.undo.undo, number=number, asked=seen[1] if seen is not None else None)


@writes(waitlist, "add", "clinicctl waitlist add P17 MEHTA today..+2w")
def add(ctx: Ctx, patient: params.Patient, doctor: params.Doctor, days: params.Days) -> None:
    """Add a patient to the waitlist of a doctor, for one of the given days."""
    ctx.obj.write(desk.waitlist.add, patient=patient, doctor=doctor, on=days)


@reads_long(waitlist, "list", "clinicctl waitlist list", "clinicctl waitlist list MEHTA --all")
def list_(ctx: Ctx, doctor: params.MaybeDoctor = None, every: params.All = False) -> None:
    """List the waitlist, oldest entry first."""
    ctx.obj.show(ctx.obj.read_list(desk.waitlist.iter_waiting, doctor=doctor, every=every))


@writes(waitlist, "remove", "clinicctl waitlist remove W3")
def remove(ctx: Ctx, entry: params.WaitlistEntry) -> None:
    """Remove an entry from the waitlist."""
    ctx.obj.write(desk.waitlist.remove, entry=entry)


@writes(waitlist, "promote", "clinicctl waitlist promote MEHTA", "clinicctl waitlist promote MEHTA tomorrow")
def promote(ctx: Ctx, doctor: params.Doctor, day: params.MaybeDay = None) -> None:
    """Book the first waitlist entry that fits a free slot."""
    ctx.obj.write(desk.waitlist.promote, doctor=doctor, on=day)
