"""The rest of the desk, raced by whole processes: whoever comes first, what comes of it is one of the lawful outcomes.

Each race is run three ways: all stand in line at the writer's lock with the first written in front, or the last, or
they are let loose with no gate.
"""

import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest

from tests import stored
from tests.test_races import Process, _calm, _until, db, luck, noon, violations

SHARED = (db, luck, noon)
"""The fixtures of the other races."""

WAYS = ("in line", "in the other line", "loose")

Command = tuple[str, ...]
Meet = Callable[..., list[Any]]
Ask = Callable[..., Any]
Rounds = Sequence[tuple[int, str]]

_BUT_GAPS = {"a ledger that does not add up", "a position given twice, or left out"}

_LAWS = {
    "a ledger that does not add up, gaps or not": """
        SELECT date, capacity, booked, remaining, last_position FROM doctor_daily_capacities AS ledger
        WHERE booked <> (
            SELECT count(*) FROM appointments AS a
            WHERE a.doctor_id = ledger.doctor_id AND a.date = ledger.date AND a.status <> 'cancelled')
        OR remaining <> CASE WHEN capacity > booked THEN capacity - booked ELSE 0 END
        OR last_position < (
            SELECT coalesce(max(position), 0) FROM queue_entries AS q
            WHERE q.doctor_id = ledger.doctor_id AND q.date = ledger.date)""",
    "a position given twice": """
        SELECT date FROM queue_entries GROUP BY doctor_id, date
        HAVING count(DISTINCT position) <> count(*) OR min(position) < 1""",
    "more than the capacity": "SELECT date, capacity, booked FROM doctor_daily_capacities WHERE booked > capacity",
    "a status that is not that of the last step": """
        SELECT a.number FROM appointments AS a LEFT JOIN queue_entries AS q ON q.appointment_id = a.id
        WHERE a.status || coalesce(q.status, '') <> (
            SELECT s.to_status || coalesce(s.queue_to, '') FROM journal_steps AS s WHERE s.appointment_id = a.id
            ORDER BY s.journal_number DESC, s.nth DESC LIMIT 1)""",
    "an appointment at odds with its place in the queue": """
        SELECT a.number, a.status, q.status FROM appointments AS a LEFT JOIN queue_entries AS q
            ON q.appointment_id = a.id
        WHERE CASE WHEN q.status IS NULL THEN a.status NOT IN ('booked', 'cancelled', 'no_show')
            ELSE a.status <> CASE q.status WHEN 'serving' THEN 'in_consultation' WHEN 'done' THEN 'completed'
                WHEN 'left' THEN 'left' ELSE 'checked_in' END END""",
    "a move that is not linked both ways": """
        SELECT a.number FROM appointments AS a JOIN appointments AS b ON b.number = a.moved_to
        WHERE coalesce(b.moved_from, 0) <> a.number
        UNION SELECT a.number FROM appointments AS a JOIN appointments AS b ON b.number = a.moved_from
        WHERE coalesce(b.moved_to, 0) <> a.number AND a.status <> 'cancelled'""",
    "something left with somebody who was merged": """
        SELECT p.number FROM patients AS p WHERE p.merged_into IS NOT NULL AND (
            EXISTS (SELECT 1 FROM appointments AS a WHERE a.patient_id = p.id)
            OR EXISTS (SELECT 1 FROM waitlist_entries AS w WHERE w.patient_id = p.id AND w.status = 'waiting'))""",
    "a promotion without its appointment": """
        SELECT number FROM waitlist_entries WHERE (status = 'promoted') <> (appointment_id IS NOT NULL)""",
    "a write undone twice": "SELECT undoes FROM journal WHERE undoes IS NOT NULL GROUP BY undoes HAVING count(*) > 1",
}

_GAPS = """
    SELECT coalesce(sum(last_position), 0) - (SELECT count(*) FROM queue_entries) FROM doctor_daily_capacities
"""


def wrong(db: str, *, gaps: int = 0) -> list[Any]:
    """Return what is wrong in a database; `gaps` positions were left by transfers and undone check-ins, no more."""
    found = [(law, row) for law, query in _LAWS.items() for row in stored.rows(db, query)]
    left = stored.value(db, _GAPS)
    found += [each for each in violations(db) if not gaps or each[0] not in _BUT_GAPS]
    return found + ([("gaps", left)] if left != gaps else [])


def codes(answers: Sequence[Any]) -> list[str]:
    """Return what the answers were refused as, in order; a success is ''."""
    return [each.error["code"] if each.status else "" for each in answers]


