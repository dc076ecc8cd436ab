"""The columns of exported tables. The rows are tuples of their values."""

from enum import StrEnum
from typing import NamedTuple


class CellType(StrEnum):
    """The type of the values in a column, which may also be None."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    TEXTS = "texts"
    """A tuple of texts."""


class Column(NamedTuple):
    """A column of an export. A name with a dot is that of a field of an object, as in the lists of the program."""

    name: str
    type: CellType = CellType.TEXT
