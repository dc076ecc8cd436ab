"""`db copy` moves a clinic between a file and a server, all of it or nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinicctl.desk import integrity
from clinicctl.store.postgresql import transactions
from tests.postgres import Server

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def database(tmp_path: Path) -> str:
    """The clinics of this module begin as files, whatever the engine of the run."""
    return str(tmp_path / "clinic.db")


@pytest.fixture
def day(clinic: Ask) -> Ask:
    """A clinic with a day behind it: steps, undos, merges, hours, a waitlist."""
    clinic("patient", "add", "Anita Sharma-Rao", "--phone", "none")
    clinic("doctor", "avail", "set", "RAO", "+2d", "--capacity", "1")
    clinic("book", "P1", "MEHTA", "--key", "own")
    clinic("book", "P2", "MEHTA", "+1d", "--time", "10:00", "--note", "Ärger mit 'Zitaten' % _ \\ ∑")
    clinic("checkin", "A1")
    clinic("appointment", "cancel", "A2", "--reason", "called")
    clinic("undo", "--yes")
    clinic("queue", "call", "MEHTA")
    clinic("waitlist", "add", "P2", "RAO", "+2d..+3d")
    clinic("patient", "merge", "P3", "--into", "P1", "--yes")
    clinic("patient", "distinct", "P1", "P2")
    clinic("config", "holiday", "add", "+300d", "Founders' Day")
    clinic("config", "visit-type", "add", "new", "--minutes", "20")
    return clinic


def schemas(server: Server, url: str) -> set[str]:
    """Return the schemas of the clinic at a URL and of its copies."""
    name = url.rpartition("schema=")[2]
    found = server.psql("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", name)
    return {each for (each,) in found}


def content(ask: Ask, place: str) -> dict[str, Any]:
    """Return what the lists of a clinic show."""
    lines = ("patient list", "doctor list", "appointment list", "waitlist list --all", "config", "config holiday list")
    return {line: ask(*line.split(), "--db", place) for line in lines}


def head(ask: Ask, place: str) -> tuple[int, str]:
    verified = ask("audit", "verify", "--db", place)
    assert verified["broken"] == 0
    return verified["number"], verified["head"]


def change(path: Path, script: str) -> None:
    """Change a database file as another program."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.executescript(script)


def test_a_clinic_goes_to_a_server_and_back_with_the_same_journal(
    day: Ask, postgres_clinic: str, tmp_path: Path
) -> None:
    before, back = content(day, str(tmp_path / "clinic.db")), str(tmp_path / "back.db")
    moved = day("db", "copy", "--to", postgres_clinic)
    assert (moved["patients"], moved["appointments"], moved["replayed"]) == (2, 2, False)
    assert content(day, postgres_clinic) == before
    assert day("db", "check", "--db", postgres_clinic)["sound"]
    info = day("db", "info")
    assert head(day, postgres_clinic) == (info["number"], info["head"])
    day("book", "P1", "RAO", "+4d", "--db", postgres_clinic)
    day("db", "copy", "--to", back, "--db", postgres_clinic)
    assert day("db", "check", "--db", back)["sound"]
    on_server = day("db", "info", "--db", postgres_clinic)
    assert head(day, back) == (on_server["number"], on_server["head"])
    assert on_server["number"] == info["number"] + 2
    assert day("book", "P1", "MEHTA", "--key", "own", "--db", back)["replayed"]


def test_a_clinic_goes_from_a_server_to_another_schema(
    day: Ask, postgres_clinic: str, postgres_server: Server, run: Run
) -> None:
    other = f"{postgres_clinic}_other"
    day("db", "copy", "--to", postgres_clinic)
    day("db", "copy", "--to", other, "--db", postgres_clinic)
    assert day("db", "check", "--db", other)["sound"]
    assert head(day, other)[0] == day("db", "info", "--db", postgres_clinic)["number"]
    postgres_server.psql(f"DROP SCHEMA {other.rpartition('=')[2]} CASCADE")


