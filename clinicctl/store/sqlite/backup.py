"""Copies of a database: made while others write, put in its place, and pressed together.

No file of a database is opened beside SQLite (that would drop the locks that this process holds on it), and none is
copied as a file: `cp` of a live database loses what stands in its log. A copy appears at its path whole, checked and on
the disk, and never over something else.
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
from clinicctl.store.engine import LOGS, Store, Tx, begun, head_of, refuse_behind
from clinicctl.store.migrations import APPLICATION_ID, CURRENT
from clinicctl.store.sqlite import check, head_file, info, location, trust
from clinicctl.store.sqlite.connections import connected, inspect, interruptible, view
from clinicctl.store.sqlite.db_errors import reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.head_file import Head

_ASK_AGAIN = 0.05
"""Seconds after which a copy asks again for a database that others hold."""
_KNOWN_KEY = "SELECT 1 FROM journal WHERE key = ?"


class Made(NamedTuple):
    """A copy: where it stands, since when, its bytes, the journal's head in it, and the older ones removed for it."""

    path: str
    at: datetime
    bytes: int
    head: Head
    removed: tuple[str, ...]


def make(path: str, target: str, *, wait: float, keep: int | None = None) -> Made:
    """Copy the database at `path` to a new file, or under a dated name into a folder; hold nobody up.

    `keep` leaves so many copies of this clinic in the folder, this one among them. Refuses with `Exists` when something
    stands at the target, a link, too; what is damaged; and a database that has lost what was answered, whose older
    copies may be all that is left of it.
    """
    inspect(path)
    trust.refuse_mixture(path, wait=wait)
    folder = os.path.isdir(target)
    if not folder and (target == "-" or target.endswith("/")):
        raise errors.Usage(problem="A backup is a new file, or goes into a folder that is there.")
    target = paths.absolute(target)
    if not folder and os.path.lexists(target):
        raise errors.Exists(path=target)
    paths.refuse_own(target)
    noted = head_file.known_head(path)
    if keep is not None and not folder:
        raise errors.Usage(problem="--keep goes with a folder: a single file has no older ones.")
    now = clock.now()
    name, _ = os.path.splitext(os.path.basename(path))
    wanted = os.path.join(target, f"{name}-{now.astimezone(UTC):{paths.STAMP}}.db") if folder else target
    with translated(wanted, wait), paths.arriving(wanted, numbered=folder) as draft:
        with _written(draft.target), translated(path, wait), closing(_reader(path, wait)) as source:
            source.execute("VACUUM INTO ?", (uri(draft.path, "mode=rw"),))
            _drop_added_indexes(draft.path)
        head, zone = _checked(draft.path, shown=path, noted=noted)
    head_file.note_backup(path, head_file.LastBackup(now.astimezone(zone), draft.target, head))
    removed = _rotate(draft.target, f"{re.escape(name)}-", keep) if keep is not None else ()
    return Made(draft.target, now.astimezone(zone), info.size(draft.target), head, removed)


@contextmanager
def replacing(store: Store, file: str, *, actor: str, key: str, dry_run: bool = False) -> Iterator[Tx]:
    """Hand out a transaction on a copy of `file`, which then takes the place of the store's database, whole.

    Refuses a file that is not a clinic database of this program, or has anything in its schema that ours has not; an
    older one is brought up. The database that was replaced is kept beside, damaged or not. With a key that it knows
    already nothing is replaced: the transaction is then on the database itself.
    """
    inspect(file)
    location.refuse_unsafe(store.path)
    with store.locked():
        stands = os.path.lexists(store.path)
        if stands:
            with suppress(errors.Damaged):
                inspect(store.path)
        if _knows(store.path, key, store.wait):
            with store.transaction(store.path, actor=actor, key=key, dry_run=dry_run) as tx:
                yield tx
            return
        with store.draft() as draft:
            _copy_pages(file, draft, store.wait)
            check.refuse_foreign(draft, shown=file)
            with store.transaction(draft, actor=actor, key=key, dry_run=dry_run, migrating=True) as tx:
                check.refuse_unsound(tx.driver, shown=file)
                yield replace(tx, kept=aside(store.path, "replaced", store.wait) if stands and not dry_run else None)
            if not dry_run:
                store.forget(head_file.forget_head)
                _put(draft, store, key)
                store.note()
                store.vouch_for_new()


@contextmanager
def kept_first(
    store: Store, why: str, *, actor: str, key: str, dry_run: bool = False, migrating: bool = False
) -> Iterator[Tx]:
    """As the store's `write`, once a copy of the database stands beside it.

    `migrating` brings it up to the newest schema in the same transaction, which takes a connection of its own: foreign
    keys are off on it while tables are rebuilt, and are checked before the commit.
    """
    inspect(store.path)
    location.refuse_unsafe(store.path)
    with store.locked():
        store.refuse_unusable()
        due = not migrating or info.look(store.path, wait=store.wait).schema < CURRENT
        if due and migrating:
            check.refuse_foreign(store.path, shown=store.path)
        kept = None
        if due and not dry_run and not _knows(store.path, key, store.wait):
            kept = aside(store.path, why, store.wait)
        with store.transaction(store.path, actor=actor, key=key, dry_run=dry_run, migrating=migrating) as tx:
            if due and migrating:
                check.refuse_unsound(tx.driver, shown=store.path, indexes=True)
            yield replace(tx, kept=kept)


def aside(path: str, why: str, wait: float) -> str:
    """Copy a database, page by page, to a dated name beside it; return that name.

    As it is, damaged or not: what is about to be changed or replaced can so be had again.
    """
    name, _ = os.path.splitext(path)
    target = f"{name}-{why}-{clock.now().astimezone(UTC):{paths.STAMP}}.db"
    with translated(target, wait), paths.arriving(target, numbered=True) as draft:
        _copy_pages(path, draft.path, wait)
    return draft.target


