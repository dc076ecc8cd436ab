"""Give a command its settings, its transactions and its output."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial, wraps
from io import FileIO
from itertools import chain, islice
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

import typer

from clinicctl import clock, desk, errors, interrupts, render, settings
from clinicctl.cli import config_file
from clinicctl.cli.admission import Admission
from clinicctl.cli.choices import Choices
from clinicctl.rules import days, references, text
from clinicctl.store import paths

if TYPE_CHECKING:
    from datetime import date

    from clinicctl.cli.commands import Group
    from clinicctl.render.listings import Listing
    from clinicctl.results.base import Outcome
    from clinicctl.results.days import Board
    from clinicctl.results.people import MergePlan, ToCall
    from clinicctl.store.engine import GroupStore as GroupStore
    from clinicctl.store.engine import Queries as Queries
    from clinicctl.store.engine import Store as Store
    from clinicctl.store.engine import Tx as Tx

_AGAIN = 0.05
"""Seconds before a write is repeated that the server has ended."""

P = ParamSpec("P")
R = TypeVar("R")


class Ctx(typer.Context):
    obj: "AppContext"


class AppContext(Admission):
    """The settings, the store and the state of one command line."""

    def __init__(self) -> None:
        super().__init__()
        self.stdin_taken = False
        self._store: Store | None = None
        self.choices = Choices()
        """What the user has chosen where several matched."""
        self._asked: int | None = None
        self._confirmed = False
        """Whether the user has said yes to what the last read showed."""
        self._seen: tuple[int, str] | None = None
        """The journal's head in what the user has seen last."""
        self.names_masked = False
        """Whether the clinic wants no names in a prompt, from the last read."""
        self._operation: Callable[..., Any] | None = None
        """The last operation. Its return type decides the columns of an empty list."""
        self._asked_days: tuple[Any, date, str] | None = None
        """The days that the last read asked for, as typed, the date of today, and the date order."""
        self._asked_doctor = ""
        """The doctor that the last read asked for, as typed, in capitals."""
        self._plan: MergePlan | None = None
        """What a dry run shows beside its answer."""
        self._listed: tuple[str, ...] = ()
        """The cancelled appointments that were listed before a question, with whole phones."""

    @property
    def store(self) -> "Store":
        """The store that `--db` names."""
        if self._store is None:
            from clinicctl.store.engine import open_store

            self._store = open_store(self.address, wait=self.settings.wait)
            self._store.protect()
            if self.settings.log:
                paths.refuse_own(self.settings.log)
        return self._store

    def store_at(self, place: str) -> "Store":
        """Return the store at another path or URL."""
        from clinicctl.store.engine import open_store

        return open_store(config_file.database_path(place), wait=self.settings.wait)

    def lock_waited(self) -> float:
        """Return the seconds for which it has waited for the writer's lock."""
        return self._store.lock_waited if self._store else 0.0

    def open(self, path: str) -> FileIO:
        """Open a file that the user names, unless it is one of the command's database.

        Raises OSError.
        """
        self.protect_database()
        return paths.open_to_read(path)

    def protect_database(self) -> None:
        """Protect the database's files before the whole command line is parsed."""
        paths.protect(config_file.database_path(settings.database(self.flags, os.environ, config_file.read())))

    def doctor_codes(self) -> list[str]:
        """Return the doctors' codes for completion; none if the database cannot be read."""
        from clinicctl.store.engine import doctor_codes

        try:
            return doctor_codes(config_file.database_path(self.settings.db))
        except errors.Refusal:
            return []

    @contextmanager
    def shared(self) -> "Iterator[GroupStore]":
        """Open the store for several commands, any of which may write."""
        from clinicctl.store.engine import open_group

        self.wrote = True
        shared = open_group(self.address, wait=self.settings.wait)
        try:
            yield shared
        finally:
            shared.close()

    def run(self, root: "Group", args: list[str]) -> None:
        """Parse the command line, and run its command."""
        with root.make_context(config_file.APPLICATION, args, obj=self) as ctx:
            root.invoke(ctx)

    def read(self, operation: "Callable[Concatenate[Tx, P], R]", *_: P.args, **request: P.kwargs) -> R:
        """Return what an operation reads. Asks at a terminal which of several is meant."""
        while True:
            chosen: Any = self.choices.applied(request)
            try:
                return self._read(operation, chosen)
            except errors.PinNeeded as needed:
                self._ask_pin(needed)
            except errors.AnswerAboutPeople as refused:
                self._choose(refused, chosen)

    def read_list(
        self, operation: "Callable[Concatenate[Tx, P], Iterable[Any]]", *_: P.args, **request: P.kwargs
    ) -> "Listing | list[Any]":
        """Return the rows of an operation for `show`, read one by one, or an empty list."""

        @wraps(operation)
        def taken(tx: "Tx", **given: Any) -> "Listing | list[Any]":
            return self.take(operation(tx, **given))  # type: ignore[call-arg]

        return self.read(taken, **request)  # type: ignore[arg-type]

    def take(self, rows: "Iterable[Any]") -> "Listing | list[Any]":
        """Read rows in the chosen format, within their transaction."""
        left = iter(rows)
        first = list(islice(left, 1))
        return render.listing(chain(first, left), **self._form()) if first else []

    def _read(self, operation: Callable[..., R], request: Mapping[str, Any]) -> R:
        actor = self.settings.actor
        with self.store.read(actor=actor, ahead=desk.access.ahead(actor)) as tx:
            tx.refuse_moved()
            tx, request = self._admitted(tx, request)
            self.actor = tx.actor
            self._masked = tx.clinic.mask_phones == "yes"
            self.names_masked = tx.clinic.mask_names == "yes"
            self._operation = operation
            self._asked_days = request.get("on"), tx.today, tx.clinic.date_order
            self._asked_doctor = str(request.get("doctor") or "").upper()
            self._refuse_restored(tx)
            self._seen = tx.head()
            return operation(tx, **request)

    def _form(self) -> dict[str, Any]:
        """Return the form of a result that was asked for."""
        options = self.settings
        return {
            "output": options.output or render.default_format(),
            "header": options.header,
            "excel_safe": options.excel_safe,
            "masked": self._masked,
            "of": self._operation,
            "listed": self._listed,
        }

    def write(self, operation: "Callable[Concatenate[Tx, P], R]", *_: P.args, **request: P.kwargs) -> R:
        """Run an operation in one transaction with its journal row; show the result."""
        return self.write_through(None, operation, *_, **request)

    def write_through(
        self,
        begin: "Callable[..., AbstractContextManager[Tx]] | None",
        operation: "Callable[Concatenate[Tx, P], R]",
        *_: P.args,
        **request: P.kwargs,
    ) -> R:
        """Run an operation like `write`, in the transaction that `begin` opens."""
        outcome = self.execute(operation, request, begin=begin)
        self.show(outcome)
        return cast("R", outcome.result)

    def create(self, operation: "Callable[Concatenate[Tx, P], R]", *_: P.args, **request: P.kwargs) -> "Outcome | R":
        """Run an operation on a new database, and return the outcome.

        On an existing one it changes nothing.
        """
        try:
            return self.execute(operation, request, begin=self.store.create)
        except errors.Exists:
            return self.execute(operation, request) if self.settings.key else self.read(operation, *_, **request)

    def execute(
        self,
        operation: Callable[..., R],
        request: Mapping[str, Any],
        *,
        begin: "Callable[..., AbstractContextManager[Tx]] | None" = None,
        part: int = 1,
    ) -> "Outcome":
        """Return the outcome of a write, in the transaction that `begin` opens.

        A later `part` of a command has a key of its own. After the rollback, it asks at a terminal which of several is
        meant, and repeats what a server has ended in favour of another transaction.
        """
        end = clock.ticks() + self.settings.wait
        while True:
            chosen = self.choices.applied(request)
            try:
                return self._execute(operation, chosen, typed=request, begin=begin, part=part)
            except errors.PinNeeded as needed:
                self._ask_pin(needed)
            except errors.AnswerAboutPeople as refused:
                self._choose(refused, chosen)
            except errors.NoRight:
                self._name_role(chosen, operation)
                raise
            except errors.Overtaken:
                if clock.ticks() + _AGAIN > end:
                    raise
                with interrupts.Waiting():
                    clock.pause(_AGAIN)

    def _execute(
        self,
        operation: Callable[..., R],
        request: Mapping[str, Any],
        *,
        typed: Mapping[str, Any],
        begin: "Callable[..., AbstractContextManager[Tx]] | None",
        part: int,
    ) -> "Outcome":
        options, journal = self.settings, desk.journal
        key = self.key = options.key or f"auto-{token_hex(16)}"
        if options.key and part > 1:
            key = text.key(f"{key}#{part}")
        self._operation = operation
        as_a_whole = begin is not None and self._as_a_whole
        begin = begin or partial(self.store.write, ahead=self._ahead(options.key and key, request))
        with begin(actor=options.actor, key=key, dry_run=options.dry_run) as tx:
            tx.refuse_moved()
            if as_a_whole:
                # A backup that replaces the database may have other users.
                tx = replace(tx, person=self._person)
            else:
                tx, _ = self._admitted(tx, request, operation=operation)
            self.actor = tx.actor
            self._masked = tx.clinic.mask_phones == "yes"
            self._refuse_restored(tx)
            try:
                outcome = journal.once(
                    tx,
                    operation,
                    command=self.command,
                    key=key,
                    own_key=options.key is not None,
                    request=request,
                    typed=typed,
                )
            except errors.AnswerAboutPeople:
                self._seen = journal.head(tx)
                raise
            if not (outcome.replayed or options.yes or options.dry_run):
                self._refuse_more_than_asked(outcome.result)
        self.wrote = True
        self.committed = not options.dry_run
        return replace(outcome, dry_run=True) if options.dry_run else outcome

    def show(self, result: Any) -> None:
        """Print a result in the chosen format.

        `--quiet` omits the sentence of a successful write.
        """
        options = self.settings
        wrote = type(result).__name__ == "Outcome"
        if wrote and options.quiet and not options.output:
            # Nothing else lists the patients to call.
            render.to_call(result, masked=result.dry_run and self._masked)
            return
        render.result(
            result,
            **self._form(),
            command=self.command,
            days=self._requested_days() if result == [] else (),
            doctor=self._asked_doctor,
            plan=self._plan,
            names=not self.names_masked,
        )

    def _requested_days(self) -> "Sequence[date]":
        """Return the days that the last read asked for."""
        word, today, order = self._asked_days or (None, None, "")
        if today is None or not isinstance(word, days.DayWord | days.DaysWord):
            return ()
        return days.days(word, today=today, order=order)

    def _refuse_more_than_asked(self, result: Any) -> None:
        """Refuse, before the commit, to end more appointments than the user confirmed."""
        if self._asked is None:
            return
        count = desk.daybook.count_ended(result)
        if count > self._asked:
            if not self.can_ask():
                raise errors.Usage(problem="--yes required when not running interactively.")
            raise errors.MoreThanAsked(count=count, asked=self._asked)

    def asks(self) -> bool:
        """Return whether the user is asked: at a terminal, without --yes."""
        return self.can_ask() and not (self.settings.yes or self.settings.dry_run)

    def _choose(self, refused: errors.AnswerAboutPeople, request: Mapping[str, Any]) -> None:
        """Ask which of the candidates is meant. Refuses as before without a terminal."""
        if not self.can_ask() or self.asked_for_json():
            raise refused
        self.choices.ask(refused, request, masked=self._masked)

    def _refuse_restored(self, tx: "Tx") -> None:
        """Refuse if the numbers that the user has seen may mean others now."""
        if self._seen is None or not (self._confirmed or self.choices):
            return
        if tx.is_restored(self._seen):
            raise errors.RestoredMeanwhile(path=tx.place)

    def confirm(self, question: str, *, hint: str | None = None) -> None:
        """Ask before the lock is taken.

        Refuses on a no, or without a terminal; `hint` describes the question.
        """
        if self.settings.yes or self.settings.dry_run:
            return
        if not self.can_ask():
            raise errors.Usage(problem="--yes required when not running interactively.", hint=hint)
        if not render.ask(question):
            raise errors.Cancelled
        self._confirmed = True

    def preview_merge(self, *, patient: "references.PatientRef", into: "references.PatientRef") -> None:
        """Show both records of a merge before the question, or with a dry run."""
        if not (self.asks() or self.settings.dry_run):
            return
        plan = self.read(desk.records.preview_merge, patient=patient, into=into)
        if self.settings.dry_run:
            self._plan = plan
        elif not self.settings.quiet:
            render.merge_plan(plan, masked=self._masked, names=not self.names_masked)

    def confirm_many(self, affected: "Sequence[ToCall]", *, move: bool = False) -> None:
        """Ask before a change cancels more appointments than bulk_threshold.

        A smaller number needs no question: the result lists the patients. Moves are always listed on a terminal.
        """
        threshold = int(self.read(desk.clinic.show_setting, name="bulk_threshold").value)
        if len(affected) > (0 if move and self.asks() else threshold):
            if self.asks():
                render.people(affected, masked=self._masked)
                self._listed = () if self._masked else tuple(each.appointment for each in affected)
            self.confirm(f"{'Move' if move else 'Cancel'} {len(affected)} appointment{'s' * (len(affected) > 1)}?")
        self.limit(max(threshold, len(affected)))

    def limit(self, asked: int) -> None:
        """Limit the appointments that the next write may end without `--yes`."""
        self._asked = asked

    def watch(self, operation: "Callable[..., list[Board]]", *, once: bool, every: float, **request: Any) -> None:
        """Show a board on the whole screen until interrupted.

        Without a screen, print it once.
        """
        if once or render.default_format() != "table" or self.settings.output not in (None, "table"):
            self.show(self.read(operation, **request))
        else:
            render.board(lambda: self.read(operation, **request), every=every)

    def note(self, sentence: str) -> None:
        """Print a note on stderr, unless `--quiet` is given."""
        if not self.settings.quiet:
            render.message(sentence)
