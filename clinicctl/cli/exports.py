"""Commands that export tables."""

from typing import Annotated, Any, BinaryIO

import typer

from clinicctl import desk
from clinicctl.cli import export_files, params
from clinicctl.cli.commands import exports, group
from clinicctl.cli.context import Ctx
from clinicctl.cli.export_files import Follow
from clinicctl.cli.parsers import one_of
from clinicctl.render.exports import write_calendar, write_fhir, write_table
from clinicctl.rules.spans import parse_spans
from clinicctl.statuses import TableFormat

export = group(
    "export",
    "Write patients, doctors, days, visits or the journal for other programs.",
    "clinicctl export appointments --day 2026-01-01.. --to appointments.csv",
    "clinicctl export patients -o jsonl",
)
GROUPS = {"export": export}

To = Annotated[str, typer.Option("--to", metavar="FILE|-", help="The new file, which appears when it is complete.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file of --to.")]
NoPersonal = Annotated[
    bool,
    typer.Option(
        "--no-personal", help="Leave out names, phones, birth dates, notes, reasons, keys; number the actors."
    ),
]
Format = Annotated[
    TableFormat | None,
    typer.Option(
        *("--output", "-o"),
        metavar=f"[{'|'.join(TableFormat)}]",
        parser=one_of("--output", TableFormat),
        autocompletion=lambda incomplete: [each for each in TableFormat if each.startswith(incomplete)],
        help="The format.  [default: from the name of the file, else csv]",
    ),
]
Spans = Annotated[
    Any,
    typer.Option(
        "--day",
        metavar="DAYS",
        parser=parse_spans,
        autocompletion=params.day_words,
        help="A day, a range A..B of any length, A.., ..B, or several with commas.  [default: every day]",
    ),
]


@exports(export, "patients", "clinicctl export patients --to patients.xlsx", "clinicctl export patients --no-personal")
def patients(
    ctx: Ctx,
    archived: params.All = False,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export the patients on file, in the columns of `patient list`.

    `patient import` reads the file back, and changes nothing.
    """
    _table(ctx, "patients", to, force, format, archived=archived, no_personal=no_personal)


@exports(export, "doctors", "clinicctl export doctors --to doctors.csv")
def doctors(
    ctx: Ctx,
    archived: params.All = False,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export the doctors, in the columns of `doctor list`.

    `doctor import` reads the file back, and changes nothing.
    """
    _table(ctx, "doctors", to, force, format, archived=archived, no_personal=no_personal)


@exports(
    export,
    "days",
    "clinicctl export days --day today.. --to days.csv",
    "clinicctl export days --doctor MEHTA --day 2026-01-01..2026-12-31",
)
def days(
    ctx: Ctx,
    day: Spans = None,
    doctor: params.DoctorOption = None,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export doctors' days, in the columns of `doctor avail show`.

    An open end is the first or the last day that is set or has a booking. `doctor avail import` reads days from today
    on back, and changes nothing.
    """
    _table(ctx, "days", to, force, format, on=day, doctor=doctor, no_personal=no_personal)


@exports(
    export,
    "appointments",
    "clinicctl export appointments --day 2025-01-01.. --to appointments.parquet",
    "clinicctl export appointments --doctor MEHTA --no-personal",
)
def appointments(
    ctx: Ctx,
    day: Spans = None,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export appointments, in the columns of `appointment list`."""
    chosen = {"on": day, "doctor": doctor, "patient": patient, "no_personal": no_personal}
    _table(ctx, "appointments", to, force, format, **chosen)


@exports(export, "queue", "clinicctl export queue --day -30d..today --to queue.xlsx")
def queue(
    ctx: Ctx,
    day: Spans = None,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export the entries of the queues, with all their times."""
    chosen = {"on": day, "doctor": doctor, "patient": patient, "no_personal": no_personal}
    _table(ctx, "queue", to, force, format, **chosen)


@exports(export, "waitlist", "clinicctl export waitlist --day today..")
def waitlist(
    ctx: Ctx,
    day: Spans = None,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export the waitlist, also entries that are promoted or removed.

    --day chooses entries with at least one of these days.
    """
    chosen = {"on": day, "doctor": doctor, "patient": patient, "no_personal": no_personal}
    _table(ctx, "waitlist", to, force, format, **chosen)


@exports(export, "journal", "clinicctl export journal --day -7d.. -o jsonl")
def journal(
    ctx: Ctx,
    day: Spans = None,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
    format: Format = None,
) -> None:
    """Export the journal of all changes, in the columns of `audit log`."""
    chosen = {"on": day, "doctor": doctor, "patient": patient, "no_personal": no_personal}
    _table(ctx, "journal", to, force, format, **chosen)


@exports(
    export,
    "fhir",
    "clinicctl export fhir --day today --to today.json",
    "clinicctl export fhir --ndjson --no-personal --to clinic.ndjson",
)
def fhir(
    ctx: Ctx,
    day: Spans = None,
    lines: Annotated[
        bool | None,
        typer.Option("--ndjson/--bundle", help="A resource on each line, or a bundle.  [default: from the name]"),
    ] = None,
    to: To = "-",
    force: Force = False,
    no_personal: NoPersonal = False,
) -> None:
    """Export the clinic as FHIR resources, release 4.

    With --day, the slots, appointments, encounters and waitlist of these days, and everything that they refer to.
    """
    in_lines = export_files.has_lines(to) if lines is None else lines

    def write(found: Any, file: BinaryIO, follow: Follow) -> None:
        write_fhir(found, file, follow, lines=in_lines)

    request = {"on": day, "no_personal": no_personal}
    export_files.deliver(ctx.obj, desk.exports.health_records.read, request, write, to=to, force=force)


@exports(
    export,
    "ics",
    "clinicctl export ics --doctor MEHTA --to mehta.ics --force",
    "clinicctl export ics --patient P1 --names --day today..",
)
def ics(
    ctx: Ctx,
    doctor: params.DoctorOption = None,
    patient: params.PatientOption = None,
    day: Spans = None,
    names: Annotated[bool, typer.Option("--names", help="Add the names of patients.")] = False,
    to: To = "-",
    force: Force = False,
) -> None:
    """Export the appointments of a doctor or of a patient as a calendar.

    A cancelled or moved appointment stays in it as cancelled, so that a calendar which has it drops it. A later export
    changes the same events.
    """
    request = {"doctor": doctor, "patient": patient, "on": day, "names": names}
    export_files.deliver(ctx.obj, desk.exports.calendars.read, request, write_calendar, to=to, force=force)


def _table(ctx: Ctx, table: str, to: str, force: bool, given: TableFormat | None, **chosen: Any) -> None:
    format = export_files.table_format(ctx.obj, to, given)
    excel_safe = ctx.obj.settings.excel_safe

    def write(found: Any, file: BinaryIO, follow: Follow) -> None:
        columns, rows = found
        write_table(format, columns, follow(rows), file, title=table, excel_safe=excel_safe)

    request = {**chosen, "table": table}
    export_files.deliver(ctx.obj, desk.exports.tables.read, request, write, to=to, force=force, is_text=format.is_text)
