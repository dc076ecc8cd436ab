"""The facts that operations return. Frozen; their fields are the JSON that scripts rely on, in this order.

A field marked `PERSONAL` never reaches the journal or a log: a replay reads it from the row it belongs to.
Instants carry the clinic's offset; dates are clinic-local.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, time
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.statuses import AppointmentStatus, CancelledBy, DaySource, QueueStatus, RowOutcome, WaitlistStatus

PERSONAL: Mapping[str, bool] = {"personal": True}


@dataclass(frozen=True, slots=True)
class Clinic:
    """What `init` answers."""

    path: str
    name: str
    timezone: str
    region: str
    capacity: int
    created: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """One of the clinic's settings."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class PatientBrief:
    """A patient inside something else."""

    id: UUID
    number: str
    name: str = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True)
class DoctorBrief:
    """A doctor inside something else."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient on file. `age` is in whole years, from `born`, or from the age said at the desk."""

    id: UUID
    number: str
    name: str = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)
    born: date | None = field(metadata=PERSONAL)
    age: int | None = field(metadata=PERSONAL)
    sex: str = field(metadata=PERSONAL)
    email: str | None = field(metadata=PERSONAL)
    note: str | None = field(metadata=PERSONAL)
    created_at: datetime
    archived_at: datetime | None
    merged_into: str | None
    erased_at: datetime | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Registered(Patient):
    """A patient as a registration leaves him: new, or on file already."""

    created: bool
    shares_phone_with: tuple[PatientBrief, ...]


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of a merge: who is left, whose file it was, and how much moved."""

    patient: Patient
    merged: str
    appointments: int
    waitlist_entries: int


@dataclass(frozen=True, slots=True)
class Erased:
    """What is left of a patient: his number, those of whoever was merged into him, and his appointments.

    `overwritten` says whether the database and its log hold nothing of him any more, not even in what is free.
    """

    patient: Patient
    numbers: tuple[str, ...]
    appointments: int
    overwritten: bool | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two patients on file who may be one person; the score goes to 100."""

    score: int
    why: str
    one: Patient
    other: Patient


@dataclass(frozen=True, slots=True)
class Doctor:
    """A doctor. `capacity` is that of a day for which nothing else is said."""

    id: UUID
    code: str
    name: str = field(metadata=PERSONAL)
    specialty: str | None
    capacity: int
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True)
class ToCall:
    """A patient whom the clinic has cancelled, and who has to be told."""

    appointment: str
    number: str
    name: str = field(metadata=PERSONAL)
    phone: str | None = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True)
class Day:
    """A doctor's day. `remaining` is never negative, and 0 on a day without the doctor."""

    doctor: str
    date: date
    present: bool
    capacity: int
    booked: int
    remaining: int
    note: str | None = field(metadata=PERSONAL)
    source: DaySource
    updated_by: str | None
    updated_at: datetime | None
    cancelled: tuple[ToCall, ...] = ()


