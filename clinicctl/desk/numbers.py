"""Human numbers: P17, A42. From one counter row a kind, in the transaction that uses them; never given twice."""

from clinicctl import errors
from clinicctl.store.compiled import counters
from clinicctl.store.engine import Tx


def next_one(tx: Tx, kind: str) -> int:
    """Take the next number of a kind: `patients` or `appointments`."""
    return next_many(tx, kind, 1)[0]


def next_many(tx: Tx, kind: str, count: int) -> range:
    """Take the next so many numbers of a kind."""
    taken = _required(tx, kind, counters.next(tx, kind=kind, step=count))
    return range(taken - count + 1, taken + 1)


def last(tx: Tx, kind: str) -> int:
    """Return the number of a kind that was given last."""
    return _required(tx, kind, counters.last(tx, kind=kind))


def _required(tx: Tx, kind: str, number: int | None) -> int:
    if number is None:
        raise errors.Damaged(path=tx.path, reason=f"the counter of {kind} is missing")
    return number
