"""Doctors' days from a file: all of it or nothing, safe to repeat.

A file is read before there is a transaction, and compared with what stands on a read view (`plan`), which nobody waits
for. The write then only looks whether what was planned for still stands, settles the days on which somebody is booked,
and applies the plan: one transaction, so that all or nothing holds, and short, so that other desks wait for less than
a second. How many days a file may have (`rows.MOST_DAYS`) follows from that.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from clinicctl import errors
from clinicctl.desk import availability, days, journal, operations, recall, staff
from clinicctl.desk.availability import Said
from clinicctl.results import DoctorDiff, Imported, ImportedRow, ToCall
from clinicctl.rules import rows
from clinicctl.rules.digests import Digested
from clinicctl.rules.rows import DayRow
from clinicctl.rules.sheets import Sheet, Unreadable
from clinicctl.statuses import ImportMode, OnConflict, OnError, RowOutcome
from clinicctl.store import bulk
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import availabilities, capacities
from clinicctl.store.sql import bindparam, select

NAMED = 20
"""How many bad lines the sentence of a refusal names; the details have them all."""

MOST_REMOVED = 40_000
"""So many days are forgotten by one file; that takes the longest under the lock."""

_STANDS_ON = operations.Part.DAYS | operations.Part.DOCTORS | operations.Part.SETTINGS
"""What a plan stands on. Whatever else is changed shows in the ledgers, which are looked at anew."""

_OF_ONE_DOCTOR = (operations.SET_DAYS, operations.SET_WEEKLY)
"""The operations whose results name the doctor whose days were changed."""

_STANDING = select(
    availabilities.c.date,
    availabilities.c.present,
    availabilities.c.capacity,
    availabilities.c.note,
    availabilities.c.updated_by,
    availabilities.c.updated_at,
).where(
    availabilities.c.doctor_id == bindparam("doctor"),
    availabilities.c.date.between(bindparam("first"), bindparam("last")),
)
_WITH_LEDGER = (
    select(capacities.c.doctor_id).where(capacities.c.date.between(bindparam("first"), bindparam("last"))).distinct()
)


_SEVERAL = re.compile(r",|\.\.")


class Outdated(Exception):
    """What a plan was made for does not stand any more: it is made anew, and nobody is told."""


@dataclass(slots=True)
class _Doctor:
    """A doctor whom the file names: what his weekdays are unsaid, what stands, what the file wants, what is refused."""

    row: Row[Any]
    unsaid: Sequence[tuple[bool, int]]
    wanted: dict[date, DayRow] = field(default_factory=dict)
    refused: set[date] = field(default_factory=set)
    standing: Mapping[date, Said] = field(default_factory=dict)
    rows: Mapping[date, Row[Any]] = field(default_factory=dict)
    removed: set[date] = field(default_factory=set)
    first: date = date.max
    last: date = date.min


@dataclass(frozen=True, slots=True)
class Plan(Digested):
    """What a file would change of what stood at the journal's `head` on `today`, as the database stores it."""

    sheet: Sheet
    mode: ImportMode
    on_conflict: OnConflict
    on_error: OnError
    head: tuple[int, str]
    today: date
    doctors: Mapping[str, _Doctor]
    refused: Mapping[int, str]
    rows: Sequence[ImportedRow]
    inserted: Sequence[tuple[Any, ...]]
    updated: Sequence[tuple[Any, ...]]
    removed: Sequence[tuple[Any, ...]]
    before: Sequence[tuple[Any, ...]]
    packed: str
    last: bool = False

    def said(self, today: date) -> Any:
        return [self.sheet.said(today), self.mode, self.on_conflict, self.on_error]


