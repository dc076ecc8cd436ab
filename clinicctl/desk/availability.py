"""What was said about doctors' days, and what becomes of the booked when a day is taken away."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import bookings, days, operations, recall, staff
from clinicctl.results import Day, ToCall
from clinicctl.rules import days as day_rules
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import CancelledBy, OnConflict, QueueStatus
from clinicctl.store import bulk
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import availabilities, capacities
from clinicctl.store.sql import bindparam, case, delete, insert, update

OWN_CAPACITY = (
    "Move them first, or give the day a capacity of its own: `clinicctl doctor avail set {doctor} {date} --capacity N`."
)
"""What to do if a default capacity would leave booked patients without a place."""

Said = tuple[bool, int | None, str | None]
"""What is said of a day: presence, capacity, note."""

_INSERT_SAID = insert(availabilities)
_UPDATE_SAID = update(availabilities).where(
    availabilities.c.doctor_id == bindparam("doctor"), availabilities.c.date == bindparam("on")
)
_INSERT_STORED = insert(availabilities)
_INSERTED = ("id", "doctor_id", "date", "present", "capacity", "note", "updated_by", "updated_at")
_UPDATE_STORED = (
    update(availabilities)
    .where(availabilities.c.doctor_id == bindparam("whose"), availabilities.c.date == bindparam("on"))
    .values({name: bindparam(name) for name in ("present", "capacity", "note", "updated_by", "updated_at")})
)
_UPDATED = ("present", "capacity", "note", "updated_by", "updated_at", "whose", "on")
_DELETE_STORED = delete(availabilities).where(
    availabilities.c.doctor_id == bindparam("whose"), availabilities.c.date == bindparam("on")
)
_SET_CAPACITY = (
    update(capacities)
    .where(capacities.c.doctor_id == bindparam("doctor"), capacities.c.date == bindparam("on"))
    .values(
        capacity=bindparam("places"),
        remaining=case((capacities.c.booked < bindparam("places"), bindparam("places") - capacities.c.booked), else_=0),
    )
)


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
    row = staff.find_active(tx, doctor)
    dates = day_rules.days(on, today=tx.today)
    days.refuse_past(tx, dates[0])
    standing = days.facts(tx, row, dates)
    changed = [changed_facts(each, present=present, capacity=capacity) for each in standing]
    cancelled = settle(tx, zip(standing, changed, strict=True), on_conflict=on_conflict)
    said = [(each, written(each, present=present, capacity=capacity, note=note)) for each in standing]
    # To clear a note of a day that was never set changes nothing.
    new = present is not None or capacity is not None or bool(note)
    changes = [(each, values) for each, values in said if (differs(each.said, values) if each.said else new)]
    write(tx, changes)
    keep_before(
        tx,
        packed=recall.pack([before_of(each.doctor_id, each.date, each.said) for each, _ in changes]),
        cancelled=[each for each in standing if each.date in cancelled],
    )
    return [replace(each, cancelled=cancelled.get(each.date, ())) for each in show(tx, row, dates)]


def show_days(tx: Tx, *, doctor: DoctorRef, on: DaysWord) -> list[Day]:
    """Return a doctor's days, with what is booked and what remains."""
    return show(tx, staff.find(tx, doctor), day_rules.days(on, today=tx.today))


def show(tx: Tx, doctor: Row[Any], dates: Sequence[date]) -> list[Day]:
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


def stranded(tx: Tx, changed: Iterable[days.Facts]) -> list[Row[Any]]:
    """Return the appointments that days, as changes would leave them, have no place for.

    On a day without the doctor these are all that are still booked; below the capacity, those in the highest slots.
    """
    found = list[Row[Any]]()
    for day in changed:
        if day.booked and not (day.present and day.booked <= day.capacity):
            booked = bookings.list_open(tx, doctor_id=day.doctor_id, on=day.date)
            found += booked if not day.present else booked[-(day.booked - day.capacity) :]
    return found


def here(tx: Tx, changed: Iterable[days.Facts]) -> list[Row[Any]]:
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
) -> tuple[list[Row[Any]], list[Row[Any]]]:
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
    tx: Tx, booked: Sequence[Row[Any]], arrived: Sequence[Row[Any]] = (), *, hint: str | None = None
) -> None:
    """Refuse if any patients would lose their place. The refusal lists them, and those of them without a phone.

    `hint` is for a command without `--on-conflict`; it can name the doctor and the date of the first one.
    """
    rows = [*arrived, *booked]
    if not rows:
        return
    people = bookings.list_affected(tx, rows)
    known: dict[str, Any] = {
        "doctor": ", ".join(sorted({row.doctor_code for row in rows})),
        "count": len(people),
        "affected": people,
        "without_phone": [each["number"] for each in people if each["phone_last3"] is None],
    }
    hint = hint and hint.format(doctor=rows[0].doctor_code, date=rows[0].date)
    if not arrived:
        raise errors.HasBookings(hint=hint, **known)
    keeps = "Or use --on-conflict keep." if hint is None else hint if booked else ""
    raise errors.PatientsHere(
        here=len(arrived),
        booked=len(booked),
        hint=" ".join(filter(None, [*_ways_out(arrived), keeps])),
        **known,
    )


def _ways_out(arrived: Sequence[Row[Any]]) -> list[str]:
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
    row = staff.find_active(tx, doctor)
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
    rows = stranded(tx, (after for _, after in changes))
    cancelled: dict[date, tuple[ToCall, ...]] = {}
    for row in rows:
        bookings.cancel_row(tx, row, by=CancelledBy.CLINIC, reason=None)
        cancelled[row.date] = (*cancelled.get(row.date, ()), bookings.to_call(row))
    return cancelled


