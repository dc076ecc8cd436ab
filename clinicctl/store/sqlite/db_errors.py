"""Translate database errors that a user can act on into refusals.

Other errors are bugs and pass through.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from clinicctl import errors, interrupts
from clinicctl.store.compiled import schema
from clinicctl.store.db_errors import REFUSALS
from clinicctl.store.sqlite import location
from clinicctl.store.sqlite.driver import sqlite3
from clinicctl.store.values import Unreadable

_MISSING = ("no such table", "no such column")
"""The messages for statements that do not fit the schema, which is then not the one of its version."""


@contextmanager
def translated(path: str, wait: float) -> Iterator[None]:
    """Translate errors that a user can act on into refusals; let other errors pass."""
    try:
        yield
    except sqlite3.Error as error:
        if _code(error) == sqlite3.SQLITE_INTERRUPT:
            interrupts.check()
        refusal = _refusal(error, path, wait)
        if refusal is None:
            raise
        raise refusal from None
    except Unreadable as unreadable:
        raise errors.Damaged(path=path, reason=str(unreadable)) from None
    except OSError as error:
        raise errors.IOFailed(path=path, reason=location.reason_of(error, path)) from None


def _refusal(error: BaseException | None, path: str, wait: float) -> errors.Refusal | None:
    code = _code(error)
    reason = reason_of(error)
    match code:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return errors.Busy(wait=wait)
        case sqlite3.SQLITE_CONSTRAINT:
            refused = REFUSALS.get(_constraint(str(error)))
            return refused() if refused else None
        case sqlite3.SQLITE_FULL:
            return errors.DiskFull(path=path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return errors.ReadOnly(path=path, reason=location.denied(path, writing=True) or reason)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN:
            return _failed(path, reason, opening=code == sqlite3.SQLITE_CANTOPEN)
        case sqlite3.SQLITE_ERROR if str(error).startswith(_MISSING):
            return errors.Damaged(path=path, reason=str(error))
        case sqlite3.SQLITE_CORRUPT:
            return errors.Damaged(path=path, reason=reason)
        case 0 if "decode to UTF-8" in str(error):
            return errors.Damaged(path=path, reason="text that is not UTF-8")
        case sqlite3.SQLITE_NOTADB:
            return errors.NotOurs(path=path, reason="not a database")
    return None


def _failed(path: str, reason: str, *, opening: bool) -> errors.Refusal:
    """Return the refusal for a failed system call, for which SQLite gives no details."""
    if _no_room(path):
        return errors.DiskFull(path=path)
    return errors.IOFailed(path=path, reason=(location.denied(path) if opening else None) or reason)


def _code(error: BaseException | None) -> int:
    """Return SQLite's primary result code; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _no_room(path: str) -> bool:
    """Return whether the disk is full.

    SQLite only reports that its shared memory could not grow.
    """
    try:
        return os.statvfs(os.path.dirname(path)).f_bavail == 0
    except OSError:
        return False


def is_full(error: BaseException) -> bool:
    """Return whether an error means that the disk is full."""
    return _code(error) == sqlite3.SQLITE_FULL


def _constraint(message: str) -> str:
    """Return the constraint's name.

    For a UNIQUE constraint, SQLite gives its columns instead of its name.
    """
    broken = message.partition("constraint failed: ")[2]
    return schema.UNIQUE.get(broken, broken)


def reason_of(error: BaseException | None) -> str:
    """Return the message of SQLite or the system, which contains no values.

    For other errors, return only the type.
    """
    if isinstance(error, sqlite3.Error) and hasattr(error, "sqlite_errorname"):
        return f"{error} ({error.sqlite_errorname})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
