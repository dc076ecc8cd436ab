"""Parse days and weekdays.

Nothing is guessed: unknown text is refused with examples, and an ambiguous day with its readings. One day:
`2026-11-23`, `today`, `tomorrow`, `yesterday`, `mon`..`sun` or `monday` (the next one, today included), `next mon`,
`+3d`, `-1w`, and `27/11` or `27-11-2026` in the clinic's order. Days: one, `A..B` or `A-B` with both ends, or several
with commas.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from functools import lru_cache

from clinicctl.errors import BadValue, near, typed
from clinicctl.rules import dates
from clinicctl.rules.dates import AmbiguousDate

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORDS = ("today", "tomorrow", "yesterday", *WEEKDAYS)
LONGEST = 366
_FULL = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = {
    **{word: number for number, word in enumerate(WEEKDAYS)},
    **{word: number for number, word in enumerate(_FULL)},
    "tues": 1,
    "weds": 2,
    "thur": 3,
    "thurs": 3,
}
DAY_WORDS = frozenset(WORDS) | _WEEKDAY.keys() | {"day", "days", "week", "weeks", "next", "last", "this"}
"""Words about days. A refusal may repeat them, because they are not personal."""

FIRST, LAST = date(1000, 1, 1), date(9000, 12, 31)
"""The accepted days. Instants, and the days around them, are within Python's range."""

_RELATIVE = {"today": 0, "tomorrow": 1, "yesterday": -1}
_SHIFT = re.compile(r"([+\-\u2212])([0-9]{1,4})([dw])")
_NEXT = re.compile(r"next\s+([a-z]+)")
_EXAMPLES = "a day is 2026-11-23, today, tomorrow, yesterday, mon..sun, next mon, +3d, +2w, -1d or 27/11"
_ANY_DAY = date(2000, 1, 3)


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
def day(text: str, *, today: date, order: str = "") -> date:
    """Return the date of a day, in the clinic's order of day, month and year.

    Refuses text outside the grammar, an ambiguous day, and distant centuries.
    """
    found = _parse(text.strip().lower(), today, order)
    if not FIRST <= found <= LAST:
        raise _refusal("No such day", text)
    return found


def _parse(word: str, today: date, order: str) -> date:
    try:
        if word in _RELATIVE:
            return today + timedelta(days=_RELATIVE[word])
        if (weekday := _WEEKDAY.get(word)) is not None:
            return _coming(weekday, today)
        if (found := _NEXT.fullmatch(word)) and found[1] in _WEEKDAY:
            return _next(_WEEKDAY[found[1]], today, word)
        if shift := _SHIFT.fullmatch(word):
            sign, count, unit = shift.groups()
            distance = timedelta(days=int(count) * (7 if unit == "w" else 1))
            return today + distance if sign == "+" else today - distance
    except OverflowError:
        raise _refusal("No such day", word) from None
    if (parts := dates.written(word)) is not None:
        if (found_date := dates.resolve(parts, today=today, order=order, text=word)) is not None:
            return found_date
        raise _refusal("No such day", word)
    if dates.has_short_year(word):
        raise BadValue(problem="Not a day: the year of a date has four digits, as in 2026-11-23.")
    raise _refusal("Not a day", word)


def _coming(weekday: int, today: date) -> date:
    return today + timedelta(days=(weekday - today.weekday()) % 7)


def _next(weekday: int, today: date, word: str) -> date:
    """Return the weekday after today that is also in the next week.

    Some people mean the first one after today, others the one in the next week. Where the two differ, both are named.
    """
    first = _coming(weekday, today + timedelta(days=1))
    in_next_week = today + timedelta(days=7 - today.weekday() + weekday)
    if first != in_next_week:
        raise AmbiguousDate(
            problem=f'Ambiguous day "{word}": it is {first} or {in_next_week}.',
            hint=f"Write {WEEKDAYS[weekday]} for {first}, or {in_next_week}.",
        )
    return first


def _refusal(what: str, text: str) -> BadValue:
    word = text.strip().lower()
    named = typed(text, known=DAY_WORDS)
    meant = near(word, (*WORDS, *_FULL))
    return BadValue(
        problem=f"{what}: {named}; {_EXAMPLES}." if named else f"{what}: {_EXAMPLES}.",
        hint=f"Did you mean {meant}?" if meant else None,
    )


