"""Connections to a database: what is looked at before one is made, how it is set up, how its log is kept short."""

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
"""Bytes of `-wal` from which a write copies it back into the database."""

_STEPS = 1_000_000
"""Instructions of SQLite's machine, about ten milliseconds, after which a statement looks for a signal."""

BEGIN = {"ro": "BEGIN", "rw": "BEGIN IMMEDIATE"}
"""How a transaction begins, by the mode of its connection."""

_OWN_TABLES = (
    "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('settings', 'appointments', 'journal')"
)


@dataclass(slots=True, eq=False, repr=False)
class Connection:
    """A connection of the driver, with the files that it works on, once they are noted."""

    driver: sqlite3.Connection
    path: str
    mode: str
    files: tuple[paths.FileId | None, ...] | None = None
    is_closed: bool = False

    def begin(self) -> None:
        """Begin a transaction: on a connection that writes, with the write lock of SQLite at once."""
        self.driver.execute(BEGIN[self.mode])

    def close(self) -> None:
        """Close the connection, which rolls back what is open. An error at this point changes nothing any more."""
        if not self.is_closed:
            self.is_closed = True
            with suppress(Exception):
                self.driver.close()


_left_open: list[Connection] = []


def inspect(path: str) -> None:
    """Refuse, without changing a byte, what is not a clinic database of a version that this program can know.

    SQLite reads the header itself, by a connection that takes no lock and looks for no `-wal`: to open the file beside
    SQLite would drop the locks that this process holds on it (https://sqlite.org/howtocorrupt.html, 2.2).
    """
    found = location.look(path)
    if found is None:
        raise errors.NoDatabase(path=path)
    if not found.st_size:
        raise errors.NotOurs(path=path, reason="an empty file")
    with translated(path, 0), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        # Without the writable schema a file that a checkpoint is just extending would be taken for a damaged one; what
        # is really cut off is met by the connection that works on it.
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
    """Hand out a connection; at the end it is closed, or left open where closing would do harm."""
    connection = Connection(_connect(path, wait, mode), path, mode)
    try:
        yield connection
    finally:
        close(connection)


@contextmanager
def view(connection: Connection) -> Iterator[None]:
    """Give one view of the database to all that is read inside. What is changed inside is rolled back."""
    connection.begin()
    try:
        yield
    finally:
        connection.driver.rollback()


def note_files(connection: Connection) -> tuple[paths.FileId, ...]:
    """Note and return the files that a connection works on. Its first statement has opened them."""
    if connection.files is None:
        connection.files = _files(connection)
    return tuple(each for each in connection.files if each is not None)


def is_replaced(connection: Connection) -> bool:
    """Whether a file that a connection works on was deleted, renamed or replaced since it was noted."""
    return connection.files is not None and connection.files != _files(connection)


def lost_files(connection: Connection) -> tuple[bool, bool]:
    """Return whether the log of a database, and the log's index, were deleted or replaced, and the database was not."""
    before, now = connection.files, _files(connection)
    assert before is not None, "files that nobody noted"
    return before[0] == now[0] and before[1] != now[1], before[0] == now[0] and before[2] != now[2]


def close(connection: Connection) -> None:
    """Close a connection; or leave it open, where others may have begun its files anew.

    On closing, SQLite copies the log back by its index, and deletes the log by its name: that could be another's. A
    connection that only reads changes nothing.
    """
    if connection.is_closed or connection in _left_open:
        return
    if connection.mode == "rw" and is_replaced(connection):
        leave_open(connection)
    else:
        connection.close()


def leave_open(connection: Connection) -> None:
    """Keep a connection until the process ends."""
    _left_open.append(connection)


def copy_back_all(connection: Connection) -> bool:
    """Copy the whole log back into the database; return whether all of it could be. The writer's lock is held.

    Where somebody reads an older state, only a part is copied, and the database is whole only with its log.
    """
    try:
        busy, pages, copied = connection.driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy and pages == copied


def _files(connection: Connection) -> tuple[paths.FileId | None, ...]:
    return tuple(paths.file_id(f"{connection.path}{end}") for end in ("", "-wal", "-shm"))


def _connect(path: str, wait: float, mode: str) -> sqlite3.Connection:
    # `timeout` is SQLite's busy_timeout, and has to come before everything else.
    connection = sqlite3.connect(uri(path, f"mode={mode}"), uri=True, timeout=wait, isolation_level=None)
    try:
        interruptible(connection)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA trusted_schema=OFF")
        if mode == "ro":
            connection.execute("PRAGMA query_only=ON")
        else:
            _keep_a_log(connection, path)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            # What a savepoint may have to put back would else be written, names and all, into a temporary file.
            connection.execute("PRAGMA temp_store=MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def _keep_a_log(connection: sqlite3.Connection, path: str) -> None:
    """Set the journal mode to WAL, which stands in the file's header. Refuses to change that of a foreign file."""
    if connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()
    if tables and connection.execute(_OWN_TABLES).fetchone() != (3,):
        raise errors.NotOurs(path=path, reason="it has not the tables of a clinic")
    connection.execute("PRAGMA journal_mode=WAL")


def copy_back(connection: Connection, path: str) -> None:
    """Copy a long log back into the database and empty it, as far as no reader stands in it; wait for none.

    What is committed stands, whether or not it can be copied back now.
    """
    bare = connection.driver
    with suppress(sqlite3.Error, OSError):
        if os.stat(f"{path}-wal").st_size >= _CHECKPOINT_AT:
            (waits,) = bare.execute("PRAGMA busy_timeout").fetchone()
            bare.execute("PRAGMA busy_timeout=0")
            bare.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            bare.execute(f"PRAGMA busy_timeout={waits}")


def interruptible(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Let a signal end a long statement; SQLite then rolls it back, and `translated` stops the command."""
    connection.set_progress_handler(interrupts.received, _STEPS)
    return connection
