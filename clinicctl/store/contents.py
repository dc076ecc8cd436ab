"""Read every row of a clinic, to write it to another database.

Both engines read and write the same stored forms, so that a row passes unchanged, table by table and column by column.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from clinicctl import errors
from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.tx import MOVED_TO, Tx
from clinicctl.store.values import UNREADABLE, to_bool, to_date, to_instant, to_time, to_uuid

Row = tuple[Any, ...]


def _of_type(kind: type) -> Callable[[Any], Any]:
    def check(value: Any) -> None:
        if type(value) is not kind:
            raise TypeError(kind.__name__)

    return check


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "uuid": to_uuid,
    "instant": to_instant,
    "date": to_date,
    "time": to_time,
    "bool": to_bool,
    "int": _of_type(int),
    "text": _of_type(str),
}
"""The functions that refuse any other than the stored form of a column. A server would take `yesterday` for a date."""


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
        found = source.iterate(f"{rows}{order}", (), tuple)
        yield Table(name, tuple(columns), _checked(found, columns, table=name, place=source.place))


def _checked(rows: Iterable[Row], columns: Mapping[str, str], *, table: str, place: str) -> Iterator[Row]:
    """Yield the rows. Refuses a value that is not in the form of its column."""
    readers = [_READERS[kind] for kind in columns.values()]
    for row in rows:
        try:
            for read, value in zip(readers, row, strict=True):
                if value is not None:
                    read(value)
        except UNREADABLE:
            raise errors.Damaged(path=place, reason=f"a row of {table} does not fit") from None
        yield row


def _quoted(name: str) -> str:
    return f'"{name}"'
