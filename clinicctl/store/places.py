"""Where a database may stand: not on a network file system, and not where others may write.

SQLite's log is shared memory between processes of one machine, and its locks are the kernel's: over a network neither
holds (https://sqlite.org/wal.html, https://sqlite.org/howtocorrupt.html, 2.1). Looked at once, before a database is
made or written to.
"""

import os
import stat

from clinicctl import errors

_NETWORK = {
    *("9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4"),
    *("orangefs", "pvfs2", "smb2", "smb3", "smbfs", "fuse.ceph", "fuse.curlftpfs", "fuse.davfs2", "fuse.gcsfuse"),
    *("fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
}
_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def refuse_unsafe(path: str) -> None:
    """Refuse a database's path on a network file system, or whose file or folder others may write to.

    A sticky folder, like /tmp, is good enough: nobody removes another's files there. A group that has the number of
    the owner is his alone, by the custom of most systems.
    """
    folder = os.path.dirname(path)
    try:
        found = os.stat(folder)
        kind = "" if _on_a_disk(found) else filesystem(folder, mounts=_mounts())
    except OSError:
        return  # What cannot be looked at, is refused by whoever opens it.
    if kind in _NETWORK:
        raise errors.OnNetwork(path=path, kind=kind)
    if not found.st_mode & stat.S_ISVTX:
        _refuse_open(folder, found)
    try:
        _refuse_open(path, os.stat(path))
    except OSError:
        return


def refuse_own(path: str, target: str) -> None:
    """Refuse to write to a file that belongs to the database at `path`: itself, its lock, what SQLite keeps beside."""
    own = os.path.realpath(path)
    if os.path.realpath(target) in {f"{own}{end}" for end in ("", "-wal", "-shm", "-journal", ".lock")}:
        raise errors.BadValue(problem=f"{target}: that is a file of the database itself.")


def filesystem(folder: str, *, mounts: str) -> str:
    """Return the type of the file system that a folder stands on, by the kernel's list of mounts (proc(5)).

    The last one listed of the longest paths counts: it was mounted above the others.
    """
    best, kind = "", ""
    inside = os.path.join(os.path.realpath(folder), "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = os.path.join(before.split(" ")[4].encode().decode("unicode_escape"), "")
        if inside.startswith(point) and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _on_a_disk(found: os.stat_result) -> bool:
    """Whether a device stands behind it: those of the network, among others, have the major number 0."""
    return os.major(found.st_dev) != 0


def _mounts() -> str:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def _refuse_open(path: str, found: os.stat_result) -> None:
    others = found.st_mode & _OTHERS
    if found.st_gid == found.st_uid:
        others &= ~stat.S_IWGRP
    if others:
        who = f"{'g' if others & stat.S_IWGRP else ''}{'o' if others & stat.S_IWOTH else ''}"
        raise errors.OpenToOthers(path=path, mode=f"{stat.S_IMODE(found.st_mode):04o}", chmod=f"{who}-w")
