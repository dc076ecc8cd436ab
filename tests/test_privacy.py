"""Whom the clinic knows is nobody else's business: erasure, masks, and where no name may stand."""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinicctl import desk
from clinicctl.cli import parsers
from tests import every_write, stored
from tests.every_write import DAY, MARKS, REFUSED

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

ABOUT_PEOPLE = {"ambiguous", "possible_duplicate", "has_bookings"}
PERSONAL = {"patient", "words", "same_as", "into", "phone", "born", "email", "note", "reason", "name", "ref"}
"""Arguments that say something of somebody."""
NOT_PERSONAL = {
    *("init name", "config name", "config holiday add name"),
    *(f"config visit-type {each} name" for each in ("add", "edit", "remove")),
    *(f"user {each} name" for each in ("add", "edit", "remove")),
}
ERASED = {
    *("Zyxwin", "Quvmark", "zyxwin", "quvmark", "9876514703", "zyxwin@mark", "zyxwin-note", "1971-03-17"),
    *("Qworlington", "qworlington", "9876514777", "earlier-note", "zyxwin-reason", "zyxwin-why"),
}
"""What is known of the one who is erased, and what was known before."""


# Erasure


@pytest.fixture(params=[True, False], ids=["overwriting", "leaving free pages as they are"])
def built(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite as it was built with and without SECURE_DELETE: Debian's overwrites what is deleted, others do not."""
    connect = sqlite3.connect

    def connected(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        connection = connect(*args, **kwargs)
        connection.execute(f"PRAGMA secure_delete={'ON' if request.param else 'OFF'}")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)


@pytest.fixture
def known(ask: Ask) -> Ask:
    """A clinic that knows somebody well: changed, booked, cancelled, among many others. The value is `ask`."""
    every_write.begin(ask)
    ask("doctor", "add", "MEHTA", "Dr. Mehta")
    _add_many(ask, 0)
    ask(
        *("patient", "add", "Zyxwin Qworlington", "--phone", "98765 14777", "--note", "earlier-note " * 20),
        *("--born", "1971-03-17", "--key", "first"),
    )
    _add_many(ask, 1)
    ask("patient", "edit", "zyxwin", "--name", "Zyxwin Quvmark", "--phone", "98765 14703", "--note", "zyxwin-note")
    ask("patient", "edit", "zyxwin", "--email", "zyxwin@mark.example")
    ask("book", "zyxwin", "MEHTA", "--reason", "zyxwin-reason")
    ask("appointment", "cancel", "A1", "--reason", "zyxwin-why")
    _add_many(ask, 2)
    return ask


def _add_many(ask: Ask, times: int) -> None:
    """Others enough that pages of the tables and of their indexes are split."""
    rows = "".join(
        f"{chr(97 + n % 26)}{chr(97 + n // 26)}{'abc'[times]}on Person{n},+4915{times}{n:08},{'x' * (n % 200)}\n"
        for n in range(400)
    )
    ask("patient", "import", "-", stdin=f"name,phone,note\n{rows}")


def found(folder: Path) -> set[str]:
    """What is known of somebody, as far as its bytes stand in any file beside the database."""
    files = [each.read_bytes() for each in folder.iterdir() if each.name.startswith("clinic.db")]
    return {each for each in ERASED if any(each.encode() in content for content in files)}


@pytest.mark.file
@pytest.mark.usefixtures("built")
def test_no_byte_of_an_erased_patient_is_left_in_the_file_or_its_log(known: Ask, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "clinic.db")) as idle:
        assert idle.execute("SELECT count(*) FROM patients").fetchone() == (1201,)
        assert found(tmp_path) >= {"Zyxwin", "quvmark", "9876514703", "zyxwin-reason", "1971-03-17", "zyxwin@mark"}
        assert (tmp_path / "clinic.db-wal").exists()
        erased = known("patient", "erase", "zyxwin", "--yes")
        assert (erased["numbers"], erased["appointments"], erased["overwritten"]) == (["P401"], 1, True)
        assert not found(tmp_path)
    assert known("audit", "verify")["broken"] == 0
    assert len(known("patient", "list")) == 1200


