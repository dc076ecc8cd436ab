"""Check the place of a database: a local disk, closed to other users but those of a group that shares it.

SQLite's log uses shared memory between processes of one machine, and its locks are the kernel's. Neither works over a
network (https://sqlite.org/wal.html, https://sqlite.org/howtocorrupt.html, 2.1). The check runs once, before a database
is created or written to.
"""

import grp
import os
import pwd
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from glob import escape, glob

from clinicctl import errors
from clinicctl.store.paths import BESIDE, PRIVATE, Access, access_in

_NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
    *("orangefs", "pvfs2", "smb2", "smb3", "smbfs", "fuse.ceph", "fuse.curlftpfs", "fuse.davfs2", "fuse.gcsfuse"),
    *("fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
}
_CHMOD = {"g": stat.S_IWGRP, "o": stat.S_IWOTH}
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def stat_database(path: str, *, making: bool = False) -> os.stat_result | None:
    """Return the `stat` of a database's file, or None if there is no file.

    Refuses a folder, a device, a dangling link, a path through a file, and a folder that this user cannot enter.
    `making` is true when a database is to be created at the path.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        if link := next((each for each in _ancestors(path) if os.path.islink(each) and not os.path.exists(each)), None):
            dangling = f"{link} is a link to {os.readlink(link)}, where nothing is."
            raise errors.NoDatabase(path=path, hint=f"{dangling} Remove it, or name another place with --db.") from None
        return None
    except NotADirectoryError:
        file = next((each for each in _ancestors(path) if not os.path.isdir(each)), path)
        reason = f"{file} is a file, not a folder"
        if making:
            raise errors.IOFailed(path=path, reason=reason) from None
        raise errors.NoDatabase(path=path, hint=f"{reason}.") from None
    except OSError as error:
        raise errors.IOFailed(path=path, reason=reason_of(error, path)) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "it is a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise errors.NotOurs(path=path, reason=kind)
    return found


def reason_of(error: OSError, path: str, *, writing: bool = False) -> str:
    """Return the system's message for an error.

    For a missing permission, it names the owner of the file or folder.
    """
    text = error.strerror or "it cannot be read"
    return (denied(path, writing=writing) or text) if isinstance(error, PermissionError) else text


def denied(path: str, *, writing: bool = False) -> str | None:
    """Return the missing permission that keeps this user from a database, or None."""
    *folders, _ = _ancestors(path)
    for each in folders:
        if os.path.isdir(each) and not _may(each, os.X_OK):
            return _permission_problem(each, "folder")
    how = os.R_OK | (os.W_OK if writing else 0)
    for each in (path, *(f"{path}{end}" for end in BESIDE)):
        if os.path.exists(each) and not _may(each, how):
            return _permission_problem(each, "file")
    # SQLite also creates files beside the database while reading.
    nearest = next((each for each in reversed(folders) if os.path.isdir(each)), "/")
    return None if _may(nearest, os.W_OK) else _permission_problem(nearest, "folder")


def _ancestors(path: str) -> Iterator[str]:
    """Yield the folders above a path, from the root, and the path itself."""
    folder = os.path.dirname(path)
    if folder != path:
        yield from _ancestors(folder)
    yield path


def _may(path: str, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _permission_problem(path: str, kind: str) -> str:
    found = os.stat(path)
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "the file system is read-only"
    owner = user_name(found.st_uid)
    return f"permission denied: the {kind} {path} belongs to {owner} (mode {stat.S_IMODE(found.st_mode):04o})"


def user_name(user: int) -> str:
    """Return the login of a user, or its number if it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def access(path: str) -> Access:
    """Return who may use the database at a path: its owner, or a group, too.

    The folder decides. A private database in a folder of the owner's private group stays private.
    """
    folder = os.path.dirname(path)
    shared = access_in(folder)
    with suppress(OSError):
        if shared.group is not None and not os.stat(path).st_mode & stat.S_IRWXG and _is_private_group(os.stat(folder)):
            return PRIVATE
    return shared


