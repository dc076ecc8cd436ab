"""Doctors."""

from sqlalchemy import bindparam, select

from clinicctl.store.models import doctors
from clinicctl.store.queries import one

_ALL = select(doctors)

BY_ID = one(_ALL.where(doctors.c.id == bindparam("id")), "DoctorRow")
BY_CODE = one(_ALL.where(doctors.c.code == bindparam("code")), "DoctorRow")
