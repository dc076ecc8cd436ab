"""Run commands at a prompt in one process.

Each is committed before it is answered.
"""

import os
import shlex
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer
from platformdirs import user_state_path

from clinicctl import desk, errors, interrupts, render
from clinicctl.cli import PROGRAM, TREE, Root, answer, fast_parse
from clinicctl.cli.batch import Within
from clinicctl.cli.click_names import ShellComplete
from clinicctl.cli.commands import SECOND_NAMES, reads
from clinicctl.cli.config_file import APPLICATION
from clinicctl.cli.context import AppContext, Ctx
from clinicctl.results.people import FoundPatient, Patient, PatientBrief, ToCall
from clinicctl.rules.references import PatientRef
from clinicctl.settings import Settings
from clinicctl.store import paths

if TYPE_CHECKING:
    from clinicctl.cli.context import GroupStore, Tx

REMEMBERED = 1_000
"""The most lines of the history."""
_LARGEST = 16 << 20
"""The most bytes of a history file."""
_SEVERAL = 2
"""So many people in an answer are not one."""
_TAKE_FILES = {"batch", "db", "export", "metrics"}
"""Commands for which `.` is a folder, not a patient."""
_ABOUT_NOBODY = {"away", "config", "db", "doctor", "free", "health", "help", "init", "demo", "metrics", "version"}
"""Commands that concern no patient, and so do not change `.`."""
_NOT_AT_PROMPT = {"batch", "shell", "appt"}
"""Names that no beginning means: they do not run at a prompt, or have a longer name."""

app = typer.Typer()


@reads(app, "shell", "clinicctl shell", "clinicctl shell --actor asha")
def shell(ctx: Ctx) -> None:
    """Run commands at a prompt, with completion and . for the last patient.

    Ctrl-C discards a line; Ctrl-D or `exit` ends the shell. The exit status is that of the last command.
    """
    ctx.obj.ask_ahead()
    with ctx.obj.shared() as shared:
        root = ctx.find_root().command
        assert isinstance(root, Root)
        shell = _Shell(root, ctx.obj, shared)
        status = shell.run()
    if status:
        raise typer.Exit(status)


