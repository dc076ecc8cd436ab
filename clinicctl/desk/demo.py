"""Create a demonstration clinic: a realistic day with patients of many scripts and a queue in progress."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from clinicctl.desk import arrivals, availability, bookings, clinic, doctors, journal, queue, registration
from clinicctl.results.clinic import Demo
from clinicctl.rules.dates import BirthWord
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import ArrivalRef, DoctorRef, PatientRef
from clinicctl.statuses import Sex
from clinicctl.store import paths
from clinicctl.store.engine import Store, Tx

_DOCTORS = (
    ("MEHTA", "Dr. Asha Mehta", "cardiology", None),
    ("OKAFOR", "Dr. Chidi Okafor", "paediatrics", 12),
    ("LINDQVIST", "Dr. Åsa Lindqvist", "general", None),
)
_PATIENTS = (
    ("Anna Schmidt", "+49 151 23456789", "1980-02-01", "female"),
    ("Lukas Schmidt", "+49 151 23456789", "2016-09-12", "male"),
    ("मीना कुमारी", "+91 98765 43210", "1968-07-19", "female"),
    ("Rohan Kumari", "+91 98765 43210", "1994-01-30", "male"),
    ("محمد الأحمد", "+971 50 123 4567", "1975-11-03", "male"),
    ("שרה כהן", "+972 50 234 5678", "1989-04-22", "female"),
    ("Nguyễn Thị Hồng", "+84 91 234 56 78", "1991-12-08", "female"),
    ("王小明", "+86 131 2345 6789", "2001-03-15", "male"),
    ("José Álvarez", "+34 612 34 56 78", "1957-06-27", "male"),
    ("Амина Ахметова", "+7 701 234 5678", "1983-10-11", "female"),
    ("Sinéad O’Brien", "+353 85 012 3456", "1972-08-05", "female"),
    ("Ama Mensah", "+233 23 123 4567", "2019-05-14", "female"),
    ("佐藤 花子", "+81 90 1234 5678", "1966-02-20", "female"),
    ("Ελένη Παπαδοπούλου", "+30 691 234 5678", "1949-09-30", "female"),
)
_TODAY = (
    ("MEHTA", (1, 3, 5, 9, 10, 14)),
    ("OKAFOR", (2, 12, 8)),
    ("LINDQVIST", (6, 7, 11, 13, 4)),
)
_ARRIVED = {"MEHTA": (3, 1, 9, 5), "OKAFOR": (12, 2), "LINDQVIST": (6, 13)}
_CALLED = (("MEHTA", 2), ("LINDQVIST", 1))


def create(store: Store, *, actor: str | None, timezone: str, region: str, dry_run: bool = False) -> Demo:
    """Create a database with a clinic day in it.

    Refuses an existing file with `Exists`.
    """
    with store.create(actor=actor, key="demo", dry_run=dry_run) as tx:
        return _fill(_Script(tx), timezone=timezone, region=region)


class _Script:
    """A sequence of journaled operations, each at its own time of the day."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.count = 0

    def act(self, operation: Callable[..., Any], /, *, command: str, ago: float = 0.0, **request: Any) -> Any:
        self.count += 1
        at = self.tx.now - timedelta(minutes=ago)
        within = replace(self.tx, now=at)
        outcome = journal.once(
            within, operation, command=command, key=f"demo-{self.count}", own_key=False, request=request
        )
        return outcome.result


def _fill(script: _Script, *, timezone: str, region: str) -> Demo:
    script.act(
        clinic.init,
        command="init",
        ago=600,
        name="Riverside Clinic (demo)",
        timezone=timezone,
        region=region,
        capacity=10,
    )
    for code, name, specialty, capacity in _DOCTORS:
        script.act(
            doctors.add, command="doctor add", ago=590, code=code, name=name, specialty=specialty, capacity=capacity
        )
    for name, phone, born, sex in _PATIENTS:
        script.act(
            registration.add,
            command="patient add",
            ago=500,
            name=name,
            phone=phone,
            born=BirthWord(born),
            sex=Sex(sex),
        )
    script.act(
        availability.set_days,
        command="doctor avail set",
        ago=480,
        doctor=DoctorRef("OKAFOR"),
        on=DaysWord("+2d..+4d"),
        present=False,
        note="congress",
    )
    script.act(
        availability.set_days,
        command="doctor avail set",
        ago=470,
        doctor=DoctorRef("OKAFOR"),
        on=DaysWord("+1d,+5d..+13d"),
        sessions="09:00-13:00;17:00-20:00",
        every=15,
    )
    booked = _book(script)
    arrived = _arrive(script, booked)
    script.act(clinic.set_setting, command="config", name="notify", value="on")
    return Demo(
        path=paths.shown(script.tx.place),
        patients=len(_PATIENTS),
        doctors=len(_DOCTORS),
        appointments=len(booked),
        checked_in=arrived,
        try_next=(
            "clinicctl queue show",
            "clinicctl queue call MEHTA",
            "clinicctl free tomorrow --evening",
            "clinicctl book 'an sch' OKAFOR tomorrow --time 17:30",
            "clinicctl checkin nguyen",
            "clinicctl doctor avail show OKAFOR",
            "clinicctl appointment list --day today -o csv",
            "clinicctl outbox preview",
        ),
    )


def _book(script: _Script) -> dict[tuple[str, int, str], str]:
    booked: dict[tuple[str, int, str], str] = {}
    wanted = [(code, number, "today") for code, numbers in _TODAY for number in numbers]
    wanted += [("MEHTA", number, "+1d") for number in range(1, 11)]
    wanted += [("LINDQVIST", 8, "+1d"), ("LINDQVIST", 2, "+3d"), ("MEHTA", 12, "+2d")]
    for nth, (code, number, day) in enumerate(wanted):
        result = script.act(
            bookings.book,
            command="book",
            ago=400 - 3 * nth,
            patient=PatientRef(f"P{number}"),
            doctor=DoctorRef(code),
            on=DayWord(day),
        )
        booked[code, number, day] = result.number
    return booked


def _arrive(script: _Script, booked: Mapping[tuple[str, int, str], str]) -> int:
    count = 0
    for code, numbers in _ARRIVED.items():
        for nth, number in enumerate(numbers):
            script.act(
                arrivals.check_in,
                command="checkin",
                ago=95 - 14 * nth,
                arrival=ArrivalRef(booked[code, number, "today"]),
            )
            count += 1
    for code, count_called in _CALLED:
        for nth in range(count_called):
            ago = 70 - 25 * nth
            script.act(queue.call, command="queue call", ago=ago, doctor=DoctorRef(code))
            script.act(queue.start, command="queue start", ago=ago - 2, doctor=DoctorRef(code))
            if nth + 1 < count_called:
                script.act(queue.done, command="queue done", ago=ago - 20, doctor=DoctorRef(code))
    return count
