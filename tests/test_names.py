"""Who is who: names that are one person, may be one, are two; phones in every form; and how a patient is found."""

import re
import unicodedata
from datetime import date
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from freezegun import freeze_time
from hypothesis import example, given
from hypothesis import strategies as st

from clinicctl.rules import likelihood, matching
from clinicctl.rules.text import fold

TODAY = "2026-11-23 06:00:00"

SAME = [
    ("Anita Sharma", "ANITA sharma"),
    ("Anita Sharma", "Sharma Anita"),
    ("Anita Sharma", "Sharma, Anita"),
    ("Anita Sharma", "  Anita   Sharma "),
    ("José Núñez", "Jose Nunez"),
    ("José Núñez", "Jose\u0301 Nu\u0301n\u0303ez"),
    ("Anne-Marie Roux", "Anne Marie Roux"),
    ("Jean–Luc Roux", "Luc-Jean Roux"),
    ("Seán O'Brien", "Sean O’Brien"),
    ("Seán O'Brien", "Sean O`Brien"),
    ("Seán O'Brien", "Sean OBrien"),
    ("Jürgen Groß", "JURGEN GROSS"),
    ("Łukasz Żółć", "Lukasz Zolc"),
    ("Søren Bæk", "Soren Baek"),
    ("Işıl Yılmaz", "ISIL YILMAZ"),
    ("İsmail Çelik", "Ismail Celik"),
    ("Đặng Thị Ánh", "Dang Thi Anh"),
    ("Семён Щёголев", "СЕМЕН ЩЕГОЛЕВ"),
    ("Γιώργος Παππάς", "ΓΙΩΡΓΟΣ ΠΑΠΠΑΣ"),
    ("שָׂרָה כֹּהֵן", "שרה כהן"),
    ("مُحَمَّد عَلِيّ", "محمد علي"),
    ("أحمد خان", "احمد خان"),
    ("Ａｎｎａ Ｒａｙ", "Anna Ray"),
    ("김민준", unicodedata.normalize("NFD", "김민준")),
]
NEAR = [
    ("Anna Maier", "Anna Meyer"),
    ("Mohammed Khan", "Muhammad Khan"),
    ("Mohammed Khan", "Mohd Khan"),
    ("Yusuf Demir", "Yousef Demir"),
    ("Sergei Ivanov", "Ivanov Sergey"),
    ("Aleksandr Popov", "Alexander Popov"),
    ("Park Ji-hoon", "Park Ji-hun"),
    ("Jon Smith", "John Smith"),
    ("Anita Sharma", "Anita Sharna"),
    ("Anita Sharma", "Anitha Sharma"),
    ("Anita Sharma", "Antia Sharma"),
    ("Anita Sharma", "A. Sharma"),
    ("Anita Sharma", "Sharma A"),
    ("Anita Sharma", "Anita Sharma Rao"),
    ("Anita Sharma", "Anita"),
    ("Priya Nair", "Priya"),
    ("Vidiadhar Surajprasad Naipaul", "V. S. Naipaul"),
    ("Hans Müller", "Hans Mueller"),
    ("Hans Schmidt", "Hans Schmitt"),
    ("Anne-Marie Roux", "Annemarie Roux"),
    ("Trần Văn Minh", "Tran Minh"),
    ("Γιώργος Παπαδόπουλος", "Γιώργος Παπαδόπολος"),
    ("Мария Иванова", "Марья Иванова"),
    ("सुनीता शर्मा", "सुनिता शर्मा"),
    ("فاطمه حسینی", "فاطیمه حسینی"),
]
DIFFERENT = [
    ("Anita Sharma", "Anil Sharma"),
    ("Ramesh Patel", "Suresh Patel"),
    ("Lakshmi Iyer", "Saraswati Iyer"),
    ("राम शर्मा", "सीता शर्मा"),
    ("Emma Smith", "Oliver Smith"),
    ("Maria Lopez", "Maria Novak"),
    ("María García López", "José García López"),
    ("Ayşe Yılmaz", "Mehmet Yılmaz"),
    ("Jan Kowalski", "Ewa Kowalska"),
    ("Jón Einarsson", "Sigríður Einarsdóttir"),
    ("Chidi Okafor", "Ngozi Okafor"),
    ("Nguyễn Văn Anh", "Nguyễn Thị Anh"),
    ("Wang Wei", "Wang Fang"),
    ("王伟", "王芳"),
    ("Kim Min-jun", "Kim Min-seo"),
    ("김민준", "김민서"),
    ("田中 博", "田中 由紀"),
    ("Иван Петров", "Ольга Петрова"),
    ("Γιώργος Παπαδόπουλος", "Μαρία Παπαδοπούλου"),
    ("דוד כהן", "שרה כהן"),
    ("محمد علی", "فاطمه علی"),
    ("Mohammed Khan", "Maryam Khan"),
    ("Sukarno", "Megawati"),
]

