"""What stood of doctors' days before a write, and how `undo` puts it back.

`availability.keep_before` keeps it beside the journal. Everything a write of days changed goes back as one, or nothing.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import availability, days, recall, weekly
from clinicctl.rules.days import WEEKDAYS
from clinicctl.statuses import AppointmentStatus, OnConflict
from clinicctl.store import bulk
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import IS_ACTIVE, appointments, availabilities, doctors, journal, journal_days
from clinicctl.store.models import patients as people
from clinicctl.store.sql import bindparam, select

OPERATIONS = frozenset({"availability.set_days", "weekly.set_weekly", "imports.set_availability"})

NAMED = 20
"""So many appointments that cannot come back are named by the sentence; the details have all of them."""

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
_STANDING = select(availabilities.c.date).where(
    availabilities.c.doctor_id == bindparam("doctor"),
    availabilities.c.date.between(bindparam("first"), bindparam("last")),
)
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
    """What stood before a write: the rows of days and weekdays by doctor, and the days on which it cancelled somebody.

    A day is its date and its row: presence, capacity, note, by whom and when; presence is None where it had no row.
    A weekday is its number, presence and capacity.
    """

    days: Mapping[UUID, Sequence[tuple[Any, ...]]] = field(default_factory=dict)
    weekdays: Mapping[UUID, Sequence[tuple[Any, ...]]] = field(default_factory=dict)
    cancelled: Mapping[tuple[UUID, date], tuple[bool, int]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many days and weekdays were changed."""
        return sum(map(len, self.days.values())) + sum(map(len, self.weekdays.values()))

    @property
    def keys(self) -> set[tuple[UUID, date | int]]:
        """Which days and weekdays were changed."""
        listed = [*self.days.items(), *self.weekdays.items()]
        return {(doctor, each[0]) for doctor, rows in listed for each in rows}

    @property
    def doctors(self) -> set[UUID]:
        """Whose days were changed, or were those of somebody cancelled."""
        return {*self.days, *self.weekdays, *(doctor for doctor, _ in self.cancelled)}


def find(tx: Tx, number: int) -> Before | None:
    """Return what stood before a write, or None where nothing was kept."""
    row = tx.one(_KEPT, number=number)
    return _read(tx, row.before, of=number) if row is not None else None


def codes(tx: Tx, before: Before) -> tuple[str, ...]:
    """Return the codes of the doctors whose days a write changed."""
    return tuple(sorted(_doctor(tx, each).code for each in before.doctors))


def refuse_changed(tx: Tx, act: Row[Any], before: Before) -> None:
    """Refuse to put back what a later write has changed again, what is past, and the days of an archived doctor."""
    for identity in before.doctors:
        doctor = _doctor(tx, identity)
        if doctor.archived_at is not None:
            raise errors.Archived(subject=doctor.code)
    later, keys = act.number, before.keys
    while keys and (row := tx.one(_NEXT, number=later)) is not None:
        later = row.journal_number
        if common := keys & _read(tx, row.before, of=later).keys:
            whose, on = min(common, key=str)
            subject = f"{_doctor(tx, whose).code} on {on if isinstance(on, date) else WEEKDAYS[on]}"
            raise errors.BuiltUpon(number=act.number, command=act.command, subject=subject, later=later)
    if dates := [each[0] for rows in before.days.values() for each in rows]:
        days.refuse_past(tx, min(dates))


def put_back(tx: Tx, before: Before) -> None:
    """Put back days and weekdays; the ledgers follow.

    Refuses with `HasBookings` where that would leave patients without a place.
    """
    standing = {identity: _with_ledger(tx, identity, rows) for identity, rows in before.days.items()}
    _write(tx, before.days)
    for identity, rows in before.days.items():
        pairs = [
            (now, replace(then, capacity=then.meant))
            for now, then in zip(standing[identity], _with_ledger(tx, identity, rows), strict=True)
        ]
        availability.settle(tx, pairs, on_conflict=OnConflict.REFUSE, hint=_HINT)
        availability.set_capacities(tx, [(then, then.capacity) for now, then in pairs if now.capacity != then.capacity])
    for identity, rows in before.weekdays.items():
        weekly.put_back(tx, _doctor(tx, identity), [(nth, *row) for nth, *row in rows], hint=_HINT)


