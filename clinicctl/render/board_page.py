"""Make the page for the waiting room: positions and doctors, no names of patients.

The page needs no other file. It loads itself again at an interval, keeps the last board while it cannot, and then says
since when.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from itertools import repeat
from string import Template

from clinicctl.render import phrases
from clinicctl.render.safe_text import visible
from clinicctl.results.days import Board, WaitingRoom
from clinicctl.rules.board_words import BoardWords

BEGINS = b"<!DOCTYPE html>\n<!-- Written by clinicctl queue board. -->\n"
"""How every such page begins. Only such a file is replaced."""

_NEXT = 8
"""The most waiting patients of a doctor that are shown, as many as on the terminal's board."""
_SIZES = ((0, "0"), (3, "1"), (7, "2"), (11, "3"))
"""The sizes of the numbers of a cell, by how many characters they have together with their gaps."""
_IN_ROWS = 6
"""The most doctors that are shown one below the other. More are shown as tiles, and a single one as well."""
_COLUMNS = ((12, 2), (24, 3), (40, 4), (75, 5))
"""How many columns of tiles there are up to how many doctors."""
_MOST_COLUMNS = 6
_MOST_ROWS = 40


def page(room: WaitingRoom, *, every: float, words: BoardWords, theme: str, chime: bool) -> str:
    """Return the whole page. `every` is in seconds, `theme` is auto, dark or light."""
    around = {
        "language": escape(words.language),
        "direction": words.direction,
        "theme": theme,
        "sound_on": "yes" if chime else "no",
        "seconds": f"{max(1, every):.0f}",
        "clinic": escape(visible(room.clinic)),
        "old": escape(words.old),
        "sound": escape(words.sound),
        "style": style(),
        "script": script(),
    }
    # A page on show loads itself anew when more than the board has changed, for example after an upgrade.
    version = sha256(repr(sorted(around.items())).encode("utf-8", "backslashreplace")).hexdigest()[:12]
    board = _board(room, every=every, words=words, version=version)
    return Template(_part("board.html")).substitute(around, board=board)


@cache
def style() -> str:
    """Return the style sheet of the page."""
    grid = [f'main[data-rows="{each}"]{{--rows:{each}}}\n' for each in range(2, _MOST_ROWS + 1)]
    grid += [f'main[data-columns="{each}"]{{--columns:{each}}}\n' for each in range(2, _MOST_COLUMNS + 1)]
    return f"\n{_part('board.css')}{''.join(grid)}"


@cache
def script() -> str:
    """Return the script of the page."""
    return f"\n{_part('board.js')}"


@cache
def _part(name: str) -> str:
    return (resources.files("clinicctl.render") / name).read_text(encoding="utf-8")


def _board(room: WaitingRoom, *, every: float, words: BoardWords, version: str) -> str:
    """Return the part of the page that changes."""
    count = len(room.queues)
    columns = 1 if count <= _IN_ROWS else next((each for most, each in _COLUMNS if count <= most), _MOST_COLUMNS)
    rows = min(max(1, -(-count // columns)), _MOST_ROWS)
    sections = [_section(each, room, words) for each in room.queues]
    body = "".join(sections) or f'<p class="nobody">{escape(words.nobody)}</p>\n'
    layout = "rows" if 1 < count <= _IN_ROWS else "tiles alone" if count == 1 else "tiles"
    return (
        f'<main id="board" class="{layout}" data-rows="{rows}" data-columns="{columns}" '
        f'data-at="{room.at.timestamp() * 1000:.0f}" data-every="{every:g}" data-version="{version}">\n'
        f"<header><h1><bdi>{escape(visible(room.clinic))}</bdi></h1>"
        f'<time datetime="{room.at.isoformat(timespec="seconds")}">{room.at:%H:%M}</time></header>\n'
        f"{body}</main>"
    )


def _section(row: Board, room: WaitingRoom, words: BoardWords) -> str:
    day = f'<p class="day"><bdi>{phrases.day(row.date)}</bdi></p>' if row.date != room.at.date() else ""
    # A patient who is called again is a new call.
    calls = [
        f' data-call="{escape(row.doctor)} {position} {at.isoformat()}"'
        for position, at in zip(row.called, row.called_at, strict=True)
    ]
    waiting = f'<div class="next">{_heading(words.next, row.waiting)}<ol>{"".join(_next(row))}</ol></div>'
    return (
        f'<section class="{"calls" if row.called else "quiet"}" data-doctor="{escape(row.doctor)}">'
        f'<div class="doctor"><h2><bdi>{escape(visible(row.name))}</bdi></h2>{day}</div>'
        f"{_numbers('called', words.called, row.called, marks=calls)}"
        f"{_numbers('serving', words.serving, row.serving)}"
        f"{waiting if row.waiting else ''}"
        "</section>\n"
    )


def _numbers(kind: str, title: str, positions: Sequence[int], *, marks: Iterable[str] = repeat("")) -> str:
    """Return a cell with positions. Each has an attribute of the marks."""
    length = len(" ".join(map(str, positions)))
    size = next((name for most, name in _SIZES if length <= most), "many")
    listed = "".join(f"<b{mark}>{each}</b>" for each, mark in zip(positions, marks, strict=False))
    return f'<div class="{kind}" data-size="{size}">{_heading(title, positions)}<p class="numbers">{listed}</p></div>'


def _heading(title: str, positions: Sequence[int]) -> str:
    return f"<h3>{escape(title)}</h3>" if positions else ""


def _next(row: Board) -> list[str]:
    """Return the first waiting positions, with their expected times if known."""
    starts = [f'<time dir="ltr">{phrases.about(each)}</time>' for each in row.expected_starts] or [""] * len(
        row.waiting
    )
    listed = [f"<li><b>{each}</b>{start}</li>" for each, start in zip(row.waiting, starts, strict=True)]
    return listed[:_NEXT] + (["<li><b>…</b></li>"] if len(listed) > _NEXT else [])
