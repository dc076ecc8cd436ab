"""The tables of doctors' days: settings of dates and weekdays, and the ledgers."""

from datetime import date as Date
from datetime import datetime
from uuid import UUID

from sqlmodel import CheckConstraint, Column, Field, Integer, SQLModel, UniqueConstraint

from clinicctl.store.models.base import references, table


class DoctorDailyAvailability(SQLModel, table=True):
    """The setting of a doctor's day.

    A day without a row follows the weekly pattern or the default.
    """

    __tablename__ = "doctor_daily_availabilities"
    __table_args__ = (
        UniqueConstraint("doctor_id", "date", name="uq_doctor_daily_availabilities_doctor_id_date"),
        CheckConstraint(
            "capacity IS NULL OR capacity BETWEEN 0 AND 500", name="ck_doctor_daily_availabilities_capacity"
        ),
        CheckConstraint("present IN (0, 1)", name="ck_doctor_daily_availabilities_present"),
    )
    id: UUID = Field(primary_key=True)
    doctor_id: UUID = references("doctors.id")
    date: Date
    present: bool
    capacity: int | None
    note: str | None
    updated_by: str
    updated_at: datetime
    sessions: str | None
    """The hours, such as `09:00-13:00;17:00-20:00`. Empty: none. NULL: those of the weekday."""
    every: int | None = Field(
        sa_column=Column(
            Integer,
            CheckConstraint(
                "(every IS NULL) = (sessions IS NULL OR sessions = '') AND (every IS NULL OR every BETWEEN 1 AND 480)",
                name="ck_doctor_daily_availabilities_every",
            ),
        )
    )
    """The minutes of a slot."""


class DoctorWeeklyPattern(SQLModel, table=True):
    """The setting of a doctor's weekday (0 is Monday), for dates without their own."""

    __tablename__ = "doctor_weekly_patterns"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="ck_doctor_weekly_patterns_weekday"),
        CheckConstraint("capacity IS NULL OR capacity BETWEEN 0 AND 500", name="ck_doctor_weekly_patterns_capacity"),
        CheckConstraint("present IN (0, 1)", name="ck_doctor_weekly_patterns_present"),
    )
    doctor_id: UUID = references("doctors.id", key=True)
    weekday: int = Field(primary_key=True)
    present: bool
    capacity: int | None
    sessions: str | None
    every: int | None = Field(
        sa_column=Column(
            Integer,
            CheckConstraint(
                "(every IS NULL) = (sessions IS NULL) AND (every IS NULL OR every BETWEEN 1 AND 480)",
                name="ck_doctor_weekly_patterns_every",
            ),
        )
    )


class Holiday(SQLModel, table=True):
    """A date on which no doctor is present, unless the date is set for a doctor."""

    __tablename__ = "holidays"
    __table_args__ = (CheckConstraint("length(name) BETWEEN 1 AND 200", name="ck_holidays_name"),)
    date: Date = Field(primary_key=True)
    name: str


class DoctorDailyCapacity(SQLModel, table=True):
    """The ledger of a doctor's day: its slots and the last position given.

    It exists from the first booking. A booking decreases `remaining` by a conditional update. `booked` is above
    `capacity` only by choice (overbooked, or kept when the capacity was lowered); `remaining` is then 0.
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
    doctor_id: UUID = references("doctors.id")
    date: Date
    capacity: int
    booked: int
    remaining: int
    last_position: int
    last_recall: int


availabilities = table(DoctorDailyAvailability)
weekly_patterns = table(DoctorWeeklyPattern)
holidays = table(Holiday)
capacities = table(DoctorDailyCapacity)
