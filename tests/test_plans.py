"""No command of the desk reads through a table that grows: every statement is answered from an index."""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from tests import queries
from tests.statements import Statements

Ask = Callable[..., Any]

GROWING = {
    "appointments",
    "held_slots",
    "messages",
    "patients",
    "patient_words",
    "queue_entries",
    "journal",
    "journal_steps",
    "journal_days",
    "journal_merges",
    "waitlist_entries",
    "waitlist_days",
    "doctor_daily_availabilities",
    "doctor_daily_capacities",
}
"""Doctors, settings, counters and weekly patterns stay few."""

EVERYTHING = {
    "appointments.MATCHING": "a list of all appointments",
    "appointments.MATCHING IN_STATUSES": "a list of all appointments in some statuses, without a day",
    "appointments.MATCHING CANCELLED_BY": "a list of all that the clinic or patients cancelled, without a day",
    "appointments.MATCHING NOT_UNDONE": "never asked for alone: it goes with CANCELLED_BY",
    "audit.WRITES": "the whole journal",
    "audit.WRITES ACCEPTED": "the whole journal without refused attempts",
    "audit.WRITES_NEWEST_FIRST ACCEPTED": "the newest writes: the journal is read from its end, until there are enough",
    "audit.WRITES_NEWEST_FIRST": "the newest of the journal: it is read from its end, until there are enough",
    "days.DOCTORS_WITH_LEDGER": "one look at all ledgers for an import of days, instead of one a doctor",
    "integrity.HOLDERS": "a repair of the whole database",
    "integrity.PATIENTS": "a check of the whole database",
    "integrity.WORDS": "a check of the whole database",
    "journal.LAST_REQUESTED": "an import of patients: whether this very file was imported before, by whatever key",
    "journal.STORED_WRITES": "a check of the whole journal",
    "journal.STORED_STEPS": "a check of the whole journal",
    "metrics.APPOINTMENTS": "a restore says how many there are",
    "outbox.DROP_PENDING": "`config notify off`: every message that is open",
    "outbox.DROP_REMINDERS": "a change of the settings of reminders: every message that is open",
    "outbox.MATCHING": "a list of all messages",
    "outbox.MATCHING ARE_OPEN": "a list of the open messages, from the index of those",
    "outbox.MATCHING DUE_FROM": "never asked for: it goes with DUE",
    "outbox.MATCHING IN_STATES": "a list of all messages in some states",
    "outbox.MATCHING ON_CHANNEL": "never asked for: it goes with DUE",
    "patients.COUNT": "the metrics, and a restore, say how many there are",
    "patients.FIND": "never asked for without a word",
    "patients.MERGED": "a list of all patients, and an import of patients: those who were merged",
    "patients.NOT_ERASED": "a list of all patients",
    "patients.ON_FILE": "a list of all patients",
    "queue.ENTRIES": "an export of all queues",
    "records.COMPARED": "all pairs who may be one person",
    "records.SHARING_NAME_KEY": "all pairs who may be one person",
    "records.WORD_COUNTS": "how common the words of all names are",
    "waitlist.LISTED FOR_SPAN": "an export of the waitlist for some days, in the order of the list",
    "waitlist.LISTED": "the whole waitlist, also those who do not wait any more",
}
"""The statements that read a growing table from end to end on purpose, and what for."""

LISTS_ALL = {("patient", "list"), ("patient", "duplicates"), ("appointment", "list"), ("health",)}
"""Commands that were asked for everything."""


