"""A queue that is still open after midnight, and patients who are with two doctors."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time

from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

MIDNIGHT = datetime(2026, 11, 24, tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)
YESTERDAY, TODAY = "2026-11-23", "2026-11-24"


@pytest.fixture
def night(clinic: Ask) -> Iterator[Ask]:
    """Ten past midnight: P1 is with MEHTA since yesterday, P2 and P3 wait there, and P3 has an appointment today."""
    with freeze_time(MIDNIGHT - timedelta(minutes=10)):
        clinic("patient", "add", "Third Person", "--phone", "none")
        clinic("patient", "add", "Fourth Person", "--phone", "none")
        clinic("patient", "add", "Fifth Person", "--phone", "none")
        for patient in ("P1", "P2", "P3"):
            clinic("walkin", patient, "MEHTA")
        clinic("book", "P3", "MEHTA", "tomorrow")
        clinic("queue", "call", "MEHTA")
        clinic("queue", "start", "MEHTA")
    with freeze_time(MIDNIGHT + timedelta(minutes=10)):
        yield clinic


@pytest.fixture
def noon(clinic: Ask) -> Iterator[Ask]:
    """A day on which P1 and P2 wait for MEHTA and for RAO."""
    with freeze_time("2026-11-23T06:30:00"):
        for doctor in ("MEHTA", "RAO"):
            for patient in ("P1", "P2"):
                clinic("walkin", patient, doctor)
        yield clinic


def places(entries: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    return [(each["date"], each["position"], each["status"]) for each in entries]


# After midnight


def test_an_appointment_completed_yesterday_is_of_another_day(night: Ask, refused: Refused) -> None:
    night("queue", "done", "MEHTA", "1")
    refused(7, "wrong_day", "checkin", "A1")


def test_a_patient_who_left_yesterday_gets_no_check_in_hint(night: Ask, refused: Refused) -> None:
    night("queue", "left", "MEHTA", "2")
    assert refused(7, "illegal_step", "queue", "hold", "MEHTA", "2", "--day", "yesterday")["hint"] is None


def test_an_open_queue_is_shown_after_midnight_apart_from_todays(night: Ask, run: Run) -> None:
    night("walkin", "P4", "MEHTA")
    shown = night("queue", "show", "MEHTA")
    assert places(shown) == [
        (YESTERDAY, 1, "serving"),
        (YESTERDAY, 2, "waiting"),
        (YESTERDAY, 3, "waiting"),
        (TODAY, 1, "waiting"),
    ]
    assert [each["earlier"] for each in shown] == [True, True, True, False]
    assert [each["people_ahead"] for each in shown] == [0, 0, 1, 2]
    assert night("queue", "show", "MEHTA", "today")[0]["people_ahead"] == 2
    table = run("queue", "show", "-o", "table", status=0).stdout
    assert "Mon 2026-11-23" in table
    assert "Tue 2026-11-24" in table
    boards = night("queue", "board", "--once")
    assert [(each["date"], each["serving"], each["waiting"]) for each in boards] == [
        (YESTERDAY, [1], [2, 3]),
        (TODAY, [], [1]),
    ]
    board = run("queue", "board", "--once", "-o", "table", status=0).stdout
    assert "Mon 2026-11-23" in board
    assert "Tue 2026-11-24" in board


def test_an_arrival_after_midnight_is_behind_those_of_the_earlier_queue(night: Ask) -> None:
    assert night("walkin", "P4", "MEHTA")["people_ahead"] == 2


def test_every_step_works_on_the_queue_of_yesterday(night: Ask, run: Run) -> None:
    night("queue", "done", "MEHTA")
    called = night("queue", "call", "MEHTA")
    assert (called["date"], called["position"]) == (YESTERDAY, 2)
    said = run("queue", "skip", "MEHTA", "-o", "table", status=0).stdout
    assert said == "Skipped: P2 Mumtaz Anwar (MEHTA on Mon 2026-11-23, position 2, A2).\n"
    night("queue", "hold", "MEHTA", "3")
    night("queue", "resume", "MEHTA", "3")
    night("queue", "priority", "MEHTA", "3", "5")
    recalled = night("queue", "recall", "MEHTA", "2")
    assert (recalled["date"], recalled["people_ahead"]) == (YESTERDAY, 1)
    moved = night("queue", "transfer", "MEHTA", "3", "--to", "RAO")
    assert (moved["doctor"], moved["date"], moved["position"]) == ("RAO", YESTERDAY, 1)
    # RAO has no day yet today: what is counted is counted in the ledger of yesterday.
    for command in ("call RAO", "skip RAO", "recall RAO 1"):
        night("queue", *command.split())
    assert night("walkin", "P4", "RAO")["position"] == 1
    night("queue", "left", "MEHTA", "2")
    assert places(night("queue", "show", "MEHTA")) == []
    assert night("db", "check")["sound"]
    for step in ("call", "start", "done"):
        assert night("queue", step, "RAO")["date"] == YESTERDAY
    assert night("queue", "call", "RAO")["date"] == TODAY


def test_a_call_takes_the_earlier_queue_first(night: Ask) -> None:
    night("walkin", "P4", "MEHTA")
    assert [night("queue", "call", "MEHTA")["date"] for _ in range(3)] == [YESTERDAY, YESTERDAY, TODAY]


def test_a_position_on_two_days_is_the_possible_one_or_needs_the_day(night: Ask, refused: Refused, run: Run) -> None:
    for patient in ("P4", "P5"):
        night("walkin", patient, "MEHTA")
    assert night("queue", "done", "MEHTA", "1")["date"] == YESTERDAY
    assert night("queue", "hold", "MEHTA", "1")["date"] == TODAY
    night("queue", "resume", "MEHTA", "1")
    error = refused(5, "ambiguous", "queue", "call", "MEHTA", "2")
    assert [each["choose"] for each in error["details"]["candidates"]] == [
        f"2 --day {YESTERDAY}",
        f"2 --day {TODAY}",
    ]
    assert f"clinicctl queue call MEHTA 2 --day {YESTERDAY}" in error["hint"]
    assert f"  2 --day {TODAY}  P5" in run("queue", "call", "MEHTA", "2", "-o", "table", status=5).stderr
    hint = refused(5, "ambiguous", "queue", "transfer", "MEHTA", "2", "--to", "RAO")["hint"]
    assert f"clinicctl queue transfer MEHTA 2 --to RAO --day {YESTERDAY}" in hint
    hint = refused(5, "ambiguous", "queue", "priority", "MEHTA", "2", "4")["hint"]
    assert f"clinicctl queue priority MEHTA 2 4 --day {YESTERDAY}" in hint
    assert night("queue", "call", "MEHTA", "2", "--day", "today")["date"] == TODAY
    assert night("queue", "call", "MEHTA", "--day", "yesterday")["date"] == YESTERDAY
    # Both are called: without a position it could be either, and nobody is taken for the other.
    assert len(refused(5, "ambiguous", "queue", "start", "MEHTA")["details"]["candidates"]) == 2


def test_a_step_on_an_earlier_day_that_is_refused_names_the_day(night: Ask, refused: Refused) -> None:
    assert YESTERDAY in refused(7, "illegal_step", "queue", "call", "MEHTA", "1")["message"]
    assert TODAY in refused(4, "queue_entry_not_found", "queue", "call", "MEHTA", "9")["message"]
    error = refused(4, "queue_entry_not_found", "queue", "call", "MEHTA", "9", "--day", "yesterday")
    assert error["details"]["date"] == YESTERDAY


@pytest.mark.parametrize(
    "command", [("checkin", "P2"), ("checkin", "A2"), ("walkin", "P2", "MEHTA"), ("checkin", "P3"), ("checkin", "A4")]
)
def test_an_arrival_of_somebody_in_the_earlier_queue_says_where_they_are(
    command: tuple[str, ...], night: Ask, refused: Refused
) -> None:
    details = refused(6, "already_checked_in", *command)["details"]
    expected = 2 if "2" in command[1] else 3
    assert (details["date"], details["position"], details["status"]) == (YESTERDAY, expected, "waiting")


def test_again_allows_a_place_today_beside_an_earlier_queue(night: Ask) -> None:
    assert night("checkin", "A4", "--again")["position"] == 1
    assert night("walkin", "P2", "MEHTA", "--again")["position"] == 2
    assert night("walkin", "P2", "RAO")["position"] == 1
    assert night("db", "check")["sound"]


def test_yesterdays_appointment_without_a_queue_is_on_the_wrong_day(night: Ask, refused: Refused) -> None:
    night("queue", "left", "MEHTA", "2")
    refused(7, "wrong_day", "checkin", "A2")
    refused(4, "appointment_not_found", "checkin", "P2")


def test_every_command_of_status_after_midnight_has_something_to_do(night: Ask, run: Run) -> None:
    night("queue", "hold", "MEHTA", "3")
    seen = set[str]()
    while rows := [each for each in night("status") if each["what"] == "earlier queue"]:
        assert f"clinicctl close {YESTERDAY}" in {each["command"] for each in night("status")}
        command = rows[0]["command"].removeprefix("clinicctl ").split()
        seen.add(command[1])
        run(*command, status=0)
    assert seen == {"call", "start", "done", "resume"}
    assert night("queue", "show") == []
    assert f"clinicctl close {YESTERDAY}" not in {each["command"] for each in night("status")}


def test_status_offers_no_call_of_somebody_who_is_with_another_doctor(night: Ask) -> None:
    night("queue", "transfer", "MEHTA", "2", "--to", "RAO")
    night("queue", "call", "RAO")
    night("queue", "start", "RAO")
    night("walkin", "P2", "MEHTA")
    with freeze_time(MIDNIGHT + timedelta(hours=3)):
        assert not [each for each in night("status") if each["date"] == TODAY]
        night("queue", "done", "RAO")
        assert [each["what"] for each in night("status") if each["date"] == TODAY] == ["long wait"]


def test_a_closed_day_has_no_open_queue_any_more(night: Ask, refused: Refused) -> None:
    night("close", "yesterday", "--yes")
    assert night("queue", "show") == []
    assert night("queue", "board", "--once") == []
    refused(4, "queue_entry_not_found", "queue", "call", "MEHTA")
    assert night("checkin", "P3")["position"] == 1


def test_metrics_count_those_in_the_earlier_queue(night: Ask, run: Run) -> None:
    text = run("metrics", status=0).stdout
    assert 'queue{doctor="MEHTA",status="waiting"} 2' in text


# Two doctors


def test_a_call_passes_over_who_is_with_another_doctor_and_says_so(noon: Ask, run: Run) -> None:
    noon("queue", "call", "MEHTA")
    noon("queue", "start", "MEHTA")
    tried = run("queue", "call", "RAO", "-n", "-o", "table", status=0).stdout
    assert "Passed over: position 1 (in consultation with MEHTA)." in tried
    called = noon("queue", "call", "RAO", "--key", "k")
    assert (called["position"], called["passed_over"][0]["position"]) == (2, 1)
    assert called["passed_over"][0]["with_doctor"] == "MEHTA"
    again = noon("queue", "call", "RAO", "--key", "k")
    assert (again["replayed"], again["passed_over"]) == (True, called["passed_over"])
    shown = {each["position"]: each["with_doctor"] for each in noon("queue", "show", "RAO")}
    assert shown == {1: "MEHTA", 2: None}
    assert "Busy with" in run("queue", "show", "RAO", "-o", "table", status=0).stdout
    assert {each["with_doctor"] for each in noon("queue", "show", "MEHTA")} == {None}


def test_nobody_is_called_or_started_who_is_with_another_doctor(noon: Ask, refused: Refused, run: Run) -> None:
    noon("queue", "call", "RAO")
    noon("queue", "call", "MEHTA")
    noon("queue", "start", "MEHTA")
    error = refused(7, "with_another_doctor", "queue", "start", "RAO")
    assert error["details"]["with_doctor"] == "MEHTA"
    assert "clinicctl queue done MEHTA 1" in error["hint"]
    refused(7, "with_another_doctor", "queue", "start", "RAO", "1")
    noon("queue", "skip", "RAO", "1")
    noon("queue", "recall", "RAO", "1")
    refused(7, "with_another_doctor", "queue", "call", "RAO", "1")
    noon("queue", "left", "RAO", "2")
    error = refused(4, "queue_entry_not_found", "queue", "call", "RAO")
    assert [each["position"] for each in error["details"]["passed_over"]] == [1]
    run(*error["hint"].split("`")[1].removeprefix("clinicctl ").split(), status=0)
    assert noon("queue", "call", "RAO")["position"] == 1
    assert noon("queue", "start", "RAO")["status"] == "serving"
    # To take the end of the first consultation back would put the patient with both.
    refused(7, "with_another_doctor", "undo", str(_last_done(noon)), "--yes")


def _last_done(ask: Ask) -> int:
    return int(next(each["number"] for each in ask("audit", "log") if each["command"] == "queue done"))


def test_two_desks_that_start_one_patient_at_once_get_one_consultation(
    clinic: Ask, start: Callable[..., Any], finish: Callable[..., Any]
) -> None:
    for doctor in ("MEHTA", "RAO"):
        clinic("walkin", "P1", doctor)
        clinic("queue", "call", doctor)
    begun = [start("queue", "start", doctor, "--json", "--wait", "60") for doctor in ("MEHTA", "RAO")]
    answers = [finish(each) for each in begun]
    assert sorted(each.status for each in answers) == [0, 7]
    assert next(each for each in answers if each.status).error["code"] == "with_another_doctor"


def test_the_day_sheet_shows_in_whose_queue_a_transferred_patient_is(noon: Ask, run: Run) -> None:
    noon("patient", "add", "Ravi Kumar", "--phone", "98111 22333")
    noon("walkin", "P3", "MEHTA")
    noon("queue", "transfer", "MEHTA", "3", "--to", "RAO")
    slots = {each["slot"]: each["appointment"] for each in noon("day", "--doctor", "MEHTA") if each["appointment"]}
    assert [(slots[n]["queue_doctor"], slots[n]["position"]) for n in (1, 3)] == [(None, 1), ("RAO", 3)]
    assert "RAO" in run("day", "--doctor", "MEHTA", "-o", "table", status=0).stdout
    assert "RAO" in run("appointment", "show", "A5", "-o", "table", status=0).stdout
    assert noon("appointment", "show", "A1")["queue_doctor"] is None
    error = run("checkin", "A5", json=True, status=6).error
    assert (error["details"]["doctor"], error["details"]["position"]) == ("RAO", 3)


def test_what_an_older_version_kept_of_a_call_is_answered_again(noon: Ask, database: str) -> None:
    noon("queue", "call", "MEHTA", "--key", "k")
    old = json.loads(stored.value(database, "SELECT outcome FROM journal WHERE key = 'k'"))
    old["type"] = "QueueEntry"
    for name in ("with_doctor", "earlier", "passed_over"):
        del old["result"][name]
    del old["result"]["appointment"]["queue_doctor"]
    stored.change(database, "UPDATE journal SET outcome = ? WHERE key = 'k'", values=(json.dumps(old),))
    again = noon("queue", "call", "MEHTA", "--key", "k")
    assert (again["replayed"], again["position"]) == (True, 1)
