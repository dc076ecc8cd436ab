"""What came of a file, as results. Rows are tuples, because there may be very many."""

from dataclasses import field
from datetime import date
from typing import NamedTuple

from clinicctl.results.base import result, stored
from clinicctl.results.people import ToCall
from clinicctl.statuses import RowOutcome


class ImportedRow(NamedTuple):
    """What came of a day in a file; the header of a file is line 1. A day that was removed stands in no line.

    `change` says what is otherwise now; of a note only that it is. A tuple, because there may be very many.
    """

    line: int | None
    doctor: str | None
    date: date | None
    outcome: RowOutcome
    reason: str | None
    change: str | None = None


@result
class DoctorDiff:
    """What came of a doctor's days in a file, and the first and the last of them."""

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
    """What came of a file."""

    added: int
    changed: int
    unchanged: int
    refused: int
    rows: tuple[ImportedRow, ...]
    cancelled: tuple[ToCall, ...] = ()
    removed: int = 0
    doctors: tuple[DoctorDiff, ...] = ()


class ImportedPatient(NamedTuple):
    """What came of a line of a file of patients: the number, where there is one, or the numbers of who it may be.

    Somebody in the file who is not on file is among the candidates by the line, as `line 7`. `filled` names fields that
    were empty, `changed` those that have another value now, `not_taken` those for which something else is on file.
    Lists of people have at most 20 members, the likeliest first, and their count beside them.
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


@stored("ImportedPatients")
@result
class ImportedPatients:
    """What came of a file of patients."""

    added: int
    changed: int = field(default=0, kw_only=True)
    unchanged: int
    refused: int
    rows: tuple[ImportedPatient, ...]


class ImportedDoctor(NamedTuple):
    """What came of a line of a file of doctors."""

    line: int
    doctor: str | None
    outcome: RowOutcome
    reason: str | None
    change: str | None = None


@stored("ImportedDoctors")
@result
class ImportedDoctors:
    """What came of a file of doctors."""

    added: int
    changed: int
    unchanged: int
    refused: int
    rows: tuple[ImportedDoctor, ...]
