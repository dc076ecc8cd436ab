"""Generated from queries/counters.py by `python -m clinicctl.store.compile`. Do not edit."""

from clinicctl.store.tx import Tx

_NEXT = """
UPDATE counters SET value=(counters.value + ?) WHERE counters.name = ? RETURNING value
"""


def next(tx: Tx, *, step: int, kind: str) -> int | None:
    return tx.fetch_one(_NEXT, (step, kind), lambda row: row[0])


_LAST = """
SELECT counters.value
FROM counters
WHERE counters.name = ?
"""


def last(tx: Tx, *, kind: str) -> int | None:
    return tx.fetch_one(_LAST, (kind,), lambda row: row[0])
