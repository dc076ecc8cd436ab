"""Transactions on a database file: one command, one transaction.

It does not know what the transaction is for. A write takes the writer's lock, connects, begins IMMEDIATE, commits or
rolls back, checkpoints, closes and releases. Every connection that writes does all of this under the lock. That also
avoids the WAL-reset bug of SQLite up to 3.51.2 (https://sqlite.org/wal.html, "The WAL-Reset Bug"). A read takes no
lock, and its connection cannot write.
"""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from glob import escape, glob

from clinicctl import clock, errors, interrupts, settings
from clinicctl.store import paths
from clinicctl.store.heads import Head
from clinicctl.store.migrations import CURRENT
from clinicctl.store.sqlite import drafts, filling, head_file, location, trust
from clinicctl.store.sqlite.connections import Connection, checkpoint, connected, inspect, is_replaced, note_files, view
from clinicctl.store.sqlite.db_errors import is_full, reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.lock import writers_lock
from clinicctl.store.sqlite.migration import migrate
from clinicctl.store.sqlite.tx import FileTx, hash_of
from clinicctl.store.tx import MOVED_TO, Queries, read_settings, refuse_other_version

LOGS = ("-wal", "-journal")
"""The suffixes of the log files beside a database that can hold content of it."""

_LOST = "its log was lost, or an old copy put in its place"
_OTHER = "another database was put in its place"

_SETTINGS = "SELECT name, value FROM settings"


