"""Define what every engine reports about a database: violations, findings, copies, sizes."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from clinicctl.store.heads import Head as Head
from clinicctl.store.heads import LastBackup as LastBackup

LEDGER, COUNTERS, HELD = "ledger", "counters", "held"
"""The data that a repair can compute again."""

INTACT = "the file is intact"
SCHEMA = "the schema is the one of this program"
VALID_VALUES = "every value has the type of its column"
CONSTRAINTS = "every row meets the constraints of its table"
REFERENCES = "every reference leads to a row"
SETTINGS = "every setting is known and has a valid value"
MOST = 100
"""The number of violations of one invariant that are reported."""


class Violation(NamedTuple):
    """A violated invariant and its location.

    `derived` names the data that a repair recomputes, if any.
    """

    invariant: str
    where: str
    derived: str | None = None


class Found(NamedTuple):
    """One finding: name, value, problem, and whether the database is unusable."""

    name: str
    value: str
    ok: bool = True
    problem: str | None = None
    stops: bool = False


class Copy(NamedTuple):
    """A backup: path, instant, bytes, journal head, and removed older backups."""

    path: str
    at: datetime
    bytes: int
    head: Head
    removed: tuple[str, ...]


class DatabaseInfo(NamedTuple):
    """The properties of a database; sizes are in bytes.

    The version is that of the engine in use. The fields from `journal_mode` to `free_pages` are those of a file, and
    `server` those of a server.
    """

    application: str
    schema: int
    bytes: int
    rows: dict[str, int]
    head: Head
    last_backup: LastBackup | None
    zone: ZoneInfo
    sqlite: str | None = None
    postgresql: str | None = None
    journal_mode: str | None = None
    wal_bytes: int | None = None
    page_size: int | None = None
    pages: int | None = None
    free_pages: int | None = None
    server: dict[str, str] | None = None


class Measures(NamedTuple):
    """The sizes of a database in bytes, its last backup, and the versions of the program and of the engine."""

    bytes: int
    log_bytes: int | None
    last_backup: LastBackup | None
    versions: dict[str, str]
