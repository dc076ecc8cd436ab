"""What runs: the versions of the program, of SQLite, and of the schema."""

from clinicctl import __version__
from clinicctl.store.engine import Tx
from clinicctl.store.sqlite.driver import sqlite3


def facts(tx: Tx) -> dict[str, str]:
    """Return the versions by name."""
    return {"version": __version__, "schema": str(tx.schema), "sqlite": sqlite3.sqlite_version}
