"""Store and Tx: one command, one transaction. With `connections` and `faults`, the only files that know a dialect.

A write takes the writer's lock, connects, begins IMMEDIATE, commits or rolls back, checkpoints, closes and releases.
Every connection that writes does all of this under the lock, which also keeps clear of the WAL-reset bug of SQLite up
to 3.51.2 (https://sqlite.org/wal.html, "The WAL-Reset Bug"). A read takes no lock, and its connection cannot write.
"""

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from glob import escape, glob
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from clinicctl import clock, errors, interrupts
from clinicctl.settings import ClinicSettings
from clinicctl.store import paths
from clinicctl.store.compiled import schema
from clinicctl.store.migrations import APPLICATION_ID, CURRENT, bring_up
from clinicctl.store.sqlite import head_file, location, trust
from clinicctl.store.sqlite.connections import Connection, connected, copy_back, inspect, is_replaced, note_files, view
from clinicctl.store.sqlite.db_errors import is_full, reason_of, translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.lock import writers_lock
from clinicctl.store.values import UNREADABLE, Unreadable

R = TypeVar("R")

LOGS = ("-wal", "-journal")
"""What SQLite keeps beside a database with content of it."""

_LOST = "its log was lost, or an old copy put in its place"
_OTHER = "another database was put in its place"

_SETTINGS = "SELECT name, value FROM settings"
_HEAD = "SELECT number, hash FROM journal WHERE number = (SELECT max(number) FROM journal)"
_HASH = "SELECT hash FROM journal WHERE number = ?"
_GIVEN = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'journal' AND typeof(seq) = 'integer'"
_RESTORED = "SELECT 1 FROM journal WHERE number > ? AND command = 'db restore'"


class Condition(NamedTuple):
    """A condition of a query, with the stored values of its parameters."""

    sql: str
    values: tuple[Any, ...]


