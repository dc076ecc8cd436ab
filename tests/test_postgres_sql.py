"""The SQL for PostgreSQL: accepted by the server, of the right types, and giving what the SQL of a file gives."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from psycopg import postgres as types
from psycopg import pq
from sqlmodel import SQLModel

from clinicctl import statuses
from clinicctl.store.compile_sql import result_of
from clinicctl.store.compiled import schema
from clinicctl.store.compiled.postgresql import STATEMENTS
from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.tx import translated
from clinicctl.store.queries import Gives
from clinicctl.store.values import from_instant
from tests import postgres, queries
from tests.beside_server import BesideServer, connected
from tests.test_queries import Live, do, typed
from tests.test_queries import live as live
from tests.test_queries import moment as moment

Ask = Callable[..., Any]
Run = Callable[..., Any]


# The statements


@pytest.fixture(scope="module", params=[postgres.of_the_wheel, postgres.of_the_system], ids=["wheel", "system"])
def tables(request: pytest.FixtureRequest) -> Iterator[Session]:
    """The tables of a clinic on each version of PostgreSQL that is installed."""
    programs = request.param()
    if programs is None:
        pytest.skip("needs the package postgresql")
    with postgres.made(programs, **postgres.QUICK) as server, connected(server.url(schema="clinic")) as session:
        yield session


def numbered(sql: str) -> str:
    """Return a statement with the placeholders of the server."""
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", sql)


def prepare(session: Session, sql: str) -> pq.abc.PGresult:
    """Prepare a statement as the program sends it: without the types of its parameters."""
    connection = session.connection.pgconn
    session.script(["SAVEPOINT preparing"])
    done = connection.prepare(b"", numbered(sql).encode())
    if done.status != pq.ExecStatus.COMMAND_OK:
        session.roll_back_to("preparing")
        raise AssertionError(done.error_message.decode())
    return connection.describe_prepared(b"")


def test_the_server_prepares_every_statement(tables: Session) -> None:
    """Those of the other engine that differ are never sent, so that each of them is one of a query."""
    assert STATEMENTS.keys() <= {queries.text(name) for name, _ in queries.queries()}
    refused = dict[str, str]()
    for name, sql in queries.statements(translated):
        try:
            prepare(tables, sql)
        except AssertionError as error:
            refused[name] = str(error)
    assert refused == {}


def test_a_statement_of_the_other_engine_would_not_be_prepared(tables: Session) -> None:
    sql = queries.text("appointments.AMONG")
    prepare(tables, translated(sql))
    with pytest.raises(AssertionError, match="uuid = json"):
        prepare(tables, sql.replace("?", "%s"))


KINDS = {
    "UUID": {"uuid"},
    "str": {"text", "varchar"},
    "int": {"int4", "int8"},
    "bool": {"bool"},
    "Date": {"date"},
    "Time": {"time"},
    "datetime": {"timestamptz"},
    **{name: {"text"} for name in vars(statuses)},
}
"""The server's types of the values that are read as each type of Python."""


def test_every_column_of_a_result_has_the_type_that_it_is_read_as(tables: Session) -> None:
    """No column is a numeric, for example, which psycopg would give as a Decimal."""
    known, wrong = dict(queries.queries()), list[str]()
    for name, sql in queries.statements(translated):
        query = known[name.partition(" ")[0]]
        if query.gives in (Gives.CHANGE, Gives.CHANGE_EACH):
            continue
        described = prepare(tables, sql)
        found = [types.types[described.ftype(nth)].name for nth in range(described.nfields)]
        shape = result_of(query.statement)
        assert len(found) == len(shape)
        wrong += [
            f"{name}: {field.name} is {type_}"
            for field, type_ in zip(shape, found, strict=True)
            if field.kind.name != "Any" and type_ not in KINDS[field.kind.name]
        ]
    assert wrong == []


# What the engines would order or compare in different ways

_ORDERS = re.compile(r"ORDER BY ((?:[^()]|\([^()]*\))*?)(?=\s(?:LIMIT|OFFSET)\b|\)|$)")
_ALIAS = re.compile(r"\b(\w+) AS (\w+)")
_OUTER = re.compile(r"LEFT OUTER JOIN (\w+)(?: AS (\w+))?")


def without_the_place_of_nulls(sql: str) -> Iterator[str]:
    """Yield what a statement is ordered by that may be NULL, which each engine puts at another end."""
    text = " ".join(sql.replace('"', "").split())
    names = {alias: name for name, alias in _ALIAS.findall(text)}
    outer = {alias or name for name, alias in _OUTER.findall(text)}
    for terms in _ORDERS.findall(text):
        for term in re.split(r",\s*(?![^()]*\))", terms):
            for table, column in re.findall(r"(\w+)\.(\w+)", term):
                model = SQLModel.metadata.tables[names.get(table, table)]
                may_be_null = model.columns[column].nullable or table in outer
                if may_be_null and " NULLS " not in term and f"{table}.{column} IS NOT NULL" not in text:
                    yield term


def test_no_query_is_ordered_by_what_may_be_null_without_a_place_for_it() -> None:
    found = {name: list(without_the_place_of_nulls(sql)) for name, sql in queries.statements()}
    assert {name: terms for name, terms in found.items() if terms} == {}


