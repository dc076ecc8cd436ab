"""Admit a command by the role of its user, ask for a PIN, and record what was refused."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from clinicctl import desk, errors, render, settings
from clinicctl.cli import config_file
from clinicctl.cli.reporting import Reporting
from clinicctl.rules import text

if TYPE_CHECKING:
    from clinicctl.cli.context import Queries, Store, Tx

_TRIES = 3
"""How many PINs a command takes."""


class Admission(Reporting, ABC):
    """The settings and the store of a command line, and who may run it."""

    def __init__(self) -> None:
        super().__init__()
        self.flags: dict[str, Any] = {}
        self.pins: dict[str, str] = {}
        """The stored hashes of the PINs that were typed, by user."""
        self._person: Any = None
        """Who was admitted to the command as a whole; None in a clinic without users."""
        self._as_a_whole = False
        """Whether the command was admitted before it opened its transaction."""

    @property
    def settings(self) -> settings.Settings:
        """The settings: flags before environment before config.toml before defaults."""
        if self._settings is None:
            if self.flags.get("key") is not None:
                self.flags["key"] = text.key(self.flags["key"])
            self._settings = settings.load(self.flags, os.environ, config_file.read())
        return self._settings

    @property
    def address(self) -> str:
        """The absolute path or the URL of the database that `--db` names."""
        return config_file.database_path(self.settings.db)

    @property
    @abstractmethod
    def store(self) -> "Store":
        """The store that `--db` names."""

    def admit(self) -> None:
        """Refuse what the role does not include, before work on the database as a whole.

        A database that cannot be read has no users. What can be done with it is the matter of the command.
        """
        while True:
            try:
                with self.store.read(actor=self.settings.actor) as tx:
                    self._person = self._admitted(tx, {})[0].person
                break
            except errors.PinNeeded as needed:
                self._ask_pin(needed)
            except (errors.DatabaseUnusable, errors.IOFailed):
                break
        self._as_a_whole = True

    def ask_ahead(self) -> None:
        """Ask for the PIN of `--actor` before several commands begin.

        Each of them is checked by itself, and reports what else is wrong.
        """
        if self.settings.actor is None or not self.can_ask():
            return
        try:
            self.admit()
        except (errors.NotAllowed, errors.Cancelled, errors.Interrupted):
            raise
        except errors.Refusal:
            return

    def _admitted(
        self, tx: "Tx", request: Mapping[str, Any], *, operation: Any = None
    ) -> "tuple[Tx, Mapping[str, Any]]":
        """Return the transaction for the user who acts, and the request.

        See `desk.access.admit`.
        """
        return desk.access.admit(
            tx,
            command=self.command,
            claimed=self.settings.actor,
            request=request,
            operation=operation,
            pins_typed=self.pins,
        )

    def _ahead(self, key: str | None, request: Mapping[str, Any]) -> "Queries":
        """Return the queries with which a write begins."""
        person, first = desk.access.ahead(self.settings.actor), desk.journal.first_queries(key, request)
        return lambda tx: (person(tx), first(tx))

    def _name_role(self, request: Mapping[str, Any], operation: Any) -> None:
        """Refuse for the role, if that is why the server has refused to begin a write."""
        with suppress(errors.NoRight, errors.DatabaseUnusable), self.store.read(actor=self.settings.actor) as tx:
            self._admitted(tx, request, operation=operation)

    def _ask_pin(self, needed: errors.PinNeeded) -> None:
        """Ask for the PIN of a user. Each wrong one is counted and recorded.

        Refuses without a terminal, after three wrong ones, and while the user is locked.
        """
        name, about = needed.details["actor"], {"command": self.command, "role": needed.details["role"]}
        if not self.can_ask():
            raise errors.PinNotAsked(**about, needed=desk.operations.MANAGER)
        wrong = errors.WrongPin(**about, needed=desk.operations.MANAGER)
        for nth in range(_TRIES):
            typed = render.secret(f"{f'{wrong} ' if nth else ''}PIN of {name}:")
            if not typed:
                raise errors.Cancelled
            with self._written() as tx:
                stored = desk.pins.begin_try(tx, name=name)
            if stored is not None and desk.pins.matches(typed, stored):
                with self._written() as tx:
                    desk.pins.accept(tx, name=name)
                self.pins[name] = stored
                return
            with self._written() as tx:
                desk.permissions.record(tx, wrong, command=self.command)
        wrong.recorded = True
        raise wrong

    def new_pin(self) -> "desk.pins.NewPin":
        """Ask for a new PIN, twice."""
        if not self.can_ask():
            raise errors.Usage(problem="--pin asks for the PIN, and only a terminal can be asked.")
        made = desk.pins.new(render.secret("New PIN:"))
        if not desk.pins.matches(render.secret("The same PIN again:"), made.stored):
            raise errors.BadValue(problem="The two PINs differ.")
        return made

    def can_ask(self) -> bool:
        """Return whether the user can be asked."""
        return not self.settings.no_input and render.can_ask()

    def refuse(self, refused: errors.Refusal) -> int:
        """Record an attempt that the role did not allow, and print the error."""
        if isinstance(refused, errors.NotAllowed):
            self.record(refused)
        return super().refuse(refused)

    def record(self, refused: errors.NotAllowed) -> None:
        """Add a refused attempt to the journal. A dry run writes nothing, this neither."""
        if refused.recorded or self.settings.dry_run:
            return
        refused.recorded = True
        try:
            try:
                with self._written() as tx:
                    desk.permissions.record(tx, refused, command=self.command)
            except errors.NoRight:
                self.store.add_refused(command=self.command, needed=refused.details["needed"], reason=refused.reason)
        except errors.Refusal:
            refused.hint = f"{refused.hint or ''} The attempt could not be added to the journal.".lstrip()

    @contextmanager
    def _written(self) -> "Iterator[Tx]":
        """Hand out a transaction for the login, not for `--actor`, and commit it."""
        with self.store.write(actor=None, key=f"auto-{token_hex(16)}") as tx:
            yield tx
