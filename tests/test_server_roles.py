"""The roles that `db roles` prints, tried from outside, and the names of their people in the journal."""

import json
import os
import secrets
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from clinicctl.desk.roles import COMMANDS
from clinicctl.statuses import Role
from clinicctl.store.compiled.schema import COLUMNS
from tests.every_write import DAY
from tests.postgres import Server

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
People = dict[str, str]
"""The URL of the clinic for somebody with each role."""

JOURNAL = ("journal", "journal_steps", "journal_days", "journal_merges")


@pytest.fixture
def database(postgres_clinic: str) -> str:
    """Every clinic of this module is on the server."""
    return postgres_clinic


@pytest.fixture
def people(ask: Ask, run: Run, postgres_server: Server, database: str) -> Iterator[People]:
    """Somebody with each role, by the lines of `db roles`."""
    ask("init", "--timezone", "Asia/Kolkata", "--region", "IN")
    prefix = f"own_{secrets.token_hex(4)}"
    script = run("db", "roles", "--prefix", prefix, status=0).stdout
    assert ask("db", "roles", "--prefix", prefix)["sql"] == script.splitlines()
    roles = ("owner", "manager", "desk", "clinician", "reader", "auditor", "importer")
    assert not postgres_server.psql("SELECT 1 FROM pg_roles WHERE starts_with(rolname, %s)", prefix)
    with postgres_server.connect() as connection:
        # Twice: a chain runs it for every clinic.
        connection.execute(script)
        connection.execute(script)
        for role in roles:
            connection.execute(f"CREATE ROLE {prefix}_{role}_anna LOGIN")
            connection.execute(f"GRANT {prefix}_{role} TO {prefix}_{role}_anna")
    schema = database.rpartition("=")[2]
    yield {role: postgres_server.url(schema=schema, user=f"{prefix}_{role}_anna") for role in roles}
    for role in roles:
        for name in (f"{prefix}_{role}_anna", f"{prefix}_{role}"):
            postgres_server.psql(f"DROP OWNED BY {name} CASCADE")
            postgres_server.psql(f"DROP ROLE {name}")


def denied(url: str, statement: str) -> bool:
    """Return whether a server refuses a statement of somebody, by 42501."""
    base, _, schema = url.rpartition("?schema=")
    with psycopg.connect(base) as connection:
        connection.execute(f'SET search_path = "{schema}"')
        try:
            connection.execute(statement)
        except InsufficientPrivilege as error:
            return error.sqlstate == "42501"
        finally:
            connection.rollback()
    return False


