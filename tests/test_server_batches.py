"""A batch and a shell on a server that fails: each line has a true answer, and the next group works again."""

import json
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from clinicctl import desk
from clinicctl.cli import batch as batches
from clinicctl.desk.bookings import book
from clinicctl.store.engine import open_group
from clinicctl.store.postgresql import beginning
from tests.proxy import Proxy
from tests.served import Served, bursts, wait_for

Run = Callable[..., Any]

LINES = (
    "book P1 MEHTA +1d --key a",
    "book P2 MEHTA +1d --key b",
    "patient show P1",
    "config name Other --key c",
    "book P1 RAO +1d --key d",
    "checkin A99 --key e",
    "book P2 RAO +2d --key e --dry-run",
    "book P2 RAO +1d --key f",
)
"""Two groups: the fourth line ends the first. The sixth is refused."""
WRITES = {1: "a", 2: "b", 4: "c", 5: "d", 8: "f"}
GROUPS = ((1, 2, 4), (5, 8))
REFUSED = 6
DRY = 7


@pytest.fixture
def batch(run: Run) -> Callable[..., dict[int, dict[str, Any]]]:
    """Run lines as a batch; return the answers by line."""

    def batch(*lines: str, options: tuple[str, ...] = ()) -> dict[int, dict[str, Any]]:
        answer = run("batch", "-", *options, stdin="".join(f"{line}\n" for line in lines))
        found = [json.loads(line) for line in answer.stdout.splitlines()]
        assert [each["line"] for each in found] == list(range(1, len(lines) + 1)), answer
        assert answer.status == (3 if any(each["exit_code"] for each in found) else 0) or options
        return {each["line"]: each for each in found}

    return batch


