"""Doctors' days and their ledgers: the state of a day, and the updates that take and return its slots.

A day has a setting, or follows the weekday and the default of its doctor. Its ledger (`DoctorDailyCapacity`) exists
from the first booking on. The ledger's capacity always equals the planned one, so that one conditional update decides
whether a slot is free.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from clinicctl import errors
from clinicctl.desk import lookup
from clinicctl.results.base import result
from clinicctl.rules import slots
from clinicctl.rules.day_plans import DayPlan, Given, plan
from clinicctl.rules.hours import DaySlots
from clinicctl.statuses import DaySource
from clinicctl.store.compiled import appointments as stored_appointments
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Queries, Tx

_NO_CHANGES = ZoneInfo("UTC")

LOOKED_AHEAD = 60
"""How many days ahead the search for free days goes."""


class Defaults(NamedTuple):
    """What applies to a date without a setting of its own."""

    weekday: Given | None
    capacity: int
    holiday: str | None
    zone: ZoneInfo


@result
class DayState:
    """The state of one doctor's day.

    `planned_capacity` is that of the day's setting, else of the weekday, else of the doctor. `capacity` is the ledger's
    if there is one; from today on the two are equal. `slots` is None on a day without hours.
    """

    doctor_id: UUID
    doctor: str
    date: date
    present: bool
    capacity: int
    planned_capacity: int
    booked: int
    setting: rows.DaySettingRow | None
    source: DaySource
    has_ledger: bool
    defaults: Defaults
    sessions: str | None
    every: int | None
    slots: DaySlots | None

    @property
    def remaining(self) -> int:
        return slots.remaining(self.capacity, self.booked, present=self.present)

    @property
    def note(self) -> str | None:
        """The note of the date, or the name of the holiday."""
        if self.setting is not None:
            return self.setting.note
        return self.defaults.holiday if self.source is DaySource.HOLIDAY else None

    def planned(self, setting: Given | None) -> "DayState":
        """Return the day as it is planned with another setting of its date, or with none."""
        plan = _plan(self.defaults, setting, self.date)
        return replace(
            self,
            present=plan.present,
            capacity=plan.capacity,
            planned_capacity=plan.capacity,
            source=plan.source,
            sessions=plan.sessions,
            every=plan.every,
            slots=plan.slots,
        )

    def under(self, weekday: Given | None) -> "DayState":
        """Return the day as it is planned with another setting of its weekday."""
        changed = replace(self, defaults=self.defaults._replace(weekday=weekday))
        return changed.planned(given(self.setting))


def given(row: rows.DaySettingRow | rows.WeekdayRow | None) -> Given | None:
    """Return the setting in a row."""
    return Given(row.present, row.capacity, row.sessions, row.every) if row is not None else None


def _plan(defaults: Defaults, setting: Given | None, on: date) -> DayPlan:
    return plan(
        setting,
        defaults.weekday,
        default=defaults.capacity,
        holiday=defaults.holiday is not None,
        on=on,
        zone=defaults.zone,
    )


def queries_of(doctor: UUID, first: date, last: date) -> list[Queries]:
    """Return the queries of `list_states`, for `Tx.prefetch`."""
    return [
        lambda tx: stored_days.settings(tx, doctor=doctor, first=first, last=last),
        lambda tx: stored_days.ledgers(tx, doctor=doctor, first=first, last=last),
        lambda tx: stored_days.weekdays(tx, doctor=doctor),
        lambda tx: stored_days.holidays(tx, first=first, last=last),
    ]


def list_states(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date]) -> list[DayState]:
    """Return the state of each date, in four statements."""
    first, last = min(dates), max(dates)
    tx.prefetch(*queries_of(doctor.id, first, last))
    settings = {row.date: row for row in stored_days.settings(tx, doctor=doctor.id, first=first, last=last)}
    ledger = {row.date: row for row in stored_days.ledgers(tx, doctor=doctor.id, first=first, last=last)}
    pattern = weekly(tx, doctor)
    closed = holidays(tx, first, last)
    return [
        _state(tx, doctor, on, settings.get(on), pattern.get(on.weekday()), ledger.get(on), closed.get(on))
        for on in dates
    ]


def list_states_of_doctors(
    tx: Tx, doctors: Sequence[rows.DoctorRow], dates: Sequence[date]
) -> dict[UUID, list[DayState]]:
    """Return the states of several doctors' dates by doctor id, in four statements."""
    return list_states_on(tx, dict.fromkeys(doctors, dates))


