"""Whether the file at a database's path is the one that clinicctl left there, with the schema that it made.

SQLite replays a log over whatever file stands beside it: an old copy under a newer log becomes a mixture of both. And a
trigger that another program has added runs with each write. What the file was is noted in the lock file whenever the
lock is released; anything else is checked once before it is used.
"""

import os
from contextlib import closing, suppress

from clinicctl import errors
from clinicctl.store import paths
from clinicctl.store.sqlite import head_file, info
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.head_file import FileNote
from clinicctl.store.sqlite.lock import held, writers_lock

_PATIENCE = 5.0
"""Seconds to wait for those who read the file, while it is checked."""
_NO_GAP = "SELECT max(number) - count(*) FROM journal"


def refuse_mixture(path: str, *, wait: float) -> None:
    """Refuse a database that is not sound together with the log beside it. Takes the lock only if it has to check.

    While another process copies its log back, the file is not as noted; it is again once the lock is free.
    """
    if not _is_suspect(path, head_file.known_file(path)):
        return
    if (own := held(path)) is not None:
        refuse_mixture_under(own, path)
        return
    if not os.path.exists(f"{path}.lock"):
        # As beside a copy of the files: a reader makes no lock file.
        _check(path, wait)
        return
    try:
        with writers_lock(path, wait=wait) as lock:
            refuse_mixture_under(lock, path)
    except (errors.Busy, errors.ReadOnly):
        _check(path, wait)


def refuse_mixture_under(lock: int, path: str) -> None:
    """As `refuse_mixture`, under the writer's lock; a sound file is noted, so that it is checked once."""
    noted = head_file.file(lock)
    if _is_suspect(path, noted):
        found = head_file.describe_file(path, schema=noted.schema if noted else 0)
        _check(path, _PATIENCE)
        head_file.note_file(lock, found)


def refuse_changed_schema(lock: int, path: str, driver: sqlite3.Connection) -> int:
    """Refuse a schema that is not ours any more; return its version, which SQLite raises with every change.

    The schema is compared only where the file or its version is not the one that was noted. Indexes that somebody has
    added for reading may stay.
    """
    (version,) = driver.execute("PRAGMA schema_version").fetchone()
    noted = head_file.file(lock)
    if noted is None or noted.id != paths.file_id(path) or noted.schema != version:
        # Loads the models' checks, which no other command needs.
        from clinicctl.store.sqlite import check

        for problem in check.differences(driver):
            raise errors.Damaged(path=path, reason=problem)
    # A reader finds the log that this transaction has just begun.
    found = head_file.describe_file(path, schema=int(version))
    if found != noted:
        head_file.note_file(lock, found)
    return int(version)


def _is_suspect(path: str, noted: FileNote | None) -> bool:
    """Whether a log stands beside a file that it was not noted with, or was cut off."""
    try:
        found = head_file.describe_file(path, schema=0)
    except OSError:
        return False
    if noted is None or not found.log_size:
        return found.log_size > 0 or (noted is not None and found.log == noted.log and noted.log_size > 0)
    return (found.main, found.log) != (noted.main, noted.log) or found.log_size < noted.log_size


def _check(path: str, wait: float) -> None:
    """Check the whole file, together with the log. Reads only."""
    from clinicctl.store.sqlite import (
        check,
        invariants,  # Loads the models' checks, which no other command needs.
    )

    head = head_file.known_head(path)
    try:
        found = [each for each in check.look(path, wait=wait, older=True) if each.derived is None]
    except (errors.IOFailed, errors.DatabaseUnusable) as refused:
        # As where the index of the log tells of pages that are cut off.
        found = [check.Violation(check.WHOLE, str(refused.details.get("reason", refused)))]
    readable = {each.name for each in invariants.LAWS} >= {each.law for each in found}
    problems = [
        each.where if each.law == check.WHOLE else f"against a rule: {each.law}: {each.where}" for each in found
    ]
    if not problems:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True)) as connection:
            (gap,) = connection.execute(_NO_GAP).fetchone()
            found_head = info.head(connection).number
        problems = [f"{gap} rows of the journal are missing"] if gap else []
        if head is not None and found_head < head.number:
            problems.append(f"the journal ends with write {found_head}, but {head.number} was answered")
    if problems:
        first = _head_without_log(path) + 1
        last = head.number if head else None
        raise errors.Mixture(path=path, reason=problems[0], first=first, last=last, readable=readable)


def _head_without_log(path: str) -> int:
    """The last write in the file alone."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        return info.head(connection).number
    return 0