def joined(conditions: Iterable[Condition]) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL and the values of a condition that is met when all of these are."""
    listed = list(conditions)
    sql = " AND ".join(f"({each.sql})" for each in listed) or "true"
    return sql, tuple(value for each in listed for value in each.values)


class Step(NamedTuple):
    """One step of an appointment and of its place in the queue, for the journal."""

    appointment_id: UUID
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    before: str


@dataclass(slots=True, eq=False, repr=False)
class JournalEnd:
    """The number and the hash of the journal's last row: read once in a transaction, then kept up to date."""

    last: tuple[int, str] | None = None

    def read(self, driver: sqlite3.Connection) -> tuple[int, str]:
        """Return the last row's number and hash."""
        if self.last is None:
            self.last = head_of(driver)
        return self.last


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tx:
    """A transaction, with the instant and the day it began on. Nothing below it commits or reads a clock.

    `fresh` says that it fills a new database, `schema` in which version of the schema the database was found, and
    `kept` where a copy of the database stands as it was before. `steps` and `days_before` are for the journal: the
    steps taken, and what stood of the days that were changed.
    """

    connection: Connection
    driver: sqlite3.Connection
    now: datetime
    today: date
    zone: ZoneInfo
    actor: str
    clinic: ClinicSettings
    secret: str
    path: str
    fresh: bool = False
    schema: int = CURRENT
    kept: str | None = None
    key: str | None = None
    end: JournalEnd = field(default_factory=JournalEnd)
    steps: list[Step] = field(default_factory=list)
    days_before: list[str] = field(default_factory=list)

    def fetch_one(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> R | None:
        """Return the first row, read, or None. All rows are fetched: a RETURNING that is not prevents the commit."""
        found = self.fetch_all(sql, values, read)
        return found[0] if found else None

    def fetch_all(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> list[R]:
        """Return every row, read."""
        interrupts.check()
        found = self.driver.execute(sql, values).fetchall()
        try:
            return [read(each) for each in found]
        except UNREADABLE:
            raise Unreadable from None

    def iterate(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> Iterator[R]:
        """Yield the rows as they are read, by a cursor of their own."""
        for each in self.driver.execute(sql, values):
            interrupts.check()
            try:
                row = read(each)
            except UNREADABLE:
                raise Unreadable from None
            yield row

    def execute(self, sql: str, values: tuple[Any, ...]) -> int:
        """Run a statement that changes rows, and return how many it changed."""
        interrupts.check()
        return self.driver.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Run a statement once for each row of parameters, and return how many rows it changed in all."""
        interrupts.check()
        return self.driver.executemany(sql, rows).rowcount

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        """Roll back what the body does when it raises, and nothing else. SQLite may have rolled back all by itself."""
        self.driver.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            if self.driver.in_transaction:
                self.driver.execute(f"ROLLBACK TO {name}")
                self.driver.execute(f"RELEASE {name}")
            raise
        self.driver.execute(f"RELEASE {name}")

    def local(self, instant: datetime | None) -> Any:
        """Return an instant in the clinic's offset."""
        return instant.astimezone(self.zone) if instant else None


class Store:
    """The database of one clinic, at one path."""

    def __init__(self, path: str, *, wait: float) -> None:
        self.path = path
        self.wait = wait
        self.lock_waited = 0.0
        self._writing = False
        self._lock: int | None = None
        self._head: tuple[int, str] | None = None
        self._vouched: tuple[paths.FileId | None, int] | None = None
        self.as_noted = False
        """Whether the file was the one that was noted, when the lock was taken."""

    def alone(self) -> None:
        """Make sure that what is to be done stands for itself: a store alone does nothing else."""

    @contextmanager
    def read(self, *, actor: str) -> Iterator[Tx]:
        """Hand out a view of one instant. Takes no lock; the database refuses every write through it."""
        inspect(self.path)
        trust.refuse_mixture(self.path, wait=self.wait)
        with (
            translated(self.path, self.wait),
            connected(self.path, self.wait, mode="ro") as connection,
            view(connection),
        ):
            yield begun(connection, self.path, actor)

    @contextmanager
    def write(self, *, actor: str, key: str, dry_run: bool = False) -> Iterator[Tx]:
        """Hand out a transaction; commit it when the body ends, roll it back when it raises or for a dry run.

        Refuses with `Busy` when the lock is not had in time, and with `OutcomeUnknown`, which carries `key`, when the
        commit itself fails.
        """
        if not os.path.exists(f"{self.path}.lock"):
            # No lock file is made beside a file that is none of ours.
            inspect(self.path)
        elif location.look(self.path) is None:
            raise errors.NoDatabase(path=self.path)
        location.refuse_unsafe(self.path)
        with self.locked():
            self.refuse_unusable()
            with self.transaction(self.path, actor=actor, key=key, dry_run=dry_run) as tx:
                yield tx

    @contextmanager
    def create(self, *, actor: str, key: str, dry_run: bool = False) -> Iterator[Tx]:
        """As `write`, on a new database, which appears at its path, whole, once the body's transaction is committed.

        Refuses with `Exists` when something stands there. Makes the folder (0700); the file is 0600.
        """
        location.look(self.path, making=True)
        self._refuse_what_stands()
        folder = os.path.dirname(self.path)
        try:
            _make_folder(folder)
        except OSError as error:
            raise errors.ReadOnly(path=folder, reason=location.reason_of(error, folder, writing=True)) from None
        location.refuse_unsafe(self.path)
        with self.locked(), self.draft() as draft:
            self._refuse_what_stands()
            with translated(self.path, self.wait):
                _make_schema(draft)
            with self.transaction(draft, actor=actor, key=key, dry_run=dry_run, fresh=True) as tx:
                yield tx
            if not dry_run:
                with translated(self.path, self.wait):
                    self.forget(head_file.forget)
                    os.link(draft, self.path)
                self.note()
                self.vouch_for_new()

    def _refuse_what_stands(self) -> None:
        """Refuse to make a database where something stands, or a log of one that is gone: it would be the new one's."""
        if os.path.lexists(self.path):
            raise errors.Exists(path=self.path)
        for end in LOGS:
            with suppress(OSError):
                if os.stat(f"{self.path}{end}").st_size:
                    raise errors.StrayLog(path=self.path, log=f"{self.path}{end}")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writer's lock. Refuses with `Busy` when it is not had in time."""
        if self._writing:
            raise RuntimeError("a write inside a write: pass the tx down instead")
        began = clock.ticks()
        with ExitStack() as held:
            try:
                self._lock = held.enter_context(writers_lock(self.path, wait=self.wait))
            finally:
                self.lock_waited = clock.ticks() - began
            self._writing = True
            held.callback(self._released)
            self._look_at_note()
            yield

    def _look_at_note(self) -> None:
        """Look whether the file is as it was noted. If so, whatever changes under this lock is of this process."""
        noted = head_file.file(self._lock) if self._lock is not None else None
        self.as_noted = False
        with suppress(OSError):
            self.as_noted = noted is not None and noted.main == head_file.describe_file(self.path, schema=0).main
        self._vouched = (noted.id, noted.schema) if noted is not None and self.as_noted else None

    def _released(self) -> None:
        """Note what the file is: every connection that writes is closed, or has copied back what it will."""
        lock, vouched = self._lock, self._vouched
        self._writing, self._lock, self._vouched = False, None, None
        if lock is not None and vouched is not None and vouched[0] == paths.file_id(self.path):
            with suppress(OSError):
                found, noted = head_file.describe_file(self.path, schema=vouched[1]), head_file.file(lock)
                # Which file an empty log is does not matter. A log that is gone, and was not copied back, may be open
                # in another process, which knows it by the note.
                is_same = noted is not None and found._replace(log=0) == noted._replace(log=0) and not found.log_size
                is_lost = noted is not None and found.main == noted.main and noted.log_size and not found.log_size
                if not is_same and not is_lost:
                    head_file.note_file(lock, found)

    def clear_drafts(self) -> None:
        """Remove what killed commands have left of their drafts. The lock is held, so that nobody works on one."""
        for left in glob(f"{escape(self.path)}.{'[0-9a-f]' * 12}.new*"):
            with suppress(OSError):
                os.unlink(left)

    @contextmanager
    def draft(self) -> Iterator[str]:
        """Hand out the path of a new empty file (0600) beside the database; at the end it is gone from there.

        The lock is held; what killed commands have left of theirs is cleared away.
        """
        self.clear_drafts()
        draft = f"{self.path}.{secrets.token_hex(6)}.new"
        try:
            with translated(self.path, self.wait):
                os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
            yield draft
        finally:
            for leftover in (draft, f"{draft}-wal", f"{draft}-shm"):
                with suppress(OSError):
                    os.unlink(leftover)
            paths.sync_folder(os.path.dirname(self.path))

    @contextmanager
    def transaction(
        self, path: str, *, actor: str, key: str, dry_run: bool, fresh: bool = False, migrating: bool = False
    ) -> Iterator[Tx]:
        """A transaction on the database at the store's path, or on a draft of it; the lock is held."""
        with translated(self.path, self.wait), connected(path, self.wait, mode="rw") as connection:
            if migrating:
                connection.driver.execute("PRAGMA foreign_keys=OFF")
            connection.begin()
            try:
                found = bring_up(connection.driver) if migrating else CURRENT
                tx = replace(begun(connection, self.path, actor, fresh=fresh), schema=found)
                if path == self.path:
                    self.refuse_behind(tx)
                    if not migrating:
                        self.refuse_changed_schema(tx.driver)
                yield tx
                if migrating and path == self.path:
                    self.vouch(tx.driver)
            except BaseException:
                connection.driver.rollback()
                raise
            if dry_run:
                connection.driver.rollback()
                return
            self.commit(connection, key, tx.end)
            if path == self.path:
                self.note()
            copy_back(connection, path)

    def refuse_unusable(self) -> None:
        """Refuse what is no database of ours, or not sound with the log beside it; the lock is held."""
        inspect(self.path)
        self.refuse_mixture()

    def refuse_mixture(self) -> None:
        """Refuse a database that is not sound with the log beside it; the lock is held."""
        if self._lock is not None:
            vouched, self._vouched = self._vouched, None
            trust.refuse_mixture_under(self._lock, self.path)
            self._vouched = vouched

    def refuse_changed_schema(self, driver: sqlite3.Connection) -> None:
        """As the function. What it accepts is noted when the lock is released."""
        if self._lock is not None:
            self._vouched = (paths.file_id(self.path), trust.refuse_changed_schema(self._lock, self.path, driver))

    def vouch(self, driver: sqlite3.Connection) -> None:
        """Note, when the lock is released, that the file and its schema are as this process has left them."""
        self._vouched = (paths.file_id(self.path), driver.execute("PRAGMA schema_version").fetchone()[0])

    def vouch_for_new(self) -> None:
        """As `vouch`, for a database that has just come to the path."""
        with suppress(sqlite3.Error), closing(sqlite3.connect(uri(self.path, "mode=ro"), uri=True)) as driver:
            self.vouch(driver)

    def refuse_behind(self, tx: Tx) -> None:
        """As the function, by the note in the lock file that is held."""
        noted = head_file.head(self._lock) if self._lock is not None else None
        refuse_behind(tx.driver, noted, found=tx.end.read(tx.driver), path=self.path)

    def commit(self, connection: Connection, key: str, end: JournalEnd) -> None:
        """Commit, unless a signal has asked to stop before it.

        Refuses with `Replaced` when the database is no longer the one in the folder; with `OutcomeUnknown` when the
        commit itself fails, but for a disk that is full: then nothing is kept.
        """
        try:
            interrupts.check()
            if is_replaced(connection):
                raise errors.Replaced(path=self.path)
        except BaseException:
            connection.driver.rollback()
            raise
        try:
            self._head = end.read(connection.driver)
            connection.driver.commit()
        except Exception as error:
            reason = reason_of(error)
            with suppress(Exception):
                connection.driver.rollback()
            if is_full(error):
                # The last frame of a commit, which alone makes it one, is what could not be written.
                raise errors.DiskFull(path=self.path) from None
            raise errors.OutcomeUnknown(reason=reason, key=key) from None

    def note(self) -> None:
        """Note the journal's head, as the last commit left it, in the lock file."""
        if self._head is not None and self._head[0] and self._lock is not None:
            head_file.note_head(self._lock, *self._head)

    def forget(self, note: Callable[[int], None]) -> None:
        """Take back what the lock file tells of the database that stood at the path."""
        if self._lock is not None:
            with translated(self.path, self.wait):
                note(self._lock)


def refuse_behind(
    driver: sqlite3.Connection, noted: head_file.Head | None, *, found: tuple[int, str], path: str
) -> None:
    """Refuse a database whose journal ends before the write that was noted last, or holds another in its place."""
    if noted is None:
        return
    if found[0] < noted.number:
        raise errors.FellBehind(path=path, found=found[0], noted=noted.number, lost=_LOST, backup=_backup(path))
    if found != noted and driver.execute(_HASH, (noted.number,)).fetchone() != (noted.hash,):
        raise errors.FellBehind(path=path, found=found[0], noted=noted.number, lost=_OTHER, backup=_backup(path))


def _backup(path: str) -> str:
    """Return the newest copy that a desk has saved of a deleted log, for a hint; else a word for a backup."""
    name, _ = os.path.splitext(path)
    return max(glob(f"{escape(name)}-rescued-*.db"), default="FILE")


def head_of(driver: sqlite3.Connection) -> tuple[int, str]:
    """Return the number and the hash of the journal's last row."""
    return driver.execute(_HEAD).fetchone() or (0, "")


def last_number_given(driver: sqlite3.Connection) -> int:
    """Return the highest number that the database has given in the journal, even if its row is gone."""
    (number,) = driver.execute(_GIVEN).fetchone()
    return number or 0


def is_restored(driver: sqlite3.Connection, seen: tuple[int, str]) -> bool:
    """Whether a journal is not the one that was seen, or a backup was restored since."""
    number, hash_ = seen
    if number and driver.execute(_HASH, (number,)).fetchone() != (hash_,):
        return True
    return driver.execute(_RESTORED, (number,)).fetchone() is not None


def begun(connection: Connection, path: str, actor: str, *, fresh: bool = False) -> Tx:
    """Return the view of a transaction that has begun. Refuses another version of the schema than ours."""
    driver = connection.driver
    (version,) = driver.execute("PRAGMA user_version").fetchone()
    if version > CURRENT:
        raise errors.NewerDatabase(path=path, found=version, known=CURRENT)
    if version < CURRENT:
        raise errors.NeedsMigration(path=path, found=version, known=CURRENT)
    stored = tuple(driver.execute(_SETTINGS).fetchall())
    try:
        secret, clinic = _read_settings(stored)
        zone = ZoneInfo(clinic.timezone)
    except (errors.BadValue, *UNREADABLE):
        raise errors.Damaged(path=path, reason="the clinic's settings cannot be read") from None
    note_files(connection)
    now = clock.now()
    return Tx(
        connection=connection,
        driver=driver,
        now=now,
        today=now.astimezone(zone).date(),
        zone=zone,
        actor=actor,
        clinic=clinic,
        secret=secret,
        path=path,
        fresh=fresh,
    )


@lru_cache(4)
def _read_settings(rows: tuple[tuple[str, str], ...]) -> tuple[str, ClinicSettings]:
    """What is stored, checked: once in a process that does one command after another."""
    stored = dict(rows)
    return stored.get("secret", ""), ClinicSettings.read(stored)


def _make_schema(path: str) -> None:
    with connected(path, 0, mode="rw") as connection:
        connection.begin()
        for each in schema.DDL:
            connection.driver.execute(each)
        for kind in ("patients", "appointments", "waitlist"):
            connection.driver.execute("INSERT INTO counters (name, value) VALUES (?, 0)", (kind,))
        connection.driver.execute("INSERT INTO settings (name, value) VALUES ('secret', ?)", (secrets.token_hex(32),))
        connection.driver.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.driver.execute(f"PRAGMA user_version={CURRENT}")
        connection.driver.commit()


def _make_folder(folder: str) -> None:
    if not os.path.isdir(folder):
        _make_folder(os.path.dirname(folder))
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
