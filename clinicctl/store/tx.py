"""Define transactions, query conditions, steps, and the end of the journal, for every engine."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from datetime import date as Date  # noqa: N812 - a field is called `date`
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from clinicctl import errors, settings
from clinicctl.settings import ClinicSettings
from clinicctl.store.migrations import CURRENT
from clinicctl.store.values import UNREADABLE

if TYPE_CHECKING:
    from clinicctl.store.reports import Measures, Violation

R = TypeVar("R")
T = TypeVar("T", bound="Tx")
Queries = Callable[["Tx"], object]
"""Calls compiled queries, and does not use their results."""

MOVED_TO = "moved_to"
"""The name of the setting with the place that a clinic has moved to. It is not one of the clinic's own."""


class Condition(NamedTuple):
    """A condition of a query, with the stored values of its parameters."""

    sql: str
    values: tuple[Any, ...]


class Step(NamedTuple):
    """One step of an appointment and of its queue entry, for the journal."""

    appointment_id: UUID
    from_status: str | None
    to_status: str
    queue_from: str | None
    queue_to: str | None
    slot: int
    position: int | None
    before: str


class VisitChange(NamedTuple):
    """What a step has changed of a visit, for messages to the patient.

    `before` and `status` are those of the appointment. `retimed` marks another time of the same day. `queue` is the
    queue in which those behind the patient may have moved forward: its doctor and day.
    """

    number: int
    before: str | None
    status: str
    date: date
    time: time | None
    after_midnight: bool
    moved_from: int | None = None
    moved_to: int | None = None
    cancelled_by: str | None = None
    retimed: bool = False
    promoted: bool = False
    queue: tuple[UUID, Date] | None = None


