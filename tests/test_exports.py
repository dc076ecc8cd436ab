"""Exported tables: the rows of the lists, in files that appear whole, and that the imports read back."""

import csv
import io
import itertools
import json
import os
import stat
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicctl import clock
from clinicctl.desk.exports import tables
from clinicctl.rules import spans
from clinicctl.rules.days import FIRST, LAST
from tests import every_write

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

LISTS = {
    "patients --all": "patient list --all",
    "patients": "patient list",
    "doctors --all": "doctor list --all",
    "doctors": "doctor list",
    "appointments": "appointment list",
    "appointments --doctor MEHTA": "appointment list --doctor MEHTA",
    "appointments --patient P2": "appointment list --patient P2",
    "appointments --day today,+1d..+3d": "appointment list --day today,+1d..+3d",
    "waitlist": "waitlist list --all",
    "waitlist --doctor NEW": "waitlist list NEW --all",
    "journal": "audit log",
    "journal --doctor MEHTA": "audit log --doctor MEHTA",
    "journal --patient P2": "audit log --patient P2",
    "journal --day today": "audit log --day today",
}
"""Exports, each with the list that has the same rows."""

KINDS = ("patients", "doctors", "days", "appointments", "queue", "waitlist", "journal")


@pytest.fixture
def day(ask: Ask, run: Run) -> Ask:
    """A clinic in which every command that writes had its turn but the last, an erasure; the value is `ask`."""
    every_write.begin(ask)
    for args, stdin in every_write.DAY[:-1]:
        run(*args, stdin=stdin, status=0)
    return ask


def exported(run: Run, *args: str) -> list[dict[str, str]]:
    """Return the rows of an export as CSV."""
    return list(csv.DictReader(io.StringIO(run("export", *args, status=0).stdout, newline="")))


def test_an_export_has_the_rows_and_columns_of_the_list(day: Ask, run: Run) -> None:
    for line, of_list in LISTS.items():
        listed = run(*of_list.split(), "-o", "csv", status=0).stdout
        assert listed.count("\n") > 1, f"{of_list}: a list without rows shows nothing"
        assert run("export", *line.split(), status=0).stdout == listed, line
        if not line.startswith("journal"):
            objects = run(*of_list.split(), "-o", "jsonl", status=0).stdout
            assert run("export", *line.split(), "-o", "jsonl", status=0).stdout == objects, line
            assert run("export", *line.split(), "--json", status=0).stdout == objects, line


def test_exported_days_are_those_of_each_doctor(day: Ask, run: Run) -> None:
    shown = [
        each for code in ("MEHTA", "NEW", "RAO", "TEMP") for each in day("doctor", "avail", "show", code, "+1d..+9d")
    ]
    rows = run("export", "days", "--day", "+1d..+9d", "-o", "jsonl", status=0).lines
    assert rows == [{name: each[name] for name in rows[0]} for each in shown]
    assert len(rows) == 4 * 9
    only = run("export", "days", "--day", "+1d..+9d", "--doctor", "rao", "-o", "jsonl", status=0).lines
    assert only == [each for each in rows if each["doctor"] == "RAO"]


def test_days_with_an_open_end_reach_as_far_as_is_set_or_booked(day: Ask, run: Run) -> None:
    today = date.today()  # noqa: DTZ011 - the test's clinic is a day around it
    last = max(each["date"] for each in exported(run, "days"))
    assert last > (today + timedelta(days=25)).isoformat(), "the last of a series that was cancelled is 58 days ahead"
    assert max(each["date"] for each in exported(run, "days", "--day", "+1d..")) == last
    assert exported(run, "days", "--day", f"{LAST}..") == []


def test_exported_queues_have_the_times_of_each_entry(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "today")
    clinic("walkin", "P2", "MEHTA")
    clinic("checkin", "A1")
    clinic("next", "MEHTA", "--start")
    shown = {each["position"]: each for each in clinic("queue", "show", "MEHTA")}
    rows = run("export", "queue", "-o", "jsonl", status=0).lines
    assert [each["position"] for each in rows] == [1, 2]
    names = ("doctor", "date", "status", "priority", "checked_in_at", "called_at", "started_at", "ended_at", "moved_up")
    for each in rows:
        like = shown[each["position"]]
        assert [each[name] for name in names] == [like[name] for name in names]
        assert each["patient"] == {"number": like["patient"]["number"], "name": like["patient"]["name"]}
        assert each["appointment"]["number"] == like["appointment"]["number"]
    of_one = run("export", "queue", "--patient", "P1", "--doctor", "MEHTA", "--day", "today", "-o", "jsonl", status=0)
    assert of_one.lines == [rows[1]]
    assert exported(run, "queue", "--day", "tomorrow..") == []


