"""People kept apart: who may be on file twice, and making one of two."""

from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

from clinicctl import desk, errors
from clinicctl.desk import patients, waitlist
from clinicctl.results import Duplicate, Merged
from clinicctl.rules import names, slots
from clinicctl.rules.references import PatientRef
from clinicctl.rules.steps import ACTIVE
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import appointments
from clinicctl.store.models import patients as people
from clinicctl.store.sql import bindparam, func, select, update

LARGEST_GROUP = 50
"""A group of more who share a name's sound says nothing; its members are met by phone or birth date."""

_ON_FILE = people.c.archived_at.is_(None)
_CROWDED = (
    select(people.c.phone)
    .where(people.c.merged_into.is_(None), people.c.phone.is_not(None))
    .group_by(people.c.phone)
    .having(func.count() > names.MOST_SHARING)
)
_OF_PATIENT = select(appointments).where(appointments.c.patient_id == bindparam("patient"))
_GIVE = update(appointments).where(appointments.c.id == bindparam("row"))
_MARK = update(people).where(people.c.id == bindparam("row"))


def list_duplicates(tx: Tx) -> list[Duplicate]:
    """Return the pairs on file who may be one person, the likeliest first.

    Looked at are those who share a phone, a folded name or its sound. A pair against which something is recorded
    (`names.contradictions`) is none, unless name and phone are the same; one that shares only the sound of the name
    needs the birth date, too. A phone that identifies nobody counts as none.
    """
    crowded = {row.phone for row in tx.all(_CROWDED)}
    found = {}
    for one, other in _pairs(tx):
        pair = tuple(sorted((one.number, other.number)))
        if pair not in found and (scored := _score(one, other, crowded)):
            score, why = scored
            first, second = sorted((one, other), key=lambda each: each.number)
            found[pair] = Duplicate(score, why, patients.describe(tx, first), patients.describe(tx, second))
    return sorted(found.values(), key=lambda each: (-each.score, each.one.number, each.other.number))


def merge(tx: Tx, *, patient: PatientRef, into: PatientRef) -> Merged:
    """Make one of two: everything of `patient` moves to the other; the old number finds the survivor from then on.

    What the survivor has not (birth date, e-mail, phone) is taken over. Refuses one patient with himself.
    """
    gone, stays = patients.find(tx, patient), patients.find_active(tx, into)
    if gone.id == stays.id:
        raise errors.SamePatient(subject=f"P{stays.number}")
    rows = tx.all(_OF_PATIENT, patient=gone.id)
    for row in rows:
        visit = _free_visit(tx, row, stays) if row.status in ACTIVE else row.visit
        tx.run(_GIVE, row=row.id, patient_id=stays.id, visit=visit, updated_at=tx.now)
    entries = waitlist.move(tx, old=gone.id, new=stays.id)
    patients.merge_rows(tx, gone, stays)
    return Merged(
        patient=patients.show(tx, patient=PatientRef(f"P{stays.number}")),
        merged=f"P{gone.number}",
        appointments=len(rows),
        waitlist_entries=entries,
    )


def _free_visit(tx: Tx, row: Row[Any], survivor: Row[Any]) -> int:
    taken = [
        each.visit
        for each in tx.all(_OF_PATIENT, patient=survivor.id)
        if (each.doctor_id, each.date) == (row.doctor_id, row.date) and each.status in ACTIVE
    ]
    return row.visit if row.visit not in taken else slots.lowest_free(taken)


def _pairs(tx: Tx) -> Iterator[tuple[Row[Any], Row[Any]]]:
    for column in (people.c.phone, people.c.name_key, people.c.sound_key):
        shared = select(column).where(_ON_FILE, column.is_not(None)).group_by(column).having(func.count() > 1)
        groups: dict[str, list[Row[Any]]] = {}
        for row in tx.all(select(people).where(_ON_FILE, column.in_(shared)).order_by(people.c.number)):
            groups.setdefault(getattr(row, column.name), []).append(row)
        for members in groups.values():
            if len(members) <= LARGEST_GROUP:
                yield from combinations(members, 2)


def _score(one: Row[Any], other: Row[Any], crowded: Collection[str]) -> tuple[int, str] | None:
    alike = names.likeness(one.name, other.name, ratio=desk.likeness.ratio)
    born = names.same_birth(one.born, one.born_year, other.born, other.born_year)
    phone = one.phone is not None and one.phone == other.phone and one.phone not in crowded
    return names.duplicate(alike, same_phone=phone, same_birth=born, against=names.contradictions(one, other))
