"""The rules of hours, for any sessions: slots, free times, spans, places after a change, and changes of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl.errors import BadValue
from clinicctl.rules import day_plans, hours, placing
from clinicctl.rules.day_plans import Given
from clinicctl.rules.hours import DAY, DaySlots, Within
from clinicctl.rules.placing import Held
from clinicctl.statuses import DaySource

ORDINARY = date(2026, 11, 23)
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
CHANGES = [
    (BERLIN, SPRING),
    (BERLIN, AUTUMN),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 10, 4)),  # half an hour
    (ZoneInfo("Australia/Lord_Howe"), date(2027, 4, 4)),
    (ZoneInfo("America/Sao_Paulo"), date(2018, 11, 4)),  # at midnight
    (ZoneInfo("Pacific/Apia"), date(2011, 12, 29)),  # the next day was skipped
    (ZoneInfo("Asia/Kolkata"), ORDINARY),
]


@st.composite
def sessions(draw: st.DrawFn) -> str:
    """Sessions in any order: they do not overlap, and the last may end after midnight."""
    marks = sorted(draw(st.lists(st.integers(0, 2 * DAY - 1), min_size=2, max_size=8, unique=True)))
    pairs = [(start, end) for start, end in zip(marks[::2], marks[1::2], strict=False) if start < DAY]
    first = pairs[0][0] if pairs else 0
    kept = [(start, min(end, first + DAY, start + DAY - 1)) for start, end in pairs]
    kept = [(start, end) for start, end in kept if end > start] or [(540, 780)]
    texts = [f"{hours.clock(start)}-{hours.clock(end)}" for start, end in kept]
    return " ".join(draw(st.permutations(texts)))


every = st.integers(1, hours.LONGEST)
zones = st.sampled_from(CHANGES)


def day_slots(text: str, length: int, on: date = ORDINARY, zone: ZoneInfo = UTC_ZONE) -> DaySlots:
    return hours.slots_on(hours.parse_sessions(text), length, on, zone)


@given(sessions(), every, zones)
def test_times_rise_with_numbers_and_slots_do_not_overlap(text: str, length: int, where: tuple[ZoneInfo, date]) -> None:
    zone, on = where
    found = day_slots(text, length, on, zone)
    starts = [hours.instant(on, each, zone).astimezone(UTC) for each in found.starts]
    ends = [hours.instant(on, each, zone).astimezone(UTC) for each in found.ends]
    assert starts == sorted(set(starts))
    assert all(start < end for start, end in zip(starts, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


@given(sessions(), every)
def test_slots_fill_the_sessions_and_nothing_else(text: str, length: int) -> None:
    stored = hours.parse_sessions(text)
    found = day_slots(text, length)
    inside = [
        next(each for each in hours.sessions_of(stored) if each.start <= start < each.end) for start in found.starts
    ]
    assert all(end <= session.end for end, session in zip(found.ends, inside, strict=True))
    assert len(found.starts) == min(500, hours.count_slots(stored, length))
    for session in hours.sessions_of(stored):
        last = [end for end, own in zip(found.ends, inside, strict=True) if own == session]
        left = session.end - max([session.start, *last])
        assert left < length or len(found.starts) == 500


@given(sessions())
def test_stored_sessions_are_read_as_they_were_written(text: str) -> None:
    stored = hours.parse_sessions(text)
    assert hours.parse_sessions(stored) == stored
    assert hours.parse_sessions(stored.replace(";", " ")) == stored
    assert hours.parse_sessions(stored.replace("-", " - ")) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("17:00-20:00;9:00-13:00", "09:00-13:00;17:00-20:00"),
        ("9am-1pm, 5pm-8pm", "09:00-13:00;17:00-20:00"),
        ("20:00-02:00", "20:00-02:00"),
        ("18:00-24:00", "18:00-24:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("18:00-00:00", "18:00-24:00"),
        ("09.00–13.00", "09:00-13:00"),
        ("None", ""),
    ],
)
def test_sessions_are_read_in_the_usual_spellings(text: str, stored: str) -> None:
    assert hours.parse_sessions(text) == stored


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1 to 20 sessions a day"),
        ("09:00", "Not a session"),
        ("09:00-09:00", "ends when it begins"),
        ("25:00-26:00", "Not a time"),
        ("09:00-13:00 12:00-15:00", "09:00-13:00 and 12:00-15:00 overlap"),
        ("20:00-02:00 01:00-03:00 ", "overlap on the next day"),
        (" ".join(f"{n:02}:00-{n:02}:30" for n in range(21)), "1 to 20 sessions a day"),
    ],
)
def test_impossible_sessions_are_refused_with_the_reason(text: str, problem: str) -> None:
    with pytest.raises(BadValue, match=problem):
        hours.parse_sessions(text)


@pytest.mark.parametrize(
    ("text", "minutes"), [("10m", 10), ("10", 10), ("1h", 60), ("1h30m", 90), ("8h", 480), (" 15 MIN ", 15), ("1", 1)]
)
def test_a_slot_length_is_read_in_the_usual_spellings(text: str, minutes: int) -> None:
    assert hours.parse_every(text) == minutes


@pytest.mark.parametrize("text", ["", "0", "0m", "481m", "9h", "8h1m", "-10m", "ten", "10s", "1.5h"])
def test_a_slot_length_outside_a_minute_to_eight_hours_is_refused(text: str) -> None:
    with pytest.raises(BadValue, match="from 1m to 8h"):
        hours.parse_every(text)


def test_a_start_in_the_skipped_hour_moves_to_its_end() -> None:
    found = day_slots("01:00-05:00", 60, SPRING, BERLIN)
    assert [hours.clock(each) for each in found.starts] == ["01:00", "03:00", "04:00"]
    assert [hours.clock(each) for each in day_slots("02:30-04:30", 60, SPRING, BERLIN).starts] == ["03:00", "03:30"]
    assert hours.instant(SPRING, found.starts[1], BERLIN).astimezone(UTC) == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_a_start_in_the_repeated_hour_is_the_first_of_the_two() -> None:
    found = day_slots("01:00-05:00", 60, AUTUMN, BERLIN)
    assert [hours.clock(each) for each in found.starts] == ["01:00", "02:00", "03:00", "04:00"]
    assert hours.instant(AUTUMN, found.starts[1], BERLIN).astimezone(UTC) == datetime(2027, 10, 31, 0, 0, tzinfo=UTC)
    assert hours.instant(AUTUMN, found.starts[2], BERLIN).astimezone(UTC) == datetime(2027, 10, 31, 2, 0, tzinfo=UTC)


def test_the_clock_changes_after_midnight_of_a_session_of_the_day_before() -> None:
    night = day_slots("22:00-04:00", 60, SPRING - timedelta(days=1), BERLIN)
    assert [hours.clock(each) for each in night.starts] == ["22:00", "23:00", "00:00", "01:00", "03:00"]


@given(sessions(), every, st.sets(st.integers(1, 60)), st.none() | st.integers(1, 200), st.data())
def test_a_free_slot_is_free_within_its_part_and_long_enough(
    text: str, length: int, held: set[int], minutes: int | None, data: st.DataObject
) -> None:
    day = day_slots(text, length)
    first = data.draw(st.integers(0, 2 * DAY))
    within = Within(first, data.draw(st.integers(first, 2 * DAY)))
    free = dict(hours.free_slots(day, held, minutes=minutes, within=within))
    for slot in range(1, len(day.starts) + 1):
        count = hours.span(day, slot, minutes)
        fits = (
            count is not None
            and not any(each in held for each in range(slot, slot + count))
            and within.first <= day.starts[slot - 1] < within.end
            and day.ends[slot + count - 2] <= within.end
        )
        assert (slot in free) is fits
        if count is not None and minutes is not None:
            taken = list(range(slot, slot + count))
            assert day.ends[taken[-1] - 1] - day.starts[slot - 1] >= minutes
            assert all(day.ends[each - 1] == day.starts[each] for each in taken[:-1])
            assert count == 1 or day.ends[taken[-2] - 1] - day.starts[slot - 1] < minutes


@given(sessions(), every)
def test_every_slot_is_found_by_its_time_and_no_other_time_is_one(text: str, length: int) -> None:
    day = day_slots(text, length)
    for nth, start in enumerate(day.starts, start=1):
        assert hours.slot_at(day, hours.time_of(start)) == nth
    for minute in range(0, DAY, 7):
        if minute not in {each % DAY for each in day.starts}:
            assert hours.slot_at(day, hours.time_of(minute)) is None


def test_the_nearest_free_times_come_first_and_the_later_of_two() -> None:
    day = day_slots("09:00-12:00", 30)
    free = list(hours.free_slots(day, {3}))
    assert [hours.clock(day.starts[slot - 1]) for slot, _ in hours.nearest(day, free, 600)] == [
        "10:30",
        "09:30",
        "11:00",
    ]


@st.composite
def held_on(draw: st.DrawFn, day: DaySlots) -> list[Held]:
    """Appointments in slots of a day, and others that are above its capacity."""
    found = list[Held]()
    slot = 1
    while slot <= len(day.starts) and len(found) < 8:
        slot += draw(st.integers(0, 2))
        minutes = draw(st.none() | st.integers(1, 40))
        if slot > len(day.starts):
            break
        timed = draw(st.booleans())
        count = hours.span(day, slot, minutes if timed else None)
        if count is not None:
            start = day.starts[slot - 1] if timed else None
            length = minutes if timed else None
            found.append(Held(len(found) + 1, slot, count, start, length, overbooked=False, inside=True))
            slot += count
        else:
            slot += 1
    above = draw(st.integers(0, 2))
    for nth in range(above):
        start = draw(st.none() | st.sampled_from(day.starts)) if day.starts else None
        found.append(Held(len(found) + 1, len(day.starts) + 1 + nth, 1, start, None, overbooked=draw(st.booleans())))
    return found


@given(sessions(), every, sessions(), every, st.data())
def test_after_a_change_no_slot_has_two_holders_and_times_fit(
    before: str, one: int, after: str, other: int, data: st.DataObject
) -> None:
    old, new = day_slots(before, one), day_slots(after, other)
    held = data.draw(held_on(old))
    placed = placing.place_all(held, new)
    by_number = {each.number: each for each in held}
    assert set(placed.places) | set(placed.displaced) == set(by_number)
    above = placing.place_above(placed.displaced, by_number, len(new.starts))
    taken = [slot for place in (placed.places | above).values() for slot in range(place.slot, place.slot + place.slots)]
    assert len(taken) == len(set(taken))
    for number, place in placed.places.items():
        assert place.slot + place.slots - 1 <= len(new.starts)
        assert not by_number[number].overbooked
        if (start := by_number[number].start) is not None:
            assert new.starts[place.slot - 1] == start
    assert all(place.slot > len(new.starts) for place in above.values())


@given(sessions(), every, st.data())
def test_hours_that_stay_leave_every_appointment_in_its_slot(text: str, length: int, data: st.DataObject) -> None:
    day = day_slots(text, length)
    held = data.draw(held_on(day))
    placed = placing.place_all(held, day)
    for each in held:
        if each.slot <= len(day.starts):
            assert placed.places[each.number] == (each.slot, each.slots)


@given(sessions(), every, st.integers(1, 5), st.data())
def test_later_slots_that_change_leave_earlier_ones_alone(
    text: str, length: int, cut: int, data: st.DataObject
) -> None:
    day = day_slots(text, length)
    held = data.draw(held_on(day))
    shorter = hours.limited(day, max(0, len(day.starts) - cut))
    placed = placing.place_all(held, shorter)
    for each in held:
        if each.start is not None and each.slot + each.slots - 1 <= len(shorter.starts):
            assert placed.places[each.number] == (each.slot, each.slots)


@given(sessions(), every, st.data())
def test_moved_appointments_get_free_slots_of_their_own(text: str, length: int, data: st.DataObject) -> None:
    day = day_slots(text, length)
    numbers = data.draw(st.lists(st.integers(1, 50), unique=True, max_size=6))
    moving = [Held(each, 1, 1, None, data.draw(st.none() | st.integers(1, 60)), overbooked=False) for each in numbers]
    taken = data.draw(st.sets(st.integers(1, max(1, len(day.starts)))))
    first = data.draw(st.integers(0, DAY))
    wanted = {each.number: data.draw(st.integers(0, DAY)) for each in moving}
    busy: dict[int, list[tuple[int, int]]] = {each.number: [] for each in moving}
    places = placing.move_all(moving, day, taken, busy=busy, wanted=wanted, first=first)
    given_ = [slot for place in places.values() for slot in range(place.slot, place.slot + place.slots)]
    assert len(given_) == len(set(given_))
    assert not taken.intersection(given_)
    assert all(day.starts[place.slot - 1] >= first for place in places.values())
    free = list(hours.free_slots(day, taken | set(given_), within=Within(first, 2 * DAY)))
    assert not (free and any(each.minutes is None and each.number not in places for each in moving))


@pytest.mark.parametrize(
    ("setting", "weekday", "holiday", "expected"),
    [
        (None, None, False, (True, 10, DaySource.DEFAULT, 0)),
        (None, Given(False, 4), False, (False, 4, DaySource.WEEKLY, 0)),
        (None, Given(True, None, "09:00-12:00", 30), False, (True, 6, DaySource.WEEKLY, 6)),
        (None, Given(True, 4, "09:00-12:00", 30), False, (True, 4, DaySource.WEEKLY, 4)),
        (None, Given(True, None, "09:00-12:00", 30), True, (False, 6, DaySource.HOLIDAY, 6)),
        (Given(True, None), Given(True, None, "09:00-12:00", 30), True, (True, 6, DaySource.DAY, 6)),
        (Given(True, 2), Given(True, None, "09:00-12:00", 30), False, (True, 2, DaySource.DAY, 2)),
        (Given(True, 20), Given(True, None, "09:00-12:00", 30), False, (True, 6, DaySource.DAY, 6)),
        (Given(True, None, "09:00-10:00", 10), Given(True, 4, "09:00-12:00", 30), False, (True, 6, DaySource.DAY, 6)),
        (Given(True, None, ""), Given(True, 4, "09:00-12:00", 30), False, (True, 4, DaySource.DAY, 0)),
        (Given(True, None, ""), Given(True, None, "09:00-12:00", 30), False, (True, 10, DaySource.DAY, 0)),
        (Given(False, None), None, False, (False, 10, DaySource.DAY, 0)),
    ],
)
def test_what_applies_to_a_date_comes_from_the_nearest_setting(
    setting: Given | None, weekday: Given | None, holiday: bool, expected: tuple[Any, ...]
) -> None:
    found = day_plans.plan(setting, weekday, default=10, holiday=holiday, on=ORDINARY, zone=UTC_ZONE)
    assert (found.present, found.capacity, found.source, len(found.slots.starts) if found.slots else 0) == expected


@given(st.times(), st.booleans())
def test_a_time_is_its_minutes_after_midnight(at: time, after_midnight: bool) -> None:
    at = at.replace(second=0, microsecond=0)
    minute = hours.minutes_of(at, after_midnight=after_midnight)
    assert hours.time_of(minute) == at
    assert (minute >= DAY) is after_midnight
