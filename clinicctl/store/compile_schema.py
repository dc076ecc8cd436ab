"""For the compiler of queries: the text of `schema.py`, made from the models."""

from typing import Any

from sqlalchemy import Boolean, Date, Dialect, Integer, String, Time, Uuid
from sqlalchemy.schema import (
    CheckConstraint,
    CreateIndex,
    CreateTable,
    Index,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import AutoString, SQLModel, UTCDateTime

from clinicctl.store.models import Word

_FORMS: dict[type[TypeEngine[Any]], str] = {
    Uuid: "uuid",
    UTCDateTime: "instant",
    Date: "date",
    Time: "time",
    Boolean: "bool",
    Integer: "int",
    String: "text",
    AutoString: "text",
    Word: "text",
}
"""The forms in which values are stored, by the type of the column."""


def schema_body(dialect: Dialect) -> str:
    """Return the constants for DDL, columns, CHECKs and UNIQUE constraints."""
    tables = SQLModel.metadata.sorted_tables
    statements = list[str]()
    for table in tables:
        statements.append(str(CreateTable(table).compile(dialect=dialect)).strip())
        indexes = sorted(table.indexes, key=lambda each: str(each.name))
        statements += [str(CreateIndex(each).compile(dialect=dialect)).strip() for each in indexes]
    ddl = "".join(f'    """{_tidy(each)}""",\n' for each in statements)
    columns = "".join(
        f'    "{table.name}": {{\n'
        + "".join(f'        "{each.name}": "{_FORMS[type(each.type)]}",\n' for each in table.columns)
        + "    },\n"
        for table in tables
    )
    checks = "".join(
        f'    "{each.name}": (\n        "{table.name}",\n        {_quoted(str(each.sqltext))},\n    ),\n'
        for table in tables
        for each in _checks(table)
    )
    unique = "".join(
        f'    "{", ".join(f"{table.name}.{column.name}" for column in each.columns)}": "{each.name}",\n'
        for table in tables
        for each in _unique(table)
    )
    return (
        f'DDL = (\n{ddl})\n\nCOLUMNS = {{\n{columns}}}\n"""Each table\'s columns and the form in which values are'
        f' stored."""\n\nCHECKS = {{\n{checks}}}\n"""Each CHECK: its table and its condition."""\n\n'
        f'UNIQUE = {{\n{unique}}}\n"""The columns that SQLite names for a violated UNIQUE, and the constraint."""\n'
    )


def _tidy(text: str) -> str:
    return "\n".join(line.rstrip().expandtabs(4) for line in text.splitlines())


def _quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else repr(text)


def _checks(table: Table) -> list[CheckConstraint]:
    """Return the CHECKs of a table, and those of its columns."""
    found = [*table.constraints, *(each for column in table.columns for each in column.constraints)]
    return sorted((each for each in found if isinstance(each, CheckConstraint)), key=lambda each: str(each.name))


def _unique(table: Table) -> list[UniqueConstraint | PrimaryKeyConstraint | Index]:
    found: list[UniqueConstraint | PrimaryKeyConstraint | Index] = [
        each for each in table.constraints if isinstance(each, UniqueConstraint | PrimaryKeyConstraint)
    ]
    found += [each for each in table.indexes if each.unique]
    return sorted(found, key=lambda each: str(each.name))
