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


# Nothing that the journal tells otherwise

STEP = "an appointment is as its last step in the journal left it"
TOLD = "an appointment is of the patient, the doctor and the day that the journal tells"
SETTING = "a setting is one of the clinic's, with a value that it can have"
OTHERWISE = {
    "a slot far away": ("UPDATE appointments SET slot = 9999 WHERE number = 2", STEP, "A2"),
    "a free slot": ("UPDATE appointments SET slot = 7 WHERE number = 2", STEP, "A2"),
    "a position": (
        "UPDATE queue_entries SET position = 5 WHERE status = 'serving';"
        "UPDATE doctor_daily_capacities SET last_position = 5",
        STEP,
        "A1",
    ),
    "called": ("UPDATE queue_entries SET status = 'called' WHERE status = 'waiting'", STEP, "A6"),
    "somebody else's": (
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 1) WHERE number = 5",
        TOLD,
        "A5, by write 12",
    ),
    "of somebody merged": (
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 3) WHERE number = 1",
        TOLD,
        "A1, by write 7",
    ),
    "the numbers given": ("DELETE FROM sqlite_sequence", "the journal is as it was written", "write 21"),
    "a counter": ("INSERT INTO counters VALUES ('Anita', 5)", "a counter counts what has numbers", "row 4 of counters"),
    "a setting": ("INSERT INTO settings VALUES ('Anita', 'Sharma')", SETTING, "row 11 of settings"),
    "a capacity": ("UPDATE settings SET value = 'abc' WHERE name = 'overbook_limit'", SETTING, "overbook_limit"),
    "a region in small letters": ("UPDATE settings SET value = 'in' WHERE name = 'region'", SETTING, "region"),
}


@pytest.mark.parametrize("kind", OTHERWISE)
def test_what_the_journal_or_the_program_tells_otherwise_is_found(kind: str, day: Ask, db: str, run: Run) -> None:
    script, law, where = OTHERWISE[kind]
    written(db, *script.split(";"))
    found = problems(run)
    assert where in [each["where"][: len(where)] for each in found if each["law"] == law], found
    assert {each["law"] for each in found} == {law}


def test_a_day_with_every_step_and_every_merge_is_sound(day: Ask) -> None:
    for command in (
        "queue transfer RAO 1 --to MEHTA",
        "undo",
        "queue transfer RAO 1 --to MEHTA",
        "queue hold MEHTA 3",
        "queue resume MEHTA 3",
        "queue priority MEHTA 3 3",
        "queue call MEHTA 3",
        "queue skip MEHTA 3",
        "queue recall MEHTA 3",
        "undo",
        "queue done MEHTA",
        "undo",
        "book P3 RAO +3d",
        "patient merge P1 --into P2 --yes",
        "appointment no-show A2",
        "checkin A2",
        "undo",
        "waitlist promote RAO",
        "undo",
        "appointment cancel A7",
        "undo",
        "close --yes",
        "undo",
    ):
        day(*command.split())
        assert day("db", "check")["sound"], command
