"""Detect a database file that another program has replaced or changed.

SQLite replays a log over whatever file is beside it: an old copy with a newer log becomes a mixture of both. A trigger
that another program has added runs with each write. Each release of the lock notes the state of the file in the lock
file; a file in any other state is checked once before use.
"""

import os
from contextlib import closing, suppress

from clinicctl import errors
from clinicctl.store import paths
from clinicctl.store.reports import INTACT, Violation
from clinicctl.store.sqlite import head_file, info
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.head_file import FileNote
from clinicctl.store.sqlite.lock import held_lock, writers_lock

_READER_WAIT = 5.0
"""Seconds to wait for readers of the file during a check."""
_NO_GAP = "SELECT max(number) - count(*) FROM journal"


def refuse_mixture(path: str, *, wait: float) -> None:
    """Refuse a database that does not fit the log beside it.

    Takes the lock only for a check. During a checkpoint of another process the file does not match its note; it matches
    again once the lock is free.
    """
    if not _is_suspect(path, head_file.known_file(path)):
        return
    if (own := held_lock(path)) is not None:
        refuse_mixture_under(own, path)
        return
    if not os.path.exists(f"{path}.lock"):
        # A copy of the files, for example: a reader creates no lock file.
        _check_file(path, wait)
        return
    try:
        with writers_lock(path, wait=wait) as lock:
            refuse_mixture_under(lock, path)
    except (errors.Busy, errors.ReadOnly):
        _check_file(path, wait)


def refuse_mixture_under(lock: int, path: str) -> None:
    """Refuse a mixture under the writer's lock.

    A sound file is noted, so that it is checked only once.
    """
    noted = head_file.file(lock)
    if _is_suspect(path, noted):
        found = head_file.describe_file(path, schema=noted.schema if noted else 0)
        _check_file(path, _READER_WAIT)
        head_file.note_file(lock, found)


def refuse_changed_schema(lock: int, path: str, driver: sqlite3.Connection) -> int:
    """Refuse a changed schema; return SQLite's version number of it.

    The number rises with every change. The schema is compared only if the file or its version differs from the note.
    Extra indexes that are not unique are accepted.
    """
    (version,) = driver.execute("PRAGMA schema_version").fetchone()
    noted = head_file.file(lock)
    if noted is None or noted.id != paths.file_id(path) or noted.schema != version:
        from clinicctl.store.sqlite import check  # Deferred: 1.03 times the CPU of `queue show` otherwise.

        for problem in check.differences(driver):
            raise errors.Damaged(path=path, reason=problem)
    # Noted now, because readers meet the log that this transaction has just begun.
    found = head_file.describe_file(path, schema=int(version))
    if found != noted:
        head_file.note_file(lock, found)
    return int(version)


def _is_suspect(path: str, noted: FileNote | None) -> bool:
    """Return whether the log beside the file is another or is truncated."""
    try:
        found = head_file.describe_file(path, schema=0)
    except OSError:
        return False
    if noted is None:
        return found.log_size > 0
    if not found.log_size:
        # A new log may have the inode of one that was deleted, so the database must be the same file, too.
        return (found.id, found.log) == (noted.id, noted.log) and noted.log_size > 0
    return (found.main, found.log) != (noted.main, noted.log) or found.log_size < noted.log_size


def _check_file(path: str, wait: float) -> None:
    """Refuse a file that is damaged together with its log. Reads only."""
    from clinicctl.store.sqlite import check, invariants  # Deferred, as in `refuse_changed_schema`.

    head = head_file.known_head(path)
    try:
        found = [each for each in check.find_violations(path, wait=wait, older=True) if each.derived is None]
    except (errors.IOFailed, errors.DatabaseUnusable) as refused:
        # For example when the log's index points to pages that are missing.
        found = [Violation(INTACT, str(refused.details.get("reason", refused)))]
    readable = {each.name for each in invariants.INVARIANTS} >= {each.invariant for each in found}
    problems = [
        each.where if each.invariant == INTACT else f"invariant violated: {each.invariant}: {each.where}"
        for each in found
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
    """Return the number of the last write in the file without its log."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        return info.head(connection).number
    return 0
