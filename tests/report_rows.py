"""Fill a clinic with appointments of every kind over months, and compute its reports again in plain Python.

The second computation reads the rows of the tables and uses no SQL but SELECT, and nothing of the package.
"""

import math
import random
import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest

from tests import stored

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
STATUSES = ("booked", "checked_in", "in_consultation", "completed", "cancelled", "no_show", "left")
COMING = ("booked", "cancelled")
QUEUED = {"checked_in": "waiting", "in_consultation": "serving", "completed": "done", "left": "left"}
Row = dict[str, Any]


def make(ask: Callable[..., Any], zone: str) -> None:
    """Make doctors with hours of every kind: a weekly pattern, days off, a holiday, a specialty, archived ones."""
    ask("init", "--name", "North", "--timezone", zone, "--region", "IN")
    ask("patient", "add", "Anita Sharma", "--phone", "98765 43210")
    ask("doctor", "add", "MEHTA", "Dr. Asha Mehta", "--specialty", "Cardiology")
    ask("doctor", "add", "RAO", "Dr. Vikram Rao", "--capacity", "4")
    ask("doctor", "add", "LIM", "Dr. Mei Lim", "--specialty", "Cardiology")
    ask("doctor", "add", "IDLE", "Dr. No One")
    ask("doctor", "avail", "weekly", "RAO", "sat,sun", "--off")
    ask("doctor", "avail", "weekly", "LIM", "mon", "--capacity", "6")
    ask("doctor", "avail", "set", "MEHTA", "today", "--absent")
    ask("config", "holiday", "add", "today", "Founders' Day")
    ask("doctor", "archive", "IDLE")


@pytest.fixture
def filled(request: pytest.FixtureRequest, ask: Callable[..., Any], database: str) -> str:
    zone = getattr(request, "param", "Europe/Berlin")
    make(ask, zone)
    today = datetime.now(ZoneInfo(zone)).date()
    fill(database, first=today - timedelta(days=299), last=today + timedelta(days=3), zone=zone, count=900)
    return database


def fill(place: str, *, first: date, last: date, zone: str, count: int, seed: int = 1) -> None:
    """Write appointments at random days of two dates, in every status, with their queue entries and ledgers."""
    rng = random.Random(seed)
    doctors = [row for (row,) in stored.rows(place, "SELECT id FROM doctors ORDER BY code")]
    (patient,) = stored.rows(place, "SELECT id FROM patients WHERE number = 1")[0]
    local = ZoneInfo(zone)
    slots: dict[tuple[Any, date], int] = defaultdict(int)
    positions: dict[tuple[Any, date], int] = defaultdict(int)
    appointments, entries = list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for number in range(1001, 1001 + count):
        on = first + timedelta(days=rng.randrange((last - first).days + 1))
        doctor = rng.choice(doctors)
        status = rng.choice(STATUSES if on <= datetime.now(local).date() else COMING)
        by = rng.choice(("patient", "clinic")) if status == "cancelled" else None
        moved = 1 if by and rng.random() < 0.4 else None
        # In every hour of the day, so that the date of booking depends on the offset.
        made = datetime.combine(on - timedelta(days=rng.choice((0, 0, 1, 3, 40, 200))), time(), local)
        made = made.astimezone(UTC) + timedelta(seconds=rng.randrange(86_000), microseconds=rng.randrange(1_000_000))
        slots[doctor, on] += 1
        identity = new_id(rng)
        long = rng.choice((1, 1, 1, 2))
        appointments.append(
            (identity, number, patient, doctor, on.isoformat(), slots[doctor, on], number, status, 0, by, moved,
             stamp(made), stamp(made), long)
        )  # fmt: skip
        if status in QUEUED:
            positions[doctor, on] += 1
            arrived = datetime.combine(on, time(rng.randrange(7, 23)), local).astimezone(UTC)
            arrived += timedelta(seconds=rng.randrange(3_600), microseconds=rng.randrange(1_000_000))
            called = arrived + timedelta(seconds=rng.randrange(7_200), microseconds=rng.randrange(1_000_000))
            started = called + timedelta(seconds=rng.randrange(120))
            ended = started + timedelta(seconds=rng.randrange(2_400), microseconds=rng.randrange(1_000_000))
            is_called = status in ("in_consultation", "completed")
            entries.append(
                (new_id(rng), identity, doctor, on.isoformat(), positions[doctor, on], QUEUED[status], 0, 0,
                 stamp(arrived), stamp(called) if is_called and rng.random() < 0.9 else None,
                 stamp(started) if is_called else None, stamp(ended) if status in ("completed", "left") else None)
            )  # fmt: skip
    insert(
        place,
        "appointments",
        "id, number, patient_id, doctor_id, date, slot, visit, status, overbooked, cancelled_by, moved_to, created_at,"
        " updated_at, slots",
        appointments,
    )
    insert(
        place,
        "queue_entries",
        "id, appointment_id, doctor_id, date, position, status, priority, recalled, checked_in_at, called_at,"
        " started_at, ended_at",
        entries,
    )
    insert(
        place,
        "messages",
        "appointment, kind, occasion, due, state, attempts, channel, created_at, updated_at",
        list(messages_of([row[1] for row in appointments], random.Random(seed))),
    )
    # A ledger on some of the days, with a capacity of its own.
    insert(
        place,
        "doctor_daily_capacities",
        "id, doctor_id, date, capacity, booked, remaining, last_position, last_recall",
        [
            (new_id(rng), doctor, on.isoformat(), capacity, capacity, 0, 0, 0)
            for doctor, on in slots
            if rng.random() < 0.5
            for capacity in [rng.randrange(1, 15)]
        ],
    )


