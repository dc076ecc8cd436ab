"""Availability from a file: all or nothing, every line answered, a second run changes nothing."""

import csv
import datetime
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.desk.imports import day_plan, days
from clinicctl.desk.imports import plan as plans
from clinicctl.errors import BadFile, HasBookings
from clinicctl.rules import import_rows
from clinicctl.statuses import SheetFormat
from clinicctl.store.engine import Store, open_store
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

GOOD = "doctor,date,present,capacity,note\nmehta,+1d,yes,4,\nMEHTA,+2d,no,,congress\nRAO,+1d,,2,half day\n"


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str | bytes], str]:
    def write(content: str | bytes) -> str:
        path = tmp_path / "days.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    return write


def outcomes(imported: dict[str, Any]) -> list[str]:
    return [row["outcome"] for row in imported["rows"]]


def test_every_line_is_answered_with_the_number_it_has_in_the_file(clinic: Ask, file: Any) -> None:
    imported = clinic("doctor", "avail", "import", file(GOOD))
    assert (imported["added"], imported["changed"], imported["unchanged"], imported["refused"]) == (3, 0, 0, 0)
    assert [(row["line"], row["doctor"], row["outcome"], row["reason"]) for row in imported["rows"]] == [
        (2, "MEHTA", "added", None),
        (3, "MEHTA", "added", None),
        (4, "RAO", "added", None),
    ]
    days = clinic("doctor", "avail", "show", "MEHTA", "+1d..+2d")
    assert [(day["present"], day["capacity"], day["note"]) for day in days] == [
        (True, 4, None),
        (False, 10, "congress"),
    ]


def test_a_second_run_of_the_same_file_changes_nothing(clinic: Ask, file: Any) -> None:
    path = file(GOOD)
    clinic("doctor", "avail", "import", path, "--actor", "first")
    again = clinic("doctor", "avail", "import", path, "--actor", "second")
    assert outcomes(again) == ["unchanged"] * 3
    assert clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["updated_by"] == "first"


def test_an_empty_cell_and_a_missing_column_leave_what_stands(clinic: Ask, file: Any) -> None:
    clinic("doctor", "avail", "import", file(GOOD))
    changed = clinic("doctor", "avail", "import", file("date,doctor,present\n+1d,MEHTA,\n+2d,MEHTA,present\n"))
    assert outcomes(changed) == ["unchanged", "changed"]
    days = clinic("doctor", "avail", "show", "MEHTA", "+1d..+2d")
    assert [(day["present"], day["capacity"], day["note"]) for day in days] == [(True, 4, None), (True, 10, "congress")]


