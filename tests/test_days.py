"""The grammar of days, and what "today" is: the clinic's date, in the clinic's time zone, once per command."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from freezegun import freeze_time
from hypothesis import example, given
from hypothesis import strategies as st

from clinicctl.errors import BadValue
from clinicctl.rules import days

TODAY = date(2026, 11, 23)
"""A Monday."""

DATES = st.dates(date(1900, 1, 1), date(2200, 12, 31))
SPELLED = st.sampled_from([str.lower, str.upper, str.title, lambda said: f"  {said} "])
_WEEKDAY = r"(mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|tues|weds|thurs?)"
_GRAMMAR = re.compile(
    rf"today|tomorrow|yesterday|{_WEEKDAY}|next\s+{_WEEKDAY}|[+\u2212-][0-9]{{1,4}}[dw]"
    r"|[0-9]{4}([-/.])[0-9]{1,2}\3[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\4[0-9]{4}"
    r"|[0-9]{1,2}/[0-9]{1,2}|[0-9]{1,2}\.[0-9]{1,2}\.?"
)
NOT_DAYS = [
    *("", " ", "now", "mo", "next", "next week", "heute", "todayy", "to day", "tomorrow!", "last fri", "next 27/11"),
    *("20261123", "11-23", "2026-11/23", "2026-11-23T00", "27 nov", "27/11/2026/1", "27//11", "127/11", "27/11-"),
    *("2026-11-31", "2026-02-29", "2026-13-01", "2026-00-10", "2026-11-00", "0000-01-01", "2026-W48-1", "2026-327"),
    *("31/2", "31.4.", "13/13", "0/1", "1/0", "32/1/2026", "29/2/2026", "13/13/2026", "10/10/0000"),
    *(
        "+3",
        "3d",
        "+d",
        "+-3d",
        "++3d",
        "+3 d",
        "+3m",
        "+3y",
        "+1.5d",
        "+99999d",
        "3",
        "+٣d",
        "２０２６-１１-２３",
        "−d",
    ),
    *("+٣d", "today+1d", "mon,tue", "today..+1d", "\0", "1e3d"),
]
NOT_SEVERAL = [
    *("", ",", "today,", ",today", "today,,mon", "..", "today..", "..today", "today...tomorrow", "today..mon..fri"),
    *("today;tomorrow", "today tomorrow", "mon-", "-mon", "mon-fri-sun", "2026-11-23..2026-11-31", "mon-fry"),
]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Put the machine into a time zone."""
    with monkeypatch.context() as patched:

        def into(zone: str) -> None:
            patched.setenv("TZ", zone)
            time.tzset()

        yield into
    time.tzset()


# One day


@given(DATES, DATES, SPELLED)
def test_every_iso_date_is_itself(on: date, today: date, spelled: Callable[[str], str]) -> None:
    assert days.day(spelled(on.isoformat()), today=today) == on


@given(DATES, SPELLED)
def test_yesterday_today_and_tomorrow_are_a_day_apart(today: date, spelled: Callable[[str], str]) -> None:
    found = [days.day(spelled(each), today=today) for each in ("yesterday", "today", "tomorrow")]
    assert found == [today - timedelta(days=1), today, today + timedelta(days=1)]


@given(DATES, st.integers(0, 9999), st.sampled_from(["d", "w"]), SPELLED)
def test_a_shift_is_so_many_days_or_weeks_from_today(
    today: date, count: int, unit: str, spelled: Callable[[str], str]
) -> None:
    distance = timedelta(days=count * {"d": 1, "w": 7}[unit])
    assert days.day(spelled(f"+{count}{unit}"), today=today) == today + distance
    for minus in "-\u2212":
        assert days.day(spelled(f"{minus}{count}{unit}"), today=today) == today - distance


@given(DATES, st.sampled_from(days.WEEKDAYS), SPELLED)
@example(TODAY, "mon", str.lower)
@example(TODAY, "sun", str.lower)
def test_a_weekday_is_the_next_one_today_included(today: date, weekday: str, spelled: Callable[[str], str]) -> None:
    found = days.day(spelled(weekday), today=today)
    assert 0 <= (found - today).days <= 6
    assert found.strftime("%a").lower() == weekday


