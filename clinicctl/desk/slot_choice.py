"""Choose the slot of a booking: by its time, within a part of the day, or the first one that is free."""

from collections.abc import Iterator
from datetime import date, time
from typing import Any, NamedTuple

from clinicctl import errors
from clinicctl.desk import days, placement, visit_times
from clinicctl.rules import hours
from clinicctl.rules.hours import DAY, WHOLE_DAY, DaySlots, Within
from clinicctl.rules.slots import lowest_above, lowest_free
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.engine import Queries, Tx


class Chosen(NamedTuple):
    """The slots of a booking, and its time. `minutes` is None without hours. `above` means above the capacity."""

    slot: int
    slots: int
    time: time | None
    minutes: int | None
    after_midnight: bool
    above: bool

    @property
    def changes(self) -> dict[str, Any]:
        """The columns of an appointment with these slots."""
        return {
            "slot": self.slot,
            "slots": self.slots,
            "time": self.time,
            "minutes": self.minutes,
            "after_midnight": self.after_midnight,
            "overbooked": self.above,
        }


class Asked(NamedTuple):
    """What a booking asks for. `minutes` is the length of a long visit; `arrived` is true for a walk-in."""

    at: time | None = None
    within: Within | None = None
    minutes: int | None = None
    again: bool = False
    overbook: bool = False
    past: bool = False
    arrived: bool = False


class Visitor(NamedTuple):
    """The patient and the doctor of a booking, and the appointment that it replaces."""

    patient: rows.PatientRow
    doctor: rows.DoctorRow
    but: rows.AppointmentRow | None = None


def queries_of(visitor: Visitor, asked: Asked, on: date) -> list[Queries]:
    """Return the queries for the times of a patient and a doctor, for `Tx.prefetch`."""
    patient, doctor, at = visitor.patient.id, visitor.doctor.id, asked.at
    if at is None:
        return [lambda tx: appointments.times_of_patient(tx, patient=patient, on=on)]
    return [
        lambda tx: appointments.times_of_patient(tx, patient=patient, on=on),
        lambda tx: appointments.at_time(tx, patient=patient, doctor=doctor, on=on, at=at),
    ]


def take(tx: Tx, day: days.DayState, visitor: Visitor, asked: Asked) -> Chosen:
    """Choose the slots of a booking, and take them from the capacity of the day.

    Refuses a time that is no slot's, a taken or a past one, a part of the day without a free time, and a full day.
    """
    if day.slots is None:
        return _without_hours(tx, day, visitor, asked)
    held = placement.with_times_above(tx, day, appointments.held_slots(tx, doctor=day.doctor_id, on=day.date))
    chosen = _at_time(tx, day, day.slots, held, visitor, asked) if asked.at is not None else None
    if chosen is None:
        chosen = _first(tx, day, day.slots, held, visitor, asked)
    days.take_slots(tx, day, count=chosen.slots, overbook=chosen.above)
    return chosen


def _without_hours(tx: Tx, day: days.DayState, visitor: Visitor, asked: Asked) -> Chosen:
    """Take the lowest free slot of a day without hours. The time is a note."""
    if asked.within is not None:
        raise errors.NoHours(doctor=day.doctor, date=day.date.isoformat())
    if asked.at is not None:
        if not asked.past:
            visit_times.refuse_past(tx, day.date, asked.at)
        visit_times.refuse_taken(
            tx,
            visitor.patient,
            visitor.doctor,
            on=day.date,
            at=asked.at,
            again=asked.again,
            overbook=asked.overbook,
            but=visitor.but,
        )
    above = days.take_slots(tx, day, overbook=asked.overbook)
    slot = lowest_free(appointments.held_slots(tx, doctor=day.doctor_id, on=day.date))
    return Chosen(slot, 1, asked.at, None, False, above)


def _at_time(tx: Tx, day: days.DayState, slots: DaySlots, held: set[int], visitor: Visitor, asked: Asked) -> Chosen:
    """Return the slot that starts at the time asked for."""
    at = asked.at
    assert at is not None, "a booking without a time"
    slot = hours.slot_at(slots, at)
    if slot is None:
        raise errors.NoSuchTime(**_nearest(tx, day, slots, held, hours.minutes_of(at), asked))
    start = slots.starts[slot - 1]
    begun = placement.begun_until(tx, day.date)
    if start < begun and not asked.past:
        raise errors.PastTime(time=f"{at:%H:%M}", now=hours.clock(begun), date=day.date.isoformat())
    count = hours.span(slots, slot, asked.minutes)
    _refuse_busy(tx, day.date, visitor, slots, (slot, count or 1), asked)
    if count is not None and hours.is_free(slot, count, held) and (count <= day.remaining or not asked.overbook):
        return _of_slot(slots, slot, count)
    if not asked.overbook:
        raise errors.SlotTimeTaken(**_nearest(tx, day, slots, held, start, asked), problem=_length(asked.minutes))
    minutes = asked.minutes or slots.ends[slot - 1] - start
    return Chosen(lowest_above(len(slots.starts), held), 1, at, minutes, start >= DAY, above=True)


