"""The users of the clinic and their roles: add, edit, remove, list. A user is a login, or a role of a server."""

from typing import Any
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import access, lookup, operations
from clinicctl.desk.pins import NewPin
from clinicctl.results.users import User, UserAdded, UserRemoved
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import Role
from clinicctl.store.compiled import rows
from clinicctl.store.compiled import users as stored
from clinicctl.store.engine import Tx


@operations.ADD_USER
def add(tx: Tx, *, name: str, role: Role, doctor: DoctorRef | None = None, pin: NewPin | None = None) -> UserAdded:
    """Add a user. The same name, role and doctor again changes nothing.

    The first user of a clinic is a manager: who adds somebody else becomes one, too. Refuses a user with another
    role, and a clinician without a doctor.
    """
    doctor_id = _doctor(tx, role, doctor)
    known = stored.by_name(tx, name=name)
    if known is not None:
        if (known.role, known.doctor_id) != (role, doctor_id) or pin is not None:
            raise errors.UserExists(role=known.role)
        return UserAdded(*_fields(tx, known), created=False)
    runner = access.login(tx)
    is_first = not stored.everybody(tx)
    if is_first and name == runner and role is not Role.MANAGER:
        raise errors.FirstUser
    made = runner if is_first and name != runner else None
    if made is not None:
        _insert(tx, made, Role.MANAGER)
    _insert(tx, name, role, doctor_id, pin)
    return UserAdded(*_fields(tx, find(tx, name)), made_manager=made)


@operations.EDIT_USER
def edit(
    tx: Tx,
    *,
    name: str,
    role: Role | None = None,
    doctor: DoctorRef | None = None,
    pin: NewPin | None = None,
    no_pin: bool | None = None,
) -> User:
    """Change a user. Refuses to leave the clinic without a manager.

    A new PIN is accepted at once, whatever number of wrong ones was typed before.
    """
    known = find(tx, name)
    new = role or known.role
    _refuse_last_manager(tx, known, new)
    keeps = doctor is None and new is known.role
    stored.update(
        tx,
        role=new,
        doctor_id=known.doctor_id if keeps else _doctor(tx, new, doctor),
        pin=pin.stored if pin is not None else None if no_pin else known.pin,
        wrong_pins=known.wrong_pins if pin is None else 0,
        wrong_at=known.wrong_at if pin is None else None,
        updated_at=tx.now,
        user=name,
    )
    return User(*_fields(tx, find(tx, name)))


@operations.REMOVE_USER
def remove(tx: Tx, *, name: str) -> UserRemoved:
    """Remove a user. The journal keeps the name. Refuses the last manager."""
    known = find(tx, name)
    _refuse_last_manager(tx, known, None)
    stored.delete(tx, user=name)
    return UserRemoved(*_fields(tx, known))


def ensure_manager(tx: Tx, name: str) -> str | None:
    """Make a login a manager of a clinic that has the users of another place.

    Return the login, or None if there was nothing to do: it is a manager, or the clinic has no users.
    """
    everybody = {each.name: each.role for each in stored.everybody(tx)}
    if not everybody or everybody.get(name) is Role.MANAGER:
        return None
    if name in everybody:
        edit(tx, name=name, role=Role.MANAGER)
    else:
        _insert(tx, name, Role.MANAGER)
    return name


def list_all(tx: Tx) -> list[User]:
    """Return the users by name."""
    return [User(*_fields(tx, each)) for each in stored.everybody(tx)]


def find(tx: Tx, name: str) -> rows.UserRow:
    """Return a user. Refuses an unknown one."""
    known = stored.by_name(tx, name=name)
    if known is None:
        raise errors.NoSuchUser
    return known


def _insert(tx: Tx, name: str, role: Role, doctor_id: UUID | None = None, pin: NewPin | None = None) -> None:
    stored.insert(
        tx,
        name=name,
        role=role,
        doctor_id=doctor_id,
        pin=pin.stored if pin is not None else None,
        wrong_pins=0,
        wrong_at=None,
        created_at=tx.now,
        updated_at=tx.now,
    )


def _doctor(tx: Tx, role: Role, doctor: DoctorRef | None) -> UUID | None:
    """Return the id of a clinician's doctor. Nobody else has one."""
    if role is not Role.CLINICIAN:
        if doctor is not None:
            raise errors.BadValue(problem="--doctor is for the role clinician.")
        return None
    if doctor is None:
        raise errors.BadValue(problem="The role clinician needs --doctor CODE.")
    return lookup.find_active_doctor(tx, doctor).id


def _refuse_last_manager(tx: Tx, known: rows.UserRow, role: Role | None) -> None:
    if known.role is Role.MANAGER is not role and stored.managers(tx, role=Role.MANAGER) == [known.name]:
        raise errors.LastManager


def _fields(tx: Tx, row: rows.UserRow) -> tuple[Any, ...]:
    return (row.name, row.role, row.doctor, row.pin is not None, tx.local(row.created_at), tx.local(row.updated_at))