@pytest.mark.parametrize("said", NOT_DAYS)
def test_what_is_no_day_is_refused_with_examples_and_not_guessed(said: str) -> None:
    for read in (lambda: days.day(said, today=TODAY), lambda: days.parse_day(said)):
        with pytest.raises(BadValue) as refused:
            read()
        assert all(each in str(refused.value) for each in ("2026-11-23", "today", "tomorrow", "mon..sun", "+3d", "-1d"))


@given(
    st.text(max_size=12) | st.from_regex(r"[+\-]?[0-9a-z]{1,4}([-./]?[0-9dw]{0,4}){0,3}", fullmatch=True),
    DATES,
    st.sampled_from(["", "dmy", "mdy", "ymd"]),
)
def test_nothing_outside_the_grammar_is_a_day(said: str, today: date, order: str) -> None:
    if not _GRAMMAR.fullmatch(said.strip().lower()):
        with pytest.raises(BadValue):
            days.day(said, today=today, order=order)


@given(DATES, st.sampled_from(days.WEEKDAYS))
def test_a_full_weekday_is_the_short_one(today: date, weekday: str) -> None:
    full = next(each for each in days.DAY_WORDS if each.startswith(weekday) and each.endswith("day"))
    assert days.day(full, today=today) == days.day(weekday, today=today)


@given(DATES, st.sampled_from(days.WEEKDAYS))
def test_next_weekday_is_accepted_only_where_both_readings_agree(today: date, weekday: str) -> None:
    first = days.day(weekday, today=today + timedelta(days=1))
    monday = today - timedelta(days=today.weekday())
    in_next_week = monday + timedelta(days=7 + days.WEEKDAYS.index(weekday))
    if first == in_next_week:
        assert days.day(f"next {weekday}", today=today) == first > today
    else:
        with pytest.raises(BadValue, match=f"{first} or {in_next_week}"):
            days.day(f"Next  {weekday}", today=today)
    assert days.day(f"next {days.WEEKDAYS[today.weekday()]}", today=today) == today + timedelta(days=7)


@pytest.mark.parametrize(("said", "today"), [("+1d", date.max), ("-1d", date.min), ("tomorrow", date.max)])
def test_a_day_beyond_the_calendar_is_refused(said: str, today: date) -> None:
    with pytest.raises(BadValue):
        days.day(said, today=today)


# Days


@given(DATES, st.integers(0, days.LONGEST - 1))
def test_a_range_is_every_day_of_it_with_both_ends(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    found = days.days(f"{first}..{last}", today=TODAY)
    assert found == [first + timedelta(days=nth) for nth in range(length + 1)]


@given(st.lists(DATES, min_size=1, max_size=20))
def test_days_with_commas_come_in_order_and_each_once(said: list[date]) -> None:
    assert days.days(",".join(map(str, said)), today=TODAY) == sorted(set(said))


@given(DATES, st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 10)), min_size=1, max_size=6))
def test_ranges_and_days_mix(today: date, spans: list[tuple[int, int]]) -> None:
    said = ",".join(f"{first:+d}d..{first + more:+d}d" if more else f"{first:+d}d" for first, more in spans)
    expected = {today + timedelta(days=nth) for first, more in spans for nth in range(first, first + more + 1)}
    assert days.days(said, today=today) == sorted(expected)


@given(DATES, st.integers(1, 5000))
def test_a_range_that_ends_before_it_begins_is_refused(first: date, back: int) -> None:
    with pytest.raises(BadValue, match="ends before"):
        days.days(f"{first}..{first - timedelta(days=back)}", today=TODAY)


@given(DATES)
def test_at_most_366_days_are_taken_at_a_time(first: date) -> None:
    def until(length: int, begin: date = first) -> str:
        return f"{begin}..{begin + timedelta(days=length - 1)}"

    later = first + timedelta(days=1000)
    assert len(days.days(until(366), today=TODAY)) == 366
    assert len(days.days(f"{until(366)},{until(366)},{first}", today=TODAY)) == 366
    assert len(days.days(f"{until(183)},{until(183, later)}", today=TODAY)) == 366
    for said in (until(367), until(73_000), f"{until(366)},{later}", f"{until(183)},{until(184, later)}"):
        with pytest.raises(BadValue, match="at most 366"):
            days.days(said, today=TODAY)


