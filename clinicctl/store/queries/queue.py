"""The places in doctors' queues."""

from sqlalchemy import bindparam, select

from clinicctl.store.models import doctors, queue_entries
from clinicctl.store.queries import one

_ALL = select(
    queue_entries,
    doctors.c.code.label("doctor_code"),
    doctors.c.name.label("doctor_name"),
    doctors.c.archived_at.label("doctor_archived_at"),
).join(doctors, doctors.c.id == queue_entries.c.doctor_id)

OF_APPOINTMENT = one(_ALL.where(queue_entries.c.appointment_id == bindparam("appointment")), "QueueRow")
