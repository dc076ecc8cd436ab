"""Registration: what speaks against two records being one person, what is filled, and whom the answer names."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from string import ascii_lowercase
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.desk import replay
from clinicctl.desk.imports import patient_plan, patients
from clinicctl.desk.imports.plan import Outdated
from clinicctl.desk.recognition import Namesakes, Person
from clinicctl.results.imports import ImportedPatient, ImportedPatients
from clinicctl.rules import details, import_rows, likelihood, matching
from clinicctl.store.engine import open_store
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

PHONE = ("--phone", "98111 22333")
OTHER_PHONE = ("--phone", "98222 33444")
NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def person(name: str = "Amir Khan", **recorded: Any) -> Person:
    unknown = dict.fromkeys(("phone", "born", "born_year", "born_month", "sex", "email", "note"))
    return Person(**{"name": name, "created_at": NOW} | unknown | recorded)


def numbers(found: dict[str, Any], field: str) -> list[str]:
    return [each["number"] for each in found[field]]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(content: str) -> str:
        path = tmp_path / "people.csv"
        path.write_text(content, "utf-8")
        return str(path)

    return write


# What speaks against it

_SPELLINGS = st.sampled_from(
    ["José Núñez", "Jose Nunez", "Josè Nunez", "Thủy Lê", "Thùy Lê", "Thuỷ Lê", "Amir Khan Jr"]
)
_PEOPLE = st.builds(
    person,
    name=_SPELLINGS | st.text(max_size=8),
    born=st.none() | st.dates(date(1900, 1, 1), date(2030, 1, 1)),
    sex=st.sampled_from([None, "unknown", "female", "male", "other"]),
    created_at=st.dates(date(2000, 1, 1), date(2026, 1, 1)).map(
        lambda on: datetime(on.year, on.month, on.day, tzinfo=UTC)
    ),
)


@given(_PEOPLE, _PEOPLE)
def test_what_speaks_against_two_being_one_is_mutual(one: Person, other: Person) -> None:
    assert set(matching.contradictions(one, other)) == set(matching.contradictions(other, one))


@given(_PEOPLE)
def test_a_record_with_only_a_name_contradicts_nothing(one: Person) -> None:
    assert "accents" not in matching.contradictions(one, one)
    assert matching.contradictions(one, person(one.name, created_at=one.created_at)) in ((), ("birth date",))


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ("José", "Josè", True),
        ("Thủy", "Thùy", True),
        ("Thùy", "Thuỷ", True),
        ("Nguyên", "Nguyễn", True),
        ("Núnez", "Nuñez", True),
        ("Jose", "José", False),
        ("José Nunez", "Jose Núñez", False),
        ("Thúy", "Thuý", False),
        ("Núñez", "Nuñez", False),
        ("José Pérez", "PÉREZ, JOSÉ", False),
        ("José", "Jose\u0301", False),
        ("Sørensen", "Sörensen", False),
        ("مُحَمَّد", "محمّد", False),
        ("שָׂרָה", "שרה", False),
        ("שָׂרָה", "שֹׁרָה", True),
    ],
)
def test_accents_that_both_carry_and_that_differ_speak_against_it(one: str, other: str, differ: bool) -> None:
    assert matching.accents_differ(one, other) is matching.accents_differ(other, one) is differ


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Amir Khan Jr", "Amir Khan Jr.", True),
        ("Amir Khan Jr", "Junior, Amir Khan", True),
        ("Amir Khan II", "Amir Khan 2", True),
        ("Amir Khan 2", "Amir Khan २", True),
        ("V. S. Naipaul", "V S Naipaul", True),
        ("Amir Khan Jr", "Amir Khan", False),
        ("Amir Khan Jr", "Amir Khan Sr", False),
        ("Amir Khan 2", "Amir Khan 3", False),
        ("Amir Khan II", "Amir Khan III", False),
    ],
)
def test_a_mark_of_generation_or_number_tells_two_apart_on_one_phone(
    one: str, other: str, same: bool, clinic: Ask, run: Run
) -> None:
    assert (likelihood.name_likeness(one, other) == matching.SAME) is same
    first = clinic("patient", "add", one, *PHONE)
    answer = run("patient", "add", other, *PHONE, json=True)
    if same:
        assert (answer.status, answer.json["id"]) == (0, first["id"])
    else:
        assert (answer.status, answer.error["code"]) == (6, "possible_duplicate")


@pytest.mark.parametrize(
    ("name", "first", "other_name", "second", "why"),
    [
        (
            "Jaspreet Gill",
            ("--sex", "male", "--age", "30"),
            "Jaspreet Gill",
            ("--sex", "female"),
            "same name, same phone, another sex",
        ),
        ("José Ruiz", (), "Josè Ruiz", (), "same name, same phone, other accents"),
        ("Lê Thủy", (), "Lê Thùy", (), "same name, same phone, other accents"),
        ("Amir Khan Sr", (), "Amir Khan Jr", (), "name 99% similar, same phone, another mark"),
        ("Ravi Kumar", ("--age", "60"), "Ravi Kumar", ("--age", "20"), "another birth date, same name, same phone"),
        (
            "Ravi Kumar",
            ("--born", "1960-01-01"),
            "Ravi Kumar",
            ("--age", "20"),
            "another birth date, same name, same phone",
        ),
    ],
)
def test_a_contradiction_on_file_asks_in_commands_and_imports(
    clinic: Ask, refused: Refused, file: Any, name: str, first: Any, other_name: str, second: Any, why: str | None
) -> None:
    known = clinic("patient", "add", name, *PHONE, *first)
    said = refused(6, "possible_duplicate", "patient", "add", other_name, *PHONE, *second)
    assert numbers(said["details"], "candidates") == [known["number"]]
    assert said["details"]["candidates"][0]["score"] < matching.SAME
    columns, values = (second[0][2:], second[1]) if second else ("note", "")
    said = refused(
        6, "possible_duplicate", "patient", "import", file(f"name,phone,{columns}\n{other_name},9811122333,{values}\n")
    )
    assert numbers(said["details"], "candidates") == [known["number"]]
    assert clinic("patient", "show", known["number"])["sex"] == known["sex"]
    assert clinic("patient", "add", other_name, *PHONE, *second, "--new")["created"]
    whys = [each["why"] for each in clinic("patient", "duplicates")]
    assert whys == [why]


def test_nobody_is_born_after_the_record_was_made(clinic: Ask, refused: Refused) -> None:
    with freeze_time("2016-06-01 06:00:00"):
        clinic("patient", "add", "Arjun Rao", *PHONE)
    with freeze_time("2026-06-01 06:00:00"):
        refused(6, "possible_duplicate", "patient", "add", "Arjun Rao", *PHONE, "--born", "2024-03-01")
        refused(6, "possible_duplicate", "patient", "add", "Arjun Rao", *PHONE, "--age", "2")
        assert clinic("patient", "add", "Arjun Rao", *PHONE, "--born", "2014-03-01")["filled"] == ["born"]


# Somebody of the name elsewhere


@pytest.mark.parametrize("phone", [OTHER_PHONE, ("--phone", "none")])
@pytest.mark.parametrize("first_phone", [PHONE, ("--phone", "none")])
def test_the_same_name_on_another_phone_is_a_notice_and_no_refusal(
    phone: Any, first_phone: Any, clinic: Ask, refused: Refused
) -> None:
    known = clinic("patient", "add", "Zoë Quux", *first_phone, "--sex", "female", "--age", "40")
    assert (known["similar_on_file"], known["similar_on_file_count"]) == ([], 0)
    added = clinic("patient", "add", "QUUX zoe", *phone, "--sex", "female", "--key", "k")
    assert added["created"] is True
    (similar,) = added["similar_on_file"]
    error = refused(6, "possible_duplicate", "patient", "add", "Zoë Quu", *PHONE) if first_phone == PHONE else None
    if error:
        (candidate,) = error["details"]["candidates"]
        differ = dict.fromkeys(("score", "why", "choose"))
        assert similar | differ == candidate | differ
    assert (similar["number"], added["similar_on_file_count"]) == (known["number"], 1)
    assert added == clinic("patient", "add", "QUUX zoe", *phone, "--sex", "female", "--key", "k") | {"replayed": False}
    why = "another phone" if (first_phone, phone) == (PHONE, OTHER_PHONE) else "no phone"
    assert [each["why"] for each in clinic("patient", "duplicates")] == [f"same name, {why}"]
    against = clinic("patient", "add", "Zoë Quux", "--phone", "98333 44555", "--sex", "male")
    assert against["similar_on_file"] == []


def test_a_birth_date_that_agrees_asks_and_one_that_differs_says_nothing(clinic: Ask, refused: Refused) -> None:
    clinic("patient", "add", "Zoë Quux", *PHONE, "--born", "1990-05-05")
    refused(6, "possible_duplicate", "patient", "add", "Zoë Quux", *OTHER_PHONE, "--born", "1990-05-05")
    other = clinic("patient", "add", "Zoë Quux", *OTHER_PHONE, "--born", "1971-11-23")
    assert other["similar_on_file"] == []
    forced = clinic("patient", "add", "Zoë Quux", "--phone", "none", "--born", "1990-05-05", "--new")
    assert numbers(forced, "similar_on_file") == ["P3"]
    assert [each["why"] for each in clinic("patient", "duplicates")] == ["same birth date, same name, no phone"]


def test_a_person_is_told_who_is_similar_and_how_to_make_one_of_two(clinic: Ask, run: Run) -> None:
    said = run("patient", "add", "Mumtaz Anwar", *OTHER_PHONE, "-o", "table", status=0).stdout
    assert "Possible match: P2 Mumtaz Anwar (same name, another phone)." in said
    assert "clinicctl patient merge P3 --into P2" in said
    assert "clinicctl patient distinct P2 P3" in said
    assert "P2" in run("patient", "add", "Mumtaz Anwar", "--phone", "none", "-o", "csv", status=0).stdout


def test_a_row_of_a_file_has_the_notice_and_is_registered(clinic: Ask, run: Run, file: Any) -> None:
    path = file("name,phone\nMumtaz Anwar,98222 33444\nLeo Adler,98111 00000\nLeo Adler,none\nNew Person,\n")
    imported = clinic("patient", "import", path)
    assert [(row["patient"], row["similar_on_file"], row["similar_on_file_count"]) for row in imported["rows"]] == [
        ("P3", ["P2"], 1),
        ("P4", [], 0),
        ("P5", ["P4"], 1),
        ("P6", [], 0),
    ]
    again = clinic("patient", "import", path)
    assert (again["unchanged"], again["added"]) == (4, 0)
    answer = run("patient", "import", file("name,phone\nMumtaz Anwar,98333 33444\n"), "-o", "table", status=0)
    assert "1 with a similar patient on another phone" in answer.stdout


@pytest.mark.parametrize("restored", [False, True])
def test_a_change_that_makes_two_alike_says_so(restored: bool, clinic: Ask, run: Run) -> None:
    clinic("patient", "add", "Zoë Quux", *PHONE, "--sex", "female")
    if restored:
        clinic("patient", "archive", "P2")
        clinic("patient", "edit", "P3", "--name", "Mumtaz Anwar", "--phone", "91234 56789")
        changed = clinic("patient", "restore", "P2", "--key", "k")
        assert numbers(changed, "similar_on_file") == ["P3"]
        return
    for options, found in (
        (("--name", "Mumtaz Anwar"), [("P2", 50)]),
        (("--phone", "91234 56789"), [("P2", 100)]),
        (("--sex", "male"), [("P2", 100)]),
        (("--name", "Mumtaz Anwer"), [("P2", 90)]),
        (("--name", "Oliver Novak"), []),
    ):
        changed = clinic("patient", "edit", "P3", *options, "--key", str(options))
        assert [
            (each["number"], each["score"] >= score)
            for each, (_, score) in zip(changed["similar_on_file"], found, strict=True)
        ] == [(number, True) for number, _ in found]
        assert clinic("patient", "edit", "P3", *options, "--key", str(options)) == changed | {"replayed": True}
    said = run("patient", "edit", "P3", "--name", "Mumtaz Anwar", "-o", "table", status=0).stdout
    assert "clinicctl patient merge P3 --into P2" in said


# A phone that identifies nobody


def unlike(count: int) -> list[str]:
    """So many names, none like another."""
    random = Random(9)
    return [" ".join("".join(random.choices(ascii_lowercase, k=9)) for _ in range(2)) for _ in range(count)]


def test_a_phone_that_more_than_fifty_share_identifies_nobody(clinic: Ask, run: Run, file: Any) -> None:
    clinic("patient", "import", file("name,phone\n" + "".join(f"{name},98888 88888\n" for name in unlike(49))))
    crowd = ("--phone", "98888 88888")
    first = clinic("patient", "add", "Zoë Quux", *crowd)
    assert (first["phone_shared_by_many"], first["shares_phone_with_count"], len(first["shares_phone_with"])) == (
        False,
        49,
        20,
    )
    assert clinic("patient", "add", "Zoë Quux", *crowd)["created"] is False
    clinic("patient", "add", "Oliver Novak", *crowd)
    added = clinic("patient", "add", "Zoë Quux", *crowd)
    assert (added["created"], added["phone_shared_by_many"]) == (True, True)
    assert numbers(added, "similar_on_file") == [first["number"]]
    assert added["phone"] == "+919888888888"
    said = run("patient", "add", "Sven Olsen", *crowd, "-o", "table", status=0).stdout
    assert "53 patients share this phone: it does not identify anybody." in said
    assert "and 32 more" in said
    pairs = [each["why"] for each in clinic("patient", "duplicates")]
    assert pairs == ["same name, no phone"]


def test_a_name_that_more_than_fifty_share_identifies_nobody(clinic: Ask, run: Run, file: Any) -> None:
    rows_ = "".join(f"Mohammed Khan,97{nth * 7919:08},\n" for nth in range(60))
    assert clinic("patient", "import", file(f"name,phone,born\n{rows_}"))["added"] == 60
    known = clinic("patient", "add", "Mohammed Khan", "--phone", "96000 00001", "--born", "1980-02-01")
    added = clinic("patient", "add", "Mohammed Khan", *PHONE)
    assert (added["created"], added["name_shared_by_many"], added["similar_on_file"]) == (True, True, [])
    assert clinic("patient", "add", "Mohammed Khan", *PHONE)["number"] == added["number"]
    said = run("patient", "add", "Khan Mohammed", *OTHER_PHONE, "-o", "table", status=0).stdout
    assert "Many patients have this name: without more, it does not identify anybody." in said
    near = clinic("patient", "add", "Mohammed Khan", "--phone", "96000 00011")
    assert numbers(near, "similar_on_file") == [known["number"]]
    error = run("patient", "add", "Mohammed Khan", "--phone", "none", "--born", "1980-02-01", json=True, status=6).error
    assert [each["number"] for each in error["details"]["candidates"]] == [known["number"]]


def test_a_placeholder_in_a_file_is_no_phone_on_any_run(clinic: Ask, run: Run, file: Any) -> None:
    people = [f"{name},98888 88888," for name in unlike(60)]
    path = file(
        "\n".join(
            ["name,phone,born", *people, "Zoë Quux,98888 88888,1990-05-05", "Zoë Quux,98888 88888,1971-11-23", ""]
        )
    )
    assert clinic("patient", "import", path)["added"] == 62
    again = clinic("patient", "import", path)
    assert (again["added"], again["unchanged"]) == (0, 62)
    grown = file("name,phone,born\nZoë Quux,98888 88888,1990-05-05\nZoë Quux,98888 88888,\n")
    answer = run("patient", "import", grown, "--on-error", "skip", json=True, status=3).json
    assert [(row["patient"], row["outcome"], row["candidates"]) for row in answer["rows"]] == [
        ("P63", "unchanged", []),
        (None, "refused", ["P63", "P64"]),
    ]


# What is said about somebody on file


def test_details_fill_what_is_empty_and_nothing_else(clinic: Ask, database: str) -> None:
    clinic("patient", "add", "Zoë Quux", *PHONE, "--age", "40")
    known = clinic("patient", "show", "P3")
    born = f"{int(known['created_at'][:4]) - 40}-01-01"
    args = (
        *("patient", "add", "zoe quux", *PHONE, "--born", born, "--sex", "female", "--email", "zoe@example.org"),
        *("--note", "allergic to penicillin", "--key", "k"),
    )
    filled = clinic(*args)
    assert (filled["created"], filled["filled"], filled["not_taken"]) == (False, ["born", "sex", "email", "note"], [])
    assert (filled["born"], filled["note"], filled["name"]) == (born, "allergic to penicillin", "Zoë Quux")
    assert clinic(*args) == filled | {"replayed": True}
    same = clinic(*args[:-2])
    assert (same["filled"], same["not_taken"]) == ([], [])
    other = clinic(
        *("patient", "add", "Zoë Quux", *PHONE, "--sex", "unknown", "--email", "other@example.org", "--note", "tall")
    )
    assert (other["filled"], other["not_taken"]) == ([], ["email", "note"])
    assert clinic("patient", "show", "P3") == known | {
        "born": born,
        "born_estimated": None,
        "age": other["age"],
        "sex": "female",
        "email": "zoe@example.org",
        "note": "allergic to penicillin",
    }
    kept = str(stored.rows(database, "SELECT * FROM journal"))
    assert not any(each in kept for each in ("penicillin", "zoe@", born, "Quux", "tall"))
    assert "'born'" in kept or '"born"' in kept


def test_a_dry_run_fills_nothing(clinic: Ask) -> None:
    dry = clinic("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789", "--note", "tall", "--dry-run")
    assert (dry["filled"], clinic("patient", "show", "P2")["note"]) == (["note"], None)


def test_the_one_named_by_same_as_is_filled_and_what_differs_is_named(clinic: Ask, run: Run) -> None:
    clinic("patient", "add", "Zoë Quux", "--phone", "none", "--sex", "female", "--born", "1990-05-05")
    found = clinic(
        "patient", "add", "Zoe Quuux", *PHONE, "--sex", "male", "--age", "3", "--note", "tall", "--same-as", "P3"
    )
    assert (found["filled"], found["not_taken"]) == (["phone", "note"], ["name", "age", "sex"])
    shown = clinic("patient", "show", "P3")
    assert (shown["phone"], shown["sex"], shown["born"], shown["name"]) == (
        "+919811122333",
        "female",
        "1990-05-05",
        "Zoë Quux",
    )
    assert clinic("patient", "find", "98111 22333")[0]["number"] == "P3"
    said = run("patient", "add", "Zoë Quux", *PHONE, "--note", "short", "-o", "table", status=0).stdout
    assert "Not applied, because the record differs: note" in said


def test_a_row_of_a_file_fills_and_names_what_it_does_not_take(clinic: Ask, run: Run, file: Any) -> None:
    path = file(
        "name,phone,sex,note\nMumtaz Anwar,91234 56789,f,tall\nMumtaz Anwar,91234 56789,,short\n"
        "Leo Adler,98111 00000,,\nLeo Adler,98111 00000,m,\nLeo Adler,98111 00000,,slim\n"
    )
    imported = clinic("patient", "import", path, "--key", "k")
    assert [
        (row["patient"], row["outcome"], row["filled"], row["not_taken"], row["reason"]) for row in imported["rows"]
    ] == [
        ("P2", "changed", ["sex", "note"], [], None),
        ("P2", "unchanged", [], ["note"], None),
        ("P3", "added", [], [], None),
        ("P3", "changed", ["sex"], [], "the same as line 4"),
        ("P3", "changed", ["note"], [], "the same as line 4"),
    ]
    assert (imported["added"], imported["changed"], imported["unchanged"]) == (1, 3, 1)
    assert clinic("patient", "import", path, "--key", "k") == imported | {"replayed": True}
    mumtaz, leo = (clinic("patient", "show", each) for each in ("P2", "P3"))
    assert (mumtaz["sex"], mumtaz["note"], leo["sex"], leo["note"]) == ("female", "tall", "male", "slim")
    again = clinic("patient", "import", path)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 5)
    assert "P2" in [number for each in clinic("audit", "log", "--patient", "P2") for number in each["touched"]]
    assert [each["command"] for each in clinic("audit", "log", "--patient", "P2")] == ["patient add", "patient import"]
    said = run("patient", "import", path, "-o", "table", status=0).stdout
    assert "Not applied" in said
    assert "1 with details not applied" in said


def test_update_changes_what_differs_and_an_empty_cell_changes_nothing(
    clinic: Ask, file: Any, refused: Refused
) -> None:
    clinic("patient", "edit", "P2", "--note", "tall", "--email", "a@example.org", "--sex", "female", "--age", "40")
    path = file("name,phone,note,email,age,sex\nmumtaz ANWAR,9123456789,short,,41,\nAnita Sharma,98765 43210,new,,,\n")
    (kept, _) = clinic("patient", "import", path, "--dry-run")["rows"]
    assert (kept["outcome"], kept["not_taken"], kept["changed"]) == ("unchanged", ["note"], [])
    dry = clinic("patient", "import", path, "--update", "--dry-run")
    imported = clinic("patient", "import", path, "--update")
    assert dry == imported | {"dry_run": True}
    assert [(row["outcome"], row["changed"], row["filled"]) for row in imported["rows"]] == [
        ("changed", ["age", "note"], []),
        ("changed", [], ["note"]),
    ]
    shown = clinic("patient", "show", "P2")
    assert (shown["name"], shown["note"], shown["email"], shown["age"]) == (
        "Mumtaz Anwar",
        "short",
        "a@example.org",
        41,
    )
    assert clinic("patient", "import", path, "--update")["unchanged"] == 2
    refused(
        6, "possible_duplicate", "patient", "import", file("name,phone,sex\nMumtaz Anwar,9123456789,m\n"), "--update"
    )


def test_update_through_a_merged_record_leaves_name_and_phone(clinic: Ask, file: Any) -> None:
    clinic("patient", "merge", "P2", "--into", "P1", "--yes")
    before = clinic("patient", "show", "P1")
    path = file("name,phone,note\nMumtaz Anwar,91234 56789,tall\n")
    (row,) = clinic("patient", "import", path, "--update")["rows"]
    assert (row["patient"], row["not_taken"], row["changed"]) == ("P1", ["name", "phone"], [])
    assert clinic("patient", "show", "P1") == before | {"note": "tall"}


def test_a_plan_does_not_stand_when_somebody_on_file_is_filled_between(clinic: Ask, database: str) -> None:
    sheet = import_rows.read_patients(io.StringIO("name,phone,note\nMumtaz Anwar,91234 56789,tall\n"))
    store = open_store(database, wait=5)
    with store.read(actor="desk") as tx:
        plan = patient_plan.plan_patients(tx, sheet=sheet)
    clinic("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789", "--note", "short")
    with pytest.raises(Outdated), store.write(actor="desk", key="k") as tx:
        patients.add_patients(tx, plan=plan)
    with store.write(actor="desk", key="k") as tx:
        (row,) = patients.add_patients(tx, plan=replace(plan, last=True)).rows
    assert (row.outcome, row.not_taken) == ("unchanged", ("note",))
    assert clinic("patient", "show", "P2")["note"] == "short"


_VALUES = st.none() | st.sampled_from(["a", "b"])
_RECORDS = st.builds(
    person,
    phone=_VALUES,
    born=st.none() | st.sampled_from([date(1980, 2, 1), date(1981, 2, 1)]),
    sex=st.sampled_from([None, "unknown", "female", "male"]),
    email=_VALUES,
    note=_VALUES,
) | st.builds(person, born_year=st.integers(1979, 1982), note=_VALUES)


@given(_RECORDS, _RECORDS, st.booleans())
def test_every_detail_is_on_file_afterwards_or_named(standing: Person, said: Person, update: bool) -> None:
    found = details.changes(standing, said, update=update)
    after = replace(standing, **found.values)
    fields = {"phone": "phone", "born": "born", "sex": "sex", "email": "email", "note": "note"}
    for field, column in fields.items():
        value, before = getattr(said, column), getattr(standing, column)
        empty = (None, "unknown")
        if value in empty:
            assert field not in (*found.filled, *found.changed, *found.not_taken)
            continue
        named = field in found.not_taken
        assert (getattr(after, column) == value) is not named
        assert (field in found.filled) <= (before in empty)
        assert (field in found.changed) <= update
    assert after.born is None or after.born_year is None
    assert bool(found.values) == bool(found.filled or found.changed)
    assert not details.changes(after, said, update=update).values


# Lists are short and counts are right


def test_lists_in_answers_and_errors_have_twenty_members_and_their_count(clinic: Ask, run: Run, file: Any) -> None:
    clinic("patient", "import", file("name,phone\n" + "".join(f"Zoë Quux,98111 1{at:04}\n" for at in range(30))))
    added = clinic("patient", "add", "Zoë Quux", "--phone", "none")
    assert (len(added["similar_on_file"]), added["similar_on_file_count"]) == (20, 30)
    scores = [each["score"] for each in added["similar_on_file"]]
    assert scores == sorted(scores, reverse=True)
    error = run("patient", "show", "quux", json=True, status=5).error["details"]
    assert (len(error["candidates"]), error["candidates_count"]) == (20, 31)
    (row,) = clinic("patient", "import", file("name,phone\nZoë Quux,98222 22222\n"))["rows"]
    assert (len(row["similar_on_file"]), row["similar_on_file_count"]) == (20, 31)
    told = run("patient", "show", "quux", status=5).stderr.splitlines()
    assert len(told) == 23
    assert told[21].strip() == "… and 12 more"


def test_those_who_share_a_phone_come_with_similar_names_first(clinic: Ask) -> None:
    clinic("patient", "add", "Zoë Quux", *PHONE)
    clinic("patient", "add", "Oliver Novak", *PHONE)
    clinic("patient", "add", "Sven Olsen", *PHONE)
    added = clinic("patient", "add", "Sven Olson", *PHONE, "--new")
    assert (numbers(added, "shares_phone_with"), added["shares_phone_with_count"]) == (["P5", "P3", "P4"], 3)


@given(st.lists(_PEOPLE, max_size=12), _PEOPLE)
def test_groups_of_namesakes_find_the_same_as_comparing_with_everybody(people: list[Person], who: Person) -> None:
    known = [replace(each, name="Amir Khan") for each in people]
    for number, each in enumerate(known):
        each.phone = f"+{number}"
    who.name = "Amir Khan"
    rows_ = [_Numbered(each, number) for number, each in enumerate(known, 1)]
    found = Namesakes(rows_).agreeing(who)
    expected = {each.number for each in rows_ if not matching.contradictions(who, each)}
    # Within the year of the birth, a group has one record stand for all.
    if who.born is None or all(each.created_at.year != who.born.year for each in known):
        assert {row.number for row, _ in found.members} == expected
        assert found.total == len(expected)


class _Numbered:
    def __init__(self, person: Person, number: int) -> None:
        self.person, self.number = person, number

    def __getattr__(self, name: str) -> Any:
        return getattr(self.person, name)


# What older versions wrote into the journal


def test_an_import_and_a_registration_of_an_older_version_are_read(clinic: Ask, database: str) -> None:
    result = ImportedPatients(added=1, unchanged=0, refused=0, rows=(ImportedPatient(2, "P1", "added", None),))  # type: ignore[arg-type]
    kept = json.loads(json.dumps(replay.stored(result)))
    older = replay._pack([replay._column(each) for each in ((2,), ("P1",), ("added",), (None,), ((),))])
    kept["result"]["rows"] = older
    del kept["result"]["changed"]
    registered = {"type": "Registered", "listed": False, "result": clinic("patient", "show", "P1")}
    registered["result"] |= {"created": True, "shares_phone_with": []}
    for personal in ("name", "phone", "born", "age", "sex", "email", "note"):
        registered["result"].pop(personal)
    with open_store(database, wait=5).read(actor="desk") as tx:
        assert replay.result(tx, kept).rows == result.rows
        assert replay.result(tx, registered).shares_phone_with_count == 0
