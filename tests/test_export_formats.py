"""Exports in formats of other programs, read back by libraries that did not write them."""

import csv
import io
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from pyarrow import parquet

from clinicctl import render
from clinicctl.render.exports import workbooks, write_table
from clinicctl.results.exports import CellType, Column
from clinicctl.statuses import TableFormat

Ask = Callable[..., Any]
Run = Callable[..., Any]
Refused = Callable[..., dict[str, Any]]

AT = datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)
COLUMNS = (
    Column("number"),
    Column("patient.name"),
    Column("slot", CellType.NUMBER),
    Column("overbooked", CellType.BOOLEAN),
    Column("date", CellType.DATE),
    Column("time", CellType.TIME),
    Column("created_at", CellType.INSTANT),
    Column("phones", CellType.TEXTS),
)
ROWS = (
    ("A1", "=cmd|'/c calc'!A0", 3, True, date(2026, 11, 23), time(9, 20), AT, ("+911", "+912")),
    ("A2", "https://example.org", -1, False, date(1893, 2, 1), time(0, 0), AT, ()),
    ("A3", 'Zoë, "佐藤"\n{=1}', None, None, None, None, None, ()),
    ("A4", "007", 0, True, date(1900, 2, 28), None, datetime(1899, 1, 1, tzinfo=UTC), ("x",)),
)


def written(format: TableFormat, target: Path, *, rows: Any = ROWS) -> Path:
    with target.open("w+b") as file:
        write_table(format, COLUMNS, rows, file, title="rows", excel_safe=False)
    return target


def test_a_workbook_has_typed_cells_below_a_frozen_header(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(TableFormat.XLSX, tmp_path / "rows.xlsx"))["rows"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:H5"
    header, first, second, third, fourth = ([each.value for each in row] for row in sheet.iter_rows())
    assert header == [each.name for each in COLUMNS]
    assert sheet["A1"].font.bold
    naive = AT.replace(tzinfo=None)
    assert first == ["A1", "=cmd|'/c calc'!A0", 3, True, datetime(2026, 11, 23), time(9, 20), naive, "+911 +912"]  # noqa: DTZ001
    assert second == ["A2", "https://example.org", -1, False, "1893-02-01", time(0, 0), naive, None]
    assert third[1] == 'Zoë, "佐藤"<U+000A>{=1}'
    assert third[2:] == [None] * 6
    assert fourth[4:7] == ["1900-02-28", None, "1899-01-01T00:00:00+00:00"]
    assert [sheet[f"{column}2"].number_format for column in "EFG"] == ["yyyy-mm-dd", "hh:mm", "yyyy-mm-dd hh:mm:ss"]


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(written(TableFormat.XLSX, tmp_path / "rows.xlsx"))["rows"]
    cells = [each for row in sheet.iter_rows() for each in row]
    assert [each.coordinate for each in cells if each.data_type == "f" or each.hyperlink] == []
    assert sheet["B5"].value == "007"


def test_a_full_sheet_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "MOST_ROWS", 3)
    book = openpyxl.load_workbook(written(TableFormat.XLSX, tmp_path / "rows.xlsx"))
    assert {each.title: each.max_row for each in book} == {"rows": 4, "rows 2": 2}
    assert [book["rows 2"][each].value for each in ("A1", "A2")] == ["number", "A4"]


def test_a_text_longer_than_a_cell_is_cut_visibly(tmp_path: Path) -> None:
    row = ("A1", "x" * 40_000, *ROWS[0][2:7], tuple(f"P{nth}" for nth in range(20_000)))
    sheet = openpyxl.load_workbook(written(TableFormat.XLSX, tmp_path / "rows.xlsx", rows=[row]))["rows"]
    assert [len(sheet[each].value) for each in ("B2", "H2")] == [workbooks.LONGEST] * 2
    assert sheet["H2"].value.startswith("P0 P1 P2 ")
    assert sheet["H2"].value.endswith(" …")


def test_a_parquet_file_has_typed_columns(tmp_path: Path) -> None:
    table = parquet.read_table(written(TableFormat.PARQUET, tmp_path / "rows.parquet"))
    types = {each.name: str(each.type) for each in table.schema}
    assert types == {
        **dict.fromkeys(("number", "patient.name"), "string"),
        "slot": "int64",
        "overbooked": "bool",
        "date": "date32[day]",
        "time": "time32[ms]",
        "created_at": "timestamp[us, tz=UTC]",
        "phones": "list<element: string>",
    }
    found = [tuple(each.values()) for each in table.to_pylist()]
    assert found == [(*each[:-1], list(each[-1])) for each in ROWS]


