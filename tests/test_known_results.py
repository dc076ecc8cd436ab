"""What a transaction on a server has read: known until it may have changed, and never longer."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinicctl.store.compiled import counters, doctors, patients, rows
from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.engine import Tx, open_group, open_store
from clinicctl.store.postgresql.beginning import WRITE
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import ServerTransactions
from tests.postgres import Server
from tests.proxy import Proxy
from tests.queries import statements

pytestmark = pytest.mark.file  # The server is its own, whatever the engine of the run.

Run = Callable[..., Any]


@pytest.fixture
def place(run: Run, postgres_clinic: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a clinic with a patient and a doctor."""
    monkeypatch.setenv("CLINICCTL_DB", postgres_clinic)
    lines = (
        "init --region IN --timezone UTC",
        "patient add 'Anita Sharma' --phone none",
        "doctor add MEHTA 'Dr. Mehta'",
    )
    run("batch", "-", stdin="\n".join(lines), status=0)
    return postgres_clinic


@pytest.fixture
def tx(place: str) -> Iterator[Tx]:
    with open_store(place, wait=5).write(actor="test", key="key", dry_run=True) as tx:
        yield tx


def last(tx: Tx) -> int | None:
    return counters.last(tx, kind="patients")


def archived(tx: Tx) -> bool:
    row = patients.by_number(tx, number=1)
    assert row
    return row.archived_at is not None


def archive(tx: Tx) -> int:
    return patients.update(tx, **{**_columns(tx), "archived_at": tx.now})


def _columns(tx: Tx) -> dict[str, Any]:
    row = patients.by_number(tx, number=1)
    assert row
    columns = row._asdict()
    return {name: columns[name] for name in columns if name not in ("number", "created_at")}


# What is asked for is known after a change, as it is then.


def test_an_update_changes_what_is_known(tx: Tx) -> None:
    tx.prefetch(archived_queries := lambda tx: patients.by_number(tx, number=1))
    assert not archived(tx)
    archive(tx)
    assert archived(tx)
    tx.prefetch(archived_queries)
    assert archived(tx)


def test_an_update_that_returns_changes_what_is_known(tx: Tx) -> None:
    tx.prefetch(last)
    assert last(tx) == 1
    assert counters.next(tx, kind="patients", step=1) == 2
    assert last(tx) == 2


def test_a_query_asked_for_before_a_change_is_sent_behind_it(tx: Tx) -> None:
    tx.prefetch(last)
    assert counters.next(tx, kind="patients", step=1) == 2
    assert last(tx) == 2
    tx.prefetch(lambda tx: patients.by_number(tx, number=1))
    assert archive(tx) == 1
    assert archived(tx)


def test_a_query_asked_for_before_several_changes_is_sent_behind_them(tx: Tx) -> None:
    columns = _columns(tx)
    tx.prefetch(lambda tx: patients.by_number(tx, number=1))
    named = [{**columns, "name": name} for name in ("First", "Second")]
    assert tx.together(*(lambda tx, each=each: patients.update(tx, **each) for each in named)) == [1, 1]
    row = patients.by_number(tx, number=1)
    assert row
    assert row.name == "Second"


def words(tx: Tx) -> int | None:
    return patients.count_word(tx, word="new", limit=2_000)


@pytest.mark.parametrize("count", [1, 600])
def test_rows_that_are_inserted_are_known(tx: Tx, count: int) -> None:
    row = patients.by_number(tx, number=1)
    assert row
    tx.prefetch(words)
    assert words(tx) == 0
    people = [row._replace(id=UUID(int=nth + 1), number=nth + 2) for nth in range(count)]
    patients.insert(tx, people)
    patients.insert_words(tx, [rows.PatientWordRow("new", each.id) for each in people])
    assert words(tx) == count


def test_rows_that_are_read_from_their_own_table_are_known_afterwards(tx: Tx) -> None:
    row = patients.by_number(tx, number=1)
    assert row

    def made() -> Iterator[rows.PatientWordRow]:
        assert words(tx) == 0
        yield rows.PatientWordRow("new", row.id)

    patients.insert_words(tx, made())
    assert words(tx) == 1


def test_rows_that_are_deleted_are_not_known(tx: Tx) -> None:
    assert patients.count_word(tx, word="anita", limit=10) == 1
    row = patients.by_number(tx, number=1)
    assert row
    patients.delete_words(tx, patient=row.id)
    assert patients.count_word(tx, word="anita", limit=10) == 0


