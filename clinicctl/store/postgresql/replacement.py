"""Replace a clinic on a server by a backup, in one transaction.

What takes long happens first: the backup is copied to a new schema, which nobody else sees. Then the head of the
clinic is locked against readers, too. A reader must not see the names of the tables change under its view: it would
find the new tables empty. So the replacement waits for those that have begun, in short turns, so that nobody waits long
behind it.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from tempfile import TemporaryDirectory
from typing import Any

from clinicctl import clock, errors, interrupts
from clinicctl.store.postgresql import attempts, copies, filling, info
from clinicctl.store.postgresql.beginning import WRITE
from clinicctl.store.postgresql.driver import psycopg, search_path
from clinicctl.store.postgresql.session import Session
from clinicctl.store.postgresql.transactions import AGAIN, ServerTransactions
from clinicctl.store.postgresql.tx import ServerTx
from clinicctl.store.reports import Head
from clinicctl.store.sqlite import check as file_check
from clinicctl.store.sqlite import drafts
from clinicctl.store.sqlite.connections import inspect
from clinicctl.store.sqlite.copies import copy_pages
from clinicctl.store.sqlite.transactions import FileTransactions
from clinicctl.store.sqlite.tx import FileTx
from clinicctl.store.tx import MOVED_TO

_TURN = "500ms"
"""How long others wait behind the replacement, when it waits for one that has begun."""

_NEW = "restoring"
_KEY = "SELECT 1 FROM journal WHERE key = %s"
_MOVED = "SELECT value FROM settings WHERE name = %s"
_GRANTEE = "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END"
_OPTION = "CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END"
_GRANTS = f"""SELECT format('GRANT %%s ON SCHEMA %%I TO %%s%%s', a.privilege_type, %s::text, {_GRANTEE}, {_OPTION})
    FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname = %s AND a.grantee <> n.nspowner
    UNION ALL
    SELECT format('GRANT %%s ON %%I.%%I TO %%s%%s', a.privilege_type, %s::text, c.relname, {_GRANTEE}, {_OPTION})
    FROM pg_class AS c, aclexplode(c.relacl) AS a
    WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' AND a.grantee <> c.relowner
    UNION ALL
    SELECT format('GRANT %%s (%%I) ON %%I.%%I TO %%s%%s', a.privilege_type, t.attname, %s::text, c.relname, {_GRANTEE},
        {_OPTION})
    FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
    WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r'"""  # noqa: S608 - our own
_OWNERS = """SELECT format('ALTER SCHEMA %%I OWNER TO %%I', %s::text, pg_get_userbyid(nspowner)) FROM pg_namespace
    WHERE nspname = %s AND nspowner <> current_user::regrole
    UNION ALL
    SELECT format('ALTER TABLE %%I.%%I OWNER TO %%I', %s::text, relname, pg_get_userbyid(relowner)) FROM pg_class
    WHERE relnamespace = %s::regnamespace AND relkind = 'r' AND relowner <> current_user::regrole"""


@contextmanager
def replacing(
    store: ServerTransactions, file: str, *, actor: str | None, key: str, dry_run: bool = False
) -> Iterator[ServerTx]:
    """Hand out a transaction on a copy of `file`, which replaces the clinic.

    Refuses a file that is not a clinic database, or whose schema has anything unknown. An older schema is migrated. The
    replaced clinic stays in a schema beside the new one, with the same rights on both. If the clinic already has a
    write with this key, nothing is replaced, and the transaction is on the clinic itself.
    """
    with ExitStack() as work:
        if not _has_key(store, key):
            backup = work.enter_context(_opened(file, actor=actor, key=key, wait=store.wait))
            work.enter_context(store.translated())
            session = work.enter_context(store.session())
            tx = _copied(store, session, backup, actor=actor, key=key)
            if tx is not None:
                yield tx
                if not dry_run:
                    store.commit(key, tx)
                return
    with store.write(actor=actor, key=key, dry_run=dry_run) as live:
        yield live


