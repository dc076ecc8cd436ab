"""Decide which details of a registration change an existing record."""

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

from clinicctl.rules import matching
from clinicctl.statuses import Notify, Sex

NEVER_UPDATED = ("name", "phone")
"""These identify a patient, so that only `patient edit` changes them."""


class Details(matching.Person, Protocol):
    """The details of a registration or of a record."""

    @property
    def born_month(self) -> int | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def note(self) -> str | None: ...
    @property
    def notify(self) -> Notify | None: ...
    @property
    def language(self) -> str | None: ...


class Changes(NamedTuple):
    """The changes of a record: new values by column, and the affected fields by name."""

    values: dict[str, Any]
    filled: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    not_taken: tuple[str, ...] = ()


def changes(current: Details, given: Details, *, phones: Collection[str] = (), update: bool = False) -> Changes:
    """Return the changes that given details make to a record.

    `phones` are further phones of the record. Empty fields are filled. Different values are taken only with `update`,
    and never for the name and the phone.
    """
    found = Changes({})
    for field, before, value in _fields(current, given, phones):
        if not before:
            values, filled = found.values | value, (*found.filled, field)
            found = found._replace(values=values, filled=filled)
        elif update and field not in NEVER_UPDATED:
            found = found._replace(values=found.values | value, changed=(*found.changed, field))
        elif not (field == "age" and matching.same_birth(current.born, current.born_year, None, given.born_year)):
            found = found._replace(not_taken=(*found.not_taken, field))
    return found


def _fields(current: Details, given: Details, phones: Collection[str]) -> list[tuple[str, Any, dict[str, Any]]]:
    """Return each differing field with its current value and the columns to write."""
    found: list[tuple[str, Any, dict[str, Any]]] = []
    if not matching.same_name(current.name, given.name) or matching.accents_differ(current.name, given.name):
        found.append(("name", current.name, {}))
    if given.phone and given.phone != current.phone and given.phone not in phones:
        found.append(("phone", current.phone, {"phone": given.phone}))
    agrees = matching.same_birth(given.born, given.born_year, current.born, current.born_year)
    if given.born and given.born != current.born:
        # A birth date is more precise than an age on file. If both agree, the date replaces the age.
        known = current.born or (current.born_year if agrees is False else None)
        found.append(("born", known, {"born": given.born, "born_year": None, "born_month": None}))
    elif given.born_year and given.born_year != current.born_year and not (current.born and agrees):
        known = current.born or current.born_year
        found.append(("age", known, {"born": None, "born_year": given.born_year, "born_month": given.born_month}))
    elif given.born_month and given.born_year == current.born_year and current.born_month is None:
        found.append(("age", None, {"born_month": given.born_month}))
    if given.sex and given.sex not in (Sex.UNKNOWN, current.sex):
        found.append(("sex", current.sex not in (None, Sex.UNKNOWN), {"sex": given.sex}))
    if given.email and given.email.casefold() != (current.email or "").casefold():
        found.append(("email", current.email, {"email": given.email}))
    for field in ("note", "notify", "language"):
        before, value = getattr(current, field), getattr(given, field)
        if value and value != before:
            found.append((field, before, {field: value}))
    return found
