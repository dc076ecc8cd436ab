"""The only place that prints: results to stdout, everything else to stderr, and nothing that a terminal would obey.

A result is rendered whole and written at once, after the transaction has ended: what was answered, stands.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from clinicctl import errors, interrupts

if TYPE_CHECKING:
    from clinicctl.render.progress import Progress
    from clinicctl.results.appointments import Undoing
    from clinicctl.results.base import Outcome
    from clinicctl.results.clinic import Metrics
    from clinicctl.results.days import Board
    from clinicctl.results.people import ToCall

__all__ = [
    "answer",
    "ask",
    "board",
    "can_ask",
    "default_format",
    "flush",
    "message",
    "people",
    "progress",
    "refusal",
    "result",
    "tally",
    "text",
    "textfile",
    "to_call",
    "undoing",
]


PROMPT = 32
"""Cells of a prompt that say whom it is about."""


def default_format() -> str:
    """The format where none was asked for: a table for a person, tab-separated values for a pipe."""
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
) -> None:
    """Print a result, or the outcome of a write, on stdout. Refuses with `NotPrinted` when it cannot be given.

    `masked` leaves only the last three digits of a phone, on tables: other formats are for programs. `of` is the
    operation that the result is of. `listed` are the cancelled appointments that were listed before a question: a table
    on the terminal does not list them again.
    """
    from clinicctl.results.base import Outcome

    # By name: what no other command answers with, no other command loads.
    if type(value).__name__ == "Metrics" and output not in ("json", "jsonl"):
        from clinicctl.render import metrics

        text(metrics.exposition(value))
        return
    outcome = value if isinstance(value, Outcome) else None
    facts = outcome.result if outcome else value
    if output == "table":
        from clinicctl.render import safe_text, tables

        if masked:
            # Whom to phone comes with the answer of the accepted command.
            facts = safe_text.masked(facts, to_call=outcome is not None and not outcome.dry_run)
        positioned, coloured = _obeys(sys.stdout), _coloured(sys.stdout)
        listed = listed if _is_terminal(sys.stdout) else ()
        text(
            tables.render(
                facts, outcome=outcome, width=_width(), coloured=coloured, positioned=positioned, listed=listed
            )
        )
        return
    from clinicctl.render import machine

    if output in ("json", "jsonl"):
        text(machine.as_json(facts, outcome=outcome, lines=output == "jsonl", pretty=_is_terminal(sys.stdout)))
        return
    wanted = output == "csv" if header is None else header
    comma = output == "csv"
    text(machine.as_separated(facts, outcome=outcome, comma=comma, header=wanted, excel_safe=excel_safe, of=of))
    if outcome is not None:
        # The rows are the days; whom to phone has other columns.
        to_call(outcome)


def answer(line: int, status: int, value: Any, refused: errors.Refusal | None) -> str:
    """Return the answer to one line of a batch: an object on one line."""
    from clinicctl.render import machine

    return machine.answer(line, status, value, refused)


def text(said: str) -> None:
    """Write on stdout, in UTF-8 whatever the locale. Refuses with `NotPrinted` when it cannot be given."""
    _write(sys.stdout, said)


def textfile(found: "Metrics", *, path: str) -> None:
    """Put metrics into a file for a collector."""
    from clinicctl.render import metrics

    metrics.write(found, path=path)


def flush() -> None:
    """Hand over what is still buffered. Refuses with `NotPrinted` when it cannot be given."""
    _write(sys.stdout, "")


def message(sentence: str) -> None:
    """Write one line on stderr."""
    from clinicctl.render.safe_text import visible

    _complain(f"clinicctl: {visible(sentence)}\n")


def tally(outcome: "Outcome") -> str:
    """Return how many rows of a file came to what, as a sentence."""
    from clinicctl.render import messages

    return messages.tally(outcome)


@contextmanager
def show_progress(name: str, *, quiet: bool) -> "Iterator[Progress]":
    """Hand out a progress bar for the work on a file, shown only where somebody looks."""
    from clinicctl.render.progress import Progress

    bar = Progress(name, shown=not quiet and _is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb")
    try:
        yield bar
    finally:
        bar.stop()


def refusal(refused: errors.Refusal, *, as_json: bool, masked: bool = False) -> None:
    """Write a refusal on stderr: an object where JSON was asked for, else its sentence, the people, and a hint."""
    from clinicctl.render import machine

    _complain(machine.refusal_json(refused) if as_json else machine.refusal_text(refused, masked=masked))


def can_ask() -> bool:
    """Whether somebody at a terminal can be asked."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def line(program: str, about: str = "") -> str:
    """Read a line at a prompt, or of a pipe without one. Raises EOFError at the end."""
    with interrupts.Waiting():
        if can_ask():
            prompt = f"{program}{f' {_fitting(about)}' if about else ''}> "
            if _is_terminal(sys.stdout):
                return input(prompt)
            # The result goes into a file; the prompt is for the person.
            _complain(prompt)
        if said := sys.stdin.readline() if sys.stdin else "":
            return said
    raise EOFError


