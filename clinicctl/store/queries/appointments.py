"""Appointments, with their patients, doctors and places in queues."""

from sqlalchemy import bindparam, insert, select, update

from clinicctl.store.models import (
    IN_QUEUE,
    appointments,
    doctors,
    patients,
    queue_entries,
)
from clinicctl.store.queries import change, every, one

_queue_doctors = doctors.alias("queue_doctors")

_PATIENT = (
    patients.c.number.label("patient_number"),
    patients.c.name.label("patient_name"),
    patients.c.phone.label("patient_phone"),
    patients.c.born.label("patient_born"),
    patients.c.born_year.label("patient_born_year"),
    patients.c.sex.label("patient_sex"),
)
_ALL = (
    select(
        appointments,
        *_PATIENT,
        patients.c.archived_at.label("patient_archived_at"),
        doctors.c.code.label("doctor_code"),
        doctors.c.name.label("doctor_name"),
        doctors.c.archived_at.label("doctor_archived_at"),
        queue_entries.c.position.label("position"),
        _queue_doctors.c.code.label("queue_doctor_code"),
    )
    .join(patients, patients.c.id == appointments.c.patient_id)
    .join(doctors, doctors.c.id == appointments.c.doctor_id)
    .outerjoin(queue_entries, queue_entries.c.appointment_id == appointments.c.id)
    .outerjoin(_queue_doctors, _queue_doctors.c.id == queue_entries.c.doctor_id)
)
BY_ID = one(_ALL.where(appointments.c.id == bindparam("id")), "AppointmentRow")
BY_NUMBER = one(_ALL.where(appointments.c.number == bindparam("number")), "AppointmentRow")
ARRIVED = every(
    select(
        appointments,
        *_PATIENT,
        doctors.c.code.label("doctor_code"),
        queue_entries.c.position.label("position"),
        queue_entries.c.status.label("queue_status"),
    )
    .join(patients, patients.c.id == appointments.c.patient_id)
    .join(queue_entries, queue_entries.c.appointment_id == appointments.c.id)
    .join(doctors, doctors.c.id == queue_entries.c.doctor_id)
    .where(
        queue_entries.c.doctor_id == bindparam("doctor"),
        queue_entries.c.date == bindparam("on"),
        IN_QUEUE,
    )
    .order_by(queue_entries.c.position),
    "ArrivedRow",
)
INSERT = change(insert(appointments))
ADVANCE = change(
    update(appointments).where(appointments.c.id == bindparam("row"), appointments.c.status == bindparam("leaving")),
    "status",
    "cancelled_by",
    "cancel_reason",
    "moved_to",
    "updated_at",
)
