"""Between the commit and the last byte of the answer: what cannot be answered is told, with how to read it again."""

import json
import os
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl import errors, interrupts, render, settings
from clinicctl.store.sqlite import backup
from tests import every_write, stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[..., Any]


def limited(what: int, size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (size, size))


@pytest.fixture
def lines(tmp_path: Path) -> str:
    """A batch with one booking, whose answers are longer than its writes."""
    file = tmp_path / "lines.txt"
    file.write_text("book P1 MEHTA +1d --key k\n" + "audit log\n" * 1_000)
    return str(file)


@pytest.mark.parametrize("output", settings.FORMATS)
def test_every_write_has_an_answer_in_every_format(output: str, ask: Ask, run: Run) -> None:
    ask("init", "--name", "Test Clinic", "--timezone", "Asia/Kolkata", "--region", "IN")
    for args, stdin in every_write.DAY:
        answer = run(*args, "-o", output, stdin=stdin, status=0)
        assert answer.stdout.strip(), args


def test_an_atomic_batch_whose_answers_cannot_be_kept_writes_nothing(
    lines: str, clinic: Ask, start: Start, finish: Finish, tmp_path: Path, database: str
) -> None:
    """Files may not grow beyond a size that the database does not reach, but the answers do."""
    folder = str(tmp_path / "temporary")
    os.mkdir(folder)
    most = limited(resource.RLIMIT_FSIZE, 600_000)
    batch = start("batch", "--atomic", lines, preexec_fn=most, env={**os.environ, "TMPDIR": folder})
    answer = finish(batch)
    assert (answer.status, answer.stdout) == (74, ""), answer.stderr
    assert answer.stderr == f"clinicctl: {folder}: File too large. Nothing was written.\n"
    assert clinic("appointment", "list") == []
    clinic("book", "P1", "MEHTA", "+1d", "--key", "k")
    if not stored.is_on_server(database):
        assert os.path.getsize(database) < 600_000


def test_an_atomic_batch_without_a_temporary_folder_writes_nothing(lines: str, clinic: Ask) -> None:
    """Python looks for one in several places, but in none where a file may not have a byte."""
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        f"from clinicctl.cli import run; sys.exit(run(['batch', '--atomic', {lines!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 74
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert clinic("appointment", "list") == []


@pytest.mark.parametrize("options", [["--atomic"], []], ids=["atomic", "one by one"])
def test_a_batch_that_cannot_print_answers_says_the_writes_were_done(
    options: list[str], lines: str, clinic: Ask, start: Start, finish: Finish
) -> None:
    with open("/dev/full", "w") as full:
        answer = finish(start("batch", *options, lines, stdout=full))
    assert answer.status == 74
    assert answer.stderr.endswith("  Some lines were written: see `clinicctl audit log`.\n")
    assert [each["key"] for each in clinic("appointment", "list")] == ["k"]


@pytest.mark.parametrize("options", [["--atomic"], []], ids=["atomic", "one by one"])
def test_a_signal_while_answers_are_printed_says_that_the_writes_stand(
    options: list[str], lines: str, clinic: Ask, start: Start
) -> None:
    """Nobody reads the answers, so that the batch waits in the midst of them."""
    batch = start("batch", *options, lines)
    assert batch.stdout
    assert batch.stderr
    assert batch.stdout.read(1) == "{"
    time.sleep(0.5)
    batch.terminate()
    assert batch.stderr.read() == ("clinicctl: Terminated. Some lines were written: see `clinicctl audit log`.\n")
    assert batch.wait(30) == 143
    assert [each["key"] for each in clinic("appointment", "list")] == ["k"]


