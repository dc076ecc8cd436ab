"""Every refusal: its code, exit status and sentence, and the facts that go with it.

A refusal is an answer, not a bug: it says what is wrong and what to do. Its sentence is built from its facts, so that
text, JSON and the log say the same. No sentence and no fact here holds a name, a phone, an e-mail or a birth date,
but for the three classes under `AnswerAboutPeople`, whose facts list the people they are about.
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

LONGEST = 40
"""How many characters of the input a message repeats at most."""

_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}")
_LETTERS = re.compile("[^\\W\\d_]+")
_DIGITS = 6
"""A word with more digits than this that is no date may be a phone."""


class Refusal(Exception):
    """The base of the family; `code`, `status` and `sentence` hang on the class, the facts on the instance."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 70
    sentence: ClassVar[str] = "{problem}"
    advice: ClassVar[str | None] = None

    def __init__(self, *, hint: str | None = None, **facts: Any) -> None:
        self.facts = facts
        self.hint = hint or (self.advice.format(**facts) if self.advice else None)
        super().__init__(self.sentence.format(**facts))

    @property
    def details(self) -> dict[str, Any]:
        """The facts a script may act on."""
        return {name: fact for name, fact in self.facts.items() if name != "problem"}


# 1: cancelled at a prompt; 129, 130 and 143: stopped by a signal


class Cancelled(Refusal):
    code, status, sentence = "cancelled", 1, "Cancelled; nothing was written."


class Interrupted(Refusal):
    """The program was asked to stop by a signal. The problem is what stands although it was not answered."""

    def __init__(self, *, problem: str = "") -> None:
        super().__init__(problem=f" {problem}" if problem else "")


class Stopped(Interrupted):
    code, status, sentence = "interrupted", 130, "Interrupted.{problem}"


class Terminated(Interrupted):
    code, status, sentence = "interrupted", 143, "Terminated.{problem}"


class HungUp(Interrupted):
    code, status, sentence = "interrupted", 129, "The terminal was closed.{problem}"


# 2: usage


class Usage(Refusal):
    code, status = "usage", 2


class MoreThanAsked(Refusal):
    """Between the question and the lock it became more: a yes to the few is none to the many."""

    code, status = "usage", 2
    sentence = "It would end {count} appointments, more than were asked about ({asked}); nothing was written."
    advice = "Repeat it, or add --yes."


class OtherThanAsked(Refusal):
    """Another write became the last one before the lock was taken. The confirmation does not apply to it."""

    code, status = "usage", 2
    sentence = "The write to undo is now {found}, no longer {asked}; nothing was written."
    advice = "Repeat it."


class BadValue(Refusal):
    """A value that is not understood. The problem never repeats a personal value."""

    code, status = "invalid_value", 2


# 4: not found


class NotFound(Refusal):
    status = 4


class NoSuchPatient(NotFound):
    code, sentence = "patient_not_found", "No such patient."
    advice = "Look with `clinicctl patient find WORDS`, or use the number (P17)."


class NoSuchDoctor(NotFound):
    code, sentence = "doctor_not_found", "No such doctor."
    advice = "See `clinicctl doctor list`."


class NoSuchAppointment(NotFound):
    code, sentence = "appointment_not_found", "No such appointment."
    advice = "See `clinicctl appointment list`."


class NoAppointmentToday(NotFound):
    code, sentence = "appointment_not_found", "{patient} has no appointment on {date}."
    advice = "Book and check in with one command: `clinicctl walkin {patient} DOCTOR`."


class NoSuchQueueEntry(NotFound):
    code, sentence = "queue_entry_not_found", "The queue of {doctor} on {date} has nobody at position {position}."


class NobodyThere(NotFound):
    code, sentence = "queue_entry_not_found", "Nobody is {status} in the queue of {doctor} on {date}."


class NobodyFree(NotFound):
    code = "queue_entry_not_found"
    sentence = "Everybody who waits for {doctor} ({count}) is with another doctor now."


