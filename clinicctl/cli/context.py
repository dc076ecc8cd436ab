"""What a command is handed: settings, read(), write(), show(). One `Desk` for one command line."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from io import FileIO
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import uuid4

import typer

from clinicctl import clock, desk, errors, log, render, settings
from clinicctl.rules import text
from clinicctl.store import paths

if TYPE_CHECKING:
    from clinicctl.cli.commands import Group
    from clinicctl.results import Board, Erased, Outcome, ToCall
    from clinicctl.store.engine import Store, Tx
    from clinicctl.store.sqlite.group_commit import Shared as Shared

P = ParamSpec("P")
R = TypeVar("R")

APPLICATION = "clinicctl"

READER_GONE = 128 + signal.SIGPIPE
"""The status of a command that only read and whose output pipe was closed: the process then ends by the signal."""


class Ctx(typer.Context):
    """The context of a command, for the type checker: its `obj` is the desk."""

    obj: "Desk"


class Desk:
    """One command line at the desk: what it was told, and the one store that it may open."""

    def __init__(self) -> None:
        self.args: list[str] = []
        self.flags: dict[str, Any] = {}
        self.command = ""
        self.key: str | None = None
        """The key of its write, its own or the one made up for it."""
        self.stdin_taken = False
        self.wrote = False
        """Whether it has changed something. If so, a lost answer must be reported."""
        self.committed = False
        """Whether its write stands, whatever becomes of its answer."""
        self.lines_stand = False
        """Whether lines of a batch were committed whose answers could not be given."""
        self._settings: settings.Settings | None = None
        self._store: Store | None = None
        self._frames: list[str] | None = None
        self._asked: int | None = None
        self._confirmed = False
        """Whether somebody has said yes: to what the last read saw, and to nothing else."""
        self._seen: tuple[int, str] | None = None
        """The journal's head in the last read."""
        self._masked = False
        self.names_masked = False
        """Whether the clinic wants no names in a prompt, as the last read found it."""
        self._operation: Callable[..., Any] | None = None
        """The last operation: what it returns decides the columns of an empty list."""
        self._listed: tuple[str, ...] = ()
        """The cancelled appointments that were listed before a question, with whole phones."""
        self._began = clock.ticks()

    @property
    def settings(self) -> settings.Settings:
        """What the command was told: flags before environment before config.toml before defaults."""
        if self._settings is None:
            if self.flags.get("key") is not None:
                self.flags["key"] = text.key(self.flags["key"])
            self._settings = settings.load(self.flags, os.environ, _config())
        return self._settings

    @property
    def store(self) -> "Store":
        """The store that `--db` names."""
        if self._store is None:
            from clinicctl.store.engine import Store

            path = _path(self.settings.db)
            paths.protect(path)
            if self.settings.log:
                paths.refuse_own(self.settings.log)
            self._store = Store(path, wait=self.settings.wait)
        return self._store

    def open(self, path: str) -> FileIO:
        """Open a file that the user names, unless it is one of the command's database. Raises OSError."""
        self.protect_database()
        return paths.open_to_read(path)

    def protect_database(self) -> None:
        """Let the files of the command's database be refused. The rest of the command line may not be read yet."""
        paths.protect(_path(settings.database(self.flags, os.environ, _config())))

    def doctor_codes(self) -> list[str]:
        """Return the codes that can be completed; none where the database cannot be read."""
        from clinicctl.store.sqlite.driver import doctor_codes

        try:
            return doctor_codes(_path(self.settings.db))
        except errors.Refusal:
            return []

    @contextmanager
    def shared(self) -> "Iterator[Shared]":
        """Open the store for one command after another; any of them may write."""
        from clinicctl.store.sqlite.group_commit import Shared

        self.wrote = True
        shared = Shared(self.store.path, wait=self.settings.wait)
        try:
            yield shared
        finally:
            shared.close()

    def run(self, root: "Group", args: list[str]) -> None:
        """Read the command line, and do the command that it names."""
        with root.make_context(APPLICATION, args, obj=self) as ctx:
            root.invoke(ctx)

    def read(self, operation: "Callable[Concatenate[Tx, P], R]", *_: P.args, **request: P.kwargs) -> R:
        """Return what an operation reads."""
        from clinicctl.store.engine import head_of

        with self.store.read(actor=self.settings.actor) as tx:
            self._masked = tx.clinic.mask_phones == "yes"
            self.names_masked = tx.clinic.mask_names == "yes"
            self._operation = operation
            self._seen = head_of(tx.driver)
            return operation(tx, *_, **request)

    def write(self, operation: "Callable[Concatenate[Tx, P], R]", *_: P.args, **request: P.kwargs) -> R:
        """Do an operation once for its key, in one transaction with its journal row; show what came of it."""
        return cast("R", self._shown(self.written(operation, request)))

    def erase(self, operation: "Callable[Concatenate[Tx, P], Erased]", *_: P.args, **request: P.kwargs) -> None:
        """As `write`; then let the file hold nothing any more of what was erased, or say that it may."""
        from clinicctl.store.sqlite import erasure

        self.store.alone()
        outcome = self.written(operation, request)
        if not outcome.dry_run:
            overwritten = erasure.overwrite(self.store)
            outcome = replace(outcome, result=replace(outcome.result, overwritten=overwritten))
        self.show(outcome)
        if outcome.result.overwritten is False:
            again = f"clinicctl patient erase {outcome.result.patient.number} --yes"
            why = "somebody was using it, or the disk has no room"
            render.message(f"Erased, but the file may still hold traces: {why}. Finish with `{again}`.")
        if copies := erasure.copies(self.store.path):
            render.message(f"Older copies beside the database are as they were made: {', '.join(copies)}.")

    def write_through(
        self,
        begin: "Callable[..., AbstractContextManager[Tx]]",
        operation: "Callable[Concatenate[Tx, P], R]",
        *_: P.args,
        **request: P.kwargs,
    ) -> R:
        """As `write`, in a transaction that is begun in a way of its own."""
        return cast("R", self._shown(self.written(operation, request, begin=begin)))

    def create(self, operation: "Callable[Concatenate[Tx, P], R]", *_: P.args, **request: P.kwargs) -> "Outcome | R":
        """As `write`, on a new database, but shows nothing; where one stands already, the operation changes nothing."""
        try:
            return self.written(operation, request, begin=self.store.create)
        except errors.Exists:
            return self.written(operation, request) if self.settings.key else self.read(operation, *_, **request)

    def _shown(self, outcome: "Outcome") -> Any:
        self.show(outcome)
        return outcome.result

    def written(
        self,
        operation: Callable[..., R],
        request: Mapping[str, Any],
        *,
        begin: "Callable[..., AbstractContextManager[Tx]] | None" = None,
    ) -> "Outcome":
        """Return the outcome of an operation that writes, in the store's own transaction or in one begun otherwise."""
        from clinicctl.store.engine import is_restored

        told, journal = self.settings, desk.journal
        key = self.key = told.key or f"auto-{token_hex(16)}"
        begin = begin or self.store.write
        self._operation = operation
        with begin(actor=told.actor, key=key, dry_run=told.dry_run) as tx:
            self._masked = tx.clinic.mask_phones == "yes"
            if self._confirmed and self._seen is not None and is_restored(tx.driver, self._seen):
                raise errors.RestoredMeanwhile(path=tx.path)
            outcome = journal.once(
                tx, operation, command=self.command, key=key, own_key=told.key is not None, request=request
            )
            if not (outcome.replayed or told.yes or told.dry_run):
                self._refuse_more_than_asked(outcome.result)
        self.wrote = True
        self.committed = not told.dry_run
        return replace(outcome, dry_run=True) if told.dry_run else outcome

    def show(self, result: Any) -> None:
        """Print a result in the format asked for. `--quiet` leaves out the sentence of a write that went well."""
        told = self.settings
        wrote = type(result).__name__ == "Outcome"
        if wrote and told.quiet and not told.output:
            # This is the only place that lists whom to phone.
            render.to_call(result, masked=result.dry_run and self._masked)
            return
        render.result(
            result,
            output=told.output or render.default_format(),
            header=told.header,
            excel_safe=told.excel_safe,
            masked=self._masked,
            of=self._operation,
            listed=self._listed,
        )

    def _refuse_more_than_asked(self, result: Any) -> None:
        """Refuse, before the commit, what ends more appointments than somebody said yes to."""
        if self._asked is None:
            return
        count = desk.daybook.count_ended(result)
        if count > self._asked:
            if not self.can_ask():
                raise errors.Usage(problem="--yes required when not running interactively.")
            raise errors.MoreThanAsked(count=count, asked=self._asked)

    def can_ask(self) -> bool:
        """Whether somebody can be asked."""
        return render.can_ask()

    def confirm(self, question: str, *, hint: str | None = None) -> None:
        """Ask before the lock is taken. Refuses on a no, or if nobody can be asked; `hint` describes the question."""
        told = self.settings
        if told.yes or told.dry_run:
            return
        if not self.can_ask():
            raise errors.Usage(problem="--yes required when not running interactively.", hint=hint)
        if not render.ask(question):
            raise errors.Cancelled
        self._confirmed = True

    def confirm_many(self, told: "Sequence[ToCall]") -> None:
        """Ask, where a change cancels more than the clinic's bulk_threshold; show before the question whom.

        A smaller number is not asked about, and the result lists them.
        """
        threshold = int(self.read(desk.clinic.show_setting, name="bulk_threshold").value)
        if len(told) > threshold:
            if self.can_ask() and not (self.settings.yes or self.settings.dry_run):
                render.people(told, masked=self._masked)
                self._listed = () if self._masked else tuple(each.appointment for each in told)
            self.confirm(f"Cancel {len(told)} appointments?")
        self.limit(max(threshold, len(told)))

    def limit(self, asked: int) -> None:
        """Let the next write end so many appointments and no more, unless `--yes`."""
        self._asked = asked

    def watch(self, operation: "Callable[[Tx], list[Board]]", *, once: bool, every: float) -> None:
        """Show a board on the whole screen until it is interrupted; where there is no screen, print it once."""
        if once or render.default_format() != "table" or self.settings.output not in (None, "table"):
            self.show(self.read(operation))
        else:
            render.board(lambda: self.read(operation), every=every)

    def note(self, sentence: str) -> None:
        """Say something beside the result, on stderr, unless `--quiet`."""
        if not self.settings.quiet:
            render.message(sentence)

    def finish(self, status: int) -> int:
        """Write everything out, and log the end."""
        try:
            render.flush()
        except errors.Refusal as refused:
            return self.refuse(refused)
        self._log(status, None)
        return status

    def refuse(self, refused: errors.Refusal) -> int:
        """Print a refusal, as an object where JSON was asked for, and return its exit status.

        A reader that closes its pipe has what it wants, as `head` has; where nothing was written, nothing is said.
        """
        if isinstance(refused, errors.ReaderGone) and not self.wrote:
            self._log(READER_GONE, None)
            return READER_GONE
        if isinstance(refused, errors.Interrupted):
            refused = type(refused)(problem=self.how_to_read_again() or "")
        elif isinstance(refused, errors.NotPrinted):
            refused.hint = refused.hint or self.how_to_read_again()
        render.refusal(refused, as_json=self._asked_for_json(), masked=self._masked)
        self.log_refusal(refused)
        return refused.status

    def log_refusal(self, refused: errors.Refusal) -> None:
        """Log how it ended."""
        known = {name: refused.details.get(name) for name in ("key", "reference", "kind")}
        self._log(refused.status, refused.code, frames=self._frames, **known)

    def help(self, page: str) -> int:
        """Print a help page that was not asked for in so many words, and return the exit status."""
        try:
            render.text(page + "\n")
        except errors.Refusal as refused:
            return self.refuse(refused)
        return 0

    def internal(self, bug: Exception) -> errors.Internal:
        """Name a bug by a reference; the log gets where it happened, without a value."""
        reference = uuid4().hex[:8]
        self._frames = [
            f"{each.filename}:{each.lineno} {each.name}" for each in traceback.extract_tb(bug.__traceback__)
        ]
        return errors.Internal(reference=reference, kind=type(bug).__name__, hint=self.how_to_read_again())

    def how_to_read_again(self) -> str | None:
        """How the answer to a write that stands is had again; None where nothing was written."""
        if self.lines_stand:
            return "What the lines have written stands: see `clinicctl audit log`."
        if self.committed and self.key:
            return f"The write stands. Repeat the command with --key {self.key} to get its answer."
        return None

    def _log(self, status: int, code: str | None, **facts: Any) -> None:
        told = self._settings
        path = told.log if told else os.environ.get("CLINICCTL_LOG")
        if path and told is None:
            paths.protect(self._named_database())
        if path:
            waited = self._store.lock_waited if self._store else 0.0
            log.line(
                path,
                actor=told.actor if told else None,
                command=self.command,
                exit_code=status,
                code=code,
                seconds=round(clock.ticks() - self._began, 3),
                lock_waited=round(waited, 3),
                **facts,
            )

    def _named_database(self) -> str:
        """The database of a command line that could not be read to its end; nothing where it names none."""
        named = {"db": named} if (named := self._option("--db")) is not None else {}
        try:
            return _path(settings.database(named, os.environ, _config()))
        except errors.Refusal:
            return ""

    def _option(self, *names: str) -> str | None:
        """The last value of an option, by its names, in arguments that nobody has read."""
        found = None
        for at, each in enumerate(self.args):
            for name in names:
                if each == name:
                    found = "".join(self.args[at + 1 : at + 2])
                elif each.startswith(f"{name}=" if name.startswith("--") else name):
                    found = each.removeprefix(name).removeprefix("=")
        return found

    def _configured_output(self) -> str:
        with suppress(errors.Refusal, KeyError):
            return _config()["output"].said
        return ""

    def _asked_for_json(self) -> bool:
        """Whether errors are to be JSON, also where the command line could not be read to its end."""
        if self._settings is not None:
            return self._settings.output in ("json", "jsonl")
        if "--json" in self.args:
            return True
        asked = self._option("--output", "-o") or os.environ.get("CLINICCTL_OUTPUT") or self._configured_output()
        return asked in ("json", "jsonl")


