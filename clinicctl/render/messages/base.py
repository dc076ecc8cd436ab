"""The form of a sentence that reports a write."""

from typing import NamedTuple


class Report(NamedTuple):
    """A report on a write: its beginning, its beginning in a dry run, the rest."""

    done: str
    dry: str
    rest: str