def list_states_on(tx: Tx, wanted: Mapping[rows.DoctorRow, Sequence[date]]) -> dict[UUID, list[DayState]]:
    """Return the states of dates of doctors by doctor id, in four statements."""
    dates = {each for listed in wanted.values() for each in listed}
    if not dates:
        return {each.id: [] for each in wanted}
    ids, first, last = [each.id for each in wanted], min(dates), max(dates)
    tx.prefetch(partial(ask_about, wanted=wanted))
    found = stored_days.settings_of_doctors(tx, doctors=ids, first=first, last=last)
    settings = {(row.doctor_id, row.date): row for row in found}
    opened = stored_days.ledgers_of_doctors(tx, doctors=ids, first=first, last=last)
    ledgers = {(row.doctor_id, row.date): row for row in opened}
    weekdays = {(row.doctor_id, row.weekday): row for row in stored_days.weekdays_of_doctors(tx, doctors=ids)}
    closed = holidays(tx, first, last)
    return {
        row.id: [
            _state(
                tx,
                row,
                on,
                settings.get((row.id, on)),
                weekdays.get((row.id, on.weekday())),
                ledgers.get((row.id, on)),
                closed.get(on),
            )
            for on in listed
        ]
        for row, listed in wanted.items()
    }


def ask_about(tx: Tx, *, wanted: Mapping[rows.DoctorRow, Sequence[date]]) -> None:
    """Ask for what `list_states_on` reads, for `Tx.prefetch`."""
    ids, dates = [each.id for each in wanted], {each for listed in wanted.values() for each in listed}
    if dates:
        first, last = min(dates), max(dates)
        stored_days.settings_of_doctors(tx, doctors=ids, first=first, last=last)
        stored_days.ledgers_of_doctors(tx, doctors=ids, first=first, last=last)
        stored_days.weekdays_of_doctors(tx, doctors=ids)
        stored_days.holidays(tx, first=first, last=last)


def list_with_ledger(
    tx: Tx, doctor: rows.DoctorRow, *, first: date | None = None, last: date = date.max
) -> list[DayState]:
    """Return the state of every day with a ledger, from today or `first` on."""
    first = first or tx.today
    found = stored_days.settings_with_ledger(tx, doctor=doctor.id, first=first, last=last)
    settings = {row.date: row for row in found}
    pattern = weekly(tx, doctor)
    closed = holidays(tx, first, last)
    return [
        _state(tx, doctor, row.date, settings.get(row.date), pattern.get(row.date.weekday()), row, closed.get(row.date))
        for row in stored_days.ledgers(tx, doctor=doctor.id, first=first, last=last)
    ]


def holidays(tx: Tx, first: date, last: date) -> dict[date, str]:
    """Return the names of the clinic's holidays in a span, by date."""
    return {row.date: row.name for row in stored_days.holidays(tx, first=first, last=last)}


def weekly(tx: Tx, doctor: rows.DoctorRow) -> dict[int, rows.WeekdayRow]:
    """Return the rows of a doctor's weekly pattern by weekday, 0 for Monday."""
    return {row.weekday: row for row in stored_days.weekdays(tx, doctor=doctor.id)}


def weekly_defaults(tx: Tx, doctor: rows.DoctorRow, pattern: Mapping[int, rows.WeekdayRow]) -> list[DayPlan]:
    """Return what applies to each weekday, from Monday.

    It applies to dates without a setting that are no holidays. A change of the clock is not considered.
    """
    capacity = default_capacity(tx, doctor)
    return [_plan(Defaults(given(pattern.get(nth)), capacity, None, _NO_CHANGES), None, tx.today) for nth in range(7)]


def _state(
    tx: Tx,
    doctor: rows.DoctorRow,
    on: date,
    setting: rows.DaySettingRow | None,
    pattern: rows.WeekdayRow | None,
    ledger: rows.LedgerRow | None,
    holiday: str | None,
) -> DayState:
    defaults = Defaults(given(pattern), default_capacity(tx, doctor), holiday, tx.zone)
    planned = _plan(defaults, given(setting), on)
    return DayState(
        doctor_id=doctor.id,
        doctor=doctor.code,
        date=on,
        present=planned.present,
        capacity=planned.capacity if ledger is None else ledger.capacity,
        planned_capacity=planned.capacity,
        booked=0 if ledger is None else ledger.booked,
        setting=setting,
        source=planned.source,
        has_ledger=ledger is not None,
        defaults=defaults,
        sessions=planned.sessions,
        every=planned.every,
        slots=planned.slots,
    )


def next_free(tx: Tx, doctor: rows.DoctorRow, after: date, *, count: int = 3) -> list[date]:
    """Return the next dates after `after` with a free slot, up to 60 days ahead."""
    span = [after + timedelta(days=n) for n in range(1, LOOKED_AHEAD + 1)]
    return first_free(list_states(tx, doctor, span), after=after, today=tx.today)[:count]


def first_free(ahead: Sequence[DayState], *, after: date, today: date) -> list[date]:
    """Return the dates after `after` with a free slot among the given days."""
    last = after + timedelta(days=LOOKED_AHEAD)
    return [
        each.date for each in ahead if each.remaining > 0 and max(after + timedelta(days=1), today) <= each.date <= last
    ]


