"""Receive a clinic from another place into a new database file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from clinicctl.store import paths
from clinicctl.store.sqlite import filling
from clinicctl.store.sqlite.connections import connected, view
from clinicctl.store.sqlite.copies import writing_to
from clinicctl.store.sqlite.db_errors import translated
from clinicctl.store.sqlite.transactions import FileTransactions, open_tx
from clinicctl.store.sqlite.tx import FileTx
from clinicctl.store.tx import Tx


class FileReceiver:
    """A new database file that is still a draft beside its path."""

    def __init__(self, store: FileTransactions, draft: str) -> None:
        self._store = store
        self._draft = draft
        self._head = (0, "")

    @contextmanager
    def fill(self, source: Tx) -> Iterator[FileTx]:
        """Copy every row of a clinic; hand out a view of the copy."""
        with writing_to(self._store.path), translated(self._store.path, self._store.wait):
            filling.fill(self._draft, source, moved=False)
            with connected(self._draft, self._store.wait, mode="rw") as connection, view(connection):
                tx = open_tx(connection, self._store.path, source.actor)
                self._head = tx.head()
                yield tx

    def publish(self, key: str) -> None:  # noqa: ARG002 - as another engine's, where a commit may fail
        """Let the copy appear at its path, whole and synced."""
        self._store.put_new(self._draft, self._head)


@contextmanager
def receiving(store: FileTransactions, access: paths.Access) -> Iterator[FileReceiver]:
    """Hand out the receiver of a clinic. `access` is that of a new folder.

    Refuses with `Exists` when there is a file at the path.
    """
    if not os.path.lexists(store.path):
        paths.refuse_own(store.path)
    with store.drafting(access) as draft:
        yield FileReceiver(store, draft)
