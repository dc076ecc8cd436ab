"""The journal: one row for each accepted write, in its transaction. A repeated key is answered from it.

A row has the actor, the instant, the command, the key, and the outcome: ids, numbers and statuses, nothing personal.
Requests are stored as digests with a secret of the clinic, because a plain digest of a phone could be guessed. Each
row has the hash of the row before it, which reveals changed, removed and moved rows.
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

from clinicctl import errors
from clinicctl.desk import lookup, messages, operations, replay, visit_lookup
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.results.base import Outcome, plain
from clinicctl.results.journal import JournalChecked, JournalFinding
from clinicctl.rules import days
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.references import AppointmentRef, ArrivalRef, BookedRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.rules.text import fold
from clinicctl.statuses import Role
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Queries, Step, Tx

FIRST = "0" * 64
"""The previous hash of the first row."""

SECRET = 32
"""Bytes of the clinic's secret for the digests."""

MOST_FINDINGS = 1_000
"""How many findings are listed. More are only counted."""

R = TypeVar("R")

_NO_STEPS: tuple[int | None, Iterable[rows.StoredStepRow]] = (None, ())


def once(
    tx: Tx,
    operation: Callable[..., R],
    *,
    command: str,
    key: str,
    own_key: bool,
    request: Mapping[str, Any],
    typed: Mapping[str, Any] | None = None,
) -> Outcome:
    """Do an operation and journal it, or replay the answer of its key.

    `own_key` says that the caller chose the key; a generated one cannot be in the journal yet. `typed` is the request
    before the user chose among several matches; repeated with the same key, it gets the same answer. Refuses with
    `KeyReused` a key that belongs to another request of any command.
    """
    name = operations.of(operation).name
    asked = digest(tx, name, typed or request)
    tx.prefetch(first_queries(key if own_key else None, request))
    first = stored_journal.by_key(tx, key=key) if own_key else None
    if first is not None:
        is_other = first.said != asked and first.fingerprint != _fingerprint(tx, name, request)
        if is_other or not _may_see(tx, first):
            raise errors.KeyReused(command=first.command, at=tx.local(first.at).isoformat(timespec="seconds"))
        return Outcome(result=replay.result(tx, replay.read(tx, first.outcome, of=first.number)), replayed=True)
    # References are resolved before the operation, which may change their meaning.
    fingerprint = (_fingerprint(tx, name, request) if own_key else None) or asked
    used = own_key or tx.key or tx.steps or tx.days_before or tx.merges_before or tx.changes
    within = replace(tx, key=key, steps=[], days_before=[], merges_before=[], changes=[]) if used else tx
    result = operation(within, **request)
    _record(within, operation=name, command=command, key=key, digest=asked, fingerprint=fingerprint, result=result)
    if within is tx:
        tx.steps.clear()
        tx.days_before.clear()
        tx.merges_before.clear()
        tx.changes.clear()
    return Outcome(result=result)


def _may_see(tx: Tx, write: rows.WriteRow) -> bool:
    """Return whether the answer of a write may be repeated.

    In a clinic with users, only its actor and managers get it.
    """
    return tx.person is None or tx.person.role is Role.MANAGER or write.actor == tx.actor


def first_queries(own_key: str | None, request: Mapping[str, Any]) -> Queries:
    """Return the queries with which `once` begins."""

    def ask(tx: Tx) -> None:
        if own_key is not None:
            stored_journal.by_key(tx, key=own_key)
        lookup.ask(tx, request.values())

    return ask


def head(tx: Tx) -> tuple[int, str]:
    """Return the number and the hash of the last row."""
    number, hash_ = tx.head()
    return number, hash_ or FIRST


def keyed_hash(tx: Tx) -> "hashlib.blake2b":
    """Return a new hash with the clinic's secret.

    Nobody without the secret can guess what was digested.
    """
    return hashlib.blake2b(key=_secret(tx.secret, tx.place), digest_size=32)


def written_since(tx: Tx, head: tuple[int, str]) -> list[dict[str, Any]] | None:
    """Return the outcomes of the writes after a row.

    Return None if the journal does not contain that row.
    """
    number, hash_ = head
    found = stored_journal.since(tx, number=number)
    if number and (not found or found[0].hash != hash_):
        return None
    return [replay.read(tx, row.outcome, of=row.number) for row in found if row.number > number]


