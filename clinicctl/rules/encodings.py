"""Recognise what a file contains: a workbook, or text in UTF-8, UTF-16 or Windows-1252.

A file with any valid multi-byte sequence of UTF-8 is UTF-8, and its other bytes are errors. A file with bytes above 127
but no such sequence is Windows-1252, which Excel writes on most machines.
"""

import codecs
import re
from collections.abc import Iterator
from io import BytesIO, TextIOWrapper
from typing import NamedTuple

from clinicctl.statuses import Encoding

_ZIP = b"PK\x03\x04"
_BOMS = (
    (codecs.BOM_UTF8, Encoding.UTF_8),
    (codecs.BOM_UTF16_LE, Encoding.UTF_16),
    (codecs.BOM_UTF16_BE, Encoding.UTF_16),
)
_SAMPLE = 4_096
_CODECS = {Encoding.UTF_8: "utf-8-sig"}
_ESCAPED = re.compile("[\udc80-\udcff]")


class Decoded(NamedTuple):
    """The encoding of a text, and whether it was assumed rather than certain."""

    encoding: Encoding
    codec: str
    assumed: bool = False


def is_workbook(content: bytes) -> bool:
    """Return whether a content is a ZIP archive, as every XLSX file is."""
    return content.startswith(_ZIP)


def recognise(content: bytes) -> Decoded:
    """Return the encoding of a text."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return decoded(encoding)
    if (codec := _utf_16_without_mark(content)) is not None:
        return Decoded(Encoding.UTF_16, codec, assumed=True)
    if content.isascii() or _has_utf_8(content):
        return decoded(Encoding.UTF_8)
    return decoded(Encoding.WINDOWS_1252)._replace(assumed=True)


def decoded(encoding: Encoding) -> Decoded:
    """Return a chosen encoding with its codec."""
    return Decoded(encoding, _CODECS.get(encoding, encoding.value))


def lines(content: bytes, found: Decoded, *, longest: int) -> Iterator[str]:
    """Yield the lines of a text.

    Bytes that are invalid in the encoding remain visible.
    """
    # UTF-16 cannot escape invalid bytes; a name with a replacement character is refused.
    handling = "replace" if found.encoding is Encoding.UTF_16 else "surrogateescape"
    with TextIOWrapper(BytesIO(content), encoding=found.codec, errors=handling, newline="") as text:
        yield from iter(lambda: text.readline(longest), "")


def _utf_16_without_mark(content: bytes) -> str | None:
    """Return the codec of UTF-16 without a byte order mark, or None.

    Every second byte of the first characters of a table is zero.
    """
    sample = content[:_SAMPLE]
    even, odd = sample[::2], sample[1::2]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    if odd.count(0) > len(odd) // 2 and even.count(0) == 0:
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > len(even) // 2 and odd.count(0) == 0 else None


def _has_utf_8(content: bytes) -> bool:
    """Return whether a content has a valid multi-byte sequence of UTF-8."""
    text = content.decode("utf-8", "surrogateescape")
    return not _ESCAPED.sub("", text).isascii()
