"""Every statement as a server gets it: accepted, and with results of the types that the queries declare."""

import re
import secrets
from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import Boolean, Date, Integer, String, Time, Uuid
from sqlalchemy.sql.dml import UpdateBase
from sqlmodel import AutoString, UTCDateTime

from clinicctl.store.models import Word
from clinicctl.store.postgresql.driver import pq
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.tx import translated
from clinicctl.store.queries import AsStored, Gives
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
