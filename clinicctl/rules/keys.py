"""The keys by which records that may be one person find one another. Records with a common key are compared.

A person registers under the same keys, so both a registration and the list of duplicates use one table of them.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations
from typing import NamedTuple, Protocol
from zlib import crc32

from clinicctl.rules.names import read

MOST = 50
"""The most records with one key. A key that more share says nothing."""
LARGEST = (1 << 31) - 1
"""The largest key."""
_LONGEST = 6
"""The most words of a name that get keys."""
_HALF = 5
"""The digits of half a phone number. A wrong digit, or two swapped ones, leave one half as it is."""


class Born(Protocol):
    """The details that keys are made of."""

    @property
    def name(self) -> str: ...
    @property
    def born(self) -> date | None: ...
    @property
    def born_year(self) -> int | None: ...


class Keys(NamedTuple):
    """The keys of a record, and the ones by which others are found. Both are sorted."""

    stored: list[int]
    probes: list[int]


def keys(person: Born, phones: Iterable[str]) -> list[int]:
    """Return the keys of a record, sorted."""
    return both(person, phones).stored


def both(person: Born, phones: Iterable[str]) -> Keys:
    """Return the keys of a record, and the ones by which others are found.

    A birth date (day and month in either order); its day, month and decade with one like word; half a phone with one
    like word; two like words; the year with one like word. An estimated year has also the years beside it, and finds
    the years of birth dates (`is_of_year`). A birth date finds estimated years only, because two birth dates need more
    in common than the year.
    """
    forms = _forms(person.name)
    shared = {_key(each) << 1 for each in _texts(person, phones, forms)}
    if person.born is not None:
        year = person.born.year
        of_years = {_key(f"y{year} {form}") << 1 | 1 for form in forms}
        return Keys(sorted(shared | of_years), sorted(shared | {_key(f"a{year} {form}") << 1 for form in forms}))
    if person.born_year is not None:
        for year in (person.born_year - 1, person.born_year, person.born_year + 1):
            shared.update(_key(f"y{year} {form}") << 1 | 1 for form in forms)
            shared.update(_key(f"a{year} {form}") << 1 for form in forms)
    stored = sorted(shared)
    return Keys(stored, stored)


def of_name(name: str) -> list[int]:
    """Return the keys of a name alone: those of its like words, by two."""
    return sorted(_key(each) << 1 for each in _of_words(_forms(name)))


def is_of_year(key: int) -> bool:
    """Return whether a key has only the year of birth.

    Two birth dates need more in common.
    """
    return key & 1 == 1


def _texts(person: Born, phones: Iterable[str], forms: list[str]) -> Iterator[str]:
    if (born := person.born) is not None:
        low, high = sorted((born.day, born.month))
        yield f"b{born.year}-{low}-{high}"
        for form in forms:
            yield f"d{born.month}-{born.day} {born.year // 10} {form}"
    for phone in phones:
        digits = phone[-2 * _HALF :]
        for form in forms:
            yield f"h{digits[:_HALF]} {form}"
            yield f"l{digits[_HALF:]} {form}"
    yield from _of_words(forms)


def _forms(name: str) -> list[str]:
    """Return the like words of a name, sorted; both forms of a word with v or w."""
    words = [each for each in read(name).words if len(each.latin) > 1][:_LONGEST]
    return sorted({form for each in words for form in (each.bones, each.thin)})


def _of_words(forms: list[str]) -> Iterator[str]:
    if len(forms) == 1:
        yield f"w{forms[0]}"
    for one, other in combinations(forms, 2):
        yield f"w{one} {other}"


def _key(text: str) -> int:
    """Return a number of 30 bits for a key, so that the index stays small."""
    return crc32(text.encode()) >> 2
