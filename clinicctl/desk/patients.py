"""Patients: who is on file, and who is not somebody else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import desk, errors
from clinicctl.desk import numbers, operations, recognition
from clinicctl.desk.recognition import Known
from clinicctl.results import Candidate, Edited, Patient, PatientBrief, Registered
from clinicctl.rules import details, names, references
from clinicctl.rules.days import age_on, age_said
from clinicctl.rules.references import PatientRef
from clinicctl.rules.text import fold
from clinicctl.statuses import Sex
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import patient_words, patients
from clinicctl.store.sql import bindparam, delete, func, insert, or_, select, update

ERASED = "erased"
"""What stands in the place of a name that is gone."""

MergedRecords = Mapping[UUID, Sequence[Row[Any]]]
"""Merged records by the id of the patient to whom each points."""

_LAST = "\U0010ffff"
_ON_FILE = patients.c.archived_at.is_(None)
_KEPT = patients.c.erased_at.is_(None)

_BY_ID = select(patients).where(patients.c.id == bindparam("id"))
_BY_NUMBER = select(patients).where(patients.c.number == bindparam("number"))
_FOUND = or_(_ON_FILE, patients.c.merged_into.is_not(None))
"""What a name or a phone finds: patients on file, and merged records, which stand for the survivor."""

_BY_PHONE = select(patients).where(patients.c.phone == bindparam("phone"), _ON_FILE).order_by(patients.c.number)
_WITH_PHONE = (
    select(patients)
    .where(patients.c.phone == bindparam("phone"))
    .order_by(patients.c.number)
    .limit(names.MOST_SHARING + 1)
)
_EVER_WITH_PHONE = select(patients).where(patients.c.phone == bindparam("phone")).order_by(patients.c.number)
_ALSO_ON_PHONE = _BY_PHONE.limit(names.MOST_SHARING + 1)
_COUNT_ON_PHONE = select(func.count()).where(
    patients.c.phone == bindparam("phone"), patients.c.id != bindparam("but"), _ON_FILE
)
_MERGED_INTO = select(patients).where(patients.c.merged_into == bindparam("survivor")).order_by(patients.c.number)
_MERGED = select(patients).where(patients.c.merged_into.is_not(None)).order_by(patients.c.number)
_BY_NAME_KEY = select(patients).where(patients.c.name_key == bindparam("name_key"), _FOUND).order_by(patients.c.number)
_FLATTEN = update(patients).where(patients.c.merged_into == bindparam("old"))
_INSERT = insert(patients)
_INSERT_WORDS = insert(patient_words)
_DELETE_WORDS = delete(patient_words).where(patient_words.c.patient_id == bindparam("patient"))


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
    rows = tx.all(_WITH_PHONE, phone=given.phone) if given.phone else ()
    crowded = len(rows) > names.MOST_SHARING
    if same_as:
        return _on_file(tx, _unerased(find(tx, same_as)), given, crowded=crowded)
    identified = [] if crowded else sharing(tx, rows)
    alike = recognition.Namesakes(namesakes(tx, tx.all(_BY_NAME_KEY, name_key=names.name_key(name))))
    if not new:
        found = recognition.recognise(given, sharing=identified, namesakes=alike)
        if found.same is not None:
            refuse_archived(found.same)
            return _on_file(tx, found.same, given, crowded=crowded)
        if found.near.total:
            raise errors.PossibleDuplicate(
                count=found.near.total,
                candidates=[each | {"choose": each["number"]} for each in scored(tx, found.near.members)],
            )
    similar = recognition.similar(given, sharing=identified, namesakes=alike)
    values = new_row(tx, given)
    tx.run(_INSERT, **values | {"number": numbers.next_one(tx, "patients")})
    tx.many(_INSERT_WORDS, _word_rows(values["id"], name))
    return _registered(tx, of_id(tx, values["id"]), created=True, crowded=crowded, similar=similar)


def refuse_archived(row: Known) -> None:
    """Refuse to register somebody who is on file and archived."""
    if row.archived_at is not None:
        raise archived(row.number)


def sharing(tx: Tx, rows: Iterable[Row[Any]], merged: MergedRecords | None = None) -> list[Known]:
    """Return the patients that rows with a phone stand for, each under the present name and every former one."""
    found = list[Known]()
    for person in survivors(tx, rows):
        spellings = {each.name: each for each in reversed(with_merged(tx, person, merged)[1:])}
        spellings.pop(person.name, None)
        found += [person, *(recognition.Formerly(person, each) for each in spellings.values())]
    return found


def namesakes(tx: Tx, rows: Iterable[Row[Any]]) -> list[Known]:
    """Return the patients on file that rows with a name stand for, each under the name in the row."""
    found = [row if row.merged_into is None else recognition.Formerly(_survivor(tx, row), row) for row in rows]
    return [each for each in found if each.archived_at is None]


def new_row(tx: Tx, given: details.Details) -> dict[str, Any]:
    """Return the row of a new patient, but for the number."""
    return {
        "id": uuid4(),
        "number": None,
        "name": given.name,
        "name_key": names.name_key(given.name),
        "sound_key": names.sound_key(given.name),
        "phone": given.phone,
        "born": given.born,
        "born_year": given.born_year,
        "sex": given.sex or Sex.UNKNOWN,
        "email": given.email,
        "note": given.note,
        "created_at": tx.now,
        "updated_at": tx.now,
        "archived_at": None,
        "merged_into": None,
        "erased_at": None,
    }


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
    row = find_active(tx, patient)
    changes: dict[str, Any] = {}
    if name is not None:
        changes |= {"name": name, "name_key": names.name_key(name), "sound_key": names.sound_key(name)}
        tx.run(_DELETE_WORDS, patient=row.id)
        tx.many(_INSERT_WORDS, _word_rows(row.id, name))
    if phone is not None:
        changes["phone"] = _e164(tx, phone, unverified=bool(unverified_phone))
    if born is not None or age is not None:
        changes |= {"born": born, "born_year": birth_year(tx, born, age)}
    changes |= {"sex": sex} if sex is not None else {}
    changes |= {"email": email or None} if email is not None else {}
    changes |= {"note": note or None} if note is not None else {}
    if not changes:
        raise errors.Usage(problem="Nothing to change: say what, for example --phone or --note.")
    _put(tx, row, **changes)
    return _edited(tx, of_id(tx, row.id))


@operations.ARCHIVE_PATIENT
def archive(tx: Tx, *, patient: PatientRef) -> Patient:
    """Archive a patient. Refuses one with anything open, as `records` has it, and one archived already."""
    row = find_active(tx, patient)
    desk.records.refuse_open_patient(tx, row)
    return _put(tx, row, archived_at=tx.now)


@operations.RESTORE_PATIENT
def restore(tx: Tx, *, patient: PatientRef) -> Edited:
    """Take a patient out of the archive. Refuses one who is not in it, and one who was erased.

    The answer names those on file who may be the same person: somebody may have been registered anew.
    """
    row = _unerased(find(tx, patient))
    if row.archived_at is None:
        raise errors.IllegalStep(subject=f"P{row.number}", status="on file", step="restore", needs="archived")
    _put(tx, row, archived_at=None)
    return _edited(tx, of_id(tx, row.id))


def merge_rows(tx: Tx, gone: Row[Any], stays: Row[Any], *, changes: Mapping[str, Any]) -> None:
    """Mark one patient as merged into another, whose columns `changes` are changed.

    Whoever was merged into the one before now points to the other: every merged record points to its survivor.
    """
    tx.run(_FLATTEN, old=gone.id, merged_into=stays.id, updated_at=tx.now)
    _put(tx, stays, **changes)
    _put(tx, gone, archived_at=tx.now, merged_into=stays.id)


def erase_row(tx: Tx, row: Row[Any]) -> None:
    """Leave of a patient the number alone: nothing personal, and no words by which he could be found."""
    tx.run(_DELETE_WORDS, patient=row.id)
    _put(
        tx,
        row,
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
    )


def _put(tx: Tx, row: Row[Any], **values: Any) -> Patient:
    tx.run(update(patients).where(patients.c.id == bindparam("row")), row=row.id, **values, updated_at=tx.now)
    return describe(tx, of_id(tx, row.id))


def show(tx: Tx, *, patient: PatientRef) -> Patient:
    """Return one patient. Refuses a reference that matches none, or more than one."""
    return describe(tx, find(tx, patient))


def list_matching(tx: Tx, *, said: str) -> list[Patient]:
    """Return the patients on file that a reference matches: by words, phone or number; none is no error."""
    return [describe(tx, row) for row in _matching(tx, PatientRef(said)) if row.erased_at is None]


def list_all(tx: Tx, *, archived: bool = False, limit: int | None = None) -> list[Patient]:
    """Return the patients on file by number, with `archived` those put away, too; those erased never."""
    query = select(patients).where(_KEPT if archived else _ON_FILE).order_by(patients.c.number)
    merged = all_merged(tx) if limit is None else None
    return [describe(tx, row, merged) for row in tx.all(query.limit(limit))]


def find(tx: Tx, patient: PatientRef) -> Row[Any]:
    """Return the row that a reference means. Refuses one that matches none, or more than one."""
    row = get(tx, patient)
    if row is None:
        raise errors.NoSuchPatient()
    return row


def get(tx: Tx, patient: PatientRef) -> Row[Any] | None:
    """Return the row that a reference means, or None. Refuses one that matches more than one."""
    found = _matching(tx, patient)
    if len(found) > 1:
        raise errors.Ambiguous(
            count=len(found),
            what="patients",
            candidates=[each | {"choose": each["number"]} for each in people(tx, _likeliest(patient, found))],
            hint=f"Use the number of the one you mean, for example P{found[0].number}.",
        )
    return found[0] if found else None


def list_meant(tx: Tx, patient: PatientRef) -> Sequence[Row[Any]]:
    """Return all rows that a reference may mean."""
    return _matching(tx, patient)


def _likeliest(said: str, found: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return the patients whose names contain the most of the words exactly, not only as the beginning of a word."""
    words = set(fold(said).split())
    ordered = sorted(found, key=lambda row: (-len(words & set(names.words(row.name))), row.number))
    return ordered[: errors.LISTED]


