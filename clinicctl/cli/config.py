"""Commands for the clinic's settings, its holidays and its kinds of visit."""

from typing import Annotated

import typer

from clinicctl import desk
from clinicctl.cli import imports, params, parsers
from clinicctl.cli.commands import group, reads, writes
from clinicctl.cli.context import Ctx
from clinicctl.rules import text as words
from clinicctl.rules.days import DayWord, parse_day
from clinicctl.statuses import MessageKind, OnConflict, OnError

app = typer.Typer()
config_ = group(
    "config",
    "Show or set the clinic's settings, holidays and kinds of visit.",
    "clinicctl config",
    "clinicctl config region DE",
    "clinicctl config holiday add 2027-01-26 'Republic Day'",
    "clinicctl config visit-type add follow-up --minutes 10",
)
holiday = group(
    "holiday",
    "Holidays of the clinic: add, remove, list, import.",
    "clinicctl config holiday add 2027-01-26 'Republic Day'",
    "clinicctl config holiday import holidays.ics --dry-run",
)
visit_type = group(
    "visit-type",
    "Kinds of visit: add, edit, remove, list.",
    "clinicctl config visit-type add new --minutes 20",
    "clinicctl config visit-type list",
)
config_.add_typer(holiday)
template = group(
    "template",
    "Texts of messages to patients: set, remove, list.",
    "clinicctl config template list",
    "clinicctl config template set de reminder '{clinic}: {patient} hat am {when} einen Termin bei {doctor}.'",
)
config_.add_typer(visit_type)
config_.add_typer(template)
GROUPS = {"config": config_}

HolidayDate = Annotated[
    DayWord,
    typer.Argument(metavar="DATE", parser=parse_day, autocompletion=params.day_words, help="The date: 2027-01-26."),
]
VisitTypeName = Annotated[
    str, typer.Argument(metavar="NAME", parser=parsers.visit_type, help="The name of the kind of visit.")
]
Language = Annotated[
    str, typer.Argument(metavar="LANGUAGE", parser=words.language, help="The code of a language: en, de, pt-br.")
]
Kind = Annotated[
    MessageKind,
    typer.Argument(
        metavar=f"[{'|'.join(MessageKind)}]",
        parser=parsers.one_of("KIND", MessageKind),
        help="The kind of message.",
    ),
]
Minutes = Annotated[int, params.count("--minutes", 1, 480, help="The length of the visit in minutes.")]


@writes(app, "config", "clinicctl config", "clinicctl config timezone", "clinicctl config region DE")
def config(
    ctx: Ctx,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", autocompletion=params.setting_names, help="Name of a setting.")
    ] = None,
    value: Annotated[str | None, typer.Argument(metavar="[VALUE]", help="New value.")] = None,
) -> None:
    """Show or set the clinic's settings, holidays and kinds of visit."""
    if name is None:
        ctx.obj.show(ctx.obj.read(desk.clinic.list_settings))
    elif value is None:
        ctx.obj.show(ctx.obj.read(desk.clinic.show_setting, name=name))
    else:
        ctx.obj.write(desk.clinic.set_setting, name=name, value=value)


@writes(
    holiday,
    "add",
    "clinicctl config holiday add 2027-01-26 'Republic Day'",
    "clinicctl config holiday add 2026-12-25 Christmas --on-conflict cancel",
)
def add_holiday(
    ctx: Ctx,
    day: HolidayDate,
    name: Annotated[str, typer.Argument(metavar="NAME", parser=parsers.holiday, help="The name of the holiday.")],
    on_conflict: params.OnConflictOption = OnConflict.REFUSE,
) -> None:
    """Add a holiday. Every doctor is absent whose date is not set.

    Another name for the date replaces the former one.
    """
    if on_conflict is OnConflict.CANCEL:
        ctx.obj.confirm_many(ctx.obj.read(desk.holidays.preview_cancelled, on=day, name=name))
    ctx.obj.write(desk.holidays.add, on=day, name=name, on_conflict=on_conflict)


