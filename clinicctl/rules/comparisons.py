"""Compare the phones and the birth dates of two records."""

from collections.abc import Collection
from datetime import date
from enum import StrEnum
from typing import Protocol

from clinicctl.rules import matching
from clinicctl.rules.word_pairs import edits


class Phone(StrEnum):
    """How the phones of two records compare."""

    SAME = "same phone"
    NEAR = "phone differs in one digit"
    OTHER = "another phone"
    UNKNOWN = "no phone"


class Birth(StrEnum):
    """How two birth dates or ages compare."""

    EQUAL = "same birth date"
    NEW_YEAR = "same birth date, 1 January"
    SWAPPED = "birth date with day and month swapped"
    YEAR_OFF = "birth date one year apart"
    DIGIT = "birth date differs in one digit"
    DAY_AND_MONTH = "same day and month of birth"
    YEAR = "same year of birth"
    AGE = "same age"
    OTHER = "another birth date"
    UNKNOWN = "no birth date"


class Person(matching.Described, Protocol):
    """A record whose phones are compared apart."""


def phones_compared(one: Collection[str], other: Collection[str]) -> Phone:
    """Compare the phones of two records: the most alike two decide."""
    if not one or not other:
        return Phone.UNKNOWN
    if len(one) == len(other) == 1:
        (first,), (second,) = one, other
        return Phone.SAME if first == second else Phone.NEAR if _one_edit(first, second) else Phone.OTHER
    if not set(one).isdisjoint(other):
        return Phone.SAME
    return Phone.NEAR if any(_one_edit(a, b) for a in one for b in other) else Phone.OTHER


def _one_edit(one: str, other: str) -> bool:
    return len(one) == len(other) and edits(one, other) == 1


def births_compared(one: Person, other: Person) -> Birth:
    """Compare two birth dates or ages. A year from an age may be one off."""
    if matching.born_after(one, other) or matching.born_after(other, one):
        return Birth.OTHER
    if one.born and other.born:
        return _dates_compared(one.born, other.born)
    agrees = matching.same_birth(one.born, one.born_year, other.born, other.born_year)
    return Birth.UNKNOWN if agrees is None else Birth.AGE if agrees else Birth.OTHER


def _dates_compared(one: date, other: date) -> Birth:
    if one == other:
        return Birth.NEW_YEAR if (one.day, one.month) == (1, 1) else Birth.EQUAL
    if one.year == other.year and (one.day, one.month) == (other.month, other.day):
        return Birth.SWAPPED
    if one.year == other.year:
        similar = one.month == other.month or one.day == other.day or _one_edit(_digits(one), _digits(other))
        return Birth.DIGIT if similar else Birth.YEAR
    same_day = (one.day, one.month) == (other.day, other.month)
    if same_day and abs(one.year - other.year) == 1:
        return Birth.YEAR_OFF
    if same_day and _one_edit(_digits(one), _digits(other)):
        return Birth.DIGIT
    return Birth.DAY_AND_MONTH if same_day else Birth.OTHER


def _digits(born: date) -> str:
    return f"{born.year:04}{born.month:02}{born.day:02}"
