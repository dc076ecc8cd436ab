"""Undo the last write to bookings, the queue or days, or a merge, unless a later write depends on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from clinicctl import errors
from clinicctl.desk import (
    access,
    bookings,
    day_history,
    distinct,
    journal,
    lookup,
    merge_history,
    operations,
    replay,
    undo_steps,
)
from clinicctl.results.appointments import Undoing, Undone
from clinicctl.results.journal import JournalStep
from clinicctl.rules.fingerprints import Digested
from clinicctl.statuses import AppointmentStatus
from clinicctl.store.compiled import journal as stored_journal
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.compiled import undo as stored
from clinicctl.store.engine import Tx

RECENT = timedelta(minutes=5)
"""An older write is undone only after a confirmation."""


@dataclass(frozen=True, slots=True)
class Asked(Digested):
    """The write that was previewed before the lock was taken, and confirmed if necessary.

    `before` has the days before that write. It can be large, so it is read outside the lock; it is not part of the
    request.
    """

    number: int
    before: day_history.Before | None

    def digest_value(self, today: date, order: str) -> Any:  # noqa: ARG002 - the same on every day
        return None


@operations.UNDO
def undo(tx: Tx, *, number: int | None = None, asked: Asked | None = None) -> Undone:
    """Undo the last write of this actor, or the one with a number in the journal.

    An undone booking is cancelled by the clinic; the position of an undone check-in stays unused. A change of days is
    undone as a whole: the days, and the appointments that it cancelled. So is a merge. Refuses a write that a later one
    depends on, any other write, an undone one, another one than was `asked` about, and one that would reopen anything
    of an archived patient or doctor, or give a patient two positions in a queue.
    """
    write = _find_allowed(tx, number)
    if asked is not None and write.number != asked.number:
        raise errors.OtherThanAsked(found=write.number, asked=asked.number)
    if (pair := _judged(tx, write)) is not None:
        distinct.forget(tx, *pair)
        return Undone(**_details(tx, write, (), None), patients=_numbers(pair))
    if (merged := merge_history.find(tx, write)) is not None:
        merge_history.refuse_changed(tx, write, merged)
        merge_history.restore(tx, merged)
        return Undone(**_details(tx, write, (), None), **_separated(merged))
    steps, before = _undoable(tx, write, asked.before if asked is not None else None)
    if before is not None:
        day_history.restore(tx, before, undo_steps.placed(tx, write, steps))
        # A change of hours that gave an appointment another slot is undone with the days.
        cancelled = [step for step in steps if step.from_status != step.to_status]
        returning = [lookup.appointment_by_id(tx, step.appointment_id) for step in cancelled]
        day_history.refuse_lost(tx, write, before, returning)
    for step in steps if before is None else cancelled:
        undo_steps.undo_step(tx, write, step)
    return Undone(**_details(tx, write, steps, before))


def preview(tx: Tx, *, number: int | None = None, key: str | None = None) -> tuple[Undoing, Asked] | None:
    """Return what `undo` would do; None if the key already belongs to a write.

    Refuses what `undo` refuses.
    """
    if key is not None and stored_journal.by_key(tx, key=key) is not None:
        return None
    write = _find_allowed(tx, number)
    if (pair := _judged(tx, write)) is not None:
        seen = Undoing(**_details(tx, write, (), None), ask=_why_ask(tx, write), patients=_numbers(pair))
        return seen, Asked(write.number, None)
    if (merged := merge_history.find(tx, write)) is not None:
        merge_history.refuse_changed(tx, write, merged)
        seen = Undoing(**_details(tx, write, (), None), ask=_why_ask(tx, write), **_separated(merged))
        return seen, Asked(write.number, None)
    steps, before = _undoable(tx, write)
    return Undoing(**_details(tx, write, steps, before), ask=_why_ask(tx, write)), Asked(write.number, before)


def _judged(tx: Tx, write: rows.WriteRow) -> tuple[rows.PatientRow, rows.PatientRow] | None:
    """Return the two patients whom a write judged to be two people.

    Return None for any other write, and refuses a judgement that had been made before.
    """
    outcome = replay.read(tx, write.outcome, of=write.number)
    done = operations.named(outcome.get("operation"))
    if done is None or done.undo is not operations.Undo.PAIR:
        return None
    result = outcome["result"]
    if not result["created"]:
        raise errors.NotUndoable(number=write.number, command=write.command)
    one, other = (
        stored_patients.by_number(tx, number=int(result[each]["number"].removeprefix("P"))) for each in ("one", "other")
    )
    assert one is not None
    assert other is not None
    return one, other


def _numbers(pair: tuple[rows.PatientRow, rows.PatientRow]) -> tuple[str, ...]:
    return tuple(f"P{each.number}" for each in pair)


def _separated(merged: merge_history.Before) -> dict[str, Any]:
    """Return the fields of the answer about two patients who were merged."""
    pair = merged.gone, merged.survivor
    return {
        "patients": _numbers(pair),
        "separated": tuple(map(lookup.patient_brief, pair)),
        "moved_back": len(merged.moved.appointments),
        "waitlist_entries": len(merged.moved.entries),
    }


def _why_ask(tx: Tx, write: rows.WriteRow) -> str | None:
    """Return why an undo needs a confirmation, or None for a recent last write."""
    if stored.newest(tx, actor=tx.actor) != write.number:
        return "not your last write"
    return "older than 5 minutes" if tx.now - write.at > RECENT else None


def _undoable(
    tx: Tx, write: rows.WriteRow, known: day_history.Before | None = None
) -> tuple[list[rows.StepRow], day_history.Before | None]:
    """Return the steps of a write, the last one first, and the days before it.

    Refuses a write that cannot be undone, or on which a later one depends.
    """
    done = operations.named(replay.read(tx, write.outcome, of=write.number).get("operation"))
    by = done.undo if done is not None else None
    before = known or (day_history.find(tx, write.number) if by is operations.Undo.DAYS else None)
    if by is not operations.Undo.STEPS and before is None:
        raise errors.NotUndoable(number=write.number, command=write.command)
    if before is not None:
        day_history.refuse_changed(tx, write, before)
    steps = stored.steps(tx, number=write.number)
    for step in steps:
        _refuse_later_step(tx, write, step)
        if before is None:
            # Refuse before asking for a confirmation.
            lookup.not_erased(lookup.patient_by_id(tx, lookup.appointment_by_id(tx, step.appointment_id).patient_id))
    return steps, before


def _details(
    tx: Tx, write: rows.WriteRow, steps: Sequence[rows.StepRow], before: day_history.Before | None
) -> dict[str, Any]:
    """Return the fields of the answer: the write, and its appointments."""
    if before is not None:
        # Those that only got another number with the hours are not worth naming: there may be thousands.
        steps = [step for step in steps if step.from_status != step.to_status or '"time"' in step.before]
    touched = {step.appointment_id: lookup.appointment_by_id(tx, step.appointment_id) for step in reversed(steps)}
    first = {step.appointment_id: step for step in steps}
    last = {step.appointment_id: step for step in reversed(steps)}
    return {
        "undoes": write.number,
        "command": write.command,
        "actor": write.actor,
        "at": tx.local(write.at),
        "appointments": tuple(bookings.describe(tx, each) for each in touched.values()),
        "steps": tuple(
            JournalStep(
                appointment=f"A{row.number}",
                from_status=last[identity].to_status,
                to_status=first[identity].from_status or AppointmentStatus.CANCELLED,
                queue_from=last[identity].queue_to,
                queue_to=first[identity].queue_from,
            )
            for identity, row in touched.items()
        ),
        "days": before.count if before is not None else 0,
        "doctors": day_history.codes(tx, before) if before is not None else (),
    }


def _find_allowed(tx: Tx, number: int | None) -> rows.WriteRow:
    write = _find_write(tx, number)
    access.refuse_undo(tx, write)
    return write


def _find_write(tx: Tx, number: int | None) -> rows.WriteRow:
    if number is None:
        write = _last_undoable(tx)
        if write is None:
            raise errors.NothingToUndo(actor=tx.actor)
        return write
    write = stored_journal.by_number(tx, number=number)
    if write is None:
        raise errors.NoSuchWrite(number=number)
    if stored.undone_by(tx, number=number) is not None:
        raise errors.UndoneAlready()
    return write


def _last_undoable(tx: Tx) -> rows.WriteRow | None:
    """Return the last write of this actor that is no undo and not undone, or None.

    An undo without a number undid the last such write of its time. There is none between the two, and what lies there
    is not read again.
    """
    undo = journal.digest(tx, operations.UNDO.name, {})
    until = stored.newest(tx, actor=tx.actor) or 0
    while (write := stored.last_undoable_or_undo(tx, actor=tx.actor, until=until, undo=undo)) is not None:
        if write.undoes is None:
            return write
        until = min(write.undoes, write.number) - 1
    return None


def _refuse_later_step(tx: Tx, write: rows.WriteRow, step: rows.StepRow) -> None:
    later = stored.later_step(tx, appointment=step.appointment_id, number=write.number)
    if later is not None:
        row = lookup.appointment_by_id(tx, step.appointment_id)
        raise undo_steps.built_upon(write, f"A{row.number}", later)
