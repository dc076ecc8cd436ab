"""Servers that are killed or promoted while desks write: no answered booking is lost, none is made twice."""

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests import pgbouncer, postgres

# The servers are their own, whatever the engine of the run.
pytestmark = [pytest.mark.file, pytest.mark.machine_clock]

SEED = random.randrange(1_000_000)
PLACES = 200


class Reply(NamedTuple):
    """What a command answered."""

    status: int
    answer: Any


def run(url: str, *args: str, folder: Path) -> Reply:
    """Run a command as a process of a desk with a folder of its own for notes."""
    env = {**os.environ, "XDG_STATE_HOME": str(folder)}
    command = [sys.executable, "-m", "clinicctl", *args, "--json", "--db", url]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=120)
    text = done.stdout or done.stderr
    return Reply(done.returncode, json.loads(text) if text.startswith(("{", "[")) else text)


def must(url: str, *args: str, folder: Path) -> Any:
    reply = run(url, *args, folder=folder)
    assert reply.status == 0, (args, reply)
    return reply.answer


def opened(url: str, folder: Path, *, patients: int) -> None:
    """Make a clinic with one doctor and some patients."""
    must(url, "init", "--timezone", "UTC", "--region", "IN", folder=folder)
    must(url, "doctor", "add", "MEHTA", "Dr. Asha Mehta", "--capacity", str(PLACES), folder=folder)
    lines = "\n".join(f"patient add 'Patient Nr{nth}' --phone none --new" for nth in range(patients))
    command = [sys.executable, "-m", "clinicctl", "batch", "-", "--db", url]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


class Desk(threading.Thread):
    """A desk that books its patients one after another, and repeats with the same key what was not answered."""

    def __init__(self, url: str, folder: Path, patients: range) -> None:
        super().__init__()
        self.url, self.folder, self.patients = url, folder, patients
        self.numbers = dict[str, str]()
        """The appointment that was answered for each key."""
        self.others = list[Reply]()
        """Answers that must not be."""

    def run(self) -> None:
        for patient in self.patients:
            key = f"desk-{patient}"
            for _ in range(20):
                reply = run(
                    self.url, "book", f"P{patient}", "MEHTA", "+1d", "--key", key, "--wait", "5", folder=self.folder
                )
                if reply.status == 0:
                    self.numbers[key] = reply.answer["number"]
                    break
                if reply.status not in (11, 12):
                    self.others.append(reply)
                    break


def settled(url: str, folder: Path, desks: list[Desk]) -> None:
    """Every key has its one appointment, slots are given once, and the journal is whole."""
    assert [reply for desk in desks for reply in desk.others] == [], SEED
    booked = must(url, "appointment", "list", "--status", "booked", folder=folder)
    answered = {key: number for desk in desks for key, number in desk.numbers.items()}
    assert {each["key"]: each["number"] for each in booked} == answered, SEED
    assert len(answered) == sum(len(desk.patients) for desk in desks), SEED
    assert max(Counter(each["slot"] for each in booked).values()) == 1, SEED
    assert must(url, "audit", "verify", folder=folder)["broken"] == 0
    assert must(url, "db", "check", folder=folder)["sound"]


def kill_while_desks_write(tmp_path: Path, *, desks: int, each: int, kills: int) -> None:
    """Kill the postmaster again and again while desks book, and look at what is left."""
    chosen = random.Random(SEED)
    with postgres.made() as server:
        url = server.url(schema="north")
        opened(url, tmp_path / "state", patients=desks * each)
        writing = [
            Desk(url, tmp_path / f"desk-{nth}", range(nth * each + 1, (nth + 1) * each + 1)) for nth in range(desks)
        ]
        for desk in writing:
            desk.start()
        for _ in range(kills):
            time.sleep(chosen.uniform(0.3, 2.0))
            server.kill()
            server.start()
        for desk in writing:
            desk.join()
        settled(url, tmp_path / "state", writing)


def test_a_server_that_is_killed_loses_no_answered_booking(tmp_path: Path) -> None:
    kill_while_desks_write(tmp_path, desks=4, each=4, kills=3)


