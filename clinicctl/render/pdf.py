"""Slips and day sheets as PDF, with fonts that have the letters of all names."""

from collections.abc import Iterable
from typing import Any

from clinicctl import errors
from clinicctl.render import fonts, phrases, slips
from clinicctl.render.safe_text import visible
from clinicctl.results.days import Slot
from clinicctl.results.paper import DaySheet, DoctorSheet, Ticket
from clinicctl.statuses import PaperWidth

try:
    from fpdf import FPDF
    from fpdf.enums import Align, TableBordersLayout, XPos, YPos
    from fpdf.fonts import FontFace
except ModuleNotFoundError:
    raise errors.NoLibrary(format="a PDF", library="fpdf2", extra="print") from None

_OWN = "Helvetica"
"""The font that every reader of PDF has, with the letters of Western Europe."""
_MILLIMETRES = {PaperWidth.MM58: 58.0, PaperWidth.MM80: 80.0}
_MARGIN = 4.0
_SHEET_MARGIN = 14.0
_GREY = (90, 100, 110)
_HEADINGS = ("Slot", "Time", "Status", "Patient", "Appt.", "Pos.", "Note")
_WIDTHS = (11, 15, 30, 58, 14, 11, 43)


def ticket(found: Ticket, *, width: PaperWidth, with_code: bool = True) -> bytes:
    """Return a slip as wide as the paper of a receipt printer.

    It is as long as it has to be.
    """
    lines = slips.lines_of(found)
    texts = [visible(found.clinic), *lines, found.appointment, slips.printed_at(found)]
    paper = _MILLIMETRES[width]
    # The height of the page follows from its content, so that it is made twice.
    length = _ticket(found, lines, texts, paper=paper, length=1_000.0, with_code=with_code).get_y() + _MARGIN
    return _bytes(_ticket(found, lines, texts, paper=paper, length=max(length, paper + 1), with_code=with_code))


def _ticket(
    found: Ticket, lines: list[str], texts: Iterable[str], *, paper: float, length: float, with_code: bool
) -> FPDF:
    pdf = FPDF(unit="mm", format=(paper, length))
    pdf.set_title(found.appointment)
    pdf.set_margin(_MARGIN)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    family = _use_fonts(pdf, texts)
    scale = paper / 80

    def line(text: str, size: float, *, grey: bool = False) -> None:
        pdf.set_font(family, size=size * scale)
        pdf.set_text_color(*(_GREY if grey else (0, 0, 0)))
        pdf.multi_cell(0, text=text, align=Align.C, new_x=XPos.LMARGIN, new_y=YPos.NEXT, h=size * scale * 0.42)

    line(visible(found.clinic), 13)
    pdf.ln(2)
    if found.position is not None:
        line("Position", 11, grey=True)
        line(str(found.position), 54)
        line(found.appointment, 14)
    else:
        line(found.appointment, 40)
    pdf.ln(2)
    for each in lines:
        line(each, 13)
    if with_code:
        _draw(pdf, slips.code(found.appointment), size=30 * scale)
    line(slips.printed_at(found), 8, grey=True)
    return pdf


def _draw(pdf: FPDF, code: slips.Code, *, size: float) -> None:
    """Draw a code in the middle, with its margin of four cells.

    Dark cells of a row are one rectangle, so that no line shows between them.
    """
    cell = size / len(code)
    pdf.ln(4 * cell)
    left, top = (pdf.w - size) / 2, pdf.get_y()
    pdf.set_fill_color(0, 0, 0)
    for nth, row in enumerate(code):
        start = 0
        while start < len(row):
            end = start
            while end < len(row) and row[end]:
                end += 1
            if end > start:
                pdf.rect(left + start * cell, top + nth * cell, (end - start) * cell, cell + 0.02, style="F")
            start = end + 1
    pdf.set_y(top + size + 4 * cell)


class _Sheets(FPDF):
    """Pages of a day sheet, with the time of printing and the page below."""

    family = _OWN
    below = ""

    def footer(self) -> None:
        self.set_y(-11)
        self.set_font(self.family, size=8)
        self.set_text_color(*_GREY)
        self.cell(0, 5, self.below)
        self.set_x(self.l_margin)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align=Align.R)
        self.set_text_color(0, 0, 0)


def day(found: DaySheet) -> bytes:
    """Return day sheets on A4. A doctor's sheet is not broken if it fits a page."""
    cells = [[_cells(slot) for slot in each.slots] for each in found.sheets]
    names = [visible(f"{each.doctor.code} {each.doctor.name}") for each in found.sheets]
    pdf = _Sheets(unit="mm", format="A4")
    pdf.set_title("Day sheet")
    pdf.set_margin(_SHEET_MARGIN)
    pdf.set_auto_page_break(True, 16)
    pdf.below = f"{slips.printed_at(found)}. Contains personal data."
    pdf.family = _use_fonts(
        pdf, [visible(found.clinic), *names, *(text for sheet in cells for row in sheet for text in row)]
    )
    pdf.add_page()
    pdf.set_font(pdf.family, size=16)
    pdf.multi_cell(0, 8, visible(found.clinic), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if not found.sheets:
        pdf.set_font(pdf.family, size=11)
        pdf.cell(0, 8, "No slots.", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    for sheet, name, rows in zip(found.sheets, names, cells, strict=True):
        with pdf.offset_rendering() as tried:
            _sheet(tried, sheet, name, rows)
        if tried.page_break_triggered and pdf.get_y() > 60:
            pdf.add_page()
        _sheet(pdf, sheet, name, rows)
    return _bytes(pdf)


def _sheet(pdf: Any, sheet: DoctorSheet, name: str, rows: list[tuple[str, ...]]) -> None:
    pdf.ln(3)
    pdf.set_font(pdf.family, size=13)
    pdf.multi_cell(0, 7, name, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_font(pdf.family, size=10)
    pdf.set_text_color(*_GREY)
    pdf.cell(0, 6, f"{phrases.day(sheet.date)}: {slips.taken(sheet)}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.set_text_color(0, 0, 0)
    pdf.set_draw_color(200, 208, 214)
    heading = FontFace(emphasis="", color=_GREY, fill_color=(236, 240, 243))
    with pdf.table(
        col_widths=_WIDTHS,
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=heading,
        line_height=5.2,
        padding=(0.9, 1),
        text_align=("RIGHT", "LEFT", "LEFT", "LEFT", "LEFT", "RIGHT", "LEFT"),
    ) as table:
        for row in (_HEADINGS, *rows):
            table.row(row)


def _cells(slot: Slot) -> tuple[str, ...]:
    found = slot.appointment
    time = f"{slot.time:%H:%M}" if slot.time else ""
    if found is None:
        return str(slot.slot), time, "free", "", "", "", ""
    status, position = errors.status_label(slot.status), "" if found.position is None else str(found.position)
    patient = visible(phrases.patient(found.patient))
    return str(slot.slot), time, status, patient, found.number, position, visible(found.note or "")


def _use_fonts(pdf: FPDF, texts: Iterable[str]) -> str:
    """Add the fonts of the texts, and return the name of the main one."""
    chosen = fonts.choose(texts)
    if not chosen:
        return _OWN
    names = [f"font{nth}" for nth in range(len(chosen))]
    for name, font in zip(names, chosen, strict=True):
        pdf.add_font(name, fname=font.path, collection_font_number=font.number)
    pdf.set_fallback_fonts(names[1:])
    pdf.set_text_shaping(True)
    return names[0]


def _bytes(pdf: FPDF) -> bytes:
    return bytes(pdf.output())
