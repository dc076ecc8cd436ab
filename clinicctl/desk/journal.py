"""The journal: one row an accepted write, in its transaction, and what the same key is answered the second time.

A row holds who, when, which command, which key, and what came of it: ids, numbers and statuses, nothing personal. The
requests are kept as keyed digests (a bare digest of a phone could be guessed), with a secret of the clinic's own. Each
row carries the hash of the one before it, so that a row changed, removed or put elsewhere shows.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import chain, groupby
from typing import Any, TypeVar
from uuid import UUID

import orjson

from clinicctl import errors, results
from clinicctl.desk import bookings, lookup, operations, replay
from clinicctl.results import Outcome, plain
from clinicctl.rules import days
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.references import AppointmentRef, ArrivalRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.rules.text import fold
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Step, Tx, last_number_given

FIRST = "0" * 64
"""What the first row names as the hash before it."""

SECRET = 32
"""Bytes of the clinic's secret, with which the digests are made."""

TOLD = 1_000
"""So many findings are told one by one; more are counted."""

R = TypeVar("R")

_NO_STEPS: tuple[int | None, Iterable[rows.StoredStepRow]] = (None, ())


def once(
    tx: Tx, operation: Callable[..., R], *, command: str, key: str, own_key: bool, request: Mapping[str, Any]
) -> Outcome:
    """Do `operation` with `request` and journal it; or answer as the first time, when `key` has done it already.

    `own_key` says that the caller chose the key; one that was made up cannot stand in the journal yet. Refuses with
    `KeyReused` when the key stands for another request, of whatever command.
    """
    name = operations.of(operation).name
    said = _digest(tx, name, {each: _said(tx, value) for each, value in request.items()})
    first = stored_journal.by_key(tx, key=key) if own_key else None
    if first is not None:
        if first.said != said and first.fingerprint != _fingerprint(tx, name, request):
            raise errors.KeyReused(command=first.command, at=tx.local(first.at).isoformat(timespec="seconds"))
        return Outcome(result=replay.result(tx, replay.read(tx, first.outcome, of=first.number)), replayed=True)
    # References are resolved before the work: afterwards they may mean something else, or nothing.
    fingerprint = (_fingerprint(tx, name, request) if own_key else None) or said
    used = own_key or tx.key or tx.steps or tx.days_before
    within = replace(tx, key=key, steps=[], days_before=[]) if used else tx
    result = operation(within, **request)
    _record(within, operation=name, command=command, key=key, said=said, fingerprint=fingerprint, result=result)
    if within is tx:
        tx.steps.clear()
        tx.days_before.clear()
    return Outcome(result=result)


def head(tx: Tx) -> tuple[int, str]:
    """Return the number and the hash of the last row."""
    number, hash_ = tx.end.read(tx.driver)
    return number, hash_ or FIRST


def written_since(tx: Tx, head: tuple[int, str]) -> list[dict[str, Any]] | None:
    """Return what is kept of each write after a row; None when the journal is not the one it was."""
    number, hash_ = head
    found = stored_journal.since(tx, number=number)
    if number and (not found or found[0].hash != hash_):
        return None
    return [replay.read(tx, row.outcome, of=row.number) for row in found if row.number > number]


def done_before(tx: Tx, operation: str, requests: Iterable[Mapping[str, Any]]) -> Any:
    """Return what last came of an operation with one of these requests, by whatever key; None when it was not done."""
    said = [_digest(tx, operation, {name: _said(tx, value) for name, value in each.items()}) for each in requests]
    row = stored_journal.last_requested(tx, requests=said)
    return replay.result(tx, replay.read(tx, row.outcome, of=row.number)) if row is not None else None


def is_closed(tx: Tx, on: date) -> bool:
    """Return whether a day was closed, the closing stands, and nobody was booked on the day after it."""
    if stored_journal.active_on(tx, on=on) is not None:
        return False
    closings = stored_journal.closings(tx, since=datetime.combine(on, time(), tzinfo=tx.zone))
    kept = (replay.read(tx, row.outcome, of=row.number) for row in closings)
    return any(each.get("result", {}).get("date") == on.isoformat() for each in kept)


