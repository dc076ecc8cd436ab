"""The command for those who watch the machine."""

from typing import Annotated

import typer

from clinicctl import desk, log, render
from clinicctl.cli.commands import reads
from clinicctl.cli.context import Ctx
from clinicctl.store import paths

app = typer.Typer()


@reads(
    app,
    "metrics",
    "clinicctl metrics",
    "clinicctl metrics --textfile clinicctl.prom",
)
def metrics(
    ctx: Ctx,
    textfile: Annotated[
        str | None, typer.Option("--textfile", metavar="PATH", help="Into this file, put in its place when whole.")
    ] = None,
) -> None:
    """Print the clinic's numbers for Prometheus, or write them to a file for its collector.

    Nothing about a person is among them, and others may read the file. Waits for the writer's lock are those of the
    last hour in the log, where CLINICCTL_LOG names one.
    """
    textfile = None if textfile == "-" else textfile
    if textfile is not None:
        ctx.obj.store.require_standalone()
        paths.refuse_own(textfile)
    path = ctx.obj.settings.log
    found = ctx.obj.read(desk.metrics.measure, waits=log.lock_waits(path) if path else None)
    if textfile is None:
        ctx.obj.show(found)
    else:
        render.textfile(found, path=textfile)
