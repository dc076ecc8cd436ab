"""Write exported rows as CSV (RFC 4180) and as JSON lines."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, BinaryIO, TextIO

from clinicctl.render import machine
from clinicctl.render.safe_text import visible
from clinicctl.results.base import plain
from clinicctl.results.exports import CellType, Column

Rows = Iterable[tuple[Any, ...]]


def write_csv(columns: Sequence[Column], rows: Rows, file: BinaryIO, *, excel_safe: bool) -> None:
    """Write a header line and the rows.

    `excel_safe` puts an apostrophe before a cell that a spreadsheet would run.
    """
    texts = [_cell_of(each.type) for each in columns]
    if excel_safe:
        texts = [_safe(text) for text in texts]
    with _as_text(file) as lines:
        writer = csv.writer(lines)
        writer.writerow([each.name for each in columns])
        writer.writerows([text(value) for text, value in zip(texts, row, strict=True)] for row in rows)


def write_jsonl(columns: Sequence[Column], rows: Rows, file: BinaryIO) -> None:
    """Write each row as an object on one line.

    A name with a dot is a field of an object within it."""
    places = [each.name.partition(".") for each in columns]
    with _as_text(file) as lines:
        for row in rows:
            found: dict[str, Any] = {}
            for (name, dot, inner), value in zip(places, row, strict=True):
                if dot:
                    found.setdefault(name, {})[inner] = plain(value)
                else:
                    found[name] = plain(value)
            lines.write(machine.dumps(found) + "\n")


@contextmanager
def _as_text(file: BinaryIO) -> Iterator[TextIO]:
    text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    try:
        yield text
        text.flush()
    finally:
        # The file is the caller's, and stays open.
        text.detach()


def _text(value: str | None) -> str:
    return "" if value is None else visible(value)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _boolean(value: bool | None) -> str:
    return "" if value is None else ("true" if value else "false")


def _moment(value: Any) -> str:
    return "" if value is None else str(plain(value))


def _texts(value: Sequence[str]) -> str:
    return " ".join(map(visible, value))


def _cell_of(type_: CellType) -> Callable[[Any], str]:
    known: dict[CellType, Callable[[Any], str]] = {
        CellType.TEXT: _text,
        CellType.NUMBER: _number,
        CellType.BOOLEAN: _boolean,
        CellType.TEXTS: _texts,
    }
    return known.get(type_, _moment)


def _safe(text: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: machine.neutralised(text(value))
