"""Read the lines of a batch, and split each into words."""

import json
import re
import shlex
from codecs import BOM_UTF8
from collections import deque
from io import BufferedRandom, BufferedReader, UnsupportedOperation
from select import POLLHUP, POLLIN, poll
from typing import Any

from clinicctl import errors

LONGEST_LINE = 65_536
"""The most bytes of one command line."""
CHUNK = 65_536
"""The bytes of one read."""
_QUOTED = re.compile(r"['\"\\]")


class Lines:
    """The lines of a pipe or a file."""

    def __init__(self, source: "BufferedReader[Any] | BufferedRandom") -> None:
        self.number = 0
        self._source = source
        self._whole: deque[bytes] = deque()
        self._rest = b""
        self._ended = False
        self._poll: poll | None
        try:
            self._poll = poll()
            self._poll.register(source.fileno(), POLLIN | POLLHUP)
        except UnsupportedOperation:
            self._poll = None

    def waiting(self) -> bool:
        """Return whether a line can be read without waiting."""
        while not self._whole and not self._ended:
            if self._poll is not None and not self._poll.poll(0):
                return False
            self._fill()
        return True

    def next(self) -> tuple[int, bytes | None] | None:
        """Return the number and bytes of the next line.

        None at the end. The bytes are None if it is too long.
        """
        while not self._whole and not self._ended:
            self._fill()
        if not self._whole:
            return None
        self.number += 1
        line = self._whole.popleft()
        if self.number == 1:
            line = line.removeprefix(BOM_UTF8)
        return self.number, line if len(line) <= LONGEST_LINE else None

    def _fill(self) -> None:
        chunk = self._source.raw.read(CHUNK)
        if not chunk:
            self._ended = True
            self._whole.extend([self._rest] if self._rest else [])
            return
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0] = self._rest + whole[0]
            self._whole.extend(whole)
            self._rest = rest
        else:
            # One byte too many is enough to detect a line that is too long.
            self._rest = (self._rest + rest)[: LONGEST_LINE + 1]


def split(content: bytes | None) -> list[str] | None:
    """Return the words of a line.

    Return None for an empty one. Refuses all but shell words and a JSON array of words.
    """
    if content is None:
        raise errors.Usage(problem=f"The line has more than {LONGEST_LINE} bytes.")
    line = content.decode("utf-8", "surrogateescape").strip(" \t\r")
    if not line or line.startswith("#"):
        return None
    if line.startswith("["):
        try:
            words = json.loads(line)
        except (ValueError, RecursionError):
            raise errors.Usage(problem="Not a JSON array.") from None
        if not all(isinstance(each, str) for each in words):
            raise errors.Usage(problem="The JSON array may contain only strings.")
    elif line.isascii() and line.isprintable() and not _QUOTED.search(line):
        words = line.split()
    else:
        try:
            words = shlex.split(line)
        except ValueError:
            raise errors.Usage(problem="A quote is not closed.") from None
    if not words:
        raise errors.Usage(problem="Missing command.")
    return list(words)
