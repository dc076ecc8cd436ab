"""The store of a database file, with the doors that every engine has.

What works on the file as a whole is loaded by the commands that need it.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from clinicctl import errors, settings
from clinicctl.store import paths
from clinicctl.store.sqlite import head_file, location, trust
from clinicctl.store.sqlite.connections import inspect
from clinicctl.store.sqlite.transactions import FileTransactions
from clinicctl.store.sqlite.tx import FileTx

if TYPE_CHECKING:
    from clinicctl.store.reports import Copy, DatabaseInfo, Found, Head, Violation
    from clinicctl.store.sqlite.receiving import FileReceiver


class FileStore(FileTransactions):
    """The database of one clinic, at one path."""

    def protect(self) -> None:
        """Refuse the files of the database wherever a user names a file."""
        paths.protect(self.path)

    def noted_head(self) -> "Head | None":
        """Return the last head that was noted beside the database."""
        return head_file.known_head(self.path)

    def describe(self) -> "DatabaseInfo":
        """Describe the database, also one with an older schema."""
        from clinicctl.store.sqlite import info

        inspect(self.path)
        trust.refuse_mixture(self.path, wait=self.wait)
        return info.describe(self.path, wait=self.wait)

    def examine(self) -> "list[Found]":
        """Check whether the database can be used. Refuses nothing."""
        from clinicctl.store.sqlite import health

        return health.examine(self.path)

    def find_violations(self) -> "list[Violation]":
        """Return the violations in a database that no transaction can be opened on."""
        from clinicctl.store.sqlite import check

        return check.find_violations(self.path, wait=self.wait)

    def back_up(self, target: str, *, keep: int | None) -> "Copy":
        """Copy the database to a new file, or to a dated file in a folder."""
        from clinicctl.store.sqlite import backup

        return backup.make(self.path, target, wait=self.wait, keep=keep)

    def describe_backup(self, file: str) -> "DatabaseInfo":
        """Describe a backup.

        `file` may be the database itself, but none of its other files.
        """
        from clinicctl.store.sqlite import info

        if not os.path.exists(file) or paths.file_id(file) != paths.file_id(self.path):
            paths.refuse_own(file)
        if not os.path.lexists(file):
            raise errors.NoSuchFile(path=file)
        return info.describe(file, wait=0)

    def replacing(
        self, file: str, *, actor: str | None, key: str, dry_run: bool = False
    ) -> AbstractContextManager[FileTx]:
        """Hand out a transaction on a copy of `file`, which then replaces the database."""
        from clinicctl.store.sqlite import replacement

        return replacement.replacing(self, file, actor=actor, key=key, dry_run=dry_run)

    def migrating(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[FileTx]:
        """Migrate the database in a transaction, after a copy of it."""
        from clinicctl.store.sqlite import backup

        return backup.saved_first(self, "before-migration", actor=actor, key=key, dry_run=dry_run, migrating=True)

    def repairing(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[FileTx]:
        """Hand out a transaction, after a copy of the database."""
        from clinicctl.store.sqlite import backup

        return backup.saved_first(self, "before-repair", actor=actor, key=key, dry_run=dry_run)

    def receiving(self, *, group: int | None) -> "AbstractContextManager[FileReceiver]":
        """Hand out the receiver of another clinic. A new folder is shared with `group`.

        Refuses with `Exists` when there is a database.
        """
        from clinicctl.store.sqlite import receiving

        return receiving.receiving(self, paths.Access(group))

    def add_refused(self, *, command: str, needed: Sequence[str], reason: str) -> None:  # noqa: ARG002 - as another's
        """Refuse: who may not write to a file cannot add to its journal."""
        raise errors.NoRight(path=self.path, reason="this user may not write to the file")

    def login(self) -> str:
        """Return the login."""
        return settings.login()

    def group(self) -> int | None:
        """Return the group that the file is shared with."""
        return location.access(self.path).group

    def share(self, group: str | None) -> int:
        """Share the file with a group, or make it private; return how many changed."""
        from clinicctl.store.sqlite import sharing

        return sharing.share(self.path, group, wait=self.wait)

    def prepare(self, group: str, *, dry_run: bool) -> bool:
        """Share the folder of a new file; return whether the file is shared."""
        from clinicctl.store.sqlite import sharing

        wanted = sharing.access_of(group)
        if location.stat_database(self.path, making=True) is not None:
            return location.access(self.path) == wanted
        if not dry_run:
            sharing.prepare(self.path, wanted)
        return True

    def compact(self) -> tuple[int, int]:
        """Shrink the database file; return the bytes before and after."""
        from clinicctl.store.sqlite import backup

        return backup.compact(self)

    def overwrite(self) -> bool:
        """Remove deleted data from the file itself; return whether that worked."""
        from clinicctl.store.sqlite import erasure

        return erasure.overwrite(self)

    def copies(self) -> list[str]:
        """Return the names of the copies beside the database."""
        from clinicctl.store.sqlite import erasure

        return erasure.copies(self.path)

    def grants(self, prefix: str) -> list[str]:  # noqa: ARG002 - as another engine's
        """Refuse: the modes of a file are its rights."""
        raise errors.NoRoles(path=self.path)
