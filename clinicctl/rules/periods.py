"""Parse the periods of reports: a named one such as `last-month`, or a year, quarter, month or week by its number."""

import re
from calendar import monthrange
from datetime import date, timedelta

from clinicctl.errors import BadValue, near, typed

NAMES = ("week", "month", "quarter", "year", "last-week", "last-month", "last-quarter", "last-year")
DAYS = 30
"""The days of a report without a period, up to today."""
MOST = 36_525
"""The most days of a report: a hundred years."""

_YEAR = re.compile(r"([1-8][0-9]{3})")
_QUARTER = re.compile(r"([1-8][0-9]{3})-?q([1-4])")
_MONTH = re.compile(r"([1-8][0-9]{3})-([0-9]{2})")
_WEEK = re.compile(r"([1-8][0-9]{3})-?w([0-9]{2})")
_ANY_DAY = date(2000, 1, 3)


class PeriodWord(str):
    """A period as text. It becomes dates only when today is known."""

    __slots__ = ()


def parse_period(text: str) -> PeriodWord:
    """Check a period without today's date."""
    word = PeriodWord(text.strip().lower())
    period(word, today=_ANY_DAY)
    return word


def period(word: str, *, today: date) -> tuple[date, date]:
    """Return the first and the last date of a period."""
    before = word.startswith("last-")
    unit = word.removeprefix("last-")
    if unit == "week":
        monday = today - timedelta(days=today.weekday() + 7 * before)
        return monday, monday + timedelta(days=6)
    if unit == "month":
        return _months(today.year, today.month - before, 1)
    if unit == "quarter":
        return _months(today.year, (today.month - 1) // 3 * 3 + 1 - 3 * before, 3)
    if unit == "year":
        return _months(today.year - before, 1, 12)
    return _numbered(word)


def _numbered(word: str) -> tuple[date, date]:
    if found := _YEAR.fullmatch(word):
        return _months(int(found[1]), 1, 12)
    if found := _QUARTER.fullmatch(word):
        return _months(int(found[1]), int(found[2]) * 3 - 2, 3)
    if (found := _MONTH.fullmatch(word)) and 1 <= int(found[2]) <= 12:
        return _months(int(found[1]), int(found[2]), 1)
    if found := _WEEK.fullmatch(word):
        try:
            monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
        except ValueError:
            raise _refusal(word) from None
        return monday, monday + timedelta(days=6)
    raise _refusal(word)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    """Return the first and the last date of months.

    A month below 1 is one of the year before.
    """
    months = year * 12 + month - 1
    end_year, end_month = divmod(months + count - 1, 12)
    last = monthrange(end_year, end_month + 1)[1]
    return date(months // 12, months % 12 + 1, 1), date(end_year, end_month + 1, last)


def _refusal(word: str) -> BadValue:
    named = typed(word, known=frozenset(NAMES))
    meant = near(word, NAMES)
    return BadValue(
        problem=f"Not a period: {f'{named}; ' if named else ''}use {', '.join(NAMES)}, 2026, 2026-Q4, 2026-11 or "
        "2026-W48.",
        hint=f"Did you mean {meant}?" if meant else None,
    )
