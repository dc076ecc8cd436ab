"""A database that is replaced, renamed, deleted or restored under a process that has it open."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinicctl import render
from clinicctl.store.engine import open_store
from tests.test_files import somebody_else

Ask = Callable[..., Any]
Run = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[..., Any]

REPLACED = ("replaced", "renamed", "deleted", "log deleted", "log replaced", "index deleted")


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


class Batch:
    """A batch that stays open."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def __call__(self, line: str) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return dict(json.loads(self.process.stdout.readline()))


@pytest.fixture
def batch(clinic: Ask, start: Start) -> Batch:
    return Batch(start("batch", "-", stdin=subprocess.PIPE))


def replace(how: str, db: str, folder: Path) -> None:
    """Do to the open database what another program may do."""
    if how == "replaced":
        shutil.copy(folder / "copy.db", folder / "new.db")
        os.rename(folder / "new.db", db)
    elif how == "renamed":
        os.rename(db, folder / "elsewhere.db")
    elif how == "deleted":
        os.unlink(db)
    elif how == "log deleted":
        os.unlink(f"{db}-wal")
    elif how == "log replaced":
        shutil.copy(f"{db}-wal", folder / "log")
        os.rename(folder / "log", f"{db}-wal")
    else:
        os.unlink(f"{db}-shm")


