"""Describe people in lists and refusals: enough to tell them apart, and never the whole phone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from clinicctl.rules.dates import approximate_age
from clinicctl.rules.phones import LEAST, endings
from clinicctl.statuses import Sex
from clinicctl.store.compiled import records, rows
from clinicctl.store.engine import Tx

AffectedRow = rows.AppointmentRow | rows.ArrivedRow
"""An appointment whose patient is described."""


class Listed(Protocol):
    """A patient on file, or a person in a file of patients, whose number is 0."""

    @property
    def id(self) -> UUID | None: ...
    @property
    def number(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def born(self) -> date | None: ...
    @property
    def born_year(self) -> int | None: ...
    @property
    def sex(self) -> Sex | None: ...


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Person:
    """A person in a list. `id` is None for a person who is not on file."""

    id: UUID | None
    number: str
    name: str
    phone: str | None
    born: date | None
    born_year: int | None
    sex: Sex | None


def of_patients(tx: Tx, listed: Iterable[Listed]) -> list[dict[str, Any]]:
    """Describe patients on file, or people in a file of patients."""
    return describe(
        tx,
        [
            Person(each.id, f"P{each.number}", each.name, each.phone, each.born, each.born_year, each.sex)
            for each in listed
        ],
    )


def of_appointments(tx: Tx, affected: Sequence[AffectedRow]) -> list[dict[str, Any]]:
    """Describe the patients of appointments, each with the appointment."""
    people = describe(
        tx,
        [
            Person(
                id=row.patient_id,
                number=f"P{row.patient_number}",
                name=row.patient_name,
                phone=row.patient_phone,
                born=row.patient_born,
                born_year=row.patient_born_year,
                sex=row.patient_sex,
            )
            for row in affected
        ],
    )
    return [
        each
        | {
            "appointment": f"A{row.number}",
            "doctor": row.doctor_code,
            "date": row.date.isoformat(),
            "slot": row.slot,
            "time": row.time.isoformat("minutes") if row.time else None,
            "status": row.status,
            "position": row.position,
        }
        for each, row in zip(people, affected, strict=True)
    ]


def describe(tx: Tx, people: Sequence[Person]) -> list[dict[str, Any]]:
    """Describe people in their order.

    `phone_ending` has as many digits as tell their phones apart. `last_visit` is the last day on which the patient
    checked in; without one, the last past day with a booking whose outcome was not recorded. A no-show is no visit.
    """
    ending = endings(each.phone for each in people if each.phone)
    visits = last_visits(tx, {each.id for each in people if each.id})
    return [
        {
            "number": each.number,
            "name": each.name,
            "born": each.born.isoformat() if each.born else None,
            "age": approximate_age(tx.today, each.born, each.born_year),
            "sex": each.sex or Sex.UNKNOWN,
            "phone_last3": each.phone[-LEAST:] if each.phone else None,
            "phone_ending": ending[each.phone] if each.phone else None,
            "last_visit": visit.isoformat() if (visit := visits.get(each.id)) else None,
        }
        for each in people
    ]


def last_visits(tx: Tx, ids: Iterable[UUID]) -> dict[UUID | None, date]:
    """Return the last visits of patients who have any."""
    found = records.last_visits(tx, patients=ids, today=tx.today)
    return {row.patient_id: last for row in found if (last := row.came or row.booked)}
