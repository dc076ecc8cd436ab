"""What all results share: the mark for personal fields, names in journals, and JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache, lru_cache, partial
from importlib import import_module
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

T = TypeVar("T")

PERSONAL: Mapping[str, bool] = {"personal": True}
"""Marks a field that never reaches the journal or a log."""

ESTIMATE: Mapping[str, bool] = {"estimate": True}
"""Marks a field that is true only now, so that the journal does not have it either. It needs a default."""


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def result(kind: type[T]) -> type[T]:
    """Make a class of results: a frozen dataclass without `__eq__` and `__repr__`.

    A result may hold a name, so nothing may print it by mistake; and the class is made faster without these methods.
    """
    return dataclass(frozen=True, slots=True, eq=False, repr=False)(kind)


_MODULES = ("appointments", "clinic", "database", "days", "imports", "journal", "outbox", "people")
_STORED: dict[str, type] = {}
_NAMES: dict[type, str] = {}


def stored(name: str) -> Callable[[type[T]], type[T]]:
    """Declare the name of a class of results in journals.

    It never changes, whatever the class is called.
    """

    def declare(kind: type[T]) -> type[T]:
        _STORED[name], _NAMES[kind] = kind, name
        return kind

    return declare


def stored_name(kind: type) -> str:
    """Return the name of a class in journals."""
    return _NAMES[kind]


def stored_class(name: str) -> type:
    """Return the class with a name in journals. Raises KeyError for an unknown name."""
    # Only a replay needs every class; making them all takes longer than the statements of a command.
    for module in _MODULES:
        import_module(f"clinicctl.results.{module}")
    return _STORED[name]


@result
class Outcome:
    """The answer of a write: its result, and whether it is a replay or a dry run."""

    result: Any
    replayed: bool = False
    dry_run: bool = False


def fields_of(value: Any) -> dict[str, Any]:
    """Return the fields of a result by name, for another result that has them too."""
    return {each.name: getattr(value, each.name) for each in fields(value)}


def plain(value: Any, *, personal: bool = True) -> Any:
    """Return a value as JSON.

    Dates are in ISO 8601, instants in RFC 3339 to the second, times as `HH:MM`. Without `personal`, personal fields are
    left out unless they are empty.
    """
    kind = type(value)
    if kind in _UNCHANGED:
        return value
    if convert := _converter(kind):  # type: ignore[arg-type]
        return convert(value)
    if _shape(kind):  # type: ignore[arg-type]
        return _object(value, personal=personal)
    if isinstance(value, list | tuple):
        return _list(value, personal=personal)
    if isinstance(value, dict):
        return {name: plain(each, personal=personal) for name, each in value.items()}
    return value


@lru_cache(4_096)
def _id(value: UUID) -> str:
    """Return an id as text.

    It is in the journal and in the answer, and patients and doctors recur.
    """
    return str(value)


_UNCHANGED = frozenset({str, int, bool, float, NoneType})
_CONVERTERS: Mapping[type, Callable[[Any], str]] = {
    UUID: _id,
    StrEnum: str,
    datetime: lambda instant: instant.isoformat(timespec="seconds"),
    time: lambda at: at.isoformat(timespec="minutes"),
    date: date.isoformat,
}


@cache
def _converter(kind: type) -> Callable[[Any], str] | None:
    """Return the function that turns values of a class into text, if there is one."""
    return next((convert for known, convert in _CONVERTERS.items() if issubclass(kind, known)), None)


def _object(value: Any, *, personal: bool) -> dict[str, Any]:
    kind = type(value)
    names, values = _shape(kind)  # type: ignore[misc, arg-type]
    given = values(value)
    found = dict(zip(names, given, strict=True))
    left_out, converted = _plan(kind, personal, *map(type, given))  # type: ignore[arg-type]
    for name in left_out:
        del found[name]
    for name, convert in converted:
        found[name] = convert(found[name])
    return found


@cache
def _shape(kind: type) -> tuple[tuple[str, ...], Callable[[Any], Sequence[Any]]] | None:
    """Return the field names of a class of results and a function that reads them.

    Return None for any other class.
    """
    if not is_dataclass(kind):
        return None
    names = tuple(each.name for each in fields(kind))
    return names, attrgetter(*names) if len(names) > 1 else lambda value: (getattr(value, names[0]),)


@lru_cache(1_024)
def _plan(kind: type, personal: bool, *given: type) -> tuple[Sequence[str], Sequence[tuple[str, Callable[[Any], Any]]]]:
    """Return the fields to leave out, and the converters of other fields.

    They depend only on the types of the values.
    """
    found = list(zip(fields(kind), given, strict=True))
    left_out = [each.name for each, type_ in found if each.metadata and not personal and type_ is not NoneType]
    converted = [
        (each.name, _converter(type_) or partial(_object if _shape(type_) else plain, personal=personal))
        for each, type_ in found
        if each.name not in left_out and type_ not in _UNCHANGED
    ]
    return left_out, converted


def _list(values: Sequence[Any], *, personal: bool) -> list[Any]:
    if values and isinstance(values[0], tuple) and hasattr(values[0], "_fields"):
        return _objects(values)
    return [plain(each, personal=personal) for each in values]


def _objects(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return named tuples as objects, converted by columns.

    There may be very many. They hold nothing personal.
    """
    names = rows[0]._fields
    columns = [_column(each) for each in zip(*rows, strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: Sequence[Any]) -> Sequence[Any]:
    """Return values as JSON. Each distinct value is converted once."""
    if all(value is None or type(value) in (int, str) for value in values):
        return values
    known: dict[Any, Any] = {}
    return [known[value] if value in known else known.setdefault(value, plain(value)) for value in values]
