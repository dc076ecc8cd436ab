"""Set doctors' days, and resolve conflicts with booked patients when a day or a slot is taken away."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, conflicts, days, lookup, operations, replay
from clinicctl.desk.dates import dates_of
from clinicctl.desk.placement import Restored
from clinicctl.results.days import Day
from clinicctl.results.people import ToCall
from clinicctl.rules import hours
from clinicctl.rules.day_plans import Given
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import OnConflict
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

DayBefore = tuple[str, int, bool, bool | None, int | None, str | None, str | None, str | None, str | None, int | None]
"""A day before a change, for undo; see `day_before`."""

WeekdayBefore = tuple[str, int, bool | None, int | None, str | None, int | None]
"""A weekday before a change, for undo: doctor, weekday, presence (None: not in the pattern), capacity and hours."""


class DaySetting(NamedTuple):
    """The setting of one day. None stands for what applies without it; empty sessions are no hours."""

    present: bool
    capacity: int | None
    note: str | None
    sessions: str | None = None
    every: int | None = None

    @property
    def given(self) -> Given:
        """The part of the setting from which the day is planned."""
        return Given(self.present, self.capacity, self.sessions, self.every)


class Wanted(NamedTuple):
    """What a command or a row sets in days. None leaves a value; an empty text clears it."""

    present: bool | None = None
    capacity: int | None = None
    note: str | None = None
    sessions: str | None = None
    every: int | None = None

    @property
    def sets_something(self) -> bool:
        """Whether a day without a setting gets one. A cleared note is nothing there."""
        return bool(self.note) or any(each is not None for each in (self.present, self.capacity, *self[3:]))


@operations.SET_DAYS
def set_days(
    tx: Tx,
    *,
    doctor: DoctorRef | None,
    on: DaysWord,
    present: bool | None = None,
    capacity: int | None = None,
    note: str | None = None,
    sessions: str | None = None,
    every: int | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> list[Day]:
    """Set the days of a doctor, or without one those of all doctors on the staff.

    Omitted options keep their value, and an empty note clears it. Sessions without a capacity have the slots that
    follow from them. Refuses a call that sets nothing, past days and, with `HasBookings`, a change that would leave
    patients without a place: with `keep` they stay booked, with `cancel` the clinic cancels them, and with `move` they
    get the nearest free time of the day. Patients who have arrived are never cancelled or moved.
    """
    wanted = Wanted(present, capacity, note, sessions, every)
    if wanted == Wanted():
        raise errors.Usage(
            problem="Nothing to set: give --present, --absent, --capacity, --session, --every or --note."
        )
    dates = dates_of(tx, on)
    days.refuse_past(tx, dates[0])
    listed = lookup.find_active_doctors(tx, doctor)
    current = _states(tx, listed, dates)
    settings = [updated_setting(each, wanted) for each in current]
    pairs = [(each, _changed(each, setting, wanted)) for each, setting in zip(current, settings, strict=True)]
    resolved = conflicts.resolve(tx, pairs, on_conflict=on_conflict)
    changes = [
        (each, setting)
        for each, setting in zip(current, settings, strict=True)
        if (wanted.sets_something if each.setting is None else setting != setting_of(each.setting))
    ]
    write(tx, changes)
    conflicts.apply(tx, pairs, resolved)
    record_before(
        tx,
        packed=replay.pack([day_before(each.doctor_id, each.date, each.setting) for each, _ in changes]),
        cancelled=[each for each in current if (each.doctor, each.date) in resolved.cancelled],
    )
    return [
        replace(
            each,
            cancelled=resolved.cancelled.get((each.doctor, each.date), ()),
            moved=resolved.moved.get((each.doctor, each.date), ()),
        )
        for each in describe(tx, _states(tx, listed, dates))
    ]


def preview_conflicts(
    tx: Tx,
    *,
    doctor: DoctorRef | None,
    on: DaysWord,
    present: bool | None,
    capacity: int | None,
    sessions: str | None = None,
    every: int | None = None,
    on_conflict: OnConflict = OnConflict.CANCEL,
    key: str | None = None,
) -> Sequence[ToCall]:
    """Return the patients whom `set_days` would cancel, or with MOVE would move.

    There are none if the key already belongs to a write. Refuses what `set_days` refuses.
    """
    if key is not None and stored_journal.by_key(tx, key=key) is not None:
        return ()
    wanted = Wanted(present, capacity, None, sessions, every)
    current = _states(tx, lookup.find_active_doctors(tx, doctor), dates_of(tx, on))
    pairs = [(each, _changed(each, updated_setting(each, wanted), wanted)) for each in current]
    return list_affected(tx, pairs, on_conflict=on_conflict)


def list_affected(tx: Tx, pairs: Sequence[conflicts.Change], *, on_conflict: OnConflict) -> Sequence[ToCall]:
    """Return the patients whom changes would cancel, or with MOVE would move.

    Refuses if any cannot be.
    """
    conflicts.refuse_displaced(tx, *conflicts.list_conflicts(tx, pairs, on_conflict=on_conflict))
    if on_conflict is OnConflict.MOVE:
        return [conflicts.to_move(each) for each in conflicts.find_new_times(tx, pairs)]
    return [bookings.to_call(each) for each in conflicts.list_displaced(tx, pairs, every=True)]


def _changed(day: days.DayState, setting: DaySetting, wanted: Wanted) -> days.DayState:
    """Return a day with another setting.

    Refuses a capacity above the slots of its hours.
    """
    after = day.planned(setting.given)
    if after.slots is not None and wanted.capacity is not None and wanted.capacity > after.capacity:
        raise errors.BadValue(
            problem=f"--capacity: {wanted.capacity} is more than the {after.capacity} slots of the hours on {day.date}."
        )
    return after


def _states(tx: Tx, listed: Sequence[rows.DoctorRow], dates: Sequence[date]) -> list[days.DayState]:
    found = days.list_states_of_doctors(tx, listed, dates)
    return [state for each in listed for state in found[each.id]]


def show_days(tx: Tx, *, doctor: DoctorRef, on: DaysWord) -> list[Day]:
    """Return a doctor's days, with booked and remaining slots."""
    return show(tx, lookup.find_doctor(tx, doctor), dates_of(tx, on))


