"""The waitlist: the days that were said, one entry for a patient, a doctor and a day, and its end with a booking."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.test_keeping import older, rows

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def db(tmp_path: Path) -> str:
    return str(tmp_path / "clinic.db")


# Older databases


def test_an_older_entry_gets_every_day_of_its_range_and_of_two_for_one_day_the_older_keeps_it(
    clinic: Ask, db: str, tmp_path: Path
) -> None:
    old = older(db, str(tmp_path / "old.db"), 2)
    with closing(sqlite3.connect(old)) as connection, connection:
        ids = dict(connection.execute("SELECT 'P' || number, id FROM patients UNION SELECT code, id FROM doctors"))
        for number, patient, doctor, first, last, status in (
            (1, "P1", "RAO", "2026-11-28", "2026-12-02", "waiting"),
            (2, "P1", "RAO", "2026-12-01", "2026-12-04", "waiting"),
            (3, "P1", "RAO", "2026-11-29", "2026-12-03", "waiting"),
            (4, "P2", "RAO", "2026-12-01", "2026-12-01", "waiting"),
            (5, "P1", "MEHTA", "2026-12-01", "2026-12-02", "waiting"),
            (6, "P1", "RAO", "2026-12-01", "2026-12-02", "removed"),
        ):
            connection.execute(
                "INSERT INTO waitlist_entries VALUES (lower(hex(randomblob(16))), ?, ?, ?, ?, ?, ?, NULL,"
                " '2026-11-01 00:00:00.000000', '2026-11-01 00:00:00.000000')",
                (number, ids[patient], ids[doctor], first, last, status),
            )
        connection.execute("UPDATE counters SET value = 6 WHERE name = 'waitlist'")
    clinic("db", "migrate", "--db", old)
    assert rows(
        old,
        "SELECT number, status, first_date, last_date, group_concat(substr(date, 6), ' ') FROM (SELECT * FROM"
        " waitlist_entries AS e LEFT JOIN waitlist_days AS d ON d.entry_id = e.id ORDER BY number, date)"
        " GROUP BY number",
    ) == [
        (1, "waiting", "2026-11-28", "2026-12-02", "11-28 11-29 11-30 12-01 12-02"),
        (2, "waiting", "2026-12-03", "2026-12-04", "12-03 12-04"),
        (3, "removed", "2026-11-29", "2026-12-03", "11-29 11-30 12-01 12-02 12-03"),
        (4, "waiting", "2026-12-01", "2026-12-01", "12-01"),
        (5, "waiting", "2026-12-01", "2026-12-02", "12-01 12-02"),
        (6, "removed", "2026-12-01", "2026-12-02", "12-01 12-02"),
    ]
    assert clinic("db", "check", "--db", old)["sound"]
