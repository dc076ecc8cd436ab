"""Parsers of arguments and options. A refusal never repeats a personal value."""

import sys
from collections.abc import Callable, Mapping
from datetime import time
from enum import StrEnum
from io import BufferedReader, TextIOWrapper
from typing import Any, TypeVar

from clinicctl import errors, interrupts, settings
from clinicctl.cli.click_names import get_current_context
from clinicctl.rules import days, references, text, times
from clinicctl.store import paths

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MOST = 999_999_999
"""The largest number, of nine digits, as in A999999999."""

VISIT_TYPE = 60
"""The most characters of the name of a kind of visit."""

PERSONAL: set[Callable[[str], Any]] = set()
"""The parsers of values that may be personal."""


def personal(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return a parser for a personal value, also from stdin (`-`) or `@FILE`."""

    def reader(given: str) -> T:
        return read(_resolve(given))

    reader.__name__ = "TEXT"
    PERSONAL.add(reader)
    return reader


def _resolve(given: str) -> str:
    """Return the value itself, or the content of stdin or a file."""
    if given != "-" and not (given.startswith("@") and len(given) > 1):
        return given
    context = get_current_context(silent=True)
    if context is not None and context.resilient_parsing:
        return given  # A completion must not wait for the writer of a pipe.
    try:
        if given == "-":
            _take_stdin()
            with interrupts.Waiting():
                found = sys.stdin.read(text.NOTE * 8) if sys.stdin else ""
        else:
            # Without a context it is a line of a process that has already protected its database.
            opened = context.obj.open(given[1:]) if context is not None else paths.open_to_read(given[1:])
            with TextIOWrapper(BufferedReader(opened), encoding="utf-8") as file, interrupts.Waiting():
                found = file.read(text.NOTE * 8)
    except FileNotFoundError:
        raise errors.NoSuchFile(path=given[1:]) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise errors.BadValue(problem=f"{'stdin' if given == '-' else given[1:]}: {reason}.") from None
    return found.removesuffix("\n").removesuffix("\r")


def _take_stdin() -> None:
    """Refuse a second argument from stdin, because the first has read all of it."""
    app = get_current_context().obj
    if app.stdin_taken:
        raise errors.Usage(problem="Only one argument can be read from stdin; use @FILE for the others.")
    app.stdin_taken = True


FIXED: dict[Callable[[str], Any], tuple[str, ...]] = {}
"""The parsers of options with fixed values, and the allowed words."""


def one_of(option: str, kind: type[E], *, words: Mapping[str, E] | None = None) -> Callable[[str], E]:
    """Return a parser for one of a few words, in any case.

    A refusal lists the allowed words.
    """
    meanings = {each.value: each for each in kind} | dict(words or {})

    def reader(given: str) -> E:
        if (found := meanings.get(str(given).strip().lower())) is None:
            raise _not(option, given, f"one of {', '.join(kind)}")
        return found

    reader.__name__ = "TEXT"
    FIXED[reader] = tuple(kind)
    return reader


def days_or_doctor(given: str) -> days.DaysWord | references.DoctorRef:
    """Return days, or a doctor if the text is no day.

    A misspelt day is refused as a day.
    """
    try:
        return days.parse_days(given)
    except errors.BadValue as refused:
        if refused.hint is not None or not any(each.isalpha() for each in given):
            raise
        return doctor_ref(given)


def whole(name: str, least: int, most: int, *, personal: bool = False) -> Callable[[str], int]:
    """Return a parser for a whole number. A refusal names the input and the range."""
    limits = f"from {least} to {most}" if most < MOST else f"from {least} on"

    def reader(given: str) -> int:
        given = str(given).strip()
        if not (given.removeprefix("-").isdecimal() and len(given) <= 9 and least <= int(given) <= most):
            raise _not(name, None if personal else given, f"a whole number {limits}")
        return int(given)

    reader.__name__ = "INTEGER"
    return reader


def seconds(option: str, least: float, most: float) -> Callable[[str], float]:
    """Return a parser for a number of seconds.

    A refusal names the input and the range.
    """

    def reader(given: str) -> float:
        try:
            found = float(given)
        except ValueError:
            found = -1
        if not least <= found <= most:
            raise _not(option, given, f"a number of seconds from {least:g} to {most:g}")
        return found

    reader.__name__ = "FLOAT"
    return reader


def _not(name: str, given: str | None, wanted: str) -> errors.Usage:
    named = errors.typed(given, option=name.startswith("--")) if given is not None else None
    return errors.Usage(problem=f"{name}: {named} is not {wanted}." if named else f"{name}: {wanted}.")


def phone(given: str) -> str:
    """Return a phone as text, because its region is in the database.

    Return an empty value for the word `none`.
    """
    given = text.phone(given)
    return "" if given.lower() == "none" else given


def patient_ref(given: str) -> references.PatientRef:
    """Return a reference to a patient, checked only as text."""
    return references.PatientRef(text.clean(given, what="patient", longest=text.NAME))


def arrival_ref(given: str) -> references.ArrivalRef:
    """Return a reference to an arriving patient, checked only as text."""
    return references.ArrivalRef(text.clean(given, what="patient", longest=text.NAME))


def booked_ref(given: str) -> references.BookedRef:
    """Return a reference to an appointment or its patient, checked only as text."""
    return references.BookedRef(text.clean(given, what="patient", longest=text.NAME))


def doctor_ref(given: str) -> references.DoctorRef:
    """Return a reference to a doctor, checked only as text."""
    return references.DoctorRef(text.clean(given, what="doctor", longest=text.NAME))


def appointment_ref(given: str) -> references.AppointmentRef:
    """Return a reference to an appointment; `42` is A42.

    Refuses all but a number and a UUID.
    """
    if references.plain_number(given) is not None:
        return references.AppointmentRef(f"A{given.strip()}")
    if references.appointment_number(given) is None and references.uuid(given) is None:
        raise errors.BadValue(problem=f"Not an appointment: {_named(given)}use a number like A42, or a UUID.")
    return references.AppointmentRef(given.strip())


def _named(given: str) -> str:
    named = errors.typed(given)
    return f"{named}; " if named else ""


def waitlist_ref(given: str) -> references.WaitlistRef:
    """Return a reference to a waitlist entry; `3` is W3."""
    if references.plain_number(given) is not None:
        return references.WaitlistRef(f"W{given.strip()}")
    if references.waitlist_number(given) is None:
        raise errors.BadValue(problem=f"Not a waitlist entry: {_named(given)}use a number like W3.")
    return references.WaitlistRef(given.strip())


def specialty(given: str) -> str:
    """Return a specialty; empty to clear it."""
    return text.clean(given, what="specialty", longest=text.NAME) if given.strip(" ") else ""


def visit_type(given: str) -> str:
    """Return the name of a kind of visit, checked only as text."""
    return text.clean(given, what="kind of visit", longest=VISIT_TYPE)


def user(given: str) -> str:
    """Return the name of a user: a login, or a role of a server."""
    if not given.isprintable() or not 1 <= len(given) <= settings.ACTOR or any(each.isspace() for each in given):
        raise errors.BadValue(problem=f"NAME: a login of 1 to {settings.ACTOR} printable characters, without spaces.")
    return given


def holiday(given: str) -> str:
    """Return the name of a holiday, checked only as text."""
    return text.clean(given, what="name", longest=text.NAME)


def note(given: str) -> str:
    """Return a note; empty to clear it."""
    return text.note(given) or ""


def time_or_none(given: str) -> time | str:
    """Return a time; an empty text to clear it."""
    return times.parse_time(given) if given.strip() else ""


def email(given: str) -> str:
    """Return an e-mail address; empty to clear it."""
    return text.email(given) or ""


def language(given: str) -> str:
    """Return the code of a language; empty to clear it."""
    return text.language(given) if given.strip() else ""
