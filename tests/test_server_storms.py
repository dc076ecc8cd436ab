"""A server that is killed, or replaced by its standby, while desks write: what was answered is there, and once.

The histories are those of `test_histories`: each must be one that a single desk could have had.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clinicctl.store.postgresql import transactions
from tests import postgres
from tests.postgres import OwnServer
from tests.proxy import Proxy
from tests.served import Served, wait_for
from tests.test_histories import CAPACITY, PATIENTS, PROGRAM, Desk, complaints, history
from tests.test_signals import LINES, STATUSES, Traced

pytestmark = pytest.mark.file  # The servers are their own, whatever the engine of the run.

Run = Callable[..., Any]

STORM = pytest.mark.storm


def busy_day(run: Run) -> None:
    """Prepare the day that histories are about, in a clinic with two patients and MEHTA."""
    lines = [f"doctor edit MEHTA --capacity {CAPACITY}"]
    lines += [f"patient add 'Patient Nr{'abcdefghijklmnop'[n]}' --phone none" for n in range(3, PATIENTS + 1)]
    run("batch", "-", stdin="".join(f"{line}\n" for line in lines), status=0)


# The postmaster is killed.


@pytest.mark.parametrize(("side", "written"), [("before", False), ("after", True)])
def test_a_server_that_is_killed_during_a_commit_has_it_once(
    served: Served, proxy: Proxy, run: Run, side: str, written: bool
) -> None:
    fault = proxy.stall(before="COMMIT") if side == "before" else proxy.cut(after="COMMIT")
    killer = threading.Thread(target=lambda: (fault.met.wait(60), served.server.kill(), proxy.resume()))
    killer.start()
    answer = run("book", "P1", "MEHTA", "--key", "k", "--wait", "0")
    killer.join()
    served.server.start()
    assert answer.status == 12
    assert served.has("k") == written
    assert run("book", "P1", "MEHTA", "--key", "k", json=True, status=0).json["replayed"] == written
    assert served.count("appointments") == 1


def killing_the_server(server: OwnServer, kills: int) -> Callable[[random.Random, list[Desk]], None]:
    def kill(chance: random.Random, _desks: list[Desk]) -> None:
        for _ in range(kills):
            time.sleep(chance.uniform(0.2, 1.5))
            server.kill()
            time.sleep(chance.uniform(0.0, 0.5))
            server.start()

    return kill


@pytest.mark.parametrize(("count", "kills"), [(10, 2), *(pytest.param(150, 15 + nth, marks=STORM) for nth in range(5))])
def test_desks_of_a_killed_server_leave_a_history_of_a_single_desk(
    served: Served, run: Run, count: int, kills: int
) -> None:
    busy_day(run)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    operations = history(seed, PROGRAM, count=count, disturb=killing_the_server(served.server, kills))
    assert list(complaints(operations)) == []
    run("audit", "verify", status=0)
    run("db", "check", status=0)


# A synchronous standby.


class Pair:
    """A server and its synchronous standby, and the URL by which desks find the one that takes writes."""

    def __init__(self, primary: OwnServer, standby: OwnServer) -> None:
        self.primary, self.standby = primary, standby
        self.here, self.there = Served(primary, "north"), Served(standby, "north")
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (standby, primary))
        self.url = f"postgresql://postgres@{hosts}/clinics?target_session_attrs=read-write&schema=north"

    def fail_over(self) -> None:
        self.primary.kill()
        if self.standby.process is None:
            self.standby.start()
        self.standby.promote()

    @contextmanager
    def administrator(self, how: str) -> Iterator[None]:
        """Cancel or terminate, meanwhile, what waits for the standby."""
        over = threading.Event()

        def work() -> None:
            while not over.wait(0.05):
                try:
                    self.primary.psql(f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
                except psycopg.Error:
                    continue

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@pytest.fixture
def pair(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    with postgres.made() as primary, postgres.standby_of(primary) as standby:
        pair = Pair(primary, standby)
        monkeypatch.setenv("CLINICCTL_DB", pair.url)
        run("init", "--timezone", "Asia/Kolkata", "--region", "IN", status=0)
        run("patient", "add", "Anita Sharma", "--phone", "98765 43210", status=0)
        run("patient", "add", "Mumtaz Anwar", "--phone", "91234 56789", status=0)
        run("doctor", "add", "MEHTA", "Dr. Asha Mehta", status=0)
        yield pair


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_write_that_the_standby_lacks_is_not_answered_not_even_repeated(
    pair: Pair, run: Run, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(transactions, "LEAST_WAIT", 1.0)
    run("book", "P1", "MEHTA", "--key", "first", status=0)
    # A standby takes no writes, and is read.
    standby = pair.standby.url(schema="north")
    assert run("book", "P2", "MEHTA", "--db", standby, json=True, status=74).error["code"] == "read_only"
    run("day", "--db", standby, status=0)
    pair.standby.stop()
    with pair.administrator(how):
        run("book", "P2", "MEHTA", "--key", "second", "--wait", "0", status=12)
    assert pair.here.has("second"), "it is there on the primary, and every desk sees it"
    error = run("book", "P2", "MEHTA", "--key", "second", "--wait", "0", json=True, status=12).error
    assert error["details"]["reason"] == "no answer within 1 s"
    # The repeat hangs, too, and holds the lock. Others do not wait for ever.
    run("book", "P2", "MEHTA", "+1d", "--key", "third", "--wait", "0.5", status=11)
    pair.fail_over()
    assert [pair.there.has(key) for key in ("first", "second", "third")] == [True, False, False]
    assert run("book", "P1", "MEHTA", "--key", "first", json=True, status=0).json["replayed"]
    assert run("book", "P2", "MEHTA", "--key", "second", json=True, status=0).json["replayed"] is False
    assert pair.there.count("appointments") == 2
    run("audit", "verify", status=0)


@STORM
@pytest.mark.parametrize("nth", range(3))
def test_a_storm_that_ends_with_a_promoted_standby_loses_no_answer(
    pair: Pair, run: Run, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    busy_day(run)
    monkeypatch.setenv("CLINICCTL_WAIT", "3")
    seed = random.randrange(1 << 30)
    print("seed", seed)

    def disturb(chance: random.Random, _desks: list[Desk]) -> None:
        for _ in range(6):
            time.sleep(chance.uniform(0.5, 2.0))
            with pair.standby.held():
                time.sleep(chance.uniform(0.2, 1.0))
                with pair.administrator(chance.choice(["pg_cancel_backend", "pg_terminate_backend"])):
                    time.sleep(chance.uniform(0.2, 1.0))
        pair.fail_over()
        pair.standby.psql("ALTER SYSTEM SET synchronous_standby_names = ''", database="postgres")
        pair.standby.psql("SELECT pg_reload_conf()", database="postgres")

    operations = history(seed, PROGRAM, count=60, disturb=disturb)
    assert list(complaints(operations)) == []
    run("audit", "verify", status=0)
    run("db", "check", status=0)


# Signals at any instant.


@pytest.mark.parametrize("strikes", [6, pytest.param(150, marks=STORM)])
def test_a_signal_at_any_instant_stops_a_batch_on_a_server(
    served: Served, run: Run, tmp_path: Path, strikes: int
) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"SEED={seed}")
    rng = random.Random(seed)
    folder = tmp_path / "traced"
    folder.mkdir()
    traced = Traced(folder)
    for _ in range(2):  # the second time as a replay, as every time after it
        assert traced(-1, 0) == 0
    events = int(traced.text("events"))
    for _ in range(strikes):
        number, at = rng.choice(sorted(STATUSES)), rng.randint(1, events)
        status = traced(at, number)
        what = (at, number, status, traced.text("err"), traced.text("out"))
        # Before the program listens, a signal ends it as any other; after its last look at it, it comes too late.
        assert status in (STATUSES[number], 0, -number), what
        assert "Traceback" not in traced.text("err"), what
        wait_for(lambda: not served.server.psql("SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in trans%'"))
        for answer in map(json.loads, traced.text("out").splitlines()):
            assert answer["exit_code"] in (0, 4, 12), what
    traced.process.communicate(timeout=60)
    assert served.count("journal", "key IN ('register', 'booked', 'walked', 'called')") == len(LINES) - 1
    run("audit", "verify", status=0)
    run("db", "check", status=0)
