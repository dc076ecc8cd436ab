"""Series of appointments: every date or none, shown as one, cancelled whole or one by one."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_group

from clinicctl import clock, desk, errors
from clinicctl.cli import app, fast_parse
from clinicctl.desk import journal
from clinicctl.rules import series
from clinicctl.rules.days import DayWord
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.store.engine import open_store
from tests import stored
from tests.statements import Statements
from tests.test_races import PAUSED, luck, race, violations
from tests.test_shell import Terminal

SHARED = (luck, race)
"""The fixtures of the other races."""

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

Race = Callable[..., list[Any]]

SERIES = ("--every", "2w", "--times", "3")
HOURS = ("--session", "09:00-11:00", "--session", "17:00-18:00", "--every", "10m")


@pytest.fixture
def db(database: str) -> str:
    return database


@pytest.fixture
def clinic_at_noon(clinic: Ask) -> Iterator[Ask]:
    """The clinic at its noon, with a doctor who has hours, and one who has one slot; it is sound at the end."""
    clinic("config", "timezone", f"Etc/GMT{datetime.now(UTC).hour - 12:+d}")
    clinic("doctor", "add", "LIM", "Dr. Mei Lim")
    clinic("doctor", "avail", "weekly", "LIM", "mon-sun", *HOURS)
    clinic("doctor", "add", "ONE", "Dr. One", "--capacity", "1")
    yield clinic
    assert clinic("db", "check")["problems"] == []
    assert violations(os.environ["CLINICCTL_DB"]) == []


@pytest.fixture
def today(clinic_at_noon: Ask) -> date:
    (day,) = clinic_at_noon("doctor", "avail", "show", "MEHTA", "today")
    return date.fromisoformat(day["date"])


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let days pass."""

    def later(days: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=days))

    return later


def dates_of(answer: Any) -> list[str]:
    return [each["date"] for each in answer["appointments"]]


def numbers_of(answer: Any) -> list[str]:
    return [each["number"] for each in answer["appointments"]]


def statuses_of(ask: Ask, number: str) -> dict[str, str]:
    return {each["number"]: each["status"] for each in ask("appointment", "show", number, "--series")["appointments"]}


# The dates


@given(
    first=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    every=st.integers(1, 364),
    times=st.integers(series.FEWEST, series.MOST),
)
def test_a_series_has_as_many_dates_as_asked_each_as_far_apart(first: date, every: int, times: int) -> None:
    latest = first + timedelta(days=every * (times - 1))
    if latest > first + series.LONGEST:
        with pytest.raises(errors.BadValue, match=f"{latest}.*{first + series.LONGEST}"):
            series.dates(first, every=every, times=times, today=first)
        return
    found = series.dates(first, every=every, times=times, today=first)
    assert (len(found), found[0], found[-1]) == (times, first, latest)
    assert {after - before for before, after in pairwise(found)} == {timedelta(days=every)}


@pytest.mark.parametrize(("text", "days"), [("1d", 1), ("10d", 10), ("364d", 364), (" 2W ", 14), ("52w", 364)])
def test_a_distance_between_visits_is_in_days_or_weeks(text: str, days: int) -> None:
    assert series.parse_every(text) == days


@pytest.mark.parametrize("text", ["", "0d", "0w", "365d", "53w", "2", "2m", "w", "-2w", "1.5w", "2w2d", "२w", "1000d"])
def test_any_other_distance_between_visits_is_refused(text: str) -> None:
    with pytest.raises(errors.BadValue, match="from 1d to 52w"):
        series.parse_every(text)


def test_what_makes_no_series_is_refused_as_usage(clinic_at_noon: Ask, refused: Refused, today: date) -> None:
    book = ("book", "P1", "MEHTA", "today")
    for given_ in (["--every", "2w"], ["--times", "3"], ["--skip-full"], ["--every", "2w", "--skip-full"]):
        assert "both --every and --times" in refused(2, "usage", *book, *given_)["message"]
    for count in ("0", "1", "105", "x"):
        assert "from 2 to 104" in refused(2, "usage", *book, "--every", "2w", "--times", count)["message"]
    assert "from 1d to 52w" in refused(2, "invalid_value", *book, "--every", "53w", "--times", "2")["message"]
    error = refused(2, "invalid_value", *book, "--every", "52w", "--times", "7")
    assert f"{today + timedelta(days=364 * 6)}." in error["message"]
    assert f"at most five years ahead, by {today + timedelta(days=1826)}." in error["message"]
    assert clinic_at_noon("appointment", "list") == []


# All or none


@pytest.mark.parametrize(
    ("doctor", "options", "times"),
    [("MEHTA", [], [None] * 3), ("MEHTA", ["--time", "10:20"], ["10:20"] * 3), ("LIM", ["--evening"], ["17:00"] * 3)],
    ids=["no hours", "a time as a note", "hours"],
)
def test_a_series_is_booked_as_one(
    doctor: str, options: list[str], times: list[str | None], clinic_at_noon: Ask, today: date, run: Run
) -> None:
    before = len(clinic_at_noon("audit", "log"))
    booked = clinic_at_noon("book", "mumtaz", doctor, "+7d", *SERIES, *options, "--reason", "cough", "--key", "k")
    assert dates_of(booked) == [str(today + timedelta(days=7 + 14 * nth)) for nth in range(3)]
    assert numbers_of(booked) == ["A1", "A2", "A3"]
    assert (booked["number"], booked["patient"]["number"], booked["doctor"]["code"]) == ("A1", "P2", doctor)
    assert (booked["skipped"], booked["waitlist_closed"], booked["replayed"]) == ([], [], False)
    assert {each["series"] for each in booked["appointments"]} == {"A1"}
    assert {(each["reason"], each["key"]) for each in booked["appointments"]} == {("cough", "k")}
    assert [each["time"] for each in booked["appointments"]] == times
    (write,) = clinic_at_noon("audit", "log")[before:]
    assert (write["command"], write["key"], len(write["steps"])) == ("book", "k", 3)
    assert {"A1", "A2", "A3", "P2", doctor} == set(write["touched"])
    assert clinic_at_noon("appointment", "show", "A3", "--series")["appointments"] == booked["appointments"]
    shown = run("appointment", "show", "A2", "-o", "table", status=0).stdout
    assert "series      A1" in shown