_VOCABULARY = """
    Anita Anitha Anand Ana An A. Sharma Sharna Sharm Shar S Mari Maria Mary M Mehta Meh Maier Meyer Mohammed Muhammad
    José Jose O'Brien O’Brien Anne-Marie Nguyễn Văn Łukasz Groß 王伟 王芳 김민준 Семён Γιώργος Παππάς שָׂרָה محمد علی सीता
"""
_WORDS = st.sampled_from(_VOCABULARY.split())
NAMES = st.lists(_WORDS, min_size=1, max_size=4).map(" ".join) | st.text(max_size=30)


def likeness(one: str, other: str) -> int:
    return likelihood.name_likeness(one, other)


# The rules


@pytest.mark.parametrize(("one", "other"), SAME)
def test_case_accents_spaces_and_word_order_make_no_difference(one: str, other: str) -> None:
    assert matching.name_key(one) == matching.name_key(other) != ""
    assert likeness(one, other) == matching.SAME


@pytest.mark.parametrize("apostrophe", "'`´‘’ʼʻ׳")
def test_every_apostrophe_is_the_same(apostrophe: str) -> None:
    assert fold(f"Sean O{apostrophe}Brien") == "sean obrien"


@pytest.mark.parametrize("hyphen", "-‐‑–—־")
def test_every_hyphen_parts_two_words(hyphen: str) -> None:
    assert fold(f"בן{hyphen}דוד רות") == "בן דוד רות"


@pytest.mark.parametrize(("one", "other"), NEAR)
def test_a_slip_a_spelling_or_a_short_form_is_near(one: str, other: str) -> None:
    assert matching.NEAR <= likeness(one, other) < matching.SAME


@pytest.mark.parametrize(
    "other",
    [
        "Bedro de Alcântara Francisco Antônio João Carlos Xavier Bragança",
        "Bragança Pedro Alcântara de Francisco Antônio João Carlo Xavier",
        "P. de Alcântara F. Antônio João Carlos Xavier Bragança",
        "Pedro de Alcântara Francisco Antônio João Carlos Bragança",
        "Pedro Bragança",
    ],
)
def test_a_slip_or_a_short_form_of_a_long_name_is_near(other: str) -> None:
    name = "Pedro de Alcântara Francisco Antônio João Carlos Xavier Bragança"
    assert matching.NEAR <= likeness(name, other) < matching.SAME


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_a_family_name_in_common_makes_nobody_similar(one: str, other: str) -> None:
    assert likeness(one, other) < matching.NEAR


@given(NAMES, NAMES)
def test_likeness_is_mutual(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)


@given(NAMES, NAMES)
def test_likeness_is_100_for_the_same_words_and_less_for_others(one: str, other: str) -> None:
    found = likeness(one, other)
    assert 0 <= found <= 100
    assert (found == 100) == matching.same_name(one, other)
    assert likeness(one, one) == 100


def test_one_letter_makes_a_difference_however_long_the_word() -> None:
    assert likeness("x" * 1000, "x" * 999 + "y") == 99


@given(st.lists(_WORDS, min_size=1, max_size=5), st.randoms())
def test_a_name_is_itself_in_any_order_of_its_words(words: list[str], random: Any) -> None:
    shuffled = random.sample(words, len(words))
    assert likeness(" ".join(words), " ".join(shuffled)) == 100


@given(st.lists(_WORDS, min_size=1, max_size=3), NAMES)
@example(["M", "S", "Meh"], "Maria Mehta Sharma")
@example(["Mohammed", "محمد"], "Anita محمد")
def test_the_order_of_the_words_does_not_change_how_alike_two_names_are(words: list[str], other: str) -> None:
    assert len({likeness(" ".join(order), other) for order in permutations(words)}) == 1


@given(st.text())
def test_folding_twice_folds_no_more(said: str) -> None:
    assert fold(fold(said)) == fold(said)


