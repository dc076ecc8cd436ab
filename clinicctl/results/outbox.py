"""What the commands of the outbox return."""

from dataclasses import field
from datetime import datetime

from clinicctl.results.base import PERSONAL, result, stored
from clinicctl.statuses import Channel, MessageKind


@stored("OutgoingMessage")
@result
class OutgoingMessage:
    """A message that is handed out to a sender.

    `id` names it in every command. `deduplication_id` is the same on each attempt, and that of no other message of any
    clinic. `to` is a phone or an e-mail address. `attempt` is the number of this lease. A text for SMS and WhatsApp has
    no subject.
    """

    id: str
    deduplication_id: str
    kind: MessageKind
    channel: Channel
    to: str | None = field(metadata=PERSONAL)
    language: str | None = field(metadata=PERSONAL)
    subject: str | None = field(metadata=PERSONAL)
    text: str | None = field(metadata=PERSONAL)
    attempt: int
    patient: str
    appointment: str
    leased_until: datetime
