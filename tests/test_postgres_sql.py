"""The SQL for PostgreSQL: accepted by the server, of the right types, and giving what the SQL of a file gives."""

import json
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from psycopg import postgres as types
from psycopg import pq
from sqlmodel import SQLModel

from clinicctl import statuses
from clinicctl.store.compile_sql import result_of
from clinicctl.store.compiled.postgresql import STATEMENTS
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.tx import translated
from clinicctl.store.queries import Gives
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


def test_no_query_compares_with_like() -> None:
    """SQLite takes no notice of the case of ASCII letters there, and PostgreSQL does."""
    pattern = re.compile(r"\b(LIKE|ILIKE|GLOB|REGEXP|SIMILAR)\b")
    assert [name for name, sql in queries.statements() if pattern.search(sql)] == []


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


# In databases that order texts by bytes, by the C library and by ICU

NAMES = (
    *("Anita Sharma", "anita sharma-Rao", "ANITA Šimková", "Ångström Åsa", "Zoë Quinn", "Zoe Quinn", "zola émile"),
    *("de la Cruz Ana", "Delacruz Ana", "O'Brien Áine", "Obrien Aine", "Özdemir Işıl", "Çelik İpek", "Straße Groß"),
    *("Иванова Анна", "Ёлкина Яна", "Παπαδόπουλος Ζωή", "محمد علي", "דוד כהן", "अनीता शर्मा", "अनिता राव", "মুমতাজ"),
    *("สมชาย ใจดี", "王小明", "김민지", "山田 太郎", "やまだ たろう", "ヤマダ タロウ", "Nguyễn Thị Ánh", "Łukasz Żak"),
)
WORDS = (
    "anita",
    "an",
    "zo",
    "z",
    "o",
    "de",
    "delacruz",
    "ос",
    "ан",
    "я",
    "α",
    "ζω",
    "محمد",
    "דוד",
    "अ",
    "ম",
    "ส",
    "王",
)
CODES = ("ZED", "A-B", "AB", "A.C", "A_A", "AA1", "A1", "1A", "B", "A")


def listed(ask: Ask, database: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Fill a clinic, and return what it finds by texts and lists in their order."""
    monkeypatch.setenv("CLINICCTL_DB", database)
    ask("init", "--timezone", "Asia/Kolkata", "--region", "IN")
    for code in CODES:
        ask("doctor", "add", code, f"Dr. {code}")
    for name in NAMES:
        ask("patient", "add", name, "--phone", "none", "--new")
    ask("patient", "edit", "P1", "--note", "tall")
    for number, code in enumerate(CODES[:5], 1):
        ask("walkin", f"P{number}", code, "--key", f"key {number}")
    found = {f"find {word}": numbers(ask("patient", "find", word)) for word in WORDS}
    for part in ("patient", "patient add", "walkin", "p", "q"):
        found[f"log of {part}"] = numbers(ask("audit", "log", "--command", part))
    found["log of P1"] = numbers(ask("audit", "log", "--patient", "P1"))
    for words in (["doctor", "list"], ["patient", "list"], ["free"], ["day"], ["queue", "show"], ["status"]):
        found[" ".join(words)] = re.findall(r'"(?:code|doctor|number)": ("[^"]*"|\d+)', str(json.dumps(ask(*words))))
    return found


def numbers(found: list[dict[str, Any]]) -> list[Any]:
    return [each["number"] for each in found]


def test_texts_are_found_and_ordered_alike_by_every_collation(
    ask: Ask, ordering_server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_file = listed(ask, str(tmp_path / "clinic.db"), monkeypatch)
    on_server = listed(ask, ordering_server.url(schema=f"clinic_{secrets.token_hex(4)}"), monkeypatch)
    assert on_server == in_file
    assert in_file["find anita"][:2] == ["P1", "P2"]
    assert (len(in_file["log of patient"]), len(in_file["log of P1"])) == (len(NAMES) + 1, 3)
    assert in_file["doctor list"] == [f'"{code}"' for code in sorted(CODES)]


def test_tables_without_a_collation_of_their_own_would_be_noticed(
    ask: Ask, ordering_server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Session.script

    def without_collations(session: Session, statements: Iterable[str], **options: Any) -> Any:
        return script(session, [each.replace('COLLATE "C"', "") for each in statements], **options)

    monkeypatch.setattr(Session, "script", without_collations)
    [(by_bytes,)] = ordering_server.psql("SELECT 'Z' < 'a'")
    in_file = listed(ask, str(tmp_path / "clinic.db"), monkeypatch)
    on_server = listed(ask, ordering_server.url(schema=f"clinic_{secrets.token_hex(4)}"), monkeypatch)
    assert (on_server == in_file) is by_bytes
