"""Details: what a registration adds to a record that is on file, and what it does not change."""

from typing import Any, NamedTuple, Protocol

from clinicctl.rules import matching
from clinicctl.statuses import Sex

NEVER_UPDATED = ("name", "phone")
"""What identifies a patient is changed by an edit of this one patient only."""


class Details(matching.Person, Protocol):
    """What a registration can give, and what a record holds."""

    @property
    def phone(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def note(self) -> str | None: ...


class Changes(NamedTuple):
    """What becomes of a record: new values by column, and the names of the fields that they are about."""

    values: dict[str, Any]
    filled: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    not_taken: tuple[str, ...] = ()


def changes(standing: Details, given: Details, *, update: bool = False) -> Changes:
    """Return what given details change about a record.

    Empty fields are filled. What differs from the record is not taken; with `update` it is, but for name and phone.
    """
    found = Changes({})
    for field, before, value in _fields(standing, given):
        if not before:
            values, filled = found.values | value, (*found.filled, field)
            found = found._replace(values=values, filled=filled)
        elif update and field not in NEVER_UPDATED:
            found = found._replace(values=found.values | value, changed=(*found.changed, field))
        elif not (field == "age" and matching.same_birth(standing.born, standing.born_year, None, given.born_year)):
            found = found._replace(not_taken=(*found.not_taken, field))
    return found


def _fields(standing: Details, given: Details) -> list[tuple[str, Any, dict[str, Any]]]:
    """The fields in which the given details say something else, with what is on file and the columns to write."""
    found: list[tuple[str, Any, dict[str, Any]]] = []
    if not matching.same_name(standing.name, given.name) or matching.accents_differ(standing.name, given.name):
        found.append(("name", standing.name, {}))
    if given.phone and given.phone != standing.phone:
        found.append(("phone", standing.phone, {"phone": given.phone}))
    agrees = matching.same_birth(given.born, given.born_year, standing.born, standing.born_year)
    if given.born and given.born != standing.born:
        # A birth date that agrees with an age on file says more than the age, and takes its place.
        known = standing.born or (standing.born_year if agrees is False else None)
        found.append(("born", known, {"born": given.born, "born_year": None}))
    elif given.born_year and given.born_year != standing.born_year and not (standing.born and agrees):
        known = standing.born or standing.born_year
        found.append(("age", known, {"born": None, "born_year": given.born_year}))
    if given.sex and given.sex not in (Sex.UNKNOWN, standing.sex):
        found.append(("sex", standing.sex not in (None, Sex.UNKNOWN), {"sex": given.sex}))
    if given.email and given.email.casefold() != (standing.email or "").casefold():
        found.append(("email", standing.email, {"email": given.email}))
    if given.note and given.note != standing.note:
        found.append(("note", standing.note, {"note": given.note}))
    return found
