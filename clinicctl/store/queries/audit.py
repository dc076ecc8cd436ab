"""Queries for writes by actor, command, patient and doctor, and their steps."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    TableValuedAlias,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from clinicctl.store.models import appointments, doctors, journal, journal_steps, patients, queue_entries
from clinicctl.store.queries import FILTERS, REFUSED, among, condition, either, every, filtered, instr, listed

_WRITES = select(journal).where(FILTERS)


def _begins(words: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a write's command begins with these words."""
    command = journal.c.command
    return or_(command == words, and_(command > words.concat(" "), command < words.concat("!")))


def _names(value: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a write's outcome contains a text as a value."""
    return instr(journal.c.outcome, literal('"').concat(value).concat('"')) > 0


def _names_one_of(texts: TableValuedAlias) -> ColumnElement[bool]:
    """Return the condition that a write's outcome contains one of many texts.

    They are values in it. SQLite reads an outcome once, not once for each text, unless it is damaged.
    """
    in_text = select(texts.c.value).where(_names(texts.c.value)).exists()
    is_read = func.json_valid(journal.c.outcome, type_=Integer) == 1
    values = func.json_tree(case((is_read, journal.c.outcome), else_="[]")).table_valued("atom").alias("outcome_values")
    found = select(values.c.atom).where(type_coerce(values.c.atom, String).in_(select(texts.c.value)))
    # PostgreSQL asks for the list twice, as SQLite does, so that both have the same parameters.
    return either(case((is_read, found.exists()), else_=in_text), and_(select(texts.c.value).exists(), in_text))


def _touching(booked: Any, commands: tuple[str, ...], is_about: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that a write touches these appointments.

    It has steps of them, or it is one of these commands and about them.
    """
    taken = select(journal_steps.c.journal_number).where(journal_steps.c.appointment_id.in_(booked))
    others = select(journal.c.number).where(or_(*(_begins(literal(each)) for each in commands)), is_about)
    return journal.c.number.in_(taken.union(others))


_words = bindparam("words", type_=String)
_spelling = bindparam("spelling", type_=String)
_code = bindparam("code", type_=String)
_numbers = listed(journal.c.outcome, "numbers")

WRITES = filtered(_WRITES.order_by(journal.c.number), "WriteRow", streamed=True)
WRITES_NEWEST_FIRST = filtered(_WRITES.order_by(journal.c.number.desc()), "WriteRow", streamed=True)
BY_ACTOR = condition(journal.c.actor == bindparam("actor"))
ACCEPTED = condition(journal.c.command != REFUSED)
REFUSALS = condition(journal.c.command == REFUSED)
BY_KEY = condition(journal.c.key == bindparam("key"))
BETWEEN = condition(and_(journal.c.at >= bindparam("since"), journal.c.at < bindparam("until")))
OF_COMMAND = condition(journal.c.number.in_(select(journal.c.number).where(or_(_begins(_words), _begins(_spelling)))))
OF_APPOINTMENT = condition(
    journal.c.number.in_(
        select(journal_steps.c.journal_number).where(journal_steps.c.appointment_id == bindparam("appointment"))
    )
)
# The outcome of an import is compressed, so every import is a candidate.
OF_PATIENTS = condition(
    _touching(
        select(appointments.c.id).where(among(appointments.c.patient_id, "patients")),
        ("patient", "waitlist", "appointment edit", "undo"),
        or_(_names_one_of(_numbers), journal.c.command == "patient import"),
    )
)
OF_DOCTOR = condition(
    _touching(
        select(appointments.c.id)
        .where(appointments.c.doctor_id == bindparam("doctor"))
        .union(select(queue_entries.c.appointment_id).where(queue_entries.c.doctor_id == bindparam("doctor"))),
        ("doctor", "waitlist", "undo"),
        or_(_names(_code), journal.c.command == "doctor import"),
    )
)
STEPS = every(
    select(
        journal_steps.c.journal_number,
        journal_steps.c.from_status,
        journal_steps.c.to_status,
        journal_steps.c.queue_from,
        journal_steps.c.queue_to,
        appointments.c.number.label("appointment"),
        patients.c.number.label("patient"),
        doctors.c.code.label("doctor"),
    )
    .join(appointments, appointments.c.id == journal_steps.c.appointment_id)
    .join(patients, patients.c.id == appointments.c.patient_id)
    .join(doctors, doctors.c.id == appointments.c.doctor_id)
    .where(among(journal_steps.c.journal_number, "writes"))
    .order_by(journal_steps.c.journal_number, journal_steps.c.nth),
    "TakenStepRow",
)
