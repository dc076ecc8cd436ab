"""What a list of people says of each: enough to tell one from the others, and never the whole phone."""

from collections.abc import Callable
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.rules.phones import HIDDEN, LEAST, endings
from tests.statements import Statements

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

FIELDS = {"number", "name", "born", "age", "sex", "phone_last3", "phone_ending", "last_visit"}
PHONES = st.lists(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True), min_size=1, max_size=12)


@given(PHONES)
def test_a_phone_ending_is_the_shortest_unique_one_and_never_whole(phones: list[str]) -> None:
    found = endings(phones)
    for phone in phones:
        ending = found[phone]
        assert phone.endswith(ending)
        assert LEAST <= len(ending) <= max(LEAST, len(phone) - 1 - HIDDEN)
        others = [each for each in phones if each != phone]
        if len(ending) > LEAST:
            assert any(each.endswith(ending[1:]) for each in others), "a digit fewer would do"
        if len(ending) < len(phone) - 1 - HIDDEN:
            assert not any(each.endswith(ending) for each in others)


def test_endings_that_are_alike_get_longer_and_others_stay_short() -> None:
    assert endings(["+919876543210", "+919811143210", "+919811122333"]) == {
        "+919876543210": "543210",
        "+919811143210": "143210",
        "+919811122333": "333",
    }
    assert endings(["+919876543210", "+919876543210"]) == {"+919876543210": "210"}


@pytest.fixture
def alike(clinic: Ask) -> Ask:
    """Three of one name: two on phones with the same five last digits, one without a phone; on 23 November 2026."""
    with freeze_time("2026-11-23T06:00:00+00:00"):
        clinic("patient", "add", "Amir Khan", "--phone", "98111 43210", "--born", "1980-02-01", "--sex", "male")
        clinic("patient", "add", "Amir Khan", "--phone", "98123 43210", "--age", "30", "--new")
        clinic("patient", "add", "Amir Khan", "--phone", "none", "--new")
        yield clinic


def test_the_candidates_of_an_ambiguity_are_told_apart(alike: Ask, refused: Refused, run: Run) -> None:
    details = refused(5, "ambiguous", "book", "amir", "MEHTA")["details"]
    assert (details["count"], details["candidates_count"]) == (3, 3)
    assert details["candidates"] == [
        {
            "number": "P3",
            "name": "Amir Khan",
            "born": "1980-02-01",
            "age": 46,
            "sex": "male",
            "phone_last3": "210",
            "phone_ending": "143210",
            "last_visit": None,
            "choose": "P3",
        },
        {
            "number": "P4",
            "name": "Amir Khan",
            "born": None,
            "age": 30,
            "sex": "unknown",
            "phone_last3": "210",
            "phone_ending": "343210",
            "last_visit": None,
            "choose": "P4",
        },
        {
            "number": "P5",
            "name": "Amir Khan",
            "born": None,
            "age": None,
            "sex": "unknown",
            "phone_last3": None,
            "phone_ending": None,
            "last_visit": None,
            "choose": "P5",
        },
    ]
    lines = run("book", "amir", "MEHTA", status=5).stderr.splitlines()
    assert lines[1:4] == [
        "  P3  Amir Khan  born 1980-02-01 (age 46)  male  phone …143210",
        "  P4  Amir Khan  age 30  phone …343210",
        "  P5  Amir Khan  no phone",
    ]


def test_masked_phones_show_three_digits_and_programs_get_unique_endings(alike: Ask, run: Run) -> None:
    alike("config", "mask_phones", "yes")
    text = run("patient", "show", "amir", status=5).stderr
    assert "…210" in text
    assert "3210" not in text
    assert "143210" in run("patient", "show", "amir", json=True, status=5).stderr
    alike("book", "P3", "MEHTA")
    assert "3210" not in run("doctor", "avail", "set", "MEHTA", "today", "--absent", status=6).stderr


