"""Share a database file with a group of users, or make it private again.

The folder's mode and group record it: see `paths.access_in`. SQLite gives `-wal` and `-shm` the mode of the database,
and the folder gives every new file its group.
"""

import grp
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from glob import escape, glob
from typing import NamedTuple

from clinicctl import errors
from clinicctl.store.paths import BESIDE, PRIVATE, Access, access_in
from clinicctl.store.sqlite import erasure, location
from clinicctl.store.sqlite.connections import inspect
from clinicctl.store.sqlite.lock import writers_lock

_ACL = "system.posix_acl_access"
_INHERITED = "system.posix_acl_default"
"""The list that a folder gives its new files."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_ABOVE = 0o710
"""The mode of a new folder above a shared one."""
_OPENED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Wrong(NamedTuple):
    """A file of the clinic, or its folder, with another group or mode than it should have."""

    path: str
    mode: int
    group: int
    owner: int
    links: int


def share(path: str, group: str | None, *, wait: float) -> int:
    """Share a database with a group, or make it private; return how many changed.

    Changes nothing if one of them cannot be changed. Holds the writer's lock. The folder is opened last and closed
    first, so that nobody uses what is only half shared.
    """
    inspect(path)
    access = access_of(group) if group is not None else PRIVATE
    _refuse_place(path, access)
    with writers_lock(path, wait=wait):
        wrong = list(find_wrong(path, access))
        for each in wrong:
            _refuse_unchangeable(path, each)
        for each in wrong if group is not None else reversed(wrong):
            _change(each, access, os.path.dirname(path))
        return len(wrong)


def prepare(path: str, access: Access) -> None:
    """Share the folder of a database that is not there yet. It is made if missing."""
    folder = os.path.dirname(path)
    try:
        make_folder(folder, access)
    except OSError as error:
        raise errors.ReadOnly(path=folder, reason=location.reason_of(error, folder, writing=True)) from None
    _refuse_place(path, access)
    for each in _wrong_folder(folder, access):
        _refuse_unchangeable(path, each)
        _change(each, access, folder)


def access_of(group: str) -> Access:
    """Return the access of a group with this name or number.

    Refuses an unknown group, and one that this user is not in.
    """
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        if not _NUMBER.fullmatch(group):
            raise errors.BadValue(problem=f"--group: this machine has no group {group}.") from None
        number = int(group)
    if os.geteuid() and number not in (os.getegid(), *os.getgroups()):
        raise errors.BadValue(
            problem=f"--group: you are not in the group {group}.",
            hint="Root can add you to it with `usermod`. Then log in again.",
        )
    return Access(number)


def name_of(group: int) -> str:
    """Return the name of a group, or its number if it has none."""
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)


def make_folder(folder: str, access: Access, *, above: bool = False) -> None:
    """Make a missing folder, and those above it.

    The group may enter those, and change nothing there.
    """
    if os.path.isdir(folder):
        return
    make_folder(os.path.dirname(folder), access, above=True)
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
        if access.group is not None:
            _set(folder, -1, access.group, _ABOVE if above else access.folder_mode)


def find_wrong(path: str, access: Access) -> Iterator[Wrong]:
    """Yield the files of a clinic, then its folder, unless they are as recorded."""
    for each in files_of(path):
        with suppress(FileNotFoundError):
            found = os.lstat(each)
            if not _fits(found, access.file_mode, access.group) or _is_open_by_list(each, access):
                yield _wrong(each, found)
    yield from _wrong_folder(os.path.dirname(path), access)


def files_of(path: str) -> list[str]:
    """Return the files of a clinic: its database, companions, copies and drafts."""
    folder = os.path.dirname(path)
    copies = [os.path.join(folder, each) for each in erasure.copies(path)]
    drafts = glob(f"{escape(path)}.{'[0-9a-f]' * 12}.new*")
    return [path, *(f"{path}{end}" for end in BESIDE), *copies, *drafts]


def _wrong_folder(folder: str, access: Access) -> Iterator[Wrong]:
    """Yield a folder that is not shared with the group, or is open to one."""
    found = os.stat(folder)
    if access.group is not None:
        fits = _fits(found, access.folder_mode, access.group) and not _is_open_by_list(folder, access)
    else:
        # In a sticky folder, others cannot remove files.
        fits = bool(found.st_mode & stat.S_ISVTX) or not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not fits:
        yield _wrong(folder, found)


def _fits(found: os.stat_result, mode: int, group: int | None) -> bool:
    return stat.S_IMODE(found.st_mode) == mode and group in (None, found.st_gid)


def _wrong(path: str, found: os.stat_result) -> Wrong:
    return Wrong(path, found.st_mode, found.st_gid, found.st_uid, found.st_nlink)


def _refuse_place(path: str, access: Access) -> None:
    """Refuse a folder that the group cannot reach, or that has other files."""
    folder = os.path.dirname(path)
    if access.group is None:
        return
    for each in _folders_above(folder):
        found = os.stat(each)
        if not found.st_mode & (stat.S_IXGRP if found.st_gid == access.group else stat.S_IXOTH) and not _has_acl(each):
            mode = f"mode {stat.S_IMODE(found.st_mode):04o}"
            raise errors.NotShared(
                path=path,
                reason=f"the group cannot enter {each}, {mode}",
                hint="Move the clinic to a folder that the group can reach, with `clinicctl db copy --to PATH`.",
            )
    stem, _ = os.path.splitext(os.path.basename(path))
    others = [each for each in os.listdir(folder) if not each.removeprefix(".").startswith(stem)]
    if others and access_in(folder) != access:
        raise errors.NotShared(
            path=path,
            reason=f"its folder has other files, such as {min(others)}",
            hint=f"Move the clinic to a folder of its own. Or open this one yourself: `chmod 2770 {folder}`.",
        )


def _folders_above(folder: str) -> Iterator[str]:
    while folder != "/":
        folder = os.path.dirname(folder)
        yield folder


def _has_acl(folder: str) -> bool:
    """Return whether more than the mode decides who may enter a folder."""
    return _ACL in _lists(folder)


def _is_open_by_list(path: str, access: Access) -> bool:
    """Return whether an access control list opens a shared file to others.

    The mode of a private one makes such a list void.
    """
    return access.group is not None and not _lists(path).isdisjoint((_ACL, _INHERITED))


def _lists(path: str) -> set[str]:
    """Return the names of the access control lists of a file."""
    # Linux has them. macOS does not have the function.
    listed = getattr(os, "listxattr", None)
    with suppress(OSError):
        return {_ACL, _INHERITED}.intersection(listed(path, follow_symlinks=False) if listed else ())
    return set()


def _refuse_unchangeable(path: str, each: Wrong) -> None:
    """Refuse what this user may not change, and what may be a file of something else."""
    if stat.S_ISLNK(each.mode) or not (stat.S_ISREG(each.mode) or stat.S_ISDIR(each.mode)):
        raise errors.NotShared(path=path, reason=f"{each.path} is no regular file")
    if stat.S_ISREG(each.mode) and each.links > 1:
        raise errors.NotShared(path=path, reason=f"{each.path} has a second name, a hard link")
    if os.geteuid() not in (0, each.owner):
        owner = location.user_name(each.owner)
        raise errors.NotShared(
            path=path, reason=f"{each.path} belongs to {owner}", hint="Its owner or root can run this command."
        )


def _change(each: Wrong, access: Access, folder: str) -> None:
    """Give a file its group and mode.

    A file that becomes private gets the owner of the folder, if root does this: nobody else could use it.
    """
    owner = os.stat(folder).st_uid if access.group is None and os.geteuid() == 0 else -1
    mode = access.folder_mode if stat.S_ISDIR(each.mode) else access.file_mode
    _set(each.path, owner, -1 if access.group is None else access.group, mode)


def _set(path: str, owner: int, group: int, mode: int) -> None:
    """Change the owner, group and mode of a file.

    Access control lists go, because they could let others in. A link is not followed. No connection of this process is
    open, which closing the file would deprive of its locks.
    """
    descriptor = os.open(path, _OPENED)
    try:
        for each in _lists(path):
            os.removexattr(descriptor, each)
        os.fchown(descriptor, owner, group)
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)
