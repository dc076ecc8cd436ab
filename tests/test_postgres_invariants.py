"""A violation of an invariant is found on a server as in a file, and told in the same words."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.postgresql import check
from clinicctl.store.postgresql import invariants as on_server
from clinicctl.store.postgresql.session import Session
from clinicctl.store.sqlite import invariants as in_file
from tests import postgres
from tests.beside_server import Rows, connected, load, rows_in_file
from tests.conftest import Prefill

Ask = Callable[..., Any]
Found = set[tuple[str, str]]

TYPES = {
    "uuid": "uuid",
    "instant": "timestamptz",
    "date": "date",
    "time": "time",
    "bool": "boolean",
    "int": "bigint",
    "text": 'text COLLATE "C"',
}
UNNAMED = "every counter is known"
"""A row of this one has no name that may be told: each engine counts the rows in its own way."""


def bare(table: str, types: dict[str, str]) -> str:
    """Return the statement that makes a table without constraints."""
    columns = ", ".join(f'"{name}" {types[form]}' for name, form in COLUMNS[table].items())
    return f'CREATE TABLE "{table}" ({columns})'


@pytest.fixture(scope="module")
def server(postgres_server: postgres.Server) -> Iterator[Session]:
    """Tables without constraints on a server."""
    with connected(postgres_server.url(schema=f"invariants_{secrets.token_hex(8)}")) as session:
        session.script(
            [*(f'DROP TABLE "{each}" CASCADE' for each in COLUMNS), *(bare(each, TYPES) for each in COLUMNS)]
        )
        yield session


@pytest.fixture
def file() -> Iterator[sqlite3.Connection]:
    """Tables without constraints in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for each in COLUMNS:
            connection.execute(bare(each, dict.fromkeys(TYPES, "") | {"int": "INTEGER", "bool": "INTEGER"}))
        yield connection


def fill(file: sqlite3.Connection, rows: Rows) -> None:
    for table, each in rows.items():
        file.execute(f'DELETE FROM "{table}"')
        file.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(COLUMNS[table]))})', each)


def rows_of(path: str) -> Rows:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return rows_in_file(connection)


def violations_in_file(file: sqlite3.Connection) -> Found:
    return told({each.name: file.execute(each.query).fetchall() for each in in_file.INVARIANTS})


def violations_on_server(server: Session) -> Found:
    found = server.run_all([(each.query, None) for each in on_server.INVARIANTS])
    return told({each.name: rows.fetchall() for each, rows in zip(on_server.INVARIANTS, found, strict=True)})


def told(found: dict[str, list[tuple[Any, ...]]]) -> Found:
    return {(name, "" if name == UNNAMED else str(row[0])) for name, rows in found.items() for row in rows}


LINES = """
config notify on
book P1 MEHTA
book P2 MEHTA
book P1 RAO +1d
book P2 RAO +1d
appointment cancel A3
appointment move A4 +2d
checkin A1
queue call MEHTA
queue start MEHTA
walkin P2 RAO
walkin P1 RAO
queue transfer RAO 1 --to MEHTA
undo
queue transfer RAO 1 --to MEHTA
queue left RAO 2
undo
queue call MEHTA 3
doctor avail set MEHTA +3d --capacity 4
doctor avail weekly RAO sun --capacity 4
waitlist add P1 RAO +1d
waitlist add P1 RAO +3d..+4d
waitlist add P2 RAO +3d
patient add 'Anita Sharma' --phone '90000 00003' --new
patient add 'Ravi Gupta' --phone none
book P3 MEHTA +1d
patient merge P3 --into P1 --yes
undo
book P3 RAO +1d
patient merge P3 --into P1 --yes
patient edit P2 --phone '90000 00004' --phone '90000 00005'
book P4 RAO +5d --every 1w --times 3
"""


@pytest.fixture
def day(clinic: Ask, run: Ask, prefill: Prefill) -> Rows:
    """The rows of a day with moves, merges, transfers, a series, a waitlist, and what was undone of them."""

    def fill() -> None:
        answers = run("batch", "-", stdin=LINES)
        assert answers.status == 0, [each for each in answers.lines if each["exit_code"]]

    prefill("invariants", fill)
    return rows_of(os.environ["CLINICCTL_DB"])


