"""Reports: their figures are those of a second computation over the rows, and nothing in them is about a patient."""

import csv
import io
import json
import math
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

import pytest

from clinicctl.render import reports
from clinicctl.rules import periods, report_words
from tests import queries
from tests.report_rows import WEEKDAYS, Again

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

AGAIN = {
    "day": Again.day,
    "utilisation": Again.utilisation,
    "waits": Again.waits,
    "no-shows": Again.no_shows,
    "lead-time": Again.lead_time,
    "load": Again.load,
    "doctors": Again.doctors_beside,
    "changes": Again.changes,
    "reminders": Again.reminders,
}
OVER_SPANS = [each for each in AGAIN if each != "day"]


@pytest.mark.parametrize("filled", ["Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia"], indirect=True)
def test_every_figure_is_that_of_a_second_computation(filled: str, ask: Ask) -> None:
    today = date.fromisoformat(ask("report", "day")["first"])
    first, last = today - timedelta(days=250), today + timedelta(days=2)
    for name in OVER_SPANS:
        for by in ("doctor", "specialty", "weekday", "month"):
            found = ask("report", name, "--from", str(first), "--to", str(last), "--by", by)
            again = AGAIN[name](Again(filled, first=first, last=last, by=by, today=today))
            assert found["total"] == again["total"], (name, by)
            assert found["rows"] == again["rows"], (name, by)
            assert found["by"] == by


@pytest.mark.parametrize("by", ["kind", "channel"])
def test_messages_have_the_figures_of_a_second_computation(by: str, filled: str, ask: Ask) -> None:
    today = date.fromisoformat(ask("report", "day")["first"])
    first, last = today - timedelta(days=250), today + timedelta(days=2)
    found = ask("report", "reminders", "--from", str(first), "--to", str(last), "--by", by)
    again = Again(filled, first=first, last=last, by=by, today=today).reminders()
    assert found["total"] == again["total"]
    assert found["rows"] == again["rows"]
    assert found["by"] == by
    assert found["total"]["reminded"] > found["total"]["reminded_no_shows"] > 0


def test_a_reminder_that_was_sent_counts_with_what_became_of_the_visit(clinic: Ask) -> None:
    clinic("config", "notify", "on")
    clinic("config", "quiet_hours", "")
    for patient in ("P1", "P2"):
        clinic("book", patient, "MEHTA", "today")
    clinic("config", "reminders", "5m")
    (first, second) = clinic("outbox", "next", "--limit", "2")
    clinic("outbox", "sent", first["id"])
    clinic("outbox", "failed", second["id"], "--reason", "no such number", "--give-up")
    clinic("appointment", "no-show", "A2")
    rows = {row["group"]: row for row in clinic("report", "reminders")["rows"]}
    assert list(rows) == ["booked", "moved", "cancelled", "promoted", "reminder", "near"]
    booked = rows["booked"]
    assert (booked["messages"], booked["sent"], booked["failed"]) == (2, 1, 1)
    assert (booked["reminded"], booked["reminded_no_show_rate"]) == (1, 0.0)
    assert (booked["others"], booked["other_no_show_rate"]) == (1, 1.0)
    assert rows["reminder"]["reminded"] == 0


def test_a_day_has_the_figures_of_a_second_computation(filled: str, ask: Ask) -> None:
    today = date.fromisoformat(ask("report", "day")["first"])
    for back in range(12):
        on = today - timedelta(days=back)
        for by in ("doctor", "specialty"):
            found = ask("report", "day", str(on), "--by", by)
            again = Again(filled, first=on, last=on, by=by, today=today).day()
            assert found["total"] == again["total"]
            assert found["rows"] == again["rows"]


