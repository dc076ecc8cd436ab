"""Patients and doctors, as results."""

from dataclasses import field
from datetime import date, datetime
from uuid import UUID

from clinicctl.results.base import PERSONAL, result, stored


@stored("PatientBrief")
@result
class PatientBrief:
    """A patient inside something else."""

    id: UUID
    number: str
    name: str = field(metadata=PERSONAL)


@stored("DoctorBrief")
@result
class DoctorBrief:
    """A doctor inside something else."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)


@stored("Patient")
@result
class Patient:
    """A patient on file. `age` is in whole years, from `born`, or from the age said at the desk.

    `phone_unverified` says that the phone has a possible length, but is not valid for its region. The former names and
    phones are those of records that were merged into this one: the first of them, and how many there are.
    """

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
    phone_unverified: bool = field(default=False, kw_only=True, metadata=PERSONAL)
    former_names: tuple[str, ...] = field(default=(), kw_only=True, metadata=PERSONAL)
    former_names_count: int = field(default=0, kw_only=True, metadata=PERSONAL)
    former_phones: tuple[str, ...] = field(default=(), kw_only=True, metadata=PERSONAL)
    former_phones_count: int = field(default=0, kw_only=True, metadata=PERSONAL)


@stored("Candidate")
@result
class Candidate:
    """Somebody on file who may be a patient, as in the candidates of a `possible_duplicate`. The score goes to 100."""

    number: str
    name: str = field(metadata=PERSONAL)
    born: str | None = field(metadata=PERSONAL)
    age: int | None = field(metadata=PERSONAL)
    sex: str = field(metadata=PERSONAL)
    phone_last3: str | None = field(metadata=PERSONAL)
    phone_ending: str | None = field(metadata=PERSONAL)
    last_visit: str | None = field(metadata=PERSONAL)
    score: int


@stored("Registered")
@result
class Registered(Patient):
    """A patient as a registration leaves the record: new, or on file already.

    `filled` names the fields that were empty on file, `not_taken` those for which something else is on file. Lists of
    people have at most 20 members, the likeliest first, and their count beside them. A phone that is
    `phone_shared_by_many` was not used to decide who the patient is.
    """

    created: bool
    shares_phone_with: tuple[PatientBrief, ...]
    shares_phone_with_count: int = field(kw_only=True)
    phone_shared_by_many: bool = field(default=False, kw_only=True)
    similar_on_file: tuple[Candidate, ...] = field(default=(), kw_only=True)
    similar_on_file_count: int = field(default=0, kw_only=True)
    filled: tuple[str, ...] = field(default=(), kw_only=True)
    not_taken: tuple[str, ...] = field(default=(), kw_only=True)


@stored("Edited")
@result
class Edited(Patient):
    """A patient after a change, and those on file who may be the same person now."""

    similar_on_file: tuple[Candidate, ...]
    similar_on_file_count: int


@stored("Merged")
@result
class Merged:
    """What came of a merge: who is left, whose record it was, how much moved, and what became of the details.

    `taken_over` are the fields that the patient took over, `kept` those that differ and stay with the merged record.
    Of two waitlist entries for the same days the older one stays; `waitlist_removed` are the others.
    """

    patient: Patient
    merged: str
    appointments: int
    waitlist_entries: int
    waitlist_removed: tuple[str, ...] = field(default=(), kw_only=True)
    taken_over: tuple[str, ...] = field(default=(), kw_only=True)
    kept: tuple[str, ...] = field(default=(), kw_only=True)


@result
class MergePlan:
    """What a merge would do, before anybody is asked."""

    patient: PatientBrief
    into: PatientBrief
    appointments: int
    waitlist_entries: int
    taken_over: tuple[str, ...]
    kept: tuple[str, ...]


@stored("Erased")
@result
class Erased:
    """What is left of a patient: his number, those of whoever was merged into him, and his appointments.

    `overwritten` says whether the database and its log hold nothing of him any more, not even in what is free.
    """

    patient: Patient
    numbers: tuple[str, ...]
    appointments: int
    overwritten: bool | None = None


@result
class Duplicate:
    """Two patients on file who may be one person; the score goes to 100."""

    score: int
    why: str
    one: Patient
    other: Patient


@stored("Doctor")
@result
class Doctor:
    """A doctor. `capacity` is that of a day for which nothing else is said."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)
    specialty: str | None
    capacity: int
    created_at: datetime
    archived_at: datetime | None


@stored("ToCall")
@result
class ToCall:
    """A patient whom the clinic has cancelled, and who has to be told."""

    appointment: str
    number: str
    name: str = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)
