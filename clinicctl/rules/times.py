"""Parse times of day."""

import re
from datetime import time

from clinicctl.errors import BadValue, near, typed

_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.h]([0-5][0-9])|([01]?[0-9]|2[0-3])([0-5][0-9])")
_TWELVE_HOURS = re.compile(r"(0?[1-9]|1[0-2])(?:[:.]([0-5][0-9]))?\s*([ap])\.?m\.?")
_WORDS = ("am", "pm", "noon", "midnight", "h")


def parse_time(text: str) -> time:
    """Return a time of day: `9:30`, `9.30`, `0930`, `9h30`, `9am` or `9:30 pm`."""
    word = text.strip().lower()
    if found := _TIME.fullmatch(word):
        return time(int(found[1] or found[3]), int(found[2] or found[4]))
    if found := _TWELVE_HOURS.fullmatch(word):
        return time(int(found[1]) % 12 + (12 if found[3] == "p" else 0), int(found[2] or 0))
    named = typed(text, known=_WORDS)
    raise BadValue(
        problem=f"Not a time: {f'{named}; ' if named else ''}a time is 09:30, 14:05, 9.30, 0930 or 9:30am.",
        hint=_suggestion(word),
    )


def _suggestion(word: str) -> str | None:
    if word.isascii() and word.isdigit() and len(word) <= 2 and int(word) < 24:
        return f"Did you mean {int(word):02}:00?"
    if (meant := near(word, _WORDS)) or word in ("noon", "midnight"):
        return {"noon": "Did you mean 12:00?", "midnight": "Did you mean 00:00?"}.get(meant or word)
    return None