def days(text: str, *, today: date, order: str = "") -> list[date]:
    """Return the dates of days in order, without repetition.

    Refuses an empty part, a range that ends before it begins, and more than 366 days. A range between two weekdays ends
    on the first such day from its start on.
    """
    found: set[date] = set()
    for part in text.split(","):
        start, end = (ends(part, today=today, order=order) * 2)[:2]
        if end < start:
            raise BadValue(problem="Not days: the range ends before it begins.")
        if (end - start).days >= LONGEST:
            raise BadValue(problem=f"Too many days: at most {LONGEST} at a time.")
        found.update(start + timedelta(days=n) for n in range((end - start).days + 1))
        if len(found) > LONGEST:
            raise BadValue(problem=f"Too many days: at most {LONGEST} at a time.")
    return sorted(found)


def ends(part: str, *, today: date, order: str = "") -> list[date]:
    """Return the first and the last date of a range, or the one date of a day."""
    first, last = _ends(part)
    start = day(first, today=today, order=order)
    if last is None:
        return [start]
    if last in _WEEKDAY and first in _WEEKDAY:
        return [start, _coming(_WEEKDAY[last], start)]
    return [start, day(last, today=today, order=order)]


def _ends(part: str) -> tuple[str, str | None]:
    """Return the two ends of a range as text, or a day and None.

    `A..B` is a range. `A-B` is one if exactly one hyphen has a day on each side.
    """
    part = part.strip().lower()
    first, dots, last = part.partition("..")
    if dots:
        return first.strip(), last.strip()
    if "-" not in part or is_day(part):
        return part, None
    ranges = [(first, last) for first, last in _split_at_hyphens(part) if is_day(first) and is_day(last)]
    return ranges[0] if len(ranges) == 1 else (part, None)


def _split_at_hyphens(part: str) -> Iterator[tuple[str, str]]:
    for at, letter in enumerate(part):
        if letter == "-":
            yield part[:at].strip(), part[at + 1 :].strip()


def is_day(text: str) -> bool:
    """Return whether a text is a day on some date in some order."""
    try:
        parse_day(text)
    except BadValue:
        return False
    return True


def are_days(text: str) -> bool:
    """Return whether a text is a day, a range, or several days."""
    try:
        parse_days(text)
    except BadValue:
        return False
    return True


def parse_day(text: str) -> DayWord:
    """Check a day without today's date and the clinic's order.

    A mistake is then refused before the lock is taken.
    """
    with suppress(AmbiguousDate):
        day(text, today=_ANY_DAY)
    return DayWord(text.strip().lower())


def parse_days(text: str) -> DaysWord:
    """Check days without today's date and the clinic's order.

    A range that is reversed on some days only is refused later.
    """
    for part in text.split(","):
        for end in _ends(part):
            if end is not None:
                parse_day(end)
    return DaysWord(text.strip().lower())


def weekdays(text: str) -> list[int]:
    """Return weekdays as numbers, 0 for Monday.

    A range can cross the end of the week, as in `sat-mon` or `sat..mon`.
    """
    found: set[int] = set()
    for part in text.strip().lower().split(","):
        ends = [each.strip() for each in re.split(r"\.\.|-", part, maxsplit=1)]
        if any(each not in _WEEKDAY for each in ends):
            named = typed(text, known=DAY_WORDS)
            meant = near(ends[-1] if ends[0] in _WEEKDAY else ends[0], _FULL)
            raise BadValue(
                problem=f"Not weekdays: {f'{named}; ' if named else ''}use mon-fri or mon,wed,sat.",
                hint=f"Did you mean {meant}?" if meant else None,
            )
        start, end = _WEEKDAY[ends[0]], _WEEKDAY[ends[-1]]
        found.update((start + n) % 7 for n in range((end - start) % 7 + 1))
    return sorted(found)


def parse_weekdays(text: str) -> WeekdaysWord:
    """Check weekdays, and return them as text."""
    weekdays(text)
    return WeekdaysWord(text.strip().lower())
