"""Parse the rows of imported files, each into values or a problem.

Line numbers are those of the file. Equal cells are parsed only once.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from clinicctl.errors import BadValue, typed
from clinicctl.rules import days, fingerprints, import_cells, references, tabular, text
from clinicctl.rules.dates import AgeWord, BirthWord
from clinicctl.rules.import_cells import Cell, ParsedCells, problem_of
from clinicctl.rules.tabular import PLAIN, Cells, Columns, Reading, Sheet
from clinicctl.statuses import DaySource, Notify, Sex, SheetFormat

T = TypeVar("T")

_ABSOLUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}((,|\.\.)[0-9]{4}-[0-9]{2}-[0-9]{2})*")
"""Dates that mean the same on every day and in every order."""

MOST_DAYS = 100_000
"""The most days in one file. Writing them takes about half a second under the writer's lock."""

MOST_PATIENTS = 200_000
"""The most patients in one file."""

AT_ONCE, PART = 20_000, 10_000
"""The most patients in one transaction, for the same reason, and the rows of each part of a larger file.

Each patient also has rows for the words of the name and for the keys.
"""

MOST_DOCTORS = 500
"""The most doctors in one file. They are written one by one."""

DAYS = Columns(
    names={
        "doctor": ("doctor code", "code"),
        "date": ("day", "days", "dates"),
        "present": ("available", "availability", "status"),
        "capacity": ("slots", "places"),
        "note": ("notes", "comment", "comments", "remark", "remarks"),
        "source": (),
        "sessions": ("session", "hours"),
        "every": ("slot length", "slot minutes"),
    },
    required=("doctor", "date"),
    written=("booked", "remaining", "updated_by", "updated_at", "cancelled", "first_free", "free_times", "moved"),
    lists=("sessions",),
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
        "phones": (),
        "born_estimated": (),
        "phone_unverified": (),
        "notify": ("notifications", "messages"),
        "language": (),
        "id": (),
    },
    required=("name",),
    written=(
        *("number", "age_months", "created_at", "archived_at", "merged_into", "erased_at", "score"),
        *("former_names", "former_names_count", "former_phones", "former_phones_count"),
    ),
    lists=("phones",),
)
DOCTORS = Columns(
    names={
        "code": ("doctor code", "doctor"),
        "name": ("doctor name", "full name"),
        "specialty": ("speciality",),
        "capacity": ("slots", "places"),
        "id": (),
    },
    required=("code", "name"),
    written=("created_at", "archived_at"),
)


class DayRow(NamedTuple):
    """A doctor's days. None leaves the value unchanged.

    `doctor` is a code, or a name. `source` is that of a day in a list of the program: the values of such a row may be
    defaults, which are not stored again. Empty `sessions` are no hours. `problem` is the reason why the row cannot be
    imported. Its doctor and days are given as far as they can be read.
    """

    line: int
    doctor: str | None = None
    days: str | None = None
    present: bool | None = None
    capacity: int | None = None
    note: str | None = None
    problem: str | None = None
    source: DaySource | None = None
    sessions: str | None = None
    every: int | None = None


class PatientRow(NamedTuple):
    """A patient, as in a registration.

    The phones are unparsed, and the first is empty for none; their region is the clinic's. A row may have both a birth
    date and an age, which have to agree. `unverified` accepts an invalid phone, as a list of the program marks it. `id`
    is that of a patient in a list of the program.
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
    unverified: bool = False
    notify: Notify | None = None
    language: str | None = None
    id: UUID | None = None


class DoctorRow(NamedTuple):
    """A doctor. None leaves the value unchanged.

    A row with an id is from a list of the program: its capacity may be the clinic's default, which is not stored.
    """

    line: int
    code: str | None = None
    name: str = ""
    specialty: str | None = None
    capacity: int | None = None
    problem: str | None = None
    listed: bool = False


def read_days(lines: Iterable[str] | Cells, *, format: SheetFormat | None = None, reading: Reading = PLAIN) -> Sheet:
    """Return the rows of a file of doctors' days. A bad row has a problem."""
    codes, words = ParsedCells("doctor", import_cells.doctor), ParsedCells("date", str.lower)
    presences, capacities = ParsedCells("present", import_cells.present), ParsedCells("capacity", import_cells.capacity)
    notes, sources = ParsedCells("note", text.note), ParsedCells("source", import_cells.source)
    sessions_, lengths = ParsedCells("sessions", import_cells.sessions), ParsedCells("every", import_cells.every)

    def row(line: int, doctor: str, days: str, *cells: str) -> DayRow:
        present, capacity, note, source, sessions, every = cells
        try:
            return DayRow(
                line,
                codes[doctor],
                words[days],
                presences[present],
                capacities[capacity],
                notes[note],
                source=sources[source],
                sessions=sessions_[sessions],
                every=lengths[every],
            )
        except BadValue as refused:
            return DayRow(line, codes.get(doctor), words[days], problem=problem_of(refused))

    found, unreadable = _rows(tabular.read(lines, DAYS, format=format, reading=reading), row, DayRow, most=MOST_DAYS)
    relative = {each.days for each in found if each.days and not _ABSOLUTE.fullmatch(each.days)}

    @cache
    def digest_on(today: date, order: str) -> str:
        dated: dict[str | None, str] = {each: _dated(each, today, order) for each in relative}
        return fingerprints.digest([_digested(each, dated.get(each.days) or each.days) for each in found])

    digest = fingerprints.digest([_digested(each, each.days) for each in found])
    return Sheet(found, unreadable, digest, digest_on if relative else None)