@dataclass(slots=True, eq=False, repr=False)
class JournalEnd:
    """The number and the hash of the journal's last row.

    They are read once per transaction, then kept up to date.
    """

    last: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Tx(ABC):
    """A transaction, with the instant and the day it began on.

    Nothing below it commits or reads a clock. `place` names the database, without a password. `fresh` is true for a new
    database. `schema` is the version that the database had before any migration. `saved_copy` names a copy of the
    database as it was before. The journal gets `steps`, the steps taken, `days_before`, the previous state of the
    changed days, and `merges_before`, what a merge moved. `changes` has what patients may get messages about, in a
    clinic that sends any. A clinic with `moved_to` lives on at that place. `role` is the user by whom a server knows
    the command, who may not be the actor. `person` is the user of the clinic who acts, if it has users. `session` is
    what the engine sends statements with; an engine adds no fields, because each dataclass costs every command a
    millisecond.
    """

    session: Any
    now: datetime
    today: date
    zone: ZoneInfo
    actor: str
    clinic: ClinicSettings
    secret: str
    place: str
    fresh: bool = False
    schema: int = CURRENT
    moved_to: str | None = None
    role: str | None = None
    person: Any = None
    saved_copy: str | None = None
    key: str | None = None
    end: JournalEnd = field(default_factory=JournalEnd)
    steps: list[Step] = field(default_factory=list)
    days_before: list[str] = field(default_factory=list)
    merges_before: list[str] = field(default_factory=list)
    changes: list[VisitChange] = field(default_factory=list)

    def fetch_one(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> R | None:
        """Return the first row, converted by `read`, or None.

        All rows are fetched: a RETURNING with rows left prevents the commit.
        """
        found = self.fetch_all(sql, values, read)
        return found[0] if found else None

    @abstractmethod
    def fetch_all(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> list[R]:
        """Return every row, converted by `read`."""

    def prefetch(self, *queries: Queries) -> None:  # noqa: B027 - only a server gains by it
        """Send queries that the next steps will ask for along with the next statement.

        The results do not change, so that the steps need not know of it.
        """

    def together(self, *changes: "Callable[[Tx], int]") -> list[int]:
        """Run changes that do not wait for one another's answers, in one round trip.

        Each is a call of one compiled change. Returns how many rows each has changed.
        """
        return [each(self) for each in changes]

    def filtered(self, sql: str, conditions: Iterable[Condition]) -> tuple[str, tuple[Any, ...]]:
        """Return a query with its conditions, joined by AND, and their values."""
        listed = [Condition(self.in_dialect(each.sql), each.values) for each in conditions]
        where = " AND ".join(f"({each.sql})" for each in listed) or "true"
        return self.in_dialect(sql).format(conditions=where), tuple(value for each in listed for value in each.values)

    @staticmethod
    def in_dialect(sql: str) -> str:
        """Return a compiled statement as the engine writes it."""
        return sql

    @abstractmethod
    def iterate(self, sql: str, values: tuple[Any, ...], read: Callable[[Any], R]) -> Iterator[R]:
        """Yield the rows one by one, from a cursor of their own."""

    @abstractmethod
    def execute(self, sql: str, values: tuple[Any, ...]) -> int:
        """Run a statement that changes rows, and return the number of changed rows."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> int:
        """Run a statement once per row of parameters; return the changed rows."""

    @abstractmethod
    def savepoint(self, name: str) -> AbstractContextManager[None]:
        """Roll back the body's changes, and only these, when it raises."""

    def head(self) -> tuple[int, str]:
        """Return the number and the hash of the journal's last row."""
        if self.end.last is None:
            self.end.last = self.read_head()
        return self.end.last

    def acting_for(self: T, actor: str | None) -> T:
        """Return the transaction for an actor.

        That is the one named, or else the role on a server, or the login.
        """
        name = actor or self.role or settings.login()
        return self if name == self.actor else replace(self, actor=name)

    def take_time(self) -> None:  # noqa: B027 - only a server ends a transaction that takes long
        """Let this transaction take longer than that of a desk."""

    def refuse_moved(self) -> None:
        """Refuse a clinic that has moved to another place."""
        if self.moved_to is not None:
            raise errors.Moved(path=self.place, to=self.moved_to)

    @abstractmethod
    def read_head(self) -> tuple[int, str]:
        """Read the number and the hash of the journal's last row."""

    @abstractmethod
    def last_number_given(self) -> int:
        """Return the highest number that the journal has used, even if the row is gone."""

    @abstractmethod
    def is_restored(self, seen: tuple[int, str]) -> bool:
        """Return whether a database was replaced or restored since it was seen.

        `seen` is the number and the hash of the journal's last row then.
        """

    @abstractmethod
    def violations(self) -> "Iterator[Violation]":
        """Yield the violations that queries find."""

    @abstractmethod
    def last_given(self) -> dict[UUID, dict[date, int]]:
        """Return the last position ever given, by doctor id and date."""

    @abstractmethod
    def measures(self) -> "Measures":
        """Return the sizes of the database, its last backup and the versions."""

    def local(self, instant: datetime | None) -> Any:
        """Return an instant in the clinic's offset."""
        return instant.astimezone(self.zone) if instant else None


def refuse_other_version(found: int, *, place: str) -> None:
    """Refuse another schema version than CURRENT."""
    if found > CURRENT:
        raise errors.NewerDatabase(path=place, found=found, known=CURRENT)
    if found < CURRENT:
        raise errors.NeedsMigration(path=place, found=found, known=CURRENT)


def read_settings(stored: tuple[tuple[str, str], ...], *, place: str) -> tuple[str, ClinicSettings, ZoneInfo]:
    """Return the secret, the checked settings and the time zone.

    Refuses unreadable settings.
    """
    try:
        secret, clinic = _checked_settings(stored)
        return secret, clinic, ZoneInfo(clinic.timezone)
    except (errors.BadValue, *UNREADABLE):
        raise errors.Damaged(path=place, reason="the clinic's settings cannot be read") from None


@lru_cache(4)
def _checked_settings(rows: tuple[tuple[str, str], ...]) -> tuple[str, ClinicSettings]:
    """Return the secret and the checked settings.

    The cache saves a batch from checking the same rows again.
    """
    stored = dict(rows)
    return stored.get("secret", ""), ClinicSettings.read(stored)


def bad_settings(stored: Iterable[tuple[int, object, object]]) -> Iterator[str]:
    """Yield the wrong ones of stored settings, which have their row, name and value."""
    known = {each.name: each for each in settings.CLINIC}
    for row, name, value in stored:
        if str(name).startswith((settings.SAVED_COLUMNS, settings.TEMPLATES)) or name in ("secret", MOVED_TO):
            continue
        if str(name) not in known:
            yield f"row {row} of settings"
        elif not _is_valid(known[str(name)], value):
            yield str(name)


def _is_valid(setting: settings.SettingSpec, value: object) -> bool:
    try:
        return isinstance(value, str) and str((setting.stored or setting.read)(value)) == value
    except errors.BadValue:
        return False
