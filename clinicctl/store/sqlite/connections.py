"""Open connections, set them up, and checkpoint the write-ahead log."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass

from clinicctl import errors, interrupts
from clinicctl.store import paths
from clinicctl.store.migrations import APPLICATION_ID, CURRENT
from clinicctl.store.sqlite import location
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.driver import sqlite3, uri

_CHECKPOINT_AT = 1 << 20
"""Bytes of `-wal` from which a write checkpoints it."""

_STEPS = 1_000_000
"""Virtual machine instructions, about ten milliseconds, after which a statement checks for a signal."""

BEGIN = {"ro": "BEGIN", "rw": "BEGIN IMMEDIATE"}
"""The statement that begins a transaction, by the mode of the connection."""

_OWN_TABLES = (
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('settings', 'appointments', 'journal')"
)


@dataclass(slots=True, eq=False, repr=False)
class Connection:
    """A connection of the driver, with the identities of the files that it uses."""

    driver: sqlite3.Connection
    path: str
    mode: str
    files: tuple[paths.FileId | None, ...] | None = None
    is_closed: bool = False

    def begin(self) -> None:
        """Begin a transaction. A writing connection takes SQLite's write lock at once."""
        self.driver.execute(BEGIN[self.mode])

    def close(self) -> None:
        """Close the connection, which rolls back an open transaction.

        Errors no longer matter at this point.
        """
        if not self.is_closed:
            self.is_closed = True
            with suppress(Exception):
                self.driver.close()


_left_open: list[Connection] = []


def inspect(path: str) -> None:
    """Refuse a file that is not a clinic database of a known version.

    No byte is changed. SQLite itself reads the header, by a connection that takes no lock and ignores `-wal`. Opening
    the file without SQLite would drop the locks that this process holds on it (https://sqlite.org/howtocorrupt.html,
    2.2).
    """
    found = location.stat_database(path)
    if found is None:
        raise errors.NoDatabase(path=path)
    if not found.st_size:
        raise errors.NotOurs(path=path, reason="an empty file")
    with translated(path, 0), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        # Without writable_schema, a file that a checkpoint is just extending would look damaged. The connection that
        # uses the file finds real truncation.
        connection.execute("PRAGMA writable_schema=ON")
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    if application != APPLICATION_ID:
        raise errors.NotOurs(path=path, reason="a database of another program")
    if version > CURRENT:
        raise errors.NewerDatabase(path=path, found=version, known=CURRENT)
    if found.st_size % page:
        raise errors.Damaged(path=path, reason="cut off within a page")


@contextmanager
def connected(path: str, wait: float, *, mode: str) -> Iterator[Connection]:
    """Hand out a connection, and close it at the end.

    It is left open if closing would do harm.
    """
    connection = Connection(_connect(path, wait, mode), path, mode)
    try:
        yield connection
    finally:
        close(connection)


@contextmanager
def view(connection: Connection) -> Iterator[None]:
    """Give every read in the body the same view of the database. Roll back changes."""
    connection.begin()
    try:
        yield
    finally:
        connection.driver.rollback()


def note_files(connection: Connection) -> tuple[paths.FileId, ...]:
    """Record and return the identities of a connection's files.

    Its first statement has opened them.
    """
    if connection.files is None:
        connection.files = _files(connection)
    return tuple(each for each in connection.files if each is not None)


def is_replaced(connection: Connection) -> bool:
    """Return whether a file of the connection has been deleted, renamed or replaced."""
    return connection.files is not None and connection.files != _files(connection)


def lost_files(connection: Connection) -> tuple[bool, bool]:
    """Return whether the log, and its index, were deleted or replaced.

    If the database itself was replaced, both are false.
    """
    before, now = connection.files, _files(connection)
    assert before is not None, "call note_files first"
    return before[0] == now[0] and before[1] != now[1], before[0] == now[0] and before[2] != now[2]


def close(connection: Connection) -> None:
    """Close a connection, or leave it open if its files may be replaced.

    On closing, SQLite checkpoints the log by its index and deletes the log by its name, which may by then belong to
    another process. A read-only connection changes nothing.
    """
    if connection.is_closed or connection in _left_open:
        return
    if connection.mode == "rw" and is_replaced(connection):
        leave_open(connection)
    else:
        connection.close()


def leave_open(connection: Connection) -> None:
    """Leave a connection open until the process ends."""
    _left_open.append(connection)


def checkpoint_all(connection: Connection) -> bool:
    """Checkpoint the whole log; return whether that was possible.

    The writer's lock is held. While another process reads an older state, only a part is copied.
    """
    try:
        busy, pages, copied = connection.driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy and pages == copied


def _files(connection: Connection) -> tuple[paths.FileId | None, ...]:
    return tuple(paths.file_id(f"{connection.path}{end}") for end in ("", "-wal", "-shm"))


def _connect(path: str, wait: float, mode: str) -> sqlite3.Connection:
    # `timeout` is SQLite's busy_timeout, which must be set before anything else.
    connection = sqlite3.connect(uri(path, f"mode={mode}"), uri=True, timeout=wait, isolation_level=None)
    try:
        interruptible(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        if mode == "ro":
            connection.execute("PRAGMA query_only=ON")
        else:
            _set_wal_mode(connection, path)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            # 8 MB, so that the keys of some registrations fit into the cache.
            connection.execute("PRAGMA cache_size=-8000")
            # Without this, savepoints would write rows with names into a temporary file.
            connection.execute("PRAGMA temp_store=MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def _set_wal_mode(connection: sqlite3.Connection, path: str) -> None:
    """Set the journal mode to WAL, which changes the file's header.

    Refuses a foreign file.
    """
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    if tables and connection.execute(_OWN_TABLES).fetchone() != (3,):
        raise errors.NotOurs(path=path, reason="it does not have the tables of a clinic")
    connection.execute("PRAGMA journal_mode=WAL")


def checkpoint(connection: Connection, path: str) -> None:
    """Checkpoint a long log and empty it, without waiting for readers.

    An error does not matter: the commit is durable in the log.
    """
    driver = connection.driver
    with suppress(sqlite3.Error, OSError):
        if os.stat(f"{path}-wal").st_size >= _CHECKPOINT_AT:
            (waits,) = driver.execute("PRAGMA busy_timeout").fetchone()
            driver.execute("PRAGMA busy_timeout=0")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            driver.execute(f"PRAGMA busy_timeout={waits}")


def interruptible(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let a signal interrupt a long statement.

    SQLite rolls it back, and `translated` stops the command.
    """
    connection.set_progress_handler(interrupts.received, _STEPS)
    return connection
