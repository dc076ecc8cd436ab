"""Many desks on one server at once, as whole processes: nothing is given twice, nothing is lost, nobody waits for ever.

The racers queue up at the writers' lock, which the test holds until half of them wait there; so they do meet. The same
races run on programs with a fault put in, and must complain.
"""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.forking import Forked, Server
from tests.served import Served, wait_for

Run = Callable[..., Any]
Start = Callable[..., Forked]

PLACES = 10


def answers(racers: list[Forked], within: float = 120) -> list[tuple[int, dict[str, Any]]]:
    """Wait for all; return the exit status and the JSON of each."""
    found = []
    for each in racers:
        stdout, stderr = each.communicate(timeout=within)
        found.append((each.returncode, json.loads(stdout or stderr or "{}")))
    return found


def meet(served: Served, start: Start, requests: list[tuple[str, ...]]) -> list[tuple[int, dict[str, Any]]]:
    """Start a desk for each request; let them go when half of them wait for the lock, or have ended already."""
    with served.locked():
        racers = [start(*request, "--json", "--wait", "60") for request in requests]
        wait_for(lambda: served.waiting() + sum(each.poll() is not None for each in racers) >= len(requests) / 2)
    return answers(racers)


@contextmanager
def overtaken(served: Served) -> Iterator[list[str]]:
    """Collect a complaint if the server has ended transactions in favour of others meanwhile.

    A desk that begins with the lock is overtaken by nobody. One that is begins again, until its wait is over.
    """
    complaints: list[str] = []
    before = len(served.server.log)
    yield complaints
    if count := served.server.log[before:].count("could not serialize access"):
        complaints.append(f"{count} transactions were ended in favour of others")


def race_for_places(served: Served, run: Run, start: Start) -> Iterator[str]:
    """30 desks, 10 places."""
    run("doctor", "edit", "MEHTA", "--capacity", str(PLACES), status=0)
    found = meet(served, start, [("book", "P1", "MEHTA", "+1d", "--again", "--key", f"desk-{n}") for n in range(30)])
    if Counter(status for status, _ in found) != {0: PLACES, 6: 20}:
        yield f"places: {Counter(status for status, _ in found)}"
    if sorted(each["slot"] for status, each in found if status == 0) != list(range(1, PLACES + 1)):
        yield "places: the slots are not 1 to 10"
    if served.count("appointments") != sum(status == 0 for status, _ in found):
        yield "places: there are other appointments than were answered"


def race_by_one_key(served: Served, run: Run, start: Start) -> Iterator[str]:
    """20 times one request by one key."""
    found = meet(served, start, [("book", "P1", "MEHTA", "+2d", "--key", "same")] * 20)
    if [status for status, _ in found] != [0] * 20:
        yield f"one key: {Counter(status for status, _ in found)}"
    elif len({each["id"] for _, each in found}) != 1 or sum(not each["replayed"] for _, each in found) != 1:
        yield "one key: several answers"
    if served.count("appointments", '"key" = %s', "same") != 1:
        yield "one key: not one appointment"


def race_with_one_key_for_several(served: Served, run: Run, start: Start) -> Iterator[str]:
    """One key with 12 different requests."""
    requests = [("book", "P2", "MEHTA", f"+{n + 3}d", "--key", "reused") for n in range(12)]
    found = meet(served, start, requests)
    if Counter((status, each.get("error", {}).get("code")) for status, each in found) != {
        (0, None): 1,
        (6, "key_reused"): 11,
    }:
        yield f"reused key: {Counter(status for status, _ in found)}"


def race_to_check_in(served: Served, run: Run, start: Start) -> Iterator[str]:
    """20 patients check in at once; then 8 desks call, of whom nobody gets the same patient."""
    lines = [f"patient add 'Guest Nr{chr(97 + n)}' --phone none --new" for n in range(20)]
    lines += ["doctor edit RAO --capacity 20", *(f"book P{n + 3} RAO today" for n in range(20))]
    run("batch", "-", stdin="".join(f"{line}\n" for line in lines), status=0)
    found = meet(served, start, [("checkin", f"P{n + 3}") for n in range(20)])
    if sorted(each.get("position", 0) for _, each in found) != list(range(1, 21)):
        yield f"check-in: {found}"
    joined = "queue_entries q JOIN appointments a ON a.id = q.appointment_id"
    stored = {f"A{number}": position for number, position in served.rows(f"SELECT a.number, q.position FROM {joined}")}
    if stored != {each["appointment"]["number"]: each["position"] for status, each in found if status == 0}:
        yield "check-in: other positions are stored than were answered"
    called = meet(served, start, [("queue", "call", "RAO")] * 8)
    if sorted(each.get("position", 0) for _, each in called) != list(range(1, 9)):
        yield f"call: {Counter(status for status, _ in called)}"


RACES = (race_for_places, race_by_one_key, race_with_one_key_for_several, race_to_check_in)


def complaints(served: Served, run: Run, start: Start) -> Iterator[str]:
    with overtaken(served) as ended:
        for race in RACES:
            yield from race(served, run, start)
    yield from ended
    if run("audit", "verify").status:
        yield "the journal is broken"


MUTATIONS = {
    "without the lock": "statement.replace(' FOR UPDATE', '')",
    "with a head that stays where it is": "statement.replace('UPDATE head SET', 'SELECT')"
    ".replace('SELECT number = %s, hash = %s', 'SELECT %s, %s')",
}

