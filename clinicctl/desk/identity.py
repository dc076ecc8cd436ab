"""Find the patients on file who may be a person: on their phones, with their name, or with a common key."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.desk import candidates, lookup, patient_keys, patient_phones, recognition
from clinicctl.desk.recognition import Found, Others, Recognised
from clinicctl.rules import keys, matching
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

Record = rows.PatientRow | rows.KnownRow
"""A patient on file, with all details or with those that are compared."""
MergedRecords = Mapping[UUID, Sequence[rows.PatientRow]]
"""Merged records by the id of the patient into whom they were merged."""


class Lookup(NamedTuple):
    """The patients on file who may be a person.

    `phones` are those that identify somebody, `crowded` the others, and `keys` are to be stored. If many have the name
    (`common_name`), `namesakes` has only those with the same birth date.
    """

    phones: Sequence[str]
    crowded: Sequence[str]
    keys: Sequence[int]
    common_name: bool
    sharing: Sequence[rows.PatientRow]
    namesakes: Sequence[rows.PatientRow]
    others: Others[Record]


def look_up(
    tx: Tx, who: recognition.Described, phones: Iterable[str], *, but: Collection[UUID] = (), counted: int = 1
) -> Lookup:
    """Look for a person on file.

    Patients in `but` are left out; `counted` is as in `recognition.Others`.
    """
    listed = list(phones)
    on_phone, crowded = patient_phones.sharing(tx, listed, most=matching.MOST_SHARING)
    identifying = [each for each in listed if each not in crowded]
    name_key = matching.name_key(who.name)
    here = [each for each in sharing(tx, on_phone) if each.id not in but]
    alike = stored_patients.with_name_key(tx, name_key=name_key, limit=keys.MOST + 1)
    if common_name := len(alike) > keys.MOST:
        alike = _born_alike(tx, name_key, who.born)
    named = [each for each in namesakes(tx, alike) if each.id not in but]
    own = keys.both(who, listed)
    on_file, merged = patient_keys.with_keys(tx, own.probes)
    keyed: list[Record] = [*on_file, *namesakes(tx, merged)]
    known = {*but, *(each.id for each in here)}
    others = [each for each in keyed if each.id not in known and not recognition.is_namesake(who, name_key, each)]
    on = Others(others, patient_keys.frequencies(tx), counted)
    return Lookup(identifying, crowded, own.stored, common_name, here, named, on)


def _born_alike(tx: Tx, name_key: str, born: date | None) -> list[rows.PatientRow]:
    """Return the records with a common name and birth date, if not too many."""
    if born is None:
        return []
    found = stored_patients.with_name_key_born(tx, name_key=name_key, born=born, limit=keys.MOST + 1)
    return found if len(found) <= keys.MOST else []


def recognise(who: recognition.Described, found: Lookup) -> Recognised[Record]:
    """Return the patient on file, or those who may be them."""
    return recognition.recognise(
        who,
        phones=found.phones,
        sharing=found.sharing,
        namesakes=recognition.Namesakes[Record](found.namesakes),
        others=found.others,
    )


def describe(tx: Tx, who: recognition.Described, likely: Found[Record], found: Lookup) -> list[dict[str, Any]]:
    """Describe the possible duplicates of a person, with scores and reasons."""

    def phones_of(row: Record) -> set[str]:
        return {*patient_phones.of_patient(tx, _on_file(row)), *([row.phone] if row.phone else [])}

    scored = recognition.explain(who, likely, phones=found.phones, phones_of=phones_of, on=found.others)
    described = candidates.of_patients(tx, [_on_file(row) for row, _ in scored])
    return [
        each | {"score": score.percent, "why": score.why} for each, (_, score) in zip(described, scored, strict=True)
    ]


def sharing(tx: Tx, records: Iterable[rows.PatientRow], merged: MergedRecords | None = None) -> list[rows.PatientRow]:
    """Return the patients of records with a phone, under every name they have had."""
    found = list[rows.PatientRow]()
    for person in lookup.survivors(tx, records):
        spellings = {each.name: each for each in reversed(with_merged(tx, person, merged)[1:])}
        spellings.pop(person.name, None)
        found += [person, *(recognition.formerly(person, each) for each in spellings.values())]
    return found


def namesakes(tx: Tx, records: Iterable[rows.PatientRow]) -> list[rows.PatientRow]:
    """Return the patients on file of records, each under the name in the record."""
    found = [
        each if each.merged_into is None else recognition.formerly(lookup.survivor(tx, each), each) for each in records
    ]
    return [each for each in found if each.archived_at is None]


def as_on_file(row: Record) -> rows.PatientRow:
    """Return the row on file of a patient, also of one under a former name."""
    found = _on_file(row)
    assert isinstance(found, rows.PatientRow), "a patient who was only compared"
    return found


def _on_file(row: Record) -> Record:
    return row.on_file if isinstance(row, recognition.Formerly) else row


def with_merged(tx: Tx, row: rows.PatientRow, merged: MergedRecords | None = None) -> list[rows.PatientRow]:
    """Return a patient and the records merged into theirs.

    `merged` has all merged records, if the caller has them. In an older database a record may point to its survivor
    through other records.
    """
    if merged is None:
        merged = _by_survivor(stored_patients.merged_under(tx, survivor=row.id))
    found, seen = [row], {row.id}
    for each in found:
        into = merged.get(each.id, ())
        found += [other for other in into if other.id not in seen]
        seen.update(other.id for other in into)
    return found


def all_merged(tx: Tx) -> MergedRecords:
    """Return all merged records by the id of the patient into whom they were merged."""
    return _by_survivor(stored_patients.merged(tx))


def _by_survivor(records: Iterable[rows.PatientRow]) -> MergedRecords:
    merged: dict[UUID, list[rows.PatientRow]] = {}
    for row in records:
        if row.merged_into is not None:
            merged.setdefault(row.merged_into, []).append(row)
    return merged