def test_a_dry_run_shows_what_would_come_of_it_and_changes_nothing(clinic: Ask, file: Any) -> None:
    dry = clinic("doctor", "avail", "import", file(GOOD), "--dry-run")
    assert (outcomes(dry), dry["dry_run"]) == (["added"] * 3, True)
    assert clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["source"] == "default"


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        ("doctor,date,present\nNOBODY,+1d,yes\n", 2, "unknown doctor"),
        ("doctor,date,present\nMEHTA,someday,yes\n", 2, "bad date"),
        ("doctor,date,present\nMEHTA,2026-02-30,yes\n", 2, "bad date"),
        ("doctor,date,present\nMEHTA,-1d,yes\n", 2, "past day"),
        ("doctor,date,present\nMEHTA,+1d,yes\n\nmehta,tomorrow,no\n", 4, "the same day as line 2"),
        ('doctor,date,present,note\nMEHTA,+1d,yes,"open\n', 2, "a quote is left open"),
        ("doctor,date,present\nMEHTA,+1d,maybe\n", 2, "present is yes or no"),
        ("doctor,date,present,capacity\nMEHTA,+1d,yes,-3\n", 2, "capacity is a whole number"),
        ("doctor,date,present\nMEHTA,+1d,yes,9\n", 2, "more cells than the header has"),
        ("doctor,date,colour\nMEHTA,+1d,red\n", 1, 'unknown column "colour"'),
        ("doctor,present\nMEHTA,yes\n", 1, "no column date"),
        ("", 1, "a header is needed"),
        ("doctor,date,present\nMEHTA,+1d,yes\0\n", 2, "NUL"),
        ("doctor,date,note\nMEHTA,+1d,é\n".encode() + b"MEHTA,+2d,\xff\xfe\n", 3, "not UTF-8"),
        ("doctor,date,note\nMEHTA,+1d," + "x" * 20_000 + "\n", 2, "a line of more than"),
        ("doctor,date,note\nMEHTA,+1d,\x1b[31mred\n", 2, "not allowed"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(
    clinic: Ask, refused: Refused, file: Any, content: str | bytes, line: int, reason: str
) -> None:
    good = b"MEHTA,+9d,yes\n"
    whole = content.encode() if isinstance(content, str) else content
    error = refused(65, "bad_file", "doctor", "avail", "import", file(whole + (good if b'"' not in whole else b"")))
    found = {each["line"]: each["reason"] for each in error["details"]["lines"]}
    assert reason in found[line]
    assert clinic("doctor", "avail", "show", "MEHTA", "+1d..+9d")[0]["source"] == "default"


def test_all_bad_lines_are_named_at_once(clinic: Ask, refused: Refused, file: Any) -> None:
    error = refused(
        65, "bad_file", "doctor", "avail", "import", file("doctor,date\nMEHTA,+1d\nX,+1d\nMEHTA,never\nRAO,+1d\n")
    )
    assert [each["line"] for each in error["details"]["lines"]] == [3, 4]
    assert (error["details"]["count"], error["message"]) == (2, "2 lines are bad in the file; nothing was written.")


def test_skipping_takes_the_good_lines_and_answers_the_bad_ones_as_refused(clinic: Ask, run: Run, file: Any) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    path = file("doctor,date,present\nMEHTA,+1d,no\nX,+1d,no\nRAO,+1d,no\nRAO,+2d,no\n")
    answer = run("doctor", "avail", "import", path, "--on-error", "skip", json=True, status=3)
    assert outcomes(answer.json) == ["added", "refused", "refused", "added"]
    assert [row["reason"] for row in answer.json["rows"]] == [None, "unknown doctor", "has bookings", None]
    assert clinic("doctor", "avail", "show", "RAO", "+1d")[0]["present"] is True


def test_a_refused_row_keeps_the_doctor_and_the_date_that_can_be_read(clinic: Ask, run: Run, file: Any) -> None:
    path = file(
        "doctor,date,present,capacity\nMEHTA,+1d,no,\nRAO,+1d,maybe,\nrao,2026-02-30,no,\n?,+1d,no,\nRAO,+2d,no,x\n"
        "X,+1d,no,\nMEHTA,+1d..+2d,maybe,\n"
    )
    answer = run("doctor", "avail", "import", path, "--on-error", "skip", json=True, status=3).json
    tomorrow, next_day = (datetime.date.fromisoformat(answer["rows"][at]["date"]) for at in (0, 4))
    assert next_day == tomorrow + datetime.timedelta(1)
    assert [(row["doctor"], row["date"]) for row in answer["rows"][1:]] == [
        ("RAO", str(tomorrow)),
        ("RAO", None),
        (None, str(tomorrow)),
        ("RAO", str(next_day)),
        ("X", str(tomorrow)),
        ("MEHTA", None),
    ]
    counts = [(each["doctor"], each["first"], each["last"], each["refused"]) for each in answer["doctors"]]
    assert counts == [("MEHTA", str(tomorrow), str(tomorrow), 1), ("RAO", str(tomorrow), str(next_day), 3)]
    assert answer["refused"] == 6


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ("+3d..+1d", "bad date: the range ends before it begins"),
        ("+1d..+400d", "bad date: at most 366 at a time"),
        ("anita", "bad date"),
        ("+1d..anita", "bad date"),
    ],
)
def test_why_days_are_bad_is_said_without_repeating_them(
    clinic: Ask, refused: Refused, file: Any, days: str, reason: str
) -> None:
    error = refused(65, "bad_file", "doctor", "avail", "import", file(f"doctor,days\n?,+1d\nRAO,{days}\n"))
    assert error["details"]["lines"][1] == {"line": 3, "reason": reason, "column": "date"}
    assert error["hint"].endswith(f"like MEHTA; line 3: {reason}."), "one full stop, at the end"


def test_a_file_that_would_strand_patients_is_refused_with_all_of_them(
    clinic: Ask, refused: Refused, file: Any
) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    clinic("book", "P2", "MEHTA", "tomorrow")
    path = file("doctor,date,present\nMEHTA,+1d,no\nRAO,+1d,no\nRAO,+2d,no\n")
    error = refused(6, "has_bookings", "doctor", "avail", "import", path)
    assert [each["number"] for each in error["details"]["affected"]] == ["P2", "P1"]
    assert clinic("doctor", "avail", "show", "RAO", "+2d")[0]["source"] == "default"
    clinic("doctor", "avail", "import", path, "--on-conflict", "keep")
    assert clinic("doctor", "avail", "show", "RAO", "+1d")[0]["booked"] == 1
    clinic("doctor", "avail", "set", "RAO", "+1d", "--present")
    clinic("doctor", "avail", "import", path, "--on-conflict", "cancel")
    assert clinic("appointment", "show", "A1")["cancelled_by"] == "clinic"


