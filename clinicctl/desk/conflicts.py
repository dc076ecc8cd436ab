"""Resolve conflicts between changes of doctors' days and the patients who are booked on them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from clinicctl import errors
from clinicctl.desk import bookings, candidates, days, placement
from clinicctl.desk.placement import NewTime, Restored
from clinicctl.results.people import Moved, ToCall
from clinicctl.statuses import CancelledBy, OnConflict, QueueStatus, Role
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.engine import Tx

OWN_CAPACITY = (
    "Move them first, or give the day a capacity of its own: `clinicctl doctor avail set {doctor} {date} --capacity N`."
)
"""The hint if a default capacity would leave booked patients without a slot."""

Change = tuple[days.DayState, days.DayState]
"""A day before and after a change."""


class Resolved(NamedTuple):
    """What a change of days did to its patients, by doctor and date."""

    cancelled: Mapping[tuple[str, date], tuple[ToCall, ...]]
    moved: Mapping[tuple[str, date], tuple[Moved, ...]]
    new_times: Mapping[tuple[str, date], Sequence[NewTime]]


def list_displaced(
    tx: Tx, changes: Iterable[Change], *, every: bool = False, restored: Restored | None = None
) -> list[rows.AppointmentRow]:
    """Return the booked appointments that lose their place by changes.

    On a day without the doctor these are all. On a day with hours, these are the ones whose time is no free slot. On a
    day with fewer slots, these are the ones in the highest slots. `every` adds those that had no place before.
    """
    found = list[rows.AppointmentRow]()
    for before, after in changes:
        if not after.booked:
            continue
        if not after.present:
            found += appointments.booked(tx, doctor=after.doctor_id, on=after.date)
        elif after.slots is not None:
            find = placement.list_without_place if every else placement.list_displaced
            found += find(tx, before, after, restored)
        elif (over := _count_taken(tx, before, after) - after.capacity) > 0:
            found += appointments.booked(tx, doctor=after.doctor_id, on=after.date)[-over:]
    return found


def _count_taken(tx: Tx, before: days.DayState, after: days.DayState) -> int:
    """Return how many slots are taken on a day without hours.

    A long visit of the earlier hours then takes one.
    """
    if before.slots is None:
        return after.booked
    return len(appointments.of_doctors_day(tx, doctor=after.doctor_id, on=after.date))


def list_arrived(tx: Tx, changed: Iterable[days.DayState]) -> list[rows.ArrivedRow]:
    """Return the patients who have arrived on days that lose their doctor."""
    # Only a day with a ledger can have a queue.
    absent = (day for day in changed if day.has_ledger and not day.present)
    return [row for day in absent for row in appointments.arrived(tx, doctor=day.doctor_id, on=day.date)]


def takes_away(before: days.DayState, after: days.DayState) -> bool:
    """Return whether a change takes the doctor, a slot or a time away."""
    if before.present and not after.present:
        return True
    return after.capacity < before.capacity or (after.slots is not None and after.slots != before.slots)


def list_conflicts(
    tx: Tx, changes: Iterable[Change], *, on_conflict: OnConflict, restored: Restored | None = None
) -> tuple[list[rows.AppointmentRow], list[rows.ArrivedRow]]:
    """Return the booked and the arrived patients who prevent changes.

    Arrived patients cannot be cancelled or moved. Only a change that takes something away can conflict: patients who
    were kept without a slot on purpose stay. With MOVE, the booked ones are those without a free time on their day.
    """
    if on_conflict is OnConflict.KEEP:
        return [], []
    changes = list(changes)
    leaving = [after for before, after in changes if before.present and not after.present]
    arrived = list_arrived(tx, leaving)
    if on_conflict is OnConflict.CANCEL:
        return [], arrived
    losing = [each for each in changes if takes_away(*each)]
    if on_conflict is OnConflict.REFUSE:
        return list_displaced(tx, losing, restored=restored), arrived
    stuck = list[rows.AppointmentRow]()
    for each in losing:
        displaced = list_displaced(tx, [each])
        moving = {new.row.number for new in placement.find_new_times(tx, *each, displaced)}
        stuck += [row for row in displaced if row.number not in moving]
    return stuck, arrived


def refuse_displaced(
    tx: Tx,
    booked: Sequence[rows.AppointmentRow],
    arrived: Sequence[rows.ArrivedRow] = (),
    *,
    hint: str | None = None,
) -> None:
    """Refuse if any patients would lose their slot.

    The refusal lists them, and those of them without a phone; an importer gets their count only. `hint` is for a
    command without `--on-conflict`; it may have placeholders for the first doctor and date.
    """
    affected: list[rows.AppointmentRow | rows.ArrivedRow] = [*arrived, *booked]
    if not affected:
        return
    people = candidates.of_appointments(tx, affected)
    # An importer is a program, and its mail from cron may go to anybody.
    is_named = tx.person is None or tx.person.role is not Role.IMPORTER
    details: dict[str, Any] = {
        "doctor": ", ".join(sorted({row.doctor_code for row in affected})),
        "count": len(people),
        "affected": people if is_named else [],
        "without_phone": [each["number"] for each in people if is_named and each["phone_last3"] is None],
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


def resolve(
    tx: Tx,
    changes: Iterable[Change],
    *,
    on_conflict: OnConflict,
    hint: str | None = None,
    restored: Restored | None = None,
) -> Resolved:
    """Refuse, keep, cancel or move the patients who lose their place.

    CANCEL and MOVE apply to every booked patient without a slot, whatever the cause. Moved patients get their new time
    in `apply`. `restored` has earlier values of appointments, for an undo.
    """
    changes = list(changes)
    refuse_displaced(tx, *list_conflicts(tx, changes, on_conflict=on_conflict, restored=restored), hint=hint)
    if on_conflict is OnConflict.MOVE:
        return _moved(find_new_times(tx, changes))
    cancelled: dict[tuple[str, date], tuple[ToCall, ...]] = {}
    for row in list_displaced(tx, changes, every=True) if on_conflict is OnConflict.CANCEL else ():
        bookings.cancel_row(tx, row, by=CancelledBy.CLINIC, reason=None)
        key = (row.doctor_code, row.date)
        cancelled[key] = (*cancelled.get(key, ()), bookings.to_call(row))
    return Resolved(cancelled, {}, {})


def find_new_times(tx: Tx, changes: Iterable[Change]) -> list[NewTime]:
    """Return the new times of the patients whom MOVE would move."""
    return [
        new
        for each in changes
        if takes_away(*each)
        for new in placement.find_new_times(tx, *each, list_displaced(tx, [each], every=True))
    ]


def to_move(new: NewTime) -> Moved:
    """Return a patient to call about a new time."""
    row = new.row
    return Moved(
        appointment=f"A{row.number}",
        number=f"P{row.patient_number}",
        name=row.patient_name,
        phone=row.patient_phone,
        from_time=row.time,
        to_time=new.time,
    )


def _moved(new_times: Sequence[NewTime]) -> Resolved:
    moved: dict[tuple[str, date], tuple[Moved, ...]] = {}
    by_day: dict[tuple[str, date], list[NewTime]] = {}
    for new in new_times:
        key = (new.row.doctor_code, new.row.date)
        moved[key] = (*moved.get(key, ()), to_move(new))
        by_day.setdefault(key, []).append(new)
    return Resolved({}, moved, by_day)


def apply(
    tx: Tx,
    changes: Iterable[Change],
    resolved: Resolved,
    *,
    restored: Restored | None = None,
) -> None:
    """Write the capacities of changed days, and place their appointments again.

    `restored` has earlier values of appointments by id, for an undo.
    """
    ledgers = [each for each in changes if each[1].has_ledger]
    stored_days.set_capacities(
        tx,
        [
            rows.CapacityRow(after.capacity, after.doctor_id, after.date)
            for before, after in ledgers
            if after.capacity != before.capacity
        ],
    )
    for before, after in ledgers:
        moved = resolved.new_times.get((after.doctor, after.date), ())
        if restored or moved or after.slots != before.slots:
            placement.replace_all(tx, before, after, moved=moved, restored=restored)
