"""Import doctors' days: apply a plan in one short transaction, all or nothing. A file may be imported repeatedly."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from clinicctl.desk import availability, conflicts, days, operations
from clinicctl.desk.availability import Wanted
from clinicctl.desk.imports import day_plan, headers
from clinicctl.desk.imports.day_plan import Plan
from clinicctl.desk.imports.plan import Outdated, refuse_bad_lines, written_since
from clinicctl.results.imports import DoctorDiff, Imported
from clinicctl.results.people import Moved, ToCall
from clinicctl.statuses import ImportMode, OnError, RowOutcome
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_DEPENDS_ON = operations.Part.DAYS | operations.Part.DOCTORS | operations.Part.SETTINGS
"""What a plan depends on, except for the ledgers, which are read again under the lock."""

_OF_ONE_DOCTOR = (operations.SET_DAYS, operations.SET_WEEKLY)
"""The operations whose results name the doctor whose days were changed."""


@operations.IMPORT_DAYS
def set_availability(tx: Tx, *, plan: Plan, columns: str | None = None) -> Imported:
    """Set doctors' days from a file. A second run of the same file changes nothing.

    All or nothing: refuses with `BadFile`, which lists every bad line, and with `HasBookings`, which lists every
    patient who would lose a slot. With `on_error` SKIP the good rows are imported and the others are answered as
    refused; a file that cannot be read to its end is always refused. With `mode` REPLACE the other settings of each
    doctor between the first and the last day in the file are removed.

    Raises `Outdated` if another write has changed what the plan depends on, unless the plan is the `last`.
    """
    if not _is_current(tx, plan):
        if not plan.last:
            raise Outdated
        plan = day_plan.plan_availability(
            tx, sheet=plan.sheet, mode=plan.mode, on_conflict=plan.on_conflict, on_error=plan.on_error
        )
    if plan.on_error is OnError.STOP or plan.sheet.unreadable:
        refuse_bad_lines(plan.refused)
    changes = _changes_of_ledgers(tx, plan)
    found = {
        (before.doctor, before.date): in_the_way
        for before, after in changes
        if any(in_the_way := conflicts.list_conflicts(tx, [(before, after)], on_conflict=plan.on_conflict))
    }
    if plan.on_error is OnError.STOP:
        conflicts.refuse_displaced(
            tx,
            [row for booked, _ in found.values() for row in booked],
            [row for _, arrived in found.values() for row in arrived],
        )
    elif found:
        reasons = {key: "has bookings" if booked else "patients have arrived" for key, (booked, _) in found.items()}
        plan = day_plan.without(plan, reasons)
        changes = [each for each in changes if (each[0].doctor, each[0].date) not in found]
    resolved = conflicts.resolve(tx, changes, on_conflict=plan.on_conflict)
    cancelled_by_day = resolved.cancelled
    headers.save(tx, "days", columns)
    _apply(tx, plan)
    conflicts.apply(tx, changes, resolved)
    availability.record_before(
        tx,
        packed=plan.packed,
        cancelled=[before for before, _ in changes if (before.doctor, before.date) in cancelled_by_day],
    )
    by_date = sorted(cancelled_by_day, key=lambda each: each[::-1])
    moved_by_day = sorted(resolved.moved, key=lambda each: each[::-1])
    return _result(
        plan,
        [person for key in by_date for person in cancelled_by_day[key]],
        [person for key in moved_by_day for person in resolved.moved[key]],
    )


def _is_current(tx: Tx, plan: Plan) -> bool:
    since = written_since(tx, plan.stamp)
    return since is not None and not any(_concerns(plan, each) for each in since)


def _concerns(plan: Plan, outcome: Mapping[str, Any]) -> bool:
    """Return whether a write may have changed what a plan depends on.

    Another doctor's days do not count.
    """
    operation = operations.named(outcome.get("operation"))
    result = outcome.get("result")
    if operation is operations.UNDO:
        # A change of days that was undone.
        return isinstance(result, dict) and not plan.doctors.keys().isdisjoint(result.get("doctors", ()))
    if operation not in _OF_ONE_DOCTOR:
        return operation is None or bool(operation.changes & _DEPENDS_ON)
    listed = result if isinstance(result, list) else [result]
    doctors = {each.get("doctor") for each in listed if isinstance(each, dict)}
    return not doctors or None in doctors or not doctors.isdisjoint(plan.doctors)


def _changes_of_ledgers(tx: Tx, plan: Plan) -> list[conflicts.Change]:
    """Return the days of a plan that have a ledger, before and after the change."""
    first = min((each.first for each in plan.doctors.values()), default=date.max)
    last = max((each.last for each in plan.doctors.values()), default=date.min)
    with_ledger = set(stored_days.doctors_with_ledger(tx, first=first, last=last))
    found = list[conflicts.Change]()
    for doctor in plan.doctors.values():
        if doctor.row.id not in with_ledger:
            continue
        for before in days.list_with_ledger(tx, doctor.row, first=doctor.first, last=doctor.last):
            if row := doctor.wanted.get(before.date):
                wanted = Wanted(row.present, row.capacity, row.note, row.sessions, row.every)
                found.append((before, before.planned(availability.updated_setting(before, wanted).given)))
            elif before.date in doctor.removed:
                found.append((before, before.planned(None)))
            elif plan.mode is ImportMode.REPLACE:
                # The day does not change, but CANCEL applies to every patient without a slot in the replaced range.
                found.append((before, before))
    return found


def _apply(tx: Tx, plan: Plan) -> None:
    """Write the rows with the actor and the instant of this transaction."""
    # Tuples are rebuilt by position, because `_replace` takes three times as long.
    availability.write_settings(
        tx,
        inserted=(rows.DaySettingRow(*each[:6], tx.actor, tx.now, *each[8:]) for each in plan.inserted),
        updated=(
            rows.DayWriteRow(*each[:3], tx.actor, tx.now, each.sessions, each.every, each.doctor_id, each.date)
            for each in plan.updated
        ),
        removed=plan.removed,
    )


def _result(plan: Plan, cancelled: Sequence[ToCall], moved: Sequence[Moved]) -> Imported:
    counts = Counter((row.doctor, row.outcome) for row in plan.answered)

    def count(outcome: RowOutcome) -> int:
        return sum(number for (_, each), number in counts.items() if each is outcome)

    return Imported(
        added=count(RowOutcome.ADDED),
        changed=count(RowOutcome.CHANGED),
        unchanged=count(RowOutcome.UNCHANGED),
        refused=count(RowOutcome.REFUSED),
        rows=tuple(plan.answered),
        cancelled=tuple(cancelled),
        moved=tuple(moved),
        removed=count(RowOutcome.REMOVED),
        doctors=tuple(
            DoctorDiff(
                doctor=code,
                first=doctor.first,
                last=doctor.last,
                **{str(each): counts[code, each] for each in RowOutcome},
            )
            for code, doctor in sorted(plan.doctors.items())
        ),
    )
