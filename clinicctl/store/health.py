"""What can be said of a database from outside: looked at read-only, each thing on its own."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from clinicctl import __version__, errors
from clinicctl.store.engine import inspect, uri
from clinicctl.store.migrations import CURRENT

LEAST_FREE = 100 << 20
"""Bytes of free disk below which `health` warns."""

_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


class Found(NamedTuple):
    """One thing looked at: its name, its value, whether it is good, what is wrong, and whether that stops the work."""

    name: str
    value: str
    ok: bool = True
    problem: str | None = None
    stops: bool = False


def look(path: str) -> list[Found]:
    """Return what was found, the database's usability first."""
    found = [Found("clinicctl", __version__), _sqlite()]
    try:
        inspect(path)
        found.insert(0, Found("database", path))
        found += _inside(path)
    except errors.Refusal as refused:
        return [Found("database", path, False, str(refused), True), *found]
    return [*found, *_modes(path), _disk(path), _backup()]


def wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this SQLite has the WAL-reset bug (https://sqlite.org/wal.html): 3.7.0 to 3.51.2, but for backports."""
    return (3, 7, 0) <= version < (3, 51, 3) and not any(
        version[:2] == fixed[:2] and version >= fixed for fixed in _FIXED
    )


def _sqlite() -> Found:
    version = sqlite3.sqlite_version
    known = " (has the WAL-reset bug; the writer's lock keeps clear of it)"
    return Found("sqlite", version + (known if wal_reset_bug(sqlite3.sqlite_version_info) else ""))


def _inside(path: str) -> Iterator[Found]:
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=5)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            (patients,) = connection.execute("SELECT count(*) FROM patients").fetchone()
            (writes,) = connection.execute("SELECT coalesce(max(number), 0) FROM journal").fetchone()
    except sqlite3.Error as error:
        yield Found("content", "unreadable", False, f"{error.sqlite_errorname}", True)
        return
    current = version == CURRENT
    yield Found("schema", str(version), current, None if current else f"this clinicctl needs {CURRENT}", not current)
    wal = mode == "wal"
    yield Found("journal mode", mode, wal, None if wal else "the next write sets it to wal")
    yield Found("durability", "synchronous=FULL, fsync at every commit")
    yield Found("patients", str(patients))
    yield Found("writes", str(writes))


def _modes(path: str) -> Iterator[Found]:
    for each, name in ((path, "file"), (f"{path}-wal", "-wal"), (f"{path}-shm", "-shm"), (f"{path}.lock", "lock")):
        if os.path.exists(each):
            mode = stat.S_IMODE(os.stat(each).st_mode)
            private = not mode & 0o077
            yield Found(f"mode of {name}", f"{mode:04o}", private, None if private else "others may read or write it")


def _disk(path: str) -> Found:
    free = shutil.disk_usage(os.path.dirname(path)).free
    enough = free >= LEAST_FREE
    return Found("free disk", f"{free >> 20} MiB", enough, None if enough else f"less than {LEAST_FREE >> 20} MiB")


def _backup() -> Found:
    return Found("last backup", "none known", False, "clinicctl makes none yet: stop the desk and copy the folder")