@pytest.mark.parametrize(
    ("code", "key", "args"),
    [
        ("ambiguous", "candidates", ("book", "amir", "MEHTA")),
        ("possible_duplicate", "candidates", ("patient", "add", "Amirr Khan", "--phone", "98111 43210")),
        ("has_bookings", "affected", ("doctor", "avail", "set", "MEHTA", "today", "--absent")),
        ("has_bookings", "affected", ("doctor", "archive", "MEHTA")),
        ("has_bookings", "affected", ("patient", "archive", "P3")),
        ("has_bookings", "affected", ("patient", "erase", "P3", "--yes")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_every_answer_about_people_tells_the_same_of_each(
    code: str, key: str, args: tuple[str, ...], alike: Ask, run: Run
) -> None:
    alike("book", "P3", "MEHTA")
    answer = run(*args, json=True)
    error = answer.error
    assert error["code"] == code
    assert error["details"][key]
    for each in error["details"][key]:
        assert each.keys() >= FIELDS
    text = run(*args, status=answer.status).stderr
    assert "98111" not in text
    assert "1980-02-01" in text
    assert "male" in text


def test_a_file_lists_whom_its_lines_may_be_about_with_the_same_facts(alike: Ask, refused: Refused) -> None:
    file = "name,phone,sex\nAmirr Khan,98111 43210,male\nRosa Lind,98111 22333,female\nRosaa Lind,98111 22333,\n"
    candidates = refused(6, "possible_duplicate", "patient", "import", "-", stdin=file)["details"]["candidates"]
    told = [(each["line"], each["number"], each["sex"], each["phone_last3"]) for each in candidates]
    assert told == [(2, "P3", "male", "210"), (4, "line 3", "female", "333")]
    assert all(each.keys() >= FIELDS for each in candidates)


def test_the_last_visit_is_the_last_day_on_which_the_patient_came(clinic: Ask, refused: Refused) -> None:
    def visits() -> dict[str, str | None]:
        found = refused(5, "ambiguous", "patient", "show", "amir")["details"]["candidates"]
        return {each["number"]: each["last_visit"] for each in found}

    with freeze_time("2026-11-23T06:00:00+00:00") as clock:
        for name in ("Amir Came", "Amir Forgotten", "Amir Absent", "Amir New"):
            clinic("patient", "add", name, "--phone", "none")
        for number in ("P3", "P4", "P5"):
            clinic("book", number, "MEHTA")
        clinic("checkin", "A1")
        clinic("appointment", "no-show", "A3")
        assert visits() == {"P3": "2026-11-23", "P4": None, "P5": None, "P6": None}

        clock.move_to("2026-11-24T06:00:00+00:00")
        clinic("book", "P3", "MEHTA", "+2d")
        clinic("book", "P6", "MEHTA")
        clinic("appointment", "cancel", "A5")
        assert visits() == {"P3": "2026-11-23", "P4": "2026-11-23", "P5": None, "P6": None}

        clock.move_to("2026-11-27T06:00:00+00:00")
        assert visits()["P3"] == "2026-11-23", "nobody noted that the patient came on the 26th"


def test_at_most_twenty_candidates_are_listed_the_likeliest_first(clinic: Ask, refused: Refused, run: Run) -> None:
    for nth in range(24):
        clinic("patient", "add", f"Anne{chr(ord('a') + nth)} Quux", "--phone", "none", "--new")
    clinic("patient", "add", "Anne Quux", "--phone", "none", "--new")
    asked = Statements()
    with asked.heard():
        details = refused(5, "ambiguous", "patient", "show", "anne quux")["details"]
    assert (details["count"], details["candidates_count"], len(details["candidates"])) == (25, 25, 20)
    assert details["candidates"][0]["name"] == "Anne Quux"
    assert sum("appointments" in each for each in asked.all) == 1
    assert "and 5 more" in run("patient", "show", "anne quux", status=5).stderr
