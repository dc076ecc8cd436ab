"""Human numbers: P17, A42. From one counter row a kind, in the transaction that uses them; never given twice."""

from clinicctl import errors
from clinicctl.store.engine import Tx
from clinicctl.store.models import counters
from clinicctl.store.sql import bindparam, select, update

_NEXT = (
    update(counters)
    .where(counters.c.name == bindparam("kind"))
    .values(value=counters.c.value + bindparam("step"))
    .returning(counters.c.value)
)

_LAST = select(counters.c.value).where(counters.c.name == bindparam("kind"))


def next_one(tx: Tx, kind: str) -> int:
    """Take the next number of a kind: `patients` or `appointments`."""
    return next_many(tx, kind, 1)[0]


def next_many(tx: Tx, kind: str, count: int) -> range:
    """Take the next so many numbers of a kind."""
    row = tx.one(_NEXT, kind=kind, step=count)
    if row is None:
        raise errors.Damaged(path=tx.path, reason=f"the counter of {kind} is missing")
    return range(int(row[0]) - count + 1, int(row[0]) + 1)


def last(tx: Tx, kind: str) -> int:
    """Return the number of a kind that was given last."""
    row = tx.one(_LAST, kind=kind)
    if row is None:
        raise errors.Damaged(path=tx.path, reason=f"the counter of {kind} is missing")
    return int(row[0])
