"""The calendar of a doctor or of a patient: one event for each appointment, cancelled ones too.

A calendar that has read an event before drops it only when it reads the cancellation under the same id.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from clinicctl import errors
from clinicctl.desk import operations, replay, visit_times
from clinicctl.desk.exports import selection
from clinicctl.desk.exports.selection import Chosen
from clinicctl.results.exports import Calendar, CalendarEvent
from clinicctl.rules import hours
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.rules.spans import SpansWord
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import appointments as stored_appointments
from clinicctl.store.compiled import audit, rows
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.engine import Tx

_AT_ONCE = 500
_EDIT = "appointment edit"

_MARGIN = timedelta(days=366)
"""How far the changes of the clock are given before the first and after the last date."""


def read(
    tx: Tx,
    *,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    on: SpansWord | None = None,
    names: bool = False,
) -> Calendar:
    """Return the calendar of a doctor or of a patient.

    Patients have no name unless `names`. Refuses both, or neither.
    """
    if (doctor is None) == (patient is None):
        raise errors.Usage(problem="A calendar is that of one --doctor or of one --patient.")
    tx.take_time()
    chosen = selection.choose(tx, on=on, doctor=doctor, patient=patient)
    stored = stored_days.bounds(tx)
    first, last = (stored.first, stored.last) if stored is not None else (None, None)
    owner = chosen.doctor if chosen.doctor is not None else chosen.patient
    assert owner is not None, "a calendar of somebody"
    return Calendar(
        id=owner.id,
        name=_name(chosen, names=names),
        location=tx.clinic.name,
        zone=tx.zone.key,
        first=(first or tx.today) - _MARGIN,
        last=(last or tx.today) + _MARGIN,
        events=_events(tx, chosen, names=names),
    )


def _name(chosen: Chosen, *, names: bool) -> str:
    if chosen.doctor is not None:
        return chosen.doctor.name
    assert chosen.patient is not None, "a calendar of somebody"
    return chosen.patient.name if names else f"P{chosen.patient.number}"


def _events(tx: Tx, chosen: Chosen, *, names: bool) -> Iterator[CalendarEvent]:
    edits = _edits(tx)
    found = selection.appointments(tx, chosen)
    while some := list(islice(found, _AT_ONCE)):
        listed = stored_appointments.step_counts(tx, appointments=[row.id for row in some])
        steps = {each.appointment_id: each.steps for each in listed}
        for row in some:
            start, end = _extent(tx, row)
            yield CalendarEvent(
                id=row.id,
                summary=_summary(row, names=names) if chosen.doctor is not None else row.doctor_name,
                date=row.date,
                start=start,
                end=end,
                # The booking is the first step. An edit is no step.
                sequence=max(0, steps.get(row.id, 1) - 1) + edits[f"A{row.number}"],
                is_cancelled=row.status == AppointmentStatus.CANCELLED,
                visit_type=row.visit_type,
                created_at=row.created_at,
                updated_at=row.updated_at,
            )


def _edits(tx: Tx) -> Counter[object]:
    """Count the edits of each appointment, by its number."""
    written = audit.writes(tx, [audit.of_command(words=_EDIT, spelling=_EDIT)])
    outcomes = (replay.read(tx, row.outcome, of=row.number) for row in written)
    return Counter(each["result"]["number"] for each in outcomes if each["operation"] == operations.EDIT.name)


def _summary(row: rows.AppointmentRow, *, names: bool) -> str:
    number = f"P{row.patient_number}"
    return f"{row.patient_name} ({number})" if names else f"{number} (A{row.number})"


def _extent(tx: Tx, row: rows.AppointmentRow) -> tuple[datetime | None, datetime | None]:
    """Return the start and the end; a time without hours has no end."""
    _, start, end = visit_times.extent(tx, row.date, row.time, row.minutes, row.after_midnight)
    if start is None and row.time is not None:
        start = hours.instant(row.date, hours.minutes_of(row.time), tx.zone)
    return start, end
