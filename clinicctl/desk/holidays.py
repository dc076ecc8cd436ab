"""The clinic's holidays: dates on which every doctor is absent, unless the date is set for a doctor."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from clinicctl import errors
from clinicctl.desk import bookings, conflicts, days, lookup, operations
from clinicctl.desk.dates import date_of, dates_of
from clinicctl.results.days import Holiday, HolidayAdded, HolidayRemoved
from clinicctl.results.people import ToCall
from clinicctl.rules.days import DaysWord, DayWord
from clinicctl.statuses import OnConflict
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

HINT = "Move them first, or use --on-conflict keep or cancel."
"""The hint if patients are booked on a holiday. No time of the day is left to which they could be moved."""


@operations.ADD_HOLIDAY
def add(tx: Tx, *, on: DayWord, name: str, on_conflict: OnConflict = OnConflict.REFUSE) -> HolidayAdded:
    """Add a holiday, or give it another name.

    The same name again changes nothing.

    Refuses a past day, and patients who are booked with a doctor who becomes absent: with `keep` they stay booked, and
    with `cancel` the clinic cancels them. Patients who have arrived are never cancelled.
    """
    date_ = date_of(tx, on)
    days.refuse_past(tx, date_)
    former = days.holidays(tx, date_, date_).get(date_)
    changes = list_changes(tx, {date_: name})
    resolved = conflicts.resolve(tx, changes, on_conflict=on_conflict, hint=HINT)
    write(tx, {date_: name})
    conflicts.apply(tx, changes, resolved)
    return HolidayAdded(
        date_,
        name,
        created=former is None,
        former_name=former if former != name else None,
        cancelled=list_cancelled(resolved),
    )


def preview_cancelled(tx: Tx, *, on: DayWord, name: str) -> Sequence[ToCall]:
    """Return the patients whom `add` with CANCEL would cancel.

    Refuses what `add` refuses.
    """
    date_ = date_of(tx, on)
    days.refuse_past(tx, date_)
    changes = list_changes(tx, {date_: name})
    conflicts.refuse_displaced(tx, *conflicts.list_conflicts(tx, changes, on_conflict=OnConflict.CANCEL))
    return [bookings.to_call(each) for each in conflicts.list_displaced(tx, changes, every=True)]


@operations.REMOVE_HOLIDAY
def remove(tx: Tx, *, on: DayWord) -> HolidayRemoved:
    """Remove a holiday. Refuses a past day, and a date that is no holiday."""
    date_ = date_of(tx, on)
    days.refuse_past(tx, date_)
    name = days.holidays(tx, date_, date_).get(date_)
    if name is None:
        raise errors.NoSuchHoliday(date=date_.isoformat())
    changes = list_changes(tx, {date_: None})
    resolved = conflicts.resolve(tx, changes, on_conflict=OnConflict.REFUSE)
    stored_days.delete_holidays(tx, dates=[date_])
    conflicts.apply(tx, changes, resolved)
    return HolidayRemoved(date_, name)


def list_all(tx: Tx, *, past: bool = False) -> list[Holiday]:
    """Return the holidays from today on, or all of them, by date."""
    return _list(tx, date.min if past else tx.today, date.max)


def list_on(tx: Tx, *, on: DaysWord | DayWord, count: int = 1) -> list[Holiday]:
    """Return the holidays among days, or among the `count` days from a day on."""
    dates = [each + timedelta(days=nth) for each in dates_of(tx, DaysWord(on)) for nth in range(count)]
    return [each for each in _list(tx, min(dates), max(dates)) if each.date in dates]


def _list(tx: Tx, first: date, last: date) -> list[Holiday]:
    return [Holiday(on, name) for on, name in days.holidays(tx, first, last).items()]


def list_changes(tx: Tx, names: Mapping[date, str | None]) -> list[conflicts.Change]:
    """Return the days with a ledger on dates, before and after a change of holidays.

    `names` has the new name of each date, or None. Only a day with a ledger can have patients. A date that is set for a
    doctor is not changed.
    """
    return [
        (before, replace(before, defaults=before.defaults._replace(holiday=names[before.date])).planned(None))
        for before in _with_ledger(tx, names.keys())
        if before.setting is None
    ]


def _with_ledger(tx: Tx, dates: Collection[date]) -> list[days.DayState]:
    """Return the days with a ledger on dates, by doctor and date."""
    if not dates:
        return []
    span = {"first": min(dates), "last": max(dates)}
    doctors = {each: lookup.doctor_by_id(tx, each) for each in stored_days.doctors_with_ledger(tx, **span)}
    wanted: dict[rows.DoctorRow, list[date]] = {}
    for row in stored_days.ledgers_of_doctors(tx, doctors=doctors, **span):
        if row.date in dates:
            wanted.setdefault(doctors[row.doctor_id], []).append(row.date)
    found = days.list_states_on(tx, {doctor: sorted(listed) for doctor, listed in wanted.items()})
    return [state for doctor in sorted(wanted, key=lambda each: each.code) for state in found[doctor.id]]


def list_cancelled(resolved: conflicts.Resolved) -> tuple[ToCall, ...]:
    """Return the cancelled patients by date and doctor."""
    by_date = sorted(resolved.cancelled, key=lambda each: each[::-1])
    return tuple(person for key in by_date for person in resolved.cancelled[key])


def write(tx: Tx, names: Mapping[date, str]) -> None:
    """Write holidays. The ledgers are not updated."""
    stored_days.delete_holidays(tx, dates=names)
    stored_days.insert_holidays(tx, [rows.HolidayRow(on, name) for on, name in names.items()])
