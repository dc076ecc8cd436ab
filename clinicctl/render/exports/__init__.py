"""Write exported rows in a format, one by one, to a binary file.

The columns decide the type of each cell. A library for a format is loaded only when that format is written.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from clinicctl.results.exports import Calendar, Column
from clinicctl.results.health_records import Records
from clinicctl.statuses import TableFormat


def write_table(
    format: TableFormat,
    columns: Sequence[Column],
    rows: Iterable[tuple[Any, ...]],
    file: BinaryIO,
    *,
    title: str,
    excel_safe: bool,
) -> None:
    """Write a table in a format. A workbook has a sheet with the title.

    `excel_safe` puts an apostrophe before a cell of CSV that a spreadsheet would run.
    """
    if format is TableFormat.XLSX:
        from clinicctl.render.exports.workbooks import write_xlsx

        write_xlsx(columns, rows, file, title=title)
    elif format is TableFormat.PARQUET:
        from clinicctl.render.exports.parquet import write_parquet

        write_parquet(columns, rows, file)
    else:
        from clinicctl.render.exports import texts

        if format is TableFormat.CSV:
            texts.write_csv(columns, rows, file, excel_safe=excel_safe)
        else:
            texts.write_jsonl(columns, rows, file)


def write_calendar(calendar: Calendar, file: BinaryIO, follow: Callable[[Iterable[Any]], Iterator[Any]]) -> None:
    """Write a calendar in iCalendar's format. Its events pass through `follow`."""
    from clinicctl.render.exports.calendars import write_ics

    write_ics(calendar, file, follow)


def write_fhir(
    records: Records, file: BinaryIO, follow: Callable[[Iterable[Any]], Iterator[Any]], *, lines: bool
) -> None:
    """Write a clinic as a FHIR bundle, or with `lines` a resource on each line."""
    from clinicctl.render.exports import fhir

    write = fhir.write_ndjson if lines else fhir.write_bundle
    write(records, file, follow)
