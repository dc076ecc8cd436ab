"""Doctors' days and their ledger: what is known of a day, and the conditional updates that take and give its places.

What was said about a day stands in one row a doctor and date; a day without one follows the doctor's default. The
ledger (`DoctorDailyCapacity`) exists from the first booking on. Its capacity is kept equal to what was said, so that
taking a place is one statement that cannot lie.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors, results
from clinicctl.desk import staff
from clinicctl.rules import slots
from clinicctl.statuses import DaySource
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import availabilities, capacities, weekly_patterns
from clinicctl.store.sql import and_, as_list, bindparam, case, insert, is_among, select, update

LOOKED_AHEAD = 60
"""Days within which the next free ones are looked for."""

_SAID = select(availabilities).where(
    availabilities.c.doctor_id == bindparam("doctor"),
    availabilities.c.date.between(bindparam("first"), bindparam("last")),
)
_LEDGER = select(capacities).where(
    capacities.c.doctor_id == bindparam("doctor"),
    capacities.c.date.between(bindparam("first"), bindparam("last")),
)
_SAID_OF_MANY = select(availabilities).where(
    is_among(availabilities.c.doctor_id, "doctors"),
    availabilities.c.date.between(bindparam("first"), bindparam("last")),
)
_LEDGER_OF_MANY = select(capacities).where(
    is_among(capacities.c.doctor_id, "doctors"),
    capacities.c.date.between(bindparam("first"), bindparam("last")),
)
_SAID_AND_LEDGER = _SAID.join(
    capacities,
    and_(capacities.c.doctor_id == availabilities.c.doctor_id, capacities.c.date == availabilities.c.date),
)
_WEEKLY = select(weekly_patterns).where(weekly_patterns.c.doctor_id == bindparam("doctor"))
_WEEKLY_OF_MANY = select(weekly_patterns).where(is_among(weekly_patterns.c.doctor_id, "doctors"))
_INSERT_LEDGER = insert(capacities)
_HERE = and_(capacities.c.doctor_id == bindparam("doctor"), capacities.c.date == bindparam("on"))
_TAKE = (
    update(capacities)
    .where(_HERE, capacities.c.remaining > 0)
    .values(booked=capacities.c.booked + 1, remaining=capacities.c.remaining - 1)
)
_TAKE_ABOVE = (
    update(capacities)
    .where(_HERE, capacities.c.remaining == 0, capacities.c.booked < capacities.c.capacity + bindparam("limit"))
    .values(booked=capacities.c.booked + 1)
)
_RETAKE = (
    update(capacities)
    .where(_HERE)
    .values(
        booked=capacities.c.booked + 1,
        remaining=case(
            (capacities.c.booked + 1 < capacities.c.capacity, capacities.c.capacity - capacities.c.booked - 1), else_=0
        ),
    )
)
_GIVE_BACK = (
    update(capacities)
    .where(_HERE, capacities.c.booked > 0)
    .values(
        booked=capacities.c.booked - 1,
        remaining=case(
            (capacities.c.booked - 1 < capacities.c.capacity, capacities.c.capacity - capacities.c.booked + 1), else_=0
        ),
    )
)
_NEXT_RECALL = (
    update(capacities).where(_HERE).values(last_recall=capacities.c.last_recall + 1).returning(capacities.c.last_recall)
)
_NEXT_POSITION = (
    update(capacities)
    .where(_HERE)
    .values(last_position=capacities.c.last_position + 1)
    .returning(capacities.c.last_position)
)


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
    said: Row[Any] | None
    source: DaySource
    has_ledger: bool

    @property
    def remaining(self) -> int:
        return slots.remaining(self.capacity, self.booked, present=self.present)


def facts(tx: Tx, doctor: Row[Any], dates: Sequence[date]) -> list[Facts]:
    """Return what is known of each date: three statements, however many dates there are."""
    span = {"doctor": doctor.id, "first": min(dates), "last": max(dates)}
    said = {row.date: row for row in tx.all(_SAID, **span)}
    ledger = {row.date: row for row in tx.all(_LEDGER, **span)}
    pattern = weekly(tx, doctor)
    return [_from_rows(tx, doctor, on, said.get(on), pattern.get(on.weekday()), ledger.get(on)) for on in dates]


def facts_of_many(tx: Tx, doctors: Sequence[Row[Any]], dates: Sequence[date]) -> dict[UUID, list[Facts]]:
    """As `facts`, of several doctors, by their ids: three statements, however many doctors there are."""
    listed = as_list(each.id for each in doctors)
    span = {"doctors": listed, "first": min(dates), "last": max(dates)}
    said = {(row.doctor_id, row.date): row for row in tx.all(_SAID_OF_MANY, **span)}
    ledger = {(row.doctor_id, row.date): row for row in tx.all(_LEDGER_OF_MANY, **span)}
    pattern = {(row.doctor_id, row.weekday): row for row in tx.all(_WEEKLY_OF_MANY, doctors=listed)}
    return {
        row.id: [
            _from_rows(
                tx, row, on, said.get((row.id, on)), pattern.get((row.id, on.weekday())), ledger.get((row.id, on))
            )
            for on in dates
        ]
        for row in doctors
    }


def with_ledger(tx: Tx, doctor: Row[Any], *, first: date | None = None, last: date = date.max) -> list[Facts]:
    """Return what is known of every day that has a ledger, from today or `first` on."""
    span = {"doctor": doctor.id, "first": first or tx.today, "last": last}
    said = {row.date: row for row in tx.all(_SAID_AND_LEDGER, **span)}
    pattern = weekly(tx, doctor)
    return [
        _from_rows(tx, doctor, row.date, said.get(row.date), pattern.get(row.date.weekday()), row)
        for row in tx.all(_LEDGER, **span)
    ]


def weekly(tx: Tx, doctor: Row[Any]) -> dict[int, Row[Any]]:
    """Return the rows of a doctor's weekly pattern by weekday, 0 for Monday."""
    return {row.weekday: row for row in tx.all(_WEEKLY, doctor=doctor.id)}


