"""Statements that are met again: prepared, they answer as SQLAlchemy does."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import Connection, Row, Select
from sqlalchemy.sql.base import Executable

from clinicctl.store import statements
from tests import every_write
from tests.every_write import DAY

Ask = Callable[..., Any]
Run = Callable[..., Any]


def test_every_row_of_a_day_is_the_one_that_sqlalchemy_reads(
    ask: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: dict[int, int] = {}
    prepared = statements.run

    def both(
        connection: Connection, driver: Any, statement: Executable, values: Mapping[str, Any]
    ) -> tuple[statements.Rows, int]:
        rows, count = prepared(connection, driver, statement, values)
        if isinstance(statement, Select):
            result = connection.execute(statement, values)
            names = list(result.keys())
            for ours, theirs in zip(rows, result.all(), strict=True):
                assert [*ours] == [*theirs]
                assert [getattr(ours, name) for name in names] == [getattr(theirs, name) for name in names]
                assert [type(each) for each in ours] == [type(each) for each in theirs]
                if not isinstance(ours, Row):
                    compared[id(statement)] = compared.get(id(statement), 0) + 1
        return rows, count

    monkeypatch.setattr(statements, "run", both)
    every_write.begin(ask)
    for args, stdin in DAY:
        run(*args, stdin=stdin, status=0)
    for args in (["patient", "show", "P1"], ["queue", "show"], ["day"], ["appointment", "list"]):
        for _ in range(3):
            run(*args, json=True, status=0)
    for _ in range(3):
        run("undo", "-n", json=True, status=7)
    assert len(compared) > 15, "few of the day's statements were met again"
