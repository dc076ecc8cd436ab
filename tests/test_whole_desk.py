"""The whole desk beside a second small model: moves, the full queue, the end of a day, the waitlist, and undo.

The model is written from the contract's sections 5 and 6. An act remembers the appointments it touched as they stood
before it, and undo puts those back: two actors take turns, so that one may build on what the other did.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Set
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clinicctl import desk, errors
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import AppointmentRef, ArrivalRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.store.engine import open_store
from tests import stored
from tests.test_properties import (
    OPENING,
    OVERBOOK_LIMIT,
    PATIENTS,
    TODAY,
    Refused,
    beginning,
    clock_at,
    once,
    refuse,
    rounds,
)

__all__ = ["beginning"]

CAPACITY = {"MEHTA": 2, "RAO": 3}
ACTORS = ("asha", "ravi")
ACTIVE = {"booked", "checked_in", "in_consultation"}
OUTSIDE = {"waiting", "called", "skipped", "held"}
QUEUE_STEPS: dict[str, tuple[Set[str], str, str]] = {
    "call": ({"waiting"}, "called", "checked_in"),
    "start": ({"called"}, "serving", "in_consultation"),
    "done": ({"serving"}, "done", "completed"),
    "skip": ({"called"}, "skipped", "checked_in"),
    "recall": ({"skipped"}, "waiting", "checked_in"),
    "hold": ({"waiting"}, "held", "checked_in"),
    "resume": ({"held"}, "waiting", "checked_in"),
    "left": (OUTSIDE, "left", "left"),
}
ONWARD = ("start", "done", "skip", "recall", "resume")
NEVER_UNDONE = {"waitlist_add", "waitlist_remove"}


# The model


@dataclass
class Place:
    """A place in the queue of a doctor, who need not be the one booked."""

    doctor: str
    position: int
    status: str = "waiting"
    priority: int = 0
    recalled: int = 0
    moved_up: bool = False

    @property
    def turn(self) -> tuple[int, bool, int, int]:
        return (-self.priority, not self.moved_up, self.recalled, self.position)


@dataclass
class Visit:
    """An appointment; `nth` tells a patient's visits of one day apart, as long as they are not over."""

    number: int
    patient: str
    doctor: str
    on: date
    slot: int
    nth: int
    status: str = "booked"
    cancelled_by: str | None = None
    moved_to: int | None = None
    moved_from: int | None = None
    place: Place | None = None


@dataclass
class Wait:
    number: int
    patient: str
    doctor: str
    first: date
    last: date
    status: str = "waiting"
    appointment: int | None = None

    def shares_a_day_with(self, other: "Wait") -> bool:
        same = (self.patient, self.doctor) == (other.patient, other.doctor)
        return same and self.first <= other.last and other.first <= self.last


@dataclass(eq=False)
class Act:
    """A write: who did it, and the appointments that it touched as they stood before, None for one it made."""

    number: int
    actor: str
    operation: str
    touched: dict[int, Visit | None]
    standing: bool = True


def lowest_free(held: Set[int]) -> int:
    return next(each for each in count(1) if each not in held)


