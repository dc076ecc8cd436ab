"""The roles of every command: none is without, and each role may do what its table says."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clinicctl import errors, settings
from clinicctl.cli.commands import Writing
from clinicctl.desk import operations, roles
from clinicctl.desk.operations import Operation
from clinicctl.statuses import Role
from tests.every_write import CALENDAR, commands

Ask = Callable[..., Any]
As = Callable[[str], None]
Refused = Callable[..., dict[str, Any]]
Run = Callable[..., Any]

pytestmark = pytest.mark.file  # On a server the session's role is who somebody is.

CLINICIAN_OF = "MEHTA"
OTHERS = {
    "export doctors": "export doctors",
    "db restore": "db restore clinic-copy.db --yes",
    "close": "close yesterday --dry-run",
}
"""Examples for commands whose own ones ask, or write over a file."""


def test_every_command_has_its_roles_and_no_role_is_left_over() -> None:
    assert roles.COMMANDS.keys() == {words for words, _ in commands()}


def test_every_command_that_writes_says_who_may_write() -> None:
    writing = {words for words, command in commands() if isinstance(command, Writing)}
    # A run of a sender makes many writes, each with a key of its own, so it takes none.
    assert {words for words, each in roles.COMMANDS.items() if each.writing} == writing | {"outbox run"}


def test_a_manager_may_do_everything() -> None:
    assert [words for words, each in roles.COMMANDS.items() if Role.MANAGER not in each.roles] == []
    declared = [each for each in vars(operations).values() if isinstance(each, Operation)]
    assert [each.name for each in declared if Role.MANAGER not in each.roles] == []


def test_who_may_write_may_also_read_with_the_command() -> None:
    assert [words for words, each in roles.COMMANDS.items() if not each.writing <= each.roles] == []


def examples() -> dict[str, list[str]]:
    """An example of each command, as its help has it."""
    found = {}
    for words, command in commands():
        line = OTHERS.get(words) or command.epilog.splitlines()[0].removeprefix("clinicctl ").split(" < ")[0]
        args = shlex.split(line)
        found[words] = [*args, "--dry-run"] if isinstance(command, Writing) and "--dry-run" not in args else args
    return found


@pytest.fixture
def act_as(monkeypatch: pytest.MonkeyPatch) -> As:
    """Let the commands of the test be those of another login."""

    def act_as(login: str) -> None:
        monkeypatch.setattr(settings, "login", lambda: login)

    return act_as


@pytest.fixture
def staffed(ask: Ask, act_as: As, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The demonstration clinic with a user of each role, who has its name. `boss` is the first manager."""
    monkeypatch.chdir(tmp_path)
    ask("demo")
    act_as("boss")
    for role in Role:
        doctor = ["--doctor", CLINICIAN_OF] if role is Role.CLINICIAN else []
        ask("user", "add", role.value, "--role", role.value, *doctor)
    ask("db", "backup", "clinic-copy.db")
    (tmp_path / "tomorrow.csv").write_text(f"doctor,date,present\n{CLINICIAN_OF},tomorrow,yes\n")
    (tmp_path / "doctors.csv").write_text("code,name\nNEW,Dr. New\n")
    (tmp_path / "patients.csv").write_text("name,phone\nImogen Quill,98765 14705\n")
    (tmp_path / "holidays.ics").write_text(CALENDAR)
    for name in ("commands.txt", "moves.txt"):
        (tmp_path / name).write_text("version\n")
    return ask