@pytest.mark.parametrize("is_sent", [True, False])
def test_what_a_savepoint_takes_back_is_not_known(tx: Tx, is_sent: bool) -> None:
    row = patients.by_number(tx, number=1)
    assert row
    with suppress(ZeroDivisionError), tx.savepoint("attempt"):
        patients.insert_words(tx, [rows.PatientWordRow("new", row.id)])
        if is_sent:
            assert words(tx) == 1
        raise ZeroDivisionError
    assert words(tx) == 0


def test_what_another_desk_has_changed_between_two_groups_is_seen(place: str) -> None:
    one, other = open_group(place, wait=5), open_group(place, wait=5)
    try:
        for store in (one, other):
            with store.write(actor="test", key="") as tx:
                assert not archived(tx)
            store.commit_group()
        with other.write(actor="test", key="") as tx:
            archive(tx)
        other.commit_group()
        with one.write(actor="test", key="") as tx:
            assert archived(tx)
        with one.read(actor="test") as tx:
            assert archived(tx)
    finally:
        one.close()
        other.close()


def test_a_hint_that_is_wrong_costs_no_round_trip(place: str, postgres_server: Server) -> None:
    schema = place.partition("schema=")[2]
    with Proxy(postgres_server, rtt=0.04) as proxy:
        store = open_store(proxy.url(schema=schema), wait=5)
        with store.write(actor="test", key="key", ahead=lambda tx: patients.by_number(tx, number=99)) as tx:
            tx.prefetch(lambda tx: patients.by_number(tx, number=98), doctors.on_staff)
            assert last(tx) == 1
            tx.prefetch(lambda tx: patients.by_number(tx, number=97))
        (link,) = proxy.links
        assert link.trips == 3


def test_an_error_of_a_query_asked_for_first_is_no_error_of_the_command(place: str) -> None:
    def missing(tx: Tx) -> None:
        tx.fetch_all("SELECT new_column FROM patients", (), list)

    with open_store(place, wait=5).write(actor="test", key="key", ahead=missing) as tx:
        assert last(tx) == 1


def test_a_change_cannot_be_run_ahead(tx: Tx) -> None:
    with pytest.raises(AssertionError, match="cannot be run ahead"):
        tx.prefetch(lambda tx: counters.next(tx, kind="patients", step=1))


# Statements


def test_every_statement_is_known_as_a_query_or_a_change_of_one_table() -> None:
    tables = {found[1] for each in DDL if (found := re.match(r"\s*CREATE TABLE (\w+)", each))}
    wrong = []
    for name, sql in statements():
        reads = re.match(r"\s*(SELECT|WITH)\b", sql)
        changed = re.findall(r"(?:INSERT INTO|(?<!DO )UPDATE|DELETE FROM)\s+(\S+)", sql)
        if (reads and changed) or not (reads or (len(changed) == 1 and changed[0] in tables)):
            wrong.append((name, sql))
    assert wrong == []
    assert len(tables) > 20


# Any sequence of steps: what is known is what a model of the tables has.

QUERIES: dict[str, Callable[[dict[str, list[int]]], list[tuple[int, ...]]]] = {
    "SELECT n FROM day ORDER BY n": lambda have: [(n,) for n in sorted(have["day"])],
    "SELECT n FROM day_notes ORDER BY n": lambda have: [(n,) for n in sorted(have["day_notes"])],
    "SELECT n FROM day WHERE n NOT IN (SELECT n FROM day_notes) ORDER BY n": lambda have: [
        (n,) for n in sorted(have["day"]) if n not in have["day_notes"]
    ],
    'SELECT count(*) FROM (SELECT 1 FROM "day") AS one, (SELECT 1 FROM day_notes) AS other': lambda have: [
        (len(have["day"]) * len(have["day_notes"]),)
    ],
    "WITH found AS (SELECT max(n) AS n FROM day_notes) SELECT coalesce(n, 0) FROM found": lambda have: [
        (max(have["day_notes"], default=0),)
    ],
    "SELECT 1": lambda _: [(1,)],
}
TABLES = ("day", "day_notes")
NAMES = ("command", "attempt")
"""The savepoints, the outer one first. None is within another one of its name."""

