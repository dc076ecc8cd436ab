"""Define transactions, query conditions, steps, and the end of the journal."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from clinicctl import interrupts
from clinicctl.settings import ClinicSettings
from clinicctl.store.migrations import CURRENT
from clinicctl.store.sqlite.connections import Connection
from clinicctl.store.sqlite.driver import sqlite3
from clinicctl.store.values import UNREADABLE, Unreadable

R = TypeVar("R")

_HEAD = "SELECT number, hash FROM journal WHERE number = (SELECT max(number) FROM journal)"
_HASH = "SELECT hash FROM journal WHERE number = ?"
_LAST_NUMBER = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'journal' AND typeof(seq) = 'integer'"
_RESTORED = "SELECT 1 FROM journal WHERE number > ? AND command = 'db restore'"


class Condition(NamedTuple):
    """A condition of a query, with the stored values of its parameters."""

    sql: str
    values: tuple[Any, ...]


def joined(conditions: Iterable[Condition]) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL and the values of all conditions, joined by AND."""
    listed = list(conditions)
    sql = " AND ".join(f"({each.sql})" for each in listed) or "true"
    return sql, tuple(value for each in listed for value in each.values)


class Step(NamedTuple):
    """One step of an appointment and of its queue entry, for the journal."""

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
    """The number and the hash of the journal's last row.

    They are read once per transaction, then kept up to date.
    """

    last: tuple[int, str] | None = None

    def read(self, driver: sqlite3.Connection) -> tuple[int, str]:
        """Return the last row's number and hash."""
        if self.last is None:
            self.last = head_of(driver)
        return self.last


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Tx:
    """A transaction, with the instant and the day it began on.

    Nothing below it commits or reads a clock. `fresh` is true for a new database. `schema` is the version that the
    database had before any migration. `saved_copy` is the path of a copy of the database as it was before. The journal
    gets `steps`, the steps taken, `days_before`, the previous state of the changed days, and `merges_before`, what a
    merge moved.
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
    saved_copy: str | None = None
    key: str | None = None
    end: JournalEnd = field(default_factory=JournalEnd)
    steps: list[Step] = field(default_factory=list)
    days_before: list[str] = field(default_factory=list)
    merges_before: list[str] = field(default_factory=list)

    def fetch_one(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> R | None:
        """Return the first row, converted by `read`, or None.

        All rows are fetched: a RETURNING with rows left prevents the commit.
        """
        found = self.fetch_all(sql, values, read)
        return found[0] if found else None

    def fetch_all(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> list[R]:
        """Return every row, converted by `read`."""
        interrupts.check()
        found = self.driver.execute(sql, values).fetchall()
        try:
            return [read(each) for each in found]
        except UNREADABLE:
            raise Unreadable from None

    def iterate(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> Iterator[R]:
        """Yield the rows one by one, from a cursor of their own."""
        for each in self.driver.execute(sql, values):
            interrupts.check()
            try:
                row = read(each)
            except UNREADABLE:
                raise Unreadable from None
            yield row

    def execute(self, sql: str, values: tuple[Any, ...]) -> int:
        """Run a statement that changes rows, and return the number of changed rows."""
        interrupts.check()
        return self.driver.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Run a statement once per row of parameters; return the changed rows."""
        interrupts.check()
        return self.driver.executemany(sql, rows).rowcount

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        """Roll back the body's changes, and only these, when it raises."""
        self.driver.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            # SQLite rolls the whole transaction back itself after some errors, a full disk among them.
            if self.driver.in_transaction:
                self.driver.execute(f"ROLLBACK TO {name}")
                self.driver.execute(f"RELEASE {name}")
            raise
        self.driver.execute(f"RELEASE {name}")

    def local(self, instant: datetime | None) -> Any:
        """Return an instant in the clinic's offset."""
        return instant.astimezone(self.zone) if instant else None


def head_of(driver: sqlite3.Connection) -> tuple[int, str]:
    """Return the number and the hash of the journal's last row."""
    return driver.execute(_HEAD).fetchone() or (0, "")


def hash_of(driver: sqlite3.Connection, number: int) -> str | None:
    """Return the hash of a journal row, or None if there is no such row."""
    found = driver.execute(_HASH, (number,)).fetchone()
    return found[0] if found else None


def last_number_given(driver: sqlite3.Connection) -> int:
    """Return the highest number that the journal has used, even if the row is gone."""
    (number,) = driver.execute(_LAST_NUMBER).fetchone()
    return number or 0


def is_restored(driver: sqlite3.Connection, seen: tuple[int, str]) -> bool:
    """Return whether a database was replaced or restored since it was seen.

    `seen` is the number and the hash of the journal's last row then.
    """
    number, hash_ = seen
    if number and hash_of(driver, number) != hash_:
        return True
    return driver.execute(_RESTORED, (number,)).fetchone() is not None
