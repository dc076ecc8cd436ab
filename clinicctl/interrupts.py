"""Signals that ask the program to stop, and the alarm that bounds a wait.

An exception raised by a signal handler can come at any instruction: inside a callback that discards it, or inside the
import system, which then keeps a lock for ever. So the handlers here only note the signal. It is obeyed by `check`,
which stands between two steps of the work, and at once inside `Waiting`, which stands around a single call that may
block. Our alarms ring whatever a parent process blocked, ignored or left pending.
"""

import signal
from types import FrameType, TracebackType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_REPEAT = 0.05
"""Seconds between alarms. The alarm repeats because it may ring just before the call."""

_received: int | None = None
_blocking = False
_elapses = False


class Interrupt(BaseException):
    """A signal asked the program to stop. It is no `Exception`, so that handlers of errors let it pass."""

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
    """Go on after a signal: the caller has handled its `Interrupt`."""
    global _received
    _received = None


def last() -> int | None:
    """Return the signal that came before the end, if any, and block further ones: the process is about to exit."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    late = signal.sigpending()
    return _received if _received is not None else next((each for each in STOPPING if each in late), None)


class Waiting:
    """Wraps one call that may block. A signal ends it with `Interrupt`, the end of its time with `Elapsed`.

    `first` lets the call begin although a signal came before, so that an answer whose reader is ready is given.
    Only the main thread can use it.
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
    """Wraps a callback inside `Waiting` that discards exceptions. A signal during the callback ends the wait later."""

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
    """Ring after some seconds, and again until the wait has ended. An alarm that a parent left pending is discarded."""
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
