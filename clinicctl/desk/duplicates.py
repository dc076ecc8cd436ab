"""Find pairs of patients on file who may be the same person."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import combinations

from clinicctl.desk import patients
from clinicctl.results.people import Duplicate
from clinicctl.rules import matching
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

LARGEST_GROUP = 50
"""The largest group to compare. A larger one says nothing, and its members are found by phone or birth date."""


def list_duplicates(tx: Tx) -> list[Duplicate]:
    """Return the pairs on file who may be one person, the likeliest first.

    A pair shares a phone, a folded name or its sound. A contradiction (`matching.contradictions`) rules it out unless
    name and phone are the same; the sound of the name alone is not enough without the birth date. A phone that
    identifies nobody counts as none.
    """
    crowded = set(stored_records.crowded_phones(tx, most=matching.MOST_SHARING))
    found = {}
    for one, other in _pairs(tx):
        pair = tuple(sorted((one.number, other.number)))
        if pair not in found and (scored := _score(one, other, crowded)):
            score, why = scored
            first, second = sorted((one, other), key=lambda each: each.number)
            found[pair] = Duplicate(score, why, patients.describe(tx, first), patients.describe(tx, second))
    return sorted(found.values(), key=lambda each: (-each.score, each.one.number, each.other.number))


_SHARED: Sequence[tuple[Callable[[Tx], list[rows.PatientRow]], Callable[[rows.PatientRow], str | None]]] = (
    (stored_records.sharing_phone, lambda row: row.phone),
    (stored_records.sharing_name_key, lambda row: row.name_key),
    (stored_records.sharing_sound_key, lambda row: row.sound_key),
)
"""The queries for patients who share a value, each with that value."""


def _pairs(tx: Tx) -> Iterator[tuple[rows.PatientRow, rows.PatientRow]]:
    for sharing, shared in _SHARED:
        groups: dict[str | None, list[rows.PatientRow]] = {}
        for row in sharing(tx):
            groups.setdefault(shared(row), []).append(row)
        for members in groups.values():
            if len(members) <= LARGEST_GROUP:
                yield from combinations(members, 2)


def _score(one: rows.PatientRow, other: rows.PatientRow, crowded: Collection[str | None]) -> tuple[int, str] | None:
    alike = matching.likeness(one.name, other.name)
    born = matching.same_birth(one.born, one.born_year, other.born, other.born_year)
    phone = one.phone is not None and one.phone == other.phone and one.phone not in crowded
    return matching.duplicate(alike, same_phone=phone, same_birth=born, against=matching.contradictions(one, other))
