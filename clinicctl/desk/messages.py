"""Make the messages that a write causes, in its transaction. Their texts are made when they are handed out.

Every change of a visit goes through `transitions`, which notes it in `Tx.changes`; the journal passes these on. So no
operation can change a visit without its messages. A clinic without `config notify on` notes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from clinicctl.rules import messages
from clinicctl.rules.messages import Visit
from clinicctl.settings import checks
from clinicctl.statuses import AppointmentStatus, CancelledBy, MessageKind, MessageState
from clinicctl.store.compiled import outbox as stored
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx, VisitChange

_AT_ONCE = 500
_SOON = timedelta(hours=1)
"""After news of a visit, there is no reminder for so long: it would say the same."""

A, K = AppointmentStatus, MessageKind


class _Net(NamedTuple):
    """The change of one visit by a whole write, from its first step to its last."""

    before: str | None
    after: VisitChange
    retimed: bool

    @property
    def is_restored(self) -> bool:
        return self.before == A.CANCELLED and self.after.status == A.BOOKED


def arise(tx: Tx, write: int, *, undone: bool) -> None:
    """Add the messages of a write to the outbox.

    `undone` says that the write undoes another: then people hear only of what somebody has already told them otherwise.
    """
    nets = _by_visit(tx.changes)
    heard = _handed_out(tx, nets) if undone else None
    new = [each for net in nets.values() for each in _messages_of(tx, net, write, heard)]
    if restored := [number for number, net in nets.items() if undone and net.is_restored]:
        stored.revive(tx, appointments=restored, failure=None, updated_at=tx.now)
    if new:
        stored.insert(tx, new)
    queues = {each.queue for each in tx.changes if each.queue is not None}
    if tx.clinic.near and (current := [each for each in sorted(queues, key=str) if each[1] == tx.today]):
        # Those with so many people ahead, and all before them.
        stored.insert_near(tx, [rows.NearRow(tx.now, doctor, on, tx.clinic.near + 1) for doctor, on in current])


def apply_settings(tx: Tx) -> None:
    """Give the booked visits the reminders of changed settings.

    Those that are not sent any more are dropped.
    """
    if tx.clinic.notify != "on":
        stored.drop_pending(tx, failure=messages.NO_LONGER_SENT, updated_at=tx.now)
        return
    # Those that are due already, and wait for the end of the quiet hours or for a sender, stay.
    leads = checks.leads(tx.clinic.reminders)
    stored.drop_reminders(tx, leads=leads, failure=messages.NO_LONGER_SENT, updated_at=tx.now)
    coming = stored.coming(tx, first=tx.today - timedelta(days=1))
    while some := list(islice(coming, _AT_ONCE)):
        stored.insert(tx, [message for each in some for message in _reminders(tx, each.number, each, after=tx.now)])


def _by_visit(changes: Iterable[VisitChange]) -> Mapping[int, _Net]:
    found: dict[int, _Net] = {}
    for each in changes:
        known = found.get(each.number)
        before, retimed = (known.before, known.retimed) if known is not None else (each.before, False)
        promoted = each.promoted or (known is not None and known.after.promoted)
        found[each.number] = _Net(before, each._replace(promoted=promoted), retimed or each.retimed)
    return found


def _messages_of(
    tx: Tx, net: _Net, write: int, heard: set[tuple[int, MessageKind]] | None
) -> Iterator[rows.NewMessageRow]:
    """Yield the messages about one visit.

    `heard` has the news that were handed out, if the write is an undo.
    """
    kind = _news(net) if heard is None else _news_of_undo(net, heard)
    if kind is not None:
        yield _message(tx, net.after.number, kind, write, tx.now)
    is_new = net.before is None or net.is_restored or net.retimed
    if net.after.status == A.BOOKED and is_new:
        quiet = checks.span_of_day(tx.clinic.quiet_hours)
        after = messages.goes_out(tx.now, tx.zone, quiet) + _SOON if kind is not None else tx.now
        yield from _reminders(tx, net.after.number, net.after, after=after)


def _news(net: _Net) -> MessageKind | None:
    """Return what to tell the patient, if anything.

    A patient who is checked in at once needs no message.
    """
    after = net.after
    if net.before is None and after.status == A.BOOKED:
        if after.moved_from is not None:
            return K.MOVED
        return K.PROMOTED if after.promoted else K.BOOKED
    if net.before == A.BOOKED and after.status == A.BOOKED and net.retimed:
        return K.MOVED
    cancelled = net.before == A.BOOKED and after.status == A.CANCELLED and after.moved_to is None
    # Patients know what they have cancelled themselves.
    return K.CANCELLED if cancelled and after.cancelled_by == CancelledBy.CLINIC else None


def _news_of_undo(net: _Net, heard: set[tuple[int, MessageKind]]) -> MessageKind | None:
    """Return what to tell the patient after an undo.

    It is nothing, unless they have heard of what was undone.
    """
    after = net.after
    if net.is_restored:
        if after.moved_to is not None and (after.moved_to, K.MOVED) in heard:
            return K.MOVED
        return K.BOOKED if (after.number, K.CANCELLED) in heard else None
    if net.before == A.BOOKED and after.status == A.CANCELLED and after.moved_from is None:
        is_known = any((after.number, each) in heard for each in (K.BOOKED, K.PROMOTED))
        return K.CANCELLED if is_known else None
    retimed = net.retimed and after.status == A.BOOKED
    return K.MOVED if retimed and (after.number, K.MOVED) in heard else None


def _handed_out(tx: Tx, nets: Mapping[int, _Net]) -> set[tuple[int, MessageKind]]:
    """Return the news of visits that senders have, or have sent.

    The visits that replaced them count, too.
    """
    numbers = {each for net in nets.values() for each in (net.after.number, net.after.moved_to) if each is not None}
    return {(each.appointment, each.kind) for each in stored.handed_out(tx, appointments=sorted(numbers))}


def _reminders(tx: Tx, number: int, visit: Visit, *, after: datetime) -> Iterator[rows.NewMessageRow]:
    """Yield the reminders of a visit that are due after an instant."""
    begins = messages.start(visit, tx.zone, day_start=tx.clinic.day_start)
    for lead in checks.leads(tx.clinic.reminders):
        due = begins - timedelta(minutes=lead)
        if due > after:
            yield _message(tx, number, K.REMINDER, lead, due)


def _message(tx: Tx, number: int, kind: MessageKind, occasion: int, due: datetime) -> rows.NewMessageRow:
    return rows.NewMessageRow(
        appointment=number,
        kind=kind,
        occasion=occasion,
        due=due,
        state=MessageState.PENDING,
        attempts=0,
        channel=None,
        ref=None,
        failure=None,
        created_at=tx.now,
        updated_at=tx.now,
    )
