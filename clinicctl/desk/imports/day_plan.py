"""Plan an import of doctors' days: compare the file with the database, and decide what each row changes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from clinicctl import errors
from clinicctl.desk import availability, days, lookup, replay
from clinicctl.desk.availability import DayBefore
from clinicctl.desk.imports.doctor_days import Doctor, compare, describe_change
from clinicctl.desk.imports.plan import Stamp, stamp
from clinicctl.results.imports import ImportedRow
from clinicctl.rules import import_cells, import_rows
from clinicctl.rules.fingerprints import Digested
from clinicctl.rules.import_rows import DayRow
from clinicctl.rules.tabular import Sheet, Unreadable
from clinicctl.rules.text import fold, search_words
from clinicctl.statuses import ImportMode, OnConflict, OnError, RowOutcome
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import doctors as doctors_on_file
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx
from clinicctl.store.ids import new_ids

MOST_REMOVED = 40_000
"""How many days one file may remove. Removal takes the longest under the lock."""

_SEVERAL = re.compile(r",|\.\.")


@dataclass(frozen=True, slots=True)
class Plan(Digested):
    """What a file changes. Its rows have the actor and the instant of the plan until they are written.

    A plan marked as the `last` is made again under the lock if it is outdated.
    """

    sheet: Sheet
    mode: ImportMode
    on_conflict: OnConflict
    on_error: OnError
    stamp: Stamp
    doctors: Mapping[str, Doctor]
    refused: Mapping[int, str]
    answered: Sequence[ImportedRow]
    inserted: Sequence[rows.DaySettingRow]
    updated: Sequence[rows.DayWriteRow]
    removed: Sequence[rows.DayKeyRow]
    before: Sequence[DayBefore]
    packed: str
    last: bool = False

    def digest_value(self, today: date, order: str) -> Any:
        return [self.sheet.digest_value(today, order), self.mode, self.on_conflict, self.on_error]


def plan_availability(
    tx: Tx,
    *,
    sheet: Sheet,
    mode: ImportMode = ImportMode.UPDATE,
    on_conflict: OnConflict = OnConflict.REFUSE,
    on_error: OnError = OnError.STOP,
) -> Plan:
    """Return what a file would change.

    Refuses nothing: a repeated key is answered before any refusal.
    """
    refused: dict[int, str] = {}
    unreadable = sheet.unreadable
    doctors, resolved = dict[str, Doctor](), list[tuple[DayRow, Sequence[date]]]()
    try:
        resolved = _resolve(tx, sheet.rows, doctors, refused)
    except Unreadable as found:
        unreadable, doctors = found, {}
    for doctor in doctors.values():
        _read_settings(tx, doctor, mode)
    _refuse_hours(resolved, doctors, refused)
    if sum(len(doctor.removed) for doctor in doctors.values()) > MOST_REMOVED:
        unreadable = Unreadable(1, f"the file would remove more than {MOST_REMOVED} days: split it")
    if unreadable:
        refused[unreadable.line] = unreadable.problem
    answered, changes = _decide(tx, resolved, doctors, refused)
    settings = {each.row.id: each.settings for each in doctors.values()}
    before = [
        availability.day_before(
            each.doctor_id, each.date, settings[each.doctor_id].get(each.date), removed=outcome is RowOutcome.REMOVED
        )
        for outcome, listed in changes.items()
        for each in listed
    ]
    packed = replay.pack(before)
    for listed in changes.values():
        listed.sort(key=_index_order)
    added = changes[RowOutcome.ADDED]
    return Plan(
        sheet=replace(sheet, unreadable=unreadable),
        mode=mode,
        on_conflict=on_conflict,
        on_error=on_error,
        stamp=stamp(tx),
        doctors=doctors,
        refused=refused,
        answered=answered,
        inserted=[availability.inserted_row(id_, each) for id_, each in zip(new_ids(len(added)), added, strict=True)],
        updated=changes[RowOutcome.CHANGED],
        removed=[rows.DayKeyRow(each.doctor_id, each.date) for each in changes[RowOutcome.REMOVED]],
        before=before,
        packed=packed,
    )


def without(plan: Plan, conflicts: Mapping[tuple[str, date], str]) -> Plan:
    """Return a plan that refuses some days instead of changing them.

    Their reasons come by doctor and date.
    """
    keys = {(plan.doctors[code].row.id, on) for code, on in conflicts}
    refused_days = {(str(doctor_id), on.toordinal()) for doctor_id, on in keys}
    before = [each for each in plan.before if each[:2] not in refused_days]
    reasons: dict[tuple[str | None, date | None], str] = {(code, on): why for (code, on), why in conflicts.items()}
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


def _resolve(
    tx: Tx, given: Sequence[DayRow], doctors: dict[str, Doctor], refused: dict[int, str]
) -> list[tuple[DayRow, Sequence[date]]]:
    """Return the dates of each row.

    The doctors of the file go into `doctors`, and the bad lines into `refused`.
    """
    found = list[tuple[DayRow, Sequence[date]]]()
    known: dict[str, Doctor | str] = {}
    known_dates: dict[str, Sequence[date] | str] = {}
    count = 0
    staff = _Staff(tx)
    for row in given:
        line, code, word, problem = row.line, row.doctor, row.days, row.problem
        if code is not None:
            code = staff.code(code)
            row = row._replace(doctor=code) if code != row.doctor else row
        if code is not None and code not in known:
            known[code] = staff.doctor(code)
        if problem is not None or code is None or word is None:
            refused[line] = problem or ""
            found.append((row, _one_date(tx, word)))
            continue
        doctor = known[code]
        dates = known_dates.get(word)
        if dates is None:
            dates = known_dates[word] = _dates(tx, word)
        if isinstance(doctor, str) or isinstance(dates, str):
            wrong = (doctor, "doctor") if isinstance(doctor, str) else (str(dates), "date")
            refused[line] = import_cells.in_column(*wrong)
            found.append((row, () if isinstance(dates, str) else dates))
            continue
        found.append((row, dates))
        count += len(dates)
        if count > import_rows.MOST_DAYS:
            raise import_rows.too_large(line, import_rows.MOST_DAYS)
        problem = _add_wanted(tx, doctor, row, dates)
        if problem is not None:
            refused[line] = problem
        else:
            doctors[code] = doctor
    _add_refused(found, known, doctors, refused)
    return found


def _add_wanted(tx: Tx, doctor: Doctor, row: DayRow, dates: Sequence[date]) -> str | None:
    """Add the days of a row to the wanted ones of its doctor.

    If the row is refused, return the reason.
    """
    wanted = doctor.wanted
    other = wanted.get(dates[0]) or next((wanted[on] for on in dates[1:] if on in wanted), None)
    if other is not None:
        return f"the same day as line {other.line}"
    if dates[0] < tx.today:
        return "past day"
    for on in dates:
        wanted[on] = row
    return None


def _add_refused(
    found: Sequence[tuple[DayRow, Sequence[date]]],
    known: Mapping[str, Doctor | str],
    doctors: dict[str, Doctor],
    refused: Mapping[int, str],
) -> None:
    """Add the days of refused rows to their doctors.

    A doctor may have no other rows.
    """
    for row, dates in found:
        if row.line in refused and row.doctor is not None and dates:
            doctor = known[row.doctor]
            if isinstance(doctor, Doctor):
                doctor.refused.update(dates)
                doctors.setdefault(row.doctor, doctor)


def _one_date(tx: Tx, word: str | None) -> Sequence[date]:
    """Return the date of a refused row, if it names only one."""
    found = _dates(tx, word) if word and not _SEVERAL.search(word) else ()
    return () if isinstance(found, str) else found


class _Staff:
    """The doctors whom a file may name, by code or by a name that only one of them has."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self._codes: dict[str, str] = {}
        self._several: set[str] = set()

    def code(self, text: str) -> str:
        """Return the code of a doctor for a code or a name; the text itself for nobody."""
        if text not in self._codes:
            self._codes[text] = self._find(text)
        return self._codes[text]

    def doctor(self, code: str) -> Doctor | str:
        """Return a doctor, or the problem of a row that names them."""
        row = lookup.get_doctor(self.tx, code)
        if row is None:
            named = None if code.isalnum() else errors.typed(code)
            unknown = f"unknown doctor: {named}" if named else "unknown doctor"
            return "several doctors have this name" if code in self._several else unknown
        if row.archived_at is not None:
            return "the doctor is archived"
        weekdays = {nth: days.given(each) for nth, each in days.weekly(self.tx, row).items()}
        return Doctor(row, weekdays, days.default_capacity(self.tx, row), self.tx.zone)

    def _find(self, text: str) -> str:
        if lookup.get_doctor(self.tx, text.upper()) is not None:
            return text.upper()
        words = set(fold(text).split())
        named = [each for each in doctors_on_file.on_staff(self.tx) if words and search_words(each.name) >= words]
        if len(named) > 1:
            self._several.add(text)
        return named[0].code if len(named) == 1 else text


