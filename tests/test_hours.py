"""A doctor with hours at the desk: sessions, booking by time, free times, and hours that change under bookings."""

import json
import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time

from clinicctl.store.engine import Tx, open_store
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

SET = ("doctor", "avail", "set", "MEHTA")
WEEKLY = ("doctor", "avail", "weekly", "MEHTA")
MOVE = ("--on-conflict", "move", "--yes")
KEEP = ("--on-conflict", "keep")


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """Monday, 10:05 in the clinic."""
    with freeze_time("2026-11-23T04:35:00+00:00") as frozen:
        yield frozen


@pytest.fixture
def desk(clinic: Ask) -> Ask:
    """A clinic in which MEHTA has hours on every day, and RAO has none."""
    clinic("patient", "add", "Ravi Kumar", "--phone", "90000 00003")
    clinic("patient", "add", "Lakshmi Iyer", "--phone", "90000 00004")
    clinic(*WEEKLY, "mon-sun", "--session", "09:00-13:00", "--session", "17:00-20:00", "--every", "10m")
    return clinic


def times(ask: Ask, *args: str) -> list[str]:
    return [each["time"] for each in ask("free", *args, "--times")]


def sound(ask: Ask) -> bool:
    return bool(ask("db", "check")["sound"])


# Sessions


def test_a_day_with_sessions_has_the_slots_that_follow_from_them(desk: Ask) -> None:
    (day,) = desk("doctor", "avail", "show", "MEHTA", "tomorrow")
    assert (day["capacity"], day["remaining"], day["source"]) == (42, 42, "weekly")
    assert (day["sessions"], day["every"]) == (["09:00-13:00", "17:00-20:00"], 10)
    sheet = [(each["slot"], each["time"], each["end"]) for each in desk("day", "tomorrow", "--doctor", "MEHTA")]
    assert sheet[0] == (1, "09:00", "09:10")
    assert sheet[23:25] == [(24, "12:50", "13:00"), (25, "17:00", "17:10")]
    assert sheet[-1] == (42, "19:50", "20:00")


def test_a_day_has_fewer_slots_than_its_hours_with_a_capacity(desk: Ask, refused: Refused) -> None:
    (day,) = desk(*SET, "tomorrow", "--capacity", "5")
    assert (day["capacity"], day["sessions"]) == (5, ["09:00-13:00", "17:00-20:00"])
    assert times(desk, "MEHTA", "tomorrow") == ["09:00", "09:10", "09:20", "09:30", "09:40"]
    error = refused(2, "invalid_value", *SET, "tomorrow", "--capacity", "43")
    assert "43 is more than the 42 slots" in error["message"]
    assert (
        "more than the 6 slots"
        in refused(2, "invalid_value", *WEEKLY, "mon", "--session", "09:00-10:00", "--every", "10m", "--capacity", "7")[
            "message"
        ]
    )


def test_hours_need_a_slot_length_and_a_slot_length_needs_hours(clinic: Ask, refused: Refused) -> None:
    assert "--every 10m" in refused(2, "invalid_value", *SET, "tomorrow", "--session", "09:00-13:00")["message"]
    assert "--session" in refused(2, "invalid_value", *SET, "tomorrow", "--every", "10m")["message"]
    assert (
        "has 0 slots"
        in refused(2, "invalid_value", *SET, "tomorrow", "--session", "09:00-09:30", "--every", "1h")["message"]
    )
    assert (
        "has 1440 slots"
        in refused(
            2,
            "invalid_value",
            *SET,
            "tomorrow",
            "--session",
            "00:00-12:00",
            "--session",
            "12:00-24:00",
            "--every",
            "1m",
        )["message"]
    )
    assert clinic("doctor", "avail", "show", "MEHTA", "tomorrow")[0]["sessions"] == []


def test_the_length_of_slots_changes_alone(desk: Ask) -> None:
    (day,) = desk(*SET, "tomorrow", "--every", "20m")
    assert (day["capacity"], day["every"], day["sessions"]) == (21, 20, ["09:00-13:00", "17:00-20:00"])
    (after,) = desk(*SET, "tomorrow", "--session", "09:00-10:00")
    assert (after["capacity"], after["every"]) == (3, 20)


def test_hours_end_with_the_word_none_for_a_date_and_a_weekday(desk: Ask) -> None:
    (day,) = desk(*SET, "tomorrow", "--session", "none")
    assert (day["capacity"], day["sessions"], day["every"], day["source"]) == (10, [], None, "day")
    week = desk(*WEEKLY, "mon", "--session", "none")
    assert (week[0]["capacity"], week[0]["sessions"]) == (10, [])
    assert week[1]["sessions"] == ["09:00-13:00", "17:00-20:00"]


def test_a_weekday_keeps_its_hours_when_only_its_capacity_is_set(desk: Ask) -> None:
    week = desk(*WEEKLY, "mon", "--capacity", "8")
    assert (week[0]["capacity"], week[0]["every"]) == (8, 10)
    desk(*WEEKLY, "tue", "--off")
    assert desk(*WEEKLY, "tue")[1]["sessions"] == ["09:00-13:00", "17:00-20:00"]


def test_a_session_may_end_after_midnight(desk: Ask) -> None:
    desk(*SET, "tomorrow", "--session", "22:00-02:00", "--every", "1h")
    late = desk("book", "P1", "MEHTA", "tomorrow", "--time", "01:00")
    assert (late["date"], late["slot"], late["time"]) == ("2026-11-24", 4, "01:00")
    assert (late["starts_at"], late["ends_at"]) == ("2026-11-25T01:00:00+05:30", "2026-11-25T02:00:00+05:30")
    assert times(desk, "MEHTA", "tomorrow") == ["22:00", "23:00", "00:00"]
    assert sound(desk)


