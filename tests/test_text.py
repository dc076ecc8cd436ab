"""Text in and out: what is refused, what is made visible, what stays as it is, and what never leaves."""

import csv
import io
import json
import os
import pty
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clinicctl.errors import BadValue
from clinicctl.render.machine import dumps
from clinicctl.render.safe_text import visible
from clinicctl.rules import text
from tests import stored

HOSTILE = {
    "a colour": "\x1b[31m",
    "a window title": "\x1b]0;owned\x07",
    "a C1 control sequence": "\x9b31m",
    "a C1 string": "\x90q\x9c",
    "next line": "\x85",
    "delete": "\x7f",
    "backspace": "\b",
    "bell": "\a",
    "carriage return": "\r",
    "line feed": "\n",
    "both": "\r\n",
    "tab": "\t",
    "vertical tab": "\v",
    "unit separator": "\x1f",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "right-to-left override": "\u202e",
    "left-to-right embedding": "\u202a",
    "isolate": "\u2066",
    "pop isolate": "\u2069",
    "right-to-left mark": "\u200f",
    "left-to-right mark": "\u200e",
    "Arabic letter mark": "\u061c",
    "zero-width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "Mongolian vowel separator": "\u180e",
}
BETWEEN_LATIN = {"joiner": "\u200d", "non-joiner": "\u200c", "a tag": "\U000e0041"}
SURROGATES = {"high surrogate": "\ud800", "low surrogate": "\udfff", "a byte that is not UTF-8": "\udc9b"}

TEXTS: dict[str, tuple[str, ...]] = {
    "name": ("patient", "add", "Zorblax{}Quux", "--phone", "none"),
    "name on edit": ("patient", "edit", "P1", "--name", "Zorblax{}Quux"),
    "phone": ("patient", "add", "Anna", "--phone", "98123{}45670"),
    "phone on edit": ("patient", "edit", "P1", "--phone", "98123{}45670"),
    "e-mail": ("patient", "add", "Anna", "--phone", "none", "--email", "zorblax{}quux@example.org"),
    "note": ("patient", "add", "Anna", "--phone", "none", "--note", "Zorblax{}Quux"),
    "birth date": ("patient", "add", "Anna", "--phone", "none", "--born", "1931{}07-19"),
    "same as": ("patient", "add", "Anna", "--phone", "none", "--same-as", "Zorblax{}Quux"),
    "words": ("patient", "find", "Zorblax{}Quux"),
    "reference": ("patient", "show", "Zorblax{}Quux"),
    "patient to book": ("book", "Zorblax{}Quux", "MEHTA"),
    "reason": ("book", "P1", "MEHTA", "--reason", "Zorblax{}Quux"),
    "reason of a walk-in": ("walkin", "P1", "MEHTA", "--reason", "Zorblax{}Quux"),
    "reason of a cancellation": ("appointment", "cancel", "A1", "--reason", "Zorblax{}Quux"),
    "patient of a list": ("appointment", "list", "--patient", "Zorblax{}Quux"),
    "who arrives": ("checkin", "Zorblax{}Quux"),
    "patient at check-in": ("checkin", "A1", "--patient", "Zorblax{}Quux"),
    "doctor": ("book", "P1", "Zorblax{}Quux"),
    "doctor's name": ("doctor", "add", "DEMIR", "Zorblax{}Quux"),
    "doctor's code": ("doctor", "add", "Zorblax{}Quux", "Dr. Demir"),
    "specialty": ("doctor", "edit", "MEHTA", "--specialty", "Zorblax{}Quux"),
    "note of a day": ("doctor", "avail", "set", "MEHTA", "today", "--note", "Zorblax{}Quux"),
    "clinic's name": ("config", "name", "Zorblax{}Quux"),
    "key": ("patient", "edit", "P1", "--sex", "male", "--key", "Zorblax{}Quux"),
    "actor": ("patient", "edit", "P1", "--sex", "male", "--actor", "Zorblax{}Quux"),
}
PUBLIC = {"doctor", "doctor's code", "specialty", "clinic's name", "key", "actor"}
"""Fields that are taken from the command line only."""

REPEATED = re.compile("zorblax|quux|98123|45670|1931|07-19", re.IGNORECASE)

NAMES = {
    "Arabic": "محمّد بن عبد الله آل سعود",
    "Persian, with a non-joiner": "علی\u200cرضا پورحسینی\u200cنژاد",
    "Urdu": "نُصرت فتح علی خان",
    "Hebrew": "שָׂרָה בן־דוד",
    "Devanagari": "अनीता श्रीवास्तव",
    "Devanagari, with joiners": "राजर्\u200dषि शक्\u200cति",
    "Sinhala, with a joiner": "ශ\u0dca\u200dරී ලංකා",
    "Tamil": "தமிழ்ச்செல்வி",
    "Thai": "สมชาย ใจดี",
    "Vietnamese": "Nguyễn Thị Ánh Tuyết",
    "Chinese": "王小明",
    "Korean": "김민준",
    "Greek": "Γιώργος Παπαδόπουλος",
    "Cyrillic": "Семён Щёголев-Їжакевич",
    "Latin": "Zoë Łukasz-Þórðarson O'Brien, Jr.",
}
FORMATS = ("table", "tsv", "csv", "json", "jsonl")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal on which no cell is folded."""
    monkeypatch.setenv("COLUMNS", "5000")


@pytest.fixture
def run_sql() -> Callable[..., list[tuple[Any, ...]]]:
    """Run SQL on the clinic's database behind the program's back."""

    def run_sql(sql: str, *values: Any) -> list[tuple[Any, ...]]:
        if sql.split()[0] == "SELECT":
            return stored.rows(os.environ["CLINICCTL_DB"], sql, *values)
        stored.change(os.environ["CLINICCTL_DB"], sql, values=values)
        return []

    return run_sql


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log, asked for by the environment."""
    monkeypatch.setenv("CLINICCTL_LOG", str(tmp_path / "clinic.log"))
    return tmp_path / "clinic.log"


# In: what is refused


