"""The waitlist: who wants a place with a doctor, and gets the next one that comes free."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, journal, numbers, operations, patients, staff
from clinicctl.results import Booked, Cancelled, DoctorBrief, PatientBrief, Waiting, WaitlistEntry
from clinicctl.rules import days as day_rules
from clinicctl.rules import references, waitlist
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.statuses import CancelledBy, WaitlistStatus
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import IS_ACTIVE, IS_WAITING, appointments, doctors, waitlist_days, waitlist_entries
from clinicctl.store.models import patients as people
from clinicctl.store.sql import as_list, bindparam, delete, insert, is_among, select, update

_NAMED = 3
"""How many days the sentence of a refusal names; its details have all of them."""

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
_IS_WAITING = waitlist_entries.c.status == WaitlistStatus.WAITING
_BY_NUMBER = _ALL.where(waitlist_entries.c.number == bindparam("number"))
_OF_DOCTOR = _ALL.where(
    waitlist_entries.c.doctor_id == bindparam("doctor"), waitlist_entries.c.status == WaitlistStatus.WAITING
)
_OF_PATIENT = _ALL.where(waitlist_entries.c.patient_id == bindparam("patient"), _IS_WAITING)
_DAYS = select(waitlist_days).join(waitlist_entries, waitlist_entries.c.id == waitlist_days.c.entry_id)
_DAYS_OF_ENTRY = select(waitlist_days.c.date).where(waitlist_days.c.entry_id == bindparam("entry"))
_DAYS_OF_PATIENT = (
    select(waitlist_entries.c.id, waitlist_entries.c.number, waitlist_entries.c.doctor_id, waitlist_days.c.date)
    .join(waitlist_days, waitlist_days.c.entry_id == waitlist_entries.c.id)
    .where(waitlist_entries.c.patient_id == bindparam("patient"), _IS_WAITING)
)
_DAYS_WITH_DOCTOR = _DAYS_OF_PATIENT.where(
    IS_WAITING, waitlist_entries.c.doctor_id == bindparam("doctor"), waitlist_entries.c.first_date <= bindparam("last")
)
"""The condition on the first day, and no ordering, make SQLite read only the entries of this patient."""
_WISHES = (
    select(
        waitlist_entries.c.id,
        waitlist_entries.c.number,
        waitlist_entries.c.doctor_id,
        waitlist_days.c.date,
        waitlist_entries.c.patient_id,
    )
    .join(waitlist_days, waitlist_days.c.entry_id == waitlist_entries.c.id)
    .join(people, people.c.id == waitlist_entries.c.patient_id)
    .where(
        is_among(waitlist_entries.c.doctor_id, "doctors"),
        _IS_WAITING,
        waitlist_days.c.date >= bindparam("first"),
        people.c.archived_at.is_(None),
        ~select(appointments.c.id)
        .where(
            appointments.c.patient_id == waitlist_entries.c.patient_id,
            appointments.c.doctor_id == waitlist_entries.c.doctor_id,
            appointments.c.date == waitlist_days.c.date,
            IS_ACTIVE,
        )
        .exists(),
    )
)
"""The days on which a patient could be booked: those without an appointment with the doctor."""
_DOCTORS = (
    select(doctors)
    .where(
        doctors.c.archived_at.is_(None),
        doctors.c.id.in_(select(waitlist_entries.c.doctor_id).where(_IS_WAITING)),
    )
    .order_by(doctors.c.code)
)
_INSERT = insert(waitlist_entries)
_INSERT_DAY = insert(waitlist_days)
_LEAVE = update(waitlist_entries).where(waitlist_entries.c.id == bindparam("row"), _IS_WAITING)
_CLOSED_BY = select(waitlist_entries).where(waitlist_entries.c.appointment_id == bindparam("booked"))
_RETURN = update(waitlist_entries).where(waitlist_entries.c.appointment_id == bindparam("booked"))
_MOVE = update(waitlist_entries).where(waitlist_entries.c.patient_id == bindparam("old"))
_SET_RANGE = update(waitlist_entries).where(waitlist_entries.c.id == bindparam("row"))
_DROP_DAY = delete(waitlist_days).where(
    waitlist_days.c.entry_id == bindparam("row"), waitlist_days.c.date == bindparam("on")
)


@operations.WAIT
def add(tx: Tx, *, patient: PatientRef, doctor: DoctorRef, on: DaysWord) -> Waiting:
    """Let a patient wait for a place with a doctor on one of the days, and say on which of them one is free now.

    Refuses past days, archived people, and a day for which the patient waits already.
    """
    who, whom = patients.find_active(tx, patient), staff.find_active(tx, doctor)
    dates = day_rules.days(on, today=tx.today)
    days.refuse_past(tx, dates[0])
    _refuse_overlap(tx, who.id, f"P{who.number}", whom, set(dates))
    number, identity = numbers.next_one(tx, "waitlist"), uuid4()
    tx.run(
        _INSERT,
        id=identity,
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
    tx.many(_INSERT_DAY, [{"entry_id": identity, "date": each} for each in dates])
    entry = _show(tx, _of_number(tx, number))
    own = [each.date for each in fitting(tx, whom) if each.number == number]
    return Waiting(**{each.name: getattr(entry, each.name) for each in fields(entry)}, free_now=tuple(own))


def list_waiting(tx: Tx, *, doctor: DoctorRef | None = None, every: bool = False) -> list[WaitlistEntry]:
    """Return who waits, first come first; `every` adds those promoted and removed."""
    wanted = [] if every else [_IS_WAITING]
    if doctor is not None:
        wanted.append(waitlist_entries.c.doctor_id == staff.find(tx, doctor).id)
    dates: dict[UUID, list[date]] = {}
    for each in tx.all(_DAYS.where(*wanted)):
        dates.setdefault(each.entry_id, []).append(each.date)
    return [describe(tx, row, sorted(dates.get(row.id, ()))) for row in tx.all(_ALL.where(*wanted))]


@operations.STOP_WAITING
def remove(tx: Tx, *, entry: WaitlistRef) -> WaitlistEntry:
    """Take somebody off the waitlist. Refuses one who does not wait any more."""
    row = _find(tx, entry)
    if not tx.run(_LEAVE, row=row.id, status=WaitlistStatus.REMOVED, updated_at=tx.now):
        raise errors.IllegalStep(subject=f"W{row.number}", status=row.status, step="remove", needs="waiting")
    return _show(tx, _of_number(tx, row.number))


@operations.CANCEL_AND_PROMOTE
def cancel_and_promote(
    tx: Tx, *, appointment: AppointmentRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Cancelled:
    """Cancel an appointment and give its place to the first on the waitlist who fits; nobody is no refusal."""
    row = bookings.find(tx, appointment)
    cancelled = bookings.cancel(tx, appointment=appointment, by=by, reason=reason)
    doctor = staff.of_id(tx, row.doctor_id)
    return Cancelled(
        **{each.name: getattr(cancelled, each.name) for each in fields(cancelled)},
        promoted=promote_into(tx, doctor, [row.date]),
    )


@operations.PROMOTE
def promote(tx: Tx, *, doctor: DoctorRef, on: DayWord | None = None) -> Booked:
    """Book the first who fits into a free place of a doctor's: on a day, or the earliest of the days waited for.

    Refuses with `NobodyFits` when nobody does. Who has an appointment with the doctor that day is passed over, and
    today where it has been closed, unless it is named.
    """
    whom = staff.find_active(tx, doctor)
    booked = promote_into(tx, whom, [day_rules.day(on, today=tx.today)] if on else None)
    if booked is None:
        raise errors.NobodyFits(doctor=whom.code)
    return booked


def promote_into(tx: Tx, doctor: Row[Any], dates: Sequence[date] | None) -> Booked | None:
    """As `promote`, on certain dates; None when nobody fits."""
    fits = fitting(tx, doctor, dates)
    if not fits:
        return None
    who = patients.active(patients.of_id(tx, fits[0].patient_id))
    return bookings.place(tx, who, doctor, on=fits[0].date)


def fitting(tx: Tx, doctor: Row[Any], dates: Sequence[date] | None = None) -> list[Row[Any]]:
    """Return the wishes that a free place of a doctor's fits, the first come first, on days that are not over.

    Without `dates`, a day that was closed is over.
    """
    return _fitting(tx, [doctor], dates)[doctor.id]


def _fitting(tx: Tx, whom: Sequence[Row[Any]], dates: Sequence[date] | None = None) -> dict[UUID, list[Row[Any]]]:
    """As `fitting`, of several doctors, by their ids."""
    found = tx.all(_WISHES, doctors=as_list(each.id for each in whom), first=tx.today)
    wishes = [each for each in found if dates is None or each.date in dates]
    wanted = {each.date for each in wishes}
    if dates is None and tx.today in wanted and journal.is_closed(tx, tx.today):
        wanted.remove(tx.today)
    known = days.facts_of_many(tx, whom, sorted(wanted)) if wanted else {}
    return {
        each.id: waitlist.who_fits(
            [wish for wish in wishes if wish.doctor_id == each.id],
            {day.date for day in known.get(each.id, ()) if day.remaining > 0},
        )
        for each in whom
    }


def list_promotable(tx: Tx) -> list[tuple[str, date]]:
    """Return the doctors, by code, for whom somebody waits that a free place fits, with the first who is next's day."""
    whom = tx.all(_DOCTORS)
    fits = _fitting(tx, whom)
    return [(each.code, fits[each.id][0].date) for each in whom if fits[each.id]]


