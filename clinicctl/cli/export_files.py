"""Deliver an export: to a new file, or to stdout after it was read completely."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from clinicctl import errors, render
from clinicctl.cli.context import AppContext
from clinicctl.statuses import TableFormat
from clinicctl.store import paths

Follow = Callable[[Iterable[Any]], Iterator[Any]]
"""Counts the records of an iterable as they are taken from it."""

Write = Callable[[Any, BinaryIO, Follow], None]
"""Writes the result of an operation to a file, and lets its records be counted."""

_SAME = {"json": "jsonl", "jsonl": "jsonl", "csv": "csv"}
"""The formats of lists that are also formats of exports."""

_ENDS = {**{each.value: each for each in TableFormat}, "ndjson": TableFormat.JSONL}
"""The formats of files, by the ends of their names."""

_OTHER_ENDS = ("json", "tsv", "xls", "xlsm", "ods")
"""The ends of names of tables that an export does not write."""


def table_format(context: AppContext, to: str, given: TableFormat | None) -> TableFormat:
    """Return the format of a table.

    It is the one given, or that of the file's name, else that of lists, else CSV. Refuses a name that contradicts the
    format given, and one that promises a format of others.
    """
    typed = context.flags.get("output")
    if given is TableFormat.JSONL:
        # Errors are then JSON, too.
        context.flags |= {"output": "jsonl"}
    end = os.path.splitext(to)[1].lower().removeprefix(".")
    named = _ENDS.get(end) if to != "-" else None
    if given and named and given is not named:
        raise errors.Usage(problem=f"--to: the file's name ends in .{end}, but the format is {given}.")
    if found := given or named:
        return found
    if typed is not None and typed not in _SAME:
        raise errors.BadValue(problem=f"--output: {typed} is no format of an export; use {', '.join(TableFormat)}.")
    if typed is None and end in _OTHER_ENDS:
        ends = ", ".join(f".{each}" for each in TableFormat)
        raise errors.Usage(problem=f"--to: an export has no format for .{end}; name the file {ends}.")
    return TableFormat(_SAME.get(context.settings.output or "", "csv"))


def has_lines(to: str) -> bool:
    """Return whether a file has an object on each line, by its name."""
    return to.lower().endswith((".ndjson", ".jsonl"))


def deliver(
    context: AppContext,
    operation: Callable[..., Any],
    request: Mapping[str, Any],
    write: Write,
    *,
    to: str,
    force: bool,
    is_text: bool = True,
) -> None:
    """Run an operation, and write what it reads to a file or to stdout.

    Nothing is printed before everything is read: a reader that stops would hold the transaction open.
    """
    if force and to == "-":
        raise errors.Usage(problem="--force needs --to FILE.")
    context.store.require_standalone()
    if to == "-":
        if not is_text and render.default_format() == "table":
            raise errors.Usage(problem="This format is not text: name a file with --to.")
        with TemporaryFile() as file:
            _read(context, operation, request, write, file, "stdout")
            render.copy(file)
        return
    with _failing(to), paths.writing(to, replace=force) as file:
        count = _read(context, operation, request, write, file, to)
    context.note(f"{to}: {count:,} {'record' if count == 1 else 'records'}.")


@contextmanager
def _failing(name: str) -> Iterator[None]:
    """Refuse a file that cannot be written, by its name."""
    try:
        yield
    except FileNotFoundError:
        raise errors.NoSuchFile(path=os.path.dirname(name)) from None
    except OSError as error:
        raise errors.IOFailed(path=name, reason=error.strerror or "cannot be written") from None


def _read(
    context: AppContext,
    operation: Callable[..., Any],
    request: Mapping[str, Any],
    write: Write,
    file: BinaryIO,
    name: str,
) -> int:
    """Write what an operation reads, within its transaction.

    Returns the number of records."""
    with render.show_progress(os.path.basename(name), quiet=context.settings.quiet) as progress:

        def taken(tx: Any, /, **given: Any) -> None:
            # The store would take an error of this file for one of the database.
            with _failing(name):
                write(operation(tx, **given), file, progress.follow)

        context.read(taken, **request)
        return progress.followed
