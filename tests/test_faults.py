"""Faults, caused: killed at any instant, no room on the disk, a disk that fails, and others at work meanwhile.

What was answered is there, what is there is whole, and what could not be done is said so. A process that has everything
imported forks one for each command, so that a command can be hit at any of its instants, and often.
"""

import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinicctl.store import migrations
from tests.test_keeping import content, older, rows, schema

Ask = Callable[..., Any]
Run = Callable[..., Any]

FORKER = """
import gc, importlib, json, os, resource, signal, sys, time
from clinicctl import desk
from clinicctl.cli import TREE, run

for name in desk.__all__:
    getattr(desk, name)
for module, _ in TREE.values():
    importlib.import_module(f"clinicctl.cli.{module}")
gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    files = [f"{asked['folder']}/out", f"{asked['folder']}/err"]
    pipes = [os.pipe() for _ in files] if asked["most"] is not None else []
    # Before the child, which may be killed before it opens them: what it said is else what the last one said.
    for path in files:
        open(path, "wb").close()
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in enumerate(files, start=1):
            opened = pipes[number - 1][1] if pipes else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(opened, number)
        if pipes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["most"], asked["most"]))
        os._exit(run(asked["args"]))
    if asked["after"] is not None:
        time.sleep(asked["after"])
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for (reader, writer), path in zip(pipes, files):
        os.close(writer)
        with open(reader, "rb") as said, open(path, "wb") as file:
            file.write(said.read())
    print(json.dumps([status, time.monotonic() - began]), flush=True)
"""


