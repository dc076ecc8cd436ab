"""The tables of appointments, queues and the waitlist."""

from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from uuid import UUID

from sqlmodel import (
    Boolean,
    CheckConstraint,
    Column,
    Field,
    ForeignKey,
    Index,
    Integer,
    SQLModel,
    UniqueConstraint,
    false,
    text,
)

from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus, WaitlistStatus
from clinicctl.store.models.base import IS_ACTIVE, IS_WAITING, partial, references, table, word


class Appointment(SQLModel, table=True):
    """A patient's place on a doctor's day.

    It holds `slots` consecutive slots from `slot` on; see `HeldSlot`. `visit` is 1, or counts further visits on that
    day (`book --again`). With it, the database refuses a second active appointment. `minutes` is the length of a visit
    whose `time` is the start of a slot; without it, `time` is a note.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("number", name="uq_appointments_number"),
        Index(
            "uq_appointments_visit",
            *("patient_id", "doctor_id", "date", "visit"),
            unique=True,
            **partial(IS_ACTIVE),
        ),
        CheckConstraint(
            "status IN ('booked', 'checked_in', 'in_consultation', 'completed', 'cancelled', 'no_show', 'left')",
            name="ck_appointments_status",
        ),
        CheckConstraint("slot >= 1", name="ck_appointments_slot"),
        CheckConstraint("visit >= 1", name="ck_appointments_visit"),
        CheckConstraint("overbooked IN (0, 1)", name="ck_appointments_overbooked"),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_by IS NOT NULL)"
            " AND (cancelled_by IS NULL OR cancelled_by IN ('patient', 'clinic'))",
            name="ck_appointments_cancelled_by",
        ),
        Index("ix_appointments_doctor_id_date", "doctor_id", "date"),
        Index("ix_appointments_patient_id_date", "patient_id", "date"),
        Index("ix_appointments_date", "date"),
        Index("ix_appointments_active_date", "date", **partial(IS_ACTIVE)),
        Index("ix_appointments_series", "series", **partial(text("series IS NOT NULL"))),
    )
    id: UUID = Field(primary_key=True)
    number: int
    patient_id: UUID = references("patients.id")
    doctor_id: UUID = references("doctors.id")
    date: Date
    slot: int
    visit: int
    time: Time | None
    status: AppointmentStatus = word(AppointmentStatus)
    reason: str | None
    overbooked: bool
    cancelled_by: CancelledBy | None = word(CancelledBy, nullable=True)
    cancel_reason: str | None
    moved_to: int | None
    moved_from: int | None
    key: str | None
    created_at: datetime
    updated_at: datetime
    note: str | None
    slots: int = Field(
        sa_column=Column(
            Integer,
            CheckConstraint("slots BETWEEN 1 AND 500", name="ck_appointments_slots"),
            nullable=False,
            server_default=text("1"),
        )
    )
    minutes: int | None = Field(
        sa_column=Column(
            Integer,
            CheckConstraint(
                "minutes IS NULL OR (time IS NOT NULL AND minutes BETWEEN 1 AND 1440)", name="ck_appointments_minutes"
            ),
        )
    )
    after_midnight: bool = Field(
        sa_column=Column(
            Boolean,
            CheckConstraint("after_midnight IN (0, 1)", name="ck_appointments_after_midnight"),
            nullable=False,
            server_default=false(),
        )
    )
    """Whether the time is on the date after `date`, in a session that began before midnight."""
    visit_type: str | None
    series: int | None
    """The number of the first appointment of a series."""


class HeldSlot(SQLModel, table=True):
    """A slot that an appointment holds. The primary key gives each slot of a day once.

    A cancelled appointment holds none, and a long visit holds several.
    """

    __tablename__ = "held_slots"
    __table_args__ = ({"sqlite_with_rowid": False},)
    doctor_id: UUID = references("doctors.id", key=True)
    date: Date = Field(primary_key=True)
    slot: int = Field(primary_key=True)
    appointment: int = Field(sa_column=Column(ForeignKey("appointments.number", ondelete="RESTRICT"), nullable=False))


class VisitType(SQLModel, table=True):
    """A kind of visit, with its length in minutes."""

    __tablename__ = "visit_types"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 60", name="ck_visit_types_name"),
        CheckConstraint("minutes BETWEEN 1 AND 480", name="ck_visit_types_minutes"),
    )
    name: str = Field(primary_key=True)
    minutes: int


class QueueEntry(SQLModel, table=True):
    """An entry in a doctor's queue of a day.

    Its position is never reused or reset within the day.
    """

    __tablename__ = "queue_entries"
    __table_args__ = (
        UniqueConstraint("appointment_id", name="uq_queue_entries_appointment_id"),
        UniqueConstraint("doctor_id", "date", "position", name="uq_queue_entries_position"),
        CheckConstraint("position >= 1", name="ck_queue_entries_position"),
        CheckConstraint("recalled >= 0", name="ck_queue_entries_recalled"),
        CheckConstraint("priority BETWEEN 0 AND 9", name="ck_queue_entries_priority"),
        Index("ix_queue_entries_date", "date"),
        # The status comes first: the index serves one status of every doctor and all open queues of one doctor.
        Index(
            "ix_queue_entries_open",
            *("status", "doctor_id", "date"),
            **partial(text("status IN ('waiting', 'called', 'serving', 'skipped', 'held')")),
        ),
        CheckConstraint(
            "status IN ('waiting', 'called', 'serving', 'done', 'skipped', 'held', 'left')",
            name="ck_queue_entries_status",
        ),
    )
    id: UUID = Field(primary_key=True)
    appointment_id: UUID = references("appointments.id")
    doctor_id: UUID = references("doctors.id")
    date: Date
    position: int
    status: QueueStatus = word(QueueStatus)
    priority: int
    recalled: int
    checked_in_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    moved_up: bool = Field(
        sa_column=Column(
            Boolean,
            CheckConstraint("moved_up IN (0, 1)", name="ck_queue_entries_moved_up"),
            nullable=False,
            server_default=false(),
        )
    )
    """Whether a recalled patient is ahead of the others of the same priority."""


class WaitlistEntry(SQLModel, table=True):
    """A patient who waits for a slot with a doctor on one of several days.

    The numbers give the order.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        UniqueConstraint("number", name="uq_waitlist_entries_number"),
        Index(
            "uq_waitlist_entries_waiting",
            *("patient_id", "doctor_id", "first_date", "last_date"),
            unique=True,
            **partial(IS_WAITING),
        ),
        CheckConstraint("first_date <= last_date", name="ck_waitlist_entries_dates"),
        CheckConstraint("status IN ('waiting', 'promoted', 'removed')", name="ck_waitlist_entries_status"),
        CheckConstraint(
            "(status = 'promoted') = (appointment_id IS NOT NULL)", name="ck_waitlist_entries_appointment_id"
        ),
        Index("ix_waitlist_entries_doctor_id_status", "doctor_id", "status"),
        Index("ix_waitlist_entries_appointment_id", "appointment_id"),
        Index("ix_waitlist_entries_patient_id", "patient_id"),
        Index("ix_waitlist_entries_status_number", "status", "number"),
    )
    id: UUID = Field(primary_key=True)
    number: int
    patient_id: UUID = references("patients.id")
    doctor_id: UUID = references("doctors.id")
    first_date: Date
    last_date: Date
    status: WaitlistStatus = word(WaitlistStatus)
    appointment_id: UUID | None = references("appointments.id", nullable=True)
    created_at: datetime
    updated_at: datetime


class WaitlistDay(SQLModel, table=True):
    """A day of a waitlist entry.

    The entry's `first_date` and `last_date` are its first and its last day.
    """

    __tablename__ = "waitlist_days"
    entry_id: UUID = references("waitlist_entries.id", key=True)
    date: Date = Field(primary_key=True)


appointments = table(Appointment)
held_slots = table(HeldSlot)
visit_types = table(VisitType)
queue_entries = table(QueueEntry)
waitlist_entries = table(WaitlistEntry)
waitlist_days = table(WaitlistDay)
