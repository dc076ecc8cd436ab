"""Read a list in its format for programs or people, to print it later."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from clinicctl.render import machine, safe_text
from clinicctl.render.spool import spooled

if TYPE_CHECKING:
    from clinicctl.results.base import Outcome


class Listing:
    """A list that was read in the chosen format, and is printed once."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self.pieces = pieces


def read(
    rows: Iterable[Any],
    *,
    output: str,
    header: bool,
    excel_safe: bool,
    masked: bool,
    of: Callable[..., Any] | None,
    pretty: bool,
    outcome: "Outcome | None" = None,
    listed: Sequence[str] = (),
    **console: Any,
) -> Listing:
    """Read every row. A table needs one at least; `console` has what it is drawn on."""
    if output == "table":
        from clinicctl.render import tables

        if masked:
            to_call = outcome is not None and not outcome.dry_run
            rows = (safe_text.masked(each, to_call=to_call) for each in rows)
        lines = tables.prepare(iter(rows), outcome=outcome, listed=listed, **console)
        return Listing(f"{line}\n" for line in lines)
    if output == "jsonl":
        return Listing(f"{each}\n" for each in spooled(machine.json_items(rows, outcome=outcome, pretty=False)))
    if output == "json":
        members = spooled(machine.json_items(rows, outcome=outcome, pretty=pretty))
        return Listing(machine.json_array(members, pretty=pretty))
    found = machine.separated_lines(
        rows,
        kind=machine.declared_class(of),
        outcome=outcome,
        comma=output == "csv",
        header=header,
        excel_safe=excel_safe,
    )
    return Listing(iter(spooled(found)))
