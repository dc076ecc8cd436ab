"""Many desks at once, as whole processes: nothing is given twice, nothing is lost, and nobody waits for ever.

The racers queue up at the writer's lock, which the test holds until half of them stand there; so they do meet. Who
stands there is known by the kernel, or by the server.
"""

import os
import random
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clinicctl.desk import journal
from clinicctl.store.engine import open_store
from tests import stored

Process = subprocess.Popen[str]

STORMS = [pytest.param(count, marks=pytest.mark.storm) for count in (30, 100)]
many = pytest.mark.parametrize("desks", [30, STORMS[1]])
few = pytest.mark.parametrize("desks", [2, *STORMS])

PAUSED = """
import functools, os, sqlite3, sys
from clinicctl import desk
from clinicctl.__main__ import main

point = sys.argv.pop(1)

def pause(here):
    if here == point:
        print("inside", flush=True)
        sys.stdin.readline()

class Connection(sqlite3.Connection):
    def commit(self):
        pause("before the commit")
        super().commit()
        pause("after the commit")

    def close(self):
        pause("before the close")
        super().close()

book, connect = desk.bookings.book, sqlite3.connect

@functools.wraps(book)
def booking(tx, **request):
    booked = book(tx, **request)
    pause("in the work")
    return booked

desk.bookings.book = booking
sqlite3.connect = lambda path, **more: connect(path, **more, **({"factory": Connection} if "mode=rw" in path else {}))
if "://" in os.environ["CLINICCTL_DB"]:
    from clinicctl.store.postgresql import beginning
    from clinicctl.store.postgresql.session import Session
    from clinicctl.store.postgresql.transactions import ServerTransactions

    commit, close = ServerTransactions.commit, Session.close

    def commits(self, *args):
        pause("before the commit")
        commit(self, *args)
        pause("after the commit")

    def closes(self):
        pause("before the close")
        close(self)

    beginning.SILENT = dict.fromkeys(beginning.SILENT, 600)
    ServerTransactions.commit, Session.close = commits, closes
main()
"""
"""The program, which stops at one point of its transaction, says so, and goes on when it is told a line."""

BROKEN = """
import contextlib, sys
from clinicctl import desk
from clinicctl.store.sqlite import connections, transactions
from clinicctl.__main__ import main

begin = sys.argv.pop(1)
if begin != "whole":
    assert connections.BEGIN["rw"] == "BEGIN IMMEDIATE" and transactions.writers_lock, "it would be whole"
    transactions.writers_lock = lambda path, *, wait: contextlib.nullcontext()
    connections.BEGIN["rw"] = begin
desk.bookings, desk.journal
print("ready", flush=True)
sys.stdin.readline()
main()
"""
"""The program on a store without its lock, and with another begin, or none; it goes on when it is told a line."""

READER = """
import select, sys
from clinicctl.desk import appointment_lists, availability, bookings
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import DoctorRef
from clinicctl.store.engine import open_store

looked, most, day = 0, 0, {"doctor": DoctorRef("LONG"), "on": DaysWord("tomorrow")}
while not select.select([sys.stdin], [], [], 0)[0]:
    with open_store(sys.argv[1], wait=20).read(actor="reader") as tx:
        slots = [each.slot for each in appointment_lists.iter_matching(tx, **day)]
        (known,) = availability.show_days(tx, **day)
    assert slots == list(range(1, known.booked + 1)), (slots, known.booked)
    assert known.booked >= most
    looked, most = looked + 1, known.booked
    if looked == 1:
        print("looking", flush=True)
print(most)
"""
"""Looks at a day again and again, until it is told a line: each look is of one instant, and none is of an earlier."""

WRITER = """
import sys
from clinicctl.desk import bookings, journal
from clinicctl.rules.days import DayWord
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.store.engine import open_store

path, name, count = sys.argv[1:]
for n in range(int(count)):
    request = {"patient": PatientRef("P1"), "doctor": DoctorRef("LONG"), "on": DayWord("tomorrow"), "again": True}
    with open_store(path, wait=60).write(actor=name, key=f"{name}-{n}") as tx:
        journal.once(
            tx, bookings.book, command="book", key=f"{name}-{n}", own_key=True, request=request | {"reason": "x" * 900}
        )
"""
"""Books again and again, each time by a transaction of its own."""

