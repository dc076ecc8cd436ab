"""Undo: takes back the last write of booking, queue or days, step by step, if nothing was built on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import (
    bookings,
    day_history,
    days,
    operations,
    patients,
    queue,
    recall,
    records,
    staff,
    steps,
    waitlist,
)
from clinicctl.results import JournalStep, Undoing, Undone
from clinicctl.rules.digests import Digested
from clinicctl.rules.steps import ACTIVE, IN_QUEUE
from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import appointments, journal, journal_steps, queue_entries
from clinicctl.store.sql import and_, bindparam, delete, select, update

RECENT = timedelta(minutes=5)
"""An older write is undone only after a question."""

_TAKEN_BACK = select(journal.c.undoes).where(journal.c.undoes.is_not(None))
_STANDING = and_(journal.c.undoes.is_(None), journal.c.number.not_in(_TAKEN_BACK))
_LAST = select(journal).where(journal.c.actor == bindparam("who"), _STANDING).order_by(journal.c.number.desc()).limit(1)
_NEWEST = select(journal.c.number).where(journal.c.actor == bindparam("who")).order_by(journal.c.number.desc()).limit(1)
_BY_KEY = select(journal.c.number).where(journal.c.key == bindparam("said"))
_BY_NUMBER = select(journal).where(journal.c.number == bindparam("number"))
_UNDOING = select(journal.c.number).where(journal.c.undoes == bindparam("number"))
_STEPS = (
    select(journal_steps)
    .where(journal_steps.c.journal_number == bindparam("number"))
    .order_by(journal_steps.c.nth.desc())
)
_LATER = (
    select(journal_steps.c.journal_number)
    .join(journal, journal.c.number == journal_steps.c.journal_number)
    .where(
        journal_steps.c.appointment_id == bindparam("appointment"),
        journal_steps.c.journal_number > bindparam("number"),
        _STANDING,
    )
    .limit(1)
)
_MADE = select(journal_steps.c.journal_number).where(
    journal_steps.c.appointment_id == bindparam("appointment"), journal_steps.c.from_status.is_(None)
)
_AT_SLOT = select(appointments.c.number).where(
    appointments.c.doctor_id == bindparam("doctor"),
    appointments.c.date == bindparam("on"),
    appointments.c.slot == bindparam("place"),
    appointments.c.status != AppointmentStatus.CANCELLED,
)
_PUT_BACK = update(appointments).where(
    appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")
)
_PUT_BACK_QUEUE = update(queue_entries).where(
    queue_entries.c.appointment_id == bindparam("booked"), queue_entries.c.status == bindparam("leaving")
)
_LEAVE_QUEUE = delete(queue_entries).where(queue_entries.c.appointment_id == bindparam("booked"))


@dataclass(frozen=True, slots=True)
class Asked(Digested):
    """The write that was previewed before the lock was taken, and confirmed if that was necessary.

    `before` has the days as they were: it can be large and is read outside the lock. It is not part of the request.
    """

    number: int
    before: day_history.Before | None

    def said(self, today: date) -> Any:  # noqa: ARG002 - the same on every day
        return None


@operations.UNDO
def undo(tx: Tx, *, number: int | None = None, asked: Asked | None = None) -> Undone:
    """Take back a write: the last of this actor, or the one with a number of the journal.

    A booking taken back is cancelled by the clinic; a check-in taken back leaves its position unused. A change of days
    is taken back as one: the days as they stood, and the appointments that it cancelled. Refuses a write that another
    was built on, saying which, one that is not of booking, queue or days, one undone already, another one than was
    `asked` about, and one that would leave something open of an archived patient or doctor, or a patient at two places
    of a queue.
    """
    act = _act(tx, number)
    if asked is not None and act.number != asked.number:
        raise errors.OtherThanAsked(found=act.number, asked=asked.number)
    taken, before = _undoable(tx, act, asked.before if asked is not None else None)
    if before is not None:
        day_history.put_back(tx, before)
        day_history.refuse_lost(tx, act, before, [_appointment(tx, step.appointment_id) for step in taken])
    for step in taken:
        _take_back(tx, act, step)
    return Undone(**_told(tx, act, taken, before))


def preview(tx: Tx, *, number: int | None = None, key: str | None = None) -> tuple[Undoing, Asked] | None:
    """Return what `undo` would do, changing nothing; None where a key stands for a write already. Refuses as `undo`."""
    if key is not None and tx.one(_BY_KEY, said=key):
        return None
    act = _act(tx, number)
    taken, before = _undoable(tx, act)
    return Undoing(**_told(tx, act, taken, before), ask=_why_ask(tx, act)), Asked(act.number, before)


def _why_ask(tx: Tx, act: Row[Any]) -> str | None:
    """Return why to ask before a write is undone, or None for the actor's last write if it is recent."""
    newest = tx.one(_NEWEST, who=tx.actor)
    if newest is None or newest.number != act.number:
        return "not your last write"
    return "older than 5 minutes" if tx.now - act.at > RECENT else None


