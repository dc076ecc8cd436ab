"""Run imports: options, opening the file, and planning before the lock is taken."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase, TextIOWrapper
from typing import Annotated, Any

import typer

from clinicctl import desk, errors, interrupts, render
from clinicctl.cli import params
from clinicctl.cli.context import PARTLY_DONE, Ctx
from clinicctl.rules import tabular
from clinicctl.statuses import OnError, SheetFormat

FormatOption = Annotated[
    SheetFormat | None,
    params.choice("--format", SheetFormat, help="The file's format.  [default: from its name or content]"),
]
OnErrorOption = Annotated[
    OnError, params.choice("--on-error", OnError, help="Whether a bad row stops the import or is skipped.")
]


def run(
    ctx: Ctx,
    file: str,
    *,
    format: SheetFormat | None,
    read: Callable[..., tabular.Sheet],
    write: Callable[..., Any],
    plan: Callable[..., Any] | None = None,
    **options: Any,
) -> None:
    """Read a file, import it, and show the result."""
    name = "stdin" if file == "-" else os.path.basename(file)
    with render.show_progress(name, quiet=ctx.obj.settings.quiet) as progress:
        with _opened(ctx, file) as (lines, size):
            sheet = read(progress.read(lines, size), format=format or tabular.format_of(file))
        outcome = desk.imports.run.import_sheet(
            sheet,
            operation=write,
            plan=plan,
            options=options,
            read=ctx.obj.read,
            write=ctx.obj.execute,
            report=progress.describe,
        )
    ctx.obj.show(outcome)
    if (ctx.obj.settings.output or render.default_format()) != "table":
        ctx.obj.note(f"{name}: {render.tally(outcome)}")
    if outcome.result.refused:
        raise typer.Exit(PARTLY_DONE)


@contextmanager
def _opened(ctx: Ctx, file: str) -> Iterator[tuple[Iterable[str], int | None]]:
    """Yield the lines of a file or of stdin, and the size.

    Bytes that are not UTF-8 remain visible.
    """
    with opened_bytes(ctx, file) as source:
        size = os.fstat(source.fileno()).st_size if file != "-" else None
        with TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            yield iter(lambda: text.readline(tabular.LONGEST_LINE + 1), ""), size


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
