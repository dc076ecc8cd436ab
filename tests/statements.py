"""The statements that reach the database of a test, on either engine."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from clinicctl.store.sqlite.driver import sqlite3


class Statements:
    """The statements that reach the database, with their values: all of them, and each once."""

    def __init__(self) -> None:
        self.all: list[str] = []

    @property
    def sent(self) -> dict[str, None]:
        return dict.fromkeys(self.all)

    @contextmanager
    def heard(self) -> Iterator[None]:
        opened, execute, many = sqlite3.connect, psycopg.Connection.execute, psycopg.Cursor.executemany

        def connect(*args: Any, **named: Any) -> sqlite3.Connection:
            connection = opened(*args, **named)
            connection.set_trace_callback(self.all.append)
            return connection

        def executed(connection: Any, sql: Any, values: Any = None, **named: Any) -> Any:
            self.all.append(f"{sql} {values or ''}")
            return execute(connection, sql, values, **named)

        def executed_many(cursor: Any, sql: Any, rows: Any, **named: Any) -> None:
            self.all.append(str(sql))
            many(cursor, sql, rows, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite3, "connect", connect)
            patch.setattr(sqlite3.dbapi2, "connect", connect)
            patch.setattr(psycopg.Connection, "execute", executed)
            patch.setattr(psycopg.Cursor, "executemany", executed_many)
            yield
