"""Tables and sentences for a person at a terminal. A status has a word and a glyph beside its colour."""

import io
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clinicctl import results, statuses
from clinicctl.show.visible import visible

NARROW = 60
"""Below this width a table becomes one block of lines a row."""

_GLYPHS = {
    "booked": ("○", "cyan"),
    "checked_in": ("◔", "yellow"),
    "in_consultation": ("◑", "green"),
    "completed": ("●", "dim"),
    "cancelled": ("×", "dim"),
    "no_show": ("–", "red"),
    "left": ("–", "red"),
    "waiting": ("◔", "yellow"),
    "called": ("▸", "bold green"),
    "serving": ("◑", "green"),
    "done": ("●", "dim"),
    "skipped": ("»", "magenta"),
    "held": ("‖", "magenta"),
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "unchanged": ("=", "dim"),
    "refused": ("!", "bold red"),
}

Column = tuple[str, Callable[[Any], Any]]

_COLUMNS: dict[type, Sequence[Column]] = {
    results.Patient: (
        ("No.", lambda each: each.number),
        ("Name", lambda each: each.name),
        ("Born", lambda each: each.born or (f"age {each.age}" if each.age is not None else "")),
        ("Sex", lambda each: "" if each.sex == "unknown" else each.sex),
        ("Phone", lambda each: each.phone),
        ("Note", lambda each: each.note),
    ),
    results.Doctor: (
        ("Code", lambda each: each.code),
        ("Name", lambda each: each.name),
        ("Specialty", lambda each: each.specialty),
        ("Slots", lambda each: each.capacity),
    ),
    results.Day: (
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: _day(each.date)),
        ("Present", lambda each: "yes" if each.present else "absent"),
        ("Slots", lambda each: each.capacity),
        ("Booked", lambda each: each.booked),
        ("Free", lambda each: each.remaining),
        ("Note", lambda each: each.note),
        ("From", lambda each: each.source),
    ),
    results.Appointment: (
        ("No.", lambda each: each.number),
        ("Day", lambda each: _day(each.date)),
        ("Doctor", lambda each: each.doctor.code),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Patient", lambda each: f"{each.patient.number} {each.patient.name}"),
        ("Status", lambda each: _status(each.status)),
    ),
    results.QueueEntry: (
        ("Doctor", lambda each: each.doctor),
        ("Pos.", lambda each: each.position),
        ("Status", lambda each: _status(each.status)),
        ("Patient", lambda each: f"{each.patient.number} {each.patient.name}"),
        ("Appt.", lambda each: each.appointment.number),
        ("Waited", lambda each: f"{each.waited_minutes} min"),
        ("Ahead", lambda each: each.people_ahead if each.status == "waiting" else ""),
    ),
    results.StepTaken: (
        ("When", lambda each: _instant(each.at)),
        ("Who", lambda each: each.actor),
        ("Command", lambda each: each.command),
        ("To", lambda each: _status(each.to_status)),
        ("Queue", lambda each: _status(each.queue_to) if each.queue_to else ""),
        ("Slot", lambda each: each.slot),
        ("Pos.", lambda each: each.position),
        ("Why", lambda each: each.reason),
    ),
    results.Setting: (
        ("Setting", lambda each: each.name),
        ("Value", lambda each: each.value),
        ("Meaning", lambda each: each.meaning),
    ),
    results.ImportedRow: (
        ("Line", lambda each: each.line),
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: _day(each.date) if each.date else ""),
        ("Outcome", lambda each: _status(each.outcome)),
        ("Why", lambda each: each.reason),
    ),
    results.Finding: (
        ("", lambda each: "ok" if each.ok else "NOT OK"),
        ("What", lambda each: each.name),
        ("Value", lambda each: each.value),
        ("Problem", lambda each: each.problem),
    ),
}
_NUMBERS = {"Slots", "Booked", "Free", "Slot", "Pos.", "Waited", "Ahead", "Line"}


