"""Queries for the users of the clinic, and for refused attempts."""

from sqlalchemy import String, bindparam, case, delete, func, insert, literal_column, or_, select, update
from sqlalchemy import cast as sql_cast

from clinicctl.store.models import doctors, journal, users
from clinicctl.store.queries import REFUSED, change, either, every, one

_name = users.c.name
_own = bindparam("login", type_=String)
# A server knows the login itself, before the program does. Both engines have the same parameters.
_LOGIN = either(_own, func.coalesce(func.nullif(_own, ""), sql_cast(literal_column("session_user"), String)))
_PERSON = select(_name, users.c.role, users.c.doctor_id)
_ALL = select(users, doctors.c.code.label("doctor")).outerjoin(doctors, doctors.c.id == users.c.doctor_id)

# The first user is found, too, if there is any: then the clinic has users.
KNOWN = every(
    _PERSON.where(
        or_(_name == _LOGIN, _name == bindparam("actor"), _name == select(func.min(users.c.name)).scalar_subquery())
    ),
    "PersonRow",
)
EVERYBODY = every(_ALL.order_by(_name), "UserRow")
BY_NAME = one(_ALL.where(_name == bindparam("name")), "UserRow")
MANAGERS = every(select(_name).where(users.c.role == bindparam("role")).order_by(_name))
INSERT = change(insert(users).values({each.name: bindparam(each.name) for each in users.c}))
UPDATE = change(
    update(users).where(_name == bindparam("user")), "role", "doctor_id", "pin", "wrong_pins", "wrong_at", "updated_at"
)
DELETE = change(delete(users).where(_name == bindparam("user")))
COUNT_WRONG_PIN = change(
    update(users)
    .where(_name == bindparam("user"))
    .values(
        wrong_pins=case((users.c.wrong_at > bindparam("since"), users.c.wrong_pins + 1), else_=1),
        wrong_at=bindparam("now", type_=users.c.wrong_at.type),
    )
)
FORGET_WRONG_PINS = change(update(users).where(_name == bindparam("user")).values(wrong_pins=0, wrong_at=None))
# `coalesce` lets the engines use the index of `at`: the last hour has few rows.
REFUSED_SINCE = one(
    select(func.count()).where(
        journal.c.at >= bindparam("since"),
        func.coalesce(journal.c.command, "") == REFUSED,
        func.coalesce(journal.c.actor, "") == bindparam("actor", type_=String),
    )
)
