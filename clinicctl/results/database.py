"""Results about the database file."""

from collections.abc import Mapping
from datetime import datetime

from clinicctl.results.base import result, stored


@result
class LastBackup:
    """The last known backup, with the journal's head in it."""

    at: datetime
    path: str
    number: int
    head: str


@result
class Database:
    """The database. Sizes are in bytes, and the head is the journal's last row.

    A file has no `postgresql` and no `server`; a database on a server has none of the values of a file.
    """

    path: str
    application: str
    schema: int
    sqlite: str | None
    journal_mode: str | None
    bytes: int
    wal_bytes: int | None
    page_size: int | None
    pages: int | None
    free_pages: int | None
    number: int
    head: str
    last_backup: LastBackup | None
    tables: Mapping[str, int]
    postgresql: str | None = None
    server: Mapping[str, str] | None = None


@result
class Problem:
    """A violated invariant. `mendable` says that `--repair` can fix it."""

    law: str
    where: str
    mendable: bool


@result
class Checked:
    """The outcome of a check of the database."""

    path: str
    sound: bool
    problems: tuple[Problem, ...]


@stored("Repaired")
@result
class Repaired:
    """The fixed and the remaining problems, and the copy from before."""

    path: str
    copy: str | None
    mended: tuple[Problem, ...]
    left: tuple[Problem, ...]


@result
class BackedUp:
    """A backup, and the journal's head in it. `removed` has the older backups that were deleted."""

    path: str
    at: datetime
    bytes: int
    number: int
    head: str
    removed: tuple[str, ...]


@stored("Restored")
@result
class Restored:
    """A restored database: its source, the schema and the journal's head of that, and the replaced file.

    `made_manager` is the person who became a manager by restoring it, because its users did not have them as one.
    """

    path: str
    file: str
    found: int
    schema: int
    number: int
    head: str
    patients: int
    appointments: int
    replaced: str | None
    made_manager: str | None = None


@stored("Migrated")
@result
class Migrated:
    """The schema before and after a migration, and the copy from before."""

    path: str
    found: int
    schema: int
    copy: str | None


@stored("Copied")
@result
class Copied:
    """A clinic that has moved to another database.

    `made_manager` is the person who became a manager there, by their login at that database.
    """

    path: str
    to: str
    patients: int
    appointments: int
    made_manager: str | None = None


@result
class Roles:
    """The rights of the people of a clinic on a server, as lines of SQL."""

    path: str
    sql: tuple[str, ...]


@result
class Shared:
    """Who may use a database file: its owner alone (no group), or a group, too. `changed` counts files."""

    path: str
    group: str | None
    changed: int


@result
class Compacted:
    """The size of the database with its log, in bytes, before and after."""

    path: str
    before: int
    after: int
