"""Every statement as a server gets it: accepted, and with results of the types that the queries declare."""

import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from sqlalchemy import Boolean, Date, Integer, String, Time, Uuid
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import AutoString, SQLModel, UTCDateTime

from clinicctl.store.compiled import schema
from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.models import Word
from clinicctl.store.postgresql.driver import pq
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.tx import translated
from clinicctl.store.queries import AsStored, Gives
from clinicctl.store.values import from_instant
from tests import postgres, queries
from tests.beside_server import connected

TYPES = {
    Uuid: {"uuid"},
    UTCDateTime: {"timestamptz"},
    Date: {"date"},
    Time: {"time"},
    Boolean: {"bool"},
    Integer: {"int8", "int4"},
    String: {"text"},
    AutoString: {"text"},
    Word: {"text"},
}
"""The types that a server may give for those of SQLAlchemy. A sum or a mean would be `numeric`, a Decimal in Python."""
REFERENCES = ("fk_queue_entries_appointment_id", "fk_queue_entries_doctor_id")
TYPES |= {AsStored: set().union(*TYPES.values())}


@pytest.fixture(scope="module")
def session(postgres_server: postgres.Server) -> Iterator[Session]:
    with connected(postgres_server.url(schema=f"statements_{secrets.token_hex(8)}")) as session:
        yield session


def sent(sql: str) -> str:
    """Return a compiled statement as psycopg sends it."""
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", translated(sql))


def statements() -> Iterator[tuple[str, str]]:
    """Every statement that can be sent, with the conditions of filtered ones. See `queries.statements`."""
    known = dict(queries.queries())
    for name, _ in queries.statements():
        query, *conditions = name.split()
        noun = query.partition(".")[0]
        where = " AND ".join(f"({translated(queries.text(f'{noun}.{each}'))})" for each in conditions) or "true"
        text = translated(queries.text(query))
        yield name, text.format(conditions=where) if known[query].gives is Gives.FILTERED else text


def described(session: Session, sql: str) -> list[str]:
    """Prepare a statement, and return the types of its columns."""
    connection = session.connection.pgconn
    prepared = connection.prepare(b"", sent(sql).encode())
    if prepared.status != pq.ExecStatus.COMMAND_OK:
        raise AssertionError(prepared.get_error_message())
    found = connection.describe_prepared(b"")
    types = session.connection.adapters.types
    return [getattr(types.get(found.ftype(at)), "name", "unknown") for at in range(found.nfields)]


@pytest.mark.parametrize(("name", "sql"), [pytest.param(*each, id=each[0]) for each in statements()])
def test_a_server_takes_every_statement_and_gives_the_types_it_declares(name: str, sql: str, session: Session) -> None:
    statement = dict(queries.queries())[name.split()[0]].statement
    columns = statement.exported_columns if isinstance(statement, UpdateBase) else statement.selected_columns
    found = described(session, sql)
    assert len(found) == len(columns)
    wrong = {
        str(each): type_ for each, type_ in zip(columns, found, strict=True) if type_ not in TYPES[type(each.type)]
    }
    assert wrong == {}


def test_a_statement_that_a_server_does_not_have_would_not_be_taken(session: Session) -> None:
    session.script(["SAVEPOINT refused"])
    with pytest.raises(AssertionError, match=r"column doctors\.room does not exist"):
        described(session, "SELECT doctors.room FROM doctors WHERE doctors.id = ?")
    session.script(["ROLLBACK TO refused"])
    assert described(session, "SELECT sum(appointments.slots) FROM appointments") == ["numeric"]


def test_the_postgresql_of_the_system_takes_every_statement() -> None:
    """It is of another version than that of the other tests."""
    programs = postgres.of_the_system()
    if programs is None:
        pytest.skip("needs the package postgresql")
    with postgres.made(programs, **postgres.QUICK) as server, connected(server.url(schema="statements")) as session:
        for _, sql in statements():
            described(session, sql)


# What the engines do in ways of their own


def in_order(sql: str) -> Iterator[str]:
    """The terms by which a statement and its parts are ordered."""
    for found in re.finditer(r"\bORDER BY ", sql):
        depth, term = 0, ""
        for each in re.split(r"([(),]|\bLIMIT\b)", sql[found.end() :]):
            depth += (each == "(") - (each == ")")
            if depth < 0 or each == "LIMIT":
                break
            if each == "," and not depth:
                yield term.strip()
                term = ""
            else:
                term += each
        yield term.strip()


NULLABLE = {
    f"{table.name}.{column.name}"
    for table in SQLModel.metadata.sorted_tables
    for column in table.columns
    if column.nullable
}