class Forker:
    """Runs commands as processes of their own: to their end, killed after a time, or with files of a size at most."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pipes = dict.fromkeys(("stdin", "stdout"), subprocess.PIPE)
        self.process = subprocess.Popen([sys.executable, "-c", FORKER], text=True, **pipes)
        self.took = 0.0

    def __call__(self, *args: str, after: float | None = None, most: int | None = None, stdin: str = os.devnull) -> int:
        asked = {"args": args, "after": after, "most": most, "stdin": stdin, "folder": str(self.folder)}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()
        status, self.took = json.loads(self.process.stdout.readline())
        assert "Traceback" not in self.error
        return int(status)

    @property
    def error(self) -> str:
        return (self.folder / "err").read_text()

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in (self.folder / "out").read_text().splitlines() if line.endswith("}")]


@pytest.fixture
def fork(tmp_path: Path) -> Iterator[Forker]:
    forker = Forker(tmp_path)
    yield forker
    forker.process.kill()
    forker.process.communicate()


@pytest.fixture
def luck() -> random.Random:
    """Chance that can be had again: SEED in the environment."""
    seed = int(os.environ.get("SEED") or secrets.randbits(32))
    print(f"SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


@pytest.fixture
def busy(clinic: Ask) -> Ask:
    """A clinic with a doctor whose days are long."""
    clinic("doctor", "add", "LONG", "Dr. Long", "--capacity", "500")
    clinic("book", "P1", "LONG", "tomorrow")
    return clinic


def but_journal(found: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: each for name, each in found.items() if name not in ("journal", "sqlite_sequence")}


def bookings(path: Path, count: int, *, days: int = 3) -> str:
    path.write_text(
        "".join(f"book P{1 + n % 2} LONG +{1 + n % days}d --again --key {path.stem}-{n}\n" for n in range(count))
    )
    return str(path)


KILLS = [12, pytest.param(400, marks=pytest.mark.storm)]


# Rows 10, 16, 17, 19: killed at any instant


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_batch_keeps_every_line_that_it_answered(
    kills: int, busy: Ask, fork: Forker, luck: random.Random, db: str, tmp_path: Path
) -> None:
    assert fork("batch", bookings(tmp_path / "whole.txt", 300)) == 0
    whole = fork.took
    for nth in range(kills):
        lines = bookings(tmp_path / f"run{nth}.txt", 300, days=300)
        fork("batch", lines, after=luck.uniform(0, whole))
        answered = {f"run{nth}-{each['line'] - 1}" for each in fork.lines if each["exit_code"] == 0}
        standing = {key for (key,) in rows(db, f"SELECT key FROM journal WHERE key LIKE 'run{nth}-%'")}
        assert answered <= standing
        if nth % 8 == 0:
            assert busy("db", "check")["sound"]
            assert fork("batch", lines) == 0
            count = rows(db, f"SELECT count(*) FROM appointments WHERE key LIKE 'run{nth}-%'")
            assert count == [(300,)], "a repeat by the same keys makes each of them once"
    assert busy("db", "check")["sound"]


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_backup_leaves_none_or_a_whole_one(
    kills: int, busy: Ask, fork: Forker, luck: random.Random, db: str, tmp_path: Path
) -> None:
    copy, before = tmp_path / "copy.db", content(db)
    assert fork("db", "backup", str(copy)) == 0
    for _ in range(kills):
        copy.unlink(missing_ok=True)
        fork("db", "backup", str(copy), after=luck.uniform(0, 1.5 * fork.took))
        if copy.exists():
            assert content(str(copy)) == before
            assert busy("db", "check", "--db", str(copy))["sound"]
    assert content(db) == before
    named = [each for each in os.listdir(tmp_path) if "copy" in each and not each.startswith("copy.db")]
    assert all(each.startswith(".copy.db.") and each.endswith((".part", ".part-journal")) for each in named)


@pytest.mark.parametrize("live", ["live", "missing"])
@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_restore_leaves_the_old_or_the_new_whole(
    kills: int, live: str, busy: Ask, fork: Forker, luck: random.Random, db: str, tmp_path: Path
) -> None:
    one = busy("db", "backup", str(tmp_path / "one.db"))["path"]
    assert fork("batch", bookings(tmp_path / "more.txt", 200)) == 0
    two = busy("db", "backup", str(tmp_path / "two.db"))["path"]
    known = [but_journal(content(one)), but_journal(content(two))]
    assert fork("db", "restore", two, "--yes") == 0
    seen, longest = set(), fork.took
    for nth in range(kills):
        if live == "missing":
            for end in ("", "-wal", "-shm"):
                Path(f"{db}{end}").unlink(missing_ok=True)
        fork("db", "restore", (one, two)[nth % 2], "--yes", after=luck.uniform(0, longest))
        if live == "missing" and not os.path.exists(db):
            seen.add("none")
            continue
        found = but_journal(content(db))
        assert found in known
        seen.add(known.index(found))
        assert busy("db", "check")["sound"]
    busy("db", "restore", one, "--yes")
    busy("book", "P2", "LONG", "tomorrow")
    assert busy("db", "check")["sound"]
    assert not [each for each in os.listdir(tmp_path) if ".new" in each]
    assert len(seen) > 1 or kills < 100


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_migration_leaves_the_old_or_the_new_schema(
    kills: int, busy: Ask, fork: Forker, luck: random.Random, db: str, tmp_path: Path
) -> None:
    folder = tmp_path / "old"
    folder.mkdir(0o700)
    old = older(db, str(folder / "old.db"))
    before, schemas = content(old), {1: schema(old), migrations.CURRENT: schema(db)}
    kept = Path(old).read_bytes()
    assert fork("db", "migrate", "--db", old) == 0
    longest = fork.took
    for _ in range(kills):
        for each in folder.iterdir():
            each.unlink()
        Path(old).write_bytes(kept)
        os.chmod(old, 0o600)
        fork("db", "migrate", "--db", old, after=luck.uniform(0, longest))
        ((version,),) = rows(old, "PRAGMA user_version")
        assert schema(old) == schemas[version]
        if version == 1:
            assert content(old) == before
            assert fork("db", "migrate", "--db", old) == 0
        (copy, *_) = folder.glob("old-before-migration-*.db")
        assert content(str(copy)) == before
        assert busy("db", "check", "--db", old)["sound"]


@pytest.mark.parametrize("kills", KILLS)
def test_a_killed_compacting_changes_nothing(kills: int, busy: Ask, fork: Forker, luck: random.Random, db: str) -> None:
    before = content(db)
    assert fork("db", "compact") == 0
    for _ in range(kills):
        fork("db", "compact", after=luck.uniform(0, 1.5 * fork.took))
        assert content(db) == before
    assert busy("db", "check")["sound"]


# Rows 12 and 13: no room


@pytest.mark.parametrize("command", ["book", "batch", "backup", "restore", "migrate", "compact", "repair", "init"])
def test_where_files_may_not_grow_nothing_is_answered_that_is_not_there(
    command: str, busy: Ask, run: Run, fork: Forker, db: str, tmp_path: Path
) -> None:
    """A file that may not pass a size fails at one page of one file, and another with each size."""
    assert fork("batch", bookings(tmp_path / "more.txt", 30)) == 0
    copy = busy("db", "backup", str(tmp_path / "copy.db"))["path"]
    size, new = os.path.getsize(db), str(tmp_path / "new.db")
    args = {
        "book": ["book", "P2", "LONG", "+9d", "--key", "k"],
        "batch": ["batch", bookings(tmp_path / "few.txt", 5, days=1)],
        "backup": ["db", "backup", str(tmp_path / "other.db")],
        "restore": ["db", "restore", copy, "--yes", "--key", "k"],
        "migrate": ["db", "migrate", "--db", str(tmp_path / "old.db")],
        "compact": ["db", "compact"],
        "repair": ["db", "check", "--repair", "--key", "k"],
        "init": ["init", "--db", new, "--key", "k"],
    }[command]
    if command == "migrate":
        older(db, str(tmp_path / "old.db"))
    if command == "repair":
        from tests.test_keeping import written

        written(db, "UPDATE counters SET value = 1 WHERE name = 'appointments'")
    met = set()
    for most in (0, 50, 100, 8_192, 24_576, 40_960, size // 2, size - 4_096, size):
        before = content(db)
        status = fork(*args, "--json", most=most)
        met.add(status)
        assert status in (0, 3, 12, 74), (most, fork.error)
        if status in (0, 3):
            continue
        assert json.loads(fork.error.splitlines()[-1])["exit_code"] == status
        if status == 74 and command != "init":
            assert content(db) == before
        if command != "repair":
            assert busy("db", "check")["sound"]
        assert not [each for each in os.listdir(tmp_path) if each.endswith((".part", ".new"))]
        if command in ("backup", "init"):
            assert not os.path.exists(args[2])
    assert met & {12, 74} or met & {3}
    if command == "book":
        busy(*args)
        assert rows(db, "SELECT count(*) FROM appointments WHERE key = 'k'") == [(1,)]
    if command == "repair":
        busy("db", "check", "--repair")
    assert busy("db", "check")["sound"]


def test_a_folder_that_takes_no_files_is_said_to_be_so(run: Run) -> None:
    for args in (["init", "--db", "/proc/none/clinic.db"], ["demo", "--db", "/sys/clinic.db"]):
        answer = run(*args, json=True, status=74)
        assert answer.error["code"] == "read_only"
        assert "/proc" in answer.error["message"] or "/sys" in answer.error["message"]


# Rows 16 and 17: others at work meanwhile


def test_a_backup_during_writes_holds_every_line_answered_before_it_began(
    busy: Ask, start: Callable[..., Any], db: str, tmp_path: Path
) -> None:
    answers = tmp_path / "answers"
    made = 0
    with answers.open("w") as file:
        writer = start("batch", bookings(tmp_path / "many.txt", 1500, days=4), stdout=file)
        while writer.poll() is None or not made:
            known = answers.read_text().count("\n")
            copy = busy("db", "backup", str(tmp_path / "copy.db"))["path"]
            assert rows(copy, "SELECT count(*) FROM appointments")[0][0] > known
            assert busy("db", "check", "--db", copy)["sound"]
            made += known > 0
            for end in ("", "-wal", "-shm"):
                Path(f"{copy}{end}").unlink(missing_ok=True)
    assert writer.returncode == 0
    assert busy("db", "check")["sound"]


READER = """
import select, sys
from clinicctl.desk import appointment_lists, availability, bookings
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import DoctorRef
from clinicctl.store.engine import open_store

