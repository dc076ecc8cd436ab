"""The database file, as results."""

from collections.abc import Mapping
from datetime import datetime

from clinicctl.results.base import result, stored


@result
class LastBackup:
    """The last backup that is known: when, where, and the journal's head in it."""

    at: datetime
    path: str
    number: int
    head: str


@result
class Database:
    """What the database file says of itself; sizes in bytes. The head is the journal's last row."""

    path: str
    application: str
    schema: int
    sqlite: str
    journal_mode: str
    bytes: int
    wal_bytes: int
    page_size: int
    pages: int
    free_pages: int
    number: int
    head: str
    last_backup: LastBackup | None
    tables: Mapping[str, int]


@result
class Problem:
    """A law of the clinic that does not hold somewhere; `mendable` where `--repair` can work it out anew."""

    law: str
    where: str
    mendable: bool


@result
class Checked:
    """Whether the database is sound, and what is wrong with it."""

    path: str
    sound: bool
    problems: tuple[Problem, ...]


@stored("Repaired")
@result
class Repaired:
    """What was worked out anew, what is left, and the copy that was taken before."""

    path: str
    copy: str | None
    mended: tuple[Problem, ...]
    left: tuple[Problem, ...]


@result
class BackedUp:
    """A backup, and the journal's head in it; `removed` are the older ones that it took the place of."""

    path: str
    at: datetime
    bytes: int
    number: int
    head: str
    removed: tuple[str, ...]


@stored("Restored")
@result
class Restored:
    """A database put in its place: from which file, the schema that had, its journal's head, and where
    the replaced one is kept."""

    path: str
    file: str
    found: int
    schema: int
    number: int
    head: str
    patients: int
    appointments: int
    replaced: str | None


@stored("Migrated")
@result
class Migrated:
    """The version of the schema before and now, and the copy that was taken before."""

    path: str
    found: int
    schema: int
    copy: str | None


@result
class Compacted:
    """The bytes of the database, with its log, before and after."""

    path: str
    before: int
    after: int