def render(facts: Any, *, outcome: results.Outcome | None, width: int, coloured: bool) -> str:
    """Return a result as a person reads it: a write as a sentence, a list as a table, one thing line by line."""
    buffer = io.StringIO()
    console = Console(
        file=buffer,
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=coloured,
        no_color=not coloured,
        legacy_windows=False,
    )
    if outcome is not None and type(facts) in _SENTENCES:
        console.print(_said(facts, outcome), soft_wrap=True)
    elif isinstance(facts, results.Imported):
        _print_import(console, facts, outcome)
    elif isinstance(facts, results.Health):
        _print_rows(console, facts.findings)
        console.print("Usable." if facts.usable else "NOT usable.", style="green" if facts.usable else "bold red")
    elif isinstance(facts, results.Demo):
        _print_demo(console, facts)
    elif isinstance(facts, list):
        _print_rows(console, facts)
        if outcome is not None:
            console.print(_mark(outcome) or "Done.", style="dim")
            _print_to_call(console, facts)
    elif type(facts) in _SENTENCES and not isinstance(facts, results.Patient | results.Doctor | results.Appointment):
        console.print(_said(facts, results.Outcome(facts)), soft_wrap=True)
    else:
        _print_one(console, facts)
    return buffer.getvalue()


# Sentences: a verb in the past, and what it was done to


def _patient(each: results.PatientBrief) -> str:
    return f"{each.number} {each.name}"


def _registered(each: results.Registered) -> tuple[str, str]:
    sharing = ", ".join(_patient(other) for other in each.shares_phone_with)
    return (
        "registered" if each.created else "found on file",
        f"{each.number} {each.name}{f', {each.phone}' if each.phone else ''}"
        f"{f'; shares the phone with {sharing}' if sharing else ''}.",
    )


def _appointment(each: results.Appointment) -> tuple[str, str]:
    at = f" at {each.time:%H:%M}" if each.time else ""
    what = (
        f"{each.number}: {_patient(each.patient)} with {each.doctor.code} on {_day(each.date)}{at}, slot {each.slot}"
        f"{', above the capacity' if each.overbooked else ''}."
    )
    return ("cancelled" if each.status == "cancelled" else "booked", what)


def _checked_in(each: results.CheckedIn) -> tuple[str, str]:
    ahead = {0: "nobody is ahead", 1: "1 person is ahead"}.get(
        each.people_ahead, f"{each.people_ahead} people are ahead"
    )
    booked = each.appointment
    return (
        "checked in",
        f"{_patient(booked.patient)} with {booked.doctor.code}: position {each.position}, {ahead} ({booked.number}).",
    )


def _queued(each: results.QueueEntry) -> tuple[str, str]:
    verb = {"called": "called", "serving": "begun", "done": "ended"}.get(each.status, f"made {each.status}")
    return verb, f"position {each.position} of {each.doctor}: {_patient(each.patient)} ({each.appointment.number})."


def _clinic(each: results.Clinic) -> tuple[str, str]:
    facts = f"{each.name}, {each.timezone}, phones of {each.region or 'no region'}, {each.capacity} slots a day."
    return ("created" if each.created else "found"), f"{each.path}: {facts}"


_SENTENCES: dict[type, Callable[[Any], tuple[str, str]]] = {
    results.Registered: _registered,
    results.Patient: lambda each: ("changed", f"{each.number} {each.name}."),
    results.Doctor: lambda each: ("noted", f"{each.code} {each.name}, {each.capacity} slots a day."),
    results.Appointment: _appointment,
    results.CheckedIn: _checked_in,
    results.QueueEntry: _queued,
    results.Clinic: _clinic,
    results.Setting: lambda each: ("set", f"{each.name} to {each.value}."),
}


def _said(facts: Any, outcome: results.Outcome) -> Text:
    verb, rest = _SENTENCES[type(facts)](facts)
    said = f"Would have {verb} {rest}" if outcome.dry_run else f"{verb.capitalize()} {rest}"
    mark = _mark(outcome)
    return Text(visible(f"{said} {mark}" if mark else said))


