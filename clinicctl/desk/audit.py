"""The journal as it is read: who did what to whom, and whether it is as it was written. No names.

A write touches what its outcome tells of and the appointments whose steps it took. Both are found by their indexes;
only writes on patients, doctors and the waitlist, which take no steps, are looked for among those of their command.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from datetime import time as clock_time
from itertools import islice
from typing import Any

from clinicctl import errors
from clinicctl.desk import bookings, journal, patients, recall, staff
from clinicctl.results import JournalChecked, JournalEntry, JournalStep
from clinicctl.rules import days
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.statuses import RowOutcome
from clinicctl.store import streams
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import appointments, doctors, journal_steps, queue_entries
from clinicctl.store.models import journal as writes
from clinicctl.store.models import patients as people
from clinicctl.store.sql import and_, or_, select

NAMED = 5
"""So many findings stand in the sentence of a refusal; the details have more."""

_AT_ONCE = 500

_MADE_UP = re.compile(r"auto-[0-9a-f]{32}")
_NUMBER = re.compile(r"[PAW][1-9][0-9]*")
_NAMING = {"number", "appointment", "patient", "merged", "moved_to", "moved_from"}
_NAMING_MANY = {"no_show", "left", "completed", "numbers", "waitlist_closed"}
_DOCTORS = "doctors"
"""The doctors in an answer: their codes after an undo, more about each after an import."""
_NAMING_DOCTORS = {"doctor", "code"}
_NOT_TOUCHED = {"shares_phone_with", "similar_on_file"}

_STEPS = (
    select(
        journal_steps.c.journal_number,
        journal_steps.c.from_status,
        journal_steps.c.to_status,
        journal_steps.c.queue_from,
        journal_steps.c.queue_to,
        appointments.c.number.label("appointment"),
        people.c.number.label("patient"),
        doctors.c.code.label("doctor"),
    )
    .join(appointments, appointments.c.id == journal_steps.c.appointment_id)
    .join(people, people.c.id == appointments.c.patient_id)
    .join(doctors, doctors.c.id == appointments.c.doctor_id)
    .order_by(journal_steps.c.journal_number, journal_steps.c.nth)
)


def verify(tx: Tx, *, anchor: str | None = None) -> JournalChecked:
    """Return the number of rows and the last one's hash. Refuses with `BrokenJournal`, which names every finding."""
    checked = journal.examine(tx, anchor=anchor)
    if checked.broken:
        told = [f"row {each.number}: {each.problem}" for each in checked.findings[:NAMED]]
        more = [f"and {checked.broken - NAMED} more"] if checked.broken > NAMED else []
        raise errors.BrokenJournal(
            broken=checked.broken,
            writes=checked.writes,
            first="; ".join([*told, *more]),
            head=checked.head,
            anchored=checked.anchored,
            findings=[{"number": each.number, "problem": each.problem} for each in checked.findings],
        )
    return checked


def log(
    tx: Tx,
    *,
    patient: PatientRef | None = None,
    doctor: DoctorRef | None = None,
    appointment: AppointmentRef | None = None,
    actor: str | None = None,
    command: str | None = None,
    on: DaysWord | None = None,
    key: str | None = None,
    limit: int | None = None,
) -> list[JournalEntry]:
    """Return the writes that fit, the newest last; with a limit the newest of them, the newest first.

    Refuses an unknown patient, doctor or appointment; none found is no error.
    """
    query, whom = select(writes), list[set[str]]()
    if patient:
        numbers, condition = _of_patient(tx, patient)
        query, whom = query.where(condition), [*whom, numbers]
    if doctor:
        row = staff.find(tx, doctor)
        query, whom = query.where(_of_doctor(row)), [*whom, {row.code}]
    if appointment:
        taken = select(journal_steps.c.journal_number).where(
            journal_steps.c.appointment_id == bookings.find(tx, appointment).id
        )
        query = query.where(writes.c.number.in_(taken))
    if actor:
        query = query.where(writes.c.actor == actor)
    if command:
        said = or_(*(_begins(each) for each in _spellings(command)))
        query = query.where(writes.c.number.in_(select(writes.c.number).where(said)))
    if key:
        query = query.where(writes.c.key == key)
    dates = days.days(on, today=tx.today) if on else None
    if dates:
        query = query.where(_between(tx, dates[0], dates[-1]))
    order = writes.c.number.desc() if limit else writes.c.number
    found = (
        entry
        for entry in _entries(tx, streams.rows(tx, query.order_by(order)))
        if (dates is None or entry.at.date() in dates) and all(each & set(entry.touched) for each in whom)
    )
    return list(islice(found, limit))


