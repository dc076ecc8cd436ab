"""Doctors' days and their ledger: what is known of a day, and the conditional updates that take and give its places.

What was said about a day stands in one row a doctor and date; a day without one follows the doctor's default. The
ledger (`DoctorDailyCapacity`) exists from the first booking on. Its capacity is kept equal to what was said, so that
taking a place is one statement that cannot lie.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors, results
from clinicctl.desk import lookup
from clinicctl.rules import days
from clinicctl.statuses import DaySource
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

LOOKED_AHEAD = 60
"""Days within which the next free ones are looked for."""


@results.facts
class Facts:
    """What is known of one doctor's day.

    `meant` is the capacity that follows from what was said of the day, its weekday and its doctor; the ledger's holds
    where there is one, and is kept equal to it from today on.
    """

    doctor_id: UUID
    doctor: str
    date: date
    present: bool
    capacity: int
    meant: int
    booked: int
    said: rows.DaySettingRow | None
    source: DaySource
    has_ledger: bool

    @property
    def remaining(self) -> int:
        return days.remaining(self.capacity, self.booked, present=self.present)


def facts(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date]) -> list[Facts]:
    """Return what is known of each date: three statements, however many dates there are."""
    first, last = min(dates), max(dates)
    said = {row.date: row for row in stored_days.settings(tx, doctor=doctor.id, first=first, last=last)}
    ledger = {row.date: row for row in stored_days.ledgers(tx, doctor=doctor.id, first=first, last=last)}
    pattern = weekly(tx, doctor)
    return [_from_rows(tx, doctor, on, said.get(on), pattern.get(on.weekday()), ledger.get(on)) for on in dates]


def facts_of_many(tx: Tx, doctors: Sequence[rows.DoctorRow], dates: Sequence[date]) -> dict[UUID, list[Facts]]:
    """As `facts`, of several doctors, by their ids: three statements, however many doctors there are."""
    ids, first, last = [each.id for each in doctors], min(dates), max(dates)
    settings = stored_days.settings_of_doctors(tx, doctors=ids, first=first, last=last)
    ledgers = stored_days.ledgers_of_doctors(tx, doctors=ids, first=first, last=last)
    said = {(row.doctor_id, row.date): row for row in settings}
    ledger = {(row.doctor_id, row.date): row for row in ledgers}
    pattern = {(row.doctor_id, row.weekday): row for row in stored_days.weekdays_of_doctors(tx, doctors=ids)}
    return {
        row.id: [
            _from_rows(
                tx, row, on, said.get((row.id, on)), pattern.get((row.id, on.weekday())), ledger.get((row.id, on))
            )
            for on in dates
        ]
        for row in doctors
    }


def with_ledger(tx: Tx, doctor: rows.DoctorRow, *, first: date | None = None, last: date = date.max) -> list[Facts]:
    """Return what is known of every day that has a ledger, from today or `first` on."""
    first = first or tx.today
    settings = stored_days.settings_with_ledger(tx, doctor=doctor.id, first=first, last=last)
    said = {row.date: row for row in settings}
    pattern = weekly(tx, doctor)
    return [
        _from_rows(tx, doctor, row.date, said.get(row.date), pattern.get(row.date.weekday()), row)
        for row in stored_days.ledgers(tx, doctor=doctor.id, first=first, last=last)
    ]


def weekly(tx: Tx, doctor: rows.DoctorRow) -> dict[int, rows.WeekdayRow]:
    """Return the rows of a doctor's weekly pattern by weekday, 0 for Monday."""
    return {row.weekday: row for row in stored_days.weekdays(tx, doctor=doctor.id)}


def unsaid(tx: Tx, doctor: rows.DoctorRow, pattern: Mapping[int, rows.WeekdayRow]) -> list[tuple[bool, int]]:
    """Return the presence and the capacity of each weekday, from Monday, on a date of which nothing is said."""
    return [_unsaid(tx, doctor, pattern.get(nth)) for nth in range(7)]


def _unsaid(tx: Tx, doctor: rows.DoctorRow, pattern: rows.WeekdayRow | None) -> tuple[bool, int]:
    default = default_capacity(tx, doctor)
    if pattern is None:
        return True, default
    return pattern.present, default if pattern.capacity is None else pattern.capacity


