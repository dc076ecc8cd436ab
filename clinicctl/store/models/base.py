"""Define constraint names, index conditions and column types for all models."""

from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Dialect, TextClause, TypeDecorator
from sqlmodel import Column, Field, ForeignKey, SQLModel, String, Table, Uuid, text

SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

IS_ACTIVE = text("status IN ('booked', 'checked_in', 'in_consultation')")
IS_WAITING = text("status = 'waiting'")
IS_OPEN = text("state IN ('pending', 'leased')")
IN_QUEUE = text("queue_entries.status IN ('waiting', 'called', 'serving', 'skipped', 'held')")
"""The conditions of partial indexes. SQLite uses such an index only for a query that repeats the condition exactly."""


def partial(condition: TextClause) -> dict[str, Any]:
    """Return the condition of a partial index for every engine.

    An engine ignores the options of the others.
    """
    return {"sqlite_where": condition, "postgresql_where": condition}


def references(column: str, *, key: bool = False, nullable: bool = False) -> Any:
    """Return a column of ids that refer to another table."""
    reference = ForeignKey(column, ondelete="RESTRICT")
    return Field(sa_column=Column(Uuid, reference, primary_key=key, nullable=nullable))


class Word(TypeDecorator[StrEnum]):
    """A text column with the values of an enumeration."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else self.words(value)


def word(words: type[StrEnum], *, nullable: bool = False) -> Any:
    """Return a column with the values of an enumeration."""
    return Field(sa_column=Column(Word(words), nullable=nullable))


def table(model: type[SQLModel]) -> Table:
    """Return the table of a model."""
    return cast("Table", cast("Any", model).__table__)
