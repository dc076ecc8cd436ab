"""What was said about doctors' days, and what becomes of the booked when a day is taken away."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, lookup, operations, replay
from clinicctl.results import Day, ToCall
from clinicctl.rules import days as day_rules
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import CancelledBy, OnConflict, QueueStatus
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

OWN_CAPACITY = (
    "Move them first, or give the day a capacity of its own: `clinicctl doctor avail set {doctor} {date} --capacity N`."
)
"""What to do if a default capacity would leave booked patients without a place."""

KeptDay = tuple[str, int, bool, bool | None, int | None, str | None, str | None, str | None]
"""What is kept of a day before a change; see `before_of`."""

KeptWeekday = tuple[str, int, bool | None, int | None]
"""What is kept of a weekday before a change: doctor, weekday, presence (None: not in the pattern) and capacity."""


class DaySetting(NamedTuple):
    """What is said of a day."""

    present: bool
    capacity: int | None
    note: str | None


@operations.SET_DAYS
def set_days(
    tx: Tx,
    *,
    doctor: DoctorRef,
    on: DaysWord,
    present: bool | None = None,
    capacity: int | None = None,
    note: str | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> list[Day]:
    """Say what a doctor's days are; what is not said stays as it stands, and an empty note clears it.

    Refuses a call that sets nothing, past days and, with `HasBookings`, a change that would leave patients without a
    place: `keep` leaves them, `cancel` cancels the booked ones by the clinic. Those who are here cannot be cancelled.
    """
    if present is None and capacity is None and note is None:
        raise errors.Usage(problem="Nothing to set: give at least one of --present, --absent, --capacity and --note.")
    row = lookup.find_active_doctor(tx, doctor)
    dates = day_rules.days(on, today=tx.today)
    days.refuse_past(tx, dates[0])
    standing = days.facts(tx, row, dates)
    changed = [changed_facts(each, present=present, capacity=capacity) for each in standing]
    cancelled = settle(tx, zip(standing, changed, strict=True), on_conflict=on_conflict)
    said = [(each, written(each, present=present, capacity=capacity, note=note)) for each in standing]
    # To clear a note of a day that was never set changes nothing.
    new = present is not None or capacity is not None or bool(note)
    changes = [
        (each, setting) for each, setting in said if (new if each.said is None else setting != setting_of(each.said))
    ]
    write(tx, changes)
    keep_before(
        tx,
        packed=replay.pack([before_of(each.doctor_id, each.date, each.said) for each, _ in changes]),
        cancelled=[each for each in standing if each.date in cancelled],
    )
    return [replace(each, cancelled=cancelled.get(each.date, ())) for each in show(tx, row, dates)]


def show_days(tx: Tx, *, doctor: DoctorRef, on: DaysWord) -> list[Day]:
    """Return a doctor's days, with what is booked and what remains."""
    return show(tx, lookup.find_doctor(tx, doctor), day_rules.days(on, today=tx.today))


def show(tx: Tx, doctor: rows.DoctorRow, dates: Sequence[date]) -> list[Day]:
    """Return a doctor's days as results."""
    return describe(tx, days.facts(tx, doctor, dates))


def describe(tx: Tx, found: Iterable[days.Facts]) -> list[Day]:
    """Return what is known of days as results."""
    return [
        Day(
            doctor=each.doctor,
            date=each.date,
            present=each.present,
            capacity=each.capacity,
            booked=each.booked,
            remaining=each.remaining,
            note=each.said.note if each.said else None,
            source=each.source,
            updated_by=each.said.updated_by if each.said else None,
            updated_at=tx.local(each.said.updated_at) if each.said else None,
        )
        for each in found
    ]


def changed_facts(day: days.Facts, *, present: bool | None, capacity: int | None) -> days.Facts:
    """Return a day as a change would leave it."""
    return replace(
        day,
        present=day.present if present is None else present,
        capacity=day.capacity if capacity is None else capacity,
    )


def stranded(tx: Tx, changed: Iterable[days.Facts]) -> list[rows.AppointmentRow]:
    """Return the appointments that days, as changes would leave them, have no place for.

    On a day without the doctor these are all that are still booked; below the capacity, those in the highest slots.
    """
    found = list[rows.AppointmentRow]()
    for day in changed:
        if day.booked and not (day.present and day.booked <= day.capacity):
            booked = bookings.list_open(tx, doctor_id=day.doctor_id, on=day.date)
            found += booked if not day.present else booked[-(day.booked - day.capacity) :]
    return found


def here(tx: Tx, changed: Iterable[days.Facts]) -> list[rows.ArrivedRow]:
    """Return the patients who are here for a doctor on days from which changes would remove the doctor.

    A queue has a ledger from its first position on.
    """
    absent = (day for day in changed if day.has_ledger and not day.present)
    return [row for day in absent for row in bookings.list_here(tx, doctor_id=day.doctor_id, on=day.date)]


