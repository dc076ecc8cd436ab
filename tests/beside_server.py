"""A clinic on a server beside one in a file: every statement of the file's transactions is run on both."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import count
from typing import Any

import psycopg
import pytest

from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.compiled.schema import COLUMNS, UNIQUE
from clinicctl.store.postgresql.driver import search_path
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.store import ServerStore
from clinicctl.store.postgresql.tx import ServerTx
from clinicctl.store.sqlite.driver import sqlite3
from clinicctl.store.sqlite.tx import FileTx
from clinicctl.store.tx import Condition, Tx
from clinicctl.store.values import Unreadable
from tests import queries
from tests.beside import kinds

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]
Read = Callable[[Any], Any]


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{each}"' for each in columns)


READ = {name: f'SELECT {_listed(columns)} FROM "{name}"' for name, columns in COLUMNS.items()}
"""The statement that reads each table, in stored forms on both engines."""
_CHANGED = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)")
_RELOADED = 20
"""After so many transactions the server gets the rows of the file anew."""

FREE_CHOICE = {
    "journal.ACTIVE_ON": "whether there is one",
    "patients.WITH_NAME_KEY": "one more than the most that are used: then none is",
    "patients.WITH_NAME_KEY_BORN": "one more than the most that are used: then none is",
}
"""The queries with a limit and without an order, and what they are asked for. Only the number of rows is the same."""
IN_NO_ORDER = {
    "appointments.HELD_OF_DOCTORS": "the slots of a day in one text: they are read into a set",
    "records.SHARING_KEY": "the patients with a key in one text: they are sorted",
}
"""The queries that list values in one text, in an order of the engine's."""


@contextmanager
def connected(url: str) -> Iterator[Session]:
    """Hand out a session in a transaction, in which the schema of a URL has the empty tables of a clinic."""
    store = ServerStore(url, wait=5)
    session = store.connected(5)
    try:
        schema = store.address.schema
        session.script(["BEGIN", f'CREATE SCHEMA "{schema}"', search_path(schema), "SET LOCAL timezone = 'UTC'", *DDL])
        yield session
    finally:
        session.close()


def rows_in_file(driver: sqlite3.Connection) -> Rows:
    """Return every row of a clinic in a file."""
    return {table: _in_order(driver.execute(sql).fetchall()) for table, sql in READ.items()}


def rows_on_server(session: Session) -> Rows:
    """Return every row of a clinic on a server."""
    found = session.run_all([(sql, None) for sql in READ.values()])
    return {table: _in_order(each.fetchall()) for table, each in zip(READ, found, strict=True)}


def _in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=repr)


def _comparable(name: str, sql: str, found: list[Any] | None) -> object:
    """Return what both engines give alike of the rows of a query."""
    rows = found or []
    if name in FREE_CHOICE:
        return len(rows)
    if name in IN_NO_ORDER:
        rows = [(*key, sorted(listed.split(","))) for *key, listed in rows]
    return rows if queries.is_ordered(sql) else _in_order(rows)


def load(session: Session, rows: Rows) -> None:
    """Give the tables of a clinic on a server these rows, and no others."""
    session.script([f"TRUNCATE {', '.join(rows)}"])
    for table, each in rows.items():
        session.copy_in(f'COPY "{table}" ({_listed(COLUMNS[table])}) FROM STDIN', each)


def constraint_of(error: Exception) -> str:
    """Return the name of the constraint that has refused a statement, on either engine."""
    if isinstance(error, psycopg.Error):
        return error.diag.constraint_name or repr(error)
    broken = str(error).partition("constraint failed: ")[2]
    return UNIQUE.get(broken, broken) or repr(error)


