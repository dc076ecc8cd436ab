"""Arrivals: who comes back, whom a name means, and what an answer says of somebody who is here already."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from freezegun import freeze_time

from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def noon(clinic: Ask) -> Iterator[Ask]:
    """The clinic at its noon, with two more patients of one family name."""
    with freeze_time("2026-11-23T06:30:00"):
        for name in ("Asha Gill", "Balbir Gill", "Chanan Gill"):
            clinic("patient", "add", name, "--phone", "none")
        yield clinic


# Coming back


@pytest.mark.parametrize("how", ["queue left", "close"])
def test_who_left_and_comes_back_gets_the_next_position(how: str, noon: Ask) -> None:
    for patient in ("P1", "P2"):
        noon("walkin", patient, "MEHTA")
    noon("queue", "priority", "MEHTA", "1", "9")
    noon("queue", *(("left", "MEHTA", "1") if how == "queue left" else ("show",)))
    if how == "close":
        noon("close", "--yes")
        noon("checkin", "P2")
    back = noon("checkin", "P1")
    assert back["position"] == (3 if how == "queue left" else 4)
    assert (back["appointment"]["status"], back["people_ahead"]) == ("checked_in", 1)
    entry = noon("queue", "show", "MEHTA")[1]
    assert (entry["priority"], entry["called_at"], entry["ended_at"], entry["waited_minutes"]) == (0, None, None, 0)
    assert noon("appointment", "history", "A1")[-1]["queue_from"] == "left"
    assert noon("db", "check")["sound"]


def test_who_was_called_and_skipped_before_leaving_waits_anew(noon: Ask) -> None:
    for patient in ("P1", "P2"):
        noon("walkin", patient, "MEHTA")
    for command in ("call MEHTA", "skip MEHTA", "recall MEHTA 1", "left MEHTA 1"):
        noon("queue", *command.split())
    noon("checkin", "P1")
    noon("walkin", "P3", "MEHTA")
    # Somebody who was recalled stands last. One who comes back does not.
    assert [each["position"] for each in noon("queue", "show", "MEHTA")] == [2, 3, 4]


def test_a_transferred_patient_comes_back_to_the_queue_that_they_left(noon: Ask, run: Run) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    noon("queue", "left", "RAO", "1")
    said = run("checkin", "P1", "-o", "table", status=0).stdout
    assert "with RAO: position 2" in said
    assert noon("queue", "show", "MEHTA") == []
    assert noon("db", "check")["sound"]


def test_undoing_a_return_restores_the_entry_and_spends_the_position(noon: Ask, run: Run, database: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "priority", "MEHTA", "1", "4")
    noon("queue", "left", "MEHTA", "1")
    before = noon("queue", "show", "MEHTA")
    assert noon("checkin", "P1")["position"] == 2
    noon("undo", "--yes")
    after = noon("queue", "show", "MEHTA")
    for each in (*before, *after):
        del each["appointment"]["updated_at"]
    assert after == before
    assert noon("db", "check")["sound"]
    stored.change(database, "UPDATE doctor_daily_capacities SET last_position = 1")
    problems = run("db", "check", json=True, status=10).json["problems"]
    assert {each["law"] for each in problems} == {"no position is above the last one given"}
    assert noon("db", "check", "--repair")["left"] == []
    assert noon("checkin", "P1")["position"] == 3


def test_a_return_is_no_transfer(noon: Ask, run: Run, database: str) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "left", "MEHTA", "1")
    noon("checkin", "P1")
    stored.change(database, "UPDATE queue_entries SET doctor_id = (SELECT id FROM doctors WHERE code = 'RAO')")
    laws = {each["law"] for each in run("db", "check", json=True, status=10).json["problems"]}
    assert any("has the doctor and the date of its appointment" in each for each in laws)


@pytest.mark.parametrize("step", ["recall", "resume", "call", "left"])
def test_a_step_of_somebody_who_left_hints_at_the_check_in(step: str, noon: Ask, refused: Refused, run: Run) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "left", "MEHTA", "1")
    hint = refused(7, "illegal_step", "queue", step, "MEHTA", "1")["hint"]
    run(*hint.split("`")[1].removeprefix("clinicctl ").split(), status=0)


def test_who_left_and_was_booked_anew_is_sent_to_that_appointment(noon: Ask, refused: Refused) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "left", "MEHTA", "1")
    noon("book", "P1", "MEHTA")
    error = refused(6, "already_booked", "checkin", "A1")
    assert (error["details"]["appointment"], error["hint"]) == ("A2", "Check in with `clinicctl checkin A2`.")
    assert noon("checkin", "P1")["appointment"]["number"] == "A2"
    assert "position 2 of MEHTA: waiting" in refused(6, "already_booked", "checkin", "A1")["hint"]


def test_a_second_booking_on_the_same_day_does_not_replace_a_no_show(noon: Ask) -> None:
    noon("book", "P1", "MEHTA")
    noon("book", "P1", "MEHTA", "--again")
    noon("appointment", "no-show", "A1")
    assert noon("checkin", "A1")["position"] == 1


def test_nobody_comes_back_to_a_doctor_who_is_archived(noon: Ask, refused: Refused) -> None:
    noon("walkin", "P1", "MEHTA")
    noon("queue", "left", "MEHTA", "1")
    noon("book", "P2", "MEHTA")
    noon("appointment", "no-show", "A2")
    noon("doctor", "archive", "MEHTA")
    refused(7, "archived", "checkin", "P1")
    refused(7, "archived", "checkin", "P2")


# Here already

STEPS = {
    "waiting": "",
    "called": "call MEHTA",
    "serving": "call MEHTA,start MEHTA",
    "done": "call MEHTA,start MEHTA,done MEHTA",
    "skipped": "call MEHTA,skip MEHTA",
    "held": "hold MEHTA 1",
}


@pytest.mark.parametrize("status", STEPS)
def test_a_second_check_in_says_what_is_so_in_every_status(status: str, noon: Ask, refused: Refused, run: Run) -> None:
    noon("walkin", "P1", "MEHTA")
    for command in filter(None, STEPS[status].split(",")):
        noon("queue", *command.split())
    error = refused(6, "already_checked_in", "checkin", "P1")
    details = error["details"]
    assert (details["status"], details["position"], details["doctor"]) == (status, 1, "MEHTA")
    words = {"serving": "in consultation", "done": "completed", "held": "on hold"}
    assert words.get(status, status) in error["message"]
    assert ("already checked in" in error["message"]) == (status != "done")
    if error["hint"]:
        assert status in ("done", "skipped", "held")
        run(*error["hint"].split("`")[1].removeprefix("clinicctl ").split(), status=0)


def test_a_walk_in_of_somebody_booked_or_here_hints_at_what_there_is_to_do(noon: Ask, refused: Refused) -> None:
    noon("book", "P1", "MEHTA")
    assert "`clinicctl checkin A1`" in refused(6, "already_booked", "walkin", "P1", "MEHTA")["hint"]
    noon("checkin", "A1")
    hint = refused(6, "already_booked", "walkin", "P1", "MEHTA")["hint"]
    assert hint == "A1 is already checked in at position 1 of MEHTA: waiting."
    assert "--again" in refused(6, "already_booked", "book", "P1", "MEHTA")["hint"]


# Whom a reference means


def test_a_booked_appointment_comes_before_a_no_show(noon: Ask, refused: Refused, run: Run) -> None:
    noon("book", "P1", "MEHTA")
    noon("appointment", "no-show", "A1")
    noon("book", "P1", "RAO", "--time", "14:00")
    assert noon("checkin", "P1", "-n")["appointment"]["number"] == "A2"
    noon("book", "P1", "RAO", "--again", "--time", "11:30", "--past")
    error = refused(5, "ambiguous", "checkin", "P1")
    assert [
        (each["choose"], each["time"], each["doctor"], each["slot"], each["status"])
        for each in error["details"]["candidates"]
    ] == [("A3", "11:30", "RAO", 2, "booked"), ("A2", "14:00", "RAO", 1, "booked")]
    assert "clinicctl checkin A3" in error["hint"]
    line = run("checkin", "P1", "-o", "table", status=5).stderr.splitlines()[1]
    assert line.startswith("  A3  P1")
    assert "RAO 2026-11-23 11:30  slot 2, booked" in line


def test_a_name_means_the_one_who_has_an_appointment_today(noon: Ask, refused: Refused) -> None:
    assert refused(5, "ambiguous", "checkin", "gill")["details"]["candidates"][0]["choose"] == "P3"
    noon("book", "P3", "MEHTA", "tomorrow")
    noon("book", "P4", "MEHTA")
    assert noon("checkin", "gill", "-n")["appointment"]["patient"]["number"] == "P4"
    noon("book", "P5", "RAO", "--time", "9:00", "--past")
    error = refused(5, "ambiguous", "checkin", "gill")
    assert [(each["choose"], each["number"]) for each in error["details"]["candidates"]] == [("A3", "P5"), ("A2", "P4")]
    noon("checkin", "A2")
    # Somebody may say the name of one who waits already: the other is not taken for them.
    refused(5, "ambiguous", "checkin", "gill")
    for step in ("call", "start", "done"):
        noon("queue", step, "MEHTA")
    assert noon("checkin", "gill")["appointment"]["patient"]["number"] == "P5"


def test_a_check_in_by_name_is_the_same_request_as_one_by_number(noon: Ask, refused: Refused) -> None:
    noon("book", "P4", "MEHTA")
    first = noon("checkin", "gill", "--key", "k")
    noon("book", "P5", "MEHTA")
    for reference in ("gill", "GILL", "P4"):
        again = noon("checkin", reference, "--key", "k")
        assert (again["replayed"], again["position"]) == (True, first["position"])
    for reference in ("P5", "P3", "nobody", "A2"):
        refused(6, "key_reused", "checkin", reference, "--key", "k")


# Choices


LISTS = {
    "queue start MEHTA": (),
    "queue skip MEHTA": (),
    "queue done MEHTA": ("queue start MEHTA 1", "queue start MEHTA 2", "queue start MEHTA 3"),
    "checkin P1": ("book P1 RAO", "book P1 MEHTA"),
    "patient show gill": (),
}


@pytest.mark.parametrize("command", LISTS)
def test_every_list_begins_with_the_value_to_type(command: str, noon: Ask, run: Run) -> None:
    # The slots are in the opposite order of the positions.
    for patient in ("P3", "P4", "P5"):
        noon("book", patient, "MEHTA")
    for patient in ("P5", "P4", "P3"):
        noon("checkin", patient)
        noon("queue", "call", "MEHTA")
    for before in LISTS[command]:
        noon(*before.split())
    words = command.split()
    error = run(*words, json=True, status=5).error
    lines = run(*words, "-o", "table", status=5).stderr.splitlines()[1:]
    candidates = error["details"]["candidates"]
    assert len(candidates) >= 2
    assert candidates[0]["choose"] in error["hint"]
    typed = words if words[0] == "queue" else words[:-1]
    dry = [] if words[0] == "patient" else ["-n"]
    for line, candidate in zip(lines, candidates, strict=False):
        assert line.split()[0] == candidate["choose"]
        answer = run(*typed, candidate["choose"], *dry, json=True, status=0).json
        appointment = answer.get("appointment", {})
        patient = appointment.get("patient", answer)
        assert patient["number"] == candidate["number"]
        assert appointment.get("number") == candidate.get("appointment")
