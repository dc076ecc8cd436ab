"""The rows of exported tables, in the columns of the lists of the program, one by one.

Nothing here depends on how many rows there are: they come from a cursor, and each is forgotten when the next one comes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter, itemgetter
from typing import Any

from clinicctl.desk import audit, availability, days, doctors, patients, visit_times, waitlist
from clinicctl.desk.exports import selection
from clinicctl.desk.exports.selection import Chosen
from clinicctl.results.exports import CellType, Column
from clinicctl.results.journal import JournalStep
from clinicctl.rules.references import DoctorRef, PatientRef
from clinicctl.rules.spans import SpansWord
from clinicctl.store.compiled import days as stored_days
from clinicctl.store.compiled import doctors as stored_doctors
from clinicctl.store.engine import Tx

Row = tuple[Any, ...]

_DAYS_AT_ONCE = 366


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table: its columns, those that are personal, those with names of actors, and its rows."""

    columns: tuple[Column, ...]
    rows: Callable[[Tx, Chosen], Iterator[Row]]
    personal: frozenset[str] = frozenset()
    actors: frozenset[str] = frozenset()


def read(
    tx: Tx,
    *,
    table: str,
    on: SpansWord | None = None,
    doctor: DoctorRef | None = None,
    patient: PatientRef | None = None,
    archived: bool = False,
    no_personal: bool = False,
) -> tuple[tuple[Column, ...], Iterator[Row]]:
    """Return the columns and the rows of a table, in the order of its list.

    Without personal data, its columns are left out, and actors are numbered as they appear. Refuses an unknown doctor
    or patient.
    """
    tx.take_time()
    chosen = selection.choose(tx, on=on, doctor=doctor, patient=patient, archived=archived)
    wanted = TABLES[table]
    found = wanted.rows(tx, chosen)
    return _without_personal(wanted, found) if no_personal else (wanted.columns, found)


def _without_personal(table: Table, found: Iterable[Row]) -> tuple[tuple[Column, ...], Iterator[Row]]:
    left = [nth for nth, each in enumerate(table.columns) if each.name not in table.personal]
    columns = tuple(
        Column(each.name, CellType.NUMBER) if each.name in table.actors else each
        for each in (table.columns[nth] for nth in left)
    )
    numbered = [nth for nth, each in enumerate(columns) if each.name in table.actors]
    return columns, _numbered(map(itemgetter(*left), found), numbered)


def _numbered(found: Iterable[Row], columns: Sequence[int]) -> Iterator[Row]:
    """Yield rows with a number for each name in some columns."""
    if not columns:
        yield from found
        return
    numbers: dict[str, int] = {}
    for row in found:
        cells = list(row)
        for nth in columns:
            if cells[nth] is not None:
                cells[nth] = numbers.setdefault(cells[nth], len(numbers) + 1)
        yield tuple(cells)


# The tables


def _columns(**types: CellType) -> tuple[Column, ...]:
    """Return columns. Two underscores in a name are a dot."""
    return tuple(Column(name.replace("__", "."), each) for name, each in types.items())


_TEXT, _NUMBER, _BOOLEAN = CellType.TEXT, CellType.NUMBER, CellType.BOOLEAN
_DATE, _TIME, _INSTANT, _TEXTS = CellType.DATE, CellType.TIME, CellType.INSTANT, CellType.TEXTS


def _fields(columns: Sequence[Column]) -> Callable[[Any], Row]:
    return attrgetter(*(each.name for each in columns))


_PATIENT_COLUMNS = _columns(
    **dict.fromkeys(("id", "number", "name", "phone"), _TEXT),
    born=_DATE,
    age=_NUMBER,
    **dict.fromkeys(("sex", "email", "note"), _TEXT),
    created_at=_INSTANT,
    archived_at=_INSTANT,
    merged_into=_TEXT,
    erased_at=_INSTANT,
    phone_unverified=_BOOLEAN,
    former_names=_TEXTS,
    former_names_count=_NUMBER,
    former_phones=_TEXTS,
    former_phones_count=_NUMBER,
    phones=_TEXTS,
    age_months=_NUMBER,
    born_estimated=_TEXT,
    notify=_TEXT,
    language=_TEXT,
)


