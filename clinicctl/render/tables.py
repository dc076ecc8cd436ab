"""Tables and sentences for a person at a terminal. A status has a word and a glyph beside its colour."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from clinicctl import statuses
from clinicctl.render import messages
from clinicctl.render.layout import Console, Heading, Text
from clinicctl.render.machine import to_call
from clinicctl.render.safe_text import visible
from clinicctl.results.appointments import Appointment, CancelledAppointment, QueueEntry, StepTaken, WaitlistEntry
from clinicctl.results.base import Outcome
from clinicctl.results.clinic import Demo, Finding, Health, Setting
from clinicctl.results.database import Checked, LastBackup, Problem, Repaired
from clinicctl.results.days import Board, Day, Slot, ToDo, WeekDay
from clinicctl.results.imports import (
    Imported,
    ImportedDoctor,
    ImportedDoctors,
    ImportedPatient,
    ImportedPatients,
    ImportedRow,
)
from clinicctl.results.journal import JournalEntry
from clinicctl.results.people import Doctor, DoctorBrief, Duplicate, Patient, PatientBrief

SHOWN = 60
"""So many rows of an imported file are shown; more are for programs."""

FEW = 6
"""So many numbers stand in a cell."""

NEXT = 8
"""So many of those waiting are on the board for each doctor."""

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
    "free": ("·", "dim"),
    "promoted": ("●", "green"),
    "removed": ("×", "dim"),
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "unchanged": ("=", "dim"),
    "refused": ("!", "bold red"),
}

Column = tuple[str, Callable[[Any], Any]]

_COLUMNS: dict[type, Sequence[Column]] = {
    Patient: (
        ("No.", lambda each: each.number),
        ("Name", lambda each: each.name),
        ("Born", lambda each: each.born or (f"age {each.age}" if each.age is not None else "")),
        ("Sex", lambda each: "" if each.sex == "unknown" else each.sex),
        ("Phone", lambda each: each.phone),
        ("Note", lambda each: each.note),
    ),
    Doctor: (
        ("Code", lambda each: each.code),
        ("Name", lambda each: each.name),
        ("Specialty", lambda each: each.specialty),
        ("Slots", lambda each: each.capacity),
    ),
    Day: (
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: messages.day(each.date)),
        ("Present", lambda each: "yes" if each.present else "absent"),
        ("Slots", lambda each: each.capacity),
        ("Booked", lambda each: each.booked),
        ("Free", lambda each: each.remaining),
        ("Note", lambda each: each.note),
        ("From", lambda each: each.source),
    ),
    CancelledAppointment: (
        ("No.", lambda each: each.number),
        ("Day", lambda each: messages.day(each.date)),
        ("Doctor", lambda each: each.doctor.code),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Patient", lambda each: messages.patient(each.patient)),
        ("Phone", lambda each: each.phone or "no phone"),
        ("Status", lambda each: _status(each.status)),
    ),
    Appointment: (
        ("No.", lambda each: each.number),
        ("Day", lambda each: messages.day(each.date)),
        ("Doctor", lambda each: each.doctor.code),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Patient", lambda each: f"{each.patient.number} {each.patient.name}"),
        ("Status", lambda each: _status(each.status)),
    ),
    QueueEntry: (
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: messages.day(each.date)),
        ("Pos.", lambda each: each.position),
        ("Status", lambda each: _status(each.status)),
        ("Is with", lambda each: each.with_doctor),
        ("Patient", lambda each: f"{each.patient.number} {each.patient.name}"),
        ("Appt.", lambda each: each.appointment.number),
        ("Waited", lambda each: _waited(each)),
        ("Ahead", lambda each: each.people_ahead if each.status == "waiting" else ""),
    ),
    StepTaken: (
        ("When", lambda each: _instant(each.at)),
        ("Who", lambda each: each.actor),
        ("Command", lambda each: each.command),
        ("To", lambda each: _status(each.to_status)),
        ("Queue", lambda each: _status(each.queue_to) if each.queue_to else ""),
        ("Slot", lambda each: each.slot),
        ("Pos.", lambda each: each.position),
        ("Why", lambda each: each.reason),
    ),
    WeekDay: (
        ("Doctor", lambda each: each.doctor),
        ("Weekday", lambda each: each.weekday),
        ("Present", lambda each: "yes" if each.present else "absent"),
        ("Slots", lambda each: each.capacity),
        ("From", lambda each: each.source),
    ),
    Slot: (
        ("Doctor", lambda each: each.doctor),
        ("Slot", lambda each: each.slot),
        ("Time", lambda each: each.time),
        ("Status", lambda each: _status(each.status)),
        ("Patient", lambda each: messages.patient(each.appointment.patient) if each.appointment else ""),
        ("Appt.", lambda each: each.appointment.number if each.appointment else ""),
        ("Pos.", lambda each: each.appointment.position if each.appointment else None),
        ("Queue", lambda each: each.appointment.queue_doctor if each.appointment else None),
    ),
    WaitlistEntry: (
        ("No.", lambda each: each.number),
        ("Doctor", lambda each: each.doctor.code),
        ("Days", lambda each: messages.days(each.days)),
        ("Patient", lambda each: messages.patient(each.patient)),
        ("Status", lambda each: _status(each.status)),
        ("Appt.", lambda each: each.appointment),
    ),
    ToDo: (
        ("What", lambda each: each.what),
        ("Day", lambda each: messages.day(each.date)),
        ("Doctor", lambda each: each.doctor),
        ("Who", lambda each: each.subject),
        ("Command", lambda each: each.command),
    ),
    JournalEntry: (
        ("No.", lambda each: each.number),
        ("When", lambda each: _instant(each.at)),
        ("Who", lambda each: each.actor),
        ("Command", lambda each: each.command),
        ("Touched", lambda each: _few(each.touched)),
        ("Steps", lambda each: _few([messages.step(one) for one in each.steps])),
        ("Key", lambda each: each.key),
    ),
    Duplicate: (
        ("Score", lambda each: each.score),
        ("One", lambda each: f"{each.one.number} {each.one.name}"),
        ("Other", lambda each: f"{each.other.number} {each.other.name}"),
        ("Why", lambda each: each.why),
    ),
    Setting: (
        ("Setting", lambda each: each.name),
        ("Value", lambda each: each.value),
        ("Meaning", lambda each: each.meaning),
    ),
    ImportedRow: (
        ("Line", lambda each: each.line),
        ("Doctor", lambda each: each.doctor),
        ("Day", lambda each: messages.day(each.date) if each.date else ""),
        ("Outcome", lambda each: _status(each.outcome)),
        ("Change", lambda each: each.change),
        ("Why", lambda each: each.reason),
    ),
    ImportedPatient: (
        ("Line", lambda each: each.line),
        ("Patient", lambda each: each.patient),
        ("Outcome", lambda each: _status(each.outcome)),
        ("Why", lambda each: each.reason),
        ("Maybe", lambda each: _maybe(each)),
        ("Filled", lambda each: ", ".join(each.filled)),
        ("Changed", lambda each: ", ".join(each.changed)),
        ("Not taken", lambda each: ", ".join(each.not_taken)),
    ),
    ImportedDoctor: (
        ("Line", lambda each: each.line),
        ("Doctor", lambda each: each.doctor),
        ("Outcome", lambda each: _status(each.outcome)),
        ("Change", lambda each: each.change),
        ("Why", lambda each: each.reason),
    ),
    Problem: (
        ("Law", lambda each: each.law),
        ("Does not hold", lambda each: each.where),
        ("", lambda each: "--repair" if each.mendable else ""),
    ),
    Finding: (
        ("", lambda each: "ok" if each.ok else "NOT OK"),
        ("What", lambda each: each.name),
        ("Value", lambda each: each.value),
        ("Problem", lambda each: each.problem),
    ),
}
_NUMBERS = {"Score", "Slots", "Booked", "Free", "Slot", "Pos.", "Waited", "Ahead", "Line"}


def render(
    facts: Any,
    *,
    outcome: Outcome | None,
    width: int,
    coloured: bool = False,
    positioned: bool = False,
    listed: Sequence[str] = (),
) -> str:
    """Return a result as a person reads it: a write as a sentence, a list as a table, one thing line by line."""
    console = Console(width=width, coloured=coloured, positioned=positioned)
    if outcome is not None and messages.has(facts):
        console.print(Text(visible(messages.said(facts, outcome))), soft_wrap=True)
        _print_problems(console, facts.left if isinstance(facts, Repaired) else ())
    elif isinstance(facts, Imported | ImportedPatients | ImportedDoctors):
        _print_import(console, facts, outcome)
    elif isinstance(facts, Health | Checked):
        _print_verdict(console, facts)
    elif isinstance(facts, Demo):
        _print_demo(console, facts)
    elif isinstance(facts, list) and facts and isinstance(facts[0], Board):
        print_board(console, facts)
    elif isinstance(facts, list) and facts and isinstance(facts[0], Slot):
        _print_sheet(console, facts)
    elif isinstance(facts, list):
        _print_rows(console, facts)
        if outcome is not None:
            console.print(messages.mark(outcome) or "Done.", style="dim")
            _print_to_call(console, facts, outcome, listed=listed)
    elif messages.has(facts) and not isinstance(facts, Patient | Doctor | Appointment):
        console.print(Text(visible(messages.said(facts, Outcome(facts)))), soft_wrap=True)
    else:
        _print_one(console, facts)
    return console.text()


# Tables


def _print_rows(console: Console, rows: Sequence[Any], *, without: Sequence[str] = ()) -> None:
    if not rows:
        console.print("None.", style="dim")
        return
    if isinstance(rows[0], QueueEntry) and not any(each.earlier for each in rows):
        without = ("Day",)
    columns = next(columns for kind, columns in _COLUMNS.items() if isinstance(rows[0], kind))
    columns = _used([each for each in columns if each[0] not in without], rows)
    if console.width < NARROW:
        for row in rows:
            console.block([(title, _text(value(row))) for title, value in columns])
        return
    console.table(
        [Heading(title, right=title in _NUMBERS) for title, _ in columns],
        [[_text(value(row)) for _, value in columns] for row in rows],
    )


def _used(columns: Sequence[Column], rows: Sequence[Any]) -> Sequence[Column]:
    """Leave out a column in which nothing stands.

    A terminal has little room, and a person reads the titles. Every row of the table still has the same columns, known
    before the first one is printed; programs read CSV or TSV, where every column always stands.
    """
    return [(title, value) for title, value in columns if any(value(row) not in (None, "") for row in rows)]


def _print_one(console: Console, facts: Any) -> None:
    # A person has the number; the UUID is for programs, who read another format. A valid phone needs no mark.
    found = [
        (each.name, value)
        for each in fields(facts)
        if (value := getattr(facts, each.name)) not in (None, "", ())
        and each.name != "id"
        and (value or each.name != "phone_unverified")
        # A count says something only where the list beside it is cut short.
        and not (each.name.endswith("_count") and value == len(getattr(facts, each.name.removesuffix("_count"), ())))
    ]
    console.table(
        [Heading(style="bold", wraps=False), Heading()],
        [[Text(name.replace("_", " ")), _field(value)] for name, value in found],
    )


def print_board(console: Console, rows: Sequence[Board]) -> None:
    """Print the waiting room's board: positions and doctors, no names of patients."""
    if not rows:
        console.print("Nobody is waiting.", style="dim")
        return
    several = len({row.date for row in rows}) > 1
    console.table(
        [
            Heading(title)
            for title in ("Doctor", *(("Day",) if several else ()), "Please come in", "With the doctor", "Next")
        ],
        [
            [
                Text(visible(row.name), "bold"),
                *([Text(messages.day(row.date))] if several else []),
                Text(_positions(row.called), "bold green"),
                Text(_positions(row.serving)),
                Text(_positions(row.waiting[:NEXT]) + (" …" if len(row.waiting) > NEXT else "")),
            ]
            for row in rows
        ],
        below=1,
    )


