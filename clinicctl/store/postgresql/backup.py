"""Back up a clinic on a server to a clinic file, which every desk can open."""

from clinicctl.store.postgresql import notes
from clinicctl.store.postgresql.beginning import READ
from clinicctl.store.postgresql.transactions import ServerTransactions
from clinicctl.store.reports import Copy, Head, LastBackup
from clinicctl.store.sqlite import backup, filling


def make(store: ServerTransactions, target: str, *, keep: int | None) -> Copy:
    """Copy a view of the clinic to a new file, or into a folder under a dated name.

    It blocks nobody. `keep` is the number of backups of this clinic that stay in the folder, including this one.
    Refuses with `Exists` when there is a file or a link at the target, and refuses a clinic whose copy is damaged.
    """
    with backup.publishing(target, name=store.address.schema, keep=keep) as draft:
        with store.translated(), store.begun(READ, None) as tx:
            tx.session.take_time()
            filling.fill(draft.draft.path, tx, moved=True)
            noted = Head(*tx.head())
        draft.head, draft.zone = backup.checked(draft.draft.path, shown=store.place, noted=noted)
    made = draft.made()
    notes.note_backup(store.place, LastBackup(made.at, made.path, made.head))
    return made
