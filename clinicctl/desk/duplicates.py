"""Find pairs of patients on file who may be the same person."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from uuid import UUID

from clinicctl.desk import distinct, patients
from clinicctl.desk.dates import date_of
from clinicctl.results.people import Duplicate
from clinicctl.rules import matching
from clinicctl.rules.days import DayWord
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

LARGEST_GROUP = 50
"""The largest group to compare. A larger one says nothing, and its members are found by phone or birth date."""


def list_duplicates(tx: Tx, *, since: DayWord | None = None, limit: int | None = None) -> list[Duplicate]:
    """Return the pairs on file who may be one person, the likeliest first.

    With `since`, one of the two was registered on that day or later. A pair that was judged to be two people is left
    out.

    A pair shares a phone, a folded name or its sound. A contradiction (`matching.contradictions`) rules it out unless
    name and phone are the same; the sound of the name alone is not enough without the birth date. A phone that
    identifies nobody counts as none.
    """
    crowded = set(stored_records.crowded_phones(tx, most=matching.MOST_SHARING))
    on_phone = stored_records.sharing_phone(tx)
    phones: dict[UUID, set[str]] = {}
    for row in on_phone:
        if row.ending not in crowded:
            phones.setdefault(row.id, set()).add(row.ending)
    earliest, judged = date_of(tx, since) if since is not None else None, distinct.pairs(tx)
    found = {}
    for one, other in _pairs(tx, on_phone):
        pair = tuple(sorted((one.number, other.number)))
        newest = max(tx.local(one.created_at), tx.local(other.created_at)).date()
        if (earliest is not None and newest < earliest) or frozenset((one.id, other.id)) in judged:
            continue
        same_phone = not phones.get(one.id, set()).isdisjoint(phones.get(other.id, ()))
        if pair not in found and (scored := _score(one, other, same_phone=same_phone)):
            score, why = scored
            first, second = sorted((one, other), key=lambda each: each.number)
            found[pair] = Duplicate(score, why, patients.describe(tx, first), patients.describe(tx, second))
    return sorted(found.values(), key=lambda each: (-each.score, each.one.number, each.other.number))[:limit]


def _pairs(tx: Tx, on_phone: Sequence[rows.PatientOnPhoneRow]) -> Iterator[tuple[rows.PatientRow, rows.PatientRow]]:
    """Yield the pairs of patients who share a phone, a folded name or its sound."""
    shared: list[tuple[str, rows.PatientRow]] = [(row.ending, rows.PatientRow(*row[:-1])) for row in on_phone]
    yield from _in_groups(shared)
    yield from _in_groups((row.name_key, row) for row in stored_records.sharing_name_key(tx))


def _in_groups(shared: Iterable[tuple[str, rows.PatientRow]]) -> Iterator[tuple[rows.PatientRow, rows.PatientRow]]:
    groups: dict[str, list[rows.PatientRow]] = {}
    for value, row in shared:
        groups.setdefault(value, []).append(row)
    for members in groups.values():
        if len(members) <= LARGEST_GROUP:
            yield from combinations(members, 2)


def _score(one: rows.PatientRow, other: rows.PatientRow, *, same_phone: bool) -> tuple[int, str] | None:
    alike = matching.likeness(one.name, other.name)
    born = matching.same_birth(one.born, one.born_year, other.born, other.born_year)
    against = matching.contradictions(one, other)
    return matching.duplicate(alike, same_phone=same_phone, same_birth=born, against=against)
