"""The commands on the clinic itself."""

import os
import shlex
from dataclasses import replace
from typing import Annotated

import typer

from clinicctl import desk, errors, settings
from clinicctl.cli import params
from clinicctl.cli.commands import reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.results.base import Outcome

app = typer.Typer()
GROUPS: dict[str, typer.Typer] = {}


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
        str | None, typer.Option("--timezone", metavar="IANA", help="The time zone; else the machine's.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="CC", help="The region of phones without +; else the machine's.")
    ] = None,
    capacity: params.DefaultCapacity = None,
) -> None:
    """Create the clinic's database, and its folder.

    Where one stands already, nothing is changed; options that differ from its settings are named.
    """
    zone, code = _where(timezone, region)
    made = ctx.obj.create(desk.clinic.init, name=name, timezone=zone, region=code, capacity=capacity)
    clinic = made.result if isinstance(made, Outcome) else made
    if not clinic.created:
        asked = {"name": name, "timezone": timezone and zone, "region": region and code, "capacity": capacity}
        different = {each: said for each, said in asked.items() if said is not None and said != getattr(clinic, each)}
        clinic = replace(clinic, not_applied=tuple(different))
    ctx.obj.show(replace(made, result=clinic) if isinstance(made, Outcome) else clinic)
    for each in clinic.not_applied:
        command = shlex.join(["clinicctl", "config", each, str(different[each])])
        ctx.obj.note(f"--{each} was not applied: the clinic was there already. Set it with `{command}`.")
    if not clinic.region:
        ctx.obj.note("No phone region is known: phones need their + until `clinicctl config region CC`.")


@writes(app, "config", "clinicctl config", "clinicctl config timezone", "clinicctl config region DE")
def config(
    ctx: Ctx,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", autocompletion=params.setting_names, help="The setting.")
    ] = None,
    value: Annotated[str | None, typer.Argument(metavar="[VALUE]", help="Its new value.")] = None,
) -> None:
    """Show or set the clinic's settings."""
    if name is None:
        ctx.obj.show(ctx.obj.read(desk.clinic.list_settings))
    elif value is None:
        ctx.obj.show(ctx.obj.read(desk.clinic.show_setting, name=name))
    else:
        ctx.obj.write(desk.clinic.set_setting, name=name, value=value)


@writes(app, "demo", "clinicctl demo --db demo.db", "clinicctl queue show --db demo.db")
def demo(ctx: Ctx) -> None:
    """Create a database filled with a believable clinic day."""
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
    """Say whether the database can be used."""
    found = desk.database.look(ctx.obj.store)
    ctx.obj.show(found)
    if not found.usable:
        raise typer.Exit(errors.DatabaseUnusable.status)


def _where(timezone: str | None, region: str | None) -> tuple[str, str]:
    """The time zone and the phone region: as said, else the machine's."""
    timezone = settings.timezone(timezone) if timezone else settings.machine_timezone(os.environ)
    return timezone, settings.region(region) if region else settings.machine_region(os.environ, timezone)
