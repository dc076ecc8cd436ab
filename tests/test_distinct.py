"""Two patients who are judged to be two people, and babies who have no name yet."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl.rules import likelihood, matching

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def pairs(ask: Ask, *options: str) -> list[tuple[str, str]]:
    return [(each["one"]["number"], each["other"]["number"]) for each in ask("patient", "duplicates", *options)]


@pytest.fixture
def doubtful(clinic: Ask) -> Ask:
    """A clinic where P1 and P3, and P2 and P4, may be the same."""
    clinic("patient", "add", "Anita Sharmaa", "--phone", "98765 43210", "--new")
    clinic("patient", "add", "Mumtaz Anvar", "--phone", "91234 56789", "--new")
    return clinic


def test_a_judged_pair_is_no_possible_duplicate(doubtful: Ask, refused: Refused, run: Run) -> None:
    assert pairs(doubtful) == [("P1", "P3"), ("P2", "P4")]
    judged = doubtful("patient", "distinct", "P3", "P1", "--key", "k")
    assert (judged["one"]["number"], judged["other"]["number"], judged["created"]) == ("P3", "P1", True)
    assert doubtful("patient", "distinct", "P3", "P1", "--key", "k") == judged | {"replayed": True}
    assert doubtful("patient", "distinct", "P1", "P3")["created"] is False
    assert pairs(doubtful) == [("P2", "P4")]
    assert [each["number"] for each in doubtful("patient", "edit", "P2", "--note", "x")["similar_on_file"]] == ["P4"]
    assert doubtful("patient", "edit", "P1", "--note", "x")["similar_on_file"] == []
    refused(7, "illegal_step", "patient", "distinct", "P1", "P1")
    refused(4, "patient_not_found", "patient", "distinct", "P1", "P9")
    assert (
        "P2 Mumtaz Anwar and P4 Mumtaz Anvar are two people."
        in run("patient", "distinct", "P2", "P4", "-o", "table", status=0).stdout
    )
    assert doubtful("db", "check")["sound"]


def test_a_judgement_is_undone(doubtful: Ask, refused: Refused) -> None:
    doubtful("patient", "distinct", "P1", "P3")
    undone = doubtful("undo")
    assert (undone["command"], undone["patients"]) == ("patient distinct", ["P1", "P3"])
    assert pairs(doubtful) == [("P1", "P3"), ("P2", "P4")]
    doubtful("patient", "distinct", "P1", "P3")
    doubtful("patient", "distinct", "P1", "P3")
    refused(7, "illegal_step", "undo")
    assert pairs(doubtful) == [("P2", "P4")]


def test_a_list_of_duplicates_is_limited_and_begins_on_a_day(clinic: Ask) -> None:
    now = datetime.now(UTC)
    with freeze_time(now + timedelta(days=3)):
        clinic("patient", "add", "Anita Sharmaa", "--phone", "98765 43210", "--new")
    with freeze_time(now + timedelta(days=6)):
        clinic("patient", "add", "Mumtaz Anvar", "--phone", "91234 56789", "--new")
        every = pairs(clinic)
        assert len(every) == 2
        assert pairs(clinic, "--limit", "1") == every[:1]
        assert pairs(clinic, "--since", "+60d") == []
        assert set(pairs(clinic, "--since", "-2d")) <= set(every)
        assert ("P2", "P4") in pairs(clinic, "--since", "today")


def test_the_reasons_of_a_pair_are_in_words(clinic: Ask) -> None:
    clinic("patient", "add", "Anita Sharmaa", "--phone", "98765 43210", "--born", "1980-02-01", "--new")
    (pair,) = clinic("patient", "duplicates")
    assert pair["why"] == "same birth date, name 97% similar, same phone"


@pytest.mark.parametrize(
    "name", ["Baby of Anita Sharma", "B/O Anita Sharma", "Baby Girl of Anita Sharma", "newborn of Anita Sharma"]
)
def test_a_baby_is_another_person_than_the_mother(name: str, clinic: Ask) -> None:
    baby = clinic("patient", "add", name, "--phone", "98765 43210")
    assert (baby["created"], baby["similar_on_file"]) == (True, [])
    assert [each["number"] for each in baby["shares_phone_with"]] == ["P1"]
    assert pairs(clinic) == []
    assert clinic("patient", "add", name, "--phone", "98765 43210")["created"] is False


def test_two_babies_with_marks_are_two(clinic: Ask) -> None:
    for mark in ("1", "2", "3"):
        assert clinic("patient", "add", f"Baby {mark} of Anita Sharma", "--phone", "98765 43210")["created"] is True
    assert likelihood.name_likeness("Baby 1 of Anita Sharma", "Baby 2 of Anita Sharma") == 0
    assert likelihood.name_likeness("Baby 1 of Anita Sharma", "baby 1 of anita sharma") == matching.SAME
