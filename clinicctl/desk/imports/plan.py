"""What the imports share: outdated plans, bad lines, and the count of outcomes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinicctl import errors
from clinicctl.desk import journal
from clinicctl.rules.import_cells import column_of
from clinicctl.statuses import RowOutcome
from clinicctl.store.engine import Tx

NAMED = 20
"""How many bad lines the hint of a refusal names. The details have all of them."""


class Outdated(Exception):
    """Another write has changed what a plan was made for. The caller makes a new plan."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """The state of the database that a plan was made for: the journal's last row, and the date."""

    head: tuple[int, str]
    today: date


def stamp(tx: Tx) -> Stamp:
    """Return the stamp of a plan that is made now."""
    return Stamp(journal.head(tx), tx.today)


def written_since(tx: Tx, stamp: Stamp) -> list[dict[str, Any]] | None:
    """Return the outcomes of the writes since a plan was made.

    Return None on another day, or in another journal.
    """
    return journal.written_since(tx, stamp.head) if stamp.today == tx.today else None


def refuse_bad_lines(refused: Mapping[int, str]) -> None:
    """Refuse a file with bad lines, and list them."""
    if not refused:
        return
    lines = [
        {"line": line, "reason": reason} | ({"column": column} if (column := column_of(reason)) else {})
        for line, reason in sorted(refused.items())
    ]
    named = "; ".join(f"line {line}: {reason.rstrip('.')}" for line, reason in sorted(refused.items())[:NAMED])
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    raise errors.BadFile(
        problem=f"{len(lines)} line{'s are' if len(lines) > 1 else ' is'}",
        count=len(lines),
        lines=lines,
        hint=f"{named}{more}.",
    )


def count(outcomes: Iterable[RowOutcome]) -> dict[str, int]:
    """Return the number of rows by outcome, for the fields of a result."""
    listed = list(outcomes)
    counted = (RowOutcome.ADDED, RowOutcome.CHANGED, RowOutcome.UNCHANGED, RowOutcome.REFUSED)
    return {str(each): listed.count(each) for each in counted}
