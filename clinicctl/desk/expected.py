"""Estimate when the doctors will see the waiting patients of today. Nothing of it is stored."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.desk import days, lookup
from clinicctl.rules import estimates, hours
from clinicctl.rules.estimates import Outlook, Session
from clinicctl.statuses import QueueStatus
from clinicctl.store.compiled import doctors, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Queries, Tx

LAST = 50
"""The most consultations of the last four weeks that count.

To read all of them would take longer than the rest of a check-in.
"""

_ALL = -1
_SECOND = timedelta(seconds=1)


class Expected(NamedTuple):
    """When a patient will be seen, and what the estimate is based on; None without an estimate."""

    start: datetime | None = None
    basis: str | None = None


def queries_of(tx: Tx, doctor_id: UUID) -> list[Queries]:
    """Return the queries of `of_one` for a doctor, for `Tx.prefetch`."""
    today, four_weeks = tx.today, _four_weeks(tx)
    return [
        lambda tx: stored_queue.last_lengths(tx, doctor=doctor_id, first=today, last=today, limit=_ALL),
        lambda tx: stored_queue.last_lengths(tx, doctor=doctor_id, **four_weeks),
        lambda tx: doctors.by_id(tx, id=doctor_id),
        lambda tx: stored_queue.with_doctor(tx, doctor=doctor_id),
        *days.queries_of(doctor_id, today, today),
    ]


def of_one(tx: Tx, entry: rows.QueueRow, *, ahead: int) -> Expected:
    """Return when the patient of one entry will be seen. It does not read the queue."""
    if not is_expected(tx, entry):
        return Expected()
    doctor_id = entry.doctor_id
    today = stored_queue.last_lengths(tx, doctor=doctor_id, first=tx.today, last=tx.today, limit=_ALL)
    earlier = list[int | None]()
    if not estimates.are_enough(today):
        earlier = stored_queue.last_lengths(tx, doctor=doctor_id, **_four_weeks(tx))
    (state,) = days.list_states(tx, lookup.doctor_by_id(tx, doctor_id), [tx.today])
    outlook = _outlook(tx, state, stored_queue.with_doctor(tx, doctor=doctor_id), today, earlier)
    return of_entry(tx, entry, outlook, ahead=ahead)


def of_entry(tx: Tx, entry: rows.QueueRow, outlook: Outlook | None, *, ahead: int) -> Expected:
    """Return when the patient of an entry will be seen.

    `outlook` is that of the doctor, if there is one.
    """
    if outlook is None or not is_expected(tx, entry):
        return Expected()
    return Expected(tx.local(estimates.expected_start(outlook, ahead)), outlook.pace.basis)


def of_queues(tx: Tx, entries: Iterable[rows.QueueRow]) -> dict[UUID, Outlook]:
    """Return the outlooks of the doctors who have waiting patients today, by id.

    `entries` are today's queues and the open entries of earlier ones.
    """
    queues = _with_waiting(tx, entries)
    if not queues:
        return {}
    today = {doctor_id: _lengths(tx, queue) for doctor_id, queue in queues.items()}
    earlier = _earlier(tx, [doctor_id for doctor_id in queues if not estimates.are_enough(today[doctor_id])])
    wanted = [each for each in doctors.on_staff_or_among(tx, doctors=queues) if each.id in queues]
    states = days.list_states_of_doctors(tx, wanted, [tx.today])
    outlooks = {
        doctor_id: _outlook(tx, states[doctor_id][0], queue, today[doctor_id], earlier.get(doctor_id, ()))
        for doctor_id, queue in queues.items()
    }
    return {doctor_id: each for doctor_id, each in outlooks.items() if each is not None}


def ask_about(asked: Tx, *, tx: Tx, entries: Iterable[rows.QueueRow]) -> None:
    """Ask for what `of_queues` reads first, for `Tx.prefetch`."""
    if queues := _with_waiting(tx, entries):
        doctors.on_staff_or_among(asked, doctors=queues)
        few = [doctor_id for doctor_id, queue in queues.items() if not estimates.are_enough(_lengths(tx, queue))]
        stored_queue.last_lengths_of_doctors(asked, doctors=few, **_four_weeks(tx))


def _with_waiting(tx: Tx, entries: Iterable[rows.QueueRow]) -> dict[UUID, list[rows.QueueRow]]:
    """Return the entries of doctors who have waiting patients today, by doctor id."""
    queues: dict[UUID, list[rows.QueueRow]] = {}
    for each in entries:
        queues.setdefault(each.doctor_id, []).append(each)
    return {doctor_id: queue for doctor_id, queue in queues.items() if any(is_expected(tx, each) for each in queue)}


def is_expected(tx: Tx, entry: rows.QueueRow) -> bool:
    """Return whether an entry gets an estimate.

    Only patients who wait in a queue of today do.
    """
    return entry.status == QueueStatus.WAITING and entry.date == tx.today


def _outlook(
    tx: Tx,
    state: days.DayState,
    entries: Iterable[rows.QueueRow | rows.WithDoctorRow],
    today: Sequence[int | None],
    earlier: Sequence[int | None],
) -> Outlook | None:
    """Return the outlook of a doctor. There is none for an absent one."""
    pace = estimates.pace(today, earlier, state.every)
    if pace is None or not state.present:
        return None
    listed = list(entries)
    sessions = hours.session_instants(state.sessions, tx.today, tx.zone) if state.sessions is not None else ()
    return estimates.outlook(
        tx.now,
        pace,
        started=[each.started_at for each in listed if each.status == QueueStatus.SERVING and each.started_at],
        called=sum(each.status == QueueStatus.CALLED for each in listed),
        sessions=[Session(*each) for each in sessions],
    )


def _lengths(tx: Tx, queue: Iterable[rows.QueueRow]) -> list[int | None]:
    """Return how long the consultations of today took.

    They are counted from whole second to whole second, as by the database.
    """
    return [
        (each.ended_at.replace(microsecond=0) - each.started_at.replace(microsecond=0)) // _SECOND
        for each in queue
        if each.date == tx.today and each.started_at and each.ended_at
    ]


def _earlier(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[int | None]]:
    """Return how long the consultations of the last four weeks took, by doctor."""
    found: dict[UUID, list[int | None]] = {}
    for row in stored_queue.last_lengths_of_doctors(tx, doctors=ids, **_four_weeks(tx)) if ids else ():
        found.setdefault(row.doctor_id, []).append(row.seconds)
    return found


def _four_weeks(tx: Tx) -> Mapping[str, Any]:
    return {"first": tx.today - estimates.FOUR_WEEKS, "last": tx.today - timedelta(days=1), "limit": LAST}
