"""Set a doctor's weekly pattern. It applies to dates without a setting."""

from collections.abc import Sequence

from clinicctl.desk import availability, days, lookup, operations
from clinicctl.results.days import WeekDay
from clinicctl.results.people import ToCall
from clinicctl.rules.days import WEEKDAYS, WeekdaysWord, weekdays
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import DaySource, OnConflict
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


@operations.SET_WEEKLY
def set_weekly(
    tx: Tx,
    *,
    doctor: DoctorRef,
    on: WeekdaysWord,
    capacity: int | None = None,
    off: bool = False,
    forget: bool = False,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> list[WeekDay]:
    """Set weekdays in a doctor's pattern.

    Other weekdays, and dates set individually, are not changed. With `off` the doctor is absent. Without `capacity` a
    weekday has the doctor's default. `forget` removes weekdays from the pattern. Refuses with `HasBookings` as
    `set_days` does.
    """
    row = lookup.find_active_doctor(tx, doctor)
    chosen = weekdays(on)
    before = days.weekly(tx, row)
    states = days.list_with_ledger(tx, row) if on_conflict is OnConflict.CANCEL else []
    stored_days.delete_weekdays(tx, doctor=row.id, weekdays=chosen)
    if not forget:
        stored_days.insert_weekdays(tx, [rows.WeekdayRow(row.id, nth, not off, capacity) for nth in chosen])
    cancelled = availability.reapply_capacities(tx, doctor=row, on_conflict=on_conflict, weekdays=chosen)
    availability.record_before(
        tx,
        weekdays=[_before(row, nth, before.get(nth)) for nth in chosen],
        cancelled=[each for each in states if each.date in cancelled],
    )
    cancelled_by_weekday: dict[int, tuple[ToCall, ...]] = {}
    for date_, people in sorted(cancelled.items()):
        nth = date_.weekday()
        cancelled_by_weekday[nth] = (*cancelled_by_weekday.get(nth, ()), *people)
    pattern = days.weekly(tx, row)
    return [
        WeekDay(
            doctor=row.code,
            weekday=name,
            present=present,
            capacity=capacity_,
            source=DaySource.WEEKLY if nth in pattern else DaySource.DEFAULT,
            cancelled=cancelled_by_weekday.get(nth, ()),
        )
        for nth, (name, (present, capacity_)) in enumerate(
            zip(WEEKDAYS, days.weekly_defaults(tx, row, pattern), strict=True)
        )
    ]


def restore(
    tx: Tx, doctor: rows.DoctorRow, before: Sequence[tuple[int, bool | None, int | None]], *, hint: str
) -> None:
    """Restore weekdays: weekday, presence (None: not in the pattern) and capacity.

    Refuses with `HasBookings` as `set_weekly` does.
    """
    weekdays_ = [nth for nth, _, _ in before]
    stored_days.delete_weekdays(tx, doctor=doctor.id, weekdays=weekdays_)
    stored_days.insert_weekdays(
        tx,
        [
            rows.WeekdayRow(doctor.id, nth, present, capacity)
            for nth, present, capacity in before
            if present is not None
        ],
    )
    availability.reapply_capacities(tx, doctor=doctor, on_conflict=OnConflict.REFUSE, weekdays=weekdays_, hint=hint)


def _before(doctor: rows.DoctorRow, nth: int, pattern: rows.WeekdayRow | None) -> availability.WeekdayBefore:
    present, capacity = (None, None) if pattern is None else (pattern.present, pattern.capacity)
    return (str(doctor.id), nth, present, capacity)
