"""Check the agreed time of an appointment."""

from datetime import date, datetime, time, timedelta

from clinicctl import errors
from clinicctl.rules import hours
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.engine import Tx


def extent(
    tx: Tx, on: date, at: time | None, minutes: int | None, after_midnight: bool
) -> tuple[time | None, datetime | None, datetime | None]:
    """Return the end of a visit, and the instants of its start and its end.

    They are None for a visit without hours.
    """
    if at is None or minutes is None:
        return None, None, None
    start = hours.minutes_of(at, after_midnight=after_midnight)
    return (
        hours.time_of(start + minutes),
        hours.instant(on, start, tx.zone),
        hours.instant(on, start + minutes, tx.zone),
    )


def is_tonight(tx: Tx, row: rows.AppointmentRow) -> bool:
    """Return whether a visit of yesterday's date is after midnight and not over."""
    if not row.after_midnight or row.date != tx.today - timedelta(days=1):
        return False
    _, _, ends_at = extent(tx, row.date, row.time, row.minutes, row.after_midnight)
    return ends_at is not None and tx.now < ends_at


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


def write(tx: Tx, row: rows.AppointmentRow) -> None:
    """Write the time, the reason and the note of an appointment.

    Refuses if its status has changed.
    """
    if not appointments.edit(
        tx, row=row.id, leaving=row.status, time=row.time, reason=row.reason, note=row.note, updated_at=tx.now
    ):
        status = appointments.status(tx, id=row.id) or "gone"
        raise errors.IllegalStep(subject=f"A{row.number}", status=status, step="edit", needs=row.status)