def _of_patient(tx: Tx, patient: PatientRef) -> tuple[set[str], Any]:
    """The numbers of a patient and of those merged into him, and what finds the writes that may be about them."""
    persons = patients.with_merged(tx, patients.find(tx, patient))
    theirs = select(appointments.c.id).where(appointments.c.patient_id.in_([each.id for each in persons]))
    numbers = [f"P{each.number}" for each in persons]
    told = [writes.c.outcome.contains(f'"{each}"', autoescape=True) for each in numbers]
    # The outcome of an import is compressed, so it must be read to learn which patients it touched.
    imported = writes.c.command == "patient import"
    return set(numbers), _touching(theirs, ("patient", "waitlist"), or_(*told, imported))


def _of_doctor(row: Row[Any]) -> Any:
    """What finds the writes that may be about a doctor: also those on patients who wait for him, but were booked with
    another."""
    booked = select(appointments.c.id).where(appointments.c.doctor_id == row.id)
    queued = select(queue_entries.c.appointment_id).where(queue_entries.c.doctor_id == row.id)
    told = or_(writes.c.outcome.contains(f'"{row.code}"', autoescape=True), writes.c.command == "doctor import")
    return _touching(booked.union(queued), ("doctor", "waitlist", "undo"), told)


def _touching(theirs: Any, commands: Iterable[str], told: Any) -> Any:
    taken = select(journal_steps.c.journal_number).where(journal_steps.c.appointment_id.in_(theirs))
    others = [select(writes.c.number).where(_begins(each), told) for each in commands]
    return writes.c.number.in_(taken.union(*others))


def _begins(command: str) -> Any:
    """That a write's command begins with these words."""
    return or_(writes.c.command == command, and_(writes.c.command > f"{command} ", writes.c.command < f"{command}!"))


def _spellings(command: str) -> set[str]:
    """A command's words, and those of its second name."""
    words = " ".join(command.lower().split())
    first, _, rest = words.partition(" ")
    other = {"appointment": "appt", "appt": "appointment"}.get(first, first)
    return {words, f"{other} {rest}".rstrip()}


def _between(tx: Tx, first: Any, last: Any) -> Any:
    """That a write is of one of the days from the first to the last, whatever clock its number rose by."""
    begin = datetime.combine(first, clock_time(), tzinfo=tx.zone)
    end = datetime.combine(last + timedelta(days=1), clock_time(), tzinfo=tx.zone)
    return and_(writes.c.at >= begin, writes.c.at < end)


def _entries(tx: Tx, rows: Iterator[Row[Any]]) -> Iterator[JournalEntry]:
    while some := list(islice(rows, _AT_ONCE)):
        steps: dict[int, list[Row[Any]]] = {}
        for step in tx.all(_STEPS.where(journal_steps.c.journal_number.in_([row.number for row in some]))):
            steps.setdefault(step.journal_number, []).append(step)
        for row in some:
            yield _entry(tx, row, steps.get(row.number, ()))


def _entry(tx: Tx, row: Row[Any], steps: Sequence[Row[Any]]) -> JournalEntry:
    touched = list(_told(tx, recall.read(tx, row.outcome, of=row.number)))
    touched += [each for step in steps for each in (f"P{step.patient}", f"A{step.appointment}", step.doctor)]
    return JournalEntry(
        number=row.number,
        at=tx.local(row.at),
        actor=row.actor,
        command=row.command,
        key=None if _MADE_UP.fullmatch(row.key) else row.key,
        undoes=row.undoes,
        touched=tuple(dict.fromkeys(touched)),
        steps=tuple(
            JournalStep(f"A{each.appointment}", each.from_status, each.to_status, each.queue_from, each.queue_to)
            for each in steps
        ),
    )


def _told(tx: Tx, outcome: Mapping[str, Any]) -> Iterator[str]:
    """The numbers and codes that an outcome tells of."""
    result = outcome["result"]
    if outcome["type"] == "Setting":
        yield result["name"]
    elif outcome["type"] in ("ImportedPatients", "ImportedDoctors") and result["rows"]:
        for row in recall.result(tx, outcome).rows:
            if row.outcome in (RowOutcome.ADDED, RowOutcome.CHANGED):
                yield row.patient if outcome["type"] == "ImportedPatients" else row.doctor
    else:
        yield from _numbers(result)


def _numbers(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            if isinstance(each, str):
                if (name in _NAMING and _NUMBER.fullmatch(each)) or name in _NAMING_DOCTORS:
                    yield each
            elif name in _NAMING_MANY and isinstance(each, list):
                yield from each
            elif name == _DOCTORS and isinstance(each, list):
                yield from (one for one in each if isinstance(one, str))
                yield from _numbers(each)
            elif name not in _NOT_TOUCHED:
                yield from _numbers(each)