def _positions(positions: Sequence[int]) -> str:
    return "  ".join(str(each) for each in positions)


def _print_verdict(console: Console, facts: Health | Checked) -> None:
    if isinstance(facts, Health):
        good, word = facts.usable, "usable"
        _print_rows(console, facts.findings)
    else:
        good, word = facts.sound, "sound"
        _print_problems(console, facts.problems)
    console.print(f"{word.capitalize()}." if good else f"NOT {word}.", style="green" if good else "bold red")


def _print_problems(console: Console, problems: Sequence[Problem]) -> None:
    if problems:
        _print_rows(console, problems)


def _print_import(console: Console, facts: Any, outcome: Outcome | None) -> None:
    different = [row for row in facts.rows if row.outcome != "unchanged" or getattr(row, "not_taken", ())]
    shown = different[:SHOWN]
    if isinstance(facts, Imported):
        _print_days(console, facts, shown)
    elif shown:
        _print_rows(console, shown)
    if len(different) > len(shown):
        console.print(f"… and {len(different) - len(shown)} more; -o csv shows them all.", style="dim")
    _print_to_call(console, [facts], outcome)
    said = messages.tally(outcome or Outcome(facts))
    console.print(said[0].upper() + said[1:], soft_wrap=True)


def _print_days(console: Console, facts: Imported, shown: Sequence[ImportedRow]) -> None:
    """What is otherwise now, doctor by doctor; then what was refused."""
    for each in facts.doctors:
        if own := [row for row in shown if row.doctor == each.doctor and row.outcome != "refused"]:
            console.print(Text(messages.days_of(each), style="bold"))
            _print_rows(console, own, without=("Doctor",))
    if refused := [row for row in shown if row.outcome == "refused"]:
        console.print(Text("Refused", style="bold"))
        _print_rows(console, refused)


