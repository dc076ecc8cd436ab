"""The tables, as mapped SQLModel classes. The database itself refuses what the program must never do.

Each constraint is named, and `db_errors` has a refusal for each name that a user can meet. Personal data is in
`patients`, `patient_words`, the free texts of `appointments` and `doctor_daily_availabilities`, and nowhere else.
`journal_days` has copies of the notes on days, which are about doctors. Instants are UTC; dates are clinic-local.
"""

from datetime import date as Date
from datetime import datetime
from datetime import time as Time
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Dialect, TypeDecorator
from sqlmodel import (
    CheckConstraint,
    Column,
    Field,
    ForeignKey,
    Index,
    SQLModel,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)

from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus, Sex, WaitlistStatus

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

HOLDS_A_SLOT = text("status <> 'cancelled'")
IS_ACTIVE = text("status IN ('booked', 'checked_in', 'in_consultation')")
IS_WAITING = text("status = 'waiting'")
IN_QUEUE = text("queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held')")
"""The conditions of partial indexes, word for word: a query that repeats them is answered from the index."""


def _references(column: str, *, key: bool = False) -> Any:
    return Field(sa_column=Column(Uuid, ForeignKey(column, ondelete="RESTRICT"), primary_key=key, nullable=False))


class Word(TypeDecorator[StrEnum]):
    """A text column with the values of an enumeration."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else self.words(value)


def _word(words: type[StrEnum], *, nullable: bool = False) -> Any:
    return Field(sa_column=Column(Word(words), nullable=nullable))


class Setting(SQLModel, table=True):
    """The clinic's settings, one a row."""

    __tablename__ = "settings"
    name: str = Field(primary_key=True)
    value: str


class Counter(SQLModel, table=True):
    """The last human number given, one row a kind. Rising only: a number is never given twice."""

    __tablename__ = "counters"
    __table_args__ = (CheckConstraint("value >= 0", name="ck_counters_value"),)
    name: str = Field(primary_key=True)
    value: int


class Patient(SQLModel, table=True):
    """A person. The phone is not unique: families share one."""

    __tablename__ = "patients"
    __table_args__ = (
        UniqueConstraint("number", name="uq_patients_number"),
        CheckConstraint("number >= 1", name="ck_patients_number"),
        CheckConstraint("length(name) BETWEEN 1 AND 200", name="ck_patients_name"),
        CheckConstraint("phone IS NULL OR phone LIKE '+%'", name="ck_patients_phone"),
        CheckConstraint("sex IN ('female', 'male', 'other', 'unknown')", name="ck_patients_sex"),
        CheckConstraint("born IS NULL OR born_year IS NULL", name="ck_patients_born"),
        Index("ix_patients_phone", "phone"),
        CheckConstraint("merged_into IS NULL OR archived_at IS NOT NULL", name="ck_patients_merged_into"),
        Index("ix_patients_name_key", "name_key"),
        Index("ix_patients_sound_key", "sound_key"),
        Index("ix_patients_merged_into", "merged_into"),
    )
    id: UUID = Field(primary_key=True)
    number: int
    name: str
    name_key: str
    sound_key: str
    phone: str | None
    born: Date | None
    born_year: int | None
    sex: Sex = _word(Sex)
    email: str | None
    note: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    merged_into: UUID | None = Field(
        sa_column=Column(Uuid, ForeignKey("patients.id", ondelete="RESTRICT"), nullable=True)
    )
    erased_at: datetime | None


class PatientWord(SQLModel, table=True):
    """The folded words of each name: what `patient find` looks in."""

    __tablename__ = "patient_words"
    __table_args__ = (Index("ix_patient_words_patient_id", "patient_id"),)
    word: str = Field(primary_key=True)
    patient_id: UUID = _references("patients.id", key=True)


