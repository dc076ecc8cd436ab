"""Doctors from a file: added, or changed as `doctors.edit` does.

A file has so few of them (`rows.MOST_DOCTORS`) that all of it is done in one transaction, under the lock, in less than
a second.
"""

from collections.abc import Sequence

from clinicctl import errors
from clinicctl.desk import days, doctors, imports, lookup, operations
from clinicctl.results.imports import ImportedDoctor, ImportedDoctors
from clinicctl.rules.import_rows import DoctorRow
from clinicctl.rules.tabular import Sheet
from clinicctl.rules.text import fold
from clinicctl.statuses import OnError, RowOutcome
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_TAKEN = "another doctor has this code"


@operations.IMPORT_DOCTORS
def add_doctors(tx: Tx, *, sheet: Sheet, on_error: OnError = OnError.STOP) -> ImportedDoctors:
    """Put the doctors of a file on file; an empty cell and a missing column leave what stands.

    All or nothing: refuses with `BadFile`, naming every bad line; where nothing is wrong but codes that others have,
    with `DuplicateCode`; and with `HasBookings`, as `doctors.edit` does. `on_error` SKIP takes the other rows and
    answers these as refused.
    """
    refused: dict[int, str] = {}
    taken = _check(tx, sheet.rows, refused)
    if sheet.unreadable:
        refused[sheet.unreadable.line] = sheet.unreadable.problem
    if on_error is OnError.STOP or sheet.unreadable:
        if refused.keys() - taken.keys():
            imports.refuse_bad_lines(refused)
        for line, code in taken.items():
            raise errors.DuplicateCode(doctor=code, lines=list(taken), hint=f"Line {line} gives it another name.")
    answered = [_put(tx, row, refused, on_error) for row in sheet.rows]
    tally = [each.outcome for each in answered]
    return ImportedDoctors(
        added=tally.count(RowOutcome.ADDED),
        changed=tally.count(RowOutcome.CHANGED),
        unchanged=tally.count(RowOutcome.UNCHANGED),
        refused=tally.count(RowOutcome.REFUSED),
        rows=tuple(answered),
    )


def _check(tx: Tx, said: Sequence[DoctorRow], refused: dict[int, str]) -> dict[int, str]:
    """What is wrong with which row goes into `refused`; returned are the lines with a code that another doctor has."""
    first: dict[str, int] = {}
    taken: dict[int, str] = {}
    for row in said:
        if row.problem is not None or row.code is None:
            refused[row.line] = row.problem or ""
            continue
        standing = lookup.get_doctor(tx, row.code)
        if row.code in first:
            refused[row.line] = f"the same doctor as line {first[row.code]}"
        elif standing is None:
            first[row.code] = row.line
        elif fold(standing.name) != fold(row.name):
            refused[row.line] = _TAKEN
            taken[row.line] = row.code
        elif standing.archived_at is not None:
            refused[row.line] = "the doctor is archived"
        else:
            first[row.code] = row.line
    return taken


def _put(tx: Tx, row: DoctorRow, refused: dict[int, str], on_error: OnError) -> ImportedDoctor:
    if row.line in refused or row.code is None:
        return ImportedDoctor(row.line, row.code, RowOutcome.REFUSED, refused.get(row.line))
    standing = lookup.get_doctor(tx, row.code)
    if standing is None:
        doctors.add(tx, code=row.code, name=row.name, specialty=row.specialty, capacity=row.capacity)
        return ImportedDoctor(row.line, row.code, RowOutcome.ADDED, None)
    changed = standing._replace(
        specialty=standing.specialty if row.specialty is None else row.specialty,
        capacity=standing.capacity if row.capacity is None else row.capacity,
    )
    if changed == standing:
        return ImportedDoctor(row.line, row.code, RowOutcome.UNCHANGED, None)
    try:
        with tx.savepoint("doctor"):
            doctors.change(tx, lookup.active_doctor(standing), changed)
    except errors.HasBookings:
        if on_error is OnError.STOP:
            raise
        return ImportedDoctor(row.line, row.code, RowOutcome.REFUSED, "has bookings")
    return ImportedDoctor(row.line, row.code, RowOutcome.CHANGED, None, _difference(tx, standing, changed))


def _difference(tx: Tx, before: rows.DoctorRow, after: rows.DoctorRow) -> str:
    changes = []
    if after.specialty != before.specialty:
        changes.append(f"specialty {before.specialty or 'none'} to {after.specialty}")
    if after.capacity != before.capacity:
        changes.append(f"capacity {days.default_capacity(tx, before)} to {after.capacity}")
    return ", ".join(changes)
