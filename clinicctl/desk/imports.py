"""Doctors' days from a file: all of it or nothing, safe to repeat.

A file is read before there is a transaction, and compared with what stands on a read view (`plan`), which nobody waits
for. The write then only looks whether what was planned for still stands, settles the days on which somebody is booked,
and applies the plan: one transaction, so that all or nothing holds, and short, so that other desks wait for less than
a second. How many days a file may have (`import_rows.MOST_DAYS`) follows from that.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any

from clinicctl import errors
from clinicctl.desk import availability, days, journal, lookup, operations, replay
from clinicctl.desk.availability import DaySetting, KeptDay
from clinicctl.results import DoctorDiff, Imported, ImportedRow, ToCall
from clinicctl.rules import import_rows
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.import_rows import DayRow
from clinicctl.rules.tabular import Sheet, Unreadable
from clinicctl.statuses import ImportMode, OnConflict, OnError, RowOutcome
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.ids import new_ids

NAMED = 20
"""How many bad lines the sentence of a refusal names; the details have them all."""

MOST_REMOVED = 40_000
"""So many days are forgotten by one file; that takes the longest under the lock."""

_STANDS_ON = operations.Part.DAYS | operations.Part.DOCTORS | operations.Part.SETTINGS
"""What a plan stands on. Whatever else is changed shows in the ledgers, which are looked at anew."""

_OF_ONE_DOCTOR = (operations.SET_DAYS, operations.SET_WEEKLY)
"""The operations whose results name the doctor whose days were changed."""

_SEVERAL = re.compile(r",|\.\.")


class Outdated(Exception):
    """What a plan was made for does not stand any more: it is made anew, and nobody is told."""


@dataclass(slots=True)
class _Doctor:
    """A doctor in the file: the weekdays, what the file wants, what is refused, and what is said of the days."""

    row: rows.DoctorRow
    unsaid: Sequence[tuple[bool, int]]
    wanted: dict[date, DayRow] = field(default_factory=dict)
    refused: set[date] = field(default_factory=set)
    settings: Mapping[date, rows.DaySettingRow] = field(default_factory=dict)
    removed: set[date] = field(default_factory=set)
    first: date = date.max
    last: date = date.min


@dataclass(frozen=True, slots=True)
class Plan(Digested):
    """What a file would change of what stood at the journal's `head` on `today`.

    The rows have the actor and the instant of the plan, until they are written.
    """

    sheet: Sheet
    mode: ImportMode
    on_conflict: OnConflict
    on_error: OnError
    head: tuple[int, str]
    today: date
    doctors: Mapping[str, _Doctor]
    refused: Mapping[int, str]
    answered: Sequence[ImportedRow]
    inserted: Sequence[rows.DaySettingRow]
    updated: Sequence[rows.DayWriteRow]
    removed: Sequence[rows.DayKeyRow]
    before: Sequence[KeptDay]
    packed: str
    last: bool = False

    def digest_value(self, today: date) -> Any:
        return [self.sheet.digest_value(today), self.mode, self.on_conflict, self.on_error]


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
    answered, changes = _answered(tx, meant, doctors, refused)
    settings = {each.row.id: each.settings for each in doctors.values()}
    before = [
        availability.before_of(
            each.doctor_id, each.date, settings[each.doctor_id].get(each.date), removed=outcome is RowOutcome.REMOVED
        )
        for outcome, listed in changes.items()
        for each in listed
    ]
    packed = replay.pack(before)
    for listed in changes.values():
        listed.sort(key=_in_order)
    added = changes[RowOutcome.ADDED]
    return Plan(
        sheet=replace(sheet, unreadable=unreadable),
        mode=mode,
        on_conflict=on_conflict,
        on_error=on_error,
        head=journal.head(tx),
        today=tx.today,
        doctors=doctors,
        refused=refused,
        answered=answered,
        inserted=[
            rows.DaySettingRow(id_, each.doctor_id, each.date, *each[:5])
            for id_, each in zip(new_ids(len(added)), added, strict=True)
        ],
        updated=changes[RowOutcome.CHANGED],
        removed=[rows.DayKeyRow(each.doctor_id, each.date) for each in changes[RowOutcome.REMOVED]],
        before=before,
        packed=packed,
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
        plan = _without(plan, {key: "has bookings" if each else "patients are here" for key, (each, _) in lost.items()})
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
        if count > import_rows.MOST_DAYS:
            raise import_rows.too_large(line, import_rows.MOST_DAYS)
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
    """Note the days of refused rows with their doctor, also where the file has nothing else of them."""
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
    row = lookup.get_doctor(tx, code)
    if row is None:
        return "unknown doctor"
    if row.archived_at is not None:
        return "the doctor is archived"
    return _Doctor(row, days.unsaid(tx, row, days.weekly(tx, row)))


def _dates(tx: Tx, word: str) -> Sequence[date] | str:
    try:
        return import_rows.dates(word, today=tx.today)
    except errors.BadValue as refused:
        return str(refused)


def _look_up(tx: Tx, doctor: _Doctor, mode: ImportMode) -> None:
    covered = doctor.wanted or doctor.refused
    doctor.first, doctor.last = min(covered), max(covered)
    found = stored_days.settings(tx, doctor=doctor.row.id, first=doctor.first, last=doctor.last)
    doctor.settings = {row.date: row for row in found}
    if mode is ImportMode.REPLACE and doctor.wanted:
        doctor.removed = doctor.settings.keys() - doctor.wanted.keys()


def _answered(
    tx: Tx, meant: Sequence[tuple[DayRow, Sequence[date]]], doctors: Mapping[str, _Doctor], refused: Mapping[int, str]
) -> tuple[list[ImportedRow], dict[RowOutcome, list[rows.DayWriteRow]]]:
    """What is answered, day by day; and by their outcome the days that change, with what is then said of them."""
    answered = list[ImportedRow]()
    changes: dict[RowOutcome, list[rows.DayWriteRow]] = {each: [] for each in RowOutcome}
    for row, dates in meant:
        if row.line in refused:
            on = dates[0] if len(dates) == 1 else None
            answered.append(ImportedRow(row.line, row.doctor, on, RowOutcome.REFUSED, refused[row.line]))
            continue
        assert row.doctor is not None
        doctor = doctors[row.doctor]
        for on in dates:
            said = doctor.settings.get(on)
            standing = availability.setting_of(said) if said is not None else None
            outcome, setting, change = _compared(row, standing, doctor.unsaid[on.weekday()])
            answered.append(ImportedRow(row.line, row.doctor, on, outcome, None, change))
            if outcome is not RowOutcome.UNCHANGED:
                changes[outcome].append(rows.DayWriteRow(*setting, tx.actor, tx.now, doctor.row.id, on))
    for code, doctor in doctors.items():
        for on in sorted(doctor.removed):
            setting = availability.setting_of(doctor.settings[on])
            change = _forgotten(setting, doctor.unsaid[on.weekday()])
            answered.append(ImportedRow(None, code, on, RowOutcome.REMOVED, None, change))
            changes[RowOutcome.REMOVED].append(rows.DayWriteRow(*setting, tx.actor, tx.now, doctor.row.id, on))
    return answered, changes


def _compared(
    row: DayRow, standing: DaySetting | None, unsaid: tuple[bool, int]
) -> tuple[RowOutcome, DaySetting, str | None]:
    """Return what happens to a day: the outcome, what is then set, and what that changes.

    A row without anything to set leaves a day as it stands, also one of which nothing is said.
    """
    present, places = unsaid
    if standing is None and row.present is None and row.capacity is None and not row.note:
        return RowOutcome.UNCHANGED, DaySetting(present, places, None), None
    then = availability.merged(standing, present, present=row.present, capacity=row.capacity, note=row.note)
    if then == standing:
        return RowOutcome.UNCHANGED, then, None
    before = DaySetting(present, None, None) if standing is None else standing
    change = _change(
        before.present,
        places if before.capacity is None else before.capacity,
        then.present,
        places if then.capacity is None else then.capacity,
        then.note != before.note,
    )
    return RowOutcome.ADDED if standing is None else RowOutcome.CHANGED, then, change


def _forgotten(standing: DaySetting, unsaid: tuple[bool, int]) -> str | None:
    places = unsaid[1] if standing.capacity is None else standing.capacity
    return _change(standing.present, places, *unsaid, standing.note is not None)


@cache
def _change(present: bool, places: int, then_present: bool, then_places: int, noted: bool) -> str | None:
    words = {True: "present", False: "absent"}
    changes = [f"{words[present]} to {words[then_present]}"] if present is not then_present else []
    changes += [f"capacity {places} to {then_places}"] if places != then_places else []
    changes += ["note"] if noted else []
    return ", ".join(changes) or None


def _in_order(row: rows.DayWriteRow) -> tuple[int, date]:
    """The order of the database's index."""
    return row.doctor_id.int, row.date


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
    have = set(stored_days.doctors_with_ledger(tx, first=first, last=last))
    found = list[tuple[days.Facts, days.Facts, int | None]]()
    for doctor in plan.doctors.values():
        if doctor.row.id not in have:
            continue
        for before in days.with_ledger(tx, doctor.row, first=doctor.first, last=doctor.last):
            if row := doctor.wanted.get(before.date):
                setting = availability.written(before, present=row.present, capacity=row.capacity, note=row.note)
                after = availability.changed_facts(before, present=row.present, capacity=row.capacity)
                found.append((before, after, setting.capacity))
            elif before.date in doctor.removed:
                present, places = doctor.unsaid[before.date.weekday()]
                found.append((before, replace(before, present=present, capacity=places), places))
            elif plan.mode is ImportMode.REPLACE:
                # Nothing changes here, but to cancel is said of whoever has no place in all that is replaced.
                found.append((before, before, None))
    return found


