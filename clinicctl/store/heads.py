"""The last row of a journal, and the last backup, as they are noted outside a database."""

from datetime import datetime
from typing import NamedTuple


class Head(NamedTuple):
    """The last row of a journal: its number and its hash."""

    number: int
    hash: str


class LastBackup(NamedTuple):
    """The last backup: its instant, path and journal head."""

    at: datetime
    path: str
    head: Head