def _from_rows(
    tx: Tx,
    doctor: rows.DoctorRow,
    on: date,
    said: rows.DaySettingRow | None,
    pattern: rows.WeekdayRow | None,
    ledger: rows.LedgerRow | None,
) -> Facts:
    """Put together what is known of a day: what was said of it, else of its weekday, else of its doctor."""
    present, meant = _unsaid(tx, doctor, pattern)
    if said is not None:
        present, meant = said.present, meant if said.capacity is None else said.capacity
    return Facts(
        doctor_id=doctor.id,
        doctor=doctor.code,
        date=on,
        present=present,
        capacity=meant if ledger is None else ledger.capacity,
        meant=meant,
        booked=0 if ledger is None else ledger.booked,
        said=said,
        source=DaySource.DAY if said is not None else DaySource.WEEKLY if pattern is not None else DaySource.DEFAULT,
        has_ledger=ledger is not None,
    )


def next_free(tx: Tx, doctor: rows.DoctorRow, after: date, *, count: int = 3) -> list[date]:
    """Return the next dates after `after` on which the doctor has a place, looking 60 days ahead."""
    span = [after + timedelta(days=n) for n in range(1, LOOKED_AHEAD + 1)]
    return first_free(facts(tx, doctor, span), after=after, today=tx.today)[:count]


def first_free(ahead: Sequence[Facts], *, after: date, today: date) -> list[date]:
    """Return the dates after `after` on which a doctor has a place, of the days that are known."""
    last = after + timedelta(days=LOOKED_AHEAD)
    return [
        each.date for each in ahead if each.remaining > 0 and max(after + timedelta(days=1), today) <= each.date <= last
    ]


def refuse_past(tx: Tx, on: date) -> None:
    """Refuse a day that is over, by the clinic's date."""
    if on < tx.today:
        raise errors.PastDay(date=on.isoformat(), today=tx.today.isoformat())


def take_place(tx: Tx, day: Facts, *, overbook: bool) -> bool:
    """Take one place of a day by a conditional update; return whether it stands above the capacity.

    Refuses a full day with the next free ones, and `overbook` above the clinic's limit. The update decides, whatever
    was read before it.
    """
    open_ledger(tx, day)
    if stored_days.take_slot(tx, doctor=day.doctor_id, on=day.date):
        return False
    limit = tx.clinic.overbook_limit
    if overbook and stored_days.take_slot_above(tx, doctor=day.doctor_id, on=day.date, limit=limit):
        return True
    known: dict[str, Any] = {
        "doctor": day.doctor,
        "date": day.date.isoformat(),
        "booked": day.booked,
        "capacity": day.capacity,
    }
    if overbook:
        raise errors.OverbookingLimit(limit=limit, **known)
    free = next_free(tx, lookup.doctor_by_id(tx, day.doctor_id), day.date)
    raise errors.DayFull(**known, next_free=[each.isoformat() for each in free], hint=_free_hint(free))


def open_ledger(tx: Tx, day: Facts) -> None:
    """Begin the ledger of a day, where there is none yet."""
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


def refuse_absent(tx: Tx, doctor: rows.DoctorRow, day: Facts) -> None:
    """Refuse a day without the doctor, with the next free ones."""
    if not day.present:
        free = next_free(tx, doctor, day.date)
        raise errors.DoctorAbsent(
            doctor=day.doctor,
            date=day.date.isoformat(),
            next_free=[each.isoformat() for each in free],
            hint=_free_hint(free),
        )


def retake(tx: Tx, *, doctor_id: UUID, on: date) -> None:
    """Take one place again for somebody whose cancellation is undone. The slot is free, so that none is exceeded."""
    taken = stored_days.retake_slot(tx, doctor=doctor_id, on=on)
    assert taken == 1, "a place was taken again of a day that has none"


def give_back(tx: Tx, *, doctor_id: UUID, on: date) -> None:
    """Give one place back. The caller has just freed its slot, in this transaction."""
    given = stored_days.release_slot(tx, doctor=doctor_id, on=on)
    assert given == 1, "a place was given back that nobody held"


def next_position(tx: Tx, *, doctor_id: UUID, on: date) -> int:
    """Take the next position of a doctor's queue from its counter; never reused, never reset within the day."""
    position = stored_days.next_position(tx, doctor=doctor_id, on=on)
    assert position is not None, "a queue without its day"
    return position


def next_recall(tx: Tx, *, doctor_id: UUID, on: date) -> int:
    """Take the next number of the recalled, who come behind those waiting of their priority."""
    recall = stored_days.next_recall(tx, doctor=doctor_id, on=on)
    assert recall is not None, "a queue without its day"
    return recall


def _free_hint(free: Sequence[date]) -> str | None:
    return f"Next free days: {', '.join(each.isoformat() for each in free)}." if free else None


def default_capacity(tx: Tx, row: rows.DoctorRow) -> int:
    """Return the capacity of a day of this doctor's for which nothing else is said."""
    return tx.clinic.capacity if row.capacity is None else row.capacity