@given(st.text())
def test_folding_does_not_see_case_or_composition(said: str) -> None:
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, said)) == fold(said)
    assert fold(said.lower()) == fold(said.upper()) == fold(said)


@given(NAMES)
def test_a_name_key_is_that_of_its_own_folded_words(name: str) -> None:
    assert (
        matching.name_key(matching.name_key(name)) == matching.name_key(name) == " ".join(sorted(matching.words(name)))
    )


_DATES = st.none() | st.dates()
_YEARS = st.none() | st.integers(1880, 2030)


@given(_DATES, _YEARS, _DATES, _YEARS)
def test_whether_birth_dates_agree_is_mutual(
    one: date | None, year: int | None, other: date | None, other_year: int | None
) -> None:
    assert matching.same_birth(one, year, other, other_year) is matching.same_birth(other, other_year, one, year)


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ((date(1980, 2, 1), None), (date(1980, 2, 1), None), True),
        ((date(1980, 2, 1), None), (date(1980, 2, 2), None), False),
        ((date(1980, 2, 1), None), (None, 1981), True),
        ((date(1980, 2, 1), None), (None, 1979), True),
        ((date(1980, 2, 1), None), (None, 1982), False),
        ((None, 1980), (None, 1981), True),
        ((None, 1980), (None, 1982), False),
        ((date(1980, 2, 1), None), (None, None), None),
        ((None, None), (None, None), None),
    ],
)
def test_an_age_said_at_the_desk_agrees_within_a_year(one: Any, other: Any, agree: bool | None) -> None:
    assert matching.same_birth(*one, *other) is agree


# Registering


@pytest.mark.parametrize(
    "name", ["Anita Sharma", "ANITA SHARMA", "sharma, anita", "  Anita  Sharma ", "Aníta Shârma", "Anita-Sharma"]
)
@pytest.mark.parametrize("phone", ["98765 43210", "+91 98765 43210"])
def test_the_same_person_on_the_same_phone_is_returned(name: str, phone: str, clinic: Any) -> None:
    found = clinic("patient", "add", name, "--phone", phone, "--born", "1980-02-01")
    assert (found["created"], found["number"], found["name"]) == (False, "P1", "Anita Sharma")
    assert found["shares_phone_with"] == []
    assert len(clinic("patient", "list")) == 2


def test_a_birth_date_that_is_not_known_does_not_contradict(clinic: Any) -> None:
    assert not clinic("patient", "add", "Anita Sharma", "--phone", "98765 43210")["created"]
    assert not clinic("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789", "--born", "1990-01-01")["created"]


def test_the_same_registration_twice_is_one_patient(clinic: Any) -> None:
    args = ("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--born", "1990-05-05", "--sex", "female")
    first, again = clinic(*args), clinic(*args)
    assert (first["created"], again["created"]) == (True, False)
    assert first["id"] == again["id"]


@pytest.mark.parametrize(
    "name", ["Anita Sharna", "A. Sharma", "Anitha Sharma", "Anita", "Anita Sharma Rao", "Sharme Anita"]
)
def test_a_near_match_on_the_phone_is_refused_with_scored_candidates(name: str, clinic: Any, refused: Any) -> None:
    said = refused(6, "possible_duplicate", "patient", "add", name, "--phone", "98765 43210")
    (candidate,) = said["details"]["candidates"]
    assert matching.NEAR <= candidate.pop("score") < matching.SAME
    assert re.fullmatch(r"name \d\d% similar, same phone", candidate.pop("why"))
    age = clinic("patient", "show", "P1")["age"]
    assert candidate == {
        "number": "P1",
        "name": "Anita Sharma",
        "born": "1980-02-01",
        "age": age,
        "sex": "unknown",
        "phone_last3": "210",
        "phone_ending": "210",
        "last_visit": None,
        "choose": "P1",
    }
    assert "--same-as" in said["hint"]
    assert "--new" in said["hint"]
    assert len(clinic("patient", "list")) == 2


def test_candidates_come_most_alike_first(clinic: Any, refused: Any) -> None:
    clinic("patient", "add", "Anitha Sharma", "--phone", "98765 43210", "--new")
    said = refused(6, "possible_duplicate", "patient", "add", "Anitha Sharma Rao", "--phone", "98765 43210")
    scores = {each["number"]: each["score"] for each in said["details"]["candidates"]}
    assert list(scores) == ["P3", "P1"]
    assert scores["P3"] >= scores["P1"]
    assert said["details"]["count"] == 2


