"""Many commands in one process: one line each, one answer each, in order."""

import errno
import gc
import json
import os
import re
import shlex
from codecs import BOM_UTF8
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from io import BufferedRandom, BufferedReader, UnsupportedOperation
from select import POLLHUP, POLLIN, poll
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from clinicctl import errors, interrupts, render, settings
from clinicctl.cli import Root, answer, fast_parse
from clinicctl.cli.commands import Group, reads
from clinicctl.cli.context import Ctx, Desk
from clinicctl.cli.imports import opened_bytes
from clinicctl.rules import text

if TYPE_CHECKING:
    from clinicctl.cli.context import Shared

LONGEST_LINE = 65_536
"""Bytes of one command line."""
TURN = 0.15
"""Seconds after which a group of commands is settled, though more of them wait: other desks have their turn."""
MOST = 2_000
"""Lines of a group."""
PARTLY_DONE = 3

_CHUNK = 65_536
_IMPORT = re.compile(rb"\bimport\b")
"""A file is compared with what stands before there is a lock, and so begins a group of its own."""
_QUOTED = re.compile(r"['\"\\]")
_NEW_INSTANT = {"config"}
"""Commands after which the clinic may have another time zone, and so another day."""

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
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="One command a line: shell words, or a JSON array.")],
    atomic: Annotated[bool, typer.Option("--atomic", help="All or none: one refusal takes everything back.")] = False,
) -> None:
    """Run one command a line, in one process, and answer each with a line of JSON.

    Lines that wait share a transaction, each a savepoint of its own; a line is answered only once it is on the disk.
    Blank lines and lines that begin with # get no answer. With --atomic the whole input is one transaction, and the
    exit status is that of the first line refused.
    """
    with ctx.obj.shared() as shared, opened_bytes(ctx, file) as source:
        root = ctx.find_root().command
        assert isinstance(root, Root)
        run = _Batch(root, ctx.obj, shared)
        status = run.all_or_none(source) if atomic else run.one_by_one(_Lines(source))
    if status:
        raise typer.Exit(status)


class Within(Desk):
    """A desk of a process that does one command after another, with the store that it keeps open."""

    def __init__(self, told: settings.Settings, shared: "Shared") -> None:
        super().__init__()
        self.stdin_taken = self.wrote = True
        self._store = shared
        self._settings = self._told = told

    @property
    def obj(self) -> "Within":
        """What a command reads of its context."""
        return self

    @cached_property
    def settings(self) -> settings.Settings:
        """Those of the process, with what the line says of itself."""
        flags = self.flags
        if flags.keys() & {"db", "wait"}:
            raise errors.Usage(problem="--db and --wait are for the whole process, not for a line.")
        own = {name: value for name, value in flags.items() if name not in ("key", "actor")}
        own |= {"key": text.key(flags["key"])} if "key" in flags else {}
        own |= {"actor": settings.actor(flags["actor"])} if "actor" in flags else {}
        return replace(self._told, **own) if own else self._told

    def protect_database(self) -> None:
        """The process has protected it, whatever the line says."""

    def run(self, root: Group, args: list[str]) -> None:
        if read := fast_parse.read(root, args):
            function, values, self.flags, self.command = read
            function(self, **values)
        else:
            super().run(root, args)

    def shared(self) -> Any:
        raise errors.Usage(problem="There is no batch in a batch, and no shell in a shell.")


