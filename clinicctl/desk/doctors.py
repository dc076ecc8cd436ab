"""Doctors: a code each, and the capacity of their days."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import availability, operations, records, staff
from clinicctl.results import Doctor
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import OnConflict
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import doctors
from clinicctl.store.sql import bindparam, insert, select, update

_ALL = select(doctors).order_by(doctors.c.code)
_ON_STAFF = _ALL.where(doctors.c.archived_at.is_(None))
_INSERT = insert(doctors)
_UPDATE = update(doctors).where(doctors.c.id == bindparam("doctor"))


@operations.ADD_DOCTOR
def add(tx: Tx, *, code: str, name: str, specialty: str | None = None, capacity: int | None = None) -> Doctor:
    """Put a doctor on file. Refuses a code that another has, archived ones included, without regard to case."""
    if staff.get_by_code(tx, code):
        raise errors.DuplicateCode(doctor=code)
    identity = uuid4()
    tx.run(
        _INSERT,
        id=identity,
        code=code,
        name=name,
        specialty=specialty,
        capacity=capacity,
        created_at=tx.now,
        updated_at=tx.now,
        archived_at=None,
    )
    return staff.describe(tx, staff.of_id(tx, identity))


@operations.EDIT_DOCTOR
def edit(
    tx: Tx,
    *,
    doctor: DoctorRef,
    name: str | None = None,
    specialty: str | None = None,
    capacity: int | None = None,
    on_conflict: OnConflict = OnConflict.REFUSE,
) -> Doctor:
    """Change what is said; an empty specialty clears it.

    Another capacity holds for today and later wherever the day has none of its own. Refuses with `HasBookings` when it
    would leave booked patients without a place, unless `on_conflict` says what then happens.
    """
    said: dict[str, Any] = {"name": name, "specialty": specialty, "capacity": capacity}
    changes = {column: value or None for column, value in said.items() if value is not None}
    if not changes:
        raise errors.Usage(problem="Nothing to change: say what, for example --name or --capacity.")
    return change(tx, staff.find_active(tx, doctor), changes, on_conflict=on_conflict)


def change(tx: Tx, row: Row[Any], changes: Mapping[str, Any], *, on_conflict: OnConflict = OnConflict.REFUSE) -> Doctor:
    """As `edit`, of a row."""
    tx.run(_UPDATE, doctor=row.id, **changes, updated_at=tx.now)
    after = staff.of_id(tx, row.id)
    if "capacity" in changes:
        availability.follow(tx, doctor=after, on_conflict=on_conflict, hint=availability.OWN_CAPACITY)
    return staff.describe(tx, after)


@operations.ARCHIVE_DOCTOR
def archive(tx: Tx, *, doctor: DoctorRef) -> Doctor:
    """Archive a doctor. Refuses one with anything open, as `records` has it, and one archived already."""
    row = staff.find_active(tx, doctor)
    records.refuse_open_doctor(tx, row)
    return _put(tx, row.id, archived_at=tx.now)


@operations.RESTORE_DOCTOR
def restore(tx: Tx, *, doctor: DoctorRef) -> Doctor:
    """Take a doctor out of the archive. Refuses one who is not in it."""
    row = staff.find(tx, doctor)
    if row.archived_at is None:
        raise errors.IllegalStep(subject=row.code, status="on file", step="restore", needs="archived")
    return _put(tx, row.id, archived_at=None)


def _put(tx: Tx, identity: UUID, **values: Any) -> Doctor:
    tx.run(_UPDATE, doctor=identity, **values, updated_at=tx.now)
    return staff.describe(tx, staff.of_id(tx, identity))


def show(tx: Tx, *, doctor: DoctorRef) -> Doctor:
    """Return one doctor. Refuses an unknown one."""
    return staff.describe(tx, staff.find(tx, doctor))


def list_all(tx: Tx, *, archived: bool = False) -> list[Doctor]:
    """Return the doctors by code, with `archived` those put away, too."""
    return [staff.describe(tx, row) for row in tx.all(_ALL if archived else _ON_STAFF)]
