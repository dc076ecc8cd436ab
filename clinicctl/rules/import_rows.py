"""Parse the rows of imported files, each into values or a problem.

Line numbers are those of the file. Equal cells are parsed only once.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from clinicctl.errors import BadValue, typed
from clinicctl.rules import days, fingerprints, slots, tabular, text
from clinicctl.rules.dates import AgeWord, BirthWord, parse_age, parse_birth
from clinicctl.rules.references import doctor_code
from clinicctl.rules.tabular import Columns, Sheet
from clinicctl.statuses import SEX_WORDS, Sex, SheetFormat

T = TypeVar("T")

MOST_DAYS = 100_000
"""The most days in one file. Writing them takes about half a second under the writer's lock."""

MOST_PATIENTS = 20_000
"""The most patients in one file, for the same reason. Each also has rows for the words of the name."""

MOST_DOCTORS = 500
"""The most doctors in one file. They are written one by one."""

DAYS = Columns(
    names={
        "doctor": ("doctor code", "code"),
        "date": ("day", "days", "dates"),
        "present": ("available", "availability", "status"),
        "capacity": ("slots", "places"),
        "note": ("notes", "comment", "comments", "remark", "remarks"),
    },
    required=("doctor", "date"),
)
PATIENTS = Columns(
    names={
        "name": ("full name", "patient", "patient name"),
        "phone": ("telephone", "mobile", "cell", "phone number"),
        "born": ("birth date", "date of birth", "dob", "birthday"),
        "age": (),
        "sex": ("gender",),
        "email": ("mail", "email address"),
        "note": DAYS.names["note"],
    },
    required=("name",),
)
DOCTORS = Columns(
    names={
        "code": ("doctor code", "doctor"),
        "name": ("doctor name", "full name"),
        "specialty": ("speciality",),
        "capacity": ("slots", "places"),
    },
    required=("code", "name"),
)

_PRESENT = {
    **dict.fromkeys(("yes", "y", "true", "1", "present", "available"), True),
    **dict.fromkeys(("no", "n", "false", "0", "absent", "unavailable"), False),
}
_WRONG_WORDS = frozenset(
    {*("maybe", "perhaps", "unknown", "on", "off", "in", "out", "leave", "holiday", "open", "closed")}
)
"""Common wrong words in a yes/no column. A refusal may repeat them."""

_ABSOLUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}((,|\.\.)[0-9]{4}-[0-9]{2}-[0-9]{2})*")
_BETWEEN_PHONES = re.compile(r"[;/]|\s+(?=\+)")
_CACHED_LENGTH = 60
"""Characters up to which a cell is cached: longer ones rarely occur twice."""


class DayRow(NamedTuple):
    """A doctor's days. None leaves the value unchanged.

    `problem` is the reason why the row cannot be imported. Its doctor and days are given as far as they can be read.
    """

    line: int
    doctor: str | None = None
    days: str | None = None
    present: bool | None = None
    capacity: int | None = None
    note: str | None = None
    problem: str | None = None


class PatientRow(NamedTuple):
    """A patient, as in a registration.

    The phones are unparsed, and the first is empty for none; their region is the clinic's.
    """

    line: int
    name: str = ""
    phone: str = ""
    born: BirthWord | None = None
    age: int | AgeWord | None = None
    sex: Sex | None = None
    email: str | None = None
    note: str | None = None
    problem: str | None = None
    more_phones: tuple[str, ...] = ()


class DoctorRow(NamedTuple):
    """A doctor. None leaves the value unchanged."""

    line: int
    code: str | None = None
    name: str = ""
    specialty: str | None = None
    capacity: int | None = None
    problem: str | None = None


class _ParsedCells(dict[str, T], Generic[T]):
    """A cache of parsed cells. An invalid cell raises `BadValue`."""

    def __init__(self, read: Callable[[str], T]) -> None:
        self.read = read

    def __missing__(self, cell: str) -> T:
        value = self.read(cell.strip())
        if len(cell) <= _CACHED_LENGTH:
            self[cell] = value
        return value


def read_days(lines: Iterable[str], *, format: SheetFormat | None = None) -> Sheet:
    """Return the rows of a file of doctors' days. A bad row has a problem."""
    codes, words = _ParsedCells(doctor_code), _ParsedCells(str.lower)
    presences, capacities, notes = _ParsedCells(_present), _ParsedCells(_capacity), _ParsedCells(text.note)

    def row(line: int, doctor: str, days: str, present: str, capacity: str, note: str) -> DayRow:
        try:
            return DayRow(line, codes[doctor], words[days], presences[present], capacities[capacity], notes[note])
        except BadValue as refused:
            return DayRow(line, codes.get(doctor), words[days], problem=str(refused))

    found, unreadable = _rows(tabular.read(lines, DAYS, format=format), row, DayRow, most=MOST_DAYS)
    relative = {each.days for each in found if each.days and not _ABSOLUTE.fullmatch(each.days)}

    @cache
    def digest_on(today: date, order: str) -> str:
        dated: dict[str | None, str] = {each: _dated(each, today, order) for each in relative}
        return fingerprints.digest([(each.doctor, dated.get(each.days) or each.days, *each[3:]) for each in found])

    digest = fingerprints.digest([each[1:] for each in found])
    return Sheet(found, unreadable, digest, digest_on if relative else None)


