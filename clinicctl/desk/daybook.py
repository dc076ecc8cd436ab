"""The day sheet, the free days, the close of a day, and the list of open problems."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import (
    availability,
    bookings,
    conflicts,
    days,
    journal,
    lookup,
    operations,
    outbox,
    queue,
    queue_lookup,
    queue_queries,
    transitions,
    waitlist,
)
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.results.appointments import CancelledSeries, QueueEntry
from clinicctl.results.days import Closed, DoctorWeek, Slot, ToDo
from clinicctl.rules import estimates, hours
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import DoctorRef
from clinicctl.rules.slots import free_slots
from clinicctl.rules.transitions import CALL, DONE, LEAVE, NO_SHOW, RECALL, RESUME, START
from clinicctl.statuses import AppointmentStatus, QueueStatus, Role
from clinicctl.store.compiled import appointments, doctors, rows
from clinicctl.store.compiled import daybook as stored_daybook
from clinicctl.store.engine import Tx

AHEAD = 7
"""How many days ahead to look for full days and for patients without a slot."""

OVERDUE = timedelta(minutes=30)
"""How long a message may be due: a sender that runs fetches it within some minutes."""

_NEXT = {
    QueueStatus.WAITING: CALL,
    QueueStatus.CALLED: START,
    QueueStatus.SERVING: DONE,
    QueueStatus.SKIPPED: RECALL,
    QueueStatus.HELD: RESUME,
}
"""The next step of a patient on the way out of the queue."""


def sheet(tx: Tx, *, on: DaysWord, doctor: DoctorRef | None = None) -> Iterator[Slot]:
    """Yield the taken and the free slots of days, of one doctor or of all.

    An absent or archived doctor has no free slots.
    """
    one = lookup.find_doctor(tx, doctor) if doctor else None
    for date_ in dates_of(tx, on):
        yield from _sheet(tx, date_, one)


def week(tx: Tx, *, on: DaysWord, doctor: DoctorRef | None = None) -> list[DoctorWeek]:
    """Return the days of a week for each doctor: the seven days from Monday."""
    first = dates_of(tx, on)[0]
    monday = first - timedelta(days=first.weekday())
    listed = [lookup.find_doctor(tx, doctor)] if doctor else doctors.on_staff(tx)
    states = days.list_states_of_doctors(tx, listed, [monday + timedelta(days=nth) for nth in range(7)])
    return [
        DoctorWeek(doctor=each.code, name=each.name, days=tuple(availability.describe(tx, states[each.id])))
        for each in listed
    ]


def _sheet(tx: Tx, date_: date, one: rows.DoctorRow | None) -> list[Slot]:
    held: dict[UUID, list[rows.AppointmentRow]] = {}
    for row in bookings.list_of_day(tx, on=date_, doctor_id=one.id if one is not None else None):
        held.setdefault(row.doctor_id, []).append(row)
    # An archived doctor has a sheet if there were patients on the day.
    listed = [one] if one is not None else doctors.on_staff_or_among(tx, doctors=held)
    states = days.list_states_of_doctors(tx, listed, [date_])
    return [slot for each in listed for slot in _slots(tx, each, states[each.id][0], held.get(each.id, ()))]


@operations.CLOSE
def close(tx: Tx, *, on: DayWord) -> Closed:
    """Close a day, and end everything that is open on it.

    Booked becomes no-show, waiting becomes left, and in consultation becomes completed. It may be repeated: without
    open appointments nothing changes. Refuses a future day.
    """
    date_ = date_of(tx, on)
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


def preview_close(tx: Tx, *, on: DayWord) -> int:
    """Return how many appointments `close` would end."""
    open_ = (AppointmentStatus.BOOKED, AppointmentStatus.CHECKED_IN, AppointmentStatus.IN_CONSULTATION)
    return sum(row.status in open_ for row in bookings.list_of_day(tx, on=date_of(tx, on)))


def count_ended(result: Any) -> int:
    """Return how many appointments a write ended.

    These are all of a closed day, those of a cancelled series, or those cancelled by the clinic.
    """
    if isinstance(result, CancelledSeries):
        return len(result.appointments)
    if isinstance(result, Closed):
        return len(result.no_show) + len(result.left) + len(result.completed)
    each = result if isinstance(result, list) else [result]
    return sum(len(getattr(one, name, ())) for one in each for name in ("cancelled", "moved"))


def to_do(tx: Tx) -> list[ToDo]:
    """Return the open problems, each with the command that fixes it.

    These are open past days, patients in earlier queues, long waits, doctors who run late, patients who did not come,
    messages that failed or that no sender fetches, patients without a slot, free slots for the waitlist, and full days
    ahead. A clinician gets those of their own doctor that a clinician can fix.
    """
    person = tx.person
    if person is not None and person.role is Role.CLINICIAN:
        queued = queue.show(tx, doctor=DoctorRef(str(person.doctor_id)))
        return [*_in_queues(queued), *_running_late(tx, queued)]
    today = tx.today
    tx.prefetch(
        doctors.on_staff,
        partial(waitlist.ask_wanted, today=today),
        *queue_queries.of_lists(tx, None, None),
        *journal.closing_queries(tx, today),
        *([partial(bookings.list_of_day, on=today)] if tx.clinic.no_show_after else []),
        *([partial(outbox.ask_about_problems, tx=tx)] if tx.clinic.notify == "on" else []),
    )
    found = [
        ToDo("open past day", row.date, None, f"{row.open} appointments", f"clinicctl close {row.date}")
        for row in stored_daybook.open_days(tx, today=today)
    ]
    staff, wanted = doctors.on_staff(tx), waitlist.list_wanted(tx)
    tx.prefetch(partial(queue_queries.ask_about_current, tx=tx), partial(days.ask_about, wanted=wanted))
    states = days.list_states_of_doctors(
        tx, staff, [today + timedelta(days=n) for n in range(AHEAD + days.LOOKED_AHEAD)]
    )
    near = {today + timedelta(days=n) for n in range(int(journal.is_closed(tx, today)), AHEAD)}
    coming = [(each, states[doctor.id]) for doctor in staff for each in states[doctor.id] if each.date in near]
    tx.prefetch(
        partial(_ask_about_days, coming=[each for each, _ in coming]),
        partial(waitlist.ask_about_free, tx=tx, wanted=wanted),
    )
    queued = queue.show(tx)
    found += _in_queues(queued)
    found += _running_late(tx, queued)
    found += _did_not_come(tx)
    found += _of_messages(tx)
    for each, ahead in coming:
        found += _of_day(tx, each, ahead)
    for code, on in waitlist.list_promotable(tx, wanted):
        found.append(ToDo("place for the waitlist", on, code, None, f"clinicctl waitlist promote {code}"))
    return found


def _in_queues(queued: Iterable[QueueEntry]) -> Iterator[ToDo]:
    """Yield the patients in earlier queues, and the long waits.

    Nobody can call a patient who is with another doctor.
    """
    for entry in queued:
        if entry.with_doctor:
            continue
        if entry.earlier and (step := _NEXT.get(entry.status)):
            subject = f"{entry.patient.number}, {queue_lookup.IN_WORDS[entry.status]} at position {entry.position}"
            command = f"clinicctl queue {step.name} {entry.doctor} {entry.position} --day {entry.date}"
            yield ToDo("earlier queue", entry.date, entry.doctor, subject, command)
        elif entry.long_wait:
            subject = f"{entry.patient.number}, {entry.waited_minutes} min at position {entry.position}"
            yield ToDo("long wait", entry.date, entry.doctor, subject, f"clinicctl queue call {entry.doctor}")


def _running_late(tx: Tx, queued: Iterable[QueueEntry]) -> Iterator[ToDo]:
    """Yield the doctors who run late, by the patient with whom they are latest.

    A patient who was transferred had an appointment with another doctor, so that nothing follows from it.
    """
    latest: dict[str, timedelta] = {}
    for each in queued:
        agreed = each.appointment.starts_at
        if each.expected_start is not None and agreed is not None and each.doctor == each.appointment.doctor.code:
            late = estimates.lateness(each.expected_start, agreed=agreed, arrived=each.checked_in_at)
            latest[each.doctor] = max(late, latest.get(each.doctor, late))
    threshold = tx.clinic.late_threshold
    for doctor, late in latest.items():
        if threshold and late > timedelta(minutes=threshold):
            subject = f"about {estimates.whole_minutes(late)} min late"
            yield ToDo("runs late", tx.today, doctor, subject, f"clinicctl queue show {doctor}")


def _did_not_come(tx: Tx) -> list[ToDo]:
    """Return the patients who did not come for an agreed time of today."""
    if not tx.clinic.no_show_after:
        return []
    latest = tx.local(tx.now) - timedelta(minutes=tx.clinic.no_show_after)
    return [
        ToDo(
            "did not come",
            row.date,
            row.doctor_code,
            f"P{row.patient_number}, agreed {row.time:%H:%M}",
            f"clinicctl appointment no-show A{row.number}",
        )
        for row in bookings.list_of_day(tx, on=tx.today)
        if row.status == AppointmentStatus.BOOKED
        and row.time is not None
        and not row.after_midnight
        and (tx.today, row.time) < (latest.date(), latest.time())
    ]


def _of_messages(tx: Tx) -> Iterator[ToDo]:
    """Yield the messages that have failed, and those that no sender has fetched."""
    if tx.clinic.notify != "on":
        return
    if failed := outbox.list_failed(tx):
        dates = [row.date for row in failed]
        span = "..".join(dict.fromkeys((f"{min(dates)}", f"{max(dates)}")))
        command = f"clinicctl outbox list --state failed --day {span}"
        yield ToDo("failed messages", min(dates), None, f"{len(failed)} not sent", command)
    if (late := outbox.overdue(tx)) > OVERDUE:
        minutes = late // timedelta(minutes=1)
        subject = f"the oldest for {minutes} min" if minutes < 120 else f"the oldest for {minutes // 60} h"
        yield ToDo("overdue messages", tx.today, None, subject, "clinicctl outbox list --due")


def _ask_about_days(tx: Tx, *, coming: Iterable[days.DayState]) -> None:
    """Ask for what `_of_day` reads, for `Tx.prefetch`."""
    for each in coming:
        if each.booked and not (each.present and each.booked <= each.capacity):
            appointments.booked(tx, doctor=each.doctor_id, on=each.date)
        if each.has_ledger and not each.present:
            appointments.arrived(tx, doctor=each.doctor_id, on=each.date)


def _of_day(tx: Tx, each: days.DayState, ahead: Sequence[days.DayState]) -> list[ToDo]:
    """Return the problems of a day. `ahead` has the doctor's next days."""
    listed = f"clinicctl appointment list --doctor {each.doctor} --day {each.date} --status booked"
    taken = f"{each.booked} of {each.capacity}"
    if not each.present:
        booked = len(conflicts.list_displaced(tx, [(each, each)]))
        arrived = len(conflicts.list_arrived(tx, [each]))
        found = [ToDo("booked without doctor", each.date, each.doctor, f"{booked} booked", listed)] if booked else []
        queued = f"clinicctl queue show {each.doctor} {each.date}"
        return (
            [*found, ToDo("here without doctor", each.date, each.doctor, f"{arrived} arrived", queued)]
            if arrived
            else found
        )
    if each.booked > each.capacity and appointments.booked(tx, doctor=each.doctor_id, on=each.date):
        return [ToDo("over capacity", each.date, each.doctor, taken, listed)]
    if each.booked and not each.remaining:
        free = days.first_free(ahead, after=each.date, today=tx.today)
        command = f"free {each.doctor} --from {free[0]}" if free else f"day {each.date} --doctor {each.doctor}"
        return [ToDo("full day", each.date, each.doctor, taken, f"clinicctl {command}")]
    return []


