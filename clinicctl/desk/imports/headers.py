"""The headers that the clinic's files use instead of the columns' names, stored for the next import."""

from clinicctl import settings
from clinicctl.store.compiled import clinic
from clinicctl.store.engine import Tx


def saved(tx: Tx, *, kind: str) -> str:
    """Return the stored mapping for a kind of file, such as `Arzt=doctor,Datum=date`."""
    return clinic.value(tx, name=f"{settings.SAVED_COLUMNS}{kind}") or ""


def save(tx: Tx, kind: str, columns: str | None) -> None:
    """Store a mapping for a kind of file.

    An empty one removes it, and None changes nothing.
    """
    if columns is None:
        return
    name = f"{settings.SAVED_COLUMNS}{kind}"
    clinic.delete(tx, name=name)
    if columns:
        clinic.insert(tx, name=name, value=columns)
