"""A clinic on a server of the tests' own: its tables, its lock, and faults of the server that a trigger raises."""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests import daemons, postgres
from tests.postgres import OwnServer
from tests.proxy import Proxy

PERSONAL = "Anita Sharma +919876543210"
"""What a server may put into its messages, and no message of ours may have."""

_FAULT = """
CREATE SEQUENCE fault_tries;
CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('fault_tries') <= {times} THEN
        RAISE {level} USING ERRCODE = '{state}', MESSAGE = '{personal}', DETAIL = 'Key (phone)=({personal})';
    END IF;
    RETURN NEW;
END $$;
CREATE {when} ON journal {deferred} FOR EACH ROW EXECUTE FUNCTION fault();
"""
_MENDED = "DROP FUNCTION fault CASCADE; DROP SEQUENCE fault_tries"


@dataclass
class Served:
    """A clinic on a server, which is there after `init`."""

    server: OwnServer
    schema: str

    def url(self, **parameters: str | int) -> str:
        """Return what `--db` takes."""
        return self.server.url(schema=self.schema, **parameters)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement, or several without values, on the clinic's tables."""
        with self.server.connect(options=f"-csearch_path={self.schema}") as connection:
            done = connection.execute(statement, values or None)  # type: ignore[call-overload]
            return done.fetchall() if done.description else []

    def count(self, table: str, condition: str = "true", *values: object) -> int:
        [(count,)] = self.rows(f"SELECT count(*) FROM {table} WHERE {condition}", *values)
        return int(count)

    def has(self, key: str) -> bool:
        """Return whether the write with a key is in the journal."""
        return bool(self.count("journal", "key = %s", key))

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writers' lock, as a desk does that writes."""
        connection = self.server.connect(options=f"-csearch_path={self.schema}")
        try:
            connection.execute("SELECT number FROM head FOR UPDATE")
            yield
        finally:
            connection.close()

    def waiting(self) -> int:
        """Return how many sessions wait for a lock."""
        [(count,)] = self.server.psql("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return int(count)

    def backend(self, event: str) -> int | None:
        """Return the process of the server that waits for something, such as SyncRep."""
        found = self.server.psql("SELECT pid FROM pg_stat_activity WHERE wait_event = %s", event)
        return int(found[0][0]) if found else None

    @contextmanager
    def fault(
        self, state: str, *, times: int = 1_000_000, at_commit: bool = False, level: str = "EXCEPTION"
    ) -> Iterator[None]:
        """Let the server raise an error when a write is journaled, or when it is committed."""
        statement = _FAULT.format(
            times=times,
            level=level,
            state=state,
            personal=PERSONAL,
            when="CONSTRAINT TRIGGER fault AFTER INSERT" if at_commit else "TRIGGER fault BEFORE INSERT",
            deferred="DEFERRABLE INITIALLY DEFERRED" if at_commit else "",
        )
        self.rows(statement)
        try:
            yield
        finally:
            self.rows(_MENDED)


def wait_for(what: Callable[[], object]) -> None:
    """Wait until something is there."""
    until = time.monotonic() + daemons.PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def bursts(proxy: Proxy) -> list[str]:
    """Return the statements of each burst of the last connection; the first burst opens it."""
    return ["; ".join(each.statement for each in burst if each.statement) for burst in proxy.links[-1].bursts]


@pytest.fixture(scope="session")
def own_server() -> Iterator[OwnServer]:
    """A server that keeps what it has answered; a test may stop it, and then starts it again."""
    with postgres.made() as server:
        yield server


@pytest.fixture
def served(own_server: OwnServer, ask: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Served:
    """A clinic in Kolkata on that server, with two patients and two doctors; `CLINICCTL_DB` names it."""
    clinic = Served(own_server, f"clinic_{secrets.token_hex(8)}")
    monkeypatch.setenv("CLINICCTL_DB", clinic.url())
    ask("init", "--timezone", "Asia/Kolkata", "--region", "IN")
    ask("patient", "add", "Anita Sharma", "--phone", "98765 43210", "--born", "1980-02-01")
    ask("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789")
    ask("doctor", "add", "MEHTA", "Dr. Asha Mehta")
    ask("doctor", "add", "RAO", "Dr. Vikram Rao", "--capacity", "3")
    return clinic


@pytest.fixture
def proxy(served: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before that server; `CLINICCTL_DB` leads through it."""
    with Proxy(served.server) as proxy:
        monkeypatch.setenv("CLINICCTL_DB", proxy.url(schema=served.schema))
        yield proxy
