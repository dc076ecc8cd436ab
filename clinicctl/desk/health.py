"""Whether the database can be used."""

from clinicctl.results import Finding, Health
from clinicctl.store.engine import Store
from clinicctl.store.sqlite import health


def look(store: Store) -> Health:
    """Return what was found. Reads only, takes no lock, refuses nothing: what is wrong is part of the answer."""
    found = health.look(store.path)
    return Health(
        usable=not any(each.stops for each in found),
        path=store.path,
        findings=tuple(Finding(each.name, each.value, each.ok, each.problem) for each in found),
    )
