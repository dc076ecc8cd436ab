"""Queries that count appointments."""

from sqlalchemy import bindparam, func, select

from clinicctl.statuses import AppointmentStatus
from clinicctl.store.models import appointments, doctors
from clinicctl.store.queries import every, one

_NUMBER = func.count().label("number")

APPOINTMENTS = one(select(_NUMBER).select_from(appointments))
BY_STATUS = every(
    select(appointments.c.status, _NUMBER)
    .where(appointments.c.date == bindparam("on"))
    .group_by(appointments.c.status),
    "StatusCountRow",
)
NO_SHOWS = every(
    select(doctors.c.code, _NUMBER)
    .join(doctors, doctors.c.id == appointments.c.doctor_id)
    .where(
        appointments.c.date.between(bindparam("first"), bindparam("last")),
        appointments.c.status == AppointmentStatus.NO_SHOW,
    )
    .group_by(doctors.c.code),
    "DoctorCountRow",
)
