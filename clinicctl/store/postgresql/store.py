"""The store of a clinic on a server, with the doors that every engine has.

What works on the clinic as a whole is loaded by the commands that need it.
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from clinicctl import errors
from clinicctl.store.postgresql.transactions import ServerTransactions
from clinicctl.store.postgresql.tx import ServerTx

if TYPE_CHECKING:
    from clinicctl.store.postgresql.receiving import ServerReceiver
    from clinicctl.store.reports import Copy, DatabaseInfo, Found, Violation


class ServerStore(ServerTransactions):
    """The database of one clinic: a schema on a server."""

    def describe(self) -> "DatabaseInfo":
        """Describe the clinic and its server, also one with an older schema."""
        from clinicctl.store.postgresql import info

        return info.describe(self)

    def examine(self) -> "list[Found]":
        """Check whether the clinic and its server can be used. Refuses nothing."""
        from clinicctl.store.postgresql import health

        return health.examine(self)

    def find_violations(self) -> "list[Violation]":
        """Return the violations in a clinic that no transaction can be opened on."""
        from clinicctl.store.postgresql import check, info

        with info.viewed(self) as session:
            return list(check.violations(session))

    def back_up(self, target: str, *, keep: int | None) -> "Copy":
        """Copy the clinic to a new file, or to a dated file in a folder.

        See `backup.make`.
        """
        from clinicctl.store.postgresql import backup

        return backup.make(self, target, keep=keep)

    def describe_backup(self, file: str) -> "DatabaseInfo":
        """Describe a backup, which is a clinic file."""
        from clinicctl.store.sqlite import info

        if not os.path.lexists(file):
            raise errors.NoSuchFile(path=file)
        return info.describe(file, wait=0)

    def replacing(
        self, file: str, *, actor: str | None, key: str, dry_run: bool = False
    ) -> AbstractContextManager[ServerTx]:
        """Hand out a transaction on a copy of `file`, which then replaces the clinic."""
        from clinicctl.store.postgresql import replacement

        return replacement.replacing(self, file, actor=actor, key=key, dry_run=dry_run)

    def migrating(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[ServerTx]:
        """Migrate the clinic in a transaction, after a copy of it."""
        from clinicctl.store.postgresql import migration

        return migration.saved_first(self, actor=actor, key=key, dry_run=dry_run, migrating=True)

    def repairing(self, *, actor: str | None, key: str, dry_run: bool = False) -> AbstractContextManager[ServerTx]:
        """Hand out a transaction, after a copy of the clinic."""
        from clinicctl.store.postgresql import migration

        return migration.saved_first(self, actor=actor, key=key, dry_run=dry_run)

    def receiving(
        self,
        *,
        group: int | None,  # noqa: ARG002 - as another engine's
    ) -> "AbstractContextManager[ServerReceiver]":
        """Hand out the receiver of another clinic.

        Refuses with `Exists` when there is one.
        """
        from clinicctl.store.postgresql import receiving

        return receiving.receiving(self)

    def add_refused(self, *, command: str, needed: Sequence[str], reason: str) -> None:
        """Add a refused attempt to the journal, for somebody who may not write it."""
        from clinicctl.store.postgresql import attempts

        attempts.add(self, command=command, needed=needed, reason=reason)

    def login(self) -> str:
        """Return the role of the connection."""
        with self.translated(), self.session() as session:
            ((role,),) = session.run("SELECT session_user", None).fetchall()
        return str(role)

    def group(self) -> None:
        """Return that there is no group."""
        return

    def share(self, group: str | None) -> int:  # noqa: ARG002 - as another engine's
        """Refuse: the roles of a server are its rights."""
        raise errors.NotAFile(path=self.place)

    def prepare(self, group: str, *, dry_run: bool) -> bool:  # noqa: ARG002 - as another engine's
        """Refuse as `share` does."""
        raise errors.NotAFile(path=self.place)

    def compact(self) -> tuple[int, int]:
        """Refuse: the server gives free space back by itself."""
        raise errors.Usage(
            problem="A clinic on a server is not compacted by a command: the server's autovacuum does it."
        )

    def overwrite(self) -> None:
        """Let the server remove the old versions of rows.

        Nobody can tell whether it is the only one to have them.
        """
        from clinicctl.store.postgresql import erasure

        erasure.vacuum(self)

    def copies(self) -> list[str]:
        """Return the names of the copies beside the clinic."""
        from clinicctl.store.postgresql import erasure

        return erasure.listed(self)

    def grants(self, prefix: str) -> list[str]:
        """Return the rights of the people of this clinic as SQL.

        The names of the roles begin with `prefix`.
        """
        from clinicctl.store.postgresql import info, roles

        with info.viewed(self) as session:
            info.read_content(self, session)
            ((database,),) = session.run("SELECT current_database()", None).fetchall()
        return roles.script(database=database, schema=self.address.schema, prefix=prefix)
