"""The tables of the journal."""

from datetime import datetime
from uuid import UUID

from sqlmodel import CheckConstraint, Column, Field, ForeignKey, Index, SQLModel, UniqueConstraint

from clinicctl.store.models.base import references, table


class Journal(SQLModel, table=True):
    """One accepted write, chained by hash.

    The outcome has ids and numbers, nothing personal.
    """

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("key", name="uq_journal_key"),
        UniqueConstraint("undoes", name="uq_journal_undoes"),
        Index("ix_journal_actor_number", "actor", "number"),
        Index("ix_journal_at", "at"),
        Index("ix_journal_command_number", "command", "number"),
        CheckConstraint("length(key) BETWEEN 1 AND 255", name="ck_journal_key"),
        {"sqlite_autoincrement": True},
    )
    number: int | None = Field(default=None, primary_key=True)
    at: datetime
    actor: str
    command: str
    key: str
    undoes: int | None = Field(sa_column=Column(ForeignKey("journal.number", ondelete="RESTRICT"), nullable=True))
    said: str
    fingerprint: str
    outcome: str
    previous: str
    hash: str


class JournalStep(SQLModel, table=True):
    """One step of an appointment and its queue entry in a journaled write.

    `before` has the previous values of the changed columns as JSON, for `undo`. Nothing in it is personal.
    """

    __tablename__ = "journal_steps"
    __table_args__ = (
        CheckConstraint("nth >= 1", name="ck_journal_steps_nth"),
        Index("ix_journal_steps_appointment_id", "appointment_id"),
    )
    journal_number: int = Field(
        sa_column=Column(ForeignKey("journal.number", ondelete="RESTRICT"), primary_key=True, nullable=False)
    )
    nth: int = Field(primary_key=True)
    appointment_id: UUID = references("appointments.id")
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    before: str


class JournalDays(SQLModel, table=True):
    """The previous settings of days or weekdays that a write changed, for `undo`.

    `before` is a JSON object with compressed rows; see `desk.day_history`. It can have notes on days, which are free
    text about doctors, so that the journal's hash does not cover it.
    """

    __tablename__ = "journal_days"
    journal_number: int = Field(
        sa_column=Column(ForeignKey("journal.number", ondelete="RESTRICT"), primary_key=True, nullable=False)
    )
    before: str


class JournalMerges(SQLModel, table=True):
    """What a merge of two patients changed, for `undo`.

    `before` is JSON: the numbers of what moved, the names of the fields that were filled, and a digest of the state
    after the merge. Nothing in it is personal.
    """

    __tablename__ = "journal_merges"
    journal_number: int = Field(
        sa_column=Column(ForeignKey("journal.number", ondelete="RESTRICT"), primary_key=True, nullable=False)
    )
    before: str


journal = table(Journal)
journal_steps = table(JournalStep)
journal_days = table(JournalDays)
journal_merges = table(JournalMerges)
