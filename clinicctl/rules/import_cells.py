"""Parse the cells of imported files. A refusal repeats a cell only if it cannot be personal."""

import re
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from clinicctl.errors import BadValue, typed
from clinicctl.rules import hours, references, slots, text
from clinicctl.rules.dates import AgeWord, BirthWord, parse_age, parse_birth
from clinicctl.rules.references import doctor_code
from clinicctl.statuses import SEX_WORDS, DaySource, Notify, Sex

T = TypeVar("T")

_PRESENT = {
    **dict.fromkeys(("yes", "y", "true", "1", "present", "available"), True),
    **dict.fromkeys(("no", "n", "false", "0", "absent", "unavailable"), False),
}
_WRONG_WORDS = frozenset(
    {*("maybe", "perhaps", "unknown", "on", "off", "in", "out", "leave", "holiday", "open", "closed")}
)
"""Common wrong words in a yes/no column. A refusal may repeat them."""

_POINT_ZERO = re.compile(r"(?<=[0-9])[.,]0+$")
"""The decimals of a whole number in a spreadsheet."""
_MIDNIGHT = re.compile(r"(?<=[0-9])[ T]00:00(:00(\.0+)?)?$")
"""The time of a date in a spreadsheet."""
_BETWEEN_PHONES = re.compile(r"[;/]|\s+(?=\+)")
_CACHED_LENGTH = 60
"""Characters up to which a cell is cached: longer ones rarely occur twice."""


class CellProblem(str):
    """The problem of a row, and the column of the cell that has it."""

    column: str = ""


class ParsedCells(dict[str, T], Generic[T]):
    """A cache of the parsed cells of a column.

    An invalid cell raises `BadValue`, with the column. Invisible marks around a cell are removed, and so is the time
    of a date at midnight.
    """

    def __init__(self, column: str, read: Callable[[str], T]) -> None:
        self.column = column
        self.read = read

    def __missing__(self, cell: str) -> T:
        try:
            value = self.read(_MIDNIGHT.sub("", text.without_marks(cell)))
        except BadValue as refused:
            refused.details["column"] = self.column
            raise
        if len(cell) <= _CACHED_LENGTH:
            self[cell] = value
        return value


class Cell(Generic[T]):
    """The parser of a column whose cells differ.

    An invalid cell raises `BadValue`, with the column.
    """

    def __init__(self, column: str, read: Callable[[str], T]) -> None:
        self.column = column
        self.read = read

    def __call__(self, cell: str) -> T:
        try:
            return self.read(cell)
        except BadValue as refused:
            refused.details["column"] = self.column
            raise


def column_of(problem: str | None) -> str | None:
    """Return the column of the cell that has a problem, if it is one cell."""
    return problem.column or None if isinstance(problem, CellProblem) else None


def in_column(problem: str, column: str) -> CellProblem:
    """Return a problem with the column of its cell."""
    found = CellProblem(problem)
    found.column = column
    return found


def problem_of(refused: BadValue) -> CellProblem:
    return in_column(str(refused), refused.details.get("column") or "")


def doctor(cell: str) -> str:
    """Return a doctor's code, or a name to be looked up."""
    try:
        return doctor_code(cell)
    except BadValue:
        if not any(each.isalpha() for each in cell) or len(cell) > text.NAME or references.uuid(cell):
            raise
        return cell


def source(cell: str) -> DaySource | None:
    return DaySource(cell.lower()) if cell.lower() in list(DaySource) else None


def present(cell: str) -> bool | None:
    if not cell:
        return None
    if cell.lower() not in _PRESENT:
        raise _refusal(
            "present is yes or no, true or false, 1 or 0, present or absent",
            cell,
            safe_words=_PRESENT.keys() | _WRONG_WORDS,
        )
    return _PRESENT[cell.lower()]


def capacity(cell: str) -> int | None:
    return _whole(cell, f"capacity is a whole number from 0 to {slots.MOST}", least=0, most=slots.MOST)


def sessions(cell: str) -> str | None:
    return hours.parse_sessions(cell) if cell.strip() else None


def every(cell: str) -> int | None:
    return hours.parse_every(_POINT_ZERO.sub("", cell.strip())) if cell.strip() else None


def default_capacity(cell: str) -> int | None:
    return _whole(cell, f"capacity is a whole number from 1 to {slots.MOST}", least=1, most=slots.MOST)


def age(cell: str) -> int | AgeWord | None:
    return parse_age(_POINT_ZERO.sub("", cell)) if cell.strip() else None


def _refusal(problem: str, cell: str, *, safe_words: Iterable[str] = ()) -> BadValue:
    """Return a refusal with the accepted values.

    It repeats the cell only if the cell cannot be personal.
    """
    named = typed(cell, known=safe_words)
    return BadValue(problem=f"{problem}, not {named}" if named else problem)


def _whole(cell: str, problem: str, *, least: int, most: int, personal: bool = False) -> int | None:
    if not (cell := _POINT_ZERO.sub("", cell.strip())):
        return None
    if not (cell.isascii() and cell.isdigit() and least <= int(cell[:9]) <= most and len(cell) <= 9):
        raise BadValue(problem=problem) if personal else _refusal(problem, cell)
    return int(cell)


def specialty(cell: str) -> str | None:
    return text.clean(cell, what="specialty", longest=text.NAME) if cell.strip() else None


def phones(cell: str) -> tuple[str, ...]:
    """Return the phones in a cell; one empty text for none.

    `;`, `/`, or a space before a + separates them.
    """
    if text.is_no_phone(cell):
        return ("",)
    return tuple(text.phone(each) for each in _BETWEEN_PHONES.split(cell) if each.strip()) or ("",)


def born(cell: str) -> BirthWord | None:
    return parse_birth(cell) if cell else None


def sex(cell: str) -> Sex | None:
    if not cell:
        return None
    if cell.lower() not in SEX_WORDS:
        raise BadValue(problem=f"sex is {', '.join(Sex)}")
    return SEX_WORDS[cell.lower()]


def notify(cell: str) -> Notify | None:
    """Return how messages reach a patient, from a cell; None for an empty one."""
    word = cell.strip().lower()
    if word and word not in set(Notify):
        raise BadValue(problem=f"notify is {', '.join(Notify)}")
    return Notify(word) if word else None


def language(cell: str) -> str | None:
    """Return the code of a language from a cell; None for an empty one."""
    try:
        return text.language(cell) if cell.strip() else None
    except BadValue:
        raise BadValue(problem="language is a code such as en, de or pt-br") from None
