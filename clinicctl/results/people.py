"""Patients and doctors, as results."""

from dataclasses import field
from datetime import date, datetime
from uuid import UUID

from clinicctl.results.base import PERSONAL, facts


@facts
class PatientBrief:
    """A patient inside something else."""

    id: UUID
    number: str
    name: str = field(metadata=PERSONAL)


@facts
class DoctorBrief:
    """A doctor inside something else."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)


@facts
class Patient:
    """A patient on file. `age` is in whole years, from `born`, or from the age said at the desk."""

    id: UUID
    number: str
    name: str = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)
    born: date | None = field(metadata=PERSONAL)
    age: int | None = field(metadata=PERSONAL)
    sex: str = field(metadata=PERSONAL)
    email: str | None = field(metadata=PERSONAL)
    note: str | None = field(metadata=PERSONAL)
    created_at: datetime
    archived_at: datetime | None
    merged_into: str | None
    erased_at: datetime | None = field(default=None, kw_only=True)


@facts
class Registered(Patient):
    """A patient as a registration leaves him: new, or on file already."""

    created: bool
    shares_phone_with: tuple[PatientBrief, ...]


@facts
class Merged:
    """What came of a merge: who is left, whose file it was, and how much moved."""

    patient: Patient
    merged: str
    appointments: int
    waitlist_entries: int


@facts
class Erased:
    """What is left of a patient: his number, those of whoever was merged into him, and his appointments.

    `overwritten` says whether the database and its log hold nothing of him any more, not even in what is free.
    """

    patient: Patient
    numbers: tuple[str, ...]
    appointments: int
    overwritten: bool | None = None


@facts
class Duplicate:
    """Two patients on file who may be one person; the score goes to 100."""

    score: int
    why: str
    one: Patient
    other: Patient


@facts
class Doctor:
    """A doctor. `capacity` is that of a day for which nothing else is said."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)
    specialty: str | None
    capacity: int
    created_at: datetime
    archived_at: datetime | None


@facts
class ToCall:
    """A patient whom the clinic has cancelled, and who has to be told."""

    appointment: str
    number: str
    name: str = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)
