"""The tests' own PostgreSQL: there for every process, gone afterwards, killed, followed, cut off, stalled, counted."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests import daemons, pgbouncer, postgres
from tests.postgres import OwnServer, Server
from tests.postgres_fixtures import NAMED
from tests.proxy import NEXT, Point, Proxy

COMMIT = "COMMIT"
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """A server that the tests of this module may kill, with a table for each."""
    with postgres.made() as server:
        yield server


@pytest.fixture
def table(server: OwnServer) -> Iterator[Callable[[], list[int]]]:
    """A table of numbers; the value returns those that are committed."""
    server.psql("CREATE TABLE given (number integer)")
    yield lambda: [number for (number,) in server.psql("SELECT number FROM given ORDER BY number")]
    server.psql("DROP TABLE given")


def give(url: str, number: int) -> None:
    """Commit a number, in bursts BEGIN, INSERT and COMMIT."""
    connection = psycopg.connect(url, prepare_threshold=None)
    try:
        connection.execute("INSERT INTO given VALUES (%s)", [number])
        connection.commit()
    finally:
        connection.close()


def wait_for(what: Callable[[], object]) -> None:
    until = time.monotonic() + daemons.PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


# The server of a test run.

INNER = """
import os, time
import pytest
from tests.postgres_fixtures import FOLDER

@pytest.mark.parametrize("number", range(int(os.environ["WORKERS"])))
def test_waits_for_the_others(request, postgres_server, postgres_clinic, number):
    postgres_server.psql("CREATE SCHEMA " + postgres_clinic.partition("schema=")[2])
    [(server,)] = postgres_server.psql("SHOW unix_socket_directories")
    with open(f"{os.environ['NOTES']}/{number}", "w") as notes:
        notes.write(f"{server} {request.config.stash[FOLDER]} {os.getpid()}")
    until = time.monotonic() + 60
    while len(os.listdir(os.environ["NOTES"])) < int(os.environ["WORKERS"]) or "STAY" in os.environ:
        assert time.monotonic() < until
        time.sleep(0.02)
