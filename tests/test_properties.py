"""The desk beside a small model of the contract, on real SQLite; the pure decisions; and what the database refuses.

The model is written from the contract's sections 5 and 6, in lists and dicts, and shares no line with the desk.
"""

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import partial
from itertools import count, islice, pairwise
from pathlib import Path
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from unittest import mock
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import CheckConstraint, ForeignKeyConstraint, SQLModel, UniqueConstraint

from clinicctl import clock, desk, errors
from clinicctl.desk import replay
from clinicctl.results.appointments import Appointment, Booked
from clinicctl.results.base import plain
from clinicctl.results.days import Day
from clinicctl.results.people import (
    Candidate,
    Doctor,
    DoctorBrief,
    Edited,
    Moved,
    Patient,
    PatientBrief,
    Registered,
    ToCall,
)
from clinicctl.rules import slots, transitions
from clinicctl.rules.dates import BirthWord
from clinicctl.rules.days import DaysWord, DayWord, WeekdaysWord
from clinicctl.rules.references import AppointmentRef, ArrivalRef, DoctorRef, PatientRef
from clinicctl.statuses import AppointmentStatus, CancelledBy, OnConflict, QueueStatus, Role, Sex
from clinicctl.store import models  # noqa: F401 - the tables of SQLModel.metadata
from clinicctl.store.engine import Tx, open_store
from tests import stored

ZONE = timezone(timedelta(hours=5, minutes=30))
OPENING = datetime(2026, 3, 2, 3, 30, 15, 250_000, tzinfo=UTC)
TODAY = OPENING.astimezone(ZONE).date()
CLINIC_CAPACITY, OVERBOOK_LIMIT = 2, 2
DOCTORS = {"MEHTA": None, "RAO": 3}
PATIENTS = {
    "P1": ("Anita Sharma", "+91 98765 43210"),
    "P2": ("Rohan Verma", "+91 98765 43210"),
    "P3": ("José Álvarez", ""),
    "P4": ("Mumtaz Anwar", "+91 91234 56789"),
}


@contextmanager
def clock_at(now: Callable[[], datetime]) -> Iterator[None]:
    with mock.patch.object(clock, "now", now):
        yield