_VIOLATIONS = {
    "a slot given twice": """
        SELECT date, slot FROM appointments WHERE status <> 'cancelled'
        GROUP BY doctor_id, date, slot HAVING count(*) > 1""",
    "a slot of a long visit given twice": """
        SELECT a.number, b.number FROM appointments AS a JOIN appointments AS b
        ON a.doctor_id = b.doctor_id AND a.date = b.date AND a.number < b.number
        AND a.slot < b.slot + b.slots AND b.slot < a.slot + a.slots
        WHERE a.status <> 'cancelled' AND b.status <> 'cancelled'""",
    "a number given twice": "SELECT number FROM appointments GROUP BY number HAVING count(*) > 1",
    "a ledger that does not add up": """
        SELECT date, capacity, booked, remaining, last_position FROM doctor_daily_capacities AS ledger
        WHERE booked <> (
            SELECT coalesce(sum(slots), 0) FROM appointments AS a
            WHERE a.doctor_id = ledger.doctor_id AND a.date = ledger.date AND a.status <> 'cancelled')
        OR remaining <> CASE WHEN capacity > booked THEN capacity - booked ELSE 0 END
        OR last_position <> (
            SELECT coalesce(max(position), 0) FROM queue_entries AS q
            WHERE q.doctor_id = ledger.doctor_id AND q.date = ledger.date)""",
    "a day without its ledger": """
        SELECT date FROM appointments AS a WHERE NOT EXISTS (
            SELECT 1 FROM doctor_daily_capacities AS ledger
            WHERE ledger.doctor_id = a.doctor_id AND ledger.date = a.date)""",
    "a position given twice, or left out": """
        SELECT date FROM queue_entries GROUP BY doctor_id, date
        HAVING count(DISTINCT position) <> count(*) OR max(position) <> count(*) OR min(position) <> 1""",
    "an appointment that was not journaled, or not once": """
        SELECT a.number FROM appointments AS a WHERE 1 <> (
            SELECT count(*) FROM journal_steps AS s WHERE s.appointment_id = a.id AND s.from_status IS NULL)""",
    "a key that stands twice": "SELECT key FROM journal GROUP BY key HAVING count(*) > 1",
}


def violations(db: str) -> list[Any]:
    """Return what is wrong in a database, seen from outside: nothing, by the law."""
    found: list[Any] = [(law, row) for law, query in _VIOLATIONS.items() for row in stored.rows(db, query)]
    if not stored.is_on_server(db):
        found += [("integrity", row) for row in stored.rows(db, "PRAGMA integrity_check") if row != ("ok",)]
        found += [("foreign keys", row) for row in stored.rows(db, "PRAGMA foreign_key_check")]
    with open_store(db, wait=5).read(actor="test") as tx:
        return found + [("the journal", each.number) for each in journal.examine(tx).findings]


def misbooked(answers: Sequence[Any], capacity: int) -> list[Any]:
    """Return what is wrong in the answers of desks that filled a day: nothing, by the law."""
    codes = [each.error["code"] for each in answers if each.status]
    found: list[Any] = [(f"refused as {code}", codes.count(code)) for code in set(codes) - {"capacity_full"}]
    found += [("not calm", each.stderr) for each in answers if not _calm(each)]
    slots = sorted(each.json["slot"] for each in answers if each.status == 0)
    return found + ([("slots", slots)] if slots != list(range(1, capacity + 1)) else [])


def _calm(answer: Any) -> bool:
    return "locked" not in answer.stderr and "Traceback" not in answer.stderr


def _but_replayed(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.json.items() if name != "replayed"}


def _until(condition: Callable[[], bool], within: float = 300) -> None:
    """Look until a condition of other processes holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def _stop(process: Process) -> None:
    """Stop a process, and wait until it stands."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


@pytest.fixture
def db(database: str) -> str:
    """The clinic's database."""
    return database


