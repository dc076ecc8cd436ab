"""The clinic's own files, named as input or target: they are refused before they are opened, and nothing is lost."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from shlex import split
from typing import Any

import pytest

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]

READS_A_FILE = (
    "patient import {}",
    "doctor import {}",
    "doctor avail import {}",
    "book @{} MEHTA",
    "patient add @{} --phone '98111 22333'",
    "patient add 'Ravi Kumar' --phone @{}",
    "patient add 'Ravi Kumar' --phone '98111 22333' --note @{}",
    "book P1 MEHTA --reason @{}",
    "patient find @{}",
    "checkin A1 --patient @{}",
    "waitlist add @{} MEHTA tomorrow",
)
"""Lines of a batch or a shell that read a file."""

ENDS = ("", "-wal", "-shm", ".lock")


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


class Open:
    """A batch or a shell that stays open: a line goes in, and its answer comes back."""

    def __init__(self, process: "subprocess.Popen[str]", *, prompt: bool) -> None:
        self.process = process
        self.prompt = prompt

    def __call__(self, line: str) -> str:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        # A shell that reads from a pipe prints nothing for a refused line; a second line shows that it is done.
        if self.prompt:
            self.process.stdin.write("config name -o tsv\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if self.prompt and "Test Clinic" not in answer:
            assert "Test Clinic" in self.process.stdout.readline()
        return answer

    def deleted(self) -> list[str]:
        """The deleted files of the database that the process has open."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        links = [os.readlink(each) for each in folder.iterdir()]
        return [each for each in links if each.endswith("(deleted)") and "clinic.db" in each]


@pytest.fixture(params=["batch", "shell"])
def opened(request: pytest.FixtureRequest, clinic: Ask, start: Start) -> Open:
    """A process whose database is named by an option, and by nothing that a line can see."""
    command = ["batch", "-"] if request.param == "batch" else ["shell", "--json"]
    process = start(
        *(*command, "--db", os.environ["CLINICCTL_DB"]),
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name != "CLINICCTL_DB"},
    )
    return Open(process, prompt=request.param == "shell")


@pytest.mark.parametrize("line", READS_A_FILE)
def test_an_open_desk_given_the_databases_own_files_loses_no_write(
    line: str, opened: Open, clinic: Ask, db: str, tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    keys = []
    for nth, end in enumerate(ENDS, start=1):
        link = tmp_path / f"link{end}"
        link.symlink_to(f"{db}{end}")
        opened(f"book P1 MEHTA +{nth}d --key before-{nth}")
        for name in (f"{db}{end}", str(link), f"{tmp_path}/x/.././clinic.db{end}"):
            answer = opened(line.format(name))
            if not opened.prompt:
                said = json.loads(answer)
                assert said["exit_code"] == 2, said
                assert "is part of the clinic's database" in said["error"]["message"], said
        clinic("book", "P2", "RAO", f"+{nth}d", "--key", f"other-{nth}")
        opened(f"book P2 MEHTA +{nth}d --key after-{nth}")
        keys += [f"{when}-{nth}" for when in ("before", "other", "after")]
    assert opened.deleted() == []
    opened.process.send_signal(signal.SIGKILL)
    opened.process.wait()
    assert set(keys) <= {each["key"] for each in clinic("audit", "log")}
    assert clinic("db", "check")["sound"]


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "line", [*READS_A_FILE, "metrics --textfile {}", "batch {}", "db backup {}", "db restore {} --yes"]
)
def test_every_command_refuses_the_databases_own_files(
    line: str, end: str, clinic: Ask, run: Run, db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if line.startswith("db restore") and not end:
        return  # A database is restored from itself to accept it as it stands.
    clinic("book", "P1", "MEHTA")
    before = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    monkeypatch.setenv("CLINICCTL_DB", str(tmp_path / "other.db"))
    answer = run(*split(line.format(f"{db}{end}")), "--db", db, json=True)
    exists = line.startswith("db backup") and os.path.exists(f"{db}{end}")
    assert answer.status == (6 if exists else 2), answer
    if not exists:
        assert "is part of the clinic's database" in answer.error["message"]
    after = {each.name: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("name", ["{}/clinic.db", "{}/clinic.db-wal", "{}/new.db-wal", "{}/./clinic.db.lock"])
@pytest.mark.parametrize("line", ["book P1 MEHTA", "bok P1", "book P1 MEHTA --nonsense", "book", "--wait x health", ""])
@pytest.mark.parametrize("named", ["", "--db=", "--db "])
def test_no_log_line_goes_into_a_file_of_the_database(
    named: str, line: str, name: str, clinic: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Path(name.format(tmp_path))
    db = f"{tmp_path}/new.db" if log.name.startswith("new") else f"{tmp_path}/clinic.db"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    monkeypatch.setenv("CLINICCTL_DB", f"{tmp_path}/elsewhere.db" if named else db)
    before = log.read_bytes() if log.exists() else None
    options = f"{named}{db}".split(" ") if named else []
    assert run(*line.split(), *options).status in (2, 10) or not line
    assert (log.read_bytes() if log.exists() else None) == before
