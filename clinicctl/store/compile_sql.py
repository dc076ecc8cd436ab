"""For the compiler of queries: the SQL of one statement, its parameters, and the columns of its rows.

Only public interfaces of SQLAlchemy are used.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from textwrap import fill
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Dialect,
    FunctionFilter,
    Label,
    bindparam,
    literal,
    literal_column,
    null,
)
from sqlalchemy.schema import Table
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement, count
from sqlalchemy.sql.selectable import Join, Select
from sqlalchemy.types import NullType

from clinicctl.store.compile_types import Field, Shape, kind_of
from clinicctl.store.queries import AsStored, Query

_WIDTH = 110
_LITERAL = re.compile(r"'[^'\n]*'")


def compiled(statement: Any, dialect: Dialect, columns: Iterable[str] | None = None) -> SQLCompiler:
    """Compile a statement.

    Constants become literals; only named parameters stay parameters.
    """

    def replace(element: Any, **_: Any) -> Any:
        if not isinstance(element, BindParameter):
            return None
        if element.unique and element.expanding:
            return element.render_literal_execute()
        if element.unique:
            return _literal(element, dialect)
        return bindparam(element.key, None, type_=element.type, required=False)

    found = visitors.replacement_traverse(statement, {}, replace).compile(
        dialect=dialect,
        column_keys=list(columns) if columns is not None else None,
        compile_kwargs={"render_postcompile": True},
    )
    assert isinstance(found, SQLCompiler)
    return found


def _literal(constant: BindParameter[Any], dialect: Dialect) -> ColumnElement[Any]:
    """Return a constant as SQL.

    A constant in an UPDATE has no type yet; its value determines the type.
    """
    value = constant.value.value if isinstance(constant.value, Enum) else constant.value
    if value is None:
        return null()
    type_ = literal(value).type if isinstance(constant.type, NullType) else constant.type
    render = type_.dialect_impl(dialect).literal_processor(dialect)
    assert render is not None, type_
    return literal_column(render(value), type_=type_)


def result_of(statement: Any) -> Shape:
    """Return the columns of a statement's rows.

    Columns on the optional side of an outer join are nullable.
    """
    columns = statement.exported_columns if isinstance(statement, UpdateBase) else statement.selected_columns
    optional = set(_optional(statement.get_final_froms())) if isinstance(statement, Select) else set()
    shape = tuple(Field(str(each.name), kind_of(each.type), _is_nullable(each, optional)) for each in columns)
    if len({each.name for each in shape}) != len(shape):
        raise ValueError(f"two columns have one name; label them: {[each.name for each in shape]}")
    return shape


def _optional(froms: Iterable[Any], *, outer: bool = False) -> Iterator[Any]:
    for each in froms:
        if isinstance(each, Join):
            yield from _optional([each.left], outer=outer)
            yield from _optional([each.right], outer=outer or each.isouter)
        elif outer:
            yield each


def _is_nullable(column: Any, optional: set[Any]) -> bool:
    element = column.element if isinstance(column, Label) else column
    if isinstance(element.type, AsStored):
        return False
    if isinstance(element, FunctionFilter):
        element = element.func
    if isinstance(element, FunctionElement):
        return not isinstance(element, count)
    return bool(getattr(element, "nullable", True)) or getattr(element, "table", None) in optional


def parameters_of(found: SQLCompiler, table: Table | None) -> tuple[Shape, list[Field | str]]:
    """Return a statement's parameters, and the values of its placeholders in order."""
    named: dict[str, Field] = {}
    places = list[Field | str]()
    for name in found.positiontup or ():
        bind = found.binds[name]
        if bind.unique and name in found.params and found.params[name] is not None:
            places.append(repr(found.params[name]))
            continue
        is_set = table is not None and name in table.columns and name in (found.column_keys or ())
        nullable = bool(is_set and table is not None and table.columns[name].nullable)
        named.setdefault(name, Field(name, kind_of(bind.type), nullable))
        places.append(named[name])
    return tuple(named.values()), places


def text_of(found: SQLCompiler) -> str:
    """Return the SQL in short lines, broken at spaces outside literals."""
    sql = _LITERAL.sub(lambda each: each[0].replace(" ", "\0"), str(found))
    lines = (fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False) for line in sql.splitlines())
    text = "\n".join(line.strip() for line in "\n".join(lines).splitlines() if line.strip()).replace("\0", " ")
    if '"""' in text or "\\" in text:
        raise ValueError(f"SQL with quotes or backslashes that Python would interpret: {text}")
    return text


def columns_of(query: Query) -> tuple[str, ...] | None:
    """Return the columns that a statement sets."""
    if isinstance(query.statement, UpdateBase) and query.statement.is_insert:
        return tuple(query.statement.table.columns.keys())
    return query.columns
