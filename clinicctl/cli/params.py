"""Shared argument types."""

import sys
from collections.abc import Callable, Mapping
from datetime import date, time
from enum import StrEnum
from io import BufferedReader, TextIOWrapper
from typing import Annotated, Any, TypeVar

import typer
from typer._click.globals import get_current_context

from clinicctl import errors, interrupts, settings, statuses
from clinicctl.rules import days, references, text
from clinicctl.statuses import SEX_WORDS, AppointmentStatus, OnConflict, Sex
from clinicctl.store import paths

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MOST = 999_999_999
"""The largest number that can be said, of nine digits, as in A999999999."""


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
    context = get_current_context(silent=True)
    if context is not None and context.resilient_parsing:
        return said  # A completion reads nothing: it would wait for the writer of a pipe.
    try:
        if said == "-":
            _take_stdin()
            with interrupts.Waiting():
                found = sys.stdin.read(text.NOTE * 8) if sys.stdin else ""
        else:
            # Without a context it is a line of a process whose database is protected already.
            opened = context.obj.open(said[1:]) if context is not None else paths.open_to_read(said[1:])
            with TextIOWrapper(BufferedReader(opened), encoding="utf-8") as file, interrupts.Waiting():
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


FIXED: dict[Callable[[str], Any], tuple[str, ...]] = {}
"""The parsers of options with fixed values, and the allowed words."""


def one_of(option: str, kind: type[E], *, words: Mapping[str, E] | None = None) -> Callable[[str], E]:
    """Return a parser for one of a few words, in any case. A refusal names the input and lists the allowed words."""
    meanings = {each.value: each for each in kind} | dict(words or {})

    def reader(said: str) -> E:
        if (found := meanings.get(str(said).strip().lower())) is None:
            raise _not(option, said, f"one of {', '.join(kind)}")
        return found

    reader.__name__ = "TEXT"
    FIXED[reader] = tuple(kind)
    return reader


def whole(name: str, least: int, most: int, *, personal: bool = False) -> Callable[[str], int]:
    """Return a parser for a whole number. A refusal names the input and the range."""
    limits = f"from {least} to {most}" if most < MOST else f"from {least} on"

    def reader(said: str) -> int:
        said = str(said).strip()
        if not (said.removeprefix("-").isdecimal() and len(said) <= 9 and least <= int(said) <= most):
            raise _not(name, None if personal else said, f"a whole number {limits}")
        return int(said)

    reader.__name__ = "INTEGER"
    return reader


def seconds(option: str, least: float, most: float) -> Callable[[str], float]:
    """Return a parser for a number of seconds. A refusal names the input and the range."""

    def reader(said: str) -> float:
        try:
            found = float(said)
        except ValueError:
            found = -1
        if not least <= found <= most:
            raise _not(option, said, f"a number of seconds from {least:g} to {most:g}")
        return found

    reader.__name__ = "FLOAT"
    return reader


def _not(name: str, said: str | None, wanted: str) -> errors.Usage:
    named = errors.typed(said, option=name.startswith("--")) if said is not None else None
    return errors.Usage(problem=f"{name}: {named} is not {wanted}." if named else f"{name}: {wanted}.")


def choice(option: str, kind: type[StrEnum], *, help: str, words: Mapping[str, Any] | None = None) -> Any:
    """Return an option with fixed values, which are listed in its help and completed by the shell."""

    def complete(incomplete: str) -> list[str]:
        return [each for each in kind if each.startswith(incomplete.lower())]

    return typer.Option(
        option,
        metavar=f"[{'|'.join(kind)}]",
        parser=one_of(option, kind, words=words),
        autocompletion=complete,
        help=help,
    )


def count(option: str, least: int, most: int, *, help: str, personal: bool = False) -> Any:
    """Return an option with a whole number, whose range is part of its help."""
    limits = f"{least}..{most}" if most < MOST else f"at least {least}"
    return typer.Option(
        option, metavar="N", parser=whole(option, least, most, personal=personal), help=f"{help}  [{limits}]"
    )


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
        raise errors.BadValue(problem=f"Not an appointment: {_named(said)}one is A42, or a UUID.")
    return references.AppointmentRef(said.strip())


appointment_ref = _appointment


def _named(said: str) -> str:
    named = errors.typed(said)
    return f"{named}; " if named else ""


def _waitlist(said: str) -> references.WaitlistRef:
    if references.waitlist_number(said) is None:
        raise errors.BadValue(problem=f"Not a waitlist entry: {_named(said)}one is W3.")
    return references.WaitlistRef(said.strip())


def _specialty(said: str) -> str:
    return text.clean(said, what="specialty", longest=text.NAME) if said.strip(" ") else ""


def _note(said: str) -> str:
    return text.note(said) or ""


def _email(said: str) -> str:
    return text.email(said) or ""


_AGE = count("--age", 0, 150, help="Age in years, where the birth date is not known.", personal=True)

Name = Annotated[str, typer.Argument(metavar="NAME", parser=personal(text.name), help="The name; - or @FILE reads it.")]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", parser=personal(text.name), help="The name.")]
_PHONE = typer.Option(
    "--phone", metavar="PHONE", parser=personal(phone), help="The phone in any form; the word none where there is none."
)
Phone = Annotated[str, _PHONE]
PhoneOption = Annotated[str | None, _PHONE]
UnverifiedPhone = Annotated[
    bool, typer.Option("--unverified-phone", help="Accept a phone with a possible length that is not valid.")
]
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
SexOption = Annotated[
    Sex | None, choice("--sex", Sex, words=SEX_WORDS, help="The sex, as the patient says; the first letter is enough.")
]
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
DefaultCapacity = Annotated[int | None, count("--capacity", 1, days.MOST, help="Slots a day.")]
DayCapacity = Annotated[int | None, count("--capacity", 0, days.MOST, help="Slots on these days.")]
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
    int | None,
    typer.Argument(metavar="[N]", parser=whole("N", 1, MOST), help="The position; else the next, or the only one."),
]
QueueDay = Annotated[
    days.DayWord | None,
    typer.Option(
        "--day",
        metavar="DAY",
        parser=days.parse_day,
        autocompletion=day_words,
        help="The day of the queue; else today's, and those of earlier days that are still open.",
    ),
]
AtPosition = Annotated[int, typer.Argument(metavar="N", parser=whole("N", 1, MOST), help="The position.")]
Time = Annotated[
    time | None, typer.Option("--time", metavar="HH:MM", parser=days.parse_time, help="The time that was agreed.")
]
Limit = Annotated[int | None, count("--limit", 1, MOST, help="Show at most N.")]
Again = Annotated[
    bool,
    typer.Option("--again", help="Even if the patient has an appointment with the doctor that day, or at that time."),
]
Overbook = Annotated[
    bool,
    typer.Option(
        "--overbook", help="Above the capacity, up to the clinic's overbook_limit, or at a time that is taken."
    ),
]
Past = Annotated[bool, typer.Option("--past", help="Even if the time is past.")]
OnConflictOption = Annotated[
    OnConflict,
    choice("--on-conflict", OnConflict, help="What happens to booked patients who lose their place."),
]
Status = Annotated[
    list[AppointmentStatus] | None,
    choice("--status", AppointmentStatus, help="Only in this status; may stand more than once."),
]
CancelledBy = Annotated[
    statuses.CancelledBy | None,
    choice("--cancelled-by", statuses.CancelledBy, help="Only appointments that this side cancelled, with the phones."),
]
All = Annotated[bool, typer.Option("--all", help="Archived ones, too.")]
By = Annotated[statuses.CancelledBy, choice("--by", statuses.CancelledBy, help="Who cancels.")]