def _dates(tx: Tx, word: str) -> Sequence[date] | str:
    try:
        return import_rows.dates(word, today=tx.today, order=tx.clinic.date_order)
    except errors.BadValue as refused:
        return str(refused)


def _read_settings(tx: Tx, doctor: Doctor, mode: ImportMode) -> None:
    covered = doctor.wanted or doctor.refused
    doctor.first, doctor.last = min(covered), max(covered)
    found = stored_days.settings(tx, doctor=doctor.row.id, first=doctor.first, last=doctor.last)
    doctor.settings = {row.date: row for row in found}
    doctor.holidays = days.holidays(tx, doctor.first, doctor.last)
    if mode is ImportMode.REPLACE and doctor.wanted:
        doctor.removed = doctor.settings.keys() - doctor.wanted.keys()


def _refuse_hours(
    resolved: Sequence[tuple[DayRow, Sequence[date]]], doctors: Mapping[str, Doctor], refused: dict[int, str]
) -> None:
    """Add the rows to `refused` whose hours or capacity do not fit their days."""
    with_hours = {code for code, each in doctors.items() if each.has_hours}
    for row, dates in resolved:
        if row.line in refused or row.doctor is None or (row.sessions, row.every, row.capacity) == (None, None, None):
            continue
        if row.sessions is None and row.every is None and row.doctor not in with_hours:
            continue
        doctor = doctors[row.doctor]
        try:
            for on in dates:
                doctor.merged(on, row)
        except errors.BadValue as refusal:
            refused[row.line] = import_cells.problem_of(refusal)
            for on in dates:
                del doctor.wanted[on]
                doctor.refused.add(on)


