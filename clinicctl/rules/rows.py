"""Rows of a file of doctors' days: what each line says, or why it says nothing. The line numbers are the file's."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from clinicctl.errors import BadValue
from clinicctl.rules import slots, text
from clinicctl.rules.references import doctor_code

COLUMNS = ("doctor", "date", "present", "capacity", "note")
REQUIRED = ("doctor", "date")
LONGEST_LINE = 10_000
MOST_ROWS = 1_000_000

_BROKEN = re.compile("[\ud800-\udfff]")
_PRESENT = {
    **dict.fromkeys(("yes", "y", "true", "1", "present"), True),
    **dict.fromkeys(("no", "n", "false", "0", "absent"), False),
}


@dataclass(frozen=True, slots=True)
class DayRow:
    """One line: a doctor's day. None leaves what stands. `problem` says why the line cannot be taken."""

    line: int
    doctor: str | None
    date: str | None
    present: bool | None = None
    capacity: int | None = None
    note: str | None = None
    problem: str | None = None


def read_days(lines: Iterable[str]) -> list[DayRow]:
    """Return the rows of a CSV file with a header (RFC 4180), each bad one with its problem.

    The last is bad at an unknown or repeated column, a missing one of those required, a quote left open, or after a
    million rows.
    """
    found = list[DayRow]()
    reader = csv.reader(_bounded(lines), strict=True)
    line = 1
    try:
        header = [cell.strip().lower().removeprefix("\ufeff") for cell in next(reader, [])]
        _check_header(header)
        while True:
            line = reader.line_num + 1
            cells = next(reader, None)
            if cells is None:
                return found
            if any(cell.strip() for cell in cells):
                found.append(_row(line, header, cells))
            if len(found) > MOST_ROWS:
                raise BadValue(problem=f"more than {MOST_ROWS} rows")
    except csv.Error as error:
        problem = "a quote is left open" if "unexpected end" in str(error) else "not CSV"
        return [*found, DayRow(line, None, None, problem=problem)]
    except BadValue as refused:
        return [*found, DayRow(line, None, None, problem=str(refused))]


def _check_header(header: list[str]) -> None:
    if missing := [each for each in REQUIRED if each not in header]:
        raise BadValue(problem=f"the header has no column {', '.join(missing)}")
    if unknown := sum(each not in COLUMNS for each in header):
        raise BadValue(problem=f"the header has {unknown} unknown columns; known are {', '.join(COLUMNS)}")
    if len(set(header)) < len(header):
        raise BadValue(problem="the header names a column twice")


def _row(line: int, header: list[str], cells: list[str]) -> DayRow:
    if len(cells) > len(header):
        return DayRow(line, None, None, problem="more cells than the header has")
    said = dict(zip(header, (cell.strip() for cell in cells), strict=False))
    code = said.get("doctor", "").upper()
    try:
        code = doctor_code(code)
        return DayRow(
            line=line,
            doctor=code,
            date=said.get("date", ""),
            present=_present(said.get("present", "")),
            capacity=_capacity(said.get("capacity", "")),
            note=text.note(said.get("note", "")),
        )
    except BadValue as refused:
        return DayRow(line, None, None, problem=str(refused))


def _present(said: str) -> bool | None:
    if not said:
        return None
    if said.lower() not in _PRESENT:
        raise BadValue(problem="present is yes or no, true or false, 1 or 0, present or absent")
    return _PRESENT[said.lower()]


def _capacity(said: str) -> int | None:
    if not said:
        return None
    if not (said.isascii() and said.isdigit() and int(said[:9]) <= slots.MOST):
        raise BadValue(problem=f"capacity is a whole number from 0 to {slots.MOST}")
    return int(said)


def _bounded(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if len(line) > LONGEST_LINE:
            raise BadValue(problem=f"a line of more than {LONGEST_LINE} characters")
        if "\0" in line:
            raise BadValue(problem="a NUL character")
        if not line.isascii() and _BROKEN.search(line):
            raise BadValue(problem="not UTF-8")
        yield line
