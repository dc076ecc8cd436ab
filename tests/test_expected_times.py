"""When a waiting patient can expect to be seen: the rule, and where the desk and the waiting room read it."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.rules import estimates, hours
from clinicctl.rules.estimates import Basis, Pace, Session
from tests import stored
from tests.statements import Statements

Ask = Callable[..., Any]
Run = Callable[..., Any]

KOLKATA = ZoneInfo("Asia/Kolkata")
NOW = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


# The pace


@pytest.mark.parametrize(
    ("today", "earlier", "every", "pace"),
    [
        ([600, 900, 1200], [60], 5, (900, Basis.TODAY)),
        ([600, 900, 1200, 1300], [], None, (1050, Basis.TODAY)),
        ([600, 900], [60, 120], 5, (90, Basis.FOUR_WEEKS)),
        ([600, 900], [60], 5, (60, Basis.FOUR_WEEKS)),
        ([600, 900], [], 5, (300, Basis.SLOT)),
        ([600, 900], [], None, None),
        ([], [], 480, (28_800, Basis.SLOT)),
        ([600, 900, 0], [], 5, (300, Basis.SLOT)),
        ([600, 900, -60], [], 5, (300, Basis.SLOT)),
        ([600, 900, None], [], 5, (300, Basis.SLOT)),
        ([600, 900, 28_801], [], 5, (300, Basis.SLOT)),
        ([600, 900, 28_800], [], 5, (900, Basis.TODAY)),
        ([], [0, 28_801, None, 240], 5, (240, Basis.FOUR_WEEKS)),
        ([], [0, 28_801, None], 5, (300, Basis.SLOT)),
    ],
)
def test_the_pace_is_of_today_or_four_weeks_or_the_slot(
    today: list[int | None], earlier: list[int | None], every: int | None, pace: tuple[int, Basis] | None
) -> None:
    found = estimates.pace(today, earlier, every)
    assert (found and (found.each.total_seconds(), found.basis)) == pace
    assert estimates.are_enough(today) == (found is not None and found.basis is Basis.TODAY)


LENGTHS = st.lists(st.none() | st.integers(-100, 30_000), max_size=9)


@given(LENGTHS, LENGTHS, st.none() | st.integers(1, 480))
def test_the_median_has_as_many_consultations_on_both_sides(
    today: list[int | None], earlier: list[int | None], every: int | None
) -> None:
    found = estimates.pace(today, earlier, every)
    if found is None or found.basis is Basis.SLOT:
        assert (found is None) == (every is None)
        return
    lengths = estimates.counted(today if found.basis is Basis.TODAY else earlier)
    seconds = found.each.total_seconds()
    assert sum(each < seconds for each in lengths) == sum(each > seconds for each in lengths) or seconds in lengths
    assert sum(each < seconds for each in lengths) <= len(lengths) / 2
    assert sum(each > seconds for each in lengths) <= len(lengths) / 2


# The start

PACES = st.builds(Pace, st.integers(1, 28_800).map(lambda seconds: timedelta(seconds=seconds)), st.sampled_from(Basis))
INSTANTS = st.integers(-86_400_000, 86_400_000).map(lambda milliseconds: NOW + timedelta(milliseconds=milliseconds))
SESSIONS = st.lists(st.tuples(INSTANTS, st.integers(1, 600)).map(lambda it: Session(it[0], it[0] + it[1] * MINUTE)))


@given(INSTANTS, PACES, st.lists(INSTANTS, max_size=3), st.integers(0, 5), SESSIONS, st.integers(0, 40))
def test_the_expected_start_rises_with_the_people_ahead(
    now: datetime, pace: Pace, started: list[datetime], called: int, sessions: list[Session], ahead: int
) -> None:
    outlook = estimates.outlook(now, pace, started=started, called=called, sessions=sessions)
    found, next_one = (estimates.expected_start(outlook, each) for each in (ahead, ahead + 1))
    exact = outlook.free_at + ahead * pace.each
    assert (found.second, found.microsecond) == (0, 0)
    assert exact <= found < exact + MINUTE
    assert found < next_one + MINUTE
    assert found <= next_one <= found + pace.each + MINUTE
    assert found >= now + (called + ahead) * pace.each
    for each in sessions:
        if each.start <= now < each.end:
            break
    else:
        coming = [each.start for each in sessions if each.start > now]
        assert found >= min(coming, default=now) + ahead * pace.each


TEN = Pace(10 * MINUTE, Basis.TODAY)


@pytest.mark.parametrize(
    ("started", "called", "sessions", "minutes"),
    [
        ([], 0, [], 0),
        ([-4], 0, [], 6),
        ([-10], 0, [], 0),
        ([-50], 0, [], 0),
        ([2], 0, [], 10),
        ([-50, -4], 0, [], 6),
        ([], 2, [], 20),
        ([-4], 1, [], 16),
        ([], 0, [(15, 60)], 15),
        ([-4], 1, [(15, 60)], 16),
        ([], 0, [(-60, 5), (15, 60)], 0),
        ([], 0, [(-60, 0), (15, 60)], 15),
        ([], 0, [(300, 400), (15, 60)], 15),
        ([], 0, [(-60, -5)], 0),
    ],
)
def test_the_doctor_is_free_after_those_before_and_in_session(
    started: list[int], called: int, sessions: list[tuple[int, int]], minutes: int
) -> None:
    """All in minutes from now, for a doctor who takes ten minutes."""
    found = estimates.outlook(
        NOW,
        TEN,
        started=[NOW + each * MINUTE for each in started],
        called=called,
        sessions=[Session(NOW + start * MINUTE, NOW + end * MINUTE) for start, end in sessions],
    )
    assert found == (NOW + minutes * MINUTE, TEN)


def test_an_expected_start_is_rounded_up_to_a_minute() -> None:
    def rounded(**after: int) -> timedelta:
        exact = NOW + timedelta(**after)
        outlook = estimates.outlook(exact, TEN, started=(), called=0, sessions=())
        return estimates.expected_start(outlook, 1) - NOW - 10 * MINUTE

    assert rounded(minutes=3) == 3 * MINUTE
    assert rounded(minutes=3, microseconds=1) == 4 * MINUTE
    assert rounded(minutes=3, seconds=59) == 4 * MINUTE


def test_lateness_counts_from_the_agreed_time_or_the_arrival() -> None:
    expected = NOW + HOUR
    assert estimates.lateness(expected, agreed=NOW, arrived=NOW - HOUR) == HOUR
    assert estimates.lateness(expected, agreed=NOW - HOUR, arrived=NOW) == HOUR
    assert [estimates.whole_minutes(HOUR + timedelta(seconds=each)) for each in (-1, 0, 1)] == [60, 60, 61]


def test_lateness_counts_the_hour_that_the_clock_repeats() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    agreed = datetime(2026, 10, 25, 2, 30, tzinfo=berlin)
    late = estimates.lateness(agreed.replace(fold=1), agreed=agreed, arrived=agreed - HOUR)
    assert late == HOUR


# The sessions of a day as instants


@pytest.mark.parametrize(
    ("zone", "on", "sessions", "instants"),
    [
        ("Asia/Kolkata", "2026-11-23", "09:00-13:00", ["2026-11-23T03:30", "2026-11-23T07:30"]),
        ("Asia/Kolkata", "2026-11-23", "20:00-02:00", ["2026-11-23T14:30", "2026-11-23T20:30"]),
        ("Europe/Berlin", "2026-03-29", "02:30-12:00", ["2026-03-29T01:00", "2026-03-29T10:00"]),
        ("Europe/Berlin", "2026-10-25", "02:30-12:00", ["2026-10-25T00:30", "2026-10-25T11:00"]),
        ("Europe/Berlin", "2026-10-24", "22:00-06:00", ["2026-10-24T20:00", "2026-10-25T05:00"]),
    ],
    ids=["plain", "after midnight", "the skipped hour", "the repeated hour", "the night of a change"],
)
def test_a_session_begins_and_ends_at_instants(zone: str, on: str, sessions: str, instants: list[str]) -> None:
    (found,) = hours.session_instants(sessions, date.fromisoformat(on), ZoneInfo(zone))
    assert [each.strftime("%Y-%m-%dT%H:%M") for each in found] == instants
    assert {each.tzinfo for each in found} == {UTC}


# The queue


class Desk:
    """The desk of the clinic on Monday 23 November 2026, at a time of the day."""

    def __init__(self, ask: Ask, run: Run) -> None:
        self.ask = ask
        self.run = run

    def at(self, time: str, *command: str, on: str = "2026-11-23", **options: Any) -> Any:
        with freeze_time(datetime.fromisoformat(f"{on}T{time}+05:30")):
            return self.ask(*command, **options)

    def said(self, time: str, *command: str, on: str = "2026-11-23") -> str:
        with freeze_time(datetime.fromisoformat(f"{on}T{time}+05:30")):
            return str(self.run(*command, "-o", "table", status=0).stdout)

    def see(self, start: str, end: str, patient: str = "P9", doctor: str = "MEHTA", on: str = "2026-11-23") -> None:
        """Let a doctor see a patient."""
        self.at(start, "walkin", patient, doctor, "--overbook", on=on)
        self.at(start, "next", doctor, "--start", on=on)
        self.at(end, "queue", "done", doctor, on=on)

    def queue(self, time: str, *which: str, on: str = "2026-11-23") -> list[tuple[int, str | None, str | None]]:
        """Return the positions of the queue, each with its expected time and the basis."""
        return [
            (each["position"], clock(each["expected_start"]), each["expected_basis"])
            for each in self.at(time, "queue", "show", *which, on=on)
            if each["status"] not in ("done", "left")
        ]


def clock(instant: str | None) -> str | None:
    if instant is None:
        return None
    assert instant.endswith(":00+05:30"), instant
    return instant[11:16]


@pytest.fixture
def desk(clinic: Ask, run: Run) -> Desk:
    """A clinic with patients P1 to P9."""
    for nth in range(3, 10):
        clinic("patient", "add", f"Patient {'abcdefg'[nth - 3]}x", "--phone", "none", "--new")
    clinic("config", "overbook_limit", "20")
    return Desk(clinic, run)


HOURS = ("--session", "09:00-11:00", "--session", "17:00-19:00", "--every", "10m")


@pytest.fixture
def timed(desk: Desk) -> Desk:
    """The same, with hours for Dr. Mehta."""
    desk.at("07:00", "doctor", "avail", "weekly", "MEHTA", "mon-sun", *HOURS)
    return desk


def test_a_doctor_without_hours_and_consultations_has_no_estimate(desk: Desk) -> None:
    arrived = desk.at("09:00", "walkin", "P1", "MEHTA")
    assert (arrived["expected_start"], arrived["expected_basis"]) == (None, None)
    assert desk.queue("09:00") == [(1, None, None)]
    assert "Expected" not in desk.said("09:00", "queue", "show")
    assert "expected" not in desk.said("09:00", "walkin", "P2", "MEHTA")
    (board,) = desk.at("09:00", "queue", "board", "--once")
    assert (board["waiting"], board["expected_starts"], board["expected_basis"]) == ([1, 2], [], None)
    assert "~" not in desk.said("09:00", "queue", "board", "--once")


def test_the_slot_length_is_the_basis_without_consultations(timed: Desk) -> None:
    for patient in ("P1", "P2", "P3"):
        timed.at("09:30", "walkin", patient, "MEHTA")
    assert timed.queue("09:30") == [(1, "09:30", "slot"), (2, "09:40", "slot"), (3, "09:50", "slot")]
    assert timed.queue("09:30:01") == [(1, "09:31", "slot"), (2, "09:41", "slot"), (3, "09:51", "slot")]


def test_nobody_is_expected_before_the_session_begins(timed: Desk) -> None:
    for patient in ("P1", "P2"):
        timed.at("08:30", "walkin", patient, "MEHTA")
    assert timed.queue("08:30") == [(1, "09:00", "slot"), (2, "09:10", "slot")]
    assert timed.queue("10:59") == [(1, "10:59", "slot"), (2, "11:09", "slot")]
    assert timed.queue("11:00") == [(1, "17:00", "slot"), (2, "17:10", "slot")]
    assert timed.queue("19:00") == [(1, "19:00", "slot"), (2, "19:10", "slot")]


def test_those_before_a_patient_take_their_time(timed: Desk) -> None:
    for patient in ("P1", "P2", "P3", "P4"):
        timed.at("09:00", "walkin", patient, "MEHTA")
    timed.at("09:00", "next", "MEHTA", "--start")
    assert timed.queue("09:04") == [(1, None, None), *((nth, f"09:{nth - 1}0", "slot") for nth in (2, 3, 4))]
    timed.at("09:04", "queue", "call", "MEHTA")
    assert timed.queue("09:04") == [(1, None, None), (2, None, None), (3, "09:20", "slot"), (4, "09:30", "slot")]
    # The consultation takes longer: nothing of it is left, but it is not over.
    assert timed.queue("09:25")[2:] == [(3, "09:35", "slot"), (4, "09:45", "slot")]


def test_a_short_consultation_leaves_the_doctor_free(timed: Desk) -> None:
    timed.see("09:00", "09:02")
    timed.at("09:02", "walkin", "P1", "MEHTA")
    assert timed.queue("09:02") == [(2, "09:02", "slot")]


def test_held_and_skipped_patients_have_no_estimate(timed: Desk) -> None:
    for patient in ("P1", "P2", "P3", "P4"):
        timed.at("09:00", "walkin", patient, "MEHTA")
    timed.at("09:00", "queue", "call", "MEHTA")
    timed.at("09:00", "queue", "skip", "MEHTA")
    timed.at("09:00", "queue", "hold", "MEHTA", "2")
    timed.at("09:00", "queue", "left", "MEHTA", "3")
    assert timed.queue("09:00") == [(4, "09:00", "slot"), (2, None, None), (1, None, None)]


def test_three_consultations_of_today_make_the_pace(timed: Desk) -> None:
    timed.at("09:00", "walkin", "P1", "MEHTA")
    timed.at("09:00", "walkin", "P2", "MEHTA")
    timed.at("09:00", "queue", "priority", "MEHTA", "1", "9")
    timed.at("09:00", "queue", "hold", "MEHTA", "1")
    timed.at("09:00", "queue", "hold", "MEHTA", "2")
    timed.see("09:00", "09:04")
    timed.see("09:10", "09:22")
    timed.at("09:22", "queue", "resume", "MEHTA", "1")
    timed.at("09:22", "queue", "resume", "MEHTA", "2")
    assert timed.queue("09:22") == [(1, "09:22", "slot"), (2, "09:32", "slot")]
    timed.at("09:22", "queue", "hold", "MEHTA", "1")
    timed.at("09:22", "queue", "hold", "MEHTA", "2")
    timed.see("09:30", "09:36")
    timed.at("09:36", "queue", "resume", "MEHTA", "1")
    timed.at("09:36", "queue", "resume", "MEHTA", "2")
    assert timed.queue("09:36") == [(1, "09:36", "today"), (2, "09:42", "today")]


def test_consultations_of_the_last_four_weeks_make_the_pace(timed: Desk) -> None:
    timed.see("10:00", "11:00", on="2026-10-25")
    timed.see("10:00", "10:20", on="2026-10-26")
    timed.see("10:00", "10:30", on="2026-11-22")
    timed.see("08:00", "08:01")
    timed.at("09:00", "walkin", "P1", "MEHTA")
    timed.at("09:00", "walkin", "P2", "MEHTA")
    assert timed.queue("09:00") == [(2, "09:00", "four_weeks"), (3, "09:25", "four_weeks")]


def test_only_the_last_fifty_consultations_count(timed: Desk) -> None:
    insert_consultations("2026-11-20", minutes=2, count=60)
    insert_consultations("2026-11-21", minutes=1, count=60)
    insert_consultations("2026-11-21", minutes=15, count=25, first=100)
    insert_consultations("2026-11-22", minutes=5, count=25)
    timed.at("09:00", "walkin", "P1", "MEHTA")
    arrived = timed.at("09:00", "walkin", "P2", "MEHTA")
    assert (clock(arrived["expected_start"]), arrived["expected_basis"]) == ("09:10", "four_weeks")
    assert timed.queue("09:00")[1] == (2, "09:10", "four_weeks")


def insert_consultations(on: str, *, minutes: int, count: int, first: int = 1) -> None:
    """Add consultations of Dr. Mehta, without the bookings and writes that belong to them."""
    end = f"{on} 05:{minutes:02}:00.000000"
    place = os.environ["CLINICCTL_DB"]
    doctor = stored.value(place, "SELECT id FROM doctors WHERE code = 'MEHTA'")
    for nth in range(first, first + count):
        identity = f"{on.replace('-', '')}{nth:024}"
        begun = [f"{on} 05:00:00.000000"] * 3
        stored.change(
            place,
            "INSERT INTO queue_entries SELECT ?, ?, ?, ?, ?, 'done', 0, 0, ?, ?, ?, ?, false",
            values=(identity, identity, doctor, on, nth, *begun, end),
        )


def test_a_consultation_counts_for_the_doctor_who_saw_the_patient(timed: Desk) -> None:
    timed.at("10:00", "walkin", "P9", "MEHTA", on="2026-11-22")
    timed.at("10:00", "queue", "transfer", "MEHTA", "1", "--to", "RAO", on="2026-11-22")
    timed.at("10:00", "next", "RAO", "--start", on="2026-11-22")
    timed.at("10:30", "queue", "done", "RAO", on="2026-11-22")
    for doctor in ("MEHTA", "RAO"):
        timed.at("09:00", "walkin", "P1", doctor)
        timed.at("09:00", "walkin", "P2", doctor)
    assert timed.queue("09:00", "MEHTA") == [(1, "09:00", "slot"), (2, "09:10", "slot")]
    assert timed.queue("09:00", "RAO") == [(1, "09:00", "four_weeks"), (2, "09:30", "four_weeks")]
    assert timed.queue("09:00") == timed.queue("09:00", "MEHTA") + timed.queue("09:00", "RAO")


def test_an_absent_doctor_is_not_expected(timed: Desk) -> None:
    timed.at("08:50", "walkin", "P1", "MEHTA")
    timed.at("08:55", "doctor", "avail", "set", "MEHTA", "today", "--absent", "--on-conflict", "keep")
    assert timed.queue("09:00") == [(1, None, None)]


def test_the_queue_of_an_earlier_day_has_no_estimate(timed: Desk) -> None:
    for patient in ("P1", "P2"):
        timed.at("18:00", "walkin", patient, "MEHTA")
    timed.at("08:00", "walkin", "P3", "MEHTA", on="2026-11-24")
    earlier = [(1, None, None), (2, None, None)]
    assert timed.queue("08:00", on="2026-11-24") == [*earlier, (1, "09:20", "slot")]
    assert timed.queue("08:00", "MEHTA", "yesterday", on="2026-11-24") == earlier
    assert timed.queue("08:00", "MEHTA", "today", on="2026-11-24") == [(1, "09:20", "slot")]
    boards = timed.at("08:00", "queue", "board", "--once", on="2026-11-24")
    assert [(each["waiting"], [clock(at) for at in each["expected_starts"]]) for each in boards] == [
        ([1, 2], []),
        ([1], ["09:20"]),
    ]


def test_consultations_of_an_open_earlier_queue_are_not_of_today(desk: Desk) -> None:
    for start, end in (("10:00", "10:20"), ("11:00", "11:20"), ("12:00", "12:20")):
        desk.see(start, end)
    desk.at("18:00", "walkin", "P1", "MEHTA")
    desk.at("09:00", "walkin", "P2", "MEHTA", on="2026-11-24")
    expected = [(4, None, None), (1, "09:20", "four_weeks")]
    assert desk.queue("09:00", on="2026-11-24") == desk.queue("09:00", "MEHTA", on="2026-11-24") == expected


def test_a_patient_with_the_doctor_since_yesterday_takes_time(desk: Desk) -> None:
    desk.see("10:00", "10:20")
    desk.at("23:50", "walkin", "P1", "MEHTA")
    desk.at("23:50", "walkin", "P2", "MEHTA")
    desk.at("23:55", "next", "MEHTA", "--start")
    desk.at("23:55", "queue", "call", "MEHTA")
    arrived = desk.at("00:05", "walkin", "P3", "MEHTA", on="2026-11-24")
    assert clock(arrived["expected_start"]) == "00:35"
    assert desk.queue("00:05", on="2026-11-24")[-1] == (1, "00:35", "four_weeks")


def test_a_session_before_midnight_is_not_of_the_next_day(desk: Desk) -> None:
    night = ("--session", "20:00-02:00", "--every", "10m")
    desk.at("07:00", "doctor", "avail", "weekly", "MEHTA", "mon-sun", *night)
    desk.at("21:00", "walkin", "P1", "MEHTA")
    assert desk.queue("21:00") == [(1, "21:00", "slot")]
    desk.at("21:00", "queue", "left", "MEHTA", "1")
    arrived = desk.at("00:30", "walkin", "P2", "MEHTA", on="2026-11-24")
    assert clock(arrived["expected_start"]) == "20:00"


# What arrives is told


def test_a_check_in_tells_what_the_queue_shows(timed: Desk) -> None:
    timed.see("10:00", "10:07", on="2026-11-22")
    for nth, patient in enumerate(("P1", "P2", "P3", "P4"), start=1):
        timed.at("07:30", "book", patient, "MEHTA")
        arrived = timed.at("09:00:20", "checkin", f"A{nth + 1}")
        shown = timed.at("09:00:20", "queue", "show")[-1]
        told = [(each["expected_start"], each["expected_basis"]) for each in (arrived, shown)]
        assert told[0] == told[1]
        assert clock(told[0][0]) == f"09:{(nth - 1) * 7 + 1:02}"
    timed.at("09:01", "next", "MEHTA", "--start")
    timed.at("09:01", "queue", "call", "MEHTA")
    arrived = timed.at("09:03", "walkin", "P5", "MEHTA")
    assert clock(arrived["expected_start"]) == "09:29"
    assert timed.queue("09:03")[-1] == (5, "09:29", "four_weeks")


def test_the_sentence_of_an_arrival_has_the_expected_time(timed: Desk) -> None:
    timed.at("07:30", "book", "P1", "MEHTA")
    assert timed.said("09:40", "checkin", "A1") == (
        "Checked in P1 Anita Sharma with MEHTA: position 1, nobody is ahead (A1), expected about 09:40 (estimate).\n"
    )
    assert timed.said("09:40", "walkin", "P2", "MEHTA", "--dry-run").startswith(
        "Would check in P2 Mumtaz Anwar with MEHTA: position 2, 1 person is ahead (A2), "
        "expected about 09:50 (estimate)."
    )
    assert timed.said("09:40", "walkin", "MEHTA", "--new", "Zoe Quinn", "--phone", "none") == (
        "Checked in P10 Zoe Quinn with MEHTA: position 2, 1 person is ahead (A2), expected about 09:50 (estimate)."
        " Registered: P10.\n"
    )


def test_a_patient_who_waits_again_has_an_estimate(timed: Desk) -> None:
    timed.at("09:00", "walkin", "P1", "MEHTA")
    timed.at("09:00", "walkin", "P2", "MEHTA")
    assert timed.at("09:00", "queue", "hold", "MEHTA", "2")["expected_start"] is None
    resumed = timed.at("09:05", "queue", "resume", "MEHTA", "2")
    assert (clock(resumed["expected_start"]), resumed["expected_basis"]) == ("09:15", "slot")


def test_a_dry_run_has_the_estimate_and_a_replay_has_none(timed: Desk) -> None:
    timed.at("07:30", "book", "P1", "MEHTA")
    dry = timed.at("09:40", "checkin", "A1", "--dry-run")
    assert (clock(dry["expected_start"]), dry["expected_basis"], dry["dry_run"]) == ("09:40", "slot", True)
    for command in (("checkin", "A1"), ("walkin", "P2", "MEHTA"), ("queue", "recall", "MEHTA", "1")):
        if "recall" in command:
            timed.at("09:40", "queue", "call", "MEHTA")
            timed.at("09:40", "queue", "skip", "MEHTA")
        first = timed.at("09:40", *command, "--key", command[0])
        again = timed.at("09:45", *command, "--key", command[0])
        assert first["expected_start"] is not None
        assert again == first | {"expected_start": None, "expected_basis": None, "replayed": True}
        assert "expected" not in timed.said("09:45", *command, "--key", command[0])


def test_an_estimate_is_stored_nowhere(timed: Desk) -> None:
    timed.at("09:41:30", "walkin", "P1", "MEHTA")
    timed.at("09:41:30", "queue", "hold", "MEHTA", "1")
    timed.at("09:41:30", "queue", "resume", "MEHTA", "1")
    everything = str(stored.dump(os.environ["CLINICCTL_DB"]))
    assert "09:41:30" in everything
    # The setting up may have any time of the day, so the whole forms of the estimate are looked for.
    assert "2026-11-23T09:42:00" not in everything
    assert "2026-11-23 04:12:00" not in everything


# What is shown


def test_the_board_has_the_time_of_each_position(timed: Desk) -> None:
    for patient in ("P1", "P2", "P3", "P4", "P5"):
        timed.at("09:00", "walkin", patient, "MEHTA")
    timed.at("09:00", "walkin", "P6", "RAO")
    timed.at("09:00", "queue", "priority", "MEHTA", "4", "9")
    timed.at("09:00", "next", "MEHTA", "--start")
    of_mehta, of_rao = timed.at("09:05", "queue", "board", "--once")
    assert of_mehta["waiting"] == [1, 2, 3, 5]
    assert [clock(each) for each in of_mehta["expected_starts"]] == ["09:10", "09:20", "09:30", "09:40"]
    assert (of_mehta["expected_basis"], of_rao["expected_starts"], of_rao["expected_basis"]) == ("slot", [], None)


BOARDS = {
    80: """
