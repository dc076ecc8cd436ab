"""A path where no database can be, and a file of another user: one sentence that says what is there and whose it is."""

import json
import os
import pwd
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

ROOT = os.geteuid() == 0
OTHER = 65_534
"""The user who may do nothing: `nobody`."""

READS = ("patient list", "config", "db info", "db check", "audit verify", "metrics")
WRITES = ("config name X", "doctor add N 'Dr N'", "db compact", "db migrate")
MAKES = ("init", "demo", "db restore {backup} --yes")

# Everything is imported before the user changes: the other one may not be allowed to read the program.
AS_ANOTHER = """
import os, sys
from clinicctl import desk, machine
from clinicctl.cli import TREE, run
from clinicctl.render import machine as formats, tables
machine.region(os.environ, machine.timezone(os.environ))
for name in desk.__all__:
    getattr(desk, name)
from clinicctl.store.sqlite import backup, check, erasure, group_commit, health, receiving, replacement, sharing, store
for module, _ in TREE.values():
    __import__(f"clinicctl.cli.{module}")
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
status = run(sys.argv[1:])
sys.stdout.flush()
os._exit(status)
"""


@pytest.fixture
def backup(clinic: Ask, tmp_path: Path) -> str:
    clinic("db", "backup", str(tmp_path / "backup.db"))
    return str(tmp_path / "backup.db")


def split(command: str, backup: str = "") -> list[str]:
    return shlex.split(command.format(backup=backup))


def listing(folder: Path) -> list[str]:
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))


