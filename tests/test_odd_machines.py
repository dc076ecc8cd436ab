"""Odd machines: each odd path, configuration or environment gets one line, and the right exit status."""

import os
import shlex
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinicctl.cli.shell import _History
from tests.conftest import clock_variables

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]
Finish = Callable[..., Any]


# Configuration


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config" / "clinicctl"
    folder.mkdir(parents=True)
    return folder / "config.toml"


BAD = {
    "brackets": ('wait = "5"\nactor = ' + "[" * 5_000, 2, "nested too deeply"),
    "braces": ("actor = " + "{a=" * 5_000, 1, "nested too deeply"),
    "not TOML": ('wait = "5"\n\nactor = \n', 3, "not TOML"),
    "cut off": ('wait = "5"\nactor = "', 2, "not TOML"),
    "not UTF-8": (b'wait = "5"\nactor = "\xff"\n', 2, "not UTF-8"),
    "a NUL": ('wait = "5"\nlog = "a\\u0000b"\n', 2, "log contains a NUL character"),
    "a list": ("\nwait = [1]\n", 2, "wait must be a number"),
    "a truth value": ("wait = true\n", 1, "wait must be a number"),
    "a number": ("actor = 5\n", 1, "actor must be a text in quotes"),
    "a date": ("db = 2026-01-01\n", 1, "db must be a text in quotes"),
    "a table": ("[output]\na = 1\n", 1, "output must be a text in quotes"),
    "a bad value": ('# mine\noutput = "xml"\n', 2, "output"),
    "an empty database": ('db = ""\n', 1, "empty"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_configuration_gets_one_line_with_file_and_line(
    kind: str, clinic: Ask, run: Run, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, line, problem = BAD[kind]
    config.write_bytes(content if isinstance(content, bytes) else content.encode())
    if "db" in str(content):
        monkeypatch.delenv("CLINICCTL_DB")
    for command in ("patient list", "book P1 MEHTA"):
        answer = run(*command.split())
        assert (answer.status, answer.stdout) == (2, "")
        assert answer.stderr.splitlines()[0].startswith(f"clinicctl: {config}, line {line}: ")
        assert problem in answer.stderr
    assert run("patient", "list", "--help").status == 0


def make(kind: str, path: Path) -> None:
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "larger than 64 KiB":
        with path.open("wb") as file:
            file.truncate(5 << 30)


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a device", "larger than 64 KiB"])
def test_a_configuration_that_is_no_small_file_is_refused_and_nobody_waits(
    kind: str, clinic: Ask, start: Start, finish: Finish, config: Path
) -> None:
    make(kind, config)
    answer = finish(start("patient", "list"), within=20)
    assert answer.status == 2
    assert answer.stderr.startswith(f"clinicctl: {config}: {kind}")
    assert answer.stderr.count("\n") == 1


def test_a_configuration_folder_that_is_a_file_holds_no_configuration(
    clinic: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    for folder in ("file", "file/deeper"):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / folder))
        run("patient", "list", status=0)


def test_the_databases_own_file_is_no_configuration(clinic: Ask, refused: Refused, config: Path) -> None:
    config.symlink_to(os.environ["CLINICCTL_DB"])
    refused(2, "invalid_value", "patient", "list")


# The database's path


@pytest.mark.parametrize("named", ["--db ''", "--db=", "CLINICCTL_DB="])
@pytest.mark.parametrize("command", ["patient list", "init", "book P1 MEHTA", "demo", "health", "batch -"])
def test_an_empty_name_of_a_database_is_refused_and_never_the_default_one(
    command: str, named: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLINICCTL_DB")
    options = shlex.split(named) if named.startswith("--") else []
    if not options:
        monkeypatch.setenv("CLINICCTL_DB", "")
    answer = run(*command.split(), *options, stdin="")
    assert answer.status == 2
    assert "empty" in answer.stderr
    assert not (tmp_path / "data").exists()


def test_a_path_that_is_not_utf_8_works(clinic: Ask, start: Start, finish: Finish, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff caf\xe9 %41?#"
    os.mkdir(folder, 0o700)
    db, copy, log = (os.fsdecode(folder + name) for name in (b"/clinic\xfe.db", b"/copy\xfe.db", b"/log\xfe"))

    def done(*args: str, **kwargs: Any) -> Any:
        answer = finish(start(*args, "--db", db, "--json", env={**os.environ, "CLINICCTL_LOG": log}, **kwargs))
        assert answer.status == 0, (args, answer)
        return answer

    assert "\\xfe" in done("init", "--timezone", "UTC", "--region", "IN").json["path"]
    done("patient", "add", "Anita Sharma", "--phone", "none")
    done("doctor", "add", "MEHTA", "Dr. Asha Mehta")
    done("book", "P1", "MEHTA", "--key", "k")
    for command in ("health", "db info", "db check", "db compact", f"db backup '{copy}'", "db backup ."):
        done(*shlex.split(command), cwd=folder)
    assert done("db", "restore", copy, "--yes", "--key", "r").json["file"].endswith("copy\\xfe.db")
    done("db", "restore", copy, "--yes", "--key", "r")
    done("metrics", "--textfile", os.fsdecode(folder + b"/m\xfe.prom"))
    done("patient", "add", "Zoe Quinn", "--phone", "none")
    done("patient", "erase", "P2", "--yes")
    (tmp_path / "line.txt").write_text("book P1 MEHTA +1d\n")
    done("batch", str(tmp_path / "line.txt"))
    assert done("audit", "verify").json["writes"] >= 5
    assert os.path.getsize(log)


def in_a_folder_that_is_gone(args: list[str], folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    code = (
        "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
        f"from clinicctl.cli import run; sys.exit(run({args!r}))"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
    # As the installed program: without the working folder, where Python looks for modules.
    command = [sys.executable, "-P", "-c", code]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        "db backup copy.db",
        "db backup .",
        "db restore copy.db --yes",
        "patient list --db clinic.db",
        "init --db clinic.db",
        "health --db clinic.db",
        "patient import people.csv",
        "batch lines.txt",
        "book @patient.txt MEHTA",
        "metrics --textfile m.prom",
    ],
)
def test_a_working_folder_that_is_gone_is_told(command: str, clinic: Ask, tmp_path: Path) -> None:
    done = in_a_folder_that_is_gone(shlex.split(command), tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (74, 1), done
    assert "No such file or directory" in done.stderr


def test_a_relative_log_in_a_working_folder_that_is_gone_is_told(clinic: Ask, tmp_path: Path) -> None:
    done = in_a_folder_that_is_gone(["patient", "list"], tmp_path, CLINICCTL_LOG="log")
    assert (done.returncode, done.stderr.count("\n")) == (74, 1)


# What init refuses


@pytest.mark.parametrize("what", ["a text", "a database of another program", "a link that leads nowhere", "a folder"])
def test_init_leaves_no_lock_beside_what_it_refuses(what: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "thing.db"
    if what == "a text":
        path.write_text("to do\n")
    elif what == "a database of another program":
        with closing(sqlite3.connect(path)) as other:
            other.execute("CREATE TABLE mine (id)")
    elif what == "a folder":
        path.mkdir()
    else:
        path.symlink_to("nowhere.db")
    before = sorted(os.listdir(tmp_path))
    answer = run("init", "--db", str(path), json=True)
    assert answer.status == 10
    assert "chmod" not in answer.stderr
    assert sorted(os.listdir(tmp_path)) == before
    assert run("init", "--db", "/dev/null", json=True, status=10).error["code"] == "not_a_clinic_database"
    assert not os.path.exists("/dev/null.lock")


# Completion


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"COMP_WORDS": "clinicctl book"},
        {"COMP_CWORD": "1"},
        {"COMP_WORDS": "clinicctl book 'ani", "COMP_CWORD": "2"},
        {"COMP_WORDS": 'clinicctl book "ani', "COMP_CWORD": "2"},
        {"COMP_WORDS": "clinicctl book P1 ", "COMP_CWORD": "many"},
        {"COMP_WORDS": "clinicctl book @{pipe} ", "COMP_CWORD": "3"},
        {"_TYPER_COMPLETE_ARGS": "clinicctl book 'ani"},
    ],
    ids=str,
)
@pytest.mark.parametrize("shell", ["complete_bash", "complete_zsh", "complete_fish"])
def test_a_completion_that_cannot_be_made_is_silent(
    shell: str, words: dict[str, str], clinic: Ask, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    env = {name: value.format(pipe=tmp_path / "pipe") for name, value in words.items()}
    done = subprocess.run(
        [sys.executable, "-m", "clinicctl"],
        env={**os.environ, **clock_variables(), **env, "_CLINICCTL_COMPLETE": shell},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.stderr == ""


# Targets that exist


@pytest.mark.parametrize("kind", ["a backup", "a text", "a link", "a pipe", "a device"])
def test_metrics_replace_only_metrics(kind: str, clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if kind == "a backup":
        clinic("db", "backup", str(target))
    elif kind == "a text":
        target.write_text("to do\n")
    elif kind == "a link":
        (tmp_path / "other").write_text("# HELP clinicctl_patients\n")
        target.symlink_to("other")
    elif kind == "a pipe":
        os.mkfifo(target)
    else:
        target = Path("/dev/null")
    mode = os.lstat(target).st_mode
    content = target.read_bytes() if stat.S_ISREG(mode) else None
    refused(6, "exists", "metrics", "--textfile", str(target))
    assert os.lstat(target).st_mode == mode
    assert content is None or target.read_bytes() == content


def test_metrics_go_into_a_new_or_empty_file_or_over_older_metrics(clinic: Ask, run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("empty", "empty", "new"):
        run("metrics", "--textfile", str(tmp_path / name), status=0)
        assert (tmp_path / name).read_text().startswith("# HELP ")


def test_a_history_that_is_a_pipe_keeps_nobody_waiting(
    clinic: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "clinicctl").mkdir(parents=True)
    os.mkfifo(tmp_path / "state" / "clinicctl" / "shell_history")
    history = _History()
    history.remember(["patient", "list"])
    assert os.listdir(tmp_path / "state" / "clinicctl") == ["shell_history"]