"""


class InnerRun:
    """Runs pytest on tests that need the server, each in a worker of its own."""

    def __init__(self, folder: Path, workers: int, **env: str) -> None:
        self.notes = folder / "notes"
        self.notes.mkdir()
        (folder / "test_inner.py").write_text(INNER, "utf-8")
        options = ["-p", "tests.postgres_fixtures", "-p", "no:cacheprovider", "-n", str(workers), "--dist", "load"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *options, str(folder / "test_inner.py")],
            cwd=ROOT,
            env={**os.environ, "NOTES": str(self.notes), "WORKERS": str(workers), **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.workers = workers

    def noted(self) -> list[list[str]]:
        """Return what each test notes: the folder of the server, that of the run, and the process."""
        return [note for each in self.notes.iterdir() if len(note := each.read_text("utf-8").split()) == 3]

    def are_all_at_work(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()
        return len(self.noted()) == self.workers

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        for _, folder, _ in self.noted():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def inner_run(tmp_path: Path) -> Iterator[Callable[..., InnerRun]]:
    started = []

    def inner_run(workers: int, **env: str) -> InnerRun:
        started.append(InnerRun(tmp_path, workers, **env))
        return started[-1]

    yield inner_run
    for run in started:
        run.close()


def test_two_workers_share_one_server_that_ends_with_the_run(inner_run: Callable[..., InnerRun]) -> None:
    run = inner_run(2)
    out, _ = run.process.communicate(timeout=120)
    assert run.process.returncode == 0, out
    servers, folders, workers = (set(each) for each in zip(*run.noted(), strict=True))
    assert (len(servers), len(folders), len(workers)) == (1, 1, 2)
    assert [each for each in servers | folders if os.path.exists(each)] == []


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL], ids=lambda by: by.name)
def test_the_server_ends_with_a_run_that_is_ended(inner_run: Callable[..., InnerRun], by: signal.Signals) -> None:
    run = inner_run(1, STAY="1")
    wait_for(run.are_all_at_work)
    [[folder, _, _]] = run.noted()
    port = int(Path(folder, "data", "postmaster.pid").read_text("utf-8").splitlines()[3])
    assert listens(port)
    if by == signal.SIGINT:
        os.killpg(run.process.pid, by)  # as a terminal does
    else:
        run.process.send_signal(by)
    run.process.wait(daemons.PATIENCE)
    wait_for(lambda: not os.path.exists(folder))
    wait_for(lambda: not listens(port))


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def test_a_run_uses_a_server_that_is_named_and_leaves_it(inner_run: Callable[..., InnerRun], server: OwnServer) -> None:
    run = inner_run(1, **{NAMED: server.url()})
    out, _ = run.process.communicate(timeout=120)
    assert run.process.returncode == 0, out
    [[folder, _, _]] = run.noted()
    assert folder == str(server.folder)
    assert server.psql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'clinic%'") == []


def test_a_clinic_is_a_schema_of_its_own(postgres_server: Server, postgres_clinic: str) -> None:
    url, _, schema = postgres_clinic.partition("schema=")
    with psycopg.connect(url.rstrip("?&")) as connection:
        connection.execute(f"CREATE SCHEMA {schema} CREATE TABLE patients (number integer)")
    assert postgres_server.psql(f"SELECT count(*) FROM {schema}.patients") == [(0,)]


# One that is killed, and one that follows.


def test_a_killed_server_comes_back_with_what_was_committed(server: OwnServer, table: Callable[[], list[int]]) -> None:
    give(server.url(), 1)
    open_one = server.connect()
    open_one.execute("INSERT INTO given VALUES (2)")
    before = server.pid
    server.kill()
    with pytest.raises(psycopg.OperationalError):
        open_one.commit()
    open_one.close()
    assert not server.answers()
    server.start()
    assert server.pid != before
    assert table() == [1]
    assert "was not properly shut down" in server.log


def test_a_server_that_was_stopped_starts_again_at_its_port(server: OwnServer, table: Callable[[], list[int]]) -> None:
    give(server.url(), 1)
    url = server.url()
    server.stop()
    assert not server.answers()
    server.start()
    give(url, 2)
    assert table() == [1, 2]


def test_a_commit_waits_for_its_synchronous_standby() -> None:
    with postgres.made() as primary, postgres.standby_of(primary) as standby, ThreadPoolExecutor(1) as threads:
        primary.psql("CREATE TABLE given (number integer)")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        with standby.held():
            commit = threads.submit(give, primary.url(), 1)
            wait_for(lambda: primary.psql(waiting) == [(1,)])
            time.sleep(0.2)
            assert not commit.done()
            assert primary.psql("SELECT number FROM given") == []
        commit.result(daemons.PATIENCE)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            give(standby.url(), 2)
        primary.kill()
        standby.promote()
        give(standby.url(), 2)
        assert standby.psql("SELECT number FROM given ORDER BY number") == [(1,), (2,)]


# Between client and server.


def test_the_proxy_counts_the_trips_and_messages_of_a_client(server: OwnServer, table: object) -> None:
    with Proxy(server, rtt=0.02) as proxy:
        give(proxy.url(), 1)
        with psycopg.connect(proxy.url(), autocommit=True) as connection:
            for _ in range(4):
                connection.execute("SELECT 1")
        with psycopg.connect(proxy.url(), autocommit=True) as connection, connection.pipeline():
            for number in range(3):
                connection.execute("INSERT INTO given VALUES (%s)", [number])
    in_turn, alone, together = proxy.links
    assert [["".join(message.letter for message in burst) for burst in link.bursts] for link in (in_turn, alone)] == [
        ["", "Q", "PBDES", "Q"],  # a Query is one message; values take Parse, Bind, Describe, Execute and Sync
        ["", "Q", "Q", "Q", "Q"],
    ]
    assert [(link.trips, link.messages) for link in (in_turn, alone)] == [(3, 7), (4, 4)]
    assert together.trips == 1
    assert together.messages >= 3 * len("PBDE")


def test_the_proxy_makes_every_trip_longer(server: OwnServer) -> None:
    with Proxy(server, rtt=0.05) as proxy, psycopg.connect(proxy.url(), autocommit=True) as connection:
        before = time.perf_counter()
        for _ in range(4):
            connection.execute("SELECT 1")
        assert time.perf_counter() - before >= 4 * 0.05


@pytest.mark.parametrize(
    ("cut", "kept"),
    [
        ({"before": 0}, []),
        ({"after": 0}, []),
        ({"before": 2}, []),
        ({"after": 2}, []),
        ({"before": 3}, []),
        ({"after": 3}, [1]),
        ({"before": COMMIT}, []),
        ({"after": COMMIT}, [1]),
    ],
    ids=str,
)
def test_a_cut_loses_the_answer_and_what_was_not_yet_sent(
    server: OwnServer, table: Callable[[], list[int]], cut: dict[str, Point], kept: list[int]
) -> None:
    with Proxy(server) as proxy:
        fault = proxy.cut(**cut)
        with pytest.raises(psycopg.OperationalError):
            give(proxy.url(), 1)
        assert fault.met.is_set()
        assert table() == kept
        give(proxy.url(), 2)
        assert table() == [*kept, 2]


def test_a_cut_after_commit_waits_until_the_server_has_done_it(
    server: OwnServer, table: Callable[[], list[int]]
) -> None:
    begin, *rest = (b"BEGIN", b"INSERT INTO given VALUES (1)", b"SELECT pg_sleep(0.3)", b"COMMIT")
    with Proxy(server) as proxy, socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.sendall(message(b"", b"\0\3\0\0user\0postgres\0database\0clinics\0\0"))
        read_until(client, b"Z\0\0\0\5I")
        client.sendall(message(b"Q", begin + b"\0"))
        read_until(client, b"Z\0\0\0\5T")
        fault = proxy.cut(after=COMMIT)
        client.sendall(b"".join(message(b"Q", each + b"\0") for each in rest))
        assert fault.met.wait(daemons.PATIENCE)
        assert table() == [1]
        with pytest.raises(ConnectionError):
            read_until(client, b"COMMIT")


def message(letter: bytes, body: bytes) -> bytes:
    return letter + (len(body) + 4).to_bytes(4, "big") + body


def read_until(client: socket.socket, end: bytes) -> None:
    """Read what the server sends until it has sent this."""
    read = b""
    while end not in read:
        more = client.recv(65_536)
        if not more:
            raise ConnectionError
        read += more


@pytest.mark.parametrize(
    ("stall", "kept"), [({"before": COMMIT}, []), ({"after": COMMIT}, [1]), ({"before": NEXT}, [])], ids=str
)
def test_a_stalled_connection_goes_on_when_it_is_resumed(
    server: OwnServer, table: Callable[[], list[int]], stall: dict[str, Point], kept: list[int]
) -> None:
    with Proxy(server) as proxy, ThreadPoolExecutor(1) as threads:
        fault = proxy.stall(**stall)
        giving = threads.submit(give, proxy.url(), 1)
        assert fault.met.wait(daemons.PATIENCE)
        time.sleep(0.2)
        assert not giving.done()
        assert table() == kept
        proxy.resume()
        giving.result(daemons.PATIENCE)
        assert table() == [1]


def test_a_client_learns_that_the_server_behind_the_proxy_is_gone(server: OwnServer) -> None:
    with Proxy(server) as proxy:
        connection = psycopg.connect(proxy.url())
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(proxy.url())
        server.start()
        psycopg.connect(proxy.url()).close()


@pytest.mark.skipif(pgbouncer.PROGRAM is None, reason="needs the package pgbouncer")
def test_clients_of_the_pool_share_connections_between_transactions(server: OwnServer) -> None:
    with pgbouncer.pooled(server, connections=1) as pool, pool.connect() as one, pool.connect() as other:
        pids = []
        for connection in (one, other, one):
            pids.append(connection.execute("SELECT pg_backend_pid()").fetchone())
            connection.commit()
        assert len(set(pids)) == 1
        with pytest.raises(psycopg.OperationalError, match="startup parameter"):
            pool.connect(options="-c search_path=north")


# Orders and addresses.


def test_a_database_orders_texts_by_its_locale(ordering_server: Server) -> None:
    [(provider, locale)] = ordering_server.psql(
        "SELECT datlocprovider, datcollate FROM pg_database WHERE datname = current_database()"
    )
    words = [word for (word,) in ordering_server.psql("SELECT unnest(ARRAY['b', 'A', 'a', 'B']) ORDER BY 1")]
    assert words == (["A", "B", "a", "b"] if (provider, locale) == ("c", "C") else ["a", "A", "b", "B"])


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://desk@db.example.org:5433/clinics",
        "postgresql://desk@db.example.org/north%20side?sslmode=verify-full",
        "postgresql:///clinics?host=%2Ftmp%2Fsockets&port=5433",
    ],
)
def test_the_url_of_a_server_is_given_back(url: str) -> None:
    assert Server.at(url).url() == url
    assert Server.at(url).url(schema="north").endswith(("?schema=north", "&schema=north"))
