"""Import doctors from a file: add them, or change them as `doctors.edit` does.

A file has few of them (`import_rows.MOST_DOCTORS`), so it is imported without a plan, in one transaction.
"""

from collections.abc import Sequence

from clinicctl import errors
from clinicctl.desk import days, doctors, lookup, operations
from clinicctl.desk.imports import headers, plan
from clinicctl.results.imports import ImportedDoctor, ImportedDoctors
from clinicctl.rules.import_cells import column_of
from clinicctl.rules.import_rows import DoctorRow
from clinicctl.rules.tabular import Sheet
from clinicctl.rules.text import fold
from clinicctl.statuses import OnError, RowOutcome
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


@operations.IMPORT_DOCTORS
def add_doctors(
    tx: Tx, *, sheet: Sheet, on_error: OnError = OnError.STOP, columns: str | None = None
) -> ImportedDoctors:
    """Add or change the doctors of a file.

    An empty cell or a missing column leaves the current value. All or nothing: refuses with `BadFile`, which lists
    every bad line; with `DuplicateCode` if only codes of other doctors are wrong; and with `HasBookings` as
    `doctors.edit` does. With `on_error` SKIP the good rows are imported and the others are answered as refused.
    """
    refused: dict[int, str] = {}
    taken = _check(tx, sheet.rows, refused)
    if sheet.unreadable:
        refused[sheet.unreadable.line] = sheet.unreadable.problem
    if on_error is OnError.STOP or sheet.unreadable:
        if refused.keys() - taken.keys():
            plan.refuse_bad_lines(refused)
        for line, code in taken.items():
            raise errors.DuplicateCode(doctor=code, lines=list(taken), hint=f"Line {line} gives it another name.")
    headers.save(tx, "doctors", columns)
    answered = [_import_row(tx, row, refused, on_error) for row in sheet.rows]
    return ImportedDoctors(rows=tuple(answered), **plan.count(each.outcome for each in answered))


def _check(tx: Tx, given: Sequence[DoctorRow], refused: dict[int, str]) -> dict[int, str]:
    """Put the bad lines into `refused`; return the lines with a taken code."""
    first: dict[str, int] = {}
    taken: dict[int, str] = {}
    for row in given:
        if row.problem is not None or row.code is None:
            refused[row.line] = row.problem or ""
            continue
        current = lookup.get_doctor(tx, row.code)
        if row.code in first:
            refused[row.line] = f"the same doctor as line {first[row.code]}"
        elif current is None:
            first[row.code] = row.line
        elif fold(current.name) != fold(row.name):
            refused[row.line] = "another doctor has this code"
            taken[row.line] = row.code
        # A list of the program may have archived doctors, too.
        elif current.archived_at is not None and not (row.listed and _changed(tx, row, current) == current):
            refused[row.line] = "the doctor is archived"
        else:
            first[row.code] = row.line
    return taken


def _import_row(tx: Tx, row: DoctorRow, refused: dict[int, str], on_error: OnError) -> ImportedDoctor:
    if row.line in refused or row.code is None:
        reason = refused.get(row.line)
        return ImportedDoctor(row.line, row.code, RowOutcome.REFUSED, reason, column=column_of(reason))
    current = lookup.get_doctor(tx, row.code)
    if current is None:
        doctors.add(tx, code=row.code, name=row.name, specialty=row.specialty, capacity=row.capacity)
        return ImportedDoctor(row.line, row.code, RowOutcome.ADDED, None)
    changed = _changed(tx, row, current)
    if changed == current:
        return ImportedDoctor(row.line, row.code, RowOutcome.UNCHANGED, None)
    try:
        with tx.savepoint("doctor"):
            doctors.change(tx, lookup.active_doctor(current), changed)
    except errors.HasBookings:
        if on_error is OnError.STOP:
            raise
        return ImportedDoctor(row.line, row.code, RowOutcome.REFUSED, "has bookings")
    return ImportedDoctor(row.line, row.code, RowOutcome.CHANGED, None, _difference(tx, current, changed))


def _changed(tx: Tx, row: DoctorRow, current: rows.DoctorRow) -> rows.DoctorRow:
    """Return a doctor as a row says."""
    is_default = row.listed and current.capacity is None and row.capacity == tx.clinic.capacity
    return current._replace(
        specialty=current.specialty if row.specialty is None else row.specialty,
        capacity=current.capacity if row.capacity is None or is_default else row.capacity,
    )


def _difference(tx: Tx, before: rows.DoctorRow, after: rows.DoctorRow) -> str:
    changes = []
    if after.specialty != before.specialty:
        changes.append(f"specialty {before.specialty or 'none'} to {after.specialty}")
    if after.capacity != before.capacity:
        changes.append(f"capacity {days.default_capacity(tx, before)} to {after.capacity}")
    return ", ".join(changes)
