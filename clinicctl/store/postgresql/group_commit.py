"""Let the commands of a batch or shell share a transaction (group commit) and a connection.

Each command is a savepoint. The head row is locked only from the first write of a group until its commit, so that other
desks can write between two groups.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from clinicctl import clock, errors, interrupts
from clinicctl.store.postgresql.beginning import READ, WRITE
from clinicctl.store.postgresql.db_errors import CUT, is_passing
from clinicctl.store.postgresql.driver import psycopg
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.store import ServerStore
from clinicctl.store.postgresql.tx import ServerTx
from clinicctl.store.tx import Queries


class GroupServerStore(ServerStore):
    """A store on a server for many commands, with the same interface as `ServerTransactions`."""

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
        self._commands = 0
        """The writes of the group that were not taken back."""

    @contextmanager
    def read(self, *, actor: str | None, ahead: Queries | None = None) -> Iterator[ServerTx]:
        """Hand out a view of the open group, or of this instant when no group is open."""
        with self._translated():
            if self._tx is not None:
                with self._command(self._tx):
                    yield self._tx.acting_for(actor)
                    self._tx.session.later("RELEASE command", None)
                return
            tx = self._begun(READ, actor, ahead)
            try:
                yield tx
            finally:
                self.leave(tx.session)

    @contextmanager
    def write(
        self,
        *,
        actor: str | None,
        key: str,  # noqa: ARG002 - as a store's
        dry_run: bool = False,
        ahead: Queries | None = None,
    ) -> Iterator[ServerTx]:
        """Hand out a savepoint of the group's transaction.

        `commit_group` commits it, so that `key` is not used. An error of the body, or a dry run, rolls back this
        command only. Refuses with `Busy` when another writer does not end in time.
        """
        with self._translated():
            tx = self._tx or self._begin(actor, ahead)
            with self._command(tx, keep=not dry_run):
                yield tx.acting_for(actor)
                if not dry_run:
                    # Sent now, so that an error is this command's own.
                    tx.session.run("RELEASE command", None)
                    self._commands += 1

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Translate the server's errors into refusals.

        A command is not repeated by itself if others of its group were lost with it.
        """
        self.lost = False
        try:
            with self.translated():
                yield
        except errors.Overtaken as overtaken:
            if self.lost:
                raise errors.Ended(reason=overtaken.details["reason"]) from None
            raise

    @contextmanager
    def _command(self, tx: ServerTx, *, keep: bool = True) -> Iterator[None]:
        """Run the body in a savepoint.

        It is rolled back after an error, or if the command is not to be kept.
        """
        end = tx.end.last
        tx.session.later("SAVEPOINT command", None)
        try:
            yield
        except (psycopg.Error, interrupts.Elapsed, interrupts.Interrupt):
            self._take_back(tx, end)
            raise
        except BaseException:
            self._take_back(tx, end)
            self._refuse_lost()
            raise
        if not keep:
            self._take_back(tx, end)
            self._refuse_lost()

    def _take_back(self, tx: ServerTx, end: tuple[int, str] | None) -> None:
        """Roll back the last command, or the whole group if the connection is lost."""
        tx.end.last = end
        try:
            with suppress(psycopg.Error, interrupts.Elapsed):
                tx.session.roll_back_to("command")
        finally:
            if not tx.session.is_open:
                self.lost = self._commands > 0
                self.roll_back()

    def _refuse_lost(self) -> None:
        """Refuse if the group is lost, whatever the last command was refused for.

        The caller gives this reason to the other commands, too.
        """
        if self.lost:
            raise errors.Unreachable(path=self.place, reason=CUT) from None

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
            tx, commands = self._taken()
            try:
                if commands:
                    with self.translated():
                        self.commit("", tx)
            finally:
                self.leave(tx.session)
        self.lost = False

    def roll_back(self) -> None:
        """Roll the group back unless it is committed, and release the lock."""
        if self._tx is not None:
            tx, _ = self._taken()
            self.leave(tx.session)

    def _taken(self) -> tuple[ServerTx, int]:
        """End the group; return its transaction and the number of its writes."""
        assert self._tx is not None
        tx, commands = self._tx, self._commands
        self._tx, self._commands = None, 0
        return tx, commands

    def close(self) -> None:
        """Roll back the open group, and close the connection."""
        self.roll_back()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _begin(self, actor: str | None, ahead: Queries | None) -> ServerTx:
        tx = self._begun(WRITE, actor, ahead)
        self.timed_out = False
        self._tx, self._began = tx, clock.ticks()
        return tx

    def _begun(self, how: str, actor: str | None, ahead: Queries | None = None) -> ServerTx:
        """Begin a transaction on the open connection.

        One that was lost between two commands is made again. After a wait in vain, others wait no longer.
        """
        self.wait = 0.0 if self.timed_out else self._timeout
        known = self._session if self._session is not None and not self._session.is_broken else None
        try:
            try:
                return self.start(how, actor, ahead=ahead)
            except psycopg.Error as error:
                if known is None or not known.is_broken or not is_passing(error):
                    raise
            return self.start(how, actor, ahead=ahead)
        except (errors.Busy, psycopg.Error) as error:
            if isinstance(error, errors.Busy) or is_passing(error) or error.sqlstate == "55P03":
                self.timed_out = True
            raise
        finally:
            self.wait = self._timeout

    def ready(self, wait: float) -> Session:
        """Return the session on the open connection, or on a new one."""
        if self._session is None or self._session.is_broken:
            self._session = self.connected(wait)
        return self._session

    def begin(self, session: Session, how: str, actor: str | None, **options: Any) -> ServerTx:
        """Begin a transaction as a store does; refuse once after a restore."""
        tx = super().begin(session, how, actor, **options)
        if self.refuses_after_restore:
            seen, self._seen = self._seen, session.begun
            if seen is not None and tx.is_restored(seen):
                raise errors.RestoredMeanwhile(path=self.place)
        return tx

    def longest_write(self) -> int:
        """Return the seconds after which the server ends a write; 0 for never."""
        return 0 if self.atomic else super().longest_write()

    def leave(self, session: Session) -> None:
        """End the transaction of a session. A connection on which that fails is closed."""
        with suppress(psycopg.Error, interrupts.Elapsed):
            if not (session.is_idle or session.is_broken):
                session.roll_back()
        if not session.is_idle:
            session.close()
