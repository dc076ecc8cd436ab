"""Read CSV and JSON Lines files line by line in bounded memory.

`import_rows` interprets the rows. CSV (RFC 4180, with commas, semicolons or tabs) has a header; JSON Lines has one
object per line. Columns can have several names. Line numbers are those of the file; the header of a CSV file is line 1.
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
"""The most characters of a file, which bounds the memory."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[\s_\-]+")
_EXCEL = re.compile(r"sep=[,;\t]\s*", re.IGNORECASE)
_ENDINGS = {
    **dict.fromkeys((".jsonl", ".ndjson"), SheetFormat.JSONL),
    **dict.fromkeys((".csv", ".tsv"), SheetFormat.CSV),
}


class Unreadable(Exception):
    """The file cannot be read from this line on. Callers report it as a bad line."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(problem)
        self.line, self.problem = line, problem


@dataclass(frozen=True, slots=True)
class Columns:
    """The accepted columns in order, with their other names, and required ones."""

    names: Mapping[str, Sequence[str]]
    required: Sequence[str]

    @property
    def known(self) -> dict[str, str]:
        """Return each column by each of its normalized names."""
        return {_normalized(other): name for name, others in self.names.items() for other in (name, *others)}


@dataclass(frozen=True, slots=True)
class Sheet(Digested):
    """A parsed file: its rows, where reading stopped, and a digest of the rows.

    `digest_on` returns the digest on a given day in the clinic's date order, for files with words such as
    `tomorrow` and dates such as `27/11/2026`.
    """

    rows: Sequence[Any]
    unreadable: Unreadable | None
    digest: str
    digest_on: Callable[[date, str], str] | None = None

    def digest_value(self, today: date, order: str) -> Any:
        return [self.digest_on(today, order) if self.digest_on else self.digest, None]


def format_of(path: str) -> SheetFormat | None:
    """Return the format for a file name's extension, or None."""
    return next((each for ending, each in _ENDINGS.items() if path.lower().endswith(ending)), None)


def read(
    lines: Iterable[str], columns: Columns, *, format: SheetFormat | None = None
) -> Iterator[tuple[int, Sequence[str] | str]]:
    """Yield each row's line number with its cells, or with the problem of the row.

    The cells are in the order of the columns. Without a format, a file that begins with `{` is JSON Lines. Blank rows,
    and the line `sep=;` that Excel writes before the header, are skipped. Raises `Unreadable` for an empty file, an
    unknown, repeated or missing column, an open quote, and a file that is too large.
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
    """Return the next line that is not blank, or an empty text at the end."""
    found = next((line for line in source if line.strip() or source.bad), "")
    if source.bad:
        raise Unreadable(source.count, source.bad[source.count])
    return found


class _Lines:
    """A counter of lines.

    It replaces a bad line by a blank one and records its problem.
    """

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
            self._skip_rest(line)
        elif "\0" in line:
            problem = "a NUL character"
        elif not line.isascii() and _SURROGATES.search(line):
            problem = "not UTF-8"
        else:
            if self.characters > MOST_CHARACTERS:
                self._refuse_too_large()
            if self.record > LONGEST_RECORD:
                raise Unreadable(self.count, "a quote is left open, or a row is too long")
            return line
        self.bad[self.count] = problem
        if self.characters > MOST_CHARACTERS:
            self._refuse_too_large()
        return "\n"

    def _skip_rest(self, line: str) -> None:
        """Skip the rest of an overlong line, which comes in pieces."""
        while line and not line.endswith(("\n", "\r")):
            line = next(self.lines, "")
            self.characters += len(line)
            if self.characters > MOST_CHARACTERS:
                self._refuse_too_large()

    def _refuse_too_large(self) -> None:
        problem = self.bad.get(self.count) or f"more than {MOST_CHARACTERS // 1_000_000} million characters"
        raise Unreadable(self.count, f"{problem}: split the file")


def _csv_rows(first: str, source: _Lines, columns: Columns) -> Iterator[tuple[int, Sequence[str] | str]]:
    reader = csv.reader(_with_first(first, source), delimiter=_delimiter(first, columns), strict=True)
    line = max(1, source.count)
    try:
        header = _header(line, next(reader, []), columns)
        width = len(header)
        # A missing column refers to the empty cell that is appended to each row.
        picked = itemgetter(*(header.index(name) if name in header else width for name in columns.names))
        while True:
            source.record = 0
            line = source.count + 1
            cells = next(reader, None)
            if cells is None:
                return
            if source.bad and (wrong := _problem_since(source, line)):
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


def _with_first(first: str, source: _Lines) -> Iterator[str]:
    yield first
    yield from source


def _problem_since(source: _Lines, line: int) -> str | None:
    """Return the problem of a line between `line` and the last one read, if any."""
    return next((problem for at, problem in source.bad.items() if line <= at <= source.count), None)


def _delimiter(first: str, columns: Columns) -> str:
    """Return the delimiter that gives the most known column names in the header."""

    def names(delimiter: str) -> int:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(_normalized(cell) in columns.known for cell in cells)

    return max(",;\t", key=names)


def _header(line: int, cells: Sequence[str], columns: Columns) -> list[str]:
    headings = [_normalized(cell) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    known = columns.known
    header = [known.get(each, "") for each in headings]
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
    for line in _with_first(first, source):
        source.record = 0
        if source.count in source.bad:
            yield source.count, source.bad[source.count]
        elif line.strip():
            try:
                pairs = json.loads(line, object_pairs_hook=_Pairs)
            except (ValueError, RecursionError):
                yield source.count, "not JSON"
            else:
                yield source.count, _json_cells(pairs, names, known)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs, so that repeated names are found."""


def _json_cells(pairs: Any, names: Sequence[str], known: dict[str, str]) -> Sequence[str] | str:
    if not isinstance(pairs, _Pairs):
        return "not a JSON object"
    cells: dict[str, str] = {}
    for key, value in pairs:
        name = known.get(key)
        if name is None:
            name = known.get(_normalized(key))
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


def _normalized(name: str) -> str:
    return _SPACES.sub("", name.casefold())