def refuse_lost(tx: Tx, act: Row[Any], before: Before, returning: Sequence[Row[Any]]) -> None:
    """Refuse where one of the appointments that a write cancelled cannot come back: with every such one, and why."""
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
    """Why an appointment cannot come back, now that the days are as they were; None where it can."""
    if row.date < tx.today:
        return "the day is past"
    if row.patient_archived_at is not None:
        return "the patient is erased" if tx.one(_ERASED, patient=row.patient_id) else "the patient is archived"
    if taken := tx.one(_AT_SLOT, doctor=row.doctor_id, on=row.date, place=row.slot):
        return f"slot {row.slot} is taken by A{taken.number}"
    for other in tx.all(_ACTIVE, patient=row.patient_id, doctor=row.doctor_id, on=row.date):
        if other.number not in returning and (other.visit == row.visit or other.created_at > act.at):
            return f"the patient has A{other.number} with {row.doctor_code} on that day"
    (day,) = days.facts(tx, _doctor(tx, row.doctor_id), [row.date])
    present, capacity = before.cancelled.get((row.doctor_id, row.date), (True, day.capacity))
    if present and not day.present:
        return f"{row.doctor_code} is absent"
    if day.capacity < min(row.slot, capacity) and not row.overbooked:
        return f"{row.doctor_code} has only {day.capacity} slots"
    return None


def _with_ledger(tx: Tx, identity: UUID, rows: Sequence[tuple[Any, ...]]) -> list[days.Facts]:
    dates = {each[0] for each in rows}
    found = days.with_ledger(tx, _doctor(tx, identity), first=min(dates), last=max(dates))
    return [each for each in found if each.date in dates]


def _write(tx: Tx, before: Mapping[UUID, Sequence[tuple[Any, ...]]]) -> None:
    """Write the rows of days as they were: with whoever set them, and when."""
    columns = availabilities.c
    inserted, updated, removed = list[tuple[Any, ...]](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for identity, rows in before.items():
        dates = [each[0] for each in rows]
        span = {"doctor": identity, "first": min(dates), "last": max(dates)}
        standing = {row.date for row in tx.all(_STANDING, **span)}
        whose = bulk.stored(tx, columns.doctor_id, identity)
        for on, present, capacity, note, by, at in rows:
            key = (whose, bulk.stored(tx, columns.date, on))
            if present is None:
                removed.append(key)
                continue
            stamp = (by, bulk.stored(tx, columns.updated_at, datetime.fromisoformat(at)))
            row = (bulk.stored(tx, columns.present, present), capacity, note, *stamp)
            if on in standing:
                updated.append((*row, *key))
            else:
                inserted.append((*key, *row))
    ids = bulk.new_ids(len(inserted))
    availability.write_stored(
        tx,
        inserted=[(id_, *each) for id_, each in zip(ids, sorted(inserted), strict=True)],
        updated=updated,
        removed=removed,
    )


def _doctor(tx: Tx, identity: UUID) -> Row[Any]:
    row = tx.one(_DOCTOR, doctor=identity)
    assert row is not None, "days without their doctor"
    return row


def _read(tx: Tx, text: str, *, of: int) -> Before:
    """Return what was kept, as types. Refuses what cannot be read with `Damaged`."""
    try:
        kept = json.loads(text)
        return Before(
            days=_by_doctor(_dated(kept["days"])),
            weekdays=_by_doctor(iter(kept["weekdays"])),
            cancelled={
                (UUID(doctor), date.fromisoformat(on)): (present, capacity)
                for doctor, on, present, capacity in kept["cancelled"]
            },
        )
    except (ValueError, TypeError, KeyError):
        raise errors.Damaged(path=tx.path, reason=f"what stood before write {of} cannot be read") from None


def _dated(packed: str) -> Iterator[tuple[Any, ...]]:
    for doctor, on, *row in recall.unpack(packed):
        yield (doctor, date.fromordinal(on), *row)


def _by_doctor(rows: Iterator[Sequence[Any]]) -> dict[UUID, list[tuple[Any, ...]]]:
    found: dict[str, list[tuple[Any, ...]]] = {}
    for doctor, *rest in rows:
        found.setdefault(doctor, []).append(tuple(rest))
    return {UUID(doctor): each for doctor, each in found.items()}
