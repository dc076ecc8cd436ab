"""Read PDFs and QR codes as others do, by rules of their own."""

import re
import zlib
from collections.abc import Sequence


def text_of(document: bytes) -> str:
    """Return the texts of a PDF that uses only the fonts of every reader, one a line."""
    found = list[str]()
    for stream in re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        for text in re.findall(rb"\(((?:\\.|[^\\()])*)\) Tj|\[((?:[^\]\\]|\\.)*)\] TJ", content, re.DOTALL):
            pieces = re.findall(rb"\(((?:\\.|[^\\()])*)\)", text[1]) if text[1] else [text[0]]
            found.append(re.sub(rb"\\(.)", rb"\1", b"".join(pieces)).decode("latin-1"))
    return "\n".join(found)


_MASKS = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, j: i % 2 == 0,
    lambda i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: (i * j) % 2 + (i * j) % 3 == 0,
    lambda i, j: ((i * j) % 2 + (i * j) % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + (i * j) % 3) % 2 == 0,
)
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def read_code(rows: Sequence[Sequence[bool]]) -> str:
    """Read a QR code of version 1 in alphanumeric mode (ISO/IEC 18004), with its margin of four."""
    assert not any(any(row) for row in [*rows[:4], *rows[25:]]), "a margin"
    cells = [list(row[4:25]) for row in rows[4:25]]
    size = 21
    mask = sum(cells[8][column] << (4 - column) for column in (2, 3, 4)) ^ 0b101
    reserved = {
        (i, j)
        for i in range(size)
        for j in range(size)
        if (i < 9 and j < 9) or (i < 9 and j >= 13) or (i >= 13 and j < 9) or 6 in (i, j)
    }
    bits = list[int]()
    columns = [20, 18, 16, 14, 12, 10, 8, 5, 3, 1]
    for nth, right in enumerate(columns):
        for i in range(size - 1, -1, -1) if nth % 2 == 0 else range(size):
            for j in (right, right - 1):
                if (i, j) not in reserved:
                    bits.append(cells[i][j] ^ _MASKS[mask](i, j))
    taken = iter(bits)

    def number(length: int) -> int:
        value = 0
        for _ in range(length):
            value = value << 1 | next(taken)
        return value

    assert number(4) == 0b0010, "alphanumeric"
    length = number(9)
    text = ""
    for _ in range(length // 2):
        text += "".join(_LETTERS[each] for each in divmod(number(11), 45))
    return text + (_LETTERS[number(6)] if length % 2 else "")
