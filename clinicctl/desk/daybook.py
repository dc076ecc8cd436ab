"""A day as a whole: its sheet, its end, the next free ones, and what needs somebody."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import (
    availability,
    bookings,
    days,
    journal,
    lookup,
    operations,
    queue,
    queue_lookup,
    transitions,
    waitlist,
)
from clinicctl.results.days import Closed, Day, Slot, ToDo
from clinicctl.rules.days import DayWord, day, free_slots
from clinicctl.rules.references import DoctorRef
from clinicctl.rules.transitions import CALL, DONE, LEAVE, NO_SHOW, RECALL, RESUME, START
from clinicctl.statuses import AppointmentStatus, QueueStatus
from clinicctl.store.compiled import appointments, doctors, rows
from clinicctl.store.compiled import daybook as stored_daybook
from clinicctl.store.engine import Tx

AHEAD = 7
"""Days within which full days and stranded patients are looked for."""

_NEXT = {
    QueueStatus.WAITING: CALL,
    QueueStatus.CALLED: START,
    QueueStatus.SERVING: DONE,
    QueueStatus.SKIPPED: RECALL,
    QueueStatus.HELD: RESUME,
}
"""The next step that brings a patient nearer to the end of the queue."""


def sheet(tx: Tx, *, on: DayWord, doctor: DoctorRef | None = None) -> list[Slot]:
    """Return the day sheet of every doctor, or of one: who holds each slot, and as many free ones as places are left.

    An absent or archived doctor has no free ones.
    """
    date_ = day(on, today=tx.today)
    one = lookup.find_doctor(tx, doctor) if doctor else None
    held: dict[UUID, list[rows.AppointmentRow]] = {}
    for row in bookings.list_of_day(tx, on=date_, doctor_id=one.id if one is not None else None):
        held.setdefault(row.doctor_id, []).append(row)
    # An archived doctor has a sheet where there were patients on the day.
    whom = [one] if one is not None else doctors.on_staff_or_among(tx, doctors=held)
    known = days.list_states_of_doctors(tx, whom, [date_])
    return [slot for each in whom for slot in _slots(tx, each, known[each.id][0], held.get(each.id, ()))]


def free(tx: Tx, *, doctor: DoctorRef | None, specialty: str | None, start: DayWord, count: int) -> list[Day]:
    """Return the days with a free place from a day on, of a doctor, of a specialty, or of everybody, by date."""
    first = max(day(start, today=tx.today), tx.today)
    whom = [lookup.find_active_doctor(tx, doctor)] if doctor else doctors.on_staff(tx)
    if specialty is not None:
        whom = [each for each in whom if (each.specialty or "").casefold() == specialty.casefold()]
    dates = [first + timedelta(days=n) for n in range(count)]
    known = days.list_states_of_doctors(tx, whom, dates)
    open_ = [each for row in whom for each in known[row.id] if each.remaining > 0]
    return sorted(availability.describe(tx, open_), key=lambda each: (each.date, each.doctor))


@operations.CLOSE
def close(tx: Tx, *, on: DayWord) -> Closed:
    """End a day: who is booked did not come, who waits has left, who is with the doctor is done.

    Changes nothing where nothing is open, so it can be repeated. Refuses a day to come.
    """
    date_ = day(on, today=tx.today)
    if date_ > tx.today:
        raise errors.WrongDay(appointment="That day", date=date_.isoformat(), today=tx.today.isoformat())
    no_show, left, completed = list[str](), list[str](), list[str]()
    for entry in queue_lookup.list_entries(tx, on=date_):
        if entry.status == QueueStatus.SERVING:
            completed.append(f"A{queue.end(tx, DONE, entry).number}")
        elif entry.status in LEAVE.queue_leaves:
            left.append(f"A{queue.end(tx, LEAVE, entry).number}")
    for row in bookings.list_of_day(tx, on=date_):
        if row.status == AppointmentStatus.BOOKED:
            transitions.take(tx, NO_SHOW, row)
            no_show.append(f"A{row.number}")
    return Closed(date=date_, no_show=tuple(no_show), left=tuple(left), completed=tuple(completed))


def list_staff(tx: Tx) -> list[rows.DoctorRow]:
    """Return the rows of the doctors who are not archived, by code."""
    return doctors.on_staff(tx)


def would_close(tx: Tx, *, on: DayWord) -> int:
    """Return how many appointments `close` would end, changing nothing."""
    open_ = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_CONSULTATION)
    return sum(row.status in open_ for row in bookings.list_of_day(tx, on=day(on, today=tx.today)))


def count_ended(result: Any) -> int:
    """Return how many appointments a write ended at once: those of a day closed, or cancelled by the clinic."""
    if isinstance(result, Closed):
        return len(result.no_show) + len(result.left) + len(result.completed)
    each = result if isinstance(result, list) else [result]
    return sum(len(getattr(one, "cancelled", ())) for one in each)


def to_do(tx: Tx) -> list[ToDo]:
    """Return what needs somebody, each with the command that mends it: open past days, who is still in the queue of an
    earlier day, long waits, stranded patients, places for the waitlist, and full days ahead."""
    found = [
        ToDo("open past day", row.date, None, f"{row.open} appointments", f"clinicctl close {row.date}")
        for row in stored_daybook.open_days(tx, today=tx.today)
    ]
    for entry in queue.show(tx):
        # A patient who is with another doctor can neither be called nor started.
        if entry.with_doctor:
            continue
        if entry.earlier and (step := _NEXT.get(entry.status)):
            subject = f"{entry.patient.number}, {entry.status} at position {entry.position}"
            command = f"clinicctl queue {step.name} {entry.doctor} {entry.position} --day {entry.date}"
            found.append(ToDo("earlier queue", entry.date, entry.doctor, subject, command))
        elif entry.long_wait:
            subject = f"{entry.patient.number}, {entry.waited_minutes} min at position {entry.position}"
            found.append(ToDo("long wait", entry.date, entry.doctor, subject, f"clinicctl queue call {entry.doctor}"))
    span = [tx.today + timedelta(days=n) for n in range(int(journal.is_closed(tx, tx.today)), AHEAD)]
    staff_ = list_staff(tx)
    known = days.list_states_of_doctors(
        tx, staff_, [tx.today + timedelta(days=n) for n in range(AHEAD + days.LOOKED_AHEAD)]
    )
    for doctor in staff_:
        for each in known[doctor.id]:
            if each.date in span:
                found += _of_day(tx, each, known[doctor.id])
    for code, on in waitlist.list_promotable(tx):
        found.append(ToDo("place for the waitlist", on, code, None, f"clinicctl waitlist promote {code}"))
    return found


def _of_day(tx: Tx, each: days.DayState, ahead: Sequence[days.DayState]) -> list[ToDo]:
    """Return what a day needs; `ahead` are the doctor's next days."""
    listed = f"clinicctl appointment list --doctor {each.doctor} --day {each.date} --status booked"
    taken = f"{each.booked} of {each.capacity}"
    if not each.present:
        booked = len(availability.list_displaced(tx, [each]))
        here = len(availability.list_arrived(tx, [each]))
        found = [ToDo("booked without doctor", each.date, each.doctor, f"{booked} booked", listed)] if booked else []
        queued = f"clinicctl queue show {each.doctor} {each.date}"
        return [*found, ToDo("here without doctor", each.date, each.doctor, f"{here} here", queued)] if here else found
    if each.booked > each.capacity and appointments.booked(tx, doctor=each.doctor_id, on=each.date):
        return [ToDo("over capacity", each.date, each.doctor, taken, listed)]
    if each.booked and not each.remaining:
        free = days.first_free(ahead, after=each.date, today=tx.today)
        command = f"free {each.doctor} --from {free[0]}" if free else f"day {each.date} --doctor {each.doctor}"
        return [ToDo("full day", each.date, each.doctor, taken, f"clinicctl {command}")]
    return []


def _slots(tx: Tx, doctor: rows.DoctorRow, facts: days.DayState, held: Sequence[rows.AppointmentRow]) -> list[Slot]:
    """Return the slots that are held, and the free ones: the lowest, as many as there are places left."""
    standing = {row.slot: row for row in held}
    open_ = 0 if doctor.archived_at is not None else facts.remaining
    return [
        Slot(
            doctor=doctor.code,
            date=facts.date,
            slot=slot,
            status=standing[slot].status if slot in standing else "free",
            time=standing[slot].time if slot in standing else None,
            appointment=bookings.describe(tx, standing[slot]) if slot in standing else None,
        )
        for slot in sorted({*standing, *free_slots(standing, open_)})
    ]
