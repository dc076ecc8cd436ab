"""The log: one JSON line a command, ids and codes only. It fails silently: a booking is worth more."""

import json
import os
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from clinicctl import clock, errors
from clinicctl.store import paths

OF_LATE = timedelta(hours=1)
_TAIL = 1 << 20
"""Bytes at the end of the log that are looked at."""


def line(path: str, **facts: Any) -> None:
    """Append one line to the file at `path` (0600, made when missing, no link followed).

    What is there and is no log, stays as it is: a file of the database, a pipe, a file that does not begin like a log.
    """
    said = {"at": clock.now().isoformat(timespec="milliseconds"), "pid": os.getpid(), **facts}
    text = json.dumps({name: value for name, value in said.items() if value is not None}, ensure_ascii=True)
    with suppress(OSError, errors.Refusal):
        descriptor = paths.open_to_append(path)
        try:
            if os.pread(descriptor, 1, 0) in (b"", b"{"):
                os.write(descriptor, text.encode() + b"\n")
        finally:
            os.close(descriptor)


def lock_waits(path: str) -> tuple[int, float] | None:
    """Return how many commands of the last hour waited for the writer's lock, and the longest wait in seconds.

    Looks at the end of the log alone; None where it cannot be read.
    """
    since = clock.now() - OF_LATE
    try:
        waits = [wait for each in _tail(path) if (wait := _lock_wait(each, since))]
    except (OSError, errors.Refusal):
        return None
    return len(waits), max(waits, default=0.0)


def _tail(path: str) -> list[bytes]:
    """The last whole lines of a file."""
    with paths.open_to_read(path, most=sys.maxsize) as file:
        start = max(0, os.fstat(file.fileno()).st_size - _TAIL)
        lines = os.pread(file.fileno(), _TAIL, start).split(b"\n")
        return lines[1:] if start else lines


def _lock_wait(line: bytes, since: datetime) -> float:
    """How long the command of a line waited for the lock; 0 for one of before, and for what is no such line."""
    with suppress(ValueError, TypeError, KeyError):
        said = json.loads(line)
        if datetime.fromisoformat(said["at"]) >= since:
            return float(said["lock_waited"])
    return 0.0
