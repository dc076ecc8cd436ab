"""For the compiler of queries: the text of `schema.py`, made from the models."""

import re
from collections.abc import Iterable
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


HEAD = """CREATE TABLE head (
    one BOOLEAN NOT NULL,
    number BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    schema BIGINT NOT NULL,
    application TEXT COLLATE "C" NOT NULL,
    CONSTRAINT pk_head PRIMARY KEY (one),
    CONSTRAINT ck_head_one CHECK (one)
)"""
"""The table of one row that a writer on a server locks first: the end of the journal and the schema's version."""

_ZERO_OR_ONE = re.compile(r",?\s+CONSTRAINT \w+ CHECK \(\w+ IN \(0, 1\)\)")
"""A CHECK on a truth value, which has no other values on PostgreSQL."""
_TYPES = {"VARCHAR": 'TEXT COLLATE "C"', "INTEGER": "BIGINT", "SERIAL": "BIGINT"}


def server_ddl(dialect: Dialect) -> list[str]:
    """Return the statements that make the tables on PostgreSQL.

    Texts are compared by their bytes, as on SQLite, and integers have 8 bytes. A number of the journal is given by the
    program, not by a sequence.
    """
    types = re.compile(rf"\b({'|'.join(_TYPES)})\b")
    made = (_ZERO_OR_ONE.sub("", each) for each in _statements(SQLModel.metadata.sorted_tables, dialect))
    return [*(types.sub(lambda found: _TYPES[found[1]], each) for each in made), HEAD]


def _statements(tables: Iterable[Table], dialect: Dialect) -> list[str]:
    """Return the statements that make tables and their indexes."""
    found = list[str]()
    for table in tables:
        found.append(_tidy(str(CreateTable(table).compile(dialect=dialect)).strip()))
        indexes = sorted(table.indexes, key=lambda each: str(each.name))
        found += [_tidy(str(CreateIndex(each).compile(dialect=dialect)).strip()) for each in indexes]
    return found


def schema_body(dialect: Dialect) -> str:
    """Return the constants for DDL, columns, CHECKs and UNIQUE constraints."""
    tables = SQLModel.metadata.sorted_tables
    ddl = "".join(f'    """{each}""",\n' for each in _statements(tables, dialect))
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
