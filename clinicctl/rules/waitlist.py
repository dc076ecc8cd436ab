"""The waitlist: first come, first served, on the requested days."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar
from uuid import UUID


class Wish(Protocol):
    """One requested day of one entry."""

    @property
    def id(self) -> UUID: ...
    @property
    def number(self) -> int: ...
    @property
    def doctor_id(self) -> UUID: ...
    @property
    def date(self) -> date: ...


W = TypeVar("W", bound=Wish)


def without_duplicates(wishes: Iterable[W]) -> tuple[dict[UUID, list[date]], list[W]]:
    """Return the days of each entry of a patient, and the duplicate wishes.

    A wish is a duplicate if an older entry has it.
    """
    days_of_entries: dict[UUID, list[date]] = {}
    taken: set[tuple[UUID, date]] = set()
    duplicates: list[W] = []
    for each in sorted(wishes, key=lambda each: (each.number, each.date)):
        if (each.doctor_id, each.date) in taken:
            duplicates.append(each)
        else:
            taken.add((each.doctor_id, each.date))
            days_of_entries.setdefault(each.id, []).append(each.date)
    return days_of_entries, duplicates