PLANTED = {
    "a patient's phone is the first of their phones": (
        "UPDATE patients SET phone = '+911' WHERE number = 1",
        "UPDATE patients SET phone = NULL WHERE number = 1",
        "DELETE FROM patient_phones WHERE position = 1",
        "UPDATE patient_phones SET ending = substr(ending, 2)",
        "UPDATE patients SET phone = '+' || substr('12345678901234567890123456789012345', 1, 31)",
    ),
    "each slot is given once and is at least 1": (
        "UPDATE appointments SET slot = 1",
        "UPDATE appointments SET slot = 0 WHERE number = 1",
    ),
    "an appointment holds its slots, and a cancelled one holds none": (
        "DELETE FROM held_slots WHERE appointment = 1",
        "UPDATE held_slots SET slot = slot + 1",
        "UPDATE held_slots SET appointment = 3 WHERE appointment = 1",
        "UPDATE held_slots SET date = '2020-02-29'",
        "UPDATE appointments SET slots = 3",
        "UPDATE appointments SET status = 'cancelled'",
    ),
    "a message names its occasion": (
        "UPDATE messages SET occasion = occasion + 1000 WHERE kind = 'booked'",
        "UPDATE messages SET occasion = 0 WHERE occasion = 120",
        "UPDATE messages SET kind = 'near' WHERE occasion = 120",
    ),
    "each day with appointments has a ledger": (
        "DELETE FROM doctor_daily_capacities",
        "UPDATE appointments SET date = '2020-02-29'",
    ),
    "the booked count of a day is the number of its held slots": (
        "UPDATE doctor_daily_capacities SET booked = booked + 1",
        "UPDATE appointments SET slots = 2 WHERE number IN (1, 5)",
    ),
    "the remaining slots of a day are its capacity minus the booked": (
        "UPDATE doctor_daily_capacities SET remaining = remaining + 1",
        "UPDATE doctor_daily_capacities SET capacity = 0",
    ),
    "no position is above the last one given": (
        "UPDATE doctor_daily_capacities SET last_position = 0",
        "UPDATE doctor_daily_capacities SET last_position = last_position - 1",
        "DELETE FROM doctor_daily_capacities",
        "DELETE FROM doctor_daily_capacities; DELETE FROM journal_steps",
        "DELETE FROM doctor_daily_capacities; DELETE FROM queue_entries",
        "DELETE FROM doctor_daily_capacities; DELETE FROM queue_entries; DELETE FROM journal_steps",
    ),
    "each position is given once and is at least 1": (
        "UPDATE queue_entries SET position = 1",
        "UPDATE queue_entries SET position = 0 WHERE status = 'serving'",
    ),
    "the status of a queue entry fits its appointment": (
        "UPDATE queue_entries SET status = 'done'",
        "UPDATE queue_entries SET status = 'held'",
        "UPDATE appointments SET status = 'no_show'",
    ),
    "a queue entry has the doctor and the date of its appointment, unless it was transferred": (
        "UPDATE queue_entries SET date = '2020-02-29'",
        "UPDATE queue_entries SET doctor_id = (SELECT id FROM doctors WHERE code = 'RAO')",
        "UPDATE journal_steps SET before = '{}'",
    ),
    "a patient has at most one open entry in a doctor's queue of a day": (
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 1)",
        "UPDATE queue_entries SET doctor_id = (SELECT id FROM doctors WHERE code = 'RAO'), status = 'waiting';"
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 2)",
    ),
    "archived patients and doctors have nothing open": (
        "UPDATE patients SET archived_at = updated_at WHERE number = 2",
        "UPDATE doctors SET archived_at = updated_at WHERE code = 'MEHTA'",
        "UPDATE doctors SET archived_at = updated_at WHERE code = 'RAO'; DELETE FROM appointments",
    ),
    "an arrived patient has a queue entry": (
        "DELETE FROM queue_entries",
        "UPDATE appointments SET status = 'completed' WHERE number = 2",
    ),
    "an appointment matches its last step in the journal": (
        "UPDATE appointments SET slot = 99",
        "UPDATE appointments SET status = 'no_show' WHERE number = 2",
        "DELETE FROM journal_steps",
        "UPDATE journal_steps SET position = NULL",
        "UPDATE queue_entries SET position = position + 5",
    ),
    "an appointment has the patient, the doctor and the date of its journal rows": (
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 4)",
        "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 3) WHERE number = 8",
        "UPDATE appointments SET doctor_id = (SELECT id FROM doctors WHERE code = 'RAO')",
        "UPDATE appointments SET date = '2020-02-29' WHERE number = 4",
        "UPDATE patients SET merged_into = NULL",
        "UPDATE patients SET merged_into = (SELECT id FROM patients WHERE number = 2) WHERE number = 3",
    ),
    "a move links a cancelled appointment to another one, both ways": (
        "UPDATE appointments SET moved_to = NULL",
        "UPDATE appointments SET moved_from = 1 WHERE moved_from IS NOT NULL",
        "UPDATE appointments SET moved_to = number WHERE moved_to IS NOT NULL",
        "UPDATE appointments SET moved_to = 1000 WHERE number = 3",
        "UPDATE appointments SET status = 'no_show' WHERE moved_to IS NOT NULL",
    ),
    "an appointment of a series leads to the first of it": (
        "UPDATE appointments SET series = 1000 WHERE number = 11",
        "UPDATE appointments SET series = NULL WHERE number = series",
        "UPDATE appointments SET series = 11 WHERE number = 12",
    ),
    "a waitlist entry has days, from its first date to its last": (
        "DELETE FROM waitlist_days",
        "UPDATE waitlist_entries SET first_date = '2020-02-29'",
        "UPDATE waitlist_entries SET last_date = '2099-02-28'",
    ),
    "a patient is on the waitlist once for a doctor and a day": (
        "UPDATE waitlist_entries SET patient_id = (SELECT id FROM patients WHERE number = 2)",
        "UPDATE waitlist_days SET date = '2099-02-28'",
    ),
    "every given number is on file": (
        "DELETE FROM patients WHERE number = 4",
        "UPDATE counters SET value = value + 1",
        "DELETE FROM waitlist_entries",
    ),
    "no number is above its counter": (
        "UPDATE counters SET value = 0",
        "DELETE FROM counters",
        "DELETE FROM counters WHERE name = 'waitlist'; DELETE FROM waitlist_entries",
    ),
    UNNAMED: ("INSERT INTO counters VALUES ('Anita', 5)", "UPDATE counters SET name = 'Patients'"),
    "the clinic has a time zone": ("DELETE FROM settings WHERE name = 'timezone'",),
    "the clinic has a secret for its digests": (
        "UPDATE settings SET value = 'x' WHERE name = 'secret'",
        "UPDATE settings SET value = upper(value) WHERE name = 'secret'",
        "UPDATE settings SET value = substr(value, 2) WHERE name = 'secret'",
        "UPDATE settings SET value = value || '0' WHERE name = 'secret'",
        "DELETE FROM settings WHERE name = 'secret'",
    ),
}


