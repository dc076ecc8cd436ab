"""Look into the database of a test past the program, and change it as another program would, on either engine."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from clinicctl import clock
from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.heads import Head
from clinicctl.store.postgresql import driver, notes
from clinicctl.store.postgresql.address import read as read_address
from clinicctl.store.sqlite.driver import sqlite3

Row = tuple[Any, ...]


class Process(Protocol):
    """A process that has been started, or forked."""

    pid: int


TABLES = {
    False: "SELECT name FROM sqlite_master WHERE type = 'table'",
    True: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()",
}
WITH_EVERY_WRITE = {"journal", "journal_steps", "sqlite_sequence", "head"}
"""The tables that each write changes, on either engine."""


def is_on_server(place: str) -> bool:
    """Return whether a place is a clinic on a server."""
    return "://" in place


def beside(place: str, name: str) -> str:
    """Return the place of one more database, which ends with the test's own."""
    own = read_address(place).schema if is_on_server(place) else os.path.basename(place)
    return place.replace(own, f"{own.removesuffix('.db')}_{name}" + ("" if is_on_server(place) else ".db"))


def rows(place: str, sql: str, *values: object) -> list[Row]:
    """Return the rows of a query with `?` for its values: ids, instants and dates as texts, truth values as 0 and 1."""
    with opened(place) as connection:
        return list(connection.execute(_placed(place, sql), values).fetchall())


def value(place: str, sql: str, *values: object) -> Any:
    """Return the only value of a query."""
    ((found,),) = rows(place, sql, *values)
    return found


def change(place: str, *statements: str, values: Row = ()) -> int:
    """Run statements in one transaction, with no regard to foreign keys; return the rows that the last one changed."""
    changed = 0
    with opened(place) as connection:
        if is_on_server(place):
            connection.execute("SET session_replication_role = replica")
        for each in statements:
            changed = connection.execute(_placed(place, each), values).rowcount
        connection.commit()
    return changed


def is_there(place: str) -> bool:
    """Return whether a clinic on a server is there."""
    return "head" in tables(place)


def dump(place: str) -> dict[str, list[Row]]:
    """Return every row of every table, sorted."""
    names = tables(place)
    with opened(place) as connection:
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}
    return {name: sorted(each, key=_order) for name, each in found.items()}


@contextmanager
def copied(place: str) -> Iterator[str]:
    """Hand out a copy of a clinic; on a server it is filled anew each time."""
    if is_on_server(place):
        own = beside(place, "copy")
        copy(place, own)
        yield own
        return
    with TemporaryDirectory() as folder:
        yield shutil.copy(place, os.path.join(folder, "clinic.db"))


def copy(source: str, place: str) -> None:
    """Make a clinic on a server the same as another of its database, also in what this user has noted of it.

    If it is there, its tables are filled: that is quicker than to make them.
    """
    own, other = (f'"{read_address(each).schema}"' for each in (place, source))
    names = tables(source)
    made = [f"DELETE FROM {name}" for name in names] if is_there(place) else [f"CREATE SCHEMA {own}", *DDL]
    filled = [f"INSERT INTO {name} SELECT * FROM {other}.{name}" for name in names]
    with opened(place) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("; ".join([*made, *filled]))
        ((number, hash_),) = connection.execute("SELECT number, hash FROM head").fetchall()
        connection.commit()
    notes.note_head(read_address(place).place, Head(number, hash_), clock.now())


def rename(place: str, to: str) -> None:
    """Give a clinic on a server another name.

    A transaction that a test has left open lets the test fail, rather than that the next one waits.
    """
    renamed = f'ALTER SCHEMA "{read_address(place).schema}" RENAME TO "{read_address(to).schema}"'
    change(place, "SET lock_timeout = '20s'", "LOCK TABLE head", renamed)


def layout_of(place: str) -> str:
    """Return what changes with each change of the tables of a clinic on a server, but not with that of its name."""
    return str(value(place, _LAYOUT))


_LAYOUT = """
WITH own AS (SELECT oid, xmin FROM pg_class WHERE relnamespace = current_schema()::regnamespace)
SELECT md5(string_agg(each, ' ' ORDER BY each)) FROM (
    SELECT format('class %s %s', oid, xmin) AS each FROM own
    UNION ALL SELECT format('column %s %s %s', attrelid, attnum, a.xmin) FROM pg_attribute AS a JOIN own
        ON own.oid = attrelid
    UNION ALL SELECT format('trigger %s %s', t.oid, t.xmin) FROM pg_trigger AS t JOIN own ON own.oid = tgrelid
    UNION ALL SELECT format('constraint %s %s', oid, xmin) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace
    UNION ALL SELECT format('function %s %s', oid, xmin) FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
    UNION ALL SELECT format('schema %s', nspacl) FROM pg_namespace WHERE nspname = current_schema()
) AS known"""


def tables(place: str) -> list[str]:
    """Return the names of the tables."""
    return [name for (name,) in rows(place, TABLES[is_on_server(place)])]


def columns(place: str, table: str) -> list[str]:
    """Return the names of the columns of a table."""
    with opened(place) as connection:
        return [each[0] for each in connection.execute(f'SELECT * FROM "{table}" LIMIT 0').description]


