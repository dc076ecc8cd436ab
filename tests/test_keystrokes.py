"""The keys that the most frequent acts take are typed in a terminal, and do what the table says."""

import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.keystrokes import ACTS, Act
from tests.test_shell import Terminal

Ask = Callable[..., Any]
QUESTION = r"(\[y/N\]|\]:) ?$"
PROMPT = "clinicctl[^\n]*> $"


@pytest.fixture
def busy(clinic: Ask, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    """A clinic with 22 patients; P21 waits for MEHTA."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    lines = [
        f"patient add '{chr(64 + nth) * 2}a Guest{chr(64 + nth)}' --phone '90000 {nth:05}'" for nth in range(3, 23)
    ]
    run("batch", "-", stdin="\n".join([*lines, "walkin P21 MEHTA"]), json=True, status=0)
    return clinic


@pytest.fixture
def started() -> Iterator[list[Terminal]]:
    found: list[Terminal] = []
    yield found
    for each in found:
        each.process.kill()
        each.process.wait()
        os.close(each.master)


def prepare(ask: Ask, act: Act) -> None:
    """Book what an act needs."""
    if act.name.startswith("check in"):
        ask("book", "P22", "MEHTA")
    elif act.name.startswith(("move", "cancel")):
        ask("book", "P22", "MEHTA", "+9d")


def effect(ask: Ask, act: Act) -> Any:
    """Return what an act has done."""
    booked = [each for each in ask("appointment", "list") if each["patient"]["number"] in ("P22", "P23")]
    statuses = sorted(each["status"] for each in booked)
    return statuses, [each["status"] for each in ask("queue", "show", "MEHTA")]


EXPECTED = {
    "book": (["booked"], ["waiting"]),
    "check": (["checked_in"], ["waiting", "waiting"]),
    "move": (["booked", "cancelled"], ["waiting"]),
    "cancel": (["cancelled"], ["waiting"]),
    "finish,": ([], ["serving"]),
    "walk-in": (["checked_in"], ["waiting", "waiting"]),
}


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name.partition(" ")[0])
def test_an_act_is_typed_on_the_command_line(act: Act, busy: Ask, started: list[Terminal]) -> None:
    prepare(busy, act)
    started.append(terminal := Terminal(*shlex.split(act.command)[1:]))
    for each in act.answers:
        terminal.read(QUESTION)
        terminal.wait_until_it_waits()
        os.write(terminal.master, f"{each}\n".encode())
    status = terminal.process.wait(30)
    with suppress(OSError):
        terminal.seen += os.read(terminal.master, 65_536).decode(errors="replace")
    assert status == 0, terminal.seen
    assert effect(busy, act) == EXPECTED[act.name.partition(" ")[0]]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name.partition(" ")[0])
def test_an_act_is_typed_at_the_prompt(act: Act, busy: Ask, started: list[Terminal]) -> None:
    prepare(busy, act)
    started.append(terminal := Terminal())
    assert "q, exit or Ctrl-D leaves" in terminal.read(PROMPT)
    keys = [act.at_prompt, *act.answers]
    for typed, until in zip(keys, [*[QUESTION] * len(act.answers), PROMPT], strict=True):
        seen = terminal.type(f"{typed}\n", until)
    assert not re.search("clinicctl: (?!Cancel|Nobody)", seen), seen
    assert effect(busy, act) == EXPECTED[act.name.partition(" ")[0]]
    terminal.wait_until_it_waits()
    os.write(terminal.master, b"q\n")
    assert terminal.process.wait(30) == 0


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.name.partition(" ")[0])
def test_an_act_takes_no_more_keys_than_it_may(act: Act) -> None:
    assert all(keys <= most for keys, most in zip(act.keys(), act.most, strict=True)), act.keys()


def test_a_beginning_of_several_commands_is_refused_at_the_prompt(busy: Ask, started: list[Terminal]) -> None:
    started.append(terminal := Terminal())
    terminal.read(PROMPT)
    shown = terminal.type("c 22\n")
    assert "Several commands begin with these letters: config, checkin, close, cancel." in shown
    assert "Usage: clinicctl" in terminal.type("?\n")
