"""Where a database may stand: not on a network file system, and not where others may write.

SQLite's log is shared memory between processes of one machine, and its locks are the kernel's: over a network neither
holds (https://sqlite.org/wal.html, https://sqlite.org/howtocorrupt.html, 2.1). Looked at once, before a database is
made or written to.
"""

import os
import pwd
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from glob import escape, glob

from clinicctl import errors
from clinicctl.store.paths import BESIDE

_NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
    *("orangefs", "pvfs2", "smb2", "smb3", "smbfs", "fuse.ceph", "fuse.curlftpfs", "fuse.davfs2", "fuse.gcsfuse"),
    *("fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
}
_WHO = {"g": stat.S_IWGRP, "o": stat.S_IWOTH}
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def look(path: str, *, making: bool = False) -> os.stat_result | None:
    """Return what the system says of the file at a database's path; None where nothing stands.

    Refuses what can be no database, and says why: a folder or a device, a link that leads nowhere, a path that leads
    through a file (`making` says that a database was to be made there), a folder that this user must not enter.
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        if link := next((each for each in _way(path) if os.path.islink(each) and not os.path.exists(each)), None):
            leads = f"{link} is a link to {os.readlink(link)}, where nothing is."
            raise errors.NoDatabase(path=path, hint=f"{leads} Remove it, or name another place with --db.") from None
        return None
    except NotADirectoryError:
        file = next((each for each in _way(path) if not os.path.isdir(each)), path)
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
    """Return the system's words for an error; of a permission that is missing, also whose file or folder it is."""
    said = error.strerror or "it cannot be read"
    return (denied(path, writing=writing) or said) if isinstance(error, PermissionError) else said


def denied(path: str, *, writing: bool = False) -> str | None:
    """Return what keeps this user from a database, as far as the permissions of its files and folders tell."""
    *folders, _ = _way(path)
    for each in folders:
        if os.path.isdir(each) and not _may(each, os.X_OK):
            return _whose(each, "folder")
    how = os.R_OK | (os.W_OK if writing else 0)
    for each in (path, *(f"{path}{end}" for end in BESIDE)):
        if os.path.exists(each) and not _may(each, how):
            return _whose(each, "file")
    # SQLite keeps files beside the database while it is read, too.
    nearest = next((each for each in reversed(folders) if os.path.isdir(each)), "/")
    return None if _may(nearest, os.W_OK) else _whose(nearest, "folder")


def _way(path: str) -> Iterator[str]:
    """The folders that a path leads through, from the root on, and the path itself."""
    folder = os.path.dirname(path)
    if folder != path:
        yield from _way(folder)
    yield path


def _may(path: str, how: int) -> bool:
    return os.access(path, how, effective_ids=os.access in os.supports_effective_ids)


def _whose(path: str, kind: str) -> str:
    found = os.stat(path)
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return "the file system is read-only"
    try:
        owner = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        owner = f"user {found.st_uid}"
    return f"permission denied: the {kind} {path} belongs to {owner} (mode {stat.S_IMODE(found.st_mode):04o})"


def refuse_unsafe(path: str) -> None:
    """Refuse a database's path on a network file system, or whose files or folder others may write to; and a file that
    has another name as well, by which it would have another lock.

    A sticky folder, like /tmp, is good enough: nobody removes another's files there. A group that has the number of
    the owner is his alone, by the custom of most systems. What can be no database is refused first, as in `look`; and
    then a file that this user must not write.
    """
    if look(path, making=True) is not None and not _may(path, os.W_OK):
        raise errors.ReadOnly(path=path, reason=denied(path, writing=True) or "permission denied")
    folder = os.path.dirname(path)
    try:
        found = os.stat(folder)
        kind = "" if _on_a_disk(found) else filesystem(folder, mounts=_mounts())
    except OSError:
        return  # What cannot be looked at, is refused by whoever opens it.
    if kind in _NETWORK:
        raise errors.OnNetwork(path=path, kind=kind)
    if not found.st_mode & stat.S_ISVTX:
        _refuse_open(folder)
    _refuse_open(path, *(f"{path}{end}" for end in BESIDE))
    with suppress(OSError):
        if os.stat(path).st_nlink > 1 and _other_names(path):
            raise errors.OtherNames(path=path)


def _other_names(path: str) -> bool:
    """Whether a file has a name besides its own, and that of the draft that a killed `init` may have left of it."""
    drafts = [each for each in glob(f"{escape(path)}.{'[0-9a-f]' * 12}.new") if os.path.samefile(each, path)]
    return os.stat(path).st_nlink > 1 + len(drafts)


def filesystem(folder: str, *, mounts: str) -> str:
    """Return the type of the file system that a folder stands on, by the kernel's list of mounts (proc(5)).

    The last one listed of the longest paths counts: it was mounted above the others.
    """
    best, kind = "", ""
    inside = os.path.join(os.path.realpath(folder), "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = os.path.join(_unescaped(before.split(" ")[4]), "")
        if inside.startswith(point) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(said: str) -> str:
    """A path as the kernel lists it: spaces, tabs, line breaks and backslashes as octal numbers, all else as it is."""
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 8) & 0xFF]), said.encode("utf-8", "surrogateescape"))
    return plain.decode("utf-8", "surrogateescape")


def _on_a_disk(found: os.stat_result) -> bool:
    """Whether a device stands behind it: those of the network, among others, have the major number 0."""
    return os.major(found.st_dev) != 0


def _mounts() -> str:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _refuse_open(*paths: str) -> None:
    """Refuse what others may write to, and say how all of it is closed."""
    opened = {path: others for path in paths if (others := _others(path))}
    if opened:
        path = next(iter(opened))
        mode = f"{stat.S_IMODE(os.stat(path).st_mode):04o}"
        who = "".join(name for name, bit in _WHO.items() if any(others & bit for others in opened.values()))
        raise errors.OpenToOthers(path=path, mode=mode, chmod=f"{who}-w", all=" ".join(opened))


def _others(path: str) -> int:
    """The bits by which others may write to a path; none where nothing is there."""
    try:
        found = os.stat(path)
    except OSError:
        return 0
    others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return others & ~stat.S_IWGRP if found.st_gid == found.st_uid else others