def test_a_near_match_shows_the_candidates_to_a_person(clinic: Any, run: Any) -> None:
    head, candidate, hint = run(
        "patient", "add", "Anita Sharna", "--phone", "98765 43210", status=6
    ).stderr.splitlines()
    assert head == "clinicctl: Possible match on file (1)."
    assert all(each in candidate for each in ("P1", "Anita Sharma", "1980-02-01", "…210"))
    assert "--same-as" in hint


@pytest.mark.parametrize("name", ["Anil Sharma", "Ravi Sharma", "Sunita Rao", "王芳", "Mumtaz Anwar"])
def test_a_family_member_on_the_same_phone_is_registered(name: str, clinic: Any) -> None:
    added = clinic("patient", "add", name, "--phone", "98765 43210")
    assert added["created"]
    assert [(each["number"], each["name"]) for each in added["shares_phone_with"]] == [("P1", "Anita Sharma")]
    third = clinic("patient", "add", "Oliver Novak", "--phone", "098765-43210")
    assert [each["number"] for each in third["shares_phone_with"]] == ["P1", "P3"]


def test_the_sentence_of_a_registration_tells_who_shares_the_phone(clinic: Any, run: Any) -> None:
    said = run("patient", "add", "Anil Sharma", "--phone", "98765 43210", "-o", "table", status=0).stdout
    assert said.startswith("Registered P3 Anil Sharma")
    assert "P1 Anita Sharma" in said


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_the_members_of_a_family_are_registered_on_one_phone(one: str, other: str, clinic: Any) -> None:
    first = clinic("patient", "add", one, "--phone", "98111 22333")
    second = clinic("patient", "add", other, "--phone", "98111 22333")
    assert second["created"]
    assert [each["id"] for each in second["shares_phone_with"]] == [first["id"]]


def test_a_birth_date_that_contradicts_asks(clinic: Any, refused: Any) -> None:
    said = refused(
        6, "possible_duplicate", "patient", "add", "Anita Sharma", "--phone", "98765 43210", "--born", "2004-02-01"
    )
    assert [each["number"] for each in said["details"]["candidates"]] == ["P1"]
    assert matching.NEAR <= said["details"]["candidates"][0]["score"] < matching.SAME


@freeze_time(TODAY)
@pytest.mark.parametrize(("age", "agrees"), [(46, True), (45, True), (47, True), (44, False), (48, False), (12, False)])
def test_an_age_is_held_against_a_birth_date(age: int, agrees: bool, clinic: Any, run: Any) -> None:
    answer = run("patient", "add", "Anita Sharma", "--phone", "98765 43210", "--age", str(age), json=True)
    assert answer.status == (0 if agrees else 6), answer
    assert not agrees or answer.json["created"] is False


def test_a_birth_date_is_held_against_an_age_that_was_said_years_ago(clinic: Any, refused: Any) -> None:
    with freeze_time("2020-06-01 06:00:00"):
        clinic("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--age", "30")
    with freeze_time(TODAY):
        assert clinic("patient", "show", "P3")["age"] == 36
        assert not clinic("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--born", "1989-12-31")["created"]
        assert not clinic("patient", "add", "Zoë Quux", "--phone", "98111 22333", "--age", "36")["created"]
        refused(6, "possible_duplicate", "patient", "add", "Zoë Quux", "--phone", "98111 22333", "--born", "1970-01-01")


@pytest.mark.parametrize("phone", ["90000 11111", "none"])
def test_the_same_name_and_birth_date_on_another_phone_asks(phone: str, clinic: Any, refused: Any) -> None:
    args = ("patient", "add", "sharma anita", "--phone", phone)
    said = refused(6, "possible_duplicate", *args, "--born", "1980-02-01")
    assert [each["number"] for each in said["details"]["candidates"]] == ["P1"]
    assert clinic(*args)["created"]
    assert clinic(*args, "--born", "1981-02-01", "--new")["created"]


def test_the_same_name_and_birth_date_without_a_phone_asks(clinic: Any, refused: Any) -> None:
    args = ("patient", "add", "Zoë Quux", "--phone", "none", "--born", "1990-05-05")
    assert clinic(*args)["created"]
    said = refused(6, "possible_duplicate", *args)
    assert [each["number"] for each in said["details"]["candidates"]] == ["P3"]


