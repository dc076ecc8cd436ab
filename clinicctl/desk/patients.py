"""Register and edit patients, and list those on file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import candidates, distinct, lookup, operations, patient_phones, recognition
from clinicctl.desk.dates import birth_of
from clinicctl.desk.recognition import Known
from clinicctl.results.base import fields_of
from clinicctl.results.people import Candidate, Edited, FoundPatient, Patient, Registered
from clinicctl.rules import details, matching
from clinicctl.rules.dates import AgeWord, BirthWord, age_in_months, approximate_age, estimate
from clinicctl.rules.phones import is_unverified
from clinicctl.rules.references import PatientRef
from clinicctl.rules.text import search_words
from clinicctl.statuses import Sex
from clinicctl.store import counters
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

MergedRecords = Mapping[UUID, Sequence[rows.PatientRow]]
"""Merged records by the id of the patient into whom they were merged."""


@operations.ADD_PATIENT
def add(
    tx: Tx,
    *,
    name: str,
    phone: str,
    more_phones: Sequence[str] | None = None,
    born: BirthWord | None = None,
    age: int | AgeWord | None = None,
    sex: Sex | None = None,
    email: str | None = None,
    note: str | None = None,
    new: bool = False,
    same_as: PatientRef | None = None,
    unverified_phone: bool | None = None,
) -> Registered:
    """Register a patient, or return the one on file and fill their empty fields.

    The patient on file has the same phone and folded name, and no contradiction. The answer lists patients with the
    same name on other phones. An empty `phone`, or one that more than `matching.MOST_SHARING` patients share, counts as
    none. Refuses a near match with `PossibleDuplicate` unless `new` or `same_as` decides it, a future birth date, and
    an invalid phone unless `unverified_phone`.
    """
    birth = birth_of(tx, born, age)
    listed = patient_phones.e164(tx, [phone, *(more_phones or ())], unverified=bool(unverified_phone))
    given = recognition.Person(
        name=name,
        phone=listed[0] if listed else None,
        born=birth.born,
        born_year=birth.year,
        born_month=birth.month,
        sex=sex,
        email=email,
        note=note,
        created_at=tx.now,
    )
    on_phone, crowded = patient_phones.sharing(tx, listed, most=matching.MOST_SHARING)
    if same_as:
        row = lookup.not_erased(lookup.find_patient(tx, same_as))
        return _on_file(tx, row, given, phones=listed, crowded=crowded)
    identified = sharing(tx, on_phone)
    alike = recognition.Namesakes(namesakes(tx, stored_patients.with_name_key(tx, name_key=matching.name_key(name))))
    if not new:
        found = recognition.recognise(given, sharing=identified, namesakes=alike)
        if found.same is not None:
            refuse_archived(found.same)
            return _on_file(tx, as_on_file(found.same), given, phones=listed, crowded=crowded)
        if found.near.total:
            raise errors.PossibleDuplicate(
                count=found.near.total,
                candidates=[each | {"choose": each["number"]} for each in scored(tx, found.near.members)],
            )
    similar = recognition.similar(given, sharing=identified, namesakes=alike)
    row = new_row(tx, given, identity=uuid4(), number=counters.next_one(tx, "patients"))
    stored_patients.insert(tx, [row])
    stored_patients.insert_words(tx, word_rows(row))
    stored_patients.insert_phones(tx, patient_phones.stored_rows(row.id, listed))
    return _registered(tx, row, phones=listed, created=True, crowded=crowded, similar=similar)


def refuse_archived(row: Known) -> None:
    """Refuse to register an archived patient."""
    if row.archived_at is not None:
        raise lookup.patient_archived(row.number)


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


def as_on_file(row: rows.PatientRow) -> rows.PatientRow:
    """Return the row on file of a patient, also of one found under a former name."""
    return row.on_file if isinstance(row, recognition.Formerly) else row


def new_row(tx: Tx, given: recognition.Person, *, identity: UUID, number: int) -> rows.PatientRow:
    """Return the row of a new patient."""
    return rows.PatientRow(
        id=identity,
        number=number,
        name=given.name,
        name_key=matching.name_key(given.name),
        phone=given.phone,
        born=given.born,
        born_year=given.born_year,
        sex=given.sex or Sex.UNKNOWN,
        email=given.email,
        note=given.note,
        created_at=tx.now,
        updated_at=tx.now,
        archived_at=None,
        merged_into=None,
        erased_at=None,
        born_month=given.born_month,
    )


def word_rows(row: rows.PatientRow) -> list[rows.PatientWordRow]:
    """Return the rows for the words of a patient's name."""
    return [rows.PatientWordRow(word, row.id) for word in sorted(search_words(row.name))]