looked, day = 0, {"doctor": DoctorRef("LONG"), "on": DaysWord("tomorrow")}
while not select.select([sys.stdin], [], [], 0)[0]:
    with open_store(sys.argv[1], wait=20).read(actor="reader") as tx:
        slots = [each.slot for each in appointment_lists.iter_matching(tx, **day)]
        (known,) = availability.show_days(tx, **day)
    assert slots == list(range(1, known.booked + 1)), (slots, known.booked)
    looked += 1
print(looked)
"""


def test_a_restore_among_readers_and_writers_loses_no_later_write(
    busy: Ask, run: Run, start: Callable[..., Any], db: str, tmp_path: Path
) -> None:
    copy = busy("db", "backup", str(tmp_path / "copy.db"))["path"]
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, db],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        writers = []
        for n in range(2):
            lines = bookings(tmp_path / f"w{n}.txt", 400, days=2)
            with (tmp_path / f"answers{n}").open("w") as out, (tmp_path / f"errors{n}").open("w") as err:
                writers.append(start("batch", lines, "--wait", "60", stdout=out, stderr=err))
        restored = 0
        while any(each.poll() is None for each in writers):
            busy("db", "restore", copy, "--yes", "--wait", "60")
            restored += 1
        for n, each in enumerate(writers):
            assert (each.returncode, (tmp_path / f"errors{n}").read_text()) in ((0, ""), (3, ""))
            said = (tmp_path / f"answers{n}").read_text().splitlines()
            assert {json.loads(line)["exit_code"] for line in said} <= {0, 6}
        assert restored
        stdout, stderr = reader.communicate("\n", timeout=60)
        assert (reader.returncode, stderr) == (0, "")
        assert int(stdout) > 0
    finally:
        reader.kill()
        reader.wait()
    busy("book", "P1", "LONG", "+9d")
    assert busy("db", "check")["sound"]


# Rows 10 and 12 at every system call: by strace, where there is one

_COMMANDS = {
    "book": ["book", "P2", "LONG", "+9d", "--key", "k"],
    "backup": ["db", "backup", "{folder}/other.db"],
    "restore": ["db", "restore", "{folder}/copy.db", "--yes", "--key", "k"],
    "migrate": ["db", "migrate", "--db", "{folder}/old.db"],
}
_CALLS = ("pwrite64", "fdatasync", "ftruncate", "fsync", "link", "unlink")


@pytest.mark.storm
@pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace")
@pytest.mark.parametrize("command", _COMMANDS)
@pytest.mark.parametrize("fault", ["error=EIO", "error=EIO from then on", "error=ENOSPC", "signal=KILL"])
def test_a_fault_of_any_system_call_is_answered_for(
    fault: str, command: str, busy: Ask, db: str, tmp_path: Path
) -> None:
    copy = busy("db", "backup", str(tmp_path / "copy.db"))["path"]
    busy("book", "P2", "LONG", "+2d")
    kept = {name: Path(name).read_bytes() for name in (db, f"{db}.lock", copy, older(db, str(tmp_path / "old.db")))}
    args = [each.format(folder=tmp_path) for each in _COMMANDS[command]]
    target = str(tmp_path / "old.db") if command == "migrate" else db
    what, _, lasting = fault.partition(" ")
    for call in _CALLS:
        for nth in range(1, 200):
            _put_back(tmp_path, kept)
            injected = f"inject={call}:{what}:when={nth}{'+' if lasting else ''}"
            status, met = _under_strace(tmp_path, call, injected, args)
            if not met:
                break
            assert status in (0, 12, 74, -signal.SIGKILL), (call, nth, status)
            _assert_answered_for(busy, command, args, status, db)
            assert busy("db", "check", "--db", target)["sound"], (call, nth)


def _put_back(folder: Path, kept: dict[str, bytes]) -> None:
    for name in os.listdir(folder):
        if name.startswith(("clinic", "old", "other", "copy", ".")):
            (folder / name).unlink()
    for name, whole in kept.items():
        Path(name).write_bytes(whole)
        os.chmod(name, 0o600)


def _under_strace(folder: Path, call: str, injected: str, args: list[str]) -> tuple[int, bool]:
    """Run a command with a fault injected; return its exit status, and whether the fault was met."""
    log = folder / "calls"
    strace = ["strace", "-f", "--seccomp-bpf", "-o", str(log), "-e", f"trace={call}", "-e", injected]
    done = subprocess.run(
        [*strace, sys.executable, "-m", "clinicctl", *args, "--json"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, "INJECTED" in log.read_text() or done.returncode == -signal.SIGKILL


def _assert_answered_for(busy: Ask, command: str, args: list[str], status: int, db: str) -> None:
    """What was answered is there; what was not can be done again, once."""
    if command == "book":
        assert status or rows(db, "SELECT count(*) FROM appointments WHERE key = 'k'") == [(1,)]
        busy(*args)
        assert rows(db, "SELECT count(*) FROM appointments WHERE key = 'k'") == [(1,)]
    elif command == "backup":
        assert status or os.path.exists(args[2])
        if os.path.exists(args[2]):
            assert content(args[2]) == content(db)
    elif command == "migrate" and rows(args[3], "PRAGMA user_version") == [(1,)]:
        assert status
        busy(*args)
