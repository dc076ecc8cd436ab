"""The README, the reference pages and the help of commands agree with the code."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from clinicctl import __version__
from clinicctl.cli import TREE
from clinicctl.cli import help as pages
from clinicctl.cli.commands import SECOND_NAMES
from tests.docs import PAGES, PARTS, README, example, refreshed, tree

Run = Callable[..., Any]

ROOT = README.parent
TOPICS = [page.stem for page in PAGES]


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert refreshed(text) == text, "run `python tests/docs.py`"


def test_every_part_is_on_exactly_one_page() -> None:
    texts = "".join(page.read_text("utf-8") for page in (README, *PAGES))
    assert sorted(re.findall(r"<!-- begin ([\w ]+) -->", texts)) == sorted(PARTS)
    assert sorted(re.findall(r"<!-- end ([\w ]+) -->", texts)) == sorted(PARTS)


def test_the_readme_takes_five_minutes() -> None:
    text = README.read_text("utf-8")
    assert text.count("\n") <= 275
    assert re.findall(r"<!-- begin ([\w ]+) -->", text) == ["keystrokes", "command list"]


def test_the_readme_links_every_page() -> None:
    assert sorted(re.findall(r"\]\(clinicctl/docs/([\w-]+)\.md\)", README.read_text("utf-8"))) == TOPICS


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_pages_mention_only_topics_that_exist(page: Path) -> None:
    words = " ".join(page.read_text("utf-8").split())
    named = re.findall(r"`clinicctl help ([a-z-]+)`", words)
    assert set(named) <= {*TOPICS}


def test_each_set_up_command_is_one_line() -> None:
    for name in ("try", "tests"):
        assert example(name).startswith("python3 -m venv ")
        assert example(name).count("\n") == 1


@pytest.mark.parametrize(("name", "command"), [pytest.param(*each[:2], id=each[0]) for each in tree()])
def test_every_command_has_examples_that_run(
    name: str, command: Any, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An example succeeds, or is refused by the state of the clinic. It is never a usage error or a bug."""
    assert (command.help or "").strip().endswith("."), "a command's docstring is its help"
    assert command.epilog, "a command has examples"
    monkeypatch.chdir(tmp_path)
    run("demo", status=0)
    for each_line in command.epilog.splitlines():
        line = each_line.replace("--group clinic", f"--group {os.getegid()}")
        words = shlex.split(re.sub(r" (< \S+|\| less)$", "", line).replace("$(date +%F)", "2026-11-23"))
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


def test_every_promise_names_tests_that_exist() -> None:
    page = (ROOT / "clinicctl" / "docs" / "promises.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \| (`test_[^|]+) \|$", page, re.MULTILINE)
    assert len(rows) == page.count("\n| ") - 1 > 15
    tests = {
        name for file in ROOT.glob("tests/test_*.py") for name in re.findall(r"def (test_\w+)\(", file.read_text())
    }
    named = {name for _, names in rows for name in re.findall(r"`(test_\w+)`", names)}
    assert sorted(named - tests) == []


# clinicctl help


