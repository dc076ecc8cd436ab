"""The database as a file: what it is, copies of it, one put in its place, a newer schema, less room.

Backups and compacting change nothing that the clinic knows, and so have no row in its journal; a restored and a
migrated database say so in theirs.
"""

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from clinicctl import errors
from clinicctl.desk import journal, operations, patients
from clinicctl.results import BackedUp, Compacted, Database, Finding, Health, LastBackup, Migrated, Restored
from clinicctl.store import paths
from clinicctl.store.compiled import metrics
from clinicctl.store.engine import Store, Tx
from clinicctl.store.migrations import CURRENT
from clinicctl.store.sqlite import backup, health, info, trust
from clinicctl.store.sqlite.connections import inspect
from clinicctl.store.sqlite.driver import sqlite3


def describe(store: Store) -> Database:
    """Return what the database file says of itself; an older schema is no refusal."""
    inspect(store.path)
    trust.refuse_mixture(store.path, wait=store.wait)
    found = info.describe(store.path, wait=store.wait)
    last = found.last_backup
    return Database(
        path=store.path,
        application=found.application,
        schema=found.schema,
        sqlite=sqlite3.sqlite_version,
        journal_mode=found.journal_mode,
        bytes=found.bytes,
        wal_bytes=found.wal_bytes,
        page_size=found.page_size,
        pages=found.pages,
        free_pages=found.free_pages,
        number=found.head.number,
        head=found.head.hash,
        last_backup=LastBackup(last.at.astimezone(found.zone), last.path, *last.head) if last is not None else None,
        tables=found.rows,
    )


def back_up(store: Store, *, target: str, keep: int | None = None) -> BackedUp:
    """Copy the database to a new file, or under a dated name into a folder; hold nobody up.

    `keep` leaves so many backups of this clinic in the folder. Refuses with `Exists` when something stands there.
    """
    store.require_standalone()
    made = backup.make(store.path, target, wait=store.wait, keep=keep)
    return BackedUp(
        path=made.path,
        at=made.at,
        bytes=made.bytes,
        number=made.head.number,
        head=made.head.hash,
        removed=made.removed,
    )


def about(store: Store, *, file: str) -> str:
    """Return what is in a backup, in words. Refuses what is not a clinic database that this program knows.

    The store's own database may be named, so that it is accepted as it stands, but no other file of it.
    """
    if file == "-":
        raise errors.Usage(problem="A backup is restored from a file: what stands there is checked first.")
    if not os.path.exists(file) or paths.file_id(file) != paths.file_id(store.path):
        paths.refuse_own(file)
    if not os.path.lexists(file):
        raise errors.NoSuchFile(path=file)
    found = info.describe(file, wait=0)
    return f"{found.rows.get('patients', 0)} patients, {found.head.number} writes"


def replacing(store: Store, *, file: str) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the way into a transaction on a copy of `file`, which then takes the database's place, whole."""
    store.require_standalone()
    return partial(backup.replacing, store, file)


@operations.RESTORE
def restore(tx: Tx, *, file: str) -> Restored:
    """Say what is in a database that takes another's place. The row of it is the first after those of `file`."""
    number, head = journal.head(tx)
    return Restored(
        path=paths.shown(tx.path),
        file=paths.absolute(file),
        found=tx.schema,
        schema=CURRENT,
        number=number,
        head=head,
        patients=patients.count(tx),
        appointments=metrics.appointments(tx) or 0,
        replaced=paths.shown(tx.saved_copy) if tx.saved_copy else None,
    )


def migrating(store: Store) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the way into a transaction that brings the database up to this program's schema, and keeps a copy."""
    store.require_standalone()
    return partial(backup.saved_first, store, "before-migration", migrating=True)


@operations.MIGRATE
def migrate(tx: Tx) -> Migrated:
    """Say from which schema to which the database was brought up, and where it is kept as it was."""
    return Migrated(
        path=paths.shown(tx.path),
        found=tx.schema,
        schema=CURRENT,
        copy=paths.shown(tx.saved_copy) if tx.saved_copy else None,
    )


def repairing(store: Store) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the way into a transaction before which a copy of the database was kept."""
    store.require_standalone()
    return partial(backup.saved_first, store, "before-repair")


def compact(store: Store) -> Compacted:
    """Press the database together: what was deleted leaves no room. Others wait meanwhile."""
    store.require_standalone()
    before, after = backup.compact(store)
    return Compacted(path=store.path, before=before, after=after)


def look(store: Store) -> Health:
    """Return what was found. Reads only, takes no lock, refuses nothing: what is wrong is part of the answer."""
    found = health.examine(store.path)
    return Health(
        usable=not any(each.stops for each in found),
        path=store.path,
        findings=tuple(Finding(each.name, each.value, each.ok, each.problem) for each in found),
    )
