"""Run many commands in one process: one line each, one answer each, in order."""

import errno
import gc
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property, partial
from io import BufferedReader
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from clinicctl import desk, errors, interrupts, render, settings
from clinicctl.cli import Root, answer, fast_parse
from clinicctl.cli.batch_lines import CHUNK, Lines, split
from clinicctl.cli.commands import Group, reads
from clinicctl.cli.context import AppContext, Ctx
from clinicctl.cli.imports import opened_bytes
from clinicctl.cli.reporting import PARTLY_DONE
from clinicctl.rules import text

if TYPE_CHECKING:
    from clinicctl.cli.context import GroupStore

TURN = 0.15
"""Seconds after which a group of commands is committed, so that other desks have their turn."""
MOST = 2_000
"""The most lines of a group."""

_IMPORT = re.compile(rb"\bimport\b")
"""An import compares its file before it has the lock, and so begins a group of its own."""
_NARROW = re.compile(rb"--(patient|limit|key)\b")
"""An option with which a list is short, so that it joins the group of the lines before it."""
_LINES = 100
"""The progress of an atomic batch is shown each time after this number of lines."""
LONG_HOLD = 1.0
"""Seconds of holding the lock after which that is shown at a terminal."""
_NEW_INSTANT = {"config"}
"""Commands that may change the clinic's time zone, and so its date."""

app = typer.Typer()


@reads(
    app,
    "batch",
    "clinicctl batch commands.txt",
    "clinicctl batch - --wait 60 < commands.txt",
    "clinicctl batch --atomic moves.txt",
)
def batch(
    ctx: Ctx,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="One command per line: shell words, or a JSON array.")],
    atomic: Annotated[bool, typer.Option("--atomic", help="All or none. Other desks wait until the end.")] = False,
) -> None:
    """Run one command per line in one process, and answer each with a line of JSON.

    Lines that are waiting share a transaction, each with its own savepoint. A line is answered only when it is on the
    disk. Blank lines and lines that begin with # get no answer. With --atomic the whole input is one transaction: one
    error rolls everything back, the exit status is that of the first refused line, and no other desk can write from the
    first write to the end, which may be minutes for many lines.
    """
    ctx.obj.ask_ahead()
    with ctx.obj.shared() as shared, opened_bytes(ctx, file) as source:
        root = ctx.find_root().command
        assert isinstance(root, Root)
        run = _Batch(root, ctx.obj, shared)
        status = run.all_or_none(source) if atomic else run.one_by_one(Lines(source))
    if status:
        raise typer.Exit(status)


class Within(AppContext):
    """The context of one of several commands in a process, which share an open store."""

    def __init__(self, defaults: settings.Settings, shared: "GroupStore", pins: dict[str, str]) -> None:
        super().__init__()
        self.stdin_taken = self.wrote = True
        self._store = self._group = shared
        self.pins = pins
        self._settings = self._defaults = defaults

    @property
    def obj(self) -> "Within":
        """Stand in for Typer's context."""
        return self

    @cached_property
    def settings(self) -> settings.Settings:
        """The settings of the process, with the options of the line."""
        flags = self.flags
        if flags.keys() & {"db", "wait"}:
            raise errors.Usage(problem="--db and --wait apply to the whole process, not to a line.")
        own = {name: value for name, value in flags.items() if name not in ("key", "actor")}
        own |= {"key": text.key(flags["key"])} if "key" in flags else {}
        own |= {"actor": settings.actor(flags["actor"])} if "actor" in flags else {}
        return replace(self._defaults, **own) if own else self._defaults

    def protect_database(self) -> None:
        """Do nothing: the process has already protected its database."""

    def run(self, root: Group, args: list[str]) -> None:
        if read := fast_parse.read(root, args):
            function, values, self.flags, self.command = read
            function(self, **values)
        else:
            super().run(root, args)

    def shared(self) -> Any:
        raise errors.Usage(problem="batch and shell cannot run inside a batch or a shell.")


