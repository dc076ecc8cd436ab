"""Compile the queries into plain Python.

Run `python -m clinicctl.store.compile`, or `nox -s queries -- --write`. This is a developer's tool and is never
imported at run time. Each constant in `clinicctl.store.queries` becomes a function in `clinicctl.store.compiled`, with
the SQL of a dialect, the parameters in order, and the conversions of values. Each shape of rows becomes a NamedTuple,
and the models become `schema.py`. Only public interfaces of SQLAlchemy are used.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
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
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import Table
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.functions import FunctionElement, count
from sqlalchemy.sql.selectable import Join, Select
from sqlalchemy.types import NullType

from clinicctl import statuses
from clinicctl.store import queries, values
from clinicctl.store.compile_schema import schema_body, server_ddl
from clinicctl.store.compile_types import Field, Shape, Shapes, kind_of, snake_case
from clinicctl.store.queries import AsStored, Gives, Query

WIDTH = 110
FOLDER = Path(__file__).parent / "compiled"
HOW = "python -m clinicctl.store.compile"
_HEAD = f'"""Generated from {{source}} by `{HOW}`. Do not edit."""\n'
_LITERAL = re.compile(r"'[^'\n]*'")
_BIND_CAST = re.compile(r"\?::[A-Z]+(?:\s+WITH(?:OUT)?\s+TIME\s+ZONE)?")
"""The type of a parameter. The server takes that of the column, which may be wider."""
_LIMIT = re.compile(r"\bLIMIT (?:\?|[0-9]+)")
_BASES = {Gives.ONE: "fetch_one", Gives.EVERY: "fetch_all", Gives.STREAM: "iterate", Gives.FILTERED: "fetch_all"}


_IMPORTS = {
    "Iterable": ("collections.abc", "Iterable"),
    "Iterator": ("collections.abc", "Iterator"),
    "Sequence": ("collections.abc", "Sequence"),
    "Date": ("datetime", "date as Date"),
    "datetime": ("datetime", "datetime"),
    "Time": ("datetime", "time as Time"),
    "Any": ("typing", "Any"),
    "NamedTuple": ("typing", "NamedTuple"),
    "UUID": ("uuid", "UUID"),
}
"""The module of each standard name, in the order of the import lines."""


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


def _text(found: SQLCompiler) -> str:
    """Return the SQL in short lines, broken at spaces outside literals."""
    sql = _LITERAL.sub(lambda each: each[0].replace(" ", "\0"), str(found))
    lines = (fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in sql.splitlines())
    text = "\n".join(line.strip() for line in "\n".join(lines).splitlines() if line.strip()).replace("\0", " ")
    if '"""' in text or "\\" in text:
        raise ValueError(f"SQL with quotes or backslashes that Python would interpret: {text}")
    return text


def _exploded(head: str, items: Iterable[str], tail: str, *, indent: str = "") -> str:
    """Return a call or a signature in the layout of `ruff format`.

    It is on one line if it fits, else it has one item per line.
    """
    listed = list(items)
    line = f"{indent}{head}{', '.join(listed)}{tail}"
    if len(line) <= 120:
        return line
    return "\n".join([f"{indent}{head}", *(f"{indent}    {each}," for each in listed), f"{indent}{tail}"])


def _tuple(items: Iterable[str], *, indent: str) -> str:
    listed = list(items)
    if len(listed) == 1:
        return f"{indent}({listed[0]},)"
    return _exploded("(", listed, ")", indent=indent)


def _generator(values: Iterable[str]) -> str:
    """Return the generator of each row's parameters, as an argument of a call."""
    listed = list(values)
    line = f"        ({_tuple(listed, indent='')} for each in every),"
    if len(line) <= 120 and "\n" not in line:
        return line
    return f"        (\n{_tuple(listed, indent=' ' * 12)}\n            for each in every\n        ),"