def messages_of(numbers: Iterable[int], rng: random.Random) -> Iterator[tuple[Any, ...]]:
    """Yield messages of some of the appointments: of every kind, in every state, several reminders of one."""
    at = stamp(datetime(2026, 1, 1, tzinfo=UTC))
    for number in numbers:
        for kind, occasions in {"reminder": (1440, 120), "near": (0,), "booked": (3, 5), "cancelled": (7,)}.items():
            for occasion in occasions:
                if rng.random() < 0.4:
                    state = rng.choice(("pending", "leased", "sent", "sent", "sent", "failed", "dropped"))
                    channel = rng.choice(("sms", "email", *([None] if state == "dropped" else [])))
                    yield (number, kind, occasion, at, state, 1, channel, at, at)


def new_id(rng: random.Random) -> str:
    return UUID(int=rng.getrandbits(128)).hex if rng else uuid4().hex


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def insert(place: str, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    for nth in range(0, len(rows), 50):
        some = rows[nth : nth + 50]
        marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in some)
        values = tuple(each for row in some for each in row)
        stored.change(place, f"INSERT INTO {table} ({columns}) VALUES {marks}", values=values)


# The second computation


class Again:
    """The rows of a clinic, and the reports of a span of it."""

    def __init__(self, place: str, *, first: date, last: date, by: str | None, today: date) -> None:
        self.place, self.by, self.today = place, by, today
        self.first, self.last = first, last
        settings = dict(stored.rows(place, "SELECT name, value FROM settings"))
        self.zone = ZoneInfo(settings["timezone"])
        self.threshold = int(settings.get("wait_threshold", "30"))
        self.capacity = int(settings.get("capacity", "10"))
        self.doctors = {each["id"]: each for each in self.read("doctors")}
        self.appointments = [each for each in self.read("appointments") if self.is_in(each)]
        self.entries = [each for each in self.read("queue_entries") if self.is_in(each)]

    def read(self, table: str) -> list[Row]:
        names = stored.columns(self.place, table)
        return [
            dict(zip(names, map(text, row), strict=True)) for row in stored.rows(self.place, f"SELECT * FROM {table}")
        ]

    def is_in(self, row: Row) -> bool:
        return self.first.isoformat() <= row["date"] <= self.last.isoformat()

    def group(self, row: Row) -> str | None:
        on = date.fromisoformat(row["date"])
        groups = {
            "doctor": lambda: self.doctors[row["doctor_id"]]["code"],
            "specialty": lambda: self.doctors[row["doctor_id"]]["specialty"],
            "weekday": lambda: WEEKDAYS[on.weekday()],
            "month": lambda: row["date"][:7],
        }
        return groups[self.by]() if self.by else None

    def groups(self, rows: Iterable[Row]) -> list[tuple[str | None, list[Row]]]:
        """The rows of each group; the total has the group `total`."""
        rows = list(rows)
        names: set[str | None] = {self.group(row) for row in rows}
        if self.by == "weekday":
            names |= {*WEEKDAYS}
        elif self.by == "month":
            days = (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))
            names |= {each.isoformat()[:7] for each in days}
        elif self.by:
            staff = [each for each in self.doctors.values() if each["archived_at"] is None]
            names |= {each["code" if self.by == "doctor" else "specialty"] for each in staff}
        found = {name: [row for row in rows if self.group(row) == name] for name in names}
        order = WEEKDAYS.index if self.by == "weekday" else str  # type: ignore[assignment]
        named = sorted((each for each in found if each is not None), key=order)
        unnamed = [None] if None in found and self.by else []
        return [*((each, found[each]) for each in [*named, *unnamed]), ("total", rows)]

    def report(self, make: Callable[[list[Row]], Row], rows: Iterable[Row]) -> dict[str, Any]:
        made = [{"group": name, **make(own)} for name, own in self.groups(rows)]
        return {"rows": made[:-1], "total": {**made[-1], "group": None}}

    # The reports

    def no_shows(self) -> dict[str, Any]:
        def make(rows: list[Row]) -> Row:
            due = [each for each in rows if each["status"] != "cancelled" and each["date"] <= self.today.isoformat()]
            missed, left = count(due, "no_show"), count(due, "left")
            return {
                "appointments": len(due),
                "no_shows": missed,
                "no_show_rate": share(missed, len(due)),
                "left": left,
                "left_rate": share(left, len(due)),
            }

        return self.report(make, self.appointments)

    def changes(self) -> dict[str, Any]:
        def make(rows: list[Row]) -> Row:
            cancelled = [each for each in rows if each["status"] == "cancelled" and each["moved_to"] is None]
            moved = [each for each in rows if each["moved_to"] is not None]
            found = {"appointments": len(rows), "cancelled": len(cancelled), "moved": len(moved)}
            for side in ("patient", "clinic"):
                found[f"cancelled_by_{side}"] = sum(each["cancelled_by"] == side for each in cancelled)
                found[f"moved_by_{side}"] = sum(each["cancelled_by"] == side for each in moved)
            return found | {
                "cancel_rate": share(len(cancelled), len(rows)),
                "move_rate": share(len(moved), len(rows)),
            }

        return self.report(make, self.appointments)

    def reminders(self) -> dict[str, Any]:
        by_visit: dict[int, list[Row]] = defaultdict(list)
        for each in self.read("messages"):
            by_visit[each["appointment"]].append(each)

        def make(rows: list[Row], counts: Callable[[Row], bool], reminds: Callable[[Row], bool]) -> Row:
            states = [each["state"] for row in rows for each in by_visit[row["number"]] if counts(each)]
            due = [each for each in rows if each["status"] != "cancelled" and each["date"] <= self.today.isoformat()]
            parts: tuple[list[Row], list[Row]] = ([], [])
            for row in due:
                reached = any(each["state"] == "sent" and reminds(each) for each in by_visit[row["number"]])
                parts[not reached].append(row)
            found: Row = {"messages": len(states)}
            found |= {state: states.count(state) for state in ("sent", "failed", "dropped")}
            found["unsent"] = states.count("pending") + states.count("leased")
            for names, some in zip((("reminded", "reminded"), ("others", "other")), parts, strict=True):
                missed = count(some, "no_show")
                found |= {names[0]: len(some), f"{names[1]}_no_shows": missed}
                found[f"{names[1]}_no_show_rate"] = share(missed, len(some))
            return found

        def is_reminder(each: Row) -> bool:
            return bool(each["kind"] == "reminder")

        if self.by not in ("kind", "channel"):
            return self.report(lambda rows: make(rows, lambda _: True, is_reminder), self.appointments)

        def row_of(name: str | None) -> Row:
            def is_of_it(each: Row) -> bool:
                return bool(each[self.by] == name)

            def reminds(each: Row) -> bool:
                return is_of_it(each) and (self.by == "kind" or is_reminder(each))

            return {"group": name, **make(self.appointments, is_of_it, reminds)}

        kinds = ("booked", "moved", "cancelled", "promoted", "reminder", "near")
        made = [row_of(each) for each in (kinds if self.by == "kind" else ("sms", "email", "whatsapp", None))]
        return {"rows": made, "total": {"group": None, **make(self.appointments, lambda _: True, is_reminder)}}

    def waits(self) -> dict[str, Any]:
        def make(rows: list[Row]) -> Row:
            found = [minutes(each["checked_in_at"], each["called_at"] or each["started_at"]) for each in rows]
            long = sum(each >= self.threshold for each in found)
            return {
                "patients": len(found),
                "wait_mean": round(statistics.fmean(found), 1) if found else None,
                **spread("wait", found),
                "long_waits": long,
                "long_wait_rate": share(long, len(found)),
            }

        return self.report(make, self.called())

    def called(self) -> list[Row]:
        return [each for each in self.entries if each["called_at"] or each["started_at"]]

    def lead_time(self) -> dict[str, Any]:
        def make(rows: list[Row]) -> Row:
            found = [(date.fromisoformat(each["date"]) - self.local(each["created_at"]).date()).days for each in rows]
            found = [max(0, each) for each in found]
            same = found.count(0)
            return {
                "appointments": len(found),
                "same_day": same,
                "same_day_rate": share(same, len(found)),
                "lead_mean": round(statistics.fmean(found), 1) if found else None,
                **spread("lead", found),
            }

        return self.report(make, [each for each in self.appointments if each["status"] != "cancelled"])

    def load(self) -> dict[str, Any]:
        found, total = list[Row](), None
        for name, own in self.groups(self.entries):
            arrived = [self.local(each["checked_in_at"]) for each in own]
            if name == "total":
                total = {"group": None, "hour": None, **week(arrived)}
            if (name == "total") == (self.by is None):
                hours = [each.hour for each in arrived]
                for hour in range(min(hours), max(hours) + 1) if hours else ():
                    at = [each for each in arrived if each.hour == hour]
                    found.append({"group": None if self.by is None else name, "hour": hour, **week(at)})
        return {"rows": found, "total": total}

    def local(self, stamp_: str) -> datetime:
        return instant(stamp_).astimezone(self.zone)

    def days(self) -> list[Row]:
        """The days of each doctor, with slots and with what is booked on them."""
        own_settings = {(each["doctor_id"], each["date"]): each for each in self.read("doctor_daily_availabilities")}
        weekly = {(each["doctor_id"], each["weekday"]): each for each in self.read("doctor_weekly_patterns")}
        ledgers = {(each["doctor_id"], each["date"]): each["capacity"] for each in self.read("doctor_daily_capacities")}
        closed = {each["date"] for each in self.read("holidays")}
        found = []
        for doctor in self.doctors.values():
            added = self.local(doctor["created_at"]).date()
            ends = self.local(doctor["archived_at"]).date() if doctor["archived_at"] else date.max
            for nth in range((self.last - self.first).days + 1):
                on = self.first + timedelta(days=nth)
                key = (doctor["id"], on.isoformat())
                here = [each for each in self.appointments if (each["doctor_id"], each["date"]) == key]
                active = [each for each in here if each["status"] != "cancelled"]
                if not (added <= on < ends or active):
                    continue
                present, capacity = True, doctor["capacity"] or self.capacity
                pattern = weekly.get((doctor["id"], on.weekday()))
                if pattern:
                    present = bool(pattern["present"])
                    capacity = capacity if pattern["capacity"] is None else pattern["capacity"]
                if on.isoformat() in closed:
                    present = False
                if setting := own_settings.get(key):
                    present = bool(setting["present"])
                    capacity = capacity if setting["capacity"] is None else setting["capacity"]
                capacity = ledgers.get(key, capacity)
                found.append(
                    {
                        "doctor_id": doctor["id"],
                        "date": on.isoformat(),
                        "present": present,
                        "slots": capacity,
                        "booked": sum(each["slots"] for each in active),
                        "used": sum(each["slots"] for each in active if each["status"] == "completed"),
                    }
                )
        return found

    def utilisation(self) -> dict[str, Any]:
        def make(rows: list[Row]) -> Row:
            here, off = [each for each in rows if each["present"]], [each for each in rows if not each["present"]]
            slots, booked, used = (sum(each[name] for each in here) for name in ("slots", "booked", "used"))
            return {
                "days": len(here),
                "days_off": len(off),
                "slots": slots,
                "booked": booked,
                "free": sum(max(0, each["slots"] - each["booked"]) for each in here),
                "over": sum(max(0, each["booked"] - each["slots"]) for each in here),
                "used": used,
                "utilisation": share(booked, slots),
                "attended": share(used, slots),
                "booked_on_days_off": sum(each["booked"] for each in off),
            }

        return self.report(make, self.days())

    def doctors_beside(self) -> dict[str, Any]:
        parts = [self.utilisation(), self.no_shows(), self.waits(), self.changes(), self.seen(), self.visits()]
        names = ("group", "days", "slots", "booked", "utilisation", "seen", "no_shows", "no_show_rate", "left")
        names += ("cancelled", "wait_median", "wait_p90", "visit_median")
        return joined(parts, names)

    def day(self) -> dict[str, Any]:
        parts = [self.waits(), self.no_shows(), self.changes(), self.seen(), self.utilisation()]
        names = ("group", "slots", "booked", "seen", "no_shows", "left", "open", "cancelled", "moved")
        found = joined(parts, (*names, "wait_median", "wait_p90", "wait_longest", "booked_on_days_off"))
        for each in [*found["rows"], found["total"]]:
            each["booked"] += each.pop("booked_on_days_off")
        return found

    def seen(self) -> dict[str, Any]:
        def make(rows: list[Row]) -> Row:
            is_open = ("booked", "checked_in", "in_consultation")
            return {"seen": count(rows, "completed"), "open": sum(each["status"] in is_open for each in rows)}

        return self.report(make, self.appointments)

    def visits(self) -> dict[str, Any]:
        done = [each for each in self.entries if each["status"] == "done" and each["started_at"] and each["ended_at"]]

        def make(rows: list[Row]) -> Row:
            found = [minutes(each["started_at"], each["ended_at"]) for each in rows]
            return {"visit_median": statistics.median(found) if found else None}

        return self.report(make, done)


