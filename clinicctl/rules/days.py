"""The grammar of days. What is not in it is refused with examples: nothing guesses.

One day: `2026-11-23`, `today`, `tomorrow`, `yesterday`, `mon`..`sun` (the next one, today included), `+3d`, `-1w`.
Days: one, `A..B` with both ends, or several with commas.
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
KNOWN = frozenset(WORDS) | {
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    *("day", "days", "week", "weeks", "next", "last", "this"),
}
"""Words of somebody who means a day: a refusal may repeat them."""

FIRST, LAST = date(1000, 1, 1), date(9000, 12, 31)
"""The days that can be meant: from each of them instants, and the days around it, can be reached."""

_NEAR = {"today": 0, "tomorrow": 1, "yesterday": -1}
_SHIFT = re.compile(r"([+\-\u2212])([0-9]{1,4})([dw])")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXAMPLES = "a day is 2026-11-23, today, tomorrow, yesterday, mon..sun, +3d, +2w or -1d"
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


class WeekdaysWord(str):
    """Weekdays as they were said: `mon-fri,sat`."""

    __slots__ = ()


class DayWord(str):
    """One day as it was said; it becomes a date only with the day on which it was said."""

    __slots__ = ()


class DaysWord(str):
    """Days as they were said: one, a range, or several."""

    __slots__ = ()


@lru_cache(1_024)
def day(said: str, *, today: date) -> date:
    """Return the date that `said` means on `today`. Refuses everything outside the grammar, and distant centuries."""
    found = _meant(said.strip().lower(), today)
    if not FIRST <= found <= LAST:
        raise _bad("No such day", said)
    return found


def _meant(word: str, today: date) -> date:
    try:
        if word in _NEAR:
            return today + timedelta(days=_NEAR[word])
        if word in WEEKDAYS:
            return today + timedelta(days=(WEEKDAYS.index(word) - today.weekday()) % 7)
        if shift := _SHIFT.fullmatch(word):
            sign, count, unit = shift.groups()
            distance = timedelta(days=int(count) * (7 if unit == "w" else 1))
            return today + distance if sign == "+" else today - distance
        if _ISO.fullmatch(word):
            return date.fromisoformat(word)
    except (ValueError, OverflowError):
        raise _bad("No such day", word) from None
    raise _bad("Not a day", word)


def _bad(what: str, said: str) -> BadValue:
    word = said.strip().lower()
    meant = word[:3] if word in KNOWN and word[:3] in WEEKDAYS else near(word, WORDS)
    named = typed(said, known=KNOWN)
    return BadValue(
        problem=f"{what}: {named}; {_EXAMPLES}." if named else f"{what}: {_EXAMPLES}.",
        hint=f"Did you mean {meant}?" if meant else None,
    )


def days(said: str, *, today: date) -> list[date]:
    """Return the dates that `said` means on `today`, in order, each once.

    Refuses an empty part, a range that ends before it begins, and more than 366 days.
    """
    found: set[date] = set()
    for part in said.split(","):
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


def parse_day(said: str) -> DayWord:
    """Check a day without knowing today, so that a mistake is refused before any lock is taken."""
    day(said, today=_SOME_DAY)
    return DayWord(said.strip().lower())


def parse_days(said: str) -> DaysWord:
    """Check days without knowing today. A range that ends before it begins on some days only is refused later."""
    for part in said.split(","):
        for end in part.split("..", 1):
            day(end, today=_SOME_DAY)
    return DaysWord(said.strip().lower())


def weekdays(said: str) -> list[int]:
    """Return weekdays, 0 for Monday, of `mon-fri,sat`; a range may go round the week's end, as `sat-mon`."""
    found: set[int] = set()
    for part in said.strip().lower().split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        if first not in WEEKDAYS or (dash and last not in WEEKDAYS):
            named = typed(said, known=KNOWN)
            raise BadValue(problem=f"Not weekdays: {f'{named}; ' if named else ''}say mon-fri, or mon,wed,sat.")
        start, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
        found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return sorted(found)


def parse_weekdays(said: str) -> WeekdaysWord:
    """Check weekdays."""
    weekdays(said)
    return WeekdaysWord(said.strip().lower())


def parse_date(said: str) -> date:
    """Return a full date, `1980-02-01`, and nothing else."""
    if not _ISO.fullmatch(said.strip()):
        raise BadValue(problem="Not a date: a date is 1980-02-01.")
    try:
        return date.fromisoformat(said.strip())
    except ValueError:
        raise BadValue(problem="No such date: a date is 1980-02-01.") from None


def parse_time(said: str) -> time:
    """Return a clock time of the day, `9:30` or `14:05`."""
    if not (found := _TIME.fullmatch(said.strip())):
        named = typed(said, known=("am", "pm", "noon", "h"))
        raise BadValue(problem=f"Not a time: {f'{named}; ' if named else ''}a time is 09:30 or 14:05.")
    return time(int(found[1]), int(found[2]))


def age_on(today: date, born: date) -> int:
    """Whole years between a birth date and `today`; someone born on 29 February ages on 1 March in other years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def age_said(today: date, born: date | None, year: int | None) -> int | None:
    """Return the age from a birth date, or from the year of birth that an age said at the desk means."""
    if born:
        return age_on(today, born)
    return today.year - year if year else None


_SOME_DAY = date(2000, 1, 3)


MOST = 500
"""The largest capacity of a day."""


def lowest_free(held: Iterable[int]) -> int:
    """Return the lowest slot, from 1, that is not among those held."""
    return next(_free(held))


def free_slots(held: Iterable[int], number: int) -> list[int]:
    """Return the lowest slots, so many of them, that are not among those held: the order in which they are given."""
    return list(islice(_free(held), number))


def remaining(capacity: int, booked: int, *, present: bool = True) -> int:
    """Return how many places are left: never negative, and none on a day without the doctor."""
    return max(0, capacity - booked) if present else 0


def _free(held: Iterable[int]) -> Iterator[int]:
    return filterfalse(set(held).__contains__, count(1))
