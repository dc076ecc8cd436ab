"""Check whether a database is usable: its file, settings, notes and surroundings.

Reads only.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from tempfile import TemporaryDirectory

from clinicctl import __version__, errors
from clinicctl.store import findings
from clinicctl.store.migrations import CURRENT
from clinicctl.store.paths import Access
from clinicctl.store.reports import Found, Head
from clinicctl.store.sqlite import erasure, head_file, info, location, sharing, trust
from clinicctl.store.sqlite.connections import connected, inspect
from clinicctl.store.sqlite.driver import provider, sqlite3, uri
from clinicctl.store.tx import MOVED_TO

LEAST_FREE = 100 << 20
"""Bytes of free disk below which `health` warns."""

LONG_LOG = 64 << 20
"""Bytes of `-wal` from which `health` warns. Without readers, a write checkpoints it from 1 MiB."""

_DURABLE = {"journal_mode": "wal", "synchronous": 2, "wal_autocheckpoint": 0, "foreign_keys": 1}
_NAMES = {("synchronous", 2): "FULL", ("foreign_keys", 1): "ON"}
_BACKPORTS = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
_SETTING = "SELECT value FROM settings WHERE name = ?"


def examine(path: str) -> list[Found]:
    """Return the findings, the database itself first."""
    found = [Found("clinicctl", __version__), _sqlite(), _durability()]
    try:
        inspect(path)
        trust.refuse_mixture(path, wait=5)
        found.insert(0, Found("database", path))
        found += _content(path)
    except errors.Refusal as refused:
        return [Found("database", path, False, str(refused), True), *found]
    return [*found, *_sizes(path), *_modes(path), _disk(path), _backup(path)]


def wal_reset_bug(version: tuple[int, ...]) -> bool:
    """Return whether this SQLite has the WAL-reset bug.

    It is in 3.7.0 to 3.51.2, except in backports (https://sqlite.org/wal.html).
    """
    return (3, 7, 0) <= version < (3, 51, 3) and not any(
        version[:2] == fixed[:2] and version >= fixed for fixed in _BACKPORTS
    )


def _sqlite() -> Found:
    version = f"{sqlite3.sqlite_version}, from {provider()}"
    known = " (has the WAL-reset bug, which the writer's lock avoids)"
    return Found("sqlite", version + (known if wal_reset_bug(sqlite3.sqlite_version_info) else ""))


def _durability() -> Found:
    """Read back the settings of a writing connection, on a temporary file."""
    try:
        with TemporaryDirectory() as folder:
            scratch = os.path.join(folder, "scratch.db")
            os.close(os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with connected(scratch, 0, mode="rw") as connection:
                values = {name: connection.driver.execute(f"PRAGMA {name}").fetchone()[0] for name in _DURABLE}
    except (OSError, sqlite3.Error):
        return Found("durability", "unknown", False, "cannot create a temporary file")
    wrong = [f"{name} is {value}" for name, value in values.items() if value != _DURABLE[name]]
    values_text = ", ".join(f"{name}={_NAMES.get((name, value), value)}" for name, value in values.items())
    return Found(
        "durability", values_text, not wrong, f"a power cut may lose writes: {', '.join(wrong)}" if wrong else None
    )


def _content(path: str) -> Iterator[Found]:
    noted = head_file.known_head(path)
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=5)) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            (patients,) = connection.execute("SELECT count(*) FROM patients").fetchone()
            last = connection.execute("SELECT number, hash, at FROM journal ORDER BY number DESC LIMIT 1").fetchone()
            zone = connection.execute(_SETTING, ("timezone",)).fetchone()
            moved_to = connection.execute(_SETTING, (MOVED_TO,)).fetchone()
    except sqlite3.Error as error:
        problem = location.denied(path) if error.sqlite_errorname == "SQLITE_CANTOPEN" else None
        yield Found("content", "unreadable", False, problem or error.sqlite_errorname, True)
        return
    current = version == CURRENT
    yield Found("schema", str(version), current, None if current else f"this clinicctl needs {CURRENT}", not current)
    wal = mode == "wal"
    yield Found("journal mode", mode, wal, None if wal else "the next write sets it to wal")
    yield Found("patients", str(patients))
    yield findings.head(Head(*last[:2]) if last else Head(0, ""), noted)
    if moved_to:
        yield findings.moved(moved_to[0])
    yield findings.clocks(last[2] if last else None)
    yield findings.zone(zone[0] if zone else "UTC")


def _sizes(path: str) -> Iterator[Found]:
    yield Found("size", f"{info.size(path) / 2**20:.1f} MiB")
    log = info.size(f"{path}-wal")
    problem = "no checkpoint for a long time: a process keeps reading" if log >= LONG_LOG else None
    yield Found("size of -wal", f"{log / 2**20:.1f} MiB", problem is None, problem)


def _modes(path: str) -> Iterator[Found]:
    """Compare the modes and groups of the files with what the folder records."""
    access = location.access(path)
    name = sharing.name_of(access.group) if access.group is not None else ""
    yield Found("shared with", f"the group {name}" if name else "nobody")
    mend = f"run `clinicctl db share --group {name}`"
    if not name:
        mend = "run `clinicctl db share --private`, or `clinicctl db share --group NAME` to share it with a group"
    wrong = {each.path: each for each in sharing.find_wrong(path, access)}
    folder = os.path.dirname(path)
    copies = [os.path.join(folder, each) for each in erasure.copies(path)]
    files = {"file": path, "-wal": f"{path}-wal", "-shm": f"{path}-shm", "lock": f"{path}.lock", "folder": folder}
    files |= {"a copy": next((each for each in copies if each in wrong), "")}
    for kind, each in files.items():
        with suppress(OSError):
            found = os.stat(each)
            problem = f"{each} should have mode {_expected(access, found)}: {mend}" if each in wrong else None
            yield Found(f"mode of {kind}", _mode(found, shared=bool(name)), problem is None, problem)


def _mode(found: os.stat_result, *, shared: bool) -> str:
    mode = f"{stat.S_IMODE(found.st_mode):04o}"
    return f"{mode}, group {sharing.name_of(found.st_gid)}" if shared else mode


def _expected(access: Access, found: os.stat_result) -> str:
    mode = access.folder_mode if stat.S_ISDIR(found.st_mode) else access.file_mode
    if access.group is None:
        return f"{mode:04o}"
    return f"{mode:04o}, the group {sharing.name_of(access.group)} and no access control list"


def _disk(path: str) -> Found:
    free = shutil.disk_usage(os.path.dirname(path)).free
    enough = free >= LEAST_FREE
    return Found("free disk", f"{free >> 20} MiB", enough, None if enough else f"less than {LEAST_FREE >> 20} MiB")


def _backup(path: str) -> Found:
    """Check the note about the last backup."""
    last = head_file.last_backup(path)
    return findings.backup(last, exists=last is not None and os.path.exists(last.path))