def test_the_sentence_names_the_series_once_with_its_dates(clinic_at_noon: Ask, run: Run, today: date) -> None:
    def say(*args: str) -> str:
        return str(run(*args, "-o", "table", status=0).stdout)

    first, second = (f"{each:%a} {each}" for each in (today, today + timedelta(days=7)))
    assert say("book", "P2", "LIM", "--time", "17:20", "--every", "1w", "--times", "2") == (
        f"Booked series A1: P2 Mumtaz Anwar with LIM at 17:20, 2 times: {first}, {second}.\n"
    )
    clinic_at_noon("book", "P1", "LIM", "+1d", "--time", "17:00")
    times = say("book", "P2", "LIM", "+1d", "--evening", "--every", "1w", "--times", "2", "-n")
    first, second = (f"{each:%a} {each}" for each in (today + timedelta(days=1), today + timedelta(days=8)))
    assert times == (
        f"Would book series A4: P2 Mumtaz Anwar with LIM, 2 times: {first} 17:10, {second} 17:00. "
        "(Dry run: nothing was written.)\n"
    )
    last = today + timedelta(days=2 + 29)
    assert f" and 18 more until {last:%a} {last}.\n" in say(
        "book", "P2", "RAO", "+2d", "--every", "1d", "--times", "30"
    )


def test_a_series_with_one_full_date_books_nothing(
    clinic_at_noon: Ask, refused: Refused, run: Run, today: date, db: str
) -> None:
    clinic_at_noon("book", "P1", "ONE", "+21d")
    writes = stored.rows(db, "SELECT * FROM journal"), stored.rows(db, "SELECT * FROM counters")
    full = str(today + timedelta(days=21))
    error = refused(6, "series_unavailable", "book", "P2", "ONE", "+7d", *SERIES)
    assert error["message"] == f"1 of 3 dates with ONE cannot be had, so nothing was booked: {full}."
    assert "--skip-full" in error["hint"]
    (unavailable,) = error["details"].pop("unavailable")
    assert error["details"] == {"doctor": "ONE", "count": 1, "times": 3}
    assert unavailable == {
        "date": full,
        "code": "capacity_full",
        "message": f"ONE has no free slot on {full} (1 of 1).",
        "next_free": [str(today + timedelta(days=each)) for each in (22, 23, 24)],
    }
    assert (stored.rows(db, "SELECT * FROM journal"), stored.rows(db, "SELECT * FROM counters")) == writes
    assert [each["number"] for each in clinic_at_noon("appointment", "list")] == ["A1"]
    assert stored.rows(db, "SELECT count(*) FROM held_slots") == [(1,)]
    answer = run("book", "P2", "ONE", "+7d", *SERIES, status=6)
    free = ", ".join(unavailable["next_free"])
    assert answer.stderr.splitlines()[1] == f"  {unavailable['message']} Free: {free}."
    assert clinic_at_noon("book", "P2", "ONE", "+7d")["number"] == "A2"


def full(ask: Ask, _on: str) -> None:
    for patient in ("P1", "P1", "P1"):
        ask("book", patient, "RAO", "+21d", "--again")


def absent(ask: Ask, _on: str) -> None:
    ask("doctor", "avail", "set", "RAO", "+21d", "--absent", "--note", "congress")


def holiday(ask: Ask, on: str) -> None:
    ask("config", "holiday", "add", on, "Republic Day")


def closed(ask: Ask, _on: str) -> None:
    ask("doctor", "avail", "set", "RAO", "+21d", "--capacity", "0")


def shorter_hours(ask: Ask, _on: str) -> None:
    ask("doctor", "avail", "set", "LIM", "+21d", "--session", "09:05-11:00", "--every", "10m")


def taken(ask: Ask, _on: str) -> None:
    ask("book", "P1", "LIM", "+21d", "--time", "10:20")


def taken_evening(ask: Ask, _on: str) -> None:
    ask("doctor", "avail", "set", "LIM", "+21d", "--session", "09:00-11:00", "--every", "10m")


def busy(ask: Ask, _on: str) -> None:
    ask("book", "P2", "MEHTA", "+21d", "--time", "10:20")


def booked_before(ask: Ask, _on: str) -> None:
    ask("book", "P2", "RAO", "+21d")


