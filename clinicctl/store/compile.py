"""Compile the queries into plain Python.

Run `python -m clinicctl.store.compile`, or `nox -s queries -- --write`. This is a developer's tool and is never
imported at run time. Each constant in `clinicctl.store.queries` becomes a function in `clinicctl.store.compiled`, with
the SQL of a dialect, the parameters in order, and the conversions of values. Each shape of rows becomes a NamedTuple,
and the models become `schema.py`. Only public interfaces of SQLAlchemy are used.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite

from clinicctl import statuses
from clinicctl.store import queries, values
from clinicctl.store.compile_schema import schema_body, server_ddl
from clinicctl.store.compile_server import server_body, statements_that_differ
from clinicctl.store.compile_sql import columns_of, compiled, parameters_of, result_of, text_of
from clinicctl.store.compile_types import Shapes, snake_case
from clinicctl.store.queries import Gives, Query

FOLDER = Path(__file__).parent / "compiled"
HOW = "python -m clinicctl.store.compile"
_HEAD = f'"""Generated from {{source}} by `{HOW}`. Do not edit."""\n'
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
    found = compiled(query.statement, dialect, columns_of(query))
    parameters, places = parameters_of(found, table)
    sql = f'{constant} = """\n{text_of(found)}\n"""\n'
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
    sql = f'_{name} = """\n{text_of(found)}\n"""\n'
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


def _server_module(dialect: Dialect) -> str:
    """Return the module of what differs on PostgreSQL."""
    server = postgresql.base.PGDialect(paramstyle="qmark")  # type: ignore[no-untyped-call]  # SQLAlchemy
    named = ((f"{noun}.{name}", query) for noun in nouns() for name, query in constants(noun).items())
    body = server_body(statements_that_differ(named, dialect, server), server_ddl(server))
    return f"{_HEAD.format(source='the queries')}\n{body}"


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
    texts["postgresql.py"] = _server_module(dialect)
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
