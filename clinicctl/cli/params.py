"""Shared argument types, and the options that stand on every command."""

import re
import sys
from collections.abc import Callable, Sequence
from datetime import date, time
from typing import Annotated, Any, TypeVar

import typer
from typer._click.core import Context, Parameter
from typer._click.globals import get_current_context
from typer.core import TyperCommand, TyperGroup, TyperOption

from clinicctl import errors, settings, show
from clinicctl.rules import days, references, slots, text
from clinicctl.statuses import AppointmentStatus, CancelledBy, OnConflict, Sex

T = TypeVar("T")

_BACK = re.compile(r"-[0-9]+[dw]([.,].*)?")


# Options that stand on every command, before its name or after


def _kept(ctx: Context, param: Parameter, value: Any) -> None:
    if value is not None and param.name is not None:
        ctx.obj.flags |= common(param.name, value)


def common(name: str, value: Any) -> dict[str, Any]:
    """What a common option sets: `--json` is the same as `-o json`."""
    return {"output": "json"} if name == "json" else {name: value}


def _common(*, hidden: bool = False) -> list[TyperOption]:
    return [
        _option("--db", metavar="PATH|URL", hidden=hidden, help="The database.  [env: CLINICCTL_DB]"),
        _option(
            *("--output", "-o"),
            metavar="FORMAT",
            hidden=hidden,
            help="table, json, jsonl, csv or tsv.",
            complete=_formats,
        ),
        _option("--json", flag=True, hidden=hidden, help="The same as -o json."),
        _option("--header", flag=True, hidden=hidden, help="Begin TSV with a header."),
        _option("--excel-safe", flag=True, hidden=hidden, help="Neutralise cells that a spreadsheet would run."),
        _option("--quiet", "-q", flag=True, hidden=hidden, help="Only errors, and results that were asked for."),
        _option("--wait", metavar="SECONDS", hidden=hidden, help="How long to wait for the writer's lock.  [20]"),
        _option("--actor", metavar="NAME", hidden=hidden, help="Who does it, for the journal.  [the login]"),
    ]


def _writing(*, hidden: bool = False) -> list[TyperOption]:
    return [
        _option("--key", metavar="KEY", hidden=hidden, help="An idempotency key: the same key does it once."),
        _option("--dry-run", "-n", flag=True, hidden=hidden, help="Do the work, roll it back, say what it would be."),
        _option("--yes", "-y", flag=True, hidden=hidden, help="Answer yes where it asks."),
    ]


def _option(
    *names: str,
    metavar: str | None = None,
    flag: bool = False,
    hidden: bool,
    help: str,
    complete: Callable[[str], list[str]] | None = None,
) -> TyperOption:
    return TyperOption(
        autocompletion=complete and (lambda _ctx, _args, incomplete: complete(incomplete)),
        param_decls=[names[0].lstrip("-").replace("-", "_"), *names],
        metavar=metavar,
        is_flag=flag or None,
        default=None,
        expose_value=False,
        callback=_kept,
        hidden=hidden,
        help=help,
    )


def _printed_by_us(help_option: TyperOption | None) -> TyperOption | None:
    """Click's option for help, its page printed as everything is: where it cannot be given, that is told."""
    if help_option is not None:
        help_option.callback = _help
    return help_option


def _help(ctx: Context, _param: Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        show.text(f"{ctx.get_help()}\n")
        ctx.exit()


class Reading(TyperCommand):
    """A command with the options that stand on every command, and its examples at the end of its help."""

    def __init__(self, *args: Any, params: list[Any] | None = None, **kwargs: Any) -> None:
        self.own = params or []
        super().__init__(*args, params=[*self.own, *self.options()], **kwargs)

    def options(self) -> list[TyperOption]:
        """The options that stand on every command of this kind."""
        return _common()

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _printed_by_us(super().get_help_option(ctx))

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        ctx.obj.command = ctx.command_path.partition(" ")[2]
        return super().parse_args(ctx, self._with_days_back(args))

    def _with_days_back(self, args: Sequence[str]) -> list[str]:
        """`-1d` where it stands as an argument: with a real minus sign, so that it is not taken for an option."""
        valued = {name for each in self.params if not getattr(each, "is_flag", False) for name in each.opts}
        return [
            f"\u2212{each[1:]}" if _BACK.fullmatch(each) and not (at and args[at - 1] in valued) else each
            for at, each in enumerate(args)
        ]

    def format_options(self, ctx: Context, formatter: Any) -> None:
        records = {each: each.get_help_record(ctx) for each in self.get_params(ctx)}
        arguments = [each for each in self.own if each.param_type_name == "argument"]
        options = [each for each in self.own if each.param_type_name != "argument"]
        common = [each for each in records if each not in self.own]
        for title, params in (("Arguments", arguments), ("Options", options), ("Common options", common)):
            if rows := [record for each in params if (record := records[each]) is not None]:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: Context, formatter: Any) -> None:
        _format_examples(self.epilog, formatter)


