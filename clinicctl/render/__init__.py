"""Print results to stdout and everything else to stderr. No other module prints.

A result is read completely, and printed after the transaction has ended. Control characters are made visible.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from clinicctl import errors, interrupts
from clinicctl.render.streams import copy, secret, write, write_bytes, write_error

if TYPE_CHECKING:
    from datetime import date

    from clinicctl.render.listings import Listing
    from clinicctl.render.progress import Progress
    from clinicctl.results.base import Outcome
    from clinicctl.results.clinic import Metrics
    from clinicctl.results.days import Board
    from clinicctl.results.people import MergePlan, ToCall
    from clinicctl.results.reports import Report

__all__ = [
    "answer",
    "ask",
    "binary",
    "board",
    "can_ask",
    "choices",
    "copy",
    "default_format",
    "flush",
    "listing",
    "merge_plan",
    "message",
    "people",
    "progress",
    "prompt",
    "refusal",
    "result",
    "secret",
    "tally",
    "text",
    "textfile",
    "to_call",
    "write_report",
]


PROMPT = 32
"""The most cells of a prompt for the patient."""


def default_format() -> str:
    """Return the default format: a table on a terminal, TSV for a pipe."""
    return "table" if _is_terminal(sys.stdout) else "tsv"


def result(
    value: Any,
    *,
    output: str,
    header: bool | None = None,
    excel_safe: bool = False,
    masked: bool = False,
    of: Callable[..., Any] | None = None,
    listed: Sequence[str] = (),
    command: str = "",
    days: "Sequence[date]" = (),
    doctor: str = "",
    plan: "MergePlan | None" = None,
    names: bool = True,
) -> None:
    """Print a result, or the outcome of a write, on stdout.

    Refuses with `NotPrinted` if that fails.

    `masked` leaves only the last three digits of a phone in tables, but not in the formats for programs. `of` is the
    operation that returned the result, `command` its command, and `days` and `doctor` are what it asked for. `listed`
    are cancelled appointments that were listed before a question: a table on the terminal does not list them again.
    `plan` is what a dry run would merge; a table shows its names only with `names`.
    """
    from clinicctl.results.base import Outcome

    # By name, so that other commands do not load the class.
    if type(value).__name__ == "Metrics" and output not in ("json", "jsonl"):
        from clinicctl.render import metrics

        text(metrics.exposition(value))
        return
    if type(value).__name__ == "Drawn" or (output == "table" and getattr(type(value), "is_report", False)):
        from clinicctl.render import reports

        on = {each: option for each, option in _terminal(()).items() if each != "listed"}
        text(reports.shown(value, **on))
        return
    if type(value).__name__ == "Listing":
        write(value.pieces)
        return
    outcome = value if isinstance(value, Outcome) else None
    shown = outcome.result if outcome else value
    if isinstance(shown, list) and (shown or output != "table"):
        found = listing(
            shown,
            output=output,
            header=header,
            excel_safe=excel_safe,
            masked=masked,
            of=of,
            outcome=outcome,
            listed=listed,
        )
        write(found.pieces)
    elif output == "table":
        from clinicctl.render import machine, safe_text, tables

        if masked:
            # The answer of an accepted command lists the patients to call with whole phones.
            shown = safe_text.masked(shown, to_call=outcome is not None and not outcome.dry_run)
        if plan is not None:
            text(_comparison(plan, sys.stdout, masked=masked, names=names))
        text(
            tables.render(
                shown,
                outcome=outcome,
                command=command,
                kind=machine.declared_class(of) if shown == [] else None,
                days=days,
                doctor=doctor,
                **_terminal(listed),
            )
        )
    else:
        from clinicctl.render import machine

        if output in ("json", "jsonl"):
            pretty = _is_terminal(sys.stdout)
            write(machine.as_json(shown, outcome=outcome, lines=output == "jsonl", pretty=pretty, plan=plan))
        else:
            wanted = output == "csv" if header is None else header
            comma = output == "csv"
            write(machine.as_separated(shown, outcome=outcome, comma=comma, header=wanted, excel_safe=excel_safe))
    if outcome is not None and output in ("csv", "tsv"):
        # The rows are days. The patients to call have other columns, and so go to stderr.
        to_call(outcome)


def listing(
    rows: "Iterable[Any]",
    *,
    output: str,
    header: bool | None,
    excel_safe: bool,
    masked: bool,
    of: Callable[..., Any] | None,
    outcome: "Outcome | None" = None,
    listed: Sequence[str] = (),
) -> "Listing":
    """Read a list in a format, row by row, for `result` to print.

    A table needs at least one row. The options are those of `result`.
    """
    from clinicctl.render import listings

    return listings.read(
        rows,
        output=output,
        header=output == "csv" if header is None else header,
        excel_safe=excel_safe,
        masked=masked,
        of=of,
        pretty=_is_terminal(sys.stdout),
        outcome=outcome,
        **(_terminal(listed) if output == "table" else {}),
    )


def _terminal(listed: Sequence[str]) -> dict[str, Any]:
    """Return what a table is drawn on, and the appointments listed before."""
    seen = listed if _is_terminal(sys.stdout) else ()
    return {"width": _width(), "positioned": _obeys(sys.stdout), "coloured": _coloured(sys.stdout), "listed": seen}


def answer(line: int, status: int, value: Any, refused: errors.Refusal | None) -> str:
    """Return the answer to one line of a batch: an object on one line."""
    from clinicctl.render import machine

    return machine.answer(line, status, value, refused)


def text(content: str) -> None:
    """Print on stdout, in UTF-8 whatever the locale.

    Refuses with `NotPrinted` if that fails.
    """
    write((content,))


def binary(content: bytes) -> None:
    """Print a document on stdout.

    Refuses with `NotPrinted` if that fails, and on a terminal.
    """
    write_bytes(content)


def textfile(found: "Metrics", *, path: str) -> None:
    """Write metrics to a file for a collector."""
    from clinicctl.render import metrics

    metrics.write(found, path=path)


def write_report(found: "Report", targets: Mapping[str, str], *, replace: bool) -> None:
    """Write a report to files by their kinds."""
    from clinicctl.render import report_files

    report_files.write(found, targets, replace=replace)


def flush() -> None:
    """Print buffered output. Refuses with `NotPrinted` if that fails."""
    write(("",))


def message(sentence: str) -> None:
    """Write one line on stderr."""
    from clinicctl.render.safe_text import visible

    write_error(f"clinicctl: {visible(sentence)}\n")


def tally(outcome: "Outcome") -> str:
    """Return the counts of an import as a sentence."""
    from clinicctl.render import messages

    return messages.tally(outcome)


@contextmanager
def show_progress(name: str, *, quiet: bool) -> "Iterator[Progress]":
    """Return a progress bar for the work on a file. It is shown only on a terminal."""
    from clinicctl.render.progress import Progress

    bar = Progress(name, shown=not quiet and _is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb")
    try:
        yield bar
    finally:
        bar.stop()


def refusal(refused: errors.Refusal, *, as_json: bool, masked: bool = False) -> None:
    """Print an error on stderr: a JSON object, or sentence, people and hint."""
    from clinicctl.render import machine

    if as_json:
        write_error(machine.refusal_json(refused))
        return
    width = _width() if _is_terminal(sys.stderr) else None
    write_error(machine.refusal_text(refused, masked=masked, width=width))


def choices(refused: errors.Refusal, *, masked: bool = False) -> None:
    """Print an error on stderr, with its candidates numbered to choose from."""
    from clinicctl.render import machine

    width = _width() if _is_terminal(sys.stderr) else None
    write_error(machine.refusal_text(refused, masked=masked, width=width, numbered=True))


def can_ask() -> bool:
    """Return whether the user can be asked at a terminal."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def line(program: str, subject: str = "") -> str:
    """Read a line at a prompt, or from a pipe without one.

    Raises EOFError at the end.
    """
    with interrupts.Waiting():
        if can_ask():
            prompt = f"{program}{f' {_fitting(subject)}' if subject else ''}> "
            if _is_terminal(sys.stdout):
                return input(prompt)
            # The result goes to a file; the prompt is for the person.
            write_error(prompt)
        if typed := sys.stdin.readline() if sys.stdin else "":
            return typed
    raise EOFError


