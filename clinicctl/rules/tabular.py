"""Sheets: any file of rows, read line by line in bounded memory. What a row means is in `rows`.

A sheet is CSV (RFC 4180, with commas, semicolons or tabs) with a header, or JSON lines, one object a line. Both name
the same columns, by any of their names. The line numbers are the file's; the header of a CSV file is line 1.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

from clinicctl.rules.fingerprints import Digested
from clinicctl.statuses import SheetFormat

LONGEST_LINE = 16_000
LONGEST_RECORD = 200_000
MOST_CHARACTERS = 50_000_000
"""What one file may hold, so that its memory is bounded whatever stands in it."""

_BROKEN = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[\s_\-]+")
_EXCEL = re.compile(r"sep=[,;\t]\s*", re.IGNORECASE)
_ENDINGS = {
    **dict.fromkeys((".jsonl", ".ndjson"), SheetFormat.JSONL),
    **dict.fromkeys((".csv", ".tsv"), SheetFormat.CSV),
}


class Unreadable(Exception):
    """From this line on nothing can be read. Whoever reads the sheet makes a bad line of it."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a sheet may have, in order, each with its other names; and those it must have."""

    names: Mapping[str, Sequence[str]]
    required: Sequence[str]

    @property
    def known(self) -> dict[str, str]:
        """Each column by each of its names, without case, spaces, underscores and hyphens."""
        return {_plainly(other): name for name, others in self.names.items() for other in (name, *others)}


@dataclass(frozen=True, slots=True)
class Sheet(Digested):
    """A file as it was read: its rows, the line from which on it could not be read, and a digest of what they mean.

    `digest_on` stands where a word like `tomorrow` is in it: the digest of what it means on a day.
    """

    rows: Sequence[Any]
    unreadable: Unreadable | None
    digest: str
    digest_on: Callable[[date], str] | None = None

    def said(self, today: date) -> Any:
        return [self.digest_on(today) if self.digest_on else self.digest, None]


def format_of(path: str) -> SheetFormat | None:
    """Return the format that a file's name tells, or None."""
    return next((each for ending, each in _ENDINGS.items() if path.lower().endswith(ending)), None)


def read(
    lines: Iterable[str], columns: Columns, *, format: SheetFormat | None = None
) -> Iterator[tuple[int, Sequence[str] | str]]:
    """Yield the line and the cells of each row, in the order of the columns; of a bad row, what is wrong instead.

    Where no format is given, a first character `{` makes it JSON lines. A blank row is none, and neither is the line
    `sep=;` that Excel puts before the header. Raises `Unreadable` at an empty file, an unknown or repeated column, a
    missing one of those required, broken quotes, and more text than a file may hold.
    """
    source = _Lines(lines)
    first = _first(source).removeprefix("\ufeff")
    if not first.strip() or _EXCEL.fullmatch(first):
        first = _first(source)
    if not first:
        raise Unreadable(1, "the file is empty")
    if format is SheetFormat.JSONL or (format is None and first.lstrip().startswith("{")):
        yield from _json_rows(first, source, columns)
    else:
        yield from _csv_rows(first, source, columns)


def _first(source: "_Lines") -> str:
    """The next line that is not blank; empty at the end."""
    found = next((line for line in source if line.strip() or source.bad), "")
    if source.bad:
        raise Unreadable(source.count, source.bad[source.count])
    return found


