"""Errors about users, their roles and their PINs. A login is no personal data: it is in the journal as the actor."""

from collections.abc import Iterable
from typing import Any

from clinicctl.errors.base import AgainstRule, Conflict, NotFound


class NotAllowed(AgainstRule):
    """A command that the role of the user does not include.

    `needed` has the roles that do, and `role` is None for somebody who is no user of the clinic. `reason` is a word for
    the journal. `recorded` says that the attempt is there already.
    """

    code, sentence = "not_allowed", "`{command}` needs the role {roles}; {yours}."
    reason = "role"
    recorded = False

    def __init__(
        self, *, command: str, role: str | None, needed: Iterable[str], hint: str | None = None, **details: Any
    ) -> None:
        super().__init__(command=command, role=role, needed=[str(each) for each in needed], hint=hint, **details)

    def compose(self, details: dict[str, Any]) -> str:
        yours = f"yours is {details['role']}" if details["role"] else "you are no user of this clinic"
        *others, last = details["needed"] or [""]
        roles = f"{', '.join(others)} or {last}" if others else last
        return self.sentence.format(**details, roles=roles, yours=yours)


class NotYourDoctor(NotAllowed):
    sentence = "`{command}` for another doctor than {doctor} needs the role {roles}; {yours}."
    reason = "doctor"


class NotYourWrite(NotAllowed):
    sentence = "To undo write {number} (`{undone}`) needs the role {roles}; {yours}."
    reason = "write"


class NotYourBookings(NotAllowed):
    sentence = "`{command}` with --on-conflict {on_conflict} needs the role {roles}; {yours}."
    reason = "bookings"


class NotYourName(NotAllowed):
    sentence = "--actor with another name than your own needs the role {roles}; {yours}."
    reason = "name"


class NoPin(NotAllowed):
    sentence = "--actor names nobody who is a user of this clinic and has a PIN."
    reason = "name"


class PinNotAsked(NotAllowed):
    sentence = "--actor needs a PIN, and only a terminal can ask for it."
    reason = "name"


class WrongPin(NotAllowed):
    sentence = "The PIN is wrong."
    reason = "pin"


class PinLocked(NotAllowed):
    sentence = "Too many wrong PINs. The next one is accepted at {until}."
    reason = "pin"


class PinNeeded(AgainstRule):
    """The transaction ends so that nobody waits while the user types. The command asks, and begins again."""

    code, sentence = "not_allowed", "--actor needs a PIN."


class NoSuchUser(NotFound):
    code, sentence = "user_not_found", "There is no such user."
    advice = "`clinicctl user list` shows the users."


class UserExists(Conflict):
    code = "user_exists"
    sentence = "This user exists, with the role {role}."
    advice = "To change it: `clinicctl user edit NAME --role ROLE`."


class FirstUser(AgainstRule):
    code, sentence = "first_user", "The first user of a clinic is a manager."
    advice = "Add yourself with --role manager, or add somebody else: that makes you a manager."


class LastManager(AgainstRule):
    code, sentence = "last_manager", "A clinic with users needs a manager, and this is the last one."
    advice = "Make somebody else a manager first: `clinicctl user edit NAME --role manager`."
