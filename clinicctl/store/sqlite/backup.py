"""Back up, restore and compact a database.

Only SQLite opens database files: opening one otherwise drops the locks that this process holds on it. Nothing is copied
as a file: `cp` of a live database loses the content of its log. A copy is complete, checked and synced before it
appears at its path, and never overwrites another file.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clinicctl import clock, errors, interrupts
from clinicctl.store import paths
from clinicctl.store.engine import LOGS, Store, Tx, head_of, open_tx, refuse_behind
from clinicctl.store.migrations import APPLICATION_ID, CURRENT
from clinicctl.store.sqlite import check, head_file, info, location, trust
from clinicctl.store.sqlite.connections import connected, inspect, interruptible, view
from clinicctl.store.sqlite.db_errors import reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.head_file import Head

_ASK_AGAIN = 0.05
"""Seconds between two attempts to copy pages of a locked database."""
_KEY = "SELECT 1 FROM journal WHERE key = ?"


class Copy(NamedTuple):
    """A backup: path, instant, bytes, journal head, and removed older backups."""

    path: str
    at: datetime
    bytes: int
    head: Head
    removed: tuple[str, ...]


def make(path: str, target: str, *, wait: float, keep: int | None = None) -> Copy:
    """Copy the database at `path` to a new file, or into a folder under a dated name.

    Takes no lock. `keep` is the number of backups of this clinic that stay in the folder, including this one. Refuses
    with `Exists` when there is a file or a link at the target. Refuses a damaged database, and one that has lost
    committed writes: its older backups may be all that is left.
    """
    inspect(path)
    trust.refuse_mixture(path, wait=wait)
    folder = os.path.isdir(target)
    if not folder and (target == "-" or target.endswith("/")):
        raise errors.Usage(problem="Name a new file or an existing folder for the backup.")
    target = paths.absolute(target)
    if not folder and os.path.lexists(target):
        raise errors.Exists(path=target)
    paths.refuse_own(target)
    noted = head_file.known_head(path)
    if keep is not None and not folder:
        raise errors.Usage(problem="--keep needs a folder: a single file has no older backups.")
    now = clock.now()
    name, _ = os.path.splitext(os.path.basename(path))
    wanted = os.path.join(target, f"{name}-{now.astimezone(UTC):{paths.STAMP}}.db") if folder else target
    with translated(wanted, wait), paths.creating(wanted, numbered=folder) as draft:
        with _writing_to(draft.target), translated(path, wait), closing(_reader(path, wait)) as source:
            source.execute("VACUUM INTO ?", (uri(draft.path, "mode=rw"),))
            _drop_extra_indexes(draft.path)
        head, zone = _checked(draft.path, shown=path, noted=noted)
    head_file.note_backup(path, head_file.LastBackup(now.astimezone(zone), draft.target, head))
    removed = _rotate(draft.target, f"{re.escape(name)}-", keep) if keep is not None else ()
    return Copy(draft.target, now.astimezone(zone), info.size(draft.target), head, removed)


@contextmanager
def replacing(store: Store, file: str, *, actor: str, key: str, dry_run: bool = False) -> Iterator[Tx]:
    """Hand out a transaction on a copy of `file`.

    After the commit, the copy replaces the store's database. Refuses a file that is not a clinic database, or whose
    schema has anything unknown. An older schema is migrated. The replaced database is saved beside the new one, damaged
    or not. If the database already has a write with this key, nothing is replaced, and the transaction is on the
    database itself.
    """
    inspect(file)
    location.refuse_unsafe(store.path)
    with store.locked():
        exists = os.path.lexists(store.path)
        if exists:
            with suppress(errors.Damaged):
                inspect(store.path)
        if _has_key(store.path, key, store.wait):
            with store.transaction(store.path, actor=actor, key=key, dry_run=dry_run) as tx:
                yield tx
            return
        with store.draft() as draft:
            _copy_pages(file, draft, store.wait)
            check.refuse_foreign(draft, shown=file)
            with store.transaction(draft, actor=actor, key=key, dry_run=dry_run, migrating=True) as tx:
                check.refuse_unsound(tx.driver, shown=file)
                save = exists and not dry_run
                yield replace(tx, saved_copy=save_copy(store.path, "replaced", store.wait) if save else None)
            if not dry_run:
                store.clear_note(head_file.clear_head)
                _put(draft, store, key)
                store.note_head()
                store.trust_new()


@contextmanager
def saved_first(
    store: Store, why: str, *, actor: str, key: str, dry_run: bool = False, migrating: bool = False
) -> Iterator[Tx]:
    """Save a copy beside the database, then hand out a transaction.

    `migrating` migrates to the newest schema in the same transaction. Foreign keys are off while tables are rebuilt,
    and are checked before the commit.
    """
    inspect(store.path)
    location.refuse_unsafe(store.path)
    with store.locked():
        store.refuse_unusable()
        due = not migrating or info.describe(store.path, wait=store.wait).schema < CURRENT
        if due and migrating:
            check.refuse_foreign(store.path, shown=store.path)
        saved_copy = None
        if due and not dry_run and not _has_key(store.path, key, store.wait):
            saved_copy = save_copy(store.path, why, store.wait)
        with store.transaction(store.path, actor=actor, key=key, dry_run=dry_run, migrating=migrating) as tx:
            if due and migrating:
                check.refuse_unsound(tx.driver, shown=store.path, indexes=True)
            yield replace(tx, saved_copy=saved_copy)


def save_copy(path: str, why: str, wait: float) -> str:
    """Copy a database to a dated file beside it; return the path.

    The pages are copied as they are, damaged or not.
    """
    name, _ = os.path.splitext(path)
    target = f"{name}-{why}-{clock.now().astimezone(UTC):{paths.STAMP}}.db"
    with translated(target, wait), paths.creating(target, numbered=True) as draft:
        _copy_pages(path, draft.path, wait)
    return draft.target


def compact(store: Store) -> tuple[int, int]:
    """Shrink the database file; return the bytes with the log, before and after.

    Holds the writer's lock. Refuses as a write does: another schema version, lost writes, an unsafe place.
    """
    inspect(store.path)
    location.refuse_unsafe(store.path)
    with store.locked():
        store.refuse_unusable()
        before = info.size(store.path) + info.size(f"{store.path}-wal")
        with (
            translated(store.path, store.wait),
            connected(store.path, store.wait, mode="rw") as connection,
        ):
            with view(connection):
                tx = open_tx(connection, store.path, "")
                store.refuse_behind(tx)
                store.refuse_changed_schema(tx.driver)
            driver = connection.driver
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            store.trust_file(driver)
        return before, info.size(store.path) + info.size(f"{store.path}-wal")


def _drop_extra_indexes(path: str) -> None:
    """Drop indexes of other programs from a copy: a restore would refuse them."""
    with closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, isolation_level=None)) as connection:
        if added := check.extra_indexes(connection):
            connection.execute("PRAGMA journal_mode=MEMORY")
            for name in added:
                connection.execute(f'DROP INDEX "{name.replace(chr(34), chr(34) * 2)}"')


def _checked(path: str, *, shown: str, noted: Head | None) -> tuple[Head, ZoneInfo]:
    """Return the journal's head in a copy, and the clinic's time zone.

    Refuses a damaged copy, and a copy without the write that was noted last before the copy began.
    """
    with translated(shown, 0), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        interruptible(connection)
        check.refuse_damaged(connection, shown=shown)
        refuse_behind(connection, noted, found=head_of(connection), path=shown)
        return info.head(connection), info.zone(connection, shown=shown)


# Copying pages


def _reader(path: str, wait: float) -> sqlite3.Connection:
    connection = sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=wait, isolation_level=None)
    connection.execute("PRAGMA trusted_schema=OFF")
    return interruptible(connection)


@contextmanager
def _writing_to(target: str) -> Iterator[None]:
    """Name the target, not the source, when the disk is full."""
    try:
        yield
    except errors.DiskFull:
        raise errors.DiskFull(path=target) from None


def _bounded_by(wait: float) -> Callable[[int, int, int], None]:
    """Return a progress callback that ends a copy after `wait` seconds.

    Python would retry without end.
    """
    end = clock.ticks() + wait

    def watch(status: int, _left: int, _pages: int) -> None:
        interrupts.check()
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and clock.ticks() > end:
            raise errors.Busy(wait=wait)

    return watch


def _copy_pages(path: str, target: str, wait: float) -> None:
    """Copy a database and its log by SQLite's backup API.

    SQLite runs no SQL of the file.
    """
    with (
        _writing_to(target),
        translated(path, wait),
        closing(_reader(path, wait)) as source,
        closing(sqlite3.connect(uri(target, "mode=rw"), uri=True, isolation_level=None)) as copy,
    ):
        source.execute("PRAGMA writable_schema=ON")
        source.backup(copy, progress=_bounded_by(wait), sleep=_ASK_AGAIN)


def _has_key(path: str, key: str, wait: float) -> bool:
    """Return whether the database at a path has a write with this key.

    A database that cannot be read has none.
    """
    with (
        suppress(errors.Refusal),
        translated(path, wait),
        closing(_reader(path, wait)) as connection,
    ):
        return connection.execute(_KEY, (key,)).fetchone() is not None
    return False


def _put(draft: str, store: Store, key: str) -> None:
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
            closing(_reader(draft, store.wait)) as source,
            closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, timeout=store.wait, isolation_level=None)) as live,
        ):
            live.execute("PRAGMA writable_schema=ON")
            live.execute("PRAGMA journal_mode=WAL")
            live.execute("PRAGMA synchronous=FULL")
            live.execute("PRAGMA wal_autocheckpoint=0")
            live.execute("PRAGMA busy_timeout=0")
            try:
                source.backup(live, progress=_bounded_by(store.wait), sleep=_ASK_AGAIN)
            except sqlite3.Error as error:
                raise errors.OutcomeUnknown(reason=reason_of(error), key=key) from None
            with suppress(sqlite3.Error):
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# Rotation


def _rotate(newest: str, begins: str, keep: int) -> tuple[str, ...]:
    """Remove all but the newest `keep` backups; return the removed paths.

    Removes only regular files with a name that `make` gives and a database of this clinic inside.
    """
    folder, made = os.path.split(newest)
    named = re.compile(begins + r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6}Z(?:-[0-9]{1,3})?\.db")
    own = _secret(newest)
    with os.scandir(folder) as entries:
        older = [
            entry.path
            for entry in entries
            if named.fullmatch(entry.name) and entry.name != made and entry.is_file(follow_symlinks=False)
        ]
    ours = [(number, each) for each in older if (number := _last_write(each, own)) is not None]
    ours.sort(key=lambda each: (each[0], _order(os.path.basename(each[1]))))
    gone = []
    for _, each in ours[: max(0, len(ours) - (keep - 1))]:
        # The new backup has succeeded even if an older one cannot be removed.
        with suppress(OSError):
            os.unlink(each)
            gone.append(each)
    paths.sync_folder(folder)
    return tuple(gone)


def _order(name: str) -> tuple[str, int]:
    """Return the instant in a copy's name, and its number within that second."""
    dated, nth = re.fullmatch(r"(.*Z)(?:-([0-9]{1,3}))?\.db", name).groups()  # type: ignore[union-attr]
    return dated, int(nth or 1)


def _last_write(path: str, secret: str | None) -> int | None:
    """Return the last write in a copy of the clinic with this secret.

    Returns None for other files.
    """
    if secret is None or _secret(path) != secret:
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        return info.head(connection).number
    return None


def _secret(path: str) -> str | None:
    """Return the secret, which identifies a clinic.

    Returns None for a file that is no clinic database.
    """
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                return None
            found = connection.execute("SELECT value FROM settings WHERE name = 'secret'").fetchone()
            return str(found[0]) if found else None
    except sqlite3.Error:
        return None
