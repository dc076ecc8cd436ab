"""Many rows at once, where a dict a row and a conversion a value would cost more than the database's own work.

Rows are tuples of values as the database stores them, in the order in which the statement names them.
"""

import secrets
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from clinicctl.store.engine import Tx, _old


def run(tx: Tx, statement: ClauseElement, names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement once for each row. `names` says what the values of a row are."""
    if rows:
        compiled = statement.compile(dialect=_old(tx.connection).dialect)
        assert isinstance(compiled, SQLCompiler)
        assert list(names) == compiled.positiontup, compiled.positiontup
        _old(tx.connection).exec_driver_sql(str(compiled), list(rows))


def stored(tx: Tx, column: Column[Any], value: Any) -> Any:
    """Return a value as a column stores it."""
    convert = _converter(_old(tx.connection).dialect, column)
    return value if value is None or convert is None else convert(value)


@lru_cache(64)
def _converter(dialect: Dialect, column: Column[Any]) -> Any:
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def new_ids(count: int) -> list[str]:
    """Return new UUIDs as stored, in their order, so that an index grows at one place at a time.

    They begin at a random one and are then counted (RFC 9562, version 8), which is much quicker than as many random
    ones.
    """
    head = f"{secrets.randbits(48):012x}8{secrets.randbits(12):03x}"
    first = 0x8 << 60 | secrets.randbits(58)
    return [f"{head}{number:016x}" for number in range(first, first + count)]
