"""Fill the tables of a new schema with the rows of a clinic, which may be on another engine."""

from clinicctl import errors
from clinicctl.store import contents
from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.migrations import CURRENT
from clinicctl.store.postgresql.beginning import APPLICATION
from clinicctl.store.postgresql.db_errors import first
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import INSERT_HEAD
from clinicctl.store.tx import Tx


def fill(session: Session, source: Tx) -> None:
    """Make the tables in the empty schema that names mean now, and copy every row.

    A table is one COPY, so that the references between its own rows are checked when all of them are there. Refuses
    with `Damaged` rows that do not fit their columns.
    """
    session.take_time()
    session.script(DDL)
    for table in contents.tables(source, moved=False):
        try:
            session.copy_in(f"COPY {table.target} FROM STDIN", table.rows)
        except psycopg.Error as error:
            cause = first(error)
            if (cause.sqlstate or "")[:2] in ("22", "23") or isinstance(cause, psycopg.DataError):
                raise errors.Damaged(path=source.place, reason=f"a row of {table.name} does not fit") from None
            raise
    session.run(INSERT_HEAD, (*source.head(), CURRENT, APPLICATION))
    # The next desk needs the statistics, before the server makes them by itself.
    session.script(["ANALYZE"])
