"""Find the appointment that a reference means: its own number, or its patient.

A plain number is the appointment with it. Without such an appointment, it is a phone ending or the number of a patient.
Nothing is guessed: if the appointment and a patient's one are both possible, the answer lists both.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import candidates, lookup, visit_times
from clinicctl.rules import references
from clinicctl.rules.references import ArrivalRef, BookedRef, PatientRef
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import appointments, rows
from clinicctl.store.compiled import queue as stored_queue
from clinicctl.store.engine import Tx

_ARRIVES = (
    {AppointmentStatus.BOOKED},
    {AppointmentStatus.NO_SHOW, AppointmentStatus.LEFT},
    {AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_CONSULTATION},
    {AppointmentStatus.COMPLETED},
)
"""The statuses of an appointment to check in, the likeliest first. Only the first two can be."""


def find_arriving(tx: Tx, arrival: ArrivalRef) -> rows.AppointmentRow:
    """Return the appointment to check in: the given one, or the patient's of today.

    Of several of one patient, a booked one comes first, then a no-show or one who left, then one already checked in. A
    patient without an appointment today may still be in the queue of an earlier day, or have one in a session that
    began before midnight.
    """
    if (named := get_named(tx, arrival)) is not None:
        people = _list_people(tx, arrival) if references.plain_number(arrival) is not None else []
        both = [row for row in [named, *_list_todays(tx, people)] if row.date == tx.today and _can_arrive(row)]
        _refuse_another(tx, arrival, named, both)
        return named
    found = get_visitor(tx, arrival)
    if found is None:
        raise _nobody(tx, arrival)
    todays = appointments.of_patient_on(tx, patient=found.id, on=tx.today)
    for statuses in _ARRIVES:
        several = [row for row in todays if row.status in statuses]
        if len(several) > 1:
            raise _several(tx, arrival, several)
        if several:
            return several[0]
    for entry in stored_queue.of_patient(tx, patient=found.id):
        if entry.date < tx.today:
            return lookup.appointment_by_id(tx, entry.appointment_id)
    for row in appointments.of_patient_on(tx, patient=found.id, on=tx.today - timedelta(days=1)):
        if visit_times.is_tonight(tx, row) and _can_arrive(row):
            return row
    raise errors.NoAppointmentToday(patient=f"P{found.number}", date=tx.today.isoformat())


def find_booked(
    tx: Tx, appointment: BookedRef, *, until: date | None = None, by_series: bool = False
) -> rows.AppointmentRow:
    """Return the appointment of a reference, or the one that its patient has booked.

    `until` is the last day on which a patient's appointment counts. With `by_series` it is one of the patient's series.
    Refuses a patient with several, and with none.
    """
    named = get_named(tx, appointment)
    if named is not None and references.plain_number(appointment) is None:
        return named
    people = _list_people(tx, appointment)
    booked = [row for row in _list_booked(tx, people) if until is None or row.date <= until]
    if named is not None:
        if named.status == AppointmentStatus.BOOKED and (until is None or named.date <= until):
            possible = [named, *booked]
            _refuse_another(tx, appointment, named, _one_of_each_series(possible) if by_series else possible)
        return named
    booked = _one_of_each_series(booked) if by_series else booked
    if len(booked) > 1:
        raise _several(tx, appointment, booked)
    if booked:
        return booked[0]
    if len(people) > 1:
        raise lookup.several_patients(tx, appointment, people)
    if not people:
        raise _nobody(tx, appointment)
    raise errors.NothingBooked(patient=f"P{people[0].number}", until=f" up to {until.isoformat()}" if until else "")


def _one_of_each_series(found: Sequence[rows.AppointmentRow]) -> list[rows.AppointmentRow]:
    """Return the first appointment of each series.

    Return all of them if there is no series.
    """
    ordered = sorted(found, key=lambda row: (row.date, row.number), reverse=True)
    first = {row.series: row for row in ordered if row.series is not None}
    return list(first.values() or found)


def get_named(tx: Tx, reference: ArrivalRef | BookedRef) -> rows.AppointmentRow | None:
    """Return the appointment with a number such as `A42` or `42`, or a UUID; or None."""
    number = references.plain_number(reference)
    return appointments.by_number(tx, number=number) if number else lookup.get_appointment(tx, reference)


def get_visitor(tx: Tx, reference: ArrivalRef | BookedRef) -> rows.PatientRow | None:
    """Return the patient of a reference, or None.

    Of several who match, it is the only one with an appointment: today for a check-in, else booked. Refuses several
    with one, listing the appointments, and several without any, as `lookup.get_patient` does.
    """
    matching = {row.id: row for row in _list_people(tx, reference)}
    if len(matching) <= 1:
        return next(iter(matching.values()), None)
    if isinstance(reference, BookedRef):
        coming = _list_booked(tx, list(matching.values()))
    else:
        todays = _list_todays(tx, list(matching.values()))
        coming = [row for row in todays if row.status != AppointmentStatus.COMPLETED] or todays
    if len({row.patient_id for row in coming}) > 1:
        raise _several(tx, reference, coming)
    if not coming:
        raise lookup.several_patients(tx, reference, list(matching.values()))
    return matching[coming[0].patient_id]


def resolve(tx: Tx, reference: ArrivalRef | BookedRef) -> UUID:
    """Return the id of the appointment or the patient of a reference.

    A fingerprint contains it. Refuses a reference that matches none or several.
    """
    row = get_named(tx, reference) or get_visitor(tx, reference)
    if row is None:
        raise errors.NoSuchPatient()
    return row.id


def _list_people(tx: Tx, reference: ArrivalRef | BookedRef) -> list[rows.PatientRow]:
    if references.appointment_number(reference) is not None:
        return []
    return lookup.list_patients(tx, PatientRef(reference))


def _list_booked(tx: Tx, people: Sequence[rows.PatientRow]) -> list[rows.AppointmentRow]:
    return appointments.booked_of_patients(tx, patients=[each.id for each in people]) if people else []


def _list_todays(tx: Tx, people: Sequence[rows.PatientRow]) -> list[rows.AppointmentRow]:
    """Return the appointments of patients today, by doctor and slot."""
    return appointments.of_patients_on(tx, patients=[each.id for each in people], on=tx.today) if people else []


def _can_arrive(row: rows.AppointmentRow) -> bool:
    return any(row.status in statuses for statuses in _ARRIVES[:2])


def _refuse_another(
    tx: Tx, reference: str, named: rows.AppointmentRow, possible: Sequence[rows.AppointmentRow]
) -> None:
    """Refuse a plain number that is as well a patient with another appointment."""
    found = {row.id: row for row in possible}
    if named.id in found and len(found) > 1:
        raise _several(tx, reference, list(found.values()))


def _nobody(tx: Tx, reference: str) -> errors.Refusal:
    number = references.appointment_number(reference) or references.plain_number(reference)
    if number is not None or references.uuid(reference):
        return errors.NoSuchAppointment()
    return lookup.no_such_patient(tx, reference)


def _several(tx: Tx, reference: str, found: Sequence[rows.AppointmentRow]) -> errors.Ambiguous:
    """Return the refusal of a reference that may mean several appointments."""
    ordered = sorted(found, key=lambda row: (row.date, row.time is None, row.time, row.doctor_code, row.slot))
    listed = ordered[: errors.LISTED]
    first = f"A{ordered[0].number}"
    example = f"`clinicctl checkin {first}`" if isinstance(reference, ArrivalRef) else first
    return errors.Ambiguous(
        reference=reference,
        count=len(found),
        what="appointments",
        candidates=[
            each
            | {
                "time": row.time.isoformat("minutes") if row.time else None,
                "status": row.status,
                "position": row.position,
                "choose": f"A{row.number}",
            }
            for each, row in zip(candidates.of_appointments(tx, listed), listed, strict=True)
        ],
        hint=f"Give the appointment, for example {example}.",
    )