@pytest.fixture
def luck() -> random.Random:
    """Chance that can be had again: SEED in the environment."""
    seed = int(os.environ.get("SEED") or secrets.randbits(32))
    print(f"SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def noon(clinic: Callable[..., Any]) -> Callable[..., Any]:
    """The clinic at its noon, so that no race runs past midnight, and a doctor with a long day."""
    clinic("config", "timezone", f"Etc/GMT{datetime.now(UTC).hour - 12:+d}")
    clinic("doctor", "add", "LONG", "Dr. Long", "--capacity", "500")
    return clinic


@pytest.fixture
def patients(noon: Callable[..., Any]) -> Callable[[int], list[str]]:
    """Register so many patients, and return their numbers."""

    def patients(count: int) -> list[str]:
        return [
            noon("patient", "add", f"Patient {n}", "--phone", f"98{n:08d}", "--new")["number"] for n in range(count)
        ]

    return patients


@pytest.fixture
def race(
    start: Callable[..., Process],
    fork: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
    luck: random.Random,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., list[Any]]:
    """Run commands at once, begun in any order; return their answers in the order of the commands.

    One of them is a new process, the others are forks.
    """

    def race(commands: Sequence[Sequence[str]]) -> list[Any]:
        monkeypatch.setenv("CLINICCTL_WAIT", "900")
        racers: dict[int, Process] = {}
        with stored.held(db):
            for nth, at in enumerate(luck.sample(range(len(commands)), len(commands))):
                racers[at] = (fork if nth else start)(*commands[at], "--json")
            started = list(racers.values())
            _until(
                lambda: (
                    2 * (stored.waiting(db, started) + sum(each.poll() is not None for each in started)) >= len(started)
                )
            )
        answers = [finish(racers[at], within=900) for at in range(len(commands))]
        assert [each for each in answers if not _calm(each)] == []
        assert violations(db) == []
        return answers

    return race


@pytest.fixture
def child() -> Iterator[Callable[..., Process]]:
    """Start one of the scripts above; whatever is left of it at the end of the test is killed."""
    started: list[Process] = []

    def child(script: str, *args: str) -> Process:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        started.append(subprocess.Popen([sys.executable, "-c", script, *args], text=True, **pipes))
        return started[-1]

    yield child
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def paused(child: Callable[..., Process]) -> Callable[..., Process]:
    """Start a command that stands still inside its transaction, and wait until it does."""

    def paused(*args: str, at: str = "in the work") -> Process:
        process = child(PAUSED, at, *args, "--json")
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n", process.communicate()
        return process

    return paused


# Rows 1 to 7: the race for one thing


@many
def test_desks_fill_a_day_of_ten_exactly(
    desks: int, noon: Callable[..., Any], patients: Callable[..., Any], race: Callable[..., Any]
) -> None:
    answers = race([("book", each, "MEHTA", "tomorrow") for each in patients(desks)])
    assert misbooked(answers, capacity=10) == []
    (day,) = noon("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (day["booked"], day["remaining"]) == (10, 0)


@many
def test_one_time_goes_to_one_of_many_desks(
    desks: int, noon: Callable[..., Any], patients: Callable[..., Any], race: Callable[..., Any]
) -> None:
    noon("doctor", "avail", "set", "MEHTA", "tomorrow", "--session", "09:00-13:00", "--every", "10m")
    answers = race([("book", each, "MEHTA", "tomorrow", "--time", "10:20") for each in patients(desks)])
    (booked,) = [each.json for each in answers if each.status == 0]
    assert (booked["time"], booked["slot"]) == ("10:20", 9)
    assert Counter(each.error["code"] for each in answers if each.status) == {"time_taken": desks - 1}
    (day,) = noon("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (day["booked"], day["remaining"]) == (1, 23)


@many
def test_long_and_short_visits_race_for_the_same_slots(
    desks: int, noon: Callable[..., Any], patients: Callable[..., Any], race: Callable[..., Any], luck: random.Random
) -> None:
    """Visits of three slots and of one, at times that overlap: each slot is given once, and none is left half taken."""
    noon("config", "visit-type", "add", "long", "--minutes", "30")
    noon("doctor", "avail", "set", "MEHTA", "tomorrow", "--session", "09:00-11:00", "--every", "10m")
    times = [f"{hour:02}:{minute:02}" for hour in (9, 10) for minute in range(0, 60, 10)]
    asked = [
        (
            "book",
            each,
            "MEHTA",
            "tomorrow",
            "--time",
            luck.choice(times),
            *(["--visit-type", "long"] if nth % 2 else []),
        )
        for nth, each in enumerate(patients(desks))
    ]
    answers = race(asked)
    booked = [each.json for each in answers if each.status == 0]
    assert booked
    assert {each.error["code"] for each in answers if each.status} <= {"time_taken", "capacity_full"}
    held = [slot for each in booked for slot in range(each["slot"], each["slot"] + each["slots"])]
    assert len(held) == len(set(held))
    (day,) = noon("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert day["booked"] == len(held)
    assert {each["slots"] for each in booked if each["visit_type"]} <= {3}
    assert noon("db", "check")["sound"]


@few
def test_one_key_and_one_request_make_one_appointment_and_one_answer(
    desks: int, noon: Callable[..., Any], race: Callable[..., Any], luck: random.Random
) -> None:
    who = noon("patient", "show", "P1")
    (day,) = noon("doctor", "avail", "show", "MEHTA", "tomorrow")
    spelled = [
        ("book", luck.choice(["P1", who["id"], who["phone"], "anita sh"]), luck.choice(["MEHTA", "mehta"]), when)
        for when in luck.choices(["tomorrow", "+1d", day["date"]], k=desks)
    ]
    answers = race([(*each, "--key", "one") for each in spelled])
    assert {each.status for each in answers} == {0}
    assert [_but_replayed(each) for each in answers] == [_but_replayed(answers[0])] * desks
    assert Counter(each.json["replayed"] for each in answers) == {False: 1, True: desks - 1}
    assert len(noon("appointment", "list")) == 1


TWO_BOOKINGS = [("book", "P1", "MEHTA", "tomorrow"), ("book", "P2", "MEHTA", "tomorrow")]
SEVERAL_COMMANDS = [
    ("book", "P1", "MEHTA", "tomorrow"),
    ("walkin", "P1", "MEHTA"),
    ("appointment", "cancel", "A1"),
    ("patient", "add", "Third Person", "--phone", "90000 00003"),
    ("doctor", "add", "THIRD", "Dr. Third"),
    ("config", "name", "Another Name"),
]


@few
@pytest.mark.parametrize("requests", [TWO_BOOKINGS, SEVERAL_COMMANDS], ids=["two bookings", "several commands"])
def test_one_key_serves_one_of_several_requests(
    desks: int, requests: list[tuple[str, ...]], noon: Callable[..., Any], race: Callable[..., Any], db: str
) -> None:
    noon("book", "P2", "RAO", "tomorrow")
    before = _journaled(db)
    asked = [requests[n % len(requests)] for n in range(desks)]
    answers = race([(*each, "--key", "one") for each in asked])
    assert {each.status for each in answers} == {0, 6}
    assert {each.error["code"] for each in answers if each.status == 6} == {"key_reused"}
    (won,) = {request for request, each in zip(asked, answers, strict=True) if each.status == 0}
    served = [each for request, each in zip(asked, answers, strict=True) if request == won]
    assert {each.status for each in served} == {0}
    assert [_but_replayed(each) for each in served] == [_but_replayed(served[0])] * len(served)
    assert [each.json["replayed"] for each in served].count(False) == 1
    assert _journaled(db) == before + 1


@pytest.mark.parametrize("desks", [5, *STORMS])
def test_of_many_inits_one_creates_and_all_commands_right_after_go_well(
    desks: int, race: Callable[..., Any], ask: Callable[..., Any], db: str, tmp_path: Path
) -> None:
    answers = race([("init", "--region", "IN")] * desks)
    assert {each.status for each in answers} == {0}
    assert [each.json["created"] for each in answers].count(True) == 1
    kinds = (
        lambda n: ("patient", "add", f"Patient {n}", "--phone", f"98{n:08d}", "--new"),
        lambda n: ("doctor", "add", f"D{n}", f"Dr. {n}"),
        lambda n: ("config", "name", f"Clinic {n}"),
        lambda n: ("init", "--region", "IN"),
        lambda n: ("doctor", "list"),
    )
    answers = race([kinds[n % len(kinds)](n) for n in range(desks)])
    assert {each.status for each in answers} == {0}
    assert sorted(int(each["number"][1:]) for each in ask("patient", "list")) == list(range(1, desks // 5 + 1))
    assert len(ask("doctor", "list")) == desks // 5
    alone = stored.beside(db, "alone")
    ask("init", "--region", "IN", "--db", alone)
    assert stored.schema(db) == stored.schema(alone)
    assert {each.name for each in tmp_path.glob("clinic.db*")} <= {f"clinic.db{end}" for end in ("", ".lock")}


@pytest.mark.file
def test_many_inits_make_a_missing_folder_together(
    start: Callable[..., Process], finish: Callable[..., Any], tmp_path: Path
) -> None:
    db = str(tmp_path / "a" / "b" / "c" / "clinic.db")
    answers = [finish(each) for each in [start("init", "--db", db, "--region", "IN", "--json") for _ in range(8)]]
    assert {each.status for each in answers} == {0}
    assert [each.json["created"] for each in answers].count(True) == 1
    assert violations(db) == []


@many
def test_arrivals_at_once_get_positions_without_a_gap(
    desks: int, noon: Callable[..., Any], patients: Callable[..., Any], race: Callable[..., Any]
) -> None:
    booked = [noon("book", each, "LONG")["number"] for each in patients(desks)]
    answers = race([("checkin", each) for each in booked])
    assert {each.status for each in answers} == {0}
    printed = {each.json["appointment"]["number"]: each.json["position"] for each in answers}
    assert sorted(printed.values()) == list(range(1, desks + 1))
    assert printed == {each["appointment"]["number"]: each["position"] for each in noon("queue", "show", "LONG")}
    assert all(each.json["people_ahead"] == each.json["position"] - 1 for each in answers)


@few
def test_callers_at_once_never_get_the_same_patient(
    desks: int, noon: Callable[..., Any], race: Callable[..., Any], patients: Callable[[int], list[str]]
) -> None:
    waiting = max(2, desks // 3)
    for each in patients(waiting):
        noon("walkin", each, "LONG")
    answers = race([("queue", "call", "LONG")] * desks)
    assert sorted(each.json["position"] for each in answers if each.status == 0) == list(range(1, waiting + 1))
    assert [each.error["code"] for each in answers if each.status] == ["queue_entry_not_found"] * (desks - waiting)
    assert {each["status"] for each in noon("queue", "show", "LONG")} == {"called"}


@few
def test_next_at_several_desks_starts_each_patient_once(
    desks: int, noon: Callable[..., Any], race: Callable[..., Any], patients: Callable[[int], list[str]]
) -> None:
    waiting = max(1, desks // 3)
    for each in patients(waiting):
        noon("walkin", each, "LONG")
    answers = race([("queue", "next", "LONG", "--start")] * desks)
    started = [each.json["next"]["position"] for each in answers if each.status == 0 and each.json["next"]]
    assert sorted(started) == list(range(1, waiting + 1))
    finished = [each.json["finished"]["position"] for each in answers if each.status == 0 and each.json["finished"]]
    assert sorted(finished) == list(range(1, waiting + 1))
    assert {each["status"] for each in noon("queue", "show", "LONG")} == {"done"}


@few
def test_of_cancels_at_once_one_gives_the_slot_back(
    desks: int, noon: Callable[..., Any], race: Callable[..., Any], luck: random.Random
) -> None:
    noon("book", "P1", "RAO", "tomorrow")
    mine = noon("book", "P2", "RAO", "tomorrow")
    noon("book", "P1", "RAO", "tomorrow", "--again")
    (full,) = noon("doctor", "avail", "show", "RAO", "tomorrow")
    who = luck.choices(["patient", "clinic"], k=desks)
    answers = race([("appointment", "cancel", mine["number"], "--by", each) for each in who])
    assert sorted(each.status for each in answers) == [0] + [7] * (desks - 1)
    assert {each.error["code"] for each in answers if each.status} == {"illegal_step"}
    (after,) = noon("doctor", "avail", "show", "RAO", "tomorrow")
    assert (after["booked"], after["remaining"]) == (full["booked"] - 1, full["remaining"] + 1)
    assert noon("book", "P2", "RAO", "tomorrow")["slot"] == mine["slot"]
    assert [full] == noon("doctor", "avail", "show", "RAO", "tomorrow")


@many
def test_a_day_of_everything_at_once_holds_together(
    desks: int, noon: Callable[..., Any], race: Callable[..., Any], luck: random.Random
) -> None:
    for _ in range(6):
        noon("book", "P1", "LONG", "--again")
    noon("walkin", "P2", "LONG")
    kinds = (
        lambda: ("book", luck.choice(["P1", "P2"]), luck.choice(["RAO", "LONG"]), "today", "--again"),
        lambda: ("walkin", "P2", luck.choice(["RAO", "LONG"]), "--again"),
        lambda: ("checkin", f"A{luck.randint(1, 8)}"),
        lambda: ("appointment", "cancel", f"A{luck.randint(1, 8)}"),
        lambda: ("queue", luck.choice(["call", "start", "done"]), "LONG"),
        lambda: ("doctor", "avail", "set", "RAO", "today", "--capacity", luck.choice("246"), "--on-conflict", "cancel"),
    )
    answers = race([luck.choice(kinds)() for _ in range(desks)])
    assert {each.status for each in answers} <= {0, 4, 5, 6, 7}, [each.stderr for each in answers]


# Rows 8 and 9: a desk that stands still, or is gone


def test_a_stopped_writer_makes_the_others_busy_and_harms_nothing(
    noon: Callable[..., Any],
    paused: Callable[..., Process],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    holder = paused("book", "P1", "MEHTA", "tomorrow", "--key", "held")
    _stop(holder)
    before = _journaled(db)
    refused = [
        ("book", "P2", "MEHTA", "tomorrow", "--key", "later"),
        ("book", "P1", "MEHTA", "tomorrow", "--key", "held"),
        ("patient", "add", "Third Person", "--phone", "90000 00003"),
        ("config", "capacity", "12"),
    ]
    began = time.monotonic()
    answers = [finish(each) for each in [start(*each, "--wait", "1", "--json") for each in refused]]
    assert 1 <= time.monotonic() - began < 60
    assert [each.status for each in answers] == [11] * len(refused)
    assert all(each.error["code"] == "busy" and "othing was written" in each.error["message"] for each in answers)
    assert noon("appointment", "list") == []
    assert _journaled(db) == before
    holder.send_signal(signal.SIGCONT)
    _go_on(holder)
    answer = finish(holder)
    assert (answer.status, answer.json["slot"]) == (0, 1)
    assert violations(db) == []
    assert noon("book", "P1", "MEHTA", "tomorrow", "--key", "held")["replayed"]
    assert noon(*refused[0])["slot"] == 2


def test_a_stopped_waiter_lets_the_others_go_on(
    noon: Callable[..., Any],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    def book(patient: str) -> Process:
        return start("book", patient, "LONG", "tomorrow", "--again", "--wait", "300", "--json")

    with stored.held(db):
        first = book("P1")
        _until(lambda: stored.waiting(db, [first]) == 1)
        others = [book("P2") for _ in range(6)]
        _until(lambda: stored.waiting(db, others) == len(others))
        _stop(first)
        others.append(book("P2"))
    assert sorted(finish(each).json["slot"] for each in others) == list(range(1, 8))
    assert first.poll() is None
    first.send_signal(signal.SIGCONT)
    answer = finish(first)
    if stored.is_on_server(db) and answer.status:
        # The server had given it the lock, and has ended its silent transaction. It begins again, or is told.
        assert (answer.status, answer.error["code"]) == (11, "busy")
        assert "Nothing was written." in answer.error["message"]
        answer = finish(book("P1"))
    assert answer.json["slot"] == 8
    assert violations(db) == []


@pytest.mark.parametrize("point", ["in the work", "before the commit"])
def test_a_killed_writer_frees_the_lock_at_once_and_leaves_nothing(
    point: str,
    noon: Callable[..., Any],
    paused: Callable[..., Process],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    holder = paused("book", "P1", "MEHTA", "tomorrow", "--key", "held", at=point)
    waiter = start("book", "P2", "MEHTA", "tomorrow", "--wait", "300", "--json")
    _until(lambda: stored.waiting(db, [waiter]) == 1)
    holder.kill()
    began = time.monotonic()
    answer = finish(waiter)
    assert time.monotonic() - began < 60
    assert (answer.json["slot"], answer.json["number"]) == (1, "A1")
    assert violations(db) == []
    again = noon("book", "P1", "MEHTA", "tomorrow", "--key", "held")
    assert (again["slot"], again["replayed"]) == (2, False)


@pytest.mark.file
def test_a_writer_killed_while_it_copies_the_log_back_loses_nothing(
    noon: Callable[..., Any], paused: Callable[..., Process], run: Callable[..., Any], db: str, tmp_path: Path
) -> None:
    """The first page is copied, which tells of pages that stand in the log only: SQLite knows how to read this."""
    holder = paused("doctor", "avail", "set", "LONG", "today..+300d", "--capacity", "7", at="before the close")
    holder.kill()
    holder.wait()
    copy = str(tmp_path / "copy.db")
    for end in ("", "-wal"):
        shutil.copy(f"{db}{end}", f"{copy}{end}")
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert os.path.getsize(copy) > os.path.getsize(db)
    with open(copy, "rb") as whole, open(db, "r+b") as torn:
        torn.write(whole.read(4096))
    assert [each["capacity"] for each in noon("doctor", "avail", "show", "LONG", "today..+300d")] == [7] * 301
    assert noon("book", "P1", "LONG")["slot"] == 1
    assert violations(db) == []


POINTS = ["in the work", "before the commit", "after the commit", "before the close"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"])
@pytest.mark.parametrize("point", POINTS)
def test_an_interrupted_writer_leaves_all_or_nothing_and_frees_the_lock(
    number: int,
    status: int,
    point: str,
    noon: Callable[..., Any],
    paused: Callable[..., Process],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    holder = paused("book", "P1", "MEHTA", "tomorrow", "--key", "held", at=point)
    waiter = start("book", "P2", "MEHTA", "tomorrow", "--wait", "300", "--json")
    # A server frees the lock with the commit.
    _until(lambda: stored.waiting(db, [waiter]) == 1 or waiter.poll() is not None)
    holder.send_signal(number)
    _go_on(holder)
    answer = finish(holder)
    assert (answer.status, _calm(answer)) == (status, True), answer.stderr
    assert answer.error["code"] == "interrupted"
    slot = finish(waiter).json["slot"]
    assert slot in {"in the work": {1}, "before the commit": {1, 2}}.get(point, {2})
    stands = slot == 2
    # What was committed before the signal was seen is answered as well.
    assert (answer.stdout != "") == stands
    assert violations(db) == []
    again = noon("book", "P1", "MEHTA", "tomorrow", "--key", "held")
    assert (again["slot"], again["replayed"]) == ((1, True) if stands else (2, False))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"])
def test_an_interrupted_waiter_leaves_at_once(
    number: int,
    status: int,
    noon: Callable[..., Any],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    with stored.held(db):
        waiter = start("book", "P1", "MEHTA", "tomorrow", "--wait", "300", "--json")
        _until(lambda: stored.waiting(db, [waiter]) == 1)
        waiter.send_signal(number)
        answer = finish(waiter, within=30)
    assert (answer.status, answer.stdout, _calm(answer)) == (status, "", True), answer.stderr
    assert answer.error["code"] == "interrupted"
    assert noon("appointment", "list") == []
    assert violations(db) == []


# Readers


def test_readers_never_fail_while_others_write(
    noon: Callable[..., Any],
    child: Callable[..., Process],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    readers = [child(READER, db) for _ in range(2)]
    for each in readers:
        assert each.stdout is not None
        assert each.stdout.readline() == "looking\n", each.communicate()
    writers = [child(WRITER, db, f"writer-{n}", "25") for n in range(2)]
    while any(each.poll() is None for each in writers):
        answer = finish(start("appointment", "list", "--doctor", "LONG", "--day", "tomorrow", "--json"))
        assert (answer.status, answer.stderr) == (0, "")
        slots = [each["slot"] for each in answer.json]
        assert slots == list(range(1, len(slots) + 1))
    assert [(each.wait(), each.communicate()[1]) for each in writers] == [(0, "")] * 2
    for each in readers:
        _go_on(each)
    seen = [finish(each) for each in readers]
    assert [(each.status, each.stdout, each.stderr) for each in seen] == [(0, "50\n", "")] * 2
    assert violations(db) == []


def test_a_stopped_reader_delays_no_writer(
    noon: Callable[..., Any],
    child: Callable[..., Process],
    start: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
) -> None:
    """A view of the past keeps the log of a file from being copied back; an open connection alone does not."""
    is_file = not stored.is_on_server(db)
    with stored.opened(db) as idle:
        idle.execute("SELECT count(*) FROM patients").fetchall()
        idle.commit()
        with stored.viewed(db):
            writer = child(WRITER, db, "writer", "20")
            assert (writer.communicate(timeout=200)[1], writer.returncode) == ("", 0)
            grown = os.path.getsize(f"{db}-wal") if is_file else 0
            assert grown > 1 << 20 or not is_file
            began = time.monotonic()
            assert finish(start("book", "P2", "MEHTA", "tomorrow", "--wait", "300", "--json")).status == 0
            assert time.monotonic() - began < 60
        assert finish(start("book", "P1", "MEHTA", "tomorrow", "--json")).status == 0
        assert not is_file or os.path.getsize(f"{db}-wal") < grown
    assert violations(db) == []


# The race itself: it has to find what is broken


@pytest.mark.file  # `test_server_races` breaks servers.
@pytest.mark.parametrize(
    ("begin", "law"),
    [("BEGIN DEFERRED", "refused as busy"), ("", "a slot given twice")],
    ids=["deferred begin", "no transaction"],
)
def test_the_race_finds_a_broken_store(
    begin: str, law: str, noon: Callable[..., Any], child: Callable[..., Process], finish: Callable[..., Any], db: str
) -> None:
    """No lock, no unique slot, and a begin that does not hold: found on one of ten days, as a rule on the first."""
    stored.change(
        db,
        "CREATE TABLE slots_of_old AS SELECT * FROM held_slots",
        "DROP TABLE held_slots",
        "ALTER TABLE slots_of_old RENAME TO held_slots",
        "DROP INDEX uq_appointments_visit",
    )
    days = (_found_on_one_day(begin, f"+{n}d", child, finish, db) for n in range(1, 11))
    assert any(law in [each for each, _ in found] for found in days)


def test_the_same_race_finds_nothing_in_the_whole_store(
    noon: Callable[..., Any], child: Callable[..., Process], finish: Callable[..., Any], db: str
) -> None:
    assert _found_on_one_day("whole", "+1d", child, finish, db) == []


def _found_on_one_day(
    begin: str, day: str, child: Callable[..., Process], finish: Callable[..., Any], db: str
) -> list[Any]:
    """Let twelve desks, who begin at one word, fill a day of ten; return what was wrong."""
    desks = [child(BROKEN, begin, "book", "P1", "MEHTA", day, "--again", "--json") for _ in range(12)]
    for each in desks:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n", each.communicate()
    for each in desks:
        _go_on(each)
    return misbooked([finish(each) for each in desks], capacity=10) + violations(db)


def _go_on(process: Process) -> None:
    """Tell a process to go on, if it is still there."""
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.write("\n")
        process.stdin.flush()


def _journaled(db: str) -> int:
    return int(stored.value(db, "SELECT count(*) FROM journal"))
