"""A reader that closes its pipe: no error for a command that only reads, one for a command that writes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinicctl.cli import TREE

Ask = Callable[..., Any]
Run = Callable[..., Any]

READS = (
    "--help",
    "--version",
    "",
    "book --help",
    "doctor avail",
    "patient list",
    "patient list --json",
    "patient list -o table",
    "patient find anita",
    "patient show P1",
    "patient duplicates -o csv",
    "doctor list --header",
    "doctor avail show MEHTA",
    "appointment list -o csv",
    "queue show -o csv",
    "queue board --once --json",
    "ticket A1",
    "day",
    "free",
    "status --json",
    "waitlist list --json",
    "audit log --json",
    "audit verify",
    "config",
    "config timezone",
    "config holiday list --json",
    "config visit-type list --json",
    "health",
    "help",
    "version",
    "report day",
    "report load -o csv",
    "metrics",
    "outbox list --json",
    "user list --json",
    "export appointments",
    "export patients -o jsonl",
    "db info",
    "db check --json",
    "init",
)
WRITES = (
    "book P1 MEHTA",
    "book P1 MEHTA --dry-run",
    "patient add 'Zoe Quinn' --phone none",
    "config name Other",
    "config holiday add +9d Feast",
    "doctor avail set MEHTA tomorrow --absent",
    "away RAO +4d",
    "db backup copy.db",
    "db compact",
    "demo --db demo.db",
    "close --yes",
)


@pytest.fixture
def unread(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Run a command whose output nobody reads; return how it ended, and what it said on stderr."""

    def run(command: str, stdin: bytes = b"", **environment: str) -> tuple[int, str]:
        reader, writer = os.pipe()
        os.close(reader)
        try:
            done = subprocess.run(
                f"exec {sys.executable} -m clinicctl {command}",
                shell=True,
                cwd=tmp_path,
                stdout=writer,
                stderr=subprocess.PIPE,
                input=stdin,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)} | environment,
                check=False,
                timeout=120,
            )
        finally:
            os.close(writer)
        return done.returncode, done.stderr.decode()

    return run


@pytest.mark.parametrize("command", READS)
def test_a_command_that_only_reads_ends_silently_by_the_signal(command: str, clinic: Ask, unread: Any) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    assert unread(command) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("command", WRITES)
def test_a_command_that_writes_says_that_its_answer_could_not_be_given(command: str, clinic: Ask, unread: Any) -> None:
    status, said = unread(command)
    assert status == 74
    assert "clinicctl: The result could not be printed (Broken pipe)." in said.splitlines()
    assert ("The change was written" in said) == (not command.startswith(("db", "demo")) and "--dry-run" not in command)


def test_completion_ends_as_silently(clinic: Ask, unread: Any) -> None:
    asked = {"_CLINICCTL_COMPLETE": "complete_bash", "COMP_WORDS": "clinicctl pa", "COMP_CWORD": "1"}
    assert unread("", **asked) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_long_list_stops_when_its_reader_does(unbuffered: str, clinic: Ask) -> None:
    """An unbuffered write of Python is one system call, and that may take a part of the text."""
    rows = "\n".join(f"Person{n} Number{n},none" for n in range(2000))
    clinic("patient", "import", "-", stdin=f"name,phone\n{rows}\n")
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m clinicctl patient list --json | head -c 9; echo ${{PIPESTATUS[*]}}"],
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.stdout.endswith(f"{128 + signal.SIGPIPE} 0\n"), done
    assert done.stderr == ""


def test_the_signal_ends_it_also_where_it_was_ignored_or_blocked(clinic: Ask) -> None:
    code = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})\n"
        "signal.signal(signal.SIGPIPE, signal.SIG_IGN)\n"
        f"os.execv({sys.executable!r}, [{sys.executable!r}, '-m', 'clinicctl', 'patient', 'list'])\n"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


@pytest.mark.parametrize("stdout", ["/dev/full", "closed"])
@pytest.mark.parametrize("command", ["patient list --json", "--help", "book P1 MEHTA --json"])
def test_an_output_that_is_full_or_closed_is_an_error_of_every_command(
    stdout: str, command: str, clinic: Ask, tmp_path: Path
) -> None:
    to = ">&-" if stdout == "closed" else f"> {stdout}"
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m clinicctl {command} {to}"], check=False, capture_output=True, text=True
    )
    assert done.returncode == 74
    said = json.loads(done.stderr)["error"]["message"] if "--json" in command else done.stderr
    assert "could not be printed" in said


@pytest.mark.parametrize("lines", [b"patient list\nbook P1 MEHTA\n", b"patient list\npatient list\n"])
def test_a_batch_or_shell_ends_at_the_first_answer_that_is_lost(lines: bytes, clinic: Ask, unread: Any) -> None:
    status, said = unread("batch -", stdin=lines)
    assert (status, said.count("could not be printed")) == (74, 1)
    before = len(clinic("appointment", "list"))
    status, said = unread("shell", stdin=lines)
    assert (status, said.count("could not be printed")) == (74, 1)
    assert len(clinic("appointment", "list")) == before, "nobody could learn what a later line did"


def test_the_log_has_the_end_by_the_signal(clinic: Ask, unread: Any, tmp_path: Path) -> None:
    unread("patient list", CLINICCTL_LOG=str(tmp_path / "log"))
    (line,) = [json.loads(each) for each in (tmp_path / "log").read_text().splitlines()]
    assert line["exit_code"] == 128 + signal.SIGPIPE
    assert "code" not in line


def test_every_command_stands_in_one_of_the_lists() -> None:
    named = {each.partition(" ")[0] for each in (*READS, *WRITES)}
    others = {"appt", "checkin", "walkin", "undo", "batch", "shell"}
    assert set(TREE) - others <= named
    assert shutil.which("bash")
