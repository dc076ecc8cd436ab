"""Replace a database by a backup.

What takes long happens beside it, before the writer's lock is taken.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from typing import Any

from clinicctl import errors
from clinicctl.store import paths
from clinicctl.store.sqlite import check, drafts, head_file, location
from clinicctl.store.sqlite.connections import inspect
from clinicctl.store.sqlite.copies import (
    ASK_AGAIN,
    bounded_by,
    copy_pages,
    copying,
    has_key,
    reader,
    refuse_moved,
    save_copy,
)
from clinicctl.store.sqlite.db_errors import reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.transactions import LOGS, FileTransactions
from clinicctl.store.sqlite.tx import FileTx

_ATTEMPTS = 3
"""How often a database is copied without the lock, while others write."""


@contextmanager
def replacing(
    store: FileTransactions, file: str, *, actor: str | None, key: str, dry_run: bool = False
) -> Iterator[FileTx]:
    """Hand out a transaction on a copy of `file`.

    After the commit, the copy replaces the store's database. Refuses a file that is not a clinic database, or whose
    schema has anything unknown. An older schema is migrated. The replaced database is saved beside the new one, damaged
    or not. If the database already has a write with this key, nothing is replaced, and the transaction is on the
    database itself.

    The file is copied and checked, and the database saved, before the writer's lock is taken. Under it, only what was
    written since is saved again.
    """
    inspect(file)
    location.refuse_unsafe(store.path)
    _refuse_foreign_place(store.path, store.wait)
    with ExitStack() as files, ExitStack() as work:
        tx, draft = None, ""
        if not has_key(store.path, key, store.wait):
            draft = files.enter_context(drafts.making(store.path))
            copy_pages(file, draft, store.wait)
            check.refuse_foreign(draft, shown=file)
            tx = work.enter_context(store.transaction(draft, actor=actor, key=key, dry_run=dry_run, migrating=True))
            check.refuse_unsound(tx.driver, shown=file)
        with _saving(store, wanted=tx is not None and not dry_run) as save:
            _refuse_foreign_place(store.path, store.wait)
            if tx is None or has_key(store.path, key, store.wait):
                with store.transaction(store.path, actor=actor, key=key, dry_run=dry_run) as live:
                    yield live
                return
            yield replace(tx, saved_copy=save())
            work.close()
            if not dry_run:
                store.clear_note(head_file.clear_head)
                _put(draft, store, key)
                store.note_head()
                store.trust_new()


def _refuse_foreign_place(path: str, wait: float) -> None:
    """Refuse to replace what is not a clinic database, or has moved.

    A damaged one may be replaced.
    """
    if os.path.lexists(path):
        with suppress(errors.Damaged):
            inspect(path)
            refuse_moved(path, wait)


@contextmanager
def _saving(store: FileTransactions, *, wanted: bool) -> Iterator[Callable[[], str | None]]:
    """Copy the database, and then hold the writer's lock.

    Hands out a function that names the copy, and returns its path; None without a database. If somebody has written
    meanwhile, the copy is made again, and at last under the lock.
    """
    for _ in range(_ATTEMPTS if wanted and os.path.lexists(store.path) else 0):
        with closing(_Unchanged(store.path, store.wait)) as since, copying(store.path, "replaced", store.wait) as copy:
            copy.discarded = True
            with store.locked():
                if since.is_unchanged():
                    # The last connection to close removes an empty log, which one that only reads cannot.
                    since.close()
                    yield copy.publish
                    return
    with store.locked():
        yield lambda: save_copy(store.path, "replaced", store.wait) if wanted and os.path.lexists(store.path) else None


class _Unchanged:
    """Whether a database is as it was when this was made."""

    def __init__(self, path: str, wait: float) -> None:
        self._path = path
        self.reader = reader(path, wait)
        self._before = self._state()

    def is_unchanged(self) -> bool:
        """Return whether nobody has written to the database, or replaced it."""
        return self._before is not None and self._before == self._state()

    def close(self) -> None:
        """Close the connection. It may be repeated."""
        self.reader.close()

    def _state(self) -> tuple[Any, ...] | None:
        try:
            return (paths.file_id(self._path), *self.reader.execute("PRAGMA data_version").fetchone())
        except sqlite3.Error:
            return None


def _put(draft: str, store: FileTransactions, key: str) -> None:
    """Put a draft at the store's path.

    SQLite copies the draft into a live database in one transaction, so that readers see the old one or the new one. A
    log without a database is moved aside first: SQLite would replay it into the new database.
    """
    path = store.path
    with translated(path, store.wait):
        if not os.path.lexists(path):
            for end in (*LOGS, "-shm"):
                with suppress(FileNotFoundError):
                    os.replace(f"{path}{end}", f"{path}.{secrets.token_hex(6)}.stale{end}")
            paths.sync_folder(os.path.dirname(path))
            os.link(draft, path)
            return
        with (
            closing(reader(draft, store.wait)) as source,
            closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, timeout=store.wait, isolation_level=None)) as live,
        ):
            live.execute("PRAGMA writable_schema=ON")
            live.execute("PRAGMA journal_mode=WAL")
            live.execute("PRAGMA synchronous=FULL")
            live.execute("PRAGMA wal_autocheckpoint=0")
            live.execute("PRAGMA busy_timeout=0")
            try:
                source.backup(live, progress=bounded_by(store.wait), sleep=ASK_AGAIN)
            except sqlite3.Error as error:
                raise errors.OutcomeUnknown(reason=reason_of(error), key=key) from None
            with suppress(sqlite3.Error):
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
