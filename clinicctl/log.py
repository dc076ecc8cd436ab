"""The log: one JSON line a command, ids and codes only. It fails silently: a booking is worth more."""

import json
import os
from contextlib import suppress
from typing import Any

from clinicctl import clock


def line(path: str, **facts: Any) -> None:
    """Append one line to the file at `path` (0600, made when missing, no link followed)."""
    said = {"at": clock.now().isoformat(timespec="milliseconds"), "pid": os.getpid(), **facts}
    text = json.dumps({name: value for name, value in said.items() if value is not None}, ensure_ascii=True)
    with suppress(OSError, ValueError):
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(path, flags, 0o600)
        try:
            os.write(descriptor, text.encode() + b"\n")
        finally:
            os.close(descriptor)
