"""The waiting room's board: the whole screen, positions and doctors, no names of patients."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from clinicctl import errors
from clinicctl.results import Board
from clinicctl.show import sentences
from clinicctl.show.visible import visible

NEXT = 8
"""How many of those waiting are shown for each doctor."""


def run(read: Callable[[], Sequence[Board]], *, every: float) -> None:
    """Show the board until interrupted. A database that is busy or away for a while leaves the last board standing."""
    console = Console(markup=False, emoji=False, highlight=False)
    shown: Sequence[Board] = read()
    with Live(screen(shown, stale=False), console=console, screen=True, auto_refresh=False) as live:
        while True:
            time.sleep(every)
            try:
                shown, stale = read(), False
            except (errors.Busy, errors.DatabaseUnusable, errors.IOFailed, errors.ReadOnly):
                stale = True
            live.update(screen(shown, stale=stale), refresh=True)


def screen(rows: Sequence[Board], *, stale: bool) -> RenderableType:
    """Return the board as it stands on the screen."""
    note = Text("The list is not up to date; please wait." if stale else "", style="bold yellow")
    return Group(table(rows), Text(""), note)


def table(rows: Sequence[Board]) -> RenderableType:
    """Return the board as a table."""
    if not rows:
        return Text("Nobody is waiting.", style="dim")
    found = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 1, 0))
    several = len({row.date for row in rows}) > 1
    for title in ("Doctor", *(("Day",) if several else ()), "Please come in", "With the doctor", "Next"):
        found.add_column(title, overflow="fold")
    for row in rows:
        found.add_row(
            Text(visible(row.name), style="bold"),
            *([Text(sentences.day(row.date))] if several else []),
            Text(_numbers(row.called), style="bold green"),
            Text(_numbers(row.serving)),
            Text(_numbers(row.waiting[:NEXT]) + (" …" if len(row.waiting) > NEXT else "")),
        )
    return found


def _numbers(positions: Sequence[int]) -> str:
    return "  ".join(str(each) for each in positions)
