"""Queries for doctors."""

from sqlalchemy import bindparam, insert, or_, select, update

from clinicctl.store.models import doctors
from clinicctl.store.queries import among, change, every, one

_ALL = select(doctors)
_ON_STAFF = doctors.c.archived_at.is_(None)

BY_ID = one(_ALL.where(doctors.c.id == bindparam("id")), "DoctorRow")
BY_CODE = one(_ALL.where(doctors.c.code == bindparam("code")), "DoctorRow")
EVERYBODY = every(_ALL.order_by(doctors.c.code), "DoctorRow")
ON_STAFF = every(_ALL.where(_ON_STAFF).order_by(doctors.c.code), "DoctorRow")
ON_STAFF_OR_AMONG = every(
    _ALL.where(or_(_ON_STAFF, among(doctors.c.id, "doctors"))).order_by(doctors.c.code), "DoctorRow"
)
INSERT = change(insert(doctors))
UPDATE = change(
    update(doctors).where(doctors.c.id == bindparam("id")),
    "name",
    "specialty",
    "capacity",
    "updated_at",
    "archived_at",
)