class NobodyFits(NotFound):
    code, sentence = "waitlist_entry_not_found", "Nobody on the waitlist of {doctor} fits a free place."


class NoSuchWaitlistEntry(NotFound):
    code, sentence = "waitlist_entry_not_found", "No such waitlist entry."
    advice = "See `clinicctl waitlist list`."


class NothingToUndo(NotFound):
    code, sentence = "journal_entry_not_found", "{actor} has written nothing that could be undone."


class NoSuchWrite(NotFound):
    code, sentence = "journal_entry_not_found", "The journal has no write {number}."


class NoSuchSetting(NotFound):
    code = "setting_not_found"


class NoSuchFile(NotFound):
    code, sentence = "file_not_found", "{path}: no such file."


# 5: ambiguous


LISTED = 20
"""How many candidates a refusal lists at most; `candidates_count` is their number."""


class AnswerAboutPeople(Refusal):
    """A refusal whose details list people as `desk.candidates` describes them: never with the whole phone.

    Of `candidates`, the likeliest first, the first ones are kept; `count` says how many there are.
    """

    def __init__(self, *, hint: str | None = None, **facts: Any) -> None:
        if "candidates" in facts:
            facts |= {"candidates": facts["candidates"][:LISTED], "candidates_count": facts["count"]}
        super().__init__(hint=hint, **facts)


class Ambiguous(AnswerAboutPeople):
    code, status, sentence = "ambiguous", 5, "{count} {what} match."
    advice = "Use the number of the one you mean."


class SeveralInQueue(Ambiguous):
    """A step of a queue that does not say which of several patients it is about."""

    sentence = "{count} {what}."


# 6: conflict


class Conflict(Refusal):
    status = 6


class DayFull(Conflict):
    code, sentence = "capacity_full", "{doctor} has no free slot on {date} ({booked} of {capacity})."


class OverbookingLimit(Conflict):
    code = "capacity_full"
    sentence = "{doctor} is overbooked up to the clinic's limit on {date} ({booked} of {capacity} + {limit})."


class AlreadyBooked(Conflict):
    code, sentence = "already_booked", "{patient} has {appointment} with {doctor} on {date} already."
    advice = "Add --again for a second appointment on the same day."


class DuplicateCode(Conflict):
    code, sentence = "duplicate_code", "A doctor with the code {doctor} exists already."


class PossibleDuplicate(Conflict, AnswerAboutPeople):
    code, sentence = "possible_duplicate", "This may be somebody on file ({count})."
    advice = "Add --same-as NUMBER to take the one on file, or --new to register somebody else."


class KeyReused(Conflict):
    code, sentence = "key_reused", "The key was used for another request ({command}, {at})."
    advice = "Use a new key for a new request."


class AlreadyCheckedIn(Conflict):
    """The problem says where the patient is, whatever the status."""

    code, sentence = "already_checked_in", "{appointment} {problem}"


class SecondPlace(Conflict):
    code = "already_checked_in"
    sentence = "{patient} is in the queue of {doctor} already, at position {position} ({appointment})."
    advice = "A patient has one open place in a doctor's queue: end that visit first."


class HasBookings(Conflict, AnswerAboutPeople):
    code, sentence = "has_bookings", "{doctor} has {count} booked where the change leaves no place."
    advice = "Move them first, or use --on-conflict keep, or --on-conflict cancel."


class PatientsHere(Conflict, AnswerAboutPeople):
    """Patients have arrived and wait for the doctor who is taken away. They cannot be cancelled."""

    code = "has_bookings"
    sentence = "The change leaves {count} patients of {doctor} without a doctor; {here} of them are here now."


class HasAppointments(Conflict, AnswerAboutPeople):
    code, sentence = "has_bookings", "{subject} has appointments that are not over ({count})."
    advice = "Cancel or move them first."


class OnWaitlist(Conflict):
    code, sentence = "has_bookings", "{subject} waits on the waitlist ({entries})."
    advice = "Remove the entry first: `clinicctl waitlist remove REF`."