def written(day: days.Facts, *, present: bool | None, capacity: int | None, note: str | None) -> Mapping[str, Any]:
    """Return the columns of what was said of a day, as a change would leave them."""
    said = (day.said.present, day.said.capacity, day.said.note) if day.said is not None else None
    values = merged(said, day.present, present=present, capacity=capacity, note=note)
    return dict(zip(("present", "capacity", "note"), values, strict=True))


def merged(
    said: Said | None, present_unsaid: bool, *, present: bool | None, capacity: int | None, note: str | None
) -> Said:
    """Return what is said of a day once a change is said, too: what the change leaves out stays as it stands.

    `present_unsaid` is the presence of a day of which nothing is said. An empty note clears the note.
    """
    if said is None:
        return (present_unsaid if present is None else present, capacity, note or None)
    return (
        said[0] if present is None else present,
        said[1] if capacity is None else capacity,
        said[2] if note is None else note or None,
    )


def keep_before(
    tx: Tx,
    *,
    packed: str | None = None,
    weekdays: Sequence[Sequence[Any]] = (),
    cancelled: Iterable[days.Facts] = (),
) -> None:
    """Keep with the journal what stood before this write, so that `undo` can put it back.

    `packed` are the packed rows of `before_of`, `weekdays` rows of doctor, weekday, presence and capacity, and
    `cancelled` the days, as they stood, on which somebody was cancelled.
    """
    stood = [(str(each.doctor_id), each.date.isoformat(), each.present, each.capacity) for each in cancelled]
    before = {"days": packed or recall.pack([]), "weekdays": weekdays, "cancelled": stood}
    tx.days_before.append(json.dumps(before, separators=(",", ":")))


def before_of(doctor_id: UUID, on: date, said: Any, *, removed: bool = False) -> tuple[Any, ...]:
    """Return what is kept of a day before a change: the doctor, the date, whether the row is removed, and the row.

    If the day had no row, its values are None.
    """
    if said is None:
        return (str(doctor_id), on.toordinal(), False, None, None, None, None, None)
    stamp = (said.updated_by, said.updated_at.isoformat())
    return (str(doctor_id), on.toordinal(), removed, bool(said.present), said.capacity, said.note, *stamp)


def differs(said: Row[Any], values: Mapping[str, Any]) -> bool:
    """Whether a change would change anything."""
    return any(getattr(said, column) != value for column, value in values.items())


def write(tx: Tx, changes: Sequence[tuple[days.Facts, Mapping[str, Any]]]) -> None:
    """Write what was said of days, and keep the ledgers equal to it: three statements, however many days there are."""
    stamp = {"updated_by": tx.actor, "updated_at": tx.now}
    tx.many(
        _INSERT_SAID,
        [
            {"id": uuid4(), "doctor_id": day.doctor_id, "date": day.date, **values, **stamp}
            for day, values in changes
            if day.said is None
        ],
    )
    tx.many(
        _UPDATE_SAID,
        [
            {"doctor": day.doctor_id, "on": day.date, **values, **stamp}
            for day, values in changes
            if day.said is not None
        ],
    )
    set_capacities(
        tx,
        [(day, values["capacity"]) for day, values in changes if day.has_ledger and values["capacity"] is not None],
    )


def write_stored(
    tx: Tx,
    *,
    inserted: Sequence[tuple[Any, ...]],
    updated: Sequence[tuple[Any, ...]],
    removed: Sequence[tuple[Any, ...]],
) -> None:
    """Write many rows of days at once, with values as the database stores them. The ledgers are not updated."""
    bulk.run(tx, _INSERT_STORED, _INSERTED, inserted)
    bulk.run(tx, _UPDATE_STORED, _UPDATED, updated)
    bulk.run(tx, _DELETE_STORED, ("whose", "on"), removed)


def set_capacities(tx: Tx, changes: Sequence[tuple[days.Facts, int]]) -> None:
    """Set the capacity in the ledgers of days; what remains follows from it."""
    tx.many(_SET_CAPACITY, [{"doctor": day.doctor_id, "on": day.date, "places": places} for day, places in changes])


def follow(
    tx: Tx, *, doctor: Row[Any], on_conflict: OnConflict, weekdays: Collection[int] = (), hint: str | None = None
) -> dict[date, tuple[ToCall, ...]]:
    """Bring the ledgers from today on to what weekdays and default now mean; return who was cancelled.

    `weekdays` are those whose presence may have changed. Refuses with `HasBookings` when the change would leave booked
    patients without a place, as `set_days` does.
    """
    standing = days.with_ledger(tx, doctor)
    changed = [replace(each, capacity=each.meant) for each in standing if each.meant != each.capacity]
    # What a weekday was before is not known any more; who is booked on one without the doctor has to be settled.
    absent = [each for each in standing if each.said is None and not each.present and each.date.weekday() in weekdays]
    pairs = [(replace(each, present=True), each) for each in absent]
    dates = {each.date for each in absent}
    pairs += [(before, replace(before, capacity=before.meant)) for before in standing if before.date not in dates]
    cancelled = settle(tx, [each for each in pairs if takes_away(*each)], on_conflict=on_conflict, hint=hint)
    tx.many(_SET_CAPACITY, [{"doctor": doctor.id, "on": each.date, "places": each.meant} for each in changed])
    return cancelled
