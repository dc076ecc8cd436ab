"""`init` where a clinic stands already: nothing is changed, and what was asked for is not dropped in silence."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]
Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("options", "not_applied"),
    [
        ([], []),
        (["--name", "Test Clinic", "--timezone", "Asia/Kolkata", "--region", "in", "--capacity", "10"], []),
        (["--name", "Other"], ["name"]),
        (["--timezone", "Europe/Berlin", "--region", "DE"], ["timezone", "region"]),
        (["--capacity", "5", "--name", "It's new"], ["name", "capacity"]),
    ],
)
def test_options_that_differ_are_named_and_how_to_apply_them(
    options: list[str], not_applied: list[str], clinic: Ask, run: Run
) -> None:
    before = clinic("config")
    answer = run("init", *options, json=True, status=0)
    assert (answer.json["created"], answer.json["not_applied"]) == (False, not_applied)
    assert clinic("config") == before
    lines = answer.stderr.splitlines()
    assert len(lines) == len(not_applied)
    for line in lines:
        program, *command = shlex.split(line.split("`")[1])
        assert program == "clinicctl"
        clinic(*command)
    assert run("init", *options, json=True, status=0).json["not_applied"] == []


def test_the_machine_s_own_time_zone_was_not_asked_for(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    answer = run("init", json=True, status=0)
    assert (answer.json["not_applied"], answer.stderr) == ([], "")


def test_a_key_of_its_own_makes_no_difference(clinic: Ask, run: Run) -> None:
    for replayed in (False, True):
        answer = run("init", "--name", "Other", "--key", "k", json=True, status=0)
        assert (answer.json["not_applied"], answer.json["replayed"]) == (["name"], replayed)
        assert "config name Other" in answer.stderr


def test_on_a_new_database_everything_is_applied(run: Run, tmp_path: Path) -> None:
    answer = run("init", "--name", "New", "--region", "IN", "--key", "k", json=True, status=0)
    assert (answer.json["created"], answer.json["not_applied"]) == (True, [])
    assert answer.stderr == ""
    again = run("init", "--name", "New", "--region", "IN", "--key", "k", json=True, status=0)
    assert (again.json["created"], again.json["not_applied"], again.json["replayed"]) == (True, [], True)


def test_for_a_person_the_answer_says_found_and_the_note_says_how(clinic: Ask, run: Run) -> None:
    answer = run("init", "--name", "Other", "-o", "table", status=0)
    assert answer.stdout.startswith("Already exists: ")
    assert answer.stderr == (
        "clinicctl: --name was not applied, because the clinic already exists. "
        "To change it: `clinicctl config name Other`.\n"
    )
