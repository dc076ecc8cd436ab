"""Copy the pages of a database.

Nothing is copied as a file: `cp` of a live database loses the content of its log.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC

from clinicctl import clock, errors, interrupts
from clinicctl.store import paths
from clinicctl.store.sqlite import location
from clinicctl.store.sqlite.connections import interruptible
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.tx import MOVED_TO

ASK_AGAIN = 0.05
"""Seconds between two attempts to copy pages of a locked database."""
_MOVED = "SELECT value FROM settings WHERE name = ?"
_KEY = "SELECT 1 FROM journal WHERE key = ?"


def save_copy(path: str, why: str, wait: float) -> str:
    """Copy a database to a dated file beside it; return the path.

    The pages are copied as they are, damaged or not.
    """
    with copying(path, why, wait) as draft:
        pass
    return draft.target


@contextmanager
def copying(path: str, why: str, wait: float) -> Iterator[paths.Draft]:
    """Copy a database to a dated file beside it, which appears at the end."""
    name, _ = os.path.splitext(path)
    target = f"{name}-{why}-{clock.now().astimezone(UTC):{paths.STAMP}}.db"
    with translated(target, wait), paths.creating(target, numbered=True, access=location.access(path)) as draft:
        copy_pages(path, draft.path, wait)
        yield draft


def reader(path: str, wait: float) -> sqlite3.Connection:
    connection = sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=wait, isolation_level=None)
    connection.execute("PRAGMA trusted_schema=OFF")
    return interruptible(connection)


@contextmanager
def writing_to(target: str) -> Iterator[None]:
    """Name the target, not the source, when the disk is full."""
    try:
        yield
    except errors.DiskFull:
        raise errors.DiskFull(path=target) from None


def bounded_by(wait: float) -> Callable[[int, int, int], None]:
    """Return a progress callback that ends a copy after `wait` seconds.

    Python would retry without end.
    """
    end = clock.ticks() + wait

    def watch(status: int, _left: int, _pages: int) -> None:
        interrupts.check()
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and clock.ticks() > end:
            raise errors.Busy(wait=wait)

    return watch


def copy_pages(path: str, target: str, wait: float) -> None:
    """Copy a database and its log by SQLite's backup API.

    SQLite runs no SQL of the file.
    """
    with (
        writing_to(target),
        translated(path, wait),
        closing(reader(path, wait)) as source,
        closing(sqlite3.connect(uri(target, "mode=rw"), uri=True, isolation_level=None)) as copy,
    ):
        source.execute("PRAGMA writable_schema=ON")
        source.backup(copy, progress=bounded_by(wait), sleep=ASK_AGAIN)


def has_key(path: str, key: str, wait: float) -> bool:
    """Return whether the database at a path has a write with this key.

    A database that cannot be read has none.
    """
    with (
        suppress(errors.Refusal),
        translated(path, wait),
        closing(reader(path, wait)) as connection,
    ):
        return connection.execute(_KEY, (key,)).fetchone() is not None
    return False


def refuse_moved(path: str, wait: float) -> None:
    """Refuse the database of a clinic that has moved to another place.

    A database that cannot be read has not.
    """
    found = None
    with suppress(errors.Refusal), translated(path, wait), closing(reader(path, wait)) as connection:
        found = connection.execute(_MOVED, (MOVED_TO,)).fetchone()
    if found is not None:
        raise errors.Moved(path=path, to=found[0])
