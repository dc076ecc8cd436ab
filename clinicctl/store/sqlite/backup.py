"""Back up, restore and compact a database.

Only SQLite opens database files: opening one otherwise drops the locks that this process holds on it. Nothing is copied
as a file: `cp` of a live database loses the content of its log. A copy is complete, checked and synced before it
appears at its path, and never overwrites another file.
"""

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from clinicctl import clock, errors
from clinicctl.store import paths
from clinicctl.store.migrations import APPLICATION_ID, CURRENT
from clinicctl.store.reports import Copy, Head, LastBackup
from clinicctl.store.sqlite import check, head_file, info, location, trust
from clinicctl.store.sqlite.connections import connected, inspect, interruptible, view
from clinicctl.store.sqlite.copies import has_key, reader, refuse_moved, save_copy, writing_to
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.transactions import FileTransactions, open_tx, refuse_behind
from clinicctl.store.sqlite.tx import FileTx, head_of


def make(path: str, target: str, *, wait: float, keep: int | None = None) -> Copy:
    """Copy the database at `path` to a new file, or into a folder under a dated name.

    Takes no lock. `keep` is the number of backups of this clinic that stay in the folder, including this one. Refuses
    with `Exists` when there is a file or a link at the target. Refuses a damaged database, and one that has lost
    committed writes: its older backups may be all that is left.
    """
    inspect(path)
    trust.refuse_mixture(path, wait=wait)
    name, _ = os.path.splitext(os.path.basename(path))
    with publishing(target, name=name, keep=keep, access=location.access(path)) as backup:
        noted = head_file.known_head(path)
        with writing_to(backup.draft.target), translated(path, wait), closing(reader(path, wait)) as source:
            source.execute("VACUUM INTO ?", (uri(backup.draft.path, "mode=rw"),))
            _drop_extra_indexes(backup.draft.path)
        backup.head, backup.zone = checked(backup.draft.path, shown=path, noted=noted)
    made = backup.made()
    head_file.note_backup(path, LastBackup(made.at, made.path, made.head))
    return made


class Backup:
    """A backup that is being made: its draft, and then the head and the time zone in it."""

    def __init__(self, draft: paths.Draft, at: datetime) -> None:
        self.draft = draft
        self.at = at
        self.head: Head | None = None
        self.zone: ZoneInfo | None = None
        self.removed: tuple[str, ...] = ()

    def made(self) -> Copy:
        """Return the report of the complete backup."""
        assert self.head is not None
        target = self.draft.target
        return Copy(target, self.at.astimezone(self.zone), info.size(target), self.head, self.removed)


@contextmanager
def publishing(target: str, *, name: str, keep: int | None, access: paths.Access = paths.PRIVATE) -> Iterator[Backup]:
    """Hand out the draft of a backup, which appears at its target at the end.

    `target` is a new file, or a folder for a file whose name begins with `name`. `keep` is as for `make`. `access` is
    that of the clinic: those who may use it may restore its backup.
    """
    folder = os.path.isdir(target)
    if not folder and (target == "-" or target.endswith("/")):
        raise errors.Usage(problem="Name a new file or an existing folder for the backup.")
    target = paths.absolute(target)
    if not folder and os.path.lexists(target):
        raise errors.Exists(path=target)
    paths.refuse_own(target)
    if keep is not None and not folder:
        raise errors.Usage(problem="--keep needs a folder: a single file has no older backups.")
    now = clock.now()
    wanted = os.path.join(target, f"{name}-{now.astimezone(UTC):{paths.STAMP}}.db") if folder else target
    with translated(wanted, 0), paths.creating(wanted, numbered=folder, access=access) as draft:
        backup = Backup(draft, now)
        yield backup
    if keep is not None:
        backup.removed = _rotate(draft.target, f"{re.escape(name)}-", keep)


@contextmanager
def saved_first(
    store: FileTransactions, why: str, *, actor: str | None, key: str, dry_run: bool = False, migrating: bool = False
) -> Iterator[FileTx]:
    """Save a copy beside the database, then hand out a transaction.

    `migrating` migrates to the newest schema in the same transaction. Foreign keys are off while tables are rebuilt,
    and are checked before the commit.
    """
    inspect(store.path)
    location.refuse_unsafe(store.path)
    with store.locked():
        store.refuse_unusable()
        refuse_moved(store.path, store.wait)
        due = not migrating or info.describe(store.path, wait=store.wait).schema < CURRENT
        if due and migrating:
            check.refuse_foreign(store.path, shown=store.path)
        saved_copy = None
        if due and not dry_run and not has_key(store.path, key, store.wait):
            saved_copy = save_copy(store.path, why, store.wait)
        with store.transaction(store.path, actor=actor, key=key, dry_run=dry_run, migrating=migrating) as tx:
            if due and migrating:
                check.refuse_unsound(tx.driver, shown=store.path, indexes=True)
            yield replace(tx, saved_copy=saved_copy)


def compact(store: FileTransactions) -> tuple[int, int]:
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
                tx.refuse_moved()
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


def checked(path: str, *, shown: str, noted: Head | None) -> tuple[Head, ZoneInfo]:
    """Return the journal's head in a copy, and the clinic's time zone.

    Refuses a damaged copy, and a copy without the write that was noted last before the copy began.
    """
    with translated(shown, 0), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        interruptible(connection)
        check.refuse_damaged(connection, shown=shown)
        refuse_behind(connection, noted, found=head_of(connection), path=shown)
        return info.head(connection), info.zone(connection, shown=shown)


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
