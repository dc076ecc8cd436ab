"""Generated from queries/journal.py by `python -m clinicctl.store.compile`. Do not edit."""

from collections.abc import Iterable, Iterator
from datetime import date as Date
from datetime import datetime

from clinicctl.store.compiled import rows
from clinicctl.store.tx import Tx
from clinicctl.store.values import from_date, from_instant, from_list, from_uuid

_BY_KEY = """
SELECT journal.number, journal.at, journal.actor, journal.command, journal."key", journal.undoes,
journal.said, journal.fingerprint, journal.outcome, journal.previous, journal.hash
FROM journal
WHERE journal."key" = ?
"""


def by_key(tx: Tx, *, key: str) -> rows.WriteRow | None:
    return tx.fetch_one(_BY_KEY, (key,), rows.write_row)


_BY_NUMBER = """
SELECT journal.number, journal.at, journal.actor, journal.command, journal."key", journal.undoes,
journal.said, journal.fingerprint, journal.outcome, journal.previous, journal.hash
FROM journal
WHERE journal.number = ?
"""


def by_number(tx: Tx, *, number: int) -> rows.WriteRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.write_row)


_SINCE = """
SELECT journal.number, journal.hash, journal.outcome
FROM journal
WHERE journal.number >= ? ORDER BY journal.number
"""


def since(tx: Tx, *, number: int) -> list[rows.OutcomeRow]:
    return tx.fetch_all(_SINCE, (number,), rows.outcome_row)


_LAST_REQUESTED = """
SELECT journal.number, journal.hash, journal.outcome
FROM journal
WHERE journal.said IN (SELECT requests_listed.value
FROM json_each(?) AS requests_listed) ORDER BY journal.number DESC
LIMIT 1 OFFSET ?
"""


def last_requested(tx: Tx, *, requests: Iterable[str]) -> rows.OutcomeRow | None:
    return tx.fetch_one(_LAST_REQUESTED, (from_list(requests), 0), rows.outcome_row)


_CLOSINGS = """
SELECT journal.number, journal.hash, journal.outcome
FROM journal
WHERE journal.command = 'close' AND journal.at >= ? AND NOT (EXISTS (SELECT undoing.number
FROM journal AS undoing
WHERE undoing.undoes = journal.number))
"""


def closings(tx: Tx, *, since: datetime) -> list[rows.OutcomeRow]:
    return tx.fetch_all(_CLOSINGS, (from_instant(since),), rows.outcome_row)


_ACTIVE_ON = """
SELECT appointments.number
FROM appointments
WHERE appointments.date = ? AND status IN ('booked', 'checked_in', 'in_consultation')
LIMIT 1 OFFSET ?
"""


def active_on(tx: Tx, *, on: Date) -> int | None:
    return tx.fetch_one(_ACTIVE_ON, (from_date(on), 0), lambda row: row[0])


_NOTE = """
SELECT doctor_daily_availabilities.note
FROM doctor_daily_availabilities JOIN doctors ON doctors.id = doctor_daily_availabilities.doctor_id
WHERE doctors.code = ? AND doctor_daily_availabilities.date = ?
"""


def note(tx: Tx, *, doctor: str, on: Date) -> str | None:
    return tx.fetch_one(_NOTE, (doctor, from_date(on)), lambda row: row[0])


_STORED_WRITES = """
SELECT journal.number AS number, journal.at AS at, journal.actor AS actor, journal.command AS command,
journal."key" AS "key", journal.undoes AS undoes, journal.said AS said, journal.fingerprint AS fingerprint,
journal.outcome AS outcome, journal.previous AS previous, journal.hash AS hash
FROM journal ORDER BY journal.number
"""


def stored_writes(tx: Tx) -> Iterator[rows.StoredWriteRow]:
    return tx.iterate(_STORED_WRITES, (), rows.stored_write_row)


_STORED_STEPS = """
SELECT journal_steps.journal_number AS journal_number, journal_steps.nth AS nth, journal_steps.appointment_id
AS appointment_id, journal_steps.from_status AS from_status, journal_steps.to_status AS to_status,
journal_steps.queue_from AS queue_from, journal_steps.queue_to AS queue_to, journal_steps.slot AS slot,
journal_steps.position AS position, journal_steps."before" AS "before"
FROM journal_steps ORDER BY journal_steps.journal_number, journal_steps.nth
"""


def stored_steps(tx: Tx) -> Iterator[rows.StoredStepRow]:
    return tx.iterate(_STORED_STEPS, (), rows.stored_step_row)


_INSERT = """
INSERT INTO journal (number, at, actor, command, "key", undoes, said, fingerprint, outcome, previous, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def insert(tx: Tx, every: Iterable[rows.WriteRow]) -> int:
    return tx.execute_many(
        _INSERT,
        (
            (
                each.number,
                from_instant(each.at),
                each.actor,
                each.command,
                each.key,
                each.undoes,
                each.said,
                each.fingerprint,
                each.outcome,
                each.previous,
                each.hash,
            )
            for each in every
        ),
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


def insert_days(tx: Tx, every: Iterable[rows.BeforeRow]) -> int:
    return tx.execute_many(
        _INSERT_DAYS,
        ((each.journal_number, each.before) for each in every),
    )


_INSERT_MERGES = """
INSERT INTO journal_merges (journal_number, "before") VALUES (?, ?)
"""


def insert_merges(tx: Tx, every: Iterable[rows.BeforeRow]) -> int:
    return tx.execute_many(
        _INSERT_MERGES,
        ((each.journal_number, each.before) for each in every),
    )
