"""Shared argument types."""

import sys
from collections.abc import Callable
from datetime import date, time
from typing import Annotated, Any, TypeVar

import typer
from typer._click.globals import get_current_context

from clinicctl import errors, settings
from clinicctl.rules import days, references, slots, text
from clinicctl.statuses import AppointmentStatus, CancelledBy, OnConflict, Sex

T = TypeVar("T")

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
UnverifiedPhone = Annotated[
    bool, typer.Option("--unverified-phone", help="Take a phone whose length is possible, though it is not valid.")
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
    int | None, typer.Argument(metavar="[N]", min=1, max=MOST, help="The position; else the next, or the only one.")
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
AtPosition = Annotated[int, typer.Argument(metavar="N", min=1, max=MOST, help="The position.")]
Time = Annotated[
    time | None, typer.Option("--time", metavar="HH:MM", parser=days.parse_time, help="The time that was agreed.")
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, max=MOST, help="At most so many.")]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Though the patient has an appointment with the doctor that day, or one at that time."
    ),
]
Overbook = Annotated[
    bool,
    typer.Option(
        "--overbook", help="Above the capacity, up to the clinic's overbook_limit, or at a time that is taken."
    ),
]
Past = Annotated[bool, typer.Option("--past", help="Though the time is past.")]
OnConflictOption = Annotated[
    OnConflict,
    typer.Option("--on-conflict", help="What becomes of booked patients who lose their place."),
]
Status = Annotated[
    list[AppointmentStatus] | None, typer.Option("--status", help="Only in this status; may stand more than once.")
]
All = Annotated[bool, typer.Option("--all", help="Archived ones, too.")]
By = Annotated[CancelledBy, typer.Option("--by", help="Who cancels.")]