class Line(Within):
    """The context of one line of a batch.

    It stores its answer instead of printing it, and never asks.
    """

    def __init__(
        self, defaults: settings.Settings, shared: "GroupStore", pins: dict[str, str], number: int = 0
    ) -> None:
        super().__init__(defaults, shared, pins)
        self.number = number
        self.status = 0
        self.result: Any = None
        self.refused: errors.Refusal | None = None

    def run(self, root: Group, args: list[str]) -> None:
        if not {"-h", "--help", "--version"}.isdisjoint(args):
            raise errors.Usage(problem="Help is not available in a batch.")
        super().run(root, args)

    def take(self, rows: Iterable[Any]) -> list[Any]:
        """Return the rows: the answer is one line of JSON, whatever the format."""
        return list(rows)

    def show(self, result: Any) -> None:
        self.result = result

    def refuse(self, refused: errors.Refusal) -> int:
        if isinstance(refused, errors.Interrupted):
            raise refused
        if isinstance(refused, errors.NotAllowed) and not self._group.atomic:
            self.record(refused)
        self.refused, self.result = refused.with_traceback(None), None
        self.log_refusal(refused)
        return refused.status

    def finish(self, status: int) -> int:
        self._log(status, None)
        return status

    def help(self, page: str) -> int:
        return self.refuse(errors.Usage(problem="Missing command."))

    def can_ask(self) -> bool:
        return False

    def confirm(self, question: str, *, hint: str | None = None) -> None:
        if not (self.settings.yes or self.settings.dry_run):
            raise errors.Usage(problem="--yes required when not running interactively.", hint=hint)

    def note(self, sentence: str) -> None:
        """Do nothing: a batch prints only answers."""

    def watch(self, *_: Any, **__: Any) -> None:
        raise errors.Usage(problem="The screen is not available in a batch.")

    def spoil(self, refused: errors.Refusal) -> None:
        """Replace the answer: the write was not committed."""
        if self.refused is None:
            self.refused, self.result = refused, None

    def answer(self) -> str:
        """Return the answer as JSON. A failure to format it is a bug of this line alone."""
        try:
            status = self.refused.status if self.refused else self.status
            return render.answer(self.number, status, self.result, self.refused)
        except Exception as bug:
            refused = errors.OutOfMemory() if isinstance(bug, MemoryError) else self.internal(bug)
            self.refuse(refused)
            return render.answer(self.number, refused.status, None, refused)


