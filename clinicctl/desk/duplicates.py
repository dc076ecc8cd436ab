"""People kept apart: who may be on file twice, and making one of two."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from clinicctl import errors
from clinicctl.desk import bookings, lookup, operations, patients, queue, records, waitlist
from clinicctl.results import Duplicate, Merged, MergePlan
from clinicctl.rules import matching, merges
from clinicctl.rules.references import PatientRef
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

LARGEST_GROUP = 50
"""A group of more who share a name's sound says nothing; its members are met by phone or birth date."""


def list_duplicates(tx: Tx) -> list[Duplicate]:
    """Return the pairs on file who may be one person, the likeliest first.

    Looked at are those who share a phone, a folded name or its sound. A pair against which something is recorded
    (`names.contradictions`) is none, unless name and phone are the same; one that shares only the sound of the name
    needs the birth date, too. A phone that identifies nobody counts as none.
    """
    crowded = set(stored_records.crowded_phones(tx, most=matching.MOST_SHARING))
    found = {}
    for one, other in _pairs(tx):
        pair = tuple(sorted((one.number, other.number)))
        if pair not in found and (scored := _score(one, other, crowded)):
            score, why = scored
            first, second = sorted((one, other), key=lambda each: each.number)
            found[pair] = Duplicate(score, why, patients.describe(tx, first), patients.describe(tx, second))
    return sorted(found.values(), key=lambda each: (-each.score, each.one.number, each.other.number))


@operations.MERGE_PATIENTS
def merge(tx: Tx, *, patient: PatientRef, into: PatientRef) -> Merged:
    """Make one of two: everything of `patient` moves to the other; its number, name and phone find the survivor.

    What the survivor lacks is taken over; what differs stays with the merged record. Refuses to merge a patient with
    the same one, erased or archived ones, and, with `MergeConflict`, two who each hold what one may hold once.
    """
    gone, stays = _both(tx, patient, into)
    settled = merges.plan_details(gone, stays)
    waited = {*waitlist.list_of_patient(tx, patient_id=gone.id), *waitlist.list_of_patient(tx, patient_id=stays.id)}
    moved = stored_records.move_appointments(tx, patient=gone.id, patient_id=stays.id, updated_at=tx.now)
    entries = waitlist.move(tx, old=gone.id, new=stays.id)
    merged = patients.merge_rows(tx, gone, stays, changes=settled.changes)
    waits = waitlist.list_of_patient(tx, patient_id=stays.id)
    return Merged(
        patient=patients.describe(tx, merged),
        merged=f"P{gone.number}",
        appointments=moved,
        waitlist_entries=entries,
        waitlist_removed=tuple(sorted(waited.difference(waits), key=lambda each: int(each[1:]))),
        taken_over=settled.taken_over,
        kept=settled.differing,
    )


def would_merge(tx: Tx, *, patient: PatientRef, into: PatientRef) -> MergePlan:
    """Return what `merge` would do, changing nothing. Refuses what `merge` refuses."""
    gone, stays = _both(tx, patient, into)
    settled = merges.plan_details(gone, stays)
    return MergePlan(
        patient=lookup.patient_brief(gone),
        into=lookup.patient_brief(stays),
        appointments=stored_records.count_appointments(tx, patient=gone.id) or 0,
        waitlist_entries=len(waitlist.list_of_patient(tx, patient_id=gone.id)),
        taken_over=settled.taken_over,
        kept=settled.differing,
    )


def _both(tx: Tx, patient: PatientRef, into: PatientRef) -> tuple[rows.PatientRow, rows.PatientRow]:
    """Return the rows of the two patients who are merged."""
    gone, stays = lookup.find_patient(tx, patient), lookup.find_active_patient(tx, into)
    if gone.id == stays.id:
        raise errors.SamePatient(subject=f"P{stays.number}")
    lookup.not_erased(gone)
    _refuse_doubled(tx, gone, stays)
    return gone, stays