def compact(store: Store) -> tuple[int, int]:
    """Press the database together under the lock; return its bytes, log and all, before and after.

    Refuses what a write refuses: another schema, a database that has lost what was answered, an unsafe place.
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
                tx = begun(connection, store.path, "")
                store.refuse_behind(tx)
                store.refuse_changed_schema(tx.driver)
            driver = connection.driver
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            store.vouch(driver)
        return before, info.size(store.path) + info.size(f"{store.path}-wal")


def _drop_added_indexes(path: str) -> None:
    """Leave indexes that somebody has added out of a copy: a restore takes nothing that is not ours."""
    with closing(sqlite3.connect(uri(path, "mode=rw"), uri=True, isolation_level=None)) as connection:
        if added := check.added_indexes(connection):
            connection.execute("PRAGMA journal_mode=MEMORY")
            for name in added:
                connection.execute(f'DROP INDEX "{name.replace(chr(34), chr(34) * 2)}"')


def _checked(path: str, *, shown: str, noted: Head | None) -> tuple[Head, ZoneInfo]:
    """Return the journal's head in a copy, and the clinic's time zone.

    Refuses one that is not whole, and one without the last write that was noted before it was made.
    """
    with translated(shown, 0), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        interruptible(connection)
        check.refuse_damaged(connection, shown=shown)
        refuse_behind(connection, noted, found=head_of(connection), path=shown)
        return info.head(connection), info.zone(connection, shown=shown)


# What is read, and what is written over


def _reader(path: str, wait: float) -> sqlite3.Connection:
    connection = sqlite3.connect(uri(path, "mode=ro"), uri=True, timeout=wait, isolation_level=None)
    connection.execute("PRAGMA trusted_schema=OFF")
    return interruptible(connection)


@contextmanager
def _written(target: str) -> Iterator[None]:
    """Where there is no room, it is for the target."""
    try:
        yield
    except errors.DiskFull:
        raise errors.DiskFull(path=target) from None


def _bounded(wait: float) -> Callable[[int, int, int], None]:
    """What ends a copy that others keep from its database: Python's own would ask again for ever."""
    end = clock.ticks() + wait

    def watch(status: int, _left: int, _pages: int) -> None:
        interrupts.check()
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and clock.ticks() > end:
            raise errors.Busy(wait=wait)

    return watch


def _copy_pages(path: str, target: str, wait: float) -> None:
    """Copy a database by SQLite's backup API: its pages as they are, its log among them, and nothing of it is run."""
    with (
        _written(target),
        translated(path, wait),
        closing(_reader(path, wait)) as source,
        closing(sqlite3.connect(uri(target, "mode=rw"), uri=True, isolation_level=None)) as copy,
    ):
        source.execute("PRAGMA writable_schema=ON")
        source.backup(copy, progress=_bounded(wait), sleep=_ASK_AGAIN)


def _knows(path: str, key: str, wait: float) -> bool:
    """Whether the database at a path, if it can be read, has a write by this key."""
    with (
        suppress(errors.Refusal),
        translated(path, wait),
        closing(_reader(path, wait)) as connection,
    ):
        return connection.execute(_KNOWN_KEY, (key,)).fetchone() is not None
    return False


def _put(draft: str, store: Store, key: str) -> None:
    """Put a draft in the place of the store's database, in one transaction of that one's; or where there is none.

    Into a live database it goes through SQLite, log and all, so that those who read it see the one or the other. A log
    that lies there without its database is moved aside first: it would be taken for that of the new one.
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
                source.backup(live, progress=_bounded(store.wait), sleep=_ASK_AGAIN)
            except sqlite3.Error as error:
                raise errors.OutcomeUnknown(reason=reason_of(error), key=key) from None
            with suppress(sqlite3.Error):
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# Rotation


def _rotate(newest: str, begins: str, keep: int) -> tuple[str, ...]:
    """Remove all but the newest copies of this clinic from a folder; return their names.

    Only what `make` can have made there: a plain file with its kind of name, which is a database of this clinic.
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
    ours = [(number, each) for each in older if (number := _write_of(each, own)) is not None]
    ours.sort(key=lambda each: (each[0], _order(os.path.basename(each[1]))))
    gone = []
    for _, each in ours[: max(0, len(ours) - (keep - 1))]:
        # The backup stands; an older one that cannot be removed is no reason to say otherwise.
        with suppress(OSError):
            os.unlink(each)
            gone.append(each)
    paths.sync_folder(folder)
    return tuple(gone)


def _order(name: str) -> tuple[str, int]:
    """The instant in a copy's name, and which of that second's it is: the one without a number is the first."""
    dated, nth = re.fullmatch(r"(.*Z)(?:-([0-9]{1,3}))?\.db", name).groups()  # type: ignore[union-attr]
    return dated, int(nth or 1)


def _write_of(path: str, secret: str | None) -> int | None:
    """The last write in a copy of the clinic with this secret; None of anything else."""
    if secret is None or _secret(path) != secret:
        return None
    with suppress(sqlite3.Error), closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
        return info.head(connection).number
    return None


def _secret(path: str) -> str | None:
    """What tells one clinic from another; None of what is not a clinic database."""
    try:
        with closing(sqlite3.connect(uri(path, "mode=ro&immutable=1"), uri=True)) as connection:
            if connection.execute("PRAGMA application_id").fetchone() != (APPLICATION_ID,):
                return None
            found = connection.execute("SELECT value FROM settings WHERE name = 'secret'").fetchone()
            return str(found[0]) if found else None
    except sqlite3.Error:
        return None
