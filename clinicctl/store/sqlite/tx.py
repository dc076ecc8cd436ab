"""A transaction on a database file."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from clinicctl import interrupts
from clinicctl.store.sqlite.connections import Connection
from clinicctl.store.sqlite.driver import sqlite3
from clinicctl.store.tx import Tx
from clinicctl.store.values import UNREADABLE, Unreadable

if TYPE_CHECKING:
    from clinicctl.store.reports import Measures, Violation

R = TypeVar("R")

_HEAD = "SELECT number, hash FROM journal WHERE number = (SELECT max(number) FROM journal)"
_HASH = "SELECT hash FROM journal WHERE number = ?"
_LAST_NUMBER = "SELECT max(seq) FROM sqlite_sequence WHERE name = 'journal' AND typeof(seq) = 'integer'"
_RESTORED = "SELECT 1 FROM journal WHERE number > ? AND command = 'db restore'"


class FileTx(Tx):
    """A transaction on a database file, by one connection."""

    __slots__ = ()
    session: Connection

    @property
    def driver(self) -> sqlite3.Connection:
        """The connection of SQLite."""
        return self.session.driver

    def fetch_all(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> list[R]:
        interrupts.check()
        found = self.driver.execute(sql, values).fetchall()
        try:
            return [read(each) for each in found]
        except UNREADABLE:
            raise Unreadable from None

    def iterate(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> Iterator[R]:
        for each in self.driver.execute(sql, values):
            interrupts.check()
            try:
                row = read(each)
            except UNREADABLE:
                raise Unreadable from None
            yield row

    def execute(self, sql: str, values: tuple[Any, ...]) -> int:
        interrupts.check()
        return self.driver.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        interrupts.check()
        return self.driver.executemany(sql, rows).rowcount

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
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

    def read_head(self) -> tuple[int, str]:
        return head_of(self.driver)

    def last_number_given(self) -> int:
        (number,) = self.driver.execute(_LAST_NUMBER).fetchone()
        return number or 0

    def is_restored(self, seen: tuple[int, str]) -> bool:
        number, hash_ = seen
        if number and hash_of(self.driver, number) != hash_:
            return True
        return self.driver.execute(_RESTORED, (number,)).fetchone() is not None

    def violations(self) -> "Iterator[Violation]":
        from clinicctl.store.sqlite import check  # Deferred: few commands check the database.

        return check.violations(self.driver)

    def last_given(self) -> dict[UUID, dict[date, int]]:
        from clinicctl.store.sqlite import check  # Deferred, as above.

        return check.last_given(self.driver)

    def measures(self) -> "Measures":
        from clinicctl.store.reports import Measures  # Deferred, as above.
        from clinicctl.store.sqlite import head_file, info

        return Measures(
            info.size(self.place),
            info.size(f"{self.place}-wal"),
            head_file.last_backup(self.place),
            info.versions(self.schema),
        )


def head_of(driver: sqlite3.Connection) -> tuple[int, str]:
    """Return the number and the hash of the journal's last row."""
    return driver.execute(_HEAD).fetchone() or (0, "")


def hash_of(driver: sqlite3.Connection, number: int) -> str | None:
    """Return the hash of a journal row, or None if there is no such row."""
    found = driver.execute(_HASH, (number,)).fetchone()
    return found[0] if found else None
