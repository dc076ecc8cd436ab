"""The command for monitoring."""

from typing import Annotated

import typer

from clinicctl import desk, log, render
from clinicctl.cli.commands import reads_long
from clinicctl.cli.context import Ctx
from clinicctl.store import paths

app = typer.Typer()


@reads_long(
    app,
    "metrics",
    "clinicctl metrics",
    "clinicctl metrics --textfile clinicctl.prom",
)
def metrics(
    ctx: Ctx,
    textfile: Annotated[
        str | None, typer.Option("--textfile", metavar="PATH", help="Write to this file, which is replaced atomically.")
    ] = None,
) -> None:
    """Print metrics for Prometheus, or write them to a file for its collector.

    The metrics contain no personal data, and other users can read the file. Waits for the write lock come from the last
    hour of the log, if CLINICCTL_LOG names one.
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
