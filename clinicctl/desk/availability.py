"""Set doctors' days, and resolve conflicts with booked patients when a day or a slot is taken away."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, candidates, days, lookup, operations, replay
from clinicctl.desk.dates import dates_of
from clinicctl.results.days import Day
from clinicctl.results.people import ToCall
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import CancelledBy, OnConflict, QueueStatus
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.engine import Tx

OWN_CAPACITY = (
    "Move them first, or give the day a capacity of its own: `clinicctl doctor avail set {doctor} {date} --capacity N`."
)
"""The hint if a default capacity would leave booked patients without a slot."""

DayBefore = tuple[str, int, bool, bool | None, int | None, str | None, str | None, str | None]
"""A day before a change, for undo; see `day_before`."""

WeekdayBefore = tuple[str, int, bool | None, int | None]
"""A weekday before a change, for undo: doctor, weekday, presence (None: not in the pattern) and capacity."""


class DaySetting(NamedTuple):
    """The setting of one day. A capacity of None is the default."""

    present: bool
    capacity: int | None
    note: str | None


@operations.SET_DAYS
def set_days(
    tx: Tx,
    *,
    doctor: DoctorRef | None,
    on: DaysWord,
    present: bool | None = None,
    capacity: int | None = None,
    note: str | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> list[Day]:
    """Set the days of a doctor, or without one those of all doctors on the staff.

    Omitted options keep their value, and an empty note clears it. Refuses a call that sets nothing, past days and, with
    `HasBookings`, a change that would leave patients without a slot: with `keep` they stay booked, with `cancel` the
    clinic cancels them. Patients who have arrived are never cancelled.
    """
    if present is None and capacity is None and note is None:
        raise errors.Usage(problem="Nothing to set: give at least one of --present, --absent, --capacity and --note.")
    dates = dates_of(tx, on)
    days.refuse_past(tx, dates[0])
    listed = lookup.find_active_doctors(tx, doctor)
    current = _states(tx, listed, dates)
    changed = [changed_state(each, present=present, capacity=capacity) for each in current]
    cancelled = resolve_conflicts(tx, zip(current, changed, strict=True), on_conflict=on_conflict)
    settings = [(each, updated_setting(each, present=present, capacity=capacity, note=note)) for each in current]
    # A cleared note changes nothing on a day without a setting.
    new = present is not None or capacity is not None or bool(note)
    changes = [
        (each, setting)
        for each, setting in settings
        if (new if each.setting is None else setting != setting_of(each.setting))
    ]
    write(tx, changes)
    record_before(
        tx,
        packed=replay.pack([day_before(each.doctor_id, each.date, each.setting) for each, _ in changes]),
        cancelled=[each for each in current if (each.doctor, each.date) in cancelled],
    )
    return [
        replace(each, cancelled=cancelled.get((each.doctor, each.date), ()))
        for each in describe(tx, _states(tx, listed, dates))
    ]


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
            note=each.setting.note if each.setting else None,
            source=each.source,
            updated_by=each.setting.updated_by if each.setting else None,
            updated_at=tx.local(each.setting.updated_at) if each.setting else None,
        )
        for each in found
    ]


def changed_state(day: days.DayState, *, present: bool | None, capacity: int | None) -> days.DayState:
    """Return a day after a change."""
    return replace(
        day,
        present=day.present if present is None else present,
        capacity=day.capacity if capacity is None else capacity,
    )


def list_displaced(tx: Tx, changed: Iterable[days.DayState]) -> list[rows.AppointmentRow]:
    """Return the booked appointments that lose their slot after changes.

    On a day without the doctor these are all; on a day with fewer slots, those in the highest slots.
    """
    found = list[rows.AppointmentRow]()
    for day in changed:
        if day.booked and not (day.present and day.booked <= day.capacity):
            booked = appointments.booked(tx, doctor=day.doctor_id, on=day.date)
            found += booked if not day.present else booked[-(day.booked - day.capacity) :]
    return found


def list_arrived(tx: Tx, changed: Iterable[days.DayState]) -> list[rows.ArrivedRow]:
    """Return the patients who have arrived on days that lose their doctor."""
    # Only a day with a ledger can have a queue.
    absent = (day for day in changed if day.has_ledger and not day.present)
    return [row for day in absent for row in appointments.arrived(tx, doctor=day.doctor_id, on=day.date)]


def _reduces(before: days.DayState, after: days.DayState) -> bool:
    """Return whether a change takes the doctor or a slot away."""
    return (before.present and not after.present) or after.capacity < before.capacity


def list_conflicts(
    tx: Tx, changes: Iterable[tuple[days.DayState, days.DayState]], *, on_conflict: OnConflict
) -> tuple[list[rows.AppointmentRow], list[rows.ArrivedRow]]:
    """Return the booked and the arrived patients who prevent changes.

    Arrived patients cannot be cancelled. Only a change that takes something away can conflict: patients who were kept
    without a slot on purpose stay.
    """
    if on_conflict is OnConflict.KEEP:
        return [], []
    changes = list(changes)
    losing = [after for before, after in changes if _reduces(before, after)]
    leaving = [after for before, after in changes if before.present and not after.present]
    return (list_displaced(tx, losing) if on_conflict is OnConflict.REFUSE else []), list_arrived(tx, leaving)


def refuse_displaced(
    tx: Tx,
    booked: Sequence[rows.AppointmentRow],
    arrived: Sequence[rows.ArrivedRow] = (),
    *,
    hint: str | None = None,
) -> None:
    """Refuse if any patients would lose their slot.

    The refusal lists them, and those of them without a phone. `hint` is for a command without `--on-conflict`; it may
    have placeholders for the first doctor and date.
    """
    affected: list[rows.AppointmentRow | rows.ArrivedRow] = [*arrived, *booked]
    if not affected:
        return
    people = candidates.of_appointments(tx, affected)
    details: dict[str, Any] = {
        "doctor": ", ".join(sorted({row.doctor_code for row in affected})),
        "count": len(people),
        "affected": people,
        "without_phone": [each["number"] for each in people if each["phone_last3"] is None],
    }
    hint = hint and hint.format(doctor=affected[0].doctor_code, date=affected[0].date)
    if not arrived:
        raise errors.HasBookings(hint=hint, **details)
    last = "Or use --on-conflict keep." if hint is None else hint if booked else ""
    raise errors.PatientsHere(
        here=len(arrived),
        booked=len(booked),
        hint=" ".join(filter(None, [*_how_to_clear(arrived), last])),
        **details,
    )


def _how_to_clear(arrived: Sequence[rows.ArrivedRow]) -> list[str]:
    """Return the commands that clear a queue, with one example of each."""
    found = []
    if waiting := next((row for row in arrived if row.queue_status != QueueStatus.SERVING), None):
        command = f"clinicctl queue transfer {waiting.doctor_code} {waiting.position} --to CODE"
        found.append(f"Transfer waiting patients: `{command}`.")
    if in_consultation := next((row for row in arrived if row.queue_status == QueueStatus.SERVING), None):
        found.append(
            f"End the consultation: `clinicctl queue done {in_consultation.doctor_code} {in_consultation.position}`."
        )
    return found


def preview_cancellations(
    tx: Tx, *, doctor: DoctorRef | None, on: DaysWord, present: bool | None, capacity: int | None
) -> list[ToCall]:
    """Return the patients whom `set_days` with CANCEL would cancel.

    Refuses if any have arrived.
    """
    current = _states(tx, lookup.find_active_doctors(tx, doctor), dates_of(tx, on))
    changed = [changed_state(each, present=present, capacity=capacity) for each in current]
    refuse_displaced(tx, *list_conflicts(tx, zip(current, changed, strict=True), on_conflict=OnConflict.CANCEL))
    return [bookings.to_call(each) for each in list_displaced(tx, changed)]


def resolve_conflicts(
    tx: Tx,
    changes: Iterable[tuple[days.DayState, days.DayState]],
    *,
    on_conflict: OnConflict,
    hint: str | None = None,
) -> dict[tuple[str, date], tuple[ToCall, ...]]:
    """Refuse, keep or cancel the patients who lose their slot.

    Return the cancelled ones by doctor and date. CANCEL applies to every booked patient without a slot, whatever the
    cause.
    """
    changes = list(changes)
    refuse_displaced(tx, *list_conflicts(tx, changes, on_conflict=on_conflict), hint=hint)
    if on_conflict is not OnConflict.CANCEL:
        return {}
    cancelled: dict[tuple[str, date], tuple[ToCall, ...]] = {}
    for row in list_displaced(tx, (after for _, after in changes)):
        bookings.cancel_row(tx, row, by=CancelledBy.CLINIC, reason=None)
        key = (row.doctor_code, row.date)
        cancelled[key] = (*cancelled.get(key, ()), bookings.to_call(row))
    return cancelled


def setting_of(row: rows.DaySettingRow) -> DaySetting:
    """Return the setting in a row."""
    return DaySetting(row.present, row.capacity, row.note)


def updated_setting(day: days.DayState, *, present: bool | None, capacity: int | None, note: str | None) -> DaySetting:
    """Return the setting of a day after a change."""
    setting = None if day.setting is None else setting_of(day.setting)
    return merge_setting(setting, day.present, present=present, capacity=capacity, note=note)


def merge_setting(
    setting: DaySetting | None, default_present: bool, *, present: bool | None, capacity: int | None, note: str | None
) -> DaySetting:
    """Return a setting after a change.

    Omitted values stay, and an empty note clears the note. `default_present` is the presence of a day without a
    setting.
    """
    if setting is None:
        return DaySetting(default_present if present is None else present, capacity, note or None)
    return DaySetting(
        setting.present if present is None else present,
        setting.capacity if capacity is None else capacity,
        setting.note if note is None else note or None,
    )


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
        return (*day, False, None, None, None, None, None)
    return (
        *day,
        removed,
        setting.present,
        setting.capacity,
        setting.note,
        setting.updated_by,
        setting.updated_at.isoformat(),
    )


@lru_cache(1_024)
def _as_text(identity: UUID) -> str:
    """Return an id as text: one object for all days of a doctor."""
    return str(identity)


def write(tx: Tx, changes: Sequence[tuple[days.DayState, DaySetting]]) -> None:
    """Write the settings of days and the capacities in their ledgers.

    It takes three statements.
    """
    write_settings(
        tx,
        inserted=[
            rows.DaySettingRow(uuid4(), day.doctor_id, day.date, *setting, tx.actor, tx.now)
            for day, setting in changes
            if day.setting is None
        ],
        updated=[
            rows.DayWriteRow(*setting, tx.actor, tx.now, day.doctor_id, day.date)
            for day, setting in changes
            if day.setting is not None
        ],
    )
    set_capacities(
        tx,
        [(day, setting.capacity) for day, setting in changes if day.has_ledger and setting.capacity is not None],
    )


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


def set_capacities(tx: Tx, changes: Iterable[tuple[days.DayState, int]]) -> None:
    """Set the capacities, and thereby the remaining slots, in the ledgers of days."""
    stored_days.set_capacities(tx, [rows.CapacityRow(capacity, day.doctor_id, day.date) for day, capacity in changes])


def reapply_capacities(
    tx: Tx,
    *,
    doctor: rows.DoctorRow,
    on_conflict: OnConflict,
    weekdays: Collection[int] = (),
    hint: str | None = None,
) -> dict[date, tuple[ToCall, ...]]:
    """Apply weekdays and defaults to the ledgers from today on.

    Return the cancelled patients by date. `weekdays` are those whose presence may have changed. Refuses what `set_days`
    refuses.
    """
    current = days.list_with_ledger(tx, doctor)
    # The earlier pattern is already overwritten, so every booking on a weekday without the doctor is a conflict.
    absent = [each for each in current if each.setting is None and not each.present and each.date.weekday() in weekdays]
    pairs = [(replace(each, present=True), each) for each in absent]
    dates = {each.date for each in absent}
    pairs += [
        (before, replace(before, capacity=before.planned_capacity)) for before in current if before.date not in dates
    ]
    cancelled = resolve_conflicts(tx, [each for each in pairs if _reduces(*each)], on_conflict=on_conflict, hint=hint)
    set_capacities(tx, [(each, each.planned_capacity) for each in current if each.planned_capacity != each.capacity])
    return {on: listed for (_, on), listed in cancelled.items()}
