"""Lock out other writers by one `flock`, with a bounded wait in the kernel.

The locked file is beside the database. SQLite's own busy handler sleeps and has no queue, so that some of 100 processes
starve. A blocking `flock` wakes them in turn, and the kernel frees it when its holder dies. The file is never removed:
a second lock file would be a second lock. `head_file` keeps its notes in it.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from clinicctl import errors, interrupts
from clinicctl.store import paths
from clinicctl.store.sqlite import location

_held: dict[str, int] = {}


@contextmanager
def writers_lock(path: str, *, wait: float) -> Iterator[int]:
    """Hold a database's lock, and hand out the descriptor of the lock file.

    Refuses with `Busy` when the lock is not free within `wait` seconds. Only the main thread can wait.
    """
    lock = f"{path}.lock"
    try:
        descriptor = paths.open_or_create(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW, location.access(path))
    except OSError as error:
        raise errors.ReadOnly(path=lock, reason=location.reason_of(error, path, writing=True)) from None
    try:
        _take(descriptor, wait)
        _held[path] = descriptor
        yield descriptor
    finally:
        _held.pop(path, None)
        os.close(descriptor)


def held_lock(path: str) -> int | None:
    """Return the descriptor of a lock that this process holds, or None."""
    return _held.get(path)


def _take(descriptor: int, wait: float) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        if not wait:
            raise errors.Busy(wait=wait) from None
    try:
        with interrupts.Waiting(wait):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except interrupts.Elapsed:
        raise errors.Busy(wait=wait) from None
