"""The journal: no write without its row, who did what to whom, and what becomes of it shows."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from clinicctl import clock, desk, errors
from clinicctl.desk import journal
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Store, open_store
from tests import every_write, stored
from tests.every_write import DAY, REFUSED
from tests.every_write import test_every_command_that_writes_has_its_turn as test_every_command_that_writes_has_its_turn

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

TAMPERING: dict[str, tuple[str, set[int]]] = {
    "an actor": ("UPDATE journal SET actor = 'eve' WHERE number = 4", {4}),
    "an instant": ("UPDATE journal SET at = '2020-01-01 00:00:00.000000' WHERE number = 4", {4}),
    "an instant in another spelling": ("UPDATE journal SET at = replace(at, ' ', 'T') WHERE number = 4", {4}),
    "an instant that is none": ("UPDATE journal SET at = 'some day' WHERE number = 4", {4}),
    "a command": ("UPDATE journal SET command = 'patient list' WHERE number = 4", {4}),
    "a key": ("UPDATE journal SET key = 'other' WHERE number = 4", {4}),
    "an outcome": ("UPDATE journal SET outcome = replace(outcome, 'MEHTA', 'METHA') WHERE number = 4", {4}),
    "bytes for text": ("UPDATE journal SET said = x'00ff' WHERE number = 4", {4}),
    "a hash": ("UPDATE journal SET hash = said WHERE number = 4", {4, 5}),
    "a row removed": ("DELETE FROM journal WHERE number = 4", {4}),
    "rows removed": ("DELETE FROM journal WHERE number IN (3, 4)", {3}),
    "the first row removed": ("DELETE FROM journal WHERE number = 1", {1}),
    "the last row removed": ("DELETE FROM journal WHERE number = 6", {6}),
    "the numbers given forgotten": ("DELETE FROM sqlite_sequence", {6}),
    "the numbers given no numbers": ("UPDATE sqlite_sequence SET seq = 'x'", {6}),
    "two rows in each other's place": (
        "UPDATE journal SET number = -4 WHERE number = 4; UPDATE journal SET number = 4 WHERE number = 5; "
        "UPDATE journal SET number = 5 WHERE number = -4",
        {4, 5, 6},
    ),
    "a step's status": ("UPDATE journal_steps SET to_status = 'completed' WHERE journal_number = 6", {6}),
    "a step's appointment in another spelling": (
        "UPDATE journal_steps SET appointment_id = upper(appointment_id) || '' WHERE journal_number = 6",
        {6},
    ),
    "a step's appointment": ("UPDATE journal_steps SET appointment_id = 'none' WHERE journal_number = 6", {6}),
    "a step removed": ("DELETE FROM journal_steps WHERE journal_number = 6", {6}),
    "a step put elsewhere": ("UPDATE journal_steps SET journal_number = 4 WHERE journal_number = 6", {4, 6}),
    "a step's place": ("UPDATE journal_steps SET nth = 2 WHERE journal_number = 6", {6}),
    "a step added": (
        "INSERT INTO journal_steps SELECT 5, 1, appointment_id, from_status, to_status, queue_from, queue_to, slot,"
        " position, before FROM journal_steps WHERE journal_number = 6",
        {5},
    ),
    "a step of a row that is not": (
        "INSERT INTO journal_steps SELECT 90, 1, appointment_id, from_status, to_status, queue_from, queue_to, slot,"
        " position, before FROM journal_steps WHERE journal_number = 6",
        {90},
    ),
}

NOT_ON_A_SERVER = {
    *("an instant in another spelling", "an instant that is none", "bytes for text"),
    *("a step's appointment in another spelling", "a step's appointment"),
    *("the numbers given forgotten", "the numbers given no numbers"),
}
"""What the types of the columns do not let happen on a server, and what is kept elsewhere there."""


@pytest.fixture
def store(clinic: Ask, database: str) -> Store:
    """The clinic with one booking: six writes."""
    clinic("book", "P1", "MEHTA", "--key", "first")
    return open_store(database, wait=5)


# No write without its row


def test_a_command_changes_tables_exactly_when_it_adds_a_journal_row(ask: Ask, run: Run, database: str) -> None:
    every_write.begin(ask)
    before = stored.dump(database)
    for args, stdin in DAY:
        dry = run(*args, "--dry-run", json=True, stdin=stdin, status=0)
        assert dry.json is not None
        assert stored.dump(database) == before, args
        run(*args, json=True, stdin=stdin, status=0)
        after = stored.dump(database)
        added = after["journal"][len(before["journal"]) :]
        assert after["journal"][: len(before["journal"])] == before["journal"], "a row of the journal is never changed"
        assert len(added) == 1, args
        assert after != before | {name: after[name] for name in stored.WITH_EVERY_WRITE & after.keys()}, args
        before = after
    for args, stdin in REFUSED:
        assert run(*args, stdin=stdin).status or args == ["db", "roles"], args
        assert stored.dump(database) == before, args
    for name, command in every_write.commands():
        if not isinstance(command, every_write.Writing) and not {"db", "shell", "batch", "queue board"} & {
            name.split()[0],
            name,
        }:
            assert run(*name.split(), stdin="").status in (0, 2, 4), name
            assert stored.dump(database) == before, name


# What the log tells


def test_the_log_tells_who_did_what_to_whom_the_newest_last(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "--key", "mine", "--actor", "asha")
    clinic("checkin", "P1", "--actor", "ben")
    *_, booked, arrived = clinic("audit", "log")
    assert (booked["number"], booked["actor"], booked["command"], booked["key"]) == (6, "asha", "book", "mine")
    assert set(booked["touched"]) == {"P1", "A1", "MEHTA"}
    assert booked["steps"] == [
        {"appointment": "A1", "from_status": None, "to_status": "booked", "queue_from": None, "queue_to": None}
    ]
    assert arrived["key"] is None
    assert (arrived["steps"][0]["from_status"], arrived["steps"][0]["to_status"]) == ("booked", "checked_in")
    assert arrived["at"] >= booked["at"]


def test_with_a_limit_the_newest_come_first(clinic: Ask) -> None:
    assert [each["number"] for each in clinic("audit", "log")] == [1, 2, 3, 4, 5]
    assert [each["number"] for each in clinic("audit", "log", "--limit", "2")] == [5, 4]


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [each["number"] for each in found]


def test_a_patients_log_is_everything_that_touched_him_and_nothing_else(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("book", "P2", "MEHTA")
    clinic("patient", "edit", "P1", "--note", "x")
    clinic("patient", "import", "-", stdin="name,phone\nNew Person,99999 00001\n")
    clinic("waitlist", "add", "P1", "RAO", "tomorrow")
    clinic("appointment", "cancel", "A1")
    clinic("patient", "merge", "P3", "--into", "P1", "--yes")
    clinic("close", "--yes")
    assert numbers(clinic("audit", "log", "--patient", "P2")) == [3, 7, 13]
    assert numbers(clinic("audit", "log", "--patient", "anita")) == [2, 6, 8, 9, 10, 11, 12]
    assert numbers(clinic("audit", "log", "--patient", "P3")) == [2, 6, 8, 9, 10, 11, 12]
    assert numbers(clinic("audit", "log", "--patient", "P1", "--limit", "2")) == [12, 11]


def test_a_doctors_log_has_his_days_and_those_who_wait_for_him(clinic: Ask) -> None:
    clinic("walkin", "P1", "MEHTA")
    clinic("queue", "transfer", "MEHTA", "1", "--to", "RAO")
    clinic("doctor", "avail", "set", "RAO", "+3d", "--capacity", "5")
    clinic("doctor", "import", "-", stdin="code,name\nNEW,Dr. New\n")
    clinic("doctor", "add", "TYPE", "Dr. Type")
    assert numbers(clinic("audit", "log", "--doctor", "rao")) == [5, 7, 8]
    assert numbers(clinic("audit", "log", "--doctor", "MEHTA")) == [4, 6, 7]
    assert numbers(clinic("audit", "log", "--doctor", "NEW")) == [9]
    assert numbers(clinic("audit", "log", "--doctor", "TYPE")) == [10]


def test_the_log_is_looked_through_by_appointment_actor_command_and_key(clinic: Ask, refused: Refused) -> None:
    clinic("book", "P1", "MEHTA", "--key", "k1", "--actor", "asha")
    clinic("appointment", "move", "A1", "tomorrow", "--actor", "asha")
    clinic("appt", "cancel", "A2", "--actor", "ben")
    assert numbers(clinic("audit", "log", "--appointment", "A1")) == [6, 7]
    assert numbers(clinic("audit", "log", "--appointment", "A2", "--actor", "ben")) == [8]
    assert numbers(clinic("audit", "log", "--actor", "asha")) == [6, 7]
    assert numbers(clinic("audit", "log", "--command", "patient")) == [2, 3]
    assert numbers(clinic("audit", "log", "--command", "Appointment  cancel")) == [8]
    assert numbers(clinic("audit", "log", "--command", "pat")) == []
    assert numbers(clinic("audit", "log", "--key", "k1")) == [6]
    assert numbers(clinic("audit", "log", "--patient", "P1", "--doctor", "RAO")) == []
    refused(4, "appointment_not_found", "audit", "log", "--appointment", "A9")
    refused(4, "doctor_not_found", "audit", "log", "--doctor", "NOBODY")


def test_an_undone_write_and_the_one_that_undid_it_both_stand_in_the_log(store: Store, ask: Ask) -> None:
    ask("undo")
    (undone,) = ask("audit", "log", "--command", "undo")
    assert (undone["undoes"], undone["steps"][0]["to_status"]) == (6, "cancelled")


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    with mock.patch.object(clock, "now", return_value=instant):
        yield


def test_the_log_of_a_day_is_right_after_a_clock_was_set_back(clinic: Ask) -> None:
    midnight = datetime(2027, 3, 1, 18, 30, tzinfo=UTC)
    hours = (-30, -25, -24, -23, -2, -1, 3, -3, 0, 1, 23, 22, 24, 25, -20, 90, -90, 12)
    for nth, hour in enumerate(hours):
        with at(midnight + timedelta(hours=hour)):
            clinic("config", "overbook_limit", str(nth + 1))
    with at(midnight + timedelta(hours=30)):
        for word, first, last in (("2027-03-01", -24, 0), ("2027-03-02", 0, 24), ("2027-03-01..2027-03-02", -24, 24)):
            expected = [6 + nth for nth, hour in enumerate(hours) if first <= hour < last]
            assert numbers(clinic("audit", "log", "--day", word)) == expected, word
        assert numbers(clinic("audit", "log", "--day", "2027-03-02", "--limit", "1")) == [23]
        assert clinic("audit", "log", "--day", "2026-01-01") == []


@pytest.mark.file
def test_no_filter_of_the_log_looks_at_every_row(store: Store) -> None:
    filters: tuple[dict[str, Any], ...] = (
        {"patient": PatientRef("P1")},
        {"doctor": DoctorRef("MEHTA")},
        {"appointment": AppointmentRef("A1")},
        {"actor": "asha"},
        {"command": "patient add"},
        {"on": "today"},
        {"key": "first"},
        {"limit": 3},
    )
    for each in filters:
        said: list[str] = []
        with store.read(actor="test") as tx:
            tx.driver.set_trace_callback(said.append)
            list(desk.audit.log(tx, **each))
            tx.driver.set_trace_callback(None)
            for statement in said:
                # With a limit and no filter, the table is read from its end, and no further than that.
                if statement.startswith("SELECT") and "WHERE" in statement:
                    plan = [row[3] for row in tx.driver.execute(f"EXPLAIN QUERY PLAN {statement}")]
                    growing = ("SCAN journal", "SCAN appointments", "SCAN queue_entries", "SCAN patients")
                    assert not [step for step in plan if step.startswith(growing)], (each, plan)


# What becomes of the journal shows


def test_a_journal_that_is_as_it_was_written_verifies(store: Store, ask: Ask) -> None:
    found = ask("audit", "verify")
    assert (found["writes"], found["number"], found["anchored"]) == (6, 6, None)
    with store.read(actor="test") as tx:
        assert found["head"] == journal.head(tx)[1]
        assert journal.examine(tx).findings == ()


@pytest.mark.parametrize(
    "what", [pytest.param(each, marks=[pytest.mark.file] if each in NOT_ON_A_SERVER else []) for each in TAMPERING]
)
def test_what_was_done_to_the_journal_is_named_by_its_row(
    store: Store, refused: Refused, what: str, database: str
) -> None:
    script, found = TAMPERING[what]
    stored.change(database, *script.split("; "))
    error = refused(10, "broken_journal", "audit", "verify")
    assert {each["number"] for each in error["details"]["findings"]} == found
    assert error["details"]["broken"] >= len(found)
    assert all(f"row {each}:" in error["message"] for each in found)


def test_a_row_written_anew_with_its_hash_is_found_at_the_row_after_it(store: Store, refused: Refused) -> None:
    with store.write(actor="eve", key="none") as tx:
        row = stored_journal.by_number(tx, number=4)
        assert row is not None
        forged = journal._hash(row._replace(actor="eve"), [])
        tx.execute("UPDATE journal SET actor = 'eve', hash = ? WHERE number = 4", (forged,))
    error = refused(10, "broken_journal", "audit", "verify")
    assert [each["number"] for each in error["details"]["findings"]] == [5]


def test_a_tail_cut_off_with_all_its_traces_is_found_by_an_anchor(
    store: Store, ask: Ask, refused: Refused, database: str
) -> None:
    anchor = ask("audit", "verify")["head"]
    ask("book", "P2", "MEHTA")
    assert ask("audit", "verify", "--anchor", anchor)["anchored"] is True
    stored.forget_writes(database, after=5)
    assert ask("audit", "verify")["writes"] == 5
    error = refused(10, "broken_journal", "audit", "verify", "--anchor", anchor)
    assert error["details"]["anchored"] is False
    refused(2, "invalid_value", "audit", "verify", "--anchor", "12")


def test_only_the_first_of_many_findings_are_told_and_all_are_counted(
    store: Store, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setattr(journal, "MOST_FINDINGS", 3)
    stored.change(database, "UPDATE journal SET actor = 'eve'")
    with store.read(actor="test") as tx, pytest.raises(errors.BrokenJournal) as broken:
        desk.audit.verify(tx)
    assert broken.value.details["broken"] == 6
    assert len(broken.value.details["findings"]) == 3


def test_the_memory_of_a_check_does_not_grow_with_the_journal(store: Store) -> None:
    def peak() -> int:
        with store.read(actor="test") as tx:
            tracemalloc.start()
            checked = journal.examine(tx)
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert checked.broken == 0
        return found

    lengthen(store, 4_500)
    few = peak()
    lengthen(store, 5_000)
    assert peak() < few + 200_000


def lengthen(store: Store, count: int) -> None:
    """Add so many writes to the journal, each chained to the one before it."""
    # A server ends a transaction in which it hears nothing for long.
    for left in range(count, 0, -500):
        lengthen_at_once(store, min(left, 500))


def lengthen_at_once(store: Store, count: int) -> None:
    with store.write(actor="test", key="many") as tx:
        number, previous = journal.head(tx)
        for nth in range(number + 1, number + 1 + count):
            row = rows.WriteRow(
                number=nth,
                at=tx.now,
                actor="test",
                command="config",
                key=f"k{nth}",
                undoes=None,
                said="0",
                fingerprint="0",
                outcome=json.dumps({"nth": nth}),
                previous=previous,
                hash="",
            )
            previous = journal._hash(row, [])
            stored_journal.insert(tx, [row._replace(hash=previous)])
        tx.end.last = number + count, previous
