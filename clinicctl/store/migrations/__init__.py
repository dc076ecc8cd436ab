"""The schema's version, and the numbered steps to it.

A new database is made from the tables in `models`, at CURRENT; an older one is brought up by the steps that it lacks,
in one transaction with the journal's row of it. A step is SQL, written out: what it does must not change when `models`
does. A test brings an old database up and compares its schema with that of a new one, word for word.

Not Alembic: a step here is a few statements for one engine, found by one number in the file's header, and to import it
would cost a command 100 to 170 ms. What it offers beyond that (branches, other engines, drafts of steps made from the
models) nobody here has asked for; SQLite's own rules for a table rebuilt (https://sqlite.org/lang_altertable.html, 7)
would have to be kept by hand with it, too.
"""

from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from clinicctl import errors

CURRENT = 2
APPLICATION_ID = 0x434C4E43
"""`CLNC` in the file's header says whose database it is; SQLite keeps it at offset 68."""

STEPS: dict[int, Sequence[str]] = {
    2: (
        "ALTER TABLE patients ADD COLUMN erased_at DATETIME",
        "CREATE INDEX ix_appointments_active_date ON appointments (date)"
        " WHERE status IN ('booked', 'checked_in', 'in_consultation')",
        "CREATE INDEX ix_waitlist_entries_patient_id ON waitlist_entries (patient_id)",
        "CREATE INDEX ix_waitlist_entries_status_number ON waitlist_entries (status, number)",
        "CREATE INDEX ix_journal_command_number ON journal (command, number)",
        "CREATE INDEX ix_journal_at ON journal (at)",
    ),
}
"""By the version that they lead to, from the one before it. 2: patients can be erased; more is found by an index."""


def bring_up(connection: Connection) -> int:
    """Take every step that a database lacks, in the transaction that has begun; return the version it had.

    Foreign keys are off on the connection, so that a table can be rebuilt without its rows being taken for gone.
    Refuses when a row was lost on the way, or a reference leads nowhere.
    """
    (found,) = connection.exec_driver_sql("PRAGMA user_version").one()
    if not 1 <= found < CURRENT:
        return int(found)
    before = _counts(connection)
    for version in range(found + 1, CURRENT + 1):
        try:
            for statement in STEPS[version]:
                connection.exec_driver_sql(statement)
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorname", "") != "SQLITE_ERROR":
                raise
            raise errors.Damaged(path=_path(connection), reason=f"its schema is not of version {found}") from None
        connection.exec_driver_sql(f"PRAGMA user_version={version}")
    after = _counts(connection)
    if lost := [table for table, rows in before.items() if after.get(table) != rows]:
        raise errors.Damaged(path=_path(connection), reason=f"the migration would lose rows of {', '.join(lost)}")
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise errors.Damaged(path=_path(connection), reason="a reference leads nowhere")
    return int(found)


def _counts(connection: Connection) -> dict[str, int]:
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return {
        name: int(connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one())  # noqa: S608 - a table
        for name in tables.scalars().all()
    }


def _path(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA database_list").one()[2])