@dataclass
class Clinic:
    """What the contract says of a desk at work. An operation refuses before it changes anything."""

    today: date = TODAY
    visits: list[Visit] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    positions: Counter[tuple[str, date]] = field(default_factory=Counter)
    recalls: Counter[tuple[str, date]] = field(default_factory=Counter)
    touched: dict[int, Visit | None] = field(default_factory=dict)

    def holding(self, doctor: str, on: date) -> list[Visit]:
        return [each for each in self.visits if (each.doctor, each.on) == (doctor, on) and each.status != "cancelled"]

    def remaining(self, doctor: str, on: date) -> int:
        return max(0, CAPACITY[doctor] - len(self.holding(doctor, on)))

    def active(self, patient: str, doctor: str, on: date) -> list[Visit]:
        return [each for each in self.holding(doctor, on) if each.patient == patient and each.status in ACTIVE]

    def has_another(self, visit: Visit) -> bool:
        """Whether the patient has gone on to another appointment there, as the same visit of the day."""
        others = self.active(visit.patient, visit.doctor, visit.on)
        return any(each.nth == visit.nth and each.number != visit.number for each in others)

    def queue(self, doctor: str) -> list[Visit]:
        """The queue of today, by turn."""
        there = [each for each in self.visits if each.place and (each.place.doctor, each.on) == (doctor, self.today)]
        return sorted(there, key=lambda each: each.place.turn if each.place else ())

    def stands(self, visit: Visit, doctor: str) -> bool:
        """Whether the patient has an open place in a doctor's queue with another appointment."""
        return any(
            each.patient == visit.patient and each.number != visit.number and each.status in ACTIVE
            for each in self.queue(doctor)
        )

    def waiting(self, doctor: str) -> list[int]:
        """The positions of those waiting, in calling order."""
        return [each.place.position for each in self.queue(doctor) if each.place and each.place.status == "waiting"]

    def elsewhere(self, patient: str, doctor: str) -> bool:
        """Whether a patient is in consultation with another doctor."""
        places = [each.place for each in self.visits if each.patient == patient and each.place]
        return any(each.status == "serving" and each.doctor != doctor for each in places)

    def named(self, appointment: int) -> Visit:
        refuse(appointment_not_found=appointment > len(self.visits))
        return self.visits[appointment - 1]

    def touch(self, visit: Visit) -> Visit:
        self.touched.setdefault(visit.number, deepcopy(visit))
        return visit

    def advance(self, visit: Visit, status: str, queue: str | None = None) -> None:
        self.touch(visit).status = status
        if queue and visit.place:
            visit.place.status = queue

    # Booking

    def book(self, patient: str, doctor: str, on: date, again: bool = False, overbook: bool = False) -> Visit:
        held = self.holding(doctor, on)
        active = self.active(patient, doctor, on)
        refuse(
            past_day=on < self.today,
            capacity_full=len(held) >= CAPACITY[doctor] + OVERBOOK_LIMIT * overbook,
            already_booked=bool(active) and not again,
        )
        slot, nth = lowest_free({each.slot for each in held}), lowest_free({each.nth for each in active})
        visit = Visit(len(self.visits) + 1, patient, doctor, on, slot, nth)
        self.visits.append(visit)
        self.touched[visit.number] = None
        for wait in self.waits:
            if (wait.patient, wait.doctor, wait.status) == (
                patient,
                doctor,
                "waiting",
            ) and wait.first <= on <= wait.last:
                wait.status, wait.appointment = "promoted", visit.number
        return visit

    def cancel(self, appointment: int, moved_to: int | None = None) -> None:
        visit = self.named(appointment)
        refuse(illegal_step=visit.status != "booked")
        self.advance(visit, "cancelled")
        visit.cancelled_by, visit.moved_to = "patient", moved_to

    def move(self, appointment: int, on: date | None, doctor: str | None) -> None:
        visit = self.named(appointment)
        place = (doctor or visit.doctor, on or visit.on)
        refuse(illegal_step=visit.status != "booked" or place == (visit.doctor, visit.on))
        new = self.book(visit.patient, *place)
        new.moved_from = visit.number
        self.cancel(visit.number, new.number)

    def no_show(self, appointment: int) -> None:
        visit = self.named(appointment)
        refuse(wrong_day=visit.on > self.today, illegal_step=visit.status != "booked")
        self.advance(visit, "no_show")

    def close(self, on: date) -> None:
        refuse(wrong_day=on > self.today)
        for visit in [each for each in self.visits if each.on == on]:
            if visit.status == "booked":
                self.advance(visit, "no_show")
            elif visit.place and visit.place.status in OUTSIDE:
                self.advance(visit, "left", "left")
            elif visit.place and visit.place.status == "serving":
                self.advance(visit, "completed", "done")

    # The queue

    def check_in(self, arrival: int) -> None:
        visit = self.named(arrival)
        # One who comes back stands in the queue that was left, also where that is another doctor's.
        doctor = visit.place.doctor if visit.place else visit.doctor
        refuse(
            wrong_day=visit.on != self.today,
            already_checked_in=(visit.place is not None and visit.status != "left") or self.stands(visit, doctor),
            illegal_step=visit.status not in ("booked", "no_show", "left"),
            already_booked=visit.status in ("no_show", "left") and self.has_another(visit),
        )
        self.advance(visit, "checked_in")
        visit.place = Place(doctor, self.next_position(doctor))

    def walk_in(self, patient: str, doctor: str, again: bool = False, overbook: bool = False) -> None:
        tried = deepcopy(self)  # what is refused at the check-in leaves no booking either
        tried.check_in(tried.book(patient, doctor, self.today, again, overbook).number)
        self.check_in(self.book(patient, doctor, self.today, again, overbook).number)

    def next_position(self, doctor: str) -> int:
        self.positions[doctor, self.today] += 1
        return self.positions[doctor, self.today]

    def standing_at(self, doctor: str, position: int, leaves: Set[str]) -> tuple[Visit, Place]:
        """The one at a position, who must be in one of these statuses."""
        for visit in self.queue(doctor):
            if visit.place and visit.place.position == position:
                refuse(illegal_step=visit.place.status not in leaves)
                return self.touch(visit), visit.place
        raise Refused({"queue_entry_not_found": {}})

    def step(self, name: str, doctor: str, position: int | None) -> None:
        leaves, reaches, status = QUEUE_STEPS[name]
        if position is None:
            able = [
                each.place.position
                for each in self.queue(doctor)
                if each.place and each.place.status in leaves
                if name != "call" or not self.elsewhere(each.patient, doctor)
            ]
            refuse(queue_entry_not_found=not able, ambiguous=len(able) > 1 and name != "call")
            position = able[0]
        visit, place = self.standing_at(doctor, position, leaves)
        refuse(with_another_doctor=name in ("call", "start") and self.elsewhere(visit.patient, doctor))
        self.advance(visit, status, reaches)
        if name == "recall":
            self.recalls[doctor, self.today] += 1
            place.recalled = self.recalls[doctor, self.today]

    def transfer(self, doctor: str, position: int, to: str) -> None:
        refuse(illegal_step=doctor == to)
        visit, place = self.standing_at(doctor, position, OUTSIDE)
        refuse(already_checked_in=self.stands(visit, to))
        visit.place = Place(to, self.next_position(to), priority=place.priority)

    def priority(self, doctor: str, position: int, level: int) -> None:
        _, place = self.standing_at(doctor, position, OUTSIDE)
        place.priority = level

    # The waitlist

    def waitlist_add(self, patient: str, doctor: str, on: tuple[date, date]) -> None:
        wait = Wait(len(self.waits) + 1, patient, doctor, *on)
        refuse(already_waiting=self.waits_already(wait))
        self.waits.append(wait)

    def waits_already(self, wait: Wait) -> bool:
        others = [each for each in self.waits if each is not wait and each.status == "waiting"]
        return any(map(wait.shares_a_day_with, others))

    def waitlist_remove(self, entry: int) -> None:
        refuse(waitlist_entry_not_found=entry > len(self.waits))
        refuse(illegal_step=self.waits[entry - 1].status != "waiting")
        self.waits[entry - 1].status = "removed"

    def is_closed(self) -> bool:
        """Whether today was closed, and nobody was booked on it since."""
        active = any(each.on == self.today and each.status in ACTIVE for each in self.visits)
        return not active and any(each.operation == "close" and each.standing for each in self.acts)

    def promote(self, doctor: str, on: date | None) -> None:
        for wait in [each for each in self.waits if (each.doctor, each.status) == (doctor, "waiting")]:
            for day in (self.today, self.today + timedelta(days=1)):
                wanted = wait.first <= day <= wait.last and on in (None, day)
                over = on is None and day == self.today and self.is_closed()
                free = self.remaining(doctor, day) and not self.active(wait.patient, doctor, day)
                if wanted and free and not over:
                    self.book(wait.patient, doctor, day)
                    return
        refuse(waitlist_entry_not_found=True)

    def cancel_and_promote(self, appointment: int) -> None:
        self.cancel(appointment)
        visit = self.named(appointment)
        try:
            self.promote(visit.doctor, visit.on)
        except Refused:
            return

    # Undo

    def last_act(self, actor: str) -> Act | None:
        return next((each for each in reversed(self.acts) if each.standing and each.actor == actor), None)

    def undo(self, actor: str) -> None:
        act = self.last_act(actor)
        refuse(journal_entry_not_found=act is None)
        assert act is not None
        back = {number: before for number, before in act.touched.items() if before}
        made = act.touched.keys() - back.keys()
        later = self.acts[act.number + 1 :]
        after = replace(self, visits=[each for each in self.visits if each.number not in act.touched])
        freed = [each for each in back.values() if self.visits[each.number - 1].status == "cancelled"]
        returning = [each for each in self.waits if each.appointment in made]
        refuse(
            illegal_step=act.operation in NEVER_UNDONE
            or any(each.standing and each.touched.keys() & act.touched.keys() for each in later)
            or any(each.slot in {held.slot for held in after.holding(each.doctor, each.on)} for each in freed),
            already_booked=any(each.status in ACTIVE and after.has_another(each) for each in back.values()),
            already_checked_in=any(
                before.place is not None
                and before.status in ACTIVE
                and after.stands(before, before.place.doctor)
                and (now.status not in ACTIVE or now.place is None or now.place.doctor != before.place.doctor)
                for before in back.values()
                for now in [self.visits[before.number - 1]]
            ),
            already_waiting=any(map(self.waits_already, returning)),
            with_another_doctor=any(
                self.elsewhere(each.patient, each.place.doctor)
                for each in back.values()
                if each.place and each.place.status == "serving"
            ),
        )
        act.standing = False
        for number in made:
            undone = self.visits[number - 1]
            undone.status, undone.cancelled_by, undone.place, undone.moved_from = "cancelled", "clinic", None, None
        for number, before in back.items():
            self.visits[number - 1] = before
        for wait in returning:
            wait.status, wait.appointment = "waiting", None


