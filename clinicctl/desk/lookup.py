"""Look up references: the patient, doctor, appointment or waitlist entry that a user typed."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from clinicctl import errors
from clinicctl.desk import candidates, patient_phones
from clinicctl.results.people import DoctorBrief, PatientBrief
from clinicctl.rules import matching, phones, references
from clinicctl.rules.references import AppointmentRef, ArrivalRef, BookedRef, DoctorRef, PatientRef, WaitlistRef
from clinicctl.rules.text import fold
from clinicctl.store.compiled import appointments, doctors, rows, waitlist
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.engine import Tx

_LAST = "\U0010ffff"

MergedRecords = Mapping[UUID, Sequence[rows.PatientRow]]
"""Merged records by the id of the patient into whom they were merged."""


def ask(tx: Tx, request: Iterable[object]) -> None:
    """Ask for what the references of a request name, for `Tx.prefetch`."""
    for each in request:
        if isinstance(each, DoctorRef):
            _ask_for_doctor(tx, each)
        elif isinstance(each, PatientRef | ArrivalRef | BookedRef | AppointmentRef):
            _ask_for_visit(tx, each)
        elif isinstance(each, WaitlistRef) and (number := references.waitlist_number(each)) is not None:
            waitlist.by_number(tx, number=number)


def _ask_for_doctor(tx: Tx, doctor: DoctorRef) -> None:
    if (identity := references.uuid(doctor)) is not None:
        doctors.by_id(tx, id=identity)
    else:
        doctors.by_code(tx, code=doctor.strip().upper())


def _ask_for_visit(tx: Tx, reference: PatientRef | ArrivalRef | BookedRef | AppointmentRef) -> None:
    """Ask for the patient or the appointment with a number, or for patients by name."""
    if (number := references.patient_number(reference)) is not None:
        stored_patients.by_number(tx, number=number)
    elif (number := references.appointment_number(reference)) is not None:
        appointments.by_number(tx, number=number)
    elif references.is_name(reference) and (words := fold(reference).split()):
        _with_words(tx, words)


def find_patient(tx: Tx, patient: PatientRef) -> rows.PatientRow:
    """Return the patient of a reference.

    Refuses a reference that matches none, listing patients with similar names, or several.
    """
    row = get_patient(tx, patient)
    if row is None:
        raise no_such_patient(tx, patient)
    return row


def get_patient(tx: Tx, patient: PatientRef) -> rows.PatientRow | None:
    """Return the patient of a reference, or None.

    Refuses a reference that matches several.
    """
    found = list_patients(tx, patient)
    if len(found) > 1:
        raise several_patients(tx, patient, found)
    return found[0] if found else None


def several_patients(tx: Tx, reference: str, found: Sequence[rows.PatientRow]) -> errors.Ambiguous:
    """Return the refusal of a reference that several patients match."""
    listed = candidates.of_patients(tx, _likeliest(reference, found))
    return errors.Ambiguous(
        reference=reference,
        count=len(found),
        what="patients",
        candidates=[each | {"choose": each["number"]} for each in listed],
        hint=f"Use a number, for example P{found[0].number}.",
    )


def no_such_patient(tx: Tx, reference: str) -> errors.NoSuchPatient:
    """Return the refusal of a reference to nobody, with patients of similar names."""
    found = list_similar(tx, reference)
    if not found:
        return errors.NoSuchPatient()
    listed = candidates.of_patients(tx, [row for row, _ in found])
    return errors.OnlySimilar(
        reference=reference,
        count=len(found),
        candidates=[
            each | {"score": score, "choose": each["number"]} for each, (_, score) in zip(listed, found, strict=True)
        ],
    )


def list_patients(tx: Tx, patient: PatientRef) -> list[rows.PatientRow]:
    """Return the patients on file that match a number, an id, a phone or names.

    Digits are a whole phone, else the last 4 to 9 digits of one, else a patient's number. Words match the beginnings of
    names.
    """
    if (number := references.patient_number(patient)) is not None:
        row = stored_patients.by_number(tx, number=number)
        return [survivor(tx, row)] if row is not None else []
    if (identity := references.uuid(patient)) is not None:
        row = stored_patients.by_id(tx, id=identity)
        return [survivor(tx, row)] if row is not None else []
    is_phone, digits = references.looks_like_a_phone(patient), references.digits(patient)
    if is_phone and (found := _with_phone(tx, patient)):
        return found
    if len(digits) in references.ENDING and (found := _with_phone_ending(tx, digits)):
        return found
    number = references.plain_number(patient)
    if number is not None and (row := stored_patients.by_number(tx, number=number)) is not None:
        return [survivor(tx, row)]
    words = fold(patient).split()
    if is_phone or not words:
        return []
    return _people_of(tx, _with_words(tx, words))


def list_similar(tx: Tx, name: str) -> list[tuple[rows.PatientRow, int]]:
    """Return the patients on file with a similar name, and how similar it is.

    The most similar come first, and at most `errors.LISTED` are returned.
    """
    if not any(each.isalpha() for each in name):
        return []
    # Deferred: few commands compare names.
    from clinicctl.desk import similar
    from clinicctl.rules import likelihood

    scores = dict[UUID, int]()
    people = dict[UUID, rows.PatientRow]()
    for record in similar.list_resembling(tx, name):
        score = likelihood.name_likeness(name, record.name)
        if score >= matching.NEAR:
            for person in _people_of(tx, [record]):
                people[person.id] = person
                scores[person.id] = max(score, scores.get(person.id, 0))
    ordered = sorted(people.values(), key=lambda each: (-scores[each.id], each.number))
    return [(each, scores[each.id]) for each in ordered[: errors.LISTED]]


def find_active_patient(tx: Tx, patient: PatientRef) -> rows.PatientRow:
    """Return the patient of a reference.

    Refuses what `find_patient` refuses, and an archived patient.
    """
    return active_patient(find_patient(tx, patient))


def patient_by_id(tx: Tx, identity: UUID) -> rows.PatientRow:
    """Return a patient to whom another row refers."""
    row = stored_patients.by_id(tx, id=identity)
    assert row is not None, "a reference to a patient who is not on file"
    return row


def patient_by_number(tx: Tx, number: int) -> rows.PatientRow:
    """Return a patient whose number was read before."""
    row = stored_patients.by_number(tx, number=number)
    assert row is not None, "a number that was read before"
    return row


def active_patient(row: rows.PatientRow) -> rows.PatientRow:
    """Return the row of a patient. Refuses an archived or erased one."""
    if not_erased(row).archived_at is not None:
        raise patient_archived(row.number)
    return row


def patient_archived(number: int) -> errors.Archived:
    """Return the refusal of an archived patient."""
    return errors.Archived(subject=f"P{number}", hint=f"Restore with `clinicctl patient restore P{number}`.")


def not_erased(row: rows.PatientRow) -> rows.PatientRow:
    """Return the row of a patient. Refuses an erased one."""
    if row.erased_at is not None:
        raise errors.Erased(subject=f"P{row.number}")
    return row


def survivors(tx: Tx, records: Iterable[rows.PatientRow]) -> list[rows.PatientRow]:
    """Return the survivors of records, each once, by number."""
    known: dict[UUID, rows.PatientRow] = {}
    found = {person.id: person for person in (survivor(tx, each, known) for each in records)}
    return sorted(found.values(), key=lambda person: person.number)


def survivor(tx: Tx, row: rows.PatientRow, known: dict[UUID, rows.PatientRow] | None = None) -> rows.PatientRow:
    """Return the patient into whom a record was merged, or the record itself.

    In an older database a record may point to the survivor through other records. `known` has the survivors of records
    by id, and gets the ones found, so that the way of several records to one survivor is walked once.
    """
    known = {} if known is None else known
    seen = {row.id}
    while row.merged_into is not None:
        row = known.get(row.merged_into) or patient_by_id(tx, row.merged_into)
        if row.id in seen:
            raise errors.Damaged(path=tx.place, reason=f"P{row.number} was merged into a patient merged into them")
        seen.add(row.id)
    known.update(dict.fromkeys(seen, row))
    return row


def patient_brief(row: rows.PatientRow) -> PatientBrief:
    """Return a row as part of another result."""
    return PatientBrief(id=row.id, number=f"P{row.number}", name=row.name)


def find_doctor(tx: Tx, doctor: DoctorRef) -> rows.DoctorRow:
    """Return the row of a reference.

    A code or an id is that doctor, archived or not. Else it is the doctor on the staff whose code, or words of the
    name, begin so. Refuses a reference that matches none or several.
    """
    identity = references.uuid(doctor)
    row = doctors.by_id(tx, id=identity) if identity else get_doctor(tx, doctor.strip().upper())
    if row is not None:
        return row
    found = references.doctors_named(doctor, doctors.on_staff(tx))
    if len(found) > 1:
        raise errors.Ambiguous(
            reference=doctor,
            count=len(found),
            what="doctors",
            candidates=[{"code": each.code, "name": each.name, "choose": each.code} for each in found],
            hint=f"Use a code, for example {found[0].code}.",
        )
    if not found:
        raise errors.NoSuchDoctor()
    return found[0]


def doctor_by_id(tx: Tx, identity: UUID) -> rows.DoctorRow:
    """Return a doctor to whom another row refers."""
    row = doctors.by_id(tx, id=identity)
    assert row is not None, "a reference to a doctor who is not on file"
    return row


def find_active_doctor(tx: Tx, doctor: DoctorRef) -> rows.DoctorRow:
    """Return the doctor of a reference. Refuses an unknown or archived one."""
    return active_doctor(find_doctor(tx, doctor))


def find_active_doctors(tx: Tx, doctor: DoctorRef | None) -> list[rows.DoctorRow]:
    """Return the doctor of a reference, or without one all doctors on the staff.

    Refuses an unknown one, and a clinic without doctors.
    """
    listed = [find_active_doctor(tx, doctor)] if doctor is not None else doctors.on_staff(tx)
    if not listed:
        raise errors.NoSuchDoctor(hint="No doctors yet. Add one: `clinicctl doctor add CODE NAME`.")
    return listed


def active_doctor(row: rows.DoctorRow) -> rows.DoctorRow:
    """Return the row of a doctor. Refuses an archived one."""
    if row.archived_at is not None:
        raise doctor_archived(row.code)
    return row


def doctor_archived(code: str) -> errors.Archived:
    """Return the refusal of an archived doctor."""
    return errors.Archived(subject=code, hint=f"Restore with `clinicctl doctor restore {code}`.")


def get_doctor(tx: Tx, code: str) -> rows.DoctorRow | None:
    """Return the doctor with a code, archived or not, or None."""
    return doctors.by_code(tx, code=code)


def doctor_brief(row: rows.DoctorRow) -> DoctorBrief:
    """Return a row as part of another result."""
    return DoctorBrief(id=row.id, code=row.code, name=row.name)


def booked_briefs(row: rows.AppointmentRow | rows.WaitlistRow) -> tuple[PatientBrief, DoctorBrief]:
    """Return the patient and the doctor of an appointment or a waitlist entry."""
    return (
        PatientBrief(id=row.patient_id, number=f"P{row.patient_number}", name=row.patient_name),
        DoctorBrief(id=row.doctor_id, code=row.doctor_code, name=row.doctor_name),
    )


def find_appointment(tx: Tx, appointment: AppointmentRef) -> rows.AppointmentRow:
    """Return the row of a reference. Refuses an unknown one."""
    row = get_appointment(tx, appointment)
    if row is None:
        raise errors.NoSuchAppointment()
    return row


def get_appointment(tx: Tx, appointment: str) -> rows.AppointmentRow | None:
    """Return the appointment with a number such as `A42` or a UUID, or None."""
    if (number := references.appointment_number(appointment)) is not None:
        return appointments.by_number(tx, number=number)
    identity = references.uuid(appointment)
    return appointments.by_id(tx, id=identity) if identity else None


def appointment_by_id(tx: Tx, identity: UUID) -> rows.AppointmentRow:
    """Return an appointment to which another row refers."""
    row = appointments.by_id(tx, id=identity)
    assert row is not None, "a reference to an appointment that does not exist"
    return row


def find_waitlist_entry(tx: Tx, entry: WaitlistRef) -> rows.WaitlistRow:
    """Return the row of a reference. Refuses an unknown one."""
    number = references.waitlist_number(entry)
    row = waitlist.by_number(tx, number=number) if number is not None else None
    if row is None:
        raise errors.NoSuchWaitlistEntry()
    return row


def _with_words(tx: Tx, words: Iterable[str]) -> list[rows.PatientRow]:
    """Return the records whose names have words that begin with these."""
    begins = [stored_patients.has_word(first=word, last=word + _LAST) for word in words]
    return stored_patients.find(tx, begins, limit=-1)


def _with_phone(tx: Tx, phone: str) -> list[rows.PatientRow]:
    """Return the patients on file with a whole phone."""
    try:
        # Older versions accepted phones that are refused now.
        e164 = phones.e164(phone, region=tx.clinic.region, unverified=True)
    except errors.BadValue:
        return []
    return _people_of(tx, patient_phones.with_phone(tx, e164)) if e164 else []


def _with_phone_ending(tx: Tx, digits: str) -> list[rows.PatientRow]:
    """Return the patients on file whose phone ends with these digits."""
    return _people_of(tx, patient_phones.with_ending(tx, digits))


def _people_of(tx: Tx, records: Iterable[rows.PatientRow]) -> list[rows.PatientRow]:
    """Return the patients on file of records; of merged records, the survivors."""
    return [person for person in survivors(tx, records) if person.archived_at is None]


def _likeliest(text: str, found: Sequence[rows.PatientRow]) -> list[rows.PatientRow]:
    """Return the likeliest patients first.

    The order is by the number of whole words that match, then by number.
    """
    words = set(fold(text).split())
    ordered = sorted(found, key=lambda row: (-len(words & set(matching.words(row.name))), row.number))
    return ordered[: errors.LISTED]


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
