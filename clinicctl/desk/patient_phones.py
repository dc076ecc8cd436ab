"""The phones of patients: a first one, and further ones that find the patient as well."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from clinicctl import errors
from clinicctl.rules import phones
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

MOST = 10
"""The most phones of a patient."""

PhonesOf = Mapping[UUID, Sequence[str]]
_LAST = "\U0010ffff"


def e164(tx: Tx, given: Iterable[str], *, unverified: bool) -> list[str]:
    """Return phones in E.164, each once, without empty ones.

    Refuses an invalid phone, and too many.
    """
    read = (phones.e164(each, region=tx.clinic.region, unverified=unverified) for each in given if each)
    found = list(dict.fromkeys(each for each in read if each))
    if len(found) > MOST:
        raise errors.BadValue(problem=f"Too many phones: a patient has at most {MOST}.")
    return found


def ending(phone: str) -> str:
    """Return the digits of a phone in reverse order, as they are stored."""
    return phone[:0:-1]


def stored_rows(patient_id: UUID, listed: Iterable[str]) -> list[rows.PatientPhoneRow]:
    """Return the rows of a patient's phones."""
    return [rows.PatientPhoneRow(ending(each), patient_id, nth) for nth, each in enumerate(listed, start=1)]


def of_patient(tx: Tx, row: rows.PatientRow | rows.KnownRow) -> list[str]:
    """Return the phones of a patient, the first one first."""
    return [phone(each.ending) for each in stored_patients.phones_of(tx, patient=row.id)] if row.phone else []


def further(tx: Tx) -> PhonesOf:
    """Return the further phones of all patients who have any."""
    found: dict[UUID, list[str]] = {}
    for each in stored_patients.further_phones(tx):
        found.setdefault(each.patient_id, []).append(phone(each.ending))
    return found


def replace(tx: Tx, row: rows.PatientRow, listed: Sequence[str]) -> rows.PatientRow:
    """Store other phones of a patient, and return the row with the first one."""
    stored_patients.delete_phones(tx, patient=row.id)
    stored_patients.insert_phones(tx, stored_rows(row.id, listed))
    return row._replace(phone=listed[0] if listed else None)


def changed(
    tx: Tx,
    row: rows.PatientRow,
    *,
    given: Sequence[str] | None,
    added: Sequence[str],
    removed: Sequence[str],
    unverified: bool,
) -> list[str]:
    """Return the phones of a patient after a change.

    `given` replaces them all. Refuses to remove a phone that the patient does not have.
    """
    found = of_patient(tx, row) if given is None else e164(tx, given, unverified=unverified)
    for each in e164(tx, removed, unverified=True):
        if each not in found:
            raise errors.BadValue(problem="--remove-phone: the patient does not have this phone.")
        found.remove(each)
    return e164(tx, [*found, *added], unverified=unverified) if added else found


def sharing(tx: Tx, listed: Iterable[str], *, most: int) -> tuple[list[rows.PatientRow], list[str]]:
    """Return the records with one of the phones, and the placeholders.

    More than `most` records share a placeholder. They are left out.
    """
    found: dict[UUID, rows.PatientRow] = {}
    crowded = list[str]()
    for each in listed:
        records = stored_patients.with_phone(tx, ending=ending(each), limit=most + 1)
        if len(records) > most:
            crowded.append(each)
        else:
            found |= {row.id: row for row in records}
    return sorted(found.values(), key=lambda row: row.number), crowded


def others(tx: Tx, row: rows.PatientRow, listed: Collection[str], *, most: int) -> tuple[list[rows.PatientRow], int]:
    """Return other patients on file with one of the phones, and their number."""
    found: dict[UUID, rows.PatientRow] = {}
    for each in listed:
        found |= {one.id: one for one in stored_patients.on_phone(tx, ending=ending(each), limit=most + 1)}
    found.pop(row.id, None)
    people = sorted(found.values(), key=lambda one: one.number)
    if not people:
        return [], 0
    return people, stored_patients.count_others_on_phones(
        tx, endings=[ending(each) for each in listed], but=row.id
    ) or 0


def with_phone(tx: Tx, phone: str) -> list[rows.PatientRow]:
    """Return the records with a phone in E.164."""
    return stored_patients.with_phone(tx, ending=ending(phone), limit=-1)


def with_ending(tx: Tx, digits: str) -> list[rows.PatientRow]:
    """Return the records of patients with a phone that ends with these digits."""
    first = digits[::-1]
    return stored_patients.with_phone_ending(tx, first=first, last=first + _LAST)


def phone(stored: str) -> str:
    """Return a phone in E.164 from its stored ending."""
    return f"+{stored[::-1]}"
