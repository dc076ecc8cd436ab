"""The queries and what they are compiled to, by names such as `appointments.BY_ID`."""

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from clinicctl.store import compile as compiler
from clinicctl.store import compiled
from clinicctl.store.queries import Gives, Query

_IN_BRACKETS = re.compile(r"\([^()]*\)")


def module(noun: str) -> Any:
    """Return the compiled module of a noun."""
    return import_module(f"{compiled.__name__}.{noun}")


def queries() -> Iterator[tuple[str, Query]]:
    """Every query, by its name."""
    for noun in compiler.nouns():
        for name, query in compiler.constants(noun).items():
            yield f"{noun}.{name}", query


def function(name: str) -> Callable[..., Any]:
    """Return the compiled function of a query."""
    noun, _, constant = name.partition(".")
    found: Callable[..., Any] = getattr(module(noun), constant.lower())
    return found


def text(name: str) -> str:
    """Return the compiled SQL of a query, as it stands in its module."""
    noun, _, constant = name.partition(".")
    return str(getattr(module(noun), f"_{constant}"))


def statements(in_dialect: Callable[[str], str] = str) -> Iterator[tuple[str, str]]:
    """Every statement that can be sent; of a filtered query one without a condition, and one with each that it has.

    `in_dialect` gives a compiled text as an engine writes it.
    """
    known = dict(queries())
    for name, query in known.items():
        sql = in_dialect(text(name))
        if query.gives is Gives.FILTERED:
            yield name, sql.format(conditions="true")
            for other, condition in known.items():
                if condition.gives is Gives.CONDITION and other.partition(".")[0] == name.partition(".")[0]:
                    yield f"{name} {other.partition('.')[2]}", sql.format(conditions=f"({in_dialect(text(other))})")
        elif query.gives is not Gives.CONDITION:
            yield name, sql


def is_ordered(sql: str) -> bool:
    """Return whether a statement orders its rows, and not only those of a subquery."""
    outside = sql
    while (less := _IN_BRACKETS.sub("", outside)) != outside:
        outside = less
    return "ORDER BY" in outside


def asked_for(tree: ast.AST) -> Iterator[str]:
    """The queries whose compiled functions a module of the package uses, by its imports."""
    nouns = {
        each.asname or each.name: each.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == compiled.__name__
        for each in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in nouns:
            yield f"{nouns[node.value.id]}.{node.attr.upper()}"


def used() -> set[str]:
    """The queries whose compiled functions the package uses."""
    package = Path(compiled.__file__).parent.parent.parent
    return {name for each in package.rglob("*.py") for name in asked_for(ast.parse(each.read_text("utf-8")))}
