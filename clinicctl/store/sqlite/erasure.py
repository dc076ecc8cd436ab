"""What was deleted, gone from the file as well.

SQLite leaves deleted text in free pages and in the free space of others, unless it was told otherwise whenever they
were written; only VACUUM, which writes the whole database anew, is sure to leave none (https://sqlite.org/lang_vacuum,
and https://sqlite.org/pragma.html#pragma_secure_delete). The log is then copied back and cut to nothing.
"""

import os
from contextlib import closing
from glob import escape, glob

from clinicctl import errors
from clinicctl.store.engine import Store
from clinicctl.store.sqlite.driver import sqlite3, uri

_READERS = 2.0
"""Seconds to wait for those who read, while every desk that writes waits too."""


def overwrite(store: Store) -> bool:
    """Write the database anew and empty its log, under the writer's lock; return whether all of it could be done.

    What killed commands have left of their drafts of it goes, too.

    It could not where somebody reads all the while, the lock is not had in time, or the disk has no room for a copy.
    """
    try:
        with (
            store.locked(),
            closing(sqlite3.connect(uri(store.path, "mode=rw"), uri=True, timeout=_READERS)) as connection,
        ):
            store.refuse_unusable()
            store.clear_drafts()
            connection.isolation_level = None
            for pragma in ("synchronous=FULL", "wal_autocheckpoint=0", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("VACUUM")
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            store.vouch(connection)
            return not busy
    except (errors.Refusal, sqlite3.Error, OSError):
        return False


def copies(path: str) -> list[str]:
    """Return the names of the copies beside a database that the program has made of it, also of unfinished ones."""
    name, _ = os.path.splitext(path)
    folder, base = os.path.split(name)
    dated = f"{escape(name)}-*-[0-9][0-9]T{'[0-9]' * 6}Z*.db"
    unfinished = f"{escape(os.path.join(folder, f'.{base}'))}*.part"
    return sorted(os.path.basename(each) for pattern in (dated, unfinished) for each in glob(pattern))