def new_id(place: str) -> str:
    """Return the SQL that makes an id."""
    return "gen_random_uuid()" if is_on_server(place) else "lower(hex(randomblob(16)))"


def forget_writes(place: str, *, after: int) -> None:
    """Cut the end of the journal off, and what else tells that it was there."""
    change(
        place,
        f"DELETE FROM journal_steps WHERE journal_number > {after}",
        f"DELETE FROM journal WHERE number > {after}",
        f"UPDATE head SET number = {after}, hash = (SELECT hash FROM journal WHERE number = {after})"
        if is_on_server(place)
        else f"UPDATE sqlite_sequence SET seq = {after} WHERE name = 'journal'",
    )


def schema(place: str) -> list[Row]:
    """Return what describes the tables, the indexes and the versions of a database, without its name."""
    if not is_on_server(place):
        versions = [row for name in ("user_version", "application_id") for row in rows(place, f"PRAGMA {name}")]
        return versions + rows(place, "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY 1, 2")
    own = f"{read_address(place).schema}."
    found = [row for query in _DESCRIBED for row in rows(place, query)]
    return [tuple(str(each).replace(own, "") for each in row) for row in found]


_DESCRIBED = (
    "SELECT schema, application FROM head",
    """SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name
    FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY 1, 2""",
    """SELECT conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = current_schema()::regnamespace ORDER BY 2""",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1",
)


@contextmanager
def away(place: str) -> Iterator[None]:
    """Give a database another name meanwhile, so that nobody finds it."""
    if is_on_server(place):
        own = read_address(place).schema
        change(place, f"ALTER SCHEMA {own} RENAME TO {own}_away")
        yield
        change(place, f"ALTER SCHEMA {own}_away RENAME TO {own}")
        return
    os.rename(place, f"{place}.away")
    yield
    os.rename(f"{place}.away", place)


@contextmanager
def viewed(place: str) -> Iterator[None]:
    """Keep a view of this instant, as a reader does who stands still."""
    with opened(place) as connection:
        connection.execute("BEGIN" if not is_on_server(place) else "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("SELECT count(*) FROM patients").fetchall()
        yield
        connection.rollback()


@contextmanager
def held(place: str) -> Iterator[None]:
    """Hold the writer's lock, as another desk does; where there is no clinic yet, that of its making."""
    if is_on_server(place):
        with opened(place) as connection:
            if connection.execute("SELECT to_regclass('head')").fetchone() == (None,):
                connection.execute(f'CREATE SCHEMA "{read_address(place).schema}"')
            else:
                connection.execute("SELECT 1 FROM head FOR UPDATE")
            yield
            connection.rollback()
        return
    descriptor = os.open(f"{place}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def waiting(place: str, processes: Iterable["Process"]) -> int:
    """Return how many processes wait for a lock, by the list of the kernel, or of the server."""
    if not is_on_server(place):
        with open("/proc/locks", encoding="ascii") as file:
            pids = {int(line.split()[5]) for line in file if " -> " in line and "FLOCK" in line}
        return sum(each.pid in pids for each in processes)
    ports = {port for (port,) in rows(place, "SELECT client_port FROM pg_stat_activity WHERE wait_event_type = 'Lock'")}
    return sum(not ports.isdisjoint(_ports(each.pid)) for each in processes)


def _ports(pid: int) -> set[int]:
    """Return the local ports of the TCP connections of a process."""
    try:
        with open(f"/proc/{pid}/net/tcp", encoding="ascii") as file:
            listed = [line.split() for line in list(file)[1:]]
        with os.scandir(f"/proc/{pid}/fd") as opened_files:
            links = {os.readlink(each.path) for each in opened_files}
    except OSError:  # It has ended, or just closed one.
        return set()
    return {int(each[1].rpartition(":")[2], 16) for each in listed if f"socket:[{each[9]}]" in links}


def is_held(place: str) -> bool:
    """Return whether somebody holds the writer's lock."""
    if is_on_server(place):
        with opened(place) as connection:
            return not connection.execute("SELECT 1 FROM head FOR UPDATE SKIP LOCKED").fetchall()
    with open(f"{place}.lock", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def looking(place: str) -> Iterator[Callable[..., Any]]:
    """Hand out a function that runs a query, outside of any transaction."""
    with opened(place) as connection:
        if is_on_server(place):
            connection.autocommit = True
        yield lambda sql, *values: connection.execute(_placed(place, sql), values)


@contextmanager
def opened(place: str) -> Iterator[Any]:
    """Open a connection of its own to a database."""
    if is_on_server(place):
        address = read_address(place)
        with closing(driver.connect(address, wait=5)) as connection:
            connection.execute(f"SET search_path = \"{address.schema}\"; SET timezone = 'UTC'")
            connection.autocommit = False
            yield connection
        return
    with closing(sqlite3.connect(f"file:{place}?mode=rw", uri=True)) as connection:
        yield connection


def _placed(place: str, sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s") if is_on_server(place) else sql


def _order(row: Row) -> list[tuple[str, Any]]:
    return [(type(each).__name__, each) for each in row]
