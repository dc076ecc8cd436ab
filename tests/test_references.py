"""References as people type them: plain numbers, the last digits of a phone, parts of names, misspelt names."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_group

from clinicctl.cli import app, fast_parse
from clinicctl.desk import lookup, similar
from clinicctl.rules import likelihood, matching, references
from clinicctl.rules.references import PatientRef
from clinicctl.rules.text import fold, search_words
from clinicctl.store.engine import open_store
from tests import stored
from tests.statements import Statements
from tests.test_keeping import older

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def numbers(found: list[dict[str, Any]]) -> list[str]:
    return [each["number"] for each in found]


def choices(error: dict[str, Any]) -> list[str]:
    return [each["choose"] for each in error["details"]["candidates"]]


# Plain numbers


def test_a_plain_number_is_an_appointment_or_a_waitlist_entry(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("waitlist", "add", "P2", "MEHTA", "+2d")
    assert clinic("appointment", "show", "1")["number"] == "A1"
    assert clinic("appointment", "history", "1")[0]["to_status"] == "booked"
    assert clinic("audit", "log", "--appointment", "1")[0]["command"] == "book"
    assert clinic("waitlist", "remove", "1")["number"] == "W1"
    refused(2, "invalid_value", "appointment", "show", "0")
    refused(4, "appointment_not_found", "appointment", "show", "2")


def test_a_plain_number_is_a_patient_when_no_phone_ends_so(clinic: Ask, refused: Refused) -> None:
    assert clinic("patient", "show", "2")["number"] == "P2"
    assert clinic("book", "1", "MEHTA")["patient"]["number"] == "P1"
    refused(4, "patient_not_found", "patient", "show", "02")
    stored.change(os.environ["CLINICCTL_DB"], "UPDATE patients SET number = 3210 WHERE number = 2")
    assert numbers(clinic("patient", "find", "3210")) == ["P1"], "the phone of P1 ends so"
    assert numbers(clinic("patient", "find", "P3210")) == ["P3210"]


@pytest.fixture
def both(clinic: Ask) -> Ask:
    """A2 is not P2's: both could be checked in, or cancelled, today."""
    clinic("book", "P2", "RAO")
    clinic("book", "P1", "MEHTA")
    return clinic


@pytest.mark.parametrize("command", ["checkin", "appointment cancel", "appointment move", "appointment no-show"])
def test_a_number_of_an_appointment_and_of_a_patient_is_ambiguous(command: str, both: Ask, refused: Refused) -> None:
    more = ["+3d"] if command.endswith("move") else []
    error = refused(5, "ambiguous", *command.split(), "2", *more)
    assert set(choices(error)) == {"A1", "A2"}
    assert both(*command.split(), "A2", *more, "-n")["dry_run"]


def test_a_number_that_only_one_can_be_is_not_ambiguous(both: Ask, refused: Refused) -> None:
    both("checkin", "A1")
    assert both("checkin", "2")["appointment"]["number"] == "A2"
    both("patient", "add", "Ravi Gupta", "--phone", "none")
    both("patient", "add", "Noor Khan", "--phone", "none")
    both("book", "P4", "MEHTA")
    assert both("appointment", "cancel", "4")["number"] == "A3", "there is no A4"
    refused(4, "appointment_not_found", "appointment", "cancel", "5")
    refused(4, "appointment_not_found", "checkin", "5")


# The patient instead of the appointment