def _patients(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    read_fields = _fields(_PATIENT_COLUMNS)
    for each in patients.iter_all(tx, archived=chosen.archived):
        fields = list(read_fields(each))
        fields[0] = str(each.id)
        yield tuple(fields)


PATIENTS = Table(
    _PATIENT_COLUMNS,
    _patients,
    personal=frozenset(each.name for each in _PATIENT_COLUMNS)
    - {"id", "number", "created_at", "archived_at", "merged_into", "erased_at"},
)

_DOCTOR_COLUMNS = _columns(
    **dict.fromkeys(("id", "code", "name", "specialty"), _TEXT),
    capacity=_NUMBER,
    created_at=_INSTANT,
    archived_at=_INSTANT,
)


def _doctors(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    for each in doctors.list_all(tx, archived=chosen.archived):
        yield (str(each.id), each.code, each.name, each.specialty, each.capacity, each.created_at, each.archived_at)


DOCTORS = Table(_DOCTOR_COLUMNS, _doctors, personal=frozenset({"name"}))

_DAY_COLUMNS = _columns(
    doctor=_TEXT,
    date=_DATE,
    present=_BOOLEAN,
    capacity=_NUMBER,
    booked=_NUMBER,
    remaining=_NUMBER,
    **dict.fromkeys(("note", "source", "updated_by"), _TEXT),
    updated_at=_INSTANT,
    sessions=_TEXTS,
    every=_NUMBER,
)


def _days(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    """Yield the days of each doctor.

    An open end is the first or the last day that has a setting or a booking."""
    read_fields = _fields(_DAY_COLUMNS)
    stored = stored_days.bounds(tx)
    assert stored is not None, "a query of sums has a row"
    listed = [chosen.doctor] if chosen.doctor is not None else stored_doctors.on_staff(tx)
    for doctor in listed:
        for span in selection.within(chosen.spans, stored.first or tx.today, stored.last or tx.today):
            count = (span.last - span.first).days + 1
            for at in range(0, count, _DAYS_AT_ONCE):
                dates = [span.first + timedelta(days=nth) for nth in range(at, min(at + _DAYS_AT_ONCE, count))]
                found = days.list_states_of_doctors(tx, [doctor], dates)
                yield from map(read_fields, availability.describe(tx, found[doctor.id]))


DAYS = Table(_DAY_COLUMNS, _days, personal=frozenset({"note"}), actors=frozenset({"updated_by"}))

_PERSON = {"patient__id": _TEXT, "patient__number": _TEXT, "patient__name": _TEXT}
_DOCTOR = {"doctor__id": _TEXT, "doctor__code": _TEXT, "doctor__name": _TEXT}
_NAMES = {"patient.name", "doctor.name"}


def _appointments(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    local = tx.local
    for row in selection.appointments(tx, chosen):
        end, starts_at, ends_at = visit_times.extent(tx, row.date, row.time, row.minutes, row.after_midnight)
        yield (
            str(row.id),
            f"A{row.number}",
            str(row.patient_id),
            f"P{row.patient_number}",
            row.patient_name,
            str(row.doctor_id),
            row.doctor_code,
            row.doctor_name,
            row.date,
            row.slot,
            row.time,
            row.status,
            row.reason,
            row.position,
            f"A{row.moved_to}" if row.moved_to else None,
            f"A{row.moved_from}" if row.moved_from else None,
            row.key,
            row.overbooked,
            row.cancelled_by,
            row.cancel_reason,
            local(row.created_at),
            local(row.updated_at),
            row.queue_doctor_code if row.queue_doctor_code != row.doctor_code else None,
            row.note,
            end,
            starts_at,
            ends_at,
            row.slots,
            row.visit_type,
            f"A{row.series}" if row.series is not None else None,
        )


APPOINTMENTS = Table(
    _columns(
        id=_TEXT,
        number=_TEXT,
        **_PERSON,
        **_DOCTOR,
        date=_DATE,
        slot=_NUMBER,
        time=_TIME,
        status=_TEXT,
        reason=_TEXT,
        position=_NUMBER,
        **dict.fromkeys(("moved_to", "moved_from", "key"), _TEXT),
        overbooked=_BOOLEAN,
        cancelled_by=_TEXT,
        cancel_reason=_TEXT,
        created_at=_INSTANT,
        updated_at=_INSTANT,
        queue_doctor=_TEXT,
        note=_TEXT,
        end=_TIME,
        starts_at=_INSTANT,
        ends_at=_INSTANT,
        slots=_NUMBER,
        visit_type=_TEXT,
        series=_TEXT,
    ),
    _appointments,
    personal=frozenset({*_NAMES, "reason", "cancel_reason", "note", "key"}),
)


def _queue(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    for row in selection.arrivals(tx, chosen):
        until = row.called_at or row.ended_at or tx.now
        yield (
            row.doctor_code,
            row.date,
            row.position,
            row.status,
            row.priority,
            f"A{row.appointment_number}",
            f"P{row.patient_number}",
            row.patient_name,
            tx.local(row.checked_in_at),
            tx.local(row.called_at),
            tx.local(row.started_at),
            tx.local(row.ended_at),
            max(0, int((until - row.checked_in_at).total_seconds() // 60)),
            row.recalled,
            row.moved_up,
        )


QUEUE = Table(
    _columns(
        doctor=_TEXT,
        date=_DATE,
        position=_NUMBER,
        status=_TEXT,
        priority=_NUMBER,
        appointment__number=_TEXT,
        patient__number=_TEXT,
        patient__name=_TEXT,
        **dict.fromkeys(("checked_in_at", "called_at", "started_at", "ended_at"), _INSTANT),
        waited_minutes=_NUMBER,
        recalled=_NUMBER,
        moved_up=_BOOLEAN,
    ),
    _queue,
    personal=frozenset(_NAMES),
)


def _waitlist(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    for row, dates in waitlist.iter_rows(tx, selection.of_waitlist(chosen)):
        if not selection.is_wished(chosen, dates):
            continue
        yield (
            str(row.id),
            f"W{row.number}",
            str(row.patient_id),
            f"P{row.patient_number}",
            row.patient_name,
            str(row.doctor_id),
            row.doctor_code,
            row.doctor_name,
            row.first_date,
            row.last_date,
            row.status,
            f"A{row.appointment_number}" if row.appointment_number else None,
            tx.local(row.created_at),
            tuple(each.isoformat() for each in dates),
        )


WAITLIST = Table(
    _columns(
        id=_TEXT,
        number=_TEXT,
        **_PERSON,
        **_DOCTOR,
        first_date=_DATE,
        last_date=_DATE,
        status=_TEXT,
        appointment=_TEXT,
        created_at=_INSTANT,
        days=_TEXTS,
    ),
    _waitlist,
    personal=frozenset(_NAMES),
)


def _journal(tx: Tx, chosen: Chosen) -> Iterator[Row]:
    patient = chosen.patient_ref
    for span in chosen.spans:
        for each in audit.log(tx, doctor=chosen.doctor_ref, patient=patient, span=span if chosen.is_limited else None):
            yield (
                each.number,
                each.at,
                each.actor,
                each.command,
                each.key,
                each.undoes,
                each.touched,
                tuple(map(_step, each.steps)),
                each.role,
            )


def _step(step: JournalStep) -> str:
    return f"{step.appointment}:{step.from_status or ''}>{step.to_status}"


JOURNAL = Table(
    _columns(
        number=_NUMBER,
        at=_INSTANT,
        actor=_TEXT,
        command=_TEXT,
        key=_TEXT,
        undoes=_NUMBER,
        touched=_TEXTS,
        steps=_TEXTS,
        role=_TEXT,
    ),
    _journal,
    personal=frozenset({"key", "role"}),
    actors=frozenset({"actor"}),
)

TABLES = {
    "patients": PATIENTS,
    "doctors": DOCTORS,
    "days": DAYS,
    "appointments": APPOINTMENTS,
    "queue": QUEUE,
    "waitlist": WAITLIST,
    "journal": JOURNAL,
}
