"""Describe and list the patients on file, and save their rows."""

from collections.abc import Iterator, Sequence
from functools import partial

from clinicctl import errors
from clinicctl.desk import lookup, patient_phones
from clinicctl.results.base import fields_of
from clinicctl.results.people import FoundPatient, Patient
from clinicctl.rules.dates import age_in_months, approximate_age, estimate
from clinicctl.rules.phones import is_unverified
from clinicctl.rules.references import PatientRef
from clinicctl.store.compiled import patients as stored_patients
from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_AT_ONCE = 50
"""How many patients are described in one round trip."""


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
        notify=row.notify,
        language=row.language,
    )
    return row._replace(updated_at=tx.now)


def show(tx: Tx, *, patient: PatientRef) -> Patient:
    """Return one patient. Refuses a reference that matches none or several."""
    return describe(tx, lookup.find_patient(tx, patient))


def list_matching(tx: Tx, *, text: str) -> list[FoundPatient]:
    """Return the patients on file that match words, a phone or a number.

    If none does, return those with a similar name, each with a score. The list may be empty.
    """
    matching = [row for row in lookup.list_patients(tx, PatientRef(text)) if row.erased_at is None]
    scored = [(row, None) for row in matching] or lookup.list_similar(tx, text)
    found = list[FoundPatient]()
    for nth in range(0, len(scored), _AT_ONCE):
        some = scored[nth : nth + _AT_ONCE]
        tx.prefetch(*(partial(ask_about, row=row) for row, _ in some))
        found += [FoundPatient(**fields_of(describe(tx, row)), score=score) for row, score in some]
    return found


def iter_all(tx: Tx, *, archived: bool = False, limit: int | None = None) -> Iterator[Patient]:
    """Yield the patients on file by number, with `archived` also archived ones.

    Erased ones are never listed.
    """
    query = stored_patients.not_erased if archived else stored_patients.on_file
    found = query(tx, limit=-1 if limit is None else limit)
    if limit is not None:
        yield from (describe(tx, row) for row in found)
        return
    merged, further = lookup.all_merged(tx), patient_phones.further(tx)
    for row in found:
        yield describe(tx, row, merged, _phones(row, further))


def _phones(row: rows.PatientRow, further: patient_phones.PhonesOf) -> list[str]:
    return [row.phone, *further.get(row.id, ())] if row.phone else []


def ask_about(tx: Tx, row: rows.PatientRow) -> None:
    """Ask for what `describe` needs, for `Tx.prefetch`."""
    patient_phones.of_patient(tx, row)
    lookup.with_merged(tx, row)


def describe(
    tx: Tx, row: rows.PatientRow, merged: lookup.MergedRecords | None = None, phones: Sequence[str] | None = None
) -> Patient:
    """Return a row as a result.

    `merged` is as for `with_merged`; `phones` are the patient's, if the caller has them.
    """
    listed = patient_phones.of_patient(tx, row) if phones is None else phones
    former = [each for each in lookup.with_merged(tx, row, merged)[1:] if each.erased_at is None]
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
        notify=row.notify,
        language=row.language,
    )


def count(tx: Tx) -> int:
    """Return the number of patients on file."""
    return stored_patients.count(tx) or 0
