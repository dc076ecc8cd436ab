"""What applies to a doctor's date: its own setting, else a holiday, else the weekday, else the default."""

from datetime import date, tzinfo
from typing import NamedTuple

from clinicctl.rules import hours
from clinicctl.rules.hours import DaySlots
from clinicctl.statuses import DaySource


class Given(NamedTuple):
    """The setting of a date or a weekday. None stands for what applies without it.

    Empty `sessions` are no hours, also where the weekday has some.
    """

    present: bool
    capacity: int | None
    sessions: str | None = None
    every: int | None = None


class DayPlan(NamedTuple):
    """What applies to a date. `slots` is None on a day without hours."""

    present: bool
    capacity: int
    source: DaySource
    sessions: str | None
    every: int | None
    slots: DaySlots | None


def plan(
    setting: Given | None,
    weekday: Given | None,
    *,
    default: int,
    holiday: bool,
    on: date,
    zone: tzinfo,
) -> DayPlan:
    """Return what applies to a date.

    `default` is the capacity of a day without hours and without a capacity of its own. A day with hours has the slots
    that follow from them, or fewer if it has a lower capacity.
    """
    present, capacity, sessions, every = weekday or (True, None, None, None)
    source = DaySource.DEFAULT if weekday is None else DaySource.WEEKLY
    if holiday:
        present, source = False, DaySource.HOLIDAY
    if setting is not None:
        present, source = setting.present, DaySource.DAY
        if setting.sessions is not None:
            # The capacity of the weekday is that of its own hours.
            sessions, every, capacity = setting.sessions or None, setting.every, None if setting.sessions else capacity
        capacity = capacity if setting.capacity is None else setting.capacity
    if sessions is None or every is None:
        return DayPlan(present, default if capacity is None else capacity, source, None, None, None)
    slots = hours.slots_on(sessions, every, on, zone)
    if capacity is not None:
        slots = hours.limited(slots, capacity)
    return DayPlan(present, len(slots.starts), source, sessions, every, slots)
