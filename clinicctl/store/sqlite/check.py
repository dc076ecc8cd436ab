"""Check the pages, schema, values and invariants of a database file.

Reads only, and reports numbers, codes and dates, never names or phones. `desk.integrity` checks the other invariants.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from functools import cache
from uuid import UUID

from clinicctl import errors, interrupts
from clinicctl.store.compiled import schema as expected
from clinicctl.store.migrations import CURRENT
from clinicctl.store.reports import CONSTRAINTS, INTACT, MOST, REFERENCES, SCHEMA, SETTINGS, VALID_VALUES, Violation
from clinicctl.store.sqlite import info, invariants
from clinicctl.store.sqlite.connections import interruptible
from clinicctl.store.sqlite.db_errors import reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.tx import bad_settings
from clinicctl.store.values import UNREADABLE, Unreadable, to_date, to_uuid

_INTERNAL = {
    "sqlite_sequence": "name,seq",
    "sqlite_stat1": "tbl,idx,stat",
    "sqlite_stat4": "tbl,idx,neq,nlt,ndlt,sample",
}
_AUTOINDEX = re.compile(r"sqlite_autoindex_(\w+)_[0-9]+")
_OUR_KINDS = re.compile(r"CREATE (TABLE|INDEX|UNIQUE INDEX) ")

_VALID: Mapping[str, str] = {
    "uuid": "length({0}) = 32 AND {0} NOT GLOB '*[^0-9a-f]*'",
    "bool": "{0} IN (0, 1)",
    "date": "substr({0}, 1, 4) > '0000' AND date({0}, '+0 days') IS {0}",
    "time": "time(substr({0}, 1, 8)) IS substr({0}, 1, 8) AND substr({0}, 9) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'",
    "instant": "substr({0}, 1, 4) > '0000' AND datetime(substr({0}, 1, 19), '+0 days') IS substr({0}, 1, 19)"
    " AND substr({0}, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'",
}
"""The condition on each stored value, by the form of its column.