def find_active(tx: Tx, patient: PatientRef) -> Row[Any]:
    """As `find`; refuses an archived patient, too."""
    return active(find(tx, patient))


def of_id(tx: Tx, identity: UUID) -> Row[Any]:
    """Return the row of a patient whom another row names."""
    return _required(tx.one(_BY_ID, id=identity))


def active(row: Row[Any]) -> Row[Any]:
    """Return the row of a patient who is neither archived nor erased. Refuses one who is."""
    if _unerased(row).archived_at is not None:
        raise archived(row.number)
    return row


def archived(number: int) -> errors.Archived:
    """Return the refusal of an archived patient."""
    return errors.Archived(subject=f"P{number}", hint=f"Restore with `clinicctl patient restore P{number}`.")


def refuse_erased(tx: Tx, identity: UUID) -> None:
    """Refuse what would bring a patient back who was erased."""
    _unerased(of_id(tx, identity))


def _unerased(row: Row[Any]) -> Row[Any]:
    if row.erased_at is not None:
        raise errors.Erased(subject=f"P{row.number}")
    return row


def with_merged(tx: Tx, row: Row[Any], merged: MergedRecords | None = None) -> list[Row[Any]]:
    """Return a patient and the records merged into theirs; `merged` are all that there are, where they are known.

    In an older database a record may point to its survivor by way of others.
    """
    found, met = [row], {row.id}
    for each in found:
        into = tx.all(_MERGED_INTO, survivor=each.id) if merged is None else merged.get(each.id, ())
        found += [other for other in into if other.id not in met]
        met.update(other.id for other in into)
    return found


