"""Migrate a database file by the missing steps."""

from clinicctl import errors
from clinicctl.store.migrations import CURRENT, statements
from clinicctl.store.sqlite.driver import sqlite3


def migrate(connection: sqlite3.Connection) -> int:
    """Run the missing steps in the open transaction; return the version before them.

    Foreign keys are off on the connection, so that a table can be rebuilt. Refuses lost rows and lost references.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if not 1 <= found < CURRENT:
        return int(found)
    before = _counts(connection)
    for version in range(found + 1, CURRENT + 1):
        try:
            for statement in statements(version, "sqlite"):
                connection.execute(statement)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_ERROR":
                raise
            raise errors.Damaged(path=_path(connection), reason=f"its schema is not that of version {found}") from None
        connection.execute(f"PRAGMA user_version={version}")
    after = _counts(connection)
    if lost := [table for table, rows in before.items() if after.get(table) != rows]:
        raise errors.Damaged(path=_path(connection), reason=f"the migration would lose rows of {', '.join(lost)}")
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise errors.Damaged(path=_path(connection), reason="a reference leads nowhere")
    return int(found)


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return {
        name: int(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0])  # noqa: S608 - a table
        for (name,) in tables.fetchall()
    }


def _path(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA database_list").fetchone()[2])
