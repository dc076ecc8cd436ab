"""The messages that writes make: every change of a visit, by whatever command, and nothing without `notify`."""

import json
import shlex
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from tests import every_write, stored

Ask = Callable[..., Any]
Run = Callable[..., Any]

KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=KOLKATA)


@pytest.fixture
def at_eight(clinic: Ask) -> Iterator[Any]:
    """A clinic that sends messages, on a Monday at eight in its zone."""
    with freeze_time(NOW) as clock:
        clinic("config", "notify", "on")
        yield clock


def messages(ask: Ask, *options: str) -> list[tuple[str, str]]:
    return [(each["id"], each["state"]) for each in ask("outbox", "list", *options)]


def news(ask: Ask) -> list[str]:
    """The ids of the news that a sender would get, without the number of their write."""
    return sorted(each["id"].rpartition("-")[0] for each in ask("outbox", "list") if is_news(each) and not each["gone"])


def is_news(each: dict[str, Any]) -> bool:
    return each["kind"] not in ("reminder", "near") and each["state"] in ("pending", "leased")


# No change of a visit without its messages

HOURS = "--session 09:00-13:00 --every 20m"
WAYS = f"""
doctor avail weekly RAO mon-sun {HOURS}
book P1 MEHTA +3d
book P1 RAO +3d --time 10:00
book P2 RAO +3d --time 10:20
appointment edit A2 --time 11:00
move A2 +4d --time 09:40
undo
move A2 --time 12:00
undo
appointment edit A1 --time 15:00
appointment edit A1 --time ''
cancel A1
undo
cancel A1 --by clinic
undo
book P2 MEHTA +5d --every 1w --times 3
cancel A6 --series --by clinic
undo
waitlist add P1 MEHTA +6d
waitlist promote MEHTA
undo
waitlist add P2 MEHTA +3d
doctor avail set MEHTA +3d --capacity 1
cancel A1 --promote
undo
doctor avail set RAO +3d --session 09:30-13:00 --every 30m --on-conflict move --yes
undo
doctor avail set RAO +3d --absent --on-conflict cancel --yes
undo --yes
doctor avail weekly RAO mon-sun --off --on-conflict cancel --yes
undo --yes
config holiday add +3d Founding --on-conflict cancel --yes
book P1 MEHTA today --time 12:00
checkin P1
undo
no-show P1
undo
config timezone Asia/Dhaka
config day_start 10:00
config reminders 3h,45m
walkin P2 MEHTA
close --yes
undo --yes
patient add 'Tara Bose' --phone none --new
patient merge P2 --into P3 --yes
undo
"""
FILES = (
    ("doctor avail import - --on-conflict cancel --yes", "doctor,date,present\nMEHTA,2026-11-28,no\n"),
    ("undo --yes", None),
)


def test_no_operation_changes_a_visit_without_its_messages(clinic: Ask, run: Run, at_eight: Any) -> None:
    """After each command: what is new or changed has its news, and every booked visit its reminders, at their time."""
    seen, commands = visits(clinic), 0
    lines = [(shlex.split(line), None) for line in WAYS.strip().splitlines()]
    for line, stdin in [*lines, *((shlex.split(each), stdin) for each, stdin in FILES)]:
        answer = run(*line, json=True, stdin=stdin)
        assert answer.status == 0, (line, answer)
        at_eight.tick(60)
        number = clinic("audit", "log", "--limit", "1")[0]["number"]
        now, listed = visits(clinic), clinic("outbox", "list")
        made = {each["id"] for each in listed}
        for name in now:
            if (kind := expected(seen.get(name), now[name], line)) is not None:
                assert f"{name}-{kind}-{number}" in made, line
        reminders = {
            each["id"]: each["due"] for each in listed if each["kind"] == "reminder" and each["state"] == "pending"
        }
        assert {**due(clinic, now), **reminders} == reminders, line
        seen, commands = now, commands + 1
    assert commands > 40
    assert clinic("db", "check")["sound"]


