"""Slots and days: which slot is given, and what is left of a day."""

from collections.abc import Iterable
from itertools import count as count_from
from itertools import islice

MOST = 500
"""The largest capacity of a day."""


def lowest_free(held: Iterable[int]) -> int:
    """Return the lowest slot, from 1, that is not among those held."""
    return free_slots(held, 1)[0]


def free_slots(held: Iterable[int], count: int) -> list[int]:
    """Return the lowest slots, so many of them, that are not among those held: the order in which they are given."""
    taken = set(held)
    return list(islice((slot for slot in count_from(1) if slot not in taken), count))


def remaining(capacity: int, booked: int, *, present: bool = True) -> int:
    """Return how many places are left: never negative, and none on a day without the doctor."""
    return max(0, capacity - booked) if present else 0
