"""Generated from queries/waitlist.py by `python -m clinicctl.store.compile`. Do not edit."""

from clinicctl.store.compiled import rows
from clinicctl.store.engine import Tx

_BY_NUMBER = """
SELECT waitlist_entries.id, waitlist_entries.number, waitlist_entries.patient_id, waitlist_entries.doctor_id,
waitlist_entries.first_date, waitlist_entries.last_date, waitlist_entries.status,
waitlist_entries.appointment_id, waitlist_entries.created_at, waitlist_entries.updated_at, patients.number AS
patient_number, patients.name AS patient_name, doctors.code AS doctor_code, doctors.name AS doctor_name,
appointments.number AS appointment_number
FROM waitlist_entries JOIN patients ON patients.id = waitlist_entries.patient_id JOIN doctors ON doctors.id =
waitlist_entries.doctor_id LEFT OUTER JOIN appointments ON appointments.id = waitlist_entries.appointment_id
WHERE waitlist_entries.number = ? ORDER BY waitlist_entries.number
"""


def by_number(tx: Tx, *, number: int) -> rows.WaitlistRow | None:
    return tx.fetch_one(_BY_NUMBER, (number,), rows.waitlist_row)
