"""The words on the page for the waiting room, which a clinic can write in its own language."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from clinicctl.errors import BadValue

_CALLED = "Please come in"
LONGEST = 120
"""The most characters of a text."""
LARGEST = 64 << 10
"""Bytes of a file of words."""


@dataclass(frozen=True, slots=True)
class BoardWords:
    """The words of the page, in English by default. `language` is a tag such as `en`, `ar` or `pt-BR`."""

    language: str = "en"
    called: str = _CALLED
    serving: str = "With the doctor"
    next: str = "Next"
    nobody: str = "Nobody is waiting."
    old: str = "Not up to date since"
    sound: str = "Tap for sound"

    @property
    def direction(self) -> str:
        """The direction of the page: that of the first letter which has one."""
        directions = (unicodedata.bidirectional(each) for each in self.called)
        return "rtl" if next((each for each in directions if each in ("L", "R", "AL")), "L") != "L" else "ltr"


def parse(content: bytes, *, path: str) -> BoardWords:
    """Return the words of a TOML file. Those that it lacks stay English.

    Refuses other names, and anything but a short text of one line.
    """
    import tomllib  # Deferred: needed only with such a file.

    try:
        found = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        raise BadValue(
            problem=f'{path}: not a TOML file in UTF-8, with lines such as: called = "Please come in".'
        ) from None
    return BoardWords(**_checked(found, path=path))


def _checked(found: Mapping[str, Any], *, path: str) -> dict[str, str]:
    known = [each.name for each in fields(BoardWords)]
    for name, value in found.items():
        if name not in known:
            raise BadValue(problem=f"{path}: unknown name. The names are {', '.join(known)}.")
        if not (isinstance(value, str) and 0 < len(value) <= LONGEST and not _has_controls(value)):
            raise BadValue(problem=f"{path}: {name}: a text of 1 to {LONGEST} characters in quotes, on one line.")
    language = found.get("language", "en")
    if not (language.isascii() and language.replace("-", "").isalnum() and len(language) <= 35):
        raise BadValue(problem=f"{path}: language: a tag such as en, ar or pt-BR.")
    return dict(found)


def _has_controls(value: str) -> bool:
    return any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in value)
