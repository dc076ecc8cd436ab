"""The waitlist: first come, first served, on the days that were asked for."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Protocol, TypeVar
from uuid import UUID


class Wish(Protocol):
    """One day of one entry."""

    @property
    def id(self) -> UUID: ...
    @property
    def number(self) -> int: ...
    @property
    def doctor_id(self) -> UUID: ...
    @property
    def date(self) -> date: ...


W = TypeVar("W", bound=Wish)


def who_fits(wishes: Iterable[W], free: Collection[date]) -> list[W]:
    """Return the wishes for a day that is free: the first entry first, and of an entry the earliest day first."""
    return sorted((each for each in wishes if each.date in free), key=lambda each: (each.number, each.date))


def settled(wishes: Iterable[W]) -> tuple[dict[UUID, list[date]], list[W]]:
    """Return the days that each entry of one patient keeps, and the wishes for what an older entry asks for, too."""
    kept: dict[UUID, list[date]] = {}
    taken: set[tuple[UUID, date]] = set()
    doubled: list[W] = []
    for each in sorted(wishes, key=lambda each: (each.number, each.date)):
        if (each.doctor_id, each.date) in taken:
            doubled.append(each)
        else:
            taken.add((each.doctor_id, each.date))
            kept.setdefault(each.id, []).append(each.date)
    return kept, doubled
