"""The waitlist: the days that were said, one entry for a patient, a doctor and a day, and its end with a booking."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from tests.test_keeping import older, rows

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


# Older databases


@pytest.mark.file
def test_migration_gives_waitlist_entries_their_days(clinic: Ask, database: str, tmp_path: Path) -> None:
    old = older(database, str(tmp_path / "old.db"), 2)
    with closing(sqlite3.connect(old)) as connection, connection:
        ids = dict(connection.execute("SELECT 'P' || number, id FROM patients UNION SELECT code, id FROM doctors"))
        for number, patient, doctor, first, last, status in (
            (1, "P1", "RAO", "2026-11-28", "2026-12-02", "waiting"),
            (2, "P1", "RAO", "2026-12-01", "2026-12-04", "waiting"),
            (3, "P1", "RAO", "2026-11-29", "2026-12-03", "waiting"),
            (4, "P2", "RAO", "2026-12-01", "2026-12-01", "waiting"),
            (5, "P1", "MEHTA", "2026-12-01", "2026-12-02", "waiting"),
            (6, "P1", "RAO", "2026-12-01", "2026-12-02", "removed"),
        ):
            connection.execute(
                "INSERT INTO waitlist_entries VALUES (lower(hex(randomblob(16))), ?, ?, ?, ?, ?, ?, NULL,"
                " '2026-11-01 00:00:00.000000', '2026-11-01 00:00:00.000000')",
                (number, ids[patient], ids[doctor], first, last, status),
            )
        connection.execute("UPDATE counters SET value = 6 WHERE name = 'waitlist'")
    clinic("db", "migrate", "--db", old)
    assert rows(
        old,
        "SELECT number, status, first_date, last_date, group_concat(substr(date, 6), ' ') FROM (SELECT * FROM"
        " waitlist_entries AS e LEFT JOIN waitlist_days AS d ON d.entry_id = e.id ORDER BY number, date)"
        " GROUP BY number",
    ) == [
        (1, "waiting", "2026-11-28", "2026-12-02", "11-28 11-29 11-30 12-01 12-02"),
        (2, "waiting", "2026-12-03", "2026-12-04", "12-03 12-04"),
        (3, "removed", "2026-11-29", "2026-12-03", "11-29 11-30 12-01 12-02 12-03"),
        (4, "waiting", "2026-12-01", "2026-12-01", "12-01"),
        (5, "waiting", "2026-12-01", "2026-12-02", "12-01 12-02"),
        (6, "removed", "2026-12-01", "2026-12-02", "12-01 12-02"),
    ]
    assert clinic("db", "check", "--db", old)["sound"]


# The days that were said


def waiting(ask: Ask) -> list[str]:
    return [each["number"] for each in ask("waitlist", "list")]


def test_an_entry_is_promoted_only_on_the_days_it_names(clinic: Ask, run: Run, refused: Refused) -> None:
    entry = clinic("waitlist", "add", "P1", "RAO", "+6d,+3d..+4d")
    days = [each["date"] for each in clinic("doctor", "avail", "show", "RAO", "+3d,+4d,+6d")]
    assert (entry["days"], entry["first_date"], entry["last_date"]) == (days, days[0], days[-1])
    (listed,) = clinic("waitlist", "list")
    assert listed["days"] == days
    table = run("waitlist", "list", "-o", "table", status=0).stdout
    assert f"{days[0]} to" in table.replace("\n", " ")
    assert days[2] in table
    refused(4, "waitlist_entry_not_found", "waitlist", "promote", "RAO", "+5d")
    assert clinic("waitlist", "promote", "RAO", "+6d")["date"] == days[2]


def test_two_entries_of_a_patient_and_a_doctor_share_no_day(clinic: Ask, refused: Refused) -> None:
    clinic("waitlist", "add", "P1", "RAO", "+2d,+4d..+6d")
    on = [each["date"] for each in clinic("doctor", "avail", "show", "RAO", "+5d,+6d")]
    error = refused(6, "already_waiting", "waitlist", "add", "P1", "RAO", "+5d..+8d")
    assert error["details"] == {"patient": "P1", "doctor": "RAO", "entry": "W1", "days": on}
    assert error["message"] == f"P1 is already waiting for RAO on {on[0]}, {on[1]}, with W1."
    assert "clinicctl waitlist remove W1" in error["hint"]
    clinic("waitlist", "add", "P1", "RAO", "+3d,+7d..+8d")
    clinic("waitlist", "add", "P1", "MEHTA", "+5d")
    clinic("waitlist", "add", "P2", "RAO", "+5d")
    clinic("waitlist", "remove", "W1")
    assert clinic("waitlist", "add", "P1", "RAO", "+2d,+4d..+6d", "--key", "k")["number"] == "W5"
    assert clinic("waitlist", "add", "P1", "RAO", "+2d,+4d..+6d", "--key", "k")["replayed"]


def test_a_place_that_is_free_now_is_named_and_not_refused(clinic: Ask, run: Run) -> None:
    free = [each["date"] for each in clinic("doctor", "avail", "show", "RAO", "+2d,+4d")]
    clinic("doctor", "avail", "set", "RAO", "+3d", "--absent")
    clinic("book", "P1", "RAO", "+5d")
    said = run("waitlist", "add", "P1", "RAO", "+2d..+5d", "-o", "table", "--dry-run", status=0).stdout
    assert f"clinicctl book P1 RAO {free[0]}" in said
    assert clinic("waitlist", "add", "P1", "RAO", "+2d..+5d")["free_now"] == free
    assert clinic("waitlist", "add", "P2", "RAO", "+3d")["free_now"] == []


# Closed by a booking


WAYS = {
    "book": (("book", "P1", "RAO", "{}"), lambda told: told),
    "book again": (("book", "P1", "RAO", "{}", "--again"), lambda told: told),
    "move": (("appointment", "move", "A1", "{}"), lambda told: told),
    "promote": (("waitlist", "promote", "RAO", "{}"), lambda told: told),
    "cancel": (("appointment", "cancel", "A3", "--promote"), lambda told: told["promoted"]),
    "walkin": (("walkin", "P1", "RAO"), lambda told: told),
}


@pytest.mark.parametrize("way", WAYS)
def test_any_booking_on_its_day_closes_an_entry_and_undo_reopens_it(
    way: str, clinic: Ask, run: Run, refused: Refused
) -> None:
    command, told = WAYS[way]
    day = "today" if way == "walkin" else "+4d"
    clinic("book", "P1", "RAO", "+1d")
    clinic("book", "P2", "RAO", day)
    clinic("book", "P2", "RAO", day, "--again")
    clinic("waitlist", "add", "P1", "RAO", "+2d,+3d")
    clinic("waitlist", "add", "P1", "RAO", f"{day},+5d")
    clinic("waitlist", "add", "P1", "MEHTA", day)
    clinic("waitlist", "add", "P2", "RAO", day)
    before = clinic("waitlist", "list", "--all")
    answer = told(clinic(*(each.format(day) for each in command), "--key", "k"))
    assert answer["waitlist_closed"] == ["W2"]
    assert waiting(clinic) == ["W1", "W3", "W4"]
    (ended,) = [each for each in clinic("waitlist", "list", "--all") if each["number"] == "W2"]
    booked = answer.get("appointment") or answer
    assert (ended["status"], ended["appointment"]) == ("promoted", booked["number"])
    assert told(clinic(*(each.format(day) for each in command), "--key", "k"))["waitlist_closed"] == ["W2"]
    assert "W2" in clinic("audit", "log", "--limit", "1")[0]["touched"]
    clinic("undo")
    assert clinic("waitlist", "list", "--all") == before


def test_the_sentence_of_a_booking_names_the_entry_that_it_closed(clinic: Ask, run: Run) -> None:
    clinic("waitlist", "add", "P1", "RAO", "today..+3d")
    for command in (("book", "P1", "RAO", "+2d"), ("walkin", "P1", "RAO")):
        assert "Closed on the waitlist: W1." in run(*command, "-n", "-o", "table", status=0).stdout


def test_a_booking_is_not_undone_if_a_newer_entry_has_the_day(clinic: Ask, refused: Refused) -> None:
    clinic("waitlist", "add", "P1", "RAO", "+2d,+4d")
    clinic("book", "P1", "RAO", "+2d", "--actor", "asha")
    clinic("waitlist", "add", "P1", "RAO", "+4d")
    error = refused(6, "already_waiting", "undo", "--actor", "asha")
    assert error["details"]["entry"] == "W2"
    clinic("waitlist", "remove", "W2")
    clinic("undo", "--actor", "asha")
    assert waiting(clinic) == ["W1"]


def test_a_merge_leaves_a_shared_day_with_the_older_entry(clinic: Ask) -> None:
    clinic("waitlist", "add", "P1", "RAO", "+2d..+4d")
    clinic("waitlist", "add", "P2", "RAO", "+4d,+6d")
    clinic("waitlist", "add", "P2", "RAO", "+2d")
    clinic("waitlist", "add", "P2", "MEHTA", "+2d")
    clinic("waitlist", "add", "P1", "MEHTA", "+2d,+3d")
    on = {n: clinic("doctor", "avail", "show", "RAO", f"+{n}d")[0]["date"] for n in (2, 3, 4, 6)}
    clinic("patient", "merge", "P2", "--into", "P1", "--yes")
    found = {each["number"]: each for each in clinic("waitlist", "list", "--all")}
    assert {each["patient"]["number"] for each in found.values()} == {"P1"}
    assert {name: each["days"] for name, each in found.items() if each["status"] == "waiting"} == {
        "W1": [on[2], on[3], on[4]],
        "W2": [on[6]],
        "W4": [on[2]],
        "W5": [on[3]],
    }
    assert found["W3"]["status"] == "removed"
    assert clinic("db", "check")["sound"]


def test_a_closed_day_is_promoted_into_only_when_it_is_named(clinic: Ask, refused: Refused) -> None:
    with freeze_time("2026-11-23T06:30:00"):
        clinic("waitlist", "add", "P1", "RAO", "today")
        clinic("close", "--yes")
        refused(4, "waitlist_entry_not_found", "waitlist", "promote", "RAO")
        assert clinic("waitlist", "promote", "RAO", "today")["waitlist_closed"] == ["W1"]