def _decide(
    tx: Tx, resolved: Sequence[tuple[DayRow, Sequence[date]]], doctors: Mapping[str, Doctor], refused: Mapping[int, str]
) -> tuple[list[ImportedRow], dict[RowOutcome, list[rows.DayWriteRow]]]:
    """Return the answer day by day, and the days to write by their outcome."""
    answered = list[ImportedRow]()
    changes: dict[RowOutcome, list[rows.DayWriteRow]] = {each: [] for each in RowOutcome}
    for row, dates in resolved:
        if row.line in refused:
            on = dates[0] if len(dates) == 1 else None
            reason = refused[row.line]
            answered.append(
                ImportedRow(row.line, row.doctor, on, RowOutcome.REFUSED, reason, column=import_cells.column_of(reason))
            )
            continue
        assert row.doctor is not None
        doctor = doctors[row.doctor]
        for on in dates:
            outcome, setting, change = compare(row, doctor, on)
            answered.append(ImportedRow(row.line, row.doctor, on, outcome, None, change))
            if setting is not None and outcome is not RowOutcome.UNCHANGED:
                changes[outcome].append(availability.written_row(setting, tx.actor, tx.now, doctor.row.id, on))
    for code, doctor in doctors.items():
        for on in sorted(doctor.removed):
            setting = availability.setting_of(doctor.settings[on])
            change = describe_change(doctor.plan(on, setting), doctor.plan(on), setting.note is not None)
            answered.append(ImportedRow(None, code, on, RowOutcome.REMOVED, None, change))
            removed = availability.written_row(setting, tx.actor, tx.now, doctor.row.id, on)
            changes[RowOutcome.REMOVED].append(removed)
    return answered, changes


def _index_order(row: rows.DayWriteRow) -> tuple[int, date]:
    """Return the sort key of the database's index, in which rows are written fastest."""
    return row.doctor_id.int, row.date
