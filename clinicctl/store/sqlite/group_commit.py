"""Let the commands of a batch or shell share a transaction (group commit).

Each command is a savepoint. The connections stay open. The writer's lock is held only from the first write of a group
until its commit, so that other desks can write between two groups.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from datetime import UTC

from clinicctl import clock, errors
from clinicctl.store import paths
from clinicctl.store.sqlite import head_file, location, trust
from clinicctl.store.sqlite.connections import (
    Connection,
    checkpoint,
    checkpoint_all,
    connected,
    inspect,
    is_replaced,
    leave_open,
    lost_files,
    note_files,
    view,
)
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.driver import sqlite3, uri
from clinicctl.store.sqlite.store import FileStore
from clinicctl.store.sqlite.transactions import open_tx
from clinicctl.store.sqlite.tx import FileTx, head_of
from clinicctl.store.tx import Queries

_TURN = 0.02
"""Seconds of holding the lock in total, after which waiting processes go first."""
_PAUSE = 0.001
"""Seconds of the pause in which they take the lock."""
_LAST_WAIT = 5.0
"""Seconds to wait for the lock at exit, when only this process still has a deleted log open."""
_RESTART_PROCESS = "End this process, and start it again."


class GroupFileStore(FileStore):
    """A store of a file for many commands, with the same interface as `FileStore`."""

    def __init__(self, path: str, *, wait: float) -> None:
        super().__init__(path, wait=wait)
        self.lost = False
        """Whether the database itself rolled the last group back, so that nothing of it was written."""
        self.atomic = False
        """Whether all writes form one group, which is committed at the end only."""
        self.timed_out = False
        """Whether the last wait for the lock timed out. Until a caller resets it, writes try the lock only once."""
        self.refuses_after_restore = False
        """Whether the first command after a restore is refused: a person may type numbers seen before it."""
        self._timeout = wait
        self._connections = ExitStack()
        self._open: dict[str, Connection] = {}
        self._seen: tuple[int, str] | None = None
        self._read: tuple[int, ...] = ()
        """The state of the file at the last read."""
        self._stuck: paths.FileId | None = None
        """A database that this process cannot reopen: SQLite keeps its old index until the process ends."""
        self._saved: str | None = None
        """The path of a copy with the content of a deleted log, until the log is checkpointed."""
        self._group = ExitStack()
        self._pending: Connection | None = None
        self._tx: FileTx | None = None
        self._began = 0.0
        self._held = 0.0

    @contextmanager
    def read(
        self,
        *,
        actor: str | None,
        ahead: Queries | None = None,  # noqa: ARG002 - only a server gains by it
    ) -> Iterator[FileTx]:
        """Hand out a view of the open group, or of this instant when no group is open.

        Takes no lock.
        """
        with translated(self.path, self._timeout):
            if self._tx is not None:
                yield self._tx.acting_for(actor)
                return
            connection = self._connection("ro")
            try:
                with view(connection):
                    tx = open_tx(connection, self.path, actor)
                    self._protect_and_compare(tx)
                    yield tx
            finally:
                self._end_transaction("ro")

    @contextmanager
    def write(
        self,
        *,
        actor: str | None,
        key: str,  # noqa: ARG002 - as a store's
        dry_run: bool = False,
        ahead: Queries | None = None,  # noqa: ARG002 - only a server gains by it
    ) -> Iterator[FileTx]:
        """Hand out a savepoint of the group's transaction.

        `commit_group` commits it, so that `key` is not used. An error of the body, or a dry run, rolls back this
        command only. Refuses with `Busy` when the lock is not free in time.
        """
        with translated(self.path, self._timeout):
            tx = self._tx or self._begin(actor)
            driver, end = tx.driver, tx.end.last
            driver.execute("SAVEPOINT command")
            succeeded = False
            try:
                yield tx.acting_for(actor)
                succeeded = not dry_run
            finally:
                if driver.in_transaction:
                    if not succeeded:
                        driver.execute("ROLLBACK TO command")
                        tx.end.last = end
                    driver.execute("RELEASE command")
                else:
                    self.lost = True
                    self.roll_back()

    @contextmanager
    def create(self, *, actor: str | None, key: str, dry_run: bool = False) -> Iterator[FileTx]:
        """Hand out a transaction on a new database, outside any group."""
        if self.atomic:
            raise errors.Usage(problem="This command does not run in a batch with --atomic. Run it by itself.")
        self.commit_group()
        with super().create(actor=actor, key=key, dry_run=dry_run) as tx:
            yield tx

    def require_standalone(self) -> None:
        """Refuse work on the file itself, which does not fit into a shared transaction."""
        raise errors.Usage(problem="This command does not run in a batch or a shell. Run it by itself.")

    def held(self) -> float:
        """Return for how many seconds the group has held the lock; 0 if no group is open."""
        return clock.ticks() - self._began if self._tx is not None else 0.0

    def commit_group(self) -> None:
        """Commit the group and release the lock.

        Refuses with `OutcomeUnknown`, with an empty key.
        """
        if self._pending is not None:
            try:
                assert self._tx is not None
                self.commit(self._pending, "", self._tx)
                self.note_head()
                checkpoint(self._pending, self.path)
            except errors.Replaced:
                self.roll_back()
                self._release_files(wait=self._timeout)
                raise
            finally:
                self.roll_back()
        self.lost = False

    def roll_back(self) -> None:
        """Roll the group back unless it is committed, and release the lock."""
        if self._pending is None:
            return
        pending, self._pending, self._tx = self._pending, None, None
        try:
            with suppress(Exception):
                pending.driver.rollback()
        finally:
            self._end_transaction("rw")
            self._group.close()
        self._held += clock.ticks() - self._began
        if self._held > _TURN:
            # Without a pause this process would take the lock again before the waiting ones wake up.
            clock.pause(_PAUSE)
            self._held = 0.0

    def close(self) -> None:
        """Roll back the open group, and close the connections under the lock.

        The last one checkpoints the log.
        """
        self.roll_back()
        if any(map(is_replaced, self._open.values())):
            self._release_files(wait=min(self._timeout, _LAST_WAIT))
        elif self._open:
            # If another process has the lock, the connections close at exit, without a checkpoint.
            self.wait = 0.0
            with suppress(errors.Refusal), self.locked():
                self._connections.close()
                self._open.clear()
        paths.protect(self.path)

    def _begin(self, actor: str | None) -> FileTx:
        self._refuse_replaced()
        if "rw" not in self._open:
            inspect(self.path)
            location.refuse_unsafe(self.path)
        self.wait = 0.0 if self.timed_out else self._timeout
        with ExitStack() as group:
            try:
                group.enter_context(self.locked())
            except errors.Busy:
                self.timed_out = True
                raise errors.Busy(wait=self._timeout) from None
            self.timed_out = False
            if self._open and not self.as_noted:
                # Another program has written to the file: pages in a connection's cache may be stale.
                self._leave_open()
                self._refuse_other_mode()
            try:
                if self._open:
                    self.refuse_mixture()
                else:
                    self.refuse_unusable()
            except errors.Damaged:
                self._leave_open()
                raise
            connection = self._connection("rw")
            try:
                connection.begin()
                tx = open_tx(connection, self.path, actor)
                self.refuse_behind(tx)
                self.refuse_changed_schema(tx.driver)
                self._protect_and_compare(tx)
            except BaseException:
                self._end_transaction("rw")
                raise
            self._group, self._pending, self._tx = group.pop_all(), connection, tx
        self._began, self.lost = clock.ticks(), False
        return tx

    def _refuse_other_mode(self) -> None:
        """Refuse a file that is not in WAL mode, such as a backup.

        The mode cannot change while connections are left open.
        """
        with closing(sqlite3.connect(uri(self.path, "mode=ro"), uri=True)) as look:
            if look.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                self._stuck = paths.file_id(self.path)
                raise errors.Replaced(path=self.path, hint=_RESTART_PROCESS)

    def _connection(self, mode: str) -> Connection:
        """Return the open connection for reading or for writing; open it if necessary."""
        self._refuse_replaced()
        if not self._open and not self._writing:
            inspect(self.path)
            trust.refuse_mixture(self.path, wait=self._timeout)
        if mode == "ro" and self._read != (found := head_file.describe_file(self.path, schema=0).main):
            # The file has changed, perhaps by another program: pages in the connection's cache may be stale.
            self._read = found
            if (reading := self._open.pop("ro", None)) is not None:
                reading.close()
        if mode not in self._open:
            self._open[mode] = self._connections.enter_context(connected(self.path, self._timeout, mode=mode))
        return self._open[mode]

    def _end_transaction(self, mode: str) -> None:
        """Close a connection that is still in a transaction, which rolls it back.

        A Ctrl-C can come between a BEGIN and the moment it is recorded; nothing else would end that transaction.
        """
        connection = self._open.get(mode)
        if connection is not None and connection.driver.in_transaction:
            del self._open[mode]
            if mode == "rw" and is_replaced(connection):
                leave_open(connection)
            else:
                connection.close()

    def _refuse_replaced(self) -> None:
        """Refuse once when another file has taken the place of an open one."""
        if self._stuck is not None and self._stuck == paths.file_id(self.path):
            raise errors.Replaced(path=self.path, hint=_RESTART_PROCESS)
        if any(map(is_replaced, self._open.values())):
            self._release_files(wait=self._timeout)
            saved = f"The log's content is saved in {self._saved}. Repeat the command." if self._saved else None
            raise errors.Replaced(path=self.path, hint=_RESTART_PROCESS if self._stuck else saved)

    def _release_files(self, *, wait: float) -> None:
        """Release files that were replaced, so that the next command opens the new ones.

        The content of a deleted log is saved first. If that fails now, the next command tries again.
        """
        writing = self._open.get("rw")
        log_is_gone, index_is_gone = (False, False) if writing is None else lost_files(writing)
        if log_is_gone:
            try:
                self.wait = wait
                with nullcontext() if self._writing else self.locked():
                    if not self._save_log():
                        self._leave_open()
                    elif self._restore_log():
                        index_is_gone = False
                    else:
                        return
            except (errors.Refusal, OSError, sqlite3.Error):
                return
        else:
            self._leave_open()
        if index_is_gone:
            # SQLite keeps using the index of a connection that stays open.
            self._stuck = paths.file_id(self.path)
        self._seen = None
        paths.protect(self.path)

    def _save_log(self) -> bool:
        """Copy the database and its deleted log; return whether the copy is complete.

        If not, other processes have since used another log or index, and this copy is useless. The lock is held.
        """
        if self._saved is not None:
            return True
        writing, lock = self._open["rw"], self._lock
        noted = head_file.file(lock) if lock is not None else None
        if lock is None or noted is None or not self.as_noted or noted.log != note_files(writing)[1].inode:
            return False
        name, _ = os.path.splitext(self.path)
        target = f"{name}-rescued-{clock.now().astimezone(UTC):{paths.STAMP}}.db"
        with (
            paths.creating(target, numbered=True, access=location.access(self.path)) as draft,
            closing(sqlite3.connect(uri(draft.path, "mode=rw"), uri=True)) as copy,
        ):
            writing.driver.backup(copy)
            is_whole = copy.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
            is_last = is_whole and head_of(copy) == head_file.head(lock)
        if not is_last:
            os.unlink(draft.target)
            return False
        self._saved = draft.target
        return True

    def _restore_log(self) -> bool:
        """Checkpoint a deleted log and remove its copy; return whether that worked."""
        writing = self._open["rw"]
        if self._saved is None or not checkpoint_all(writing):
            return False
        writing.close()
        self._leave_open()
        with suppress(OSError):
            os.unlink(self._saved)
        self._saved = None
        return True

    def _leave_open(self) -> None:
        """Drop the connections without closing them.

        Closing would checkpoint into a foreign file.
        """
        for mode, each in self._open.items():
            if mode == "rw" and not each.is_closed:
                leave_open(each)
        self._open.clear()
        self._connections.close()

    def _protect_and_compare(self, tx: FileTx) -> None:
        """Protect the open files, and refuse once after a restore."""
        paths.protect(self.path, held=note_files(tx.session))
        if self.refuses_after_restore:
            seen, self._seen = self._seen, head_of(tx.driver)
            if seen is not None and tx.is_restored(seen):
                raise errors.RestoredMeanwhile(path=self.path)