query = st.sampled_from(list(QUERIES))
table = st.sampled_from(TABLES)
step = st.one_of(
    st.tuples(st.sampled_from(["read", "hint", "stream"]), query),
    st.tuples(st.sampled_from(["insert", "insert many", "update", "update returning", "delete"]), table),
    st.tuples(st.just("together"), table),
    st.tuples(st.sampled_from(["save", "release", "release later", "roll back"]), st.sampled_from(NAMES)),
)


class Desk:
    """A session, and a model of what it should find."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.have: dict[str, list[int]] = {each: [] for each in TABLES}
        self.saved: list[dict[str, list[int]]] = []
        self.next = 0

    def take(self, what: str, name: str) -> None:
        getattr(self, what.replace(" ", "_"))(name)

    def read(self, query: str) -> None:
        assert self.session.read(query, ()) == QUERIES[query](self.have), query

    def stream(self, query: str) -> None:
        assert list(self.session.stream(query, ())) == QUERIES[query](self.have), query

    def hint(self, query: str) -> None:
        self.session.prefetch([(query, ())])

    def insert(self, table: str) -> None:
        self.next += 1
        self.session.change(f"INSERT INTO {table} (n) VALUES (%s)", (self.next,))
        self.have[table].append(self.next)

    def insert_many(self, table: str) -> None:
        numbers = range(self.next + 1, self.next + 4)
        self.next += 3
        self.session.run_many(f"INSERT INTO {table} (n) VALUES (%s)", [(n,) for n in numbers])
        self.have[table] += numbers

    def update(self, table: str) -> None:
        assert self.session.change(f"UPDATE {table} SET n = n + %s", (1000,)) == len(self.have[table])
        self.have[table] = [n + 1000 for n in self.have[table]]

    def update_returning(self, table: str) -> None:
        self.have[table] = [n + 1000 for n in self.have[table]]
        found = self.session.read(f"UPDATE {table} SET n = n + %s RETURNING n", (1000,))
        assert sorted(found) == [(n,) for n in sorted(self.have[table])]

    def delete(self, table: str) -> None:
        assert self.session.change(f"DELETE FROM {table}", ()) == len(self.have[table])
        self.have[table] = []

    def together(self, table: str) -> None:
        other = TABLES[table == TABLES[0]]
        found = self.session.change_all((f"UPDATE {table} SET n = n + 1000", ()), (f"DELETE FROM {other}", ()))
        assert found == [len(self.have[table]), len(self.have[other])]
        self.have = {table: [n + 1000 for n in self.have[table]], other: []}

    def save(self, _: str) -> None:
        for name in NAMES[len(self.saved) :][:1]:
            self.session.later(f"SAVEPOINT {name}", None)
            self.saved.append(deepcopy(self.have))

    def release(self, name: str) -> None:
        if self._leave(name):
            self.session.run(f"RELEASE {name}", None)

    def release_later(self, name: str) -> None:
        if self._leave(name):
            self.session.later(f"RELEASE {name}", None)

    def roll_back(self, name: str) -> None:
        for found in self._leave(name)[:1]:
            self.session.roll_back_to(name)
            self.have = found

    def _leave(self, name: str) -> list[dict[str, list[int]]]:
        """Leave a savepoint and those within it; return the tables as they were at each."""
        left = self.saved[NAMES.index(name) :]
        del self.saved[NAMES.index(name) :]
        return left


@contextmanager
def desk(url: str) -> Iterator[Desk]:
    store = open_store(url, wait=5)
    assert isinstance(store, ServerTransactions)
    with store.session() as session:
        session.run_all(store.beginning(WRITE))
        yield Desk(session)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, max_size=25))
def test_any_sequence_of_steps_finds_what_is_there(
    postgres_server: Server, postgres_clinic: str, steps: list[tuple[str, str]]
) -> None:
    schema = postgres_clinic.partition("schema=")[2]
    postgres_server.psql(
        f"CREATE SCHEMA IF NOT EXISTS {schema}; CREATE TABLE IF NOT EXISTS {schema}.day (n integer);"
        f"CREATE TABLE IF NOT EXISTS {schema}.day_notes (n integer)"
    )
    with desk(postgres_clinic) as model:
        for what, name in steps:
            model.take(what, name)
        for each in QUERIES:
            model.read(each)