DAY = [
    ["patient", "add", "Zoë Quinn", "--phone", "91234 56789", "--born", "1990-01-01"],
    ["patient", "add", "Zoe Quin", "--phone", "91234 56789", "--new"],
    ["patient", "find", "qui"],
    ["patient", "find", "anita sha"],
    ["patient", "find", "9876543210"],
    ["patient", "show", "P1"],
    ["patient", "edit", "P3", "--note", "x"],
    ["patient", "list", "--limit", "5"],
    ["book", "P1", "MEHTA", "--reason", "x", "--key", "k"],
    ["book", "P1", "MEHTA", "--reason", "x", "--key", "k"],
    ["book", "anita", "MEHTA", "tomorrow"],
    ["book", "P2", "MEHTA"],
    ["book", "P3", "RAO"],
    ["walkin", "P4", "RAO", "--overbook"],
    ["book", "P2", "RAO"],
    ["book", "P1", "RAO"],
    ["book", "P1", "MEHTA", "+3d", "--time", "10:00"],
    ["waitlist", "add", "P4", "RAO", "tomorrow..+3d"],
    ["waitlist", "list", "RAO"],
    ["waitlist", "list"],
    ["waitlist", "promote", "RAO", "tomorrow"],
    ["appointment", "show", "A1"],
    ["appointment", "history", "A1"],
    ["appointment", "list", "--day", "today"],
    ["appointment", "list", "--doctor", "MEHTA", "--day", "today..+1w"],
    ["appointment", "list", "--patient", "P1"],
    ["appointment", "move", "A2", "+2d"],
    ["appointment", "cancel", "A4", "--promote"],
    ["checkin", "A1"],
    ["checkin", "P2"],
    ["queue", "show"],
    ["queue", "show", "MEHTA"],
    ["queue", "board", "--once"],
    ["queue", "board", "--html", "-", "--doctor", "MEHTA"],
    ["ticket", "A1"],
    ["queue", "call", "MEHTA"],
    ["queue", "skip", "MEHTA"],
    ["queue", "recall", "MEHTA", "1"],
    ["queue", "hold", "MEHTA", "1"],
    ["queue", "resume", "MEHTA", "1"],
    ["queue", "priority", "MEHTA", "1", "3"],
    ["queue", "transfer", "MEHTA", "2", "--to", "RAO"],
    ["queue", "call", "MEHTA"],
    ["queue", "start", "MEHTA"],
    ["queue", "done", "MEHTA"],
    ["undo"],
    ["appointment", "no-show", "A3"],
    ["day"],
    ["day", "today", "--doctor", "MEHTA"],
    ["day", "--width", "58mm"],
    ["free"],
    ["free", "MEHTA", "--days", "5"],
    ["doctor", "avail", "set", "MEHTA", "+5d..+9d", "--capacity", "4"],
    ["undo"],
    ["doctor", "avail", "set", "MEHTA", "+5d..+9d", "--capacity", "4"],
    ["appointment", "list", "--cancelled-by", "clinic", "--day", "today"],
    ["doctor", "avail", "weekly", "RAO", "sat,sun", "--off"],
    ["doctor", "avail", "show", "MEHTA"],
    ["doctor", "edit", "MEHTA", "--capacity", "9"],
    ["config", "capacity", "12"],
    ["status"],
    ["patient", "merge", "P4", "--into", "P3", "--yes"],
    ["undo"],
    ["patient", "merge", "P4", "--into", "P3", "--yes"],
    ["patient", "archive", "P2"],
    ["doctor", "archive", "RAO"],
    ["close", "--yes"],
]


@pytest.mark.file
def test_no_query_reads_a_growing_table_but_those_that_are_to(clinic: Ask) -> None:
    """As they are compiled: what stands for a question mark cannot choose an index."""
    with closing(sqlite3.connect(os.environ["CLINICCTL_DB"])) as connection:
        fill(connection)
        found = {name: list(scans(connection, sql)) for name, sql in queries.statements()}
    reading = {name: scans for name, scans in found.items() if scans}
    assert {name: scans for name, scans in reading.items() if name not in EVERYTHING} == {}
    assert EVERYTHING.keys() - reading.keys() == set(), "these do not any more"


@pytest.mark.file
def test_messages_that_are_due_are_read_in_order_and_not_sorted(clinic: Ask) -> None:
    """A sender takes a few of many, which may all be due at one instant."""
    (sql,) = (sql for name, sql in queries.statements() if name == "outbox.DUE")
    with closing(sqlite3.connect(os.environ["CLINICCTL_DB"])) as connection:
        plan = [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]
    assert any("ix_messages_open_due" in each for each in plan), plan
    assert not any("TEMP B-TREE" in each for each in plan), plan


