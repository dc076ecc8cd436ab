"""Look into the database of a test past the program, and change it as another program would, on either engine."""

import fcntl
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from clinicctl.store.postgresql import driver
from clinicctl.store.postgresql.address import read as read_address
from clinicctl.store.sqlite.driver import sqlite3

Row = tuple[Any, ...]

TABLES = {
    False: "SELECT name FROM sqlite_master WHERE type = 'table'",
    True: "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()",
}
WITH_EVERY_WRITE = {"journal", "journal_steps", "sqlite_sequence", "head"}
"""The tables that each write changes, on either engine."""


def is_on_server(place: str) -> bool:
    """Return whether a place is a clinic on a server."""
    return "://" in place


def rows(place: str, sql: str, *values: object) -> list[Row]:
    """Return the rows of a query with `?` for its values: ids, instants and dates as texts, truth values as 0 and 1."""
    with _opened(place) as connection:
        return list(connection.execute(_placed(place, sql), values).fetchall())


def value(place: str, sql: str, *values: object) -> Any:
    """Return the only value of a query."""
    ((found,),) = rows(place, sql, *values)
    return found


def change(place: str, *statements: str, values: Row = ()) -> int:
    """Run statements in one transaction, with no regard to foreign keys; return the rows that the last one changed."""
    changed = 0
    with _opened(place) as connection:
        if is_on_server(place):
            connection.execute("SET session_replication_role = replica")
        for each in statements:
            changed = connection.execute(_placed(place, each), values).rowcount
        connection.commit()
    return changed


def dump(place: str) -> dict[str, list[Row]]:
    """Return every row of every table, sorted."""
    with _opened(place) as connection:
        tables = [name for (name,) in connection.execute(TABLES[is_on_server(place)]).fetchall()]
        return {name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=_order) for name in tables}


def columns(place: str, table: str) -> list[str]:
    """Return the names of the columns of a table."""
    with _opened(place) as connection:
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


@contextmanager
def held(place: str) -> Iterator[None]:
    """Hold the writer's lock, as another desk does."""
    if is_on_server(place):
        with _opened(place) as connection:
            connection.execute("SELECT 1 FROM head FOR UPDATE")
            yield
        return
    with open(f"{place}.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_held(place: str) -> bool:
    """Return whether somebody holds the writer's lock."""
    if is_on_server(place):
        with _opened(place) as connection:
            return not connection.execute("SELECT 1 FROM head FOR UPDATE SKIP LOCKED").fetchall()
    with open(f"{place}.lock", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _opened(place: str) -> Iterator[Any]:
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
