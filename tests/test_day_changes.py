"""Doctors' days that change: who is here, whom to call, and what undo puts back, asks about and refuses."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl import desk
from tests import stored
from tests.docs import tree

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

SET = ("doctor", "avail", "set")
WEEKLY = ("doctor", "avail", "weekly")
IMPORT = ("doctor", "avail", "import")
CANCEL = ("--on-conflict", "cancel", "--yes")
KEEP = ("--on-conflict", "keep")


@pytest.fixture
def frozen() -> Iterator[Any]:
    """A Monday noon: no step of a test comes after midnight."""
    with freeze_time("2026-11-23T06:30:00+00:00") as clock:
        yield clock


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    """A file of availability, which is not there yet."""
    return tmp_path / "days.csv"


def days_and_places(database: str) -> list[Any]:
    """What undo has to put back: days without their ids, the pattern, ledgers, appointments and queues."""
    queries = (
        "SELECT doctor_id, date, present, capacity, note, updated_by, updated_at FROM doctor_daily_availabilities",
        "SELECT * FROM doctor_weekly_patterns",
        "SELECT doctor_id, date, capacity, booked, remaining FROM doctor_daily_capacities",
        "SELECT number, status, slot, cancelled_by, cancel_reason FROM appointments",
        "SELECT appointment_id, doctor_id, status, position FROM queue_entries",
    )
    return [sorted(stored.rows(database, query), key=repr) for query in queries]


def absent(sheet: Path, command: str, doctor: str, day: str) -> tuple[str, ...]:
    """A command that takes a doctor's day away, in one of the ways there are."""
    if command == "set":
        return (*SET, doctor, day, "--absent")
    if command == "weekly":
        return (*WEEKLY, doctor, "mon-sun", "--off")
    sheet.write_text(f"doctor,date,present\n{doctor},{day},no\n")
    return (*IMPORT, str(sheet))