# Booking


def test_a_booking_takes_the_slot_that_starts_at_its_time(desk: Ask) -> None:
    booked = desk("book", "P1", "MEHTA", "tomorrow", "--time", "17:20")
    assert (booked["slot"], booked["time"], booked["end"], booked["slots"]) == (27, "17:20", "17:30", 1)
    assert (booked["starts_at"], booked["ends_at"]) == ("2026-11-24T17:20:00+05:30", "2026-11-24T17:30:00+05:30")
    shown = desk("appointment", "show", "A1")
    assert shown == {name: value for name, value in booked.items() if name in shown}
    assert desk("appointment", "list")[0]["end"] == "17:30"


def test_without_a_time_the_lowest_free_slot_that_has_not_begun_is_taken(desk: Ask) -> None:
    assert desk("book", "P1", "MEHTA", "tomorrow")["time"] == "09:00"
    assert desk("book", "P1", "MEHTA")["time"] == "10:10"
    assert desk("book", "P2", "MEHTA", "--past")["time"] == "09:00"


def test_a_time_that_is_no_slots_is_refused_with_the_nearest_free_ones(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    error = refused(7, "no_such_time", "book", "P2", "MEHTA", "tomorrow", "--time", "10:25")
    assert error["details"] == {
        "doctor": "MEHTA",
        "date": "2026-11-24",
        "time": "10:25",
        "nearest_free": ["10:10", "10:30", "10:40"],
    }
    assert error["hint"] == "Nearest free times: 10:10, 10:30, 10:40."
    assert refused(7, "no_such_time", "book", "P2", "MEHTA", "tomorrow", "--time", "13:00")["details"]["nearest_free"]


def test_a_taken_time_is_refused_with_the_nearest_free_ones(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    error = refused(6, "time_taken", "book", "P2", "MEHTA", "tomorrow", "--time", "10:20")
    assert error["details"]["nearest_free"] == ["10:10", "10:30", "10:40"]
    assert len(desk("appointment", "list")) == 1


def test_a_past_time_of_today_is_refused_unless_it_is_recorded(desk: Ask, refused: Refused) -> None:
    refused(7, "past_time", "book", "P1", "MEHTA", "--time", "10:00")
    assert desk("book", "P1", "MEHTA", "--time", "10:00", "--past")["slot"] == 7


@pytest.mark.parametrize(
    ("options", "time"),
    [
        (("--between", "17:00-19:00"), "17:00"),
        (("--between", "09:15-09:45"), "09:20"),
        (("--morning",), "09:00"),
        (("--afternoon",), "12:00"),
        (("--evening",), "17:00"),
    ],
)
def test_a_part_of_the_day_gives_its_first_free_slot(options: tuple[str, ...], time: str, desk: Ask) -> None:
    assert desk("book", "P1", "MEHTA", "tomorrow", *options)["time"] == time


def test_a_part_of_the_day_without_a_free_slot_is_refused(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    error = refused(6, "capacity_full", "book", "P2", "MEHTA", "tomorrow", "--between", "09:00-09:10")
    assert error["message"] == "MEHTA has no free time from 09:00 to 09:10 on 2026-11-24."
    assert error["details"]["nearest_free"] == ["09:10", "09:20", "09:30"]
    refused(7, "no_such_time", "book", "P2", "RAO", "tomorrow", "--evening")
    refused(2, "usage", "book", "P2", "MEHTA", "tomorrow", "--evening", "--morning")
    refused(2, "usage", "book", "P2", "MEHTA", "tomorrow", "--evening", "--time", "17:00")
    assert len(desk("appointment", "list")) == 1


def test_a_day_whose_free_slots_have_all_begun_is_refused(desk: Ask, refused: Refused, clock: Any) -> None:
    clock.move_to("2026-11-23T14:25:00+00:00")
    error = refused(6, "capacity_full", "book", "P1", "MEHTA")
    assert error["message"] == "MEHTA has no free time left on 2026-11-23."
    assert desk("free", "MEHTA", "--days", "1")[0]["date"] == "2026-11-24"
    assert desk("walkin", "P1", "MEHTA")["appointment"]["time"] == "19:50"


def test_without_hours_a_time_is_a_note(desk: Ask) -> None:
    booked = desk("book", "P1", "RAO", "tomorrow", "--time", "10:25")
    assert (booked["slot"], booked["time"], booked["end"], booked["starts_at"]) == (1, "10:25", None, None)


def test_a_patient_is_not_booked_at_the_time_of_another_visit(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "RAO", "tomorrow", "--time", "09:05")
    assert desk("book", "P1", "MEHTA", "tomorrow")["time"] == "09:10"
    desk("appointment", "cancel", "A2")
    refused(6, "time_taken", "book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    assert desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00", "--again")["slot"] == 1


def test_an_overbooked_visit_is_above_the_slots_and_keeps_its_time(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    over = desk("book", "P2", "MEHTA", "tomorrow", "--time", "09:00", "--overbook")
    assert (over["slot"], over["time"], over["overbooked"]) == (43, "09:00", True)
    desk(*SET, "+2d", "--capacity", "1")
    desk("book", "P1", "MEHTA", "+2d")
    refused(6, "capacity_full", "book", "P2", "MEHTA", "+2d")
    assert desk("book", "P2", "MEHTA", "+2d", "--overbook")["slot"] == 2
    assert sound(desk)


def test_a_full_day_with_hours_names_the_next_free_days(desk: Ask, refused: Refused) -> None:
    desk(*SET, "tomorrow", "--session", "09:00-09:20", "--every", "10m")
    desk("book", "P1", "MEHTA", "tomorrow")
    desk("book", "P2", "MEHTA", "tomorrow")
    error = refused(6, "capacity_full", "book", "P3", "MEHTA", "tomorrow")
    assert error["details"]["next_free"][0] == "2026-11-25"


def test_a_cancelled_time_is_free_again_once(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk("appointment", "cancel", "A1")
    assert desk("book", "P2", "MEHTA", "tomorrow", "--time", "10:20")["slot"] == 9
    assert desk("doctor", "avail", "show", "MEHTA", "tomorrow")[0]["booked"] == 1


def test_a_move_keeps_the_time_or_takes_another(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    assert desk("appointment", "move", "A1", "+2d")["time"] == "10:20"
    assert desk("appointment", "move", "A2", "--evening")["time"] == "17:00"
    assert desk("appointment", "move", "A2", "--time", "17:30")["slot"] == 28
    desk("book", "P2", "MEHTA", "+3d", "--time", "17:30")
    refused(6, "time_taken", "appointment", "move", "A2", "+3d")
    moved = desk("appointment", "move", "A2", "+3d", "--between", "17:30-18:00")
    assert (moved["time"], moved["moved_from"]) == ("17:40", "A2")
    assert desk("appointment", "edit", "A4", "--time", "18:00")["slot"] == 31
    assert "cannot be cleared" in refused(7, "illegal_step", "appointment", "edit", "A4", "--time", "")["message"]
    assert sound(desk)


def test_the_undo_of_a_new_time_gives_the_old_slot_back(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk("appointment", "move", "A1", "--time", "11:00")
    (undone,) = desk("undo", "--yes")["appointments"]
    assert (undone["time"], undone["slot"], undone["end"]) == ("10:20", 9, "10:30")
    desk("appointment", "move", "A1", "--time", "11:00")
    write = desk("audit", "log", "--limit", "1")[0]["number"]
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "10:20")
    error = refused(7, "illegal_step", "undo", str(write), "--yes")
    assert "slot 9" in error["message"]
    assert sound(desk)


# Free times


def test_free_days_have_their_first_free_time_and_the_number(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    found = desk("free", "MEHTA", "--days", "2")
    assert [(each["date"], each["first_free"], each["free_times"]) for each in found] == [
        ("2026-11-23", "10:10", 35),
        ("2026-11-24", "09:10", 41),
    ]
    (rao,) = desk("free", "RAO", "--days", "1")
    assert (rao["first_free"], rao["free_times"], rao["remaining"]) == (None, None, 3)


def test_the_free_times_of_a_day_are_those_that_can_be_booked(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "17:10")
    found = desk("free", "MEHTA", "tomorrow", "--times", "--between", "17:00-17:40")
    assert [(each["time"], each["slot"]) for each in found] == [("17:00", 25), ("17:20", 27), ("17:30", 28)]
    assert found[0]["starts_at"] == "2026-11-24T17:00:00+05:30"
    for each in found:
        desk("book", "P2", "MEHTA", "tomorrow", "--time", each["time"], "--again")
    assert times(desk, "MEHTA", "tomorrow", "--between", "17:00-17:40") == []
    assert times(desk, "RAO", "tomorrow") == []


def test_the_first_free_evening_of_a_specialty_is_one_command(desk: Ask) -> None:
    desk("doctor", "edit", "MEHTA", "--specialty", "cardiology")
    desk("doctor", "add", "OKAFOR", "Dr. Okafor", "--specialty", "Cardiology")
    desk("doctor", "avail", "weekly", "OKAFOR", "mon-sun", "--session", "16:00-19:00", "--every", "15m")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "17:00")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "17:10", "--again")
    found = desk("free", "tomorrow", "--specialty", "cardiology", "--evening")
    assert [(each["doctor"], each["first_free"]) for each in found] == [("OKAFOR", "17:00"), ("MEHTA", "17:20")]


def test_free_takes_days_a_doctor_or_both(desk: Ask, refused: Refused) -> None:
    assert {each["doctor"] for each in desk("free", "tomorrow")} == {"MEHTA", "RAO"}
    assert [each["date"] for each in desk("free", "MEHTA", "+1d..+2d")] == ["2026-11-24", "2026-11-25"]
    refused(2, "usage", "free", "tomorrow", "+2d")
    assert [each["date"] for each in desk("free", "MEHTA", "yesterday..tomorrow")] == ["2026-11-23", "2026-11-24"]


# Hours that change


def test_appointments_keep_their_time_and_get_its_number(desk: Ask) -> None:
    for patient, at in (("P1", "10:20"), ("P2", "12:00")):
        desk("book", patient, "MEHTA", "tomorrow", "--time", at)
    desk(*SET, "tomorrow", "--session", "08:00-12:30", "--every", "10m")
    found = desk("appointment", "list", "--day", "tomorrow")
    assert [(each["number"], each["time"], each["slot"]) for each in found] == [
        ("A1", "10:20", 15),
        ("A2", "12:00", 25),
    ]
    assert sound(desk)
    desk("undo", "--yes")
    found = desk("appointment", "list", "--day", "tomorrow")
    assert [(each["number"], each["time"], each["slot"]) for each in found] == [("A1", "10:20", 9), ("A2", "12:00", 19)]
    assert sound(desk)


def test_lost_times_are_refused_with_the_patients(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "17:20")
    error = refused(6, "has_bookings", *SET, "tomorrow", "--session", "09:00-13:00")
    assert [(each["appointment"], each["time"]) for each in error["details"]["affected"]] == [("A2", "17:20")]
    error = refused(6, "has_bookings", *SET, "tomorrow", "--every", "15m")
    assert error["details"]["count"] == 2
    assert desk("doctor", "avail", "show", "MEHTA", "tomorrow")[0]["source"] == "weekly"


def test_kept_patients_stay_above_the_slots_and_come_back(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "17:20")
    (day,) = desk(*SET, "tomorrow", "--session", "09:00-13:00", *KEEP)
    assert (day["booked"], day["capacity"], day["remaining"]) == (2, 24, 22)
    kept = desk("appointment", "show", "A2")
    assert (kept["time"], kept["slot"], kept["status"]) == ("17:20", 25, "booked")
    assert sound(desk)
    desk(*SET, "tomorrow", "--note", "short day")
    desk(*SET, "tomorrow", "--session", "09:00-13:00", "--session", "17:00-20:00", "--every", "20m")
    assert desk("appointment", "show", "A2")["slot"] == 14
    assert sound(desk)


def test_move_gives_each_patient_the_nearest_free_time(desk: Ask, run: Run, refused: Refused) -> None:
    for patient, at in (("P1", "10:20"), ("P2", "17:20"), ("P3", "17:30"), ("P4", "12:50")):
        desk("book", patient, "MEHTA", "tomorrow", "--time", at)
    options = (*SET, "tomorrow", "--session", "09:00-13:00", "--on-conflict", "move")
    before = desk("appointment", "list")
    tried = desk(*options, "--dry-run")
    assert [(each["appointment"], each["from_time"], each["to_time"]) for each in tried[0]["moved"]] == [
        ("A2", "17:20", "12:40"),
        ("A3", "17:30", "12:30"),
    ]
    assert desk("appointment", "list") == before
    (day,) = desk(*options)
    assert [each["phone"] for each in day["moved"]] == ["+919123456789", "+919000000003"]
    found = {each["number"]: (each["time"], each["end"], each["slot"]) for each in desk("appointment", "list")}
    assert found == {
        "A1": ("10:20", "10:30", 9),
        "A2": ("12:40", "12:50", 23),
        "A3": ("12:30", "12:40", 22),
        "A4": ("12:50", "13:00", 24),
    }
    assert sound(desk)
    desk("undo", "--yes")
    assert [(each["time"], each["slot"]) for each in desk("appointment", "list")] == [
        (each["time"], each["slot"]) for each in before
    ]
    assert sound(desk)


def test_undo_gives_moved_patients_times_that_only_the_old_hours_have(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:20")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "09:00")
    desk(*SET, "tomorrow", "--session", "07:05-08:05", *MOVE)
    assert [each["time"] for each in desk("appointment", "list")] == ["07:45", "07:55"]
    desk("undo", "--yes")
    assert [(each["time"], each["slot"]) for each in desk("appointment", "list")] == [("09:00", 1), ("09:20", 3)]
    assert sound(desk)


def test_many_moves_need_a_yes(desk: Ask, refused: Refused, tmp_path: Path) -> None:
    desk("config", "bulk_threshold", "1")
    for patient, at in (("P1", "17:00"), ("P2", "17:10")):
        desk("book", patient, "MEHTA", "2026-11-30", "--time", at)
    file = tmp_path / "days.csv"
    file.write_text("doctor,date,sessions\nMEHTA,2026-11-30,09:00-13:00\n")
    move = ("--on-conflict", "move")
    for command in (
        (*SET, "2026-11-30", "--session", "09:00-13:00", *move),
        (*WEEKLY, "mon", "--session", "09:00-13:00", *move),
        ("doctor", "avail", "import", str(file), *move),
    ):
        refused(2, "usage", *command)
        assert [each["time"] for each in desk("appointment", "list")] == ["17:00", "17:10"]
        assert len(str(desk(*command, "--yes", "--key", command[2])).split("to_time")) == 3
        again = desk(*command, "--key", command[2])
        assert (again if isinstance(again, dict) else again[0])["replayed"]
        assert [each["time"] for each in desk("appointment", "list")] == ["12:40", "12:50"]
        desk("undo", "--yes")
    assert sound(desk)


def test_move_is_refused_where_no_time_is_left(desk: Ask, refused: Refused) -> None:
    for patient, at in (("P1", "09:00"), ("P2", "17:20")):
        desk("book", patient, "MEHTA", "tomorrow", "--time", at)
    error = refused(6, "has_bookings", *SET, "tomorrow", "--session", "09:00-09:10", *MOVE)
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A2"]
    refused(6, "has_bookings", *SET, "tomorrow", "--absent", *MOVE)
    assert [each["time"] for each in desk("appointment", "list")] == ["09:00", "17:20"]


def test_cancelled_patients_of_lost_times_come_back_with_undo(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "17:20")
    (day,) = desk(*SET, "tomorrow", "--session", "10:00-13:00", "--on-conflict", "cancel", "--yes")
    assert [each["appointment"] for each in day["cancelled"]] == ["A2"]
    assert desk("appointment", "show", "A1")["slot"] == 3
    desk("undo", "--yes")
    assert [(each["slot"], each["status"]) for each in desk("appointment", "list")] == [(9, "booked"), (27, "booked")]
    assert sound(desk)


def test_weekdays_with_other_hours_move_every_coming_date(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "2026-11-30", "--time", "17:20")
    desk("book", "P1", "MEHTA", "2026-12-07", "--time", "09:00")
    desk("book", "P1", "MEHTA", "2026-12-01", "--time", "17:20")
    week = desk(*WEEKLY, "mon", "--session", "09:00-12:00", *MOVE)
    assert [each["to_time"] for each in week[0]["moved"]] == ["11:50"]
    assert [(each["date"], each["time"]) for each in desk("appointment", "list")] == [
        ("2026-11-30", "11:50"),
        ("2026-12-01", "17:20"),
        ("2026-12-07", "09:00"),
    ]
    desk("undo", "--yes")
    assert desk("appointment", "show", "A1")["time"] == "17:20"
    assert sound(desk)


def test_a_day_that_gets_hours_takes_over_agreed_times_and_numbers(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "RAO", "tomorrow", "--time", "10:00")
    desk("book", "P2", "RAO", "tomorrow")
    desk("book", "P3", "RAO", "tomorrow", "--time", "10:05")
    rao = ("doctor", "avail", "set", "RAO", "tomorrow", "--session", "09:00-11:00", "--every", "30m")
    error = refused(6, "has_bookings", *rao)
    assert [each["appointment"] for each in error["details"]["affected"]] == ["A3"]
    (day,) = desk(*rao, *MOVE)
    assert [(each["from_time"], each["to_time"]) for each in day["moved"]] == [("10:05", "10:30")]
    found = {each["number"]: (each["slot"], each["time"]) for each in desk("appointment", "list")}
    assert found == {"A1": (3, "10:00"), "A2": (2, None), "A3": (4, "10:30")}
    assert sound(desk)
    desk("undo", "--yes")
    found = {each["number"]: (each["slot"], each["time"]) for each in desk("appointment", "list")}
    assert found == {"A1": (1, "10:00"), "A2": (2, None), "A3": (3, "10:05")}
    assert sound(desk)


def test_hours_that_end_leave_times_as_notes(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk(*SET, "tomorrow", "--session", "none")
    kept = desk("appointment", "show", "A1")
    assert (kept["time"], kept["end"], kept["slot"]) == ("10:20", "10:30", 9)
    assert desk("appointment", "edit", "A1", "--time", "10:25")["end"] is None
    assert sound(desk)


def test_patients_who_have_come_keep_their_time_over_a_change(desk: Ask) -> None:
    desk("book", "P1", "MEHTA", "today", "--time", "17:20")
    desk("checkin", "A1")
    desk(*SET, "today", "--session", "09:00-13:00")
    assert (desk("appointment", "show", "A1")["slot"], desk("queue", "show")[0]["status"]) == (25, "waiting")
    assert sound(desk)


def test_a_cancelled_visit_comes_back_to_its_time_after_hours_have_changed(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "10:20")
    desk("appointment", "cancel", "A1")
    write = desk("audit", "log", "--limit", "1")[0]["number"]
    desk(*SET, "tomorrow", "--session", "08:00-12:00")
    desk("undo", str(write), "--yes")
    assert desk("appointment", "show", "A1")["slot"] == 15
    assert sound(desk)


# Imports


def test_a_file_sets_hours_and_a_second_run_changes_nothing(desk: Ask, tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    file.write_text(
        "doctor,date,session,every\n"
        "MEHTA,2026-11-24,09:00-13:00;17:00-20:00,15\n"
        "RAO,2026-11-24,9am-12pm,20m\n"
        "RAO,2026-11-25,none,\n"
    )
    first = desk("doctor", "avail", "import", str(file))
    assert [each["outcome"] for each in first["rows"]] == ["added"] * 3
    assert "hours none to 09:00-12:00 every 20m, capacity 3 to 9" in first["rows"][1]["change"]
    second = desk("doctor", "avail", "import", str(file))
    assert (second["unchanged"], second["added"], second["changed"]) == (3, 0, 0)
    assert desk("doctor", "avail", "show", "RAO", "2026-11-24")[0]["capacity"] == 9
    desk("undo", "--yes")
    desk("undo", "--yes")
    assert desk("doctor", "avail", "show", "RAO", "2026-11-24")[0]["sessions"] == []


def test_bad_hours_in_a_file_are_named_with_their_lines(desk: Ask, tmp_path: Path, refused: Refused) -> None:
    file = tmp_path / "days.csv"
    file.write_text(
        "doctor,date,capacity,session,every\n"
        "MEHTA,2026-11-24,,09:00-13:00;12:00-14:00,10\n"
        "MEHTA,2026-11-25,,,9h\n"
        "RAO,2026-11-26,,09:00-13:00,\n"
        "MEHTA,2026-11-27,50,09:00-13:00,10\n"
        "MEHTA,2026-11-28,10,09:00-13:00,10\n"
    )
    error = refused(65, "bad_file", "doctor", "avail", "import", str(file))
    assert [each["line"] for each in error["details"]["lines"]] == [2, 3, 4, 5]
    answer = desk("doctor", "avail", "show", "MEHTA", "2026-11-28")
    assert answer[0]["capacity"] == 42


def test_a_list_of_days_with_hours_can_be_imported_again(desk: Ask, run: Run, tmp_path: Path) -> None:
    desk(*SET, "tomorrow", "--session", "08:00-10:00", "--every", "15m", "--note", "early")
    desk(*SET, "+2d", "--session", "none")
    listed = run("doctor", "avail", "show", "MEHTA", "today..+6d", "-o", "csv", status=0).stdout
    file = tmp_path / "days.csv"
    file.write_text(listed)
    again = desk("doctor", "avail", "import", str(file))
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 7)
    lines = run("doctor", "avail", "show", "MEHTA", "today..+6d", "-o", "jsonl", status=0).stdout
    again = desk("doctor", "avail", "import", "-", "--format", "jsonl", stdin=lines)
    assert (again["added"], again["changed"], again["unchanged"]) == (0, 0, 7)


def test_an_imported_change_of_hours_treats_patients_as_a_command_does(
    desk: Ask, tmp_path: Path, refused: Refused
) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "17:20")
    file = tmp_path / "days.csv"
    file.write_text("doctor,date,sessions,every\nMEHTA,2026-11-24,09:00-13:00,10m\n")
    refused(6, "has_bookings", "doctor", "avail", "import", str(file))
    done = desk("doctor", "avail", "import", str(file), "--on-conflict", "move", "--yes")
    assert [each["to_time"] for each in done["moved"]] == ["12:50"]
    assert sound(desk)
    desk("undo", "--yes")
    assert desk("appointment", "show", "A1")["time"] == "17:20"


# Keys, batches, and any sequence


def test_a_key_of_a_timed_booking_answers_as_the_first_time(desk: Ask, refused: Refused) -> None:
    asked = ("book", "P1", "MEHTA", "tomorrow", "--time", "10:20", "--key", "one")
    first, again = desk(*asked), desk(*asked)
    assert again == first | {"replayed": True}
    refused(6, "key_reused", "book", "P1", "MEHTA", "tomorrow", "--time", "10:30", "--key", "one")


def test_the_journal_has_no_names_of_moved_patients(desk: Ask, database: str) -> None:
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "17:20")
    desk(*SET, "tomorrow", "--session", "09:00-13:00", *MOVE, "--key", "hours")
    outcomes = " ".join(each for (each,) in stored.rows(database, "SELECT outcome FROM journal"))
    assert "Mumtaz" not in outcomes
    assert "9123456789" not in outcomes
    (again,) = desk(*SET, "tomorrow", "--session", "09:00-13:00", *MOVE, "--key", "hours")
    assert (again["moved"][0]["name"], again["replayed"]) == ("Mumtaz Anwar", True)


@pytest.mark.parametrize("nth", range(6))
def test_any_sequence_of_writes_leaves_a_sound_day(nth: int, desk: Ask, run: Run) -> None:
    seed = secrets.randbelow(1_000_000)
    luck = random.Random(seed)
    spans = ("09:00-11:00", "09:30-10:30", "08:00-09:00 10:00-12:00", "none", "22:00-02:00")
    conflict = ("refuse", "cancel", "move") if nth % 2 else ("refuse", "keep", "cancel", "move")
    desk("config", "visit-type", "add", "long", "--minutes", "25")

    def time_of() -> str:
        return f"{luck.choice((8, 9, 10, 11, 23))}:{luck.choice(('00', '10', '15', '20', '30', '45'))}"

    def any_write() -> list[str]:
        visit = f"A{luck.randint(1, 12)}"
        patient, on = f"P{luck.randint(1, 4)}", luck.choice(("tomorrow", "+2d"))
        hours = ["--session", luck.choice(spans)]
        hours = hours if hours[1] == "none" else [*hours, "--every", luck.choice(("10m", "15m", "20m"))]
        return luck.choice(
            [
                ["book", patient, "MEHTA", on, "--again"],
                ["book", patient, "MEHTA", on, "--again", "--time", time_of()],
                ["book", patient, "MEHTA", on, "--again", "--overbook", "--time", time_of()],
                ["book", patient, "MEHTA", on, "--again", "--between", "09:30-10:30"],
                ["book", patient, "MEHTA", on, "--again", "--visit-type", "long"],
                ["book", patient, "MEHTA", on, "--again", "--visit-type", "long", "--time", time_of()],
                ["appointment", "cancel", visit],
                ["appointment", "move", visit, on],
                ["appointment", "move", visit, "--time", time_of(), "--again"],
                ["appointment", "edit", visit, "--time", time_of(), "--again"],
                [*SET, on, *hours, "--on-conflict", luck.choice(conflict), "--yes"],
                [*SET, on, "--capacity", str(luck.randint(0, 6)), "--on-conflict", luck.choice(conflict), "--yes"],
                [*WEEKLY, "mon-sun", *hours, "--on-conflict", luck.choice(conflict), "--yes"],
                ["undo", "--yes"],
            ]
        )

    done = list[str]()
    for _ in range(60):
        command = any_write()
        answer = run(*command, json=True)
        assert answer.status in (0, 2, 4, 6, 7), (seed, done, command, answer.stderr)
        done += [" ".join(command)] if answer.status == 0 else []
    checked = desk("db", "check")
    assert checked["sound"], (seed, done, checked["problems"])
    assert len(done) > 5, seed
    for day in desk("doctor", "avail", "show", "MEHTA", "+1d..+2d"):
        sheet = desk("day", day["date"], "--doctor", "MEHTA")
        taken = [each["slot"] for each in sheet if each["appointment"]]
        assert len(taken) == len(set(taken))
        if day["sessions"]:
            known = [each["appointment"] for each in sheet if each["appointment"] and each["slot"] <= day["capacity"]]
            starts = [each["starts_at"] for each in known if each["starts_at"]]
            assert starts == sorted(starts), (seed, done)
        if "keep" not in conflict and day["sessions"]:
            outside = [each["appointment"] for each in sheet if each["slot"] > day["capacity"]]
            assert all(each["overbooked"] for each in outside), (seed, done)


def test_batch_lines_take_times_as_commands_do(desk: Ask, run: Run) -> None:
    lines = "\n".join(
        json.dumps(["book", f"P{n}", "MEHTA", "tomorrow", "--time", at])
        for n, at in ((1, "10:20"), (2, "10:20"), (3, "10:25"), (4, "10:30"))
    )
    answers = [json.loads(each) for each in run("batch", "-", stdin=lines, status=3).stdout.splitlines()]
    assert [each["exit_code"] for each in answers] == [0, 6, 7, 0]
    assert [each["error"]["code"] for each in answers[1:3]] == ["time_taken", "no_such_time"]


def test_a_visit_after_midnight_is_checked_in_on_the_next_calendar_day(desk: Ask, refused: Refused, clock: Any) -> None:
    desk(*SET, "today", "--session", "22:00-02:00", "--every", "1h")
    desk("book", "P1", "MEHTA", "today", "--time", "01:00")
    desk("book", "P2", "MEHTA", "today", "--time", "00:00")
    clock.move_to("2026-11-23T19:35:00+00:00")  # 01:05 on Tuesday
    assert desk("checkin", "P1")["position"] == 1
    assert [each["date"] for each in desk("queue", "show", "MEHTA")] == ["2026-11-23"]
    refused(7, "wrong_day", "checkin", "A2")
    refused(4, "appointment_not_found", "checkin", "P2")
    assert sound(desk)


def test_hours_on_days_on_which_the_clock_changes(desk: Ask) -> None:
    desk("config", "timezone", "Europe/Berlin")
    night = ("--session", "01:00-05:00", "--every", "1h")
    (spring,) = desk(*SET, "2027-03-28", *night)
    (autumn,) = desk(*SET, "2027-10-31", *night)
    assert (spring["capacity"], autumn["capacity"]) == (3, 4)
    assert times(desk, "MEHTA", "2027-03-28") == ["01:00", "03:00", "04:00"]
    first = desk("book", "P1", "MEHTA", "2027-03-28", "--time", "03:00")
    assert (first["starts_at"], first["slot"]) == ("2027-03-28T03:00:00+02:00", 2)
    second = desk("book", "P1", "MEHTA", "2027-10-31", "--time", "02:00")
    assert (second["starts_at"], second["ends_at"]) == ("2027-10-31T02:00:00+02:00", "2027-10-31T03:00:00+01:00")
    assert sound(desk)


def test_another_time_zone_changes_the_slots_where_its_clock_changes(desk: Ask, refused: Refused) -> None:
    desk(*SET, "2027-03-28", "--session", "01:00-05:00", "--every", "1h")
    desk("book", "P1", "MEHTA", "2027-03-28", "--time", "04:00")
    desk("book", "P2", "MEHTA", "2027-03-28", "--time", "01:00")
    desk("config", "timezone", "Europe/Berlin")
    assert [(each["time"], each["slot"]) for each in desk("appointment", "list")] == [("01:00", 1), ("04:00", 3)]
    assert sound(desk)
    desk("config", "timezone", "Asia/Kolkata")
    desk("book", "P3", "MEHTA", "2027-03-28", "--time", "02:00")
    refused(6, "has_bookings", "config", "timezone", "Europe/Berlin")
    assert sound(desk)


def test_a_visit_after_midnight_is_not_missed_before_it(desk: Ask, clock: Any) -> None:
    desk("config", "no_show_after", "10")
    desk(*SET, "today", "--session", "22:00-02:00", "--every", "1h")
    desk("book", "P1", "MEHTA", "today", "--time", "01:00")
    desk("book", "P2", "MEHTA", "today", "--time", "22:00")
    assert [each["subject"] for each in desk("status") if each["what"] == "did not come"] == []
    clock.move_to("2026-11-23T16:45:00+00:00")  # 22:15
    missed = [each["subject"] for each in desk("status") if each["what"] == "did not come"]
    assert missed == ["P2, agreed 22:00"]


def test_a_month_of_free_days_of_all_doctors_is_one_pass(
    desk: Ask, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of statements does not depend on the doctors, the days and the bookings."""

    def statements(*args: str) -> int:
        sent = list[str]()
        with open_store(database, wait=5).read(actor="test") as tx:
            kind: Any = type(tx)
        fetch_all = kind.fetch_all

        def counted(tx: Tx, sql: str, *rest: Any) -> Any:
            sent.append(sql)
            return fetch_all(tx, sql, *rest)

        with monkeypatch.context() as patched:
            patched.setattr(kind, "fetch_all", counted)
            desk("free", *args)
        return len(sent)

    desk("book", "P1", "MEHTA", "tomorrow")
    few = statements("--days", "30")
    assert few
    for nth in range(20):
        desk("doctor", "add", f"D{nth}", f"Dr. {nth}")
        desk("doctor", "avail", "weekly", f"D{nth}", "mon-sun", "--session", "09:00-13:00", "--every", "10m")
        desk("book", "P1", f"D{nth}", f"+{nth}d", "--again")
    assert statements("--days", "30") == few
    assert statements("--days", "30", "--evening") == few


# Faults that were found by trying


def test_a_holiday_leaves_doctors_alone_whose_date_is_set(desk: Ask) -> None:
    desk(*SET, "tomorrow", "--session", "09:00-09:20", "--every", "10m")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:10")
    desk(*SET, "tomorrow", "--session", "09:00-09:10", *KEEP)
    added = desk("config", "holiday", "add", "tomorrow", "Feast", "--on-conflict", "cancel", "--yes")
    assert added["cancelled"] == []
    assert desk("appointment", "show", "A1")["status"] == "booked"


@pytest.mark.parametrize("how", ["cancel", "away", "move"])
def test_a_kept_visit_comes_back_above_the_slots(how: str, desk: Ask) -> None:
    desk(*SET, "tomorrow", "--session", "09:00-09:20", "--every", "10m")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "09:10")
    desk(*SET, "tomorrow", "--session", "09:00-09:10", *KEEP)
    before = [(each["number"], each["slot"], each["time"], each["status"]) for each in desk("appointment", "list")]
    commands = {
        "cancel": ("cancel", "A2"),
        "away": ("away", "MEHTA", "tomorrow", "--on-conflict", "cancel", "--yes"),
        "move": ("move", "A2", "+2d"),
    }
    desk(*commands[how])
    desk("undo", "--yes")
    after = [(each["number"], each["slot"], each["time"], each["status"]) for each in desk("appointment", "list")]
    assert [each for each in after if each[0] != "A3"] == before
    assert sound(desk)


def test_move_avoids_the_times_of_the_patients_other_visits(desk: Ask) -> None:
    rao = ("doctor", "avail", "set", "RAO", "tomorrow")
    desk(*SET, "tomorrow", "--session", "09:00-09:30")
    desk(*rao, "--session", "09:00-10:00", "--every", "10m")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    desk("book", "P1", "RAO", "tomorrow", "--time", "09:30")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:10", "--again")
    (day,) = desk(*SET, "tomorrow", "--session", "09:30-10:00", *MOVE)
    assert [(each["appointment"], each["to_time"]) for each in day["moved"]] == [("A1", "09:40"), ("A3", "09:50")]
    assert sound(desk)


def test_a_long_visit_takes_one_slot_once_the_hours_end(desk: Ask) -> None:
    desk("config", "visit-type", "add", "four", "--minutes", "40")
    for patient, at, kind in (("P1", "09:00", ()), ("P2", "09:10", ()), ("P3", "09:20", ("--type", "four"))):
        desk("book", patient, "MEHTA", "tomorrow", "--time", at, *kind)
    (day,) = desk(*SET, "tomorrow", "--session", "none", "--capacity", "3")
    assert (day["booked"], day["remaining"], day["cancelled"]) == (3, 0, [])
    assert [(each["slot"], each["slots"]) for each in desk("appointment", "list")] == [(1, 1), (2, 1), (3, 1)]
    assert sound(desk)
    desk("undo", "--yes")
    assert [(each["slot"], each["slots"]) for each in desk("appointment", "list")] == [(1, 1), (2, 1), (3, 4)]
    assert sound(desk)


def test_the_time_of_an_overbooked_visit_is_not_given_again(desk: Ask, refused: Refused) -> None:
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "09:00", "--overbook")
    desk("cancel", "A1")
    refused(6, "time_taken", "book", "P3", "MEHTA", "tomorrow", "--time", "09:00")
    assert times(desk, "MEHTA", "tomorrow")[0] == "09:10"
    assert desk("book", "P3", "MEHTA", "tomorrow")["time"] == "09:10"


def test_move_also_places_those_who_were_kept(desk: Ask) -> None:
    desk(*SET, "tomorrow", "--session", "09:00-10:00")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:00")
    desk(*SET, "tomorrow", "--session", "10:00-11:00", *KEEP)
    (day,) = desk(*SET, "tomorrow", "--session", "10:00-12:00", *MOVE)
    assert [each["to_time"] for each in day["moved"]] == ["10:00"]
    assert sound(desk)


def test_undo_of_longer_hours_leaves_a_kept_visit_kept(desk: Ask) -> None:
    desk(*SET, "tomorrow", "--session", "09:00-09:20")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:10")
    desk(*SET, "tomorrow", "--session", "09:00-09:10", *KEEP)
    desk(*SET, "tomorrow", "--session", "08:00-10:00")
    assert desk("appointment", "show", "A1")["slot"] == 8
    desk("undo", "--yes")
    assert (desk("appointment", "show", "A1")["slot"], desk("appointment", "show", "A1")["time"]) == (2, "09:10")
    assert sound(desk)


def test_undo_of_longer_hours_refuses_who_was_booked_in_them(desk: Ask, refused: Refused) -> None:
    desk(*SET, "tomorrow", "--session", "09:00-09:20")
    desk(*SET, "tomorrow", "--session", "08:00-10:00")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:30")
    (write,) = (each["number"] for each in desk("audit", "log", "--limit", "2") if each["command"] != "book")
    refused(6, "has_bookings", "undo", str(write), "--yes")
    assert sound(desk)


def test_undo_compares_the_slots_of_the_restored_hours(desk: Ask) -> None:
    desk(*WEEKLY, "tue", "--session", "09:00-10:00")
    desk("book", "P1", "MEHTA", "tomorrow", "--time", "09:20")
    desk(*WEEKLY, "tue", "--off", "--on-conflict", "cancel", "--yes")
    write = desk("audit", "log", "--limit", "1")[0]["number"]
    desk(*SET, "tomorrow", "--present", "--session", "08:00-10:00")
    desk("book", "P2", "MEHTA", "tomorrow", "--time", "08:20")
    desk("undo", str(write), "--yes")
    assert (desk("appointment", "show", "A1")["slot"], desk("appointment", "show", "A1")["status"]) == (9, "booked")
    assert sound(desk)


def test_hours_for_a_date_say_that_the_doctor_comes(desk: Ask) -> None:
    desk("config", "holiday", "add", "tomorrow", "Feast")
    (day,) = desk(*SET, "tomorrow", "--session", "09:00-10:00")
    assert (day["present"], day["source"]) == (True, "day")


def test_a_zone_in_which_yesterday_is_today_keeps_the_capacities(desk: Ask, clock: Any) -> None:
    desk("book", "P1", "RAO", "today")
    clock.move_to("2026-11-24T04:35:00+00:00")
    desk("doctor", "edit", "RAO", "--capacity", "5")
    desk("config", "timezone", "Pacific/Pago_Pago")
    assert sound(desk)


def test_the_sentence_says_that_a_visit_is_after_midnight(desk: Ask, run: Run) -> None:
    desk(*SET, "tomorrow", "--session", "22:00-02:00", "--every", "1h")
    said = run("book", "P1", "MEHTA", "tomorrow", "--time", "01:00", "-o", "table", status=0).stdout
    assert "on Tue 2026-11-24 at 01:00 after midnight, on Wed 2026-11-25, slot 4" in said
