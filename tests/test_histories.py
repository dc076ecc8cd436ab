"""Histories of desks that write at once, and are killed: each must be one that a single desk could have had.

Every operation carries a key, and is repeated by it until it is answered. The journal's numbers are the order that the
clinic claims. It must give every answer that was given (a sequential model says which), it must not put an operation
before one that was answered before it began, and a refusal must be true of some moment between question and answer
(Herlihy and Wing, Linearizability, 1990).
"""

import json
import os
import random
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import stored

Ask = Callable[..., Any]

PATIENTS = 14
CAPACITY = 8
DESKS = 4


@dataclass
class Operation:
    """What a desk asked for, when, and what it was answered in the end."""

    key: str
    line: str
    asked: float = 0.0
    answered: float = 0.0
    answer: dict[str, Any] = field(default_factory=dict)
    number: int | None = None

    @property
    def said(self) -> tuple[str, ...]:
        return tuple(word for word in self.line.split() if word not in ("MEHTA", "queue", "appointment"))

    @property
    def code(self) -> str | None:
        return str(self.answer["error"]["code"]) if "error" in self.answer else None


class Model:
    """One doctor's day at one desk."""

    def __init__(self) -> None:
        self.appointments: dict[str, dict[str, Any]] = {}

    def copy(self) -> "Model":
        other = Model()
        other.appointments = {number: dict(each) for number, each in self.appointments.items()}
        return other

    def active(self, patient: str) -> list[str]:
        return [
            number
            for number, each in self.appointments.items()
            if each["patient"] == patient and each["status"] in ("booked", "checked_in")
        ]

    def do(self, operation: Operation) -> str | tuple[Any, ...]:
        """Return the code of the refusal, or what the answer has to say."""
        verb, *rest = operation.said
        return getattr(self, f"_{verb}")(*rest[: rest.index("--key")], operation)  # type: ignore[no-any-return]

    def _book(self, patient: str, operation: Operation) -> str | tuple[Any, ...]:
        held = {each["slot"] for each in self.appointments.values() if each["status"] != "cancelled"}
        if self.active(patient):
            return "already_booked"
        if len(held) >= CAPACITY:
            return "capacity_full"
        slot = next(each for each in range(1, CAPACITY + 1) if each not in held)
        number = operation.answer["result"]["number"] if "result" in operation.answer else "?"
        self.appointments[number] = {
            "patient": patient,
            "slot": slot,
            "status": "booked",
            "position": None,
            "called": 0,
        }
        return (slot, "booked")

    def _cancel(self, number: str, operation: Operation) -> str | tuple[Any, ...]:
        if number not in self.appointments:
            return "appointment_not_found"
        if self.appointments[number]["status"] != "booked":
            return "illegal_step"
        self.appointments[number]["status"] = "cancelled"
        return (self.appointments[number]["slot"], "cancelled")

    def _checkin(self, patient: str, operation: Operation) -> str | tuple[Any, ...]:
        mine = self.active(patient)
        if not mine:
            return "appointment_not_found"
        found = self.appointments[mine[0]]
        if found["position"]:
            return "already_checked_in"
        positions = [each["position"] for each in self.appointments.values() if each["position"]]
        found |= {"status": "checked_in", "position": max(positions, default=0) + 1}
        return (found["position"], "checked_in")

    def _call(self, operation: Operation) -> str | tuple[Any, ...]:
        waiting = [each for each in self.appointments.values() if each["position"] and not each["called"]]
        if not waiting:
            return "queue_entry_not_found"
        found = min(waiting, key=lambda each: each["position"])
        found["called"] = 1
        return (found["position"], "called")


def told(operation: Operation) -> str | tuple[Any, ...]:
    """What an operation was answered, as the model says it."""
    if operation.code:
        return operation.code
    result = operation.answer["result"]
    if operation.said[0] == "checkin":
        return (result["position"], result["appointment"]["status"])
    return (result["position"] if operation.said[0] == "call" else result["slot"], result["status"])


def complaints(operations: list[Operation]) -> Iterator[str]:
    """What is wrong with a history; nothing where one desk could have had it."""
    done = sorted((each for each in operations if each.number is not None), key=lambda each: each.number or 0)
    for before, after in ((a, b) for nth, b in enumerate(done) for a in done[nth + 1 :] if a.answered < b.asked):
        yield f"{before.line} was answered before {after.line} was asked, and stands after it"
    states, model = [Model()], Model()
    for each in done:
        expected = model.do(each)
        if told(each) != expected:
            yield f"{each.line} at {each.number}: {told(each)}, where one desk would say {expected}"
        states.append(model.copy())
    for each in operations:
        if each.number is None and each.code is None:
            yield f"{each.line} was answered, and is not in the journal"
        elif each.code:
            first = max((nth for nth, one in enumerate(done, start=1) if one.answered < each.asked), default=0)
            last = min((nth for nth, one in enumerate(done) if one.asked > each.answered), default=len(done))
            if not any(states[nth].copy().do(each) == each.code for nth in range(first, last + 1)):
                yield f"{each.line} was refused as {each.code}, which it never was"


UNANSWERED = ("busy", "outcome_unknown")
"""The codes after which a desk repeats its operation by the same key."""


