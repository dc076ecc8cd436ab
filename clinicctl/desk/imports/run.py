"""Run an import: make its plan, write it, and make a new plan if another write came between."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from clinicctl import errors
from clinicctl.desk.imports.plan import Outdated
from clinicctl.results.base import Outcome
from clinicctl.rules import likelihood
from clinicctl.rules.tabular import Sheet

_COUNTED = ("added", "changed", "unchanged", "refused")
TRIES = 3
"""How often a plan is made before the lock is taken. The last one is brought up to date under the lock."""


def import_parts(
    parts: list[Sheet],
    *,
    operation: Callable[..., Any],
    plan: Callable[..., Any],
    check: Callable[..., None] | None,
    options: Mapping[str, Any],
    read: Callable[..., Any],
    write: Callable[..., Outcome],
    report: Callable[[str], None],
    columns: str | None = None,
) -> Outcome:
    """Import a large file part by part, and return the outcome of all.

    `check` refuses the bad lines of all parts before the first one is written. A part that is refused later leaves
    those before it imported; the same command continues there. `write` has the number of the part. Parts that are
    imported are taken out of the list, because a large file needs much memory.
    """
    if check is not None:
        report("checking")
        read(check, parts=parts, **options)
    done, count = list[Outcome](), len(parts)

    def report_part(number: int, what: str) -> None:
        report(f"part {number} of {count}, {what}")

    for number in range(1, count + 1):
        part = parts.pop(0)
        try:
            outcome = import_sheet(
                part,
                operation=operation,
                plan=plan,
                options=options,
                read=read,
                write=partial(write, part=number),
                report=partial(report_part, number),
                columns=columns if number == 1 else None,
            )
        except errors.Refusal as refused:
            if number > 1:
                imported = f"The lines before {part.rows[0].line} are imported, and the same command continues there."
                refused.hint = " ".join(each for each in (imported, refused.hint) if each)
            raise
        done.append(outcome)
        likelihood.forget()
    return Outcome(
        result=_joined([each.result for each in done]),
        replayed=all(each.replayed for each in done),
        dry_run=done[0].dry_run,
    )


def _joined(results: Sequence[Any]) -> Any:
    """Return the results of several parts as one."""
    counts = {name: sum(getattr(each, name) for each in results) for name in _COUNTED}
    return replace(results[0], rows=tuple(row for each in results for row in each.rows), **counts)


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
