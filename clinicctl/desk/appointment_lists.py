"""Show appointments: one, a list, and the history of one."""

from collections.abc import Iterator, Sequence

from clinicctl.desk import lookup, series
from clinicctl.desk.bookings import describe
from clinicctl.desk.dates import dates_of
from clinicctl.results.appointments import Appointment, CancelledAppointment, StepTaken
from clinicctl.results.base import fields_of
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.statuses import AppointmentStatus, CancelledBy
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.engine import Condition, Tx


def show(tx: Tx, *, appointment: AppointmentRef) -> Appointment:
    """Return one appointment. Refuses an unknown one."""
    return describe(tx, lookup.find_appointment(tx, appointment))


def iter_matching(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    on: DaysWord | None = None,
    status: Sequence[AppointmentStatus] = (),
    cancelled_by: CancelledBy | None = None,
    in_series: AppointmentRef | None = None,
    limit: int | None = None,
) -> Iterator[Appointment]:
    """Yield appointments by date, doctor and slot.

    `in_series` is any appointment of a series. Refuses an unknown doctor or patient, and one that belongs to none.
    With `cancelled_by` each has the patient's phone. Undone bookings are left out, because nobody has to be called
    about them.
    """
    conditions = list[Condition]()
    if doctor:
        conditions.append(appointments.with_doctor(doctor=lookup.find_doctor(tx, doctor).id))
    if patient:
        conditions.append(appointments.with_patient(patient=lookup.find_patient(tx, patient).id))
    if on:
        conditions.append(appointments.on_dates(dates=dates_of(tx, on)))
    if status:
        conditions.append(appointments.in_statuses(statuses=status))
    if cancelled_by is not None:
        conditions += [appointments.cancelled_by(by=cancelled_by), appointments.not_undone()]
    if in_series:
        number = series.number_of(lookup.find_appointment(tx, in_series))
        conditions.append(appointments.in_series(series=number))
    found = appointments.matching(tx, conditions, limit=-1 if limit is None else limit)
    for row in found:
        yield describe(tx, row) if cancelled_by is None else _with_phone(describe(tx, row), row.patient_phone)


def history(tx: Tx, *, appointment: AppointmentRef) -> list[StepTaken]:
    """Return the steps of an appointment, the oldest first."""
    row = lookup.find_appointment(tx, appointment)
    return [
        StepTaken(
            at=tx.local(each.at),
            actor=each.actor,
            command=each.command,
            journal=each.number,
            from_status=each.from_status,
            to_status=each.to_status,
            queue_from=each.queue_from,
            queue_to=each.queue_to,
            slot=each.slot,
            position=each.position,
            reason=_reason(row, each),
        )
        for each in appointments.history(tx, appointment=row.id)
    ]


def _with_phone(each: Appointment, phone: str | None) -> CancelledAppointment:
    return CancelledAppointment(**fields_of(each), phone=phone)


def _reason(row: rows.AppointmentRow, step: rows.HistoryRow) -> str | None:
    if step.from_status is None:
        return str(row.reason) if row.reason else None
    if step.to_status == AppointmentStatus.CANCELLED:
        return str(row.cancel_reason) if row.cancel_reason else None
    return None
