"""Read the cells of an XLSX workbook as text, in bounded memory.

Dates, times, whole numbers and truth values become the text that a CSV file would have. A formula counts as its stored
value, and one without a stored value as an empty cell.
"""

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

from clinicctl.errors import BadValue

MOST_BYTES = 200_000_000
"""The most bytes of a workbook when it is unpacked."""
_MOST_COLUMNS = 100
_ERRORS = frozenset({"#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#DIV/0!", "#SPILL!", "#CALC!"})


class Unreadable(Exception):
    """The content is no workbook that can be read."""


def rows(content: bytes, *, sheet: str | None = None) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the number of each row that is not empty, with its cells or a problem.

    The sheet is the first one, or the one with a name. Raises `Unreadable`, and refuses an unknown sheet.
    """
    from openpyxl import load_workbook  # Deferred: only a workbook needs it, and it takes 0.2 s to import.

    with warnings.catch_warnings():
        # Features that a table of cells does not need are reported as warnings.
        warnings.simplefilter("ignore")
        try:
            _refuse_large(content)
            book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            found = _sheet(book, sheet)
            # Without a last column, the gaps of a hostile sheet are filled with millions of cells.
            for nth, cells in enumerate(found.iter_rows(max_col=_MOST_COLUMNS + 1, values_only=True), start=1):
                if any(each is not None for each in cells):
                    yield nth, _texts(cells)
        except (BadValue, Unreadable):
            raise
        except Exception:
            # The library meets a damaged workbook with exceptions of many kinds.
            raise Unreadable("not a workbook that can be read") from None


def _refuse_large(content: bytes) -> None:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > MOST_BYTES:
            raise Unreadable(f"more than {MOST_BYTES // 1_000_000} MB when unpacked: split the file")


def _sheet(book: Any, name: str | None) -> Any:
    if name is None:
        return book.worksheets[0]
    for each in book.worksheets:
        if each.title.casefold() == name.casefold():
            return each
    raise BadValue(problem=f"--sheet: the workbook has no such sheet. Its sheets are {', '.join(book.sheetnames)}.")


def _texts(cells: tuple[Any, ...]) -> list[str] | str:
    if len(cells) > _MOST_COLUMNS and cells[_MOST_COLUMNS] is not None:
        return f"more than {_MOST_COLUMNS} columns"
    for nth, each in enumerate(cells, start=1):
        if isinstance(each, str) and each in _ERRORS:
            return f"column {nth} has the error {each}"
    found = [_text(each) for each in cells]
    while found and not found[-1]:
        found.pop()
    return found


def _text(cell: Any) -> str:
    """Return a cell as the text of a CSV file."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "minutes")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.isoformat("minutes")
    return str(cell)
