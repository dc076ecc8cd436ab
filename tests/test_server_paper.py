"""The board and paper with a clinic on a server, whose settings are written by people on other machines."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.pages import Page

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def database(postgres_clinic: str) -> str:
    """Every clinic of this module is on the server."""
    return postgres_clinic


def test_board_slip_and_sheet_are_made_from_a_server(clinic: Ask, run: Run, tmp_path: Path) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("walkin", "P2", "RAO")
    clinic("queue", "call", "MEHTA")
    run("queue", "board", "--html", str(tmp_path / "board.html"), "--once", status=0)
    assert Page((tmp_path / "board.html").read_text("utf-8")).cells == {
        "MEHTA": {"called": ["1"]},
        "RAO": {"next": ["1"]},
    }
    assert "Position 1" in run("ticket", "A2", "--width", "58mm", status=0).stdout
    assert "  P1 Anita Sharma" in run("day", "--width", "58mm", status=0).stdout.splitlines()


def test_a_server_names_no_command_that_this_machine_runs(
    clinic: Ask, run: Run, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = refused(2, "invalid_value", "config", "print_command", f"touch {tmp_path}/harm")
    assert "CLINICCTL_PRINT_COMMAND" in error["hint"]
    clinic("walkin", "P1", "MEHTA")
    monkeypatch.setenv("CLINICCTL_PRINT_COMMAND", shutil.which("true") or "true")
    run("ticket", "A1", "--print", status=0)


def test_a_command_that_is_stored_on_a_server_is_not_run(
    clinic: Ask, run: Run, postgres_server: Any, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("walkin", "P1", "MEHTA")
    schema = database.rpartition("=")[2]
    harm = f"UPDATE \"{schema}\".settings SET value = 'touch {tmp_path}/harm' WHERE name = 'print_command'"
    postgres_server.psql(harm)
    assert clinic("config", "print_command")["value"].startswith("touch ")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "lp: No such file" in run("ticket", "A1", "--print", status=74).stderr
    assert not (tmp_path / "harm").exists()
