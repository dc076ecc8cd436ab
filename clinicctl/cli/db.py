"""Commands for the database file."""

from typing import Annotated

import typer

from clinicctl import desk, errors, render
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import Writing, group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.store import paths

db = group(
    "db",
    "The database: check, back up, restore, move, migrate, compact, share.",
    "clinicctl db check",
    "clinicctl db backup clinic-copy.db",
)
GROUPS = {"db": db}


class _Check(Writing):
    """A command that writes only with `--repair`, which does not run in a batch."""

    may_be_long = True


@reads(db, "info", "clinicctl db info", "clinicctl db info --json")
def info(ctx: Ctx) -> None:
    """Show the database's schema, sizes, row counts, journal head and last backup."""
    ctx.obj.admit()
    ctx.obj.show(desk.database.describe(ctx.obj.store))


@db.command("check", cls=_Check, epilog="clinicctl db check\nclinicctl db check --repair")
def check(
    ctx: Ctx,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair derived data, after a copy of the database.")
    ] = False,
) -> None:
    """Check the file, the schema and the data.

    Exits with 0, or with 10 and a list of problems.

    Changes nothing without --repair. With it, the database is copied, and derived data is computed again: the bookings
    of each day, counters, the index of names. Problems that remain are listed, and the exit status is 10.
    """
    ctx.obj.admit()
    found = desk.integrity.look(ctx.obj.store, actor=ctx.obj.settings.actor)
    if repair and (ctx.obj.settings.key or any(each.mendable for each in found.problems)):
        mended = ctx.obj.write_through(desk.database.repairing(ctx.obj.store), desk.integrity.repair)
        sound = not mended.left
    else:
        ctx.obj.show(found)
        sound = found.sound
    if not sound:
        raise typer.Exit(errors.DatabaseUnusable.status)


@reads(db, "backup", "clinicctl db backup clinic-copy.db", "clinicctl db backup . --keep 7")
def backup(
    ctx: Ctx,
    target: Annotated[
        str, typer.Argument(metavar="FILE|FOLDER", help="A new file, or a folder for a file with a dated name.")
    ],
    keep: Annotated[
        int | None,
        params.count("--keep", 1, parsers.MOST, help="Keep only the last N backups here."),
    ] = None,
) -> None:
    """Back up the database to a new file while others write. The copy is checked."""
    ctx.obj.admit()
    ctx.obj.wrote = True
    ctx.obj.show(desk.database.back_up(ctx.obj.store, target=target, keep=keep))


@writes(db, "restore", "clinicctl db restore clinic-copy.db --yes", "clinicctl db restore clinic-copy.db --dry-run")
def restore(
    ctx: Ctx, file: Annotated[str, typer.Argument(metavar="FILE", help="A backup, or the database itself.")]
) -> None:
    """Replace the database by a backup. The previous database remains beside it.

    The backup is checked first: origin, schema, integrity. If the database itself is named, it is accepted as it is,
    although it lacks the last writes.
    """
    ctx.obj.admit()
    contents = desk.database.about(ctx.obj.store, file=file)
    ctx.obj.confirm(f"Replace {ctx.obj.store.place} by {file} ({contents})?")
    begin = desk.database.replacing(ctx.obj.store, file=file)
    ctx.obj.write_through(begin, desk.database.restore, file=paths.shown(file))


@writes(db, "copy", "clinicctl db copy --to north.db --dry-run", "clinicctl db copy --to north.db")
def copy(
    ctx: Ctx,
    to: Annotated[str, typer.Option("--to", metavar="PATH|URL", help="The new database, which must not exist yet.")],
) -> None:
    """Move the clinic to another database: a file, or a schema on a server.

    Everything is copied and checked, or nothing. The journal goes on at the new place, and the old database answers
    only that the clinic has moved. Repeat the command if it was interrupted.
    """
    ctx.obj.admit()
    options, store = ctx.obj.settings, ctx.obj.store
    target = ctx.obj.store_at(to)
    done = desk.database.finish_copy(
        store, to=target, actor=options.actor, key=options.key or "", dry_run=options.dry_run
    )
    if done is not None:
        ctx.obj.show(done)
        return
    runner = desk.database.Runner(target.login())
    ctx.obj.write_through(desk.database.copying(store, to=target), desk.database.copy, to=target.place, runner=runner)


@writes(db, "migrate", "clinicctl db migrate")
def migrate(ctx: Ctx) -> None:
    """Migrate the database to the schema of this version, after a copy."""
    ctx.obj.write_through(desk.database.migrating(ctx.obj.store), desk.database.migrate)


@reads(db, "compact", "clinicctl db compact")
def compact(ctx: Ctx) -> None:
    """Shrink the database file. Other commands wait meanwhile."""
    ctx.obj.admit()
    ctx.obj.wrote = True
    ctx.obj.show(desk.database.compact(ctx.obj.store))


@reads(db, "share", "clinicctl db share --group clinic", "clinicctl db share --private")
def share(
    ctx: Ctx,
    group: Annotated[
        str | None,
        typer.Option(
            "--group", metavar="NAME", help="The name or number of the group whose users may use the database."
        ),
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Only the owner may use it again.")] = False,
) -> None:
    """Let the users of a group use the database file, or make it private again.

    The folder gets mode 2770 and the files 0660, with this group. Everything that clinicctl makes there later has the
    same access, for each of these users. All others stay out.
    """
    if private == (group is not None):
        raise errors.Usage(problem="Give --group NAME, or --private.")
    ctx.obj.admit()
    ctx.obj.wrote = True
    ctx.obj.show(desk.database.share(ctx.obj.store, group=group))


@reads(db, "roles", "clinicctl db roles", "clinicctl db roles --prefix north")
def roles(
    ctx: Ctx,
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="NAME", help="The beginning of the roles' names.", show_default=True)
    ] = "clinic",
) -> None:
    """Print the rights of the owner and of each role on a server, as SQL.

    Nothing is granted: read the lines, and run them as the owner of the database.
    """
    ctx.obj.admit()
    found = desk.database.roles(ctx.obj.store, prefix=prefix)
    if ctx.obj.settings.output in ("json", "jsonl"):
        ctx.obj.show(found)
    else:
        render.text("".join(f"{line}\n" for line in found.sql))
