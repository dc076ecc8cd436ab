"""Import the clinic's holidays from a calendar file. It has few dates, so it is imported without a plan."""

from collections.abc import Mapping, Sequence
from datetime import date

from clinicctl.desk import conflicts, days, holidays, operations
from clinicctl.desk.imports.plan import count, refuse_bad_lines
from clinicctl.results.imports import ImportedHoliday, ImportedHolidays
from clinicctl.rules.calendars import HolidayRow
from clinicctl.rules.tabular import Sheet
from clinicctl.statuses import OnConflict, OnError, RowOutcome
from clinicctl.store.engine import Tx


@operations.IMPORT_HOLIDAYS
def import_dates(
    tx: Tx, *, sheet: Sheet, on_conflict: OnConflict = OnConflict.REFUSE, on_error: OnError = OnError.STOP
) -> ImportedHolidays:
    """Add the holidays of a file.

    A second run of the same file changes nothing. Past days are skipped, and of several names for a date the first
    counts. All or nothing: refuses with `BadFile`, which lists every bad event, and with `HasBookings` as
    `holidays.add` does. With `on_error` SKIP the good dates are added and the others are answered as refused; a file
    that cannot be read to its end is always refused.
    """
    refused = {row.line: row.problem for row in sheet.rows if row.problem is not None}
    if sheet.unreadable:
        refused[sheet.unreadable.line] = sheet.unreadable.problem
    if on_error is OnError.STOP or sheet.unreadable:
        refuse_bad_lines(refused)
    wanted = _first_of_each_date(tx, sheet.rows)
    known = days.holidays(tx, min(wanted), max(wanted)) if wanted else {}
    changes = holidays.list_changes(tx, {on: row.name for on, row in wanted.items()})
    in_the_way = _in_the_way(tx, changes, on_conflict) if on_error is OnError.SKIP else {}
    changes = [each for each in changes if each[0].date not in in_the_way]
    resolved = conflicts.resolve(tx, changes, on_conflict=on_conflict, hint=holidays.HINT)
    holidays.write(
        tx, {on: row.name for on, row in wanted.items() if on not in in_the_way and row.name != known.get(on)}
    )
    conflicts.apply(tx, changes, resolved)
    answered = [_answer(row, wanted, known, in_the_way) for row in sheet.rows]
    return ImportedHolidays(
        rows=tuple(answered),
        cancelled=holidays.list_cancelled(resolved),
        **count(each.outcome for each in answered),
    )


def _first_of_each_date(tx: Tx, given: Sequence[HolidayRow]) -> dict[date, HolidayRow]:
    """Return the first row of each date that is not past, by date."""
    found: dict[date, HolidayRow] = {}
    for row in given:
        if row.problem is None and row.date is not None and row.date >= tx.today:
            found.setdefault(row.date, row)
    return found


def _in_the_way(tx: Tx, changes: Sequence[conflicts.Change], on_conflict: OnConflict) -> dict[date, str]:
    """Return the dates that cannot become holidays, each with the reason."""
    found: dict[date, str] = {}
    for each in changes:
        booked, arrived = conflicts.list_conflicts(tx, [each], on_conflict=on_conflict)
        if booked or arrived:
            found[each[0].date] = "has bookings" if booked else "patients have arrived"
    return found


def _answer(
    row: HolidayRow,
    wanted: Mapping[date, HolidayRow],
    known: Mapping[date, str],
    in_the_way: Mapping[date, str],
) -> ImportedHoliday:
    if row.problem is not None or row.date is None:
        # The file may be somebody's calendar, so the name of another event is not answered.
        return ImportedHoliday(row.line, row.date, None, RowOutcome.REFUSED, row.problem)
    if row.date not in wanted:
        return ImportedHoliday(row.line, row.date, row.name, RowOutcome.UNCHANGED, "past day")
    if (first := wanted[row.date]) is not row:
        reason = f"the same day as line {first.line}"
        return ImportedHoliday(row.line, row.date, row.name, RowOutcome.UNCHANGED, reason)
    if row.date in in_the_way:
        return ImportedHoliday(row.line, row.date, row.name, RowOutcome.REFUSED, in_the_way[row.date])
    former = known.get(row.date)
    if former is None:
        return ImportedHoliday(row.line, row.date, row.name, RowOutcome.ADDED, None)
    if former == row.name:
        return ImportedHoliday(row.line, row.date, row.name, RowOutcome.UNCHANGED, None)
    return ImportedHoliday(row.line, row.date, row.name, RowOutcome.CHANGED, None, f"name {former} to {row.name}")
