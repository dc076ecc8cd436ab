"""Open files that a user names: imports, `@FILE`, logs, targets, configuration.

No other module opens them. Closing any descriptor of a file drops every POSIX lock that the process holds on it
(https://sqlite.org/howtocorrupt.html, 2.2). Another desk then assumes that the database is unused, and deletes the log
that this process still writes to. So a file of the process's own database is refused before it is opened, under any of
its names.
"""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from secrets import token_hex
from typing import IO, BinaryIO, NamedTuple

from clinicctl import clock, errors, interrupts

SERVER = ("postgresql://", "postgres://")
"""How the URL of a database on a server begins."""

BESIDE = ("-wal", "-shm", "-journal", ".lock")
"""The suffixes of the files that belong to a database."""

_LEFT = 3_600
"""Seconds without a write after which a draft belongs to a killed command."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
STAMP = "%Y-%m-%dT%H%M%SZ"
"""The format of the instant in the names of copies."""
_DATED = "2026-11-23T093000Z.db"


class FileId(NamedTuple):
    """The identity of a file, independent of its names."""

    device: int
    inode: int


class Access(NamedTuple):
    """Who may use a file that the program makes: its owner alone, or a group, too."""

    group: int | None = None

    @property
    def file_mode(self) -> int:
        """The mode of a file."""
        return 0o600 if self.group is None else 0o660

    @property
    def folder_mode(self) -> int:
        """The mode of a folder. In a shared one, every new file gets the folder's group."""
        return 0o700 if self.group is None else SHARED_FOLDER


PRIVATE = Access()
SHARED_FOLDER = 0o2770

_database = ""
_held: frozenset[FileId] = frozenset()


# The files of the database


def protect(path: str, *, held: Iterable[FileId] = ()) -> None:
    """Refuse the files of the database at `path` from now on.

    `held` are the files that the process has open. They may since have got other names.
    """
    global _database, _held
    _database, _held = path, frozenset(held)


def file_id(path: str) -> FileId | None:
    """Return the identity of the file at a path; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return FileId(found.st_dev, found.st_ino)


def refuse_own(path: str) -> None:
    """Refuse a file of the database under any name, even if it does not exist yet."""
    if not _database:
        return
    own = [f"{_database}{end}" for end in ("", *BESIDE)]
    found = file_id(path)
    if found in _held or (os.path.realpath(absolute(path)) in own if found is None else found in map(file_id, own)):
        raise errors.BadValue(
            problem=f"{path} is part of the clinic's database: opening it here would drop SQLite's locks."
        )


# Who may use a file


def access_in(folder: str) -> Access:
    """Return who may use the files of a folder. Its mode and its group decide."""
    with suppress(OSError):
        found = os.stat(folder)
        if stat.S_IMODE(found.st_mode) == SHARED_FOLDER:
            return Access(found.st_gid)
    return PRIVATE


def open_or_create(path: str, flags: int, access: Access) -> int:
    """Return the descriptor of a file, which is created if missing.

    It is usable by its group from the first moment, whatever the umask.
    """
    before = os.umask(0o007)
    try:
        return os.open(path, flags | os.O_CREAT, access.file_mode)
    finally:
        os.umask(before)


def share(descriptor: int, access: Access) -> None:
    """Let a group use a new file, which belongs to this user.

    It stays private where the system does not allow that: a file system without groups, or a group without this user.
    """
    if access.group is None:
        return
    with suppress(OSError):
        if os.fstat(descriptor).st_gid != access.group:
            os.fchown(descriptor, -1, access.group)
        os.fchmod(descriptor, access.file_mode)


# Reading and appending


def open_to_read(path: str, *, most: int | None = None) -> FileIO:
    """Open a file for reading bytes.

    With `most`, refuses larger files and files that are not regular. Raises OSError if the file cannot be opened. A
    signal ends the wait for the writer of a pipe.
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
    """Return a descriptor at the end of a regular file.

    The file is created if missing (0600; in a shared folder 0660), and links are not followed. Raises OSError for
    anything else. A pipe without a reader does not block.
    """
    _refuse_nul(path)
    refuse_own(path)
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = open_or_create(path, flags, access_in(os.path.dirname(absolute(path))))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError("not a regular file")


def absolute(path: str) -> str:
    """Return an absolute path. Refuses if the working folder no longer exists."""
    _refuse_nul(path)
    try:
        return os.path.abspath(path)
    except OSError as error:
        raise errors.IOFailed(path=path, reason=error.strerror) from None


