"""Find fonts on this machine that have the letters of a text.

A PDF has the letters of Western Europe in itself. For others it takes regular fonts of the system: at best one of a
script, by its name. A font is opened only if its name promises something, or if nothing else is left.
"""

import os
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from clinicctl import errors

FOLDERS = (
    "~/.local/share/fonts",
    "~/.fonts",
    "/usr/local/share/fonts",
    "/usr/share/fonts",
    "~/Library/Fonts",
    "/Library/Fonts",
    "/System/Library/Fonts",
)
_GENERAL = ("notosans-regular", "dejavusans", "liberationsans-regular", "freesans", "arialunicode", "arial")
"""Fonts with most letters of Europe, the best first."""
_STYLES = ("bold", "italic", "oblique", "light", "thin", "black", "medium", "condensed", "mono", "serif", "symbol")
"""Words in the names of fonts that are not for a text like this, or the last choice."""
_ACRONYM = 3
"""The most letters of a script's name that is one of capitals, like CJK."""


class Font(NamedTuple):
    """A font in a file, and which one of a collection it is."""

    path: str
    number: int = 0


def choose(texts: Iterable[str]) -> list[Font]:
    """Return fonts that together have the letters of some texts, the main one first.

    Return none if a PDF has them in itself. Refuses letters that no font has, naming their scripts.
    """
    letters = {each for text in texts for each in text if not each.isspace()}
    if all(each <= "\xff" for each in letters):
        return []
    needed = {each for each in letters if unicodedata.category(each) != "Cf"}
    files = sorted(_files(), key=_rank)
    wanted = needed | set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:-()/")
    chosen = list[Font]()
    for script in ["", *sorted({_script(each) for each in needed})]:
        left = {each for each in wanted if not script or _script(each) == script}
        if not left:
            continue
        for font, covered in _covering(files, script, left):
            chosen.append(font)
            wanted -= covered
            left -= covered
            if not left or not script:
                break
    if wanted:
        raise errors.NoFont(
            scripts=_scripts(needed & wanted) or _scripts(wanted, also_western=True) or "emoji or signs"
        )
    return chosen


def _covering(files: list[str], script: str, letters: set[str]) -> Iterator[tuple[Font, set[str]]]:
    """Yield fonts that have some of the letters, those named for the script first.

    Fonts of the general kind come first if there is no script.
    """
    word = script.lower().replace(" ", "")
    named = [each for each in files if word and word in os.path.basename(each).lower()]
    left = set(letters)
    for path in [*named, *(each for each in files if each not in set(named))]:
        for font, known in _fonts(path):
            if covered := left & known:
                left -= covered
                yield font, covered
                break


def _fonts(path: str) -> Iterator[tuple[Font, set[str]]]:
    """Yield the fonts of a file with their letters. A file that is no font has none."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError  # type: ignore[import-untyped]  # it has no types

    try:
        if path.lower().endswith(".ttc"):
            collection = TTCollection(path, lazy=True)
            for number, each in enumerate(collection.fonts):
                yield Font(path, number), set(map(chr, each.getBestCmap() or ()))
        else:
            with TTFont(path, lazy=True) as found:
                yield Font(path), set(map(chr, found.getBestCmap() or ())) if "glyf" in found else set()
    except (TTLibError, OSError, ValueError, KeyError):
        return


def _files() -> list[str]:
    return [
        os.path.join(folder, name)
        for start in FOLDERS
        for folder, _, names in os.walk(os.path.expanduser(start))
        for name in names
        if name.lower().endswith((".ttf", ".ttc", ".otf"))
    ]


def _rank(path: str) -> tuple[int, int, bool, str]:
    """Return how well a font suits by its name.

    General ones come first, then regular and plain ones, then the rest.
    """
    name = os.path.basename(path).lower().rpartition(".")[0]
    general = _GENERAL.index(name) if name in _GENERAL else len(_GENERAL)
    return general, sum(each in name for each in _STYLES), "sans" not in name, name


def _scripts(letters: Iterable[str], *, also_western: bool = False) -> str:
    """Return the scripts of letters, without those of signs."""
    found = {
        _script(each) for each in letters if unicodedata.category(each)[0] in "LM" and (also_western or each > "\xff")
    }
    return ", ".join(each if len(each) <= _ACRONYM else each.capitalize() for each in sorted(found))


def _script(letter: str) -> str:
    """Return the first word of a letter's name in Unicode, which is its script."""
    return unicodedata.name(letter, "UNKNOWN").partition(" ")[0].partition("-")[0]
