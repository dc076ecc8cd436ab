"""Slots and days: which slot is given, and what is left of a day."""

from collections.abc import Iterable, Iterator
from itertools import count, filterfalse, islice

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