# The machine

OPERATIONS: dict[str, Callable[..., Any]] = {
    "book": desk.bookings.book,
    "cancel": desk.bookings.cancel,
    "move": desk.bookings.move,
    "no_show": desk.bookings.no_show,
    "close": desk.daybook.close,
    "check_in": desk.arrivals.check_in,
    "walk_in": desk.arrivals.walk_in,
    **{name: getattr(desk.queue, name) for name in QUEUE_STEPS},
    "transfer": desk.queue.transfer,
    "priority": desk.queue.prioritise,
    "waitlist_add": desk.waitlist.add,
    "waitlist_remove": desk.waitlist.remove,
    "promote": desk.waitlist.promote,
    "cancel_and_promote": desk.waitlist.cancel_and_promote,
    "undo": desk.undo.undo,
}
SPOKEN: dict[str, Callable[[Any], Any]] = {
    "patient": PatientRef,
    "doctor": DoctorRef,
    "to": DoctorRef,
    "appointment": lambda said: AppointmentRef(f"A{said}"),
    "arrival": lambda said: ArrivalRef(f"A{said}"),
    "entry": lambda said: WaitlistRef(f"W{said}"),
    "on": lambda said: DaysWord(f"{said[0]}..{said[1]}") if isinstance(said, tuple) else DayWord(said.isoformat()),
}