def _first(tx: Tx, day: days.DayState, slots: DaySlots, held: set[int], visitor: Visitor, asked: Asked) -> Chosen:
    """Return the first free slot that has not begun.

    For a patient who is here, one that has begun will do.
    """
    busy = [] if asked.again else _busy(tx, day.date, visitor)
    within = asked.within or WHOLE_DAY
    begun = 0 if asked.past else placement.begun_until(tx, day.date)

    def free(within: Within) -> Iterator[tuple[int, int]]:
        found = hours.free_slots(slots, held, minutes=asked.minutes, within=within)
        return (each for each in found if not _overlaps(busy, slots, *each)) if busy else found

    coming = next(free(within._replace(first=max(begun, within.first))), None)
    if coming is None and asked.arrived:
        coming = max(free(within), default=None)
    if coming is not None and (coming[1] <= day.remaining or not asked.overbook):
        return _of_slot(slots, *coming)
    if asked.overbook and asked.within is None:
        return Chosen(lowest_above(len(slots.starts), held), 1, None, None, False, above=True)
    if day.remaining == 0:
        # It refuses the day, with the next free days.
        days.take_slots(tx, day, overbook=False)
    raise _no_free_time(tx, day, slots, held, asked)


def _of_slot(slots: DaySlots, slot: int, count: int) -> Chosen:
    start, end = slots.starts[slot - 1], slots.ends[slot + count - 2]
    return Chosen(slot, count, hours.time_of(start), end - start, start >= DAY, above=False)


def _busy(tx: Tx, on: date, visitor: Visitor) -> list[tuple[int, int, int]]:
    """Return the patient's other times of a day: start, end and appointment."""
    found = list[tuple[int, int, int]]()
    for row in appointments.times_of_patient(tx, patient=visitor.patient.id, on=on):
        if row.time is not None and (visitor.but is None or row.number != visitor.but.number):
            start = hours.minutes_of(row.time, after_midnight=row.after_midnight)
            found.append((start, start + (row.minutes or 1), row.number))
    return found


def _overlaps(busy: list[tuple[int, int, int]], slots: DaySlots, slot: int, count: int) -> int | None:
    """Return the first appointment that overlaps some slots, if any."""
    start, end = slots.starts[slot - 1], slots.ends[slot + count - 2]
    return min((number for first, last, number in busy if first < end and start < last), default=None)


def _refuse_busy(tx: Tx, on: date, visitor: Visitor, slots: DaySlots, place: tuple[int, int], asked: Asked) -> None:
    """Refuse a time at which the patient is with a doctor already, unless `again`."""
    other = None if asked.again else _overlaps(_busy(tx, on, visitor), slots, *place)
    if other is not None:
        raise errors.TimeTaken(
            subject=f"P{visitor.patient.number}",
            appointment=f"A{other}",
            date=on.isoformat(),
            time=hours.clock(slots.starts[place[0] - 1]),
            flag="--again",
        )


def _nearest(tx: Tx, day: days.DayState, slots: DaySlots, held: set[int], minute: int, asked: Asked) -> dict[str, Any]:
    """Return the details of a refused time, with the nearest free ones and a hint."""
    within = WHOLE_DAY._replace(first=0 if asked.past else placement.begun_until(tx, day.date))
    free = list(hours.free_slots(slots, held, minutes=asked.minutes, within=within)) if day.remaining else []
    near = sorted(slots.starts[slot - 1] for slot, _ in hours.nearest(slots, free, minute))
    times = [hours.clock(each) for each in near]
    return {
        "doctor": day.doctor,
        "date": day.date.isoformat(),
        "time": hours.clock(minute),
        "nearest_free": times,
        "hint": f"Nearest free times: {', '.join(times)}." if times else f"See `clinicctl free {day.doctor}`.",
    }


def _no_free_time(tx: Tx, day: days.DayState, slots: DaySlots, held: set[int], asked: Asked) -> errors.NoFreeTime:
    within = asked.within
    where = " left" if day.date == tx.today else ""
    if within is not None:
        where = f" from {hours.clock(within.first)}" if within.first else ""
        where += f" to {hours.clock(within.end)}" if within.end < DAY else ""
    details = _nearest(tx, day, slots, held, within.first if within is not None else 0, asked)
    return errors.NoFreeTime(
        **{name: value for name, value in details.items() if name != "time"},
        problem=f"{_length(asked.minutes)}{where}",
        booked=day.booked,
        capacity=day.capacity,
    )


def _length(minutes: int | None) -> str:
    return f" of {minutes} minutes" if minutes is not None else ""
