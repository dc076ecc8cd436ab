"""Find the patients on file who may be a person: on their phones, with their name, or with a common key."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from clinicctl.desk import candidates, lookup, patient_keys, patient_phones, recognition
from clinicctl.desk.recognition import Found, Others, Recognised
from clinicctl.rules import keys, matching
from clinicctl.rules.likelihood import Frequencies
from clinicctl.store import counters
from clinicctl.store.compiled import counters as stored_counters
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

MOST_COUNTED = 2_000
"""A word that more patients have is common, and is not counted further."""
Record = rows.PatientRow | rows.KnownRow
"""A patient on file, with all details or with those that are compared."""


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
    name_key, own = matching.name_key(who.name), keys.both(who, listed)
    tx.prefetch(
        lambda tx: patient_phones.sharing(tx, listed, most=matching.MOST_SHARING),
        lambda tx: stored_patients.with_name_key(tx, name_key=name_key, limit=keys.MOST + 1),
        lambda tx: patient_keys.with_keys(tx, own.probes, most=keys.MOST),
        lambda tx: stored_counters.last(tx, kind="patients"),
    )
    on_phone, crowded = patient_phones.sharing(tx, listed, most=matching.MOST_SHARING)
    identifying = [each for each in listed if each not in crowded]
    here = [each for each in sharing(tx, on_phone) if each.id not in but]
    alike = stored_patients.with_name_key(tx, name_key=name_key, limit=keys.MOST + 1)
    if common_name := len(alike) > keys.MOST:
        alike = _born_alike(tx, name_key, who.born)
    named = [each for each in namesakes(tx, alike) if each.id not in but]
    on_file, merged = patient_keys.with_keys(tx, own.probes, most=keys.MOST)
    keyed: list[Record] = [*on_file, *namesakes(tx, merged)]
    known = {*but, *(each.id for each in here)}
    # Of those with a common name, a phone that is nearly the same still finds one.
    others = [
        each
        for each in keyed
        if each.id not in known and (common_name or not recognition.is_namesake(who, name_key, each))
    ]
    on = Others(others, frequencies(tx), counted)
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


def sharing(
    tx: Tx, records: Iterable[rows.PatientRow], merged: lookup.MergedRecords | None = None
) -> list[rows.PatientRow]:
    """Return the patients of records with a phone, under every name they have had."""
    found = list[rows.PatientRow]()
    for person in lookup.survivors(tx, records):
        spellings = {each.name: each for each in reversed(lookup.with_merged(tx, person, merged)[1:])}
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


def frequencies(tx: Tx, further: Mapping[str, int] | None = None, *, total: int = 0) -> Frequencies:
    """Return how common words are on file.

    `further` has the counts in a file of `total` people.
    """
    return Frequencies(counters.last(tx, "patients") + total, _counting(tx, further or {}))


def _counting(tx: Tx, further: Mapping[str, int]) -> Callable[[str], int]:
    """Return the function that counts a word. It remembers what it has counted."""
    counted = dict[str, int]()

    def count(word: str) -> int:
        if word not in counted:
            on_file = stored_patients.count_word(tx, word=word, limit=MOST_COUNTED) or 0
            counted[word] = on_file + further.get(word, 0)
        return counted[word]

    return count
