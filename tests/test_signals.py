"""Signals at any instant: the command stops with its status and one line, and what was answered stands."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]

STATUSES = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}
LINES = (
    "patient add 'Ravi Kumar' --phone '98111 22333' --key register",
    "book P1 MEHTA tomorrow --key booked",
    "walkin P2 MEHTA --key walked",
    "patient find ravi",
    "queue call MEHTA --key called",
)
MINUTES = 10

FORKER = """
import gc, importlib, json, os, signal, sys
from clinicctl import desk
from clinicctl.cli import TREE, run
from clinicctl.render import machine, tables

for name in desk.__all__:
    getattr(desk, name)
for module, _ in TREE.values():
    importlib.import_module(f"clinicctl.cli.{module}")
gc.freeze()
# A suite that runs in the background may have inherited signals that are ignored, and so stay ignored.
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, signal.SIG_DFL)

def traced(at, number):
    seen = 0
    def event(frame, kind, _):
        nonlocal seen
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
        for number, name in enumerate(("in", "out", "err")):
            flags = os.O_RDONLY if not number else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(f"{asked['folder']}/{name}", flags, 0o600), number)
        count = traced(asked["at"], asked["signal"])
        status = run(["batch", "-"])
        sys.settrace(None)
        with open(f"{asked['folder']}/events", "w") as file:
            file.write(str(count()))
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Traced:
    """Runs a short batch in a process of its own, with a signal at one of its trace events."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "in").write_text("".join(f"{line}\n" for line in LINES))
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
        self.process = subprocess.Popen([sys.executable, "-c", FORKER], text=True, **pipes)  # type: ignore[call-overload]

    def __call__(self, at: int, number: int) -> int:
        asked = {"folder": str(self.folder), "at": at, "signal": number}
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def text(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8")


@pytest.fixture
def traced(tmp_path: Path, clinic: Ask) -> Iterator[Traced]:
    folder = tmp_path / "traced"
    folder.mkdir()
    forker = Traced(folder)
    yield forker
    forker.process.communicate(timeout=60)


def strike(traced: Traced, db: str, rng: random.Random, events: int) -> None:
    """Send one signal at one event; check the status, the message, the answers and the lock."""
    number = rng.choice(sorted(STATUSES))
    at = rng.randint(1, events)
    status = traced(at, number)
    what = (at, signal.Signals(number).name, status, traced.text("err"))
    if status == 0:
        # A signal after the last look at it comes too late: the process has decided how to leave.
        seen = int(traced.text("events"))
        assert at > seen - 40, (what, seen)
        return
    if status == -number:
        # Until the program listens, a signal ends it as it ends any other.
        assert (at < 200, traced.text("out")) == (True, ""), what
        return
    assert status == STATUSES[number], what
    assert traced.text("err").count("\n") == 1, what
    assert "Traceback" not in traced.text("err"), what
    assert subprocess.run(["flock", "-n", f"{db}.lock", "true"], check=False).returncode == 0, what
    for answer in map(json.loads, traced.text("out").splitlines()):
        assert answer["exit_code"] in (0, 4), (what, answer)


def strikes(traced: Traced, clinic: Ask, db: str, seed: int, *, more: Callable[[int], bool]) -> int:
    print(f"SEED={seed}")
    rng = random.Random(seed)
    answered = set[str]()
    for _ in range(2):  # the second time as a replay, as every time after it
        assert traced(-1, 0) == 0
    events = int(traced.text("events"))
    count = 0
    while more(count):
        strike(traced, db, rng, events)
        count += 1
        answered |= {
            answer["result"]["key"]
            for answer in map(json.loads, traced.text("out").splitlines())
            if isinstance(answer.get("result"), dict) and answer["result"].get("key")
        }
    assert clinic("db", "check")["sound"]
    journal = {each["key"] for each in clinic("audit", "log")}
    assert answered <= journal
    print(f"{count} instants of {events} events")
    return count


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


def test_a_signal_at_any_instant_stops_a_batch_and_loses_no_answer(traced: Traced, clinic: Ask, db: str) -> None:
    assert strikes(traced, clinic, db, random.SystemRandom().getrandbits(32), more=lambda count: count < 80) == 80


@pytest.mark.storm
def test_signals_for_ten_minutes(traced: Traced, clinic: Ask, db: str) -> None:
    end = time.monotonic() + MINUTES * 60
    seed = random.SystemRandom().getrandbits(32)
    assert strikes(traced, clinic, db, seed, more=lambda _: time.monotonic() < end) > 1_000


def shielded(
    *, blocked: tuple[int, ...] = (), ignored: tuple[int, ...] = (), sent: int | None = None
) -> Callable[[], None]:
    """What a parent does to the signals of a process that it starts."""

    def prepare() -> None:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
        if sent is not None:
            os.kill(os.getpid(), sent)

    return prepare


@pytest.mark.parametrize("how", ["blocked", "ignored", "pending"])
def test_the_wait_for_the_lock_ends_in_time_whatever_the_alarm_mask(
    how: str, clinic: Ask, db: str, start: Start, finish: Callable[..., Any]
) -> None:
    prepare = {
        "blocked": shielded(blocked=(signal.SIGALRM,)),
        "ignored": shielded(ignored=(signal.SIGALRM,)),
        "pending": shielded(blocked=(signal.SIGALRM,), sent=signal.SIGALRM),
    }[how]
    holder = subprocess.Popen(["flock", f"{db}.lock", "sleep", "60"])
    try:
        while subprocess.run(["flock", "-n", f"{db}.lock", "true"], check=False).returncode == 0:
            time.sleep(0.02)
        began = time.monotonic()
        answer = finish(start("book", "P1", "MEHTA", "--wait", "1", "--json", preexec_fn=prepare), within=30)
        assert (answer.status, answer.error["code"]) == (11, "busy")
        assert time.monotonic() - began >= 1
    finally:
        holder.kill()
        holder.wait()
    assert clinic("appointment", "list") == []


@pytest.mark.parametrize("number", STATUSES, ids=lambda number: signal.Signals(number).name)
def test_a_signal_blocked_or_pending_in_the_parent_stops_the_command(
    number: int, clinic: Ask, start: Start, finish: Callable[..., Any]
) -> None:
    pending = start("batch", "-", stdin=subprocess.PIPE, preexec_fn=shielded(blocked=(number,), sent=number))
    answer = finish(pending, within=30)
    assert (answer.status, answer.stdout, answer.stderr.count("\n")) == (STATUSES[number], "", 1), answer
    blocked = start("batch", "-", stdin=subprocess.PIPE, preexec_fn=shielded(blocked=(number,)))
    blocked.stdin.write("book P1 MEHTA\n")
    blocked.stdin.flush()
    assert json.loads(blocked.stdout.readline())["exit_code"] == 0
    blocked.send_signal(number)
    answer = finish(blocked, within=30)
    assert (answer.status, answer.stderr.count("\n")) == (STATUSES[number], 1), answer


def test_a_signal_that_the_parent_ignores_stays_ignored(clinic: Ask, start: Start, finish: Callable[..., Any]) -> None:
    process = start("batch", "-", stdin=subprocess.PIPE, preexec_fn=shielded(ignored=(signal.SIGHUP,)))
    process.stdin.write("book P1 MEHTA\n")
    process.stdin.flush()
    assert json.loads(process.stdout.readline())["exit_code"] == 0
    process.send_signal(signal.SIGHUP)
    out, _ = process.communicate("book P2 MEHTA\n", timeout=30)
    assert process.returncode == 0
    assert json.loads(out)["exit_code"] == 0


def test_a_process_with_more_than_a_thousand_descriptors_reads_its_input(
    clinic: Ask, start: Start, finish: Callable[..., Any]
) -> None:
    code = (
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (2048, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "for _ in range(1100):\n"
        "    os.set_inheritable(os.open('/dev/null', os.O_RDONLY), True)\n"
        "os.dup2(0, 1500)\n"
        "os.execv(sys.executable, [sys.executable, '-m', 'clinicctl', 'batch', '/dev/fd/1500'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], input="book P1 MEHTA\n", capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["exit_code"] == 0