def verify(tx: Tx) -> list[int]:
    """Return the numbers of the rows that are not as they were written; see `examine`."""
    return sorted({each.number for each in examine(tx).findings})


def examine(tx: Tx, *, anchor: str | None = None) -> "results.JournalChecked":
    """Follow the chain of hashes from the first row to the last, however many there are.

    Found are rows changed, removed (also at the end, as far as the database knows what it has given), put elsewhere,
    and steps changed, removed or added; with `anchor`, the hash of a row as it was noted elsewhere, that no row has it.
    """
    found = _Findings()
    steps = groupby(stored_journal.stored_steps(tx), _owner)
    owner, own = next(steps, _NO_STEPS)
    count, last, head, anchored = 0, 0, FIRST, anchor == FIRST
    for row in stored_journal.stored_writes(tx):
        count, number = count + 1, row.number
        while owner is not None and owner < number:
            found.add(owner, "has steps, but no row")
            owner, own = next(steps, _NO_STEPS)
        taken = list(own) if owner == number else []
        if taken:
            owner, own = next(steps, _NO_STEPS)
        if number != last + 1:
            found.add_missing(last + 1, number - 1)
        elif row.previous != head:
            found.add(number, "does not follow the row before it")
        if row.hash != _hash_of_stored(row, taken):
            found.add(number, "the content or the steps are not those of the hash")
        last, head = number, row.hash if isinstance(row.hash, str) else ""
        anchored = anchored or head == anchor
    for left, _ in chain([(owner, own)] if owner is not None else [], steps):
        found.add(left, "has steps, but no row")
    given = last_number_given(tx.driver)
    found.add_missing(last + 1, given)
    if given < last:
        found.add(last, "is above the last number that the database knows it has given")
    if anchor is not None and not anchored:
        found.add(last, "no row up to this one has the anchor's hash: the end was cut off, or changed")
    return results.JournalChecked(
        writes=count,
        number=last,
        head=head,
        anchored=anchored if anchor is not None else None,
        broken=found.count,
        findings=tuple(found.first),
    )


def _owner(step: rows.StoredStepRow) -> int:
    """Return the number of the write that a step is of; 0, which none has, where it names no number."""
    return step.journal_number if isinstance(step.journal_number, int) else 0


