"""A batch: one answer a line, in order, each durable when it is given; neighbours do not harm each other."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from clinicctl.cli import TREE, Root, app, fast_parse
from clinicctl.cli.batch_lines import LONGEST_LINE
from clinicctl.cli.context import AppContext
from clinicctl.render import progress
from clinicctl.results.base import plain
from clinicctl.store.engine import GroupStore, open_group
from clinicctl.store.sqlite.connections import BEGIN
from clinicctl.store.sqlite.group_commit import GroupFileStore
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]


@pytest.fixture
def batch(run: Run) -> Callable[..., list[dict[str, Any]]]:
    """Run lines as a batch from stdin; the value are the answers."""

    def batch(*lines: str, status: int = 0, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        return list(run("batch", "-", *options, stdin="\n".join(lines) + "\n", status=status).lines)

    return batch


# One line, one answer


def test_a_line_that_is_rolled_back_leaves_no_mark_in_the_journal(clinic: Ask, batch: Any) -> None:
    """A dry run is journaled, too, before it is rolled back: the next row follows the last one that stands."""
    lines = ("book P1 MEHTA -n", "book P1 MEHTA", "book P2 MEHTA -n", "patient add 'Zoe Quinn' --phone none -n")
    answers = batch(*lines, "book P2 MEHTA", "undo -n --yes", "book P1 RAO")
    assert {each["exit_code"] for each in answers} == {0}
    log = clinic("audit", "log")
    assert [each["number"] for each in log] == list(range(1, len(log) + 1))
    assert clinic("audit", "verify")["writes"] == 5 + 3
    assert clinic("db", "check")["sound"]


def test_every_command_line_is_answered_in_order_and_nothing_else_is(clinic: Ask, batch: Any) -> None:
    answers = batch("", "book P1 MEHTA", "# a remark", '["book", "P2", "MEHTA"]', "   ", "appointment show A1")
    assert [(each["line"], each["exit_code"]) for each in answers] == [(2, 0), (4, 0), (6, 0)]
    assert [each["result"]["number"] for each in answers] == ["A1", "A2", "A1"]


def test_an_answer_is_what_the_command_answers_alone(clinic: Ask, batch: Any, run: Run) -> None:
    (booked,) = batch("book P1 MEHTA --reason 'blood pressure' --key k-1")
    assert booked["result"] | {"replayed": True} == clinic(
        "book", "P1", "MEHTA", "--reason", "blood pressure", "--key", "k-1"
    )
    (refused,) = batch("book P1 MEHTA", status=3)
    alone = run("book", "P1", "MEHTA", json=True, status=6)
    assert {name: refused[name] for name in ("error", "exit_code")} == json.loads(alone.stderr)


def test_a_refused_line_takes_no_neighbour_with_it(clinic: Ask, batch: Any) -> None:
    answers = batch("book P1 RAO", "book P1 RAO", "book P9 RAO", "nonsense", "book P2 RAO", status=3)
    assert [each["exit_code"] for each in answers] == [0, 6, 4, 2, 0]
    assert [each["number"] for each in clinic("appointment", "list")] == ["A1", "A2"]


def test_what_a_refused_line_had_written_already_is_taken_back(clinic: Ask, batch: Any, database: str) -> None:
    """A full day is refused after its ledger has been begun."""
    answers = batch("doctor avail set RAO +3d --capacity 0", "book P1 RAO +3d", "book P2 MEHTA", status=3)
    assert [each["exit_code"] for each in answers] == [0, 6, 0]
    assert stored.rows(database, "SELECT count(*) FROM doctor_daily_capacities") == [(1,)], "MEHTA's alone"


def test_a_line_sees_what_the_lines_before_it_did(clinic: Ask, batch: Any) -> None:
    answers = batch("book P1 MEHTA", "checkin P1", "queue call MEHTA", "queue show MEHTA")
    assert answers[-1]["result"][0]["status"] == "called"


def test_a_key_does_it_once_within_a_batch_and_across_batches(clinic: Ask, batch: Any) -> None:
    first = batch("book P1 MEHTA --key a", "book P1 MEHTA --key a")
    again = batch("book P1 MEHTA --key a")
    assert [each["result"]["replayed"] for each in (*first, *again)] == [False, True, True]
    assert len({each["result"]["id"] for each in (*first, *again)}) == 1


def test_a_byte_order_mark_is_no_part_of_the_first_line(clinic: Ask, run: Run) -> None:
    answers = run("batch", "-", stdin="\ufeffbook P1 MEHTA\r\n\ufeffbook P2 MEHTA\r\n".encode(), status=3).lines
    assert [each["exit_code"] for each in answers] == [0, 2]


def test_a_dry_run_in_a_batch_leaves_nothing(clinic: Ask, batch: Any) -> None:
    (would, booked) = batch("book P1 MEHTA -n", "book P2 MEHTA")
    assert would["result"]["dry_run"] is True
    assert (booked["result"]["number"], booked["result"]["slot"]) == ("A1", 1)


def test_another_time_zone_holds_from_the_next_line_on(clinic: Ask, batch: Any) -> None:
    answers = batch(
        "config timezone Pacific/Kiritimati",
        "free MEHTA --days 1",
        "config timezone Pacific/Niue",
        "free MEHTA --days 1",
    )
    first, second = (each["result"][0]["date"] for each in answers[1::2])
    assert first > second


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('book "P1', "usage"),
        ('["book", "P1"', "usage"),
        ('["book", 1]', "usage"),
        ("[]", "usage"),
        ("book P1 MEHTA --help", "usage"),
        ("queue board --once", "usage"),
        ("book P1 MEHTA --db elsewhere.db", "usage"),
        ("patient merge P1 --into P2", "usage"),
        ("patient add - --phone none", "usage"),
        ("book P1 MEHTA --key ''", "invalid_value"),
        ("x" * (LONGEST_LINE + 1), "usage"),
        ("patient add Jos\udce9 --phone none", "invalid_value"),
    ],
)
def test_what_is_no_command_is_refused_in_its_own_line(clinic: Ask, run: Run, line: str, code: str) -> None:
    said = f"{line}\nbook P1 MEHTA\n".encode("utf-8", "surrogateescape")
    answers = run("batch", "-", stdin=said, status=3).lines
    assert [each["exit_code"] for each in answers] == [2, 0]
    assert answers[0]["error"]["code"] == code


@pytest.mark.parametrize("depth", [1_500, 30_000])
def test_a_line_of_nested_brackets_is_refused_alone(clinic: Ask, batch: Any, depth: int) -> None:
    answers = batch("book P1 RAO", "[" * depth, "book P2 RAO", status=3)
    assert [each["exit_code"] for each in answers] == [0, 2, 0]
    assert [each["number"] for each in clinic("appointment", "list")] == ["A1", "A2"]


def test_whatever_goes_wrong_with_reading_a_line_is_that_lines_answer(
    clinic: Ask, batch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def split(line: str) -> list[str]:
        raise MemoryError

    monkeypatch.setattr("clinicctl.cli.batch_lines.shlex.split", split)
    answers = batch("book P1 RAO", "book 'P2' RAO", "book P2 MEHTA", status=3)
    assert [each["exit_code"] for each in answers] == [0, 70, 0]
    assert answers[1]["error"]["details"]["kind"] == "MemoryError"


@pytest.mark.parametrize("line", ["shell", "batch lines.txt", "batch -", "batch --atomic -", '["shell", "-q"]'])
def test_there_is_no_batch_and_no_shell_inside_one(clinic: Ask, batch: Any, run: Run, line: str) -> None:
    nested = "batch and shell cannot run inside a batch or a shell."
    answers = batch(line, "book P1 MEHTA", status=3)
    assert [each["exit_code"] for each in answers] == [2, 0]
    assert answers[0]["error"]["message"] == nested
    if not line.startswith("["):
        assert run("shell", stdin=f"{line}\n", status=2).stderr == f"clinicctl: {nested}\n"


def test_a_database_can_be_made_by_the_first_line(batch: Any, database: str) -> None:
    answers = batch(
        "init --region IN --timezone UTC",
        "patient add 'Anita Sharma' --phone none",
        "doctor add RAO 'Dr. Rao'",
        "book P1 RAO",
    )
    assert [each["exit_code"] for each in answers] == [0] * 4


def test_without_a_database_every_line_is_answered(run: Run, database: str) -> None:
    answers = run("batch", "-", stdin="book P1 RAO\nqueue show\n", status=3).lines
    assert [each["error"]["code"] for each in answers] == ["no_database"] * 2
    assert not os.path.exists(f"{database}.lock")


def test_a_missing_file_is_not_found(clinic: Ask, refused: Any) -> None:
    refused(4, "file_not_found", "batch", "missing.txt")


# All or none


def test_atomic_keeps_all_of_it(clinic: Ask, batch: Any) -> None:
    answers = batch("book P1 RAO", "book P2 RAO", options=("--atomic",))
    assert [each["exit_code"] for each in answers] == [0, 0]
    assert len(clinic("appointment", "list")) == 2


def test_atomic_keeps_none_of_it_and_says_of_every_line_why(clinic: Ask, batch: Any) -> None:
    answers = batch("book P1 RAO --key a", "book P1 RAO", "book P2 RAO", status=6, options=("--atomic",))
    assert [each["error"]["code"] for each in answers] == ["taken_back", "already_booked", "taken_back"]
    assert clinic("appointment", "list") == []
    assert clinic("book", "P2", "MEHTA", "--key", "a")["replayed"] is False


def test_a_line_that_is_partly_done_makes_the_batch_so_alone_or_atomic(clinic: Ask, batch: Any, tmp_path: Path) -> None:
    (tmp_path / "days.csv").write_text("doctor,date,present\nRAO,+1d,no\nX,+1d,no\n")
    line = f"doctor avail import {tmp_path}/days.csv --on-error skip"
    for options in ((), ("--atomic",)):
        answers = batch(line, "book P1 MEHTA --again", status=3, options=options)
        assert [each["exit_code"] for each in answers] == [3, 0]
    assert len(clinic("appointment", "list")) == 2


# Durable when answered


def test_each_answer_is_on_the_disk_when_it_is_given(clinic: Ask, start: Any, database: str) -> None:
    process = start("batch", "-", stdin=subprocess.PIPE)
    for number in range(1, 4):
        process.stdin.write(f"book P1 MEHTA --again --key k{number}\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["line"] == number
        assert stored.rows(database, "SELECT count(*) FROM appointments") == [(number,)]
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_a_killed_batch_repeated_by_its_keys_loses_no_answer(clinic: Ask, start: Any, database: str) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    clinic("doctor", "edit", "MEHTA", "--capacity", "500")
    lines = [f"book P{n % 2 + 1} MEHTA +{n % 300}d --again --key k{n}\n" for n in range(1200)]
    process = start("batch", "-", stdin=subprocess.PIPE)
    feeder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=process.stdin)
    try:
        feeder.stdin.write("".join(lines[:600]).encode())  # type: ignore[union-attr]
        feeder.stdin.flush()  # type: ignore[union-attr]
        answered = [json.loads(process.stdout.readline()) for _ in range(random.Random(seed).randrange(1, 400))]
        process.kill()
        answered += [json.loads(line) for line in process.stdout if line.endswith("\n")]
    finally:
        feeder.kill()
        feeder.communicate()
    with stored.held(database):  # A server may still be at the commit of a process that is gone.
        kept = {key for (key,) in stored.rows(database, "SELECT key FROM appointments")}
    assert {each["result"]["key"] for each in answered} <= kept
    again = start("batch", "-", stdin=subprocess.PIPE)
    out, _ = again.communicate("".join(lines), timeout=120)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [each["exit_code"] for each in answers] == [0] * 1200
    assert {each["result"]["key"] for each in answers if each["result"]["replayed"]} == kept
    assert stored.rows(database, "SELECT count(*), count(DISTINCT key) FROM appointments") == [(1200, 1200)]


def test_a_batch_that_is_stopped_by_a_signal_says_so_and_frees_the_lock(clinic: Ask, start: Any, database: str) -> None:
    process = start("batch", "-", stdin=subprocess.PIPE)
    process.stdin.write("book P1 MEHTA\n")
    process.stdin.flush()
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert clinic("book", "P2", "MEHTA", "--wait", "0")["slot"] == 2


def test_an_answer_that_cannot_be_written_ends_the_batch_with_74(clinic: Ask, database: str) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "clinicctl", "batch", "-"],
            input="book P1 MEHTA --key a\n",
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 74, done
    assert clinic("book", "P1", "MEHTA", "--key", "a")["replayed"] is True


# Beside others


def test_a_waiting_batch_is_busy_once_and_not_for_every_line(
    clinic: Ask, start: Any, finish: Any, database: str
) -> None:
    with stored.held(database):
        process = start("batch", "-", "--wait", "1", stdin=subprocess.PIPE)
        began = time.monotonic()
        out, _ = process.communicate("book P1 MEHTA\n" * 100, timeout=60)
        assert time.monotonic() - began < 30
        answers = [json.loads(line) for line in out.splitlines()]
        assert [each["error"]["code"] for each in answers] == ["busy"] * 100
        assert {each["error"]["details"]["wait"] for each in answers} == {1}, "the patience that was asked for"


@pytest.mark.file
@pytest.mark.parametrize("door", ["read", "write"])
@pytest.mark.parametrize("moment", ["begin", "rollback"])
def test_ctrl_c_around_a_begin_or_a_rollback_leaves_no_transaction_open(
    clinic: Ask, database: str, monkeypatch: pytest.MonkeyPatch, door: str, moment: str
) -> None:
    shared = GroupFileStore(database, wait=0)
    doors = {"read": lambda: shared.read(actor="a"), "write": lambda: shared.write(actor="a", key="k")}
    connect, interrupted = sqlite3.connect, list[str]()

    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            found = super().execute(sql, *values)
            if moment == "begin" and sql in BEGIN.values() and not interrupted:
                interrupted.append(sql)
                raise KeyboardInterrupt
            return found

        def rollback(self) -> None:
            if moment == "rollback" and not interrupted:
                interrupted.append("rollback")
                raise KeyboardInterrupt
            super().rollback()

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", lambda path, **more: connect(path, **more, factory=Connection))
        with pytest.raises(KeyboardInterrupt):
            end_within(doors[door], shared)
    assert interrupted
    with closing(sqlite3.connect(database, timeout=0)) as other, other:
        other.execute("BEGIN IMMEDIATE")
    for opened in doors.values():
        with opened() as tx:
            assert tx.today
        shared.roll_back()
    shared.close()


def end_within(opened: Callable[[], Any], shared: GroupFileStore) -> None:
    try:
        with opened():
            raise KeyboardInterrupt
    finally:
        shared.roll_back()


def test_a_long_batch_lets_other_desks_write_and_read_in_between(
    clinic: Ask, start: Any, finish: Any, database: str
) -> None:
    clinic("doctor", "edit", "RAO", "--capacity", "500")
    process = start("batch", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    many = 2_000 if stored.is_on_server(database) else 6_000  # lasts longer than it takes to start five processes
    lines = f"for n in range({many}): print(f'book P1 RAO +{{n % 300}}d --again')"
    feeder = subprocess.Popen([sys.executable, "-c", lines], stdout=process.stdin)
    while stored.rows(database, "SELECT count(*) FROM appointments") == [(0,)]:
        time.sleep(0.01)
    others = [start("book", "P2", "MEHTA", "--again", "--wait", "15", "--json") for _ in range(5)]
    numbers = [int(json.loads(finish(each).stdout)["number"][1:]) for each in others]
    feeder.wait(60)
    process.communicate(timeout=120)
    assert process.returncode == 0
    last = stored.rows(
        database, "SELECT max(number) FROM appointments WHERE doctor_id = (SELECT id FROM doctors WHERE code = 'RAO')"
    )
    assert max(numbers) < last[0][0], "nobody was let in before the batch had ended"


@pytest.mark.file
def test_memory_stays_flat_over_many_lines(clinic: Ask, tmp_path: Path) -> None:
    code = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "clinicctl", "batch", sys.argv[1]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    kinds = (
        "book P1 MEHTA -1d\n",
        "nonsense\n",
        "appointment list --day today\n",
        "book P1 MEHTA +{n}d --again --overbook\n",
    )

    def peak(count: int) -> int:
        """The most kilobytes that the program has held."""
        lines = tmp_path / "lines.txt"
        lines.write_text("".join(kinds[n % 4].format(n=n % 300) for n in range(count)))
        done = subprocess.run([sys.executable, "-c", code, str(lines)], capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert peak(12_000) < peak(3_000) + 4_000


# The quick way to read a line is Click's


class Recorder(AppContext):
    """A desk that notes what a command asked it for, and does nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[Any] = []

    def _note(self, name: str) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            self.said.append((name, [plain(getattr(each, "__name__", each)) for each in args], kwargs))
            raise Enough

        return noted

    def __getattribute__(self, name: str) -> Any:
        if name in ("read", "write", "create", "show", "watch", "shared"):
            return object.__getattribute__(self, "_note")(name)
        return object.__getattribute__(self, name)

    @property
    def obj(self) -> "Recorder":
        return self


