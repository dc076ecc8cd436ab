"""Skewed clinics, written row by row into a new database: a thousand patients on one phone, a queue of two thousand.

The rows are those that the desk would have written, with a journal whose hashes follow one another, so that `db check`
finds nothing. Nothing here runs a command for each row: a clinic of some thousand rows takes less than a second.
"""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson

from clinicctl.rules import keys
from clinicctl.rules.matching import name_key
from clinicctl.rules.text import search_words
from clinicctl.store.compiled.rows import WriteRow

ACTOR = "desk"
"""Who has written everything."""
NOON = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
TODAY = NOON.date()
"""The day of all clinics, which are in UTC."""

_AT = datetime(2020, 1, 1, 9, tzinfo=UTC)
_STORED_AT = "2020-01-01 09:00:00.000000"
_NOTHING = "0" * 64
_QUEUED = {"checked_in": "waiting", "in_consultation": "serving", "completed": "done", "left": "left"}
"""The status of a queue entry by that of its appointment."""


class Doctor(NamedTuple):
    """A doctor on the staff."""

    id: UUID
    code: str
    capacity: int


class Patient(NamedTuple):
    """A patient on file."""

    id: UUID
    number: int


class Visit(NamedTuple):
    """An appointment to write. One who has arrived gets the next position."""

    patient: Patient
    doctor: Doctor
    on: date
    status: str = "booked"
    time: str | None = None


