"""What the commands of the outbox return."""

from dataclasses import field
from datetime import date, datetime, time

from clinicctl.results.base import PERSONAL, result, stored
from clinicctl.results.people import PatientBrief
from clinicctl.statuses import Channel, MessageKind, MessageState


@stored("OutgoingMessage")
@result
class OutgoingMessage:
    """A message that is handed out to a sender.

    `id` names it in every command. `deduplication_id` is the same on each attempt, and that of no other message of any
    clinic. `to` is a phone or an e-mail address, and `phone` is empty for an e-mail. `attempt` is the number of this
    lease. A text for SMS and WhatsApp has no subject.
    """

    id: str
    deduplication_id: str
    kind: MessageKind
    channel: Channel
    to: str | None = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)
    language: str | None = field(metadata=PERSONAL)
    subject: str | None = field(metadata=PERSONAL)
    text: str | None = field(metadata=PERSONAL)
    attempt: int
    patient: str
    appointment: str
    leased_until: datetime


@stored("OutboxMessage")
@result
class OutboxMessage:
    """A message of the outbox.

    `lead_minutes` is how long before the visit a reminder is due, and `journal_number` the write that news are about.
    `due` is when a pending message may be handed out; `leased_until` is the end of the lease. `gone` says why it would
    be dropped now: the visit is cancelled, over, or has other news. `attempts` counts how often it was handed out.
    """

    id: str
    kind: MessageKind
    state: MessageState
    due: datetime | None
    channel: Channel | None
    attempts: int
    leased_until: datetime | None
    appointment: str
    patient: PatientBrief
    doctor: str
    date: date
    time: time | None
    lead_minutes: int | None
    journal_number: int | None
    gone: str | None
    ref: str | None = field(metadata=PERSONAL)
    failure: str | None = field(metadata=PERSONAL)
    created_at: datetime
    updated_at: datetime


@result
class ShownMessage(OutboxMessage):
    """A message with its text as it would be now, and where it goes."""

    to: str | None
    language: str
    subject: str | None
    text: str
    deduplication_id: str


@stored("Template")
@result
class Template:
    """The text of a kind of message in a language, and the subject of its e-mail."""

    language: str
    kind: MessageKind
    text: str
    subject: str
    own: bool