def show(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date]) -> list[Day]:
    """Return a doctor's days as results."""
    return describe(tx, days.list_states(tx, doctor, dates))


def describe(tx: Tx, found: Iterable[days.DayState]) -> list[Day]:
    """Return days as results."""
    return [
        Day(
            doctor=each.doctor,
            date=each.date,
            present=each.present,
            capacity=each.capacity,
            booked=each.booked,
            remaining=each.remaining,
            note=each.note,
            source=each.source,
            updated_by=each.setting.updated_by if each.setting else None,
            updated_at=tx.local(each.setting.updated_at) if each.setting else None,
            sessions=tuple(each.sessions.split(";")) if each.sessions else (),
            every=each.every,
        )
        for each in found
    ]


def setting_of(row: rows.DaySettingRow) -> DaySetting:
    """Return the setting in a row."""
    return DaySetting(row.present, row.capacity, row.note, row.sessions, row.every)


def updated_setting(day: days.DayState, wanted: Wanted) -> DaySetting:
    """Return the setting of a day after a change."""
    setting = None if day.setting is None else setting_of(day.setting)
    weekday = day.defaults.weekday
    return merge_setting(setting, day.present, wanted, usual=(weekday.sessions, weekday.every) if weekday else None)


def merge_setting(
    setting: DaySetting | None,
    default_present: bool,
    wanted: Wanted,
    *,
    usual: tuple[str | None, int | None] | None,
) -> DaySetting:
    """Return a setting after a change.

    Omitted values stay, and an empty note clears the note. `default_present` is the presence of a day without a
    setting, and `usual` are the hours of its weekday. Refuses hours without a slot length, and the reverse.
    """
    before = setting or DaySetting(default_present, None, None)
    capacity = before.capacity if wanted.capacity is None else wanted.capacity
    sessions, every = before.sessions, before.every
    if wanted.sessions is not None or wanted.every is not None:
        sessions, every = merged_hours(
            (before.sessions, before.every) if before.sessions is not None else usual or (None, None),
            wanted.sessions,
            wanted.every,
        )
        if wanted.sessions is not None:
            capacity = wanted.capacity
    present = before.present if wanted.present is None else wanted.present
    if setting is None and wanted.present is None and wanted.sessions:
        # Hours for a date say that the doctor comes, also on a holiday.
        present = True
    return DaySetting(
        present,
        capacity,
        before.note if wanted.note is None else wanted.note or None,
        sessions,
        every,
    )


