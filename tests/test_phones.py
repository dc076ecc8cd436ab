"""Phones that are valid, phones that are only possible, what spreadsheets make of them; and titles without a name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.desk import demo
from clinicctl.errors import BadValue
from clinicctl.rules import phones, text
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

POSSIBLE = "98765 432100"
"""Eleven digits: so long can a number of India be, but none that begins with 9."""
STORED = "+9198765432100"

HOLD_A_PHONE = [
    ("patient", "add", "Zoë Quux", "--phone"),
    ("patient", "edit", "P1", "--phone"),
]


@pytest.mark.parametrize("args", HOLD_A_PHONE, ids=" ".join)
def test_a_possible_phone_needs_a_flag_and_stays_marked(
    args: tuple[str, ...], clinic: Ask, refused: Refused, run: Run
) -> None:
    error = refused(2, "invalid_value", *args, POSSIBLE)
    assert "--unverified-phone" in error["message"]
    assert "98765 432" not in str(error)
    assert len(clinic("patient", "list")) == 2

    taken = clinic(*args, POSSIBLE, "--unverified-phone")
    assert (taken["phone"], taken["phone_unverified"]) == (STORED, True)
    assert clinic("patient", "show", taken["number"])["phone_unverified"] is True
    marked = {each["number"]: each["phone_unverified"] for each in clinic("patient", "list")}
    assert marked.pop(taken["number"]) is True
    assert not any(marked.values())
    shown = run("patient", "show", taken["number"], "-o", "table", status=0).stdout
    assert "phone unverified  yes" in shown
    assert clinic("patient", "edit", taken["number"], "--phone", "98765 43210")["phone_unverified"] is False
    assert "unverified" not in run("patient", "show", taken["number"], "-o", "table", status=0).stdout


def test_the_mark_is_in_the_sentence_of_the_answer(clinic: Ask, run: Run) -> None:
    for args in HOLD_A_PHONE:
        assert "unverified" in run(*args, POSSIBLE, "--unverified-phone", "-o", "table", status=0).stdout
        assert "unverified" not in run(*args, "98111 22333", "-o", "table", status=0).stdout


def test_the_flag_takes_no_phone_of_an_impossible_length(clinic: Ask, refused: Refused) -> None:
    for phone in ("123", "98765 43210 98765", "98765 4321o"):
        refused(2, "invalid_value", "patient", "add", "Zoë", "--phone", phone, "--unverified-phone")


def test_a_key_from_before_the_flag_still_answers(clinic: Ask, refused: Refused) -> None:
    first = clinic("patient", "add", "Zoë", "--phone", POSSIBLE, "--unverified-phone", "--key", "k")
    again = clinic("patient", "add", "Zoë", "--phone", POSSIBLE, "--unverified-phone", "--key", "k")
    assert again == first | {"replayed": True}
    refused(6, "key_reused", "patient", "add", "Zoë", "--phone", POSSIBLE, "--key", "k")


def test_a_stored_phone_that_is_refused_today_is_still_found(clinic: Ask, refused: Refused, database: str) -> None:
    stored.change(
        database,
        "UPDATE patients SET phone = '+9198765432100' WHERE number = 1",
        "UPDATE patient_phones SET ending = '0012345678919' WHERE ending = '0123456789' || '19'",
    )
    for said in ("+9198765432100", "+91 98765 432100"):
        assert [each["number"] for each in clinic("patient", "find", said)] == ["P1"]
    found = clinic("patient", "show", "+91 98765 432100")
    assert (found["number"], found["phone_unverified"]) == ("P1", True)
    assert clinic("patient", "edit", "P1", "--note", "tall")["phone"] == "+9198765432100"
    assert "98765" not in str(refused(4, "patient_not_found", "patient", "show", "9876543210.0"))


@pytest.mark.parametrize(
    ("phone", "why"),
    [
        ("9876543210.0", "decimal point"),
        ("+919876543210.0", "decimal point"),
        ("9876543210,00", "decimal point"),
        ("9.87654E+09", "scientific notation"),
        ("9,87654e+09", "scientific notation"),
        ("9E9", "scientific notation"),
    ],
)
def test_what_a_spreadsheet_made_of_a_phone_is_refused_with_the_reason(
    phone: str, why: str, clinic: Ask, refused: Refused, run: Run
) -> None:
    for args in HOLD_A_PHONE:
        for flag in ([], ["--unverified-phone"]):
            error = refused(2, "invalid_value", *args, phone, *flag)
            assert why in error["message"]
            assert phone not in str(error)
    bad = refused(65, "bad_file", "patient", "import", "-", stdin=f'name,phone\nZoë Quux,"{phone}"\n')
    assert why in str(bad["details"])
    assert phone not in str(bad)
    assert len(clinic("patient", "list")) == 2


@pytest.mark.parametrize(
    "form",
    [
        *("'9876543210", "\u20199876543210", "' 98765 43210", "tel:9876543210", "tel:+91-98765-43210"),
        *("TEL: 98765 43210", "Tel. 98765 43210", "'tel:9876543210"),
        *("[98765] 43210", "<+919876543210>", "{98765}43210", "(9876543210)", "+91 [0] 98765 43210"),
    ],
)
def test_what_programs_put_around_a_phone_is_understood(form: str, clinic: Ask, run: Run) -> None:
    assert clinic("patient", "edit", "P2", "--phone", form)["phone"] == "+919876543210"
    clinic("patient", "import", "-", stdin=f'name,phone\nOliver Novak,"{form}"\n')
    assert clinic("patient", "show", "Oliver")["phone"] == "+919876543210"


@pytest.mark.parametrize(
    "none",
    [
        *("", " ", "n/a", "N/A", "na", "NA", "n.a.", "-", "--", "—", "0", "0000000000"),
        *("none", "NIL", "null", "NaN", "?"),
    ],
)
def test_a_cell_that_says_there_is_no_phone_is_none(none: str, clinic: Ask) -> None:
    found = clinic("patient", "import", "-", stdin=f'name,phone\nOliver Novak,"{none}"\n')
    assert found["added"] == 1
    assert clinic("patient", "show", "Oliver")["phone"] is None


@pytest.mark.parametrize("word", ["n/a", "0", "nil"])
def test_at_the_desk_only_the_word_none_is_none(word: str, clinic: Ask, refused: Refused) -> None:
    assert "none" in refused(2, "invalid_value", "patient", "add", "Zoë", "--phone", word)["hint"]
    assert clinic("patient", "add", "Zoë", "--phone", "None")["phone"] is None


def test_an_import_takes_a_possible_phone_only_with_the_flag(clinic: Ask, refused: Refused) -> None:
    file = f"name,phone\nZoë Quux,{POSSIBLE}\nOliver Novak,98111 22333\n"
    error = refused(65, "bad_file", "patient", "import", "-", stdin=file)
    assert "--unverified-phone" in str(error["details"])
    assert "98765 432" not in str(error)
    done = clinic("patient", "import", "-", "--unverified-phone", stdin=file)
    assert [bool(each["reason"]) for each in done["rows"]] == [True, False]
    assert "unverified" in done["rows"][0]["reason"]
    assert clinic("patient", "show", "Zoë")["phone"] == STORED
    again = clinic("patient", "import", "-", "--unverified-phone", stdin=file)
    assert (again["added"], again["unchanged"]) == (0, 2)


def test_a_file_taken_with_the_flag_registers_nobody_without_a_phone_again(clinic: Ask, run: Run) -> None:
    file = f"name,phone\nZoë Quux,{POSSIBLE}\nOliver Novak,n/a\n"
    clinic("patient", "import", "-", "--unverified-phone", stdin=file)
    for flags in ([], ["--unverified-phone"]):
        status = 0 if flags else 3
        answer = run("patient", "import", "-", "--on-error", "skip", *flags, json=True, stdin=file, status=status)
        assert answer.json["added"] == 0
    assert len(clinic("patient", "list")) == 4


@given(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
def test_the_example_of_every_region_is_a_valid_phone_there(region: str) -> None:
    try:
        phones.e164("1", region=region)
    except BadValue as refused:
        example = str(refused).partition(": ")[2].partition(" or ")[0]
    assert not phones.is_unverified(phones.e164(example, region=region))


@given(st.from_regex(r"\+[1-9][0-9]{5,15}", fullmatch=True), st.sampled_from(["IN", "DE", "US", ""]))
def test_what_is_taken_without_the_flag_is_valid_and_with_it_the_same(phone: str, region: str) -> None:
    try:
        taken = phones.e164(phone, region=region)
    except BadValue:
        return
    assert not phones.is_unverified(taken)
    assert phones.e164(phone, region=region, unverified=True) == taken


def test_every_phone_of_the_demonstration_is_valid() -> None:
    for _, phone, _, _ in demo._PATIENTS:
        assert not phones.is_unverified(phones.e164(phone, region=""))


TITLES = ["Mr.", "mr", "Mrs", "MS.", "Dr", "Prof. Dr.", "Mr. & Mrs.", "Mr and Mrs", "Smt.", "Dr. med.", "Frau", "Mme"]
NAMES = [
    *("Dr. Asha Mehta", "Mr. Li", "Sri", "Miss Ng", "Ng", "Drew", "Mara", "Fr. Tom", "Shri Ram", "Hugh Herr", "Herr"),
    *("Master", "Baby Thomas", "Md. Ali", "And", "Et", "Srinivas", "Mr. T", "Д-р Иванов"),
]


@pytest.mark.parametrize("title", TITLES)
def test_a_title_alone_is_no_name_at_the_desk_or_in_a_file(title: str, clinic: Ask, refused: Refused) -> None:
    for args in (
        ("patient", "add", title, "--phone", "none"),
        ("patient", "edit", "P1", "--name", title),
        ("doctor", "add", "NEW", title),
    ):
        assert "only a title" in refused(2, "invalid_value", *args)["message"]
    assert "only a title" in str(refused(65, "bad_file", "patient", "import", "-", stdin=f"name\n{title}\n")["details"])


@pytest.mark.parametrize("name", NAMES)
def test_a_name_with_a_title_or_like_one_is_a_name(name: str) -> None:
    assert text.name(name) == name


@given(st.lists(st.sampled_from(TITLES), min_size=1, max_size=4).map(" ".join))
def test_titles_in_any_number_are_no_name_until_a_name_follows(titles: str) -> None:
    assert text.is_title(titles)
    assert not text.is_title(f"{titles} Mehta")


# Several phones


def test_a_patient_is_found_by_each_of_several_phones(clinic: Ask, run: Run) -> None:
    added = clinic("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--phone", "+49 151 23456789")
    assert (added["phone"], added["phones"]) == ("+919811122333", ["+919811122333", "+4915123456789"])
    for phone in ("98111 22333", "+49 151 23456789", "0049151 23456789"):
        assert [each["number"] for each in clinic("patient", "find", phone)] == [added["number"]]
    assert clinic("patient", "list")[-1]["phones"] == added["phones"]
    row = run("patient", "list", "-o", "csv", "--header", status=0).stdout.splitlines()
    assert row[0].split(",")[3:5] == ["phone", "born"]
    assert "+919811122333 +4915123456789" in row[-1]


def test_a_second_phone_identifies_the_patient_at_a_registration(clinic: Ask, refused: Refused) -> None:
    first = clinic("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--phone", "98111 44555")
    again = clinic("patient", "add", "Zoe Quux", "--phone", "98111 44555")
    assert (again["created"], again["number"], again["not_taken"]) == (False, first["number"], [])
    near = refused(6, "possible_duplicate", "patient", "add", "Zoe Quuxx", "--phone", "98111 44555")
    assert [each["number"] for each in near["details"]["candidates"]] == [first["number"]]
    other = clinic("patient", "add", "Peter Paul", "--phone", "90000 00001", "--phone", "98111 44555")
    assert [each["number"] for each in other["shares_phone_with"]] == [first["number"]]
    assert clinic("patient", "duplicates") == []
    twin = clinic("patient", "add", "Zoe Quuxx", "--phone", "98111 44555", "--new")
    pair = clinic("patient", "duplicates")
    assert [(each["one"]["number"], each["other"]["number"]) for each in pair] == [(first["number"], twin["number"])]


def test_phones_are_replaced_added_and_removed(clinic: Ask, refused: Refused) -> None:
    def phones_after(*options: str) -> list[str]:
        found: list[str] = clinic("patient", "edit", "P1", *options)["phones"]
        return [each[-3:] for each in found]

    assert phones_after("--add-phone", "98111 22333", "--add-phone", "98111 44555") == ["210", "333", "555"]
    assert phones_after("--add-phone", "98111 22333") == ["210", "333", "555"]
    assert phones_after("--remove-phone", "98765 43210") == ["333", "555"]
    assert clinic("patient", "show", "P1")["phone"] == "+919811122333"
    refused(2, "invalid_value", "patient", "edit", "P1", "--remove-phone", "98765 43210")
    assert phones_after("--phone", "98111 66777", "--phone", "98111 22333") == ["777", "333"]
    assert phones_after("--phone", "none") == []
    assert clinic("patient", "find", "98111 22333") == []
    assert clinic("db", "check")["sound"]


def test_a_patient_has_at_most_ten_phones(clinic: Ask, refused: Refused) -> None:
    eleven = [arg for nth in range(10, 21) for arg in ("--phone", f"98111 000{nth}")]
    assert "at most 10" in refused(2, "invalid_value", "patient", "add", "Zoë Quux", *eleven)["message"]
    assert len(clinic("patient", "add", "Zoë Quux", *eleven[2:])["phones"]) == 10


def test_an_import_reads_several_phones_from_a_cell(clinic: Ask, tmp_path: Path) -> None:
    path = tmp_path / "patients.csv"
    path.write_text("name,phone\nZoë Quux,98111 22333; 98111 44555\nPeter Paul,98111 66777/98111 88999\n")
    first = clinic("patient", "import", str(path))
    assert (first["added"], first["unchanged"]) == (2, 0)
    assert clinic("patient", "find", "98111 88999")[0]["phones"] == ["+919811166777", "+919811188999"]
    again = clinic("patient", "import", str(path))
    assert (again["added"], again["unchanged"]) == (0, 2)


def test_a_merge_and_an_erasure_cover_all_phones(clinic: Ask, database: str) -> None:
    clinic("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--phone", "98111 44555")
    clinic("patient", "add", "Zoé Quuxx", "--phone", "none")
    clinic("patient", "merge", "P3", "--into", "P4", "--yes")
    assert clinic("patient", "show", "P4")["phones"] == ["+919811122333", "+919811144555"]
    assert [each["number"] for each in clinic("patient", "find", "98111 44555")] == ["P4"]
    clinic("patient", "erase", "P4", "--yes")
    assert clinic("patient", "find", "98111 44555") == []
    assert stored.value(database, "SELECT count(*) FROM patient_phones") == 2
    assert clinic("db", "check")["sound"]


def test_registering_again_fills_in_all_phones_of_a_patient_without_one(clinic: Ask) -> None:
    first = clinic("patient", "add", "Zoë Quux", "--phone", "none", "--born", "1980-02-01")
    both = ("--phone", "98111 22333", "--phone", "98111 44555")
    filled = clinic("patient", "add", "Zoë Quux", *both, "--same-as", first["number"])
    assert (filled["filled"], filled["phones"]) == (["phone"], ["+919811122333", "+919811144555"])
    assert clinic("patient", "show", first["number"])["phones"] == filled["phones"]