def refuse_past(tx: Tx, on: date) -> None:
    """Refuse a day before today, by the clinic's date."""
    if on < tx.today:
        raise errors.PastDay(date=on.isoformat(), today=tx.today.isoformat())


def take_slots(tx: Tx, day: DayState, *, count: int = 1, overbook: bool) -> bool:
    """Take slots of a day; return whether they are above the capacity.

    Refuses a full day with the next free days, and `overbook` above the clinic's limit. The conditional update decides,
    not what was read before it.
    """
    open_ledger(tx, day)
    if stored_days.take_slot(tx, doctor=day.doctor_id, on=day.date, count=count):
        return False
    limit = tx.clinic.overbook_limit
    if overbook and stored_days.take_slot_above(tx, doctor=day.doctor_id, on=day.date, limit=limit):
        return True
    details: dict[str, Any] = {
        "doctor": day.doctor,
        "date": day.date.isoformat(),
        "booked": day.booked,
        "capacity": day.capacity,
    }
    if overbook:
        raise errors.OverbookingLimit(limit=limit, **details)
    free = next_free(tx, lookup.doctor_by_id(tx, day.doctor_id), day.date)
    raise errors.DayFull(**details, next_free=[each.isoformat() for each in free], hint=_free_hint(free))


def open_ledger(tx: Tx, day: DayState) -> None:
    """Open the ledger of a day, unless it is open."""
    if not day.has_ledger:
        stored_days.open_ledger(
            tx,
            id=uuid4(),
            doctor_id=day.doctor_id,
            date=day.date,
            capacity=day.capacity,
            booked=0,
            remaining=day.capacity,
            last_position=0,
            last_recall=0,
        )


def refuse_absent(tx: Tx, doctor: rows.DoctorRow, day: DayState) -> None:
    """Refuse a day without the doctor, with the next free days."""
    if not day.present:
        free = next_free(tx, doctor, day.date)
        raise errors.DoctorAbsent(
            doctor=day.doctor,
            date=day.date.isoformat(),
            note=day.note,
            next_free=[each.isoformat() for each in free],
            hint=_free_hint(free),
        )


def hold_slots(tx: Tx, *, doctor_id: UUID, on: date, slot: int, count: int, appointment: int) -> None:
    """Hold consecutive slots for an appointment.

    The database refuses slots that are held.
    """
    stored_appointments.hold(
        tx, [rows.HeldSlotRow(doctor_id, on, each, appointment) for each in range(slot, slot + count)]
    )


def retake_slots(tx: Tx, row: rows.AppointmentRow) -> None:
    """Take the slots of an appointment again after an undone cancellation.

    The caller has checked that they are free.
    """
    taken = stored_days.retake_slot(tx, doctor=row.doctor_id, on=row.date, count=row.slots)
    assert taken == 1, "a day without its ledger"
    hold_slots(tx, doctor_id=row.doctor_id, on=row.date, slot=row.slot, count=row.slots, appointment=row.number)


def holder(tx: Tx, row: rows.AppointmentRow) -> int | None:
    """Return the number of an appointment that holds a slot of this one, if any."""
    return stored_appointments.holder(
        tx, doctor=row.doctor_id, on=row.date, first=row.slot, last=row.slot + row.slots - 1
    )


def return_slots(tx: Tx, row: rows.AppointmentRow) -> None:
    """Return the slots of an appointment to its day."""
    last = row.slot + row.slots - 1
    given, released = tx.together(
        lambda tx: stored_days.release_slot(tx, doctor=row.doctor_id, on=row.date, count=row.slots),
        lambda tx: stored_appointments.release(
            tx, doctor=row.doctor_id, on=row.date, first=row.slot, last=last, appointment=row.number
        ),
    )
    assert given == 1, "no slot of the day was taken"
    assert released == row.slots, "an appointment that does not hold its slots"


def next_position(tx: Tx, *, doctor_id: UUID, on: date) -> int:
    """Take the next position of a doctor's queue.

    Positions are never reused within the day.
    """
    position = stored_days.next_position(tx, doctor=doctor_id, on=on)
    assert position is not None, "a queue without its day"
    return position


def next_recall(tx: Tx, *, doctor_id: UUID, on: date) -> int:
    """Take the next recall number.

    Recalled patients wait behind the others of their priority.
    """
    recall = stored_days.next_recall(tx, doctor=doctor_id, on=on)
    assert recall is not None, "a queue without its day"
    return recall


def _free_hint(free: Sequence[date]) -> str | None:
    return f"Next free days: {', '.join(each.isoformat() for each in free)}." if free else None


def default_capacity(tx: Tx, row: rows.DoctorRow) -> int:
    """Return the capacity of a doctor's day without another setting."""
    return tx.clinic.capacity if row.capacity is None else row.capacity