@given(
    DATES, st.sampled_from(days.WEEKDAYS), st.sampled_from(days.WEEKDAYS), st.sampled_from(["..", "-", " .. ", " - "])
)
def test_a_range_of_weekdays_ends_after_its_start(today: date, first: str, last: str, between: str) -> None:
    found = days.days(f"{first}{between}{last}", today=today)
    assert found[0] == days.day(first, today=today)
    assert found[-1] == days.day(last, today=found[0])
    assert len(found) == (found[-1] - found[0]).days + 1 <= 7


@given(
    DATES,
    st.integers(0, 300),
    st.sampled_from(["-", " - ", "..", " .. "]),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"]),
)
def test_a_range_of_dates_is_read_with_hyphens_and_with_dots(first: date, more: int, between: str, form: str) -> None:
    last = first + timedelta(days=more)
    found = days.days(f"{_written(first, form)}{between}{_written(last, form)}", today=TODAY, order="dmy")
    assert (found[0], found[-1]) == (first, last)


def _written(on: date, form: str) -> str:
    return form.replace("%Y", f"{on.year}").replace("%m", f"{on.month}").replace("%d", f"{on.day}")


@pytest.mark.parametrize("said", NOT_SEVERAL)
def test_what_are_no_days_is_refused(said: str) -> None:
    for read in (lambda: days.days(said, today=TODAY), lambda: days.parse_days(said)):
        with pytest.raises(BadValue):
            read()


@given(DATES)
def test_one_day_is_one_of_days(today: date) -> None:
    for said in (*days.WORDS, "+3d", "-2w", "2026-11-23"):
        assert days.days(said, today=today) == [days.day(said, today=today)]
        assert days.day(days.parse_day(said.upper()), today=today) == days.day(said, today=today)
        assert days.days(days.parse_days(said.upper()), today=today) == [days.day(said, today=today)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        *(("mon-fri,sat", [0, 1, 2, 3, 4, 5]), ("sat..sun", [5, 6]), ("monday - wednesday", [0, 1, 2])),
        *(("sat-mon", [0, 5, 6]), ("fri .. mon", [0, 4, 5, 6]), ("Tues,thurs", [1, 3]), ("sun", [6])),
    ],
)
def test_weekdays_are_read_with_hyphens_dots_and_commas(said: str, expected: list[int]) -> None:
    assert days.weekdays(said) == expected


@pytest.mark.parametrize(
    ("said", "meant"),
    [("tommorow", "tomorrow"), ("yesteday", "yesterday"), ("wendesday", "wednesday"), ("todey", "today")],
)
def test_a_misspelt_day_is_refused_with_a_suggestion(said: str, meant: str) -> None:
    with pytest.raises(BadValue) as refused:
        days.parse_day(said)
    assert refused.value.hint == f"Did you mean {meant}?"


# On the command line


@freeze_time("2026-11-23 06:00:00")
@pytest.mark.parametrize("word", ["-1d", "-1w", "yesterday", "+0d", "+3d", "mon", "sun", "2026-12-24"])
def test_a_day_stands_as_an_argument_everywhere(word: str, clinic: Any, run: Any, refused: Any) -> None:
    on = days.day(word, today=TODAY).isoformat()
    assert [each["date"] for each in clinic("doctor", "avail", "show", "MEHTA", word)] == [on]
    assert clinic("queue", "show", "MEHTA", word) == []
    assert clinic("appointment", "list", "--day", word) == clinic("appointment", "list", f"--day={word}") == []
    for args in (("book", "P1", "MEHTA", word), ("book", "P1", "--reason", "x", "MEHTA", word, "-n")):
        if on < TODAY.isoformat():
            assert refused(7, "past_day", *args)["details"] == {"date": on, "today": "2026-11-23"}
        else:
            assert clinic(*args, "--again")["date"] == on
    behind_dashes = run("book", "--json", "--again", "-n", "--", "P1", "MEHTA", word)
    assert behind_dashes.status == (7 if on < TODAY.isoformat() else 0)


@freeze_time("2026-11-23 06:00:00")
def test_days_back_stand_in_ranges_and_lists(clinic: Any, refused: Any) -> None:
    for said, expected in (
        ("-3d..-1d", ["2026-11-20", "2026-11-21", "2026-11-22"]),
        ("-1d..today", ["2026-11-22", "2026-11-23"]),
        ("-1w,-1d", ["2026-11-16", "2026-11-22"]),
        ("-1d,mon,+1d..+2d", ["2026-11-22", "2026-11-23", "2026-11-24", "2026-11-25"]),
        ("mon..sun", [f"2026-11-{day}" for day in range(23, 30)]),
    ):
        assert [each["date"] for each in clinic("doctor", "avail", "show", "MEHTA", said)] == expected
    refused(7, "past_day", "doctor", "avail", "set", "MEHTA", "-1d,today", "--absent")
    assert clinic("doctor", "avail", "show", "MEHTA", "today")[0]["present"] is True


