"""Patients: who is on file, and who is not somebody else."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from clinicctl import desk, errors
from clinicctl.desk import numbers
from clinicctl.results import Patient, PatientBrief, Registered
from clinicctl.rules import names, references
from clinicctl.rules.days import age_on
from clinicctl.rules.references import PatientRef
from clinicctl.rules.text import fold
from clinicctl.statuses import Sex
from clinicctl.store.engine import Row, Tx
from clinicctl.store.models import patient_words, patients
from clinicctl.store.sql import bindparam, delete, func, insert, select, update

LISTED = 20
"""How many candidates an `ambiguous` answer lists at the most."""

ERASED = "erased"
"""What stands in the place of a name that is gone."""

Known = Any
"""A row of the patients, or somebody in a file with the same columns."""

_LAST = "\U0010ffff"
_ON_FILE = patients.c.archived_at.is_(None)
_KEPT = patients.c.erased_at.is_(None)

_BY_ID = select(patients).where(patients.c.id == bindparam("id"))
_BY_NUMBER = select(patients).where(patients.c.number == bindparam("number"))
_BY_PHONE = select(patients).where(patients.c.phone == bindparam("phone"), _ON_FILE).order_by(patients.c.number)
_WITH_PHONE = (
    select(patients)
    .where(patients.c.phone == bindparam("phone"), patients.c.merged_into.is_(None))
    .order_by(patients.c.number)
)
_MERGED_INTO = select(patients).where(patients.c.merged_into == bindparam("survivor")).order_by(patients.c.number)
_BY_NAME_KEY = (
    select(patients).where(patients.c.name_key == bindparam("name_key"), _ON_FILE).order_by(patients.c.number)
)
_INSERT = insert(patients)
_INSERT_WORDS = insert(patient_words)
_DELETE_WORDS = delete(patient_words).where(patient_words.c.patient_id == bindparam("patient"))


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
) -> Registered:
    """Register a patient, or return the one on file.

    An empty `phone` is none. The same phone and folded name, with no contradicting birth date, is the patient on
    file. Refuses a near match with `PossibleDuplicate` unless `new` or `same_as` says which it is, and a birth date
    that is to come.
    """
    e164 = desk.phones.e164(phone, region=tx.clinic.region) if phone else None
    year = birth_year(tx, born, age)
    if same_as:
        return _registered(tx, _unerased(find(tx, same_as)), created=False)
    if not new:
        found = recognised(
            tx.all(_WITH_PHONE, phone=e164) if e164 else (),
            tx.all(_BY_NAME_KEY, name_key=names.name_key(name)),
            name=name,
            phone=e164,
            born=born,
            year=year,
        )
        if isinstance(found, list):
            raise errors.PossibleDuplicate(
                count=len(found),
                candidates=[person(tx, row) | {"score": score, "choose": f"P{row.number}"} for row, score in found],
            )
        if found is not None:
            return _registered(tx, found, created=False)
    values = new_row(tx, name=name, phone=e164, born=born, year=year, sex=sex, email=email, note=note)
    tx.run(_INSERT, **values | {"number": numbers.next_one(tx, "patients")})
    tx.many(_INSERT_WORDS, _word_rows(values["id"], name))
    return _registered(tx, _required(tx.one(_BY_ID, id=values["id"])), created=True)


def recognised(
    sharing: Iterable[Known],
    namesakes: Iterable[Known],
    *,
    name: str,
    phone: str | None,
    born: date | None,
    year: int | None,
) -> Known | list[tuple[Known, int]] | None:
    """Return who a registration is: the one on file, nobody, or a list of those who may be, with their scores.

    `sharing` are those with the phone, archived ones, too, and `namesakes` those on file with the folded name. Refuses
    the one on file who is archived.
    """
    same, near = _candidates(sharing, namesakes, name=name, phone=phone, born=born, year=year)
    if len(same) == 1:
        if same[0].archived_at is not None:
            number = f"P{same[0].number}"
            raise errors.Archived(subject=number, hint=f"Restore with `clinicctl patient restore {number}`.")
        return same[0]
    return [(row, names.SAME) for row in same] + near or None


def new_row(
    tx: Tx,
    *,
    name: str,
    phone: str | None,
    born: date | None,
    year: int | None,
    sex: Sex | None,
    email: str | None,
    note: str | None,
) -> dict[str, Any]:
    """Return the row of a new patient, but for the number."""
    return {
        "id": uuid4(),
        "number": None,
        "name": name,
        "name_key": names.name_key(name),
        "sound_key": names.sound_key(name),
        "phone": phone,
        "born": born,
        "born_year": year,
        "sex": sex or Sex.UNKNOWN,
        "email": email,
        "note": note,
        "created_at": tx.now,
        "updated_at": tx.now,
        "archived_at": None,
        "merged_into": None,
        "erased_at": None,
    }


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
) -> Patient:
    """Change what is said; an empty phone, e-mail or note clears it. Refuses a birth date that is to come."""
    row = find_active(tx, patient)
    changes: dict[str, Any] = {}
    if name is not None:
        changes |= {"name": name, "name_key": names.name_key(name), "sound_key": names.sound_key(name)}
        tx.run(_DELETE_WORDS, patient=row.id)
        tx.many(_INSERT_WORDS, _word_rows(row.id, name))
    if phone is not None:
        changes["phone"] = desk.phones.e164(phone, region=tx.clinic.region) if phone else None
    if born is not None or age is not None:
        changes |= {"born": born, "born_year": birth_year(tx, born, age)}
    changes |= {"sex": sex} if sex is not None else {}
    changes |= {"email": email or None} if email is not None else {}
    changes |= {"note": note or None} if note is not None else {}
    if not changes:
        raise errors.Usage(problem="Nothing to change: say what, for example --phone or --note.")
    return _put(tx, row, **changes)


def archive(tx: Tx, *, patient: PatientRef) -> Patient:
    """Put a patient away. Refuses one who is booked from today on, and one archived already."""
    row = find_active(tx, patient)
    if booked := desk.bookings.list_active(tx, patient_id=row.id):
        raise errors.HasAppointments(
            subject=f"P{row.number}",
            count=len(booked),
            affected=[desk.bookings.affected(tx, each) for each in booked],
        )
    return _put(tx, row, archived_at=tx.now)


def restore(tx: Tx, *, patient: PatientRef) -> Patient:
    """Take a patient out of the archive. Refuses one who is not in it, and one who was erased."""
    row = _unerased(find(tx, patient))
    if row.archived_at is None:
        raise errors.IllegalStep(subject=f"P{row.number}", status="on file", step="restore", needs="archived")
    return _put(tx, row, archived_at=None)


def merge_rows(tx: Tx, gone: Row[Any], stays: Row[Any]) -> None:
    """Mark one patient as merged into another, who takes over what he has not. Refuses one who was erased."""
    _unerased(gone)
    taken = {column: getattr(gone, column) for column in ("phone", "email", "note") if not getattr(stays, column)}
    if stays.born is None and gone.born is not None:
        taken |= {"born": gone.born, "born_year": None}
    _put(tx, stays, **{column: value for column, value in taken.items() if value or column == "born_year"})
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
    return describe(tx, _required(tx.one(_BY_ID, id=row.id)))


def show(tx: Tx, *, patient: PatientRef) -> Patient:
    """Return one patient. Refuses a reference that matches none, or more than one."""
    return describe(tx, find(tx, patient))


def list_matching(tx: Tx, *, said: str) -> list[Patient]:
    """Return the patients on file that a reference matches: by words, phone or number; none is no error."""
    return [describe(tx, row) for row in _matching(tx, PatientRef(said)) if row.erased_at is None]


def list_all(tx: Tx, *, archived: bool = False, limit: int | None = None) -> list[Patient]:
    """Return the patients on file by number, with `archived` those put away, too; those erased never."""
    query = select(patients).where(_KEPT if archived else _ON_FILE).order_by(patients.c.number)
    return [describe(tx, row) for row in tx.all(query.limit(limit))]


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
            candidates=[person(tx, row) | {"choose": f"P{row.number}"} for row in found[:LISTED]],
            hint=f"Use the number of the one you mean, for example P{found[0].number}.",
        )
    return found[0] if found else None


def list_meant(tx: Tx, patient: PatientRef) -> Sequence[Row[Any]]:
    """Return the rows that a reference may mean, however many they are."""
    return _matching(tx, patient)


def find_active(tx: Tx, patient: PatientRef) -> Row[Any]:
    """As `find`; refuses an archived patient, too."""
    row = _unerased(find(tx, patient))
    if row.archived_at is not None:
        raise errors.Archived(subject=f"P{row.number}")
    return row


def refuse_erased(tx: Tx, identity: UUID) -> None:
    """Refuse what would bring a patient back who was erased."""
    _unerased(_required(tx.one(_BY_ID, id=identity)))


def _unerased(row: Row[Any]) -> Row[Any]:
    if row.erased_at is not None:
        raise errors.Erased(subject=f"P{row.number}")
    return row


def with_merged(tx: Tx, row: Row[Any]) -> list[Row[Any]]:
    """Return a patient and those merged into him, also by way of others."""
    merged = tx.all(_MERGED_INTO, survivor=row.id)
    return [row, *(other for each in merged for other in with_merged(tx, each))]


def describe(tx: Tx, row: Row[Any]) -> Patient:
    """Return a row as a result."""
    return Patient(
        id=row.id,
        number=f"P{row.number}",
        name=row.name,
        phone=row.phone,
        born=row.born,
        age=_age(tx, row.born, row.born_year),
        sex=row.sex,
        email=row.email,
        note=row.note,
        created_at=tx.local(row.created_at),
        archived_at=tx.local(row.archived_at),
        merged_into=f"P{_required(tx.one(_BY_ID, id=row.merged_into)).number}" if row.merged_into else None,
        erased_at=tx.local(row.erased_at),
    )


def brief(row: Row[Any]) -> PatientBrief:
    """Return a row as it stands inside something else."""
    return PatientBrief(id=row.id, number=f"P{row.number}", name=row.name)


def person(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    """Return what an answer about people tells of one: never the whole phone."""
    return _person(tx, number=row.number, name=row.name, phone=row.phone, born=row.born, year=row.born_year)


def person_of_appointment(tx: Tx, row: Row[Any]) -> dict[str, Any]:
    """As `person`, of the patient of an appointment's row."""
    return _person(
        tx,
        number=row.patient_number,
        name=row.patient_name,
        phone=row.patient_phone,
        born=row.patient_born,
        year=row.patient_born_year,
    )