REASONS = {
    "full": ("RAO", [], full, "capacity_full", "RAO has no free slot on {on} (3 of 3)."),
    "no slots": ("RAO", [], closed, "capacity_full", "RAO has no free slot on {on} (0 of 0)."),
    "absent": ("RAO", [], absent, "doctor_absent", "RAO is absent on {on}: congress."),
    "holiday": ("RAO", [], holiday, "doctor_absent", "RAO is absent on {on}: Republic Day."),
    "other hours": ("LIM", ["--time", "10:20"], shorter_hours, "no_such_time", "LIM has no slot at 10:20 on {on}."),
    "taken": ("LIM", ["--time", "10:20"], taken, "time_taken", "LIM has no free slot at 10:20 on {on}."),
    "no evening": (
        *("LIM", ["--evening"], taken_evening, "capacity_full"),
        "LIM has no free time from 17:00 on {on}.",
    ),
    "busy patient": ("LIM", ["--time", "10:20"], busy, "time_taken", "P2 already has A1 on {on} at 10:20."),
    "twice": ("RAO", [], booked_before, "already_booked", "P2 already has appointment A1 with RAO on {on}."),
}


@pytest.mark.parametrize("kind", REASONS)
def test_each_date_that_cannot_be_had_is_named_with_its_reason(
    kind: str, clinic_at_noon: Ask, refused: Refused, run: Run, today: date, db: str
) -> None:
    doctor, options, prepare, code, message = REASONS[kind]
    on = str(today + timedelta(days=21))
    prepare(clinic_at_noon, on)
    before = clinic_at_noon("appointment", "list")
    error = refused(6, "series_unavailable", "book", "P2", doctor, "+7d", *SERIES, *options)
    (unavailable,) = error["details"]["unavailable"]
    assert (unavailable["date"], unavailable["code"], unavailable["message"]) == (on, code, message.format(on=on))
    assert clinic_at_noon("appointment", "list") == before
    skipped = run("book", "P2", doctor, "+7d", *SERIES, *options, "--skip-full", json=True, status=3).json
    (left_out,) = skipped["skipped"]
    without_note = message.partition(": congress")[0].partition(": Republic")[0].rstrip(".").format(on=on)
    assert (left_out["date"], left_out["code"]) == (on, code)
    assert left_out["reason"].rstrip(".") == without_note
    assert dates_of(skipped) == [str(today + timedelta(days=each)) for each in (7, 35)]
    assert len(stored.rows(db, "SELECT * FROM doctor_daily_capacities")) == 2 + len(before[:1])


def test_a_date_before_today_and_a_past_time_of_today_are_reasons(clinic_at_noon: Ask, refused: Refused) -> None:
    error = refused(6, "series_unavailable", "book", "P1", "MEHTA", "yesterday", "--every", "1d", "--times", "3")
    assert [each["code"] for each in error["details"]["unavailable"]] == ["past_day"]
    error = refused(6, "series_unavailable", "book", "P1", "LIM", "--time", "9:00", "--every", "1d", "--times", "2")
    assert [each["code"] for each in error["details"]["unavailable"]] == ["past_time"]
    error = refused(6, "series_unavailable", "book", "P1", "MEHTA", "--evening", "--every", "1d", "--times", "9")
    assert [each["code"] for each in error["details"]["unavailable"]] == ["no_such_time"] * 9
    assert error["message"].endswith(" and 3 more.")
    assert "--skip-full" not in error["hint"]
    assert clinic_at_noon("appointment", "list") == []


def test_the_nearest_free_times_of_a_taken_one_are_offered(clinic_at_noon: Ask, refused: Refused, run: Run) -> None:
    taken(clinic_at_noon, "")
    book = ("book", "P2", "LIM", "+7d", *SERIES, "--time", "10:20")
    (unavailable,) = refused(6, "series_unavailable", *book)["details"]["unavailable"]
    assert {"10:10", "10:30"} <= set(unavailable["nearest_free"])
    assert f"Free: {', '.join(unavailable['nearest_free'])}." in run(*book, status=6).stderr


def test_who_does_not_exist_is_refused_as_in_a_single_booking(clinic_at_noon: Ask, refused: Refused) -> None:
    refused(4, "patient_not_found", "book", "P9", "MEHTA", *SERIES)
    refused(4, "doctor_not_found", "book", "P1", "NOBODY", *SERIES)
    refused(4, "visit_type_not_found", "book", "P1", "LIM", *SERIES, "--visit-type", "long")
    clinic_at_noon("patient", "archive", "P1")
    refused(7, "archived", "book", "P1", "MEHTA", *SERIES)


def test_a_long_visit_takes_its_slots_on_every_date(clinic_at_noon: Ask, db: str) -> None:
    clinic_at_noon("config", "visit-type", "add", "long", "--minutes", "20")
    booked = clinic_at_noon("book", "P1", "LIM", "+1d", *SERIES, "--time", "10:00", "--visit-type", "long")
    assert {(each["slots"], each["end"], each["visit_type"]) for each in booked["appointments"]} == {
        (2, "10:20", "long")
    }
    clinic_at_noon("appointment", "cancel", "A1", "--series")
    assert stored.rows(db, "SELECT count(*) FROM held_slots") == [(0,)]


def test_the_options_of_a_single_booking_hold_for_each_date(clinic_at_noon: Ask, refused: Refused) -> None:
    clinic_at_noon("book", "P1", "ONE", "+1d")
    book = ("book", "P1", "ONE", "+1d", *SERIES)
    (unavailable,) = refused(6, "series_unavailable", *book)["details"]["unavailable"]
    assert unavailable["code"] == "already_booked"
    booked = clinic_at_noon(*book, "--again", "--overbook", "--note", "lift")
    assert [each["overbooked"] for each in booked["appointments"]] == [True, False, False]
    assert {each["note"] for each in booked["appointments"]} == {"lift"}


# Those that can be had