@pytest.mark.file
def test_an_erasure_takes_what_killed_commands_left_and_names_the_copies(clinic: Ask, run: Run, tmp_path: Path) -> None:
    db = tmp_path / "clinic.db"
    kept = clinic("db", "restore", clinic("db", "backup", str(tmp_path / "own.db"))["path"], "--yes")["replaced"]
    draft = tmp_path / f"clinic.db.{'0' * 12}.new"
    shutil.copy(db, draft)
    answer = run("patient", "erase", "anita", "--yes", json=True, status=0)
    assert not draft.exists()
    assert f"beside the database were not changed: {os.path.basename(kept)}." in answer.stderr
    os.unlink(kept)
    assert run("patient", "erase", "mumtaz", "--yes", json=True, status=0).stderr == ""


@pytest.mark.file
@pytest.mark.usefixtures("built")
def test_an_erasure_beside_a_reader_is_finished_by_a_second_run(known: Ask, run: Run, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "clinic.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM patients").fetchone()
        answer = run("patient", "erase", "zyxwin", "--yes", json=True, status=0)
        assert answer.json["overwritten"] is False
        assert "`clinicctl patient erase P401 --yes`" in answer.stderr
        assert found(tmp_path)
        reader.execute("COMMIT")
    again = known("patient", "erase", "P401", "--yes")
    assert (again["overwritten"], again["patient"]["erased_at"]) == (True, answer.json["patient"]["erased_at"])
    assert not found(tmp_path)


def test_an_erased_patient_is_found_by_nothing_and_cannot_return(clinic: Ask, refused: Refused) -> None:
    clinic("patient", "edit", "P1", "--email", "a@b.example", "--note", "x", "--sex", "female")
    clinic("book", "anita", "MEHTA", "tomorrow", "--reason", "cough", "--key", "booked")
    clinic("appointment", "cancel", "A1", "--by", "clinic", "--reason", "ill")
    erased = clinic("patient", "erase", "anita", "--yes", "--key", "gone")
    assert clinic("patient", "erase", "anita", "--yes", "--key", "gone")["replayed"] is True
    shown = clinic("patient", "show", "P1")
    assert {name: shown[name] for name in erased["patient"]} == erased["patient"]
    assert shown["name"] == "erased"
    assert {shown[each] for each in ("phone", "born", "age", "email", "note")} == {None}
    assert shown["sex"] == "unknown"
    assert shown["archived_at"] == shown["erased_at"] is not None
    for said in ("anita", "sharma", "98765 43210", "erased", "P1"):
        assert clinic("patient", "find", said) == [], said
    assert [each["number"] for each in clinic("patient", "list", "--all")] == ["P2"]
    assert clinic("patient", "duplicates") == []
    (appointment,) = clinic("appointment", "list", "--patient", "P1")
    assert (appointment["reason"], appointment["cancel_reason"]) == (None, None)
    assert appointment["patient"]["name"] == "erased"
    for args in (
        *(["restore", "P1"], ["edit", "P1", "--name", "Anita"], ["archive", "P1"]),
        *(
            ["merge", "P1", "--into", "P2", "--yes"],
            ["merge", "P2", "--into", "P1", "--yes"],
            ["add", "Anita", "--phone", "none", "--same-as", "P1"],
        ),
    ):
        refused(7, "archived", "patient", *args)
    for args in (
        *(["book", "P1", "MEHTA"], ["walkin", "P1", "MEHTA"], ["waitlist", "add", "P1", "MEHTA", "today"]),
        ["undo", "8"],
    ):
        refused(7, "archived", *args)
    again = clinic("patient", "add", "Anita Sharma", "--phone", "98765 43210", "--born", "1980-02-01")
    assert (again["number"], again["created"]) == ("P3", True)
    booked = clinic("book", "anita", "MEHTA", "tomorrow", "--reason", "cough", "--key", "booked")
    assert (booked["replayed"], booked["patient"]["name"], booked["reason"]) == (True, "erased", None)
    assert clinic("audit", "verify")["broken"] == 0
    assert 9 in [each["number"] for each in clinic("audit", "log", "--patient", "P1")]