class Clinic:
    """A new clinic's database, to which rows are added. `close` makes it whole."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.execute("BEGIN")
        self._journal = self._connection.execute("SELECT number, hash FROM journal ORDER BY number DESC").fetchone()
        self._slots = Counter[tuple[Doctor, date]]()
        self._positions = Counter[tuple[Doctor, date]]()
        self._visits = Counter[tuple[UUID, UUID, date]]()
        self._given = Counter[str]()

    def close(self) -> None:
        """Write the ledgers and the counters, and commit."""
        self._insert(
            "doctor_daily_capacities",
            (
                {
                    "id": uuid4().hex,
                    "doctor_id": doctor.id.hex,
                    "date": on.isoformat(),
                    "capacity": doctor.capacity,
                    "booked": booked,
                    "remaining": max(0, doctor.capacity - booked),
                    "last_position": self._positions[doctor, on],
                    "last_recall": 0,
                }
                for (doctor, on), booked in self._slots.items()
            ),
        )
        for name, value in self._given.items():
            self._connection.execute("UPDATE counters SET value = ? WHERE name = ?", (value, name))
        self._connection.execute("COMMIT")
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    def doctors(self, count: int, *, capacity: int = 10) -> list[Doctor]:
        """Add doctors D0, D1 and so on."""
        made = [Doctor(uuid4(), f"D{nth}", capacity) for nth in range(count)]
        self._insert(
            "doctors",
            (
                {"id": each.id.hex, "code": each.code, "name": f"Dr. Number {each.code}", "capacity": capacity}
                for each in made
            ),
        )
        return made

    def patients(
        self,
        count: int,
        *,
        name: Callable[[int], str] = lambda nth: f"{word(nth)} {word(nth // 7)}",
        phone: Callable[[int], str | None] = lambda _: None,
        born: Callable[[int], str | None] = lambda _: None,
    ) -> list[Patient]:
        """Add patients, each with the name, the phone and the birth date of its place."""
        first = self._next("patients", count)
        made = [Patient(uuid4(), number) for number in range(first, first + count)]
        self._insert(
            "patients",
            (
                {
                    "id": each.id.hex,
                    "number": each.number,
                    "name": name(nth),
                    "name_key": _name_key(name(nth)),
                    "phone": phone(nth),
                    "born": born(nth),
                    "sex": "unknown",
                }
                for nth, each in enumerate(made)
            ),
        )
        self._insert(
            "patient_words",
            (
                {"word": each, "patient_id": patient.id.hex}
                for nth, patient in enumerate(made)
                for each in _words(name(nth))
            ),
        )
        self._insert(
            "patient_phones",
            (
                {"ending": given[:0:-1], "patient_id": patient.id.hex, "position": 1}
                for nth, patient in enumerate(made)
                if (given := phone(nth)) is not None
            ),
        )
        self._insert(
            "patient_keys",
            (
                {"key": key, "patient": patient.number}
                for nth, patient in enumerate(made)
                for key in keys.keys(_Described(name(nth), born(nth)), filter(None, [phone(nth)]))
            ),
        )
        return made

    def visit(self, visits: Iterable[Visit], *, at_once: int = 500) -> None:
        """Add appointments and their places in queues. One write of the journal has `at_once` of them."""
        waiting = iter(visits)
        while some := list(islice(waiting, at_once)):
            self._visit(some)

    def _visit(self, visits: Sequence[Visit]) -> None:
        rows, entries, steps = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
        for number, each in enumerate(visits, start=self._next("appointments", len(visits))):
            identity = uuid4()
            place = each.doctor, each.on
            self._slots[place] += 1
            status = _QUEUED.get(each.status)
            if status is not None:
                self._positions[place] += 1
            position = self._positions[place] if status is not None else None
            again = each.patient.id, each.doctor.id, each.on
            self._visits[again] += 1
            rows.append(
                {
                    "id": identity.hex,
                    "number": number,
                    "patient_id": each.patient.id.hex,
                    "doctor_id": each.doctor.id.hex,
                    "date": each.on.isoformat(),
                    "slot": self._slots[place],
                    "visit": self._visits[again],
                    "time": each.time,
                    "status": each.status,
                    "overbooked": int(self._slots[place] > each.doctor.capacity),
                }
            )
            if status is not None:
                entries.append(
                    {
                        "id": uuid4().hex,
                        "appointment_id": identity.hex,
                        "doctor_id": each.doctor.id.hex,
                        "date": each.on.isoformat(),
                        "position": position,
                        "status": status,
                        "priority": 0,
                        "recalled": 0,
                        "checked_in_at": _STORED_AT,
                        "started_at": _STORED_AT if status in ("serving", "done") else None,
                        "moved_up": 0,
                    }
                )
            steps.append(
                {
                    "appointment_id": identity,
                    "from_status": None,
                    "to_status": each.status,
                    "queue_from": None,
                    "queue_to": status,
                    "slot": self._slots[place],
                    "position": position,
                    "before": "{}",
                }
            )
        self._insert("appointments", rows)
        held = ("doctor_id", "date", "slot")
        self._insert(
            "held_slots",
            (
                {name: row[name] for name in held} | {"appointment": row["number"]}
                for row in rows
                if row["status"] != "cancelled"
            ),
        )
        self._insert("queue_entries", entries)
        booked = {"number": f"A{rows[0]['number']}", "doctor": visits[0].doctor.code}
        self.write("book", "bookings.book", "Booked", booked, steps)

    def wait(self, patients: Iterable[Patient], doctor: Doctor, dates: Sequence[date]) -> None:
        """Add each patient to the waitlist of a doctor, for one of several days."""
        listed = list(patients)
        first = self._next("waitlist", len(listed))
        made = [(uuid4().hex, number, each) for number, each in enumerate(listed, start=first)]
        self._insert(
            "waitlist_entries",
            (
                {
                    "id": identity,
                    "number": number,
                    "patient_id": each.id.hex,
                    "doctor_id": doctor.id.hex,
                    "first_date": dates[0].isoformat(),
                    "last_date": dates[-1].isoformat(),
                    "status": "waiting",
                }
                for identity, number, each in made
            ),
        )
        self._insert(
            "waitlist_days",
            ({"entry_id": identity, "date": each.isoformat()} for identity, *_ in made for each in dates),
        )

    def absent(self, doctor: Doctor, dates: Iterable[date]) -> None:
        """Set days on which a doctor is absent."""
        self._insert(
            "doctor_daily_availabilities",
            (
                {
                    "id": uuid4().hex,
                    "doctor_id": doctor.id.hex,
                    "date": each.isoformat(),
                    "present": 0,
                    "updated_by": ACTOR,
                }
                for each in dates
            ),
        )

    def merge(self, gone: Patient, into: Patient, *, survivor: Patient | None = None) -> None:
        """Merge a patient into another one, as a write of its own.

        The record points to `survivor` if the other one is merged, too, as it does since merges are resolved when they
        are written.
        """
        self._connection.execute(
            "UPDATE patients SET merged_into = ?, archived_at = ? WHERE id = ?",
            ((survivor or into).id.hex, _STORED_AT, gone.id.hex),
        )
        merged = {"patient": {"id": str(into.id), "number": f"P{into.number}"}, "merged": f"P{gone.number}"}
        self.write("patient merge", "duplicates.merge", "Merged", merged, ())

    def write(
        self,
        command: str,
        operation: str,
        type_: str,
        result: Mapping[str, Any],
        steps: Sequence[Mapping[str, Any]],
    ) -> None:
        """Add a write to the journal, with its steps."""
        number, previous = self._journal
        outcome = {"operation": operation, "type": type_, "listed": False, "result": result}
        row = WriteRow(
            number=number + 1,
            at=_AT,
            actor=ACTOR,
            command=command,
            key=f"auto-{uuid4().hex}",
            undoes=None,
            said=_NOTHING,
            fingerprint=_NOTHING,
            outcome=_json(outcome).decode(),
            previous=previous,
            hash="",
        )
        content = row._asdict()
        del content["hash"]
        hash_ = hashlib.sha256(_json([content, [dict(each) for each in steps]])).hexdigest()
        self._insert("journal", [row._asdict() | {"at": _STORED_AT, "hash": hash_}])
        self._insert(
            "journal_steps",
            (
                {**each, "journal_number": row.number, "nth": nth, "appointment_id": each["appointment_id"].hex}
                for nth, each in enumerate(steps, start=1)
            ),
        )
        self._journal = row.number, hash_

    def _next(self, kind: str, count: int) -> int:
        """Take the next numbers of a kind; return the first one."""
        first = self._given[kind] + 1
        self._given[kind] += count
        return first

    def _insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Insert rows by the names of their columns. All have those of the first one, and the instants of a row."""
        given = iter(rows)
        first = next(given, None)
        if first is None:
            return
        known = [each for _, each, *_ in self._connection.execute(f"PRAGMA table_info({table})")]
        instants = {each: _STORED_AT for each in ("created_at", "updated_at") if each in known}
        columns = [*first, *(each for each in instants if each not in first)]
        places = ",".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({','.join(columns)}) VALUES ({places})"
        insert = self._connection.executemany
        insert(sql, ([row.get(each, _STORED_AT) for each in columns] for row in (first, *given)))


def ahead(count: int) -> list[date]:
    """Return the days from today on."""
    return [TODAY + timedelta(days=nth) for nth in range(count)]


def past(count: int) -> list[date]:
    """Return the days up to yesterday, the last one first."""
    return [TODAY - timedelta(days=nth + 1) for nth in range(count)]


def word(nth: int) -> str:
    """Return the nth of many words that no name begins with otherwise."""
    return "W" + "".join(chr(ord("a") + int(each)) for each in f"{nth:05}")


class _Described(NamedTuple):
    """The details of a patient that keys are made of."""

    name: str
    day: str | None
    born_year: int | None = None

    @property
    def born(self) -> date | None:
        return date.fromisoformat(self.day) if self.day else None


_name_key = cache(name_key)
_words = cache(search_words)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