@pytest.mark.parametrize("field", TEXTS)
def test_terminal_control_text_is_refused_in_one_line_unrepeated(field: str, clinic: Any, run: Any) -> None:
    clinic("book", "P1", "MEHTA")
    before = clinic("patient", "list"), clinic("doctor", "list"), clinic("config"), clinic("appointment", "list")
    taken = []
    for what, bad in (HOSTILE | BETWEEN_LATIN | SURROGATES).items():
        answer = run(*(each.replace("{}", bad) for each in TEXTS[field]))
        if answer.status != 2 or answer.stdout or not _is_one_line(answer.stderr) or REPEATED.search(answer.stderr):
            taken.append((what, answer))
    assert not taken
    assert before == (
        *(clinic("patient", "list"), clinic("doctor", "list"), clinic("config"), clinic("appointment", "list")),
    )


def test_the_refusal_of_a_text_is_one_object_where_json_is_asked_for(clinic: Any, refused: Any) -> None:
    for args in TEXTS.values():
        for bad in ("\x1b[31m", "\u202e", "\udc9b"):
            said = refused(2, "invalid_value", *(each.replace("{}", bad) for each in args))
            assert not REPEATED.search(json.dumps(said))


def test_a_control_character_alone_is_refused_and_not_taken_for_nothing(clinic: Any, refused: Any) -> None:
    clinic("patient", "edit", "P1", "--note", "Penicillin", "--email", "a@b.example")
    for bad in ("\x1f", "\x85", "\u2028", "\n", "\x1b"):
        refused(2, "invalid_value", "patient", "edit", "P1", "--name", bad)
        refused(2, "invalid_value", "patient", "edit", "P1", "--note", bad)
        refused(2, "invalid_value", "patient", "edit", "P1", "--email", bad)
        refused(2, "invalid_value", "book", "P1", "MEHTA", "--reason", bad)
    assert clinic("patient", "show", "P1")["note"] == "Penicillin"


def test_a_letter_that_is_blank_is_refused_in_a_name(clinic: Any, refused: Any) -> None:
    for blank in ("\u3164", "\u115f", "\u1160", "\uffa0", "\u034f"):
        refused(2, "invalid_value", "patient", "add", f"Zorblax{blank}Quux", "--phone", "none")


