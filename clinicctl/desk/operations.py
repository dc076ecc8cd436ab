"""The operations that write, each declared once: its name on disk, what it changes, who may do it, how it is undone.

The names are in journals, in the outcomes and in the digests of requests. A name never changes, even if its function is
moved or renamed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Flag, StrEnum, auto
from typing import Any, TypeVar

from clinicctl.statuses import Role

F = TypeVar("F", bound=Callable[..., Any])


class Part(Flag):
    """A part of the clinic that an operation may change."""

    PATIENTS = auto()
    DOCTORS = auto()
    DAYS = auto()
    VISITS = auto()
    """Appointments, the queue, the waitlist, and the ledgers."""
    SETTINGS = auto()
    USERS = auto()
    """Users, and the attempts that they were refused."""
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
    roles: frozenset[Role]
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


def _declare(name: str, changes: Part, roles: frozenset[Role], undo: Undo | None = None) -> Operation:
    declared = _BY_NAME[name] = Operation(name, changes, roles, undo)
    return declared


MANAGER = frozenset({Role.MANAGER})
DESK = MANAGER | {Role.DESK}
QUEUE = DESK | {Role.CLINICIAN}
"""Clinicians act on their own queue only: see `desk.permissions`."""
DAYS = MANAGER | {Role.IMPORTER}
EVERYBODY = frozenset(Role)


BOOK = _declare("bookings.book", Part.VISITS, DESK, Undo.STEPS)
CANCEL = _declare("bookings.cancel", Part.VISITS, DESK, Undo.STEPS)
MOVE = _declare("bookings.move", Part.VISITS, DESK, Undo.STEPS)
EDIT = _declare("bookings.edit", Part.VISITS, DESK)
NO_SHOW = _declare("bookings.no_show", Part.VISITS, DESK, Undo.STEPS)
BOOK_SERIES = _declare("series.book", Part.VISITS, DESK, Undo.STEPS)
CANCEL_SERIES = _declare("series.cancel", Part.VISITS, DESK, Undo.STEPS)
CLOSE = _declare("daybook.close", Part.VISITS, DESK, Undo.STEPS)

CHECK_IN = _declare("queue.check_in", Part.VISITS, DESK, Undo.STEPS)
WALK_IN = _declare("queue.walk_in", Part.VISITS, DESK, Undo.STEPS)
WALK_IN_NEW = _declare("arrivals.walk_in_new", Part.PATIENTS | Part.VISITS, DESK, Undo.STEPS)
CALL = _declare("queue.call", Part.VISITS, QUEUE, Undo.STEPS)
NEXT = _declare("queue.next", Part.VISITS, QUEUE, Undo.STEPS)
START = _declare("queue.start", Part.VISITS, QUEUE, Undo.STEPS)
DONE = _declare("queue.done", Part.VISITS, QUEUE, Undo.STEPS)
SKIP = _declare("queue.skip", Part.VISITS, QUEUE, Undo.STEPS)
RECALL = _declare("queue.recall", Part.VISITS, QUEUE, Undo.STEPS)
HOLD = _declare("queue.hold", Part.VISITS, QUEUE, Undo.STEPS)
RESUME = _declare("queue.resume", Part.VISITS, QUEUE, Undo.STEPS)
LEFT = _declare("queue.left", Part.VISITS, QUEUE, Undo.STEPS)
TRANSFER = _declare("queue.transfer", Part.VISITS, DESK, Undo.STEPS)
PRIORITISE = _declare("queue.prioritise", Part.VISITS, DESK, Undo.STEPS)

WAIT = _declare("waitlist.add", Part.VISITS, DESK)
STOP_WAITING = _declare("waitlist.remove", Part.VISITS, DESK)
PROMOTE = _declare("waitlist.promote", Part.VISITS, DESK, Undo.STEPS)
CANCEL_AND_PROMOTE = _declare("waitlist.cancel_and_promote", Part.VISITS, DESK, Undo.STEPS)

ADD_DOCTOR = _declare("doctors.add", Part.DOCTORS, MANAGER)
EDIT_DOCTOR = _declare("doctors.edit", Part.DOCTORS, MANAGER)
ARCHIVE_DOCTOR = _declare("doctors.archive", Part.DOCTORS, MANAGER)
RESTORE_DOCTOR = _declare("doctors.restore", Part.DOCTORS, MANAGER)
IMPORT_DOCTORS = _declare("doctor_imports.add_doctors", Part.DOCTORS, MANAGER)

SET_DAYS = _declare("availability.set_days", Part.DAYS | Part.VISITS, DESK, Undo.DAYS)
SET_WEEKLY = _declare("weekly.set_weekly", Part.DAYS | Part.VISITS, MANAGER, Undo.DAYS)
IMPORT_DAYS = _declare("imports.set_availability", Part.DAYS | Part.VISITS, DAYS, Undo.DAYS)

ADD_HOLIDAY = _declare("holidays.add", Part.DAYS | Part.VISITS, MANAGER)
REMOVE_HOLIDAY = _declare("holidays.remove", Part.DAYS, MANAGER)
IMPORT_HOLIDAYS = _declare("holidays.import_dates", Part.DAYS | Part.VISITS, MANAGER)
ADD_VISIT_TYPE = _declare("visit_types.add", Part.SETTINGS, MANAGER)
EDIT_VISIT_TYPE = _declare("visit_types.edit", Part.SETTINGS, MANAGER)
REMOVE_VISIT_TYPE = _declare("visit_types.remove", Part.SETTINGS, MANAGER)

HAND_OUT = _declare("outbox.hand_out", Part.MESSAGES, DESK)
MARK_SENT = _declare("outbox.mark_sent", Part.MESSAGES, DESK)
MARK_FAILED = _declare("outbox.mark_failed", Part.MESSAGES, DESK)
GIVE_BACK = _declare("sending.give_back", Part.MESSAGES, DESK)
SET_TEMPLATE = _declare("templates.set_template", Part.SETTINGS, MANAGER)
REMOVE_TEMPLATE = _declare("templates.remove", Part.SETTINGS, MANAGER)

ADD_PATIENT = _declare("patients.add", Part.PATIENTS, DESK)
EDIT_PATIENT = _declare("patients.edit", Part.PATIENTS, DESK)
ARCHIVE_PATIENT = _declare("patients.archive", Part.PATIENTS, DESK)
RESTORE_PATIENT = _declare("patients.restore", Part.PATIENTS, DESK)
IMPORT_PATIENTS = _declare("patient_imports.add_patients", Part.PATIENTS, MANAGER)
MERGE_PATIENTS = _declare("duplicates.merge", Part.PATIENTS | Part.VISITS, MANAGER, Undo.MERGE)
DISTINCT_PATIENTS = _declare("patients.distinct", Part.PATIENTS, MANAGER, Undo.PAIR)
ERASE_PATIENT = _declare("erasure.erase", Part.PATIENTS, MANAGER)

ADD_USER = _declare("users.add", Part.USERS, MANAGER)
EDIT_USER = _declare("users.edit", Part.USERS, MANAGER)
REMOVE_USER = _declare("users.remove", Part.USERS, MANAGER)
REFUSE = _declare("access.refuse", Part.USERS, EVERYBODY)

INIT = _declare("clinic.init", Part.SETTINGS, EVERYBODY)
SET_SETTING = _declare("clinic.set_setting", Part.SETTINGS, MANAGER)
UNDO = _declare("undo.undo", Part.PATIENTS | Part.DAYS | Part.VISITS, QUEUE)

RESTORE = _declare("keeping.restore", ~Part(0), MANAGER)
MIGRATE = _declare("keeping.migrate", ~Part(0), MANAGER)
COPY = _declare("keeping.copy", Part.SETTINGS | Part.USERS, MANAGER)
REPAIR = _declare("soundness.repair", ~Part(0), MANAGER)