def done_before(tx: Tx, operation: str, requests: Iterable[Mapping[str, Any]]) -> Any:
    """Return the last result of an operation with one of these requests, by any key.

    Return None if there is none.
    """
    row = stored_journal.last_requested(tx, requests=[digest(tx, operation, each) for each in requests])
    return replay.result(tx, replay.read(tx, row.outcome, of=row.number)) if row is not None else None


def digest(tx: Tx, operation: str, request: Mapping[str, Any]) -> str:
    """Return the digest of a request as it was given. Each write has that of its own."""
    return _digest(tx, operation, {name: _as_given(tx, value) for name, value in request.items()})


def closing_queries(tx: Tx, on: date) -> list[Queries]:
    """Return the queries of `is_closed`, for `Tx.prefetch`."""
    since = datetime.combine(on, time(), tzinfo=tx.zone)
    return [
        lambda tx: stored_journal.active_on(tx, on=on),
        lambda tx: stored_journal.closings(tx, since=since),
    ]


def is_closed(tx: Tx, on: date) -> bool:
    """Return whether a day was closed, without an undo or a booking on it afterwards."""
    if stored_journal.active_on(tx, on=on) is not None:
        return False
    closings = stored_journal.closings(tx, since=datetime.combine(on, time(), tzinfo=tx.zone))
    outcomes = (replay.read(tx, row.outcome, of=row.number) for row in closings)
    return any(each.get("result", {}).get("date") == on.isoformat() for each in outcomes)


def examine(tx: Tx, *, anchor: str | None = None) -> "JournalChecked":
    """Follow the chain of hashes from the first row to the last.

    It finds rows that were changed, removed (at the end by the last number given) or moved, and steps that were
    changed, removed or added. `anchor` is the hash of a row from another place; it finds that no row has it.
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
            found.add(number, "the content or the steps do not match the hash")
        last, head = number, row.hash if isinstance(row.hash, str) else ""
        anchored = anchored or head == anchor
    for left, _ in chain([(owner, own)] if owner is not None else [], steps):
        found.add(left, "has steps, but no row")
    given = tx.last_number_given()
    found.add_missing(last + 1, given)
    if given < last:
        found.add(last, "is above the last number that the database has given")
    if anchor is not None and not anchored:
        found.add(last, "no row up to this one has the anchor's hash: the end was removed or changed")
    return JournalChecked(
        writes=count,
        number=last,
        head=head,
        anchored=anchored if anchor is not None else None,
        broken=found.count,
        findings=tuple(found.first),
    )


def _owner(step: rows.StoredStepRow) -> int:
    """Return the number of the write of a step.

    Return 0, which no write has, if it is not a number.
    """
    return step.journal_number if isinstance(step.journal_number, int) else 0


class _Findings:
    """The problems of the journal: their number, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[JournalFinding] = []

    def add(self, number: int, problem: str) -> None:
        self.count += 1
        if len(self.first) < MOST_FINDINGS:
            self.first.append(JournalFinding(number, problem))

    def add_missing(self, first: int, last: int) -> None:
        if first <= last:
            self.add(first, "is missing" if first == last else f"is missing, and all up to row {last}")


def _hash_of_stored(row: rows.StoredWriteRow, steps: Sequence[rows.StoredStepRow]) -> str | None:
    """Return the hash of a stored row and its steps.

    Return None if they cannot be as they were written.
    """
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


