"""The checks of settings: functions that read the text of a value, or refuse it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from clinicctl.errors import BadValue, typed

T = TypeVar("T")

DATE_ORDERS = ("dmy", "mdy", "ymd")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_LEADS = re.compile(r"([1-9][0-9]{0,2})(m|h|d)")
_MINUTES = {"m": 1, "h": 60, "d": 1_440}
_MOST_LEADS, _LONGEST_LEAD = 5, 30 * 1_440
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~%-]+)*")
_LONGEST_URL = 200


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SettingSpec:
    """One setting: its name, its default as text, its meaning, and its check."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], Any]
    stored: Callable[[str], Any] | None = None
    """Reads a value from the database, if that is less strict than reading a new value."""

    def take(self, text: str, *, origin: str | None = None) -> Any:
        """Return the value of a text; a refusal names the setting or the origin."""
        return named(origin or self.name, self.read, text)


def named(name: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except BadValue as refused:
        raise BadValue(problem=f"{name}: {refused}") from None


def wrong(text: str, wanted: str) -> BadValue:
    """Return the refusal of a value, without the value if it may be about a person."""
    named = typed(text, option=True)
    return BadValue(problem=f"{named} is not {wanted}." if named else f"{wanted}.")


def whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
            raise wrong(text, f"a whole number from {least} to {most}")
        return int(text)

    return read


def one_of(values: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in values:
            raise wrong(text, f"one of {', '.join(values)}")
        return text

    return read


def seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise wrong(text, "a number of seconds from 0 to 3600")
    return seconds


def line(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not text.isprintable() or not 1 <= len(text) <= longest or text.isspace():
            raise BadValue(problem=f"1 to {longest} printable characters.")
        return text

    return read


def command(text: str) -> str:
    """Return a command line of shell words, or an empty text."""
    import shlex  # Deferred: only a command that is set needs it.

    if not text:
        return text
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    if not (words and text.isprintable() and len(text) <= 500):
        raise BadValue(problem="a command such as `lp -d front`, with matching quotes, of at most 500 characters.")
    return text


def database(text: str) -> str:
    if not text:
        raise BadValue(problem="empty: name a database, or omit the option for the default one.")
    return text


def timezone(text: str) -> str:
    known = zones()
    if text in known:
        return text
    near = next((each for each in sorted(known) if each.casefold() == text.casefold()), None)
    raise wrong(
        text, "an IANA name, " + (f"did you mean {near}?" if near else "for example Asia/Kolkata or Europe/Berlin")
    )


def stored_timezone(text: str) -> str:
    """Read a stored time zone.

    Every transaction does this, so that only the zone's own file is opened. An old name that `timezone` no longer
    accepts must not lock the clinic out of its database; `health` reports it.
    """
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise BadValue(problem="timezone: not known on this machine.") from None
    return text


@cache
def zones() -> frozenset[str]:
    """Return the names of the IANA time zones, from the tzdata package.

    Python's own list opens every file in the zoneinfo folders, and the environment can name any folder.
    """
    from importlib import resources

    return frozenset((resources.files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}


def region(text: str) -> str:
    code = text.upper()
    if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise wrong(text, "two letters, for example IN or DE; its rules apply to phones without +")
    return code


def time_of_day(text: str) -> str:
    if not _TIME_OF_DAY.fullmatch(text):
        raise wrong(text, "a time such as 09:00")
    return text


def base_url(text: str) -> str:
    if len(text) > _LONGEST_URL or not _URL.fullmatch(text):
        raise wrong(text, "a URL such as https://clinic.example.org/fhir, without a slash at its end")
    return text


def date_order(text: str) -> str:
    if text and text not in DATE_ORDERS:
        raise wrong(text, f"one of {', '.join(DATE_ORDERS)}, or empty")
    return text


def reminders(text: str) -> str:
    """Return how long before a visit reminders are due, such as `24h,2h`.

    An empty text is for none.
    """
    leads(text)
    return text


@cache
def leads(text: str) -> tuple[int, ...]:
    """Return the minutes before a visit at which reminders are due.

    The first reminder comes first.
    """
    found = [_LEADS.fullmatch(each) for each in text.split(",")] if text else []
    minutes = {int(each[1]) * _MINUTES[each[2]] for each in found if each is not None}
    too_many = len(found) > _MOST_LEADS or max(minutes, default=0) > _LONGEST_LEAD
    if None in found or len(minutes) != len(found) or too_many:
        raise wrong(text, "up to five times before the visit such as 24h,2h, each at most 30d; empty for no reminder")
    return tuple(sorted(minutes, reverse=True))


def quiet_hours(text: str) -> str:
    """Return a span of the day such as `21:00-08:00`, or an empty text."""
    span_of_day(text)
    return text


@cache
def span_of_day(text: str) -> tuple[int, int] | None:
    """Return the first and the last minute of a span of the day.

    Return None for an empty text. A span whose end is before its start goes over midnight.
    """
    if not text:
        return None
    first, _, last = text.partition("-")
    if not (_TIME_OF_DAY.fullmatch(first) and _TIME_OF_DAY.fullmatch(last)) or first == last:
        raise wrong(text, "a span such as 21:00-08:00, or empty for none")
    start, end = (int(each[:2]) * 60 + int(each[3:]) for each in (first, last))
    return start, end
