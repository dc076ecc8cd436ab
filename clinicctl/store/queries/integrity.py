"""Queries for checks in Python, and for repairs of derived data."""

from sqlalchemy import Integer, bindparam, cast, delete, func, insert, select, update

from clinicctl.statuses import AppointmentStatus
from clinicctl.store.models import (
    appointments,
    capacities,
    counters,
    held_slots,
    patient_keys,
    patient_words,
    patients,
    waitlist_entries,
)
from clinicctl.store.queries import change, every, one, stream

PATIENTS = stream(select(patients).order_by(patients.c.id), "PatientRow")
WORDS = stream(select(patient_words).order_by(patient_words.c.patient_id), "PatientWordRow")
KEYS = stream(select(patient_keys).order_by(patient_keys.c.patient, patient_keys.c.key), "PatientKeyRow")
LEDGERS = every(
    select(capacities).where(capacities.c.doctor_id == bindparam("doctor")).order_by(capacities.c.date), "LedgerRow"
)
_SLOTS = func.sum(appointments.c.slots).filter(appointments.c.status != AppointmentStatus.CANCELLED)
HELD = every(
    # PostgreSQL's sum of integers is a decimal number.
    select(appointments.c.date, cast(func.coalesce(_SLOTS, 0), Integer).label("slots"))
    .where(appointments.c.doctor_id == bindparam("doctor"))
    .group_by(appointments.c.date),
    "HeldRow",
)
RELEASE_ALL = change(delete(held_slots))
HOLDERS = stream(
    select(
        appointments.c.doctor_id,
        appointments.c.date,
        appointments.c.number,
        appointments.c.slot,
        appointments.c.slots,
    )
    .where(appointments.c.status != AppointmentStatus.CANCELLED)
    .order_by(appointments.c.doctor_id, appointments.c.date, appointments.c.number),
    "HolderRow",
)
SET_LEDGER = change(
    update(capacities).where(capacities.c.id == bindparam("row")),
    "capacity",
    "booked",
    "remaining",
    "last_position",
)
COUNTERS = every(select(counters), "CounterRow")
LAST_PATIENT = one(select(func.max(patients.c.number).label("number")))
LAST_APPOINTMENT = one(select(func.max(appointments.c.number).label("number")))
LAST_WAITLIST_ENTRY = one(select(func.max(waitlist_entries.c.number).label("number")))
INSERT_COUNTER = change(insert(counters))
SET_COUNTER = change(update(counters).where(counters.c.name == bindparam("kind")), "value")
SET_KEYS = change(update(patients).where(patients.c.id == bindparam("row")), "name_key")