@pytest.mark.parametrize("there", ["file", "server"])
def test_the_place_that_a_clinic_has_left_refuses_all_but_care(
    day: Ask, run: Run, refused: Refused, postgres_clinic: str, tmp_path: Path, there: str
) -> None:
    backup, left, new = str(tmp_path / "backup.db"), str(tmp_path / "clinic.db"), postgres_clinic
    day("db", "backup", backup)
    day("db", "copy", "--to", postgres_clinic)
    if there == "server":
        left, new = postgres_clinic, str(tmp_path / "back.db")
        day("db", "copy", "--to", new, "--db", left)
    for line in (
        *("book P1 MEHTA", "day", "config capacity 5", "undo --yes", "init", "audit log", "db migrate", "metrics"),
        *("db check --repair --key r", f"db restore {backup} --yes", f"db copy --to {tmp_path}/third.db"),
    ):
        error = refused(10, "moved", *line.split(), "--db", left)
        assert error["details"]["to"] == new
    run("db", "compact", "--db", left, json=True, status=10 if there == "file" else 2)
    answer = run("batch", "-", "--db", left, stdin="book P1 MEHTA\n", json=True, status=3)
    assert answer.lines[0]["error"]["code"] == "moved"
    assert day("db", "check", "--db", left)["sound"]
    assert day("db", "backup", str(tmp_path / "left.db"), "--db", left)
    assert day("db", "info", "--db", left)["number"]
    health = run("health", "--db", left, json=True, status=10).json
    assert [each["value"] for each in health["findings"] if each["name"] == "moved to"] == [new]
    assert not (tmp_path / "third.db").exists()
    # A backup of what it has left is no way around it.
    refused(10, "moved", "db", "restore", str(tmp_path / "left.db"), "--yes", "--db", str(tmp_path / "new.db"))
    assert head(day, new)


def test_a_place_where_something_is_refuses_a_copy(
    day: Ask, refused: Refused, postgres_clinic: str, postgres_server: Server, tmp_path: Path
) -> None:
    (tmp_path / "there.db").write_text("")
    schema = postgres_clinic.rpartition("=")[2]
    postgres_server.psql(f"CREATE SCHEMA {schema}")
    postgres_server.psql(f"CREATE TABLE {schema}.own (number integer)")
    for place in (str(tmp_path / "there.db"), postgres_clinic, str(tmp_path / "clinic.db")):
        refused(6, "exists", "db", "copy", "--to", place)
    refused(2, "invalid_value", "db", "copy", "--to", str(tmp_path / "clinic.db-journal"))
    day("book", "P2", "RAO", "+5d")


def test_a_dry_copy_copies_and_leaves_nothing(
    day: Ask, run: Run, postgres_clinic: str, postgres_server: Server, tmp_path: Path
) -> None:
    for place in (postgres_clinic, str(tmp_path / "copy.db")):
        assert day("db", "copy", "--to", place, "--dry-run")["dry_run"]
        run("day", "--db", place, json=True, status=10)
    assert schemas(postgres_server, postgres_clinic) == set()
    assert day("book", "P2", "RAO", "+5d")


def test_a_copy_by_key_is_repeated_and_done_once(day: Ask, postgres_clinic: str) -> None:
    first = day("db", "copy", "--to", postgres_clinic, "--key", "k")
    again = day("db", "copy", "--to", postgres_clinic, "--key", "k")
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert {**first, "replayed": None} == {**again, "replayed": None}
    # The clinic has lived on since.
    day("book", "P2", "RAO", "+5d", "--db", postgres_clinic)
    assert day("db", "copy", "--to", postgres_clinic)["replayed"]


