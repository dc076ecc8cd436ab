"""Check the agreed time of an appointment."""

from datetime import date, time

from clinicctl import errors
from clinicctl.desk import lookup, transitions
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.engine import Tx


def refuse_past(tx: Tx, on: date, at: time) -> None:
    """Refuse a past time of today, by the clinic's clock to the minute."""
    now = tx.local(tx.now).time().replace(second=0, microsecond=0)
    if on == tx.today and at < now:
        raise errors.PastTime(time=f"{at:%H:%M}", now=f"{now:%H:%M}", date=on.isoformat())


def refuse_taken(
    tx: Tx,
    patient: rows.PatientRow,
    doctor: rows.DoctorRow,
    *,
    on: date,
    at: time,
    again: bool,
    overbook: bool,
    but: rows.AppointmentRow | None,
) -> None:
    """Refuse a time that the patient or the doctor has already.

    The patient's is allowed with `again`, the doctor's with `overbook`.
    """
    for row in appointments.at_time(tx, patient=patient.id, doctor=doctor.id, on=on, at=at):
        if but is not None and row.id == but.id:
            continue
        taken = {"appointment": f"A{row.number}", "date": on.isoformat(), "time": f"{at:%H:%M}"}
        if row.patient_id == patient.id and not again:
            raise errors.TimeTaken(subject=f"P{patient.number}", flag="--again", **taken)
        if row.doctor_id == doctor.id and not overbook:
            raise errors.TimeTaken(subject=doctor.code, flag="--overbook", **taken)


def change(
    tx: Tx,
    row: rows.AppointmentRow,
    doctor: rows.DoctorRow,
    *,
    at: time,
    again: bool,
    overbook: bool,
    past: bool,
) -> None:
    """Change the time of an appointment, and record the step for undo.

    Refuses what a booking refuses.
    """
    if not past:
        refuse_past(tx, row.date, at)
    patient = lookup.patient_by_id(tx, row.patient_id)
    refuse_taken(tx, patient, doctor, on=row.date, at=at, again=again, overbook=overbook, but=row)
    write(tx, row._replace(time=at))
    before = {"appointment": {"time": str(row.time) if row.time else None}, "queue": {}}
    transitions.note(tx, row, to_status=row.status, before=before)


def write(tx: Tx, row: rows.AppointmentRow) -> None:
    """Write the time, the reason and the note of an appointment.

    Refuses if its status has changed.
    """
    if not appointments.edit(
        tx, row=row.id, leaving=row.status, time=row.time, reason=row.reason, note=row.note, updated_at=tx.now
    ):
        status = appointments.status(tx, id=row.id) or "gone"
        raise errors.IllegalStep(subject=f"A{row.number}", status=status, step="edit", needs=row.status)
