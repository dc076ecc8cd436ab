"""Decide which details move when one record of a patient is merged into another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clinicctl.rules.details import Details
from clinicctl.rules.matching import same_birth
from clinicctl.rules.text import NOTE
from clinicctl.statuses import Sex

_BETWEEN_NOTES = "; "
_DIFFERS = object()


@dataclass(frozen=True, slots=True)
class DetailsPlan:
    """The changed columns of the surviving record, and fields by their fate.

    Fields are taken over, or differ and stay on the merged record.
    """

    changes: Mapping[str, Any]
    taken_over: tuple[str, ...]
    differing: tuple[str, ...]


def plan_details(gone: Details, stays: Details) -> DetailsPlan:
    """Plan the details of a merge of `gone` into `stays`, without losing any.

    Missing details of `stays` are taken over. Two different notes are joined if the result is short enough. All other
    differing details stay on the merged record.
    """
    given = {
        "phone": _taken(gone.phone, stays.phone),
        "email": _taken(gone.email, stays.email),
        "sex": _taken(*(None if each.sex == Sex.UNKNOWN else each.sex for each in (gone, stays))),
        "born": _birth(gone, stays),
        "note": _note(gone.note, stays.note),
    }
    taken = {field: value for field, value in given.items() if value is not None and value is not _DIFFERS}
    differing = [field for field, value in given.items() if value is _DIFFERS]
    changes = dict(taken)
    if "born" in taken:
        changes |= {"born": gone.born, "born_year": gone.born_year, "born_month": gone.born_month}
    return DetailsPlan(changes, tuple(taken), (*(["name"] if gone.name != stays.name else []), *differing))


def _taken(theirs: str | None, ours: str | None) -> Any:
    """Return the value to take over, `_DIFFERS` for a conflict, None for no change."""
    if not theirs or theirs == ours:
        return None
    return _DIFFERS if ours else theirs


def _birth(gone: Details, stays: Details) -> Any:
    """Return the birth date or year that is taken over, as `_taken`.

    A date replaces a year that agrees.
    """
    if same_birth(gone.born, gone.born_year, stays.born, stays.born_year) is False:
        return _DIFFERS
    if stays.born is None and gone.born is not None:
        return gone.born
    return gone.born_year if stays.born is None and stays.born_year is None else None


def _note(theirs: str | None, ours: str | None) -> Any:
    """Return the joined notes, as `_taken`, if the result is short enough."""
    if not theirs or _contains(ours, theirs):
        return None
    joined = _BETWEEN_NOTES.join(each for each in (ours, theirs) if each)
    return joined if len(joined) <= NOTE else _DIFFERS


def _contains(note: str | None, other: str) -> bool:
    """Return whether a note contains another as a whole or as a joined part."""
    return f"{_BETWEEN_NOTES}{other}{_BETWEEN_NOTES}" in f"{_BETWEEN_NOTES}{note}{_BETWEEN_NOTES}"