def test_a_clinic_that_is_not_sound_is_not_moved(
    day: Ask, refused: Refused, postgres_clinic: str, postgres_server: Server, tmp_path: Path
) -> None:
    change(tmp_path / "clinic.db", "UPDATE doctor_daily_capacities SET booked = booked + 1, remaining = remaining - 1")
    error = refused(10, "damaged_database", "db", "copy", "--to", postgres_clinic)
    assert "booked" in error["message"]
    assert schemas(postgres_server, postgres_clinic) == set()
    day("db", "check", "--repair")
    day("db", "copy", "--to", postgres_clinic)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE patients SET number = 'P1' WHERE number = 1",
        "UPDATE patients SET name = CAST(x'ff00' AS TEXT) WHERE number = 1",
        "UPDATE patients SET created_at = 'yesterday' WHERE number = 1",
        "PRAGMA foreign_keys=OFF; DELETE FROM doctors WHERE code = 'MEHTA'",
        "DELETE FROM journal_steps; DELETE FROM journal_days; DELETE FROM journal_merges; DELETE FROM journal",
    ],
)
def test_rows_that_do_not_fit_are_not_moved(
    day: Ask, refused: Refused, postgres_clinic: str, postgres_server: Server, tmp_path: Path, damage: str
) -> None:
    change(tmp_path / "clinic.db", damage)
    refused(10, "damaged_database", "db", "copy", "--to", postgres_clinic)
    assert schemas(postgres_server, postgres_clinic) == set()


def test_a_server_waits_for_a_long_copy(
    day: Ask, postgres_clinic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = integrity.first_violation

    def slowly(tx: Any) -> Any:
        time.sleep(2.5)
        return check(tx)

    day("db", "copy", "--to", postgres_clinic)
    monkeypatch.setitem(transactions.SILENT, transactions.WRITE, 1)
    monkeypatch.setattr(integrity, "first_violation", slowly)
    day("db", "copy", "--to", str(tmp_path / "back.db"), "--db", postgres_clinic)
    assert day("book", "P2", "RAO", "+5d", "--db", str(tmp_path / "back.db"))


# Killed

KILLED = {
    "before the copy": "moving._fill = die",
    "in the middle of the rows": """
tables = contents.tables
def some(source, *, moved):
    for nth, table in enumerate(tables(source, moved=moved)):
        if nth == 9:
            die()
        yield table
contents.tables = some
""",
    "before the check": "integrity.first_violation = die",
    "before the mark of the source": "FileTx.execute = ServerTx.execute = die",
    "before the copy appears": "FileReceiver.publish = ServerReceiver.publish = die",
}
CODE = """
import os, signal
import clinicctl.__main__
from clinicctl import cli
from clinicctl.desk import integrity
from clinicctl.store import contents, moving
from clinicctl.store.postgresql.receiving import ServerReceiver
from clinicctl.store.postgresql.tx import ServerTx
from clinicctl.store.sqlite.receiving import FileReceiver
from clinicctl.store.sqlite.tx import FileTx
def die(*args, **named):
    os.kill(os.getpid(), signal.SIGKILL)
{patch}
cli.run({args!r})
"""


@pytest.mark.parametrize("to", ["server", "file"])
@pytest.mark.parametrize("at", KILLED)
def test_a_killed_copy_leaves_one_clinic_and_is_finished(
    day: Ask, run: Run, postgres_clinic: str, postgres_server: Server, tmp_path: Path, at: str, to: str
) -> None:
    source, target = str(tmp_path / "clinic.db"), postgres_clinic
    if to == "file":
        day("db", "copy", "--to", postgres_clinic)
        source, target = postgres_clinic, str(tmp_path / "back.db")
    files, before = {*os.listdir(tmp_path)}, day("db", "info", "--db", source)["number"]
    code = CODE.format(patch=KILLED[at], args=["db", "copy", "--to", target, "--db", source])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done
    run("day", "--db", target, json=True, status=10)
    if to == "server":
        assert schemas(postgres_server, postgres_clinic) == set()
    committed = at == "before the copy appears"
    assert day("db", "info", "--db", source)["number"] == before + committed
    if not committed:
        day("book", "P2", "RAO", "+5d", "--db", source)
    finished = day("db", "copy", "--to", target, "--db", source)
    assert finished["replayed"] == committed
    assert day("db", "check", "--db", target)["sound"]
    number = day("db", "info", "--db", source)["number"]
    assert head(day, target) == (number, day("db", "info", "--db", source)["head"])
    assert number == before + (1 if committed else 2)
    left = {*os.listdir(tmp_path)} - files - {"back.db", "back.db.lock", "back.db-wal", "back.db-shm", "state"}
    assert {each for each in left if not each.startswith("clinic.db")} == set()