def _fitting(about: str) -> str:
    """What stands in a prompt: short, and nothing whose width the line editor would count otherwise than it is drawn.

    GNU readline counts by the locale. In one without Unicode it takes every byte for a cell; then the first word, the
    number, has to do.
    """
    from locale import getencoding

    from clinicctl.render.layout import shortened
    from clinicctl.render.safe_text import visible

    shown = shortened(visible(about), PROMPT)
    return shown if shown.isascii() or getencoding().lower() in ("utf-8", "utf8") else shown.partition(" ")[0]


def ask(question: str) -> bool:
    """Ask on stderr; anything but a yes is a no."""
    _complain(f"{question} [y/N] ")
    with interrupts.Waiting():
        return sys.stdin.readline().strip().lower() in ("y", "yes")


def undoing(found: "Undoing", *, names: bool = True) -> str:
    """Return the question before an undo; without `names` only what it would undo, by numbers."""
    from clinicctl.render import messages

    return messages.undoing(found, names=names)


def people(told: "Sequence[ToCall]", *, masked: bool = False) -> None:
    """List on stderr whom a change concerns, with their phones: before the question, not as the result."""
    _complain(_listed(told, masked=masked))


def _listed(told: "Sequence[ToCall]", *, masked: bool) -> str:
    from clinicctl.render import machine, safe_text

    return "".join(map(machine.to_call, safe_text.masked(told) if masked else told))


def to_call(outcome: "Outcome", *, masked: bool = False) -> None:
    """List on stderr whom a change has cancelled: they have to be phoned, whatever else is silent."""
    found = outcome.result if isinstance(outcome.result, list) else [outcome.result]
    if told := [person for each in found for person in getattr(each, "cancelled", ())]:
        title = "Would be cancelled by the clinic:" if outcome.dry_run else "Cancelled by the clinic; please call:"
        if not _complain(f"clinicctl: {title}\n{_listed(told, masked=masked)}"):
            # This is a part of the answer, and stands nowhere else.
            raise errors.NotPrinted(reason="stderr is closed or full")


def board(read: "Callable[[], Sequence[Board]]", *, every: float) -> None:
    """Show the waiting room's board on the whole screen, read anew every so many seconds, until interrupted."""
    from clinicctl.render import waiting_room

    positioned, coloured = _obeys(sys.stdout), _coloured(sys.stdout)
    waiting_room.run(read, every=every, write=text, coloured=coloured, positioned=positioned)


def _write(stream: IO[str] | None, said: str) -> None:
    if stream is None:
        if said:
            raise errors.NotPrinted(reason="stdout is closed")
        return
    try:
        with interrupts.Waiting(first=True):
            if hasattr(stream, "buffer"):
                stream.flush()
                _write_all(stream.buffer, said.encode("utf-8", "backslashreplace"))
                stream.buffer.flush()
            else:
                stream.write(said)
            stream.flush()
    except (OSError, ValueError) as error:
        # What could not be written must not be tried again when the interpreter closes the stream.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - it stays for the rest of the process
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "stdout is closed"
        kind = errors.ReaderGone if isinstance(error, BrokenPipeError) else errors.NotPrinted
        raise kind(reason=reason) from None


def _write_all(stream: BinaryIO, data: bytes) -> None:
    """Write every byte. Where Python does not buffer (PYTHONUNBUFFERED), one write may take only some of them."""
    rest = memoryview(data)
    while rest:
        written = stream.write(rest)
        if not written:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        rest = rest[written:]


def _complain(said: str) -> bool:
    """Write on stderr, and return whether it could be done; where it is closed or full, the exit status has to do."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(said)
            sys.stderr.flush()
            return True
    except (OSError, ValueError):
        pass
    return False


def _is_terminal(stream: IO[str] | None) -> bool:
    return bool(stream is not None and stream.isatty())


def _obeys(stream: IO[str] | None) -> bool:
    """Whether it is a terminal that understands more than text."""
    return _is_terminal(stream) and os.environ.get("TERM") != "dumb"


def _coloured(stream: IO[str] | None) -> bool:
    return _obeys(stream) and not os.environ.get("NO_COLOR")


def _width() -> int:
    """The terminal's width, 20 at least; a table that was asked for in a pipe gets 100."""
    from shutil import get_terminal_size

    return max(20, get_terminal_size((100, 24)).columns)
