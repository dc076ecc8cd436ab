"""The facts that operations return. Frozen; their fields are the JSON that scripts rely on, in this order.

A field marked `PERSONAL` never reaches the journal or a log: a replay reads it from the row it belongs to. Instants
carry the clinic's offset; dates are clinic-local. They stand by their nouns, and load on first use (PEP 562): to make
fifty classes costs a command more than its statements. Nothing compares two of them, and none shows what it holds when
it is printed by mistake: there may be a name in it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from clinicctl.results.base import PERSONAL, Outcome, facts, plain, stored_class, stored_name

if TYPE_CHECKING:
    from clinicctl.results.appointments import (
        Appointment,
        Booked,
        Called,
        Cancelled,
        CancelledAppointment,
        CheckedIn,
        PassedOver,
        QueueEntry,
        StepTaken,
        Undoing,
        Undone,
        Waiting,
        WaitlistEntry,
    )
    from clinicctl.results.clinic import Clinic, Demo, Finding, Health, Metric, Metrics, Sample, Setting
    from clinicctl.results.database import (
        BackedUp,
        Checked,
        Compacted,
        Database,
        LastBackup,
        Migrated,
        Problem,
        Repaired,
        Restored,
    )
    from clinicctl.results.days import Board, Closed, Day, Slot, ToDo, WeekDay
    from clinicctl.results.imports import (
        DoctorDiff,
        Imported,
        ImportedDoctor,
        ImportedDoctors,
        ImportedPatient,
        ImportedPatients,
        ImportedRow,
    )
    from clinicctl.results.journal import JournalChecked, JournalEntry, JournalFinding, JournalStep
    from clinicctl.results.people import (
        Candidate,
        Doctor,
        DoctorBrief,
        Duplicate,
        Edited,
        Erased,
        Merged,
        MergePlan,
        Patient,
        PatientBrief,
        Registered,
        ToCall,
    )

_HOMES = {
    **dict.fromkeys(
        (
            *("PatientBrief", "DoctorBrief", "Patient", "Registered", "Edited", "Candidate"),
            *("Merged", "MergePlan", "Erased", "Duplicate", "Doctor", "ToCall"),
        ),
        "people",
    ),
    **dict.fromkeys(
        (
            *("Appointment", "Booked", "Cancelled", "CancelledAppointment", "StepTaken", "CheckedIn", "QueueEntry"),
            *("PassedOver", "Called", "WaitlistEntry", "Waiting", "Undoing", "Undone"),
        ),
        "appointments",
    ),
    **dict.fromkeys(("Day", "WeekDay", "Slot", "Closed", "ToDo", "Board"), "days"),
    **dict.fromkeys(
        (
            "ImportedRow",
            "DoctorDiff",
            "Imported",
            "ImportedPatient",
            "ImportedPatients",
            "ImportedDoctor",
            "ImportedDoctors",
        ),
        "imports",
    ),
    **dict.fromkeys(("JournalStep", "JournalEntry", "JournalFinding", "JournalChecked"), "journal"),
    **dict.fromkeys(("Clinic", "Setting", "Demo", "Finding", "Health", "Sample", "Metric", "Metrics"), "clinic"),
    **dict.fromkeys(
        ("LastBackup", "Database", "Problem", "Checked", "Repaired", "BackedUp", "Restored", "Migrated", "Compacted"),
        "database",
    ),
}

__all__ = [
    "PERSONAL",
    "Appointment",
    "BackedUp",
    "Board",
    "Booked",
    "Called",
    "Cancelled",
    "CancelledAppointment",
    "Candidate",
    "Checked",
    "CheckedIn",
    "Clinic",
    "Closed",
    "Compacted",
    "Database",
    "Day",
    "Demo",
    "Doctor",
    "DoctorBrief",
    "DoctorDiff",
    "Duplicate",
    "Edited",
    "Erased",
    "Finding",
    "Health",
    "Imported",
    "ImportedDoctor",
    "ImportedDoctors",
    "ImportedPatient",
    "ImportedPatients",
    "ImportedRow",
    "JournalChecked",
    "JournalEntry",
    "JournalFinding",
    "JournalStep",
    "LastBackup",
    "MergePlan",
    "Merged",
    "Metric",
    "Metrics",
    "Migrated",
    "Outcome",
    "PassedOver",
    "Patient",
    "PatientBrief",
    "Problem",
    "QueueEntry",
    "Registered",
    "Repaired",
    "Restored",
    "Sample",
    "Setting",
    "Slot",
    "StepTaken",
    "ToCall",
    "ToDo",
    "Undoing",
    "Undone",
    "Waiting",
    "WaitlistEntry",
    "WeekDay",
    "facts",
    "plain",
    "stored_as",
    "stored_name",
]


def stored_as(name: str) -> type:
    """Return the class of results that journals keep by a name. Raises KeyError for none."""
    for home in set(_HOMES.values()):
        import_module(f"clinicctl.results.{home}")
    return stored_class(name)


def __getattr__(name: str) -> Any:
    if home := _HOMES.get(name):
        return getattr(import_module(f"clinicctl.results.{home}"), name)
    raise AttributeError(name)
