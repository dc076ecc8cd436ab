"""Errors about arrivals and the queue."""

from typing import Any

from clinicctl.errors.base import AgainstRule, Conflict, NotFound
from clinicctl.errors.patients import Ambiguous
from clinicctl.errors.wording import status_label


class NoSuchQueueEntry(NotFound):
    code, sentence = "queue_entry_not_found", "The queue of {doctor} on {date} has no position {position}."


class NobodyThere(NotFound):
    code = "queue_entry_not_found"

    def compose(self, details: dict[str, Any]) -> str:
        status = " or ".join(map(status_label, details["status"].split(" or ")))
        return f"Nobody is {status} in the queue of {details['doctor']} on {details['date']}."


class NobodyFree(NotFound):
    code = "queue_entry_not_found"

    def compose(self, details: dict[str, Any]) -> str:
        if details["count"] == 1:
            return f"The only patient who waits for {details['doctor']} is with another doctor now."
        return f"All {details['count']} patients who wait for {details['doctor']} are with another doctor now."


class SeveralInQueue(Ambiguous):
    """A command on the queue that does not name one of several patients."""

    sentence = "{count} {what}"


class AlreadyCheckedIn(Conflict):
    """The problem names the patient's place, whatever the status."""

    code, sentence = "already_checked_in", "{appointment} {problem}"


class QueuedTwice(Conflict):
    """The database found the second check-in.

    It knows the constraint, but not the position.
    """

    code, sentence = "already_checked_in", "The appointment is already checked in."


class SecondPlace(Conflict):
    code = "already_checked_in"
    sentence = "{patient} is already in the queue of {doctor}, at position {position} ({appointment})."
    advice = "A patient can have only one open position in a doctor's queue. End that visit first."


class NotStarted(AgainstRule):
    code, sentence = "illegal_step", "Position {position} is called and has not started."


class WithAnotherDoctor(AgainstRule):
    code, sentence = "with_another_doctor", "{patient} is in consultation with {with_doctor} now."
