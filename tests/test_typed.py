"""Errors name what was typed, unless it may be about a person, and say what is allowed."""

import shlex
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl import errors, settings
from clinicctl.cli import app, parsers
from clinicctl.cli.fast_parse import without_people
from clinicctl.statuses import Sex
from tests import every_write

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


def fixed() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Every option with fixed values of every command: the command, the option, and what is allowed."""
    for name, command in every_write.commands():
        for each in command.params:
            if each.param_type_name != "option":
                continue
            if allowed := parsers.FIXED.get(getattr(each.type, "func", None)):
                yield name, each.opts[0], allowed
            elif each.name == "output":
                yield name, each.opts[0], settings.FORMATS


def ranges() -> Iterator[tuple[str, str]]:
    """Every option with a number of every command."""
    for name, command in every_write.commands():
        for each in command.own:
            if each.param_type_name == "option" and each.metavar in ("N", "SECONDS"):
                yield name, each.opts[0]


@pytest.mark.parametrize(
    ("command", "option", "allowed"), [pytest.param(*each, id=" ".join(each[:2])) for each in fixed()]
)
def test_an_option_with_fixed_values_lists_them_in_help_and_error(
    command: str, option: str, allowed: tuple[str, ...], clinic: Ask, run: Run
) -> None:
    for wrong in ("sideways", "", "female1", "ſtop"):
        error = run(*command.split(), option, wrong, json=option != "--output", status=2)
        said = error.stderr if option == "--output" else error.error["message"]
        assert f'{option}: "{wrong}" is not one of {", ".join(allowed)}.' in said
    help_ = "".join(run(*command.split(), "--help", status=0).stdout.split())
    assert all(each in help_ for each in allowed)
    assert not any(hasattr(each.type, "choices") for each in dict(every_write.commands())[command].own), "ours say more"


def test_the_lists_of_options_that_are_tested_are_not_empty() -> None:
    assert {option for _, option, _ in fixed()} == {
        *("--sex", "--by", "--status", "--on-conflict", "--on-error", "--format", "--mode", "--output"),
        *("--cancelled-by", "--encoding", "--theme", "--width", "--notify", "--channel", "--state", "--role"),
    }
    assert {option for _, option in ranges()} >= {"--capacity", "--limit", "--days", "--keep", "--every"}


@pytest.mark.parametrize(("command", "option"), [pytest.param(*each, id=" ".join(each)) for each in ranges()])
def test_a_number_out_of_range_is_named_with_the_range(command: str, option: str, clinic: Ask, run: Run) -> None:
    help_ = run(*command.split(), "--help", status=0).stdout
    for wrong in ("-1", "abc", "1e9", "٣x"):
        message = run(*command.split(), f"{option}={wrong}", json=True, status=2).error["message"]
        assert message.startswith(f"{option}: ")
        assert (f'"{wrong}"' in message) == (option != "--age"), "an age is personal"
        assert "number" in message
        assert "from" in message
    assert ".." in help_ or "[at least 1]" in help_


def test_no_option_of_any_command_leaves_its_error_to_click(clinic: Ask) -> None:
    for name, command in every_write.commands():
        for each in command.own:
            assert type(each.type).__name__ in ("FuncParamType", "BoolParamType", "StringParamType"), (name, each.name)


@pytest.mark.parametrize(
    ("said", "sex"),
    [("f", Sex.FEMALE), ("M", Sex.MALE), ("Female", Sex.FEMALE), (" o ", Sex.OTHER), ("unknown", Sex.UNKNOWN)],
)
def test_a_sex_is_taken_in_any_case_and_by_its_first_letter(said: str, sex: Sex, clinic: Ask) -> None:
    assert clinic("patient", "edit", "P1", "--sex", said)["sex"] == sex
    line = shlex.join(["patient", "edit", "P2", "--sex", said])
    assert clinic("batch", "-", stdin=f"{line}\n")["result"]["sex"] == sex
    clinic("patient", "import", "-", stdin=f"name,sex\nOliver Novak,{said}\n")
    assert clinic("patient", "show", "oliver")["sex"] == sex


MISTAKES = [
    (("book", "P1", "MEHTA", "tomorow"), '"tomorow"', "Did you mean tomorrow?"),
    (("book", "P1", "MEHTA", "Mondya"), '"mondya"', "Did you mean monday?"),
    (("book", "P1", "MEHTA", "31/11"), '"31/11"', None),
    (("book", "P1", "MEHTA", "27 nov"), '"27 nov"', None),
    (("book", "P1", "MEHTA", "2026-02-30"), '"2026-02-30"', None),
    (("appointment", "list", "--day", "2026-11-23..2026-13-01"), '"2026-13-01"', None),
    (("book", "P1", "MEHTA", "--time", "25:00"), '"25:00"', None),
    (("book", "P1", "MEHTA", "--time", "13 am"), '"13 am"', None),
    (("doctor", "avail", "weekly", "MEHTA", "mon-fry"), '"mon-fry"', None),
    (("doctor", "add", "A/1", "Dr. One"), '"A/1"', None),
    (("appointment", "show", "P17"), '"P17"', None),
    (("waitlist", "remove", "A1"), '"A1"', None),
    (("queue", "start", "MEHTA", "0"), '"0"', None),
    (("queue", "priority", "MEHTA", "1", "10"), '"10"', None),
    (("undo", "x1"), '"x1"', None),
    (("config", "capacity", "abc"), 'capacity: "abc" is not a whole number from 1 to 500', None),
    (("config", "mask_phones", "perhaps"), 'mask_phones: "perhaps" is not one of yes, no', None),
    (("config", "timezone", "Mars/Olympus"), '"Mars/Olympus"', None),
    (("config", "region", "ZZ"), '"ZZ"', None),
    (("status", "--wait", "soon"), '--wait: "soon"', None),
    (("book", "P1", "MEHTA", "--tiem", "9:30"), "No such option: --tiem.", "--time"),
    (("book", "P1", "MEHTA", "--zz=Zyxwin"), "No such option: --zz.", None),
    (("patient", "fnd"), "No such command: fnd.", "Did you mean find?"),
]


@pytest.mark.parametrize(
    ("args", "said", "hint"), MISTAKES, ids=lambda each: shlex.join(each) if isinstance(each, tuple) else None
)
def test_a_mistake_is_named_alike_at_the_desk_and_in_a_batch(
    args: tuple[str, ...], said: str, hint: str | None, clinic: Ask, run: Run
) -> None:
    error = run(*args, json=True, status=2).error
    assert said in error["message"]
    assert "Zyxwin" not in str(error)
    assert hint is None or hint in error["hint"]
    line = run("batch", "-", stdin=f"{shlex.join(args)}\n", status=3)
    assert "--wait" in args or line.json["error"]["message"] == error["message"]


def test_an_unknown_setting_is_named_when_it_is_nearly_one(clinic: Ask, refused: Refused) -> None:
    error = refused(4, "setting_not_found", "config", "mask_phone", "yes")
    assert (error["message"], error["hint"]) == ('No such setting: "mask_phone".', "Did you mean mask_phones?")
    error = refused(4, "setting_not_found", "config", "zyxwin")
    assert error["message"] == "No such setting."
    assert "overbook_limit" in error["hint"]


def test_a_bad_value_is_named_with_its_origin(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINICCTL_OUTPUT", "xml")
    assert 'CLINICCTL_OUTPUT: "xml" is not one of table,' in run("status", status=2).stderr


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("MEHTA,2026-02-30,yes,", 'bad date: "2026-02-30"'),
        ("MEHTA,tomorow,yes,", 'bad date: "tomorow"'),
        ("MEHTA,+1d,maybe,", 'absent, not "maybe"'),
        ("MEHTA,+1d,yes,-3", 'from 0 to 500, not "-3"'),
        ("A/1,+1d,yes,", '"A/1"'),
        ("MEHTA,zyxwin,yes,", "bad date"),
        ("MEHTA,+1d,Zyxwin,", "present or absent"),
        ("MEHTA,+1d,yes,9876514703", "from 0 to 500"),
    ],
)
def test_a_cell_is_named_unless_it_may_be_about_a_person(row: str, said: str, clinic: Ask, refused: Refused) -> None:
    file = f"doctor,date,present,capacity\n{row}\n"
    (line,) = refused(65, "bad_file", "doctor", "avail", "import", "-", stdin=file)["details"]["lines"]
    assert line["reason"].rstrip(".").endswith(said) or said in line["reason"]
    assert not any(each in str(line).lower() for each in every_write.MARKS)


ARGUMENTS = [
    ("{}",),
    ("patient", "{}"),
    ("book", "P1", "MEHTA", "{}"),
    ("book", "P1", "{}"),
    ("doctor", "avail", "weekly", "MEHTA", "{}"),
    ("doctor", "avail", "set", "MEHTA", "{}..{}"),
    ("appointment", "show", "{}"),
    ("waitlist", "remove", "{}"),
    ("queue", "start", "MEHTA", "{}"),
    ("queue", "priority", "MEHTA", "1", "{}"),
    ("undo", "{}"),
    ("close", "{}"),
    ("config", "{}"),
    ("audit", "verify", "--anchor", "{}"),
    ("patient", "edit", "P1", "--age", "{}"),
    ("patient", "edit", "P1", "--born", "{}"),
    ("patient", "edit", "P1", "--phone", "{}1"),
    ("patient", "add", "Somebody", "--phone", "none", "--{}"),
]
PEOPLE = ["Zyxwin", "zyxwin", "Zyxwin Quvmark", "zélthu", "9876514703", "98765 14703", "+919876514703"]


@pytest.mark.parametrize("args", ARGUMENTS, ids=" ".join)
def test_a_name_or_a_phone_in_the_wrong_place_is_not_repeated(args: tuple[str, ...], clinic: Ask, run: Run) -> None:
    for who in PEOPLE:
        if args[-1] == "--{}" and who == "zyxwin":
            continue
        answer = run(*(each.format(who, who) for each in args))
        assert answer.status in (2, 4), (args, who, answer)
        assert not any(each in answer.stderr.lower() for each in every_write.MARKS), (args, who, answer.stderr)


@given(st.text(min_size=1), st.booleans())
def test_what_is_repeated_is_short_and_holds_no_phone(said: str, option: bool) -> None:
    named = errors.typed(said, option=option)
    if named is not None:
        assert len(named) <= errors.LONGEST + 2
        assert option or named.replace("\u2212", "-").isascii()


def test_what_is_repeated_is_made_visible_and_cut(clinic: Ask, run: Run) -> None:
    said = run("appointment", "cancel", "A1", "--by", "\x1b[31mno\u202e" + "x" * 100, status=2).stderr
    assert "<U+001B>[31mno<U+202E>xxx" in said
    assert "…" in said
    assert "x" * 50 not in said


def test_the_history_of_the_shell_keeps_fixed_values_and_numbers_alone() -> None:
    from typer.main import get_group

    root = get_group(app)
    words = ["patient", "edit", "P1", "--sex", "f", "--note", "tall"]
    assert without_people(root, words, ["MEHTA"]) == ["patient", "edit", "P1", "--sex", "f", "--note", "_"]
    assert without_people(root, ["free", "MEHTA", "--days", "30"], ["MEHTA"]) == ["free", "MEHTA", "--days", "30"]
