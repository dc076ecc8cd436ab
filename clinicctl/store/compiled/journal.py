"""Generated from queries/journal.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable
from datetime import datetime

from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.values import from_instant, from_uuid

_BY_KEY = """
SELECT journal.number, journal.at, journal.actor, journal.command, journal."key", journal.undoes,
journal.said, journal.fingerprint, journal.outcome, journal.previous, journal.hash
FROM journal
WHERE journal."key" = ?
"""


def by_key(tx: Tx, *, key: str) -> rows.WriteRow | None:
    return tx.fetch_one(_BY_KEY, (key,), rows.write_row)


_INSERT = """
INSERT INTO journal (number, at, actor, command, "key", undoes, said, fingerprint, outcome, previous, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert(
    tx: Tx,
    *,
    number: int,
    at: datetime,
    actor: str,
    command: str,
    key: str,
    undoes: int | None,
    said: str,
    fingerprint: str,
    outcome: str,
    previous: str,
    hash: str,
) -> int:
    return tx.execute(
        _INSERT,
        (number, from_instant(at), actor, command, key, undoes, said, fingerprint, outcome, previous, hash),
    )


_INSERT_STEPS = """
INSERT INTO journal_steps (journal_number, nth, appointment_id, from_status, to_status, queue_from, queue_to,
slot, position, "before") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert_steps(tx: Tx, every: Iterable[rows.StepRow]) -> int:
    return tx.execute_many(
        _INSERT_STEPS,
        (
            (
                each.journal_number,
                each.nth,
                from_uuid(each.appointment_id),
                each.from_status,
                each.to_status,
                each.queue_from,
                each.queue_to,
                each.slot,
                each.position,
                each.before,
            )
            for each in every
        ),
    )


_INSERT_DAYS = """
INSERT INTO journal_days (journal_number, "before") VALUES (?, ?)
"""


def insert_days(tx: Tx, every: Iterable[rows.DaysBeforeRow]) -> int:
    return tx.execute_many(
        _INSERT_DAYS,
        ((each.journal_number, each.before) for each in every),
    )