def _record(tx: Tx, *, operation: str, command: str, key: str, digest: str, fingerprint: str, result: Any) -> None:
    number, previous = head(tx)
    write = rows.WriteRow(
        number=number + 1,
        at=tx.now,
        actor=tx.actor,
        command=command,
        key=key,
        undoes=result.undoes if operation == operations.UNDO.name else None,
        said=digest,
        fingerprint=fingerprint,
        outcome=_json({"operation": operation, **_role(tx), **replay.stored(result)}).decode(),
        previous=previous,
        hash="",
    )
    write = write._replace(hash=_hash(write, tx.steps))
    stored_journal.insert(tx, [write])
    tx.end.last = write.number, write.hash
    if tx.steps:
        steps = [rows.StepRow(write.number, nth, *each) for nth, each in enumerate(tx.steps, start=1)]
        stored_journal.insert_steps(tx, steps)
    if tx.merges_before:
        stored_journal.insert_merges(tx, [rows.BeforeRow(write.number, each) for each in tx.merges_before])
    if tx.changes:
        messages.arise(tx, write.number, undone=write.undoes is not None)
    if tx.days_before:
        stored_journal.insert_days(tx, [rows.BeforeRow(write.number, each) for each in tx.days_before])


def _role(tx: Tx) -> dict[str, str]:
    """Return the user of the machine or server, if the actor has another name.

    On a file it is noted only in a clinic with users.
    """
    known = tx.role or (tx.person.login if tx.person is not None else None)
    return {"role": known} if known is not None and known != tx.actor else {}


def _fingerprint(tx: Tx, name: str, request: Mapping[str, Any]) -> str | None:
    """Return the digest of the resolved request.

    Return None if a reference in it matches none or several.
    """
    try:
        return _digest(tx, name, {each: _resolved(tx, value) for each, value in request.items()})
    except errors.Refusal:
        return None


def _as_given(tx: Tx, value: Any) -> Any:
    """Return a value as it was given, with normalised spelling; `today` is its date."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, days.DayWord):
        return date_of(tx, value).isoformat()
    if isinstance(value, days.DaysWord):
        return [each.isoformat() for each in dates_of(tx, value)]
    if isinstance(value, PatientRef | DoctorRef | AppointmentRef | ArrivalRef | BookedRef | WaitlistRef):
        return fold(value) or value
    if isinstance(value, Digested):
        return value.digest_value(tx.today, tx.clinic.date_order)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_as_given(tx, each) for each in value]
    if isinstance(value, str) and not value.isascii():
        # The operation refuses text that is not Unicode.
        return value.encode("utf-8", "backslashreplace").decode()
    return plain(value)


def _resolved(tx: Tx, value: Any) -> Any:
    """Return a value with references as their current ids."""
    if isinstance(value, PatientRef):
        row = lookup.get_patient(tx, value)
        if row is None:
            raise errors.NoSuchPatient()
        return str(row.id)
    if isinstance(value, DoctorRef):
        return str(lookup.find_doctor(tx, value).id)
    if isinstance(value, AppointmentRef):
        return str(lookup.find_appointment(tx, value).id)
    if isinstance(value, ArrivalRef | BookedRef):
        return str(visit_lookup.resolve(tx, value))
    return _as_given(tx, value)


def _digest(tx: Tx, name: str, request: Mapping[str, Any]) -> str:
    """Return the digest of an operation and its request. Omitted values do not count."""
    given = {each: value for each, value in request.items() if value is not None}
    found = keyed_hash(tx)
    found.update(_json([name, given]))
    return found.hexdigest()


@lru_cache(4)
def _secret(stored: str, path: str) -> bytes:
    """Return the secret for the digests. Refuses a database without it."""
    try:
        secret = bytes.fromhex(stored)
    except ValueError:
        secret = b""
    if len(secret) != SECRET:
        raise errors.Damaged(path=path, reason="the clinic's secret is missing")
    return secret


def _hash(row: rows.WriteRow | rows.StoredWriteRow, steps: Sequence[Step]) -> str:
    """Return the hash of a row without its own hash, and of its steps."""
    content = row._asdict()
    del content["hash"]
    return hashlib.sha256(_json([content, [each._asdict() for each in steps]])).hexdigest()


def _json(value: Any) -> bytes:
    """Return the canonical JSON of a value.

    It is UTF-8 with sorted names and no spaces; instants are in ISO 8601 to the microsecond.
    """
    return orjson.dumps(value, default=_iso, option=orjson.OPT_SORT_KEYS)


def _iso(value: Any) -> str:
    """Return a date or an instant of a subclass as text."""
    if isinstance(value, date | time):
        return value.isoformat()
    raise TypeError(type(value).__name__)
