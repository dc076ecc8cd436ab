"""The clinic's kinds of visit, each with its length. Names are compared without case."""

from clinicctl import errors
from clinicctl.desk import operations
from clinicctl.results.clinic import VisitType, VisitTypeAdded, VisitTypeRemoved
from clinicctl.store.compiled import clinic, rows
from clinicctl.store.engine import Tx


@operations.ADD_VISIT_TYPE
def add(tx: Tx, *, name: str, minutes: int) -> VisitTypeAdded:
    """Add a kind of visit. The same name and length again changes nothing.

    Refuses a name that has another length.
    """
    known = _get(tx, name)
    if known is None:
        clinic.insert_visit_type(tx, name=name, minutes=minutes)
        return VisitTypeAdded(name, minutes)
    if known.minutes != minutes:
        raise errors.VisitTypeExists(name=known.name, minutes=known.minutes)
    return VisitTypeAdded(known.name, known.minutes, created=False)


@operations.EDIT_VISIT_TYPE
def edit(tx: Tx, *, name: str, minutes: int) -> VisitType:
    """Change the length of a kind of visit.

    Booked appointments keep their slots.
    """
    known = find(tx, name)
    clinic.update_visit_type(tx, minutes=minutes, kind=known.name)
    return VisitType(known.name, minutes)


@operations.REMOVE_VISIT_TYPE
def remove(tx: Tx, *, name: str) -> VisitTypeRemoved:
    """Remove a kind of visit. Appointments keep it."""
    known = find(tx, name)
    clinic.delete_visit_type(tx, kind=known.name)
    return VisitTypeRemoved(known.name, known.minutes)


def list_all(tx: Tx) -> list[VisitType]:
    """Return the kinds of visit by name."""
    return [VisitType(each.name, each.minutes) for each in clinic.visit_types(tx)]


def find(tx: Tx, name: str) -> rows.VisitTypeRow:
    """Return a kind of visit by its name, in any case. Refuses an unknown one."""
    found = _get(tx, name)
    if found is None:
        given = errors.typed(name, known=[each.name for each in clinic.visit_types(tx)], option=True)
        raise errors.NoSuchVisitType(problem=f": {given}" if given else "")
    return found


def _get(tx: Tx, name: str) -> rows.VisitTypeRow | None:
    return next((each for each in clinic.visit_types(tx) if each.name.casefold() == name.casefold()), None)


def of_appointment(tx: Tx, row: rows.AppointmentRow) -> rows.VisitTypeRow | None:
    """Return the kind of visit of an appointment, or None.

    A removed kind has the length of the visit.
    """
    if row.visit_type is None:
        return None
    found = next((each for each in clinic.visit_types(tx) if each.name == row.visit_type), None)
    return found or rows.VisitTypeRow(row.visit_type, row.minutes or 1)