def test_a_parquet_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    table = parquet.read_table(written(TableFormat.PARQUET, tmp_path / "rows.parquet", rows=()))
    assert table.column_names == [each.name for each in COLUMNS]
    assert table.num_rows == 0


def test_csv_is_read_by_csv_and_duckdb_alike(tmp_path: Path) -> None:
    target = written(TableFormat.CSV, tmp_path / "rows.csv")
    with target.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    found = duckdb.sql(f"SELECT * FROM read_csv('{target}', header = true, all_varchar = true, nullstr = '\\0')")
    assert found.columns == header == [each.name for each in COLUMNS]
    assert found.fetchall() == [tuple(each) for each in rows]
    assert rows[0] == [
        *("A1", "=cmd|'/c calc'!A0", "3", "true", "2026-11-23", "09:20", "2026-11-23T09:30:15+00:00", "+911 +912"),
    ]
    typed = duckdb.sql(f"SELECT slot, overbooked, date, created_at FROM read_csv('{target}', header = true)").fetchall()
    assert typed[0] == (3, True, date(2026, 11, 23), AT)


@pytest.mark.parametrize("kind", ["patients", "doctors", "days", "appointments", "queue", "waitlist", "journal"])
def test_every_table_has_the_same_rows_in_each_format(kind: str, clinic: Ask, run: Run, tmp_path: Path) -> None:
    clinic("book", "P1", "MEHTA", "today")
    clinic("checkin", "A1")
    clinic("doctor", "avail", "set", "RAO", "+1d", "--session", "9:00-10:00,11:00-12:00", "--every", "20m")
    clinic("book", "P2", "RAO", "+1d", "--time", "9:20", "--reason", "=1+1")
    clinic("waitlist", "add", "P2", "MEHTA", "+1d,+2d")
    for end in ("xlsx", "parquet", "csv"):
        run("export", kind, "--to", f"{tmp_path}/rows.{end}", status=0)
    with (tmp_path / "rows.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert rows
    lines = openpyxl.load_workbook(tmp_path / "rows.xlsx")[kind].iter_rows(values_only=True)
    assert next(lines) == tuple(header)
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.column_names == header
    for row, cells, values in zip(rows, lines, table.to_pylist(), strict=True):
        assert [same(each) for each in cells] == [same(moment(each)) for each in row]
        assert [same(each) for each in values.values()] == [same(utc(each)) for each in row]


def moment(cell: str) -> str:
    """Return an instant of CSV as a workbook has it, without its offset."""
    return cell[:19] if len(cell) == 25 and cell[10:11] == "T" else cell


def utc(cell: str) -> str:
    """Return an instant of CSV in UTC."""
    is_instant = len(cell) == 25 and cell[10:11] == "T"
    return datetime.fromisoformat(cell).astimezone(UTC).isoformat() if is_instant else cell


def same(value: Any) -> str:
    """Return a value as CSV has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, datetime):
        at = value.replace(microsecond=0)
        return str(at.date()) if value.tzinfo is None and at.time() == time() else at.isoformat()
    return "" if value is None else value.strftime("%H:%M") if isinstance(value, time) else str(value)


def test_a_format_that_is_no_text_is_not_shown_on_a_terminal(
    clinic: Ask, run: Run, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("export", "doctors", "-o", "jsonl", status=0).lines
    monkeypatch.setattr(render, "default_format", lambda: "table")
    for each in ("xlsx", "parquet"):
        error = refused(2, "usage", "export", "doctors", "-o", each)
        assert error["message"] == "This format is not text: name a file with --to."


def test_a_workbook_in_a_pipe_is_the_whole_file(clinic: Ask, run: Run, start: Any) -> None:
    process = start("export", "doctors", "-o", "xlsx", text=False)
    content, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    sheet = openpyxl.load_workbook(io.BytesIO(content))["doctors"]
    assert [row[1] for row in sheet.iter_rows(values_only=True)] == ["code", "MEHTA", "RAO"]


def test_a_missing_library_is_named_with_the_command_that_installs_it(
    clinic: Ask, refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "clinicctl.render.exports.parquet", raising=False)
    error = refused(10, "no_library", "export", "doctors", "--to", f"{tmp_path}/out.parquet")
    assert error["message"] == "clinicctl cannot write Parquet, because pyarrow is not installed."
    assert error["hint"] == "Install it with `pip install 'clinicctl[parquet]'`."
    assert list(tmp_path.glob("*out*")) == []
