"""A clinic on a server as a whole: described, checked, backed up, restored, migrated, with its roles."""

import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicctl import clock, desk
from clinicctl.store import contents, engine, migrations
from clinicctl.store.migrations import CURRENT
from clinicctl.store.postgresql import health, migration
from tests.daemons import PATIENCE
from tests.postgres import Server

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def database(postgres_clinic: str) -> str:
    """Every clinic of this module is on the server."""
    return postgres_clinic


@pytest.fixture
def schema(database: str) -> str:
    return database.rpartition("=")[2]


@pytest.fixture
def sql(postgres_server: Server, schema: str) -> Iterator[Callable[..., list[tuple[Any, ...]]]]:
    """Run a statement with the names of the clinic; its copies are dropped after the test."""

    def sql(statement: str, *values: object) -> list[tuple[Any, ...]]:
        with postgres_server.connect() as connection:
            connection.execute(f'SET LOCAL search_path = "{schema}"')
            done = connection.execute(statement, values or None)
            return done.fetchall() if done.description else []

    yield sql
    for name in copies(postgres_server, schema):
        postgres_server.psql(f"DROP SCHEMA {name} CASCADE")


def copies(server: Server, schema: str) -> list[str]:
    """Return the schemas that hold copies of a clinic."""
    found = server.psql("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s) ORDER BY 1", schema[:14])
    return [name for (name,) in found if name != schema]


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def finding(run: Run, name: str) -> tuple[str, str | None]:
    """Return the value and the problem of a finding of `health`."""
    found = run("health", json=True)
    assert found.status in (0, 10)
    (each,) = [each for each in found.json["findings"] if each["name"] == name]
    return each["value"], each["problem"]


# Described


@pytest.mark.machine_clock
def test_info_tells_about_the_clinic_and_the_server(clinic: Ask, schema: str, database: str) -> None:
    clinic("book", "P1", "MEHTA")
    found = clinic("db", "info")
    assert (found["path"], found["schema"], found["sqlite"], found["wal_bytes"]) == (database, CURRENT, None, None)
    assert re.fullmatch(r"[0-9]+\.[0-9]+", found["postgresql"])
    assert (found["tables"]["patients"], found["tables"]["appointments"]) == (2, 1)
    assert found["bytes"] > 100_000
    verified = clinic("audit", "verify")
    assert (found["number"], found["head"]) == (verified["number"], verified["head"])
    server = found["server"]
    assert (server["schema"], server["standby"], server["text_columns"]) == (schema, "no", "C")
    assert {"fsync", "full_page_writes", "data_checksums", "synchronous_standby_names", "collation"} < server.keys()
    assert {"encoding", "tls", "role", "database", "standbys", "synchronous_commit"} < server.keys()
    assert abs(float(server["clock_difference"].removesuffix(" s"))) < 2


