"""The commands of the day itself: arriving, and the queue."""

from typing import Annotated

import typer

from clinicctl import desk
from clinicctl.cli import params
from clinicctl.cli.commands import group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules.references import DoctorRef

app = typer.Typer()
queue = group(
    "queue",
    "The queue of a doctor's day, from the call to the end.",
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
        bool, typer.Option("--again", help="Even if the patient is still in an earlier queue of the doctor.")
    ] = False,
) -> None:
    """Check a patient in, and give the next position in the queue.

    A patient who left and comes back on the same day checks in again.
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
    """Book a patient for today and check in, at once."""
    ctx.obj.write(desk.arrivals.walk_in, patient=patient, doctor=doctor, reason=reason, again=again, overbook=overbook)


@reads(queue, "show", "clinicctl queue show", "clinicctl queue show MEHTA yesterday -o json")
def show(ctx: Ctx, doctor: params.MaybeDoctor = None, day: params.MaybeDay = None) -> None:
    """Show a doctor's queue, or every doctor's, in calling order.

    Without a day: today's queue, and before it those of earlier days that are still open.
    """
    ctx.obj.show(ctx.obj.read(desk.queue.show, doctor=doctor, on=day))


@writes(queue, "call", "clinicctl queue call MEHTA", "clinicctl queue call MEHTA 7")
def call(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Call the next patient, or the one at a position."""
    ctx.obj.write(desk.queue.call, doctor=doctor, position=position, on=day)


@writes(queue, "start", "clinicctl queue start MEHTA")
def start(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Begin the consultation of the patient who was called."""
    ctx.obj.write(desk.queue.start, doctor=doctor, position=position, on=day)


@writes(queue, "done", "clinicctl queue done MEHTA")
def done(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """End the consultation of the patient with the doctor."""
    ctx.obj.write(desk.queue.done, doctor=doctor, position=position, on=day)


@writes(queue, "skip", "clinicctl queue skip MEHTA")
def skip(ctx: Ctx, doctor: params.Doctor, position: params.Position = None, day: params.QueueDay = None) -> None:
    """Put aside the patient who was called and did not come."""
    ctx.obj.write(desk.queue.skip, doctor=doctor, position=position, on=day)


@writes(queue, "recall", "clinicctl queue recall MEHTA 3")
def recall(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Let a patient who was skipped wait again, behind those waiting."""
    ctx.obj.write(desk.queue.recall, doctor=doctor, position=position, on=day)


@writes(queue, "hold", "clinicctl queue hold MEHTA 3")
def hold(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Keep the place of a patient who is elsewhere for a while, without calling."""
    ctx.obj.write(desk.queue.hold, doctor=doctor, position=position, on=day)


@writes(queue, "resume", "clinicctl queue resume MEHTA 3")
def resume(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Let a patient on hold wait again, at the old position."""
    ctx.obj.write(desk.queue.resume, doctor=doctor, position=position, on=day)


@writes(queue, "left", "clinicctl queue left MEHTA 3")
def left(ctx: Ctx, doctor: params.Doctor, position: params.AtPosition, day: params.QueueDay = None) -> None:
    """Note that a patient went before being seen."""
    ctx.obj.write(desk.queue.left, doctor=doctor, position=position, on=day)


@writes(queue, "transfer", "clinicctl queue transfer MEHTA 3 --to OKAFOR")
def transfer(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    to: Annotated[
        DoctorRef,
        typer.Option(
            "--to", metavar="CODE", parser=params.doctor_ref, autocompletion=params.codes, help="The other doctor."
        ),
    ],
    day: params.QueueDay = None,
) -> None:
    """Let a patient wait for another doctor, at the next position there."""
    ctx.obj.write(desk.queue.transfer, doctor=doctor, position=position, to=to, on=day)


@writes(queue, "priority", "clinicctl queue priority MEHTA 3 5")
def priority(
    ctx: Ctx,
    doctor: params.Doctor,
    position: params.AtPosition,
    level: Annotated[
        int,
        typer.Argument(metavar="LEVEL", parser=params.whole("LEVEL", 0, 9), help="0, as everybody, to 9, the first."),
    ],
    day: params.QueueDay = None,
) -> None:
    """Give a patient in the queue a priority."""
    ctx.obj.write(desk.queue.prioritise, doctor=doctor, position=position, level=level, on=day)


@reads(queue, "board", "clinicctl queue board", "clinicctl queue board --once")
def board(
    ctx: Ctx,
    once: Annotated[bool, typer.Option("--once", help="Print it once, and leave.")] = False,
    every: Annotated[
        float,
        typer.Option(
            "--every",
            metavar="SECONDS",
            parser=params.seconds("--every", 0.2, 60),
            help="Seconds between readings.  [0.2..60]",
        ),
    ] = 2,
) -> None:
    """Show the queues to a waiting room, on the whole screen: positions and doctors, no names."""
    ctx.obj.watch(desk.queue.board, once=once, every=every)
