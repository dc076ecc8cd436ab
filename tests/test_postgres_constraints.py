"""The tables on a server refuse the same rows as those in a file, by the same constraints, and no others."""

import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Table
from sqlmodel import SQLModel

from clinicctl.store.compiled import postgresql, schema
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.session import Session
from tests import postgres
from tests.beside_server import connected, constraint_of, load, rows_in_file
from tests.test_properties import BROKEN, DAY, LEDGER, WEEKLY
from tests.test_properties import empty as empty
from tests.test_properties import furnished as furnished

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

MORE_ROWS = (
    "INSERT INTO holidays VALUES ('2026-12-25', 'Christmas'), ('2026-12-26', 'Boxing Day')",
    "INSERT INTO visit_types VALUES ('new', 20), ('follow-up', 10)",
    "INSERT INTO users SELECT code, 'desk', NULL, NULL, 0, NULL, created_at, updated_at FROM doctors",
    "INSERT INTO distinct_patients SELECT a.id, b.id FROM patients AS a JOIN patients AS b ON a.id < b.id",
    "INSERT INTO messages SELECT number, 'near', 0, created_at, 'pending', 0, NULL, NULL, NULL, created_at, updated_at"
    " FROM appointments",
    "INSERT INTO journal_days VALUES (1, '{}'), (2, '{}')",
    "INSERT INTO journal_merges VALUES (1, '{}'), (2, '{}')",
    f"INSERT INTO {WEEKLY} SELECT doctor_id, 5, present, capacity, sessions, every FROM {WEEKLY}",
)
"""What the furnished clinic lacks: two rows in every table."""

NOT_NULL, REFERENCE, TYPE = "not null", "a reference", "a type"
"""What refuses a row without the name of a constraint. SQLite does not tell which reference it is."""


class Engines:
    """A clinic in a file and on a server, with the same rows. What is tried on them is taken back."""

    def __init__(self, file: sqlite3.Connection, server: Session) -> None:
        self.file = file
        self.server = server

    def refused(self, statement: str) -> tuple[str | None, str | None]:
        """Return which constraint refuses a statement, in a file and on a server."""
        return self._refused_in_file(statement), self._refused_on_server(statement)

    def _refused_in_file(self, statement: str) -> str | None:
        self.file.execute("BEGIN")
        try:
            self.file.execute(statement)
        except sqlite3.IntegrityError as error:
            # A number that is SQLite's own number of the row can only be a number.
            if re.search("NOT NULL|datatype mismatch", str(error)):
                return NOT_NULL
            return REFERENCE if "FOREIGN KEY" in str(error) else constraint_of(error)
        finally:
            self.file.execute("ROLLBACK")
        return None

    def _refused_on_server(self, statement: str) -> str | None:
        self.server.script(["SAVEPOINT tried"])
        try:
            self.server.script([statement])
        except psycopg.Error as error:
            refused = error
            return {"23502": NOT_NULL, "42804": TYPE}.get(refused.sqlstate or "") or constraint_of(refused)
        finally:
            self.server.script(["ROLLBACK TO tried"])
        return None


@pytest.fixture(scope="module")
def engines(furnished: Path, postgres_server: postgres.Server) -> Iterator[Engines]:
    with (
        closing(sqlite3.connect(furnished, isolation_level=None)) as file,
        connected(postgres_server.url(schema=f"constraints_{secrets.token_hex(8)}")) as server,
    ):
        file.execute("PRAGMA foreign_keys = ON")
        for each in MORE_ROWS:
            file.execute(each)
        load(server, rows_in_file(file))
        yield Engines(file, server)


TABLES = SQLModel.metadata.sorted_tables
BOOLEANS = {f"{table.name}.{each.name}" for table in TABLES for each in table.columns if isinstance(each.type, Boolean)}


@pytest.mark.parametrize(("constraint", "statement"), BROKEN)
def test_a_server_refuses_by_the_same_constraint_as_a_file(constraint: str, statement: str, engines: Engines) -> None:
    in_file, on_server = engines.refused(statement)
    # A truth value has no other values on a server.
    assert on_server == (TYPE if is_of_boolean(constraint) else constraint)
    assert in_file == (REFERENCE if constraint.startswith("fk_") else constraint)


def is_of_boolean(constraint: str) -> bool:
    table, condition = schema.CHECKS.get(constraint, ("", ""))
    return f"{table}.{condition.partition(' ')[0]}" in BOOLEANS and condition.endswith("IN (0, 1)")


ALLOWED = (
    f"UPDATE patients SET name = '{'x' * 200}'",
    f"UPDATE patients SET name = '{'🙂' * 200}'",
    "UPDATE patients SET phone = NULL, born = NULL, born_year = 1980, born_month = 12",
    "UPDATE doctors SET code = 'É-é' WHERE code = 'MEHTA'",
    "UPDATE doctors SET capacity = 500",
    f"UPDATE {DAY} SET capacity = 0, sessions = '', every = NULL",
    f"UPDATE {DAY} SET sessions = '09:00-13:00', every = 480",
    f"UPDATE {LEDGER} SET booked = 1000, remaining = 0",
    "UPDATE appointments SET slots = 500, visit = 7 WHERE number = 1",
    "UPDATE appointments SET minutes = 1440, time = '09:00:00.000000' WHERE number = 1",
    # A cancelled appointment is no visit of its patient.
    "UPDATE appointments SET (doctor_id, date, visit)"
    " = (SELECT doctor_id, date, visit FROM appointments WHERE number = 1) WHERE number = 4",
    # An entry that does not wait any more is not in the way of one that does.
    "UPDATE waitlist_entries SET status = 'removed',"
    " patient_id = (SELECT patient_id FROM waitlist_entries WHERE number = 1) WHERE number = 2",
    "UPDATE queue_entries SET priority = 9",
    f"UPDATE journal SET key = '{'x' * 255}', undoes = NULL WHERE key = 'b'",
    "UPDATE patients SET email = NULL, note = NULL, sex = 'other'",
)


