"""The waitlist: who wants a place with a doctor, and gets the next one that comes free."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, journal, lookup, numbers, operations
from clinicctl.results import Booked, Cancelled, DoctorBrief, PatientBrief, Waiting, WaitlistEntry
from clinicctl.rules import days as day_rules
from clinicctl.rules import waitlist
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.statuses import CancelledBy, WaitlistStatus
from clinicctl.store.compiled import rows
from clinicctl.store.compiled import waitlist as stored_waitlist
from clinicctl.store.engine import Condition, Tx

_NAMED = 3
"""How many days the sentence of a refusal names; its details have all of them."""


@operations.WAIT
def add(tx: Tx, *, patient: PatientRef, doctor: DoctorRef, on: DaysWord) -> Waiting:
    """Let a patient wait for a place with a doctor on one of the days, and say on which of them one is free now.

    Refuses past days, archived people, and a day for which the patient waits already.
    """
    who, whom = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    dates = day_rules.days(on, today=tx.today)
    days.refuse_past(tx, dates[0])
    _refuse_overlap(tx, who.id, f"P{who.number}", whom, set(dates))
    number, identity = numbers.next_one(tx, "waitlist"), uuid4()
    stored_waitlist.insert(
        tx,
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
    stored_waitlist.insert_days(tx, (rows.WaitlistDayRow(identity, each) for each in dates))
    entry = _show(tx, _stored(tx, number))
    own = [each.date for each in fitting(tx, whom) if each.number == number]
    return Waiting(**{each.name: getattr(entry, each.name) for each in fields(entry)}, free_now=tuple(own))


def list_waiting(tx: Tx, *, doctor: DoctorRef | None = None, every: bool = False) -> list[WaitlistEntry]:
    """Return who waits, first come first; `every` adds those promoted and removed."""
    wanted = list[Condition]() if every else [stored_waitlist.waiting()]
    if doctor is not None:
        wanted.append(stored_waitlist.of_doctor(doctor=lookup.find_doctor(tx, doctor).id))
    dates: dict[UUID, list[date]] = {}
    for each in stored_waitlist.days(tx, wanted):
        dates.setdefault(each.entry_id, []).append(each.date)
    return [describe(tx, row, sorted(dates.get(row.id, ()))) for row in stored_waitlist.listed(tx, wanted)]


@operations.STOP_WAITING
def remove(tx: Tx, *, entry: WaitlistRef) -> WaitlistEntry:
    """Take somebody off the waitlist. Refuses one who does not wait any more."""
    row = lookup.find_waitlist_entry(tx, entry)
    if not stored_waitlist.remove(tx, row=row.id, updated_at=tx.now):
        raise errors.IllegalStep(subject=f"W{row.number}", status=row.status, step="remove", needs="waiting")
    return _show(tx, _stored(tx, row.number))


@operations.CANCEL_AND_PROMOTE
def cancel_and_promote(
    tx: Tx, *, appointment: AppointmentRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Cancelled:
    """Cancel an appointment and give its place to the first on the waitlist who fits; nobody is no refusal."""
    row = lookup.find_appointment(tx, appointment)
    cancelled = bookings.cancel(tx, appointment=appointment, by=by, reason=reason)
    doctor = lookup.doctor_by_id(tx, row.doctor_id)
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
    whom = lookup.find_active_doctor(tx, doctor)
    booked = promote_into(tx, whom, [day_rules.day(on, today=tx.today)] if on else None)
    if booked is None:
        raise errors.NobodyFits(doctor=whom.code)
    return booked


def promote_into(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date] | None) -> Booked | None:
    """As `promote`, on certain dates; None when nobody fits."""
    fits = fitting(tx, doctor, dates)
    if not fits:
        return None
    who = lookup.active_patient(lookup.patient_by_id(tx, fits[0].patient_id))
    return bookings.place(tx, who, doctor, on=fits[0].date)


def fitting(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date] | None = None) -> list[rows.WishRow]:
    """Return the wishes that a free place of a doctor's fits, the first come first, on days that are not over.

    Without `dates`, a day that was closed is over.
    """
    return _fitting(tx, [doctor], dates)[doctor.id]


def _fitting(
    tx: Tx, whom: Sequence[rows.DoctorRow], dates: Sequence[date] | None = None
) -> dict[UUID, list[rows.WishRow]]:
    """As `fitting`, of several doctors, by their ids."""
    found = stored_waitlist.bookable_wishes(tx, doctors=[each.id for each in whom], first=tx.today)
    wishes = [each for each in found if dates is None or each.date in dates]
    wanted = {each.date for each in wishes}
    if dates is None and tx.today in wanted and journal.is_closed(tx, tx.today):
        wanted.remove(tx.today)
    known = days.facts_of_many(tx, whom, sorted(wanted)) if wanted else {}
    return {
        each.id: waitlist.matching_wishes(
            [wish for wish in wishes if wish.doctor_id == each.id],
            {day.date for day in known.get(each.id, ()) if day.remaining > 0},
        )
        for each in whom
    }


def list_promotable(tx: Tx) -> list[tuple[str, date]]:
    """Return the doctors, by code, for whom somebody waits that a free place fits, with the first who is next's day."""
    whom = stored_waitlist.doctors(tx)
    fits = _fitting(tx, whom)
    return [(each.code, fits[each.id][0].date) for each in whom if fits[each.id]]


