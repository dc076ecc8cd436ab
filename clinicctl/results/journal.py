"""What the journal tells, as results."""

from datetime import datetime

from clinicctl.results.base import result


@result
class JournalStep:
    """What one step of a journaled write did to an appointment, and to its place in the queue."""

    appointment: str
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None


@result
class JournalEntry:
    """A journaled write: who, when, by which command, under which key of his own, and what it touched. No names."""

    number: int
    at: datetime
    actor: str
    command: str
    key: str | None
    undoes: int | None
    touched: tuple[str, ...]
    steps: tuple[JournalStep, ...]


@result
class JournalFinding:
    """A row of the journal that is not as it was written, and what is wrong with it."""

    number: int
    problem: str


@result
class JournalChecked:
    """What the journal's chain of hashes shows: how many writes, the last one's number and hash, what is wrong.

    `broken` counts everything that is wrong, of which `findings` has the first. `anchored` says whether a row has the
    hash that was asked for.
    """

    writes: int
    number: int
    head: str
    anchored: bool | None
    broken: int
    findings: tuple[JournalFinding, ...]
