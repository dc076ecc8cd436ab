"""The queries by which queues and their entries are found and shown, for `Tx.prefetch`."""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import partial
from uuid import UUID

from clinicctl.desk import expected, queue_lookup
from clinicctl.rules.days import DayWord
from clinicctl.rules.transitions import Step
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Queries, Tx


def of_entry(tx: Tx, entry: rows.QueueRow, *, patient_id: UUID) -> list[Queries]:
    """Return the queries by which an entry is shown."""
    return [
        lambda tx: stored_queue.of_appointment(tx, appointment=entry.appointment_id),
        lambda tx: appointments.by_id(tx, id=entry.appointment_id),
        lambda tx: stored_queue.consultations_of_patient(tx, patient=patient_id),
        lambda tx: queue_lookup.people_ahead(tx, entry),
        *(expected.queries_of(tx, entry.doctor_id) if expected.is_expected(tx, entry) else ()),
    ]


def of_able(tx: Tx, steps: Iterable[Step], doctor: rows.DoctorRow, on: DayWord | None) -> list[Queries]:
    """Return the queries for the entries of a doctor that can take steps."""
    first, last = queue_lookup.span(tx, on)
    return [partial(queue_lookup.iter_able, step=each, doctor=doctor, first=first, last=last) for each in steps]


def ask_about(asked: Tx, *, tx: Tx, shown: Sequence[rows.QueueRow], known: Iterable[rows.QueueRow]) -> None:
    """Ask for what the list of entries needs.

    `known` are these and the open ones of earlier queues.
    """
    appointments.among(asked, ids=[each.appointment_id for each in shown])
    expected.ask_about(asked, tx=tx, entries=known)


def ask_about_current(asked: Tx, *, tx: Tx) -> None:
    """Ask for what the list of the current entries needs. They have been read."""
    shown = queue_lookup.list_current(tx)
    ask_about(asked, tx=tx, shown=shown, known=[*queue_lookup.list_earlier(tx, None), *shown])


def of_lists(tx: Tx, doctor: rows.DoctorRow | None, on: date | None) -> list[Queries]:
    """Return the queries for the queues of a day, or for the current ones."""
    today = tx.today
    if doctor is None:
        found: list[Queries] = [
            lambda tx: stored_queue.of_day(tx, on=on or today),
            lambda tx: stored_queue.earlier(tx, today=today),
            lambda tx: stored_queue.of_earlier_queues(tx, today=today),
        ]
    else:
        found = [
            lambda tx: stored_queue.of_doctor(tx, doctor=doctor.id, on=on or today),
            lambda tx: stored_queue.earlier_of_doctor(tx, doctor=doctor.id, today=today),
            lambda tx: stored_queue.of_earlier_queues_of_doctor(tx, doctor=doctor.id, today=today),
        ]
    return [*(found if on is None else found[:2]), stored_queue.consultations]