def plan_availability(
    tx: Tx,
    *,
    sheet: Sheet,
    mode: ImportMode = ImportMode.UPDATE,
    on_conflict: OnConflict = OnConflict.REFUSE,
    on_error: OnError = OnError.STOP,
) -> Plan:
    """Return what a file would change. Refuses nothing: that is for the write to do, unless its key was used before."""
    refused: dict[int, str] = {}
    unreadable = sheet.unreadable
    doctors, meant = dict[str, _Doctor](), list[tuple[DayRow, Sequence[date]]]()
    try:
        meant = _meant(tx, sheet.rows, doctors, refused)
    except Unreadable as found:
        unreadable, doctors = found, {}
    for doctor in doctors.values():
        _look_up(tx, doctor, mode)
    if sum(len(doctor.removed) for doctor in doctors.values()) > MOST_REMOVED:
        unreadable = Unreadable(1, f"it would forget more than {MOST_REMOVED} days: split the file")
    if unreadable:
        refused[unreadable.line] = unreadable.problem
    answered, changes = _answered(meant, doctors, refused)
    ids = bulk.new_ids(len(changes[RowOutcome.ADDED]))
    written = {each: _written(tx, doctors, changes[each]) for each in changes}
    before = [
        availability.before_of(
            doctors[code].row.id, on, doctors[code].rows.get(on), removed=outcome is RowOutcome.REMOVED
        )
        for outcome, each in changes.items()
        for code, on, _ in each
    ]
    return Plan(
        sheet=replace(sheet, unreadable=unreadable),
        mode=mode,
        on_conflict=on_conflict,
        on_error=on_error,
        head=journal.head(tx),
        today=tx.today,
        doctors=doctors,
        refused=refused,
        rows=answered,
        inserted=[(id_, *each) for id_, each in zip(ids, written[RowOutcome.ADDED], strict=True)],
        updated=written[RowOutcome.CHANGED],
        removed=[each[:2] for each in written[RowOutcome.REMOVED]],
        before=before,
        packed=recall.pack(before),
    )


@operations.IMPORT_DAYS
def set_availability(tx: Tx, *, plan: Plan) -> Imported:
    """Say what doctors' days are, by a file; a second run of the same file changes nothing.

    All or nothing: refuses with `BadFile`, naming every bad line, and with `HasBookings`, naming every patient who
    would lose a place. `on_error` SKIP takes the good lines and answers each bad one as refused; but a file that could
    not be read to its end is refused whatever was said. `mode` REPLACE forgets what was said of a doctor's other days
    between the first and the last in the file.

    Raises `Outdated` when something has come between the plan and this transaction; a plan marked as the `last` is
    then made anew here.
    """
    if not _stands(tx, plan):
        if not plan.last:
            raise Outdated
        plan = plan_availability(
            tx, sheet=plan.sheet, mode=plan.mode, on_conflict=plan.on_conflict, on_error=plan.on_error
        )
    if plan.on_error is OnError.STOP or plan.sheet.unreadable:
        refuse_bad_lines(plan.refused)
    booked = _booked(tx, plan)
    lost = {
        (before.doctor, before.date): found
        for before, after, _ in booked
        if any(found := availability.in_the_way(tx, [(before, after)], on_conflict=plan.on_conflict))
    }
    if plan.on_error is OnError.STOP:
        availability.refuse_stranded(
            tx, [row for each, _ in lost.values() for row in each], [row for _, each in lost.values() for row in each]
        )
    elif lost:
        plan = _without(
            tx, plan, {key: "has bookings" if each else "patients are here" for key, (each, _) in lost.items()}
        )
        booked = [each for each in booked if (each[0].doctor, each[0].date) not in lost]
    told_off = availability.settle(tx, [(before, after) for before, after, _ in booked], on_conflict=plan.on_conflict)
    _apply(tx, plan)
    availability.set_capacities(tx, [(before, places) for before, _, places in booked if places is not None])
    availability.keep_before(
        tx, packed=plan.packed, cancelled=[before for before, _, _ in booked if before.date in told_off]
    )
    return _imported(plan, [person for on in sorted(told_off) for person in told_off[on]])


# The plan


