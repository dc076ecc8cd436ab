"""Users, who somebody is, and PINs at a shared terminal."""

import json
import os
import pwd
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicctl import clock, render, settings
from clinicctl.desk import pins
from tests import stored
from tests.test_shell import Terminal

Ask = Callable[..., Any]
As = Callable[[str], None]
Refused = Callable[..., dict[str, Any]]
Run = Callable[..., Any]
Types = Callable[..., list[str]]

pytestmark = pytest.mark.file  # On a server the session's role is who somebody is.

ME = pwd.getpwuid(os.getuid()).pw_name
PIN, OTHER = "471108154711", "081547110815"
"""Long enough that the digits of no hash and no id hold them by chance."""


@pytest.fixture
def act_as(monkeypatch: pytest.MonkeyPatch) -> As:
    """Let the commands of the test be those of another login."""
    return lambda login: monkeypatch.setattr(settings, "login", lambda: login)


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Types:
    """Let somebody at a terminal type secrets; the value is the questions."""

    def types(*secrets: str) -> list[str]:
        left, asked = list(secrets), list[str]()

        def secret(question: str) -> str:
            asked.append(question)
            return left.pop(0)

        monkeypatch.setattr(render, "can_ask", lambda: True)
        monkeypatch.setattr(render, "secret", secret)
        return asked

    return types


@pytest.fixture
def shared(clinic: Ask) -> Ask:
    """A clinic in which the login `frontdesk` is no user, and ravi (desk) and vera (reader) have a PIN."""
    with pytest.MonkeyPatch.context() as patch:
        secrets = [PIN, PIN, OTHER, OTHER]
        patch.setattr(settings, "login", lambda: "boss")
        patch.setattr(render, "can_ask", lambda: True)
        patch.setattr(render, "secret", lambda _: secrets.pop(0))
        clinic("config", "shared_terminals", "yes")
        clinic("user", "add", "ravi", "--role", "desk", "--pin")
        clinic("user", "add", "vera", "--role", "reader", "--pin")
    return clinic


def test_a_clinic_without_users_lets_everybody_name_anybody(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "--actor", "asha")
    assert clinic("user", "list") == []
    (entry,) = clinic("audit", "log", "--actor", "asha")
    assert entry["role"] is None


def test_adding_the_first_user_makes_the_adder_a_manager(clinic: Ask, refused: Refused) -> None:
    refused(7, "first_user", "user", "add", ME, "--role", "desk")
    added = clinic("user", "add", "ravi", "--role", "clinician", "--doctor", "meh")
    assert (added["doctor"], added["made_manager"], added["created"]) == ("MEHTA", ME, True)
    listed = [(each["name"], each["role"], each["doctor"], each["pin"]) for each in clinic("user", "list")]
    assert sorted(listed) == sorted([("ravi", "clinician", "MEHTA", False), (ME, "manager", None, False)])
    assert clinic("user", "add", "vera", "--role", "desk")["made_manager"] is None


def test_the_first_user_may_be_the_manager_alone(clinic: Ask) -> None:
    assert clinic("user", "add", ME, "--role", "manager")["made_manager"] is None
    assert [each["name"] for each in clinic("user", "list")] == [ME]


def test_the_last_manager_stays(clinic: Ask, refused: Refused) -> None:
    clinic("user", "add", ME, "--role", "manager")
    refused(7, "last_manager", "user", "remove", ME)
    refused(7, "last_manager", "user", "edit", ME, "--role", "desk")
    clinic("user", "add", "vera", "--role", "manager")
    assert clinic("user", "edit", ME, "--role", "desk")["role"] == "desk"
    refused(7, "not_allowed", "user", "remove", "vera")


def test_who_restores_a_clinic_elsewhere_is_its_manager(
    clinic: Ask, act_as: As, refused: Refused, tmp_path: Path
) -> None:
    act_as("boss")
    clinic("user", "add", "ravi", "--role", "desk")
    backup, place = str(tmp_path / "backup.db"), ["--db", str(tmp_path / "laptop.db")]
    clinic("db", "backup", backup)
    act_as("ravi")
    refused(7, "not_allowed", "db", "restore", backup, "--yes", "--db", backup)
    for login in ("newcomer", "ravi", "boss"):
        act_as(login)
        restored = clinic("db", "restore", backup, "--yes", *place)
        assert restored["made_manager"] == (login if login != "boss" else None)
        assert {each["name"]: each["role"] for each in clinic("user", "list", *place)}[login] == "manager"
        assert clinic("db", "check", *place)["sound"]
        assert clinic("audit", "log", *place)[-1]["touched"] == ([login] if login != "boss" else [])
        for each in tmp_path.glob("laptop*"):
            each.unlink()


