"""Human numbers: P17, A42. From one counter row a kind, in the transaction that uses them; never given twice."""

from clinicctl.store.engine import Tx
from clinicctl.store.models import counters
from clinicctl.store.sql import bindparam, update

_NEXT = (
    update(counters)
    .where(counters.c.name == bindparam("kind"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)


def next_one(tx: Tx, kind: str) -> int:
    """Take the next number of a kind: `patients` or `appointments`."""
    row = tx.one(_NEXT, kind=kind)
    assert row is not None, kind
    return int(row[0])