def test_the_exported_rows_have_the_same_figures(filled: str, run: Run, ask: Ask) -> None:
    """What somebody computes from the exports in a spreadsheet is what the reports say."""
    last = date.fromisoformat(ask("report", "day")["first"])
    first = last - timedelta(days=200)

    def exported(what: str) -> list[dict[str, Any]]:
        lines = run("export", what, "--day", f"{first}..{last}", "-o", "jsonl", status=0).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def total(name: str) -> dict[str, Any]:
        found: dict[str, Any] = ask("report", name, "--from", str(first), "--to", str(last))["total"]
        return found

    visits = exported("appointments")
    kept = Counter(each["status"] for each in visits if each["status"] != "cancelled")
    by = Counter((each["cancelled_by"], each["moved_to"] is not None) for each in visits if each["cancelled_by"])
    no_shows, changes = total("no-shows"), total("changes")
    assert (no_shows["appointments"], no_shows["no_shows"]) == (kept.total(), kept["no_show"])
    assert no_shows["no_show_rate"] == round(kept["no_show"] / kept.total(), 4)
    assert changes["appointments"] == len(visits)
    assert (changes["cancelled_by_patient"], changes["moved_by_clinic"]) == (by["patient", False], by["clinic", True])

    entries = exported("queue")
    called = [(each["checked_in_at"], each["called_at"] or each["started_at"]) for each in entries]
    waits = [math.floor(seconds(start, end) / 60) for start, end in called if end]
    found = total("waits")
    assert (found["patients"], found["wait_longest"]) == (len(waits), max(waits))
    assert (found["wait_median"], found["wait_p90"]) == (median(waits), sorted(waits)[math.ceil(len(waits) * 0.9) - 1])
    arrived = Counter(datetime.fromisoformat(each["checked_in_at"]).weekday() for each in entries)
    assert [total("load")[name] for name in WEEKDAYS] == [arrived[nth] for nth in range(7)]


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def test_a_day_that_was_called_off_after_a_doctor_had_gone_has_no_slots(clinic: Ask) -> None:
    clinic("book", "P1", "RAO", "+3d")
    clinic("appointment", "cancel", "A1", "--by", "clinic")
    clinic("doctor", "archive", "RAO")
    for name in ("utilisation", "doctors"):
        rows = {row["group"]: row for row in clinic("report", name, "--from", "today", "--to", "+6d")["rows"]}
        assert rows["MEHTA"]["days"] == 7
        assert rows.get("RAO", {"days": 0})["days"] == 0
    assert {row["group"]: row["booked"] for row in clinic("report", "day", "+3d")["rows"]}["RAO"] == 0


@pytest.mark.file
@pytest.mark.parametrize("name", ["OUTCOMES", "SLOTS", "NO_SHOWS_OF_DOCTORS", "CHANGES_OF_DOCTORS"])
def test_the_visits_of_doctors_are_counted_without_sorting_them(name: str, filled: str) -> None:
    """Sorting a million rows takes as long as all the rest."""
    (sql,) = (sql for found, sql in queries.statements() if found == f"reports.{name}")
    with closing(sqlite3.connect(filled)) as connection:
        plan = [detail for *_, detail in connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]
    assert not any("TEMP B-TREE" in each for each in plan), plan


def test_the_load_of_everybody_is_one_table_of_hours(filled: str, ask: Ask) -> None:
    today = date.fromisoformat(ask("report", "day")["first"])
    found = ask("report", "load", "--from", str(today - timedelta(days=60)))
    again = Again(filled, first=today - timedelta(days=60), last=today, by=None, today=today).load()
    assert (found["rows"], found["total"]) == (again["rows"], again["total"])
    assert found["by"] is None


