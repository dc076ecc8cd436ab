"""Patients and doctors from files: whoever may be on file already is reported, and nobody is guessed."""

import io
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl.desk.imports import patient_plan, patients
from clinicctl.desk.imports.plan import Outdated
from clinicctl.errors import Refusal
from clinicctl.rules import import_rows
from clinicctl.store.engine import open_store
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

GOOD = (
    "name,phone,born,age,sex,email,note\n"
    "Meena Kumari,98111 11111,1990-05-01,,f,meena@example.org,allergic to penicillin\n"
    "Ravi Gupta,none,,44,male,,\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(content: str) -> str:
        path = tmp_path / "people.csv"
        path.write_text(content, "utf-8")
        return str(path)

    return write


def outcomes(imported: dict[str, Any]) -> list[str]:
    return [row["outcome"] for row in imported["rows"]]


def on_file(clinic: Ask) -> list[tuple[str, str]]:
    return [(each["number"], each["name"]) for each in clinic("patient", "list")]


def test_patients_are_registered_as_one_by_one(clinic: Ask, file: Any, tmp_path: Path) -> None:
    imported = clinic("patient", "import", file(GOOD))
    assert [(row["line"], row["patient"], row["outcome"]) for row in imported["rows"]] == [
        (2, "P3", "added"),
        (3, "P4", "added"),
    ]
    meena, ravi = (clinic("patient", "show", each) for each in ("P3", "P4"))
    other = ["--db", str(tmp_path / "other.db")]
    clinic("init", "--timezone", "Asia/Kolkata", "--region", "IN", *other)
    by_hand = clinic(
        *("patient", "add", "Meena Kumari", "--phone", "98111 11111", "--born", "1990-05-01", "--sex", "female"),
        *("--email", "meena@example.org", "--note", "allergic to penicillin", *other),
    )
    same = ("name", "phone", "born", "age", "sex", "email", "note", "archived_at")
    assert [meena[each] for each in same] == [by_hand[each] for each in same]
    assert (ravi["phone"], ravi["age"], ravi["sex"]) == (None, 44, "male")
    assert clinic("patient", "find", "ku mee")[0]["number"] == "P3"
    assert clinic("patient", "add", "After All", "--phone", "none")["number"] == "P5"


def test_a_second_run_of_the_same_file_registers_nobody(clinic: Ask, file: Any) -> None:
    """Also not him without a phone, whom nothing else would tell from another of his name."""
    clinic("patient", "import", file(GOOD))
    before = on_file(clinic)
    for args in ((), ("--on-error", "skip"), ("--key", "another")):
        again = clinic("patient", "import", file(GOOD), *args)
        assert [(row["patient"], row["outcome"]) for row in again["rows"]] == [("P3", "unchanged"), ("P4", "unchanged")]
    as_json = '{"name": "Meena Kumari", "dob": "1990-05-01", "mobile": "+91 98111 11111"}'
    assert outcomes(clinic("patient", "import", "-", stdin=as_json)) == ["unchanged"]
    assert on_file(clinic) == before


def test_a_file_that_has_grown_registers_nobody_without_a_phone_again(clinic: Ask, run: Run, file: Any) -> None:
    known = "name,phone,born,age\nRavi Gupta,,1981-03-04,\nMeena Kumari,none,,\nOtto Weiß,,,44\n"
    clinic("patient", "import", file(known))
    before = on_file(clinic)
    path = file(f"{known}Leo Adler,,1990-01-01,\n")
    assert run("patient", "import", path, json=True, status=6).error["code"] == "possible_duplicate"
    answer = run("patient", "import", path, "--on-error", "skip", json=True, status=3).json
    assert [(row["patient"], row["outcome"], row["candidates"]) for row in answer["rows"]] == [
        ("P3", "unchanged", []),
        (None, "refused", ["P4"]),
        (None, "refused", ["P5"]),
        ("P6", "added", []),
    ]
    assert on_file(clinic) == [*before, ("P6", "Leo Adler")]


def test_without_phones_birth_date_or_age_decides_about_identity(clinic: Ask, run: Run, file: Any) -> None:
    clinic("patient", "import", file("name,born,age\nRavi Gupta,1981-03-04,\nOtto Weiß,,44\n"))
    path = file("name,born,age\ngupta RAVI,1981-03-04,\nRavi Gupta,1999-01-01,\nRavi Gupta,,\nOtto Weiß,,20\n")
    answer = run("patient", "import", path, "--on-error", "skip", json=True, status=3).json
    assert [(row["patient"], row["outcome"], row["candidates"]) for row in answer["rows"]] == [
        ("P3", "unchanged", []),
        ("P5", "added", []),
        (None, "refused", ["P3", "line 3"]),
        ("P6", "added", []),
    ]


def test_a_row_without_a_phone_that_stands_in_a_file_twice_is_one_person(clinic: Ask, run: Run, file: Any) -> None:
    path = file("name,phone,born,note\nRavi Gupta,,,\nA B,,1990-05-01,x\nRavi Gupta,none,,\nA B,,1990-05-01,y\n")
    for outcome in ("added", "unchanged"):
        rows_ = clinic("patient", "import", path)["rows"]
        assert [(row["patient"], row["outcome"]) for row in rows_] == [
            *(("P3", outcome), ("P4", outcome), ("P3", "unchanged"), ("P4", "unchanged"))
        ]
    path = file("name,note\nLeo Adler,tall\nLeo Adler,short\n")
    answer = run("patient", "import", path, "--on-error", "skip", json=True, status=3).json
    assert [(row["outcome"], row["candidates"]) for row in answer["rows"]] == [("added", []), ("refused", ["line 2"])]


def test_a_similar_patient_is_reported_by_number_and_nothing_is_written(
    clinic: Ask, refused: Refused, run: Run, file: Any
) -> None:
    path = file(
        "Name;Mobile;DOB\nAnitha Sharma;98765 43210;\nNew Person;98111 22222;\nAnita Sharma;98765 43210;1980-02-01\n"
    )
    before = on_file(clinic)
    error = refused(6, "possible_duplicate", "patient", "import", path)
    (candidate,) = error["details"]["candidates"]
    assert (candidate["number"], candidate["line"], candidate["phone_last3"]) == ("P1", 2, "210")
    assert on_file(clinic) == before
    answer = run("patient", "import", path, "--on-error", "skip", json=True, status=3).json
    assert [(row["patient"], row["outcome"], row["candidates"]) for row in answer["rows"]] == [
        (None, "refused", ["P1"]),
        ("P3", "added", []),
        ("P1", "unchanged", []),
    ]


def test_two_rows_that_may_be_one_person_are_reported_by_their_lines(
    clinic: Ask, refused: Refused, run: Run, file: Any
) -> None:
    path = file("name,phone,born\nRavi Gupta,98111 11111,\nRavi Guptaa,98111 11111,\nGUPTA ravi,09811111111,\n")
    (candidate,) = refused(6, "possible_duplicate", "patient", "import", path)["details"]["candidates"]
    assert (candidate["number"], candidate["line"]) == ("line 2", 3)
    answer = run("patient", "import", path, "--on-error", "skip", json=True, status=3).json
    assert [(row["patient"], row["outcome"], row["candidates"], row["reason"]) for row in answer["rows"]] == [
        ("P3", "added", [], None),
        (None, "refused", ["line 2"], "possible duplicate of somebody on file or in the file"),
        ("P3", "unchanged", [], "the same as line 2"),
    ]


def test_many_candidates_are_counted_and_the_first_are_named(clinic: Ask, run: Run, file: Any) -> None:
    path = file("name,phone\nRavi Gupta,98111 11111\n" + "Ravi Guptaa,98111 11111\n" * 1_002)
    error = run("patient", "import", path, json=True, status=6).error
    assert (error["details"]["candidates_count"], len(error["details"]["candidates"])) == (1_002, 20)
    assert error["details"]["count"] == 1_002
    assert error["details"]["lines"] == list(range(3, 1_005))
    told = run("patient", "import", path, status=6).stderr.splitlines()
    assert (len(told), told[21].strip()) == (23, "… and 982 more")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",98111 11111,,,,,", "The name is empty"),
        ("Secret Person,12,,,,,", "Not a phone number"),
        ("Secret Person,none,31.2.1980,,,,", "No such birth date"),
        ("Secret Person,none,2090-01-01,,,,", "in the future"),
        ("Secret Person,none,1980-01-01,20,,,", "do not agree"),
        ("Secret Person,none,,400,,,", "An age is 34"),
        ("Secret Person,none,,,secret,,", "sex is female, male, other, unknown"),
        ("Secret Person,none,,,,secret,", "Not an e-mail"),
        ("Secret Person,none,,,,,\x1b[31m", "not allowed"),
        ("Secret Person,none,,,,,,more", "more cells"),
    ],
)
def test_a_bad_row_is_named_without_what_stands_in_it(clinic: Ask, run: Run, file: Any, row: str, reason: str) -> None:
    path = file(f"{GOOD}{row}\n")
    before = on_file(clinic)
    answer = run("patient", "import", path, json=True, status=65)
    ((line),) = answer.error["details"]["lines"]
    assert line["line"] == 4
    assert reason in line["reason"]
    assert not any(each in answer.stderr for each in ("Secret", "secret", "98111"))
    assert on_file(clinic) == before
    assert outcomes(run("patient", "import", path, "--on-error", "skip", json=True, status=3).json)[2] == "refused"


