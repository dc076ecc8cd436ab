"""Refuse to merge two patients who both have what one patient may have once."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import NamedTuple

from clinicctl import errors
from clinicctl.desk import bookings, queue_lookup
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


class _Open(NamedTuple):
    """An open appointment, and its place in a queue."""

    row: rows.AppointmentRow
    entry: rows.QueueRow | None


def refuse(tx: Tx, gone: rows.PatientRow, survivor: rows.PatientRow) -> None:
    """Refuse with `MergeConflict`, whose hint is how to end one of the two."""
    theirs, ours = _open_appointments(tx, gone), _open_appointments(tx, survivor)
    for problem, place in _ONCE:
        for one, other in _with_same(place, theirs, ours):
            raise errors.MergeConflict(
                patient=f"P{gone.number}",
                into=f"P{survivor.number}",
                hold=problem,
                places=f"{_in_words(one)} and {_in_words(other)}",
                appointments=[f"A{one.row.number}", f"A{other.row.number}"],
                hint=_how_to_end(tx, one, other),
            )


def _open_appointments(tx: Tx, patient: rows.PatientRow) -> list[_Open]:
    entries = {each.appointment_id: each for each in stored_queue.of_patient(tx, patient=patient.id)}
    return [_Open(row, entries.get(row.id)) for row in bookings.list_active(tx, patient_id=patient.id)]


def _with_same(
    place: Callable[[_Open], Hashable], theirs: Sequence[_Open], ours: Sequence[_Open]
) -> Iterator[tuple[_Open, _Open]]:
    """Yield the pairs of appointments with one place. None is no place."""
    # The first of several counts, so the dictionary is filled from the end.
    taken = {place(each): each for each in reversed(ours)}
    for each in theirs:
        key = place(each)
        if key is not None and key in taken:
            yield each, taken[key]


def _consultation(each: _Open) -> Hashable:
    return True if each.row.status == AppointmentStatus.IN_CONSULTATION else None


def _queue(each: _Open) -> Hashable:
    return (each.entry.doctor_id, each.entry.date) if each.entry is not None else None


def _visit(each: _Open) -> Hashable:
    return each.row.doctor_id, each.row.date


def _time(each: _Open) -> Hashable:
    return (each.row.date, each.row.time) if each.row.time is not None else None


_ONCE: Sequence[tuple[str, Callable[[_Open], Hashable]]] = (
    ("are in consultation", _consultation),
    ("have a position in the same queue", _queue),
    ("have an appointment with the same doctor on the same day", _visit),
    ("have an appointment at the same time", _time),
)


def _in_words(each: _Open) -> str:
    row, entry = each
    at = f" at {row.time:%H:%M}" if row.time else ""
    queued = f", position {entry.position} of {entry.doctor_code}" if entry is not None else ""
    return f"A{row.number} with {row.doctor_code} on {row.date.isoformat()}{at}{queued}"


def _how_to_end(tx: Tx, one: _Open, other: _Open) -> str:
    """Return the command that ends the appointment that is easier to end."""
    first = min(one.row.date, other.row.date)
    if first < tx.today:
        return f"Close the past day first: `clinicctl close {first.isoformat()}`."
    for row, entry in (one, other):
        if entry is None:
            return f"Cancel or move one of them first: `clinicctl appointment cancel A{row.number}`."
    ending = min((one, other), key=lambda each: each.row.status == AppointmentStatus.IN_CONSULTATION).entry
    assert ending is not None, "an appointment without a queue entry was handled above"
    return f"End one of them first: `{queue_lookup.how_to_leave(ending)}`."