Dates are moved by 0 days, so that SQLite normalizes them; otherwise it returns 30 February unchanged.
"""
_JSON = "CASE WHEN json_valid({0}) THEN json_type({0}) = 'object' ELSE 0 END"
_JSON_COLUMNS = ("journal.outcome", "journal_steps.before", "journal_days.before", "journal_merges.before")
_ROW = "'row ' || rowid"
_STORED_SETTINGS = "SELECT rowid, name, value FROM settings ORDER BY rowid"
_LABELS = {
    table: f"CASE typeof(number) WHEN 'integer' THEN '{letter}' || number ELSE {_ROW} END"
    for table, letter in (("patients", "P"), ("appointments", "A"), ("waitlist_entries", "W"), ("journal", "write "))
} | {
    "patient_keys": "CASE typeof(patient) WHEN 'integer' THEN 'P' || patient ELSE 'a row' END",
    "held_slots": "CASE typeof(appointment) WHEN 'integer' THEN 'A' || appointment ELSE 'a row' END",
}


def violations(connection: sqlite3.Connection, *, older: bool = False) -> Iterator[Violation]:
    """Yield the violations in a file: pages, schema, values, then invariants.

    After a missing table or column, nothing further is checked. With `older`, a file of an older schema version is
    accepted, and only its pages and references are checked.
    """
    yield from _violations(INTACT, _damage(connection))
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if older and version < CURRENT:
        yield from _violations(REFERENCES, _orphans(connection))
        return
    yield from _violations(SCHEMA, differences(connection))
    if _is_incomplete(connection):
        return
    yield from _violations(VALID_VALUES, _bad_values(connection))
    yield from _violations(CONSTRAINTS, _check_failures(connection))
    yield from _violations(REFERENCES, _orphans(connection))
    for each in invariants.INVARIANTS:
        yield from _violations(each.name, _violating(connection, each.query), each.derived)
    yield from _violations(SETTINGS, bad_settings(connection.execute(_STORED_SETTINGS)))


def last_given(connection: sqlite3.Connection) -> dict[UUID, dict[date, int]]:
    """Return the last position ever given, by doctor id and date."""
    found: dict[UUID, dict[date, int]] = {}
    try:
        for doctor, on, position in connection.execute(invariants.LAST_GIVEN):
            found.setdefault(to_uuid(doctor), {})[to_date(on)] = position
    except UNREADABLE:
        raise Unreadable from None
    return found


def find_violations(path: str, *, wait: float, older: bool = False) -> list[Violation]:
    """Return the violations in a file that no `Tx` can be opened on.

    `older` is as for `violations`.
    """
    with (
        translated(path, wait),
        closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=wait, isolation_level=None)) as connection,
    ):
        interruptible(connection)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("BEGIN")
        return list(violations(connection, older=older))


def refuse_damaged(connection: sqlite3.Connection, *, shown: str) -> None:
    """Refuse damaged pages, violated constraints, bad values and lost references."""
    with translated(shown, 0):
        for problem in _damage(connection):
            raise errors.Damaged(path=shown, reason=problem)
        for problem in _check_failures(connection):
            raise errors.Damaged(path=shown, reason=f"a constraint is violated: {problem}")
        for problem in _orphans(connection):
            raise errors.Damaged(path=shown, reason=f"a reference leads nowhere: {problem}")
        for problem in _bad_values(connection):
            raise errors.Damaged(path=shown, reason=f"a value of the wrong type: {problem}")


def refuse_unsound(connection: sqlite3.Connection, *, shown: str, indexes: bool = False) -> None:
    """Refuse a damaged database or another schema than this program's.

    With `indexes`, extra indexes are accepted.
    """
    with translated(shown, 0):
        _refuse_differences(connection, shown=shown, indexes=indexes)
    refuse_damaged(connection, shown=shown)


def _refuse_differences(connection: sqlite3.Connection, *, shown: str, indexes: bool = False) -> None:
    for problem in differences(connection):
        raise errors.NotOurs(path=shown, reason=problem)
    for name in () if indexes else extra_indexes(connection):
        raise errors.NotOurs(path=shown, reason=f"it has an unknown index, {name}")


def refuse_foreign(path: str, *, shown: str) -> None:
    """Refuse a file with triggers, views or another schema.

    This happens before any statement could run them. An older schema is compared only after its migration.
    """
    with translated(shown, 0), closing(sqlite3.connect(uri(path, "mode=ro"), uri=True)) as connection:
        interruptible(connection)
        connection.execute("PRAGMA trusted_schema=OFF")
        for (kind, name), sql in schema(connection).items():
            if not _OUR_KINDS.match(sql):
                raise errors.NotOurs(path=shown, reason=f"it has an unknown {kind}, {name}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == CURRENT:
            _refuse_differences(connection, shown=shown)
        (own,) = _new().execute("PRAGMA page_size").fetchone()
        (pages,) = connection.execute("PRAGMA page_size").fetchone()
        if pages != own:
            raise errors.NotOurs(path=shown, reason=f"pages of {pages} bytes instead of {own}")


def schema(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return a schema's SQL by kind and name, in one spelling.

    SQLite ignores the case of kinds, and runs objects that have its own prefix. So internal objects are left out only
    if they match SQLite's own exactly.
    """
    rows = "SELECT lower(CAST(type AS TEXT)), CAST(name AS TEXT), CAST(sql AS TEXT) FROM sqlite_master"
    found = ((str(kind), str(name), sql) for kind, name, sql in connection.execute(rows))
    return {(kind, name): _plain_sql(sql or "") for kind, name, sql in found if not _is_internal(kind, name, sql)}


def _is_internal(kind: str, name: str, sql: str | None) -> bool:
    if kind == "index":
        return sql is None and (named := _AUTOINDEX.fullmatch(name)) is not None and named[1] in expected.COLUMNS
    return kind == "table" and name in _INTERNAL and sql == f"CREATE TABLE {name}({_INTERNAL[name]})"


