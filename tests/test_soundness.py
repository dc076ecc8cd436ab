"""What `db check` finds: nothing that was put into the file behind the program's back passes for the clinic's own."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Date, Integer, Time, Uuid
from sqlmodel import AutoString, SQLModel, UTCDateTime

from clinicctl import errors
from clinicctl.store.models import Word
from clinicctl.store.sqlite import check
from tests import stored
from tests.test_keeping import day as day
from tests.test_keeping import db as db
from tests.test_keeping import older, written

LABELS = {"patients": "P%d", "appointments": "A%d", "waitlist_entries": "W%d", "journal": "write %d"}
UTF8_CUT = b"Jos\xc3"

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def problems(run: Run) -> list[dict[str, Any]]:
    """What `db check` finds, told without a name or a phone."""
    answer = run("db", "check", json=True, status=10)
    assert not any(
        each in answer.stdout.casefold() for each in ("anita", "mumtaz", "sharma", "9876543210", "98765 43210")
    )
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


@pytest.mark.file
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
    assert "the schema is the one of this program" in {each["law"] for each in problems(run)}


@pytest.mark.file
def test_what_sqlite_keeps_for_itself_is_not_foreign(day: Ask, db: str, tmp_path: Path) -> None:
    written(db, "ANALYZE")
    assert day("db", "check")["sound"]
    day("db", "restore", day("db", "backup", str(tmp_path / "copy.db"))["path"], "--yes")


@pytest.mark.file
def test_a_table_that_is_missing_is_named_and_no_law_that_needs_it_is_told(
    day: Ask, db: str, run: Run, refused: Refused
) -> None:
    written(db, "PRAGMA foreign_keys=OFF", "DROP TABLE patient_words")
    assert {(each["law"], each["where"]) for each in problems(run)} == {
        ("the schema is the one of this program", "the table patient_words is missing"),
        ("the schema is the one of this program", "the index ix_patient_words_patient_id is missing"),
    }
    assert "patient_words" in refused(10, "damaged_database", "patient", "find", "anita")["message"]
    written(db, "PRAGMA foreign_keys=OFF", "DROP TABLE journal", "DROP TABLE journal_steps")
    assert {"the table journal is missing", "the table journal_steps is missing"} <= {
        each["where"] for each in problems(run)
    }
    refused(10, "damaged_database", "audit", "verify")
    refused(10, "damaged_database", "audit", "log")
    written(db, "DROP TABLE settings")
    assert "the table settings is missing" in {each["where"] for each in problems(run)}


@pytest.mark.file
def test_a_column_that_is_missing_is_told_as_another_table(day: Ask, db: str, run: Run) -> None:
    written(db, "ALTER TABLE patients DROP COLUMN note")
    (problem,) = problems(run)
    assert problem["where"] == "the table patients differs from the one of this program"


# Nothing that cannot be read

READABLE = "every value has the type of its column"
NONE = {
    Uuid: ["garbage", "6" * 31, "A" * 32, "{" + "a" * 30 + "}", 7, b"a" * 32],
    Date: ["2026-99-99", "2026-02-30", "26-01-01", "2026-01-01 00:00:00", "now", 2026, "0000-01-01"],
    UTCDateTime: [
        *("xx", "2026-01-01", "2026-01-01T00:00:00.000000", "2026-01-01 00:00:00", "2026-01-01 25:00:00.000000"),
        *("2026-01-01 00:00:00.000000+00:00", "2026-02-30 00:00:00.000000", "now", 1.5),
    ],
    Time: ["25:00:00.000000", "10:00", "10:00:00", "now", 10],
    Integer: ["x", 1.5, b"1"],
    Boolean: ["yes", 2],
    AutoString: [b"bytes", "a\0b"],
    Word: [b"bytes", "a\0b"],
}


ROWIDS = {("journal", "number"), ("journal_days", "journal_number"), ("journal_merges", "journal_number")}
"""A rowid can be nothing else than a number."""

WITHOUT_ROWID = {"patient_keys", "held_slots"}
"""These tables have tests of their own."""


def columns() -> Iterator[tuple[str, str, list[Any]]]:
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            if (table.name, column.name) not in ROWIDS and table.name not in WITHOUT_ROWID:
                yield table.name, column.name, NONE[type(column.type)]


@pytest.mark.file
@pytest.mark.parametrize("column", ["key", "patient"])
def test_an_invalid_key_of_a_record_is_located(column: str, day: Ask, db: str) -> None:
    with closing(sqlite3.connect(db)) as connection:
        (key,) = connection.execute("SELECT min(key) FROM patient_keys WHERE patient = 1").fetchone()
        connection.execute(f"UPDATE patient_keys SET {column} = 'x' WHERE key = ? AND patient = 1", (key,))
        found = [each.where for each in check.violations(connection) if each.invariant == READABLE]
    assert found == [f"patient_keys.{column} of {'P1' if column == 'key' else 'a row'}"]


@pytest.mark.file
@pytest.mark.parametrize("column", ["doctor_id", "date", "slot", "appointment"])
def test_an_invalid_held_slot_is_located(column: str, day: Ask, db: str) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute(f"UPDATE held_slots SET {column} = 'x' WHERE appointment = 1")
        found = [each.where for each in check.violations(connection) if each.invariant == READABLE]
    assert found == [f"held_slots.{column} of {'a row' if column == 'appointment' else 'A1'}"]


@pytest.mark.file
@pytest.mark.parametrize(
    ("table", "column", "values"), [pytest.param(*each, id=".".join(each[:2])) for each in columns()]
)
def test_an_invalid_stored_value_is_located_and_never_printed(
    table: str, column: str, values: list[Any], day: Ask, db: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(db)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        row = connection.execute(f"SELECT max(rowid) FROM {table}").fetchone()
        label = f"row {row[0]}"
        if table in LABELS and column != "number":
            label = LABELS[table] % connection.execute(f"SELECT number FROM {table} WHERE rowid = ?", row).fetchone()
        assert not list(check._bad_values(connection))
        for value in [*values, *([UTF8_CUT] if values in (NONE[AutoString], NONE[Word]) else [])]:
            changed = f"UPDATE {table} SET {column} = ? WHERE rowid = ?"
            if value is UTF8_CUT:
                changed = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE rowid = ?"
            connection.execute(changed, (value, *row))
            found = [each.where for each in check.violations(connection) if each.invariant == READABLE]
            assert found == [f"{table}.{column} of {label}"], value
            with pytest.raises(errors.Damaged):
                check.refuse_damaged(connection, shown=db)
            connection.rollback()


COMMANDS = {
    "UPDATE patients SET born = '2026-99-99' WHERE number = 1": (
        "patient list",
        "patient show P1",
        "book P1 MEHTA +3d",
    ),
    "UPDATE patients SET id = 'nobody' WHERE number = 1": ("patient list",),
    "UPDATE patients SET name = CAST(x'416eff' AS TEXT) WHERE number = 1": ("patient list", "patient show P1"),
    "UPDATE appointments SET created_at = 'xx'": ("appointment list", "appointment show A1"),
    "UPDATE appointments SET date = 'garbage' WHERE number = 1": ("appointment show A1", "appointment list"),
    "UPDATE queue_entries SET checked_in_at = 'garbage'": ("queue show", "queue call RAO"),
    "UPDATE journal SET at = 'garbage'": ("audit log", "undo"),
    "UPDATE journal SET outcome = 'notjson'": ("audit log", "undo", "book P1 MEHTA +3d --again --key known"),
    "UPDATE journal SET outcome = '[]'": ("audit log", "undo"),
    "UPDATE journal_steps SET before = 'notjson'": ("undo",),
    "UPDATE journal_steps SET journal_number = 'x' WHERE journal_number = 7": (),
    "UPDATE journal SET hash = x'00ff' WHERE number = (SELECT max(number) FROM journal)": (),
    "UPDATE journal SET actor = CAST(x'416eff' AS TEXT)": ("audit log",),
}


@pytest.mark.file
@pytest.mark.parametrize("change", COMMANDS)
def test_unreadable_data_is_damage_and_is_not_copied_or_restored(
    change: str, day: Ask, db: str, run: Run, refused: Refused, tmp_path: Path
) -> None:
    day("book", "P1", "MEHTA", "+3d", "--key", "known", "--again")
    copy = day("db", "backup", str(tmp_path / "copy.db"))["path"]
    for path in (db, copy):
        written(path, "PRAGMA foreign_keys=OFF", change)
    assert READABLE in {each["law"] for each in problems(run)}
    for command in COMMANDS[change]:
        # Twice: what is asked again is read by the driver alone.
        for _ in range(3):
            refused(10, "damaged_database", *command.split())
    if "journal" in change:
        assert run("audit", "verify", json=True, status=10).error
    before = Path(db).read_bytes()
    refused(10, "damaged_database", "db", "restore", copy, "--yes")
    refused(10, "damaged_database", "db", "backup", str(tmp_path / "other.db"))
    assert Path(db).read_bytes() == before


@pytest.mark.parametrize(
    "before",
    [
        '{"appointment": {"number": 7}}',
        '{"appointment": {"cancelled_by": "nobody"}}',
        '{"appointment": {"moved_to": "x"}}',
        '{"appointment": [], "queue": []}',
        '{"queue": {"id": 1}}',
        '{"queue": {"called_at": 1}}',
    ],
)
def test_undo_restores_only_valid_columns_and_values_of_a_step(
    before: str, day: Ask, database: str, refused: Refused
) -> None:
    day("appointment", "cancel", day("book", "P2", "MEHTA", "+3d")["number"])
    stored.change(database, "UPDATE journal_steps SET before = ?", values=(before,))
    refused(10, "damaged_database", "undo")


# Nothing that the journal tells otherwise

STEP = "an appointment matches its last step in the journal"
TOLD = "an appointment has the patient, the doctor and the date of its journal rows"
SETTING = "every setting is known and has a valid value"
OTHERWISE = {
    "a slot far away": (
        "UPDATE appointments SET slot = 9999 WHERE number = 2;UPDATE held_slots SET slot = 9999 WHERE appointment = 2",
        STEP,
        "A2",
    ),
    "a free slot": (
        "UPDATE appointments SET slot = 7 WHERE number = 2;UPDATE held_slots SET slot = 7 WHERE appointment = 2",
        STEP,
        "A2",
    ),
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
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 3) WHERE number = 3",
        TOLD,
        "A3, by write 9",
    ),
    "the numbers given": ("DELETE FROM sqlite_sequence", "the journal is unchanged since it was written", "write 26"),
    "a counter": ("INSERT INTO counters VALUES ('Anita', 5)", "every counter is known", "row 4 of counters"),
    "a setting": ("INSERT INTO settings VALUES ('Anita', 'Sharma')", SETTING, "row 26 of settings"),
    "a capacity": ("UPDATE settings SET value = 'abc' WHERE name = 'overbook_limit'", SETTING, "overbook_limit"),
    "a region in small letters": ("UPDATE settings SET value = 'in' WHERE name = 'region'", SETTING, "region"),
}


@pytest.mark.file
@pytest.mark.parametrize("kind", OTHERWISE)
def test_what_the_journal_or_the_program_tells_otherwise_is_found(kind: str, day: Ask, db: str, run: Run) -> None:
    script, law, where = OTHERWISE[kind]
    written(db, *script.split(";"))
    found = problems(run)
    assert where in [each["where"][: len(where)] for each in found if each["law"] == law], found
    assert {each["law"] for each in found} == {law}


@pytest.mark.parametrize("how", ["lost", "lowered"])
def test_a_spent_position_is_not_given_again_after_a_repair(how: str, clinic: Ask, run: Run, database: str) -> None:
    def repaired(last: int) -> None:
        mehta = "(SELECT id FROM doctors WHERE code = 'MEHTA')"
        change = "DELETE FROM" if how == "lost" else "UPDATE"
        below = "" if how == "lost" else f" SET last_position = {last - 1}"
        statement = f"{change} doctor_daily_capacities{below} WHERE doctor_id = {mehta}"
        stored.change(database, statement)
        assert "no position is above the last one given" in {each["law"] for each in problems(run)}
        assert clinic("db", "check", "--repair")["left"] == []
        assert clinic("db", "check")["sound"]

    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    clinic("queue", "transfer", "MEHTA", "2", "--to", "RAO")
    repaired(2)
    clinic("book", "P2", "MEHTA", "--again")
    assert clinic("checkin", "A3")["position"] == 3
    clinic("undo")
    repaired(3)
    assert clinic("queue", "transfer", "RAO", "1", "--to", "MEHTA")["position"] == 4
    clinic("undo")
    repaired(4)
    assert clinic("checkin", "A3")["position"] == 5


@pytest.mark.parametrize("position", ['"two"', '"7"', "7.5", "null", "[]", "true"])
def test_a_transfer_to_an_unreadable_position_is_ignored_by_a_repair(
    position: str, clinic: Ask, run: Run, database: str
) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    ((outcome,),) = stored.rows(database, "SELECT outcome FROM journal WHERE command = 'queue transfer'")
    changed = outcome.replace('"position":1', f'"position":{position}')
    assert changed != outcome
    stored.change(database, "UPDATE journal SET outcome = ? WHERE command = 'queue transfer'", values=(changed,))
    stored.change(database, "UPDATE doctor_daily_capacities SET booked = booked + 1, capacity = capacity + 1")
    repair = run("db", "check", "--repair", json=True, status=10).json
    assert [each["law"] for each in repair["left"]] == ["the journal is unchanged since it was written"]
    assert clinic("walkin", "P2", "RAO")["position"] == 2


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
        "patient add Third --phone none",
        "patient merge P1 --into P4 --yes",
        "appointment no-show A2",
        "queue left MEHTA 3",
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