class Enough(Exception):
    pass


LINES = [
    "book P1 MEHTA",
    "book P1 MEHTA tomorrow --time 09:30 --again",
    "book --again P1 --reason x MEHTA +2w --key k --json",
    "patient add 'Anna Schmidt' --phone none --born 1980-02-01 --sex female",
    "patient list --limit 3 --all",
    "doctor add RAO 'Dr. Rao' --capacity 3",
    "doctor avail set RAO mon,tue --absent --note away",
    "doctor avail set RAO mon --present --capacity 2",
    "doctor avail show RAO",
    "queue show",
    "queue call RAO",
    "queue call RAO 3",
    "queue recall RAO 2",
    "queue priority RAO 2 5",
    "queue transfer RAO 2 --to MEHTA",
    "appointment show A1",
    "appt list --doctor RAO --day today..+6d",
    "appointment cancel A1 --reason 'feels better'",
    "appointment move A1 +3d --doctor RAO",
    "checkin A1 --patient P1",
    "walkin P1 RAO --overbook",
    "day",
    "day today --doctor RAO",
    "free RAO --days 3",
    "free",
    "waitlist add P1 RAO today..+3d",
    "waitlist list RAO",
    "waitlist promote RAO",
    "undo 4",
    "undo",
    "config name",
    "health",
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_read_quickly_asks_for_what_click_would_ask_for(line: str) -> None:
    import shlex

    root = get_command(app)
    assert isinstance(root, Root)
    words = shlex.split(line)
    slow, fast = Recorder(), Recorder()
    with pytest.raises(Enough), root.make_context("clinicctl", list(words), obj=slow) as ctx:
        root.invoke(ctx)
    found = fast_parse.read(root, words)
    assert found is not None or "--sex" in words, "left to Click"
    if found is not None:
        function, values, fast.flags, fast.command = found
        with pytest.raises(Enough):
            function(fast, **values)
        assert (fast.said, fast.flags, fast.command) == (slow.said, slow.flags, slow.command)


@pytest.mark.parametrize(
    "line",
    [
        "book P1",
        "book P1 MEHTA x y z",
        "book P1 MEHTA --nonsense",
        "book P1 MEHTA never",
        "queue call RAO 0",
        "book - MEHTA",
        "book P1 MEHTA -1d",
        "--json book P1 MEHTA",
        "book P1 MEHTA --reason",
        "book P1 MEHTA --again=1",
        "patient",
        "nothing",
        "book -- P1 MEHTA",
    ],
)
def test_what_is_not_plain_is_left_to_click(line: str) -> None:
    root = get_command(app)
    assert isinstance(root, Root)
    assert fast_parse.read(root, line.split()) is None


def test_every_command_can_be_read_quickly_or_is_left_to_click() -> None:
    root = get_command(app)
    assert isinstance(root, Root)
    for name in TREE:
        fast_parse.read(root, [name])
        fast_parse.read(root, [name, "list"])


# What stands alone


@pytest.mark.parametrize("command", ["init", "demo", "init --key k", "metrics --textfile {}/m.prom"])
def test_all_or_none_is_broken_by_no_command(command: str, clinic: Ask, run: Run, tmp_path: Path) -> None:
    answer = run("batch", "--atomic", "-", stdin=f"book P1 MEHTA\n{command.format(tmp_path)}\nnosuch\n", status=2)
    codes = [line["error"]["code"] for line in answer.lines]
    assert codes == ["taken_back", "usage", "usage"]
    assert clinic("appointment", "list") == []
    assert not (tmp_path / "m.prom").exists()
    new = tmp_path / "new" / "clinic.db"
    run("batch", "--atomic", "-", "--db", str(new), stdin="init\nnosuch\n", status=2)
    assert not new.exists()


def test_a_line_that_asks_for_no_format_is_refused(clinic: Ask, run: Run) -> None:
    for line in ("book P1 MEHTA -o nosuch", "book P1 MEHTA -o nosuch --json", "book P1 MEHTA '--output=nosuch'"):
        (answer,) = run("batch", "-", stdin=f"{line}\n", status=3).lines
        assert (answer["exit_code"], answer["error"]["code"]) == (2, "invalid_value")
    run("book", "P1", "MEHTA", "-o", "nosuch", "--json", status=2)
    assert clinic("appointment", "list") == []


# The lock


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("audit verify", False),
        ("audit log", False),
        ("appointment list", False),
        ("appt list --doctor MEHTA", False),
        ("patient duplicates", False),
        ("metrics", False),
        ("waitlist list", False),
        ("db check", False),
        ("appointment list --patient P1", True),
        ("audit log --limit 3", True),
        ("patient show P1", True),
        ("doctor list", True),
    ],
)
def test_what_may_read_long_does_not_hold_the_lock(
    line: str, held: bool, clinic: Ask, batch: Any, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = type(open_group(database, wait=5))
    seen, read = list[bool](), shared.read

    @contextmanager
    def watched(self: GroupStore, **how: Any) -> Iterator[Any]:
        with read(self, **how) as tx:
            seen.append(stored.is_held(database))
            yield tx

    monkeypatch.setattr(shared, "read", watched)
    answers = batch("book P1 MEHTA", line, "book P2 MEHTA")
    assert [each["exit_code"] for each in answers] == [0, 0, 0]
    assert set(seen) == {held}
    assert len(clinic("appointment", "list")) == 2


def test_a_long_read_answers_what_the_lines_before_it_wrote(clinic: Ask, batch: Any) -> None:
    _, listed, _ = batch("book P1 MEHTA", "appointment list", "book P2 MEHTA")
    assert [each["number"] for each in listed["result"]] == ["A1"]


@pytest.mark.file  # `test_server_batches` waits for a server.
def test_an_atomic_batch_tells_that_others_wait(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    activities: list[tuple[str, int, int]] = []

    def advance(self: progress.Progress, activity: str, done: int, total: int) -> None:
        assert stored.is_held(database)
        activities.append((activity, done, total))

    monkeypatch.setattr(progress.Progress, "advance", advance)
    monkeypatch.setattr("clinicctl.cli.batch.LONG_HOLD", 60.0)
    lines = "".join(f"book P1 MEHTA +{day}d\n" for day in range(1, 251))
    run("batch", "-", "--atomic", stdin=lines, status=0)
    assert activities == []
    monkeypatch.setattr("clinicctl.cli.batch.LONG_HOLD", 0.0)
    run("batch", "-", "--atomic", stdin=lines.replace("MEHTA", "RAO"), status=0)
    assert activities == [("other desks wait", 100, 250), ("other desks wait", 200, 250)]
    assert "Other desks wait until the end" in " ".join(run("batch", "--help", status=0).stdout.split())