def list_of_patient(tx: Tx, *, patient_id: UUID) -> list[str]:
    """Return the numbers of the entries with which a patient waits."""
    return [f"W{row.number}" for row in tx.all(_OF_PATIENT, patient=patient_id)]


def list_of_doctor(tx: Tx, *, doctor_id: UUID) -> list[str]:
    """Return the numbers of the entries that wait for a doctor."""
    return [f"W{row.number}" for row in tx.all(_OF_DOCTOR, doctor=doctor_id)]


def give_back(tx: Tx, *, appointment_id: UUID) -> bool:
    """Reopen the entry that an undone booking closed; return whether there is one.

    Refuses days that the patient waits for with a newer entry.
    """
    for entry in tx.all(_CLOSED_BY, booked=appointment_id):
        row = _of_number(tx, entry.number)
        whom = staff.of_id(tx, row.doctor_id)
        _refuse_overlap(tx, row.patient_id, f"P{row.patient_number}", whom, set(_days(tx, row)))
    reopened = tx.run(
        _RETURN, booked=appointment_id, status=WaitlistStatus.WAITING, appointment_id=None, updated_at=tx.now
    )
    return reopened > 0


def move(tx: Tx, *, old: UUID, new: UUID) -> int:
    """Give a patient's entries to another, when the two are merged; return how many.

    For a doctor and day the older entry stays; an entry of which no day is left is removed.
    """
    wishes = [*tx.all(_DAYS_OF_PATIENT, patient=old), *tx.all(_DAYS_OF_PATIENT, patient=new)]
    kept, doubled = waitlist.settled(wishes)
    for entry in dict.fromkeys(each.id for each in doubled):
        if not kept.get(entry):
            tx.run(_LEAVE, row=entry, status=WaitlistStatus.REMOVED, updated_at=tx.now)
            continue
        for each in doubled:
            if each.id == entry:
                tx.run(_DROP_DAY, row=entry, on=each.date)
        tx.run(_SET_RANGE, row=entry, first_date=kept[entry][0], last_date=kept[entry][-1], updated_at=tx.now)
    return tx.run(_MOVE, old=old, patient_id=new)


