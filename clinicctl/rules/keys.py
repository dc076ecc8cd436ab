"""The keys by which records that may be one person find one another. Records with a common key are compared."""

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Protocol

from clinicctl.rules.names import read

MOST = 50
"""The most records with one key. A key that more share says nothing."""
_LONGEST = 6
"""The most words of a name that get keys."""


class Born(Protocol):
    """The details that keys are made of."""

    @property
    def name(self) -> str: ...
    @property
    def born(self) -> date | None: ...
    @property
    def born_year(self) -> int | None: ...


def keys(person: Born) -> set[str]:
    """Return the keys under which a record is stored.

    A birth date (day and month in either order); two of its parts with one like word; a year with one like word; two
    like words.
    """
    return {*_shared(person), *_of_year(person)}


def probes(person: Born) -> set[str]:
    """Return the keys under which a record looks for others.

    An estimated year finds the years beside it. A year of a birth date is looked for only by estimates.
    """
    year = person.born.year if person.born else person.born_year
    found = set(_shared(person))
    if year is not None:
        kinds = "e" if person.born else "ey"
        found |= {
            f"{kind}{near} {form}"
            for form in _forms(person.name)
            for near in (year - 1, year, year + 1)
            for kind in kinds
        }
    return found


def phones(phone: str) -> set[str]:
    """Return a phone and those within one edit: another digit, or two neighbours swapped.

    The first three characters, which begin the country code, are not varied.
    """
    head, digits = phone[:3], phone[3:]
    changed = {f"{head}{digits[:at]}{digit}{digits[at + 1 :]}" for at in range(len(digits)) for digit in "0123456789"}
    swapped = {f"{head}{digits[:at]}{digits[at + 1]}{digits[at]}{digits[at + 2 :]}" for at in range(len(digits) - 1)}
    return {phone, *changed, *swapped}


def _shared(person: Born) -> Iterator[str]:
    forms = sorted(_forms(person.name))
    if (born := person.born) is not None:
        low, high = sorted((born.day, born.month))
        yield f"b{born.year}-{low}-{high}"
        for form in forms:
            yield f"m{born.year}-{born.month} {form}"
            yield f"n{born.year}-{born.day} {form}"
            yield f"d{born.month}-{born.day} {form}"
    if len(forms) == 1:
        yield f"w{forms[0]}"
    for one, other in combinations(forms, 2):
        yield f"w{one} {other}"


def _of_year(person: Born) -> Iterator[str]:
    year, kind = (person.born.year, "y") if person.born else (person.born_year, "e")
    if year is not None:
        for form in _forms(person.name):
            yield f"{kind}{year} {form}"


def _forms(name: str) -> set[str]:
    """Return the like words of a name; both forms of a word without vowels."""
    words = [each for each in read(name).words if len(each.latin) > 1][:_LONGEST]
    return {each.bones for each in words} | {each.thin for each in words if each.bones != each.thin}