class Writing(Reading):
    """A command that writes: with a key, a dry run and an answer given beforehand, too."""

    def options(self) -> list[TyperOption]:
        return [*_writing(), *_common()]


class Group(TyperGroup):
    """A group of commands, which takes the same options before the command's name."""

    def __init__(self, *args: Any, params: list[Any] | None = None, name: str | None = None, **kwargs: Any) -> None:
        hidden = name != "clinicctl"
        extra = [*_common(hidden=hidden), *_writing(hidden=True)]
        super().__init__(*args, name=name, params=[*(params or []), *extra], **kwargs)

    def get_help_option(self, ctx: Context) -> TyperOption | None:
        return _printed_by_us(super().get_help_option(ctx))

    def format_epilog(self, ctx: Context, formatter: Any) -> None:
        _format_examples(self.epilog, formatter)


def group(name: str, help: str, *examples: str) -> typer.Typer:
    """Return a new group of commands."""
    return typer.Typer(
        name=name, cls=Group, help=help, epilog="\n".join(examples), no_args_is_help=True, rich_markup_mode=None
    )


def reads(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a command that reads, with its examples."""
    return app.command(name, cls=Reading, epilog="\n".join(examples))


def writes(app: typer.Typer, name: str, *examples: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a command that writes, with its examples."""
    return app.command(name, cls=Writing, epilog="\n".join(examples))


def _format_examples(epilog: str | None, formatter: Any) -> None:
    if epilog:
        with formatter.section("Examples"):
            for line in epilog.splitlines():
                formatter.write(f"  {line}\n")


# What a prompt completes: never a patient


def codes(ctx: typer.Context, incomplete: str) -> list[str]:
    """The doctors' codes that begin so, in whatever case; what is typed stays, for shells compare with case."""
    begun = incomplete.upper()
    return [incomplete + code[len(begun) :] for code in ctx.obj.doctor_codes() if code.startswith(begun)]


def day_words(incomplete: str) -> list[str]:
    """The words for a day that begin so, also the last of several days."""
    word = incomplete.rpartition(",")[2].rpartition("..")[2]
    begun = incomplete[: len(incomplete) - len(word)]
    return [begun + each for each in (*days.WORDS, "+1w", "+2w", "+3d") if each.startswith(word)]


def weekday_words(incomplete: str) -> list[str]:
    """The weekdays that begin so, also the last of several."""
    cut = max(incomplete.rfind(","), incomplete.rfind("-")) + 1
    return [incomplete[:cut] + each for each in days.WEEKDAYS if each.startswith(incomplete[cut:].lower())]


def setting_names(incomplete: str) -> list[str]:
    """The clinic's settings that begin so."""
    return [each.name for each in settings.CLINIC if each.name.startswith(incomplete)]


def _formats(incomplete: str) -> list[str]:
    return [each for each in settings.FORMATS if each.startswith(incomplete)]


# Readers of values


PERSONAL: set[Callable[[str], Any]] = set()
"""The readers of values that may be about a person."""


def personal(read: Callable[[str], T]) -> Callable[[str], T]:
    """Take a personal value from the argument, from stdin (`-`) or from a file (`@FILE`), then read it."""

    def reader(said: str) -> T:
        return read(_from_elsewhere(said))

    reader.__name__ = "TEXT"
    PERSONAL.add(reader)
    return reader


def _from_elsewhere(said: str) -> str:
    if said != "-" and not (said.startswith("@") and len(said) > 1):
        return said
    try:
        if said == "-":
            _take_stdin()
            found = sys.stdin.read(text.NOTE * 8) if sys.stdin else ""
        else:
            with open(said[1:], encoding="utf-8") as file:
                found = file.read(text.NOTE * 8)
    except FileNotFoundError:
        raise errors.NoSuchFile(path=said[1:]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise errors.BadValue(problem=f"{'stdin' if said == '-' else said[1:]}: {reason}.") from None
    return found.removesuffix("\n").removesuffix("\r")


def _take_stdin() -> None:
    """Refuse a second argument from stdin: the first has read it to its end."""
    desk = get_current_context().obj
    if desk.stdin_taken:
        raise errors.Usage(problem="Only one argument can be read from stdin; use @FILE for the others.")
    desk.stdin_taken = True


def phone(said: str) -> str:
    """A phone, still as it was said (its region stands in the database), empty for the word `none`."""
    said = text.phone(said)
    return "" if said.lower() == "none" else said


def patient_ref(said: str) -> references.PatientRef:
    """A reference to a patient, checked only as text."""
    return references.PatientRef(text.clean(said, what="patient", longest=text.NAME))


def _arrival(said: str) -> references.ArrivalRef:
    return references.ArrivalRef(text.clean(said, what="patient", longest=text.NAME))


day_word = days.parse_day


def doctor_ref(said: str) -> references.DoctorRef:
    """A reference to a doctor, checked only as text."""
    return references.DoctorRef(text.clean(said, what="doctor", longest=64))


def _appointment(said: str) -> references.AppointmentRef:
    if references.appointment_number(said) is None and references.uuid(said) is None:
        raise errors.BadValue(problem="Not an appointment: one is A42, or a UUID.")
    return references.AppointmentRef(said.strip())


appointment_ref = _appointment


def _waitlist(said: str) -> references.WaitlistRef:
    if references.waitlist_number(said) is None:
        raise errors.BadValue(problem="Not a waitlist entry: one is W3.")
    return references.WaitlistRef(said.strip())


def _specialty(said: str) -> str:
    return text.clean(said, what="specialty", longest=text.NAME) if said.strip(" ") else ""


def _note(said: str) -> str:
    return text.note(said) or ""


def _email(said: str) -> str:
    return text.email(said) or ""


_AGE = typer.Option("--age", metavar="N", min=0, max=150, help="Age in years, where the birth date is not known.")

Name = Annotated[str, typer.Argument(metavar="NAME", parser=personal(text.name), help="The name; - or @FILE reads it.")]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", parser=personal(text.name), help="The name.")]
_PHONE = typer.Option(
    "--phone", metavar="PHONE", parser=personal(phone), help="The phone in any form; the word none where there is none."
)
Phone = Annotated[str, _PHONE]
PhoneOption = Annotated[str | None, _PHONE]
SameAs = Annotated[
    references.PatientRef | None,
    typer.Option("--same-as", metavar="REF", parser=personal(patient_ref), help="The one on file is meant."),
]
Words = Annotated[
    references.PatientRef,
    typer.Argument(
        metavar="WORDS", parser=personal(patient_ref), help="Words that begin the names, a phone, or a number."
    ),
]
SexOption = Annotated[Sex | None, typer.Option("--sex", help="The sex, as the patient says.")]
Born = Annotated[
    date | None,
    typer.Option("--born", metavar="DATE", parser=personal(days.parse_date), help="The birth date, 1980-02-01."),
]
Age = Annotated[int | None, _AGE]
Email = Annotated[
    str | None, typer.Option("--email", metavar="E-MAIL", parser=personal(_email), help="The e-mail address.")
]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", parser=personal(_note), help="A note.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", parser=personal(text.note), help="Why.")]
Specialty = Annotated[
    str | None,
    typer.Option("--specialty", metavar="TEXT", parser=_specialty, help="The specialty, for example cardiology."),
]
DefaultCapacity = Annotated[
    int | None, typer.Option("--capacity", metavar="N", min=1, max=slots.MOST, help="Slots a day.")
]
DayCapacity = Annotated[
    int | None, typer.Option("--capacity", metavar="N", min=0, max=slots.MOST, help="Slots on these days.")
]
Patient = Annotated[
    references.PatientRef,
    typer.Argument(metavar="PATIENT", parser=personal(patient_ref), help="P17, a UUID, a phone, or words of the name."),
]
PatientOption = Annotated[
    references.PatientRef | None,
    typer.Option("--patient", metavar="PATIENT", parser=personal(patient_ref), help="P17, a UUID, a phone, or words."),
]
Arrival = Annotated[
    references.ArrivalRef,
    typer.Argument(
        metavar="REF", parser=personal(_arrival), help="The appointment (A42), or a patient who has one today."
    ),
]
Doctor = Annotated[
    references.DoctorRef,
    typer.Argument(metavar="DOCTOR", parser=doctor_ref, autocompletion=codes, help="The doctor's code, or UUID."),
]
MaybeDoctor = Annotated[
    references.DoctorRef | None,
    typer.Argument(
        metavar="[DOCTOR]",
        parser=doctor_ref,
        autocompletion=codes,
        help="The doctor's code, or UUID; else every doctor.",
    ),
]
DoctorOption = Annotated[
    references.DoctorRef | None,
    typer.Option(
        "--doctor", metavar="DOCTOR", parser=doctor_ref, autocompletion=codes, help="The doctor's code, or UUID."
    ),
]
DoctorCode = Annotated[
    str, typer.Argument(metavar="CODE", parser=references.doctor_code, help="A unique code, like MEHTA.")
]
Appointment = Annotated[
    references.AppointmentRef,
    typer.Argument(metavar="REF", parser=_appointment, help="The appointment's number (A42), or UUID."),
]
Day = Annotated[
    days.DayWord,
    typer.Argument(
        metavar="[DAY]",
        parser=days.parse_day,
        autocompletion=day_words,
        help="2026-11-23, today, tomorrow, mon..sun, +3d, +2w, -1d.",
    ),
]
Days = Annotated[
    days.DaysWord,
    typer.Argument(
        metavar="DAYS",
        parser=days.parse_days,
        autocompletion=day_words,
        help="A day, a range A..B, or several with commas.",
    ),
]
MaybeDays = Annotated[
    days.DaysWord,
    typer.Argument(
        metavar="[DAYS]",
        parser=days.parse_days,
        autocompletion=day_words,
        help="A day, a range A..B, or several with commas.",
    ),
]
MaybeDay = Annotated[
    days.DayWord | None,
    typer.Argument(
        metavar="[DAY]",
        parser=days.parse_day,
        autocompletion=day_words,
        help="2026-11-23, today, tomorrow, mon..sun, +3d, +2w, -1d.",
    ),
]
Weekdays = Annotated[
    days.WeekdaysWord,
    typer.Argument(
        metavar="WEEKDAYS", parser=days.parse_weekdays, autocompletion=weekday_words, help="mon-fri, or mon,wed,sat."
    ),
]
WaitlistEntry = Annotated[
    references.WaitlistRef, typer.Argument(metavar="REF", parser=_waitlist, help="The waitlist entry's number (W3).")
]
DaysOption = Annotated[
    days.DaysWord | None,
    typer.Option(
        "--day",
        metavar="DAYS",
        parser=days.parse_days,
        autocompletion=day_words,
        help="A day, a range A..B, or several with commas.",
    ),
]
Position = Annotated[
    int | None, typer.Argument(metavar="[N]", min=1, help="The position; else the next, or the only one.")
]
AtPosition = Annotated[int, typer.Argument(metavar="N", min=1, help="The position.")]
Time = Annotated[
    time | None, typer.Option("--time", metavar="HH:MM", parser=days.parse_time, help="The time that was agreed.")
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="At most so many.")]
Again = Annotated[bool, typer.Option("--again", help="Though the patient has an appointment with the doctor that day.")]
Overbook = Annotated[bool, typer.Option("--overbook", help="Above the capacity, up to the clinic's overbook_limit.")]
OnConflictOption = Annotated[
    OnConflict,
    typer.Option("--on-conflict", help="What becomes of booked patients who lose their place."),
]
Status = Annotated[
    list[AppointmentStatus] | None, typer.Option("--status", help="Only in this status; may stand more than once.")
]
All = Annotated[bool, typer.Option("--all", help="Archived ones, too.")]
By = Annotated[CancelledBy, typer.Option("--by", help="Who cancels.")]
