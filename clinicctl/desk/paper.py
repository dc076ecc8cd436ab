"""What is printed on paper: the slip of an appointment, and the day sheet."""

from itertools import groupby

from clinicctl import errors
from clinicctl.desk import daybook, expected, lookup, queue_lookup
from clinicctl.results.paper import DaySheet, DoctorSheet, PrintSettings, Ticket
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import AppointmentRef, DoctorRef
from clinicctl.statuses import AppointmentStatus, QueueStatus
from clinicctl.store.compiled import doctors
from clinicctl.store.engine import Tx

_STILL_TO_COME = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_CONSULTATION)


def ticket(tx: Tx, *, appointment: AppointmentRef) -> Ticket:
    """Return the slip of an appointment.

    It has the position of a patient who has checked in. Refuses an unknown appointment, and one that is over.
    """
    row = lookup.find_appointment(tx, appointment)
    if row.status not in _STILL_TO_COME:
        raise errors.NoSlip(appointment=f"A{row.number}", status=row.status)
    entry = queue_lookup.get_entry(tx, row.id)
    waits = entry is not None and entry.status == QueueStatus.WAITING
    ahead = queue_lookup.people_ahead(tx, entry) if entry is not None and waits else None
    seen = expected.of_one(tx, entry, ahead=ahead or 0) if entry is not None else expected.Expected()
    doctor = lookup.doctor_by_id(tx, entry.doctor_id if entry is not None else row.doctor_id)
    return Ticket(
        appointment=f"A{row.number}",
        clinic=tx.clinic.name,
        doctor=lookup.doctor_brief(doctor),
        date=entry.date if entry is not None else row.date,
        time=row.time,
        status=row.status,
        position=entry.position if entry is not None else None,
        people_ahead=ahead,
        expected_start=seen.start,
        expected_basis=seen.basis,
        at=tx.local(tx.now),
    )


def day_sheet(tx: Tx, *, on: DaysWord, doctor: DoctorRef | None = None) -> DaySheet:
    """Return the sheets of days by doctor, with the doctors' names.

    Those without a slot are left out.
    """
    found = list[DoctorSheet]()
    known = {each.code: lookup.doctor_brief(each) for each in doctors.everybody(tx)}
    listed = daybook.sheet(tx, on=on, doctor=doctor)
    for (date_, code), slots in groupby(listed, key=lambda each: (each.date, each.doctor)):
        found.append(DoctorSheet(doctor=known[code], date=date_, slots=tuple(slots)))
    return DaySheet(clinic=tx.clinic.name, at=tx.local(tx.now), sheets=tuple(found))


def print_settings(tx: Tx) -> PrintSettings:
    """Return how the clinic prints.

    A command is taken only from a file of one's own. The settings on a server are written by other people, too, whose
    command would run on this machine.
    """
    return PrintSettings(
        command=tx.clinic.print_command if tx.role is None else "", ticket_width=tx.clinic.ticket_width
    )
