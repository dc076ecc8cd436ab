"""Read CSV and JSON Lines files line by line in bounded memory, and the rows of workbooks.

`import_rows` interprets the rows. CSV (RFC 4180, with commas, semicolons or tabs) and workbooks have a header; JSON
Lines has one object per line. Columns can have several names. Line numbers are those of the file; the header of a CSV
file is line 1.
"""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import itemgetter
from typing import Any

from clinicctl.errors import BadValue
from clinicctl.rules.fingerprints import Digested
from clinicctl.statuses import SheetFormat

LONGEST_LINE = 16_000
LONGEST_RECORD = 200_000
MOST_CHARACTERS = 50_000_000
"""The most characters of a file, which bounds the memory."""

_NAMED, _LONGEST_NAME = 5, 30
"""How many unknown columns a refusal names, and the most characters of each name."""

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
    """The accepted columns in order, with their other names, and required ones.

    `written` are columns that the program writes in its lists and does not read back. `lists` may be lists in JSON.
    """

    names: Mapping[str, Sequence[str]]
    required: Sequence[str]
    written: Sequence[str] = ()
    lists: Sequence[str] = ()

    def known(self, reading: "Reading") -> dict[str, str]:
        """Return each column by each of its normalized names.

        It is an empty text for a column to pass over.
        """
        found = dict.fromkeys(map(_normalized, self.written), "")
        found |= {_normalized(other): name for name, others in self.names.items() for other in (name, *others)}
        return {**found, **reading.renamed}


@dataclass(frozen=True, slots=True)
class Reading:
    """How the user wants a file to be read.

    `renamed` has columns by the normalized headers of the file, and `ignore` passes over unknown columns.
    """

    renamed: Mapping[str, str] = field(default_factory=dict)
    ignore: bool = False


PLAIN = Reading()


@dataclass(frozen=True, slots=True)
class Cells:
    """The rows of a workbook: the number of each row, with its cells or a problem."""

    rows: Iterable[tuple[int, Sequence[str] | str]]


def parse_columns(text: str) -> dict[str, str]:
    """Return columns by the headers of a file, from `Arzt=doctor,Datum=date`.

    Refuses anything else. An empty text is an empty mapping.
    """
    found: dict[str, str] = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        header, equals, name = pair.rpartition("=")
        if not equals or not header.strip() or not name.strip():
            raise BadValue(problem="--columns: write HEADER=COLUMN, with commas between several.")
        found[_normalized(header)] = _normalized(name)
    return found


def refuse_unknown(renamed: Mapping[str, str], columns: Columns) -> None:
    """Refuse a mapping to a column that the import does not have."""
    for name in renamed.values():
        if name not in map(_normalized, columns.names):
            raise BadValue(problem=f"--columns: no such column. The columns are {', '.join(columns.names)}.")


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
    lines: Iterable[str] | Cells, columns: Columns, *, format: SheetFormat | None = None, reading: Reading = PLAIN
) -> Iterator[tuple[int, Sequence[str] | str]]:
    """Yield each row's line number with its cells, or with the problem of the row.

    The cells are in the order of the columns. Without a format, a file that begins with `{` is JSON Lines. Blank rows,
    and the line `sep=;` that Excel writes before the header, are skipped. Raises `Unreadable` for an empty file, an
    unknown, repeated or missing column, an open quote, and a file that is too large.
    """
    if isinstance(lines, Cells):
        yield from _workbook_rows(lines.rows, columns, reading)
        return
    source = _Lines(lines)
    first = _first(source).removeprefix("\ufeff")
    if not first.strip() or _EXCEL.fullmatch(first):
        first = _first(source)
    if not first:
        raise Unreadable(1, "the file is empty")
    if format is SheetFormat.JSONL or (format is None and first.lstrip().startswith("{")):
        yield from _json_rows(first, source, columns, reading)
    else:
        yield from _csv_rows(first, source, columns, reading)


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
            problem = "not UTF-8, or not in the chosen encoding"
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


def _csv_rows(
    first: str, source: _Lines, columns: Columns, reading: Reading
) -> Iterator[tuple[int, Sequence[str] | str]]:
    known = columns.known(reading)
    reader = csv.reader(_with_first(first, source), delimiter=_delimiter(first, known), strict=True)
    line = max(1, source.count)
    try:
        header = _header(line, next(reader, []), columns, known, ignore=reading.ignore)
        width = len(header)
        picked = _picked(header, columns)
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
                yield line, picked(_filled(cells, width))
    except csv.Error as error:
        open_quote = "unexpected end" in str(error) or "field limit" in str(error)
        raise Unreadable(line, "a quote is left open" if open_quote else "not CSV") from None


