"""The database: describe, back up, restore, move, migrate, repair and compact it.

Backups and compaction change no data, so they have no row in the journal. A restore and a migration have one.
"""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from clinicctl import errors
from clinicctl.desk import access, integrity, journal, operations, patients, users
from clinicctl.results.base import Outcome
from clinicctl.results.clinic import Finding, Health
from clinicctl.results.database import (
    BackedUp,
    Compacted,
    Copied,
    Database,
    LastBackup,
    Migrated,
    Restored,
    Roles,
    Shared,
)
from clinicctl.rules.fingerprints import Digested
from clinicctl.store import moving, paths
from clinicctl.store.compiled import metrics
from clinicctl.store.engine import Store, Tx
from clinicctl.store.migrations import CURRENT

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,29}")


def describe(store: Store) -> Database:
    """Describe the database file, also one with an older schema."""
    found = store.describe()
    last = found.last_backup
    return Database(
        path=store.place,
        application=found.application,
        schema=found.schema,
        sqlite=found.sqlite,
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
        postgresql=found.postgresql,
        server=found.server,
    )


def back_up(store: Store, *, target: str, keep: int | None = None) -> BackedUp:
    """Copy the database to a new file, or to a dated file in a folder.

    It blocks nobody. `keep` is how many backups of this clinic stay in the folder. Refuses an existing file with
    `Exists`.
    """
    store.require_standalone()
    made = store.back_up(target, keep=keep)
    return BackedUp(
        path=made.path,
        at=made.at,
        bytes=made.bytes,
        number=made.head.number,
        head=made.head.hash,
        removed=made.removed,
    )


def about(store: Store, *, file: str) -> str:
    """Describe the content of a backup.

    Refuses anything but a clinic database of a known schema. `file` may be the store's own database, but none of its
    other files.
    """
    if file == "-":
        raise errors.Usage(problem="A backup cannot be restored from stdin, because it is checked first. Give a file.")
    found = store.describe_backup(file)
    return f"{found.rows.get('patients', 0)} patients, {found.head.number} writes"


def replacing(store: Store, *, file: str) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the transaction on a copy of `file` that replaces the database."""
    store.require_standalone()
    return partial(store.replacing, file)


@operations.RESTORE
def restore(tx: Tx, *, file: str) -> Restored:
    """Describe the database that replaces another one.

    Its journal continues that of `file`. The words of names in an older one are completed. The person who restores it
    becomes a manager of it, unless they act under another name.
    """
    _complete_words(tx)
    number, head = journal.head(tx)
    return Restored(
        path=paths.shown(tx.place),
        file=paths.absolute(file),
        found=tx.schema,
        schema=CURRENT,
        number=number,
        head=head,
        patients=patients.count(tx),
        appointments=metrics.appointments(tx) or 0,
        replaced=paths.shown(tx.saved_copy) if tx.saved_copy else None,
        made_manager=_keep_manager(tx, access.login(tx)),
    )


def _keep_manager(tx: Tx, login: str) -> str | None:
    """Make the person who runs the command a manager.

    The login of a terminal that several people share is no person.
    """
    person = tx.person
    return users.ensure_manager(tx, login) if person is None or person.name == person.login else None


@dataclass(frozen=True, slots=True)
class Runner(Digested):
    """The login, at the new database, of the person who moves a clinic to it. It is no part of the request."""

    name: str

    def digest_value(self, today: date, order: str) -> Any:  # noqa: ARG002 - the same on every day
        return None


def copying(store: Store, *, to: Store) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the transaction that moves the clinic to another store."""
    store.require_standalone()
    return partial(moving.moving, store, to, integrity.first_violation)


def finish_copy(store: Store, *, to: Store, actor: str | None, key: str, dry_run: bool) -> Outcome | None:
    """Finish a move that was interrupted, and return its answer.

    Return None if the clinic has not moved. Refuses with `Moved` if it has moved to another place.
    """
    store.require_standalone()
    with store.read(actor=actor) as tx:
        if tx.moved_to is None:
            return None
        if tx.moved_to != to.place:
            tx.refuse_moved()
        answer = journal.done_before(tx, operations.COPY.name, [{"to": to.place}])
    if not dry_run:
        moving.finish(store, to, integrity.first_violation, actor=actor, key=key)
    return Outcome(result=answer, replayed=True, dry_run=dry_run)


@operations.COPY
def copy(tx: Tx, *, to: str, runner: Runner) -> Copied:
    """Describe the clinic that moves to another place.

    The person who moves it becomes a manager there.
    """
    return Copied(
        path=paths.shown(tx.place),
        to=to,
        patients=patients.count(tx),
        appointments=metrics.appointments(tx) or 0,
        made_manager=_keep_manager(tx, runner.name),
    )


def migrating(store: Store) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the transaction that migrates the database, after a copy of it."""
    store.require_standalone()
    return store.migrating


@operations.MIGRATE
def migrate(tx: Tx) -> Migrated:
    """Complete the words of names, and describe a migration.

    The description has the schema before and after, and the copy.
    """
    _complete_words(tx)
    return Migrated(
        path=paths.shown(tx.place),
        found=tx.schema,
        schema=CURRENT,
        copy=paths.shown(tx.saved_copy) if tx.saved_copy else None,
    )


def _complete_words(tx: Tx) -> None:
    """Add the words by which older versions did not find a name."""
    if tx.schema < CURRENT:
        integrity.repair_names(tx)


def repairing(store: Store) -> Callable[..., AbstractContextManager[Tx]]:
    """Return the transaction that repairs the database, after a copy of it."""
    store.require_standalone()
    return store.repairing


def roles(store: Store, *, prefix: str) -> Roles:
    """Return the rights of the people of the clinic as SQL. Grants nothing."""
    if not _PREFIX.fullmatch(prefix):
        raise errors.BadValue(problem="--prefix: a small letter, and at most 30 small letters, digits and _ in all.")
    return Roles(path=store.place, sql=tuple(store.grants(prefix)))


def share(store: Store, *, group: str | None) -> Shared:
    """Share the database file with a group, or make it private again."""
    store.require_standalone()
    changed = store.share(group)
    return Shared(path=store.place, group=group, changed=changed)


def prepare(store: Store, *, group: str, dry_run: bool) -> bool:
    """Share the folder of a new database file with a group.

    Returns whether the file is shared with it: an existing one is not changed.
    """
    store.require_standalone()
    return store.prepare(group, dry_run=dry_run)


def compact(store: Store) -> Compacted:
    """Shrink the database file. Other writers wait meanwhile."""
    store.require_standalone()
    before, after = store.compact()
    return Compacted(path=store.place, before=before, after=after)


def look(store: Store) -> Health:
    """Check whether the database can be used.

    Takes no lock and refuses nothing: problems are part of the answer.
    """
    found = store.examine()
    return Health(
        usable=not any(each.stops for each in found),
        path=store.place,
        findings=tuple(Finding(each.name, each.value, each.ok, each.problem) for each in found),
    )
