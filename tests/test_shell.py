"""The shell: the same commands at a prompt, each settled before it is answered, and nobody's name kept."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from clinicctl import interrupts, render
from clinicctl.cli import Root, app, fast_parse

Ask = Callable[..., Any]
Run = Callable[..., Any]


class Terminal:
    """A command in a terminal, the shell by default, typed into as by hand."""

    def __init__(self, *args: str) -> None:
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "clinicctl", *(args or ("shell",))],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=lambda: os.login_tty(slave),
            pass_fds=(slave,),
            env={**os.environ, "TERM": "dumb", "INPUTRC": "/dev/null", "COLUMNS": "200"},
        )
        os.close(slave)
        self.seen = ""

    def type(self, keys: str, until: str = "clinicctl[^\n]*> $") -> str:
        """Type when the shell waits for it, and return what the terminal shows until a pattern has come."""
        self.wait_until_it_waits()
        os.write(self.master, keys.encode())
        return self.read(until)

    def wait_until_it_waits(self) -> None:
        """A key is echoed before Python's readline waits for the next; it sees a Ctrl-C in between only at that one."""
        asleep = 0
        while asleep < 3 and self.process.poll() is None:
            state = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(") ")[2][0]
            asleep = asleep + 1 if state == "S" else 0
            time.sleep(0.01)

    def read(self, until: str = "clinicctl[^\n]*> $", within: float = 30) -> str:
        shown, end = "", time.monotonic() + within
        while not re.search(until, shown):
            assert time.monotonic() < end, f"no {until!r} in {shown!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                shown += os.read(self.master, 65_536).decode(errors="replace").replace("\r", "")
        self.seen += shown
        return shown


@pytest.fixture
def terminal(clinic: Ask) -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.process.kill()
    terminal.process.wait()
    os.close(terminal.master)


def history(tmp_path: Path) -> str:
    found = list(tmp_path.rglob("shell_history"))
    assert len(found) == 1, found
    assert found[0].stat().st_mode & 0o777 == 0o600
    return found[0].read_text()


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_day_at_the_prompt(terminal: Terminal, clinic: Ask) -> None:
    terminal.read()
    assert "Booked A1: P1 Anita Sharma with MEHTA" in terminal.type("book anita MEHTA\n")
    assert clinic("appointment", "show", "A1")["status"] == "booked", "what is answered, stands"
    assert "position 1" in terminal.type("checkin .\n")
    assert "No such command" in terminal.type("chekin A1\n")
    assert "Mumtaz" in terminal.type("patient show P2\n", until="clinicctl P2 Mumtaz Anwar> $")
    terminal.type("\x04", until="")
    assert terminal.process.wait(30) == 0


def test_ctrl_c_drops_the_line_and_not_the_shell(terminal: Terminal, clinic: Ask) -> None:
    terminal.read()
    terminal.type("book P1 MEH", until="MEH$")
    terminal.type("\x03")
    assert clinic("appointment", "list") == []
    assert "Booked A1" in terminal.type("book P1 MEHTA\n")


def test_commands_codes_and_days_are_completed_and_patients_never(terminal: Terminal, clinic: Ask) -> None:
    clinic("config", "mask_names", "yes")
    terminal.read()
    assert "appointment" in terminal.type("appo\t", until="appointment ")
    terminal.type("\x15", until="")
    assert "book P1 MEHTA tomorrow" in terminal.type("book P1 me\tto\t\n".replace("me", "ME").replace("to", "tom"))
    terminal.type("patient show ani\t\t", until="ani")
    time.sleep(0.5)
    terminal.type("\x15\n")
    assert "Anita" not in terminal.seen.rpartition("patient show")[2]


def test_the_history_has_the_commands_and_nobody_in_it(terminal: Terminal, tmp_path: Path) -> None:
    terminal.read()
    terminal.type("patient add 'Zoë Quinn' --phone '+91 99999 88888' --note 'afraid of needles'\n")
    terminal.type("book zoë MEHTA tomorrow --reason 'a bad tooth'\n")
    terminal.type("patient show P1\n")
    terminal.type("bok zoë MEHTA\n")
    terminal.type("book zoë Quinn MEHTA\n")
    terminal.type("queue show zoë\n")
    terminal.type("patient find 0999998888\n")
    kept = history(tmp_path)
    assert kept.splitlines() == [
        "patient add _ --phone _ --note _",
        "book _ MEHTA tomorrow --reason _",
        "patient show P1",
        "queue show _",
        "patient find _",
    ]
    terminal.type("\x1b[A\x1b[A\x1b[A\x1b[A", until="book _ MEHTA tomorrow --reason _$")