def function(name: str, query: Query, dialect: Dialect, shapes: Shapes) -> str:
    """Return the Python code of a query: the SQL as a constant, and the function."""
    constant = f"_{name}"
    table = getattr(query.statement, "table", None)
    if query.gives is Gives.CONDITION:
        return _condition(name, query, dialect)
    found = compiled(query.statement, dialect, _columns(query))
    parameters, places = parameters_of(found, table)
    sql = f'{constant} = """\n{_text(found)}\n"""\n'
    keywords = ["tx: Tx"] + (["*"] if parameters else []) + [f"{each.name}: {each.annotation}" for each in parameters]
    if query.gives is Gives.CHANGE_EACH:
        assert query.row is not None
        shapes.add(query.row, parameters, is_read=False)
        written = [each if isinstance(each, str) else each.write(f"each.{each.name}") for each in places]
        head = f"def {name.lower()}(tx: Tx, every: Iterable[rows.{query.row}]) -> int:\n    return tx.execute_many("
        return f"{sql}\n\n{head}\n        {constant},\n{_generator(written)}\n    )\n"
    values = [each if isinstance(each, str) else each.write(each.name) for each in places]
    if query.gives is Gives.CHANGE:
        return f"{sql}\n\n{_signature(name, keywords, 'int')}\n{_call('execute', constant, values)}\n"
    shape = result_of(query.statement)
    if len(shape) == 1:
        (only,) = shape
        row, read = only.annotation, f"lambda row: {only.read('row[0]')}"
    elif query.row is not None:
        shapes.add(query.row, shape, is_read=True)
        row, read = f"rows.{query.row}", f"rows.{reader(query.row)}"
    else:
        raise ValueError(f"{name}: name the type of its rows")
    if query.gives is Gives.FILTERED:
        keywords.insert(1, "conditions: Sequence[Condition]")
        method, returned = ("iterate", f"Iterator[{row}]") if query.streamed else ("fetch_all", f"list[{row}]")
        given = f"(*values, {', '.join(values)})" if values else "values"
        body = [
            f"    sql, values = tx.filtered({constant}, conditions)",
            f"    return tx.{method}(sql, {given}, {read})",
        ]
        return f"{sql}\n\n{_signature(name, keywords, returned)}\n" + "\n".join(body) + "\n"
    returned = {
        Gives.ONE: row if row.endswith("| None") else f"{row} | None",
        Gives.EVERY: f"list[{row}]",
        Gives.STREAM: f"Iterator[{row}]",
    }[query.gives]
    return f"{sql}\n\n{_signature(name, keywords, returned)}\n{_call(_BASES[query.gives], constant, values, read)}\n"


def _condition(name: str, query: Query, dialect: Dialect) -> str:
    found = compiled(query.statement, dialect)
    parameters, places = parameters_of(found, None)
    values = [each if isinstance(each, str) else each.write(each.name) for each in places]
    keywords = (["*"] if parameters else []) + [f"{each.name}: {each.annotation}" for each in parameters]
    sql = f'_{name} = """\n{_text(found)}\n"""\n'
    body = _tuple(values, indent="").strip() if values else "()"
    return f"{sql}\n\n{_signature(name, keywords, 'Condition')}\n    return Condition(_{name}, {body})\n"


def _signature(name: str, keywords: Iterable[str], returned: str) -> str:
    return _exploded(f"def {name.lower()}(", keywords, f") -> {returned}:")


def _call(method: str, constant: str, values: list[str], *more: str) -> str:
    packed = f"({values[0]},)" if len(values) == 1 else f"({', '.join(values)})"
    line = f"    return tx.{method}({', '.join([constant, packed, *more])})"
    if len(line) <= 120:
        return line
    parts = [f"        {constant},", f"{_tuple(values, indent=' ' * 8)},", *(f"        {each}," for each in more)]
    return "\n".join([f"    return tx.{method}(", *parts, "    )"])


def reader(row: str) -> str:
    """Return the name of the function that reads a row type."""
    return snake_case(row)


def rows_module(shapes: Shapes) -> str:
    """Return the module of the row types."""
    parts = list[str]()
    for name, shape in sorted(shapes.fields.items()):
        lines = "\n".join(f"    {each.name}: {each.annotation}" for each in shape)
        parts.append(f"class {name}(NamedTuple):\n{lines}\n")
        if name in shapes.are_read:
            values = [each.read(f"stored[{at}]") for at, each in enumerate(shape)]
            call = _exploded(f"return {name}(", values, ")", indent="    ")
            parts.append(f"def {reader(name)}(stored: Any) -> {name}:\n{call}\n")
    body = "\n\n".join(parts)
    words = sorted({each.kind.name for shape in shapes.fields.values() for each in shape} & vars(statuses).keys())
    tables = "".join(f"{snake_case(each).upper()} = {{each.value: each for each in {each}}}\n" for each in words)
    body = body.replace("rows.", "")
    return _module("the queries", "", f"{tables}\n\n{body}" if tables else f"\n{body}")


def _module(source: str, own: str, body: str) -> str:
    """Return a module: its docstring, the imports that its body needs, and the body."""
    words = set(_words(body))
    standard = [where for name, where in _IMPORTS.items() if name in words]
    ours = {
        "clinicctl.statuses": words & vars(statuses).keys(),
        "clinicctl.store.compiled": words & {"rows"} if own else set(),
        "clinicctl.store.tx": words & {"Condition", "Tx"} if own else set(),
        "clinicctl.store.values": words & vars(values).keys() - {"UUID", "Any", "date", "datetime", "time", "Iterable"},
    }
    blocks = [
        _HEAD.format(source=source),
        "".join(_from(module, [name for each, name in standard if each == module]) for module in _ordered(standard)),
        "".join(_from(module, sorted(names)) for module, names in ours.items() if names),
    ]
    return "\n".join(each for each in blocks if each) + "\n" + body.strip("\n") + "\n"