def _meant(
    tx: Tx, said: Sequence[DayRow], doctors: dict[str, _Doctor], refused: dict[int, str]
) -> list[tuple[DayRow, Sequence[date]]]:
    """The dates that each row means, and into `doctors` and `refused` whom and what they are about."""
    found = list[tuple[DayRow, Sequence[date]]]()
    known: dict[str, _Doctor | str] = {}
    words: dict[str, Sequence[date] | str] = {}
    count = 0
    for row in said:
        line, code, word, problem = row.line, row.doctor, row.days, row.problem
        if code is not None and code not in known:
            known[code] = _doctor(tx, code)
        if problem is not None or code is None or word is None:
            refused[line] = problem or ""
            found.append((row, _one_date(tx, word)))
            continue
        doctor = known[code]
        dates = words.get(word)
        if dates is None:
            dates = words[word] = _dates(tx, word)
        if isinstance(doctor, str) or isinstance(dates, str):
            refused[line] = doctor if isinstance(doctor, str) else str(dates)
            found.append((row, () if isinstance(dates, str) else dates))
            continue
        found.append((row, dates))
        count += len(dates)
        if count > rows.MOST_DAYS:
            raise rows.too_large(line, rows.MOST_DAYS)
        problem = _want(tx, doctor, row, dates)
        if problem is not None:
            refused[line] = problem
        else:
            doctors[code] = doctor
    _note_refused(found, known, doctors, refused)
    return found


def _want(tx: Tx, doctor: _Doctor, row: DayRow, dates: Sequence[date]) -> str | None:
    """Note what a row wants of a doctor's days; of one that is refused return why."""
    wanted = doctor.wanted
    other = wanted.get(dates[0]) or next((wanted[on] for on in dates[1:] if on in wanted), None)
    if other is not None:
        return f"the same day as line {other.line}"
    if dates[0] < tx.today:
        return "past day"
    for on in dates:
        wanted[on] = row
    return None


def _note_refused(
    found: Sequence[tuple[DayRow, Sequence[date]]],
    known: Mapping[str, _Doctor | str],
    doctors: dict[str, _Doctor],
    refused: Mapping[int, str],
) -> None:
    """Note the days of refused rows with their doctor, also where the file has nothing else of him."""
    for row, dates in found:
        if row.line in refused and row.doctor is not None and dates:
            doctor = known[row.doctor]
            if isinstance(doctor, _Doctor):
                doctor.refused.update(dates)
                doctors.setdefault(row.doctor, doctor)


def _one_date(tx: Tx, word: str | None) -> Sequence[date]:
    """The date of a row that is refused, where it has one: several are not worked out for nothing."""
    found = _dates(tx, word) if word and not _SEVERAL.search(word) else ()
    return () if isinstance(found, str) else found


def _doctor(tx: Tx, code: str) -> _Doctor | str:
    row = staff.get_by_code(tx, code)
    if row is None:
        return "unknown doctor"
    if row.archived_at is not None:
        return "the doctor is archived"
    return _Doctor(row, days.unsaid(tx, row))


def _dates(tx: Tx, word: str) -> Sequence[date] | str:
    try:
        return rows.dates(word, today=tx.today)
    except errors.BadValue as refused:
        return str(refused)


def _look_up(tx: Tx, doctor: _Doctor, mode: ImportMode) -> None:
    covered = doctor.wanted or doctor.refused
    doctor.first, doctor.last = min(covered), max(covered)
    found = tx.all(_STANDING, doctor=doctor.row.id, first=doctor.first, last=doctor.last)
    doctor.rows = {row.date: row for row in found}
    doctor.standing = {row.date: (row.present, row.capacity, row.note) for row in found}
    if mode is ImportMode.REPLACE and doctor.wanted:
        doctor.removed = doctor.standing.keys() - doctor.wanted.keys()


def _answered(
    meant: Sequence[tuple[DayRow, Sequence[date]]], doctors: Mapping[str, _Doctor], refused: Mapping[int, str]
) -> tuple[list[ImportedRow], dict[RowOutcome, list[tuple[str, date, Said]]]]:
    """What is answered, day by day; and by their outcome the days that change, with what is then said of them."""
    answered = list[ImportedRow]()
    changes: dict[RowOutcome, list[tuple[str, date, Said]]] = {each: [] for each in RowOutcome}
    for row, dates in meant:
        if row.line in refused:
            on = dates[0] if len(dates) == 1 else None
            answered.append(ImportedRow(row.line, row.doctor, on, RowOutcome.REFUSED, refused[row.line]))
            continue
        assert row.doctor is not None
        doctor = doctors[row.doctor]
        for on in dates:
            outcome, said, change = _compared(row, doctor.standing.get(on), doctor.unsaid[on.weekday()])
            answered.append(ImportedRow(row.line, row.doctor, on, outcome, None, change))
            if outcome is not RowOutcome.UNCHANGED:
                changes[outcome].append((row.doctor, on, said))
    for code, doctor in doctors.items():
        for on in sorted(doctor.removed):
            change = _forgotten(doctor.standing[on], doctor.unsaid[on.weekday()])
            answered.append(ImportedRow(None, code, on, RowOutcome.REMOVED, None, change))
            changes[RowOutcome.REMOVED].append((code, on, doctor.standing[on]))
    return answered, changes