def takes_away(before: days.Facts, after: days.Facts) -> bool:
    """Whether a change takes the doctor or a place away."""
    return (before.present and not after.present) or after.capacity < before.capacity


def in_the_way(
    tx: Tx, changes: Iterable[tuple[days.Facts, days.Facts]], *, on_conflict: OnConflict
) -> tuple[list[rows.AppointmentRow], list[rows.ArrivedRow]]:
    """Return the patients who prevent changes: those booked, and those here, who cannot be cancelled.

    A change is refused only if it takes something away: patients who were left without a place on purpose stay so.
    """
    if on_conflict is OnConflict.KEEP:
        return [], []
    changes = list(changes)
    losing = [after for before, after in changes if takes_away(before, after)]
    leaving = [after for before, after in changes if before.present and not after.present]
    return (stranded(tx, losing) if on_conflict is OnConflict.REFUSE else []), here(tx, leaving)


def refuse_stranded(
    tx: Tx,
    booked: Sequence[rows.AppointmentRow],
    arrived: Sequence[rows.ArrivedRow] = (),
    *,
    hint: str | None = None,
) -> None:
    """Refuse if any patients would lose their place. The refusal lists them, and those of them without a phone.

    `hint` is for a command without `--on-conflict`; it can name the doctor and the date of the first one.
    """
    affected: list[rows.AppointmentRow | rows.ArrivedRow] = [*arrived, *booked]
    if not affected:
        return
    people = bookings.list_affected(tx, affected)
    known: dict[str, Any] = {
        "doctor": ", ".join(sorted({row.doctor_code for row in affected})),
        "count": len(people),
        "affected": people,
        "without_phone": [each["number"] for each in people if each["phone_last3"] is None],
    }
    hint = hint and hint.format(doctor=affected[0].doctor_code, date=affected[0].date)
    if not arrived:
        raise errors.HasBookings(hint=hint, **known)
    keeps = "Or use --on-conflict keep." if hint is None else hint if booked else ""
    raise errors.PatientsHere(
        here=len(arrived),
        booked=len(booked),
        hint=" ".join(filter(None, [*_ways_out(arrived), keeps])),
        **known,
    )


def _ways_out(arrived: Sequence[rows.ArrivedRow]) -> list[str]:
    """Return what can be done with patients who are here, with one example of each command."""
    found = []
    if waits := next((row for row in arrived if row.queue_status != QueueStatus.SERVING), None):
        command = f"clinicctl queue transfer {waits.doctor_code} {waits.position} --to CODE"
        found.append(f"Transfer waiting patients: `{command}`.")
    if seen := next((row for row in arrived if row.queue_status == QueueStatus.SERVING), None):
        found.append(f"End the consultation: `clinicctl queue done {seen.doctor_code} {seen.position}`.")
    return found


def would_cancel(
    tx: Tx, *, doctor: DoctorRef, on: DaysWord, present: bool | None, capacity: int | None
) -> list[ToCall]:
    """Return whom `set_days` with CANCEL would cancel, changing nothing. Refuses where patients are here."""
    row = lookup.find_active_doctor(tx, doctor)
    standing = days.facts(tx, row, day_rules.days(on, today=tx.today))
    changed = [changed_facts(each, present=present, capacity=capacity) for each in standing]
    refuse_stranded(tx, *in_the_way(tx, zip(standing, changed, strict=True), on_conflict=OnConflict.CANCEL))
    return [bookings.to_call(each) for each in stranded(tx, changed)]


def settle(
    tx: Tx,
    changes: Iterable[tuple[days.Facts, days.Facts]],
    *,
    on_conflict: OnConflict,
    hint: str | None = None,
) -> dict[date, tuple[ToCall, ...]]:
    """Treat the patients who would lose their place as `on_conflict` says; return the cancelled ones by date.

    CANCEL applies to every booked patient without a place, whatever the cause.
    """
    changes = list(changes)
    refuse_stranded(tx, *in_the_way(tx, changes, on_conflict=on_conflict), hint=hint)
    if on_conflict is not OnConflict.CANCEL:
        return {}
    cancelled: dict[date, tuple[ToCall, ...]] = {}
    for row in stranded(tx, (after for _, after in changes)):
        bookings.cancel_row(tx, row, by=CancelledBy.CLINIC, reason=None)
        cancelled[row.date] = (*cancelled.get(row.date, ()), bookings.to_call(row))
    return cancelled


def setting_of(row: rows.DaySettingRow) -> DaySetting:
    """Return what a row says of its day."""
    return DaySetting(row.present, row.capacity, row.note)