def test_help_lists_the_topics(run: Run) -> None:
    answer = run("help", status=0)
    assert [line.split("  ")[0] for line in answer.stdout.splitlines()[:-2]] == TOPICS == pages.topics()
    assert answer.stderr == ""


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("width", [40, 80])
def test_help_shows_a_page_as_plain_text(topic: str, width: int, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    answer = run("help", topic, "-o", "table", status=0)
    markdown = (ROOT / "clinicctl" / "docs" / f"{topic}.md").read_text("utf-8")
    title, *rest = answer.stdout.splitlines()
    assert title == markdown.splitlines()[0].removeprefix("# ").upper()
    assert not [line for line in rest if line.startswith(("#", "|", "<!--", "```"))]
    for lines in re.findall(r"(?:^\|.*\n)+", markdown, re.MULTILINE):
        for row in lines.splitlines()[2:]:
            assert row.strip("| ").replace("`", "").split()[0] in answer.stdout
    for line in re.sub(r"^(\||<!--|```|# ).*\n", "", markdown, flags=re.MULTILINE).splitlines():
        assert line.lstrip("# ").replace("**", "") in answer.stdout


def test_a_topic_is_found_without_case(run: Run) -> None:
    assert run("help", "STEPS", status=0).stdout == run("help", "steps", status=0).stdout


def test_an_unknown_topic_is_one_line_with_the_topics(run: Run) -> None:
    answer = run("help", "Anita Sharma", status=2)
    assert answer.stdout == ""
    assert answer.stderr == f"clinicctl: No such command or topic. Topics: {', '.join(TOPICS)}.\n"


def test_help_shows_the_help_of_a_command(run: Run) -> None:
    for words in ("book", "queue call", "appointment", "doctor avail set", "register"):
        assert run("help", *words.split(), status=0).stdout == run(*words.split(), "--help", status=0).stdout
    assert run("help", "queue", "Anita", status=2).stdout == ""
    assert not {*TREE, *SECOND_NAMES} & set(TOPICS)


def test_the_version_is_shown_in_each_way(run: Run) -> None:
    shown = {run(each, status=0).stdout for each in ("--version", "-V", "version")}
    assert shown == {f"clinicctl {__version__}\n"}
    assert json.loads(run("version", json=True, status=0).stdout) == {"version": __version__}


def test_help_answers_in_json_and_in_a_batch(clinic: Run, run: Run) -> None:
    assert [each["topic"] for each in json.loads(run("help", json=True, status=0).stdout)] == TOPICS
    page = json.loads(run("help", "steps", json=True, status=0).stdout)
    assert page["topic"] == "steps"
    (answer,) = run("batch", "-", stdin="help steps\n", status=0).lines
    assert answer["result"] == page


def test_help_needs_no_database(run: Run, tmp_path: Path) -> None:
    run("help", "rules", "--db", str(tmp_path / "none.db"), status=0)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("args", [["help"], ["help", "rules"], ["help", "rules", "--json"]], ids=" ".join)
def test_help_in_a_pipe_loads_no_database_layer_and_no_tables(args: list[str]) -> None:
    code = f"""
import sys
from clinicctl.cli import run
status = run({args!r})
loaded = {{"sqlmodel", "sqlalchemy", "sqlite3", "rich", "wcwidth", "pydantic", "phonenumbers"}} & set(sys.modules)
sys.exit(f"{{status}} {{loaded}}" if status or loaded else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_topics_are_completed(run: Run) -> None:
    environment = {"_CLINICCTL_COMPLETE": "complete_bash", "COMP_WORDS": "clinicctl help se", "COMP_CWORD": "2"}
    code = "from clinicctl.cli import run; run([])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["sending", "settings"]


def test_a_table_fits_wraps_or_becomes_a_list() -> None:
    page = "# A\n\n| name | meaning |\n|---|---|\n| `a\\|b` | one two |\n"
    assert pages.as_text(page, width=80) == "A\n\nname  meaning\na|b   one two\n"
    assert pages.as_text(page, width=12) == "A\n\na|b\n    one two\n"
    page = "| name | meaning | x |\n|---|---|---|\n| a | one two three | y |\n"
    assert pages.as_text(page, width=18) == "name  meaning    x\na     one two    y\n      three\n"
    assert pages.as_text(page, width=13) == "a\n    meaning:\n        one\n        two\n        three\n    x: y\n"


def test_code_is_indented_and_marks_are_removed() -> None:
    page = "# Title\n\n## Part\n\n<!-- x -->\n```sh\n# comment\n| bar\n```\n**bold** `code`\n"
    assert pages.as_text(page, width=80) == "TITLE\n\nPart\n\n    # comment\n    | bar\nbold `code`\n"


def test_a_wheel_contains_the_pages(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "clinicctl", source / "clinicctl", ignore=shutil.ignore_patterns("__pycache__"))
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=source, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as archive:
        assert {f"clinicctl/render/board.{each}" for each in ("html", "css", "js")} <= {*archive.namelist()}
        archive.extractall(tmp_path / "installed")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import clinicctl; print(clinicctl.__file__); from clinicctl.cli import run; run(['help'])",
        ],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
    )
    file, *lines = done.stdout.splitlines()
    assert Path(file).is_relative_to(tmp_path / "installed")
    assert [line.split("  ")[0] for line in lines[:-2]] == TOPICS