class _Command(Within):
    """The context of one line at the prompt. It prints its results after the commit."""

    def __init__(self, defaults: Settings, shared: "GroupStore", pins: dict[str, str]) -> None:
        super().__init__(defaults, shared, pins)
        self.results: list[Any] = []
        self.people: set[UUID | str] = set()
        """The people in the results: all of them, or two at least."""
        self.refused: errors.Refusal | None = None

    def take(self, rows: Iterable[Any]) -> Any:
        return super().take(self._noting_people(rows))

    def _noting_people(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            if len(self.people) < _SEVERAL:
                self.people |= _people(row)
            yield row

    def show(self, result: Any) -> None:
        self.results.append(result)
        self.people |= _people(result)

    def refuse(self, refused: errors.Refusal) -> int:
        self.refused = refused
        if isinstance(refused, errors.Interrupted) and not isinstance(refused, errors.Stopped):
            raise refused
        return super().refuse(refused)

    def _choose(self, refused: errors.AnswerAboutPeople, request: Mapping[str, Any]) -> None:
        # The lock is not held while the user thinks.
        self._group.roll_back()
        super()._choose(refused, request)

    def _ask_pin(self, needed: errors.PinNeeded) -> None:
        # As above.
        self._group.roll_back()
        super()._ask_pin(needed)

    @contextmanager
    def _written(self) -> "Iterator[Tx]":
        with super()._written() as tx:
            yield tx
        self._group.commit_group()

    def print_results(self) -> None:
        """Print the results."""
        for each in self.results:
            super().show(each)


class _Shell:
    def __init__(self, root: Root, context: AppContext, shared: "GroupStore") -> None:
        self.root = root
        self.context = context
        self.shared = shared
        self.defaults = replace(context.settings, key=None, dry_run=False, yes=False)
        self.patient: UUID | None = None
        """The id of the patient that `.` means. After a restore the number may belong to another patient."""
        shared.refuses_after_restore = True
        self._commands = [*TREE, *SECOND_NAMES]
        self.history = _History() if render.can_ask() else None
        if self.history:
            self.history.complete_by(_Completion(root, context))

    def run(self) -> int:
        """Run line after line; return the status of the last. Stops when output fails."""
        status = 0
        if self.history is not None:
            render.message("Type a command. ? or help lists them; q, exit or Ctrl-D leaves.")
        while True:
            try:
                typed = render.line(PROGRAM, self._shown())
            except EOFError:
                return status
            except interrupts.Interrupt as stopped:
                if stopped.number != signal.SIGINT:
                    raise
                interrupts.acknowledge()
                render.text("\n")
                continue
            command = self._command()
            try:
                words = _words(typed)
                if words in (["exit"], ["quit"], ["q"]):
                    return status
                words = _expanded(["--help"] if words in (["?"], ["help"]) else words, self._commands)
                if words:
                    status = self._do(command, words)
            except errors.Usage as refused:
                self.patient = None
                status = command.refuse(refused)
            if isinstance(command.refused, errors.NotPrinted):
                return status

    def _shown(self) -> str:
        """Return number and name of the patient that `.` means."""
        if self.history is None:
            return ""
        reading = self._command()
        try:
            patient = self._last_patient(reading)
        except errors.Replaced as replaced:
            reading.refuse(replaced)
            return ""
        if patient is None:
            return ""
        return patient.number if reading.names_masked else f"{patient.number} {patient.name}".rstrip()

    def _last_patient(self, reading: AppContext) -> Patient | None:
        """Return the patient that `.` means. If the read fails, `.` means nobody.

        Refuses with `Replaced` if the id may belong to another database.
        """
        patient, self.patient = self.patient, None
        if patient is None:
            return None
        reading.command = "patient show"
        try:
            found = reading.read(desk.patients.show, patient=PatientRef(str(patient)))
        except errors.Replaced:
            raise
        except errors.Refusal:
            return None
        self.patient = patient
        return found

    def _command(self) -> _Command:
        return _Command(self.defaults, self.shared, self.context.pins)

    def _do(self, command: _Command, words: list[str]) -> int:
        before, self.patient = self.patient, None
        try:
            status = self._done(command, words, before)
        except interrupts.Interrupt as stopped:
            self.shared.roll_back()
            if stopped.number != signal.SIGINT:
                raise
            interrupts.acknowledge()
            status = command.refuse(errors.Stopped())
        if self.history and status != errors.Usage.status:
            self.history.remember(fast_parse.without_people(self.root, words, self.context.doctor_codes()))
        return status

    def _done(self, command: _Command, words: list[str], before: UUID | None) -> int:
        if words[0] not in _TAKE_FILES and any(map(_is_patient, words)):
            self.patient = before
            try:
                patient = self._last_patient(self._command())
            except errors.Replaced as replaced:
                return command.refuse(replaced)
            if patient is None:
                problem = "`.` means no patient: the last line did not concern exactly one."
                return command.refuse(errors.Usage(problem=problem))
            words = [each[:-1] + patient.number if _is_patient(each) else each for each in words]
        self.shared.timed_out = False
        # Click takes the words out of the list that it parses.
        status = answer(self.root, [*words], command)
        if status == errors.Stopped.status:
            self.shared.roll_back()
            return status
        try:
            self.shared.commit_group()
            command.print_results()
        except errors.OutcomeUnknown as unknown:
            return command.refuse(errors.OutcomeUnknown(reason=unknown.details["reason"], key=command.key or ""))
        except errors.Refusal as refused:
            return command.refuse(refused)
        people = command.people
        only = people.pop() if len(people) == 1 else None
        if isinstance(only, UUID):
            self.patient = only
        elif only is None and not people and _concerns_nobody(words, command):
            self.patient = before
        return status


def _concerns_nobody(words: list[str], command: _Command) -> bool:
    """Return whether a line concerned no patient, in the same database."""
    asks_for_help = not {"-h", "--help"}.isdisjoint(words)
    forgotten = isinstance(command.refused, errors.AnswerAboutPeople | errors.Replaced)
    return asks_for_help or (words[0] in _ABOUT_NOBODY and not forgotten)


def _words(typed: str) -> list[str]:
    if typed.lstrip().startswith("#"):
        return []
    try:
        return shlex.split(typed)
    except ValueError:
        raise errors.Usage(problem="A quote is not closed.") from None


def _expanded(words: list[str], commands: Sequence[str]) -> list[str]:
    """Return a line with the whole name of its command.

    At the prompt a unique beginning is enough. Refuses one of several commands.
    """
    if not words or words[0] in commands or words[0].startswith("-"):
        return words
    found = [each for each in commands if each.startswith(words[0]) and each not in _NOT_AT_PROMPT]
    if len(found) > 1:
        raise errors.Usage(problem=f"Several commands begin with these letters: {', '.join(found)}.")
    return [*found, *words[1:]] if found else words


def _is_patient(word: str) -> bool:
    """Return whether a word means the last patient: `.`, or `--patient=.`."""
    return word == "." or (word.startswith("--") and word.partition("=")[2] == ".")


def _people(found: Any) -> set[UUID | str]:
    """Return the ids of the patients in results, and the numbers of those to call.

    A patient whose name is only similar has both, so that nobody is meant.
    """
    if isinstance(found, FoundPatient) and found.score is not None:
        return {found.id, found.number}
    if isinstance(found, Patient | PatientBrief):
        return {found.id}
    if isinstance(found, ToCall):
        return {found.number}
    if isinstance(found, list | tuple):
        # The rows of a file are named tuples, and contain only numbers.
        inside = [] if hasattr(found, "_fields") else list(found)
    else:
        inside = [getattr(found, each.name) for each in fields(found)] if is_dataclass(found) else []
    return {one for each in inside for one in _people(each)}


class _Completion(ShellComplete):
    """Click's completion, used at our own prompt."""

    name = PROGRAM
    source_template = ""

    def __init__(self, root: Root, context: AppContext) -> None:
        super().__init__(root, {"obj": context}, PROGRAM, "")

    def source_vars(self) -> dict[str, Any]:
        return {}

    def get_completion_args(self) -> tuple[list[str], str]:
        return [], ""

    def format_completion(self, item: Any) -> str:
        return str(item.value)

    def suggest(self, line: str, prefix: str) -> list[str]:
        """Return the possible next words that begin with a prefix; none after an error."""
        try:
            return [self.format_completion(each) for each in self.get_completions(shlex.split(line), prefix)]
        except Exception:
            # An incomplete line may be anything, and an error message would disturb typing.
            return []


class _History:
    """The history of the prompt. It contains no name, phone or note."""

    def __init__(self) -> None:
        import readline

        self._readline = readline
        self._path = str(user_state_path(APPLICATION) / "shell_history")
        self._found: list[str] = []
        readline.set_auto_history(False)
        with suppress(OSError, ValueError, errors.Refusal), paths.open_to_read(self._path, most=_LARGEST) as file:
            for line in file.read().decode("utf-8").splitlines()[-REMEMBERED:]:
                readline.add_history(line)

    def complete_by(self, completion: _Completion) -> None:
        """Complete with the tab key."""
        readline = self._readline

        def complete(prefix: str, nth: int) -> str | None:
            with interrupts.InCallback():
                if not nth:
                    self._found = completion.suggest(readline.get_line_buffer()[: readline.get_begidx()], prefix)
                return f"{self._found[nth]} " if nth < len(self._found) else None

        readline.set_completer_delims(" \t")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")

    def remember(self, words: list[str] | None) -> None:
        """Save a line without the people in it.

        A line that is not understood is not saved.
        """
        if words is None:
            return
        line = shlex.join(words)
        self._readline.add_history(line)
        with suppress(OSError, errors.Refusal):
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            descriptor = paths.open_to_append(self._path)
            try:
                os.write(descriptor, f"{line}\n".encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
