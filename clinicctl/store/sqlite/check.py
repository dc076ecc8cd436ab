"""Whether a database file is whole, has our schema and nothing else, and keeps the laws that SQL can tell.

Read-only. What is found is told with numbers, codes and dates: no name, no phone. The laws that need more than SQL are
the desk's (`desk.soundness`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date
from functools import cache
from typing import NamedTuple
from uuid import UUID

from clinicctl import errors, interrupts, settings
from clinicctl.store.compiled import schema as ours
from clinicctl.store.migrations import CURRENT
from clinicctl.store.sqlite import info, invariants
from clinicctl.store.sqlite.connections import interruptible
from clinicctl.store.sqlite.db_errors import reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.values import UNREADABLE, Unreadable, to_date, to_uuid

WHOLE = "the file is whole"
SCHEMA = "the schema is this program's"
READABLE = "text is text, a day a day, a number a number"
MOST = 100
"""So many violations of one law are told."""

_SQLITES = {
    "sqlite_sequence": "name,seq",
    "sqlite_stat1": "tbl,idx,stat",
    "sqlite_stat4": "tbl,idx,neq,nlt,ndlt,sample",
}
_AUTOINDEX = re.compile(r"sqlite_autoindex_(\w+)_[0-9]+")
_MADE = re.compile(r"CREATE (TABLE|INDEX|UNIQUE INDEX) ")

_WHOLE: Mapping[str, str] = {
    "uuid": "length({0}) = 32 AND {0} NOT GLOB '*[^0-9a-f]*'",
    "bool": "{0} IN (0, 1)",
    "date": "substr({0}, 1, 4) > '0000' AND date({0}, '+0 days') IS {0}",
    "time": "time(substr({0}, 1, 8)) IS substr({0}, 1, 8) AND substr({0}, 9) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'",
    "instant": "substr({0}, 1, 4) > '0000' AND datetime(substr({0}, 1, 19), '+0 days') IS substr({0}, 1, 19)"
    " AND substr({0}, 20) GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'",
}
"""By the form in which a column stores its values, what is so of each of them.

Moved by no day, so that SQLite reckons it: the thirtieth of February is else handed back as it was said.
"""
_JSON = "CASE WHEN json_valid({0}) THEN json_type({0}) = 'object' ELSE 0 END"
_KEPT_AS_JSON = ("journal.outcome", "journal_steps.before", "journal_days.before")
_ROW = "'row ' || rowid"
_LABELS = {
    table: f"CASE typeof(number) WHEN 'integer' THEN '{letter}' || number ELSE {_ROW} END"
    for table, letter in (("patients", "P"), ("appointments", "A"), ("waitlist_entries", "W"), ("journal", "write "))
}


class Violation(NamedTuple):
    """A law that does not hold: which, and where. `derived` names what can be worked out anew to mend it."""

    law: str
    where: str
    derived: str | None = None


def violations(connection: sqlite3.Connection, *, older: bool = False) -> Iterator[Violation]:
    """Find what is wrong with a file: its pages, its schema, its values, its references, then every law.

    Where a table or a column is missing, that is told, and nothing that would need it. `older` lets a file have the
    schema of an older version, of which only the pages and the references are looked at.
    """
    yield from _violations(WHOLE, _damage(connection))
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if older and version < CURRENT:
        yield from _violations("a reference leads somewhere", _orphans(connection))
        return
    yield from _violations(SCHEMA, differences(connection))
    if _lacks(connection):
        return
    yield from _violations(READABLE, _unreadable(connection))
    yield from _violations("a row keeps the rules of its table", _against_rules(connection))
    yield from _violations("a reference leads somewhere", _orphans(connection))
    for law in invariants.LAWS:
        yield from _violations(law.name, _broken(connection, law.query), law.derived)
    yield from _violations("a setting is one of the clinic's, with a value that it can have", _unset(connection))


def last_given(connection: sqlite3.Connection) -> dict[UUID, dict[date, int]]:
    """Return the last position that was ever given, by the doctor's id and the day."""
    found: dict[UUID, dict[date, int]] = {}
    try:
        for doctor, on, position in connection.execute(invariants.LAST_GIVEN):
            found.setdefault(to_uuid(doctor), {})[to_date(on)] = position
    except UNREADABLE:
        raise Unreadable from None
    return found