@pytest.mark.parametrize(
    ("sql", "terms"),
    [
        ("SELECT 1 FROM queue_entries ORDER BY queue_entries.position, queue_entries.started_at DESC LIMIT 1", 1),
        ("SELECT (SELECT q.id FROM queue_entries AS q ORDER BY q.started_at) FROM patients ORDER BY patients.id", 1),
        ("SELECT 1 FROM queue_entries ORDER BY min(queue_entries.ended_at), queue_entries.id", 1),
        ("SELECT 1 FROM a LEFT OUTER JOIN queue_entries ON true ORDER BY queue_entries.position", 1),
        ("SELECT 1 FROM queue_entries ORDER BY queue_entries.started_at NULLS FIRST, queue_entries.id", 0),
        ("SELECT 1 FROM patients WHERE patients.born IS NOT NULL ORDER BY patients.born, patients.born_year", 1),
    ],
)
def test_an_order_that_leaves_the_place_of_nulls_open_would_be_seen(sql: str, terms: int) -> None:
    assert len(list(without_the_place_of_nulls(sql))) == terms


def test_no_query_compares_letters_or_divides_as_its_engine_likes() -> None:
    """SQLite's LIKE knows no case, its lower case has only letters of ASCII, and each engine divides in its own way."""
    own = re.compile(r"\b(LIKE|ILIKE|GLOB|REGEXP|SIMILAR|lower|upper|COLLATE)\b|[/%]", re.IGNORECASE)
    texts = [sql for in_dialect in (str, on_server) for _, sql in queries.statements(in_dialect)]
    assert [each for each in texts if own.search(re.sub("'[^']*'", "", each))] == []


def on_server(sql: str) -> str:
    """Return a compiled statement for the server, with the placeholders of the compiler."""
    return STATEMENTS.get(sql, sql)


_REFERENCES = ("fk_queue_entries_appointment_id", "fk_queue_entries_doctor_id")


@pytest.mark.parametrize("query", ["queue.LAST_LENGTHS", "queue.LAST_LENGTHS_OF_DOCTORS"])
def test_the_length_of_a_consultation_is_the_same_second_on_both_engines(query: str, tables: Session) -> None:
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
    tables.script(["SAVEPOINT filled", *(f"ALTER TABLE queue_entries DROP CONSTRAINT {each}" for each in _REFERENCES)])
    tables.copy_in("COPY queue_entries FROM STDIN", rows)
    found = tables.run(translated(queries.text(query)), values).fetchall()
    tables.script(["ROLLBACK TO filled"])
    with closing(sqlite3.connect(":memory:")) as file:
        for each in schema.DDL:
            file.execute(each)
        file.executemany(f"INSERT INTO queue_entries VALUES ({', '.join('?' * len(rows[0]))})", rows)
        in_file = file.execute(queries.text(query), values).fetchall()
    assert len(in_file) == len(spans)
    assert sorted(found) == sorted(in_file)
    lengths = sorted(seconds for *_, seconds in in_file)
    assert all(abs(length - span / 1_000_000) < 1 for length, span in zip(lengths, sorted(spans), strict=True))


# Beside a file


def test_every_query_gives_and_leaves_what_it_does_in_a_file(postgres_clinic: str, live: Live) -> None:
    """Values, their types and their order, and the whole table after each change."""
    with connected(postgres_clinic) as session:
        beside = BesideServer(session)
        with beside.compared():
            live()
    assert not beside.differences, "\n\n".join(beside.differences)
    assert {name for name, _ in queries.queries()} - beside.met == set(), "the day has to be longer"


MUTANTS = {
    "a limit of -1 that is none only in a file": ("patients.ON_FILE", "NULLIF(?, -1)", "?", "refused by"),
    "an instant without its zone": (
        *("doctors.ON_STAFF", "doctors.created_at", "doctors.created_at AT TIME ZONE 'Asia/Kolkata'"),
        "refused by",
    ),
    "an instant of another zone": (
        *("doctors.ON_STAFF", "doctors.created_at", "doctors.created_at + interval '05:30' AS created_at"),
        "rows",
    ),
    "a truth value turned round": (
        *("days.SETTINGS", "doctor_daily_availabilities.present,", "NOT doctor_daily_availabilities.present,"),
        "rows",
    ),
    "a span without its last day": (
        *("days.SETTINGS", "BETWEEN ? AND ?", "BETWEEN ? AND CAST(? AS DATE) - 1"),
        "rows",
    ),
    "a number that psycopg gives as a Decimal": (
        *("doctors.ON_STAFF", "doctors.capacity", "CAST(doctors.capacity AS NUMERIC) AS capacity"),
        "rows",
    ),
    "another order": ("doctors.ON_STAFF", "ORDER BY doctors.code", "ORDER BY doctors.code DESC", "rows"),
    "an instant written to the second": (
        *("doctors.UPDATE", "updated_at=?", "updated_at=date_trunc('second', CAST(? AS TIMESTAMPTZ))"),
        "left in doctors",
    ),
    "a change of more rows": ("doctors.UPDATE", "doctors.id = ?", "doctors.id IN (?, doctors.id)", "number of rows"),
    "a change that is against a rule": ("doctors.UPDATE", "capacity=?", "capacity=0 * CAST(? AS BIGINT)", "refused by"),
}
LINES = """
doctor avail show MEHTA
patient list
doctor list
doctor edit MEHTA --capacity 8
patient find anita
"""


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_translation_is_noticed(
    mutant: str, clinic: Ask, run: Run, postgres_clinic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("doctor", "avail", "set", "MEHTA", "+6d", "--capacity", "4")
    with connected(postgres_clinic) as session:
        beside = BesideServer(session)
        with beside.compared():
            do(run, typed(LINES))
        assert beside.differences == []
        name, right, wrong, what = MUTANTS[mutant]
        sql = queries.text(name)
        text = STATEMENTS.get(sql, sql)
        assert right in text
        with monkeypatch.context() as patch:
            patch.setitem(STATEMENTS, sql, text.replace(right, wrong))
            translated.cache_clear()
            with beside.compared():
                do(run, typed(LINES))
    translated.cache_clear()
    assert any(each.startswith(f"{name}: {what}") for each in beside.differences), beside.differences
