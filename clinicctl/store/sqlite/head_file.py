"""What is noted beside the database, in the lock file: the journal's head, the file itself, and the last backup.

A database cannot know that its end is missing: after a lost `-wal`, or with an old copy in its place, it is whole. The
note knows. It is written after the commit, so that it is never ahead of what is on the disk; a crash between the two
leaves it behind, which is no harm. A file without a note, or with one that cannot be read, says nothing.
"""

import json
import os
import re
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

from clinicctl.store.paths import FileId

_HEAD = re.compile(rb"head ([0-9]{20}) ([0-9a-f]{64})\n")
_LENGTH = 91
_BACKUP_AT = 128
_LONGEST = 16_384
_FILE = re.compile(rb"file" + 7 * rb" ([0-9]{20})" + rb"\n")
_FILE_AT = _BACKUP_AT + _LONGEST
_FILE_LENGTH = 152


class Head(NamedTuple):
    """The last row of a journal: its number and its hash."""

    number: int
    hash: str


class FileNote(NamedTuple):
    """What the database and its log were when the lock was last released: anything else was done by somebody else.

    `schema` is SQLite's own count of the changes of the schema. Where there is no log, its inode and size are 0.
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
        """The database alone, without its log and its schema."""
        return self[:4]

    @property
    def id(self) -> FileId:
        return FileId(self.device, self.inode)


class LastBackup(NamedTuple):
    """When the last backup was made, where, and the journal's head in it."""

    at: datetime
    path: str
    head: Head


def head(lock: int) -> Head | None:
    """Return the head that the lock file, open at this descriptor, tells of."""
    found = _HEAD.fullmatch(os.pread(lock, _LENGTH, 0))
    return Head(int(found[1]), found[2].decode()) if found else None


def note_head(lock: int, number: int, hash_: str) -> None:
    """Note a head, in one write of always the same length; where it cannot be noted, the older one stands."""
    with suppress(OSError):
        os.pwrite(lock, b"head %020d %s\n" % (number, hash_.encode()), 0)


def file(lock: int) -> FileNote | None:
    """Return what is noted of the file."""
    found = _FILE.fullmatch(os.pread(lock, _FILE_LENGTH, _FILE_AT))
    return FileNote(*map(int, found.groups())) if found else None


def describe_file(path: str, *, schema: int) -> FileNote:
    """Return what the database at a path and its log are now. Raises OSError where nothing is."""
    found = os.stat(path)
    log, log_size = 0, 0
    with suppress(OSError):
        beside = os.stat(f"{path}-wal")
        log, log_size = beside.st_ino, beside.st_size
    return FileNote(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, schema, log, log_size)


def note_file(lock: int, found: FileNote) -> None:
    """Note the file, in one write of always the same length; where it cannot be noted, the older one stands."""
    with suppress(OSError):
        os.pwrite(lock, b"file" + b"".join(b" %020d" % each for each in found) + b"\n", _FILE_AT)


def forget_head(lock: int) -> None:
    """Take the note back for good, before another database comes to stand at the path."""
    if os.fstat(lock).st_size:
        os.pwrite(lock, b" " * (_LENGTH - 1) + b"\n", 0)
        os.fsync(lock)


def forget(lock: int) -> None:
    """Take every note back: a new database stands for itself."""
    if os.fstat(lock).st_size:
        os.ftruncate(lock, 0)
        os.fsync(lock)


def known_head(path: str) -> Head | None:
    """As `head`, of the database at a path, without its lock."""
    with suppress(OSError):
        descriptor = _opened(path, os.O_RDONLY)
        try:
            return head(descriptor)
        finally:
            os.close(descriptor)
    return None


def known_file(path: str) -> FileNote | None:
    """As `file`, of the database at a path, without its lock."""
    with suppress(OSError):
        descriptor = _opened(path, os.O_RDONLY)
        try:
            return file(descriptor)
        finally:
            os.close(descriptor)
    return None


def last_backup(path: str) -> LastBackup | None:
    """Return what is noted of the last backup of the database at a path."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        descriptor = _opened(path, os.O_RDONLY)
        try:
            said = json.loads(os.pread(descriptor, _LONGEST, _BACKUP_AT).partition(b"\n")[0])
        finally:
            os.close(descriptor)
        return LastBackup(
            datetime.fromisoformat(said["at"]), str(said["path"]), Head(int(said["number"]), str(said["head"]))
        )
    return None


def note_backup(path: str, made: LastBackup) -> None:
    """Note a backup of the database at a path. Needs no lock: it is one write, and the last one stands."""
    said = {"at": made.at.isoformat(), "path": made.path, "number": made.head.number, "head": made.head.hash}
    with suppress(OSError):
        descriptor = _opened(path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, json.dumps(said).encode() + b"\n", _BACKUP_AT)
        finally:
            os.close(descriptor)


def _opened(path: str, how: int) -> int:
    return os.open(f"{path}.lock", how | os.O_CLOEXEC | os.O_NOFOLLOW)
