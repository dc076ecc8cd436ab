"""The waitlist: patients who wait for a free slot with a doctor, first come, first served."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import chain, islice
from typing import NamedTuple
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, free_times, journal, lookup, operations, visit_lookup
from clinicctl.desk.bookings import Details
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.desk.slot_choice import Asked, Visitor
from clinicctl.results.appointments import Booked, Cancelled, Waiting, WaitlistEntry
from clinicctl.results.base import fields_of
from clinicctl.rules import waitlist
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.rules.references import BookedRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.statuses import CancelledBy, WaitlistStatus
from clinicctl.store import counters
from clinicctl.store.compiled import rows
from clinicctl.store.compiled import waitlist as stored_waitlist
from clinicctl.store.engine import Condition, Tx

_AT_ONCE = 500
"""How many entries are read with their days at once."""

_NAMED = 3
"""How many days the sentence of a refusal names. Its details have all of them."""


Wanted = Mapping[rows.DoctorRow, Sequence[date]]
"""Days by doctor, in order."""


class Doubled(NamedTuple):
    """What a merge leaves out, because older entries have it: numbers of entries, and days of others."""

    removed: Sequence[int]
    days: Sequence[tuple[int, date]]

    @property
    def shortened(self) -> list[int]:
        """The numbers of the entries that lost some of their days."""
        return sorted({number for number, _ in self.days})


@operations.WAIT
def add(tx: Tx, *, patient: PatientRef, doctor: DoctorRef, on: DaysWord) -> Waiting:
    """Add a patient to the waitlist for one of several days.

    The answer lists the days with a free slot now. Refuses past days, an archived patient or doctor, and a day for
    which the patient is already waiting.
    """
    patient_row, doctor_row = lookup.find_active_patient(tx, patient), lookup.find_active_doctor(tx, doctor)
    dates = dates_of(tx, on)
    days.refuse_past(tx, dates[0])
    _refuse_overlap(tx, patient_row.id, f"P{patient_row.number}", doctor_row, set(dates))
    number, identity = counters.next_one(tx, "waitlist"), uuid4()
    stored_waitlist.insert(
        tx,
        id=identity,
        number=number,
        patient_id=patient_row.id,
        doctor_id=doctor_row.id,
        first_date=dates[0],
        last_date=dates[-1],
        status=WaitlistStatus.WAITING,
        appointment_id=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
    stored_waitlist.insert_days(tx, (rows.WaitlistDayRow(identity, each) for each in dates))
    entry = _show(tx, _stored(tx, number))
    free = _free_dates(tx, {doctor_row: dates})[doctor_row]
    return Waiting(**fields_of(entry), free_now=tuple(stored_waitlist.bookable_days(tx, entry=identity, dates=free)))


def iter_waiting(tx: Tx, *, doctor: DoctorRef | None = None, every: bool = False) -> Iterator[WaitlistEntry]:
    """Yield the waitlist, the oldest entry first.

    `every` adds promoted and removed entries.
    """
    wanted = list[Condition]() if every else [stored_waitlist.waiting()]
    if doctor is not None:
        wanted.append(stored_waitlist.of_doctor(doctor=lookup.find_doctor(tx, doctor).id))
    yield from (describe(tx, row, dates) for row, dates in iter_rows(tx, wanted))


def iter_rows(tx: Tx, wanted: Sequence[Condition]) -> Iterator[tuple[rows.WaitlistRow, Sequence[date]]]:
    """Yield the rows that meet all conditions, each with its days, by number."""
    listed = stored_waitlist.listed(tx, wanted)
    while some := list(islice(listed, _AT_ONCE)):
        dates: dict[UUID, list[date]] = {}
        for each in stored_waitlist.days_of_entries(tx, entries=[row.id for row in some]):
            dates.setdefault(each.entry_id, []).append(each.date)
        yield from ((row, dates.get(row.id, ())) for row in some)


@operations.STOP_WAITING
def remove(tx: Tx, *, entry: WaitlistRef) -> WaitlistEntry:
    """Remove an entry from the waitlist. Refuses an entry that is no longer waiting."""
    row = lookup.find_waitlist_entry(tx, entry)
    if not stored_waitlist.remove(tx, row=row.id, updated_at=tx.now):
        raise errors.IllegalStep(subject=f"W{row.number}", status=row.status, step="remove", needs="waiting")
    return _show(tx, _stored(tx, row.number))


@operations.CANCEL_AND_PROMOTE
def cancel_and_promote(
    tx: Tx, *, appointment: BookedRef, by: CancelledBy = CancelledBy.PATIENT, reason: str | None = None
) -> Cancelled:
    """Cancel an appointment, and book the first waitlist entry that fits its slot."""
    row = visit_lookup.find_booked(tx, appointment)
    bookings.cancel_row(tx, row, by=by, reason=reason)
    cancelled = bookings.describe(tx, lookup.appointment_by_id(tx, row.id))
    doctor = lookup.doctor_by_id(tx, row.doctor_id)
    return Cancelled(
        **fields_of(cancelled),
        promoted=_promote_into(tx, doctor, [row.date]),
    )


@operations.PROMOTE
def promote(tx: Tx, *, doctor: DoctorRef, on: DayWord | None = None) -> Booked:
    """Book the first waitlist entry that fits a free slot of a doctor.

    Without `on`, it is booked on the earliest day of the entry with a free slot. Refuses with `NobodyFits` if there is
    none. Patients with an appointment with the doctor on that day are passed over. Today, if it is closed, counts only
    if `on` names it.
    """
    doctor_row = lookup.find_active_doctor(tx, doctor)
    booked = _promote_into(tx, doctor_row, [date_of(tx, on)] if on else None)
    if booked is None:
        raise errors.NobodyFits(doctor=doctor_row.code)
    return booked


def _promote_into(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date] | None) -> Booked | None:
    """Book the first entry that fits, on certain dates or on any.

    Return None if there is none.
    """
    if dates is None:
        wished = stored_waitlist.wished_days_of_doctor(tx, doctor=doctor.id, first=tx.today)
        free = _free_dates(tx, {doctor: sorted(each.date for each in wished)})[doctor]
    else:
        coming = [each for each in dates if each >= tx.today]
        free = _free_dates(tx, {doctor: coming}, is_closed_counted=True)[doctor]
    first = _first_bookable(tx, doctor, free)
    if first is None:
        return None
    on = _bookable_days(tx, first, free)[0]
    patient = lookup.active_patient(lookup.patient_by_id(tx, first.patient_id))
    return bookings.place(tx, Visitor(patient, doctor), Asked(), Details(promoted=True), on=on)


def list_wanted(tx: Tx) -> Wanted:
    """Return the days for which somebody waits, from today on, by doctor."""
    doctors = stored_waitlist.doctors(tx)
    found: dict[UUID, list[date]] = {each.id: [] for each in doctors}
    for each in stored_waitlist.wished_days(tx, first=tx.today):
        if each.doctor_id in found:
            found[each.doctor_id].append(each.date)
    return {each: sorted(found[each.id]) for each in doctors}


def ask_wanted(tx: Tx, *, today: date) -> None:
    """Ask for what `list_wanted` reads, for `Tx.prefetch`."""
    stored_waitlist.doctors(tx)
    stored_waitlist.wished_days(tx, first=today)


def _free_dates(tx: Tx, wanted: Wanted, *, is_closed_counted: bool = False) -> dict[rows.DoctorRow, list[date]]:
    """Return those of the wanted dates of doctors that have a free slot.

    Today, if it is closed, counts only with `is_closed_counted`.
    """
    may_be_closed = not is_closed_counted and any(tx.today in listed for listed in wanted.values())
    closed = tx.today if may_be_closed and journal.is_closed(tx, tx.today) else None
    states = days.list_states_on(tx, wanted)
    found: dict[UUID, list[date]] = {each.id: [] for each in wanted}
    for each in free_times.bookable(tx, list(chain.from_iterable(states.values()))):
        if each.date != closed:
            found[each.doctor_id].append(each.date)
    return {each: found[each.id] for each in wanted}


def ask_about_free(asked: Tx, *, tx: Tx, wanted: Wanted) -> None:
    """Ask for the held slots that `list_promotable` reads, for `Tx.prefetch`.

    The states of the days have been read.
    """
    free_times.ask_about(asked, tx, chain.from_iterable(days.list_states_on(tx, wanted).values()))


def list_promotable(tx: Tx, wanted: Wanted) -> list[tuple[str, date]]:
    """Return the doctors with an entry that fits a wanted day, each with that day."""
    free = _free_dates(tx, wanted)
    tx.prefetch(lambda tx: [_first_bookable(tx, doctor, dates) for doctor, dates in free.items()])
    first = {doctor: row for doctor, dates in free.items() if (row := _first_bookable(tx, doctor, dates))}
    tx.prefetch(lambda tx: [_bookable_days(tx, row, free[doctor]) for doctor, row in first.items()])
    return [(doctor.code, _bookable_days(tx, row, free[doctor])[0]) for doctor, row in first.items()]


def _first_bookable(tx: Tx, doctor: rows.DoctorRow, free: Sequence[date]) -> rows.BookableRow | None:
    """Return the oldest entry that can be booked on one of these dates, or None."""
    return stored_waitlist.first_bookable(tx, doctor=doctor.id, dates=free) if free else None


def _bookable_days(tx: Tx, entry: rows.BookableRow, free: Sequence[date]) -> list[date]:
    return stored_waitlist.bookable_days(tx, entry=entry.id, dates=free)


def list_of_patient(tx: Tx, *, patient_id: UUID) -> list[str]:
    """Return the numbers of a patient's waiting entries."""
    return [f"W{number}" for number in stored_waitlist.numbers_of_patient(tx, patient=patient_id)]


