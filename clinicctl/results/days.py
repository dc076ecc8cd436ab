"""Results about doctors' days."""

from dataclasses import field
from datetime import date, datetime, time
from datetime import time as Time

from clinicctl.results.appointments import Appointment
from clinicctl.results.base import PERSONAL, result, stored
from clinicctl.results.people import Moved, ToCall
from clinicctl.statuses import DaySource


@stored("Day")
@result
class Day:
    """A doctor's day. `remaining` is never negative, and 0 if the doctor is absent.

    `every` is the minutes of a slot. `first_free` and `free_times` are the first time that can be booked and how many
    there are, where that was asked for.
    """

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
    sessions: tuple[str, ...] = field(default=(), kw_only=True)
    every: int | None = field(default=None, kw_only=True)
    first_free: Time | None = field(default=None, kw_only=True)
    free_times: int | None = field(default=None, kw_only=True)
    moved: tuple[Moved, ...] = field(default=(), kw_only=True)


@stored("WeekDay")
@result
class WeekDay:
    """A weekday of a doctor. It applies to dates without a setting."""

    doctor: str
    weekday: str
    present: bool
    capacity: int
    source: DaySource
    cancelled: tuple[ToCall, ...] = ()
    sessions: tuple[str, ...] = field(default=(), kw_only=True)
    every: int | None = field(default=None, kw_only=True)
    moved: tuple[Moved, ...] = field(default=(), kw_only=True)


@stored("Holiday")
@result
class Holiday:
    """A date on which every doctor is absent, unless the date is set for a doctor."""

    date: date
    name: str


@stored("HolidayAdded")
@result
class HolidayAdded(Holiday):
    """A holiday that was added, or that was there before, with its former name if that was another."""

    created: bool = field(default=True, kw_only=True)
    former_name: str | None = field(default=None, kw_only=True)
    cancelled: tuple[ToCall, ...] = field(default=(), kw_only=True)


@stored("HolidayRemoved")
@result
class HolidayRemoved(Holiday):
    """A holiday that was removed."""


@result
class DoctorWeek:
    """The seven days of a week of a doctor."""

    doctor: str
    name: str = field(metadata=PERSONAL)
    days: tuple[Day, ...]


@result
class Slot:
    """One slot of a day sheet, free or with its appointment."""

    doctor: str
    date: date
    slot: int
    status: str
    time: time | None
    appointment: Appointment | None
    end: Time | None = None


@result
class FreeTime:
    """A time at which a visit can begin."""

    doctor: str
    date: date
    slot: int
    time: Time
    end: Time
    starts_at: datetime
    ends_at: datetime


@stored("Closed")
@result
class Closed:
    """The appointments that the close of a day ended, by their new status."""

    date: date
    no_show: tuple[str, ...]
    left: tuple[str, ...]
    completed: tuple[str, ...]


@result
class ToDo:
    """An open problem, and the command that fixes it."""

    what: str
    date: date
    doctor: str | None
    subject: str | None
    command: str


@result
class Board:
    """A doctor's line on the board of the waiting room, with positions only.

    `expected_starts` are estimates for the `waiting` ones, in the same order; empty without an estimate. `called_at` is
    when the `called` ones were called, in the same order.
    """

    doctor: str
    name: str
    serving: tuple[int, ...]
    called: tuple[int, ...]
    waiting: tuple[int, ...]
    date: date
    expected_starts: tuple[datetime, ...] = ()
    expected_basis: str | None = None
    called_at: tuple[datetime, ...] = ()


@result
class WaitingRoom:
    """What the page for the waiting room shows: the open queues, in the clinic's time."""

    clinic: str
    at: datetime
    queues: tuple[Board, ...]