def list_of_patient(tx: Tx, *, patient_id: UUID) -> list[str]:
    """Return the numbers of the entries with which a patient waits."""
    return [f"W{number}" for number in stored_waitlist.numbers_of_patient(tx, patient=patient_id)]


def list_of_doctor(tx: Tx, *, doctor_id: UUID) -> list[str]:
    """Return the numbers of the entries that wait for a doctor."""
    return [f"W{number}" for number in stored_waitlist.numbers_of_doctor(tx, doctor=doctor_id)]


def give_back(tx: Tx, *, appointment_id: UUID) -> bool:
    """Reopen the entry that an undone booking closed; return whether there is one.

    Refuses days that the patient waits for with a newer entry.
    """
    for number in stored_waitlist.numbers_closed_by(tx, appointment=appointment_id):
        row = _stored(tx, number)
        whom = lookup.doctor_by_id(tx, row.doctor_id)
        _refuse_overlap(tx, row.patient_id, f"P{row.patient_number}", whom, set(_days(tx, row)))
    return stored_waitlist.reopen(tx, appointment=appointment_id, updated_at=tx.now) > 0


def move(tx: Tx, *, old: UUID, new: UUID) -> int:
    """Give a patient's entries to another, when the two are merged; return how many.

    For a doctor and day the older entry stays; an entry of which no day is left is removed.
    """
    wishes = [wish for each in (old, new) for wish in stored_waitlist.wishes_of_patient(tx, patient=each)]
    kept, doubled = waitlist.without_duplicates(wishes)
    for entry in dict.fromkeys(each.id for each in doubled):
        if not kept.get(entry):
            stored_waitlist.remove(tx, row=entry, updated_at=tx.now)
            continue
        for each in doubled:
            if each.id == entry:
                stored_waitlist.drop_day(tx, entry=entry, on=each.date)
        first, last = kept[entry][0], kept[entry][-1]
        stored_waitlist.set_range(tx, row=entry, first_date=first, last_date=last, updated_at=tx.now)
    return stored_waitlist.give_to(tx, old=old, patient_id=new)


def describe(tx: Tx, row: rows.WaitlistRow, dates: Sequence[date]) -> WaitlistEntry:
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


def _show(tx: Tx, row: rows.WaitlistRow) -> WaitlistEntry:
    return describe(tx, row, _days(tx, row))


def _days(tx: Tx, row: rows.WaitlistRow) -> list[date]:
    return stored_waitlist.days_of_entry(tx, entry=row.id)


def _refuse_overlap(tx: Tx, patient_id: UUID, patient: str, doctor: rows.DoctorRow, dates: Collection[date]) -> None:
    """Refuse days for which the patient waits already, naming the oldest entry with one of them."""
    shared: dict[int, list[date]] = {}
    for row in stored_waitlist.wishes_with_doctor(tx, patient=patient_id, doctor=doctor.id, last=max(dates)):
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


def _stored(tx: Tx, number: int) -> rows.WaitlistRow:
    row = stored_waitlist.by_number(tx, number=number)
    assert row is not None, "an entry that is not on the waitlist"
    return row
