"""The hours of a doctor's day: sessions, and the slots that follow from them.

Times are minutes after midnight of the day, by the clinic's clock. A session may end after midnight, so that a time may
be up to 2880. The slots of a day rise with their numbers, also on a day on which the clock changes: a start in the
skipped hour moves to its end, and a start in the repeated hour is the first of the two.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from clinicctl.errors import BadValue, typed
from clinicctl.rules import slots
from clinicctl.rules.times import parse_time

DAY = 24 * 60
LONGEST = 8 * 60
"""The most minutes of a slot."""
MOST_SESSIONS = 20
NONE = "none"
"""The word for no hours."""

_HYPHEN = re.compile(r"\s*(?:-|\u2013|\.\.)\s*")
_BETWEEN = re.compile(r"[;,\s]+")
_EVERY = re.compile(r"(?:([0-9]{1,2})\s*h)?\s*(?:([0-9]{1,3})\s*(?:m|min|minutes)?)?")
_EXAMPLE = "a session is 09:00-13:00"


class Session(NamedTuple):
    """A session of a day. `end` is above 1440 if it ends after midnight."""

    start: int
    end: int


class DaySlots(NamedTuple):
    """The slots of a day that has hours. Slot 1 is the first of each tuple."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]


class Within(NamedTuple):
    """A part of a day: the first start that counts, and the end of it."""

    first: int
    end: int


WHOLE_DAY = Within(0, 2 * DAY)
MORNING, AFTERNOON, EVENING = Within(0, 12 * 60), Within(12 * 60, 17 * 60), Within(17 * 60, 2 * DAY)


def parse_session(text: str) -> Session:
    """Return one session: `09:00-13:00`. It may end after midnight: `20:00-02:00`."""
    ends = _HYPHEN.split(text.strip(), maxsplit=1)
    if len(ends) != 2:
        named = typed(text)
        raise BadValue(problem=f"Not a session: {f'{named}; ' if named else ''}{_EXAMPLE}.")
    start, end = minutes_of(parse_time(ends[0])), _end(ends[1])
    if start == end:
        raise BadValue(problem=f"A session that ends when it begins: {clock(start)}-{clock(end)}; {_EXAMPLE}.")
    return Session(start, end if end > start else end + DAY)


def parse_within(text: str) -> Within:
    """Return a part of the day, such as `17:00-19:00`."""
    ends = _HYPHEN.split(text.strip(), maxsplit=1)
    if len(ends) != 2:
        named = typed(text)
        raise BadValue(problem=f"Not a part of the day: {f'{named}; ' if named else ''}it is 17:00-19:00.")
    start, end = minutes_of(parse_time(ends[0])), _end(ends[1])
    return Within(start, end if end > start else end + DAY)


def parse_sessions(text: str) -> str:
    """Return sessions as they are stored: `09:00-13:00;17:00-20:00`.

    The word `none` is an empty text. Refuses sessions that overlap, and a day that is longer than 24 hours from its
    first start.
    """
    text = _HYPHEN.sub("-", text.strip())
    if text.lower() == NONE:
        return ""
    found = sorted(parse_session(each) for each in _BETWEEN.split(text) if each)
    if not 1 <= len(found) <= MOST_SESSIONS:
        raise BadValue(problem=f"1 to {MOST_SESSIONS} sessions a day, such as 09:00-13:00;17:00-20:00, or none.")
    for before, after in pairwise(found):
        if after.start < before.end:
            raise BadValue(problem=f"The sessions {_text(before)} and {_text(after)} overlap.")
    if found[-1].end > found[0].start + DAY:
        raise BadValue(problem=f"The sessions {_text(found[-1])} and {_text(found[0])} overlap on the next day.")
    return ";".join(map(_text, found))


def parse_every(text: str) -> int:
    """Return the minutes of a slot, 1 to 480: `10m`, `10`, `1h` or `1h30m`."""
    found = _EVERY.fullmatch(text.strip().lower())
    minutes = int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
    if not 1 <= minutes <= LONGEST:
        named = typed(text)
        raise BadValue(problem=f"Not a slot length: {f'{named}; ' if named else ''}from 1m to 8h, for example 10m.")
    return minutes


def _end(text: str) -> int:
    return DAY if text.strip() in ("24:00", "24.00", "2400") else minutes_of(parse_time(text))


def _text(session: Session) -> str:
    return f"{clock(session.start)}-{'24:00' if session.end == DAY else clock(session.end)}"


def minutes_of(at: time, *, after_midnight: bool = False) -> int:
    """Return a time as minutes after midnight of the day."""
    return at.hour * 60 + at.minute + (DAY if after_midnight else 0)