def _refuse_doubled(tx: Tx, gone: rows.PatientRow, stays: rows.PatientRow) -> None:
    """Refuse two patients who both have what one patient may have once. The refusal names how to end one of them."""
    theirs, ours = _held(tx, gone), _held(tx, stays)
    pairs = [(one, other) for one in theirs for other in ours]
    for hold, collide in _ONCE:
        for one, other in pairs:
            if collide(one, other):
                raise errors.MergeConflict(
                    patient=f"P{gone.number}",
                    into=f"P{stays.number}",
                    hold=hold,
                    places=f"{_place(one)} and {_place(other)}",
                    appointments=[f"A{one.row.number}", f"A{other.row.number}"],
                    hint=f"{_ending(tx, one, other)}",
                )


class _Held(NamedTuple):
    """An appointment that is not over, with its place in a queue."""

    row: rows.AppointmentRow
    entry: rows.QueueRow | None


def _held(tx: Tx, patient: rows.PatientRow) -> list[_Held]:
    active = bookings.list_active(tx, patient_id=patient.id)
    return [_Held(row, queue.get_entry(tx, row.id) if row.position is not None else None) for row in active]


def _both_seen(one: _Held, other: _Held) -> bool:
    return {one.row.status, other.row.status} == {AppointmentStatus.IN_CONSULTATION}


def _in_one_queue(one: _Held, other: _Held) -> bool:
    if one.entry is None or other.entry is None:
        return False
    return (one.entry.doctor_id, one.entry.date) == (other.entry.doctor_id, other.entry.date)


def _with_one_doctor(one: _Held, other: _Held) -> bool:
    return (one.row.doctor_id, one.row.date) == (other.row.doctor_id, other.row.date)


def _at_one_time(one: _Held, other: _Held) -> bool:
    return one.row.time is not None and (one.row.date, one.row.time) == (other.row.date, other.row.time)


_ONCE: Sequence[tuple[str, Callable[[_Held, _Held], bool]]] = (
    ("are in consultation", _both_seen),
    ("have a place in one queue", _in_one_queue),
    ("have an appointment with one doctor on one day", _with_one_doctor),
    ("have an appointment at one time", _at_one_time),
)


def _place(held: _Held) -> str:
    row, entry = held
    at = f" at {row.time:%H:%M}" if row.time else ""
    queued = f", position {entry.position} of {entry.doctor_code}" if entry is not None else ""
    return f"A{row.number} with {row.doctor_code} on {row.date.isoformat()}{at}{queued}"


def _ending(tx: Tx, one: _Held, other: _Held) -> str:
    """Return the command that ends one of two open appointments: the one that is easier to end."""
    if min(one.row.date, other.row.date) < tx.today:
        return f"End the past day first: `clinicctl close {min(one.row.date, other.row.date).isoformat()}`."
    for row, entry in (one, other):
        if entry is None:
            return f"Cancel or move one first: `clinicctl appointment cancel A{row.number}`."
    ending = min((one, other), key=lambda each: each.row.status == AppointmentStatus.IN_CONSULTATION).entry
    assert ending is not None, "everybody without a place in a queue was met before"
    return f"End one first: `{records.leave_queue(ending.doctor_code, ending.position, ending.status)}`."


_SHARED: Sequence[tuple[Callable[[Tx], list[rows.PatientRow]], Callable[[rows.PatientRow], str | None]]] = (
    (stored_records.sharing_phone, lambda row: row.phone),
    (stored_records.sharing_name_key, lambda row: row.name_key),
    (stored_records.sharing_sound_key, lambda row: row.sound_key),
)
"""The queries for patients who share something, and what they share."""


def _pairs(tx: Tx) -> Iterator[tuple[rows.PatientRow, rows.PatientRow]]:
    for sharing, shared in _SHARED:
        groups: dict[str | None, list[rows.PatientRow]] = {}
        for row in sharing(tx):
            groups.setdefault(shared(row), []).append(row)
        for members in groups.values():
            if len(members) <= LARGEST_GROUP:
                yield from combinations(members, 2)


def _score(one: rows.PatientRow, other: rows.PatientRow, crowded: Collection[str | None]) -> tuple[int, str] | None:
    alike = matching.likeness(one.name, other.name)
    born = matching.same_birth(one.born, one.born_year, other.born, other.born_year)
    phone = one.phone is not None and one.phone == other.phone and one.phone not in crowded
    return matching.duplicate(alike, same_phone=phone, same_birth=born, against=matching.contradictions(one, other))
