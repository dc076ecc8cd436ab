"""Migrate a clinic on a server, or repair it, in one transaction with a copy of it from before."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from clinicctl import errors
from clinicctl.store import migrations
from clinicctl.store.compiled import journal
from clinicctl.store.migrations import CURRENT
from clinicctl.store.postgresql import check, copies
from clinicctl.store.postgresql.beginning import WRITE
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import ServerTransactions
from clinicctl.store.postgresql.tx import ServerTx

_COUNTS = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"


@contextmanager
def saved_first(
    store: ServerTransactions, *, actor: str | None, key: str, dry_run: bool = False, migrating: bool = False
) -> Iterator[ServerTx]:
    """Copy the clinic to a schema beside it, then hand out a transaction.

    Both are committed together.

    `migrating` migrates to the newest schema in the same transaction. Nothing is copied for a clinic that has this
    version already, or that has a write with this key.
    """
    with store.translated(), store.begun(WRITE, actor, any_version=migrating) as tx:
        if tx.schema > CURRENT:
            raise errors.NewerDatabase(path=store.place, found=tx.schema, known=CURRENT)
        tx.refuse_moved()
        session, saved = tx.session, None
        session.take_time()
        due = not migrating or tx.schema < CURRENT
        if due and not dry_run and journal.by_key(tx, key=key) is None:
            name = copies.free_name(session, store.address.schema, copies.BEFORE, tx.now)
            copies.clone(session, store.address.schema, name)
            saved = store.address.place_of(name)
        if due and migrating:
            migrate(session, tx.schema, place=store.place)
        yield replace(tx, saved_copy=saved)
        if not dry_run:
            store.commit(key, tx)


def migrate(session: Session, found: int, *, place: str) -> None:
    """Run the missing steps in the open transaction.

    Refuses lost rows, and a result that differs from a new clinic.
    """
    if found < migrations.FIRST_ON_SERVER:
        raise errors.Damaged(path=place, reason=f"no clinic on a server has schema {found}")
    before = _counts(session)
    for version in range(found + 1, CURRENT + 1):
        session.script(migrations.statements(version, "postgresql"))
    session.script([f"UPDATE head SET schema = {CURRENT}"])  # noqa: S608 - a number
    after = _counts(session)
    if lost := [table for table, rows in before.items() if after.get(table) != rows]:
        raise errors.Damaged(path=place, reason=f"the migration would lose rows of {', '.join(lost)}")
    for problem in check.differences(session):
        raise errors.Damaged(path=place, reason=problem)


def _counts(session: Session) -> dict[str, int]:
    names = [name for (name,) in session.run(_COUNTS, None).fetchall()]
    counted = session.run_all([(f'SELECT count(*) FROM "{name}"', None) for name in names])  # noqa: S608 - a table
    return {name: each.fetchall()[0][0] for name, each in zip(names, counted, strict=True)}