Doctor          Please come in  With the doctor  Next

Dr. Asha Mehta                  4                1 ~09:10  2 ~09:20  3 ~09:30
                                                 5 ~09:40

Dr. Vikram Rao                                   1
""",
    40: """
Doctor    Please   With the    Next
          come in  doctor

Dr. Asha           4           1 ~09:10
Mehta                          2 ~09:20
                               3 ~09:30
                               5 ~09:40

Dr.                            1
Vikram
Rao
""",
}
QUEUES = {
    80: """
Doctor  Pos.  Status             Patient          Appt.  Waited  Ahead  Expected
MEHTA      4  ◑ in consultation  P4 Patient bx    A4      0 min
MEHTA      1  ◔ waiting          P1 Anita Sharma  A1      5 min      0  ~09:10
MEHTA      2  ◔ waiting          P2 Mumtaz Anwar  A2      5 min      1  ~09:20
MEHTA      3  ◔ waiting          P3 Patient ax    A3      5 min      2  ~09:30
MEHTA      5  ◔ waiting          P5 Patient cx    A5      5 min      3  ~09:40
RAO        1  ◔ waiting          P6 Patient dx    A6      5 min      0
""",
    40: """
MEHTA
  Pos. 4  Status ◑ in consultation
  Patient P4 Patient bx  Appt. A4
  Waited 0 min
