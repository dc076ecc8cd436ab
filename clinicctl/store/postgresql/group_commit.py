"""Let the commands of a batch or shell share a transaction (group commit) and a connection.

Each command is a savepoint. The head row is locked only from the first write of a group until its commit, so that other
desks can write between two groups.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from clinicctl import clock, errors
from clinicctl.store.postgresql.db_errors import first, is_passing
from clinicctl.store.postgresql.doors import ServerDoors
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.store import READ, WRITE
from clinicctl.store.postgresql.tx import ServerTx


class GroupServerStore(ServerDoors):
    """A store on a server for many commands, with the same interface as `ServerStore`."""

    def __init__(self, url: str, *, wait: float) -> None:
        super().__init__(url, wait=wait)
        self.lost = False
        self.atomic = False
        self.timed_out = False
        self.refuses_after_restore = False
        self._timeout = wait
        self._session: Session | None = None
        self._tx: ServerTx | None = None
        self._seen: tuple[int, str] | None = None
        self._began = 0.0

    @contextmanager
    def read(self, *, actor: str | None) -> Iterator[ServerTx]:
        """Hand out a view of the open group, or of this instant when no group is open."""
        with self.translated():
            if self._tx is not None:
                yield self._tx.acting_for(actor)
                return
            tx = self._begun(READ, actor)
            try:
                yield tx
            finally:
                self._end(tx.session)

    @contextmanager
    def write(self, *, actor: str | None, key: str, dry_run: bool = False) -> Iterator[ServerTx]:  # noqa: ARG002 - as a store's
        """Hand out a savepoint of the group's transaction.

        `commit_group` commits it, so that `key` is not used. An error of the body, or a dry run, rolls back this
        command only. Refuses with `Busy` when another writer does not end in time.
        """
        with self.translated():
            tx = self._tx or self._begin(actor)
            end = tx.end.last
            succeeded = False
            tx.session.later("SAVEPOINT command", None)
            try:
                yield tx.acting_for(actor)
                if not dry_run:
                    # Sent now, so that an error is this command's own.
                    tx.session.run("RELEASE command", None)
                    succeeded = True
            finally:
                if not succeeded:
                    tx.end.last = end
                    self._take_back(tx.session)

    def _take_back(self, session: Session) -> None:
        """Roll back the last command, or the whole group if the connection is lost."""
        with suppress(psycopg.Error):
            session.roll_back_to("command")
        if not session.is_open:
            self.lost = True
            self.roll_back()

    @contextmanager
    def create(self, *, actor: str | None, key: str, dry_run: bool = False) -> Iterator[ServerTx]:
        """Hand out a transaction on a new clinic, outside any group."""
        if self.atomic:
            raise errors.Usage(problem="This command does not run in a batch with --atomic. Run it by itself.")
        self.commit_group()
        with super().create(actor=actor, key=key, dry_run=dry_run) as tx:
            yield tx

    def require_standalone(self) -> None:
        """Refuse work that does not fit into a shared transaction."""
        raise errors.Usage(problem="This command does not run in a batch or a shell. Run it by itself.")

    def held(self) -> float:
        """Return for how many seconds the group has held the lock; 0 if no group is open."""
        return clock.ticks() - self._began if self._tx is not None else 0.0

    def commit_group(self) -> None:
        """Commit the group and release the lock.

        Refuses with `OutcomeUnknown`, with an empty key.
        """
        if self._tx is not None:
            tx, self._tx = self._tx, None
            try:
                with self.translated():
                    self.commit("", tx)
            finally:
                self._end(tx.session)
        self.lost = False

    def roll_back(self) -> None:
        """Roll the group back unless it is committed, and release the lock."""
        if self._tx is not None:
            tx, self._tx = self._tx, None
            self._end(tx.session)

    def close(self) -> None:
        """Roll back the open group, and close the connection."""
        self.roll_back()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _begin(self, actor: str | None) -> ServerTx:
        self.wait = 0.0 if self.timed_out else self._timeout
        try:
            tx = self._begun(WRITE, actor)
        except psycopg.Error as error:
            self.timed_out = first(error).sqlstate == "55P03"
            raise
        finally:
            self.wait = self._timeout
        self.timed_out = False
        self._tx, self._began, self.lost = tx, clock.ticks(), False
        return tx

    def _begun(self, how: str, actor: str | None) -> ServerTx:
        """Begin a transaction on the open connection.

        One that was lost between two commands is made again.
        """
        known = self._session
        if known is not None and not known.is_broken:
            try:
                return self._begin_on(known, how, actor)
            except psycopg.Error as error:
                if not is_passing(error) or not known.is_broken:
                    raise
        self._session = self.connected(self._timeout)
        return self._begin_on(self._session, how, actor)

    def _begin_on(self, session: Session, how: str, actor: str | None) -> ServerTx:
        try:
            tx = self.begin(session, how, actor)
            self._compare(tx)
        except BaseException:
            self._end(session)
            raise
        return tx

    def _end(self, session: Session) -> None:
        """End the transaction of a session. A connection on which that fails is closed."""
        with suppress(psycopg.Error):
            if not (session.is_idle or session.is_broken):
                session.roll_back()
        if not session.is_idle:
            session.close()

    def _compare(self, tx: ServerTx) -> None:
        """Refuse once after a restore."""
        if self.refuses_after_restore:
            seen, self._seen = self._seen, tx.session.begun
            if seen is not None and tx.is_restored(seen):
                raise errors.RestoredMeanwhile(path=self.place)