def list_of_doctor(tx: Tx, *, doctor_id: UUID) -> list[str]:
    """Return the numbers of the entries waiting for a doctor."""
    return [f"W{number}" for number in stored_waitlist.numbers_of_doctor(tx, doctor=doctor_id)]


def reopen(tx: Tx, *, appointment_id: UUID) -> bool:
    """Reopen the entry that an undone booking closed; return whether there is one.

    Refuses days for which the patient waits with a newer entry.
    """
    for number in stored_waitlist.numbers_closed_by(tx, appointment=appointment_id):
        row = _stored(tx, number)
        doctor = lookup.doctor_by_id(tx, row.doctor_id)
        _refuse_overlap(tx, row.patient_id, f"P{row.patient_number}", doctor, set(_days(tx, row)))
    return stored_waitlist.reopen(tx, appointment=appointment_id, updated_at=tx.now) > 0


def move(tx: Tx, *, old: UUID, new: UUID) -> tuple[int, Doubled]:
    """Move the entries of a merged patient to the survivor.

    Return how many there are, and what was left out. For each doctor and day the older entry stays. An entry without
    any day left is removed.
    """
    doubled = find_doubled(tx, old=old, new=new)
    if doubled.removed:
        stored_waitlist.remove_entries(tx, numbers=doubled.removed, updated_at=tx.now)
    if doubled.days:
        stored_waitlist.delete_days(tx, _day_rows(tx, doubled))
        stored_waitlist.set_ranges(tx, numbers=doubled.shortened, updated_at=tx.now)
    return stored_waitlist.give_to(tx, old=old, patient_id=new), doubled