def booked(ask: Ask, doctor: str, day: str) -> int:
    (known,) = ask("doctor", "avail", "show", doctor, day)
    return int(known["booked"])


def status_of(ask: Ask, appointment: str) -> str:
    return str(ask("appointment", "show", appointment)["status"])


def last_write(ask: Ask, appointment: str) -> int:
    """Return the number in the journal of the last write that touched an appointment."""
    return int(ask("appointment", "history", appointment)[-1]["journal"])


@pytest.fixture
def meet(
    start: Callable[..., Process],
    fork: Callable[..., Process],
    finish: Callable[..., Any],
    db: str,
    luck: random.Random,
    monkeypatch: pytest.MonkeyPatch,
) -> Meet:
    """Run commands against each other in one of the ways; return their answers in the order of the commands.

    Whoever has to be the first is a new process, the others are forks.
    """

    def meet(way: str, *commands: Command) -> list[Any]:
        monkeypatch.setenv("CLINICCTL_WAIT", "300")
        racers: dict[int, Process] = {}

        def begin(*order: int, by: Callable[..., Process] = fork) -> None:
            racers.update((at, by(*commands[at], "--json")) for at in order)
            begun = list(racers.values())
            if way != "loose":
                _until(lambda: stored.waiting(db, begun) + sum(each.poll() is not None for each in begun) == len(begun))

        order = luck.sample(range(len(commands)), len(commands))
        front = {"in line": 0, "in the other line": len(commands) - 1}.get(way, order[0])
        order.remove(front)
        with nullcontext() if way == "loose" else stored.held(db):
            begin(front, by=fork if way == "loose" else start)
            begin(*order)
        answers = [finish(racers[at]) for at in range(len(commands))]
        assert [each for each in answers if not _calm(each)] == []
        print(way, [(" ".join(command), each.status) for command, each in zip(commands, answers, strict=True)])
        return answers

    return meet


@pytest.fixture(params=[3, pytest.param(24, marks=pytest.mark.storm)], ids=lambda each: f"{each} rounds")
def rounds(request: pytest.FixtureRequest) -> Rounds:
    """The rounds of a race by number from 1, each with its way."""
    return [(n, WAYS[n % len(WAYS)]) for n in range(1, request.param + 1)]


@pytest.fixture
def person(noon: Ask) -> Callable[[], str]:
    """Register one more patient, and return the number."""
    count = 0

    def person() -> str:
        nonlocal count
        count += 1
        return str(noon("patient", "add", f"Person {count}", "--phone", f"97{count:08d}", "--new")["number"])

    return person


# Moving


def test_one_of_several_moves_gets_the_last_slot_and_the_others_stay(
    noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds, luck: random.Random
) -> None:
    movers = [person() for _ in range(4)]
    for n, way in rounds:
        day = f"+{n}d"
        noon("doctor", "avail", "set", "RAO", day, "--capacity", "2")
        noon("book", "P1", "RAO", day)
        old = [noon("book", each, "MEHTA", day)["number"] for each in movers[: luck.choice([2, 2, 4])]]
        before = {each: noon("appointment", "show", each) for each in old}
        answers = meet(way, *(("appointment", "move", each, day, "--doctor", "RAO") for each in old))
        assert sorted(codes(answers)) == ["", *["capacity_full"] * (len(old) - 1)]
        (won,) = (at for at, each in enumerate(answers) if each.status == 0)
        new = answers[won].json
        assert (new["slot"], new["moved_from"], new["doctor"]["code"]) == (2, old[won], "RAO")
        gone = noon("appointment", "show", old[won])
        assert (gone["status"], gone["moved_to"]) == ("cancelled", new["number"])
        assert [noon("appointment", "show", each) for each in old if each != old[won]] == [
            before[each] for each in old if each != old[won]
        ]
        assert (booked(noon, "RAO", day), booked(noon, "MEHTA", day)) == (2, len(old) - 1)
        assert wrong(db) == []


def test_one_of_two_moves_of_an_appointment_wins_and_takes_one_slot(
    noon: Ask, meet: Meet, db: str, rounds: Rounds
) -> None:
    for n, way in rounds:
        mine = noon("book", "P1", "MEHTA", f"+{n}d")["number"]
        answers = meet(
            way,
            ("appointment", "move", mine, f"+{n}d", "--doctor", "RAO"),
            ("appointment", "move", mine, f"+{n}d", "--doctor", "LONG"),
        )
        assert sorted(codes(answers)) == ["", "illegal_step"]
        (new,) = (each.json for each in answers if each.status == 0)
        assert noon("appointment", "show", mine)["moved_to"] == new["number"]
        places = {each: booked(noon, each, f"+{n}d") for each in ("MEHTA", "RAO", "LONG")}
        assert places == {"MEHTA": 0, "RAO": 0, "LONG": 0} | {new["doctor"]["code"]: 1}
        assert wrong(db) == []


