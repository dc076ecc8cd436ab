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
from clinicctl.desk import availability, bookings, days, recall, weekly
from clinicctl.rules.days import WEEKDAYS
from clinicctl.statuses import AppointmentStatus, OnConflict
from clinicctl.store import bulk
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import IS_ACTIVE, appointments, availabilities, doctors, journal, journal_days
from clinicctl.store.models import patients as people
from clinicctl.store.sql import bindparam, select

NAMED = 20
"""How many appointments the sentence names that cannot come back; the details have all of them."""

_HINT = "Move or cancel them first."

_TAKEN_BACK = select(journal.c.undoes).where(journal.c.undoes.is_not(None))
_KEPT = select(journal_days.c.before).where(journal_days.c.journal_number == bindparam("number"))
_NEXT = (
    select(journal_days.c.journal_number, journal_days.c.before)
    .where(journal_days.c.journal_number > bindparam("number"), journal_days.c.journal_number.not_in(_TAKEN_BACK))
    .order_by(journal_days.c.journal_number)
    .limit(1)
)
_DOCTOR = select(doctors).where(doctors.c.id == bindparam("doctor"))
_AT_SLOT = select(appointments.c.number).where(
    appointments.c.doctor_id == bindparam("doctor"),
    appointments.c.date == bindparam("on"),
    appointments.c.slot == bindparam("place"),
    appointments.c.status != AppointmentStatus.CANCELLED,
)
_ACTIVE = select(appointments.c.number, appointments.c.visit, appointments.c.created_at).where(
    appointments.c.patient_id == bindparam("patient"),
    appointments.c.doctor_id == bindparam("doctor"),
    appointments.c.date == bindparam("on"),
    IS_ACTIVE,
)
_ERASED = select(people.c.id).where(people.c.id == bindparam("patient"), people.c.erased_at.is_not(None))


@dataclass(frozen=True, slots=True)
class Before:
    """The days before a write: the dates and weekdays that it changed, by doctor, with what restores them.

    `inserted`, `updated` and `removed` are the rows of days as the database stores them. A weekday is its number,
    presence (None: not in the pattern) and capacity. `cancelled` has the presence and the capacity of the days on which
    somebody was cancelled.
    """

    days: Mapping[UUID, Sequence[date]]
    weekdays: Mapping[UUID, Sequence[tuple[int, bool | None, int | None]]]
    cancelled: Mapping[tuple[UUID, date], tuple[bool, int]]
    inserted: Sequence[tuple[Any, ...]]
    updated: Sequence[tuple[Any, ...]]
    removed: Sequence[tuple[Any, ...]]

    @property
    def count(self) -> int:
        """How many days and weekdays were changed."""
        return sum(map(len, self.days.values())) + sum(map(len, self.weekdays.values()))

    @property
    def keys(self) -> set[tuple[UUID, date | int]]:
        """Which days and weekdays were changed."""
        return {
            *((doctor, on) for doctor, dates in self.days.items() for on in dates),
            *((doctor, nth) for doctor, rows in self.weekdays.items() for nth, *_ in rows),
        }

    @property
    def doctors(self) -> set[UUID]:
        """The doctors whose days were changed, or who had an appointment cancelled."""
        return {*self.days, *self.weekdays, *(doctor for doctor, _ in self.cancelled)}


def find(tx: Tx, number: int) -> Before | None:
    """Return the days as they were before a write, or None if nothing was kept."""
    row = tx.one(_KEPT, number=number)
    return _read(tx, row.before, of=number) if row is not None else None


def codes(tx: Tx, before: Before) -> tuple[str, ...]:
    """Return the codes of the doctors whose days a write changed."""
    return tuple(sorted(_doctor(tx, each).code for each in before.doctors))


def refuse_changed(tx: Tx, act: Row[Any], before: Before) -> None:
    """Refuse to restore days that a later write changed again, past days, and the days of an archived doctor."""
    for identity in before.doctors:
        doctor = _doctor(tx, identity)
        if doctor.archived_at is not None:
            raise errors.Archived(subject=doctor.code)
    later, keys = act.number, None
    while (row := tx.one(_NEXT, number=later)) is not None:
        later, keys = row.journal_number, keys or before.keys
        if common := keys & _read(tx, row.before, of=later).keys:
            whose, on = min(common, key=str)
            subject = f"{_doctor(tx, whose).code} on {on if isinstance(on, date) else WEEKDAYS[on]}"
            raise errors.BuiltUpon(number=act.number, command=act.command, subject=subject, later=later)
    if before.days:
        days.refuse_past(tx, min(map(min, before.days.values())))


