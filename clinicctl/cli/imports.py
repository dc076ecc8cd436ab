"""Run imports: options, opening the file, and planning before the lock is taken."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from typing import Annotated, Any

import typer

from clinicctl import desk, errors, interrupts, render
from clinicctl.cli import params
from clinicctl.cli.context import Ctx
from clinicctl.cli.reporting import PARTLY_DONE
from clinicctl.results.base import Outcome
from clinicctl.rules import calendars, encodings, tabular, workbooks
from clinicctl.rules.import_rows import Kind
from clinicctl.statuses import Encoding, OnError, SheetFormat

MOST_BYTES = 2 * tabular.MOST_CHARACTERS
"""The most bytes of a file that are read. A file with more is too large in any encoding."""

FormatOption = Annotated[
    SheetFormat | None,
    params.choice("--format", SheetFormat, help="The file's format.  [default: from its name or content]"),
]
OnErrorOption = Annotated[
    OnError, params.choice("--on-error", OnError, help="Whether a bad row stops the import or is skipped.")
]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook.  [default: the first]")
]
EncodingOption = Annotated[
    Encoding | None, params.choice("--encoding", Encoding, help="The encoding of a text.  [default: recognised]")
]
ColumnsOption = Annotated[
    str | None,
    typer.Option("--columns", metavar="HEADER=COLUMN,...", help="Columns by other headers: 'Arzt=doctor,Datum=date'."),
]
SaveColumnsOption = Annotated[
    bool, typer.Option("--save-columns", help="Use these --columns for the next files, too; empty ones are removed.")
]
IgnoreColumnsOption = Annotated[bool, typer.Option("--ignore-columns", help="Pass over unknown columns.")]


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How the user wants a file to be read."""

    format: SheetFormat | None = None
    sheet: str | None = None
    encoding: Encoding | None = None
    columns: str | None = None
    save_columns: bool = False
    ignore_columns: bool = False


def run(
    ctx: Ctx,
    file: str,
    kind: Kind,
    given: FileOptions,
    *,
    write: Callable[..., Any],
    plan: Callable[..., Any] | None = None,
    check: Callable[..., None] | None = None,
    **options: Any,
) -> None:
    """Read a file, import it, and show the result."""
    name = "stdin" if file == "-" else os.path.basename(file)
    if given.save_columns and given.columns is None:
        raise errors.Usage(problem="--save-columns needs --columns; `--columns ''` removes those that are stored.")
    with render.show_progress(name, quiet=ctx.obj.settings.quiet) as progress:
        content = _content(ctx, file)
        reading = _reading(ctx, kind, given)
        lines = _lines(ctx, content, given)
        if not isinstance(lines, tabular.Cells):
            lines = progress.read(lines, len(content))
        sheet = kind.read(lines, format=given.format or tabular.format_of(file), reading=reading)
        parts = kind.parts(sheet)
        del sheet
        how: dict[str, Any] = {
            "operation": write,
            "plan": plan,
            "options": options,
            "read": ctx.obj.read,
            "write": ctx.obj.execute,
            "report": progress.describe,
            "columns": given.columns if given.save_columns else None,
        }
        if len(parts) == 1:
            outcome = desk.imports.run.import_sheet(parts[0], **how)
        else:
            outcome = desk.imports.run.import_parts(parts, check=check, **how)
    _show(ctx, name, outcome)


def run_calendar(ctx: Ctx, file: str, *, write: Callable[..., Any], **options: Any) -> None:
    """Read a calendar file, import its dates, and show the result."""
    name = "stdin" if file == "-" else os.path.basename(file)
    with render.show_progress(name, quiet=ctx.obj.settings.quiet) as progress:
        sheet = calendars.read(_content(ctx, file, most=calendars.MOST_BYTES + 1))
        progress.describe("writing")
        outcome = ctx.obj.execute(write, {"sheet": sheet, **options})
    _show(ctx, name, outcome)


