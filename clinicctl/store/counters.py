"""Numbers for people to use, such as P17 and A42. Each kind has one counter row, and no number is given twice."""

from clinicctl import errors
from clinicctl.store.compiled import counters
from clinicctl.store.engine import Tx


def next_one(tx: Tx, kind: str) -> int:
    """Take the next number of a kind: `patients`, `appointments` or `waitlist`."""
    return next_many(tx, kind, 1)[0]


def next_many(tx: Tx, kind: str, count: int) -> range:
    """Take the next `count` numbers of a kind."""
    last_taken = _required(tx, kind, counters.next(tx, kind=kind, step=count))
    return range(last_taken - count + 1, last_taken + 1)


def last(tx: Tx, kind: str) -> int:
    """Return the last number given of a kind."""
    return _required(tx, kind, counters.last(tx, kind=kind))


def _required(tx: Tx, kind: str, number: int | None) -> int:
    if number is None:
        raise errors.Damaged(path=tx.place, reason=f"the counter of {kind} is missing")
    return number