def test_a_shared_terminal_does_not_become_a_manager(shared: Ask, act_as: As, types: Types, tmp_path: Path) -> None:
    act_as("boss")
    types(PIN, PIN)
    shared("user", "add", "tara", "--role", "manager", "--pin")
    backup = str(tmp_path / "backup.db")
    shared("db", "backup", backup)
    act_as("frontdesk")
    types(PIN)
    assert shared("db", "restore", backup, "--yes", "--actor", "tara")["made_manager"] is None
    act_as("boss")
    assert "frontdesk" not in {each["name"] for each in shared("user", "list")}


def test_a_name_that_is_no_login_is_noted(clinic: Ask, run: Run) -> None:
    added = run("user", "add", "nobody-has-it", "--role", "manager", "--json", status=0)
    assert "has no login nobody-has-it" in added.stderr
    assert run("user", "add", ME, "--role", "manager", "--json", status=0).stderr == ""


def test_a_user_is_added_once_and_changed_by_edit(clinic: Ask, refused: Refused) -> None:
    clinic("user", "add", "ravi", "--role", "desk")
    assert clinic("user", "add", "ravi", "--role", "desk")["created"] is False
    refused(6, "user_exists", "user", "add", "ravi", "--role", "reader")
    refused(2, "invalid_value", "user", "edit", "ravi", "--role", "clinician")
    refused(2, "invalid_value", "user", "edit", "ravi", "--doctor", "MEHTA")
    edited = clinic("user", "edit", "ravi", "--role", "clinician", "--doctor", "RAO")
    assert (edited["role"], edited["doctor"]) == ("clinician", "RAO")
    assert clinic("user", "edit", "ravi", "--doctor", "MEHTA")["doctor"] == "MEHTA"
    assert clinic("user", "edit", "ravi", "--role", "desk")["doctor"] is None
    assert clinic("user", "remove", "ravi")["name"] == "ravi"
    refused(4, "user_not_found", "user", "remove", "ravi")
    refused(4, "user_not_found", "user", "edit", "ravi", "--no-pin")
    touched = [each["touched"] for each in clinic("audit", "log", "--command", "user")]
    assert touched == [["ravi", ME], *[["ravi"]] * 5]


@pytest.mark.parametrize(
    "args",
    [
        ["add", "two words", "--role", "desk"],
        ["add", "x" * 65, "--role", "desk"],
        ["add", "ravi", "--role", "king"],
        ["add", "ravi"],
        ["edit", "ravi"],
        ["edit", "ravi", "--pin", "--no-pin"],
        ["add", "ravi", "--role", "clinician"],
        ["add", "ravi", "--role", "desk", "--doctor", "MEHTA"],
        ["add", "ravi", "--role", "desk", "--pin"],
    ],
)
def test_an_invalid_user_is_refused_in_one_line(args: list[str], clinic: Ask, run: Run) -> None:
    answer = run("user", *args, status=2)
    assert [each.startswith("  ") for each in answer.stderr.splitlines()[1:]] in ([], [True])
    assert clinic("user", "list") == []


