"""Commands for the clinic and its settings."""

import os
import shlex
from dataclasses import replace
from typing import Annotated

import typer

from clinicctl import desk, errors, machine, settings
from clinicctl.cli import params
from clinicctl.cli.commands import reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.results.base import Outcome

app = typer.Typer()


@writes(
    app,
    "init",
    "clinicctl init",
    "clinicctl init --name 'City Clinic' --timezone Asia/Kolkata --region IN --capacity 10",
)
def init(
    ctx: Ctx,
    name: Annotated[str | None, typer.Option("--name", metavar="CLINIC", help="The clinic's name.")] = None,
    timezone: Annotated[
        str | None, typer.Option("--timezone", metavar="IANA", help="Time zone.  [default: the machine's]")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="CC", help="Region of phones without +.  [default: the machine's]")
    ] = None,
    capacity: params.DefaultCapacity = None,
    group: Annotated[
        str | None, typer.Option("--group", metavar="GROUP", help="Share the file with the users of a group.")
    ] = None,
) -> None:
    """Create the clinic's database and its folder.

    An existing database is not changed. Options that differ from its settings are reported.
    """
    zone, code = _where(timezone, region)
    shared = group is None or desk.database.prepare(ctx.obj.store, group=group, dry_run=ctx.obj.settings.dry_run)
    made = ctx.obj.create(desk.clinic.init, name=name, timezone=zone, region=code, capacity=capacity)
    clinic = made.result if isinstance(made, Outcome) else made
    if not clinic.created:
        asked = {"name": name, "timezone": timezone and zone, "region": region and code, "capacity": capacity}
        different = {
            each: value for each, value in asked.items() if value is not None and value != getattr(clinic, each)
        }
        clinic = replace(clinic, not_applied=tuple(different))
    ctx.obj.show(replace(made, result=clinic) if isinstance(made, Outcome) else clinic)
    for each in clinic.not_applied:
        command = shlex.join(["clinicctl", "config", each, str(different[each])])
        ctx.obj.note(f"--{each} was not applied, because the clinic already exists. To change it: `{command}`.")
    if not shared:
        command = shlex.join(["clinicctl", "db", "share", "--group", str(group)])
        ctx.obj.note(f"--group was not applied, because the clinic already exists. To change it: `{command}`.")
    if not clinic.date_order:
        ctx.obj.note(
            "No date order is set, so dates such as 3/4/2026 are refused. To set it: `clinicctl config date_order dmy`."
        )
    if not clinic.region:
        ctx.obj.note("No phone region is set, so phones need a +. To set it: `clinicctl config region CC`.")


@writes(app, "demo", "clinicctl demo --db demo.db", "clinicctl queue show --db demo.db")
def demo(ctx: Ctx) -> None:
    """Create a database with the data of a sample clinic day."""
    timezone, region = _where(None, None)
    ctx.obj.wrote = True
    ctx.obj.show(
        desk.demo.create(
            ctx.obj.store,
            timezone=timezone,
            region=region,
            actor=ctx.obj.settings.actor,
            dry_run=ctx.obj.settings.dry_run,
        )
    )


@reads(app, "health", "clinicctl health", "clinicctl health --json")
def health(ctx: Ctx) -> None:
    """Check whether the database can be used."""
    found = desk.database.look(ctx.obj.store)
    ctx.obj.show(found)
    if not found.usable:
        raise typer.Exit(errors.DatabaseUnusable.status)


def _where(timezone: str | None, region: str | None) -> tuple[str, str]:
    """Return the time zone and the phone region; the defaults are the machine's."""
    timezone = settings.timezone(timezone) if timezone else machine.timezone(os.environ)
    return timezone, settings.region(region) if region else machine.region(os.environ, timezone)