@operations.EDIT_PATIENT
def edit(
    tx: Tx,
    *,
    patient: PatientRef,
    name: str | None = None,
    phone: str | None = None,
    more_phones: Sequence[str] | None = None,
    add_phones: Sequence[str] | None = None,
    remove_phones: Sequence[str] | None = None,
    born: BirthWord | None = None,
    age: int | AgeWord | None = None,
    sex: Sex | None = None,
    email: str | None = None,
    note: str | None = None,
    unverified_phone: bool | None = None,
) -> Edited:
    """Change a patient.

    Omitted options keep their value; an empty phone, e-mail or note clears it. A given phone replaces all phones. The
    answer lists those on file who may be the same person now. Refuses a future birth date, and an invalid phone unless
    `unverified_phone`.
    """
    row = lookup.find_active_patient(tx, patient)
    if all(each is None for each in (name, phone, add_phones, remove_phones, born, age, sex, email, note)):
        raise errors.Usage(problem="Nothing to change: give an option such as --phone or --note.")
    if name is not None:
        row = row._replace(name=name, name_key=matching.name_key(name))
        stored_patients.delete_words(tx, patient=row.id)
        stored_patients.insert_words(tx, word_rows(row))
    if any(each is not None for each in (phone, add_phones, remove_phones)):
        listed = patient_phones.changed(
            tx,
            row,
            given=[phone, *(more_phones or ())] if phone is not None else None,
            added=add_phones or (),
            removed=remove_phones or (),
            unverified=bool(unverified_phone),
        )
        row = patient_phones.replace(tx, row, listed)
    if born is not None or age is not None:
        birth = birth_of(tx, born, age)
        row = row._replace(born=birth.born, born_year=birth.year, born_month=birth.month)
    if sex is not None:
        row = row._replace(sex=sex)
    if email is not None:
        row = row._replace(email=email or None)
    if note is not None:
        row = row._replace(note=note or None)
    return describe_edited(tx, save(tx, row))


def save(tx: Tx, row: rows.PatientRow) -> rows.PatientRow:
    """Write the changeable columns of a patient, and return the row on file."""
    stored_patients.update(
        tx,
        id=row.id,
        name=row.name,
        name_key=row.name_key,
        phone=row.phone,
        born=row.born,
        born_year=row.born_year,
        born_month=row.born_month,
        sex=row.sex,
        email=row.email,
        note=row.note,
        updated_at=tx.now,
        archived_at=row.archived_at,
        merged_into=row.merged_into,
        erased_at=row.erased_at,
    )
    return row._replace(updated_at=tx.now)


def show(tx: Tx, *, patient: PatientRef) -> Patient:
    """Return one patient. Refuses a reference that matches none or several."""
    return describe(tx, lookup.find_patient(tx, patient))


def list_matching(tx: Tx, *, text: str) -> list[FoundPatient]:
    """Return the patients on file that match words, a phone or a number.

    If none does, return those with a similar name, each with a score. The list may be empty.
    """
    found = [row for row in lookup.list_patients(tx, PatientRef(text)) if row.erased_at is None]
    scored = [(row, None) for row in found] or lookup.list_similar(tx, text)
    return [FoundPatient(**fields_of(describe(tx, row)), score=score) for row, score in scored]


def list_all(tx: Tx, *, archived: bool = False, limit: int | None = None) -> list[Patient]:
    """Return the patients on file by number, with `archived` also archived ones.

    Erased ones are never listed.
    """
    query = stored_patients.not_erased if archived else stored_patients.on_file
    found = query(tx, limit=-1 if limit is None else limit)
    if limit is not None:
        return [describe(tx, row) for row in found]
    merged, further = all_merged(tx), patient_phones.further(tx)
    return [describe(tx, row, merged, _phones(row, further)) for row in found]


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


def _phones(row: rows.PatientRow, further: patient_phones.PhonesOf) -> list[str]:
    return [row.phone, *further.get(row.id, ())] if row.phone else []