@pytest.mark.parametrize("statement", ALLOWED, ids=range(len(ALLOWED)))
def test_what_a_file_accepts_a_server_accepts(statement: str, engines: Engines) -> None:
    assert engines.refused(statement) == (None, None)


def columns() -> Iterator[tuple[Table, Column[Any]]]:
    return ((table, each) for table in TABLES for each in table.columns)


@pytest.mark.parametrize(("table", "column"), [pytest.param(*each, id=f"{each[1]}") for each in columns()])
def test_a_server_refuses_a_missing_value_as_a_file_does(table: Table, column: Column[Any], engines: Engines) -> None:
    in_file, on_server = engines.refused(f'UPDATE "{table.name}" SET "{column.name}" = NULL')
    assert in_file == on_server
    assert (in_file == NOT_NULL) == (not column.nullable)


@pytest.mark.parametrize("table", TABLES, ids=str)
def test_the_primary_key_of_a_row_is_unique_on_both_engines(table: Table, engines: Engines) -> None:
    key = ", ".join(each.name for each in table.primary_key)
    statement = f'UPDATE "{table.name}" SET ({key}) = (SELECT {key} FROM "{table.name}" LIMIT 1)'
    if table.name == "patient_phones":
        # The place of a phone in a patient's list is unique, too.
        statement = "INSERT INTO patient_phones SELECT ending, patient_id, position + 100 FROM patient_phones"
    assert engines.refused(statement) == (f"pk_{table.name}", f"pk_{table.name}")


def test_no_row_that_is_referred_to_can_be_deleted_on_a_server(engines: Engines) -> None:
    references = {str(each.name) for table in TABLES for each in table.foreign_key_constraints}
    kept = engines.server.run(
        "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype = 'r' AND NOT condeferrable"
        " AND connamespace = current_schema()::regnamespace"
    ).fetchall()
    assert {name for (name,) in kept} == references
    for table in ("patients", "doctors", "appointments", "journal"):
        in_file, on_server = engines.refused(f"DELETE FROM {table}")
        assert in_file == REFERENCE
        assert on_server in references


def indexes(statements: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the indexes of a schema: whether each is unique, its table, columns and condition, by its name."""
    pattern = re.compile(r"CREATE (UNIQUE )?INDEX (\w+) ON (\w+) \(([^)]*)\)(?: WHERE (.*))?")
    return {found[2]: found.groups() for each in statements if (found := pattern.fullmatch(each))}


def test_every_index_has_the_same_columns_and_condition_on_both_engines(engines: Engines) -> None:
    """SQLAlchemy drops the condition of an index that is only said for another engine."""
    of_file = indexes(schema.DDL)
    partial = {name for name, (*_, condition) in of_file.items() if condition}
    assert {"uq_appointments_visit", "uq_waitlist_entries_waiting"} < partial
    assert indexes(postgresql.DDL) == of_file
    found = engines.server.run(
        "SELECT c.relname FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid"
        " WHERE c.relnamespace = current_schema()::regnamespace AND x.indpred IS NOT NULL"
    ).fetchall()
    assert {name for (name,) in found} == partial


def test_a_condition_that_is_dropped_would_be_seen() -> None:
    dropped = [each.partition(" WHERE ")[0] for each in postgresql.DDL]
    assert indexes(dropped) != indexes(schema.DDL)


def test_every_column_of_a_server_has_its_type_and_texts_their_bytes_order(engines: Engines) -> None:
    types = {
        "uuid": ("uuid", None),
        "instant": ("timestamptz", None),
        "date": ("date", None),
        "time": ("time", None),
        "bool": ("bool", None),
        "int": ("int8", None),
        "text": ("text", "C"),
    }
    found = engines.server.run(
        "SELECT c.relname, a.attname, t.typname, o.collname FROM pg_attribute AS a"
        " JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_type AS t ON t.oid = a.atttypid"
        " LEFT JOIN pg_collation AS o ON o.oid = a.attcollation"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 ORDER BY a.attnum"
    ).fetchall()
    expected = [(table, name, *types[form]) for table, each in schema.COLUMNS.items() for name, form in each.items()]
    assert sorted(each for each in found if each[0] != "head") == sorted(expected)


def test_a_slot_of_a_cancelled_booking_is_given_again_on_a_server(
    postgres_clinic: str, ask: Ask, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINICCTL_DB", postgres_clinic)
    ask("init", "--timezone", "UTC", "--region", "IN")
    ask("doctor", "add", "MEHTA", "Dr. Mehta", "--capacity", "1")
    for name in ("Anita", "Mumtaz"):
        ask("patient", "add", name, "--phone", "none")
    assert ask("book", "P1", "MEHTA", "+1d")["slot"] == 1
    refused(6, "capacity_full", "book", "P2", "MEHTA", "+1d")
    ask("appointment", "cancel", "A1")
    assert ask("book", "P2", "MEHTA", "+1d")["slot"] == 1
    ask("appointment", "cancel", "A2")
    # The same visit of the same patient, and the same wish, once more.
    assert ask("book", "P1", "MEHTA", "+1d")["slot"] == 1
    ask("waitlist", "add", "P2", "MEHTA", "+1d")
    ask("waitlist", "remove", "W1")
    assert ask("waitlist", "add", "P2", "MEHTA", "+1d")["number"] == "W2"
