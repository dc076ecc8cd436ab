"""A file that is not the one that was left: an old copy under a newer log, and a schema that somebody else changed."""

import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from shlex import split
from typing import Any

import pytest

from clinicctl.store.sqlite import check, head_file, trust
from tests.test_files import somebody_else
from tests.test_keeping import older
from tests.test_races import child, paused

__all__ = ["child", "paused"]

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]

EVERY_DOOR = (
    "book P1 MEHTA +9d",
    "patient list",
    "queue show",
    "db info",
    "db compact",
    "db check --repair --key k",
    "audit verify",
    "metrics",
    "patient add 'Zoe Quinn' --phone none",
)


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


def contents(folder: Path) -> dict[str, bytes]:
    """The files in a folder, but for SQLite's shared memory and the lock file."""
    return {
        each.name: each.read_bytes()
        for each in folder.iterdir()
        if each.is_file() and not each.name.endswith(("-shm", ".lock"))
    }


@pytest.fixture
def mixture(clinic: Ask, db: str, tmp_path: Path) -> str:
    """An old copy of the database under the log of the newer one; returns the newest backup."""
    shutil.copy(db, tmp_path / "old.copy")
    for nth in range(60):
        clinic("patient", "add", f"Patient {chr(97 + nth // 26)}{chr(97 + nth % 26)}", "--phone", "none")
    backup = str(clinic("db", "backup", str(tmp_path / "backup.db"))["path"])
    with somebody_else(db):
        clinic("book", "P1", "MEHTA", "+1d")
        clinic("book", "P2", "MEHTA", "+2d")
    shutil.copy(tmp_path / "old.copy", db)
    os.unlink(f"{db}-shm")
    return backup


@pytest.mark.parametrize("command", EVERY_DOOR)
def test_an_old_copy_under_a_newer_log_is_refused_and_no_byte_is_changed(
    command: str, mixture: str, refused: Refused, tmp_path: Path
) -> None:
    before = contents(tmp_path)
    error = refused(10, "damaged_database", *split(command))
    assert "does not belong to the file" in error["message"]
    assert "(writes 6 to 67)" in error["hint"]
    assert (error["details"]["first"], error["details"]["last"]) == (6, 67)
    assert contents(tmp_path) == before


def test_health_and_check_tell_of_an_old_copy_under_a_newer_log(mixture: str, run: Run, tmp_path: Path) -> None:
    before = contents(tmp_path)
    assert "does not belong to the file" in run("health", json=True, status=10).json["findings"][0]["problem"]
    assert not run("db", "check", json=True, status=10).json["sound"]
    (line,) = run("batch", "-", stdin="book P1 MEHTA +9d\n", status=3).lines
    assert line["error"]["code"] == "damaged_database"
    assert contents(tmp_path) == before


def test_a_backup_is_restored_over_a_mixture(mixture: str, clinic: Ask) -> None:
    clinic("db", "restore", mixture, "--yes")
    assert clinic("db", "check")["sound"]
    assert len(clinic("patient", "list")) == 62
    clinic("book", "P1", "MEHTA", "+1d")


def test_the_way_out_of_a_mixture_without_a_backup_is_the_one_that_is_told(
    mixture: str, clinic: Ask, refused: Refused, db: str
) -> None:
    os.rename(f"{db}-wal", f"{db}-wal.old")
    assert refused(10, "damaged_database", "book", "P1", "MEHTA")["details"]["noted"] == 67
    clinic("db", "restore", db, "--yes")
    assert len(clinic("patient", "list")) == 2
    clinic("book", "P1", "MEHTA")
    assert clinic("db", "check")["sound"]


def test_a_broken_rule_in_a_suspect_file_can_be_accepted_with_its_log(clinic: Ask, refused: Refused, db: str) -> None:
    clinic("book", "P1", "MEHTA", "+1d")
    with closing(sqlite3.connect(db)) as other, other:
        other.execute("UPDATE appointments SET status = 'completed'")
    with somebody_else(db):
        clinic("book", "P2", "MEHTA", "+1d")
    os.utime(db)
    error = refused(10, "damaged_database", "patient", "list")
    assert "accept both as they are" in error["hint"]
    clinic("db", "restore", db, "--yes")
    assert [each["number"] for each in clinic("appointment", "list")] == ["A1", "A2"]
    clinic("book", "P2", "MEHTA", "+2d")