def all_merged(tx: Tx) -> MergedRecords:
    """Return the merged records by the id of the patient to whom each points."""
    merged: dict[UUID, list[Row[Any]]] = {}
    for row in tx.all(_MERGED):
        merged.setdefault(row.merged_into, []).append(row)
    return merged


def survivors(tx: Tx, rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Return the patients that rows stand for, each once, by number."""
    found = {person.id: person for person in (_survivor(tx, row) for row in rows)}
    return sorted(found.values(), key=lambda person: int(person.number))


def describe(tx: Tx, row: Row[Any], merged: MergedRecords | None = None) -> Patient:
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
        age=age_said(tx.today, row.born, row.born_year),
        sex=row.sex,
        email=row.email,
        note=row.note,
        created_at=tx.local(row.created_at),
        archived_at=tx.local(row.archived_at),
        merged_into=f"P{of_id(tx, row.merged_into).number}" if row.merged_into else None,
        erased_at=tx.local(row.erased_at),
        phone_unverified=bool(row.phone and desk.phones.is_unverified(row.phone)),
        former_names=tuple(former_names[: errors.LISTED]),
        former_names_count=len(former_names),
        former_phones=tuple(former_phones[: errors.LISTED]),
        former_phones_count=len(former_phones),
    )


def brief(row: Row[Any]) -> PatientBrief:
    """Return a row as it stands inside something else."""
    return PatientBrief(id=row.id, number=f"P{row.number}", name=row.name)


def people(tx: Tx, rows: Iterable[Known]) -> list[dict[str, Any]]:
    """Return what an answer contains about each person in a list: never the whole phone."""
    kind = desk.candidates.Person
    return desk.candidates.describe(
        tx, [kind(row.id, f"P{row.number}", row.name, row.phone, row.born, row.born_year, row.sex) for row in rows]
    )


def _matching(tx: Tx, said: PatientRef) -> Sequence[Row[Any]]:
    if (number := references.patient_number(said)) is not None:
        return [_survivor(tx, row) for row in tx.all(_BY_NUMBER, number=number)]
    if (identity := references.uuid(said)) is not None:
        return [_survivor(tx, row) for row in tx.all(_BY_ID, id=identity)]
    if references.looks_like_a_phone(said):
        try:
            # A phone on file may be from a time when it was not yet refused.
            e164 = _e164(tx, said, unverified=True)
        except errors.BadValue:
            return []
        return _people_of(tx, tx.all(_EVER_WITH_PHONE, phone=e164))
    words = fold(said).split()
    if not words:
        return []
    query = select(patients).where(_FOUND).order_by(patients.c.number)
    for word in words:
        begins = patient_words.c.word.between(word, word + _LAST)
        query = query.where(patients.c.id.in_(select(patient_words.c.patient_id).where(begins)))
    return _people_of(tx, tx.all(query))


def _people_of(tx: Tx, rows: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Return the ids of the patients that rows stand for: for merged records, the survivors."""
    return [person for person in survivors(tx, rows) if person.archived_at is None]


def _e164(tx: Tx, phone: str, *, unverified: bool) -> str | None:
    return desk.phones.e164(phone, region=tx.clinic.region, unverified=unverified) if phone else None


def _survivor(tx: Tx, row: Row[Any]) -> Row[Any]:
    """Return the patient a record stands for. In an older database it may point there through other records."""
    met = {row.id}
    while row.merged_into is not None:
        row = of_id(tx, row.merged_into)
        if row.id in met:
            raise errors.Damaged(path=tx.path, reason=f"P{row.number} was merged into a patient merged into them")
        met.add(row.id)
    return row


def _on_file(tx: Tx, row: Row[Any], given: details.Details, *, crowded: bool) -> Registered:
    """Fill empty fields on file with what is given."""
    found = details.changes(row, given)
    if found.values:
        _put(tx, row, **found.values)
        row = of_id(tx, row.id)
    return _registered(tx, row, created=False, crowded=crowded, filled=found.filled, not_taken=found.not_taken)


def _registered(
    tx: Tx,
    row: Row[Any],
    *,
    created: bool,
    crowded: bool,
    similar: recognition.Found = recognition.NOBODY,
    filled: tuple[str, ...] = (),
    not_taken: tuple[str, ...] = (),
) -> Registered:
    others = [other for other in tx.all(_ALSO_ON_PHONE, phone=row.phone) if other.id != row.id] if row.phone else []
    return Registered(
        **_fields(describe(tx, row)),
        created=created,
        shares_phone_with=tuple(brief(other) for other in _likest(row, others)[: errors.LISTED]),
        shares_phone_with_count=_required(tx.one(_COUNT_ON_PHONE, phone=row.phone, but=row.id))[0] if others else 0,
        phone_shared_by_many=crowded,
        similar_on_file=tuple(Candidate(**each) for each in scored(tx, similar.members)),
        similar_on_file_count=similar.total,
        filled=filled,
        not_taken=not_taken,
    )


def _edited(tx: Tx, row: Row[Any]) -> Edited:
    """Return a patient after a change, with those who may be the same person now."""
    rows = tx.all(_WITH_PHONE, phone=row.phone) if row.phone else ()
    others = [each for each in sharing(tx, rows) if each.id != row.id and each.archived_at is None]
    identified = others if len(rows) <= names.MOST_SHARING else []
    same, near = recognition.on_the_phone(row, identified)
    found = [*((each, names.SAME) for each in same), *near]
    alike = namesakes(tx, tx.all(_BY_NAME_KEY, name_key=row.name_key))
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


def scored(tx: Tx, found: Sequence[tuple[Known, int]]) -> list[dict[str, Any]]:
    """Describe the possible duplicates of a patient, each with the score."""
    described = people(tx, [row for row, _ in found])
    return [each | {"score": score} for each, (_, score) in zip(described, found, strict=True)]


def _likest(row: Row[Any], others: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
    """Return the other patients on a phone: those with a similar name first, the likeliest first, then by number."""
    scores = {each.id: names.likeness(row.name, each.name, ratio=desk.likeness.ratio) for each in others}
    return sorted(others, key=lambda each: (-scores[each.id] if scores[each.id] >= names.NEAR else 0, each.number))


def _word_rows(patient_id: Any, name: str) -> list[dict[str, Any]]:
    return [{"word": word, "patient_id": patient_id} for word in sorted(set(names.words(name)))]


def birth_year(tx: Tx, born: date | None, age: int | None) -> int | None:
    """Return the year that an age says, for one whose birth date is not known. Refuses a birth date to come."""
    if born and not 0 <= age_on(tx.today, born) <= 150:
        raise errors.BadValue(problem="The birth date is to come, or more than 150 years ago.")
    return tx.today.year - age if age is not None else None


def _required(row: Row[Any] | None) -> Row[Any]:
    assert row is not None
    return row


def count(tx: Tx) -> int:
    """Return how many patients are on file."""
    return int(_required(tx.one(select(func.count()).select_from(patients).where(_ON_FILE)))[0])