class Line(Within):
    """One line of a batch: a desk that keeps its answer instead of printing it, and asks nobody."""

    def __init__(self, told: settings.Settings, shared: "Shared", number: int) -> None:
        super().__init__(told, shared)
        self.number = number
        self.status = 0
        self.result: Any = None
        self.refused: errors.Refusal | None = None

    def run(self, root: Group, args: list[str]) -> None:
        if not {"-h", "--help", "--version"}.isdisjoint(args):
            raise errors.Usage(problem="There is no help in a batch.")
        super().run(root, args)

    def show(self, result: Any) -> None:
        self.result = result

    def refuse(self, refused: errors.Refusal) -> int:
        if isinstance(refused, errors.Interrupted):
            raise refused
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
        """There is nobody to tell."""

    def watch(self, *_: Any, **__: Any) -> None:
        raise errors.Usage(problem="There is no screen in a batch.")

    def spoil(self, refused: errors.Refusal) -> None:
        """Take the answer back: what it tells of was not kept."""
        if self.refused is None:
            self.refused, self.result = refused, None

    def answer(self) -> str:
        """The line of JSON. One that cannot be made is a bug of this line alone."""
        try:
            status = self.refused.status if self.refused else self.status
            return render.answer(self.number, status, self.result, self.refused)
        except Exception as bug:
            refused = errors.OutOfMemory() if isinstance(bug, MemoryError) else self.internal(bug)
            self.refuse(refused)
            return render.answer(self.number, refused.status, None, refused)


class _Batch:
    def __init__(self, root: Root, desk: Desk, shared: "Shared") -> None:
        self.root = root
        self.desk = desk
        self.told = replace(desk.settings, output="json", key=None, dry_run=False, yes=False)
        self.shared = shared

    def one_by_one(self, lines: "_Lines") -> int:
        """Answer every line, those that wait in groups; return the exit status."""
        status = collected = 0
        # The program collects nothing by itself; what stands now stays, and need not be looked through each time.
        gc.freeze()
        found = lines.next()
        while found is not None:
            group = list[Line]()
            while found is not None and not (group and found[1] and _IMPORT.search(found[1])):
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
                self.shared.hurried = False
                found = lines.next()
        return status

    def all_or_none(self, source: "BufferedReader[Any]") -> int:
        """Do every line in one transaction; keep it only if none is refused. The answers are given at the end.

        They are on the disk before the commit: what cannot be answered is not written.
        """
        self.shared.atomic = True
        with ExitStack() as files:
            with _temporary():
                asked, answers = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - closed by what follows
                files.callback(_discard, asked)
                files.callback(_discard, answers)
            # Whoever still writes his lines must not keep the lock from the others.
            while chunk := source.read(_CHUNK):
                with _temporary():
                    asked.write(chunk)
            with _temporary():
                asked.seek(0)
                status, first = self._do_all(_Lines(asked), answers)
                answers.seek(0)  # which also hands over what is still buffered
                os.fsync(answers.fileno())
            if first is None:
                try:
                    self.shared.settle()
                except (errors.OutcomeUnknown, errors.DiskFull, errors.Replaced) as failed:
                    first = failed
            self.shared.drop()
            with self._printing():
                for each in answers:
                    render.text(each.decode() if first is None else _taken_back(each, first))
        return first.status if first else status

    def _do_all(self, lines: "_Lines", answers: BinaryIO) -> tuple[int, errors.Refusal | None]:
        """Do the lines and write their answers; return the exit status, and the first refusal."""
        first: errors.Refusal | None = None
        status = 0
        while (found := lines.next()) is not None:
            if line := self._do(*found, before=()):
                first = first or line.refused
                status = PARTLY_DONE if line.status else status
                answers.write(line.answer().encode())
        return status, first

    def _do(self, number: int, said: bytes | None, *, before: "list[Line] | tuple[()]") -> Line | None:
        interrupts.check()
        line = Line(self.told, self.shared, number)
        try:
            words = _words(said)
        except errors.Refusal as refused:
            line.refuse(refused)
            return line
        except Exception as bug:
            # The boundary of what is no command yet: whatever a line does to its reader is that line's answer.
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
        """Print answers after the commit: if that fails, or is interrupted, the refusal says that the writes stand."""
        try:
            yield
        except OSError as error:
            self.desk.lines_stand = True
            raise errors.NotPrinted(reason=error.strerror) from None
        except BaseException:
            self.desk.lines_stand = True
            raise

    def _settle(self, group: list[Line]) -> None:
        try:
            self.shared.settle()
        except errors.OutcomeUnknown as unknown:
            for each in group:
                each.spoil(errors.OutcomeUnknown(reason=unknown.details["reason"], key=each.key or "none"))
        except (errors.DiskFull, errors.Replaced) as failed:
            for each in group:
                each.spoil(failed)


