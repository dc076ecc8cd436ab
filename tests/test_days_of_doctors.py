"""Doctors' days at the desk: several days and weeks, all doctors at once, absences and free days."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


# Several days


@freeze_time("2026-11-23 06:00:00")
def test_the_day_sheet_takes_several_days_and_a_doctor(clinic: Ask, run: Run, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "wed")
    slots = clinic("day", "mon..wed", "--doctor", "MEHTA")
    assert sorted({each["date"] for each in slots}) == ["2026-11-23", "2026-11-24", "2026-11-25"]
    assert [each["date"] for each in slots if each["appointment"]] == ["2026-11-25"]
    assert clinic("day", "MEHTA", "wed") == clinic("day", "wed", "--doctor", "MEHTA")
    assert {each["doctor"] for each in clinic("day", "mehta")} == {"MEHTA"}
    assert {each["date"] for each in clinic("day", "mehta")} == {"2026-11-23"}
    sheet = run("day", "MEHTA", "mon,wed", "-o", "table", status=0).stdout
    assert sheet.index("Mon 2026-11-23") < sheet.index("Wed 2026-11-25")
    for args in (("mon", "tue"), ("MEHTA", "mon", "--doctor", "RAO")):
        refused(2, "usage", "day", *args)
    assert "tomorrow" in refused(2, "invalid_value", "day", "tomorow")["hint"]
    refused(4, "doctor_not_found", "day", "NOBODY")


@freeze_time("2026-11-25 06:00:00")
def test_a_week_shows_each_doctor_from_monday(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "fri")
    clinic("doctor", "avail", "set", "RAO", "sat", "--absent")
    weeks = clinic("day", "--week")
    assert [each["doctor"] for each in weeks] == ["MEHTA", "RAO"]
    for each in weeks:
        assert [day["date"] for day in each["days"]] == [f"2026-11-{day}" for day in range(23, 30)]
    assert [day["booked"] for day in weeks[0]["days"]] == [0, 0, 0, 0, 1, 0, 0]
    assert [day["present"] for day in weeks[1]["days"]] == [True] * 5 + [False, True]
    assert [each["doctor"] for each in clinic("day", "RAO", "--week")] == ["RAO"]
    assert clinic("day", "--week", "+1w")[0]["days"][0]["date"] == "2026-11-30"
    table = run("day", "--week", "-o", "table", status=0).stdout
    assert "Fri 27" in table
    assert "1/10" in table
    assert " – " in table
    assert "2026-11-27:1/10" in run("day", "--week", "-o", "csv", status=0).stdout


# All doctors


def test_all_doctors_are_set_absent_at_once(clinic: Ask, run: Run, refused: Refused) -> None:
    clinic("doctor", "add", "GONE", "Dr. Gone")
    clinic("doctor", "archive", "GONE")
    clinic("book", "P1", "MEHTA", "+3d")
    clinic("book", "P2", "RAO", "+3d")
    for command in (("away", "all"), ("doctor", "avail", "set", "all")):
        absent = ("--absent",) if command[0] == "doctor" else ()
        error = refused(6, "has_bookings", *command, "+3d..+4d", *absent, "--note", "Holiday")
        assert {each["number"] for each in error["details"]["affected"]} == {"P1", "P2"}
    days = clinic("away", "all", "+3d..+4d", "--note", "Holiday", "--on-conflict", "cancel", "--key", "k")
    assert [each["doctor"] for each in days] == ["MEHTA", "MEHTA", "RAO", "RAO"]
    assert [len(each["cancelled"]) for each in days] == [1, 0, 1, 0]
    assert not any(each["present"] for each in days)
    assert {each["note"] for each in days} == {"Holiday"}
    again = run(
        *("doctor", "avail", "set", "ALL", "+3d..+4d", "--absent", "--note", "Holiday", "--on-conflict", "cancel"),
        *("--key", "k"),
        json=True,
        status=0,
    ).json
    assert all(each["replayed"] for each in again)
    undone = clinic("undo")
    assert (undone["days"], set(undone["doctors"])) == (4, {"MEHTA", "RAO"})
    assert {each["status"] for each in clinic("appointment", "list")} == {"booked"}
    assert all(each["present"] for code in ("MEHTA", "RAO") for each in clinic("doctor", "avail", "show", code, "+3d"))
    assert clinic("db", "check")["sound"]


def test_no_doctor_gets_the_code_that_means_all(clinic: Ask, refused: Refused) -> None:
    assert "all doctors" in refused(2, "invalid_value", "doctor", "add", "All", "Dr. All")["message"]


def test_away_is_an_absence_of_one_doctor(clinic: Ask) -> None:
    (day,) = clinic("away", "MEHTA", "+2d", "--note", "congress")
    assert (day["present"], day["note"]) == (False, "congress")
    assert clinic("doctor", "avail", "show", "RAO", "+2d")[0]["present"] is True


# Absences and free days


@freeze_time("2026-11-23 06:00:00")
def test_an_absence_is_refused_with_its_note_and_the_next_free_days(clinic: Ask, refused: Refused) -> None:
    clinic("away", "MEHTA", "tue..wed", "--note", "Congress")
    error = refused(7, "doctor_absent", "book", "P1", "MEHTA", "tue")
    assert error["message"] == "MEHTA is absent on 2026-11-24: Congress."
    assert (error["details"]["note"], error["details"]["next_free"][0]) == ("Congress", "2026-11-26")
    assert "2026-11-26" in error["hint"]
    clinic("doctor", "avail", "set", "MEHTA", "tue", "--note", "")
    assert refused(7, "doctor_absent", "book", "P1", "MEHTA", "tue")["message"] == "MEHTA is absent on 2026-11-24."


@freeze_time("2026-11-23 06:00:00")
def test_free_looks_as_far_as_the_next_free_day(clinic: Ask, run: Run) -> None:
    clinic("away", "all", "mon..+30d")
    clinic("away", "RAO", "+31d")
    answer = run("free", "--days", "5", json=True, status=0)
    assert [(each["doctor"], each["date"]) for each in answer.json] == [("MEHTA", "2026-12-24")]
    assert "No free slot in the days asked for" in answer.stderr
    assert clinic("free", "RAO", "--days", "5")[0]["date"] == "2026-12-25"
    within = run("free", "--days", "40", json=True, status=0)
    assert within.stderr == ""
    assert len({each["date"] for each in within.json}) == 9
    clinic("doctor", "avail", "weekly", "RAO", "mon-sun", "--off")
    clinic("away", "MEHTA", "mon..+365d")
    clinic("away", "MEHTA", "+366d..+400d")
    assert clinic("free", "--days", "5") == []


# Cards and empty answers


@freeze_time("2026-11-23 06:00:00")
def test_a_patients_card_has_appointments_and_who_shares_the_phone(clinic: Ask, run: Run) -> None:
    clinic("patient", "add", "Rohan Sharma", "--phone", "98765 43210", "--new")
    clinic("book", "P1", "MEHTA")
    clinic("appointment", "no-show", "A1")
    clinic("walkin", "P1", "RAO")
    clinic("book", "P1", "MEHTA", "thu")
    clinic("book", "P1", "RAO", "fri")
    clinic("appointment", "cancel", "A4")
    card = clinic("patient", "show", "P1")
    assert [each["number"] for each in card["coming"]] == ["A2", "A3"]
    assert [each["number"] for each in card["past"]] == ["A1"]
    assert card["no_shows"] == 1
    assert [each["number"] for each in card["shares_phone_with"]] == ["P3"]
    assert card["shares_phone_with_count"] == 1
    table = run("patient", "show", "P1", "-o", "table", status=0).stdout
    assert table.index("shares phone with") < table.index("Coming") < table.index("A3") < table.index("Past")
    assert "no shows" in table
    assert "Coming" not in run("patient", "show", "P2", "-o", "table", status=0).stdout


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("queue show MEHTA", ("Nobody in the queue for MEHTA.", "clinicctl checkin")),
        ("appointment list --day mon", ("No appointments on Mon", "clinicctl book")),
        ("waitlist list", ("Nobody on the waitlist.", "clinicctl waitlist add")),
        ("patient find zzz", ("No patients found", "clinicctl patient add")),
    ],
)
def test_an_empty_answer_says_what_was_asked_and_what_to_do(
    command: str, words: tuple[str, ...], clinic: Ask, run: Run
) -> None:
    shown = run(*command.split(), "-o", "table", status=0).stdout
    assert all(each in shown for each in words)
    assert run(*command.split(), "-o", "csv", status=0).stdout.count("\n") == 1
    assert clinic(*command.split()) == []


def test_an_empty_clinic_says_how_to_add_a_doctor(ask: Ask, run: Run, refused: Refused) -> None:
    ask("init", "--timezone", "UTC", "--region", "IN")
    assert "doctor add" in refused(4, "doctor_not_found", "away", "all", "today")["hint"]
    for command in ("doctor list", "day --week"):
        assert "clinicctl doctor add CODE NAME" in run(*command.split(), "-o", "table", status=0).stdout
