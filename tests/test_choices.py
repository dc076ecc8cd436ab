"""Numbered choices at a terminal, where several match; and the errors that scripts get instead."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests import stored
from tests.test_shell import Terminal

Ask = Callable[..., Any]
Run = Callable[..., Any]

WHICH = r"Which one\? \[[^]]*\] $"
END = r"\n$"


@pytest.fixture
def terminal(two: Ask) -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(*args: str) -> Terminal:
        started.append(Terminal(*args))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()
        os.close(each.master)


@pytest.fixture
def two(clinic: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A clinic with two patients named Anita, P1 and P3, and two doctors named Asha."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    clinic("patient", "add", "Anita Verma", "--phone", "90000 00003")
    clinic("doctor", "add", "MENON", "Dr. Asha Menon")
    return clinic


def answered(terminal: Terminal, *keys: str) -> tuple[int, str]:
    """Answer each question, and return the exit status and what was shown."""
    for each in keys:
        terminal.read(WHICH)
        terminal.wait_until_it_waits()
        os.write(terminal.master, each.encode())
    status = terminal.process.wait(30)
    with suppress(OSError):
        terminal.seen += os.read(terminal.master, 65_536).decode(errors="replace")
    return status, terminal.seen


def test_an_ambiguous_patient_is_chosen_by_number(terminal: Any, two: Ask) -> None:
    status, seen = answered(terminal("book", "anita", "MEHTA", "tomorrow"), "2\n")
    assert status == 0, seen
    assert "1  P1  Anita Sharma" in seen
    assert "2  P3  Anita Verma" in seen
    assert "Which one? [1-2, Enter cancels]" in seen
    assert "Use a number" not in seen
    assert [each["patient"]["number"] for each in two("appointment", "list")] == ["P3"]


def test_a_choice_may_be_typed_as_the_number_on_file(terminal: Any, two: Ask) -> None:
    assert answered(terminal("book", "anita", "MEHTA"), "7\n", "p3\n")[0] == 0
    assert [each["patient"]["number"] for each in two("appointment", "list")] == ["P3"]


def test_patient_and_doctor_are_asked_one_after_the_other(terminal: Any, two: Ask) -> None:
    status, seen = answered(terminal("book", "anita", "asha"), "1\n", "2\n")
    assert (status, "2  MENON  Dr. Asha Menon" in seen) == (0, True)
    (booked,) = two("appointment", "list")
    assert (booked["patient"]["number"], booked["doctor"]["code"]) == ("P1", "MENON")


@pytest.mark.parametrize("keys", ["\n", "\x04", "\x03"], ids=["Enter", "Ctrl-D", "Ctrl-C"])
def test_a_question_without_an_answer_cancels(keys: str, terminal: Any, two: Ask) -> None:
    status, seen = answered(terminal("book", "anita", "MEHTA"), keys)
    assert (status, "Cancelled; nothing was written." in seen) == (1, True)
    assert two("appointment", "list") == []


@pytest.mark.parametrize("more", [["--json"], ["--no-input"]], ids=" ".join)
def test_without_questions_the_error_is_the_answer(more: list[str], terminal: Any) -> None:
    status, seen = answered(terminal("book", "anita", "MEHTA", *more))
    assert (status, "Which one?" in seen) == (5, False)


def test_the_environment_turns_questions_off(terminal: Any, monkeypatch: pytest.MonkeyPatch, clinic: Ask) -> None:
    monkeypatch.setenv("CLINICCTL_NO_INPUT", "1")
    assert answered(terminal("patient", "show", "anita"))[0] == 5
    status, seen = answered(terminal("patient", "erase", "P1"))
    assert (status, "--yes required" in seen) == (2, True)


def test_a_read_offers_similar_names_to_choose_from(terminal: Any) -> None:
    status, seen = answered(terminal("patient", "show", "sharam"), "1\n")
    assert status == 0
    assert "No such patient. Similar names on file: 1." in seen
    assert "Which one? [1, Enter cancels]" in seen
    assert "+919876543210" in seen


def test_a_possible_duplicate_is_one_on_file_or_a_new_person(terminal: Any, two: Ask) -> None:
    add = ("patient", "add", "Anitta Sharma", "--phone", "98765 43210")
    status, seen = answered(terminal(*add), "1\n")
    assert (status, "n for a new person" in seen) == (0, True)
    assert len(two("patient", "list")) == 3
    assert answered(terminal(*add), "n\n")[0] == 0
    assert [each["name"] for each in two("patient", "list")][3:] == ["Anitta Sharma"]


def test_a_position_is_chosen_where_several_can_take_the_step(terminal: Any, two: Ask) -> None:
    for patient in ("P1", "P2"):
        two("walkin", patient, "MEHTA")
        two("queue", "call", "MEHTA")
    assert answered(terminal("queue", "start", "MEHTA"), "2\n")[0] == 0
    serving = [each["position"] for each in two("queue", "show", "MEHTA") if each["status"] == "serving"]
    assert serving == [2]


def test_the_answer_to_a_choice_is_replayed_for_the_same_words(terminal: Any, two: Ask) -> None:
    line = ("book", "anita", "MEHTA", "--key", "k")
    assert answered(terminal(*line), "2\n")[0] == 0
    status, seen = answered(terminal(*line))
    assert (status, "Already done with this key" in seen) == (0, True)
    assert two("book", "P3", "MEHTA", "--key", "k")["replayed"] is True
    assert len(two("appointment", "list")) == 1


@pytest.mark.parametrize("args", [("book", "anita", "MEHTA"), ("shell",)], ids=" ".join)
def test_the_lock_is_free_while_a_question_waits(args: tuple[str, ...], terminal: Any, two: Ask) -> None:
    asking = terminal(*args)
    if args == ("shell",):
        asking.read()
        asking.type("book anita MEHTA\n", until=WHICH)
    else:
        asking.read(WHICH)
    began = time.monotonic()
    with stored.held(os.environ["CLINICCTL_DB"]):
        assert time.monotonic() - began < 0.5
    two("book", "P2", "MEHTA")
    asking.type("1\n", until="Booked A2: P1 Anita Sharma")


def test_a_database_restored_during_the_question_is_refused(terminal: Any, two: Ask, tmp_path: Path) -> None:
    two("db", "backup", str(tmp_path / "before.db"))
    two("book", "P2", "MEHTA")
    asking = terminal("book", "anita", "MEHTA")
    asking.read(WHICH)
    two("db", "restore", str(tmp_path / "before.db"), "--yes")
    asking.type("1\n", until="")
    assert asking.process.wait(30) == 10
    assert two("appointment", "list") == []


def test_the_shell_asks_and_goes_on_after_a_cancelled_question(terminal: Any, two: Ask) -> None:
    shell = terminal()
    shell.read()
    shell.type("patient show anita\n", until=WHICH)
    assert "Cancelled" in shell.type("\x03")
    shell.type("patient show anita\n", until=WHICH)
    shell.type("2\n", until="clinicctl P3 Anita Verma> $")


# Questions name whom they are about


def test_a_cancellation_by_patient_asks_with_the_appointment(terminal: Any, two: Ask) -> None:
    two("book", "P2", "MEHTA", "2030-11-25", "--time", "10:20")
    question = r"Cancel A1: Mon 2030-11-25 10:20 with MEHTA, P2 Mumtaz Anwar\? \[y/N\] $"
    asking = terminal("appointment", "cancel", "mumtaz", "--key", "k")
    asking.read(question)
    asking.type("n\n", until="Cancelled; nothing was written")
    assert asking.process.wait(30) == 1
    asking = terminal("appointment", "cancel", "mumtaz", "--key", "k")
    asking.read(question)
    asking.type("y\n", until="Cancelled A1")
    asking = terminal("appointment", "cancel", "mumtaz", "--key", "k")
    assert "Already done with this key" in asking.read(r"Cancelled A1.*\n")


@pytest.mark.parametrize("more", [["A1"], ["1"], ["mumtaz", "--yes"]], ids=" ".join)
def test_a_cancellation_by_number_or_with_yes_never_asks(more: list[str], terminal: Any, two: Ask) -> None:
    two("book", "P2", "MEHTA", "tomorrow")
    assert answered(terminal("appointment", "cancel", *more))[0] == 0


def test_what_is_cancelled_is_what_the_question_named(terminal: Any, two: Ask) -> None:
    two("book", "P2", "MEHTA", "tomorrow")
    asking = terminal("appointment", "cancel", "mumtaz")
    asking.read(r"\[y/N\] $")
    two("appointment", "move", "A1", "+2d")
    asking.type("y\n", until="Cannot cancel|already cancelled")
    assert [each["status"] for each in two("appointment", "list")] == ["cancelled", "booked"]


def test_an_erasure_and_a_merge_name_the_people(terminal: Any, two: Ask) -> None:
    assert "Merge P3 Anita Verma into P1 Anita Sharma." in asked(terminal, "merge", "P3", "--into", "P1")
    two("patient", "merge", "P3", "--into", "P1", "--yes")
    assert "Erase P1 Anita Sharma and P3 Anita Verma? [y/N]" in asked(terminal, "erase", "P1")


def asked(terminal: Any, *args: str) -> str:
    asking = terminal("patient", *args)
    asking.read(r"\[y/N\] $")
    asking.type("n\n", until="Cancelled")
    return str(asking.seen)