def written(day: days.Facts, *, present: bool | None, capacity: int | None, note: str | None) -> DaySetting:
    """Return what is said of a day, as a change would leave it."""
    said = None if day.said is None else setting_of(day.said)
    return merged(said, day.present, present=present, capacity=capacity, note=note)


def merged(
    said: DaySetting | None, present_unsaid: bool, *, present: bool | None, capacity: int | None, note: str | None
) -> DaySetting:
    """Return what is said of a day once a change is said, too: what the change leaves out stays as it stands.

    `present_unsaid` is the presence of a day of which nothing is said. An empty note clears the note.
    """
    if said is None:
        return DaySetting(present_unsaid if present is None else present, capacity, note or None)
    return DaySetting(
        said.present if present is None else present,
        said.capacity if capacity is None else capacity,
        said.note if note is None else note or None,
    )


def keep_before(
    tx: Tx,
    *,
    packed: str | None = None,
    weekdays: Sequence[KeptWeekday] = (),
    cancelled: Iterable[days.Facts] = (),
) -> None:
    """Keep with the journal what stood before this write, so that `undo` can put it back.

    `packed` are the packed rows of `before_of`; `cancelled` are the days, as they stood, on which somebody was
    cancelled.
    """
    stood = [(str(each.doctor_id), each.date.isoformat(), each.present, each.capacity) for each in cancelled]
    before = {"days": packed or replay.pack([]), "weekdays": weekdays, "cancelled": stood}
    tx.days_before.append(json.dumps(before, separators=(",", ":")))


def before_of(doctor_id: UUID, on: date, said: rows.DaySettingRow | None, *, removed: bool = False) -> KeptDay:
    """Return what is kept of a day before a change: the doctor, the date, whether the row is removed, and the row.

    If the day had no row, its values are None.
    """
    day = (_as_text(doctor_id), on.toordinal())
    if said is None:
        return (*day, False, None, None, None, None, None)
    return (*day, removed, said.present, said.capacity, said.note, said.updated_by, said.updated_at.isoformat())


@lru_cache(1_024)
def _as_text(identity: UUID) -> str:
    """The text of an id, one for all the days of a doctor."""
    return str(identity)


def write(tx: Tx, changes: Sequence[tuple[days.Facts, DaySetting]]) -> None:
    """Write what is said of days, and keep the ledgers equal to it: three statements, however many days there are."""
    write_settings(
        tx,
        inserted=[
            rows.DaySettingRow(uuid4(), day.doctor_id, day.date, *setting, tx.actor, tx.now)
            for day, setting in changes
            if day.said is None
        ],
        updated=[
            rows.DayWriteRow(*setting, tx.actor, tx.now, day.doctor_id, day.date)
            for day, setting in changes
            if day.said is not None
        ],
    )
    set_capacities(
        tx,
        [(day, setting.capacity) for day, setting in changes if day.has_ledger and setting.capacity is not None],
    )


def write_settings(
    tx: Tx,
    *,
    inserted: Iterable[rows.DaySettingRow],
    updated: Iterable[rows.DayWriteRow],
    removed: Iterable[rows.DayKeyRow] = (),
) -> None:
    """Write what is said of many days at once. The ledgers are not updated."""
    stored_days.insert_settings(tx, inserted)
    stored_days.update_settings(tx, updated)
    stored_days.delete_settings(tx, removed)


def set_capacities(tx: Tx, changes: Iterable[tuple[days.Facts, int]]) -> None:
    """Set the capacity in the ledgers of days; what remains follows from it."""
    stored_days.set_capacities(tx, [rows.CapacityRow(places, day.doctor_id, day.date) for day, places in changes])


def follow(
    tx: Tx,
    *,
    doctor: rows.DoctorRow,
    on_conflict: OnConflict,
    weekdays: Collection[int] = (),
    hint: str | None = None,
) -> dict[date, tuple[ToCall, ...]]:
    """Bring the ledgers from today on to what weekdays and default now mean; return who was cancelled.

    `weekdays` are those whose presence may have changed. Refuses with `HasBookings` when the change would leave booked
    patients without a place, as `set_days` does.
    """
    standing = days.with_ledger(tx, doctor)
    # What a weekday was before is not known any more; who is booked on one without the doctor has to be settled.
    absent = [each for each in standing if each.said is None and not each.present and each.date.weekday() in weekdays]
    pairs = [(replace(each, present=True), each) for each in absent]
    dates = {each.date for each in absent}
    pairs += [(before, replace(before, capacity=before.meant)) for before in standing if before.date not in dates]
    cancelled = settle(tx, [each for each in pairs if takes_away(*each)], on_conflict=on_conflict, hint=hint)
    set_capacities(tx, [(each, each.meant) for each in standing if each.meant != each.capacity])
    return cancelled
