"""Write a report as an Excel workbook: typed cells, a frozen header, and no formula."""

from io import BytesIO
from typing import Any

from clinicctl.render import reports
from clinicctl.render.safe_text import visible
from clinicctl.results.reports import Report
from clinicctl.rules.report_words import REPORTS

_FORMS = {reports.RATE: "0.0%", reports.MINUTES: "0.0", reports.DAYS: "0.0", reports.COUNT: "#,##0", reports.HOUR: "00"}
_UNITS = {reports.MINUTES: ", minutes", reports.DAYS: ", days"}
_WIDTH, _WIDE = 12, 100


def book(report: Report) -> bytes:
    """Return a workbook with the rows, the total, and a sheet about the report."""
    import xlsxwriter  # type: ignore[import-untyped]  # Deferred: only a workbook needs it.

    target = BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(target, options) as workbook:
        workbook.set_properties({"title": reports.title(report), "created": report.made_at.replace(tzinfo=None)})
        sheet = workbook.add_worksheet(REPORTS[report.report].title)
        bold = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        names = reports.columns(report)
        for column, name in enumerate(names):
            form = reports.FIELDS[name][1]
            title = reports.heading(name, report.by) + _UNITS.get(form, "")
            look = {"num_format": _FORMS[form]} if form in _FORMS else {}
            plain, total = workbook.add_format(look), workbook.add_format(look | {"bold": True, "top": 1})
            sheet.set_column(column, column, _WIDTH)
            sheet.write_string(0, column, title, bold)
            for nth, row in enumerate(reports.data(report), start=1):
                _write(sheet, nth, column, getattr(row, name), plain)
            _write(sheet, len(reports.data(report)) + 1, column, report.total[name], total)
        sheet.write_string(len(reports.data(report)) + 1, 0, "Total", workbook.add_format({"bold": True, "top": 1}))
        sheet.freeze_panes(1, 1)
        about = workbook.add_worksheet("About")
        about.set_column(0, 0, _WIDE)
        lines = [report.clinic, reports.title(report), reports.head(report), *REPORTS[report.report].definitions]
        for nth, line in enumerate(each for each in lines if each):
            about.write_string(nth, 0, visible(line), workbook.add_format({"text_wrap": True}))
    return target.getvalue()


def _write(sheet: Any, row: int, column: int, value: Any, look: Any) -> None:
    if value is None:
        sheet.write_blank(row, column, None, look)
    elif isinstance(value, str):
        sheet.write_string(row, column, visible(value), look)
    else:
        sheet.write_number(row, column, value, look)