def _undoable(
    tx: Tx, act: Row[Any], known: day_history.Before | None = None
) -> tuple[Sequence[Row[Any]], day_history.Before | None]:
    """Return the steps of a write, the last one first, and what stood of the days that it changed.

    Refuses a write that cannot be taken back, or on which another was built.
    """
    done = operations.named(recall.read(tx, act.outcome, of=act.number).get("operation"))
    by = done.undo if done is not None else None
    before = known or (day_history.find(tx, act.number) if by is operations.Undo.DAYS else None)
    if by is not operations.Undo.STEPS and before is None:
        raise errors.NotUndoable(number=act.number, command=act.command)
    if before is not None:
        day_history.refuse_changed(tx, act, before)
    taken = tx.all(_STEPS, number=act.number)
    for step in taken:
        _refuse_built_upon(tx, act, step)
        if before is None:
            # Refuse before a question is asked.
            patients.refuse_erased(tx, _appointment(tx, step.appointment_id).patient_id)
    return taken, before


def _told(tx: Tx, act: Row[Any], taken: Sequence[Row[Any]], before: day_history.Before | None) -> dict[str, Any]:
    """Return the fields of an undo's answer: the write, and the result for each appointment that it touched."""
    rows = {step.appointment_id: _appointment(tx, step.appointment_id) for step in reversed(taken)}
    first = {step.appointment_id: step for step in taken}
    last = {step.appointment_id: step for step in reversed(taken)}
    return {
        "undoes": act.number,
        "command": act.command,
        "actor": act.actor,
        "at": tx.local(act.at),
        "appointments": tuple(bookings.describe(tx, each) for each in rows.values()),
        "steps": tuple(
            JournalStep(
                appointment=f"A{row.number}",
                from_status=last[identity].to_status,
                to_status=first[identity].from_status or AppointmentStatus.CANCELLED,
                queue_from=last[identity].queue_to,
                queue_to=first[identity].queue_from,
            )
            for identity, row in rows.items()
        ),
        "days": before.count if before is not None else 0,
        "doctors": day_history.codes(tx, before) if before is not None else (),
    }


def _act(tx: Tx, number: int | None) -> Row[Any]:
    if number is None:
        act = tx.one(_LAST, who=tx.actor)
        if act is None:
            raise errors.NothingToUndo(actor=tx.actor)
        return act
    act = tx.one(_BY_NUMBER, number=number)
    if act is None:
        raise errors.NoSuchWrite(number=number)
    if tx.one(_UNDOING, number=number):
        raise errors.UndoneAlready()
    return act


def _refuse_built_upon(tx: Tx, act: Row[Any], step: Row[Any]) -> None:
    later = tx.one(_LATER, appointment=step.appointment_id, number=act.number)
    if later is not None:
        row = _appointment(tx, step.appointment_id)
        raise _built_upon(act, f"A{row.number}", later.journal_number)


