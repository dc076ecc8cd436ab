"""Doctors' days as they were before a write, and how `undo` restores them.

`availability.keep_before` keeps it beside the journal. Everything a write of days changed goes back as one, or nothing.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import availability, bookings, days, lookup, replay, weekly
from clinicctl.rules.days import WEEKDAYS
from clinicctl.statuses import OnConflict
from clinicctl.store.compiled import day_history as stored_history
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.ids import new_ids

NAMED = 20
"""How many appointments the sentence names that cannot come back; the details have all of them."""

_HINT = "Move or cancel them first."

_PRESENCE = {True: True, False: False}
"""What JSON may have as a presence. Anything else is damage."""


@dataclass(frozen=True, slots=True)
class Before:
    """The days before a write: the dates and weekdays that it changed, by doctor, with what restores them.

    `inserted`, `updated` and `removed` are what is to be written of days. A weekday is its number, presence (None: not
    in the pattern) and capacity. `cancelled` has the presence and the capacity of the days on which somebody was
    cancelled.
    """

    days: Mapping[UUID, Sequence[date]]
    weekdays: Mapping[UUID, Sequence[tuple[int, bool | None, int | None]]]
    cancelled: Mapping[tuple[UUID, date], tuple[bool, int]]
    inserted: Sequence[rows.DaySettingRow]
    updated: Sequence[rows.DayWriteRow]
    removed: Sequence[rows.DayKeyRow]

    @property
    def count(self) -> int:
        """How many days and weekdays were changed."""
        return sum(map(len, self.days.values())) + sum(map(len, self.weekdays.values()))

    @property
    def keys(self) -> set[tuple[UUID, date | int]]:
        """Which days and weekdays were changed."""
        return {
            *((doctor, on) for doctor, dates in self.days.items() for on in dates),
            *((doctor, nth) for doctor, kept in self.weekdays.items() for nth, *_ in kept),
        }

    @property
    def doctors(self) -> set[UUID]:
        """The doctors whose days were changed, or who had an appointment cancelled."""
        return {*self.days, *self.weekdays, *(doctor for doctor, _ in self.cancelled)}


def find(tx: Tx, number: int) -> Before | None:
    """Return the days as they were before a write, or None if nothing was kept."""
    kept = stored_history.saved(tx, number=number)
    return _read(tx, kept, of=number) if kept is not None else None


def codes(tx: Tx, before: Before) -> tuple[str, ...]:
    """Return the codes of the doctors whose days a write changed."""
    return tuple(sorted(lookup.doctor_by_id(tx, each).code for each in before.doctors))


def refuse_changed(tx: Tx, act: rows.WriteRow, before: Before) -> None:
    """Refuse to restore days that a later write changed again, past days, and the days of an archived doctor."""
    for identity in before.doctors:
        doctor = lookup.doctor_by_id(tx, identity)
        if doctor.archived_at is not None:
            raise errors.Archived(subject=doctor.code)
    later, keys = act.number, None
    while (row := stored_history.next_saved(tx, number=later)) is not None:
        later, keys = row.journal_number, keys or before.keys
        if common := keys & _read(tx, row.before, of=later).keys:
            whose, on = min(common, key=str)
            subject = f"{lookup.doctor_by_id(tx, whose).code} on {on if isinstance(on, date) else WEEKDAYS[on]}"
            raise errors.BuiltUpon(number=act.number, command=act.command, subject=subject, later=later)
    if before.days:
        days.refuse_past(tx, min(map(min, before.days.values())))


def put_back(tx: Tx, before: Before) -> None:
    """Put back days and weekdays; the ledgers follow.

    Refuses with `HasBookings` where that would leave patients without a place.
    """
    standing = {identity: _with_ledger(tx, identity, dates) for identity, dates in before.days.items()}
    availability.write_settings(tx, inserted=before.inserted, updated=before.updated, removed=before.removed)
    for identity, dates in before.days.items():
        pairs = [
            (now, replace(then, capacity=then.meant))
            for now, then in zip(standing[identity], _with_ledger(tx, identity, dates), strict=True)
        ]
        availability.settle(tx, pairs, on_conflict=OnConflict.REFUSE, hint=_HINT)
        availability.set_capacities(tx, [(then, then.capacity) for now, then in pairs if now.capacity != then.capacity])
    for identity, kept in before.weekdays.items():
        weekly.put_back(tx, lookup.doctor_by_id(tx, identity), kept, hint=_HINT)


def refuse_lost(tx: Tx, act: rows.WriteRow, before: Before, returning: Sequence[rows.AppointmentRow]) -> None:
    """Refuse if any appointment that a write cancelled cannot come back; list each of them with the reason."""
    ids = {each.number for each in returning}
    lost = [(each, why) for each in returning if (why := _why_lost(tx, act, before, each, ids))]
    if lost:
        told = [f"A{each.number} (P{each.patient_number}): {why}" for each, why in lost[:NAMED]]
        more = [f"and {len(lost) - NAMED} more"] if len(lost) > NAMED else []
        raise errors.CannotComeBack(
            number=act.number,
            command=act.command,
            count=len(lost),
            first="; ".join([*told, *more]),
            appointments=[
                {"appointment": f"A{each.number}", "patient": f"P{each.patient_number}", "reason": why}
                for each, why in lost
            ],
        )


def _why_lost(
    tx: Tx, act: rows.WriteRow, before: Before, row: rows.AppointmentRow, returning: Collection[int]
) -> str | None:
    """Return why an appointment cannot come back although the days are restored, or None."""
    if row.date < tx.today:
        return "the day is past"
    if row.patient_archived_at is not None:
        is_erased = lookup.patient_by_id(tx, row.patient_id).erased_at is not None
        return "the patient is erased" if is_erased else "the patient is archived"
    taken = stored_history.at_slot(tx, doctor=row.doctor_id, on=row.date, slot=row.slot)
    if taken is not None:
        return f"slot {row.slot} is taken by A{taken}"
    visits = stored_history.active_visits(tx, patient=row.patient_id, doctor=row.doctor_id, on=row.date)
    for other in visits:
        if other.number not in returning and (other.visit == row.visit or other.created_at > act.at):
            return f"the patient has A{other.number} with {row.doctor_code} on that day"
    given = _given_its_time(tx, act, row, returning)
    if given is not None:
        return f"{row.time:%H:%M} was given to A{given}"
    (day,) = days.facts(tx, lookup.doctor_by_id(tx, row.doctor_id), [row.date])
    present, capacity = before.cancelled.get((row.doctor_id, row.date), (True, day.capacity))
    if present and not day.present:
        return f"{row.doctor_code} is absent"
    if day.capacity < min(row.slot, capacity) and not row.overbooked:
        return f"{row.doctor_code} has only {day.capacity} slots"
    return None


def _given_its_time(tx: Tx, act: rows.WriteRow, row: rows.AppointmentRow, returning: Collection[int]) -> int | None:
    """Return the number of an appointment that was booked at the time of another one, after that was cancelled."""
    if row.time is None:
        return None
    found = bookings.at_time(tx, patient_id=row.patient_id, doctor_id=row.doctor_id, on=row.date, at=row.time)
    return next((each.number for each in found if each.number not in returning and each.created_at > act.at), None)


def _with_ledger(tx: Tx, identity: UUID, dates: Sequence[date]) -> list[days.Facts]:
    found = days.with_ledger(tx, lookup.doctor_by_id(tx, identity), first=min(dates), last=max(dates))
    chosen = set(dates)
    return [each for each in found if each.date in chosen]


def _read(tx: Tx, text: str, *, of: int) -> Before:
    """Return what was kept of a write. Refuses what cannot be read with `Damaged`."""
    try:
        kept = json.loads(text)
        return _planned(kept, replay.unpack(kept["days"]))
    except (ValueError, TypeError, KeyError):
        raise errors.Damaged(path=tx.path, reason=f"what stood before write {of} cannot be read") from None


def _planned(kept: Mapping[str, Any], packed: Sequence[tuple[Any, ...]]) -> Before:
    """Prepare what was kept for writing. Each repeated value is converted once, because there may be many rows."""
    owner, dated, instant = cache(UUID), cache(date.fromordinal), cache(_instant)
    dates: dict[UUID, list[date]] = {}
    inserted, updated, removed = list[rows.DayWriteRow](), list[rows.DayWriteRow](), list[rows.DayKeyRow]()
    for doctor, ordinal, gone, present, capacity, note, by, at in packed:
        identity, on = owner(doctor), dated(ordinal)
        dates.setdefault(identity, []).append(on)
        if present is None:
            removed.append(rows.DayKeyRow(identity, on))
            continue
        row = rows.DayWriteRow(_PRESENCE[present], capacity, note, by, instant(at), identity, on)
        (inserted if gone else updated).append(row)
    weekdays: dict[UUID, list[tuple[int, bool | None, int | None]]] = {}
    for doctor, nth, present, capacity in kept["weekdays"]:
        weekdays.setdefault(UUID(doctor), []).append((nth, present, capacity))
    inserted.sort(key=lambda each: (each.doctor_id.int, each.date))
    return Before(
        days=dates,
        weekdays=weekdays,
        cancelled={
            (UUID(doctor), date.fromisoformat(on)): (present, capacity)
            for doctor, on, present, capacity in kept["cancelled"]
        },
        inserted=[
            rows.DaySettingRow(id_, each.doctor_id, each.date, *each[:5])
            for id_, each in zip(new_ids(len(inserted)), inserted, strict=True)
        ],
        updated=updated,
        removed=removed,
    )


def _instant(kept: str) -> datetime:
    instant = datetime.fromisoformat(kept)
    if instant.utcoffset() is None:
        raise ValueError("an instant without its offset")
    return instant
