"""Databases that are made beside the clinic's, and take its place when they are complete.

A lock shows that a draft is in use. The drafts of killed commands are not locked, and the next command removes them.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape, glob

from clinicctl.store import paths
from clinicctl.store.sqlite import location
from clinicctl.store.sqlite.db_errors import translated

_NEW = ".new"


def clear(path: str) -> None:
    """Remove the drafts of killed commands beside a database."""
    for left in glob(f"{escape(path)}.{'[0-9a-f]' * 12}{_NEW}*"):
        draft = left[: left.rindex(_NEW) + len(_NEW)]
        # Opening and closing another name of the database itself would drop SQLite's locks.
        if not os.path.lexists(draft) or paths.file_id(draft) == paths.file_id(path):
            _remove(draft)
            continue
        with suppress(OSError):
            descriptor = os.open(draft, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(draft)
            finally:
                os.close(descriptor)


@contextmanager
def making(path: str) -> Iterator[str]:
    """Hand out the path of a new empty file beside a database, as open as that.

    It is removed at the end. The writer's lock is not needed.
    """
    clear(path)
    with translated(path, 0):
        descriptor, draft = _locked(path)
    try:
        yield draft
    finally:
        _remove(draft)
        # Only now: closing a file drops the locks that SQLite has on it.
        os.close(descriptor)
        paths.sync_folder(os.path.dirname(path))


def _locked(path: str) -> tuple[int, str]:
    """Return the descriptor and the path of a new file, which is locked."""
    while True:
        draft = f"{path}.{secrets.token_hex(6)}{_NEW}"
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        paths.share(descriptor, location.access(path))
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Another command may have taken it for that of a killed one before it was locked.
        if os.path.lexists(draft):
            return descriptor, draft
        os.close(descriptor)


def _remove(draft: str) -> None:
    for leftover in (draft, f"{draft}-wal", f"{draft}-shm", f"{draft}-journal"):
        with suppress(OSError):
            os.unlink(leftover)
