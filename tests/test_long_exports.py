"""Exports of many rows: memory that does not grow with them, and progress on a terminal."""

import io
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Any

import openpyxl
import pytest

from tests.peaks import spent
from tests.test_lists import MANY, multiply

Ask = Callable[..., Any]

EXPORTS = (
    *(f"{kind} -o {form}" for kind in ("patients", "appointments", "waitlist") for form in ("csv", "jsonl", "xlsx")),
    *("journal -o csv", "fhir --ndjson", "ics --doctor MEHTA"),
)


@pytest.fixture
def short(clinic: Ask) -> Ask:
    """A clinic with a row in each table that is then copied; the value is `ask`."""
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("appointment", "cancel", "A1")
    clinic("waitlist", "add", "P1", "RAO", "tomorrow")
    clinic("waitlist", "remove", "W1")
    return clinic


MORE = 12.0
"""The megabytes that a long export may take beyond a short one."""


def peak(line: str, output: Path) -> float:
    """Export to a file, and return the most megabytes that the process had."""
    _, found = spent([sys.executable, "-m", "clinicctl", "export", *line.split()], output)
    return found


def fill() -> None:
    """Make long tables of short ones."""
    multiply("patients", number="n")
    multiply("appointments", number="n")
    multiply("waitlist_entries", number="n")
    multiply("journal", number="n + 100", key="'key-' || n")


def test_a_long_export_takes_little_more_memory_than_a_short_one(short: Ask, tmp_path: Path) -> None:
    few = {each: peak(each, tmp_path / "few") for each in EXPORTS}
    fill()
    target = {each: tmp_path / each.replace(" ", "_") for each in EXPORTS}
    many = {each: peak(each, target[each]) for each in EXPORTS}
    assert {each: many[each] - few[each] for each in EXPORTS if many[each] - few[each] > MORE} == {}
    assert len(target["patients -o csv"].read_text("utf-8").splitlines()) == MANY + 3
    assert len(target["fhir --ndjson"].read_text("utf-8").splitlines()) > 2 * MANY
    assert target["ics --doctor MEHTA"].read_text("utf-8").count("BEGIN:VEVENT") == MANY + 1
    for line in target["appointments -o jsonl"].read_text("utf-8").splitlines():
        assert json.loads(line)["status"] == "cancelled"
    book = openpyxl.load_workbook(io.BytesIO(target["waitlist -o xlsx"].read_bytes()), read_only=True)
    assert sum(1 for _ in book["waitlist"].iter_rows()) == MANY + 2


@pytest.mark.parametrize("quiet", [False, True], ids=["shown", "quiet"])
def test_a_long_export_shows_its_progress_on_a_terminal(quiet: bool, short: Ask, tmp_path: Path) -> None:
    fill()
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "clinicctl", "export", "patients", "--to", str(tmp_path / "out.csv")]
    process = subprocess.Popen([*command, *["-q"] * quiet], stdin=terminal, stderr=terminal)
    os.close(terminal)
    shown = b""
    try:
        while part := os.read(screen, 65_536):
            shown += part
    except OSError:
        pass  # The process has closed the terminal.
    os.close(screen)
    assert process.wait() == 0
    assert (b"out.csv: 10,000 records" in shown) is not quiet
    assert (f"out.csv: {MANY + 2:,} records.".encode() in shown) is not quiet


@pytest.mark.file
def test_a_killed_export_leaves_the_file_as_it_was(short: Ask, start: Any, tmp_path: Path) -> None:
    multiply("appointments", number="n")
    target = tmp_path / "out.csv"
    target.write_text("before")
    export = start("export", "appointments", "--to", str(target), "--force")
    while not any(each.stat().st_size for each in tmp_path.glob(".out.csv.*")):
        assert export.poll() is None, "it ended before it was killed"
        sleep(0.005)
    export.kill()
    assert export.wait() == -signal.SIGKILL
    assert target.read_text() == "before"