MEHTA
  Pos. 1  Status ◔ waiting
  Patient P1 Anita Sharma  Appt. A1
  Waited 5 min  Ahead 0  Expected ~09:10
""",
}


@pytest.mark.parametrize("width", [80, 40])
def test_the_board_and_the_queue_are_readable(timed: Desk, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for patient in ("P1", "P2", "P3", "P4", "P5"):
        timed.at("09:00", "walkin", patient, "MEHTA")
    timed.at("09:00", "walkin", "P6", "RAO")
    timed.at("09:00", "queue", "call", "MEHTA", "4")
    timed.at("09:00", "queue", "start", "MEHTA")
    monkeypatch.setenv("COLUMNS", str(width))
    assert timed.said("09:05", "queue", "board", "--once") == BOARDS[width].removeprefix("\n")
    assert timed.said("09:05", "queue", "show").startswith(QUEUES[width].removeprefix("\n"))


def test_a_long_queue_on_the_board_shows_the_first_eight(timed: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for patient in range(1, 10):
        timed.at("09:00", "walkin", f"P{patient}", "MEHTA")
    monkeypatch.setenv("COLUMNS", "200")
    shown = timed.said("09:00", "queue", "board", "--once").splitlines()[2].partition("1 ~")
    listed = "  ".join([*(f"{nth} ~09:{nth - 1}0" for nth in range(1, 7)), "7 ~10:00", "8 ~10:10 …"])
    assert "".join(shown[1:]) == listed


# Doctors who run late


def late(desk: Desk, time: str) -> list[tuple[str, str, str]]:
    return [
        (each["doctor"], each["subject"], each["command"])
        for each in desk.at(time, "status")
        if each["what"] == "runs late"
    ]


def test_the_status_shows_a_doctor_who_runs_late(timed: Desk) -> None:
    for nth, patient in enumerate(("P1", "P2"), start=1):
        timed.at("07:30", "book", patient, "MEHTA")
        timed.at("08:50", "checkin", f"A{nth}")
    assert late(timed, "09:30") == []
    assert late(timed, "09:30:01") == [("MEHTA", "about 31 min late", "clinicctl queue show MEHTA")]
    timed.at("09:31", "queue", "priority", "MEHTA", "2", "9")
    assert late(timed, "09:31") == [("MEHTA", "about 41 min late", "clinicctl queue show MEHTA")]
    assert "runs late" in timed.said("09:31", "status")
    timed.at("09:31", "config", "late_threshold", "41")
    assert late(timed, "09:31") == []
    assert len(late(timed, "09:32")) == 1
    timed.at("09:32", "config", "late_threshold", "0")
    assert late(timed, "10:30") == []


def test_a_patient_who_came_late_counts_from_the_arrival(timed: Desk) -> None:
    timed.at("07:30", "book", "P1", "MEHTA", "--time", "09:00")
    timed.at("09:40", "checkin", "A1")
    assert late(timed, "10:10") == []
    assert late(timed, "10:11")[0][1] == "about 31 min late"


def test_a_patient_who_came_early_counts_from_the_slot(timed: Desk) -> None:
    timed.at("07:30", "book", "P1", "MEHTA", "--time", "10:00")
    timed.at("08:00", "checkin", "A1")
    assert late(timed, "10:30") == []
    assert late(timed, "10:45")[0][1] == "about 45 min late"


def test_a_patient_in_time_does_not_hide_one_who_is_late(timed: Desk) -> None:
    timed.at("07:30", "book", "P1", "MEHTA", "--time", "09:00")
    timed.at("07:30", "book", "P2", "MEHTA", "--time", "10:50")
    timed.at("09:00", "checkin", "A1")
    timed.at("09:00", "checkin", "A2")
    assert late(timed, "09:45")[0][1] == "about 45 min late"


def test_an_appointment_without_hours_is_never_late(desk: Desk) -> None:
    desk.see("07:00", "07:20", on="2026-11-22")
    desk.at("07:30", "book", "P1", "MEHTA", "--time", "08:00")
    desk.at("08:00", "checkin", "A2")
    assert desk.queue("10:00") == [(1, "10:00", "four_weeks")]
    assert late(desk, "10:00") == []


def test_a_transferred_patient_does_not_make_the_other_doctor_late(timed: Desk) -> None:
    timed.see("07:00", "07:20", doctor="RAO", on="2026-11-22")
    timed.at("07:30", "book", "P1", "MEHTA", "--time", "09:00")
    timed.at("09:00", "checkin", "A2")
    timed.at("10:00", "queue", "transfer", "MEHTA", "1", "--to", "RAO")
    assert timed.queue("10:00", "RAO") == [(1, "10:00", "four_weeks")]
    assert late(timed, "10:00") == []


# What it costs


def sent(run: Run, *command: str) -> list[str]:
    statements = Statements()
    with statements.heard():
        run(*command, json=True, status=0)
    return statements.all


def reads_earlier_days(statement: str) -> bool:
    return "seconds" in statement and "2026-10-26" in statement


def test_earlier_weeks_are_read_once_for_all_who_need_them(timed: Desk) -> None:
    counts = []
    made = 0
    for many in (2, 6):
        for nth in range(made, many):
            timed.at("08:00", "doctor", "add", f"D{nth}", f"Dr. D{nth}")
            for patient in ("P1", "P2"):
                timed.at("09:00", "walkin", patient, f"D{nth}")
        made = many
        with freeze_time("2026-11-23T09:00:00+05:30"):
            for command in (("queue", "show"), ("queue", "board", "--once"), ("status",)):
                statements = sent(timed.run, *command)
                assert sum(map(reads_earlier_days, statements)) == 1
                counts.append(len(statements))
    assert counts[:3] == counts[3:]


@pytest.mark.file  # On a server they are read ahead.
def test_a_check_in_reads_earlier_weeks_only_without_enough_today(timed: Desk) -> None:
    timed.at("08:00", "walkin", "P1", "RAO")
    for start in (*("09:00", "09:10", "09:20"), None):
        with freeze_time(f"2026-11-23T{start or '09:30'}:00+05:30"):
            statements = sent(timed.run, "walkin", "P2", "MEHTA", "--dry-run")
        assert sum(map(reads_earlier_days, statements)) == (start is not None)
        if start is not None:
            timed.see(start, f"{start[:-1]}5")
    timed.at("09:30", "walkin", "P2", "MEHTA")
    with freeze_time("2026-11-23T09:30:00+05:30"):
        assert sum(map(reads_earlier_days, sent(timed.run, "queue", "show"))) == 1
        assert not any(map(reads_earlier_days, sent(timed.run, "queue", "show", "MEHTA")))


def test_nothing_is_read_for_doctors_without_waiting_patients(timed: Desk) -> None:
    timed.at("09:00", "walkin", "P1", "MEHTA")
    timed.at("09:00", "queue", "call", "MEHTA")
    with freeze_time("2026-11-23T09:00:00+05:30"):
        for command in (("queue", "show"), ("queue", "board", "--once")):
            statements = sent(timed.run, *command)
            assert not any("julianday" in each or "weekly_patterns" in each for each in statements)
