"""Move a clinic to another place, on any engine: all of it or nothing.

The place that it leaves is marked in the same transaction that writes the journal row of the move, so that the clinic
does not live on at both. The mark is committed just before the copy appears. If the command ends between the two, the
same command finishes the move: it copies again what the mark has frozen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from clinicctl import errors
from clinicctl.store.engine import Receiver, Store, Tx
from clinicctl.store.reports import Violation
from clinicctl.store.tx import MOVED_TO

Check = Callable[[Tx], Violation | None]
"""Returns the first violation in a copy."""

_UNSOUND = "Nothing was copied. Run `clinicctl db check`, and `clinicctl db check --repair` for what can be repaired."
_MARK = "INSERT INTO settings (name, value) VALUES (?, ?)"


@contextmanager
def moving(
    source: Store, target: Store, check: Check, *, actor: str | None, key: str, dry_run: bool = False
) -> Iterator[Tx]:
    """Hand out a transaction on the source; then copy and mark it.

    Nothing happens when the body has written nothing, because it replays an earlier answer. Refuses with `Exists` when
    there is a database at the target.
    """
    with target.receiving(group=source.group()) as receiver:
        with source.write(actor=actor, key=key, dry_run=dry_run) as tx:
            before = tx.head()
            yield tx
            written = tx.head() != before
            if written:
                _refuse_cut(tx)
                _fill(receiver, tx, check)
                tx.execute(_MARK, (MOVED_TO, target.place))
        if written and not dry_run:
            try:
                receiver.publish(key)
            except (errors.Refusal, OSError):
                raise errors.OutcomeUnknown(reason="the copy may be missing", key=key) from None


def finish(source: Store, target: Store, check: Check, *, actor: str | None, key: str) -> None:
    """Copy a source that is marked as moved to the target, unless the copy is there."""
    with source.read(actor=actor) as tx:
        if _is_there(target, tx):
            return
        with target.receiving(group=source.group()) as receiver:
            _fill(receiver, tx, check)
            receiver.publish(key)


def _fill(receiver: Receiver, source: Tx, check: Check) -> None:
    """Copy every row, and refuse a copy that is not sound.

    It is checked as its engine would check it later.
    """
    source.take_time()
    with receiver.fill(source) as copy:
        found = check(copy)
        if found is not None:
            reason = f"{found.invariant}: {found.where}"
            raise errors.Damaged(path=source.place, reason=reason, hint=_UNSOUND)


def _is_there(target: Store, source: Tx) -> bool:
    """Return whether the target has the journal of the source.

    Refuses another clinic there.
    """
    try:
        with target.read(actor=source.actor) as tx:
            if not tx.is_restored(source.head()):
                return True
    except errors.NoDatabase:
        return False
    raise errors.Exists(path=target.place)


def _refuse_cut(tx: Tx) -> None:
    """Refuse a journal without its last rows, which the copy would not miss."""
    number, _ = tx.head()
    if tx.last_number_given() > number:
        raise errors.Damaged(path=tx.place, reason="the last rows of the journal are missing")
