"""What an answer contains about each person: enough to tell them apart, and never the whole phone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clinicctl.rules.days import approximate_age
from clinicctl.rules.phones import LEAST, endings
from clinicctl.statuses import Sex
from clinicctl.store.compiled import records
from clinicctl.store.engine import Tx

if TYPE_CHECKING:
    from clinicctl.desk.recognition import Known


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


def describe(tx: Tx, people: Sequence[Person]) -> list[dict[str, Any]]:
    """Describe each of the people in one list, in their order.

    `phone_ending` has as many digits as tell their phones apart. `last_visit` is the last day on which the patient came
    (checked in, with or without a consultation after it); where there is none, the last past day with a booking whose
    outcome was not noted. A no-show is no visit.
    """
    ending = endings(each.phone for each in people if each.phone)
    visits = _last_visits(tx, {each.id for each in people if each.id})
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


def _last_visits(tx: Tx, ids: Iterable[UUID]) -> dict[UUID | None, date]:
    found = records.last_visits(tx, patients=ids, today=tx.today)
    return {row.patient_id: last for row in found if (last := row.came or row.booked)}


def of_patients(tx: Tx, listed: Iterable["Known"]) -> list[dict[str, Any]]:
    """Return what an answer contains about each person in a list: never the whole phone."""
    return describe(
        tx,
        [
            Person(each.id, f"P{each.number}", each.name, each.phone, each.born, each.born_year, each.sex)
            for each in listed
        ],
    )
