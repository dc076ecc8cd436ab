"""The waitlist: first come, first served, as far as somebody fits."""

from collections.abc import Iterable
from datetime import date
from typing import Protocol, TypeVar


class Waits(Protocol):
    """What is looked at to find who is next."""

    @property
    def number(self) -> int: ...
    @property
    def first_date(self) -> date: ...
    @property
    def last_date(self) -> date: ...


W = TypeVar("W", bound=Waits)


def who_fits(entries: Iterable[W], free: Iterable[date]) -> list[tuple[W, date]]:
    """Return every entry that a free date fits, in the order of coming, each with its dates, the earliest first."""
    dates = sorted(free)
    return [
        (entry, on)
        for entry in sorted(entries, key=lambda each: each.number)
        for on in dates
        if entry.first_date <= on <= entry.last_date
    ]
