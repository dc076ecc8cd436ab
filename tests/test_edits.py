"""Changes of an appointment's time, reason and note, and walk-ins who are new."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from tests import stored
from tests.test_shell import Terminal

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def details(appointment: dict[str, Any]) -> tuple[Any, ...]:
    return appointment["time"], appointment["reason"], appointment["note"]


# Edits


def test_an_edit_changes_what_is_given_and_clears_what_is_empty(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "+2d", "--time", "10:00", "--reason", "knee", "--note", "brings X-rays")
    assert details(clinic("appointment", "edit", "A1", "--time", "10:30")) == ("10:30", "knee", "brings X-rays")
    assert details(clinic("appointment", "edit", "1", "--reason", "hip")) == ("10:30", "hip", "brings X-rays")
    edited = clinic("appointment", "edit", "A1", "--time", "", "--reason", "", "--note", "", "--key", "k")
    assert (details(edited), edited["slot"]) == ((None, None, None), 1)
    assert clinic("appointment", "edit", "A1", "--time", "", "--reason", "", "--note", "", "--key", "k")["replayed"]
    assert clinic("appointment", "edit", "A1", "--note", "x", "-n")["dry_run"] is True
    assert details(clinic("appointment", "show", "A1")) == (None, None, None)
    refused(2, "usage", "appointment", "edit", "A1")


def test_an_edit_refuses_what_a_booking_refuses(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "+2d", "--time", "10:00")
    clinic("book", "P2", "MEHTA", "+2d", "--time", "11:00")
    clinic("book", "P1", "RAO", "+2d", "--time", "12:00")
    assert refused(6, "time_taken", "appointment", "edit", "A1", "--time", "11:00")["details"]["appointment"] == "A2"
    assert refused(6, "time_taken", "appointment", "edit", "A1", "--time", "12:00")["details"]["appointment"] == "A3"
    assert clinic("appointment", "edit", "A1", "--time", "11:00", "--overbook")["time"] == "11:00"
    assert clinic("appointment", "edit", "A1", "--time", "12:00", "--again")["time"] == "12:00"
    clinic("appointment", "cancel", "A2")
    refused(7, "illegal_step", "appointment", "edit", "A2", "--note", "x")
    clinic("book", "P2", "RAO", "today")
    clinic("appointment", "no-show", "A4")
    refused(7, "illegal_step", "appointment", "edit", "A4", "--time", "23:59", "--past")
    assert clinic("appointment", "edit", "A4", "--note", "called")["note"] == "called"


@freeze_time("2026-11-23 06:00:00")
def test_a_past_time_of_today_needs_a_flag_in_an_edit(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    refused(7, "past_time", "appointment", "edit", "A1", "--time", "10:00")
    assert clinic("appointment", "edit", "A1", "--time", "10:00", "--past")["time"] == "10:00"


def test_a_move_to_another_time_keeps_the_appointment(clinic: Ask, refused: Refused, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "+2d", "--time", "10:00")
    moved = clinic("appointment", "move", "A1", "--time", "11:00")
    assert (moved["number"], moved["time"], moved["slot"], moved["moved_from"]) == ("A1", "11:00", 1, None)
    assert "Changed A1" in run("move", "P1", "+2d", "--time", "11:30", "-o", "table", status=0).stdout
    assert clinic("undo")["appointments"][0]["time"] == "11:00"
    assert clinic("undo", "--yes")["appointments"][0]["time"] == "10:00"
    refused(7, "illegal_step", "appointment", "move", "A1", "--time", "10:00")
    assert [each["number"] for each in clinic("appointment", "list")] == ["A1"]
    assert clinic("db", "check")["sound"]


def test_an_edit_is_not_undone_and_leaves_nothing_personal(clinic: Ask, refused: Refused, database: str) -> None:
    clinic("book", "P1", "MEHTA", "+2d", "--note", "zyxwin")
    clinic("appointment", "edit", "A1", "--note", "quvmark")
    refused(7, "illegal_step", "undo")
    clinic("appointment", "cancel", "A1")
    clinic("patient", "erase", "P1", "--yes")
    assert clinic("appointment", "show", "A1")["note"] is None
    assert "quvmark" not in str(stored.dump(database))
    if not stored.is_on_server(database):
        assert b"quvmark" not in Path(database).read_bytes()


def test_the_note_is_on_the_day_sheet(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "+2d", "--note", "wheelchair")
    assert "wheelchair" in run("day", "+2d", "-o", "table", status=0).stdout


def test_the_queue_shows_the_priority_if_anybody_has_one(clinic: Ask, run: Run) -> None:
    clinic("walkin", "P1", "MEHTA")
    assert "Priority" not in run("queue", "show", "-o", "table", status=0).stdout
    clinic("queue", "priority", "MEHTA", "1", "5")
    assert "Priority" in run("queue", "show", "-o", "table", status=0).stdout


# New walk-ins


def test_a_new_walk_in_is_registered_booked_and_checked_in(clinic: Ask, refused: Refused) -> None:
    args = ("walkin", "meh", "--new", "Ravi Kumar", "--phone", "98111 22333", "--age", "6m", "--key", "k")
    first = clinic(*args)
    assert (first["position"], first["people_ahead"]) == (1, 0)
    assert (first["registered"]["created"], first["registered"]["age_months"]) == (True, 6)
    assert first["appointment"]["patient"]["number"] == first["registered"]["number"] == "P3"
    assert clinic(*args) == first | {"replayed": True}
    assert len(clinic("patient", "list")) == 3
    clinic("undo")
    assert [each["status"] for each in clinic("appointment", "list")] == ["cancelled"]
    again = clinic("walkin", "MEHTA", "--new", "ravi kumar", "--phone", "98111 22333")
    assert (again["registered"]["created"], again["registered"]["number"], again["position"]) == (False, "P3", 2)
    refused(6, "already_booked", "walkin", "MEHTA", "--new", "Ravi Kumar", "--phone", "98111 22333")


def test_a_refused_walk_in_registers_nobody(clinic: Ask, refused: Refused) -> None:
    clinic("away", "MEHTA", "today")
    refused(7, "doctor_absent", "walkin", "MEHTA", "--new", "Ravi Kumar", "--phone", "98111 22333")
    near = refused(6, "possible_duplicate", "walkin", "RAO", "--new", "Anita Sharmaa", "--phone", "98765 43210")
    assert [each["number"] for each in near["details"]["candidates"]] == ["P1"]
    assert len(clinic("patient", "list")) == 2
    same = clinic("walkin", "RAO", "--new", "Anita Sharmaa", "--phone", "98765 43210", "--same-as", "P1")
    assert same["registered"]["number"] == "P1"
    other = clinic("walkin", "RAO", "--new", "Anita Sharmaa", "--phone", "98765 43210", "--another")
    assert other["registered"]["number"] == "P3"


def test_a_walk_in_names_a_patient_or_a_new_one(clinic: Ask, refused: Refused) -> None:
    refused(2, "usage", "walkin", "P1", "MEHTA", "--new", "Ravi Kumar", "--phone", "none")
    refused(2, "usage", "walkin", "MEHTA")
    refused(2, "usage", "walkin", "MEHTA", "--new", "Ravi Kumar")
    refused(2, "usage", "walkin", "P1", "MEHTA", "--phone", "98111 22333")
    refused(4, "patient_not_found", "walkin", "Ravi Kumar", "MEHTA")


@pytest.fixture
def terminal(clinic: Ask) -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(*args: str) -> Terminal:
        started.append(Terminal(*args))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()
        os.close(each.master)


def finished(terminal: Terminal, keys: str) -> tuple[int, str]:
    """Answer the question for a phone, and return the exit status and what was shown."""
    terminal.read(r"Enter cancels\]: $")
    terminal.wait_until_it_waits()
    os.write(terminal.master, keys.encode())
    status = terminal.process.wait(30)
    with suppress(OSError):
        terminal.seen += os.read(terminal.master, 65_536).decode(errors="replace")
    return status, terminal.seen


def test_at_a_terminal_a_walk_in_with_an_unknown_name_is_registered(clinic: Ask, terminal: Any) -> None:
    status, seen = finished(terminal("walkin", "Ravi Kumar", "meh"), "98111 22333\n")
    assert status == 0, seen
    assert "Nobody is called Ravi Kumar" in seen
    assert "Registered: P3" in seen
    assert clinic("patient", "show", "P3")["phone"] == "+919811122333"
    assert clinic("queue", "show", "MEHTA")[0]["patient"]["number"] == "P3"


def test_at_a_terminal_an_empty_phone_cancels_the_walk_in(clinic: Ask, terminal: Any) -> None:
    status, seen = finished(terminal("walkin", "Anita Sharmaa", "MEHTA"), "\n")
    assert status == 1, seen
    assert "Similar names on file: P1 Anita Sharma" in seen
    assert len(clinic("patient", "list")) == 2


def test_a_walk_in_with_no_input_does_not_ask(clinic: Ask, terminal: Any) -> None:
    asked = terminal("walkin", "Ravi Kumar", "MEHTA", "--no-input")
    assert asked.process.wait(30) == 4
    assert len(clinic("patient", "list")) == 2
