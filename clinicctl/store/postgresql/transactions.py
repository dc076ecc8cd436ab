"""Transactions on a clinic on a server: one command, one transaction.

It does not know what the transaction is for. A write locks the row of `head` first, so that a clinic has one writer at
a time, as on a file. It runs under READ COMMITTED: what it reads after it has the lock is the newest state. The lock
ends with the transaction, and the server ends a transaction whose client is silent.
"""

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from clinicctl import clock, errors, interrupts
from clinicctl.store import paths
from clinicctl.store.compiled.postgresql import DDL
from clinicctl.store.heads import Head
from clinicctl.store.migrations import CURRENT
from clinicctl.store.postgresql import beginning, notes
from clinicctl.store.postgresql.address import read as read_address
from clinicctl.store.postgresql.beginning import APPLICATION, READ, WRITE
from clinicctl.store.postgresql.db_errors import is_passing, is_rolled_back, reason_of, translated
from clinicctl.store.postgresql.driver import connect, psycopg
from clinicctl.store.postgresql.exchange import Statement
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.tx import ServerTx, recorded
from clinicctl.store.tx import MOVED_TO, JournalEnd, Queries, read_settings, refuse_other_version
from clinicctl.store.values import from_instant

PATIENCE = 5.0
"""Seconds to wait for an answer beyond the time after which the server ends a statement."""
AGAIN = 0.2
"""Seconds between two attempts to begin."""
LEAST_WAIT = 10.0
"""The least number of seconds to wait for the answer to COMMIT."""

_HEAD = "SELECT number, hash, schema, application, session_user FROM head"
_SETTINGS = "SELECT name, value FROM settings"
_ADVANCE = "UPDATE head SET number = %s, hash = %s"
_SCHEMA = (
    "SELECT has_schema_privilege(oid, 'USAGE'), EXISTS (SELECT 1 FROM pg_class WHERE relnamespace = n.oid)"
    " FROM pg_namespace AS n WHERE nspname = %s"
)
INSERT_HEAD = "INSERT INTO head (one, number, hash, schema, application) VALUES (true, %s, %s, %s, %s)"
_EMPTY = ("INSERT INTO counters (name, value) VALUES ('patients', 0), ('appointments', 0), ('waitlist', 0)",)
_EXISTING = {"42P06", "42P07", "42710", "23505"}
_MISSING = {"42P01", "42703", "3F000"}

_LOST = "the server was replaced by an older copy, or a standby without the last writes was promoted"
_OTHER = "another database was put in its place"
_ACCEPT = (
    "Put the right server or schema back, or restore a backup with `clinicctl db restore FILE`. To continue with what "
    "is there, make a backup of it with `clinicctl db backup FILE`, and restore that."
)


class _Begun(NamedTuple):
    """What the first trip of a transaction has read."""

    head: Head
    schema: int
    settings: tuple[tuple[str, str], ...]
    role: str