def once(tx: Tx, operation: Callable[..., Any], *, key: str | None = None, **request: Any) -> Any:
    """Do an operation as `cli.context` does, without its command line."""
    name = key or f"auto-{tx.now.isoformat()}-{operation.__name__}-{sorted(request.items())}"[:255]
    return desk.journal.once(
        tx, operation, command=operation.__name__, key=name, own_key=key is not None, request=request
    )


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinic with its patients and doctors, and no day yet: every example copies it."""
    path = tmp_path_factory.mktemp("empty") / "clinic.db"
    _make_empty(str(path))
    return path


@pytest.fixture
def beginning(database: str) -> str:
    """The same clinic, on either engine."""
    _make_empty(database)
    return database


def _make_empty(place: str) -> None:
    with clock_at(lambda: OPENING), open_store(place, wait=5).create(actor="desk", key="init") as tx:
        once(tx, desk.clinic.init, name="Clinic", timezone="Asia/Kolkata", region="IN", capacity=CLINIC_CAPACITY)
    with clock_at(lambda: OPENING), open_store(place, wait=5).write(actor="desk", key="staff") as tx:
        for code, capacity in DOCTORS.items():
            once(tx, desk.doctors.add, code=code, name=f"Dr. {code.title()}", capacity=capacity)
        for name, phone in PATIENTS.values():
            once(tx, desk.registration.add, name=name, phone=phone, born=BirthWord("1980-02-29"), note="allergic")


def rounds(place: str, on_a_file: int, on_a_server: int) -> settings:
    """Return the settings of a machine of states: a server takes longer for each of its steps."""
    examples = on_a_server if stored.is_on_server(place) else on_a_file
    return settings(max_examples=examples, stateful_step_count=30, deadline=None, print_blob=True)


# The model


class Refused(Exception):
    """A refusal that the contract asks for: the codes that it may have, and what each must tell."""

    def __init__(self, grounds: Mapping[str, Any]) -> None:
        super().__init__(grounds)
        self.grounds = grounds


def refuse(**grounds: Any) -> None:
    """Refuse if a ground holds: one that is neither None nor False, but True or the details it must tell."""
    held = {code: {} if told is True else told for code, told in grounds.items() if told not in (None, False)}
    if held:
        raise Refused(held)


def lists_the_people_of(visits: "list[Visit]") -> Callable[[Any], bool]:
    return lambda told: sorted(each["appointment"] for each in told) == sorted(each.number for each in visits)


OPEN = {"waiting", "called", "serving"}
"""The statuses of a place in the queue that is not over, of those that the model reaches."""


@dataclass
class Visit:
    """An appointment, with its place in the queue once it has one."""

    number: str
    patient: str
    doctor: str
    on: date
    slot: int
    overbooked: bool
    key: str | None
    status: str = "booked"
    cancelled_by: str | None = None
    position: int | None = None
    queue: str | None = None

    def told(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "patient": {"number": self.patient, "name": PATIENTS[self.patient][0]},
            "doctor": {"code": self.doctor},
            "date": self.on.isoformat(),
            "slot": self.slot,
            "status": self.status,
            "position": self.position,
            "overbooked": self.overbooked,
            "cancelled_by": self.cancelled_by,
            "key": self.key,
        }


@dataclass
class Clinic:
    """What the contract says of bookings, days and queues. An operation returns what its answer must tell."""

    today: date = TODAY
    default: int = CLINIC_CAPACITY
    own: dict[str, int | None] = field(default_factory=lambda: dict(DOCTORS))
    said: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    positions: Counter[tuple[str, date]] = field(default_factory=Counter)
    key: str | None = None
    repeated_takes: bool = False
    """Whether to say again what took places away is to take them away again: the contract leaves it open."""

    def capacity(self, doctor: str, on: date) -> int:
        said = self.said.get((doctor, on), {}).get("capacity")
        own = self.own[doctor]
        return said if said is not None else own if own is not None else self.default

    def present(self, doctor: str, on: date) -> bool:
        return bool(self.said.get((doctor, on), {}).get("present", True))

    def places(self, doctor: str, on: date) -> int:
        return self.capacity(doctor, on) if self.present(doctor, on) else 0

    def holding(self, doctor: str, on: date) -> list[Visit]:
        return [each for each in self.visits if (each.doctor, each.on) == (doctor, on) and each.status != "cancelled"]

    def remaining(self, doctor: str, on: date) -> int:
        return max(0, self.places(doctor, on) - len(self.holding(doctor, on)))

    def queue(self, doctor: str) -> list[Visit]:
        arrived = [each for each in self.holding(doctor, self.today) if each.position]
        return sorted(arrived, key=lambda each: each.position or 0)

    def open(self, doctor: str) -> list[Visit]:
        """The entries that a step may be about: today's, and before them those of earlier days that are not over."""
        earlier = [each for each in self.visits if each.doctor == doctor and self.is_of_an_earlier_queue(each)]
        return [*sorted(earlier, key=lambda each: (each.on, each.position or 0)), *self.queue(doctor)]

    def is_of_an_earlier_queue(self, visit: Visit) -> bool:
        return visit.on < self.today and visit.queue in OPEN

    def still_here(self, patient: str, doctor: str) -> dict[str, Any] | None:
        """What a second arrival must be told of a patient's place in an earlier queue of the doctor."""
        here = [each for each in self.open(doctor) if each.patient == patient and self.is_of_an_earlier_queue(each)]
        return {"position": here[0].position, "date": here[0].on.isoformat()} if here else None

    def second_place(self, visit: Visit) -> dict[str, Any] | None:
        """What an arrival must be told of the patient's open place in the same queue, by another appointment."""
        here = [each for each in self.queue(visit.doctor) if each.patient == visit.patient and each.queue in OPEN]
        return {"position": here[0].position, "appointment": here[0].number} if here else None

    def elsewhere(self, visit: Visit) -> bool:
        """Whether the patient is in consultation with another doctor."""
        return any(
            each.patient == visit.patient and each.queue == "serving" and each.doctor != visit.doctor
            for each in self.visits
        )

    def ahead(self, visit: Visit) -> int:
        waiting = [each for each in self.open(visit.doctor) if each.queue == "waiting"]
        return waiting.index(visit) if visit in waiting else 0

    def book(self, patient: str, doctor: str, on: date, again: bool, overbook: bool, reason: str | None) -> Any:
        full = len(self.holding(doctor, on)) >= self.capacity(doctor, on) + OVERBOOK_LIMIT * overbook
        active = ("booked", "checked_in", "in_consultation")
        refuse(
            past_day=on < self.today,
            doctor_absent=not self.present(doctor, on) and {"next_free": self.are_next_free(doctor, on)},
            capacity_full=full and ({} if overbook else {"next_free": self.are_next_free(doctor, on)}),
            already_booked=not again
            and any(each.patient == patient and each.status in active for each in self.holding(doctor, on)),
        )
        held = {each.slot for each in self.holding(doctor, on)}
        visit = Visit(
            number=f"A{len(self.visits) + 1}",
            patient=patient,
            doctor=doctor,
            on=on,
            slot=next(slot for slot in count(1) if slot not in held),
            overbooked=not self.remaining(doctor, on),
            key=self.key,
        )
        self.visits.append(visit)
        return visit.told() | {"reason": reason}

    def are_next_free(self, doctor: str, after: date) -> Callable[[Any], bool]:
        later = (after + timedelta(days=n) for n in count(1))
        free = (on.isoformat() for on in later if on >= self.today and self.remaining(doctor, on))
        return lambda told: bool(told) and told == list(islice(free, len(told)))

    def cancel(self, appointment: str, by: CancelledBy, reason: str | None) -> Any:
        visit = self.named(appointment)
        refuse(illegal_step=visit.status != "booked")
        visit.status, visit.cancelled_by = "cancelled", str(by)
        return visit.told() | {"cancel_reason": reason}

    def named(self, appointment: str) -> Visit:
        found = [each for each in self.visits if each.number == appointment]
        refuse(appointment_not_found=not found)
        return found[0]

    def check_in(self, arrival: str, patient: str | None, again: bool = False) -> Any:
        visit = self.named(arrival) if arrival.startswith("A") else self.arriving(arrival)
        is_here = visit.queue in OPEN or (visit.position is not None and visit.on == self.today)
        refuse(wrong_patient=patient not in (None, visit.patient))
        refuse(already_checked_in=is_here and {"position": visit.position, "date": visit.on.isoformat()})
        refuse(wrong_day=visit.on != self.today, illegal_step=visit.status != "booked")
        refuse(already_checked_in=None if again else self.still_here(visit.patient, visit.doctor))
        refuse(already_checked_in=self.second_place(visit))
        self.positions[visit.doctor, visit.on] += 1
        visit.status, visit.queue, visit.position = "checked_in", "waiting", self.positions[visit.doctor, visit.on]
        return {"position": visit.position, "people_ahead": self.ahead(visit), "appointment": visit.told()}

    def arriving(self, patient: str) -> Visit:
        todays = [
            each
            for each in self.visits
            if (each.patient, each.on) == (patient, self.today) and each.status != "cancelled"
        ]
        earlier = [each for each in self.visits if each.patient == patient and self.is_of_an_earlier_queue(each)]
        for statuses in ({"booked"}, {"checked_in", "in_consultation"}, {"completed"}):
            found = [each for each in todays if each.status in statuses]
            refuse(ambiguous=len(found) > 1)
            if found:
                return found[0]
        refuse(appointment_not_found=not earlier)
        return min(earlier, key=lambda each: (each.on, each.position or 0))

    def walk_in(self, patient: str, doctor: str, again: bool, overbook: bool, reason: str | None) -> Any:
        refuse(already_checked_in=None if again else self.still_here(patient, doctor))
        self.book(patient, doctor, self.today, again, overbook, reason)
        return self.check_in(self.visits[-1].number, None, again)

    def call(self, doctor: str, position: int | None) -> Any:
        return self.step(doctor, position, "waiting", "called", "checked_in")

    def start(self, doctor: str, position: int | None) -> Any:
        return self.step(doctor, position, "called", "serving", "in_consultation")

    def done(self, doctor: str, position: int | None) -> Any:
        return self.step(doctor, position, "serving", "done", "completed")

    def step(self, doctor: str, position: int | None, leaves: str, reaches: str, status: str) -> Any:
        found = [each for each in self.open(doctor) if position is None or each.position == position]
        able = [each for each in found if each.queue == leaves]
        if position is None:
            able = [each for each in able if leaves != "waiting" or not self.elsewhere(each)]
            refuse(queue_entry_not_found=not able, ambiguous=len(able) > 1 and leaves != "waiting")
        refuse(queue_entry_not_found=not found, illegal_step=not able)
        refuse(ambiguous=position is not None and len(able) > 1)
        visit = able[0]
        refuse(with_another_doctor=leaves != "serving" and self.elsewhere(visit))
        visit.queue, visit.status = reaches, status
        return {
            "doctor": doctor,
            "date": visit.on.isoformat(),
            "position": visit.position,
            "status": reaches,
            "people_ahead": 0,
            "patient": {"number": visit.patient},
            "appointment": visit.told(),
        }

    def set_days(
        self,
        doctor: str,
        on: tuple[date, ...],
        present: bool | None,
        capacity: int | None,
        note: str | None,
        on_conflict: OnConflict,
    ) -> Any:
        refuse(usage=present is None and capacity is None and note is None)
        after: dict[date, dict[str, Any]] = {}
        losing: dict[date, list[Visit]] = {}
        for each in on:
            before = self.said.get((doctor, each), {"present": True, "capacity": None, "note": None})
            after[each] = {
                "present": before["present"] if present is None else present,
                "capacity": before["capacity"] if capacity is None else capacity,
                "note": before["note"] if note is None else note or None,
            }
            places = capacity if capacity is not None else self.capacity(doctor, each)
            takes = present is False or (capacity is not None and capacity <= self.capacity(doctor, each))
            takes = takes or on_conflict is OnConflict.CANCEL
            losing[each] = self.losing(doctor, each, places if after[each]["present"] else 0, takes=takes)
        leaving = {each for each in on if self.present(doctor, each) and not after[each]["present"]}
        here = [each for each in self.visits if each.doctor == doctor and each.on in leaving and each.queue in OPEN]
        self.settle(losing, on_conflict, here, past_day=min(on) < self.today)
        # To clear a note that is not there says nothing of a day.
        says = present is not None or capacity is not None or bool(note)
        self.said |= {(doctor, on): said for on, said in after.items() if says or (doctor, on) in self.said}
        cancels = on_conflict is OnConflict.CANCEL
        return [
            self.day(doctor, each) | {"cancelled": lists_the_people_of(losing[each] if cancels else [])} for each in on
        ]

    def losing(self, doctor: str, on: date, places: int, *, takes: bool) -> list[Visit]:
        """Those still booked whom so many places leave without one, by slot; the first slots are kept."""
        if places < self.places(doctor, on) or (takes and self.repeated_takes):
            over = max(0, len(self.holding(doctor, on)) - places)
            booked = [each for each in self.holding(doctor, on) if each.status == "booked"]
            return sorted(booked, key=lambda each: each.slot)[max(0, len(booked) - over) :]
        return []

    def settle(
        self,
        losing: Mapping[date, list[Visit]],
        on_conflict: OnConflict,
        here: Sequence[Visit] = (),
        **grounds: bool,
    ) -> None:
        """Patients who are here cannot be cancelled: they are in the way of everything but to keep them."""
        everybody = [visit for visits in losing.values() for visit in visits]
        # Without hours, nobody can be moved to another time.
        booked = everybody if on_conflict in (OnConflict.REFUSE, OnConflict.MOVE) else []
        in_the_way = [*here, *booked] if on_conflict is not OnConflict.KEEP else []
        told = {"affected": lists_the_people_of(in_the_way), "count": len(in_the_way)}
        refuse(has_bookings=bool(in_the_way) and told, **grounds)
        if on_conflict is OnConflict.CANCEL:
            for visit in everybody:
                visit.status, visit.cancelled_by = "cancelled", "clinic"

    def day(self, doctor: str, on: date) -> dict[str, Any]:
        return {
            "doctor": doctor,
            "date": on.isoformat(),
            "present": self.present(doctor, on),
            "capacity": self.capacity(doctor, on),
            "booked": len(self.holding(doctor, on)),
            "remaining": self.remaining(doctor, on),
            "note": self.said.get((doctor, on), {}).get("note"),
            "source": "day" if (doctor, on) in self.said else "default",
        }

    def edit(self, doctor: str, capacity: int, on_conflict: OnConflict) -> Any:
        self.follow([doctor], capacity, on_conflict)
        self.own[doctor] = capacity
        return {"code": doctor, "capacity": capacity}

    def set_setting(self, name: str, value: str) -> Any:
        self.follow([code for code, own in self.own.items() if own is None], int(value), OnConflict.REFUSE)
        self.default = int(value)
        return {"name": name, "value": value}

    def follow(self, doctors: list[str], capacity: int, on_conflict: OnConflict) -> None:
        for doctor in doctors:
            losing: dict[date, list[Visit]] = {}
            for on in {each.on for each in self.visits if each.doctor == doctor and each.on >= self.today}:
                if self.said.get((doctor, on), {}).get("capacity") is None:
                    takes = capacity <= self.capacity(doctor, on)
                    places = capacity if self.present(doctor, on) else 0
                    losing[on] = self.losing(doctor, on, places, takes=takes)
            self.settle(losing, on_conflict)

    def standing(self) -> tuple[set[Any], set[Any]]:
        """What the tables of appointments and days must hold."""
        return (
            {
                (
                    *(each.number, each.patient, each.doctor, each.on.isoformat(), each.slot, each.status),
                    *(each.overbooked, each.cancelled_by, each.position, each.queue),
                )
                for each in self.visits
            },
            {(doctor, on.isoformat(), *said.values()) for (doctor, on), said in self.said.items()},
        )


