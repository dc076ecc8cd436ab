"""Parse days, weekdays, dates and times, and count slots.

Nothing is guessed: unknown text is refused with examples. One day: `2026-11-23`, `today`, `tomorrow`, `yesterday`,
`mon`..`sun` (the next one, today included), `+3d`, `-1w`. Days: one, `A..B` with both ends, or several with commas.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, time, timedelta
from functools import lru_cache
from itertools import count, filterfalse, islice

from clinicctl.errors import BadValue, near, typed

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORDS = ("today", "tomorrow", "yesterday", *WEEKDAYS)
LONGEST = 366
DAY_WORDS = frozenset(WORDS) | {
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    *("day", "days", "week", "weeks", "next", "last", "this"),
}
"""Words about days. A refusal may repeat them, because they are not personal."""

FIRST, LAST = date(1000, 1, 1), date(9000, 12, 31)
"""The accepted days. Instants, and the days around them, are within Python's range."""

_RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1}
_SHIFT = re.compile(r"([+\-\u2212])([0-9]{1,4})([dw])")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXAMPLES = "a day is 2026-11-23, today, tomorrow, yesterday, mon..sun, +3d, +2w or -1d"
_ANY_DAY = date(2000, 1, 3)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class WeekdaysWord(str):
    """Weekdays as text: `mon-fri,sat`."""

    __slots__ = ()


class DayWord(str):
    """One day as text. It becomes a date only when today is known."""

    __slots__ = ()


class DaysWord(str):
    """Days as text: one, a range, or several."""

    __slots__ = ()


@lru_cache(1_024)
def day(text: str, *, today: date) -> date:
    """Return the date of a day.

    Refuses text outside the grammar, and distant centuries.
    """
    found = _parse(text.strip().lower(), today)
    if not FIRST <= found <= LAST:
        raise _refusal("No such day", text)
    return found


def _parse(word: str, today: date) -> date:
    try:
        if word in _RELATIVE:
            return today + timedelta(days=_RELATIVE[word])
        if word in WEEKDAYS:
            return today + timedelta(days=(WEEKDAYS.index(word) - today.weekday()) % 7)
        if shift := _SHIFT.fullmatch(word):
            sign, count, unit = shift.groups()
            distance = timedelta(days=int(count) * (7 if unit == "w" else 1))
            return today + distance if sign == "+" else today - distance
        if _ISO.fullmatch(word):
            return date.fromisoformat(word)
    except (ValueError, OverflowError):
        raise _refusal("No such day", word) from None
    raise _refusal("Not a day", word)


def _refusal(what: str, text: str) -> BadValue:
    word = text.strip().lower()
    meant = word[:3] if word in DAY_WORDS and word[:3] in WEEKDAYS else near(word, WORDS)
    named = typed(text, known=DAY_WORDS)
    return BadValue(
        problem=f"{what}: {named}; {_EXAMPLES}." if named else f"{what}: {_EXAMPLES}.",
        hint=f"Did you mean {meant}?" if meant else None,
    )


def days(text: str, *, today: date) -> list[date]:
    """Return the dates of days in order, without repetition.

    Refuses an empty part, a range that ends before it begins, and more than 366 days.
    """
    found: set[date] = set()
    for part in text.split(","):
        first, dots, last = part.partition("..")
        start = day(first, today=today)
        end = day(last, today=today) if dots else start
        if end < start:
            raise BadValue(problem="Not days: the range ends before it begins.")
        if (end - start).days >= LONGEST:
            raise BadValue(problem=f"Too many days: at most {LONGEST} at a time.")
        found.update(start + timedelta(days=n) for n in range((end - start).days + 1))
        if len(found) > LONGEST:
            raise BadValue(problem=f"Too many days: at most {LONGEST} at a time.")
    return sorted(found)


def parse_day(text: str) -> DayWord:
    """Check a day without today's date.

    A mistake is then refused before the lock is taken.
    """
    day(text, today=_ANY_DAY)
    return DayWord(text.strip().lower())


def parse_days(text: str) -> DaysWord:
    """Check days without today's date.

    A range that is reversed on some days only is refused later.
    """
    for part in text.split(","):
        for end in part.split("..", 1):
            day(end, today=_ANY_DAY)
    return DaysWord(text.strip().lower())


def weekdays(text: str) -> list[int]:
    """Return weekdays as numbers, 0 for Monday.

    A range can cross the end of the week, as in `sat-mon`.
    """
    found: set[int] = set()
    for part in text.strip().lower().split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            named = typed(text, known=DAY_WORDS)
            raise BadValue(problem=f"Not weekdays: {f'{named}; ' if named else ''}use mon-fri or mon,wed,sat.")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return sorted(found)


def parse_weekdays(text: str) -> WeekdaysWord:
    """Check weekdays, and return them as text."""
    weekdays(text)
    return WeekdaysWord(text.strip().lower())


def parse_date(text: str) -> date:
    """Return a date in the form `1980-02-01`. Refuses every other form."""
    if not _ISO.fullmatch(text.strip()):
        raise BadValue(problem="Not a date: a date is 1980-02-01.")
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadValue(problem="No such date: a date is 1980-02-01.") from None


def parse_time(text: str) -> time:
    """Return a time of day, such as `9:30` or `14:05`."""
    if not (found := _TIME.fullmatch(text.strip())):
        named = typed(text, known=("am", "pm", "noon", "h"))
        raise BadValue(problem=f"Not a time: {f'{named}; ' if named else ''}a time is 09:30 or 14:05.")
    return time(int(found[1]), int(found[2]))


def age_on(today: date, born: date) -> int:
    """Return the age in whole years.

    The birthday of 29 February is 1 March in other years.
    """
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def approximate_age(today: date, born: date | None, year: int | None) -> int | None:
    """Return the age from a birth date or, within a year, from a year of birth."""
    if born:
        return age_on(today, born)
    return today.year - year if year else None


MOST = 500
"""The largest capacity of a day."""


def lowest_free(held: Iterable[int]) -> int:
    """Return the lowest slot, from 1, that is not held."""
    return next(_free(held))


def free_slots(held: Iterable[int], number: int) -> list[int]:
    """Return the lowest `number` free slots, in the order in which they are given."""
    return list(islice(_free(held), number))


def remaining(capacity: int, booked: int, *, present: bool = True) -> int:
    """Return the number of free slots: never negative, and 0 if the doctor is absent."""
    return max(0, capacity - booked) if present else 0


def _free(held: Iterable[int]) -> Iterator[int]:
    return filterfalse(set(held).__contains__, count(1))
