"""Receive a clinic from another place into a new schema."""

from collections.abc import Iterator
from contextlib import contextmanager

from clinicctl.store.postgresql import filling, notes
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import ServerTransactions
from clinicctl.store.postgresql.tx import ServerTx
from clinicctl.store.reports import Head
from clinicctl.store.tx import Tx


class ServerReceiver:
    """A new schema that nobody else sees before its transaction commits."""

    def __init__(self, store: ServerTransactions, session: Session) -> None:
        self._store = store
        self._session = session
        self._tx: ServerTx | None = None

    @contextmanager
    def fill(self, source: Tx) -> Iterator[ServerTx]:
        """Copy every row of a clinic; hand out the transaction, for a check."""
        with self._store.translated():
            filling.fill(self._session, source)
            self._tx = self._store.opened(self._session, Head(*source.head()), source.actor)
            yield self._tx

    def publish(self, key: str) -> None:
        """Commit, so that the copy appears.

        Refuses with `OutcomeUnknown` when nothing proves that it did.
        """
        assert self._tx is not None
        with self._store.translated():
            self._store.commit(key, self._tx)
        notes.note_head(self._store.place, self._tx.session.begun, self._tx.now)


@contextmanager
def receiving(store: ServerTransactions) -> Iterator[ServerReceiver]:
    """Hand out the receiver of a clinic. Refuses with `Exists` when there is one."""
    with store.translated(), store.session() as session:
        store.begin_new(session)
        session.take_time()
        yield ServerReceiver(store, session)
