"""Sentences that report what a write did, or what it would do."""

from collections.abc import Callable, Sequence
from typing import Any

from clinicctl.render.messages import clinic, database, journal, outbox, people, users, visits
from clinicctl.render.messages.base import Report
from clinicctl.render.messages.clinic import holidays
from clinicctl.render.messages.journal import undo_question
from clinicctl.render.messages.visits import cancel_question, coming_series, series_title
from clinicctl.render.phrases import count, day
from clinicctl.results.base import Outcome
from clinicctl.results.days import Day, WeekDay
from clinicctl.results.imports import DoctorDiff, ImportedPatients

__all__ = [
    "availability",
    "cancel_question",
    "coming_series",
    "doctor_summary",
    "has",
    "holidays",
    "mark",
    "report",
    "series_title",
    "tally",
    "undo_question",
]

_REPORTS: dict[type, Callable[[Any, str], Report]] = {
    **people.REPORTS,
    **visits.REPORTS,
    **journal.REPORTS,
    **database.REPORTS,
    **clinic.REPORTS,
    **users.REPORTS,
    **outbox.REPORTS,
}


def has(result: Any) -> bool:
    """Return whether there is a sentence for this kind of result."""
    return type(result) in _REPORTS


def report(result: Any, outcome: Outcome, *, command: str = "") -> str:
    """Return the sentence of a write.

    The command tells apart operations with the same kind of result.
    """
    found = _REPORTS[type(result)](result, command)
    start = f"Would {found.dry}" if outcome.dry_run else found.done
    return f"{start} {found.rest} {mark(outcome)}".rstrip()


def mark(outcome: Outcome) -> str:
    """Return the note on a replay or a dry run."""
    if outcome.replayed:
        return "(Already done with this key.)"
    return "(Dry run: nothing was written.)" if outcome.dry_run else ""


def availability(changed: Sequence[Day | WeekDay], outcome: Outcome) -> str:
    """Return the sentence of a write that set days or weekdays."""
    verb = "Would set" if outcome.dry_run else "Set"
    noun = "day" if isinstance(changed[0], Day) else "weekday"
    doctors = list(dict.fromkeys(each.doctor for each in changed))
    whose = doctors[0] if len(doctors) == 1 else f"{len(doctors)} doctors"
    return f"{verb} {count(len(changed), noun)} of {whose}. {mark(outcome)}".rstrip()


def tally(outcome: Outcome) -> str:
    """Return the counts of an import as a sentence."""
    counts = {each: getattr(outcome.result, each, 0) for each in ("added", "changed", "removed", "refused")}
    parts = [f"{number} {each}" for each, number in counts.items() if number]
    cancelled = len(getattr(outcome.result, "cancelled", ()))
    parts += [f"{cancelled} cancelled by the clinic (please call)"] if cancelled else []
    moved = len(getattr(outcome.result, "moved", ()))
    parts += [f"{moved} moved to another time (please call)"] if moved else []
    parts = parts or ["nothing new"]
    parts += [f"{outcome.result.unchanged} unchanged"] if outcome.result.unchanged else []
    return " ".join([f"{', '.join(parts)}.", *_import_notices(outcome.result), mark(outcome)]).rstrip()


def _import_notices(result: Any) -> list[str]:
    """Return what deserves a look, although no row was refused for it."""
    rows = result.rows if isinstance(result, ImportedPatients) else ()
    similar = sum(each.similar_on_file_count > 0 for each in rows)
    different = sum(bool(each.not_taken) for each in rows)
    found = (
        [f"{similar} with a similar patient on another phone: see `clinicctl patient duplicates`."] if similar else []
    )
    return found + ([f"{different} with details not applied, because the record differs."] if different else [])


def doctor_summary(each: DoctorDiff) -> str:
    """Return the doctor, the days of an import, and the number of unchanged days."""
    span = day(each.first) + (f" to {day(each.last)}" if each.last != each.first else "")
    return f"{each.doctor}, {span}{f': {each.unchanged} unchanged' if each.unchanged else ''}"
