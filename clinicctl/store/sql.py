"""What the desk builds its statements with: SQLAlchemy Core over the SQLModel tables, portable from engine to engine.

Statements are built once, as constants with `bindparam`; SQLModel's own `select` is typed for entities, which the desk
does not use (they make a booking cost ten times its statements).
"""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

__all__ = [
    "Integer",
    "and_",
    "as_list",
    "bindparam",
    "case",
    "delete",
    "func",
    "insert",
    "is_among",
    "or_",
    "select",
    "tuple_",
    "update",
]


def is_among(column: Any, name: str) -> ColumnElement[bool]:
    """Return the condition that an id is in the list of this name: one parameter, however long the list is."""
    listed = func.json_each(bindparam(name, type_=String)).table_valued("value").alias(f"{name}_listed")
    return type_coerce(column, String).in_(select(listed.c.value))


def as_list(ids: Iterable[UUID]) -> str:
    """Return ids as the value of such a list: as they are stored."""
    return json.dumps([each.hex for each in ids])
