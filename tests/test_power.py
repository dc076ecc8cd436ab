"""Power fails: what a disk may hold then, played back from the system calls of a batch (by strace).

At any instant a disk holds what was synced, and any part of what was written since: each write whole, or torn at a
sector, or not at all, in whatever order. From each such image the database must open, be sound, and hold every line
that had been answered by then.
"""

import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]

LINES = 120
IMAGES = 150
SECTOR = 512
CALLS = "pwrite64,write,fdatasync,fsync,ftruncate"

_CALL = re.compile(r'(\w+)\(\d+<([^>]*)>(?:, "([^"]*)"(?:\.\.\.)?, (\d+)(?:, (\d+))?|, (\d+))?\) += (\d+)')


@dataclass
class File:
    """A file as the disk surely holds it, and what was written since and may be lost."""

    synced: bytearray
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for offset, written in self.since:
            _apply(self.synced, offset, written)
        self.since = []

    def image(self, chance: random.Random) -> bytes:
        """What may be found after the power has failed."""
        found = bytearray(self.synced)
        for offset, written in self.since:
            fate = chance.random()
            if fate < 0.4:
                _apply(found, offset, written)
            elif fate < 0.5 and written:
                _apply(found, offset, written[: chance.randrange(len(written) // SECTOR + 1) * SECTOR])
        return bytes(found)


def _apply(content: bytearray, offset: int, written: bytes | None) -> None:
    if written is None:
        del content[offset:]
        content.extend(bytes(offset - len(content)))
    else:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(written)] = written


def traced(folder: Path, program: list[str], lines: list[str]) -> Path:
    """Run a batch under strace, and return the file with its system calls: each process has one of its own."""
    assert shutil.which("strace"), "the power test needs strace"
    (folder / "lines.txt").write_text("".join(f"{line}\n" for line in lines))
    log = folder / "calls.txt"
    with open(folder / "answers.jsonl", "w") as answers:
        subprocess.run(
            ["strace", "-ff", "-qq", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(log), *program],
            stdout=answers,
            check=True,
            timeout=300,
        )
    return max(folder.glob("calls.txt.*"), key=lambda each: each.stat().st_size)


def replayed(folder: Path, log: Path) -> Iterator[tuple[dict[str, File], set[str]]]:
    """After each call that matters: the files of the database, and the appointments that had been answered."""
    database = os.environ["CLINICCTL_DB"]
    files = {path: File(bytearray((folder / Path(path).name).read_bytes())) for path in (database,)}
    files[f"{database}-wal"] = File(bytearray())
    said = b""
    for line in log.read_text("ascii").splitlines():
        call = _CALL.match(line)
        if not call:
            continue
        name, path, data, _, offset, length, _ = call.groups()
        path = _plain(path)
        if path.endswith("answers.jsonl") and name == "write":
            said += bytes.fromhex(data.replace("\\x", ""))
        elif path not in files:
            continue
        elif name in ("fdatasync", "fsync"):
            files[path].sync()
        elif name == "ftruncate":
            files[path].since.append((int(length), None))
        else:
            files[path].since.append((int(offset), bytes.fromhex(data.replace("\\x", ""))))
        yield files, {json.loads(each)["result"]["number"] for each in said.splitlines() if each.endswith(b"}")}


def _plain(path: str) -> str:
    return bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path


def losses(folder: Path, log: Path, seed: int) -> Iterator[str]:
    """What is wrong with images of the disk at random instants."""
    chance = random.Random(seed)
    count = sum(1 for _ in replayed(folder, log))
    assert count > LINES, "too few system calls were seen"
    chosen = set(chance.sample(range(count), min(IMAGES, count)))
    for nth, (files, answered) in enumerate(replayed(folder, log)):
        if nth not in chosen:
            continue
        copy = folder / f"image-{nth}.db"
        for path, file in files.items():
            Path(f"{copy}{path.removeprefix(os.environ['CLINICCTL_DB'])}").write_bytes(file.image(chance))
        try:
            with closing(sqlite3.connect(copy)) as connection:
                sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
                there = {f"A{number}" for (number,) in connection.execute("SELECT number FROM appointments")}
        except sqlite3.DatabaseError as error:
            sound, there = str(error), set()
        if sound != "ok":
            yield f"after call {nth}: {sound}; {[len(each.since) for each in files.values()]}"
        elif answered - there:
            yield f"after call {nth}: {sorted(answered - there)} had been answered"


@pytest.fixture
def before(clinic: Ask, tmp_path: Path) -> Path:
    """A clinic whose database is copied back whole, and a copy of it: what the disk holds before."""
    clinic("doctor", "edit", "MEHTA", "--capacity", "500")
    database = os.environ["CLINICCTL_DB"]
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    folder = tmp_path / "power"
    folder.mkdir()
    shutil.copy(database, folder)
    return folder


def lines() -> list[str]:
    return [f"book P{n % 2 + 1} MEHTA --again --key k{n}" for n in range(LINES)]


FED = """
import subprocess, sys, time
batch = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE)
for line in open(sys.argv[1]):
    batch.stdin.write(line.encode())
    batch.stdin.flush()
    time.sleep(0.01)
batch.stdin.close()
sys.exit(batch.wait())
"""


@pytest.mark.storm
def test_whenever_the_power_fails_every_answered_line_is_there(before: Path) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    batch = [sys.executable, "-m", "clinicctl", "batch", "-"]
    log = traced(before, [sys.executable, "-c", FED, str(before / "lines.txt"), *batch], lines())
    assert list(losses(before, log, seed)) == []


@pytest.mark.storm
def test_a_disk_that_is_not_waited_for_is_caught(before: Path) -> None:
    """The same with synchronous=NORMAL, which does not wait: it has to lose something, or the check proves nothing."""
    code = textwrap.dedent("""
        import os, sqlite3
        real = sqlite3.connect
        class Hasty(sqlite3.Connection):
            def execute(self, sql, *rest):
                return super().execute(sql.replace("synchronous=FULL", "synchronous=NORMAL"), *rest)
        sqlite3.connect = sqlite3.dbapi2.connect = lambda *args, **named: real(*args, **{**named, "factory": Hasty})
        from clinicctl.cli import run
        os._exit(run(["batch", "-"]))
    """)
    batch = [sys.executable, "-c", code]
    log = traced(before, [sys.executable, "-c", FED, str(before / "lines.txt"), *batch], lines())
    assert any(True for seed in range(3) for _ in losses(before, log, seed))
