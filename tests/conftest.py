"""What every test stands on: a clinic of its own, commands in this process, and commands as real processes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from freezegun import freeze_time

# freezegun replaces the clock inside modules as they stand: what is first imported under it, fails in misleading ways.
from pyarrow import dataset as _dataset  # noqa: F401
from typer.testing import CliRunner

from clinicctl import clock, desk, settings
from clinicctl.cli import TREE, app
from clinicctl.render import tables as _tables  # noqa: F401

# Before any test imports psycopg, which chooses how it waits when it is imported.
from clinicctl.store.postgresql import group_commit as _server_group_commit  # noqa: F401
from clinicctl.store.sqlite import backup as _backup  # noqa: F401
from clinicctl.store.sqlite import group_commit as _group_commit  # noqa: F401
from clinicctl.store.sqlite import head_file
from clinicctl.store.sqlite import health as _health  # noqa: F401
from clinicctl.store.sqlite import replacement as _replacement  # noqa: F401
from tests import stored
from tests.forking import Forked, Server

for _name in desk.__all__:
    getattr(desk, _name)
for _module, _help in TREE.values():
    __import__(f"clinicctl.cli.{_module}")

# The machines are shared: how long an example takes says nothing.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

pytest_plugins = ["tests.postgres_fixtures", "tests.report_rows", "tests.served"]

_PERSONAL_ENVIRONMENT = [name for name in os.environ if name.startswith("CLINICCTL_")]


def clock_variables() -> dict[str, str]:
    """Return what a process with an environment of its own needs to share the test's clock."""
    return {name: os.environ[name] for name in ("PYTEST_CURRENT_TEST", settings.CLOCK_SHIFT) if name in os.environ}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=["sqlite", "postgresql"], default="sqlite", help="the database of the tests")
    parser.addoption(
        "--cases", type=int, default=0, metavar="N", help="with a server: the most cases of one test; 0 for all"
    )
    parser.addoption(
        "--clock",
        type=datetime.fromisoformat,
        metavar="INSTANT",
        help="let each test begin at this instant, for example 2028-02-28T23:59:00+05:30",
    )


# fmt: off
ON_BOTH_ENGINES = {
    "answers", "arrivals", "audit", "batch", "calendar_exports", "candidates", "choices", "clinic_day", "columns",
    "contract", "day_changes", "days", "days_of_doctors", "desk_races", "distinct", "edits", "expected_times",
    "exports", "fhir", "histories", "holidays", "hours", "imports", "init_again", "journal_rows", "lists",
    "merge_undo", "merges", "messages", "metrics", "names", "open_queues", "outbox", "patient_imports", "phones",
    "places", "privacy", "properties", "queue_acts", "races", "references", "registration", "reports",
    "rest_of_the_day", "second_names", "sending", "series", "shell", "shell_patient", "soundness", "text", "typed",
    "undo_order", "visit_types", "waiting", "whole_desk", "zones_and_empty_files",
}
# fmt: on
"""The modules of tests that ask the store instead of a file, and so run on both engines."""


