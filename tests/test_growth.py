"""The growth bench: its clinics are sound, and it sees a cost that grows with the square and a lock that is held."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import growth
from tests.skewed import Clinic

Ask = Callable[..., Any]

CLINICS = {row.prepare.__name__: row.prepare for row in growth.ROWS}


@pytest.mark.parametrize("name", CLINICS)
@pytest.mark.parametrize("n", [1, 23])
def test_the_check_finds_nothing_in_a_skewed_clinic(name: str, n: int, ask: Ask) -> None:
    ask("init", "--timezone", "UTC", "--region", "IN")
    clinic = Clinic(os.environ["CLINICCTL_DB"])
    CLINICS[name](clinic, n)
    clinic.close()
    assert ask("db", "check") | {"path": None} == {"path": None, "sound": True, "problems": []}


@pytest.mark.parametrize(
    ("small", "large", "is_failure"),
    [(0.6, 2.1, False), (0.6, 3.0, False), (0.6, 3.2, True), (0.3, 1.7, True), (0.11, 0.13, False)],
    ids=["linear", "n log n", "above 6", "quadratic", "noise"],
)
def test_a_ratio_above_six_is_a_failure(
    small: float, large: float, is_failure: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = {1: 0.1, 500: small, 2_000: large}
    monkeypatch.setattr(growth, "measured", lambda row, n, **_: growth.Cost(costs[n], 40, 0.5))
    assert growth.main(["metrics"]) == int(is_failure)
    *_, line = capsys.readouterr().out.splitlines()
    assert line.startswith(f"| metrics: doctors with 5 waiting each | 500 | {small:.2f} | {large:.2f} |")
    assert ("**" in line) == is_failure


def test_a_row_runs_its_command_at_a_chosen_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main(["long-queue", "--n", "2", "--rounds", "1"]) == 0
    *_, line = capsys.readouterr().out.splitlines()
    n, small, large, ratio, memory, lock = (float(each) for each in line.split("|")[2:-1])
    # How long it takes says nothing here.
    assert (n, lock) == (2, 0)
    assert ratio > 0
    assert min(small, large) > 0.01
    assert memory > 10


def test_an_unknown_row_is_refused_with_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        growth.main(["nothing"])
    assert "unknown rows: nothing" in capsys.readouterr().err


def test_a_command_that_fails_ends_the_bench(tmp_path: Path) -> None:
    row = growth.Row("bad", "nothing", 4, lambda clinic, n: None, "patient show P1")
    growth.prepared(row, 1, str(tmp_path / "clinic.db"))
    with pytest.raises(SystemExit, match="bad, n = 1: exit 4"):
        growth.spent(row, 1, str(tmp_path / "clinic.db"))


def test_the_longest_time_without_the_lock_is_seen(tmp_path: Path) -> None:
    path = str(tmp_path / "clinic.db")
    with growth.watched(path) as longest:
        for seconds in (0.05, 0.3, 0.1):
            descriptor = os.open(f"{path}.lock", os.O_RDWR)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            time.sleep(seconds)
            os.close(descriptor)
            time.sleep(0.05)
    assert 0.2 < longest() < 2