def at_a_terminal(*args: str, typed: str = "") -> str:
    """What stands on the screen of a real terminal after a command, on stdout and stderr together."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "clinicctl", *args],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "COLUMNS": "150", "NO_COLOR": "1"},
    )
    os.close(slave)
    os.write(master, typed.encode())
    screen, until = b"", time.monotonic() + 60
    while time.monotonic() < until:
        if select.select([master], [], [], 0.1)[0]:
            try:
                chunk = os.read(master, 65_536)
            except OSError:
                break
            if not chunk:
                break
            screen += chunk
    process.wait(timeout=60)
    os.close(master)
    return screen.decode()


# Who is here


@pytest.mark.parametrize("command", ["set", "weekly", "import"])
def test_a_waiting_patient_counts_for_the_doctor_of_the_queue(
    clinic: Ask, refused: Refused, frozen: Any, command: str, database: str, sheet: Path
) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    before = days_and_places(database)
    error = refused(6, "has_bookings", *absent(sheet, command, "RAO", "today"))
    (person,) = error["details"]["affected"]
    told = [person[each] for each in ("appointment", "doctor", "status", "position")]
    assert told == ["A1", "RAO", "checked_in", 1]
    assert "clinicctl queue transfer RAO 1 --to CODE" in error["hint"]
    assert days_and_places(database) == before
    clinic(*absent(sheet, command, "MEHTA", "today"))
    refused(7, "doctor_absent", "queue", "transfer", "RAO", "1", "--to", "MEHTA")


STEPS: dict[str, list[tuple[str, ...]]] = {
    "waiting": [],
    "called": [("call", "MEHTA")],
    "serving": [("call", "MEHTA"), ("start", "MEHTA")],
    "skipped": [("call", "MEHTA"), ("skip", "MEHTA")],
    "held": [("hold", "MEHTA", "1")],
    "done": [("call", "MEHTA"), ("start", "MEHTA"), ("done", "MEHTA")],
    "left": [("left", "MEHTA", "1")],
}


@pytest.mark.parametrize("status", STEPS)
def test_open_queue_entries_count_but_completed_and_left_ones_do_not(
    clinic: Ask, run: Run, frozen: Any, status: str
) -> None:
    clinic("walkin", "P1", "MEHTA")
    for step in STEPS[status]:
        clinic("queue", *step)
    answer = run(*SET, "MEHTA", "today", "--absent")
    assert answer.status == (0 if status in ("done", "left") else 6)
    if status == "serving":
        assert "clinicctl queue done MEHTA 1" in answer.stderr
        assert "transfer" not in answer.stderr


def test_the_refusal_lists_the_patients_who_are_here_and_those_booked(clinic: Ask, refused: Refused) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("book", "P2", "MEHTA", "today")
    error = refused(6, "has_bookings", *SET, "MEHTA", "today", "--absent")
    places = {each["appointment"]: (each["status"], each["position"]) for each in error["details"]["affected"]}
    assert places == {"A1": ("checked_in", 1), "A2": ("booked", None)}


@pytest.mark.parametrize("command", ["set", "weekly", "import"])
def test_patients_who_are_here_can_be_kept_but_not_cancelled(
    clinic: Ask, refused: Refused, frozen: Any, command: str, database: str, sheet: Path
) -> None:
    clinic("walkin", "P1", "RAO")
    clinic("book", "P2", "RAO")
    away = absent(sheet, command, "RAO", "today")
    before = days_and_places(database)
    error = refused(6, "has_bookings", *away, *CANCEL)
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A1"]
    assert days_and_places(database) == before
    clinic("queue", "transfer", "RAO", "1", "--to", "MEHTA")
    clinic(*away, *CANCEL)
    assert clinic("appointment", "show", "A2")["status"] == "cancelled"
    assert clinic("appointment", "show", "A1")["status"] == "checked_in"


def test_status_shows_arrived_patients_without_a_doctor(clinic: Ask, frozen: Any) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    clinic(*SET, "RAO", "today", "--absent", *KEEP)
    (found,) = [each for each in clinic("status") if each["what"] == "here without doctor"]
    assert (found["doctor"], found["subject"]) == ("RAO", "1 arrived")
    assert [each["position"] for each in clinic(*found["command"].split()[1:])] == [1]
    clinic("queue", "transfer", "RAO", "1", "--to", "MEHTA")
    assert not [each for each in clinic("status") if each["what"] == "here without doctor"]


def test_an_import_that_skips_leaves_out_the_day_with_arrived_patients(
    clinic: Ask, run: Run, frozen: Any, database: str, sheet: Path
) -> None:
    clinic("walkin", "P1", "RAO")
    sheet.write_text("doctor,date,present\nRAO,today,no\nRAO,tomorrow,no\n")
    args = (*IMPORT, str(sheet), "--on-error", "skip", *CANCEL)
    answer = run(*args, json=True, status=3).json
    assert [(each["outcome"], each["reason"]) for each in answer["rows"]] == [
        ("refused", "patients have arrived"),
        ("added", None),
    ]
    clinic(*SET, "RAO", "today", "--note", "still here")
    clinic("undo", "--yes")
    clinic("undo", "--yes", str(stored.rows(database, "SELECT max(journal_number) FROM journal_days")[0][0] - 1))
    assert stored.rows(database, "SELECT * FROM doctor_daily_availabilities") == []


# Nothing to set


@pytest.mark.parametrize("args", [(), ("--on-conflict", "cancel"), ("--on-conflict", "keep")])
def test_setting_a_day_without_an_option_is_refused(
    clinic: Ask, run: Run, args: tuple[str, ...], database: str
) -> None:
    answer = run(*SET, "RAO", "tomorrow", *args, status=2)
    assert re.findall(r"--\w+", answer.stderr) == [
        *("--present", "--absent", "--capacity", "--session", "--every", "--note"),
    ]
    assert stored.rows(database, "SELECT * FROM doctor_daily_availabilities") == []


def test_a_change_that_sets_nothing_leaves_the_day_to_the_weekly_pattern(clinic: Ask, sheet: Path) -> None:
    clinic(*SET, "RAO", "+1d", "--note", "")
    sheet.write_text("doctor,date,present,note\nRAO,+2d,,\nRAO,+3d,,\n")
    assert clinic(*IMPORT, str(sheet))["unchanged"] == 2
    clinic(*WEEKLY, "RAO", "mon-sun", "--off")
    shown = clinic("doctor", "avail", "show", "RAO", "+1d..+3d")
    assert [(each["present"], each["source"]) for each in shown] == [(False, "weekly")] * 3


def test_a_day_set_present_does_not_follow_the_weekly_pattern(clinic: Ask) -> None:
    clinic(*SET, "RAO", "+1d", "--present")
    clinic(*WEEKLY, "RAO", "mon-sun", "--off")
    assert clinic("doctor", "avail", "show", "RAO", "+1d")[0]["present"]


# Patients to call


@pytest.mark.parametrize("threshold", ["1", "5"])
def test_the_list_of_patients_to_call_is_printed_once_on_a_terminal(clinic: Ask, threshold: str) -> None:
    clinic("config", "bulk_threshold", threshold)
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "+2d")
    screen = at_a_terminal(*SET, "RAO", "+2d", "--absent", "--on-conflict", "cancel", typed="y\n")
    assert ("Cancel 2 appointments?" in screen) is (threshold == "1")
    assert [screen.count(each) for each in ("+919876543210", "+919123456789")] == [1, 1]
    assert clinic("appointment", "show", "A2")["status"] == "cancelled"


def test_masked_phones_are_whole_only_in_the_list_to_call(clinic: Ask) -> None:
    clinic("config", "bulk_threshold", "1")
    clinic("config", "mask_phones", "yes")
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "+2d")
    screen = at_a_terminal(*SET, "RAO", "+2d", "--absent", "--on-conflict", "cancel", typed="y\n")
    assert "+919876543210" not in screen.partition("Cancel 2")[0]
    assert "+919876543210" in screen.partition("Cancel 2")[2]


def test_the_list_of_patients_to_call_can_be_read_again_by_key_and_by_list(clinic: Ask, run: Run) -> None:
    for patient, doctor, day in (
        ("P1", "RAO", "+2d"),
        ("P2", "RAO", "+2d"),
        ("P1", "MEHTA", "+2d"),
        ("P2", "RAO", "+3d"),
    ):
        clinic("book", patient, doctor, day)
    clinic("appointment", "cancel", "A4", "--by", "patient")
    away = (*SET, "RAO", "+2d", "--absent", "--on-conflict", "cancel", "--key", "k")
    first = clinic(*away)
    assert [each["phone"] for each in first[0]["cancelled"]] == ["+919876543210", "+919123456789"]
    assert clinic(*away) == [each | {"replayed": True} for each in first]
    listed = ("appointment", "list", "--cancelled-by")
    found = clinic(*listed, "clinic", "--day", "+2d", "--doctor", "RAO")
    assert [(each["number"], each["phone"]) for each in found] == [("A1", "+919876543210"), ("A2", "+919123456789")]
    assert [each["number"] for each in clinic(*listed, "patient")] == ["A4"]
    assert clinic(*listed, "clinic", "--doctor", "MEHTA") == []
    assert "phone" not in clinic("appointment", "list")[0]
    assert "+919876543210" in run(*listed, "clinic", "-o", "table", status=0).stdout
    clinic("config", "mask_phones", "yes")
    shown = run(*listed, "clinic", "-o", "table", status=0).stdout
    assert ("+919876543210" in shown, "…210" in shown) == (False, True)


def test_a_booking_that_was_undone_is_not_among_those_to_call(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "+2d")
    clinic("undo")
    assert clinic("appointment", "show", "A1")["cancelled_by"] == "clinic"
    assert clinic("appointment", "list", "--cancelled-by", "clinic") == []


# Undo of days


@pytest.fixture
def booked(clinic: Ask) -> Ask:
    """Two days of RAO: one with a row and a note of its own, one without."""
    clinic(*SET, "RAO", "+2d", "--capacity", "2", "--note", "short day", "--actor", "ravi")
    for patient, day in (("P1", "+2d"), ("P2", "+2d"), ("P1", "+3d")):
        clinic("book", patient, "RAO", day)
    return clinic


@pytest.mark.parametrize("command", ["set", "weekly", "import", "replace", "capacity", "note", "forget"])
def test_a_change_of_days_is_undone_as_one_write(booked: Ask, command: str, database: str, sheet: Path) -> None:
    if command == "forget":
        booked(*WEEKLY, "RAO", "mon-sun", "--capacity", "2")
    before = days_and_places(database)
    if command == "replace":
        sheet.write_text("doctor,date,present\nRAO,+1d,yes\nRAO,+3d,no\nRAO,+5d,yes\n")
        booked(*IMPORT, str(sheet), "--mode", "replace", *CANCEL)
    elif command == "capacity":
        booked(*SET, "RAO", "+2d..+3d", "--capacity", "1", *CANCEL)
    elif command == "note":
        booked(*SET, "RAO", "+2d..+4d", "--note", "other")
    elif command == "forget":
        booked(*WEEKLY, "RAO", "mon-sun", "--forget")
    else:
        booked(*absent(sheet, command, "RAO", "+2d..+3d"), *CANCEL)
    assert days_and_places(database) != before
    undone = booked("undo")
    assert days_and_places(database) == before
    assert undone["doctors"] == ["RAO"]
    assert {each["status"] for each in undone["appointments"]} <= {"booked"}
    assert booked("db", "check")["sound"]
    assert booked("audit", "log", "--doctor", "RAO")[-1]["command"] == "undo"


def test_an_import_that_skipped_a_row_can_be_undone(booked: Ask, run: Run, database: str, sheet: Path) -> None:
    sheet.write_text("doctor,date,present\nRAO,+2d,no\nRAO,+9d,no\n")
    before = days_and_places(database)
    run(*IMPORT, str(sheet), "--on-error", "skip", status=3)
    assert booked("undo")["days"] == 1
    assert days_and_places(database) == before


def test_undo_returns_a_booking_to_a_day_without_the_doctor(booked: Ask, database: str) -> None:
    booked(*SET, "RAO", "+2d", "--absent", *KEEP)
    before = days_and_places(database)
    booked(*SET, "RAO", "+2d", "--absent", *CANCEL)
    assert days_and_places(database) != before
    booked("undo")
    assert days_and_places(database) == before


LOST: dict[str, tuple[list[str], str]] = {
    "the slot is taken": (["doctor edit RAO --capacity 3", "book P2 RAO +3d"], "slot 1 is taken by A5"),
    "booked again": (["book P2 RAO +3d", "book P1 RAO +3d", "appointment cancel A5"], "the patient has A6 with RAO"),
    "archived": (["patient archive P1"], "the patient is archived"),
    "erased": (["patient erase P1 --yes"], "the patient is erased"),
}


@pytest.mark.parametrize("case", LOST)
def test_undo_lists_bookings_it_cannot_restore_and_changes_nothing(
    clinic: Ask, refused: Refused, case: str, database: str
) -> None:
    for patient in ("P2", "P1"):
        clinic("book", patient, "RAO", "+2d")
    clinic("book", "P1", "RAO", "+3d")
    clinic("appointment", "cancel", "A1")
    clinic("appointment", "cancel", "A2")
    clinic("book", "P1", "RAO", "+4d")
    number = clinic("audit", "log", "--limit", "1")[0]["number"] + 1
    # The weekly pattern leaves the place free to be booked again by a row of the day.
    clinic(*WEEKLY, "RAO", "mon-sun", "--off", *CANCEL)
    if case in ("the slot is taken", "booked again"):
        clinic(*SET, "RAO", "+3d", "--present")
    steps, reason = LOST[case]
    for step in steps:
        clinic(*step.split())
    before = days_and_places(database)
    error = refused(7, "illegal_step", "undo", str(number), "--yes")
    lost = {each["appointment"]: each for each in error["details"]["appointments"]}
    assert (lost["A3"]["patient"], reason in lost["A3"]["reason"]) == ("P1", True), lost
    assert reason in error["message"]
    assert "Anita" not in json.dumps(error)
    assert days_and_places(database) == before


def test_undo_does_not_bring_back_more_than_the_day_has_room_for(clinic: Ask, refused: Refused, database: str) -> None:
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "+3d")
    clinic(*SET, "RAO", "+3d", "--absent", *CANCEL)
    number = str(clinic("audit", "log", "--limit", "1")[0]["number"])
    clinic("doctor", "edit", "RAO", "--capacity", "1")
    before = days_and_places(database)
    error = refused(7, "illegal_step", "undo", number, "--yes")
    assert [(each["appointment"], each["reason"]) for each in error["details"]["appointments"]] == [
        ("A2", "RAO has only 1 slots")
    ]
    assert days_and_places(database) == before


def test_undo_names_a_time_that_was_given_to_another(clinic: Ask, refused: Refused, database: str) -> None:
    clinic("book", "P2", "RAO", "+3d")
    clinic("book", "P1", "RAO", "+3d", "--time", "09:30")
    clinic(*WEEKLY, "RAO", "mon-sun", "--off", *CANCEL)
    number = str(clinic("audit", "log", "--limit", "1")[0]["number"])
    clinic(*SET, "RAO", "+3d", "--present")
    clinic("patient", "add", "Wolfgang Braun", "--phone", "90000 00009")
    clinic("book", "P3", "RAO", "+3d", "--time", "09:30")
    before = days_and_places(database)
    error = refused(7, "illegal_step", "undo", number, "--yes")
    reasons = {each["appointment"]: each["reason"] for each in error["details"]["appointments"]}
    assert reasons == {"A1": "slot 1 is taken by A3", "A2": "09:30 was given to A3"}
    assert days_and_places(database) == before


def test_undo_of_days_is_refused_once_they_are_past(clinic: Ask, refused: Refused, frozen: Any) -> None:
    clinic(*SET, "RAO", "tomorrow..+9d", "--absent")
    frozen.tick(timedelta(days=2))
    refused(7, "past_day", "undo", "--yes")


def test_undo_of_a_pattern_says_which_of_the_cancelled_are_past(clinic: Ask, refused: Refused, frozen: Any) -> None:
    clinic("book", "P1", "RAO", "tomorrow")
    clinic("book", "P2", "RAO", "+9d")
    clinic(*WEEKLY, "RAO", "mon-sun", "--off", *CANCEL)
    frozen.tick(timedelta(days=2))
    error = refused(7, "illegal_step", "undo", "--yes")
    assert [(each["appointment"], each["reason"]) for each in error["details"]["appointments"]] == [
        ("A1", "the day is past")
    ]


@pytest.mark.parametrize("command", ["set", "weekly", "import"])
def test_undo_of_days_that_were_changed_again_names_the_later_write(
    clinic: Ask, refused: Refused, command: str, sheet: Path
) -> None:
    clinic(*absent(sheet, command, "RAO", "+2d..+3d"))
    first = clinic("audit", "log", "--limit", "1")[0]["number"]
    clinic(*(WEEKLY if command == "weekly" else SET), "RAO", "sun" if command == "weekly" else "+3d", "--capacity", "2")
    error = refused(7, "illegal_step", "undo", str(first), "--yes")
    assert error["details"]["later"] == first + 1
    clinic("undo")
    clinic("undo", str(first), "--yes")
    assert all(each["present"] for each in clinic("doctor", "avail", "show", "RAO", "+2d..+3d"))


def test_undo_of_days_leaves_nobody_without_a_place(clinic: Ask, refused: Refused, database: str) -> None:
    clinic(*SET, "RAO", "+2d", "--absent")
    clinic(*SET, "RAO", "+2d", "--present")
    number = str(clinic("audit", "log", "--limit", "1")[0]["number"])
    clinic("book", "P1", "RAO", "+2d")
    before = days_and_places(database)
    error = refused(6, "has_bookings", "undo", number, "--yes")
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A1"]
    assert "--on-conflict" not in error["hint"]
    assert days_and_places(database) == before


def test_undo_of_days_of_an_archived_doctor_is_refused(clinic: Ask, refused: Refused) -> None:
    clinic(*SET, "RAO", "+2d", "--absent")
    number = str(clinic("audit", "log", "--limit", "1")[0]["number"])
    clinic("doctor", "archive", "RAO")
    refused(7, "archived", "undo", number, "--yes")


def test_a_change_of_days_by_an_older_version_cannot_be_undone(clinic: Ask, refused: Refused, database: str) -> None:
    clinic(*SET, "RAO", "+2d", "--absent")
    stored.change(database, "DELETE FROM journal_days")
    assert "does not support undo" in refused(7, "illegal_step", "undo")["message"]


@pytest.mark.parametrize("days", [True, False])
def test_a_plan_for_a_file_is_outdated_only_by_an_undo_of_its_days(
    clinic: Ask, database: str, sheet: Path, days: bool
) -> None:
    from clinicctl.desk import journal
    from clinicctl.desk.imports import day_plan
    from clinicctl.desk.imports import days as day_imports
    from clinicctl.desk.imports.plan import Outdated
    from clinicctl.rules import import_rows as sheets
    from clinicctl.store.engine import open_store

    clinic(*((*SET, "RAO", "+2d", "--capacity", "2") if days else ("book", "P1", "RAO", "+2d")))
    store = open_store(database, wait=5)
    with store.read(actor="x") as tx:
        day = tx.today + timedelta(days=2)
        rows = sheets.read_days(["doctor,date,capacity\n", f"RAO,{day},2\n"])
        plan = day_plan.plan_availability(tx, sheet=rows)
    clinic("undo")
    outdated = pytest.raises(Outdated) if days else nullcontext()
    with outdated, store.write(actor="x", key="k") as tx:
        journal.once(tx, day_imports.set_availability, command="x", key="k", own_key=False, request={"plan": plan})


# When undo asks


def test_undo_asks_before_it_walks_further_back(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "RAO", "+2d")
    clinic("book", "P2", "RAO", "+2d")
    clinic("undo")
    answer = run("undo", status=2)
    assert "--yes required when not running interactively" in answer.stderr
    assert "P1, A1 booked → cancelled" in answer.stderr
    assert "Anita" not in answer.stderr
    assert clinic("appointment", "show", "A1")["status"] == "booked"
    assert clinic("undo", "--dry-run")["undoes"] == clinic("undo", "--yes")["undoes"]


def test_undo_asks_when_another_write_of_the_actor_lies_between(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "RAO", "+2d")
    number = str(clinic("appointment", "history", "A1")[0]["journal"])
    clinic("patient", "edit", "P1", "--note", "x")
    assert "not your last write" in run("undo", number, status=2).stderr
    assert "not your last write" in run("undo", number, "--actor", "other", status=2).stderr
    clinic("undo", number, "--yes")


@pytest.mark.parametrize(("minutes", "status"), [(4, 0), (6, 2)])
def test_undo_asks_when_the_write_is_older_than_five_minutes(
    clinic: Ask, run: Run, frozen: Any, minutes: int, status: int
) -> None:
    clinic("book", "P1", "RAO", "+2d")
    frozen.tick(timedelta(minutes=minutes))
    answer = run("undo", status=status)
    assert ("older than 5 minutes" in answer.stderr) is bool(status)


def test_undo_at_a_terminal_names_patient_and_status_and_accepts_a_no(clinic: Ask) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "call", "MEHTA")
    clinic("queue", "skip", "MEHTA")
    clinic("queue", "recall", "MEHTA", "1")
    clinic("patient", "edit", "P2", "--note", "x")
    number = str(clinic("appointment", "history", "A1")[-1]["journal"])
    screen = at_a_terminal("undo", number, typed="n\n")
    assert "queue recall" in screen
    assert "P1 Anita Sharma, A1 waiting → skipped" in screen
    assert clinic("queue", "show", "MEHTA")[0]["status"] == "waiting"
    assert "Undid" in at_a_terminal("undo", number, typed="y\n")
    assert clinic("queue", "show", "MEHTA")[0]["status"] == "skipped"


def test_the_answer_of_an_undo_names_what_it_undid(clinic: Ask, run: Run) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "call", "MEHTA")
    undone = clinic("undo", "--key", "u")
    assert undone["command"] == "queue call"
    assert undone["appointments"][0]["patient"]["number"] == "P1"
    assert undone["steps"] == [
        {
            "appointment": "A1",
            **dict.fromkeys(("from_status", "to_status"), "checked_in"),
            "queue_from": "called",
            "queue_to": "waiting",
        }
    ]
    # The same key needs no second confirmation, although the write is no longer the last one.
    assert clinic("undo", "--key", "u") == undone | {"replayed": True}


def test_undo_takes_back_only_the_write_it_asked_about(
    clinic: Ask, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("book", "P1", "RAO", "+2d")
    real = desk.undo.preview

    def preview(tx: Any, **request: Any) -> Any:
        found = real(tx, **request)
        monkeypatch.setattr(desk.undo, "preview", real)
        clinic("book", "P2", "RAO", "+2d")
        return found

    monkeypatch.setattr(desk.undo, "preview", preview)
    error = refused(2, "usage", "undo")
    assert error["details"]["found"] == error["details"]["asked"] + 1
    assert {each["status"] for each in clinic("appointment", "list")} == {"booked"}


# Hints


@pytest.mark.parametrize(
    "command",
    [
        "doctor edit RAO --capacity 1",
        "config capacity 1",
        "doctor import -",
        "doctor avail set RAO +2d --absent",
        "doctor avail set RAO today --absent",
        "doctor avail weekly RAO mon-sun --off",
        "doctor avail import -",
        "undo NUMBER --yes",
    ],
)
def test_a_hint_names_no_option_that_its_command_does_not_have(
    clinic: Ask, refused: Refused, frozen: Any, command: str
) -> None:
    clinic("doctor", "add", "LIM", "Dr. Lim")
    clinic(*SET, "RAO", "+2d", "--absent")
    clinic(*SET, "RAO", "+2d", "--present")
    number = str(clinic("audit", "log", "--limit", "1")[0]["number"])
    for patient in ("P1", "P2"):
        for doctor in ("RAO", "LIM"):
            clinic("book", patient, doctor, "+2d")
    clinic("walkin", "P1", "RAO")
    stdin = {
        "doctor import -": "code,name,capacity\nRAO,Dr. Vikram Rao,1\n",
        "doctor avail import -": "doctor,date,present\nRAO,+2d,no\n",
    }.get(command)
    hint = refused(6, "has_bookings", *command.replace("NUMBER", number).split(), stdin=stdin)["hint"]
    known = {words: {each for param in command.params for each in param.opts} for words, command, _ in tree()}
    name = max((each for each in known if command.startswith(each)), key=len)
    for other in re.findall(r"`clinicctl ([^`]*)`", hint):
        words = max((each for each in known if other.startswith(each)), key=len)
        assert set(re.findall(r"--[a-z-]+", other)) <= known[words], hint
    assert set(re.findall(r"--[a-z-]+", re.sub(r"`[^`]*`", "", hint))) <= known[name], hint


def test_the_hint_of_a_capacity_can_be_followed(clinic: Ask, refused: Refused) -> None:
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "+2d")
    hint = refused(6, "has_bookings", "doctor", "edit", "RAO", "--capacity", "1")["hint"]
    (command,) = re.findall(r"`clinicctl ([^`]*)`", hint)
    clinic(*command.replace(" N", " 2").split())
    assert clinic("doctor", "edit", "RAO", "--capacity", "1")["capacity"] == 1
