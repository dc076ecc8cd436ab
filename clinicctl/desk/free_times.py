"""Find the free times of doctors' days that have hours, many days at once."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from clinicctl.desk import days, placement
from clinicctl.rules import hours
from clinicctl.rules.hours import WHOLE_DAY, Within
from clinicctl.store.compiled import appointments
from clinicctl.store.engine import Tx


class Wish(NamedTuple):
    """Which free times count: those within a part of the day, for a visit of some minutes."""

    within: Within = WHOLE_DAY
    minutes: int | None = None


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
    wish: Wish = Wish(),  # noqa: B008 - immutable
) -> Iterator[tuple[int, int]]:
    """Yield the free slots of a day with hours that have not begun.

    Each has the number of slots that the visit takes.
    """
    if day.slots is None or not day.remaining:
        return iter(())
    within = wish.within._replace(first=max(wish.within.first, placement.begun_until(tx, day.date)))
    found = hours.free_slots(day.slots, frozenset(held), minutes=wish.minutes, within=within)
    return (each for each in found if each[1] <= day.remaining)


def bookable(tx: Tx, states: Sequence[days.DayState]) -> list[days.DayState]:
    """Return the days on which a slot can be booked now.

    A slot of today's hours must not have begun.
    """
    begun = [each for each in states if each.date == tx.today and each.slots is not None]
    held = held_slots(tx, begun)
    gone = {
        (each.doctor_id, each.date)
        for each in begun
        if next(iter_free(tx, each, held.get((each.doctor_id, each.date), ())), None) is None
    }
    return [each for each in states if each.remaining > 0 and (each.doctor_id, each.date) not in gone]
