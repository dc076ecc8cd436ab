"""Sentences: what a write did, as a verb in the past and what it was done to."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from clinicctl.results.appointments import (
    Appointment,
    Booked,
    Called,
    Cancelled,
    CheckedIn,
    QueueEntry,
    Undoing,
    Undone,
    Waiting,
    WaitlistEntry,
)
from clinicctl.results.base import Outcome
from clinicctl.results.clinic import Clinic, Setting
from clinicctl.results.database import BackedUp, Compacted, Migrated, Repaired, Restored
from clinicctl.results.days import Closed
from clinicctl.results.imports import DoctorDiff, ImportedPatients
from clinicctl.results.journal import JournalChecked, JournalStep
from clinicctl.results.people import Candidate, Doctor, Edited, Erased, Merged, Patient, PatientBrief, Registered

MOST_RUNS = 6
"""So many separate days, or ranges of them, are named."""

FEW = 6
"""So many appointments of an undo are named."""


def has(facts: Any) -> bool:
    """Whether there is a sentence for this kind of result."""
    return type(facts) in _SENTENCES


def said(facts: Any, outcome: Outcome) -> str:
    """Return the sentence of a write; of one that was only tried, what it would have done."""
    verb, rest = _SENTENCES[type(facts)](facts)
    sentence = f"Would have {verb} {rest}" if outcome.dry_run else f"{verb.capitalize()} {rest}"
    return f"{sentence} {mark(outcome)}".rstrip()


def mark(outcome: Outcome) -> str:
    """Return what sets an outcome apart: a replay or a dry run."""
    if outcome.replayed:
        return "(Done before, by the same key.)"
    return "(Dry run: this is what would be; nothing was written.)" if outcome.dry_run else ""


def tally(outcome: Outcome) -> str:
    """Return how many rows of a file came to what, as a sentence."""
    counts = {each: getattr(outcome.result, each, 0) for each in ("added", "changed", "removed", "refused")}
    parts = [f"{count} {each}" for each, count in counts.items() if count]
    cancelled = len(getattr(outcome.result, "cancelled", ()))
    parts += [f"{cancelled} cancelled by the clinic and to be phoned"] if cancelled else []
    parts = parts or ["nothing new"]
    parts += [f"{outcome.result.unchanged} unchanged"] if outcome.result.unchanged else []
    return " ".join([f"{', '.join(parts)}.", *_notices(outcome.result), mark(outcome)]).rstrip()


def _notices(facts: Any) -> list[str]:
    """What a file of patients met that somebody should look at, though no row was refused for it."""
    rows = facts.rows if isinstance(facts, ImportedPatients) else ()
    similar = sum(each.similar_on_file_count > 0 for each in rows)
    kept = sum(bool(each.not_taken) for each in rows)
    found = [f"{similar} with a namesake on another phone: see `clinicctl patient duplicates`."] if similar else []
    return found + ([f"{kept} with details not taken, because the record differs."] if kept else [])


def days_of(each: DoctorDiff) -> str:
    """Return whose days, and which, a file was about, and how much of it changes nothing."""
    span = day(each.first) + (f" to {day(each.last)}" if each.last != each.first else "")
    return f"{each.doctor}, {span}{f': {each.unchanged} unchanged' if each.unchanged else ''}"


def day(on: date) -> str:
    """Return a date with its weekday."""
    return f"{('Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun')[on.weekday()]} {on.isoformat()}"


def days(dates: Sequence[date]) -> str:
    """Return dates in order, those that follow each other as a range."""
    runs: list[list[date]] = []
    for on in dates:
        if runs and on - runs[-1][-1] == timedelta(days=1):
            runs[-1].append(on)
        else:
            runs.append([on])
    said = [day(run[0]) + (f" to {day(run[-1])}" if len(run) > 1 else "") for run in runs[:MOST_RUNS]]
    more = sum(len(run) for run in runs[MOST_RUNS:])
    return ", ".join(said) + (f" and {more} more days" if more > 1 else " and 1 more day" if more else "")


def patient(each: PatientBrief) -> str:
    """Return a patient as number and name."""
    return f"{each.number} {each.name}"


def step(each: JournalStep) -> str:
    """Return what became of an appointment, and of its place in the queue where nothing became of it otherwise."""
    before, after = each.from_status, each.to_status
    if before == after and each.queue_to:
        before, after = each.queue_from, each.queue_to
    return f"{each.appointment} {f'{before} → ' if before else ''}{after}".replace("_", " ")


def _registered(each: Registered) -> tuple[str, str]:
    phone = f", {each.phone}" if each.phone else ""
    sharing = _people(each.shares_phone_with, each.shares_phone_with_count)
    shared = f"; shares the phone with {sharing}" if sharing else ""
    notices = [f"Filled: {', '.join(each.filled)}."] if each.filled else []
    if each.not_taken:
        what = ", ".join(each.not_taken)
        notices.append(f"Not taken, because the record differs: {what} (see `clinicctl patient edit {each.number}`).")
    if each.phone_shared_by_many:
        notices.append("So many share this phone that it identifies nobody; it counted as none.")
    notices += _similar(each)
    return (
        "registered" if each.created else "found on file",
        " ".join([f"{each.number} {each.name}{phone}{shared}{_unverified(each)}.", *notices]),
    )


def _unverified(each: Patient) -> str:
    return "; the phone is not valid for its region and was taken unverified" if each.phone_unverified else ""


def _edited(each: Edited) -> tuple[str, str]:
    return "changed", " ".join([f"{each.number} {each.name}{_unverified(each)}.", *_similar(each)])


def _similar(each: Registered | Edited) -> list[str]:
    """Who on file may be the same person, and how to make one of two."""
    if not each.similar_on_file:
        return []
    who = _people(each.similar_on_file, each.similar_on_file_count)
    stays, gone = sorted((each.number, each.similar_on_file[0].number), key=lambda number: int(number[1:]))
    return [f"Perhaps the same person: {who}. If so: `clinicctl patient merge {gone} --into {stays}`."]


def _people(listed: Sequence[PatientBrief | Candidate], count: int) -> str:
    """Those who are listed, and how many more there are."""
    more = [f"and {count - len(listed)} more"] if count > len(listed) else []
    return ", ".join([*(f"{each.number} {each.name}" for each in listed), *more])


def _appointment(each: Appointment) -> tuple[str, str]:
    at = f" at {each.time:%H:%M}" if each.time else ""
    what = (
        f"{each.number}: {patient(each.patient)} with {each.doctor.code} on {day(each.date)}{at}, slot {each.slot}"
        f"{', above the capacity' if each.overbooked else ''}."
    )
    if each.status == "booked" and each.moved_from:
        return "moved", f"{each.moved_from} to {what}"
    return {"cancelled": "cancelled", "no_show": "noted as no-show"}.get(each.status, "booked"), what


def _booked(each: Booked) -> tuple[str, str]:
    verb, what = _appointment(each)
    return verb, what + _waits_closed(each.waitlist_closed)


def _waits_closed(entries: Sequence[str]) -> str:
    return f" Closed on the waitlist: {', '.join(entries)}." if entries else ""


def _cancelled(each: Cancelled) -> tuple[str, str]:
    verb, what = _appointment(each)
    other = f" Booked {_booked(each.promoted)[1]}" if each.promoted else " Nobody on the waitlist fits."
    return verb, what + other


def _checked_in(each: CheckedIn) -> tuple[str, str]:
    ahead = {0: "nobody is ahead", 1: "1 person is ahead"}.get(
        each.people_ahead, f"{each.people_ahead} people are ahead"
    )
    booked = each.appointment
    code = booked.queue_doctor or booked.doctor.code
    return (
        "checked in",
        f"{patient(booked.patient)} with {code}: position {each.position}, {ahead} ({booked.number})."
        f"{_waits_closed(each.waitlist_closed)}",
    )


def _queued(each: QueueEntry) -> tuple[str, str]:
    verb = {
        "called": "called",
        "serving": "begun",
        "done": "ended",
        "skipped": "skipped",
        "held": "held",
        "waiting": "put among those waiting",
        "left": "noted as left",
    }[each.status]
    if each.priority:
        verb = f"{verb} (priority {each.priority})"
    on = f" on {day(each.date)}" if each.earlier else ""
    what = f"position {each.position} of {each.doctor}{on}: {patient(each.patient)} ({each.appointment.number})."
    return verb, what + _passed_over(each)


def _passed_over(each: QueueEntry) -> str:
    if not isinstance(each, Called) or not each.passed_over:
        return ""
    others = (f"position {one.position} (in consultation with {one.with_doctor})" for one in each.passed_over)
    return f" Passed over: {', '.join(others)}."


def _clinic(each: Clinic) -> tuple[str, str]:
    facts = f"{each.name}, {each.timezone}, phones of {each.region or 'no region'}, {each.capacity} slots a day."
    return ("created" if each.created else "found"), f"{each.path}: {facts}"


def _closed(each: Closed) -> tuple[str, str]:
    parts = ((each.no_show, "no-show"), (each.left, "left"), (each.completed, "completed"))
    said = "; ".join(f"{len(numbers)} {word} ({', '.join(numbers)})" for numbers, word in parts if numbers)
    return "closed", f"{day(each.date)}: {said or 'nothing was open'}."


def _merged(each: Merged) -> tuple[str, str]:
    who = f"{each.merged} into {each.patient.number} {each.patient.name}"
    entries = "1 waitlist entry" if each.waitlist_entries == 1 else f"{each.waitlist_entries} waitlist entries"
    moved = f"{each.appointments} appointment{'s' * (each.appointments != 1)} and {entries} moved"
    doubled = ", ".join(each.waitlist_removed)
    removed = f"; removed {doubled}, because an older entry asks for the same" if doubled else ""
    taken = f" Taken over: {', '.join(each.taken_over)}." if each.taken_over else ""
    kept = f" Kept with {each.merged}, because different: {', '.join(each.kept)}." if each.kept else ""
    return "merged", f"{who}: {moved}{removed}.{taken}{kept}"


def _erased(each: Erased) -> tuple[str, str]:
    others = f" with {', '.join(each.numbers[1:])}" if each.numbers[1:] else ""
    return "erased", f"{each.patient.number}{others}: {each.appointments} appointments stay as numbers."


def _verified(each: JournalChecked) -> tuple[str, str]:
    anchored = " The anchor is one of them." if each.anchored else ""
    return "verified", f"{each.writes} rows of the journal.{anchored} The last one's hash is {each.head}."


def _undone(each: Undone) -> tuple[str, str]:
    return "undone", f"write {each.undoes} ({each.command}): {_taken_back(each)}."


def undoing(each: Undoing, *, names: bool) -> str:
    """Return the question before an undo; without `names` only what it would undo, by numbers."""
    write = f"Write {each.undoes} ({each.command} by {each.actor}, {each.at:%Y-%m-%d %H:%M}) is {each.ask}."
    said = f"{write} Undo would change: {_taken_back(each, names=names)}."
    return f"{said} Undo it?" if names else said


def _taken_back(each: Undone, *, names: bool = True) -> str:
    """What becomes of each appointment, with its patient, and of the days."""
    became = {one.appointment: one for one in each.steps}
    parts = [f"days of {', '.join(each.doctors)} as before ({each.days})"] if each.doctors else []
    for one in each.appointments[:FEW]:
        who = patient(one.patient) if names else one.patient.number
        taken = became.get(one.number)
        became_of_it = step(taken) if taken else f"{one.number} is {one.status.replace('_', ' ')}"
        parts.append(f"{who}, {became_of_it}")
    if len(each.appointments) > FEW:
        parts.append(f"and {len(each.appointments) - FEW} more")
    return "; ".join(parts) or "nothing"


def _waits(each: WaitlistEntry) -> tuple[str, str]:
    verb = {"waiting": "noted", "removed": "removed"}.get(each.status, each.status)
    return verb, f"{each.number}: {patient(each.patient)} for {each.doctor.code}, {days(each.days)}."


def _waiting(each: Waiting) -> tuple[str, str]:
    verb, what = _waits(each)
    if not each.free_now:
        return verb, what
    command = f"clinicctl book {each.patient.number} {each.doctor.code} {each.free_now[0]}"
    return verb, f"{what} A place is free now on {days(each.free_now)}: `{command}`."


def _repaired(each: Repaired) -> tuple[str, str]:
    kept = f"; as it was, it stands in {each.copy}" if each.copy else ""
    return "mended", f"{len(each.mended)} of {len(each.mended) + len(each.left)} problems{kept}."


def _backed_up(each: BackedUp) -> tuple[str, str]:
    gone = f" Removed {len(each.removed)} older." if each.removed else ""
    return "copied", f"to {each.path}: {each.bytes} bytes, {each.number} writes, journal head {each.head}.{gone}"


def _restored(each: Restored) -> tuple[str, str]:
    kept = f" The one before stands in {each.replaced}." if each.replaced else ""
    older = f", brought up from schema {each.found}" if each.found != each.schema else ""
    what = f"{each.patients} patients, {each.appointments} appointments, {each.number} writes{older}"
    return "restored", f"{each.path} from {each.file}: {what}.{kept}"


def _migrated(each: Migrated) -> tuple[str, str]:
    if each.found == each.schema:
        return "found", f"{each.path} at schema {each.schema} already."
    kept = f" As it was, it stands in {each.copy}." if each.copy else ""
    return "brought up", f"{each.path} from schema {each.found} to {each.schema}.{kept}"


_SENTENCES: dict[type, Callable[[Any], tuple[str, str]]] = {
    Registered: _registered,
    Edited: _edited,
    Patient: lambda each: ("changed", f"{each.number} {each.name}{_unverified(each)}."),
    Doctor: lambda each: ("noted", f"{each.code} {each.name}, {each.capacity} slots a day."),
    Appointment: _appointment,
    Booked: _booked,
    Cancelled: _cancelled,
    Closed: _closed,
    Merged: _merged,
    Erased: _erased,
    JournalChecked: _verified,
    Undone: _undone,
    WaitlistEntry: _waits,
    Waiting: _waiting,
    CheckedIn: _checked_in,
    QueueEntry: _queued,
    Called: _queued,
    Clinic: _clinic,
    Repaired: _repaired,
    BackedUp: _backed_up,
    Restored: _restored,
    Migrated: _migrated,
    Compacted: lambda each: ("compacted", f"{each.path} from {each.before} to {each.after} bytes."),
    Setting: lambda each: ("set", f"{each.name} to {each.value}."),
}
