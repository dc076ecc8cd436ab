"""Add and edit doctors, and list them."""

from uuid import uuid4

from clinicctl import errors
from clinicctl.desk import availability, conflicts, days, lookup, operations
from clinicctl.results.people import Doctor
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import OnConflict
from clinicctl.store.compiled import doctors as stored_doctors
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


@operations.ADD_DOCTOR
def add(tx: Tx, *, code: str, name: str, specialty: str | None = None, capacity: int | None = None) -> Doctor:
    """Add a doctor.

    Refuses the code of another doctor, also of an archived one, regardless of case.
    """
    if lookup.get_doctor(tx, code):
        raise errors.DuplicateCode(doctor=code)
    identity = uuid4()
    stored_doctors.insert(
        tx,
        id=identity,
        code=code,
        name=name,
        specialty=specialty,
        capacity=capacity,
        created_at=tx.now,
        updated_at=tx.now,
        archived_at=None,
    )
    return describe(tx, lookup.doctor_by_id(tx, identity))


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
    """Change a doctor.

    Omitted options keep their value; an empty specialty clears it. A new capacity applies from today to days without
    their own capacity. Refuses with `HasBookings` if it would leave booked patients without a slot, unless
    `on_conflict` allows it.
    """
    if name is None and specialty is None and capacity is None:
        raise errors.Usage(problem="Nothing to change: give an option such as --name or --capacity.")
    row = lookup.find_active_doctor(tx, doctor)
    changed = row._replace(
        name=row.name if name is None else name,
        specialty=row.specialty if specialty is None else specialty or None,
        capacity=row.capacity if capacity is None else capacity,
    )
    return change(tx, row, changed, on_conflict=on_conflict)


def change(
    tx: Tx, row: rows.DoctorRow, changed: rows.DoctorRow, *, on_conflict: OnConflict = OnConflict.REFUSE
) -> Doctor:
    """Change a doctor's row as `edit` does."""
    before = days.list_with_ledger(tx, row) if changed.capacity != row.capacity else []
    after = save(tx, changed)
    availability.reapply(tx, doctor=after, before=before, on_conflict=on_conflict, hint=conflicts.OWN_CAPACITY)
    return describe(tx, after)


def save(tx: Tx, changed: rows.DoctorRow) -> rows.DoctorRow:
    """Write the changeable columns of a doctor, and return the row on file."""
    stored_doctors.update(
        tx,
        id=changed.id,
        name=changed.name,
        specialty=changed.specialty,
        capacity=changed.capacity,
        updated_at=tx.now,
        archived_at=changed.archived_at,
    )
    return changed._replace(updated_at=tx.now)


def show(tx: Tx, *, doctor: DoctorRef) -> Doctor:
    """Return one doctor. Refuses an unknown one."""
    return describe(tx, lookup.find_doctor(tx, doctor))


def list_all(tx: Tx, *, archived: bool = False) -> list[Doctor]:
    """Return the doctors by code, with `archived` also archived ones."""
    found = stored_doctors.everybody(tx) if archived else stored_doctors.on_staff(tx)
    return [describe(tx, row) for row in found]


def describe(tx: Tx, row: rows.DoctorRow) -> Doctor:
    """Return a row as a result."""
    return Doctor(
        id=row.id,
        code=row.code,
        name=row.name,
        specialty=row.specialty,
        capacity=days.default_capacity(tx, row),
        created_at=tx.local(row.created_at),
        archived_at=tx.local(row.archived_at),
    )
