"""A transaction on a server."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from clinicctl import interrupts
from clinicctl.store.compiled.postgresql import STATEMENTS
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.exchange import Statement
from clinicctl.store.postgresql.session import Session
from clinicctl.store.reports import Measures, Violation
from clinicctl.store.tx import Tx
from clinicctl.store.values import UNREADABLE, Unreadable

R = TypeVar("R")

_HASH = "SELECT hash FROM journal WHERE number = %s"
_RESTORED = "SELECT 1 FROM journal WHERE number > %s AND command = 'db restore' LIMIT 1"


@cache
def translated(sql: str) -> str:
    """Return a compiled statement for the server, with the placeholders of psycopg."""
    return STATEMENTS.get(sql, sql).replace("?", "%s")


class ServerTx(Tx):
    """A transaction on a server, by one session."""

    __slots__ = ()
    session: Session

    @staticmethod
    def in_dialect(sql: str) -> str:
        return translated(sql)

    def fetch_all(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> list[R]:
        interrupts.check()
        try:
            return [read(each) for each in self.session.read(translated(sql), values)]
        except UNREADABLE:
            raise Unreadable from None

    def prefetch(self, *queries: Callable[[Tx], object]) -> None:
        self.session.prefetch(recorded(*queries))

    def together(self, *changes: Callable[[Tx], int]) -> list[int]:
        interrupts.check()
        return self.session.change_all(*recorded(*changes))

    def iterate(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> Iterator[R]:
        for each in self.session.stream(translated(sql), values):
            interrupts.check()
            try:
                row = read(each)
            except UNREADABLE:
                raise Unreadable from None
            yield row

    def execute(self, sql: str, values: tuple[Any, ...]) -> int:
        interrupts.check()
        return self.session.change(translated(sql), values)

    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        interrupts.check()
        return self.session.run_many(translated(sql), rows)

    @contextmanager
    def savepoint(self, name: str) -> Iterator[None]:
        self.session.later(f"SAVEPOINT {name}", None)
        try:
            yield
            # The statements of the body are sent here, so that their errors are raised here.
            self.session.run(f"RELEASE {name}", None)
        except BaseException:
            # If an earlier statement has failed, there is no savepoint. Then the transaction ends with that error.
            with suppress(psycopg.Error, interrupts.Elapsed):
                self.session.roll_back_to(name)
            raise

    def read_head(self) -> tuple[int, str]:
        raise AssertionError("the first trip has read the head")

    def last_number_given(self) -> int:
        return self.session.begun.number

    def is_restored(self, seen: tuple[int, str]) -> bool:
        number, hash_ = seen
        if number:
            found = self.session.run(_HASH, (number,)).fetchone()
            if found is None or found[0] != hash_:
                return True
        return self.session.run(_RESTORED, (number,)).fetchone() is not None

    def take_time(self) -> None:
        self.session.take_time()

    def violations(self) -> Iterator[Violation]:
        from clinicctl.store.postgresql import check  # Deferred: few commands check the database.

        return check.violations(self.session)

    def last_given(self) -> dict[UUID, dict[date, int]]:
        from clinicctl.store.postgresql import check  # Deferred, as above.

        return check.last_given(self.session)

    def measures(self) -> Measures:
        from clinicctl.store.postgresql import info  # Deferred, as above.

        return info.measures(self)


class _Recorder:
    """Stands in for a transaction, to note the statements of compiled functions. Each finds and changes no row."""

    filtered = Tx.filtered
    in_dialect = staticmethod(translated)

    def __init__(self) -> None:
        self.asked: list[Statement] = []

    def fetch_one(self, sql: str, values: tuple[Any, ...], _read: Any) -> None:
        self.asked.append((translated(sql), values))

    def fetch_all(self, sql: str, values: tuple[Any, ...], _read: Any) -> list[Any]:
        self.asked.append((translated(sql), values))
        return []

    def iterate(self, sql: str, values: tuple[Any, ...], _read: Any) -> Iterator[Any]:
        self.asked.append((translated(sql), values))
        return iter(())

    def execute(self, sql: str, values: tuple[Any, ...]) -> int:
        self.asked.append((translated(sql), values))
        return 0


def recorded(*calls: Callable[[Tx], object]) -> list[Statement]:
    """Return the statements of compiled functions."""
    recorder = _Recorder()
    for each in calls:
        each(cast("Tx", recorder))
    return recorder.asked
