"""Check whether a clinic on a server can be used: the clinic, the server, the connection, the notes. Reads only."""

import os
from collections.abc import Iterator

from clinicctl import __version__, errors
from clinicctl.store import findings
from clinicctl.store.findings import CLOCKS_DIFFER, checked
from clinicctl.store.migrations import CURRENT
from clinicctl.store.postgresql import info, notes
from clinicctl.store.postgresql.driver import is_local, psycopg
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import ServerTransactions
from clinicctl.store.reports import Found, Head
from clinicctl.store.tx import MOVED_TO

LONG_OPEN = 60
"""Seconds after which an open transaction of somebody else is a problem: the server cannot clean up behind it."""

_CONTENT = """SELECT (SELECT count(*) FROM patients), last.number, last.hash, last.at,
    (SELECT value FROM settings WHERE name = 'timezone'), (SELECT value FROM settings WHERE name = %s)
    FROM (SELECT 1) AS one LEFT JOIN (SELECT * FROM journal ORDER BY number DESC LIMIT 1) AS last ON true"""


def examine(store: ServerTransactions) -> list[Found]:
    """Return the findings, the clinic itself first. Refuses nothing."""
    found = [Found("clinicctl", __version__), Found("psycopg", psycopg.__version__)]
    noted = store.noted_head()
    try:
        with info.viewed(store) as session:
            content = info.read_content(store, session)
            server = info.look(session)
            found += [*_server(store, server), *_content(session, content, noted)]
    except errors.Refusal as refused:
        return [Found("database", store.place, False, str(refused), True), *found]
    return [Found("database", store.place), *found, _backup(store.place)]


def _server(store: ServerTransactions, found: info.ServerState) -> Iterator[Found]:
    yield Found("postgresql", found.version)
    yield Found("role", found.role)
    yield checked("standby", info.yes(found.is_standby), not found.is_standby, "it takes no writes")
    synchronous = found.synchronous_standbys or "none"
    lonely = bool(found.synchronous_standbys) and not found.standbys
    yield checked("synchronous standbys", synchronous, not lonely, "none is connected, so that every write waits")
    yield Found("connected standbys", str(found.standbys))
    for name, value, lost in (
        ("fsync", found.fsync, "a power cut may destroy the database"),
        ("full_page_writes", found.full_page_writes, "a power cut may damage pages"),
    ):
        yield checked(name, value, value == "on", lost)
    # A write of this program sets `synchronous_commit` itself.
    yield Found("synchronous_commit", found.synchronous_commit)
    summed = "the server does not notice damaged pages" if found.data_checksums != "on" else None
    yield Found("data_checksums", found.data_checksums, True, summed)
    yield checked("encoding", found.encoding, found.encoding == "UTF8", "names need UTF8")
    yield Found("collation", found.collation)
    others = found.other_collations
    yield checked("text columns", f"{others} not in C" if others else "C", not others, "searches may find nobody")
    secret = found.tls or is_local(store.address)
    yield checked("TLS", info.yes(found.tls), secret, "names and phones cross the network unencrypted")
    logged = found.logged_by
    yield checked("values in the log", logged or "no", not logged, "the server's log gets names and phones")
    ahead = found.clock_ahead
    yield checked(
        "clock difference",
        f"{ahead.total_seconds():+.3f} s",
        abs(ahead) <= CLOCKS_DIFFER,
        "the clocks of this machine and of the server differ",
    )
    longest = found.longest_open
    value = info.UNKNOWN if longest is None else f"{longest} s"
    yield checked("longest open transaction", value, (longest or 0) <= LONG_OPEN, "the server cannot clean up after it")


def _content(session: Session, content: info.Content, noted: Head | None) -> Iterator[Found]:
    head = findings.head(content.head, noted)
    version, current = content.schema, content.schema == CURRENT
    schema = Found("schema", str(version), current, None if current else f"this clinicctl needs {CURRENT}", not current)
    try:
        ((patients, number, hash_, last, zone, moved_to),) = session.run(_CONTENT, (MOVED_TO,)).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        yield from (head, schema, Found("content", info.UNKNOWN))
        return
    except psycopg.Error:
        yield from (head, schema)
        yield Found("content", "unreadable", False, "find out more with `clinicctl db check`", True)
        return
    # The rows of the journal may be gone although the head is there.
    yield findings.head(Head(number or 0, hash_ or ""), content.head) if head.ok else head
    yield schema
    yield Found("patients", str(patients))
    if moved_to:
        yield findings.moved(moved_to)
    yield findings.clocks(last)
    yield findings.zone(zone or "UTC")


def _backup(place: str) -> Found:
    """Check the note about the last backup that this user has made."""
    last = notes.last_backup(place)
    return findings.backup(last, exists=last is not None and os.path.exists(last.path))
