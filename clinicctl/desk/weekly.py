"""Set a doctor's weekly pattern. It applies to dates without a setting."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TypeVar
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import availability, days, lookup, operations
from clinicctl.results.days import WeekDay
from clinicctl.results.people import ToCall
from clinicctl.rules import hours
from clinicctl.rules.days import WEEKDAYS, WeekdaysWord, weekdays
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import DaySource, OnConflict
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

P = TypeVar("P", bound=ToCall)


@operations.SET_WEEKLY
def set_weekly(
    tx: Tx,
    *,
    doctor: DoctorRef,
    on: WeekdaysWord,
    capacity: int | None = None,
    off: bool = False,
    forget: bool = False,
    sessions: str | None = None,
    every: int | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> list[WeekDay]:
    """Set weekdays in a doctor's pattern.

    Other weekdays, and dates set individually, are not changed. With `off` the doctor is absent. Without `capacity` a
    weekday has the slots of its hours, or the doctor's default. Without `sessions` and `every` it keeps its hours.
    `forget` removes weekdays from the pattern. Refuses with `HasBookings` as `set_days` does.
    """
    row = lookup.find_active_doctor(tx, doctor)
    chosen = weekdays(on)
    before = days.weekly(tx, row)
    current = days.list_with_ledger(tx, row)
    changed = [] if forget else [_changed(row, nth, before.get(nth), capacity, off, sessions, every) for nth in chosen]
    stored_days.delete_weekdays(tx, doctor=row.id, weekdays=chosen)
    stored_days.insert_weekdays(tx, changed)
    resolved = availability.reapply(tx, doctor=row, before=current, on_conflict=on_conflict, weekdays=chosen)
    availability.record_before(
        tx,
        weekdays=[_before(row, nth, before.get(nth)) for nth in chosen],
        cancelled=[each for each in current if (each.doctor, each.date) in resolved.cancelled],
    )
    pattern = days.weekly(tx, row)
    return [
        WeekDay(
            doctor=row.code,
            weekday=name,
            present=plan.present,
            capacity=plan.capacity,
            source=DaySource.WEEKLY if nth in pattern else DaySource.DEFAULT,
            cancelled=_of_weekday(resolved.cancelled, nth),
            moved=_of_weekday(resolved.moved, nth),
            sessions=tuple(plan.sessions.split(";")) if plan.sessions else (),
            every=plan.every,
        )
        for nth, (name, plan) in enumerate(zip(WEEKDAYS, days.weekly_defaults(tx, row, pattern), strict=True))
    ]


def preview_conflicts(
    tx: Tx,
    *,
    doctor: DoctorRef,
    on: WeekdaysWord,
    capacity: int | None = None,
    off: bool = False,
    forget: bool = False,
    sessions: str | None = None,
    every: int | None = None,
    on_conflict: OnConflict = OnConflict.CANCEL,
    key: str | None = None,
) -> Sequence[ToCall]:
    """Return the patients whom `set_weekly` would cancel, or with MOVE would move.

    There are none if the key already belongs to a write. Refuses what `set_weekly` refuses.
    """
    if key is not None and stored_journal.by_key(tx, key=key) is not None:
        return ()
    row = lookup.find_active_doctor(tx, doctor)
    before = days.weekly(tx, row)
    planned = {
        nth: None if forget else days.given(_changed(row, nth, before.get(nth), capacity, off, sessions, every))
        for nth in weekdays(on)
    }
    current = [each for each in days.list_with_ledger(tx, row) if each.date.weekday() in planned]
    return availability.list_affected(
        tx, [(each, each.under(planned[each.date.weekday()])) for each in current], on_conflict=on_conflict
    )


def _of_weekday(by_day: Mapping[tuple[str, date], tuple[P, ...]], nth: int) -> tuple[P, ...]:
    """Return the patients of a weekday, by date."""
    return tuple(each for (_, on), people in sorted(by_day.items()) if on.weekday() == nth for each in people)


def _changed(
    doctor: rows.DoctorRow,
    nth: int,
    before: rows.WeekdayRow | None,
    capacity: int | None,
    off: bool,
    sessions: str | None,
    every: int | None,
) -> rows.WeekdayRow:
    """Return a weekday after a change.

    Refuses a capacity above the slots of its hours.
    """
    current = (before.sessions, before.every) if before is not None else (None, None)
    if sessions is not None or every is not None:
        stored, every = availability.merged_hours(current, sessions, every)
        current = (stored or None, every)
    if current[0] is not None and current[1] is not None and capacity is not None:
        most = hours.count_slots(current[0], current[1])
        if capacity > most:
            raise errors.BadValue(problem=f"--capacity: {capacity} is more than the {most} slots of the hours.")
    return rows.WeekdayRow(doctor.id, nth, not off, capacity, *current)


def restore(tx: Tx, doctor_id: UUID, before: Sequence[rows.WeekdayRow], changed: Sequence[int]) -> None:
    """Restore the changed weekdays as they were before. The ledgers are not updated."""
    stored_days.delete_weekdays(tx, doctor=doctor_id, weekdays=changed)
    stored_days.insert_weekdays(tx, before)


def _before(doctor: rows.DoctorRow, nth: int, pattern: rows.WeekdayRow | None) -> availability.WeekdayBefore:
    return (str(doctor.id), nth, *(pattern[2:] if pattern is not None else (None, None, None, None)))
