"""The commands on the database as a file."""

from typing import Annotated

import typer

from clinicctl import desk, errors
from clinicctl.cli import params
from clinicctl.cli.commands import group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.store import paths

db = group(
    "db",
    "The database: check, back up, restore, migrate, compact.",
    "clinicctl db check",
    "clinicctl db backup clinic-copy.db",
)
GROUPS = {"db": db}


@reads(db, "info", "clinicctl db info", "clinicctl db info --json")
def info(ctx: Ctx) -> None:
    """Show what the database is: schema, sizes, rows, the journal's head, the last backup."""
    ctx.obj.show(desk.database.describe(ctx.obj.store))


@writes(db, "check", "clinicctl db check", "clinicctl db check --repair")
def check(
    ctx: Ctx,
    repair: Annotated[bool, typer.Option("--repair", help="Work out anew what follows from the rest.")] = False,
) -> None:
    """Check the file, the schema and every law of the clinic: exit 0, or 10 with what is wrong.

    Reads only. With --repair, after a copy of the database, what can be derived is worked out anew: the days' ledgers,
    counters, the words and keys of names. What is left is told, and the exit status is then still 10.
    """
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
    target: Annotated[str, typer.Argument(metavar="FILE|FOLDER", help="A new file; in a folder, a dated name.")],
    keep: Annotated[
        int | None, params.count("--keep", 1, params.MOST, help="Keep the last N of this clinic in the folder.")
    ] = None,
) -> None:
    """Copy the database to a new file, while others write; checked, and never over something else."""
    ctx.obj.wrote = True
    ctx.obj.show(desk.database.back_up(ctx.obj.store, target=target, keep=keep))


@writes(db, "restore", "clinicctl db restore clinic-copy.db --yes", "clinicctl db restore clinic-copy.db --dry-run")
def restore(
    ctx: Ctx, file: Annotated[str, typer.Argument(metavar="FILE", help="A backup, or the database itself.")]
) -> None:
    """Put a backup in the place of the database, whole, and keep the replaced one beside it.

    The file is checked first: whose it is, its schema, whether it is whole. Named itself, the database is accepted as
    it stands, where it was refused for being behind what was last written.
    """
    held = desk.database.about(ctx.obj.store, file=file)
    ctx.obj.confirm(f"Replace {ctx.obj.store.path} by {file} ({held})?")
    begin = desk.database.replacing(ctx.obj.store, file=file)
    ctx.obj.write_through(begin, desk.database.restore, file=paths.shown(file))


@writes(db, "migrate", "clinicctl db migrate")
def migrate(ctx: Ctx) -> None:
    """Bring the database up to the schema of this version, after a copy of it."""
    ctx.obj.write_through(desk.database.migrating(ctx.obj.store), desk.database.migrate)


@reads(db, "compact", "clinicctl db compact")
def compact(ctx: Ctx) -> None:
    """Press the database together, so that what was deleted takes no room. Others wait meanwhile."""
    ctx.obj.wrote = True
    ctx.obj.show(desk.database.compact(ctx.obj.store))
