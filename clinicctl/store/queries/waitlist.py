"""The waitlist and the days for which patients wait."""

from sqlalchemy import bindparam, select

from clinicctl.store.models import appointments, doctors, patients, waitlist_entries
from clinicctl.store.queries import one

_ALL = (
    select(
        waitlist_entries,
        patients.c.number.label("patient_number"),
        patients.c.name.label("patient_name"),
        doctors.c.code.label("doctor_code"),
        doctors.c.name.label("doctor_name"),
        appointments.c.number.label("appointment_number"),
    )
    .join(patients, patients.c.id == waitlist_entries.c.patient_id)
    .join(doctors, doctors.c.id == waitlist_entries.c.doctor_id)
    .outerjoin(appointments, appointments.c.id == waitlist_entries.c.appointment_id)
    .order_by(waitlist_entries.c.number)
)

BY_NUMBER = one(_ALL.where(waitlist_entries.c.number == bindparam("number")), "WaitlistRow")