class Desk(threading.Thread):
    """A desk: one process after another, each operation asked until it is answered."""

    def __init__(self, name: str, lines: list[str], program: list[str]) -> None:
        super().__init__(daemon=True)
        self.operations = [
            Operation(key=f"{name}-{n}", line=f"{line} --key {name}-{n}") for n, line in enumerate(lines)
        ]
        self.program = program
        self.process = self._new_process()

    def _new_process(self) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            self.program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def run(self) -> None:
        for each in self.operations:
            each.asked = time.monotonic()
            while not each.answer:
                try:
                    assert self.process.stdin
                    assert self.process.stdout
                    self.process.stdin.write(f"{each.line}\n")
                    self.process.stdin.flush()
                    said = self.process.stdout.readline()
                    if said.endswith("\n") and json.loads(said).get("error", {}).get("code") not in UNANSWERED:
                        each.answer = json.loads(said)
                except OSError:
                    said = ""
                if not said.endswith("\n"):
                    self._end()
                    self.process = self._new_process()
            each.answered = time.monotonic()
        self._end()

    def _end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                stream.close()  # type: ignore[union-attr]


Disturbance = Callable[[random.Random, list[Desk]], None]


def killing(kills: int) -> Disturbance:
    """Kill some processes of the desks."""

    def kill(chance: random.Random, desks: list[Desk]) -> None:
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 1.2))
            victim = chance.choice(desks)
            if victim.is_alive():
                victim.process.kill()

    return kill


def history(
    seed: int, program: list[str], *, count: int, kills: int = 0, disturb: Disturbance | None = None
) -> list[Operation]:
    """Let desks work at once on one doctor's day, kill some of their processes, and return what they saw."""
    chance = random.Random(seed)

    def line() -> str:
        patient = f"P{chance.randint(1, PATIENTS)}"
        return chance.choices(
            [
                f"book {patient} MEHTA",
                f"appointment cancel A{chance.randint(1, 20)}",
                f"checkin {patient}",
                "queue call MEHTA",
            ],
            [5, 3, 2, 1],
        )[0]

    desks = [Desk(f"desk{n}", [line() for _ in range(count)], program) for n in range(DESKS)]
    for each in desks:
        each.start()
    (disturb or killing(kills))(chance, desks)
    for each in desks:
        each.join(240)
        assert not each.is_alive(), "a desk hangs"
    operations = [operation for each in desks for operation in each.operations]
    numbers = dict(stored.rows(os.environ["CLINICCTL_DB"], "SELECT key, number FROM journal"))
    for each in operations:
        each.number = numbers.get(each.key)
    return operations


@pytest.fixture
def busy_day(clinic: Ask) -> None:
    clinic("doctor", "edit", "MEHTA", "--capacity", str(CAPACITY))
    for n in range(3, PATIENTS + 1):
        clinic("patient", "add", f"Patient Nr{'abcdefghijklmnop'[n]}", "--phone", "none")


PROGRAM = [sys.executable, "-m", "clinicctl", "batch", "-"]


def test_killed_desks_leave_a_history_that_a_single_desk_could_have(busy_day: None) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    operations = history(seed, PROGRAM, count=40, kills=8)
    assert len({each.code for each in operations}) > 3, "a history in which hardly anything is refused shows little"
    assert list(complaints(operations)) == []


@pytest.mark.storm
@pytest.mark.parametrize("nth", range(10))
def test_long_histories_with_many_kills_are_linearizable(busy_day: None, nth: int) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    assert list(complaints(history(seed, PROGRAM, count=400, kills=40))) == []


BROKEN = {
    "answers before it commits": """
        from clinicctl.cli import batch
        settle = batch._Batch._settle
        def later(self, group):
            self.count = getattr(self, "count", 0) + 1
            if self.count % 4 == 0:
                settle(self, group)
        batch._Batch._settle = later
    """,
    "numbers the queue by counting": """
        from clinicctl.desk import days
        def counted(tx, *, doctor_id, on):
            query = "SELECT count(*) FROM queue_entries WHERE status = 'waiting'"
            return tx.fetch_one(query, (), tuple)[0] + 1
        assert days.next_position
        days.next_position = counted
    """,
    "forgets the keys": """
        import secrets
        from clinicctl.desk import journal
        from clinicctl.store.compiled import journal as stored
        once = journal.once
        def forgetful(tx, operation, *, key, own_key, **rest):
            known = stored.by_key(tx, key=key)
            if known is not None:
                key, own_key = f"again-{secrets.token_hex(4)}", False
            return once(tx, operation, key=key, own_key=own_key, **rest)
        journal.once = forgetful
    """,
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_clinic_is_caught(busy_day: None, fault: str) -> None:
    """The same check, on a program with a fault put in: it has to complain, or it proves nothing."""
    code = f"{textwrap.dedent(BROKEN[fault])}\nimport os\nfrom clinicctl.cli import run\nos._exit(run(['batch', '-']))"
    for seed in range(6):
        try:
            operations = history(seed, [sys.executable, "-c", code], count=40, kills=8)
        except AssertionError:
            continue
        if any(complaints(operations)):
            return
    pytest.fail("the fault was not seen")