def _mark(outcome: results.Outcome) -> str:
    if outcome.replayed:
        return "(Done before, by the same key.)"
    return "(Dry run: this is what would be; nothing was written.)" if outcome.dry_run else ""


# Tables


def _print_rows(console: Console, rows: Sequence[Any]) -> None:
    if not rows:
        console.print("None.", style="dim")
        return
    columns = _used(next(columns for kind, columns in _COLUMNS.items() if isinstance(rows[0], kind)), rows)
    if console.width < NARROW:
        for row in rows:
            _print_block(console, [(title, _text(value(row))) for title, value in columns])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, _ in columns:
        table.add_column(title, justify="right" if title in _NUMBERS else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(value(row)) for _, value in columns))
    console.print(table)


def _used(columns: Sequence[Column], rows: Sequence[Any]) -> Sequence[Column]:
    """Leave out a column in which nothing stands."""
    return [(title, value) for title, value in columns if any(value(row) not in (None, "") for row in rows)]


def _print_block(console: Console, cells: Sequence[tuple[str, Text]]) -> None:
    (_, head), *rest = cells
    head.stylize("bold")
    console.print(head)
    for title, cell in rest:
        if cell.plain:
            console.print(Text.assemble((f"  {title} ", "dim"), cell))


def _print_one(console: Console, facts: Any) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for each in fields(facts):
        if (value := getattr(facts, each.name)) not in (None, "", ()):
            table.add_row(each.name.replace("_", " "), _field(value))
    console.print(table)


def _print_import(console: Console, facts: results.Imported, outcome: results.Outcome | None) -> None:
    shown = [row for row in facts.rows if row.outcome != "unchanged"]
    if shown:
        _print_rows(console, shown)
    tally = f"{facts.added} added, {facts.changed} changed, {facts.unchanged} unchanged, {facts.refused} refused."
    mark = _mark(outcome) if outcome else ""
    console.print(f"{tally} {mark}".rstrip(), soft_wrap=True)


def _print_demo(console: Console, facts: results.Demo) -> None:
    console.print(
        f"{visible(facts.path)}: {facts.doctors} doctors, {facts.patients} patients, "
        f"{facts.appointments} appointments, {facts.checked_in} checked in. Try:",
        soft_wrap=True,
    )
    for each in facts.try_next:
        console.print(Text(f"  {visible(each)}"), soft_wrap=True)


def _print_to_call(console: Console, rows: Sequence[Any]) -> None:
    to_call = [each for row in rows if isinstance(row, results.Day) for each in row.cancelled]
    if to_call:
        console.print("Cancelled by the clinic; please call:", style="bold")
    for each in to_call:
        console.print(
            Text(visible(f"  {each.appointment}  {each.number} {each.name}  {each.phone or 'no phone'}")),
            soft_wrap=True,
        )


def _field(value: Any) -> Text:
    if isinstance(value, results.PatientBrief):
        return _text(_patient(value))
    if isinstance(value, results.DoctorBrief):
        return _text(f"{value.code} {value.name}")
    if isinstance(value, tuple):
        return _text(", ".join(_field(each).plain for each in value))
    if isinstance(value, bool):
        return _text("yes" if value else "no")
    if isinstance(value, statuses.AppointmentStatus | statuses.QueueStatus):
        return _status(value)
    return _text(value)


def _text(value: Any) -> Text:
    if isinstance(value, Text):
        return value
    if value is None:
        return Text("")
    if isinstance(value, datetime):
        return Text(_instant(value))
    if isinstance(value, date):
        return Text(value.isoformat())
    if hasattr(value, "strftime"):
        return Text(value.strftime("%H:%M"))
    return Text(visible(str(value)))


def _status(status: str) -> Text:
    glyph, style = _GLYPHS[status]
    return Text(f"{glyph} {status.replace('_', ' ')}", style=style)


def _day(on: date) -> str:
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[on.weekday()]} {on.isoformat()}"


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
