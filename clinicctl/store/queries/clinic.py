"""Queries for the clinic's settings."""

from sqlalchemy import bindparam, delete, insert, select

from clinicctl.store.models import doctors, settings
from clinicctl.store.queries import change, every, one

VALUE = one(select(settings.c.value).where(settings.c.name == bindparam("name")))
DELETE = change(delete(settings).where(settings.c.name == bindparam("name")))
INSERT = change(insert(settings))
DOCTORS_WITHOUT_CAPACITY = every(select(doctors).where(doctors.c.capacity.is_(None)), "DoctorRow")