class AlreadyWaiting(Conflict):
    code, sentence = "already_waiting", "{patient} is already waiting for {doctor} on {problem}, with {entry}."
    advice = "Name only other days, or remove the entry first: `clinicctl waitlist remove {entry}`."


class TimeTaken(Conflict):
    code, sentence = "time_taken", "{subject} has {appointment} on {date} at {time} already."
    advice = "Choose another time, or add {flag}."


class WaitedFor(Conflict):
    code, sentence = "has_bookings", "Patients wait for a place with {doctor} ({entries})."
    advice = "Remove the entries first: `clinicctl waitlist remove REF`."


class MergeConflict(Conflict):
    """Both records have something that a patient may have once."""

    code, sentence = "merge_conflict", "{patient} and {into} both {hold}: {places}. One patient can have only one."


class UndoneAlready(Conflict):
    code, sentence = "already_undone", "The write has been undone already."


class Exists(Conflict):
    code, sentence = "exists", "{path} exists already."


class NotReplaced(Conflict):
    code, sentence = "exists", "{path} exists already, and {reason}; it was left as it is."
    advice = "Name another file."


# The same conflicts met by the database itself, which knows the constraint and no more.


class CodeTaken(Conflict):
    code, sentence = "duplicate_code", "A doctor with this code exists already."


class SlotTaken(Conflict):
    code, sentence = "capacity_full", "The slot has just been taken."


class VisitTaken(Conflict):
    code, sentence = "already_booked", "The patient has an active appointment with this doctor on that day already."


class WaitsAlready(Conflict):
    code, sentence = "already_waiting", "The patient waits for this doctor and these days already."


class QueuedTwice(Conflict):
    code, sentence = "already_checked_in", "The appointment is checked in already."


class KeyTaken(Conflict):
    code, sentence = "key_reused", "The key has just been used."


# 7: refused by a rule


class AgainstRule(Refusal):
    status = 7


class DoctorAbsent(AgainstRule):
    code, sentence = "doctor_absent", "{doctor} is absent on {date}."


class PastDay(AgainstRule):
    code, sentence = "past_day", "{date} is past; today is {today}."


class PastTime(AgainstRule):
    code, sentence = "past_time", "{time} is past; it is {now} on {date}."
    advice = "Choose a later time, or add --past to note one that is past."


class WrongDay(AgainstRule):
    code, sentence = "wrong_day", "{appointment} is for {date}; today is {today}."


class WrongPatient(AgainstRule):
    code, sentence = "wrong_patient", "{appointment} belongs to {patient}, not to {given}."


class IllegalStep(AgainstRule):
    code, sentence = "illegal_step", "{subject} is {status}; {step} needs {needs}."


class WithAnotherDoctor(AgainstRule):
    code, sentence = "with_another_doctor", "{patient} is in consultation with {with_doctor} now."


class BuiltUpon(AgainstRule):
    code, sentence = (
        "illegal_step",
        "Write {number} ({command}) cannot be undone: {subject} has gone on with write {later}.",
    )


class CannotComeBack(AgainstRule):
    """The details list every appointment that cannot come back, with the patient's number and the reason."""

    code, sentence = (
        "illegal_step",
        "Write {number} ({command}) cannot be undone: {count} of the cancelled cannot come back: {first}.",
    )


class NotUndoable(AgainstRule):
    code, sentence = "illegal_step", "Write {number} ({command}) is not of a kind that can be undone."


class SamePatient(AgainstRule):
    code, sentence = "illegal_step", "{subject} is that patient already; there is nobody to merge."


class SamePlace(AgainstRule):
    code, sentence = "illegal_step", "{subject} is with {doctor} on {date} already."


class TakenBack(AgainstRule):
    code, sentence = "taken_back", "All or none: another line was refused, and this one taken back."


class Archived(AgainstRule):
    code, sentence = "archived", "{subject} is archived."