@pytest.mark.parametrize("field", [each for each in TEXTS if each not in PUBLIC])
def test_nul_and_line_breaks_from_stdin_or_a_file_are_refused(
    field: str, clinic: Any, run: Any, tmp_path: Path
) -> None:
    args = TEXTS[field]
    for bad in ("\0", "\n", "\r", "\x1b"):
        said = next(each for each in args if "{}" in each).replace("{}", bad).encode()
        (tmp_path / "said").write_bytes(said)
        for elsewhere in ("-", f"@{tmp_path / 'said'}"):
            answer = run(*(elsewhere if "{}" in each else each for each in args), stdin=said)
            assert (answer.status, answer.stdout) == (2, ""), answer
            assert _is_one_line(answer.stderr)
            assert not REPEATED.search(answer.stderr)


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_arguments_that_are_not_utf_8_are_refused_by_a_real_process(
    locale: str, clinic: Any, start: Any, finish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    bad = [b"Zorblax\xffQuux", b"Zorblax\xc3(Quux", b"Zorblax\xed\xa0\x80Quux", b"Zorblax\xc0\xafQuux"]
    started = [start("patient", "add", each, "--phone", "none") for each in bad]
    started += [start("book", "P1", "MEHTA", "--reason", bad[0]), start("patient", "find", bad[0])]
    for answer in map(finish, started):
        assert (answer.status, answer.stdout) == (2, "")
        assert _is_one_line(answer.stderr)
        assert not REPEATED.search(answer.stderr)
    assert len(clinic("patient", "list")) == 2


def test_bytes_that_are_not_utf_8_are_refused_from_stdin_and_from_a_file(
    clinic: Any, start: Any, finish: Any, tmp_path: Path
) -> None:
    said = tmp_path / "said"
    said.write_bytes(b"Zorblax \xff\xfe Quux\n")
    with said.open("rb") as stdin:
        started = [
            start("patient", "add", "-", "--phone", "none", stdin=stdin),
            start("patient", "add", f"@{said}", "--phone", "none"),
        ]
        for answer in map(finish, started):
            assert (answer.status, answer.stdout) == (2, "")
            assert _is_one_line(answer.stderr)
            assert not REPEATED.search(answer.stderr)


def test_nul_from_the_stdin_of_a_real_process_is_refused(clinic: Any, start: Any, finish: Any, tmp_path: Path) -> None:
    said = tmp_path / "said"
    said.write_bytes(b"Zorblax\0Quux\n")
    with said.open("rb") as stdin:
        answer = finish(start("patient", "add", "-", "--phone", "none", stdin=stdin))
    assert (answer.status, answer.stdout) == (2, "")
    assert _is_one_line(answer.stderr)
    assert not REPEATED.search(answer.stderr)


def test_a_megabyte_is_refused_in_one_short_line(clinic: Any, run: Any) -> None:
    for args in TEXTS.values():
        answer = run(*(each.replace("{}", "x" * 1_000_000) for each in args))
        assert (answer.status, answer.stdout) == (2, ""), args
        assert _is_one_line(answer.stderr)
        assert len(answer.stderr) < 200


def test_a_megabyte_from_stdin_or_a_file_is_refused_in_one_short_line(clinic: Any, run: Any, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("Zorblax " * 125_000)
    for answer in (
        run("patient", "add", "-", "--phone", "none", stdin="Zorblax " * 125_000),
        run("patient", "add", f"@{tmp_path / 'long'}", "--phone", "none"),
        run("patient", "edit", "P1", "--note", f"@{tmp_path / 'long'}"),
    ):
        assert (answer.status, answer.stdout) == (2, "")
        assert "too long" in answer.stderr
        assert _is_one_line(answer.stderr)
        assert not REPEATED.search(answer.stderr)


def test_an_argument_of_the_greatest_length_is_refused(clinic: Any, start: Any, finish: Any) -> None:
    answer = finish(start("patient", "add", "Zorblax " * 16_000, "--phone", "none"))
    assert (answer.status, answer.stdout) == (2, "")
    assert _is_one_line(answer.stderr)
    assert not REPEATED.search(answer.stderr)


@pytest.mark.parametrize(
    ("args", "longest"),
    [
        (("patient", "edit", "P1", "--name"), 200),
        (("patient", "edit", "P1", "--note"), 2000),
        (("patient", "edit", "P1", "--sex", "male", "--key"), 255),
        (("doctor", "edit", "MEHTA", "--name"), 200),
        (("walkin", "P1", "MEHTA", "--reason"), 2000),
    ],
)
def test_a_length_is_allowed_to_its_last_character(args: tuple[str, ...], longest: int, clinic: Any, run: Any) -> None:
    assert run(*args, "x" * (longest + 1)).status == 2
    assert run(*args, "x" * longest).status == 0


def test_a_length_is_counted_in_composed_characters(clinic: Any) -> None:
    assert clinic("patient", "edit", "P1", "--name", "e\u0301" * 200)["name"] == "é" * 200


def test_a_name_without_a_letter_or_of_spaces_only_is_refused(clinic: Any, refused: Any) -> None:
    for name in ("", "   ", "12345", "?!", "\u3000"):
        refused(2, "invalid_value", "patient", "add", name, "--phone", "none")


def test_a_joiner_is_refused_where_it_joins_nothing(clinic: Any, refused: Any) -> None:
    for name in ("\u200cعلی", "Ali\u200cرضا", "An\u200dita", "علی \u200dرضا", "अ\u200d\u200dन"):
        refused(2, "invalid_value", "patient", "add", name, "--phone", "none")


# Out: real names stay as they are


@pytest.mark.parametrize("script", NAMES)
def test_a_real_name_comes_back_untouched_in_every_format(script: str, clinic: Any, run: Any) -> None:
    name = NAMES[script]
    assert unicodedata.is_normalized("NFC", name)
    added = clinic("patient", "add", name, "--phone", "none", "--note", name)
    assert added["name"] == name
    booked = clinic("book", added["number"], "MEHTA", "--reason", name)
    for args, cell in (
        (("patient", "show", added["number"]), "name"),
        (("patient", "show", added["number"]), "note"),
        (("appointment", "show", booked["number"]), "patient.name"),
        (("appointment", "show", booked["number"]), "reason"),
    ):
        assert name in run(*args, "-o", "table", status=0).stdout
        for form in ("tsv", "csv", "json", "jsonl"):
            assert _cells(run(*args, "-o", form, "--header", status=0).stdout, form)[cell] == name


@pytest.mark.parametrize("script", NAMES)
def test_a_real_name_is_found_by_its_words(script: str, clinic: Any) -> None:
    number = clinic("patient", "add", NAMES[script], "--phone", "none")["number"]
    for words in (NAMES[script], NAMES[script].split()[0], NAMES[script][:2]):
        assert [each["number"] for each in clinic("patient", "find", words)] == [number]


def test_names_leave_as_utf_8_whatever_the_locale(
    clinic: Any, start: Any, finish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {clinic("patient", "add", name, "--phone", "none")["number"]: name for name in NAMES.values()}
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    monkeypatch.setenv("PYTHONUTF8", "0")
    for form in ("json", "tsv", "table"):
        answer = finish(start("patient", "list", "-o", form, encoding="utf-8"))
        assert answer.status == 0
        if form == "json":
            assert {each["number"]: each["name"] for each in answer.json}.items() >= numbers.items()
        assert all(name in answer.stdout for name in numbers.values())


# Out: old data is made visible


@pytest.fixture
def old(clinic: Any, run_sql: Any) -> str:
    """A clinic with every hostile text in every text column, written past the program; the value is the text."""
    clinic("patient", "add", "Anna Ray", "--phone", "98765 43210")
    clinic("walkin", "P1", "MEHTA", "--reason", "a")
    clinic("book", "P1", "MEHTA", "tomorrow", "--reason", "a")
    clinic("book", "P1", "RAO", "--reason", "a")
    clinic("appointment", "cancel", "A3", "--reason", "a")
    clinic("doctor", "avail", "set", "MEHTA", "today", "--note", "a")
    said = "".join(f"A{each}Z" for each in HOSTILE.values())
    run_sql("UPDATE patients SET name = ?, note = ?, email = ? WHERE number IN (1, 3)", said, said, said)
    run_sql("UPDATE doctors SET name = ?, specialty = ?", said, said)
    run_sql("UPDATE appointments SET reason = ?, key = ?", said, said)
    run_sql("UPDATE appointments SET cancel_reason = ? WHERE status = 'cancelled'", said)
    run_sql("UPDATE doctor_daily_availabilities SET note = ?, updated_by = ?", said, said)
    run_sql("UPDATE journal SET actor = ? WHERE number > 1", said)
    return said


READ = [
    ("patient", "show", "P1"),
    ("patient", "list"),
    ("patient", "find", "P1"),
    ("doctor", "show", "MEHTA"),
    ("doctor", "list"),
    ("doctor", "avail", "show", "MEHTA", "today"),
    ("appointment", "show", "A3"),
    ("appointment", "list"),
    ("appointment", "history", "A3"),
    ("queue", "show"),
]
WRITE = [
    ("patient", "edit", "P1", "--sex", "female"),
    ("doctor", "edit", "MEHTA", "--capacity", "9"),
    ("doctor", "avail", "set", "MEHTA", "today", "--capacity", "9"),
    ("walkin", "P1", "RAO"),
    ("appointment", "cancel", "A2"),
    ("queue", "call", "MEHTA"),
]


@pytest.mark.parametrize("args", [*READ, *((*each, "--dry-run") for each in WRITE)], ids=" ".join)
def test_control_characters_in_old_data_are_made_visible(args: tuple[str, ...], old: str, run: Any) -> None:
    for form in FORMATS:
        stdout = run(*args, "-o", form, status=0).stdout
        assert [name for name, bad in HOSTILE.items() if f"A{bad}Z" in stdout] == []
        assert set(_hidden(stdout)) <= {"\n"} | ({"\t"} if form == "tsv" else {"\r"} if form == "csv" else set())
        if form in ("json", "jsonl"):
            assert old in list(_strings([json.loads(each) for each in stdout.splitlines()]))
        else:
            assert all(f"<U+{ord(each):04X}>" in stdout for each in _hidden(old))


def test_a_line_break_in_old_data_adds_no_line(old: str, run: Any) -> None:
    rows = len(run("patient", "list", "-o", "json", status=0).json)
    for form in ("tsv", "jsonl"):
        assert len(run("patient", "list", "-o", form, status=0).stdout.splitlines()) == rows
    assert len(list(csv.reader(io.StringIO(run("patient", "list", "-o", "csv", status=0).stdout)))) == rows + 1


@pytest.mark.parametrize(
    ("status", "args"),
    [
        (5, ("patient", "show", "98765 43210")),
        (6, ("patient", "add", "A Z", "--phone", "98765 43210", "--new", "--same-as", "P1")),
        (6, ("doctor", "avail", "set", "MEHTA", "tomorrow", "--absent")),
    ],
    ids=["ambiguous", "possible duplicate", "has bookings"],
)
def test_control_characters_in_old_data_about_people_are_visible(
    status: int, args: tuple[str, ...], old: str, run: Any, run_sql: Any
) -> None:
    if status == 6 and args[0] == "patient":
        args = args[:-3]
        run_sql("UPDATE patients SET name_key = 'other'")
        run_sql("UPDATE patients SET name = ? WHERE number = 3", "A\x1b[31m Z")
    text_, json_ = run(*args, status=status).stderr, run(*args, json=True, status=status).stderr
    assert set(_hidden(text_)) == set(_hidden(json_)) == {"\n"}
    assert "<U+001B>" in text_
    assert any("\x1b" in each for each in _strings(json.loads(json_)))


def test_a_path_is_made_visible_in_an_error(run: Any, refused: Any, tmp_path: Path) -> None:
    made = str(tmp_path / "\x1b]0;owned\x07\u202e.db")
    for form in FORMATS:
        for args in (("init",), ("health",)):
            assert set(_hidden(run(*args, "--db", made, "-o", form, status=0).stdout)) <= {"\n", "\r", "\t"}
    path = str(tmp_path / "\x1b]0;owned\x07\u202e\udc9b.db")
    text_ = run("patient", "list", "--db", path, status=10).stderr
    assert set(_hidden(text_)) == {"\n"}
    assert "<U+001B>]0;owned<U+0007><U+202E><U+DC9B>" in text_
    json_ = run("patient", "list", "--db", path, "--json", status=10).stderr
    assert set(_hidden(json_)) == {"\n"}
    assert json.loads(json_)["error"]["details"]["path"] == path
    missing = run("patient", "add", f"@{tmp_path}/\x1b[31m", "--phone", "none", status=4).stderr
    assert set(_hidden(missing)) == {"\n"}


def test_a_terminal_gets_colours_and_columns_and_nothing_else_to_obey(
    old: str, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    for args in (("patient", "show", "P1"), ("queue", "show"), ("patient", "show", "P1", "--json")):
        ours, theirs = pty.openpty()
        process = start(*args, stdout=theirs)
        os.close(theirs)
        seen = b"".join(_read_all(ours)).decode()
        assert process.wait(60) == 0
        assert set(_hidden(re.sub("\x1b\\[([0-9;]*m|[0-9]+G)", "", seen))) == {"\r", "\n"}
        assert "owned" in seen


def test_no_format_lets_through_what_a_terminal_obeys_or_hides() -> None:
    through = [
        (format_.__name__, f"U+{point:04X}")
        for point in range(sys.maxunicode + 1)
        if unicodedata.category(chr(point)) in ("Cc", "Cf", "Cs", "Zl", "Zp") and chr(point) not in "\u200c\u200d"
        for format_ in (visible, dumps)
        if chr(point) in format_(chr(point))
    ]
    assert through == []


def test_json_gives_back_every_character() -> None:
    wrong = [f"U+{each:04X}" for each in range(sys.maxunicode + 1) if json.loads(dumps(chr(each))) != chr(each)]
    assert wrong == []


def test_what_is_refused_coming_in_is_made_visible_going_out() -> None:
    shown_raw = []
    for point in range(sys.maxunicode + 1):
        said = f"An{chr(point)}na"
        try:
            text.clean(said, what="name", longest=200)
        except BadValue:
            if visible(said) == said:
                shown_raw.append(f"U+{point:04X}")
    assert shown_raw == []


@pytest.mark.file
def test_old_data_that_is_not_utf_8_is_no_bug(clinic: Any, run_sql: Any, run: Any) -> None:
    run_sql("UPDATE patients SET name = CAST(x'5a6f72626c6178ff' AS TEXT) WHERE number = 1")
    for args in (("patient", "list"), ("patient", "show", "P1")):
        answer = run(*args)
        assert answer.status in (0, 10), answer
        assert not _hidden(answer.stdout.replace("\n", "").replace("\t", ""))


# Literal: markup, wildcards, SQL, formulas


MARKUP = ["Anna [bold]x[/bold]", "Anna [/x]", "Anna [geb. Schmidt]", "Anna :smile:", "Anna [link=http://x]y[/link]"]


@pytest.mark.parametrize("name", MARKUP)
def test_markup_is_literal(name: str, clinic: Any, run: Any) -> None:
    said = run("patient", "add", name, "--phone", "98111 22333", "--note", name, "-o", "table", status=0).stdout
    assert name in said
    clinic("walkin", "P3", "MEHTA", "--reason", name)
    for args in (("patient", "show", "P3"), ("patient", "list"), ("queue", "show"), ("appointment", "show", "A1")):
        for form in FORMATS:
            assert name in run(*args, "-o", form, status=0).stdout
    assert name in run("patient", "add", f"{name}s", "--phone", "98111 22333", status=6).stderr


def test_percent_and_underscore_in_a_search_are_no_wildcards(clinic: Any) -> None:
    for words in ("%", "_", "%%", "_____", "%nita", "_nita", "An_ta", "An%ta", "%n%", "[A]nita", "*", "?nita", "\\"):
        assert clinic("patient", "find", words) == [], words


SQL = [
    "x'); DROP TABLE patients; --",
    "x' OR '1'='1",
    'x" OR 1=1 --',
    "x`; DELETE FROM journal",
    "x :id ?1 $2 @v {} %s %(a)s",
]


@pytest.mark.parametrize("sql", SQL)
def test_sql_in_any_argument_is_literal(sql: str, clinic: Any, refused: Any, run_sql: Any) -> None:
    email = f"{sql.replace(' ', '').replace('@', '')}@example.org"
    added = clinic("patient", "add", sql, "--phone", "none", "--note", sql, "--email", email, "--key", sql)
    assert (added["name"], added["note"], added["email"]) == (sql, sql, email)
    assert clinic("patient", "add", sql, "--phone", "none", "--note", sql, "--email", email, "--key", sql)["replayed"]
    assert clinic("doctor", "add", "DEMIR", sql, "--specialty", sql)["specialty"] == sql
    assert clinic("walkin", "P3", "DEMIR", "--reason", sql, "--actor", "x' OR 1=1 --")["appointment"]["reason"] == sql
    assert clinic("doctor", "avail", "set", "MEHTA", "today", "--note", sql)[0]["note"] == sql
    assert clinic("config", "name", sql)["value"] == sql
    assert [each["number"] for each in clinic("patient", "find", sql)] == ["P3"]
    refused(4, "patient_not_found", "patient", "show", f"y{sql}")
    refused(4, "patient_not_found", "checkin", f"y{sql}")
    refused(4, "doctor_not_found", "doctor", "show", f"y{sql}")
    refused(2, "invalid_value", "appointment", "show", sql)
    refused(2, "invalid_value", "patient", "edit", "P3", "--phone", sql)
    refused(2, "invalid_value", "book", "P3", "MEHTA", sql)
    assert len(clinic("patient", "list")) == 3
    assert run_sql("SELECT count(*) FROM journal")[0][0] >= 8


def test_jose_composed_and_decomposed_is_one_patient(clinic: Any) -> None:
    composed, decomposed = "José Núñez", "Jose\u0301 Nu\u0301n\u0303ez"
    assert composed != decomposed
    first = clinic("patient", "add", decomposed, "--phone", "98111 22333")
    again = clinic("patient", "add", composed, "--phone", "98111 22333")
    assert (first["created"], again["created"], again["id"]) == (True, False, first["id"])
    assert first["name"] == composed
    for words in (composed, decomposed, "jose nunez", "JOSE\u0301"):
        assert [each["id"] for each in clinic("patient", "find", words)] == [first["id"]]


FORMULAS = ['=HYPERLINK("http://x","y")', "+1+1 cmd", "-2+3 cmd", "@SUM(A1)"]


@pytest.mark.parametrize("form", ["csv", "tsv"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_is_neutral_when_asked_and_else_untouched(formula: str, form: str, clinic: Any, run: Any) -> None:
    clinic("patient", "add", "-", "--phone", "98111 22333", stdin=formula)
    clinic("patient", "edit", "P3", "--note", "-", stdin=formula)
    clinic("book", "P3", "MEHTA", "--reason", "-", stdin=formula)
    for args, cells in (
        (("patient", "show", "P3"), {"name": formula, "note": formula, "phone": "+919811122333"}),
        (("patient", "list", "--limit", "3"), {"name": formula}),
        (("appointment", "list"), {"patient.name": formula, "reason": formula}),
    ):
        as_it_is = _cells(run(*args, "-o", form, "--header", status=0).stdout, form)
        assert as_it_is.items() >= cells.items()
        safe = _cells(run(*args, "-o", form, "--header", "--excel-safe", status=0).stdout, form)
        assert safe == {
            title: f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell for title, cell in as_it_is.items()
        }
        assert any(safe[title] != cell for title, cell in cells.items())


def test_a_formula_behind_a_tab_in_old_data_is_neutral(clinic: Any, run_sql: Any, run: Any) -> None:
    for before in ("\t", "\r", "\n"):
        run_sql("UPDATE patients SET note = ? WHERE number = 1", f"{before}=1+1")
        cells = _cells(run("patient", "show", "P1", "-o", "csv", "--header", "--excel-safe", status=0).stdout, "csv")
        assert cells["note"] == f"<U+{ord(before):04X}>=1+1"


def test_json_is_never_made_safe_for_spreadsheets(clinic: Any) -> None:
    clinic("patient", "edit", "P1", "--note", "=1+1")
    assert clinic("patient", "show", "P1", "--excel-safe")["note"] == "=1+1"


# Personal arguments from stdin or a file


PERSONAL: dict[str, tuple[tuple[str, ...], str, Callable[[Any], Any], Any]] = {
    "name": (("patient", "add", "{}", "--phone", "none"), "Zoë Quux", lambda found: found["name"], "Zoë Quux"),
    "phone": (("patient", "add", "Zoë", "--phone", "{}"), "98111 22333", lambda found: found["phone"], "+919811122333"),
    "no phone": (("patient", "edit", "P1", "--phone", "{}"), "none", lambda found: found["phone"], None),
    "e-mail": (("patient", "edit", "P1", "--email", "{}"), "a@b.example", lambda found: found["email"], "a@b.example"),
    "note": (("patient", "edit", "P1", "--note", "{}"), "Zoë", lambda found: found["note"], "Zoë"),
    "birth date": (("patient", "edit", "P1", "--born", "{}"), "1931-07-19", lambda found: found["born"], "1931-07-19"),
    "new name": (("patient", "edit", "P1", "--name", "{}"), "Zoë Quux", lambda found: found["name"], "Zoë Quux"),
    "same as": (
        ("patient", "add", "Zoë", "--phone", "none", "--same-as", "{}"),
        "an sh",
        lambda found: found["number"],
        "P1",
    ),
    "reference": (("patient", "show", "{}"), "mu an", lambda found: found["number"], "P2"),
    "words": (("patient", "find", "{}"), "98765 43210", lambda found: [each["number"] for each in found], ["P1"]),
    "whom to edit": (("patient", "edit", "{}", "--sex", "male"), "mu an", lambda found: found["number"], "P2"),
    "whom to book": (("book", "{}", "RAO"), "mu an", lambda found: found["patient"]["number"], "P2"),
    "who walks in": (("walkin", "{}", "RAO"), "mu an", lambda found: found["appointment"]["patient"]["number"], "P2"),
    "who arrives": (("checkin", "{}"), "an sh", lambda found: found["appointment"]["number"], "A1"),
    "who it is": (("checkin", "A1", "--patient", "{}"), "an sh", lambda found: found["position"], 1),
    "whose list": (("appointment", "list", "--patient", "{}"), "an sh", len, 1),
    "reason": (("book", "P2", "RAO", "--reason", "{}"), "Zoë", lambda found: found["reason"], "Zoë"),
    "why cancelled": (("appt", "cancel", "A1", "--reason", "{}"), "Zoë", lambda found: found["cancel_reason"], "Zoë"),
    "note of a day": (
        ("doctor", "avail", "set", "RAO", "today", "--note", "{}"),
        "Zoë",
        lambda found: found[0]["note"],
        "Zoë",
    ),
    "doctor's name": (("doctor", "add", "DEMIR", "{}"), "Dr. Zoë", lambda found: found["name"], "Dr. Zoë"),
}


@pytest.mark.parametrize("what", PERSONAL)
def test_a_personal_argument_may_come_from_stdin_or_a_file(what: str, clinic: Any, tmp_path: Path) -> None:
    args, said, read, expected = PERSONAL[what]
    clinic("book", "P1", "MEHTA")
    dry = ["--dry-run"] if args[1] not in ("show", "find", "list") else []
    for ending in ("", "\n", "\r\n"):
        (tmp_path / "said").write_bytes(f"{said}{ending}".encode())
        by_file = clinic(*(each.replace("{}", f"@{tmp_path / 'said'}") for each in args), *dry)
        by_stdin = clinic(*(each.replace("{}", "-") for each in args), *dry, stdin=f"{said}{ending}".encode())
        assert read(by_file) == read(by_stdin) == expected


def test_a_file_that_cannot_be_read_is_refused(clinic: Any, refused: Any, tmp_path: Path) -> None:
    refused(4, "file_not_found", "patient", "show", f"@{tmp_path / 'nobody'}")
    refused(2, "invalid_value", "patient", "show", f"@{tmp_path}")
    refused(2, "invalid_value", "patient", "show", "-", stdin="")


def test_stdin_fills_one_argument_and_a_second_is_refused(clinic: Any, run: Any) -> None:
    clinic("patient", "edit", "P1", "--note", "Penicillin")
    assert run("patient", "edit", "P1", "--email", "-", "--note", "-", stdin="a@b.example\n").status == 2
    assert clinic("patient", "show", "P1")["note"] == "Penicillin"


def test_an_at_sign_alone_is_no_file(clinic: Any) -> None:
    assert clinic("patient", "edit", "P1", "--note", "@")["note"] == "@"


# What never leaves: in the journal, in the log, in errors


ZOE = {
    "name": "Zorblax Quuxberg",
    "phone": "98123 45670",
    "born": "1931-07-19",
    "email": "zorblax.q@plugh.example",
    "note": "xyzzy allergic",
    "reason": "frobozz pain",
}
SECRETS = re.compile(
    r"zorblax|quuxberg|98123|45670|1931-07-19|19\.7\.31|plugh|xyzzy|allergic|frobozz|vermont|asclepius|"
    r"anita|sharma|98765|43210",
    re.IGNORECASE,
)
NOBODY = re.compile(
    r"\b[0-9a-f]{32,64}\b|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d[T ][0-9:.+-]+", re.IGNORECASE
)
"""Digests, ids and instants, in which digits stand as they fall."""
WHOLE = re.compile(r"98123|45670|98765|43210|5670|3210|plugh|xyzzy|frobozz", re.IGNORECASE)


@pytest.fixture
def zoe(clinic: Any) -> Any:
    """A clinic with a patient of whom everything is known; the value is `ask`."""
    clinic(
        *("patient", "add", ZOE["name"], "--phone", ZOE["phone"], "--born", ZOE["born"], "--email", ZOE["email"]),
        *("--note", ZOE["note"]),
    )
    return clinic


def test_the_journal_and_the_log_hold_nobody(log: Path, zoe: Any, run: Any, run_sql: Any, tmp_path: Path) -> None:
    zoe("book", ZOE["name"], "MEHTA", "--reason", ZOE["reason"], "--key", "k1")
    zoe("book", ZOE["name"], "MEHTA", "--reason", ZOE["reason"], "--key", "k1")
    zoe("checkin", "zor quu", "--patient", ZOE["phone"])
    zoe("queue", "call", "MEHTA")
    zoe("walkin", ZOE["phone"], "RAO", "--reason", ZOE["reason"])
    zoe("book", "P3", "MEHTA", "tomorrow", "--reason", ZOE["reason"])
    zoe("appointment", "cancel", "A3", "--reason", ZOE["reason"])
    zoe("book", "P3", "RAO", "tomorrow", "--reason", ZOE["reason"])
    zoe("doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "cancel", "--note", ZOE["note"])
    zoe("doctor", "edit", "RAO", "--name", "Dr. Vermont Asclepius")
    zoe("patient", "edit", "P3", "--name", "Quuxberg Zorblax", "--phone", "+91 98123 45670", "--born", "1931-07-19")
    zoe("patient", "add", "Zorblax Quuxberg", "--phone", ZOE["phone"])
    zoe("patient", "add", "Other Quuxberg", "--phone", ZOE["phone"], "--email", ZOE["email"], "--key", "k2")
    zoe("patient", "add", "Other Quuxberg", "--phone", ZOE["phone"], "--email", ZOE["email"], "--key", "k2")
    zoe("patient", "add", "Zorblax Quuxberk", "--phone", ZOE["phone"], "--same-as", "P3")
    (tmp_path / "days.csv").write_text(f"doctor,date,present,note\nMEHTA,+9d,no,{ZOE['note']}\n")
    zoe("doctor", "avail", "import", str(tmp_path / "days.csv"))
    (tmp_path / "days.csv").write_text(f"doctor,date,present,note\nMEHTA,{ZOE['name']},no,{ZOE['note']}\n")
    run("doctor", "avail", "import", str(tmp_path / "days.csv"), status=65)
    run("doctor", "avail", "import", str(tmp_path / "days.csv"), "--on-error", "skip", status=3)
    run("patient", "show", "none such Zorblax", status=4)
    run("patient", "add", "Zorblax Quuxberq", "--phone", ZOE["phone"], status=6)
    run("patient", "add", "Zorblax", "--phonne", ZOE["phone"], status=2)
    rows = [*run_sql("SELECT * FROM journal"), *run_sql("SELECT * FROM journal_steps")]
    assert len(rows) > 20
    for row in rows:
        said = " ".join(NOBODY.sub("", str(cell)) for cell in row)
        assert not SECRETS.search(said), said
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) > 20
    for line in lines:
        said = json.dumps({name: value for name, value in line.items() if name not in ("at", "pid", "seconds")})
        assert not SECRETS.search(said), line


MISUSED: list[tuple[str, ...]] = [
    ("Zorblax",),
    ("patient", "Zorblax Quuxberg"),
    ("patient", "add"),
    ("patient", "add", "Zorblax"),
    ("patient", "add", "Zorblax", "98123 45670"),
    ("patient", "add", "Zorblax", "Quuxberg", "--phone", "98123 45670"),
    ("patient", "add", "Zorblax", "--phone"),
    ("patient", "add", "Zorblax", "--phone", "Quuxberg"),
    ("patient", "add", "Zorblax", "--phone", "98123 45670 98123"),
    ("patient", "add", "Zorblax", "--phone", "none", "--age", "1931-07-19"),
    ("patient", "add", "Zorblax", "--phone", "none", "--age", "1931"),
    ("patient", "add", "Zorblax", "--phone", "none", "--born", "19.7.31"),
    ("patient", "add", "Zorblax", "--phone", "none", "--born", "2931-07-19"),
    ("patient", "add", "Zorblax", "--phone", "none", "--born", "1931-07-19", "--age", "95"),
    ("patient", "add", "Zorblax", "--phone", "none", "--sex", "Quuxberg"),
    ("patient", "add", "Zorblax", "--phone", "none", "--email", "Quuxberg"),
    ("patient", "add", "Zorblax", "--phone", "none", "--new", "--same-as", "Quuxberg"),
    ("patient", "add", "Zorblax", "--phone", "none", "--new=Quuxberg"),
    ("patient", "add", "Zorblax", "--phone", "none", "--key", ""),
    ("patient", "add", "Zorblax", "--phone", "none", "--wait", "Quuxberg"),
    ("patient", "add", "Zorblax", "--fone", "98123 45670"),
    ("patient", "add", "Zorblax", "-98123", "45670"),
    ("patient", "add", "--Zorblax=Quuxberg"),
    ("patient", "add", "-Zorblax"),
    ("patient", "show", "Zorblax", "Quuxberg"),
    ("patient", "edit", "P3"),
    ("patient", "list", "Zorblax"),
    ("patient", "list", "--limit", "Zorblax"),
    ("book", "Zorblax"),
    ("book", "Zorblax", "MEHTA", "Quuxberg"),
    ("book", "Zorblax", "MEHTA", "today", "--time", "Quuxberg"),
    ("book", "Zorblax", "MEHTA", "today", "Quuxberg"),
    ("checkin", "Zorblax", "Quuxberg"),
    ("appointment", "show", "Zorblax"),
    ("appointment", "cancel", "A1", "--by", "Zorblax"),
    ("appointment", "list", "--status", "Zorblax"),
    ("appointment", "list", "--day", "Zorblax"),
    ("queue", "call", "MEHTA", "Zorblax"),
    ("queue", "Zorblax"),
    ("doctor", "add", "Zorblax Quuxberg", "Dr. Quuxberg"),
    ("doctor", "avail", "set", "MEHTA", "Zorblax"),
    ("doctor", "avail", "set", "MEHTA", "today", "--capacity", "Zorblax"),
    ("doctor", "avail", "set", "MEHTA", "today", "--on-conflict", "Zorblax"),
    ("config", "timezone", "Zorblax"),
    ("config", "region", "Zorblax"),
]


def test_a_usage_error_does_not_repeat_what_was_said(zoe: Any, run: Any) -> None:
    zoe("book", "P3", "MEHTA")
    for args in MISUSED:
        text_, json_ = run(*args), run("--json", *args)
        assert text_.status == json_.status == 2, args
        assert text_.stdout == json_.stdout == ""
        assert len(text_.stderr.splitlines()) in (1, 2)
        assert json_.error["code"] in ("usage", "invalid_value")
        assert not SECRETS.search(text_.stderr + json_.stderr), args
    assert not SECRETS.search(run("patient", "add", "Zorblax", "--phone", "none", "-o", "Quux", status=2).stderr)


def test_no_refusal_names_anybody(zoe: Any, run: Any, run_sql: Any, tmp_path: Path) -> None:
    zoe("doctor", "avail", "set", "RAO", "+2d", "--absent")
    zoe("doctor", "avail", "set", "RAO", "+3d", "--capacity", "1")
    zoe("book", "P1", "RAO", "+3d")
    zoe("book", "P3", "MEHTA", "--key", "k1")
    zoe("book", "P3", "MEHTA", "tomorrow")
    zoe("book", "P3", "RAO")
    zoe("checkin", "A2")
    (tmp_path / "days.csv").write_text(f"doctor,date,note\n{ZOE['name']},today,{ZOE['note']}\nZORBLAX,today,\n")
    (tmp_path / "other.db").write_text(f"{ZOE['name']} {ZOE['phone']}")
    name = ZOE["name"]
    seen = set()
    for args in (
        ("patient", "show", "Xyzzy Frobozz"),
        ("patient", "show", "98123 45671"),
        ("book", "Xyzzy Frobozz", "MEHTA"),
        ("book", name, "ZORBLAX"),
        ("book", name, "MEHTA"),
        ("book", name, "MEHTA", "yesterday"),
        ("book", name, "RAO", "+2d"),
        ("book", name, "RAO", "+3d"),
        ("book", name, "RAO", "+3d", "--overbook", "--key", "k1"),
        ("checkin", "A2"),
        ("checkin", "A3"),
        ("checkin", "A4", "--patient", "an sh"),
        ("checkin", "P2"),
        ("appointment", "cancel", "A2"),
        ("queue", "done", "MEHTA"),
        ("queue", "call", "MEHTA", "99"),
        ("doctor", "add", "RAO", "Dr. Vermont"),
        ("config", "zorblax"),
        ("doctor", "avail", "import", str(tmp_path / "days.csv")),
        ("patient", "show", name, "--db", str(tmp_path / "other.db")),
        ("patient", "show", name, "--db", str(tmp_path / "none.db")),
        ("init", "--db", str(tmp_path / "other.db" / "x.db")),
    ):
        text_, json_ = run(*args), run(*args, "--json")
        assert text_.status == json_.status != 0, args
        assert text_.stdout == json_.stdout == ""
        assert text_.stderr.startswith("clinicctl: ")
        assert not SECRETS.search(text_.stderr.replace(str(tmp_path), "")), text_.stderr
        assert not SECRETS.search(json_.stderr.replace(str(tmp_path), "")), json_.stderr
        seen.add(json_.error["code"])
    assert seen >= {
        *("patient_not_found", "doctor_not_found", "already_booked", "past_day", "doctor_absent", "capacity_full"),
        *("key_reused", "already_checked_in", "wrong_day", "wrong_patient", "appointment_not_found", "illegal_step"),
        *("queue_entry_not_found", "duplicate_code", "setting_not_found", "bad_file", "not_a_clinic_database"),
        "no_database",
    }


def test_an_answer_about_people_never_gives_the_whole_phone(zoe: Any, run: Any) -> None:
    zoe("patient", "add", "Ilse Quuxberg", "--phone", ZOE["phone"], "--email", ZOE["email"], "--note", ZOE["note"])
    zoe("book", "P3", "RAO", "--reason", ZOE["reason"])
    zoe("book", "P1", "RAO", "--reason", ZOE["reason"])
    for code, key, args in (
        ("ambiguous", "candidates", ("patient", "show", ZOE["phone"])),
        ("ambiguous", "candidates", ("book", "quu", "MEHTA")),
        ("possible_duplicate", "candidates", ("patient", "add", "Zorblax Quuxberk", "--phone", ZOE["phone"])),
        ("has_bookings", "affected", ("doctor", "avail", "set", "RAO", "today", "--absent")),
    ):
        text_, json_ = run(*args), run(*args, "--json")
        assert json_.error["code"] == code
        assert {each["phone_last3"] for each in json_.error["details"][key]} <= {"670", "210"}
        assert text_.status == json_.status
        assert "Quuxberg" in text_.stderr
        assert "…670" in text_.stderr
        assert not WHOLE.search(text_.stderr + json_.stderr)


# A bug says where, and never of whom


@pytest.fixture
def bug(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bug in the middle of an operation, whose message holds a name."""

    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError(f"{ZOE['name']} {ZOE['phone']} {ZOE['born']}")

    with monkeypatch.context() as patched:
        patched.setattr("clinicctl.desk.lookup.find_patient", fails)
        yield


def test_a_bug_is_named_by_a_reference_and_tells_nothing_of_people(
    log: Path, zoe: Any, bug: None, run: Any, run_sql: Any
) -> None:
    before = run_sql("SELECT count(*) FROM journal")
    for args in (("patient", "show", ZOE["name"]), ("patient", "edit", ZOE["name"], "--note", ZOE["note"])):
        text_, json_ = run(*args, status=70), run(*args, json=True, status=70)
        assert text_.stdout == json_.stdout == ""
        assert json_.error["code"] == "internal"
        reference = json_.error["details"]["reference"]
        assert reference in json_.error["message"]
        assert re.search("^clinicctl: Internal error [0-9a-f]{8} ", text_.stderr)
        assert not SECRETS.search(text_.stderr.replace(reference, "") + json_.stderr.replace(reference, ""))
        assert "Traceback" not in text_.stderr + json_.stderr
        lines = [each for each in log.read_text().splitlines() if f'"reference": "{reference}"' in each]
        assert len(lines) == 1
        noted = json.loads(lines[0])
        assert (noted["exit_code"], noted["code"], noted["kind"]) == (70, "internal", "RuntimeError")
        assert any("patients.py" in frame for frame in noted["frames"])
    assert not re.search("zorblax|quuxberg|98123 |1931-07-19|xyzzy", log.read_text(), re.IGNORECASE)
    assert run_sql("SELECT count(*) FROM journal") == before


def test_every_command_is_one_line_in_the_log_a_bug_too(log: Path, zoe: Any, bug: None, run: Any) -> None:
    log.unlink()
    run("patient", "list", status=0)
    run("patient", "list", "Zorblax", status=2)
    run("patient", "show", "P1", status=70)
    assert [json.loads(each)["exit_code"] for each in log.read_text().splitlines()] == [0, 2, 70]


def test_a_fault_of_the_database_shows_no_parameter(log: Path, zoe: Any, run_sql: Any, start: Any, finish: Any) -> None:
    run_sql("DROP TABLE patient_words")
    answer = finish(start("patient", "add", ZOE["name"] + " II", "--phone", "none", "--note", ZOE["note"]))
    assert answer.status in (10, 70)
    assert answer.stdout == ""
    assert answer.stderr.startswith("clinicctl: ")
    assert "Traceback" not in answer.stderr
    for seen in (answer.stderr, log.read_text()):
        assert not re.search("zorblax|quuxberg|xyzzy|INSERT|VALUES", seen, re.IGNORECASE)


def _is_one_line(said: str) -> bool:
    return said.startswith("clinicctl: ") and said.endswith("\n") and len(said.splitlines()) == 1


def _hidden(said: str) -> list[str]:
    """The characters of a text that a terminal obeys or does not show."""
    joiners = "\u200c\u200d"
    return [
        each for each in said if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp") and each not in joiners
    ]


def _cells(said: str, form: str) -> dict[str, Any]:
    """The last row of an output, by title, names nested by dots."""
    if form in ("json", "jsonl"):
        found = json.loads(said.splitlines()[-1])
        return dict(_flat(found[-1] if isinstance(found, list) else found))
    if form == "csv":
        titles, *rows = csv.reader(io.StringIO(said, newline=""))
    else:
        titles, *rows = (line.split("\t") for line in said.removesuffix("\n").split("\n"))
    return dict(zip(titles, rows[-1], strict=True))


def _flat(found: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for each in found.values():
            yield from _strings(each)
    elif isinstance(found, list):
        for each in found:
            yield from _strings(each)


def _read_all(descriptor: int) -> Iterator[bytes]:
    """What comes out of a pseudo-terminal; Linux ends it with an error."""
    with os.fdopen(descriptor, "rb", buffering=0) as ours:
        while True:
            try:
                found = ours.read(65536)
            except OSError:
                return
            if not found:
                return
            yield found
