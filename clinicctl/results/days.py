"""Doctors' days, as results."""

from dataclasses import field
from datetime import date, datetime, time

from clinicctl.results.appointments import Appointment
from clinicctl.results.base import PERSONAL, result, stored
from clinicctl.results.people import ToCall
from clinicctl.statuses import DaySource


@stored("Day")
@result
class Day:
    """A doctor's day. `remaining` is never negative, and 0 on a day without the doctor."""

    doctor: str
    date: date
    present: bool
    capacity: int
    booked: int
    remaining: int
    note: str | None = field(metadata=PERSONAL)
    source: DaySource
    updated_by: str | None
    updated_at: datetime | None
    cancelled: tuple[ToCall, ...] = ()


@stored("WeekDay")
@result
class WeekDay:
    """What a doctor's weekday is where nothing is said of the date."""

    doctor: str
    weekday: str
    present: bool
    capacity: int
    source: DaySource
    cancelled: tuple[ToCall, ...] = ()


@result
class Slot:
    """One slot of a day sheet: free, or what stands in it."""

    doctor: str
    date: date
    slot: int
    status: str
    time: time | None
    appointment: Appointment | None


@stored("Closed")
@result
class Closed:
    """What the end of a day made of what was still open."""

    date: date
    no_show: tuple[str, ...]
    left: tuple[str, ...]
    completed: tuple[str, ...]


@result
class ToDo:
    """Something that needs somebody, and the command that mends it."""

    what: str
    date: date
    doctor: str | None
    subject: str | None
    command: str


@result
class Board:
    """One doctor's line on the board of the waiting room: positions only."""

    doctor: str
    name: str
    serving: tuple[int, ...]
    called: tuple[int, ...]
    waiting: tuple[int, ...]
    date: date