def _fitting(subject: str) -> str:
    """Return a short subject whose width the line editor counts correctly.

    GNU readline counts by the locale. In a locale without Unicode it counts every byte as a cell; then only the first
    word, the number, is used.
    """
    from locale import getencoding

    from clinicctl.render.layout import shortened
    from clinicctl.render.safe_text import visible

    shown = shortened(visible(subject), PROMPT)
    return shown if shown.isascii() or getencoding().lower() in ("utf-8", "utf8") else shown.partition(" ")[0]


def ask(question: str) -> bool:
    """Ask on stderr. Anything but a yes is a no."""
    return prompt(f"{question} [y/N]").lower() in ("y", "yes")


def prompt(question: str) -> str:
    """Ask on stderr, and return the answer. It is empty at the end of the input."""
    from clinicctl.render.safe_text import visible

    write_error(f"{visible(question)} ")
    with interrupts.Waiting():
        return sys.stdin.readline().strip()


def merge_plan(plan: "MergePlan", *, masked: bool, names: bool) -> None:
    """Show both records of a merge on stderr, before the question.

    Without `names` no name is shown.
    """
    from clinicctl.render import comparison

    message(comparison.headline(plan, names=names))
    write_error(_comparison(plan, sys.stderr, masked=masked, names=names))


def _comparison(plan: "MergePlan", stream: IO[str] | None, *, masked: bool, names: bool) -> str:
    from clinicctl.render import comparison, layout, safe_text

    console = layout.Console(width=_width(), coloured=_coloured(stream), positioned=_obeys(stream))
    comparison.print_plan(console, safe_text.masked(plan) if masked else plan, names=names)
    return console.text()