def fits(expected: Any, told: Any) -> bool:
    """Whether an answer tells what it must; what it tells beside that is its own."""
    if callable(expected):
        return bool(expected(told))
    if isinstance(expected, dict):
        return all(name in told and fits(value, told[name]) for name, value in expected.items())
    if isinstance(expected, list):
        return len(expected) == len(told) and all(map(fits, expected, told))
    return bool(expected == told)


# The machine

OPERATIONS = {
    "book": desk.bookings.book,
    "cancel": desk.bookings.cancel,
    "check_in": desk.arrivals.check_in,
    "walk_in": desk.arrivals.walk_in,
    "call": desk.queue.call,
    "start": desk.queue.start,
    "done": desk.queue.done,
    "set_days": desk.availability.set_days,
    "edit": desk.doctors.edit,
    "set_setting": desk.clinic.set_setting,
}

_patient = st.sampled_from(sorted(PATIENTS))
_doctor = st.sampled_from(["MEHTA", "MEHTA", "RAO"])
_seldom = st.sampled_from([False, False, True])
_reason = st.sampled_from([None, "cough"])
_appointment = st.integers(1, 12).map("A{}".format)
_position = st.sampled_from([None, None, 1, 2, 3, 4])
_on_conflict = st.sampled_from(OnConflict)
_turn = st.fixed_dictionaries({"doctor": _doctor, "position": _position})
REQUESTS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "book": st.fixed_dictionaries(
        {
            "patient": _patient,
            "doctor": _doctor,
            "on": st.sampled_from([0, 0, 0, 1, 2, -1]),
            "again": _seldom,
            "overbook": _seldom,
            "reason": _reason,
        }
    ),
    "cancel": st.fixed_dictionaries(
        {"appointment": _appointment, "by": st.sampled_from(CancelledBy), "reason": _reason}
    ),
    "check_in": st.fixed_dictionaries(
        {"arrival": _appointment | _patient, "patient": st.none() | st.none() | _patient}
    ),
    "walk_in": st.fixed_dictionaries(
        {"patient": _patient, "doctor": _doctor, "again": _seldom, "overbook": _seldom, "reason": _reason}
    ),
    "call": _turn,
    "start": _turn,
    "done": _turn,
    "set_days": st.fixed_dictionaries(
        {
            "doctor": _doctor,
            "on": st.sampled_from([(0,), (0,), (1,), (0, 1, 2), (0, 2), (-1, 0)]),
            "present": st.sampled_from([None, True, False]),
            "capacity": st.sampled_from([None, 0, 1, 2, 3, 4]),
            "note": st.sampled_from([None, "", "congress"]),
            "on_conflict": _on_conflict,
        }
    ),
    "edit": st.fixed_dictionaries({"doctor": _doctor, "capacity": st.integers(1, 4), "on_conflict": _on_conflict}),
    "set_setting": st.fixed_dictionaries({"name": st.just("capacity"), "value": st.sampled_from(["1", "2", "3", "4"])}),
}
HOW = st.sampled_from(["new", "new", "new", "new", "new", "keyless", "dry run", "reused"])
SPELLING = st.integers(0, 2)


@dataclass(frozen=True)
class Answered:
    """A write that was accepted under a key of the caller's own."""

    operation: str
    request: dict[str, Any]
    result: Any


def same_answer(first: Any, again: Any) -> bool:
    """Whether a replay answers as the first time. What is personal is as it stands now; what was empty stays empty."""
    if is_dataclass(first):
        return type(first) is type(again) and all(
            getattr(first, each.name) is not None or getattr(again, each.name) is None
            if each.metadata.get("personal")
            else same_answer(getattr(first, each.name), getattr(again, each.name))
            for each in fields(first)
        )
    if isinstance(first, list | tuple):
        return len(first) == len(again) and all(map(same_answer, first, again))
    return bool(plain(first) == plain(again))


