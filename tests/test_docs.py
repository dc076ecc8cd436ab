"""The README says what the code does: parts, transcripts, examples, and the commands to paste."""

import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from tests.docs import README, refreshed, tree

Run = Callable[..., Any]


def test_the_readme_says_what_the_code_does() -> None:
    text = README.read_text("utf-8")
    assert refreshed(text) == text, "run `python tests/docs.py`"


def test_the_readmes_two_lines_to_paste_stand_alone() -> None:
    text = README.read_text("utf-8")
    for name in ("try", "tests"):
        found = re.search(rf"<!-- {name} -->\n```sh\n(.*)\n```", text)
        assert found, name
        assert found[1].startswith("python3 -m venv ")


@pytest.mark.parametrize(("name", "command"), [pytest.param(*each[:2], id=each[0]) for each in tree()])
def test_every_command_is_helped_with_examples_that_run(
    name: str, command: Any, run: Run, tmp_path: Any, monkeypatch: Any
) -> None:
    """An example ends well or in a refusal by the state of the clinic, never in a usage error or a bug."""
    assert (command.help or "").strip().endswith("."), "a command's docstring is its help"
    assert command.epilog, "a command has examples"
    monkeypatch.chdir(tmp_path)
    run("demo", status=0)
    for line in command.epilog.splitlines():
        words = shlex.split(re.sub(r" < \S+$", "", line).replace("$(date +%F)", "2026-11-23"))
        assert words[0] == "clinicctl"
        if any(each in ("@name.txt", "tomorrow.csv", "-") for each in words):
            (tmp_path / "name.txt").write_text("Zoë Quinn\n")
            (tmp_path / "tomorrow.csv").write_text("doctor,date,present\nMEHTA,tomorrow,yes\n")
        if words[1:3] == ["db", "restore"] and not (tmp_path / "clinic-copy.db").exists():
            run("db", "backup", "clinic-copy.db", status=0)
        for file in ("commands.txt", "moves.txt"):
            (tmp_path / file).write_text("appointment move A1 +9d\nday +9d\n")
        stdin = "doctor,date,present\nMEHTA,tomorrow,yes\n" if "import" in words else "Zoë Quinn\n"
        answer = run(*words[1:], stdin="day\n" if {"batch", "shell"} & {*words} else stdin)
        assert answer.status not in (2, 10, 11, 12, 65, 70, 74), (line, answer)


def test_each_promise_is_kept_by_tests_that_there_are() -> None:
    chapter = README.read_text("utf-8").partition("## What you can rely on\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", chapter, re.MULTILINE)[1:]
    written = "".join(each.read_text("utf-8") for each in README.parent.glob("tests/test_*.py"))
    assert len(rows) > 15
    for promise, tests in rows:
        named = re.findall(r"`(test_\w+)`", tests)
        assert named, promise
        assert [each for each in named if f"def {each}(" not in written] == [], promise
