"""Commands for the journal."""

from typing import Annotated

import typer
from typer.core import TyperOption

from clinicctl import desk, errors
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import LongReading, group, reads_long
from clinicctl.cli.context import Ctx
from clinicctl.rules import references, text

audit = group(
    "audit",
    "The journal of all changes: log, verify.",
    "clinicctl audit log --patient P17",
    "clinicctl audit verify",
)
GROUPS = {"audit": audit}


class _Log(LongReading):
    """A command whose `--actor` selects writes."""

    def options(self) -> list[TyperOption]:
        return [each for each in super().options() if each.name != "actor"]


def _hash(digest: str) -> str:
    if len(digest) != 64 or not set(digest.lower()) <= set("0123456789abcdef"):
        raise errors.BadValue(problem="--anchor: a hash has 64 hexadecimal digits.")
    return digest.lower()


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
        typer.Option(
            "--appointment", metavar="REF", parser=parsers.appointment_ref, help="Appointment number (A42) or UUID."
        ),
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Only writes by this actor.")] = None,
    command: Annotated[
        str | None, typer.Option("--command", metavar="WORDS", help="Only this command; its first words are enough.")
    ] = None,
    days: params.DaysOption = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", parser=text.key, help="Only the write with this key.")
    ] = None,
    refused: Annotated[bool, typer.Option("--refused", help="List refused attempts instead of writes.")] = False,
    limit: params.Limit = None,
) -> None:
    """List writes, newest last; with --limit, newest first."""
    if refused:
        if patient or doctor or appointment or command or key:
            raise errors.Usage(problem="--refused can be combined with --actor, --day and --limit only.")
        ctx.obj.show(ctx.obj.read_list(desk.audit.refused, actor=actor, on=days, limit=limit))
        return
    ctx.obj.show(
        ctx.obj.read_list(
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


@reads_long(audit, "verify", "clinicctl audit verify", "clinicctl audit verify --json")
def verify(
    ctx: Ctx,
    anchor: Annotated[
        str | None,
        typer.Option("--anchor", metavar="HASH", parser=_hash, help="Hash of an earlier last row, noted elsewhere."),
    ] = None,
) -> None:
    """Verify that no journal row was changed, removed, added or moved.

    Prints the number of rows and the hash of the last one. Note the hash elsewhere, and pass it as --anchor later: then
    rows that were cut off at the end are found, too.
    """
    ctx.obj.show(ctx.obj.read(desk.audit.verify, anchor=anchor))
