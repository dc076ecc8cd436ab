"""Remove deleted data from the database file itself.

SQLite leaves deleted text in free pages and in the free space of other pages, unless `secure_delete` was on for every
write. Only VACUUM, which rewrites the whole database, removes all of it (https://sqlite.org/lang_vacuum.html and
https://sqlite.org/pragma.html#pragma_secure_delete). The log is then checkpointed and truncated.
"""

import os
from contextlib import closing
from glob import escape, glob

from clinicctl import errors
from clinicctl.store.sqlite import drafts
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.transactions import FileTransactions

_READERS = 2.0
"""Seconds to wait for readers. Every desk that writes waits for as long."""


def overwrite(store: FileTransactions) -> bool:
    """Rewrite the database and empty its log; return whether that worked.

    Holds the writer's lock. Drafts of killed commands are removed, too. A reader that stays, a lock that is not free in
    time, and a full disk prevent it.
    """
    try:
        with (
            store.locked(),
            closing(sqlite3.connect(uri(store.path, "mode=rw"), uri=True, timeout=_READERS)) as connection,
        ):
            store.refuse_unusable()
            drafts.clear(store.path)
            connection.isolation_level = None
            for pragma in ("synchronous=FULL", "wal_autocheckpoint=0", "secure_delete=ON"):
                connection.execute(f"PRAGMA {pragma}")
            connection.execute("VACUUM")
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            store.trust_file(connection)
            return not busy
    except (errors.Refusal, sqlite3.Error, OSError):
        return False


def copies(path: str) -> list[str]:
    """Return the names of the copies of a database beside it.

    Unfinished copies are included.
    """
    name, _ = os.path.splitext(path)
    folder, base = os.path.split(name)
    dated = f"{escape(name)}-*-[0-9][0-9]T{'[0-9]' * 6}Z*.db"
    unfinished = f"{escape(os.path.join(folder, f'.{base}'))}*.part"
    return sorted(os.path.basename(each) for pattern in (dated, unfinished) for each in glob(pattern))
