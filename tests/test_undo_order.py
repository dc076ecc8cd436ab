"""Which write an undo without a number means: the last of its actor that is no undo and not undone, however it came."""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from tests import stored

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

ACTORS = ("asha", "ben")
ACTS = 80


def last_number() -> int:
    return int(stored.value(os.environ["CLINICCTL_DB"], "SELECT max(number) FROM journal"))


@pytest.mark.parametrize("seed", range(3))
def test_an_undo_means_the_last_write_that_is_not_undone(seed: int, clinic: Ask, refused: Refused) -> None:
    dice = random.Random(seed)
    writes: dict[int, str] = {}
    undone = set[int]()

    def left(actor: str) -> list[int]:
        return [number for number, by in writes.items() if by == actor and number not in undone]

    for nth in range(ACTS):
        actor = dice.choice(ACTORS)
        act = dice.choice(["book", "book", "undo", "undo", "undo a number"])
        if act == "book":
            clinic("book", "P1", "MEHTA", f"+{nth + 1}d", "--actor", actor)
            writes[last_number()] = actor
        elif act == "undo":
            if left(actor):
                number = left(actor)[-1]
                assert clinic("undo", "--yes", "--actor", actor)["undoes"] == number, (seed, nth)
                undone.add(number)
            else:
                refused(4, "journal_entry_not_found", "undo", "--yes", "--actor", actor)
        elif rest := [each for each in writes if each not in undone]:
            number = dice.choice(rest)
            clinic("undo", str(number), "--yes", "--actor", actor)
            undone.add(number)
    assert len(undone) > ACTS / 5


def test_an_undo_refuses_a_newer_write_that_it_cannot_undo(clinic: Ask, refused: Refused) -> None:
    for day in ("+1d", "+2d", "+3d"):
        clinic("book", "P1", "MEHTA", day, "--actor", "asha")
    clinic("undo", "--actor", "asha")
    clinic("patient", "edit", "P2", "--note", "tall", "--actor", "asha")
    number = last_number()
    assert refused(7, "illegal_step", "undo", "--yes", "--actor", "asha")["details"]["number"] == number
