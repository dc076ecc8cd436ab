"""CSV and TSV: every row has the same columns, known before the first row."""

import csv
import inspect
import io
import json
import shlex
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from clinicctl import desk
from clinicctl.render import machine
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]

LISTS = (
    "patient find a",
    "patient list --all",
    "patient duplicates",
    "doctor list",
    "doctor avail show MEHTA",
    "appointment list",
    "appointment history A1",
    "queue show",
    "queue board --once",
    "day",
    "free",
    "status",
    "waitlist list",
    "audit log",
    "config",
    "config holiday list",
    "config visit-type list",
    "health",
    "db check",
)
"""The commands that answer with rows."""

WRITES = (
    "patient add 'Zoë Quinn' --phone none",
    "patient edit P1 --note careful",
    "patient archive P2",
    "doctor edit RAO --capacity 4",
    "doctor avail set MEHTA +1d..+2d --capacity 7",
    "doctor avail weekly MEHTA mon,tue --capacity 7",
    "book P1 MEHTA",
    "walkin P2 RAO",
    "waitlist add P1 RAO tomorrow",
    "config name Other",
    "config holiday add +9d Feast",
    "config visit-type add new --minutes 20",
)


def table(text: str) -> tuple[list[str], list[list[str]]]:
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    return header, rows


