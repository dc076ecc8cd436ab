"""Keep the rows of a long answer compressed until they are printed.

An answer is printed only after its rows were read: a pager that waits would otherwise keep the database's log from
being emptied, and an error in the middle would follow half an answer.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

AT_ONCE = 500
"""The rows that are kept as they are, and compressed together."""


class Spool(Iterable[Any]):
    """Rows of JSON values, which can be read several times. A few are not compressed."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._rows: list[Any] = []

    def add(self, row: Any) -> None:
        """Add a row at the end."""
        if len(self._rows) == AT_ONCE:
            self._packed.append(zlib.compress(json.dumps(self._rows).encode(), 1))
            self._rows = []
        self._rows.append(row)

    def __iter__(self) -> Iterator[Any]:
        for each in self._packed:
            yield from json.loads(zlib.decompress(each))
        yield from self._rows


def spooled(rows: Iterable[str]) -> Spool:
    """Return texts in a spool. Reads all of them."""
    spool = Spool()
    for row in rows:
        spool.add(row)
    return spool