_actor = st.sampled_from(ACTORS)
_patient = st.sampled_from(sorted(PATIENTS))
_doctor = st.sampled_from(sorted(CAPACITY))
_seldom = st.sampled_from([False, False, True])
_visit = st.tuples(_patient, _doctor)
_nth = st.integers(0, 23)
_ahead = st.sampled_from([0, 0, 1])


class WholeDeskBesideTheModel(RuleBasedStateMachine):
    """Any sequence of acts of two people at the desk, and the model's word on each."""

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
        self.stood_before: list[tuple[list[Act], dict[str, set[Any]]]] = []
        self.given: dict[tuple[Any, ...], int] = {}

    def teardown(self) -> None:
        self.patched.__exit__(None, None, None)
        self.ending.close()

    # What the desk is told

    @initialize(arriving=st.lists(_visit, min_size=2, max_size=3), coming=st.lists(_visit, min_size=1, max_size=3))
    def opening(self, arriving: list[tuple[str, str]], coming: list[tuple[str, str]]) -> None:
        for nth, (patient, doctor) in enumerate(coming):
            self.do("asha", "book", patient=patient, doctor=doctor, on=self.day(nth % 2))
        for patient, doctor in arriving:
            self.do("ravi", "walk_in", patient=patient, doctor=doctor)

    @rule(actor=_actor, patient=_patient, doctor=_doctor, ahead=_ahead, again=_seldom, overbook=_seldom)
    def book(self, actor: str, patient: str, doctor: str, ahead: int, again: bool, overbook: bool) -> None:
        self.do(actor, "book", patient=patient, doctor=doctor, on=self.day(ahead), again=again, overbook=overbook)

    @rule(actor=_actor, patient=_patient, doctor=_doctor, again=_seldom, overbook=_seldom)
    def walk_in(self, actor: str, patient: str, doctor: str, again: bool, overbook: bool) -> None:
        self.do(actor, "walk_in", patient=patient, doctor=doctor, again=again, overbook=overbook)

    @rule(actor=_actor, operation=st.sampled_from(["cancel", "cancel_and_promote"]), nth=_nth)
    def cancel(self, actor: str, operation: str, nth: int) -> None:
        self.do(actor, operation, appointment=self.appointment(nth, "booked"))

    @rule(actor=_actor, nth=_nth, ahead=st.none() | _ahead, doctor=st.none() | _doctor)
    def move(self, actor: str, nth: int, ahead: int | None, doctor: str | None) -> None:
        on = None if ahead is None else self.day(ahead)
        self.do(actor, "move", appointment=self.appointment(nth, "booked"), on=on, doctor=doctor)

    @rule(actor=_actor, nth=_nth)
    def no_show(self, actor: str, nth: int) -> None:
        self.do(actor, "no_show", appointment=self.appointment(nth, "booked"))

    @rule(actor=_actor, nth=_nth)
    def check_in(self, actor: str, nth: int) -> None:
        self.do(actor, "check_in", arrival=self.appointment(nth, "booked", "no_show", "left"))

    @precondition(lambda self: len(self.model.acts) > 12)
    @rule(actor=_actor, ahead=st.sampled_from([0, 0, 0, 1]))
    def close(self, actor: str, ahead: int) -> None:
        self.do(actor, "close", on=self.day(ahead))

    @precondition(lambda self: self.able(QUEUE_STEPS))
    @rule(actor=_actor, which=_nth, nth=_nth)
    def step_of_one_who_may_take_it(self, actor: str, which: int, nth: int) -> None:
        steps = sorted({step for step, *_ in self.able(QUEUE_STEPS)})
        able = self.able([steps[which % len(steps)]])
        step, doctor, position = able[nth % len(able)]
        self.do(actor, step, doctor=doctor, position=position)

    @precondition(lambda self: self.able(ONWARD))
    @rule(actor=_actor, nth=_nth)
    def step_of_one_who_was_called(self, actor: str, nth: int) -> None:
        able = self.able(ONWARD)
        step, doctor, position = able[nth % len(able)]
        self.do(actor, step, doctor=doctor, position=position)

    @rule(actor=_actor, step=st.sampled_from(sorted(QUEUE_STEPS)), doctor=_doctor, position=st.integers(1, 5))
    def step_of_anybody(self, actor: str, step: str, doctor: str, position: int) -> None:
        self.do(actor, step, doctor=doctor, position=position)

    @rule(actor=_actor, step=st.sampled_from(["call", "call", "start", "done", "skip"]), doctor=_doctor)
    def step_of_the_next(self, actor: str, step: str, doctor: str) -> None:
        self.do(actor, step, doctor=doctor, position=None)

    @rule(actor=_actor, nth=_nth, to=_doctor)
    def transfer(self, actor: str, nth: int, to: str) -> None:
        doctor, position = self.outside(nth)
        self.do(actor, "transfer", doctor=doctor, position=position, to=to)

    @rule(actor=_actor, nth=_nth, level=st.sampled_from([0, 1, 9]))
    def priority(self, actor: str, nth: int, level: int) -> None:
        doctor, position = self.outside(nth)
        self.do(actor, "priority", doctor=doctor, position=position, level=level)

    @rule(actor=_actor, patient=_patient, doctor=_doctor, span=st.sampled_from([(0, 0), (0, 1), (1, 1)]))
    def waitlist_add(self, actor: str, patient: str, doctor: str, span: tuple[int, int]) -> None:
        self.do(actor, "waitlist_add", patient=patient, doctor=doctor, on=tuple(map(self.day, span)))

    @precondition(lambda self: self.model.waits)
    @rule(actor=_actor, nth=_nth)
    def waitlist_remove(self, actor: str, nth: int) -> None:
        self.do(actor, "waitlist_remove", entry=1 + nth % (len(self.model.waits) + 1))

    @precondition(lambda self: self.model.waits)
    @rule(actor=_actor, doctor=_doctor, ahead=st.none() | _ahead)
    def promote(self, actor: str, doctor: str, ahead: int | None) -> None:
        self.do(actor, "promote", doctor=doctor, on=None if ahead is None else self.day(ahead))

    @rule(actor=_actor)
    def undo(self, actor: str) -> None:
        self.do(actor, "undo")

    @precondition(lambda self: len(self.model.acts) > 6)
    @rule(times=st.integers(1, 3))
    def undo_the_last_act_of_all(self, times: int) -> None:
        for act in reversed([each for each in self.model.acts if each.standing][-times:]):
            upon, before = self.stood_before[act.number]
            self.do(act.actor, "undo")
            if act.standing:
                return
            if all(each.standing for each in upon):
                self.has_gone_back_to(before)

    def day(self, ahead: int) -> date:
        return self.model.today + timedelta(days=ahead)

    def appointment(self, nth: int, *statuses: str) -> int:
        """One that may take the step, mostly; else any, or none that there is."""
        able = [each.number for each in self.model.visits if each.status in statuses]
        return able[nth % len(able)] if able and nth > 3 else 1 + nth % (len(self.model.visits) + 1)

    def able(self, steps: Iterable[str]) -> list[tuple[str, str, int]]:
        """Each of the steps, with a doctor and a position that may take it."""
        places = [each.place for doctor in CAPACITY for each in self.model.queue(doctor) if each.place]
        return [(step, at.doctor, at.position) for step in steps for at in places if at.status in QUEUE_STEPS[step][0]]

    def outside(self, nth: int) -> tuple[str, int]:
        """A doctor and the position of one who is not with him, mostly; else any, or none that there is."""
        able = self.able(["left"])
        return able[nth % len(able)][1:] if able and nth > 3 else (sorted(CAPACITY)[nth % 2], 1 + nth)

    def do(self, actor: str, operation: str, **request: Any) -> None:
        """Do one act; it must be done or refused as the model says."""
        self.now += timedelta(seconds=47, microseconds=130_007)
        before, expected = self.stands(), self.expect(actor, operation, request)
        words = {name: SPOKEN[name](said) if name in SPOKEN and said else said for name, said in request.items()}
        refused: str | None = None
        try:
            with self.store.write(actor=actor, key=operation) as tx:
                once(tx, OPERATIONS[operation], **words)
        except errors.Refusal as refusal:
            refused = refusal.code
        assert refused in expected, f"{operation} {request}: {refused or 'done'}, not {expected}"
        after = self.stands()
        if refused:
            assert after == before
            return
        if operation != "undo":
            self.stood_before.append(([each for each in self.model.acts if each.standing], before))
            self.model.acts.append(Act(len(self.model.acts), actor, operation, self.model.touched))
        self.no_position_is_given_twice(operation, before["places"], after["places"])

    def expect(self, actor: str, operation: str, request: dict[str, Any]) -> Set[str | None]:
        """The codes of the refusals that may be met, or {None}; the model goes on."""
        self.model.touched = {}
        try:
            if operation in QUEUE_STEPS:
                self.model.step(operation, **request)
            elif operation == "undo":
                self.model.undo(actor)
            else:
                getattr(self.model, operation)(**request)
        except Refused as refusal:
            return set(refusal.grounds)
        return {None}

    def rows(self, statement: str) -> set[Any]:
        return set(self.bare(statement))

    def stands(self) -> dict[str, set[Any]]:
        """What the tables hold, but for what only rises."""
        return {
            "appointments": self.rows(
                "SELECT number, patient_id, doctor_id, date, slot, visit, status, reason, overbooked, cancelled_by,"
                " cancel_reason, moved_to, moved_from FROM appointments"
            ),
            "places": self.rows(
                "SELECT q.doctor_id, q.date, q.position, a.number, q.status, q.priority, q.recalled, q.checked_in_at,"
                " q.called_at, q.started_at, q.ended_at"
                " FROM queue_entries q JOIN appointments a ON a.id = q.appointment_id"
            ),
            "ledgers": self.rows(
                "SELECT doctor_id, date, capacity, booked, remaining FROM doctor_daily_capacities WHERE booked > 0"
            ),
            "waits": self.rows("SELECT number, status, appointment_id FROM waitlist_entries"),
        }

    def has_gone_back_to(self, before: dict[str, set[Any]]) -> None:
        """All is as before; what was booked since then is cancelled."""
        now, known = self.stands(), {each[0] for each in before["appointments"]}
        since = {each for each in now["appointments"] if each[0] not in known}
        assert now == before | {"appointments": before["appointments"] | since}
        assert all("cancelled" in each for each in since)

    def no_position_is_given_twice(self, operation: str, before: set[Any], after: set[Any]) -> None:
        """A position is new, or given back by undo to the one who had it."""
        had = {each[:4] for each in before}
        for *place, number in (each[:4] for each in after if each[:4] not in had):
            if operation == "undo":
                assert self.given[*place] == number
            else:
                assert (*place,) not in self.given
                self.given[*place] = number

    # What holds after every step

    @invariant()
    def appointments_places_and_waits_are_those_of_the_model(self) -> None:
        assert self.rows(
            "SELECT a.number, 'P' || p.number, d.code, a.date, a.slot, a.visit, a.status, a.cancelled_by, a.moved_to,"
            " a.moved_from FROM appointments a JOIN patients p ON p.id = patient_id JOIN doctors d ON d.id = doctor_id"
        ) == {
            (
                *(each.number, each.patient, each.doctor, each.on.isoformat(), each.slot, each.nth, each.status),
                *(each.cancelled_by, each.moved_to, each.moved_from),
            )
            for each in self.model.visits
        }
        assert self.rows(
            "SELECT a.number, d.code, q.date, q.position, q.status, q.priority, q.recalled FROM queue_entries q"
            " JOIN appointments a ON a.id = q.appointment_id JOIN doctors d ON d.id = q.doctor_id"
        ) == {
            (each.number, at.doctor, each.on.isoformat(), at.position, at.status, at.priority, at.recalled)
            for each in self.model.visits
            if (at := each.place)
        }
        assert self.rows(
            "SELECT w.number, w.status, a.number FROM waitlist_entries w LEFT JOIN appointments a"
            " ON a.id = w.appointment_id"
        ) == {(each.number, each.status, each.appointment) for each in self.model.waits}

    @invariant()
    def the_ledger_counts_the_appointments_not_cancelled_and_what_remains_is_never_below_zero(self) -> None:
        ledgers = self.rows(
            "SELECT code, date, l.capacity, booked, remaining, last_position, last_recall,"
            " (SELECT count(*) FROM appointments a WHERE (a.doctor_id, a.date) = (l.doctor_id, l.date)"
            "  AND status <> 'cancelled') FROM doctor_daily_capacities l JOIN doctors d ON d.id = l.doctor_id"
        )
        for code, day, capacity, booked, remaining, last_position, last_recall, counted in ledgers:
            on = date.fromisoformat(day)
            assert capacity == CAPACITY[code]
            assert booked == counted == len(self.model.holding(code, on))
            assert remaining == max(0, capacity - booked) == self.model.remaining(code, on)
            assert (last_position, last_recall) == (self.model.positions[code, on], self.model.recalls[code, on])
        known = {(code, day) for code, day, *_ in ledgers}
        assert {(each.doctor, each.on.isoformat()) for each in self.model.visits} <= known

    @invariant()
    def slots_and_positions_are_unique_and_no_position_is_above_the_last_given(self) -> None:
        assert not self.rows(
            "SELECT 1 FROM appointments WHERE status <> 'cancelled' GROUP BY doctor_id, date, slot HAVING count(*) > 1"
        )
        assert not self.rows("SELECT 1 FROM queue_entries GROUP BY doctor_id, date, position HAVING count(*) > 1")
        assert not self.rows(
            "SELECT 1 FROM queue_entries q LEFT JOIN doctor_daily_capacities l"
            " ON (l.doctor_id, l.date) = (q.doctor_id, q.date) WHERE position > coalesce(last_position, 0)"
        )

    @invariant()
    def the_steps_of_the_journal_lead_from_nothing_to_what_stands(self) -> None:
        state: dict[str, tuple[Any, ...]] = {}
        for appointment, left, reached, queue_left, queue_reached, position in self.bare(
            "SELECT appointment_id, from_status, to_status, queue_from, queue_to, position"
            " FROM journal_steps ORDER BY journal_number, nth"
        ):
            assert state.get(appointment, (None, None))[:2] == (left, queue_left)
            state[appointment] = (reached, queue_reached, position)
        assert {(appointment, *reached) for appointment, reached in state.items()} == self.rows(
            "SELECT a.id, a.status, q.status, position FROM appointments a"
            " LEFT JOIN queue_entries q ON q.appointment_id = a.id"
        )

    @invariant()
    def the_journal_verifies_and_those_waiting_are_called_in_the_order_of_the_model(self) -> None:
        with self.store.read(actor="asha") as tx:
            assert desk.journal.examine(tx).findings == ()
            for doctor in CAPACITY:
                shown = desk.queue.show(tx, doctor=DoctorRef(doctor), on=DayWord("today"))
                waiting = [each for each in shown if each.status == "waiting"]
                assert [each.position for each in waiting] == self.model.waiting(doctor)
                assert [each.people_ahead for each in waiting] == [*range(len(waiting))]

    @invariant()
    def no_row_lacks_the_one_it_refers_to(self) -> None:
        # On a server no transaction ends in such a state.
        assert stored.is_on_server(self.place) or not self.rows("PRAGMA foreign_key_check")


def test_the_whole_desk_agrees_with_the_model_and_undo_restores(beginning: str) -> None:
    run_state_machine_as_test(partial(WholeDeskBesideTheModel, beginning), settings=rounds(beginning, 40, 4))