def _workbook_rows(
    found: Iterable[tuple[int, Sequence[str] | str]], columns: Columns, reading: Reading
) -> Iterator[tuple[int, Sequence[str] | str]]:
    rows = iter(found)
    line, first = next(rows, (1, ""))
    if not first:
        raise Unreadable(1, "the sheet is empty")
    if isinstance(first, str):
        raise Unreadable(line, first)
    header = _header(line, first, columns, columns.known(reading), ignore=reading.ignore)
    width, picked = len(header), _picked(header, columns)
    for line, cells in rows:
        if isinstance(cells, str):
            yield line, cells
        elif any(each.strip() for each in cells[width:]):
            yield line, "more cells than the header has"
        elif any(each.strip() for each in cells):
            yield line, picked(_filled(list(cells), width))


def _picked(header: Sequence[str], columns: Columns) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return the function that picks the cells of the columns, in their order.

    A missing column refers to the empty cell that is appended to each row.
    """
    width = len(header)
    return itemgetter(*(header.index(name) if name in header else width for name in columns.names))


def _filled(cells: list[str], width: int) -> list[str]:
    """Return a row with as many cells as the header has, and an empty one."""
    if len(cells) != width:
        cells = [*cells, *[""] * (width - len(cells))][:width]
    cells.append("")
    return cells


def _with_first(first: str, source: _Lines) -> Iterator[str]:
    yield first
    yield from source


def _problem_since(source: _Lines, line: int) -> str | None:
    """Return the problem of a line between `line` and the last one read, if any."""
    return next((problem for at, problem in source.bad.items() if line <= at <= source.count), None)


def _delimiter(first: str, known: Mapping[str, str]) -> str:
    """Return the delimiter that gives the most known column names in the header."""

    def names(delimiter: str) -> int:
        cells = next(csv.reader([first], delimiter=delimiter), [])
        return sum(_normalized(cell) in known for cell in cells)

    return max(",;\t", key=names)


def _header(line: int, cells: Sequence[str], columns: Columns, known: Mapping[str, str], *, ignore: bool) -> list[str]:
    headings = [_normalized(cell) for cell in cells]
    while headings and not headings[-1]:
        headings.pop()
    header = [known.get(each, "") for each in headings]
    if not any(header):
        raise Unreadable(line, "the first line has no name of a column: a header is needed (clinicctl writes --header)")
    if missing := [each for each in columns.required if each not in header]:
        raise Unreadable(line, f"the header has no column {', '.join(missing)}")
    unknown = [cell for cell, name in zip(cells, headings, strict=False) if name not in known]
    if unknown and not ignore:
        raise Unreadable(line, _unknown(unknown, columns))
    named = [each for each in header if each]
    if len(set(named)) < len(named):
        raise Unreadable(line, "the header names a column twice")
    return header


def _unknown(names: Sequence[str], columns: Columns) -> str:
    """Return the problem of unknown columns, with the first of their names."""
    shown = ", ".join(f'"{each.strip()[:_LONGEST_NAME]}"' for each in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    noun = "column" if len(names) == 1 else "columns"
    accepted = ", ".join(columns.names)
    return f"unknown {noun} {shown}{more}; known are {accepted}. Map them with --columns, or use --ignore-columns"


def _json_rows(
    first: str, source: _Lines, columns: Columns, reading: Reading
) -> Iterator[tuple[int, Sequence[str] | str]]:
    known = columns.known(reading)
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
                yield source.count, _json_cells(pairs, columns, known, ignore=reading.ignore)


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs, so that repeated names are found."""


def _json_cells(pairs: Any, columns: Columns, known: Mapping[str, str], *, ignore: bool) -> Sequence[str] | str:
    if not isinstance(pairs, _Pairs):
        return "not a JSON object"
    cells: dict[str, str] = {}
    for key, value in pairs:
        name = known.get(key)
        if name is None:
            name = known.get(_normalized(key))
        if name is None and not ignore:
            return _unknown([key], columns)
        if not name:
            continue
        if name in cells:
            return f"{name} is named twice"
        cell = _json_cell(value, lists=name in columns.lists)
        if cell is None:
            return f"{name} is neither text nor a whole number, true, false or null"
        cells[name] = cell
    return [cells.get(name, "") for name in columns.names]


def _json_cell(value: Any, *, lists: bool) -> str | None:
    """Return a JSON value as the text of a cell; None for an object or a nested list."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    if lists and type(value) is list and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    return None


def _normalized(name: str) -> str:
    return _SPACES.sub("", name.casefold())
