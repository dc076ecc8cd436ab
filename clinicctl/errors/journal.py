"""Errors about the journal: keys, undo, verification, unknown outcomes."""

from clinicctl.errors.base import AgainstRule, Conflict, NotFound, Refusal
from clinicctl.errors.database import DatabaseUnusable


class NothingToUndo(NotFound):
    code, sentence = "journal_entry_not_found", "{actor} has no write to undo."


class NoSuchWrite(NotFound):
    code, sentence = "journal_entry_not_found", "The journal has no write {number}."


class KeyReused(Conflict):
    code, sentence = "key_reused", "The key was used for another request ({command}, {at})."
    advice = "Use a new key for a new request."


class KeyTaken(Conflict):
    """The database found the reuse. It knows the constraint, but not the request."""

    code, sentence = "key_reused", "The key has just been used."


class UndoneAlready(Conflict):
    code, sentence = "already_undone", "The write has already been undone."


class BuiltUpon(AgainstRule):
    code = "illegal_step"
    sentence = "Cannot undo write {number} ({command}): write {later} has changed {subject} since."


class CannotComeBack(AgainstRule):
    """The details list every appointment that cannot be restored, and why."""

    code = "illegal_step"
    sentence = (
        "Cannot undo write {number} ({command}): {count} of its cancelled appointments cannot be restored: {first}."
    )


class NotUndoable(AgainstRule):
    code, sentence = "illegal_step", "Cannot undo write {number}: {command} does not support undo."


class TakenBack(AgainstRule):
    code, sentence = "taken_back", "Another line of the atomic batch was refused, so this line was rolled back."


class BrokenJournal(DatabaseUnusable):
    code = "broken_journal"
    sentence = "The journal has been altered ({writes} rows checked): {first}."
    advice = "Keep the file as evidence, and compare it with the last backup that verifies."


class OutcomeUnknown(Refusal):
    code, status = "outcome_unknown", 12
    sentence = "The commit failed ({reason}), and it is unknown whether the change was written."
    advice = "Run the command again with --key {key}: the change is made only once."