def test_what_may_be_about_a_person_is_not_kept_whatever_the_command() -> None:
    root = get_command(app)
    assert isinstance(root, Root)
    for words, kept in (
        (["book", "Anita", "Sharma", "MEHTA"], ["book", "_", "_", "_"]),
        (["book", "P1", "mehta", "2026-11-23"], ["book", "P1", "mehta", "2026-11-23"]),
        (["queue", "show", "Anita"], ["queue", "show", "_"]),
        (["queue", "call", "MEHTA", "3"], ["queue", "call", "MEHTA", "3"]),
        (["appt", "list", "--doctor", "Sharma", "--day", "anita"], ["appt", "list", "--doctor", "_", "--day", "_"]),
        (["patient", "import", "anita.csv"], ["patient", "import", "_"]),
        (["patient", "list", "--limit", "98765"], ["patient", "list", "--limit", "_"]),
        (["free", "-o", "json", "--actor", "anita"], ["free", "-o", "json", "--actor", "_"]),
        (["config", "timezone", "anita"], ["config", "timezone", "_"]),
        (
            ["doctor", "avail", "weekly", "RAO", "mon-fri", "--off"],
            ["doctor", "avail", "weekly", "RAO", "mon-fri", "--off"],
        ),
        (["book", "anita", "MEHTA", "-1d"], ["book", "_", "MEHTA", "-1d"]),
        (["book", ".", "MEHTA"], ["book", ".", "MEHTA"]),
        (["checkin", "anita sharma", "--patient", "P2"], ["checkin", "_", "--patient", "P2"]),
        (["appt", "cancel", "A1", "--reason", "x"], ["appt", "cancel", "A1", "--reason", "_"]),
        (["waitlist", "add", "0987654321", "MEHTA", "mon"], ["waitlist", "add", "_", "MEHTA", "mon"]),
        (["patient", "edit", "P1", "--born", "1980-01-01"], ["patient", "edit", "P1", "--born", "_"]),
        (["anita"], None),
        (["book", "P1", "MEHTA", "today", "anita"], None),
        (["book", "P1", "MEHTA", "--raeson", "anita"], None),
    ):
        assert fast_parse.without_people(root, words, ["MEHTA", "RAO"]) == kept


def test_in_a_pipe_it_prompts_for_nothing_and_ends_with_the_last_status(clinic: Ask, run: Run) -> None:
    answer = run("shell", stdin="book P1 MEHTA --json\n# a remark\nbook . MEHTA\n", status=6)
    assert answer.lines[0]["number"] == "A1"
    assert "clinicctl>" not in answer.stdout
    assert "P1 already has appointment A1 with MEHTA" in answer.stderr
    assert run("shell", stdin="exit\nbook P1 RAO\n").status == 0
    assert run("shell", stdin="patient show .\n", status=2).stdout == ""
    assert run("shell", stdin="batch -\n", status=2).stdout == ""


def test_ctrl_c_while_a_result_is_printed_drops_the_line_and_not_the_shell(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = render.result

    def interrupted(*args: Any, **kwargs: Any) -> None:
        monkeypatch.setattr(render, "result", printed)
        raise interrupts.Interrupt(signal.SIGINT)

    monkeypatch.setattr(render, "result", interrupted)
    answer = run("shell", stdin="patient list\npatient show P1\n", status=0)
    assert (answer.stdout.count("Anita"), answer.stderr) == (1, "clinicctl: Interrupted.\n")
    monkeypatch.setattr(render, "result", interrupted)
    assert run("shell", stdin="patient list\n", status=130).stdout == ""


def test_an_open_quote_is_refused_as_any_usage_is(clinic: Ask, run: Run) -> None:
    assert run("shell", stdin="book 'P1 MEHTA\n", status=2).stderr == "clinicctl: A quote is not closed.\n"
    assert run("shell", stdin="book 'P1 MEHTA\n", json=True, status=2).error["code"] == "usage"
    assert (
        run("shell", stdin="book 'P1 MEHTA\nbook P1 MEHTA\n", status=0).stderr == "clinicctl: A quote is not closed.\n"
    )


def test_the_patient_last_spoken_of_may_be_the_value_of_an_option(clinic: Ask, run: Run) -> None:
    answer = run("shell", "--json", stdin="book P1 RAO\nappointment list --patient=.\n", status=0)
    assert [each["number"] for each in json.loads(answer.stdout.splitlines()[1])] == ["A1"]
