"""The arguments and options that several commands share."""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from clinicctl import errors, settings, statuses
from clinicctl.cli import parsers
from clinicctl.cli.parsers import MOST, one_of, personal, whole
from clinicctl.rules import dates, days, references, series, slots, text
from clinicctl.rules.hours import AFTERNOON, EVENING, MORNING, Within, parse_every, parse_sessions, parse_within
from clinicctl.rules.series import parse_every as parse_visits_every
from clinicctl.rules.times import parse_time
from clinicctl.statuses import SEX_WORDS, AppointmentStatus, Notify, OnConflict, Sex

# Completion, never of a patient


def codes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the matching doctors' codes.

    They begin with the input as typed, because shells compare case.
    """
    prefix = incomplete.upper()
    return [incomplete + code[len(prefix) :] for code in ctx.obj.doctor_codes() if code.startswith(prefix)]


def day_words(incomplete: str) -> list[str]:
    """Return the words for a day that begin with the input, or with its last part."""
    word = incomplete.rpartition(",")[2].rpartition("..")[2]
    before = incomplete[: len(incomplete) - len(word)]
    return [before + each for each in (*days.WORDS, "+1w", "+2w", "+3d") if each.startswith(word)]


def weekday_words(incomplete: str) -> list[str]:
    """Return the weekdays that begin with the input, or with its last part."""
    cut = max(incomplete.rfind(","), incomplete.rfind("-")) + 1
    return [incomplete[:cut] + each for each in days.WEEKDAYS if each.startswith(incomplete[cut:].lower())]


def visit_distances(incomplete: str) -> list[str]:
    """Return usual distances between visits that begin with the input."""
    return [each for each in ("1w", "2w", "4w") if each.startswith(incomplete)]


def setting_names(incomplete: str) -> list[str]:
    """Return the clinic's settings that begin with the input."""
    return [each.name for each in settings.CLINIC if each.name.startswith(incomplete)]


# Options


def choice(option: str, kind: type[StrEnum], *, help: str, words: Mapping[str, Any] | None = None) -> Any:
    """Return an option with fixed values.

    Its help lists them, and the shell completes them.
    """

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
    """Return an option with a whole number. Its help shows the range."""
    limits = f"{least}..{most}" if most < MOST else f"at least {least}"
    return typer.Option(
        option, metavar="N", parser=whole(option, least, most, personal=personal), help=f"{help}  [{limits}]"
    )


_AGE = typer.Option(
    "--age",
    metavar="AGE",
    parser=personal(dates.parse_age),
    help="Age if the birth date is not known: 34, or 6m, 3w, 10d for an infant.",
)

Name = Annotated[
    str, typer.Argument(metavar="NAME", parser=personal(text.name), help="The name; - reads stdin, @FILE a file.")
]
NameOption = Annotated[str | None, typer.Option("--name", metavar="NAME", parser=personal(text.name), help="The name.")]
_PHONE = typer.Option(
    "--phone",
    metavar="PHONE",
    parser=personal(parsers.phone),
    help="The phone in any form, or none; repeatable.",
)
Phones = Annotated[list[str], _PHONE]
PhonesOption = Annotated[list[str] | None, _PHONE]
AddPhones = Annotated[
    list[str] | None,
    typer.Option("--add-phone", metavar="PHONE", parser=personal(parsers.phone), help="One more phone; repeatable."),
]
RemovePhones = Annotated[
    list[str] | None,
    typer.Option(
        "--remove-phone", metavar="PHONE", parser=personal(parsers.phone), help="A phone to remove; repeatable."
    ),
]
UnverifiedPhone = Annotated[
    bool, typer.Option("--unverified-phone", help="Accept an invalid phone of a possible length.")
]
SameAs = Annotated[
    references.PatientRef | None,
    typer.Option("--same-as", metavar="REF", parser=personal(parsers.patient_ref), help="Use this patient on file."),
]
Words = Annotated[
    references.PatientRef,
    typer.Argument(
        metavar="WORDS",
        parser=personal(parsers.patient_ref),
        help="First letters of the names, a phone or its last digits, or a number.",
    ),
]
SexOption = Annotated[
    Sex | None, choice("--sex", Sex, words=SEX_WORDS, help="The patient's sex; the first letter is enough.")
]
Born = Annotated[
    dates.BirthWord | None,
    typer.Option(
        "--born", metavar="DATE", parser=personal(dates.parse_birth), help="The birth date, 1980-02-01, or its year."
    ),
]
Age = Annotated[Any, _AGE]
Email = Annotated[
    str | None, typer.Option("--email", metavar="E-MAIL", parser=personal(parsers.email), help="The e-mail address.")
]
NotifyOption = Annotated[
    Notify | None,
    choice("--notify", Notify, help="How messages reach the patient.  [default: sms to a phone, else email]"),
]
Language = Annotated[
    str | None,
    typer.Option(
        "--language", metavar="CODE", parser=parsers.language, help="The language of messages: en, de, pt-br."
    ),
]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", parser=personal(parsers.note), help="A note.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", parser=personal(text.note), help="The reason.")]
Specialty = Annotated[
    str | None,
    typer.Option(
        "--specialty", metavar="TEXT", parser=parsers.specialty, help="The specialty, for example cardiology."
    ),
]
DefaultCapacity = Annotated[int | None, count("--capacity", 1, slots.MOST, help="Slots per day.")]
DayCapacity = Annotated[int | None, count("--capacity", 0, slots.MOST, help="Slots on each of these days.")]
Sessions = Annotated[
    list[str] | None,
    typer.Option(
        "--session",
        metavar="HH:MM-HH:MM",
        parser=parse_sessions,
        help="The doctor's hours, 09:00-13:00; repeatable. It may end after midnight. None: without hours.",
    ),
]
Every = Annotated[
    int | None,
    typer.Option("--every", metavar="MINUTES", parser=parse_every, help="The length of a slot: 10m, 1h.  [1m..8h]"),
]
_PATIENT = "P17, a UUID, a phone or its last 4 to 9 digits, or first letters of the names."
_DOCTOR = "The doctor's code or UUID, or first letters of the code or the name."

