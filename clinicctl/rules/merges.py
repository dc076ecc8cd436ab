"""Merges: what one of two records of a patient gives to the other, and what stays with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from clinicctl.rules.details import Details
from clinicctl.rules.matching import same_birth
from clinicctl.rules.text import NOTE
from clinicctl.statuses import Sex

_BETWEEN_NOTES = "; "
_DIFFERS = object()


@dataclass(frozen=True, slots=True)
class Settled:
    """The columns that change on the record that stays, and the fields that were taken over or are kept apart."""

    changes: Mapping[str, Any]
    taken_over: tuple[str, ...]
    kept: tuple[str, ...]


def settle(gone: Details, stays: Details) -> Settled:
    """Return what a merge of `gone` into `stays` does with every detail; nothing that was recorded is lost.

    What `stays` lacks is taken over. Two different notes are joined if they fit into one. Everything else that differs
    is kept on the record that is merged away.
    """
    given = {
        "phone": _given(gone.phone, stays.phone),
        "email": _given(gone.email, stays.email),
        "sex": _given(*(None if each.sex == Sex.UNKNOWN else each.sex for each in (gone, stays))),
        "born": _birth(gone, stays),
        "note": _note(gone.note, stays.note),
    }
    taken = {field: value for field, value in given.items() if value is not None and value is not _DIFFERS}
    differing = [field for field, value in given.items() if value is _DIFFERS]
    changes = dict(taken)
    if "born" in taken:
        born = taken["born"]
        exact = isinstance(born, date)
        changes |= {"born": born if exact else None, "born_year": None if exact else born}
    return Settled(changes, tuple(taken), (*(["name"] if gone.name != stays.name else []), *differing))


def _given(theirs: str | None, ours: str | None) -> Any:
    """What is taken over of a field: `_DIFFERS` where both records have another, None where nothing changes."""
    if not theirs or theirs == ours:
        return None
    return _DIFFERS if ours else theirs


def _birth(gone: Details, stays: Details) -> Any:
    """As `_given`: a birth date, also in place of a year that agrees with it, or a year."""
    if same_birth(gone.born, gone.born_year, stays.born, stays.born_year) is False:
        return _DIFFERS
    if stays.born is None and gone.born is not None:
        return gone.born
    return gone.born_year if stays.born is None and stays.born_year is None else None


def _note(theirs: str | None, ours: str | None) -> Any:
    """As `_given`: both notes in one, where that is short enough."""
    if not theirs or _says(ours, theirs):
        return None
    joined = _BETWEEN_NOTES.join(each for each in (ours, theirs) if each)
    return joined if len(joined) <= NOTE else _DIFFERS


def _says(note: str | None, other: str) -> bool:
    """Whether a note is another, or has been joined with it."""
    return f"{_BETWEEN_NOTES}{other}{_BETWEEN_NOTES}" in f"{_BETWEEN_NOTES}{note}{_BETWEEN_NOTES}"