def visits(ask: Ask) -> dict[str, dict[str, Any]]:
    return {each["number"]: each for each in ask("appointment", "list")}


def expected(before: dict[str, Any] | None, now: dict[str, Any], line: list[str]) -> str | None:
    """Return the kind of news that a change of a visit needs. None was handed out, so that an undo needs none."""
    if line[0] == "undo" or before == now:
        return None
    if before is None:
        new = "promoted" if {"promote", "--promote"} & set(line) else "moved" if now["moved_from"] else "booked"
        return new if now["status"] == "booked" else None
    if before["status"] == now["status"] == "booked":
        return "moved" if before["time"] != now["time"] else None
    by_clinic = (now["status"], now["cancelled_by"], now["moved_to"]) == ("cancelled", "clinic", None)
    return "cancelled" if by_clinic and before["status"] == "booked" else None


def due(ask: Ask, now: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return when the reminders of booked visits are due, worked out from the settings alone."""
    settings = {each["name"]: each["value"] for each in ask("config")}
    zone, found = ZoneInfo(settings["timezone"]), dict[str, str]()
    for each in now.values():
        begins = datetime.fromisoformat(f"{each['date']} {each['time'] or settings['day_start']}").replace(tzinfo=zone)
        for minutes in (int(lead[:-1]) * {"h": 60, "m": 1}[lead[-1]] for lead in settings["reminders"].split(",")):
            at = datetime.fromtimestamp(begins.timestamp() - minutes * 60, zone)
            # Just after news there is no reminder.
            if each["status"] == "booked" and at > datetime.now(zone) + timedelta(hours=1):
                found[f"{each['number']}-reminder-{minutes}"] = at.isoformat()
    return found


def test_promoted_from_the_waitlist_says_so(clinic: Ask, at_eight: Any) -> None:
    clinic("waitlist", "add", "P1", "MEHTA", "+6d")
    clinic("waitlist", "promote", "MEHTA")
    assert news(clinic) == ["A1-promoted"]


def test_the_patients_own_cancellation_makes_no_message(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    clinic("cancel", "A1")
    assert news(clinic) == []
    assert {each["gone"] for each in clinic("outbox", "list")} == {"the visit is cancelled"}


def test_no_reminder_is_due_within_an_hour_after_the_booking(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+1d", "--time", "09:00")
    clinic("book", "P2", "MEHTA", "+1d", "--time", "09:10")
    assert [each for each, _ in messages(clinic) if "1440" in each] == ["A2-reminder-1440"]


def test_whoever_walks_in_gets_no_message(clinic: Ask, at_eight: Any) -> None:
    clinic("walkin", "P1", "MEHTA")
    assert messages(clinic) == []


def test_a_moved_visit_has_one_message_with_the_new_time(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d", "--time", "10:00")
    clinic("move", "A1", "+5d", "--time", "11:30")
    assert news(clinic) == ["A2-moved"]
    at_eight.tick(60)
    (given,) = clinic("outbox", "next")
    assert given["text"] == "Test Clinic: The visit of Anita Sharma with Dr. Asha Mehta is now on 28/11/2026 11:30."
    clinic("outbox", "sent", given["id"])
    assert [each for each, state in messages(clinic) if state == "pending"] == [
        *("A1-reminder-1440", "A1-reminder-120"),
        *("A2-reminder-1440", "A2-reminder-120"),
    ]
    at_eight.move_to(datetime(2026, 11, 28, 10, 0, tzinfo=KOLKATA))
    (given,) = clinic("outbox", "next")
    assert (given["id"], given["text"][-17:]) == ("A2-reminder-120", "28/11/2026 11:30.")
    assert {each["failure"] for each in clinic("outbox", "list", "--state", "dropped")} >= {"the visit is cancelled"}


# Undo


def test_undoing_a_booking_drops_its_messages(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    clinic("undo")
    at_eight.tick(60)
    assert clinic("outbox", "next") == []
    assert {state for _, state in messages(clinic)} == {"dropped", "pending"}
    assert {each["gone"] for each in clinic("outbox", "list", "--state", "pending")} == {"the visit is cancelled"}


def test_undoing_a_booking_that_was_told_of_is_told(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    at_eight.tick(60)
    (given,) = clinic("outbox", "next")
    clinic("outbox", "sent", given["id"])
    clinic("undo", "--yes", str(clinic("audit", "log", "--command", "book")[0]["number"]))
    assert news(clinic) == ["A1-cancelled"]


def test_undoing_a_cancellation_brings_back_the_reminders(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+1d", "--time", "12:00")
    clinic("cancel", "A1", "--by", "clinic")
    at_eight.tick(timedelta(hours=5))  # The first reminder came due meanwhile, and was dropped.
    assert [each["id"].rpartition("-")[0] for each in clinic("outbox", "next")] == ["A1-cancelled"]
    assert ("A1-reminder-1440", "dropped") in messages(clinic)
    clinic("undo", "--yes", str(clinic("audit", "log", "--command", "appointment cancel")[0]["number"]))
    # The cancellation was handed out, so that the patient hears that the visit is booked.
    assert news(clinic) == ["A1-booked"]
    reminders = {each: state for each, state in messages(clinic) if "reminder" in each}
    assert reminders == {"A1-reminder-1440": "pending", "A1-reminder-120": "pending"}


def test_a_cancellation_undone_in_time_is_never_told(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    (given,) = clinic("outbox", "next")
    clinic("outbox", "sent", given["id"])
    clinic("cancel", "A1", "--by", "clinic")
    clinic("undo")
    assert news(clinic) == []
    assert clinic("outbox", "next") == []


# The turn is near


def test_those_who_move_forward_hear_once_that_their_turn_is_near(clinic: Ask, at_eight: Any) -> None:
    clinic("config", "near", "1")
    for name in ("Tara Bose", "Noor Khan", "Ravi Gupta"):
        clinic("patient", "add", name, "--phone", "98111 11111", "--new")
    for nth in range(1, 6):
        clinic("walkin", f"P{nth}", "MEHTA")
    assert messages(clinic) == []
    clinic("queue", "call", "MEHTA")
    assert messages(clinic) == [("A2-near", "pending"), ("A3-near", "pending")]
    given = clinic("outbox", "next")
    assert [each["text"].rpartition(". ")[2] for each in given] == [
        "People ahead of you: 0.",
        "People ahead of you: 1.",
    ]
    for each in given:
        clinic("outbox", "sent", each["id"])
    clinic("queue", "hold", "MEHTA", "2")
    assert [each for each, state in messages(clinic) if state == "pending"] == ["A4-near"]
    clinic("queue", "left", "MEHTA", "4")
    (waiting,) = (each for each in clinic("outbox", "list") if each["id"] == "A4-near")
    assert waiting["gone"] == "the patient is not waiting"
    assert clinic("outbox", "next")[0]["id"] == "A5-near"


def test_a_turn_that_is_not_near_any_more_is_told_later(clinic: Ask, at_eight: Any) -> None:
    clinic("config", "near", "1")
    for name in ("Tara Bose", "Noor Khan", "Ravi Gupta"):
        clinic("patient", "add", name, "--phone", "98111 11111", "--new")
    for nth in range(1, 5):
        clinic("walkin", f"P{nth}", "MEHTA")
    clinic("queue", "call", "MEHTA")
    clinic("walkin", "P5", "MEHTA")
    clinic("queue", "priority", "MEHTA", "5", "2")
    gone = {each["id"]: each["gone"] for each in clinic("outbox", "list")}
    assert gone == {"A2-near": None, "A3-near": "the turn is not near any more", "A5-near": None}
    assert [each["id"] for each in clinic("outbox", "next")] == ["A2-near", "A5-near"]
    assert ("A3-near", "dropped") in messages(clinic)
    clinic("queue", "call", "MEHTA")
    (given,) = clinic("outbox", "next")
    assert (given["id"], given["text"].rpartition(". ")[2]) == ("A3-near", "People ahead of you: 1.")
    clinic("config", "near", "0")
    assert clinic("outbox", "show", "A3-near")["gone"] == "the clinic does not send it any more"


def test_closing_the_day_tells_nobody_that_the_turn_is_near(clinic: Ask, at_eight: Any) -> None:
    clinic("config", "near", "5")
    for nth in (1, 2):
        clinic("walkin", f"P{nth}", "MEHTA")
    clinic("close", "--yes")
    assert messages(clinic) == []


# Settings


def test_without_notify_no_write_makes_a_message(clinic: Ask, run: Run) -> None:
    for line in ("book P1 MEHTA +3d", "move A1 +4d", "cancel A2 --by clinic", "undo", "walkin P2 MEHTA"):
        clinic(*shlex.split(line))
    assert messages(clinic) == []
    assert clinic("outbox", "next") == []
    for command in ("next", "preview"):
        assert "Messages are off" in run("outbox", command, status=0).stderr


def test_switching_it_on_reminds_of_visits_booked_before(clinic: Ask) -> None:
    with freeze_time(NOW):
        clinic("book", "P1", "MEHTA", "+3d")
        clinic("config", "notify", "on")
        assert [each for each, _ in messages(clinic)] == ["A1-reminder-1440", "A1-reminder-120"]
        clinic("config", "notify", "off")
        assert {state for _, state in messages(clinic)} == {"dropped"}
        clinic("config", "notify", "on")
        assert {state for _, state in messages(clinic)} == {"pending"}


def test_other_reminders_take_the_place_of_the_former(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    clinic("config", "reminders", "2d,2h")
    reminders = {each: state for each, state in messages(clinic) if "reminder" in each}
    assert reminders == {"A1-reminder-2880": "pending", "A1-reminder-1440": "dropped", "A1-reminder-120": "pending"}


@pytest.mark.parametrize(("name", "value"), [("timezone", "Asia/Dhaka"), ("day_start", "08:30"), ("reminders", "2h")])
def test_changed_settings_keep_reminders_that_wait(name: str, value: str, clinic: Ask, at_eight: Any) -> None:
    """The reminder came due in the quiet hours, and waits for their end."""
    clinic("book", "P1", "MEHTA", "+3d")
    at_eight.move_to(datetime(2026, 11, 26, 7, 50, tzinfo=KOLKATA))
    clinic("config", name, value)
    at_eight.move_to(datetime(2026, 11, 26, 8, 10, tzinfo=KOLKATA))
    assert "A1-reminder-120" in [each["id"] for each in clinic("outbox", "next")]


def test_news_in_quiet_hours_leave_out_the_reminders_at_their_end(clinic: Ask, at_eight: Any) -> None:
    at_eight.move_to(datetime(2026, 11, 23, 23, 0, tzinfo=KOLKATA))
    clinic("book", "P1", "MEHTA", "+1d", "--time", "10:30")
    clinic("book", "P2", "MEHTA", "+1d", "--time", "11:30")
    at_eight.move_to(datetime(2026, 11, 24, 10, 0, tzinfo=KOLKATA))
    assert [each["id"].rpartition("-")[0] for each in clinic("outbox", "next")] == [
        "A1-booked",
        "A2-booked",
        "A2-reminder",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("notify", "yes"), ("reminders", "24"), ("reminders", "2h,2h"), ("reminders", "31d"), ("near", "101")),
        *(("reminders", "1m,2m,3m,4m,5m,6m"), ("quiet_hours", "21-8"), ("quiet_hours", "08:00-08:00")),
        ("language", "english"),
    ],
)
def test_a_wrong_setting_of_messages_is_refused(name: str, value: str, clinic: Ask, refused: Any) -> None:
    before = clinic("config", name)["value"]
    refused(2, "invalid_value", "config", name, value)
    assert clinic("config", name)["value"] == before


# What is kept


def test_erasing_a_patient_removes_what_senders_wrote(clinic: Ask, database: str, at_eight: Any) -> None:
    clinic("patient", "edit", "P1", "--notify", "sms", "--language", "de")
    clinic("book", "P1", "MEHTA", "+3d")
    (given,) = clinic("outbox", "next")
    clinic("outbox", "failed", given["id"], "--reason", "no such phone 98765 43210", "--give-up")
    clinic("cancel", "A1")
    clinic("patient", "erase", "P1", "--yes")
    assert stored.rows(database, "SELECT DISTINCT ref, failure FROM messages WHERE state = 'failed'") == [(None, None)]
    assert stored.rows(database, "SELECT notify, language FROM patients WHERE number = 1") == [(None, None)]
    assert clinic("outbox", "next") == []


def test_what_senders_write_after_an_erasure_is_not_kept(clinic: Ask, database: str, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    clinic("book", "P1", "RAO", "+3d")
    sent, failed = clinic("outbox", "next")
    for name in ("A1", "A2"):
        clinic("cancel", name)
    clinic("patient", "erase", "P1", "--yes")
    assert clinic("outbox", "sent", sent["id"], "--ref", "to-9876543210")["ref"] is None
    assert clinic("outbox", "failed", failed["id"], "--reason", "no phone 98765 43210")["failure"] is None
    assert stored.rows(database, "SELECT DISTINCT ref, failure FROM messages WHERE attempts > 0") == [(None, None)]


def test_the_journal_has_nothing_of_a_message_but_its_id(clinic: Ask, database: str, at_eight: Any) -> None:
    clinic("book", "P1", "MEHTA", "+3d")
    (given,) = clinic("outbox", "next")
    clinic("outbox", "sent", given["id"], "--ref", "zyxwin-ref")
    outcomes = [json.loads(each) for (each,) in stored.rows(database, "SELECT outcome FROM journal ORDER BY number")]
    handed_out, sent = (each["result"] for each in outcomes[-2:])
    assert handed_out[0].keys() == given.keys() - {"to", "phone", "language", "text", "replayed"}
    assert "name" not in sent["patient"]
    everything = json.dumps(outcomes)
    assert [each for each in ("Anita", "43210", "zyxwin-ref", "visit with") if each in everything] == []


def test_an_opt_out_is_remembered_through_a_merge_and_its_undo(clinic: Ask) -> None:
    clinic("patient", "edit", "P1", "--notify", "sms", "--language", "de")
    clinic("patient", "edit", "P2", "--notify", "none")
    merged = clinic("patient", "merge", "P2", "--into", "P1", "--yes")
    assert (merged["patient"]["notify"], merged["patient"]["language"]) == ("none", "de")
    clinic("undo")
    assert [clinic("patient", "show", each)["notify"] for each in ("P1", "P2")] == ["sms", "none"]
    clinic("patient", "merge", "P1", "--into", "P2", "--yes")
    shown = clinic("patient", "show", "P2")
    assert (shown["notify"], shown["language"]) == ("none", "de")


def test_messages_of_a_merged_patient_go_to_the_survivor(clinic: Ask, at_eight: Any) -> None:
    clinic("book", "P2", "MEHTA", "+3d")
    clinic("patient", "merge", "P2", "--into", "P1", "--yes")
    (given,) = clinic("outbox", "next")
    assert (given["patient"], given["to"]) == ("P1", "+919876543210")
    assert "Anita Sharma" in given["text"]


def test_every_command_leaves_a_sound_outbox(ask: Ask, run: Run) -> None:
    every_write.begin(ask)
    for line, stdin in every_write.DAY:
        assert run(*line, stdin=stdin).status == 0, line
    assert ask("db", "check")["sound"]
    assert {each["kind"] for each in ask("outbox", "list")} >= {"booked", "moved", "promoted", "reminder", "near"}