def orders_missing_values(sql: str) -> list[str]:
    """Return the terms that may be NULL, for which the engines have places of their own."""
    tables = {alias: table for table, alias in re.findall(r"\b(\w+) AS (\w+)", sql)}
    optional = set(re.findall(r"LEFT OUTER JOIN (?:\w+ AS )?(\w+)", sql))
    found = list[str]()
    for term in in_order(sql):
        columns = re.findall(r"\b(\w+)\.(\w+)", term)
        may_be_null = [
            f"{table}.{column}"
            for table, column in columns
            if (f"{tables.get(table, table)}.{column}" in NULLABLE or table in optional)
            and f"{table}.{column} IS NOT NULL" not in sql
        ]
        if may_be_null and not term.endswith(("NULLS FIRST", "NULLS LAST")):
            found.append(term)
    return found


@pytest.mark.parametrize(
    ("sql", "terms"),
    [
        ("SELECT * FROM patients ORDER BY patients.number, patients.born DESC", ["patients.born DESC"]),
        ("SELECT * FROM patients ORDER BY patients.born NULLS FIRST LIMIT 1", []),
        ("SELECT (SELECT max(p.born) FROM patients AS p ORDER BY max(p.born), 1)", ["max(p.born)"]),
        ("SELECT 1 FROM doctors LEFT OUTER JOIN patients AS p ON true ORDER BY p.number", ["p.number"]),
        ("SELECT 1 FROM patients WHERE patients.born IS NOT NULL ORDER BY patients.born", []),
    ],
)
def test_an_order_by_what_may_be_missing_would_be_seen(sql: str, terms: list[str]) -> None:
    assert orders_missing_values(sql) == terms


def test_no_statement_orders_missing_values_as_its_engine_likes() -> None:
    texts = {name: (sql, sent(queries.text(name.split()[0]))) for name, sql in queries.statements()}
    assert any(list(in_order(sql)) for sql, _ in texts.values())
    found = {name: orders_missing_values(each) for name, both in texts.items() for each in both}
    assert {name: terms for name, terms in found.items() if terms} == {}


def test_no_statement_compares_letters_or_divides_as_its_engine_likes() -> None:
    """SQLite's LIKE knows no case, its lower case has only letters of ASCII, and each engine divides in its own way."""
    own = re.compile(r"\b(LIKE|ILIKE|GLOB|SIMILAR|lower|upper|COLLATE)\b|[/%]", re.IGNORECASE)
    texts = [each for name, sql in queries.statements() for each in (sql, sent(queries.text(name.split()[0])))]
    assert {each for each in texts if own.search(re.sub("'[^']*'", "", each))} == set()


@pytest.mark.parametrize("query", ["queue.LAST_LENGTHS", "queue.LAST_LENGTHS_OF_DOCTORS"])
def test_the_length_of_a_consultation_is_the_same_second_on_both_engines(query: str, session: Session) -> None:
    random = Random(query)
    doctor, on, start = "d" * 32, "2026-01-31", datetime(2026, 1, 31, 8, tzinfo=UTC)
    spans = [0, 1, 499_999, 500_000, 500_001, 999_999, 59_999_999, *(random.randrange(10**10) for _ in range(500))]
    rows = list[tuple[Any, ...]]()
    for position, span in enumerate(spans, start=1):
        begun = start + timedelta(microseconds=random.randrange(10**10))
        ended = begun + timedelta(microseconds=span)
        texts = [from_instant(each) for each in (start, begun, ended)]
        known = {"id": f"{position:032x}", "appointment_id": f"{position:032x}", "doctor_id": doctor, "date": on}
        known |= {"position": position, "status": "done", "priority": 0, "recalled": 0, "moved_up": 0}
        known |= dict(zip(("checked_in_at", "started_at", "ended_at"), texts, strict=True)) | {"called_at": texts[0]}
        rows.append(tuple(known[each] for each in COLUMNS["queue_entries"]))
    values = (doctor, on, on, 1000, 0) if query == "queue.LAST_LENGTHS" else (f'["{doctor}"]', on, on, 1000, 0)
    session.script(["SAVEPOINT filled", *(f"ALTER TABLE queue_entries DROP CONSTRAINT {each}" for each in REFERENCES)])
    session.copy_in("COPY queue_entries FROM STDIN", rows)
    on_server = session.run(translated(queries.text(query)), values).fetchall()
    session.script(["ROLLBACK TO filled"])
    with closing(sqlite3.connect(":memory:")) as file:
        for each in schema.DDL:
            file.execute(each)
        file.executemany(f"INSERT INTO queue_entries VALUES ({', '.join('?' * len(rows[0]))})", rows)
        in_file = file.execute(queries.text(query), values).fetchall()
    assert len(in_file) == len(spans)
    assert sorted(on_server) == sorted(in_file)
    lengths = sorted(seconds for *_, seconds in in_file)
    assert all(abs(found - span / 1_000_000) < 1 for found, span in zip(lengths, sorted(spans), strict=True))