MUTATED = """
from clinicctl.store.postgresql import beginning
from clinicctl.store.postgresql.session import Session
run_all = Session.run_all

def changed(statement):
    return {change}

def weaker(self, statements, **options):
    return run_all(self, [(changed(sql), values) for sql, values in statements], **options)

Session.run_all = weaker
"""


@pytest.fixture
def mutated() -> Iterator[Callable[[str], Start]]:
    """Start commands of a program whose statements are changed."""
    servers: list[Server] = []
    started: list[Forked] = []

    def mutated(change: str) -> Start:
        servers.append(Server(MUTATED.format(change=change)))

        def start(*args: str, **kwargs: Any) -> Forked:
            started.append(Forked(servers[-1], list(args), **kwargs))
            return started[-1]

        return start

    yield mutated
    for process in started:
        process.kill()
        process.communicate()
    for each in servers:
        each.close()


@pytest.mark.parametrize("change", MUTATIONS)
def test_the_races_notice_a_program_that_is_broken(
    served: Served, run: Run, mutated: Callable[[str], Start], change: str
) -> None:
    start = mutated(MUTATIONS[change])
    assert any(complaints(served, run, start)), "the fault was not seen"


def test_20_inits_at_once_create_one_clinic(served: Served, fork: Start) -> None:
    for schema in ("fresh", "prepared"):
        if schema == "prepared":
            served.server.psql("CREATE SCHEMA prepared")
        clinic = Served(served.server, schema)
        with served.server.connect() as lock:
            lock.execute("LOCK TABLE pg_namespace, pg_class IN SHARE ROW EXCLUSIVE MODE")
            racers = [fork("init", "--db", clinic.url(), "--timezone", "UTC", "--json") for _ in range(20)]
            wait_for(lambda: served.waiting() >= 10)
        found = answers(racers)
        assert [status for status, _ in found] == [0] * 20
        assert sum(each["created"] for _, each in found) == 1
        assert clinic.count("head") == 1
        served.server.psql(f"DROP SCHEMA {schema} CASCADE")


PAUSED = """
import functools, os, sys
from clinicctl import desk
book = desk.bookings.book

@functools.wraps(book)
def booking(tx, **request):
    booked = book(tx, **request)
    if request["reason"] == "pause":
        print("inside", flush=True)
        sys.stdin.readline()
    return booked

desk.bookings.book = booking
"""


@pytest.fixture(scope="module")
def _pausing() -> Iterator[Server]:
    server = Server(PAUSED)
    yield server
    server.close()


@pytest.fixture
def paused(_pausing: Server) -> Iterator[Callable[..., Forked]]:
    """Start a booking, and let it pause inside its transaction, until it is told a line."""
    started: list[Forked] = []

    def paused(*args: str) -> Forked:
        process = Forked(_pausing, ["book", *args, "--reason", "pause", "--json"], stdin=-1)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "inside\n"
        return process

    yield paused
    for process in started:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.communicate()


def test_a_desk_stopped_inside_its_transaction_holds_nobody_for_long(
    served: Served, run: Run, fork: Start, paused: Callable[..., Forked]
) -> None:
    stopped = paused("P1", "MEHTA", "+1d", "--key", "stopped", "--wait", "3")
    began = time.monotonic()
    os.kill(stopped.pid, signal.SIGSTOP)
    hasty = fork("book", "P2", "MEHTA", "+1d", "--key", "hasty", "--wait", "1", "--json")
    patient = fork("book", "P2", "RAO", "+1d", "--key", "patient", "--wait", "60", "--json")
    assert answers([hasty])[0][1]["error"]["code"] == "busy"
    assert time.monotonic() - began < 4.5, "it has ended within its wait"
    assert answers([patient])[0][0] == 0
    assert 4 < time.monotonic() - began < 20
    os.kill(stopped.pid, signal.SIGCONT)
    stopped.communicate("\n")
    assert stopped.returncode in (11, 12)
    assert not served.has("stopped")
    request = ("book", "P1", "MEHTA", "+1d", "--reason", "pause", "--key", "stopped")
    assert [run(*request, json=True, status=0).json["replayed"] for _ in range(2)] == [False, True]
    assert served.count("appointments", '"key" = %s', "stopped") == 1
    assert [served.has(key) for key in ("hasty", "patient")] == [False, True]


def test_a_desk_that_is_stopped_while_it_waits_holds_nobody_for_long(served: Served, run: Run, fork: Start) -> None:
    with served.locked():
        stopped = fork("book", "P1", "MEHTA", "+1d", "--key", "stopped", "--wait", "60", "--json")
        wait_for(served.waiting)
        os.kill(stopped.pid, signal.SIGSTOP)
        patient = fork("book", "P2", "MEHTA", "+1d", "--key", "patient", "--wait", "60", "--json")
        wait_for(lambda: served.waiting() == 2)
    began = time.monotonic()
    assert answers([patient])[0][0] == 0
    assert time.monotonic() - began < 20
    os.kill(stopped.pid, signal.SIGCONT)
    ((status, answer),) = answers([stopped])
    assert status in (0, 11), answer
    assert served.has("stopped") == (status == 0)


def test_a_desk_killed_inside_its_transaction_frees_the_lock_at_once(
    served: Served, run: Run, paused: Callable[..., Forked]
) -> None:
    killed = paused("P1", "MEHTA", "+1d", "--key", "killed")
    killed.kill()
    run("book", "P2", "MEHTA", "+1d", "--wait", "3", status=0)
    assert not served.has("killed")
