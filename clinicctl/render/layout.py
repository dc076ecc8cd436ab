"""Lay out styled text and tables by the widths that terminals draw.

Rich supplies only the styles, because it counts no cell for vowel signs that have one (Devanagari, Tamil, Khmer).
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from rich.color import ColorSystem
from rich.style import Style
from wcwidth import iter_graphemes, wcswidth

GAP = 2
"""Cells between two columns."""

NARROW = 60
"""Below this width each row of a table becomes a block of lines."""


NO_BREAK = "\xa0"
"""A space in a cell between two words that stay on one line."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text and its style, for example `bold red`."""

    plain: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: title, style, alignment, and whether its cells may wrap."""

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
    """Break a text into lines between words, and long words between graphemes."""
    return [each.replace(NO_BREAK, " ") for each in _wrapped(text, width)]


def _wrapped(text: str, width: int) -> list[str]:
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
    """Return a text, shortened with an ellipsis to fit the width."""
    return text if cells(text) <= width else f"{_folded(text, width - 1)[0].rstrip()}…"


def _words(text: str) -> Iterator[str]:
    """Yield the words with the spaces after them.

    Leading spaces belong to the first word.
    """
    start, at = 0, len(text) - len(text.lstrip(" "))
    while at < len(text):
        end = text.find(" ", at)
        if end < 0:
            end = len(text)
        while end < len(text) and text[end] == " ":
            end += 1
        yield text[start:end]
        start = at = end


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

    `positioned` means that the terminal understands cursor movements. Then the column after a cell that is not ASCII is
    addressed by its number, because terminals differ in the width of conjuncts, emoji and ambiguous characters.
    """

    def __init__(self, *, width: int, coloured: bool = False, positioned: bool = False) -> None:
        self.width = width
        self._coloured = coloured
        self._positioned = positioned
        self._lines: list[str] = []

    def empty(self) -> "Console":
        """Return a console like this one, without lines."""
        return Console(width=self.width, coloured=self._coloured, positioned=self._positioned)

    def add(self, lines: Iterable[str]) -> None:
        """Add lines that a console has made."""
        self._lines += lines

    def print(self, text: Text | str, *, style: str = "", soft_wrap: bool = False) -> None:
        """Add a text, wrapped at the width; with `soft_wrap` the terminal wraps it."""
        text = text if isinstance(text, Text) else Text(text, style)
        for paragraph in text.plain.split("\n"):
            for line in [paragraph] if soft_wrap else wrapped(paragraph, self.width):
                self._lines.append(self._styled(line, text.style or style))

    def table(
        self, headings: Sequence[Heading], rows: Sequence[Sequence[Text]], *, gap: int = GAP, below: int = 0
    ) -> None:
        """Add a table with its titles, and `below` empty lines between rows."""
        self._lines += self.table_lines(headings, rows, gap=gap, below=below)

    def table_lines(
        self, headings: Sequence[Heading], rows: Iterable[Sequence[Text]], *, gap: int = GAP, below: int = 0
    ) -> Iterator[str]:
        """Yield the lines of a table.

        The rows are read up to three times, to measure them first.
        """
        titled = any(each.title for each in headings)
        head = [[Text(each.title, "bold") for each in headings]] if titled else []
        widths = _widths(head, rows, headings, self.width - gap * (len(headings) - 1))
        for at, row in enumerate(chain(head, rows)):
            yield from [""] * (below if at else 0)
            lines = [
                wrapped(cell.plain, width) if heading.wraps else [cell.plain]
                for cell, heading, width in zip(row, headings, widths, strict=True)
            ]
            styles = [cell.style or heading.style for cell, heading in zip(row, headings, strict=True)]
            for nth in range(max(map(len, lines))):
                yield self._row([each[nth] if nth < len(each) else "" for each in lines], styles, headings, widths, gap)

    def block(self, cells_: Sequence[tuple[str, Text]]) -> None:
        """Add a row as lines: its first cell, then the other cells that have content."""
        (first_title, head), *rest = cells_
        shown = f"{first_title} {head.plain}" if head.plain.isdecimal() else head.plain
        self.print(Text(shown, f"{head.style} bold".strip()))
        used = 0
        for title, cell in rest:
            if not cell.plain:
                continue
            size = cells(f"{title} {cell.plain}")
            if used and used + GAP + size <= self.width:
                self._lines[-1] += " " * GAP + self._styled(title, "dim") + " " + self._styled(cell.plain, cell.style)
                used += GAP + size
            else:
                before = f"{' ' * GAP}{title} "
                first, *more = wrapped(before + cell.plain, self.width)
                self._lines.append(
                    self._styled(first[: len(before)], "dim") + self._styled(first[len(before) :], cell.style)
                )
                self._lines += [self._styled(each, cell.style) for each in more]
                used = self.width if more else GAP + size
            if any(unicodedata.bidirectional(each) in ("R", "AL") for each in cell.plain):
                used = 0  # A terminal may reorder whatever follows text from right to left.

    def text(self) -> str:
        """Return all lines as one text."""
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
        """Return one line of a table, without trailing spaces."""
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


def _widths(
    head: Sequence[Sequence[Text]], rows: Iterable[Sequence[Text]], headings: Sequence[Heading], room: int
) -> list[int]:
    """Return widths of columns in which every cell fits, wrapped if necessary.

    Width that a column cannot use because of its word lengths goes to the others.
    """
    wraps = [each.wraps for each in headings]
    wanted = [0] * len(headings)
    for row in chain(head, rows):
        wanted = [max(width, cells(cell.plain)) for width, cell in zip(wanted, row, strict=True)]
    if sum(wanted) <= room:
        return wanted
    widths = _narrowed(wanted, wraps, room)
    used = [0 if may else width for width, may in zip(widths, wraps, strict=True)]
    for row in chain(head, rows):
        for nth, cell in enumerate(row):
            if wraps[nth]:
                used[nth] = max(used[nth], *map(cells, wrapped(cell.plain, widths[nth])))
    reduced = [use if use < width else want for use, width, want in zip(used, widths, wanted, strict=True)]
    return _narrowed(reduced, wraps, room)


def _narrowed(wanted: Sequence[int], wraps: Sequence[bool], room: int) -> list[int]:
    """Return the widths after narrowing the widest columns that wrap."""
    widths = list(wanted)
    while sum(widths) > room:
        widest = max((width for width, may in zip(widths, wraps, strict=True) if may), default=0)
        if widest <= 1:
            break
        widths[max(nth for nth, width in enumerate(widths) if wraps[nth] and width == widest)] -= 1
    return widths