class Erased(Archived):
    code, sentence = "archived", "{subject} was erased, and is a number for good."


# 10: the database cannot be used


class DatabaseUnusable(Refusal):
    status = 10


class NoDatabase(DatabaseUnusable):
    code, sentence = "no_database", "{path}: no clinic database there."
    advice = "Make one with `clinicctl init`, look at one with `clinicctl demo`, or name another with --db."


class NotOurs(DatabaseUnusable):
    code, sentence = "not_a_clinic_database", "{path}: not a clinic database ({reason}); left as it is."


class NewerDatabase(DatabaseUnusable):
    code, sentence = "newer_database", "{path}: schema {found}, newer than this clinicctl knows ({known})."
    advice = "Upgrade clinicctl."


class NeedsMigration(DatabaseUnusable):
    code, sentence = "needs_migration", "{path}: schema {found}, older than this clinicctl needs ({known})."
    advice = "Run `clinicctl db migrate`."


class StrayLog(DatabaseUnusable):
    """A log without its database: a new database at the path would be taken for the one that the log belongs to."""

    code = "damaged_database"
    sentence = "{path} is missing, but its log stands there ({log}), perhaps with writes that were answered."
    advice = "Put the database back beside it, or restore a backup; or move the log away."


class Damaged(DatabaseUnusable):
    code, sentence = "damaged_database", "{path}: the database is damaged ({reason})."
    advice = "Stop writing, keep the file, and restore a backup."


class FellBehind(DatabaseUnusable):
    """The database is whole, but not the one that was last written: its log was lost, or an old copy stands there."""

    code = "damaged_database"
    sentence = "{path}: the journal ends with write {found}, but {noted} was answered: {lost}. Nothing was written."
    advice = (
        "Put the right file back, or restore a backup with `clinicctl db restore {backup}`; "
        "to go on with what is there, `clinicctl db restore {path}`."
    )


class Mixture(Damaged):
    """SQLite would replay a log over a file that it does not belong to, such as an old copy put under it."""

    sentence = "{path}: the log beside it does not fit the file ({reason}). Nothing was changed."

    def __init__(self, *, path: str, first: int, last: int | None, reason: str, readable: bool) -> None:
        writes = f" (writes {first} to {last})" if last is not None and last >= first else ""
        accept = f"`clinicctl db restore {path}`"
        hint = (
            f"Restore a backup with `clinicctl db restore FILE`. Or lose what the log holds{writes}: "
            f"move {path}-wal away, and accept the rest with {accept}."
        )
        if readable:
            hint += f" Or look with `clinicctl db check`, and accept both as they are with {accept}."
        super().__init__(hint=hint, path=path, first=first, last=last, reason=reason)


class Replaced(DatabaseUnusable):
    """The open database is no longer the one in the folder. What was seen of it may not hold for the other."""

    code = "replaced_database"
    sentence = "{path}: the open database or its log was replaced, renamed or deleted. Nothing was written."
    advice = "Numbers may stand for other people now. Look with `clinicctl health`, then repeat the command."


class RestoredMeanwhile(Replaced):
    """A backup was restored between two lines of a shell, or between a question and its answer."""

    sentence = "{path}: a backup was restored in the meantime. Nothing was written."
    advice = "Numbers seen before may stand for other people now. Look, then repeat it."


class OnNetwork(DatabaseUnusable):
    code = "network_filesystem"
    sentence = "{path}: not on a network file system ({kind}), where neither locks nor the log hold."
    advice = "Keep the database on a disk of this machine: name it with --db."


class OpenToOthers(DatabaseUnusable):
    code = "open_to_others"
    sentence = "{path}: others may write there (mode {mode}), and so could change or replace the clinic's database."
    advice = "Run `chmod {chmod} {all}`."


class OtherNames(DatabaseUnusable):
    code = "other_names"
    sentence = "{path}: the file has another name too (a hard link), and by each name it would have a lock of its own."
    advice = "Remove the other name, or copy the file with `clinicctl db backup`."