def _slots(tx: Tx, doctor: rows.DoctorRow, state: days.DayState, held: Sequence[rows.AppointmentRow]) -> list[Slot]:
    """Return the taken slots and the remaining free ones, the lowest first.

    A long visit is in each of its slots.
    """
    by_slot = {slot: row for row in held for slot in range(row.slot, row.slot + row.slots)}
    open_ = 0 if doctor.archived_at is not None else state.remaining
    described = {row.id: bookings.describe(tx, row) for row in held}
    found = list[Slot]()
    for slot in sorted({*by_slot, *free_slots(by_slot, open_)}):
        row = by_slot.get(slot)
        start, end = _times(state, slot, row)
        found.append(
            Slot(
                doctor=doctor.code,
                date=state.date,
                slot=slot,
                status=row.status if row is not None else "free",
                time=start,
                appointment=described[row.id] if row is not None else None,
                end=end,
            )
        )
    return found


def _times(state: days.DayState, slot: int, row: rows.AppointmentRow | None) -> tuple[time | None, time | None]:
    """Return the start and the end of a slot with hours.

    Elsewhere, return the time of the appointment.
    """
    if state.slots is not None and slot <= len(state.slots.starts):
        return hours.time_of(state.slots.starts[slot - 1]), hours.time_of(state.slots.ends[slot - 1])
    return row.time if row is not None else None, None