def test_an_old_copy_written_into_the_file_of_an_open_batch_is_refused(
    clinic: Ask, start: Start, db: str, tmp_path: Path
) -> None:
    shutil.copy(db, tmp_path / "old.copy")
    for nth in range(60):
        clinic("patient", "add", f"Patient {chr(97 + nth // 26)}{chr(97 + nth % 26)}", "--phone", "none")
    batch = start("batch", "-", stdin=subprocess.PIPE)
    assert batch.stdin
    assert batch.stdout
    for line in ("book P1 MEHTA +1d", "book P2 MEHTA +2d"):
        batch.stdin.write(f"{line}\n")
        batch.stdin.flush()
        answer = batch.stdout.readline()
        if line.endswith("+1d"):
            assert '"exit_code": 0' in answer
            Path(db).write_bytes((tmp_path / "old.copy").read_bytes())
            before = contents(tmp_path)
    assert '"damaged_database"' in answer
    batch.communicate(timeout=30)
    assert contents(tmp_path) == before


@contextmanager
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Count how often the whole file is checked."""
    done: list[str] = []
    look = check.find_violations

    def counted(path: str, **options: Any) -> Any:
        done.append(path)
        return look(path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(check, "find_violations", counted)
        yield done


def test_a_log_that_a_killed_command_left_is_no_suspicion(
    clinic: Ask, db: str, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    batch = start("batch", "-", stdin=subprocess.PIPE)
    assert batch.stdin
    assert batch.stdout
    batch.stdin.write("book P1 MEHTA +1d\n")
    batch.stdin.flush()
    assert batch.stdout.readline()
    batch.send_signal(signal.SIGKILL)
    batch.wait()
    assert os.path.getsize(f"{db}-wal")
    with checks(monkeypatch) as done:
        clinic("patient", "list")
        clinic("book", "P2", "MEHTA", "+1d")
        with somebody_else(db):
            clinic("book", "P2", "RAO", "+1d")
            clinic("patient", "list")
            clinic("db", "compact", "--wait", "1")
        clinic("patient", "add", "Zoe Quinn", "--phone", "none")
        clinic("patient", "erase", "P3", "--yes")
        with somebody_else(db):
            clinic("queue", "show")
    assert done == []


def test_a_killed_checkpoint_is_checked_once_and_noted(
    clinic: Ask, db: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file has changed, the log still has its content, and nobody has noted what the file is."""
    with somebody_else(db):
        clinic("book", "P1", "MEHTA", "+1d")
    with somebody_else(db), closing(sqlite3.connect(db)) as other:
        other.execute("PRAGMA wal_checkpoint(PASSIVE)")
    assert os.path.getsize(f"{db}-wal")
    with somebody_else(db), checks(monkeypatch) as done:
        for command in ("patient list", "book P2 MEHTA +1d", "patient list", "book P1 RAO +1d"):
            clinic(*split(command))
    assert done == [db]
    assert clinic("db", "check")["sound"]