def test_every_invariant_is_broken_by_a_statement_here() -> None:
    assert PLANTED.keys() == {each.name for each in in_file.INVARIANTS}
    ours, theirs = ([(each.name, each.derived) for each in of.INVARIANTS] for of in (in_file, on_server))
    assert ours == theirs


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_violation_is_found_on_both_engines(
    name: str, day: Rows, file: sqlite3.Connection, server: Session
) -> None:
    for statements in PLANTED[name]:
        fill(file, day)
        file.executescript(statements)
        load(server, rows_in_file(file))
        found = violations_in_file(file)
        assert name in {broken for broken, _ in found}, statements
        assert violations_on_server(server) == found, statements


def test_values_that_change_places_are_found_alike_on_both_engines(
    day: Rows, file: sqlite3.Connection, server: Session
) -> None:
    """Rows that get a value of another row, or none: nobody has thought of what comes of it."""
    random = Random(secrets.randbelow(2**32))
    found = set[str]()
    for _ in range(60):
        fill(file, day)
        done = [change(random, day) for _ in range(random.randrange(1, 4))]
        for statement, values in done:
            file.execute(statement, values)
        load(server, rows_in_file(file))
        broken = violations_in_file(file)
        found |= {name for name, _ in broken}
        assert violations_on_server(server) == broken, done
    assert len(found) > 3


def change(random: Random, rows: Rows) -> tuple[str, tuple[Any, ...]]:
    """Return a statement that gives a row a value of another row: of the same column, or of one of the same form."""
    table = random.choice([name for name, each in rows.items() if each])
    column, form = random.choice(list(COLUMNS[table].items()))
    sources = [
        (other, list(columns).index(name))
        for other, columns in COLUMNS.items()
        for name, kind in columns.items()
        # The texts of the journal are JSON, which is checked before.
        if rows[other]
        and kind == form
        and ((other, name) == (table, column) or not any(each.startswith("journal") for each in (table, other)))
    ]
    other, place = random.choice(sources)
    key = next(iter(COLUMNS[table]))
    value, old = random.choice(rows[other])[place], random.choice(rows[table])[0]
    return f'UPDATE "{table}" SET "{column}" = ? WHERE "{key}" = ?', (value, old)


