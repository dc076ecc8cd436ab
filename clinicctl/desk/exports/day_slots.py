"""The slots of doctors' days as records: free, taken, above the capacity, or of a doctor who is away."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID, uuid5

from clinicctl.desk import days, visit_times
from clinicctl.desk.exports import selection
from clinicctl.desk.exports.selection import Chosen
from clinicctl.results.health_records import Extent, SlotRecord, SlotStatus
from clinicctl.rules import hours
from clinicctl.rules.slots import free_slots
from clinicctl.rules.spans import Span
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_DAYS_AT_ONCE = 31


class Booked(NamedTuple):
    """The appointments in the slots of a day, and when those of each slot last changed."""

    by_slot: dict[int, rows.AppointmentRow]
    latest: dict[int, datetime]


def slot_id(doctor: UUID, on: date, slot: int) -> UUID:
    """Return the id of a slot, which has none in the database."""
    return uuid5(doctor, f"slot {on} {slot}")


def schedule_id(doctor: UUID) -> UUID:
    """Return the id of a doctor's schedule."""
    return uuid5(doctor, "schedule")


def whole_day(tx: Tx, on: date) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a day."""
    return hours.instant(on, 0, tx.zone), hours.instant(on, hours.DAY, tx.zone)


def extent_of(tx: Tx, row: rows.AppointmentRow) -> Extent:
    """Return the extent of an appointment.

    Without hours, it begins at the time that is known, and ends with the day."""
    _, start, end = visit_times.extent(tx, row.date, row.time, row.minutes, row.after_midnight)
    if start is not None and end is not None:
        return Extent(start, end)
    if row.time is not None:
        start = hours.instant(row.date, hours.minutes_of(row.time), tx.zone)
        return Extent(start, whole_day(tx, row.date)[1], "end")
    return _without_hours(tx, row.date)


def _without_hours(tx: Tx, on: date) -> Extent:
    begins = hours.minutes_of(time.fromisoformat(tx.clinic.day_start))
    return Extent(hours.instant(on, begins, tx.zone), whole_day(tx, on)[1], "time")


def iter_slots(tx: Tx, doctor: rows.DoctorRow, spans: Iterable[Span], *, planned: datetime) -> Iterator[SlotRecord]:
    """Yield the slots of a doctor's days.

    Of an archived doctor, only those with appointments. `planned` is the instant at which the rules for days last
    changed.
    """
    planned = max(planned, doctor.updated_at)
    for span in spans:
        count = (span.last - span.first).days + 1
        for at in range(0, count, _DAYS_AT_ONCE):
            dates = [span.first + timedelta(days=nth) for nth in range(at, min(at + _DAYS_AT_ONCE, count))]
            chosen = replace(Chosen(), spans=[Span(dates[0], dates[-1])], doctor=doctor)
            found = selection.appointments(tx, chosen)
            booked = {on: _booked(of_day) for on, of_day in groupby(found, key=lambda row: row.date)}
            for state in days.list_states_of_doctors(tx, [doctor], dates)[doctor.id]:
                yield from _of_day(tx, doctor, state, booked.get(state.date, Booked({}, {})), planned=planned)


def _booked(of_day: Iterable[rows.AppointmentRow]) -> Booked:
    """Return what is booked on a day.

    The cancelled appointments are not kept, because there can be many of a slot.
    """
    by_slot: dict[int, rows.AppointmentRow] = {}
    latest: dict[int, datetime] = {}
    for each in of_day:
        for slot in range(each.slot, each.slot + each.slots):
            # A cancellation changes the slots that it frees.
            latest[slot] = max(each.updated_at, latest.get(slot, each.updated_at))
            if each.status != AppointmentStatus.CANCELLED:
                by_slot[slot] = each
    return Booked(by_slot, latest)


def _of_day(
    tx: Tx,
    doctor: rows.DoctorRow,
    state: days.DayState,
    booked: Booked,
    *,
    planned: datetime,
) -> Iterator[SlotRecord]:
    by_slot, latest = booked
    is_active = doctor.archived_at is None
    free = free_slots(by_slot, state.remaining) if is_active else ()
    away = range(1, state.capacity + 1) if is_active and not state.present else ()
    changed = planned if state.setting is None else max(planned, state.setting.updated_at)
    for number in sorted({*by_slot, *free, *away}):
        row = by_slot.get(number)
        yield SlotRecord(
            id=slot_id(doctor.id, state.date, number),
            doctor=doctor.code,
            schedule=schedule_id(doctor.id),
            date=state.date,
            number=number,
            status=_status(row, is_present=state.present and is_active),
            extent=_extent(tx, state, number, row),
            is_above=number > state.capacity,
            updated_at=tx.local(max(changed, latest.get(number, changed))),
        )


def _status(row: rows.AppointmentRow | None, *, is_present: bool) -> SlotStatus:
    """Return the status of a slot.

    An appointment with a doctor who is away cannot stay as it is."""
    if row is None:
        return SlotStatus.FREE if is_present else SlotStatus.UNAVAILABLE
    is_open = row.status == AppointmentStatus.BOOKED
    return SlotStatus.TENTATIVE if is_open and not is_present else SlotStatus.BUSY


def _extent(tx: Tx, state: days.DayState, number: int, row: rows.AppointmentRow | None) -> Extent:
    if state.slots is not None and number <= len(state.slots.starts):
        start, end = state.slots.starts[number - 1], state.slots.ends[number - 1]
        return Extent(hours.instant(state.date, start, tx.zone), hours.instant(state.date, end, tx.zone))
    return extent_of(tx, row) if row is not None else _without_hours(tx, state.date)