def test_a_read_of_a_suspect_file_works_beside_a_stopped_writer(
    clinic: Ask, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = subprocess.Popen(["flock", f"{db}.lock", "sleep", "60"])
    try:
        while subprocess.run(["flock", "-n", f"{db}.lock", "true"], check=False).returncode == 0:
            time.sleep(0.01)
        with somebody_else(db), closing(sqlite3.connect(db)) as other:
            other.execute("CREATE INDEX more ON patients (note)")
        with somebody_else(db), closing(sqlite3.connect(db)) as other:
            other.execute("PRAGMA wal_checkpoint(PASSIVE)")
            with checks(monkeypatch) as done:
                clinic("patient", "list", "--wait", "0.1")
            assert done == [db]
    finally:
        holder.kill()
        holder.wait()


def test_a_read_of_copied_files_makes_no_lock_file(clinic: Ask, db: str, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir(0o700)
    with somebody_else(db):
        clinic("book", "P1", "MEHTA", "+1d")
        for end in ("", "-wal"):
            shutil.copy(f"{db}{end}", copies)
    assert len(clinic("appointment", "list", "--db", str(copies / "clinic.db"))) == 1
    assert not (copies / "clinic.db.lock").exists()


def test_a_log_beside_a_database_of_an_older_version_is_no_mixture(clinic: Ask, refused: Refused, db: str) -> None:
    """As a migration that was killed leaves it: nobody has noted the file, and its schema is not ours yet."""
    folder = Path(db).parent / "old"
    folder.mkdir(0o700)
    old = older(db, str(folder / "old.db"))
    with somebody_else(old), closing(sqlite3.connect(old)) as other, other:
        other.execute("UPDATE settings SET value = 'Old Clinic' WHERE name = 'name'")
    assert os.path.getsize(f"{old}-wal")
    refused(10, "needs_migration", "patient", "list", "--db", old)
    clinic("db", "migrate", "--db", old)
    assert clinic("config", "name", "--db", old)["value"] == "Old Clinic"


# A schema that somebody else changed

CHANGES = {
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON appointments BEGIN DELETE FROM patients; END", "trigger"),
    "a table": ("CREATE TABLE more (id)", "table"),
    "a view": ("CREATE VIEW v AS SELECT * FROM patients", "view"),
    "a unique index": ("CREATE UNIQUE INDEX u ON appointments (doctor_id)", "index"),
    "a missing index": ("DROP INDEX ix_patients_phone", "ix_patients_phone"),
    "a column": ("ALTER TABLE patients ADD COLUMN more TEXT", "patients"),
}


def changed(path: str, sql: str) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(sql)


@pytest.mark.parametrize("how", CHANGES)
def test_a_schema_changed_by_others_is_refused_before_the_first_write(
    how: str, clinic: Ask, run: Run, refused: Refused, db: str, start: Start
) -> None:
    sql, named = CHANGES[how]
    batch = start("batch", "-", stdin=subprocess.PIPE)
    assert batch.stdin
    assert batch.stdout
    batch.stdin.write("book P1 MEHTA +1d\n")
    batch.stdin.flush()
    assert '"exit_code": 0' in batch.stdout.readline()
    changed(db, sql)
    batch.stdin.write("book P1 MEHTA +2d\n")
    batch.stdin.flush()
    assert '"damaged_database"' in batch.stdout.readline()
    error = refused(10, "damaged_database", "book", "P2", "MEHTA", "+2d")
    assert named in error["message"]
    assert len(clinic("patient", "list")) == 2
    assert [each["number"] for each in clinic("appointment", "list")] == ["A1"]
    assert not run("db", "check", json=True, status=10).json["sound"]


def test_an_index_that_somebody_added_for_reading_may_stay(
    clinic: Ask, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed(db, "CREATE INDEX more ON patients (note)")
    compared: list[Any] = []
    differences = check.differences
    monkeypatch.setattr(check, "differences", lambda driver: compared.append(driver) or differences(driver))
    for on in ("+1d", "+2d"):
        clinic("book", "P1", "MEHTA", on)
    assert len(compared) == 1, "the schema is compared once"
    assert clinic("db", "check")["sound"]
    backup = str(clinic("db", "backup", str(tmp_path / "backup.db"))["path"])
    clinic("db", "restore", backup, "--yes")
    clinic("book", "P1", "MEHTA", "+3d")


def test_our_own_changes_of_the_schema_are_noted(clinic: Ask, db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    backup = str(clinic("db", "backup", f"{db}.copy")["path"])
    monkeypatch.setattr(check, "differences", lambda driver: pytest.fail("the schema was compared"))
    clinic("book", "P1", "MEHTA", "+1d")
    clinic("db", "compact")
    clinic("book", "P1", "MEHTA", "+2d")
    clinic("patient", "erase", "P2", "--yes")
    clinic("book", "P1", "MEHTA", "+3d")
    monkeypatch.undo()
    monkeypatch.setenv("CLINICCTL_DB", db)
    clinic("db", "restore", backup, "--yes")
    monkeypatch.setattr(check, "differences", lambda driver: pytest.fail("the schema was compared"))
    clinic("book", "P1", "MEHTA", "+4d")


def test_a_lock_file_without_a_note_of_the_file_gets_one(clinic: Ask, db: str) -> None:
    os.truncate(f"{db}.lock", 91)
    clinic("book", "P1", "MEHTA", "+1d")
    noted = head_file.known_file(db)
    assert noted is not None
    assert noted == head_file.describe_file(db, schema=noted.schema)
    trust.refuse_mixture(db, wait=0)


# What is noted is what is there: a reader then has no reason to wait for the lock


ENDS = {
    "a command": ("book", "P1", "MEHTA", "+1d"),
    "a refused command": ("book", "P9", "MEHTA"),
    "a dry run": ("book", "P1", "MEHTA", "+1d", "-n"),
    "a batch": ("batch", "-"),
    "an atomic batch": ("batch", "--atomic", "-"),
    "a shell": ("shell",),
    "compacting": ("db", "compact", "--wait", "1"),
    "a repair": ("db", "check", "--repair", "--key", "k"),
    "an erasure": ("patient", "erase", "P2", "--yes"),
    "a restore": ("db", "restore", "{db}", "--yes"),
    "a read": ("patient", "list"),
}


@pytest.mark.parametrize("beside", ["alone", "beside a reader"])
@pytest.mark.parametrize("command", ENDS)
def test_the_file_is_noted_as_it_is_whatever_the_last_command_was(
    command: str, beside: str, clinic: Ask, run: Run, db: str
) -> None:
    clinic("book", "P1", "RAO", "+1d")
    with somebody_else(db) if beside != "alone" else nullcontext():
        stdin = "book P1 MEHTA +1d\nbook P1 MEHTA +2d\n"
        run(*(each.format(db=db) for each in ENDS[command]), stdin=stdin, status=4 if "P9" in ENDS[command] else 0)
        noted, found = head_file.known_file(db), head_file.describe_file(db, schema=0)
        assert noted is not None
        assert noted.main == found.main
        assert found.log_size == noted.log_size
        assert noted.log == found.log or not found.log_size


def test_a_reader_finds_the_log_noted_that_a_running_write_has_begun(clinic: Ask, start: Start, db: str) -> None:
    batch = start("batch", "-", stdin=subprocess.PIPE)
    assert batch.stdin
    assert batch.stdout
    assert not os.path.exists(f"{db}-wal")
    batch.stdin.write("book P1 MEHTA +1d\n")
    batch.stdin.flush()
    assert '"exit_code": 0' in batch.stdout.readline()
    noted = head_file.known_file(db)
    assert noted is not None
    assert noted.log == os.stat(f"{db}-wal").st_ino
    batch.send_signal(signal.SIGKILL)


def test_a_log_is_noted_before_the_first_write_to_it(clinic: Ask, paused: Any, finish: Any, db: str) -> None:
    """A reader beside a long transaction finds it so, and does not wait for the lock."""
    writer = paused("book", "P1", "MEHTA", "+1d")
    noted = head_file.known_file(db)
    assert noted is not None
    assert noted.log == os.stat(f"{db}-wal").st_ino
    writer.stdin.write("\n")
    assert finish(writer).status == 0


def test_a_batch_does_not_wait_for_its_own_lock(
    clinic: Ask, run: Run, db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is suspect while the batch has the lock: it is checked under it, at once."""
    with somebody_else(db):
        clinic("book", "P1", "MEHTA", "+1d")
    lines = "book P1 MEHTA +2d\nhealth\ndb info\npatient list\n"
    refuse = trust.refuse_mixture_under
    seen: list[int] = []
    monkeypatch.setattr(trust, "_is_suspect", lambda path, noted: True)
    monkeypatch.setattr(trust, "_check_file", lambda path, wait: None)
    monkeypatch.setattr(trust, "refuse_mixture_under", lambda lock, path: seen.append(lock) or refuse(lock, path))
    began = time.monotonic()
    run("batch", "--atomic", "-", "--wait", "20", stdin=lines, status=0)
    assert time.monotonic() - began < 15
    assert len(seen) >= 3
