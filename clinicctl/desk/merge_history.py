"""Undo a merge of two patients: everything back where it was, or nothing.

`Moved` is what a merge moved. The journal keeps it as numbers, names of fields, and a digest of the state right after
the merge. Nothing in it is personal, so that an erasure has nothing to remove there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import chain
from typing import Any

import orjson

from clinicctl import errors
from clinicctl.desk import audit, journal, operations, patient_keys, patient_phones, patients, replay, waitlist
from clinicctl.rules import merges
from clinicctl.rules.references import PatientRef
from clinicctl.store.compiled import merges as stored_merges
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


@dataclass(frozen=True, slots=True)
class Moved:
    """What a merge moved: the numbers of appointments, of waitlist entries, and of records merged before.

    `archived_at` is when the merged record had been archived before. `former` is what `rules.merges` needs to get the
    survivor's details back.
    """

    appointments: Sequence[int]
    entries: Sequence[int]
    records: Sequence[int]
    archived_at: datetime | None
    former: merges.FormerDetails


@dataclass(frozen=True, slots=True)
class Before:
    """The state before a merge, and the two records as they are now.

    `last` is the number of the last appointment at the merge, and `digest` the state right after it.
    """

    gone: rows.PatientRow
    survivor: rows.PatientRow
    moved: Moved
    doubled: waitlist.Doubled
    last: int
    digest: str


def look(tx: Tx, gone: rows.PatientRow, survivor: rows.PatientRow, plan: merges.DetailsPlan) -> Moved:
    """Return what a merge is going to move."""
    return Moved(
        appointments=stored_merges.appointments(tx, patient=gone.id),
        entries=stored_merges.entries(tx, patient=gone.id),
        records=stored_merges.records(tx, patient=gone.id),
        archived_at=gone.archived_at,
        former=merges.former_details(plan, gone, survivor),
    )


def record(
    tx: Tx, moved: Moved, doubled: waitlist.Doubled, *, gone: rows.PatientRow, survivor: rows.PatientRow
) -> None:
    """Let the journal record what a merge has moved.

    The two rows are those after the merge.
    """
    last = stored_merges.last_appointment(tx) or 0
    before = {
        "appointments": _packed(moved.appointments),
        "entries": _packed(moved.entries),
        "records": _packed(moved.records),
        "removed": _packed(doubled.removed),
        "days": replay.pack([(number, on.toordinal()) for number, on in doubled.days]),
        "archived_at": moved.archived_at.isoformat() if moved.archived_at else None,
        "former": asdict(moved.former),
        "last": last,
        "digest": _digest(tx, gone, survivor, last),
    }
    tx.merges_before.append(json.dumps(before, separators=(",", ":")))


def find(tx: Tx, write: rows.WriteRow) -> Before | None:
    """Return the state before a merge.

    Return None for any other write, and for a merge by a version that did not record it.
    """
    outcome = replay.read(tx, write.outcome, of=write.number)
    done = operations.named(outcome.get("operation"))
    if done is None or done.undo is not operations.Undo.MERGE:
        return None
    stored = stored_merges.saved(tx, number=write.number)
    if stored is None:
        return None
    try:
        result = outcome["result"]
        return _read(json.loads(stored), _numbered(tx, result["merged"]), _numbered(tx, result["patient"]["number"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise errors.Damaged(
            path=tx.place, reason=f"the record of the state before write {write.number} is unreadable"
        ) from None


def refuse_changed(tx: Tx, write: rows.WriteRow, before: Before) -> None:
    """Refuse a merge after which anything was written on the patient.

    This includes new appointments and waitlist entries, because nobody knows whose they are.
    """
    step = stored_merges.later_step(tx, patient=before.survivor.id, number=write.number)
    if step is not None:
        raise _built_upon(write, f"A{step.number}", step.journal_number)
    if _digest(tx, before.gone, before.survivor, before.last) != before.digest:
        subject = f"P{before.survivor.number}"
        later = _later_write(tx, write, before)
        if later is None:
            raise errors.IllegalStep(subject=subject, status="changed", step="undo", needs="unchanged")
        raise _built_upon(write, subject, later)


def restore(tx: Tx, before: Before) -> None:
    """Move everything back, and restore the details of both records."""
    gone, survivor, moved = before.gone, before.survivor, before.moved
    counted = (
        stored_merges.return_appointments(
            tx, numbers=moved.appointments, old=survivor.id, patient_id=gone.id, updated_at=tx.now
        ),
        stored_merges.return_entries(tx, numbers=moved.entries, old=survivor.id, patient_id=gone.id),
        stored_merges.return_records(
            tx, numbers=moved.records, old=survivor.id, merged_into=gone.id, updated_at=tx.now
        ),
    )
    if counted != (len(moved.appointments), len(moved.entries), len(moved.records)):
        raise errors.Damaged(path=tx.place, reason="the record of a merge does not match what the patient has")
    waitlist.restore(tx, before.doubled)
    columns = merges.restored(moved.former, gone, survivor)
    stored = patient_keys.of_patient(tx, survivor)
    if "phone" in columns:
        patient_phones.replace(tx, survivor, ())
    survivor = patients.save(tx, survivor._replace(**columns))
    patient_keys.change(tx, survivor, stored)
    patients.save(tx, gone._replace(archived_at=moved.archived_at, merged_into=None))


def _read(stored: Mapping[str, Any], gone: rows.PatientRow, survivor: rows.PatientRow) -> Before:
    archived_at = stored["archived_at"]
    return Before(
        gone=gone,
        survivor=survivor,
        moved=Moved(
            appointments=_unpacked(stored["appointments"]),
            entries=_unpacked(stored["entries"]),
            records=_unpacked(stored["records"]),
            archived_at=datetime.fromisoformat(archived_at) if archived_at else None,
            former=merges.FormerDetails(**stored["former"]),
        ),
        doubled=waitlist.Doubled(
            removed=_unpacked(stored["removed"]),
            days=[(number, date.fromordinal(ordinal)) for number, ordinal in replay.unpack(stored["days"])],
        ),
        last=stored["last"],
        digest=stored["digest"],
    )


def _packed(numbers: Iterable[int]) -> str:
    return replay.pack([(each,) for each in numbers])


def _unpacked(text: str) -> list[int]:
    return [number for (number,) in replay.unpack(text)]


def _numbered(tx: Tx, number: str) -> rows.PatientRow:
    """Return the record with a number, also a merged one."""
    row = stored_patients.by_number(tx, number=int(number.removeprefix("P")))
    if row is None:
        raise ValueError(number)
    return row


def _digest(tx: Tx, gone: rows.PatientRow, survivor: rows.PatientRow, last: int) -> str:
    """Return a digest of two records and of what they have.

    It leaves out appointments after the `last` one at the merge, which have steps in the journal. It is made with the
    clinic's secret, so that nothing can be guessed from it.
    """
    found = journal.keyed_hash(tx)
    for each in chain(
        map(_as_before, stored_merges.state_of_patients(tx, one=gone.id, other=survivor.id)),
        stored_merges.state_of_phones(tx, one=gone.id, other=survivor.id),
        [stored_merges.records(tx, patient=survivor.id)],
        stored_merges.state_of_appointments(tx, patient=survivor.id, last=last),
        stored_merges.state_of_entries(tx, patient=survivor.id),
    ):
        found.update(orjson.dumps(list(each)))
    return found.hexdigest()


def _as_before(row: Sequence[Any]) -> Sequence[Any]:
    """Return the state of a patient as version 6 would have it.

    Columns that it did not have are left out if they are empty.
    """
    return row[:-2] if row[-2:] == (None, None) else row


def _later_write(tx: Tx, write: rows.WriteRow, before: Before) -> int | None:
    """Return the number of the first write on the patient after a merge.

    Writes that were undone do not count, and neither do the undos.
    """
    entries = list(audit.log(tx, patient=PatientRef(f"P{before.survivor.number}")))
    undone = {each.undoes for each in entries}
    return next(
        (
            each.number
            for each in entries
            if each.number > write.number and each.undoes is None and each.number not in undone
        ),
        None,
    )


def _built_upon(write: rows.WriteRow, subject: str, later: int) -> errors.BuiltUpon:
    return errors.BuiltUpon(number=write.number, command=write.command, subject=subject, later=later)
