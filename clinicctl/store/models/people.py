"""The tables of patients and doctors."""

from datetime import date as Date
from datetime import datetime
from uuid import UUID

from sqlmodel import AutoString, CheckConstraint, Column, Field, ForeignKey, Index, Integer, SQLModel, UniqueConstraint

from clinicctl.statuses import Notify, Sex
from clinicctl.store.models.base import Word, references, table, word


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
        Index("ix_patients_name_key_born", "name_key", "born"),
        Index("ix_patients_merged_into", "merged_into"),
    )
    id: UUID = Field(primary_key=True)
    number: int
    name: str
    name_key: str
    phone: str | None
    born: Date | None
    born_year: int | None
    sex: Sex = word(Sex)
    email: str | None
    note: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    merged_into: UUID | None = references("patients.id", nullable=True)
    erased_at: datetime | None
    born_month: int | None = Field(
        sa_column=Column(
            Integer,
            CheckConstraint(
                "born_month IS NULL OR (born_year IS NOT NULL AND born_month BETWEEN 1 AND 12)",
                name="ck_patients_born_month",
            ),
        )
    )
    """The month of an estimated birth date, for infants. An estimate without it is a year."""
    notify: Notify | None = Field(
        sa_column=Column(
            Word(Notify),
            CheckConstraint("notify IN ('sms', 'email', 'whatsapp', 'none')", name="ck_patients_notify"),
        )
    )
    """How messages reach the patient. Without it, by SMS to the phone, or else by e-mail."""
    language: str | None = Field(
        sa_column=Column(AutoString, CheckConstraint("length(language) BETWEEN 2 AND 8", name="ck_patients_language"))
    )
    """The language of messages, such as `de`. Without it, that of the clinic."""


class PatientPhone(SQLModel, table=True):
    """A phone of a patient. The first one is also the patient's `phone`.

    `ending` has the digits in reverse order, so that an index finds the last digits.
    """

    __tablename__ = "patient_phones"
    __table_args__ = (
        UniqueConstraint("patient_id", "position", name="uq_patient_phones_position"),
        CheckConstraint("position >= 1", name="ck_patient_phones_position"),
    )
    ending: str = Field(primary_key=True)
    patient_id: UUID = references("patients.id", key=True)
    position: int


class PatientWord(SQLModel, table=True):
    """A folded word of a patient's name, for `patient find`."""

    __tablename__ = "patient_words"
    __table_args__ = (Index("ix_patient_words_patient_id", "patient_id"),)
    word: str = Field(primary_key=True)
    patient_id: UUID = references("patients.id", key=True)


class PatientKey(SQLModel, table=True):
    """A key by which a patient's record is compared with others. It is the checksum of a key of `rules.keys`."""

    __tablename__ = "patient_keys"
    __table_args__ = ({"sqlite_with_rowid": False},)
    key: int = Field(primary_key=True)
    patient: int = Field(
        sa_column=Column(ForeignKey("patients.number", ondelete="RESTRICT"), primary_key=True, nullable=False)
    )


class DistinctPatients(SQLModel, table=True):
    """Two patients whom somebody has judged to be two people, in the order of their ids."""

    __tablename__ = "distinct_patients"
    __table_args__ = (
        CheckConstraint("one_id < other_id", name="ck_distinct_patients_order"),
        Index("ix_distinct_patients_other_id", "other_id"),
    )
    one_id: UUID = references("patients.id", key=True)
    other_id: UUID = references("patients.id", key=True)


class Doctor(SQLModel, table=True):
    """A doctor. The code is stored in capitals, so that UNIQUE ignores case."""

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


distinct_patients = table(DistinctPatients)
patients = table(Patient)
patient_keys = table(PatientKey)
patient_phones = table(PatientPhone)
patient_words = table(PatientWord)
doctors = table(Doctor)