EVERY_CASE = {"desk_races", "histories", "races"}
"""The modules of which each case says something else about the engine."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """On a server, do not even read the other modules of tests."""
    module = collection_path.stem.removeprefix("test_")
    other = collection_path.name.startswith("test_") and module not in ON_BOTH_ENGINES
    return True if other and config.getoption("--engine") != "sqlite" else None


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that run on both engines. On a server, leave out the others.

    Many cases of one test are about words rather than about the engine: with `--cases`, only some of them are run.
    """
    tests: dict[tuple[str, str], list[pytest.Item]] = {}
    for each in items:
        module = each.path.stem.removeprefix("test_")
        if module in ON_BOTH_ENGINES and not each.get_closest_marker("file"):
            each.add_marker("both")
            tests.setdefault((module, getattr(each, "originalname", each.name)), []).append(each)
    if config.getoption("--engine") == "sqlite":
        return
    most = config.getoption("--cases") or len(items)
    chosen: set[pytest.Item] = set()
    for (module, _), cases in tests.items():
        count = len(cases) if module in EVERY_CASE else min(most, len(cases))
        chosen.update(cases[n * (len(cases) - 1) // max(1, count - 1)] for n in range(count))
    config.hook.pytest_deselected(items=[each for each in items if each not in chosen])
    items[:] = [each for each in items if each in chosen]


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What `--db` takes for the test's clinic: a file, or with `--engine postgresql` a schema on a server."""
    if request.config.getoption("--engine") == "sqlite":
        return str(tmp_path / "clinic.db")
    url: str = request.getfixturevalue("postgres_clinic")
    return url


@pytest.fixture(autouse=True)
def _clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _own_environment: None) -> Iterator[None]:
    """Let a test begin at the instant of `--clock`; without the option the clock is the machine's."""
    instant: datetime | None = request.config.getoption("--clock")
    if instant is None or request.node.get_closest_marker("machine_clock"):
        yield
        return
    monkeypatch.setenv(settings.CLOCK_SHIFT, str((instant - datetime.now(UTC)).total_seconds()))
    with freeze_time(instant, tick=True):
        yield
    # A test that calls the program in its own process has moved the clock there.
    clock.shift(0)


@dataclass
class Answer:
    """What a command answered."""

    exit_status: int
    stdout: str
    stderr: str
    looked_at: bool = field(default=False, compare=False)
    """Whether the test has looked at the exit status."""

    @property
    def status(self) -> int:
        self.looked_at = True
        return self.exit_status

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        said = json.loads(self.stderr)
        assert said["exit_code"] == self.status
        return dict(said["error"])


@pytest.fixture(autouse=True)
def _own_environment(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test can touch the user's own clinic: home and every default lie in the test's folder."""
    for name in _PERSONAL_ENVIRONMENT:
        monkeypatch.delenv(name)
    folders = {"HOME": "home", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}
    for name, folder in folders.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("CLINICCTL_DB", database)


@pytest.fixture
def run() -> Iterator[Callable[..., Answer]]:
    """Run a command in this process; with `json=True` its answers and errors are JSON.

    A test has to look at how each of them ended.
    """
    ended: list[tuple[Any, Answer]] = []

    def run(*args: str, json: bool = False, stdin: str | bytes | None = None, status: int | None = None) -> Answer:
        result = CliRunner().invoke(app, [*args, *(["--json"] if json else [])], input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        answer = Answer(result.exit_code, result.stdout, result.stderr)
        assert status is None or answer.status == status, (args, answer)
        ended.append((args, answer))
        return answer

    yield run
    assert [(args, answer) for args, answer in ended if not answer.looked_at] == []


@pytest.fixture
def ask(run: Callable[..., Answer]) -> Callable[..., Any]:
    """Run a command that has to go well, and return its JSON."""
    return lambda *args, **kwargs: run(*args, json=True, status=0, **kwargs).json


@pytest.fixture
def refused(run: Callable[..., Answer]) -> Callable[..., dict[str, Any]]:
    """Run a command that has to be refused with an exit status and a code, and return the error."""

    def refused(status: int, code: str, *args: str, **kwargs: Any) -> dict[str, Any]:
        answer = run(*args, json=True, status=status, **kwargs)
        assert answer.stdout == ""
        assert answer.error["code"] == code, answer.error
        return answer.error

    return refused


Prefill = Callable[[str, Callable[[], None]], None]


@pytest.fixture(scope="session")
def _prefilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the clinics that are filled once and copied for each test."""
    return tmp_path_factory.mktemp("prefilled")


@pytest.fixture
def prefill(_prefilled: Path, _own_environment: None, request: pytest.FixtureRequest) -> Iterator[Prefill]:
    """Fill the test's clinic by a function, or copy the clinic that it has filled for an earlier test."""

    own, url = os.environ["CLINICCTL_DB"], ""
    if stored.is_on_server(own):
        url = request.getfixturevalue("postgres_prefilled")
    used: dict[str, str] = {}

    def prefill(name: str, fill: Callable[[], None]) -> None:
        if not stored.is_on_server(own):
            _prefill_file(own, str(_prefilled / name), fill)
            return
        kept, spare = (url.format(name=each) for each in (name.replace("-", "_"), "spare"))
        if stored.is_there(kept):
            if stored.is_there(spare) and not stored.is_there(own):
                stored.rename(spare, own)
            stored.copy(kept, own)
        else:
            fill()
            stored.copy(own, kept)
        used[spare] = stored.layout_of(own)

    yield prefill
    for spare, layout in used.items():
        # What a test has done to the tables themselves, no other may find.
        if stored.layout_of(own) == layout and not stored.is_there(spare):
            stored.rename(own, spare)


def _prefill_file(own: str, kept: str, fill: Callable[[], None]) -> None:
    if not os.path.exists(kept):
        fill()
        assert not os.path.exists(f"{own}-wal"), "the last command is a write, and nobody else has it open"
        shutil.copy2(f"{own}.lock", f"{kept}.lock")
        shutil.copy2(own, kept)
        return
    for end in ("", ".lock"):
        shutil.copy2(f"{kept}{end}", f"{own}{end}")
    with open(f"{own}.lock", "rb+") as lock:
        noted = head_file.file(lock.fileno())
        assert noted
        head_file.note_file(lock.fileno(), head_file.describe_file(own, schema=noted.schema))


@pytest.fixture
def clinic(ask: Callable[..., Any], prefill: Prefill) -> Callable[..., Any]:
    """A clinic in Kolkata with two patients and two doctors; the value is `ask`."""

    def fill() -> None:
        ask("init", "--name", "Test Clinic", "--timezone", "Asia/Kolkata", "--region", "IN")
        ask("patient", "add", "Anita Sharma", "--phone", "98765 43210", "--born", "1980-02-01")
        ask("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789")
        ask("doctor", "add", "MEHTA", "Dr. Asha Mehta")
        ask("doctor", "add", "RAO", "Dr. Vikram Rao", "--capacity", "3")

    prefill("clinic", fill)
    return ask


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def _forks() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def fork(_forks: Server) -> Iterator[Start]:
    """Start a command as a fork of a process that has everything imported; it is killed at the end of the test."""
    started: list[Forked] = []

    def fork(*args: str, **kwargs: Any) -> Any:
        started.append(Forked(_forks, list(args), **kwargs))
        return started[-1]

    yield fork
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def start() -> Iterator[Start]:
    """Start a command as a new process; it is killed at the end of the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*args: str, **kwargs: Any) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "clinicctl", *args],
            **{
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
                "stdin": subprocess.DEVNULL,
                "text": True,
                **kwargs,
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def finish() -> Callable[["subprocess.Popen[str]"], Answer]:
    """Wait for a process, and return what it answered."""

    def finish(process: "subprocess.Popen[str]", within: float = 120) -> Answer:
        stdout, stderr = process.communicate(timeout=within)
        return Answer(process.returncode, stdout, stderr)

    return finish
