"""What a run of a sender asks of the outbox beside the commands. Nothing here sends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from clinicctl.desk import operations, outbox, outgoing, templates
from clinicctl.results.outbox import OutboxMessage, OutgoingMessage
from clinicctl.rules.messages import MessageKey, parse_key
from clinicctl.statuses import Channel, MessageState
from clinicctl.store.compiled import outbox as stored
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


def has_due(tx: Tx, *, channel: Channel | None = None) -> bool:
    """Return whether a sender would get a message now.

    A run without any writes nothing. A message that would be dropped counts, too.
    """
    if outbox.why_nothing(tx) is not None:
        return False
    if channel is None:
        return True
    return any(True for _ in stored.due(tx, [stored.on_channel(channel=channel)], now=tx.now))


def refresh(tx: Tx, *, given: OutgoingMessage) -> OutgoingMessage | None:
    """Return a leased message as it is now, right before it is sent.

    Return None if it must not be sent this way: the visit was cancelled, the patient wants another channel or no
    messages, or the lease is over and somebody else has it.
    """
    row = _leased(tx, parse_key(given.id), given.attempt)
    if row is None or outgoing.why_gone(tx, row) is not None:
        return None
    written = outgoing.write(tx, row, templates.known(tx))
    if written.channel != row.channel:
        return None
    return replace(given, **written._asdict())


@operations.GIVE_BACK
def give_back(
    tx: Tx, *, messages: Sequence[str], attempts: Sequence[int], after: int | None = None
) -> list[OutboxMessage]:
    """Give leased messages back that were not tried.

    They are due again, after so many seconds if given. The attempt does not count. Messages that
    somebody else has leased since are left out.
    """
    due = tx.now + timedelta(seconds=after or 0)
    keys = [parse_key(each) for each in messages]
    own = [key for key, attempt in zip(keys, attempts, strict=True) if _leased(tx, key, attempt) is not None]
    counts = dict(zip(keys, attempts, strict=True))
    stored.give_back(tx, [rows.GivenBackRow(due, tx.now, *key, counts[key]) for key in own])
    found = (_row(tx, key) for key in own)
    return [outbox.describe(tx, row) for row in found if row is not None]


def _leased(tx: Tx, key: MessageKey, attempt: int) -> rows.MessageRow | None:
    """Return a message if this attempt still has it."""
    row = _row(tx, key)
    return row if row is not None and row.state is MessageState.LEASED and row.attempts == attempt else None


def _row(tx: Tx, key: MessageKey) -> rows.MessageRow | None:
    return stored.by_key(tx, of_appointment=key.appointment, of_kind=key.kind, of_occasion=key.occasion)
