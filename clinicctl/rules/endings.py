"""Find the last digits that distinguish phones, and never show a whole phone."""

from collections.abc import Iterable

LEAST = 3
"""The number of last digits that are always shown."""

HIDDEN = 4
"""The number of first digits of E.164 that are never shown: the country code, and at least one more."""


def endings(phones: Iterable[str]) -> dict[str, str]:
    """Return the shortest unique ending of each E.164 phone, at least 3 digits.

    Two phones that differ only in their hidden digits get the same ending.
    """
    backwards = sorted({phone[::-1] for phone in phones})
    shared = [0, *map(_shared, backwards, backwards[1:]), 0]
    return {
        each[::-1]: each[: max(LEAST, min(max(before, after) + 1, len(each) - 1 - HIDDEN))][::-1]
        for each, before, after in zip(backwards, shared, shared[1:], strict=False)
    }


def _shared(one: str, other: str) -> int:
    """Return the length of the common prefix of two texts."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
