"""The card of a patient: who they are, when they come and came, and who shares a phone. Reads only."""

from clinicctl import errors
from clinicctl.desk import bookings, lookup, patient_phones, patients
from clinicctl.results.appointments import ComingSeries, PatientCard
from clinicctl.results.base import fields_of
from clinicctl.rules import matching
from clinicctl.rules.references import PatientRef
from clinicctl.store.compiled import appointments
from clinicctl.store.engine import Tx

PAST = 5
"""How many past appointments a card shows."""


def show(tx: Tx, *, patient: PatientRef) -> PatientCard:
    """Return a patient's card.

    Refuses a reference that matches none or several.
    """
    row, today = lookup.find_patient(tx, patient), tx.today
    tx.prefetch(
        lambda tx: patients.ask_about(tx, row),
        lambda tx: appointments.coming_of_patient(tx, patient=row.id, today=today, limit=errors.LISTED),
        lambda tx: appointments.past_of_patient(tx, patient=row.id, today=today, limit=PAST),
        lambda tx: appointments.count_no_shows(tx, patient=row.id),
        lambda tx: appointments.coming_series(tx, patient=row.id, today=today, limit=errors.LISTED),
    )
    listed = patient_phones.of_patient(tx, row)
    coming = appointments.coming_of_patient(tx, patient=row.id, today=tx.today, limit=errors.LISTED)
    past = appointments.past_of_patient(tx, patient=row.id, today=tx.today, limit=PAST)
    others, total = patient_phones.others(tx, row, listed, most=matching.MOST_SHARING)
    return PatientCard(
        **fields_of(patients.describe(tx, row, phones=listed)),
        coming=tuple(bookings.describe(tx, each) for each in coming),
        past=tuple(bookings.describe(tx, each) for each in past),
        no_shows=appointments.count_no_shows(tx, patient=row.id) or 0,
        shares_phone_with=tuple(lookup.patient_brief(each) for each in others[: errors.LISTED]),
        shares_phone_with_count=total,
        coming_series=tuple(
            ComingSeries(f"A{each.series}", each.visits, each.last_date)
            for each in appointments.coming_series(tx, patient=row.id, today=tx.today, limit=errors.LISTED)
            if each.last_date is not None
        ),
    )
