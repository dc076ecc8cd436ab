"""Sentences about the journal and undo."""

from collections.abc import Callable
from typing import Any

from clinicctl import errors
from clinicctl.render.messages.base import Report
from clinicctl.render.phrases import count, patient, state_after, step
from clinicctl.results.appointments import Appointment, Undoing, Undone
from clinicctl.results.journal import JournalChecked
from clinicctl.results.people import PatientBrief

FEW = 6
"""The most appointments of an undo that a sentence names."""


def _verified(each: JournalChecked, _command: str) -> Report:
    anchored = " The anchor is one of them." if each.anchored else ""
    return Report("Verified", "verify", f"{count(each.writes, 'journal row')}.{anchored} Last hash: {each.head}.")


def _undone(each: Undone, _command: str) -> Report:
    end = f'"{each.command}" (write {each.undoes}): {_restored_states(each)}.'
    return Report("Undid", "undo", end)


def undo_question(each: Undoing, *, names: bool = True) -> str:
    """Return the question before an undo.

    Without `names` it is a statement with numbers only.
    """
    write = f"Write {each.undoes} ({each.command} by {each.actor}, {each.at:%Y-%m-%d %H:%M}) is {each.ask}."
    changes = {one.appointment: step(one) for one in each.steps}
    who = patient if names else _number
    found = _in_words(
        each, lambda one: f"{who(one.patient)}, {changes.get(one.number) or f'{one.number} is {_label(one)}'}", who
    )
    preview = f"{write} Undo would change: {found}."
    return f"{preview} Undo it?" if names else preview


def _restored_states(each: Undone) -> str:
    states = {one.appointment: state_after(one) for one in each.steps}
    return _in_words(
        each, lambda one: f"{patient(one.patient)} ({one.number}) is {states.get(one.number) or _label(one)}", patient
    )


def _label(each: Appointment) -> str:
    return errors.status_label(each.status)


def _number(each: PatientBrief) -> str:
    return each.number


def _in_words(each: Undone, describe: Callable[[Appointment], str], who: Callable[[PatientBrief], str]) -> str:
    """Return the restored days, the two patients, and the first appointments."""
    parts = [f"days of {', '.join(each.doctors)} as before ({each.days})"] if each.doctors else []
    if each.separated:
        parts.append(_separated(each, " and ".join(map(who, each.separated))))
    elif each.patients:
        parts.append(f"{' and '.join(each.patients)} may be one person")
    parts += [describe(one) for one in each.appointments[:FEW]]
    if len(each.appointments) > FEW:
        parts.append(f"and {len(each.appointments) - FEW} more")
    return "; ".join(parts) or "nothing"


def _separated(each: Undone, pair: str) -> str:
    """Return what an undone merge moves back."""
    moved = [count(each.moved_back, "appointment")]
    if each.waitlist_entries:
        moved.append(count(each.waitlist_entries, "waitlist entry", "waitlist entries"))
    return f"{pair} are two patients again: {' and '.join(moved)} moved back"


REPORTS: dict[type, Callable[[Any, str], Report]] = {
    JournalChecked: _verified,
    Undone: _undone,
}
