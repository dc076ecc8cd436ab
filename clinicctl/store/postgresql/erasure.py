"""What is left of deleted data on a server."""

from contextlib import suppress

from clinicctl import errors
from clinicctl.store.postgresql import copies
from clinicctl.store.postgresql.beginning import READ
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.transactions import ServerTransactions

_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"


def vacuum(store: ServerTransactions) -> None:
    """Let the server remove the old versions of rows now, where the role may.

    Its log, its standbys and its backups keep them longer. A reader with an older view prevents it.
    """
    with suppress(psycopg.Error, errors.Refusal), store.session() as session:
        session.run_all(store.beginning(READ))
        tables = [name for (name,) in session.run(_TABLES, None).fetchall()]
        session.roll_back()
        session.patience = None
        for name in tables:
            session.script([f'VACUUM "{store.address.schema}"."{name}"'])


def listed(store: ServerTransactions) -> list[str]:
    """Return the names of the copies of a clinic in its database."""
    with store.translated(), store.session() as session:
        session.run_all(store.beginning(READ))
        return copies.listed(session, store.address.schema)