class DeskBesideTheModel(RuleBasedStateMachine):
    """Any sequence of writes at the desk, and the model's word on each."""

    def __init__(self, beginning: str) -> None:
        super().__init__()
        self.ending = ExitStack()
        self.place = self.ending.enter_context(stored.copied(beginning))
        self.store = open_store(self.place, wait=5)
        self.bare = self.ending.enter_context(stored.looking(self.place))
        self.now = OPENING
        self.patched = clock_at(lambda: self.now)
        self.patched.__enter__()
        self.model = Clinic()
        self.answered: dict[str, Answered] = {}
        self.unused: list[str] = []
        self.serial = count(1)
        self.keys = [key for (key,) in self.bare("SELECT key FROM journal ORDER BY number")]
        self.names = stored.tables(self.place)
        self.tables = self.dump()
        self.ids = dict(self.bare("SELECT 'P' || number, id FROM patients UNION SELECT code, id FROM doctors"))

    def teardown(self) -> None:
        self.patched.__exit__(None, None, None)
        self.ending.close()

    def dump(self) -> dict[str, list[Any]]:
        return {name: self.bare(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in self.names}

    # What the desk is told

    @rule(request=REQUESTS["book"], how=HOW, spelling=SPELLING)
    def book(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("book", request, how, spelling)

    @rule(request=REQUESTS["cancel"], how=HOW, spelling=SPELLING)
    def cancel(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("cancel", request, how, spelling)

    @rule(request=REQUESTS["check_in"], how=HOW, spelling=SPELLING)
    def check_in(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("check_in", request, how, spelling)

    @rule(request=REQUESTS["walk_in"], how=HOW, spelling=SPELLING)
    def walk_in(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("walk_in", request, how, spelling)

    @rule(step=st.sampled_from(["call", "start", "done"]), request=_turn, how=HOW, spelling=SPELLING)
    def step_in_the_queue(self, step: str, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write(step, request, how, spelling)

    @rule(request=REQUESTS["set_days"], how=HOW, spelling=SPELLING)
    def set_days(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("set_days", request, how, spelling)

    @rule(request=REQUESTS["edit"], how=HOW, spelling=SPELLING)
    def edit_the_doctor(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("edit", request, how, spelling)

    @rule(request=REQUESTS["set_setting"], how=HOW, spelling=SPELLING)
    def set_the_default_capacity(self, request: dict[str, Any], how: str, spelling: int) -> None:
        self.write("set_setting", request, how, spelling)

    @precondition(lambda self: self.answered)
    @rule(nth=st.integers(0, 40), spelling=SPELLING)
    def retry(self, nth: int, spelling: int) -> None:
        key = sorted(self.answered)[nth % len(self.answered)]
        first = self.answered[key]
        self.attempt(first.operation, first.request, key=key, spelling=spelling)

    @precondition(lambda self: self.answered)
    @rule(nth=st.integers(0, 40), data=st.data(), spelling=SPELLING)
    def reuse_a_key_with_one_word_changed(self, nth: int, data: st.DataObject, spelling: int) -> None:
        key = sorted(self.answered)[nth % len(self.answered)]
        first = self.answered[key]
        other = self.dated(data.draw(REQUESTS[first.operation]))
        word = data.draw(st.sampled_from(sorted(other)))
        self.attempt(first.operation, {**first.request, word: other[word]}, key=key, spelling=spelling)

    @precondition(lambda self: len(self.model.visits) > 3 * (1 + (self.model.today - TODAY).days))
    @rule()
    def a_night_passes(self) -> None:
        self.now += timedelta(days=1)
        self.model.today += timedelta(days=1)

    def write(self, operation: str, request: dict[str, Any], how: str, spelling: int) -> None:
        key: str | None = self.unused[-1] if self.unused else f"key {next(self.serial):03}"
        if how == "keyless":
            key = None
        elif how == "reused" and self.answered:
            key = max(self.answered)
        self.attempt(operation, self.dated(request), key=key, spelling=spelling, dry_run=how == "dry run")

    def dated(self, request: dict[str, Any]) -> dict[str, Any]:
        on = request.get("on")
        if on is None:
            return request
        one, several = isinstance(on, int), on if isinstance(on, tuple) else (on,)
        dates = tuple(self.model.today + timedelta(days=each) for each in several)
        return {**request, "on": dates[0] if one else dates}

    def attempt(
        self, operation: str, request: dict[str, Any], *, key: str | None, spelling: int, dry_run: bool = False
    ) -> None:
        """Do one write, and compare its answer and the tables with what the model says."""
        self.now += timedelta(seconds=47, microseconds=130_007)
        name = key or f"auto-{next(self.serial)}"
        told: Any = None
        refused: errors.Refusal | None = None
        try:
            with self.store.write(actor="desk", key=name, dry_run=dry_run) as tx:
                told = desk.journal.once(
                    tx,
                    OPERATIONS[operation],
                    command=operation,
                    key=name,
                    own_key=key is not None,
                    request=self.spoken(request, spelling),
                )
        except errors.Refusal as refusal:
            refused = refusal
        before, self.tables = self.tables, self.dump()
        first = self.answered.get(key or "")
        if first and (first.operation, first.request) == (operation, request):
            assert told is not None, f"a retry was refused: {refused!r}"
            assert told.replayed
            assert same_answer(first.result, told.result), f"first {first.result}, then {told.result}"
        elif first:
            assert refused is not None, f"a key was taken for two requests: {told}"
            assert refused.code == "key_reused"
        else:
            self.expect(operation, request, key, told, refused, dry_run=dry_run)
        if refused or dry_run or told.replayed:
            assert self.tables == before, "a write that was not done has left something"
            if key and not first and key not in self.unused:
                self.unused.append(key)
            return
        self.keys.append(name)
        if key:
            self.answered[key] = Answered(operation, request, told.result)
            self.unused = [each for each in self.unused if each != key]

    def spoken(self, request: dict[str, Any], spelling: int) -> dict[str, Any]:
        """The request in the words of the command line: a number, another case or a UUID; a date or a word for it."""
        spell: dict[str, Callable[[Any], Any]] = {
            "patient": lambda said: PatientRef((said, PATIENTS[said][0].upper(), self.ids[said])[spelling]),
            "doctor": lambda said: DoctorRef((said, said.lower(), self.ids[said])[spelling]),
            "appointment": lambda said: AppointmentRef((said, said.lower(), self.id_of(said))[spelling]),
            "arrival": lambda said: ArrivalRef((said, said.lower(), self.id_of(said))[spelling]),
            "on": lambda said: self.days(said, spelling) if isinstance(said, tuple) else self.day(said, spelling),
        }
        return {name: spell[name](said) if said and name in spell else said for name, said in request.items()}

    def id_of(self, said: str) -> str:
        found = self.bare("SELECT id FROM appointments WHERE 'A' || number = ?", said).fetchone()
        return str(found[0]) if found else self.ids.get(said, said)

    def day(self, said: date, spelling: int) -> DayWord:
        away = (said - self.model.today).days
        word = {-1: "yesterday", 0: "today", 1: "Tomorrow"}.get(away, said.isoformat())
        return DayWord((said.isoformat(), word, f"{away:+}d")[spelling])

    def days(self, said: tuple[date, ...], spelling: int) -> DaysWord:
        if spelling and said[-1] - said[0] == timedelta(days=len(said) - 1):
            return DaysWord(f"{self.day(said[0], spelling)}..{self.day(said[-1], spelling)}")
        return DaysWord(",".join(self.day(each, spelling) for each in reversed(said)))

    def expect(
        self,
        operation: str,
        request: dict[str, Any],
        key: str | None,
        told: Any,
        refused: errors.Refusal | None,
        *,
        dry_run: bool,
    ) -> None:
        """Take a reading of the contract that the answer and the tables agree with; there must be one."""
        answer = (refused.code, refused.details) if refused else plain(told.result)
        expected: list[Any] = []
        for repeated_takes in (False, True):
            model = deepcopy(self.model)
            model.key, model.repeated_takes = key, repeated_takes
            try:
                must = getattr(model, operation)(**request)
                right = not refused and fits(must, answer)
            except Refused as refusal:
                model, must = self.model, refusal.grounds
                right = refused is not None and refused.code in must and fits(must[refused.code], refused.details)
            if right and (dry_run or model.standing() == self.standing()):
                self.model = self.model if dry_run else model
                return
            expected.append(must)
        raise AssertionError(f"{operation} {request}: {expected} was expected, {answer} was told")

    def standing(self) -> tuple[set[Any], set[Any]]:
        """What the tables hold, in the model's words."""
        return (
            set(
                self.bare(
                    "SELECT 'A' || a.number, 'P' || p.number, d.code, a.date, a.slot, a.status, a.overbooked,"
                    " a.cancelled_by, q.position, q.status FROM appointments a JOIN patients p ON p.id = a.patient_id"
                    " JOIN doctors d ON d.id = a.doctor_id LEFT JOIN queue_entries q ON q.appointment_id = a.id"
                )
            ),
            set(
                self.bare(
                    "SELECT d.code, s.date, s.present, s.capacity, s.note"
                    " FROM doctor_daily_availabilities s JOIN doctors d ON d.id = s.doctor_id"
                )
            ),
        )

    # What holds after every step

    @invariant()
    def what_stands_is_what_the_model_says(self) -> None:
        assert self.standing() == self.model.standing()

    @invariant()
    def slots_held_on_a_day_are_unique_and_count_from_one(self) -> None:
        assert not self.bare(
            "SELECT doctor_id, date, slot FROM appointments WHERE status <> 'cancelled'"
            " GROUP BY doctor_id, date, slot HAVING count(*) > 1 OR slot < 1"
        ).fetchall()

    @invariant()
    def the_ledger_counts_the_appointments_that_hold_a_slot(self) -> None:
        held = "count(*) FILTER (WHERE status <> 'cancelled')"
        booked = f"SELECT doctor_id, date, {held} FROM appointments GROUP BY doctor_id, date"
        ledger = "SELECT doctor_id, date, booked FROM doctor_daily_capacities"
        assert sorted(self.bare(ledger)) == sorted(self.bare(booked))
        assert not self.bare(
            "SELECT * FROM doctor_daily_capacities"
            " WHERE remaining <> CASE WHEN capacity > booked THEN capacity - booked ELSE 0 END"
        ).fetchall()

    @invariant()
    def the_ledger_of_today_and_later_has_the_capacity_that_was_said(self) -> None:
        for code, on, capacity in self.bare(
            "SELECT code, date, l.capacity FROM doctor_daily_capacities l JOIN doctors d ON d.id = doctor_id"
        ):
            if date.fromisoformat(on) >= self.model.today:
                assert capacity == self.model.capacity(code, date.fromisoformat(on))

    @invariant()
    def positions_are_one_to_the_last_given(self) -> None:
        given: dict[tuple[str, str], list[int]] = {}
        for doctor, on, position in self.bare("SELECT doctor_id, date, position FROM queue_entries ORDER BY position"):
            given.setdefault((doctor, on), []).append(position)
        for doctor, on, last in self.bare("SELECT doctor_id, date, last_position FROM doctor_daily_capacities"):
            assert given.pop((doctor, on), []) == list(range(1, last + 1))
        assert not given

    @invariant()
    def a_place_in_the_queue_fits_its_appointment(self) -> None:
        for status, queue, same_day in self.bare(
            "SELECT a.status, q.status, (a.doctor_id, a.date) = (q.doctor_id, q.date)"
            " FROM queue_entries q JOIN appointments a ON a.id = q.appointment_id"
        ):
            assert QUEUED_WHILE[queue] == status
            assert same_day
        assert not self.bare(
            "SELECT number FROM appointments WHERE status IN ('checked_in', 'in_consultation', 'completed', 'left')"
            " AND id NOT IN (SELECT appointment_id FROM queue_entries)"
        ).fetchall()

    @invariant()
    def the_journal_replayed_from_its_first_row_gives_what_stands(self) -> None:
        state: dict[str, tuple[Any, ...]] = {}
        for appointment, left, reached, queue_left, queue_reached, slot, position in self.bare(
            "SELECT appointment_id, from_status, to_status, queue_from, queue_to, slot, position"
            " FROM journal_steps ORDER BY journal_number, nth"
        ):
            assert state.get(appointment, (None, None))[:2] == (left, queue_left)
            state[appointment] = (reached, queue_reached, slot, position)
        assert state == {
            appointment: tuple(stands)
            for appointment, *stands in self.bare(
                "SELECT a.id, a.status, q.status, slot, position"
                " FROM appointments a LEFT JOIN queue_entries q ON q.appointment_id = a.id"
            )
        }

    @invariant()
    def an_accepted_write_is_one_row_of_a_journal_that_verifies_and_the_desk_reads_what_the_model_says(self) -> None:
        assert [key for (key,) in self.bare("SELECT key FROM journal ORDER BY number")] == self.keys
        with self.store.read(actor="desk") as tx:
            assert desk.journal.examine(tx).findings == ()
            for code in DOCTORS:
                shown = desk.queue.show(tx, doctor=DoctorRef(code), on=DayWord("today"))
                queue = {each.position: (str(each.queue), self.model.ahead(each)) for each in self.model.queue(code)}
                assert {each.position: (str(each.status), each.people_ahead) for each in shown} == queue
                current = {(each.date, each.position) for each in desk.queue.show(tx, doctor=DoctorRef(code))}
                assert current >= {(each.on, each.position) for each in self.model.open(code)}
                earlier = {each.on for each in self.model.open(code)} | {self.model.today}
                assert {on for on, _ in current} <= earlier
                waiting = [each.position for each in shown if each.status == QueueStatus.WAITING]
                assert waiting == sorted(waiting)
                days = desk.availability.show_days(tx, doctor=DoctorRef(code), on=DaysWord("today..+2d"))
                assert fits([self.model.day(code, each.date) for each in days], plain(days))

    @invariant()
    def no_row_lacks_the_one_it_refers_to(self) -> None:
        # On a server no transaction ends in such a state.
        assert stored.is_on_server(self.place) or not self.bare("PRAGMA foreign_key_check").fetchall()


def test_the_desk_agrees_with_the_model_on_any_sequence_of_writes(beginning: str) -> None:
    run_state_machine_as_test(partial(DeskBesideTheModel, beginning), settings=rounds(beginning, 60, 4))


# Pure decisions


@pytest.mark.file
@given(st.lists(st.integers(1, 12)))
def test_the_lowest_free_slot_is_free_and_none_below_it_is(held: list[int]) -> None:
    slot = slots.lowest_free(held)
    assert slot not in held
    assert set(range(1, slot)) <= set(held)


@dataclass(frozen=True)
class Entry:
    date: date
    position: int
    status: str
    priority: int
    recalled: int
    moved_up: bool


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.sampled_from([date(2026, 11, 22), date(2026, 11, 23)]),
        st.integers(1, 30),
        st.sampled_from(QueueStatus),
        st.integers(-1, 1),
        st.integers(0, 2),
        st.booleans(),
    ),
    unique_by=lambda entry: (entry.date, entry.position),
)


@pytest.mark.file
@given(ENTRIES, st.randoms(use_true_random=False))
def test_the_nth_to_be_called_has_so_many_ahead_and_nobody_else_has_any(entries: list[Entry], random: Any) -> None:
    ordered = transitions.calling_order(entries)
    assert sorted(ordered, key=repr) == sorted(entries, key=repr)
    waiting = [each for each in ordered if each.status == "waiting"]
    random.shuffle(entries)
    assert transitions.calling_order(entries) == ordered
    ahead = transitions.people_ahead(entries)
    assert [ahead[each.date, each.position] for each in waiting] == list(range(len(waiting)))
    assert len(ahead) == len(waiting)


@pytest.mark.file
@given(ENTRIES)
def test_the_calling_order_is_priority_then_position_recalled_last(entries: list[Entry]) -> None:
    waiting = [each for each in transitions.calling_order(entries) if each.status == "waiting"]
    for first, then in pairwise(waiting):
        assert first.date <= then.date
        assert first.date < then.date or first.priority >= then.priority
        if (first.date, first.priority) == (then.date, then.priority):
            assert first.moved_up >= then.moved_up
            if first.moved_up == then.moved_up:
                assert first.recalled <= then.recalled
                assert first.recalled < then.recalled or first.position < then.position


FINAL = {"cancelled", "completed"}
QUEUED_WHILE = {
    **dict.fromkeys(("waiting", "called", "skipped", "held"), "checked_in"),
    "serving": "in_consultation",
    "done": "completed",
    "left": "left",
}
ALLOWED = {
    *(("booked", "checked_in"), ("checked_in", "in_consultation"), ("in_consultation", "completed")),
    *(("booked", "cancelled"), ("booked", "no_show"), ("checked_in", "left"), ("no_show", "checked_in")),
    ("left", "checked_in"),
}
ALLOWED_IN_THE_QUEUE = {
    *(("waiting", "called"), ("called", "serving"), ("serving", "done"), ("called", "skipped"), ("skipped", "waiting")),
    *(("waiting", "left"), ("called", "left"), ("skipped", "left"), ("held", "left")),
    *(("waiting", "held"), ("held", "waiting"), ("left", "waiting")),
}


@pytest.mark.file
@pytest.mark.parametrize("step", transitions.STEPS, ids=lambda step: step.name)
def test_a_step_is_one_that_the_contract_has(step: transitions.Step) -> None:
    assert not step.leaves & FINAL
    assert "done" not in step.queue_leaves
    assert step is transitions.RETURN or "left" not in {*step.leaves, *step.queue_leaves}
    assert {(left, step.reaches) for left in step.leaves if left != step.reaches} <= ALLOWED
    if step is not transitions.TRANSFER:  # which begins a wait in another queue
        assert {(left, step.queue_reaches) for left in step.queue_leaves} <= ALLOWED_IN_THE_QUEUE
    if step.queue_reaches:
        assert QUEUED_WHILE[step.queue_reaches] == step.reaches
    for left in step.queue_leaves:
        assert QUEUED_WHILE[left] in step.leaves


@pytest.mark.file
def test_every_status_is_reached_from_a_booking() -> None:
    taken = {("booked", "")}
    for _ in transitions.STEPS:
        taken |= {
            (str(step.reaches), str(step.queue_reaches or ""))
            for step in transitions.STEPS
            for status, queue in taken
            if status in step.leaves and queue in (step.queue_leaves or {""})
        }
    assert set(AppointmentStatus) - {status for status, _ in taken} == set()
    assert set(QueueStatus) - {queue for _, queue in taken} == set()


@pytest.mark.file
def test_every_status_but_cancelled_holds_a_slot() -> None:
    assert set(AppointmentStatus) - transitions.HOLDS_A_SLOT == {"cancelled"}
    assert {"booked", "checked_in", "in_consultation"} == transitions.ACTIVE


# What the journal keeps


@pytest.fixture(scope="module")
def furnished(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clinic in the middle of its day: booked, cancelled with a reason, waiting, and days with notes."""
    path = Path(shutil.copy(empty, tmp_path_factory.mktemp("furnished") / "clinic.db"))
    mehta, rao, today = DoctorRef("MEHTA"), DoctorRef("RAO"), DayWord("today")
    with clock_at(lambda: OPENING), open_store(str(path), wait=5).write(actor="desk", key="day") as tx:
        on = DaysWord("today..tomorrow")
        once(tx, desk.availability.set_days, key="a", doctor=mehta, on=on, capacity=3, note="congress")
        once(tx, desk.bookings.book, key="b", patient=PatientRef("P1"), doctor=mehta, on=today, reason="cough")
        once(tx, desk.arrivals.walk_in, patient=PatientRef("P2"), doctor=mehta)
        once(tx, desk.arrivals.walk_in, patient=PatientRef("P3"), doctor=mehta)
        once(tx, desk.bookings.book, patient=PatientRef("P1"), doctor=rao, on=today)
        once(tx, desk.bookings.cancel, appointment=AppointmentRef("A4"), by=CancelledBy.CLINIC, reason="ill")
        once(tx, desk.weekly.set_weekly, doctor=rao, on=WeekdaysWord("sun"), off=True)
        for patient in ("P1", "P2"):
            once(tx, desk.waitlist.add, patient=PatientRef(patient), doctor=rao, on=DaysWord("tomorrow"))
    return path


WRITES = [
    *OPERATIONS.values(),
    desk.clinic.init,
    desk.doctors.add,
    desk.registration.add,
    desk.registration.edit,
    desk.imports.days.set_availability,
    desk.imports.patients.add_patients,
    desk.imports.doctors.add_doctors,
    desk.imports.holidays.import_dates,
    desk.holidays.add,
    desk.holidays.remove,
    desk.visit_types.add,
    desk.visit_types.edit,
    desk.visit_types.remove,
]
IDENTITY: dict[type, tuple[str, ...]] = {
    PatientBrief: ("number",),
    Patient: ("number",),
    Registered: ("number",),
    Edited: ("number",),
    Candidate: ("number",),
    DoctorBrief: ("code",),
    Doctor: ("code",),
    Appointment: ("number",),
    Booked: ("number",),
    Moved: ("appointment",),
    ToCall: ("appointment",),
    Day: ("doctor", "date"),
}
ATOMS: dict[Any, st.SearchStrategy[Any]] = {
    # Shorter than any of what must not be kept: Hypothesis draws from the words of the program and its tests, too.
    str: st.text(max_size=4),
    int: st.integers(),
    bool: st.booleans(),
    UUID: st.uuids(),
    date: st.dates(),
    time: st.times().map(lambda each: each.replace(second=0, microsecond=0, fold=0)),
    datetime: st.datetimes(timezones=st.just(ZONE)).map(lambda each: each.replace(microsecond=0, fold=0)),
}


def on_file(tx: Tx) -> dict[type, list[Any]]:
    """What the desk itself shows of everything that a result may be about."""
    patients, doctors = list(desk.patients.iter_all(tx)), desk.doctors.list_all(tx)
    appointments = list(desk.appointment_lists.iter_matching(tx))
    phones = {each.number: each.phone for each in patients}
    to_call = [
        SimpleNamespace(appointment=each.number, name=each.patient.name, phone=phones[each.patient.number])
        for each in appointments
    ]
    return {
        **dict.fromkeys((Patient, Registered, Edited, PatientBrief), patients),
        Candidate: [
            SimpleNamespace(
                **desk.candidates.of_patients(tx, [desk.lookup.find_patient(tx, PatientRef(each.number))])[0]
            )
            for each in patients
        ],
        **dict.fromkeys((Doctor, DoctorBrief), doctors),
        **dict.fromkeys((Appointment, Booked), appointments),
        **dict.fromkeys((ToCall, Moved), to_call),
        Day: desk.availability.show_days(tx, doctor=DoctorRef("MEHTA"), on=DaysWord("today..+2d")),
    }


def facts(hint: Any, known: Mapping[type, list[Any]]) -> st.SearchStrategy[Any]:
    """Results of any content, their personal facts as they stand on file."""
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(*(facts(each, known) for each in get_args(hint)))
    if get_origin(hint) in (list, tuple):
        return st.lists(facts(get_args(hint)[0], known), max_size=3).map(get_origin(hint))
    if is_dataclass(hint):
        return st.sampled_from(known.get(hint, [None])).flatmap(partial(_built, hint, known))  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, tuple):
        return st.builds(hint, **{name: facts(each, known) for name, each in get_type_hints(hint).items()})
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(hint)
    return st.none() if hint is NoneType else ATOMS[hint]


def _built(kind: type, known: Mapping[type, list[Any]], stands: Any) -> st.SearchStrategy[Any]:
    as_on_file = {each.name for each in fields(kind) if each.metadata.get("personal")} | {*IDENTITY.get(kind, ())}
    estimates = {each.name for each in fields(kind) if each.metadata.get("estimate")}
    return st.builds(
        kind,
        **{
            name: st.just(getattr(stands, name)) if name in as_on_file else facts(hint, known)
            for name, hint in get_type_hints(kind).items()
            # They are not stored, so a replay has none.
            if name not in estimates
        },
    )


def _whole(value: Any) -> Any:
    """A result with the type of each thing in it, so that two can be compared."""
    # The classes of a replaced clock are those that they stand for.
    for instant in (datetime, date, time):
        if isinstance(value, instant):
            return instant, value.isoformat()
    kind = type(value)
    if is_dataclass(value):
        return kind, {each.name: _whole(getattr(value, each.name)) for each in fields(value)}
    return kind, [_whole(each) for each in value] if isinstance(value, list | tuple) else repr(value)


@pytest.mark.file
@pytest.mark.parametrize("operation", WRITES, ids=lambda each: f"{each.__module__.rpartition('.')[2]}.{each.__name__}")
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_result_survives_the_journal_without_personal_data(
    furnished: Path, operation: Callable[..., Any], data: st.DataObject
) -> None:
    with clock_at(lambda: OPENING), open_store(str(furnished), wait=5).read(actor="desk") as tx:
        result = data.draw(facts(get_type_hints(operation)["return"], on_file(tx)))
        kept = json.dumps(replay.stored(result))
        assert _whole(replay.result(tx, json.loads(kept))) == _whole(result)
    for name, phone in PATIENTS.values():
        assert name not in kept
        assert json.dumps(name)[1:-1] not in kept
        assert not phone or phone.replace(" ", "") not in kept
    assert not any(each in kept for each in ("congress", "cough", "1980-02-29", "allergic"))


# What the database refuses, whoever asks

DAY = "doctor_daily_availabilities"
LEDGER, WEEKLY = "doctor_daily_capacities", "doctor_weekly_patterns"
FIRST_ID, LAST_ID = "0" * 32, "f" * 32
"""Ids of nobody."""
AT = "'2026-03-02 09:00:00.000000'"
# Both engines run these: a server knows no rowid, and an id has to look like one.


def message(
    *,
    appointment: int = 1,
    kind: str = "near",
    occasion: int = 7,
    state: str = "pending",
    attempts: int = 0,
    channel: str = "NULL",
) -> str:
    """Return the statement that inserts a message."""
    values = f"{appointment}, '{kind}', {occasion}, {AT}, '{state}', {attempts}, {channel}, NULL, NULL, {AT}, {AT}"
    return f"INSERT INTO messages VALUES ({values})"


BROKEN = [
    ("ck_counters_value", "UPDATE counters SET value = -1"),
    ("uq_patients_number", "UPDATE patients SET number = 1 WHERE number = 2"),
    ("ck_patients_number", "UPDATE patients SET number = 0 WHERE number = 1"),
    ("ck_patients_name", "UPDATE patients SET name = ''"),
    ("ck_patients_name", f"UPDATE patients SET name = '{'x' * 201}'"),
    ("ck_patients_phone", "UPDATE patients SET phone = '9876543210'"),
    ("ck_patients_sex", "UPDATE patients SET sex = 'f'"),
    ("ck_patients_notify", "UPDATE patients SET notify = 'post'"),
    ("ck_patients_language", "UPDATE patients SET language = 'x'"),
    ("ck_patients_born", "UPDATE patients SET born = '1980-02-01', born_year = 1980"),
    ("ck_patients_born_month", "UPDATE patients SET born = NULL, born_year = NULL, born_month = 1 WHERE number = 1"),
    ("ck_patients_born_month", "UPDATE patients SET born = NULL, born_year = 1980, born_month = 13 WHERE number = 1"),
    ("ck_queue_entries_moved_up", "UPDATE queue_entries SET moved_up = 2"),
    ("uq_patient_phones_position", "INSERT INTO patient_phones SELECT '1', patient_id, position FROM patient_phones"),
    ("ck_patient_phones_position", "UPDATE patient_phones SET position = 0"),
    (
        "fk_patient_phones_patient_id",
        f"UPDATE patient_phones SET patient_id = '{LAST_ID}'"
        " WHERE patient_id = (SELECT id FROM patients WHERE number = 1)",
    ),
    (
        "ck_distinct_patients_order",
        "INSERT INTO distinct_patients SELECT one.id, other.id FROM patients AS one, patients AS other"
        " WHERE one.id > other.id",
    ),
    (
        "fk_distinct_patients_one_id",
        f"INSERT INTO distinct_patients SELECT '{FIRST_ID}', id FROM patients WHERE number = 1",
    ),
    (
        "fk_distinct_patients_other_id",
        f"INSERT INTO distinct_patients SELECT id, '{LAST_ID}' FROM patients WHERE number = 1",
    ),
    (
        "fk_patient_keys_patient",
        "UPDATE patient_keys SET patient = 1000"
        " WHERE patient = 1 AND key = (SELECT max(key) FROM patient_keys WHERE patient = 1)",
    ),
    ("fk_patient_words_patient_id", f"UPDATE patient_words SET patient_id = '{LAST_ID}'"),
    ("uq_doctors_code", "UPDATE doctors SET code = 'RAO'"),
    ("ck_doctors_code", "UPDATE doctors SET code = 'mehta' WHERE code = 'MEHTA'"),
    ("ck_doctors_code", "UPDATE doctors SET code = '' WHERE code = 'MEHTA'"),
    ("ck_doctors_capacity", "UPDATE doctors SET capacity = 0"),
    ("ck_doctors_capacity", "UPDATE doctors SET capacity = 501"),
    (f"uq_{DAY}_doctor_id_date", f"UPDATE {DAY} SET date = '2026-03-02'"),
    (f"ck_{DAY}_capacity", f"UPDATE {DAY} SET capacity = -1"),
    (f"ck_{DAY}_capacity", f"UPDATE {DAY} SET capacity = 501"),
    (f"ck_{DAY}_present", f"UPDATE {DAY} SET present = 2"),
    (f"fk_{DAY}_doctor_id", f"UPDATE {DAY} SET doctor_id = '{LAST_ID}'"),
    (f"uq_{LEDGER}_doctor_id_date", f"UPDATE {LEDGER} SET doctor_id = (SELECT id FROM doctors WHERE code = 'RAO')"),
    (f"ck_{LEDGER}_capacity", f"UPDATE {LEDGER} SET capacity = -1, remaining = 0, booked = 0"),
    (f"ck_{LEDGER}_capacity", f"UPDATE {LEDGER} SET capacity = 501, remaining = 501, booked = 0"),
    (f"ck_{LEDGER}_booked", f"UPDATE {LEDGER} SET booked = -1, remaining = capacity + 1"),
    (f"ck_{LEDGER}_remaining", f"UPDATE {LEDGER} SET remaining = capacity + 1"),
    (f"ck_{LEDGER}_remaining", f"UPDATE {LEDGER} SET booked = capacity + 1, remaining = -1"),
    (f"ck_{LEDGER}_sum", f"UPDATE {LEDGER} SET booked = 1, remaining = capacity"),
    (f"ck_{LEDGER}_last_position", f"UPDATE {LEDGER} SET last_position = -1"),
    (
        f"fk_{LEDGER}_doctor_id",
        f"UPDATE {LEDGER} SET doctor_id = '{LAST_ID}' WHERE id = (SELECT id FROM {LEDGER} LIMIT 1)",
    ),
    (f"ck_{LEDGER}_last_recall", f"UPDATE {LEDGER} SET last_recall = -1"),
    ("uq_appointments_number", "UPDATE appointments SET number = 1 WHERE number = 2"),
    ("fk_held_slots_appointment", "UPDATE held_slots SET appointment = 1000 WHERE appointment = 2"),
    ("fk_held_slots_doctor_id", f"UPDATE held_slots SET doctor_id = '{LAST_ID}' WHERE appointment = 2"),
    ("ck_appointments_slots", "UPDATE appointments SET slots = 0 WHERE number = 1"),
    ("ck_appointments_slots", "UPDATE appointments SET slots = 501 WHERE number = 1"),
    ("ck_appointments_minutes", "UPDATE appointments SET minutes = 10, time = NULL WHERE number = 1"),
    ("ck_appointments_minutes", "UPDATE appointments SET minutes = 0, time = '09:00:00.000000' WHERE number = 1"),
    ("ck_appointments_after_midnight", "UPDATE appointments SET after_midnight = 2 WHERE number = 1"),
    (f"ck_{DAY}_every", f"UPDATE {DAY} SET every = 10"),
    (f"ck_{DAY}_every", f"UPDATE {DAY} SET sessions = '09:00-13:00'"),
    (f"ck_{DAY}_every", f"UPDATE {DAY} SET sessions = '09:00-13:00', every = 481"),
    (f"ck_{WEEKLY}_every", f"UPDATE {WEEKLY} SET every = 10"),
    (f"ck_{WEEKLY}_every", f"UPDATE {WEEKLY} SET sessions = '09:00-13:00', every = 0"),
    ("uq_appointments_visit", "UPDATE appointments SET patient_id = (SELECT id FROM patients WHERE number = 3)"),
    ("ck_appointments_status", "UPDATE appointments SET status = 'arrived' WHERE number = 1"),
    ("ck_appointments_slot", "UPDATE appointments SET slot = 0 WHERE number = 1"),
    ("ck_appointments_visit", "UPDATE appointments SET visit = 0 WHERE number = 1"),
    ("ck_appointments_overbooked", "UPDATE appointments SET overbooked = 2"),
    ("ck_appointments_cancelled_by", "UPDATE appointments SET status = 'cancelled' WHERE number = 1"),
    ("ck_appointments_cancelled_by", "UPDATE appointments SET cancelled_by = 'patient' WHERE number = 1"),
    ("ck_appointments_cancelled_by", "UPDATE appointments SET cancelled_by = 'nobody' WHERE number = 4"),
    ("fk_appointments_patient_id", f"UPDATE appointments SET patient_id = '{LAST_ID}' WHERE number = 1"),
    ("fk_appointments_doctor_id", f"UPDATE appointments SET doctor_id = '{LAST_ID}' WHERE number = 1"),
    (
        "uq_queue_entries_appointment_id",
        "UPDATE queue_entries SET appointment_id = (SELECT id FROM appointments WHERE number = 1)",
    ),
    ("uq_queue_entries_position", "UPDATE queue_entries SET position = 1"),
    ("ck_queue_entries_position", "UPDATE queue_entries SET position = 0 WHERE position = 1"),
    ("ck_queue_entries_recalled", "UPDATE queue_entries SET recalled = -1"),
    ("ck_queue_entries_status", "UPDATE queue_entries SET status = 'gone'"),
    ("fk_queue_entries_appointment_id", f"UPDATE queue_entries SET appointment_id = '{LAST_ID}' WHERE position = 1"),
    ("fk_queue_entries_doctor_id", f"UPDATE queue_entries SET doctor_id = '{LAST_ID}' WHERE position = 1"),
    ("ck_queue_entries_priority", "UPDATE queue_entries SET priority = 10"),
    ("ck_patients_merged_into", "UPDATE patients SET merged_into = id WHERE number = 1"),
    (
        "fk_patients_merged_into",
        f"UPDATE patients SET archived_at = updated_at, merged_into = '{LAST_ID}' WHERE number = 1",
    ),
    (f"ck_{WEEKLY}_weekday", f"UPDATE {WEEKLY} SET weekday = 7"),
    (f"ck_{WEEKLY}_capacity", f"UPDATE {WEEKLY} SET capacity = 501"),
    (f"ck_{WEEKLY}_present", f"UPDATE {WEEKLY} SET present = 2"),
    (f"fk_{WEEKLY}_doctor_id", f"UPDATE {WEEKLY} SET doctor_id = '{LAST_ID}'"),
    ("uq_waitlist_entries_number", "UPDATE waitlist_entries SET number = 1 WHERE number = 2"),
    (
        "uq_waitlist_entries_waiting",
        "UPDATE waitlist_entries SET patient_id = (SELECT patient_id FROM waitlist_entries WHERE number = 1)",
    ),
    ("ck_holidays_name", "INSERT INTO holidays VALUES ('2026-03-02', '')"),
    ("ck_holidays_name", f"INSERT INTO holidays VALUES ('2026-03-02', '{'x' * 201}')"),
    ("ck_visit_types_name", "INSERT INTO visit_types VALUES ('', 10)"),
    ("ck_visit_types_name", f"INSERT INTO visit_types VALUES ('{'x' * 61}', 10)"),
    ("ck_visit_types_minutes", "INSERT INTO visit_types VALUES ('new', 0)"),
    ("ck_visit_types_minutes", "INSERT INTO visit_types VALUES ('new', 481)"),
    ("ck_messages_kind", message(kind="x")),
    ("ck_messages_occasion", message(occasion=-1)),
    ("ck_messages_state", message(state="gone")),
    ("ck_messages_attempts", message(attempts=-1)),
    ("ck_messages_channel", message(channel="'post'")),
    ("ck_messages_channel", message(state="leased")),
    ("fk_messages_appointment", message(appointment=999)),
    ("ck_users_name", f"INSERT INTO users VALUES ('', 'desk', NULL, NULL, 0, NULL, {AT}, {AT})"),
    ("ck_users_name", f"INSERT INTO users VALUES ('{'x' * 65}', 'desk', NULL, NULL, 0, NULL, {AT}, {AT})"),
    ("ck_users_role", f"INSERT INTO users VALUES ('ravi', 'king', NULL, NULL, 0, NULL, {AT}, {AT})"),
    ("ck_users_doctor", f"INSERT INTO users VALUES ('ravi', 'clinician', NULL, NULL, 0, NULL, {AT}, {AT})"),
    ("ck_users_doctor", f"INSERT INTO users SELECT 'ravi', 'desk', id, NULL, 0, NULL, {AT}, {AT} FROM doctors"),
    ("ck_users_wrong_pins", f"INSERT INTO users VALUES ('ravi', 'desk', NULL, NULL, -1, {AT}, {AT}, {AT})"),
    ("ck_users_wrong_pins", f"INSERT INTO users VALUES ('ravi', 'desk', NULL, NULL, 1, NULL, {AT}, {AT})"),
    (
        "fk_users_doctor_id",
        f"INSERT INTO users VALUES ('ravi', 'clinician', '{LAST_ID}', NULL, 0, NULL, {AT}, {AT})",
    ),
    ("ck_waitlist_entries_dates", "UPDATE waitlist_entries SET last_date = '2000-01-01'"),
    ("ck_waitlist_entries_status", "UPDATE waitlist_entries SET status = 'gone'"),
    ("ck_waitlist_entries_appointment_id", "UPDATE waitlist_entries SET status = 'promoted'"),
    ("fk_waitlist_entries_patient_id", f"UPDATE waitlist_entries SET patient_id = '{LAST_ID}' WHERE number = 1"),
    ("fk_waitlist_entries_doctor_id", f"UPDATE waitlist_entries SET doctor_id = '{LAST_ID}' WHERE number = 1"),
    (
        "fk_waitlist_entries_appointment_id",
        f"UPDATE waitlist_entries SET status = 'promoted', appointment_id = '{LAST_ID}' WHERE number = 1",
    ),
    (
        "fk_waitlist_days_entry_id",
        f"UPDATE waitlist_days SET entry_id = '{LAST_ID}'"
        " WHERE entry_id = (SELECT id FROM waitlist_entries WHERE number = 1)",
    ),
    ("uq_journal_undoes", "UPDATE journal SET undoes = 1"),
    ("fk_journal_undoes", "UPDATE journal SET undoes = 1000 WHERE key = 'b'"),
    ("uq_journal_key", "UPDATE journal SET key = 'a' WHERE key = 'b'"),
    ("ck_journal_key", "UPDATE journal SET key = '' WHERE key = 'b'"),
    ("ck_journal_key", f"UPDATE journal SET key = '{'x' * 256}' WHERE key = 'b'"),
    ("ck_journal_steps_nth", "UPDATE journal_steps SET nth = 0"),
    ("fk_journal_days_journal_number", "INSERT INTO journal_days VALUES (1000, '{}')"),
    ("fk_journal_merges_journal_number", "INSERT INTO journal_merges VALUES (1000, '{}')"),
    (
        "fk_journal_steps_journal_number",
        "UPDATE journal_steps SET journal_number = 1000"
        " WHERE journal_number = (SELECT max(journal_number) FROM journal_steps)",
    ),
    ("fk_journal_steps_appointment_id", f"UPDATE journal_steps SET appointment_id = '{LAST_ID}'"),
]


def named_constraints() -> dict[str, Any]:
    tables = SQLModel.metadata.tables.values()
    kinds = (CheckConstraint, ForeignKeyConstraint, UniqueConstraint)
    constraints = [each for table in tables for each in table.constraints if isinstance(each, kinds)]
    constraints += [each for table in tables for column in table.columns for each in column.constraints]
    return {str(each.name): each for each in constraints} | {
        str(each.name): each for table in tables for each in table.indexes if each.unique
    }


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


@pytest.mark.file
@pytest.mark.parametrize(("constraint", "statement"), BROKEN)
def test_the_database_itself_refuses_what_would_break(constraint: str, statement: str, furnished: Path) -> None:
    broken = named_constraints()[constraint]
    said = {
        "ck": f"CHECK constraint failed: {constraint}",
        "fk": "FOREIGN KEY constraint failed",
        "uq": f"UNIQUE constraint failed: {', '.join(f'{each.table.name}.{each.name}' for each in broken.columns)}",
    }[constraint[:2]]
    with opened(furnished) as connection, pytest.raises(sqlite3.IntegrityError, match=f"^{re.escape(said)}$"):
        connection.execute(statement)


@pytest.mark.file
def test_the_database_itself_refuses_a_slot_given_twice(furnished: Path) -> None:
    """The key of the table covers every slot of a long visit."""
    refusal = r"UNIQUE constraint failed: held_slots\.doctor_id, held_slots\.date, held_slots\.slot"
    with opened(furnished) as connection, pytest.raises(sqlite3.IntegrityError, match=refusal):
        connection.execute(
            "INSERT INTO held_slots SELECT doctor_id, date, slot, 1 FROM held_slots WHERE appointment = 2"
        )


@pytest.mark.file
def test_every_named_constraint_is_broken_by_a_statement_here() -> None:
    assert {constraint for constraint, _ in BROKEN} == set(named_constraints())


@pytest.mark.file
@pytest.mark.parametrize("table", ["patients", "doctors", "appointments", "journal"])
def test_nothing_that_is_referred_to_can_be_deleted(table: str, furnished: Path) -> None:
    with opened(furnished) as connection, pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        connection.execute(f"DELETE FROM {table}")


@pytest.mark.file
def test_every_reference_restricts_the_deletion_of_what_it_refers_to(furnished: Path) -> None:
    with opened(furnished) as connection:
        actions = connection.execute(
            "SELECT DISTINCT k.on_delete FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) k"
        ).fetchall()
    assert actions == [("RESTRICT",)]


@pytest.mark.file
@pytest.mark.parametrize(
    ("constraint", "column", "words"),
    [
        ("ck_appointments_status", "status", AppointmentStatus),
        ("ck_appointments_cancelled_by", "cancelled_by", CancelledBy),
        ("ck_queue_entries_status", "status", QueueStatus),
        ("ck_patients_sex", "sex", Sex),
        ("ck_users_role", "role", Role),
    ],
)
def test_the_words_of_a_check_are_those_of_its_enumeration(
    constraint: str, column: str, words: type[StrEnum], furnished: Path
) -> None:
    with opened(furnished) as connection:
        schema = " ".join(sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'"))
    listed = re.search(rf"CONSTRAINT {constraint} CHECK [^\n]*\b{column} IN \(([^)]*)\)", schema)
    assert listed
    assert set(re.findall(r"'(\w+)'", listed[1])) == set(words)
