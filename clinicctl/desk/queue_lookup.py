"""Find entries in doctors' queues: which one a command means, and which may not take a step."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import bookings, candidates, lookup
from clinicctl.desk.dates import date_of
from clinicctl.desk.expected import Expected
from clinicctl.results.appointments import PassedOver, QueueEntry
from clinicctl.rules.days import DayWord
from clinicctl.rules.transitions import CALL, IN_QUEUE, Step
from clinicctl.statuses import QueueStatus
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

IN_WORDS = {
    QueueStatus.WAITING: "waiting",
    QueueStatus.CALLED: "called",
    QueueStatus.SERVING: "in consultation",
    QueueStatus.SKIPPED: "skipped",
    QueueStatus.HELD: "on hold",
}
"""The statuses of patients in a queue, in words."""


def get_entry(tx: Tx, appointment_id: UUID) -> rows.QueueRow | None:
    """Return the queue entry of an appointment, or None."""
    return stored_queue.of_appointment(tx, appointment=appointment_id)


def list_current(tx: Tx) -> list[rows.QueueRow]:
    """Return the entries of today's queues and of open earlier ones."""
    return list_current_of(tx, None)


def list_entries(tx: Tx, *, on: date) -> list[rows.QueueRow]:
    """Return the entries of every queue of a day, by doctor and position."""
    return sorted(stored_queue.of_day(tx, on=on), key=lambda each: (each.doctor_code, each.position))


def list_of_day(tx: Tx, doctor: rows.DoctorRow | None, on: date) -> Sequence[rows.QueueRow]:
    if doctor is None:
        return stored_queue.of_day(tx, on=on)
    return stored_queue.of_doctor(tx, doctor=doctor.id, on=on)


def list_earlier(tx: Tx, doctor: rows.DoctorRow | None) -> Sequence[rows.QueueRow]:
    """Return the open entries of earlier days, of one doctor or of all."""
    if doctor is None:
        return stored_queue.earlier(tx, today=tx.today)
    return stored_queue.earlier_of_doctor(tx, doctor=doctor.id, today=tx.today)


def list_current_of(tx: Tx, doctor: rows.DoctorRow | None) -> list[rows.QueueRow]:
    """Return the entries of today's and open earlier queues of one doctor or all."""
    if doctor is None:
        earlier = stored_queue.of_earlier_queues(tx, today=tx.today)
    else:
        earlier = stored_queue.of_earlier_queues_of_doctor(tx, doctor=doctor.id, today=tx.today)
    return [*earlier, *list_of_day(tx, doctor, tx.today)]


def consultations_by_patient(tx: Tx) -> dict[UUID, list[rows.ConsultationRow]]:
    """Return the current consultations of all doctors, by the id of the patient."""
    found: dict[UUID, list[rows.ConsultationRow]] = {}
    for each in stored_queue.consultations(tx):
        found.setdefault(each.patient_id, []).append(each)
    return found


def people_ahead(tx: Tx, entry: rows.QueueRow) -> int:
    """Return how many patients wait ahead of an entry.

    Those in earlier queues of the doctor count, too. It is 0 if the entry is not waiting.
    """
    if entry.status != QueueStatus.WAITING:
        return 0
    found = stored_queue.people_ahead(
        tx,
        doctor=entry.doctor_id,
        on=entry.date,
        priority=entry.priority,
        moved_up=entry.moved_up,
        recalled=entry.recalled,
        position=entry.position,
    )
    return found or 0


def span(tx: Tx, on: DayWord | None) -> tuple[date, date]:
    """Return the days whose queues a command means: one, or all up to today."""
    return (date_of(tx, on),) * 2 if on else (date.min, tx.today)


def iter_able(tx: Tx, *, step: Step, doctor: rows.DoctorRow, first: date, last: date) -> Iterator[rows.QueueRow]:
    """Yield the entries of days that can take a step, in calling order."""
    (status,) = step.queue_leaves
    return stored_queue.in_status(tx, status=status, doctor=doctor.id, first=first, last=last)


def find_one(tx: Tx, step: Step, doctor: rows.DoctorRow, position: int | None, on: DayWord | None) -> rows.QueueRow:
    """Return the entry at a position.

    Without a position, return the only one that can take a step.
    """
    if position is not None:
        return find_at(tx, step, doctor, position, on)
    first, last = span(tx, on)
    able = list(iter_able(tx, step=step, doctor=doctor, first=first, last=last))
    if not able:
        raise _nobody(tx, step, doctor, on)
    if len(able) > 1:
        status = errors.status_label(step.needs)
        what = f"patients of {doctor.code} are {status}. Which position?"
        raise _ambiguous(tx, doctor, able, what=what, command=step.name)
    return able[0]