@pytest.mark.storm
def test_a_server_that_is_killed_often_loses_no_answered_booking(tmp_path: Path) -> None:
    kill_while_desks_write(tmp_path, desks=16, each=8, kills=20)


def test_a_promoted_standby_has_every_answered_booking(tmp_path: Path) -> None:
    with postgres.made() as primary, postgres.standby_of(primary) as standby:
        url, folder = primary.url(schema="north"), tmp_path / "state"
        opened(url, folder, patients=3)
        first = must(url, "book", "P1", "MEHTA", "+1d", "--key", "one", folder=folder)
        with standby.held():
            # The commit waits for the standby, and nobody knows what becomes of it.
            hung = run(url, "book", "P2", "MEHTA", "+1d", "--key", "two", "--wait", "1", folder=folder)
            assert (hung.status, hung.answer["error"]["code"]) == (12, "outcome_unknown")
            # Another desk waits for the lock that the hanging commit holds, but not for ever.
            busy = run(url, "book", "P3", "MEHTA", "+1d", "--key", "three", "--wait", "1", folder=folder)
            assert busy.status in (11, 12)
        primary.kill()
        standby.promote()
        there = standby.url(schema="north")
        standby.psql("ALTER SYSTEM SET synchronous_standby_names = ''", database="postgres")
        standby.psql("SELECT pg_reload_conf()", database="postgres")
        again = must(there, "book", "P1", "MEHTA", "+1d", "--key", "one", folder=folder)
        assert (again["number"], again["replayed"]) == (first["number"], True)
        for key, patient in (("two", "P2"), ("three", "P3")):
            must(there, "book", patient, "MEHTA", "+1d", "--key", key, folder=folder)
        booked = must(there, "appointment", "list", "--status", "booked", folder=folder)
        assert sorted(each["key"] for each in booked) == ["one", "three", "two"]
        assert must(there, "audit", "verify", folder=folder)["broken"] == 0


def test_a_commit_that_an_administrator_cancels_is_not_answered_as_done(tmp_path: Path) -> None:
    with postgres.made() as primary, postgres.standby_of(primary) as standby:
        url, folder = primary.url(schema="north"), tmp_path / "state"
        opened(url, folder, patients=1)
        cancelled = threading.Event()

        def cancel() -> None:
            waits = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = 'clinicctl'"
            while not cancelled.is_set():
                for (pid,) in primary.psql(waits):
                    primary.psql("SELECT pg_cancel_backend(%s)", pid)
                    cancelled.set()
                time.sleep(0.05)

        with standby.held():
            administrator = threading.Thread(target=cancel)
            administrator.start()
            reply = run(url, "book", "P1", "MEHTA", "+1d", "--key", "one", "--wait", "30", folder=folder)
            cancelled.set()
            administrator.join()
        assert (reply.status, reply.answer["error"]["code"]) == (12, "outcome_unknown")
        assert must(url, "book", "P1", "MEHTA", "+1d", "--key", "one", folder=folder)["replayed"]


@pytest.fixture
def pool() -> Iterator[postgres.Server]:
    """PgBouncer in transaction mode before a server of its own."""
    if pgbouncer.PROGRAM is None:
        pytest.skip("needs the package pgbouncer")
    with postgres.made(**postgres.QUICK) as server, pgbouncer.pooled(server, connections=2) as pool:
        yield pool


def test_desks_share_two_connections_of_a_pool(pool: postgres.Server, tmp_path: Path) -> None:
    url, folder = pool.url(schema="north"), tmp_path / "state"
    opened(url, folder, patients=12)
    desks = [Desk(url, tmp_path / f"desk-{nth}", range(3 * nth + 1, 3 * nth + 4)) for nth in range(4)]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()
    settled(url, folder, desks)
    must(url, "walkin", "P1", "MEHTA", "--again", folder=folder)
    assert must(url, "next", "MEHTA", "--start", folder=folder)
    assert len(must(url, "queue", "show", folder=folder)) == 1
    must(url, "undo", "--yes", folder=folder)
    assert must(url, "db", "backup", str(tmp_path / "north.db"), folder=folder)["number"] > 0
