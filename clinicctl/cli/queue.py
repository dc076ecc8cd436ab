"""The commands of the day itself: arriving, and the queue."""

import typer

from clinicctl import desk
from clinicctl.cli import params
from clinicctl.cli.context import Ctx
from clinicctl.cli.params import group, reads, writes
from clinicctl.rules.days import DayWord

app = typer.Typer()
queue = group(
    "queue",
    "The queue of a doctor's day: show, call, start, done.",
    "clinicctl queue show MEHTA",
    "clinicctl queue call MEHTA",
)
GROUPS = {"queue": queue}


@writes(app, "checkin", "clinicctl checkin A42", "clinicctl checkin 'an sch'", "clinicctl checkin A42 --patient P17")
def checkin(ctx: Ctx, ref: params.Arrival, patient: params.PatientOption = None) -> None:
    """Check a patient in, and give the next position in the queue."""
    ctx.obj.write(desk.queue.check_in, arrival=ref, patient=patient)


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
    ctx.obj.write(desk.queue.walk_in, patient=patient, doctor=doctor, reason=reason, again=again, overbook=overbook)


@reads(queue, "show", "clinicctl queue show", "clinicctl queue show MEHTA yesterday -o json")
def show(ctx: Ctx, doctor: params.MaybeDoctor = None, day: params.Day = DayWord("today")) -> None:
    """Show a doctor's queue, or every doctor's, in calling order."""
    ctx.obj.show(ctx.obj.read(desk.queue.show, doctor=doctor, on=day))


@writes(queue, "call", "clinicctl queue call MEHTA", "clinicctl queue call MEHTA 7")
def call(ctx: Ctx, doctor: params.Doctor, position: params.Position = None) -> None:
    """Call the next patient, or the one at a position."""
    ctx.obj.write(desk.queue.call, doctor=doctor, position=position)


@writes(queue, "start", "clinicctl queue start MEHTA")
def start(ctx: Ctx, doctor: params.Doctor, position: params.Position = None) -> None:
    """Begin the consultation of the patient who was called."""
    ctx.obj.write(desk.queue.start, doctor=doctor, position=position)


@writes(queue, "done", "clinicctl queue done MEHTA")
def done(ctx: Ctx, doctor: params.Doctor, position: params.Position = None) -> None:
    """End the consultation of the patient with the doctor."""
    ctx.obj.write(desk.queue.done, doctor=doctor, position=position)
