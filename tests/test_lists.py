"""Long lists: read row by row in every format, and printed as short ones are."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from clinicctl.render import listings, machine, streams
from clinicctl.render.spool import AT_ONCE, Spool
from clinicctl.results.people import Doctor
from tests import peaks, stored

Ask = Callable[..., Any]
Run = Callable[..., Any]

COMMANDS = ("appointment list", "patient list", "audit log", "waitlist list --all")
FORMATS = ("table", "json", "jsonl", "csv", "tsv")
MANY = 12_000
"""Rows of a long list. Before they were read one by one, each took 2 to 5 kB."""
MORE = 16 << 10
"""The kilobytes that a long list may take beyond a short one."""


def multiply(table: str, **own: str) -> None:
    """Copy the first row of a table MANY times, with other values in some columns, in terms of `n`."""
    place = os.environ["CLINICCTL_DB"]
    if table != "journal":
        own["id"] = stored.new_id(place)
    values = ", ".join(own.get(name, f'"{name}"') for name in stored.columns(place, table))
    stored.change(
        place,
        f"WITH RECURSIVE counted (n) AS (SELECT 10 UNION ALL SELECT n + 1 FROM counted WHERE n < {MANY + 9}) "
        f"INSERT INTO {table} SELECT {values} FROM (SELECT * FROM {table} ORDER BY number LIMIT 1) AS one, counted",
    )


def peak(command: str, path: Path) -> int:
    """Run a command as a process, and return the most kilobytes that it had."""
    _, megabytes = peaks.spent([sys.executable, "-m", "clinicctl", *command.split()], path)
    return round(megabytes * 1024)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_long_list_takes_little_more_memory_than_a_short_one(command: str, clinic: Ask, tmp_path: Path) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("appointment", "cancel", "A1")
    clinic("waitlist", "add", "P1", "RAO", "tomorrow")
    clinic("waitlist", "remove", "W1")
    short = {each: peak(f"{command} -o {each}", tmp_path / each) for each in FORMATS}
    multiply("patients", number="n")
    multiply("appointments", number="n")
    multiply("waitlist_entries", number="n")
    multiply("journal", number="n + 100", key="'key-' || n")
    long = {each: peak(f"{command} -o {each}", tmp_path / each) for each in FORMATS}
    assert {each: long[each] - short[each] for each in FORMATS if long[each] - short[each] > MORE} == {}
    objects = json.loads((tmp_path / "json").read_text())
    lines = [json.loads(line) for line in (tmp_path / "jsonl").read_text().splitlines()]
    cells = list(csv.reader(io.StringIO((tmp_path / "csv").read_text(), newline="")))
    assert len(objects) > MANY
    assert objects == lines
    assert len(objects) == len(cells) - 1 == len((tmp_path / "tsv").read_text().splitlines())
    assert len(objects) <= len((tmp_path / "table").read_text().splitlines()) - 1


def rows(count: int) -> Iterator[Doctor]:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    for n in range(count):
        yield Doctor(
            id=UUID(int=n),
            code=f"D{n}",
            name=f"Dr. {'Ä' * (n // 100)} \u200f{n}",
            specialty="x\u0085y" if n == AT_ONCE else None,
            capacity=n,
            created_at=at,
            archived_at=None,
        )


@pytest.mark.parametrize("count", [0, 1, 2, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE + 3])
@pytest.mark.parametrize("pretty", [False, True])
def test_an_array_read_row_by_row_is_the_array_of_its_members(count: int, pretty: bool) -> None:
    written = "".join(
        listings.read(
            rows(count), output="json", header=True, excel_safe=False, masked=False, of=None, pretty=pretty
        ).pieces
    )
    whole = [json.loads(machine.dumps(each)) for each in map(machine.plain, rows(count))]
    assert written == machine.dumps(whole, indent=2 if pretty else None) + "\n"


def test_the_last_row_of_a_long_table_decides_its_widths() -> None:
    lines = "".join(
        listings.read(
            rows(3 * AT_ONCE),
            output="table",
            header=True,
            excel_safe=False,
            masked=False,
            of=None,
            pretty=False,
            width=100,
        ).pieces
    ).splitlines()
    assert lines[1].startswith("D0     Dr.")
    assert lines[-1].startswith(f"D{3 * AT_ONCE - 1}  Dr.")
    assert "Specialty" in lines[0]


def test_a_spool_is_read_as_often_as_one_likes() -> None:
    spool = Spool()
    given = [[n, "é", None] for n in range(2 * AT_ONCE + 1)]
    for row in given:
        spool.add(row)
    assert list(spool) == list(spool) == given


def test_small_texts_are_written_together(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(io.StringIO):
        calls = 0

        def write(self, text: str) -> int:
            self.calls += 1
            return super().write(text)

    output = Counting()
    monkeypatch.setattr(sys, "stdout", output)
    streams.write(f"{n}\n" for n in range(100_000))
    assert output.getvalue() == "".join(f"{n}\n" for n in range(100_000))
    assert output.calls < 12


@pytest.mark.parametrize("output", FORMATS)
def test_an_error_in_the_middle_of_a_list_prints_nothing_of_it(
    output: str, clinic: Ask, run: Run, database: str
) -> None:
    multiply("patients", number="n")
    no_instant = "infinity" if stored.is_on_server(database) else "garbage"
    stored.change(database, f"UPDATE patients SET created_at = '{no_instant}' WHERE number = {MANY}")
    answer = run("patient", "list", "-o", output, status=10)
    assert answer.stdout == ""


def test_a_reader_that_closes_in_a_long_list_ends_it_silently(clinic: Ask) -> None:
    multiply("patients", number="n")
    for output in FORMATS:
        process = subprocess.Popen(
            [sys.executable, "-m", "clinicctl", "patient", "list", "-o", output],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stderr
        assert process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
        assert process.wait() == -signal.SIGPIPE


def test_a_long_list_that_waits_for_its_reader_holds_no_view(clinic: Ask, database: str) -> None:
    """A pager that is left open must not keep the log from being emptied, nor an erasure from its end."""
    multiply("patients", number="n")
    with subprocess.Popen(
        [sys.executable, "-m", "clinicctl", "patient", "list", "-o", "jsonl"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.read(1)
        assert clinic("patient", "erase", "P1", "--yes")["overwritten"] or stored.is_on_server(database)
        assert process.poll() is None
        assert process.stdout.read().count(b"\n") == MANY + 2


def test_a_shell_lists_and_knows_whether_it_was_about_one_patient(clinic: Ask, run: Run) -> None:
    one = run("shell", stdin="patient list --limit 1\npatient show .\n", status=0)
    assert one.stdout.count("Anita Sharma") >= 2
    run("shell", stdin="patient list\npatient show .\n", status=2)


def test_a_batch_answers_a_list_with_one_line(clinic: Ask, run: Run) -> None:
    (line,) = run("batch", "-", stdin="patient list -o csv\n", status=0).lines
    assert [each["number"] for each in line["result"]] == ["P1", "P2"]


def test_free_days_are_listed_by_date_and_doctor(clinic: Ask) -> None:
    found = [(date.fromisoformat(each["date"]), each["doctor"]) for each in clinic("free", "--days", "70")]
    assert len(found) == 140
    assert found == sorted(found)