def _compared(row: DayRow, standing: Said | None, unsaid: tuple[bool, int]) -> tuple[RowOutcome, Said, str | None]:
    """Return what happens to a day: the outcome, what is then set, and what that changes.

    A row without anything to set leaves a day as it stands, also one of which nothing is said.
    """
    if standing is None and row.present is None and row.capacity is None and not row.note:
        return RowOutcome.UNCHANGED, (*unsaid, None), None
    said = availability.merged(standing, unsaid[0], present=row.present, capacity=row.capacity, note=row.note)
    if said == standing:
        return RowOutcome.UNCHANGED, said, None
    present, places = (unsaid[0], None) if standing is None else standing[:2]
    noted = said[2] != (None if standing is None else standing[2])
    change = _change(
        present, unsaid[1] if places is None else places, said[0], unsaid[1] if said[1] is None else said[1], noted
    )
    return RowOutcome.ADDED if standing is None else RowOutcome.CHANGED, said, change


def _forgotten(standing: Said, unsaid: tuple[bool, int]) -> str | None:
    present, places, note = standing
    return _change(present, unsaid[1] if places is None else places, *unsaid, note is not None)


@cache
def _change(present: bool, places: int, then_present: bool, then_places: int, noted: bool) -> str | None:
    words = {True: "present", False: "absent"}
    changes = [f"{words[present]} to {words[then_present]}"] if present is not then_present else []
    changes += [f"capacity {places} to {then_places}"] if places != then_places else []
    changes += ["note"] if noted else []
    return ", ".join(changes) or None


def _written(
    tx: Tx, doctors: Mapping[str, _Doctor], changes: Sequence[tuple[str, date, Said]]
) -> list[tuple[Any, ...]]:
    """Changes as the database stores them, in the order of its index."""
    columns = availabilities.c
    ids = {code: bulk.stored(tx, columns.doctor_id, each.row.id) for code, each in doctors.items()}
    dates = {on: bulk.stored(tx, columns.date, on) for on in {on for _, on, _ in changes}}
    presence = {each: bulk.stored(tx, columns.present, each) for each in (True, False)}
    found = [
        (ids[code], dates[on], presence[present], capacity, note) for code, on, (present, capacity, note) in changes
    ]
    found.sort(key=lambda each: each[:2])
    return found


# The write


def _stands(tx: Tx, plan: Plan) -> bool:
    """Whether what a plan was made for still stands, but for the ledgers."""
    since = journal.written_since(tx, plan.head)
    return since is not None and plan.today == tx.today and not any(_concerns(plan, each) for each in since)


def _concerns(plan: Plan, kept: Mapping[str, Any]) -> bool:
    """Whether a write may have changed what a plan stands on: not another doctor's days."""
    done = operations.named(kept.get("operation"))
    told = kept.get("result")
    if done is operations.UNDO:
        # A change of days that was undone.
        return isinstance(told, dict) and not plan.doctors.keys().isdisjoint(told.get("doctors", ()))
    if done not in _OF_ONE_DOCTOR:
        return done is None or bool(done.changes & _STANDS_ON)
    doctors = {each.get("doctor") for each in (told if isinstance(told, list) else [told]) if isinstance(each, dict)}
    return not doctors or None in doctors or not doctors.isdisjoint(plan.doctors)