class Doctor(SQLModel, table=True):
    """A practitioner. The code is kept in capitals, so that UNIQUE compares it without case."""

    __tablename__ = "doctors"
    __table_args__ = (
        UniqueConstraint("code", name="uq_doctors_code"),
        CheckConstraint("code = upper(code) AND length(code) BETWEEN 1 AND 32", name="ck_doctors_code"),
        CheckConstraint("capacity IS NULL OR capacity BETWEEN 1 AND 500", name="ck_doctors_capacity"),
    )
    id: UUID = Field(primary_key=True)
    code: str
    name: str
    specialty: str | None
    capacity: int | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None


class DoctorDailyAvailability(SQLModel, table=True):
    """What was said about a doctor's day. A day without a row follows the doctor's default."""

    __tablename__ = "doctor_daily_availabilities"
    __table_args__ = (
        UniqueConstraint("doctor_id", "date", name="uq_doctor_daily_availabilities_doctor_id_date"),
        CheckConstraint(
            "capacity IS NULL OR capacity BETWEEN 0 AND 500", name="ck_doctor_daily_availabilities_capacity"
        ),
        CheckConstraint("present IN (0, 1)", name="ck_doctor_daily_availabilities_present"),
    )
    id: UUID = Field(primary_key=True)
    doctor_id: UUID = _references("doctors.id")
    date: Date
    present: bool
    capacity: int | None
    note: str | None
    updated_by: str
    updated_at: datetime


class DoctorWeeklyPattern(SQLModel, table=True):
    """What a doctor's weekday is where nothing is said of the date: 0 is Monday."""

    __tablename__ = "doctor_weekly_patterns"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="ck_doctor_weekly_patterns_weekday"),
        CheckConstraint("capacity IS NULL OR capacity BETWEEN 0 AND 500", name="ck_doctor_weekly_patterns_capacity"),
        CheckConstraint("present IN (0, 1)", name="ck_doctor_weekly_patterns_present"),
    )
    doctor_id: UUID = _references("doctors.id", key=True)
    weekday: int = Field(primary_key=True)
    present: bool
    capacity: int | None


class DoctorDailyCapacity(SQLModel, table=True):
    """The ledger of a doctor's day, from its first booking: places, and the last position given in its queue.

    `remaining` is what a booking takes from, by a conditional update; `booked` may pass `capacity` only where somebody
    chose so (overbooked, or kept when the capacity was lowered), and `remaining` is then 0.
    """

    __tablename__ = "doctor_daily_capacities"
    __table_args__ = (
        UniqueConstraint("doctor_id", "date", name="uq_doctor_daily_capacities_doctor_id_date"),
        CheckConstraint("capacity BETWEEN 0 AND 500", name="ck_doctor_daily_capacities_capacity"),
        CheckConstraint("booked >= 0", name="ck_doctor_daily_capacities_booked"),
        CheckConstraint("remaining >= 0 AND remaining <= capacity", name="ck_doctor_daily_capacities_remaining"),
        CheckConstraint(
            "remaining = CASE WHEN booked < capacity THEN capacity - booked ELSE 0 END",
            name="ck_doctor_daily_capacities_sum",
        ),
        CheckConstraint("last_position >= 0", name="ck_doctor_daily_capacities_last_position"),
        CheckConstraint("last_recall >= 0", name="ck_doctor_daily_capacities_last_recall"),
    )
    id: UUID = Field(primary_key=True)
    doctor_id: UUID = _references("doctors.id")
    date: Date
    capacity: int
    booked: int
    remaining: int
    last_position: int
    last_recall: int


