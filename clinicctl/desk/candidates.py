"""What an answer contains about each person: enough to tell them apart, and never the whole phone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

from clinicctl.rules.days import age_said
from clinicctl.rules.endings import LEAST, endings
from clinicctl.statuses import AppointmentStatus, Sex
from clinicctl.store.engine import Tx
from clinicctl.store.models import appointments
from clinicctl.store.sql import and_, bindparam, case, func, select

AT_ONCE = 500
"""How many are looked up by one statement."""

_CAME = sorted(
    (
        AppointmentStatus.CHECKED_IN,
        AppointmentStatus.IN_CONSULTATION,
        AppointmentStatus.COMPLETED,
        AppointmentStatus.LEFT,
    )
)
_LAST = (
    select(
        appointments.c.patient_id,
        func.max(case((appointments.c.status.in_(_CAME), appointments.c.date))).label("came"),
        func.max(
            case(
                (
                    and_(
                        appointments.c.status == AppointmentStatus.BOOKED,
                        appointments.c.date < bindparam("today"),
                    ),
                    appointments.c.date,
                )
            )
        ).label("booked"),
    )
    .where(appointments.c.date <= bindparam("today"))
    .group_by(appointments.c.patient_id)
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Person:
    """A person in a list. `id` is None for a person who is not on file."""

    id: UUID | None
    number: str
    name: str
    phone: str | None
    born: date | None
    born_year: int | None
    sex: str | None


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
            "age": age_said(tx.today, each.born, each.born_year),
            "sex": each.sex or Sex.UNKNOWN.value,
            "phone_last3": each.phone[-LEAST:] if each.phone else None,
            "phone_ending": ending[each.phone] if each.phone else None,
            "last_visit": visit.isoformat() if (visit := visits.get(each.id)) else None,
        }
        for each in people
    ]


def _last_visits(tx: Tx, ids: Iterable[UUID]) -> dict[UUID | None, date]:
    found: dict[UUID | None, date] = {}
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        query = _LAST.where(appointments.c.patient_id.in_(some))
        rows = tx.all(query, today=tx.today)
        found |= {row.patient_id: last for row in rows if (last := row.came or row.booked)}
    return found