def _booked(tx: Tx, plan: Plan) -> list[tuple[days.Facts, days.Facts, int | None]]:
    """The days with a ledger that a plan is about: as they stand, as they would be, and the capacity to set."""
    first = min((each.first for each in plan.doctors.values()), default=date.max)
    last = max((each.last for each in plan.doctors.values()), default=date.min)
    have = {row.doctor_id for row in tx.all(_WITH_LEDGER, first=first, last=last)}
    found = list[tuple[days.Facts, days.Facts, int | None]]()
    for doctor in plan.doctors.values():
        if doctor.row.id not in have:
            continue
        for before in days.with_ledger(tx, doctor.row, first=doctor.first, last=doctor.last):
            if row := doctor.wanted.get(before.date):
                said = availability.written(before, present=row.present, capacity=row.capacity, note=row.note)
                after = availability.changed_facts(before, present=row.present, capacity=row.capacity)
                found.append((before, after, said["capacity"]))
            elif before.date in doctor.removed:
                present, places = doctor.unsaid[before.date.weekday()]
                found.append((before, replace(before, present=present, capacity=places), places))
            elif plan.mode is ImportMode.REPLACE:
                # Nothing changes here, but to cancel is said of whoever has no place in all that is replaced.
                found.append((before, before, None))
    return found


def _without(tx: Tx, plan: Plan, lost: Mapping[tuple[str, date], str]) -> Plan:
    """Return a plan without the days on which patients would lose their place, and the reasons by doctor and date."""
    keys = {
        (
            bulk.stored(tx, availabilities.c.doctor_id, plan.doctors[code].row.id),
            bulk.stored(tx, availabilities.c.date, on),
        )
        for code, on in lost
    }
    days_lost = {(str(plan.doctors[code].row.id), on.toordinal()) for code, on in lost}
    before = [each for each in plan.before if each[:2] not in days_lost]
    reasons: dict[tuple[str | None, date | None], str] = {(code, on): why for (code, on), why in lost.items()}
    return replace(
        plan,
        before=before,
        packed=recall.pack(before),
        rows=[
            row._replace(outcome=RowOutcome.REFUSED, reason=reason, change=None)
            if row.outcome is not RowOutcome.REFUSED and (reason := reasons.get((row.doctor, row.date)))
            else row
            for row in plan.rows
        ],
        inserted=[each for each in plan.inserted if each[1:3] not in keys],
        updated=[each for each in plan.updated if each[:2] not in keys],
        removed=[each for each in plan.removed if each not in keys],
    )


def _apply(tx: Tx, plan: Plan) -> None:
    stamp = (tx.actor, bulk.stored(tx, availabilities.c.updated_at, tx.now))
    availability.write_stored(
        tx,
        inserted=[(*each, *stamp) for each in plan.inserted],
        updated=[(*each[2:], *stamp, *each[:2]) for each in plan.updated],
        removed=plan.removed,
    )


def _imported(plan: Plan, told: Sequence[ToCall]) -> Imported:
    tally = Counter((row.doctor, row.outcome) for row in plan.rows)

    def count(outcome: RowOutcome) -> int:
        return sum(many for (_, each), many in tally.items() if each is outcome)

    return Imported(
        added=count(RowOutcome.ADDED),
        changed=count(RowOutcome.CHANGED),
        unchanged=count(RowOutcome.UNCHANGED),
        refused=count(RowOutcome.REFUSED),
        rows=tuple(plan.rows),
        cancelled=tuple(told),
        removed=count(RowOutcome.REMOVED),
        doctors=tuple(
            DoctorDiff(
                doctor=code,
                first=doctor.first,
                last=doctor.last,
                **{str(each): tally[code, each] for each in RowOutcome},
            )
            for code, doctor in sorted(plan.doctors.items())
        ),
    )


def refuse_bad_lines(refused: Mapping[int, str]) -> None:
    """Refuse a file with its bad lines; none is no refusal."""
    if not refused:
        return
    lines = [{"line": line, "reason": reason} for line, reason in sorted(refused.items())]
    named = "; ".join(f"line {line}: {reason.rstrip('.')}" for line, reason in sorted(refused.items())[:NAMED])
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    raise errors.BadFile(
        problem=f"{len(lines)} line{'s are' if len(lines) > 1 else ' is'}",
        count=len(lines),
        lines=lines,
        hint=f"{named}{more}.",
    )
