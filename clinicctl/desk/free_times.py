"""Find the days with a free slot, and the free times of days that have hours."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from clinicctl.desk import availability, days, lookup, placement, visit_types
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.results.days import Day, FreeTime
from clinicctl.rules import hours
from clinicctl.rules.days import LONGEST, DaysWord, DayWord
from clinicctl.rules.hours import WHOLE_DAY, Within
from clinicctl.rules.references import DoctorRef
from clinicctl.store.compiled import appointments, doctors, rows
from clinicctl.store.engine import Tx


class Wish(NamedTuple):
    """Which free times count: those within a part of the day, for a visit of some minutes."""

    within: Within = WHOLE_DAY
    minutes: int | None = None


ANY = Wish()
_AT_ONCE = 30
"""How many days of the doctors are read at once."""

Held = Mapping[tuple[UUID, date], Collection[int]]


def iter_days(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    specialty: str | None = None,
    start: DayWord,
    count: int,
    on: DaysWord | None = None,
    within: Within | None = None,
    visit_type: str | None = None,
) -> Iterator[Day]:
    """Yield the days with a free slot, by date.

    They are those of a doctor, of a specialty, or of all doctors: `count` days from `start` on, or the given ones. With
    a part of the day or a kind of visit, they are the days with such a free time, on each date the earliest first.
    """
    wish = _wish(tx, within, visit_type)
    for states, held in _iter_states(tx, doctor=doctor, specialty=specialty, dates=_dates(tx, start, count, on)):
        found = [day for state in states if (day := _describe(tx, state, held, wish)) is not None]
        yield from found if wish == ANY else sorted(found, key=_earliest)


def list_next(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    specialty: str | None = None,
    start: DayWord,
    count: int,
    on: DaysWord | None = None,
    within: Within | None = None,
    visit_type: str | None = None,
) -> list[Day]:
    """Return the next day with a free slot after days that have none, if any.

    It is at most a year ahead. Every doctor with a free slot on that day is listed.
    """
    first = _dates(tx, start, count, on)[-1] + timedelta(days=1)
    later = iter_days(
        tx,
        doctor=doctor,
        specialty=specialty,
        start=DayWord(first.isoformat()),
        count=LONGEST,
        within=within,
        visit_type=visit_type,
    )
    return list(next((own for _, own in groupby(later, key=lambda each: each.date)), ()))


def iter_times(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    specialty: str | None = None,
    start: DayWord,
    count: int,
    on: DaysWord | None = None,
    within: Within | None = None,
    visit_type: str | None = None,
) -> Iterator[FreeTime]:
    """Yield the free times of days, by date, time and doctor.

    Days without hours have none.
    """
    wish = _wish(tx, within, visit_type)
    for states, held in _iter_states(tx, doctor=doctor, specialty=specialty, dates=_dates(tx, start, count, on)):
        found = [
            (state, slot, slots)
            for state in states
            for slot, slots in iter_free(tx, state, held.get((state.doctor_id, state.date), ()), wish)
        ]
        times = [_free_time(tx, *each) for each in found]
        yield from sorted(times, key=lambda each: (each.date, each.starts_at, each.doctor))


def _wish(tx: Tx, within: Within | None, visit_type: str | None) -> Wish:
    minutes = visit_types.find(tx, visit_type).minutes if visit_type is not None else None
    return Wish(within or WHOLE_DAY, minutes)


def _dates(tx: Tx, start: DayWord, count: int, on: DaysWord | None) -> list[date]:
    """Return the days to look at, without past ones."""
    if on is not None:
        return [each for each in dates_of(tx, on) if each >= tx.today] or [tx.today - timedelta(days=1)]
    first = max(date_of(tx, start), tx.today)
    return [first + timedelta(days=n) for n in range(count)]


def _iter_states(
    tx: Tx, *, doctor: DoctorRef | None, specialty: str | None, dates: Sequence[date]
) -> Iterator[tuple[list[days.DayState], Held]]:
    """Yield the states of each date by doctor, with the held slots.

    Only days with hours have held slots.
    """
    listed = _listed(tx, doctor, specialty)
    for nth in range(0, len(dates), _AT_ONCE):
        some = dates[nth : nth + _AT_ONCE]
        states = days.list_states_of_doctors(tx, listed, some)
        held = held_slots(tx, [state for row in listed for state in states[row.id] if state.remaining])
        for place, on in enumerate(some):
            if on >= tx.today:
                yield [states[row.id][place] for row in listed], held


def _listed(tx: Tx, doctor: DoctorRef | None, specialty: str | None) -> list[rows.DoctorRow]:
    listed = [lookup.find_active_doctor(tx, doctor)] if doctor else doctors.on_staff(tx)
    if specialty is not None:
        listed = [each for each in listed if (each.specialty or "").casefold() == specialty.casefold()]
    return sorted(listed, key=lambda row: row.code)


def _describe(tx: Tx, state: days.DayState, held: Held, wish: Wish) -> Day | None:
    """Return a day with its first free time, or None if it has no such slot."""
    if not state.remaining:
        return None
    (day,) = availability.describe(tx, [state])
    if state.slots is None:
        return day if wish == ANY else None
    taken = held.get((state.doctor_id, state.date), ())
    if wish == ANY and state.date > tx.today:
        first = next(iter_free(tx, state, taken), None)
        count = state.remaining
    else:
        free = list(iter_free(tx, state, taken, wish))
        first, count = free[0] if free else None, min(len(free), state.remaining)
    if first is None:
        return None
    return replace(day, first_free=hours.time_of(state.slots.starts[first[0] - 1]), free_times=count)


def _earliest(day: Day) -> tuple[time, str]:
    return day.first_free or time.max, day.doctor


def _free_time(tx: Tx, state: days.DayState, slot: int, count: int) -> FreeTime:
    assert state.slots is not None, "a day without hours"
    start, end = state.slots.starts[slot - 1], state.slots.ends[slot + count - 2]
    return FreeTime(
        doctor=state.doctor,
        date=state.date,
        slot=slot,
        time=hours.time_of(start),
        end=hours.time_of(end),
        starts_at=hours.instant(state.date, start, tx.zone),
        ends_at=hours.instant(state.date, end, tx.zone),
    )


def held_slots(tx: Tx, states: Sequence[days.DayState]) -> dict[tuple[UUID, date], frozenset[int]]:
    """Return the held slots of days with hours, by doctor and date, in one statement."""
    wanted = [each for each in states if each.slots is not None and each.has_ledger]
    if not wanted:
        return {}
    dates = [each.date for each in wanted]
    found = appointments.held_of_doctors(
        tx, doctors={each.doctor_id for each in wanted}, first_date=min(dates), last_date=max(dates)
    )
    return {(row.doctor_id, row.date): frozenset(map(int, (row.slots or "").split(","))) for row in found}


def iter_free(
    tx: Tx,
    day: days.DayState,
    held: Iterable[int],
    wish: Wish = ANY,
) -> Iterator[tuple[int, int]]:
    """Yield the free slots of a day with hours that have not begun.

    Each has the number of slots that the visit takes.
    """
    if day.slots is None or not day.remaining:
        return iter(())
    within = wish.within._replace(first=max(wish.within.first, placement.begun_until(tx, day.date)))
    taken = placement.with_times_above(tx, day, frozenset(held))
    found = hours.free_slots(day.slots, taken, minutes=wish.minutes, within=within)
    return (each for each in found if each[1] <= day.remaining)


def ask_about(asked: Tx, tx: Tx, states: Iterable[days.DayState]) -> None:
    """Ask for what `bookable` reads, for `Tx.prefetch`."""
    held_slots(asked, _begun(tx, states))


def _begun(tx: Tx, states: Iterable[days.DayState]) -> list[days.DayState]:
    """Return the days of which some times have begun: those of today with hours."""
    return [each for each in states if each.date == tx.today and each.slots is not None]


def bookable(tx: Tx, states: Sequence[days.DayState]) -> list[days.DayState]:
    """Return the days on which a slot can be booked now.

    A slot of today's hours must not have begun.
    """
    begun = _begun(tx, states)
    held = held_slots(tx, begun)
    gone = {
        (each.doctor_id, each.date)
        for each in begun
        if next(iter_free(tx, each, held.get((each.doctor_id, each.date), ())), None) is None
    }
    return [each for each in states if each.remaining > 0 and (each.doctor_id, each.date) not in gone]
