"""Commands for appointments."""

from datetime import time as Time  # noqa: N812 - a parameter is called `time`
from typing import Annotated, Any

import typer

from clinicctl import desk, errors, render
from clinicctl.cli import params, parsers
from clinicctl.cli.commands import group, reads, reads_long, writes
from clinicctl.cli.context import Ctx
from clinicctl.cli.reporting import PARTLY_DONE
from clinicctl.rules.days import DayWord
from clinicctl.rules.hours import Within
from clinicctl.rules.references import BookedRef
from clinicctl.statuses import CancelledBy

app = typer.Typer()
appointment = group(
    "appointment",
    "Appointments: show, list, edit, move, cancel, no-show, history.",
    "clinicctl appointment list --doctor MEHTA --day today",
    "clinicctl appt cancel A42 --by clinic",
)
GROUPS = {"appointment": appointment}


@writes(
    app,
    "book",
    "clinicctl book P1 MEHTA tomorrow --reason 'blood pressure'",
    "clinicctl book 'an sch' MEHTA mon --key front-desk-2026-11-23-001 --json",
    "clinicctl book P1 MEHTA mon --time 10:20",
    "clinicctl book P1 MEHTA mon --evening --visit-type new",
    "clinicctl book P1 MEHTA mon --time 10:20 --every 2w --times 6",
)
def book(
    ctx: Ctx,
    patient: params.Patient,
    doctor: params.Doctor,
    day: params.Day = DayWord("today"),
    time: params.Time = None,
    between: params.Between = None,
    morning: params.Morning = False,
    afternoon: params.Afternoon = False,
    evening: params.Evening = False,
    visit_type: params.VisitType = None,
    reason: params.Reason = None,
    note: params.Note = None,
    again: params.Again = False,
    overbook: params.Overbook = False,
    past: params.Past = False,
    every: params.SeriesEvery = None,
    times: params.SeriesTimes = None,
    skip_full: params.SkipFull = False,
) -> None:
    """Book a patient with a doctor for a day.

    Without a time, the first free slot that has not begun. With --every and --times, it books a series: every date or
    none. --skip-full leaves out the dates that cannot be booked; the exit status is then 3.
    """
    request: dict[str, Any] = {
        "patient": patient,
        "doctor": doctor,
        "on": day,
        "at": time,
        "within": _within(time, between, morning, afternoon, evening),
        "visit_type": visit_type,
        "reason": reason,
        "note": note or None,
        "again": again,
        "overbook": overbook,
        "past": past or None,
    }
    if every is None and times is None and not skip_full:
        ctx.obj.write(desk.bookings.book, **request)
        return
    if every is None or times is None:
        raise errors.Usage(problem="A series needs both --every and --times.")
    booked = ctx.obj.write(desk.series.book, **request, every=every, times=times, skip_full=skip_full)
    if booked.skipped:
        if (ctx.obj.settings.output or render.default_format()) in ("csv", "tsv"):
            # The rows are appointments.
            ctx.obj.note(" ".join(["Skipped:", *(each.reason for each in booked.skipped)]))
        raise typer.Exit(PARTLY_DONE)


def _within(time: Time | None, between: Within | None, morning: bool, afternoon: bool, evening: bool) -> Within | None:
    found = params.part_of_day(between, morning, afternoon, evening)
    if found is not None and time is not None:
        raise errors.Usage(problem="--time cannot be combined with a part of the day.")
    return found


@reads(appointment, "show", "clinicctl appointment show A42", "clinicctl appointment show A42 --series")
def show(ctx: Ctx, appointment: params.Appointment, series: params.Series = False) -> None:
    """Show one appointment, or its whole series."""
    if series:
        ctx.obj.show(ctx.obj.read(desk.series.show, appointment=appointment))
    else:
        ctx.obj.show(ctx.obj.read(desk.appointment_lists.show, appointment=appointment))


@reads_long(
    appointment,
    "list",
    "clinicctl appointment list --day today..+6d --doctor MEHTA",
    "clinicctl appointment list --patient P1 --status booked",
    "clinicctl appointment list --cancelled-by clinic --day tomorrow",
)
def list_(
    ctx: Ctx,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    day: params.DaysOption = None,
    status: params.Status = None,
    cancelled_by: params.CancelledBy = None,
    series: params.SeriesOption = None,
    limit: params.Limit = None,
) -> None:
    """List appointments by date, doctor and slot.

    --cancelled-by also shows the phones.
    """
    ctx.obj.show(
        ctx.obj.read_list(
            desk.appointment_lists.iter_matching,
            doctor=doctor,
            patient=patient,
            on=day,
            status=status or (),
            cancelled_by=cancelled_by,
            in_series=series,
            limit=limit,
        )
    )