def test_nobody_who_is_still_expected_is_erased(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    error = refused(6, "has_bookings", "patient", "erase", "P1", "--yes")
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A1"]
    clinic("appointment", "cancel", "A1")
    clinic("waitlist", "add", "P1", "MEHTA", "tomorrow")
    assert "W1" in refused(6, "has_bookings", "patient", "erase", "P1", "--yes")["message"]
    clinic("waitlist", "remove", "W1")
    clinic("patient", "erase", "P1", "--yes")


def test_whoever_was_merged_into_him_is_erased_with_him(clinic: Ask, database: str) -> None:
    clinic("patient", "add", "Third Name", "--phone", "98765 00003")
    clinic("patient", "merge", "P3", "--into", "P2", "--yes")
    clinic("patient", "merge", "P2", "--into", "P1", "--yes")
    assert clinic("patient", "erase", "P3", "--yes")["numbers"] == ["P1", "P2", "P3"]
    assert clinic("patient", "show", "P2")["name"] == "erased"
    assert stored.rows(database, "SELECT DISTINCT name, phone FROM patients") == [("erased", None)]
    assert stored.rows(database, "SELECT * FROM patient_words") == []


def test_an_erasure_asks_and_stands_alone(clinic: Ask, run: Run, refused: Refused) -> None:
    refused(2, "usage", "patient", "erase", "P1")
    assert clinic("patient", "erase", "P1", "--dry-run")["dry_run"] is True
    (line,) = run("batch", "-", stdin="patient erase P1 --yes\n", status=3).lines
    assert line["error"]["code"] == "usage"
    assert clinic("patient", "show", "P1")["name"] == "Anita Sharma"
    assert len(clinic("audit", "log")) == 5


# Masks


def test_masking_hides_phones_in_tables_and_not_from_programs(clinic: Ask, run: Run) -> None:
    clinic("patient", "add", "Anita Sharma", "--phone", "98765 43299", "--new")
    clinic("book", "P1", "MEHTA", "+3d")
    listings = (
        ["patient", "list"],
        ["patient", "find", "ani"],
        ["patient", "show", "P1"],
        ["patient", "duplicates"],
        ["doctor", "avail", "set", "MEHTA", "+3d", "--absent", "--on-conflict", "cancel", "--dry-run"],
        ["patient", "edit", "P1", "--note", "x", "--dry-run"],
        ["patient", "add", "New Person", "--phone", "98765 43210", "--new", "--dry-run"],
    )
    shown = [run(*each, "-o", "table", status=0).stdout for each in listings]
    assert sum("+919876543210" in each for each in shown) >= 5
    clinic("config", "mask_phones", "yes")
    for each in listings:
        answer = run(*each, "-o", "table", status=0)
        assert "9876543" not in answer.stdout + answer.stderr, each
    assert all("…210" in run(*each, "-o", "table", status=0).stdout for each in listings[:3])
    assert clinic("patient", "show", "P1")["phone"] == "+919876543210"
    for output in ("csv", "tsv", "jsonl"):
        assert "+919876543210" in run("patient", "list", "-o", output, status=0).stdout
    run("config", "mask_phones", "perhaps", status=2)
    done = [each for each in listings[4] if each != "--dry-run"]
    assert "+919876543210" in run(*done, "-o", "table", status=0).stdout, "who was cancelled has to be phoned"
    clinic("doctor", "avail", "set", "MEHTA", "+4d", "--present")
    clinic("book", "P1", "MEHTA", "+4d")
    quiet = ["doctor", "avail", "import", "-", "--on-conflict", "cancel", "-q"]
    for more, shown in ((["--dry-run"], "…210"), ([], "+919876543210")):
        assert shown in run(*quiet, *more, stdin="doctor,date,present\nMEHTA,+4d,no\n", status=0).stderr


# Where no name may stand


def marks(text: str) -> set[str]:
    return {each for each in MARKS if each in text.lower()}


def test_no_name_is_in_the_journal_the_log_or_an_error(
    ask: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, database: str, tmp_path: Path
) -> None:
    log = tmp_path / "desk.log"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    every_write.begin(ask)
    for args, stdin in DAY:
        answer = run(*args, stdin=stdin, status=0)
        assert not marks(answer.stderr), args
    for args, stdin in (*DAY, *REFUSED):
        for json_ in (True, False):
            answer = run(*args, stdin=stdin, json=json_)
            said = answer.stderr
            error = json.loads(said)["error"] if json_ and answer.status else {"code": None, "details": {}}
            about_people = error["code"] in ABOUT_PEOPLE or "candidates" in error["details"]
            assert about_people or answer.status in (5, 6) or not marks(said), (args, said)
    for table in ("journal", "journal_steps", "settings", "counters"):
        kept = stored.rows(database, f"SELECT * FROM {table}")
        assert kept
        assert not marks(repr(kept)), table
    assert marks(repr(stored.rows(database, "SELECT * FROM patients"))), "the test looks for what is there"
    assert len(log.read_text().splitlines()) > 100
    assert not marks(log.read_text())
    for command in (["audit", "log"], ["audit", "verify"], ["metrics"], ["health"], ["queue", "board", "--once"]):
        assert not marks(run(*command, json=True, status=0).stdout), command


def test_a_bug_tells_nothing_of_whom_it_was_about(clinic: Ask, run: Run, monkeypatch: Any, tmp_path: Path) -> None:
    def broken(*_: Any, **values: Any) -> None:
        raise ValueError(f"{values}")

    log = tmp_path / "desk.log"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    monkeypatch.setattr(desk.registration, "new_row", broken)
    for json_ in (True, False):
        answer = run("patient", "add", every_write.NAME, "--phone", every_write.PHONE, json=json_, status=70)
        assert not marks(answer.stderr + answer.stdout)
    assert "new_row" not in answer.stderr
    assert "registration.py" in log.read_text()
    assert not marks(log.read_text())


@pytest.mark.file
def test_what_is_read_from_stdin_stands_in_no_list_of_processes(clinic: Ask, start: Any, tmp_path: Path) -> None:
    (tmp_path / "phone.txt").write_text("98765 14703\n")
    process = start("patient", "add", "-", "--phone", f"@{tmp_path}/phone.txt", stdin=-1)
    process.stdin.write("Zyxwin ")
    process.stdin.flush()
    time.sleep(0.5)
    for name in ("cmdline", "comm", "environ"):
        assert not marks(Path(f"/proc/{process.pid}/{name}").read_bytes().decode("utf-8", "replace")), name
    process.stdin.write("Quvmark\n")
    process.stdin.close()
    process.stdin = None
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    assert "Zyxwin Quvmark" in stdout


def personal_arguments() -> Iterator[tuple[str, Any]]:
    for name, command in every_write.commands():
        for each in command.own:
            if each.name in PERSONAL and f"{name} {each.name}" not in NOT_PERSONAL and not name.startswith("audit v"):
                yield f"{name} {each.name}", each


@pytest.mark.file
@pytest.mark.parametrize(("name", "param"), [pytest.param(*each, id=each[0]) for each in personal_arguments()])
def test_every_personal_argument_can_come_from_a_file_or_stdin(name: str, param: Any, tmp_path: Path) -> None:
    assert param.type.func in parsers.PERSONAL
    said = {"born": "1980-02-01", "phone": "98765 43210", "email": "a@b.example"}.get(param.name, "P1")
    file = tmp_path / "said.txt"
    file.write_text(f"{said}\n")
    assert param.type.func(f"@{file}") == param.type.func(said)


def test_a_missing_argument_file_gets_its_own_error(clinic: Ask, refused: Refused) -> None:
    error = refused(4, "file_not_found", "patient", "add", "Zyxwin", "--phone", "@nowhere.txt")
    assert not marks(json.dumps(error))
    assert os.path.basename(error["details"]["path"]) == "nowhere.txt"
