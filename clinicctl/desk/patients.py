"""Patients: who is on file, and who is not somebody else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import desk, errors
from clinicctl.desk import lookup, numbers, operations, recognition
from clinicctl.desk.recognition import Known
from clinicctl.results import Candidate, Edited, Patient, Registered
from clinicctl.rules import details, matching, phones
from clinicctl.rules.days import age_on, approximate_age
from clinicctl.rules.references import PatientRef
from clinicctl.statuses import Sex
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

ERASED = "erased"
"""What stands in the place of a name that is gone."""

MergedRecords = Mapping[UUID, Sequence[rows.PatientRow]]
"""Merged records by the id of the patient to whom each points."""

_LAST = "\U0010ffff"


@operations.ADD_PATIENT
def add(
    tx: Tx,
    *,
    name: str,
    phone: str,
    born: date | None = None,
    age: int | None = None,
    sex: Sex | None = None,
    email: str | None = None,
    note: str | None = None,
    new: bool = False,
    same_as: PatientRef | None = None,
    unverified_phone: bool | None = None,
) -> Registered:
    """Register a patient, or return the one on file.

    An empty `phone` is none. The same phone and folded name, with nothing recorded that speaks against it, is the
    patient on file, whose empty fields are filled. The same name on another phone is a notice in the answer. A phone
    that more than `names.MOST_SHARING` share counts as none. Refuses a near match with `PossibleDuplicate` unless
    `new` or `same_as` says which it is, a birth date that is to come, and a phone that is not valid unless
    `unverified_phone`.
    """
    given = recognition.Person(
        name=name,
        phone=_e164(tx, phone, unverified=bool(unverified_phone)),
        born=born,
        born_year=birth_year(tx, born, age),
        sex=sex,
        email=email,
        note=note,
        created_at=tx.now,
    )
    on_phone = _some_with_phone(tx, given.phone)
    crowded = len(on_phone) > matching.MOST_SHARING
    if same_as:
        return _on_file(tx, lookup.not_erased(lookup.find_patient(tx, same_as)), given, crowded=crowded)
    identified = [] if crowded else sharing(tx, on_phone)
    alike = recognition.Namesakes(namesakes(tx, stored_patients.with_name_key(tx, name_key=matching.name_key(name))))
    if not new:
        found = recognition.recognise(given, sharing=identified, namesakes=alike)
        if found.same is not None:
            refuse_archived(found.same)
            return _on_file(tx, as_on_file(found.same), given, crowded=crowded)
        if found.near.total:
            raise errors.PossibleDuplicate(
                count=found.near.total,
                candidates=[each | {"choose": each["number"]} for each in scored(tx, found.near.members)],
            )
    similar = recognition.similar(given, sharing=identified, namesakes=alike)
    row = new_row(tx, given, identity=uuid4(), number=numbers.next_one(tx, "patients"))
    stored_patients.insert(tx, [row])
    stored_patients.insert_words(tx, word_rows(row))
    return _registered(tx, row, created=True, crowded=crowded, similar=similar)


def refuse_archived(row: Known) -> None:
    """Refuse to register somebody who is on file and archived."""
    if row.archived_at is not None:
        raise lookup.patient_archived(row.number)


def sharing(tx: Tx, records: Iterable[rows.PatientRow], merged: MergedRecords | None = None) -> list[rows.PatientRow]:
    """Return the patients that records with a phone stand for, each under the present name and every former one."""
    found = list[rows.PatientRow]()
    for person in lookup.survivors(tx, records):
        spellings = {each.name: each for each in reversed(with_merged(tx, person, merged)[1:])}
        spellings.pop(person.name, None)
        found += [person, *(recognition.formerly(person, each) for each in spellings.values())]
    return found


def namesakes(tx: Tx, records: Iterable[rows.PatientRow]) -> list[rows.PatientRow]:
    """Return the patients on file that records with a name stand for, each under the name in the record."""
    found = [
        each if each.merged_into is None else recognition.formerly(lookup.survivor(tx, each), each) for each in records
    ]
    return [each for each in found if each.archived_at is None]


def as_on_file(row: rows.PatientRow) -> rows.PatientRow:
    """Return the row of a patient who may have been recognised under a former name."""
    return row.on_file if isinstance(row, recognition.Formerly) else row


def new_row(tx: Tx, given: recognition.Person, *, identity: UUID, number: int) -> rows.PatientRow:
    """Return the row of a new patient."""
    return rows.PatientRow(
        id=identity,
        number=number,
        name=given.name,
        name_key=matching.name_key(given.name),
        sound_key=matching.sound_key(given.name),
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
    )


def word_rows(row: rows.PatientRow) -> list[rows.PatientWordRow]:
    """Return the rows of the words of a patient's name."""
    return [rows.PatientWordRow(word, row.id) for word in sorted(set(matching.words(row.name)))]


