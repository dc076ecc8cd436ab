"""Show the progress of a large file on stderr, only on a terminal."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from clinicctl.render.safe_text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

T = TypeVar("T")

LARGE = 500_000
"""Characters from which a file takes long enough to need a bar."""

_EVERY = 2_000

MANY = 5_000
"""Records from which an export takes long enough to need a bar, and between two changes of it."""


class Progress:
    """A bar that appears when a file turns out to be large.

    No thread draws it, because a thread could receive a signal while a transaction commits.
    """

    def __init__(self, name: str, *, shown: bool) -> None:
        self._name = visible(name)
        self._shown = shown
        self._bar: Bar | None = None
        self.followed = 0
        """The number of records that were followed."""

    def follow(self, records: Iterable[T]) -> Iterator[T]:
        """Yield records, count them, and show their number if they become many."""
        for each in records:
            yield each
            self.followed += 1
            if self._shown and not self.followed % MANY:
                self._bar = self._bar or _bar(self._name, None)
                self.describe(f"{self.followed:,} records")

    def read(self, lines: Iterable[str], size: int | None) -> Iterable[str]:
        """Return lines that advance the bar, up to `size` characters if known."""
        return self._followed(lines, size) if self._shown else lines

    def describe(self, activity: str) -> None:
        """Show an activity without a measure."""
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], description=f"{self._name}: {activity}", total=None, refresh=True)

    def advance(self, activity: str, done: int, total: int) -> None:
        """Show how much of an activity is done."""
        if self._shown:
            self._bar = self._bar or _bar(self._name, total)
            self._bar.update(
                self._bar.task_ids[0], description=f"{self._name}: {activity}", completed=done, refresh=True
            )

    def stop(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            with suppress(OSError, ValueError):
                self._bar.stop()

    def _followed(self, lines: Iterable[str], size: int | None) -> Iterator[str]:
        characters = 0
        for nth, line in enumerate(lines):
            characters += len(line)
            if characters >= LARGE and not nth % _EVERY:
                self._bar = self._bar or _bar(self._name, size)
                self._bar.update(self._bar.task_ids[0], completed=characters, refresh=True)
            yield line


def _bar(name: str, size: int | None) -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    bar = Bar(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
    bar.add_task(f"{name}: reading", total=size)
    bar.start()
    return bar
