"""Sentences about patients and doctors."""

from collections.abc import Callable
from typing import Any

from clinicctl.render.messages.base import Report
from clinicctl.render.phrases import count, patient, people
from clinicctl.results.people import Distinct, Doctor, Edited, Erased, Merged, Patient, Registered


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
        notices.append(f"{each.shares_phone_with_count + 1:,} patients share this phone: it does not identify anybody.")
    if each.name_shared_by_many:
        notices.append("Many patients have this name: without more, it does not identify anybody.")
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
    """Return similar patients on file, and the commands that merge or separate them."""
    if not isinstance(each, Registered | Edited) or not each.similar_on_file:
        return []
    who = people(each.similar_on_file, each.similar_on_file_count)
    into, merged = sorted((each.number, each.similar_on_file[0].number), key=lambda number: int(number[1:]))
    why = f" ({each.similar_on_file[0].why})" if each.similar_on_file_count == 1 and each.similar_on_file[0].why else ""
    merge, distinct = f"clinicctl patient merge {merged} --into {into}", f"clinicctl patient distinct {into} {merged}"
    return [f"Possible match: {who}{why}. To merge: `{merge}`. If they are two people: `{distinct}`."]


def _merged(each: Merged, _command: str) -> Report:
    moved = f"{count(each.appointments, 'appointment')} and "
    moved += f"{count(each.waitlist_entries, 'waitlist entry', 'waitlist entries')} moved"
    doubled = ", ".join(each.waitlist_removed)
    removed = f"; removed {doubled}, because an older entry covers the same days" if doubled else ""
    taken = f" Copied: {', '.join(each.taken_over)}." if each.taken_over else ""
    different = f" Left with {each.merged}, because different: {', '.join(each.kept)}." if each.kept else ""
    who = f"{each.merged} into {patient_line(each.patient)}"
    return Report("Merged", "merge", f"{who}: {moved}{removed}.{taken}{different}")


def _distinct(each: Distinct, _command: str) -> Report:
    who = f"{patient(each.one)} and {patient(each.other)} are two people"
    line = f"{who}." if each.created else f"{who}, as recorded before."
    return Report("Recorded:", "record:", line)


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


REPORTS: dict[type, Callable[[Any, str], Report]] = {
    Registered: _registered,
    Edited: _patient,
    Patient: _patient,
    Doctor: _doctor,
    Merged: _merged,
    Erased: _erased,
    Distinct: _distinct,
}
