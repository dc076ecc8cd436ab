"""Errors about the database: it cannot be used, or it is busy."""

from clinicctl.errors.base import AgainstRule, Refusal


class DatabaseUnusable(Refusal):
    status = 10


class NoDatabase(DatabaseUnusable):
    code, sentence = "no_database", "No clinic database at {path}."
    advice = "Create one with `clinicctl init`, or try `clinicctl demo`. Choose another database with --db."


class NotOurs(DatabaseUnusable):
    code, sentence = "not_a_clinic_database", "{path}: not a clinic database ({reason}). The file was not changed."


class NewerDatabase(DatabaseUnusable):
    code, sentence = "newer_database", "{path}: schema {found} is newer than this clinicctl supports ({known})."
    advice = "Upgrade clinicctl."


class NeedsMigration(DatabaseUnusable):
    code, sentence = "needs_migration", "{path}: schema {found} is older than this clinicctl needs ({known})."
    advice = "Run `clinicctl db migrate`."


class StrayLog(DatabaseUnusable):
    """A log without its database.

    A new database at the path would be combined with the log of the old one.
    """

    code = "damaged_database"
    sentence = "{path} is missing, but its log {log} exists and may hold confirmed writes."
    advice = "Put the database back beside the log, restore a backup, or move the log away."


class Damaged(DatabaseUnusable):
    code, sentence = "damaged_database", "{path}: the database is damaged ({reason})."
    advice = "Stop writing, keep the file, and restore a backup."


class FellBehind(DatabaseUnusable):
    """The database is intact but out of date, for example an old copy."""

    code = "damaged_database"
    sentence = "{path}: the journal ends with write {found}, but {noted} was confirmed: {lost}. Nothing was written."
    advice = (
        "Put the right file back, or restore a backup with `clinicctl db restore {backup}`. "
        "To continue with this file, run `clinicctl db restore {path}`."
    )


class Mixture(Damaged):
    """SQLite would replay a log over a file that it does not belong to."""

    sentence = "{path}: the log beside it does not belong to the file ({reason}). Nothing was changed."

    def __init__(self, *, path: str, first: int, last: int | None, reason: str, readable: bool) -> None:
        writes = f" (writes {first} to {last})" if last is not None and last >= first else ""
        accept = f"`clinicctl db restore {path}`"
        hint = (
            f"Restore a backup with `clinicctl db restore FILE`. Or give up the contents of the log{writes}: "
            f"move {path}-wal away, and accept the rest with {accept}."
        )
        if readable:
            hint += f" Or inspect it with `clinicctl db check`, and accept both as they are with {accept}."
        super().__init__(hint=hint, path=path, first=first, last=last, reason=reason)


class Replaced(DatabaseUnusable):
    """The open database is no longer the one in the folder.

    Earlier results may not apply to the new one.
    """

    code = "replaced_database"
    sentence = "{path}: the open database or its log was replaced, renamed or deleted. Nothing was written."
    advice = "Numbers may now belong to other people. Run `clinicctl health`, then run the command again."


class RestoredMeanwhile(Replaced):
    """A backup was restored between two lines, or before an answer."""

    sentence = "{path}: a backup was restored in the meantime. Nothing was written."
    advice = "Earlier numbers may now belong to other people. Check them, then run the command again."


class Moved(DatabaseUnusable):
    """The clinic lives on elsewhere. What would be written here, nobody there would see."""

    code = "moved"
    sentence = "{path}: this clinic has moved to {to}. Nothing was written."
    advice = (
        "Use the database there: choose it with --db. If the copy was interrupted, finish it with "
        "`clinicctl db copy --to PLACE`."
    )


class NoRoles(AgainstRule):
    code = "no_roles"
    sentence = "{path} is a file, which has no roles: every user who may write to it may do everything."
    advice = "Roles are for a clinic on a server: see `clinicctl help postgresql`."


class OnNetwork(DatabaseUnusable):
    code = "network_filesystem"
    sentence = "{path}: locks and the log do not work on a network file system ({kind})."
    advice = "Keep the database on a local disk: choose it with --db."


class OpenToOthers(DatabaseUnusable):
    code = "open_to_others"
    sentence = "{path}: other users can write there (mode {mode}), and could change or replace the database."
    advice = "Run `chmod {chmod} {all}`. To share the clinic with a group, run `clinicctl db share --group NAME`."


class NotShared(AgainstRule):
    code = "not_shared"
    sentence = "{path}: who may use it cannot be changed ({reason}). Nothing was changed."


class NotAFile(AgainstRule):
    code = "not_a_file"
    sentence = "{path} is on a server: only a clinic in a file can be shared with a group."
    advice = "On a server, each person has a role: see `clinicctl db roles`."


class OtherNames(DatabaseUnusable):
    code = "other_names"
    sentence = "{path}: the file has a second name (a hard link), and each name would have its own lock."
    advice = "Remove the other name, or copy the file with `clinicctl db backup`."


class Busy(Refusal):
    code, status = "busy", 11
    sentence = "The database is busy: no write lock within {wait:g} s. Nothing was written."
    advice = "Try again, or wait longer with --wait."


class Ended(Busy):
    """The server has ended the transaction, perhaps with earlier commands in it."""

    sentence = "The database is busy: the server ended the transaction ({reason}). Nothing was written."


class Overtaken(Ended):
    """The server has ended the transaction of this command in favour of another one. It is worth repeating."""


class Unreachable(Busy):
    sentence = "{path}: the server is not reachable ({reason}). Nothing was written."


class NotConnected(DatabaseUnusable):
    code = "cannot_connect"
    sentence = "{path}: the server refuses the connection ({reason})."
    advice = "Passwords belong in a file that PGPASSFILE names, or in a service file."


class NoDriver(DatabaseUnusable):
    code = "no_driver"
    sentence = "clinicctl cannot use PostgreSQL, because psycopg is not installed."
    advice = "Install it with `pip install 'clinicctl[postgresql]'`."