def test_an_archived_patient_is_not_registered_anew(clinic: Ask, run: Run, file: Any) -> None:
    clinic("patient", "archive", "P1")
    path = file("name,phone\nAnita Sharma,98765 43210\n")
    answer = run("patient", "import", path, json=True, status=65)
    assert answer.error["details"]["lines"] == [{"line": 2, "reason": "P1 is archived."}]


def test_a_dry_run_tells_the_same_and_registers_nobody(clinic: Ask, file: Any) -> None:
    dry = clinic("patient", "import", file(GOOD), "--dry-run")
    assert len(on_file(clinic)) == 2
    assert dry == clinic("patient", "import", file(GOOD)) | {"dry_run": True}


def test_a_replay_answers_as_the_first_time_and_the_journal_knows_no_names(
    clinic: Ask, file: Any, database: str
) -> None:
    first = clinic("patient", "import", file(GOOD), "--key", "k")
    assert clinic("patient", "import", file(GOOD), "--key", "k") == first | {"replayed": True}
    kept = str(stored.rows(database, "SELECT * FROM journal"))
    outcome = stored.value(database, "SELECT outcome FROM journal WHERE key = 'k'")
    assert not any(each in kept for each in ("Meena", "Ravi", "9811111111", "1990-", "penicillin", "example.org"))
    assert json.loads(outcome)["type"] == "ImportedPatients"


