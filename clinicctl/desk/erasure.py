"""Erasure: of a patient stays the number, and of their appointments everything but what they say of them."""

from clinicctl.desk import lookup, operations, patients, records
from clinicctl.results.people import Erased
from clinicctl.rules.references import PatientRef
from clinicctl.store.compiled import records as stored_records
from clinicctl.store.engine import Tx


@operations.ERASE_PATIENT
def erase(tx: Tx, *, patient: PatientRef) -> Erased:
    """Erase a patient for good, and the records merged into theirs. To erase twice is no error.

    The journal stays as it is: it holds nothing personal, and still verifies. Refuses one with anything open, as
    `records` has it.
    """
    row = lookup.find_patient(tx, patient)
    records.refuse_open_patient(tx, row)
    gone = patients.with_merged(tx, row)
    erased = [patients.erase_row(tx, each) for each in gone]
    return Erased(
        patient=patients.describe(tx, erased[0]),
        numbers=tuple(f"P{each.number}" for each in gone),
        appointments=sum(stored_records.clear_reasons(tx, patient=each.id) for each in gone),
    )


def would_erase(tx: Tx, *, patient: PatientRef) -> list[str]:
    """Return the numbers that `erase` would erase, changing nothing."""
    return [f"P{each.number}" for each in patients.with_merged(tx, lookup.find_patient(tx, patient))]