@pytest.mark.machine_clock
def test_health_names_what_endangers_a_clinic(
    clinic: Ask, run: Run, sql: Any, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert finding(run, "database")[1] is None
    for name in ("fsync", "full_page_writes"):
        value, problem = finding(run, name)
        assert (value == "on") == (problem is None)
    assert finding(run, "last backup") == ("none", "create one with `clinicctl db backup FILE`")
    assert finding(run, "text columns") == ("C", None)
    assert finding(run, "clock difference")[1] is None
    with monkeypatch.context() as patched:
        now = clock.now
        patched.setattr(clock, "now", lambda: now() - timedelta(seconds=3))
        assert finding(run, "clock difference")[1] is not None
    assert finding(run, "longest open transaction")[1] is None
    monkeypatch.setattr(health, "LONG_OPEN", 0)
    with postgres_server.connect() as other:
        other.execute("SELECT 1")
        time.sleep(1.1)
        assert finding(run, "longest open transaction")[1] is not None
    sql('ALTER TABLE doctors ALTER COLUMN name TYPE text COLLATE "POSIX"')
    assert finding(run, "text columns") == ("1 not in C", "searches may find nobody")


def test_health_without_a_clinic_says_so(run: Run) -> None:
    found = run("health", json=True, status=10).json
    assert not found["usable"]
    assert found["findings"][0]["problem"].startswith("No clinic database")


# Checked


def test_a_day_of_the_desk_is_sound(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("walkin", "P2", "MEHTA")
    clinic("queue", "call", "MEHTA")
    clinic("undo", "--yes")
    assert clinic("db", "check") == {"path": os.environ["CLINICCTL_DB"], "sound": True, "problems": []}


DAMAGE = {
    "a UNIQUE is gone": ("ALTER TABLE doctors DROP CONSTRAINT uq_doctors_code", "uq_doctors_code is missing"),
    "an index is gone": ("DROP INDEX ix_appointments_series", "the index ix_appointments_series is missing"),
    "a partial index is whole": (
        "DROP INDEX uq_waitlist_entries_waiting;"
        " CREATE UNIQUE INDEX uq_waitlist_entries_waiting ON waitlist_entries (patient_id, doctor_id)",
        "the index uq_waitlist_entries_waiting differs",
    ),
    "a CHECK is gone": ("ALTER TABLE head DROP CONSTRAINT ck_head_one", "ck_head_one is missing"),
    "a reference is gone": (
        "ALTER TABLE appointments DROP CONSTRAINT fk_appointments_doctor_id",
        "fk_appointments_doctor_id is missing",
    ),
    "a reference is off": ("ALTER TABLE appointments DISABLE TRIGGER ALL", "disabled reference of appointments"),
    "a column is nullable": ("ALTER TABLE doctors ALTER name DROP NOT NULL", "doctors.name differs"),
    "a column has another order": ('ALTER TABLE doctors ALTER name TYPE text COLLATE "POSIX"', "doctors.name differs"),
    "a column is new": ("ALTER TABLE doctors ADD COLUMN own text", "unknown column doctors.own"),
    "a column is gone": ("ALTER TABLE appointments DROP COLUMN note", "appointments.note is missing"),
    "a table is new": ("CREATE TABLE own (number bigint)", "unknown column own.number"),
    "a view is new": ("CREATE VIEW own AS SELECT 1", "unknown object own"),
    "a table may be lost": ("ALTER TABLE visit_types SET UNLOGGED", "unknown unlogged table visit_types"),
    "rows are hidden": ("ALTER TABLE patients ENABLE ROW LEVEL SECURITY", "row security of patients"),
    "the head is behind": ("UPDATE head SET number = number - 1", "the head is write"),
    "the head has another hash": ("UPDATE head SET hash = 'x'", "the head is write"),
    "the journal is cut": (
        "DELETE FROM journal_steps; DELETE FROM journal WHERE number = (SELECT max(number) FROM journal)",
        "the head is write",
    ),
    "a journal row is changed": ("UPDATE journal SET actor = 'eve' WHERE number = 2", "write 2"),
    "an outcome is no JSON": ("UPDATE journal SET outcome = 'x' WHERE number = 2", "journal.outcome of write 2"),
    "a date has no end": ("UPDATE patients SET born = 'infinity' WHERE number = 1", "patients.born of P1"),
    "an instant is too early": (
        "UPDATE patients SET created_at = '0044-03-15 BC' WHERE number = 1",
        "patients.created_at of P1",
    ),
    "a ledger is wrong": (
        "UPDATE doctor_daily_capacities SET booked = 7, remaining = 3",
        "MEHTA on",
    ),
    "a counter is behind": ("UPDATE counters SET value = 1 WHERE name = 'patients'", "patients: highest 2, counter 1"),
    "a setting is unknown": ("INSERT INTO settings VALUES ('Anita', 'Sharma')", "of settings"),
    "a code is given twice": (
        "ALTER TABLE doctors DROP CONSTRAINT uq_doctors_code; UPDATE doctors SET code = 'RAO'",
        "uq_doctors_code in 1 rows",
    ),
    "a CHECK is violated": (
        "ALTER TABLE doctors DROP CONSTRAINT ck_doctors_capacity; UPDATE doctors SET capacity = 0 WHERE code = 'RAO'",
        "ck_doctors_capacity in 1 rows",
    ),
    "a reference leads nowhere": (
        "ALTER TABLE held_slots DROP CONSTRAINT fk_held_slots_appointment; UPDATE held_slots SET appointment = 77",
        "a row of held_slots to appointments",
    ),
    "words are missing": ("DELETE FROM patient_words", "P1"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_check_finds_what_is_wrong_and_names_nobody(clinic: Ask, run: Run, sql: Any, damage: str) -> None:
    clinic("book", "P1", "MEHTA")
    statement, where = DAMAGE[damage]
    sql(statement)
    found = run("db", "check", json=True, status=10)
    assert not found.json["sound"]
    assert any(where in each["where"] for each in found.json["problems"]), found.json["problems"]
    assert not re.search("Anita|Sharma|Mumtaz|98765|91234", found.stdout + found.stderr)


def test_an_index_that_only_makes_reading_faster_is_accepted(clinic: Ask, sql: Any) -> None:
    sql("CREATE INDEX own ON appointments (reason)")
    assert clinic("db", "check")["sound"]


def test_a_repair_computes_again_after_a_copy(
    clinic: Ask, sql: Any, postgres_server: Server, schema: str, database: str
) -> None:
    clinic("book", "P1", "MEHTA")
    sql("UPDATE doctor_daily_capacities SET booked = 7, remaining = 3")
    sql("DELETE FROM held_slots")
    repaired = clinic("db", "check", "--repair")
    assert repaired["left"] == []
    assert clinic("db", "check")["sound"]
    (copy,) = copies(postgres_server, schema)
    assert repaired["copy"] == f"{database.rpartition('?')[0]}?schema={copy}"
    assert postgres_server.psql(f"SELECT booked, remaining FROM {copy}.doctor_daily_capacities") == [(7, 3)]


# Backed up


def test_a_backup_is_a_clinic_file(clinic: Ask, run: Run, refused: Refused, tmp_path: Path) -> None:
    clinic("book", "P1", "MEHTA", "--key", "own")
    file = tmp_path / "backup.db"
    made = clinic("db", "backup", str(file))
    info = clinic("db", "info")
    assert (made["number"], made["head"]) == (info["number"], info["head"])
    assert info["last_backup"]["path"] == str(file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert clinic("db", "check", "--db", str(file))["sound"]
    assert clinic("audit", "verify", "--anchor", made["head"], "--db", str(file))["anchored"]
    assert clinic("day", "--db", str(file)) == clinic("day")
    assert clinic("book", "P1", "MEHTA", "--key", "own", "--db", str(file))["replayed"]
    refused(6, "exists", "db", "backup", str(file))
    refused(2, "usage", "db", "backup", str(tmp_path / "x.db"), "--keep", "2")
    assert {each.name for each in tmp_path.iterdir() if ".part" in each.name} == set()


def test_backups_in_a_folder_have_dates_and_the_oldest_go(clinic: Ask, tmp_path: Path, schema: str) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / f"{schema}-2026-01-01T000000Z.db").write_text("of another program")
    made = []
    for _ in range(3):
        clinic("doctor", "edit", "RAO", "--specialty", str(len(made)))
        made.append(clinic("db", "backup", str(folder), "--keep", "2")["path"])
    assert all(re.fullmatch(rf"{schema}-[-0-9T]+Z(-[0-9])?\.db", Path(each).name) for each in made)
    found = sorted(str(each) for each in folder.iterdir())
    assert found == sorted([*made[1:], str(folder / f"{schema}-2026-01-01T000000Z.db")])


def test_a_backup_beside_writers_is_one_view(clinic: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes to the clinic before each table is read."""
    tables = contents.tables
    clinic("doctor", "edit", "MEHTA", "--capacity", "99")
    clinic("walkin", "P1", "MEHTA")
    before = clinic("db", "info")

    def read(source: Any, *, moved: bool) -> Iterator[contents.Table]:
        for table in tables(source, moved=moved):
            clinic("book", "P2", "MEHTA", "--again")
            yield table

    with monkeypatch.context() as patched:
        patched.setattr(contents, "tables", read)
        made = clinic("db", "backup", str(tmp_path / "backup.db"))
    assert (made["number"], made["head"]) == (before["number"], before["head"])
    assert clinic("db", "info")["number"] > before["number"] + 9
    assert clinic("db", "check", "--db", made["path"])["sound"]


def test_a_damaged_clinic_is_not_backed_up(clinic: Ask, refused: Refused, sql: Any, tmp_path: Path) -> None:
    sql("ALTER TABLE doctors DROP CONSTRAINT ck_doctors_capacity; UPDATE doctors SET capacity = 0")
    refused(10, "damaged_database", "db", "backup", str(tmp_path / "x.db"))
    assert not (tmp_path / "x.db").exists()


# Restored


@pytest.fixture
def backup(clinic: Ask, tmp_path: Path) -> str:
    """A backup with one appointment; the clinic has another one since, and a third patient."""
    clinic("book", "P1", "MEHTA")
    clinic("db", "backup", str(tmp_path / "backup.db"))
    clinic("book", "P2", "MEHTA")
    clinic("patient", "add", "Zoe Quinn", "--phone", "none")
    return str(tmp_path / "backup.db")


def test_a_restore_replaces_the_clinic_and_keeps_the_old_one(
    clinic: Ask, backup: str, sql: Any, schema: str, database: str, postgres_server: Server
) -> None:
    dry = clinic("db", "restore", backup, "--dry-run")
    assert (dry["dry_run"], len(clinic("patient", "list"))) == (True, 3)
    assert copies(postgres_server, schema) == []
    done = clinic("db", "restore", backup, "--yes", "--key", "k")
    assert (done["patients"], done["appointments"], done["replayed"]) == (2, 1, False)
    assert clinic("db", "restore", backup, "--yes", "--key", "k")["replayed"]
    assert (len(clinic("patient", "list")), len(clinic("appointment", "list"))) == (2, 1)
    assert clinic("db", "check")["sound"]
    log = clinic("audit", "log")
    assert (log[-1]["command"], log[-1]["number"]) == ("db restore", done["number"] + 1)
    (copy,) = copies(postgres_server, schema)
    assert re.fullmatch(rf"{schema[:22]}_replaced_[0-9]{{8}}t[0-9]{{6}}z", copy)
    assert done["replaced"] == f"{database.rpartition('?')[0]}?schema={copy}"
    assert len(clinic("patient", "list", "--db", done["replaced"])) == 3
    assert clinic("book", "P2", "RAO")["number"] == "A2"


def test_a_restore_makes_a_clinic_where_there_is_none(
    clinic: Ask, backup: str, sql: Any, schema: str, postgres_server: Server
) -> None:
    for nth, making in enumerate(("", f"CREATE SCHEMA {schema}_1")):
        if making:
            postgres_server.psql(making)
        place = f"{os.environ['CLINICCTL_DB']}_{nth}"
        assert clinic("db", "restore", backup, "--yes", "--db", place)["replaced"] is None
        assert clinic("db", "check", "--db", place)["sound"]


@pytest.mark.parametrize("what", ["page", "foreign", "trigger", "value", "nothing"])
def test_a_bad_file_is_refused_before_anything_changes(
    clinic: Ask, backup: str, run: Run, sql: Any, schema: str, postgres_server: Server, what: str
) -> None:
    if what == "page":
        with open(backup, "rb+") as file:
            file.seek(4096 * 5)
            file.write(b"\0" * 4096)
    elif what == "nothing":
        os.unlink(backup)
    else:
        with closing(sqlite3.connect(backup)) as connection:
            connection.executescript(
                {
                    "foreign": "PRAGMA application_id=7",
                    "trigger": "CREATE TRIGGER t AFTER INSERT ON journal BEGIN DELETE FROM patients; END",
                    "value": "PRAGMA ignore_check_constraints=ON; UPDATE patients SET number = 'P1' WHERE number = 1",
                }[what]
            )
    before = clinic("db", "info")
    run("db", "restore", backup, "--yes", json=True, status=4 if what == "nothing" else 10)
    after = clinic("db", "info")
    assert (before["number"], before["head"], before["tables"]) == (after["number"], after["head"], after["tables"])
    assert copies(postgres_server, schema) == []


def test_a_schema_of_another_program_is_not_replaced(
    clinic: Ask, backup: str, refused: Refused, sql: Any, schema: str, postgres_server: Server
) -> None:
    postgres_server.psql(f"CREATE SCHEMA {schema}_own")
    postgres_server.psql(f"CREATE TABLE {schema}_own.own (number integer)")
    place = f"{os.environ['CLINICCTL_DB']}_own"
    refused(10, "not_a_clinic_database", "db", "restore", backup, "--yes", "--db", place)
    assert postgres_server.psql(f"SELECT * FROM {schema}_own.own") == []


def test_a_damaged_clinic_is_replaced(clinic: Ask, backup: str, run: Run, sql: Any) -> None:
    for damage in ("DELETE FROM head", "DROP TABLE journal CASCADE", "UPDATE settings SET value = 'x'"):
        sql(damage)
        run("book", "P1", "RAO", json=True, status=10)
        clinic("db", "restore", backup, "--yes")
        assert clinic("db", "check")["sound"]


def test_rights_outlive_a_restore(clinic: Ask, backup: str, sql: Any, postgres_server: Server) -> None:
    role = f"own_{os.getpid()}"
    with made_role(postgres_server, role):
        sql(f"GRANT SELECT, INSERT ON patients TO {role}; GRANT UPDATE (number) ON head TO {role} WITH GRANT OPTION")
        sql(f"DO $$ BEGIN EXECUTE 'GRANT USAGE ON SCHEMA ' || current_schema() || ' TO {role}, PUBLIC'; END $$")
        rights = (
            "SELECT c.relname, a.attname, c.relacl::text, a.attacl::text, n.nspacl::text FROM pg_class AS c"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid"
            " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attnum > 0 ORDER BY 1, 2"
        )
        before = sql(rights)
        assert any(role in str(each) for each in before)
        clinic("db", "restore", backup, "--yes")
        assert sql(rights) == before
        clinic("db", "restore", backup, "--yes")
        drop_all(sql, role)


@contextmanager
def restoring(file: str) -> Iterator[None]:
    """Hold a restore just before its commit, and commit it at the end."""
    store = engine.open_store(os.environ["CLINICCTL_DB"], wait=20)
    with desk.database.replacing(store, file=file)(actor=None, key="held") as tx:
        desk.journal.once(
            tx, desk.database.restore, command="db restore", key="held", own_key=True, request={"file": file}
        )
        yield


def test_those_who_wait_for_a_restore_go_on_with_the_restored_clinic(
    clinic: Ask, backup: str, start: Start, finish: Any, sql: Any
) -> None:
    with restoring(backup):
        waiting = [
            start("book", "P2", "RAO", "--json"),
            start("patient", "list", "--json"),
            start("batch", "-", "--json", stdin=subprocess.PIPE),
        ]
        waiting[2].stdin.write("book P2 MEHTA\n")
        waiting[2].stdin.close()
        waiting[2].stdin = None
        blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%head%'"
        wait_for(lambda: sql(blocked) == [(3,)])
    booked, listed, batch = map(finish, waiting)
    assert (booked.status, listed.status, batch.status) == (0, 0, 0), (booked, listed, batch)
    assert len(listed.json) == 2
    assert {booked.json["number"], batch.lines[0]["result"]["number"]} == {"A2", "A3"}
    assert len(clinic("appointment", "list")) == 3
    assert clinic("db", "check")["sound"]


def test_a_reader_keeps_its_view_and_a_restore_waits_for_it(clinic: Ask, backup: str, refused: Refused) -> None:
    store = engine.open_store(os.environ["CLINICCTL_DB"], wait=20)
    with store.read(actor=None) as tx:
        refused(11, "busy", "db", "restore", backup, "--yes", "--wait", "1")
        assert desk.patients.count(tx) == 3
    clinic("db", "restore", backup, "--yes", "--wait", "1")


# Migrated


@pytest.fixture
def older(clinic: Ask, sql: Any, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A clinic of the version before this one, by steps of this test's own."""
    clinic("book", "P1", "MEHTA")
    sql("DROP TABLE holidays; ALTER TABLE visit_types DROP COLUMN minutes")
    sql("UPDATE head SET schema = %s", CURRENT - 1)
    steps: tuple[str | migrations.Each, ...] = (
        "ALTER TABLE visit_types ADD COLUMN minutes BIGINT NOT NULL"
        " CONSTRAINT ck_visit_types_minutes CHECK (minutes BETWEEN 1 AND 480)",
        migrations.Each(
            sqlite="not for this engine",
            postgresql='CREATE TABLE holidays (date DATE NOT NULL, name TEXT COLLATE "C" NOT NULL,'
            " CONSTRAINT pk_holidays PRIMARY KEY (date),"
            " CONSTRAINT ck_holidays_name CHECK (length(name) BETWEEN 1 AND 200))",
        ),
    )
    monkeypatch.setitem(migrations.STEPS, CURRENT, steps)
    monkeypatch.setattr(migrations, "FIRST_ON_SERVER", CURRENT - 1)
    return clinic


def test_a_clinic_is_migrated_in_one_transaction_after_a_copy(
    older: Ask, refused: Refused, sql: Any, schema: str, postgres_server: Server
) -> None:
    refused(10, "needs_migration", "book", "P1", "RAO")
    before = sql("SELECT number, hash FROM head")
    assert older("db", "migrate", "--dry-run")["dry_run"]
    assert (sql("SELECT number, hash, schema FROM head"), copies(postgres_server, schema)) == (
        [(*before[0], CURRENT - 1)],
        [],
    )
    done = older("db", "migrate", "--key", "k")
    assert (done["found"], done["schema"]) == (CURRENT - 1, CURRENT)
    assert older("db", "migrate", "--key", "k")["replayed"]
    assert older("db", "check")["sound"]
    older("book", "P1", "RAO")
    (copy,) = copies(postgres_server, schema)
    assert done["copy"].endswith(f"?schema={copy}")
    assert postgres_server.psql(f"SELECT number, hash, schema FROM {copy}.head") == [(*before[0], CURRENT - 1)]
    again = older("db", "migrate")
    assert (again["found"], again["copy"]) == (CURRENT, None)


def test_a_copy_has_the_schema_and_the_rows_of_the_clinic(
    clinic: Ask, sql: Any, schema: str, postgres_server: Server
) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("undo", "--yes")
    sql("UPDATE doctor_daily_capacities SET last_recall = 9, booked = 5, remaining = 5")
    clinic("db", "check", "--repair")
    (copy,) = copies(postgres_server, schema)
    place = f"{os.environ['CLINICCTL_DB'].rpartition('=')[0]}={copy}"
    clinic("db", "check", "--repair", "--db", place)
    assert clinic("db", "check", "--db", place)["sound"]


def test_a_step_that_fails_or_loses_rows_changes_nothing(
    older: Ask, run: Run, sql: Any, schema: str, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = migrations.STEPS[CURRENT]
    for wrong in (["DELETE FROM queue_entries", "DELETE FROM patient_words"], ["CREATE TABLE own (number bigint)"]):
        monkeypatch.setitem(migrations.STEPS, CURRENT, (*steps, *wrong))
        run("db", "migrate", json=True, status=10)
        assert sql("SELECT schema FROM head") == [(CURRENT - 1,)]
        assert copies(postgres_server, schema) == []


@pytest.mark.parametrize("version", [migrations.FIRST_ON_SERVER - 1, CURRENT + 1])
def test_another_version_is_refused(clinic: Ask, refused: Refused, sql: Any, version: int, tmp_path: Path) -> None:
    sql("UPDATE head SET schema = %s", version)
    code = "newer_database" if version > CURRENT else "needs_migration"
    for line in ("book P1 MEHTA", "day", f"db backup {tmp_path}/x.db", "db check"):
        refused(10, code, *line.split())
    refused(10, "newer_database" if version > CURRENT else "damaged_database", "db", "migrate")
    assert sql("SELECT schema FROM head") == [(version,)]


def test_a_clinic_of_version_6_becomes_like_a_new_one(clinic: Ask, sql: Any) -> None:
    clinic("book", "P1", "MEHTA")
    sql(
        "DROP TABLE messages, users; ALTER TABLE patients DROP COLUMN notify, DROP COLUMN language;"
        "UPDATE head SET schema = 6"
    )
    assert clinic("db", "migrate")["found"] == 6
    assert clinic("db", "check")["sound"]
    clinic("config", "notify", "on")
    # Before the clinic opens, the visit of today still has a reminder.
    before = clinic("outbox", "list")
    assert {each["kind"] for each in before} <= {"reminder"}
    clinic("book", "P2", "MEHTA", "+3d")
    assert len(clinic("outbox", "list")) == len(before) + 3


def test_every_step_has_a_statement_for_both_engines() -> None:
    for version in range(migrations.FIRST_ON_SERVER + 1, CURRENT + 1):
        assert all(migrations.statements(version, engine) for engine in ("sqlite", "postgresql"))
    assert migration.CURRENT == CURRENT


# What a server does by itself


def test_compaction_is_refused_with_the_reason(clinic: Ask, refused: Refused) -> None:
    assert "autovacuum" in refused(2, "usage", "db", "compact")["message"]


def test_an_erasure_says_what_may_still_have_the_data(
    clinic: Ask, run: Run, sql: Any, schema: str, postgres_server: Server
) -> None:
    sql("UPDATE counters SET value = 1 WHERE name = 'patients'")
    clinic("db", "check", "--repair")
    (copy,) = copies(postgres_server, schema)
    answer = run("patient", "erase", "P1", "--yes", json=True, status=0)
    assert answer.json["overwritten"] is None
    assert "log, standbys and backups" in answer.stderr
    assert copy in answer.stderr
    assert sql("SELECT name, phone FROM patients WHERE number = 1") == [("erased", None)]
    vacuumed = "SELECT vacuum_count > 0 FROM pg_stat_user_tables WHERE schemaname = current_schema() AND relname = %s"
    wait_for(lambda: sql(vacuumed, "patients") == [(True,)])


# Who may do what


@contextmanager
def made_role(server: Server, name: str) -> Iterator[None]:
    server.psql(f"CREATE ROLE {name} LOGIN")
    try:
        yield
    finally:
        server.psql(f"DROP OWNED BY {name}")
        server.psql(f"DROP ROLE {name}")


def drop_all(sql: Any, role: str) -> None:
    sql(f"DROP OWNED BY {role}")
