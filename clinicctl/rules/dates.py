"""Read calendar dates in the clinic's order of day, month and year. Nothing is guessed.

`2026-11-27` has one reading. `27/11/2026`, `27-11-2026` and `27.11.2026` are read in the clinic's order (`date_order`).
In a clinic without an order, a date with two readings is refused with both. So is a date that exists only in the other
order. A day without a year (`27/11`) is the next such date, unless the last one was more recent by far.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import NamedTuple

from clinicctl.errors import BadValue, typed

_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_NO_YEAR = re.compile(r"([0-9]{1,2})(?:/([0-9]{1,2})|\.([0-9]{1,2})\.?)")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}")
_MONTH = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})")
_YEAR = re.compile(r"[0-9]{4}")
_AGE = re.compile(r"([0-9]{1,3})\s*([ymwd]?)")
_FAR = 300
"""Days. A date without a year that comes only after so many days may mean the one that has just passed."""

_MDY = frozenset({"AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "US", "VI"})
_YMD = frozenset({"CN", "HU", "JP", "KP", "KR", "MN", "TW"})
_MIXED = frozenset({"BT", "CA", "IR", "KE", "LT", "PH", "SE", "ZA"})
"""Countries that write dates in several orders. Nothing is guessed there."""

_MOST_OF_UNIT = {"y": 150, "m": 24, "w": 104, "d": 60}
_BIRTH = "a birth date is 1980-02-01, or the year 1980 if only that is known"


def order_in(region: str) -> str:
    """Return the order of day, month and year in a country, or an empty text.

    From Unicode CLDR's short date formats (https://cldr.unicode.org), without countries where several are in use.
    """
    if not region or region in _MIXED:
        return ""
    return "mdy" if region in _MDY else "ymd" if region in _YMD else "dmy"


class AmbiguousDate(BadValue):
    """A date with several readings. The clinic's order or another today may leave one."""


class Written(NamedTuple):
    """A date as it was written. Only its year is certain if it has one."""

    year: int | None
    first: int
    second: int
    year_first: bool = False


class Birth(NamedTuple):
    """A birth date, or an estimate: a year, perhaps with a month."""

    born: date | None = None
    year: int | None = None
    month: int | None = None


class BirthWord(str):
    """A birth date as text. It becomes a date only when the clinic's order is known."""

    __slots__ = ()


class AgeWord(str):
    """The age of an infant: `6m`, `3w` or `10d`."""

    __slots__ = ()


def written(text: str) -> Written | None:
    """Return the parts of a date; None for a text of another form."""
    if found := _YEAR_FIRST.fullmatch(text):
        return Written(int(found[1]), int(found[3]), int(found[4]), year_first=True)
    if found := _YEAR_LAST.fullmatch(text):
        return Written(int(found[4]), int(found[1]), int(found[3]))
    if found := _NO_YEAR.fullmatch(text):
        return Written(None, int(found[1]), int(found[2] or found[3]))
    return None


def has_short_year(text: str) -> bool:
    """Return whether a text is a date with a year of two digits."""
    return _SHORT_YEAR.fullmatch(text) is not None


def resolve(parts: Written, *, today: date, order: str, text: str) -> date | None:
    """Return the date that was written, None if there is none.

    Refuses several readings with `AmbiguousDate`, and a date that exists only in the other order. `text` is what the
    refusal repeats.
    """
    if parts.year_first:
        return _real(parts.year, parts.first, parts.second)
    as_dmy = _dated(parts, month=parts.second, day=parts.first, today=today)
    as_mdy = _dated(parts, month=parts.first, day=parts.second, today=today)
    if order == "ymd" and parts.year is None:
        order = "mdy"
    found, other = {"dmy": (as_dmy, as_mdy), "mdy": (as_mdy, as_dmy)}.get(order, (as_dmy + as_mdy, []))
    if len(set(found)) == 1:
        return found[0]
    if found:
        raise _ambiguous(text, found)
    if other:
        raise BadValue(
            problem=f"No such day{_repeated(text)} in the clinic's date order, {order}.",
            hint=f"Did you mean {_listed(other)}?",
        )
    return None


def _dated(parts: Written, *, month: int, day: int, today: date) -> list[date]:
    """Return the dates that a reading may mean: none, one, or two without a year."""
    if parts.year is not None:
        found = _real(parts.year, month, day)
        return [found] if found else []
    # A leap year is among any nine years.
    near = [each for year in range(today.year - 8, today.year + 9) if (each := _real(year, month, day))]
    coming, past = [each for each in near if each >= today], [each for each in near if each < today]
    return [past[-1], coming[0]] if coming and past and (coming[0] - today).days > _FAR else coming[:1]


