"""Describe a database file of any schema version. Reads only, in one view."""

import os
from contextlib import closing
from zoneinfo import ZoneInfo

from clinicctl import __version__, errors, settings
from clinicctl.store.migrations import APPLICATION_ID
from clinicctl.store.reports import DatabaseInfo, Head
from clinicctl.store.sqlite import head_file
from clinicctl.store.sqlite.connections import inspect, interruptible
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.tx import head_of


def describe(path: str, *, wait: float) -> DatabaseInfo:
    """Describe a database.

    Refuses a file that is no clinic database, is newer, or cannot be read.
    """
    inspect(path)
    with translated(path, wait), closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=wait)) as connection:
        interruptible(connection)
        connection.execute("PRAGMA trusted_schema=OFF")
        connection.execute("BEGIN")

        def pragma(name: str) -> int:
            return int(connection.execute(f"PRAGMA {name}").fetchone()[0])

        return DatabaseInfo(
            application=APPLICATION_ID.to_bytes(4).decode("ascii"),
            schema=pragma("user_version"),
            sqlite=sqlite3.sqlite_version,
            journal_mode=str(connection.execute("PRAGMA journal_mode").fetchone()[0]),
            bytes=size(path),
            wal_bytes=size(f"{path}-wal"),
            page_size=pragma("page_size"),
            pages=pragma("page_count"),
            free_pages=pragma("freelist_count"),
            rows={table: count(connection, table) for table in tables(connection)},
            head=head(connection),
            last_backup=head_file.last_backup(path),
            zone=zone(connection, shown=path),
        )


def tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables, without SQLite's own."""
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in found if not name.startswith("sqlite_")]


def count(connection: sqlite3.Connection, table: str) -> int:
    """Return the number of rows in a table."""
    return int(connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0])  # noqa: S608 - a table's name


def head(connection: sqlite3.Connection) -> Head:
    """Return the journal's last row, as number and hash."""
    number, hash_ = head_of(connection)
    return Head(number, hash_ or "0" * 64)


def zone(connection: sqlite3.Connection, *, shown: str) -> ZoneInfo:
    """Return the clinic's time zone. Refuses an unknown one."""
    found = connection.execute("SELECT value FROM settings WHERE name = 'timezone'").fetchone()
    try:
        return ZoneInfo(settings.stored_timezone(found[0] if found else "UTC"))
    except errors.BadValue:
        raise errors.Damaged(path=shown, reason="the clinic's settings cannot be read") from None


def size(path: str) -> int:
    """Return the size of a file in bytes, or 0 if there is none."""
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def versions(schema: int) -> dict[str, str]:
    """Return the versions of the program, of a database's schema, and of SQLite."""
    return {"version": __version__, "schema": str(schema), "sqlite": sqlite3.sqlite_version}
