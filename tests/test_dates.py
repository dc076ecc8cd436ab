"""Calendar dates in the clinic's order, birth dates, ages and times: nothing is guessed."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import assume, given
from hypothesis import strategies as st

from clinicctl.errors import BadValue
from clinicctl.rules import dates, days
from clinicctl.rules.dates import AgeWord, Birth
from clinicctl.rules.times import parse_time

Ask = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

TODAY = date(2026, 11, 23)
DATES = st.dates(date(1900, 1, 1), date(2200, 12, 31))
ORDERS = st.sampled_from(["", "dmy", "mdy", "ymd"])
SEPARATORS = st.sampled_from(["/", "-", "."])


# Days in numbers


@given(DATES, SEPARATORS, ORDERS)
def test_the_year_first_has_one_reading_in_every_order(on: date, between: str, order: str) -> None:
    assert days.day(between.join(map(str, (on.year, on.month, on.day))), today=TODAY, order=order) == on


@given(DATES, SEPARATORS, st.sampled_from(["dmy", "mdy"]))
def test_the_year_last_is_read_in_the_clinics_order(on: date, between: str, order: str) -> None:
    parts = (on.day, on.month) if order == "dmy" else (on.month, on.day)
    assert days.day(between.join(map(str, (*parts, on.year))), today=TODAY, order=order) == on


@given(st.integers(1, 31), st.integers(1, 31), st.integers(1990, 2100), SEPARATORS, st.sampled_from(["", "ymd"]))
def test_without_an_order_only_a_date_with_one_reading_is_accepted(
    first: int, second: int, year: int, between: str, order: str
) -> None:
    readings = {each for each in (_date(year, second, first), _date(year, first, second)) if each}
    text = f"{first}{between}{second}{between}{year}"
    if len(readings) == 1:
        assert days.day(text, today=TODAY, order=order) in readings
    else:
        with pytest.raises(BadValue) as refused:
            days.day(text, today=TODAY, order=order)
        assert all(str(each) in str(refused.value) for each in readings)


@pytest.mark.parametrize(
    ("text", "order", "meant"), [("11/27/2026", "dmy", "2026-11-27"), ("27.1.2026", "mdy", "2026-01-27")]
)
def test_a_date_of_the_other_order_is_refused_and_suggested(text: str, order: str, meant: str) -> None:
    with pytest.raises(BadValue, match=order) as refused:
        days.day(text, today=TODAY, order=order)
    assert refused.value.hint == f"Did you mean {meant}?"


@given(DATES, st.integers(0, 299), st.sampled_from(["/", "."]))
def test_a_date_without_a_year_is_the_coming_one(today: date, ahead: int, between: str) -> None:
    on = today + timedelta(days=ahead)
    assume((on.month, on.day) != (2, 29))
    assert days.day(f"{on.day}{between}{on.month}", today=today, order="dmy") == on
    assert days.day(f"{on.month}{between}{on.day}", today=today, order="ymd") == on


@given(DATES, st.integers(1, 60))
def test_a_passed_date_without_a_year_is_refused_with_both_years(today: date, ago: int) -> None:
    on = today - timedelta(days=ago)
    assume((on.month, on.day) != (2, 29))
    with pytest.raises(BadValue, match=f"{on} or {on.replace(year=on.year + 1)}"):
        days.day(f"{on.day}/{on.month}", today=today, order="dmy")


def test_a_year_of_two_digits_is_refused() -> None:
    for text in ("27/11/26", "27.11.26", "26-11-23"):
        with pytest.raises(BadValue, match="four digits"):
            days.parse_day(text)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


# In a clinic


@freeze_time("2026-11-23 06:00:00")
def test_a_key_is_bound_to_the_date_and_not_to_its_spelling(clinic: Ask) -> None:
    first = clinic("book", "P1", "MEHTA", "27/11", "--key", "k")
    assert first["date"] == "2026-11-27"
    for text in ("27-11-2026", "2026-11-27", "fri", "friday", "+4d", "2026/11/27"):
        assert clinic("book", "P1", "MEHTA", text, "--key", "k") == first | {"replayed": True}


@freeze_time("2026-11-23 06:00:00")
def test_the_date_order_of_the_clinic_decides(clinic: Ask, refused: Refused) -> None:
    assert clinic("config", "date_order")["value"] == "dmy"
    assert clinic("doctor", "avail", "show", "MEHTA", "4/12/2026-5/12/2026")[0]["date"] == "2026-12-04"
    clinic("config", "date_order", "mdy")
    assert clinic("doctor", "avail", "show", "MEHTA", "4/12/2027")[0]["date"] == "2027-04-12"
    clinic("config", "date_order", "")
    error = refused(2, "invalid_value", "doctor", "avail", "show", "MEHTA", "4/12/2027")
    assert "2027-04-12 or 2027-12-04" in error["message"]
    assert "config date_order" in error["hint"]
    refused(2, "invalid_value", "config", "date_order", "dym")


@pytest.mark.parametrize(
    ("region", "order"), [("IN", "dmy"), ("US", "mdy"), ("JP", "ymd"), ("DE", "dmy"), ("CA", ""), ("SE", "")]
)
def test_init_guesses_the_date_order_from_the_region(region: str, order: str, ask: Ask) -> None:
    assert ask("init", "--region", region, "--timezone", "UTC")["date_order"] == order
    assert ask("config", "date_order")["value"] == order


def test_a_file_of_days_is_read_in_the_clinics_order(clinic: Ask, tmp_path: Any) -> None:
    path = tmp_path / "days.csv"
    path.write_text("doctor,date,present\nMEHTA,4/12/2060,no\nRAO,5.12.2060,no\n")
    first = clinic("doctor", "avail", "import", str(path), "--key", "k")
    assert [row["date"] for row in first["rows"]] == ["2060-12-04", "2060-12-05"]
    path.write_text("doctor,date,present\nMEHTA,2060-12-04,no\nRAO,2060-12-05,no\n")
    assert clinic("doctor", "avail", "import", str(path), "--key", "k") == first | {"replayed": True}


# Birth dates and ages


@given(DATES, SEPARATORS, st.sampled_from(["dmy", "mdy"]))
def test_a_birth_date_is_read_in_the_clinics_order(on: date, between: str, order: str) -> None:
    parts = (on.day, on.month) if order == "dmy" else (on.month, on.day)
    word = dates.parse_birth(f" {between.join(map(str, (*parts, on.year)))} ")
    assert dates.birth(word, order=order) == Birth(on)
    assert dates.birth(dates.parse_birth(f"{on}"), order="") == Birth(on)


@pytest.mark.parametrize(
    "text", ["today", "mon", "+3d", "2026-02-30", "", "19800201", "1.2.80", "27/11", "1980-13", "31.2.1980", "80"]
)
def test_what_is_no_birth_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadValue, match="1980-02-01"):
        dates.parse_birth(text)


def test_an_ambiguous_birth_date_is_refused_without_its_value() -> None:
    word = dates.parse_birth("3/4/1980")
    with pytest.raises(BadValue, match="day/month") as refused:
        dates.birth(word, order="")
    assert "1980" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("34", 34), ("3y", 3), (" 6M ", "6m"), ("3w", "3w"), ("10d", "10d"), ("24m", "24m")],
)
def test_an_age_is_read_in_years_or_as_an_infants(text: str, expected: int | str) -> None:
    found = dates.parse_age(text)
    assert found == expected
    assert isinstance(found, AgeWord) == isinstance(expected, str)


@pytest.mark.parametrize("text", ["", "-1", "151", "25m", "105w", "61d", "6 months", "1.5", "m", "٣"])
def test_what_is_no_age_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BadValue, match="6m"):
        dates.parse_age(text)


@given(DATES, st.integers(0, 24))
def test_an_age_in_months_is_an_estimate_to_the_month(today: date, months: int) -> None:
    born = dates.born_before(AgeWord(f"{months}m"), today=today)
    assert born.year is not None
    assert born.month is not None
    assert (today.year - born.year) * 12 + today.month - born.month == months
    assert dates.approximate_age(today, *born) == months // 12


@given(DATES, st.integers(0, 120))
def test_a_birthday_adds_a_year_and_the_day_before_does_not(born: date, age: int) -> None:
    year = born.year + age
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    birthday = born.replace(year=year) if leap or (born.month, born.day) != (2, 29) else date(year, 3, 1)
    assert dates.age_on(birthday, born) == age
    assert dates.age_on(birthday - timedelta(days=1), born) == age - 1


@freeze_time("2026-11-23 06:00:00")
def test_a_year_or_an_infants_age_is_an_estimated_birth_date(clinic: Ask, refused: Refused) -> None:
    def added(name: str, *options: str) -> tuple[Any, ...]:
        answer = clinic("patient", "add", name, "--phone", "none", *options)
        return answer["born"], answer["born_estimated"], answer["age"]

    assert added("Year Only", "--born", "1980") == (None, "1980", 46)
    assert added("Baby Months", "--age", "6m") == (None, "2026-05", 0)
    assert added("Baby Weeks", "--age", "3w") == (None, "2026-11", 0)
    assert added("Grown Up", "--age", "34") == (None, "1992", 34)
    assert added("Full Date", "--born", "27.11.1980") == ("1980-11-27", None, 45)
    edited = clinic("patient", "edit", "Year Only", "--age", "2w")
    assert (edited["born"], edited["born_estimated"]) == (None, "2026-11")
    for text in ("2027", "2026-12", "1875", "24/11/2026"):
        error = refused(2, "invalid_value", "patient", "add", "No Body", "--phone", "none", "--born", text)
        assert text not in error["message"]


# Times


@given(st.times())
def test_a_time_is_read_to_the_minute(at: time) -> None:
    expected = at.replace(second=0, microsecond=0)
    twelve = f"{at.hour % 12 or 12}"
    half = "pm" if at.hour >= 12 else "am"
    for text in (
        *(
            f"{at:%H:%M}",
            f"{at.hour}:{at:%M}",
            f"{at.hour}.{at:%M}",
            f"{at:%H%M}",
            f"{at.hour}{at:%M}",
            f"{at.hour}h{at:%M}",
        ),
        *(f"{twelve}:{at:%M}{half}", f"{twelve}.{at:%M} {half.upper()}", f" {twelve}:{at:%M} {half[0]}.m. "),
    ):
        assert parse_time(text) == expected, text


@pytest.mark.parametrize(("text", "hour"), [("9am", 9), ("12am", 0), ("12 pm", 12), ("9 PM", 21)])
def test_a_full_hour_is_read_with_am_or_pm(text: str, hour: int) -> None:
    assert parse_time(text) == time(hour)


@pytest.mark.parametrize(
    "text",
    *[
        [
            "24:00",
            "9",
            "9:5",
            "09:60",
            "09:30:00",
            "-1:00",
            "13:30 pm",
            "0am",
            "",
            "٩:٣٠",
            "noon",
            "2460",
            "09300",
            "9.3",
        ]
    ],
)
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadValue, match="09:30"):
        parse_time(text)


@pytest.mark.parametrize(("text", "hint"), [("9", "09:00"), ("noon", "12:00"), ("midnight", "00:00")])
def test_a_near_miss_of_a_time_is_answered_with_a_suggestion(text: str, hint: str) -> None:
    with pytest.raises(BadValue) as refused:
        parse_time(text)
    assert refused.value.hint == f"Did you mean {hint}?"
