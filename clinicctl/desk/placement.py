"""Give the appointments of a day their slots again after its hours have changed."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, time
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.desk import days, lookup, transitions
from clinicctl.rules import hours, placing, slots
from clinicctl.rules.placing import Held, Place
from clinicctl.rules.transitions import ACTIVE
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Tx

COLUMNS = ("slot", "slots", "time", "minutes", "after_midnight", "overbooked")
"""What a change of hours may change in an appointment."""


class NewTime(NamedTuple):
    """The new place of an appointment that is moved to another time of its day."""

    row: rows.AppointmentRow
    place: Place
    time: time


def start_of(row: rows.AppointmentRow) -> int | None:
    """Return the start of an appointment in minutes after midnight, if it has a time."""
    return hours.minutes_of(row.time, after_midnight=row.after_midnight) if row.time is not None else None


Restored = Mapping[UUID, Mapping[str, Any]]
"""Earlier values of appointments by id, for an undo."""


def list_displaced(
    tx: Tx, before: days.DayState, after: days.DayState, restored: Restored | None = None
) -> list[rows.AppointmentRow]:
    """Return the booked appointments that lose their place on a day with hours.

    Those that had none before, and those above the capacity by choice, are not among them.
    """
    found = list_without_place(tx, before, after, restored)
    # After an undo, those who had no place before the undone change have none again.
    unplaced = {
        identity
        for identity, columns in (restored or {}).items()
        if "slot" in columns and _is_above(columns["slot"], after)
    }
    return [row for row in found if not _is_outside(row, before) and row.id not in unplaced]


def _is_outside(row: rows.AppointmentRow, day: days.DayState) -> bool:
    """Return whether an appointment is above the slots of a day with hours."""
    return _is_above(row.slot, day)


def _is_above(slot: int, day: days.DayState) -> bool:
    return day.slots is not None and slot > len(day.slots.starts)


def list_without_place(
    tx: Tx, before: days.DayState, after: days.DayState, restored: Restored | None = None
) -> list[rows.AppointmentRow]:
    """Return the booked appointments that have no place on a day with hours."""
    assert after.slots is not None, "a day without hours"
    found = {row.number: row for row in appointments.of_doctors_day(tx, doctor=after.doctor_id, on=after.date)}
    held = (_held(row._replace(**(restored or {}).get(row.id, {})), before, slot=row.slot) for row in found.values())
    displaced = placing.place_all(held, after.slots).displaced
    listed = (found[each] for each in sorted(displaced))
    return [row for row in listed if row.status == AppointmentStatus.BOOKED and not row.overbooked]


def find_new_times(
    tx: Tx, before: days.DayState, after: days.DayState, displaced: Iterable[rows.AppointmentRow]
) -> list[NewTime]:
    """Return the nearest free times of the day for displaced appointments.

    Those without one are left out.
    """
    if after.slots is None or not after.present:
        return []
    found = {row.number: row for row in appointments.of_doctors_day(tx, doctor=after.doctor_id, on=after.date)}
    held = {number: _held(row, before) for number, row in found.items()}
    places = placing.place_all(held.values(), after.slots).places
    taken = {each for place in places.values() for each in range(place.slot, place.slot + place.slots)}
    moving = [held[row.number] for row in displaced]
    # Appointments of one patient share a list, so that none is moved to the new time of another.
    busy: dict[UUID, list[tuple[int, int]]] = {}
    for each in moving:
        row = found[each.number]
        if row.patient_id not in busy:
            busy[row.patient_id] = _times_elsewhere(tx, row)
    moved = placing.move_all(
        moving,
        after.slots,
        taken,
        busy={each.number: busy[found[each.number].patient_id] for each in moving},
        wanted={each.number: _wanted(each, before, after) for each in moving},
        first=begun_until(tx, after.date),
    )
    return [
        NewTime(found[number], place, hours.time_of(after.slots.starts[place.slot - 1]))
        for number, place in sorted(moved.items())
    ]


def _times_elsewhere(tx: Tx, row: rows.AppointmentRow) -> list[tuple[int, int]]:
    """Return the times of a patient's other visits of a day: starts and ends."""
    found = list[tuple[int, int]]()
    for other in appointments.times_of_patient(tx, patient=row.patient_id, on=row.date):
        if other.number != row.number and other.time is not None:
            start = hours.minutes_of(other.time, after_midnight=other.after_midnight)
            found.append((start, start + (other.minutes or 1)))
    return found


def _wanted(each: Held, before: days.DayState, after: days.DayState) -> int:
    """Return the time near which an appointment is placed, in minutes after midnight.

    It is the appointment's own, or that of its slot.
    """
    if each.start is not None:
        return each.start
    starts = (before.slots or after.slots or hours.DaySlots((0,), (0,))).starts or (0,)
    return starts[min(each.slot, len(starts)) - 1]


def list_misplaced(tx: Tx, day: days.DayState) -> list[rows.AppointmentRow]:
    """Return the appointments in a slot of a day with hours that have another time."""
    assert day.slots is not None, "a day without hours"
    starts = day.slots.starts
    return [
        row
        for row in appointments.of_doctors_day(tx, doctor=day.doctor_id, on=day.date)
        if row.slot <= len(starts) and start_of(row) not in (None, starts[row.slot - 1])
    ]


