"""The commands on appointments."""

import typer

from clinicctl import desk
from clinicctl.cli import params
from clinicctl.cli.context import Ctx
from clinicctl.cli.params import group, reads, writes
from clinicctl.rules.days import DayWord
from clinicctl.statuses import CancelledBy

app = typer.Typer()
appointment = group(
    "appointment",
    "Appointments: show, list, cancel, history.",
    "clinicctl appointment list --doctor MEHTA --day today",
    "clinicctl appt cancel A42 --by clinic",
)
GROUPS = {"appointment": appointment}


@writes(
    app,
    "book",
    "clinicctl book P1 MEHTA tomorrow --reason 'blood pressure'",
    "clinicctl book 'an sch' MEHTA mon --key front-desk-2026-11-23-001 --json",
)
def book(
    ctx: Ctx,
    patient: params.Patient,
    doctor: params.Doctor,
    day: params.Day = DayWord("today"),
    time: params.Time = None,
    reason: params.Reason = None,
    again: params.Again = False,
    overbook: params.Overbook = False,
) -> None:
    """Book a patient with a doctor for a day."""
    ctx.obj.write(
        desk.bookings.book,
        patient=patient,
        doctor=doctor,
        on=day,
        at=time,
        reason=reason,
        again=again,
        overbook=overbook,
    )


@reads(appointment, "show", "clinicctl appointment show A42")
def show(ctx: Ctx, appointment: params.Appointment) -> None:
    """Show one appointment."""
    ctx.obj.show(ctx.obj.read(desk.bookings.show, appointment=appointment))


@reads(
    appointment,
    "list",
    "clinicctl appointment list --day today..+6d --doctor MEHTA",
    "clinicctl appointment list --patient P1 --status booked",
)
def list_(
    ctx: Ctx,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    day: params.DaysOption = None,
    status: params.Status = None,
    limit: params.Limit = None,
) -> None:
    """List appointments by date, doctor and slot."""
    ctx.obj.show(
        ctx.obj.read(
            desk.bookings.list_matching, doctor=doctor, patient=patient, on=day, status=status or (), limit=limit
        )
    )


@writes(appointment, "cancel", "clinicctl appointment cancel A42 --by patient --reason 'feels better'")
def cancel(
    ctx: Ctx, appointment: params.Appointment, by: params.By = CancelledBy.PATIENT, reason: params.Reason = None
) -> None:
    """Cancel an appointment, and give its slot back."""
    ctx.obj.write(desk.bookings.cancel, appointment=appointment, by=by, reason=reason)


@reads(appointment, "history", "clinicctl appointment history A42")
def history(ctx: Ctx, appointment: params.Appointment) -> None:
    """Show every step of an appointment: who took it, when, and why."""
    ctx.obj.show(ctx.obj.read(desk.bookings.history, appointment=appointment))
