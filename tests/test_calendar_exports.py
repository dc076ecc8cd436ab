"""Exported calendars, as a calendar program reads them again and again."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest

from clinicctl import clock
from tests import stored

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]


@pytest.fixture
def clinic(ask: Ask) -> Ask:
    """A clinic in Berlin with two patients and two doctors, one of them with hours; the value is `ask`."""
    ask("init", "--name", "Praxis; Nord, West", "--timezone", "Europe/Berlin", "--region", "DE")
    ask("patient", "add", "Anna Schmidt", "--phone", "0151 23456789")
    ask("patient", "add", "Zoë Ünal", "--phone", "0151 23456780")
    ask("doctor", "add", "MEHTA", "Dr. Asha Mehta")
    ask("doctor", "add", "RAO", "Dr. Vikram Rao")
    ask("doctor", "avail", "weekly", "RAO", "mon-sun", "--session", "08:00-12:00", "--session", "22:00-02:00", *EVERY)
    return ask


EVERY = ("--every", "20m")


class Reader:
    """A calendar program: it keeps the newest version of each event, and shows those that are not cancelled."""

    def __init__(self) -> None:
        self.events: dict[str, Any] = {}

    def read(self, text: str) -> None:
        for each in icalendar.Calendar.from_ical(text).walk("VEVENT"):
            before = self.events.get(each["UID"])
            if before is None or version(before) <= version(each):
                self.events[each["UID"]] = each

    def shown(self) -> dict[str, Any]:
        """The summaries of the events that are shown, each with its start."""
        return {str(each["SUMMARY"]): each.decoded("DTSTART") for each in self.events.values() if is_shown(each)}


def version(event: Any) -> tuple[int, datetime]:
    return int(event["SEQUENCE"]), event.decoded("DTSTAMP")


def is_shown(event: Any) -> bool:
    assert event["STATUS"] in ("CONFIRMED", "CANCELLED")
    assert event["TRANSP"] == ("OPAQUE" if event["STATUS"] == "CONFIRMED" else "TRANSPARENT")
    return bool(event["STATUS"] == "CONFIRMED")


def exported(run: Run, *args: str) -> str:
    return str(run("export", "ics", *args, status=0).stdout)


def events(run: Run, *args: str) -> list[Any]:
    return list(icalendar.Calendar.from_ical(exported(run, *args)).walk("VEVENT"))


def ahead(days: int) -> date:
    return datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(days=days)


def at(days: int, hour: int, minute: int) -> datetime:
    return datetime.combine(ahead(days), time(hour, minute), ZoneInfo("Europe/Berlin"))


def test_a_reader_that_follows_every_export_shows_the_right_calendar(clinic: Ask, run: Run) -> None:
    mehta, rao = Reader(), Reader()

    def read() -> tuple[dict[str, Any], dict[str, Any]]:
        mehta.read(exported(run, "--doctor", "MEHTA"))
        rao.read(exported(run, "--doctor", "RAO"))
        return mehta.shown(), rao.shown()

    clinic("book", "P1", "MEHTA", "+5d")
    assert read() == ({"P1 (A1)": ahead(5)}, {})
    clinic("move", "A1", "+6d")
    assert read() == ({"P1 (A2)": ahead(6)}, {})
    clinic("move", "A2", "--doctor", "RAO", "--time", "09:20")
    assert read() == ({}, {"P1 (A3)": at(6, 9, 20)})
    clinic("move", "A3", "--time", "09:40")
    assert read() == ({}, {"P1 (A3)": at(6, 9, 40)})
    clinic("undo", "--yes")
    assert read() == ({}, {"P1 (A3)": at(6, 9, 20)})
    clinic("cancel", "A3")
    assert read() == ({}, {})
    clinic("undo", "--yes")
    assert read() == ({}, {"P1 (A3)": at(6, 9, 20)})
    assert len(mehta.events) == 2
    assert len(rao.events) == 1


def test_the_sequence_rises_with_each_change_in_the_history(clinic: Ask, run: Run) -> None:
    def sequence() -> tuple[int, int]:
        (event,) = events(run, "--patient", "P1")
        return int(event["SEQUENCE"]), len(clinic("appointment", "history", "A1"))

    clinic("book", "P1", "MEHTA", "today")
    found = [sequence()]
    for line in ("checkin A1", "queue call MEHTA", "undo --yes", "queue left MEHTA 1"):
        clinic(*line.split())
        found.append(sequence())
    assert found == [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    clinic("appointment", "edit", "A1", "--note", "called")
    clinic("book", "P2", "MEHTA", "tomorrow")
    clinic("appointment", "edit", "A2", "--time", "10:00")
    assert sequence() == (5, 5)


def test_an_event_is_dated_by_its_last_change(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "+5d")
    clock.shift(60)
    try:
        clinic("appointment", "edit", "A1", "--note", "called")
    finally:
        clock.shift(0)
    (event,) = events(run, "--patient", "P1")
    assert event.decoded("DTSTAMP") == event.decoded("LAST-MODIFIED")
    assert event.decoded("DTSTAMP") - event.decoded("CREATED") > timedelta(seconds=50)


def test_a_slot_with_hours_has_a_start_and_an_end_in_its_zone(clinic: Ask, run: Run) -> None:
    clinic("config", "visit-type", "add", "long", "--minutes", "40")
    clinic("book", "P1", "RAO", "+5d", "--time", "11:00", "--visit-type", "long")
    clinic("book", "P2", "RAO", "+5d", "--time", "00:20")
    text = exported(run, "--doctor", "RAO")
    on, next_day = (f"{ahead(each):%Y%m%d}" for each in (5, 6))
    assert f"DTSTART;TZID=Europe/Berlin:{on}T110000\n" in text
    assert f"DTEND;TZID=Europe/Berlin:{on}T114000\n" in text
    assert f"DTSTART;TZID=Europe/Berlin:{next_day}T002000\n" in text
    assert "CATEGORIES:long\n" in text
    assert "LOCATION:Praxis\\; Nord\\, West\n" in text


def test_the_changes_of_the_clock_are_in_the_calendar(clinic: Ask, run: Run) -> None:
    """A reader that knows no time zones gets the instants of winter and of summer from the calendar itself."""
    for days in range(20, 381, 40):
        clinic("book", "P1", "RAO", f"+{days}d", "--time", "09:00")
    calendar = icalendar.Calendar.from_ical(exported(run, "--doctor", "RAO"))
    (zone,) = calendar.walk("VTIMEZONE")
    known = zone.to_tz(lookup_tzid=False)
    found = set()
    for each in calendar.walk("VEVENT"):
        start = each.decoded("DTSTART")
        assert each["DTSTART"].params["TZID"] == zone["TZID"] == "Europe/Berlin"
        read = start.replace(tzinfo=known)
        assert read.astimezone(UTC) == start.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
        found.add(read.utcoffset())
    assert found == {timedelta(hours=1), timedelta(hours=2)}


def test_without_a_time_an_event_takes_the_whole_day(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "+5d")
    clinic("book", "P2", "MEHTA", "+5d", "--time", "10:15")
    whole, timed = events(run, "--doctor", "MEHTA")
    assert whole["DTSTART"].params["VALUE"] == "DATE"
    assert (whole.decoded("DTSTART"), whole.decoded("DTEND")) == (ahead(5), ahead(6))
    assert timed.decoded("DTSTART") == at(5, 10, 15)
    assert "DTEND" not in timed, "nobody has said how long it takes"


def test_names_of_patients_are_there_only_on_request(clinic: Ask, run: Run) -> None:
    clinic("book", "P2", "MEHTA", "+5d", "--reason", "back pain", "--note", "call first")
    for who in (("--doctor", "MEHTA"), ("--patient", "P2")):
        text = exported(run, *who)
        assert not any(each in text for each in ("Zoë", "Ünal", "back pain", "call first", "23456780"))
        assert "CLASS:PRIVATE" in text
    assert "SUMMARY:Zoë Ünal (P2)\n" in exported(run, "--doctor", "MEHTA", "--names")
    assert "X-WR-CALNAME:Zoë Ünal\n" in exported(run, "--patient", "P2", "--names")
    of_patient = exported(run, "--patient", "P2")
    assert "SUMMARY:Dr. Asha Mehta\n" in of_patient
    assert "X-WR-CALNAME:P2\n" in of_patient


def test_old_control_characters_are_made_visible(clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "+1d")
    stored.change(os.environ["CLINICCTL_DB"], "UPDATE patients SET name = 'Anna \x1b[31m' WHERE number = 1")
    stored.change(os.environ["CLINICCTL_DB"], "UPDATE doctors SET name = 'Asha\x07' WHERE code = 'MEHTA'")
    text = exported(run, "--doctor", "MEHTA", "--names")
    assert "SUMMARY:Anna <U+001B>[31m (P1)\n" in text
    assert "X-WR-CALNAME:Asha<U+0007>\n" in text


def test_a_calendar_has_the_chosen_days_only(clinic: Ask, run: Run) -> None:
    for day in ("+1d", "+5d", "+400d"):
        clinic("book", "P1", "MEHTA", day)
    assert len(events(run, "--doctor", "MEHTA")) == 3
    assert [each.decoded("DTSTART") for each in events(run, "--doctor", "MEHTA", "--day", "+2d..")] == [
        ahead(5),
        ahead(400),
    ]


def test_long_lines_are_folded_and_lines_end_as_the_standard_says(clinic: Ask, run: Run, tmp_path: Path) -> None:
    name = "Äнна " * 30
    clinic("patient", "edit", "P1", "--name", name)
    clinic("book", "P1", "MEHTA", "+1d")
    run("export", "ics", "--doctor", "MEHTA", "--names", "--to", f"{tmp_path}/mehta.ics", status=0)
    text = (tmp_path / "mehta.ics").read_bytes().decode()
    lines = text.removesuffix("\r\n").split("\r\n")
    assert all(len(each.encode()) <= 75 and "\n" not in each for each in lines)
    (event,) = icalendar.Calendar.from_ical(text).walk("VEVENT")
    assert event["SUMMARY"] == f"{name.strip()} (P1)"


def test_a_calendar_is_that_of_one_doctor_or_one_patient(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    for who in ((), ("--doctor", "MEHTA", "--patient", "P1")):
        error = refused(2, "usage", "export", "ics", *who, "--to", f"{tmp_path}/out.ics")
        assert error["message"] == "A calendar is that of one --doctor or of one --patient."
    refused(4, "doctor_not_found", "export", "ics", "--doctor", "NOBODY")
    assert list(tmp_path.glob("*out*")) == []


def test_an_empty_calendar_is_a_calendar(clinic: Ask, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "rao.ics"
    answer = run("export", "ics", "--doctor", "rao", "--to", str(target), status=0)
    assert answer.stderr == f"clinicctl: {target}: 0 records.\n"
    calendar = icalendar.Calendar.from_ical(target.read_bytes())
    assert calendar["X-WR-CALNAME"] == "Dr. Vikram Rao"
    assert calendar["X-WR-TIMEZONE"] == "Europe/Berlin"
    assert calendar.walk("VEVENT") == []