def _person(
    tx: Tx, *, number: int, name: str, phone: str | None, born: date | None, year: int | None
) -> dict[str, Any]:
    return {
        "number": f"P{number}",
        "name": name,
        "born": born.isoformat() if born else None,
        "age": _age(tx, born, year),
        "phone_last3": phone[-3:] if phone else None,
    }


def _matching(tx: Tx, said: PatientRef) -> Sequence[Row[Any]]:
    if (number := references.patient_number(said)) is not None:
        return [_survivor(tx, row) for row in tx.all(_BY_NUMBER, number=number)]
    if (identity := references.uuid(said)) is not None:
        return [_survivor(tx, row) for row in tx.all(_BY_ID, id=identity)]
    if references.looks_like_a_phone(said):
        try:
            return tx.all(_BY_PHONE, phone=desk.phones.e164(said, region=tx.clinic.region))
        except errors.BadValue:
            return []
    words = fold(said).split()
    if not words:
        return []
    query = select(patients).where(_ON_FILE).order_by(patients.c.number)
    for word in words:
        begins = patient_words.c.word.between(word, word + _LAST)
        query = query.where(patients.c.id.in_(select(patient_words.c.patient_id).where(begins)))
    return tx.all(query)


def _survivor(tx: Tx, row: Row[Any]) -> Row[Any]:
    """The patient into whom this one was merged, at the end of however many merges."""
    while row.merged_into is not None:
        row = _required(tx.one(_BY_ID, id=row.merged_into))
    return row


