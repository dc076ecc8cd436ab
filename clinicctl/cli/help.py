"""The reference pages: show one, or list them. Must open no database.

A page is Markdown, so that it also reads well in the repository. A terminal gets it as plain text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from itertools import zip_longest
from shutil import get_terminal_size
from textwrap import fill, wrap
from typing import Annotated

import typer

from clinicctl import __version__, errors, render
from clinicctl.cli import TREE
from clinicctl.cli.click_names import Context
from clinicctl.cli.commands import SECOND_NAMES, Group, reads
from clinicctl.cli.context import Ctx

_FOLDER = resources.files("clinicctl") / "docs"
_HEADING = re.compile("#+ ")
_GAP = " " * 2
_INDENT = " " * 4
_WIDEST = 100
"""Columns of the widest table; wider ones become a list."""

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class Topic:
    """A reference page by its name."""

    topic: str
    title: str


@dataclass(frozen=True, slots=True)
class Page:
    """A reference page as it is shown."""

    topic: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Version:
    """The version of the program."""

    version: str


def _complete(incomplete: str) -> list[str]:
    return [each for each in (*TREE, *SECOND_NAMES, *topics()) if each.startswith(incomplete)]


@reads(app, "help", "clinicctl help", "clinicctl help book", "clinicctl help queue call", "clinicctl help scripts")
def help_(
    ctx: Ctx,
    topic: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND|TOPIC]",
            autocompletion=_complete,
            help="A command or a page; without it, the list of pages.",
        ),
    ] = None,
) -> None:
    """Show a command's help or a reference page, or list the pages."""
    known = topics()
    if not topic:
        listed = [Topic(each, _title(_markdown(each))) for each in known]
        widest = max(map(len, known))
        table = "".join(f"{each.topic:{widest}}{_GAP}{each.title}\n" for each in listed)
        _show(ctx, listed, f"{table}\nShow one with `clinicctl help TOPIC`. See `clinicctl --help` for the commands.\n")
        return
    words = [each.lower() for each in topic]
    name = " ".join(words)
    if name not in known:
        page = _command_help(ctx, words)
        if page is None:
            raise errors.Usage(problem=f"No such command or topic. Topics: {', '.join(known)}.")
        _show(ctx, Page(name, page.partition("\n")[0], page), f"{page}\n")
        return
    markdown = _markdown(name)
    text = as_text(markdown, width=min(_WIDEST, get_terminal_size().columns))
    _show(ctx, Page(name, _title(markdown), text), text)


def _command_help(ctx: Ctx, words: list[str]) -> str | None:
    """Return the help page of a command, or None."""
    inner: Context = ctx.find_root()
    for word in words:
        command = inner.command.get_command(inner, word) if isinstance(inner.command, Group) else None
        if command is None:
            return None
        inner = Context(command, info_name=word, parent=inner, obj=ctx.obj)
    return inner.get_help()


@reads(app, "version", "clinicctl version")
def version(ctx: Ctx) -> None:
    """Show the version."""
    if ctx.obj.settings.output in ("json", "jsonl"):
        ctx.obj.show(Version(__version__))
    else:
        render.text(f"clinicctl {__version__}\n")


def topics() -> list[str]:
    """Return the names of the pages."""
    return sorted(each.name.removesuffix(".md") for each in _FOLDER.iterdir() if each.name.endswith(".md"))


def as_text(markdown: str, *, width: int) -> str:
    """Return a page as plain text.

    A table that is wider than `width` columns becomes a list of its rows.
    """
    blocks: list[str] = []
    table: list[str] = []
    fenced = False
    for line in [*markdown.splitlines(), ""]:
        if line.startswith("|") and not fenced:
            table.append(line)
            continue
        if table:
            blocks.append(_table(table, width))
            table = []
        if line.startswith("```"):
            fenced = not fenced
        elif fenced:
            blocks.append(f"{_INDENT}{line}".rstrip() + "\n")
        elif line.startswith("# "):
            blocks.append(f"{line.removeprefix('# ').upper()}\n")
        elif not line.startswith("<!--"):
            blocks.append(f"{_HEADING.sub('', line).replace('**', '')}\n")
    return "".join(blocks).rstrip("\n") + "\n"


def _show(ctx: Ctx, value: Page | list[Topic], text: str) -> None:
    if ctx.obj.settings.output in ("json", "jsonl"):
        ctx.obj.show(value)
    else:
        render.text(text)


def _markdown(topic: str) -> str:
    return (_FOLDER / f"{topic}.md").read_text("utf-8")


def _title(markdown: str) -> str:
    return markdown.partition("\n")[0].removeprefix("# ")


def _table(lines: list[str], width: int) -> str:
    header, _, *rows = (tuple(_cells(line)) for line in lines)
    widths = _widths([header, *rows], width)
    if widths is None:
        return "".join(_listed(header, row, width) for row in rows)
    return "".join(_wrapped(row, widths) for row in (header, *rows))


def _cells(line: str) -> Iterator[str]:
    """Yield the cells of a table's line.

    A bar inside a cell has a backslash before it.
    """
    for cell in line.replace("\\|", "\0").strip("|").split("|"):
        yield cell.replace("\0", "|").replace("`", "").strip()


def _widths(rows: list[tuple[str, ...]], width: int) -> list[int] | None:
    """Return the widths of columns that may wrap.

    Return None if a list of the rows reads better.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    available = width - len(_GAP) * (len(widths) - 1)
    if sum(widths) > available and len(widths) == 2:
        return None
    while sum(widths) > available and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    longest = [max(len(word) for cell in column for word in cell.split() or [""]) for column in columns]
    return widths if all(map(int.__le__, longest, widths)) else None


def _wrapped(row: tuple[str, ...], widths: list[int]) -> str:
    cells = [wrap(cell, width, break_on_hyphens=False) for cell, width in zip(row, widths, strict=True)]
    lines = zip_longest(*cells, fillvalue="")
    return "".join(_GAP.join(map(str.ljust, line, widths)).rstrip() + "\n" for line in lines)


def _listed(header: tuple[str, ...], row: tuple[str, ...], width: int) -> str:
    """Return a row as a block.

    The first cell comes first, the others below it, each after its column's name.
    """
    texts = [fill(row[0], width, subsequent_indent=_INDENT, break_on_hyphens=False)]
    for title, cell in zip(header[1:], row[1:], strict=True):
        text = f"{title}: {cell}" if len(row) > 2 else cell
        texts += [fill(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT * 2)] if cell else []
    return "\n".join(texts) + "\n\n"