@operations.EDIT_PATIENT
def edit(
    tx: Tx,
    *,
    patient: PatientRef,
    name: str | None = None,
    phone: str | None = None,
    born: date | None = None,
    age: int | None = None,
    sex: Sex | None = None,
    email: str | None = None,
    note: str | None = None,
    unverified_phone: bool | None = None,
) -> Edited:
    """Change what is said; an empty phone, e-mail or note clears it.

    The answer names those on file who may be the same person after the change. Refuses a birth date that is to come,
    and a phone that is not valid unless `unverified_phone`.
    """
    row = lookup.find_active_patient(tx, patient)
    if all(each is None for each in (name, phone, born, age, sex, email, note)):
        raise errors.Usage(problem="Nothing to change: say what, for example --phone or --note.")
    if name is not None:
        row = row._replace(name=name, name_key=matching.name_key(name), sound_key=matching.sound_key(name))
        stored_patients.delete_words(tx, patient=row.id)
        stored_patients.insert_words(tx, word_rows(row))
    if phone is not None:
        row = row._replace(phone=_e164(tx, phone, unverified=bool(unverified_phone)))
    if born is not None or age is not None:
        row = row._replace(born=born, born_year=birth_year(tx, born, age))
    if sex is not None:
        row = row._replace(sex=sex)
    if email is not None:
        row = row._replace(email=email or None)
    if note is not None:
        row = row._replace(note=note or None)
    return _edited(tx, _save(tx, row))


@operations.ARCHIVE_PATIENT
def archive(tx: Tx, *, patient: PatientRef) -> Patient:
    """Archive a patient. Refuses one with anything open, as `records` has it, and one archived already."""
    row = lookup.find_active_patient(tx, patient)
    desk.records.refuse_open_patient(tx, row)
    return describe(tx, _save(tx, row._replace(archived_at=tx.now)))


@operations.RESTORE_PATIENT
def restore(tx: Tx, *, patient: PatientRef) -> Edited:
    """Take a patient out of the archive. Refuses one who is not in it, and one who was erased.

    The answer names those on file who may be the same person: somebody may have been registered anew.
    """
    row = lookup.not_erased(lookup.find_patient(tx, patient))
    if row.archived_at is None:
        raise errors.IllegalStep(subject=f"P{row.number}", status="on file", step="restore", needs="archived")
    return _edited(tx, _save(tx, row._replace(archived_at=None)))


def merge_rows(tx: Tx, gone: rows.PatientRow, stays: rows.PatientRow, *, changes: Mapping[str, Any]) -> rows.PatientRow:
    """Mark one patient as merged into another, whose columns `changes` are changed. Return the row of the other.

    Whoever was merged into the one before now points to the other: every merged record points to its survivor.
    """
    stored_records.move_merged(tx, old=gone.id, merged_into=stays.id, updated_at=tx.now)
    stays = _save(tx, stays._replace(**changes))
    _save(tx, gone._replace(archived_at=tx.now, merged_into=stays.id))
    return stays


