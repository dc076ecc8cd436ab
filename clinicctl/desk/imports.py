"""Imports: whole files at once, safe to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinicctl import errors
from clinicctl.desk import availability, days, staff
from clinicctl.results import Imported, ImportedRow
from clinicctl.rules.days import day
from clinicctl.rules.rows import DayRow
from clinicctl.statuses import OnConflict, OnError, RowOutcome
from clinicctl.store.engine import Row, Tx

NAMED = 20
"""How many bad lines the sentence of a refusal names; the details have them all."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What one line would change: the day as it stands, as it would be, and the columns that say so."""

    row: DayRow
    doctor: Row[Any]
    standing: days.Facts
    after: days.Facts
    values: Mapping[str, Any]

    @property
    def outcome(self) -> RowOutcome:
        if self.standing.said is None:
            return RowOutcome.ADDED
        return RowOutcome.CHANGED if availability.differs(self.standing.said, self.values) else RowOutcome.UNCHANGED


def set_availability(
    tx: Tx,
    *,
    rows: Sequence[DayRow],
    on_conflict: OnConflict = OnConflict.REFUSE,
    on_error: OnError = OnError.STOP,
) -> Imported:
    """Say what doctors' days are, by a file; a second run of the same file changes nothing.

    All or nothing: refuses with `BadFile`, naming every bad line, and with `HasBookings`, naming every patient who
    would lose a place. `on_error` SKIP takes the good lines and answers each bad one as refused.
    """
    refused: dict[int, str | None] = {row.line: row.problem for row in rows if row.problem}
    whom = {code: staff.get_by_code(tx, code) for code in {row.doctor for row in rows if row.doctor}}
    dates = _dates(tx, rows, whom, refused)
    changes = _changes(tx, rows, whom, dates, refused)
    stranded = [
        (change, row)
        for change in changes
        if on_conflict is OnConflict.REFUSE and availability.takes_away(change.standing, change.after)
        for row in availability.stranded(tx, [change.after])
    ]
    if on_error is OnError.STOP:
        _refuse(refused)
        availability.refuse_stranded(tx, [row for _, row in stranded])
    else:
        refused |= {change.row.line: "has bookings" for change, _ in stranded}
        changes = [each for each in changes if each.row.line not in refused]
    told = availability.settle(tx, [(each.standing, each.after) for each in changes], on_conflict=on_conflict)
    availability.write(
        tx, [(each.standing, each.values) for each in changes if each.outcome is not RowOutcome.UNCHANGED]
    )
    outcomes = {each.row.line: each.outcome for each in changes}
    answered = tuple(
        ImportedRow(
            line=row.line,
            doctor=row.doctor,
            date=dates.get(row.line),
            outcome=outcomes.get(row.line, RowOutcome.REFUSED),
            reason=refused.get(row.line),
        )
        for row in rows
    )
    tally = {outcome: sum(each.outcome is outcome for each in answered) for outcome in RowOutcome}
    return Imported(
        added=tally[RowOutcome.ADDED],
        changed=tally[RowOutcome.CHANGED],
        unchanged=tally[RowOutcome.UNCHANGED],
        refused=tally[RowOutcome.REFUSED],
        rows=answered,
        cancelled=tuple(person for on in sorted(told) for person in told[on]),
    )


def _dates(
    tx: Tx, rows: Sequence[DayRow], whom: Mapping[str, Row[Any] | None], refused: dict[int, str | None]
) -> dict[int, date]:
    """The date of each good line; what is wrong with the others goes into `refused`."""
    dates: dict[int, date] = {}
    first: dict[tuple[str, date], int] = {}
    for row in rows:
        if row.problem or row.doctor is None:
            continue
        doctor = whom[row.doctor]
        if doctor is None or doctor.archived_at is not None:
            refused[row.line] = "unknown doctor" if doctor is None else "the doctor is archived"
            continue
        try:
            on = day(row.date or "", today=tx.today)
        except errors.BadValue:
            refused[row.line] = "bad date"
            continue
        if on < tx.today:
            refused[row.line] = "past day"
        elif (row.doctor, on) in first:
            refused[row.line] = f"the same day as line {first[row.doctor, on]}"
        else:
            first[row.doctor, on] = row.line
            dates[row.line] = on
    return dates


def _changes(
    tx: Tx,
    rows: Sequence[DayRow],
    whom: Mapping[str, Row[Any] | None],
    dates: Mapping[int, date],
    refused: Mapping[int, str | None],
) -> list[_Change]:
    standing: dict[tuple[str, date], days.Facts] = {}
    for code, doctor in whom.items():
        wanted = sorted({dates[row.line] for row in rows if row.doctor == code and row.line in dates})
        if doctor is not None and wanted:
            standing |= {(code, each.date): each for each in days.facts(tx, doctor, wanted)}
    changes = list[_Change]()
    for row in rows:
        if row.line not in dates or row.line in refused or row.doctor is None:
            continue
        facts, doctor = standing[row.doctor, dates[row.line]], whom[row.doctor]
        assert doctor is not None
        changes.append(
            _Change(
                row=row,
                doctor=doctor,
                standing=facts,
                after=availability.changed_facts(facts, present=row.present, capacity=row.capacity),
                values=availability.written(facts, present=row.present, capacity=row.capacity, note=row.note),
            )
        )
    return changes


def _refuse(refused: Mapping[int, str | None]) -> None:
    if not refused:
        return
    lines = [{"line": line, "reason": reason} for line, reason in sorted(refused.items())]
    named = "; ".join(f"line {each['line']}: {each['reason']}" for each in lines[:NAMED])
    more = f"; and {len(lines) - NAMED} more" if len(lines) > NAMED else ""
    raise errors.BadFile(
        count=f"{len(lines)} line{'s are' if len(lines) > 1 else ' is'}", lines=lines, hint=f"{named}{more}."
    )
