"""The waitlist: who wants a place with a doctor, and gets the next one that comes free."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, numbers, patients, staff
from clinicctl.results import Appointment, Cancelled, DoctorBrief, PatientBrief, WaitlistEntry
from clinicctl.rules import days as day_rules
from clinicctl.rules import references, waitlist
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.statuses import CancelledBy, WaitlistStatus
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import appointments, doctors, waitlist_entries
from clinicctl.store.models import patients as people
from clinicctl.store.sql import bindparam, insert, select, update

_ALL = (
    select(
        waitlist_entries,
        people.c.number.label("patient_number"),
        people.c.name.label("patient_name"),
        doctors.c.code.label("doctor_code"),
        doctors.c.name.label("doctor_name"),
        appointments.c.number.label("appointment_number"),
    )
    .join(people, people.c.id == waitlist_entries.c.patient_id)
    .join(doctors, doctors.c.id == waitlist_entries.c.doctor_id)
    .outerjoin(appointments, appointments.c.id == waitlist_entries.c.appointment_id)
    .order_by(waitlist_entries.c.number)
)
_WAITING = _ALL.where(
    waitlist_entries.c.doctor_id == bindparam("doctor"), waitlist_entries.c.status == WaitlistStatus.WAITING
)
_BY_NUMBER = _ALL.where(waitlist_entries.c.number == bindparam("number"))
_SAME = _ALL.where(
    waitlist_entries.c.patient_id == bindparam("patient"),
    waitlist_entries.c.doctor_id == bindparam("doctor"),
    waitlist_entries.c.first_date == bindparam("first"),
    waitlist_entries.c.last_date == bindparam("last"),
    waitlist_entries.c.status == WaitlistStatus.WAITING,
)
_OF_PATIENT = _ALL.where(
    waitlist_entries.c.patient_id == bindparam("patient"), waitlist_entries.c.status == WaitlistStatus.WAITING
)
_INSERT = insert(waitlist_entries)
_LEAVE = update(waitlist_entries).where(
    waitlist_entries.c.id == bindparam("row"), waitlist_entries.c.status == WaitlistStatus.WAITING
)
_RETURN = update(waitlist_entries).where(waitlist_entries.c.appointment_id == bindparam("booked"))
_MOVE = update(waitlist_entries).where(waitlist_entries.c.patient_id == bindparam("old"))


def add(tx: Tx, *, patient: PatientRef, doctor: DoctorRef, on: DaysWord) -> WaitlistEntry:
    """Let a patient wait for a place with a doctor on one of the days: from the first to the last of those said.

    Refuses past days, archived people, and one who waits for the same already.
    """
    who, whom = patients.find_active(tx, patient), staff.find_active(tx, doctor)
    dates = day_rules.days(on, today=tx.today)
    days.refuse_past(tx, dates[0])
    if tx.one(_SAME, patient=who.id, doctor=whom.id, first=dates[0], last=dates[-1]):
        raise errors.WaitsAlready()
    number = numbers.next_one(tx, "waitlist")
    tx.run(
        _INSERT,
        id=uuid4(),
        number=number,
        patient_id=who.id,
        doctor_id=whom.id,
        first_date=dates[0],
        last_date=dates[-1],
        status=WaitlistStatus.WAITING,
        appointment_id=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    return describe(tx, _find(tx, WaitlistRef(f"W{number}")))


def list_waiting(tx: Tx, *, doctor: DoctorRef | None = None, every: bool = False) -> list[WaitlistEntry]:
    """Return who waits, first come first; `every` adds those promoted and removed."""
    query = _ALL if every else _ALL.where(waitlist_entries.c.status == WaitlistStatus.WAITING)
    if doctor is not None:
        query = query.where(waitlist_entries.c.doctor_id == staff.find(tx, doctor).id)
    return [describe(tx, row) for row in tx.all(query)]


def remove(tx: Tx, *, entry: WaitlistRef) -> WaitlistEntry:
    """Take somebody off the waitlist. Refuses one who does not wait any more."""
    row = _find(tx, entry)
    if not tx.run(_LEAVE, row=row.id, status=WaitlistStatus.REMOVED, updated_at=tx.now):
        raise errors.IllegalStep(subject=f"W{row.number}", status=row.status, step="remove", needs="waiting")
    return describe(tx, _find(tx, entry))


def cancel_and_promote(
    tx: Tx, *, appointment: AppointmentRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Cancelled:
    """Cancel an appointment and give its place to the first on the waitlist who fits; nobody is no refusal."""
    row = bookings.find(tx, appointment)
    cancelled = bookings.cancel(tx, appointment=appointment, by=by, reason=reason)
    doctor = staff.find(tx, DoctorRef(row.doctor_code))
    return Cancelled(
        **{each.name: getattr(cancelled, each.name) for each in fields(cancelled)},
        promoted=promote_into(tx, doctor, [row.date]),
    )


def promote(tx: Tx, *, doctor: DoctorRef, on: DayWord | None = None) -> Appointment:
    """Book the first who fits into a free place of a doctor's: on a day, or the earliest of the days waited for.

    Refuses with `NobodyFits` when nobody does. Who has an appointment with the doctor that day is passed over.
    """
    whom = staff.find_active(tx, doctor)
    dates = [day_rules.day(on, today=tx.today)] if on else None
    booked = promote_into(tx, whom, dates)
    if booked is None:
        raise errors.NobodyFits(doctor=whom.code)
    return booked


def promote_into(tx: Tx, doctor: Row[Any], dates: Sequence[date] | None) -> Appointment | None:
    """As `promote`, on certain dates; None when nobody fits."""
    waiting = tx.all(_WAITING, doctor=doctor.id)
    for entry, on in waitlist.who_fits(waiting, free_dates(tx, doctor, waiting, dates)):
        try:
            who = patients.find_active(tx, PatientRef(f"P{entry.patient_number}"))
            booked = bookings.place(tx, who, doctor, on=on)
        except (errors.AlreadyBooked, errors.Archived):
            continue
        tx.run(_LEAVE, row=entry.id, status=WaitlistStatus.PROMOTED, appointment_id=booked.id, updated_at=tx.now)
        return booked
    return None


def free_dates(
    tx: Tx, doctor: Row[Any], waiting: Sequence[Row[Any]], dates: Sequence[date] | None = None
) -> list[date]:
    """Return the dates from today that somebody waits for and that have a place, of `dates` where they are given."""
    if dates is None:
        spans = {(max(each.first_date, tx.today), each.last_date) for each in waiting}
        wanted = {date.fromordinal(n) for first, last in spans for n in range(first.toordinal(), last.toordinal() + 1)}
    else:
        wanted = {each for each in dates if each >= tx.today}
    return [each.date for each in days.facts(tx, doctor, sorted(wanted)) if each.remaining > 0] if wanted else []


def list_promotable(tx: Tx) -> list[tuple[str, date]]:
    """Return the doctors, by code, for whom somebody waits that a free place fits, with the earliest such date."""
    found = list[tuple[str, date]]()
    for code in sorted({each.doctor.code for each in list_waiting(tx)}):
        doctor = staff.find(tx, DoctorRef(code))
        waiting = tx.all(_WAITING, doctor=doctor.id)
        fits = waitlist.who_fits(waiting, free_dates(tx, doctor, waiting))
        if fits and doctor.archived_at is None:
            found.append((code, fits[0][1]))
    return found


def list_of_patient(tx: Tx, *, patient_id: UUID) -> list[str]:
    """Return the numbers of the entries with which a patient waits."""
    return [f"W{row.number}" for row in tx.all(_OF_PATIENT, patient=patient_id)]


def give_back(tx: Tx, *, appointment_id: UUID) -> None:
    """Let somebody wait again whose promotion is undone."""
    tx.run(_RETURN, booked=appointment_id, status=WaitlistStatus.WAITING, appointment_id=None, updated_at=tx.now)


def move(tx: Tx, *, old: UUID, new: UUID) -> int:
    """Give a patient's entries to another, when the two are merged; return how many. None waits twice for the same."""
    for row in tx.all(_OF_PATIENT, patient=old):
        same = tx.one(_SAME, patient=new, doctor=row.doctor_id, first=row.first_date, last=row.last_date)
        if same is not None:
            tx.run(_LEAVE, row=row.id, status=WaitlistStatus.REMOVED, updated_at=tx.now)
    return tx.run(_MOVE, old=old, patient_id=new)


def describe(tx: Tx, row: Row[Any]) -> WaitlistEntry:
    """Return a row as a result."""
    return WaitlistEntry(
        id=row.id,
        number=f"W{row.number}",
        patient=PatientBrief(id=row.patient_id, number=f"P{row.patient_number}", name=row.patient_name),
        doctor=DoctorBrief(id=row.doctor_id, code=row.doctor_code, name=row.doctor_name),
        first_date=row.first_date,
        last_date=row.last_date,
        status=WaitlistStatus(row.status),
        appointment=f"A{row.appointment_number}" if row.appointment_number else None,
        created_at=tx.local(row.created_at),
    )


def _find(tx: Tx, entry: WaitlistRef) -> Row[Any]:
    number = references.waitlist_number(entry)
    row = tx.one(_BY_NUMBER, number=number) if number is not None else None
    if row is None:
        raise errors.NoSuchWaitlistEntry()
    return row
