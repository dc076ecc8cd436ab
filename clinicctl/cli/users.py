"""Commands for the users of the clinic and their roles."""

from typing import Annotated

import typer

from clinicctl import desk, errors
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import Role

user = group(
    "user",
    "Users and their roles: add, list, edit, remove.",
    "clinicctl user add asha --role desk",
    "clinicctl user list",
)
GROUPS = {"user": user}

Name = Annotated[
    str, typer.Argument(metavar="NAME", parser=parsers.user, help="The login, or on a server the role's name.")
]
DoctorOption = Annotated[
    DoctorRef | None,
    typer.Option(
        "--doctor",
        metavar="CODE",
        parser=parsers.doctor_ref,
        autocompletion=params.codes,
        help="The doctor whose queue a clinician runs.",
    ),
]
PinOption = Annotated[bool, typer.Option("--pin", help="Ask for a PIN, for --actor at a shared terminal.")]


@writes(
    user,
    "add",
    "clinicctl user add asha --role manager",
    "clinicctl user add drmehta --role clinician --doctor MEHTA",
)
def add(
    ctx: Ctx,
    name: Name,
    role: Annotated[Role, params.choice("--role", Role, help="What the user may do.")],
    doctor: DoctorOption = None,
    pin: PinOption = False,
) -> None:
    """Add a user with a role. See `clinicctl help roles`.

    From the first user on, only users can run commands. The person who adds the first one becomes a manager, too.
    """
    if pin:
        ctx.obj.admit()
    ctx.obj.write(desk.users.add, name=name, role=role, doctor=doctor, pin=ctx.obj.new_pin() if pin else None)
    if not (pin or ctx.obj.settings.dry_run or ctx.obj.read(desk.access.is_login, name=name)):
        ctx.obj.note(f"This machine has no login {name}. The name can be used with --actor only.")


@reads(user, "list", "clinicctl user list", "clinicctl user list --json")
def list_(ctx: Ctx) -> None:
    """List the users with their roles."""
    ctx.obj.show(ctx.obj.read(desk.users.list_all))


@writes(user, "edit", "clinicctl user edit asha --role manager", "clinicctl user edit ravi --no-pin")
def edit(
    ctx: Ctx,
    name: Name,
    role: Annotated[Role | None, params.choice("--role", Role, help="What the user may do.")] = None,
    doctor: DoctorOption = None,
    pin: PinOption = False,
    no_pin: Annotated[bool, typer.Option("--no-pin", help="Remove the PIN.")] = False,
) -> None:
    """Change the role, the doctor or the PIN of a user."""
    if not (role or doctor or pin or no_pin):
        raise errors.Usage(problem="Nothing to change: give --role, --doctor, --pin or --no-pin.")
    if pin and no_pin:
        raise errors.Usage(problem="--pin and --no-pin cannot be combined.")
    if pin:
        ctx.obj.admit()
    ctx.obj.write(
        desk.users.edit,
        name=name,
        role=role,
        doctor=doctor,
        pin=ctx.obj.new_pin() if pin else None,
        no_pin=no_pin or None,
    )


@writes(user, "remove", "clinicctl user remove asha")
def remove(ctx: Ctx, name: Name) -> None:
    """Remove a user. The journal keeps the name."""
    ctx.obj.write(desk.users.remove, name=name)
