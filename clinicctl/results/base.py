"""What all results share: what is personal in them, and how they become JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache, lru_cache, partial
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

T = TypeVar("T")

PERSONAL: Mapping[str, bool] = {"personal": True}
"""Marks a field that never reaches the journal or a log."""


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def facts(result: type[T]) -> type[T]:
    """Make a class of facts: a frozen dataclass. Nobody compares two, nor prints one: there may be a name in it.

    A command makes its classes sooner without the methods for either.
    """
    return dataclass(frozen=True, slots=True, eq=False, repr=False)(result)


_STORED: dict[str, type] = {}
_NAMES: dict[type, str] = {}


def stored(name: str) -> Callable[[type[T]], type[T]]:
    """Declare by which name journals keep a class of results. It never changes, whatever the class is called."""

    def declare(kind: type[T]) -> type[T]:
        _STORED[name], _NAMES[kind] = kind, name
        return kind

    return declare


def stored_name(kind: type) -> str:
    """Return the name by which journals keep a class."""
    return _NAMES[kind]


def stored_class(name: str) -> type:
    """Return the class of results that journals keep by a name. Raises KeyError for none."""
    return _STORED[name]


@facts
class Outcome:
    """What a write answers: its result, and how it came about."""

    result: Any
    replayed: bool = False
    dry_run: bool = False


def plain(value: Any, *, personal: bool = True) -> Any:
    """Return `value` as JSON knows it: dates ISO 8601, instants RFC 3339 to the second, times `HH:MM`.

    Without `personal`, every field marked so is left out; but that there was nothing in it is told.
    """
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if written := _written(kind):  # type: ignore[arg-type]
        return written(value)
    if _shape(kind):  # type: ignore[arg-type]
        return _facts(value, personal=personal)
    if isinstance(value, list | tuple):
        return _listed(value, personal=personal)
    if isinstance(value, dict):
        return {name: plain(each, personal=personal) for name, each in value.items()}
    return value


@lru_cache(4_096)
def _id(value: UUID) -> str:
    """An id; it goes into the journal and into the answer, and those of patients and doctors come again."""
    return str(value)


_AS_IT_IS = frozenset({str, int, bool, float, NoneType})
_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    UUID: _id,
    StrEnum: str,
    datetime: lambda instant: instant.isoformat(timespec="seconds"),
    time: lambda at: at.isoformat(timespec="minutes"),
    date: date.isoformat,
}


@cache
def _written(kind: type) -> Callable[[Any], str] | None:
    """How a value of this class is written, where that takes one word."""
    return next((written for known, written in _WRITTEN.items() if issubclass(kind, known)), None)


def _facts(value: Any, *, personal: bool) -> dict[str, Any]:
    kind = type(value)
    names, values = _shape(kind)  # type: ignore[misc, arg-type]
    given = values(value)
    found = dict(zip(names, given, strict=True))
    left_out, written = _plan(kind, personal, *map(type, given))  # type: ignore[arg-type]
    for name in left_out:
        del found[name]
    for name, writer in written:
        found[name] = writer(found[name])
    return found


@cache
def _shape(kind: type) -> tuple[tuple[str, ...], Callable[[Any], Sequence[Any]]] | None:
    """The names of the fields of a result's class, and what takes their values; None of any other class."""
    if not is_dataclass(kind):
        return None
    names = tuple(each.name for each in fields(kind))
    return names, attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)


@lru_cache(1_024)
def _plan(kind: type, personal: bool, *given: type) -> tuple[Sequence[str], Sequence[tuple[str, Callable[[Any], Any]]]]:
    """The fields that are left out, and how those are written that are not as JSON knows them, by the values' types."""
    found = list(zip(fields(kind), given, strict=True))
    left_out = [each.name for each, what in found if each.metadata and not personal and what is not NoneType]
    written = [
        (each.name, _written(what) or partial(_facts if _shape(what) else plain, personal=personal))
        for each, what in found
        if each.name not in left_out and what not in _AS_IT_IS
    ]
    return left_out, written


def _listed(values: Sequence[Any], *, personal: bool) -> list[Any]:
    if values and isinstance(values[0], tuple) and hasattr(values[0], "_fields"):
        return _objects(values)
    return [plain(each, personal=personal) for each in values]


def _objects(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Named tuples as objects; nothing in them is personal. Quick, because there may be very many."""
    names = rows[0]._fields
    columns = [_column(each) for each in zip(*rows, strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: Sequence[Any]) -> Sequence[Any]:
    """Values as JSON knows them, each that comes again worked out once."""
    if all(value is None or type(value) in (int, str) for value in values):
        return values
    known: dict[Any, Any] = {}
    return [known[value] if value in known else known.setdefault(value, plain(value)) for value in values]