def _plain_sql(sql: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*([(),])\s*", r"\1", sql.replace('"', ""))).strip()


@cache
def _new() -> sqlite3.Connection:
    """Return a new database of this program, in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    for each in expected.DDL:
        connection.execute(each)
    return connection


def differences(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the differences from this program's schema, except for `extra_indexes`."""
    own, found = schema(_new()), schema(connection)
    added = extra_indexes(connection)
    for kind, name in sorted(own.keys() | found.keys()):
        if kind == "index" and name in added:
            continue
        if (kind, name) not in own:
            yield f"it has an unknown {kind}, {name}"
        elif (kind, name) not in found:
            yield f"the {kind} {name} is missing"
        elif own[kind, name] != found[kind, name]:
            yield f"the {kind} {name} differs from the one of this program"


def extra_indexes(connection: sqlite3.Connection) -> list[str]:
    """Return the names of unknown indexes that are not unique.

    They only make reading faster.
    """
    own = schema(_new())
    return [
        name
        for (kind, name), sql in schema(connection).items()
        if kind == "index" and (kind, name) not in own and sql.startswith("CREATE INDEX ")
    ]


def _is_incomplete(connection: sqlite3.Connection) -> bool:
    return not all(_columns(connection, table) >= columns.keys() for table, columns in expected.COLUMNS.items())


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')}


def _violations(invariant: str, where: Iterator[str], derived: str | None = None) -> Iterator[Violation]:
    """Yield at most MOST violations of an invariant.

    If the data cannot be read, yield the reason.
    """
    try:
        for nth, each in enumerate(where, start=1):
            if nth > MOST:
                yield Violation(invariant, f"more than {MOST} in all", derived)
                return
            yield Violation(invariant, each, derived)
    except sqlite3.DatabaseError as error:
        interrupts.check()
        yield Violation(invariant, f"cannot be read: {reason_of(error)}")


def _violating(connection: sqlite3.Connection, query: str) -> Iterator[str]:
    for (where,) in connection.execute(query):
        yield str(where)


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (problem,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if problem != "ok" and not str(problem).startswith("CHECK "):
            yield str(problem).replace("\n", " ")


def _check_failures(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the violated CHECK constraints.

    SQLite's own check skips them on a read-only connection.
    """
    existing = set(info.tables(connection))
    for name, (table, condition) in expected.CHECKS.items():
        if table in existing:
            broken = f'SELECT count(*) FROM "{table}" WHERE NOT ({condition})'  # noqa: S608 - our own
            (count,) = connection.execute(broken).fetchone()
            if count:
                yield f"{name} in {count} rows"


def _orphans(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"{'a row' if row is None else f'row {row}'} of {table} to {parent}"


def _bad_values(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the location, without the value, of each value of the wrong type."""
    for table, kinds in expected.COLUMNS.items():
        existing = _columns(connection, table)
        columns = [each for each in kinds if each in existing]
        if not columns:
            continue
        flags = ", ".join(_flag(table, each, kinds[each]) for each in columns)
        query = f'SELECT {_LABELS.get(table, _ROW)}, {flags} FROM "{table}"'  # noqa: S608 - our own
        for label, *found in connection.execute(query):
            for column, each in zip(columns, found, strict=True):
                if each == 1 or (isinstance(each, bytes) and not _is_utf8(each)):
                    yield f"{table}.{column} of {label}"


def _flag(table: str, column: str, kind: str) -> str:
    """Return SQL that gives 1 for a bad value, else 0 or the bytes of a text.

    The bytes are given for text that is not ASCII.
    """
    whole = _JSON if f"{table}.{column}" in _JSON_COLUMNS else _VALID.get(kind, "1")
    kind = "integer" if kind in ("int", "bool") else "text"
    value = f'"{column}"'
    return (
        f"CASE WHEN {value} IS NULL THEN 0 WHEN typeof({value}) <> '{kind}' OR NOT ({whole.format(value)}) THEN 1"
        f" WHEN instr(CAST({value} AS BLOB), x'00') THEN 1"
        f" WHEN {value} GLOB '*[^' || char(1) || '-' || char(127) || ']*' THEN CAST({value} AS BLOB) ELSE 0 END"
    )


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
