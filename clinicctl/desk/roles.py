"""The roles of every command. Nothing here knows who somebody is: see `access` and `permissions`.

A command that writes has the roles of its operations. A test walks the command tree, and fails for a command that is
not here.
"""

from collections.abc import Mapping
from typing import NamedTuple

from clinicctl.desk import operations
from clinicctl.desk.operations import DESK, EVERYBODY, MANAGER, Operation
from clinicctl.statuses import Role

MEANINGS = {
    Role.DESK: "registers, books, checks in, runs the queue and the waitlist, and sets days",
    Role.CLINICIAN: "calls, starts, finishes and holds in their own queue, and sees their own day",
    Role.MANAGER: "does everything: users, settings, imports, merges, erasure, reports, backups",
    Role.AUDITOR: "reads the journal and the reports, and no names of patients",
    Role.READER: "reads the board, the day sheet and free days",
    Role.IMPORTER: "imports the days of doctors, for example from cron",
}


class Access(NamedTuple):
    """Who may run a command.

    `roles` may read with it, and `writing` may write. A clinician's command is about their own doctor only, unless it
    is about `any_doctor`.
    """

    roles: frozenset[Role]
    writing: frozenset[Role] = frozenset()
    any_doctor: bool = False


def _writes(*done: Operation) -> Access:
    """Return the access of a command that does one of these operations."""
    roles = frozenset(role for each in done for role in each.roles)
    return Access(roles, roles)


_STAFF = DESK | {Role.CLINICIAN, Role.READER}
_AUDIT = MANAGER | {Role.AUDITOR}
_READ_DESK, _READ_MANAGER, _READ_AUDIT, _READ_ALL = map(Access, (DESK, MANAGER, _AUDIT, EVERYBODY))
_DOCTORS = Access(_STAFF | {Role.IMPORTER}, any_doctor=True)
_IMPORT_DAYS = _writes(operations.IMPORT_DAYS)
_CANCEL = _writes(operations.CANCEL, operations.CANCEL_SERIES, operations.CANCEL_AND_PROMOTE)