def _digested(row: DayRow, days: str | None) -> tuple[Any, ...]:
    """Return the meaning of a row. Older versions had no source and no hours."""
    hours = [row.sessions, row.every] if row.sessions is not None or row.every is not None else []
    return (row.doctor, days, *row[3:7], *([row.source] if row.source else []), *hours)


def _dated(cell: str, today: date, order: str) -> str:
    """Return days as dates in their order; invalid days are unchanged."""
    try:
        return ",".join(
            "..".join(each.isoformat() for each in days.ends(part, today=today, order=order))
            for part in cell.split(",")
        )
    except BadValue:
        return cell


def read_patients(
    lines: Iterable[str] | Cells, *, format: SheetFormat | None = None, reading: Reading = PLAIN
) -> Sheet:
    """Return the rows of a file of patients.

    A bad row has a problem, which never repeats its content.
    """
    births, ages = ParsedCells("born", import_cells.born), ParsedCells("age", import_cells.age)
    sexes, estimates = ParsedCells("sex", import_cells.sex), ParsedCells("born_estimated", import_cells.born)
    names, mails, notes = (Cell("name", text.name), Cell("email", text.email), Cell("note", text.note))
    channels, languages = ParsedCells("notify", import_cells.notify), ParsedCells("language", import_cells.language)
    phones, flags = Cell("phone", import_cells.phones), ParsedCells("phone_unverified", import_cells.present)

    def row(line: int, *cells: str) -> PatientRow:
        name, phone, born, age, sex, email, note, all_phones, estimated, unverified, notify, language, id_ = cells
        listed = phones(all_phones if all_phones.strip() else phone)
        return PatientRow(
            line,
            names(name),
            listed[0],
            births[born] or estimates[estimated],
            ages[age],
            sexes[sex],
            mails(email),
            notes(note),
            more_phones=listed[1:],
            unverified=bool(flags[unverified]),
            notify=channels[notify],
            language=languages[language],
            id=references.uuid(id_),
        )

    source = tabular.read(lines, PATIENTS, format=format, reading=reading)
    found, unreadable = _rows(source, row, PatientRow, most=MOST_PATIENTS)
    # The parts of a large file have digests of their own.
    return Sheet(found, unreadable, _digest_of_patients(found) if len(found) <= AT_ONCE else "")


def _digest_of_patients(found: Sequence[PatientRow]) -> str:
    rows = [
        [
            *(str(cell) if cell is not None else None for cell in each[1:9]),
            *each.more_phones,
            *[True] * each.unverified,
            # Older versions had none of these. The id identifies a patient, but says nothing about them.
            *([{"notify": each.notify, "language": each.language}] if each.notify or each.language else []),
        ]
        for each in found
    ]
    return fingerprints.digest(rows)


def patient_parts(sheet: Sheet) -> list[Sheet]:
    """Return the parts of a file of patients that are imported one after another.

    A file that fits into one transaction is one part.
    """
    if len(sheet.rows) <= AT_ONCE:
        return [sheet]
    slices = [sheet.rows[first : first + PART] for first in range(0, len(sheet.rows), PART)]
    return [Sheet(each, sheet.unreadable if each is slices[-1] else None, _digest_of_patients(each)) for each in slices]


def read_doctors(lines: Iterable[str] | Cells, *, format: SheetFormat | None = None, reading: Reading = PLAIN) -> Sheet:
    """Return the rows of a file of doctors. A bad row has a problem."""
    codes, names = ParsedCells("code", references.doctor_code), Cell("name", text.name)
    specialties, capacities = (
        Cell("specialty", import_cells.specialty),
        ParsedCells("capacity", import_cells.default_capacity),
    )

    def row(line: int, code: str, name: str, specialty: str, capacity: str, identity: str) -> DoctorRow:
        cells = codes[code], names(name), specialties(specialty), capacities[capacity]
        return DoctorRow(line, *cells, listed=bool(identity.strip()))

    source = tabular.read(lines, DOCTORS, format=format, reading=reading)
    found, unreadable = _rows(source, row, DoctorRow, most=MOST_DOCTORS)
    return Sheet(found, unreadable, fingerprints.digest([[*each[1:-1], *[True] * each.listed] for each in found]))


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of file: its name, its columns, and the functions that read and part it."""

    name: str
    columns: Columns
    read: Callable[..., Sheet]
    parts: Callable[[Sheet], list[Sheet]] = lambda sheet: [sheet]


DAY_FILES = Kind("days", DAYS, read_days)
PATIENT_FILES = Kind("patients", PATIENTS, read_patients, patient_parts)
DOCTOR_FILES = Kind("doctors", DOCTORS, read_doctors)


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
                found.append(bad(line, problem=problem_of(refused)))
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
