"""Keep notes in the lock file: journal head, state of the file, last backup.

A database cannot tell that its end is missing: without its `-wal`, or replaced by an old copy, it still looks sound.
The note can tell. It is written after the commit, so that it is never ahead of the disk. After a crash between the two
it is behind, which does no harm. A missing or unreadable note is ignored.
"""

import json
import os
import re
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from clinicctl.store.heads import Head, LastBackup
from clinicctl.store.paths import FileId

_HEAD = re.compile(rb"head ([0-9]{20}) ([0-9a-f]{64})\n")
_LENGTH = 91
_BACKUP_AT = 128
_LONGEST = 16_384
_FILE = re.compile(rb"file" + 7 * rb" ([0-9]{20})" + rb"\n")
_FILE_AT = _BACKUP_AT + _LONGEST
_FILE_LENGTH = 152


class FileNote(NamedTuple):
    """The state of the database and its log when the lock was last released.

    Later changes are those of other programs. `schema` is SQLite's own count of schema changes. Without a log, its
    inode and size are 0.
    """

    device: int
    inode: int
    size: int
    modified: int
    schema: int
    log: int
    log_size: int

    @property
    def main(self) -> tuple[int, ...]:
        """The state of the database without its log and schema."""
        return self[:4]

    @property
    def id(self) -> FileId:
        return FileId(self.device, self.inode)


def head(lock: int) -> Head | None:
    """Return the head noted in the lock file, which is open at this descriptor."""
    found = _HEAD.fullmatch(os.pread(lock, _LENGTH, 0))
    return Head(int(found[1]), found[2].decode()) if found else None


def note_head(lock: int, number: int, hash_: str) -> None:
    """Note a head in one write of fixed length. If that fails, the older note stays."""
    with suppress(OSError):
        os.pwrite(lock, b"head %020d %s\n" % (number, hash_.encode()), 0)


def file(lock: int) -> FileNote | None:
    """Return the noted state of the file."""
    found = _FILE.fullmatch(os.pread(lock, _FILE_LENGTH, _FILE_AT))
    return FileNote(*map(int, found.groups())) if found else None


def describe_file(path: str, *, schema: int) -> FileNote:
    """Return the state of the database and its log.

    Raises OSError if there is no database.
    """
    found = os.stat(path)
    log, log_size = 0, 0
    with suppress(OSError):
        beside = os.stat(f"{path}-wal")
        log, log_size = beside.st_ino, beside.st_size
    return FileNote(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, schema, log, log_size)


def note_file(lock: int, found: FileNote) -> None:
    """Note the file's state in one write of fixed length.

    If that fails, the older note stays.
    """
    with suppress(OSError):
        os.pwrite(lock, b"file" + b"".join(b" %020d" % each for each in found) + b"\n", _FILE_AT)


def clear_head(lock: int) -> None:
    """Clear the head durably, before another database takes the path."""
    if os.fstat(lock).st_size:
        os.pwrite(lock, b" " * (_LENGTH - 1) + b"\n", 0)
        os.fsync(lock)


def clear_all(lock: int) -> None:
    """Clear every note durably, before a new database takes the path."""
    if os.fstat(lock).st_size:
        os.ftruncate(lock, 0)
        os.fsync(lock)


def known_head(path: str) -> Head | None:
    """Return the head noted for the database at a path, without taking the lock."""
    with suppress(OSError):
        descriptor = _opened(path, os.O_RDONLY)
        try:
            return head(descriptor)
        finally:
            os.close(descriptor)
    return None


def known_file(path: str) -> FileNote | None:
    """Return the state noted for the database at a path, without taking the lock."""
    with suppress(OSError):
        descriptor = _opened(path, os.O_RDONLY)
        try:
            return file(descriptor)
        finally:
            os.close(descriptor)
    return None


def last_backup(path: str) -> LastBackup | None:
    """Return the note about the last backup of the database at a path."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        descriptor = _opened(path, os.O_RDONLY)
        try:
            stored = json.loads(os.pread(descriptor, _LONGEST, _BACKUP_AT).partition(b"\n")[0])
        finally:
            os.close(descriptor)
        return LastBackup(
            datetime.fromisoformat(stored["at"]), str(stored["path"]), Head(int(stored["number"]), str(stored["head"]))
        )
    return None


def note_backup(path: str, made: LastBackup) -> None:
    """Note a backup of the database at a path.

    Needs no lock: it is one write, and the last one wins.
    """
    stored = {"at": made.at.isoformat(), "path": made.path, "number": made.head.number, "head": made.head.hash}
    with suppress(OSError):
        descriptor = _opened(path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, json.dumps(stored).encode() + b"\n", _BACKUP_AT)
        finally:
            os.close(descriptor)


def _opened(path: str, how: int) -> int:
    return os.open(f"{path}.lock", how | os.O_CLOEXEC | os.O_NOFOLLOW)
