"""Availability from a file: all or nothing, every line answered, a second run changes nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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
        ("doctor,date,colour\nMEHTA,+1d,red\n", 1, "unknown columns"),
        ("doctor,present\nMEHTA,yes\n", 1, "no column date"),
        ("", 1, "no column doctor, date"),
        ("doctor,date,present\nMEHTA,+1d,yes\0\n", 2, "NUL"),
        (b"doctor,date,note\nMEHTA,+1d,\xff\xfe\n", 2, "not UTF-8"),
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


def test_skipping_takes_the_good_lines_and_answers_the_bad_ones_as_refused(clinic: Ask, run: Run, file: Any) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    path = file("doctor,date,present\nMEHTA,+1d,no\nX,+1d,no\nRAO,+1d,no\nRAO,+2d,no\n")
    answer = run("doctor", "avail", "import", path, "--on-error", "skip", json=True, status=3)
    assert outcomes(answer.json) == ["added", "refused", "refused", "added"]
    assert [row["reason"] for row in answer.json["rows"]] == [None, "unknown doctor", "has bookings", None]
    assert clinic("doctor", "avail", "show", "RAO", "+1d")[0]["present"] is True


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