def _take_back(tx: Tx, act: Row[Any], step: Row[Any]) -> None:
    """Put back what one step changed: its appointment, its place on the day, its place in the queue."""
    row, before = _appointment(tx, step.appointment_id), recall.read(tx, step.before, of=act.number)
    entry = queue.get_entry(tx, row.id)
    transferred_from = before.get("queue", {}).get("doctor_id")
    queued_with = UUID(transferred_from) if transferred_from else entry.doctor_id if entry is not None else None
    if step.from_status in ACTIVE:
        records.refuse_archived(tx, row, queue_doctor_id=queued_with if step.queue_from else None)
    if step.queue_from in IN_QUEUE and (step.queue_to not in IN_QUEUE or "doctor_id" in before["queue"]):
        assert queued_with is not None, "a step of a queue that the patient is not in"
        queue.refuse_second_place(tx, row, staff.of_id(tx, queued_with))
    if step.from_status is None:
        _put_back(
            tx, row, {"status": AppointmentStatus.CANCELLED, "cancelled_by": CancelledBy.CLINIC, "moved_from": None}
        )
        days.give_back(tx, doctor_id=row.doctor_id, on=row.date)
        if waitlist.give_back(tx, appointment_id=row.id):
            records.refuse_archived(tx, row)
        steps.note(tx, row, to_status=AppointmentStatus.CANCELLED)
        return
    if step.from_status in ACTIVE and step.to_status not in ACTIVE:
        _refuse_time_taken(tx, act, row)
    if step.to_status == AppointmentStatus.CANCELLED:
        _retake(tx, act, row)
    cleared = {"cancel_reason": None} if step.to_status == AppointmentStatus.CANCELLED else {}
    _put_back(tx, row, {"status": step.from_status, **cleared, **_read(before.get("appointment", {}))})
    if step.queue_to and not step.queue_from:
        tx.run(_LEAVE_QUEUE, booked=row.id)
    elif step.queue_to and entry is not None:
        if step.queue_from == QueueStatus.SERVING:
            queue.refuse_elsewhere(tx, entry)
        tx.run(
            _PUT_BACK_QUEUE,
            booked=row.id,
            leaving=step.queue_to,
            status=step.queue_from,
            **_read(before.get("queue", {})),
        )
    position = before.get("queue", {}).get("position", step.position)
    steps.note(
        tx,
        row,
        to_status=step.from_status,
        entry=entry,
        queue_to=step.queue_from,
        position=position if step.queue_from else None,
    )


def _retake(tx: Tx, act: Row[Any], row: Row[Any]) -> None:
    """Take the freed slot again; somebody who stands in it now was built on the cancellation."""
    taken = tx.one(_AT_SLOT, doctor=row.doctor_id, on=row.date, place=row.slot)
    if taken is not None:
        raise _built_upon(act, f"slot {row.slot}", f"of A{taken.number}")
    days.retake(tx, doctor_id=row.doctor_id, on=row.date)


def _refuse_time_taken(tx: Tx, act: Row[Any], row: Row[Any]) -> None:
    """Refuse a time that was given to another appointment since. An older one at that time was accepted before."""
    if row.time is None:
        return
    for other in bookings.at_time(tx, patient_id=row.patient_id, doctor_id=row.doctor_id, on=row.date, at=row.time):
        made = tx.one(_MADE, appointment=other.id)
        if made is not None and made.journal_number > act.number:
            raise errors.TimeTaken(
                subject=f"P{row.patient_number}" if other.patient_id == row.patient_id else row.doctor_code,
                appointment=f"A{other.number}",
                date=row.date.isoformat(),
                time=f"{row.time:%H:%M}",
                flag=None,
                hint=f"Cancel or move A{other.number} first.",
            )


def _put_back(tx: Tx, row: Row[Any], values: Mapping[str, Any]) -> None:
    if not tx.run(_PUT_BACK, row=row.id, leaving=row.status, updated_at=tx.now, **values):
        raise errors.IllegalStep(subject=f"A{row.number}", status="changed", step="undo", needs=row.status)


def _read(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a step's `before` as their types."""
    return {column: _typed(column, value) for column, value in kept.items()}


def _typed(column: str, value: Any) -> Any:
    if value is None:
        return None
    if column.endswith("_at"):
        return datetime.fromisoformat(value)
    return UUID(value) if column.endswith("_id") else value


def _built_upon(act: Row[Any], subject: str, later: Any) -> errors.BuiltUpon:
    return errors.BuiltUpon(number=act.number, command=act.command, subject=subject, later=later)


def _appointment(tx: Tx, identity: UUID) -> Row[Any]:
    row = bookings.get_by_id(tx, identity)
    assert row is not None, "a step without its appointment"
    return row