def test_a_clinic_that_nobody_has_harmed_breaks_no_invariant(
    day: Rows, run: Ask, tmp_path: Path, file: sqlite3.Connection, server: Session
) -> None:
    made = [str(tmp_path / f"{name}.db") for name in ("empty", "demo")]
    assert run("init", "--db", made[0], "--timezone", "UTC", "--region", "IN").status == 0
    assert run("demo", "--db", made[1]).status == 0
    for rows in (day, *map(rows_of, made)):
        fill(file, rows)
        load(server, rows)
        assert violations_in_file(file) == violations_on_server(server) == set()


def test_the_last_position_given_is_the_same_on_both_engines(
    day: Rows, file: sqlite3.Connection, server: Session
) -> None:
    """Of the queue, of what an undo took back, and of transfers."""
    for statements in ("", "DELETE FROM queue_entries", "DELETE FROM journal_steps", "DELETE FROM journal"):
        fill(file, day)
        file.executescript(statements)
        load(server, rows_in_file(file))
        ours = file.execute(in_file.LAST_GIVEN).fetchall()
        assert ours
        assert sorted(server.run(on_server.LAST_GIVEN, None).fetchall()) == sorted(ours)


NO_ID = '{"patient":{"id":"nobody"},"doctor":{"id":"' + "-" * 36 + '"},"date":"never","number":"A1"}'
UNREADABLE = (
    "",
    "{oops",
    '{"patient":{',
    "[" * 20_000,
    "[" * 3_000 + "]" * 3_000,
    '["\\u0000"]',
    '["\\ud800"]',
    "[1e200000]",
)
"""Texts of which the server refuses some that SQLite reads. None of them says where a patient was."""


def found_by_check(server: Session) -> Found:
    server.script(["SAVEPOINT looking"])
    found = {(each.invariant, each.where) for each in check.broken_invariants(server)}
    # The cursors of queries that were not read to their ends are closed, too.
    server.roll_back_to("looking")
    return found


@pytest.mark.parametrize("text", [*UNREADABLE, NO_ID, "{}", "[1, 2]", "5"], ids=lambda text: text[:12] + text[-3:])
@pytest.mark.parametrize("most", [check.MOST, 1])
def test_a_write_that_cannot_be_read_hides_no_violation(
    text: str, most: int, day: Rows, file: sqlite3.Connection, server: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, and whether it is the outcome that is damaged or a step."""
    monkeypatch.setattr(check, "MOST", most)
    for damage in (
        "UPDATE journal SET outcome = ? WHERE command = 'queue transfer'",
        "UPDATE journal SET outcome = ? WHERE number = (SELECT max(number) FROM journal)",
        "UPDATE journal_steps SET before = ? WHERE queue_from = 'left' AND queue_to = 'waiting'",
    ):
        fill(file, day)
        file.execute(damage, (text,))
        file.execute("UPDATE doctor_daily_capacities SET last_position = 0")
        load(server, rows_in_file(file))
        found = found_by_check(server)
        if most == 1:
            assert {name for name, _ in found} == {name for name, _ in violations_in_file(file)}
        else:
            assert found == violations_in_file(file)
        assert all("cannot be read" not in where for _, where in found)


def test_a_journal_without_a_readable_write_is_looked_through_soon(
    day: Rows, file: sqlite3.Connection, server: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search for what cannot be read ends after some."""
    asked, run = list[str](), Session.run

    def counted(session: Session, sql: str, values: Any = ()) -> Any:
        asked.append(sql)
        return run(session, sql, values)

    fill(file, day)
    file.execute("UPDATE journal SET outcome = 'oops'")
    load(server, rows_in_file(file))
    monkeypatch.setattr(check, "MOST", 3)
    monkeypatch.setattr(Session, "run", counted)
    assert found_by_check(server) == violations_in_file(file) == set()
    ((writes,),) = file.execute("SELECT count(*) FROM journal")
    assert writes > 20
    assert sum("jsonb" in each for each in asked) < writes


def test_the_last_position_given_leaves_out_what_cannot_be_read(
    day: Rows, file: sqlite3.Connection, server: Session
) -> None:
    fill(file, day)
    file.execute("UPDATE journal SET outcome = '{oops' WHERE command = 'queue transfer'")
    file.execute("UPDATE journal_steps SET before = '{oops' WHERE queue_from = 'left'")
    load(server, rows_in_file(file))
    given = check.last_given(server)
    assert {(doctor.hex, str(on), last) for doctor, days in given.items() for on, last in days.items()} == {
        *file.execute(in_file.LAST_GIVEN)
    }