def test_without_days_a_report_is_of_the_last_30_days(clinic: Ask) -> None:
    found = clinic("report", "no-shows")
    first, last = (date.fromisoformat(found[name]) for name in ("first", "last"))
    assert last == date.fromisoformat(clinic("report", "day")["first"])
    assert last - first == timedelta(days=29)
    assert [row["group"] for row in found["rows"]] == ["MEHTA", "RAO"]
    assert found["total"]["no_show_rate"] is None


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("week", "2026-11-23", "2026-11-29"),
        ("last-week", "2026-11-16", "2026-11-22"),
        ("month", "2026-11-01", "2026-11-30"),
        ("last-month", "2026-10-01", "2026-10-31"),
        ("quarter", "2026-10-01", "2026-12-31"),
        ("last-quarter", "2026-07-01", "2026-09-30"),
        ("year", "2026-01-01", "2026-12-31"),
        ("last-year", "2025-01-01", "2025-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-q1", "2024-01-01", "2024-03-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2020-w53", "2020-12-28", "2021-01-03"),
    ],
)
def test_a_period_has_its_days(word: str, first: str, last: str) -> None:
    assert [str(each) for each in periods.period(word, today=date(2026, 11, 28))] == [first, last]


def test_the_period_before_january_is_in_the_year_before() -> None:
    january = date(2026, 1, 15)
    assert periods.period("last-month", today=january) == (date(2025, 12, 1), date(2025, 12, 31))
    assert periods.period("last-quarter", today=january) == (date(2025, 10, 1), date(2025, 12, 31))


@pytest.mark.parametrize(
    ("line", "code", "problem"),
    [
        ("--period lately", "invalid_value", "Not a period: use week, month, quarter, year, "),
        ("--period 2026-13", "invalid_value", "Not a period"),
        ("--period 2021-w53", "invalid_value", "Not a period"),
        ("--period month --from today", "usage", "--period cannot be combined with --from and --to."),
        ("--from tomorrow", "invalid_value", "is after --to"),
        ("--from 1900-01-01 --to 2026-01-01", "invalid_value", "A report covers at most 100 years."),
        ("--by room", "usage", '--by: "room" is not one of doctor, specialty, weekday, month.'),
        ("--from someday", "invalid_value", "a day is 2026-11-23"),
    ],
)
def test_days_and_groups_that_mean_nothing_are_refused(
    line: str, code: str, problem: str, clinic: Ask, refused: Refused
) -> None:
    assert problem in refused(2, code, "report", "waits", *line.split())["message"]


def test_a_mistyped_period_gets_a_suggestion(clinic: Ask, refused: Refused) -> None:
    assert refused(2, "invalid_value", "report", "waits", "--period", "last-moth")["hint"] == "Did you mean last-month?"


def test_a_day_is_reported_by_doctor_or_specialty_only(clinic: Ask, refused: Refused) -> None:
    error = refused(2, "invalid_value", "report", "day", "--by", "month")
    assert error["message"] == "--by: a day is reported by doctor or by specialty."


