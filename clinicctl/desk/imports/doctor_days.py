"""The doctors in a file of days: what applies to each date, and what a row makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from clinicctl import errors
from clinicctl.desk import availability
from clinicctl.desk.availability import DaySetting, Wanted
from clinicctl.rules.day_plans import DayPlan, Given, plan
from clinicctl.rules.hours import changes_clock, count_slots
from clinicctl.rules.import_rows import DayRow
from clinicctl.statuses import RowOutcome
from clinicctl.store.compiled import rows


@dataclass(slots=True)
class Doctor:
    """A doctor in the file: the weekdays, the wanted, refused and current days, and those to remove."""

    row: rows.DoctorRow
    weekdays: Mapping[int, Given | None]
    capacity: int
    zone: ZoneInfo
    wanted: dict[date, DayRow] = field(default_factory=dict)
    refused: set[date] = field(default_factory=set)
    settings: Mapping[date, rows.DaySettingRow] = field(default_factory=dict)
    removed: set[date] = field(default_factory=set)
    holidays: Mapping[date, str] = field(default_factory=dict)
    first: date = date.max
    last: date = date.min
    _plans: dict[Any, DayPlan] = field(default_factory=dict)

    @property
    def has_hours(self) -> bool:
        """Whether any weekday or date has hours."""
        weekdays = any(each is not None and each.sessions for each in self.weekdays.values())
        return weekdays or any(row.sessions for row in self.settings.values())

    def plan(self, on: date, setting: DaySetting | None = None) -> DayPlan:
        """Return what applies to a date with a setting, or without one."""
        given = setting.given if setting is not None else None
        dated = on if changes_clock(on, self.zone) else None
        key = (on.weekday(), on in self.holidays, given, dated)
        if key not in self._plans:
            self._plans[key] = plan(
                given,
                self.weekdays.get(on.weekday()),
                default=self.capacity,
                holiday=on in self.holidays,
                on=on,
                zone=self.zone,
            )
        return self._plans[key]

    def merged(self, on: date, row: DayRow) -> tuple[DaySetting | None, DaySetting | None]:
        """Return the setting of a date before and after a row, None for no setting.

        Refuses hours without a slot length, and a capacity above the slots of the hours.
        """
        stored = self.settings.get(on)
        current = availability.setting_of(stored) if stored is not None else None
        if row.source is not None:
            row = _without_defaults(row, current, self.plan(on, current), self.holidays.get(on))
        wanted = Wanted(row.present, row.capacity, row.note, row.sessions, row.every)
        if current is None and not wanted.sets_something:
            return None, None
        weekday = self.weekdays.get(on.weekday())
        usual = (weekday.sessions, weekday.every) if weekday is not None else None
        new = availability.merge_setting(current, self.plan(on).present, wanted, usual=usual)
        most = self.plan(on, new)
        if most.slots is not None and row.capacity is not None and row.capacity > most.capacity:
            raise errors.BadValue(
                problem=f"capacity {row.capacity} is more than the {most.capacity} slots of the hours",
                column="capacity",
            )
        return current, new


def compare(row: DayRow, doctor: Doctor, on: date) -> tuple[RowOutcome, DaySetting | None, str | None]:
    """Return the outcome of a day, its new setting, and a description of the change.

    A row that sets nothing leaves a day unchanged, with or without a setting.
    """
    current, new = doctor.merged(on, row)
    if new == current or new is None:
        return RowOutcome.UNCHANGED, new, None
    note_changed = new.note != (current.note if current is not None else None)
    change = describe_change(doctor.plan(on, current), doctor.plan(on, new), note_changed)
    return RowOutcome.ADDED if current is None else RowOutcome.CHANGED, new, change


def _without_defaults(row: DayRow, current: DaySetting | None, now: DayPlan, holiday: str | None) -> DayRow:
    """Return a row of a list of the program without default values.

    `now` is what applies to the day. The name of a holiday is the note of a day without a setting.
    """
    if current is None and row.note == holiday:
        row = row._replace(note=None)
    if (row.sessions or None, row.every) == (now.sessions, now.every):
        row = row._replace(sessions=None, every=None)
    if row.sessions and row.every and row.capacity == count_slots(row.sessions, row.every):
        return row._replace(capacity=None)
    if current is None and row.present is now.present and row.capacity in (None, now.capacity):
        return row._replace(present=None, capacity=None)
    if current is not None and current.capacity is None and row.capacity == now.capacity:
        return row._replace(capacity=None)
    return row


@cache
def describe_change(before: DayPlan, after: DayPlan, note_changed: bool) -> str | None:
    words = {True: "present", False: "absent"}
    changes = [f"{words[before.present]} to {words[after.present]}"] if before.present is not after.present else []
    if (before.sessions, before.every) != (after.sessions, after.every):
        changes.append(f"hours {_hours(before)} to {_hours(after)}")
    changes += [f"capacity {before.capacity} to {after.capacity}"] if before.capacity != after.capacity else []
    changes += ["note"] if note_changed else []
    return ", ".join(changes) or None


def _hours(plan: DayPlan) -> str:
    return f"{plan.sessions.replace(';', ' ')} every {plan.every}m" if plan.sessions else "none"