class ServerTransactions:
    """The database of one clinic: a schema on a server."""

    def __init__(self, url: str, *, wait: float) -> None:
        self.address = read_address(url)
        self.place = self.address.place
        self.wait = wait
        self.lock_waited = 0.0

    def require_standalone(self) -> None:
        """Refuse to run inside a batch or a shell.

        This store runs one command and accepts.
        """

    @contextmanager
    def read(self, *, actor: str | None, ahead: Queries | None = None) -> Iterator[ServerTx]:
        """Hand out a read-only view of one instant."""
        with self.translated(), self.begun(READ, actor, ahead=ahead) as tx:
            yield tx

    @contextmanager
    def write(
        self, *, actor: str | None, key: str, dry_run: bool = False, ahead: Queries | None = None
    ) -> Iterator[ServerTx]:
        """Hand out a transaction, and commit it at the end.

        It is rolled back after an error, and for a dry run. Refuses with `Busy` when another writer does not end in
        time, and with `OutcomeUnknown`, which carries `key`, when nothing proves what became of the commit.
        """
        with self.translated(), self.begun(WRITE, actor, ahead=ahead) as tx:
            yield tx
            if not dry_run:
                self.commit(key, tx)

    @contextmanager
    def create(self, *, actor: str | None, key: str, dry_run: bool = False) -> Iterator[ServerTx]:
        """Hand out a transaction on a new clinic.

        Its schema appears with the commit. An empty schema, which an administrator has made, is accepted. Refuses with
        `Exists` when there is a clinic.
        """
        with self.translated(), self.session() as session:
            self.begin_new(session)
            with self._alone():
                session.script([*DDL, *_EMPTY])
            session.later("INSERT INTO settings (name, value) VALUES ('secret', %s)", (secrets.token_hex(32),))
            session.later(INSERT_HEAD, (0, "", CURRENT, APPLICATION))
            tx = self.opened(session, Head(0, ""), actor, fresh=True)
            yield tx
            if not dry_run:
                self.commit(key, tx)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse with `Exists` when another command makes the same clinic."""
        try:
            yield
        except psycopg.Error as error:
            if error.sqlstate in _EXISTING:
                raise errors.Exists(path=self.place) from None
            raise

    def connected(self, wait: float) -> Session:
        """Return a session on a new connection."""
        return Session(connect(self.address, wait=wait), patience=self._patience())

    def _patience(self) -> float:
        return beginning.LONGEST + self.wait + PATIENCE

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Hand out a session on a connection of its own, which is closed at the end."""
        session = self.connected(self.wait)
        try:
            yield session
        finally:
            session.close()

    @contextmanager
    def begun(
        self, how: str, actor: str | None, *, ahead: Queries | None = None, any_version: bool = False
    ) -> Iterator[ServerTx]:
        """Hand out a transaction on a connection of its own, which is closed at the end."""
        tx = self.start(how, actor, ahead=ahead, any_version=any_version)
        try:
            yield tx
        finally:
            tx.session.close()

    def start(
        self, how: str, actor: str | None, *, ahead: Queries | None = None, any_version: bool = False
    ) -> ServerTx:
        """Begin a transaction on a connection.

        Nothing is lost when the connection breaks before the first answer, so that it is tried again within the wait.
        """
        end = clock.ticks() + self.wait
        while True:
            session = self.ready(max(0.0, end - clock.ticks()))
            try:
                return self.begin(session, how, actor, ahead=ahead, any_version=any_version, end=end)
            except BaseException as error:
                self.leave(session)
                if not (isinstance(error, psycopg.Error) and is_passing(error)) or clock.ticks() + AGAIN > end:
                    raise
            with interrupts.Waiting():
                clock.pause(AGAIN)

    def ready(self, wait: float) -> Session:
        """Return the session for a transaction."""
        return self.connected(wait)

    def leave(self, session: Session) -> None:
        """Leave a session on which no transaction has begun."""
        session.close()

    def translated(self) -> AbstractContextManager[None]:
        """Translate the server's errors into refusals."""
        return translated(self.address, self.wait)

    def begin(
        self,
        session: Session,
        how: str,
        actor: str | None,
        *,
        end: float,
        ahead: Queries | None = None,
        any_version: bool = False,
    ) -> ServerTx:
        """Begin a transaction in one round trip; return it.

        A write waits here for the writer before it, until `end`. Refuses another schema version, and refuses to write
        to a clinic that lacks the last write that this machine has noted.
        """
        began = clock.ticks()
        known = recorded(ahead) if ahead else []
        found = self._first_trip(session, how, known, end)
        if found is None:
            session.roll_back()
            found = self._first_trip(session, how, known, end)
        if found is None:
            raise errors.Damaged(path=self.place, reason="the head of the journal is missing")
        self.lock_waited = clock.ticks() - began
        if not any_version:
            refuse_other_version(found.schema, place=self.place)
        return self._opened(session, found, actor)

    def _first_trip(self, session: Session, how: str, known: list[Statement], end: float) -> _Begun | None:
        """Begin, take the lock, and read what is needed first.

        That is the head, the settings, and what the first steps will ask for. Returns None without a head: the view of
        this transaction is older than the clinic, because a backup has replaced it while this command waited.
        """
        noted = notes.head(self.place) if how == WRITE else None
        lock = "" if how == READ else " FOR UPDATE" if self.wait else " FOR UPDATE NOWAIT"
        questions = [f"{_HEAD}{lock}", _SETTINGS, *(_about(*noted) if noted else ())]
        # What the last transaction of this connection has read, others may have changed since.
        session.reset()
        session.patience = self._patience()
        first_ones = self.beginning(how, wait=max(0.0, end - clock.ticks()))
        try:
            asked = [*first_ones, *((each, None) for each in questions)]
            # A pooler may have no connection for us.
            answers = session.run_all(asked, ahead=known, seconds=max(0.0, end - clock.ticks()) + PATIENCE)
        except psycopg.Error as error:
            if error.sqlstate not in _MISSING:
                raise
            session.roll_back()
            if known:
                # An older schema may lack the tables of the first steps.
                return self._first_trip(session, how, [], end)
            raise self._missing(session) from None
        heads, settings, *beside = [each.fetchall() for each in answers[-len(questions) :]]
        if not heads:
            return None
        number, hash_, schema, application, role = heads[0]
        if application != APPLICATION:
            raise errors.NotOurs(path=self.place, reason="a database of another program")
        if noted:
            self._refuse_behind(Head(number, hash_), noted[0], *beside)
        return _Begun(Head(number, hash_), schema, tuple(settings), role)

    def _missing(self, session: Session) -> errors.Refusal:
        """Return the refusal for a schema in which no head is found."""
        found = session.run(_SCHEMA, (self.address.schema,)).fetchall()
        match found:
            case [(0, _)]:
                return errors.NoRight(path=self.place, reason="the role has no right to use the schema")
            case [(_, 1)]:
                return errors.NotOurs(path=self.place, reason="a schema of another program")
        return errors.NoDatabase(path=self.place)

    def beginning(self, how: str, *, wait: float | None = None) -> list[Statement]:
        """Return the statements that begin a transaction and set it up.

        `wait` is how long it waits for the lock.
        """
        wait = self.wait if wait is None else wait
        return beginning.statements(how, schema=self.address.schema, wait=wait, longest_write=self.longest_write())

    def longest_write(self) -> int:
        """Return the seconds after which the server ends a write; 0 for never."""
        return beginning.LONGEST_WRITE

    def _refuse_behind(self, found: Head, noted: Head, hashes: list[Any], restored: list[Any]) -> None:
        """Refuse a clinic without the write that was noted last.

        It may lack the write if a backup was restored since.
        """
        if restored or hashes == [(noted.hash,)]:
            return
        lost = _LOST if found.number < noted.number else _OTHER
        raise errors.FellBehind(
            path=self.place, found=found.number, noted=noted.number, lost=lost, backup="FILE", hint=_ACCEPT
        )

    def _opened(self, session: Session, found: _Begun, actor: str | None, *, fresh: bool = False) -> ServerTx:
        secret, clinic, zone = read_settings(found.settings, place=self.place)
        session.begun = found.head
        now = clock.now()
        return ServerTx(
            session=session,
            now=now,
            today=now.astimezone(zone).date(),
            zone=zone,
            actor=actor or found.role,
            role=found.role,
            clinic=clinic,
            secret=secret,
            place=self.place,
            fresh=fresh,
            schema=found.schema,
            moved_to=dict(found.settings).get(MOVED_TO),
            end=JournalEnd((found.head.number, found.head.hash)),
        )

    def commit(self, key: str, tx: ServerTx) -> None:
        """Commit, unless a signal has asked to stop.

        The waiting statements, the new head and COMMIT are one round trip. The head is written even if it stays the
        same, as for a write that is repeated by its key: only then does the server wait for its standbys, and they may
        lack the first one. Refuses with `OutcomeUnknown` when nothing proves that the server has committed, or that it
        has not.
        """
        interrupts.check()
        session = tx.session
        if not session.is_open:
            raise RuntimeError("a statement of this transaction has failed, and its error was ignored")
        head = Head(*tx.head())
        wait = max(self.wait, LEAST_WAIT)
        session.warned = False
        try:
            *_, committed = session.run_all([(_ADVANCE, head), ("COMMIT", None)], seconds=wait)
        except interrupts.Elapsed:
            raise errors.OutcomeUnknown(reason=f"no answer within {wait:g} s", key=key) from None
        except interrupts.Interrupt:
            raise errors.OutcomeUnknown(reason="interrupted", key=key) from None
        except Exception as error:
            if session.is_uncommitted or (isinstance(error, psycopg.Error) and is_rolled_back(error)):
                raise
            raise errors.OutcomeUnknown(reason=reason_of(error), key=key) from None
        if committed.tag != "COMMIT":
            raise RuntimeError("the server has rolled the transaction back")
        if session.warned:
            raise errors.OutcomeUnknown(reason="the server does not say that a standby has it", key=key)
        notes.note_head(self.place, head, tx.now)

    def begin_new(self, session: Session) -> None:
        """Begin a transaction with an empty schema for a new clinic.

        Refuses with `Exists` when there is a clinic.
        """
        name = self.address.schema
        existing = "SELECT c.relname FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid"
        *_, found = session.run_all([*self.beginning(WRITE), (f"{existing} WHERE n.nspname = %s LIMIT 1", (name,))])
        match found.fetchall():
            case []:
                with self._alone():
                    session.script([f'CREATE SCHEMA "{name}"'])
            case [(None,)]:
                pass  # An administrator has made the schema.
            case _:
                raise errors.Exists(path=self.place)

    def protect(self) -> None:
        """Protect no file: none that a user can name belongs to the database."""
        paths.protect("")

    def noted_head(self) -> Head | None:
        """Return the last head that this user has noted for the clinic."""
        noted = notes.head(self.place)
        return noted[0] if noted else None

    def opened(
        self, session: Session, head: Head, actor: str | None, *, fresh: bool = False, schema: int = CURRENT
    ) -> ServerTx:
        """Return the transaction on what a session has just made."""
        settings, ((role,),) = (
            each.fetchall() for each in session.run_all([(_SETTINGS, None), ("SELECT session_user", None)])
        )
        return self._opened(session, _Begun(head, schema, tuple(settings), role), actor, fresh=fresh)


def _about(noted: Head, at: datetime) -> list[str]:
    """Return the statements that look for a noted write, and for a restore after it."""
    restored = "SELECT 1 FROM journal WHERE command = 'db restore' AND at >"
    return [
        f"SELECT hash FROM journal WHERE number = {noted.number}",  # noqa: S608 - a number
        f"{restored} '{from_instant(at)}' LIMIT 1",
    ]