def test_a_patient_with_one_booked_appointment_stands_for_it(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    assert clinic("appointment", "move", "anita", "+2d")["moved_from"] == "A1"
    assert clinic("appointment", "cancel", "3210", "--by", "clinic")["number"] == "A2"
    error = refused(4, "appointment_not_found", "appointment", "cancel", "anita")
    assert error["message"] == "P1 has no booked appointment."
    clinic("book", "P1", "MEHTA", "tomorrow")
    error = refused(4, "appointment_not_found", "appointment", "no-show", "anita")
    assert error["message"].startswith("P1 has no booked appointment up to ")
    clinic("book", "P1", "RAO")
    assert clinic("appointment", "no-show", "anita")["number"] == "A4"
    refused(4, "patient_not_found", "appointment", "cancel", "nobody")
    refused(4, "appointment_not_found", "appointment", "cancel", "A99")


def test_several_booked_appointments_are_listed_to_choose_from(clinic: Ask, refused: Refused, run: Run) -> None:
    clinic("book", "P1", "RAO", "+2d")
    clinic("book", "P1", "MEHTA", "tomorrow")
    error = refused(5, "ambiguous", "appointment", "cancel", "anita")
    assert choices(error) == ["A2", "A1"]
    assert "A2" in error["hint"]
    assert run("appointment", "cancel", "anita", status=5).stderr.splitlines()[1].startswith("  A2  P1  Anita")


def test_of_several_patients_the_one_with_an_appointment_is_meant(clinic: Ask, refused: Refused) -> None:
    clinic("patient", "add", "Anita Verma", "--phone", "none")
    assert choices(refused(5, "ambiguous", "appointment", "cancel", "anita")) == ["P1", "P3"]
    clinic("book", "P3", "MEHTA", "tomorrow")
    assert clinic("appointment", "cancel", "anita", "-n")["patient"]["number"] == "P3"
    clinic("book", "P1", "MEHTA", "tomorrow")
    assert choices(refused(5, "ambiguous", "appointment", "cancel", "anita")) == ["A1", "A2"]


def test_a_waitlist_entry_follows_a_cancellation_by_patient(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("waitlist", "add", "P2", "MEHTA", "tomorrow")
    assert clinic("appointment", "cancel", "anita", "--promote")["promoted"]["patient"]["number"] == "P2"


@pytest.mark.parametrize(
    ("command", "more"), [("appointment cancel", []), ("appointment move", ["+2d"]), ("appointment no-show", [])]
)
def test_a_retry_by_patient_is_answered_as_before(command: str, more: list[str], clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "today")
    first = clinic(*command.split(), "anita", *more, "--key", "k")
    for again in ("anita", "ANITA", "P1", "3210"):
        assert clinic(*command.split(), again, *more, "--key", "k") == first | {"replayed": True}
    for other in ("mumtaz", "nobody"):
        refused(6, "key_reused", *command.split(), other, *more, "--key", "k")


# Doctors


@pytest.fixture
def doctors(clinic: Ask) -> Ask:
    clinic("doctor", "add", "MENON", "Dr. Asha Menon")
    clinic("doctor", "add", "ALI", "Dr. Zoë O'Hara-Ali")
    clinic("doctor", "add", "X1", "Доктор Иван Петров")
    clinic("doctor", "add", "X2", "Dr. Alina Roy")
    return clinic


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("mehta", "MEHTA"),
        ("meh", "MEHTA"),
        ("vik", "RAO"),
        ("Vikram", "RAO"),
        ("rao vik", "RAO"),
        ("asha men", "MENON"),
        ("zoe", "ALI"),
        ("hara", "ALI"),
        ("ali", "ALI"),
        ("ива", "X1"),
        ("петров", "X1"),
        ("alin", "X2"),
    ],
)
def test_a_doctor_is_found_by_code_prefix_or_name(typed: str, code: str, doctors: Ask) -> None:
    assert doctors("doctor", "show", typed)["code"] == code
    assert doctors("book", "P1", typed)["doctor"]["code"] == code
    assert {each["doctor"] for each in doctors("free", typed)} == {code}
    assert {each["doctor"] for each in doctors("day", "--doctor", typed)} == {code}


def test_several_doctors_are_listed_to_choose_from(doctors: Ask, refused: Refused, run: Run) -> None:
    error = refused(5, "ambiguous", "book", "P1", "asha")
    assert error["details"]["candidates"] == [
        {"code": "MEHTA", "name": "Dr. Asha Mehta", "choose": "MEHTA"},
        {"code": "MENON", "name": "Dr. Asha Menon", "choose": "MENON"},
    ]
    assert error["message"] == "2 doctors match."
    lines = run("queue", "call", "me", status=5).stderr.splitlines()
    assert lines[1:] == ["  MEHTA  Dr. Asha Mehta", "  MENON  Dr. Asha Menon", "  Use a code, for example MEHTA."]
    for typed in ("zz", "%", "mehtaa", "vik sharma"):
        refused(4, "doctor_not_found", "book", "P1", typed)


def test_a_whole_word_of_a_name_comes_before_a_beginning(doctors: Ask) -> None:
    doctors("doctor", "add", "Q1", "Dr. Ro Singh")
    assert doctors("doctor", "show", "ro")["code"] == "Q1", "not Dr. Roy"


