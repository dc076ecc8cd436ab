"""Show the waiting room board on the whole screen, refreshed at an interval."""

import time
from collections.abc import Callable, Sequence
from shutil import get_terminal_size

from rich.control import Control
from rich.segment import ControlType

from clinicctl import errors, interrupts
from clinicctl.render.layout import Console
from clinicctl.render.overviews import print_board
from clinicctl.results.days import Board

_BEGIN = f"{Control.alt_screen(True)}{Control.show_cursor(False)}"
_END = f"{Control.show_cursor(True)}{Control.alt_screen(False)}"
_HOME = str(Control.home())
_REST_OF_LINE = str(Control((ControlType.ERASE_IN_LINE, 0)))
_REST_OF_SCREEN = "\x1b[J"


def run(
    read: Callable[[], Sequence[Board]], *, every: float, write: Callable[[str], None], coloured: bool, positioned: bool
) -> None:
    """Show the board until interrupted.

    The last board remains while the database is busy or missing.
    """
    shown, stale = read(), False
    write(_BEGIN)
    try:
        while True:
            write(_screen(shown, stale=stale, coloured=coloured, positioned=positioned))
            with interrupts.Waiting():
                time.sleep(every)
            try:
                shown, stale = read(), False
            except (errors.Busy, errors.DatabaseUnusable, errors.IOFailed, errors.ReadOnly):
                stale = True
    finally:
        write(_END)


def _screen(rows: Sequence[Board], *, stale: bool, coloured: bool, positioned: bool) -> str:
    """Return the board with codes that erase line by line without flicker."""
    size = get_terminal_size()
    console = Console(width=max(20, size.columns), coloured=coloured, positioned=positioned)
    print_board(console, rows)
    console.print("")
    console.print("The list is not up to date; please wait." if stale else "", style="bold yellow")
    lines = console.lines()[: size.lines]
    return _HOME + "\r\n".join(f"{line}{_REST_OF_LINE}" for line in lines) + _REST_OF_SCREEN