@pytest.mark.parametrize("first", ["book P1 MEHTA +3d", "patient list"], ids=["write", "read"])
@pytest.mark.parametrize("how", REPLACED)
def test_after_a_replacement_one_line_is_refused_and_the_next_works(
    how: str, first: str, batch: Batch, clinic: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    clinic("db", "backup", str(tmp_path / "copy.db"))
    assert batch("book P1 MEHTA +1d --key kept")["exit_code"] == 0
    replace(how, db, tmp_path)
    refused = batch(first)
    assert (refused["exit_code"], refused["error"]["code"]) == (10, "replaced_database")
    answer = batch("book P2 MEHTA +2d --key next")
    if how == "index deleted":
        # SQLite keeps the deleted index for as long as the process lives.
        assert answer["error"]["hint"] == "End this process, and start it again."
        end(batch)
        clinic("book", "P2", "MEHTA", "+2d")
        assert "kept" in keys(clinic)
        assert clinic("db", "check")["sound"]
        return
    alone = run("book", "P1", "RAO", "+2d", "--dry-run", json=True)
    if how in ("renamed", "deleted"):
        assert answer["error"]["code"] == "no_database"
    elif how == "replaced":
        # The journal ends before the write that was answered: nothing is written until somebody accepts that.
        assert answer["error"]["code"] == "damaged_database"
    else:
        assert answer["exit_code"] == 0
    assert answer["exit_code"] == alone.status
    if alone.status == 0:
        assert {"kept", "next"} <= {each["key"] for each in clinic("audit", "log")}
        assert clinic("db", "check")["sound"]


def test_a_database_that_is_put_beside_an_open_desk_keeps_its_own_log(
    batch: Batch, clinic: Ask, start: Start, db: str, tmp_path: Path
) -> None:
    """SQLite deletes a log by its name when the last connection closes: here it would be another database's."""
    clinic("db", "backup", str(tmp_path / "copy.db"))
    batch("book P1 MEHTA +1d")
    replace("replaced", db, tmp_path)
    for end in ("-wal", "-shm", ".lock"):
        os.unlink(f"{db}{end}")
    other = Batch(start("batch", "-", stdin=subprocess.PIPE))
    assert other("book P2 RAO +1d --key other")["exit_code"] == 0
    log = os.stat(f"{db}-wal").st_ino
    assert batch("patient list")["error"]["code"] == "replaced_database"
    assert batch("book P2 MEHTA +1d --key anew")["exit_code"] == 0
    assert os.stat(f"{db}-wal").st_ino == log
    for each in (batch, other):
        each.process.send_signal(signal.SIGKILL)
        each.process.wait()
    assert {"other", "anew"} <= {each["key"] for each in clinic("audit", "log")}
    assert clinic("db", "check")["sound"]


def test_a_database_replaced_while_a_command_works_gets_nothing_of_it(
    clinic: Ask, start: Start, finish: Finish, db: str, tmp_path: Path
) -> None:
    """Between its BEGIN and its COMMIT: an import is stopped where it holds the lock."""
    clinic("db", "backup", str(tmp_path / "copy.db"))
    rows = "".join(f"Patient Nr{nth},+91 98{nth:08d}\n" for nth in range(20_000))
    (tmp_path / "people.csv").write_text(f"name,phone\n{rows}")
    importing = start("patient", "import", str(tmp_path / "people.csv"), "--json")
    while subprocess.run(["flock", "-n", f"{db}.lock", "true"], check=False).returncode == 0:
        assert importing.poll() is None
        time.sleep(0.001)
    time.sleep(0.05)
    importing.send_signal(signal.SIGSTOP)
    replace("replaced", db, tmp_path)
    importing.send_signal(signal.SIGCONT)
    answer = finish(importing)
    assert (answer.status, answer.error["code"]) == (10, "replaced_database")
    assert len(clinic("patient", "list", "--limit", "9")) == 2


@pytest.mark.parametrize("line", ["book . MEHTA tomorrow", "book P3 MEHTA tomorrow", "appointment cancel A1 --yes"])
@pytest.mark.parametrize("how", ["restored", "restored when it was missing", "replaced"])
def test_a_shell_refuses_one_line_after_a_restore_and_forgets_the_patient(
    how: str, line: str, clinic: Ask, start: Start, db: str, tmp_path: Path
) -> None:
    clinic("book", "P2", "MEHTA", "+2d")
    clinic("db", "backup", str(tmp_path / "copy.db"))
    clinic("patient", "add", "Zoe Quinn", "--phone", "none")
    shell = start("shell", "--json", stdin=subprocess.PIPE)
    assert shell.stdin
    assert shell.stdout
    assert shell.stderr

    def enter(said: str) -> None:
        assert shell.stdin
        shell.stdin.write(f"{said}\n")
        shell.stdin.flush()

    enter("patient show P3")
    assert json.loads(shell.stdout.readline())["name"] == "Zoe Quinn"
    if how == "restored":
        clinic("db", "restore", str(tmp_path / "copy.db"), "--yes")
    else:
        for end in ("-wal", "-shm", ".lock"):
            os.unlink(f"{db}{end}")
        replace("deleted" if how == "restored when it was missing" else how, db, tmp_path)
        if how != "replaced":
            clinic("db", "restore", str(tmp_path / "copy.db"), "--yes")
    clinic("patient", "add", "Somebody Else", "--phone", "none")
    before = clinic("appointment", "list")
    enter(line)
    refused = json.loads(shell.stderr.readline())
    assert (refused["exit_code"], refused["error"]["code"]) == (10, "replaced_database")
    enter("book . MEHTA tomorrow")
    assert "means no patient" in json.loads(shell.stderr.readline())["error"]["message"]
    assert clinic("appointment", "list") == before
    enter("patient show P3")
    assert json.loads(shell.stdout.readline())["name"] == "Somebody Else"


def test_a_batch_goes_on_after_a_restore_since_it_remembers_nobody(batch: Batch, clinic: Ask, tmp_path: Path) -> None:
    clinic("db", "backup", str(tmp_path / "copy.db"))
    assert batch("book P1 MEHTA +1d")["exit_code"] == 0
    clinic("db", "restore", str(tmp_path / "copy.db"), "--yes")
    assert batch("book P1 MEHTA +1d")["exit_code"] == 0


@pytest.mark.parametrize("command", ["patient erase P3", "patient merge P3 --into P1", "close tomorrow"])
def test_a_yes_is_not_one_to_what_a_restore_put_there_since_the_question(
    command: str, clinic: Ask, run: Run, start: Start, finish: Finish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("db", "backup", str(tmp_path / "copy.db"))
    clinic("patient", "add", "Zoe Quinn", "--phone", "none")
    clinic("book", "P1", "MEHTA", "tomorrow")

    def restore_and_say_yes(question: str) -> bool:
        assert finish(start("db", "restore", str(tmp_path / "copy.db"), "--yes")).status == 0
        assert finish(start("patient", "add", "Somebody Else", "--phone", "none")).status == 0
        assert finish(start("book", "P2", "MEHTA", "tomorrow")).status == 0
        return True

    monkeypatch.setattr(render, "can_ask", lambda: True)
    monkeypatch.setattr(render, "ask", restore_and_say_yes)
    answer = run(*command.split())
    assert (answer.status, "restored in the meantime" in answer.stderr) == (10, True), answer
    assert clinic("patient", "show", "P3")["name"] == "Somebody Else"
    assert [each["status"] for each in clinic("appointment", "list")] == ["booked"]


def test_a_restore_is_seen_in_the_journal_also_where_nothing_was_lost(clinic: Ask, tmp_path: Path) -> None:
    clinic("db", "backup", str(tmp_path / "copy.db"))
    with open_store(os.environ["CLINICCTL_DB"], wait=5).read(actor="desk") as tx:
        seen = (5, tx.driver.execute("SELECT hash FROM journal WHERE number = 5").fetchone()[0])
        assert not tx.is_restored(seen)
    clinic("db", "restore", str(tmp_path / "copy.db"), "--yes")
    with open_store(os.environ["CLINICCTL_DB"], wait=5).read(actor="desk") as tx:
        assert tx.is_restored(seen)
        assert tx.is_restored((5, "0" * 64))


# Two desks that have the database open, and files that are deleted, cut off or written over in place


@pytest.fixture
def desks(batch: Batch, start: Start) -> tuple[Batch, Batch]:
    """Two batches, each with a booking."""
    other = Batch(start("batch", "-", stdin=subprocess.PIPE))
    assert batch("book P1 MEHTA +1d --key one")["exit_code"] == 0
    assert other("book P2 MEHTA +1d --key other")["exit_code"] == 0
    return batch, other


def end(batch: Batch) -> None:
    batch.process.communicate(timeout=60)


def keys(ask: Ask) -> set[str]:
    return {each["key"] for each in ask("audit", "log")}


@pytest.mark.parametrize("last", ["a read", "a write", "the end", "a kill"])
@pytest.mark.parametrize("what", ["-wal", "-shm", "-wal -shm"])
def test_open_desks_lose_no_answer_when_the_log_or_index_is_deleted(
    what: str, last: str, desks: tuple[Batch, Batch], clinic: Ask, db: str
) -> None:
    """The second desk must not copy its deleted log over what the first one has written since."""
    one, other = desks
    for each in what.split():
        os.unlink(f"{db}{each}")
    assert one("patient list")["error"]["code"] == "replaced_database"
    after = one("book P1 RAO +2d --key after")
    if last in ("a read", "a write"):
        line = "patient list" if last == "a read" else "book P2 RAO +3d"
        assert other(line)["error"]["code"] == "replaced_database"
        answer = other("book P2 RAO +3d --key anew")
        if answer["exit_code"] == 0:
            assert {each["key"] for each in other("audit log")["result"]} >= {"one", "other", "anew"}
    if last == "a kill":
        other.process.kill()
    end(other)
    end(one)
    assert {"one", "other"} | ({"after"} if after["exit_code"] == 0 else set()) <= keys(clinic)
    assert clinic("db", "check")["sound"]
    clinic("book", "P1", "RAO", "+4d")


def test_an_idle_desk_copies_nothing_over_the_log_of_others(desks: tuple[Batch, Batch], clinic: Ask, db: str) -> None:
    """Twice deleted: what the idle desk holds is older than what the other one has written since."""
    one, idle = desks
    os.unlink(f"{db}-wal")
    assert one("patient list")["error"]["code"] == "replaced_database"
    for nth in range(6):
        assert one(f"book P1 RAO +{nth + 2}d --key after-{nth}")["exit_code"] == 0
    os.unlink(f"{db}-wal")
    assert idle("patient list")["error"]["code"] == "replaced_database"
    assert one("patient list")["error"]["code"] == "replaced_database"
    end(idle)
    end(one)
    assert {"one", "other", *(f"after-{nth}" for nth in range(6))} <= keys(clinic)
    assert clinic("db", "check")["sound"]


def test_an_idle_desk_whose_index_was_deleted_twice_changes_nothing(
    desks: tuple[Batch, Batch], ask: Ask, db: str
) -> None:
    one, idle = desks
    os.unlink(f"{db}-shm")
    assert one("patient list")["error"]["code"] == "replaced_database"
    assert one("patient list")["error"]["hint"] == "End this process, and start it again."
    end(one)
    for nth in range(14):
        ask("book", "P1", "RAO", f"+{nth + 2}d", "--reason", "x" * 1500, "--key", f"after-{nth}")
    Path(f"{db}-shm").unlink(missing_ok=True)
    assert idle("book P2 RAO +20d")["error"]["code"] == "replaced_database"
    end(idle)
    ask("book", "P2", "RAO", "+21d")
    assert {"one", "other", *(f"after-{nth}" for nth in range(14))} <= keys(ask)
    assert ask("db", "check")["sound"]


@pytest.mark.parametrize("then", ["the reader ends", "the desk is killed"])
def test_a_deleted_log_that_a_reader_holds_up_is_saved_first(
    then: str, batch: Batch, clinic: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    """A part of it is copied back up to what the reader sees: until the rest can be, the database is not whole."""
    assert batch("book P1 MEHTA +1d --key before")["exit_code"] == 0
    with somebody_else(db):
        for nth in range(5):
            assert batch(f"book P1 RAO +{nth + 2}d --key after-{nth}")["exit_code"] == 0
        os.unlink(f"{db}-wal")
        refused = batch("patient list")
        assert refused["error"]["code"] == "replaced_database"
        (saved,) = tmp_path.glob("clinic-rescued-*.db")
        assert str(saved) in refused["error"]["hint"]
        if then == "the desk is killed":
            batch.process.kill()
            batch.process.wait()
    if then == "the desk is killed":
        if run("book", "P2", "RAO", "+9d", "--dry-run", json=True).status:
            assert f"db restore {saved}" in run("book", "P2", "RAO", "+9d", json=True, status=10).error["hint"]
        clinic("db", "restore", str(saved), "--yes")
    else:
        assert batch("patient list")["error"]["code"] == "replaced_database"
        assert not saved.exists()
        assert batch("book P2 RAO +9d --key anew")["exit_code"] == 0
        end(batch)
        assert "anew" in keys(clinic)
    assert {"before", *(f"after-{nth}" for nth in range(5))} <= keys(clinic)
    assert clinic("db", "check")["sound"]


def test_an_idle_desk_with_an_old_index_copies_nothing_back(desks: tuple[Batch, Batch], ask: Ask, db: str) -> None:
    """Others have written to the same log by another index: by the old one an older state would be copied."""
    one, idle = desks
    os.unlink(f"{db}-shm")
    assert one("patient list")["error"]["code"] == "replaced_database"
    end(one)
    ask("book", "P1", "RAO", "+5d")
    for each in ("-wal", "-shm"):
        os.unlink(f"{db}{each}")
    before = Path(db).read_bytes()
    assert idle("book P2 RAO +20d")["error"]["code"] == "replaced_database"
    end(idle)
    assert Path(db).read_bytes() == before
    assert not list(Path(db).parent.glob("*-rescued-*"))


def test_a_renamed_database_that_is_still_open_is_not_read_as_a_file(batch: Batch, clinic: Ask, tmp_path: Path) -> None:
    assert batch("book P1 MEHTA +1d")["exit_code"] == 0
    replace("renamed", str(tmp_path / "clinic.db"), tmp_path)
    refused = batch(f"patient import {tmp_path}/elsewhere.db")
    assert "part of the clinic's database" in refused["error"]["message"]


def test_a_desk_that_ends_with_a_deleted_log_copies_it_back(desks: tuple[Batch, Batch], clinic: Ask, db: str) -> None:
    one, other = desks
    os.unlink(f"{db}-wal")
    end(one)
    other.process.kill()
    other.process.wait()
    assert {"one", "other"} <= keys(clinic)
    assert clinic("db", "check")["sound"]


def test_a_backup_copied_over_an_open_database_is_refused_at_once(
    batch: Batch, clinic: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    """A backup has no log: to give it one, SQLite would wait for the connection that is left open."""
    backup = clinic("db", "backup", str(tmp_path / "backup.db"))["path"]
    nth = 0
    while not nth or os.path.getsize(f"{db}-wal"):
        nth += 1
        assert batch(f"book P1 MEHTA +{nth}d --reason {'x' * 1500} --key k{nth}")["exit_code"] == 0
    Path(db).write_bytes(Path(backup).read_bytes())
    began = time.monotonic()
    for _ in range(3):
        assert batch("book P2 MEHTA +1d")["error"]["code"] == "replaced_database"
    assert time.monotonic() - began < 15
    end(batch)
    assert Path(db).read_bytes() == Path(backup).read_bytes()


def test_a_desk_whose_index_was_replaced_must_be_restarted(batch: Batch, clinic: Ask, db: str) -> None:
    """SQLite keeps the old index for a database as long as the process lives: it would show what was."""
    assert batch("book P1 RAO +1d --key one")["exit_code"] == 0
    os.unlink(f"{db}-shm")
    clinic("book", "P2", "RAO", "+2d", "--key", "other")
    for line in ("patient list", "appointment list", "book P1 RAO +3d"):
        assert batch(line)["error"]["code"] == "replaced_database"
    end(batch)
    assert keys(clinic) >= {"one", "other"}
    assert clinic("db", "check")["sound"]


def test_an_old_copy_written_into_the_file_of_an_open_desk_gets_no_write(
    batch: Batch, clinic: Ask, run: Run, db: str, tmp_path: Path
) -> None:
    """Its log is empty, and it remembers pages of the newer file."""
    shutil.copy(db, tmp_path / "old.db")
    nth = 0
    while True:
        nth += 1
        assert batch(f"book P1 MEHTA +{nth}d --reason {'x' * 1500} --key k{nth}")["exit_code"] == 0
        if nth > 3 and os.path.getsize(f"{db}-wal") == 0:
            break
        assert nth < 300
    Path(db).write_bytes((tmp_path / "old.db").read_bytes())
    before = Path(db).read_bytes()
    for _ in range(2):
        assert batch("book P2 MEHTA +1d")["error"]["code"] == "damaged_database"
    end(batch)
    assert Path(db).read_bytes() == before
    assert run("book", "P2", "MEHTA", "+1d", json=True, status=10).error["details"]["noted"] == 5 + nth


@pytest.mark.parametrize("part", [0, 2], ids=["to nothing", "to a half"])
def test_a_log_that_is_cut_off_under_an_open_desk_is_not_written_to(
    part: int, batch: Batch, clinic: Ask, run: Run, db: str
) -> None:
    assert batch("book P1 MEHTA +1d --key lost")["exit_code"] == 0
    before = Path(db).read_bytes()
    os.truncate(f"{db}-wal", os.path.getsize(f"{db}-wal") // part if part else 0)
    assert batch("book P1 MEHTA +2d")["error"]["code"] == "damaged_database"
    assert run("book", "P1", "RAO", "+2d", json=True, status=10).error["code"] == "damaged_database"
    end(batch)
    assert Path(db).read_bytes() == before
    assert run("book", "P1", "RAO", "+2d", json=True, status=10).error["details"]["last"] == 6
    clinic("db", "restore", db, "--yes")
    assert len(clinic("patient", "list")) == 2
    clinic("book", "P1", "RAO", "+2d")