def test_stdin_a_byte_order_mark_crlf_and_quotes_are_read(clinic: Ask) -> None:
    text = '\ufeffDoctor,Date,Present,Note\r\n"MEHTA","+1d","Y","a ""b"", c"\r\n'
    imported = clinic("doctor", "avail", "import", "-", stdin=text.encode())
    assert outcomes(imported) == ["added"]
    assert clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["note"] == 'a "b", c'


def test_a_file_that_is_not_there_is_not_found(clinic: Ask, refused: Refused) -> None:
    refused(4, "file_not_found", "doctor", "avail", "import", "nowhere.csv")


def test_an_import_replays_by_its_key_and_is_silent_in_cron(clinic: Ask, run: Run, refused: Refused, file: Any) -> None:
    first = clinic("doctor", "avail", "import", file(GOOD), "--key", "k")
    assert clinic("doctor", "avail", "import", file(GOOD), "--key", "k") == first | {"replayed": True}
    refused(6, "key_reused", "doctor", "avail", "import", file(GOOD + "RAO,+5d,no,,\n"), "--key", "k")
    answer = run("doctor", "avail", "import", file(GOOD), "-q", status=0)
    assert (answer.stdout, answer.stderr) == ("", "")


# What a file may look like


@pytest.mark.parametrize(
    "content",
    [
        "Doctor Code;Day;Available;Slots;Remarks\r\nmehta;+1d;present;4;\r\nrao;+1d;;2;half, day\r\n",
        "code\tDATE\tstatus\tplaces\tcomment\nMEHTA\t+1d\ty\t4\t\nRAO\t+1d\t\t2\thalf, day\n",
        'doctor-code,days,availability,capacity,note,,\nMEHTA,+1d,1,4,,,\nRAO,+1d,,2,"half, day",,\n',
        '{"doctor": "mehta", "date": "+1d", "present": true, "capacity": 4, "note": null}\n'
        '\n{"Code": "RAO", "Day": "+1d", "slots": "2", "remark": "half, day"}\n',
    ],
    ids=["semicolons", "tabs", "empty columns at the end", "JSON lines"],
)
def test_a_file_means_the_same_however_it_is_written(clinic: Ask, file: Any, content: str) -> None:
    clinic("doctor", "avail", "import", file(content), "--format", "jsonl" if content.startswith("{") else "csv")
    (mehta,) = clinic("doctor", "avail", "show", "MEHTA", "+1d")
    (rao,) = clinic("doctor", "avail", "show", "RAO", "+1d")
    assert [(day["present"], day["capacity"], day["note"]) for day in (mehta, rao)] == [
        (True, 4, None),
        (True, 2, "half, day"),
    ]


@pytest.mark.parametrize("first", ["sep=;\r\n", "\ufeffSEP=;\n", "\nsep=;\n\n"])
def test_the_line_that_excel_puts_before_the_header_is_none(clinic: Ask, file: Any, first: str) -> None:
    imported = clinic("doctor", "avail", "import", file(f"{first}doctor;date\r\nMEHTA;+1d\r\n"))
    assert [(row["line"], row["doctor"]) for row in imported["rows"]] == [(first.count("\n") + 2, "MEHTA")]


@pytest.mark.parametrize("content", ["", "\n\n"])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_an_empty_file_is_a_bad_one_in_either_format(
    clinic: Ask, refused: Refused, tmp_path: Path, content: str, ending: str
) -> None:
    (tmp_path / f"days.{ending}").write_text(content)
    refused(65, "bad_file", "doctor", "avail", "import", str(tmp_path / f"days.{ending}"))