@pytest.mark.parametrize(
    ("between", "stands"),
    [
        (("patient", "add", "Nobody Else", "--phone", "98111 99999"), True),
        (("book", "P1", "MEHTA"), True),
        (("patient", "add", "Somebody Else", "--phone", "98111 11111"), False),
        (("patient", "add", "Meena Kumari", "--phone", "98111 99999"), False),
        (("patient", "edit", "P1", "--phone", "98111 11111"), False),
        (("config", "region", "DE"), False),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else None,
)
def test_a_plan_holds_until_somebody_comes_whom_it_may_be_about(
    clinic: Ask, database: str, between: Any, stands: bool
) -> None:
    store = open_store(database, wait=5)
    with store.read(actor="desk") as tx:
        plan = patient_plan.plan_patients(tx, sheet=import_rows.read_patients(io.StringIO(GOOD)))
    clinic(*between)
    if stands:
        with store.write(actor="desk", key="k") as tx:
            assert patients.add_patients(tx, plan=plan).added == 2
    else:
        with pytest.raises(Outdated), store.write(actor="desk", key="k") as tx:
            patients.add_patients(tx, plan=plan)
        # The last plan is made anew under the lock, and may be refused, but is never outdated.
        with suppress(Refusal), store.write(actor="desk", key="k") as tx:
            patients.add_patients(tx, plan=replace(plan, last=True))


def test_ages_in_a_file_are_of_the_day_of_the_import(clinic: Ask, file: Any) -> None:
    with freeze_time("2026-11-23T04:00:00+00:00"):
        clinic("patient", "import", file("name,age\nRavi Gupta,44\n"))
    with freeze_time("2036-11-23T04:00:00+00:00"):
        assert clinic("patient", "show", "P3")["age"] == 54
        assert outcomes(clinic("patient", "import", file("name,age\nRavi Gupta,44\n"))) == ["unchanged"]


# Doctors

DOCTORS = (
    "code,name,specialty,slots\nlee,Dr. Lee,dermatology,8\nMEHTA,dr asha MEHTA,cardiology,\nRAO,Dr. Vikram Rao,,3\n"
)


def test_doctors_are_added_changed_or_left_as_they_are(clinic: Ask, file: Any) -> None:
    dry = clinic("doctor", "import", file(DOCTORS), "-n")
    imported = clinic("doctor", "import", file(DOCTORS), "--key", "k")
    assert dry == imported | {"dry_run": True}
    assert [(row["doctor"], row["outcome"], row["change"]) for row in imported["rows"]] == [
        ("LEE", "added", None),
        ("MEHTA", "changed", "specialty none to cardiology"),
        ("RAO", "unchanged", None),
    ]
    assert clinic("doctor", "import", file(DOCTORS), "--key", "k") == imported | {"replayed": True}
    assert outcomes(clinic("doctor", "import", file(DOCTORS))) == ["unchanged"] * 3
    assert clinic("doctor", "show", "MEHTA")["name"] == "Dr. Asha Mehta"
    assert clinic("doctor", "show", "LEE")["capacity"] == 8


def test_a_code_that_another_doctor_has_is_refused(clinic: Ask, refused: Refused, run: Run, file: Any) -> None:
    path = file("code,name\nLEE,Dr. Lee\nrao,Dr. Somebody\n")
    error = refused(6, "duplicate_code", "doctor", "import", path)
    assert (error["details"]["doctor"], error["details"]["lines"]) == ("RAO", [3])
    assert len(clinic("doctor", "list")) == 2
    answer = run("doctor", "import", path, "--on-error", "skip", json=True, status=3)
    assert outcomes(answer.json) == ["added", "refused"]
    assert clinic("doctor", "show", "RAO")["name"] == "Dr. Vikram Rao"


def test_a_capacity_that_displaces_patients_is_refused(clinic: Ask, refused: Refused, run: Run, file: Any) -> None:
    clinic("book", "P1", "RAO")
    clinic("book", "P2", "RAO")
    path = file("code,name,capacity\nRAO,Dr. Vikram Rao,1\nMEHTA,Dr. Asha Mehta,5\n")
    refused(6, "has_bookings", "doctor", "import", path)
    assert clinic("doctor", "show", "MEHTA")["capacity"] == 10
    answer = run("doctor", "import", path, "--on-error", "skip", json=True, status=3)
    assert [(row["outcome"], row["reason"]) for row in answer.json["rows"]] == [
        ("refused", "has bookings"),
        ("changed", None),
    ]
    assert [clinic("doctor", "show", each)["capacity"] for each in ("RAO", "MEHTA")] == [3, 5]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("RAO,Dr. Vikram Rao,0", "capacity is a whole number from 1"),
        ("two words,Dr. X,", "Not a doctor's code"),
        ("LEE,,", "The name is empty"),
        ("MEHTA,Dr. Asha Mehta,", "the same doctor as line 2"),
    ],
)
def test_a_bad_row_of_doctors_is_named(clinic: Ask, refused: Refused, file: Any, row: str, reason: str) -> None:
    path = file(f"code,name,capacity\nMEHTA,Dr. Asha Mehta,7\n{row}\n")
    error = refused(65, "bad_file", "doctor", "import", path)
    assert [each["line"] for each in error["details"]["lines"]] == [3]
    assert reason in error["details"]["lines"][0]["reason"]
    assert clinic("doctor", "show", "MEHTA")["capacity"] == 10
