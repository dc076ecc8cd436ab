"""Read the all-day events of an iCalendar file (RFC 5545) as holidays.

A day of an event is a row. An event that is no holiday is a row with a problem, which does not repeat its name: the
file may be somebody's calendar.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from clinicctl.errors import BadValue
from clinicctl.rules import fingerprints, text
from clinicctl.rules.tabular import Sheet, Unreadable

MOST_BYTES = 2_000_000
"""The most bytes of a file. Reading them takes about three seconds."""

MOST_DATES = 5_000
"""The most dates in a file, because they are written in one transaction."""

LONGEST = 366
"""The most days of an event."""

_BEGINS = re.compile(r"\s*BEGIN:VCALENDAR\s*$", re.IGNORECASE | re.MULTILINE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_EVENT, _END = "BEGIN:VEVENT", "END:VCALENDAR"


class HolidayRow(NamedTuple):
    """A date of an event, or an event with the problem why it is no holiday."""

    line: int
    date: date | None
    name: str
    problem: str | None = None


def read(content: bytes) -> Sheet:
    """Return the dates of the events of a file.

    An event that is no holiday has a problem.
    """
    found = list[HolidayRow]()
    try:
        for row in _rows(content):
            if len(found) == MOST_DATES:
                raise Unreadable(row.line, f"more than {MOST_DATES} dates: split the file")
            found.append(row)
    except Unreadable as refused:
        return Sheet(found, refused, _digest(found))
    return Sheet(found, None, _digest(found))


def _digest(found: list[HolidayRow]) -> str:
    return fingerprints.digest([(each.date and each.date.isoformat(), each.name) for each in found])


def _rows(content: bytes) -> Iterator[HolidayRow]:
    """Yield the rows of a file.

    Raises `Unreadable` for a file that is no calendar, or is too large.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(1, f"more than {MOST_BYTES // 1_000_000} million bytes: split the file")
    try:
        written = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(content.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    if not written.strip():
        raise Unreadable(1, "the file is empty")
    if not _BEGINS.match(written):
        raise Unreadable(1, "not an iCalendar file, because it does not begin with BEGIN:VCALENDAR")
    lines = _LINE_END.split(written)
    marks = [each.strip().upper() for each in lines]
    if _END not in marks:
        raise Unreadable(len(lines), "the end is missing (END:VCALENDAR)")
    events = _events(written, lines)
    begins = [nth for nth, each in enumerate(marks, start=1) if each == _EVENT]
    if len(begins) != len(events):
        raise Unreadable(begins[-1] if begins else 1, "an event is not complete (END:VEVENT)")
    for line, event in zip(begins, events, strict=True):
        try:
            name, dates = _name(event), _dates(event)
        except BadValue as refused:
            yield HolidayRow(line, _first(event), "", str(refused))
            continue
        for on in dates:
            yield HolidayRow(line, on, name)


def _events(written: str, lines: Sequence[str]) -> list[Any]:
    from icalendar import Calendar  # Deferred: no other command reads calendars.

    try:
        calendars = Calendar.from_ical(written.lstrip(), multiple=True)
        return [event for each in calendars for event in each.walk("VEVENT")]
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # Its messages repeat the content.
        raise Unreadable(_bad_line(lines), "not a line of an iCalendar file") from None


def _bad_line(lines: Sequence[str]) -> int:
    """Return the number of the first line without a value, or else of the first line."""
    bad = (nth for nth, each in enumerate(lines, start=1) if each[:1].strip() and ":" not in each)
    return next(bad, 1)


def _name(event: Any) -> str:
    """Return the name of an event.

    Refuses a cancelled or repeating event, and one without a name.
    """
    if str(event.get("STATUS", "")).strip().upper() == "CANCELLED":
        raise BadValue(problem="the event is cancelled")
    if "RRULE" in event or "RDATE" in event:
        raise BadValue(problem="the event repeats: give each date an event of its own")
    summary = _one(event, "SUMMARY")
    if summary is None or not str(summary).strip():
        raise BadValue(problem="the event has no name (SUMMARY)")
    return text.clean(str(summary), what="name", longest=text.NAME)


def _dates(event: Any) -> list[date]:
    """Return the dates of an all-day event.

    Its end is the day after the last one.
    """
    start = _value(event, "DTSTART")
    if start is None:
        raise BadValue(problem="the event has no date (DTSTART)")
    if isinstance(start, datetime):
        raise BadValue(problem="the event has a time of day: only all-day events are holidays")
    if not isinstance(start, date):
        raise BadValue(problem="the date of the event cannot be read (DTSTART)")
    count = _count(event, start)
    if count < 1:
        raise BadValue(problem="the event ends before it begins")
    if count > LONGEST:
        raise BadValue(problem=f"the event lasts more than {LONGEST} days")
    first = start.toordinal()
    return [date.fromordinal(each) for each in range(first, min(first + count, date.max.toordinal()))]


def _count(event: Any, start: date) -> int:
    """Return the number of days of an all-day event."""
    end, duration = _value(event, "DTEND"), _value(event, "DURATION")
    if end is None and duration is None:
        return 1
    if end is None and isinstance(duration, timedelta):
        return duration.days
    if isinstance(end, datetime) or not isinstance(end, date):
        raise BadValue(problem="the end of the event cannot be read (DTEND)")
    # Some programs write the same date twice for one day.
    return (end - start).days or 1


def _first(event: Any) -> date | None:
    """Return the date of an event that is refused, as far as it can be read."""
    try:
        start = _value(event, "DTSTART")
    except BadValue:
        return None
    if isinstance(start, datetime):
        return start.date()
    return start if isinstance(start, date) else None


def _value(event: Any, name: str) -> Any:
    """Return the value of a date or a duration.

    Return the property itself if it cannot be read.
    """
    from icalendar import vDDDTypes  # Deferred, as in `_events`.

    found = _one(event, name)
    return found.dt if isinstance(found, vDDDTypes) else found


def _one(event: Any, name: str) -> Any:
    found = event.get(name)
    if isinstance(found, list):
        raise BadValue(problem=f"the event has several values of {name}")
    return found