def _ordered(standard: Iterable[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(module for module, _ in standard))


def _from(module: str, names: Sequence[str]) -> str:
    """Return the import of names from a module.

    An import with `as` gets its own line.
    """
    if any(" as " in each for each in names):
        return "".join(f"from {module} import {each}\n" for each in names)
    line = f"from {module} import {', '.join(names)}"
    return f"{line}\n" if len(line) <= 120 else _exploded(f"from {module} import (", names, ")") + "\n"


def _words(text: str) -> Iterator[str]:
    word = ""
    for each in text + " ":
        if each.isidentifier() or (word and each.isdigit()):
            word += each
        elif word:
            yield word
            word = ""


def server_module(dialect: Dialect, server: Dialect) -> str:
    """Return the module of the statements that differ on PostgreSQL."""
    other = dict[str, str]()
    for noun in nouns():
        for name, query in constants(noun).items():
            texts = list[str]()
            places = list[list[str]]()
            for each in (dialect, server):
                found = compiled(query.statement, each, _columns(query))
                texts.append(_text(found))
                places.append(
                    [place if isinstance(place, str) else place.name for place in parameters_of(found, None)[1]]
                )
            texts[1] = _BIND_CAST.sub("?", texts[1])
            if places[0] == [*places[1], "0"]:
                # SQLite gets an offset with each limit.
                texts[1], places[1] = _LIMIT.sub(r"\g<0> OFFSET ?", texts[1]), [*places[1], "0"]
            if places[0] != places[1] or any("%" in each or each.count("?") != len(places[0]) for each in texts):
                raise ValueError(f"{noun}.{name}: its parameters differ between the engines")
            texts[1] = texts[1].replace("LIMIT ?", "LIMIT NULLIF(?, -1)")
            if _words_of(texts[0]) != _words_of(texts[1]):
                other[texts[0]] = texts[1]
    ddl = "".join(f'    """{each}""",\n' for each in server_ddl(server))
    statements = "".join(f'    """\n{sql}\n""": """\n{text}\n""",\n' for sql, text in other.items())
    return _HEAD.format(source="the queries") + f"\nSTATEMENTS = {{\n{statements}}}\n\nDDL = (\n{ddl})\n"


def _columns(query: Query) -> tuple[str, ...] | None:
    """Return the columns that a statement sets."""
    if isinstance(query.statement, UpdateBase) and query.statement.is_insert:
        return tuple(query.statement.table.columns.keys())
    return query.columns


def _words_of(sql: str) -> list[str]:
    """Return the words of a statement, without the quotes of names.

    Each engine quotes other names.
    """
    return sql.replace('"', "").split()


def constants(name: str) -> dict[str, Query]:
    """Return the queries of one module of `queries`, by their names."""
    module = import_module(f"{queries.__name__}.{name}")
    return {each: value for each, value in vars(module).items() if isinstance(value, Query)}


def nouns() -> list[str]:
    """Return the names of the modules of queries."""
    return sorted(each.name for each in iter_modules(queries.__path__))


def modules(dialect: Dialect) -> dict[str, str]:
    """Return the text of each generated module, by its file name."""
    shapes, texts = Shapes(), dict[str, str]()
    for noun in nouns():
        body = "\n\n".join(function(name, query, dialect, shapes) for name, query in constants(noun).items())
        texts[f"{noun}.py"] = _module(f"queries/{noun}.py", noun, body)
    texts["rows.py"] = rows_module(shapes)
    texts["schema.py"] = _module("models/", "", schema_body(dialect))
    texts["postgresql.py"] = server_module(dialect, postgresql.base.PGDialect(paramstyle="qmark"))  # type: ignore[no-untyped-call]  # SQLAlchemy
    texts["__init__.py"] = _HEAD.format(source="the queries")
    return texts


def main(arguments: list[str]) -> str | None:
    """Write the generated modules.

    With `--check`, return an error message if any of them is out of date.
    """
    texts = modules(sqlite.dialect())
    existing = {each.name: each.read_text("utf-8") for each in FOLDER.glob("*.py")}
    different = sorted(name for name in texts.keys() | existing if texts.get(name) != existing.get(name))
    if "--check" in arguments:
        return f"Out of date: {', '.join(different)}. Run `{HOW}`." if different else None
    for name in different:
        if name in texts:
            (FOLDER / name).write_text(texts[name], "utf-8")
        else:
            (FOLDER / name).unlink()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
