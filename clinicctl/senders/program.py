"""Give messages to a program of the clinic's own, one run for each. No shell is used."""

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from tempfile import TemporaryFile

from clinicctl.senders import Answer, Message, Refused, Retry, Sent, Unavailable, clean_ref

PERMANENT = frozenset({65, 67})
"""EX_DATAERR and EX_NOUSER of sysexits.h: the message or its address is not accepted."""
UNUSABLE = frozenset({69, 77, 78, 126, 127})
"""EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG, and the statuses of a shell that cannot run a program."""
_FIRST_LINE = 4_096


class Program:
    """A program that gets each message on its standard input, as JSON.

    Its exit status decides, and the first line of its output is the message's ref.
    """

    def __init__(self, command: str, *, timeout: float) -> None:
        self._words = shlex.split(command)
        self._timeout = timeout

    def send(self, message: Message) -> Answer:
        with TemporaryFile() as output:
            try:
                process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                    self._words,
                    stdin=subprocess.PIPE,
                    stdout=output,
                    # What it prints may have names: nobody asked for them.
                    stderr=subprocess.DEVNULL,
                    # A Ctrl-C at the terminal is for the run, which waits for the message in hand.
                    start_new_session=True,
                )
            except OSError as error:
                return Unavailable(f"the program cannot be started: {error.strerror or 'unknown'}")
            try:
                process.communicate(message.document, timeout=self._timeout)
            except subprocess.TimeoutExpired:
                return Retry(f"no answer within {self._timeout:g} s; the program was stopped")
            finally:
                _end(process)
            output.seek(0)
            line = output.read(_FIRST_LINE).partition(b"\n")[0]
        return _answer(process.returncode, line, message)

    def close(self) -> None:
        """Do nothing: each message has a process of its own."""


def _answer(status: int, line: bytes, message: Message) -> Answer:
    if status == 0:
        return Sent(clean_ref(line.decode("utf-8", "replace"), message))
    reason = f"exit status {status}" if status > 0 else f"the program was ended by signal {-status}"
    if status in PERMANENT:
        return Refused(reason)
    return Unavailable(reason) if status in UNUSABLE else Retry(reason)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a program that still runs, and what it has started."""
    if process.poll() is None:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
