"""Doctors' days taken away and brought back: who is here, who is to be called, and what an undo asks and restores."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

NOON = "2026-11-23T06:30:00+00:00"


@pytest.fixture
def here(clinic: Ask) -> Ask:
    """P1 waits for MEHTA at position 1, P2 is booked with MEHTA today."""
    clinic("walkin", "P1", "MEHTA")
    clinic("book", "P2", "MEHTA", "today")
    return clinic


ABSENT = ("doctor", "avail", "set", "MEHTA", "today", "--absent")


def test_a_doctor_cannot_be_taken_from_patients_who_are_here(here: Ask, refused: Refused) -> None:
    error = refused(6, "has_bookings", *ABSENT)
    places = {each["appointment"]: (each["status"], each["position"]) for each in error["details"]["affected"]}
    assert places == {"A1": ("checked_in", 1), "A2": ("booked", None)}
    assert "clinicctl queue transfer MEHTA 1 --to CODE" in error["hint"]
    assert here("doctor", "avail", "show", "MEHTA", "today")[0]["present"]


def test_cancelling_the_booked_does_not_take_the_doctor_from_patients_who_are_here(here: Ask, refused: Refused) -> None:
    error = refused(6, "has_bookings", *ABSENT, "--on-conflict", "cancel", "--yes")
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A1"]
    assert here("appointment", "show", "A2")["status"] == "booked"
    here("queue", "left", "MEHTA", "1")
    here(*ABSENT, "--on-conflict", "cancel", "--yes")
    assert here("appointment", "show", "A2")["status"] == "cancelled"


def test_status_shows_patients_who_wait_for_an_absent_doctor(here: Ask, run: Run) -> None:
    here(*ABSENT, "--on-conflict", "keep")
    (found,) = [each for each in here("status") if each["what"] == "here without doctor"]
    assert (found["doctor"], found["subject"]) == ("MEHTA", "1 here")
    shown = run(*found["command"].split()[1:], json=True, status=0).json
    assert [each["position"] for each in shown] == [1]


@pytest.mark.parametrize("how", ["set", "weekly", "import"])
def test_a_transferred_patient_counts_for_the_doctor_they_wait_for(how: str, here: Ask, refused: Refused) -> None:
    here("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    today = here("appointment", "show", "A1")["date"]
    ways = {
        "set": (("doctor", "avail", "set", "RAO", "today", "--absent"), None),
        "weekly": (("doctor", "avail", "weekly", "RAO", "mon-sun", "--off"), None),
        "import": (("doctor", "avail", "import", "-"), f"doctor,date,present\nRAO,{today},no\n"),
    }
    command, stdin = ways[how]
    error = refused(6, "has_bookings", *command, stdin=stdin)
    (affected,) = error["details"]["affected"]
    assert (affected["appointment"], affected["doctor"], affected["position"]) == ("A1", "RAO", 1)
    here("appointment", "cancel", "A2")
    here(*ABSENT)  # nobody waits for MEHTA any more


def test_setting_nothing_of_a_day_is_refused_and_leaves_the_day_to_the_pattern(clinic: Ask, refused: Refused) -> None:
    error = refused(2, "usage", "doctor", "avail", "set", "MEHTA", "+3d")
    assert all(option in error["message"] + str(error["hint"]) for option in ("--present", "--absent", "--capacity"))
    clinic("doctor", "avail", "weekly", "MEHTA", "mon-sun", "--capacity", "4")
    (day,) = clinic("doctor", "avail", "show", "MEHTA", "+3d")
    assert (day["capacity"], day["source"]) == (4, "weekly")


def test_a_row_of_a_file_that_sets_nothing_leaves_the_day_to_the_pattern(clinic: Ask) -> None:
    on = clinic("doctor", "avail", "show", "MEHTA", "+3d")[0]["date"]
    came = clinic("doctor", "avail", "import", "-", stdin=f"doctor,date,present\nMEHTA,{on},\n")
    assert (came["added"], came["unchanged"]) == (0, 1)
    assert clinic("doctor", "avail", "show", "MEHTA", "+3d")[0]["source"] == "default"


# Whom to call


def cancelled(clinic: Ask, day: str = "tomorrow") -> Any:
    clinic("book", "P1", "RAO", day)
    clinic("book", "P2", "RAO", day)
    return clinic("doctor", "avail", "set", "RAO", day, "--absent", "--on-conflict", "cancel", "--key", "sick")


def test_the_list_of_whom_to_call_is_in_the_answer_and_can_be_read_again(clinic: Ask, run: Run) -> None:
    (day,) = cancelled(clinic)
    assert [each["phone"] for each in day["cancelled"]] == ["+919876543210", "+919123456789"]
    assert cancelled_again(clinic) == day["cancelled"]
    listed = clinic("appointment", "list", "--cancelled-by", "clinic", "--day", "tomorrow")
    assert [(each["number"], each["phone"]) for each in listed] == [("A1", "+919876543210"), ("A2", "+919123456789")]
    assert clinic("appointment", "list", "--cancelled-by", "patient") == []
    assert "+919876543210" in run("appointment", "list", "--cancelled-by", "clinic", "-o", "table", status=0).stdout
    clinic("config", "mask_phones", "yes")
    masked = run("appointment", "list", "--cancelled-by", "clinic", "-o", "table", status=0).stdout
    assert "…210" in masked
    assert "+919876543210" not in masked


def cancelled_again(clinic: Ask) -> Any:
    again = clinic("doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "cancel", "--key", "sick")
    assert again[0]["replayed"] is True
    return again[0]["cancelled"]


def test_a_booking_that_was_undone_is_nobody_to_call(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    clinic("undo")
    assert clinic("appointment", "show", "A1")["cancelled_by"] == "clinic"
    assert clinic("appointment", "list", "--cancelled-by", "clinic") == []


def test_the_list_of_whom_to_call_is_printed_once_on_a_terminal(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    clinic("config", "bulk_threshold", "0")
    command = ["doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "cancel"]
    seen = typed(command, answer="y\n", until="Cancel 1 appointments?")
    assert seen.count("+919876543210") == 1, seen


def typed(command: list[str], *, answer: str, until: str) -> str:
    """Run a command in a terminal, answer its question, and return the screen's text."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "clinicctl", *command],
        stdin=child,
        stdout=child,
        stderr=child,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(child)
    seen, answered, deadline = "", False, time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if not select.select([parent], [], [], 0.1)[0]:
                if process.poll() is not None:
                    break
                continue
            try:
                seen += os.read(parent, 65536).decode("utf-8", "replace")
            except OSError:
                break
            if until in seen and not answered:
                os.write(parent, answer.encode())
                answered = True
        assert process.wait(timeout=30) == 0, seen
        assert answered, seen
    finally:
        process.kill()
        process.wait()
        os.close(parent)
    return seen