class FileTransactions:
    """The database of one clinic, at one path."""

    def __init__(self, path: str, *, wait: float) -> None:
        self.path = self.place = path
        self.wait = wait
        self.lock_waited = 0.0
        self._writing = False
        self._lock: int | None = None
        self._head: tuple[int, str] | None = None
        self._trusted: tuple[paths.FileId | None, int] | None = None
        self.as_noted = False
        """Whether the file matched its note when the lock was taken."""

    def require_standalone(self) -> None:
        """Refuse to run inside a batch or a shell.

        This store runs one command and accepts.
        """

    @contextmanager
    def read(
        self,
        *,
        actor: str | None,
        ahead: Queries | None = None,  # noqa: ARG002 - only a server gains by it
    ) -> Iterator[FileTx]:
        """Hand out a read-only view of one instant, without taking the lock."""
        inspect(self.path)
        trust.refuse_mixture(self.path, wait=self.wait)
        with (
            translated(self.path, self.wait),
            connected(self.path, self.wait, mode="ro") as connection,
            view(connection),
        ):
            yield open_tx(connection, self.path, actor)

    @contextmanager
    def write(
        self,
        *,
        actor: str | None,
        key: str,
        dry_run: bool = False,
        ahead: Queries | None = None,  # noqa: ARG002 - only a server gains by it
    ) -> Iterator[FileTx]:
        """Hand out a transaction, and commit it at the end.

        It is rolled back after an error, and for a dry run. Refuses with `Busy` when the lock is not free in time, and
        with `OutcomeUnknown`, which carries `key`, when the commit itself fails.
        """
        if not os.path.exists(f"{self.path}.lock"):
            # No lock file is created beside a file that is not a clinic database.
            inspect(self.path)
        elif location.stat_database(self.path) is None:
            raise errors.NoDatabase(path=self.path)
        location.refuse_unsafe(self.path)
        with self.locked():
            self.refuse_unusable()
            with self.transaction(self.path, actor=actor, key=key, dry_run=dry_run) as tx:
                yield tx

    @contextmanager
    def create(self, *, actor: str | None, key: str, dry_run: bool = False) -> Iterator[FileTx]:
        """Hand out a transaction on a new database.

        The database appears at its path after the commit. Refuses with `Exists` when there is a file at the path.
        """
        with self.drafting() as draft:
            with translated(self.path, self.wait):
                _make_schema(draft)
            with self.transaction(draft, actor=actor, key=key, dry_run=dry_run, fresh=True) as tx:
                yield tx
            if not dry_run:
                self.put_new(draft)

    @contextmanager
    def drafting(self, access: paths.Access = paths.PRIVATE) -> Iterator[str]:
        """Hand out the path of an empty file beside that of a new database.

        Holds the writer's lock. Creates the folder, with this access. Refuses with `Exists` when there is a file at the
        database's path.
        """
        from clinicctl.store.sqlite import sharing  # Deferred: only `init` and `db copy` need it.

        location.stat_database(self.path, making=True)
        self._refuse_existing()
        folder = os.path.dirname(self.path)
        try:
            sharing.make_folder(folder, access)
        except OSError as error:
            raise errors.ReadOnly(path=folder, reason=location.reason_of(error, folder, writing=True)) from None
        location.refuse_unsafe(self.path)
        with self.locked(), drafts.making(self.path) as draft:
            self._refuse_existing()
            yield draft

    def put_new(self, draft: str, head: tuple[int, str] | None = None) -> None:
        """Let a complete draft appear at the path of the database, and note its head."""
        self._head = head or self._head
        with translated(self.path, self.wait):
            self.clear_note(head_file.clear_all)
            os.link(draft, self.path)
        self.note_head()
        self.trust_new()

    def _refuse_existing(self) -> None:
        """Refuse a path with a database or a log.

        SQLite would replay the log into the new database.
        """
        if os.path.lexists(self.path):
            raise errors.Exists(path=self.path)
        for end in LOGS:
            with suppress(OSError):
                if os.stat(f"{self.path}{end}").st_size:
                    raise errors.StrayLog(path=self.path, log=f"{self.path}{end}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writer's lock. Refuses with `Busy` when the lock is not free in time."""
        if self._writing:
            raise RuntimeError("a write inside a write: pass the tx down instead")
        began = clock.ticks()
        with ExitStack() as held:
            try:
                self._lock = held.enter_context(writers_lock(self.path, wait=self.wait))
            finally:
                self.lock_waited = clock.ticks() - began
            self._writing = True
            held.callback(self._before_release)
            self._compare_with_note()
            yield

    def _compare_with_note(self) -> None:
        """Check whether the file matches its note.

        If so, only this process changes it under this lock.
        """
        noted = head_file.file(self._lock) if self._lock is not None else None
        self.as_noted = False
        with suppress(OSError):
            self.as_noted = noted is not None and noted.main == head_file.describe_file(self.path, schema=0).main
        self._trusted = (noted.id, noted.schema) if noted is not None and self.as_noted else None

    def _before_release(self) -> None:
        """Note the state of the file.

        Every writing connection has closed or checkpointed.
        """
        lock, trusted = self._lock, self._trusted
        self._writing, self._lock, self._trusted = False, None, None
        if lock is not None and trusted is not None and trusted[0] == paths.file_id(self.path):
            with suppress(OSError):
                found, noted = head_file.describe_file(self.path, schema=trusted[1]), head_file.file(lock)
                # The inode of an empty log does not matter. A log that disappeared without a checkpoint may be open in
                # another process, which recognizes it by the note.
                is_same = noted is not None and found._replace(log=0) == noted._replace(log=0) and not found.log_size
                is_lost = noted is not None and found.main == noted.main and noted.log_size and not found.log_size
                if not is_same and not is_lost:
                    head_file.note_file(lock, found)

    @contextmanager
    def transaction(
        self, path: str, *, actor: str | None, key: str, dry_run: bool, fresh: bool = False, migrating: bool = False
    ) -> Iterator[FileTx]:
        """Hand out a transaction on the database or on a draft of it. The lock is held."""
        with translated(self.path, self.wait), connected(path, self.wait, mode="rw") as connection:
            if migrating:
                connection.driver.execute("PRAGMA foreign_keys=OFF")
            connection.begin()
            try:
                found = migrate(connection.driver) if migrating else CURRENT
                tx = replace(open_tx(connection, self.path, actor, fresh=fresh), schema=found)
                if path == self.path:
                    self.refuse_behind(tx)
                    if not migrating:
                        self.refuse_changed_schema(tx.driver)
                yield tx
                if migrating and path == self.path:
                    self.trust_file(tx.driver)
            except BaseException:
                connection.driver.rollback()
                raise
            if dry_run:
                connection.driver.rollback()
                return
            self.commit(connection, key, tx)
            if path == self.path:
                self.note_head()
            checkpoint(connection, path)

    def refuse_unusable(self) -> None:
        """Refuse a file that is no clinic database, or does not fit the log beside it.

        The lock is held.
        """
        inspect(self.path)
        self.refuse_mixture()

    def refuse_mixture(self) -> None:
        """Refuse a database that does not fit the log beside it. The lock is held."""
        if self._lock is not None:
            trusted, self._trusted = self._trusted, None
            trust.refuse_mixture_under(self._lock, self.path)
            self._trusted = trusted

    def refuse_changed_schema(self, driver: sqlite3.Connection) -> None:
        """Refuse a schema that another program has changed; trust the file otherwise."""
        if self._lock is not None:
            self._trusted = (paths.file_id(self.path), trust.refuse_changed_schema(self._lock, self.path, driver))

    def trust_file(self, driver: sqlite3.Connection) -> None:
        """Trust the file and its schema as they are.

        Both are noted when the lock is released.
        """
        self._trusted = (paths.file_id(self.path), driver.execute("PRAGMA schema_version").fetchone()[0])

    def trust_new(self) -> None:
        """Trust a database that this process has just put at the path."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(uri(self.path, "mode=ro"), uri=True)) as driver:
            self.trust_file(driver)

    def refuse_behind(self, tx: FileTx) -> None:
        """Refuse a database that lacks the write noted last in the lock file."""
        noted = head_file.head(self._lock) if self._lock is not None else None
        refuse_behind(tx.driver, noted, found=tx.head(), path=self.path)

    def commit(self, connection: Connection, key: str, tx: FileTx) -> None:
        """Commit, unless a signal has asked to stop.

        Refuses with `Replaced` when another file has taken the database's place, with `DiskFull` when nothing was
        written, and with `OutcomeUnknown` when the commit fails otherwise.
        """
        try:
            interrupts.check()
            if is_replaced(connection):
                raise errors.Replaced(path=self.path)
        except BaseException:
            connection.driver.rollback()
            raise
        try:
            self._head = tx.head()
            connection.driver.commit()
        except Exception as error:
            reason = reason_of(error)
            with suppress(Exception):
                connection.driver.rollback()
            if is_full(error):
                # The last frame of a commit makes it durable, and this frame could not be written.
                raise errors.DiskFull(path=self.path) from None
            raise errors.OutcomeUnknown(reason=reason, key=key) from None

    def note_head(self) -> None:
        """Note the journal's last row, as of the last commit, in the lock file."""
        if self._head is not None and self._head[0] and self._lock is not None:
            head_file.note_head(self._lock, *self._head)

    def clear_note(self, clear: Callable[[int], None]) -> None:
        """Clear notes about the previous database, by a function of `head_file`."""
        if self._lock is not None:
            with translated(self.path, self.wait):
                clear(self._lock)


def refuse_behind(driver: sqlite3.Connection, noted: Head | None, *, found: tuple[int, str], path: str) -> None:
    """Refuse a database without the write that was noted last.

    The journal lacks this write, or has another one in its place.
    """
    if noted is None:
        return
    if found[0] < noted.number:
        raise errors.FellBehind(path=path, found=found[0], noted=noted.number, lost=_LOST, backup=_backup(path))
    if found != noted and hash_of(driver, noted.number) != noted.hash:
        raise errors.FellBehind(path=path, found=found[0], noted=noted.number, lost=_OTHER, backup=_backup(path))


def _backup(path: str) -> str:
    """Return the newest copy that was rescued from a deleted log, or FILE."""
    name, _ = os.path.splitext(path)
    return max(glob(f"{escape(name)}-rescued-*.db"), default="FILE")


def open_tx(connection: Connection, path: str, actor: str | None, *, fresh: bool = False) -> FileTx:
    """Return the transaction that has begun on a connection.

    Refuses another schema version than CURRENT.
    """
    driver = connection.driver
    (version,) = driver.execute("PRAGMA user_version").fetchone()
    refuse_other_version(version, place=path)
    stored = tuple(driver.execute(_SETTINGS).fetchall())
    secret, clinic, zone = read_settings(stored, place=path)
    note_files(connection)
    now = clock.now()
    return FileTx(
        session=connection,
        now=now,
        today=now.astimezone(zone).date(),
        zone=zone,
        actor=actor or settings.login(),
        clinic=clinic,
        secret=secret,
        place=path,
        fresh=fresh,
        moved_to=dict(stored).get(MOVED_TO),
    )


def _make_schema(path: str) -> None:
    with connected(path, 0, mode="rw") as connection:
        connection.begin()
        filling.make_tables(connection.driver)
        for kind in ("patients", "appointments", "waitlist"):
            connection.driver.execute("INSERT INTO counters (name, value) VALUES (?, 0)", (kind,))
        connection.driver.execute("INSERT INTO settings (name, value) VALUES ('secret', ?)", (secrets.token_hex(32),))
        connection.driver.commit()