def test_the_user_id_counts_and_not_the_environment(clinic: Ask, database: str) -> None:
    clinic("user", "add", ME, "--role", "manager")
    names = dict.fromkeys(("USER", "LOGNAME", "LNAME", "USERNAME"), "boss")
    run = [sys.executable, "-m", "clinicctl", "user", "add", "ravi", "--role", "desk"]
    done = subprocess.run(run, env={**os.environ, **names}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert clinic("audit", "log", "--limit", "1")[0]["actor"] == ME


def test_only_a_manager_may_use_another_name(clinic: Ask, act_as: As, refused: Refused) -> None:
    act_as("boss")
    clinic("user", "add", "ravi", "--role", "desk")
    clinic("book", "P1", "MEHTA", "--actor", "ravi")
    assert clinic("undo", "--actor", "ravi")["undoes"]
    entries = clinic("audit", "log", "--actor", "ravi")
    assert [(each["command"], each["role"]) for each in entries] == [("book", "boss"), ("undo", "boss")]
    act_as("ravi")
    assert clinic("book", "P1", "MEHTA", "--actor", "ravi")["number"]
    error = refused(7, "not_allowed", "book", "P2", "MEHTA", "--actor", "boss")
    assert error["details"]["needed"] == ["manager"]
    refused(7, "not_allowed", "patient", "list", "--actor", "somebody")
    act_as("boss")
    attempts = clinic("audit", "log", "--refused")
    assert [(each["actor"], each["reason"]) for each in attempts] == [("ravi", "name"), ("ravi", "name")]


def test_a_pin_lets_a_shared_terminal_act_as_its_user(shared: Ask, act_as: As, types: Types, refused: Refused) -> None:
    act_as("frontdesk")
    refused(7, "not_allowed", "patient", "list")
    asked = types(PIN)
    booked = shared("book", "P1", "MEHTA", "--actor", "ravi")
    assert asked == ["PIN of ravi:"]
    types(PIN)
    assert shared("appointment", "history", booked["number"], "--actor", "ravi")[0]["actor"] == "ravi"
    types(OTHER)
    assert shared("day", "--actor", "vera")
    types(OTHER)
    assert refused(7, "not_allowed", "book", "P2", "MEHTA", "--actor", "vera")["details"]["role"] == "reader"
    act_as("boss")
    assert shared("audit", "log", "--actor", "ravi")[-1]["role"] == "frontdesk"


def test_undo_at_a_shared_terminal_is_the_persons_own(shared: Ask, act_as: As, types: Types, refused: Refused) -> None:
    act_as("boss")
    types(PIN, PIN)
    shared("user", "add", "tara", "--role", "desk", "--pin")
    act_as("frontdesk")
    types(PIN, PIN)
    mine = shared("book", "P1", "MEHTA", "--actor", "ravi")
    theirs = shared("book", "P2", "MEHTA", "--actor", "tara")
    types(PIN)
    assert [each["number"] for each in shared("undo", "--actor", "ravi")["appointments"]] == [mine["number"]]
    types(PIN)
    assert shared("appointment", "show", theirs["number"], "--actor", "tara")["status"] == "booked"


def test_wrong_pins_are_counted_and_then_locked(
    shared: Ask, act_as: As, types: Types, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as("frontdesk")
    types("1111", "12x", "2222")
    assert refused(7, "not_allowed", "patient", "list", "--actor", "ravi")["message"] == "The PIN is wrong."
    types("3333", "4444", PIN)
    error = refused(7, "not_allowed", "patient", "list", "--actor", "ravi")
    assert error["message"].startswith("Too many wrong PINs.")
    assert types(PIN) == []
    refused(7, "not_allowed", "patient", "list", "--actor", "ravi")
    types(OTHER)
    assert shared("day", "--actor", "vera"), "the others are not locked"
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + pins.LOCKED)
    types(PIN)
    assert shared("patient", "list", "--actor", "ravi")
    act_as("boss")
    reasons = [each["reason"] for each in shared("audit", "log", "--refused")]
    assert reasons == ["pin"] * 7


def test_a_try_is_counted_before_it_is_checked(
    shared: Ask, act_as: As, types: Types, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = list[int]()
    matches = pins.matches

    def check(pin: str, hash_: str) -> bool:
        counted.extend(stored.rows(database, "SELECT wrong_pins FROM users WHERE name = 'ravi'")[0])
        return matches(pin, hash_)

    monkeypatch.setattr(pins, "matches", check)
    act_as("frontdesk")
    types("1111", "2222", PIN)
    assert shared("patient", "list", "--actor", "ravi")
    assert counted == [1, 2, 3]
    assert stored.rows(database, "SELECT wrong_pins, wrong_at FROM users WHERE name = 'ravi'") == [(0, None)]


def test_a_new_pin_ends_the_lock(shared: Ask, act_as: As, types: Types, refused: Refused) -> None:
    act_as("frontdesk")
    for _ in range(2):
        types("1111", "2222", "3333")
        refused(7, "not_allowed", "patient", "list", "--actor", "ravi")
    act_as("boss")
    types("9999", "9999")
    shared("user", "edit", "ravi", "--pin")
    act_as("frontdesk")
    types("9999")
    assert shared("patient", "list", "--actor", "ravi")
    act_as("boss")
    assert shared("user", "edit", "ravi", "--no-pin")["pin"] is False
    act_as("frontdesk")
    types()
    assert "has a PIN" in refused(7, "not_allowed", "patient", "list", "--actor", "ravi")["message"]
    refused(7, "not_allowed", "patient", "list", "--actor", "nobody")


def test_two_new_pins_have_to_be_equal(clinic: Ask, types: Types, refused: Refused) -> None:
    types(PIN, OTHER)
    refused(2, "invalid_value", "user", "add", "ravi", "--role", "desk", "--pin")
    types("123", "123")
    refused(2, "invalid_value", "user", "add", "ravi", "--role", "desk", "--pin")
    assert clinic("user", "list") == []


def test_without_a_terminal_a_pin_is_refused_at_once(shared: Ask, database: str) -> None:
    run = [sys.executable, "-m", "clinicctl", "patient", "list", "--actor", "ravi", "--json"]
    done = subprocess.run(
        run, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, start_new_session=True, timeout=30
    )
    assert done.returncode == 7
    error = json.loads(done.stderr)["error"]
    assert (error["code"], error["message"]) == (
        "not_allowed",
        "--actor needs a PIN, and only a terminal can ask for it.",
    )


def test_a_batch_asks_for_the_pin_once_and_a_line_never(shared: Ask, act_as: As, types: Types, run: Run) -> None:
    act_as("frontdesk")
    asked = types(PIN)
    lines = "book P1 MEHTA\nbook P2 MEHTA\nbook P2 RAO --actor vera\n"
    answer = run("batch", "-", "--actor", "ravi", stdin=lines, status=3)
    assert [json.loads(each)["exit_code"] for each in answer.stdout.splitlines()] == [0, 0, 7]
    assert asked == ["PIN of ravi:"]


@pytest.fixture
def keyboard(shared: Ask) -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def keyboard(*args: str) -> Terminal:
        started.append(Terminal(*args))
        return started[-1]

    yield keyboard
    for each in started:
        each.process.kill()
        each.process.wait()
        os.close(each.master)


def test_a_pin_is_typed_at_a_terminal_and_not_shown(keyboard: Callable[..., Terminal], shared: Ask) -> None:
    terminal = keyboard("book", "P1", "MEHTA", "--actor", "ravi")
    terminal.read("PIN of ravi: $")
    shown = terminal.type("1234\n", until="The PIN is wrong. PIN of ravi: $")
    shown += terminal.type(f"{PIN}\n", until="Booked A1")
    assert PIN not in shown
    assert "1234" not in shown
    assert terminal.process.wait(30) == 0


def test_ctrl_c_at_the_pin_ends_the_command_and_writes_nothing(
    keyboard: Callable[..., Terminal], database: str
) -> None:
    before = stored.rows(database, "SELECT count(*) FROM journal")
    terminal = keyboard("book", "P1", "MEHTA", "--actor", "ravi")
    terminal.read("PIN of ravi: $")
    terminal.type("\x03", until="Interrupted")
    assert terminal.process.wait(30) == 130
    assert stored.rows(database, "SELECT count(*) FROM journal") == before


def test_the_shell_asks_for_a_pin_and_holds_no_lock(
    keyboard: Callable[..., Terminal], database: str, tmp_path: Path
) -> None:
    terminal = keyboard("shell", "--actor", "ravi")
    terminal.read("PIN of ravi: $")
    terminal.type(f"{PIN}\n")
    assert "Booked A1" in terminal.type("book P1 MEHTA\n")
    # Wrong PINs at another terminal do not end the work at this one.
    assert stored.change(database, "UPDATE users SET wrong_pins = 5, wrong_at = updated_at WHERE name = 'ravi'")
    assert "Booked A2" in terminal.type("book P2 MEHTA\n")
    terminal.wait_until_it_waits()
    os.write(terminal.master, b"day --actor vera\n")
    terminal.read("PIN of vera: $")
    assert not stored.is_held(database)
    assert "MEHTA: 2 taken" in terminal.type(f"{OTHER}\n")


def test_a_pin_is_a_salted_hash_that_only_it_matches(shared: Ask, database: str) -> None:
    (first,), (second,) = stored.rows(database, "SELECT pin FROM users WHERE pin IS NOT NULL ORDER BY name")
    assert pins.matches(PIN, first)
    assert not pins.matches(OTHER, first)
    assert pins.matches(OTHER, second)
    assert pins.new(PIN).stored != pins.new(PIN).stored
    assert not pins.matches(PIN, "scrypt$1$1$1$" + "0" * 32 + "$" + "0" * 64)
    assert not pins.matches(PIN, PIN)
    assert PIN not in Path(database).read_text("latin-1")


def test_no_pin_is_in_the_journal_or_an_answer(shared: Ask, act_as: As, run: Run, database: str) -> None:
    act_as("boss")
    told = run("user", "list", "--json", status=0).stdout + run("audit", "log", "--json", status=0).stdout
    told += "".join(map(str, stored.rows(database, "SELECT * FROM journal")))
    assert "scrypt" not in told
    assert timedelta(minutes=15) == pins.LOCKED
