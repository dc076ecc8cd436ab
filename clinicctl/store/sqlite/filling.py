"""Fill a new database file with the rows of a clinic, which may be on another engine."""

from contextlib import closing

from clinicctl import errors
from clinicctl.store import contents
from clinicctl.store.compiled import schema
from clinicctl.store.migrations import APPLICATION_ID, CURRENT
from clinicctl.store.sqlite.connections import interruptible
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.tx import Tx


def fill(path: str, source: Tx, *, moved: bool) -> None:
    """Make the tables in an empty file, and copy every row.

    Refuses with `Damaged` rows that do not fit. Nobody else uses the file yet, and a crash throws it away. The file is
    synced, and the caller checks it.
    """
    with closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, isolation_level=None)) as connection:
        interruptible(connection)
        for pragma in ("journal_mode=MEMORY", "synchronous=FULL", "foreign_keys=OFF", "trusted_schema=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        with connection:
            make_tables(connection)
            for table in contents.tables(source, moved=moved):
                places = ", ".join("?" * len(table.columns))
                try:
                    connection.executemany(f"INSERT INTO {table.target} VALUES ({places})", table.rows)  # noqa: S608 - our own
                except sqlite3.IntegrityError:
                    raise errors.Damaged(path=source.place, reason=f"a row of {table.name} does not fit") from None


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of this version in the open transaction."""
    for each in schema.DDL:
        connection.execute(each)
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={CURRENT}")
