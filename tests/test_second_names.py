"""Second names of commands, and the beginnings that are enough at the prompt."""

from collections.abc import Callable
from typing import Any

import pytest

from clinicctl.cli.commands import SECOND_NAMES

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", SECOND_NAMES)
def test_a_second_name_is_the_same_command(name: str, run: Run) -> None:
    def options(words: str) -> str:
        return str(run(*words.split(), "--help", status=0).stdout.partition("Options:")[2])

    assert options(name) == options(SECOND_NAMES[name])


def test_a_retry_by_the_other_name_replays_and_the_journal_has_the_first(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "+2d")
    moved = clinic("reschedule", "A1", "+3d", "--key", "k")
    for name in ("move", "reschedule", "appointment move", "appt move"):
        assert clinic(*name.split(), "A1", "+3d", "--key", "k") == moved | {"replayed": True}
    clinic("cancel", "A2")
    clinic("register", "Carla Third", "--phone", "90909 09090")
    commands = [each["command"] for each in clinic("audit", "log", "--limit", "3")]
    assert sorted(commands) == ["appointment cancel", "appointment move", "patient add"]


def test_a_batch_takes_second_names(clinic: Ask, run: Run) -> None:
    lines = "book P1 MEHTA +1d\nmove A1 +2d\nno-show A9\ncancel A2\n"
    answers = [each["exit_code"] for each in run("batch", "-", stdin=lines, json=True, status=3).lines]
    assert answers == [0, 0, 4, 0]
    assert [each["command"] for each in clinic("audit", "log", "--limit", "3")].count("appointment move") == 1