def test_an_archived_doctor_is_found_by_the_code_alone(doctors: Ask, refused: Refused) -> None:
    doctors("doctor", "archive", "MENON")
    assert doctors("doctor", "show", "asha")["code"] == "MEHTA"
    refused(4, "doctor_not_found", "doctor", "show", "meno")
    assert doctors("doctor", "restore", "menon")["code"] == "MENON"


def test_a_retry_with_another_reference_to_the_doctor_is_replayed(doctors: Ask, refused: Refused) -> None:
    first = doctors("book", "P1", "meh", "--key", "k")
    for typed in ("MEHTA", "asha meh", first["doctor"]["id"]):
        assert doctors("book", "P1", typed, "--key", "k")["replayed"]
    for typed in ("RAO", "asha"):
        refused(6, "key_reused", "book", "P1", typed, "--key", "k")


def test_a_word_for_a_doctor_that_is_no_code_is_not_remembered() -> None:
    kept = fast_parse.without_people(get_group(app), ["book", "P1", "asha meh", "today"], ["MEHTA"])  # type: ignore[arg-type]
    assert kept == ["book", "P1", "_", "today"]
    kept = fast_parse.without_people(get_group(app), ["appointment", "cancel", "neha"], ["MEHTA"])  # type: ignore[arg-type]
    assert kept == ["appointment", "cancel", "_"]


# Parts of names

