"""Commands for doctors and their days."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from clinicctl import desk, errors
from clinicctl.cli import imports, params, parsers
from clinicctl.cli.commands import group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules import import_rows, references
from clinicctl.rules.days import DaysWord
from clinicctl.rules.hours import NONE, parse_sessions
from clinicctl.rules.references import DoctorRef
from clinicctl.statuses import ImportMode, OnConflict, OnError

app = typer.Typer()
doctor = group(
    "doctor",
    "Doctors and their days.",
    "clinicctl doctor add MEHTA 'Dr. Asha Mehta'",
    "clinicctl doctor avail show MEHTA",
)
avail = group(
    "avail",
    "Doctors' days: set, weekly, show, import.",
    "clinicctl doctor avail set MEHTA tomorrow --absent --note 'congress'",
    "clinicctl doctor avail import tomorrow.csv --dry-run",
)
doctor.add_typer(avail)
GROUPS = {"doctor": doctor}


@writes(doctor, "add", "clinicctl doctor add MEHTA 'Dr. Asha Mehta' --specialty cardiology --capacity 12")
def add(
    ctx: Ctx,
    code: params.DoctorCode,
    name: params.Name,
    specialty: params.Specialty = None,
    capacity: params.DefaultCapacity = None,
) -> None:
    """Add a doctor."""
    ctx.obj.write(desk.doctors.add, code=code, name=name, specialty=specialty or None, capacity=capacity)


@reads(doctor, "show", "clinicctl doctor show MEHTA")
def show(ctx: Ctx, doctor: params.Doctor) -> None:
    """Show one doctor."""
    ctx.obj.show(ctx.obj.read(desk.doctors.show, doctor=doctor))


@reads(doctor, "list", "clinicctl doctor list -o json")
def list_(ctx: Ctx, every: params.All = False) -> None:
    """List the doctors by code."""
    ctx.obj.show(ctx.obj.read(desk.doctors.list_all, archived=every))


@writes(doctor, "edit", "clinicctl doctor edit MEHTA --capacity 8")
def edit(
    ctx: Ctx,
    doctor: params.Doctor,
    name: params.NameOption = None,
    specialty: params.Specialty = None,
    capacity: params.DefaultCapacity = None,
) -> None:
    """Change a doctor's details. An empty specialty clears it."""
    ctx.obj.write(
        desk.doctors.edit,
        doctor=doctor,
        name=name,
        specialty=specialty,
        capacity=capacity,
    )


@writes(doctor, "archive", "clinicctl doctor archive OKAFOR")
def archive(ctx: Ctx, doctor: params.Doctor) -> None:
    """Archive a doctor without open appointments."""
    ctx.obj.write(desk.records.archive_doctor, doctor=doctor)


@writes(doctor, "restore", "clinicctl doctor restore OKAFOR")
def restore(ctx: Ctx, doctor: params.Doctor) -> None:
    """Restore a doctor from the archive."""
    ctx.obj.write(desk.records.restore_doctor, doctor=doctor)


@writes(
    doctor,
    "import",
    "clinicctl doctor import doctors.csv --dry-run",
    "clinicctl doctor import doctors.csv --on-error skip -o csv",
)
def import_(
    ctx: Ctx,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="Columns: code,name[,specialty][,capacity].")],
    format_: imports.FormatOption = None,
    sheet: imports.SheetOption = None,
    encoding: imports.EncodingOption = None,
    columns: imports.ColumnsOption = None,
    save_columns: imports.SaveColumnsOption = False,
    ignore_columns: imports.IgnoreColumnsOption = False,
    on_error: imports.OnErrorOption = OnError.STOP,
) -> None:
    """Add or change doctors from a file: all rows or none."""
    imports.run(
        ctx,
        file,
        import_rows.DOCTOR_FILES,
        imports.FileOptions(format_, sheet, encoding, columns, save_columns, ignore_columns),
        write=desk.imports.doctors.add_doctors,
        on_error=on_error,
    )


@writes(
    avail,
    "set",
    "clinicctl doctor avail set MEHTA 2026-12-24..2026-12-31 --absent --note holidays",
    "clinicctl doctor avail set MEHTA mon,wed --capacity 6",
    "clinicctl doctor avail set MEHTA fri --session 09:00-12:00 --every 15m --on-conflict move",
)
def set_(
    ctx: Ctx,
    doctor: Annotated[
        DoctorRef,
        typer.Argument(
            metavar="DOCTOR|all", parser=parsers.doctor_ref, autocompletion=params.codes, help="The doctor, or all."
        ),
    ],
    days: params.Days,
    present: Annotated[
        bool | None, typer.Option("--present/--absent", help="Whether the doctor is present.  [default: unchanged]")
    ] = None,
    capacity: params.DayCapacity = None,
    session: params.Sessions = None,
    every: params.Every = None,
    note: params.Note = None,
    on_conflict: params.OnConflictOption = OnConflict.REFUSE,
) -> None:
    """Set the availability of a doctor or of all. Omitted options keep their value.

    Sessions without a capacity have the slots that follow from them.
    """
    one = doctor if doctor.strip().lower() != references.ALL else None
    sessions = _sessions(session)
    if on_conflict in (OnConflict.CANCEL, OnConflict.MOVE):
        affected = ctx.obj.read(
            desk.availability.preview_conflicts,
            doctor=one,
            on=days,
            present=present,
            capacity=capacity,
            sessions=sessions,
            every=every,
            on_conflict=on_conflict,
            key=ctx.obj.settings.key,
        )
        ctx.obj.confirm_many(affected, move=on_conflict is OnConflict.MOVE)
    ctx.obj.write(
        desk.availability.set_days,
        doctor=one,
        on=days,
        present=present,
        capacity=capacity,
        note=note,
        sessions=sessions,
        every=every,
        on_conflict=on_conflict,
    )