def merged_hours(
    before: tuple[str | None, int | None], sessions: str | None, every: int | None
) -> tuple[str, int | None]:
    """Return sessions and the slot length after a change.

    Refuses one without the other.
    """
    if sessions is None:
        sessions = before[0]
    if not sessions:
        if every is not None:
            raise errors.BadValue(problem="A slot length needs sessions: add for example --session 09:00-13:00.")
        return "", None
    every = every or before[1]
    if every is None:
        raise errors.BadValue(problem="Sessions need a slot length: add for example --every 10m.")
    hours.refuse_wrong_count(sessions, every)
    return sessions, every


def record_before(
    tx: Tx,
    *,
    packed: str | None = None,
    weekdays: Sequence[WeekdayBefore] = (),
    cancelled: Iterable[days.DayState] = (),
) -> None:
    """Record days before this write in the journal, so that `undo` can restore them.

    `packed` has the packed rows of `day_before`; `cancelled` has the earlier states of the days on which patients were
    cancelled.
    """
    states = [(str(each.doctor_id), each.date.isoformat(), each.present, each.capacity) for each in cancelled]
    before = {"days": packed or replay.pack([]), "weekdays": weekdays, "cancelled": states}
    tx.days_before.append(json.dumps(before, separators=(",", ":")))


def day_before(doctor_id: UUID, on: date, setting: rows.DaySettingRow | None, *, removed: bool = False) -> DayBefore:
    """Return the record of a day before a change.

    It has the doctor, the date, whether the row is removed, and the row. Without a row, its values are None.
    """
    day = (_as_text(doctor_id), on.toordinal())
    if setting is None:
        return (*day, False, None, None, None, None, None, None, None)
    return (
        *day,
        removed,
        setting.present,
        setting.capacity,
        setting.note,
        setting.updated_by,
        setting.updated_at.isoformat(),
        setting.sessions,
        setting.every,
    )


@lru_cache(1_024)
def _as_text(identity: UUID) -> str:
    """Return an id as text: one object for all days of a doctor."""
    return str(identity)


def write(tx: Tx, changes: Sequence[tuple[days.DayState, DaySetting]]) -> None:
    """Write the settings of days. The ledgers are not updated."""
    write_rows = [(day, written_row(setting, tx.actor, tx.now, day.doctor_id, day.date)) for day, setting in changes]
    write_settings(
        tx,
        inserted=[inserted_row(uuid4(), row) for day, row in write_rows if day.setting is None],
        updated=[row for day, row in write_rows if day.setting is not None],
    )


def written_row(setting: DaySetting, actor: str, now: datetime, doctor_id: UUID, on: date) -> rows.DayWriteRow:
    """Return the row that updates the setting of a date."""
    return rows.DayWriteRow(*setting[:3], actor, now, *setting[3:], doctor_id, on)


def inserted_row(identity: UUID, row: rows.DayWriteRow) -> rows.DaySettingRow:
    """Return the row that inserts the setting of a date."""
    return rows.DaySettingRow(identity, row.doctor_id, row.date, *row[:7])


def write_settings(
    tx: Tx,
    *,
    inserted: Iterable[rows.DaySettingRow],
    updated: Iterable[rows.DayWriteRow],
    removed: Iterable[rows.DayKeyRow] = (),
) -> None:
    """Write the settings of many days at once. The ledgers are not updated."""
    stored_days.insert_settings(tx, inserted)
    stored_days.update_settings(tx, updated)
    stored_days.delete_settings(tx, removed)


def reapply(
    tx: Tx,
    *,
    doctor: rows.DoctorRow,
    before: Sequence[days.DayState],
    on_conflict: OnConflict,
    weekdays: Collection[int] = (),
    hint: str | None = None,
    restored: Restored | None = None,
) -> conflicts.Resolved:
    """Apply new weekdays, defaults or holidays to days, which were `before` as given.

    Refuses what `set_days` refuses. CANCEL and MOVE also apply to patients who had no place before on `weekdays`.
    `restored` has earlier values of appointments by id, for an undo.
    """
    if not before:
        return conflicts.Resolved({}, {}, {})
    dates = [each.date for each in before]
    after = {each.date: each for each in days.list_with_ledger(tx, doctor, first=min(dates), last=max(dates))}
    pairs = [(each, replace(now, capacity=now.planned_capacity)) for each in before if (now := after[each.date])]
    affected = [
        (old, new)
        for old, new in pairs
        if conflicts.takes_away(old, new) or (new.setting is None and new.date.weekday() in weekdays)
    ]
    resolved = conflicts.resolve(tx, affected, on_conflict=on_conflict, hint=hint, restored=restored)
    conflicts.apply(tx, pairs, resolved, restored=restored)
    return resolved