def test_the_dates_that_can_be_had_are_booked_and_the_others_listed(
    clinic_at_noon: Ask, run: Run, today: date, db: str
) -> None:
    clinic_at_noon("book", "P1", "ONE", "+7d")
    clinic_at_noon("book", "P1", "ONE", "+35d")
    book = ("book", "P2", "ONE", "+7d", "--every", "2w", "--times", "4", "--skip-full")
    on = [str(today + timedelta(days=each)) for each in (7, 21, 35, 49)]
    dry = run(*book, "-n", json=True, status=3).json
    assert (dry["dry_run"], numbers_of(dry), clinic_at_noon("appointment", "list")[2:]) == (True, ["A3", "A4"], [])
    table = run(*book, "-n", "-o", "table", status=3).stdout
    assert "2 dates skipped. (Dry run: nothing was written.)\n" in table
    for each in (on[0], on[2]):
        assert f"ONE has no free slot on {each} (1 of 1)." in table
    rows_ = run(*book, "-o", "csv", "--key", "k", status=3)
    assert rows_.stderr == (
        f"clinicctl: Skipped: ONE has no free slot on {on[0]} (1 of 1). ONE has no free slot on {on[2]} (1 of 1).\n"
    )
    again = run(*book, "--key", "k", json=True, status=3).json
    assert (again["number"], numbers_of(again), dates_of(again)) == ("A3", ["A3", "A4"], [on[1], on[3]])
    assert again["replayed"] is True
    assert again["skipped"] == [
        {"date": each, "code": "capacity_full", "reason": f"ONE has no free slot on {each} (1 of 1)."}
        for each in (on[0], on[2])
    ]
    (write,) = clinic_at_noon("audit", "log", "--key", "k")
    assert set(write["touched"]) == {"A3", "A4", "P2", "ONE"}
    assert stored.rows(db, "SELECT value FROM counters WHERE name = 'appointments'") == [(4,)]


def test_a_date_that_is_refused_late_leaves_nothing_behind(
    clinic_at_noon: Ask, run: Run, monkeypatch: pytest.MonkeyPatch, db: str
) -> None:
    place, placed = desk.bookings.place, list[str]()

    def refuse_the_second(*args: Any, **more: Any) -> Any:
        booked = place(*args, **more)
        placed.append(booked.number)
        if len(placed) == 2:
            raise errors.SlotTaken
        return booked

    monkeypatch.setattr(desk.bookings, "place", refuse_the_second)
    booked = run("book", "P1", "LIM", "+1d", *SERIES, "--skip-full", json=True, status=3).json
    assert (numbers_of(booked), len(booked["skipped"])) == (["A1", "A2"], 1)
    assert stored.rows(db, "SELECT count(*) FROM appointments") == [(2,)]
    assert stored.rows(db, "SELECT count(*) FROM journal_steps") == [(2,)]
    assert stored.rows(db, "SELECT sum(booked), count(*) FROM doctor_daily_capacities") == [(2, 2)]


def test_a_series_without_any_date_that_can_be_had_is_refused(clinic_at_noon: Ask, refused: Refused) -> None:
    clinic_at_noon("doctor", "avail", "weekly", "RAO", "mon-sun", "--off")
    error = refused(6, "series_unavailable", "book", "P1", "RAO", *SERIES, "--skip-full", "--key", "k")
    assert len(error["details"]["unavailable"]) == 3
    assert clinic_at_noon("audit", "log", "--key", "k") == []
    clinic_at_noon("book", "P1", "MEHTA", *SERIES, "--key", "k")


def test_a_skipped_date_leaves_the_waitlist_as_it_was(clinic_at_noon: Ask, run: Run, today: date) -> None:
    clinic_at_noon("waitlist", "add", "P2", "ONE", "+1d")
    clinic_at_noon("waitlist", "add", "P2", "ONE", "+15d")
    clinic_at_noon("book", "P1", "ONE", "+1d")
    booked = run("book", "P2", "ONE", "+1d", *SERIES, "--skip-full", json=True, status=3).json
    assert booked["waitlist_closed"] == ["W2"]
    assert [each["number"] for each in clinic_at_noon("waitlist", "list")] == ["W1"]
    clinic_at_noon("undo")
    assert [each["number"] for each in clinic_at_noon("waitlist", "list")] == ["W1", "W2"]


# By key


def test_a_repeated_key_gives_the_first_answer_whatever_has_changed(
    clinic_at_noon: Ask, refused: Refused, run: Run
) -> None:
    book = ("book", "mumtaz", "RAO", "+7d", "--key", "k")
    first = clinic_at_noon(*book, *SERIES)
    assert clinic_at_noon(*book, "--every", "14d", "--times", "3") == first | {"replayed": True}
    clinic_at_noon("doctor", "avail", "weekly", "RAO", "mon-sun", "--off", "--on-conflict", "keep")
    clinic_at_noon("appointment", "move", "A2", "--doctor", "MEHTA")
    clinic_at_noon("patient", "edit", "P2", "--name", "Mumtaz Anwar Khan")
    again = clinic_at_noon(*book, *SERIES)
    assert again["patient"]["name"] == again["appointments"][0]["patient"]["name"] == "Mumtaz Anwar Khan"
    assert [each["status"] for each in again["appointments"]] == ["booked"] * 3
    assert (numbers_of(again), dates_of(again)) == (numbers_of(first), dates_of(first))
    for other in (["--every", "3w", "--times", "3"], ["--every", "2w", "--times", "4"], [*SERIES, "--skip-full"], []):
        refused(6, "key_reused", *book, *other)
    assert "(Already done with this key.)" in run(*book, *SERIES, "-o", "table", status=0).stdout


