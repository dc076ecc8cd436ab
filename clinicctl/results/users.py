"""Results about users and refused attempts."""

from dataclasses import field
from datetime import datetime

from clinicctl.results.base import result, stored
from clinicctl.statuses import Role


@stored("User")
@result
class User:
    """A user of the clinic. `name` is the login, or the role on a server, and `pin` says whether there is a PIN."""

    name: str
    role: Role
    doctor: str | None
    pin: bool
    created_at: datetime
    updated_at: datetime


@stored("UserAdded")
@result
class UserAdded(User):
    """A user that was added, or was there before. `made_manager` is who became a manager by adding the first user."""

    created: bool = field(default=True, kw_only=True)
    made_manager: str | None = field(default=None, kw_only=True)


@stored("UserRemoved")
@result
class UserRemoved(User):
    """A user that was removed."""


@stored("RefusedAttempt")
@result
class RefusedAttempt:
    """A command that was refused for its user's role, which is None for somebody who is no user."""

    command: str
    role: Role | None
    needed: tuple[Role, ...]
    reason: str


@result
class Refused:
    """A refused attempt in the journal."""

    number: int
    at: datetime
    actor: str
    command: str
    role: Role | None
    needed: tuple[Role, ...]
    reason: str
