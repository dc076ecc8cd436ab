"""Conversions between Python values and what SQLite stores. They are strict both ways.

A value is stored in one form only. A reader raises for every other form, and a writer for a value of another type.
Text and integers need no conversion and are passed as they are.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from clinicctl.store.sqlite.driver import sqlite3

V = TypeVar("V")

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)
"""What a reader raises for a stored value that its column cannot have."""

_INSTANT = len("2026-01-31 23:59:59.000000")
_DATE = len("2026-01-31")
_TIME = len("23:59:59.000000")


class Unreadable(sqlite3.DatabaseError):
    """A stored value does not match its column type. It is treated as corruption."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"

    def __init__(self) -> None:
        super().__init__("a stored value does not match its column type")


# The same ids, days and instants are read again and again: a clinic has few doctors, and a day has one date.
@lru_cache(16_384)
def to_uuid(stored: str) -> UUID:
    """Return the id that 32 lower-case hexadecimal digits stand for."""
    value = UUID(stored)
    if value.hex != stored:
        raise ValueError(stored)
    return value


def from_uuid(value: UUID) -> str:
    """Return an id as 32 hexadecimal digits."""
    return value.hex


@lru_cache(1_024)
def to_instant(stored: str) -> datetime:
    """Return the instant that `2026-01-31 23:59:59.000000` in UTC stands for."""
    value = datetime.fromisoformat(stored)
    if value.isoformat(" ", "microseconds") != stored or len(stored) != _INSTANT:
        raise ValueError(stored)
    return value.replace(tzinfo=UTC)


def from_instant(value: datetime) -> str:
    """Return an instant as text in UTC, to the microsecond. Refuses one without an offset."""
    if value.tzinfo is not UTC:
        if value.utcoffset() is None:
            raise ValueError("an instant without its offset")
        value = value.astimezone(UTC)
    return _utc_text(value)


# In UTC only: elsewhere, both hours of a clock that goes back are equal, and would be one to the cache.
@lru_cache(8)
def _utc_text(value: datetime) -> str:
    return value.isoformat(" ", "microseconds")[:_INSTANT]


@lru_cache(1_024)
def to_date(stored: str) -> date:
    """Return the date that `2026-01-31` stands for."""
    value = date.fromisoformat(stored)
    if value.isoformat() != stored:
        raise ValueError(stored)
    return value


def from_date(value: date) -> str:
    """Return a date as `2026-01-31`. Refuses an instant, which is a date with a time."""
    stored = value.isoformat()
    if len(stored) != _DATE:
        raise TypeError(type(value).__name__)
    return stored


def to_time(stored: str) -> time:
    """Return the time that `23:59:59.000000` stands for."""
    value = time.fromisoformat(stored)
    if value.isoformat("microseconds") != stored or len(stored) != _TIME:
        raise ValueError(stored)
    return value


def from_time(value: time) -> str:
    """Return a time as `23:59:59.000000`. Refuses one with an offset."""
    stored = value.isoformat("microseconds")
    if len(stored) != _TIME:
        raise ValueError("a time with an offset")
    return stored


def to_bool(stored: int) -> bool:
    """Return what 0 or 1 stands for."""
    if type(stored) is not int or stored not in (0, 1):
        raise ValueError(stored)
    return stored == 1


def from_bool(value: bool) -> int:
    """Return True as 1 and False as 0. Refuses anything else."""
    if value is not True and value is not False:
        raise TypeError(type(value).__name__)
    return int(value)


def from_list(values: Iterable[V], convert: Callable[[V], object] | None = None) -> str:
    """Return values, each as it is stored, as one JSON parameter for `json_each`."""
    return json.dumps([convert(each) for each in values] if convert else list(values))