def get_one(tx: Tx, step: Step, doctor: rows.DoctorRow, on: DayWord | None) -> rows.QueueRow | None:
    """Return the only entry that can take a step, or None. Refuses several."""
    try:
        return find_one(tx, step, doctor, None, on)
    except errors.NobodyThere:
        return None


def list_called(tx: Tx, doctor: rows.DoctorRow, on: date) -> list[rows.QueueRow]:
    """Return the entries of patients who were called and have not started."""
    return list(stored_queue.in_status(tx, status=QueueStatus.CALLED, doctor=doctor.id, first=on, last=on))


def not_started(tx: Tx, entry: rows.QueueRow) -> errors.NotStarted:
    """Return the refusal to call another patient while a called one has not come."""
    day = day_option(tx, entry)
    start = f"clinicctl queue start {entry.doctor_code} {entry.position}{day}"
    skip = f"clinicctl queue skip {entry.doctor_code} {entry.position}{day}"
    return errors.NotStarted(
        position=entry.position,
        status=entry.status,
        hint=f"If the patient has come: `{start}` or --start. If not: `{skip}`.",
    )


def find_next(tx: Tx, doctor: rows.DoctorRow, on: DayWord | None) -> tuple[rows.QueueRow, tuple[PassedOver, ...]]:
    """Return the first waiting patient who is free, and those passed over.

    Patients who are with another doctor are passed over.
    """
    busy, passed_over = list[rows.ConsultationRow](), list[PassedOver]()
    first, last = span(tx, on)
    for entry in iter_able(tx, step=CALL, doctor=doctor, first=first, last=last):
        row = lookup.appointment_by_id(tx, entry.appointment_id)
        other = _other_consultation(entry, stored_queue.consultations_of_patient(tx, patient=row.patient_id))
        if other is None:
            return entry, tuple(passed_over)
        busy.append(other)
        passed_over.append(
            PassedOver(
                position=entry.position,
                date=entry.date,
                appointment=f"A{row.number}",
                patient=f"P{row.patient_number}",
                with_doctor=other.doctor_code,
            )
        )
    if not busy:
        raise _nobody(tx, CALL, doctor, on)
    raise errors.NobodyFree(
        doctor=doctor.code,
        count=len(passed_over),
        passed_over=passed_over[: errors.LISTED],
        hint=_end_first(tx, busy[0]),
    )


def find_at(
    tx: Tx,
    step: Step,
    doctor: rows.DoctorRow,
    position: int,
    on: DayWord | None,
    *,
    command: str | None = None,
    rest: str = "",
) -> rows.QueueRow:
    """Return the entry at a position.

    If several days have it, return the one that can take a step. Refuses an empty position, a position
    that can take the step on several days, and one that cannot take it.
    """
    found = _list_at(tx, doctor, position, on)
    if not found:
        raise errors.NoSuchQueueEntry(doctor=doctor.code, date=_iso(tx, on), position=position)
    able = [each for each in found if each.status in step.queue_leaves]
    if len(able) > 1:
        raise _ambiguous(
            tx,
            doctor,
            able,
            what=f"queues of {doctor.code} have a patient at position {position}. Which day?",
            command=command or step.name,
            rest=rest,
        )
    if not able:
        entry = found[-1]
        raise errors.IllegalStep(
            subject=f"Position {position}{f' of {entry.date.isoformat()}' if entry.date != tx.today else ''}",
            status=entry.status,
            step=command or step.name,
            needs=step.needs,
            hint=_come_back_hint(tx, entry),
        )
    return able[0]


def refuse_second_position(tx: Tx, appointment: rows.AppointmentRow, doctor: rows.DoctorRow) -> None:
    """Refuse a second position in the doctor's queue of the day for one patient."""
    for other in stored_queue.open_entries(tx, patient=appointment.patient_id, doctor=doctor.id, on=appointment.date):
        if other.number != appointment.number:
            raise errors.SecondPlace(
                patient=f"P{other.patient_number}",
                doctor=doctor.code,
                position=other.position,
                appointment=f"A{other.number}",
            )


def refuse_elsewhere(tx: Tx, entry: rows.QueueRow) -> None:
    """Refuse a patient who is in consultation with another doctor now."""
    row = lookup.appointment_by_id(tx, entry.appointment_id)
    other = _other_consultation(entry, stored_queue.consultations_of_patient(tx, patient=row.patient_id))
    if other is not None:
        raise errors.WithAnotherDoctor(
            patient=f"P{row.patient_number}",
            with_doctor=other.doctor_code,
            doctor=entry.doctor_code,
            date=entry.date.isoformat(),
            position=entry.position,
            hint=_end_first(tx, other),
        )