def _show(ctx: Ctx, name: str, outcome: Outcome) -> None:
    """Show the result of an import.

    Exits with `PARTLY_DONE` if rows were refused.
    """
    ctx.obj.show(outcome)
    if (ctx.obj.settings.output or render.default_format()) != "table":
        ctx.obj.note(f"{name}: {render.tally(outcome)}")
    if outcome.result.refused:
        raise typer.Exit(PARTLY_DONE)


def _reading(ctx: Ctx, kind: Kind, given: FileOptions) -> tabular.Reading:
    """Return how columns are read: by the given headers, or by stored ones."""
    columns = given.columns
    if columns is None:
        columns = ctx.obj.read(desk.imports.headers.saved, kind=kind.name)
    renamed = tabular.parse_columns(columns)
    tabular.refuse_unknown(renamed, kind.columns)
    return tabular.Reading(renamed, ignore=given.ignore_columns)


def _content(ctx: Ctx, file: str, *, most: int = MOST_BYTES) -> bytes:
    """Return the content of a file or of stdin, up to the largest size."""
    with opened_bytes(ctx, file) as source:
        return source.read(most)


def _lines(ctx: Ctx, content: bytes, given: FileOptions) -> Iterable[str] | tabular.Cells:
    """Return the lines of a text, or the rows of a workbook.

    Reports an encoding that was assumed.
    """
    if encodings.is_workbook(content):
        return tabular.Cells(_rows(content, given.sheet))
    if given.sheet is not None:
        raise errors.Usage(problem="--sheet is for a workbook; this file is text.")
    found = encodings.decoded(given.encoding) if given.encoding else encodings.recognise(content)
    if found.assumed:
        ctx.obj.note(f"Read as {found.encoding}. Choose another encoding with --encoding.")
    return encodings.lines(content, found, longest=tabular.LONGEST_LINE + 1)


def _rows(content: bytes, sheet: str | None) -> Iterator[tuple[int, Sequence[str] | str]]:
    try:
        yield from workbooks.rows(content, sheet=sheet)
    except workbooks.Unreadable as problem:
        raise tabular.Unreadable(1, str(problem)) from None


@contextmanager
def opened_bytes(ctx: Ctx, file: str) -> "Iterator[BufferedReader[Any]]":
    """Yield a file, or stdin.

    Refuses a missing file, and stdin that another argument has read.
    """
    if file == "-":
        yield _stdin(ctx)
        return
    try:
        raw = ctx.obj.open(file)
    except FileNotFoundError:
        raise errors.NoSuchFile(path=file) from None
    except OSError as error:
        raise _unreadable(file, error) from None
    with BufferedReader(_Source(raw, file)) as source:
        yield source


def _unreadable(path: str, error: OSError) -> errors.IOFailed:
    return errors.IOFailed(path=path, reason=error.strerror or "cannot be read")


def _stdin(ctx: Ctx) -> "BufferedReader[Any]":
    if ctx.obj.stdin_taken:
        raise errors.Usage(problem="Only one argument can be read from stdin; use a file for the others.")
    ctx.obj.stdin_taken = True
    if sys.stdin is None:
        raise errors.IOFailed(path="stdin", reason="it is closed")
    return BufferedReader(_Source(getattr(sys.stdin.buffer, "raw", sys.stdin.buffer), "stdin", ours=False))


class _Source(RawIOBase):
    """The bytes of a file or a pipe. A signal interrupts a read."""

    def __init__(self, raw: Any, name: str, *, ours: bool = True) -> None:
        self._raw = raw
        self._name = name
        self._ours = ours

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return int(self._raw.fileno())

    def readinto(self, buffer: Any) -> int | None:
        interrupts.check()
        try:
            with interrupts.Waiting():
                return self._raw.readinto(buffer)  # type: ignore[no-any-return]
        except OSError as error:
            raise _unreadable(self._name, error) from None

    def close(self) -> None:
        if self._ours and not self.closed:
            self._raw.close()
        super().close()
