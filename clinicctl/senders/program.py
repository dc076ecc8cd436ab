"""Give messages to a program of the clinic's own, one run for each. No shell is used."""

import os
import selectors
import shlex
import signal
import subprocess
from contextlib import suppress
from typing import IO

from clinicctl import clock
from clinicctl.senders import Answer, Message, Refused, Retry, Sent, Unavailable, clean_ref

PERMANENT = frozenset({65, 67})
"""EX_DATAERR and EX_NOUSER of sysexits.h: the message or its address is not accepted."""
UNUSABLE = frozenset({69, 77, 78, 126, 127})
"""EX_UNAVAILABLE, EX_NOPERM, EX_CONFIG, and the statuses of a shell that cannot run a program."""
_FIRST_LINE = 4_096
_AT_ONCE = 65_536
_LOOK = 0.05
"""Seconds between looks whether a program has ended, whose output others hold open."""


class Program:
    """A program that gets each message on its standard input, as JSON.

    Its exit status decides, and the first line of its output is the message's ref.
    """

    def __init__(self, command: str, *, timeout: float) -> None:
        self._words = shlex.split(command)
        self._timeout = timeout

    def send(self, message: Message) -> Answer:
        try:
            process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                self._words,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # It may write names, which must not reach a log.
                stderr=subprocess.DEVNULL,
                # A Ctrl-C at the terminal is for the run, which waits for the message in hand.
                start_new_session=True,
            )
        except OSError as error:
            return Unavailable(f"the program cannot be started: {error.strerror or 'unknown'}")
        assert process.stdin is not None, "no input"
        assert process.stdout is not None, "no output"
        with process.stdin, process.stdout:
            try:
                line = _talk(process, process.stdin, process.stdout, message.document, self._timeout)
            except subprocess.TimeoutExpired:
                return Retry(f"no answer within {self._timeout:g} s; the program was stopped")
            finally:
                _end(process)
        return _answer(process.returncode, line, message)

    def close(self) -> None:
        """Do nothing: each message has a process of its own."""


def _talk(
    process: "subprocess.Popen[bytes]", given: IO[bytes], printed: IO[bytes], document: bytes, timeout: float
) -> bytes:
    """Give a program its input, and return its first line when it has ended.

    The rest of its output is read and dropped. Processes that it has started may continue, and hold its output open.
    """
    found, left, end = bytearray(), memoryview(document), clock.ticks() + timeout
    for each in (given, printed):
        os.set_blocking(each.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(printed, selectors.EVENT_READ)
        ready.register(given, selectors.EVENT_WRITE)
        while process.poll() is None:
            if (remaining := end - clock.ticks()) <= 0:
                raise subprocess.TimeoutExpired(process.args, timeout)
            if not ready.get_map():
                process.wait(remaining)
                break
            for key, _ in ready.select(min(_LOOK, remaining)):
                if key.fileobj is given:
                    left = _write(key.fd, left)
                    is_over = not left
                else:
                    is_over = not _read(key.fd, found)
                if is_over:
                    ready.unregister(key.fileobj)
                    if key.fileobj is given:
                        given.close()  # A program may read to the end of its input.
    with suppress(BlockingIOError):
        while len(found) < _FIRST_LINE and _read(printed.fileno(), found):
            pass
    return bytes(found).partition(b"\n")[0]


def _write(to: int, left: memoryview) -> memoryview:
    """Write some bytes; return those that are left.

    A program need not read its input.
    """
    try:
        return left[os.write(to, left) :]
    except BrokenPipeError:
        return left[:0]


def _read(of: int, found: bytearray) -> bool:
    """Read some bytes, and keep the first ones.

    Return whether there may be more.
    """
    chunk = os.read(of, _AT_ONCE)
    found += chunk[: _FIRST_LINE - len(found)]
    return bool(chunk)


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
