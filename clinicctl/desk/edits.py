"""Change the details of an appointment: its time, reason and note."""

from datetime import time

from clinicctl import errors
from clinicctl.desk import bookings, lookup, new_times, operations, transitions, visit_times, visit_types
from clinicctl.desk.slot_choice import Asked
from clinicctl.results.appointments import Appointment
from clinicctl.rules.references import AppointmentRef
from clinicctl.rules.transitions import ACTIVE
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.engine import Tx


@operations.EDIT
def edit(
    tx: Tx,
    *,
    appointment: AppointmentRef,
    at: time | None = None,
    no_time: bool | None = None,
    reason: str | None = None,
    note: str | None = None,
    again: bool = False,
    overbook: bool = False,
    past: bool | None = None,
) -> Appointment:
    """Change the time, the reason or the note of an appointment.

    Omitted options keep their value; an empty reason or note clears it, and `no_time` the time. Refuses a cancelled
    appointment, a new time of a visit that has ended, and a time that a booking refuses. It cannot be undone, because
    the journal has no reasons and notes.
    """
    if at is None and not no_time and reason is None and note is None:
        raise errors.Usage(problem="Nothing to change: give --time, --reason or --note.")
    row = lookup.find_appointment(tx, appointment)
    if row.status == AppointmentStatus.CANCELLED:
        raise errors.IllegalStep(subject=f"A{row.number}", status=row.status, step="edit", needs="booked")
    if (at is not None or no_time) and row.status not in ACTIVE:
        needs = " or ".join(sorted(ACTIVE))
        raise errors.IllegalStep(subject=f"A{row.number}", status=row.status, step="edit", needs=needs)
    if at is not None and at != row.time:
        kind = visit_types.of_appointment(tx, row)
        minutes = kind.minutes if kind is not None else None
        new_times.change(tx, row, Asked(at, None, minutes, again=again, overbook=overbook, past=bool(past)))
    if no_time and row.minutes is not None:
        raise errors.TimeOfSlot(appointment=f"A{row.number}")
    if no_time:
        transitions.note_change(tx, row, row._replace(time=None), row.status)
    visit_times.write(
        tx,
        row._replace(
            time=None if no_time else at or row.time,
            reason=row.reason if reason is None else reason or None,
            note=row.note if note is None else note or None,
        ),
    )
    return bookings.describe(tx, lookup.appointment_by_id(tx, row.id))