def _real(year: int | None, month: int, day: int) -> date | None:
    try:
        return date(year or 0, month, day)
    except ValueError:
        return None


def _ambiguous(text: str, found: Iterable[date]) -> AmbiguousDate:
    readings = sorted(set(found))
    hint = f"Write {readings[-1]} or another full date."
    if len({(each.month, each.day) for each in readings}) > 1:
        hint = f"Set the order with `clinicctl config date_order dmy` (or mdy), or write {readings[-1]}."
    return AmbiguousDate(problem=f"Ambiguous day{_repeated(text)}: it is {_listed(readings)}.", hint=hint)


def _repeated(text: str) -> str:
    named = typed(text)
    return f" {named}" if named else ""


def _listed(readings: Iterable[date]) -> str:
    return " or ".join(dict.fromkeys(map(str, readings)))


# Birth dates and ages, which no refusal repeats


def parse_birth(text: str) -> BirthWord:
    """Check a birth date without the clinic's order.

    A mistake is then refused before the lock is taken.
    """
    word = BirthWord(text.strip())
    with suppress(AmbiguousDate):
        birth(word, order="")
    return word


def birth(word: BirthWord, *, order: str) -> Birth:
    """Return a birth date, or the estimate of one: `1980`, `1980-02`."""
    if _YEAR.fullmatch(word):
        return Birth(year=int(word))
    if found := _MONTH.fullmatch(word):
        if not 1 <= int(found[2]) <= 12:
            raise BadValue(problem=f"No such birth date: {_BIRTH}.")
        return Birth(year=int(found[1]), month=int(found[2]))
    if has_short_year(word):
        raise BadValue(problem=f"The year of a birth date has four digits: {_BIRTH}.")
    parts = written(word)
    if parts is None or parts.year is None:
        raise BadValue(problem=f"Not a birth date: {_BIRTH}.")
    try:
        found_date = resolve(parts, today=date.max, order=order, text="")
    except AmbiguousDate:
        raise AmbiguousDate(
            problem="The birth date can be read as day/month or as month/day.",
            hint="Set the order with `clinicctl config date_order dmy` (or mdy), or write it like 1980-02-01.",
        ) from None
    except BadValue:
        raise BadValue(problem=f"No such birth date in the clinic's date order, {order}: {_BIRTH}.") from None
    if found_date is None:
        raise BadValue(problem=f"No such birth date: {_BIRTH}.")
    return Birth(found_date)


def parse_age(text: str) -> int | AgeWord:
    """Return an age in years, or the age of an infant in months, weeks or days."""
    found = _AGE.fullmatch(text.strip().lower())
    unit = found[2] or "y" if found else "y"
    if not found or int(found[1]) > _MOST_OF_UNIT[unit]:
        raise BadValue(problem="An age is 34 (years, up to 150), 6m (months, up to 24), 3w (weeks) or 10d (days).")
    return int(found[1]) if unit == "y" else AgeWord(f"{int(found[1])}{unit}")


def born_before(age: int | AgeWord, *, today: date) -> Birth:
    """Return the estimated birth date of an age.

    It is a year, and for an infant also a month.
    """
    if not isinstance(age, AgeWord):
        return Birth(year=today.year - age)
    count, unit = int(age[:-1]), age[-1]
    if unit == "m":
        months = today.year * 12 + today.month - 1 - count
        return Birth(year=months // 12, month=months % 12 + 1)
    since = date.fromordinal(today.toordinal() - count * (7 if unit == "w" else 1))
    return Birth(year=since.year, month=since.month)


def age_on(today: date, born: date) -> int:
    """Return the age in whole years.

    The birthday of 29 February is 1 March in other years.
    """
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def approximate_age(today: date, born: date | None, year: int | None, month: int | None = None) -> int | None:
    """Return the age from a birth date or, within a year, from the estimate of one."""
    if born:
        return age_on(today, born)
    return today.year - year - (month is not None and today.month < month) if year else None


def age_in_months(today: date, born: date | None, year: int | None, month: int | None) -> int | None:
    """Return the age of an infant below two years in months; None for others."""
    if born:
        months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    elif year is not None and month is not None:
        months = (today.year - year) * 12 + today.month - month
    else:
        return None
    return max(0, months) if months < 24 else None


def estimate(year: int | None, month: int | None) -> str | None:
    """Return an estimated birth date as ISO 8601: `1980` or `2026-05`."""
    if year is None:
        return None
    return f"{year:04}-{month:02}" if month else f"{year:04}"
