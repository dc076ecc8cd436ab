"""Choose the engine of a database, and define the doors that every engine has.

The rest of the program does not know which engine it is on.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from clinicctl.store import paths
from clinicctl.store.tx import Condition, JournalEnd, Queries, Step, Tx, VisitChange

if TYPE_CHECKING:
    from clinicctl.store.reports import Copy, DatabaseInfo, Found, Head, Violation

__all__ = [
    "Condition",
    "GroupStore",
    "JournalEnd",
    "Queries",
    "Receiver",
    "Step",
    "Store",
    "Tx",
    "VisitChange",
    "doctor_codes",
    "open_group",
    "open_store",
]


class Receiver(Protocol):
    """A new database that gets the rows of another one, and is not there before it is published."""

    def fill(self, source: Tx) -> AbstractContextManager[Tx]:
        """Copy every row of a clinic; hand out a transaction on the copy, for a check.

        Refuses with `Damaged` rows that do not fit the tables.
        """

    def publish(self, key: str) -> None:
        """Let the copy appear at its place, durably.

        Refuses with `OutcomeUnknown`, which carries `key`, when a commit fails.
        """


class Store(Protocol):
    """The database of one clinic. `place` names it, without a password."""

    place: str
    wait: float
    lock_waited: float

    def require_standalone(self) -> None:
        """Refuse to run inside a batch or a shell."""

    def read(self, *, actor: str | None, ahead: Queries | None = None) -> AbstractContextManager[Tx]:
        """Hand out a read-only view of one instant, without waiting for writers.

        `ahead` is as for `write`.
        """

    def write(
        self, *, actor: str | None, key: str, dry_run: bool = False, ahead: Queries | None = None
    ) -> AbstractContextManager[Tx]:
        """Hand out a transaction, and commit it at the end.

        `ahead` are queries that the first steps will ask for, as for `Tx.prefetch`.

        It is rolled back after an error, and for a dry run. Refuses with `Busy` when another writer does not end in
        time, and with `OutcomeUnknown`, which carries `key`, when the commit itself fails.
        """

    def create(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[Tx]:
        """Hand out a transaction on a new database.

        Refuses with `Exists` when there is one.
        """

    def protect(self) -> None:
        """Refuse the files of the database wherever a user names a file."""

    def noted_head(self) -> "Head | None":
        """Return the last head of the journal that this machine has noted."""

    def describe(self) -> "DatabaseInfo":
        """Describe the database, also one with an older schema."""

    def examine(self) -> "list[Found]":
        """Check whether the database can be used. Refuses nothing."""

    def find_violations(self) -> "list[Violation]":
        """Return the violations in a database that no transaction can be opened on."""

    def back_up(self, target: str, *, keep: int | None) -> "Copy":
        """Copy the database to a new file, or to a dated file in a folder."""

    def describe_backup(self, file: str) -> "DatabaseInfo":
        """Describe a backup."""

    def replacing(self, file: str, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[Tx]:
        """Hand out a transaction on a copy of `file`, which then replaces the database."""

    def migrating(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[Tx]:
        """Migrate the database in a transaction, after a copy of it."""

    def repairing(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[Tx]:
        """Hand out a transaction, after a copy of the database."""

    def receiving(self, *, group: int | None) -> AbstractContextManager[Receiver]:
        """Hand out the receiver of another clinic, which is shared with `group`.

        Refuses with `Exists` when there is a database.
        """

    def add_refused(self, *, command: str, needed: Sequence[str], reason: str) -> None:
        """Add a refused attempt to the journal, for somebody who may not write it.

        Refuses with `NoRight` where nobody has made that possible.
        """

    def login(self) -> str:
        """Return the name by which the database knows who runs the command."""

    def group(self) -> int | None:
        """Return the group of users that a file is shared with."""

    def share(self, group: str | None) -> int:
        """Share a file with a group, or make it private; return how many changed.

        Refuses with `NotAFile` on a server.
        """

    def prepare(self, group: str, *, dry_run: bool) -> bool:
        """Share the folder of a new file; return whether the file is shared.

        An existing file is not changed. Refuses as `share` does.
        """

    def compact(self) -> tuple[int, int]:
        """Shrink the database; return the bytes before and after."""

    def overwrite(self) -> bool | None:
        """Remove deleted data from the files of the database; return whether that worked.

        Returns None if the engine cannot do it.
        """

    def copies(self) -> list[str]:
        """Return the names of the copies beside the database."""

    def grants(self, prefix: str) -> list[str]:
        """Return the rights of the people of a clinic on a server as SQL.

        The names of the roles begin with `prefix`. Refuses a file.
        """


class GroupStore(Store, Protocol):
    """A store whose commands share a transaction (group commit)."""

    lost: bool
    """Whether the database itself rolled the last group back, so that nothing of it was written."""
    atomic: bool
    """Whether all writes form one group, which is committed at the end only."""
    timed_out: bool
    """Whether the last wait for the lock timed out.

    Until a caller resets it, writes try the lock only once.
    """
    refuses_after_restore: bool
    """Whether the first command after a restore is refused: a person may type numbers seen before it."""

    def held(self) -> float:
        """Return for how many seconds the group has held the lock; 0 if no group is open."""

    def commit_group(self) -> None:
        """Commit the group and release the lock."""

    def roll_back(self) -> None:
        """Roll the group back unless it is committed, and release the lock."""

    def close(self) -> None:
        """Roll back the open group, and close the connections."""


# Each engine is loaded when it is chosen: a command loads one driver.


def open_store(place: str, *, wait: float) -> Store:
    """Return the store of a place."""
    if place.startswith(paths.SERVER):
        from clinicctl.store.postgresql.store import ServerStore

        return ServerStore(place, wait=wait)
    from clinicctl.store.sqlite.store import FileStore

    return FileStore(place, wait=wait)


def open_group(place: str, *, wait: float) -> GroupStore:
    """Return the store of a place for several commands, any of which may write."""
    if place.startswith(paths.SERVER):
        from clinicctl.store.postgresql.group_commit import GroupServerStore

        return GroupServerStore(place, wait=wait)
    from clinicctl.store.sqlite.group_commit import GroupFileStore

    return GroupFileStore(place, wait=wait)


def doctor_codes(place: str) -> list[str]:
    """Return the codes of the active doctors, for completion.

    The list is empty if the database cannot be read.
    """
    if place.startswith(paths.SERVER):
        from clinicctl.store.postgresql.driver import doctor_codes as codes_on_server

        return codes_on_server(place)
    from clinicctl.store.sqlite.driver import doctor_codes as codes_in_file

    return codes_in_file(place)