def find_doubled(tx: Tx, *, old: UUID, new: UUID) -> Doubled:
    """Return what `move` would leave out."""
    wishes = [wish for each in (old, new) for wish in stored_waitlist.wishes_of_patient(tx, patient=each)]
    days_by_entry, twice = waitlist.without_duplicates(wishes)
    return Doubled(
        removed=sorted({each.number for each in twice if each.id not in days_by_entry}),
        days=[(each.number, each.date) for each in twice if each.id in days_by_entry],
    )


def restore(tx: Tx, doubled: Doubled) -> None:
    """Restore what `move` left out. The entries have their own patients again."""
    if doubled.removed:
        stored_waitlist.wait_again(tx, numbers=doubled.removed, updated_at=tx.now)
    if doubled.days:
        stored_waitlist.insert_days(tx, _day_rows(tx, doubled))
        stored_waitlist.set_ranges(tx, numbers=doubled.shortened, updated_at=tx.now)


def _day_rows(tx: Tx, doubled: Doubled) -> list[rows.WaitlistDayRow]:
    ids = {each.number: each.id for each in stored_waitlist.with_numbers(tx, numbers=doubled.shortened)}
    return [rows.WaitlistDayRow(ids[number], on) for number, on in doubled.days]


def describe(tx: Tx, row: rows.WaitlistRow, dates: Sequence[date]) -> WaitlistEntry:
    """Return a row as a result."""
    patient, doctor = lookup.booked_briefs(row)
    return WaitlistEntry(
        id=row.id,
        number=f"W{row.number}",
        patient=patient,
        doctor=doctor,
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
    """Refuse days that the patient is already waiting for, with the oldest entry."""
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
