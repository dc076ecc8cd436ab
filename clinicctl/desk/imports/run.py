"""Run an import: make its plan, write it, and make a new plan if another write came between."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from clinicctl.desk.imports.plan import Outdated
from clinicctl.results.base import Outcome
from clinicctl.rules.tabular import Sheet

TRIES = 3
"""How often a plan is made before the lock is taken. The last one is brought up to date under the lock."""


def import_sheet(
    sheet: Sheet,
    *,
    operation: Callable[..., Any],
    plan: Callable[..., Any] | None,
    options: Mapping[str, Any],
    read: Callable[..., Any],
    write: Callable[[Callable[..., Any], dict[str, Any]], Outcome],
    report: Callable[[str], None],
    columns: str | None = None,
) -> Outcome:
    """Import the rows of a file and return the outcome.

    `read` runs a function on a read view, `write` runs an operation in a transaction, and `report` shows the current
    phase. An import without a plan is written at once. `columns` is stored for the next import.
    """
    if plan is None:
        report("writing")
        return write(operation, {"sheet": sheet, "columns": columns, **options})
    for left in reversed(range(TRIES)):
        report("comparing")
        planned = replace(read(plan, sheet=sheet, **options), last=not left)
        report("writing")
        try:
            return write(operation, {"plan": planned, "columns": columns})
        except Outdated:
            continue
    raise AssertionError("the last plan is never outdated")
