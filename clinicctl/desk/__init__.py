"""The operations of the front desk: one function each, `tx` first, everything the user gave keyword-only."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clinicctl.desk import (
        appointment_lists,
        arrivals,
        audit,
        availability,
        bookings,
        candidates,
        cards,
        clinic,
        database,
        day_history,
        daybook,
        demo,
        distinct,
        doctors,
        duplicates,
        edits,
        free_times,
        holidays,
        imports,
        integrity,
        journal,
        lookup,
        merge_conflicts,
        merge_history,
        metrics,
        operations,
        paper,
        patients,
        queue,
        recognition,
        records,
        registration,
        replay,
        series,
        similar,
        undo,
        visit_lookup,
        visit_types,
        waitlist,
        weekly,
    )

__all__ = [
    "appointment_lists",
    "arrivals",
    "audit",
    "availability",
    "bookings",
    "candidates",
    "cards",
    "clinic",
    "database",
    "day_history",
    "daybook",
    "demo",
    "distinct",
    "doctors",
    "duplicates",
    "edits",
    "free_times",
    "holidays",
    "imports",
    "integrity",
    "journal",
    "lookup",
    "merge_conflicts",
    "merge_history",
    "metrics",
    "operations",
    "paper",
    "patients",
    "queue",
    "recognition",
    "records",
    "registration",
    "replay",
    "series",
    "similar",
    "undo",
    "visit_lookup",
    "visit_types",
    "waitlist",
    "weekly",
]


def __getattr__(name: str) -> ModuleType:
    # Loaded on first use, like the modules of commands: 1.57 times the CPU of `queue show` otherwise.
    if name in __all__:
        return import_module(f"clinicctl.desk.{name}")
    raise AttributeError(name)