@pytest.mark.parametrize("key", [[], ["--key", "mine"]], ids=["a key made up", "a key of the caller"])
def test_a_write_whose_answer_cannot_be_printed_says_how_to_read_it(
    key: list[str], clinic: Ask, start: Start, finish: Finish
) -> None:
    with open("/dev/full", "w") as full:
        answer = finish(start("book", "P1", "MEHTA", "+1d", *key, stdout=full))
    assert answer.status == 74
    found = re.search(
        r"The change was written\. Run the command again with --key (\S+) to get its answer\.\n$", answer.stderr
    )
    assert found
    again = clinic("book", "P1", "MEHTA", "+1d", "--key", found[1])
    assert (again["number"], again["replayed"]) == ("A1", True)
    with open("/dev/full", "w") as full:
        read = finish(start("appointment", "list", stdout=full))
        dry = finish(start("book", "P1", "MEHTA", "+2d", "--dry-run", stdout=full))
    assert "was written" not in read.stderr + dry.stderr


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (RuntimeError("Anita Sharma"), 70, "internal"),
        (MemoryError(), 74, "out_of_memory"),
        (interrupts.Interrupt(15), 143, "interrupted"),
    ],
    ids=["a bug", "no memory", "a signal"],
)
def test_what_fails_after_the_commit_says_that_the_write_stands(
    failure: BaseException, status: int, code: str, clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(render, "result", fail)
        error = run("book", "P1", "MEHTA", "+1d", "--key", "k", json=True, status=status).error
        assert "The change was written" not in str(run("patient", "list", json=True, status=status).error)
    assert error["code"] == code
    said = error["message"] if code == "interrupted" else error["hint"]
    assert said.endswith("The change was written. Run the command again with --key k to get its answer.")
    assert clinic("book", "P1", "MEHTA", "+1d", "--key", "k")["replayed"]


def test_an_answer_that_cannot_be_made_costs_no_other_line_its_own(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = render.answer

    def fail(line: int, status: int, value: Any, refused: errors.Refusal | None) -> str:
        if line == 2 and refused is None:
            raise RuntimeError("Anita Sharma")
        return made(line, status, value, refused)

    with monkeypatch.context() as patch:
        patch.setattr(render, "answer", fail)
        stdin = "".join(f"book P1 MEHTA +{nth}d --key k{nth}\n" for nth in (1, 2, 3))
        answers = run("batch", "-", stdin=stdin, status=3).lines
    assert [each["exit_code"] for each in answers] == [0, 70, 0]
    assert "--key k2" in answers[1]["error"]["hint"]
    assert [each["key"] for each in clinic("appointment", "list")] == ["k1", "k2", "k3"]


def test_a_list_of_whom_to_call_that_cannot_be_given_is_an_error(clinic: Ask, start: Start, finish: Finish) -> None:
    clinic("book", "P1", "MEHTA", "+1d")
    command = ["doctor", "avail", "set", "MEHTA", "+1d", "--absent", "--on-conflict", "cancel", "--yes", "-o", "csv"]
    with open("/dev/full", "w") as full:
        answer = finish(start(*command, stderr=full))
    assert answer.status == 74


def test_memory_that_runs_out_is_told_in_one_line(clinic: Ask, start: Start, finish: Finish, tmp_path: Path) -> None:
    """By whatever limit of memory: at the first import of a module, or in the midst of the work.

    CPython and its extensions do not survive each of these limits: a few end by a signal, or in another error.
    """
    rows = "".join(f"Patient Nr{nth},+91 98{nth:08d}\n" for nth in range(20_000))
    (tmp_path / "people.csv").write_text(f"name,phone\n{rows}")
    seen = []
    for megabytes in range(30, 130, 5):
        memory = limited(resource.RLIMIT_AS, megabytes << 20)
        answer = finish(start("patient", "import", str(tmp_path / "people.csv"), "--json", "-n", preexec_fn=memory))
        seen.append(answer.status)
        if answer.status > 0:
            assert (answer.status in (70, 74), answer.stdout) == (True, ""), (megabytes, answer)
            assert answer.stderr.count("\n") == 1, (megabytes, answer.stderr)
            assert "no memory left" in answer.stderr or "internal" in answer.stderr
    assert seen.count(74) > len([each for each in seen if each not in (0, 74)])
    assert len(clinic("patient", "list")) == 2


# Backups


def test_backup_rotation_goes_by_journal_and_not_by_clock(clinic: Ask, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    made = {}
    for nth, year in enumerate((2031, 2026, 2029, 2027), start=1):
        clinic("book", "P1", "MEHTA", f"+{nth}d")
        with freeze_time(f"{year}-05-04T10:00:00+00:00"):
            made[year] = clinic("db", "backup", str(folder))["path"]
    clinic("book", "P1", "MEHTA", "+9d")
    last = clinic("db", "backup", str(folder), "--keep", "3")
    assert last["removed"] == [made[2031], made[2026]]
    assert {str(each) for each in folder.iterdir()} == {made[2029], made[2027], last["path"]}


def test_an_older_backup_that_cannot_be_removed_does_not_spoil_the_answer(
    clinic: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    made = [clinic("db", "backup", str(folder))["path"] for _ in range(2)]
    unlink = os.unlink

    def refuse(path: Any, **options: Any) -> None:
        if str(path) == made[0]:
            raise PermissionError(13, "Operation not permitted")
        unlink(path, **options)

    monkeypatch.setattr(backup.os, "unlink", refuse)
    assert clinic("db", "backup", str(folder), "--keep", "1")["removed"] == [made[1]]
    assert json.loads(json.dumps(made))[0] in {str(each) for each in folder.iterdir()}
