"""Words for sentences: statuses, and input that is safe to repeat."""

import re
from collections.abc import Iterable

LONGEST = 40
"""The most characters of the input that a message repeats."""

_DATE = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}")
_LETTERS = re.compile("[^\\W\\d_]+")
_DIGITS = 6
"""A word with more digits may be a phone, unless it is a date."""
_LABELS = {"serving": "in consultation", "done": "completed", "no_show": "no-show"}


def status_label(status: str) -> str:
    """Return the words that people read for a status."""
    return _LABELS.get(status, status.replace("_", " "))


def typed(text: str, *, known: Iterable[str] = (), option: bool = False) -> str | None:
    """Return the input in quotes, to repeat it in a sentence.

    Return None if it may be personal.

    An argument may be a name in the wrong place. It is repeated only if each of its words is `known`, nearly known, a
    single letter, or a short one beside digits or beside a known one. The value of an `option` with a fixed set of
    values may be any single word without capitals. A phone is never repeated.
    """
    text = text.strip()
    if sum(each.isdigit() for each in _DATE.sub("", text)) > _DIGITS:
        return None
    if not (option and _is_no_name(text)) and not _is_impersonal(text, set(known)):
        return None
    return f'"{text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"}"'


def near(text: str, known: Iterable[str]) -> str | None:
    """Return the known word that was probably meant, or None."""
    from difflib import get_close_matches  # Only an error needs it.

    return next(iter(get_close_matches(text, [each for each in known if len(each) > 3], 1, 0.8)), None)


def _is_no_name(text: str) -> bool:
    return not any(each.isspace() for each in text) and (text.islower() or not text.isalpha() or len(text) < 4)


def _is_impersonal(text: str, known: set[str]) -> bool:
    if not text.replace("\u2212", "-").isascii():
        return False
    words = _LETTERS.findall(text)
    short = 4 if any(each.lower() in known for each in words) or any(each.isdigit() for each in text) else 1
    return all(
        each.lower() in known or (each.islower() and (len(each) <= short or near(each, known))) or len(each) == 1
        for each in words
    )
