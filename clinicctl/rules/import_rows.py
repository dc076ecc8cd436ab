"""Rows of a file: what each one says, or why it says nothing. The line numbers are the file's.

What a cell means is worked out once for all the cells that say the same.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from typing import Any, Generic, NamedTuple, TypeVar

from clinicctl.errors import BadValue, typed
from clinicctl.rules import days, fingerprints, tabular, text
from clinicctl.rules.references import doctor_code
from clinicctl.rules.tabular import Columns, Sheet
from clinicctl.statuses import SEX_WORDS, Sex, SheetFormat

T = TypeVar("T")

MOST_DAYS = 100_000
"""So many days are taken from one file: what is written of them under the writer's lock takes about half a second."""

MOST_PATIENTS = 20_000
"""So many patients are taken from one file, for the same reason: each has rows for the words of the name, too."""

MOST_DOCTORS = 500
"""These are changed one by one."""

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
_ODD = frozenset({*("maybe", "perhaps", "unknown", "on", "off", "in", "out", "leave", "holiday", "open", "closed")})
"""What is met in a column for yes or no, and is neither."""

_WORD = re.compile("[a-z]")
_SHORT = 60
"""Longer cells are hardly said twice, and are not kept for it."""


class DayRow(NamedTuple):
    """A doctor's days, as they were said. None leaves what stands.

    `problem` says why the row cannot be taken; whose day it was about stands as far as it can be read.
    """

    line: int
    doctor: str | None = None
    days: str | None = None
    present: bool | None = None
    capacity: int | None = None
    note: str | None = None
    problem: str | None = None


class PatientRow(NamedTuple):
    """A patient as at the registration. The phone is as it was said, empty for none; its region is the clinic's."""

    line: int
    name: str = ""
    phone: str = ""
    born: date | None = None
    age: int | None = None
    sex: Sex | None = None
    email: str | None = None
    note: str | None = None
    problem: str | None = None


class DoctorRow(NamedTuple):
    """A doctor. None leaves what stands."""

    line: int
    code: str | None = None
    name: str = ""
    specialty: str | None = None
    capacity: int | None = None
    problem: str | None = None


class _Meanings(dict[str, T], Generic[T]):
    """What cells mean, each worked out once. A cell that means nothing raises `BadValue`."""

    def __init__(self, read: Callable[[str], T]) -> None:
        self.read = read

    def __missing__(self, said: str) -> T:
        meant = self.read(said.strip())
        if len(said) <= _SHORT:
            self[said] = meant
        return meant


def read_days(lines: Iterable[str], *, format: SheetFormat | None = None) -> Sheet:
    """Return the rows of a file of doctors' days, each bad one with its problem."""
    codes, words = _Meanings(doctor_code), _Meanings(str.lower)
    presences, capacities, notes = _Meanings(_present), _Meanings(_capacity), _Meanings(text.note)

    def row(line: int, doctor: str, days: str, present: str, capacity: str, note: str) -> DayRow:
        try:
            return DayRow(line, codes[doctor], words[days], presences[present], capacities[capacity], notes[note])
        except BadValue as refused:
            return DayRow(line, codes.get(doctor), words[days], problem=str(refused))

    found, unreadable = _rows(tabular.read(lines, DAYS, format=format), row, DayRow, most=MOST_DAYS)
    relative = {each.days for each in found if each.days and _WORD.search(each.days)}

    @cache
    def digest_on(today: date) -> str:
        dated: dict[str | None, str] = {each: _dated(each, today) for each in relative}
        return fingerprints.digest([(each.doctor, dated.get(each.days) or each.days, *each[3:]) for each in found])

    digest = fingerprints.digest([each[1:] for each in found])
    return Sheet(found, unreadable, digest, digest_on if relative else None)


def _dated(said: str, today: date) -> str:
    """Days as they would be said with dates alone; as they were, where they are none."""
    try:
        return ",".join(
            "..".join(days.day(end, today=today).isoformat() for end in part.split("..", 1)) for part in said.split(",")
        )
    except BadValue:
        return said


