"""The table of steps between statuses, and the calling order.

The documentation is generated from the table.
"""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from clinicctl.statuses import AppointmentStatus as A
from clinicctl.statuses import QueueStatus as Q

HOLDS_A_SLOT = frozenset(A) - {A.CANCELLED}
ACTIVE = frozenset({A.BOOKED, A.CHECKED_IN, A.IN_CONSULTATION})


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Step:
    """One step: the statuses that it leaves and reaches.

    Both are given for the appointment and for its queue entry.
    """

    name: str
    leaves: frozenset[A]
    reaches: A
    queue_leaves: frozenset[Q] = frozenset()
    queue_reaches: Q | None = None

    @property
    def needs(self) -> str:
        """Return the statuses that the step leaves, as words.

        For a queue step, they are those of the queue.
        """
        return " or ".join(sorted(self.queue_leaves or self.leaves)).replace("_", " ")


IN_QUEUE = frozenset(Q) - {Q.DONE, Q.LEFT}
"""The statuses of an open queue entry."""

_HERE = frozenset({A.CHECKED_IN})
_OUTSIDE = frozenset({Q.WAITING, Q.CALLED, Q.SKIPPED, Q.HELD})

CHECK_IN = Step("check-in", frozenset({A.BOOKED, A.NO_SHOW}), A.CHECKED_IN, queue_reaches=Q.WAITING)
RETURN = Step("return", frozenset({A.LEFT}), A.CHECKED_IN, frozenset({Q.LEFT}), Q.WAITING)
CANCEL = Step("cancel", frozenset({A.BOOKED}), A.CANCELLED)
MOVE = Step("move", CANCEL.leaves, A.CANCELLED)
NO_SHOW = Step("no-show", frozenset({A.BOOKED}), A.NO_SHOW)
CALL = Step("call", _HERE, A.CHECKED_IN, frozenset({Q.WAITING}), Q.CALLED)
START = Step("start", _HERE, A.IN_CONSULTATION, frozenset({Q.CALLED}), Q.SERVING)
DONE = Step("done", frozenset({A.IN_CONSULTATION}), A.COMPLETED, frozenset({Q.SERVING}), Q.DONE)
SKIP = Step("skip", _HERE, A.CHECKED_IN, frozenset({Q.CALLED}), Q.SKIPPED)
RECALL = Step("recall", _HERE, A.CHECKED_IN, frozenset({Q.SKIPPED}), Q.WAITING)
HOLD = Step("hold", _HERE, A.CHECKED_IN, frozenset({Q.WAITING}), Q.HELD)
RESUME = Step("resume", _HERE, A.CHECKED_IN, frozenset({Q.HELD}), Q.WAITING)
LEAVE = Step("left", _HERE, A.LEFT, _OUTSIDE, Q.LEFT)
TRANSFER = Step("transfer", _HERE, A.CHECKED_IN, _OUTSIDE, Q.WAITING)

STEPS = (CHECK_IN, RETURN, CANCEL, MOVE, NO_SHOW, CALL, START, DONE, SKIP, RECALL, HOLD, RESUME, LEAVE, TRANSFER)

_DISPLAY_ORDER = (Q.SERVING, Q.CALLED, Q.WAITING, Q.HELD, Q.SKIPPED, Q.DONE, Q.LEFT)


class Waiting(Protocol):
    """The attributes that determine the calling order."""

    @property
    def date(self) -> datetime.date: ...
    @property
    def status(self) -> str: ...
    @property
    def priority(self) -> int: ...
    @property
    def recalled(self) -> int: ...
    @property
    def moved_up(self) -> bool: ...
    @property
    def position(self) -> int: ...


T = TypeVar("T", bound=Waiting)


def calling_order(entries: Iterable[T]) -> list[T]:
    """Return queue entries in calling order.

    The order is priority, then position, with recalled entries last, or first if they were moved up. Patients in
    consultation and called patients come first, and finished entries last. Earlier days come first.
    """
    return sorted(entries, key=lambda each: (each.date, _DISPLAY_ORDER.index(Q(each.status)), *_turn(each)))


def people_ahead(entries: Iterable[Waiting]) -> dict[tuple[datetime.date, int], int]:
    """Return the number of patients ahead of each waiting entry.

    The key is the date and the position. Called patients and patients in consultation do not count. `entries` are of
    one doctor, and can be of several days; earlier days come first.
    """
    waiting = calling_order(each for each in entries if each.status == Q.WAITING)
    return {(each.date, each.position): nth for nth, each in enumerate(waiting)}


def _turn(entry: Waiting) -> tuple[int, bool, int, int]:
    return (-entry.priority, not entry.moved_up, entry.recalled, entry.position)
