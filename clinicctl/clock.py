"""The only reader of the wall clock."""

from datetime import UTC, datetime
from time import monotonic, sleep


def now() -> datetime:
    """Return this instant, in UTC."""
    return datetime.now(UTC)


def ticks() -> float:
    """Return seconds on a clock that only rises, for durations."""
    return monotonic()


def pause(seconds: float) -> None:
    """Let others go first."""
    sleep(seconds)
