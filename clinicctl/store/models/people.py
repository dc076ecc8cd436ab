"""The tables of patients and doctors."""

from datetime import date as Date
from datetime import datetime
from uuid import UUID

from sqlmodel import CheckConstraint, Field, Index, SQLModel, UniqueConstraint

from clinicctl.statuses import Sex
from clinicctl.store.models.base import references, table, word


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
    sex: Sex = word(Sex)
    email: str | None
    note: str | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    merged_into: UUID | None = references("patients.id", nullable=True)
    erased_at: datetime | None


class PatientWord(SQLModel, table=True):
    """A folded word of a patient's name, for `patient find`."""

    __tablename__ = "patient_words"
    __table_args__ = (Index("ix_patient_words_patient_id", "patient_id"),)
    word: str = Field(primary_key=True)
    patient_id: UUID = references("patients.id", key=True)


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


patients = table(Patient)
patient_words = table(PatientWord)
doctors = table(Doctor)