@pytest.mark.parametrize("point", ["before the commit", "after the commit"])
def test_a_killed_series_is_booked_once_by_its_key(point: str, clinic_at_noon: Ask) -> None:
    book = ("book", "P2", "ONE", "+7d", *SERIES, "--key", "k", "--json")
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED, point, *book], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert len(clinic_at_noon("appointment", "list")) == (3 if point == "after the commit" else 0)
    again = clinic_at_noon(*book[:-1])
    assert (numbers_of(again), again["replayed"]) == (["A1", "A2", "A3"], point == "after the commit")
    assert len(clinic_at_noon("appointment", "list")) == 3


def test_a_single_booking_is_digested_without_what_makes_a_series(clinic_at_noon: Ask, db: str) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "tomorrow", "--key", "k")
    request = {"patient": PatientRef("P1"), "doctor": DoctorRef("MEHTA"), "on": DayWord("tomorrow")}
    with open_store(db, wait=5).read(actor="test") as tx:
        digest = journal.digest(tx, "bookings.book", request | {"again": False, "overbook": False})
    assert stored.rows(db, "SELECT said FROM journal WHERE key = 'k'") == [(digest,)]


# Undo


def test_a_series_is_undone_as_one(clinic_at_noon: Ask, db: str) -> None:
    booked = clinic_at_noon("book", "P1", "LIM", "+1d", *SERIES, "--time", "10:20")
    undone = clinic_at_noon("undo")
    assert [each["number"] for each in undone["appointments"]] == numbers_of(booked)
    assert set(statuses_of(clinic_at_noon, "A1").values()) == {"cancelled"}
    assert stored.rows(db, "SELECT count(*) FROM held_slots") == [(0,)]
    assert clinic_at_noon("book", "P2", "LIM", "+1d", *SERIES, "--time", "10:20")["number"] == "A4"


def test_a_cancelled_series_is_undone_as_one(clinic_at_noon: Ask) -> None:
    clinic_at_noon("book", "P1", "LIM", "+1d", *SERIES, "--time", "10:20", "--reason", "cough")
    before = clinic_at_noon("appointment", "list")
    clinic_at_noon("appointment", "cancel", "A2", "--series", "--by", "clinic", "--reason", "ill")
    clinic_at_noon("undo")
    after = clinic_at_noon("appointment", "list")
    assert [each | {"updated_at": None} for each in after] == [each | {"updated_at": None} for each in before]


def test_a_series_is_not_undone_once_a_member_has_gone_on(clinic_at_noon: Ask, refused: Refused) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "+1d", *SERIES, "--key", "k")
    (write,) = clinic_at_noon("audit", "log", "--key", "k")
    clinic_at_noon("appointment", "move", "A2", "+20d")
    error = refused(7, "illegal_step", "undo", str(write["number"]), "--yes")
    assert (error["details"]["subject"], error["details"]["later"]) == ("A2", write["number"] + 1)
    assert statuses_of(clinic_at_noon, "A1") == {
        "A1": "booked",
        "A2": "cancelled",
        "A3": "booked",
        "A4": "booked",
    }


# One by one


@pytest.mark.parametrize("doctor", ["MEHTA", "LIM"])
def test_a_moved_member_stays_in_its_series(doctor: str, clinic_at_noon: Ask, run: Run, today: date) -> None:
    clinic_at_noon("book", "P1", doctor, "+1d", *SERIES)
    moved = clinic_at_noon("appointment", "move", "A2", "+20d", "--doctor", "RAO")
    assert (moved["number"], moved["series"]) == ("A4", "A1")
    shown = clinic_at_noon("appointment", "show", "A4", "--series")
    assert (numbers_of(shown), shown["doctor"]["code"]) == (["A1", "A2", "A4", "A3"], doctor)
    table = run("appointment", "show", "A4", "--series", "-o", "table", status=0).stdout
    assert table.startswith(f"Series A1: P1 Anita Sharma with {doctor}, 3 booked\n")
    assert "A2" not in table
    cancelled = run("appointment", "cancel", "A4", "--series", "-o", "table", status=0).stdout
    on = [today + timedelta(days=each) for each in (1, 20, 29)]
    first, second, third = (f"{each:%a} {each}" for each in on)
    at = " at 09:00" if doctor == "LIM" else ""
    assert cancelled == (
        f"Cancelled series A1: P1 Anita Sharma{at}, 3 times: {first} with {doctor}, {second} with RAO, "
        f"{third} with {doctor}.\n"
    )
    assert set(statuses_of(clinic_at_noon, "A1").values()) == {"cancelled"}


def test_each_member_can_be_cancelled_by_itself(clinic_at_noon: Ask) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "+1d", *SERIES)
    cancelled = clinic_at_noon("appointment", "cancel", "A2")
    assert (cancelled["status"], cancelled["series"]) == ("cancelled", "A1")
    assert statuses_of(clinic_at_noon, "A2") == {"A1": "booked", "A2": "cancelled", "A3": "booked"}
    whole = clinic_at_noon("cancel", "A2", "--series")
    assert (numbers_of(whole), whole["unchanged"]) == (["A1", "A3"], [])


# Cancelled whole


