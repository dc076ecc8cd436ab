"""Results about imported files. Rows are tuples, because there may be very many."""

from dataclasses import field
from datetime import date
from typing import NamedTuple

from clinicctl.results.base import result, stored
from clinicctl.results.people import Moved, ToCall
from clinicctl.statuses import RowOutcome


class ImportedRow(NamedTuple):
    """The outcome of a day in a file. The header is line 1, and a removed day has no line.

    `change` describes the change, but does not contain the note.
    """

    line: int | None
    doctor: str | None
    date: date | None
    outcome: RowOutcome
    reason: str | None
    change: str | None = None
    column: str | None = None


@result
class DoctorDiff:
    """The outcome of a doctor's days in a file, with the first and the last of them."""

    doctor: str
    first: date
    last: date
    added: int
    changed: int
    unchanged: int
    removed: int
    refused: int


@stored("Imported")
@result
class Imported:
    """The outcome of a file of doctors' days."""

    added: int
    changed: int
    unchanged: int
    refused: int
    rows: tuple[ImportedRow, ...]
    cancelled: tuple[ToCall, ...] = ()
    removed: int = 0
    doctors: tuple[DoctorDiff, ...] = ()
    moved: tuple[Moved, ...] = ()


class ImportedPatient(NamedTuple):
    """The outcome of a line in a file of patients: the number, or the numbers of the possible matches.

    A candidate who is in the file but not on file has a line instead, such as `line 7`. `filled` has the fields that
    were empty, `changed` the replaced ones, and `not_taken` those with a different value on file. Lists of people have
    at most 20 members, the likeliest first, with their count in another field.
    """

    line: int
    patient: str | None
    outcome: RowOutcome
    reason: str | None
    candidates: tuple[str, ...] = ()
    candidates_count: int = 0
    filled: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    not_taken: tuple[str, ...] = ()
    similar_on_file: tuple[str, ...] = ()
    similar_on_file_count: int = 0
    column: str | None = None


@stored("ImportedPatients")
@result
class ImportedPatients:
    """The outcome of a file of patients."""

    added: int
    changed: int = field(default=0, kw_only=True)
    unchanged: int
    refused: int
    rows: tuple[ImportedPatient, ...]


class ImportedDoctor(NamedTuple):
    """The outcome of a line in a file of doctors."""

    line: int
    doctor: str | None
    outcome: RowOutcome
    reason: str | None
    change: str | None = None
    column: str | None = None


@stored("ImportedDoctors")
@result
class ImportedDoctors:
    """The outcome of a file of doctors."""

    added: int
    changed: int
    unchanged: int
    refused: int
    rows: tuple[ImportedDoctor, ...]


class ImportedHoliday(NamedTuple):
    """The outcome of a date of an event in a calendar file. The line is that of the event's beginning."""

    line: int
    date: date | None
    name: str | None
    outcome: RowOutcome
    reason: str | None
    change: str | None = None


@stored("ImportedHolidays")
@result
class ImportedHolidays:
    """The outcome of a calendar file of holidays."""

    added: int
    changed: int
    unchanged: int
    refused: int
    rows: tuple[ImportedHoliday, ...]
    cancelled: tuple[ToCall, ...] = ()
