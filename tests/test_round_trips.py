"""How many round trips a command takes to a server, and that what is read ahead is never stale."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from clinicctl.store.compiled import counters, days, doctors, rows
from clinicctl.store.engine import open_store
from clinicctl.store.postgresql.session import Session
from clinicctl.store.tx import Tx
from tests.postgres import Server
from tests.proxy import Proxy

pytestmark = pytest.mark.file  # The server is its own, whatever the engine of the run.

SLOW = 0.01
"""Seconds of a round trip: an answer must not overtake the next burst."""


def run(url: str, *args: str) -> Any:
    """Run a command as a process, and return its JSON."""
    command = [sys.executable, "-m", "clinicctl", *args, "--json", "--db", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (args, done.stderr)
    return json.loads(done.stdout) if done.stdout.startswith(("{", "[")) else None


def fill(url: str, *, others: int) -> None:
    """Make a clinic of two doctors, one with hours, and of others with a patient on the waitlist of each."""
    run(url, "init", "--timezone", "Asia/Kolkata", "--region", "IN")
    run(url, "doctor", "add", "MEHTA", "Dr. Asha Mehta", "--capacity", "3")
    run(url, "doctor", "add", "RAO", "Dr. Vikram Rao")
    run(url, "doctor", "avail", "weekly", "RAO", "mon-sun", "--session", "0:00-23:50", "--every", "10m")
    for nth, name in enumerate(("Anita Sharma", "Mumtaz Anwar", "Ravi Kumar")):
        run(url, "patient", "add", name, "--phone", f"+9198765432{nth}0")
    run(url, "book", "P2", "MEHTA", "today")
    run(url, "checkin", "A1")
    lines = [f"doctor add D{nth} 'Dr. Number {nth}'" for nth in range(others)]
    lines += [f"waitlist add P3 D{nth} tomorrow" for nth in range(others)]
    lines += [f"book P3 D{nth} +3d --again" for nth in range(others)]
    lines += [f"doctor avail set D{nth} +3d --absent --on-conflict keep --yes" for nth in range(others)]
    done = subprocess.run(
        [sys.executable, "-m", "clinicctl", "batch", "-", "--db", url],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)


@pytest.fixture
def trips(postgres_server: Server, postgres_clinic: str) -> Iterator[Callable[..., int]]:
    """Run a command through a slow line, and return how many round trips it took after the session was open."""
    schema = postgres_clinic.rpartition("schema=")[2]
    with Proxy(postgres_server, rtt=SLOW) as proxy:

        def trips(*args: str) -> int:
            begun = len(proxy.links)
            run(proxy.url(schema=schema), *args)
            (link,) = proxy.links[begun:]
            return link.trips

        yield trips


def test_a_booking_takes_at_most_six_round_trips(postgres_clinic: str, trips: Callable[..., int]) -> None:
    fill(postgres_clinic, others=0)
    assert trips("book", "P1", "MEHTA", "today", "--key", "own") <= 6
    assert trips("book", "P1", "MEHTA", "today", "--key", "own") <= 6
    assert trips("book", "P1", "MEHTA", "tomorrow") <= 6
    assert trips("book", "P1", "RAO", "tomorrow") <= 6
    assert trips("book", "P3", "RAO", "tomorrow", "--time", "10:00") <= 6
    assert trips("book", "ravi", "MEHTA", "tomorrow") <= 7


@pytest.mark.parametrize("others", [0, 40], ids=["two doctors", "42 doctors"])
def test_an_overview_takes_at_most_six_round_trips(
    postgres_clinic: str, trips: Callable[..., int], others: int
) -> None:
    fill(postgres_clinic, others=others)
    taken = {name: trips(*name.split()) for name in ("day", "free", "status", "queue show")}
    assert all(count <= 6 for count in taken.values()), taken


def test_what_is_read_ahead_is_not_read_again_and_never_stale(postgres_clinic: str) -> None:
    run(postgres_clinic, "init", "--timezone", "UTC")
    run(postgres_clinic, "doctor", "add", "MEHTA", "Dr. Asha Mehta")
    with open_store(postgres_clinic, wait=5).write(actor="desk", key="ahead") as tx:
        sent = list[str]()
        watch(tx, sent)
        (doctor,) = doctors.on_staff(tx)
        of_doctor = {"doctor": doctor.id, "first": date(2027, 1, 1), "last": date(2027, 1, 2)}
        tx.prefetch(lambda tx: days.ledgers(tx, **of_doctor), lambda tx: counters.last(tx, kind="patients"))
        del sent[:]
        assert days.ledgers(tx, **of_doctor) == []
        assert counters.last(tx, kind="patients") == 0
        assert sent == []
        # An insert that waits, a RETURNING, an UPDATE, a rollback to a savepoint, and a DELETE of another table.
        open_ledger(tx, doctor, date(2027, 1, 1))
        assert [row.booked for row in days.ledgers(tx, **of_doctor)] == [0]
        assert counters.next(tx, kind="patients", step=1) == 1
        assert counters.last(tx, kind="patients") == 1
        assert days.take_slot(tx, doctor=doctor.id, on=date(2027, 1, 1), count=1) == 1
        assert [row.booked for row in days.ledgers(tx, **of_doctor)] == [1]
        with suppress(RuntimeError), tx.savepoint("within"):
            assert days.take_slot(tx, doctor=doctor.id, on=date(2027, 1, 1), count=1) == 1
            assert [row.booked for row in days.ledgers(tx, **of_doctor)] == [2]
            raise RuntimeError
        assert [row.booked for row in days.ledgers(tx, **of_doctor)] == [1]
        with suppress(RuntimeError), tx.savepoint("within"):
            open_ledger(tx, doctor, date(2027, 1, 2))
            raise RuntimeError
        assert len(days.ledgers(tx, **of_doctor)) == 1


def open_ledger(tx: Tx, doctor: rows.DoctorRow, on: date) -> None:
    """Insert the ledger of a day."""
    days.open_ledger(
        tx,
        id=uuid4(),
        doctor_id=doctor.id,
        date=on,
        capacity=10,
        booked=0,
        remaining=10,
        last_position=0,
        last_recall=0,
    )


def watch(tx: Tx, sent: list[str]) -> None:
    """Note each statement that a transaction sends."""
    session: Session = tx.session
    execute = session.connection.execute

    def noting(sql: Any, *args: Any, **options: Any) -> Any:
        sent.append(str(sql))
        return execute(sql, *args, **options)

    session.connection.execute = noting  # type: ignore[method-assign]


def test_nothing_is_read_ahead_from_a_file(tmp_path: Any) -> None:
    path = str(tmp_path / "clinic.db")
    run(path, "init", "--timezone", "UTC")
    with open_store(path, wait=5).read(actor="desk") as tx:
        sent = list[str]()
        tx.session.driver.set_trace_callback(sent.append)
        tx.prefetch(doctors.on_staff, doctors.everybody)
        assert sent == []
        doctors.on_staff(tx)
        assert len(sent) == 1