def test_a_waitlist_entry_is_exported_for_its_days_only(clinic: Ask, run: Run) -> None:
    clinic("waitlist", "add", "P1", "RAO", "+1d,+9d")
    clinic("waitlist", "add", "P2", "RAO", "+5d")
    assert [each["number"] for each in exported(run, "waitlist", "--day", "+2d..+8d")] == ["W2"]
    assert [each["number"] for each in exported(run, "waitlist", "--day", "..+1d,+5d..")] == ["W1", "W2"]
    assert [each["number"] for each in exported(run, "waitlist", "--day", "+1d,+8d")] == ["W1"]
    assert [each["number"] for each in exported(run, "waitlist", "--patient", "P2")] == ["W2"]


# Spans of days


def test_spans_may_be_open_and_of_any_length() -> None:
    today = date(2026, 11, 23)

    def read(text: str) -> list[tuple[date, date]]:
        return [tuple(each) for each in spans.spans(text, today=today)]

    assert read("2025-01-01..") == [(date(2025, 1, 1), LAST)]
    assert read("..today") == [(FIRST, today)]
    assert read("..") == [(FIRST, LAST)]
    assert read("2020-01-01..2029-12-31") == [(date(2020, 1, 1), date(2029, 12, 31))]
    assert read("tomorrow") == [(date(2026, 11, 24), date(2026, 11, 24))]
    assert read("+5d, today..+1d, +2d") == [(today, date(2026, 11, 25)), (date(2026, 11, 28), date(2026, 11, 28))]
    assert read("mon-wed") == [(today, date(2026, 11, 25))]


@pytest.mark.parametrize("text", ["soon..", "..soon", "today,", "tomorrow..today", "1..2..3", ""])
def test_days_that_are_none_are_refused_before_a_file_is_made(
    text: str, clinic: Ask, refused: Refused, tmp_path: Path
) -> None:
    target = tmp_path / "out.csv"
    refused(2, "invalid_value", "export", "appointments", "--day", text, "--to", str(target))
    assert list(tmp_path.glob("*out*")) == []


def test_appointments_of_more_than_a_year_are_exported(clinic: Ask, run: Run) -> None:
    for day in ("+1d", "+300d", "+700d"):
        clinic("book", "P1", "MEHTA", day)
    assert [each["number"] for each in exported(run, "appointments", "--day", "today..+600d")] == ["A1", "A2"]
    assert [each["number"] for each in exported(run, "appointments", "--day", "+2d..")] == ["A2", "A3"]
    assert [each["number"] for each in exported(run, "appointments", "--day", "..+1d,+700d")] == ["A1", "A3"]
    assert [each["number"] for each in exported(run, "appointments")] == ["A1", "A2", "A3"]


# Formats


def test_the_name_of_the_file_gives_the_format(clinic: Ask, run: Run, refused: Refused, tmp_path: Path) -> None:
    lines, sheet, plain = tmp_path / "patients.jsonl", tmp_path / "patients.CSV", tmp_path / "patients.txt"
    for each in (lines, tmp_path / "patients.ndjson", sheet, plain):
        run("export", "patients", "--to", str(each), status=0)
    assert [json.loads(each)["number"] for each in lines.read_text().splitlines()] == ["P1", "P2"]
    assert (tmp_path / "patients.ndjson").read_text() == lines.read_text()
    assert sheet.read_text() == plain.read_text() == run("export", "patients", status=0).stdout.replace("\r\n", "\n")
    error = refused(2, "usage", "export", "patients", "--to", f"{tmp_path}/new.csv", "-o", "jsonl")
    assert error["message"] == "--to: the file's name ends in .csv, but the format is jsonl."