def _print_demo(console: Console, facts: Demo) -> None:
    console.print(
        f"{visible(facts.path)}: {facts.doctors} doctors, {facts.patients} patients, "
        f"{facts.appointments} appointments, {facts.checked_in} checked in. Try:",
        soft_wrap=True,
    )
    for each in facts.try_next:
        console.print(Text(f"  {visible(each)}"), soft_wrap=True)


def _print_to_call(
    console: Console, rows: Sequence[Any], outcome: Outcome | None, *, listed: Sequence[str] = ()
) -> None:
    told = [each for row in rows if isinstance(row, Day | WeekDay | Imported) for each in row.cancelled]
    if told and [each.appointment for each in told] == list(listed):
        console.print("Cancelled by the clinic: those listed above. Please call them.", style="bold")
        return
    if told:
        dry = outcome is not None and outcome.dry_run
        said = "Would be cancelled by the clinic:" if dry else "Cancelled by the clinic; please call:"
        console.print(said, style="bold")
    for each in told:
        console.print(Text(to_call(each).rstrip()), soft_wrap=True)


def _print_sheet(console: Console, slots: Sequence[Slot]) -> None:
    console.print(messages.day(slots[0].date), style="bold")
    for code in dict.fromkeys(each.doctor for each in slots):
        own = [each for each in slots if each.doctor == code]
        taken = sum(each.appointment is not None for each in own)
        console.print(Text(f"\n{code}: {taken} taken, {len(own) - taken} free", style="bold"))
        _print_rows(console, own, without=("Doctor",))


