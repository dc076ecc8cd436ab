"""Statements that are met again: their SQL and the converters of their values, kept.

SQLAlchemy runs a statement the first time, and what it made of it is taken over; from then on the driver is asked
directly, which spares most of what a statement costs. A statement built anew for each question is never met again, and
stays SQLAlchemy's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, cast
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, CursorResult, Date, Row, Uuid
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import UTCDateTime

from clinicctl import interrupts
from clinicctl.store.driver import sqlite3

Rows = Sequence[Row[Any]]
Names = tuple[str, ...]


_UNREAD = (ValueError, TypeError, AttributeError)


class Unreadable(sqlite3.DatabaseError):
    """A value in the file that is none of its column's: to the store as a page that is none."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    sqlite_errorname = "SQLITE_CORRUPT"

    def __init__(self) -> None:
        super().__init__("a value is none of its column's")


@contextmanager
def reading() -> Iterator[None]:
    """Tell a stored value that cannot be read from a bug."""
    try:
        yield
    except _UNREAD:
        raise Unreadable from None


class _Prepared:
    """A statement with one set of names: its SQL, the converters of its values, and how its rows are read."""

    __slots__ = ("rows", "sent", "sql", "statement")

    def __init__(self, statement: Executable, result: CursorResult[Any], names: Names) -> None:
        self.statement = statement
        context = result.context
        compiled = cast("SQLCompiler", context.compiled)
        self.sql = context.statement or ""
        self.sent = _sender(compiled, context, names)
        self.rows = _reader(compiled, result) if result.returns_rows else None

    def run(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> tuple[Rows, int]:
        cursor = driver.execute(self.sql, self.sent(values))
        if self.rows is None:
            return (), cursor.rowcount
        found = cursor.fetchall()
        if found:
            try:
                found = self.rows(found)
            except _UNREAD:
                raise Unreadable from None
        return found, cursor.rowcount


@lru_cache(16_384)
def _uuid(stored: str | None) -> UUID | None:
    """An id; those of the same patients and doctors come again and again."""
    return UUID(stored) if stored is not None else None


@lru_cache(1_024)
def _instant(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(f"{stored}+00:00") if stored is not None else None


@lru_cache(8)
def _as_instant(value: datetime) -> str:
    """An instant as it is stored; the same one goes to several columns of several rows."""
    if value.utcoffset() is None:
        raise ValueError("an instant without its offset")
    return value.astimezone(UTC).isoformat(" ", "microseconds")[:26]


_READ: Mapping[type, Callable[[Any], Any]] = {Uuid: _uuid, UTCDateTime: _instant}
"""How a column of a type is read, None among its values."""
_SEND: Mapping[type, str] = {Uuid: "'%032x' % {}.int", UTCDateTime: "instant({})", Date: "{}.isoformat()"}
"""How a value is sent to a column of a type, where it is not None."""


_READY: dict[tuple[int, Names], _Prepared] = {}
"""By the identity of the statement, which each holds on to, so that no other can take it over."""
_MET: WeakKeyDictionary[Executable, set[Names]] = WeakKeyDictionary()


def run(
    connection: Connection, driver: sqlite3.Connection, statement: Executable, values: Mapping[str, Any]
) -> tuple[Rows, int]:
    """Run a statement on a connection, whose driver's this is; return its rows and how many it changed."""
    interrupts.check()
    names = tuple(values)
    if prepared := _READY.get((id(statement), names)):
        return prepared.run(driver, values)
    result = connection.execute(statement, values)
    met = _MET.setdefault(statement, set())
    if names in met:
        _READY[id(statement), names] = _Prepared(statement, result, names)
    met.add(names)
    if not result.returns_rows:
        return (), result.rowcount
    with reading():
        return result.all(), result.rowcount


def run_many(
    connection: Connection, driver: sqlite3.Connection, statement: Executable, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Run a statement that returns nothing once for each row; the rows have the same names in the same order."""
    for row in rows[:2]:
        run(connection, driver, statement, row)
    if len(rows) > 2:
        prepared = _READY[id(statement), tuple(rows[0])]
        driver.executemany(prepared.sql, map(prepared.sent, rows[2:]))


def _reader(compiled: SQLCompiler, result: CursorResult[Any]) -> Callable[[list[Any]], list[Any]]:
    """Return what makes rows of tuples from the driver: tuples whose columns have names, as SQLAlchemy's rows have.

    It is written out as one expression, as the sender is: SQLAlchemy's rows look a name up in Python, each time.
    """
    metadata: Any = result._metadata
    columns = list(result.keys())
    readers = metadata._effective_processors or [None] * len(columns)
    types = [each.type for each in compiled._result_columns]
    made = {name: property(itemgetter(at)) for at, name in enumerate(columns)}
    assert len(made) == len(columns), "two columns of one name"
    known: dict[str, Any] = {"new": tuple.__new__, "Row": type("Row", (tuple,), {"__slots__": (), **made})}
    values = []
    for at, (kind, theirs) in enumerate(zip(types, readers, strict=True)):
        known[f"r{at}"] = read = _READ.get(type(kind), theirs)
        values.append(f"r{at}(v{at})" if read else f"v{at}")
    names = "".join(f"v{at}, " for at in range(len(columns)))
    written = eval(f"lambda rows: [new(Row, ({', '.join(values)},)) for {names} in rows]", known)  # noqa: S307 - ours
    return cast("Callable[[list[Any]], list[Any]]", written)


def _sender(
    compiled: SQLCompiler, context: DefaultExecutionContext, names: Names
) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return what puts values in the places of the question marks, converted, between the statement's constants.

    It is written out as one expression, because it runs thirteen times a booking.
    """
    lists = {compiled.bind_names[each] for each in compiled.post_compile_params}
    converters = cast("dict[str, Any]", compiled._bind_processors)
    said = context.compiled_parameters[0]
    sent = list(cast("Sequence[Any]", context.parameters[0]))
    places = list[str]()
    known: dict[str, Any] = {"instant": _as_instant}
    for name in compiled.positiontup or ():
        at = len(places)
        if name in names:
            value = f"v[{name!r}]"
            if ours := _SEND.get(type(compiled.binds[name].type)):
                places.append(f"None if {value} is None else {ours.format(value)}")
            elif theirs := converters.get(name):
                known[f"c{at}"] = theirs
                places.append(f"c{at}({value})")
            else:
                places.append(value)
            continue
        count = sum(f"{name}_{nth}" in said for nth in range(1, len(said) + 1)) if name in lists else 1
        for value in sent[at : at + count]:
            known[f"c{len(places)}"] = value
            places.append(f"c{len(places)}")
    assert len(places) == len(sent), "a value without its place"
    written = eval(f"lambda v: ({''.join(f'{each}, ' for each in places)})", known)  # noqa: S307 - names of our own
    return cast("Callable[[Mapping[str, Any]], tuple[Any, ...]]", written)