def look(path: str, *, wait: float, older: bool = False) -> list[Violation]:
    """Return the violations in a file on which no transaction of ours can begin; `older` as for `violations`."""
    with (
        translated(path, wait),
        closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=wait, isolation_level=None)) as connection,
    ):
        interruptible(connection)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("BEGIN")
        return list(violations(connection, older=older))


def refuse_damaged(connection: sqlite3.Connection, *, shown: str) -> None:
    """Refuse a database that is not whole, has rows or values that its tables do not allow, or lost references."""
    with translated(shown, 0):
        for problem in _damage(connection):
            raise errors.Damaged(path=shown, reason=problem)
        for problem in _against_rules(connection):
            raise errors.Damaged(path=shown, reason=f"against the rules of its table: {problem}")
        for problem in _orphans(connection):
            raise errors.Damaged(path=shown, reason=f"a reference leads nowhere: {problem}")
        for problem in _unreadable(connection):
            raise errors.Damaged(path=shown, reason=f"a value that is none of its column's: {problem}")


def refuse_unsound(connection: sqlite3.Connection, *, shown: str, indexes: bool = False) -> None:
    """Refuse a database that is not whole, or has another schema than ours; with `indexes` it may have added ones."""
    with translated(shown, 0):
        _refuse_differences(connection, shown=shown, indexes=indexes)
    refuse_damaged(connection, shown=shown)


def _refuse_differences(connection: sqlite3.Connection, *, shown: str, indexes: bool = False) -> None:
    for problem in differences(connection):
        raise errors.NotOurs(path=shown, reason=problem)
    for name in () if indexes else added_indexes(connection):
        raise errors.NotOurs(path=shown, reason=f"it has an index that is not ours, {name}")


