"""Provide SQLite: pysqlite3 if it is installed, otherwise Python's own.

No other module may import either: two copies of SQLite in a process would drop each other's locks
(https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

import os
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

from clinicctl import settings

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["provider", "sqlite3", "uri"]


def uri(path: str, query: str) -> str:
    """Return the URI of a database file.

    It is built from bytes because a path need not be UTF-8.
    """
    return f"file:{quote(os.fsencode(path))}?{query}"


def provider() -> str:
    """Return the name of the package that provides SQLite."""
    return "pysqlite3" if sqlite3.__name__.startswith("pysqlite3") else "Python"


_CODES = (
    "SELECT code FROM doctors WHERE archived_at IS NULL"
    " AND (NOT EXISTS (SELECT 1 FROM users) OR EXISTS (SELECT 1 FROM users WHERE name = ?)) ORDER BY code"
)


def doctor_codes(path: str) -> list[str]:
    """Return the codes of the active doctors, for completion.

    The list is empty if the database cannot be read, and for a login that is no user of a clinic with users.
    """
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=0.2)) as connection:
            return [code for (code,) in connection.execute(_CODES, (settings.login(),))]
    except sqlite3.Error:
        return []
