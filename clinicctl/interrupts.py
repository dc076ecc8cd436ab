"""Signals that ask the program to stop, and the alarm that bounds a wait.

An exception raised by a signal handler can come at any instruction: inside a callback that discards it, or inside the
import system, which then keeps a lock for ever. So the handlers here only note the signal. It is obeyed by `check`,
which stands between two steps of the work, and at once inside `Waiting`, which stands around a single call that may
block. Whatever a parent process blocked, ignored or left pending, an alarm of ours rings.
"""

import signal
from types import FrameType, TracebackType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REPEAT = 0.05
"""Seconds between alarms, so that one which rings just before the call is not the last."""

_received: int | None = None
_blocking = False
_elapses = False


class Interrupt(BaseException):
    """A signal has asked the program to stop. Like KeyboardInterrupt, no `except Exception` takes it for a fault."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Elapsed(Exception):
    """The time of a wait is over."""


def listen() -> None:
    """Note the signals that ask to stop, from now on. One that the parent ignores stays ignored, as with nohup."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _note)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def received() -> bool:
    """Whether a signal has asked to stop."""
    return _received is not None


def check() -> None:
    """Stop here if a signal has asked for it."""
    if _received is not None:
        raise Interrupt(_received)


def acknowledge() -> None:
    """Go on after a signal: whoever caught the `Interrupt` has obeyed it."""
    global _received
    _received = None


def last() -> int | None:
    """Return the signal that came before the end, if any. From here on none is taken: the process only leaves."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    late = signal.sigpending()
    return _received if _received is not None else next((each for each in STOPPING if each in late), None)


class Waiting:
    """Around one call that may block: a signal ends it with `Interrupt`, the time given with `Elapsed`.

    `first` lets the call begin even if a signal has come before: an answer is given if its reader takes it at once.
    Only the main thread can wait so.
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


class InCallback:
    """Around a callback inside `Waiting` that discards exceptions: a signal that comes meanwhile ends the wait."""

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
    """Ring after so many seconds, and again until the wait has ended. What a parent left pending is discarded."""
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
    global _blocking
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
