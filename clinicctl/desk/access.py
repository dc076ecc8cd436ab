"""Who somebody is, and whether there are users at all. In a clinic without users everybody may do everything.

Only a clinic with users pays for more than one query: see `permissions`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from clinicctl import settings
from clinicctl.store.compiled import users
from clinicctl.store.engine import Queries, Tx


def login(tx: Tx) -> str:
    """Return the user of the machine or of the server who runs the command."""
    return tx.role or settings.login()


def is_login(tx: Tx, *, name: str) -> bool:
    """Return whether somebody can log in under a name.

    A server is not asked: its roles are made apart from its clinics.
    """
    return tx.role is not None or settings.is_login(name)


def ahead(actor: str | None) -> Queries:
    """Return the query of `admit`, for the first trip to a server.

    The server knows the login itself.
    """
    return lambda tx: users.known(tx, login="", actor=actor or "")


def admit(
    tx: Tx,
    *,
    command: str,
    claimed: str | None,
    request: Mapping[str, Any],
    operation: Callable[..., Any] | None = None,
    pins_typed: Mapping[str, str],
) -> tuple[Tx, Mapping[str, Any]]:
    """Return the transaction for the user who acts, and the request.

    Refuses a command that the role does not include. `operation` is given for a write. `claimed` is the name that was
    given as the actor. `pins_typed` has the hashes of the PINs that were typed, by user. The command of a clinician is
    about their own doctor.
    """
    found = users.known(tx, login="" if tx.role else login(tx), actor=claimed or "")
    if not found:
        return tx, request
    from clinicctl.desk import permissions  # Deferred: it takes longer to load than most commands to read.

    return permissions.permit(
        tx, {each.name: each for each in found}, command, request, operation=operation, pins_typed=pins_typed
    )
