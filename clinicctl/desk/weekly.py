"""The pattern behind a doctor's days: what a weekday is where nothing is said of the date."""

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
    """Say what a doctor's weekdays are; other weekdays stay as they are. `off` is without the doctor.

    Without a `capacity` a weekday has the doctor's default; `forget` takes the weekday out of the pattern. A date of
    which something was said itself does not follow. Refuses with `HasBookings` as `set_days` does.
    """
    row = lookup.find_active_doctor(tx, doctor)
    chosen = weekdays(on)
    before = days.weekly(tx, row)
    stood = days.with_ledger(tx, row) if on_conflict is OnConflict.CANCEL else []
    stored_days.delete_weekdays(tx, doctor=row.id, weekdays=chosen)
    if not forget:
        stored_days.insert_weekdays(tx, [rows.WeekdayRow(row.id, nth, not off, capacity) for nth in chosen])
    cancelled = availability.follow(tx, doctor=row, on_conflict=on_conflict, weekdays=chosen)
    availability.keep_before(
        tx,
        weekdays=[_before(row, nth, before.get(nth)) for nth in chosen],
        cancelled=[each for each in stood if each.date in cancelled],
    )
    told: dict[int, tuple[ToCall, ...]] = {}
    for on_, people in sorted(cancelled.items()):
        told[on_.weekday()] = (*told.get(on_.weekday(), ()), *people)
    pattern = days.weekly(tx, row)
    return [
        WeekDay(
            doctor=row.code,
            weekday=name,
            present=present,
            capacity=places,
            source=DaySource.WEEKLY if nth in pattern else DaySource.DEFAULT,
            cancelled=told.get(nth, ()),
        )
        for nth, (name, (present, places)) in enumerate(zip(WEEKDAYS, days.unsaid(tx, row, pattern), strict=True))
    ]


def put_back(tx: Tx, doctor: rows.DoctorRow, kept: Sequence[tuple[int, bool | None, int | None]], *, hint: str) -> None:
    """Restore weekdays: weekday, presence (None: not in the pattern) and capacity.

    Refuses with `HasBookings` as `set_weekly` does.
    """
    weekdays_ = [nth for nth, _, _ in kept]
    stored_days.delete_weekdays(tx, doctor=doctor.id, weekdays=weekdays_)
    stored_days.insert_weekdays(
        tx,
        [rows.WeekdayRow(doctor.id, nth, present, capacity) for nth, present, capacity in kept if present is not None],
    )
    availability.follow(tx, doctor=doctor, on_conflict=OnConflict.REFUSE, weekdays=weekdays_, hint=hint)


def _before(doctor: rows.DoctorRow, nth: int, pattern: rows.WeekdayRow | None) -> availability.KeptWeekday:
    present, capacity = (None, None) if pattern is None else (pattern.present, pattern.capacity)
    return (str(doctor.id), nth, present, capacity)
