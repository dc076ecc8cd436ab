"""Read every row of a clinic, to write it to another database.

Both engines read and write the same stored forms, so that a row passes unchanged, table by table and column by column.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.tx import MOVED_TO, Tx

Row = tuple[Any, ...]


class Table(NamedTuple):
    """The rows of one table."""

    name: str
    columns: tuple[str, ...]
    rows: Iterator[Row]

    @property
    def target(self) -> str:
        """The table with its columns, for a statement that inserts."""
        return f'"{self.name}" ({", ".join(_quoted(each) for each in self.columns)})'


def tables(source: Tx, *, moved: bool) -> Iterator[Table]:
    """Yield the tables of a clinic, each before those that refer to it.

    Without `moved`, the place that the clinic has moved to is left out.
    """
    for name, columns in COLUMNS.items():
        listed = ", ".join(map(_quoted, columns))
        rows = f'SELECT {listed} FROM "{name}"'  # noqa: S608 - our own
        if name == "settings" and not moved:
            rows += f" WHERE name <> '{MOVED_TO}'"
        # Numbers rise, so that the rows of the copy lie in the order in which they were made.
        order = " ORDER BY number" if "number" in columns else ""
        yield Table(name, tuple(columns), source.iterate(f"{rows}{order}", (), tuple))


def _quoted(name: str) -> str:
    return f'"{name}"'
