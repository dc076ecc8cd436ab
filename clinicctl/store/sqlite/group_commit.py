"""One connection for many commands: those that wait share a transaction, each of them a savepoint in it.

What a batch and the shell stand on. The connection stays open; the writer's lock is held only from the first write of
a group until the group is settled, so that other desks have their turn between two groups.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import UTC

from clinicctl import clock, errors
from clinicctl.store import paths
from clinicctl.store.engine import Store, Tx, begun, head_of, is_restored
from clinicctl.store.sqlite import head_file, location, trust
from clinicctl.store.sqlite.connections import (
    Connection,
    connected,
    copy_back,
    copy_back_all,
    inspect,
    is_replaced,
    leave_open,
    lost_files,
    note_files,
    view,
)
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.driver import sqlite3, uri

_TURN = 0.02
"""Seconds of holding the lock, in all, after which whoever waits for it is let in first."""
_PAUSE = 0.001
_LAST_WAIT = 5.0
"""Seconds to wait for the lock at the end of a process that alone holds a deleted log."""
_START_ANEW = "End this process, and start it anew."


class Shared(Store):
    """A store for one command after another, with the same doors."""

    def __init__(self, path: str, *, wait: float) -> None:
        super().__init__(path, wait=wait)
        self.lost = False
        """Whether the database itself has ended the last group: then nothing of it was written."""
        self.atomic = False
        """Whether all that is written is one group, to its end: nothing may settle it before."""
        self.hurried = False
        """Whether the lock was not had in time: until somebody has waited anew, it is only asked for."""
        self.told_of_restores = False
        """Whether the first line after a restore is refused: a person may type numbers that were shown before it."""
        self._patience = wait
        self._kept = ExitStack()
        self._open: dict[str, Connection] = {}
        self._seen: tuple[int, str] | None = None
        self._read: tuple[int, ...] = ()
        """What the file was at the last read."""
        self._stuck: paths.FileId | None = None
        """The database that this process cannot open anew: SQLite keeps an old index of it as long as it lives."""
        self._saved: str | None = None
        """A copy with what a deleted log holds, until it is copied back."""
        self._group = ExitStack()
        self._pending: Connection | None = None
        self._tx: Tx | None = None
        self._began = 0.0
        self._held = 0.0

    @contextmanager
    def read(self, *, actor: str) -> Iterator[Tx]:
        """Hand out a view: of the group, where one is open, else of this instant, without a lock."""
        with translated(self.path, self._patience):
            if self._tx is not None:
                yield replace(self._tx, actor=actor)
                return
            connection = self._connection("ro")
            try:
                with view(connection):
                    tx = begun(connection, self.path, actor)
                    self._look(tx)
                    yield tx
            finally:
                self._let_go("ro")

    @contextmanager
    def write(self, *, actor: str, key: str, dry_run: bool = False) -> Iterator[Tx]:  # noqa: ARG002 - as a store's
        """Hand out a transaction within the group's: what it does is kept once the group is settled.

        Rolled back alone when the body raises, or for a dry run. Refuses with `Busy` when the lock is not had in time.
        Only `settle` commits, so that the key is not needed here.
        """
        with translated(self.path, self._patience):
            tx = self._tx or self._begin(actor)
            driver, end = tx.driver, tx.end.last
            driver.execute("SAVEPOINT command")
            kept = False
            try:
                yield tx if actor == tx.actor else replace(tx, actor=actor)
                kept = not dry_run
            finally:
                if driver.in_transaction:
                    if not kept:
                        driver.execute("ROLLBACK TO command")
                        tx.end.last = end
                    driver.execute("RELEASE command")
                else:
                    self.lost = True
                    self.drop()

    @contextmanager
    def create(self, *, actor: str, key: str, dry_run: bool = False) -> Iterator[Tx]:
        """As a store's own, outside any group."""
        if self.atomic:
            raise errors.Usage(problem="It stands alone, not in a batch that is all or nothing.")
        self.settle()
        with super().create(actor=actor, key=key, dry_run=dry_run) as tx:
            yield tx

    def alone(self) -> None:
        """Refuse: the lines before and after belong to one transaction, and the file's keeping to none."""
        raise errors.Usage(problem="It stands alone, not in a batch or a shell.")

    def held(self) -> float:
        """Return for how many seconds the group has held the lock; 0 where none is open."""
        return clock.ticks() - self._began if self._tx is not None else 0.0

    def settle(self) -> None:
        """Commit the group, release the lock, and let others go first. Refuses with `OutcomeUnknown`, its key empty."""
        if self._pending is not None:
            try:
                assert self._tx is not None
                self.commit(self._pending, "", self._tx.end)
                self.note()
                copy_back(self._pending, self.path)
            except errors.Replaced:
                self.drop()
                self._give_up_files(wait=self._patience)
                raise
            finally:
                self.drop()
        self.lost = False

    def drop(self) -> None:
        """Roll the group back where it is not committed, and release the lock."""
        if self._pending is None:
            return
        pending, self._pending, self._tx = self._pending, None, None
        try:
            with suppress(Exception):
                pending.driver.rollback()
        finally:
            self._let_go("rw")
            self._group.close()
        self._held += clock.ticks() - self._began
        if self._held > _TURN:
            # A lock taken again at once is taken before those whom its release has woken.
            clock.pause(_PAUSE)
            self._held = 0.0

    def close(self) -> None:
        """Roll back what is open, and close the connections under the lock: the last to close copies the log back."""
        self.drop()
        if any(map(is_replaced, self._open.values())):
            self._give_up_files(wait=min(self._patience, _LAST_WAIT))
        elif self._open:
            # Where others have the lock, the end of the process closes them, which copies nothing.
            self.wait = 0.0
            with suppress(errors.Refusal), self.locked():
                self._kept.close()
                self._open.clear()
        paths.protect(self.path)

    def _begin(self, actor: str) -> Tx:
        self._refuse_replaced()
        if "rw" not in self._open:
            inspect(self.path)
            location.refuse_unsafe(self.path)
        self.wait = 0.0 if self.hurried else self._patience
        with ExitStack() as group:
            try:
                group.enter_context(self.locked())
            except errors.Busy:
                self.hurried = True
                raise errors.Busy(wait=self._patience) from None
            self.hurried = False
            if self._open and not self.as_noted:
                # Another program has written to the file: pages that a connection remembers are not in it.
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
                tx = begun(connection, self.path, actor)
                self.refuse_behind(tx)
                self.refuse_changed_schema(tx.driver)
                self._look(tx)
            except BaseException:
                self._let_go("rw")
                raise
            self._group, self._pending, self._tx = group.pop_all(), connection, tx
        self._began, self.lost = clock.ticks(), False
        return tx

    def _refuse_other_mode(self) -> None:
        """Refuse a file without a log, as a backup is: it gets one only while no connection is left open."""
        with closing(sqlite3.connect(uri(self.path, "mode=ro"), uri=True)) as look:
            if look.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                self._stuck = paths.file_id(self.path)
                raise errors.Replaced(path=self.path, hint=_START_ANEW)

    def _connection(self, mode: str) -> Connection:
        """The connection kept for reading or for writing."""
        self._refuse_replaced()
        if not self._open and not self._writing:
            inspect(self.path)
            trust.refuse_mixture(self.path, wait=self._patience)
        if mode == "ro" and self._read != (found := head_file.describe_file(self.path, schema=0).main):
            # The database was written to, perhaps by another program: a connection may remember pages of before.
            self._read = found
            if (reading := self._open.pop("ro", None)) is not None:
                reading.close()
        if mode not in self._open:
            self._open[mode] = self._kept.enter_context(connected(self.path, self._patience, mode=mode))
        return self._open[mode]

    def _let_go(self, mode: str) -> None:
        """Close a connection that stands in a transaction still, which rolls it back.

        A Ctrl-C may come between a BEGIN or its end and their being noted: then nobody else would ever end it.
        """
        connection = self._open.get(mode)
        if connection is not None and connection.driver.in_transaction:
            del self._open[mode]
            if mode == "rw" and is_replaced(connection):
                leave_open(connection)
            else:
                connection.close()

    def _refuse_replaced(self) -> None:
        """Refuse once where another file stands in the place of one that is open."""
        if self._stuck is not None and self._stuck == paths.file_id(self.path):
            raise errors.Replaced(path=self.path, hint=_START_ANEW)
        if any(map(is_replaced, self._open.values())):
            self._give_up_files(wait=self._patience)
            saved = f"What the log held is saved in {self._saved}. Repeat the command." if self._saved else None
            raise errors.Replaced(path=self.path, hint=_START_ANEW if self._stuck else saved)

    def _give_up_files(self, *, wait: float) -> None:
        """Let go of files that were replaced, so that the next line opens those that stand there then.

        What a deleted log held is copied back first. Where that cannot be done now, the next line tries again.
        """
        writing = self._open.get("rw")
        log_is_gone, index_is_gone = (False, False) if writing is None else lost_files(writing)
        if log_is_gone:
            try:
                self.wait = wait
                with nullcontext() if self._writing else self.locked():
                    if not self._save_log():
                        self._leave_open()
                    elif self._copy_back():
                        index_is_gone = False
                    else:
                        return
            except (errors.Refusal, OSError, sqlite3.Error):
                return
        else:
            self._leave_open()
        if index_is_gone:
            # SQLite goes on with the index of a connection that stays open.
            self._stuck = paths.file_id(self.path)
        self._seen = None
        paths.protect(self.path)

    def _save_log(self) -> bool:
        """Copy the database with its deleted log to a file beside it; return whether it ends with the last write.

        Else others have begun another log, or used another index, since: what is open here is of no use. The lock is
        held.
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
            paths.arriving(target, numbered=True) as draft,
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

    def _copy_back(self) -> bool:
        """Copy a deleted log that is saved back into the database, and remove what was saved; say if it is done."""
        writing = self._open["rw"]
        if self._saved is None or not copy_back_all(writing):
            return False
        writing.close()
        self._leave_open()
        with suppress(OSError):
            os.unlink(self._saved)
        self._saved = None
        return True

    def _leave_open(self) -> None:
        """Let go of the connections without closing them, which would copy the log back into a foreign file."""
        for mode, each in self._open.items():
            if mode == "rw" and not each.is_closed:
                leave_open(each)
        self._open.clear()
        self._kept.close()

    def _look(self, tx: Tx) -> None:
        """Protect the files that are open, and refuse once what was restored since the last look."""
        paths.protect(self.path, held=note_files(tx.connection))
        if self.told_of_restores:
            seen, self._seen = self._seen, head_of(tx.driver)
            if seen is not None and is_restored(tx.driver, seen):
                raise errors.RestoredMeanwhile(path=self.path)
