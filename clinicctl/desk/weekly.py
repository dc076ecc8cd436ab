"""The pattern behind a doctor's days: what a weekday is where nothing is said of the date."""

from collections.abc import Sequence
from typing import Any

from clinicctl.desk import availability, days, operations, staff
from clinicctl.results import ToCall, WeekDay
from clinicctl.rules.days import WEEKDAYS, WeekdaysWord, weekdays
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import DaySource, OnConflict
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import weekly_patterns
from clinicctl.store.sql import bindparam, delete, insert

_FORGET = delete(weekly_patterns).where(
    weekly_patterns.c.doctor_id == bindparam("doctor"), weekly_patterns.c.weekday == bindparam("nth")
)
_INSERT = insert(weekly_patterns)


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
    row = staff.find_active(tx, doctor)
    chosen = weekdays(on)
    before = days.weekly(tx, row)
    stood = days.with_ledger(tx, row) if on_conflict is OnConflict.CANCEL else []
    tx.many(_FORGET, [{"doctor": row.id, "nth": nth} for nth in chosen])
    if not forget:
        tx.many(
            _INSERT,
            [{"doctor_id": row.id, "weekday": nth, "present": not off, "capacity": capacity} for nth in chosen],
        )
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
    default = staff.default_capacity(tx, row)
    return [
        WeekDay(
            doctor=row.code,
            weekday=name,
            present=bool(pattern[nth].present) if nth in pattern else True,
            capacity=default if nth not in pattern or pattern[nth].capacity is None else pattern[nth].capacity,
            source=DaySource.WEEKLY if nth in pattern else DaySource.DEFAULT,
            cancelled=told.get(nth, ()),
        )
        for nth, name in enumerate(WEEKDAYS)
    ]


def put_back(tx: Tx, doctor: Row[Any], rows: Sequence[tuple[int, bool | None, int | None]], *, hint: str) -> None:
    """Restore weekdays: weekday, presence (None: not in the pattern) and capacity.

    Refuses with `HasBookings` as `set_weekly` does.
    """
    tx.many(_FORGET, [{"doctor": doctor.id, "nth": nth} for nth, _, _ in rows])
    tx.many(
        _INSERT,
        [
            {"doctor_id": doctor.id, "weekday": nth, "present": present, "capacity": capacity}
            for nth, present, capacity in rows
            if present is not None
        ],
    )
    availability.follow(
        tx, doctor=doctor, on_conflict=OnConflict.REFUSE, weekdays=[nth for nth, _, _ in rows], hint=hint
    )


def _before(doctor: Row[Any], nth: int, pattern: Row[Any] | None) -> tuple[Any, ...]:
    row = (None, None) if pattern is None else (bool(pattern.present), pattern.capacity)
    return (str(doctor.id), nth, *row)
