"""Keep a page up to date at an interval, until interrupted."""

import gc
import time
from collections.abc import Callable
from typing import Any

from clinicctl import errors, interrupts
from clinicctl.render.streams import write_error

_PASSING = (errors.Busy, errors.DatabaseUnusable, errors.IOFailed, errors.ReadOnly, errors.NoRight, errors.DiskFull)
"""What may be over a while later. The page keeps its last state meanwhile."""


def keep(make: Callable[[], bytes], publish: Callable[[bytes], Any], *, every: float) -> None:
    """Make and publish a page after each interval.

    What prevents the page is written on stderr once, until it is over.
    """
    gc.enable()  # The program runs long now, and was started without.
    reported = ""
    while True:
        with interrupts.Waiting():
            time.sleep(every)
        try:
            publish(make())
        except _PASSING as refused:
            if str(refused) != reported:
                write_error(f"clinicctl: {refused} The page keeps its last state.\n")
            reported = str(refused)
        else:
            if reported:
                write_error("clinicctl: The page is up to date again.\n")
            reported = ""
