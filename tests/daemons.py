"""Programs that run beside the tests, PostgreSQL for one, and end with them, however these end.

They refuse root. Where the tests run as root, they run as `nobody`.
"""

import os
import pwd
import secrets
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

PATIENCE = 60.0
"""Seconds within which a program starts or ends; the machines are shared."""

_ENDS_WITH_US = """
exec 3<&0
(
  (
    read -r done <&3 && exit
    kill -QUIT $$
    kill -CONT $$
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ || break; sleep 0.2; done
    rm -rf -- "$0"
  ) 2> /dev/null &
)
exec "$@" 3<&- < /dev/null
"""
"""Become a program, and end it and remove its folder when the standard input ends, unless a line came before that.

The watcher is nobody's child: the postmaster takes no notice of it.
"""


class Failed(Exception):
    """A program that the tests need has not done what it is for."""


def unprivileged() -> dict[str, Any]:
    """Return how `subprocess` becomes another user, if the tests run as root: these programs refuse root."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def own_folder(name: str) -> Path:
    """Make a temporary folder that belongs to that user; its path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix=f"clinicctl-{name}-"))
    if who := unprivileged():
        os.chown(folder, who["user"], who["group"])
    folder.chmod(0o755)
    return folder


def launch(
    folder: Path, *command: str, lifeline: int | None = None, env: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program that ends when this process does, or when the last writer of a lifeline has closed it."""
    with open(folder / "log", "ab") as log:
        return subprocess.Popen(
            ["sh", "-c", _ENDS_WITH_US, str(folder), *command],
            stdin=subprocess.PIPE if lifeline is None else lifeline,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={"PATH": os.defpath, "LC_ALL": "C", **(env or {})},
            start_new_session=True,  # Ctrl-C is for the tests, which end it
            **unprivileged(),
        )


def end(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    """End a program that was launched, and let its watcher go."""
    process.send_signal(by)
    process.wait(PATIENCE)
    if process.stdin:  # or somebody else holds its lifeline
        process.stdin.write(b"done\n")
        process.stdin.close()


def free_port() -> int:
    """Return a free TCP port of the loopback, below those that outgoing connections take.

    A server that is started again has to find its port free.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
