"""Commands for check-in and the queue."""

from typing import Annotated

import typer

from clinicctl import desk
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules.references import DoctorRef

app = typer.Typer()
queue = group(
    "queue",
    "The queue of a doctor's day: show, call, start, done, skip, transfer.",
    "clinicctl queue show MEHTA",
    "clinicctl queue call MEHTA",
)
GROUPS = {"queue": queue}


@writes(app, "checkin", "clinicctl checkin A42", "clinicctl checkin 'an sch'", "clinicctl checkin A42 --patient P17")
def checkin(
    ctx: Ctx,
    ref: params.Arrival,
    patient: params.PatientOption = None,
    again: Annotated[
        bool, typer.Option("--again", help="Check in even if the patient is still in an earlier queue of the doctor.")
    ] = False,
) -> None:
    """Check in a patient, and assign the next position in the queue.

    A patient who left and returns on the same day can check in again.
    """
    # An option that is not given is not part of the request, so keys of older versions keep their meaning.
    ctx.obj.write(desk.arrivals.check_in, arrival=ref, patient=patient, again=again or None)


@writes(app, "walkin", "clinicctl walkin P17 MEHTA --reason 'cut finger'")
def walkin(
    ctx: Ctx,
    patient: params.Patient,
    doctor: params.Doctor,
    reason: params.Reason = None,
    again: params.Again = False,
    overbook: params.Overbook = False,
) -> None:
    """Book a patient for today, and check in."""
    ctx.obj.write(desk.arrivals.walk_in, patient=patient, doctor=doctor, reason=reason, again=again, overbook=overbook)


@reads(queue, "show", "clinicctl queue show", "clinicctl queue show MEHTA yesterday -o json")
def show(ctx: Ctx, doctor: params.MaybeDoctor = None, day: params.MaybeDay = None) -> None:
    """Show the queue of one doctor or of all, in calling order.

    Without a day: open queues of earlier days first, then today's.
    """
    ctx.obj.show(ctx.obj.read(desk.queue.show, doctor=doctor, on=day))


@writes(queue, "call", "clinicctl queue call MEHTA", "clinicctl queue call MEHTA 7")
def call(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Call the next patient, or the one at a position."""
    ctx.obj.write(desk.queue.call, doctor=doctor, position=position, on=day)


@writes(queue, "next", "clinicctl queue next MEHTA", "clinicctl next MEHTA --start")
def next_(
    ctx: Ctx,
    doctor: params.Doctor,
    start: Annotated[bool, typer.Option("--start", help="Start the consultation with the next patient.")] = False,
    day: params.QueueDay = None,
) -> None:
    """Finish the patient with the doctor, and call the next one."""
    ctx.obj.write(desk.queue.call_next, doctor=doctor, start=start or None, on=day)


@writes(queue, "start", "clinicctl queue start MEHTA")
def start(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Start the consultation with the called patient."""
    ctx.obj.write(desk.queue.start, doctor=doctor, position=position, on=day)


@writes(queue, "done", "clinicctl queue done MEHTA")
def done(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Finish the consultation."""
    ctx.obj.write(desk.queue.done, doctor=doctor, position=position, on=day)


@writes(queue, "skip", "clinicctl queue skip MEHTA")
def skip(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Skip a called patient who did not come."""
    ctx.obj.write(desk.queue.skip, doctor=doctor, position=position, on=day)


@writes(queue, "recall", "clinicctl queue recall MEHTA 3", "clinicctl queue recall MEHTA 3 --next")
def recall(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    move_up: Annotated[bool, typer.Option("--next", help="Let them wait before the others.")] = False,
    day: params.QueueDay = None,
) -> None:
    """Let a skipped patient wait again, behind everyone now waiting."""
    ctx.obj.write(desk.queue.recall, doctor=doctor, position=position, on=day, move_up=move_up or None)


@writes(queue, "hold", "clinicctl queue hold MEHTA 3")
def hold(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Put a waiting patient on hold.

    The position is reserved, and the patient is not called.
    """
    ctx.obj.write(desk.queue.hold, doctor=doctor, position=position, on=day)


@writes(queue, "resume", "clinicctl queue resume MEHTA 3")
def resume(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Let a patient on hold wait again, at the same position."""
    ctx.obj.write(desk.queue.resume, doctor=doctor, position=position, on=day)


@writes(queue, "left", "clinicctl queue left MEHTA 3")
def left(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Mark a patient as left without a consultation."""
    ctx.obj.write(desk.queue.left, doctor=doctor, position=position, on=day)


@writes(queue, "transfer", "clinicctl queue transfer MEHTA 3 --to OKAFOR")
def transfer(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    to: Annotated[
        DoctorRef,
        typer.Option(
            "--to", metavar="CODE", parser=parsers.doctor_ref, autocompletion=params.codes, help="The other doctor."
        ),
    ],
    day: params.QueueDay = None,
) -> None:
    """Transfer a patient to the queue of another doctor, at the next position."""
    ctx.obj.write(desk.queue.transfer, doctor=doctor, position=position, to=to, on=day)


@writes(queue, "priority", "clinicctl queue priority MEHTA 3 5")
def priority(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    level: Annotated[
        int,
        typer.Argument(metavar="LEVEL", parser=parsers.whole("LEVEL", 0, 9), help="0 (normal) to 9 (first)."),
    ],
    day: params.QueueDay = None,
) -> None:
    """Set the priority of a patient in the queue."""
    ctx.obj.write(desk.queue.prioritise, doctor=doctor, position=position, level=level, on=day)


@reads(queue, "board", "clinicctl queue board", "clinicctl queue board --once")
def board(
    ctx: Ctx,
    once: Annotated[bool, typer.Option("--once", help="Print the board once, and exit.")] = False,
    every: Annotated[
        float,
        typer.Option(
            "--every",
            metavar="SECONDS",
            parser=parsers.seconds("--every", 0.2, 60),
            help="Refresh interval in seconds.  [0.2..60]",
        ),
    ] = 2,
) -> None:
    """Show a full-screen board for the waiting room: positions and doctors, no names."""
    ctx.obj.watch(desk.queue.board, once=once, every=every)
