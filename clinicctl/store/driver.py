"""Which SQLite does the work: a newer one where `clinicctl[sqlite]` has brought it, else Python's own.

Everything here takes it from this one place: two copies of SQLite in a process would drop each other's locks
(https://sqlite.org/howtocorrupt.html, 2.2.1).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["sqlite3", "whose"]


def whose() -> str:
    """Return whose copy it is."""
    return "pysqlite3" if sqlite3.__name__.startswith("pysqlite3") else "Python"