class _Lines:
    """Lines with their count. One that cannot be taken comes as a blank one, and stands among the bad."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = iter(lines)
        self.count = 0
        self.record = 0
        self.characters = 0
        self.bad: dict[int, str] = {}

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self.lines)
        self.count += 1
        self.characters += len(line)
        self.record += len(line)
        if len(line) > LONGEST_LINE:
            problem = f"a line of more than {LONGEST_LINE} characters"
            self._to_the_end_of(line)
        elif "\0" in line:
            problem = "a NUL character"
        elif not line.isascii() and _BROKEN.search(line):
            problem = "not UTF-8"
        else:
            if self.characters > MOST_CHARACTERS:
                self._too_much()
            if self.record > LONGEST_RECORD:
                raise Unreadable(self.count, "a quote is left open, or a row is too long")
            return line
        self.bad[self.count] = problem
        if self.characters > MOST_CHARACTERS:
            self._too_much()
        return "\n"

    def _to_the_end_of(self, line: str) -> None:
        """What comes of one overlong line comes in pieces."""
        while line and not line.endswith(("\n", "\r")):
            line = next(self.lines, "")
            self.characters += len(line)
            if self.characters > MOST_CHARACTERS:
                self._too_much()

    def _too_much(self) -> None:
        problem = self.bad.get(self.count) or f"more than {MOST_CHARACTERS // 1_000_000} million characters"
        raise Unreadable(self.count, f"{problem}: split the file")


def _csv_rows(first: str, source: _Lines, columns: Columns) -> Iterator[tuple[int, Sequence[str] | str]]:
    reader = csv.reader(_before(first, source), delimiter=_delimiter(first, columns), strict=True)
    line = max(1, source.count)
    try:
        header = _header(line, next(reader, []), columns)
        width = len(header)
        # What a column that is missing holds is the empty cell put behind the last one.
        picked = itemgetter(*(header.index(name) if name in header else width for name in columns.names))
        while True:
            source.record = 0
            line = source.count + 1
            cells = next(reader, None)
            if cells is None:
                return
            if source.bad and (wrong := _bad_within(source, line)):
                yield line, wrong
            elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
                yield line, "more cells than the header has"
            elif cells and (cells[0] or "".join(cells).strip()):
                if len(cells) != width:
                    cells = [*cells, *[""] * (width - len(cells))][:width]
                cells.append("")
                yield line, picked(cells)
    except csv.Error as error:
        open_quote = "unexpected end" in str(error) or "field limit" in str(error)
        raise Unreadable(line, "a quote is left open" if open_quote else "not CSV") from None


def _before(first: str, source: _Lines) -> Iterator[str]:
    yield first
    yield from source


def _bad_within(source: _Lines, line: int) -> str | None:
    """What is wrong with one of the lines from `line` to the one just read."""
    return next((problem for at, problem in source.bad.items() if line <= at <= source.count), None)


def _delimiter(first: str, columns: Columns) -> str:
    """Return the delimiter by which most of the header's cells are names of columns."""

    def names(delimiter: str) -> int:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(_plainly(cell) in columns.known for cell in cells)

    return max(",;\t", key=names)


def _header(line: int, cells: Sequence[str], columns: Columns) -> list[str]:
    said = [_plainly(cell) for cell in cells]
    while said and not said[-1]:
        said.pop()
    known = columns.known
    header = [known.get(each, "") for each in said]
    if missing := [each for each in columns.required if each not in header]:
        raise Unreadable(line, f"the header has no column {', '.join(missing)}")
    if unknown := header.count(""):
        raise Unreadable(line, f"the header has {unknown} unknown columns; known are {', '.join(columns.names)}")
    if len(set(header)) < len(header):
        raise Unreadable(line, "the header names a column twice")
    return header


def _json_rows(first: str, source: _Lines, columns: Columns) -> Iterator[tuple[int, Sequence[str] | str]]:
    known = dict(columns.known)
    names = list(columns.names)
    for line in _before(first, source):
        source.record = 0
        if source.count in source.bad:
            yield source.count, source.bad[source.count]
        elif line.strip():
            try:
                said = json.loads(line, object_pairs_hook=_Pairs)
            except (ValueError, RecursionError):
                yield source.count, "not JSON"
            else:
                yield source.count, _json_cells(said, names, known)


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a name said twice shows."""


def _json_cells(said: Any, names: Sequence[str], known: dict[str, str]) -> Sequence[str] | str:
    if not isinstance(said, _Pairs):
        return "not a JSON object"
    cells: dict[str, str] = {}
    for key, value in said:
        name = known.get(key)
        if name is None:
            name = known.get(_plainly(key))
            if name is None:
                return f"an unknown name; known are {', '.join(names)}"
        if name in cells:
            return f"{name} is named twice"
        if value is None:
            cells[name] = ""
        elif isinstance(value, str):
            cells[name] = value
        elif isinstance(value, bool):
            cells[name] = "true" if value else "false"
        elif isinstance(value, int):
            cells[name] = str(value)
        else:
            return f"{name} is neither text nor a whole number, true, false or null"
    return [cells.get(name, "") for name in names]


def _plainly(name: str) -> str:
    return _SPACES.sub("", name.casefold())
