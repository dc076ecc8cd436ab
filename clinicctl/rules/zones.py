"""Find the offsets of a time zone, so that a database can compute local days and hours."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=7)


class Stretch(NamedTuple):
    """A time from `start` to before `end` during which a zone has one offset in seconds."""

    start: datetime
    end: datetime
    offset: int


def stretches(zone: tzinfo, first: date, last: date) -> list[Stretch]:
    """Return the stretches that cover two dates and all dates between them."""
    start, end = _midnight(first) - timedelta(days=2), _midnight(last) + timedelta(days=3)
    found = list[Stretch]()
    begin, at = start, start
    while at < end:
        following = min(at + timedelta(days=1), end)
        if offset(zone, following) != offset(zone, at):
            change = _change(zone, at, following)
            found.append(Stretch(begin, change, offset(zone, at)))
            begin = change
        at = following
    return [*found, Stretch(begin, end, offset(zone, begin))]


def extremes(zone: tzinfo, until: datetime) -> tuple[int, int]:
    """Return the smallest and the largest offset in seconds from 1970 to an instant."""
    found = {offset(zone, until)}
    at = _BEGIN
    while at < until:
        found.add(offset(zone, at))
        at += _STEP
    return min(found), max(found)


def offset(zone: tzinfo, at: datetime) -> int:
    """Return the offset of a zone at an instant, in seconds."""
    return round((at.astimezone(zone).utcoffset() or timedelta()).total_seconds())


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return the first second with the offset of `after`."""
    low, high = 0, round((after - before).total_seconds())
    changed = offset(zone, after)
    while high - low > 1:
        middle = (low + high) // 2
        if offset(zone, before + timedelta(seconds=middle)) == changed:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)


def _midnight(on: date) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=UTC)