class _Batch:
    def __init__(self, root: Root, context: AppContext, shared: "GroupStore") -> None:
        self.root = root
        self.context = context
        self.defaults = replace(context.settings, output="json", key=None, dry_run=False, yes=False)
        self.shared = shared
        self.not_allowed: list[Line] = []
        """The lines of an atomic batch that the role did not allow."""

    def one_by_one(self, lines: Lines) -> int:
        """Answer every line, in groups of those that are waiting; return the exit status."""
        status = collected = 0
        # Automatic collection is off. The objects of now stay, and a later collection need not visit them.
        gc.freeze()
        found = lines.next()
        while found is not None:
            group = list[Line]()
            while found is not None and not (group and found[1] and self._begins_group(found[1])):
                line = self._do(*found, before=group)
                group += [line] if line is not None else []
                found = lines.next() if lines.waiting() else None
                if self.shared.held() > TURN or len(group) == MOST or (line and line.command in _NEW_INSTANT):
                    break
            self._settle(group)
            with self._printing():
                render.text("".join(each.answer() for each in group))
            if any(each.refused or each.status for each in group):
                status = PARTLY_DONE
            if lines.number - collected >= MOST:
                collected = lines.number
                gc.collect()
            if found is None:
                self.shared.timed_out = False
                found = lines.next()
        return status

    def _begins_group(self, line: bytes) -> bool:
        """Return whether the lines before a line are committed and answered first."""
        if _IMPORT.search(line):
            return True
        return fast_parse.may_be_long(self.root, line) and not _NARROW.search(line)

    def all_or_none(self, source: "BufferedReader[Any]") -> int:
        """Run all lines in one transaction, and commit it only if none is refused.

        The answers come at the end.

        The answers are on the disk before the commit, so that nothing is written that cannot be answered.
        """
        self.shared.atomic = True
        with ExitStack() as files:
            with _temporary():
                asked, answers = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - closed by what follows
                files.callback(_discard, asked)
                files.callback(_discard, answers)
            total = 0
            # A slow writer of lines must not keep the lock from other desks.
            while chunk := source.read(CHUNK):
                total += chunk.count(b"\n")
                with _temporary():
                    asked.write(chunk)
            with _temporary(), render.show_progress("batch", quiet=self.defaults.quiet) as progress:
                asked.seek(0)
                status, first = self._do_all(Lines(asked), answers, partial(progress.advance, total=total))
                answers.seek(0)  # which also flushes the buffer
                os.fsync(answers.fileno())
            if first is None:
                try:
                    self.shared.commit_group()
                except errors.Refusal as failed:
                    first = failed
            self.shared.roll_back()
            self._record_attempts()
            with self._printing():
                for each in answers:
                    render.text(each.decode() if first is None else _rolled_back(each, first))
        return first.status if first else status

    def _do_all(
        self, lines: Lines, answers: BinaryIO, report: Callable[..., None]
    ) -> tuple[int, errors.Refusal | None]:
        """Run the lines and write their answers.

        Return the exit status, and the first refusal.
        """
        first: errors.Refusal | None = None
        status = 0
        while (found := lines.next()) is not None:
            if not lines.number % _LINES and self.shared.held() > LONG_HOLD:
                report("other desks wait", done=lines.number)
            if line := self._do(*found, before=()):
                first = first or line.refused
                if isinstance(line.refused, errors.NotAllowed) and len(self.not_allowed) < desk.permissions.MOST:
                    self.not_allowed.append(line)
                status = PARTLY_DONE if line.status else status
                answers.write(line.answer().encode())
        return status, first

    def _record_attempts(self) -> None:
        """Add the refused attempts to the journal, of which all else was rolled back."""
        for line in self.not_allowed:
            assert isinstance(line.refused, errors.NotAllowed)
            line.record(line.refused)
        with suppress(errors.Refusal):
            self.shared.commit_group()

    def _do(self, number: int, content: bytes | None, *, before: "list[Line] | tuple[()]") -> Line | None:
        interrupts.check()
        line = Line(self.defaults, self.shared, self.context.pins, number)
        try:
            words = split(content)
        except errors.Refusal as refused:
            line.refuse(refused)
            return line
        except Exception as bug:
            # The error boundary of parsing: a failure is the answer of this line alone.
            line.refuse(line.internal(bug))
            return line
        if words is None:
            return None
        line.status = answer(self.root, words, line)
        if self.shared.lost and line.refused is not None:
            for each in before:
                each.spoil(line.refused)
        return line

    @contextmanager
    def _printing(self) -> Iterator[None]:
        """Print answers after the commit.

        If that fails, the error reports that the lines were written.
        """
        try:
            yield
        except OSError as error:
            self.context.lines_committed = True
            raise errors.NotPrinted(reason=error.strerror) from None
        except BaseException:
            self.context.lines_committed = True
            raise

    def _settle(self, group: list[Line]) -> None:
        try:
            self.shared.commit_group()
        except errors.OutcomeUnknown as unknown:
            for each in group:
                each.spoil(errors.OutcomeUnknown(reason=unknown.details["reason"], key=each.key or "none"))
        except errors.Refusal as failed:
            for each in group:
                each.spoil(failed)


@contextmanager
def _temporary() -> Iterator[None]:
    """Name the folder for temporary files if one of them fails."""
    try:
        yield
    except OSError as error:
        folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - only to name it
        if error.errno == errno.ENOSPC:
            raise errors.DiskFull(path=folder) from None
        raise errors.IOFailed(path=folder, reason=f"{error.strerror}. Nothing was written") from None


def _discard(file: BinaryIO) -> None:
    """Close an unneeded file, even if its last bytes cannot be written."""
    with suppress(OSError):
        file.close()


def _rolled_back(answer: bytes, first: errors.Refusal) -> str:
    """Return the answer of a line that was rolled back because of another line."""
    found = json.loads(answer)
    if "error" in found:
        return answer.decode()
    is_about_all = isinstance(first, errors.OutcomeUnknown | errors.DiskFull | errors.Replaced | errors.Busy)
    refused = first if is_about_all else errors.TakenBack()
    return render.answer(found["line"], refused.status, None, refused)
