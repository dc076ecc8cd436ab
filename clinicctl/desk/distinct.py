"""Judge that two patients on file are two people, so that they are not reported as possible duplicates."""

from uuid import UUID

from clinicctl import errors
from clinicctl.desk import lookup, operations
from clinicctl.results.people import Distinct
from clinicctl.rules.references import PatientRef
from clinicctl.store.compiled import records, rows
from clinicctl.store.engine import Tx


@operations.DISTINCT_PATIENTS
def mark(tx: Tx, *, one: PatientRef, other: PatientRef) -> Distinct:
    """Judge two patients to be two people. Refuses the same patient twice."""
    first, second = lookup.find_patient(tx, one), lookup.find_patient(tx, other)
    if first.id == second.id:
        raise errors.SamePatient(subject=f"P{first.number}", what="compare")
    low, high = _ordered(first.id, second.id)
    created = records.is_distinct(tx, one=low, other=high) is None
    if created:
        records.insert_distinct(tx, one_id=low, other_id=high)
    return Distinct(one=lookup.patient_brief(first), other=lookup.patient_brief(second), created=created)


def forget(tx: Tx, one: rows.PatientRow, other: rows.PatientRow) -> None:
    """Take the judgement on two patients back."""
    low, high = _ordered(one.id, other.id)
    records.delete_distinct(tx, one=low, other=high)


def from_patient(tx: Tx, identity: UUID) -> set[UUID]:
    """Return the patients who were judged to be other people than a patient."""
    found = records.distinct_from(tx, patient=identity)
    return {each.one_id if each.other_id == identity else each.other_id for each in found}


def pairs(tx: Tx) -> set[tuple[int, int]]:
    """Return the pairs of patients who were judged to be two people.

    Each has two numbers, the lower one first.
    """
    return {(min(each), max(each)) for each in records.distinct(tx)}


def _ordered(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one.hex < other.hex else (other, one)
