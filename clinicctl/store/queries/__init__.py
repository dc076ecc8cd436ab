"""Define the queries over the models, one module per noun.

They are written with SQLAlchemy's `select`, `insert`, `update` and `delete`. Nothing here is imported at run time.
`clinicctl.store.compile` turns each constant into a typed function of the same name in `clinicctl.store.compiled`; run
it after each change here.

Parameters are `bindparam("name")`, and have the type of the column that they are compared with. Constants become
literals in the SQL, so that SQLite uses a partial index if the query contains its condition.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Dialect,
    Executable,
    Integer,
    String,
    Table,
    TableValuedAlias,
    TypeDecorator,
    bindparam,
    literal,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction
from sqlalchemy.types import NullType, TypeEngine

FILTERS: ColumnElement[bool] = literal_column("{conditions}")
"""The placeholder of the conditions in a `filtered` query."""

LIMIT: ColumnElement[int] = bindparam("limit", type_=Integer)
"""The parameter for the number of rows to return; -1 returns all."""

REFUSED: ColumnElement[str] = literal("refused", type_=String)
"""The command of the journal's rows about refused attempts."""


class Gives(Enum):
    """The kind of result of a compiled function."""

    ONE = auto()
    EVERY = auto()
    STREAM = auto()
    FILTERED = auto()
    CONDITION = auto()
    CHANGE = auto()
    CHANGE_EACH = auto()


@dataclass(frozen=True, eq=False, kw_only=True)
class Query:
    """A statement and the kind of function for it.

    `row` names the type of rows with several columns.
    """

    statement: Any
    gives: Gives
    row: str | None = None
    columns: tuple[str, ...] | None = None
    streamed: bool = False


def one(statement: Executable, row: str | None = None) -> Query:
    """Return the query for the only row, or None."""
    return Query(statement=statement, gives=Gives.ONE, row=row)


def every(statement: Executable, row: str | None = None) -> Query:
    """Return the query for a list of all rows."""
    return Query(statement=statement, gives=Gives.EVERY, row=row)


def stream(statement: Executable, row: str | None = None) -> Query:
    """Return the query for an iterator over rows, for long results."""
    return Query(statement=statement, gives=Gives.STREAM, row=row)


def filtered(statement: Executable, row: str | None = None, *, streamed: bool = False) -> Query:
    """Return the query for the rows that meet all conditions of the caller.

    It contains `FILTERS`.
    """
    return Query(statement=statement, gives=Gives.FILTERED, row=row, streamed=streamed)


def condition(clause: ColumnElement[bool]) -> Query:
    """Return a condition for a `filtered` query, which has the same table names."""
    return Query(statement=clause, gives=Gives.CONDITION)


def change(statement: Executable, *columns: str) -> Query:
    """Return the query that changes rows and returns their number.

    `columns` are the ones an update sets.
    """
    return Query(statement=statement, gives=Gives.CHANGE, columns=columns or None)


def change_each(statement: Executable, *columns: str, row: str) -> Query:
    """Return the query that runs once per row of parameters.

    `columns` are the ones an update sets.
    """
    return Query(statement=statement, gives=Gives.CHANGE_EACH, row=row, columns=columns or None)


class ListOf(TypeDecorator[Any]):
    """A list of values of any length as one JSON parameter."""

    impl = String
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> str | None:
        """Return the values in stored form as JSON."""
        if value is None:
            return None
        convert = self.item.dialect_impl(dialect).bind_processor(dialect)
        return json.dumps([convert(each) if convert else each for each in value])


class AsStored(String):
    """A stored value of any type, without conversion."""


def as_stored(table: Table) -> list[ColumnElement[Any]]:
    """Return the unconverted columns of a table, for queries that look for damage."""
    return [type_coerce(each, AsStored).label(each.name) for each in table.columns]


class json_each(GenericFunction[Any]):  # noqa: N801 - a function of SQL
    """The values of a list parameter, as a table."""

    inherit_cache = True


@compiles(json_each, "postgresql")
def _json_each(element: json_each, compiler: Any, **options: Any) -> str:
    (parameter,) = element.clauses
    return _listed_on_server(cast("ListOf", parameter.type), compiler.process(parameter, **options), compiler)


def _listed_on_server(listed: "ListOf", parameter: str, compiler: Any) -> str:
    """Return the subquery for a list parameter. Its values have the type of a column."""
    type_ = compiler.dialect.type_compiler_instance.process(listed.item).replace("INTEGER", "BIGINT")
    values = f"jsonb_array_elements_text(CAST({parameter} AS JSONB))"
    return f"(SELECT CAST(each AS {type_}) AS value FROM {values} AS each)"  # noqa: S608 - compiled SQL


class instr(GenericFunction[int]):  # noqa: N801 - a function of SQL
    """The place of a text in another one, from 1; 0 if it is not there."""

    type = Integer()
    inherit_cache = True


@compiles(instr, "postgresql")
def _instr(element: instr, compiler: Any, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class either(FunctionElement[Any]):  # noqa: N801 - used like a function of SQL
    """An expression that each engine writes in its own way."""

    inherit_cache = True

    def __init__(self, sqlite: ColumnElement[Any], postgresql: ColumnElement[Any]) -> None:
        super().__init__(sqlite, postgresql)
        # SQLAlchemy would compare a truth value with 1 on SQLite.
        self.type = NullType() if isinstance(sqlite.type, Boolean) else sqlite.type


@compiles(either)
def _either(element: either, compiler: Any, **options: Any) -> str:
    sqlite, _ = element.clauses
    return str(compiler.process(sqlite, **options))


@compiles(either, "postgresql")
def _either_on_server(element: either, compiler: Any, **options: Any) -> str:
    _, postgresql = element.clauses
    return str(compiler.process(postgresql, **options))


def listed(column: ColumnElement[Any], name: str) -> TableValuedAlias:
    """Return a list parameter as a table. Its values have the type of a column."""
    return json_each(bindparam(name, type_=ListOf(column.type))).table_valued("value").alias(f"{name}_listed")


class any_of(FunctionElement[bool]):  # noqa: N801 - used like a function of SQL
    """Whether a column's value is in a list parameter, for PostgreSQL.

    An array is looked up in an index. For a table of unknown length the server would rather read the other one.
    """

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, bindparam(name, type_=ListOf(column.type)))
        self.type = Boolean()


@compiles(any_of, "postgresql")
def _any_of(element: any_of, compiler: Any, **options: Any) -> str:
    column, parameter = element.clauses
    values = _listed_on_server(cast("ListOf", parameter.type), compiler.process(parameter, **options), compiler)
    return f"{compiler.process(column, **options)} = ANY (ARRAY{values})"


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the condition that a column's value is in a list parameter."""
    return either(type_coerce(column, String).in_(select(listed(column, name).c.value)), any_of(column, name))
