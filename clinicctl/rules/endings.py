"""Endings of phones: as many of the last digits as tell one phone from the others of a list, and never all of them."""

from collections.abc import Iterable

LEAST = 3
"""So many of the last digits are shown in any case."""

HIDDEN = 4
"""So many of the first digits of E.164 are never shown: the country code, and at least one of the number."""


def endings(phones: Iterable[str]) -> dict[str, str]:
    """Return the ending of each phone in E.164: the shortest that none of the others has, with three digits at least.

    Two phones that differ in their first digits alone get the same ending.
    """
    backwards = sorted({phone[::-1] for phone in phones})
    shared = [0, *map(_shared, backwards, backwards[1:]), 0]
    return {
        each[::-1]: each[: max(LEAST, min(max(before, after) + 1, len(each) - 1 - HIDDEN))][::-1]
        for each, before, after in zip(backwards, shared, shared[1:], strict=False)
    }


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts have in common from the beginning."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
