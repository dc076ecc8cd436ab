"""Erasure: of a patient stays the number, and of his appointments everything but what they say of him."""

from clinicctl.desk import operations, patients, records
from clinicctl.results import Erased
from clinicctl.rules.references import PatientRef
from clinicctl.store.engine import Tx
from clinicctl.store.models import appointments
from clinicctl.store.sql import bindparam, update

_SILENCE = (
    update(appointments)
    .where(appointments.c.patient_id == bindparam("patient"))
    .values(reason=None, cancel_reason=None)
)


@operations.ERASE_PATIENT
def erase(tx: Tx, *, patient: PatientRef) -> Erased:
    """Erase a patient for good, and the records merged into theirs. To erase twice is no error.

    The journal stays as it is: it holds nothing personal, and still verifies. Refuses one with anything open, as
    `records` has it.
    """
    row = patients.find(tx, patient)
    records.refuse_open_patient(tx, row)
    gone = patients.with_merged(tx, row)
    for each in gone:
        patients.erase_row(tx, each)
    return Erased(
        patient=patients.describe(tx, patients.of_id(tx, row.id)),
        numbers=tuple(f"P{each.number}" for each in gone),
        appointments=sum(tx.run(_SILENCE, patient=each.id) for each in gone),
    )


def would_erase(tx: Tx, *, patient: PatientRef) -> list[str]:
    """Return the numbers that `erase` would erase, changing nothing."""
    return [f"P{each.number}" for each in patients.with_merged(tx, patients.find(tx, patient))]
