"""The statements that reach the database of a test, on either engine."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from clinicctl.store.postgresql.session import Session
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
        opened, send = sqlite3.connect, Session._send

        def connect(*args: Any, **named: Any) -> sqlite3.Connection:
            connection = opened(*args, **named)
            connection.set_trace_callback(self.all.append)
            return connection

        def sent(session: Session, statements: Sequence[tuple[str, Any]], *rest: Any) -> Any:
            self.all += [f"{sql} {values or ''}" for sql, values in statements]
            return send(session, statements, *rest)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite3, "connect", connect)
            patch.setattr(sqlite3.dbapi2, "connect", connect)
            patch.setattr(Session, "_send", sent)
            yield
