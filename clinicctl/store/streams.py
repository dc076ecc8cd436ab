"""Whole tables, one row at a time, however many there are."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Row, String, Table, select, type_coerce
from sqlalchemy.sql.base import Executable

from clinicctl import interrupts
from clinicctl.store.engine import Tx, _old
from clinicctl.store.statements import reading


def rows(tx: Tx, statement: Executable, **values: Any) -> Iterator[Row[Any]]:
    """Yield the rows of a statement as they are read."""
    with reading():
        for row in _old(tx.connection).execute(statement, values):
            interrupts.check()
            yield row


def as_stored(tx: Tx, table: Table) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table in the order of its primary key, each value as it stands in the file.

    Nothing is read as a date or an id, so that a value which is none can be told.
    """
    names = [each.name for each in table.columns]
    columns = [type_coerce(each, String).label(each.name) for each in table.columns]
    for row in _old(tx.connection).execute(select(*columns).order_by(*table.primary_key.columns)):
        interrupts.check()
        yield dict(zip(names, row, strict=True))


def last_number_given(tx: Tx, table: Table) -> int:
    """Return the highest number that the database has given in a table, also if its row is gone."""
    given = "SELECT max(seq) FROM sqlite_sequence WHERE name = ? AND typeof(seq) = 'integer'"
    return int(_old(tx.connection).exec_driver_sql(given, (table.name,)).scalar_one() or 0)