def _field(value: Any) -> Text:
    if isinstance(value, PatientBrief):
        return _text(messages.patient(value))
    if isinstance(value, DoctorBrief):
        return _text(f"{value.code} {value.name}")
    if isinstance(value, LastBackup):
        return _text(f"{_instant(value.at)}, {value.path}, write {value.number}")
    if isinstance(value, dict):
        return _text(", ".join(f"{name} {count}" for name, count in value.items()))
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


def _few(values: Sequence[str], count: int | None = None) -> str:
    """The first of many values, and how many more there are; `count` says how many, where not all are at hand."""
    hidden = (count or len(values)) - len(values[:FEW])
    more = [f"and {hidden} more"] if hidden else []
    return ", ".join([*values[:FEW], *more])


def _maybe(each: ImportedPatient) -> str:
    """Who may be the same person: as whom a row was refused, or who is only named."""
    if each.candidates:
        return _few(each.candidates, each.candidates_count)
    return _few(each.similar_on_file, each.similar_on_file_count)


def _waited(entry: QueueEntry) -> Text:
    """The minutes, marked by a word of its own where they are too many."""
    said = f"{entry.waited_minutes} min"
    return Text(f"{said} !", style="bold red") if entry.long_wait else Text(said)


def _status(status: str) -> Text:
    glyph, style = _GLYPHS[status]
    return Text(f"{glyph} {status.replace('_', ' ')}", style=style)


def _instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M")