def find_place(tx: Tx, row: rows.AppointmentRow) -> Place:
    """Return the place of an appointment that comes back to its day.

    Another one may hold it. Its slot follows from its time, because the hours may have changed. One that was above the
    slots of the day, or whose time is no slot, is above them.
    """
    (day,) = days.list_states(tx, lookup.doctor_by_id(tx, row.doctor_id), [row.date])
    if day.slots is None:
        return Place(row.slot, row.slots)
    place = None if row.overbooked else placing.place_all([_held(row, day)], day.slots).places.get(row.number)
    if place is not None:
        return place
    held = set(appointments.held_slots(tx, doctor=row.doctor_id, on=row.date))
    is_own = row.slot > len(day.slots.starts) and row.slot not in held
    return Place(row.slot if is_own else slots.lowest_above(len(day.slots.starts), held), 1)


def with_times_above(tx: Tx, day: days.DayState, held: Collection[int]) -> set[int]:
    """Return the slots of a day with hours that cannot be given.

    They are held, or at the time of an active visit above the slots.
    """
    assert day.slots is not None, "a day without hours"
    starts = day.slots.starts
    taken = set(held)
    if any(each > len(starts) for each in held):
        above = [
            start_of(row)
            for row in appointments.of_doctors_day(tx, doctor=day.doctor_id, on=day.date)
            if row.slot > len(starts) and row.status in ACTIVE
        ]
        taken.update(starts.index(each) + 1 for each in above if each in starts)
    return taken


def begun_until(tx: Tx, on: date) -> int:
    """Return the minute of a day before which every slot has begun: 0 on a later day."""
    if on > tx.today:
        return 0
    now = tx.local(tx.now)
    passed = (now.date() - on).days * hours.DAY + now.hour * 60 + now.minute
    return max(0, int(passed))


def replace_all(
    tx: Tx,
    before: days.DayState,
    day: days.DayState,
    *,
    moved: Iterable[NewTime] = (),
    restored: Restored | None = None,
) -> None:
    """Give every appointment of a day its place.

    `before` is the day before its hours changed. `moved` ones get a new time. `restored` has earlier values of
    appointments by id, for an undo. Those without a place on a day with hours stay above the capacity.
    """
    rows_ = appointments.of_doctors_day(tx, doctor=day.doctor_id, on=day.date)
    back = {row.number: restored[row.id] for row in rows_ if row.id in restored} if restored else {}
    wanted = {row.number: row._replace(**back.get(row.number, {})) for row in rows_}
    wanted |= {each.row.number: _at_new_time(wanted[each.row.number], each, day) for each in moved}
    held = {row.number: _held(wanted[row.number], before, slot=row.slot) for row in rows_}
    if day.slots is None:
        places = placing.keep_all(held.values(), back)
    else:
        placed = placing.place_all(held.values(), day.slots)
        places = placed.places | placing.place_above(placed.displaced, held, len(day.slots.starts))
    right = {
        number: row._replace(slot=places[number].slot, slots=places[number].slots) for number, row in wanted.items()
    }
    changed = [row for row in rows_ if _differs(row, right[row.number])]
    if not changed:
        return
    appointments.release_day(tx, doctor=day.doctor_id, on=day.date)
    for row in changed:
        write(tx, row, right[row.number])
    appointments.hold(
        tx,
        [
            rows.HeldSlotRow(day.doctor_id, day.date, slot, row.number)
            for row in right.values()
            for slot in range(row.slot, row.slot + row.slots)
        ],
    )
    more = sum(row.slots for row in right.values()) - sum(row.slots for row in rows_)
    if more > 0:
        stored_days.retake_slot(tx, doctor=day.doctor_id, on=day.date, count=more)
    elif more < 0:
        stored_days.release_slot(tx, doctor=day.doctor_id, on=day.date, count=-more)


def _at_new_time(row: rows.AppointmentRow, new: NewTime, day: days.DayState) -> rows.AppointmentRow:
    assert day.slots is not None, "a new time on a day without hours"
    start, end = day.slots.starts[new.place.slot - 1], day.slots.ends[new.place.slot + new.place.slots - 2]
    return row._replace(time=new.time, after_midnight=start >= hours.DAY, minutes=row.minutes or end - start)


def write(tx: Tx, row: rows.AppointmentRow, right: rows.AppointmentRow) -> None:
    """Write the slots and the time of an appointment, and record the step for undo.

    The slots are not held here.
    """
    changed = appointments.place(
        tx,
        row=row.id,
        leaving=row.status,
        slot=right.slot,
        slots=right.slots,
        time=right.time,
        minutes=right.minutes,
        after_midnight=right.after_midnight,
        overbooked=right.overbooked,
        updated_at=tx.now,
    )
    assert changed == 1, "an appointment that changed within the transaction"
    before = {each: getattr(row, each) for each in COLUMNS if getattr(row, each) != getattr(right, each)}
    if "time" in before:
        before["time"] = str(row.time) if row.time else None
    entry = stored_queue.of_appointment(tx, appointment=row.id) if row.position is not None else None
    transitions.note(
        tx,
        right,
        to_status=row.status,
        entry=entry,
        queue_to=entry.status if entry is not None else None,
        position=row.position,
        was=row,
        before={"appointment": before, "queue": {}},
    )


def _differs(row: rows.AppointmentRow, right: rows.AppointmentRow) -> bool:
    return any(getattr(row, each) != getattr(right, each) for each in COLUMNS)


def _held(row: rows.AppointmentRow, before: days.DayState, *, slot: int | None = None) -> Held:
    inside = before.slots is not None and (row.slot if slot is None else slot) <= len(before.slots.starts)
    return Held(row.number, row.slot, row.slots, start_of(row), row.minutes, row.overbooked, inside)