def time_of(minute: int) -> time:
    """Return minutes after midnight as the time of a clock."""
    return time(minute % DAY // 60, minute % 60)


def clock(minute: int) -> str:
    """Return minutes after midnight as `HH:MM`."""
    return f"{minute % DAY // 60:02}:{minute % 60:02}"


def instant(on: date, minute: int, zone: tzinfo) -> datetime:
    """Return the instant of a time on a day. In a repeated hour it is the first."""
    return datetime.combine(on + timedelta(days=minute // DAY), time_of(minute), zone)


@lru_cache(1_024)
def session_instants(sessions: str, on: date, zone: tzinfo) -> tuple[tuple[datetime, datetime], ...]:
    """Return the start and the end of each session of a day, in UTC."""
    return tuple((_instant_of(on, each.start, zone), _instant_of(on, each.end, zone)) for each in sessions_of(sessions))


def _instant_of(on: date, minute: int, zone: tzinfo) -> datetime:
    return instant(on, _existing(on, minute, zone), zone).astimezone(UTC)


# The slots of a day


@lru_cache(1_024)
def sessions_of(stored: str) -> tuple[Session, ...]:
    """Return stored sessions."""
    return tuple(parse_session(each) for each in stored.split(";"))


def slots_on(sessions: str, every: int, on: date, zone: tzinfo) -> DaySlots:
    """Return the slots of a day with hours.

    They depend on the date only if the clock changes.
    """
    return _moved(sessions, every, on, zone) if changes_clock(on, zone) else _slots(sessions, every)


@lru_cache(1_024)
def count_slots(sessions: str, every: int) -> int:
    """Return how many slots sessions have on an ordinary day."""
    return sum((each.end - each.start) // every for each in sessions_of(sessions))


def refuse_wrong_count(sessions: str, every: int) -> None:
    """Refuse hours without a slot, or with more than a day can have."""
    if not 1 <= (count := count_slots(sessions, every)) <= slots.MOST:
        raise BadValue(
            problem=f"{sessions.replace(';', ', ')} every {every}m has {count} slots; a day has 1 to {slots.MOST}."
        )


@lru_cache(1_024)
def _slots(sessions: str, every: int) -> DaySlots:
    starts = tuple(start for each in sessions_of(sessions) for start in range(each.start, each.end - every + 1, every))[
        : slots.MOST
    ]
    return DaySlots(starts, tuple(start + every for start in starts))


@lru_cache(1_024)
def _moved(sessions: str, every: int, on: date, zone: tzinfo) -> DaySlots:
    """Return the slots of a day with a change of the clock.

    Slots within the skipped hour have no time left, so they are not there.
    """
    ordinary = _slots(sessions, every)
    moved = [(_existing(on, start, zone), _existing(on, end, zone)) for start, end in zip(*ordinary, strict=True)]
    left = [(start, end) for start, end in moved if start < end]
    return DaySlots(tuple(start for start, _ in left), tuple(end for _, end in left))


@lru_cache(8_192)
def changes_clock(on: date, zone: tzinfo) -> bool:
    """Return whether the clock changes on a date or on the one after it."""
    first, last = (datetime.combine(on + timedelta(days=each), time(0), zone) for each in (0, 2))
    return first.utcoffset() != last.utcoffset()


def _existing(on: date, minute: int, zone: tzinfo) -> int:
    """Return the minute, or the end of the skipped hour that it is in."""
    while True:
        wall = instant(on, minute, zone)
        if wall.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
            return minute
        minute += 1


def limited(day: DaySlots, capacity: int) -> DaySlots:
    """Return the first slots of a day."""
    return day if capacity >= len(day.starts) else DaySlots(day.starts[:capacity], day.ends[:capacity])


# The choice of a slot


def span(day: DaySlots, slot: int, minutes: int | None) -> int | None:
    """Return how many consecutive slots a visit takes from a slot on.

    Return None if the session ends before the visit. A visit without a length takes one slot.
    """
    if minutes is None:
        return 1
    start = day.starts[slot - 1]
    for nth in range(slot - 1, len(day.starts)):
        if nth >= slot and day.starts[nth] != day.ends[nth - 1]:
            return None
        if day.ends[nth] - start >= minutes:
            return nth - slot + 2
    return None


def slot_at(day: DaySlots, at: time) -> int | None:
    """Return the slot that starts at a time, which may be after midnight."""
    minute = minutes_of(at)
    for each in (minute, minute + DAY):
        place = bisect_left(day.starts, each)
        if place < len(day.starts) and day.starts[place] == each:
            return place + 1
    return None


def is_free(slot: int, count: int, held: Collection[int]) -> bool:
    """Return whether a number of slots from one on are free."""
    return not any(each in held for each in range(slot, slot + count))


def free_slots(
    day: DaySlots, held: Collection[int], *, minutes: int | None = None, within: Within = WHOLE_DAY
) -> Iterator[tuple[int, int]]:
    """Yield the slots at which a visit can begin.

    Each has the number of slots that the visit takes. The visit begins and ends within the given part of the day; after
    midnight counts as late.
    """
    first = bisect_left(day.starts, within.first)
    last = bisect_left(day.starts, within.end)
    for slot in range(first + 1, last + 1):
        if slot in held:
            continue
        count = 1 if minutes is None else span(day, slot, minutes)
        if count is None or day.ends[slot + count - 2] > within.end:
            continue
        if count == 1 or is_free(slot, count, held):
            yield slot, count


def nearest(day: DaySlots, free: Collection[tuple[int, int]], minute: int, *, count: int = 3) -> list[tuple[int, int]]:
    """Return the free slots nearest to a time, the nearest first.

    Of two with the same distance, the later is first.
    """
    return sorted(free, key=lambda each: (abs(day.starts[each[0] - 1] - minute), -day.starts[each[0] - 1]))[:count]