@pytest.mark.parametrize("role", [*Role, None])
def test_a_role_may_run_exactly_the_commands_of_the_table(
    role: Role | None, staffed: Ask, act_as: As, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command is either refused for the role, or does something else, which may be another refusal."""
    act_as(role.value if role is not None else "stranger")
    without_database = {"help", "version", "batch", "shell"}  # The lines of the last two are checked one by one.
    wrong = {}
    for words, args in examples().items():
        answer = run(
            *args, stdin="", json="--plot" not in args and words not in ("queue board", "export ics", "export fhir")
        )
        assert answer.status != 70, (words, answer)
        needed = roles.COMMANDS[words].writing or roles.COMMANDS[words].roles
        if words in ("config", "db check"):
            needed = roles.COMMANDS[words].roles  # Their examples only read.
        may = role in needed if role is not None else words in without_database
        may = may or words in ("health", "demo")
        if ("not_allowed" in answer.stdout + answer.stderr or "needs the role" in answer.stderr) is may:
            wrong[words] = answer
    assert {words: (each.status, each.stderr[-300:]) for words, each in wrong.items()} == {}


@pytest.mark.parametrize("role", [each for each in Role if each is not Role.MANAGER])
def test_a_refused_write_leaves_only_the_attempt(role: Role, staffed: Ask, act_as: As, run: Run) -> None:
    def state() -> Any:
        act_as("boss")
        return [staffed(*each.split()) for each in ("patient list --all", "config", "user list", "audit log")]

    before = state()
    act_as(role.value)
    refusals = [
        ["patient", "erase", "P1", "--yes"],
        ["config", "region", "DE"],
        ["user", "add", "friend", "--role", "manager"],
        ["user", "edit", role.value, "--role", "manager"],
        ["patient", "merge", "P2", "--into", "P1", "--yes"],
    ]
    for args in refusals:
        assert run(*args, json=True, status=7).error["code"] == "not_allowed"
    assert state() == before
    attempts = staffed("audit", "log", "--refused")
    names = ["patient erase", "config", "user add", "user edit", "patient merge"]
    assert [each["command"] for each in attempts] == names
    assert {(each["actor"], each["role"]) for each in attempts} == {(role.value, role.value)}
    assert all(each["needed"] == ["manager"] and each["reason"] == "role" for each in attempts)
    assert staffed("audit", "verify")["broken"] == 0


def test_a_refusal_names_the_role_and_who_can_give_it(staffed: Ask, act_as: As, refused: Refused) -> None:
    act_as("reader")
    error = refused(7, "not_allowed", "book", "P1", "MEHTA", "+3d")
    assert error["message"] == "`book` needs the role desk or manager; yours is reader."
    assert error["hint"] == "A manager (boss, manager) can give it: `clinicctl user edit reader --role desk`."
    assert error["details"] == {"command": "book", "role": "reader", "needed": ["desk", "manager"]}
    act_as("stranger")
    error = refused(7, "not_allowed", "day")
    assert error["message"].endswith("; you are no user of this clinic.")
    assert "`clinicctl user add stranger --role desk`" in error["hint"]


def test_a_clinician_runs_only_their_own_queue(staffed: Ask, act_as: As, refused: Refused, run: Run) -> None:
    act_as("boss")
    other = next(each["code"] for each in staffed("doctor", "list") if each["code"] != CLINICIAN_OF)
    act_as("clinician")
    for args in (["queue", "call"], ["next"], ["queue", "show"], ["queue", "hold", "POSITION"]):
        words = [other if each == "POSITION" else each for each in args]
        words = [*args[:-1], other, "1"] if "POSITION" in args else [*words, other]
        error = refused(7, "not_allowed", *words)
        assert CLINICIAN_OF in error["message"]
        assert error["details"]["needed"] == ["desk", "manager"]
    refused(7, "not_allowed", "day", "--doctor", other)
    assert {each["doctor"] for each in staffed("day")} == {CLINICIAN_OF}
    assert {each["doctor"] for each in staffed("queue", "show")} == {CLINICIAN_OF}
    assert {each["doctor"] for each in staffed("status")} <= {CLINICIAN_OF}
    assert staffed("free")
    assert staffed("queue", "next", CLINICIAN_OF)["next"]["doctor"] == CLINICIAN_OF
    act_as("boss")
    assert {each["doctor"] for each in staffed("queue", "show")} > {CLINICIAN_OF}
    assert {each["reason"] for each in staffed("audit", "log", "--refused")} == {"doctor"}


def test_an_importer_cancels_and_moves_nothing(staffed: Ask, act_as: As, refused: Refused, tmp_path: Path) -> None:
    act_as("desk")
    booked = staffed("book", "P1", CLINICIAN_OF, "+3d")["number"]
    file = tmp_path / "absent.csv"
    file.write_text(f"doctor,date,present\n{CLINICIAN_OF},+3d,no\n")
    act_as("importer")
    line = ["doctor", "avail", "import", str(file), "--on-conflict"]
    for words in (["cancel"], ["move"], ["cancel", "--dry-run"], ["cancel", "--mode", "replace"]):
        error = refused(7, "not_allowed", *line, *words)
        assert error["details"]["needed"] == ["manager"]
    details = refused(6, "has_bookings", *line, "refuse")["details"]
    assert (details["count"], details["affected"], details["without_phone"]) == (1, [], [])
    assert staffed(*line, "keep")["cancelled"] == []
    refused(7, "not_allowed", "undo", "--yes")
    act_as("boss")
    assert staffed("appointment", "show", booked)["status"] == "booked"
    reasons = [each["reason"] for each in staffed("audit", "log", "--refused")]
    assert reasons == ["bookings"] * 3 + ["role"]
    assert staffed(*line, "cancel")["cancelled"]


def test_an_auditor_sees_no_names_of_patients(staffed: Ask, act_as: As, refused: Refused, run: Run) -> None:
    act_as("boss")
    names = {word for each in staffed("patient", "list") for word in each["name"].split() if len(word) > 3}
    act_as("auditor")
    told = [run("audit", "log", "--patient", "P1", "-o", "json", status=0).stdout]
    told += [run("export", "journal", status=0).stdout, run("report", "day", "--json", status=0).stdout]
    refused(2, "invalid_value", "audit", "log", "--patient", "sch")
    refused(2, "invalid_value", "export", "journal", "--patient", "98765")
    assert [name for name in names if any(name in each for each in told)] == []


def test_undo_takes_back_what_the_person_did(staffed: Ask, act_as: As, refused: Refused) -> None:
    act_as("clinician")
    called = staffed("queue", "next", CLINICIAN_OF)
    act_as("desk")
    booked = staffed("book", "P1", "MEHTA", "+3d")
    act_as("manager")
    staffed("doctor", "avail", "weekly", "LINDQVIST", "sat", "--capacity", "9")
    weekly = staffed("audit", "log", "--limit", "1")[0]["number"]
    act_as("clinician")
    undone = {each["number"] for each in staffed("undo")["appointments"]}
    assert undone == {called[each]["appointment"]["number"] for each in ("finished", "next")}
    error = refused(7, "not_allowed", "undo", str(weekly - 1), "--yes")
    assert error["details"]["undone"] == "book"
    act_as("desk")
    error = refused(7, "not_allowed", "undo", str(weekly), "--yes")
    assert (error["details"]["needed"], error["details"]["number"]) == (["manager"], weekly)
    assert [each["number"] for each in staffed("undo")["appointments"]] == [booked["number"]]
    act_as("boss")
    assert {each["reason"] for each in staffed("audit", "log", "--refused")} == {"write"}


def test_a_refused_attempt_is_not_the_last_write_of_undo(staffed: Ask, act_as: As, refused: Refused) -> None:
    act_as("desk")
    booked = staffed("book", "P1", "MEHTA", "+3d")
    refused(7, "not_allowed", "patient", "erase", "P1", "--yes")
    assert [each["number"] for each in staffed("undo")["appointments"]] == [booked["number"]]


def test_a_key_does_not_repeat_the_answer_of_somebody_else(staffed: Ask, act_as: As, refused: Refused) -> None:
    act_as("desk")
    booked = staffed("book", "P1", "MEHTA", "+3d", "--key", "mine")
    assert staffed("book", "P1", "MEHTA", "+3d", "--key", "mine")["replayed"] is True
    act_as("boss")
    staffed("user", "add", "second", "--role", "desk")
    assert staffed("book", "P1", "MEHTA", "+3d", "--key", "mine")["number"] == booked["number"]
    act_as("second")
    error = refused(6, "key_reused", "book", "P1", "MEHTA", "+3d", "--key", "mine")
    assert booked["number"] not in str(error)
    act_as("reader")
    refused(7, "not_allowed", "book", "P1", "MEHTA", "+3d", "--key", "mine")


def test_a_dry_run_obeys_roles_and_leaves_no_attempt(staffed: Ask, act_as: As, refused: Refused) -> None:
    act_as("reader")
    refused(7, "not_allowed", "book", "P1", "MEHTA", "+3d", "--dry-run")
    act_as("boss")
    assert staffed("audit", "log", "--refused") == []


def test_each_line_of_a_batch_is_refused_by_itself(staffed: Ask, act_as: As, run: Run) -> None:
    act_as("desk")
    lines = "book P1 MEHTA +3d\nconfig region DE\nreport day\nbook P2 MEHTA +3d\n"
    answer = run("batch", "-", stdin=lines, status=3)
    told = [errors_of(line) for line in answer.stdout.splitlines()]
    assert told == [(0, None), (7, "not_allowed"), (7, "not_allowed"), (0, None)]
    act_as("boss")
    assert [each["command"] for each in staffed("audit", "log", "--refused")] == ["config", "report day"]


def test_an_atomic_batch_is_rolled_back_and_leaves_the_attempt(staffed: Ask, act_as: As, run: Run) -> None:
    act_as("boss")
    before = staffed("audit", "log")
    act_as("desk")
    answer = run("batch", "--atomic", "-", stdin="book P1 MEHTA +3d\nconfig region DE\n", status=7)
    told = [errors_of(line) for line in answer.stdout.splitlines()]
    assert told == [(7, "taken_back"), (7, "not_allowed")]
    act_as("boss")
    assert staffed("audit", "log") == before
    assert [each["command"] for each in staffed("audit", "log", "--refused")] == ["config"]


def errors_of(line: str) -> tuple[int, str | None]:
    import json

    found = json.loads(line)
    return found["exit_code"], found.get("error", {}).get("code")


def test_the_shell_obeys_roles_and_shows_nobody_else(staffed: Ask, act_as: As, run: Run) -> None:
    act_as("clinician")
    answer = run("shell", stdin="patient show P1\nday\npatient show .\n", status=2)
    assert answer.stderr.count("needs the role") == 1
    act_as("boss")
    assert [each["command"] for each in staffed("audit", "log", "--refused")] == ["patient show"]


def test_refused_attempts_of_a_login_are_few_in_an_hour(staffed: Ask, act_as: As, run: Run) -> None:
    act_as("reader")
    lines = "patient show P1\n" * 70
    answer = run("batch", "-", stdin=lines, status=3)
    assert answer.stdout.count("not_allowed") == 70
    act_as("stranger")
    run("day", status=7)
    act_as("boss")
    attempts = staffed("audit", "log", "--refused")
    assert [each["actor"] for each in attempts] == ["reader"] * 60 + ["stranger"]
    assert staffed("audit", "log", "--refused", "--actor", "stranger", "--day", "today")[0]["role"] is None
    assert [each["number"] for each in staffed("audit", "log", "--refused", "--limit", "1")] == [attempts[-1]["number"]]


def test_a_removed_attempt_is_noticed(staffed: Ask, act_as: As, refused: Refused, database: str) -> None:
    from tests import stored

    act_as("reader")
    refused(7, "not_allowed", "patient", "show", "P1")
    act_as("boss")
    staffed("book", "P1", "MEHTA", "+3d")
    assert stored.change(database, "DELETE FROM journal WHERE command = 'refused'") == 1
    assert "is missing" in refused(10, "broken_journal", "audit", "verify")["message"]


def test_completion_shows_codes_to_users_only(staffed: Ask, act_as: As, database: str) -> None:
    from clinicctl.store.engine import doctor_codes

    act_as("desk")
    assert CLINICIAN_OF in doctor_codes(database)
    act_as("stranger")
    assert doctor_codes(database) == []


def test_a_backup_with_other_users_is_restored_only_by_a_manager(
    ask: Ask, act_as: As, refused: Refused, tmp_path: Path
) -> None:
    act_as("boss")
    ask("init", "--timezone", "UTC")
    ask("db", "backup", str(tmp_path / "before.db"))
    ask("user", "add", "clerk", "--role", "desk")
    act_as("clerk")
    refused(7, "not_allowed", "db", "restore", str(tmp_path / "before.db"), "--yes")
    act_as("boss")
    assert ask("db", "restore", str(tmp_path / "before.db"), "--yes")["number"]
    assert ask("user", "list") == []


def test_the_refusals_have_one_code_and_are_among_the_errors() -> None:
    assert {each.status for each in errors.family() if each.code == "not_allowed"} == {7}
