"""Doctors as they stand on file: how one is found and described. The operations on them are in `doctors`."""

from uuid import UUID

from clinicctl import errors
from clinicctl.results import Doctor, DoctorBrief
from clinicctl.rules import references
from clinicctl.rules.references import DoctorRef
from clinicctl.store.compiled import doctors, rows
from clinicctl.store.engine import Tx


def find(tx: Tx, doctor: DoctorRef) -> rows.DoctorRow:
    """Return the row that a reference means. Refuses an unknown one."""
    identity = references.uuid(doctor)
    row = doctors.by_id(tx, id=identity) if identity else get_by_code(tx, doctor.strip().upper())
    if row is None:
        raise errors.NoSuchDoctor()
    return row


def of_id(tx: Tx, identity: UUID) -> rows.DoctorRow:
    """Return the row of a doctor whom another row names."""
    row = doctors.by_id(tx, id=identity)
    assert row is not None, "a reference to a doctor who is not on file"
    return row


def find_active(tx: Tx, doctor: DoctorRef) -> rows.DoctorRow:
    """As `find`; refuses an archived doctor, too."""
    return refuse_archived(find(tx, doctor))


def refuse_archived(row: rows.DoctorRow) -> rows.DoctorRow:
    """Return the row of a doctor who is not archived. Refuses an archived one."""
    if row.archived_at is not None:
        raise archived(row.code)
    return row


def archived(code: str) -> errors.Archived:
    """Return the refusal of an archived doctor."""
    return errors.Archived(subject=code, hint=f"Restore with `clinicctl doctor restore {code}`.")


def get_by_code(tx: Tx, code: str) -> rows.DoctorRow | None:
    """Return the row with this code, archived or not, or None."""
    return doctors.by_code(tx, code=code)


def default_capacity(tx: Tx, row: rows.DoctorRow) -> int:
    """Return the capacity of a day of this doctor's for which nothing else is said."""
    return tx.clinic.capacity if row.capacity is None else row.capacity


def describe(tx: Tx, row: rows.DoctorRow) -> Doctor:
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


def brief(row: rows.DoctorRow) -> DoctorBrief:
    """Return a row as it stands inside something else."""
    return DoctorBrief(id=row.id, code=row.code, name=row.name)
