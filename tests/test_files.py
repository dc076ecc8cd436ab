"""The files around a database: none is taken for what it is not, none is written over, none is left behind."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from clinicctl.store import migrations
from tests.test_keeping import older

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[..., Any]

READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE" if len(sys.argv) > 2 else "BEGIN")
connection.execute("SELECT count(*) FROM journal").fetchone()
print("reads", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


@contextmanager
def somebody_else(db: str, *how: str) -> Iterator[None]:
    """Somebody who has the database open, and is killed at the end: what stands in the log, stays there."""
    process = subprocess.Popen(
        [sys.executable, "-c", READER, db, *how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "reads\n"
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.is_file()}


def foreign(path: str, *statements: str) -> str:
    with closing(sqlite3.connect(path)) as connection, connection:
        for each in statements:
            connection.execute(each)
    os.chmod(path, 0o600)
    return path


# A log without its database


@pytest.mark.parametrize("command", [["init", "--timezone", "UTC"], ["demo"]], ids=lambda each: each[0])
def test_no_new_clinic_is_made_where_the_log_of_another_was_left(
    command: list[str], clinic: Ask, refused: Refused, db: str, tmp_path: Path
) -> None:
    with somebody_else(db):
        clinic("book", "P1", "MEHTA")
    os.unlink(db)
    before = files(tmp_path)
    error = refused(10, "damaged_database", *command)
    assert f"{db}-wal" in error["message"]
    assert {**before, "clinic.db.lock": b""} == {**files(tmp_path), "clinic.db.lock": b""}
    os.unlink(f"{db}-wal")
    clinic(*command)
    assert clinic("db", "check")["sound"]


def test_a_restore_moves_a_log_aside_whose_database_is_gone(clinic: Ask, db: str, tmp_path: Path) -> None:
    clinic("book", "P1", "MEHTA")
    backup = str(tmp_path / "backup.db")
    clinic("db", "backup", backup)
    os.unlink(db)
    Path(f"{db}-journal").write_bytes(b"the log of another")
    clinic("db", "restore", backup, "--yes")
    assert clinic("db", "check")["sound"]
    assert [each.read_bytes() for each in tmp_path.glob("*.stale-journal")] == [b"the log of another"]


# What was lost is not copied over what is left


def test_a_database_that_lost_its_log_rotates_no_good_backup_away(
    clinic: Ask, refused: Refused, run: Run, db: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with somebody_else(db):
        clinic("book", "P1", "MEHTA")
        kept = clinic("db", "backup", str(folder), "--keep", "1")["path"]
    for end in ("-wal", "-shm"):
        os.unlink(f"{db}{end}")
    assert run("db", "check").status == 10
    refused(10, "damaged_database", "db", "backup", str(folder), "--keep", "1")
    refused(10, "damaged_database", "db", "compact")
    assert [str(each) for each in folder.iterdir()] == [kept]


# A file of the database's own


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal", ".lock"])
def test_nothing_else_is_written_over_a_file_of_the_database(
    end: str, clinic: Ask, refused: Refused, db: str, tmp_path: Path
) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("health")  # A command that reads leaves an empty log behind.
    os.symlink(f"{db}{end}", tmp_path / "link")
    before = files(tmp_path)
    for target in (f"{db}{end}", str(tmp_path / "link")):
        refused(2, "invalid_value", "metrics", "--textfile", target)
        refused(*((6, "exists") if os.path.lexists(target) else (2, "invalid_value")), "db", "backup", target)
    assert files(tmp_path) == before


def test_metrics_to_a_hyphen_are_printed(
    clinic: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("metrics", "--textfile", "-", status=0).stdout.startswith("# HELP clinicctl_")
    assert not (tmp_path / "-").exists()


@pytest.mark.parametrize("target", ["-", "folder-that-is-not-there/"])
def test_a_backup_goes_to_a_file_or_a_folder_and_nowhere_else(
    target: str, clinic: Ask, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    clinic("health")
    before = files(tmp_path)
    refused(2, "usage", "db", "backup", target)
    assert files(tmp_path) == before
    (tmp_path / "-").write_bytes(b"a file with an odd name")
    refused(2, "usage", "db", "restore", "-", "--yes")


def test_what_a_killed_backup_left_goes_with_a_later_one(clinic: Ask, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    left, works, others = (
        folder / f".{name}.part"
        for name in (
            "clinic-2026-11-23T093000Z.db.0123456789ab",
            "clinic-2026-11-23T093000Z.db.ba9876543210",
            "notes.0123456789ab",
        )
    )
    for each in (left, works, others, folder / f"{left.name}-journal"):
        each.write_bytes(b"Anita Sharma")
    for each in (left, others):
        os.utime(each, (0, 0))
    os.utime(works, times=(time.time(), time.time()))
    clinic("db", "backup", str(folder))
    assert {each.name for each in folder.glob(".*")} == {works.name, others.name}


@pytest.mark.parametrize("end", ["", "-wal", "-shm", ".lock"])
def test_no_log_is_written_into_a_file_of_the_database(
    end: str, clinic: Ask, run: Run, refused: Refused, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with somebody_else(db):
        clinic("book", "P1", "MEHTA")
        before = files(tmp_path)
        monkeypatch.setenv("CLINICCTL_LOG", f"{db}{end}")
        refused(2, "invalid_value", "book", "P1", "MEHTA", "+1d")
        refused(2, "invalid_value", "queue", "show")
        run("book", "nobody", status=2)
        run("--version", status=0)
        assert files(tmp_path) == before


def test_a_log_that_is_none_is_left_as_it_is_and_a_pipe_holds_nobody_up(
    clinic: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: Start, finish: Finish
) -> None:
    notes, pipe = tmp_path / "notes.txt", tmp_path / "pipe"
    notes.write_text("to do\n")
    os.mkfifo(pipe)
    for log in (notes, pipe):
        monkeypatch.setenv("CLINICCTL_LOG", str(log))
        assert finish(start("book", "P1", "MEHTA", "--again")).status == 0
    assert notes.read_text() == "to do\n"


# By whatever name


def test_a_database_with_another_name_is_not_written_to(
    clinic: Ask, run: Run, refused: Refused, db: str, tmp_path: Path
) -> None:
    other, draft = str(tmp_path / "other.db"), f"{db}.{'0' * 12}.new"
    os.link(db, draft)
    clinic("book", "P1", "MEHTA", "+1d")
    os.link(db, other)
    for name in (db, other):
        said = refused(10, "other_names", "book", "P1", "MEHTA", "--db", name)
        assert "hard link" in said["message"]
        (line,) = run("batch", "-", "--db", name, stdin="book P1 MEHTA\n", status=3).lines
        assert line["error"]["code"] == "other_names"
        run("appointment", "list", "--db", name, status=0)
    os.unlink(other)
    clinic("book", "P1", "MEHTA")


def test_a_database_has_one_lock_by_whatever_name_it_is_called(clinic: Ask, run: Run, db: str, tmp_path: Path) -> None:
    link = str(tmp_path / "link.db")
    os.symlink(db, link)
    with somebody_else(db):
        clinic("--db", link, "book", "P1", "MEHTA")
    assert not os.path.exists(f"{link}.lock")
    for end in ("-wal", "-shm"):
        os.unlink(f"{db}{end}")
    assert run("db", "check").status == 10, "the note of what was answered is found by the other name"


# What is not whole, or not ours


@pytest.mark.parametrize(
    "command",
    ["book P1 RAO", "patient list", "health", "db check", "db info", "db compact", "db migrate", "db backup {}.copy"],
)
def test_a_file_cut_off_within_a_page_is_refused_and_left_as_it_is(
    command: str, clinic: Ask, run: Run, db: str
) -> None:
    os.truncate(db, os.path.getsize(db) - 1_000)
    before = Path(db).read_bytes()
    assert run(*command.format(db).split()).status == 10
    assert Path(db).read_bytes() == before


@pytest.mark.parametrize("version", [-1, 0, 1, migrations.CURRENT])
@pytest.mark.parametrize(
    "command",
    [
        *("book P1 RAO", "patient list", "health", "db check", "db info", "db compact", "db migrate"),
        *("db backup {}.copy", "metrics", "audit verify", "init"),
    ],
)
def test_a_foreign_database_with_our_mark_is_refused_and_unchanged(
    version: int, command: str, run: Run, db: str
) -> None:
    foreign(
        db,
        "CREATE TABLE t (x)",
        f"PRAGMA application_id={migrations.APPLICATION_ID}",
        f"PRAGMA user_version={version}",
    )
    before = Path(db).read_bytes()
    answer = run(*command.format(db).split(), json=True)
    assert answer.status == 10, answer
    assert Path(db).read_bytes() == before


def test_a_new_schema_that_says_it_is_an_old_one_is_not_brought_up(clinic: Ask, refused: Refused, db: str) -> None:
    copy = shutil.copy(db, f"{db}.copy")
    foreign(copy, "PRAGMA user_version=1")
    refused(10, "damaged_database", "db", "restore", copy, "--yes")
    assert clinic("db", "check")["sound"]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER UPDATE ON patients BEGIN UPDATE patients SET note = 'x'; END",
        "CREATE TABLE t (x)",
        "CREATE VIEW v AS SELECT * FROM patients",
    ],
)
def test_an_old_database_with_foreign_objects_is_not_migrated(
    statement: str, clinic: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    old = older(db, str(tmp_path / "old.db"))
    foreign(old, statement)
    with closing(sqlite3.connect(old)) as connection:
        before = list(connection.iterdump())
    assert run("--db", old, "db", "migrate", "--yes").status == 10
    with closing(sqlite3.connect(old)) as connection:
        assert list(connection.iterdump()) == before


def test_an_old_schema_is_not_compacted(clinic: Ask, refused: Refused, db: str, tmp_path: Path) -> None:
    old = older(db, str(tmp_path / "old.db"))
    before = Path(old).read_bytes()
    refused(10, "needs_migration", "--db", old, "db", "compact")
    assert Path(old).read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE settings SET value = 'Mars/X' WHERE name = 'timezone'",
        "UPDATE settings SET value = 'abc' WHERE name = 'capacity'",
        "INSERT OR REPLACE INTO settings VALUES ('mask_phones', 'x')",
        "UPDATE settings SET value = 'abc' WHERE name = 'secret'",
        "DELETE FROM counters",
        "DROP TABLE patient_words",
    ],
)
def test_content_that_cannot_be_a_clinics_is_a_damaged_database(
    statement: str, clinic: Ask, refused: Refused, db: str
) -> None:
    foreign(db, statement)
    refused(10, "damaged_database", "patient", "add", "Zoë Quinn", "--phone", "90000 00009")
    refused(10, "damaged_database", "walkin", "anita", "MEHTA", "--key", "k")


# No room


def test_a_commit_that_finds_no_room_is_a_full_disk_and_nothing_is_written(
    clinic: Ask, refused: Refused, run: Run, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(sqlite3.Connection):
        def commit(self) -> None:
            if self.in_transaction:
                self.rollback()
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_FULL, "SQLITE_FULL"
                raise error

    real = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *args, **named: real(*args, **{"factory": Full, **named}))
        error = refused(74, "disk_full", "book", "P1", "MEHTA", "--key", "k")
        assert db in error["message"]
        lines = "book P1 MEHTA --key k\nbook P1 MEHTA nonsense\npatient show P1\n"
        answers = run("batch", "-", stdin=lines, status=3).lines
        assert [each["exit_code"] for each in answers] == [74, 2, 74], "what was read beside it was never true"
        answers = run("batch", "-", "--atomic", stdin="book P1 MEHTA --key k\n", status=74).lines
        assert [each["error"]["code"] for each in answers] == ["disk_full"]
    assert clinic("appointment", "list") == []
    assert not clinic("book", "P1", "MEHTA", "--key", "k")["replayed"]


# Nobody is waited for without an end


def test_a_restore_waits_no_longer_than_it_is_told_to(
    clinic: Ask, start: Start, finish: Finish, db: str, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup.db")
    clinic("db", "backup", backup)
    clinic("book", "P1", "MEHTA")
    with somebody_else(db, "and writes"):
        answer = finish(start("db", "restore", backup, "--yes", "--wait", "1"), 30)
        assert answer.status == 11, answer
    assert len(clinic("appointment", "list")) == 1


# The desk without a home, and help without a reader


def test_somebody_without_a_home_names_the_database_or_is_told_to(clinic: Ask, db: str) -> None:
    code = """