@dataclass(frozen=True, slots=True)
class WeekDay:
    """What a doctor's weekday is where nothing is said of the date."""

    doctor: str
    weekday: str
    present: bool
    capacity: int
    source: DaySource
    cancelled: tuple[ToCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Appointment:
    """A patient's place on a doctor's day."""

    id: UUID
    number: str
    patient: PatientBrief
    doctor: DoctorBrief
    date: date
    slot: int
    time: time | None
    status: AppointmentStatus
    reason: str | None = field(metadata=PERSONAL)
    position: int | None
    moved_to: str | None
    moved_from: str | None
    key: str | None
    overbooked: bool
    cancelled_by: CancelledBy | None
    cancel_reason: str | None = field(metadata=PERSONAL)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Cancelled(Appointment):
    """A cancelled appointment, and the one that the freed place went to, with `--promote`."""

    promoted: Appointment | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a day sheet: free, or what stands in it."""

    doctor: str
    date: date
    slot: int
    status: str
    time: time | None
    appointment: Appointment | None


@dataclass(frozen=True, slots=True)
class Closed:
    """What the end of a day made of what was still open."""

    date: date
    no_show: tuple[str, ...]
    left: tuple[str, ...]
    completed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToDo:
    """Something that needs somebody, and the command that mends it."""

    what: str
    date: date
    doctor: str | None
    subject: str | None
    command: str


@dataclass(frozen=True, slots=True)
class WaitlistEntry:
    """Somebody who waits for a place with a doctor within a range of days."""

    id: UUID
    number: str
    patient: PatientBrief
    doctor: DoctorBrief
    first_date: date
    last_date: date
    status: WaitlistStatus
    appointment: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Undone:
    """A write taken back, and the appointments as they stand again."""

    undoes: int
    command: str
    actor: str
    at: datetime
    appointments: tuple[Appointment, ...]


@dataclass(frozen=True, slots=True)
class Board:
    """One doctor's line on the board of the waiting room: positions only."""

    doctor: str
    name: str
    serving: tuple[int, ...]
    called: tuple[int, ...]
    waiting: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step in an appointment's history."""

    at: datetime
    actor: str
    command: str
    journal: int
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    reason: str | None = field(metadata=PERSONAL)


@dataclass(frozen=True, slots=True)
class JournalStep:
    """What one step of a journaled write did to an appointment, and to its place in the queue."""

    appointment: str
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A journaled write: who, when, by which command, under which key of his own, and what it touched. No names."""

    number: int
    at: datetime
    actor: str
    command: str
    key: str | None
    undoes: int | None
    touched: tuple[str, ...]
    steps: tuple[JournalStep, ...]


@dataclass(frozen=True, slots=True)
class JournalFinding:
    """A row of the journal that is not as it was written, and what is wrong with it."""

    number: int
    problem: str


@dataclass(frozen=True, slots=True)
class JournalChecked:
    """What the journal's chain of hashes shows: how many writes, the last one's number and hash, what is wrong.

    `broken` counts everything that is wrong, of which `findings` has the first. `anchored` says whether a row has the
    hash that was asked for.
    """

    writes: int
    number: int
    head: str
    anchored: bool | None
    broken: int
    findings: tuple[JournalFinding, ...]


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """An arrival: the place in the queue that was given."""

    position: int
    people_ahead: int
    checked_in_at: datetime
    appointment: Appointment


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A place in a doctor's queue. `waited_minutes` runs until the call, `people_ahead` counts those waiting before."""

    doctor: str
    date: date
    position: int
    status: QueueStatus
    priority: int
    appointment: Appointment
    patient: PatientBrief
    checked_in_at: datetime
    called_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    waited_minutes: int
    people_ahead: int
    long_wait: bool


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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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

    Somebody in the file who is not on file stands among the candidates with his line, as `line 7`.
    """

    line: int
    patient: str | None
    outcome: RowOutcome
    reason: str | None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedPatients:
    """What came of a file of patients."""

    added: int
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


@dataclass(frozen=True, slots=True)
class ImportedDoctors:
    """What came of a file of doctors."""

    added: int
    changed: int
    unchanged: int
    refused: int
    rows: tuple[ImportedDoctor, ...]


@dataclass(frozen=True, slots=True)
class Demo:
    """A demonstration clinic, and the commands to try on it."""

    path: str
    patients: int
    doctors: int
    appointments: int
    checked_in: int
    try_next: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that `health` looked at."""

    name: str
    value: str
    ok: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the database can be used, and what was looked at."""

    usable: bool
    path: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class LastBackup:
    """The last backup that is known: when, where, and the journal's head in it."""

    at: datetime
    path: str
    number: int
    head: str


@dataclass(frozen=True, slots=True)
class Database:
    """What the database file says of itself; sizes in bytes. The head is the journal's last row."""

    path: str
    application: str
    schema: int
    sqlite: str
    journal_mode: str
    bytes: int
    wal_bytes: int
    page_size: int
    pages: int
    free_pages: int
    number: int
    head: str
    last_backup: LastBackup | None
    tables: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Problem:
    """A law of the clinic that does not hold somewhere; `mendable` where `--repair` can work it out anew."""

    law: str
    where: str
    mendable: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the database is sound, and what is wrong with it."""

    path: str
    sound: bool
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was worked out anew, what is left, and the copy that was taken before."""

    path: str
    copy: str | None
    mended: tuple[Problem, ...]
    left: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup, and the journal's head in it; `removed` are the older ones that it took the place of."""

    path: str
    at: datetime
    bytes: int
    number: int
    head: str
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """A database put in its place: from which file, the schema that had, its journal's head, and where
    the replaced one is kept."""

    path: str
    file: str
    found: int
    schema: int
    number: int
    head: str
    patients: int
    appointments: int
    replaced: str | None


@dataclass(frozen=True, slots=True)
class Migrated:
    """The version of the schema before and now, and the copy that was taken before."""

    path: str
    found: int
    schema: int
    copy: str | None


@dataclass(frozen=True, slots=True)
class Compacted:
    """The bytes of the database, with its log, before and after."""

    path: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A number, and what tells it from others of its metric."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that is measured, or several of a kind."""

    name: str
    help: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Metrics:
    """What was measured."""

    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write answers: its result, and how it came about."""

    result: Any
    replayed: bool = False
    dry_run: bool = False


def plain(value: Any, *, personal: bool = True) -> Any:
    """Return `value` as JSON knows it: dates ISO 8601, instants RFC 3339 to the second, times `HH:MM`.

    Without `personal`, every field marked so is left out; but that there was nothing in it is told.
    """
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if written := _written(kind):  # type: ignore[arg-type]
        return written(value)
    if names := _names(kind):  # type: ignore[arg-type]
        found = {}
        for name, private in names:
            each = getattr(value, name)
            if personal or not private or each is None:
                found[name] = each if type(each) in _AS_IT_IS else plain(each, personal=personal)
        return found
    if isinstance(value, list | tuple):
        return _listed(value, personal=personal)
    if isinstance(value, dict):
        return {name: plain(each, personal=personal) for name, each in value.items()}
    return value


_AS_IT_IS = frozenset({str, int, bool, float, type(None)})
_WRITTEN: Mapping[type, Callable[[Any], str]] = {
    UUID: str,
    StrEnum: str,
    datetime: lambda instant: instant.isoformat(timespec="seconds"),
    time: lambda at: at.isoformat(timespec="minutes"),
    date: date.isoformat,
}


@cache
def _written(kind: type) -> Callable[[Any], str] | None:
    """How a value of this class is written, where that takes one word."""
    return next((written for known, written in _WRITTEN.items() if issubclass(kind, known)), None)


@cache
def _names(kind: type) -> tuple[tuple[str, bool], ...]:
    """The fields of a result's class, and whether each is personal; none of any other class."""
    return tuple((each.name, bool(each.metadata)) for each in fields(kind)) if is_dataclass(kind) else ()


def _listed(values: Sequence[Any], *, personal: bool) -> list[Any]:
    if values and isinstance(values[0], tuple) and hasattr(values[0], "_fields"):
        return _objects(values)
    return [plain(each, personal=personal) for each in values]


def _objects(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Named tuples as objects; nothing in them is personal. Quick, because there may be very many."""
    names = rows[0]._fields
    columns = [_column(each) for each in zip(*rows, strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _column(values: Sequence[Any]) -> Sequence[Any]:
    """Values as JSON knows them, each that comes again worked out once."""
    if all(value is None or type(value) in (int, str) for value in values):
        return values
    known: dict[Any, Any] = {}
    return [known[value] if value in known else known.setdefault(value, plain(value)) for value in values]
