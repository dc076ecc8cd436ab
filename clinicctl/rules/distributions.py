"""Describe how values are distributed, from how often each of them occurs."""

from collections.abc import Mapping


def mean(counts: Mapping[int, int]) -> float | None:
    """Return the mean, to one decimal. There is none of no values."""
    number = sum(counts.values())
    return round(sum(value * each for value, each in counts.items()) / number, 1) if number else None


def median(counts: Mapping[int, int]) -> float | None:
    """Return the value in the middle. Between two values it is their mean."""
    number = sum(counts.values())
    if not number:
        return None
    return (_at(counts, (number + 1) // 2) + _at(counts, number // 2 + 1)) / 2


def percentile(counts: Mapping[int, int], percent: int) -> int | None:
    """Return the least value that at least `percent` of all values do not exceed."""
    number = sum(counts.values())
    return _at(counts, max(1, -(-number * percent // 100))) if number else None


def rate(part: int, whole: int) -> float | None:
    """Return a part as a share of the whole, to four decimals; None of nothing."""
    return round(part / whole, 4) if whole else None


def _at(counts: Mapping[int, int], place: int) -> int:
    """Return the value at a place from 1, in order."""
    passed = 0
    for value in sorted(counts):
        passed += counts[value]
        if passed >= place:
            return value
    raise IndexError(place)
