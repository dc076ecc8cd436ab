"""The rest of the desk: moves, the end of a day, the full queue, the waitlist, undo, and people kept apart."""

import csv
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def remaining(ask: Ask, doctor: str, day: str) -> int:
    return int(ask("doctor", "avail", "show", doctor, day)[0]["remaining"])


def fill(ask: Ask, doctor: str, day: str, count: int) -> list[str]:
    """Book so many strangers, and return their appointments."""
    booked = []
    for nth in range(count):
        name = f"{chr(65 + nth) * 3}{nth} Stranger{chr(65 + nth)}"
        patient = ask("patient", "add", name, "--phone", f"90000 {nth:05}", "--new")["number"]
        booked.append(ask("book", patient, doctor, day)["number"])
    return booked


# Moving


def test_a_move_books_the_new_slot_and_frees_the_old_one_linked(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "tomorrow", "--time", "9:30", "--reason", "knee")
    moved = clinic("appointment", "move", "A1", "+3d", "--doctor", "MEHTA")
    assert (moved["number"], moved["moved_from"], moved["doctor"]["code"], moved["slot"]) == ("A2", "A1", "MEHTA", 1)
    assert (moved["time"], moved["reason"]) == ("09:30", "knee")
    old = clinic("appointment", "show", "A1")
    assert (old["status"], old["moved_to"]) == ("cancelled", "A2")
    assert remaining(clinic, "RAO", "tomorrow") == 3
    assert remaining(clinic, "MEHTA", "+3d") == 9


@pytest.mark.parametrize("target", ["full", "absent", "archived", "past", "booked there"])
def test_a_move_to_where_there_is_no_place_leaves_everything_as_it_was(
    clinic: Ask, run: Run, target: str, database: str
) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    if target == "full":
        fill(clinic, "RAO", "+2d", 3)
    elif target == "absent":
        clinic("doctor", "avail", "set", "RAO", "+2d", "--absent")
    elif target == "archived":
        clinic("doctor", "archive", "RAO")
    elif target == "booked there":
        clinic("book", "P1", "RAO", "+2d")
    before = stored.dump(database)
    answer = run("appointment", "move", "A1", "yesterday" if target == "past" else "+2d", "--doctor", "RAO", json=True)
    expected = {"full": 6, "absent": 7, "archived": 7, "past": 7, "booked there": 6}
    assert answer.status == expected[target], answer
    assert stored.dump(database) == before