def erase_row(tx: Tx, row: rows.PatientRow) -> rows.PatientRow:
    """Leave of a patient the number alone: nothing personal, and no words by which they could be found."""
    stored_patients.delete_words(tx, patient=row.id)
    return _save(
        tx,
        row._replace(
            name=ERASED,
            name_key="",
            sound_key="",
            phone=None,
            born=None,
            born_year=None,
            sex=Sex.UNKNOWN,
            email=None,
            note=None,
            archived_at=row.archived_at or tx.now,
            erased_at=row.erased_at or tx.now,
        ),
    )


def _save(tx: Tx, row: rows.PatientRow) -> rows.PatientRow:
    """Write everything of a patient that can change, and return the row as it is now on file."""
    stored_patients.update(
        tx,
        id=row.id,
        name=row.name,
        name_key=row.name_key,
        sound_key=row.sound_key,
        phone=row.phone,
        born=row.born,
        born_year=row.born_year,
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
    """Return one patient. Refuses a reference that matches none, or more than one."""
    return describe(tx, lookup.find_patient(tx, patient))


def list_matching(tx: Tx, *, said: str) -> list[Patient]:
    """Return the patients on file that a reference matches: by words, phone or number; none is no error."""
    return [describe(tx, row) for row in lookup.list_patients(tx, PatientRef(said)) if row.erased_at is None]


def list_all(tx: Tx, *, archived: bool = False, limit: int | None = None) -> list[Patient]:
    """Return the patients on file by number, with `archived` those put away, too; those erased never."""
    most = -1 if limit is None else limit
    found = stored_patients.not_erased(tx, limit=most) if archived else stored_patients.on_file(tx, limit=most)
    merged = all_merged(tx) if limit is None else None
    return [describe(tx, row, merged) for row in found]


def with_merged(tx: Tx, row: rows.PatientRow, merged: MergedRecords | None = None) -> list[rows.PatientRow]:
    """Return a patient and the records merged into theirs; `merged` are all that there are, where they are known.

    In an older database a record may point to its survivor by way of others.
    """
    found, met = [row], {row.id}
    for each in found:
        into = stored_patients.merged_into(tx, survivor=each.id) if merged is None else merged.get(each.id, ())
        found += [other for other in into if other.id not in met]
        met.update(other.id for other in into)
    return found


def all_merged(tx: Tx) -> MergedRecords:
    """Return the merged records by the id of the patient to whom each points."""
    merged: dict[UUID, list[rows.PatientRow]] = {}
    for row in stored_patients.merged(tx):
        if row.merged_into is not None:
            merged.setdefault(row.merged_into, []).append(row)
    return merged


def describe(tx: Tx, row: rows.PatientRow, merged: MergedRecords | None = None) -> Patient:
    """Return a row as a result; `merged` as for `with_merged`."""
    former = [each for each in with_merged(tx, row, merged)[1:] if each.erased_at is None]
    former_names = list(dict.fromkeys(each.name for each in former if each.name != row.name))
    former_phones = list(dict.fromkeys(each.phone for each in former if each.phone not in (None, row.phone)))
    return Patient(
        id=row.id,
        number=f"P{row.number}",
        name=row.name,
        phone=row.phone,
        born=row.born,
        age=approximate_age(tx.today, row.born, row.born_year),
        sex=row.sex,
        email=row.email,
        note=row.note,
        created_at=tx.local(row.created_at),
        archived_at=tx.local(row.archived_at),
        merged_into=f"P{lookup.patient_by_id(tx, row.merged_into).number}" if row.merged_into else None,
        erased_at=tx.local(row.erased_at),
        phone_unverified=bool(row.phone and phones.is_unverified(row.phone)),
        former_names=tuple(former_names[: errors.LISTED]),
        former_names_count=len(former_names),
        former_phones=tuple(former_phones[: errors.LISTED]),
        former_phones_count=len(former_phones),
    )


def _some_with_phone(tx: Tx, phone: str | None) -> list[rows.PatientRow]:
    """Return the records with a phone: enough of them to see whether it identifies anybody."""
    return stored_patients.with_phone(tx, phone=phone, limit=matching.MOST_SHARING + 1) if phone else []


def _e164(tx: Tx, phone: str, *, unverified: bool) -> str | None:
    return phones.e164(phone, region=tx.clinic.region, unverified=unverified) if phone else None


def _on_file(tx: Tx, row: rows.PatientRow, given: details.Details, *, crowded: bool) -> Registered:
    """Fill empty fields on file with what is given."""
    found = details.changes(row, given)
    if found.values:
        row = _save(tx, row._replace(**found.values))
    return _registered(tx, row, created=False, crowded=crowded, filled=found.filled, not_taken=found.not_taken)


def _registered(
    tx: Tx,
    row: rows.PatientRow,
    *,
    created: bool,
    crowded: bool,
    similar: recognition.Found[rows.PatientRow] = recognition.NOBODY,
    filled: tuple[str, ...] = (),
    not_taken: tuple[str, ...] = (),
) -> Registered:
    on_phone = stored_patients.on_phone(tx, phone=row.phone, limit=matching.MOST_SHARING + 1) if row.phone else []
    others = [other for other in on_phone if other.id != row.id]
    total = stored_patients.count_others_on_phone(tx, phone=row.phone, but=row.id) if row.phone and others else 0
    return Registered(
        **_fields(describe(tx, row)),
        created=created,
        shares_phone_with=tuple(lookup.patient_brief(other) for other in _likest(row, others)[: errors.LISTED]),
        shares_phone_with_count=total or 0,
        phone_shared_by_many=crowded,
        similar_on_file=tuple(Candidate(**each) for each in scored(tx, similar.members)),
        similar_on_file_count=similar.total,
        filled=filled,
        not_taken=not_taken,
    )


def _edited(tx: Tx, row: rows.PatientRow) -> Edited:
    """Return a patient after a change, with those who may be the same person now."""
    on_phone = _some_with_phone(tx, row.phone)
    others = [each for each in sharing(tx, on_phone) if each.id != row.id and each.archived_at is None]
    identified = others if len(on_phone) <= matching.MOST_SHARING else []
    same, near = recognition.on_the_phone(row, identified)
    found = [*((each, matching.SAME) for each in same), *near]
    alike = namesakes(tx, stored_patients.with_name_key(tx, name_key=row.name_key))
    elsewhere = recognition.similar(
        row, sharing=identified, namesakes=recognition.Namesakes(each for each in alike if each.id != row.id)
    )
    similar = recognition.joined([recognition.Found(found, len(found)), elsewhere])
    return Edited(
        **_fields(describe(tx, row)),
        similar_on_file=tuple(Candidate(**each) for each in scored(tx, similar.members)),
        similar_on_file_count=similar.total,
    )


def _fields(base: Patient) -> dict[str, Any]:
    return {each.name: getattr(base, each.name) for each in fields(base)}


def scored(tx: Tx, found: Sequence[tuple[rows.PatientRow, int]]) -> list[dict[str, Any]]:
    """Describe the possible duplicates of a patient, each with the score."""
    described = desk.candidates.of_patients(tx, [as_on_file(row) for row, _ in found])
    return [each | {"score": score} for each, (_, score) in zip(described, found, strict=True)]


def _likest(row: rows.PatientRow, others: Sequence[rows.PatientRow]) -> Sequence[rows.PatientRow]:
    """Return the other patients on a phone: those with a similar name first, the likeliest first, then by number."""
    scores = {each.id: matching.likeness(row.name, each.name) for each in others}
    return sorted(others, key=lambda each: (-scores[each.id] if scores[each.id] >= matching.NEAR else 0, each.number))


def birth_year(tx: Tx, born: date | None, age: int | None) -> int | None:
    """Return the year that an age says, for one whose birth date is not known. Refuses a birth date to come."""
    if born and not 0 <= age_on(tx.today, born) <= 150:
        raise errors.BadValue(problem="The birth date is to come, or more than 150 years ago.")
    return tx.today.year - age if age is not None else None


def count(tx: Tx) -> int:
    """Return how many patients are on file."""
    return stored_patients.count(tx) or 0
