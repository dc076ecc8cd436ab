"""Hand a document to the command that prints. No shell is used, and nothing is asked of the database meanwhile."""

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from tempfile import TemporaryFile

from clinicctl import errors, interrupts
from clinicctl.render.safe_text import visible

COMMAND = "lp"
"""The command of CUPS, which takes a document from its standard input."""
PATIENCE = 30.0
"""Seconds within which the command has to end."""
_SHOWN = 200
"""The most characters of its message that are repeated."""


def send(document: bytes, *, command: str, kind: str) -> str:
    """Print a document, and return the program that has taken it.

    Refuses if the program cannot be started, fails, or does not end in time. It is ended then.
    """
    words = [each.replace("{kind}", kind) for each in shlex.split(command or COMMAND)]
    with TemporaryFile() as messages:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=messages, start_new_session=True
            )
        except OSError as error:
            raise errors.NotSent(command=words[0], reason=error.strerror or "cannot be started") from None
        try:
            with interrupts.Waiting():
                process.communicate(document, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise errors.NotSent(command=words[0], reason=f"no answer within {PATIENCE:g} s; it was stopped") from None
        finally:
            _end(process)
        if process.returncode:
            messages.seek(0)
            raise errors.NotSent(command=words[0], reason=_reason(process.returncode, messages.read(4096)))
    return words[0]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program that still runs, and what it has started."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _reason(status: int, message: bytes) -> str:
    lines = [each.strip() for each in message.decode("utf-8", "replace").splitlines() if each.strip()]
    how = f"exit status {status}" if status > 0 else f"signal {-status}"
    return f"{how}: {visible(lines[0])[:_SHOWN].rstrip('.')}" if lines else how