class BesideServer:
    """What the statements of a file's transactions gave, compared with what they give on a server.

    Each transaction begins with the rows that it finds in its file. Nothing is committed on the server.
    """

    def __init__(self, session: Session) -> None:
        self.met = set[str]()
        """The queries that gave or changed a row at least once, and the conditions under which one was found."""
        self.differences = list[str]()
        self._session = session
        self._transactions = count(1)
        self._file: Tx | None = None
        self._server: ServerTx | None = None
        self._names = {queries.text(name): name for name, _ in queries.queries()}
        self._filtered = dict[str, tuple[str, str]]()
        """The names of a query and its conditions, and its text for the server, by its text for the file."""

    @contextmanager
    def compared(self) -> Iterator[None]:
        """Run every statement of a file's transactions inside on the server, too."""
        real_filtered, real_savepoint = FileTx.filtered, FileTx.savepoint
        real_fetch, real_iterate = FileTx.fetch_all, FileTx.iterate
        real_execute, real_execute_many = FileTx.execute, FileTx.execute_many

        def fetch_all(tx: FileTx, sql: str, values: Row, read: Read) -> list[Any]:
            return self._both(
                *(tx, sql, values),
                lambda: real_fetch(tx, sql, values, read),
                lambda server, text: server.fetch_all(text, values, read),
            )

        def iterate(tx: FileTx, sql: str, values: Row, read: Read) -> Iterator[Any]:
            yield from self._both(
                *(tx, sql, values),
                lambda: list(real_iterate(tx, sql, values, read)),
                lambda server, text: list(server.iterate(text, values, read)),
            )

        def execute(tx: FileTx, sql: str, values: Row) -> int:
            return self._both(
                *(tx, sql, values),
                lambda: real_execute(tx, sql, values),
                lambda server, text: server.execute(text, values),
            )

        def execute_many(tx: FileTx, sql: str, rows: Iterable[Row]) -> int:
            listed = list(rows)
            return self._both(
                *(tx, sql, listed),
                lambda: real_execute_many(tx, sql, listed),
                lambda server, text: server.execute_many(text, listed),
            )

        def filtered(tx: FileTx, sql: str, conditions: Iterable[Condition]) -> tuple[str, Row]:
            listed = list(conditions)
            text, values = real_filtered(tx, sql, listed)
            on_server, _ = self._beside(tx).filtered(sql, listed)
            self._filtered[text] = (
                " ".join(self._names[each] for each in (sql, *(one.sql for one in listed))),
                on_server,
            )
            return text, values

        @contextmanager
        def savepoint(tx: FileTx, name: str) -> Iterator[None]:
            with self._beside(tx).savepoint(name), real_savepoint(tx, name):
                yield

        with pytest.MonkeyPatch.context() as patch:
            for each in (fetch_all, iterate, execute, execute_many, filtered, savepoint):
                patch.setattr(FileTx, each.__name__, each)
            patch.setattr(FileTx, "prefetch", lambda tx, *asked: self._beside(tx).prefetch(*asked))
            yield

    def _beside(self, tx: FileTx) -> ServerTx:
        """Return the server's transaction beside that of a file, which has the same rows."""
        if tx is not self._file or self._server is None:
            self._session.reset()
            rows = rows_in_file(tx.driver)
            if rows != rows_on_server(self._session) or not next(self._transactions) % _RELOADED:
                # In another order than the file has them: what a query leaves open is then another row.
                load(self._session, rows)
            values = {each.name: getattr(tx, each.name) for each in fields(Tx) if each.name != "session"}
            self._file, self._server = tx, ServerTx(session=self._session, **values)
        return self._server

    def _both(
        self, tx: FileTx, sql: str, values: object, ours: Callable[[], Any], theirs: Callable[[ServerTx, str], Any]
    ) -> Any:
        """Run a statement on both engines, compare the answers, and return or raise what the file gives."""
        server = self._beside(tx)
        name, text = self._filtered.get(sql) or (self._names.get(sql, sql), sql)
        changed = _CHANGED.match(sql)
        found, refused = self._tried(lambda: theirs(server, text))
        try:
            given = ours()
        except sqlite3.Error as error:
            self._same(name, values, "refused by", refused, constraint_of(error))
            raise
        self._same(name, values, "refused by", refused, None)
        if isinstance(given, list):
            self._same(name, values, "rows", *(_comparable(name, sql, each) for each in (found, given)))
        else:
            self._same(name, values, "number of rows", found, given)
        if changed:
            table = changed[1]
            left = _in_order(self._session.run(READ[table], None).fetchall())
            self._same(name, values, f"left in {table}", left, _in_order(tx.driver.execute(READ[table]).fetchall()))
        if given:
            self.met.update(name.split())
        return given

    def _tried(self, run: Callable[[], Any]) -> tuple[Any, str | None]:
        """Run a statement on the server; return what it gives, and what has refused it."""
        self._session.flush()
        self._session.script(["SAVEPOINT beside"])
        try:
            found = run()
            self._session.flush()
        except (psycopg.Error, Unreadable) as error:
            self._session.roll_back_to("beside")
            return None, constraint_of(error)
        self._session.script(["RELEASE beside"])
        return found, None

    def _same(self, name: str, values: object, what: str, theirs: object, ours: object) -> None:
        if theirs != ours or kinds(theirs) != kinds(ours):
            self.differences.append(f"{name}: {what}: {theirs!r}\nin a file: {ours!r}\nfor {values!r}")