def test_a_common_name_on_another_phone_is_another_person(clinic: Any) -> None:
    added = clinic("patient", "add", "Anita Sharma", "--phone", "90000 11111", "--born", "1999-09-09")
    assert (added["created"], added["shares_phone_with"]) == (True, [])


def test_new_registers_whom_a_near_match_refused(clinic: Any) -> None:
    for name in ("Anita Sharna", "Anita Sharma"):
        added = clinic("patient", "add", name, "--phone", "98765 43210", "--new")
        assert added["created"]
        assert "P1" in [each["number"] for each in added["shares_phone_with"]]
    assert len(clinic("patient", "list")) == 4


def test_same_as_returns_the_one_on_file_and_changes_nothing(clinic: Any, refused: Any) -> None:
    before = clinic("patient", "list")
    for ref in ("P1", "an sh", "98765 43210", before[0]["id"]):
        found = clinic("patient", "add", "Anita Sharna", "--phone", "98765 43210", "--same-as", ref)
        assert (found["created"], found["number"], found["name"]) == (False, "P1", "Anita Sharma")
    refused(4, "patient_not_found", "patient", "add", "Zoë", "--phone", "none", "--same-as", "P99")
    refused(2, "usage", "patient", "add", "Zoë", "--phone", "none", "--same-as", "P1", "--new")
    assert clinic("patient", "list") == before


def test_father_and_son_of_one_name_are_told_apart_by_birth_date(clinic: Any, refused: Any) -> None:
    args = ("patient", "add", "Amir Khan", "--phone", "98111 22333")
    father = clinic(*args, "--born", "1950-01-01")
    son = clinic(*args, "--born", "1980-01-01", "--new")
    assert clinic(*args, "--born", "1950-01-01")["id"] == father["id"]
    assert clinic(*args, "--born", "1980-01-01")["id"] == son["id"]
    said = refused(6, "possible_duplicate", *args)
    assert [each["number"] for each in said["details"]["candidates"]] == [father["number"], son["number"]]


def test_a_dry_run_registers_nobody(clinic: Any) -> None:
    assert clinic("patient", "add", "Zoë Quux", "--phone", "none", "--dry-run")["dry_run"] is True
    assert len(clinic("patient", "list")) == 2
    assert clinic("patient", "add", "Zoë Quux", "--phone", "none")["number"] == "P3"


@freeze_time(TODAY)
@pytest.mark.parametrize("born", ["2026-11-24", "1875-11-23", "2026-02-30", "26-01-01", "31.2.1980"])
def test_a_birth_date_that_cannot_be_is_refused(born: str, clinic: Any, refused: Any) -> None:
    refused(2, "invalid_value", "patient", "add", "Zoë", "--phone", "none", "--born", born)
    refused(2, "invalid_value", "patient", "edit", "P1", "--born", born)


@freeze_time(TODAY)
@pytest.mark.parametrize(
    ("born", "age"), [("2026-11-23", 0), ("1980-11-23", 46), ("1980-11-24", 45), ("1876-11-23", 150)]
)
def test_an_age_is_in_whole_years_on_the_clinics_day(born: str, age: int, clinic: Any) -> None:
    added = clinic("patient", "add", "Zoë", "--phone", "none", "--born", born)
    assert (added["born"], added["age"]) == (born, age)


@freeze_time(TODAY)
def test_an_age_said_at_the_desk_is_kept_without_a_birth_date(clinic: Any, refused: Any) -> None:
    assert clinic("patient", "add", "Zoë", "--phone", "none", "--age", "0")["age"] == 0
    added = clinic("patient", "add", "Ilse", "--phone", "none", "--age", "34")
    assert (added["born"], added["age"]) == (None, 34)
    refused(2, "usage", "patient", "add", "Zoë", "--phone", "none", "--age", "34", "--born", "1992-01-01")
    for age in ("-1", "151", "1e1", "thirty"):
        assert refused(2, "invalid_value", "patient", "add", "Zoë", "--phone", "none", f"--age={age}")


# Phones


