"""Convert between Python values and stored values, strictly in both directions.

Each type has one stored form. Reading any other form raises, and so does writing a value of another type. Text and
integers need no conversion.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

V = TypeVar("V")

UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)
"""The exceptions that readers raise for an invalid stored value."""

_INSTANT = len("2026-01-31 23:59:59.000000")
_DATE = len("2026-01-31")
_TIME = len("23:59:59.000000")


class Unreadable(Exception):
    """A stored value does not match its column type. It is treated as corruption."""

    def __init__(self) -> None:
        super().__init__("a stored value does not match its column type")


# Cached, because the same ids, dates and instants are read repeatedly: a clinic has few doctors.
@lru_cache(16_384)
def to_uuid(stored: str) -> UUID:
    """Return the id for 32 lower-case hexadecimal digits."""
    value = UUID(stored)
    if value.hex != stored:
        raise ValueError(stored)
    return value


def from_uuid(value: UUID) -> str:
    """Return an id as 32 hexadecimal digits."""
    return value.hex


@lru_cache(1_024)
def to_instant(stored: str) -> datetime:
    """Return the instant for text such as `2026-01-31 23:59:59.000000`, in UTC."""
    value = datetime.fromisoformat(stored)
    if value.isoformat(" ", "microseconds") != stored or len(stored) != _INSTANT:
        raise ValueError(stored)
    return value.replace(tzinfo=UTC)


def from_instant(value: datetime) -> str:
    """Return an instant as text in UTC, to the microsecond.

    Refuses one without an offset.
    """
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
    """Return the date for text such as `2026-01-31`."""
    value = date.fromisoformat(stored)
    if value.isoformat() != stored:
        raise ValueError(stored)
    return value


def from_date(value: date) -> str:
    """Return a date as text such as `2026-01-31`.

    Refuses a datetime, which is a date for Python.
    """
    stored = value.isoformat()
    if len(stored) != _DATE:
        raise TypeError(type(value).__name__)
    return stored


def to_time(stored: str) -> time:
    """Return the time for text such as `23:59:59.000000`."""
    value = time.fromisoformat(stored)
    if value.isoformat("microseconds") != stored or len(stored) != _TIME:
        raise ValueError(stored)
    return value


def from_time(value: time) -> str:
    """Return a time as text such as `23:59:59.000000`. Refuses a time with an offset."""
    stored = value.isoformat("microseconds")
    if len(stored) != _TIME:
        raise ValueError("a time with an offset")
    return stored


def to_bool(stored: int) -> bool:
    """Return the truth value for 0 or 1."""
    if type(stored) is not int or stored not in (0, 1):
        raise ValueError(stored)
    return stored == 1


def from_bool(value: bool) -> int:
    """Return True as 1 and False as 0. Refuses anything else."""
    if value is not True and value is not False:
        raise TypeError(type(value).__name__)
    return int(value)


def from_list(values: Iterable[V], convert: Callable[[V], object] | None = None) -> str:
    """Return values in stored form as one JSON parameter for `json_each`."""
    return json.dumps([convert(each) for each in values] if convert else list(values))