COMMANDS: Mapping[str, Access] = {
    "init": _writes(operations.INIT),
    "config": Access(_STAFF | _AUDIT, operations.SET_SETTING.roles),
    "config holiday add": _writes(operations.ADD_HOLIDAY),
    "config holiday remove": _writes(operations.REMOVE_HOLIDAY),
    "config holiday list": _DOCTORS,
    "config holiday import": _writes(operations.IMPORT_HOLIDAYS),
    "config visit-type add": _writes(operations.ADD_VISIT_TYPE),
    "config visit-type edit": _writes(operations.EDIT_VISIT_TYPE),
    "config visit-type remove": _writes(operations.REMOVE_VISIT_TYPE),
    "config visit-type list": _DOCTORS,
    "config template set": _writes(operations.SET_TEMPLATE),
    "config template remove": _writes(operations.REMOVE_TEMPLATE),
    "config template list": _READ_DESK,
    "demo": _writes(operations.INIT),
    "health": _READ_ALL,
    "patient add": _writes(operations.ADD_PATIENT),
    "patient show": _READ_DESK,
    "patient find": _READ_DESK,
    "patient list": _READ_DESK,
    "patient edit": _writes(operations.EDIT_PATIENT),
    "patient archive": _writes(operations.ARCHIVE_PATIENT),
    "patient restore": _writes(operations.RESTORE_PATIENT),
    "patient erase": _writes(operations.ERASE_PATIENT),
    "patient duplicates": _READ_DESK,
    "patient distinct": _writes(operations.DISTINCT_PATIENTS),
    "patient merge": _writes(operations.MERGE_PATIENTS),
    "patient import": _writes(operations.IMPORT_PATIENTS),
    "doctor add": _writes(operations.ADD_DOCTOR),
    "doctor show": _DOCTORS,
    "doctor list": _DOCTORS,
    "doctor edit": _writes(operations.EDIT_DOCTOR),
    "doctor archive": _writes(operations.ARCHIVE_DOCTOR),
    "doctor restore": _writes(operations.RESTORE_DOCTOR),
    "doctor import": _writes(operations.IMPORT_DOCTORS),
    "doctor avail set": _writes(operations.SET_DAYS),
    "doctor avail weekly": _writes(operations.SET_WEEKLY),
    "doctor avail show": _DOCTORS,
    "doctor avail import": _IMPORT_DAYS,
    "away": _writes(operations.SET_DAYS),
    "book": _writes(operations.BOOK, operations.BOOK_SERIES),
    "appointment show": _READ_DESK,
    "appointment list": _READ_DESK,
    "appointment edit": _writes(operations.EDIT),
    "appointment cancel": _CANCEL,
    "appointment move": _writes(operations.MOVE),
    "appointment no-show": _writes(operations.NO_SHOW),
    "appointment history": _READ_DESK,
    "checkin": _writes(operations.CHECK_IN),
    "walkin": _writes(operations.WALK_IN, operations.WALK_IN_NEW),
    "queue show": Access(operations.QUEUE),
    "queue call": _writes(operations.CALL),
    "queue next": _writes(operations.NEXT),
    "queue start": _writes(operations.START),
    "queue done": _writes(operations.DONE),
    "queue skip": _writes(operations.SKIP),
    "queue recall": _writes(operations.RECALL),
    "queue hold": _writes(operations.HOLD),
    "queue resume": _writes(operations.RESUME),
    "queue left": _writes(operations.LEFT),
    "queue transfer": _writes(operations.TRANSFER),
    "queue priority": _writes(operations.PRIORITISE),
    "queue board": Access(_STAFF, any_doctor=True),
    "ticket": _READ_DESK,
    "day": Access(_STAFF),
    "free": Access(_STAFF, any_doctor=True),
    "waitlist add": _writes(operations.WAIT),
    "waitlist list": _READ_DESK,
    "waitlist remove": _writes(operations.STOP_WAITING),
    "waitlist promote": _writes(operations.PROMOTE),
    "status": Access(operations.QUEUE),
    "close": _writes(operations.CLOSE),
    "outbox list": _READ_DESK,
    "outbox show": _READ_DESK,
    "outbox preview": _READ_DESK,
    "outbox next": _writes(operations.HAND_OUT),
    "outbox sent": _writes(operations.MARK_SENT),
    "outbox failed": _writes(operations.MARK_FAILED),
    "outbox run": _writes(operations.HAND_OUT, operations.MARK_SENT, operations.MARK_FAILED, operations.GIVE_BACK),
    "undo": _writes(operations.UNDO),
    "batch": _READ_ALL,
    "shell": _READ_ALL,
    "audit log": _READ_AUDIT,
    "audit verify": _READ_AUDIT,
    "export patients": _READ_MANAGER,
    "export doctors": _READ_MANAGER,
    "export days": _READ_MANAGER,
    "export appointments": _READ_MANAGER,
    "export queue": _READ_MANAGER,
    "export waitlist": _READ_MANAGER,
    "export journal": _READ_AUDIT,
    "export fhir": _READ_MANAGER,
    "export ics": _READ_MANAGER,
    "report day": _READ_AUDIT,
    "report utilisation": _READ_AUDIT,
    "report waits": _READ_AUDIT,
    "report no-shows": _READ_AUDIT,
    "report lead-time": _READ_AUDIT,
    "report load": _READ_AUDIT,
    "report doctors": _READ_AUDIT,
    "report changes": _READ_AUDIT,
    "report reminders": _READ_AUDIT,
    "metrics": Access(_AUDIT | {Role.READER}),
    "db info": _READ_AUDIT,
    "db check": Access(MANAGER, operations.REPAIR.roles),
    "db backup": _READ_MANAGER,
    "db restore": _writes(operations.RESTORE),
    "db copy": _writes(operations.COPY),
    "db migrate": _writes(operations.MIGRATE),
    "db compact": _READ_MANAGER,
    "db share": _READ_MANAGER,
    "db roles": _READ_MANAGER,
    "user add": _writes(operations.ADD_USER),
    "user list": _READ_AUDIT,
    "user edit": _writes(operations.EDIT_USER),
    "user remove": _writes(operations.REMOVE_USER),
    "help": _READ_ALL,
    "version": _READ_ALL,
}
"""The access of each command, by its first name. `batch` and `shell` ask again for each of their lines."""