class _Findings:
    """What is wrong with the journal: how much, and the first of it."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[results.JournalFinding] = []

    def add(self, number: int, problem: str) -> None:
        self.count += 1
        if len(self.first) < TOLD:
            self.first.append(results.JournalFinding(number, problem))

    def add_missing(self, first: int, last: int) -> None:
        if first <= last:
            self.add(first, "is missing" if first == last else f"is missing, and all up to row {last}")


def _hash_of_stored(row: rows.StoredWriteRow, steps: Sequence[rows.StoredStepRow]) -> str | None:
    """Return the hash of a row and its steps as the database stores them; None if they cannot be what was written."""
    try:
        at = datetime.fromisoformat(row.at)
        taken = [
            Step(
                appointment_id=UUID(each.appointment_id),
                from_status=each.from_status,
                to_status=each.to_status,
                queue_from=each.queue_from,
                queue_to=each.queue_to,
                slot=each.slot,
                position=each.position,
                before=each.before,
            )
            for each in steps
        ]
        as_written = row.at == at.isoformat(" ", "microseconds") and all(
            each.nth == nth and each.appointment_id == step.appointment_id.hex
            for nth, (each, step) in enumerate(zip(steps, taken, strict=True), start=1)
        )
        return _hash(row._replace(at=at.replace(tzinfo=UTC)), taken) if as_written else None
    except (TypeError, ValueError, AttributeError):
        return None


def _record(tx: Tx, *, operation: str, command: str, key: str, said: str, fingerprint: str, result: Any) -> None:
    number, previous = head(tx)
    write = rows.WriteRow(
        number=number + 1,
        at=tx.now,
        actor=tx.actor,
        command=command,
        key=key,
        undoes=result.undoes if operation == operations.UNDO.name else None,
        said=said,
        fingerprint=fingerprint,
        outcome=_json({"operation": operation, **replay.stored(result)}).decode(),
        previous=previous,
        hash="",
    )
    write = write._replace(hash=_hash(write, tx.steps))
    stored_journal.insert(tx, [write])
    tx.end.last = write.number, write.hash
    if tx.steps:
        steps = [rows.StepRow(write.number, nth, *each) for nth, each in enumerate(tx.steps, start=1)]
        stored_journal.insert_steps(tx, steps)
    if tx.days_before:
        stored_journal.insert_days(tx, [rows.DaysBeforeRow(write.number, each) for each in tx.days_before])


def _fingerprint(tx: Tx, name: str, request: Mapping[str, Any]) -> str | None:
    """The digest of the resolved request; None when a reference in it means nothing, or more than one."""
    try:
        return _digest(tx, name, {each: _resolved(tx, value) for each, value in request.items()})
    except errors.Refusal:
        return None


def _said(tx: Tx, value: Any) -> Any:
    """A value as it was said, but for spelling; `today` is its date."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, days.DayWord):
        return days.day(value, today=tx.today).isoformat()
    if isinstance(value, days.DaysWord):
        return [each.isoformat() for each in days.days(value, today=tx.today)]
    if isinstance(value, PatientRef | DoctorRef | AppointmentRef | ArrivalRef | WaitlistRef):
        return fold(value) or value
    if isinstance(value, Digested):
        return value.digest_value(tx.today)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_said(tx, each) for each in value]
    if isinstance(value, str) and not value.isascii():
        # What is not Unicode is left to the operation, which refuses it in its own words.
        return value.encode("utf-8", "backslashreplace").decode()
    return plain(value)


def _resolved(tx: Tx, value: Any) -> Any:
    """A value with references as the ids they mean now."""
    if isinstance(value, PatientRef):
        return str(lookup.find_patient(tx, value).id)
    if isinstance(value, DoctorRef):
        return str(lookup.find_doctor(tx, value).id)
    if isinstance(value, AppointmentRef):
        return str(lookup.find_appointment(tx, value).id)
    if isinstance(value, ArrivalRef):
        row = lookup.get_appointment(tx, value) or bookings.who_arrives(tx, value)
        if row is None:
            raise errors.NoSuchPatient()
        return str(row.id)
    return _said(tx, value)


def _digest(tx: Tx, name: str, request: Mapping[str, Any]) -> str:
    """A digest of the operation and of what was said to it; what was not said does not count."""
    said = {each: value for each, value in request.items() if value is not None}
    return hashlib.blake2b(_json([name, said]), key=_secret(tx.secret, tx.path), digest_size=32).hexdigest()


@lru_cache(4)
def _secret(stored: str, path: str) -> bytes:
    """The key of the digests. Refuses a database without it."""
    try:
        secret = bytes.fromhex(stored)
    except ValueError:
        secret = b""
    if len(secret) != SECRET:
        raise errors.Damaged(path=path, reason="the clinic's secret is missing")
    return secret


def _hash(row: rows.WriteRow | rows.StoredWriteRow, steps: Sequence[Step]) -> str:
    """Return the hash of a row, without the hash that it has, and of its steps."""
    content = row._asdict()
    del content["hash"]
    return hashlib.sha256(_json([content, [each._asdict() for each in steps]])).hexdigest()


def _json(value: Any) -> bytes:
    """The one text of a value: UTF-8, names sorted, no spaces; instants as ISO 8601 to the microsecond."""
    return orjson.dumps(value, default=_in_words, option=orjson.OPT_SORT_KEYS)


def _in_words(value: Any) -> str:
    """A date or an instant of a class of its own."""
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(type(value).__name__)