def joined(parts: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    """Join the rows of reports by their groups. A group that a report lacks has none of its figures."""
    by_group = [{row["group"]: row for row in part["rows"]} for part in parts]
    longest = max((list(each) for each in by_group), key=len)
    groups = [*longest, *sorted({group for each in by_group for group in each} - {*longest}, key=str)]
    if not {*WEEKDAYS} & {*groups}:
        groups.sort(key=lambda each: (each is None, str(each)))
    empty = re.compile("wait|visit|.*rate|utilisation")
    nothing = {name: None if empty.match(name) else 0 for name in names}
    rows = [
        nothing | {"group": group} | {name: value for part in by_group for name, value in part.get(group, {}).items()}
        for group in groups
    ]
    total = {name: value for part in parts for name, value in part["total"].items()}
    return {
        "rows": [{name: row[name] for name in names} for row in rows],
        "total": {name: total[name] for name in names},
    }


def text(value: Any) -> Any:
    return value.hex if isinstance(value, UUID) else value


def instant(stored_: Any) -> datetime:
    return datetime.fromisoformat(str(stored_)).replace(tzinfo=UTC, microsecond=0)


def seconds(start: Any, end: Any) -> float:
    return (instant(end) - instant(start)) / timedelta(seconds=1)


def minutes(start: Any, end: Any) -> int:
    return math.floor(seconds(start, end) / 60)


def count(rows: Iterable[Row], status: str) -> int:
    return sum(each["status"] == status for each in rows)


def share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def spread(name: str, values: list[int]) -> Row:
    if not values:
        return {f"{name}_median": None, f"{name}_p90": None, f"{name}_longest": None}
    return {
        f"{name}_median": float(statistics.median(values)),
        f"{name}_p90": sorted(values)[math.ceil(len(values) * 0.9) - 1],
        f"{name}_longest": max(values),
    }


def week(arrived: Sequence[datetime]) -> Row:
    found = {name: sum(each.weekday() == nth for each in arrived) for nth, name in enumerate(WEEKDAYS)}
    return {**found, "arrivals": len(arrived)}