def test_a_move_to_the_same_place_or_of_what_is_over_is_refused(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    refused(7, "illegal_step", "appointment", "move", "A1", "today")
    clinic("appointment", "cancel", "A1")
    refused(7, "illegal_step", "appointment", "move", "A1", "tomorrow")


# No-shows and the end of a day


def test_a_no_show_keeps_the_slot_and_may_still_arrive_on_the_day(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("book", "P2", "MEHTA", "tomorrow")
    assert clinic("appointment", "no-show", "A1")["status"] == "no_show"
    assert remaining(clinic, "MEHTA", "today") == 9
    refused(7, "illegal_step", "appointment", "no-show", "A1")
    refused(7, "wrong_day", "appointment", "no-show", "A2")
    assert clinic("checkin", "P1")["position"] == 1


def test_a_no_show_who_was_booked_once_more_is_sent_to_that_appointment(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("appointment", "no-show", "A1")
    clinic("book", "P1", "MEHTA")
    error = refused(6, "already_booked", "checkin", "A1")
    assert (error["details"]["appointment"], error["hint"]) == ("A2", "Check in with `clinicctl checkin A2`.")
    assert clinic("checkin", "A2")["position"] == 1


def test_closing_a_day_ends_what_is_open_and_can_be_repeated(clinic: Ask, run: Run) -> None:
    for patient in ("P1", "P2"):
        clinic("book", patient, "MEHTA")
        clinic("walkin", patient, "RAO")
    clinic("checkin", "A1")
    clinic("queue", "call", "RAO")
    clinic("queue", "start", "RAO")
    assert "--yes required" in run("close", status=2).stderr
    preview = clinic("close", "--dry-run")
    assert (preview["no_show"], preview["left"], preview["completed"]) == (["A3"], ["A1", "A4"], ["A2"])
    assert clinic("appointment", "show", "A3")["status"] == "booked"
    closed = clinic("close", "--yes")
    assert {name: closed[name] for name in ("no_show", "left", "completed")} == {
        name: preview[name] for name in ("no_show", "left", "completed")
    }
    statuses = {each["number"]: each["status"] for each in clinic("appointment", "list")}
    assert statuses == {"A1": "left", "A2": "completed", "A3": "no_show", "A4": "left"}
    assert {each["status"] for each in clinic("queue", "show")} == {"done", "left"}
    again = clinic("close")
    assert (again["no_show"], again["left"], again["completed"]) == ([], [], [])


def test_status_names_what_needs_somebody_and_the_command_that_mends_it(clinic: Ask, run: Run) -> None:
    import shlex

    with freeze_time("2026-11-22T06:00:00+00:00"):
        clinic("book", "P1", "MEHTA")
    with freeze_time("2026-11-23T05:00:00+00:00"):
        clinic("walkin", "P2", "MEHTA")
        clinic("book", "P1", "RAO", "tomorrow")
        fill(clinic, "RAO", "+2d", 3)
        clinic("doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "keep")
        clinic("waitlist", "add", "P1", "MEHTA", "+3d")
    with freeze_time("2026-11-23T06:00:00+00:00"):
        found = clinic("status")
        assert [(each["what"], each["date"]) for each in found] == [
            ("open past day", "2026-11-22"),
            ("long wait", "2026-11-23"),
            ("booked without doctor", "2026-11-24"),
            ("full day", "2026-11-25"),
            ("place for the waitlist", "2026-11-26"),
        ]
        assert "P2, 60 min at position 1" in found[1]["subject"]
        for each in found:
            words = shlex.split(each["command"])[1:]
            run(*words, *(["--yes"] if words[0] == "close" else []), status=0)
        assert [each["what"] for each in clinic("status")] == ["booked without doctor", "full day"]


def test_the_day_sheet_shows_every_slot_of_every_doctor(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "--time", "10:15", "--past")
    clinic("walkin", "P2", "RAO")
    sheet = clinic("day")
    assert len(sheet) == 13
    assert [(each["doctor"], each["slot"], each["status"]) for each in sheet[10:]] == [
        ("RAO", 1, "booked"),
        ("RAO", 2, "checked_in"),
        ("RAO", 3, "free"),
    ]
    assert (sheet[10]["appointment"]["number"], sheet[10]["time"]) == ("A1", "10:15")
    assert sheet[12]["appointment"] is None
    clinic("doctor", "avail", "set", "RAO", "today", "--absent", "--on-conflict", "keep")
    assert [each["slot"] for each in clinic("day", "--doctor", "RAO")] == [1, 2]


def test_the_next_free_days_are_those_of_the_doctor_or_the_specialty(clinic: Ask) -> None:
    clinic("doctor", "edit", "RAO", "--specialty", "Eyes")
    fill(clinic, "RAO", "today", 3)
    clinic("doctor", "avail", "set", "RAO", "tomorrow", "--absent")
    by_doctor = clinic("free", "RAO", "--days", "4")
    assert [each["remaining"] for each in by_doctor] == [3, 3]
    assert clinic("free", "--specialty", "eyes", "--days", "4") == by_doctor
    assert len(clinic("free", "--days", "4")) == 6
    assert clinic("free", "RAO", "--from", "+2d", "--days", "2") == by_doctor


# The full queue


def test_skipped_patients_return_last_and_held_ones_to_their_place(clinic: Ask) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    clinic("patient", "add", "Carla Third", "--phone", "90909 09090")
    clinic("walkin", "P3", "MEHTA")
    clinic("queue", "call", "MEHTA")
    assert clinic("queue", "skip", "MEHTA")["status"] == "skipped"
    assert clinic("queue", "recall", "MEHTA", "1")["people_ahead"] == 2
    assert clinic("queue", "hold", "MEHTA", "2")["status"] == "held"
    assert [each["position"] for each in clinic("queue", "show", "MEHTA") if each["status"] == "waiting"] == [3, 1]
    assert clinic("queue", "resume", "MEHTA", "2")["people_ahead"] == 0
    order = [clinic("queue", "call", "MEHTA")["position"] for _ in range(3)]
    assert order == [2, 3, 1]


def test_a_priority_comes_before_the_position_and_after_it_the_recalled(clinic: Ask, refused: Refused) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    clinic("patient", "add", "Carla Third", "--phone", "90909 09090")
    clinic("walkin", "P3", "MEHTA")
    urgent = clinic("queue", "priority", "MEHTA", "3", "5")
    assert (urgent["priority"], urgent["people_ahead"]) == (5, 0)
    assert [each["people_ahead"] for each in clinic("queue", "show", "MEHTA")] == [0, 1, 2]
    assert clinic("queue", "call", "MEHTA")["position"] == 3
    clinic("queue", "left", "MEHTA", "3")
    refused(7, "illegal_step", "queue", "priority", "MEHTA", "3", "9")
    refused(2, "usage", "queue", "priority", "MEHTA", "2", "10")
    assert clinic("appointment", "show", "A3")["status"] == "left"


def test_a_transferred_patient_gets_the_next_position_there(clinic: Ask, refused: Refused) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("walkin", "P2", "RAO")
    moved = clinic("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    assert (moved["doctor"], moved["position"], moved["people_ahead"], moved["status"]) == ("RAO", 2, 1, "waiting")
    assert moved["appointment"]["doctor"]["code"] == "MEHTA"
    assert clinic("queue", "show", "MEHTA") == []
    assert clinic("walkin", "P2", "MEHTA")["position"] == 2
    refused(7, "illegal_step", "queue", "transfer", "RAO", "1", "--to", "rao")
    refused(4, "queue_entry_not_found", "queue", "transfer", "MEHTA", "1", "--to", "RAO")
    clinic("doctor", "avail", "set", "MEHTA", "today", "--absent", "--on-conflict", "keep")
    refused(7, "doctor_absent", "queue", "transfer", "RAO", "1", "--to", "MEHTA")


@pytest.mark.parametrize("step", ["skip", "recall", "hold", "resume", "left"])
def test_a_step_from_a_status_it_may_not_leave_is_refused(clinic: Ask, refused: Refused, step: str) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "call", "MEHTA")
    clinic("queue", "start", "MEHTA")
    error = refused(7, "illegal_step", "queue", step, "MEHTA", "1")
    assert error["details"]["status"] == "serving"


def test_long_waits_are_marked_from_the_threshold_on(clinic: Ask, run: Run) -> None:
    clinic("config", "wait_threshold", "20")
    with freeze_time("2026-11-23T05:00:00+00:00"):
        clinic("walkin", "P1", "MEHTA")
    with freeze_time("2026-11-23T05:19:59+00:00"):
        assert clinic("queue", "show")[0]["long_wait"] is False
    with freeze_time("2026-11-23T05:20:00+00:00"):
        (entry,) = clinic("queue", "show")
        assert (entry["waited_minutes"], entry["long_wait"]) == (20, True)
        assert "20 min !" in run("queue", "show", "-o", "table", status=0).stdout


# The board


def test_the_board_shows_positions_and_doctors_and_no_names(clinic: Ask, run: Run) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    clinic("queue", "call", "MEHTA")
    (row,) = clinic("queue", "board", "--once")
    assert (row["doctor"], row["called"], row["waiting"], row["serving"]) == ("MEHTA", [1], [2], [])
    printed = run("queue", "board", "--once", "-o", "table", status=0).stdout
    assert "Dr. Asha Mehta" in printed
    assert not {"Anita", "Sharma", "Mumtaz", "P1"} & set(printed.split())


def test_the_live_board_survives_a_missing_database(clinic: Ask, database: str) -> None:
    clinic("walkin", "P1", "MEHTA")
    parent, child = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [sys.executable, "-m", "clinicctl", "queue", "board", "--every", "0.2"],
        stdin=child,
        stdout=child,
        stderr=child,
        env=environment,
    )
    os.close(child)
    seen = ""

    def wait_for(text: str) -> None:
        nonlocal seen
        deadline = time.monotonic() + 30
        while text not in seen:
            assert time.monotonic() < deadline, seen
            if select.select([parent], [], [], 0.1)[0]:
                seen += os.read(parent, 65536).decode("utf-8", "replace")

    try:
        wait_for("Dr. Asha Mehta")
        with stored.away(database):
            wait_for("not up to date")
        clinic("queue", "call", "MEHTA")
        seen = ""
        wait_for("Dr. Asha Mehta")
        process.send_signal(signal.SIGINT)
        seen = ""
        wait_for("\x1b[?1049l")
        assert process.wait(timeout=30) == 130
    finally:
        process.kill()
        process.wait()
        os.close(parent)
    assert "Anita" not in seen


# Weekdays


def test_a_day_without_a_row_follows_its_weekday(clinic: Ask, refused: Refused) -> None:
    week = clinic("doctor", "avail", "weekly", "MEHTA", "mon-fri", "--capacity", "4")
    assert [(each["weekday"], each["capacity"], each["source"]) for each in week][4:6] == [
        ("fri", 4, "weekly"),
        ("sat", 10, "default"),
    ]
    clinic("doctor", "avail", "weekly", "MEHTA", "sat,sun", "--off")
    days = {each["date"]: each for each in clinic("doctor", "avail", "show", "MEHTA", "mon,tue,sat,sun")}
    assert sorted((each["present"], each["capacity"], each["source"]) for each in days.values()) == [
        (False, 10, "weekly"),
        (False, 10, "weekly"),
        (True, 4, "weekly"),
        (True, 4, "weekly"),
    ]
    refused(7, "doctor_absent", "book", "P1", "MEHTA", "sun")
    clinic("doctor", "avail", "set", "MEHTA", "sun", "--present", "--capacity", "2")
    assert clinic("book", "P1", "MEHTA", "sun")["slot"] == 1
    clinic("doctor", "avail", "weekly", "MEHTA", "mon-sun", "--forget")
    assert {each["source"] for each in clinic("doctor", "avail", "show", "MEHTA", "mon,tue,sat")} == {"default"}


def test_removing_a_booked_weekday_needs_a_choice_for_its_patients(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "RAO", "+7d")
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    from datetime import date

    name = weekday[date.fromisoformat(clinic("appointment", "show", "A1")["date"]).weekday()]
    error = refused(6, "has_bookings", "doctor", "avail", "weekly", "RAO", name, "--off")
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A1"]
    week = clinic("doctor", "avail", "weekly", "RAO", name, "--off", "--on-conflict", "cancel")
    assert [person["phone"] for each in week for person in each["cancelled"]] == ["+919876543210"]
    assert clinic("appointment", "show", "A1")["cancelled_by"] == "clinic"


def test_many_cancellations_at_once_need_a_yes(clinic: Ask, run: Run) -> None:
    clinic("config", "bulk_threshold", "1")
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "tomorrow")
    away = ("doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "cancel")
    assert "--yes required when not running interactively" in run(*away, status=2).stderr
    assert clinic("appointment", "show", "A1")["status"] == "booked"
    (day,) = clinic(*away, "--yes")
    assert len(day["cancelled"]) == 2


@pytest.mark.parametrize("command", ["avail import", "avail weekly"])
def test_cancellations_by_file_or_by_weekday_are_bounded_too(
    clinic: Ask, run: Run, command: str, tmp_path: Path, database: str
) -> None:
    clinic("config", "bulk_threshold", "1")
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "tomorrow")
    (tmp_path / "away.csv").write_text("doctor,date,present\nRAO,tomorrow,no\n")
    words = (str(tmp_path / "away.csv"),) if "import" in command else ("RAO", "mon-sun", "--off")
    away = ("doctor", *command.split(), *words, "--on-conflict", "cancel")
    before = stored.dump(database)
    assert "--yes required" in run(*away, status=2).stderr
    assert stored.dump(database) == before
    answer = clinic(*away, "--yes")
    days = answer if isinstance(answer, list) else [answer]
    assert sorted(person["number"] for each in days for person in each["cancelled"]) == ["P1", "P2"]


def test_a_day_taken_away_leaves_the_list_to_phone(clinic: Ask, run: Run) -> None:
    for patient in ("P1", "P2"):
        clinic("book", patient, "RAO", "tomorrow")
    away = ("doctor", "avail", "set", "RAO", "tomorrow..+2d", "--absent", "--on-conflict", "cancel")
    answer = run(*away, "-o", "csv", status=0)
    assert [row["cancelled"] for row in csv.DictReader(answer.stdout.splitlines())] == ["A1 A2", ""]
    assert answer.stderr.splitlines()[1:] == [
        "  A1  P1 Anita Sharma  +919876543210",
        "  A2  P2 Mumtaz Anwar  +919123456789",
    ]


def test_positions_rise_and_the_order_stays_though_the_clock_is_set_back(clinic: Ask) -> None:
    with freeze_time("2026-11-23T05:00:00+00:00"):
        clinic("walkin", "P1", "MEHTA")
    with freeze_time("2026-11-23T04:00:00+00:00"):
        assert clinic("walkin", "P2", "MEHTA")["position"] == 2
        queue = clinic("queue", "show", "MEHTA")
        assert [(each["position"], each["waited_minutes"]) for each in queue] == [(1, 0), (2, 0)]
        assert clinic("queue", "call", "MEHTA")["position"] == 1


def test_what_came_between_the_question_and_the_lock_is_not_ended_unasked(
    clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    from clinicctl import desk

    clinic("walkin", "P1", "MEHTA")
    monkeypatch.setattr(desk.daybook, "preview_close", lambda tx, *, on: 0)
    before = stored.dump(database)
    assert "--yes required" in run("close", status=2).stderr
    assert stored.dump(database) == before


# The waitlist


def test_the_first_on_the_waitlist_who_fits_gets_the_place(clinic: Ask, refused: Refused) -> None:
    booked = fill(clinic, "RAO", "tomorrow", 3)
    assert clinic("waitlist", "add", "P1", "RAO", "+5d")["number"] == "W1"
    assert clinic("waitlist", "add", "P2", "RAO", "today..+2d")["number"] == "W2"
    refused(6, "already_waiting", "waitlist", "add", "P2", "RAO", "today..+2d")
    refused(4, "waitlist_entry_not_found", "waitlist", "promote", "RAO", "tomorrow")
    clinic("appointment", "cancel", booked[1])
    promoted = clinic("waitlist", "promote", "RAO", "tomorrow")
    assert (promoted["patient"]["number"], promoted["slot"]) == ("P2", 2)
    assert [each["number"] for each in clinic("waitlist", "list", "RAO")] == ["W1"]
    gone = {each["number"]: each for each in clinic("waitlist", "list", "--all")}["W2"]
    assert (gone["status"], gone["appointment"]) == ("promoted", promoted["number"])
    assert clinic("waitlist", "promote", "RAO")["patient"]["number"] == "P1"
    refused(4, "waitlist_entry_not_found", "waitlist", "promote", "RAO")


def test_a_cancellation_can_give_its_place_to_the_waitlist_at_once(clinic: Ask) -> None:
    booked = fill(clinic, "RAO", "tomorrow", 3)
    clinic("waitlist", "add", "P2", "RAO", "tomorrow")
    cancelled = clinic("appointment", "cancel", booked[0], "--promote", "--key", "k")
    assert (cancelled["status"], cancelled["promoted"]["patient"]["number"]) == ("cancelled", "P2")
    assert remaining(clinic, "RAO", "tomorrow") == 0
    assert clinic("appointment", "cancel", booked[0], "--promote", "--key", "k") == cancelled | {"replayed": True}
    assert clinic("appointment", "cancel", booked[1], "--promote")["promoted"] is None


def test_who_is_removed_from_the_waitlist_is_not_promoted(clinic: Ask, refused: Refused) -> None:
    clinic("waitlist", "add", "P1", "RAO", "tomorrow")
    assert clinic("waitlist", "remove", "W1")["status"] == "removed"
    refused(7, "illegal_step", "waitlist", "remove", "W1")
    refused(4, "waitlist_entry_not_found", "waitlist", "promote", "RAO")
    refused(4, "waitlist_entry_not_found", "waitlist", "remove", "W9")


# Undo


STATE = (
    "SELECT 'appointment', number, status, slot, cancelled_by, moved_to FROM appointments WHERE number <= {upto}",
    "SELECT 'ledger', date, booked, remaining, capacity FROM doctor_daily_capacities",
    "SELECT 'queue', position, status, priority, recalled, called_at, ended_at FROM queue_entries",
    "SELECT 'waitlist', number, status, appointment_id FROM waitlist_entries",
)


def state(database: str, upto: int) -> list[Any]:
    return sorted((row for query in STATE for row in stored.rows(database, query.format(upto=upto))), key=repr)


@pytest.mark.parametrize(
    "act",
    [
        ("book", "P2", "RAO", "tomorrow"),
        ("walkin", "P2", "RAO"),
        ("checkin", "A3"),
        ("appointment", "cancel", "A3"),
        ("appointment", "move", "A3", "+4d"),
        ("appointment", "no-show", "A3"),
        ("appointment", "cancel", "A4", "--promote"),
        ("waitlist", "promote", "RAO", "+2d"),
        ("queue", "call", "MEHTA", "2"),
        ("queue", "start", "MEHTA"),
        ("queue", "skip", "MEHTA"),
        ("queue", "hold", "MEHTA", "2"),
        ("queue", "left", "MEHTA", "1"),
        ("queue", "transfer", "MEHTA", "1", "--to", "RAO"),
        ("queue", "priority", "MEHTA", "2", "7"),
        ("close", "--yes"),
    ],
    ids=" ".join,
)
def test_undo_of_the_last_act_restores_the_state_before_it(clinic: Ask, act: tuple[str, ...], database: str) -> None:
    for patient in ("P1", "P2"):
        clinic("walkin", patient, "MEHTA")
    clinic("book", "P1", "RAO")
    clinic("book", "P1", "RAO", "+2d")
    clinic("waitlist", "add", "P2", "RAO", "+2d")
    clinic("queue", "call", "MEHTA")
    numbers = len(clinic("appointment", "list"))
    before = state(database, numbers)
    clinic(*act)
    assert state(database, numbers) != before
    assert clinic("undo")["command"] in " ".join(act)

    def without_empty_ledgers(found: list[Any]) -> list[Any]:
        return [each for each in found if not (each[0] == "ledger" and each[2] == 0)]

    assert without_empty_ledgers(state(database, numbers)) == without_empty_ledgers(before)


def test_undo_refuses_what_something_was_built_on_and_says_what(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    number = clinic("appointment", "history", "A1")[0]["journal"]
    clinic("checkin", "A1")
    error = refused(7, "illegal_step", "undo", str(number))
    assert (error["details"]["subject"], error["details"]["later"]) == ("A1", number + 1)
    clinic("undo")
    clinic("undo", str(number), "--yes")
    assert clinic("appointment", "show", "A1")["status"] == "cancelled"
    refused(6, "already_undone", "undo", str(number))


def test_a_cancellation_whose_slot_was_given_again_cannot_be_undone(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("appointment", "cancel", "A1", "--actor", "asha")
    clinic("book", "P2", "MEHTA")
    refused(7, "illegal_step", "undo", "--actor", "asha")
    clinic("undo")
    clinic("undo", "--actor", "asha")
    assert clinic("appointment", "show", "A1")["status"] == "booked"


def test_undo_takes_back_the_actors_own_last_act_and_is_itself_journaled(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "--actor", "asha")
    clinic("book", "P2", "MEHTA", "--actor", "ravi")
    undone = clinic("undo", "--actor", "asha", "--key", "u")
    assert [each["number"] for each in undone["appointments"]] == ["A1"]
    assert clinic("undo", "--actor", "asha", "--key", "u") == undone | {"replayed": True}
    assert clinic("appointment", "history", "A1")[-1]["command"] == "undo"
    refused(4, "journal_entry_not_found", "undo", "--actor", "asha")
    refused(4, "journal_entry_not_found", "undo", "9999")
    clinic("patient", "edit", "P1", "--note", "x", "--actor", "asha")
    refused(7, "illegal_step", "undo", "--actor", "asha")


def test_the_position_of_an_undone_check_in_is_not_given_again(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("checkin", "A1")
    clinic("undo")
    assert clinic("appointment", "show", "A1")["status"] == "booked"
    assert clinic("checkin", "A1")["position"] == 2


# People kept apart


def test_likely_duplicates_are_listed_with_their_score_and_why(clinic: Ask) -> None:
    clinic("patient", "add", "Anitha Sharma", "--phone", "98765 43210", "--new")
    clinic("patient", "add", "Thomas Maier", "--phone", "90000 00001", "--born", "1970-05-05")
    clinic("patient", "add", "Tomas Meyer", "--phone", "90000 00002", "--born", "1970-05-05", "--new")
    clinic("patient", "add", "Ravi Sharma", "--phone", "98765 43210")
    pairs = clinic("patient", "duplicates")
    why = {(each["one"]["number"], each["other"]["number"]): each["why"] for each in pairs}
    assert why == {
        ("P1", "P3"): "name 97% similar, same phone",
        ("P4", "P5"): "same birth date, name 97% similar, phone differs in one digit",
    }
    assert [each["score"] for each in pairs] == sorted((each["score"] for each in pairs), reverse=True)


def test_a_merge_moves_everything_and_the_old_number_finds_the_survivor(
    clinic: Ask, run: Run, refused: Refused
) -> None:
    clinic("patient", "add", "Anitha Sharma", "--phone", "98765 43210", "--new", "--email", "a@example.org")
    for patient, day in (("P1", "today"), ("P3", "tomorrow")):
        clinic("book", patient, "MEHTA", day)
        clinic("waitlist", "add", patient, "RAO", "+5d")
    clinic("walkin", "P3", "RAO")
    assert "--yes required" in run("patient", "merge", "P3", "--into", "P1", status=2).stderr
    merged = clinic("patient", "merge", "P3", "--into", "P1", "--yes")
    assert (merged["merged"], merged["appointments"], merged["patient"]["email"]) == ("P3", 2, "a@example.org")
    assert clinic("patient", "show", "P3")["number"] == "P1"
    assert {each["patient"]["number"] for each in clinic("appointment", "list")} == {"P1"}
    assert [each["number"] for each in clinic("patient", "list")] == ["P1", "P2"]
    (gone,) = [each for each in clinic("patient", "list", "--all") if each["merged_into"]]
    assert (gone["number"], gone["merged_into"]) == ("P3", "P1")
    assert [each["number"] for each in clinic("waitlist", "list")] == ["W1"]
    refused(7, "illegal_step", "patient", "merge", "P3", "--into", "P1", "--yes")
    assert clinic("book", "P3", "MEHTA", "--again")["patient"]["number"] == "P1"
    assert clinic("patient", "duplicates") == []


def test_archived_people_are_refused_where_it_matters_and_come_back(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    assert refused(6, "has_bookings", "patient", "archive", "P1")["details"]["affected"][0]["appointment"] == "A1"
    refused(6, "has_bookings", "doctor", "archive", "MEHTA")
    clinic("appointment", "cancel", "A1")
    assert clinic("patient", "archive", "P1")["archived_at"]
    assert clinic("doctor", "archive", "MEHTA")["archived_at"]
    assert clinic("patient", "find", "anita") == []
    for args in (
        ("book", "P1", "RAO"),
        ("walkin", "P1", "RAO"),
        ("waitlist", "add", "P1", "RAO", "today"),
        ("patient", "edit", "P1", "--note", "x"),
        ("patient", "archive", "P1"),
        ("patient", "add", "Anita Sharma", "--phone", "98765 43210"),
        ("book", "P2", "MEHTA"),
        ("doctor", "avail", "set", "MEHTA", "today", "--absent"),
        ("doctor", "avail", "weekly", "MEHTA", "mon"),
        ("doctor", "edit", "MEHTA", "--name", "x"),
    ):
        refused(7, "archived", *args)
    clinic("patient", "restore", "P1")
    clinic("doctor", "restore", "MEHTA")
    refused(7, "illegal_step", "patient", "restore", "P1")
    refused(7, "illegal_step", "doctor", "restore", "MEHTA")
    assert clinic("book", "P1", "MEHTA")["slot"] == 1