def refuse_foreign(path: str, *, shown: str) -> None:
    """Refuse a file with anything that would be run or is not ours, before anything is done with it.

    Of an older schema, only what no version of ours has: what it has to be is seen once it is brought up.
    """
    with translated(shown, 0), closing(sqlite3.connect(uri(path, "mode=ro"), uri=True)) as connection:
        interruptible(connection)
        connection.execute("PRAGMA trusted_schema=OFF")
        for (kind, name), sql in schema(connection).items():
            if not _MADE.match(sql):
                raise errors.NotOurs(path=shown, reason=f"it has a {kind} that is not ours, {name}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version == CURRENT:
            _refuse_differences(connection, shown=shown)
        (own,) = _new().execute("PRAGMA page_size").fetchone()
        (pages,) = connection.execute("PRAGMA page_size").fetchone()
        if pages != own:
            raise errors.NotOurs(path=shown, reason=f"pages of {pages} bytes instead of {own}")


def schema(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return what stands in a schema by kind and name, as SQL without what spelling leaves free.

    SQLite reads kinds without case and runs what bears its own prefix: left out is only what is its own word for word.
    """
    rows = "SELECT lower(CAST(type AS TEXT)), CAST(name AS TEXT), CAST(sql AS TEXT) FROM sqlite_master"
    found = ((str(kind), str(name), sql) for kind, name, sql in connection.execute(rows))
    return {(kind, name): _plain_sql(sql or "") for kind, name, sql in found if not _is_sqlites(kind, name, sql)}


def _is_sqlites(kind: str, name: str, sql: str | None) -> bool:
    if kind == "index":
        return sql is None and (named := _AUTOINDEX.fullmatch(name)) is not None and named[1] in ours.COLUMNS
    return kind == "table" and name in _SQLITES and sql == f"CREATE TABLE {name}({_SQLITES[name]})"


def _plain_sql(sql: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"\s*([(),])\s*", r"\1", sql.replace('"', ""))).strip()


@cache
def _new() -> sqlite3.Connection:
    """A new database of this program, in memory."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    for each in ours.DDL:
        connection.execute(each)
    return connection


def differences(connection: sqlite3.Connection) -> Iterator[str]:
    """Name what a schema has more than ours, lacks, or has otherwise; but for `added_indexes`."""
    own, found = schema(_new()), schema(connection)
    added = added_indexes(connection)
    for kind, name in sorted(own.keys() | found.keys()):
        if kind == "index" and name in added:
            continue
        if (kind, name) not in own:
            yield f"it has a {kind} that is not ours, {name}"
        elif (kind, name) not in found:
            yield f"the {kind} {name} is missing"
        elif own[kind, name] != found[kind, name]:
            yield f"the {kind} {name} is not as this clinicctl makes it"


def added_indexes(connection: sqlite3.Connection) -> list[str]:
    """Return the names of indexes that are not ours and forbid nothing: somebody has added them for reading."""
    own = schema(_new())
    return [
        name
        for (kind, name), sql in schema(connection).items()
        if kind == "index" and (kind, name) not in own and sql.startswith("CREATE INDEX ")
    ]


def _lacks(connection: sqlite3.Connection) -> bool:
    return not all(_columns(connection, table) >= columns.keys() for table, columns in ours.COLUMNS.items())


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {name for _, name, *_ in connection.execute(f'PRAGMA table_info("{table}")')}


def _violations(law: str, where: Iterator[str], derived: str | None = None) -> Iterator[Violation]:
    """Tell where a law does not hold; of what cannot be read, why."""
    try:
        for nth, each in enumerate(where, start=1):
            if nth > MOST:
                yield Violation(law, f"and more than {MOST} others", derived)
                return
            yield Violation(law, each, derived)
    except sqlite3.DatabaseError as error:
        interrupts.check()
        yield Violation(law, f"cannot be read: {reason_of(error)}")


def _broken(connection: sqlite3.Connection, query: str) -> Iterator[str]:
    for (where,) in connection.execute(query):
        yield str(where)


def _unset(connection: sqlite3.Connection) -> Iterator[str]:
    known = {each.name: each for each in settings.CLINIC}
    for row, name, value in connection.execute("SELECT rowid, name, value FROM settings WHERE name <> 'secret'"):
        if name not in known:
            yield f"row {row} of settings"
        elif not _can_be(known[name], value):
            yield str(name)


def _can_be(setting: settings.Known, value: object) -> bool:
    try:
        return isinstance(value, str) and str((setting.stored or setting.read)(value)) == value
    except errors.BadValue:
        return False


def _damage(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if said != "ok" and not str(said).startswith("CHECK "):
            yield str(said).replace("\n", " ")


def _against_rules(connection: sqlite3.Connection) -> Iterator[str]:
    """Where a row is against a CHECK of its table: SQLite's own check leaves these out where it may only read."""
    standing = set(info.tables(connection))
    for name, (table, condition) in ours.CHECKS.items():
        if table in standing:
            broken = f'SELECT count(*) FROM "{table}" WHERE NOT ({condition})'  # noqa: S608 - our own
            (count,) = connection.execute(broken).fetchone()
            if count:
                yield f"{name} in {count} rows"


def _orphans(connection: sqlite3.Connection) -> Iterator[str]:
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} to {parent}"


def _unreadable(connection: sqlite3.Connection) -> Iterator[str]:
    """Where a value is not one of its column's, as this program writes them; the value itself is not told."""
    for table, kinds in ours.COLUMNS.items():
        standing = _columns(connection, table)
        columns = [each for each in kinds if each in standing]
        if not columns:
            continue
        looked_at = ", ".join(_looked_at(table, each, kinds[each]) for each in columns)
        query = f'SELECT {_LABELS.get(table, _ROW)}, {looked_at} FROM "{table}"'  # noqa: S608 - our own
        for label, *found in connection.execute(query):
            for column, each in zip(columns, found, strict=True):
                if each == 1 or (isinstance(each, bytes) and not _is_utf8(each)):
                    yield f"{table}.{column} of {label}"


def _looked_at(table: str, column: str, kind: str) -> str:
    """SQL for 1 where a value is none of its column's, for the bytes of a text that is not ASCII, else for 0."""
    whole = _JSON if f"{table}.{column}" in _KEPT_AS_JSON else _WHOLE.get(kind, "1")
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