INDIAN = [
    "98765 43210",
    "9876543210",
    "98765-43210",
    "98765.43210",
    "(98765) 43210",
    "98765–43210",
    "98765 / 43210",
    " 98765 43210 ",
    "098765 43210",
    "0091 98765 43210",
    "00919876543210",
    "+91 98765 43210",
    "+919876543210",
    "+91-98765-43210",
    "+91 (0)98765 43210",
    "(+91) 98765 43210",
    "٩٨٧٦٥ ٤٣٢١٠",
    "+٩١ ٩٨٧٦٥ ٤٣٢١٠",
    "٠٠٩١ ٩٨٧٦٥ ٤٣٢١٠",
    "۹۸۷۶۵۴۳۲۱۰",
    "९८७६५ ४३२१०",
    "+९१ ९८७६५ ४३२१०",
    "০৯৮৭৬৫ ৪৩২১০",
    "＋９１ ９８７６５ ４３２１０",
]


@pytest.mark.parametrize("form", INDIAN)
def test_every_form_of_a_phone_is_the_same_phone(form: str, clinic: Any) -> None:
    assert clinic("patient", "add", "Anita Sharma", "--phone", form)["number"] == "P1"
    assert clinic("patient", "edit", "P2", "--phone", form)["phone"] == "+919876543210"
    assert [each["number"] for each in clinic("patient", "find", form)] == ["P1", "P2"]
    assert clinic("patient", "add", "Oliver Novak", "--phone", form)["phone"] == "+919876543210"


@pytest.mark.parametrize(
    ("region", "form", "stored"),
    [
        ("DE", "0151 23456789", "+4915123456789"),
        ("DE", "+49 (0)151 / 234 567 89", "+4915123456789"),
        ("DE", "0049 151 23456789", "+4915123456789"),
        ("US", "(201) 555-0123", "+12015550123"),
        ("US", "1-201-555-0123", "+12015550123"),
        ("US", "011 91 98765 43210", "+919876543210"),
        ("US", "0091 98765 43210", "+919876543210"),
        ("US", "٠٠٩١ ٩٨٧٦٥ ٤٣٢١٠", "+919876543210"),
        ("IT", "06 698 12345", "+390669812345"),
        ("EG", "٠١٠٠ ١٢٣ ٤٥٦٧", "+201001234567"),
        ("IR", "۰۹۱۲ ۳۴۵ ۶۷۸۹", "+989123456789"),
    ],
)
def test_a_phone_is_read_by_the_rules_of_the_clinics_region(region: str, form: str, stored: str, clinic: Any) -> None:
    clinic("config", "region", region)
    assert clinic("patient", "add", "Zoë Quux", "--phone", form)["phone"] == stored


def test_a_phone_pasted_with_spaces_of_another_kind_is_read(clinic: Any) -> None:
    for space in ("\u00a0", "\u202f", "\u3000"):
        assert clinic("patient", "add", "Zoë", "--phone", f"98765{space}43210")["phone"] == "+919876543210"


@pytest.mark.parametrize(
    "phone",
    [
        *("1", "123", "98765", "98765 43210 98765", "+91 98765", "+999 98765 43210", "++91 98765 43210x", "+"),
        *("98765 4321o", "call me", "98765 43210 ext 5", "98765 43210 #5", "911", "1" * 60, "+1234567890123456", "--"),
    ],
)
def test_an_impossible_phone_is_refused_with_an_example_of_a_good_one(phone: str, clinic: Any, refused: Any) -> None:
    for args in (("patient", "add", "Zoë", f"--phone={phone}"), ("patient", "edit", "P1", f"--phone={phone}")):
        said = refused(2, "invalid_value", *args)
        example_ = said["message"].partition(": ")[2].partition(" or ")[0]
        assert clinic("patient", "edit", "P2", "--phone", example_)["phone"].startswith("+91")
        assert len(phone) < 4 or phone not in said["message"]
    assert len(clinic("patient", "list")) == 2
    assert clinic("patient", "show", "P1")["phone"] == "+919876543210"


def test_without_a_region_a_phone_needs_its_plus(clinic: Any, refused: Any) -> None:
    clinic("config", "region", "")
    said = refused(2, "invalid_value", "patient", "add", "Zoë", "--phone", "98765 43210")
    assert "+91 98765 43210" in said["message"]
    assert "config region" in said["hint"]
    assert clinic("patient", "add", "Zoë", "--phone", "0091 98765 43210")["phone"] == "+919876543210"


@pytest.mark.parametrize("none", ["none", "NONE", " None "])
def test_the_word_none_is_no_phone_and_nobody_shares_it(none: str, clinic: Any) -> None:
    for name in ("Zoë Quux", "Zoe Quux", "Ilse Quux"):
        added = clinic("patient", "add", name, "--phone", none)
        assert (added["created"], added["phone"], added["shares_phone_with"]) == (True, None, [])
    assert clinic("patient", "edit", "P1", "--phone", none)["phone"] is None
    assert clinic("patient", "find", "98765 43210") == []


