"""The clinic's work: one function an operation, `tx` first, everything the user said keyword-only.

The operations load on first use (PEP 562), so that `--help`, `--version` and completion do without the database layer,
and a booking without the phones' metadata; this is the one way in which imports are deferred for speed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clinicctl.desk import (
        audit,
        availability,
        bookings,
        candidates,
        clinic,
        database,
        day_history,
        daybook,
        demo,
        doctor_imports,
        doctors,
        duplicates,
        imports,
        integrity,
        journal,
        metrics,
        operations,
        patient_imports,
        patients,
        queue,
        recognition,
        records,
        undo,
        waitlist,
        weekly,
    )

__all__ = [
    "audit",
    "availability",
    "bookings",
    "candidates",
    "clinic",
    "database",
    "day_history",
    "daybook",
    "demo",
    "doctor_imports",
    "doctors",
    "duplicates",
    "imports",
    "integrity",
    "journal",
    "metrics",
    "operations",
    "patient_imports",
    "patients",
    "queue",
    "recognition",
    "records",
    "undo",
    "waitlist",
    "weekly",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"clinicctl.desk.{name}")
    raise AttributeError(name)
