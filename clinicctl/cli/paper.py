"""Commands for paper: slips of appointments; and how a document is written or printed."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from clinicctl import desk, errors, render
from clinicctl.cli import params
from clinicctl.cli.commands import reads
from clinicctl.cli.context import AppContext, Ctx
from clinicctl.statuses import PaperWidth
from clinicctl.store import paths

app = typer.Typer()

Print = Annotated[bool, typer.Option("--print", help="Print: a PDF, or with --width plain text.")]
Pdf = Annotated[str | None, typer.Option("--pdf", metavar="FILE", help="Write a PDF; - for stdout.")]
Force = Annotated[bool, typer.Option("--force", help="Replace the file.")]
Width = Annotated[
    PaperWidth | None, params.choice("--width", PaperWidth, help="Plain text for a receipt printer of this width.")
]


@reads(
    app,
    "ticket",
    "clinicctl ticket A1",
    "clinicctl ticket A1 --width 58mm",
    "clinicctl ticket A1 --pdf slip.pdf",
)
def ticket(
    ctx: Ctx,
    appointment: params.Appointment,
    print_: Print = False,
    pdf: Pdf = None,
    force: Force = False,
    width: Width = None,
    no_code: Annotated[bool, typer.Option("--no-code", help="Leave out the QR code of the number.")] = False,
) -> None:
    """Show or print a slip: position, doctor and expected time, no name.

    It has the appointment's number as a QR code. `--print` uses `lp`, or the command in `config print_command`.
    """
    found = ctx.obj.read(desk.paper.ticket, appointment=appointment)
    settings = ctx.obj.read(desk.paper.print_settings) if print_ else None
    chosen = width or (PaperWidth(settings.ticket_width) if settings and settings.ticket_width and not pdf else None)

    def as_text(paper: str) -> str:
        from clinicctl.render import slips  # Deferred: JSON needs no slip.

        return slips.ticket(found, width=paper, with_code=not no_code)

    def as_pdf() -> bytes:
        from clinicctl.render import pdf as documents  # Deferred: the library takes long to load.

        return documents.ticket(found, width=width or PaperWidth.MM80, with_code=not no_code)

    if pdf is not None:
        write_pdf(ctx.obj, pdf, as_pdf(), force=force)
    if print_:
        send(ctx.obj, as_text(chosen).encode() if chosen and pdf is None else as_pdf(), kind="ticket")
    if pdf is None and not print_:
        show(ctx.obj, found, as_text, width=width)


def give_sheet(
    app: AppContext, *, printed: bool, pdf: str | None, force: bool, width: PaperWidth | None, **asked: Any
) -> None:
    """Print the day sheet, write it to a PDF, or show it as plain text."""
    if pdf is not None and width is not None:
        raise errors.Usage(problem="--width is for plain text, and cannot be combined with --pdf.")
    found = app.read(desk.paper.day_sheet, **asked)

    def as_text() -> str:
        from clinicctl.render import slips  # Deferred: a PDF needs it only in part.

        return slips.day(found, width=width or PaperWidth.MM80)

    def as_pdf() -> bytes:
        from clinicctl.render import pdf as documents  # Deferred: the library takes long to load.

        return documents.day(found)

    if pdf is not None:
        write_pdf(app, pdf, as_pdf(), force=force)
    if printed:
        send(app, as_text().encode() if width is not None else as_pdf(), kind="day")
    elif pdf is None:
        render.text(as_text())


def show(app: AppContext, found: object, as_text: Callable[[str], str], *, width: PaperWidth | None) -> None:
    """Show a document as text for people or with a width.

    Else it is shown in the format that was asked for.
    """
    if width is not None or (app.settings.output or render.default_format()) == "table":
        render.text(as_text(width or PaperWidth.MM80))
    else:
        app.show(found)


def send(app: AppContext, document: bytes, *, kind: str) -> None:
    """Print a document. The transaction that read it has ended."""
    from clinicctl.render import printing  # Deferred: only a print needs it.

    command = app.settings.print_command or app.read(desk.paper.print_settings).command
    app.note(f"Sent to {printing.send(document, command=command, kind=kind)}.")


def write_pdf(app: AppContext, path: str, document: bytes, *, force: bool) -> None:
    """Write a PDF to a new file (0600), or with `force` over another."""
    if path == "-":
        render.binary(document)
        return
    app.store.protect()
    try:
        with paths.writing(path, replace=force) as file:
            file.write(document)
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror or "cannot be written") from None