def refuse_unsafe(path: str) -> None:
    """Refuse an unsafe place for a database.

    Unsafe are a network file system, files or a folder that other users can write to, and a file with a second name,
    which would have a second lock. A sticky folder such as /tmp is safe: other users cannot remove files in it. A group
    with the owner's number and nobody else in it is private. A folder that is shared with a group is safe if the
    database is shared with the same. `stat_database` refuses first, then a file that is read-only.
    """
    if stat_database(path, making=True) is not None and not _may(path, os.W_OK):
        raise errors.ReadOnly(path=path, reason=denied(path, writing=True) or "permission denied")
    folder = os.path.dirname(path)
    try:
        found = os.stat(folder)
        kind = "" if _on_a_disk(found) else filesystem(folder, mounts=_mounts())
    except OSError:
        return  # Opening the file gives the better refusal.
    if kind in _NETWORK:
        raise errors.OnNetwork(path=path, kind=kind)
    group = access(path).group
    if group is not None and not _is_shared(path, group):
        group = None
    if not found.st_mode & stat.S_ISVTX:
        _refuse_writable(folder, group=group)
    _refuse_writable(path, *(f"{path}{end}" for end in BESIDE), group=group)
    with suppress(OSError):
        if os.stat(path).st_nlink > 1 and _other_names(path):
            raise errors.OtherNames(path=path)


def _other_names(path: str) -> bool:
    """Return whether a file has a second name.

    The draft of a killed `init` does not count.
    """
    drafts = [each for each in glob(f"{escape(path)}.{'[0-9a-f]' * 12}.new") if os.path.samefile(each, path)]
    return os.stat(path).st_nlink > 1 + len(drafts)


def filesystem(folder: str, *, mounts: str) -> str:
    """Return the type of a folder's file system, by proc(5)'s mountinfo.

    Of several mounts on the longest path, the last one counts: it covers the others.
    """
    best, kind = "", ""
    inside = os.path.join(os.path.realpath(folder), "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = os.path.join(_unescaped(before.split(" ")[4]), "")
        if inside.startswith(point) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(text: str) -> str:
    """Return a path from mountinfo without its octal escapes."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), text.encode("utf-8", "surrogateescape"))
    return plain.decode("utf-8", "surrogateescape")


def _on_a_disk(found: os.stat_result) -> bool:
    """Return whether a real device holds the file.

    Network file systems have the major number 0.
    """
    return os.major(found.st_dev) != 0


def _mounts() -> str:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _is_shared(path: str, group: int) -> bool:
    """Return whether a database is shared with a group, or is not there yet."""
    try:
        found = os.stat(path)
    except OSError:
        return True
    return (stat.S_IMODE(found.st_mode), found.st_gid) == (Access(group).file_mode, group)


def _is_private_group(found: os.stat_result) -> bool:
    """Return whether only the owner is in the group of a file.

    It has the owner's number and no other members.
    """
    if found.st_gid != found.st_uid:
        return False
    try:
        members = grp.getgrgid(found.st_gid).gr_mem
    except KeyError:
        return True
    return set(members) <= {user_name(found.st_uid)}


def _refuse_writable(*paths: str, group: int | None) -> None:
    """Refuse paths that users outside the group can write to.

    Names the `chmod` for all.
    """
    writable = {path: others for path in paths if (others := _writable_by_others(path, group))}
    if writable:
        path = next(iter(writable))
        mode = f"{stat.S_IMODE(os.stat(path).st_mode):04o}"
        classes = "".join(name for name, bit in _CHMOD.items() if any(others & bit for others in writable.values()))
        raise errors.OpenToOthers(path=path, mode=mode, chmod=f"{classes}-w", all=" ".join(writable))


def _writable_by_others(path: str, group: int | None) -> int:
    """Return the mode bits that let users outside the group write to a path, or 0."""
    try:
        found = os.stat(path)
    except OSError:
        return 0
    others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if others & stat.S_IWGRP and (found.st_gid == group or _is_private_group(found)):
        others &= ~stat.S_IWGRP
    return others
