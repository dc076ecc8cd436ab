"""The schema of a clinic on a server, as `DDL` makes it and as the server describes it, in one spelling.

Both are compared by names, columns, types, collations and keys. The text of a CHECK or of the condition of an index is
not compared, because each version of PostgreSQL writes it differently; `check` runs the conditions themselves.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.postgresql.session import Session

_TABLE = re.compile(r"CREATE TABLE (\w+) \(")
_COLUMN = re.compile(
    r'\s+"?(\w+)"? ((?:TIMESTAMP|TIME) WITH(?:OUT)? TIME ZONE|VARCHAR|\w+)( COLLATE "C")?(?: DEFAULT \S+)?( NOT NULL)?'
)
_KEY = re.compile(r"CONSTRAINT (\w+) (PRIMARY KEY|UNIQUE|FOREIGN KEY) ?\(([^)]*)\)(?: REFERENCES (\w+) \(([^)]*)\))?")
_CHECK = re.compile(r"CONSTRAINT (\w+) CHECK \((.*)\),? *$", re.MULTILINE)
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (\w+) ON (\w+) \(([^)]*)\)(?: WHERE (.*))?", re.DOTALL)
_SPELLINGS = {"varchar": "character varying", "int": "integer"}

_SCHEMA = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
_COLUMNS = f"""SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), o.collname, a.attnotnull
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    LEFT JOIN pg_collation AS o ON o.oid = a.attcollation
    WHERE c.relnamespace = {_SCHEMA} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"""  # noqa: S608 - our own
_NAMES = (
    "(SELECT string_agg(a.attname, ', ' ORDER BY n.nth) FROM unnest({0}.{1}) WITH ORDINALITY AS n(number, nth)"
    " JOIN pg_attribute AS a ON a.attrelid = {0}.{2} AND a.attnum = n.number)"
)
_CONSTRAINTS = f"""SELECT k.conname, c.relname, k.contype, {_NAMES.format("k", "conkey", "conrelid")}, f.relname,
        {_NAMES.format("k", "confkey", "confrelid")}, k.convalidated
    FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid LEFT JOIN pg_class AS f ON f.oid = k.confrelid
    WHERE c.relnamespace = {_SCHEMA} AND k.contype IN ('p', 'u', 'f', 'c')"""  # noqa: S608 - our own
_INDEXES = f"""SELECT i.relname, c.relname, x.indisunique, {_NAMES.format("x", "indkey", "indrelid")},
        x.indpred IS NOT NULL, x.indisvalid
    FROM pg_index AS x JOIN pg_class AS i ON i.oid = x.indexrelid JOIN pg_class AS c ON c.oid = x.indrelid
    WHERE c.relnamespace = {_SCHEMA} AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = i.oid)"""  # noqa: S608 - our own
_OTHER = f"""SELECT 'object', relname FROM pg_class WHERE relnamespace = {_SCHEMA} AND relkind NOT IN ('r', 'i')
    UNION ALL SELECT 'unlogged table', relname FROM pg_class
        WHERE relnamespace = {_SCHEMA} AND relkind = 'r' AND relpersistence <> 'p'
    UNION ALL SELECT 'row security of', relname FROM pg_class WHERE relnamespace = {_SCHEMA} AND relrowsecurity
    UNION ALL SELECT CASE WHEN t.tgisinternal THEN 'disabled reference of' ELSE 'trigger' END,
            CASE WHEN t.tgisinternal THEN c.relname ELSE t.tgname END
        FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
        WHERE c.relnamespace = {_SCHEMA} AND (NOT t.tgisinternal OR t.tgenabled <> 'O')
    UNION ALL SELECT 'rule', r.rulename FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class
        WHERE c.relnamespace = {_SCHEMA} AND c.relkind = 'r'
    ORDER BY 1, 2"""  # noqa: S608 - our own

_KINDS = {"PRIMARY KEY": "p", "UNIQUE": "u", "FOREIGN KEY": "f"}


class Unique(NamedTuple):
    """Columns of a table that are unique among the rows that meet a condition."""

    name: str
    table: str
    columns: str
    where: str | None


class Reference(NamedTuple):
    """A column that refers to a column of another table."""

    table: str
    column: str
    parent: str
    key: str


class Check(NamedTuple):
    """A condition on every row of a table."""

    name: str
    table: str
    condition: str


class Expected(NamedTuple):
    """What the tables of this program have.

    `objects` has a description of each thing by its kind and name.
    """

    objects: Mapping[tuple[str, str], str]
    unique: tuple[Unique, ...]
    references: tuple[Reference, ...]
    checks: tuple[Check, ...]


@cache
def expected() -> Expected:
    """Return the schema that `DDL` makes."""
    objects, unique, references, checks = dict[tuple[str, str], str](), list[Unique](), list[Reference](), list[Check]()
    for statement in DDL:
        if made := _TABLE.match(statement):
            table = made[1]
            for line in statement.splitlines()[1:]:
                if (column := _COLUMN.match(line)) and column[1] != "CONSTRAINT":
                    name, kind, collated, required = column.groups()
                    kind = kind.lower()
                    described = _column(_SPELLINGS.get(kind, kind), "C" if collated else None, bool(required))
                    objects["column", f"{table}.{name}"] = described
            for name, words, columns, parent, key in _KEY.findall(statement):
                columns = _plain(columns)
                objects["constraint", name] = _constraint(table, _KINDS[words], columns, parent, _plain(key))
                if parent:
                    references.append(Reference(table, columns, parent, _plain(key)))
                else:
                    unique.append(Unique(name, table, columns, None))
            for name, condition in _CHECK.findall(statement):
                objects["constraint", name] = _constraint(table, "c", "", "", "")
                checks.append(Check(name, table, condition))
        elif made := _INDEX.match(statement):
            once, name, table, columns, where = made.groups()
            objects["index", name] = _index(table, bool(once), _plain(columns), where is not None)
            if once:
                unique.append(Unique(name, table, _plain(columns), where))
    return Expected(objects, tuple(unique), tuple(references), tuple(checks))


def found(session: Session) -> dict[tuple[str, str], str]:
    """Return the schema that the server describes. Needs no right on the tables."""
    columns, constraints, indexes, other = (
        each.fetchall() for each in session.run_all([(sql, None) for sql in (_COLUMNS, _CONSTRAINTS, _INDEXES, _OTHER)])
    )
    objects = dict[tuple[str, str], str]()
    for table, name, kind, collation, required in columns:
        objects["column", f"{table}.{name}"] = _column(kind, None if collation == "default" else collation, required)
    for name, table, kind, names, parent, key, valid in constraints:
        described = _constraint(table, kind, names if kind != "c" else "", parent or "", key or "")
        objects["constraint", name] = described if valid else "not valid"
    for name, table, once, names, partial, valid in indexes:
        objects["index", name] = _index(table, once, names or "", partial) if valid else "not valid"
    return objects | dict.fromkeys(other, "")


def _column(kind: str, collation: str | None, required: object) -> str:
    return f"{kind}{f' in the order of {collation}' if collation else ''}{', required' if required else ''}"


def _constraint(table: str, kind: str, columns: str, parent: str, key: str) -> str:
    return f"{kind} of {table} ({columns})" + (f" to {parent} ({key})" if parent else "")


def _index(table: str, once: object, columns: str, partial: object) -> str:
    return f"{'unique ' if once else ''}of {table} ({columns}){' for some rows' if partial else ''}"


def is_extra(kind: str, described: str) -> bool:
    """Return whether an unknown thing only makes reading faster."""
    return kind == "index" and described.startswith("of ")


def _plain(columns: str) -> str:
    return columns.replace('"', "")
