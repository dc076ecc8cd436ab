"""Decide which details move when one record of a patient is merged into another, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clinicctl.rules.details import Details
from clinicctl.rules.matching import same_birth
from clinicctl.rules.text import NOTE
from clinicctl.statuses import Notify, Sex

_BETWEEN_NOTES = "; "
_DIFFERS = object()
_EMPTY: Mapping[str, Any] = {
    **dict.fromkeys(("phone", "email", "born", "note", "notify", "language")),
    "sex": Sex.UNKNOWN,
}
"""The columns that a merge fills, when they are empty."""


@dataclass(frozen=True, slots=True)
class DetailsPlan:
    """The changed columns of the surviving record, and fields by their fate.

    Fields are taken over, or differ and stay on the merged record.
    """

    changes: Mapping[str, Any]
    taken_over: tuple[str, ...]
    differing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormerDetails:
    """How to get the details of the surviving record back, without any value that is personal.

    A field that was taken over was empty before, but a note may have been joined. `born_year` and `born_month` are
    counted from the birth date that replaced them. `notify` is what an opt-out replaced. Raises
    ValueError for an unknown field.
    """

    taken_over: Sequence[str]
    joined: bool = False
    born_year: int | None = None
    born_month: int | None = None
    notify: str | None = None

    def __post_init__(self) -> None:
        if not _EMPTY.keys() >= set(self.taken_over):
            raise ValueError("an unknown field")


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
        "notify": _opted_out(gone.notify, stays.notify),
        "language": _taken(gone.language, stays.language),
    }
    taken = {field: value for field, value in given.items() if value is not None and value is not _DIFFERS}
    differing = [field for field, value in given.items() if value is _DIFFERS]
    changes = dict(taken)
    if "born" in taken:
        changes |= {"born": gone.born, "born_year": gone.born_year, "born_month": gone.born_month}
    return DetailsPlan(changes, tuple(taken), (*(["name"] if gone.name != stays.name else []), *differing))


def former_details(plan: DetailsPlan, gone: Details, stays: Details) -> FormerDetails:
    """Return what `restored` needs to get the details of `stays` back after a merge."""
    year = month = None
    if "born" in plan.taken_over and gone.born is not None:
        year = stays.born_year - gone.born.year if stays.born_year is not None else None
        month = stays.born_month - gone.born.month if stays.born_month is not None else None
    joined = "note" in plan.taken_over and bool(stays.note)
    notify = stays.notify if "notify" in plan.taken_over else None
    return FormerDetails(plan.taken_over, joined=joined, born_year=year, born_month=month, notify=notify)


def restored(former: FormerDetails, gone: Details, merged: Details) -> dict[str, Any]:
    """Return the columns of the surviving record as they were before the merge.

    `merged` is that record after the merge, and `gone` the other one.
    """
    columns: dict[str, Any] = {field: _EMPTY[field] for field in former.taken_over}
    if former.joined:
        columns["note"] = (merged.note or "").removesuffix(f"{_BETWEEN_NOTES}{gone.note}")
    if former.notify is not None:
        columns["notify"] = Notify(former.notify)
    if "born" in columns:
        columns |= {"born_year": None, "born_month": None}
    if gone.born is not None and former.born_year is not None:
        columns["born_year"] = gone.born.year + former.born_year
        columns["born_month"] = None if former.born_month is None else gone.born.month + former.born_month
    return columns


def _taken(theirs: str | None, ours: str | None) -> Any:
    """Return the value to take over, `_DIFFERS` for a conflict, None for no change."""
    if not theirs or theirs == ours:
        return None
    return _DIFFERS if ours else theirs


def _opted_out(theirs: Notify | None, ours: Notify | None) -> Any:
    """Return how messages reach the patient, as `_taken`.

    A patient who wanted none gets none.
    """
    return theirs if theirs is Notify.NONE and ours is not Notify.NONE else _taken(theirs, ours)


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
