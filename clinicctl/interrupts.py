"""Handle signals that ask the program to stop, and bound waits by an alarm.

A signal handler that raises can do so at any instruction: inside a callback that discards the exception, or inside the
import system, which then never releases a lock. So the handlers here only record the signal. `check` raises between two
steps of the work, and `Waiting` lets the handler raise during a single blocking call. The alarms work even if a parent
process has blocked, ignored or left SIGALRM pending.
"""

import signal
from types import FrameType, TracebackType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REPEAT = 0.05
"""Seconds between alarms. The alarm repeats because it may ring just before the call."""

_received: int | None = None
_blocking = False
_elapses = False
_bounded = False


class Interrupt(BaseException):
    """A signal has asked the program to stop.

    It is no `Exception`, so that error handlers let it pass.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Elapsed(Exception):
    """A wait has timed out."""


def listen() -> None:
    """Record signals that ask to stop.

    A signal that the parent ignores stays ignored, as with nohup.
    """
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _note)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def received() -> bool:
    """Return whether a signal has asked to stop."""
    return _received is not None


def check() -> None:
    """Raise `Interrupt` if a signal has asked to stop."""
    if _received is not None:
        raise Interrupt(_received)


def acknowledge() -> None:
    """Clear the recorded signal, after its `Interrupt` has been handled."""
    global _received
    _received = None


def last() -> int | None:
    """Block the signals before the exit, and return one that has arrived, if any."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    late = signal.sigpending()
    return _received if _received is not None else next((each for each in STOPPING if each in late), None)


class Waiting:
    """A context around one blocking call.

    A signal raises `Interrupt`, a timeout `Elapsed`. With `first`, the call begins even if a signal has already
    arrived, so that a ready reader still gets its answer. Only the main thread can use this class.
    """

    __slots__ = ("first", "seconds")

    def __init__(self, seconds: float | None = None, *, first: bool = False) -> None:
        self.seconds = seconds
        self.first = first

    def __enter__(self) -> None:
        global _blocking, _elapses
        _elapses = self.seconds is not None
        if self.seconds is not None:
            _arm(self.seconds)
        elif _received is not None and self.first:
            _arm(_REPEAT)
        _blocking = True
        if _received is not None and not self.first:
            _stop(_received)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _blocking
        _blocking = False
        signal.setitimer(signal.ITIMER_REAL, 0)


class Within:
    """A context around blocking calls that raises `Elapsed` if they take longer than some seconds in all.

    A signal that asks to stop does not end them. It is not used inside `Waiting`, and only by the main thread.
    """

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        global _bounded
        _bounded = True
        _arm(self.seconds)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _bounded
        _bounded = False
        signal.setitimer(signal.ITIMER_REAL, 0)


class InCallback:
    """A context inside `Waiting` for a callback that discards exceptions.

    A signal ends the wait afterwards.
    """

    __slots__ = ("within",)

    def __enter__(self) -> None:
        global _blocking
        self.within, _blocking = _blocking, False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _blocking
        if self.within:
            _arm(_REPEAT)
        _blocking = self.within


def _arm(seconds: float) -> None:
    """Set a repeated alarm. An alarm that a parent has left pending is discarded."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _ring)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _REPEAT)


def _note(number: int, _frame: FrameType | None) -> None:
    global _received
    if _received is None:
        _received = number
    if _blocking:
        _stop(_received)


def _ring(_number: int, _frame: FrameType | None) -> None:
    global _blocking, _bounded
    if _bounded:
        _bounded = False
        raise Elapsed
    if not _blocking:
        signal.setitimer(signal.ITIMER_REAL, 0)
        return
    if _received is not None:
        _stop(_received)
    if _elapses:
        _blocking = False
        raise Elapsed


def _stop(number: int) -> None:
    global _blocking
    _blocking = False
    raise Interrupt(number)
