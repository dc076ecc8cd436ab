"""What is exported: the columns of tables, whose rows are tuples of values, and the events of calendars."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID


class CellType(StrEnum):
    """The type of the values in a column, which may also be None."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    TEXTS = "texts"
    """A tuple of texts."""


class Column(NamedTuple):
    """A column of an export. A name with a dot is that of a field of an object, as in the lists of the program."""

    name: str
    type: CellType = CellType.TEXT


class CalendarEvent(NamedTuple):
    """An appointment in a calendar.

    `sequence` rises with each change. `start` is None without a time, and `end` if the length is not known.
    """

    id: UUID
    summary: str
    date: date
    start: datetime | None
    end: datetime | None
    sequence: int
    is_cancelled: bool
    visit_type: str | None
    created_at: datetime
    updated_at: datetime


class Calendar(NamedTuple):
    """The calendar of a doctor or a patient. Its events are between the first and the last date, in the time zone."""

    id: UUID
    name: str
    location: str
    zone: str
    first: date
    last: date
    events: Iterator[CalendarEvent]
