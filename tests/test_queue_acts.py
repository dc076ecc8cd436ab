"""Small acts at the queue: the next patient in one step, a patient who is moved up, and who did not come."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def waiting(clinic: Ask) -> Ask:
    """A clinic with three patients in the queue of MEHTA."""
    clinic("patient", "add", "Carla Third", "--phone", "90909 09090")
    for patient in ("P1", "P2", "P3"):
        clinic("walkin", patient, "MEHTA")
    return clinic


def states(ask: Ask) -> dict[int, str]:
    return {each["position"]: each["status"] for each in ask("queue", "show", "MEHTA")}


def columns(ask: Ask) -> list[tuple[Any, ...]]:
    names = ("position", "status", "called_at", "started_at", "ended_at")
    return [tuple(each[name] for name in names) for each in ask("queue", "show", "MEHTA")]


# The next patient


def test_next_finishes_one_patient_and_calls_another(waiting: Ask, refused: Refused) -> None:
    first = waiting("queue", "next", "MEHTA")
    assert (first["finished"], first["next"]["position"], first["next"]["status"]) == (None, 1, "called")
    waiting("queue", "start", "MEHTA")
    second = waiting("queue", "next", "MEHTA")
    assert (second["finished"]["position"], second["finished"]["status"]) == (1, "done")
    assert (second["next"]["position"], second["next"]["status"]) == (2, "called")
    error = refused(7, "illegal_step", "queue", "next", "MEHTA")
    assert all(f"queue {step} MEHTA 2" in error["hint"] for step in ("start", "skip"))
    assert states(waiting) == {1: "done", 2: "called", 3: "waiting"}


def test_next_with_start_begins_at_once(waiting: Ask) -> None:
    answers = [waiting("queue", "next", "MEHTA", "--start", "--key", f"k{nth}") for nth in range(4)]
    assert [each["finished"] and each["finished"]["position"] for each in answers] == [None, 1, 2, 3]
    assert [each["next"] and (each["next"]["position"], each["next"]["status"]) for each in answers] == [
        *((nth, "serving") for nth in (1, 2, 3)),
        None,
    ]
    assert waiting("queue", "next", "MEHTA", "--start", "--key", "k1") == answers[1] | {"replayed": True}
    assert states(waiting) == dict.fromkeys((1, 2, 3), "done")


def test_next_with_start_begins_with_the_patient_who_was_called(waiting: Ask) -> None:
    waiting("queue", "call", "MEHTA", "2")
    assert waiting("queue", "next", "MEHTA", "--start")["next"]["position"] == 2
    assert states(waiting) == {1: "waiting", 2: "serving", 3: "waiting"}


def test_next_takes_the_called_patient_after_a_consultation(waiting: Ask) -> None:
    waiting("queue", "next", "MEHTA", "--start")
    waiting("queue", "call", "MEHTA", "3")
    answer = waiting("queue", "next", "MEHTA")
    assert (answer["finished"]["position"], answer["next"]["position"], answer["next"]["status"]) == (1, 3, "called")


def test_next_is_undone_as_one_write(waiting: Ask) -> None:
    waiting("queue", "next", "MEHTA", "--start")
    before = columns(waiting)
    waiting("queue", "next", "MEHTA", "--start")
    undone = waiting("undo")
    assert (undone["command"], len(undone["appointments"])) == ("queue next", 2)
    assert columns(waiting) == before
    assert waiting("db", "check")["sound"]


def test_next_with_nobody_to_finish_or_call_is_refused(clinic: Ask, refused: Refused) -> None:
    refused(4, "queue_entry_not_found", "queue", "next", "MEHTA")
    refused(4, "queue_entry_not_found", "queue", "next", "MEHTA", "--start")


def test_next_says_who_was_finished_and_who_is_next(waiting: Ask, run: Run) -> None:
    assert run("queue", "next", "MEHTA", "--start", "-o", "table", status=0).stdout.startswith(
        "Started: P1 Anita Sharma is with MEHTA (position 1, A1)."
    )
    assert run("queue", "next", "MEHTA", "-o", "table", status=0).stdout == (
        "Finished: P1 Anita Sharma (MEHTA, position 1, A1). Called: P2 Mumtaz Anwar (MEHTA, position 2, A2).\n"
    )


def test_a_second_call_names_the_patient_who_was_called_before(waiting: Ask, run: Run) -> None:
    assert waiting("queue", "call", "MEHTA")["also_called"] == []
    assert waiting("queue", "call", "MEHTA", "-n")["also_called"] == [1]
    assert "Also called: position 1." in run("queue", "call", "MEHTA", "-o", "table", status=0).stdout
    assert waiting("queue", "call", "MEHTA")["also_called"] == [1, 2]


# Moved up


def test_a_recalled_patient_can_be_moved_before_the_others(waiting: Ask, run: Run) -> None:
    for position in ("1", "2"):
        waiting("queue", "call", "MEHTA", position)
        waiting("queue", "skip", "MEHTA", position)
    assert waiting("queue", "recall", "MEHTA", "2", "--next")["people_ahead"] == 0
    assert waiting("queue", "recall", "MEHTA", "1", "--next")["people_ahead"] == 1
    order = [each["position"] for each in waiting("queue", "show", "MEHTA")]
    assert order == [2, 1, 3]
    waiting("undo")
    assert states(waiting)[1] == "skipped"
    assert waiting("queue", "recall", "MEHTA", "1")["people_ahead"] == 2
    assert [waiting("queue", "call", "MEHTA")["position"] for _ in range(3)] == [2, 3, 1]
    assert waiting("db", "check")["sound"]


def test_a_patient_moved_up_stays_behind_a_higher_priority(waiting: Ask) -> None:
    waiting("queue", "priority", "MEHTA", "3", "5")
    waiting("queue", "call", "MEHTA", "2")
    waiting("queue", "skip", "MEHTA", "2")
    assert waiting("queue", "recall", "MEHTA", "2", "--next")["people_ahead"] == 1
    assert [each["position"] for each in waiting("queue", "show", "MEHTA")] == [3, 2, 1]


def test_moving_up_ends_when_the_patient_is_recalled_again_or_transferred(waiting: Ask) -> None:
    for again in (("--next",), ()):
        waiting("queue", "call", "MEHTA", "1")
        waiting("queue", "skip", "MEHTA", "1")
        waiting("queue", "recall", "MEHTA", "1", *again)
    assert [each["position"] for each in waiting("queue", "show", "MEHTA")] == [2, 3, 1]
    waiting("walkin", "P2", "RAO")
    waiting("queue", "call", "MEHTA", "1")
    waiting("queue", "skip", "MEHTA", "1")
    waiting("queue", "recall", "MEHTA", "1", "--next")
    waiting("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    assert [each["position"] for each in waiting("queue", "show", "RAO")] == [1, 2]


# Who did not come


@freeze_time("2026-11-23 04:00:00")
def test_status_names_who_did_not_come_for_an_agreed_time(clinic: Ask, refused: Refused) -> None:
    def late() -> list[tuple[str, str]]:
        return [(each["subject"], each["command"]) for each in clinic("status") if each["what"] == "did not come"]

    clinic("book", "P1", "MEHTA", "--time", "10:00")
    clinic("book", "P2", "MEHTA")
    with freeze_time("2026-11-23 04:50:00"):
        assert late() == []
        clinic("config", "no_show_after", "20")
        assert late() == []
    with freeze_time("2026-11-23 04:51:00"):
        ((subject, fix),) = late()
        assert (subject, fix) == ("P1, agreed 10:00", "clinicctl appointment no-show A1")
        clinic(*fix.split()[1:])
        assert late() == []
    refused(2, "invalid_value", "config", "no_show_after", "1441")
