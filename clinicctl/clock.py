"""Read the clock. No other module may do this."""

from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

_shift = timedelta()


def now() -> datetime:
    """Return this instant, in UTC."""
    return datetime.now(UTC) + _shift


def shift(seconds: float) -> None:
    """Shift the clock of this process, for the test suite.

    See `settings.clock_shift`.
    """
    global _shift
    _shift = timedelta(seconds=seconds)


def ticks() -> float:
    """Return seconds of a monotonic clock, for durations."""
    return monotonic()


def pause(seconds: float) -> None:
    """Sleep for some seconds, so that other processes run."""
    sleep(seconds)
