"""One rule for archived, merged and erased patients, and for archived doctors: they have nothing open."""

from collections.abc import Sequence
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import bookings, lookup, queue, waitlist
from clinicctl.statuses import QueueStatus
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

LISTED = 20
"""How many waitlist entries a refusal lists at most; their count stands beside them."""


def refuse_open_patient(tx: Tx, row: rows.PatientRow) -> None:
    """Refuse a patient who has an appointment that is not over, on any day, or is on the waitlist."""
    subject = f"P{row.number}"
    _refuse_appointments(tx, subject, bookings.list_active(tx, patient_id=row.id))
    if waits := waitlist.list_of_patient(tx, patient_id=row.id):
        raise errors.OnWaitlist(subject=subject, entries=_some(waits), count=len(waits))


def refuse_open_doctor(tx: Tx, row: rows.DoctorRow) -> None:
    """Refuse a doctor with appointments that are not over, patients in the queue, or entries on the waitlist."""
    _refuse_appointments(tx, row.code, bookings.list_active(tx, doctor_id=row.id), may_transfer=True)
    if waits := waitlist.list_of_doctor(tx, doctor_id=row.id):
        raise errors.WaitedFor(doctor=row.code, entries=_some(waits), count=len(waits))


def leave_queue(doctor: str, position: int, status: str) -> str:
    """Return the command that ends a place in the queue."""
    return f"clinicctl queue {'done' if status == QueueStatus.SERVING else 'left'} {doctor} {position}"


def refuse_archived(tx: Tx, row: rows.AppointmentRow, *, queue_doctor_id: UUID | None = None) -> None:
    """Refuse to reopen an appointment whose patient or doctor is archived.

    `queue_doctor_id` is the doctor in whose queue the patient would stand.
    """
    if row.patient_archived_at is not None:
        raise lookup.patient_archived(row.patient_number)
    if row.doctor_archived_at is not None:
        raise lookup.doctor_archived(row.doctor_code)
    if queue_doctor_id is not None:
        lookup.active_doctor(lookup.doctor_by_id(tx, queue_doctor_id))


def _refuse_appointments(
    tx: Tx, subject: str, found: Sequence[rows.AppointmentRow], *, may_transfer: bool = False
) -> None:
    if not found:
        return
    entries = {row.id: queue.get_entry(tx, row.id) for row in found if row.position is not None}
    affected = [
        each | ({"queue": entry.doctor_code} if (entry := entries.get(row.id)) is not None else {})
        for each, row in zip(bookings.list_affected(tx, found), found, strict=True)
    ]
    raise errors.HasAppointments(
        subject=subject,
        count=len(found),
        affected=affected,
        hint=_what_to_do(tx, found, entries, may_transfer=may_transfer),
    )


def _what_to_do(
    tx: Tx,
    found: Sequence[rows.AppointmentRow],
    entries: dict[UUID, rows.QueueRow | None],
    *,
    may_transfer: bool,
) -> str:
    """Return the commands that end what is open, with one example of each kind."""
    advice = []
    if past := sorted({row.date for row in found if row.date < tx.today}):
        advice.append(f"End a past day with `clinicctl close {past[0].isoformat()}`.")
    queued = [entry for row in found if row.date >= tx.today and (entry := entries.get(row.id)) is not None]
    if queued:
        first = queued[0]
        ways = [leave_queue(first.doctor_code, first.position, first.status)]
        if may_transfer and first.status != QueueStatus.SERVING:
            ways.insert(0, f"clinicctl queue transfer {first.doctor_code} {first.position} --to CODE")
        advice.append(f"Who is in a queue leaves it with {' or '.join(f'`{each}`' for each in ways)}.")
    if any(row.date >= tx.today and row.position is None for row in found):
        advice.append("Cancel or move what is booked.")
    return " ".join(advice)


def _some(entries: Sequence[str]) -> str:
    more = f" and {len(entries) - LISTED} more" if len(entries) > LISTED else ""
    return f"{', '.join(entries[:LISTED])}{more}"