def test_the_format_is_known_by_the_option_the_name_or_the_first_character(
    clinic: Ask, refused: Refused, tmp_path: Path
) -> None:
    line = b'{"doctor": "MEHTA", "date": "+1d", "capacity": 4}\n'
    path = tmp_path / "days.jsonl"
    path.write_bytes(b"\n" + line)
    assert outcomes(clinic("doctor", "avail", "import", str(path))) == ["added"]
    assert outcomes(clinic("doctor", "avail", "import", "-", stdin=line)) == ["unchanged"]
    error = refused(65, "bad_file", "doctor", "avail", "import", "-", "--format", "csv", stdin=line)
    assert "a header is needed" in error["hint"]
    refused(2, "usage", "doctor", "avail", "import", str(path), "--format", "xml")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[1]", "not a JSON object"),
        ('"MEHTA"', "not a JSON object"),
        ('{"doctor": "MEHTA", "date"', "not JSON"),
        ("[" * 5000, "not JSON"),
        ('{"doctor": ' + "9" * 5000 + "}", "not JSON"),
        ('{"doctor": "MEHTA", "date": "+1d", "colour": 1}', 'unknown column "colour"'),
        ('{"doctor": "MEHTA", "code": "RAO", "date": "+1d"}', "doctor is named twice"),
        ('{"doctor": "MEHTA", "date": "+1d", "date": "+2d"}', "date is named twice"),
        ('{"doctor": "MEHTA", "date": ["+1d"]}', "date is neither text nor"),
        ('{"doctor": "MEHTA", "date": "+1d", "capacity": 4.5}', "capacity is neither text nor"),
        ('{"doctor": "MEHTA", "date": "+1d", "note": "\\ud800"}', "not allowed"),
        ('{"date": "+1d"}', "Not a doctor's code"),
        ("{}", "Not a doctor's code"),
    ],
)
def test_a_bad_line_of_json_is_named_and_the_others_are_good(clinic: Ask, run: Run, line: str, reason: str) -> None:
    rows = ('{"doctor": "MEHTA", "date": "+3d", "present": "no"}', line, '{"doctor": "RAO", "date": "+3d", "slots": 2}')
    text = "".join(f"{each}\n" for each in rows)
    args = ("doctor", "avail", "import", "-", "--format", "jsonl", "--on-error", "skip")
    answer = run(*args, stdin=text.encode("utf-8", "surrogatepass"), json=True, status=3)
    assert outcomes(answer.json) == ["added", "refused", "added"]
    assert reason in answer.json["rows"][1]["reason"]


def test_a_line_may_mean_several_days_each_of_which_is_answered(clinic: Ask, file: Any) -> None:
    imported = clinic(
        "doctor", "avail", "import", file('doctor,days,present\nMEHTA,+1d..+3d,no\nRAO,"+1d,+5d",no\n'), "-n"
    )
    assert [(row["line"], row["doctor"]) for row in imported["rows"]] == [(2, "MEHTA")] * 3 + [(3, "RAO")] * 2
    assert len({row["date"] for row in imported["rows"]}) == 4
    assert (imported["added"], len(imported["doctors"])) == (5, 2)


def test_a_day_said_twice_is_found_inside_a_range(clinic: Ask, refused: Refused, file: Any) -> None:
    path = file("doctor,days,present\nMEHTA,+1d..+5d,no\nMEHTA,+3d,yes\n")
    error = refused(65, "bad_file", "doctor", "avail", "import", path)
    assert error["details"]["lines"] == [{"line": 3, "reason": "the same day as line 2"}]


def test_a_file_that_ends_unreadable_is_refused_even_when_skipping(clinic: Ask, refused: Refused, file: Any) -> None:
    for content in ('doctor,date\nMEHTA,+1d\nRAO,"+1d\nMEHTA,+2d\n', "doctor,colour\nMEHTA,red\n"):
        refused(65, "bad_file", "doctor", "avail", "import", file(content), "--on-error", "skip")
    assert clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["source"] == "default"


def test_a_line_that_is_no_text_is_bad_alone(clinic: Ask, run: Run, file: Any) -> None:
    content = b"doctor,date,note\nMEHTA,+1d,\xc3\xa9\nMEHTA,+2d,\xff\n" + b"x" * 70_000 + b"\nMEHTA,+3d,\0\nRAO,+1d,b\n"
    answer = run("doctor", "avail", "import", file(content), "--on-error", "skip", json=True, status=3)
    assert [(row["line"], row["outcome"]) for row in answer.json["rows"]] == [
        *((2, "added"), (3, "refused"), (4, "refused"), (5, "refused"), (6, "added"))
    ]