def people(affected: "Sequence[ToCall]", *, masked: bool = False) -> None:
    """List the affected patients with their phones on stderr, before a question."""
    write_error(_listed(affected, masked=masked))


def _listed(patients: "Sequence[ToCall]", *, masked: bool) -> str:
    from clinicctl.render import machine, safe_text

    return "".join(map(machine.to_call, safe_text.masked(patients) if masked else patients))


def to_call(outcome: "Outcome", *, masked: bool = False) -> None:
    """List the patients to call on stderr, also with `--quiet`."""
    found = outcome.result if isinstance(outcome.result, list) else [outcome.result]
    from clinicctl.render import machine

    for name, (title, dry) in machine.TO_CALL.items():
        if patients := [person for each in found for person in getattr(each, name, ())]:
            heading = dry if outcome.dry_run else title
            if not write_error(f"clinicctl: {heading}\n{_listed(patients, masked=masked)}"):
                # The list is part of the answer, and nothing else contains it.
                raise errors.NotPrinted(reason="stderr is closed or full")


def board(read: "Callable[[], Sequence[Board]]", *, every: float) -> None:
    """Show the waiting room board on the whole screen until interrupted.

    `every` is in seconds.
    """
    from clinicctl.render import waiting_room

    positioned, coloured = _obeys(sys.stdout), _coloured(sys.stdout)
    waiting_room.run(read, every=every, write=text, coloured=coloured, positioned=positioned)


def _is_terminal(stream: IO[str] | None) -> bool:
    return bool(stream is not None and stream.isatty())


def _obeys(stream: IO[str] | None) -> bool:
    """Return whether the stream is a terminal that understands control sequences."""
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _coloured(stream: IO[str] | None) -> bool:
    return _obeys(stream) and not os.environ.get("NO_COLOR")


def _width() -> int:
    """Return the terminal's width, at least 20; a table in a pipe gets 100."""
    from shutil import get_terminal_size

    return max(20, get_terminal_size((100, 24)).columns)