def _config() -> Mapping[str, settings.Configured]:
    from platformdirs import user_config_path

    try:
        path = str(user_config_path(APPLICATION) / "config.toml")
    except RuntimeError:
        return {}  # Somebody without a home has no configuration in it.
    try:
        with paths.open_to_read(path, most=settings.LARGEST_CONFIG) as file:
            return settings.read_config(path, file.read())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror or "cannot be read") from None


def _path(said: str | None) -> str:
    """The database's path. A URL names SQLite's file: `sqlite:///clinic.db`, `sqlite:////srv/clinic.db`.

    A link is followed: by whatever name a database is called, it has one lock.
    """
    if not said:
        from platformdirs import user_data_path

        try:
            return _real(str(user_data_path(APPLICATION) / "clinic.db"))
        except RuntimeError:
            raise errors.BadValue(problem="db: there is no home folder; say --db or CLINICCTL_DB.") from None
    if "://" in said:
        if not said.startswith("sqlite:///"):
            raise errors.BadValue(problem="db: a path, or a URL that begins with sqlite:///.")
        said = said.removeprefix("sqlite:///")
    if "\0" in said:
        raise errors.BadValue(problem="db: not a path.")
    return _real(os.path.expanduser(said))


def _real(path: str) -> str:
    """A path from the root, and without links if something stands there."""
    try:
        path = os.path.abspath(path)
        return os.path.realpath(path) if os.path.exists(path) else path
    except OSError as error:
        # The folder in which the command was called is gone.
        raise errors.IOFailed(path=path, reason=error.strerror) from None
