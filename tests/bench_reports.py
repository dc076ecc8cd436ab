"""Reports of a year with a million appointments, against the same statements sent by bare sqlite3."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from uuid import UUID

APPOINTMENTS, DOCTORS, EACH_DAY = 1_000_000, 100, 40
NAMES = ("utilisation", "waits", "no-shows", "lead-time", "load", "doctors", "changes")
_STATUSES = (*["completed"] * 14, "no_show", "left", *["cancelled"] * 3, "booked")


def fill(path: str, *, appointments: int = APPOINTMENTS, each_day: int = EACH_DAY) -> tuple[date, date]:
    """Write a year of appointments that have a patient and a doctor each; return the first and the last day."""
    rng = random.Random(1)
    last = date.today()  # noqa: DTZ011 - the clinic is in UTC, and days at its end do not matter
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        doctors = [row for (row,) in connection.execute("SELECT id FROM doctors ORDER BY code")]
        (patient,) = connection.execute("SELECT id FROM patients").fetchone()
        days = appointments // (len(doctors) * each_day)
        dates = [last - timedelta(days=nth * 364 // days) for nth in range(days)]
        connection.execute("BEGIN")
        number = 10_000
        for on in sorted(dates):
            rows, entries, ledgers = [], [], []
            start = datetime(on.year, on.month, on.day, 8)  # noqa: DTZ001 - stored without an offset
            for doctor in doctors:
                ledgers.append((_id(rng), doctor, str(on), each_day, each_day, 0, each_day, 0))
                for slot in range(1, each_day + 1):
                    number += 1
                    identity, status = _id(rng), rng.choice(_STATUSES)
                    by = rng.choice(("patient", "clinic")) if status == "cancelled" else None
                    made = start - timedelta(days=rng.choice((0, 1, 2, 7, 14, 30)), seconds=rng.randrange(7_200))
                    rows.append((identity, number, patient, doctor, str(on), slot, number, status, by, _at(made)))
                    if status in ("completed", "left"):
                        arrived = start + timedelta(minutes=10 * slot, seconds=rng.randrange(600))
                        called = arrived + timedelta(seconds=rng.randrange(3_600))
                        ended = called + timedelta(seconds=rng.randrange(60, 1_200))
                        queued = "done" if status == "completed" else "left"
                        seen = _at(called) if queued == "done" else None
                        entries.append(
                            (_id(rng), identity, doctor, str(on), slot, queued, _at(arrived), seen, seen, _at(ended))
                        )
            connection.executemany(
                "INSERT INTO appointments (id, number, patient_id, doctor_id, date, slot, visit, status, cancelled_by,"
                " overbooked, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?10, ?10)",
                rows,
            )
            connection.executemany(
                "INSERT INTO queue_entries (id, appointment_id, doctor_id, date, position, status, priority, recalled,"
                " checked_in_at, called_at, started_at, ended_at) VALUES (?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)",
                entries,
            )
            connection.executemany("INSERT INTO doctor_daily_capacities VALUES (?, ?, ?, ?, ?, ?, ?, ?)", ledgers)
        connection.execute("COMMIT")
    return min(dates), last


def _id(rng: random.Random) -> str:
    return UUID(int=rng.getrandbits(128)).hex


def _at(at: datetime) -> str:
    return at.isoformat(" ", "microseconds")


def reports() -> Iterator[tuple[str, str, float, str]]:
    """Each report of the year, and one by each other group, against its statements."""
    from tests import bench  # It has this one in its table.

    with bench.clinic(*bench.doctors(DOCTORS, capacity=EACH_DAY), *bench.patients(1)) as folder:
        first, last = fill(str(folder / "clinic.db"))
        days = ["--from", str(first), "--to", str(last)]
        for name in NAMES:
            for by in ("doctor", "month") if name != "load" else ("", "doctor"):
                args = ["report", name, *days, *(["--by", by] if by else []), "--json"]
                log = folder / "log.pickle"
                bench.record(log, args)
                one, other, found = bench.ratio([*bench.PROGRAM, *args], bench.bare(folder, log), rounds=3)
                what = f"`report {name}`{f' by {by}' if by else ''} of a year of {APPOINTMENTS:,} appointments"
                yield (
                    f"{what}, {one / 1000:.2f} s",
                    f"its statements, bare sqlite3, {other / 1000:.2f} s",
                    found,
                    ("at most 1.5"),
                )
