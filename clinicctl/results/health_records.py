"""The records of a clinic that are exported as FHIR resources. Each refers to others by their ids."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from clinicctl.statuses import AppointmentStatus, CancelledBy, QueueStatus


class SlotStatus(StrEnum):
    """The status of a slot, in FHIR's words."""

    FREE = "free"
    BUSY = "busy"
    UNAVAILABLE = "busy-unavailable"
    TENTATIVE = "busy-tentative"


class Extent(NamedTuple):
    """From when to when. `missing` says what nobody has agreed on: the `time`, or only the `end`."""

    start: datetime
    end: datetime
    missing: str | None = None


class ClinicRecord(NamedTuple):
    """The clinic itself, as an organization and as a place."""

    id: UUID
    location: UUID
    name: str
    updated_at: datetime


class DoctorRecord(NamedTuple):
    """A doctor, with the ids of their role and of their schedule."""

    id: UUID
    role: UUID
    schedule: UUID
    code: str
    name: str | None
    specialty: str | None
    is_active: bool
    horizon: tuple[date, date] | None
    updated_at: datetime


class PatientRecord(NamedTuple):
    """A patient. What is personal is None if it is left out, or erased."""

    id: UUID
    number: str
    name: str | None
    phones: tuple[str, ...]
    email: str | None
    sex: str | None
    born: str | None
    is_active: bool
    replaced_by: UUID | None
    updated_at: datetime


class SlotRecord(NamedTuple):
    """A slot of a doctor's day."""

    id: UUID
    doctor: str
    schedule: UUID
    date: date
    number: int
    status: SlotStatus
    extent: Extent
    is_above: bool
    """Whether it is above the capacity of the day."""
    updated_at: datetime


class MovedAppointment(NamedTuple):
    """The appointment in whose place another one is. `id` is None if it is not among what is exported."""

    number: str
    id: UUID | None


class AppointmentRecord(NamedTuple):
    """An appointment with its slots."""

    id: UUID
    number: str
    patient: UUID
    doctor: UUID
    slots: tuple[UUID, ...]
    extent: Extent
    day: tuple[datetime, datetime]
    status: AppointmentStatus
    cancelled_by: CancelledBy | None
    moved_to: MovedAppointment | None
    reason: str | None
    note: str | None
    visit_type: str | None
    created_at: datetime
    updated_at: datetime


class VisitRecord(NamedTuple):
    """An entry in a queue: the visit from the check-in on."""

    id: UUID
    appointment: UUID
    patient: UUID
    doctor: UUID
    status: QueueStatus
    position: int
    priority: int
    checked_in_at: datetime
    ended_at: datetime | None
    updated_at: datetime


class WaitingRecord(NamedTuple):
    """A waiting entry of the waitlist, with the days of each period."""

    id: UUID
    number: str
    patient: UUID
    doctor: UUID
    periods: tuple[tuple[datetime, datetime], ...]
    created_at: datetime
    updated_at: datetime


Record = ClinicRecord | DoctorRecord | PatientRecord | SlotRecord | AppointmentRecord | VisitRecord | WaitingRecord


class Records(NamedTuple):
    """The records of a clinic at an instant. `base` is the URL under which they are known."""

    base: str
    clinic: ClinicRecord
    at: datetime
    records: Iterator[Record]
