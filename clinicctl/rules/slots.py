"""Slots and days: which slot is given, and what is left of a day."""

from collections.abc import Iterable

MOST = 500
"""The largest capacity of a day."""


def lowest_free(held: Iterable[int]) -> int:
    """Return the lowest slot, from 1, that is not among those held."""
    taken = set(held)
    slot = 1
    while slot in taken:
        slot += 1
    return slot


def remaining(capacity: int, booked: int, *, present: bool = True) -> int:
    """Return how many places are left: never negative, and none on a day without the doctor."""
    return max(0, capacity - booked) if present else 0
