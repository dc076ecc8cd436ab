"""Runs of senders that are killed, or asked to stop, at every line of their code.

Each message is sent at least once and marked once, and only the one in hand is sent a second time.
"""

import json
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]

EVERY = 20 * 60
"""Seconds between two runs: each lease of the one before is over."""

FORKER = """
import gc, importlib, json, os, signal, sys
from clinicctl import desk, settings
from clinicctl.cli import TREE, run
import clinicctl.cli.sending, clinicctl.senders.program

for name in desk.__all__:
    getattr(desk, name)
for module, _ in TREE.values():
    importlib.import_module(f"clinicctl.cli.{module}")
gc.freeze()
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)
OWN = ("cli/sending.py", "senders/program.py", "desk/sending.py")

def traced(at, number):
    seen = 0
    def event(frame, kind, _):
        nonlocal seen
        if not frame.f_code.co_filename.endswith(OWN):
            return None
        seen += 1
        if seen == at:
            os.kill(os.getpid(), number)
        return event
    sys.settrace(event)
    return lambda: seen

for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{asked['folder']}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.environ[settings.CLOCK_SHIFT] = str(asked["shift"])
        count = traced(asked["at"], asked["signal"])
        status = run(asked["args"])
        sys.settrace(None)
        with open(f"{asked['folder']}/events", "w") as file:
            file.write(str(count()))
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Points:
    """Runs commands as forks, each with a signal at one of the events of the code of senders, or with none."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shift = folder, 0
        self.notes = folder / "notes"
        self.notes.write_text("")
        self.program = folder / "send"
        self.program.write_text(
            f'#!/bin/sh\nread -r line\n[ "$line" ] || exit 1\nprintf \'%s\\n\' "$line" >> {self.notes}\necho SM1\n'
        )
        self.program.chmod(0o700)
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
        self.process = subprocess.Popen([sys.executable, "-c", FORKER], text=True, **pipes)  # type: ignore[call-overload]

    def __call__(self, *args: str, at: int = 0, number: int = 0) -> int:
        asked = {"args": args, "at": at, "signal": number, "shift": self.shift, "folder": str(self.folder)}
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def send(self, *, at: int = 0, number: int = 0) -> int:
        return self("outbox", "run", "-q", "--exec", str(self.program), at=at, number=number)

    def book(self, nth: int) -> None:
        """Book two visits, each of which has a message."""
        for doctor in ("MEHTA", "RAO"):
            assert self("book", "P1", doctor, f"+{30 + nth}d", "-q") == 0, (self.folder / "err").read_text()

    @property
    def events(self) -> int:
        return int((self.folder / "events").read_text())

    @property
    def sent(self) -> Counter[str]:
        return Counter(json.loads(line)["deduplication_id"] for line in self.notes.read_text().splitlines())


@pytest.fixture
def points(clinic: Ask, tmp_path: Path) -> Iterator[Points]:
    clinic("config", "notify", "on")
    clinic("config", "quiet_hours", "")
    clinic("config", "reminders", "")
    folder = tmp_path / "points"
    folder.mkdir()
    found = Points(folder)
    yield found
    found.process.communicate(timeout=60)


def marked(clinic: Ask) -> Counter[str]:
    """Count the marks of each message in the journal."""
    keys = [each["key"] or "" for each in clinic("audit", "log")]
    return Counter(
        each.removeprefix("outbox-sent-").rpartition("-")[0] for each in keys if each.startswith("outbox-sent-")
    )


def states(clinic: Ask) -> Counter[str]:
    return Counter(each["state"] for each in clinic("outbox", "list"))


def kill(points: Points, clinic: Ask, step: int) -> None:
    """Kill runs at lines that are so many events apart; each time another run goes on."""
    points.book(0)
    assert points.send() == 0
    events = points.events
    assert events > 100
    killed = 0
    instants = range(random.SystemRandom().randint(1, step), events + 1, step)
    for at in instants:
        points.book(at)
        before = points.sent
        killed += points.send(at=at, number=signal.SIGKILL) == -signal.SIGKILL
        points.shift += EVERY
        assert points.send() == 0
        own = {name: count - before[name] for name, count in points.sent.items() if count > before[name]}
        assert len(own) == 2, (at, own)
        assert sorted(own.values()) in ([1, 1], [1, 2]), (at, own)
    # How often a run looks whether its program has ended differs: some runs were over before their event.
    assert killed > 0.8 * len(instants)
    assert states(clinic) == {"sent": 2 * (len(instants) + 1)}
    assert marked(clinic) == dict.fromkeys(points.sent, 1)
    assert clinic("db", "check")["sound"]
    assert 0 < sum(count == 2 for count in points.sent.values()) < killed * 0.7


def test_a_run_killed_at_a_line_sends_each_message_and_marks_it_once(points: Points, clinic: Ask) -> None:
    kill(points, clinic, 12)


@pytest.mark.storm
def test_a_run_killed_at_any_line_sends_each_message_and_marks_it_once(points: Points, clinic: Ask) -> None:
    kill(points, clinic, 1)


def stop(points: Points, clinic: Ask, step: int) -> None:
    """Ask runs to stop at lines that are so many events apart; each time another run goes on at once."""
    points.book(0)
    assert points.send() == 0
    events = points.events
    stopped = 0
    for at in range(random.SystemRandom().randint(1, step), events + 1, step):
        points.book(at)
        status = points.send(at=at, number=signal.SIGTERM)
        assert status in (0, 128 + signal.SIGTERM), (at, status)
        stopped += status != 0
        assert states(clinic)["leased"] == 0, at
        assert points.send() == 0
    assert stopped > events / step / 2
    assert set(points.sent.values()) == {1}
    assert marked(clinic) == dict.fromkeys(points.sent, 1)


def test_a_run_asked_to_stop_at_a_line_sends_each_message_once(points: Points, clinic: Ask) -> None:
    stop(points, clinic, 12)


@pytest.mark.storm
def test_a_run_asked_to_stop_at_any_line_sends_each_message_once(points: Points, clinic: Ask) -> None:
    stop(points, clinic, 1)
