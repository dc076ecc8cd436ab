"""Which SQLite does the work: a newer one where `clinicctl[sqlite]` has brought it, else Python's own.

Everything here takes it from this one place: two copies of SQLite in a process would drop each other's locks
(https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

import os
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["sqlite3", "uri", "whose"]


def uri(path: str, query: str) -> str:
    """Return the URI of a database's file; it is made of bytes, since a path need not be UTF-8."""
    return f"file:{quote(os.fsencode(path))}?{query}"


def whose() -> str:
    """Return whose copy it is."""
    return "pysqlite3" if sqlite3.__name__.startswith("pysqlite3") else "Python"


_CODES = "SELECT code FROM doctors WHERE archived_at IS NULL ORDER BY code"


def doctor_codes(path: str) -> list[str]:
    """Return the codes of the doctors on file; none where there is no such database, for completion says nothing."""
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=0.2)) as connection:
            return [code for (code,) in connection.execute(_CODES)]
    except sqlite3.Error:
        return []