def put_back(tx: Tx, before: Before) -> None:
    """Put back days and weekdays; the ledgers follow.

    Refuses with `HasBookings` where that would leave patients without a place.
    """
    standing = {identity: _with_ledger(tx, identity, dates) for identity, dates in before.days.items()}
    availability.write_stored(tx, inserted=before.inserted, updated=before.updated, removed=before.removed)
    for identity, dates in before.days.items():
        pairs = [
            (now, replace(then, capacity=then.meant))
            for now, then in zip(standing[identity], _with_ledger(tx, identity, dates), strict=True)
        ]
        availability.settle(tx, pairs, on_conflict=OnConflict.REFUSE, hint=_HINT)
        availability.set_capacities(tx, [(then, then.capacity) for now, then in pairs if now.capacity != then.capacity])
    for identity, rows in before.weekdays.items():
        weekly.put_back(tx, _doctor(tx, identity), rows, hint=_HINT)


def refuse_lost(tx: Tx, act: Row[Any], before: Before, returning: Sequence[Row[Any]]) -> None:
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


def _why_lost(tx: Tx, act: Row[Any], before: Before, row: Row[Any], returning: Collection[int]) -> str | None:
    """Return why an appointment cannot come back although the days are restored, or None."""
    if row.date < tx.today:
        return "the day is past"
    if row.patient_archived_at is not None:
        return "the patient is erased" if tx.one(_ERASED, patient=row.patient_id) else "the patient is archived"
    if taken := tx.one(_AT_SLOT, doctor=row.doctor_id, on=row.date, place=row.slot):
        return f"slot {row.slot} is taken by A{taken.number}"
    for other in tx.all(_ACTIVE, patient=row.patient_id, doctor=row.doctor_id, on=row.date):
        if other.number not in returning and (other.visit == row.visit or other.created_at > act.at):
            return f"the patient has A{other.number} with {row.doctor_code} on that day"
    for other in _at_its_time(tx, row):
        if other.number not in returning and other.created_at > act.at:
            return f"{row.time:%H:%M} was given to A{other.number}"
    (day,) = days.facts(tx, _doctor(tx, row.doctor_id), [row.date])
    present, capacity = before.cancelled.get((row.doctor_id, row.date), (True, day.capacity))
    if present and not day.present:
        return f"{row.doctor_code} is absent"
    if day.capacity < min(row.slot, capacity) and not row.overbooked:
        return f"{row.doctor_code} has only {day.capacity} slots"
    return None


def _at_its_time(tx: Tx, row: Row[Any]) -> Sequence[Row[Any]]:
    if row.time is None:
        return ()
    return bookings.at_time(tx, patient_id=row.patient_id, doctor_id=row.doctor_id, on=row.date, at=row.time)


def _with_ledger(tx: Tx, identity: UUID, dates: Sequence[date]) -> list[days.Facts]:
    found = days.with_ledger(tx, _doctor(tx, identity), first=min(dates), last=max(dates))
    chosen = set(dates)
    return [each for each in found if each.date in chosen]


def _doctor(tx: Tx, identity: UUID) -> Row[Any]:
    row = tx.one(_DOCTOR, doctor=identity)
    assert row is not None, "days without their doctor"
    return row


def _read(tx: Tx, text: str, *, of: int) -> Before:
    """Return what was kept of a write. Refuses what cannot be read with `Damaged`."""
    try:
        kept = json.loads(text)
        return _planned(tx, kept, recall.unpack(kept["days"]))
    except (ValueError, TypeError, KeyError):
        raise errors.Damaged(path=tx.path, reason=f"what stood before write {of} cannot be read") from None


def _planned(tx: Tx, kept: Mapping[str, Any], rows: Sequence[tuple[Any, ...]]) -> Before:
    """Prepare what was kept for writing. Each repeated value is converted once, because there may be many rows."""
    columns = availabilities.c

    @cache
    def stored(column: str, value: Any) -> Any:
        return bulk.stored(tx, columns[column], value)

    owner = cache(UUID)
    dated = cache(date.fromordinal)
    instant = cache(datetime.fromisoformat)
    dates: dict[UUID, list[date]] = {}
    inserted, updated, removed = list[tuple[Any, ...]](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for doctor, ordinal, gone, present, capacity, note, by, at in rows:
        identity, on = owner(doctor), dated(ordinal)
        dates.setdefault(identity, []).append(on)
        key = (stored("doctor_id", identity), stored("date", on))
        if present is None:
            removed.append(key)
            continue
        row = (stored("present", present), capacity, note, by, stored("updated_at", instant(at)))
        if gone:
            inserted.append((*key, *row))
        else:
            updated.append((*row, *key))
    weekdays: dict[UUID, list[tuple[int, bool | None, int | None]]] = {}
    for doctor, nth, present, capacity in kept["weekdays"]:
        weekdays.setdefault(UUID(doctor), []).append((nth, present, capacity))
    return Before(
        days=dates,
        weekdays=weekdays,
        cancelled={
            (UUID(doctor), date.fromisoformat(on)): (present, capacity)
            for doctor, on, present, capacity in kept["cancelled"]
        },
        inserted=[(id_, *each) for id_, each in zip(bulk.new_ids(len(inserted)), sorted(inserted), strict=True)],
        updated=updated,
        removed=removed,
    )
