"""Queries for the clinic's settings and kinds of visit."""

from sqlalchemy import bindparam, delete, insert, select, update

from clinicctl.store.models import doctors, settings, visit_types
from clinicctl.store.queries import change, every, one

VALUE = one(select(settings.c.value).where(settings.c.name == bindparam("name")))
DELETE = change(delete(settings).where(settings.c.name == bindparam("name")))
INSERT = change(insert(settings))
# Between the prefix and the character after its dot.
TEMPLATES = every(select(settings).where(settings.c.name > "template.", settings.c.name < "template/"), "SettingRow")
VISIT_TYPES = every(select(visit_types).order_by(visit_types.c.name), "VisitTypeRow")
INSERT_VISIT_TYPE = change(insert(visit_types))
UPDATE_VISIT_TYPE = change(update(visit_types).where(visit_types.c.name == bindparam("kind")), "minutes")
DELETE_VISIT_TYPE = change(delete(visit_types).where(visit_types.c.name == bindparam("kind")))
DOCTORS_WITHOUT_CAPACITY = every(select(doctors).where(doctors.c.capacity.is_(None)), "DoctorRow")
