"""The columns of every table, and how a value becomes a cell.

A status has a word and a glyph beside its colour.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from clinicctl import errors
from clinicctl.render import phrases
from clinicctl.render.layout import Text
from clinicctl.render.safe_text import visible
from clinicctl.results.appointments import (
    Appointment,
    CancelledAppointment,
    QueueEntry,
    Skipped,
    StepTaken,
    WaitlistEntry,
)
from clinicctl.results.clinic import Finding, Setting, VisitType
from clinicctl.results.database import Problem
from clinicctl.results.days import Day, FreeTime, Holiday, Slot, ToDo, WeekDay
from clinicctl.results.imports import ImportedDoctor, ImportedHoliday, ImportedPatient, ImportedRow
from clinicctl.results.journal import JournalEntry
from clinicctl.results.outbox import OutboxMessage, OutgoingMessage, ShownMessage, Template
from clinicctl.results.people import Doctor, Duplicate, FoundPatient, Patient
from clinicctl.results.users import Refused, User

FEW = 6
"""The most numbers in a cell."""

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
    "free": ("·", "dim"),
    "promoted": ("●", "green"),
    "removed": ("×", "dim"),
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "unchanged": ("=", "dim"),
    "refused": ("!", "bold red"),
    "pending": ("○", "cyan"),
    "leased": ("◔", "yellow"),
    "sent": ("●", "green"),
    "failed": ("!", "bold red"),
    "dropped": ("×", "dim"),
}

Column = tuple[str, Callable[[Any], Any]]


def _hours(each: Day | WeekDay) -> str | None:
    """Return the sessions of a day and the length of a slot: `09-13 17-20, 10m`.

    A list of free times does without them.
    """
    if not each.sessions or (isinstance(each, Day) and each.first_free is not None):
        return None
    return f"{' '.join(each.sessions).replace(':00', '')}, {each.every}m"


_PATIENT: Sequence[Column] = (
    ("No.", lambda each: each.number),
    ("Name", lambda each: each.name),
    ("Born", phrases.birth),
    ("Sex", lambda each: "" if each.sex == "unknown" else each.sex),
    ("Phone", lambda each: each.phone),
    ("Note", lambda each: each.note),
)

COLUMNS: dict[type, Sequence[Column]] = {
    FoundPatient: (*_PATIENT, ("Similar", lambda each: f"{each.score}%" if each.score is not None else None)),
    Patient: _PATIENT,
    Doctor: (
        ("Code", lambda each: each.code),
        ("Name", lambda each: each.name),
        ("Specialty", lambda each: each.specialty),
        ("Slots", lambda each: each.capacity),
    ),
    Day: (
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: phrases.day(each.date)),
        ("Status", lambda each: "present" if each.present else "absent"),
        ("Slots", lambda each: each.capacity),
        ("Booked", lambda each: each.booked),
        ("Free", lambda each: each.remaining if each.free_times is None else each.free_times),
        ("First free", lambda each: each.first_free),
        ("Hours", _hours),
        ("Note", lambda each: each.note),
        ("Source", lambda each: each.source),
    ),
    FreeTime: (
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: phrases.day(each.date)),
        ("Time", lambda each: each.time),
        ("End", lambda each: each.end),
        ("Slot", lambda each: each.slot),
    ),
    CancelledAppointment: (
        ("No.", lambda each: each.number),
        ("Day", lambda each: phrases.day(each.date)),
        ("Doctor", lambda each: each.doctor.code),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Patient", lambda each: phrases.patient(each.patient)),
        ("Phone", lambda each: each.phone or "no phone"),
        ("Status", lambda each: status(each.status)),
        ("Series", lambda each: each.series),
    ),
    Appointment: (
        ("No.", lambda each: each.number),
        ("Day", lambda each: phrases.day(each.date)),
        ("Doctor", lambda each: each.doctor.code),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Patient", lambda each: phrases.patient(each.patient)),
        ("Status", lambda each: status(each.status)),
        ("Visit", lambda each: each.visit_type),
        ("Series", lambda each: each.series),
        ("Note", lambda each: each.note),
    ),
    Skipped: (
        ("Skipped", lambda each: phrases.day(each.date)),
        ("Reason", lambda each: each.reason),
    ),
    QueueEntry: (
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: phrases.day(each.date)),
        ("Pos.", lambda each: each.position),
        ("Status", lambda each: status(each.status)),
        ("Priority", lambda each: each.priority or None),
        ("Busy with", lambda each: each.with_doctor),
        ("Patient", lambda each: phrases.patient(each.patient)),
        ("Appt.", lambda each: each.appointment.number),
        ("Waited", lambda each: _waited(each)),
        ("Ahead", lambda each: each.people_ahead if each.status == "waiting" else ""),
        ("Expected", lambda each: phrases.about(each.expected_start)),
    ),
    StepTaken: (
        ("When", lambda each: instant(each.at)),
        ("Actor", lambda each: each.actor),
        ("Command", lambda each: each.command),
        ("Status", lambda each: status(each.to_status)),
        ("In queue", lambda each: status(each.queue_to) if each.queue_to else ""),
        ("Slot", lambda each: each.slot),
        ("Pos.", lambda each: each.position),
        ("Reason", lambda each: each.reason),
    ),
    WeekDay: (
        ("Doctor", lambda each: each.doctor),
        ("Weekday", lambda each: each.weekday),
        ("Status", lambda each: "present" if each.present else "absent"),
        ("Slots", lambda each: each.capacity),
        ("Hours", _hours),
        ("Source", lambda each: each.source),
    ),
    Slot: (
        ("Doctor", lambda each: each.doctor),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Status", lambda each: status(each.status)),
        ("Patient", lambda each: phrases.patient(each.appointment.patient) if each.appointment else ""),
        ("Appt.", lambda each: each.appointment.number if each.appointment else ""),
        ("Visit", lambda each: each.appointment.visit_type if each.appointment else None),
        ("Pos.", lambda each: each.appointment.position if each.appointment else None),
        ("Queue", lambda each: each.appointment.queue_doctor if each.appointment else None),
        ("Note", lambda each: each.appointment.note if each.appointment else None),
    ),
    WaitlistEntry: (
        ("No.", lambda each: each.number),
        ("Doctor", lambda each: each.doctor.code),
        ("Days", lambda each: phrases.days(each.days)),
        ("Patient", lambda each: phrases.patient(each.patient)),
        ("Status", lambda each: status(each.status)),
        ("Appt.", lambda each: each.appointment),
    ),
    ToDo: (
        ("Problem", lambda each: each.what),
        ("Day", lambda each: phrases.day(each.date)),
        ("Doctor", lambda each: each.doctor),
        ("Who", lambda each: each.subject),
        ("Fix", lambda each: each.command),
    ),
    JournalEntry: (
        ("No.", lambda each: each.number),
        ("When", lambda each: instant(each.at)),
        ("Actor", lambda each: f"{each.actor} ({each.role})" if each.role else each.actor),
        ("Command", lambda each: each.command),
        ("Affected", lambda each: _few(each.touched)),
        ("Steps", lambda each: _few([phrases.step(one) for one in each.steps])),
        ("Key", lambda each: each.key),
    ),
    Duplicate: (
        ("Similar", lambda each: f"{each.score}%"),
        ("Patient", lambda each: phrases.patient(each.one)),
        ("Possible match", lambda each: phrases.patient(each.other)),
        ("Reason", lambda each: each.why),
    ),
    Setting: (
        ("Setting", lambda each: each.name),
        ("Value", lambda each: each.value),
        ("Meaning", lambda each: each.meaning),
    ),
    ImportedRow: (
        ("Line", lambda each: each.line),
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: phrases.day(each.date) if each.date else ""),
        ("Outcome", lambda each: status(each.outcome)),
        ("Change", lambda each: each.change),
        ("Reason", lambda each: each.reason),
    ),
    ImportedPatient: (
        ("Line", lambda each: each.line),
        ("Patient", lambda each: each.patient),
        ("Outcome", lambda each: status(each.outcome)),
        ("Reason", lambda each: each.reason),
        ("Similar", lambda each: _similar(each)),
        ("Filled", lambda each: ", ".join(each.filled)),
        ("Changed", lambda each: ", ".join(each.changed)),
        ("Not applied", lambda each: ", ".join(each.not_taken)),
    ),
    ImportedDoctor: (
        ("Line", lambda each: each.line),
        ("Doctor", lambda each: each.doctor),
        ("Outcome", lambda each: status(each.outcome)),
        ("Change", lambda each: each.change),
        ("Reason", lambda each: each.reason),
    ),
    Holiday: (
        ("Day", lambda each: phrases.day(each.date)),
        ("Holiday", lambda each: each.name),
    ),
    ImportedHoliday: (
        ("Line", lambda each: each.line),
        ("Day", lambda each: phrases.day(each.date) if each.date else ""),
        ("Holiday", lambda each: each.name),
        ("Outcome", lambda each: status(each.outcome)),
        ("Change", lambda each: each.change),
        ("Reason", lambda each: each.reason),
    ),
    VisitType: (
        ("Kind of visit", lambda each: each.name),
        ("Minutes", lambda each: each.minutes),
    ),
    User: (
        ("User", lambda each: each.name),
        ("Role", lambda each: each.role),
        ("Doctor", lambda each: each.doctor),
        ("PIN", lambda each: "yes" if each.pin else ""),
        ("Since", lambda each: each.created_at),
    ),
    Refused: (
        ("No.", lambda each: each.number),
        ("Time", lambda each: each.at),
        ("By", lambda each: each.actor),
        ("Command", lambda each: each.command),
        ("Role", lambda each: each.role or "none"),
        ("Needed", lambda each: " or ".join(each.needed)),
        ("About", lambda each: each.reason),
    ),
    ShownMessage: (
        ("Message", lambda each: each.id),
        ("Due", lambda each: each.due),
        ("Channel", lambda each: each.channel),
        ("To", lambda each: each.to),
        ("Text", lambda each: each.text),
    ),
    OutboxMessage: (
        ("Message", lambda each: each.id),
        ("State", lambda each: status(each.state)),
        ("Due", lambda each: each.due or each.leased_until),
        ("Channel", lambda each: each.channel),
        ("Patient", lambda each: phrases.patient(each.patient)),
        ("Doctor", lambda each: each.doctor),
        ("Visit", lambda each: f"{phrases.day(each.date)}{f' {each.time:%H:%M}' if each.time else ''}"),
        ("Tries", lambda each: each.attempts or None),
        ("Reason", lambda each: each.gone or each.failure),
    ),
    OutgoingMessage: (
        ("Message", lambda each: each.id),
        ("Channel", lambda each: each.channel),
        ("To", lambda each: each.to),
        ("Text", lambda each: each.text),
        ("Leased until", lambda each: each.leased_until),
    ),
    Template: (
        ("Language", lambda each: each.language),
        ("Kind", lambda each: each.kind),
        ("Text", lambda each: each.text),
        ("Subject", lambda each: each.subject),
        ("", lambda each: "" if each.own else "default"),
    ),
    Problem: (
        ("Rule", lambda each: each.law),
        ("Violation", lambda each: each.where),
        ("", lambda each: "repairable" if each.mendable else ""),
    ),
    Finding: (
        ("", lambda each: "ok" if each.ok else "NOT OK"),
        ("Check", lambda each: each.name),
        ("Value", lambda each: each.value),
        ("Problem", lambda each: each.problem),
    ),
}
NUMBERS = {"Slots", "Booked", "Free", "Slot", "Pos.", "Waited", "Ahead", "Line", "Minutes", "Tries"}


def text(value: Any) -> Text:
    """Return a value as a cell."""
    if isinstance(value, Text):
        return value
    if value is None:
        return Text("")
    if isinstance(value, datetime):
        return Text(instant(value))
    if isinstance(value, date):
        return Text(value.isoformat())
    if hasattr(value, "strftime"):
        return Text(value.strftime("%H:%M"))
    return Text(visible(str(value)))


def _few(values: Sequence[str], count: int | None = None) -> str:
    """Return the first values, and how many more there are.

    `count` is the total where not all are listed.
    """
    hidden = (count or len(values)) - len(values[:FEW])
    more = [f"and {hidden} more"] if hidden else []
    return ", ".join([*values[:FEW], *more])


def _similar(each: ImportedPatient) -> str:
    """Return the patients who may be the same person."""
    if each.candidates:
        return _few(each.candidates, each.candidates_count)
    return _few(each.similar_on_file, each.similar_on_file_count)


def _waited(entry: QueueEntry) -> Text:
    minutes = f"{entry.waited_minutes} min"
    return Text(f"{minutes} !", style="bold red") if entry.long_wait else Text(minutes)


def status(value: str) -> Text:
    """Return a status as a cell."""
    glyph, style = _GLYPHS[value]
    return Text(f"{glyph} {errors.status_label(value)}", style=style)


def instant(at: datetime) -> str:
    """Return an instant to the minute."""
    return at.strftime("%Y-%m-%d %H:%M")