def _sessions(given: Sequence[str] | None) -> str | None:
    """Return the sessions of several options as they are stored."""
    return parse_sessions(" ".join(each or NONE for each in given)) if given else None


@writes(
    app,
    "away",
    "clinicctl away MEHTA mon..fri --note holidays",
    "clinicctl away all 2026-12-25 --note Christmas",
)
def away(
    ctx: Ctx,
    doctor: Annotated[
        DoctorRef,
        typer.Argument(
            metavar="DOCTOR|all", parser=parsers.doctor_ref, autocompletion=params.codes, help="The doctor, or all."
        ),
    ],
    days: params.Days,
    note: params.Note = None,
    on_conflict: params.OnConflictOption = OnConflict.REFUSE,
) -> None:
    """Set a doctor absent: the same as doctor avail set --absent."""
    set_(ctx, doctor, days, present=False, capacity=None, session=None, every=None, note=note, on_conflict=on_conflict)


@writes(
    avail,
    "weekly",
    "clinicctl doctor avail weekly MEHTA mon-fri --capacity 8",
    "clinicctl doctor avail weekly MEHTA mon-fri --session 09:00-13:00 --session 17:00-20:00 --every 10m",
    "clinicctl doctor avail weekly MEHTA sat,sun --off",
)
def weekly(
    ctx: Ctx,
    doctor: params.Doctor,
    weekdays: params.Weekdays,
    capacity: params.DayCapacity = None,
    off: Annotated[bool, typer.Option("--off", help="The doctor is absent on these weekdays.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Remove the weekday from the pattern.")] = False,
    session: params.Sessions = None,
    every: params.Every = None,
    on_conflict: params.OnConflictOption = OnConflict.REFUSE,
) -> None:
    """Set a doctor's weekly pattern. Dates set individually are not changed.

    Weekdays keep their hours unless --session or --every is given.
    """
    if sum((capacity is not None, off, forget)) > 1:
        raise errors.Usage(problem="--capacity, --off and --forget cannot be combined.")
    if (off or forget) and (session or every):
        raise errors.Usage(problem="--session and --every cannot be combined with --off or --forget.")
    asked: dict[str, Any] = {
        "doctor": doctor,
        "on": weekdays,
        "capacity": capacity,
        "off": off,
        "forget": forget,
        "sessions": _sessions(session),
        "every": every,
        "on_conflict": on_conflict,
    }
    if on_conflict in (OnConflict.CANCEL, OnConflict.MOVE):
        affected = ctx.obj.read(desk.weekly.preview_conflicts, **asked, key=ctx.obj.settings.key)
        ctx.obj.confirm_many(affected, move=on_conflict is OnConflict.MOVE)
    ctx.obj.write(desk.weekly.set_weekly, **asked)


@reads(avail, "show", "clinicctl doctor avail show MEHTA", "clinicctl doctor avail show MEHTA today..+2w")
def show_avail(ctx: Ctx, doctor: params.Doctor, days: params.MaybeDays = DaysWord("today..+6d")) -> None:
    """Show a doctor's days, with booked and free slots."""
    ctx.obj.show(ctx.obj.read(desk.availability.show_days, doctor=doctor, on=days))


@writes(
    avail,
    "import",
    "clinicctl doctor avail import tomorrow.csv --dry-run",
    "clinicctl doctor avail import december.csv --mode replace",
    'clinicctl doctor avail import - --key "avail-$(date +%F)" -q < tomorrow.csv',
)
def import_avail(
    ctx: Ctx,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="Columns: doctor,date[,present][,capacity][,sessions][,every][,note]."),
    ],
    format_: imports.FormatOption = None,
    sheet: imports.SheetOption = None,
    encoding: imports.EncodingOption = None,
    columns: imports.ColumnsOption = None,
    save_columns: imports.SaveColumnsOption = False,
    ignore_columns: imports.IgnoreColumnsOption = False,
    mode: Annotated[
        ImportMode,
        params.choice(
            "--mode", ImportMode, help="Replace also resets the days within the file's dates that it does not contain."
        ),
    ] = ImportMode.UPDATE,
    on_conflict: params.OnConflictOption = OnConflict.REFUSE,
    on_error: imports.OnErrorOption = OnError.STOP,
) -> None:
    """Set doctors' days from a file: all rows or none. A second run changes nothing."""
    if mode is ImportMode.REPLACE and on_error is OnError.SKIP:
        raise errors.Usage(problem="--mode replace and --on-error skip cannot be combined.")
    if on_conflict in (OnConflict.CANCEL, OnConflict.MOVE):
        ctx.obj.confirm_many(())
    imports.run(
        ctx,
        file,
        import_rows.DAY_FILES,
        imports.FileOptions(format_, sheet, encoding, columns, save_columns, ignore_columns),
        plan=desk.imports.day_plan.plan_availability,
        write=desk.imports.days.set_availability,
        mode=mode,
        on_conflict=on_conflict,
        on_error=on_error,
    )
