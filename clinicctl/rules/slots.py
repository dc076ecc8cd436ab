"""Count the slots of a day."""

from collections.abc import Iterable, Iterator
from itertools import count, filterfalse, islice

MOST = 500
"""The largest capacity of a day."""


def lowest_free(held: Iterable[int]) -> int:
    """Return the lowest slot, from 1, that is not held."""
    return next(_free(held))


def lowest_above(capacity: int, held: Iterable[int]) -> int:
    """Return the lowest number above the capacity that is not held."""
    return next(filterfalse(set(held).__contains__, count(capacity + 1)))


def free_slots(held: Iterable[int], number: int) -> list[int]:
    """Return the lowest `number` free slots, in the order in which they are given."""
    return list(islice(_free(held), number))


def remaining(capacity: int, booked: int, *, present: bool = True) -> int:
    """Return the number of free slots: never negative, and 0 if the doctor is absent."""
    return max(0, capacity - booked) if present else 0


def _free(held: Iterable[int]) -> Iterator[int]:
    return filterfalse(set(held).__contains__, count(1))
