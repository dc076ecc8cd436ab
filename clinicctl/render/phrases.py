"""Parts of sentences: days, people, steps and counts."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from clinicctl import errors
from clinicctl.results.journal import JournalStep
from clinicctl.results.people import Candidate, Patient, PatientBrief

MOST_RUNS = 6
"""The most days or ranges of days that a sentence names."""


def day(on: date) -> str:
    """Return a date with its weekday."""
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[on.weekday()]} {on.isoformat()}"


def about(at: datetime | None) -> str:
    """Return an estimated time."""
    return f"~{at:%H:%M}" if at is not None else ""


def days(dates: Sequence[date]) -> str:
    """Return dates in order, consecutive ones as a range."""
    runs: list[list[date]] = []
    for on in dates:
        if runs and on - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(on)
        else:
            runs.append([on])
    parts = [day(run[0]) + (f" to {day(run[-1])}" if len(run) > 1 else "") for run in runs[:MOST_RUNS]]
    more = sum(len(run) for run in runs[MOST_RUNS:])
    return ", ".join(parts) + (f" and {count(more, 'more day')}" if more else "")


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def patient(each: PatientBrief | Candidate) -> str:
    """Return a patient as number and name."""
    return f"{each.number} {each.name}"


def people(listed: Sequence[PatientBrief | Candidate], total: int) -> str:
    """Return the listed people, and how many more there are."""
    more = [f"and {total - len(listed)} more"] if total > len(listed) else []
    return ", ".join([*map(patient, listed), *more])


def step(each: JournalStep) -> str:
    """Return the change of an appointment, or else of its queue entry."""
    before, after = each.from_status, each.to_status
    if before == after and each.queue_to:
        before, after = each.queue_from, each.queue_to
    elif before == after:
        return f"{each.appointment} gets its earlier time"
    start = f"{errors.status_label(before)} → " if before else ""
    return f"{each.appointment} {start}{errors.status_label(after)}"


def state_after(each: JournalStep) -> str:
    """Return the state that an undo restored."""
    if each.from_status == each.to_status and not each.queue_to:
        return "back at its earlier time"
    state = each.queue_to or each.to_status
    label = errors.status_label(state)
    if state in ("left", "no_show"):
        return f"marked as {label} again"
    return label if state == "cancelled" else f"{label} again"


def closed_entries(entries: Sequence[str]) -> str:
    """Return the sentence on waitlist entries that a booking has closed."""
    return f" Closed on the waitlist: {', '.join(entries)}." if entries else ""


def birth(patient: Patient) -> str:
    """Return the birth date of a patient, or the age if only that is known."""
    if patient.born:
        return patient.born.isoformat()
    if patient.age_months is not None:
        return f"age {count(patient.age_months, 'month')}"
    return f"age {patient.age}" if patient.age is not None else ""
