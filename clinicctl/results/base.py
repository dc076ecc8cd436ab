"""What all results share: what is personal in them, and how they become JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, dataclass_transform
from uuid import UUID

T = TypeVar("T")

PERSONAL: Mapping[str, bool] = {"personal": True}
"""Marks a field that never reaches the journal or a log."""


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def facts(result: type[T]) -> type[T]:
    """Make a class of facts: a dataclass that nobody changes, to which the types hold whoever would.

    That it is frozen is not checked again when it runs: that would cost each command the making of two more methods a
    class, and each line of a batch a call a field. Nor are two compared, or shown: there may be a name in them.
    """
    return dataclass(slots=True, eq=False, repr=False)(result)


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
    if names := _names(kind):  # type: ignore[arg-type]
        found = {}
        for name, private in names:
            each = getattr(value, name)
            if personal or not private or each is None:
                if (kind := type(each)) not in _AS_IT_IS:
                    writer = _written(kind)  # type: ignore[arg-type]
                    each = writer(each) if writer else plain(each, personal=personal)
                found[name] = each
        return found
    if isinstance(value, list | tuple):
        return _listed(value, personal=personal)
    if isinstance(value, dict):
        return {name: plain(each, personal=personal) for name, each in value.items()}
    return value


_AS_IT_IS = frozenset({str, int, bool, float, type(None)})
_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    UUID: str,
    StrEnum: str,
    datetime: lambda instant: instant.isoformat(timespec="seconds"),
    time: lambda at: at.isoformat(timespec="minutes"),
    date: date.isoformat,
}


@cache
def _written(kind: type) -> Callable[[Any], str] | None:
    """How a value of this class is written, where that takes one word."""
    return next((written for known, written in _WRITTEN.items() if issubclass(kind, known)), None)


@cache
def _names(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields of a result's class, and whether each is personal; none of any other class."""
    return tuple((each.name, bool(each.metadata)) for each in fields(kind)) if is_dataclass(kind) else ()


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