@contextmanager
def _opened(file: str, *, actor: str | None, key: str, wait: float) -> Iterator[FileTx]:
    """Hand out a view of a private copy of a backup, checked and migrated."""
    inspect(file)
    with TemporaryDirectory() as folder, drafts.making(os.path.join(folder, "backup.db")) as draft:
        copy_pages(file, draft, wait)
        file_check.refuse_foreign(draft, shown=file)
        copy = FileTransactions(draft, wait=wait)
        with copy.transaction(draft, actor=actor, key=key, dry_run=True, migrating=True) as tx:
            tx.refuse_moved()
            file_check.refuse_unsound(tx.driver, shown=file)
            yield tx


def _copied(
    store: ServerTransactions, session: Session, backup: FileTx, *, actor: str | None, key: str
) -> ServerTx | None:
    """Copy a backup in place of the clinic; return the transaction.

    Return None if the clinic has a write with this key.
    """
    schema, now = store.address.schema, clock.now()
    try:
        store.begin_new(session)
    except errors.Exists:
        session.roll_back()
    else:
        # There is nothing to replace.
        filling.fill(session, backup)
        return store.opened(session, Head(*backup.head()), actor, schema=backup.schema)
    session.run_all(store.beginning(WRITE))
    _refuse_foreign(store, session)
    new = copies.free_name(session, schema, _NEW, now)
    session.script([f'CREATE SCHEMA "{new}"', search_path(new)])
    filling.fill(session, backup)
    session.script([search_path(schema)])
    _lock(store, session)
    if _found(session, _KEY, key):
        return None
    for (to,) in _found(session, _MOVED, MOVED_TO):
        raise errors.Moved(path=store.place, to=to)
    old = copies.free_name(session, schema, copies.REPLACED, now)
    rights = session.run(_GRANTS, (new, schema) * 3).fetchall()
    owners = session.run(_OWNERS, (new, schema) * 2).fetchall()
    renamed = [f'ALTER SCHEMA "{schema}" RENAME TO "{old}"', f'ALTER SCHEMA "{new}" RENAME TO "{schema}"']
    session.script(
        [*(each for (each,) in [*rights, *owners]), *renamed, attempts.moved(old, schema), search_path(schema)]
    )
    tx = store.opened(session, Head(*backup.head()), actor, schema=backup.schema)
    return replace(tx, saved_copy=store.address.place_of(old))


def _lock(store: ServerTransactions, session: Session) -> None:
    """Lock the clinic against writers and readers.

    Refuses with `Busy` when they do not end in time.
    """
    end = clock.ticks() + store.wait
    session.script([f"SET LOCAL lock_timeout = '{_TURN}'"])
    while True:
        session.later("SAVEPOINT locking", None)
        try:
            session.run("LOCK TABLE head IN ACCESS EXCLUSIVE MODE", None)
        except psycopg.Error as error:
            state = error.sqlstate
            session.roll_back_to("locking")
            if state != "55P03":
                raise
            if clock.ticks() + AGAIN > end:
                raise errors.Busy(wait=store.wait) from None
        else:
            break
        with interrupts.Waiting():
            clock.pause(AGAIN)


def _refuse_foreign(store: ServerTransactions, session: Session) -> None:
    """Refuse to replace what is not a clinic. A damaged one may be replaced."""
    try:
        with suppress(errors.Damaged):
            info.read_content(store, session)
    except errors.NoDatabase:
        raise errors.NotOurs(path=store.place, reason="a schema of another program") from None


def _found(session: Session, sql: str, value: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query; none if the clinic is too damaged for it."""
    session.later("SAVEPOINT looking", None)
    try:
        return session.run(sql, (value,)).fetchall()
    except psycopg.Error:
        session.roll_back_to("looking")
        return []


def _has_key(store: ServerTransactions, key: str) -> bool:
    """Return whether the clinic has a write with this key.

    One that cannot be read has none.
    """
    with suppress(errors.Refusal), info.viewed(store) as session:
        return bool(session.run(_KEY, (key,)).fetchall())
    return False
