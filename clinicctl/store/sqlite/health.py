"""What can be said of a database from outside: looked at read-only, each thing on its own."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clinicctl import __version__, clock, errors, settings
from clinicctl.store.migrations import CURRENT
from clinicctl.store.sqlite import head_file, info, location, trust
from clinicctl.store.sqlite.connections import connected, inspect
from clinicctl.store.sqlite.driver import sqlite3, uri, whose

LEAST_FREE = 100 << 20
"""Bytes of free disk below which `health` warns."""

LONG_LOG = 64 << 20
"""Bytes of `-wal` from which `health` warns; a write copies it back from 1 MiB on, if nobody reads."""

CLOCKS_DIFFER = timedelta(seconds=2)
"""By how much the clocks of two desks may differ."""

_DURABLE = {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0, "foreign_keys": 1}
_WORDS = {("synchronous", 2): "FULL", ("foreign_keys", 1): "ON"}
_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


BACKUP_OVERDUE = timedelta(days=7)
"""From this age on, `health` asks for another backup."""


class Found(NamedTuple):
    """One thing looked at: its name, its value, whether it is good, what is wrong, and whether that stops the work."""

    name: str
    value: str
    ok: bool = True
    problem: str | None = None
    stops: bool = False


def look(path: str) -> list[Found]:
    """Return what was found, the database's usability first."""
    found = [Found("clinicctl", __version__), _sqlite(), _durability()]
    try:
        inspect(path)
        trust.refuse_mixture(path, wait=5)
        found.insert(0, Found("database", path))
        found += _inside(path)
    except errors.Refusal as refused:
        return [Found("database", path, False, str(refused), True), *found]
    return [*found, *_sizes(path), *_modes(path), _disk(path), _backup(path)]


def wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Whether this SQLite has the WAL-reset bug (https://sqlite.org/wal.html): 3.7.0 to 3.51.2, but for backports."""
    return (3, 7, 0) <= version < (3, 51, 3) and not any(
        version[:2] == fixed[:2] and version >= fixed for fixed in _FIXED
    )


def _sqlite() -> Found:
    version = f"{sqlite3.sqlite_version}, {whose()}'s own"
    known = " (has the WAL-reset bug; the writer's lock keeps clear of it)"
    return Found("sqlite", version + (known if wal_reset_bug(sqlite3.sqlite_version_info) else ""))


def _durability() -> Found:
    """What a connection that writes sets, read back from one on a file that is thrown away."""
    try:
        with TemporaryDirectory() as folder:
            scratch = os.path.join(folder, "scratch.db")
            os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with connected(scratch, 0, mode="rw") as connection:
                values = {name: connection.driver.execute(f"PRAGMA {name}").fetchone()[0] for name in _DURABLE}
    except (OSError, sqlite3.Error):
        return Found("durability", "unknown", False, "there is no place for a temporary file")
    wrong = [f"{name} is {value}" for name, value in values.items() if value != _DURABLE[name]]
    said = ", ".join(f"{name}={_WORDS.get((name, value), value)}" for name, value in values.items())
    return Found("durability", said, not wrong, f"a power cut may lose writes: {', '.join(wrong)}" if wrong else None)


def _inside(path: str) -> Iterator[Found]:
    noted = head_file.known_head(path)
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=5)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            (patients,) = connection.execute("SELECT count(*) FROM patients").fetchone()
            last = connection.execute("SELECT number, hash, at FROM journal ORDER BY number DESC LIMIT 1").fetchone()
            zone = connection.execute("SELECT value FROM settings WHERE name = 'timezone'").fetchone()
    except sqlite3.Error as error:
        problem = location.denied(path) if error.sqlite_errorname == "SQLITE_CANTOPEN" else None
        yield Found("content", "unreadable", False, problem or error.sqlite_errorname, True)
        return
    current = version == CURRENT
    yield Found("schema", str(version), current, None if current else f"this clinicctl needs {CURRENT}", not current)
    wal = mode == "wal"
    yield Found("journal mode", mode, wal, None if wal else "the next write sets it to wal")
    yield Found("patients", str(patients))
    yield _head(last, noted)
    yield _clock(last)
    yield _zone(zone[0] if zone else "UTC")


def _head(last: tuple[int, str, str] | None, noted: head_file.Head | None) -> Found:
    """The journal's end, beside what was noted of it outside the database before it was read."""
    number, hash_ = last[:2] if last else (0, "0" * 64)
    behind = noted is not None and (noted.number > number or (noted.number == number and noted.hash != hash_))
    problem = f"write {noted.number} was answered and is not here" if noted and behind else None
    return Found("journal head", f"{number} {hash_}", not behind, problem, behind)


def _clock(last: tuple[int, str, str] | None) -> Found:
    now = clock.now()
    try:
        since = datetime.fromisoformat(last[2]).replace(tzinfo=UTC) if last else now
    except (TypeError, ValueError):
        return Found("clock", f"{now:%Y-%m-%d %H:%M} UTC", False, "the last write has no readable instant")
    late = now + CLOCKS_DIFFER < since
    problem = f"the last write was at {since:%Y-%m-%d %H:%M} UTC, which is to come" if late else None
    return Found("clock", f"{now:%Y-%m-%d %H:%M} UTC", not late, problem)


def _zone(name: str) -> Found:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return Found("time zone", name, False, "not known on this machine", True)
    try:
        settings.timezone(name)
    except errors.BadValue:
        return Found("time zone", name, False, "not an IANA name: set one with `clinicctl config timezone NAME`")
    return Found("time zone", name)


def _sizes(path: str) -> Iterator[Found]:
    yield Found("size", f"{info.size(path) / 2**20:.1f} MiB")
    log = info.size(f"{path}-wal")
    problem = "not copied back for long: somebody keeps reading" if log >= LONG_LOG else None
    yield Found("size of -wal", f"{log / 2**20:.1f} MiB", problem is None, problem)


def _modes(path: str) -> Iterator[Found]:
    for each, name in ((path, "file"), (f"{path}-wal", "-wal"), (f"{path}-shm", "-shm"), (f"{path}.lock", "lock")):
        if os.path.exists(each):
            mode = stat.S_IMODE(os.stat(each).st_mode)
            private = not mode & 0o077
            yield Found(f"mode of {name}", f"{mode:04o}", private, None if private else "others may read or write it")
    mode = stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode)
    shut = not mode & 0o022
    yield Found("mode of folder", f"{mode:04o}", shut, None if shut else "others may put files there")


def _disk(path: str) -> Found:
    free = shutil.disk_usage(os.path.dirname(path)).free
    enough = free >= LEAST_FREE
    return Found("free disk", f"{free >> 20} MiB", enough, None if enough else f"less than {LEAST_FREE >> 20} MiB")


def _backup(path: str) -> Found:
    """The last backup, as it is noted beside the database."""
    last = head_file.last_backup(path)
    if last is None:
        return Found("last backup", "none known", False, "make one with `clinicctl db backup FILE`")
    age = clock.now() - last.at
    problem = f"older than {BACKUP_OVERDUE.days} days" if age > BACKUP_OVERDUE else None
    if not os.path.exists(last.path):
        problem = "it is no longer there"
    value = f"{age.days} days ago, {last.at:%Y-%m-%d %H:%M}: {last.path}, write {last.head.number}"
    return Found("last backup", value, problem is None, problem)
