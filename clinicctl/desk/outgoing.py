"""What a message is at a moment: whether it should still be sent, where it goes, and its text."""

import hashlib
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import journal, templates
from clinicctl.rules import messages
from clinicctl.rules.messages import MessageKey
from clinicctl.settings import checks
from clinicctl.statuses import AppointmentStatus, Channel, MessageKind, Notify, QueueStatus
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

K = MessageKind


class Written(NamedTuple):
    """The text of a message, and where it goes."""

    channel: Channel | None
    to: str | None
    phone: str | None
    language: str
    subject: str | None
    text: str


def why_gone(tx: Tx, row: rows.MessageRow, *, at: datetime | None = None) -> str | None:
    """Return why a message must not be sent, or None if it may be.

    That is at an instant, by default now.
    """
    now = at or tx.now
    if row.archived_at is not None:
        return "the patient is archived"
    if row.notify is Notify.NONE:
        return "the patient wants no messages"
    if channel(row) is None:
        return "the patient has no address for it"
    if row.kind is K.NEAR:
        return _why_not_near(tx, row)
    wanted = AppointmentStatus.CANCELLED if row.kind is K.CANCELLED else AppointmentStatus.BOOKED
    if row.status is not wanted or (row.kind is K.CANCELLED and row.moved_to is not None):
        return f"the visit is {errors.status_label(row.status)}"
    if row.kind is not K.REMINDER:
        if row.occasion != row.last_news:
            return "there is later news of the visit"
        return "the visit has begun" if messages.end(row, tx.zone, day_start=tx.clinic.day_start) <= now else None
    leads, begins = checks.leads(tx.clinic.reminders), messages.start(row, tx.zone, day_start=tx.clinic.day_start)
    if row.occasion not in leads:
        return messages.NO_LONGER_SENT
    if begins <= now:
        return "the visit has begun"
    replaced = messages.is_replaced(row.occasion, leads, begins, now)
    return "a reminder closer to the visit is due" if replaced else None


def _why_not_near(tx: Tx, row: rows.MessageRow) -> str | None:
    if row.queue_status is not QueueStatus.WAITING or row.date != tx.today:
        return "the patient is not waiting"
    if not tx.clinic.near:
        return messages.NO_LONGER_SENT
    # Others have been put ahead since. It is made again when these have left the queue.
    return "the turn is not near any more" if (row.ahead or 0) > tx.clinic.near else None


def write(tx: Tx, row: rows.MessageRow, known: templates.Known) -> Written:
    """Return the text of a message.

    It has nothing of anybody else, and never why the patient comes.
    """
    way = channel(row)
    texts = templates.texts(known, row.kind, messages.languages(row.language, tx.clinic.language))
    on, at = messages.written(row.date, tx.clinic.date_order), f"{row.time:%H:%M}" if row.time else ""
    values = {
        "clinic": tx.clinic.name,
        "patient": row.patient_name,
        "doctor": (row.queue_doctor_name if row.kind is K.NEAR else None) or row.doctor_name,
        "date": on,
        "time": at,
        "when": f"{on} {at}".rstrip(),
        "number": f"A{row.appointment}",
        "ahead": str(row.ahead or 0),
    }
    to = messages.address(way, row.phone, row.email)
    return Written(
        channel=way,
        to=to,
        phone=to if way is not Channel.EMAIL else None,
        language=texts.language,
        subject=messages.filled(texts.subject, values) if way is Channel.EMAIL else None,
        text=messages.filled(texts.text, values),
    )


def deduplication_id(tx: Tx, row: rows.MessageRow) -> str:
    """Return the id of a message that no other has.

    That holds in any clinic, and after any restore.
    """
    found: hashlib.blake2b = journal.keyed_hash(tx)
    found.update(f"{row.visit.hex} {row.kind} {row.occasion}".encode())
    return str(UUID(hex=found.hexdigest()[:32]))


def channel(row: rows.MessageRow) -> Channel | None:
    """Return the channel to the patient, or None."""
    return messages.channel(row.notify, row.phone, row.email)


def key(row: rows.MessageRow) -> MessageKey:
    """Return what names a message."""
    return MessageKey(row.appointment, row.kind, row.occasion)