Patient = Annotated[
    references.PatientRef,
    typer.Argument(metavar="PATIENT", parser=personal(parsers.patient_ref), help=_PATIENT),
]
PatientOption = Annotated[
    references.PatientRef | None,
    typer.Option("--patient", metavar="PATIENT", parser=personal(parsers.patient_ref), help=_PATIENT),
]
Arrival = Annotated[
    references.ArrivalRef,
    typer.Argument(
        metavar="REF", parser=personal(parsers.arrival_ref), help="An appointment (A42), or a patient with one today."
    ),
]
Booked = Annotated[
    references.BookedRef,
    typer.Argument(
        metavar="REF", parser=personal(parsers.booked_ref), help="An appointment (A42), or a patient with one booked."
    ),
]
Doctor = Annotated[
    references.DoctorRef,
    typer.Argument(metavar="DOCTOR", parser=parsers.doctor_ref, autocompletion=codes, help=_DOCTOR),
]
MaybeDoctor = Annotated[
    references.DoctorRef | None,
    typer.Argument(
        metavar="[DOCTOR]",
        parser=parsers.doctor_ref,
        autocompletion=codes,
        help=f"{_DOCTOR}  [default: all doctors]",
    ),
]
DoctorOption = Annotated[
    references.DoctorRef | None,
    typer.Option("--doctor", metavar="DOCTOR", parser=parsers.doctor_ref, autocompletion=codes, help=_DOCTOR),
]
DoctorCode = Annotated[
    str, typer.Argument(metavar="CODE", parser=references.doctor_code, help="A unique code, like MEHTA.")
]
Appointment = Annotated[
    references.AppointmentRef,
    typer.Argument(metavar="REF", parser=parsers.appointment_ref, help="The appointment's number (A42 or 42) or UUID."),
]
Day = Annotated[
    days.DayWord,
    typer.Argument(
        metavar="[DAY]",
        parser=days.parse_day,
        autocompletion=day_words,
        help="2026-11-23, today, tomorrow, mon..sun, next mon, +3d, +2w, -1d, 27/11.",
    ),
]
Days = Annotated[
    days.DaysWord,
    typer.Argument(
        metavar="DAYS",
        parser=days.parse_days,
        autocompletion=day_words,
        help="A day, a range A..B or A-B, or a comma-separated list.",
    ),
]
MaybeDays = Annotated[
    days.DaysWord,
    typer.Argument(
        metavar="[DAYS]",
        parser=days.parse_days,
        autocompletion=day_words,
        help="A day, a range A..B or A-B, or a comma-separated list.",
    ),
]
MaybeDay = Annotated[
    days.DayWord | None,
    typer.Argument(
        metavar="[DAY]",
        parser=days.parse_day,
        autocompletion=day_words,
        help="2026-11-23, today, tomorrow, mon..sun, next mon, +3d, +2w, -1d, 27/11.",
    ),
]
Weekdays = Annotated[
    days.WeekdaysWord,
    typer.Argument(
        metavar="WEEKDAYS",
        parser=days.parse_weekdays,
        autocompletion=weekday_words,
        help="mon-fri, sat..sun, mon,wed.",
    ),
]
WaitlistEntry = Annotated[
    references.WaitlistRef,
    typer.Argument(metavar="REF", parser=parsers.waitlist_ref, help="The waitlist entry's number (W3 or 3)."),
]
DaysOption = Annotated[
    days.DaysWord | None,
    typer.Option(
        "--day",
        metavar="DAYS",
        parser=days.parse_days,
        autocompletion=day_words,
        help="A day, a range A..B or A-B, or a comma-separated list.",
    ),
]
Position = Annotated[
    int | None,
    typer.Argument(
        metavar="[N]", parser=whole("N", 1, MOST), help="The position.  [default: the next, or the only one]"
    ),
]
QueueDay = Annotated[
    days.DayWord | None,
    typer.Option(
        "--day",
        metavar="DAY",
        parser=days.parse_day,
        autocompletion=day_words,
        help="The day of the queue.  [default: today and open earlier days]",
    ),
]
AtPosition = Annotated[int, typer.Argument(metavar="N", parser=whole("N", 1, MOST), help="The position.")]
Time = Annotated[
    time | None,
    typer.Option(
        "--time", metavar="HH:MM", parser=parse_time, help="The time: 09:30, 9:30am. With hours, the start of a slot."
    ),
]
Between = Annotated[
    Within | None,
    typer.Option(
        "--between", metavar="HH:MM-HH:MM", parser=parse_within, help="A time in this part of the day: 17:00-19:00."
    ),
]
Morning = Annotated[bool, typer.Option("--morning", help="A time before 12:00.")]
Afternoon = Annotated[bool, typer.Option("--afternoon", help="A time from 12:00 to 17:00.")]
Evening = Annotated[bool, typer.Option("--evening", help="A time from 17:00 on.")]
SeriesEvery = Annotated[
    int | None,
    typer.Option(
        "--every",
        metavar="N[d|w]",
        parser=parse_visits_every,
        autocompletion=visit_distances,
        help="Book a series, this far apart: 10d, 2w.  [1d..52w]",
    ),
]
SeriesTimes = Annotated[int | None, count("--times", series.FEWEST, series.MOST, help="How many visits a series has.")]
SkipFull = Annotated[bool, typer.Option("--skip-full", help="Leave out the dates of a series that cannot be booked.")]
Series = Annotated[bool, typer.Option("--series", help="The whole series of the appointment.")]
SeriesOption = Annotated[
    references.AppointmentRef | None,
    typer.Option(
        "--series", metavar="REF", parser=parsers.appointment_ref, help="Only the series of this appointment (A42)."
    ),
]
VisitType = Annotated[
    str | None,
    typer.Option("--visit-type", "--type", metavar="NAME", parser=parsers.visit_type, help="The kind of visit."),
]
Limit = Annotated[int | None, count("--limit", 1, MOST, help="Show at most N entries.")]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Book even if the patient has an appointment with this doctor that day, or at that time."
    ),
]
Overbook = Annotated[
    bool,
    typer.Option("--overbook", help="Book above the capacity, up to the clinic's overbook_limit, or at a taken time."),
]
Past = Annotated[bool, typer.Option("--past", help="Accept a past time.")]
OnConflictOption = Annotated[
    OnConflict,
    choice("--on-conflict", OnConflict, help="What to do with booked patients who lose their slot."),
]
Status = Annotated[
    list[AppointmentStatus] | None,
    choice("--status", AppointmentStatus, help="Only this status; repeatable."),
]
CancelledBy = Annotated[
    statuses.CancelledBy | None,
    choice("--cancelled-by", statuses.CancelledBy, help="Only appointments cancelled by this side, with phones."),
]
All = Annotated[bool, typer.Option("--all", help="Include archived ones.")]
By = Annotated[statuses.CancelledBy, choice("--by", statuses.CancelledBy, help="Who cancels.")]


def part_of_day(between: Within | None, morning: bool, afternoon: bool, evening: bool) -> Within | None:
    """Return the part of the day of these options. Refuses several."""
    given = [between, MORNING if morning else None, AFTERNOON if afternoon else None, EVENING if evening else None]
    chosen = [each for each in given if each is not None]
    if len(chosen) > 1:
        raise errors.Usage(problem="--between, --morning, --afternoon and --evening cannot be combined.")
    return chosen[0] if chosen else None
