"""The clinic's kinds of visit, each with its length."""

from clinicctl import errors
from clinicctl.store.compiled import clinic, rows
from clinicctl.store.engine import Tx


def find(tx: Tx, name: str) -> rows.VisitTypeRow:
    """Return a kind of visit by its name, in any case. Refuses an unknown one."""
    known = clinic.visit_types(tx)
    found = next((each for each in known if each.name.casefold() == name.casefold()), None)
    if found is None:
        given = errors.typed(name, known=[each.name for each in known], option=True)
        raise errors.NoSuchVisitType(problem=f": {given}" if given else "")
    return found


def of_appointment(tx: Tx, row: rows.AppointmentRow) -> rows.VisitTypeRow | None:
    """Return the kind of visit of an appointment, or None.

    A removed kind has the length of the visit.
    """
    if row.visit_type is None:
        return None
    found = next((each for each in clinic.visit_types(tx) if each.name == row.visit_type), None)
    return found or rows.VisitTypeRow(row.visit_type, row.minutes or 1)