@contextmanager
def _temporary() -> Iterator[None]:
    """Name the folder for temporary files where one of them fails."""
    try:
        yield
    except OSError as error:
        folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - only to name it
        if error.errno == errno.ENOSPC:
            raise errors.DiskFull(path=folder) from None
        raise errors.IOFailed(path=folder, reason=f"{error.strerror}. Nothing was written") from None


def _discard(file: BinaryIO) -> None:
    """Close a file that nobody needs, also one with bytes that it has no room for."""
    with suppress(OSError):
        file.close()


class _Lines:
    """The lines of a pipe or a file, and whether one waits already."""

    def __init__(self, source: "BufferedReader[Any] | BufferedRandom") -> None:
        self.number = 0
        self._source = source
        self._whole: deque[bytes] = deque()
        self._rest = b""
        self._ended = False
        self._poll: poll | None
        try:
            self._poll = poll()
            self._poll.register(source.fileno(), POLLIN | POLLHUP)
        except UnsupportedOperation:
            self._poll = None

    def waiting(self) -> bool:
        """Whether a line can be had without waiting for it."""
        while not self._whole and not self._ended:
            if self._poll is not None and not self._poll.poll(0):
                return False
            self._fill()
        return True

    def next(self) -> tuple[int, bytes | None] | None:
        """Return the next line's number and bytes, None for one that is too long; None at the end of them."""
        while not self._whole and not self._ended:
            self._fill()
        if not self._whole:
            return None
        self.number += 1
        line = self._whole.popleft()
        if self.number == 1:
            line = line.removeprefix(BOM_UTF8)
        return self.number, line if len(line) <= LONGEST_LINE else None

    def _fill(self) -> None:
        chunk = self._source.raw.read(_CHUNK)
        if not chunk:
            self._ended = True
            self._whole.extend([self._rest] if self._rest else [])
            return
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = self._rest + whole[0]
            self._whole.extend(whole)
            self._rest = rest
        else:
            # Of a line that is too long already, one byte too many is enough to know.
            self._rest = (self._rest + rest)[: LONGEST_LINE + 1]


def _words(said: bytes | None) -> list[str] | None:
    """The words of a line; None where there are none. Refuses what is neither shell words nor a JSON array of them."""
    if said is None:
        raise errors.Usage(problem=f"A line of more than {LONGEST_LINE} bytes.")
    line = said.decode("utf-8", "surrogateescape").strip(" \t\r")
    if not line or line.startswith("#"):
        return None
    if line.startswith("["):
        try:
            words = json.loads(line)
        except (ValueError, RecursionError):
            raise errors.Usage(problem="Not a JSON array.") from None
        if not all(isinstance(each, str) for each in words):
            raise errors.Usage(problem="A JSON array of words: each in quotes.")
    elif line.isascii() and line.isprintable() and not _QUOTED.search(line):
        words = line.split()
    else:
        try:
            words = shlex.split(line)
        except ValueError:
            raise errors.Usage(problem="A quote is left open.") from None
    if not words:
        raise errors.Usage(problem="Missing command.")
    return list(words)


def _taken_back(answer: bytes, first: errors.Refusal) -> str:
    """The answer of a line that went well among others that did not."""
    said = json.loads(answer)
    if "error" in said:
        return answer.decode()
    is_about_all = isinstance(first, errors.OutcomeUnknown | errors.DiskFull | errors.Replaced)
    refused = first if is_about_all else errors.TakenBack()
    return render.answer(said["line"], refused.status, None, refused)