def shown(path: str) -> str:
    """Return a path as text for JSON and storage.

    Bytes that are not UTF-8 are escaped.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def sync_folder(folder: str) -> None:
    """Sync a folder after creating or removing a name, if the system supports it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


# Files that appear whole


class Draft:
    """A file that is still beside its target."""

    def __init__(self, target: str) -> None:
        folder, name = os.path.split(target)
        self.target = target
        self.discarded = False
        """Whether it does not become the target by itself."""
        self.path = os.path.join(folder, f".{name}.{token_hex(6)}.part")

    def publish(self, *, numbered: bool = True) -> str:
        """Link the complete file to its target, which may be numbered; return its path."""
        self.target = _link(self.path, self.target, numbered=numbered)
        return self.target


@contextmanager
def creating(target: str, *, numbered: bool, access: Access = PRIVATE) -> Iterator[Draft]:
    """Hand out a new empty file, which becomes the target at the end.

    It is beside the target until it is complete and synced. Refuses with `Exists` when the target exists; with
    `numbered`, takes the next free name instead. Drafts of killed commands are removed.
    """
    draft = Draft(target)
    if not numbered and os.path.lexists(target):
        raise errors.Exists(path=target)
    refuse_own(target)
    _clear_left(target, numbered=numbered)
    descriptor = os.open(draft.path, _NEW, 0o600)
    share(descriptor, access)
    try:
        yield draft
        if not draft.discarded:
            os.fsync(descriptor)
            draft.publish(numbered=numbered)
    finally:
        os.close(descriptor)
        _remove(draft.path)
        sync_folder(os.path.dirname(draft.target))


@contextmanager
def replacing(target: str, *, begins: tuple[bytes, ...], mode: int) -> Iterator[IO[bytes]]:
    """Hand out a new file, which replaces the target at the end.

    Readers see the old file or the new one. Only an empty file, or a regular file with one of the prefixes in `begins`,
    is replaced. Drafts of killed commands are removed.
    """
    _refuse_nul(target)
    refuse_own(target)
    _refuse_to_replace(target, begins)
    target = absolute(target)
    draft = Draft(target)
    _clear_left(target, numbered=False)
    descriptor = os.open(draft.path, _NEW, mode)
    try:
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(draft.path, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft.path)
        raise


@contextmanager
def writing(target: str, *, replace: bool) -> Iterator[BinaryIO]:
    """Hand out a new binary file (0600), which becomes the target at the end.

    Nothing is at the target before that, or the file that was there. Refuses with `Exists` when the target exists, and
    with `replace` anything but a regular file. Raises OSError.
    """
    target = absolute(target)
    refuse_own(target)
    if replace:
        _refuse_to_replace(target, (b"",))
    elif os.path.lexists(target):
        raise errors.Exists(path=target, hint="Replace it with --force, or name another file.")
    _clear_left(target, numbered=False)
    draft = Draft(target)
    descriptor = os.open(draft.path, _NEW, 0o600)
    try:
        with open(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        refuse_own(target)
        if replace:
            os.replace(draft.path, target)
        else:
            draft.publish(numbered=False)
    finally:
        with suppress(OSError):
            os.unlink(draft.path)
    sync_folder(os.path.dirname(target))


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
            raise errors.NotReplaced(path=target, reason="it has other content")


def _clear_left(target: str, *, numbered: bool) -> None:
    """Remove drafts for this target that nobody has written to for an hour."""
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
    """Link a draft to its target without overwriting a file; return the path."""
    name, end = os.path.splitext(target)
    for nth in range(1, 1000):
        wanted = f"{name}-{nth}{end}" if nth > 1 else target
        try:
            os.link(draft, wanted)
        except FileExistsError:
            if not numbered:
                raise errors.Exists(path=target) from None
        except OSError:
            # A file system without hard links, such as FAT: reserve the name, then replace it.
            os.close(os.open(wanted, _NEW, 0o600))
            os.replace(draft, wanted)
            return wanted
        else:
            return wanted
    raise errors.Exists(path=target)


def _opener(path: str, flags: int) -> int:
    """Open without blocking: a pipe may have replaced the file since the check."""
    return os.open(path, flags | os.O_NONBLOCK)


def _refuse_nul(path: str) -> None:
    if "\0" in path:
        raise errors.BadValue(problem="A path cannot contain a NUL character.")


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
