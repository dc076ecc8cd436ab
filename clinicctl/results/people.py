"""Results about patients and doctors."""

from dataclasses import field
from datetime import date, datetime, time
from uuid import UUID

from clinicctl.results.base import PERSONAL, result, stored
from clinicctl.statuses import Notify


@stored("PatientBrief")
@result
class PatientBrief:
    """A patient in another result."""

    id: UUID
    number: str
    name: str = field(metadata=PERSONAL)


@stored("DoctorBrief")
@result
class DoctorBrief:
    """A doctor in another result."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)


@stored("Patient")
@result
class Patient:
    """A patient on file.

    `age` is in whole years, from `born` or from the age given at the desk. `phones` has all phones; the first is
    `phone`. `age_months` is the age of an infant below two years.
    `born_estimated` is the year of an age, such as `1980`, or the month of an infant's, such as `2026-05`.
    `phone_unverified` marks a phone with a possible length that is not valid for its region. Former names and phones
    come from merged records: the first of them, and their number. `notify` is how messages reach the patient; without
    it, by SMS to the phone, or else by e-mail. Without a `language`, messages are in that of the clinic.
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
    phones: tuple[str, ...] = field(default=(), kw_only=True, metadata=PERSONAL)
    age_months: int | None = field(default=None, kw_only=True, metadata=PERSONAL)
    born_estimated: str | None = field(default=None, kw_only=True, metadata=PERSONAL)
    notify: Notify | None = field(default=None, kw_only=True, metadata=PERSONAL)
    language: str | None = field(default=None, kw_only=True, metadata=PERSONAL)


@result
class FoundPatient(Patient):
    """A patient whom a search has found.

    `score` says how similar the name is if it does not match: at most 100.
    """

    score: int | None = field(default=None, kw_only=True)


@stored("Candidate")
@result
class Candidate:
    """A possible match on file, as in the candidates of a `possible_duplicate`. The highest score is 100."""

    number: str
    name: str = field(metadata=PERSONAL)
    born: str | None = field(metadata=PERSONAL)
    age: int | None = field(metadata=PERSONAL)
    sex: str = field(metadata=PERSONAL)
    phone_last3: str | None = field(metadata=PERSONAL)
    phone_ending: str | None = field(metadata=PERSONAL)
    last_visit: str | None = field(metadata=PERSONAL)
    score: int
    why: str = ""


@stored("Registered")
@result
class Registered(Patient):
    """A patient after a registration: new, or already on file.

    `filled` has the fields that were empty on file, and `not_taken` those with a different value on file. Lists of
    people have at most 20 members, the likeliest first, with their count in another field. A phone with
    `phone_shared_by_many` was not used to identify the patient, and with `name_shared_by_many` the name alone was not.
    """

    created: bool
    shares_phone_with: tuple[PatientBrief, ...]
    shares_phone_with_count: int = field(kw_only=True)
    phone_shared_by_many: bool = field(default=False, kw_only=True)
    similar_on_file: tuple[Candidate, ...] = field(default=(), kw_only=True)
    similar_on_file_count: int = field(default=0, kw_only=True)
    filled: tuple[str, ...] = field(default=(), kw_only=True)
    not_taken: tuple[str, ...] = field(default=(), kw_only=True)
    name_shared_by_many: bool = field(default=False, kw_only=True)


@stored("Edited")
@result
class Edited(Patient):
    """A changed patient, and those on file who may be the same person now."""

    similar_on_file: tuple[Candidate, ...]
    similar_on_file_count: int


@stored("Merged")
@result
class Merged:
    """The survivor of a merge, the number of the merged record, and what moved.

    `taken_over` has the fields that were filled from the merged record, and `kept` those that differ and stay with it.
    `waitlist_removed` has the entries for the same days as an older one.
    """

    patient: Patient
    merged: str
    appointments: int
    waitlist_entries: int
    waitlist_removed: tuple[str, ...] = field(default=(), kw_only=True)
    taken_over: tuple[str, ...] = field(default=(), kw_only=True)
    kept: tuple[str, ...] = field(default=(), kw_only=True)


@result
class Compared(Patient):
    """A record before or after a merge, with the number of its appointments and of its waiting entries."""

    appointments: int = field(kw_only=True)
    waitlist_entries: int = field(kw_only=True)
    last_visit: date | None = field(kw_only=True, metadata=PERSONAL)


@result
class MergePlan:
    """A preview of a merge: both records, and the record of which they become a part.

    The other fields are as in the result of the merge.
    """

    patient: PatientBrief
    into: PatientBrief
    appointments: int
    waitlist_entries: int
    taken_over: tuple[str, ...]
    kept: tuple[str, ...]
    waitlist_removed: tuple[str, ...]
    merged_record: Compared
    into_record: Compared
    record_after: Compared


@stored("Distinct")
@result
class Distinct:
    """Two patients who were judged to be two people. `created` is false if they had been before."""

    one: PatientBrief
    other: PatientBrief
    created: bool


@stored("Erased")
@result
class Erased:
    """An erased patient: the numbers, including those of merged records, and the number of appointments.

    `overwritten` says whether nothing personal is left in the database and its log, not even in free pages.
    """

    patient: Patient
    numbers: tuple[str, ...]
    appointments: int
    overwritten: bool | None = None


@result
class Duplicate:
    """Two patients on file who may be one person. The highest score is 100."""

    score: int
    why: str
    one: Patient
    other: Patient


@stored("Doctor")
@result
class Doctor:
    """A doctor. `capacity` is the default of a day."""

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
    """A patient to call, because the clinic cancelled the appointment."""

    appointment: str
    number: str
    name: str = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)


@stored("Moved")
@result
class Moved(ToCall):
    """A patient to call, because a change of hours moved the appointment to another time."""

    from_time: time | None
    to_time: time | None