def test_a_series_is_cancelled_by_the_number_of_any_member(clinic_at_noon: Ask, run: Run, refused: Refused) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "+1d", *SERIES)
    cancel = ("appointment", "cancel", "A3", "--series", "--by", "clinic", "--reason", "ill")
    dry = clinic_at_noon(*cancel, "-n")
    assert (dry["dry_run"], set(statuses_of(clinic_at_noon, "A1").values())) == (True, {"booked"})
    cancelled = clinic_at_noon(*cancel, "--key", "k")
    assert (cancelled["number"], numbers_of(cancelled), cancelled["unchanged"]) == ("A1", ["A1", "A2", "A3"], [])
    for each in cancelled["appointments"]:
        assert (each["status"], each["cancelled_by"], each["cancel_reason"]) == ("cancelled", "clinic", "ill")
    assert clinic_at_noon(*cancel, "--key", "k") == cancelled | {"replayed": True}
    error = refused(7, "illegal_step", *cancel)
    assert error["message"] == "Series A1 has no booked appointment left, so there is nothing to cancel."
    assert len(clinic_at_noon("audit", "log", "--command", "appointment cancel")) == 1
    assert run(*cancel[:4], "--key", "k", status=6).stdout == ""


def test_what_is_over_or_here_stays_when_a_series_is_cancelled(
    clinic_at_noon: Ask, later: Callable[[int], None], run: Run
) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "today", "--every", "1d", "--times", "5")
    clinic_at_noon("checkin", "A1")
    clinic_at_noon("queue", "left", "MEHTA", "1")
    later(1)
    clinic_at_noon("appointment", "no-show", "A2")
    later(3)
    clinic_at_noon("checkin", "A4")
    cancelled = clinic_at_noon("appointment", "cancel", "A1", "--series", "--key", "k")
    assert (numbers_of(cancelled), cancelled["unchanged"]) == (["A5"], ["A1", "A2", "A3", "A4"])
    assert statuses_of(clinic_at_noon, "A1") == {
        "A1": "left",
        "A2": "no_show",
        "A3": "booked",
        "A4": "checked_in",
        "A5": "cancelled",
    }
    said = run("appointment", "cancel", "A1", "--series", "--key", "k", "-o", "table", status=0).stdout
    assert " 4 others stay as they are. (Already done with this key.)\n" in said


def test_what_belongs_to_no_series_is_not_cancelled_as_one(clinic_at_noon: Ask, refused: Refused) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "+1d")
    for command in (["cancel", "A1", "--series"], ["show", "A1", "--series"], ["list", "--series", "A1"]):
        error = refused(4, "series_not_found", "appointment", *command)
        assert error["message"] == "A1 belongs to no series."
    refused(4, "series_not_found", "appointment", "cancel", "P1", "--series")
    refused(4, "appointment_not_found", "appointment", "cancel", "A9", "--series")
    clinic_at_noon("book", "P2", "MEHTA", "+1d", *SERIES)
    refused(2, "usage", "appointment", "cancel", "A2", "--series", "--promote")


def test_a_long_series_is_cancelled_only_with_a_yes(clinic_at_noon: Ask, refused: Refused, run: Run) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "+1d", "--every", "1d", "--times", "11")
    error = refused(2, "usage", "appointment", "cancel", "A1", "--series")
    assert error["message"] == "--yes required when not running interactively."
    assert set(statuses_of(clinic_at_noon, "A1").values()) == {"booked"}
    lines = "cancel A1 --series\ncancel A1 --series --yes\n"
    answers = run("batch", "-", stdin=lines, status=3).lines
    assert [each["exit_code"] for each in answers] == [2, 0]
    assert len(answers[1]["result"]["appointments"]) == 11


def test_the_series_of_a_patient_is_cancelled_by_the_patient(clinic_at_noon: Ask, refused: Refused) -> None:
    clinic_at_noon("book", "P1", "RAO", "+2d")
    clinic_at_noon("book", "P1", "MEHTA", "+3d", *SERIES)
    cancelled = clinic_at_noon("cancel", "anita", "--series")
    assert (cancelled["number"], len(cancelled["appointments"])) == ("A2", 3)
    clinic_at_noon("book", "P1", "MEHTA", "+3d", *SERIES)
    clinic_at_noon("book", "P1", "LIM", "+3d", *SERIES)
    error = refused(5, "ambiguous", "cancel", "anita", "--series")
    assert [each["choose"] for each in error["details"]["candidates"]] == ["A8", "A5"]