@writes(
    appointment,
    "edit",
    "clinicctl appointment edit A42 --time 10:30",
    "clinicctl appointment edit A42 --reason 'blood pressure' --note ''",
)
def edit(
    ctx: Ctx,
    appointment: params.Appointment,
    time: Annotated[
        Any,
        typer.Option("--time", metavar="HH:MM", parser=parsers.time_or_none, help="The agreed time; empty clears it."),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason", metavar="TEXT", parser=parsers.personal(parsers.note), help="The reason; empty clears it."
        ),
    ] = None,
    note: params.Note = None,
    again: params.Again = False,
    overbook: params.Overbook = False,
    past: params.Past = False,
) -> None:
    """Change the time, the reason or the note of an appointment."""
    ctx.obj.write(
        desk.edits.edit,
        appointment=appointment,
        at=time or None,
        no_time=time == "" or None,
        reason=reason,
        note=note,
        again=again,
        overbook=overbook,
        past=past or None,
    )


@writes(
    appointment,
    "cancel",
    "clinicctl appointment cancel A42 --by patient --reason 'feels better'",
    "clinicctl appointment cancel 'an sch'",
    "clinicctl appointment cancel A42 --promote",
    "clinicctl appointment cancel A42 --series",
)
def cancel(
    ctx: Ctx,
    ref: params.Booked,
    by: params.By = CancelledBy.PATIENT,
    reason: params.Reason = None,
    promote: Annotated[
        bool, typer.Option("--promote", help="Book the first waitlist entry that fits the free slot.")
    ] = False,
    series: params.Series = False,
) -> None:
    """Cancel an appointment. Its slot becomes free.

    With --series, all appointments of its series that are booked from today on. If a patient is given, it asks first on
    a terminal.
    """
    if series:
        if promote:
            raise errors.Usage(problem="--promote cannot be combined with --series.")
        _confirm_series(ctx, ref)
        ctx.obj.write(desk.series.cancel, appointment=ref, by=by, reason=reason)
        return
    operation = desk.waitlist.cancel_and_promote if promote else desk.bookings.cancel
    if ctx.obj.asks():
        found = ctx.obj.read(desk.bookings.preview_cancel, appointment=ref, key=ctx.obj.settings.key)
        if found is not None:
            from clinicctl.render import messages  # Deferred: only a question needs it.

            ctx.obj.confirm(messages.cancel_question(found))
            ctx.obj.choices.choose(ref, found.number)
    ctx.obj.write(operation, appointment=ref, by=by, reason=reason)


def _confirm_series(ctx: Ctx, ref: BookedRef) -> None:
    """Ask before a series is cancelled: always for a patient's, else if it is long."""
    seen = ctx.obj.read(desk.series.preview_cancel, appointment=ref, key=ctx.obj.settings.key)
    if seen is None:
        return
    if ctx.obj.asks() and not seen.is_named:
        from clinicctl.render import messages  # Deferred: only a question needs it.

        ctx.obj.confirm(messages.cancel_question(seen.series))
        ctx.obj.choices.choose(ref, seen.series.number)
        ctx.obj.limit(len(seen.affected))
    else:
        ctx.obj.confirm_many(seen.affected)


@writes(
    appointment,
    "move",
    "clinicctl appointment move A42 tomorrow",
    "clinicctl appointment move A42 --doctor RAO",
)
def move(
    ctx: Ctx,
    ref: params.Booked,
    day: params.MaybeDay = None,
    doctor: params.DoctorOption = None,
    time: params.Time = None,
    between: params.Between = None,
    morning: params.Morning = False,
    afternoon: params.Afternoon = False,
    evening: params.Evening = False,
    again: params.Again = False,
    overbook: params.Overbook = False,
    past: params.Past = False,
) -> None:
    """Move an appointment to another day, doctor or time.

    Without a time, it keeps its time.
    """
    ctx.obj.write(
        desk.bookings.move,
        appointment=ref,
        on=day,
        doctor=doctor,
        at=time,
        within=_within(time, between, morning, afternoon, evening),
        again=again,
        overbook=overbook,
        past=past or None,
    )


@writes(appointment, "no-show", "clinicctl appointment no-show A42")
def no_show(ctx: Ctx, ref: params.Booked) -> None:
    """Mark an appointment as no-show. Its slot remains taken."""
    ctx.obj.write(desk.bookings.no_show, appointment=ref)


@reads(appointment, "history", "clinicctl appointment history A42")
def history(ctx: Ctx, appointment: params.Appointment) -> None:
    """Show every change of an appointment, with time, actor and reason."""
    ctx.obj.show(ctx.obj.read(desk.appointment_lists.history, appointment=appointment))
