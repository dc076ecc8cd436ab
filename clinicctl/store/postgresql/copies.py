"""Copies of a clinic in schemas beside it, from before a migration, a repair or a restore."""

import re
from datetime import UTC, datetime

from clinicctl.store.postgresql.driver import search_path
from clinicctl.store.postgresql.session import Session

REPLACED, BEFORE = "replaced", "before"
"""The copies from before a restore, and from before a migration or a repair."""

_LONGEST = 48
"""The most characters in the name of a schema that a URL can name."""
_STAMP = "%Y%m%dt%H%M%Sz"
_DATED = r"_({})_[0-9]{{8}}t[0-9]{{6}}z(_[0-9]+)?"

_NAMES = "SELECT nspname FROM pg_namespace ORDER BY 1"
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace ORDER BY 1"
_CONSTRAINTS = """SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint AS k
    JOIN pg_class AS c ON c.oid = k.conrelid
    WHERE c.relnamespace = %s::regnamespace AND k.contype IN ('p', 'u', 'f') ORDER BY k.contype = 'f', 1, 2"""
_INDEXES = """SELECT pg_get_indexdef(x.indexrelid) FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indrelid
    WHERE c.relnamespace = %s::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint AS k WHERE k.conindid = x.indexrelid) ORDER BY 1"""
_ON = re.compile(r" ON (?:ONLY )?\S+?\.")


def free_name(session: Session, schema: str, why: str, at: datetime) -> str:
    """Return the name of a schema that does not exist, for a copy of a clinic."""
    taken = {name for (name,) in session.run(_NAMES, None).fetchall()}
    for nth in range(1, 1000):
        end = f"_{why}_{at.astimezone(UTC):{_STAMP}}{f'_{nth}' if nth > 1 else ''}"
        name = f"{schema[: _LONGEST - len(end)]}{end}"
        if name not in taken:
            return name
    raise AssertionError("a thousand copies within one second")


def listed(session: Session, schema: str) -> list[str]:
    """Return the names of the copies of a clinic in its database."""
    dated = re.compile(_DATED.format(f"{REPLACED}|{BEFORE}"))
    found = (name for (name,) in session.run(_NAMES, None).fetchall())
    ends = ((name, dated.search(name)) for name in found)
    return [name for name, end in ends if end and end.end() == len(name) and schema.startswith(name[: end.start()])]


def clone(session: Session, schema: str, copy: str) -> None:
    """Copy a schema of any version, with every row, constraint and index."""
    tables = [name for (name,) in session.run(_TABLES, (schema,)).fetchall()]
    constraints = session.run(_CONSTRAINTS, (schema,)).fetchall()
    indexes = [_ON.sub(f' ON "{copy}".', text, count=1) for (text,) in session.run(_INDEXES, (schema,)).fetchall()]
    statements = [f'CREATE SCHEMA "{copy}"', search_path(copy)]
    for name in tables:
        like = f'"{schema}"."{name}" INCLUDING DEFAULTS INCLUDING CONSTRAINTS'
        statements.append(f'CREATE TABLE "{name}" (LIKE {like})')
        statements.append(f'INSERT INTO "{name}" SELECT * FROM "{schema}"."{name}"')  # noqa: S608 - our own names
    statements += [f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {text}' for table, name, text in constraints]
    session.script([*statements, *indexes, search_path(schema)])