def test_a_phone_has_to_be_said(clinic: Any, refused: Any) -> None:
    refused(2, "usage", "patient", "add", "Zoë")
    refused(2, "invalid_value", "patient", "add", "Zoë", "--phone", "")


# Finding


@pytest.fixture
def people(clinic: Any) -> Any:
    """Five patients, two with a phone in common; the value is `ask`."""
    clinic("patient", "add", "José Núñez de la Cruz", "--phone", "98111 22333")
    clinic("patient", "add", "Seán O'Brien", "--phone", "98111 22333")
    clinic("patient", "add", "Mumtaz Begum", "--phone", "none", "--age", "34")
    return clinic


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("mu an", ["P2"]),
        ("an mu", ["P2"]),
        ("MU", ["P2", "P5"]),
        ("mumtaz", ["P2", "P5"]),
        ("anita sharma", ["P1"]),
        ("an", ["P1", "P2"]),
        ("umtaz", ["P2", "P5"]),
        ("mu sh", []),
        ("mumtazz", ["P2", "P5"]),
        ("josé", ["P3"]),
        ("JOSE nunez", ["P3"]),
        ("Jose\u0301 cru", ["P3"]),
        ("nú", ["P3"]),
        ("de la", ["P3"]),
        ("obrien", ["P4"]),
        ("brien", ["P4"]),
        ("o brien", ["P4"]),
        ("O’B", ["P4"]),
        ("  sean   o'brien  ", ["P4"]),
        ("p3", ["P3"]),
        ("P5", ["P5"]),
        ("P99", []),
        ("98111 22333", ["P3", "P4"]),
        ("+91-98111-22333", ["P3", "P4"]),
        ("٩٨١١١٢٢٣٣٣", ["P3", "P4"]),
        ("98111 22334", []),
        ("98111", []),
        ("22333", ["P3", "P4"]),
        ("22-333", ["P3", "P4"]),
        ("٢٢٣٣٣", ["P3", "P4"]),
        ("2333", ["P3", "P4"]),
        ("111 22333", ["P3", "P4"]),
        ("333", []),
        ("5", ["P5"]),
        ("05", []),
        ("!", []),
    ],
)
def test_words_begin_the_names_and_a_phone_or_number_is_itself(words: str, found: list[str], people: Any) -> None:
    assert [each["number"] for each in people("patient", "find", words)] == found


def test_a_number_in_a_name_is_no_phone(people: Any) -> None:
    added = people("patient", "add", "Henry 8 Tudor", "--phone", "none")
    assert people("patient", "find", "8") == people("patient", "find", "tu 8") != []
    assert people("patient", "show", "8")["id"] == added["id"]


def test_a_uuid_is_found_with_hyphens_and_without(people: Any) -> None:
    identity = people("patient", "show", "P3")["id"]
    for said in (identity, identity.upper(), UUID(identity).hex):
        assert [each["number"] for each in people("patient", "find", said)] == ["P3"]
        assert people("patient", "show", said)["number"] == "P3"


def test_a_list_that_finds_nobody_is_empty_and_no_error(people: Any, run: Any) -> None:
    assert run("patient", "find", "nobody", status=0).stdout == ""
    assert people("patient", "find", "nobody") == []
    assert run("patient", "find", "nobody", "-o", "table", status=0).stdout.startswith("No patients found.\n")


@pytest.mark.parametrize(("said", "numbers"), [("mumtaz", ["P2", "P5"]), ("098111 22333", ["P3", "P4"])])
@pytest.mark.parametrize(
    "command",
    [
        ("patient", "show"),
        ("patient", "edit", "--sex", "other"),
        ("book", "--", "MEHTA"),
        ("checkin",),
        ("appointment", "list", "--patient"),
        ("patient", "add", "Zoë", "--phone", "none", "--same-as"),
    ],
    ids=" ".join,
)
def test_a_reference_to_more_than_one_is_refused_with_the_candidates(
    command: tuple[str, ...], said: str, numbers: list[str], people: Any, refused: Any
) -> None:
    args = ("book", said, "MEHTA") if command[0] == "book" else (*command, said)
    found = refused(5, "ambiguous", *args)
    assert [each["number"] for each in found["details"]["candidates"]] == numbers
    assert found["details"]["count"] == 2
    assert "number" in found["hint"]
    for each in found["details"]["candidates"]:
        shown = {"number", "name", "born", "age", "sex", "phone_last3", "phone_ending", "last_visit"}
        assert set(each) == shown | {"choose"}
        assert each["choose"] == each["number"]


