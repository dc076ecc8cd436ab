"""Run the examples for cron, systemd and the shell as the reference pages give them, with other paths."""

import configparser
import fcntl
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from clinicctl import errors
from clinicctl.cli.imports import PARTLY_DONE
from tests.conftest import clock_variables
from tests.docs import example

DAYS = "doctor,date,present,capacity\nMEHTA,tomorrow,yes,7\nRAO,tomorrow,no,\n"

Ask = Callable[..., Any]


@pytest.fixture
def place(clinic: Ask, tmp_path: Path) -> Path:
    """A folder that stands for /srv/clinic: database, file, program, and a `sleep` that only takes notes."""
    (tmp_path / "tomorrow.csv").write_text(DAYS)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, script in (
        ("clinicctl", f'exec {shlex.quote(sys.executable)} -m clinicctl "$@"'),
        ("sleep", f'echo "$@" >> {shlex.quote(str(tmp_path / "slept"))}'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    return tmp_path


def bare(place: Path, command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command line as cron does: by sh, with hardly an environment; the example's programs come first."""
    environment = {"HOME": str(place), "PATH": f"{place / 'bin'}:/usr/bin:/bin", **clock_variables(), **environment}
    return subprocess.run(
        ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), "sh", "-c", command],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def here(place: Path, text: str) -> str:
    return text.replace("/srv/clinic", str(place))


def cron(place: Path) -> "subprocess.CompletedProcess[str]":
    setting, line = here(place, example("crontab")).splitlines()
    name, _, value = setting.partition("=")
    *when, command = line.split(None, 5)
    assert when == ["30", "18", "*", "*", "*"]
    assert not re.search(r"(?<!\\)%", command), "cron makes a line break of a percent sign that is not escaped"
    return bare(place, command.replace("\\%", "%"), **{name: value})


def test_the_crontab_imports_and_is_silent(place: Path, clinic: Ask) -> None:
    done = cron(place)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    listed = clinic("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (listed[0]["capacity"], listed[0]["source"]) == (7, "day")
    assert cron(place).returncode == 0, "the same evening again is the same import"
    assert not (place / "slept").exists()


def test_the_crontab_tries_again_while_the_clinic_is_busy_and_says_so(place: Path, clinic: Ask) -> None:
    settings = place / ".config" / "clinicctl"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text("wait = 0.2\n")
    with open(place / "clinic.db.lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sleep = f'echo "$@" >> {place}/slept; until flock -n {place}/clinic.db.lock true; do /bin/sleep 0.1; done'
        (place / "bin" / "sleep").write_text(f"#!/bin/sh\n{sleep}\n")
        releaser = Thread(target=_release_once, args=(place / "slept", lock), daemon=True)
        releaser.start()
        done = cron(place)
        releaser.join(60)
    assert done.returncode == 0, done
    assert (place / "slept").read_text().splitlines() == ["60"]
    assert "busy" in done.stderr.lower()


def _release_once(seen: Path, lock: Any) -> None:
    for _ in range(1_000):
        if seen.exists():
            break
        time.sleep(0.05)
    fcntl.flock(lock, fcntl.LOCK_UN)


def test_the_crontab_gives_up_at_once_on_a_bad_file_and_says_why(place: Path, clinic: Ask) -> None:
    (place / "tomorrow.csv").write_text("doctor,date\nNOBODY,tomorrow\n")
    done = cron(place)
    assert done.returncode == 65
    assert "line 2: unknown doctor" in done.stderr
    assert not (place / "slept").exists()


def test_the_systemd_service_retries_only_on_busy_and_unknown(place: Path, clinic: Ask) -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(here(place, example("service")))
    service = unit["Service"]
    final = {int(each) for each in service["RestartPreventExitStatus"].split()}
    assert final == statuses() - {0, errors.Busy.status, errors.OutcomeUnknown.status}
    assert (service["Type"], service["Restart"]) == ("oneshot", "on-failure")
    assert "RestartForceExitStatus" not in service, "systemd refuses it for a oneshot"
    name, _, value = service["Environment"].partition("=")
    done = bare(place, service["ExecStart"], **{name: value})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert clinic("doctor", "avail", "show", "RAO", "tomorrow")[0]["present"] is False


def statuses() -> set[int]:
    """Every exit status that the program knows."""

    def of(family: type[errors.Refusal]) -> set[int]:
        return {family.status}.union(*(of(each) for each in family.__subclasses__()))

    return of(errors.Refusal) | {0, PARTLY_DONE}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_systemd_takes_both_units_as_they_stand(place: Path, clinic: Ask) -> None:
    units = [place / f"clinicctl-import.{each}" for each in ("service", "timer")]
    for unit in units:
        unit.write_text(here(place, example(unit.suffix[1:])))
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if "clinicctl-import" in line]
    assert (done.returncode, said) == (0, []), done.stderr


def test_the_systemd_timer_belongs_to_the_service_and_catches_up() -> None:
    timer = configparser.ConfigParser(interpolation=None)
    timer.read_string(example("timer"))
    assert timer["Timer"]["OnCalendar"] == "*-*-* 18:30"
    assert timer["Timer"].getboolean("Persistent")
    assert timer["Install"]["WantedBy"] == "timers.target"
    names = [re.search(r"# (\S+)\.(service|timer)", example(each)) for each in ("service", "timer")]
    assert {each[1] for each in names if each} == {"clinicctl-import"}
    if verify := shutil.which("systemd-analyze"):
        calendar = subprocess.run([verify, "calendar", "*-*-* 18:30"], capture_output=True, check=False)
        assert calendar.returncode == 0


def test_the_loop_books_each_line_once_however_often_it_runs(place: Path, clinic: Ask) -> None:
    (place / "wanted.tsv").write_text("k1\tP1\tMEHTA\ttomorrow\nk2\tMumtaz Anwar\tRAO\t+2d\nk3\tP9\tRAO\t+2d\n")
    for _ in range(2):
        done = bare(place, example("loop"), CLINICCTL_DB=os.environ["CLINICCTL_DB"])
        assert done.returncode == 0, done
    answers = [json.loads(line) for line in (place / "booked.jsonl").read_text().splitlines()]
    assert [(each["number"], each["replayed"]) for each in answers] == [
        ("A1", False),
        ("A2", False),
        ("A1", True),
        ("A2", True),
    ]
    assert (place / "refused.txt").read_text() == "k3\nk3\n"
    assert "No such patient" in json.loads(done.stderr)["error"]["message"]


def test_the_loop_books_the_last_line_too_where_no_line_break_ends_it(place: Path, clinic: Ask) -> None:
    (place / "wanted.tsv").write_text("k1\tP1\tMEHTA\ttomorrow\nk2\tP2\tRAO\t+2d")
    done = bare(place, example("loop"), CLINICCTL_DB=os.environ["CLINICCTL_DB"])
    assert done.returncode == 0, done
    assert [json.loads(line)["number"] for line in (place / "booked.jsonl").read_text().splitlines()] == ["A1", "A2"]


def test_the_batch_answers_each_line(place: Path, clinic: Ask) -> None:
    done = bare(place, example("batch"), CLINICCTL_DB=os.environ["CLINICCTL_DB"])
    assert done.returncode == 0, done
    answers = [json.loads(line) for line in (place / "answers.jsonl").read_text().splitlines()]
    assert [(each["line"], each["result"]["patient"]["number"]) for each in answers] == [(1, "P1"), (2, "P2")]