@freeze_time("2026-11-23 06:00:00")
def test_what_only_looks_like_a_day_back_stays_as_it_was_said(clinic: Any) -> None:
    assert clinic("book", "P1", "MEHTA", "--reason", "-2d")["reason"] == "-2d"
    assert clinic("book", "P2", "MEHTA", "--reason=-2d")["reason"] == "-2d"
    assert clinic("patient", "edit", "P1", "--note", "-1w")["note"] == "-1w"


@pytest.mark.parametrize("said", ["31.2.", "tomorow", "13/13/2026", "2026-1-32", "3d", "2026-02-30", "next week", "-x"])
def test_a_day_that_is_not_understood_is_refused_on_the_command_line(said: str, clinic: Any, run: Any) -> None:
    for args in (("book", "P1", "MEHTA"), ("queue", "show", "MEHTA"), ("doctor", "avail", "show", "MEHTA")):
        answer = run(*args, said)
        assert (answer.status, answer.stdout) == (2, "")
        assert said.startswith("-") or ("2026-11-23" in answer.stderr and "tomorrow" in answer.stderr)
    assert clinic("appointment", "list") == []


@freeze_time("2026-11-23 06:00:00")
def test_an_absent_word_is_today(clinic: Any) -> None:
    assert clinic("book", "P1", "MEHTA")["date"] == "2026-11-23"
    assert clinic("checkin", "A1")["appointment"]["date"] == "2026-11-23"
    assert [each["date"] for each in clinic("queue", "show")] == ["2026-11-23"]
    assert clinic("doctor", "avail", "show", "MEHTA")[0]["date"] == "2026-11-23"


@freeze_time("2026-11-23 06:00:00")
def test_a_booking_on_another_day_than_its_own_is_not_checked_in(clinic: Any, refused: Any) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    said = refused(7, "wrong_day", "checkin", "A1")
    assert said["details"] == {"appointment": "A1", "date": "2026-11-24", "today": "2026-11-23"}
    refused(4, "appointment_not_found", "checkin", "P1")
    with freeze_time("2026-11-25 06:00:00"):
        assert refused(7, "wrong_day", "checkin", "A1")["details"]["today"] == "2026-11-25"
    with freeze_time("2026-11-24 06:00:00"):
        assert clinic("checkin", "A1")["position"] == 1


# Midnight, in the clinic


ZONES = (
    *("Pacific/Kiritimati", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "UTC", "America/Los_Angeles"),
    "Pacific/Pago_Pago",
)


