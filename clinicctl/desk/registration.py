"""Register and edit patients: decide who is on file already, and who may be."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from clinicctl import errors
from clinicctl.desk import distinct, identity, lookup, operations, patient_keys, patient_phones, patients, recognition
from clinicctl.desk.dates import birth_of
from clinicctl.desk.recognition import Known
from clinicctl.results.base import fields_of
from clinicctl.results.people import Candidate, Edited, Registered
from clinicctl.rules import details, likelihood, matching
from clinicctl.rules.dates import AgeWord, BirthWord
from clinicctl.rules.references import PatientRef
from clinicctl.rules.text import search_words
from clinicctl.statuses import Notify, Sex
from clinicctl.store import counters
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx


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
    notify: Notify | None = None,
    language: str | None = None,
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
        notify=notify,
        language=language,
    )
    if same_as:
        row = lookup.not_erased(lookup.find_patient(tx, same_as))
        _, placeholders = patient_phones.sharing(tx, listed, most=matching.MOST_SHARING)
        return _on_file(tx, row, given, phones=listed, crowded=bool(placeholders))
    found = identity.look_up(tx, given, listed)
    likely = identity.recognise(given, found)
    crowded = bool(found.crowded)
    if likely.same is not None and not new:
        refuse_archived(likely.same)
        return _on_file(tx, identity.as_on_file(likely.same), given, phones=listed, crowded=crowded)
    if likely.near.total and not new:
        raise errors.PossibleDuplicate(
            count=likely.near.total,
            candidates=[each | {"choose": each["number"]} for each in identity.describe(tx, given, likely.near, found)],
        )
    similar = identity.describe(tx, given, likely.similar, found)
    row = new_row(tx, given, identity=uuid4(), number=counters.next_one(tx, "patients"))
    stored_patients.insert(tx, [row])
    stored_patients.insert_words(tx, word_rows(row))
    stored_patients.insert_phones(tx, patient_phones.stored_rows(row.id, listed))
    stored_patients.insert_keys(tx, patient_keys.stored_rows(row.number, found.keys))
    return _registered(
        tx,
        row,
        phones=listed,
        created=True,
        crowded=crowded,
        common_name=found.common_name,
        similar=similar,
        similar_count=likely.similar.total,
    )


def refuse_archived(row: Known) -> None:
    """Refuse to register an archived patient."""
    if row.archived_at is not None:
        raise lookup.patient_archived(row.number)


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
        notify=given.notify,
        language=given.language,
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
    notify: Notify | None = None,
    language: str | None = None,
) -> Edited:
    """Change a patient.

    Omitted options keep their value; an empty phone, e-mail, note or language clears it. A given phone replaces all
    phones. The answer lists those on file who may be the same person now. Refuses a future birth date, and an invalid
    phone unless `unverified_phone`.
    """
    row = lookup.find_active_patient(tx, patient)
    stored = patient_keys.of_patient(tx, row)
    given = (name, phone, add_phones, remove_phones, born, age, sex, email, note, notify, language)
    if all(each is None for each in given):
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
    if notify is not None:
        row = row._replace(notify=notify)
    if language is not None:
        row = row._replace(language=language or None)
    row = patients.save(tx, row)
    patient_keys.change(tx, row, stored)
    return describe_edited(tx, row)


def _on_file(
    tx: Tx, row: rows.PatientRow, given: details.Details, *, phones: Sequence[str], crowded: bool
) -> Registered:
    """Fill empty fields of a patient on file."""
    known: Sequence[str] = patient_phones.of_patient(tx, row)
    found = details.changes(row, given, phones=known)
    if found.values:
        stored = patient_keys.of_patient(tx, row)
        if "phone" in found.values:
            known = phones
            patient_phones.replace(tx, row, phones)
        row = patients.save(tx, row._replace(**found.values))
        patient_keys.change(tx, row, stored)
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
    common_name: bool = False,
    similar: Sequence[Mapping[str, Any]] = (),
    similar_count: int = 0,
    filled: tuple[str, ...] = (),
    not_taken: tuple[str, ...] = (),
) -> Registered:
    tx.prefetch(
        lambda tx: patient_phones.others(tx, row, phones, most=matching.MOST_SHARING),
        lambda tx: patients.ask_about(tx, row),
    )
    others, total = patient_phones.others(tx, row, phones, most=matching.MOST_SHARING)
    return Registered(
        **fields_of(patients.describe(tx, row, phones=phones)),
        created=created,
        shares_phone_with=tuple(lookup.patient_brief(other) for other in _likeliest(row, others)[: errors.LISTED]),
        shares_phone_with_count=total,
        phone_shared_by_many=crowded,
        name_shared_by_many=common_name,
        similar_on_file=tuple(Candidate(**each) for each in similar),
        similar_on_file_count=similar_count,
        filled=filled,
        not_taken=not_taken,
    )


def describe_edited(tx: Tx, row: rows.PatientRow) -> Edited:
    """Return a changed patient, with those on file who may be the same person now."""
    listed = patient_phones.of_patient(tx, row)
    found = identity.look_up(tx, row, listed, but={row.id, *distinct.from_patient(tx, row.id)}, counted=2)
    found = found._replace(sharing=[each for each in found.sharing if each.archived_at is None])
    likely, same = identity.recognise(row, found), recognition.NOBODY
    if likely.same is not None:
        same = recognition.Found([(likely.same, matching.SAME)], 1)
        rest = [each for each in found.sharing if each.id != likely.same.id]
        likely = identity.recognise(row, found._replace(sharing=rest))
    similar = recognition.joined([same, likely.near, likely.similar])
    return Edited(
        **fields_of(patients.describe(tx, row, phones=listed)),
        similar_on_file=tuple(Candidate(**each) for each in identity.describe(tx, row, similar, found)),
        similar_on_file_count=similar.total,
    )


def _likeliest(row: rows.PatientRow, others: Sequence[rows.PatientRow]) -> Sequence[rows.PatientRow]:
    """Return the other patients on a phone, the likeliest first.

    Patients with a similar name come first, then the others by number.
    """
    scores = {each.id: likelihood.name_likeness(row.name, each.name) for each in others}
    return sorted(others, key=lambda each: (-scores[each.id] if scores[each.id] >= matching.NEAR else 0, each.number))
