"""The operations that write, each declared once: its name on disk, what it changes, and how it is undone.

The names are in journals, in the outcomes and in the digests of requests. A name never changes, even if its function is
moved or renamed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Part(Flag):
    """A part of the clinic that an operation may change."""

    PATIENTS = auto()
    DOCTORS = auto()
    DAYS = auto()
    VISITS = auto()
    """Appointments, the queue, the waitlist, and the ledgers."""
    SETTINGS = auto()
    MESSAGES = auto()
    """The outbox."""


class Undo(StrEnum):
    """The record from which an undo restores."""

    STEPS = "steps"
    DAYS = "days"
    PAIR = "pair"
    MERGE = "merge"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """The declaration of an operation. It decorates the function of the operation."""

    name: str
    changes: Part
    undo: Undo | None = None

    def __call__(self, function: F) -> F:
        """Mark the function of the operation."""
        # It is an attribute of the function, because functools.wraps copies attributes.
        function.operation = self  # type: ignore[attr-defined]
        return function


def of(function: Callable[..., Any]) -> Operation:
    """Return the operation of a function."""
    declared: Operation = function.operation  # type: ignore[attr-defined]
    return declared


def named(name: object) -> Operation | None:
    """Return the operation with a name on disk.

    Return None if this version does not know it.
    """
    return _BY_NAME.get(str(name))


_BY_NAME: dict[str, Operation] = {}


def _declare(name: str, changes: Part, undo: Undo | None = None) -> Operation:
    declared = _BY_NAME[name] = Operation(name, changes, undo)
    return declared


BOOK = _declare("bookings.book", Part.VISITS, Undo.STEPS)
CANCEL = _declare("bookings.cancel", Part.VISITS, Undo.STEPS)
MOVE = _declare("bookings.move", Part.VISITS, Undo.STEPS)
EDIT = _declare("bookings.edit", Part.VISITS)
NO_SHOW = _declare("bookings.no_show", Part.VISITS, Undo.STEPS)
BOOK_SERIES = _declare("series.book", Part.VISITS, Undo.STEPS)
CANCEL_SERIES = _declare("series.cancel", Part.VISITS, Undo.STEPS)
CLOSE = _declare("daybook.close", Part.VISITS, Undo.STEPS)

CHECK_IN = _declare("queue.check_in", Part.VISITS, Undo.STEPS)
WALK_IN = _declare("queue.walk_in", Part.VISITS, Undo.STEPS)
WALK_IN_NEW = _declare("arrivals.walk_in_new", Part.PATIENTS | Part.VISITS, Undo.STEPS)
CALL = _declare("queue.call", Part.VISITS, Undo.STEPS)
NEXT = _declare("queue.next", Part.VISITS, Undo.STEPS)
START = _declare("queue.start", Part.VISITS, Undo.STEPS)
DONE = _declare("queue.done", Part.VISITS, Undo.STEPS)
SKIP = _declare("queue.skip", Part.VISITS, Undo.STEPS)
RECALL = _declare("queue.recall", Part.VISITS, Undo.STEPS)
HOLD = _declare("queue.hold", Part.VISITS, Undo.STEPS)
RESUME = _declare("queue.resume", Part.VISITS, Undo.STEPS)
LEFT = _declare("queue.left", Part.VISITS, Undo.STEPS)
TRANSFER = _declare("queue.transfer", Part.VISITS, Undo.STEPS)
PRIORITISE = _declare("queue.prioritise", Part.VISITS, Undo.STEPS)

WAIT = _declare("waitlist.add", Part.VISITS)
STOP_WAITING = _declare("waitlist.remove", Part.VISITS)
PROMOTE = _declare("waitlist.promote", Part.VISITS, Undo.STEPS)
CANCEL_AND_PROMOTE = _declare("waitlist.cancel_and_promote", Part.VISITS, Undo.STEPS)

ADD_DOCTOR = _declare("doctors.add", Part.DOCTORS)
EDIT_DOCTOR = _declare("doctors.edit", Part.DOCTORS)
ARCHIVE_DOCTOR = _declare("doctors.archive", Part.DOCTORS)
RESTORE_DOCTOR = _declare("doctors.restore", Part.DOCTORS)
IMPORT_DOCTORS = _declare("doctor_imports.add_doctors", Part.DOCTORS)

SET_DAYS = _declare("availability.set_days", Part.DAYS | Part.VISITS, Undo.DAYS)
SET_WEEKLY = _declare("weekly.set_weekly", Part.DAYS | Part.VISITS, Undo.DAYS)
IMPORT_DAYS = _declare("imports.set_availability", Part.DAYS | Part.VISITS, Undo.DAYS)

ADD_HOLIDAY = _declare("holidays.add", Part.DAYS | Part.VISITS)
REMOVE_HOLIDAY = _declare("holidays.remove", Part.DAYS)
IMPORT_HOLIDAYS = _declare("holidays.import_dates", Part.DAYS | Part.VISITS)
ADD_VISIT_TYPE = _declare("visit_types.add", Part.SETTINGS)
EDIT_VISIT_TYPE = _declare("visit_types.edit", Part.SETTINGS)
REMOVE_VISIT_TYPE = _declare("visit_types.remove", Part.SETTINGS)

ADD_PATIENT = _declare("patients.add", Part.PATIENTS)
EDIT_PATIENT = _declare("patients.edit", Part.PATIENTS)
ARCHIVE_PATIENT = _declare("patients.archive", Part.PATIENTS)
RESTORE_PATIENT = _declare("patients.restore", Part.PATIENTS)
IMPORT_PATIENTS = _declare("patient_imports.add_patients", Part.PATIENTS)
MERGE_PATIENTS = _declare("duplicates.merge", Part.PATIENTS | Part.VISITS, Undo.MERGE)
DISTINCT_PATIENTS = _declare("patients.distinct", Part.PATIENTS, Undo.PAIR)
ERASE_PATIENT = _declare("erasure.erase", Part.PATIENTS)

HAND_OUT = _declare("outbox.hand_out", Part.MESSAGES)
MARK_SENT = _declare("outbox.mark_sent", Part.MESSAGES)
MARK_FAILED = _declare("outbox.mark_failed", Part.MESSAGES)
GIVE_BACK = _declare("sending.give_back", Part.MESSAGES)
SET_TEMPLATE = _declare("templates.set_template", Part.SETTINGS)
REMOVE_TEMPLATE = _declare("templates.remove", Part.SETTINGS)

INIT = _declare("clinic.init", Part.SETTINGS)
SET_SETTING = _declare("clinic.set_setting", Part.SETTINGS)
UNDO = _declare("undo.undo", Part.PATIENTS | Part.DAYS | Part.VISITS)

RESTORE = _declare("keeping.restore", ~Part(0))
MIGRATE = _declare("keeping.migrate", ~Part(0))
COPY = _declare("keeping.copy", Part.SETTINGS)
REPAIR = _declare("soundness.repair", ~Part(0))
