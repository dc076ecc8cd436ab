"""Kinds of visit: added, edited, removed and listed; appointments keep theirs."""

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

LIST = ("config", "visit-type", "list")
DAY = "2096-01-24"


def add(clinic: Ask, name: str, minutes: int) -> dict[str, Any]:
    return dict(clinic("config", "visit-type", "add", name, "--minutes", str(minutes)))


def test_kinds_of_visit_are_listed_by_name_with_their_minutes(clinic: Ask) -> None:
    assert clinic(*LIST) == []
    assert add(clinic, "new", 20) == {"name": "new", "minutes": 20, "created": True, "replayed": False}
    add(clinic, "follow-up", 10)
    assert clinic(*LIST) == [{"name": "follow-up", "minutes": 10}, {"name": "new", "minutes": 20}]


def test_the_same_kind_again_changes_nothing_in_any_case(clinic: Ask) -> None:
    add(clinic, "New Patient", 20)
    assert add(clinic, "new PATIENT", 20) == {
        "name": "New Patient",
        "minutes": 20,
        "created": False,
        "replayed": False,
    }
    assert len(clinic(*LIST)) == 1


def test_another_length_for_an_existing_name_is_refused(clinic: Ask, refused: Refused) -> None:
    add(clinic, "New", 20)
    error = refused(6, "exists", "config", "visit-type", "add", "new", "--minutes", "30")
    assert error["message"] == "The kind of visit New already exists, with 20 minutes."
    assert error["details"] == {"name": "New", "minutes": 20}
    assert clinic(*LIST) == [{"name": "New", "minutes": 20}]


def test_a_kind_is_edited_and_removed_by_its_name_in_any_case(clinic: Ask, refused: Refused) -> None:
    add(clinic, "New", 20)
    edited = clinic("config", "visit-type", "edit", "NEW", "--minutes", "30")
    assert edited == {"name": "New", "minutes": 30, "replayed": False}
    removed = clinic("config", "visit-type", "remove", "new")
    assert removed == {"name": "New", "minutes": 30, "replayed": False}
    assert clinic(*LIST) == []
    for command in (("remove", "new"), ("edit", "new", "--minutes", "5")):
        refused(4, "visit_type_not_found", "config", "visit-type", *command)


@pytest.mark.parametrize("minutes", ["0", "481", "-5", "ten", "1.5"])
def test_a_length_is_a_whole_number_from_1_to_480(minutes: str, clinic: Ask, refused: Refused) -> None:
    refused(2, "usage", "config", "visit-type", "add", "new", "--minutes", minutes)
    assert (add(clinic, "short", 1)["minutes"], add(clinic, "long", 480)["minutes"]) == (1, 480)


@pytest.mark.parametrize("name", ["", "x" * 61, "new\x07"])
def test_a_name_has_1_to_60_printable_characters(name: str, clinic: Ask, refused: Refused) -> None:
    refused(2, "invalid_value", "config", "visit-type", "add", name, "--minutes", "10")
    assert add(clinic, "é" * 60, 10)["created"]


def test_minutes_are_required(clinic: Ask, refused: Refused) -> None:
    assert refused(2, "usage", "config", "visit-type", "add", "new")["message"] == "Missing option --minutes."


def test_appointments_keep_a_kind_that_was_removed(clinic: Ask, refused: Refused) -> None:
    hours = ("--session", "09:00-12:00", "--every", "10m")
    clinic("doctor", "avail", "set", "MEHTA", DAY, *hours)
    add(clinic, "new", 20)
    booked = clinic("book", "P1", "MEHTA", DAY, "--visit-type", "NEW", "--time", "09:00")
    assert booked["visit_type"] == "new"
    clinic("config", "visit-type", "remove", "new")
    assert clinic("appointment", "show", "A1")["visit_type"] == "new"
    refused(4, "visit_type_not_found", "book", "P2", "MEHTA", DAY, "--visit-type", "new")
    error = refused(6, "time_taken", "book", "P2", "MEHTA", DAY, "--time", "09:10")
    assert error["code"] == "time_taken"
    assert clinic("db", "check")["sound"]


def test_a_kind_is_added_once_by_its_key(clinic: Ask, refused: Refused) -> None:
    command = ("config", "visit-type", "add", "new", "--minutes", "20", "--key", "k")
    first = clinic(*command)
    clinic("config", "visit-type", "remove", "new")
    assert clinic(*command) == {**first, "replayed": True}
    assert clinic(*LIST) == []
    refused(6, "key_reused", "config", "visit-type", "add", "new", "--minutes", "30", "--key", "k")


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("add", "long", "--minutes", "40"), "Added the kind of visit long, 40 minutes."),
        (("add", "new", "--minutes", "20"), "Unchanged: the kind of visit new, 20 minutes."),
        (("edit", "new", "--minutes", "1"), "Changed the kind of visit new, 1 minute."),
        (("remove", "new"), "Removed the kind of visit new, 20 minutes."),
    ],
    ids=["add", "again", "edit", "remove"],
)
def test_what_was_done_is_one_sentence(command: tuple[str, ...], sentence: str, clinic: Ask, run: Run) -> None:
    add(clinic, "new", 20)
    assert run("config", "visit-type", *command, "-o", "table", status=0).stdout == f"{sentence}\n"


def test_a_dry_run_writes_nothing(clinic: Ask, run: Run) -> None:
    answer = run("config", "visit-type", "add", "new", "--minutes", "20", "-n", "-o", "table", status=0)
    assert answer.stdout == "Would add the kind of visit new, 20 minutes. (Dry run: nothing was written.)\n"
    assert clinic(*LIST) == []


def test_a_list_fits_a_wide_and_a_narrow_terminal(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(*LIST, "-o", "table", status=0).stdout == (
        "No kinds of visit.\nAdd one: clinicctl config visit-type add NAME --minutes N\n"
    )
    add(clinic, "follow-up after an operation at the heart", 10)
    monkeypatch.setenv("COLUMNS", "80")
    assert run(*LIST, "-o", "table", status=0).stdout.splitlines() == [
        "Kind of visit                              Minutes",
        "follow-up after an operation at the heart       10",
    ]
    monkeypatch.setenv("COLUMNS", "40")
    narrow = run(*LIST, "-o", "table", status=0).stdout.splitlines()
    assert max(map(len, narrow)) <= 40
    assert narrow[-1].split() == ["Minutes", "10"]


def test_the_journal_names_the_command_and_the_kind(clinic: Ask) -> None:
    add(clinic, "new", 20)
    clinic("config", "visit-type", "edit", "new", "--minutes", "30")
    log = clinic("audit", "log", "--command", "config visit-type")
    assert [(each["command"], each["touched"]) for each in log] == [
        ("config visit-type add", ["new"]),
        ("config visit-type edit", ["new"]),
    ]


def test_a_batch_takes_kinds_of_visit(clinic: Ask, run: Run) -> None:
    lines = "config visit-type add new --minutes 20\nconfig visit-type list --json\nconfig visit-type remove old\n"
    answers = run("batch", "-", stdin=lines, status=3).lines
    assert [each["exit_code"] for each in answers] == [0, 0, 4]
    assert answers[1]["result"] == [{"name": "new", "minutes": 20}]