class Appointment(SQLModel, table=True):
    """A patient's place on a doctor's day.

    `visit` is 1, or the number of a patient's further visit that day (`book --again`), so that the database can refuse
    a second active appointment.
    """

    __tablename__ = "appointments"
    __table_args__ = (
        UniqueConstraint("number", name="uq_appointments_number"),
        Index(
            "uq_appointments_slot",
            *("doctor_id", "date", "slot"),
            unique=True,
            sqlite_where=HOLDS_A_SLOT,
        ),
        Index(
            "uq_appointments_visit",
            *("patient_id", "doctor_id", "date", "visit"),
            unique=True,
            sqlite_where=IS_ACTIVE,
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
        Index("ix_appointments_active_date", "date", sqlite_where=IS_ACTIVE),
    )
    id: UUID = Field(primary_key=True)
    number: int
    patient_id: UUID = _references("patients.id")
    doctor_id: UUID = _references("doctors.id")
    date: Date
    slot: int
    visit: int
    time: Time | None
    status: AppointmentStatus = _word(AppointmentStatus)
    reason: str | None
    overbooked: bool
    cancelled_by: CancelledBy | None = _word(CancelledBy, nullable=True)
    cancel_reason: str | None
    moved_to: int | None
    moved_from: int | None
    key: str | None
    created_at: datetime
    updated_at: datetime


class QueueEntry(SQLModel, table=True):
    """A place in a doctor's queue of the day. The position is never reused, never reset within the day."""

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
            sqlite_where=text("status IN ('waiting', 'called', 'serving', 'skipped', 'held')"),
        ),
        CheckConstraint(
            "status IN ('waiting', 'called', 'serving', 'done', 'skipped', 'held', 'left')",
            name="ck_queue_entries_status",
        ),
    )
    id: UUID = Field(primary_key=True)
    appointment_id: UUID = _references("appointments.id")
    doctor_id: UUID = _references("doctors.id")
    date: Date
    position: int
    status: QueueStatus = _word(QueueStatus)
    priority: int
    recalled: int
    checked_in_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


class WaitlistEntry(SQLModel, table=True):
    """Somebody who waits for a place with a doctor on one of several days; the number is the order."""

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        UniqueConstraint("number", name="uq_waitlist_entries_number"),
        Index(
            "uq_waitlist_entries_waiting",
            *("patient_id", "doctor_id", "first_date", "last_date"),
            unique=True,
            sqlite_where=IS_WAITING,
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
    patient_id: UUID = _references("patients.id")
    doctor_id: UUID = _references("doctors.id")
    first_date: Date
    last_date: Date
    status: WaitlistStatus = _word(WaitlistStatus)
    appointment_id: UUID | None = Field(
        sa_column=Column(Uuid, ForeignKey("appointments.id", ondelete="RESTRICT"), nullable=True)
    )
    created_at: datetime
    updated_at: datetime


class WaitlistDay(SQLModel, table=True):
    """A day for which somebody waits; the entry's `first_date` and `last_date` are the first and the last of them."""

    __tablename__ = "waitlist_days"
    entry_id: UUID = _references("waitlist_entries.id", key=True)
    date: Date = Field(primary_key=True)


class Journal(SQLModel, table=True):
    """One row an accepted write, chained by hash. The outcome holds ids and numbers, nothing personal."""

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
    """The steps of appointments and queue entries that a journaled write took, in order.

    `before` is what the changed columns held, as JSON, nothing personal among them: what `undo` puts back.
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
    appointment_id: UUID = _references("appointments.id")
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    before: str


class JournalDays(SQLModel, table=True):
    """What stood of the days or weekdays that a journaled write changed: what `undo` puts back.

    `before` is a JSON object with compressed rows; see `desk.day_history`. It can hold the notes on days, which are
    free text about doctors, so the journal's hash does not cover it.
    """

    __tablename__ = "journal_days"
    journal_number: int = Field(
        sa_column=Column(ForeignKey("journal.number", ondelete="RESTRICT"), primary_key=True, nullable=False)
    )
    before: str


def _table(model: type[SQLModel]) -> Table:
    return cast("Table", cast("Any", model).__table__)


settings = _table(Setting)
counters = _table(Counter)
patients = _table(Patient)
patient_words = _table(PatientWord)
doctors = _table(Doctor)
availabilities = _table(DoctorDailyAvailability)
weekly_patterns = _table(DoctorWeeklyPattern)
capacities = _table(DoctorDailyCapacity)
appointments = _table(Appointment)
queue_entries = _table(QueueEntry)
waitlist_entries = _table(WaitlistEntry)
waitlist_days = _table(WaitlistDay)
journal = _table(Journal)
journal_steps = _table(JournalStep)
journal_days = _table(JournalDays)
