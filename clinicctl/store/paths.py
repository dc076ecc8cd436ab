"""The one door for files that a user names: imports, `@FILE`, logs, targets, configuration.

Closing any descriptor of a file drops every POSIX lock that the process holds on it
(https://sqlite.org/howtocorrupt.html, 2.2). Another desk then takes the database for unused and deletes the log that
this process still writes to. So `stat` looks at a path first, and a file of the process's own database is refused
before it is opened, whatever name leads to it.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from secrets import token_hex
from typing import IO, NamedTuple

from clinicctl import clock, errors, interrupts

BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""What stands beside a database and belongs to it."""

_LEFT = 3_600
"""Seconds after which a draft that nobody writes to was left by a killed command."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
STAMP = "%Y-%m-%dT%H%M%SZ"
"""How copies are dated in their names."""
_DATED = "2026-11-23T093000Z.db"


class FileId(NamedTuple):
    """What tells one file from every other, whatever its names."""

    device: int
    inode: int


_database = ""
_held: frozenset[FileId] = frozenset()


# The files of the database


def protect(path: str, *, held: Iterable[FileId] = ()) -> None:
    """Refuse the files of the database at `path` from now on.

    `held` are those that the process has open; they may have got other names since.
    """
    global _database, _held
    _database, _held = path, frozenset(held)


def file_id(path: str) -> FileId | None:
    """Return what tells the file at a path from others; None where nothing is."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return FileId(found.st_dev, found.st_ino)


def refuse_own(path: str) -> None:
    """Refuse a file of the database, by whatever name; also one that is not there yet."""
    if not _database:
        return
    own = [f"{_database}{end}" for end in ("", *BESIDE)]
    found = file_id(path)
    if found in _held or (os.path.realpath(absolute(path)) in own if found is None else found in map(file_id, own)):
        raise errors.BadValue(
            problem=f"{path} is part of the clinic's database: opening it here would drop SQLite's locks."
        )


# Files that are read, and files that grow


def open_to_read(path: str, *, most: int | None = None) -> FileIO:
    """Open a file for its bytes. With `most` it has to be a regular file of that size at most.

    Raises OSError where it cannot be opened. A signal ends the wait for the writer of a pipe.
    """
    _refuse_nul(path)
    refuse_own(path)
    if most is not None:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise errors.BadValue(problem=f"{path}: {_kind(found)}, not a regular file.")
        if found.st_size > most:
            raise errors.BadValue(problem=f"{path}: larger than {most >> 10} KiB.")
    with interrupts.Waiting():
        return FileIO(path, opener=_opener if most is not None else None)


def open_to_append(path: str) -> int:
    """Return a descriptor at the end of a regular file (0600, made when missing, no link followed).

    Raises OSError for anything else; a pipe that nobody reads keeps nobody waiting.
    """
    _refuse_nul(path)
    refuse_own(path)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("not a regular file")


def absolute(path: str) -> str:
    """Return a path from the root. Refuses where the working folder is gone."""
    _refuse_nul(path)
    try:
        return os.path.abspath(path)
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror) from None


def shown(path: str) -> str:
    """Return a path as text, for what is stored or is JSON: a byte that is not UTF-8 as an escape."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def sync_folder(folder: str) -> None:
    """Let a name that was made or removed in a folder reach the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# Files that appear whole


class Draft:
    """A file that is not at its target yet."""

    def __init__(self, target: str) -> None:
        folder, name = os.path.split(target)
        self.target = target
        self.path = os.path.join(folder, f".{name}.{token_hex(6)}.part")


@contextmanager
def arriving(target: str, *, numbered: bool) -> Iterator[Draft]:
    """Hand out a new empty file (0600) beside the target; at the end it is on the disk, and stands at the target.

    Refuses with `Exists` when something stands there; where names are `numbered`, the next free one is taken. What
    killed commands have left of theirs is removed.
    """
    draft = Draft(target)
    if not numbered and os.path.lexists(target):
        raise errors.Exists(path=target)
    refuse_own(target)
    _clear_left(target, numbered=numbered)
    descriptor = os.open(draft.path, _NEW, 0o600)
    try:
        yield draft
        os.fsync(descriptor)
        draft.target = _link(draft.path, target, numbered=numbered)
    finally:
        os.close(descriptor)
        _remove(draft.path)
        sync_folder(os.path.dirname(draft.target))


@contextmanager
def replacing(target: str, *, begins: tuple[bytes, ...], mode: int) -> Iterator[IO[str]]:
    """Hand out a new text file that takes the target's place at the end: a reader finds the old one or the new one.

    Only a regular file is replaced that is empty or `begins` as such files do; anything else is left as it is.
    """
    _refuse_nul(target)
    refuse_own(target)
    _refuse_to_replace(target, begins)
    draft = Draft(target)
    descriptor = os.open(draft.path, _NEW, mode)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, mode)
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(draft.path, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft.path)
        raise


def _refuse_to_replace(target: str, begins: tuple[bytes, ...]) -> None:
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(found.st_mode):
        raise errors.NotReplaced(path=target, reason=f"it is {_kind(found)}")
    with open_to_read(target) as file:
        first = file.read(max(map(len, begins)))
        if first and not first.startswith(begins):
            raise errors.NotReplaced(path=target, reason="it holds something else")


def _clear_left(target: str, *, numbered: bool) -> None:
    """Remove the drafts that killed commands have left of such a file: nothing has been written to them for long."""
    folder, name = os.path.split(target)
    long_ago = clock.now().timestamp() - _LEFT
    begins = name[: -len(_DATED)] if numbered else f"{name}."
    left = re.compile(rf"\.{re.escape(begins)}.*[0-9a-f]{{12}}\.part")
    for each in os.listdir(folder):
        path = os.path.join(folder, each)
        if left.fullmatch(each):
            with suppress(OSError):
                if os.lstat(path).st_mtime < long_ago:
                    _remove(path)


def _remove(draft: str) -> None:
    for leftover in (draft, f"{draft}-journal", f"{draft}-wal", f"{draft}-shm"):
        with suppress(OSError):
            os.unlink(leftover)


def _link(draft: str, target: str, *, numbered: bool) -> str:
    """Give a file its name, if nothing has it; return the name."""
    name, end = os.path.splitext(target)
    for nth in range(1, 1000):
        wanted = f"{name}-{nth}{end}" if nth > 1 else target
        try:
            os.link(draft, wanted)
        except FileExistsError:
            if not numbered:
                raise errors.Exists(path=target) from None
        except OSError:
            # A file system without links, as on a stick: a name taken first, then filled.
            os.close(os.open(wanted, _NEW, 0o600))
            os.replace(draft, wanted)
            return wanted
        else:
            return wanted
    raise errors.Exists(path=target)


def _opener(path: str, flags: int) -> int:
    """Open without waiting for anybody: a pipe may have taken the file's place since it was looked at."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refuse_nul(path: str) -> None:
    if "\0" in path:
        raise errors.BadValue(problem="A path has no NUL character.")


def _kind(found: os.stat_result) -> str:
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFIFO: "a pipe",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
        stat.S_IFSOCK: "a socket",
        stat.S_IFLNK: "a link",
    }
    return kinds.get(stat.S_IFMT(found.st_mode), "no file")
