"""List and verify the writes in the journal. The answers contain no names.

A write touches the numbers in its outcome, and the appointments of its steps. Both are found by indexes; only writes
on patients, doctors and the waitlist, which have no steps, are searched among those of their command.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from itertools import islice
from typing import Any

from clinicctl import errors
from clinicctl.desk import journal, lookup, replay
from clinicctl.desk.dates import dates_of
from clinicctl.results.base import fields_of
from clinicctl.results.journal import JournalChecked, JournalEntry, JournalStep
from clinicctl.results.users import Refused
from clinicctl.rules.days import DaysWord
from clinicctl.rules.references import AppointmentRef, DoctorRef, PatientRef
from clinicctl.rules.spans import Span
from clinicctl.statuses import RowOutcome
from clinicctl.store.compiled import audit, rows
from clinicctl.store.engine import Condition, Tx

NAMED = 5
"""How many findings the sentence of a refusal names. The details have more."""

_AT_ONCE = 500

_MADE_UP = re.compile(r"auto-[0-9a-f]{32}")
_NUMBER = re.compile(r"[PAW][1-9][0-9]*")
_NAMING = {"number", "appointment", "patient", "merged", "moved_to", "moved_from"}
_NAMING_MANY = {"no_show", "left", "completed", "numbers", "waitlist_closed"}
_DOCTORS = "doctors"
"""The doctors in an answer: codes after an undo, objects after an import."""
_NAMED_THINGS = {
    *("Setting", "VisitType", "VisitTypeAdded", "VisitTypeRemoved"),
    *("User", "UserAdded", "UserRemoved"),
}
_NAMING_DOCTORS = {"doctor", "code"}
_NOT_TOUCHED = {"shares_phone_with", "similar_on_file", "skipped"}


def verify(tx: Tx, *, anchor: str | None = None) -> JournalChecked:
    """Return the number of rows and the last hash.

    Refuses with `BrokenJournal`, which lists every finding.
    """
    checked = journal.examine(tx, anchor=anchor)
    if checked.broken:
        named = [f"row {each.number}: {each.problem}" for each in checked.findings[:NAMED]]
        more = [f"and {checked.broken - NAMED} more"] if checked.broken > NAMED else []
        raise errors.BrokenJournal(
            broken=checked.broken,
            writes=checked.writes,
            first="; ".join([*named, *more]),
            head=checked.head,
            anchored=checked.anchored,
            findings=[{"number": each.number, "problem": each.problem} for each in checked.findings[: errors.LISTED]],
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
    span: Span | None = None,
    limit: int | None = None,
) -> Iterator[JournalEntry]:
    """Yield the matching writes, the newest last. `span` has days of any number.

    With a limit, the newest ones come first. Refuses an unknown patient, doctor or appointment.
    """
    conditions, touched = [audit.accepted()], list[set[str]]()
    if patient:
        persons = lookup.with_merged(tx, lookup.find_patient(tx, patient))
        numbers = {f"P{each.number}" for each in persons}
        conditions.append(audit.of_patients(patients=[each.id for each in persons], numbers=numbers))
        touched.append(numbers)
    if doctor:
        row = lookup.find_doctor(tx, doctor)
        # This includes transferred patients, who were booked with another doctor.
        conditions.append(audit.of_doctor(doctor=row.id, code=row.code))
        touched.append({row.code})
    if appointment:
        conditions.append(audit.of_appointment(appointment=lookup.find_appointment(tx, appointment).id))
    if actor:
        conditions.append(audit.by_actor(actor=actor))
    if command:
        conditions.append(_of_command(command))
    if key:
        conditions.append(audit.by_key(key=key))
    if span is not None:
        conditions.append(_between(tx, span.first, span.last))
    dates = dates_of(tx, on) if on else None
    if dates:
        conditions.append(_between(tx, dates[0], dates[-1]))
    writes = audit.writes_newest_first(tx, conditions) if limit else audit.writes(tx, conditions)
    found = (
        entry
        for entry in _entries(tx, writes)
        if (dates is None or entry.at.date() in dates) and all(each & set(entry.touched) for each in touched)
    )
    yield from islice(found, limit)


def refused(
    tx: Tx, *, actor: str | None = None, on: DaysWord | None = None, limit: int | None = None
) -> Iterator[Refused]:
    """Yield the refused attempts, the newest last.

    With a limit, the newest ones come first.
    """
    conditions = [audit.refusals()]
    if actor:
        conditions.append(audit.by_actor(actor=actor))
    dates = dates_of(tx, on) if on else None
    if dates:
        conditions.append(_between(tx, dates[0], dates[-1]))
    writes = audit.writes_newest_first(tx, conditions) if limit else audit.writes(tx, conditions)
    found = (each for each in writes if dates is None or tx.local(each.at).date() in dates)
    for row in islice(found, limit):
        attempt = replay.result(tx, replay.read(tx, row.outcome, of=row.number))
        yield Refused(row.number, tx.local(row.at), row.actor, **fields_of(attempt))


def _of_command(command: str) -> Condition:
    """Return the condition that a command begins with words, in either spelling."""
    words = " ".join(command.lower().split())
    first, _, rest = words.partition(" ")
    other = {"appointment": "appt", "appt": "appointment"}.get(first, first)
    return audit.of_command(words=words, spelling=f"{other} {rest}".rstrip())


def _between(tx: Tx, first: date, last: date) -> Condition:
    """Return the condition that a write is from one of the days."""
    return audit.between(
        since=datetime.combine(first, clock_time(), tzinfo=tx.zone),
        until=datetime.combine(last + timedelta(days=1), clock_time(), tzinfo=tx.zone),
    )


def _entries(tx: Tx, writes: Iterator[rows.WriteRow]) -> Iterator[JournalEntry]:
    while some := list(islice(writes, _AT_ONCE)):
        steps: dict[int, list[rows.TakenStepRow]] = {}
        for step in audit.steps(tx, writes=[row.number for row in some]):
            steps.setdefault(step.journal_number, []).append(step)
        for row in some:
            yield _entry(tx, row, steps.get(row.number, ()))


def _entry(tx: Tx, row: rows.WriteRow, steps: Sequence[rows.TakenStepRow]) -> JournalEntry:
    outcome = replay.read(tx, row.outcome, of=row.number)
    touched = list(_touched(tx, outcome))
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
        role=outcome.get("role"),
    )


def _touched(tx: Tx, outcome: Mapping[str, Any]) -> Iterator[str]:
    """Yield the numbers, codes and users in an outcome."""
    result = outcome["result"]
    if outcome["type"] in _NAMED_THINGS:
        yield result["name"]
    elif outcome["type"] in ("HolidayAdded", "HolidayRemoved"):
        yield result["date"]
    elif outcome["type"] == "ImportedHolidays" and result["rows"]:
        for row in replay.result(tx, outcome).rows:
            if row.outcome in (RowOutcome.ADDED, RowOutcome.CHANGED):
                yield row.date.isoformat()
    elif outcome["type"] in ("ImportedPatients", "ImportedDoctors") and result["rows"]:
        for row in replay.result(tx, outcome).rows:
            if row.outcome in (RowOutcome.ADDED, RowOutcome.CHANGED):
                yield row.patient if outcome["type"] == "ImportedPatients" else row.doctor
    else:
        yield from _numbers(result)
    if isinstance(result, dict) and (made := result.get("made_manager")) is not None:
        yield made


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