def _dated(cell: str, today: date, order: str) -> str:
    """Return days as dates in their order; invalid days are unchanged."""
    try:
        return ",".join(
            "..".join(each.isoformat() for each in days.ends(part, today=today, order=order))
            for part in cell.split(",")
        )
    except BadValue:
        return cell


def read_patients(lines: Iterable[str], *, format: SheetFormat | None = None) -> Sheet:
    """Return the rows of a file of patients.

    A bad row has a problem, which never repeats its content.
    """
    births, ages, sexes = _ParsedCells(_born), _ParsedCells(_age), _ParsedCells(_sex)

    def row(line: int, name: str, phone: str, born: str, age: str, sex: str, email: str, note: str) -> PatientRow:
        if born.strip() and age.strip():
            raise BadValue(problem="born and age exclude each other")
        listed = _phones(phone)
        return PatientRow(
            line,
            text.name(name),
            listed[0],
            births[born],
            ages[age],
            sexes[sex],
            text.email(email),
            text.note(note),
            more_phones=listed[1:],
        )

    found, unreadable = _rows(tabular.read(lines, PATIENTS, format=format), row, PatientRow, most=MOST_PATIENTS)
    rows = [[*(str(cell) if cell is not None else None for cell in each[1:-1]), *each.more_phones] for each in found]
    return Sheet(found, unreadable, fingerprints.digest(rows))


def read_doctors(lines: Iterable[str], *, format: SheetFormat | None = None) -> Sheet:
    """Return the rows of a file of doctors. A bad row has a problem."""

    def row(line: int, code: str, name: str, specialty: str, capacity: str) -> DoctorRow:
        return DoctorRow(line, doctor_code(code), text.name(name), _specialty(specialty), _default_capacity(capacity))

    found, unreadable = _rows(tabular.read(lines, DOCTORS, format=format), row, DoctorRow, most=MOST_DOCTORS)
    return Sheet(found, unreadable, fingerprints.digest([each[1:] for each in found]))


def _rows(
    source: Iterable[tuple[int, Any]], parse: Callable[..., T], bad: Callable[..., T], *, most: int
) -> tuple[list[T], tabular.Unreadable | None]:
    found = list[T]()
    try:
        for line, cells in source:
            if len(found) == most:
                raise too_large(line, most)
            if isinstance(cells, str):
                found.append(bad(line, problem=cells))
                continue
            try:
                found.append(parse(line, *cells))
            except BadValue as refused:
                found.append(bad(line, problem=str(refused)))
    except tabular.Unreadable as refused:
        return found, refused
    return found, None


def too_large(line: int, most: int) -> tabular.Unreadable:
    """Return the refusal of a file that would hold the writer's lock for too long."""
    return tabular.Unreadable(line, f"more than {most}: split the file")


def dates(cell: str, *, today: date, order: str) -> list[date]:
    """Return the dates of a cell of days. Refuses an invalid cell in a few words."""
    try:
        return days.days(cell, today=today, order=order)
    except BadValue as refused:
        # The report of a file repeats the problem of a range, but not the grammar of a day.
        kind, _, why = str(refused).rstrip(".").partition(": ")
        named = why if "days" in kind else typed(cell, known=days.DAY_WORDS)
        raise BadValue(problem=f"bad date: {named}" if named else "bad date") from None


def _present(cell: str) -> bool | None:
    if not cell:
        return None
    if cell.lower() not in _PRESENT:
        raise _refusal(
            "present is yes or no, true or false, 1 or 0, present or absent",
            cell,
            safe_words=_PRESENT.keys() | _WRONG_WORDS,
        )
    return _PRESENT[cell.lower()]


def _capacity(cell: str) -> int | None:
    return _whole(cell, f"capacity is a whole number from 0 to {slots.MOST}", least=0, most=slots.MOST)


def _default_capacity(cell: str) -> int | None:
    return _whole(cell, f"capacity is a whole number from 1 to {slots.MOST}", least=1, most=slots.MOST)


def _age(cell: str) -> int | AgeWord | None:
    return parse_age(cell) if cell.strip() else None


def _refusal(problem: str, cell: str, *, safe_words: Iterable[str] = ()) -> BadValue:
    """Return a refusal with the accepted values.

    It repeats the cell only if the cell cannot be personal.
    """
    named = typed(cell, known=safe_words)
    return BadValue(problem=f"{problem}, not {named}" if named else problem)


def _whole(cell: str, problem: str, *, least: int, most: int, personal: bool = False) -> int | None:
    if not (cell := cell.strip()):
        return None
    if not (cell.isascii() and cell.isdigit() and least <= int(cell[:9]) <= most and len(cell) <= 9):
        raise BadValue(problem=problem) if personal else _refusal(problem, cell)
    return int(cell)


def _specialty(cell: str) -> str | None:
    return text.clean(cell, what="specialty", longest=text.NAME) if cell.strip() else None


def _phones(cell: str) -> tuple[str, ...]:
    """Return the phones in a cell; one empty text for none.

    `;`, `/`, or a space before a + separates them.
    """
    if text.is_no_phone(cell):
        return ("",)
    return tuple(text.phone(each) for each in _BETWEEN_PHONES.split(cell) if each.strip()) or ("",)


def _born(cell: str) -> BirthWord | None:
    return parse_birth(cell) if cell else None


def _sex(cell: str) -> Sex | None:
    if not cell:
        return None
    if cell.lower() not in SEX_WORDS:
        raise BadValue(problem=f"sex is {', '.join(Sex)}")
    return SEX_WORDS[cell.lower()]