def test_a_whole_day_runs_with_the_rights_of_its_roles(
    ask: Ask, run: Run, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_desk, role = 0, "manager"
    for args, stdin in DAY:
        names = (" ".join(args[:count]) for count in (3, 2, 1))
        access = next((COMMANDS[name] for name in names if name in COMMANDS), None)
        # Each undoes what they have done last.
        if args[0] != "undo":
            role = "desk" if access is not None and Role.DESK in access.writing else "manager"
        by_desk += role == "desk"
        monkeypatch.setenv("CLINICCTL_DB", people[role])
        assert run(*args, "--yes", json=True, stdin=stdin).status == 0, args
    assert by_desk > 20
    monkeypatch.setenv("CLINICCTL_DB", people["manager"])
    assert ask("db", "check")["sound"]
    assert ask("audit", "verify")["broken"] == 0
    assert ask("metrics")


def test_the_desk_adds_to_the_journal_and_changes_nothing_there(clinic: Ask, people: People) -> None:
    clinic("book", "P1", "MEHTA", "--db", people["desk"])
    for table in JOURNAL:
        column = next(iter(COLUMNS[table]))
        for statement in (
            f"UPDATE {table} SET {column} = {column}",
            f"DELETE FROM {table}",
            f"TRUNCATE {table} CASCADE",
            f"DROP TABLE {table} CASCADE",
            f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        ):
            assert denied(people["desk"], statement), statement
    for statement in ("DELETE FROM head", "UPDATE head SET schema = 7", "INSERT INTO head SELECT * FROM head"):
        assert denied(people["desk"], statement), statement
    assert not denied(people["desk"], "UPDATE head SET number = number")
    assert not denied(people["owner"], "DELETE FROM journal_days")


def test_the_desk_cannot_do_what_only_the_owner_may(
    clinic: Ask, refused: Refused, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(tmp_path / "backup.db")
    monkeypatch.setenv("CLINICCTL_DB", people["desk"])
    clinic("db", "backup", file)
    for line in (f"db restore {file} --yes", "db check --repair --key k", f"db copy --to {people['desk']}_other"):
        refused(74, "no_right", *line.split())
    monkeypatch.setenv("CLINICCTL_DB", people["owner"])
    clinic("db", "restore", file, "--yes")
    monkeypatch.setenv("CLINICCTL_DB", people["desk"])
    assert clinic("book", "P1", "MEHTA")


def test_a_reader_sees_the_day_and_writes_nothing(
    clinic: Ask, refused: Refused, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("walkin", "P2", "RAO")
    monkeypatch.setenv("CLINICCTL_DB", people["reader"])
    for line in (
        "day",
        "free",
        "free MEHTA",
        "status",
        "queue show",
        "queue show RAO",
        "doctor list",
        "appointment list",
    ):
        clinic(*line.split())
    assert clinic("queue", "show", "RAO")[0]["patient"]["name"] == "Mumtaz Anwar"
    for line in ("book P1 RAO", "config capacity 5", "checkin A1", "patient edit P1 --note x"):
        refused(74, "no_right", *line.split())
    for table in (*COLUMNS, "head"):
        assert denied(people["reader"], f"DELETE FROM {table}")
    findings = {each["name"]: each["value"] for each in clinic("health")["findings"]}
    assert findings["longest open transaction"] == "unknown"
    assert clinic("db", "info")["server"]["longest_open_transaction"] == "unknown"


def test_an_auditor_sees_the_journal_and_no_names(
    clinic: Ask, refused: Refused, run: Run, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("book", "P1", "MEHTA")
    monkeypatch.setenv("CLINICCTL_DB", people["auditor"])
    verified = clinic("audit", "verify")
    assert clinic("audit", "verify", "--anchor", verified["head"])["anchored"]
    log = run("audit", "log", json=True, status=0)
    assert log.json[-1]["touched"] == ["MEHTA", "A1", "P1"]
    assert "Anita" not in log.stdout
    clinic("audit", "log", "--command", "patient", "--actor", "nobody", "--day", "today")
    for statement in (
        *("SELECT name FROM patients", "SELECT phone FROM patients", "SELECT * FROM patient_words"),
        *("SELECT reason FROM appointments", "SELECT * FROM patient_phones", "DELETE FROM journal"),
    ):
        assert denied(people["auditor"], statement), statement
    for line in ("patient list", "day", "book P1 RAO"):
        refused(74, "no_right", *line.split())


def login_of(place: str) -> str:
    return place.partition("//")[2].partition("@")[0]


def test_the_role_of_the_session_is_the_user(
    clinic: Ask, run: Run, refused: Refused, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, reader = login_of(people["desk"]), login_of(people["reader"])
    monkeypatch.setenv("CLINICCTL_DB", people["owner"])
    assert clinic("user", "add", desk, "--role", "desk")["made_manager"] == login_of(people["owner"])
    clinic("user", "add", reader, "--role", "reader")
    monkeypatch.setenv("CLINICCTL_DB", people["desk"])
    clinic("book", "P1", "MEHTA")
    assert refused(7, "not_allowed", "config", "region", "DE")["details"]["needed"] == ["manager"]
    refused(7, "not_allowed", "book", "P2", "MEHTA", "--actor", reader)
    monkeypatch.setenv("CLINICCTL_DB", people["reader"])
    assert clinic("day")
    assert "could not" not in refused(7, "not_allowed", "book", "P2", "MEHTA")["hint"]
    refused(7, "not_allowed", "book", "P2", "MEHTA", "--dry-run")
    monkeypatch.setenv("CLINICCTL_DB", people["auditor"])
    refused(7, "not_allowed", "audit", "log")
    monkeypatch.setenv("CLINICCTL_DB", people["owner"])
    found = [(each["actor"], each["command"], each["role"], each["reason"]) for each in attempts(clinic)]
    assert found == [
        *((desk, "config", "desk", "role"), (desk, "book", "desk", "name"), (reader, "book", "reader", "role")),
        (login_of(people["auditor"]), "audit log", None, "role"),
    ]
    assert clinic("audit", "verify")["broken"] == 0
    assert clinic("book", "P2", "MEHTA")["number"]
    # A restore keeps the way in which a reader's attempts are recorded.
    backup = str(tmp_path / "backup.db")
    clinic("db", "backup", backup)
    clinic("db", "restore", backup, "--yes")
    monkeypatch.setenv("CLINICCTL_DB", people["reader"])
    answer = run("batch", "-", stdin="config region DE\nday\n", status=3)
    assert "could not" not in answer.stdout
    monkeypatch.setenv("CLINICCTL_DB", people["owner"])
    assert attempts(clinic)[-1]["needed"] == ["manager"]
    assert clinic("audit", "verify")["broken"] == 0


def attempts(clinic: Ask) -> Any:
    return clinic("audit", "log", "--refused")


def test_who_may_only_read_adds_refused_attempts_and_nothing_else(clinic: Ask, people: People) -> None:
    role = login_of(people["reader"])
    clinic("user", "add", role, "--role", "reader", "--db", people["owner"])
    call = "SELECT add_refused_attempt({}) FROM generate_series(1, 70)"
    for wrong in (
        *("'Anita Sharma', '[\"desk\"]', 'role'", "'book', '[\"desk\"],\"actor\":\"boss\"', 'role'"),
        *("'book', '[\"king\"]', 'role'", "'book', '[]', 'role'", "'book', '[\"desk\"]', 'Anita'"),
        "'" + "x" * 21 + "', '[\"desk\"]', 'role'",
    ):
        assert denied(people["reader"], call.format(wrong)), wrong
    right = call.format("'patient erase', '[\"manager\"]', 'role'")
    for other in ("desk", "importer", "clinician"):
        assert denied(people[other], right), other
    for url in (people["auditor"], people["reader"]):
        base, _, schema = url.rpartition("?schema=")
        with psycopg.connect(base) as connection:
            connection.execute(f'SET search_path = "{schema}"')
            connection.execute(right)
    listed = [(each["actor"], each["role"]) for each in clinic("audit", "log", "--refused", "--db", people["owner"])]
    assert listed == [(login_of(people["auditor"]), None)] * 60 + [(role, "reader")] * 60
    assert clinic("audit", "verify", "--db", people["owner"])["broken"] == 0


def test_who_moves_a_clinic_to_a_server_is_its_manager_there(
    ask: Ask, postgres_server: Server, database: str, tmp_path: Path
) -> None:
    file, role = str(tmp_path / "clinic.db"), login_of(postgres_server.url())
    ask("init", "--timezone", "UTC", "--db", file)
    ask("user", "add", "ravi", "--role", "desk", "--db", file)
    assert ask("db", "copy", "--to", database, "--db", file)["made_manager"] == role
    users = ask("user", "list")
    assert {each["name"] for each in users if each["role"] == "manager"} > {role}
    ask("user", "add", "vera", "--role", "manager")
    backup = str(tmp_path / "backup.db")
    ask("db", "backup", backup)
    assert ask("db", "restore", backup, "--yes")["made_manager"] is None
    assert [each["actor"] for each in ask("audit", "log", "--command", "db restore")] == [role]


def test_the_desk_cannot_make_itself_a_manager(clinic: Ask, people: People) -> None:
    clinic("user", "add", login_of(people["desk"]), "--role", "desk", "--db", people["owner"])
    for statement in (
        *("UPDATE users SET role = 'manager'", "DELETE FROM users", "UPDATE users SET pin = NULL"),
        "INSERT INTO users SELECT 'x', 'manager', NULL, NULL, 0, NULL, now(), now()",
    ):
        assert denied(people["desk"], statement), statement
    assert denied(people["reader"], "SELECT pin FROM users")
    assert not denied(people["desk"], "UPDATE users SET wrong_pins = 1, wrong_at = now()")


def test_a_file_has_no_roles_and_a_prefix_is_a_name(
    clinic: Ask, refused: Refused, tmp_path: Path, database: str
) -> None:
    file = str(tmp_path / "clinic.db")
    clinic("init", "--db", file, "--timezone", "UTC")
    assert "file" in refused(7, "no_roles", "db", "roles", "--db", file)["message"]
    for wrong in ("x; DROP ROLE y", "Desk", "", "1x", "x" * 31):
        refused(2, "invalid_value", "db", "roles", "--prefix", wrong)


# The actor


def test_the_actor_is_the_role_and_one_who_acts_as_another_has_both(
    clinic: Ask, run: Run, refused: Refused, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICCTL_DB", people["desk"])
    monkeypatch.setenv("COLUMNS", "300")
    role = people["desk"].partition("//")[2].partition("@")[0]
    clinic("book", "P1", "MEHTA")
    clinic("book", "P1", "RAO", "--actor", "asha")
    monkeypatch.setenv("CLINICCTL_ACTOR", role)
    clinic("book", "P2", "RAO")
    monkeypatch.delenv("CLINICCTL_ACTOR")
    log = clinic("audit", "log", "--command", "book")
    assert [(each["actor"], each["role"]) for each in log] == [(role, None), ("asha", role), (role, None)]
    assert [each["actor"] for each in clinic("audit", "log", "--actor", "asha")] == ["asha"]
    assert f"asha ({role})" in " ".join(run("audit", "log", "-o", "table", status=0).stdout.split())
    # Each undoes their own without being asked.
    assert clinic("undo", "--actor", "asha")["actor"] == "asha"
    assert clinic("undo")["actor"] == role
    answer = run("batch", "-", json=True, stdin="book P2 MEHTA\nbook P1 RAO --actor ravi\n", status=0)
    assert len(answer.lines) == 2
    log = clinic("audit", "log", "--command", "book")[-2:]
    assert [(each["actor"], each["role"]) for each in log] == [(role, None), ("ravi", role)]
    assert clinic("audit", "verify")["broken"] == 0
    file = f"{os.environ['HOME']}.db"
    clinic("db", "backup", file)
    assert clinic("audit", "log", "--db", file) == clinic("audit", "log")
    assert clinic("audit", "verify", "--db", file)["broken"] == 0


def test_a_log_line_has_the_name_of_the_journal(clinic: Ask, people: People, tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.environ["CLINICCTL_LOG"] = str(log)
    try:
        clinic("day", "--db", people["desk"])
        clinic("day", "--db", people["desk"], "--actor", "asha")
    finally:
        del os.environ["CLINICCTL_LOG"]
    role = people["desk"].partition("//")[2].partition("@")[0]
    assert [json.loads(line)["actor"] for line in log.read_text().splitlines()] == [role, "asha"]


# Each role, around the program


AROUND = {
    "manager": [
        "UPDATE journal SET actor = actor",
        "DELETE FROM journal",
        "DELETE FROM patients",
        "ALTER TABLE patients ADD COLUMN x int",
        "CREATE TABLE x (y int)",
    ],
    "desk": [
        "UPDATE settings SET value = value",
        "INSERT INTO settings VALUES ('x', 'y')",
        "DELETE FROM holidays",
        "UPDATE users SET role = 'manager'",
        "INSERT INTO doctors SELECT * FROM doctors",
        "DELETE FROM distinct_patients",
        "DELETE FROM appointments",
        "UPDATE visit_types SET name = name",
    ],
    "clinician": [
        "UPDATE journal SET actor = actor",
        "INSERT INTO appointments SELECT * FROM appointments",
        "UPDATE appointments SET date = date, doctor_id = doctor_id",
        "UPDATE appointments SET reason = reason",
        "INSERT INTO queue_entries SELECT * FROM queue_entries",
        "UPDATE patients SET name = name",
        "UPDATE settings SET value = value",
        "DELETE FROM held_slots",
    ],
    "importer": [
        "INSERT INTO appointments SELECT * FROM appointments",
        "INSERT INTO patients SELECT * FROM patients",
        "UPDATE appointments SET date = date",
        "UPDATE appointments SET status = status",
        "UPDATE held_slots SET slot = slot",
        "UPDATE queue_entries SET status = status",
        "UPDATE settings SET value = value",
        "DELETE FROM holidays",
        "UPDATE doctors SET name = name",
        "DELETE FROM journal",
    ],
    "auditor": [
        "SELECT name FROM patients",
        "SELECT phone FROM patients",
        "SELECT email FROM patients",
        "SELECT * FROM patient_keys",
        "SELECT note FROM appointments",
        "SELECT reason FROM appointments",
        "SELECT * FROM messages",
        "SELECT * FROM users",
        "UPDATE queue_entries SET status = status",
        "INSERT INTO journal SELECT * FROM journal",
    ],
    "reader": [
        "INSERT INTO journal SELECT * FROM journal",
        "UPDATE appointments SET status = status",
        "UPDATE head SET number = number",
    ],
}


@pytest.mark.parametrize("role", AROUND)
def test_the_server_refuses_what_a_role_does_not_include(role: str, clinic: Ask, people: People) -> None:
    assert [each for each in AROUND[role] if not denied(people[role], each)] == []


WITH_ROLE = {
    "manager": (
        "config capacity 12",
        "doctor add N 'Dr. N'",
        "config holiday add +9d Feast",
        "patient merge P2 --into P1 --yes",
        "patient erase P1 --yes",
    ),
    "clinician": (
        "queue show MEHTA",
        "queue hold MEHTA 1",
        "queue resume MEHTA 1",
        "queue call MEHTA",
        "queue start MEHTA",
        "queue next MEHTA --start",
        "queue done MEHTA",
        "undo --yes",
        "day --doctor MEHTA",
    ),
    "importer": (
        "doctor avail import {file} --on-conflict keep",
        "doctor avail import {hours} --on-conflict keep",
        "doctor avail show MEHTA",
        "doctor list",
    ),
    "auditor": ("audit log", "audit verify", "report day", "report waits", "report no-shows", "report doctors"),
    "reader": ("day", "free", "doctor list"),
}


@pytest.mark.parametrize("role", WITH_ROLE)
def test_each_role_does_its_work_with_its_rights(
    role: str, clinic: Ask, run: Run, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "days.csv"
    file.write_text("doctor,date,present\nMEHTA,tomorrow,no\nRAO,tomorrow,yes\n")
    hours = tmp_path / "hours.csv"
    hours.write_text("doctor,date,present,sessions,every\nMEHTA,tomorrow,yes,9:00-11:00,10\n")
    clinic("walkin", "P1", "MEHTA")
    clinic("walkin", "P2", "MEHTA")
    clinic("doctor", "avail", "set", "MEHTA", "tomorrow", "--session", "10:00-12:00", "--every", "10m")
    clinic("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    if role == "manager":
        clinic("queue", "left", "MEHTA", "1")
        clinic("queue", "left", "MEHTA", "2")
        clinic("cancel", "A3")
    monkeypatch.setenv("CLINICCTL_DB", people[role])
    for line in WITH_ROLE[role]:
        answer = run(*shlex.split(line.format(file=file, hours=hours)), json=True)
        assert answer.status == 0, (line, answer)