def read_patients(lines: Iterable[str], *, format: SheetFormat | None = None) -> Sheet:
    """Return the rows of a file of patients, each bad one with its problem, which never repeats what stands in it."""
    births, ages, sexes = _Meanings(_born), _Meanings(_age), _Meanings(_sex)

    def row(line: int, name: str, phone: str, born: str, age: str, sex: str, email: str, note: str) -> PatientRow:
        if born.strip() and age.strip():
            raise BadValue(problem="born and age exclude each other")
        return PatientRow(
            line,
            text.name(name),
            _phone(phone),
            births[born],
            ages[age],
            sexes[sex],
            text.email(email),
            text.note(note),
        )

    found, unreadable = _rows(tabular.read(lines, PATIENTS, format=format), row, PatientRow, most=MOST_PATIENTS)
    meant = [[str(cell) if cell is not None else None for cell in each[1:]] for each in found]
    return Sheet(found, unreadable, fingerprints.digest(meant))


def read_doctors(lines: Iterable[str], *, format: SheetFormat | None = None) -> Sheet:
    """Return the rows of a file of doctors, each bad one with its problem."""

    def row(line: int, code: str, name: str, specialty: str, capacity: str) -> DoctorRow:
        return DoctorRow(line, doctor_code(code), text.name(name), _specialty(specialty), _default_capacity(capacity))

    found, unreadable = _rows(tabular.read(lines, DOCTORS, format=format), row, DoctorRow, most=MOST_DOCTORS)
    return Sheet(found, unreadable, fingerprints.digest([each[1:] for each in found]))


def _rows(
    source: Iterable[tuple[int, Any]], meaning: Callable[..., T], bad: Callable[..., T], *, most: int
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
                found.append(meaning(line, *cells))
            except BadValue as refused:
                found.append(bad(line, problem=str(refused)))
    except tabular.Unreadable as refused:
        return found, refused
    return found, None


def too_large(line: int, most: int) -> tabular.Unreadable:
    """Return why nothing is taken from a file that would hold the writer's lock for too long."""
    return tabular.Unreadable(line, f"more than {most}: split the file")


def dates(said: str, *, today: date) -> list[date]:
    """Return the dates that a cell of days means on `today`. Refuses, in a few words, what is none."""
    try:
        return days.days(said, today=today)
    except BadValue as refused:
        # What is no day at all is said in two words; of several that are, what is wrong with them together.
        kind, _, why = str(refused).rstrip(".").partition(": ")
        named = why if "days" in kind else typed(said, known=days.KNOWN)
        raise BadValue(problem=f"bad date: {named}" if named else "bad date") from None


def _present(said: str) -> bool | None:
    if not said:
        return None
    if said.lower() not in _PRESENT:
        raise _not("present is yes or no, true or false, 1 or 0, present or absent", said, known=_PRESENT.keys() | _ODD)
    return _PRESENT[said.lower()]


def _capacity(said: str) -> int | None:
    return _whole(said, f"capacity is a whole number from 0 to {days.MOST}", least=0, most=days.MOST)


def _default_capacity(said: str) -> int | None:
    return _whole(said, f"capacity is a whole number from 1 to {days.MOST}", least=1, most=days.MOST)


def _age(said: str) -> int | None:
    return _whole(said, "age is a whole number from 0 to 150", least=0, most=150, personal=True)


def _not(problem: str, said: str, *, known: Iterable[str] = ()) -> BadValue:
    """Say what a cell has to be, and what stands in it where that can be about nobody."""
    named = typed(said, known=known)
    return BadValue(problem=f"{problem}, not {named}" if named else problem)


def _whole(said: str, problem: str, *, least: int, most: int, personal: bool = False) -> int | None:
    if not (said := said.strip()):
        return None
    if not (said.isascii() and said.isdigit() and least <= int(said[:9]) <= most and len(said) <= 9):
        raise BadValue(problem=problem) if personal else _not(problem, said)
    return int(said)


def _specialty(said: str) -> str | None:
    return text.clean(said, what="specialty", longest=text.NAME) if said.strip() else None


def _phone(said: str) -> str:
    return "" if text.is_no_phone(said) else text.phone(said)


def _born(said: str) -> date | None:
    return days.parse_date(said) if said else None


def _sex(said: str) -> Sex | None:
    if not said:
        return None
    if said.lower() not in SEX_WORDS:
        raise BadValue(problem=f"sex is {', '.join(Sex)}")
    return SEX_WORDS[said.lower()]
