"""Write a calendar (RFC 5545), one event after another.

The same event has the same UID each time, so that a calendar program replaces what it read before.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID
from zoneinfo import ZoneInfo

import icalendar

from clinicctl.render.safe_text import visible
from clinicctl.results.exports import Calendar, CalendarEvent

_END = b"END:VCALENDAR\r\n"


def write_ics(
    calendar: Calendar, file: BinaryIO, follow: Callable[[Iterable[CalendarEvent]], Iterator[CalendarEvent]]
) -> None:
    """Write a calendar: the changes of the clock in its zone, and its events."""
    head = icalendar.Calendar()
    head.add("prodid", "-//clinicctl//clinicctl//EN")
    head.add("version", "2.0")
    head.add("calscale", "GREGORIAN")
    head.add("uid", str(calendar.id))
    head.add("name", visible(calendar.name))
    head.add("x-wr-calname", visible(calendar.name))
    head.add("x-wr-timezone", calendar.zone)
    zone = ZoneInfo(calendar.zone)
    changes = icalendar.Timezone.from_tzinfo(zone, first_date=calendar.first, last_date=calendar.last)
    head.add_component(changes)
    begun = head.to_ical()
    assert begun.endswith(_END), "the end of a calendar"
    file.write(begun.removesuffix(_END))
    for each in follow(calendar.events):
        file.write(_event(each, calendar.location).to_ical())
    file.write(_END)


def _event(each: CalendarEvent, location: str) -> icalendar.Event:
    event = icalendar.Event()
    event.add("uid", _uid(each.id))
    event.add("sequence", each.sequence)
    event.add("dtstamp", each.updated_at)
    event.add("created", each.created_at)
    event.add("last-modified", each.updated_at)
    if each.start is None:
        event.add("dtstart", each.date)
        event.add("dtend", each.date + timedelta(days=1))
    else:
        event.add("dtstart", each.start)
        if each.end is not None:
            event.add("dtend", each.end)
    event.add("summary", visible(each.summary))
    event.add("location", location)
    event.add("status", "CANCELLED" if each.is_cancelled else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if each.is_cancelled else "OPAQUE")
    event.add("class", "PRIVATE")
    if each.visit_type is not None:
        event.add("categories", [visible(each.visit_type)])
    return event


def _uid(id: UUID) -> str:
    return f"{id}@clinicctl"