def describe(
    tx: Tx,
    entry: rows.QueueRow,
    row: rows.AppointmentRow,
    *,
    ahead: int,
    expected: Expected,
    consultations: Sequence[rows.ConsultationRow],
) -> QueueEntry:
    """Return an entry as a result.

    `consultations` are the current ones of its patient.
    """
    appointment = bookings.describe(tx, row)
    until = entry.called_at or entry.ended_at or tx.now
    waited = max(0, int((until - entry.checked_in_at).total_seconds() // 60))
    other = _other_consultation(entry, consultations) if entry.status in IN_QUEUE else None
    return QueueEntry(
        doctor=entry.doctor_code,
        date=entry.date,
        position=entry.position,
        status=QueueStatus(entry.status),
        priority=entry.priority,
        appointment=appointment,
        patient=appointment.patient,
        checked_in_at=tx.local(entry.checked_in_at),
        called_at=tx.local(entry.called_at),
        started_at=tx.local(entry.started_at),
        ended_at=tx.local(entry.ended_at),
        waited_minutes=waited,
        people_ahead=ahead,
        long_wait=entry.status == QueueStatus.WAITING and waited >= tx.clinic.wait_threshold,
        with_doctor=other.doctor_code if other is not None else None,
        earlier=entry.date < tx.today,
        moved_up=entry.moved_up,
        expected_start=expected.start,
        expected_basis=expected.basis,
    )


def day_option(tx: Tx, entry: rows.QueueRow | rows.ConsultationRow) -> str:
    """Return the options that a command about an entry needs beside the position."""
    return f" --day {entry.date.isoformat()}" if entry.date != tx.today else ""


def how_to_leave(entry: rows.QueueRow) -> str:
    """Return the command that ends a place in the queue."""
    step = "done" if entry.status == QueueStatus.SERVING else "left"
    return f"clinicctl queue {step} {entry.doctor_code} {entry.position}"


def _list_at(tx: Tx, doctor: rows.DoctorRow, position: int, on: DayWord | None) -> list[rows.QueueRow]:
    """Return the entries at a position that a step may mean.

    Without a day, they are of today and of open earlier queues, which come first.
    """
    date_ = date_of(tx, on) if on else tx.today
    tx.prefetch(lambda tx: stored_queue.at(tx, doctor=doctor.id, on=date_, position=position))
    earlier = stored_queue.earlier_at(tx, today=tx.today, doctor=doctor.id, position=position) if on is None else []
    entry = stored_queue.at(tx, doctor=doctor.id, on=date_, position=position)
    return [*earlier, *([entry] if entry is not None else [])]


def _nobody(tx: Tx, step: Step, doctor: rows.DoctorRow, on: DayWord | None) -> errors.NobodyThere:
    return errors.NobodyThere(doctor=doctor.code, date=_iso(tx, on), status=step.needs)


def _ambiguous(
    tx: Tx, doctor: rows.DoctorRow, able: Sequence[rows.QueueRow], *, what: str, command: str, rest: str = ""
) -> errors.Ambiguous:
    """Return the refusal that lists the possible patients, each with what to type."""
    several = len({each.date for each in able}) > 1
    candidates = _candidates(tx, able[: errors.LISTED], with_day=several)
    option = f" --day {able[0].date.isoformat()}" if several else ""
    typed = f"clinicctl queue {command} {doctor.code} {able[0].position}{rest}{option}"
    return errors.SeveralInQueue(
        count=len(able),
        what=what,
        candidates=candidates,
        hint=f"Give the {'position and the day' if several else 'position'}, for example `{typed}`.",
    )


def _candidates(tx: Tx, entries: Sequence[rows.QueueRow], *, with_day: bool) -> list[dict[str, Any]]:
    people = candidates.of_appointments(tx, [lookup.appointment_by_id(tx, each.appointment_id) for each in entries])
    return [
        each
        | {
            "position": entry.position,
            "status": entry.status,
            "choose": f"{entry.position}{f' --day {entry.date.isoformat()}' if with_day else ''}",
        }
        for each, entry in zip(people, entries, strict=True)
    ]


def _come_back_hint(tx: Tx, entry: rows.QueueRow) -> str | None:
    if entry.status != QueueStatus.LEFT or entry.date != tx.today:
        return None
    row = lookup.appointment_by_id(tx, entry.appointment_id)
    return f"If the patient comes back, check in again: `clinicctl checkin A{row.number}`."


def _other_consultation(
    entry: rows.QueueRow, consultations: Iterable[rows.ConsultationRow]
) -> rows.ConsultationRow | None:
    """Return a consultation of the entry's patient with another doctor, or None."""
    return next((each for each in consultations if each.doctor_id != entry.doctor_id), None)


def _end_first(tx: Tx, other: rows.ConsultationRow) -> str:
    command = f"clinicctl queue done {other.doctor_code} {other.position}{day_option(tx, other)}"
    return f"End that consultation first: `{command}`."


def _iso(tx: Tx, on: DayWord | None) -> str:
    return (date_of(tx, on) if on else tx.today).isoformat()