def flat(value: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, each in value.items():
        if isinstance(each, dict):
            yield from flat(each, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def operations() -> list[Callable[..., Any]]:
    modules = [import_module(each.name) for each in walk_packages(desk.__path__, "clinicctl.desk.")]
    found = {id(each): each for module in modules for each in vars(module).values()}.values()
    return [
        each
        for each in found
        if inspect.isfunction(each) and each.__module__.startswith("clinicctl.desk") and each.__name__[0] != "_"
    ]


def fill(clinic: Ask) -> None:
    clinic("patient", "add", "Anita Sharmaa", "--phone", "98765 43211", "--born", "1980-02-01", "--new")
    clinic("walkin", "P1", "MEHTA", "--reason", "cough")
    clinic("book", "P2", "MEHTA")
    clinic("book", "P2", "RAO", "tomorrow")
    clinic("doctor", "avail", "set", "RAO", "+2d", "--capacity", "1")
    clinic("book", "P1", "RAO", "+2d")
    clinic("queue", "call", "MEHTA")
    clinic("waitlist", "add", "P3", "RAO", "+2d")
    clinic("config", "holiday", "add", "+300d", "Founders' Day")
    clinic("config", "visit-type", "add", "new", "--minutes", "20")


@pytest.mark.parametrize("command", [each for each in LISTS if each != "appointment history A1"])
def test_a_list_has_the_same_columns_when_it_is_empty_and_when_it_is_not(command: str, ask: Ask, run: Run) -> None:
    words = command.split()
    ask("init", "--timezone", "Asia/Kolkata", "--region", "IN")
    ask("doctor", "add", "MEHTA", "Dr. Asha Mehta")
    empty, _ = table(run(*words, "-o", "csv", status=0).stdout)
    ask("doctor", "add", "RAO", "Dr. Vikram Rao", "--capacity", "3")
    ask("patient", "add", "Anita Sharma", "--phone", "98765 43210", "--born", "1980-02-01")
    ask("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789")
    fill(ask)
    header, rows = table(run(*words, "-o", "csv", status=0).stdout)
    assert header == empty
    assert rows or command in ("db check", "patient duplicates")
    assert {len(row) for row in rows} <= {len(header)}
    assert len(set(header)) == len(header)
    if command not in ("health", "db check"):
        for row, one in zip(rows, ask(*words), strict=True):
            assert (
                {name for name, cell in zip(header, row, strict=True) if cell}
                <= set(flat(one))
                <= {
                    *header,
                    *[name.partition(".")[0] for name in header],
                }
            )


@pytest.mark.parametrize("command", LISTS)
def test_a_list_as_tsv_has_the_columns_of_its_header(command: str, clinic: Ask, run: Run) -> None:
    fill(clinic)
    plainly = run(*command.split(), "-o", "tsv", status=0).stdout
    header, *rows = [
        line.split("\t") for line in run(*command.split(), "-o", "tsv", "--header", status=0).stdout.splitlines()
    ]
    assert header == table(run(*command.split(), "-o", "csv", status=0).stdout)[0]
    assert {len(row) for row in rows} <= {len(header)}
    assert len(plainly.splitlines()) == len(rows)


def test_a_free_slot_of_the_day_sheet_has_the_appointment_columns(clinic: Ask, run: Run) -> None:
    free, _ = table(run("day", "-o", "csv", status=0).stdout)
    clinic("book", "P1", "MEHTA")
    taken, rows = table(run("day", "-o", "csv", status=0).stdout)
    assert free == taken
    assert "appointment.patient.name" in taken
    assert [row[taken.index("appointment.patient.number")] for row in rows][:2] == ["P1", ""]


@pytest.mark.parametrize("command", WRITES)
def test_a_write_has_the_same_columns_each_time(command: str, clinic: Ask, run: Run) -> None:
    words = [*shlex.split(command), "-o", "csv"]
    tried, (would, *_) = table(run(*words, "--dry-run", status=0).stdout)
    done, (did, *_) = table(run(*words, "--key", "k", status=0).stdout)
    again, (replayed, *_) = table(run(*words, "--key", "k", status=0).stdout)
    assert tried == done == again
    marks = slice(done.index("replayed"), None)
    assert done[marks] == ["replayed", "dry_run"]
    assert (would[marks], did[marks], replayed[marks]) == (["false", "true"], ["false", "false"], ["true", "false"])


@pytest.mark.parametrize(
    ("command", "rows"),
    [("doctor avail set MEHTA +1d..+2d --absent", 2), ("doctor avail weekly MEHTA mon-sun --off", 7)],
)
@pytest.mark.parametrize("output", ["csv", "tsv"])
def test_rows_stay_days_and_patients_to_call_go_to_stderr(
    output: str, command: str, rows: int, clinic: Ask, run: Run
) -> None:
    words = [*command.split(), "--on-conflict", "cancel", "-o", output, "--header"]
    before = run(*words, "--dry-run", status=0)
    clinic("book", "P1", "MEHTA", "+1d")
    after = run(*words, status=0)
    assert after.stdout.splitlines()[0] == before.stdout.splitlines()[0]
    assert len(after.stdout.splitlines()) == 1 + rows
    assert "A1" in after.stdout
    assert "Cancelled by the clinic; please call:\n  A1  P1 Anita Sharma  +919876543210\n" in after.stderr
    assert before.stderr == ""


def test_a_quiet_change_of_days_still_says_whom_to_phone(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "+1d")
    answer = run("doctor", "avail", "set", "MEHTA", "+1d", "--absent", "--on-conflict", "cancel", "-q", status=0)
    assert answer.stdout == ""
    assert "Anita Sharma  +919876543210" in answer.stderr


@pytest.mark.parametrize("kind", ["patient", "doctor", "doctor avail"])
def test_an_import_that_finds_nothing_has_its_header(kind: str, clinic: Ask, run: Run) -> None:
    header = {"patient": "name,phone", "doctor": "code,name", "doctor avail": "doctor,date"}[kind]
    row = {"patient": "Zoë Quinn,none", "doctor": "NEW,Dr. New", "doctor avail": "MEHTA,+3d"}[kind]
    args = [*kind.split(), "import", "-", "-o", "csv"]
    empty, none = table(run(*args, stdin=f"{header}\n", status=0).stdout)
    full, one = table(run(*args, stdin=f"{header}\n{row}\n", status=0).stdout)
    assert (empty, none) == (full, [])
    assert len(one[0]) == len(full)


def test_every_operation_that_lists_declares_the_class_of_its_rows() -> None:
    """An empty list has no row to take the columns from."""
    listing = [each for each in operations() if get_origin(get_type_hints(each).get("return")) in (list, Iterator)]
    rows = {get_args(get_type_hints(each)["return"])[0] for each in listing}
    kinds = {each for each in rows if is_dataclass(each)}
    assert {each.__name__ for each in kinds} >= {"Patient", "Doctor", "Day", "WeekDay", "Appointment", "QueueEntry"}
    for kind in kinds:
        names = list(machine._names(kind, {}))
        assert names
        assert len(set(names)) == len(names)


def test_what_stands_in_a_cell_for_a_thing_names_it(clinic: Ask, run: Run, database: str) -> None:
    stored.change(database, "UPDATE counters SET value = 0 WHERE name = 'patients'")
    answer = run("db", "check", "--repair", "-o", "csv", status=0)
    header, (row,) = table(answer.stdout)
    assert row[header.index("mended")].strip(), json.dumps(row)