def _without(plan: Plan, lost: Mapping[tuple[str, date], str]) -> Plan:
    """Return a plan without the days on which patients would lose their place, and the reasons by doctor and date."""
    keys = {(plan.doctors[code].row.id, on) for code, on in lost}
    days_lost = {(str(doctor_id), on.toordinal()) for doctor_id, on in keys}
    before = [each for each in plan.before if each[:2] not in days_lost]
    reasons: dict[tuple[str | None, date | None], str] = {(code, on): why for (code, on), why in lost.items()}
    return replace(
        plan,
        before=before,
        packed=replay.pack(before),
        answered=[
            row._replace(outcome=RowOutcome.REFUSED, reason=reason, change=None)
            if row.outcome is not RowOutcome.REFUSED and (reason := reasons.get((row.doctor, row.date)))
            else row
            for row in plan.answered
        ],
        inserted=[each for each in plan.inserted if (each.doctor_id, each.date) not in keys],
        updated=[each for each in plan.updated if (each.doctor_id, each.date) not in keys],
        removed=[each for each in plan.removed if each not in keys],
    )


def _apply(tx: Tx, plan: Plan) -> None:
    """Write the rows, with the actor and the instant of this transaction. `_replace` would take three times as long."""
    availability.write_settings(
        tx,
        inserted=(rows.DaySettingRow(*each[:6], tx.actor, tx.now) for each in plan.inserted),
        updated=(rows.DayWriteRow(*each[:3], tx.actor, tx.now, *each[5:]) for each in plan.updated),
        removed=plan.removed,
    )


def _imported(plan: Plan, told: Sequence[ToCall]) -> Imported:
    tally = Counter((row.doctor, row.outcome) for row in plan.answered)

    def count(outcome: RowOutcome) -> int:
        return sum(many for (_, each), many in tally.items() if each is outcome)

    return Imported(
        added=count(RowOutcome.ADDED),
        changed=count(RowOutcome.CHANGED),
        unchanged=count(RowOutcome.UNCHANGED),
        refused=count(RowOutcome.REFUSED),
        rows=tuple(plan.answered),
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
