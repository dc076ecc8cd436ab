"""Commands at a prompt, in one process: each is settled before it is answered."""

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer
from platformdirs import user_state_path
from typer._click.shell_completion import ShellComplete

from clinicctl import errors, results, show
from clinicctl.cli import PROGRAM, Root, answer, quick
from clinicctl.cli.batch import Within
from clinicctl.cli.commands import reads
from clinicctl.cli.context import APPLICATION, Ctx, Desk

if TYPE_CHECKING:
    from clinicctl.cli.context import Shared

REMEMBERED = 1_000
"""Lines of the history."""
_TAKE_FILES = {"batch", "db", "export", "metrics"}
"""Commands to which `.` is a folder, not a patient."""

app = typer.Typer()


@reads(app, "shell", "clinicctl shell", "clinicctl shell --actor asha")
def shell(ctx: Ctx) -> None:
    """Run commands at a prompt: with completion, a history without names, and . for the patient last spoken of.

    Ctrl-C drops a line, Ctrl-D or `exit` leaves. The exit status is that of the last command.
    """
    with ctx.obj.shared() as shared:
        root = ctx.find_root().command
        assert isinstance(root, Root)
        shell = _Shell(root, ctx.obj, shared)
        status = shell.run()
    if status:
        raise typer.Exit(status)


class _Command(Within):
    """One line at the prompt: what it answers is held back until it is settled."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.results: list[Any] = []

    def show(self, result: Any) -> None:
        self.results.append(result)

    def give(self) -> None:
        """Print what it answers."""
        for each in self.results:
            super().show(each)


class _Shell:
    def __init__(self, root: Root, desk: Desk, shared: "Shared") -> None:
        self.root = root
        self.desk = desk
        self.shared = shared
        self.told = replace(desk.settings, key=None, dry_run=False, yes=False)
        self.patient: str | None = None
        self.history = _History() if show.can_ask() else None
        if self.history:
            self.history.complete_by(_Completion(root, desk))

    def run(self) -> int:
        status = 0
        while True:
            try:
                said = show.line(f"{PROGRAM}{f' {self.patient}' if self.patient else ''}> ")
            except EOFError:
                return status
            except KeyboardInterrupt:
                show.text("\n")
                continue
            try:
                words = _words(said)
            except errors.Usage as refused:
                status = self._command().refuse(refused)
                continue
            if words in (["exit"], ["quit"]):
                return status
            if words:
                status = self._do(words)

    def _command(self) -> _Command:
        return _Command(self.told, self.shared)

    def _do(self, words: list[str]) -> int:
        command = self._command()
        try:
            status = self._done(command, words)
            if self.history and status != errors.Usage.status:
                self.history.remember(quick.without_people(self.root, words, self.desk.doctor_codes()))
        except KeyboardInterrupt:
            self.shared.drop()
            return command.refuse(errors.Stopped())
        return status

    def _done(self, command: _Command, words: list[str]) -> int:
        if words[0] not in _TAKE_FILES and any(map(_is_patient, words)):
            if self.patient is None:
                return command.refuse(errors.Usage(problem="No patient has been spoken of yet."))
            words = [each[:-1] + self.patient if _is_patient(each) else each for each in words]
        self.shared.hurried = False
        status = answer(self.root, words, command)
        try:
            self.shared.settle()
            command.give()
        except errors.OutcomeUnknown as unknown:
            return command.refuse(errors.OutcomeUnknown(reason=unknown.facts["reason"], key=command.key or ""))
        except errors.Refusal as refused:
            return command.refuse(refused)
        self.patient = next(iter(_patients(command.results)), self.patient)
        return status


def _words(said: str) -> list[str]:
    if said.lstrip().startswith("#"):
        return []
    try:
        return shlex.split(said)
    except ValueError:
        raise errors.Usage(problem="A quote is left open.") from None


def _is_patient(word: str) -> bool:
    """Whether a word stands for the patient last spoken of: `.`, or `--patient=.`."""
    return word == "." or (word.startswith("--") and word.partition("=")[2] == ".")


def _patients(found: Iterable[Any]) -> set[str]:
    """The number of the one patient whom results are about; none where they are about several."""
    numbers: set[str] = set()
    for each in found:
        if isinstance(each, list):
            numbers |= {number for one in each for number in _patients([one])}
        elif isinstance(each, results.Outcome):
            numbers |= _patients([each.result])
        elif isinstance(each, results.Patient):
            numbers.add(each.number)
        else:
            inside = [getattr(each, name, None) for name in ("patient", "appointment")]
            numbers |= {one.number for one in inside if isinstance(one, results.PatientBrief | results.Patient)}
            numbers |= _patients(one for one in inside if isinstance(one, results.Appointment))
    return numbers if len(numbers) == 1 else set()


class _Completion(ShellComplete):
    """What Click completes for a shell, for our own prompt."""

    name = PROGRAM
    source_template = ""

    def __init__(self, root: Root, desk: Desk) -> None:
        super().__init__(root, {"obj": desk}, PROGRAM, "")

    def source_vars(self) -> dict[str, Any]:
        return {}

    def get_completion_args(self) -> tuple[list[str], str]:
        return [], ""

    def format_completion(self, item: Any) -> str:
        return str(item.value)

    def of(self, line: str, begun: str) -> list[str]:
        """Return what may stand where a line ends; nothing rather than a complaint."""
        try:
            return [self.format_completion(each) for each in self.get_completions(shlex.split(line), begun)]
        except Exception:
            # Half a line may be anything; a complaint between two keystrokes would only be in the way.
            return []


class _History:
    """The lines of earlier days, and this day's: no name, phone or note is in them."""

    def __init__(self) -> None:
        import readline

        self._readline = readline
        self._path = user_state_path(APPLICATION) / "shell_history"
        self._found: list[str] = []
        readline.set_auto_history(False)
        with suppress(OSError, ValueError):
            for line in self._path.read_text("utf-8").splitlines()[-REMEMBERED:]:
                readline.add_history(line)

    def complete_by(self, completion: _Completion) -> None:
        """Complete with the tabulator key."""
        readline = self._readline

        def complete(begun: str, nth: int) -> str | None:
            if not nth:
                self._found = completion.of(readline.get_line_buffer()[: readline.get_begidx()], begun)
            return f"{self._found[nth]} " if nth < len(self._found) else None

        readline.set_completer_delims(" \t")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")

    def remember(self, words: list[str] | None) -> None:
        """Keep a line, without the people in it; one that is not understood is not kept."""
        if words is None:
            return
        line = shlex.join(words)
        self._readline.add_history(line)
        with suppress(OSError):
            os.makedirs(self._path.parent, mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.write(descriptor, f"{line}\n".encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
