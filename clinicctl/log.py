"""Write the log: one JSON line per command, ids and codes only.

Errors are ignored, so that commands succeed.
"""

import json
import os
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from clinicctl import clock, errors
from clinicctl.store import paths

PERIOD = timedelta(hours=1)
_TAIL = 1 << 20
"""Bytes at the end of the log that are read."""


def line(path: str, **details: Any) -> None:
    """Append one line to the log file.

    The file is created if missing (0600), and links are not followed. A file of the database, a pipe, and a file that
    does not begin like a log are left unchanged.
    """
    fields = {"at": clock.now().isoformat(timespec="milliseconds"), "pid": os.getpid(), **details}
    text = json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=True)
    with suppress(OSError, errors.Refusal):
        descriptor = paths.open_to_append(path)
        try:
            if os.pread(descriptor, 1, 0) in (b"", b"{"):
                os.write(descriptor, text.encode() + b"\n")
        finally:
            os.close(descriptor)


def lock_waits(path: str) -> tuple[int, float] | None:
    """Return the number of lock waits in the last hour, and the longest in seconds.

    Reads only the end of the log. Returns None if the log cannot be read.
    """
    since = clock.now() - PERIOD
    try:
        waits = [wait for each in _tail(path) if (wait := _lock_wait(each, since))]
    except (OSError, errors.Refusal):
        return None
    return len(waits), max(waits, default=0.0)


def _tail(path: str) -> list[bytes]:
    """Return the last complete lines of a file."""
    with paths.open_to_read(path, most=sys.maxsize) as file:
        start = max(0, os.fstat(file.fileno()).st_size - _TAIL)
        lines = os.pread(file.fileno(), _TAIL, start).split(b"\n")
        return lines[1:] if start else lines


def _lock_wait(line: bytes, since: datetime) -> float:
    """Return the seconds that a command waited for the lock.

    An older or invalid line gives 0.
    """
    with suppress(ValueError, TypeError, KeyError):
        fields = json.loads(line)
        if datetime.fromisoformat(fields["at"]) >= since:
            return float(fields["lock_waited"])
    return 0.0
