"""Estimate when a waiting patient will be seen, from the consultations of the doctor.

All instants are in UTC, because the difference of two times of one time zone ignores a change of its clock.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

LONGEST = 8 * 60 * 60
"""The seconds of the longest consultation that counts. A longer one was probably not ended in time."""
ENOUGH = 3
"""The number of consultations of a day from which on only these count."""
FOUR_WEEKS = timedelta(weeks=4)

_NONE = timedelta(0)
_MINUTE = timedelta(minutes=1)


class Basis(StrEnum):
    """What an estimate is based on: consultations of today, of the last four weeks, or the length of a slot."""

    TODAY = "today"
    FOUR_WEEKS = "four_weeks"
    SLOT = "slot"


class Pace(NamedTuple):
    """How long a doctor's consultation takes."""

    each: timedelta
    basis: Basis


class Session(NamedTuple):
    """A session of a day."""

    start: datetime
    end: datetime


class Outlook(NamedTuple):
    """When a doctor will be free for the first waiting patient, and the pace from then on."""

    free_at: datetime
    pace: Pace


def counted(lengths: Iterable[int | None]) -> list[int]:
    """Return the lengths of consultations in seconds that can be right.

    An unknown length, one that is not positive and one above `LONGEST` cannot.
    """
    return [each for each in lengths if each is not None and 0 < each <= LONGEST]


def are_enough(today: Iterable[int | None]) -> bool:
    """Return whether the consultations of today are enough.

    Then earlier ones do not count.
    """
    return len(counted(today)) >= ENOUGH


def pace(today: Iterable[int | None], earlier: Iterable[int | None], every: int | None) -> Pace | None:
    """Return the pace of a doctor, or None if nothing is known.

    It is the median of today's consultations, else of `earlier` ones, both in seconds, else `every`, the minutes of a
    slot.
    """
    if len(lengths := counted(today)) >= ENOUGH:
        return Pace(_median(lengths), Basis.TODAY)
    if lengths := counted(earlier):
        return Pace(_median(lengths), Basis.FOUR_WEEKS)
    return Pace(timedelta(minutes=every), Basis.SLOT) if every is not None else None


def outlook(
    now: datetime, pace: Pace, *, started: Iterable[datetime], called: int, sessions: Iterable[Session]
) -> Outlook:
    """Return when the first waiting patient can be seen.

    Before, the doctor ends the consultation that has `started` and sees the patients who are `called`. It is not before
    the first of today's `sessions` that has not ended.
    """
    left = max((pace.each - max(now - each, _NONE) for each in started), default=_NONE)
    free_at = now + max(left, _NONE) + called * pace.each
    begins = min((each.start for each in sessions if each.end > now), default=now)
    return Outlook(max(free_at, begins), pace)


def expected_start(outlook: Outlook, ahead: int) -> datetime:
    """Return when a patient will be seen, rounded up to a minute.

    `ahead` is the number of patients who wait before them.
    """
    exact = outlook.free_at + ahead * outlook.pace.each
    minute = exact.replace(second=0, microsecond=0)
    return minute if minute == exact else minute + _MINUTE


def lateness(expected: datetime, *, agreed: datetime, arrived: datetime) -> timedelta:
    """Return how late a patient will be seen.

    It counts from the agreed time, or from the arrival if that was later.
    """
    return expected.astimezone(UTC) - max(agreed.astimezone(UTC), arrived.astimezone(UTC))


def whole_minutes(length: timedelta) -> int:
    """Return a length in minutes, rounded up."""
    return -(-length // _MINUTE)


def _median(lengths: Sequence[int]) -> timedelta:
    """Return the median of some lengths.

    To import the module `statistics` would take longer than a check-in.
    """
    ordered = sorted(lengths)
    middle = len(ordered) // 2
    return timedelta(seconds=(ordered[middle] + ordered[-middle - 1]) / 2)