# Cancelling against arriving


@pytest.mark.parametrize("each", [1, 2], ids=["one each", "two each"])
def test_of_a_cancel_and_a_check_in_exactly_one_succeeds(
    each: int, noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    arrived = 0
    for _, way in rounds:
        mine = noon("book", person(), "LONG")
        before = booked(noon, "LONG", "today")
        cancels, arrivals = [("appointment", "cancel", mine["number"])] * each, [("checkin", mine["number"])] * each
        said = codes(meet(way, *cancels, *arrivals))
        assert said.count("") == 1
        if "" in said[:each]:
            assert set(said) == {"", "illegal_step"}
            assert status_of(noon, mine["number"]) == "cancelled"
            assert booked(noon, "LONG", "today") == before - 1
            assert noon("book", "P1", "LONG", "--again")["slot"] == mine["slot"]
        else:
            arrived += 1
            assert set(said[:each]) == {"illegal_step"}
            assert set(said[each:]) <= {"", "already_checked_in"}
            assert status_of(noon, mine["number"]) == "checked_in"
            assert booked(noon, "LONG", "today") == before
        assert len(noon("queue", "show", "LONG")) == arrived
        assert wrong(db) == []


# The queue


def test_of_calls_and_a_transfer_nobody_is_called_twice_for_one_position(
    noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    for n, way in rounds:
        here, there = f"HERE{n}", f"THERE{n}"
        for code in (here, there):
            noon("doctor", "add", code, f"Dr. {code}")
        first, *others = [noon("walkin", person(), here)["appointment"]["number"] for _ in range(3)]
        asked = [
            ("queue", "call", here, "1"),
            ("queue", "call", here),
            ("queue", "call", here),
            ("queue", "call", there),
            ("queue", "transfer", here, "1", "--to", there),
        ]
        answers = meet(way, *asked)
        named, *plain, elsewhere, moved = codes(answers)
        assert (moved, plain) == ("", ["", ""])
        assert named in ("", "illegal_step", "queue_entry_not_found")
        assert elsewhere in ("", "queue_entry_not_found")
        called = [each.json for each in answers[:-1] if each.status == 0]
        places = [(each["doctor"], each["position"]) for each in called]
        assert len(set(places)) == len(places)
        people = [each["appointment"]["number"] for each in called if each["doctor"] == here]
        assert len(set(people)) == len(people)
        assert {each["position"] for each in noon("queue", "show", here)} == {2, 3}
        (entry,) = noon("queue", "show", there)
        assert (entry["appointment"]["number"], entry["position"]) == (first, 1)
        assert entry["status"] == ("waiting" if elsewhere else "called")
        standing = {each["appointment"]["number"]: each["status"] for each in noon("queue", "show", here)}
        assert standing == {each: "called" if each in people else "waiting" for each in others}
        assert wrong(db, gaps=n) == []


def test_one_of_two_transfers_of_a_position_wins(
    noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    for n, way in rounds:
        position = str(noon("walkin", person(), "LONG")["position"])
        before = {each: len(noon("queue", "show", each)) for each in ("RAO", "MEHTA")}
        answers = meet(way, *(("queue", "transfer", "LONG", position, "--to", each) for each in before))
        assert sorted(codes(answers)) == ["", "queue_entry_not_found"]
        (won,) = (each.json for each in answers if each.status == 0)
        assert won["position"] == before[won["doctor"]] + 1
        assert sum(len(noon("queue", "show", each)) for each in before) == sum(before.values()) + 1
        assert wrong(db, gaps=n) == []


# The waitlist


@pytest.mark.parametrize("each", [1, 2], ids=["one each", "two each"])
def test_of_a_promotion_and_a_booking_exactly_one_gets_the_last_place(
    each: int, noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    waiting, coming = [person() for _ in range(each)], [person() for _ in range(each)]
    for n, way in rounds:
        day = f"+{n}d"
        noon("doctor", "avail", "set", "RAO", day, "--capacity", "2")
        noon("book", "P2", "RAO", day)
        entries = [noon("waitlist", "add", who, "RAO", day)["number"] for who in waiting]
        answers = meet(
            way, *[("waitlist", "promote", "RAO", day)] * each, *(("book", who, "RAO", day) for who in coming)
        )
        said = codes(answers)
        assert said.count("") == 1
        assert set(said[:each]) <= {"", "waitlist_entry_not_found"}
        assert set(said[each:]) <= {"", "capacity_full"}
        (won,) = (answer.json for answer in answers if answer.status == 0)
        promoted = "" in said[:each]
        assert won["patient"]["number"] in (waiting[:1] if promoted else coming)
        assert (won["slot"], booked(noon, "RAO", day)) == (2, 2)
        known = {one["number"]: one for one in noon("waitlist", "list", "--all")}
        left = [(known[one]["status"], known[one]["appointment"]) for one in entries]
        first = ("promoted", won["number"]) if promoted else ("waiting", None)
        assert left == [first, *[("waiting", None)] * (each - 1)]
        assert wrong(db) == []


# The end of a day


def test_of_a_close_and_check_ins_nothing_stays_open_but_who_came_after(
    noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    for _, way in rounds:
        coming = [noon("book", person(), "LONG")["number"] for _ in range(2)]
        absent = noon("book", "P2", "LONG", "--again")["number"]
        seen, waiting = [noon("walkin", person(), "LONG") for _ in range(2)]
        noon("queue", "call", "LONG", str(seen["position"]))
        noon("queue", "start", "LONG", str(seen["position"]))
        seen, waiting = seen["appointment"]["number"], waiting["appointment"]["number"]
        answers = meet(way, *(("checkin", each) for each in coming), ("close", "--yes"))
        assert {each.status for each in answers} <= {0, 6, 7}
        *arrivals, ended = answers
        assert ended.status == 0
        end = last_write(noon, absent)
        came = {
            each: [
                step["journal"] for step in noon("appointment", "history", each) if step["to_status"] == "checked_in"
            ]
            for each in coming
        }
        assert [len(each) for each in came.values()] == [int(each.status == 0) for each in arrivals]
        after = {each for each in coming if came[each] and came[each][0] > end}
        before = {each for each in coming if came[each] and came[each][0] < end}
        assert after | before == {mine for mine, each in zip(coming, arrivals, strict=True) if each.status == 0}
        statuses = {each["number"]: each["status"] for each in noon("appointment", "list", "--day", "today")}
        assert (statuses[absent], statuses[waiting], statuses[seen]) == ("no_show", "left", "completed")
        assert {each for each, status in statuses.items() if status in ("booked", "checked_in", "in_consultation")} == (
            after
        )
        assert {each["appointment"]["number"] for each in noon("queue", "show") if each["status"] == "waiting"} == after
        assert {statuses[each] for each in before} <= {"left"}
        assert (after | {absent}) <= set(ended.json["no_show"])
        assert (before | {waiting}) <= set(ended.json["left"])
        assert ended.json["completed"] == [seen]
        assert wrong(db) == []
        noon("close", "--yes")


def test_of_closes_at_once_each_appointment_is_ended_by_one(noon: Ask, meet: Meet, db: str, rounds: Rounds) -> None:
    for _, way in rounds:
        absent = noon("book", "P1", "LONG", "--again")["number"]
        waiting = noon("walkin", "P2", "LONG", "--again")["appointment"]["number"]
        answers = meet(way, *[("close", "--yes")] * 3)
        assert codes(answers) == [""] * 3
        assert sorted((*each.json["no_show"], *each.json["left"]) for each in answers) == [(), (), (absent, waiting)]
        assert wrong(db) == []


# People made one


@pytest.mark.parametrize("named", ["number", "id"])
def test_of_a_merge_and_a_booking_the_booking_ends_with_the_survivor(
    named: str, noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    for n, way in rounds:
        gone, stays = (noon("patient", "show", person()) for _ in range(2))
        old = noon("book", gone["number"], "MEHTA", f"+{n}d")["number"]
        answers = meet(
            way,
            ("book", gone[named], "LONG", f"+{n}d"),
            ("waitlist", "add", gone[named], "RAO", f"+{n}d"),
            ("patient", "merge", gone["number"], "--into", stays["number"], "--yes"),
        )
        assert codes(answers) == [""] * 3
        new, waits, merged = (each.json for each in answers)
        assert {new["patient"]["number"], waits["patient"]["number"]} <= {gone["number"], stays["number"]}
        taken = 1 + (new["patient"]["number"] == gone["number"])
        assert (merged["merged"], merged["appointments"]) == (gone["number"], taken)
        for each in (gone, stays):
            kept = noon("appointment", "list", "--patient", each["number"])
            assert {one["number"] for one in kept} == {old, new["number"]}
            assert {one["patient"]["id"] for one in kept} == {stays["id"]}
        (entry,) = (each for each in noon("waitlist", "list") if each["number"] == waits["number"])
        assert entry["patient"]["number"] == stays["number"]
        assert wrong(db) == []


@pytest.mark.parametrize("crossed", [False, True], ids=["the same way", "crossed"])
def test_of_merges_of_one_pair_one_wins_and_one_patient_stays(
    crossed: bool, noon: Ask, person: Callable[[], str], meet: Meet, db: str, rounds: Rounds
) -> None:
    for n, way in rounds:
        one, other = person(), person()
        theirs = {noon("book", *each, f"+{n}d")["number"] for each in ((one, "LONG"), (other, "MEHTA"))}
        on_file = len(noon("patient", "list"))
        answers = meet(
            way,
            ("patient", "merge", one, "--into", other, "--yes"),
            ("patient", "merge", *((other, "--into", one) if crossed else (one, "--into", other)), "--yes"),
        )
        assert sorted(codes(answers)) == ["", "illegal_step"]
        (won,) = (each.json for each in answers if each.status == 0)
        stays = won["patient"]["number"]
        assert {stays, won["merged"]} == {one, other}
        assert won["appointments"] == 1
        assert {noon("patient", "show", each)["number"] for each in (one, other)} == {stays}
        assert len(noon("patient", "list")) == on_file - 1
        assert {each["number"] for each in noon("appointment", "list", "--patient", stays)} == theirs
        assert wrong(db) == []


# Taking back


def _book(ask: Ask) -> str:
    somebody = ask("patient", "add", "Some Body", "--phone", "90000 00000", "--new")
    return str(ask("book", somebody["number"], "LONG")["number"])


def _cancel(ask: Ask) -> str:
    mine = _book(ask)
    ask("appointment", "cancel", mine)
    return mine


def _move(ask: Ask) -> str:
    return str(ask("appointment", "move", _book(ask), "+1d", "--again")["moved_from"])


def _arrive(ask: Ask) -> str:
    mine = _book(ask)
    ask("checkin", mine)
    return mine


@pytest.mark.parametrize(
    ("act", "given_back", "status", "gaps"),
    [(_book, 1, "cancelled", 0), (_cancel, -1, "booked", 0), (_move, -1, "booked", 0), (_arrive, 0, "booked", 1)],
    ids=["book", "cancel", "move", "checkin"],
)
def test_of_undos_of_one_write_one_wins_and_the_place_changes_hands_once(
    act: Callable[[Ask], str],
    given_back: int,
    status: str,
    gaps: int,
    noon: Ask,
    meet: Meet,
    db: str,
    rounds: Rounds,
    luck: random.Random,
) -> None:
    for n, way in rounds:
        mine = act(noon)
        number, before = str(last_write(noon, mine)), booked(noon, "LONG", "today")
        desks = luck.choice([2, 3])
        answers = meet(way, *(("undo", number, "--yes", "--actor", f"desk{each}") for each in range(desks)))
        assert sorted(codes(answers)) == ["", *["already_undone"] * (desks - 1)]
        assert {each.status for each in answers} == {0, 6}
        assert booked(noon, "LONG", "today") == before - given_back
        assert booked(noon, "LONG", "+1d") == 0
        assert status_of(noon, mine) == status
        assert wrong(db, gaps=gaps * n) == []


@pytest.mark.parametrize("other", [("checkin",), ("appointment", "cancel"), ("appointment", "no-show")], ids=" ".join)
def test_of_an_undo_of_a_booking_and_a_step_of_it_exactly_one_succeeds(
    other: Command, noon: Ask, meet: Meet, db: str, rounds: Rounds
) -> None:
    for _, way in rounds:
        mine = _book(noon)
        before = booked(noon, "LONG", "today")
        undone, stepped = answers = meet(way, ("undo", str(last_write(noon, mine)), "--yes"), (*other, mine))
        assert sorted(codes(answers)) == ["", "illegal_step"]
        freed = undone.status == 0 or "cancel" in other
        assert booked(noon, "LONG", "today") == before - freed
        assert (status_of(noon, mine) == "cancelled") is freed
        assert len(noon("appointment", "history", mine)) == 2
        assert (stepped.status == 7) is (undone.status == 0)
        assert wrong(db) == []