def test_more_than_twenty_candidates_are_counted_and_twenty_are_listed(clinic: Any, refused: Any) -> None:
    for nth in range(22):
        clinic("patient", "add", f"Quux {chr(ord('A') + nth)}", "--phone", "none")
    found = refused(5, "ambiguous", "patient", "show", "quux")
    assert found["details"]["count"] == 22
    assert len(found["details"]["candidates"]) == 20
    assert len(clinic("patient", "find", "quux")) == 22


@pytest.mark.parametrize("said", ["nobody", "P99", "p0", "98111 22334", "00000000-0000-4000-8000-000000000000", "A1"])
def test_a_reference_to_nobody_is_not_found(said: str, people: Any, refused: Any) -> None:
    refused(4, "patient_not_found", "patient", "show", said)
    refused(4, "patient_not_found", "patient", "edit", said, "--sex", "other")
    refused(4, "patient_not_found", "book", said, "MEHTA")


# Editing and listing


def test_an_edited_name_is_found_by_its_new_words_only(clinic: Any) -> None:
    assert clinic("patient", "edit", "an sh", "--name", "Anita Rao")["name"] == "Anita Rao"
    assert [each["number"] for each in clinic("patient", "find", "rao")] == ["P1"]
    assert clinic("patient", "find", "sharma") == []
    assert clinic("patient", "add", "Rao Anita", "--phone", "98765 43210")["created"] is False
    assert clinic("patient", "add", "Ravi Sharma", "--phone", "98765 43210")["created"] is True


def test_an_edited_name_is_the_one_that_duplicates_are_looked_for_by(clinic: Any, refused: Any) -> None:
    clinic("patient", "edit", "P1", "--name", "Anita Rao")
    elsewhere = ("--phone", "90000 11111", "--born", "1980-02-01")
    refused(6, "possible_duplicate", "patient", "add", "rao anita", *elsewhere)
    assert clinic("patient", "add", "Anita Sharma", *elsewhere)["created"]


def test_an_edit_changes_what_is_said_and_nothing_else(clinic: Any, refused: Any) -> None:
    before = clinic("patient", "list")[0]
    for option, field, value in (
        ("--email", "email", "a@b.example"),
        ("--note", "note", "Penicillin"),
        ("--sex", "sex", "female"),
        ("--phone", "phone", "+919000011111"),
        ("--born", "born", "1980-02-02"),
    ):
        edited = clinic("patient", "edit", "P1", option, value)
        before |= {field: value} | ({"phones": [value]} if field == "phone" else {})
        assert (edited.pop("similar_on_file"), edited.pop("similar_on_file_count")) == ([], 0)
        assert {name: each for name, each in edited.items() if name != "replayed"} == before
        assert clinic("patient", "list")[0] == before
    assert clinic("patient", "edit", "P1", "--note", "", "--email", "")["note"] is None
    assert clinic("patient", "show", "P1")["email"] is None
    refused(2, "usage", "patient", "edit", "P1")


@freeze_time(TODAY)
def test_an_age_and_a_birth_date_replace_each_other(clinic: Any) -> None:
    aged = clinic("patient", "edit", "P1", "--age", "30")
    assert (aged["born"], aged["age"]) == (None, 30)
    born = clinic("patient", "edit", "P1", "--born", "1980-02-01")
    assert (born["born"], born["age"]) == ("1980-02-01", 46)


@pytest.mark.parametrize("email", ["anna", "anna@", "a b@example.org", "anna@example", "a@b@c.example"])
def test_what_cannot_be_an_email_is_refused(email: str, clinic: Any, refused: Any) -> None:
    said = refused(2, "invalid_value", "patient", "edit", "P1", f"--email={email}")
    assert "anna@example.org" in said["message"]


def test_the_list_is_by_number_and_as_long_as_asked(people: Any, refused: Any) -> None:
    assert [each["number"] for each in people("patient", "list")] == ["P1", "P2", "P3", "P4", "P5"]
    assert [each["number"] for each in people("patient", "list", "--limit", "2")] == ["P1", "P2"]
    refused(2, "usage", "patient", "list", "--limit", "0")