def describe(tx: Tx, row: Row[Any], dates: Sequence[date]) -> WaitlistEntry:
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
        days=tuple(dates),
    )


def _show(tx: Tx, row: Row[Any]) -> WaitlistEntry:
    return describe(tx, row, _days(tx, row))


def _days(tx: Tx, row: Row[Any]) -> list[date]:
    return sorted(each.date for each in tx.all(_DAYS_OF_ENTRY, entry=row.id))


def _refuse_overlap(tx: Tx, patient_id: UUID, patient: str, doctor: Row[Any], dates: Collection[date]) -> None:
    """Refuse days for which the patient waits already, naming the oldest entry with one of them."""
    shared: dict[int, list[date]] = {}
    for row in tx.all(_DAYS_WITH_DOCTOR, patient=patient_id, doctor=doctor.id, last=max(dates)):
        if row.date in dates:
            shared.setdefault(row.number, []).append(row.date)
    if shared:
        oldest = min(shared)
        both = sorted(shared[oldest])
        raise errors.AlreadyWaiting(
            patient=patient,
            doctor=doctor.code,
            entry=f"W{oldest}",
            days=[each.isoformat() for each in both],
            problem=_in_words(both),
        )


def _in_words(dates: Sequence[date]) -> str:
    named = ", ".join(each.isoformat() for each in dates[:_NAMED])
    return f"{named} and {len(dates) - _NAMED} more" if len(dates) > _NAMED else named


def _find(tx: Tx, entry: WaitlistRef) -> Row[Any]:
    number = references.waitlist_number(entry)
    if number is None:
        raise errors.NoSuchWaitlistEntry()
    return _of_number(tx, number)


def _of_number(tx: Tx, number: int) -> Row[Any]:
    row = tx.one(_BY_NUMBER, number=number)
    if row is None:
        raise errors.NoSuchWaitlistEntry()
    return row
