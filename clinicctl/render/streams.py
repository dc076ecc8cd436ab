"""Write to stdout and stderr, in UTF-8 whatever the locale."""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from typing import IO, BinaryIO

from clinicctl import errors, interrupts

AT_ONCE = 1 << 16
"""The characters that are written together. A signal is noticed between two writes."""


def write(pieces: Iterable[str]) -> None:
    """Write texts on stdout, the small ones together.

    Refuses with `NotPrinted` if that fails.
    """
    for nth, content in enumerate(_together(pieces)):
        if nth:
            interrupts.check()
        _write(sys.stdout, content)


def _together(pieces: Iterable[str]) -> Iterator[str]:
    """Yield texts joined to about AT_ONCE characters."""
    joined, size = list[str](), 0
    for piece in pieces:
        joined.append(piece)
        size += len(piece)
        if size >= AT_ONCE:
            yield "".join(joined)
            joined, size = [], 0
    if joined:
        yield "".join(joined)


def copy(file: BinaryIO) -> None:
    """Write a file on stdout, from its beginning.

    Refuses with `NotPrinted` if that fails.
    """
    file.seek(0)
    while content := file.read(AT_ONCE):
        interrupts.check()
        _write(sys.stdout, content)


def write_bytes(content: bytes) -> None:
    """Write bytes on stdout.

    Refuses with `NotPrinted` if that fails, and on a terminal.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        raise errors.NotPrinted(reason="a terminal cannot show it; redirect the output to a file")
    _write(sys.stdout, content)


def _write(stream: IO[str] | None, content: str | bytes) -> None:
    if stream is None:
        if content:
            raise errors.NotPrinted(reason="stdout is closed")
        return
    try:
        with interrupts.Waiting(first=True):
            if hasattr(stream, "buffer"):
                stream.flush()
                data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
                _write_all(stream.buffer, data)
                stream.buffer.flush()
            elif isinstance(content, bytes):
                raise errors.NotPrinted(reason="stdout takes no bytes")
            else:
                stream.write(content)
            stream.flush()
    except (OSError, ValueError) as error:
        # The interpreter must not try to write the rest again when it closes the stream.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open for the rest of the process
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "stdout is closed"
        kind = errors.ReaderGone if isinstance(error, BrokenPipeError) else errors.NotPrinted
        raise kind(reason=reason) from None


def _write_all(stream: BinaryIO, data: bytes) -> None:
    """Write every byte.

    Without buffering (PYTHONUNBUFFERED), one write may take only some of them.
    """
    rest = memoryview(data)
    while rest:
        written = stream.write(rest)
        if not written:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        rest = rest[written:]


def write_error(content: str) -> bool:
    """Print on stderr, and return whether that worked.

    Otherwise the exit status is the only answer.
    """
    try:
        if sys.stderr is not None:
            sys.stderr.write(content)
            sys.stderr.flush()
            return True
    except (OSError, ValueError):
        pass
    return False


def secret(question: str) -> str:
    """Ask at the terminal without showing what is typed.

    The answer is empty at the end of the input.
    """
    from getpass import getpass  # Deferred: only a PIN is typed so.

    from clinicctl.render.safe_text import visible

    with interrupts.Waiting():
        try:
            return getpass(f"{visible(question)} ").strip()
        except EOFError:
            return ""