@pytest.mark.parametrize("command", [*READS, *WRITES, *MAKES, "db backup {backup}.2", "shell", "batch -"])
def test_a_folder_is_no_clinic_database(command: str, clinic: Ask, run: Run, backup: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    before = listing(tmp_path)
    lines = "patient list\n" if command in ("shell", "batch -") else None
    answer = run(*split(command, backup), "--db", str(folder), json=True, stdin=lines)
    if command == "batch -":
        assert (answer.status, answer.lines[0]["exit_code"]) == (3, 10)
        error = answer.lines[0]["error"]
    else:
        assert answer.status == 10
        error = json.loads(answer.stderr)["error"]
    assert (error["code"], "is a folder" in error["message"]) == ("not_a_clinic_database", True)
    assert listing(tmp_path) == before


def test_health_says_that_it_is_a_folder(run: Run, tmp_path: Path) -> None:
    answer = run("health", "--db", str(tmp_path), json=True, status=10)
    assert "is a folder" in answer.json["findings"][0]["problem"]


@pytest.mark.parametrize("command", [*READS, *WRITES, *MAKES])
def test_a_device_is_refused_without_advice_to_change_its_mode(
    command: str, clinic: Ask, refused: Refused, backup: str
) -> None:
    error = refused(10, "not_a_clinic_database", *split(command, backup), "--db", "/dev/null")
    assert "chmod" not in json.dumps(error)


@pytest.mark.parametrize("command", [*READS, *WRITES])
def test_a_path_through_a_file_leads_to_no_database(command: str, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    error = refused(10, "no_database", *split(command), "--db", str(tmp_path / "file" / "deep" / "x.db"))
    assert error["hint"] == f"{tmp_path / 'file'} is a file, not a folder."


@pytest.mark.parametrize("command", MAKES)
def test_no_database_is_made_below_a_file(
    command: str, clinic: Ask, refused: Refused, backup: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("x")
    error = refused(74, "io_error", *split(command, backup), "--db", str(tmp_path / "file" / "deep" / "x.db"))
    assert f"{tmp_path / 'file'} is a file, not a folder" in error["message"]


@pytest.mark.parametrize("below", ["", "/x.db"])
@pytest.mark.parametrize("command", [*READS, *WRITES, *MAKES])
def test_a_link_that_leads_nowhere_is_named_with_its_target(
    below: str, command: str, clinic: Ask, refused: Refused, backup: str, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    before = listing(tmp_path)
    error = refused(10, "no_database", *split(command, backup), "--db", f"{link}{below}")
    assert f"{link} is a link to nowhere, where nothing is" in error["hint"]
    assert listing(tmp_path) == before


def test_links_in_a_circle_are_an_error_of_the_path(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    for command in (*READS, *WRITES, "init", "demo"):
        assert "symbolic links" in refused(74, "io_error", *split(command), "--db", str(tmp_path / "one"))["message"]


# Another user


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory(prefix="clinic-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        for each in (Path(folder), *Path(folder).rglob("*")):
            os.chmod(each, 0o700)


def as_another(*args: str, db: Path) -> tuple[int, dict[str, Any], Any]:
    """Run a command as a user who owns nothing; where only one user can be had, his files are closed to himself."""
    done = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, *args, "--json"],
        env=os.environ | {"CLINICCTL_DB": str(db), "TZ": "UTC", "HOME": "/", "XDG_CONFIG_HOME": "/nowhere"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    error = json.loads(done.stderr)["error"] if done.stderr else {}
    return done.returncode, error, json.loads(done.stdout) if done.stdout else None


def whose(path: Path, kind: str) -> str:
    mode = f"{path.stat().st_mode & 0o7777:04o}"
    return f"permission denied: the {kind} {path} belongs to {pwd.getpwuid(os.getuid()).pw_name} (mode {mode})"


@pytest.mark.parametrize("command", [*READS, *WRITES, "init", "db restore {backup} --yes"])
def test_a_file_of_another_user_is_refused_with_the_owner(command: str, run: Run, place: Path) -> None:
    db = place / "clinic.db"
    run("init", "--db", str(db), status=0)
    backup = place / "backup.db"
    run("db", "backup", str(backup), "--db", str(db), status=0)
    db.chmod(0o600 if ROOT else 0o000)
    (place / "clinic.db.lock").chmod(0o600 if ROOT else 0o000)
    os.chmod(backup, 0o644)
    before = db.stat()
    status, error, _ = as_another(*split(command, str(backup)), db=db)
    assert (status, error["code"] in ("io_error", "read_only")) == (74, True), error
    assert whose(db, "file") in error["message"]
    assert db.stat() == before


@pytest.mark.parametrize("command", [*WRITES, "db restore {backup} --yes"])
def test_a_file_that_may_be_read_only_is_refused_to_whoever_writes(command: str, run: Run, place: Path) -> None:
    db = place / "clinic.db"
    run("init", "--db", str(db), status=0)
    backup = place / "backup.db"
    run("db", "backup", str(backup), "--db", str(db), status=0)
    os.chmod(backup, 0o644)
    db.chmod(0o644 if ROOT else 0o444)
    status, error, _ = as_another(*split(command, str(backup)), db=db)
    assert (status, error["code"]) == (74, "read_only"), error
    assert whose(db, "file") in error["message"]


@pytest.mark.parametrize("command", [*READS, *WRITES, "init", "demo"])
def test_a_folder_that_may_not_be_entered_is_named(command: str, run: Run, place: Path) -> None:
    closed = place / "closed"
    closed.mkdir()
    db = closed / "deep" / "clinic.db"
    run("init", "--db", str(db), status=0)
    closed.chmod(0o700 if ROOT else 0o000)
    status, error, _ = as_another(*split(command), db=db)
    assert (status, error["code"]) == (74, "io_error"), error
    assert whose(closed, "folder") in error["message"]


@pytest.mark.parametrize("command", ["init", "demo"])
@pytest.mark.parametrize("below", ["clinic.db", "deep/er/clinic.db"])
def test_a_folder_that_may_not_be_written_to_is_named(command: str, below: str, place: Path) -> None:
    place.chmod(0o755 if ROOT else 0o555)
    status, error, _ = as_another(command, db=place / below)
    assert (status, error["code"]) == (74, "read_only"), error
    assert whose(place, "folder") in error["message"]


def test_health_says_whose_it_is(run: Run, place: Path) -> None:
    db = place / "clinic.db"
    run("init", "--db", str(db), status=0)
    db.chmod(0o600 if ROOT else 0o000)
    status, error, found = as_another("health", db=db)
    assert (status, error) == (10, {})
    assert whose(db, "file") in found["findings"][0]["problem"]