def test_an_endless_line_takes_bounded_memory(clinic: Ask, start: Any, finish: Any) -> None:
    code = """
import resource, sys
from clinicctl.cli import run
resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))
sys.exit(run(["doctor", "avail", "import", "-", "--json"]))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write(b"doctor,date,note\nMEHTA,+1d,")
        for _ in range(1024):
            process.stdin.write(b"x" * (1 << 20))
    with suppress(BrokenPipeError):
        process.stdin.close()
    process.stdin = None
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, json.loads(stderr)["error"]["code"]) == (65, "bad_file")


def test_too_many_days_are_refused_in_one_line(
    clinic: Ask, refused: Refused, file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_rows, "MOST_DAYS", 5)
    clinic("doctor", "avail", "import", file("doctor,date\nMEHTA,+1d..+5d\n"), "--dry-run")
    for content in ("MEHTA,+1d..+6d\n", "".join(f"MEHTA,+{n}d\n" for n in range(1, 7))):
        error = refused(
            65, "bad_file", "doctor", "avail", "import", file(f"doctor,date\n{content}"), "--on-error", "skip"
        )
        assert len(error["details"]["lines"]) == 1
        assert "split the file" in error["hint"]


WIDTH = len(import_rows.DAYS.names)
cell = st.text(st.characters(exclude_characters="\0\r\n", exclude_categories=["Cs"]), max_size=8)
word = st.sampled_from(["MEHTA", "rao", "+1d", "today", "2026-12-01..2026-12-03", "yes", "0", "12", "", " "])


@given(
    cells=st.lists(st.lists(st.one_of(word, cell), min_size=WIDTH, max_size=WIDTH), max_size=8),
    delimiter=st.sampled_from(",;\t"),
)
def test_csv_and_json_lines_of_the_same_rows_are_read_alike(cells: list[list[str]], delimiter: str) -> None:
    cells = [each for each in cells if any(one.strip() for one in each)]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows([list(import_rows.DAYS.names), *cells])
    as_csv = import_rows.read_days(io.StringIO(buffer.getvalue(), ""))
    lines = [json.dumps(dict(zip(import_rows.DAYS.names, each, strict=True))) + "\n" for each in cells]
    as_json = import_rows.read_days(lines, format=SheetFormat.JSONL)
    assert [each[1:] for each in as_csv.rows] == [each[1:] for each in as_json.rows]
    assert as_csv.digest == as_json.digest


# What is replaced


@pytest.fixture
def december(clinic: Ask, file: Any) -> Ask:
    """Five days of MEHTA are said, of capacity 4; somebody is booked on the third."""
    clinic("doctor", "avail", "import", file("doctor,days,capacity,note\nMEHTA,+1d..+5d,4,secret words\n"))
    clinic("book", "P1", "MEHTA", "+3d")
    return clinic


def test_replacing_forgets_the_days_between_that_are_not_in_the_file(december: Ask, file: Any) -> None:
    path = file("doctor,date,capacity\nMEHTA,+1d,4\nMEHTA,+4d,3\n")
    dry = december("doctor", "avail", "import", path, "--mode", "replace", "--dry-run")
    imported = december("doctor", "avail", "import", path, "--mode", "replace")
    assert dry == imported | {"dry_run": True}
    assert (imported["unchanged"], imported["changed"], imported["removed"]) == (1, 1, 2)
    assert [(row["line"], row["outcome"], row["change"]) for row in imported["rows"]] == [
        (2, "unchanged", None),
        (3, "changed", "capacity 4 to 3"),
        (None, "removed", "capacity 4 to 10, note"),
        (None, "removed", "capacity 4 to 10, note"),
    ]
    days = december("doctor", "avail", "show", "MEHTA", "+1d..+5d")
    assert [day["source"] for day in days] == ["day", "default", "default", "day", "day"]
    assert [(day["capacity"], day["booked"], day["remaining"]) for day in days[1:3]] == [(10, 0, 10), (10, 1, 9)]
    again = december("doctor", "avail", "import", path, "--mode", "replace")
    assert outcomes(again) == ["unchanged", "unchanged"]


def test_a_day_that_is_forgotten_must_not_strand_its_patients(december: Ask, refused: Refused, file: Any) -> None:
    path = file("doctor,date\nMEHTA,+1d\nMEHTA,+5d\n")
    day = december("doctor", "avail", "show", "MEHTA", "+3d")[0]["date"]
    weekday = datetime.date.fromisoformat(day).strftime("%a").lower()
    december("doctor", "avail", "weekly", "MEHTA", weekday, "--off")
    error = refused(6, "has_bookings", "doctor", "avail", "import", path, "--mode", "replace")
    assert [each["number"] for each in error["details"]["affected"]] == ["P1"]
    assert december("doctor", "avail", "show", "MEHTA", "+3d")[0]["source"] == "day"
    december("doctor", "avail", "import", path, "--mode", "replace", "--on-conflict", "cancel")
    assert december("doctor", "avail", "show", "MEHTA", "+3d")[0]["present"] is False
    assert december("appointment", "show", "A1")["cancelled_by"] == "clinic"


def test_replacing_cancels_displaced_patients_on_unchanged_days_too(clinic: Ask, run: Run, file: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    clinic("doctor", "avail", "set", "MEHTA", "+3d", "--capacity", "0", "--on-conflict", "keep")
    clinic("doctor", "avail", "weekly", "MEHTA", "mon-sun", "--capacity", "0", "--on-conflict", "keep")
    clinic("book", "P2", "MEHTA", "+4d", "--overbook")
    path = file("doctor,date,present\nMEHTA,+1d,no\nMEHTA,+5d,no\n")
    clinic("doctor", "avail", "import", path, "--mode", "replace", "--on-conflict", "keep")
    assert [each["status"] for each in clinic("appointment", "list")] == ["booked"] * 2
    again = clinic("doctor", "avail", "import", path, "--mode", "replace", "--on-conflict", "cancel")
    assert (outcomes(again), [each["number"] for each in again["cancelled"]]) == (["unchanged"] * 2, ["P1", "P2"])
    assert [each["status"] for each in clinic("appointment", "list")] == ["cancelled"] * 2


def test_a_capacity_in_a_file_holds_for_the_next_booking(december: Ask, refused: Refused, file: Any) -> None:
    december("doctor", "avail", "import", file("doctor,date,capacity\nMEHTA,+3d,1\n"))
    refused(6, "capacity_full", "book", "P2", "MEHTA", "+3d")
    december("doctor", "avail", "import", file("doctor,date,capacity\nMEHTA,+3d,2\n"))
    december("book", "P2", "MEHTA", "+3d")


def test_replacing_takes_a_file_as_a_whole(clinic: Ask, refused: Refused, file: Any) -> None:
    refused(2, "usage", "doctor", "avail", "import", file(GOOD), "--mode", "replace", "--on-error", "skip")


# What is told


def test_a_note_is_said_to_have_changed_but_not_repeated(december: Ask, file: Any) -> None:
    imported = december("doctor", "avail", "import", file("doctor,date,present,note\nMEHTA,+1d,no,other words\n"))
    assert imported["rows"][0]["change"] == "present to absent, note"
    on = imported["rows"][0]["date"]
    counts = {"added": 0, "changed": 1, "unchanged": 0, "removed": 0, "refused": 0}
    assert imported["doctors"] == [{"doctor": "MEHTA", "first": on, "last": on} | counts]


def test_one_line_on_stderr_says_what_came_of_a_file(clinic: Ask, run: Run, file: Any) -> None:
    path = file(GOOD)
    assert run("doctor", "avail", "import", path, status=0).stderr == "clinicctl: days.csv: 3 added.\n"
    assert run("doctor", "avail", "import", path, status=0).stderr == "clinicctl: days.csv: nothing new, 3 unchanged.\n"
    assert run("doctor", "avail", "import", path, "-o", "table", status=0).stderr == ""
    assert run("doctor", "avail", "import", path, "-q", status=0).stderr == ""


def test_whom_an_import_cancels_is_counted_and_listed_however_it_is_asked(december: Ask, run: Run, file: Any) -> None:
    path = file("doctor,date,present\nMEHTA,+3d,no\n")
    args = ("doctor", "avail", "import", path, "--on-conflict", "cancel")
    would = "clinicctl: Would be cancelled by the clinic:\n  A1  P1 Anita Sharma  +919876543210\n"
    to_call = would.replace("Would be cancelled by the clinic", "Cancelled by the clinic; please call")
    tally = "1 changed, 1 cancelled by the clinic (please call)."
    for output in ("tsv", "csv"):
        answer = run(*args, "-n", "-o", output, status=0)
        assert answer.stdout.count("changed") == answer.stdout.count("MEHTA") == 1, "the rows, as ever"
        assert "P1" not in answer.stdout
        assert answer.stderr.startswith(f"{would}clinicctl: days.csv: {tally}")
    shown = run(*args, "-n", "-o", "table", status=0).stdout
    assert f"  A1  P1 Anita Sharma  +919876543210\n{tally}" in shown
    assert run(*args, "-n", json=True, status=0).json["cancelled"][0]["number"] == "P1"
    assert run(*args, "-q", status=0).stderr == to_call
    assert run(*args, "-q", status=0).stderr == ""


def test_an_import_that_only_cancels_says_so(december: Ask, run: Run, file: Any) -> None:
    path = file("doctor,date,present\nMEHTA,+3d,no\n")
    december("doctor", "avail", "import", path, "--on-conflict", "keep")
    answer = run("doctor", "avail", "import", path, "--on-conflict", "cancel", status=0)
    assert answer.stderr.endswith("days.csv: 1 cancelled by the clinic (please call), 1 unchanged.\n")


def test_the_list_to_phone_is_no_line_of_a_batch(december: Ask, run: Run, file: Any) -> None:
    path = file("doctor,date,present\nMEHTA,+3d,no\n")
    line = f"doctor avail import {path} --on-conflict cancel -q -o tsv\n"
    answer = run("batch", "-", stdin=line, status=0)
    assert (answer.lines[0]["result"]["cancelled"][0]["number"], answer.stderr) == ("P1", "")


def test_a_table_shows_what_is_otherwise_doctor_by_doctor(december: Ask, run: Run, file: Any) -> None:
    path = file("doctor,days,capacity\nMEHTA,+1d..+4d,4\nMEHTA,+5d,2\nRAO,+1d,2\nX,+1d,\n")
    shown = run("doctor", "avail", "import", path, "-o", "table", "--on-error", "skip", status=3).stdout
    assert [
        shown.count(each) for each in ("MEHTA, ", ": 4 unchanged", "capacity 4 to 2", "RAO, ", "unknown doctor")
    ] == [1] * 5
    assert shown.endswith("1 added, 1 changed, 1 refused, 4 unchanged.\n")


def test_a_long_report_on_a_terminal_is_bounded_and_says_so(clinic: Ask, run: Run, file: Any) -> None:
    shown = run(
        "doctor", "avail", "import", file("doctor,days,capacity\nMEHTA,+1d..+200d,4\n"), "-o", "table", status=0
    ).stdout
    assert len(shown.splitlines()) < 80
    assert "and 140 more" in shown


# What a key and the journal keep


def test_a_replay_answers_every_row_as_the_first_time(clinic: Ask, run: Run, file: Any) -> None:
    content = "doctor,days,present,capacity\nMEHTA,+1d..+9d,,4\nX,+1d,,\nRAO,+1d,no,\n\nRAO,+1d..+2d,no,\n"
    args = ("doctor", "avail", "import", file(content), "--on-error", "skip", "--key", "k")
    first = run(*args, json=True, status=3).json
    clinic("doctor", "avail", "set", "MEHTA", "+1d", "--capacity", "9")
    assert run(*args, json=True, status=3).json == first | {"replayed": True}


def test_a_key_stands_for_what_a_file_means_not_for_how_it_is_written(clinic: Ask, refused: Refused, file: Any) -> None:
    first = clinic("doctor", "avail", "import", file("doctor,date,capacity\nMEHTA,+1d,4\n"), "--key", "k")
    same = '{"capacity": 4, "code": "mehta", "day": "+1d"}'
    assert clinic("doctor", "avail", "import", "-", "--key", "k", stdin=same) == first | {"replayed": True}
    for args in (("--mode", "replace"), ("--on-conflict", "keep"), ("--on-error", "skip")):
        refused(6, "key_reused", "doctor", "avail", "import", "-", "--key", "k", *args, stdin=same)


def test_a_key_is_bound_to_the_dates_that_a_file_means_today(clinic: Ask, refused: Refused, file: Any) -> None:
    content = 'doctor,days,present\nRAO,tomorrow,no\nMEHTA,"today..+2d,+9d",no\n'
    first = clinic("doctor", "avail", "import", file(content), "--key", "k")
    on = [row["date"] for row in first["rows"]]
    dated = file(f'doctor,days,present\nRAO,{on[0]},no\nMEHTA,"{on[1]}..{on[3]},{on[4]}",no\n')
    assert clinic("doctor", "avail", "import", dated, "--key", "k") == first | {"replayed": True}
    refused(6, "key_reused", "doctor", "avail", "import", file(content.replace("+9d", "+8d")), "--key", "k")
    sheet = import_rows.read_days(content.splitlines(keepends=True))
    today = datetime.date.fromisoformat(on[1])
    assert sheet.digest_value(today, "") != sheet.digest_value(today + datetime.timedelta(1), "")


def test_the_journal_stores_ten_thousand_rows_small_and_impersonal(clinic: Ask, file: Any, database: str) -> None:
    lines = "".join(
        f"{code},{datetime.date(2060, 1, 1) + datetime.timedelta(n)},yes,{n % 9},secret\n"
        for code in ("MEHTA", "RAO")
        for n in range(5000)
    )
    path = file(f"doctor,date,present,capacity,note\n{lines}")
    imported = clinic("doctor", "avail", "import", path, "--key", "k")
    assert imported["added"] == 10_000
    outcome = stored.value(database, "SELECT outcome FROM journal WHERE key = 'k'")
    assert len(outcome) < 50_000
    assert "secret" not in outcome
    assert clinic("doctor", "avail", "import", path, "--key", "k") == imported | {"replayed": True}


# What comes between


def planned(store: Store, lines: list[str]) -> day_plan.Plan:
    with store.read(actor="desk") as tx:
        return day_plan.plan_availability(tx, sheet=import_rows.read_days(lines))


LINES = ["doctor,date,capacity\n", "MEHTA,+1d,4\n"]


@pytest.mark.parametrize(
    "between",
    [
        ("doctor", "avail", "set", "MEHTA", "+1d", "--capacity", "4"),
        ("doctor", "avail", "weekly", "MEHTA", "mon-sun", "--capacity", "4"),
        ("doctor", "edit", "MEHTA", "--capacity", "4"),
        ("doctor", "archive", "MEHTA"),
        ("config", "capacity", "4"),
    ],
    ids=" ".join,
)
def test_a_plan_is_not_applied_once_doctors_or_days_have_changed(clinic: Ask, database: str, between: Any) -> None:
    store = open_store(database, wait=5)
    plan = planned(store, LINES)
    clinic(*between)
    with pytest.raises(plans.Outdated), store.write(actor="desk", key="k") as tx:
        days.set_availability(tx, plan=plan)
    with store.write(actor="desk", key="k") as tx, suppress(BadFile):
        made_anew = days.set_availability(tx, plan=replace(plan, last=True))
        assert made_anew.rows[0].change != plan.answered[0].change


@pytest.mark.parametrize(
    "how", ["set RAO +1d --capacity 4", "set RAO +1d --present", "weekly RAO mon-sun --capacity 4"]
)
def test_a_plan_stands_whatever_another_doctors_days_become(clinic: Ask, database: str, how: str) -> None:
    store = open_store(database, wait=5)
    plan = planned(store, ["doctor,date,present\n", "MEHTA,+1d,no\n"])
    clinic("doctor", "avail", *how.split())
    with store.write(actor="desk", key="k") as tx:
        assert days.set_availability(tx, plan=plan).added == 1
    assert not clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["present"]


def test_a_booking_between_plan_and_write_is_met(clinic: Ask, database: str) -> None:
    store = open_store(database, wait=5)
    plan = planned(store, ["doctor,date,present\n", "MEHTA,+1d,no\n"])
    clinic("book", "P1", "MEHTA", "+1d")
    with pytest.raises(HasBookings), store.write(actor="desk", key="k") as tx:
        days.set_availability(tx, plan=plan)


def test_the_command_makes_its_plan_anew(clinic: Ask, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_availability, changes = day_plan.plan_availability, iter([4, 5, 6])

    def disturbed(tx: Any, **told: Any) -> day_plan.Plan:
        plan = plan_availability(tx, **told)
        if (places := next(changes, None)) is not None:
            clinic("doctor", "avail", "set", "MEHTA", "+1d", "--capacity", str(places))
        return plan

    disturbed.__module__, disturbed.__name__ = day_plan.__name__, "plan_availability"
    monkeypatch.setattr(day_plan, "plan_availability", disturbed)
    imported = clinic("doctor", "avail", "import", file("doctor,date,capacity\nMEHTA,+1d,8\n"))
    assert imported["rows"][0]["change"] == "capacity 6 to 8"


def test_a_file_without_rows_has_nothing_new(clinic: Ask, run: Run, file: Any) -> None:
    path = file("doctor,date\n\n")
    assert clinic("doctor", "avail", "import", path)["rows"] == []
    answer = run("doctor", "avail", "import", path, "-o", "csv", status=0)
    assert answer.stdout == "line,doctor,date,outcome,reason,change,column\n"
    assert answer.stderr == "clinicctl: days.csv: nothing new.\n"


def test_rows_are_printed_alike_in_every_format(clinic: Ask, run: Run, file: Any) -> None:
    args = ("doctor", "avail", "import", file(f"{GOOD}X,+1d,,,\n"), "-n", "--on-error", "skip")
    found = run(*args, json=True, status=3).json["rows"]
    (as_line,) = run(*args, "-o", "jsonl", status=3).lines
    as_csv = list(csv.DictReader(io.StringIO(run(*args, "-o", "csv", status=3).stdout)))
    as_tsv = [line.split("\t") for line in run(*args, "-o", "tsv", status=3).stdout.splitlines()]
    assert as_line["rows"] == found
    assert as_csv == [{name: "" if each is None else str(each) for name, each in row.items()} for row in found]
    assert as_tsv == [list(row.values()) for row in as_csv]


def test_a_bar_is_drawn_on_a_terminal_only_and_taken_away(clinic: Ask, tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    path.write_text("doctor,date,note\n" + "".join(f"MEHTA,+{n}d,{'x' * 900}\n" for n in range(1, 3000)))
    for args, drawn in ((["-n"], True), (["-n", "-q"], False)):
        master, slave = os.openpty()
        command = [sys.executable, "-m", "clinicctl", "doctor", "avail", "import", str(path), *args]
        subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            stderr=slave,
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=60,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
        )
        os.close(slave)
        said = b""
        with suppress(OSError):
            while more := os.read(master, 65536):
                said += more
        os.close(master)
        assert (b"large.csv: reading" in said) is drawn
        assert (b"clinicctl: large.csv: 2999 added" in said) is drawn


def test_a_file_that_would_forget_very_many_days_is_refused(
    december: Ask, refused: Refused, file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file("doctor,date\nMEHTA,+1d\nMEHTA,+5d\n")
    monkeypatch.setattr(day_plan, "MOST_REMOVED", 2)
    error = refused(65, "bad_file", "doctor", "avail", "import", path, "--mode", "replace")
    assert "remove more than 2 days: split it" in error["hint"]
    monkeypatch.setattr(day_plan, "MOST_REMOVED", 3)
    assert december("doctor", "avail", "import", path, "--mode", "replace", "-n")["removed"] == 3
