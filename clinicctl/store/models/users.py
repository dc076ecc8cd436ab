"""The table of the users of a clinic."""

from datetime import datetime
from uuid import UUID

from sqlmodel import CheckConstraint, Field, SQLModel

from clinicctl.statuses import Role
from clinicctl.store.models.base import references, table, word


class User(SQLModel, table=True):
    """A login, or a role of a server, and what it may do in the clinic.

    A clinician has a doctor. `pin` is a scrypt hash with its parameters. `wrong_pins` counts the wrong ones, of which
    the last one was typed at `wrong_at`.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("length(name) BETWEEN 1 AND 64", name="ck_users_name"),
        CheckConstraint(
            "role IN ('desk', 'clinician', 'manager', 'auditor', 'reader', 'importer')", name="ck_users_role"
        ),
        CheckConstraint("(role = 'clinician') = (doctor_id IS NOT NULL)", name="ck_users_doctor"),
        CheckConstraint("wrong_pins >= 0 AND (wrong_pins = 0) = (wrong_at IS NULL)", name="ck_users_wrong_pins"),
    )
    name: str = Field(primary_key=True)
    role: Role = word(Role)
    doctor_id: UUID | None = references("doctors.id", nullable=True)
    pin: str | None
    wrong_pins: int = 0
    wrong_at: datetime | None
    created_at: datetime
    updated_at: datetime


users = table(User)
