"""Styled text, lines and columns for a terminal, by the widths that terminals draw.

Rich gives the styles. It does not lay out: it counts no cell for a vowel sign that has one (Devanagari, Tamil, Khmer).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.color import ColorSystem
from rich.style import Style
from wcwidth import iter_graphemes, wcswidth

GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its style, `bold red` for example."""

    plain: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its title, how its cells are styled, whether they stand on the right, and whether they may wrap."""

    title: str = ""
    style: str = ""
    right: bool = False
    wraps: bool = True


@lru_cache(4_096)
def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes.

    Most terminals (VTE, xterm, Konsole, tmux) give each letter and each spacing mark of an Indic script a cell of its
    own. `wcswidth` counts as the few that shape whole clusters: one cell less for a conjunct. So it is given the
    letters without the viramas that join them, and a plain letter for each spacing mark; what is left to it are wide
    characters, marks without width, and sequences of emoji.
    """
    if text.isascii():
        return len(text)
    return max(0, wcswidth("".join(map(_alone, text))))


def _alone(character: str) -> str:
    if unicodedata.category(character) == "Mc":
        return "x"
    return "" if unicodedata.combining(character) == _VIRAMA else character


_VIRAMA = 9
"""The canonical combining class of viramas (UAX #44)."""


def wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines between words; a word longer than a line, between what is drawn as one character."""
    if cells(text) <= width:
        return [text.rstrip()]
    lines, line, used = list[str](), "", 0
    for word in _words(text):
        size = cells(word)
        if used + cells(word.rstrip()) > width:
            lines += [line.rstrip()] if line.strip() else []
            line, used = "", 0
        if size > width and cells(word.rstrip()) > width:
            *full, word = _folded(word, width)
            lines += full
            size = cells(word)
        line, used = line + word, used + size
    return [*lines, line.rstrip()]


def shortened(text: str, width: int) -> str:
    """Return a text, or as much of it as fits, with an ellipsis for the rest."""
    return text if cells(text) <= width else f"{_folded(text, width - 1)[0].rstrip()}…"


def _words(text: str) -> Iterator[str]:
    """The words, each with the spaces behind it; spaces at the beginning belong to the first."""
    begin, at = 0, len(text) - len(text.lstrip(" "))
    while at < len(text):
        end = text.find(" ", at)
        if end < 0:
            end = len(text)
        while end < len(text) and text[end] == " ":
            end += 1
        yield text[begin:end]
        begin = at = end


def _folded(word: str, width: int) -> list[str]:
    lines, line, used = list[str](), "", 0
    for character in iter_graphemes(word):
        size = cells(character)
        if line and used + size > width:
            lines.append(line)
            line, used = "", 0
        line, used = line + character, used + size
    return [*lines, line]


class Console:
    """Lines for a terminal of a width, with or without colours.

    `positioned` says that the terminal obeys cursor movements. Then the column behind a cell that is not ASCII is
    reached by its number: no count can be right for every terminal, as some draw a conjunct, an emoji or an ambiguous
    character wider than others.
    """

    def __init__(self, *, width: int, coloured: bool = False, positioned: bool = False) -> None:
        self.width = width
        self._coloured = coloured
        self._positioned = positioned
        self._lines: list[str] = []

    def print(self, text: Text | str, *, style: str = "", soft_wrap: bool = False) -> None:
        """Add a text, wrapped at the width; with `soft_wrap` the terminal breaks it where it has to."""
        text = text if isinstance(text, Text) else Text(text, style)
        for paragraph in text.plain.split("\n"):
            for line in [paragraph] if soft_wrap else wrapped(paragraph, self.width):
                self._lines.append(self._styled(line, text.style or style))

    def table(
        self, headings: Sequence[Heading], rows: Sequence[Sequence[Text]], *, gap: int = GAP, below: int = 0
    ) -> None:
        """Add a table, with `below` empty lines between rows, and with its titles above where there are any."""
        titled = any(each.title for each in headings)
        head = [[Text(each.title, "bold") for each in headings]] if titled else []
        whole = [*head, *rows]
        widths = _widths(whole, headings, self.width - gap * (len(headings) - 1))
        for at, row in enumerate(whole):
            self._lines += [""] * (below if at else 0)
            lines = [
                wrapped(cell.plain, width) if heading.wraps else [cell.plain]
                for cell, heading, width in zip(row, headings, widths, strict=True)
            ]
            styles = [cell.style or heading.style for cell, heading in zip(row, headings, strict=True)]
            for nth in range(max(map(len, lines))):
                self._lines.append(
                    self._row([each[nth] if nth < len(each) else "" for each in lines], styles, headings, widths, gap)
                )

    def block(self, cells_: Sequence[tuple[str, Text]]) -> None:
        """Add a row as lines: its first cell, then the others that are not empty, each behind its title."""
        (_, head), *rest = cells_
        self.print(Text(head.plain, f"{head.style} bold".strip()))
        for title, cell in rest:
            if cell.plain:
                before = f"  {title} "
                first, *more = wrapped(before + cell.plain, self.width)
                self._lines.append(
                    self._styled(first[: len(before)], "dim") + self._styled(first[len(before) :], cell.style)
                )
                self._lines += [self._styled(each, cell.style) for each in more]

    def text(self) -> str:
        """Return everything that was added."""
        return "".join(f"{line}\n" for line in self._lines)

    def lines(self) -> Sequence[str]:
        """Return the lines, for a screen that is drawn line by line."""
        return self._lines

    def _styled(self, text: str, style: str) -> str:
        if not (self._coloured and style and text):
            return text
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD)

    def _row(
        self,
        texts: Sequence[str],
        styles: Sequence[str],
        headings: Sequence[Heading],
        widths: Sequence[int],
        gap: int,
    ) -> str:
        """One line of a table, without spaces at its end."""
        line, drawn, column, counted = "", 0, 0, False
        for text, style, heading, width in zip(texts, styles, headings, widths, strict=True):
            if text:
                size = cells(text)
                begin = column + (max(0, width - size) if heading.right else 0)
                line += " " * (begin - drawn)
                if self._positioned and counted:
                    line += f"\x1b[{begin + 1}G"
                line += self._styled(text, style)
                drawn = begin + size
                counted = counted or not text.isascii()
            column += width + gap
        return line


def _widths(rows: Sequence[Sequence[Text]], headings: Sequence[Heading], room: int) -> list[int]:
    """The widths of columns in which every cell fits, wrapped where there is not room for all.

    What a column loses but cannot use, because its words are longer or shorter, is left to the others.
    """
    wraps = [each.wraps for each in headings]
    columns = [[row[nth].plain for row in rows] for nth in range(len(headings))]
    wanted = [max(map(cells, column)) for column in columns]
    if sum(wanted) <= room:
        return wanted
    widths = _narrowed(wanted, wraps, room)
    used = [
        max(cells(line) for text in column for line in wrapped(text, width)) if may else width
        for column, width, may in zip(columns, widths, wraps, strict=True)
    ]
    settled = [use if use < width else want for use, width, want in zip(used, widths, wanted, strict=True)]
    return _narrowed(settled, wraps, room)


def _narrowed(wanted: Sequence[int], wraps: Sequence[bool], room: int) -> list[int]:
    """The widths of columns: the widest of those that wrap give way until all fit, or none can any more."""
    widths = list(wanted)
    while sum(widths) > room:
        widest = max((width for width, may in zip(widths, wraps, strict=True) if may), default=0)
        if widest <= 1:
            break
        widths[max(nth for nth, width in enumerate(widths) if wraps[nth] and width == widest)] -= 1
    return widths