class BrokenJournal(DatabaseUnusable):
    code = "broken_journal"
    sentence = "The journal is not as it was written ({writes} rows looked at): {first}."
    advice = "Keep the file as evidence, and compare it with the last backup that verifies."


# 11, 12: busy, unknown


class Busy(Refusal):
    code, status, sentence = (
        "busy",
        11,
        "The database is busy: the lock was not had in {wait:g} s. Nothing was written.",
    )
    advice = "Try again, or wait longer with --wait."


class OutcomeUnknown(Refusal):
    code, status = "outcome_unknown", 12
    sentence = "The commit failed ({reason}); whether it was written is not known."
    advice = "Repeat the command with --key {key}: it will be done once."


# 65, 70, 74


class BadFile(Refusal):
    code, status, sentence = "bad_file", 65, "{problem} bad in the file; nothing was written."


class DiskFull(Refusal):
    code, status, sentence = "disk_full", 74, "{path}: the disk is full. Nothing was written."


class ReadOnly(Refusal):
    code, status, sentence = "read_only", 74, "{path}: {reason}. Nothing was written."


class IOFailed(Refusal):
    code, status, sentence = "io_error", 74, "{path}: {reason}."


class NotPrinted(Refusal):
    """The work stands (a write has been committed), but its result could not be given."""

    code, status, sentence = "io_error", 74, "The result could not be printed ({reason})."


class ReaderGone(NotPrinted):
    """The program that reads the output has closed the pipe. This is no error for a command that only reads."""


class OutOfMemory(Refusal):
    code, status, sentence = "out_of_memory", 74, "The machine has no memory left."
    advice = "Nothing was written unless a result was shown."


class Internal(Refusal):
    """A bug. Neither a value nor the exception's own text is shown: both may hold a name."""

    code, status, sentence = "internal", 70, "Internal error {reference} ({kind})."
    advice = "This is a bug in clinicctl; nothing was written unless a result was shown."


def typed(said: str, *, known: Iterable[str] = (), option: bool = False) -> str | None:
    """Return what was typed, in quotes, for the sentence of a refusal; None if it may be personal.

    An argument may be a name in the wrong place: it is repeated only if each of its words is `known`, nearly known, a
    single letter, or a short one beside digits or beside a known one. What stands after the name of an `option` with
    fixed values may be any one word without capitals. A phone is never repeated.
    """
    said = said.strip()
    if sum(each.isdigit() for each in _DATE.sub("", said)) > _DIGITS:
        return None
    if not (option and _is_no_name(said)) and not _is_about_nobody(said, set(known)):
        return None
    return f'"{said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"}"'


def near(said: str, known: Iterable[str]) -> str | None:
    """Return the one of several words that was probably meant, or None."""
    from difflib import get_close_matches  # Only a refusal needs it.

    return next(iter(get_close_matches(said, [each for each in known if len(each) > 3], 1, 0.8)), None)


def _is_no_name(said: str) -> bool:
    return not any(each.isspace() for each in said) and (said.islower() or not said.isalpha() or len(said) < 4)


def _is_about_nobody(said: str, known: set[str]) -> bool:
    if not said.replace("\u2212", "-").isascii():
        return False
    words = _LETTERS.findall(said)
    short = 4 if any(each.lower() in known for each in words) or any(each.isdigit() for each in said) else 1
    return all(
        each.lower() in known or (each.islower() and (len(each) <= short or near(each, known))) or len(each) == 1
        for each in words
    )


def family() -> list[type[Refusal]]:
    """Every refusal that has a sentence, in the order of its exit status (the documentation is checked against it)."""
    found: list[type[Refusal]] = []
    rest = [Refusal]
    while rest:
        rest.extend(below := rest.pop(0).__subclasses__())
        found += [each for each in below if "code" in vars(each)]
    return sorted(set(found), key=lambda each: (each.status, each.code, each.__name__))