NAMES = {
    "Seán O'Neill": ["neill", "o neill", "oneill", "o'neill", "O’NEILL", "sean neil"],
    "Petra Müller-Meier": ["meier", "muller", "müller-meier", "petra mei"],
    "Saʼid al-Dīn": ["said", "id", "din", "al-din"],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_a_name_finds_the_patient(name: str, clinic: Ask) -> None:
    added = clinic("patient", "add", name, "--phone", "none")
    for typed in NAMES[name]:
        assert numbers(clinic("patient", "find", typed)) == [added["number"]], typed
    clinic("patient", "import", "-", stdin=f"name,phone\n{name} Kumar,90000 00009\n")
    assert clinic("patient", "show", f"{NAMES[name][0]} kumar")["name"] == f"{name} Kumar"
    assert clinic("patient", "edit", "P1", "--name", f"{name} Rao")["name"] == f"{name} Rao"
    assert clinic("patient", "show", f"{NAMES[name][0]} rao")["number"] == "P1"
    assert clinic("db", "check")["sound"]


@pytest.mark.file
def test_a_migration_completes_the_words_of_names(clinic: Ask, tmp_path: Path) -> None:
    clinic("patient", "add", "Seán O'Neill", "--phone", "none")
    old = older(str(tmp_path / "clinic.db"), str(tmp_path / "old.db"), 2)
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("DELETE FROM patient_words WHERE word IN ('o', 'neill')")
    backup = str(tmp_path / "backup.db")
    with closing(sqlite3.connect(old)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    assert clinic("db", "migrate", "--db", old)["found"] == 2
    assert numbers(clinic("patient", "find", "neill", "--db", old)) == ["P3"]
    assert clinic("db", "check", "--db", old)["sound"]
    clinic("db", "restore", backup, "--yes")
    assert numbers(clinic("patient", "find", "neill")) == ["P3"]


@given(st.text(max_size=30))
def test_the_words_of_a_search_are_those_of_the_folded_name_and_more(name: str) -> None:
    assert search_words(name) >= set(fold(name).split())


@given(st.text(st.sampled_from("0123456789 -٣२"), max_size=14))
def test_digits_are_plain_digits_of_any_script(text: str) -> None:
    found = references.digits(text)
    assert found == "" or (found.isascii() and found.isdecimal())
    assert references.digits(f"{text}x") == ""


# Misspelt names


@pytest.mark.parametrize(
    "typed",
    ["sharam", "shrama", "xsharma", "anitta", "anita sharam", "aneeta shrma", "sarma anita", "zharma"],
)
def test_a_misspelt_name_lists_the_patients_meant(typed: str, clinic: Ask, refused: Refused, run: Run) -> None:
    error = refused(4, "patient_not_found", "book", typed, "MEHTA")
    assert choices(error) == ["P1"]
    assert error["details"]["candidates"][0]["score"] >= matching.NEAR
    assert typed not in str(error)
    assert "9876543210" not in str(error)
    refused(4, "patient_not_found", "checkin", typed)
    refused(4, "patient_not_found", "appointment", "cancel", typed)
    (found,) = clinic("patient", "find", typed)
    assert (found["number"], found["score"]) == ("P1", error["details"]["candidates"][0]["score"])
    answer = run("patient", "find", typed, "-o", "table", status=0)
    assert answer.stderr == "clinicctl: No exact match. These names are similar:\n"
    assert f"{found['score']}%" in answer.stdout


@pytest.mark.parametrize("typed", ["nobody", "zyxwin", "98765 43211", "!", "sh"])
def test_what_resembles_nobody_lists_nobody(typed: str, clinic: Ask, run: Run) -> None:
    clinic("patient", "edit", "P1", "--name", "Anita Verma")
    answer = run("patient", "find", typed, json=True, status=0)
    assert (answer.json, answer.stderr) == ([], "")
    assert "candidates" not in run("patient", "show", typed, json=True, status=4).error["details"]


def test_a_match_has_no_score_and_the_columns_are_the_same(clinic: Ask, run: Run) -> None:
    assert [each["score"] for each in clinic("patient", "find", "anita")] == [None]
    headers = {
        run("patient", "find", typed, "-o", "csv", status=0).stdout.splitlines()[0]
        for typed in ("anita", "anitta", "nobody")
    }
    assert len(headers) == 1


def test_the_log_of_a_misspelt_name_has_no_name(
    clinic: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "desk.log"
    monkeypatch.setenv("CLINICCTL_LOG", str(log))
    run("patient", "show", "sharam", status=4)
    run("book", "P1", "asha mehtaa", status=4)
    written = log.read_text().lower()
    assert "patient_not_found" in written
    assert not any(each in written for each in ("sharam", "sharma", "anita", "mehta", "98765"))


def test_archived_and_merged_records_lead_to_patients_on_file(clinic: Ask, refused: Refused) -> None:
    clinic("patient", "add", "Anitra Sharmila", "--phone", "none", "--new")
    clinic("patient", "merge", "P3", "--into", "P2", "--yes")
    assert choices(refused(4, "patient_not_found", "patient", "show", "sharmilla")) == ["P2"]
    clinic("patient", "archive", "P1")
    assert clinic("patient", "find", "anita sharam") == []


def test_a_line_with_a_similar_name_leaves_nobody_in_the_shell(
    clinic: Ask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    answer = run("shell", stdin="patient find sharam\nbook . MEHTA\n", status=2)
    assert "`.` means no patient" in answer.stderr
    assert clinic("appointment", "list") == []


MADE = "2026-11-01 00:00:00.000000"


@pytest.fixture
def many(clinic: Ask) -> Iterator[Any]:
    """A clinic of 5,000 patients, all with one family name and 2,500 given names of one beginning."""
    people, words = [], []
    for nth in range(5_000):
        word = "sh" + "".join(chr(97 + nth % 2_500 // 26**place % 26) for place in range(3))
        identity = f"{nth:032x}"
        people.append(f"('{identity}', {100 + nth}, '{word} khan', 'khan {word}', 'unknown', '{MADE}', '{MADE}')")
        words += [f"('{word}', '{identity}')", f"('khan', '{identity}')"]
    stored.change(
        os.environ["CLINICCTL_DB"],
        "INSERT INTO patients (id, number, name, name_key, sex, created_at, updated_at) VALUES " + ", ".join(people),
        "INSERT INTO patient_words VALUES " + ", ".join(words),
    )
    with open_store(os.environ["CLINICCTL_DB"], wait=5).read(actor="desk") as tx:
        yield tx


def test_a_search_for_similar_names_reads_a_bounded_number_of_rows(
    many: Any, clinic: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared, looked_at = list[str](), list[int]()
    likeness, like_words = likelihood.name_likeness, matching.like_words

    def counted(one: str, other: str) -> int:
        compared.append(other)
        return likeness(one, other)

    def looked(word: str, known: set[str]) -> list[str]:
        looked_at.append(len(known))
        return like_words(word, known)

    monkeypatch.setattr(likelihood, "name_likeness", counted)
    monkeypatch.setattr(matching, "like_words", looked)
    for typed in ("khhan", "shabab khhan", "shaam khaan"):
        compared.clear()
        assert 0 < len(lookup.list_similar(many, PatientRef(typed))) <= 20
        assert len(compared) <= similar.MOST_ROWS * (1 + len(typed.split()))
    assert max(looked_at) <= similar.MOST_WORDS
    statements = Statements()
    with statements.heard():
        clinic("patient", "find", "shaam khaan")
    assert len(statements.all) < 150