import os, pwd, sys
def nobody(_):
    raise KeyError
pwd.getpwuid = nobody
from clinicctl.cli import run
sys.exit(run(sys.argv[1:]))
"""
    where = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path)}

    def done(*args: str, **named: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", code, *args]
        return subprocess.run(command, env={**where, **named}, capture_output=True, text=True, check=False)

    assert done("patient", "list", CLINICCTL_DB=db).returncode == 0
    unnamed = done("patient", "list")
    assert unnamed.returncode == 2
    assert "CLINICCTL_DB" in unnamed.stderr
    assert "Traceback" not in unnamed.stderr


@pytest.mark.parametrize("args", ["--help", "book --help", "db", "", "--version", "doctor avail -h"])
def test_help_that_cannot_be_given_is_told(args: str, start: Start, finish: Finish) -> None:
    with open("/dev/full", "w") as full:
        answer = finish(start(*args.split(), stdout=full))
    assert answer.status == 74
    assert answer.stderr == "clinicctl: The result could not be printed (No space left on device).\n"


def test_a_configuration_that_cannot_be_read_says_why(
    clinic: Ask, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config" / "clinicctl"
    (folder / "config.toml").mkdir(parents=True)
    assert "a folder, not a regular file" in refused(2, "invalid_value", "patient", "list")["message"]
