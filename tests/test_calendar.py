"""The clock of the test suite: how a run is moved to another date, and that nobody else can move it."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clinicctl import settings

Ask = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]


def test_a_process_started_by_a_test_takes_the_date_that_the_test_sets(
    clinic: Ask, start: Start, finish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("config", "timezone", "UTC")
    already = float(os.environ.get(settings.CLOCK_SHIFT, 0))
    monkeypatch.setenv(settings.CLOCK_SHIFT, str(already + 3 * 86_400))
    before = datetime.now(UTC).date()
    booked = finish(start("book", "P1", "MEHTA", "today", "--json"))
    assert booked.status == 0, booked
    after = datetime.now(UTC).date()
    assert booked.json["date"] in {str(each + timedelta(days=3)) for each in (before, after)}
    assert clinic("appointment", "show", "A1")["created_at"][:10] == booked.json["date"]


def test_the_clock_cannot_be_moved_outside_the_test_suite(
    clinic: Ask, start: Start, finish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.CLOCK_SHIFT, "86400")
    outside = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    refused = finish(start("book", "P1", "MEHTA", env=outside))
    assert refused.status == 2
    assert refused.stdout == ""
    assert refused.stderr.splitlines()[0] == f"clinicctl: {settings.CLOCK_SHIFT} is for the test suite only."
    assert clinic("appointment", "list") == []


@pytest.mark.parametrize("shift", ["", "soon", "nan", "inf", "1e300"])
def test_a_shift_that_is_no_number_of_seconds_is_refused_in_one_line(
    shift: str, start: Start, finish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(settings.CLOCK_SHIFT, shift)
    refused = finish(start("status"))
    assert refused.status == 2
    assert refused.stderr.startswith(f"clinicctl: {settings.CLOCK_SHIFT}: a number of seconds")
    assert len(refused.stderr.splitlines()) == 1


def test_a_run_at_another_instant_moves_this_process_and_others(pytestconfig: pytest.Config) -> None:
    """`--clock` must reach both: proved by a run of its own, at an instant that is not today."""
    probe = "tests/test_calendar.py::test_the_date_is_the_one_that_the_run_was_given"
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", probe, "--clock"]
    ran = subprocess.run(
        [*command, "2028-02-29T23:59:00+05:30"],
        cwd=pytestconfig.rootpath,
        env={**os.environ, "EXPECTED_DATE": "2028-02-29"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_the_date_is_the_one_that_the_run_was_given(
    clinic: Ask, start: Start, finish: Callable[..., Any], pytestconfig: pytest.Config
) -> None:
    instant: datetime | None = pytestconfig.getoption("--clock")
    zone = instant.tzinfo if instant else None
    expected = os.environ.get("EXPECTED_DATE") if instant else None
    here = datetime.now(UTC)
    booked = clinic("book", "P1", "MEHTA", "tomorrow")
    created = datetime.fromisoformat(booked["created_at"])
    assert abs(created - here) < timedelta(seconds=30)
    there = finish(start("book", "P2", "MEHTA", "tomorrow", "--json")).json
    assert abs(datetime.fromisoformat(there["created_at"]) - created) < timedelta(seconds=30)
    if expected:
        assert created.astimezone(zone).date().isoformat() == expected
