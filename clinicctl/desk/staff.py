"""Doctors as they stand on file: how one is found and described. The operations on them are in `doctors`."""

from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.results import Doctor, DoctorBrief
from clinicctl.rules import references
from clinicctl.rules.references import DoctorRef
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import doctors
from clinicctl.store.sql import bindparam, select

_BY_ID = select(doctors).where(doctors.c.id == bindparam("id"))
_BY_CODE = select(doctors).where(doctors.c.code == bindparam("code"))


def find(tx: Tx, doctor: DoctorRef) -> Row[Any]:
    """Return the row that a reference means. Refuses an unknown one."""
    identity = references.uuid(doctor)
    row = tx.one(_BY_ID, id=identity) if identity else get_by_code(tx, doctor.strip().upper())
    if row is None:
        raise errors.NoSuchDoctor()
    return row


def of_id(tx: Tx, identity: UUID) -> Row[Any]:
    """Return the row of a doctor whom another row names."""
    row = tx.one(_BY_ID, id=identity)
    assert row is not None, "a reference to a doctor who is not on file"
    return row


def find_active(tx: Tx, doctor: DoctorRef) -> Row[Any]:
    """As `find`; refuses an archived doctor, too."""
    return refuse_archived(find(tx, doctor))


def refuse_archived(row: Row[Any]) -> Row[Any]:
    """Return the row of a doctor who is not archived. Refuses an archived one."""
    if row.archived_at is not None:
        raise archived(row.code)
    return row


def archived(code: str) -> errors.Archived:
    """Return the refusal of an archived doctor."""
    return errors.Archived(subject=code, hint=f"Restore with `clinicctl doctor restore {code}`.")


def get_by_code(tx: Tx, code: str) -> Row[Any] | None:
    """Return the row with this code, archived or not, or None."""
    return tx.one(_BY_CODE, code=code)


def default_capacity(tx: Tx, row: Row[Any]) -> int:
    """Return the capacity of a day of this doctor's for which nothing else is said."""
    return int(tx.clinic.capacity if row.capacity is None else row.capacity)


def describe(tx: Tx, row: Row[Any]) -> Doctor:
    """Return a row as a result."""
    return Doctor(
        id=row.id,
        code=row.code,
        name=row.name,
        specialty=row.specialty,
        capacity=default_capacity(tx, row),
        created_at=tx.local(row.created_at),
        archived_at=tx.local(row.archived_at),
    )


def brief(row: Row[Any]) -> DoctorBrief:
    """Return a row as it stands inside something else."""
    return DoctorBrief(id=row.id, code=row.code, name=row.name)