def test_a_terminal_asks_before_it_cancels_the_series_of_a_patient(
    clinic_at_noon: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    clinic_at_noon("book", "P2", "MEHTA", "+1d", *SERIES)
    question = r"Cancel series A1: P2 Mumtaz Anwar with MEHTA, 3 times: [^?]*\? \[y/N\] $"
    for more, answer, end in (
        *(("", "n", "Cancelled; nothing was written"), ("", "y", "Cancelled series A1: P2 Mumtaz Anwar")),
        ("again", "", "Already done with this key"),
    ):
        asking = Terminal("cancel", "mumtaz", "--series", "--key", "k")
        try:
            if not more:
                asking.read(question)
                asking.type(f"{answer}\n", until=end)
            else:
                asking.read(end)
            assert asking.process.wait(30) == (1 if answer == "n" else 0)
        finally:
            asking.process.kill()
            os.close(asking.master)


def test_a_terminal_asks_before_it_cancels_a_long_series(
    clinic_at_noon: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    clinic_at_noon("book", "P2", "MEHTA", "+1d", "--every", "1d", "--times", "12")
    asking = Terminal("appointment", "cancel", "A5", "--series")
    try:
        asking.read(r"Cancel 12 appointments\? \[y/N\] $")
        clinic_at_noon("appointment", "cancel", "A3")
        asking.type("y\n", until=r"Cancelled series A1: P2 Mumtaz Anwar with MEHTA, 11 times:")
        assert asking.process.wait(30) == 0
    finally:
        asking.process.kill()
        os.close(asking.master)


# Shown as one


def test_a_list_can_be_of_one_series_and_shows_the_series(clinic_at_noon: Ask, run: Run) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "+1d")
    assert "Series" not in run("appointment", "list", "-o", "table", status=0).stdout
    clinic_at_noon("book", "P2", "MEHTA", "+1d", *SERIES)
    clinic_at_noon("appointment", "cancel", "A4")
    assert [each["number"] for each in clinic_at_noon("appointment", "list", "--series", "A3")] == ["A2", "A3", "A4"]
    listed = clinic_at_noon("appointment", "list", "--series", "2", "--status", "booked")
    assert [each["number"] for each in listed] == ["A2", "A3"]
    heading, *lines = run("appointment", "list", "-o", "table", status=0).stdout.splitlines()
    assert heading.split()[-1] == "Series"
    assert [line.split()[-1] for line in lines if line.startswith(("A2", "A3", "A4"))] == ["A2"] * 3


@pytest.mark.parametrize("width", [80, 40])
def test_a_shown_series_fits_the_terminal(
    width: int, clinic_at_noon: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic_at_noon("book", "P2", "LIM", "+1d", *SERIES, "--time", "10:20")
    clinic_at_noon("appointment", "cancel", "A2")
    monkeypatch.setenv("COLUMNS", str(width))
    title, *lines = run("appointment", "show", "A1", "--series", "-o", "table", status=0).stdout.splitlines()
    assert title == "Series A1: P2 Mumtaz Anwar with LIM, 2 booked, 1 cancelled"
    assert max(map(len, lines)) <= width
    assert [line.split()[0] for line in lines if line.startswith("A")] == ["A1", "A2", "A3"]


def test_a_series_in_csv_has_one_row_for_each_appointment(clinic_at_noon: Ask, run: Run) -> None:
    csv = run("book", "P2", "LIM", "+1d", *SERIES, "-o", "csv", status=0).stdout.splitlines()
    assert csv[0].startswith("id,number,patient.id,patient.number,")
    assert csv[0].endswith(",visit_type,series,replayed,dry_run")
    assert [line.split(",")[1] for line in csv[1:]] == ["A1", "A2", "A3"]
    shown = run("appointment", "show", "A1", "--series", "-o", "tsv", status=0).stdout.splitlines()
    assert [line.split("\t")[1] for line in shown] == ["A1", "A2", "A3"]
    cancelled = run("cancel", "A1", "--series", "-o", "tsv", status=0).stdout.splitlines()
    assert [line.split("\t")[1] for line in cancelled] == ["A1", "A2", "A3"]


def test_a_card_has_the_next_of_each_series_and_how_many_there_are(
    clinic_at_noon: Ask, run: Run, today: date, later: Callable[[int], None]
) -> None:
    clinic_at_noon("book", "P1", "MEHTA", "today", "--every", "1d", "--times", "30")
    clinic_at_noon("book", "P1", "RAO", "+40d")
    card = clinic_at_noon("patient", "show", "P1")
    assert [each["number"] for each in card["coming"]] == ["A1", "A31"]
    last = today + timedelta(days=29)
    assert card["coming_series"] == [{"series": "A1", "count": 30, "last_date": str(last)}]
    clinic_at_noon("appointment", "move", "A2", "+35d")
    later(1)
    card = clinic_at_noon("patient", "show", "P1")
    assert [each["number"] for each in card["coming"]] == ["A3", "A31"]
    last = today + timedelta(days=35)
    assert card["coming_series"] == [{"series": "A1", "count": 29, "last_date": str(last)}]
    table = run("patient", "show", "P1", "-o", "table", status=0).stdout
    assert f"Series A1: 29 to come, until {last:%a} {last}.\n" in table
    clinic_at_noon("appointment", "cancel", "A1", "--series", "--yes")
    assert clinic_at_noon("patient", "show", "P1")["coming_series"] == []


# In a batch, in numbers, in privacy


def test_a_batch_answers_a_partly_booked_series_with_3(clinic_at_noon: Ask, run: Run) -> None:
    lines = (
        "book P1 ONE +7d\n"
        "book P2 ONE +7d --every 2w --times 2\n"
        "book P2 ONE +7d --every 2w --times 2 --skip-full --key k\n"
        "book P2 ONE +7d --every 2w --times 2 --skip-full --key k\n"
        "book P2 MEHTA +7d --every 2w --times 2\n"
    )
    answers = run("batch", "-", stdin=lines, status=3).lines
    assert [each["exit_code"] for each in answers] == [0, 6, 3, 3, 0]
    assert (numbers_of(answers[2]["result"]), answers[3]["result"]["replayed"]) == (["A2"], True)
    assert numbers_of(answers[4]["result"]) == ["A3", "A4"]
    atomic = run("batch", "-", "--atomic", stdin="book P2 ONE +7d --every 1w --times 2 --skip-full\n", status=3).lines
    assert [each["exit_code"] for each in atomic] == [3]
    assert len(clinic_at_noon("appointment", "list", "--status", "booked")) == 5


@pytest.mark.parametrize(
    "line",
    [
        "book P1 MEHTA mon --every 2w --times 6 --skip-full",
        "appointment cancel A1 --series",
        "appointment list --series A1",
        "appointment show A1 --series",
    ],
)
def test_the_fast_parser_reads_series(line: str) -> None:
    root: Any = get_group(app)
    assert fast_parse.read(root, line.split()) is not None
    assert fast_parse.without_people(root, line.split(), {"MEHTA"}) == line.split()


@pytest.mark.file  # The statements are those of every engine.
def test_the_statements_of_a_series_grow_with_its_length(clinic_at_noon: Ask, db: str) -> None:
    def count(doctor: str, times: int) -> int:
        heard = Statements()
        with heard.heard(), open_store(db, wait=5).write(actor="test", key="k", dry_run=True) as tx:
            found = desk.series.book(
                tx,
                patient=PatientRef("P1"),
                doctor=DoctorRef(doctor),
                on=DayWord("+1d"),
                every=7,
                times=times,
                skip_full=True,
            )
        assert len(found.appointments) + len(found.skipped) == times
        return len(heard.all)

    clinic_at_noon("book", "P2", "ONE", "+8d", "--every", "1w", "--times", "103")
    for doctor in ("MEHTA", "LIM", "ONE"):
        assert count(doctor, 104) < 4.5 * count(doctor, 26), doctor


def test_the_journal_of_a_series_has_numbers_and_no_names(clinic_at_noon: Ask, run: Run, db: str) -> None:
    clinic_at_noon("doctor", "avail", "set", "MEHTA", "+15d", "--absent", "--note", "secret-note")
    book = ("book", "mumtaz", "MEHTA", "+1d", *SERIES, "--skip-full", "--reason", "secret-cough", "--note", "secret-x")
    assert run(*book, status=3).stdout
    clinic_at_noon("cancel", "A1", "--series", "--reason", "secret-why")
    clinic_at_noon("undo")
    outcomes = " ".join(each for (each,) in stored.rows(db, "SELECT outcome FROM journal WHERE number > 10")).casefold()
    assert '"series"' in outcomes
    for word in ("mumtaz", "anwar", "secret", "91234", "asha"):
        assert word not in outcomes, word


def test_a_series_of_an_erased_patient_is_replayed_without_the_name(clinic_at_noon: Ask) -> None:
    book = ("book", "P2", "MEHTA", "+1d", *SERIES, "--reason", "cough", "--key", "k")
    clinic_at_noon(*book)
    clinic_at_noon("cancel", "A1", "--series", "--reason", "ill", "--key", "c")
    clinic_at_noon("patient", "erase", "P2", "--yes")
    again = clinic_at_noon(*book)
    assert again["patient"]["name"] == "erased"
    assert {each["reason"] for each in again["appointments"]} == {None}
    again = clinic_at_noon("cancel", "A1", "--series", "--reason", "ill", "--key", "c")
    assert {each["cancel_reason"] for each in again["appointments"]} == {None}


def test_a_merge_and_its_undo_take_a_series_along(clinic_at_noon: Ask) -> None:
    clinic_at_noon("book", "P2", "MEHTA", "+1d", *SERIES)
    clinic_at_noon("patient", "merge", "P2", "--into", "P1", "--yes")
    assert clinic_at_noon("appointment", "show", "A1", "--series")["patient"]["number"] == "P1"
    clinic_at_noon("undo")
    assert clinic_at_noon("appointment", "show", "A1", "--series")["patient"]["number"] == "P2"


# Races


def test_desks_that_race_for_the_same_dates_share_no_series(clinic_at_noon: Ask, race: Race) -> None:
    clinic_at_noon("patient", "add", "Third Person", "--phone", "90000 00009")
    answers = race([("book", f"P{1 + nth}", "ONE", "+1d", "--every", "1w", "--times", "20") for nth in range(3)])
    assert sorted(each.status for each in answers) == [0, 6, 6]
    booked = next(each.json for each in answers if each.status == 0)
    assert numbers_of(booked) == [f"A{nth + 1}" for nth in range(20)]
    for each in (each for each in answers if each.status):
        assert each.error["code"] == "series_unavailable"
        assert len(each.error["details"]["unavailable"]) == 20
    assert len(clinic_at_noon("appointment", "list")) == 20


def test_two_series_that_cross_give_each_date_once(clinic_at_noon: Ask, race: Race, today: date) -> None:
    answers = race(
        [
            ("book", patient, "ONE", "+1d", "--every", every, "--times", "12", "--skip-full")
            for patient, every in (("P1", "2d"), ("P2", "3d"))
        ]
    )
    assert sorted(each.status for each in answers) == [0, 3]
    dates = [each for answer in answers for each in dates_of(answer.json)]
    wished = {str(today + timedelta(days=1 + every * nth)) for every in (2, 3) for nth in range(12)}
    assert sorted(dates) == sorted(wished)


def test_a_series_cancelled_by_two_desks_is_cancelled_once(clinic_at_noon: Ask, race: Race, db: str) -> None:
    clinic_at_noon("book", "P1", "LIM", "+1d", *SERIES)
    answers = race([("cancel", number, "--series") for number in ("A1", "A3")])
    assert sorted(each.status for each in answers) == [0, 7]
    assert stored.rows(db, "SELECT sum(booked) FROM doctor_daily_capacities") == [(0,)]


def test_one_key_from_two_desks_books_one_series(clinic_at_noon: Ask, race: Race) -> None:
    first, second = race([("book", "P1", "LIM", "+1d", *SERIES, "--key", "k")] * 2)
    assert (first.status, second.status) == (0, 0)
    assert first.json | {"replayed": None} == second.json | {"replayed": None}
    assert len(clinic_at_noon("appointment", "list")) == 3
