"""What `db check` finds: nothing that was put into the file behind the program's back passes for the clinic's own."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.test_keeping import day as day
from tests.test_keeping import db as db
from tests.test_keeping import older, written

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def problems(run: Run) -> list[dict[str, Any]]:
    """What `db check` finds, told without a name or a phone."""
    answer = run("db", "check", json=True, status=10)
    assert not any(each in answer.stdout.casefold() for each in ("anita", "mumtaz", "sharma", "98765"))
    return list(answer.json["problems"])


# Nothing in the schema that is not ours

DISGUISES = {
    "a trigger": "VALUES ('Trigger', 'sqlite_evil', 'appointments', 0,"
    " 'CREATE TRIGGER sqlite_evil AFTER INSERT ON appointments BEGIN UPDATE patients SET name = ''PWNED''; END')",
    "a trigger as an automatic index": "VALUES ('TRIGGER', 'sqlite_autoindex_patients_9', 'appointments', 0,"
    " 'CREATE TRIGGER sqlite_autoindex_patients_9 AFTER INSERT ON appointments BEGIN DELETE FROM journal; END')",
    "a view": "VALUES ('View', 'sqlite_v', 'sqlite_v', 0, 'CREATE VIEW sqlite_v AS SELECT 1')",
    "a view as statistics": "VALUES ('View', 'sqlite_stat1', 'sqlite_stat1', 0,"
    " 'CREATE VIEW sqlite_stat1 AS SELECT 1')",
}


def disguised(path: str, kind: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(f"INSERT INTO sqlite_master {DISGUISES[kind]}")


@pytest.mark.parametrize("kind", DISGUISES)
@pytest.mark.parametrize("version", [1, 2])
def test_what_would_be_run_is_foreign_under_whatever_kind_and_name(
    version: int, kind: str, day: Ask, db: str, run: Run, refused: Refused, tmp_path: Path
) -> None:
    file = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    if version == 1:
        file = older(db, str(tmp_path / "old.db"))
    disguised(file, kind)
    before = Path(db).read_bytes()
    refused(10, "not_a_clinic_database", "db", "restore", file, "--yes")
    assert Path(db).read_bytes() == before
    disguised(db, kind)
    assert "the schema is this program's" in {each["law"] for each in problems(run)}


def test_what_sqlite_keeps_for_itself_is_not_foreign(day: Ask, db: str, tmp_path: Path) -> None:
    written(db, "ANALYZE")
    assert day("db", "check")["sound"]
    day("db", "restore", day("db", "backup", str(tmp_path / "copy.db"))["path"], "--yes")
