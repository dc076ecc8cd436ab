"""Give an appointment another time of its day."""

from clinicctl import errors
from clinicctl.desk import days, lookup, placement, slot_choice, visit_times
from clinicctl.desk.slot_choice import Asked, Visitor
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


def change(tx: Tx, row: rows.AppointmentRow, asked: Asked) -> None:
    """Change the time of an appointment, and record the step for undo.

    On a day with hours it gets the slot at that time. Refuses what a booking refuses.
    """
    doctor = lookup.doctor_by_id(tx, row.doctor_id)
    visitor = Visitor(lookup.patient_by_id(tx, row.patient_id), doctor, row)
    (state,) = days.list_states(tx, doctor, [row.date])
    if state.slots is not None:
        days.return_slots(tx, row)
        (state,) = days.list_states(tx, doctor, [row.date])
        chosen = slot_choice.take(tx, state, visitor, asked)
        days.hold_slots(
            tx,
            doctor_id=row.doctor_id,
            on=row.date,
            slot=chosen.slot,
            count=chosen.slots,
            appointment=row.number,
        )
        placement.write(tx, row, row._replace(**chosen.changes))
        return
    if asked.within is not None or asked.at is None:
        raise errors.NoHours(doctor=doctor.code, date=row.date.isoformat())
    if not asked.past:
        visit_times.refuse_past(tx, row.date, asked.at)
    visit_times.refuse_taken(
        tx,
        visitor.patient,
        doctor,
        on=row.date,
        at=asked.at,
        again=asked.again,
        overbook=asked.overbook,
        but=row,
    )
    placement.write(tx, row, row._replace(time=asked.at, minutes=None, after_midnight=False))


def set_slots(tx: Tx, row: rows.AppointmentRow, right: rows.AppointmentRow) -> int | None:
    """Give an appointment its earlier slots back.

    Return the number of the appointment that holds one of them, if any. The columns of the appointment are not written.
    """
    if (row.slot, row.slots) == (right.slot, right.slots):
        return None
    days.return_slots(tx, row)
    taken = days.holder(tx, right)
    if taken is None:
        days.retake_slots(tx, right)
    return taken
