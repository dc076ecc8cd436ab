"""The only reader of the wall clock."""

from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

_shift = timedelta()


def now() -> datetime:
    """Return this instant, in UTC."""
    return datetime.now(UTC) + _shift


def shift(seconds: float) -> None:
    """Move the clock of this process, for the test suite: see `settings.clock_shift`."""
    global _shift
    _shift = timedelta(seconds=seconds)


def ticks() -> float:
    """Return seconds on a clock that only rises, for durations."""
    return monotonic()


def pause(seconds: float) -> None:
    """Let others go first."""
    sleep(seconds)