def fill(connection: sqlite3.Connection) -> None:
    """Add patients enough that an index is worth while. Nobody has analysed the database, as nobody does."""
    connection.execute(
        "INSERT INTO patients WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)"
        " SELECT printf('%032x', n), 100 + n, 'A', 'a' || n, '+9190000' || (10000 + n), NULL, NULL,"
        " 'unknown', NULL, NULL, created_at, updated_at, NULL, NULL, NULL, NULL, NULL, NULL FROM n, patients"
        " WHERE number = 1"
    )
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name LIKE 'sqlite_stat%'").fetchone() == (0,)


@pytest.mark.file
def test_no_command_reads_a_growing_table_from_end_to_end(clinic: Ask, run: Any) -> None:
    """With the statements that are no queries: the journal's end, the settings, and which query a command chooses."""
    found: list[str] = []
    for command in DAY:
        heard = Statements()
        with heard.heard():
            answer = run(*command)
        assert answer.status in (0, 4, 5, 6, 7), (command, answer)
        assert heard.sent, command
        if tuple(command[:2]) not in LISTS_ALL or "--day" in command or "--patient" in command:
            found += [f"{' '.join(command)}: {scan}" for scan in scanned(heard)]
    assert not found, "\n\n".join(found)


def scanned(heard: Statements) -> Iterator[str]:
    """The statements whose plan reads a growing table without an index to look in."""
    with closing(sqlite3.connect(os.environ["CLINICCTL_DB"])) as connection, connection:
        for sql in heard.sent:
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql):
                for scan in scans(connection, sql):
                    yield f"{scan}\n{sql}"


def scans(connection: sqlite3.Connection, sql: str) -> Iterator[str]:
    """The steps of a statement's plan that read a growing table from end to end, by whatever name."""
    tables = {name: table for table, name in re.findall(r"\b(\w+) AS (\w+)", sql) if table in GROWING}
    for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * re.sub(r"'[^']*'", "", sql).count("?")):
        read = re.match(r"SCAN (\w+)", detail)
        if read and tables.get(read[1], read[1]) in GROWING:
            yield detail


@pytest.mark.file
@pytest.mark.parametrize(
    ("sql", "scan"),
    [
        ("SELECT * FROM patients WHERE note = 'x'", ["SCAN patients"]),
        ("SELECT * FROM patients WHERE number = ?", []),
        ("SELECT * FROM patients AS other WHERE other.note = ?", ["SCAN other"]),
        ("SELECT * FROM settings", []),
    ],
)
def test_a_scan_would_be_seen(sql: str, scan: list[str], clinic: Ask) -> None:
    heard = Statements()
    heard.all = [sql.replace("?", "1")]
    assert [each.splitlines()[0] for each in scanned(heard)] == scan
    with closing(sqlite3.connect(os.environ["CLINICCTL_DB"])) as connection:
        assert list(scans(connection, sql)) == scan


@pytest.mark.parametrize(
    "command",
    [
        "queue show",
        "queue board --once",
        "day tomorrow",
        "day tomorrow --width 58mm",
        "free",
        "status",
        "waitlist promote D0 +2d -n",
        "metrics",
    ],
)
def test_a_list_takes_as_many_statements_for_many_as_for_a_few(command: str, ask: Ask, run: Any) -> None:
    """No statement of its own for an entry, a doctor or a day: ten of each are read as four are."""
    ask("init", "--timezone", "UTC", "--region", "IN")
    counts = []
    made = 0
    for many in (4, 10):
        for n in range(made, many):
            ask("doctor", "add", f"D{n}", f"Dr. D{n}", "--capacity", "40")
            ask("patient", "add", f"Patient {'abcdefghijkl'[n]}x", "--phone", "none", "--new")
            ask("doctor", "avail", "set", f"D{n}", "+2d", "--capacity", "0")
        for n in range(made, many):
            ask("walkin", f"P{n + 1}", "D0")
            ask("book", f"P{n + 1}", f"D{n}", "tomorrow")
            ask("waitlist", "add", f"P{n + 1}", f"D{n % 3}", "+2d")
        for n in range(made, many):
            ask("doctor", "avail", "set", f"D{n}", "+2d", "--capacity", "1")
        made = many
        statements = Statements()
        with statements.heard():
            run(*command.split(), json=command != "metrics", status=0)
        counts.append(len(statements.all))
    assert counts[0] == counts[1], counts
