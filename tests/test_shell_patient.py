"""`.` in the shell: the patient of the last line, or nobody; never somebody of a line before."""

import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinicctl import cli, render
from clinicctl.cli import TREE
from clinicctl.cli.shell import _ABOUT_NOBODY

Ask = Callable[..., Any]
Run = Callable[..., Any]

NOBODY = "`.` means no patient"


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def spoken_of(clinic: Ask, run: Run) -> Callable[..., str | None]:
    """Return whom `.` stands for after lines of a shell."""
    clinic("patient", "add", "Anita Verma", "--phone", "90000 00003")

    def after(*lines: str) -> str | None:
        answer = run("shell", stdin="\n".join([*lines, "patient show . -o jsonl"]))
        assert answer.status == (2 if NOBODY in answer.stderr else 0)
        return None if answer.status else str(json.loads(answer.stdout.splitlines()[-1])["number"])

    return after


@pytest.mark.parametrize(
    "line",
    [
        "patient find zzzz",
        "patient find anita",
        "patient show zzzz",
        "patient show anita",
        "patient list",
        "patient add 'Anita Sharma' --phone '98765 43210' --born 1990-01-01",
        "patient add 'Anita Sharma'",
        "patient show 'Anita",
        "patiet show P2",
        "book zzzz MEHTA",
        "book anita MEHTA",
        "book P2 MEHTA yesterday",
        "book P2",
        "checkin P2",
        "checkin A9",
        "appointment show A9",
        "appointment list",
        "appointment list --patient P2",
        "queue show",
        "queue call MEHTA",
        "day",
        "status",
        "waitlist list",
        "waitlist add P2 MEHTA yesterday",
        "audit log",
        "undo 999",
        "patient merge P2 --into P9 --yes",
    ],
)
def test_a_line_that_is_not_about_exactly_one_patient_leaves_nobody(line: str, spoken_of: Any) -> None:
    assert spoken_of("patient show P1", line) is None


@pytest.mark.parametrize(
    "line",
    [
        "# a remark",
        "",
        "doctor list",
        "doctor avail show MEHTA",
        "doctor show zzzz",
        "free MEHTA",
        "config",
        "config timezone Nowhere",
        "health",
        "book --help",
        "book . MEHTA yesterday",
        "book . ZZZZ",
        "chekin .",
        "appointment list --patient .",
        "appointment list --patient=.",
    ],
)
def test_a_line_about_no_patient_or_about_this_one_keeps_the_patient(line: str, spoken_of: Any) -> None:
    assert spoken_of("patient show P1", line) == "P1"


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["patient find mumtaz"], "P2"),
        (["patient find 'anita ve'"], "P3"),
        (["patient add 'Zoe Quinn' --phone none"], "P4"),
        (["patient show P1", "book P2 RAO"], "P2"),
        (["book P2 RAO", "patient find zzzz", "appointment show A1"], "P2"),
        (["patient show P1", "walkin P2 RAO"], "P2"),
        (["walkin P2 RAO", "patient find zzzz", "queue show"], "P2"),
        (["walkin P2 RAO", "patient find zzzz", "queue call RAO"], "P2"),
        (["book P2 RAO", "patient show P1", "undo"], "P2"),
        (["patient show P3", "patient merge . --into P1 --yes"], "P1"),
        (["waitlist add P2 RAO tomorrow", "patient show P1", "waitlist list"], "P2"),
    ],
)
def test_a_result_about_exactly_one_patient_sets_the_patient(lines: list[str], number: str, spoken_of: Any) -> None:
    assert spoken_of(*lines) == number


def test_a_search_that_finds_nobody_books_nobody(clinic: Ask, run: Run) -> None:
    answer = run("shell", stdin="patient show P1\npatient find zzzz\nbook . MEHTA tomorrow\n", status=2)
    assert NOBODY in answer.stderr
    assert clinic("appointment", "list") == []


def test_whoever_is_cancelled_with_a_day_is_not_the_one_before(clinic: Ask, spoken_of: Any) -> None:
    clinic("book", "P2", "MEHTA", "+1d")
    assert spoken_of("patient show P1", "doctor avail set MEHTA +1d --absent") is None
    assert spoken_of("patient show P1", "doctor avail set MEHTA +1d --absent --on-conflict cancel --yes") is None


@pytest.mark.file
def test_after_a_restore_the_number_may_be_that_of_somebody_else(clinic: Ask, run: Run, tmp_path: Path) -> None:
    clinic("db", "backup", str(tmp_path / "before.db"))
    clinic("patient", "add", "Zoe Quinn", "--phone", "none")
    other = str(tmp_path / "other.db")
    shutil.copy(tmp_path / "before.db", other)
    os.environ["CLINICCTL_DB"], own = other, os.environ["CLINICCTL_DB"]
    clinic("patient", "add", "Somebody Else", "--phone", "none")
    os.environ["CLINICCTL_DB"] = own

    class Lines(io.StringIO):
        """Lines between which the file is replaced, as another desk may do."""

        def readline(self, *args: Any) -> str:
            line = super().readline(*args)
            if line.startswith("book"):
                for end in ("", "-wal", "-shm"):
                    Path(f"{own}{end}").unlink(missing_ok=True)
                Path(f"{own}.lock").unlink()
                os.rename(other, own)
            return line

    kept, sys.stdin = sys.stdin, Lines("patient show P3\nbook . MEHTA tomorrow\n")
    try:
        assert cli.run(["shell"]) == 10
    finally:
        sys.stdin = kept
    assert clinic("patient", "show", "P3")["name"] == "Somebody Else"
    assert clinic("appointment", "list") == []


@pytest.mark.file
def test_control_characters_of_an_old_name_are_made_visible_in_the_prompt() -> None:
    assert render._fitting("P1 \x1b]0;owned\x07") == "P1 <U+001B>]0;owned<U+0007>"
    assert "\u202e" not in render._fitting("P1 \u202enosrep")


@pytest.mark.file
def test_the_commands_about_nobody_are_commands() -> None:
    assert set(TREE) >= _ABOUT_NOBODY
