"""The commands on the journal."""

from typing import Annotated

import typer
from typer.core import TyperOption

from clinicctl import desk, errors
from clinicctl.cli import params
from clinicctl.cli.commands import Reading, group, reads
from clinicctl.cli.context import Ctx
from clinicctl.rules import references, text

audit = group(
    "audit",
    "The journal: who did what to whom, and whether it is as it was written.",
    "clinicctl audit log --patient P17",
    "clinicctl audit verify",
)
GROUPS = {"audit": audit}


class _Log(Reading):
    """A command whose `--actor` says whose writes are meant."""

    def options(self) -> list[TyperOption]:
        return [each for each in super().options() if each.name != "actor"]


def _hash(said: str) -> str:
    if len(said) != 64 or not set(said.lower()) <= set("0123456789abcdef"):
        raise errors.BadValue(problem="Not a hash: it has 64 hexadecimal digits.")
    return said.lower()


@audit.command(
    "log",
    cls=_Log,
    epilog="clinicctl audit log --patient P17 --day -30d..today\n"
    "clinicctl audit log --actor asha --limit 20\n"
    "clinicctl audit log --command 'appointment cancel' -o csv",
)
def log(
    ctx: Ctx,
    patient: params.PatientOption = None,
    doctor: params.DoctorOption = None,
    appointment: Annotated[
        references.AppointmentRef | None,
        typer.Option("--appointment", metavar="REF", parser=params.appointment_ref, help="The number (A42), or UUID."),
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Who did it.")] = None,
    command: Annotated[
        str | None, typer.Option("--command", metavar="WORDS", help="A command, or the first words of it.")
    ] = None,
    days: params.DaysOption = None,
    key: Annotated[str | None, typer.Option("--key", metavar="KEY", parser=text.key, help="Its key.")] = None,
    limit: params.Limit = None,
) -> None:
    """Show the writes, the newest last; with --limit only the newest, and those first."""
    ctx.obj.show(
        ctx.obj.read(
            desk.audit.log,
            patient=patient,
            doctor=doctor,
            appointment=appointment,
            actor=actor,
            command=command,
            on=days,
            key=key,
            limit=limit,
        )
    )


@reads(audit, "verify", "clinicctl audit verify", "clinicctl audit verify --json")
def verify(
    ctx: Ctx,
    anchor: Annotated[
        str | None,
        typer.Option("--anchor", metavar="HASH", parser=_hash, help="The hash of a row, as it was noted elsewhere."),
    ] = None,
) -> None:
    """Check that no row of the journal was changed, removed, added or put elsewhere.

    Prints the number of rows and the hash of the last one: note it elsewhere, and give it as --anchor later, to find
    also that the end was cut off.
    """
    ctx.obj.show(ctx.obj.read(desk.audit.verify, anchor=anchor))