def _candidates(
    sharing: Iterable[Known],
    namesakes: Iterable[Known],
    *,
    name: str,
    phone: str | None,
    born: date | None,
    year: int | None,
) -> tuple[list[Known], list[tuple[Known, int]]]:
    """Those on file who are this person, and those who may be, with their scores."""
    same, near = list[Known](), list[tuple[Known, int]]()
    for row in sharing:
        score = names.likeness(name, row.name, ratio=desk.likeness.ratio)
        agrees = names.same_birth(born, year, row.born, row.born_year)
        if score == names.SAME and agrees is not False:
            same.append(row)
        elif score >= names.NEAR:
            near.append((row, score if score < names.SAME else names.SAME - 5))
    for row in namesakes:
        if (row.phone != phone or phone is None) and born is not None and born == row.born:
            near.append((row, names.SAME - 10))
    return same, sorted(near, key=lambda each: (-each[1], each[0].number))


def _registered(tx: Tx, row: Row[Any], *, created: bool) -> Registered:
    base = describe(tx, row)
    sharing = tx.all(_BY_PHONE, phone=row.phone) if row.phone else ()
    return Registered(
        **{each.name: getattr(base, each.name) for each in fields(base)},
        created=created,
        shares_phone_with=tuple(brief(other) for other in sharing if other.id != row.id),
    )


def _word_rows(patient_id: Any, name: str) -> list[dict[str, Any]]:
    return [{"word": word, "patient_id": patient_id} for word in sorted(set(names.words(name)))]


def birth_year(tx: Tx, born: date | None, age: int | None) -> int | None:
    """Return the year that an age says, for one whose birth date is not known. Refuses a birth date to come."""
    if born and not 0 <= age_on(tx.today, born) <= 150:
        raise errors.BadValue(problem="The birth date is to come, or more than 150 years ago.")
    return tx.today.year - age if age is not None else None


def _age(tx: Tx, born: date | None, year: int | None) -> int | None:
    if born:
        return age_on(tx.today, born)
    return tx.today.year - year if year else None


def _required(row: Row[Any] | None) -> Row[Any]:
    assert row is not None
    return row


def count(tx: Tx) -> int:
    """Return how many patients are on file."""
    return int(_required(tx.one(select(func.count()).select_from(patients).where(_ON_FILE)))[0])
