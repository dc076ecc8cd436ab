"""Sentences that report what a write did, or what it would do."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from clinicctl import errors
from clinicctl.render.phrases import closed_entries, count, day, days, patient, people, state_after, step
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
from clinicctl.results.days import Closed, Day, WeekDay
from clinicctl.results.imports import DoctorDiff, ImportedPatients
from clinicctl.results.journal import JournalChecked
from clinicctl.results.people import Doctor, Edited, Erased, Merged, Patient, Registered

FEW = 6
"""The most appointments of an undo that a sentence names."""


class Report(NamedTuple):
    """A report on a write: its beginning, its beginning in a dry run, the rest."""

    done: str
    dry: str
    rest: str


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
    return f"{verb} {count(len(changed), noun)} of {changed[0].doctor}. {mark(outcome)}".rstrip()


def tally(outcome: Outcome) -> str:
    """Return the counts of an import as a sentence."""
    counts = {each: getattr(outcome.result, each, 0) for each in ("added", "changed", "removed", "refused")}
    parts = [f"{number} {each}" for each, number in counts.items() if number]
    cancelled = len(getattr(outcome.result, "cancelled", ()))
    parts += [f"{cancelled} cancelled by the clinic (please call)"] if cancelled else []
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


# Patients and doctors


def _registered(each: Registered, _command: str) -> Report:
    phone = f", {each.phone}" if each.phone else ""
    sharing = people(each.shares_phone_with, each.shares_phone_with_count)
    shared = f"; shares the phone with {sharing}" if sharing else ""
    notices = [f"Filled in: {', '.join(each.filled)}."] if each.filled else []
    if each.not_taken:
        names = ", ".join(each.not_taken)
        notices.append(
            f"Not applied, because the record differs: {names} (see `clinicctl patient edit {each.number}`)."
        )
    if each.phone_shared_by_many:
        notices.append("Too many patients share this phone, so it was not used to identify the patient.")
    notices += _similar(each)
    rest = " ".join([f"{patient_line(each)}{phone}{shared}{_unverified(each)}.", *notices])
    return Report("Registered", "register", rest) if each.created else Report("Already on file:", "find on file:", rest)


def patient_line(each: Patient) -> str:
    """Return a patient on file as number and name."""
    return f"{each.number} {each.name}"


def _unverified(each: Patient) -> str:
    return "; the phone is not valid for its region and was accepted unverified" if each.phone_unverified else ""


_PATIENT_VERBS = {"patient archive": ("Archived", "archive"), "patient restore": ("Restored", "restore")}


def _patient(each: Patient, command: str) -> Report:
    done, dry = _PATIENT_VERBS.get(command, ("Changed", "change"))
    return Report(done, dry, " ".join([f"{patient_line(each)}{_unverified(each)}.", *_similar(each)]))


def _similar(each: Patient) -> list[str]:
    """Return similar patients on file, and the command that merges them."""
    if not isinstance(each, Registered | Edited) or not each.similar_on_file:
        return []
    who = people(each.similar_on_file, each.similar_on_file_count)
    into, merged = sorted((each.number, each.similar_on_file[0].number), key=lambda number: int(number[1:]))
    return [f"Possible match: {who}. To merge: `clinicctl patient merge {merged} --into {into}`."]


def _merged(each: Merged, _command: str) -> Report:
    moved = f"{count(each.appointments, 'appointment')} and "
    moved += f"{count(each.waitlist_entries, 'waitlist entry', 'waitlist entries')} moved"
    doubled = ", ".join(each.waitlist_removed)
    removed = f"; removed {doubled}, because an older entry covers the same days" if doubled else ""
    taken = f" Copied: {', '.join(each.taken_over)}." if each.taken_over else ""
    different = f" Left with {each.merged}, because different: {', '.join(each.kept)}." if each.kept else ""
    who = f"{each.merged} into {patient_line(each.patient)}"
    return Report("Merged", "merge", f"{who}: {moved}{removed}.{taken}{different}")


def _erased(each: Erased, _command: str) -> Report:
    others = f" and {', '.join(each.numbers[1:])}" if each.numbers[1:] else ""
    left = count(each.appointments, "appointment")
    verb = "remains" if each.appointments == 1 else "remain"
    return Report("Erased", "erase", f"{each.patient.number}{others}. {left} {verb}, without a name.")


_DOCTOR_VERBS = {
    "doctor add": ("Added", "add"),
    "doctor archive": ("Archived", "archive"),
    "doctor restore": ("Restored", "restore"),
}


def _doctor(each: Doctor, command: str) -> Report:
    done, dry = _DOCTOR_VERBS.get(command, ("Changed", "change"))
    return Report(done, dry, f"doctor {each.code} {each.name}, {count(each.capacity, 'slot')} a day.")


# Appointments and the waitlist


_APPOINTMENT_VERBS = {"cancelled": ("Cancelled", "cancel"), "no_show": ("Marked as no-show:", "mark as no-show:")}


def _appointment(each: Appointment, command: str) -> Report:
    line = _appointment_line(each)
    if command == "appointment edit":
        return Report("Changed", "change", line)
    if each.status == "booked" and each.moved_from:
        return Report("Moved", "move", f"{each.moved_from} to {line}")
    done, dry = _APPOINTMENT_VERBS.get(each.status, ("Booked", "book"))
    return Report(done, dry, line)


def _appointment_line(each: Appointment) -> str:
    at = f" at {each.time:%H:%M}" if each.time else ""
    over = ", above the capacity" if each.overbooked else ""
    where = f"with {each.doctor.code} on {day(each.date)}{at}, slot {each.slot}{over}"
    return f"{each.number}: {patient(each.patient)} {where}."


def _booked(each: Booked, command: str) -> Report:
    found = _appointment(each, command)
    return found._replace(rest=found.rest + closed_entries(each.waitlist_closed))


def _cancelled(each: Cancelled, command: str) -> Report:
    found = _appointment(each, command)
    if each.promoted is None:
        return found._replace(rest=f"{found.rest} Nobody on the waitlist fits the free slot.")
    return found._replace(rest=f"{found.rest} Booked {_booked(each.promoted, command).rest}")


def _waitlist_entry(each: WaitlistEntry, _command: str) -> Report:
    line = f"{patient(each.patient)} for {each.doctor.code}, {days(each.days)}."
    if each.status == "removed":
        return Report(f"Removed {each.number} from the waitlist:", f"remove {each.number} from the waitlist:", line)
    return Report(f"Added {each.number} to the waitlist:", f"add {each.number} to the waitlist:", line)


def _waiting(each: Waiting, command: str) -> Report:
    found = _waitlist_entry(each, command)
    if not each.free_now:
        return found
    book = f"clinicctl book {each.patient.number} {each.doctor.code} {each.free_now[0]}"
    return found._replace(rest=f"{found.rest} A slot is free now on {days(each.free_now)}: `{book}`.")


# The queue


def _checked_in(each: CheckedIn, _command: str) -> Report:
    booked = each.appointment
    code = booked.queue_doctor or booked.doctor.code
    ahead = {0: "nobody is", 1: "1 person is"}.get(each.people_ahead, f"{each.people_ahead} people are")
    line = f"{patient(booked.patient)} with {code}: position {each.position}, {ahead} ahead ({booked.number})."
    return Report("Checked in", "check in", f"{line}{closed_entries(each.waitlist_closed)}")


_QUEUE_VERBS = {
    "called": ("Called:", "call:"),
    "serving": ("Started:", "start:"),
    "done": ("Finished:", "finish:"),
    "skipped": ("Skipped:", "skip:"),
    "held": ("On hold:", "hold:"),
    "left": ("Marked as left:", "mark as left:"),
    "waiting": ("Waiting:", "queue:"),
}


def _queued(each: QueueEntry, command: str) -> Report:
    who = patient(each.patient)
    on = f" on {day(each.date)}" if each.earlier else ""
    place = f"({each.doctor}{on}, position {each.position}, {each.appointment.number})"
    done, dry = _QUEUE_VERBS[each.status]
    line = f"{who} {place}."
    if each.status == "serving":
        line = f"{who} is with {each.doctor} (position {each.position}{on}, {each.appointment.number})."
    elif command == "queue transfer":
        done, dry = f"Transferred to {each.doctor}:", f"transfer to {each.doctor}:"
        line = f"{who}, position {each.position}{on} ({each.appointment.number})."
    elif command == "queue priority":
        done, dry = f"Priority {each.priority}:", f"set priority {each.priority}:"
        wait = "waits for" if each.status == "waiting" else "is in the queue of"
        line = f"{who} {wait} {each.doctor} at position {each.position}{on}."
    elif command == "queue recall":
        done, dry = "Waiting again:", "let wait again:"
        line = f"{who} {place}, behind everyone now waiting."
    elif command == "queue resume":
        done, dry = "Waiting again:", "let wait again:"
    return Report(done, dry, line + _passed_over(each))


def _passed_over(each: QueueEntry) -> str:
    if not isinstance(each, Called) or not each.passed_over:
        return ""
    others = (f"position {one.position} (in consultation with {one.with_doctor})" for one in each.passed_over)
    return f" Passed over: {', '.join(others)}."


def _closed(each: Closed, _command: str) -> Report:
    parts = ((each.no_show, "no-show"), (each.left, "left"), (each.completed, "completed"))
    changes = "; ".join(f"{len(numbers)} {word} ({', '.join(numbers)})" for numbers, word in parts if numbers)
    return Report("Closed", "close", f"{day(each.date)}: {changes or 'nothing was open'}.")


# The journal and undo


def _verified(each: JournalChecked, _command: str) -> Report:
    anchored = " The anchor is one of them." if each.anchored else ""
    return Report("Verified", "verify", f"{count(each.writes, 'journal row')}.{anchored} Last hash: {each.head}.")


def _undone(each: Undone, _command: str) -> Report:
    end = f'"{each.command}" (write {each.undoes}): {_restored_states(each)}.'
    return Report("Undid", "undo", end)


def undo_question(each: Undoing, *, names: bool) -> str:
    """Return the question before an undo.

    Without `names` it is a statement with numbers only.
    """
    write = f"Write {each.undoes} ({each.command} by {each.actor}, {each.at:%Y-%m-%d %H:%M}) is {each.ask}."
    changes = {one.appointment: step(one) for one in each.steps}
    found = _by_appointment(
        each,
        lambda one: (
            f"{patient(one.patient) if names else one.patient.number}, "
            f"{changes.get(one.number) or f'{one.number} is {errors.status_label(one.status)}'}"
        ),
    )
    preview = f"{write} Undo would change: {found}."
    return f"{preview} Undo it?" if names else preview


def _restored_states(each: Undone) -> str:
    states = {one.appointment: state_after(one) for one in each.steps}
    return _by_appointment(
        each,
        lambda one: (
            f"{patient(one.patient)} ({one.number}) is {states.get(one.number) or errors.status_label(one.status)}"
        ),
    )


def _by_appointment(each: Undone, describe: Callable[[Appointment], str]) -> str:
    """Return the restored days, and the first appointments."""
    parts = [f"days of {', '.join(each.doctors)} as before ({each.days})"] if each.doctors else []
    parts += [describe(one) for one in each.appointments[:FEW]]
    if len(each.appointments) > FEW:
        parts.append(f"and {len(each.appointments) - FEW} more")
    return "; ".join(parts) or "nothing"


# The clinic and the database


def _clinic(each: Clinic, _command: str) -> Report:
    region = f"phone region {each.region}" if each.region else "no phone region"
    line = f"{each.path}: {each.name}, {each.timezone}, {region}, {count(each.capacity, 'slot')} a day."
    return Report("Created", "create", line) if each.created else Report("Already exists:", "find", line)


def _repaired(each: Repaired, _command: str) -> Report:
    copy = f" Copy of the database before the repair: {each.copy}." if each.copy else ""
    total = count(len(each.mended) + len(each.left), "problem")
    return Report("Repaired", "repair", f"{len(each.mended)} of {total}.{copy}")


def _backed_up(each: BackedUp, _command: str) -> Report:
    removed = f" Removed {count(len(each.removed), 'older backup')}." if each.removed else ""
    size = f"{each.bytes} bytes, {count(each.number, 'write')}, journal head {each.head}"
    return Report("Backed up", "back up", f"to {each.path}: {size}.{removed}")


def _restored(each: Restored, _command: str) -> Report:
    previous = f" Previous database: {each.replaced}." if each.replaced else ""
    older = f", migrated from schema {each.found}" if each.found != each.schema else ""
    size = f"{count(each.patients, 'patient')}, {count(each.appointments, 'appointment')}, "
    size += f"{count(each.number, 'write')}{older}"
    return Report("Restored", "restore", f"{each.path} from {each.file}: {size}.{previous}")


def _migrated(each: Migrated, _command: str) -> Report:
    if each.found == each.schema:
        return Report("Nothing to migrate:", "change nothing:", f"{each.path} already has schema {each.schema}.")
    copy = f" Copy of the database before the migration: {each.copy}." if each.copy else ""
    return Report("Migrated", "migrate", f"{each.path} from schema {each.found} to {each.schema}.{copy}")


def _compacted(each: Compacted, _command: str) -> Report:
    return Report("Compacted", "compact", f"{each.path} from {each.before} to {each.after} bytes.")


def _setting(each: Setting, _command: str) -> Report:
    return Report("Set", "set", f"{each.name} to {each.value}.")


_REPORTS: dict[type, Callable[[Any, str], Report]] = {
    Registered: _registered,
    Edited: _patient,
    Patient: _patient,
    Doctor: _doctor,
    Appointment: _appointment,
    Booked: _booked,
    Cancelled: _cancelled,
    Closed: _closed,
    Merged: _merged,
    Erased: _erased,
    JournalChecked: _verified,
    Undone: _undone,
    WaitlistEntry: _waitlist_entry,
    Waiting: _waiting,
    CheckedIn: _checked_in,
    QueueEntry: _queued,
    Called: _queued,
    Clinic: _clinic,
    Repaired: _repaired,
    BackedUp: _backed_up,
    Restored: _restored,
    Migrated: _migrated,
    Compacted: _compacted,
    Setting: _setting,
}
