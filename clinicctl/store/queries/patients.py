"""Patients and the words of their names."""

from sqlalchemy import bindparam, or_, select

from clinicctl.store.models import patients
from clinicctl.store.queries import one

_ALL = select(patients)
_ON_FILE = patients.c.archived_at.is_(None)
_FOUND = or_(_ON_FILE, patients.c.merged_into.is_not(None))
_PHONE = patients.c.phone == bindparam("phone")

BY_ID = one(_ALL.where(patients.c.id == bindparam("id")), "PatientRow")
BY_NUMBER = one(_ALL.where(patients.c.number == bindparam("number")), "PatientRow")
