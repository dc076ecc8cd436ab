"""The table of messages to patients: the outbox."""

from datetime import datetime

from sqlmodel import CheckConstraint, Column, Field, ForeignKey, Index, SQLModel

from clinicctl.statuses import Channel, MessageKind, MessageState
from clinicctl.store.models.base import IS_OPEN, Word, partial, table, word


class Message(SQLModel, table=True):
    """A message about an appointment, without its text, which is made when it is handed out.

    `occasion` tells messages of one kind apart: of a reminder, the minutes before the visit; of news, the number of the
    write in the journal; of `near`, 0. So no write and no sender can make the same message twice. `due` is when it may
    be handed out next: of a leased message the end of the lease. `attempts` counts the leases, and is the number of the
    last one.
    """

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('booked', 'moved', 'cancelled', 'promoted', 'reminder', 'near')", name="ck_messages_kind"
        ),
        CheckConstraint("occasion >= 0", name="ck_messages_occasion"),
        CheckConstraint("state IN ('pending', 'leased', 'sent', 'failed', 'dropped')", name="ck_messages_state"),
        CheckConstraint("attempts >= 0", name="ck_messages_attempts"),
        CheckConstraint(
            "CASE WHEN channel IS NULL THEN state <> 'leased' ELSE channel IN ('sms', 'email', 'whatsapp') END",
            name="ck_messages_channel",
        ),
        Index("ix_messages_open_due", "due", "appointment", "kind", "occasion", **partial(IS_OPEN)),
    )
    appointment: int = Field(
        sa_column=Column(ForeignKey("appointments.number", ondelete="RESTRICT"), primary_key=True, nullable=False)
    )
    kind: MessageKind = Field(sa_column=Column(Word(MessageKind), primary_key=True, nullable=False))
    occasion: int = Field(primary_key=True)
    due: datetime
    state: MessageState = word(MessageState)
    attempts: int
    channel: Channel | None = word(Channel, nullable=True)
    ref: str | None
    failure: str | None
    """Why it was dropped or failed."""
    created_at: datetime
    updated_at: datetime


messages = table(Message)
