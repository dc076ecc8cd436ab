"""Restore doctors' days after an undo: everything that a write changed, or nothing.

`availability.record_before` writes the record to the journal.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import availability, days, lookup, placement, replay, weekly
from clinicctl.desk.placement import Restored
from clinicctl.rules.days import WEEKDAYS
from clinicctl.statuses import OnConflict
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import day_history as stored_history
from clinicctl.store.engine import Tx
from clinicctl.store.ids import new_ids

NAMED = 20
"""How many lost appointments the sentence names. The details have all of them."""

_HINT = "Move or cancel them first."

_PRESENCE = {True: True, False: False}
"""The valid values of a presence. Anything else is damage."""


@dataclass(frozen=True, slots=True)
class Before:
    """The days before a write: the dates and weekdays that it changed, by doctor, and the rows that restore them.

    `cancelled` has the presence and the capacity of the days on which patients were cancelled.
    """

    days: Mapping[UUID, Sequence[date]]
    weekdays: Mapping[UUID, Sequence[int]]
    pattern: Sequence[rows.WeekdayRow]
    cancelled: Mapping[tuple[UUID, date], tuple[bool, int]]
    inserted: Sequence[rows.DaySettingRow]
    updated: Sequence[rows.DayWriteRow]
    removed: Sequence[rows.DayKeyRow]

    @property
    def count(self) -> int:
        """The number of changed days and weekdays."""
        return sum(map(len, self.days.values())) + sum(map(len, self.weekdays.values()))

    @property
    def keys(self) -> set[tuple[UUID, date | int]]:
        """The changed days and weekdays."""
        return {
            *((doctor, on) for doctor, dates in self.days.items() for on in dates),
            *((doctor, nth) for doctor, changed in self.weekdays.items() for nth in changed),
        }

    @property
    def doctors(self) -> set[UUID]:
        """The doctors with changed days or cancelled appointments."""
        return {*self.days, *self.weekdays, *(doctor for doctor, _ in self.cancelled)}


def find(tx: Tx, number: int) -> Before | None:
    """Return the days before a write, or None if the journal has no record of them."""
    stored = stored_history.saved(tx, number=number)
    return _read(tx, stored, of=number) if stored is not None else None


def codes(tx: Tx, before: Before) -> tuple[str, ...]:
    """Return the codes of the doctors in a record."""
    return tuple(sorted(lookup.doctor_by_id(tx, each).code for each in before.doctors))


def refuse_changed(tx: Tx, write: rows.WriteRow, before: Before) -> None:
    """Refuse days that a later write changed, past days, and archived doctors."""
    for identity in before.doctors:
        doctor = lookup.doctor_by_id(tx, identity)
        if doctor.archived_at is not None:
            raise errors.Archived(subject=doctor.code)
    later, keys = write.number, None
    while (row := stored_history.next_saved(tx, number=later)) is not None:
        later, keys = row.journal_number, keys or before.keys
        if common := keys & _read(tx, row.before, of=later).keys:
            whose, on = min(common, key=str)
            subject = f"{lookup.doctor_by_id(tx, whose).code} on {on if isinstance(on, date) else WEEKDAYS[on]}"
            raise errors.BuiltUpon(number=write.number, command=write.command, subject=subject, later=later)
    if before.days:
        days.refuse_past(tx, min(map(min, before.days.values())))


def restore(tx: Tx, before: Before, placed: Restored) -> None:
    """Restore days, weekdays, ledgers, and the places of appointments.

    `placed` has earlier values of the appointments that the write moved or gave other slots, by id. Refuses with
    `HasBookings` if patients would lose their place.
    """
    changed = [lookup.doctor_by_id(tx, each) for each in {*before.days, *before.weekdays}]
    current = {doctor: days.list_with_ledger(tx, doctor) for doctor in changed}
    availability.write_settings(tx, inserted=before.inserted, updated=before.updated, removed=before.removed)
    for identity, weekdays in before.weekdays.items():
        weekly.restore(tx, identity, [row for row in before.pattern if row.doctor_id == identity], weekdays)
    for doctor in sorted(changed, key=lambda each: each.code):
        availability.reapply(
            tx, doctor=doctor, before=current[doctor], on_conflict=OnConflict.REFUSE, hint=_HINT, restored=placed
        )


def refuse_lost(tx: Tx, write: rows.WriteRow, before: Before, returning: Sequence[rows.AppointmentRow]) -> None:
    """Refuse if any cancelled appointment cannot be restored.

    The refusal lists each with the reason.
    """
    ids = {each.number for each in returning}
    lost = [(each, why) for each in returning if (why := _why_lost(tx, write, before, each, ids))]
    if lost:
        named = [f"A{each.number} (P{each.patient_number}): {why}" for each, why in lost[:NAMED]]
        more = [f"and {len(lost) - NAMED} more"] if len(lost) > NAMED else []
        raise errors.CannotComeBack(
            number=write.number,
            command=write.command,
            count=len(lost),
            first="; ".join([*named, *more]),
            appointments=[
                {"appointment": f"A{each.number}", "patient": f"P{each.patient_number}", "reason": why}
                for each, why in lost
            ],
        )


def _why_lost(
    tx: Tx, write: rows.WriteRow, before: Before, row: rows.AppointmentRow, returning: Collection[int]
) -> str | None:
    """Return why an appointment cannot be restored on the restored days, or None."""
    if row.date < tx.today:
        return "the day is past"
    if row.patient_archived_at is not None:
        is_erased = lookup.patient_by_id(tx, row.patient_id).erased_at is not None
        return "the patient is erased" if is_erased else "the patient is archived"
    place = placement.find_place(tx, row)
    taken = days.holder(tx, row._replace(slot=place.slot, slots=place.slots))
    if taken is not None:
        return f"slot {place.slot} is taken by A{taken}"
    visits = stored_history.active_visits(tx, patient=row.patient_id, doctor=row.doctor_id, on=row.date)
    for other in visits:
        if other.number not in returning and (other.visit == row.visit or other.created_at > write.at):
            return f"the patient has A{other.number} with {row.doctor_code} on that day"
    given = _given_its_time(tx, write, row, returning)
    if given is not None:
        return f"{row.time:%H:%M} was given to A{given}"
    (day,) = days.list_states(tx, lookup.doctor_by_id(tx, row.doctor_id), [row.date])
    present, capacity = before.cancelled.get((row.doctor_id, row.date), (True, day.capacity))
    if present and not day.present:
        return f"{row.doctor_code} is absent"
    if day.slots is None and day.capacity < min(row.slot, capacity) and not row.overbooked:
        return f"{row.doctor_code} has only {day.capacity} slots"
    return None


def _given_its_time(tx: Tx, write: rows.WriteRow, row: rows.AppointmentRow, returning: Collection[int]) -> int | None:
    """Return the number of a later booking at the same time, or None."""
    if row.time is None:
        return None
    found = appointments.at_time(tx, patient=row.patient_id, doctor=row.doctor_id, on=row.date, at=row.time)
    return next((each.number for each in found if each.number not in returning and each.created_at > write.at), None)


def _read(tx: Tx, text: str, *, of: int) -> Before:
    """Return the record of a write. Refuses an unreadable one with `Damaged`."""
    try:
        stored = json.loads(text)
        return _planned(stored, replay.unpack(stored["days"]))
    except (ValueError, TypeError, KeyError):
        raise errors.Damaged(path=tx.place, reason=f"the record of the state before write {of} is unreadable") from None


def _planned(stored: Mapping[str, Any], packed: Sequence[tuple[Any, ...]]) -> Before:
    """Return the rows that restore a record.

    Each distinct value is converted once, because there may be many rows.
    """
    owner, dated, instant = cache(UUID), cache(date.fromordinal), cache(_instant)
    dates: dict[UUID, list[date]] = {}
    inserted, updated, removed = list[rows.DayWriteRow](), list[rows.DayWriteRow](), list[rows.DayKeyRow]()
    # Version 5 had no hours.
    for doctor, ordinal, gone, present, capacity, note, by, at, *hours in packed:
        identity, on = owner(doctor), dated(ordinal)
        dates.setdefault(identity, []).append(on)
        if present is None:
            removed.append(rows.DayKeyRow(identity, on))
            continue
        sessions, every = hours or (None, None)
        row = rows.DayWriteRow(_PRESENCE[present], capacity, note, by, instant(at), sessions, every, identity, on)
        (inserted if gone else updated).append(row)
    weekdays: dict[UUID, list[int]] = {}
    pattern = list[rows.WeekdayRow]()
    for doctor, nth, present, capacity, *hours in stored["weekdays"]:
        identity = UUID(doctor)
        weekdays.setdefault(identity, []).append(nth)
        if present is not None:
            pattern.append(rows.WeekdayRow(identity, nth, _PRESENCE[present], capacity, *(hours or (None, None))))
    inserted.sort(key=lambda each: (each.doctor_id.int, each.date))
    return Before(
        days=dates,
        weekdays=weekdays,
        pattern=pattern,
        cancelled={
            (UUID(doctor), date.fromisoformat(on)): (present, capacity)
            for doctor, on, present, capacity in stored["cancelled"]
        },
        inserted=[
            availability.inserted_row(id_, each) for id_, each in zip(new_ids(len(inserted)), inserted, strict=True)
        ],
        updated=updated,
        removed=removed,
    )


def _instant(stored: str) -> datetime:
    instant = datetime.fromisoformat(stored)
    if instant.utcoffset() is None:
        raise ValueError("an instant without its offset")
    return instant
