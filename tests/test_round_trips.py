"""Round trips to a server, counted by a proxy: few for each command, whatever the number of doctors."""

import shlex
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clinicctl import clock
from clinicctl.store.compiled import doctors
from clinicctl.store.engine import open_store
from tests.postgres import Server
from tests.proxy import Proxy

pytestmark = pytest.mark.file  # The server is its own, whatever the engine of the run.

Run = Callable[..., Any]
Trips = Callable[[str], int]
Fill = Callable[..., None]

RTT = 0.04
"""Seconds of a round trip: long enough that no answer overtakes a client that does not wait for it."""

HOURS = "--session 00:00-12:00 --session 12:00-24:00 --every 10m"
LETTERS = str.maketrans("0123456789", "abcdefghij")


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    """Let it be noon, so that a day has hours that have begun and hours to come."""
    now = datetime.now(UTC)
    clock.shift((now.replace(hour=12, minute=1) - now).total_seconds())
    yield
    clock.shift(0)


@pytest.fixture
def schema(postgres_clinic: str) -> str:
    return postgres_clinic.partition("schema=")[2]


@pytest.fixture
def fill(run: Run, postgres_clinic: str, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Run commands in a batch, which has to go well."""

    def fill(*lines: str) -> None:
        monkeypatch.setenv("CLINICCTL_DB", postgres_clinic)
        run("batch", "-", stdin="\n".join(lines), status=0)

    return fill


@pytest.fixture
def trips(run: Run, postgres_server: Server, schema: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trips]:
    """Run a command, which has to go well, on one connection, and return its round trips."""
    with Proxy(postgres_server, rtt=RTT) as proxy:

        def trips(line: str) -> int:
            monkeypatch.setenv("CLINICCTL_DB", proxy.url(schema=schema))
            proxy.links.clear()
            run(*shlex.split(line), status=0)
            (link,) = proxy.links
            return link.trips

        yield trips


def patients(count: int) -> list[str]:
    return [
        f"patient add 'Giv{str(nth).translate(LETTERS)} Fam{str(nth).translate(LETTERS)}' --phone 98765{nth:05} --new"
        for nth in range(count)
    ]


CLINIC = (
    "init --region IN --timezone UTC",
    "doctor add MEHTA 'Dr. Asha Mehta' --capacity 20",
    "doctor add RAO 'Dr. Vikram Rao'",
    f"doctor avail weekly RAO mon-sun {HOURS}",
    *patients(20),
)
"""A clinic with a doctor without hours, MEHTA, and one with hours, RAO."""


@pytest.fixture
def clinic(fill: Fill) -> Fill:
    fill(*CLINIC)
    return fill


BOOKINGS = (
    "book P1 MEHTA tomorrow",
    "book P2 MEHTA tomorrow --key k2",
    "book P3 MEHTA tomorrow --time 10:00",
    "book P4 MEHTA tomorrow --time 10:10 --key k4",
    "book P1 RAO tomorrow",
    "book P2 RAO tomorrow --key k2rao",
    "book P3 RAO tomorrow --time 10:20",
    "book P4 RAO tomorrow --time 10:30 --key k4rao",
    "book givf MEHTA tomorrow",
    "book 'givg famg' RAO tomorrow --key k7",
)


def test_a_booking_takes_at_most_six_round_trips(clinic: Fill, trips: Trips) -> None:
    assert {each: found for each in BOOKINGS if (found := trips(each)) > 6} == {}


def test_a_booking_that_is_repeated_by_its_key_takes_fewer(clinic: Fill, trips: Trips) -> None:
    first = trips("book P1 MEHTA tomorrow --key k1")
    assert trips("book P1 MEHTA tomorrow --key k1") < first


WRITES = {
    "checkin A1": 5,
    "checkin A2 --key arrived": 5,
    "checkin P3": 6,
    "checkin givd": 6,
    "walkin P11 MEHTA": 10,
    "queue call MEHTA": 6,
    "queue start MEHTA": 6,
    "queue done MEHTA": 5,
    "queue next MEHTA": 6,
    "queue next MEHTA --start": 7,
    "queue next MEHTA --key later": 9,
    "queue skip MEHTA 3": 5,
    "queue recall MEHTA 3": 6,
    "queue hold MEHTA 4": 5,
    "queue resume MEHTA 4": 5,
    "queue priority MEHTA 4 3": 5,
    "queue left MEHTA 4": 5,
    "appointment cancel A5": 4,
    "appointment cancel P7": 5,
    "appointment move A6 +3d": 8,
    "appointment move A8 tomorrow --doctor RAO --key moved": 8,
    "appointment no-show A9": 3,
    "patient add 'Mumtaz Anwar' --phone '91234 56789' --born 1990-01-01": 6,
    "patient add 'Mumtaz Anwar' --phone '91234 56789' --born 1990-01-01 --key twice": 9,
    "patient add 'Ravi Kumar' --phone none": 6,
}
"""The steps of a day, in order, and the most round trips of each."""


def test_the_steps_of_a_day_take_few_round_trips(clinic: Fill, trips: Trips) -> None:
    clinic(*(f"book P{nth} MEHTA" for nth in range(1, 11)))
    assert {each: found for each, most in WRITES.items() if (found := trips(each)) > most} == {}


def test_messages_take_at_most_one_round_trip_more(clinic: Fill, trips: Trips) -> None:
    clinic("config notify on", "config near 2", *(f"book P{nth} MEHTA" for nth in range(1, 11)))
    more = {each: most + 1 for each, most in WRITES.items()} | dict.fromkeys(BOOKINGS, 7)
    assert {each: found for each, most in more.items() if (found := trips(each)) > most} == {}


READS = ("day", "day tomorrow", "free", "free --days 30", "free --times", "status", "queue show", "queue board --once")


def full_clinic(fill: Fill, doctors: int) -> None:
    """Fill a clinic of which each doctor has everything that a list may have to look at."""
    codes = [f"D{nth}" for nth in range(doctors)]
    clock.shift(clock_shift() - 86_400)
    fill(
        "init --region IN --timezone UTC",
        *(f"doctor add {code} 'Dr. {code.translate(LETTERS)}' --capacity 4" for code in codes),
        *(f"doctor avail weekly {code} mon-sun {HOURS} --capacity 4" for code in codes[::2]),
        *patients(2 * doctors + 2),
        *(f"book P{nth + 1} {code} today --past" for nth, code in enumerate(codes)),
        *(f"checkin A{nth + 1}" for nth in range(doctors)),
    )
    clock.shift(clock_shift() + 86_400)
    fill(
        *(f"book P{nth + other} {code} today --past" for nth, code in enumerate(codes) for other in (2, 3)),
        *(f"checkin A{doctors + nth + 1} --again" for nth in range(2 * doctors)),
        *(f"book P{nth + 1} {code} +{days}d" for nth, code in enumerate(codes) for days in (1, 2, 3)),
        *(f"doctor avail set {code} +1d --absent --on-conflict keep" for code in codes),
        *(f"doctor avail set {code} +2d --capacity 0 --on-conflict keep" for code in codes[1::2]),
        *(f"waitlist add P{2 * doctors + 1} {code} today..+3d" for code in codes),
    )


def clock_shift() -> float:
    return (clock.now() - datetime.now(UTC)) / timedelta(seconds=1)


@pytest.mark.parametrize("doctors", [2, 40])
def test_lists_take_at_most_six_round_trips_for_any_number_of_doctors(fill: Fill, trips: Trips, doctors: int) -> None:
    full_clinic(fill, doctors)
    assert {each: found for each in READS if (found := trips(each)) > 6} == {}


LOOKS = {
    "patient find giv": 3,
    "patient find 98765": 3,
    "patient show P1": 4,
    "patient show givc": 4,
    "patient list": 4,
    "appointment list": 2,
    "appointment list --day today..+1w --doctor MEHTA": 3,
    "appointment list --patient P1": 3,
    "appointment show A1": 2,
    "doctor list": 2,
    "waitlist list": 2,
}


def test_looking_something_up_takes_few_round_trips(clinic: Fill, trips: Trips) -> None:
    clinic("book P1 MEHTA", "book P2 RAO tomorrow")
    assert {each: found for each, most in LOOKS.items() if (found := trips(each)) > most} == {}


def test_finding_many_patients_takes_a_round_trip_for_each_fifty(clinic: Fill, trips: Trips) -> None:
    few = trips("patient find giv")
    clinic(*patients(120)[20:])
    assert trips("patient find giv") == few + 2


def test_nothing_is_read_ahead_from_a_file(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "clinic.db")
    run("init", "--timezone", "UTC", "--db", path, status=0)
    with open_store(path, wait=5).read(actor="desk") as tx:
        sent = list[str]()
        tx.session.driver.set_trace_callback(sent.append)
        tx.prefetch(doctors.on_staff, doctors.everybody)
        assert sent == []
        doctors.on_staff(tx)
        assert len(sent) == 1
