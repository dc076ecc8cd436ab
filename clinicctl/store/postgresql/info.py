"""Describe a clinic on a server, and the server itself. Reads only.

What the role has no right to see is described as unknown.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from clinicctl import __version__, clock, errors, settings
from clinicctl.store.compiled.schema import COLUMNS
from clinicctl.store.migrations import CURRENT
from clinicctl.store.postgresql import notes
from clinicctl.store.postgresql.beginning import APPLICATION, READ
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import ServerTransactions
from clinicctl.store.postgresql.tx import ServerTx
from clinicctl.store.reports import DatabaseInfo, Head, Measures
from clinicctl.store.values import to_instant

UNKNOWN = "unknown"

_HEAD = "SELECT number, hash, schema, application FROM head"
_SCHEMA = "(SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
_OWN = f"FROM pg_class WHERE relkind = 'r' AND relnamespace = {_SCHEMA}"
_TABLES = f"SELECT relname {_OWN} AND has_table_privilege(oid, 'SELECT') ORDER BY relname"
_SIZE = f"SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint {_OWN}"
_ZONE = "SELECT value FROM settings WHERE name = 'timezone'"

_SETTINGS = (*("synchronous_standby_names", "fsync", "full_page_writes", "data_checksums", "server_encoding"),)
_LOGGED = """CASE
    WHEN current_setting('log_parameter_max_length_on_error') <> '0' THEN 'log_parameter_max_length_on_error'
    WHEN current_setting('log_parameter_max_length') = '0' THEN ''
    WHEN current_setting('log_statement') IN ('mod', 'all') THEN 'log_statement'
    WHEN current_setting('log_min_duration_statement') <> '-1' THEN 'log_min_duration_statement'
    WHEN current_setting('log_min_duration_sample') <> '-1' THEN 'log_min_duration_sample'
    WHEN current_setting('log_transaction_sample_rate') <> '0' THEN 'log_transaction_sample_rate'
    ELSE '' END"""
"""The setting by which the server writes the values of statements, and so names, to its log."""
_SERVER = f"""SELECT split_part(current_setting('server_version'), ' ', 1), current_database(), session_user,
    pg_is_in_recovery(),
    {", ".join(f"current_setting('{each}')" for each in _SETTINGS)},
    (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'),
    (SELECT datcollate FROM pg_database WHERE datname = current_database()),
    (SELECT count(*) FROM pg_stat_replication),
    {_LOGGED},
    clock_timestamp(),
    pg_has_role('pg_read_all_stats', 'USAGE'),
    (SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        JOIN pg_collation AS o ON o.oid = a.attcollation
        WHERE c.relnamespace = {_SCHEMA} AND c.relkind = 'r'
        AND a.attnum > 0 AND NOT a.attisdropped AND o.collname <> 'C'),
    (SELECT extract(epoch FROM max(clock_timestamp() - xact_start))::bigint FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')"""  # noqa: S608 - our own


class ServerState(NamedTuple):
    """What a server tells about itself.

    `longest_open` is None if the role may not see it.
    """

    clock_ahead: timedelta
    tls: bool
    longest_open: int | None
    other_collations: int
    version: str
    database: str
    role: str
    is_standby: int
    synchronous_standbys: str
    fsync: str
    full_page_writes: str
    data_checksums: str
    encoding: str
    synchronous_commit: str
    collation: str
    standbys: int
    logged_by: str


class Content(NamedTuple):
    """The row of `head`, without regard to whether this program can use the clinic."""

    head: Head
    schema: int
    application: str


def describe(store: ServerTransactions) -> DatabaseInfo:
    """Describe a clinic of any schema version, as far as the role may see it.

    Refuses what is not a clinic, or is newer.
    """
    with viewed(store) as session:
        content = read_content(store, session)
        schema = store.address.schema
        tables, zones = (each.fetchall() for each in session.run_all([(_TABLES, None), (_ZONE, None)]))
        ((size,),) = session.run(_SIZE, None).fetchall()
        counted = [name for (name,) in tables if name in COLUMNS]
        counts = session.run_all([(f'SELECT count(*) FROM "{name}"', None) for name in counted])  # noqa: S608 - a table
        found = look(session)
        return DatabaseInfo(
            application=content.application,
            schema=content.schema,
            postgresql=found.version,
            bytes=int(size),
            rows={name: int(each.fetchall()[0][0]) for name, each in zip(counted, counts, strict=True)},
            head=content.head,
            last_backup=notes.last_backup(store.place),
            zone=_zone(zones, place=store.place),
            server=_described(found, schema=schema),
        )


def measures(tx: ServerTx) -> Measures:
    """Return the size, the last backup and the versions, within a transaction."""
    (size,), (version,) = (
        each.fetchall()[0]
        for each in tx.session.run_all([(_SIZE, None), ("SELECT current_setting('server_version')", None)])
    )
    versions = {"version": __version__, "schema": str(tx.schema), "postgresql": str(version)}
    return Measures(int(size), None, notes.last_backup(tx.place), versions)


@contextmanager
def viewed(store: ServerTransactions) -> Iterator[Session]:
    """Hand out a view of one instant, whatever the state of the clinic."""
    with store.translated(), store.session() as session:
        session.run_all(store.beginning(READ))
        session.take_time()
        yield session


def read_content(store: ServerTransactions, session: Session) -> Content:
    """Return the head of a clinic.

    Refuses a schema without one, another program's, and a newer version.
    """
    try:
        heads = session.run(_HEAD, None).fetchall()
    except psycopg.Error as error:
        if error.sqlstate in ("42P01", "3F000"):
            raise errors.NoDatabase(path=store.place) from None
        raise
    if not heads:
        raise errors.Damaged(path=store.place, reason="the head of the journal is missing")
    number, hash_, schema, application = heads[0]
    if application != APPLICATION:
        raise errors.NotOurs(path=store.place, reason="a database of another program")
    if schema > CURRENT:
        raise errors.NewerDatabase(path=store.place, found=schema, known=CURRENT)
    return Content(Head(number, hash_ or "0" * 64), schema, application)


def look(session: Session) -> ServerState:
    """Return what the server tells about itself."""
    before = clock.now()
    (row,) = session.run(_SERVER, None).fetchall()
    after = clock.now()
    *texts, now, sees_all, others, longest = row
    return ServerState(
        to_instant(now) - (before + (after - before) / 2),
        bool(session.connection.pgconn.ssl_in_use),
        (longest or 0) if sees_all else None,
        others,
        *texts,
    )


def _described(found: ServerState, *, schema: str) -> dict[str, str]:
    """Return what a server tells about itself as texts, by name."""
    return {
        "database": found.database,
        "schema": schema,
        "role": found.role,
        "standby": yes(found.is_standby),
        "standbys": str(found.standbys),
        "synchronous_standby_names": found.synchronous_standbys or "none",
        "fsync": found.fsync,
        "full_page_writes": found.full_page_writes,
        "synchronous_commit": found.synchronous_commit,
        "data_checksums": found.data_checksums,
        "encoding": found.encoding,
        "collation": found.collation,
        "text_columns": "C" if not found.other_collations else f"{found.other_collations} are not C",
        "tls": yes(found.tls),
        "values_in_log": found.logged_by or "no",
        "clock_difference": f"{found.clock_ahead.total_seconds():+.3f} s",
        "longest_open_transaction": UNKNOWN if found.longest_open is None else f"{found.longest_open} s",
    }


def yes(value: object) -> str:
    """Return a truth value as a word."""
    return "yes" if value else "no"


def _zone(rows: list[tuple[Any, ...]], *, place: str) -> ZoneInfo:
    try:
        return ZoneInfo(settings.stored_timezone(rows[0][0] if rows else "UTC"))
    except errors.BadValue:
        raise errors.Damaged(path=place, reason="the clinic's settings cannot be read") from None
