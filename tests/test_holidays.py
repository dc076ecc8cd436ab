"""Holidays: every doctor is absent, a date's own setting wins, and a calendar file adds many of them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicctl import settings
from clinicctl.rules import calendars

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

DAY, NEXT = "2096-01-24", "2096-01-25"
"""A Tuesday and a Wednesday."""
LIST = ("config", "holiday", "list")


def shown(clinic: Ask, doctor: str, on: str = DAY) -> dict[str, Any]:
    return dict(clinic("doctor", "avail", "show", doctor, on)[0])


def add(clinic: Ask, on: str = DAY, name: str = "Republic Day", *options: str) -> dict[str, Any]:
    return dict(clinic("config", "holiday", "add", on, name, *options))


def booked(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", DAY)
    clinic("book", "P2", "RAO", DAY)


# One holiday


def test_every_doctor_is_absent_on_a_holiday_and_its_name_is_the_note(clinic: Ask) -> None:
    added = add(clinic)
    assert added == {
        "date": DAY,
        "name": "Republic Day",
        "created": True,
        "former_name": None,
        "cancelled": [],
        "replayed": False,
    }
    for code in ("MEHTA", "RAO"):
        day = shown(clinic, code)
        assert (day["present"], day["remaining"], day["source"]) == (False, 0, "holiday")
        assert day["note"] == "Republic Day"
        assert shown(clinic, code, NEXT)["source"] == "default"
    assert clinic(*LIST) == [{"date": DAY, "name": "Republic Day"}]


def test_nobody_is_booked_on_a_holiday_and_the_refusal_has_its_name(clinic: Ask, refused: Refused) -> None:
    add(clinic)
    error = refused(7, "doctor_absent", "book", "P1", "MEHTA", DAY)
    assert error["message"] == f"MEHTA is absent on {DAY}: Republic Day."
    assert error["details"]["next_free"][0] == NEXT
    assert [day["date"] for day in clinic("free", "MEHTA", "--from", DAY, "--days", "2")] == [NEXT]
    assert clinic("day", DAY) == []


def test_the_setting_of_a_date_wins_over_a_holiday_and_that_over_a_weekday(clinic: Ask) -> None:
    clinic("doctor", "avail", "weekly", "MEHTA", "mon-sun", "--capacity", "4")
    add(clinic)
    assert (shown(clinic, "MEHTA")["source"], shown(clinic, "MEHTA")["present"]) == ("holiday", False)
    clinic("doctor", "avail", "set", "MEHTA", DAY, "--present", "--note", "emergencies")
    day = shown(clinic, "MEHTA")
    assert (day["source"], day["present"], day["capacity"], day["note"]) == ("day", True, 4, "emergencies")
    assert clinic("book", "P1", "MEHTA", DAY)["slot"] == 1
    assert shown(clinic, "RAO")["source"] == "holiday"
    clinic("config", "holiday", "remove", DAY)
    assert shown(clinic, "MEHTA")["source"] == "day"
    assert clinic("db", "check")["sound"]


def test_a_date_that_was_set_before_keeps_its_setting_and_its_patients(clinic: Ask) -> None:
    clinic("doctor", "avail", "set", "MEHTA", DAY, "--capacity", "2")
    clinic("book", "P1", "MEHTA", DAY)
    assert add(clinic)["cancelled"] == []
    assert (shown(clinic, "MEHTA")["source"], shown(clinic, "MEHTA")["remaining"]) == ("day", 1)


def test_a_removed_holiday_gives_the_days_back(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", DAY)
    add(clinic, DAY, "Republic Day", "--on-conflict", "keep")
    removed = clinic("config", "holiday", "remove", DAY)
    assert removed == {"date": DAY, "name": "Republic Day", "replayed": False}
    day = shown(clinic, "RAO")
    assert (day["present"], day["capacity"], day["booked"], day["remaining"]) == (True, 3, 1, 2)
    assert clinic("book", "P2", "RAO", DAY)["slot"] == 2
    assert clinic("db", "check")["sound"]


def test_a_date_that_is_no_holiday_cannot_be_removed(clinic: Ask, refused: Refused) -> None:
    error = refused(4, "holiday_not_found", "config", "holiday", "remove", DAY)
    assert error["message"] == f"{DAY} is no holiday."


def test_the_same_holiday_changes_nothing_and_another_name_replaces_it(clinic: Ask) -> None:
    add(clinic)
    assert (add(clinic)["created"], add(clinic)["former_name"]) == (False, None)
    renamed = add(clinic, DAY, "Founders' Day")
    assert (renamed["created"], renamed["former_name"]) == (False, "Republic Day")
    assert clinic(*LIST) == [{"date": DAY, "name": "Founders' Day"}]


def test_past_days_are_neither_added_nor_removed(clinic: Ask, refused: Refused) -> None:
    refused(7, "past_day", "config", "holiday", "add", "yesterday", "Gone")
    refused(7, "past_day", "config", "holiday", "remove", "yesterday")
    assert add(clinic, "today", "Now")["created"]


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "Republic\x1b Day", "two\nlines"])
def test_a_name_that_is_empty_long_or_unprintable_is_refused(name: str, clinic: Ask, refused: Refused) -> None:
    refused(2, "invalid_value", "config", "holiday", "add", DAY, name)
    assert clinic(*LIST) == []


def test_the_list_begins_today_and_has_past_ones_only_on_demand(clinic: Ask, start: Any, finish: Any) -> None:
    add(clinic, NEXT, "Second")
    add(clinic, "today", "First")
    assert [each["name"] for each in clinic(*LIST)] == ["First", "Second"]
    already = float(os.environ.get(settings.CLOCK_SHIFT, 0))
    later = {**os.environ, settings.CLOCK_SHIFT: str(already + 3 * 86_400)}
    for more, names in (((), ["Second"]), (("--all",), ["First", "Second"])):
        answer = finish(start(*LIST, *more, "--json", env=later))
        assert [each["name"] for each in answer.json] == names


# Patients who are booked


def test_booked_patients_of_all_doctors_prevent_a_holiday(clinic: Ask, refused: Refused) -> None:
    booked(clinic)
    for how in ((), ("--on-conflict", "move")):
        error = refused(6, "has_bookings", "config", "holiday", "add", DAY, "Republic Day", *how)
        assert [each["number"] for each in error["details"]["affected"]] == ["P1", "P2"]
        assert error["hint"] == "Move them first, or use --on-conflict keep or cancel."
    assert clinic(*LIST) == []
    assert shown(clinic, "MEHTA")["present"]


def test_kept_patients_stay_booked_on_a_holiday(clinic: Ask) -> None:
    booked(clinic)
    assert add(clinic, DAY, "Republic Day", "--on-conflict", "keep")["cancelled"] == []
    assert (shown(clinic, "MEHTA")["booked"], shown(clinic, "MEHTA")["remaining"]) == (1, 0)
    assert [each["status"] for each in clinic("appointment", "list", "--day", DAY)] == ["booked", "booked"]
    assert clinic("db", "check")["sound"]


def test_cancelled_patients_are_listed_with_their_phones(clinic: Ask) -> None:
    booked(clinic)
    added = add(clinic, DAY, "Republic Day", "--on-conflict", "cancel", "--key", "k")
    assert [(each["appointment"], each["number"], each["phone"]) for each in added["cancelled"]] == [
        ("A1", "P1", "+919876543210"),
        ("A2", "P2", "+919123456789"),
    ]
    cancelled = clinic("appointment", "list", "--day", DAY, "--status", "cancelled")
    assert len(cancelled) == 2
    again = add(clinic, DAY, "Republic Day", "--on-conflict", "cancel", "--key", "k")
    assert again == {**added, "replayed": True}
    assert shown(clinic, "MEHTA")["booked"] == 0
    assert clinic("db", "check")["sound"]


def test_patients_who_were_kept_can_be_cancelled_later(clinic: Ask) -> None:
    booked(clinic)
    add(clinic, DAY, "Republic Day", "--on-conflict", "keep")
    later = add(clinic, DAY, "Republic Day", "--on-conflict", "cancel")
    assert (later["created"], len(later["cancelled"])) == (False, 2)


def test_patients_who_have_arrived_are_not_cancelled(clinic: Ask, refused: Refused) -> None:
    clinic("walkin", "P1", "MEHTA")
    error = refused(6, "has_bookings", "config", "holiday", "add", "today", "Now", "--on-conflict", "cancel")
    assert [each["number"] for each in error["details"]["affected"]] == ["P1"]


def test_more_cancellations_than_the_threshold_need_a_confirmation(clinic: Ask, refused: Refused) -> None:
    clinic("config", "bulk_threshold", "1")
    booked(clinic)
    command = ("config", "holiday", "add", DAY, "Republic Day", "--on-conflict", "cancel")
    assert "--yes required" in refused(2, "usage", *command)["message"]
    assert clinic(*LIST) == []
    assert len(clinic(*command, "--yes")["cancelled"]) == 2


def test_a_dry_run_says_what_would_be_cancelled_and_writes_nothing(clinic: Ask, run: Run) -> None:
    booked(clinic)
    answer = run(
        *("config", "holiday", "add", DAY, "Republic Day", "--on-conflict", "cancel", "-n", "-o", "table"), status=0
    )
    assert answer.stdout.splitlines() == [
        f"Would add the holiday of Tue {DAY}: Republic Day. (Dry run: nothing was written.)",
        "Would be cancelled by the clinic:",
        "  A1  P1 Anita Sharma  +919876543210",
        "  A2  P2 Mumtaz Anwar  +919123456789",
    ]
    assert clinic(*LIST) == []


def test_masked_phones_are_whole_only_in_the_list_of_patients_to_call(clinic: Ask, run: Run) -> None:
    clinic("config", "mask_phones", "yes")
    booked(clinic)
    command = ("config", "holiday", "add", DAY, "Republic Day", "--on-conflict", "cancel")
    assert "+919876543210" not in run(*command, "-n", "-o", "table", status=0).stdout
    assert "P1 Anita Sharma  +919876543210" in run(*command, "-o", "table", status=0).stdout


def test_the_patients_to_call_are_listed_with_quiet_and_beside_csv(clinic: Ask, run: Run) -> None:
    booked(clinic)
    command = ("config", "holiday", "add", DAY, "Republic Day", "--on-conflict", "cancel")
    assert "  A1  P1 Anita Sharma  +919876543210\n" in run(*command, "-o", "csv", "-n", status=0).stderr
    answer = run(*command, "-q", status=0)
    assert answer.stdout == ""
    assert "  A1  P1 Anita Sharma  +919876543210\n" in answer.stderr


def test_nobody_stays_booked_on_a_holiday_that_comes_between_bookings(clinic: Ask, fork: Any, finish: Any) -> None:
    """Each booking is before the holiday, and cancelled by it, or after it, and refused."""
    for nth in range(8):
        clinic("patient", "add", f"Visitor {chr(65 + nth)}", "--phone", f"98111 1110{nth}", "--new")
    add_ = ("config", "holiday", "add", DAY, "Republic Day", "--on-conflict", "cancel", "--json")
    books = [fork("book", f"P{nth + 3}", "MEHTA", DAY, "--json") for nth in range(4)]
    adding = fork(*add_)
    books += [fork("book", f"P{nth + 3}", "MEHTA", DAY, "--json") for nth in range(4, 8)]
    cancelled = [each["appointment"] for each in finish(adding).json["cancelled"]]
    answers = [finish(each) for each in books]
    assert {each.status for each in answers} <= {0, 7}
    assert sorted(each.json["number"] for each in answers if each.status == 0) == sorted(cancelled)
    assert shown(clinic, "MEHTA")["booked"] == 0
    assert clinic("db", "check")["sound"]


def test_undo_does_not_undo_a_holiday(clinic: Ask, refused: Refused) -> None:
    booked(clinic)
    add(clinic, DAY, "Republic Day", "--on-conflict", "cancel")
    refused(7, "illegal_step", "undo", "--yes")
    assert shown(clinic, "MEHTA")["source"] == "holiday"


def test_an_undone_setting_leaves_the_holiday_that_came_after_it(clinic: Ask) -> None:
    clinic("doctor", "avail", "set", "MEHTA", DAY, "--capacity", "2")
    number = clinic("audit", "log", "--limit", "1")[0]["number"]
    add(clinic)
    clinic("undo", str(number), "--yes")
    assert shown(clinic, "MEHTA")["source"] == "holiday"
    assert clinic("db", "check")["sound"]


def test_the_journal_names_the_command_and_the_date(clinic: Ask) -> None:
    add(clinic)
    clinic("config", "holiday", "remove", DAY)
    log = clinic("audit", "log", "--command", "config holiday")
    assert [(each["command"], each["touched"]) for each in log] == [
        ("config holiday add", [DAY]),
        ("config holiday remove", [DAY]),
    ]
    assert not clinic("audit", "verify")["broken"]


# Tables


def test_a_holiday_is_named_below_the_tables_of_days(clinic: Ask, run: Run) -> None:
    add(clinic)
    noted = f"clinicctl: Holiday: Tue {DAY} Republic Day.\n"
    for command in (("day", DAY), ("day", DAY, "--week"), ("free", "MEHTA", "--from", DAY, "--days", "2")):
        assert run(*command, "-o", "table", status=0).stderr.endswith(noted)
        assert noted not in run(*command, "-o", "csv", status=0).stderr
        assert run(*command, "-o", "table", "-q", status=0).stderr == ""
    assert "Holiday" not in run("day", NEXT, "-o", "table", status=0).stderr


def test_a_list_fits_a_wide_and_a_narrow_terminal(clinic: Ask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    add(clinic)
    monkeypatch.setenv("COLUMNS", "80")
    assert run(*LIST, "-o", "table", status=0).stdout.splitlines() == [
        "Day             Holiday",
        f"Tue {DAY}  Republic Day",
    ]
    monkeypatch.setenv("COLUMNS", "40")
    assert all(len(line) <= 40 for line in run(*LIST, "-o", "table", status=0).stdout.splitlines())
    assert run(*LIST, "-o", "csv", status=0).stdout.splitlines() == ["date,name", f"{DAY},Republic Day"]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("add", DAY, "Republic Day"), f"Unchanged: the holiday of Tue {DAY}: Republic Day."),
        (("add", DAY, "Feast"), f"Renamed the holiday of Tue {DAY} from Republic Day to Feast."),
        (("remove", DAY), f"Removed the holiday of Tue {DAY}: Republic Day."),
    ],
    ids=["again", "another name", "removed"],
)
def test_what_was_done_is_one_sentence(command: tuple[str, ...], sentence: str, clinic: Ask, run: Run) -> None:
    add(clinic)
    assert run("config", "holiday", *command, "-o", "table", status=0).stdout == f"{sentence}\n"


def test_an_empty_list_says_how_to_add_a_holiday(clinic: Ask, run: Run) -> None:
    assert run(*LIST, "-o", "table", status=0).stdout == (
        "No holidays.\nAdd one: clinicctl config holiday add DATE NAME\n"
    )


def test_a_list_of_days_with_a_holiday_is_read_back_without_a_change(clinic: Ask, run: Run) -> None:
    add(clinic)
    listed = run("doctor", "avail", "show", "MEHTA", f"{DAY}..{NEXT}", "-o", "csv", status=0).stdout
    assert clinic("doctor", "avail", "import", "-", stdin=listed)["unchanged"] == 2
    assert shown(clinic, "MEHTA")["source"] == "holiday"
    clinic("doctor", "avail", "import", "-", stdin=listed.replace("Republic Day", "closed"))
    day = shown(clinic, "MEHTA")
    assert (day["source"], day["present"], day["note"]) == ("day", False, "closed")


# The command beside the settings


def test_settings_are_shown_and_set_as_before(clinic: Ask, run: Run, refused: Refused) -> None:
    assert clinic("config", "region")["value"] == "IN"
    first = clinic("config", "--key", "k", "region", "DE")
    assert clinic("config", "region", "DE", "--key", "k") == {**first, "replayed": True}
    assert run("--json", "config", status=0).json == run("config", "--json", status=0).json == clinic("config")
    assert run("config", "-o", "table", "-n", "region", "IN", status=0).stdout == (
        "Would set region to IN. (Dry run: nothing was written.)\n"
    )
    assert [each["command"] for each in clinic("audit", "log", "--key", "k")] == ["config"]
    refused(4, "setting_not_found", "config", "")
    assert refused(4, "setting_not_found", "config", "holidya")["hint"] == "Did you mean holiday?"
    assert refused(2, "usage", "config", "region", "IN", "DE")["hint"].endswith("See `clinicctl config --help`.")


def test_the_help_of_config_has_its_arguments_and_its_commands(run: Run) -> None:
    page = run("config", "--help", status=0).stdout
    assert page.startswith("Usage: clinicctl config [OPTIONS] [NAME] [VALUE]\n")
    for each in ("  holiday ", "  visit-type ", "  [VALUE] ", "  --key KEY "):
        assert each in page
    assert run("config", "region", "--help", status=0).stdout == run("help", "config", status=0).stdout == page
    assert run("config", "holiday", status=0).stdout.startswith("Usage: clinicctl config holiday ")


def test_a_batch_takes_settings_and_holidays(clinic: Ask, run: Run) -> None:
    lines = ["config", "config region", "config region DE", f"config holiday add {DAY} Feast", "config holiday list"]
    answers = run("batch", "-", stdin="\n".join([*lines, "config holiday", "config --json region"]), status=3).lines
    assert [each["exit_code"] for each in answers] == [0, 0, 0, 0, 0, 2, 0]
    assert answers[0]["result"][0]["name"] == "name"
    assert (answers[1]["result"]["value"], answers[2]["result"]["value"]) == ("IN", "DE")
    assert answers[4]["result"] == [{"date": DAY, "name": "Feast"}]
    assert [each["command"] for each in clinic("audit", "log", "--command", "config")] == [
        "config",
        "config holiday add",
    ]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("config ho", ["holiday"]),
        ("config ti", ["timezone", "ticket_width"]),
        ("config vis", ["visit-type"]),
        ("config holiday ", ["add", "remove", "list", "import"]),
        (f"config holiday add {DAY} X --on-conflict c", ["cancel"]),
    ],
)
def test_the_shell_completes_settings_and_commands(
    typed: str, found: list[str], start: Callable[..., Any], finish: Any, clinic: Ask
) -> None:
    words = f"clinicctl {typed}"
    environment = {"_CLINICCTL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert finish(start(env=environment)).stdout.split() == found


# Calendar files


def event(*lines: str) -> str:
    return "".join(f"{each}\r\n" for each in ("BEGIN:VEVENT", *lines, "END:VEVENT"))


def calendar(*events: str) -> str:
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{''.join(events)}END:VCALENDAR\r\n"


def day_of(on: str) -> str:
    return f"DTSTART;VALUE=DATE:{on.replace('-', '')}"


GOOD = calendar(
    event(day_of(DAY), "SUMMARY:Republic Day\\, India"),
    event(day_of("2096-12-25"), "DTEND;VALUE=DATE:20961227", "SUMMARY:Christ", " mas"),
)


def imported(clinic: Ask, content: str, *options: str) -> dict[str, Any]:
    return dict(clinic("config", "holiday", "import", "-", *options, stdin=content))


def test_each_day_of_an_event_becomes_a_holiday(clinic: Ask, tmp_path: Path) -> None:
    (tmp_path / "days.ics").write_bytes(GOOD.encode())
    found = clinic("config", "holiday", "import", str(tmp_path / "days.ics"))
    assert [(row["line"], row["date"], row["name"], row["outcome"]) for row in found["rows"]] == [
        (4, DAY, "Republic Day, India", "added"),
        (8, "2096-12-25", "Christmas", "added"),
        (8, "2096-12-26", "Christmas", "added"),
    ]
    assert (found["added"], found["changed"], found["unchanged"], found["refused"]) == (3, 0, 0, 0)
    assert [each["date"] for each in clinic(*LIST)] == [DAY, "2096-12-25", "2096-12-26"]
    assert shown(clinic, "MEHTA")["note"] == "Republic Day, India"


def test_a_second_import_changes_nothing_and_a_new_name_is_taken(clinic: Ask) -> None:
    imported(clinic, GOOD)
    assert imported(clinic, GOOD)["unchanged"] == 3
    renamed = imported(clinic, calendar(event(day_of(DAY), "SUMMARY:Feast")))
    assert (renamed["changed"], renamed["rows"][0]["change"]) == (1, "name Republic Day, India to Feast")
    assert clinic(*LIST)[0]["name"] == "Feast"


def test_an_import_is_repeatable_by_its_key(clinic: Ask, refused: Refused) -> None:
    first = imported(clinic, GOOD, "--key", "k")
    clinic("config", "holiday", "remove", DAY)
    assert imported(clinic, GOOD, "--key", "k") == {**first, "replayed": True}
    assert imported(clinic, GOOD.replace("\r\n", "\n"), "--key", "k")["replayed"]
    other = calendar(event(day_of(DAY), "SUMMARY:Feast"))
    refused(6, "key_reused", "config", "holiday", "import", "-", "--key", "k", stdin=other)


def test_past_days_are_skipped_and_of_two_names_the_first_counts(clinic: Ask) -> None:
    twice = [event(day_of(DAY), f"SUMMARY:{name}") for name in ("Republic Day", "Feast")]
    found = imported(clinic, calendar(event(day_of("2001-12-25"), "SUMMARY:Christmas"), *twice))
    assert [(row["outcome"], row["reason"]) for row in found["rows"]] == [
        ("unchanged", "past day"),
        ("added", None),
        ("unchanged", "the same day as line 8"),
    ]
    assert clinic(*LIST, "--all") == [{"date": DAY, "name": "Republic Day"}]


BAD = {
    "a time of day": (("DTSTART:20960124T100000Z", "SUMMARY:Visit"), "the event has a time of day"),
    "a local time": (("DTSTART;TZID=Mars/Base:20960124T100000", "SUMMARY:Visit"), "the event has a time of day"),
    "cancelled": ((day_of(DAY), "SUMMARY:Visit", "STATUS:cancelled"), "the event is cancelled"),
    "without a name": ((day_of(DAY),), "the event has no name"),
    "an empty name": ((day_of(DAY), "SUMMARY: "), "the event has no name"),
    "a repeating event": ((day_of(DAY), "SUMMARY:Visit", "RRULE:FREQ=YEARLY"), "the event repeats"),
    "more dates": ((day_of(DAY), "SUMMARY:Visit", "RDATE;VALUE=DATE:20960203"), "the event repeats"),
    "without a date": (("SUMMARY:Visit",), "the event has no date"),
    "no such date": (("DTSTART;VALUE=DATE:20960231", "SUMMARY:Visit"), "the date of the event cannot be read"),
    "two dates": ((day_of(DAY), day_of(NEXT), "SUMMARY:Visit"), "the event has several values of DTSTART"),
    "an end before it": ((day_of(NEXT), "DTEND;VALUE=DATE:20960120", "SUMMARY:Visit"), "the event ends before"),
    "an end with a time": ((day_of(DAY), "DTEND:20960125T000000Z", "SUMMARY:Visit"), "the end of the event"),
    "too long": ((day_of(DAY), "DTEND;VALUE=DATE:21000101", "SUMMARY:Visit"), "the event lasts more than 366 days"),
    "far too long": ((day_of(DAY), "DURATION:P99999999D", "SUMMARY:Visit"), "the event lasts more than 366 days"),
    "two lines": ((day_of(DAY), "SUMMARY:Visit\\nof two"), "The name contains a character that is not allowed"),
    "a long name": ((day_of(DAY), f"SUMMARY:{'Visit' * 50}"), "The name is too long"),
}


@pytest.mark.parametrize("bad", BAD)
def test_an_event_that_is_no_holiday_is_refused_with_the_reason(bad: str, clinic: Ask, refused: Refused) -> None:
    lines, reason = BAD[bad]
    content = calendar(event(*lines), event(day_of("2096-12-25"), "SUMMARY:Christmas"))
    error = refused(65, "bad_file", "config", "holiday", "import", "-", stdin=content)
    (line,) = error["details"]["lines"]
    assert (line["line"], line["reason"].startswith(reason)) == (4, True), line
    assert clinic(*LIST) == []
    assert "Visit" not in json.dumps(error)


def test_good_events_are_added_beside_bad_ones_on_demand(clinic: Ask, run: Run) -> None:
    private = event("DTSTART:20960124T100000Z", "SUMMARY:Visit to P Quvmark")
    content = calendar(private, event(day_of("2096-12-25"), "SUMMARY:Christmas"))
    answer = run("config", "holiday", "import", "-", "--on-error", "skip", json=True, stdin=content, status=3)
    assert [(row["outcome"], row["name"]) for row in answer.json["rows"]] == [("refused", None), ("added", "Christmas")]
    assert "Quvmark" not in answer.stdout + answer.stderr
    assert [each["name"] for each in clinic(*LIST)] == ["Christmas"]


def test_one_day_may_be_written_in_several_ways(clinic: Ask) -> None:
    same = "DTEND;VALUE=DATE:20960124"
    for more in ((), (same,), ("DURATION:P1D",), ("DTEND;VALUE=DATE:20960125",)):
        assert imported(clinic, calendar(event(day_of(DAY), "SUMMARY:Feast", *more)))["rows"][0]["date"] == DAY
    plain = imported(clinic, calendar(event("DTSTART:20960124", "SUMMARY;LANGUAGE=en:Feast")))
    assert plain["unchanged"] == 1


NOT_CALENDARS = {
    "empty": (b"", 1, "the file is empty"),
    "a table": (b"date,name\n2096-01-24,Feast\n", 1, "not an iCalendar file"),
    "an event alone": (event(day_of(DAY), "SUMMARY:Feast").encode(), 1, "not an iCalendar file"),
    "a bad line": (b"BEGIN:VCALENDAR\nVERSION:2.0\nFeast\nEND:VCALENDAR\n", 3, "not a line of an iCalendar file"),
    "cut": (GOOD.encode()[:-30], 12, "the end is missing"),
    "latin-1": (calendar(event(day_of(DAY), "SUMMARY:Mariä")).encode("latin-1"), 6, "not UTF-8"),
    "too large": (GOOD.encode() + b" " * calendars.MOST_BYTES, 1, "more than 2 million bytes"),
    "a workbook": (b"PK\x03\x04" + b"\0" * 50, 1, "not an iCalendar file"),
}


@pytest.mark.parametrize("bad", NOT_CALENDARS)
def test_a_file_that_is_no_calendar_is_bad_as_a_whole(bad: str, clinic: Ask, refused: Refused) -> None:
    content, line, reason = NOT_CALENDARS[bad]
    for on_error in ("stop", "skip"):
        command = ("config", "holiday", "import", "-", "--on-error", on_error)
        error = refused(65, "bad_file", *command, stdin=content)
        (found,) = error["details"]["lines"]
        assert (found["line"], found["reason"].startswith(reason)) == (line, True), found
    assert clinic(*LIST) == []


def test_a_file_with_very_many_dates_is_refused(clinic: Ask, refused: Refused) -> None:
    years = [event(day_of(f"{2030 + nth}-01-01"), "DURATION:P366D", "SUMMARY:Closed") for nth in range(14)]
    error = refused(65, "bad_file", "config", "holiday", "import", "-", stdin=calendar(*years))
    assert error["details"]["lines"][0]["reason"] == "more than 5000 dates: split the file"


@pytest.mark.file
def test_the_database_itself_is_no_calendar(clinic: Ask, refused: Refused, tmp_path: Path) -> None:
    error = refused(2, "invalid_value", "config", "holiday", "import", str(tmp_path / "clinic.db"))
    assert "is part of the clinic's database" in error["message"]
    refused(4, "file_not_found", "config", "holiday", "import", str(tmp_path / "none.ics"))


def test_booked_patients_prevent_an_import_or_the_dates_they_are_on(clinic: Ask, run: Run, refused: Refused) -> None:
    booked(clinic)
    error = refused(6, "has_bookings", "config", "holiday", "import", "-", stdin=GOOD)
    assert len(error["details"]["affected"]) == 2
    assert clinic(*LIST) == []
    skipped = run("config", "holiday", "import", "-", "--on-error", "skip", json=True, stdin=GOOD, status=3).json
    assert [(row["outcome"], row["reason"]) for row in skipped["rows"]] == [
        ("refused", "has bookings"),
        ("added", None),
        ("added", None),
    ]
    assert len(clinic(*LIST)) == 2
    found = imported(clinic, GOOD, "--on-conflict", "cancel")
    assert [each["appointment"] for each in found["cancelled"]] == ["A1", "A2"]
    assert (found["added"], found["unchanged"]) == (1, 2)
    assert clinic("db", "check")["sound"]


def test_a_dry_run_of_an_import_writes_nothing(clinic: Ask, run: Run) -> None:
    answer = run("config", "holiday", "import", "-", "-n", "-o", "table", stdin=GOOD, status=0)
    assert answer.stdout.endswith("3 added. (Dry run: nothing was written.)\n")
    assert clinic(*LIST) == []


@pytest.mark.file
def test_only_the_import_of_a_calendar_loads_its_library(clinic: Ask) -> None:
    code = "import sys\nfrom clinicctl.cli import run\nrun(sys.argv[1:])\nprint('icalendar' in sys.modules)"
    for command, loaded in ((LIST, "False"), (("config", "holiday", "import", "-"), "True")):
        words = [sys.executable, "-c", code, *command]
        done = subprocess.run(words, input=GOOD, capture_output=True, text=True, check=True)
        assert done.stdout.split()[-1] == loaded


NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=40)


@given(st.lists(st.tuples(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 20), NAMES), max_size=8))
def test_every_day_of_every_event_is_read_whatever_its_name(events: list[tuple[date, int, str]]) -> None:
    def escaped(name: str) -> str:
        for each in "\\;,":
            name = name.replace(each, f"\\{each}")
        return name

    written = calendar(
        *(
            event(
                day_of(first.isoformat()),
                f"DTEND;VALUE=DATE:{first + timedelta(days=count):%Y%m%d}",
                f"SUMMARY:{escaped(name)}",
            )
            for first, count, name in events
        )
    )
    sheet = calendars.read(written.encode())
    assert sheet.unreadable is None
    expected = [first + timedelta(days=nth) for first, count, _ in events for nth in range(count)]
    assert [row.date for row in sheet.rows] == expected
    assert calendars.read(written.replace("\r\n", "\n").encode()).digest == sheet.digest