# Undo


def test_a_cancelled_day_comes_back_as_one_write_with_its_bookings(clinic: Ask) -> None:
    clinic("doctor", "avail", "set", "RAO", "tomorrow", "--capacity", "2", "--note", "short day")
    before = clinic("doctor", "avail", "show", "RAO", "tomorrow")
    cancelled(clinic)
    undone = clinic("undo")
    assert (undone["command"], undone["days"], undone["doctors"]) == ("doctor avail set", 1, ["RAO"])
    (after,) = clinic("doctor", "avail", "show", "RAO", "tomorrow")
    assert after == before[0] | {"booked": 2, "remaining": 0}
    assert [each["status"] for each in clinic("appointment", "list")] == ["booked", "booked"]
    assert clinic("db", "check")["sound"]


def test_a_day_cancelled_by_a_file_or_a_pattern_comes_back_too(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    on = clinic("appointment", "show", "A1")["date"]
    ways: list[tuple[tuple[str, ...], str | None]] = [
        (("doctor", "avail", "import", "-", "--on-conflict", "cancel"), f"doctor,date,present\nRAO,{on},no\n"),
        (("doctor", "avail", "weekly", "RAO", "mon-sun", "--off", "--on-conflict", "cancel"), None),
    ]
    for command, stdin in ways:
        clinic(*command, stdin=stdin)
        assert clinic("appointment", "show", "A1")["status"] == "cancelled"
        clinic("undo")
        assert clinic("appointment", "show", "A1")["status"] == "booked"
        (day,) = clinic("doctor", "avail", "show", "RAO", "tomorrow")
        assert (day["present"], day["source"], day["booked"]) == (True, "default", 1)
        assert clinic("db", "check")["sound"]


def test_undo_says_whom_it_cannot_bring_back_and_why_and_changes_nothing(clinic: Ask, refused: Refused) -> None:
    cancelled(clinic)
    clinic("doctor", "avail", "set", "RAO", "tomorrow", "--present", "--actor", "asha")
    clinic("book", "P2", "RAO", "tomorrow", "--actor", "asha")
    clinic("undo", "--actor", "asha", "--yes")
    clinic("undo", "--actor", "asha", "--yes")
    clinic("patient", "archive", "P1", "--actor", "asha")
    error = refused(7, "illegal_step", "undo")
    assert error["details"]["appointments"] == [
        {"appointment": "A1", "patient": "P1", "reason": "the patient is archived"}
    ]
    assert [each["status"] for each in clinic("appointment", "list")][:2] == ["cancelled", "cancelled"]
    clinic("patient", "restore", "P1", "--actor", "asha")
    clinic("undo")
    assert clinic("appointment", "show", "A1")["status"] == "booked"


def test_undo_of_a_day_that_was_changed_again_is_refused_by_the_later_write(clinic: Ask, refused: Refused) -> None:
    cancelled(clinic)
    clinic("doctor", "avail", "set", "RAO", "tomorrow", "--present", "--actor", "asha")
    error = refused(7, "illegal_step", "undo")
    assert "RAO on" in error["message"]


def test_undo_asks_before_it_goes_deeper_and_names_what_it_would_undo(clinic: Ask, run: Run, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("book", "P2", "MEHTA", "tomorrow")
    assert [each["number"] for each in clinic("undo")["appointments"]] == ["A2"]
    error = refused(2, "usage", "undo")
    assert "--yes required when not running interactively" in error["message"]
    assert "P1, A1 booked → cancelled" in error["message"] + str(error["hint"])
    assert "Anita" not in run("undo", status=2).stderr
    assert clinic("appointment", "show", "A1")["status"] == "booked"
    clinic("undo", "--yes")
    assert clinic("appointment", "show", "A1")["status"] == "cancelled"


def test_undo_asks_when_the_write_is_older_than_a_few_minutes(clinic: Ask, refused: Refused) -> None:
    with freeze_time(NOON) as frozen:
        clinic("book", "P1", "MEHTA", "tomorrow")
        frozen.tick(4 * 60)
        clinic("book", "P2", "MEHTA", "tomorrow", "--actor", "asha")
        clinic("undo", "--dry-run")
        frozen.tick(2 * 60)
        refused(2, "usage", "undo")
        assert clinic("appointment", "show", "A1")["status"] == "booked"
        assert [each["number"] for each in clinic("undo", "--actor", "asha")["appointments"]] == ["A2"]


def test_on_a_terminal_undo_names_the_patient_in_its_question(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("patient", "edit", "P2", "--note", "moved")
    number = clinic("appointment", "history", "A1")[0]["journal"]
    seen = typed(["undo", str(number)], answer="y\n", until="Undo it?")
    assert "P1 Anita Sharma" in seen
    assert clinic("appointment", "show", "A1")["status"] == "cancelled"


def test_a_refused_capacity_of_a_doctor_or_the_clinic_hints_at_what_exists(clinic: Ask, refused: Refused) -> None:
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "tomorrow")
        clinic("book", patient, "MEHTA", "tomorrow")
    for command in (("doctor", "edit", "RAO", "--capacity", "1"), ("config", "capacity", "1")):
        hint = refused(6, "has_bookings", *command)["hint"]
        assert "doctor avail set" in hint
        assert not hint.startswith("Move them first, or use --on-conflict")
