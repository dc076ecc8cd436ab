"""A row of the journal is small, however many patients share a phone or a name, and however long a leave is."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from clinicctl.cli.commands import Writing
from tests import every_write, stored

Ask = Callable[..., Any]
Run = Callable[..., Any]

LARGEST = 16_384
"""The most bytes of an outcome in the journal."""
CROWD = 120
"""So many patients have one phone, and as many one name."""

ON_THE_CROWD: tuple[tuple[list[str], str | None], ...] = (
    (["patient", "add", "Somebody Else", "--phone", "99999 99999", "--new"], None),
    (["patient", "add", "Mohammed Khan", "--phone", "98888 12345", "--new"], None),
    (["patient", "edit", "P20", "--phone", "99999 99999", "--note", "n" * 2_000], None),
    (["patient", "edit", "P21", "--name", "Mohammed Khan"], None),
    (["patient", "merge", "P30", "--into", "P31", "--yes"], None),
    (["patient", "distinct", "P32", "P33"], None),
    (["patient", "archive", "P34"], None),
    (["patient", "restore", "P34"], None),
    (["walkin", "RAO", "--new", "Mohammed Khan", "--phone", "99999 99999", "--another", "--overbook"], None),
    (["patient", "erase", "P35", "--yes"], None),
    (["doctor", "avail", "set", "MEHTA", "+30d..+395d", "--absent", "--note", "leave"], None),
    (["away", "all", "+30d..+395d"], None),
    (["doctor", "avail", "weekly", "MEHTA", "mon-sun", "--off", "--on-conflict", "keep"], None),
    (["doctor", "avail", "import", "-"], "doctor,date,present\n" + "".join(f"RAO,+{n}d,no\n" for n in range(30, 390))),
    (["waitlist", "add", "P40", "RAO", "+1d..+365d"], None),
)


@pytest.fixture
def crowded(ask: Ask, run: Run) -> Ask:
    """The clinic after a day with every write, and then crowds."""
    every_write.begin(ask)
    for words, stdin in every_write.DAY:
        ask(*words, stdin=stdin)
    # Names with numbers are never spellings of one another.
    same_phone = [f"Giv{n} Crowd{n},99999 99999,1980-01-01" for n in range(CROWD)]
    same_name = [f"Mohammed Khan,98{n * 7919:08}," for n in range(CROWD)]
    run(
        *("patient", "import", "-", "--on-error", "skip", "--json"),
        stdin="\n".join(["name,phone,born", *same_phone, *same_name]) + "\n",
    ).looked_at = True
    return ask


def outcomes() -> list[tuple[int, str, int]]:
    found = stored.rows(os.environ["CLINICCTL_DB"], "SELECT number, command, outcome FROM journal ORDER BY number")
    return [(number, command, len(outcome.encode())) for number, command, outcome in found]


def test_a_row_of_the_journal_is_small_after_every_write_to_crowds(crowded: Ask) -> None:
    for words, stdin in ON_THE_CROWD:
        crowded(*words, stdin=stdin)
    written = {command for _, command, _ in outcomes()}
    missing = {name for name, command in every_write.commands() if isinstance(command, Writing)} - written
    assert {name for name in missing if name.split()[0] not in every_write.KEEPING} <= {"batch"}
    assert [each for each in outcomes() if each[2] > LARGEST] == []


@pytest.mark.parametrize(
    "command",
    [
        "doctor avail set MEHTA +1d..+366d --absent --note leave",
        "away all +1d..+366d",
        "waitlist add P1 RAO +1d..+365d",
    ],
)
def test_a_write_of_a_year_is_answered_again_from_a_small_row(command: str, clinic: Ask) -> None:
    words = command.split()
    first = clinic(*words, "--key", "year")
    ((_, _, size),) = outcomes()[-1:]
    assert size < LARGEST
    again = clinic(*words, "--key", "year")
    listed = (first, again) if isinstance(first, list) else ([first], [again])
    assert [each | {"replayed": True} for each in listed[0]] == listed[1]
    assert clinic("audit", "verify")["writes"] > 0
    touched = clinic("audit", "log", "--key", "year")[0]["touched"]
    assert touched[0] in ("MEHTA", "RAO")


def test_a_leave_that_cancels_names_the_cancelled_in_answer_log_and_undo(clinic: Ask) -> None:
    booked = [clinic("book", "P1", "MEHTA", f"+{n}d")["number"] for n in range(1, 15)]
    words = ["doctor", "avail", "set", "MEHTA", "+1d..+300d", "--absent", "--on-conflict", "cancel", "--yes"]
    first = clinic(*words, "--key", "leave")
    assert [each["appointment"] for day in first for each in day["cancelled"]] == booked
    assert clinic(*words, "--key", "leave") == [each | {"replayed": True} for each in first]
    (entry,) = clinic("audit", "log", "--key", "leave")
    assert {"MEHTA", "P1", *booked} == set(entry["touched"])
    assert clinic("audit", "log", "--doctor", "MEHTA", "--command", "doctor avail") == [entry]
    undone = clinic("undo", "--yes")
    assert {each["number"] for each in undone["appointments"]} == set(booked)
    assert clinic("doctor", "avail", "show", "MEHTA", "+5d")[0]["present"]


def test_a_call_names_twenty_others_who_were_called_and_counts_all(clinic: Ask, run: Run) -> None:
    lines = ["doctor edit MEHTA --capacity 40"]
    lines += [f"walkin MEHTA --new 'Crowd {chr(97 + n)}{chr(97 + n)}' --phone none" for n in range(24)]
    lines += ["queue call MEHTA"] * 22
    answers = run("batch", "-", stdin="\n".join(lines), status=0).lines
    assert answers[-1]["result"]["also_called"] == list(range(1, 21))
    assert answers[-1]["result"]["also_called_count"] == 21
    text = run("queue", "call", "MEHTA", "-o", "table", "--key", "k", status=0).stdout
    assert "19, 20 and 2 more." in text
    assert [each for each in outcomes() if each[2] > LARGEST] == []
