"""Results about the journal."""

from datetime import datetime

from clinicctl.results.base import result


@result
class JournalStep:
    """The change of an appointment and of its queue entry by a write."""

    appointment: str
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None


@result
class JournalEntry:
    """A write in the journal. `key` is the caller's own, and `touched` has numbers and codes, no names.

    `role` is the user by whom a server knew the actor, unless that is the actor.
    """

    number: int
    at: datetime
    actor: str
    command: str
    key: str | None
    undoes: int | None
    touched: tuple[str, ...]
    steps: tuple[JournalStep, ...]
    role: str | None = None


@result
class JournalFinding:
    """A problem of a row in the journal."""

    number: int
    problem: str


@result
class JournalChecked:
    """The outcome of a check of the journal's hashes: the number of writes, the last row, and the problems.

    `broken` is the number of problems, and `findings` has the first of them. `anchored` says whether a row has the
    anchor's hash.
    """

    writes: int
    number: int
    head: str
    anchored: bool | None
    broken: int
    findings: tuple[JournalFinding, ...]