@pytest.fixture
def again(served: Served, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take everything back that the lines have written, so that they can be run again."""
    (before,) = served.rows("SELECT number, hash FROM head")
    # However slow the machine is: the lines decide where a group ends.
    monkeypatch.setattr(batches, "TURN", 60.0)

    def again() -> None:
        served.rows(
            "SET session_replication_role = replica; DELETE FROM appointments; DELETE FROM held_slots;"
            "DELETE FROM doctor_daily_capacities; DELETE FROM settings WHERE name = 'name';"
            f"DELETE FROM journal_steps; DELETE FROM journal WHERE number > {before[0]};"
            f"UPDATE head SET number = {before[0]}, hash = '{before[1]}'"
        )

    return again


def some(said: list[str], share: float) -> list[int]:
    """Return the numbers of bursts that begin or end something, and of a share of the others."""
    chance = random.Random(secrets.randbits(32))
    marked = re.compile(r"BEGIN|ROLLBACK|DECLARE|(.*; )?COMMIT$", re.DOTALL)
    return [nth for nth, burst in enumerate(said) if nth and (marked.match(burst) or chance.random() < share)]


SHARES = [0.1, pytest.param(1.0, marks=pytest.mark.storm)]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_batch_cut_at_any_burst_has_true_answers(
    served: Served,
    proxy: Proxy,
    batch: Any,
    again: Callable[[], None],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    side: str,
    share: float,
) -> None:
    whole = batch(*LINES)
    assert [whole[line]["exit_code"] for line in whole] == [0, 0, 0, 0, 0, 4, 0, 0]
    said, seen = bursts(proxy), set()
    assert sum(burst.endswith("COMMIT") for burst in said) == len(GROUPS)
    for burst in some(said, share):
        again()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state-{burst}"))
        fault = proxy.cut(**{side: burst})
        found = batch(*LINES, options=("--wait", "5"))
        assert fault.met.is_set(), burst
        for line, key in WRITES.items():
            status, there = found[line]["exit_code"], served.has(key)
            assert status in (0, 11, 12), (burst, found[line])
            assert (status, there) not in ((0, False), (11, True)), (burst, found[line])
            if status == 12:
                assert found[line]["error"]["details"]["key"] == key
        assert found[REFUSED]["exit_code"] in (4, 11), burst
        assert found[DRY]["exit_code"] in (0, 11, 12), burst
        for group in GROUPS:
            statuses = {found[line]["exit_code"] for line in group}
            # A commit takes all lines of its group with it. A line that begins a new one goes on.
            assert 12 not in statuses or statuses == {12}, (burst, found)
        statuses = tuple(found[line]["exit_code"] for line in WRITES)
        seen.add(statuses)
        assert statuses[:3] == (0, 0, 0) or statuses[3:] == (0, 0), (burst, statuses)
        repeated = batch(*LINES)
        for line, key in WRITES.items():
            assert repeated[line]["exit_code"] == 0, (burst, repeated[line])
            assert served.count("journal", "key = %s", key) == 1
        assert served.count("appointments") == 4
    assert {(0, 0, 0, 0, 0), (12, 12, 12, 0, 0), (0, 0, 0, 12, 12)} <= seen


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("side", ["before", "after"])
def test_an_atomic_batch_cut_at_any_burst_is_all_or_none(
    served: Served,
    proxy: Proxy,
    run: Run,
    again: Callable[[], None],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    side: str,
    share: float,
) -> None:
    lines = "".join(f"{line}\n" for number, line in enumerate(LINES, start=1) if number not in (REFUSED, DRY))
    run("batch", "-", "--atomic", stdin=lines, status=0)
    for burst in some(bursts(proxy), share):
        again()
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / f"state-{burst}"))
        fault = proxy.cut(**{side: burst})
        answer = run("batch", "-", "--atomic", "--wait", "5", stdin=lines)
        assert fault.met.is_set()
        found = [json.loads(line) for line in answer.stdout.splitlines()]
        there = sum(map(served.has, WRITES.values()))
        assert len(found) == len(LINES) - 2
        assert answer.status in (0, 11, 12), (burst, answer)
        assert there == len(WRITES) if answer.status == 0 else there == 0 or (answer.status, there) == (12, len(WRITES))
        assert {each["exit_code"] for each in found} <= {answer.status, 6 if answer.status == 11 else answer.status}
        run("batch", "-", "--atomic", stdin=lines, status=0)
        assert (served.count("appointments"), served.count("journal", "key = 'a'")) == (4, 1)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Let the server end a transaction that is silent for a moment; the value is which visits take longer."""
    monkeypatch.setattr(beginning, "SILENT", {beginning.WRITE: 0.3, beginning.READ: 600})
    reasons: list[str] = []

    def slow(tx: Any, **request: Any) -> Any:
        booked = book(tx, **request)
        if request.get("reason") in reasons:
            reasons.remove(request["reason"])
            time.sleep(0.8)
            tx.session.run("SELECT 1", None)
        return booked

    slow.__dict__.update(book.__dict__)
    monkeypatch.setattr(desk.bookings, "book", slow)
    yield reasons
    assert reasons == []


def test_a_command_that_was_silent_for_too_long_is_busy(served: Served, run: Run, silent: list[str]) -> None:
    silent.append("slow")
    run("book", "P1", "MEHTA", "--reason", "slow", "--key", "k", status=11)
    assert not served.has("k")
    run("book", "P1", "MEHTA", "--reason", "slow", "--key", "k", status=0)


def test_lines_that_the_server_ended_with_a_slow_one_are_not_answered_as_done(
    served: Served, batch: Any, silent: list[str]
) -> None:
    silent.append("slow")
    lines = ("book P1 MEHTA --key a", "book P2 MEHTA --reason slow --key b", "book P1 RAO --key c")
    found = batch(*lines)
    assert [found[line]["exit_code"] for line in found] == [11, 11, 0]
    assert [served.has(key) for key in "abc"] == [False, False, True]


@pytest.mark.parametrize("options", [(), ("--atomic",)])
def test_a_line_is_not_repeated_by_itself_when_others_were_lost_with_it(
    served: Served, run: Run, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """As when the server, in favour of another transaction, ends all of the group and not the savepoint only."""
    victims = [1]

    def victim(tx: Any, **request: Any) -> Any:
        booked = book(tx, **request)
        if request.get("reason") and victims:
            victims.pop()
            tx.session.run("ROLLBACK", None)
            tx.session.run("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", None)
        return booked

    victim.__dict__.update(book.__dict__)
    monkeypatch.setattr(desk.bookings, "book", victim)
    lines = "book P1 MEHTA --key a\nbook P2 MEHTA --reason victim --key b\nbook P1 RAO --key c\n"
    answer = run("batch", "-", *options, stdin=lines, status=11 if options else 3)
    found = [json.loads(line)["exit_code"] for line in answer.stdout.splitlines()]
    assert found[:2] == [11, 11]
    assert [served.has(key) for key in "abc"] == [False, False, not options]
    # With nobody before it, it is repeated.
    victims.append(1)
    run("book", "P2", "MEHTA", "--reason", "victim", "--key", "b", status=0)
    assert served.has("b")


def test_an_atomic_batch_that_the_server_ended_has_written_nothing(served: Served, run: Run, silent: list[str]) -> None:
    silent.append("slow")
    lines = "book P1 MEHTA --key a\nbook P2 MEHTA --reason slow --key b\nbook P1 RAO --key c\n"
    run("batch", "-", "--atomic", stdin=lines, status=11)
    assert not any(map(served.has, "abc"))


def test_a_read_that_fails_in_a_group_takes_no_line_with_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = open_group(served.url(), wait=5)
    with shared.write(actor="a", key="") as tx:
        tx.execute("INSERT INTO settings (name, value) VALUES (?, ?)", ("phone", "1"))
    with pytest.raises(Exception, match="division by zero"), shared.read(actor="a") as tx:
        tx.fetch_all("SELECT 1 / 0", (), tuple)
    with shared.read(actor="a") as tx:
        assert tx.fetch_all("SELECT value FROM settings WHERE name = 'phone'", (), tuple) == [("1",)]
    assert not shared.lost
    shared.commit_group()
    shared.close()
    assert served.rows("SELECT value FROM settings WHERE name = 'phone'") == [("1",)]


def test_a_group_knows_nothing_that_another_desk_has_changed(served: Served, run: Run) -> None:
    shared = open_group(served.url(), wait=5)

    def look() -> list[tuple[Any, ...]]:
        with shared.write(actor="a", key="") as tx:
            tx.execute("UPDATE counters SET value = value WHERE name = ?", ("waitlist",))
            return tx.fetch_all("SELECT capacity FROM doctors WHERE code = 'RAO'", (), tuple)

    assert look() == [(3,)]
    shared.commit_group()
    run("doctor", "edit", "RAO", "--capacity", "7", status=0)
    assert look() == [(7,)]
    shared.close()


def test_a_group_of_refused_lines_commits_nothing(served: Served, proxy: Proxy, batch: Any) -> None:
    found = batch("checkin P9", "cancel A9", "patient show P1")
    assert [found[line]["exit_code"] for line in found] == [4, 4, 0]
    assert not any(burst.endswith("COMMIT") for burst in bursts(proxy))


def test_a_server_that_is_down_is_waited_for_once(served: Served, run: Run) -> None:
    served.server.stop()
    try:
        began = time.monotonic()
        lines = "".join(f"book P1 MEHTA --key {n}\npatient show P1\n" for n in range(10))
        answer = run("batch", "-", "--wait", "1", stdin=lines, status=3)
        assert {json.loads(line)["exit_code"] for line in answer.stdout.splitlines()} == {11}
        assert time.monotonic() - began < 5
    finally:
        served.server.start()


def test_a_lock_that_another_desk_holds_is_waited_for_once(served: Served, run: Run) -> None:
    with served.locked():
        began = time.monotonic()
        lines = "".join(f"book P1 MEHTA --key {n}\npatient show P1\n" for n in range(10))
        answer = run("batch", "-", "--wait", "1", stdin=lines, status=3)
        assert [json.loads(line)["exit_code"] for line in answer.stdout.splitlines()] == [11, 0] * 10
        assert time.monotonic() - began < 4


class Shell:
    """A shell that reads lines from a pipe."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "clinicctl", "shell", "--json", *options]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        self.process = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]

    def type(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def ask(self, line: str) -> Any:
        self.type(line)
        return json.loads(self.process.stdout.readline())

    def end(self) -> int:
        self.process.stdin.close()
        return int(self.process.wait(60))


@pytest.fixture
def shell(served: Served) -> Iterator[Callable[..., Shell]]:
    started: list[Shell] = []

    def shell(*options: str) -> Shell:
        started.append(Shell(*options))
        return started[-1]

    yield shell
    for each in started:
        each.process.kill()
        each.process.wait()
        for stream in (each.process.stdin, each.process.stdout, each.process.stderr):
            with suppress(BrokenPipeError):
                stream.close()


@pytest.mark.parametrize("wait", ["0", "20"])
def test_a_server_restarted_between_two_commands_of_a_shell_is_no_error(
    served: Served, shell: Callable[..., Shell], wait: str
) -> None:
    desk = shell("--wait", wait)
    assert desk.ask("book P1 MEHTA --key a")["number"] == "A1"
    served.server.stop()
    served.server.start()
    assert desk.ask("book P2 MEHTA --key b")["number"] == "A2"
    served.server.kill()
    served.server.start()
    assert desk.ask("patient show P1")["number"] == "P1"
    assert desk.ask("book P1 MEHTA --key a")["replayed"]
    assert desk.end() == 0


def test_ctrl_c_in_a_shell_ends_the_wait_and_not_the_shell(served: Served, shell: Callable[..., Shell]) -> None:
    desk = shell()
    assert desk.ask("book P1 MEHTA --key a")["number"] == "A1"
    with served.locked():
        desk.type("book P2 MEHTA --key b")
        wait_for(served.waiting)
        desk.process.send_signal(signal.SIGINT)
        assert "130" in desk.process.stderr.readline()
    assert desk.ask("book P2 MEHTA --key c")["number"] == "A2"
    assert not served.has("b")
    assert desk.end() == 0


def test_a_commit_of_a_shell_without_an_answer_is_unknown_and_the_next_works(
    served: Served, proxy: Proxy, shell: Callable[..., Shell]
) -> None:
    desk = shell()
    assert desk.ask("book P1 MEHTA --key a")["number"] == "A1"
    proxy.cut(after="COMMIT")
    desk.type("book P2 MEHTA --key b")
    assert json.loads(desk.process.stderr.readline())["error"]["details"]["key"] == "b"
    assert desk.ask("book P2 MEHTA --key b")["replayed"]
    assert desk.end() == 0
