"""Write exported rows as a workbook of Excel, without holding them in memory.

Texts are written as texts whatever they begin with, so that no cell is a formula or a link.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import xlsxwriter  # type: ignore[import-untyped]  # it has no types
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]  # nor has this

from clinicctl.render.safe_text import visible
from clinicctl.results.exports import CellType, Column

MOST_ROWS = 1_048_575
"""The most rows of a sheet below its header."""
LONGEST = 32_767
"""The most characters of a cell."""
_CUT = " …"
_FIRST_DATE = date(1900, 3, 1)
"""The first date whose number all programs read alike: for Excel, 1900 had a 29 February."""

_FORMATS = {CellType.DATE: "yyyy-mm-dd", CellType.TIME: "hh:mm", CellType.INSTANT: "yyyy-mm-dd hh:mm:ss"}
_WIDTHS = {CellType.DATE: 11, CellType.INSTANT: 19, CellType.TEXT: 14}


def write_xlsx(columns: Sequence[Column], rows: Iterable[tuple[Any, ...]], file: BinaryIO, *, title: str) -> None:
    """Write a sheet with a frozen header, and more sheets if one is full.

    Instants are in the clinic's time. A text that is longer than a cell is cut, and ends with an ellipsis.
    """
    # What the library sets aside is beside nothing of the user's, and goes with the folder.
    with TemporaryDirectory() as folder:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": folder, "remove_timezone": True})
        book.use_zip64()
        formats = {each: book.add_format({"num_format": text}) for each, text in _FORMATS.items()}
        sheet, cells, at = _sheet(book, columns, title, formats), [_cell_of(each.type) for each in columns], 0
        for row in rows:
            if at == MOST_ROWS:
                _filter(sheet, at, columns)
                sheet, at = _sheet(book, columns, f"{title} {len(book.worksheets()) + 1}", formats), 0
            at += 1
            for nth, (cell, value) in enumerate(zip(cells, row, strict=True)):
                if value is not None:
                    cell(sheet, at, nth, value)
        _filter(sheet, at, columns)
        try:
            book.close()
        except FileCreateError as error:
            raise error.args[0] from None


def _sheet(book: Any, columns: Sequence[Column], title: str, formats: dict[CellType, Any]) -> Any:
    sheet = book.add_worksheet(title)
    for nth, each in enumerate(columns):
        sheet.set_column(nth, nth, _WIDTHS.get(each.type, 9), formats.get(each.type))
    bold = book.add_format({"bold": True})
    for nth, each in enumerate(columns):
        sheet.write_string(0, nth, each.name, bold)
    sheet.freeze_panes(1, 0)
    return sheet


def _filter(sheet: Any, rows: int, columns: Sequence[Column]) -> None:
    sheet.autofilter(0, 0, rows, len(columns) - 1)


def _cell_of(type_: CellType) -> Callable[[Any, int, int, Any], None]:
    known: dict[CellType, Callable[[Any, int, int, Any], None]] = {
        CellType.TEXT: _text,
        CellType.TEXTS: _texts,
        CellType.NUMBER: _number,
        CellType.BOOLEAN: _boolean,
    }
    return known.get(type_, _moment)


def _text(sheet: Any, row: int, column: int, value: str) -> None:
    text = visible(value)
    sheet.write_string(row, column, text if len(text) <= LONGEST else f"{text[: LONGEST - len(_CUT)]}{_CUT}")


def _texts(sheet: Any, row: int, column: int, value: Sequence[str]) -> None:
    if value:
        _text(sheet, row, column, " ".join(value))


def _number(sheet: Any, row: int, column: int, value: int) -> None:
    sheet.write_number(row, column, value)


def _boolean(sheet: Any, row: int, column: int, value: bool) -> None:
    sheet.write_boolean(row, column, value)


def _moment(sheet: Any, row: int, column: int, value: Any) -> None:
    """Write a date, a time or an instant; one that Excel cannot have is a text."""
    on = value.date() if isinstance(value, datetime) else value
    if isinstance(on, date) and on < _FIRST_DATE:
        sheet.write_string(row, column, value.isoformat())
    else:
        sheet.write_datetime(row, column, value)