def test_the_day_of_a_desk_is_reported_as_it_went(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("book", "P2", "MEHTA")
    clinic("book", "P1", "RAO")
    clinic("checkin", "A1")
    clinic("next", "MEHTA", "--start")
    clinic("next", "MEHTA")
    clinic("appointment", "no-show", "A2")
    clinic("appointment", "move", "A3", "tomorrow")
    found = clinic("report", "day")
    mehta, rao = found["rows"]
    assert {name: mehta[name] for name in ("group", "slots", "booked", "seen", "no_shows", "open")} == {
        "group": "MEHTA",
        "slots": 10,
        "booked": 2,
        "seen": 1,
        "no_shows": 1,
        "open": 0,
    }
    assert (mehta["wait_median"], mehta["wait_longest"]) == (0, 0)
    assert (rao["booked"], rao["moved"], rao["cancelled"], rao["wait_median"]) == (0, 1, 0, None)
    head = clinic("audit", "log", "--limit", "1")[0]
    assert found["journal"]["number"] == head["number"]
    clinic("audit", "verify", "--anchor", found["journal"]["hash"])


def test_a_booking_that_was_undone_is_no_cancellation(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA")
    clinic("undo")
    clinic("book", "P2", "MEHTA")
    clinic("appointment", "cancel", "A2", "--by", "clinic")
    total = clinic("report", "changes")["total"]
    assert (total["appointments"], total["cancelled"], total["cancelled_by_clinic"]) == (1, 1, 1)
    assert clinic("report", "day")["total"]["cancelled"] == 1


def test_days_off_are_no_part_of_the_utilisation(clinic: Ask) -> None:
    clinic("book", "P1", "MEHTA", "tomorrow")
    clinic("book", "P1", "RAO", "tomorrow")
    clinic("doctor", "avail", "set", "RAO", "tomorrow", "--absent", "--on-conflict", "keep")
    mehta, rao = clinic("report", "utilisation", "--from", "tomorrow", "--to", "tomorrow")["rows"]
    assert (mehta["days"], mehta["slots"], mehta["utilisation"]) == (1, 10, 0.1)
    assert (rao["days"], rao["days_off"], rao["slots"], rao["utilisation"]) == (0, 1, 0, None)
    assert rao["booked_on_days_off"] == 1


def test_slots_of_hours_count_in_the_utilisation(clinic: Ask) -> None:
    clinic("doctor", "avail", "set", "MEHTA", "tomorrow", "--session", "09:00-12:00", "--every", "20m")
    clinic("book", "P1", "MEHTA", "tomorrow", "--time", "09:20")
    (mehta, _) = clinic("report", "utilisation", "--from", "tomorrow", "--to", "tomorrow")["rows"]
    assert (mehta["slots"], mehta["booked"], mehta["free"], mehta["utilisation"]) == (9, 1, 8, 0.1111)


@pytest.mark.parametrize("name", AGAIN)
def test_csv_has_the_rows_and_tsv_the_same_without_a_header(name: str, filled: str, ask: Ask, run: Run) -> None:
    rows = ask("report", name)["rows"]
    header, *lines = csv.reader(io.StringIO(run("report", name, "-o", "csv", status=0).stdout, newline=""))
    assert header == list(rows[0])
    shown = [["" if value is None else str(value) for value in row.values()] for row in rows]
    assert lines == shown
    assert [line.split("\t") for line in run("report", name, status=0).stdout.splitlines()] == shown


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_table_has_every_figure_and_fits(
    name: str, width: int, filled: str, ask: Ask, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    first, *lines = run("report", name, "-o", "table", status=0).stdout.splitlines()
    assert max(len(line) for line in lines if not line.startswith("Journal: ")) <= width
    assert first.startswith(report_words.REPORTS[name].title)
    found = ask("report", name)
    parts = [line for line in lines if line.startswith("Total")]
    cells = [cell for line in parts for cell in line.split()[1:]]
    expected = [reports.cell(each, value, short=True) for each, value in found["total"].items() if each != "group"]
    assert cells == (expected[1:] if name == "load" else expected)


@pytest.mark.parametrize("name", AGAIN)
def test_the_help_of_a_report_has_its_definitions(name: str, run: Run) -> None:
    shown = " ".join(run("report", name, "--help", status=0).stdout.split())
    for each in report_words.REPORTS[name].definitions:
        assert each in shown


@pytest.mark.parametrize("name", AGAIN)
@pytest.mark.parametrize("output", ["table", "json", "csv"])
def test_no_report_has_anything_of_a_patient(name: str, output: str, clinic: Ask, run: Run) -> None:
    clinic("book", "P1", "MEHTA", "--reason", "zyxwin-reason", "--note", "zyxwin-note")
    clinic("doctor", "avail", "set", "MEHTA", "tomorrow", "--capacity", "3", "--note", "zyxwin-day")
    clinic("checkin", "A1")
    shown = run("report", name, "--to", "+2d", "-o", output, status=0) if name != "day" else None
    text = (shown or run("report", "day", "-o", output, status=0)).stdout
    for personal in ("Anita", "Sharma", "Mumtaz", "43210", "1980", "P1", "A1", "zyxwin", "Asha"):
        assert personal not in text