def _midnight(zone: str) -> datetime:
    return datetime(2026, 11, 24, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize("elsewhere", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("zone", ZONES)
def test_today_turns_at_midnight_in_the_clinic_and_nowhere_else(
    zone: str, elsewhere: str, clinic: Any, refused: Any, machine: Any
) -> None:
    machine(elsewhere)
    midnight = _midnight(zone)
    with freeze_time(midnight - timedelta(seconds=1)):
        clinic("config", "timezone", zone)
        assert clinic("book", "P1", "MEHTA")["date"] == "2026-11-23"
        assert clinic("book", "P2", "MEHTA", "today")["date"] == "2026-11-23"
        assert clinic("book", "P2", "RAO", "tomorrow")["date"] == "2026-11-24"
        assert clinic("checkin", "A1")["position"] == 1
        assert refused(7, "wrong_day", "checkin", "A3")["details"]["today"] == "2026-11-23"
        assert refused(7, "past_day", "book", "P1", "RAO", "yesterday")["details"]["date"] == "2026-11-22"
        assert [each["appointment"]["number"] for each in clinic("queue", "show")] == ["A1"]
        assert clinic("queue", "show", "MEHTA", "tomorrow") == []
    with freeze_time(midnight):
        assert refused(7, "wrong_day", "checkin", "A2")["details"]["today"] == "2026-11-24"
        assert refused(7, "past_day", "book", "P1", "MEHTA", "2026-11-23")["details"]["today"] == "2026-11-24"
        assert [each["date"] for each in clinic("queue", "show")] == ["2026-11-23"]
        assert clinic("queue", "show", "MEHTA", "today") == []
        assert [each["position"] for each in clinic("queue", "show", "MEHTA", "yesterday")] == [1]
        assert clinic("checkin", "A3")["position"] == 1
        assert clinic("book", "P1", "MEHTA")["date"] == "2026-11-24"
        assert clinic("doctor", "avail", "show", "MEHTA", "tue")[0]["date"] == "2026-11-24"
        assert clinic("doctor", "avail", "show", "MEHTA", "mon")[0]["date"] == "2026-11-30"


def test_at_one_instant_two_clinics_may_have_two_days(clinic: Any) -> None:
    with freeze_time("2026-11-23 11:00:00"):
        for zone, on in (
            ("Pacific/Kiritimati", "2026-11-24"),
            ("Asia/Kolkata", "2026-11-23"),
            ("Pacific/Pago_Pago", "2026-11-23"),
        ):
            clinic("config", "timezone", zone)
            assert clinic("doctor", "avail", "show", "MEHTA", "today")[0]["date"] == on
    with freeze_time("2026-11-23 10:30:00"):
        assert clinic("doctor", "avail", "show", "MEHTA", "today")[0]["date"] == "2026-11-22"


def test_a_real_process_takes_today_from_the_clinic_whatever_tz_says(
    clinic: Any, start: Any, finish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic("config", "timezone", "Asia/Kolkata")
    args = ("doctor", "avail", "show", "MEHTA", "today", "--json")
    before = datetime.now(ZoneInfo("Asia/Kolkata")).date().isoformat()
    started = []
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "nonsense"):
        monkeypatch.setenv("TZ", zone)
        started.append(start(*args))
    said = [finish(each).json[0]["date"] for each in started]
    after = datetime.now(ZoneInfo("Asia/Kolkata")).date().isoformat()
    assert set(said) <= {before, after}


def test_a_birth_date_is_of_today_where_the_clinic_is(clinic: Any, refused: Any, machine: Any) -> None:
    machine("Pacific/Kiritimati")
    with freeze_time("2026-11-23 12:00:00"):
        clinic("config", "timezone", "Pacific/Kiritimati")
        assert clinic("patient", "add", "Zoë", "--phone", "none", "--born", "2026-11-24")["age"] == 0
        clinic("config", "timezone", "America/Los_Angeles")
        refused(2, "invalid_value", "patient", "add", "Ilse", "--phone", "none", "--born", "2026-11-24")


def test_an_age_rises_at_the_clinics_midnight(clinic: Any) -> None:
    midnight = datetime(2026, 2, 1, tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)
    with freeze_time(midnight - timedelta(seconds=1)):
        assert clinic("patient", "show", "P1")["age"] == 45
    with freeze_time(midnight):
        assert clinic("patient", "show", "P1")["age"] == 46


def test_a_key_is_bound_to_the_date_that_today_was(clinic: Any, refused: Any) -> None:
    with freeze_time("2026-11-23 18:29:59"):
        booked = clinic("book", "P1", "MEHTA", "today", "--key", "k")
        assert clinic("book", "P1", "MEHTA", "mon", "--key", "k")["replayed"]
    with freeze_time("2026-11-23 18:30:00"):
        refused(6, "key_reused", "book", "P1", "MEHTA", "today", "--key", "k")
        again = clinic("book", "P1", "MEHTA", "yesterday", "--key", "k")
        assert (again["replayed"], again["id"]) == (True, booked["id"])


@pytest.mark.file  # No connection is made within seconds of which each is one look at the clock.
def test_a_command_has_one_today_though_midnight_passes_in_it(clinic: Any) -> None:
    seen = set()
    for lead in range(1, 10):
        with freeze_time(_midnight("Asia/Kolkata") - timedelta(seconds=lead), auto_tick_seconds=1):
            arrived = clinic("walkin", "P1", "MEHTA", "--dry-run")
        booked, at = arrived["appointment"], arrived["checked_in_at"]
        assert booked["date"] == at[:10]
        assert booked["created_at"] == booked["updated_at"] == at
        seen.add(at[:10])
    assert seen == {"2026-11-23", "2026-11-24"}


def test_a_clock_that_is_set_back_takes_no_position_back(clinic: Any) -> None:
    with freeze_time("2026-11-23 05:00:00"):
        for patient in ("P1", "P2"):
            clinic("book", patient, "MEHTA", "2026-11-23")
    clinic("patient", "add", "Zoë", "--phone", "none")
    with freeze_time("2026-11-23 08:00:00"):
        assert clinic("checkin", "A1")["position"] == 1
    with freeze_time("2026-11-23 06:00:00"):
        assert clinic("checkin", "A2")["position"] == 2
        assert clinic("walkin", "P3", "MEHTA")["position"] == 3
        waited = {each["position"]: each["waited_minutes"] for each in clinic("queue", "show", "MEHTA")}
        assert waited == {1: 0, 2: 0, 3: 0}
        assert clinic("queue", "call", "MEHTA")["position"] == 1
    with freeze_time("2026-11-22 06:00:00"):
        assert clinic("queue", "show", "MEHTA") == []
    with freeze_time("2026-11-23 08:30:00"):
        assert [each["position"] for each in clinic("queue", "show", "MEHTA")] == [1, 2, 3]


# Daylight saving


@pytest.mark.parametrize(
    ("zone", "instant", "on", "offset"),
    [
        ("America/Los_Angeles", "2026-03-08 07:59:59", "2026-03-07", "-08:00"),
        ("America/Los_Angeles", "2026-03-08 08:00:00", "2026-03-08", "-08:00"),
        ("America/Los_Angeles", "2026-03-08 10:00:00", "2026-03-08", "-07:00"),
        ("America/Los_Angeles", "2026-03-09 06:59:59", "2026-03-08", "-07:00"),
        ("America/Los_Angeles", "2026-03-09 07:00:00", "2026-03-09", "-07:00"),
        ("America/Los_Angeles", "2026-11-01 06:59:59", "2026-10-31", "-07:00"),
        ("America/Los_Angeles", "2026-11-02 07:59:59", "2026-11-01", "-08:00"),
        ("America/Los_Angeles", "2026-11-02 08:00:00", "2026-11-02", "-08:00"),
        ("Europe/Berlin", "2026-03-29 21:59:59", "2026-03-29", "+02:00"),
        ("Europe/Berlin", "2026-03-28 22:59:59", "2026-03-28", "+01:00"),
        ("Europe/Berlin", "2026-10-25 22:59:59", "2026-10-25", "+01:00"),
        ("Africa/Cairo", "2026-04-23 22:00:00", "2026-04-24", "+03:00"),
    ],
)
def test_a_day_of_23_or_25_hours_is_one_day(zone: str, instant: str, on: str, offset: str, clinic: Any) -> None:
    with freeze_time(instant):
        clinic("config", "timezone", zone)
        arrived = clinic("walkin", "P1", "MEHTA")
        tomorrow = clinic("doctor", "avail", "show", "MEHTA", "+1d")[0]["date"]
    assert arrived["appointment"]["date"] == on
    assert arrived["checked_in_at"][:10] == on
    assert arrived["checked_in_at"].endswith(offset)
    assert date.fromisoformat(tomorrow) - date.fromisoformat(on) == timedelta(days=1)


@pytest.mark.parametrize(
    ("arrives", "seen", "waited"),
    [
        ("2026-03-08 09:30:00", "2026-03-08 10:30:00", 60),
        ("2026-11-01 08:30:00", "2026-11-01 09:10:00", 40),
    ],
    ids=["forward", "back"],
)
def test_a_wait_is_counted_in_minutes_that_passed(arrives: str, seen: str, waited: int, clinic: Any) -> None:
    with freeze_time(arrives):
        clinic("config", "timezone", "America/Los_Angeles")
        clinic("walkin", "P1", "MEHTA")
    with freeze_time(seen):
        assert clinic("queue", "show", "MEHTA")[0]["waited_minutes"] == waited


@freeze_time("2026-03-08 20:00:00")
def test_an_instant_is_told_in_the_offset_it_had(clinic: Any) -> None:
    clinic("config", "timezone", "America/Los_Angeles")
    with freeze_time("2026-03-08 09:30:00"):
        clinic("walkin", "P1", "MEHTA")
    entry = clinic("queue", "show", "MEHTA")[0]
    assert entry["checked_in_at"] == "2026-03-08T01:30:00-08:00"
    assert clinic("queue", "call", "MEHTA")["called_at"] == "2026-03-08T13:00:00-07:00"