def test_a_name_that_promises_another_format_is_refused(
    clinic: Ask, run: Run, refused: Refused, tmp_path: Path
) -> None:
    error = run("export", "patients", "--to", f"{tmp_path}/new.json", status=2).stderr
    assert error.startswith("clinicctl: --to: an export has no format for .json; name the file .csv, .jsonl, .xlsx, ")
    assert list(tmp_path.glob("*new*")) == []
    for args in (("-o", "jsonl"), ("--json",)):
        run("export", "patients", "--to", f"{tmp_path}/new.json", "--force", *args, status=0)
        assert len((tmp_path / "new.json").read_text().splitlines()) == 2


def test_an_unknown_format_is_refused_with_the_known_ones(clinic: Ask, refused: Refused, run: Run) -> None:
    error = refused(2, "usage", "export", "patients", "-o", "tsv")
    assert "csv, jsonl, xlsx, parquet" in error["message"]
    assert "csv, jsonl, xlsx, parquet" in run("-o", "table", "export", "patients", status=2).stderr
    assert run("-o", "jsonl", "export", "patients", status=0).lines[0]["number"] == "P1"


def test_the_configured_output_is_used_if_it_is_a_format_of_exports(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICCTL_OUTPUT", "json")
    assert run("export", "patients", status=0).lines[0]["number"] == "P1"
    monkeypatch.setenv("CLINICCTL_OUTPUT", "tsv")
    assert run("export", "patients", status=0).stdout.startswith("id,number,")


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised_on_request(clinic: Ask, run: Run) -> None:
    clinic("patient", "add", "=cmd()", "--phone", "none", "--note", "+x")
    (row,) = (each for each in exported(run, "patients") if each["number"] == "P3")
    assert (row["name"], row["note"]) == ("=cmd()", "+x")
    (row,) = (each for each in exported(run, "patients", "--excel-safe") if each["number"] == "P3")
    assert (row["name"], row["note"]) == ("'=cmd()", "'+x")


# Files


def test_a_file_is_private_and_reported_on_stderr(clinic: Ask, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "patients.csv"
    answer = run("export", "patients", "--to", str(target), status=0)
    assert (answer.stdout, answer.stderr) == ("", f"clinicctl: {target}: 2 records.\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert run("export", "patients", "--to", f"{tmp_path}/quiet.csv", "-q", status=0).stderr == ""


def test_a_file_is_replaced_only_with_force(clinic: Ask, run: Run, refused: Refused, tmp_path: Path) -> None:
    target = tmp_path / "patients.csv"
    target.write_text("mine")
    error = refused(6, "exists", "export", "patients", "--to", str(target))
    assert "--force" in error["hint"]
    assert target.read_text() == "mine"
    run("export", "patients", "--to", str(target), "--force", status=0)
    assert target.read_text().startswith("id,number,")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert refused(2, "usage", "export", "patients", "--force")["message"] == "--force needs --to FILE."


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_a_regular_file_is_replaced(kind: str, clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    target, other = tmp_path / "out.csv", tmp_path / "other"
    other.write_text("mine")
    {"link": lambda: target.symlink_to(other), "folder": target.mkdir, "pipe": lambda: os.mkfifo(target)}[kind]()
    refused(74 if kind == "folder" else 6, "io_error" if kind == "folder" else "exists", *to(target), "--force")
    assert other.read_text() == "mine"
    assert sorted(each.name for each in tmp_path.glob("*o*t*")) == ["other", "out.csv"]


def to(target: Path | str) -> tuple[str, ...]:
    return ("export", "patients", "--to", str(target))


@pytest.mark.file
@pytest.mark.parametrize("end", ["", "-wal", ".lock"])
def test_no_file_of_the_database_is_replaced(end: str, clinic: Ask, refused: Refused) -> None:
    place = os.environ["CLINICCTL_DB"]
    for force in ((), ("--force",)):
        assert "part of the clinic's database" in refused(2, "invalid_value", *to(place + end), *force)["message"]
    assert [each["number"] for each in clinic("patient", "list")] == ["P1", "P2"]


def test_a_folder_that_is_missing_is_named(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    error = refused(4, "file_not_found", *to(tmp_path / "nowhere" / "out.csv"))
    assert error["message"] == f"{tmp_path}/nowhere: no such file."


def test_a_file_appears_whole_or_not_at_all(
    clinic: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.csv"
    target.write_text("before")
    seen: list[list[str]] = []
    describe = tables.patients.iter_all

    def failing(*args: Any, **kwargs: Any) -> Any:
        for nth, each in enumerate(describe(*args, **kwargs)):
            seen.append(sorted(os.listdir(tmp_path)))
            if nth:
                raise OSError(28, "No space left on device")
            yield each

    monkeypatch.setattr(tables.patients, "iter_all", failing)
    answer = run(*to(target), "--force", status=74)
    assert answer.stderr == f"clinicctl: {target}: No space left on device.\n"
    assert target.read_text() == "before"
    assert any(each.startswith(".out.csv.") for each in seen[0]), "the rows go to a file beside the target"
    assert [each for each in os.listdir(tmp_path) if "out.csv" in each] == ["out.csv"]


def test_a_reference_that_is_refused_leaves_no_file(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    refused(4, "doctor_not_found", "export", "appointments", "--doctor", "NOBODY", "--to", str(target))
    refused(4, "patient_not_found", "export", "appointments", "--patient", "P9", "--to", str(target))
    clinic("patient", "add", "Anita Sharma", "--phone", "none", "--new")
    refused(5, "ambiguous", "export", "appointments", "--patient", "anita", "--to", str(target))
    assert list(tmp_path.glob("*out.csv*")) == []


def test_a_draft_of_a_killed_export_is_removed_later(clinic: Ask, run: Run, tmp_path: Path) -> None:
    old, new = tmp_path / ".out.csv.0123456789ab.part", tmp_path / ".out.csv.123456789abc.part"
    for each in (old, new):
        each.write_text("name")
    os.utime(old, (0, 0))
    os.utime(new, (clock.now().timestamp(),) * 2)
    run(*to(tmp_path / "out.csv"), status=0)
    assert not old.exists()
    assert new.exists(), "another export may be writing it"


def test_an_export_in_a_batch_is_refused(clinic: Ask, run: Run) -> None:
    (answer,) = run("batch", "-", stdin="export patients\n", status=3).lines
    assert answer["error"]["message"] == "This command does not run in a batch or a shell. Run it by itself."


def test_nothing_is_printed_before_everything_was_read(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    describe = tables.patients.iter_all

    def failing(*args: Any, **kwargs: Any) -> Any:
        yield from describe(*args, **kwargs)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(tables.patients, "iter_all", failing)
    answer = run("export", "patients", status=74)
    assert (answer.stdout, answer.stderr) == ("", "clinicctl: stdout: Input/output error.\n")


# Nothing personal


def test_without_personal_data_no_name_phone_or_text_is_left(day: Ask, run: Run) -> None:
    marks = [*every_write.MARKS, "zyxwin-reason", "zyxwin-why", "zyxwin-note", "congress", "dr. ", '"k1"']
    for kind in KINDS:
        full = run("export", kind, *ALL.get(kind, ()), "-o", "jsonl", status=0).stdout.lower()
        left = run("export", kind, *ALL.get(kind, ()), "-o", "jsonl", "--no-personal", status=0).stdout.lower()
        assert kind == "journal" or any(each in full for each in marks), kind
        assert [each for each in marks if each in left] == [], kind
        assert full.count("\n") == left.count("\n") > 0, kind


ALL = {"patients": ["--all"], "doctors": ["--all"]}


def test_without_personal_data_numbers_and_ids_remain(day: Ask, run: Run) -> None:
    def numbers(*more: str) -> list[str]:
        return [
            f"{each['number']} {each['patient.number']} {each['id']}" for each in exported(run, "appointments", *more)
        ]

    assert numbers("--no-personal") == numbers()
    assert {*exported(run, "patients", "--no-personal")[0]} == {
        *("id", "number", "created_at", "archived_at", "merged_into", "erased_at"),
    }


def test_without_personal_data_each_actor_is_a_number(clinic: Ask, run: Run) -> None:
    for actor in ("asha", "ravi", "asha"):
        clinic("book", "P1", "MEHTA", "today", "--again", "--actor", actor)
    clinic("doctor", "avail", "set", "MEHTA", "+1d", "--capacity", "3", "--actor", "ravi")
    first, *_, one, two, three, four = (each["actor"] for each in exported(run, "journal", "--no-personal"))
    assert (first, one, two, three, four) == ("1", "2", "3", "2", "3")
    assert "ravi" not in run("export", "days", "--no-personal", status=0).stdout


# What the imports read back


IMPORTS = {
    "patients": ("export patients --all", "patient import"),
    "doctors": ("export doctors --all", "doctor import"),
    "days": ("export days --day today..", "doctor avail import"),
}
"""Exports, each with the import that reads it back."""


def test_what_an_import_reads_back_changes_nothing(day: Ask, run: Run, tmp_path: Path) -> None:
    for args in HARD:
        day(*args.split())
    for (name, (export, read)), end in itertools.product(IMPORTS.items(), ("csv", "jsonl", "xlsx")):
        target = tmp_path / f"{name}.{end}"
        run(*export.split(), "--to", str(target), status=0)
        found = day(*read.split(), str(target))
        changed = {each: found[each] for each in ("added", "changed", "refused")}
        assert changed == {"added": 0, "changed": 0, "refused": 0}, found
        assert found["unchanged"] > 0
    run("audit", "verify", status=0)


HARD = (
    "patient add Nobody --phone none",
    "patient add Nobody --phone none --new",
    "patient add Somebody --phone none --age 40",
    "patient add Somebody --phone none --age 40 --new --note =1+1",
    "patient add Archived --phone none",
    "patient archive Archived",
    "patient add Once --phone none",
    "patient add Now --phone none --age 6m",
    "patient merge Once --into Now --yes",
    "patient add Twin --phone 9876500001 --born 2001-01-01",
    "patient add Twin --phone 9876500001 --born 2001-01-01 --sex male --new",
    "doctor add AWAY Away --capacity 3",
    "doctor archive AWAY",
)
"""Rows that nothing but their id tells apart, and archived ones."""


@pytest.mark.parametrize("kind", ["patients", "doctors"])
def test_an_archived_row_is_refused_only_if_it_says_something_new(
    kind: str, clinic: Ask, run: Run, refused: Refused, tmp_path: Path
) -> None:
    for args in HARD:
        clinic(*args.split())
    export, read = IMPORTS[kind]
    target = tmp_path / "rows.jsonl"
    run(*export.split(), "--to", str(target), status=0)
    rows = [json.loads(each) for each in target.read_text("utf-8").splitlines()]
    (archived,) = (each for each in rows if each["name"] in ("Archived", "Away"))
    archived |= {"note": "back again"} if kind == "patients" else {"specialty": "cardiology"}
    target.write_text(json.dumps(archived), "utf-8")
    assert "archived" in refused(65, "bad_file", *read.split(), str(target))["hint"]


def test_an_id_with_another_name_says_nothing(clinic: Ask, run: Run, tmp_path: Path) -> None:
    clinic("patient", "add", "Nobody", "--phone", "none")
    target = tmp_path / "rows.jsonl"
    (row,) = (each for each in run("export", "patients", "-o", "jsonl", status=0).lines if each["name"] == "Nobody")
    target.write_text("\n".join(json.dumps(row | {"name": each}) for each in ("NOBODY ", "Nobody Else")), "utf-8")
    found = clinic("patient", "import", str(target))["rows"]
    assert [(each["patient"], each["outcome"]) for each in found] == [("P3", "unchanged"), ("P4", "added")]


def test_a_row_of_a_record_that_was_merged_since_is_matched_as_any_other(clinic: Ask, run: Run, tmp_path: Path) -> None:
    clinic("patient", "add", "Once", "--phone", "9876500001")
    target = tmp_path / "rows.jsonl"
    (row,) = (each for each in run("export", "patients", "-o", "jsonl", status=0).lines if each["name"] == "Once")
    clinic("patient", "merge", "P3", "--into", "P1", "--yes")
    target.write_text(json.dumps(row | {"language": "de"}), "utf-8")
    (found,) = clinic("patient", "import", str(target))["rows"]
    assert (found["patient"], found["filled"]) == ("P1", ["language"])


@pytest.mark.file
def test_an_export_is_copied_to_stdout_as_it_is(clinic: Ask, start: Any, finish: Any, tmp_path: Path) -> None:
    clinic("patient", "add", "Zoë Ünal", "--phone", "none", "--note", 'a "note", and more')
    answer = finish(start("export", "patients", env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0"}))
    assert answer.status == 0
    target = tmp_path / "out.csv"
    assert finish(start(*to(target))).status == 0
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == list(csv.reader(io.StringIO(answer.stdout, newline="")))
    assert rows[3][2] == "Zoë Ünal"
    assert rows[3][8] == 'a "note", and more'
