"""The doctors' codes for completion at a prompt: SQLite alone, because a person waits for the key."""

from contextlib import closing

from clinicctl.store.sqlite.driver import sqlite3, uri

_CODES = "SELECT code FROM doctors WHERE archived_at IS NULL ORDER BY code"


def doctor_codes(path: str) -> list[str]:
    """Return the codes of the doctors on file; none where there is no such database, for completion says nothing."""
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=0.2)) as connection:
            return [code for (code,) in connection.execute(_CODES)]
    except sqlite3.Error:
        return []
