"""Queries for the counters of numbers, one for each kind of record."""

from sqlalchemy import bindparam, select, update

from clinicctl.store.models import counters
from clinicctl.store.queries import one

_KIND = counters.c.name == bindparam("kind")

NEXT = one(update(counters).where(_KIND).values(value=counters.c.value + bindparam("step")).returning(counters.c.value))
LAST = one(select(counters.c.value).where(_KIND))