@writes(holiday, "remove", "clinicctl config holiday remove 2027-01-26")
def remove_holiday(ctx: Ctx, day: HolidayDate) -> None:
    """Remove a holiday. Cancelled appointments stay cancelled."""
    ctx.obj.write(desk.holidays.remove, on=day)


@reads(holiday, "list", "clinicctl config holiday list", "clinicctl config holiday list --all -o json")
def list_holidays(ctx: Ctx, every: Annotated[bool, typer.Option("--all", help="Include past ones.")] = False) -> None:
    """List the holidays from today on."""
    ctx.obj.show(ctx.obj.read(desk.holidays.list_all, past=every))


@writes(
    holiday,
    "import",
    "clinicctl config holiday import holidays.ics --dry-run",
    "clinicctl config holiday import holidays.ics --on-error skip",
)
def import_holidays(
    ctx: Ctx,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="An iCalendar file (.ics) of all-day events.")],
    on_conflict: params.OnConflictOption = OnConflict.REFUSE,
    on_error: imports.OnErrorOption = OnError.STOP,
) -> None:
    """Add the holidays of an iCalendar file: all or none.

    A second run changes nothing. Past days are skipped.
    """
    if on_conflict is OnConflict.CANCEL:
        ctx.obj.confirm_many(())
    imports.run_calendar(
        ctx, file, write=desk.imports.holidays.import_dates, on_conflict=on_conflict, on_error=on_error
    )


@writes(visit_type, "add", "clinicctl config visit-type add new --minutes 20")
def add_visit_type(ctx: Ctx, name: VisitTypeName, minutes: Minutes) -> None:
    """Add a kind of visit with its length."""
    ctx.obj.write(desk.visit_types.add, name=name, minutes=minutes)


@writes(visit_type, "edit", "clinicctl config visit-type edit new --minutes 30")
def edit_visit_type(ctx: Ctx, name: VisitTypeName, minutes: Minutes) -> None:
    """Change the length of a kind of visit.

    Booked appointments keep their slots.
    """
    ctx.obj.write(desk.visit_types.edit, name=name, minutes=minutes)


@writes(visit_type, "remove", "clinicctl config visit-type remove new")
def remove_visit_type(ctx: Ctx, name: VisitTypeName) -> None:
    """Remove a kind of visit. Booked appointments keep it."""
    ctx.obj.write(desk.visit_types.remove, name=name)


@writes(
    template,
    "set",
    "clinicctl config template set de reminder '{clinic}: {patient} hat am {when} einen Termin bei {doctor}.'",
    "clinicctl config template set en cancelled --subject 'Your visit on {date} is cancelled'",
)
def set_template(
    ctx: Ctx,
    language: Language,
    kind: Kind,
    text: Annotated[
        str | None,
        typer.Argument(metavar="[TEXT]", parser=parsers.personal(str), help="The text; - reads stdin, @FILE a file."),
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", metavar="TEXT", help="The subject of e-mails.")] = None,
) -> None:
    """Set the text of a kind of message in a language.

    Placeholders: {clinic}, {patient}, {doctor}, {date}, {time}, {when}, {number}, and {ahead} for near. There is none
    for the reason of a visit.
    """
    ctx.obj.write(desk.templates.set_template, language=language, kind=kind, text=text, subject=subject)


@writes(template, "remove", "clinicctl config template remove de reminder")
def remove_template(ctx: Ctx, language: Language, kind: Kind) -> None:
    """Remove the clinic's own text of a kind of message in a language."""
    ctx.obj.write(desk.templates.remove, language=language, kind=kind)


@reads(template, "list", "clinicctl config template list", "clinicctl config template list de --json")
def list_templates(
    ctx: Ctx,
    language: Annotated[
        str | None, typer.Argument(metavar="[LANGUAGE]", parser=words.language, help="Only this language.")
    ] = None,
) -> None:
    """List the texts of messages, the clinic's own and the default ones."""
    ctx.obj.show(ctx.obj.read(desk.templates.list_all, language=language))


@reads(visit_type, "list", "clinicctl config visit-type list")
def list_visit_types(ctx: Ctx) -> None:
    """List the kinds of visit."""
    ctx.obj.show(ctx.obj.read(desk.visit_types.list_all))