def describe(
    tx: Tx, row: rows.PatientRow, merged: MergedRecords | None = None, phones: Sequence[str] | None = None
) -> Patient:
    """Return a row as a result.

    `merged` is as for `with_merged`; `phones` are the patient's, if the caller has them.
    """
    listed = patient_phones.of_patient(tx, row) if phones is None else phones
    former = [each for each in with_merged(tx, row, merged)[1:] if each.erased_at is None]
    former_names = list(dict.fromkeys(each.name for each in former if each.name != row.name))
    former_phones = list(dict.fromkeys(each.phone for each in former if each.phone and each.phone not in listed))
    return Patient(
        id=row.id,
        number=f"P{row.number}",
        name=row.name,
        phone=row.phone,
        phones=tuple(listed),
        born=row.born,
        age=approximate_age(tx.today, row.born, row.born_year, row.born_month),
        age_months=age_in_months(tx.today, row.born, row.born_year, row.born_month),
        born_estimated=estimate(row.born_year, row.born_month),
        sex=row.sex,
        email=row.email,
        note=row.note,
        created_at=tx.local(row.created_at),
        archived_at=tx.local(row.archived_at),
        merged_into=f"P{lookup.patient_by_id(tx, row.merged_into).number}" if row.merged_into else None,
        erased_at=tx.local(row.erased_at),
        phone_unverified=any(map(is_unverified, listed)),
        former_names=tuple(former_names[: errors.LISTED]),
        former_names_count=len(former_names),
        former_phones=tuple(former_phones[: errors.LISTED]),
        former_phones_count=len(former_phones),
    )


def _on_file(
    tx: Tx, row: rows.PatientRow, given: details.Details, *, phones: Sequence[str], crowded: bool
) -> Registered:
    """Fill empty fields of a patient on file."""
    known: Sequence[str] = patient_phones.of_patient(tx, row)
    found = details.changes(row, given, phones=known)
    if "phone" in found.values:
        known = phones
        patient_phones.replace(tx, row, phones)
    if found.values:
        row = save(tx, row._replace(**found.values))
    return _registered(
        tx, row, phones=known, created=False, crowded=crowded, filled=found.filled, not_taken=found.not_taken
    )


def _registered(
    tx: Tx,
    row: rows.PatientRow,
    *,
    phones: Sequence[str],
    created: bool,
    crowded: bool,
    similar: recognition.Found[rows.PatientRow] = recognition.NOBODY,
    filled: tuple[str, ...] = (),
    not_taken: tuple[str, ...] = (),
) -> Registered:
    others, total = patient_phones.others(tx, row, phones, most=matching.MOST_SHARING)
    return Registered(
        **fields_of(describe(tx, row, phones=phones)),
        created=created,
        shares_phone_with=tuple(lookup.patient_brief(other) for other in _likeliest(row, others)[: errors.LISTED]),
        shares_phone_with_count=total,
        phone_shared_by_many=crowded,
        similar_on_file=tuple(Candidate(**each) for each in scored(tx, similar.members)),
        similar_on_file_count=similar.total,
        filled=filled,
        not_taken=not_taken,
    )


def describe_edited(tx: Tx, row: rows.PatientRow) -> Edited:
    """Return a changed patient, with those on file who may be the same person now."""
    listed = patient_phones.of_patient(tx, row)
    on_phone, _ = patient_phones.sharing(tx, listed, most=matching.MOST_SHARING)
    judged = {row.id, *distinct.from_patient(tx, row.id)}
    identified = [each for each in sharing(tx, on_phone) if each.id not in judged and each.archived_at is None]
    same, near = recognition.on_the_phone(row, identified)
    found = [*((each, matching.SAME) for each in same), *near]
    alike = namesakes(tx, stored_patients.with_name_key(tx, name_key=row.name_key))
    elsewhere = recognition.similar(
        row, sharing=identified, namesakes=recognition.Namesakes(each for each in alike if each.id not in judged)
    )
    similar = recognition.joined([recognition.Found(found, len(found)), elsewhere])
    return Edited(
        **fields_of(describe(tx, row, phones=listed)),
        similar_on_file=tuple(Candidate(**each) for each in scored(tx, similar.members)),
        similar_on_file_count=similar.total,
    )


def scored(tx: Tx, found: Sequence[tuple[rows.PatientRow, int]]) -> list[dict[str, Any]]:
    """Describe the possible duplicates of a patient, each with its score."""
    described = candidates.of_patients(tx, [as_on_file(row) for row, _ in found])
    return [each | {"score": score} for each, (_, score) in zip(described, found, strict=True)]


def _likeliest(row: rows.PatientRow, others: Sequence[rows.PatientRow]) -> Sequence[rows.PatientRow]:
    """Return the other patients on a phone, the likeliest first.

    Patients with a similar name come first, then the others by number.
    """
    scores = {each.id: matching.likeness(row.name, each.name) for each in others}
    return sorted(others, key=lambda each: (-scores[each.id] if scores[each.id] >= matching.NEAR else 0, each.number))


def count(tx: Tx) -> int:
    """Return the number of patients on file."""
    return stored_patients.count(tx) or 0