def unsaid(tx: Tx, doctor: Row[Any]) -> list[tuple[bool, int]]:
    """Return the presence and the capacity of each weekday, from Monday, on a date of which nothing is said."""
    pattern, default = weekly(tx, doctor), staff.default_capacity(tx, doctor)
    rows = [pattern.get(nth) for nth in range(7)]
    return [
        (True, default) if row is None else (bool(row.present), default if row.capacity is None else int(row.capacity))
        for row in rows
    ]


def _from_rows(
    tx: Tx, doctor: Row[Any], on: date, said: Row[Any] | None, pattern: Row[Any] | None, ledger: Row[Any] | None
) -> Facts:
    """Put together what is known of a day: what was said of it, else of its weekday, else of its doctor."""
    spoken = [row for row in (said, pattern) if row is not None]
    default = staff.default_capacity(tx, doctor)
    meant = int(next((row.capacity for row in spoken if row.capacity is not None), default))
    return Facts(
        doctor_id=doctor.id,
        doctor=doctor.code,
        date=on,
        present=bool(spoken[0].present) if spoken else True,
        capacity=int(ledger.capacity) if ledger is not None else meant,
        meant=meant,
        booked=int(ledger.booked) if ledger is not None else 0,
        said=said,
        source=DaySource.DAY if said is not None else DaySource.WEEKLY if pattern is not None else DaySource.DEFAULT,
        has_ledger=ledger is not None,
    )


def next_free(tx: Tx, doctor: Row[Any], after: date, *, count: int = 3) -> list[date]:
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
    here: dict[str, Any] = {"doctor": day.doctor_id, "on": day.date}
    if tx.run(_TAKE, **here):
        return False
    if overbook and tx.run(_TAKE_ABOVE, limit=tx.clinic.overbook_limit, **here):
        return True
    known: dict[str, Any] = {
        "doctor": day.doctor,
        "date": day.date.isoformat(),
        "booked": day.booked,
        "capacity": day.capacity,
    }
    if overbook:
        raise errors.OverbookingLimit(limit=tx.clinic.overbook_limit, **known)
    free = next_free(tx, staff.of_id(tx, day.doctor_id), day.date)
    raise errors.DayFull(**known, next_free=[each.isoformat() for each in free], hint=_free_hint(free))


def open_ledger(tx: Tx, day: Facts) -> None:
    """Begin the ledger of a day, where there is none yet."""
    if not day.has_ledger:
        tx.run(
            _INSERT_LEDGER,
            id=uuid4(),
            doctor_id=day.doctor_id,
            date=day.date,
            capacity=day.capacity,
            booked=0,
            remaining=day.capacity,
            last_position=0,
            last_recall=0,
        )


def refuse_absent(tx: Tx, doctor: Row[Any], day: Facts) -> None:
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
    """Take one place again for somebody whose cancellation is undone; his slot is free, so that none is exceeded."""
    taken = tx.run(_RETAKE, doctor=doctor_id, on=on)
    assert taken == 1, "a place was taken again of a day that has none"


def give_back(tx: Tx, *, doctor_id: UUID, on: date) -> None:
    """Give one place back. The caller has just freed its slot, in this transaction."""
    given = tx.run(_GIVE_BACK, doctor=doctor_id, on=on)
    assert given == 1, "a place was given back that nobody held"


def next_position(tx: Tx, *, doctor_id: UUID, on: date) -> int:
    """Take the next position of a doctor's queue from its counter; never reused, never reset within the day."""
    row = tx.one(_NEXT_POSITION, doctor=doctor_id, on=on)
    assert row is not None, "a queue without its day"
    return int(row[0])


def next_recall(tx: Tx, *, doctor_id: UUID, on: date) -> int:
    """Take the next number of the recalled, who come behind those waiting of their priority."""
    row = tx.one(_NEXT_RECALL, doctor=doctor_id, on=on)
    assert row is not None, "a queue without its day"
    return int(row[0])


def _free_hint(free: Sequence[date]) -> str | None:
    return f"Next free days: {', '.join(each.isoformat() for each in free)}." if free else None
